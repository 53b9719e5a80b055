"""Owns LiveBook: a workbook that is open in a spreadsheet program, as the `Book` that everything else works on.

What is asked for is read once, changes are made in memory, and `write_all` writes them together; nothing that was
written is read back. So the same code runs where reads show the state at the start, as in xlwings Lite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import xlwings as xw

from addin.live_errors import LiveBookSpent, NotInALiveBook, reading
from addin.live_names import LiveNames
from addin.live_sheets import Found, Grid, Reading, find_tables, formulas, is_filtered, read_table
from addin.live_tables import LiveTable
from addin.live_writing import Writing
from addin.progress import Progress, quiet
from workbook.errors import AppendRefused, MissingTable
from workbook.ooxml import Book, Cell, Placed, Row, TableView, Upserted
from workbook.ooxml.references import FixedReference
from workbook.ooxml.refs import Area
from workbook.ooxml.table import plain_header
from workbook.ooxml.update import rows_by_key

T = TypeVar("T")


class LiveBook(Book):
    """An open spreadsheet as a workbook in memory; one round of changes, then `write_all`.

    Row numbers are those of the sheet when it was read; rows that came in follow on the last one of their table.
    """

    def __init__(self, book: xw.Book) -> None:
        self._book = book
        self._found: dict[str, Found] | None = None
        self._live: dict[str, LiveTable] = {}
        self._kept: dict[tuple[str, str], tuple[int, Any]] = {}
        self._live_names = LiveNames(book)
        self._spent = False

    @classmethod
    def read(cls, data: bytes) -> NoReturn:
        """Refused: the bytes of a file are for `Book`."""
        raise NotInALiveBook("读取文件的内容")

    @property
    def date1904(self) -> bool:
        """False: times come from the spreadsheet as times, whatever its calendar."""
        return False

    @property
    def last_saved_by(self) -> str:
        """Empty: who is at work in an open book is not written down in it yet."""
        return ""

    @property
    def touched(self) -> frozenset[str]:
        """The names of the tables and defined names that are changed so far."""
        return frozenset(live.name for live in self._live.values() if live.touched) | self._live_names.touched

    @property
    def filtered(self) -> tuple[str, ...]:
        """The labels of the changed tables in which a filter hides rows."""
        return tuple(
            live.label
            for key, live in self._live.items()
            if live.touched and is_filtered(self._places()[key].table)
        )  # fmt: skip

    # ---- reading

    @property
    def tables(self) -> tuple[TableView, ...]:
        """All tables, by sheet; each is read for it."""
        return tuple(self.table(name) for name in self._places())

    def table(self, name: str) -> TableView:
        """The table of that name, whatever its case."""
        return self._table(name).view

    def _places(self) -> dict[str, Found]:
        if self._found is None:
            with reading():
                self._found = {found.name.casefold(): found for found in find_tables(self._book)}
        return self._found

    def _table(self, name: str) -> LiveTable:
        key = name.casefold()
        if key not in self._live:
            found = self._places().get(key)
            if found is None:
                raise MissingTable(name, tuple(found.name for found in self._places().values()))
            with reading():
                read = read_table(found)
                self._live[key] = LiveTable(found.name, found.title, read, _formula_reader(found, read))
        return self._live[key]

    def rows(self, table: str) -> list[Row]:
        """The rows of a table without the blank ones; a row that only formulas fill counts as blank."""
        return list(self.made_of_rows("rows", table, lambda rows: rows))

    def made_of_rows(self, what: str, table: str, make: Callable[[list[Row]], list[T]]) -> list[T]:
        """What is made of a table's rows, made once for as long as they do not change; the list is shared."""
        live = self._table(table)
        kept = self._kept.get((what, live.name))
        if kept is not None and kept[0] == live.version:
            found: list[T] = kept[1]
            return found
        rows = live.rows() if what == "rows" else self.made_of_rows("rows", table, lambda rows: rows)
        made = make(rows)
        self._kept[what, live.name] = (live.version, made)
        return made

    def formula_cells(self, table: str) -> set[tuple[int, str]]:
        """The cells of a table that hold a formula, as sheet row and header."""
        live = self._table(table)
        return {
            (live.read.first_row + at, header)
            for at in range(len(live.shown))
            for column, header in enumerate(live.read.headers)
            if live.has_formula(at, column)
        }

    def defined_name(self, name: str) -> str | None:
        """What a name of the whole book stands for, or None."""
        return self._live_names.value(name)

    # ---- changing, in memory

    def append(self, table: str, rows: Sequence[Mapping[str, Cell]]) -> Placed:
        """Adds rows to a table; keys are headers. An empty table's blank rows are filled first."""
        live = self._changing(table)
        return live.append(live.check_append(rows))

    def update(self, table: str, key_column: str, changes: Mapping[str, Mapping[str, Cell]]) -> tuple[str, ...]:
        """Changes the named cells of the rows with these keys; returns the keys that no row has."""
        live = self._changing(table)
        found = live.updates_by_key(plain_header(key_column), changes, {})
        live.apply([change for changed in found.values() for change in changed])
        return tuple(key for key in changes if key not in found)

    def update_rows(self, table: str, key_column: str, changes: Mapping[int, Mapping[str, Cell]]) -> None:
        """Changes the named cells of the rows of these sheet row numbers, as `rows` just gave them."""
        live = self._changing(table)
        view = live.view
        outside = [number for number in changes if not view.first_row <= number <= view.last_row]
        if outside:
            raise AppendRefused(
                f"工作表“{view.sheet}”的第 {outside[0]} 行不在表格 {view.name} 里，没有改动。请重新读取后再试。"
            )
        live.apply(live.updates_by_row(plain_header(key_column), changes))

    def upsert(
        self,
        table: str,
        key_column: str,
        rows: Sequence[Mapping[str, Cell]],
        formulas: Mapping[str, str] | None = None,
    ) -> Upserted:
        """Changes the rows whose keys are there and appends the others; what is equal is not written.

        `formulas` names by header the calculated columns that the caller knows (without =): a cell of a given row that
        lost its formula gets it back.
        """
        live, key_column = self._changing(table), plain_header(key_column)
        by_key = rows_by_key(live.view, key_column, rows)
        live.given |= formulas or {}
        there = live.rows_of(key_column)
        changes = {
            key: {header: value for header, value in values.items() if header != key_column}
            for key, values in by_key.items()
            if key in there
        }
        found = live.updates_by_key(key_column, changes, formulas or {})
        new = {key: values for key, values in by_key.items() if key not in there}
        fresh = live.check_append(list(new.values()))
        live.apply([change for changed in found.values() for change in changed])
        if fresh:
            live.append(fresh)
        return Upserted(tuple(new), tuple(key for key, changed in found.items() if changed))

    def set_defined_name(self, name: str, value: str, hidden: bool = True) -> None:
        """Gives a name of the whole book a value (formula text: `"text"` in quotes, a number, or a range)."""
        self._may_change()
        self._live_names.change(name, value, hidden)

    def _changing(self, table: str) -> LiveTable:
        self._may_change()
        return self._table(table)

    def _may_change(self) -> None:
        if self._spent:
            raise LiveBookSpent

    # ---- writing

    def write_all(self, progress: Progress = quiet) -> None:
        """Writes every change into the spreadsheet: tables, then names, the generation last.

        Raises:
            SheetProtected, BookMoved, NoRoom, CellsBusy, SpreadsheetUnreadable: nothing was written.
            WriteStopped: it failed half way; it names what is written, and running again is safe.
        """
        if self._spent or not self.touched:
            return
        writing = Writing(self._book, [live for live in self._live.values() if live.touched], self._live_names)
        writing.check()
        try:
            writing.write(progress)
        finally:
            self._spent = writing.begun

    # ---- what only a file can take

    def to_bytes(self) -> bytes:
        """Refused: an open book is saved by its program."""
        raise NotInALiveBook("取得文件的内容")

    def fixed_references(self, table: str) -> list[FixedReference]:
        """Refused: the formulas outside of tables are not read."""
        raise NotInALiveBook("查找按地址引用表格的公式")

    def add_column(
        self, table: str, header: str, values: Sequence[Cell] = (), formula: str = "", width: float | None = None
    ) -> None:
        """Refused: `partnerbook upgrade` adds columns to a file."""
        raise NotInALiveBook(f"给表格 {table} 加一列“{header}”")


def _formula_reader(found: Found, read: Reading) -> Callable[[Grid], list[list[str]] | None]:
    """Reads the formulas of a table's data rows when it is first asked."""

    def ask(shown: Grid) -> list[list[str]] | None:
        if not shown:
            return []
        area = Area(read.area.left, read.first_row, read.area.right, read.area.bottom - read.totals)
        with reading():
            return formulas(found.cells(area), shown)

    return ask
