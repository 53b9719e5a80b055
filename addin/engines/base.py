"""Owns what both engines share: the geometry of ranges, the rules of tables and names, and finding things by name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import xlwings as xw
from xlwings import base_classes as base

from addin.engines.refusals import (
    BookUnreadable,
    CellsLocked,
    ChangeRefused,
    NotFound,
    NotInThisEngine,
    Part,
)
from addin.engines.values import Entered, cleaned, entered, for_writing
from workbook.ooxml.moves import translated
from workbook.ooxml.refs import LAST_COLUMN, LAST_ROW, Area, column_letters

_FREE_NAME = re.compile(r"(?!(?:[A-Za-z]{1,3}\d+|[Rr]\d*[Cc]\d*|[Rr]|[Cc])$)[^\W\d][\w.?\\]*|\\[\w.?\\]*")
_SHOWN = 12  # names that a sentence lists
_numbers = itertools.count(-1000, -1)


class EngineBase:
    """An engine as xlwings wants it; `new_app(apps)` is what differs."""

    name = ""
    type = "desktop"  # xlwings takes the ordinary way through Books.open
    clean_value_data = staticmethod(cleaned)
    prepare_xl_data_element = staticmethod(for_writing)

    def __init__(self) -> None:
        self.apps = Apps(self)

    def new_app(self, apps: Apps, visible: bool) -> Any:
        """Another running program with no book."""
        raise NotImplementedError


def registered(engine: EngineBase) -> xw.Engine:
    """Makes an engine known to xlwings and the active one; an engine of the same name ends and is replaced."""
    old = xw.engines.engines_by_name.get(engine.name)
    if old is not None:
        for app in list(old.impl.apps):
            app.quit()
        xw.engines.engines.remove(old)
    new = xw.Engine(impl=engine)
    xw.engines.add(new)
    new.activate()
    return new


class Apps(base.Apps):
    """The running programs of an engine, the active one first."""

    def __init__(self, engine: EngineBase):
        self.engine, self.running = engine, list[Any]()

    def keys(self) -> list[int]:
        """The numbers of the programs."""
        return [app.pid for app in self.running]

    def add(self, spec: Any = None, add_book: Any = None, xl: Any = None, visible: Any = None) -> Any:
        """Starts another program."""
        if spec is not None or xl is not None:
            raise NotInThisEngine("Apps.add(spec, xl)", self.engine.name)
        app = self.engine.new_app(self, bool(visible))
        self.running.insert(0, app)
        if add_book:
            app.books.add()
        return app

    @staticmethod
    def cleanup() -> None:
        """There is nothing that programs of ours leave behind."""

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.running))

    def __len__(self) -> int:
        return len(self.running)

    def __getitem__(self, pid: int) -> Any:
        for app in self.running:
            if app.pid == pid:
                return app
        raise KeyError(pid)


def next_number() -> int:
    """A number for a program that is no process of its own; never one of the system's."""
    return next(_numbers)


def found(items: Sequence[Any], key: Any, what: str, name: Callable[[Any], str] = lambda item: str(item.name)) -> Any:
    """The item by its number (from 1) or its name, whatever its case; else NotFound."""
    if isinstance(key, int):
        if 1 <= key <= len(items):
            return items[key - 1]
    elif isinstance(key, str):
        for item in items:
            if name(item).casefold() == key.casefold():
                return item
    have = [name(item) for item in items]
    known = "、".join(have[:_SHOWN]) + ("……" if len(have) > _SHOWN else "")
    raise NotFound(f"找不到{what} {key!r}（现有：{known or '没有'}）。")


class BooksBase(Part, base.Books):
    """The open books of a program."""

    app: Any
    opened: list[Any]

    def __init__(self, app: Any):
        self.app, self.opened = app, []

    api = property(lambda self: self)

    @property
    def active(self) -> Any:
        """The book opened last."""
        if not self.opened:
            raise NotFound("没有打开的工作簿。")
        return self.opened[-1]

    def checked(self, fullname: str, options: Sequence[Any], named: dict[str, Any]) -> str:
        """The absolute path of a file that is there; BookUnreadable if not. Options of Excel's own are refused."""
        if any(value is not None for value in (*options, *named.values())):
            raise NotInThisEngine("Books.open(…其他选项)", self.engine_name)
        path = Path(fullname).absolute()
        if not path.is_file():
            raise BookUnreadable(f"找不到工作簿 {path}。请检查文件名和文件夹。")
        for book in self.opened:
            if book.fullname == str(path):
                raise BookUnreadable(f"工作簿 {path.name} 已经打开。")
        return str(path)

    def __call__(self, key: Any) -> Any:
        """The book by number from 1, name or full name."""
        for book in self.opened:
            if key == book.fullname:
                return book
        return found(self.opened, key, "打开的工作簿")

    def __len__(self) -> int:
        return len(self.opened)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.opened))


