"""Owns weighted sums and competition ranks, both decided on exact rationals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from workbook.evaluation.exact import Number, exact, half_up
from workbook.evaluation.refusals import MatrixRefused, NotANumber, WeightsRefused

T = TypeVar("T")


@dataclass(frozen=True)
class WeightedScores:
    """`scores` in the order of the rows, `ranks` 1-2-2-4 with 1 for the highest."""

    scores: tuple[float, ...]
    ranks: tuple[int, ...]


def weighted_scores(matrix: Sequence[Sequence[Number]], weights: Sequence[Number]) -> WeightedScores:
    """Weighted sum of each row (SAW) [Fishburn 1967; Keeney & Raiffa 1976].

    `matrix` is candidates × criteria, higher is better; `weights` (one per criterion, not negative) are used as given
    and marks are not rescaled, so a candidate more or less changes nobody's score. Ties are those of exact arithmetic.

    Raises:
        MatrixRefused: for an empty or ragged matrix, or a value that is no number.
        WeightsRefused: for weights of another number than the columns, negative or not finite.
    """
    rows = exact_rows(matrix)
    wanted = plain_weights(weights, len(rows[0]))
    scale = math.lcm(*(weight.denominator for weight in wanted))
    whole = [weight.numerator * (scale // weight.denominator) for weight in wanted]
    sums = [_weighted_sum(row, whole, scale) for row in rows]
    return WeightedScores(tuple(float(total) for total in sums), ranks_of(sums))


def _weighted_sum(row: Sequence[Fraction], weights: Sequence[int], scale: int) -> Fraction:
    """Σ weight·value ÷ scale over one common denominator: whole numbers add up several times faster than fractions."""
    below = math.lcm(*(value.denominator for value in row))
    above = sum(
        value.numerator * (below // value.denominator) * weight for value, weight in zip(row, weights, strict=True)
    )
    return Fraction(above, below * scale)


def competition_ranks(values: Sequence[Number], decimals: int = 2) -> tuple[int, ...]:
    """Ranks 1-2-2-4, the highest first, after rounding half up to `decimals` places."""
    return ranks_of([half_up(value, decimals) for value in values])


def ranks_of(keys: Sequence[T]) -> tuple[int, ...]:
    """Competition ranks of things that can be compared: one more than the number of greater ones."""
    first: dict[T, int] = {}
    for place, key in enumerate(sorted(keys, reverse=True), start=1):  # type: ignore[type-var]
        first.setdefault(key, place)
    return tuple(first[key] for key in keys)


def exact_rows(matrix: Sequence[Sequence[Number]]) -> list[list[Fraction]]:
    """The rows as rationals; they are refused unless all are of one length of at least one."""
    rows = [list(row) for row in matrix]
    if not rows or not rows[0]:
        raise MatrixRefused("没有任何数值。请至少给一行一列。")
    for place, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise MatrixRefused(f"第 {place} 行有 {len(row)} 个数，第 1 行有 {len(rows[0])} 个。每行应一样长。")
    known: dict[float, Fraction] = {}  # marks repeat, and reading a float is the slow part
    return [[_cell(value, r, c, known) for c, value in enumerate(row, start=1)] for r, row in enumerate(rows, start=1)]


def _cell(value: Number, row: int, column: int, known: dict[float, Fraction]) -> Fraction:
    if isinstance(value, float) and value in known:
        return known[value]
    try:
        found = exact(value)
    except NotANumber:
        raise MatrixRefused(f"第 {row} 行第 {column} 列的 {value!r} 不是有限的数字。请改成普通数字。") from None
    if isinstance(value, float):
        known[value] = found
    return found


def plain_weights(weights: Sequence[Number], count: int, where: str = "这一列表") -> list[Fraction]:
    """`count` weights as rationals, none negative and not all zero."""
    if len(weights) != count:
        raise WeightsRefused(where, f"有 {len(weights)} 个权重，而要加权的有 {count} 项。两者应一样多。")
    found = [plain_weight(weight, where, f"第 {place} 个") for place, weight in enumerate(weights, start=1)]
    if not any(found):
        raise WeightsRefused(where, "全都是 0。请至少给一项大于 0 的权重。")
    return found


def plain_weight(weight: Number, where: str, item: str) -> Fraction:
    """One weight as a rational, finite and not negative; `item` names it within `where`."""
    try:
        found = exact(weight)
    except NotANumber:
        raise WeightsRefused(where, f"{item}是 {weight!r}，不是有限的数字。请改成 0 到 100 的数字。") from None
    if found < 0:
        raise WeightsRefused(where, f"{item}是 {weight}，是负数。请改成 0 到 100 的数字。")
    return found
