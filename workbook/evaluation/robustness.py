"""Owns how sure the winner is: SMAA over drawn weights, and the exact interval of a weight in which the winner stays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

from workbook.evaluation.exact import Number, exact
from workbook.evaluation.ranking import exact_rows, plain_weights
from workbook.evaluation.refusals import MatrixRefused, NotANumber, SamplingRefused, WeightsRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = "NDArray[np.float64]"
    Counts: TypeAlias = "NDArray[np.int64]"

MOST_SAMPLES = 10_000_000
# Above it the drawn weights lie so near to the given ones that the noise of floats would decide between equals.
MOST_CONCENTRATION = 10**9
ALL_RANKS_UP_TO = 100  # candidates: a square table of more is read by nobody
LARGEST_MARK = 10**100  # far from where sums of floats overflow, and the shares would be those of nothing
CELLS_AT_ONCE = 400_000  # drawn scores: they stay in the processor's cache


@dataclass(frozen=True)
class Smaa:
    """The result of SMAA-2, per candidate in the order of the rows.

    `first_place` is the share of draws in which a candidate is first; the shares sum to 1. `acceptability[i][r]` is the
    share in which candidate i has rank r + 1. `standard_error` is that of `first_place`, from the draws alone.
    """

    first_place: tuple[float, ...]
    acceptability: tuple[tuple[float, ...], ...]
    standard_error: tuple[float, ...]


@dataclass(frozen=True)
class WeightInterval:
    """From which to which share of all weight (0 to 1) a criterion may go with the winner staying first.

    `winner` is the index of its row; `low` and `high` are included (there a rival draws level, or the end of the scale
    is reached); `weight` is the share that the criterion has now.
    """

    winner: int
    low: float
    high: float
    weight: float


@dataclass(frozen=True)
class WeightChange:
    """The change of one weight that draws a rival level, the other weights as they are.

    As printed by its authors the change is taken away from the weight: the new weight is weight − `absolute`, and a
    negative one is added. `percent` is that of the weight. Both are None if no weight of 0 or more does it, and
    `percent` also if the weight is 0.
    """

    absolute: float | None
    percent: float | None


# --- drawn weights ---------------------------------------------------------------------------------------------------


def smaa(
    matrix: Sequence[Sequence[Number]],
    weights: Sequence[Number] | None = None,
    samples: int = 10_000,
    seed: int = 1,
    concentration: Number | None = None,
    ranks: int | None = None,
) -> Smaa:
    """How often each candidate is first, and has each rank, when the weights are drawn [Lahdelma & Salminen 2001].

    `matrix` is candidates × criteria, higher is better. Without `weights` they are drawn uniformly from all that sum to
    1; with them from Dirichlet(κ·w), w summing to 1, whose mean is w: the larger κ (`concentration`), the nearer to
    w. κ is the number of criteria that weigh anything if left out, so that equal weights are drawn uniformly too.
    Candidates with the same marks share their places evenly. The same seed gives the same answer. `ranks` is how many
    ranks `acceptability` shows: all up to 100 candidates if left out, only the first above.

    Raises:
        MatrixRefused: for an empty or ragged matrix, or a value that is no number.
        WeightsRefused: for weights of another number than the columns, negative or not finite.
        SamplingRefused: for `samples`, `seed`, `concentration` or `ranks` that cannot be used.

    >>> smaa([[3, 4], [3, 4], [2, 1]], samples=1000).first_place
    (0.5, 0.5, 0.0)
    """
    rows = exact_rows(matrix)
    if max(max(row) for row in rows) > LARGEST_MARK or min(min(row) for row in rows) < -LARGEST_MARK:
        raise MatrixRefused("有的数大于 10 的 100 次方。请核对数值。")
    alphas = _alphas(weights, concentration, len(rows[0]))
    _whole("抽样次数", samples, 1, MOST_SAMPLES)
    _whole("随机种子", seed, 0, None)
    if ranks is None:
        ranks = len(rows) if len(rows) <= ALL_RANKS_UP_TO else 1
    _whole("名次个数", ranks, 1, len(rows))
    counted = [column for column, alpha in enumerate(alphas) if alpha]
    # A criterion that weighs nothing tells no candidates apart; equal marks share whatever the weights.
    groups: dict[tuple[float, ...], list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(tuple(row[column].numerator / row[column].denominator for column in counted), []).append(
            place
        )
    sizes = [len(members) for members in groups.values()]
    counts = _rank_counts(list(groups), sizes, [alphas[column] for column in counted], samples, seed, ranks)
    acceptability: list[tuple[float, ...]] = [()] * len(rows)
    errors = [0.0] * len(rows)
    for members, found, size in zip(groups.values(), counts, sizes, strict=True):
        shares = _shared(found, size, samples)
        # A draw gives each of them 1/size or nothing.
        error = math.sqrt(found[0] / samples * (1 - found[0] / samples) / samples) / size
        for member in members:
            acceptability[member], errors[member] = shares, error
    return Smaa(tuple(row[0] for row in acceptability), tuple(acceptability), tuple(errors))


def _alphas(weights: Sequence[Number] | None, concentration: Number | None, count: int) -> list[float]:
    """The parameters of the Dirichlet distribution, one per criterion."""
    if weights is None:
        if concentration is not None:
            raise SamplingRefused("没有给权重时按均匀分布抽取，不能再给集中度。请给权重，或去掉集中度。")
        return [1.0] * count
    given = plain_weights(weights, count)
    whole = sum(given)
    kappa = Fraction(sum(1 for weight in given if weight)) if concentration is None else _concentration(concentration)
    return [float(kappa * weight / whole) for weight in given]


def _concentration(value: Number) -> Fraction:
    try:
        found = exact(value)
    except NotANumber:
        raise SamplingRefused(f"集中度是 {value!r}，不是有限的数字。请改成大于 0 的数字。") from None
    if not 0 < found <= MOST_CONCENTRATION:
        raise SamplingRefused(f"集中度是 {value}，应大于 0，不超过 {MOST_CONCENTRATION}。")
    return found


def _whole(what: str, value: int, least: int, most: int | None) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, Integral)
        or value < least
        or (most is not None and value > most)
    ):
        limit = f"不小于 {least} 的整数" if most is None else f" {least} 到 {most} 的整数"
        raise SamplingRefused(f"{what}是 {value!r}，应是{limit}。")


def _rank_counts(
    table: list[tuple[float, ...]], sizes: list[int], alphas: list[float], samples: int, seed: int, ranks: int
) -> list[list[int]]:
    """In how many draws each row begins at each of the first `ranks` ranks; a row stands for `sizes` equal candidates."""
    np = _numpy()
    random = np.random.default_rng(seed)
    marks = np.array(table)
    # What all have in common moves no rank, and without it there are more digits for what they have not.
    marks = np.ascontiguousarray((marks - marks.min(axis=0)).T)
    uniform = all(alpha == 1 for alpha in alphas)
    counts: Counts = np.zeros((len(table), ranks), dtype=np.int64)
    step = max(1, min(samples, CELLS_AT_ONCE // max(len(table), len(alphas))))
    for done in range(0, samples, step):
        draws = min(step, samples - done)
        # Ranks do not depend on the sum of the weights, so exponential ones do for uniform ones.
        drawn = random.standard_exponential((draws, len(alphas))) if uniform else random.dirichlet(alphas, draws)
        _count(np, drawn @ marks, sizes, counts)
    return [[int(count) for count in row] for row in counts]


def _count(np: Any, scores: Floats, sizes: list[int], counts: Counts) -> None:
    """Adds to `counts` where each column of `scores` begins in each row."""
    columns, ranks = counts.shape
    if ranks == 1:
        counts[:, 0] += np.bincount(scores.argmax(axis=1), minlength=columns)
        return
    order = np.argsort(-scores, axis=1)
    if len(set(sizes)) == 1:
        starts = np.arange(columns) * sizes[0]
    else:
        ahead = np.array(sizes)[order]
        starts = np.cumsum(ahead, axis=1) - ahead
    everyone = sum(sizes)
    found = np.bincount((order * everyone + starts).ravel(), minlength=columns * everyone)
    counts += found.reshape(columns, everyone)[:, :ranks]


def _shared(counts: list[int], size: int, samples: int) -> tuple[float, ...]:
    """The shares of each of `size` equal candidates: who begin at a rank take it and the next `size` − 1 in turn."""
    return tuple(sum(counts[max(0, rank - size + 1) : rank + 1]) / (size * samples) for rank in range(len(counts)))


def _numpy() -> Any:
    # Loaded where it is needed: a cell that asks for an interval should not wait for it.
    import numpy

    return numpy


# --- one weight ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Panel:
    """A matrix and its weights as whole numbers over common denominators, and the winner's lead over each rival."""

    rows: list[list[int]]
    weights: list[int]
    total: int
    winner: int
    leads: list[int]


