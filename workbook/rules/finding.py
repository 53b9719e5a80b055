"""Owns what a finding is, and the run of all checks over a book: what the policy misses in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.performance import Ledger, ledger_of
from workbook.rules.selection import Selection, read_selection
from workbook.schema import Table
from workbook.tables import TABLES


def number_said(value: Decimal, least: int = 0) -> str:
    """A number as findings say it: no needless zeros (4.0 in a file is 4 in an open spreadsheet), at least so many decimals."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return f"{plain:.{max(places, least)}f}"


@dataclass(frozen=True)
class Finding:
    """One thing that the policy or the book's own order misses: which rule, where, and what to do."""

    rule: str  # the policy row and a short name, such as S2-evidence
    sheet: str
    row: int | None
    key: str
    column: str
    message: str

    def as_data(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return {
            "rule": self.rule, "sheet": self.sheet, "row": self.row, "key": self.key, "column": self.column,
            "message": self.message,
        }  # fmt: skip

    @property
    def where(self) -> str:
        """The place as people read it: 评分 第 12 行 M-0007 依据."""
        row = f"第 {self.row} 行" if self.row else ""
        return " ".join(part for part in (self.sheet, row, self.key, self.column) if part)


@dataclass(frozen=True)
class Situation:
    """A book as the checks see it, as of one day."""

    book: Book
    today: date

    @cached_property
    def selection(self) -> Selection:
        """The selection chapter."""
        return read_selection(self.book)

    @cached_property
    def records(self) -> Mapping[str, list[Record]]:
        """The rows of every declared table that is there, by table name."""
        return {table.name: read_if_there(self.book, table) for table in TABLES}

    @cached_property
    def ledger(self) -> Ledger:
        """The performance chapter."""
        return ledger_of(self.records)

    def of(self, table: type[Table]) -> list[Record]:
        """The rows of a table."""
        return self.records[table.name]


Check = Callable[[Situation], Iterator[Finding]]


def at(record: Record, rule: str, message: str, column: str = "") -> Finding:
    """A finding about a row, or about one of its cells (`column` is a column name)."""
    header = record.table.columns[column].zh if column else ""
    return Finding(rule, record.sheet, record.number, record.key, header, message)


def run_checks(book: Book, today: date) -> list[Finding]:
    """Every finding of every check, in the order of the policy."""
    return findings_of(Situation(book, today))


def findings_of(situation: Situation) -> list[Finding]:
    """As `run_checks`, over a book that is read already."""
    from workbook.rules.checks import CHECKS

    return [finding for check in CHECKS for finding in check(situation)]
