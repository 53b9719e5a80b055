"""Trends against scipy: Kendall's exact p, the normal p by its own formula, Theil–Sen's line."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbook.evaluation import direction, mann_kendall, theil_sen
from workbook.evaluation.refusals import NotANumber
from workbook.evaluation.trend import TimesRefused, TooFewPeriods

whole = st.integers(-50, 50)


@given(st.lists(whole, min_size=3, max_size=10, unique=True))
def test_up_to_ten_without_ties_p_is_scipys_exact_one(values: list[int]) -> None:
    found = mann_kendall(values)
    expected = stats.kendalltau(range(len(values)), values, method="exact")
    n = len(values)
    assert found.exact
    assert found.s == round(expected.statistic * n * (n - 1) / 2)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-12)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_the_exact_p_counts_every_order(n: int) -> None:
    orders = list(permutations(range(n)))
    scores = [mann_kendall(order).s for order in orders]
    for order in orders[:: max(1, len(orders) // 40)]:
        found = mann_kendall(order)
        assert found.p == pytest.approx(sum(abs(s) >= abs(found.s) for s in scores) / math.factorial(n))


@given(st.lists(st.integers(0, 6), min_size=3, max_size=30))
def test_ties_correct_the_variance(values: list[int]) -> None:
    found = mann_kendall(values)
    expected = stats.kendalltau(range(len(values)), values, method="asymptotic")
    if len(set(values)) == 1:
        assert (found.s, found.variance, found.z, found.p) == (0, 0, 0, 1)
        return
    # scipy has the same tie-corrected variance (times have no ties), and no continuity correction
    if found.s:
        assert 2 * stats.norm.sf(abs(found.s) / math.sqrt(found.variance)) == pytest.approx(expected.pvalue, abs=1e-12)
        assert found.z == pytest.approx((found.s - math.copysign(1, found.s)) / math.sqrt(found.variance))
    if not found.exact:
        assert found.p == pytest.approx(2 * stats.norm.sf(abs(found.z)), abs=1e-12)


def test_exactness_ends_at_ten_values_and_at_the_first_tie() -> None:
    assert mann_kendall(range(10)).exact
    assert not mann_kendall(range(11)).exact
    assert not mann_kendall([1, 2, 2, 3]).exact
    # 0.1 + 0.2 and 0.3 are one value
    assert not mann_kendall([0.1 + 0.2, 0.3, 0.5]).exact


def test_a_worked_example_with_ties() -> None:
    # 1 2 2 3: S = 5, Var = (4·3·13 − 2·1·9) / 18 = 23/3, z = 4 / √(23/3)
    found = mann_kendall([1, 2, 2, 3])
    assert found.s == 5
    assert found.variance == pytest.approx(23 / 3)
    assert found.z == pytest.approx(4 / math.sqrt(23 / 3))
    assert mann_kendall([3, 2, 2, 1]).z == -found.z
    assert mann_kendall([1, 3, 2, 0]).s == -2
    assert mann_kendall([2, 3, 1, 2]).p == 1  # S = 0 or ±1 towards 0


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 12), whole), min_size=2, max_size=12))
def test_the_line_is_scipys(points: list[tuple[int, int]]) -> None:
    times, values = ([p[axis] for p in points] for axis in (0, 1))
    if len(set(times)) == 1:
        with pytest.raises(TimesRefused, match="都相同"):
            theil_sen(times, values)
        return
    found = theil_sen(times, values)
    expected = stats.theilslopes(values, times)
    assert found.slope == pytest.approx(expected.slope, abs=1e-9)
    assert found.intercept == pytest.approx(expected.intercept, abs=1e-9)


def test_one_wild_value_does_not_bend_the_line() -> None:
    assert theil_sen([1, 2, 3, 4, 5], [3, 5, 7, 900, 11]).slope == 2
    assert theil_sen([2021, 2022, 2023], [Decimal("80.1"), Decimal("80.2"), Decimal("80.3")]).slope == 0.1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], "up"), ([2, 1], "down"), ([2, 2], "flat"), ([1, 5, 2], "up"), ([5, 1, 4], "down"), ([3, 9, 3], "flat"),
        ([0.1 + 0.2, 0.3], "flat"), ([1, 2, 3, 4], "up"),
    ],
)  # fmt: skip
def test_a_direction_of_a_few_periods(values: list[float], expected: str) -> None:
    assert direction(values) == expected


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), None, "x", True])
def test_a_value_that_is_no_number_is_refused(wrong: Any) -> None:
    for call in (mann_kendall, direction):
        with pytest.raises(NotANumber):
            call([1, 2, wrong, 4])
    with pytest.raises(NotANumber):
        theil_sen([1, 2, 3], [1, wrong, 3])
    with pytest.raises(NotANumber):
        theil_sen([1, wrong, 3], [1, 2, 3])


def test_too_few_periods_are_refused() -> None:
    with pytest.raises(TooFewPeriods, match="只有 2 期数据，至少要 3 期"):
        mann_kendall([1, 2])
    with pytest.raises(TooFewPeriods, match="至少要 2 期"):
        direction([1])
    with pytest.raises(TooFewPeriods):
        theil_sen([1], [1])
    with pytest.raises(TimesRefused, match="2 个时间、3 个数值"):
        theil_sen([1, 2], [1, 2, 3])
