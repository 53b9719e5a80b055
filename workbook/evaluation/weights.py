"""Owns weights: the tree's global weights and their check, AHP priorities, and advisory weights from the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from workbook.evaluation.exact import Number, half_up
from workbook.evaluation.model import Dimension
from workbook.evaluation.ranking import exact_rows, plain_weight
from workbook.evaluation.refusals import (
    ConstantColumn,
    JudgementsRefused,
    MatrixRefused,
    TreeRefused,
    WeightsRefused,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = "NDArray[np.float64]"

Tree: TypeAlias = "Sequence[Dimension] | Mapping[str, tuple[Number, Mapping[str, Number]]]"
Branch: TypeAlias = "tuple[str, Fraction, dict[str, Fraction]]"

HUNDRED_SLACK = Fraction(1, 10**9)
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)  # Saaty 1980, for 1 to 10 items
CONSISTENT_UP_TO = 0.10
# Published tables and cells show 1/3 as 0.33 and 1/7 as 0.14: their products with 3 and 7 are within 5 % of 1.
RECIPROCAL_SLACK = 0.05


def hierarchical_weights(dimensions: Tree) -> dict[str, Fraction]:
    """The global weight of each indicator, (W_g ÷ ΣW) · (v_i ÷ Σv in g), exact and summing to 1.

    `dimensions` is the tree as `Dimension`s or as {dimension: (weight, {indicator: weight})}. Weights count by their
    proportions; whether they sum to 100 is the business of `check_weights`.

    Raises:
        WeightsRefused: for a weight that is negative or no number, or a group that weighs nothing; names the group.
        TreeRefused: for a dimension or indicator that stands twice.
    """
    branches = _branches(dimensions)
    whole = sum(weight for _, weight, _ in branches)
    if not whole:
        raise WeightsRefused("维度", "没有维度，或全都是 0。请至少给一个维度大于 0 的权重。")
    found: dict[str, Fraction] = {}
    for title, weight, leaves in branches:
        within = sum(leaves.values())
        if not within:
            raise WeightsRefused(
                f"维度“{title}”", "下面没有指标，或指标的权重全都是 0。请至少给一个指标大于 0 的权重。"
            )
        for key, leaf in leaves.items():
            if key in found:
                raise TreeRefused(f"指标 {key} 出现了不止一次。请改正编号。")
            found[key] = weight / whole * (leaf / within)
    return found


def check_weights(dimensions: Tree) -> None:
    """Sees to it that the dimensions sum to 100, and so do the indicators of each dimension.

    Sums are exact and may differ from 100 by 10^-9, so eight times 11.1 and once 11.2 are legal and a float's noise
    is no matter.

    Raises:
        WeightsRefused: naming the dimension and its sum; also for a weight that is negative or no number.
        TreeRefused: for a dimension that stands twice.
    """
    branches = _branches(dimensions)
    check_hundred({title: weight for title, weight, _ in branches}, "维度")
    for title, _, leaves in branches:
        check_hundred(leaves, f"维度“{title}”")


def check_hundred(weights: Mapping[str, Number], where: str) -> None:
    """Sees to it that one group of weights sums to 100 within 10^-9; `where` names the group in the refusal."""
    total = sum((plain_weight(weight, where, f"“{item}”") for item, weight in weights.items()), Fraction(0))
    if abs(total - 100) > HUNDRED_SLACK:
        shown = format(half_up(total, 10).normalize(), "f")
        raise WeightsRefused(where, f"合计 {shown}，应为 100。请改其中一项，使合计正好是 100。")


def _branches(dimensions: Tree) -> list[Branch]:
    """Each dimension's title, weight, and its indicators' weights by key; titles stand for keys in what people read."""
    if isinstance(dimensions, Mapping):
        plain = [(key, key, weight, list(leaves.items())) for key, (weight, leaves) in dimensions.items()]
    else:
        plain = [
            (branch.key, branch.title, branch.weight, [(leaf.key, leaf.weight) for leaf in branch.indicators])
            for branch in dimensions
        ]
    keys = [key for key, *_ in plain]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise TreeRefused(f"维度 {'、'.join(doubled)} 出现了不止一次。请改正编号。")
    return [
        (title, plain_weight(weight, "维度", f"“{title}”"), _leaves(title, leaves))
        for _, title, weight, leaves in plain
    ]


def _leaves(title: str, leaves: Sequence[tuple[str, Number]]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for key, weight in leaves:
        if key in found:
            raise TreeRefused(f"维度“{title}”里指标 {key} 出现了不止一次。请改正编号。")
        found[key] = plain_weight(weight, f"维度“{title}”", f"指标“{key}”")
    return found


@dataclass(frozen=True)
class Priorities:
    """AHP priorities. `weights` sum to 1; `lambda_max` is the principal eigenvalue; `consistency_index` is
    (λmax − n)/(n − 1); `consistency_ratio` is CI ÷ RI (0 up to two items); `warning` speaks when it is above 0.10."""

    weights: tuple[float, ...]
    lambda_max: float
    consistency_index: float
    consistency_ratio: float
    warning: str = ""


@dataclass(frozen=True)
class HierarchyPriorities(Priorities):
    """Priorities of alternatives under criteria. `lambda_max` is that of the criteria; `consistency_index` and
    `consistency_ratio` are the hierarchy's, (CI_c + Σ w·CI) ÷ (RI_c + Σ w·RI) [Saaty 1980]."""

    criteria_weights: tuple[float, ...] = ()
    criteria_consistency_ratio: float = 0.0


