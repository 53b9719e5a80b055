"""Owns the finance lines: every line of 预算执行 as finance pulls it, and the exact sums over them (S32).

A sum must never miss a line in silence: a cell that cannot be read, a key that stands twice and a line without a key are
refusals that name the row, raised before the first line is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from workbook.errors import PartnerBookError
from workbook.evaluation.exact import exact, half_up
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.reports.finance_columns import (
    JOINED,
    FinanceColumn,
    LevelTooLow,
    finance_columns,
    word_of,
)
from workbook.rows import need
from workbook.rules.earned import ALL as TOTAL
from workbook.rules.earned import PLACES, SUMMED, UNMATCHED
from workbook.schema import CONFIDENTIAL, Table
from workbook.tables import Budgets

__all__ = [
    "SUMMED", "TOTAL", "UNMATCHED", "DuplicateLine", "FinanceColumn", "FinanceLine", "FinanceLineUnreadable",
    "LevelTooLow", "LineWithoutKey", "RunningTotals", "Totals", "finance_columns", "finance_lines", "totals_of", "word_of",
]  # fmt: skip

FinanceLine: TypeAlias = Mapping[str, "str | Decimal | date | None"]

NEEDED = ("budget_line", "partner", "budget", "actual")
SHOWN_PROBLEMS = 5
NOTHING = Decimal("0.00")


class FinanceLineUnreadable(PartnerBookError):
    """Cells of 预算执行 that their columns do not take; `cells` are (row, column)."""

    def __init__(self, sheet: str, problems: Sequence[tuple[int, str, str]]):
        self.cells = tuple((row, column) for row, column, _ in problems)
        named = "；".join(f"第 {row} 行“{column}”：{why}" for row, column, why in problems[:SHOWN_PROBLEMS])
        more = f"；等共 {len(problems)} 处" if len(problems) > SHOWN_PROBLEMS else ""
        super().__init__(f"工作表“{sheet}”有读不懂的单元格，没有取数，以免合计少算：{named}{more}。请改正后保存再试。")


class DuplicateLine(PartnerBookError):
    """A key of 预算执行 stands in more than one row; `rows` are sheet rows."""

    def __init__(self, sheet: str, key: str, rows: Sequence[int]):
        self.key, self.rows = key, tuple(rows)
        places = "、".join(str(row) for row in rows)
        super().__init__(
            f"工作表“{sheet}”里预算编号 {key} 出现在第 {places} 行，没有取数。"
            "请保留一行；如果是复制出来的新行，把它的预算编号清空，再运行 partnerbook evaluate。"
        )


class LineWithoutKey(PartnerBookError):
    """Rows of 预算执行 have no key yet; `rows` are sheet rows."""

    def __init__(self, sheet: str, rows: Sequence[int]):
        self.rows = tuple(rows)
        places = "、".join(str(row) for row in rows[:SHOWN_PROBLEMS])
        many = f"等共 {len(rows)} 行" if len(rows) > SHOWN_PROBLEMS else ""
        super().__init__(
            f"工作表“{sheet}”第 {places} 行{many}还没有预算编号，没有取数。请先运行 partnerbook evaluate，它会补上编号。"
        )


def finance_lines(book: Book) -> Iterator[FinanceLine]:
    """Every line of 预算执行 in the order of its number, with all columns, whatever their level.

    Amounts are yuan to the cent, `rate` is percent to four decimals; a blank currency is CNY. The checks come first:
    the iterator itself refuses nothing.

    Raises:
        MissingTable, MissingColumn: the book has no 预算执行, or it lacks the key, the partner or an amount.
        FinanceLineUnreadable: a cell is none that its column takes.
        DuplicateLine, LineWithoutKey: a line cannot be told from another.
    """
    view = book.table(Budgets.name)
    need(Budgets, view.columns, NEEDED, view.sheet)
    records = read_records(book, Budgets)
    _refuse(records)
    names = {key: _names(book, table, name) for key, (_, _, table, name) in JOINED.items()}
    columns = [column.name for column in finance_columns(CONFIDENTIAL)]
    return (_line(record, columns, names) for record in sorted(records, key=_place))


def _refuse(records: Sequence[Record]) -> None:
    pulled = {column.name: column.label.zh for column in finance_columns(CONFIDENTIAL)}
    problems = [
        (row.number, pulled[name], why) for row in records for name, why in row.problems.items() if name in pulled
    ]
    problems += [
        (row.number, Budgets.partner.zh, f"“{row['partner']}”不是伙伴编号")
        for row in records
        if row["partner"] in NO_PARTNERS
    ]
    if problems:
        raise FinanceLineUnreadable(records[0].sheet, problems)
    if keyless := [row.number for row in records if not row.key]:
        raise LineWithoutKey(records[0].sheet, keyless)
    seen: dict[str, list[int]] = {}
    for row in records:
        seen.setdefault(row.key, []).append(row.number)
    for key, rows in seen.items():
        if len(rows) > 1:
            raise DuplicateLine(records[0].sheet, key, rows)


def _place(record: Record) -> tuple[bool, int, str]:
    number = Budgets.budget_line.number(record.key)
    return number is None, number or 0, record.key


def _names(book: Book, table: type[Table], name: str) -> dict[str, str | None]:
    """The names by key; a key that stands twice with two names has none."""
    found: dict[str, str | None] = {}
    for record in read_if_there(book, table):
        value = record[name]
        found[record.key] = value if found.get(record.key, value) == value else None
    return found


def _line(record: Record, columns: Sequence[str], names: Mapping[str, Mapping[str, str | None]]) -> FinanceLine:
    budget, actual = record["budget"], record["actual"]
    both = budget is not None and actual is not None
    left = budget - actual if both else None
    computed = {
        "difference": left,
        "rate": half_up(exact(actual) * 100 / exact(budget), 4) if both and budget else None,
        "available": None if left is None else left - (record["committed"] or NOTHING),
        "currency": record["currency"] or "CNY",
        **{joined: names[key].get(record.text(key)) for key, (joined, *_) in JOINED.items()},
    }
    return {name: computed[name] if name in computed else record[name] for name in columns}


@dataclass(frozen=True)
class Totals:
    """Sums over lines: how many, and amounts in yuan to the cent; a blank amount adds nothing.

    The indexes cover what 预算汇总 covers: `cost_…` sums the lines with an earned value and an actual amount of 0 or more,
    `schedule_…` those of them that have a planned value too.
    """

    lines: int = 0
    budget: Decimal = NOTHING
    actual: Decimal = NOTHING
    committed: Decimal = NOTHING
    planned_value: Decimal = NOTHING
    earned_value: Decimal = NOTHING
    saved: Decimal = NOTHING
    undelivered: Decimal = NOTHING
    cost_budget: Decimal = NOTHING
    cost_actual: Decimal = NOTHING
    cost_earned: Decimal = NOTHING
    schedule_earned: Decimal = NOTHING
    schedule_planned: Decimal = NOTHING

    @property
    def rate(self) -> Decimal | None:
        """Actual ÷ budget in percent, four decimals rounded half up; None without a budget."""
        return _quotient(self.actual * 100, self.budget)

    @property
    def available(self) -> Decimal:
        """Budget − actual − committed."""
        return self.budget - self.actual - self.committed

    @property
    def cpi(self) -> Decimal | None:
        """Σ earned value ÷ Σ actual; None without an actual amount."""
        return _quotient(self.cost_earned, self.cost_actual)

    @property
    def spi(self) -> Decimal | None:
        """Σ earned value ÷ Σ planned value; None without a planned value."""
        return _quotient(self.schedule_earned, self.schedule_planned)

    @property
    def eac(self) -> Decimal | None:
        """Σ budget ÷ CPI of the lines that CPI covers, to the cent; None while CPI is unknown or 0."""
        if self.cost_actual <= 0 or not self.cost_earned:
            return None
        return half_up(exact(self.cost_budget) * exact(self.cost_actual) / exact(self.cost_earned), 2)


def _quotient(part: Decimal, whole: Decimal) -> Decimal | None:
    return half_up(exact(part) / exact(whole), PLACES) if whole > 0 else None


COVERED = 5  # sums behind those that people read
NO_PARTNERS = (UNMATCHED, TOTAL)  # as keys of partners they would hide the sums that have these names


class RunningTotals:
    """Adds lines up as they stream past, by partner; memory grows with partners, not with lines."""

    def __init__(self) -> None:
        self._sums: dict[str, list[Decimal]] = {}
        self._lines: dict[str, int] = {}

    def add(self, line: FinanceLine) -> None:
        """Count a line."""
        partner = str(line["partner"] or UNMATCHED)
        self._lines[partner] = self._lines.get(partner, 0) + 1
        sums = self._sums.setdefault(partner, [NOTHING] * (len(SUMMED) + COVERED))
        for place, amount in enumerate((*(line[name] for name in SUMMED), *_covered(line))):
            if isinstance(amount, Decimal):
                sums[place] += amount

    def through(self, lines: Iterable[FinanceLine]) -> Iterator[FinanceLine]:
        """The same lines, each counted as it passes."""
        for line in lines:
            self.add(line)
            yield line

    def totals(self) -> dict[str, Totals]:
        """The sums by partner key in order, 未匹配 behind them and 合计 last, the latter always there."""
        found = {key: Totals(self._lines[key], *self._sums[key]) for key in sorted(self._sums, key=_partner_place)}
        whole = [sum(amounts, NOTHING) for amounts in zip(*self._sums.values(), strict=True)]
        return {**found, TOTAL: Totals(sum(self._lines.values()), *whole)}


def _covered(line: FinanceLine) -> tuple[object, ...]:
    """What a line adds to the sums behind the indexes, in the order of `Totals`; nothing where it is not covered."""
    budget, actual, earned, planned = (line[name] for name in ("budget", "actual", "earned_value", "planned_value"))
    if earned is None or not isinstance(actual, Decimal) or actual < 0:
        return ()
    return budget, actual, earned, None if planned is None else earned, planned


def _partner_place(key: str) -> tuple[bool, int, str]:
    return key == UNMATCHED, len(key), key


def totals_of(lines: Iterable[FinanceLine]) -> dict[str, Totals]:
    """The sums by partner key, 未匹配 for lines without one, and 合计."""
    running = RunningTotals()
    for line in lines:
        running.add(line)
    return running.totals()
