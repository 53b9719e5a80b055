"""Owns scoring a panel: marks, gates and policy in; official scores, ranks, grades and their parts out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from workbook.evaluation.exact import exact, half_up, largest_remainder, official, weighted_mean
from workbook.evaluation.grading import check_bands, grade
from workbook.evaluation.improving import next_step
from workbook.evaluation.model import (
    Band,
    Dimension,
    Entry,
    Indicator,
    Mark,
    Measured,
    Outcome,
    Part,
    PartState,
    Policy,
    State,
)
from workbook.evaluation.ranking import ranks_of
from workbook.evaluation.refusals import (
    DoubledCandidate,
    MarkOutOfScale,
    TreeRefused,
    UnknownCandidate,
    UnknownIndicator,
)
from workbook.evaluation.weights import hierarchical_weights

Weights: TypeAlias = Mapping[str, Fraction]
NO_POINTS = Decimal("0.00")


@dataclass
class _Sheet:
    """What was said about one candidate: the marks that count by indicator, and what was left out."""

    marks: dict[str, list[Mark]]
    measured: dict[str, Measured]
    notes: list[str]


@dataclass(frozen=True)
class _Leaf:
    """What became of one indicator: `mean` is there if it is scored; `sources` name what decided."""

    dimension: Dimension
    indicator: Indicator
    state: PartState
    mean: Fraction | None
    sources: tuple[str, ...]


def score_panel(
    dimensions: Sequence[Dimension],
    entries: Sequence[Entry],
    marks: Sequence[Mark],
    measured: Sequence[Measured],
    recused: Collection[tuple[str, str]],
    policy: Policy,
    grades: Sequence[Band],
) -> tuple[Outcome, ...]:
    """The outcome of every candidate of a panel, in `order`: ranked ones, then disqualified, then blocked ones.

    The mark of an indicator is the mean over the reviewers who gave 1 to 5 and are not recused (`recused` holds
    (reviewer, candidate)); with none of those it is NA if anybody said so, else MISSING. What has no mark is dropped
    and the rest of its dimension renormalised; dimensions keep their weights. The official score is the weighted mean
    on 1–5, ÷ 5 × 100, exact until it is rounded half up once to two decimals; rank and grade are decided on that.
    Weights count by their proportions. Nothing depends on the order of candidates or marks, and no candidate's score
    on another's marks. Without `grades` nobody has a grade.

    Raises:
        TreeRefused, WeightsRefused: the tree cannot be used.
        BandsRefused, OutsideBands: the grades leave gaps, overlap, or miss a score.
        UnknownCandidate, UnknownIndicator, MarkOutOfScale: a mark does not belong here; its source is named.
        DoubledCandidate: a candidate stands in `entries` twice.
    """
    weights = hierarchical_weights(dimensions)
    _check_tie_breaks(dimensions, policy)
    _check(dimensions, entries, marks, measured)
    ladder = check_bands(grades) if grades else ()
    sheets = _sheets(dimensions, entries, marks, measured, recused)
    outcomes = [_outcome(dimensions, weights, entry, sheets[entry.candidate], policy) for entry in entries]
    return _in_order(_graded(_ranked(outcomes, dimensions, policy), dimensions, ladder))


# --- what comes in --------------------------------------------------------------------------------------------------


def _check_tie_breaks(dimensions: Sequence[Dimension], policy: Policy) -> None:
    known = {dimension.key for dimension in dimensions}
    for key in policy.tie_breaks:
        if key not in known:
            raise TreeRefused(f"并列时比较的维度 {key} 不在评价指标里。请改正设置。")


def _check(
    dimensions: Sequence[Dimension], entries: Sequence[Entry], marks: Sequence[Mark], measured: Sequence[Measured]
) -> None:
    banded = {leaf.key: leaf.banded for dimension in dimensions for leaf in dimension.indicators}
    keys = [entry.candidate for entry in entries]
    candidates = set(keys)
    if len(candidates) < len(keys):
        raise DoubledCandidate(sorted({key for key in candidates if keys.count(key) > 1}))
    given: Iterable[Mark | Measured] = (*marks, *measured)
    for mark in given:
        if mark.candidate not in candidates:
            raise UnknownCandidate(mark.source, mark.candidate)
        if mark.indicator not in banded:
            raise UnknownIndicator(mark.source, mark.indicator)
        if isinstance(mark, Measured) and not banded[mark.indicator]:
            raise UnknownIndicator(mark.source, mark.indicator, "由评审人打分，不按档位换算")
        plain = type(mark.value) is int or (isinstance(mark, Measured) and isinstance(mark.value, Fraction))
        if mark.value is not None and (not plain or not 1 <= mark.value <= 5):
            raise MarkOutOfScale(mark.source, mark.value)


def _sheets(
    dimensions: Sequence[Dimension],
    entries: Sequence[Entry],
    marks: Sequence[Mark],
    measured: Sequence[Measured],
    recused: Collection[tuple[str, str]],
) -> dict[str, _Sheet]:
    """The marks that count, by candidate: neither of recused reviewers, nor on banded indicators, nor given twice."""
    banded = {leaf.key for dimension in dimensions for leaf in dimension.indicators if leaf.banded}
    away = frozenset(recused)
    sheets = {entry.candidate: _Sheet({}, {}, []) for entry in entries}
    by_place: dict[tuple[str, str, str], list[Mark]] = {}
    left_out: dict[tuple[str, str], int] = {}
    for mark in marks:
        pair = (mark.reviewer, mark.candidate)
        if pair in away:
            left_out[pair] = left_out.get(pair, 0) + 1
        elif mark.indicator not in banded:
            by_place.setdefault((mark.candidate, mark.reviewer, mark.indicator), []).append(mark)
    for (reviewer, candidate), count in sorted(left_out.items()):
        sheets[candidate].notes.append(f"评审人 {reviewer} 已回避，其 {count} 项评分不计")
    for (candidate, reviewer, indicator), found in sorted(by_place.items()):
        if len(found) == 1:
            sheets[candidate].marks.setdefault(indicator, []).append(found[0])
        else:
            who = f"评审人 {reviewer} 对指标 {indicator} "
            sheets[candidate].notes.append(_doubled(who, [mark.source for mark in found]))
    _add_measured(sheets, measured)
    return sheets


def _add_measured(sheets: Mapping[str, _Sheet], measured: Sequence[Measured]) -> None:
    by_place: dict[tuple[str, str], list[Measured]] = {}
    for value in measured:
        by_place.setdefault((value.candidate, value.indicator), []).append(value)
    for (candidate, indicator), found in sorted(by_place.items()):
        if len(found) == 1:
            sheets[candidate].measured[indicator] = found[0]
        else:
            sheets[candidate].notes.append(_doubled(f"指标 {indicator} ", [value.source for value in found]))


def _doubled(what: str, sources: Sequence[str]) -> str:
    return f"{what}有重复的评分 {'、'.join(_sorted(sources))}，都不计入。请只保留一条"


def _sorted(sources: Iterable[str]) -> tuple[str, ...]:
    """Sources in the order people count them: M-9 before M-10."""
    return tuple(sorted(sources, key=_natural))


def _natural(key: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", key) if part)


# --- one candidate --------------------------------------------------------------------------------------------------


def _outcome(dimensions: Sequence[Dimension], weights: Weights, entry: Entry, sheet: _Sheet, policy: Policy) -> Outcome:
    """The outcome of one candidate before ranks and grades; it depends on nobody else."""
    leaves = [_leaf(dimension, leaf, sheet) for dimension in dimensions for leaf in dimension.indicators]
    scores = {dimension.key: _dimension_score(dimension, leaves) for dimension in dimensions}
    score = weighted_mean(list(scores.values()), [exact(dimension.weight) for dimension in dimensions])
    shown = None if score is None else official(score)
    coverage = _coverage(leaves, weights)
    reviewers = len({mark.reviewer for found in sheet.marks.values() for mark in found if mark.value is not None})
    failed = tuple(gate.reason or f"门槛“{gate.name}”未通过" for gate in entry.gates if not gate.passed)
    blocks = _blocks(dimensions, leaves, scores, coverage, reviewers, policy)
    blocked = tuple(dict.fromkeys((*entry.blocked, *blocks)))
    state = State.DISQUALIFIED if failed else State.BLOCKED if blocked else State.RANKED
    return Outcome(
        candidate=entry.candidate,
        state=state,
        score=shown,
        rank=None,
        order=0,
        grade="",
        dimensions=scores,
        parts=_parts(leaves, scores, shown),
        coverage=coverage,
        reviewers=reviewers,
        reasons=failed or blocked,
        notes=tuple(sheet.notes),
    )


def _leaf(dimension: Dimension, indicator: Indicator, sheet: _Sheet) -> _Leaf:
    if indicator.banded:
        value = sheet.measured.get(indicator.key)
        if value is not None and not value.applies:
            return _Leaf(dimension, indicator, PartState.NA, None, (value.source,))
        if value is None or value.value is None:
            return _Leaf(dimension, indicator, PartState.MISSING, None, ())
        return _Leaf(dimension, indicator, PartState.SCORED, Fraction(value.value), (value.source,))
    found = sheet.marks.get(indicator.key, [])
    given = [mark.value for mark in found if mark.value is not None]
    if given:
        sources = _sorted(mark.source for mark in found if mark.value is not None)
        return _Leaf(dimension, indicator, PartState.SCORED, Fraction(sum(given), len(given)), sources)
    state = PartState.NA if found else PartState.MISSING
    return _Leaf(dimension, indicator, state, None, _sorted(mark.source for mark in found))


def _dimension_score(dimension: Dimension, leaves: Sequence[_Leaf]) -> Fraction | None:
    own = [leaf for leaf in leaves if leaf.dimension is dimension]
    return weighted_mean([leaf.mean for leaf in own], [exact(leaf.indicator.weight) for leaf in own])


def _coverage(leaves: Sequence[_Leaf], weights: Weights) -> Decimal:
    """Scored weight ÷ weight of what applies, in percent with one decimal; 0 where nothing applies."""
    scored = sum(weights[leaf.indicator.key] for leaf in leaves if leaf.state is PartState.SCORED)
    applies = sum(weights[leaf.indicator.key] for leaf in leaves if leaf.state is not PartState.NA)
    return half_up(Fraction(scored) / applies * 100 if applies else Fraction(0), 1)


def _blocks(
    dimensions: Sequence[Dimension],
    leaves: Sequence[_Leaf],
    scores: Mapping[str, Fraction | None],
    coverage: Decimal,
    reviewers: int,
    policy: Policy,
) -> list[str]:
    """Why a candidate cannot be ranked; the shown coverage decides, so that "80.0 %" never reads as too little."""
    causes = []
    for dimension in dimensions:
        if scores[dimension.key] is not None or not dimension.weight:
            continue
        states = {leaf.state for leaf in leaves if leaf.dimension is dimension}
        if PartState.MISSING in states:
            causes.append(f"维度“{dimension.title}”没有任何评分")
        elif not policy.whole_dimension_may_be_na:
            causes.append(f"维度“{dimension.title}”全部不适用")
    weighty = (dimension for dimension in dimensions if dimension.weight)
    if not causes and all(scores[dimension.key] is None for dimension in weighty):
        causes.append("全部维度都不适用，没有可以计的分")
    if reviewers < policy.minimum_reviewers:
        causes.append(f"只有 {reviewers} 位评审人打分，至少要 {policy.minimum_reviewers} 位")
    if coverage < policy.minimum_coverage:
        causes.append(f"覆盖率 {coverage}%，低于 {policy.minimum_coverage}%")
    return causes


def _parts(leaves: Sequence[_Leaf], scores: Mapping[str, Fraction | None], shown: Decimal | None) -> tuple[Part, ...]:
    """Every indicator's part; the weights that counted sum to 1 and the points to the shown score."""
    counted = _counted_weights(leaves, scores)
    points = [weight * (leaf.mean or 0) * 20 for leaf, weight in zip(leaves, counted, strict=True)]
    rounded = largest_remainder(points, shown) if shown is not None else (NO_POINTS,) * len(leaves)
    return tuple(
        Part(
            leaf.dimension.key, leaf.indicator.key, leaf.indicator.title, leaf.state, weight, leaf.mean, contribution,
            leaf.sources, leaf.dimension.title,
        )
        for leaf, weight, contribution in zip(leaves, counted, rounded, strict=True)
    )  # fmt: skip


