"""Owns what the answers of a survey say of those who were not asked: shares and means with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Literal, TypeAlias

from workbook.evaluation.distributions import t_quantile
from workbook.evaluation.exact import Number, exact
from workbook.evaluation.refusals import NotANumber, ProportionRefused

Method: TypeAlias = Literal["wilson", "agresti_coull"]

LOWEST, HIGHEST = 1, 5
TOP_TWO_FROM = 4
FEWEST_FOR_AN_INTERVAL = 2


@dataclass(frozen=True)
class ProportionInterval:
    """The ends of an interval of a share, within 0 to 1."""

    low: float
    high: float


@dataclass(frozen=True)
class TopTwoBox:
    """The `share` (0 to 1) of the answers that are 4 or 5, its Wilson interval, and the counts behind it."""

    share: float
    low: float
    high: float
    hits: int
    answers: int


@dataclass(frozen=True)
class MeanInterval:
    """A mean with Student's interval, in the unit of the values."""

    mean: float
    low: float
    high: float


def proportion_interval(hits: int, n: int, method: Method = "wilson", confidence: float = 0.95) -> ProportionInterval:
    """The two-sided interval of the share hits ÷ n [Wilson 1927; Agresti & Coull 1998], cut to 0 to 1.

    With z the normal quantile, both have the centre (hits + z²/2) ÷ (n + z²); Wilson's is never wider.

    Raises:
        ProportionRefused: unless 0 ≤ hits ≤ n in whole numbers with n ≥ 1, 0 < confidence < 1, and the method is known.

    >>> interval = proportion_interval(19, 38)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.3485, 0.6515)
    """
    hits, n = _count("命中数", hits), _count("总数", n)
    if not 0 <= hits <= n or not n:
        raise ProportionRefused(f"{n} 份里有 {hits} 份，不成比例。总数至少是 1，命中数应在 0 到总数之间。")
    z = NormalDist().inv_cdf((1 + _confidence(confidence)) / 2)
    whole = n + z * z
    centre = (hits + z * z / 2) / whole
    if method == "wilson":
        half = z / whole * math.sqrt(hits * (n - hits) / n + z * z / 4)
    elif method == "agresti_coull":
        half = z * math.sqrt(centre * (1 - centre) / whole)
    else:
        raise ProportionRefused(f"没有 {method!r} 这种算法，只有 wilson 和 agresti_coull。")
    # At none and at all the end is the share itself, which the roots miss by their last digit.
    low = 0.0 if not hits else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return ProportionInterval(low, high)


def top_two_box(marks: Sequence[Number], confidence: float = 0.95) -> TopTwoBox:
    """The share of answers on 1 to 5 that are 4 or 5, with Wilson's interval; who did not know is left out before.

    Raises:
        ProportionRefused: without answers, or for one that is no whole number from 1 to 5.

    >>> found = top_two_box([5, 4, 4, 3, 2])
    >>> found.share, found.hits, found.answers
    (0.6, 3, 5)
    """
    numbers = [_answer(mark, place) for place, mark in enumerate(marks, start=1)]
    if not numbers:
        raise ProportionRefused("没有答卷。")
    hits = sum(1 for number in numbers if number >= TOP_TWO_FROM)
    interval = proportion_interval(hits, len(numbers), "wilson", confidence)
    return TopTwoBox(hits / len(numbers), interval.low, interval.high, hits, len(numbers))


def mean_interval(values: Sequence[Number], confidence: float = 0.95) -> MeanInterval:
    """The mean with Student's two-sided interval, mean ± t · s ÷ √n with n − 1 degrees of freedom [Student 1908].

    Raises:
        ProportionRefused: below two values, or for a confidence outside 0 to 1.
        NotANumber: for a value that is no finite number.

    >>> found = mean_interval([2, 4, 4, 4, 6])
    >>> found.mean, round(found.low, 4), round(found.high, 4)
    (4.0, 2.244, 5.756)
    """
    numbers = [exact(value) for value in values]
    n = len(numbers)
    if n < FEWEST_FOR_AN_INTERVAL:
        raise ProportionRefused(f"只有 {n} 个数，至少要 {FEWEST_FOR_AN_INTERVAL} 个才有区间。")
    mean = sum(numbers, Fraction(0)) / n
    variance = sum(((number - mean) ** 2 for number in numbers), Fraction(0)) / (n - 1)
    half = t_quantile((1 + _confidence(confidence)) / 2, n - 1) * math.sqrt(variance / n)
    return MeanInterval(float(mean), float(mean) - half, float(mean) + half)


def _count(what: str, value: Number) -> int:
    """A count; a whole float counts, because a cell knows no other numbers."""
    try:
        found = exact(value)
    except NotANumber:
        found = Fraction(1, 2)
    if found.denominator != 1:
        raise ProportionRefused(f"{what}是 {value!r}，应是整数。")
    return found.numerator


def _answer(mark: Number, place: int) -> int:
    try:
        found = exact(mark)
    except NotANumber:
        found = Fraction(0)
    if found.denominator != 1 or not LOWEST <= found <= HIGHEST:
        raise ProportionRefused(f"第 {place} 份的分数是 {mark!r}，只能是 {LOWEST} 到 {HIGHEST} 的整数；不了解请留空。")
    return found.numerator


def _confidence(value: float) -> float:
    try:
        found = float(exact(value))
    except NotANumber:
        found = 0.0
    if not 0 < found < 1:
        raise ProportionRefused(f"置信水平是 {value!r}，应大于 0 小于 1，例如 0.95。")
    return found