def ahp(matrix: Sequence[Sequence[Number]]) -> Priorities:
    """Priorities from pairwise judgments: the principal eigenvector [Saaty 1980].

    `matrix[i][j]` says how many times item i matters as much as item j; at most ten items. The judgments are used as
    given; reciprocals may be rounded to two decimals (0.33 for 1/3).

    Raises:
        JudgementsRefused: for a matrix that is not square, not positive, not reciprocal, or too large.
    """
    judged = _judgements(matrix)
    size = len(judged)
    values, vectors = _numpy().linalg.eig(judged)
    place = int(values.real.argmax())
    vector = abs(vectors[:, place].real)
    largest = float(values[place].real)
    # A consistent matrix has λmax = n; the noise of the eigenvalue must not show as a negative index.
    index = max(0.0, (largest - size) / (size - 1)) if size > 1 else 0.0
    ratio = index / RANDOM_INDEX[size - 1] if size > 2 else 0.0
    return Priorities(_shares(vector), largest, index, ratio, _warning(ratio))


def ahp_hierarchy(
    criteria: Sequence[Sequence[Number]], alternatives: Sequence[Sequence[Sequence[Number]]]
) -> HierarchyPriorities:
    """Priorities of alternatives: the criteria's priorities times the alternatives' under each [Saaty 1980].

    `criteria` is one judgment matrix; `alternatives` holds one per criterion, all of the same alternatives.

    Raises:
        JudgementsRefused: as `ahp`; also if the number or the sizes of the matrices do not match.
    """
    above = ahp(criteria)
    if len(alternatives) != len(above.weights):
        raise JudgementsRefused(
            f"准则有 {len(above.weights)} 个，方案矩阵有 {len(alternatives)} 个。请给每个准则一个。"
        )
    below = [ahp(matrix) for matrix in alternatives]
    sizes = {len(under.weights) for under in below}
    if len(sizes) > 1:
        raise JudgementsRefused("各准则下的方案个数不一样。请让每个矩阵比较同一批方案。")
    (size,) = sizes
    weights = [
        math.fsum(share * under.weights[place] for share, under in zip(above.weights, below, strict=True))
        for place in range(size)
    ]
    index = above.consistency_index + math.fsum(
        share * under.consistency_index for share, under in zip(above.weights, below, strict=True)
    )
    random_index = RANDOM_INDEX[len(above.weights) - 1] + RANDOM_INDEX[size - 1]
    ratio = index / random_index if random_index else 0.0
    worst = max(ratio, above.consistency_ratio, *(under.consistency_ratio for under in below))
    return HierarchyPriorities(
        tuple(weights), above.lambda_max, index, ratio, _warning(worst), above.weights, above.consistency_ratio
    )


def group_judgements(matrices: Sequence[Sequence[Sequence[Number]]]) -> tuple[tuple[float, ...], ...]:
    """One judgment matrix of a group: the geometric mean of its members' judgments, which stays reciprocal."""
    judged = [_judgements(matrix) for matrix in matrices]
    if not judged or len({len(matrix) for matrix in judged}) > 1:
        raise JudgementsRefused("没有矩阵，或各人的矩阵大小不一样。请让每个人比较同一批项目。")
    np = _numpy()
    mean = np.exp(np.mean([np.log(matrix) for matrix in judged], axis=0))
    return tuple(tuple(float(value) for value in row) for row in mean)