def weight_interval(
    matrix: Sequence[Sequence[Number]], weights: Sequence[Number], criterion: int | Sequence[int]
) -> WeightInterval:
    """The interval of one criterion's weight in which the winner stays first, the others rescaled proportionally.

    `matrix` is candidates × criteria, higher is better; `weights` count by their proportions; `criterion` is the index
    of a column, or of several that keep their proportions among each other (a dimension). The winner is the first row
    among those with the highest weighted sum. For a rival with differences d to it, D = Σ w·d and
    R = (D − w_k·d_k) ÷ (1 − w_k), the lead at weight t is R + t·(d_k − R); the interval is where no lead is below 0.
    Exact rationals throughout. Triantaphyllou & Sánchez 1997 do not rescale: see `weight_change_unscaled`.

    Raises:
        MatrixRefused: for an empty or ragged matrix, a value that is no number, a criterion that is not there.
        WeightsRefused: for weights that cannot be used, and where the others weigh nothing and so have no proportions.

    >>> weight_interval([[1, 0], [0, 1], [0.6, 0.6]], [0.5, 0.5], 0)
    WeightInterval(winner=2, low=0.4, high=0.6, weight=0.5)
    """
    return _interval(_panel(matrix, weights), tuple(criterion) if isinstance(criterion, Sequence) else (criterion,))


