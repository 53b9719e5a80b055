"""Owns the xlwings engine over a workbook file through openpyxl: for tests, and for reading without a spreadsheet.

Formulas are not computed: a formula shows the value that was saved with it, a new one none. Saving goes through openpyxl,
which drops what it does not know (parts of xlwings Lite, charts' details, some formats): a company's workbook is
therefore never saved over. `Book.save(path)` writes to another path; over a file that this engine did not make only if
it was registered with `may_overwrite=True`.

In stale mode reads show the state at open, as scripts of xlwings Lite see it: writes wait, in order, until `save` or
`flush`; what was only just created cannot be read.
"""

from __future__ import annotations

import io
import itertools
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
import xlwings as xw
from openpyxl.styles import Font, PatternFill
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.defined_name import DefinedName
from xlwings import base_classes as base

from addin.engines.base import (
    Apps,
    BookBase,
    BooksBase,
    EngineBase,
    NamesBase,
    RangeBase,
    SheetBase,
    SheetsBase,
    TableBase,
    TablesBase,
    check_meaning,
    check_sheet_name,
    next_number,
    registered,
    rgb,
)
from addin.engines.fonts import OpenpyxlFont
from addin.engines.openpyxl_cells import Grid, column_chars, column_width, name_target, renamed_sheet
from addin.engines.openpyxl_shift import Shift
from addin.engines.refusals import (
    BookUnreadable,
    CellsLocked,
    ChangeRefused,
    NotARange,
    NotFound,
    NotInThisEngine,
    NotYetThere,
    Part,
    SaveRefused,
    complete,
)
from workbook.ooxml.refs import Area, column_letters

NAME = "openpyxl"


class OpenpyxlEngine(EngineBase):
    """The engine; `made` are the files that it wrote itself."""

    def __init__(self, stale: bool, may_overwrite: bool):
        self.name = f"{NAME} stale" if stale else NAME
        self.stale, self.may_overwrite, self.made = stale, may_overwrite, set[str]()
        super().__init__()

    def new_app(self, apps: Apps, visible: bool) -> App:
        """Another program; there is no window whatever is asked for."""
        return App(apps)


def register(stale: bool = False, may_overwrite: bool = False) -> xw.Engine:
    """Makes the engine known to xlwings and active. `stale`: reads show the state at open, as in xlwings Lite."""
    return registered(OpenpyxlEngine(stale, may_overwrite))


_FONT = ("name", "size", "bold", "italic", "strike", "underline", "vertAlign", "color", "charset", "family", "scheme")


@complete(NAME)
class App(Part, base.App):
    """A program without a window: what it is told about the screen is kept and shows nothing."""

    apps: Apps
    engine: OpenpyxlEngine
    books: Books
    pid: int
    screen_updating: bool
    display_alerts: bool
    status_bar: Any
    visible = property(lambda self: False, lambda self, value: None, doc="Never: xlwings asks for a window by itself.")
    api = property(lambda self: self)

    def __init__(self, apps: Apps):
        self.apps, self.engine, self.pid = apps, apps.engine, next_number()  # type: ignore[assignment]
        self.screen_updating, self.display_alerts, self.status_bar = True, False, False
        self.books = Books(self)

    def calculate(self) -> None:
        """Asks the program that opens the saved book next to compute everything; here nothing is computed."""
        for book in self.books:
            book.change(lambda book=book: setattr(book.live.calculation, "fullCalcOnLoad", True))

    def activate(self, steal_focus: bool = False) -> None:
        """Becomes the first of the programs."""
        self.apps.running.remove(self)
        self.apps.running.insert(0, self)

    def quit(self) -> None:
        """Ends, without saving."""
        for book in self.books:
            book.close()
        if self in self.apps.running:
            self.apps.running.remove(self)

    def kill(self) -> None:
        """Ends, without saving."""
        self.quit()


