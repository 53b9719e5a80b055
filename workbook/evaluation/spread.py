"""Owns places and spreads: percentiles by a named method, where a value stands among its peers, how even batches are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import median
from typing import Literal, TypeAlias

from workbook.evaluation.exact import Number, exact
from workbook.evaluation.refusals import EvaluationRefused

Method: TypeAlias = Literal["nearest_rank", "linear"]

FEWEST_PEERS = 3
FEWEST_BATCHES = 2
NORMAL_MAD = Fraction("1.4826")  # makes the MAD of a normal sample its standard deviation


class PercentileRefused(EvaluationRefused):
    """A percentile cannot be taken: no values, a share outside 0 to 100, or an unknown method."""

    def __init__(self, problem: str):
        super().__init__(f"百分位数不能算：{problem}")


def percentile(values: Sequence[Number], p: Number, method: Method) -> float:
    """The p-th percentile (0 to 100) of values in any order.

    "nearest_rank" is the value at rank ⌈p/100 · n⌉ (the first for p = 0): always one that occurred, for contracts
    [Hyndman & Fan 1996, definition 1]. "linear" interpolates between the neighbours of 1 + p/100 · (n − 1), for charts
    [definition 7, Excel's PERCENTILE.INC].

    Raises:
        PercentileRefused: without values, for p outside 0 to 100, for another method.
        NotANumber: for a value that is no finite number.
    """
    ordered = sorted(exact(value) for value in values)
    share = exact(p) / 100
    if not ordered:
        raise PercentileRefused("没有数据。")
    if not 0 <= share <= 1:
        raise PercentileRefused(f"{p} 不在 0 到 100 之间。")
    if method == "nearest_rank":
        return float(ordered[max(math.ceil(share * len(ordered)), 1) - 1])
    if method != "linear":
        raise PercentileRefused(f"没有 {method!r} 这种算法，只有 nearest_rank（合同用）和 linear（图表用）。")
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def percentile_rank(value: Number, peers: Sequence[Number]) -> float | None:
    """The percentage of its peers that a value is above, equals counting half; None for fewer than three peers.

    `peers` are all of the category; with the value itself among them, it counts half of itself.

    Raises:
        NotANumber: for a value that is no finite number.
    """
    own, others = exact(value), [exact(peer) for peer in peers]
    if len(others) < FEWEST_PEERS:
        return None
    twice = sum((own > other) + (own >= other) for other in others)
    return float(Fraction(100 * twice, 2 * len(others)))


def robust_z(value: Number, peers: Sequence[Number]) -> float | None:
    """How many robust deviations a value lies from its peers: (x − median) ÷ (1.4826 · MAD) [Leys et al. 2013].

    None for fewer than three peers, and where more than half of them are equal (MAD is 0).

    Raises:
        NotANumber: for a value that is no finite number.
    """
    own, others = exact(value), [exact(peer) for peer in peers]
    if len(others) < FEWEST_PEERS:
        return None
    middle = median(others)
    deviation = median(abs(other - middle) for other in others)
    return float((own - middle) / (NORMAL_MAD * deviation)) if deviation else None


def consistency(batches: Sequence[Number]) -> float | None:
    """质量一致性 (S30): the population standard deviation over a partner's batches, in the unit of the values.

    Pass rates in percent give percentage points: 99 and 100 have 0.5. It is the spread itself and not the coefficient
    of variation, which would call the same spread worse at a lower level: the level has its own measures. All batches
    are there, so nothing is estimated (ddof 0). None below two batches (无数据).

    Raises:
        NotANumber: for a value that is no finite number.
    """
    numbers = [exact(batch) for batch in batches]
    if len(numbers) < FEWEST_BATCHES:
        return None
    mean = sum(numbers, Fraction(0)) / len(numbers)
    variance = sum(((number - mean) ** 2 for number in numbers), Fraction(0)) / len(numbers)
    # The roots of both parts: an exact square has an exact root, so that an edge of a band is met and not missed.
    return math.sqrt(variance.numerator) / math.sqrt(variance.denominator)
