"""Owns the xlwings engine over a live LibreOffice Calc: for people who work in LibreOffice, and for tests that compute.

`register()` starts a LibreOffice of its own, with its own settings, and ends it at `App.quit`, or when this program ends
in whatever way. `register(connect="socket,host=127.0.0.1,port=2002")` joins the LibreOffice that a person has open
(started with `soffice --accept="socket,host=127.0.0.1,port=2002;urp;"`): books that are open there are there, and quit
never ends their program. Formulas are computed at once, and on load.

Saving goes through LibreOffice, which keeps what it knows; a table's calculated columns lose their declaration (their
cells keep the formulas). Names that were hidden stay hidden.
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import Any

import xlwings as xw
from xlwings import base_classes as base

from addin.engines.base import (
    Apps,
    BookBase,
    BooksBase,
    EngineBase,
    NamesBase,
    SheetBase,
    SheetsBase,
    TableBase,
    TablesBase,
    check_meaning,
    check_sheet_name,
    next_number,
    registered,
)
from addin.engines.calc_formulas import to_calc, to_excel
from addin.engines.calc_office import Office, bridge, prop, url
from addin.engines.calc_range import Kind, Range
from addin.engines.calc_saved import hidden_names, put_right
from addin.engines.refusals import (
    BookUnreadable,
    ChangeRefused,
    NotARange,
    NotInThisEngine,
    Part,
    SaveRefused,
    complete,
)
from workbook.ooxml.refs import Area

NAME = "calc"
_MOMENT = 1.0  # seconds
_FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".xlsm": "Calc MS Excel 2007 VBA XML"}


class CalcEngine(EngineBase):
    """The engine; `connect` is the address of a person's LibreOffice, or None."""

    name = NAME

    def __init__(self, connect: str | None, visible: bool):
        self.connect, self.visible = connect, visible
        super().__init__()

    def new_app(self, apps: Apps, visible: bool) -> App:
        """Another LibreOffice, or another way to the person's. The engine decides about windows, not xlwings."""
        return App(apps, Office(self.connect, self.visible))


def register(connect: str | None = None, visible: bool = False) -> xw.Engine:
    """Makes the engine known to xlwings and active. OfficeMissing if LibreOffice or its bridge is not there."""
    bridge()
    return registered(CalcEngine(connect, visible))


@complete(NAME)
class App(Part, base.App):
    """A LibreOffice."""

    apps: Apps
    engine: CalcEngine
    books: Books
    pid: int
    office: Office
    display_alerts: bool
    visible = property(lambda self: self.office.visible, lambda self, value: None, doc="As the engine was registered.")
    api = property(lambda self: self.office.desktop)

    def __init__(self, apps: Apps, office: Office):
        self.apps, self.engine, self.office = apps, apps.engine, office  # type: ignore[assignment]
        self.pid = office.pid or next_number()
        self.display_alerts = False
        self._painting, self._status = True, False
        self.books = Books(self)

    def calculate(self) -> None:
        """Computes every formula of every open book."""
        for book in self.books:
            book.api.calculateAll()

    @property
    def screen_updating(self) -> bool:
        """Whether windows are painted while a script runs."""
        return self._painting

    @screen_updating.setter
    def screen_updating(self, value: bool) -> None:
        for book in self.books if bool(value) != self._painting else ():
            book.api.unlockControllers() if value else book.api.lockControllers()
        self._painting = bool(value)

    @property
    def status_bar(self) -> Any:
        """What the status bar says; False while it is LibreOffice's."""
        return self._status

    @status_bar.setter
    def status_bar(self, value: Any) -> None:
        self._status = value if value not in (None, "") else False
        for book in self.books:
            bar = book.api.CurrentController.StatusIndicator if book.api.CurrentController else None
            if bar is not None:
                bar.start(str(value), 1) if self._status else bar.end()

    def activate(self, steal_focus: bool = False) -> None:
        """Becomes the first of the programs."""
        self.apps.running.remove(self)
        self.apps.running.insert(0, self)

    def quit(self) -> None:
        """Closes what was opened here, without saving; ends a LibreOffice of ours, never a person's.

        One that has gone already, as when the person closed it, is only forgotten.
        """
        if self not in self.apps.running:
            return
        self.apps.running.remove(self)
        if self.office.answers():
            self.screen_updating = True
            self.status_bar = False
            for book in list(self.books):
                if book.ours:
                    book.close()
        self.office.close()

    def kill(self) -> None:
        """The same."""
        self.quit()