@complete(NAME)
class Books(BooksBase):
    """Books in memory."""

    def add(self) -> Book:
        """A new book with one sheet."""
        book = openpyxl.Workbook()
        number = next(n for n in itertools.count(1) if all(b.name != f"Book{n}.xlsx" for b in self.opened))
        return self._added(Book(self, book, book, {}, str(Path.cwd() / f"Book{number}.xlsx")))

    def open(self, fullname: str, *options: Any, **named: Any) -> Book:
        """The book of a file; BookUnreadable if there is none."""
        path = self.checked(fullname, options, named)
        data = _bytes_of(path)  # read once: the file may be replaced while it is looked at
        live = _loaded(path, data)
        seen = _loaded(path, data) if self.app.engine.stale else live
        return self._added(Book(self, live, seen, Grid.saved_values(seen, _loaded(path, data, data_only=True)), path))

    def _added(self, book: Book) -> Book:
        self.opened.append(book)
        return book


def _bytes_of(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _loaded(path: str, data: bytes, data_only: bool = False) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what openpyxl drops is why saving over is refused
            keep_vba = path.lower().endswith(".xlsm")
            return openpyxl.load_workbook(io.BytesIO(data), data_only=data_only, keep_vba=keep_vba)
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: Exception) -> BookUnreadable:
    return BookUnreadable(f"{path} 不是能打开的 .xlsx 或 .xlsm 工作簿（{type(error).__name__}）。")


@dataclass
class Place:
    """A sheet in the book that is written and in the book that is read; the same one unless reads are stale."""

    live: Any
    seen: Any
    name: str


@complete(NAME)
class Book(BookBase):
    """A book: `live` is written, `seen` is read, `saved` are the values that were saved with formulas."""

    live: Any
    seen: Any
    saved: dict[int, Any]
    places: list[Place]
    waiting: list[Callable[[], None]]
    fresh_names: set[str]

    def __init__(self, books: Books, live: Any, seen: Any, saved: dict[int, Any], fullname: str):
        self.books, self.live, self.seen, self.saved, self.fullname = books, live, seen, saved, fullname
        self.waiting, self.fresh_names = [], set()
        self.places = [
            Place(ours, theirs, theirs.title) for ours, theirs in zip(live.worksheets, seen.worksheets, strict=True)
        ]

    api = property(lambda self: self.live)
    sheets = property(lambda self: Sheets(self))
    names = property(lambda self: Names(self))

    @property
    def stale(self) -> bool:
        """Whether reads show the state at open."""
        return bool(self.app.engine.stale)

    def change(self, operation: Callable[[], None]) -> None:
        """Does it now, or in stale mode when the book is saved or flushed."""
        if self.stale:
            self.waiting.append(operation)
        else:
            operation()

    def apply(self) -> None:
        """Does what waits, in order."""
        while self.waiting:
            self.waiting.pop(0)()

    async def flush(self) -> None:
        """Does what waits; what is read does not change. In stale mode only, as in xlwings Lite."""
        if not self.stale:
            raise NotInThisEngine("Book.flush", NAME)
        self.apply()

    def save(self, path: str | None = None, password: str | None = None) -> None:
        """Writes the book to another path; over a file that this engine did not make only with `may_overwrite`."""
        if password is not None:
            raise NotInThisEngine("Book.save(password)", NAME)
        target = Path(path or self.fullname).absolute()
        engine = self.app.engine
        if target.exists() and str(target) not in engine.made and not engine.may_overwrite:
            raise SaveRefused(
                f"{target.name} 不是这个引擎写的文件，用 openpyxl 存回去会丢失它不认识的内容，没有保存。请另存到一个新文件名。"
            )
        if target.suffix.lower() != (".xlsm" if self.live.vba_archive else ".xlsx"):
            raise SaveRefused(f"{target.name} 的扩展名与内容不符，没有保存。请用 .xlsx（带宏的用 .xlsm）。")
        self.apply()
        Grid.name_table_columns(self.live)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            self.live.save(part)
            part.replace(target)
        except OSError as error:
            raise SaveRefused(f"{target} 写不进去（{error.strerror}）。请检查文件夹和权限。") from error
        finally:
            part.unlink(missing_ok=True)
        engine.made.add(str(target))
        self.fullname = str(target)

    def close(self) -> None:
        """Forgets the book, without saving."""
        self.books.opened.remove(self)

    def activate(self) -> None:
        """Becomes the active book."""
        self.books.opened.remove(self)
        self.books.opened.append(self)

    def check_structure(self) -> None:
        """ChangeRefused if the workbook's structure is protected."""
        if self.seen.security is not None and self.seen.security.lockStructure:
            raise ChangeRefused(f"工作簿 {self.name} 的结构受保护，不能增删或改名工作表。请先撤销工作簿保护。")


