"""What a panel agrees on: against scipy, against the definitions written out, and against numbers in print."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import astuple
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from workbook.evaluation import cronbach_alpha, icc, kendall_w, krippendorff_alpha, leniency, trimmed_mean
from workbook.evaluation.refusals import AgreementRefused, MatrixRefused, NotANumber

Marks = list[list[int | None]]

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", four observers and twelve units; also irr::kripp.alpha.
FOUR_OBSERVERS: Marks = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


@st.composite
def gappy(draw: st.DrawFn) -> Marks:
    units = draw(st.integers(2, 6))
    mark = st.one_of(st.none(), st.integers(0, 5))
    return draw(st.lists(st.lists(mark, min_size=units, max_size=units), min_size=2, max_size=5))


@st.composite
def full(draw: st.DrawFn) -> list[list[int]]:
    columns = draw(st.integers(2, 5))
    return draw(st.lists(st.lists(st.integers(1, 5), min_size=columns, max_size=columns), min_size=2, max_size=6))


# --- Krippendorff's alpha --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "level, printed", [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_alphas_of_krippendorffs_own_example_come_out(level: str, printed: float) -> None:
    assert krippendorff_alpha(FOUR_OBSERVERS, level) == pytest.approx(printed, abs=5.1e-4)  # type: ignore[arg-type]


def defined_alpha(ratings: Marks, level: str) -> Fraction | None:
    """α by its definition: every ordered pair of marks of a unit, weighted 1 ÷ (m − 1), against every pair at all."""
    units = [[mark for mark in unit if mark is not None] for unit in zip(*ratings, strict=True)]
    pooled = [mark for unit in units if len(unit) > 1 for mark in unit]
    counts = Counter(pooled)

    def difference(c: int, k: int) -> Fraction:
        if level == "nominal":
            return Fraction(c != k)
        if level == "interval":
            return Fraction(c - k) ** 2
        if level == "ratio":
            return (Fraction(c - k) / Fraction(c + k)) ** 2 if c + k else Fraction(0)
        between = sum(counts[value] for value in counts if min(c, k) <= value <= max(c, k))
        return (between - Fraction(counts[c] + counts[k], 2)) ** 2

    observed = sum(
        (difference(*pair) / (len(unit) - 1) for unit in units for pair in permutations(unit, 2)), Fraction(0)
    )
    expected = sum((difference(*pair) for pair in permutations(pooled, 2)), Fraction(0))
    return 1 - (len(pooled) - 1) * observed / expected if expected else None


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
@settings(max_examples=60, deadline=None)
@given(ratings=gappy())
def test_alpha_is_what_its_definition_says(level: str, ratings: Marks) -> None:
    wanted = defined_alpha(ratings, level)
    if wanted is None:
        with pytest.raises(AgreementRefused):
            krippendorff_alpha(ratings, level)  # type: ignore[arg-type]
    else:
        assert krippendorff_alpha(ratings, level) == float(wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_marks_between_whole_numbers_count_as_what_they_are(level: str) -> None:
    # Halves, thirds and quarters, given as floats and worked out as fractions.
    means = {1: Fraction(1, 2), 2: Fraction(2, 3), 3: Fraction(1), 4: Fraction(5, 4), 5: Fraction(3)}
    exact = [[None if mark is None else means[mark] for mark in row] for row in FOUR_OBSERVERS]
    floats = [[None if mark is None else float(mark) for mark in row] for row in exact]
    assert krippendorff_alpha(floats, level) == float(defined_alpha(exact, level) or 0)  # type: ignore[arg-type]


def test_ordinal_is_the_default_and_knows_only_the_order() -> None:
    stretched = [[None if mark is None else mark**3 for mark in row] for row in FOUR_OBSERVERS]
    assert (
        krippendorff_alpha(stretched)
        == krippendorff_alpha(FOUR_OBSERVERS)
        == krippendorff_alpha(FOUR_OBSERVERS, "ordinal")
    )
    assert krippendorff_alpha(stretched, "interval") != krippendorff_alpha(FOUR_OBSERVERS, "interval")


def test_full_agreement_is_one_and_opposite_orders_are_below_nothing() -> None:
    assert krippendorff_alpha([[1, 2, 5], [1, 2, 5], [1, None, 5]]) == 1.0
    assert krippendorff_alpha([[1, 2, 3], [3, 2, 1]]) < 0


def test_a_unit_that_one_reviewer_marked_says_nothing() -> None:
    assert krippendorff_alpha([[1, 2, 3, 5], [1, 3, 3, None]]) == krippendorff_alpha([[1, 2, 3], [1, 3, 3]])


@pytest.mark.parametrize(
    "ratings, level, said",
    [
        ([[3, 3], [3, 3]], "ordinal", "所有评分都相同"),
        ([[1, None], [None, 2]], "ordinal", "没有一项有两个以上的评分"),
        ([[1, 2], [1, 3]], "logarithmic", "没有 'logarithmic' 这种尺度"),
        ([[1, 2], [1]], "ordinal", "第 2 行有 1 个数"),
        ([[1, 2], [1, "好"]], "ordinal", "第 2 行第 2 列的 '好'"),
        ([[1, 2], [float("nan"), 1]], "ordinal", "第 2 行第 1 列的 nan"),
        ([[1, 2], [True, 2]], "ordinal", "第 2 行第 1 列的 True"),
        ([[-1, 2], [1, 2]], "ratio", "有负数"),
        ([], "ordinal", "没有任何评分"),
    ],
)
def test_ratings_without_an_alpha_are_refused(ratings: Marks, level: str, said: str) -> None:
    with pytest.raises((AgreementRefused, MatrixRefused), match=said):
        krippendorff_alpha(ratings, level)  # type: ignore[arg-type]


# --- Kendall's W -----------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(full())
def test_kendalls_w_is_friedmans_test_in_other_words(ratings: list[list[int]]) -> None:
    reviewers, objects = len(ratings), len(ratings[0])
    assume(objects > 2 and any(len(set(row)) > 1 for row in ratings))
    found = kendall_w(ratings)
    assert found.rank_sums == tuple(stats.rankdata(ratings, axis=1).sum(axis=0))
    assert found.chi_square == pytest.approx(reviewers * (objects - 1) * found.w)
    if reviewers > 2:  # scipy's least
        assert found.chi_square == pytest.approx(stats.friedmanchisquare(*zip(*ratings, strict=True)).statistic)


def test_ties_are_corrected_for() -> None:
    # Ranks 1½ 1½ 3 twice: R = 3, 3, 6, S = 6. T = 6 each: W = 12·6 ÷ (4·24 − 2·12) = 1, where 72 ÷ 96 would be 0.75.
    assert astuple(kendall_w([[2, 2, 5], [1, 1, 4]])) == (1.0, 4.0, (3.0, 3.0, 6.0))


def test_marks_without_an_order_are_refused() -> None:
    with pytest.raises(AgreementRefused, match="没有名次可比"):
        kendall_w([[3, 3], [4, 4]])
    with pytest.raises(AgreementRefused, match="只有 1 名评委、3 个对象"):
        kendall_w([[1, 2, 3]])
    with pytest.raises(MatrixRefused):
        kendall_w([[1, 2], [1, None]])  # type: ignore[list-item]


# --- intraclass correlation and Cronbach's alpha ---------------------------------------------------------------------


def test_the_mean_squares_are_those_of_the_print_and_of_the_analysis_of_variance() -> None:
    found = icc(SHROUT_FLEISS)
    assert (found.bms, found.wms, found.jms, found.ems) == pytest.approx((11.24, 6.26, 32.49, 1.02), abs=0.006)
    assert found.bms / found.wms == pytest.approx(stats.f_oneway(*SHROUT_FLEISS).statistic)


@settings(max_examples=100, deadline=None)
@given(full())
def test_icc_is_its_formulas_over_the_analysis_of_variance(ratings: list[list[int]]) -> None:
    table = np.array(ratings, dtype=float)
    n, k = table.shape
    grand = table.mean()
    bms = k * ((table.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    jms = n * ((table.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    wms = ((table - table.mean(axis=1, keepdims=True)) ** 2).sum() / (n * (k - 1))
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + grand
    ems = (rest**2).sum() / ((n - 1) * (k - 1))
    assume(bms > 1e-9 and bms + (jms - ems) / n > 1e-9)
    found = icc(ratings)
    assert (found.bms, found.wms, found.jms, found.ems) == pytest.approx((bms, wms, jms, ems), abs=1e-9)
    assert (found.icc1, found.icc1k) == pytest.approx(((bms - wms) / (bms + (k - 1) * wms), (bms - wms) / bms))
    assert found.icc2 == pytest.approx((bms - ems) / (bms + (k - 1) * ems + k * (jms - ems) / n))
    assert found.icc2k == pytest.approx((bms - ems) / (bms + (jms - ems) / n))
    assert found.icc3 == pytest.approx((bms - ems) / (bms + (k - 1) * ems))
    assert found.icc3k == pytest.approx(cronbach_alpha(list(zip(*ratings, strict=True))).alpha)


def test_a_strict_reviewer_costs_agreement_but_no_consistency() -> None:
    strict = [[a, b, c, d - 2] for a, b, c, d in SHROUT_FLEISS]
    lenient = [[a, b + 5, c, d] for a, b, c, d in SHROUT_FLEISS]
    before = icc(SHROUT_FLEISS)
    for changed in (icc(strict), icc(lenient)):
        assert (changed.icc3, changed.icc3k) == (before.icc3, before.icc3k)
    assert icc(lenient).icc2 > before.icc2  # the second marked 4 to 5 points below the others


def test_reviewers_who_differ_by_constants_have_no_interval() -> None:
    found = icc([[1, 2], [3, 4], [5, 6]])
    assert (found.icc3, found.ems, found.icc2_interval, found.icc2k_interval) == (1.0, 0.0, None, None)


def test_a_panel_that_disagrees_has_no_interval_and_one_that_hardly_agrees_an_open_one() -> None:
    assert icc([[4, 1, 5, 1], [5, 1, 1, 3]]).icc2 < 0
    assert icc([[4, 1, 5, 1], [5, 1, 1, 3]]).icc2_interval is None
    # Row means 2.5, 2.5, 5.5 and column means 3, 4: BMS = EMS = 6, so that ICC(2,1) is 0. Its lower end is below −1,
    # and 2·x ÷ (1 + x) falls without end towards −1.
    hardly = icc([[1, 4], [4, 1], [4, 7]])
    assert hardly.icc2_interval is not None and hardly.icc2k_interval is not None
    assert hardly.icc2 == 0 and hardly.icc2_interval[0] < -1 and hardly.icc2k_interval[0] == -math.inf
    assert hardly.icc2_interval[0] <= hardly.icc2 <= hardly.icc2_interval[1]
    assert hardly.icc2k_interval[0] <= hardly.icc2k <= hardly.icc2k_interval[1]


def test_the_interval_is_that_of_a_table_of_the_f_distribution() -> None:
    # McGraw & Wong 1996, table 7, ICC(A,1), with scipy's F quantiles: n = 6, k = 4.
    found = icc(SHROUT_FLEISS)
    n, k = 6, 4
    a = k * found.icc2 / (n * (1 - found.icc2))
    b = 1 + k * found.icc2 * (n - 1) / (n * (1 - found.icc2))
    v = (a * found.jms + b * found.ems) ** 2 / (
        (a * found.jms) ** 2 / (k - 1) + (b * found.ems) ** 2 / ((n - 1) * (k - 1))
    )
    above, below = stats.f.ppf(0.975, n - 1, v), stats.f.ppf(0.975, v, n - 1)
    spread = k * found.jms + (k * n - k - n) * found.ems
    low = n * (found.bms - above * found.ems) / (above * spread + n * found.bms)
    high = n * (below * found.bms - found.ems) / (spread + n * below * found.bms)
    assert found.icc2_interval == pytest.approx((low, high), abs=1e-9)
    assert low < found.icc2 < high


def test_cronbachs_interval_is_feldts() -> None:
    chance = random.Random(3)
    people = [chance.gauss(0, 1) for _ in range(30)]
    items = [[round(person + chance.gauss(0, 1), 1) for person in people] for _ in range(5)]
    found = cronbach_alpha(items)
    table = np.array(items)
    wanted = 5 / 4 * (1 - table.var(axis=1, ddof=1).sum() / table.sum(axis=0).var(ddof=1))
    assert found.alpha == pytest.approx(wanted)
    assert found.low == pytest.approx(1 - (1 - wanted) * stats.f.ppf(0.975, 29, 29 * 4), abs=1e-9)
    assert found.high == pytest.approx(1 - (1 - wanted) * stats.f.ppf(0.025, 29, 29 * 4), abs=1e-9)


@pytest.mark.parametrize("function", [icc, cronbach_alpha])
def test_a_table_that_is_too_small_or_has_holes_is_refused(function: object) -> None:
    assert callable(function)
    with pytest.raises(AgreementRefused, match="都至少要有 2"):
        function([[1, 2, 3]])
    with pytest.raises(AgreementRefused, match="都至少要有 2"):
        function([[1], [2]])
    with pytest.raises(MatrixRefused):
        function([[1, 2], [3, None]])


def test_tables_without_differences_are_refused() -> None:
    with pytest.raises(AgreementRefused, match="平均分完全相同"):
        icc([[1, 3], [3, 1]])
    with pytest.raises(AgreementRefused, match="总分都相同"):
        cronbach_alpha([[1, 3], [3, 1]])
    # BMS = JMS = 0.25 and EMS = 12.25: BMS + (JMS − EMS) ÷ 2 = −5.75, and the quotient would be above 1.
    with pytest.raises(AgreementRefused, match="没有意义"):
        icc([[1, 5], [5, 2]])


# --- the panel's mean, and who is lenient ----------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=5, max_size=20), st.integers(0, 49))
def test_the_trimmed_mean_is_scipys_from_five_values_on(values: list[int], percent: int) -> None:
    cut = percent * len(values) // 100
    wanted = np.sort(values)[cut : len(values) - cut].mean()
    assert trimmed_mean(values, Fraction(percent, 100)) == pytest.approx(wanted)
    if percent % 25 == 0:  # a quarter is exact in floats too
        assert trimmed_mean(values, percent / 100) == pytest.approx(stats.trim_mean(values, percent / 100))


def test_the_share_is_taken_as_it_is_written() -> None:
    # 0.29·100 is 28.999999999999996 in floats: 29 go on each side, and the mean of 1 to 100 without them is that of 30 to 71.
    marks = [*range(1, 71), 700, *range(72, 101)]
    assert trimmed_mean(marks, 0.29) == float(Fraction(sum([*range(30, 71), 72]), 42))


def test_below_five_reviewers_nothing_is_trimmed() -> None:
    assert trimmed_mean([1, 4, 4, 5], 0.25) == 3.5
    assert trimmed_mean([1, 4, 4, 5, 5], 0.25) == float(Fraction(13, 3))


@pytest.mark.parametrize("share", [0.5, -0.1, 1])
def test_a_share_that_leaves_nothing_is_refused(share: float) -> None:
    with pytest.raises(AgreementRefused, match="截尾比例"):
        trimmed_mean([1, 2, 3, 4, 5], share)


def test_no_marks_and_no_numbers_have_no_trimmed_mean() -> None:
    with pytest.raises(AgreementRefused, match="没有评分"):
        trimmed_mean([], 0.1)
    with pytest.raises(NotANumber):
        trimmed_mean([1, float("nan"), 3], 0.1)


def test_the_effects_are_least_squares_with_five_of_seven_reviewers() -> None:
    chance = random.Random(5)
    marks: Marks = []
    for _ in range(40):
        there = set(chance.sample(range(7), 5))
        marks.append([chance.randint(1, 5) if reviewer in there else None for reviewer in range(7)])
    found = leniency(marks)
    # numpy's solution of mark = target + reviewer, with the sum of the reviewers as one more equation.
    places = [
        (target, reviewer) for target in range(40) for reviewer in range(7) if marks[target][reviewer] is not None
    ]
    design = np.zeros((len(places) + 1, 47))
    for line, (target, reviewer) in enumerate(places):
        design[line, [target, 40 + reviewer]] = 1
    design[-1, 40:] = 1
    wanted, *_ = np.linalg.lstsq(design, [*(marks[t][r] for t, r in places), 0], rcond=None)
    assert found.effects == pytest.approx(wanted[40:], abs=1e-9)
    assert found.adjusted == pytest.approx(wanted[:40], abs=1e-9)
    assert sum(found.effects) == pytest.approx(0)


def test_the_better_candidate_wins_although_its_reviewers_are_stricter() -> None:
    # Reviewers mark 1 above, right, and 1 below. The first candidate is worth 3.5 and has 4.5 and 3.5, in the mean 4; the
    # second is worth 4 and has 4 and 3, in the mean 3.5. Four marks, four unknowns: the fit is exact.
    found = leniency([[4.5, 3.5, None], [None, 4, 3]])
    assert found.effects == (1, 0, -1)
    assert found.adjusted == (3.5, 4)


def test_reviewers_who_share_no_target_cannot_be_compared() -> None:
    with pytest.raises(AgreementRefused, match="第 3 名评委与第 1 名没有"):
        leniency([[5, 4, None, None], [4, 4, None, None], [None, None, 2, 3]])
    with pytest.raises(AgreementRefused, match="第 2 名评委"):
        leniency([[5, None], [4, None]])
    with pytest.raises(AgreementRefused, match="第 2 行没有任何评分"):
        leniency([[5, 4], [None, None]])
    # One shared target is enough, whichever way round the links were found.
    assert leniency([[None, None, 2, 3], [5, 4, None, None], [None, 3, 3, None]]).effects == pytest.approx(
        (0.5, -0.5, -0.5, 0.5)
    )


def test_marks_in_one_shift_leave_no_residual() -> None:
    effects = (0.5, -0.25, -0.25)
    marks = [[target + effect for effect in effects] for target in (1, 2.5, 4)]
    found = leniency(marks)
    assert found.effects == effects
    assert found.adjusted == (1, 2.5, 4)