class BookBase(Part, base.Book):
    """An open book."""

    books: Any
    fullname: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.fullname).name

    @property
    def app(self) -> Any:
        """The program it is open in."""
        return self.books.app


class SheetsBase(Part, base.Sheets):
    """The sheets of a book, in order; `listed` and `created(name, index)` are the engine's."""

    book: Any

    def __init__(self, book: Any):
        self.book = book

    api = property(lambda self: self)

    def listed(self) -> list[Any]:
        """The sheets."""
        raise NotImplementedError

    def created(self, name: str | None, index: int | None) -> Any:
        """A new sheet at an index (from 0), or last."""
        raise NotImplementedError

    def __call__(self, key: Any) -> Any:
        """The sheet by number from 1 or name."""
        return found(self.listed(), key, "工作表")

    def __len__(self) -> int:
        return len(self.listed())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.listed())

    def __contains__(self, key: str) -> bool:
        return key.casefold() in (sheet.name.casefold() for sheet in self.listed())

    def add(self, before: Any = None, after: Any = None, name: str | None = None) -> Any:
        """A new sheet, which becomes the active one."""
        if name is not None:
            check_sheet_name(name)
        index = before.index - 1 if before is not None else after.index if after is not None else None
        return self.created(name, index)


def check_sheet_name(name: str) -> None:
    """ChangeRefused for a name that Excel does not take."""
    if not name or len(name) > 31 or re.search(r"[\\/?*\[\]:]", name) or name.startswith("'") or name.endswith("'"):
        raise ChangeRefused(f"工作表名“{name[:40]}”不行：要 1 到 31 个字符，不含 \\ / ? * [ ] :，首尾不是单引号。")


class SheetBase(Part, base.Sheet):
    """A sheet; `_range(area)`, `tables` and `protected` are the engine's."""

    book: Any

    def range(self, arg1: Any, arg2: Any = None) -> Any:
        """Cells by (row, col), (row, col, rows, cols), an A1 text, a defined name, a table's name or a range."""
        first = self._area(arg1)
        return self._range(first if arg2 is None else first.union(self._area(arg2)))

    def _range(self, area: Area) -> Any:
        raise NotImplementedError

    def _area(self, given: Any) -> Area:
        given = getattr(given, "impl", given) if isinstance(given, xw.Range) else given
        if isinstance(given, RangeBase):
            return given.area
        if isinstance(given, tuple) and len(given) in (2, 4) and all(isinstance(n, int) for n in given):
            row, column, rows, columns = (*given, 1, 1)[:4]
            area = Area(column, row, column + columns - 1, row + rows - 1)
        elif isinstance(given, str):
            area = self._named_area(given)
        else:
            raise TypeError(f"not cells: {given!r}")
        if not (1 <= area.top <= area.bottom <= LAST_ROW and 1 <= area.left <= area.right <= LAST_COLUMN):
            raise ChangeRefused(f"工作表“{self.name}”里没有这样的区域：{given!r}。行和列从 1 开始。")
        return area

    def _named_area(self, text: str) -> Area:
        try:
            return Area.parse(text)
        except ValueError:
            pass
        if self.book.names.contains(text):
            cells = self.book.names(text).refers_to_range
            if cells.sheet.name != self.name:
                raise ChangeRefused(f"名称 {text} 指的单元格在工作表“{cells.sheet.name}”，不在“{self.name}”。")
            return cells.area  # type: ignore[no-any-return]
        table = found(list(self.tables), text, f"工作表“{self.name}”里的区域、名称或表格")
        body = table.data_body_range
        if body is None:
            raise ChangeRefused(f"表格 {table.name} 没有数据行。")
        return body.area  # type: ignore[no-any-return]

    @property
    def cells(self) -> Any:
        """All cells."""
        return self._range(Area(1, 1, LAST_COLUMN, LAST_ROW))

    def all_tables(self) -> list[Any]:
        """The tables that stand on the sheet."""
        return list(self.tables)

    def check_unlocked(self, what: str) -> None:
        """CellsLocked if the sheet's contents are protected: rows, formats and tables cannot be changed then."""
        if self.protected:
            raise CellsLocked(self.name, what)


