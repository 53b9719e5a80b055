"""Owns the way to the next grade: the cheapest change of marks that reaches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from workbook.evaluation.exact import exact, half_up, official
from workbook.evaluation.model import Band, Outcome, Part

BEST = Fraction(5)


def next_step(outcome: Outcome, ladder: Sequence[Band]) -> str:
    """How an outcome with a score reaches the next grade: "距 A 级差 1.3 分：文档规范性 3 → 4"; "" in the top grade.

    `ladder` is the bands of grades from the lowest up. Marks rise by whole marks, or to 5 where less is left. One
    indicator is named if raising it is enough: the one that needs the smallest rise, then the lowest mean, then the
    first in the tree. Otherwise as few indicators as possible are named, those with the most to gain, and the last ones
    are raised no further than needed.
    """
    target = _next(outcome, ladder)
    if target is None or target.low is None or outcome.score is None:
        return ""
    scored = {place: part for place, part in enumerate(outcome.parts) if part.weight and part.mean is not None}
    score = sum((part.weight * _mean(part) for part in scored.values()), Fraction(0))
    goals = _single(scored, score, target.low) or _several(scored, score, target.low)
    if not goals:
        return ""
    steps = "、".join(
        f"{scored[place].title} {_show(_mean(scored[place]))} → {_show(goals[place])}" for place in sorted(goals)
    )
    return f"距 {target.label} 级差 {_show(exact(target.low) - exact(outcome.score))} 分：{steps}"


def _next(outcome: Outcome, ladder: Sequence[Band]) -> Band | None:
    above = [band for band in ladder if band.low is not None and outcome.score is not None and band.low > outcome.score]
    return above[0] if above else None


def _mean(part: Part) -> Fraction:
    return part.mean if part.mean is not None else Fraction(0)


def _reaches(scored: Mapping[int, Part], goals: Mapping[int, Fraction], score: Fraction, wanted: Decimal) -> bool:
    """Whether the rounded official score is there once these means have risen from `score` on 1–5 to their goals."""
    gains = (scored[place].weight * (goal - _mean(scored[place])) for place, goal in goals.items())
    return official(score + sum(gains, Fraction(0))) >= wanted


def _rises(mean: Fraction) -> list[Fraction]:
    """The goals that a mean can rise to: by one mark, by two …, at last to 5."""
    goals = []
    while mean < BEST:
        mean = min(mean + 1, BEST)
        goals.append(mean)
    return goals


def _single(scored: Mapping[int, Part], score: Fraction, wanted: Decimal) -> dict[int, Fraction]:
    choices = [
        (goal - _mean(part), _mean(part), place, goal)
        for place, part in scored.items()
        for goal in _rises(_mean(part))
        if _reaches(scored, {place: goal}, score, wanted)
    ]
    if not choices:
        return {}
    _, _, place, goal = min(choices)
    return {place: goal}


def _several(scored: Mapping[int, Part], score: Fraction, wanted: Decimal) -> dict[int, Fraction]:
    by_gain = sorted(scored, key=lambda place: (-scored[place].weight * (BEST - _mean(scored[place])), place))
    goals: dict[int, Fraction] = {}
    for place in by_gain:
        goals[place] = BEST
        if _reaches(scored, goals, score, wanted):
            break
    else:
        return {}
    for place in reversed(list(goals)):
        enough = (
            goal for goal in _rises(_mean(scored[place])) if _reaches(scored, {**goals, place: goal}, score, wanted)
        )
        goals[place] = next(enough)
    return goals


def _show(value: Fraction) -> str:
    return format(half_up(value, 2).normalize(), "f")