@complete(NAME)
class Books(BooksBase):
    """The books that are open in LibreOffice."""

    known: list[Any]

    def __init__(self, app: App):
        self.app, self.known = app, []

    @property
    def opened(self) -> list[Any]:  # type: ignore[override]
        """Ours, and those that a person opened, the active one last."""
        if not self.app.office.own:
            mine = [book.api for book in self.known]
            for document in self.app.office.desktop.Components:
                if document.supportsService("com.sun.star.sheet.SpreadsheetDocument") and document not in mine:
                    path = bridge().fileUrlToSystemPath(document.URL) if document.URL else document.Title
                    self.known.append(Book(self, document, path, False))
            there = list(self.app.office.desktop.Components)
            self.known[:] = [book for book in self.known if book.api in there]
        return self.known

    def add(self) -> Book:
        """A new book."""
        number = next(n for n in itertools.count(1) if all(b.name != f"Book{n}.xlsx" for b in self.opened))
        return self._loaded("private:factory/scalc", str(Path.cwd() / f"Book{number}.xlsx"), ())

    def open(self, fullname: str, *options: Any, **named: Any) -> Book:
        """The book of a file; BookUnreadable if LibreOffice cannot open it."""
        path = self.checked(fullname, options, named)
        return self._loaded(url(path), path, hidden_names(path))

    def _loaded(self, address: str, path: str, hidden: Any) -> Book:
        never_macros = prop("MacroExecutionMode", 0)
        hidden_window = prop("Hidden", not self.app.office.visible)
        try:
            document = self.app.office.desktop.loadComponentFromURL(address, "_blank", 0, (hidden_window, never_macros))
        except Exception as error:
            raise BookUnreadable(f"LibreOffice 打不开 {path}：{error}。") from error
        if document is None or not document.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
            raise BookUnreadable(f"LibreOffice 打不开 {path}：不是工作簿，或者别处正开着它。")
        book = Book(self, document, path, True, hidden)
        self.known.append(book)
        if not self.app.screen_updating:
            document.lockControllers()
        return book


@complete(NAME)
class Book(BookBase):
    """A document of Calc."""

    api: Any
    ours: bool
    hidden: Any
    kinds: dict[int, Kind]

    def __init__(self, books: Books, document: Any, fullname: str, ours: bool, hidden: Any = ()):
        self.books, self.api, self.fullname, self.ours, self.hidden = books, document, fullname, ours, hidden
        self.kinds = {}
        self._where: tuple[float, Any, dict[int, list[Any]]] = (0.0, None, {})

    sheets = property(lambda self: Sheets(self))
    names = property(lambda self: Names(self))

    def save(self, path: str | None = None, password: str | None = None) -> None:
        """Writes .xlsx (or .xlsm). A book that a person opened is saved by LibreOffice in its place, as by hand."""
        if password is not None:
            raise NotInThisEngine("Book.save(password)", NAME)
        target = Path(path or self.fullname).absolute()
        wanted = _FILTERS.get(target.suffix.lower())
        if wanted is None:
            raise SaveRefused(f"{target.name}：这里只存 .xlsx 和 .xlsm，没有保存。")
        if not self.ours and path is None:
            self._stored_in_place()
            return
        part = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
        try:
            self.api.storeToURL(url(part), (prop("FilterName", wanted),))
            put_right(part, self.hidden, self.sheets.active.index - 1)
            part.replace(target)
        except Exception as error:
            raise SaveRefused(f"{target} 写不进去：{error}。请检查文件夹、权限和磁盘空间。") from error
        finally:
            part.unlink(missing_ok=True)
        self.api.setModified(False)
        self.fullname = str(target)

    def _stored_in_place(self) -> None:
        try:
            self.api.store()
        except Exception as error:
            raise SaveRefused(f"LibreOffice 没能保存 {self.name}：{error}。请在 LibreOffice 里另存一次。") from error

    def to_pdf(self, path: str, quality: Any = None) -> None:
        """All visible sheets as a PDF."""
        try:
            self.api.storeToURL(url(path), (prop("FilterName", "calc_pdf_Export"),))
        except Exception as error:
            raise SaveRefused(f"PDF 写不进 {path}：{error}。请检查文件夹和权限。") from error

    def close(self) -> None:
        """Closes the document, without saving."""
        self.books.known.remove(self)
        self.api.close(True)

    def activate(self) -> None:
        """Becomes the active book."""
        self.books.known.remove(self)
        self.books.known.append(self)

    def tables_by_sheet(self) -> dict[int, list[Any]]:
        """Calc's objects of all tables by the number of their sheet, from 0.

        Asking each table where it is takes a while in a book of many: the answer is kept for a moment, as long as
        sheets and tables are the same. Only a person who drags a table to another sheet could be faster.
        """
        ranges, now = self.api.DatabaseRanges, time.monotonic()
        key = (ranges.ElementNames, self.api.Sheets.ElementNames)
        if self._where[1] != key or now - self._where[0] > _MOMENT:
            found: dict[int, list[Any]] = {}
            for name in key[0]:
                table = ranges.getByName(name)
                found.setdefault(table.DataArea.Sheet, []).append(table)
            self._where = (time.monotonic(), key, found)
        return self._where[2]

    def check_structure(self) -> None:
        """ChangeRefused if the workbook's structure is protected."""
        if self.api.isProtected():
            raise ChangeRefused(f"工作簿 {self.name} 的结构受保护，不能增删或改名工作表。请先撤销工作簿保护。")


