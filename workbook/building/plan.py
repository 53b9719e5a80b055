"""Owns the plan of a table's page before it is drawn: where each column stands, what its rows hold, how to name it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from workbook.building.kinds import Place, Projection, header_width, project
from workbook.building.shapes import FOLDED, shaped
from workbook.formulas import formula_text, validity_word
from workbook.rows import Cell, row_cells
from workbook.schema import COMPUTED, Column, Formula, Moment, Table, Text

HEADER, FIRST, LEFT = 4, 5, 1  # row of the header, first row under it, first column; counted from 0


# What a formula of two columns gives, in the order in which it reads them.
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "share": lambda whole, part: float(part / whole) if whole else "",
    "difference": lambda first, second: float(first - second),
    "surplus": lambda first, second: float(max(first - second, 0)),
    "product": lambda first, second: int(first * second),
    "minutes": lambda begun, ended: round((ended - begun).total_seconds() / 60),
}


def _balance(whole: Any, used: Any, bound: Any) -> float:
    return float(whole - used - (bound or 0))


@dataclass(frozen=True)
class Spot:
    """One column of a page: its header, its place and its look."""

    column: Column
    header: str
    index: int
    look: Projection
    folded: bool

    @property
    def letter(self) -> str:
        """The column's letter."""
        return xl_col_to_name(self.index)  # type: ignore[no-any-return, unused-ignore]

    @property
    def width(self) -> float:
        """Wide enough for the kind and for the header."""
        return max(self.look.width, header_width(self.header, tight=self.look.tight))


@dataclass(frozen=True)
class Plan:
    """One table's page: sheet name, columns and cells, in one language, as of one day."""

    table: type[Table]
    lang: str
    today: date
    rows: tuple[Mapping[str, Cell], ...]  # by column name

    @property
    def sheet(self) -> str:
        """The sheet's name."""
        return self.table.label.get(self.lang)

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """The columns in their order."""
        folded = _folded(self.table)
        found = []
        for index, (name, column) in enumerate(self.table.columns.items(), start=LEFT):
            place = Place(self.lang, f"{xl_col_to_name(index)}{FIRST + 1}", list_name(self.table, column))
            shape = shaped(self.table.name, name, project(column, place))
            found.append(Spot(column, column.label.get(self.lang), index, shape, name in folded))
        return tuple(found)

    def spot(self, column: Column) -> Spot:
        """Where a column stands."""
        return next(spot for spot in self.spots if spot.column.name == column.name)

    def ref(self, column: Column) -> str:
        """The column in a formula outside the table."""
        return reference(self.table, column, self.lang)

    def formula(self, column: Formula) -> str:
        """A declared formula in full form."""
        return f"={formula_text(self.table, column, self.lang)}"

    def shown(self, column: Formula, row: Mapping[str, Cell]) -> Any:
        """What a formula gives in this row, for programs that do not calculate; a blank where we cannot tell."""
        values = [row.get(name) for name in reads(self.table, column)]
        if column.gives == "validity":
            ended, until, term = values
            return validity_word(ended, until, term, self.today, self.lang)
        if not values or values[0] is None:
            return ""
        if column.gives in ARITHMETIC:
            return "" if None in values[:2] else ARITHMETIC[column.gives](*values[:2])
        if column.gives == "balance":
            return "" if None in values[:2] else _balance(*values[:3])
        if column.gives == "days" and isinstance(values[0], date):
            return (values[0] - self.today).days
        if column.gives == "link":
            return re.findall(r'"([^"]*)"', self.formula(column))[-1]
        return ""

    @property
    def frozen(self) -> int:
        """How many columns stay in sight: through the first plain text among the first three, else two."""
        head = list(self.table.columns.values())[:3]
        return next((i for i, column in enumerate(head, start=1) if type(column) is Text), 2)

    @property
    def last_row(self) -> int:
        """The row of the last record, counted from 0; an empty table has one blank row."""
        return HEADER + max(len(self.rows), 1)


def reference(table: type[Table], column: Column, lang: str) -> str:
    """A column of any table in a formula outside it."""
    header = column.label.get(lang)
    # A header with punctuation needs its brackets twice.
    return f"{table.name}[{header}]" if re.fullmatch(r"[\w ]+", header) else f"{table.name}[[{header}]]"


def list_name(table: type[Table], column: Column) -> str:
    """The defined name of the words that a column takes."""
    return f"list_{table.name}_{column.name}"


def reads(table: type[Table], column: Formula) -> list[str]:
    """The names of the columns that a formula reads."""
    by_header = {c.zh: name for name, c in table.columns.items()}
    return list(dict.fromkeys(by_header[zh] for zh in re.findall(r"\[@\[?([^\[\]]+)\]?\]", column.excel)))


def _folded(table: type[Table]) -> set[str]:
    """Provenance, folded away: what the system wrote after the last answer, and what only a link reads."""
    folded = {name for name in table.columns if f"{table.name}.{name}" in FOLDED}
    if table.submission():
        for name, column in reversed(table.columns.items()):
            if column.owner is not COMPUTED:
                break
            if not isinstance(column, Moment):
                folded.add(name)
    for column in table.columns.values():
        if isinstance(column, Formula) and column.gives == "link":
            folded |= {name for name in reads(table, column) if table.columns[name].owner is COMPUTED}
    return folded


def make_plan(table: type[Table], lang: str, today: date, rows: Sequence[Mapping[str, Any]]) -> Plan:
    """The plan of a table's page with rows of values by column name.

    Raises:
        KeyError: a row names a column that the table does not declare.
    """
    names = {column.label.get(lang): name for name, column in table.columns.items()}
    cells = []
    for row in rows:
        if unknown := set(row) - set(table.columns):
            raise KeyError(f"{table.name} declares no column {sorted(unknown)}")
        cells.append({names[header]: cell for header, cell in row_cells(table, row, list(names)).items()})
    return Plan(table, lang, today, tuple(cells))


__all__ = ["FIRST", "HEADER", "LEFT", "Plan", "Spot", "list_name", "make_plan", "reads", "reference"]
