"""Owns rating partners over a period: metrics become marks through bands, marks a score and a grade; peers and history beside it (S30 to S38).

Pure: a ledger in, results out. The same function answers the workbook, the command line, a frozen result's recomputation
and a back-test under other rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from workbook.evaluation.exact import half_up
from workbook.evaluation.grading import band_mark
from workbook.evaluation.model import Entry, Mark, Measured, Outcome, PartState, Policy, State
from workbook.evaluation.ranking import competition_ranks
from workbook.evaluation.refusals import EvaluationRefused
from workbook.evaluation.selection import score_panel
from workbook.evaluation.spread import FEWEST_PEERS, percentile_rank
from workbook.records import Record
from workbook.rules.budgets import budget_metric
from workbook.rules.metrics import PLAIN, TIMED, Metric, nothing, percent, source_rows
from workbook.rules.performance import Ledger, Measure, MeasuresRefused, Period, Tree, measured_partners, usable
from workbook.rules.selection import SETTING_DEFAULTS
from workbook.schema import Number
from workbook.tables import Judgements, SettingRow, SiteChecks

REGISTERS = ("proposals", "saving")  # of which nothing is a zero, once there is anything else


@dataclass(frozen=True)
class Rated:
    """One partner's result in a period: the outcome, the raw numbers by measure, and what stands beside the score."""

    partner: Record
    outcome: Outcome
    metrics: Mapping[str, Metric]
    measured_points: Decimal
    judged_points: Decimal
    site: Fraction | None  # share of the site checklist that conforms, in percent
    rank: int | None = None  # among the rated partners of the category
    percentile: Decimal | None = None


@dataclass(frozen=True)
class PeriodResult:
    """A period with its rules and the results of all partners, in the order of their numbers."""

    period: Period
    tree: Tree
    rated: tuple[Rated, ...]


def rate_period(ledger: Ledger, period: Period, now: datetime, partners: Sequence[str] | None = None) -> PeriodResult:
    """Rate everybody whom a period measures, or only some partners, as of a moment.

    Raises:
        MeasuresRefused, WeightsRefused, BandsRefused: the rules of the period cannot be used.
    """
    tree = usable(ledger, period.rule_version)
    rows = [row for row in measured_partners(ledger, period) if partners is None or row.key in partners]
    marks, absent = _judged(ledger, tree, period, [row.key for row in rows])
    judged = {mark.candidate for mark in marks}
    metrics = {
        row.key: _if_anything(_metrics(ledger, tree, period, row.key, now), tree, row.key in judged) for row in rows
    }
    measured = [
        _mark(tree, row.key, measure, metrics[row.key][measure.key], absent)
        for row in rows for measure in tree.measures.values() if not measure.judged
    ]  # fmt: skip
    outcomes = score_panel(
        tree.dimensions, [Entry(row.key) for row in rows], marks, measured, (), _policy(ledger), tree.grades
    )
    by_key = {outcome.candidate: outcome for outcome in outcomes}
    rated = [_rated(ledger, tree, period, row, by_key[row.key], metrics[row.key]) for row in rows]
    return PeriodResult(period, tree, tuple(_among_peers(rated)))


def _policy(ledger: Ledger) -> Policy:
    """What staff set; judged measures have their own least number of reviewers, so scoring asks for none."""
    name = SettingRow.MIN_COVERAGE
    text = ledger.settings.get(name) or SETTING_DEFAULTS[name]
    try:
        coverage: Decimal = Number(name, name, minimum=0, maximum=100).parse(text)
    except ValueError as error:
        raise MeasuresRefused(f"“设置”里的“{name}”应为 0 到 100 的数字，现在是“{text}”。") from error
    return Policy(0, coverage, whole_dimension_may_be_na=True)


def fewest_reviewers(ledger: Ledger) -> int:
    """How many reviewers a judged measure needs.

    Raises:
        MeasuresRefused: the setting is no whole number.
    """
    name = SettingRow.JUDGED_REVIEWERS
    text = (ledger.settings.get(name) or SETTING_DEFAULTS[name]).strip()
    if not text.isdecimal() or not 1 <= int(text) <= 50:
        raise MeasuresRefused(f"“设置”里的“{name}”应为 1 到 50 的整数，现在是“{text}”。")
    return int(text)


# --- marks -----------------------------------------------------------------------------------------------------------


def _metrics(ledger: Ledger, tree: Tree, period: Period, partner: str, now: datetime) -> dict[str, Metric]:
    found = {}
    for measure in tree.measures.values():
        if measure.judged:
            continue
        if measure.metric == "budget":
            found[measure.key] = budget_metric(ledger, tree, period, partner, measure.key, now.date())
        elif measure.metric in TIMED:
            found[measure.key] = TIMED[measure.metric](ledger, period, partner, now)
        elif measure.metric in PLAIN:
            found[measure.key] = PLAIN[measure.metric](ledger, period, partner)
        else:
            found[measure.key] = nothing(f"没有“{measure.metric}”这项数据")
    return found