@complete(NAME)
class Sheets(SheetsBase):
    """The sheets of a document, hidden ones too."""

    def listed(self) -> list[Any]:
        """The sheets, in order."""
        sheets = self.book.api.Sheets
        return [Sheet(self.book, sheets.getByIndex(n)) for n in range(sheets.Count)]

    @property
    def active(self) -> Sheet:
        """The sheet that shows."""
        return Sheet(self.book, self.book.api.CurrentController.ActiveSheet)

    def created(self, name: str | None, index: int | None) -> Sheet:
        """A new sheet, which becomes the active one."""
        self.book.check_structure()
        sheets = self.book.api.Sheets
        taken = {n.casefold() for n in sheets.ElementNames}
        if name is not None and name.casefold() in taken:
            raise ChangeRefused(f"工作簿里已有工作表“{name}”。")
        name = name or next(f"Sheet{n}" for n in itertools.count(1) if f"sheet{n}" not in taken)
        sheets.insertNewByName(name, sheets.Count if index is None else index)
        new = Sheet(self.book, sheets.getByName(name))
        new.activate()
        return new


@complete(NAME)
class Sheet(SheetBase):
    """A sheet of Calc."""

    api: Any

    def __init__(self, book: Book, sheet: Any):
        self.book, self.api = book, sheet

    tables = property(lambda self: Tables(self))
    names = property(lambda self: Names(self.book, self))
    protected = property(lambda self: bool(self.api.isProtected()), doc="Whether its contents are protected.")

    def _range(self, area: Area) -> Range:
        return Range(self, area)

    @property
    def name(self) -> str:
        """The name."""
        return str(self.api.Name)

    @name.setter
    def name(self, value: str) -> None:
        self.book.check_structure()
        check_sheet_name(value)
        if value.casefold() in {n.casefold() for n in self.book.api.Sheets.ElementNames if n != self.name}:
            raise ChangeRefused(f"工作簿里已有工作表“{value}”。")
        self.api.setName(value)

    @property
    def index(self) -> int:
        """Its place, from 1."""
        return int(self.api.RangeAddress.Sheet) + 1

    @property
    def visible(self) -> bool:
        """Whether its tab shows."""
        return bool(self.api.IsVisible)

    @visible.setter
    def visible(self, value: bool) -> None:
        if not value:
            self._check_last("隐藏")
        self.api.IsVisible = bool(value)

    def _check_last(self, what: str) -> None:
        others = [s for s in self.book.sheets if s.index != self.index and s.visible]
        if not others:
            raise ChangeRefused(f"“{self.name}”是唯一可见的工作表，不能{what}。")

    def delete(self) -> None:
        """Removes the sheet; a book keeps one that shows."""
        self.book.check_structure()
        self._check_last("删除")
        self.book.api.Sheets.removeByName(self.name)

    def activate(self) -> None:
        """Shows."""
        self.book.api.CurrentController.setActiveSheet(self.api)

    def select(self) -> None:
        """Shows."""
        self.activate()


@complete(NAME)
class Tables(TablesBase):
    """Calc keeps tables as database ranges."""

    def listed(self) -> list[Any]:
        """The tables of the sheet, from the top."""
        tables = [Table(self.parent, one) for one in self.parent.book.tables_by_sheet().get(self.parent.index - 1, ())]
        areas = {table.name: table.range.area for table in tables}
        return sorted(tables, key=lambda table: (areas[table.name].top, areas[table.name].left))

    def __call__(self, key: Any) -> Any:
        """The table by number from 1 or name; by its name it is asked for directly."""
        ranges = self.parent.book.api.DatabaseRanges
        if isinstance(key, str) and ranges.hasByName(key):
            one = ranges.getByName(key)
            if one.DataArea.Sheet == self.parent.index - 1:
                return Table(self.parent, one)
        return super().__call__(key)