def _counted_weights(leaves: Sequence[_Leaf], scores: Mapping[str, Fraction | None]) -> list[Fraction]:
    there = {
        leaf.dimension.key: exact(leaf.dimension.weight) for leaf in leaves if scores[leaf.dimension.key] is not None
    }
    whole = sum(there.values())
    within: dict[str, Fraction] = {}
    for leaf in leaves:
        if leaf.mean is not None:
            weight = exact(leaf.indicator.weight)
            within[leaf.dimension.key] = within.get(leaf.dimension.key, Fraction(0)) + weight
    return [
        there[leaf.dimension.key] / whole * (exact(leaf.indicator.weight) / within[leaf.dimension.key])
        if leaf.mean is not None and whole and within[leaf.dimension.key]
        else Fraction(0)
        for leaf in leaves
    ]


# --- all candidates -------------------------------------------------------------------------------------------------


def _ranked(outcomes: Sequence[Outcome], dimensions: Sequence[Dimension], policy: Policy) -> list[Outcome]:
    """Ranks on the rounded score; equals are parted by the policy's dimensions, and stay equal when those are too."""
    ranked = [outcome for outcome in outcomes if outcome.state is State.RANKED]
    keys = [(outcome.score or NO_POINTS, *_tie_key(outcome, policy)) for outcome in ranked]
    ranks = dict(zip((outcome.candidate for outcome in ranked), ranks_of(keys), strict=True))
    titles = [dimension.title for key in policy.tie_breaks for dimension in dimensions if dimension.key == key]
    return [
        replace(
            outcome,
            rank=ranks[outcome.candidate],
            notes=(*outcome.notes, *_parted(outcome, ranked, ranks, titles)),
        )
        if outcome.candidate in ranks
        else outcome
        for outcome in outcomes
    ]


