"""Owns what budgets and progress say: earned value, budget execution and its mark, what was saved and what is undelivered.

Amounts are exact all the way; they are rounded only when shown. Overspending is never better, and an under-run is a
saving only once the work is complete and verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from workbook.evaluation.banded import BandedMark, MarkState, NegativeNumber, show_percent, up_to
from workbook.evaluation.exact import Number, exact, half_up
from workbook.evaluation.grading import PlainBand, band_mark
from workbook.evaluation.refusals import EvaluationRefused

# Percent of the budget: up to 100 = 5, (100, 102] = 4, (102, 105] = 3, (105, 110] = 2, more = 1.
BUDGET_BANDS = up_to([(100, 5), (102, 4), (105, 3), (110, 2), (None, 1)])
CERTAIN_FROM = Decimal(95)  # complete and unverified below this percentage: 待核实
TOLERATED_DELAY = Decimal(5)  # percentage points behind the plan
MOST_WHEN_LATE = 2


class ProgressRefused(EvaluationRefused):
    """A progress is no percentage."""

    def __init__(self, what: str, value: object):
        self.value = value
        super().__init__(f"{what}是 {value}，只能在 0 到 100（%）之间。请核对。")


@dataclass(frozen=True)
class EarnedValue:
    """Earned value at one date. Amounts have the unit of those given; `cpi` and `spi` are ratios, above 1 is good.

    None stands where a division by zero would: `cpi` without actual cost, `spi` without planned value, and `eac`,
    `etc` and `vac` while CPI is unknown or 0.
    """

    cv: Fraction
    sv: Fraction
    cpi: Fraction | None
    spi: Fraction | None
    eac: Fraction | None
    etc: Fraction | None
    vac: Fraction | None


@dataclass(frozen=True)
class UnderRun:
    """What is left of a budget, to the cent: `saved` once verified, `undelivered` as long as it is not."""

    saved: Decimal
    undelivered: Decimal


def earned_value(planned: Number, earned: Number, actual: Number, budget: Number) -> EarnedValue:
    """Earned value management [PMI, ANSI/EIA-748] from PV, EV, AC and the budget at completion (BAC), exact.

    CV = EV − AC, SV = EV − PV, CPI = EV ÷ AC, SPI = EV ÷ PV, EAC = BAC ÷ CPI, ETC = EAC − AC, VAC = BAC − EAC.

    Raises:
        NotANumber: for a value that is no finite number.
        NegativeNumber: for one below 0.
    """
    pv, ev, ac, bac = (
        _amount(what, value)
        for what, value in (("计划价值", planned), ("挣值", earned), ("实际成本", actual), ("总预算", budget))
    )
    cpi = ev / ac if ac else None
    eac = bac / cpi if cpi else None
    return EarnedValue(
        cv=ev - ac,
        sv=ev - pv,
        cpi=cpi,
        spi=ev / pv if pv else None,
        eac=eac,
        etc=None if eac is None else eac - ac,
        vac=None if eac is None else bac - eac,
    )


def execution_rate(actual: Number, budget: Number) -> Fraction | None:
    """Actual ÷ budget, exact (1 is 100 %); None for a zero budget (无法计算). An actual below 0 is a refund.

    Raises:
        NotANumber: for a value that is no finite number.
        NegativeNumber: for a budget below 0.
    """
    whole = _amount("预算", budget)
    return exact(actual) / whole if whole else None


def budget_mark(
    actual: Number | None,
    budget: Number | None,
    *,
    complete: bool,
    verified: bool = False,
    progress: Number | None = None,
    planned_progress: Number | None = None,
    bands: Sequence[PlainBand] = BUDGET_BANDS,
) -> BandedMark:
    """The mark of budget execution; `progress` and `planned_progress` are percent (60 is 60 %), bands too.

    - Complete and verified: the band of actual ÷ budget.
    - Complete, unverified: below 95 % it is to be verified, else the band of actual ÷ budget.
    - In progress: the band of actual ÷ (budget × progress); more than 5 points behind the plan, 2 at most. Without
      progress there is no data; without a planned progress nothing is capped, and the sentence says so.

    `bands` are rows of 档位, or `up_to` of (upper edge, mark).

    Raises:
        NotANumber, NegativeNumber: as in `execution_rate`.
        ProgressRefused: for a progress outside 0 to 100.
        BandsRefused, OutsideBands: see `band_mark`.
    """
    if actual is None or budget is None:
        missing = "实际支出" if actual is None else "预算"
        return BandedMark(MarkState.NO_DATA, None, None, f"没有{missing}的数据，不评分。")
    rate = execution_rate(actual, budget)
    if rate is None:
        return BandedMark(MarkState.NOT_COMPUTABLE, None, None, "预算为零，无法计算执行率。")
    if not complete:
        return _in_progress(rate, progress, planned_progress, bands)
    shown = show_percent(rate)
    if not verified and rate * 100 < exact(CERTAIN_FROM):
        why = f"已完成，预算执行率 {shown}，低于 {CERTAIN_FROM}% 而尚未核实：待核实后再评分，未交付不算节约。"
        return BandedMark(MarkState.TO_BE_VERIFIED, rate, None, why)
    mark = band_mark(rate * 100, bands)
    done = "已完成并核实" if verified else "已完成，尚未核实"
    return BandedMark(MarkState.SCORED, rate, mark, f"{done}，预算执行率 {shown}，得 {mark} 分。")


def under_run(actual: Number, budget: Number, *, complete: bool, verified: bool) -> UnderRun:
    """What the budget exceeds the actual cost by, in whole cents: saved if complete and verified, else undelivered.

    Both are 0.00 when the budget is used up or overspent.

    Raises:
        NotANumber, NegativeNumber: as in `execution_rate`.
    """
    left = half_up(max(_amount("预算", budget) - exact(actual), Fraction(0)), 2)
    nothing = Decimal("0.00")
    return UnderRun(left, nothing) if complete and verified else UnderRun(nothing, left)


def _in_progress(
    spent: Fraction, progress: Number | None, planned: Number | None, bands: Sequence[PlainBand]
) -> BandedMark:
    if progress is None:
        return BandedMark(MarkState.NO_DATA, None, None, "进行中而没有进度数据，不评分。")
    done = _progress("进度", progress)
    if not done:
        return BandedMark(MarkState.NOT_COMPUTABLE, None, None, "进度为零，无法计算与进度相当的执行率。")
    rate = spent / done
    mark = band_mark(rate * 100, bands)
    why = f"进行中，进度 {show_percent(done)}，支出为进度应支的 {show_percent(rate)}"
    if planned is None:
        return BandedMark(MarkState.SCORED, rate, mark, f"{why}，得 {mark} 分；没有计划进度，未核对是否落后。")
    behind = (_progress("计划进度", planned) - done) * 100
    if behind > exact(TOLERATED_DELAY) and mark > MOST_WHEN_LATE:
        points = half_up(behind, 2)
        mark = MOST_WHEN_LATE
        return BandedMark(
            MarkState.SCORED,
            rate,
            mark,
            f"{why}；比计划落后 {points} 个百分点，超过 {TOLERATED_DELAY} 个，最多得 {mark} 分。",
        )
    return BandedMark(MarkState.SCORED, rate, mark, f"{why}，得 {mark} 分。")


def _amount(what: str, value: Number) -> Fraction:
    number = exact(value)
    if number < 0:
        raise NegativeNumber(what, value)
    return number


def _progress(what: str, value: Number) -> Fraction:
    number = exact(value)
    if not 0 <= number <= 100:
        raise ProgressRefused(what, value)
    return number / 100
