"""Owns what a line of 预算执行 and of 资源利用 says, and a partner's budget execution over its lines (S32, S33).

A partner's lines are added up as earned value: the actual cost of all lines ÷ the value of what is done of them. So a small
line that overran does not weigh as much as a large one, and what is not done yet is never a saving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from workbook.errors import PartnerBookError
from workbook.evaluation.banded import BandedMark, MarkState
from workbook.evaluation.exact import exact, half_up
from workbook.evaluation.grading import PlainBand, check_bands
from workbook.evaluation.money import BUDGET_BANDS, MOST_WHEN_LATE, TOLERATED_DELAY, budget_mark, under_run
from workbook.records import Record
from workbook.rules.earned import NO_PHASES, Phases, planned_progress
from workbook.rules.metrics import Metric, budget_lines, nothing, percent, use_rate
from workbook.rules.performance import Ledger, Period, Tree

IDLE_BELOW = Fraction(50)  # percent; below it a resource is called idle
NOT_SCORED = {
    MarkState.TO_BE_VERIFIED: "待核实",
    MarkState.NO_DATA: "无数据",
    MarkState.NOT_COMPUTABLE: "无法计算",
}


@dataclass(frozen=True)
class Line:
    """What a line of 预算执行 comes to: the verdict's code, its mark, and what of an under-run is saved or undelivered."""

    verdict: str
    mark: int | None
    saved: Decimal | None
    undelivered: Decimal | None
    found: BandedMark


def complete(row: Record) -> bool:
    """Whether the work of a line is done."""
    return bool(row["progress"] == 100)


def line_of(
    row: Record, bands: Sequence[PlainBand] = BUDGET_BANDS, phases: Phases = NO_PHASES, day: date | None = None
) -> Line:
    """What a line says under some bands; with `phases` its planned progress on `day` is theirs."""
    actual, budget, done = row["actual"], row["budget"], complete(row)
    verified = row["verified"] == "yes"
    planned = _planned(row, phases, day)
    found = budget_mark(
        actual, budget, complete=done, verified=verified, progress=row["progress"], planned_progress=planned, bands=bands,
    )  # fmt: skip
    saved = undelivered = None
    if actual is not None and budget is not None and budget >= 0:
        left = under_run(actual, budget, complete=done, verified=verified)
        saved, undelivered = left.saved, left.undelivered
    return Line(_verdict(row, found, planned), found.mark, saved, undelivered, found)


def _planned(row: Record, phases: Phases, day: date | None) -> Decimal | Fraction | None:
    return row["planned_progress"] if day is None else planned_progress(row, phases, day)


def _verdict(row: Record, found: BandedMark, planned: Decimal | Fraction | None) -> str:
    if found.state is MarkState.TO_BE_VERIFIED:
        return "unverified"
    if found.state is MarkState.NO_DATA:
        return "no_data"
    if found.state is not MarkState.SCORED or found.rate is None:
        return "not_computable"
    if not complete(row) and _behind(planned, row["progress"]):
        return "behind"
    if found.rate > 1:
        return "over"
    return "saved" if complete(row) and row["verified"] == "yes" and found.rate < 1 else "within"


def _behind(planned: Decimal | Fraction | None, progress: Decimal | None) -> bool:
    return planned is not None and progress is not None and exact(planned) - exact(progress) > exact(TOLERATED_DELAY)


def budget_bands(ledger: Ledger, version: str) -> Sequence[PlainBand]:
    """The bands of budget execution in a rule version; the policy's own where it has none that can be used."""
    known: dict[str, Sequence[PlainBand]] = ledger.memo.setdefault("budget bands", {})
    if version not in known:
        known[version] = _budget_bands(ledger, version)
    return known[version]


def _budget_bands(ledger: Ledger, version: str) -> Sequence[PlainBand]:
    tree = ledger.trees.get(version)
    measures = tree.measures.values() if tree else ()
    key = next((measure.key for measure in measures if measure.metric == "budget"), "")
    bands = [band for band, _ in tree.bands.get(key, ())] if tree else []
    try:
        return check_bands(bands)
    except PartnerBookError:
        return BUDGET_BANDS


def budget_metric(ledger: Ledger, tree: Tree, period: Period, partner: str, measure: str, day: date) -> Metric:
    """Actual cost ÷ value of what is done by a day, over the lines that can be scored; behind the plan as a whole, 2 at most."""
    rows = budget_lines(ledger, period, partner)
    if not rows:
        return nothing("本期没有预算记录")
    bands = [band for band, _ in tree.bands.get(measure, ())] or BUDGET_BANDS
    lines, left = [], []
    for row in rows:
        try:
            found = line_of(row, bands, ledger.phases, day)
        except PartnerBookError as error:
            left.append(f"{row.key} {error}")
            continue
        if found.mark is None:
            left.append(f"{row.key} {NOT_SCORED.get(found.found.state, '不记分')}")
        else:
            lines.append(row)
    keys = tuple(row.key for row in rows)
    out = f"；不计：{'、'.join(left)}" if left else ""
    if not lines:
        return nothing(f"本期的预算记录都还不能记分{out}", keys)
    cost, value, planned, whole = _sums(lines, ledger.phases, day)
    rate = cost * 100 / value
    behind = (planned - value) * 100 / whole
    late = behind > exact(TOLERATED_DELAY)
    plan = f"；比计划落后 {half_up(behind, 2)} 个百分点，最多得 {MOST_WHEN_LATE} 分" if late else ""
    why = f"实际发生 {half_up(cost, 2):,} ÷ 已完成部分的预算 {half_up(value, 2):,}{plan}{out}"
    return Metric(rate, percent(rate), why, keys, cap=MOST_WHEN_LATE if late else 5)


def _sums(rows: Sequence[Record], phases: Phases, day: date) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Actual cost, earned value, planned value and budget; a line without a plan is where it is planned to be."""
    cost = value = planned = whole = Fraction(0)
    for row in rows:
        budget, done = exact(row["budget"]), Fraction(1) if complete(row) else exact(row["progress"]) / 100
        plan = planned_progress(row, phases, day)
        cost += exact(row["actual"])
        value += budget * done
        planned += budget * (done if plan is None or complete(row) else exact(plan) / 100)
        whole += budget
    return cost, value, planned, whole


def use_of(row: Record) -> str:
    """The verdict on a line of 资源利用: normal, idle, overused, or no data."""
    rate = use_rate(row)
    if rate is None:
        return "no_data"
    return "overused" if rate > 100 else "idle" if rate < IDLE_BELOW else "normal"