def weight_intervals(matrix: Sequence[Sequence[Number]], weights: Sequence[Number]) -> tuple[WeightInterval, ...]:
    """`weight_interval` of every criterion in turn; the matrix is read once.

    Raises:
        MatrixRefused, WeightsRefused: as `weight_interval`.

    >>> [(each.low, each.high) for each in weight_intervals([[4, 2], [3, 3]], [60, 40])]
    [(0.5, 1.0), (0.0, 0.5)]
    """
    panel = _panel(matrix, weights)
    return tuple(_interval(panel, (column,)) for column in range(len(panel.weights)))


def _panel(matrix: Sequence[Sequence[Number]], weights: Sequence[Number]) -> _Panel:
    rows = exact_rows(matrix)
    given = plain_weights(weights, len(rows[0]))
    whole = _over_one(given)
    flat = _over_one([value for row in rows for value in row])
    width = len(whole)
    marks = [flat[at : at + width] for at in range(0, len(flat), width)]
    sums = [sum(weight * mark for weight, mark in zip(whole, row, strict=True)) for row in marks]
    winner = sums.index(max(sums))
    return _Panel(marks, whole, sum(whole), winner, [sums[winner] - one for one in sums])


def _over_one(values: Sequence[Fraction]) -> list[int]:
    """The numerators over one common denominator: whole numbers are several times faster than fractions."""
    below = math.lcm(*(value.denominator for value in values))
    return [value.numerator * (below // value.denominator) for value in values]


def _interval(panel: _Panel, group: tuple[int, ...]) -> WeightInterval:
    _columns_there(group, len(panel.weights))
    mine = sum(panel.weights[column] for column in group)
    rest = panel.total - mine
    if not rest:
        raise WeightsRefused("其余各项", "全都是 0，没有比例可以保持。请至少给另外一项大于 0 的权重。")
    if not mine and len(group) > 1:
        raise WeightsRefused("这一组", "全都是 0，组内没有比例可以保持。请至少给组内一项大于 0 的权重。")
    within = [panel.weights[column] for column in group] if mine else [1]
    low, high = Fraction(0), Fraction(1)
    best = panel.rows[panel.winner]
    for rival, lead in zip(panel.rows, panel.leads, strict=True):
        inside = sum(share * (best[column] - rival[column]) for share, column in zip(within, group, strict=True))
        # The lead at weight 0 is outside ÷ rest and at weight 1 inside ÷ Σ within; between them it is a line.
        outside = lead - inside if mine else lead
        at_none, at_all = outside * sum(within), inside * rest
        if at_none < 0:
            low = max(low, Fraction(at_none, at_none - at_all))
        elif at_all < 0:
            high = min(high, Fraction(at_none, at_none - at_all))
    return WeightInterval(panel.winner, float(low), float(high), mine / panel.total)


def _columns_there(columns: Sequence[int], count: int) -> None:
    if not columns or len(set(columns)) < len(columns):
        raise MatrixRefused("没有指明哪一列，或同一列写了两次。请每列只写一次。")
    for column in columns:
        _there("列", column, count)


def _there(what: str, place: int, count: int) -> None:
    if isinstance(place, bool) or not isinstance(place, Integral) or not 0 <= place < count:
        raise MatrixRefused(f"没有序号为 {place!r} 的{what}：一共 {count} {what}，序号从 0 到 {count - 1}。")


def weight_change_unscaled(
    matrix: Sequence[Sequence[Number]], weights: Sequence[Number], criterion: int, winner: int, rival: int
) -> WeightChange:
    """The smallest change of one weight that draws a rival level, other weights not rescaled [Triantaphyllou & Sánchez 1997].

    δ = (P_rival − P_winner) ÷ (a_rival,k − a_winner,k) with the weighted sums P; the new weight is w_k − δ, and there is
    none if δ > w_k. `matrix` is candidates × criteria, higher is better; weights are used as given; the rest are indices.

    Raises:
        MatrixRefused: for a matrix as in `weight_interval`, or a criterion or row that is not there, or one row twice.
        WeightsRefused: for weights that cannot be used, or a winner that is behind the rival.

    >>> weight_change_unscaled([[4, 2], [3, 3.5]], [0.75, 0.25], criterion=0, winner=0, rival=1)
    WeightChange(absolute=0.375, percent=50.0)
    """
    rows = exact_rows(matrix)
    given = plain_weights(weights, len(rows[0]))
    _there("列", criterion, len(given))
    _there("行", winner, len(rows))
    _there("行", rival, len(rows))
    if winner == rival:
        raise MatrixRefused(f"胜者与对手是同一行（序号 {winner}）。请选两行。")
    lead = sum(
        (w * (mine - other) for w, mine, other in zip(given, rows[winner], rows[rival], strict=True)), Fraction(0)
    )
    if lead < 0:
        raise WeightsRefused("这一列表", f"序号 {winner} 的行得分低于序号 {rival} 的行，没有领先可失。请对调两行。")
    difference = rows[winner][criterion] - rows[rival][criterion]
    if not difference or lead / difference > given[criterion]:
        return WeightChange(None, None)
    change = lead / difference
    return WeightChange(float(change), float(100 * change / given[criterion]) if given[criterion] else None)