class RangeBase(Part, base.Range):
    """A rectangle of cells of a sheet; reading and writing them is the engine's."""

    sheet: Any
    area: Area
    options: dict[str, Any]
    max_cells_per_read = None  # no limit: one call moves any number of cells
    max_cells_per_write = None

    def __init__(self, sheet: Any, area: Area):
        self.sheet, self.area, self.options = sheet, area, {}

    api = property(lambda self: self)

    @property
    def row(self) -> int:
        """The first row."""
        return self.area.top

    @property
    def column(self) -> int:
        """The first column."""
        return self.area.left

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.area.bottom - self.area.top + 1, self.area.right - self.area.left + 1

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1]

    def __bool__(self) -> bool:
        return True

    def __call__(self, arg1: int, arg2: int | None = None) -> Any:
        """A cell by number along the rows, or by row and column, from 1."""
        if arg2 is None:
            row, column = divmod(arg1 - 1, self.shape[1])
        else:
            row, column = arg1 - 1, arg2 - 1
        return self.sheet.range((self.row + row, self.column + column))

    @property
    def address(self) -> str:
        """`$A$1:$B$2`."""
        return self.get_address(True, True, False)

    def get_address(self, row_absolute: bool, col_absolute: bool, external: bool) -> str:
        """The address with or without dollar signs; `external` names book and sheet."""
        column, row = "$" if col_absolute else "", "$" if row_absolute else ""
        ends = ((self.area.left, self.area.top), (self.area.right, self.area.bottom))
        words = [f"{column}{column_letters(c)}{row}{r}" for c, r in ends]
        text = words[0] if words[0] == words[1] else ":".join(words)
        return f"'[{self.sheet.book.name}]{self.sheet.name}'!{text}" if external else text

    @property
    def where(self) -> str:
        """The cells as people name them."""
        return f"工作表“{self.sheet.name}” {self.area}"

    # ---- values

    def _values(self) -> list[list[Any]]:
        """Values of all cells."""
        raise NotImplementedError

    def _formulas(self) -> list[list[str]]:
        """Formulas with =, and constants as one would type them."""
        raise NotImplementedError

    def _write(self, rows: list[list[Any]]) -> None:
        """Puts values in, as callers give them; as many as there are cells."""
        raise NotImplementedError

    @property
    def raw_value(self) -> Any:
        """The values as rows; setting takes rows of the same shape, or one value for all cells."""
        return self._values()

    @raw_value.setter
    def raw_value(self, data: Any) -> None:
        self._write(self._grid(data))

    def _grid(self, data: Any) -> list[list[Any]]:
        height, width = self.shape
        if not isinstance(data, (list, tuple)):
            return self._filled(for_writing(data))
        rows = [list(row) for row in data] if data and isinstance(data[0], (list, tuple)) else [list(data)]
        if len(rows) != height or any(len(row) != width for row in rows):
            raise ChangeRefused(f"{self.where} 有 {height} 行 {width} 列，给的值却不是这么多。")
        return [[for_writing(value) for value in row] for row in rows]

    def _filled(self, value: Any) -> list[list[Any]]:
        """One value in all cells; a formula is filled down and right as Excel does."""
        height, width = self.shape
        if isinstance(value, str) and value.startswith("=") and len(self) > 1:
            return [[translated(value, r, c) for c in range(width)] for r in range(height)]
        return [[value] * width for _ in range(height)]

    def _entered(self, value: Any, number_format: str, row: int, column: int) -> Entered:
        where = f"工作表“{self.sheet.name}” {Area(column, row, column, row)}"
        return entered(value, number_format, where)

    @property
    def formula(self) -> Any:
        """The formula of one cell, or rows of formulas; constants as one would type them."""
        words = tuple(tuple(row) for row in self._formulas())
        return words[0][0] if self.shape == (1, 1) else words

    @formula.setter
    def formula(self, value: Any) -> None:
        self._write(self._grid(value))

    def clear_contents(self) -> None:
        """Empties the cells; formats stay."""
        self._write(self._filled(None))

    # ---- structure

    def insert(self, shift: str | None = None, copy_origin: str | None = None) -> None:
        """Moves these cells and all below them down; the new cells look like the row above."""
        if shift != "down":
            raise NotInThisEngine(f"Range.insert(shift={shift!r})", self.engine_name)
        self._check_shift(LAST_ROW, inserting=True)
        self._shift_down()

    def delete(self, shift: str | None = None) -> None:
        """Removes these cells; those below move up."""
        if shift not in ("up", None) or (shift is None and self.shape[0] > self.shape[1]):
            raise NotInThisEngine(f"Range.delete(shift={shift!r})", self.engine_name)
        self._check_shift(LAST_ROW, inserting=False)
        self._shift_up()

    def copy_from(
        self, source_range: Any, copy_type: str = "all", skip_blanks: bool = False, transpose: bool = False
    ) -> None:
        """Gives these cells the formats of others of the same sheet and columns, their rules of conditional formats too.

        The rows of the source repeat until all cells are filled.
        """
        source = getattr(source_range, "impl", source_range)
        if copy_type != "formats" or skip_blanks or transpose:
            raise NotInThisEngine(f"Range.copy_from(copy_type={copy_type!r})", self.engine_name)
        if source.sheet.name != self.sheet.name or (source.area.left, source.area.right) != (
            self.area.left,
            self.area.right,
        ):
            raise NotInThisEngine("Range.copy_from（别的工作表或别的列）", self.engine_name)
        if source.area.overlaps(self.area):
            raise ChangeRefused(f"{self.where} 与来源 {source.area} 重叠，不能复制格式。")
        self.sheet.check_unlocked(f"单元格 {self.area} 的格式")
        self._dress(source.area)

    def _dress(self, source: Area) -> None:
        raise NotImplementedError

    def _shift_down(self) -> None:
        raise NotImplementedError

    def _shift_up(self) -> None:
        raise NotImplementedError

    def _check_shift(self, last: int, inserting: bool) -> None:
        """Excel moves a table whole or not at all, and a table keeps its header and one row."""
        self.sheet.check_unlocked("行")
        moving = Area(self.area.left, self.area.top, self.area.right, last)
        for table in self.sheet.all_tables():
            whole = table.range.area
            if not moving.overlaps(whole):
                continue
            if whole.left < moving.left or whole.right > moving.right:
                raise ChangeRefused(
                    f"{self.where} 的移动会把表格 {table.name}（{whole}）拆开，没有移动。请按整个表格的宽度来做。"
                )
            if not inserting and self.area.overlaps(whole):
                body = table.data_body_range
                lost = self.area
                if body is None or not (body.area.top <= lost.top and lost.bottom <= body.area.bottom):
                    raise ChangeRefused(f"{self.where} 碰到表格 {table.name} 的标题行、汇总行或边界，没有删除。")
                if lost.bottom - lost.top == body.area.bottom - body.area.top:
                    raise ChangeRefused(f"表格 {table.name} 至少要留一行，没有删除。")

    @property
    def table(self) -> Any:
        """The table that the first cell belongs to, or None."""
        corner = Area(self.area.left, self.area.top, self.area.left, self.area.top)
        return next((table for table in self.sheet.tables if table.range.area.overlaps(corner)), None)