def _judgements(matrix: Sequence[Sequence[Number]]) -> Floats:
    try:
        rows = exact_rows(matrix)
    except MatrixRefused as problem:
        raise JudgementsRefused(str(problem)) from problem
    size = len(rows)
    if len(rows[0]) != size:
        raise JudgementsRefused(f"有 {size} 行 {len(rows[0])} 列。行数与列数应相同。")
    if size > len(RANDOM_INDEX):
        raise JudgementsRefused(f"有 {size} 项，最多 {len(RANDOM_INDEX)} 项。请先分成几组，再逐层比较。")
    for r in range(size):
        for c in range(size):
            if rows[r][c] <= 0:
                raise JudgementsRefused(f"第 {r + 1} 行第 {c + 1} 列不大于 0。比较值应在 1/9 到 9 之间。")
            if abs(rows[r][c] * rows[c][r] - 1) > RECIPROCAL_SLACK:
                raise JudgementsRefused(
                    f"第 {r + 1} 行第 {c + 1} 列 {float(rows[r][c]):g} 与第 {c + 1} 行第 {r + 1} 列 {float(rows[c][r]):g} 不互为倒数。"
                )
    found: Floats = _numpy().array([[float(value) for value in row] for row in rows])
    return found


def _warning(ratio: float) -> str:
    if ratio <= CONSISTENT_UP_TO:
        return ""
    return f"一致性比率 {half_up(ratio, 3)} 大于 0.10：判断前后矛盾较多，请重新比较后再用。"


def entropy_weights(matrix: Sequence[Sequence[Number]], directions: Sequence[int] | None = None) -> tuple[float, ...]:
    """Advisory weights from the data: the more a criterion tells candidates apart, the more it weighs [Shannon].

    `matrix` is candidates × criteria, not negative; `directions` are +1 (benefit) or −1 (cost), all +1 if left out.
    Shares p = x ÷ Σx, 0·ln 0 = 0. A cost column is flipped first to 1 ÷ x, which keeps its ratios.

    Raises:
        MatrixRefused: for fewer than two candidates, a negative value, or a cost that is not above 0.
        ConstantColumn: for a criterion without differences.
    """
    np = _numpy()
    table, signs = _table(matrix, directions)
    for column in range(table.shape[1]):
        lowest = table[:, column].min()
        if lowest < 0 or (signs[column] < 0 and lowest == 0):
            raise MatrixRefused(
                f"第 {column + 1} 列有{'不大于 0 的成本' if signs[column] < 0 else '负数'}，熵权法不能用。"
            )
        if signs[column] < 0:
            table[:, column] = 1 / table[:, column]
    shares = table / table.sum(axis=0)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    told = 1 + (shares * logs).sum(axis=0) / math.log(len(table))
    return _shares(told)


def critic_weights(matrix: Sequence[Sequence[Number]], directions: Sequence[int] | None = None) -> tuple[float, ...]:
    """Advisory weights from the data: spread times conflict, σ_j · Σ_k (1 − r_jk) [Diakoulaki et al. 1995].

    `matrix` is candidates × criteria; `directions` as in `entropy_weights`. Columns are scaled min–max (costs
    flipped), r is Pearson's, the standard deviation divides by n.

    Raises:
        MatrixRefused: for fewer than two candidates, or if all criteria say the same.
        ConstantColumn: for a criterion without differences.
    """
    np = _numpy()
    table, signs = _table(matrix, directions)
    if table.shape[1] == 1:
        return (1.0,)
    scaled = (table - table.min(axis=0)) / np.ptp(table, axis=0)
    scaled = np.where(np.array(signs) < 0, 1 - scaled, scaled)
    conflict = (1 - np.corrcoef(scaled, rowvar=False)).sum(axis=0)
    told = scaled.std(axis=0) * conflict
    if told.sum() < 1e-12:
        raise MatrixRefused("各列的高低完全一致，CRITIC 法分不出权重。请只留其中一列。")
    return _shares(told)


def _table(matrix: Sequence[Sequence[Number]], directions: Sequence[int] | None) -> tuple[Floats, tuple[int, ...]]:
    rows = exact_rows(matrix)
    if len(rows) < 2:
        raise MatrixRefused("只有一行。由数据算权重至少要两个候选。")
    signs = tuple(directions) if directions is not None else (1,) * len(rows[0])
    if len(signs) != len(rows[0]) or set(signs) - {1, -1}:
        raise MatrixRefused(f"方向应有 {len(rows[0])} 个，每个是 1（越大越好）或 -1（越小越好）。")
    for place in range(len(rows[0])):
        if len({row[place] for row in rows}) == 1:
            raise ConstantColumn(place + 1)
    return _numpy().array([[float(value) for value in row] for row in rows]), signs


def _shares(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values / values.sum())


def _numpy() -> Any:
    # Loaded where it is needed: a cell that asks for a grade should not wait for it.
    import numpy

    return numpy


__all__ = [
    "HierarchyPriorities",
    "Priorities",
    "WeightsRefused",
    "ahp",
    "ahp_hierarchy",
    "check_hundred",
    "check_weights",
    "critic_weights",
    "entropy_weights",
    "group_judgements",
    "hierarchical_weights",
]