@complete(NAME)
class Sheets(SheetsBase):
    """The worksheets of a book, hidden ones too."""

    def listed(self) -> list[Any]:
        """The sheets that can be read, in order."""
        order = {id(sheet): n for n, sheet in enumerate(self.book.seen.worksheets)}
        known = [place for place in self.book.places if id(place.seen) in order]
        return [Sheet(self.book, place) for place in sorted(known, key=lambda p: order[id(p.seen)])]

    @property
    def active(self) -> Sheet:
        """The sheet that shows when the book is opened."""
        shown = self.book.seen.active
        sheets: list[Sheet] = self.listed()
        return next(sheet for sheet in sheets if sheet.place.seen is shown)

    def created(self, name: str | None, index: int | None) -> Sheet:
        """A new sheet; in stale mode it can be written to, not read."""
        book = self.book
        book.check_structure()
        taken = {place.name.casefold() for place in book.places}
        if name is not None and name.casefold() in taken:
            raise ChangeRefused(f"工作簿里已有工作表“{name}”。")
        name = name or next(f"Sheet{n}" for n in itertools.count(1) if f"sheet{n}" not in taken)
        place = Place(None, None, name)
        book.places.append(place)

        def create() -> None:
            place.live = book.live.create_sheet(name, index)
            book.live.active = place.live
            if not book.stale:
                place.seen = place.live

        book.change(create)
        return Sheet(book, place)


@complete(NAME)
class Sheet(SheetBase):
    """A worksheet."""

    place: Place

    def __init__(self, book: Book, place: Place):
        self.book, self.place = book, place

    api = property(lambda self: self.place.live or self)
    tables = property(lambda self: Tables(self))
    names = property(lambda self: Names(self.book, self.place))

    def _range(self, area: Area) -> Range:
        return Range(self, area)

    @property
    def seen(self) -> Any:
        """The sheet as reads see it; NotYetThere if it was only just created."""
        if self.place.seen is None:
            raise NotYetThere(f"工作表“{self.place.name}”")
        return self.place.seen

    def change(self, operation: Callable[[Any], None]) -> None:
        """Does something with the sheet that is written."""
        self.book.change(lambda: operation(self.place.live))

    @property
    def name(self) -> str:
        """The name."""
        return str(self.place.name if self.place.seen is None else self.place.seen.title)

    @name.setter
    def name(self, value: str) -> None:
        self.book.check_structure()
        check_sheet_name(value)
        if value.casefold() in {p.name.casefold() for p in self.book.places if p is not self.place}:
            raise ChangeRefused(f"工作簿里已有工作表“{value}”。")
        self.change(lambda live: renamed_sheet(self.book.live, live, value))
        self.place.name = value

    @property
    def index(self) -> int:
        """Its place, from 1."""
        return int(self.book.seen.worksheets.index(self.seen)) + 1

    @property
    def visible(self) -> bool:
        """Whether its tab shows."""
        return bool(self.seen.sheet_state == "visible")

    @visible.setter
    def visible(self, value: bool) -> None:
        if not value and self.place.seen is not None:
            shown = [s for s in self.book.seen.worksheets if s.sheet_state == "visible" and s is not self.place.seen]
            if not shown:
                raise ChangeRefused(f"“{self.name}”是唯一可见的工作表，不能隐藏。")
        self.change(lambda live: setattr(live, "sheet_state", "visible" if value else "hidden"))

    @property
    def protected(self) -> bool:
        """Whether its contents are protected."""
        return bool(self.place.seen is not None and self.place.seen.protection.sheet)

    def delete(self) -> None:
        """Removes the sheet; a book keeps one that shows."""
        self.book.check_structure()
        others = [s for s in self.book.seen.worksheets if s is not self.place.seen and s.sheet_state == "visible"]
        if not others:
            raise ChangeRefused(f"“{self.name}”是唯一可见的工作表，不能删除。")
        self.change(lambda live: self.book.live.remove(live))
        self.book.places.remove(self.place) if not self.book.stale else None

    def activate(self) -> None:
        """Shows when the book is opened next."""
        self.change(lambda live: setattr(self.book.live, "active", live))

    select = activate