def _if_anything(metrics: dict[str, Metric], tree: Tree, judged: bool) -> dict[str, Metric]:
    """A partner of which a period holds nothing has no zero in innovation either: then it is 无数据 like all the rest."""
    registers = {m.key for m in tree.measures.values() if m.metric in REGISTERS}
    if judged or any(m.value is not None for key, m in metrics.items() if key not in registers or m.value):
        return metrics
    return {
        key: nothing("本期没有任何记录", metric.rows) if key in registers else metric for key, metric in metrics.items()
    }


def _mark(
    tree: Tree, partner: str, measure: Measure, metric: Metric, absent: Mapping[tuple[str, str], str]
) -> Measured:
    """The mark of a metric: its band's, or the mean of the bands of several numbers, and never above its cap."""
    if key := absent.get((partner, measure.key)):
        return Measured(partner, measure.key, None, key, applies=False)
    if metric.value is None:
        return Measured(partner, measure.key, None, metric.why)
    bands = [band for band, _ in tree.bands.get(measure.key, ())]
    try:
        marks = [min(band_mark(value, bands), metric.cap) for value in metric.values or (metric.value,)]
    except EvaluationRefused as error:
        raise MeasuresRefused(f"{partner} 的“{measure.title}”（{metric.shown}）换算不出分数：{error}") from error
    mean = Fraction(sum(marks), len(marks))
    return Measured(partner, measure.key, int(mean) if mean.denominator == 1 else mean, source_rows(metric.rows))


def _judged(
    ledger: Ledger, tree: Tree, period: Period, partners: Sequence[str]
) -> tuple[list[Mark], dict[tuple[str, str], str]]:
    """The judged marks that count, and the measured measures that staff called 不适用 to a partner, with their row.

    A judged measure that fewer reviewers marked than the setting asks for has no data.
    """
    least, known = fewest_reviewers(ledger), set(partners)
    marks: dict[tuple[str, str], list[Mark]] = {}
    absent: dict[tuple[str, str], str] = {}
    for row in ledger.of(Judgements):
        place = (row.text("partner"), row.text("measure"))
        measure = tree.measures.get(place[1])
        if row["period"] != period.key or place[0] not in known or measure is None or row["mark"] is None:
            continue
        if not measure.judged:
            if row["mark"] == 0:
                absent[place] = row.key
            continue
        if period.reviewers and row.text("reviewer") not in period.reviewers:
            continue
        mark = Mark(place[0], row.text("reviewer"), place[1], int(row["mark"]) or None, row.key)
        marks.setdefault(place, []).append(mark)
    return [mark for found in marks.values() if _enough(found, least) for mark in found], absent


def _enough(marks: Sequence[Mark], least: int) -> bool:
    """Whether as many reviewers as are asked for marked it: each with one mark, for two of one reviewer count as none.

    Where anybody gave 1 to 5, only those count; 不适用 needs as many reviewers to say so.
    """
    times = Counter(mark.reviewer for mark in marks)
    counted = [mark for mark in marks if times[mark.reviewer] == 1]
    given = [mark for mark in counted if mark.value is not None]
    return len(given or counted) >= least


# --- what stands beside the score ------------------------------------------------------------------------------------


def _rated(
    ledger: Ledger, tree: Tree, period: Period, row: Record, outcome: Outcome, metrics: Mapping[str, Metric]
) -> Rated:
    scored = [part for part in outcome.parts if part.state is PartState.SCORED]
    judged = sum((p.contribution for p in scored if tree.measures[p.indicator].judged), Decimal("0.00"))
    measured = sum((p.contribution for p in scored if not tree.measures[p.indicator].judged), Decimal("0.00"))
    return Rated(row, outcome, metrics, measured, judged, _site(ledger, period, row.key))


def _site(ledger: Ledger, period: Period, partner: str) -> Fraction | None:
    rows = [r for r in ledger.of_partner(SiteChecks, partner) if r["period"] == period.key]
    counted = [r["result"] for r in rows if r["result"] in ("conforms", "differs")]
    return Fraction(counted.count("conforms") * 100, len(counted)) if counted else None


def _among_peers(rated: Sequence[Rated]) -> list[Rated]:
    """横向: ranks inside the category, and the percentile where there are at least three peers, itself among them."""
    groups: dict[str, list[Rated]] = {}
    for one in rated:
        if one.outcome.state is State.RANKED and one.partner["category"]:  # none named: no peers
            groups.setdefault(one.partner.text("category"), []).append(one)
    placed: dict[str, tuple[int, Decimal | None]] = {}
    for group in groups.values():
        scores = [one.outcome.score or Decimal(0) for one in group]
        for one, rank in zip(group, competition_ranks(scores, 2), strict=True):
            share = percentile_rank(one.outcome.score or Decimal(0), scores)
            placed[one.partner.key] = (rank, None if share is None else half_up(share, 1))
    return [_placed(one, placed.get(one.partner.key)) for one in rated]


def _placed(one: Rated, place: tuple[int, Decimal | None] | None) -> Rated:
    if place is None:
        return one
    return Rated(
        one.partner, one.outcome, one.metrics, one.measured_points, one.judged_points, one.site, place[0], place[1]
    )


__all__ = ["FEWEST_PEERS", "PeriodResult", "Rated", "fewest_reviewers", "percent", "rate_period"]
