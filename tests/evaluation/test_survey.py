"""What a survey says of those who were not asked: intervals against scipy, and against hand calculations."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbook.evaluation import mean_interval, proportion_interval, top_two_box
from workbook.evaluation.distributions import f_quantile, t_quantile
from workbook.evaluation.refusals import NotANumber, ProportionRefused


@pytest.mark.parametrize("n", [1, 2, 5, 7, 40, 1000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilsons_interval_is_scipys(n: int, confidence: float) -> None:
    for hits in {0, 1, n // 3, n - 1, n}:
        wanted = stats.binomtest(hits, n).proportion_ci(confidence, method="wilson")
        found = proportion_interval(hits, n, "wilson", confidence)
        assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_nobody_and_everybody_are_ends_of_their_own_intervals() -> None:
    # 0 of 5: the upper end is z² ÷ (n + z²) = 3.8415 ÷ 8.8415.
    assert proportion_interval(0, 5).low == 0.0
    assert proportion_interval(0, 5).high == pytest.approx(3.841459 / 8.841459, abs=1e-6)
    assert proportion_interval(5, 5).high == 1.0


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 500), st.data())
def test_both_methods_have_one_centre_and_wilsons_is_never_wider(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    wilson, agresti_coull = proportion_interval(hits, n), proportion_interval(hits, n, "agresti_coull")
    z = NormalDist().inv_cdf(0.975)
    centre = (hits + z * z / 2) / (n + z * z)
    half = z * (centre * (1 - centre) / (n + z * z)) ** 0.5
    assert 0 <= agresti_coull.low <= wilson.low <= hits / n <= wilson.high <= agresti_coull.high <= 1
    assert agresti_coull.low == pytest.approx(max(0, centre - half) if hits else 0)
    assert agresti_coull.high == pytest.approx(min(1, centre + half) if hits < n else 1)


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((1, 0), "0 份里有 1 份"),
        ((0, 0), "0 份里有 0 份"),
        ((6, 5), "5 份里有 6 份"),
        ((-1, 5), "5 份里有 -1 份"),
        ((1.5, 5), "命中数是 1.5，应是整数"),
        ((1, "五"), "总数是 '五'，应是整数"),
        ((1, None), "总数是 None"),
        ((1, 5, "wald"), "没有 'wald' 这种算法"),
        ((1, 5, "wilson", 95), "置信水平是 95"),
        ((1, 5, "wilson", 0), "置信水平是 0"),
        ((1, 5, "wilson", float("nan")), "置信水平是 nan"),
    ],
)
def test_counts_without_a_share_are_refused(arguments: tuple[object, ...], said: str) -> None:
    with pytest.raises(ProportionRefused, match=said):
        proportion_interval(*arguments)  # type: ignore[arg-type]


def test_the_top_two_boxes_are_four_and_five() -> None:
    found = top_two_box([5, 4, 3, 2, 1, 5.0, "4"])
    assert (found.hits, found.answers, found.share) == (4, 7, 4 / 7)
    assert (found.low, found.high) == (proportion_interval(4, 7).low, proportion_interval(4, 7).high)


@pytest.mark.parametrize("wrong", [0, 6, 3.5, None, "好", True, float("nan")])
def test_an_answer_outside_the_scale_is_refused_by_its_place(wrong: object) -> None:
    with pytest.raises(ProportionRefused, match="第 2 份的分数是"):
        top_two_box([5, wrong])  # type: ignore[list-item]


def test_no_answers_have_no_share_and_one_has_no_interval() -> None:
    with pytest.raises(ProportionRefused, match="没有答卷"):
        top_two_box([])
    with pytest.raises(ProportionRefused, match="只有 1 个数"):
        mean_interval([3])
    with pytest.raises(NotANumber):
        mean_interval([3, float("inf")])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=40), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_of_a_mean_is_students(values: list[int], confidence: float) -> None:
    found = mean_interval(values, confidence)
    n, mean = len(values), sum(values) / len(values)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * np.std(values, ddof=1) / n**0.5
    assert (found.mean, found.low, found.high) == pytest.approx((mean, mean - half, mean + half), abs=1e-9)


@pytest.mark.parametrize("p", [0.001, 0.025, 0.5, 0.9, 0.975, 0.999])
def test_the_quantiles_are_scipys(p: float) -> None:
    for freedom in (1, 2, 3.7, 9, 30, 659, 5000):
        assert t_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=1e-9, abs=1e-12)
        for other in (1, 2, 4.2, 14, 120, 4614):
            assert f_quantile(p, freedom, other) == pytest.approx(stats.f.ppf(p, freedom, other), rel=1e-8)