@complete(NAME)
class Range(RangeBase):
    """Cells of a worksheet."""

    def _grid_of(self, sheet: Any) -> Grid:
        return Grid(sheet, self.area, self.sheet.book.saved)

    def _values(self) -> list[list[Any]]:
        return self._grid_of(self.sheet.seen).values()

    def _formulas(self) -> list[list[str]]:
        return self._grid_of(self.sheet.seen).formulas()

    def _write(self, rows: list[list[Any]]) -> None:
        if self.sheet.protected and self._grid_of(self.sheet.seen).any_locked():
            raise CellsLocked(self.sheet.name, f"单元格 {self.area}")
        if not self.sheet.book.stale:
            self._put(self.sheet.place.live, rows)
            return
        # What a format makes of a text is known when the writes before it are done; a value of no kind is refused now.
        for row in rows:
            for value in row:
                self._entered(value, "@", self.row, self.column)
        self.sheet.change(lambda live: self._put(live, rows))

    def _put(self, live: Any, rows: list[list[Any]]) -> None:
        self._grid_of(live).put(rows, self._entered, self.where)

    @property
    def number_format(self) -> str | None:
        """The format code all cells share, or None."""
        found = {style.number_format for style in self._grid_of(self.sheet.seen).styles()}
        return str(found.pop()) if len(found) == 1 else None

    @number_format.setter
    def number_format(self, value: str) -> None:
        if not isinstance(value, str) or not value:
            raise ChangeRefused(f"{self.where}：数字格式要是一段文字，不是 {value!r}。")
        self._style("number_format", value)

    @property
    def color(self) -> tuple[int, int, int] | None:
        """The fill all cells share as (r, g, b), or None."""
        found = set()
        for style in self._grid_of(self.sheet.seen).styles():
            fill = style.fill
            solid = fill is not None and fill.fill_type == "solid" and isinstance(fill.fgColor.rgb, str)
            found.add(rgb(fill.fgColor.rgb[-6:]) if solid else None)
        return found.pop() if len(found) == 1 else None

    @color.setter
    def color(self, value: Any) -> None:
        solid = None if value is None else "{:02X}{:02X}{:02X}".format(*rgb(value))
        self._style("fill", PatternFill() if solid is None else PatternFill("solid", fgColor=solid))

    @property
    def font(self) -> Any:
        """The font of the cells."""
        return OpenpyxlFont(self)

    def font_get(self, what: str) -> Any:
        """What all cells share of the font, or None."""
        found = set()
        for style in self._grid_of(self.sheet.seen).styles():
            value = getattr(style.font, what, None)
            if what == "color":
                given = getattr(value, "rgb", None)
                value = rgb(given[-6:]) if isinstance(given, str) else None
            found.add(value)
        return found.pop() if len(found) == 1 else None

    def font_set(self, what: str, value: Any) -> None:
        """Gives every cell's font that, and leaves the rest of it."""
        self.sheet.check_unlocked(f"单元格 {self.area} 的格式")
        plain = "{:02X}{:02X}{:02X}".format(*value) if what == "color" else value

        def changed(font: Any) -> Any:
            return Font(**{**{name: getattr(font, name) for name in _FONT}, what: plain})

        self.sheet.change(lambda live: self._grid_of(live).restyle("font", changed))

    def _dress(self, source: Area) -> None:
        self.sheet.change(lambda live: self._grid_of(live).dress(source))

    def _style(self, what: str, value: Any) -> None:
        self.sheet.check_unlocked(f"单元格 {self.area} 的格式")
        self.sheet.change(lambda live: self._grid_of(live).style(what, value))

    @property
    def column_width(self) -> float | None:
        """The width all columns share, in characters, or None."""
        sheet, columns = self.sheet.seen, range(self.area.left, self.area.right + 1)
        found = {column_chars(sheet, column_letters(c)) for c in columns}
        return found.pop() if len(found) == 1 else None

    @column_width.setter
    def column_width(self, value: float) -> None:
        self.sheet.check_unlocked("列宽")
        if not 0 <= value <= 255:
            raise ChangeRefused(f"列宽要在 0 到 255 个字符之间，不是 {value!r}。")

        def widen(live: Any) -> None:
            for column in range(self.area.left, self.area.right + 1):
                live.column_dimensions[column_letters(column)].width = column_width(value)

        self.sheet.change(widen)

    def _shift_down(self) -> None:
        self.sheet.change(lambda live: Shift(self.sheet.book.live, live, self.area, self.sheet.book.saved).down())

    def _shift_up(self) -> None:
        self.sheet.change(lambda live: Shift(self.sheet.book.live, live, self.area, self.sheet.book.saved).up())


