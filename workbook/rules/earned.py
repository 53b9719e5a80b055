"""Owns earned value over lines of 预算执行: what is planned by a day, what is done of it, and exact sums per partner (S32).

A line with phases is planned as they say: an ended phase whole, a running one by its days, a coming one not at all. So a
budget that is due late in the year is not behind in spring, as a twelfth a month would have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from workbook.errors import PartnerBookError
from workbook.evaluation.exact import exact, half_up
from workbook.evaluation.money import EarnedValue, ProgressRefused, earned_value
from workbook.records import Record

Phases = Mapping[str, Sequence[Record]]
NO_PHASES: Phases = {}
UNMATCHED, ALL = "未匹配", "合计"  # the totals of lines without a partner, and of all lines
NOTHING = Decimal("0.00")
SUMMED = ("budget", "actual", "committed", "planned_value", "earned_value", "saved", "undelivered")
PLACES = 4  # decimals of a cost or schedule index as it is shown


@dataclass(frozen=True)
class Earned:
    """One line at a day, exact: planned and earned value in yuan (None: not known), and the figures that follow."""

    planned: Fraction | None
    earned: Fraction | None
    figures: EarnedValue | None

    @property
    def cpi(self) -> Fraction | None:
        """Earned value ÷ actual cost."""
        return self.figures.cpi if self.figures else None

    @property
    def spi(self) -> Fraction | None:
        """Earned value ÷ planned value."""
        return self.figures.spi if self.figures and self.planned is not None else None

    @property
    def eac(self) -> Fraction | None:
        """Budget ÷ CPI."""
        return self.figures.eac if self.figures else None


@dataclass
class Sums:
    """Sums over lines, to the cent: money columns are sums of what stands in the cells, indexes come from exact values."""

    lines: int = 0
    money: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(SUMMED, NOTHING))
    no_progress: int = 0
    no_plan: int = 0
    cost: tuple[Fraction, Fraction, Fraction] = (Fraction(0), Fraction(0), Fraction(0))  # EV, AC, budget
    schedule: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))  # EV, PV

    @property
    def rate(self) -> Fraction | None:
        """Actual ÷ budget in percent."""
        budget = exact(self.money["budget"])
        return exact(self.money["actual"]) * 100 / budget if budget > 0 else None

    @property
    def cpi(self) -> Fraction | None:
        """Over the lines of which progress and actual cost are known."""
        value, cost, _ = self.cost
        return value / cost if cost > 0 else None

    @property
    def spi(self) -> Fraction | None:
        """Over the lines of which progress and plan are known."""
        value, planned = self.schedule
        return value / planned if planned > 0 else None

    @property
    def eac(self) -> Fraction | None:
        """The budget of the lines that CPI covers ÷ CPI."""
        cpi = self.cpi
        return self.cost[2] / cpi if cpi else None

    def left_out(self) -> str | None:
        """How many lines CPI and SPI do not cover, in words."""
        parts = [(self.no_progress, "没有进度或实际发生"), (self.no_plan, "没有计划")]
        return "；".join(f"{count} 行{why}" for count, why in parts if count) or None


def phases_by_line(rows: Iterable[Record]) -> dict[str, list[Record]]:
    """The phases that say when and how much, by the number of their line."""
    found: dict[str, list[Record]] = {}
    for row in rows:
        if row["budget_line"] and row["starts_on"] and row["ends_on"] and row["planned"] is not None:
            found.setdefault(row.text("budget_line"), []).append(row)
    return found


def planned_value(row: Record, phases: Phases, day: date) -> Fraction | None:
    """What of a line's budget is planned to be done by the end of a day, in yuan; None where nothing says it."""
    own = phases.get(row.key)
    if own:
        return sum((exact(phase["planned"]) * _passed(phase, day) for phase in own), Fraction(0))
    if row["budget"] is None or row["planned_progress"] is None:
        return None
    return exact(row["budget"]) * exact(row["planned_progress"]) / 100


