"""Owns trends of a few periods: Mann–Kendall's test, Theil–Sen's line, and the bare direction of even fewer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from statistics import median
from typing import Literal, TypeAlias

from workbook.evaluation.exact import Number, exact
from workbook.evaluation.refusals import EvaluationRefused

Direction: TypeAlias = Literal["up", "down", "flat"]

EXACT_UP_TO = 10  # values; Gilbert 1987, table A18, ends there too
FEWEST_FOR_A_TEST = 3
FEWEST_FOR_A_LINE = 2


class TooFewPeriods(EvaluationRefused):
    """There are too few periods for a trend."""

    def __init__(self, found: int, fewest: int):
        self.found, self.fewest = found, fewest
        super().__init__(f"只有 {found} 期数据，至少要 {fewest} 期才能看趋势。")


class TimesRefused(EvaluationRefused):
    """The times do not fit the values."""

    def __init__(self, problem: str):
        super().__init__(f"趋势的时间不能用：{problem}")


@dataclass(frozen=True)
class MannKendall:
    """Mann–Kendall's statistic `s`, its `variance` corrected for ties, `z` with continuity, and the two-sided `p`.

    `exact` says whether `p` comes from all orders of the values or from the normal distribution.
    """

    s: int
    variance: float
    z: float
    p: float
    exact: bool


@dataclass(frozen=True)
class TheilSen:
    """A robust line: `slope` per unit of time, `intercept` at time 0."""

    slope: float
    intercept: float


def mann_kendall(values: Sequence[Number]) -> MannKendall:
    """Mann–Kendall's test for a monotone trend [Mann 1945; Kendall 1975; Gilbert 1987], values in order of time.

    S = Σ sgn(x_j − x_i) over i < j; Var = (n(n−1)(2n+5) − Σ t(t−1)(2t+5)) / 18 over groups of t equal values;
    z = (S ∓ 1) / √Var towards 0, and 0 for S = 0. The two-sided p is exact up to n = 10 without ties, else normal;
    the one-sided p is half of it where S is not 0. All equal: S, Var and z are 0, p is 1.

    Raises:
        TooFewPeriods: below three values.
        NotANumber: for a value that is no finite number.
    """
    numbers = _numbers(values, FEWEST_FOR_A_TEST)
    n = len(numbers)
    s = sum((later > earlier) - (later < earlier) for earlier, later in combinations(numbers, 2))
    groups = Counter(numbers).values()
    variance = Fraction(_spread(n) - sum(_spread(size) for size in groups), 18)
    z = math.copysign(abs(s) - 1, s) / math.sqrt(variance) if s else 0.0
    without_ties = len(groups) == n
    if without_ties and n <= EXACT_UP_TO:
        return MannKendall(s, float(variance), z, _exact_p(s, n), exact=True)
    return MannKendall(s, float(variance), z, math.erfc(abs(z) / math.sqrt(2)), exact=False)


def theil_sen(times: Sequence[Number], values: Sequence[Number]) -> TheilSen:
    """Theil–Sen's line [Theil 1950; Sen 1968]: the median slope over all pairs with different times.

    The intercept is median(values) − slope · median(times), as in Conover 1980 (scipy's "separate").

    Raises:
        TooFewPeriods: below two values.
        TimesRefused: if there are not as many times as values, or all times are the same.
        NotANumber: for a time or a value that is no finite number.
    """
    if len(times) != len(values):
        raise TimesRefused(f"有 {len(times)} 个时间、{len(values)} 个数值，应当一一对应。")
    numbers = _numbers(values, FEWEST_FOR_A_LINE)
    at = [exact(moment) for moment in times]
    slope = _slope(at, numbers)
    return TheilSen(float(slope), float(median(numbers) - slope * median(at)))


def direction(values: Sequence[Number]) -> Direction:
    """Where values in order of time go, "up", "down" or "flat": the sign of Theil–Sen's slope at even steps.

    Below four periods this is all that may be said; from four on it goes with `mann_kendall`.

    Raises:
        TooFewPeriods: below two values.
        NotANumber: for a value that is no finite number.
    """
    numbers = _numbers(values, FEWEST_FOR_A_LINE)
    slope = _slope([Fraction(place) for place in range(len(numbers))], numbers)
    return "up" if slope > 0 else "down" if slope < 0 else "flat"


def _numbers(values: Sequence[Number], fewest: int) -> list[Fraction]:
    if len(values) < fewest:
        raise TooFewPeriods(len(values), fewest)
    return [exact(value) for value in values]


def _slope(times: Sequence[Fraction], numbers: Sequence[Fraction]) -> Fraction:
    slopes = [
        (later - earlier) / (then - before)
        for (before, earlier), (then, later) in combinations(zip(times, numbers, strict=True), 2)
        if then != before
    ]
    if not slopes:
        raise TimesRefused("所有时间都相同，看不出变化。")
    return median(slopes)


def _spread(n: int) -> int:
    return n * (n - 1) * (2 * n + 5)


def _exact_p(s: int, n: int) -> float:
    """P(|S| ≥ |s|) over all n! orders: S = n(n−1)/2 − 2 · inversions, whose counts are Mahonian numbers."""
    counts = [1]
    for size in range(2, n + 1):
        longer = [0] * (len(counts) + size - 1)
        for inversions, orders in enumerate(counts):
            for more in range(size):
                longer[inversions + more] += orders
        counts = longer
    pairs = n * (n - 1) // 2
    far = sum(orders for inversions, orders in enumerate(counts) if abs(pairs - 2 * inversions) >= abs(s))
    return far / math.factorial(n)