class TablesBase(Part, base.Tables):
    """The tables of a sheet; `listed` is the engine's."""

    parent: Any

    def __init__(self, parent: Any):
        self.parent = parent

    api = property(lambda self: self)

    def listed(self) -> list[Any]:
        """The tables."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.listed())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.listed())

    def __contains__(self, key: str) -> bool:
        return key.casefold() in (table.name.casefold() for table in self.listed())

    def __call__(self, key: Any) -> Any:
        """The table by number from 1 or name."""
        return found(self.listed(), key, f"工作表“{self.parent.name}”里的表格")


class TableBase(Part, base.Table):
    """A table; `_whole()`, `show_headers`, `show_totals` and `_resized(area)` are the engine's."""

    parent: Any

    def _whole(self) -> Area:
        raise NotImplementedError

    def _resized(self, area: Area) -> None:
        raise NotImplementedError

    def _part(self, top: int, bottom: int) -> Any:
        whole = self._whole()
        return self.parent.range((top, whole.left), (bottom, whole.right)) if top <= bottom else None

    @property  # type: ignore[misc]
    def display_name(self) -> str:
        """The name."""
        return str(self.name)

    @property
    def range(self) -> Any:
        """Header, data and totals."""
        return self._part(self._whole().top, self._whole().bottom)

    @property
    def header_row_range(self) -> Any:
        """The header, or None."""
        return self._part(self._whole().top, self._whole().top) if self.show_headers else None

    @property
    def data_body_range(self) -> Any:
        """The data rows, or None."""
        whole = self._whole()
        return self._part(whole.top + bool(self.show_headers), whole.bottom - bool(self.show_totals))

    @property
    def totals_row_range(self) -> Any:
        """The totals row, or None."""
        return self._part(self._whole().bottom, self._whole().bottom) if self.show_totals else None

    def resize(self, rng: Any) -> None:
        """Another size: the header stays where it is, at least one data row, the totals row stays last."""
        cells = getattr(rng, "impl", rng)
        new, old = cells.area, self._whole()
        self.parent.check_unlocked(f"表格 {self.name} 的大小")
        least = bool(self.show_headers) + bool(self.show_totals) + 1
        if cells.sheet.name != self.parent.name or (new.top, new.left) != (old.top, old.left):
            raise ChangeRefused(f"表格 {self.name} 的左上角要留在 {old.full} 的左上角，没有调整。")
        if new.bottom - new.top + 1 < least:
            raise ChangeRefused(f"表格 {self.name} 至少要有一行数据，没有调整。")
        if self.show_totals and new.bottom != old.bottom:
            raise ChangeRefused(f"表格 {self.name} 有汇总行，不能直接改行数：请在汇总行上面插入或删除行。")
        for other in self.parent.all_tables():
            if other.name != self.name and other.range.area.overlaps(new):
                raise ChangeRefused(f"表格 {self.name} 会碰到表格 {other.name}，没有调整。")
        self._resized(new)