def _passed(phase: Record, day: date) -> Fraction:
    """The part of a phase that lies behind, by calendar days, ends included."""
    first, last = phase["starts_on"], phase["ends_on"]
    days = (last - first).days + 1
    return min(max(Fraction((day - first).days + 1, days), Fraction(0)), Fraction(1)) if days > 0 else Fraction(1)


def planned_progress(row: Record, phases: Phases, day: date) -> Decimal | Fraction | None:
    """The planned progress of a line in percent: from its phases, else what people typed."""
    if not phases.get(row.key):
        typed: Decimal | None = row["planned_progress"]
        return typed
    value = planned_value(row, phases, day)
    return min(value * 100 / exact(row["budget"]), Fraction(100)) if value is not None and row["budget"] else None


def earned_of(row: Record, phases: Phases, day: date) -> Earned:
    """Earned value of one line; nothing for a budget that is missing or no budget, or a refund as actual cost."""
    budget, actual, progress = row["budget"], row["actual"], row["progress"]
    if budget is None or budget <= 0:
        return Earned(None, None, None)
    planned = planned_value(row, phases, day)
    if progress is None:
        return Earned(planned, None, None)
    if not 0 <= progress <= 100:
        raise ProgressRefused("完成进度", progress)
    earned = exact(budget) * exact(progress) / 100
    if actual is None or actual < 0 or (planned is not None and planned < 0):
        return Earned(planned, earned, None)
    return Earned(planned, earned, earned_value(planned or 0, earned, actual, budget))


def sound_earned(row: Record, phases: Phases, day: date) -> Earned:
    """As `earned_of`; a line whose figures cannot be (a progress below 0 or above 100) has none, and `check` tells of it."""
    try:
        return earned_of(row, phases, day)
    except PartnerBookError:
        return Earned(None, None, None)


def cells_of(found: Earned) -> dict[str, Decimal | None]:
    """The figures as they stand in a row: money to the cent, indexes to four decimals."""
    return {
        "planned_value": _rounded(found.planned, 2), "earned_value": _rounded(found.earned, 2),
        "cpi": _rounded(found.cpi, PLACES), "spi": _rounded(found.spi, PLACES), "eac": _rounded(found.eac, 2),
    }  # fmt: skip


def _rounded(value: Fraction | None, decimals: int) -> Decimal | None:
    return None if value is None else half_up(value, decimals)


def sums_of(lines: Iterable[tuple[Record, Earned, Mapping[str, Decimal | None]]]) -> dict[str, Sums]:
    """The sums by partner, `UNMATCHED` without one, and `ALL`; each line comes with what stands in its computed cells."""
    found: dict[str, Sums] = {}
    whole = Sums()
    for row, earned, cells in lines:
        for sums in (found.setdefault(row.text("partner") or UNMATCHED, Sums()), whole):
            _add(sums, row, earned, cells)
    return dict(sorted(found.items(), key=lambda one: (one[0] == UNMATCHED, one[0]))) | {ALL: whole}


def _add(sums: Sums, row: Record, earned: Earned, cells: Mapping[str, Decimal | None]) -> None:
    sums.lines += 1
    for name in SUMMED:
        amount = cells[name] if name in cells else row[name]
        if amount is not None:
            sums.money[name] += amount
    if earned.figures is None or earned.earned is None:
        sums.no_progress += 1
        return
    value, cost, budget = sums.cost
    sums.cost = (value + earned.earned, cost + exact(row["actual"]), budget + exact(row["budget"]))
    if earned.planned is None:
        sums.no_plan += 1
        return
    done, planned = sums.schedule
    sums.schedule = (done + earned.earned, planned + earned.planned)


def total_row(key: str, name: str, sums: Sums) -> dict[str, object]:
    """A row of 预算汇总."""
    return {
        "total": key, "legal_name": name or None, "lines": Decimal(sums.lines), **sums.money, "rate": _rounded(sums.rate, 4),
        "cpi": _rounded(sums.cpi, PLACES), "spi": _rounded(sums.spi, PLACES), "eac": _rounded(sums.eac, 2),
        "left_out": sums.left_out(),
    }  # fmt: skip
