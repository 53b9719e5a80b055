"""How sure the winner is: shares of drawn weights against exact ones, intervals against a walk over the weights."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from workbook.evaluation import smaa, weight_change_unscaled, weight_interval, weight_intervals, weighted_scores
from workbook.evaluation.refusals import EvaluationRefused, MatrixRefused, SamplingRefused, WeightsRefused

MARKS = st.integers(1, 5)
SHARES = st.integers(1, 9)


@st.composite
def panels(draw: st.DrawFn) -> tuple[list[list[int]], list[int]]:
    columns = draw(st.integers(2, 4))
    row = st.lists(MARKS, min_size=columns, max_size=columns)
    return draw(st.lists(row, min_size=1, max_size=5)), draw(st.lists(SHARES, min_size=columns, max_size=columns))


# --- drawn weights ---------------------------------------------------------------------------------------------------


def test_the_share_of_first_places_is_that_of_the_weights_that_make_a_candidate_first() -> None:
    # (4, 2) leads (3, 3.5) by 1·w − 1.5·(1 − w), which is above 0 for w > 0.6: in 40 % of uniform weights.
    found = smaa([[4, 2], [3, 3.5]], samples=40_000)
    assert abs(found.first_place[0] - 0.4) < 4 * found.standard_error[0]
    assert found.standard_error[0] == pytest.approx(math.sqrt(0.4 * 0.6 / 40_000), rel=0.02)
    # Three candidates, each best in one criterion by as much: a third each.
    thirds = smaa([[5, 1, 1], [1, 5, 1], [1, 1, 5]], samples=40_000)
    assert all(
        abs(share - 1 / 3) < 4 * error for share, error in zip(thirds.first_place, thirds.standard_error, strict=True)
    )


@pytest.mark.parametrize("concentration", [0.5, 2, 20, 500])
def test_weights_are_drawn_around_the_given_ones(concentration: float) -> None:
    # The first weight of Dirichlet(κ·0.7, κ·0.3) is beta-distributed; the first candidate needs more than 0.6.
    found = smaa([[4, 2], [3, 3.5]], [70, 30], samples=40_000, concentration=concentration)
    expected = stats.beta.sf(0.6, concentration * 0.7, concentration * 0.3)
    assert abs(found.first_place[0] - expected) < 4 * math.sqrt(expected * (1 - expected) / 40_000)


def test_without_a_concentration_equal_weights_are_drawn_uniformly() -> None:
    matrix = [[4, 2, 5], [3, 3, 5], [5, 2, 3]]
    assert smaa(matrix, [1, 1, 1], seed=5) == smaa(matrix, seed=5)
    # A weight of 0 stays 0: the third criterion decides nothing, and the first two are drawn as if alone.
    assert smaa(matrix, [1, 1, 0], seed=5) == smaa([row[:2] for row in matrix], seed=5)


def test_identical_candidates_share_the_win() -> None:
    found = smaa([[3, 4], [3, 4], [2, 1], [3, 4]], samples=999)
    assert found.first_place == pytest.approx((1 / 3, 1 / 3, 0, 1 / 3), abs=1e-15)
    assert found.acceptability[0] == pytest.approx((1 / 3, 1 / 3, 1 / 3, 0), abs=1e-15)
    assert found.acceptability[2] == (0, 0, 0, 1)
    assert found.standard_error == (0, 0, 0, 0)
    # They differ only where nothing weighs: their scores are the same whatever is drawn.
    assert smaa([[4, 2, 5], [4, 2, 1]], [1, 1, 0], samples=99).first_place == (0.5, 0.5)
    # Of two that are equal and one that is another, the equal ones have half of what one of them would have.
    one, two = smaa([[4, 2], [3, 3.5]], seed=3), smaa([[4, 2], [3, 3.5], [4, 2]], seed=3)
    assert two.first_place == (one.first_place[0] / 2, one.first_place[1], one.first_place[0] / 2)
    assert two.standard_error[0] == pytest.approx(one.standard_error[0] / 2)


def test_a_mark_that_lost_its_last_digits_in_a_cell_is_still_the_same_mark() -> None:
    assert smaa([[11 / 3, 2], [3.66666666666667, 2], [Decimal("1"), 1]], samples=100).first_place == (0.5, 0.5, 0)


def test_a_weaker_candidate_more_changes_no_share() -> None:
    strong = [[4, 2, 5], [3, 5, 3], [5, 3, 2]]
    alone, joined = smaa(strong, [50, 30, 20]), smaa([*strong, [1, 1, 1]], [50, 30, 20])
    assert joined.first_place == (*alone.first_place, 0.0)


def test_what_all_candidates_have_in_common_changes_no_share() -> None:
    far = [[10**15 + 4, 10**15 + 2], [10**15 + 3, 10**15 + Fraction(7, 2)]]
    assert smaa(far, seed=3) == smaa([[4, 2], [3, 3.5]], seed=3)


@settings(max_examples=60, deadline=None)
@given(panels())
def test_every_rank_is_taken_once_and_every_candidate_has_one(panel: tuple[list[list[int]], list[int]]) -> None:
    matrix, weights = panel
    found = smaa(matrix, weights, samples=200)
    assert sum(found.first_place) == pytest.approx(1)
    assert [sum(row) for row in found.acceptability] == pytest.approx([1] * len(matrix))
    assert [sum(column) for column in zip(*found.acceptability, strict=True)] == pytest.approx([1] * len(matrix))
    assert tuple(row[0] for row in found.acceptability) == found.first_place
    assert smaa(matrix, weights, samples=200, ranks=1).first_place == pytest.approx(found.first_place)


def test_ranks_are_those_of_the_drawn_weights() -> None:
    # By hand over the same draws: exponential weights, the places by sorting each draw's scores.
    matrix = np.random.default_rng(4).integers(1, 100, (6, 5))
    drawn = np.random.default_rng(11).standard_exponential((500, 5))
    ranks = stats.rankdata(-(drawn @ matrix.T), axis=1)
    found = smaa(matrix.tolist(), samples=500, seed=11)
    for candidate, row in enumerate(found.acceptability):
        assert row == pytest.approx([(ranks[:, candidate] == rank).mean() for rank in range(1, 7)])


def test_the_same_seed_gives_the_same_answer_and_another_one_another() -> None:
    matrix = [[4, 2, 3], [3, 3, 4], [2, 5, 3]]
    assert smaa(matrix, seed=8) == smaa(matrix, seed=8) != smaa(matrix, seed=9)


def test_many_candidates_show_the_first_rank_unless_more_are_asked_for() -> None:
    chance = random.Random(2)
    matrix = [[chance.randint(1, 5) for _ in range(4)] for _ in range(101)]
    assert {len(row) for row in smaa(matrix, samples=50).acceptability} == {1}
    assert {len(row) for row in smaa(matrix, samples=50, ranks=3).acceptability} == {3}
    assert {len(row) for row in smaa(matrix[:100], samples=50).acceptability} == {100}


def test_more_draws_than_fit_at_once_are_the_same_draws() -> None:
    # 200 candidates take 2,000 draws at a time; the first of the 5,000 are those of a run of 2,000.
    chance = random.Random(6)
    matrix = [[chance.randint(1, 1000) for _ in range(3)] for _ in range(200)]
    scores = np.random.default_rng(1).standard_exponential((5_000, 3)) @ np.array(matrix).T
    expected = np.bincount(scores.argmax(axis=1), minlength=200) / 5_000
    assert smaa(matrix, samples=5_000).first_place == pytest.approx(expected.tolist())


def test_results_hold_plain_numbers() -> None:
    found = smaa([[4, 2], [3, 3.5]], samples=10)
    numbers = [*found.first_place, *found.standard_error, *(each for row in found.acceptability for each in row)]
    assert {type(number) for number in numbers} == {float}
    assert {type(value) for value in astuple(weight_interval([[4, 2], [3, 3.5]], [1, 1], 0))} == {int, float}


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"samples": 0}, "抽样次数是 0"),
        ({"samples": 1.5}, "抽样次数是 1.5"),
        ({"samples": 10**9}, "1 到 10000000 的整数"),
        ({"samples": True}, "抽样次数是 True"),
        ({"seed": -1}, "随机种子是 -1"),
        ({"seed": None}, "随机种子是 None"),
        ({"ranks": 3}, "名次个数是 3，应是 1 到 2 的整数"),
        ({"concentration": 5}, "没有给权重"),
        ({"weights": [1, 1], "concentration": 0}, "集中度是 0"),
        ({"weights": [1, 1], "concentration": 1e10}, "集中度是 10000000000.0"),
        ({"weights": [1, 1], "concentration": float("nan")}, "集中度是 nan"),
    ],
)
def test_draws_that_cannot_be_made_are_refused_by_name(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(SamplingRefused, match=said):
        smaa([[4, 2], [3, 3]], **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("matrix", [[], [[]], [[1, 2], [1]], [[1, "x"]], [[1, None]], [[1, float("inf")]], [[1, True]]])
def test_a_matrix_with_holes_is_refused(matrix: list[list[object]]) -> None:
    for function in (smaa, lambda rows: weight_interval(rows, [1, 1], 0), lambda rows: weight_intervals(rows, [1, 1])):
        with pytest.raises(MatrixRefused):
            function(matrix)


@pytest.mark.parametrize("mark", [1e308, -1e101, "1e350"])
def test_a_mark_beyond_the_reach_of_sums_is_refused(mark: float) -> None:
    with pytest.raises(MatrixRefused, match="10 的 100 次方"):
        smaa([[4, 2], [3, mark]])


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [1, -1], [0, 0], [1, float("nan")], [1, "x"]])
def test_weights_that_cannot_be_used_are_refused(weights: list[object]) -> None:
    matrix = [[4, 2], [3, 3]]
    for function in (smaa, lambda rows, given: weight_interval(rows, given, 0), weight_intervals):
        with pytest.raises(WeightsRefused):
            function(matrix, weights)


def test_a_very_small_concentration_still_draws_weights() -> None:
    # Nearly all weight falls on one criterion, each as often as its share says: 70 % on the first.
    found = smaa([[5, 1], [1, 5]], [70, 30], samples=20_000, concentration=1e-9)
    assert sum(found.first_place) == pytest.approx(1)
    assert abs(found.first_place[0] - 0.7) < 4 * found.standard_error[0]


# --- one weight ------------------------------------------------------------------------------------------------------


def rescaled(weights: list[int], group: tuple[int, ...], share: Fraction) -> list[Fraction]:
    """The weights with `share` of the whole on the group, proportions within and without it kept."""
    mine = sum(weights[column] for column in group)
    rest = sum(weights) - mine
    return [
        share * weight / mine if column in group else (1 - share) * weight / rest
        for column, weight in enumerate(weights)
    ]


def first_at(matrix: list[list[int]], weights: list[Fraction]) -> list[int]:
    sums = [sum(weight * mark for weight, mark in zip(weights, row, strict=True)) for row in matrix]
    return [place for place, each in enumerate(sums) if each == max(sums)]


@settings(max_examples=150, deadline=None)
@given(panels(), st.data())
def test_the_winner_is_first_inside_the_interval_and_nowhere_else(
    panel: tuple[list[list[int]], list[int]], data: st.DataObject
) -> None:
    matrix, weights = panel
    columns = st.sets(st.integers(0, len(weights) - 1), min_size=1, max_size=len(weights) - 1)
    group = tuple(data.draw(columns))
    found = weight_interval(matrix, weights, group)
    assert found.weight == pytest.approx(sum(weights[column] for column in group) / sum(weights))
    assert found.low <= found.weight <= found.high
    assert found.winner == first_at(matrix, [Fraction(weight) for weight in weights])[0]
    for step in range(61):
        share = Fraction(step, 60)
        inside = found.winner in first_at(matrix, rescaled(weights, group, share))
        assert inside == (found.low <= float(share) <= found.high), share


def test_at_an_end_of_the_interval_a_rival_draws_level() -> None:
    # (4, 2, 3) against (3, 3, 5): the lead is w₀ − w₁ − 2·w₂, the last two in the proportion 3 : 1.
    # With t on the first, they have ¾(1 − t) and ¼(1 − t): t − 1¼·(1 − t) = 0 at t = 5/9.
    found = weight_interval([[4, 2, 3], [3, 3, 5]], [80, 15, 5], 0)
    assert (found.winner, found.low, found.high) == (0, float(Fraction(5, 9)), 1.0)
    assert first_at([[4, 2, 3], [3, 3, 5]], rescaled([80, 15, 5], (0,), Fraction(5, 9))) == [0, 1]


def test_a_dimension_moves_as_one() -> None:
    # Two indicators 60 : 40 in the dimension; its score is 0.6·a + 0.4·b, and so the interval is that of the dimensions.
    leaves = [[5, 3, 2], [2, 4, 4], [3, 3, 3]]
    weights = [36, 24, 40]
    dimensions = [[0.6 * first + 0.4 * second, third] for first, second, third in leaves]
    assert weight_interval(leaves, weights, [0, 1]) == weight_interval(dimensions, [60, 40], 0)


def test_a_criterion_that_weighs_nothing_may_gain_weight_until_a_rival_draws_level() -> None:
    # (4, 2) leads (3, 4) by 1 at weight 0 of the second and is behind by 2 at weight 1: level at a third.
    found = weight_interval([[4, 2], [3, 4]], [1, 0], 1)
    assert (found.low, found.high, found.weight) == (0.0, float(Fraction(1, 3)), 0.0)


def test_all_intervals_at_once_are_the_single_ones() -> None:
    matrix, weights = [[4, 2, 3.5], [3, 3, 5], [11 / 3, 4, 1]], [0.5, 0.3, 0.2]
    assert weight_intervals(matrix, weights) == tuple(weight_interval(matrix, weights, column) for column in range(3))


def test_an_exact_tie_belongs_to_the_first_row_and_is_an_end_of_its_interval() -> None:
    # 33/10 each; in floats the sums differ by their last digit. The lead of the first over the second in criterion 0 is
    # −1, so that any more weight on it loses: 0.2 is the upper end.
    found = weight_interval([[3, 3, 5, 1], [4, 1, 4, 3]], [0.2, 0.15, 0.4, 0.25], 0)
    assert (found.winner, found.low, found.high) == (0, 0.0, 0.2)


def test_a_candidate_alone_and_equal_candidates_never_lose() -> None:
    assert astuple(weight_interval([[3, 1]], [1, 1], 0)) == (0, 0.0, 1.0, 0.5)
    assert astuple(weight_interval([[3, 1], [3, 1]], [1, 1], 1)) == (0, 0.0, 1.0, 0.5)


@pytest.mark.parametrize("criterion", [2, -1, True, 0.5, "0", None, [], [0, 0], [0, 5]])
def test_a_criterion_that_is_not_there_is_refused(criterion: object) -> None:
    with pytest.raises(MatrixRefused, match=r"没有序号为|哪一列"):
        weight_interval([[4, 2], [3, 3]], [1, 1], criterion)  # type: ignore[arg-type]


def test_weights_without_proportions_are_refused() -> None:
    with pytest.raises(WeightsRefused, match="其余各项的权重不能用：全都是 0"):
        weight_interval([[4, 2], [3, 3]], [1, 0], 0)
    with pytest.raises(WeightsRefused, match="这一组的权重不能用：全都是 0"):
        weight_interval([[4, 2, 1], [3, 3, 1]], [0, 0, 1], [0, 1])
    with pytest.raises(WeightsRefused, match="其余各项"):
        weight_intervals([[4], [3]], [1])


# --- the change without rescaling ------------------------------------------------------------------------------------


def test_the_change_without_rescaling_is_taken_from_one_weight_alone() -> None:
    # P = 0.75·4 + 0.25·2 = 3.5 and 0.75·3 + 0.25·3.5 = 3.125. δ = (3.125 − 3.5) ÷ (3 − 4) = 0.375, half of 0.75: with
    # 0.375 both have 0.375·4 + 0.5 = 2 and 0.375·3 + 0.875 = 2.
    found = weight_change_unscaled([[4, 2], [3, 3.5]], [0.75, 0.25], criterion=0, winner=0, rival=1)
    assert astuple(found) == (0.375, 50.0)
    # On the second, δ = −0.375 ÷ 1.5 = −0.25: taken away, the weight grows from 0.25 to 0.5, by all of itself.
    grown = weight_change_unscaled([[4, 2], [3, 3.5]], [0.75, 0.25], criterion=1, winner=0, rival=1)
    assert astuple(grown) == (-0.25, -100.0)


@settings(max_examples=100, deadline=None)
@given(panels(), st.data())
def test_after_the_change_both_have_the_same_sum_and_none_means_that_no_weight_does_it(
    panel: tuple[list[list[int]], list[int]], data: st.DataObject
) -> None:
    matrix, weights = panel
    matrix = [*matrix, [1] * len(weights)]
    scores = weighted_scores(matrix, weights).scores
    winner, rival = scores.index(max(scores)), len(matrix) - 1
    assume(winner != rival)
    criterion = data.draw(st.integers(0, len(weights) - 1))
    found = weight_change_unscaled(matrix, weights, criterion, winner, rival)

    def lead(weight: Fraction) -> Fraction:
        changed = [weight if column == criterion else Fraction(each) for column, each in enumerate(weights)]
        return sum(
            (each * (mine - other) for each, mine, other in zip(changed, matrix[winner], matrix[rival], strict=True)),
            Fraction(0),
        )

    if found.absolute is None:
        # A line that is above 0 now, at weight 0 and far up is above 0 all the way.
        assert lead(Fraction(0)) >= 0 and lead(Fraction(10**6)) >= 0 and found.percent is None
    else:
        assert float(lead(weights[criterion] - Fraction(found.absolute))) == pytest.approx(0, abs=1e-9)
        assert found.percent == pytest.approx(100 * found.absolute / weights[criterion])


def test_a_change_that_no_weight_allows_is_none() -> None:
    # The first is ahead in both: even weight 0 leaves it ahead. In the third column they are equal.
    assert astuple(weight_change_unscaled([[4, 4, 2], [3, 3, 2]], [1, 1, 1], 0, 0, 1)) == (None, None)
    assert astuple(weight_change_unscaled([[4, 4, 2], [3, 3, 2]], [1, 1, 1], 2, 0, 1)) == (None, None)
    # Only the first column leads, by 1·1: all of the weight has to go, and at 0 they are level.
    assert astuple(weight_change_unscaled([[4, 2], [3, 2]], [1, 1], 0, 0, 1)) == (1.0, 100.0)
    # Of a weight of 0 there is no percentage: δ = −1 ÷ 2.
    assert astuple(weight_change_unscaled([[4, 2], [3, 4]], [1, 0], 1, 0, 1)) == (-0.5, None)


def test_rows_that_cannot_be_compared_are_refused() -> None:
    matrix = [[4, 2], [3, 3]]
    with pytest.raises(MatrixRefused, match="同一行"):
        weight_change_unscaled(matrix, [1, 1], 0, 1, 1)
    with pytest.raises(MatrixRefused, match="没有序号为 2 的行"):
        weight_change_unscaled(matrix, [1, 1], 0, 0, 2)
    with pytest.raises(WeightsRefused, match="没有领先可失"):
        weight_change_unscaled(matrix, [1, 3], 0, 0, 1)


def test_refusals_are_evaluation_refusals() -> None:
    assert issubclass(SamplingRefused, EvaluationRefused) and SamplingRefused("x").permanent


def test_an_interval_loads_no_numpy() -> None:
    code = (
        "import sys\n"
        "from workbook.evaluation import smaa, weight_intervals, krippendorff_alpha, icc, leniency, risk_level\n"
        "weight_intervals([[4, 2], [3, 3]], [1, 1]), krippendorff_alpha([[1, 2], [1, 3]])\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
