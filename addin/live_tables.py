"""Owns one table of an open spreadsheet in memory: its rows as read, as they read now, and what is to be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from addin.live_cells import as_read, says
from addin.live_sheets import Grid, Reading
from workbook.errors import DuplicateKey
from workbook.formulas import formula_text
from workbook.ooxml.append import Placed
from workbook.ooxml.book import Row
from workbook.ooxml.cells import Cell, Place, Read
from workbook.ooxml.refs import filled_down
from workbook.ooxml.table import TableView
from workbook.ooxml.update import key_text
from workbook.ooxml.writer import known_columns
from workbook.rows import headers, language
from workbook.schema import Formula, Table
from workbook.tables import BY_NAME

_OWN_ROW = ("[#This Row]", "[@")


@dataclass(frozen=True)
class Calculated:
    """What is to stand in a cell that the workbook computes: a formula without its equals sign."""

    formula: str


Edit = Cell | Calculated
Change = tuple[
    int, int, Read, "Edit | None"
]  # row and column from 0, what it reads then, what is written (None: nothing)


class LiveTable:
    """A table as it was read and with the changes since; rows and columns are counted from 0 inside."""

    def __init__(self, name: str, sheet: str, read: Reading, formulas: Callable[[Grid], list[list[str]] | None]):
        """`formulas` reads the formulas of the data rows, and is asked at most once."""
        self.name, self.read = name, read
        self.declared: type[Table] | None = BY_NAME.get(name)
        self.where = headers(self.declared, read.headers) if self.declared else {}
        self.lang = language(self.declared, read.headers) if self.declared else "zh"
        self.names = {header: column for column, header in self.where.items()}
        self.calculated = self._declared_formulas()
        self.given: dict[str, str] = {}  # calculated columns that a caller knows
        self.shown: Grid = [list(row) for row in read.data]
        self.edits: dict[tuple[int, int], Edit] = {}
        self.fresh: set[int] = set()
        self.version = 0
        self._sheet, self._ask = sheet, formulas
        self._formulas: list[list[str]] | None = None
        self._asked = False
        self._columns = {header: at for at, header in enumerate(read.headers)}

    def _declared_formulas(self) -> dict[str, str]:
        columns = self.declared.columns.items() if self.declared else ()
        return {
            self.where[name]: formula_text(self.declared, column, self.lang)
            for name, column in columns
            if self.declared and isinstance(column, Formula) and name in self.where
        }

    @property
    def label(self) -> str:
        """The table's name for people."""
        return self.declared.label.zh if self.declared else self.name

    @property
    def touched(self) -> bool:
        """Whether something is to be written."""
        return bool(self.edits or self.fresh)

    @property
    def more(self) -> int:
        """How many rows the table grows by."""
        return len(self.shown) - len(self.read.data)

    @property
    def view(self) -> TableView:
        """The table as callers see it, grown by the rows that came in."""
        area = replace(self.read.area, bottom=self.read.area.bottom + self.more)
        return TableView(
            name=self.name,
            sheet=self._sheet,
            ref=area.full,
            columns=self.read.headers,
            header_row_count=1,
            totals_row_count=self.read.totals,
            part=self.name,
            sheet_part=self._sheet,
            formulas=tuple((self.calculated.get(header, ""), False) for header in self.read.headers),
        )

    def edits_value(self, place: tuple[int, int]) -> Cell:
        """The value that goes into a cell; None for none and beside a formula."""
        edit = self.edits.get(place)
        return None if isinstance(edit, Calculated) else edit

    # ---- formulas

    def formula_at(self, row: int, column: int) -> str | None:
        """The formula of a cell, "" for none, None where the spreadsheet does not tell."""
        edit = self.edits.get((row, column))
        if isinstance(edit, Calculated):
            return f"={edit.formula}"
        if edit is not None or (row, column) in self.edits:
            return ""
        if row >= len(self.read.data):
            return self._template(row, column)
        if not self._asked:
            self._asked, self._formulas = True, self._ask(self.read.data)
        return self._formulas[row][column] if self._formulas is not None else None

    def _template(self, row: int, column: int) -> str:
        """What a calculated column gives a row below the ones that were there: its formula, filled down."""
        header = self.read.headers[column]
        if known := self.calculated.get(header) or self.given.get(header):
            return f"={known}"
        last = len(self.read.data) - 1
        if header in self.names or last < 0:
            return ""
        above = self.formula_at(last, column) or ""
        return filled_down(above, row - last) if above.startswith("=") and "[" in above else ""

    def has_formula(self, row: int, column: int) -> bool:
        """Whether a cell holds a formula; a declared one is believed to be there where the spreadsheet does not tell."""
        formula = self.formula_at(row, column)
        return self.read.headers[column] in self.calculated if formula is None else bool(formula)

    def _is_calculated(self, row: int, column: int) -> bool:
        """Whether the formula in a cell is the column's, which no value replaces."""
        formula = self.formula_at(row, column)
        return self.read.headers[column] in self.calculated or any(word in (formula or "") for word in _OWN_ROW)

    # ---- reading

    def rows(self) -> list[Row]:
        """The rows without the blank ones; one that only formulas fill counts as blank."""
        first, columns = self.read.first_row, self.read.headers
        return [
            Row(first + at, dict(zip(columns, values, strict=True)))
            for at, values in enumerate(self.shown)
            if self._is_filled(at)
        ]

    def _is_filled(self, row: int) -> bool:
        values = self.shown[row]
        plain = [
            at for at, value in enumerate(values) if value is not None and self.read.headers[at] not in self.calculated
        ]
        key = self.where.get(self.declared.key().name) if self.declared else None
        if key is not None and self._columns[key] in plain:
            return True  # a typed key is no formula; asking for formulas costs a read
        return any(not self.has_formula(row, at) for at in plain)

    def is_empty(self) -> bool:
        """Whether no row is filled."""
        return not any(map(self._is_filled, range(len(self.shown))))

    def rows_of(self, key_column: str) -> dict[str, list[int]]:
        """The rows of each key."""
        found: dict[str, list[int]] = {}
        column = self._columns[key_column]
        for at, values in enumerate(self.shown):
            if key := key_text(values[column]):
                found.setdefault(key, []).append(at)
        return found

    # ---- changing: first everything is checked, then `apply` cannot fail

    def updates_by_key(
        self, key_column: str, changes: Mapping[str, Mapping[str, Cell]], formulas: Mapping[str, str]
    ) -> dict[str, list[Change]]:
        """What changes in the rows of these keys; keys that no row has are left out.

        Raises:
            MissingColumn, DuplicateKey, ValueRefused
        """
        known_columns(self.view, [{key_column: None}])
        there = self.rows_of(key_column)
        for key in changes:
            if len(there.get(key, ())) > 1:
                rows = tuple(self.read.first_row + at for at in there[key])
                raise DuplicateKey(self.name, key, rows)
        known = known_columns(self.view, changes.values())
        return {
            key: self.updates(there[key][0], values, formulas)
            for key, values in zip(changes, known, strict=True)
            if key in there
        }

    def updates_by_row(self, key_column: str, changes: Mapping[int, Mapping[str, Cell]]) -> list[Change]:
        """What changes in the rows of these sheet row numbers, which are rows of the table.

        Raises:
            MissingColumn, ValueRefused
        """
        known_columns(self.view, [{key_column: None}])
        known = known_columns(self.view, changes.values())
        return [
            change
            for number, values in zip(changes, known, strict=True)
            for change in self.updates(number - self.read.first_row, values, {})
        ]

    def updates(self, row: int, values: Mapping[str, Cell], formulas: Mapping[str, str]) -> list[Change]:
        """What changes in one row so that the named cells hold these values; keys are headers of the table."""
        found: list[Change] = []
        for header, value in values.items():
            column = self._columns[header]
            reads = as_read(value, Place(self.name, header))
            lost = header in formulas and not self._holds(row, column)
            if says(self.shown[row][column], value, reads) and not lost:
                continue
            if lost:
                found.append((row, column, reads, Calculated(formulas[header])))
            elif self.has_formula(row, column) and (header in formulas or self._is_calculated(row, column)):
                found.append((row, column, reads, None))
            else:
                found.append((row, column, reads, value if value is not None else ""))
        return found

    def _holds(self, row: int, column: int) -> bool:
        """Whether a calculated column has its formula in a cell; believed where the spreadsheet does not tell."""
        return self.formula_at(row, column) != ""

    def apply(self, changes: Sequence[Change]) -> None:
        """Takes changes over; a cell that comes back to what was read is no change."""
        for row, column, reads, edit in changes:
            self.shown[row][column] = reads
            if edit is None:
                continue
            place = (row, column)
            if self._comes_back(place, reads, edit):
                del self.edits[place]
            else:
                self.edits[place] = edit
        self.version += bool(changes)

    def _comes_back(self, place: tuple[int, int], reads: Read, edit: Edit) -> bool:
        row, column = place
        if place not in self.edits or row in self.fresh or isinstance(edit, Calculated):
            return False
        if self._formulas is not None and self._formulas[row][column]:
            return False
        was = self.read.data[row][column]
        return type(was) is type(reads) and was == reads

    def check_append(self, given: Sequence[Mapping[str, Cell]]) -> list[dict[str, tuple[Cell, Read]]]:
        """Rows to append with what their cells will read.

        Raises:
            MissingColumn, ValueRefused
        """
        return [
            {header: (value, as_read(value, Place(self.name, header))) for header, value in row.items()}
            for row in known_columns(self.view, given)
        ]

    def append(self, rows: Sequence[Mapping[str, tuple[Cell, Read]]]) -> Placed:
        """Puts checked rows behind the last one, or into the blank rows of an empty table first."""
        start = 0 if self.is_empty() else len(self.shown)
        for at, row in enumerate(rows, start):
            # what a formula gives beside the new values, nobody knows yet
            self.shown[at : at + 1] = [[None] * len(self.read.headers)]
            self.fresh.add(at)
            for header, (value, reads) in row.items():
                column = self._columns[header]
                if reads is None:
                    continue
                self.shown[at][column] = reads
                if header not in self.calculated and not self.has_formula(at, column):
                    self.edits[at, column] = value
        self.version += bool(rows)
        first = self.read.first_row + start
        return Placed(first, first + len(rows) - 1)
