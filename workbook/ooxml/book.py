"""Owns the workbook as callers see it: its tables, their rows, and the changes that go into the next bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from workbook.errors import AppendRefused, MissingTable, NotAWorkbook
from workbook.ooxml.append import Append, Placed
from workbook.ooxml.cells import Cell, Read, shared_strings
from workbook.ooxml.columns import NewColumn
from workbook.ooxml.package import Package
from workbook.ooxml.parts import Parts
from workbook.ooxml.references import FixedReference, fixed_references
from workbook.ooxml.sheet import Sheet
from workbook.ooxml.table import TableView, declare_formulas, plain_header, read_table
from workbook.ooxml.update import Update, Upserted, rows_by_key
from workbook.ooxml.workbook_part import WorkbookPart

T = TypeVar("T")
MOST_KEPT = 20_000  # rows of one table that stay in memory once they are read; larger ones are read again


@dataclass(frozen=True)
class Row:
    """A data row: its number on the sheet and its values by header.

    Numbers are int if their text is integral, else float; dates are day numbers of the book's calendar
    (`Book.date1904`); error values are their text (`#REF!`); a formula shows the value that was saved with it.
    """

    number: int
    values: dict[str, Read]


@contextmanager
def _within_the_standard() -> Iterator[None]:
    """What a part says against its own standard (a number that is none, an index past its list) is no workbook."""
    try:
        yield
    except (ValueError, LookupError, RecursionError) as error:
        raise NotAWorkbook(
            f"工作簿的内容不合规范，不能安全地读写（{type(error).__name__}: {error}）。请在 Excel 里打开并另存一次。"
        ) from error


class Book:
    """A workbook in memory. Changes add up; each happens wholly or, if it raises, not at all."""

    def __init__(self, data: bytes):
        with _within_the_standard():
            self._parts = Parts(Package(data))
            self._workbook = WorkbookPart(self._parts)
        self._strings: list[str] | None = None
        self._tables: tuple[TableView, ...] | None = None
        self._views: dict[str, tuple[bytes | None, TableView]] = {}
        self._made: dict[tuple[str, str], tuple[bytes | None, TableView, Any]] = {}

    @classmethod
    def read(cls, data: bytes) -> Book:
        """The book in these bytes; NotAWorkbook if there is none that can be changed."""
        return cls(data)

    @property
    def date1904(self) -> bool:
        """Whether day numbers count from 1904."""
        return self._workbook.date1904

    @property
    def last_saved_by(self) -> str:
        """Who saved the book last, as the program that saved it wrote down; "" if it did not."""
        with _within_the_standard():
            return self._workbook.last_saved_by()

    @property
    def touched(self) -> frozenset[str]:
        """The members that are changed or dropped so far."""
        return self._parts.touched

    def to_bytes(self) -> bytes:
        """The book as it stands now; the bytes that were read if nothing was changed."""
        return self._parts.to_bytes()

    # ---- reading

    @property
    def tables(self) -> tuple[TableView, ...]:
        """All tables, by sheet and then as the sheet names them."""
        if self._tables is None:
            with _within_the_standard():
                self._tables = tuple(
                    self._view(part, sheet.title, sheet.part)
                    for sheet in self._workbook.sheets()
                    for part in self._parts.related(sheet.part, "table")
                )
        return self._tables

    def _view(self, part: str, title: str, sheet_part: str) -> TableView:
        """A table as it stands, read again only if its part is another than last time."""
        stamp, kept = self._parts.stamp(part), self._views.get(part)
        if kept is None or kept[0] is not stamp or (kept[1].sheet, kept[1].sheet_part) != (title, sheet_part):
            kept = self._views[part] = (stamp, read_table(self._parts, part, title, sheet_part))
        return kept[1]

    def table(self, name: str) -> TableView:
        """The table of that name, whatever its case."""
        for view in self.tables:
            if view.name.casefold() == name.casefold():
                return view
        raise MissingTable(name, tuple(view.name for view in self.tables))

    def rows(self, table: str) -> list[Row]:
        """The rows of a table without the blank ones; a row that only formulas fill counts as blank."""
        return list(self.made_of_rows("rows", table, lambda rows: rows))

    def made_of_rows(self, what: str, table: str, make: Callable[[list[Row]], list[T]]) -> list[T]:
        """What is made of a table's rows, made once for as long as neither the rows nor the table change.

        An evaluation reads most tables several times; whoever gets the list shares it and must not change it.
        """
        view = self.table(table)
        stamp = self._parts.stamp(view.sheet_part)
        kept = self._made.get((what, view.part))
        if kept is not None and kept[0] is stamp and kept[1] == view:
            found: list[T] = kept[2]
            return found
        with _within_the_standard():
            rows = self.made_of_rows("rows", table, lambda rows: rows) if what != "rows" else self._read_rows(view)
        made = make(rows)
        if len(made) <= MOST_KEPT:
            self._made[what, view.part] = (stamp, view, made)
        return made

    def _read_rows(self, view: TableView) -> list[Row]:
        sheet = Sheet(self._parts.read(view.sheet_part), view.sheet_part)
        strings, date1904 = self._shared_strings(), self.date1904
        headers = dict(enumerate(view.columns, view.area.left))
        found = []
        for row in sheet.rows_from(view.first_row):
            if row.number > view.last_row:
                break
            values: dict[str, Read] = dict.fromkeys(view.columns)
            filled = False
            for cell in sheet.cells(row):
                if cell.column in headers and cell.body:
                    value = values[headers[cell.column]] = cell.value(strings, date1904)
                    filled = filled or (value is not None and not cell.has_formula)
            if filled:
                found.append(Row(row.number, values))
        return found

    def formula_cells(self, table: str) -> set[tuple[int, str]]:
        """The data cells of a table, as (row, header), that hold a formula: whatever they show, a person put it there."""
        view = self.table(table)
        with _within_the_standard():
            sheet = Sheet(self._parts.read(view.sheet_part), view.sheet_part)
            place = {view.number_of(header): header for header in view.columns}
            return {
                (row.number, place[cell.column])
                for row in sheet.rows_from(view.first_row)
                if row.number <= view.last_row
                for cell in sheet.cells(row)
                if cell.column in place and cell.has_formula
            }

    def _shared_strings(self) -> list[str]:
        if self._strings is None:
            self._strings = [
                text
                for part in self._parts.related(self._workbook.part, "sharedStrings")
                for text in shared_strings(self._parts.read(part), part)
            ]
        return self._strings

    def defined_name(self, name: str) -> str | None:
        """What a name of the whole book stands for, or None."""
        return self._workbook.name_value(name)

    def fixed_references(self, table: str) -> list[FixedReference]:
        """The formulas in cells that name this table's data by address: they will not reach rows that come."""
        view = self.table(table)
        with _within_the_standard():
            return list(fixed_references(self._parts, self._workbook, view))

    # ---- changing

    def append(self, table: str, rows: Sequence[Mapping[str, Cell]]) -> Placed:
        """Adds rows to a table; keys are headers. An empty table's blank rows are filled first."""
        view = self.table(table)
        with _within_the_standard(), self._parts.all_or_nothing():
            placed = Append(self._parts, self._workbook, view, self.tables).run(rows)
        self._tables = None
        return placed

    def update(self, table: str, key_column: str, changes: Mapping[str, Mapping[str, Cell]]) -> tuple[str, ...]:
        """Changes the named cells of the rows with these keys; returns the keys that no row has."""
        view = self.table(table)
        with _within_the_standard(), self._parts.all_or_nothing():
            update = Update(self._parts, self._workbook, view, plain_header(key_column), self._shared_strings())
            update.run(changes)
        return tuple(key for key in changes if key not in update)

    def update_rows(self, table: str, key_column: str, changes: Mapping[int, Mapping[str, Cell]]) -> None:
        """Changes the named cells of the rows of these sheet row numbers, as `rows` just gave them."""
        view = self.table(table)
        outside = [number for number in changes if not view.first_row <= number <= view.last_row]
        if outside:
            raise AppendRefused(
                f"工作表“{view.sheet}”的第 {outside[0]} 行不在表格 {view.name} 里，没有改动。请重新读取后再试。"
            )
        with _within_the_standard(), self._parts.all_or_nothing():
            update = Update(self._parts, self._workbook, view, plain_header(key_column), self._shared_strings())
            update.run_rows(changes)

    def upsert(
        self,
        table: str,
        key_column: str,
        rows: Sequence[Mapping[str, Cell]],
        formulas: Mapping[str, str] | None = None,
    ) -> Upserted:
        """Changes the rows whose keys are there and appends the others; what is equal is not written.

        `formulas` names by header the calculated columns that the caller knows (without =): a cell of a given row that
        lost its formula, and a declaration that the program which saved the book dropped, are restored.
        """
        view, key_column = self.table(table), plain_header(key_column)
        by_key = rows_by_key(view, key_column, rows)
        with _within_the_standard(), self._parts.all_or_nothing():
            view = declare_formulas(self._parts, view, formulas or {})
            update = Update(self._parts, self._workbook, view, key_column, self._shared_strings(), formulas)
            there = {key: values for key, values in by_key.items() if key in update}
            changed = update.run({key: _without(values, key_column) for key, values in there.items()})
            new = {key: values for key, values in by_key.items() if key not in update}
            if new:
                Append(self._parts, self._workbook, view, self.tables).run(list(new.values()))
        self._tables = None
        return Upserted(tuple(new), changed)

    def add_column(
        self, table: str, header: str, values: Sequence[Cell] = (), formula: str = "", width: float | None = None
    ) -> None:
        """Adds a column at the right edge of a table; `values` fill its rows from the first on, `formula` calculates it.

        Cells to the right make room. `width` (characters) is for a sheet column that has no width of its own.
        """
        view = self.table(table)
        with _within_the_standard(), self._parts.all_or_nothing():
            NewColumn(self._parts, self._workbook, view, self.tables).run(header, values, formula, width)
        self._tables = None

    def set_defined_name(self, name: str, value: str, hidden: bool = True) -> None:
        """Gives a name of the whole book a value (formula text: `"text"` in quotes, a number, or a range)."""
        with _within_the_standard(), self._parts.all_or_nothing():
            self._workbook.set_name(name, value, hidden)


def _without(values: Mapping[str, Cell], key_column: str) -> dict[str, Cell]:
    return {header: value for header, value in values.items() if header != key_column}
