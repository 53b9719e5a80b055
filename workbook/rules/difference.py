"""Owns why a score changed: the marks, weights and data that moved it, in points that add up exactly to the difference (S38).

Pure, and of a documented order. A measure gives w · m · 20 points: w is the weight that counted, m the mark. From A to B a measure
that has a mark in both moves the score by

    mark          w(A) · (m(B) − m(A)) · 20          the mark changed, at the old weight
    weight        (n(B) − n(A)) · m(B) · 20          the rule version gives it another weight n, at the new mark
    renormalised  ((w − n)(B) − (w − n)(A)) · m(B) · 20   what others without data left to it, or took back

The three add up to its difference, as anyone sees by adding them; one that has a mark on one side only moves it by all its points
(appeared, gone). All of them add up to the difference of the exact scores, and are rounded to two decimals by largest remainder
so that they add up to the difference of the two official ones: both are rounded once, so they differ by less than a cent in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from workbook.evaluation.exact import largest_remainder
from workbook.evaluation.model import Part, PartState

KINDS = {"mark": "分数", "weight": "权重", "renormalised": "折算", "appeared": "有了数据", "gone": "没有了数据"}


@dataclass(frozen=True)
class Half:
    """One side of a comparison: its official score, its parts, the weights that its rules give, and their version."""

    score: Decimal
    parts: Sequence[Part]
    nominal: Mapping[str, Fraction]  # by indicator, sum 1
    version: str

    def code(self, indicator: str) -> str:
        """What a measure is called in every version: Q.2 of p1-Q.2."""
        return indicator.removeprefix(f"{self.version}-")


@dataclass(frozen=True)
class Move:
    """What one cause moved the score by; `before` and `after` are parts of the same measure, None where there is none."""

    code: str
    title: str
    kind: str
    points: Decimal
    before: Part | None
    after: Part | None


def moves(first: Half, second: Half) -> tuple[Move, ...]:
    """Everything that moved the score from one side to the other, the measures in the order of the second side's rules."""
    old = {first.code(part.indicator): part for part in first.parts}
    new = {second.code(part.indicator): part for part in second.parts}
    found: list[tuple[str, str, Fraction]] = []
    for code in dict.fromkeys((*new, *old)):
        found += [(code, kind, amount) for kind, amount in _amounts(first, second, old.get(code), new.get(code))]
    found = [one for one in found if one[2]]
    shown = largest_remainder([amount for *_, amount in found], second.score - first.score)
    return tuple(
        Move(code, (new.get(code) or old[code]).title, kind, points, old.get(code), new.get(code))
        for (code, kind, _), points in zip(found, shown, strict=True)
    )


def _amounts(first: Half, second: Half, old: Part | None, new: Part | None) -> list[tuple[str, Fraction]]:
    """The exact points of each cause at one measure."""
    was, now = _mark(old), _mark(new)
    if old is None or was is None:
        return [] if new is None or now is None else [("appeared", new.weight * now * 20)]
    if new is None or now is None:
        return [("gone", -old.weight * was * 20)]
    before, after = first.nominal[old.indicator], second.nominal[new.indicator]
    return [
        ("mark", old.weight * (now - was) * 20),
        ("weight", (after - before) * now * 20),
        ("renormalised", ((new.weight - after) - (old.weight - before)) * now * 20),
    ]


def _mark(part: Part | None) -> Fraction | None:
    return part.mean if part is not None and part.state is PartState.SCORED and part.weight else None