@complete(NAME)
class Tables(TablesBase):
    """The tables of a worksheet."""

    def listed(self) -> list[Any]:
        """The tables that can be read."""
        return [Table(self.parent, table) for table in self.parent.seen.tables.values()]


@complete(NAME)
class Table(TableBase):
    """A table."""

    api: Any

    def __init__(self, parent: Sheet, table: Any):
        self.parent, self.api = parent, table

    name = property(lambda self: str(self.api.displayName))
    show_headers = property(lambda self: self.api.headerRowCount != 0)
    show_totals = property(lambda self: bool(self.api.totalsRowCount))

    def _whole(self) -> Area:
        return Area.parse(self.api.ref)

    @property  # type: ignore[misc]
    def show_autofilter(self) -> bool:
        """Whether its header has filter buttons."""
        return self.api.autoFilter is not None

    @property
    def filtered(self) -> bool:
        """Whether a filter hides rows of it."""
        whole, rows = self._whole(), self.parent.seen.row_dimensions
        chosen = self.api.autoFilter is not None and bool(self.api.autoFilter.filterColumn)
        return chosen and any(rows[r].hidden for r in range(whole.top, whole.bottom + 1) if r in rows)

    def _resized(self, area: Area) -> None:
        self.parent.change(lambda live: Grid.resize_table(live, self.name, area))


@complete(NAME)
class Names(NamesBase):
    """The names of a book, or of one sheet."""

    place: Any

    def __init__(self, book: Book, place: Place | None = None):
        super().__init__(book)
        self.place = place

    def listed(self) -> list[Any]:
        """The book's names, then each sheet's."""
        places = [self.place] if self.place else [p for p in self.book.places if p.seen is not None]
        own = [] if self.place else [Name(self.book, None, key) for key in self.book.seen.defined_names]
        return own + [Name(self.book, p, key) for p in places if p.seen for key in p.seen.defined_names]

    def created(self, name: str, refers_to: str) -> Name:
        """A new name."""
        if self.place is not None:
            raise NotInThisEngine("Sheet.names.add", NAME)

        def create() -> None:
            self.book.live.defined_names[name] = DefinedName(name, attr_text=refers_to[1:])

        self.book.change(create)
        return Name(self.book, None, name)


@complete(NAME)
class Name(Part, base.Name):
    """A defined name of the book, or of one sheet."""

    book: Book
    place: Any
    key: str

    def __init__(self, book: Book, place: Place | None, key: str):
        self.book, self.place, self.key = book, place, key

    api = property(lambda self: self)

    @property  # type: ignore[misc]
    def name(self) -> str:
        """`name`, or `'sheet'!name`."""
        return self.key if self.place is None else f"'{self.place.name}'!{self.key}"

    @property
    def _seen(self) -> Any:
        names = (self.book.seen if self.place is None else self.place.seen).defined_names
        if self.key not in names:
            raise (NotYetThere(f"名称 {self.key} ") if self.book.stale else NotFound(f"找不到名称 {self.key}。"))
        return names[self.key]

    @property
    def refers_to(self) -> str:
        """What it stands for, with =."""
        return f"={self._seen.attr_text}"

    @refers_to.setter
    def refers_to(self, value: str) -> None:
        check_meaning(self.key, value)
        self.book.change(lambda: setattr(self._live()[self.key], "attr_text", value[1:]))

    def _live(self) -> Any:
        return (self.book.live if self.place is None else self.place.live).defined_names

    @property
    def refers_to_range(self) -> Range:
        """The cells it stands for; NotARange for a constant."""
        target = name_target(str(self._seen.attr_text))
        if target is None:
            raise NotARange(self.key, self.refers_to)
        sheet: Sheet = self.book.sheets(target[0])
        return sheet._range(target[1])

    def delete(self) -> None:
        """Removes the name."""
        self.book.change(lambda: self._live().pop(self.key))