class NamesBase(Part, base.Names):
    """Defined names of a book, sheet-level ones as `Sheet!name`; `listed` and `created` are the engine's."""

    book: Any

    def __init__(self, book: Any):
        self.book = book

    api = property(lambda self: self)

    def listed(self) -> list[Any]:
        """The names."""
        raise NotImplementedError

    def created(self, name: str, refers_to: str) -> Any:
        """A new name for the book."""
        raise NotImplementedError

    def snapshot(self) -> list[tuple[str, Any]]:
        """Every name with its object."""
        return [(name.name, name) for name in self.listed()]

    def __call__(self, key: Any) -> Any:
        """The name by number from 1 or by its letters."""
        return found(self.listed(), key, "名称")

    def contains(self, key: Any) -> bool:
        """Whether there is a name like that."""
        return any(name.name.casefold() == str(key).casefold() for name in self.listed())

    def __len__(self) -> int:
        return len(self.listed())

    def add(self, name: str, refers_to: str) -> Any:
        """Defines a name for cells or a constant; one that is there already gets the new meaning, as in Excel."""
        if not _FREE_NAME.fullmatch(name) or len(name) > 255:
            raise ChangeRefused(f"“{name[:60]}”不能作名称：字母或下划线开头，不含空格，不像单元格地址。")
        check_meaning(name, refers_to)
        if self.contains(name):
            there = self(name)
            there.refers_to = refers_to
            return there
        return self.created(name, refers_to)


def check_meaning(name: str, refers_to: str) -> None:
    """ChangeRefused unless a name is to stand for `=something`."""
    if not isinstance(refers_to, str) or not refers_to.startswith("=") or len(refers_to) < 2:
        raise ChangeRefused(
            f"名称 {name} 的内容要以 = 开头，例如 =12、=\"文字\"、='工作表'!$A$1，而不是 {refers_to!r}。"
        )


def rgb(color: Any) -> tuple[int, int, int]:
    """A colour given as `#efefef` or (r, g, b)."""
    if isinstance(color, str) and re.fullmatch(r"#?[0-9A-Fa-f]{6}", color):
        text = color.lstrip("#")
        return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
    if isinstance(color, (tuple, list)) and len(color) == 3 and all(isinstance(n, int) and 0 <= n < 256 for n in color):
        return color[0], color[1], color[2]
    raise ChangeRefused(f"不是颜色：{color!r}。请写成 #RRGGBB。")
