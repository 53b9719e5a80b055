"""Owns what a finance sheet is understood to say: its columns, lines, totals, and every row that was left out, with why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

NOTHING = Decimal("0.00")
AMOUNTS = ("budget", "actual", "committed")
IGNORE = "ignore"

Remembered = Mapping[str, tuple[str, int | None]]
"""Header as shown (`2026年1月／预算`) → meaning code or `ignore`, and the unit in yuan or None; wins over guesses."""


@dataclass(frozen=True)
class Options:
    """What people say about a file. `unit` is yuan in one unit, `rates` yuan for one unit of a currency and its day.

    What a cell or its header states counts more; what only a title states counts less.
    """

    unit: int | None = None
    tax: str | None = None
    year: int | None = None
    currency: str | None = None
    rates: Mapping[str, tuple[Decimal, date]] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True)
class MappedColumn:
    """One column of the source: its meaning code or `ignore`, unit in yuan, period such as `2026-01`, and why."""

    sheet: str
    header: str
    letters: str
    meaning: str
    unit: int | None
    period: str
    samples: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of money. Amounts are yuan to the cent, originals in `currency`; progress and tax rate are percent.

    `row` counts from 1. Words are "" where nothing stands; `tax` is `included`, `excluded` or None for not stated.
    """

    sheet: str
    row: int
    contract: str = ""
    partner: str = ""
    project: str = ""
    category: str = ""
    voucher: str = ""
    remark: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    budget: Decimal | None = None
    actual: Decimal | None = None
    committed: Decimal | None = None
    budget_original: Decimal | None = None
    actual_original: Decimal | None = None
    planned_progress: Decimal | None = None
    progress: Decimal | None = None
    currency: str = "CNY"
    fx_rate: Decimal | None = None
    fx_on: date | None = None
    tax: str | None = None
    tax_rate: Decimal | None = None
    hidden: bool = False


@dataclass(frozen=True)
class TotalCheck:
    """A total that the sheet states beside the sum of the lines it covers, both in the sheet's own currency."""

    sheet: str
    row: int
    label: str
    meaning: str
    period: str
    stated: Decimal
    computed: Decimal
    note: str = ""

    @property
    def agrees(self) -> bool:
        """Whether both are the same to the cent."""
        return self.stated == self.computed

    @property
    def sentence(self) -> str:
        """The comparison as people read it: place, both numbers, the difference, and what explains it."""
        what = {"budget": "预算", "actual": "实际", "committed": "已承诺"}.get(self.meaning, self.meaning)
        where = (
            f"工作表“{self.sheet}”第 {self.row} 行“{self.label}”的{what}{f'（{self.period}）' if self.period else ''}"
        )
        if self.agrees:
            return f"{where} {self.stated:,.2f}，与各行相符。"
        gap = self.stated - self.computed
        return f"{where}写的是 {self.stated:,.2f}，各行相加是 {self.computed:,.2f}，相差 {gap:,.2f}。{self.note}"


@dataclass(frozen=True)
class LeftOut:
    """A row that is no line and no total: its words, and why it was left out."""

    sheet: str
    row: int
    words: str
    why: str


@dataclass(frozen=True)
class UnderstoodSheet:
    """One sheet: `kind` is `budget` or `ignored`; header rows count from 1; `layout` is `long`, `wide` or ""."""

    name: str
    kind: str
    why: str
    header_rows: tuple[int, int] | None = None
    unit: int | None = None
    currency: str = ""
    tax: str | None = None
    year: int | None = None
    layout: str = ""
    lines: int = 0


@dataclass(frozen=True)
class Understood:
    """A whole file: every row of its budget sheets is a line (or lines), a total, or left out with a reason."""

    file: str
    sha256: str
    sheets: tuple[UnderstoodSheet, ...]
    columns: tuple[MappedColumn, ...]
    lines: tuple[SourceLine, ...]
    checks: tuple[TotalCheck, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]

    @property
    def disagreements(self) -> tuple[TotalCheck, ...]:
        """The totals that their lines contradict."""
        return tuple(check for check in self.checks if not check.agrees)

    def total(self, meaning: str) -> Decimal:
        """The sum over all lines of `budget`, `actual` or `committed`, in yuan to the cent."""
        return sum((getattr(line, meaning) or NOTHING for line in self.lines), NOTHING)
