"""Weights: the tree multiplies down to 1, sums are checked exactly, and advisory methods refuse what they cannot say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest

from workbook.evaluation import (
    ahp,
    ahp_hierarchy,
    check_weights,
    critic_weights,
    entropy_weights,
    group_judgements,
    hierarchical_weights,
)
from workbook.evaluation.model import Dimension, Indicator
from workbook.evaluation.refusals import (
    ConstantColumn,
    JudgementsRefused,
    MatrixRefused,
    TreeRefused,
    WeightsRefused,
)


def branch(key: str, weight: float, leaves: Sequence[float]) -> Dimension:
    own = tuple(Indicator(f"{key}.{n}", f"指标{n}", Decimal(str(leaf))) for n, leaf in enumerate(leaves, start=1))
    return Dimension(key, f"维度{key}", Decimal(str(weight)), own)


def test_global_weights_multiply_down_and_sum_to_one() -> None:
    # 60 of 100 split 1 : 2 is 20 and 40; 40 of 100 is one indicator's.
    wanted = {"a": Fraction(1, 5), "b": Fraction(2, 5), "c": Fraction(2, 5)}
    assert hierarchical_weights({"x": (60, {"a": 1, "b": 2}), "y": (40, {"c": 7})}) == wanted
    tree = [branch("x", 60, [1, 2]), branch("y", 40, [7])]
    assert list(hierarchical_weights(tree).values()) == list(wanted.values())
    assert sum(hierarchical_weights({"x": (0.1, {"a": 0.1, "b": 0.2}), "y": (0.7, {"c": 1 / 3})}).values()) == 1


def test_sums_are_checked_as_decimals() -> None:
    assert sum([11.1] * 8 + [11.2]) != 100  # what a check on floats would refuse
    nine = {f"i{n}": 11.1 for n in range(8)} | {"last": 11.2}
    check_weights({"技术": (100, nine)})
    check_weights([branch("S3", 100, [11.1] * 8 + [11.2])])
    check_weights({"技术": (100, {f"i{n}": Fraction(100, 3) for n in range(3)})})


@pytest.mark.parametrize(
    "tree, said",
    [
        ({"技术": (100, {f"i{n}": 12.4 for n in range(8)})}, "“技术”的权重不能用：合计 99.2，应为 100"),
        ({"技术": (60, {"a": 100}), "资金": (39, {"b": 100})}, "维度的权重不能用：合计 99，应为 100"),
        ({"技术": (100, {"a": 100.00000001})}, "“技术”.*100.00000001"),
        ({"技术": (100, {"a": 120, "b": -20})}, "“技术”.*“b”.*负数"),
        ({"技术": (100, {"a": float("nan")})}, "“技术”.*不是有限的数字"),
        ({"技术": (float("inf"), {"a": 100})}, "“技术”.*不是有限的数字"),
        ({"技术": (100, {})}, "“技术”.*合计 0"),
    ],
)
def test_weights_that_are_not_a_hundred_are_refused_by_name(tree: dict[str, object], said: str) -> None:
    with pytest.raises(WeightsRefused, match=said):
        check_weights(tree)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "tree, error",
    [
        ([], WeightsRefused),
        ([branch("x", 0, [1])], WeightsRefused),
        ([branch("x", 1, [])], WeightsRefused),
        ([branch("x", 1, [0, 0])], WeightsRefused),
        ([branch("x", 1, [1]), branch("x", 1, [1])], TreeRefused),
        ({"x": (1, {"a": 1}), "y": (1, {"a": 1})}, TreeRefused),
    ],
)
def test_a_tree_that_says_nothing_or_says_it_twice_is_refused(tree: list[Dimension], error: type[Exception]) -> None:
    with pytest.raises(error):
        hierarchical_weights(tree)


def test_a_consistent_judgment_gives_back_its_weights() -> None:
    # Weights 4 : 2 : 1 judged without contradiction: λmax = n, and nothing to warn of.
    found = ahp([[1, 2, 4], [0.5, 1, 2], [0.25, 0.5, 1]])
    assert found.weights == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert (found.lambda_max, found.consistency_index, found.consistency_ratio) == pytest.approx((3, 0, 0))
    assert found.consistency_index >= 0 and found.warning == ""
    assert ahp([[1]]).weights == (1.0,)
    assert ahp([[1, 3], [1 / 3, 1]]).weights == pytest.approx((0.75, 0.25))


def test_contradictions_are_warned_of() -> None:
    # A over B, B over C, C over A, each nine times: a circle. λmax = 1 + 9 + 1/9, CI = (λmax − 3) ÷ 2, RI = 0.58.
    found = ahp([[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]])
    assert found.lambda_max == pytest.approx(1 + 9 + 1 / 9)
    assert found.consistency_ratio == pytest.approx((10 + 1 / 9 - 3) / 2 / 0.58)
    assert "一致性" in found.warning


def test_reciprocals_may_be_rounded_to_two_decimals() -> None:
    assert ahp([[1, 3], [0.33, 1]]).weights == pytest.approx((0.75, 0.25), abs=0.01)


@pytest.mark.parametrize(
    "matrix, said",
    [
        ([[1, 2, 3], [0.5, 1, 2]], "2 行 3 列"),
        ([[1, 2], [0.5]], "第 2 行"),
        ([[1, 2], [2, 1]], "倒数"),
        ([[2, 2], [0.5, 1]], "第 1 行第 1 列"),
        ([[1, 0], [0, 1]], "不大于 0"),
        ([[1, -2], [-0.5, 1]], "不大于 0"),
        ([[1.0] * 11] * 11, "最多 10 项"),
        ([], "没有任何数值"),
    ],
)
def test_what_is_no_judgment_matrix_is_refused(matrix: list[list[float]], said: str) -> None:
    with pytest.raises(JudgementsRefused, match=said):
        ahp(matrix)


def test_a_hierarchy_needs_one_matrix_of_the_same_alternatives_per_criterion() -> None:
    two, three = [[1, 1], [1, 1]], [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    assert ahp_hierarchy(two, [three, three]).weights == pytest.approx([1 / 3] * 3)
    with pytest.raises(JudgementsRefused, match="准则有 2 个"):
        ahp_hierarchy(two, [three])
    with pytest.raises(JudgementsRefused, match="个数不一样"):
        ahp_hierarchy(two, [two, three])


def test_a_group_judges_by_the_geometric_mean() -> None:
    # √(2 · 8) = 4, and its reciprocal stays one.
    first, second = group_judgements([[[1, 2], [0.5, 1]], [[1, 8], [0.125, 1]]])
    assert first == pytest.approx((1, 4)) and second == pytest.approx((0.25, 1))


def test_entropy_by_hand() -> None:
    # Shares (½, ½) of one column would carry nothing; (1, 0) carries all: e = 0, so d = 1.
    # Column 2 has shares (¼, ¾): e = −(¼ ln ¼ + ¾ ln ¾) ÷ ln 2 = 0.811278, d = 0.188722.
    spread = 1 + (0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / math.log(2)
    assert entropy_weights([[1, 1], [0, 3]]) == pytest.approx((1 / (1 + spread), spread / (1 + spread)))


def test_a_cost_is_flipped_before_it_weighs() -> None:
    # 1 ÷ (1, 3) has shares (¾, ¼), as the benefit (3, 1) has: both criteria weigh the same.
    assert entropy_weights([[1, 3], [3, 1]], [-1, 1]) == pytest.approx((0.5, 0.5))
    # CRITIC: a cost that runs against a benefit agrees with it once flipped, so all conflict is with the third.
    rows = [[1, 9, 2], [2, 8, 1], [3, 7, 3]]
    flipped = [[row[0], -row[1], row[2]] for row in rows]
    assert critic_weights(rows, [1, -1, 1]) == pytest.approx(critic_weights(flipped))
    assert critic_weights(rows, [1, -1, 1]) != pytest.approx(critic_weights(rows))


def test_one_criterion_takes_all() -> None:
    assert critic_weights([[1], [2]]) == (1.0,)
    assert entropy_weights([[1], [2]]) == pytest.approx((1.0,))


@pytest.mark.parametrize("method", [entropy_weights, critic_weights])
def test_data_that_say_nothing_are_refused(method: object) -> None:
    assert callable(method)
    with pytest.raises(ConstantColumn, match="第 2 列"):
        method([[1, 5], [2, 5]])
    with pytest.raises(MatrixRefused, match="至少要两个候选"):
        method([[1, 2]])
    with pytest.raises(MatrixRefused, match="方向"):
        method([[1, 2], [2, 1]], [1, 0])


def test_entropy_refuses_what_has_no_share() -> None:
    with pytest.raises(MatrixRefused, match="第 1 列有负数"):
        entropy_weights([[-1, 2], [2, 1]])
    with pytest.raises(MatrixRefused, match="第 2 列有不大于 0 的成本"):
        entropy_weights([[1, 0], [2, 1]], [1, -1])


def test_critic_refuses_criteria_that_all_say_the_same() -> None:
    with pytest.raises(MatrixRefused, match="完全一致"):
        critic_weights([[1, 10], [2, 20], [3, 30]])