@complete(NAME)
class Table(TableBase):
    """A table."""

    api: Any

    def __init__(self, parent: Sheet, table: Any):
        self.parent, self.api = parent, table

    name = property(lambda self: str(self.api.Name))
    show_headers = property(lambda self: bool(self.api.ContainsHeader))
    show_totals = property(lambda self: bool(self.api.TotalsRow))
    show_autofilter = property(lambda self: bool(self.api.AutoFilter))

    def _whole(self) -> Area:
        at = self.api.DataArea
        return Area(at.StartColumn + 1, at.StartRow + 1, at.EndColumn + 1, at.EndRow + 1)

    @property
    def filtered(self) -> bool:
        """Whether a filter hides rows of it."""
        if not self.api.getFilterDescriptor().getFilterFields():
            return False
        rows, whole = self.range.uno.Rows, self._whole()
        return any(rows.getByIndex(n).IsFiltered for n in range(whole.bottom - whole.top + 1))

    def _resized(self, area: Area) -> None:
        at = self.api.DataArea
        for column in range(at.EndColumn + 2, area.right + 1):  # new columns without a header get one, as in Excel
            header = self.parent.range((area.top, column))
            if header.raw_value == [[None]]:
                header.raw_value = f"列{column - area.left + 1}"
        at.EndRow, at.EndColumn = area.bottom - 1, area.right - 1
        self.api.setDataArea(at)


@complete(NAME)
class Names(NamesBase):
    """The names of a document, or of one sheet."""

    sheet: Any

    def __init__(self, book: Book, sheet: Sheet | None = None):
        super().__init__(book)
        self.sheet = sheet

    def listed(self) -> list[Any]:
        """The document's names, then each sheet's; print areas and titles are no names of people's."""
        places = [self.sheet] if self.sheet is not None else [None, *self.book.sheets]
        found = ((place, key) for place in places for key in _names_of(self.book, place).ElementNames)
        return [Name(self.book, place, key) for place, key in found if not key.startswith("_xlnm.")]

    def contains(self, key: Any) -> bool:
        """Whether there is a name like that; asked without a look at every sheet where possible."""
        return bool(_names_of(self.book, self.sheet).hasByName(str(key))) or super().contains(key)

    def __call__(self, key: Any) -> Any:
        """The name by number from 1 or by its letters."""
        if isinstance(key, str) and _names_of(self.book, self.sheet).hasByName(key):
            return Name(self.book, self.sheet, key)
        return super().__call__(key)

    def created(self, name: str, refers_to: str) -> Name:
        """A new name."""
        if self.sheet is not None:
            raise NotInThisEngine("Sheet.names.add", NAME)
        origin = self.book.api.Sheets.getByIndex(0).getCellByPosition(0, 0).CellAddress
        try:
            self.book.api.NamedRanges.addNewByName(name, to_calc(refers_to)[1:], origin, 0)
        except Exception as error:
            raise ChangeRefused(f"LibreOffice 不接受名称 {name}：{error}。") from error
        return Name(self.book, None, name)


def _names_of(book: Book, sheet: Sheet | None) -> Any:
    return book.api.NamedRanges if sheet is None else sheet.api.NamedRanges


@complete(NAME)
class Name(Part, base.Name):
    """A defined name of the document, or of one sheet."""

    book: Book
    sheet: Any
    key: str

    def __init__(self, book: Book, sheet: Sheet | None, key: str):
        self.book, self.sheet, self.key = book, sheet, key

    api = property(lambda self: _names_of(self.book, self.sheet).getByName(self.key))

    @property  # type: ignore[misc]
    def name(self) -> str:
        """`name`, or `'sheet'!name`."""
        return self.key if self.sheet is None else f"'{self.sheet.name}'!{self.key}"

    @property
    def refers_to(self) -> str:
        """What it stands for, with =."""
        return to_excel(f"={self.api.Content}")

    @refers_to.setter
    def refers_to(self, value: str) -> None:
        check_meaning(self.key, value)
        self.api.setContent(to_calc(value)[1:])

    @property
    def refers_to_range(self) -> Range:
        """The cells it stands for; NotARange for a constant."""
        cells = getattr(self.api, "ReferredCells", None)
        if cells is None:
            raise NotARange(self.key, self.refers_to)
        at = cells.RangeAddress
        area = Area(at.StartColumn + 1, at.StartRow + 1, at.EndColumn + 1, at.EndRow + 1)
        return Range(Sheet(self.book, self.book.api.Sheets.getByIndex(at.Sheet)), area)

    def delete(self) -> None:
        """Removes the name."""
        _names_of(self.book, self.sheet).removeByName(self.key)