def _tie_key(outcome: Outcome, policy: Policy) -> tuple[Fraction, ...]:
    # A dimension that does not apply counts below every mark.
    return tuple(outcome.dimensions[key] or Fraction(0) for key in policy.tie_breaks)


def _parted(
    outcome: Outcome, ranked: Sequence[Outcome], ranks: Mapping[str, int], titles: Sequence[str]
) -> tuple[str, ...]:
    others = [
        other.candidate
        for other in ranked
        if other.score == outcome.score and ranks[other.candidate] != ranks[outcome.candidate]
    ]
    if not others:
        return ()
    return (f"与 {'、'.join(_sorted(others))} 同为 {outcome.score} 分，名次依次比较{'、'.join(titles)}得出",)


def _graded(outcomes: Sequence[Outcome], dimensions: Sequence[Dimension], ladder: Sequence[Band]) -> list[Outcome]:
    if not ladder:
        return list(outcomes)
    return [
        replace(outcome, grade=grade(outcome.score, ladder), next_step=next_step(outcome, ladder))
        if outcome.state is State.RANKED and outcome.score is not None
        else outcome
        for outcome in outcomes
    ]


def _in_order(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    groups = {State.RANKED: 0, State.DISQUALIFIED: 1, State.BLOCKED: 2}
    ordered = sorted(outcomes, key=lambda one: (groups[one.state], one.rank or 0, _natural(one.candidate)))
    return tuple(replace(outcome, order=place) for place, outcome in enumerate(ordered, start=1))
