"""Owns what several reviewers agree on: Krippendorff's α, Kendall's W, ICC, Cronbach's α, trimmed means, leniency."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Literal, TypeAlias, TypeVar

from workbook.evaluation.distributions import f_quantile
from workbook.evaluation.exact import Number, exact
from workbook.evaluation.ranking import exact_rows
from workbook.evaluation.refusals import AgreementRefused, MatrixRefused, NotANumber

Level: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]
Marks: TypeAlias = "Sequence[Sequence[Number | None]]"
Mark = TypeVar("Mark", int, Fraction)

LEVELS = ("nominal", "ordinal", "interval", "ratio")
TRIMMED_FROM = 5  # reviewers: with fewer, a trimmed mean would rest on one or two of them


# --- Krippendorff's alpha --------------------------------------------------------------------------------------------


def krippendorff_alpha(ratings: Marks, level: Level = "ordinal") -> float:
    """Krippendorff's α = 1 − D_o ÷ D_e over all pairs of marks of one unit against all pairs at all [Krippendorff 2011].

    `ratings` is reviewers × units with None for missing; a unit with fewer than two marks says nothing. Level is
    "nominal", "ordinal", "interval" or "ratio". 1 is perfect, 0 what chance gives, and it may be negative; from 0.80 on
    it counts as reliable, from 0.667 as tentative. The arithmetic is exact.

    Raises:
        MatrixRefused: for ragged ratings, or a mark that is no number; at level "ratio" also a negative one.
        AgreementRefused: for another level, without a unit with two marks, or if all of these are the same.

    >>> krippendorff_alpha([[1, 2, 3, None], [1, 2, 3, 3], [1, 3, 3, 3]], "nominal")
    0.7222222222222222
    """
    if level not in LEVELS:
        raise AgreementRefused(f"没有 {level!r} 这种尺度，只有 {'、'.join(LEVELS)}。")
    rows = _marks(ratings)
    units = [[mark for mark in column if mark is not None] for column in zip(*rows, strict=True)]
    paired = _whole([unit for unit in units if len(unit) > 1])
    if not paired:
        raise AgreementRefused("没有一项有两个以上的评分，谈不上一致。请至少让两人评同一项。")
    pooled = [mark for unit in paired for mark in unit]
    if level == "ordinal":
        # The ordinal difference of two marks is that of their middle places among all marks, squared.
        place = _middle_places(pooled)
        paired = [[place[mark] for mark in unit] for unit in paired]
        pooled = [mark for unit in paired for mark in unit]
    if level == "ratio" and min(pooled) < 0:
        raise MatrixRefused("有负数，而比率尺度从 0 开始。请改用 interval，或改正评分。")
    expected = _difference(pooled, level)
    if not expected:
        raise AgreementRefused("所有评分都相同，没有差异可以比较。")
    by_size: dict[int, Fraction | int] = {}
    for unit in paired:
        by_size[len(unit)] = by_size.get(len(unit), 0) + _difference(unit, level)
    observed = sum((Fraction(total, size - 1) for size, total in by_size.items()), Fraction(0))
    return float(1 - (len(pooled) - 1) * observed / expected)


def _whole(units: Sequence[Sequence[Fraction]]) -> list[list[int]]:
    """The marks over one common denominator: a common factor changes no α, and whole numbers are far faster."""
    below = math.lcm(*{mark.denominator for unit in units for mark in unit})
    return [[mark.numerator * (below // mark.denominator) for mark in unit] for unit in units]


def _middle_places(marks: Sequence[Mark]) -> dict[Mark, int]:
    """Twice the middle place of each value: whole numbers, and the factor drops out of the quotient."""
    counts = Counter(marks)
    values = sorted(counts)
    below = accumulate((counts[value] for value in values), initial=0)
    return {value: 2 * under + counts[value] for value, under in zip(values, below, strict=False)}


def _difference(marks: Sequence[int], level: Level) -> Fraction | int:
    """The sum of squared differences over all ordered pairs."""
    if level == "nominal":
        return len(marks) ** 2 - sum(count * count for count in Counter(marks).values())
    if level == "ratio":
        counts = list(Counter(marks).items())
        parts = [
            many * more * Fraction((one - other) ** 2, (one + other) ** 2)
            for place, (one, many) in enumerate(counts)
            for other, more in counts[:place]
        ]
        return 2 * sum(parts, Fraction(0))
    return 2 * (len(marks) * sum(mark * mark for mark in marks) - sum(marks) ** 2)


# --- Kendall's W -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KendallW:
    """`w` from 0 (no agreement on the order) to 1; `chi_square` = m(n − 1)·w with n − 1 degrees of freedom; `rank_sums`
    per object, the lowest mark having rank 1 and equal ones their mean rank."""

    w: float
    chi_square: float
    rank_sums: tuple[float, ...]


def kendall_w(ratings: Sequence[Sequence[Number]]) -> KendallW:
    """Kendall's coefficient of concordance with the correction for ties [Kendall & Babington Smith 1939].

    `ratings` is reviewers × objects, marks or ranks. W = 12·S ÷ (m²(n³ − n) − m·ΣT), S the sum of squared deviations
    of the rank sums, T = Σ(t³ − t) over each reviewer's groups of t equal marks.

    Raises:
        MatrixRefused: for ragged ratings, or a mark that is no number.
        AgreementRefused: below two reviewers or objects, or if every reviewer gives all objects the same mark.

    >>> kendall_w([[1, 3, 2], [1, 2, 3], [2, 3, 1], [3, 1, 2]])
    KendallW(w=0.0625, chi_square=0.5, rank_sums=(7.0, 9.0, 8.0))
    """
    rows = exact_rows(ratings)
    reviewers, objects = _at_least_two(rows, "名评委", "个对象")
    places = [_middle_places(row) for row in rows]
    # Twice a rank is 2·below + t + 1.
    doubled = [
        sum(place[row[column]] + 1 for row, place in zip(rows, places, strict=True)) for column in range(objects)
    ]
    # n·Σ(2R)² − (Σ 2R)² is 4·n·S.
    spread = Fraction(objects * sum(each * each for each in doubled) - sum(doubled) ** 2, 4 * objects)
    ties = sum(count**3 - count for row in rows for count in Counter(row).values())
    most = reviewers**2 * (objects**3 - objects) - reviewers * ties
    if not most:
        raise AgreementRefused("每名评委给所有对象的分都相同，没有名次可比。")
    w = 12 * spread / most
    return KendallW(float(w), float(reviewers * (objects - 1) * w), tuple(each / 2 for each in doubled))


# --- intraclass correlation ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Icc:
    """The six intraclass correlations and the mean squares they come from.

    1: each target has its own reviewers; 2: reviewers are a sample, absolute agreement; 3: reviewers are fixed,
    consistency. A k at the end is for the mean over the k reviewers; `icc3k` is Cronbach's α. Mean squares are those
    between targets (`bms`), within targets (`wms`), between reviewers (`jms`) and the residual (`ems`). The intervals
    are those of 95 %; they are None where `ems` is 0 (the reviewers differ by constants) and where `icc2` is negative
    (their approximation does not hold there). The lower end for a mean may be minus infinity.
    """

    icc1: float
    icc2: float
    icc3: float
    icc1k: float
    icc2k: float
    icc3k: float
    bms: float
    wms: float
    jms: float
    ems: float
    icc2_interval: tuple[float, float] | None
    icc2k_interval: tuple[float, float] | None


def icc(ratings: Sequence[Sequence[Number]]) -> Icc:
    """Intraclass correlations of targets × reviewers without gaps [Shrout & Fleiss 1979].

    Raises:
        MatrixRefused: for ragged ratings, or a mark that is no number.
        AgreementRefused: below two targets or reviewers, if all targets have the same mean, or where they differ so
            much less than the marks do that ICC(2,k) has no meaning.

    >>> found = icc([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> round(found.icc2, 2), round(found.icc2k, 2)
    (0.29, 0.62)
    """
    rows = exact_rows(ratings)
    n, k = _at_least_two(rows, "个对象", "名评委")
    bms, wms, jms, ems = _mean_squares(rows)
    if not bms:
        raise AgreementRefused("各对象的平均分完全相同，没有差异可以比较。")
    mean_of_all = bms + (jms - ems) / n
    if mean_of_all <= 0:
        raise AgreementRefused(
            "各对象的差异远小于评分本身的波动，ICC(2,k) 没有意义。请核对评分，或改用 Krippendorff α。"
        )
    single = (bms - ems) / (bms + (k - 1) * ems + k * (jms - ems) / n)
    interval = _icc2_interval(n, k, bms, jms, ems, single) if ems and single >= 0 else None
    return Icc(
        icc1=float((bms - wms) / (bms + (k - 1) * wms)),
        icc2=float(single),
        icc3=float((bms - ems) / (bms + (k - 1) * ems)),
        icc1k=float((bms - wms) / bms),
        icc2k=float((bms - ems) / mean_of_all),
        icc3k=float((bms - ems) / bms),
        bms=float(bms),
        wms=float(wms),
        jms=float(jms),
        ems=float(ems),
        icc2_interval=interval,
        icc2k_interval=None if interval is None else (_stepped_up(interval[0], k), _stepped_up(interval[1], k)),
    )


def _mean_squares(rows: Sequence[Sequence[Fraction]]) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Mean squares between rows, within rows, between columns, and of the residual."""
    n, k = len(rows), len(rows[0])
    row_sums = [sum(row, Fraction(0)) for row in rows]
    column_sums = [sum(column, Fraction(0)) for column in zip(*rows, strict=True)]
    common = sum(row_sums, Fraction(0)) ** 2 / (n * k)
    total = sum((mark * mark for row in rows for mark in row), Fraction(0)) - common
    between = sum((each * each for each in row_sums), Fraction(0)) / k - common
    columns = sum((each * each for each in column_sums), Fraction(0)) / n - common
    return (
        between / (n - 1),
        (total - between) / (n * (k - 1)),
        columns / (k - 1),
        (total - between - columns) / ((n - 1) * (k - 1)),
    )


def _icc2_interval(
    n: int, k: int, bms: Fraction, jms: Fraction, ems: Fraction, single: Fraction
) -> tuple[float, float]:
    """The 95 % interval of ICC(2,1), with the degrees of freedom of Satterthwaite [Shrout & Fleiss 1979]."""
    ratio = jms / ems
    other = n * (1 + (k - 1) * single) - k * single
    freedom = float(
        (k - 1) * (n - 1) * (k * single * ratio + other) ** 2 / ((n - 1) * (k * single * ratio) ** 2 + other**2)
    )
    b, j, e = float(bms), float(jms), float(ems)
    within = k * j + (k * n - k - n) * e
    above, below = f_quantile(0.975, n - 1, freedom), f_quantile(0.975, freedom, n - 1)
    return n * (b - above * e) / (above * within + n * b), n * (below * b - e) / (within + n * below * b)


def _stepped_up(single: float, k: int) -> float:
    """The coefficient of a mean over k reviewers from that of one [Spearman 1910; Brown 1910]."""
    whole = 1 + (k - 1) * single
    return k * single / whole if whole > 0 else -math.inf


# --- Cronbach's alpha ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CronbachAlpha:
    """`alpha`, at most 1, and the ends `low` and `high` of its 95 % interval."""

    alpha: float
    low: float
    high: float


def cronbach_alpha(items: Sequence[Sequence[Number]]) -> CronbachAlpha:
    """Cronbach's α of items × respondents without gaps [Cronbach 1951]; the interval is Feldt's [Feldt et al. 1987].

    α = k ÷ (k − 1) · (1 − Σ variances of the items ÷ variance of the sums). A survey shows it from ten respondents on.

    Raises:
        MatrixRefused: for ragged items, or an answer that is no number.
        AgreementRefused: below two items or respondents, or if all respondents have the same sum.

    >>> round(cronbach_alpha([[1, 2, 3, 4], [2, 2, 4, 4]]).alpha, 4)
    0.9412
    """
    rows = exact_rows(items)
    k, n = _at_least_two(rows, "道题", "名答卷人")
    sums = [sum(column, Fraction(0)) for column in zip(*rows, strict=True)]
    whole = _deviation(sums)
    if not whole:
        raise AgreementRefused("所有答卷的总分都相同，没有差异可以比较。")
    alpha = Fraction(k, k - 1) * (1 - sum((_deviation(row) for row in rows), Fraction(0)) / whole)
    left, freedom = float(1 - alpha), (n - 1) * (k - 1)
    return CronbachAlpha(
        float(alpha),
        1 - left * f_quantile(0.975, n - 1, freedom),
        1 - left * f_quantile(0.025, n - 1, freedom),
    )


def _deviation(values: Sequence[Fraction]) -> Fraction:
    """n times the sum of squared deviations from the mean."""
    return len(values) * sum((value * value for value in values), Fraction(0)) - sum(values, Fraction(0)) ** 2


# --- the panel's mean, and who is lenient ----------------------------------------------------------------------------


def trimmed_mean(values: Sequence[Number], share: Number) -> float:
    """The mean without the ⌊share·n⌋ lowest and as many highest values [Wilcox 2012].

    Below five values nothing is dropped: a mean of the one or two that are left would be theirs alone.

    Raises:
        AgreementRefused: without values, or for a share outside 0 to 0.5 (0.5 not included).
        NotANumber: for a value or share that is no finite number.

    >>> trimmed_mean([1, 4, 4, 5, 5], 0.2)
    4.333333333333333
    """
    ordered = sorted(exact(value) for value in values)
    part = exact(share)
    if not ordered:
        raise AgreementRefused("没有评分。")
    if not 0 <= part < Fraction(1, 2):
        raise AgreementRefused(f"截尾比例是 {share}，应从 0 到 0.5（不含 0.5）。")
    cut = math.floor(part * len(ordered)) if len(ordered) >= TRIMMED_FROM else 0
    kept = ordered[cut : len(ordered) - cut]
    return float(sum(kept, Fraction(0)) / len(kept))


@dataclass(frozen=True)
class Leniency:
    """`effects` per reviewer, summing to 0: how much above the common standard they mark. `adjusted` per target: the
    mean of its marks, each less its reviewer's effect."""

    effects: tuple[float, ...]
    adjusted: tuple[float, ...]


def leniency(marks: Marks) -> Leniency:
    """How lenient each reviewer is, by least squares on mark = μ + target + reviewer with Σ reviewer = 0.

    `marks` is targets × reviewers, None for missing; a target is a candidate and an indicator. Show the adjusted means
    beside the plain ones. The arithmetic is exact.

    Raises:
        MatrixRefused: for ragged marks, or one that is no number.
        AgreementRefused: for a target or a reviewer without marks, or where reviewers fall into groups that share no
            target: nothing compares one group with the other.

    >>> leniency([[5, 4, None], [3, None, 1], [None, 3, 2]])
    Leniency(effects=(1.0, 0.0, -1.0), adjusted=(4.0, 2.0, 3.0))
    """
    rows = _marks(marks)
    present = [[column for column, mark in enumerate(row) if mark is not None] for row in rows]
    _connected(present, len(rows[0]))
    sides = [[exact(mark) if mark is not None else Fraction(0) for mark in row] for row in rows]
    effects = _solved(*_normal_equations(present, sides))
    adjusted = [
        sum((row[column] - effects[column] for column in there), Fraction(0)) / len(there)
        for row, there in zip(sides, present, strict=True)
    ]
    return Leniency(tuple(float(each) for each in effects), tuple(float(each) for each in adjusted))


def _connected(present: Sequence[Sequence[int]], reviewers: int) -> None:
    """Sees to it that every reviewer can be compared with every other, by way of targets that they share."""
    for number, there in enumerate(present, start=1):
        if not there:
            raise AgreementRefused(f"第 {number} 行没有任何评分。请补上，或去掉这一行。")
    group = list(range(reviewers))  # the least reviewer that each is known to be linked with
    for there in present:
        linked = {group[column] for column in there}
        group = [min(linked) if one in linked else one for one in group]
    apart = next((column for column, one in enumerate(group) if one), None)
    if apart is not None:
        raise AgreementRefused(
            f"第 {apart + 1} 名评委与第 1 名没有（直接或经他人）评过同样的对象，宽严无法比较。请让他们至少共评一个对象。"
        )


def _normal_equations(
    present: Sequence[Sequence[int]], marks: Sequence[Sequence[Fraction]]
) -> tuple[list[list[Fraction]], list[Fraction]]:
    """The equations of the effects alone, once the targets are eliminated: each target gives I − 1/m to its reviewers."""
    size = len(marks[0])
    pairs: Counter[tuple[int, int, int]] = Counter()
    right = [Fraction(0)] * size
    for there, row in zip(present, marks, strict=True):
        many = len(there)
        mean = sum((row[column] for column in there), Fraction(0)) / many
        for column in there:
            right[column] += row[column] - mean
            pairs.update((many, column, other) for other in there)
    left = [[Fraction(0)] * size for _ in range(size)]
    for (many, column, other), count in pairs.items():
        left[column][other] += count * (int(column == other) - Fraction(1, many))
    return left, right


def _solved(left: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """The solution of a singular system of connected reviewers whose entries sum to 0, by elimination."""
    size = len(right)
    # The sum of all effects is 0; added to each equation it makes them regular and changes no solution.
    rows = [[value + 1 for value in row] + [side] for row, side in zip(left, right, strict=True)]
    for place in range(size):
        pivot = next(row for row in range(place, size) if rows[row][place])
        rows[place], rows[pivot] = rows[pivot], rows[place]
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for row in range(size):
            if row != place and rows[row][place]:
                factor = rows[row][place]
                rows[row] = [value - factor * base for value, base in zip(rows[row], rows[place], strict=True)]
    return [row[-1] for row in rows]


# --- reading ---------------------------------------------------------------------------------------------------------


def _marks(ratings: Marks) -> list[list[Fraction | None]]:
    """The rows as rationals with None kept; refused unless all are of one length of at least one."""
    rows = [list(row) for row in ratings]
    if not rows or not rows[0]:
        raise MatrixRefused("没有任何评分。请至少给一行一列。")
    known: dict[Number, Fraction] = {}  # marks repeat, and reading them is the slow part
    found: list[list[Fraction | None]] = []
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise MatrixRefused(f"第 {number} 行有 {len(row)} 个数，第 1 行有 {len(rows[0])} 个。每行应一样长。")
        found.append([None if mark is None else _mark(mark, number, c, known) for c, mark in enumerate(row, start=1)])
    return found


def _mark(mark: Number, row: int, column: int, known: dict[Number, Fraction]) -> Fraction:
    plain = type(mark) in (int, float)  # not a truth value, which is equal to a number and is none
    if plain and mark in known:
        return known[mark]
    try:
        found = exact(mark)
    except NotANumber:
        raise MatrixRefused(
            f"第 {row} 行第 {column} 列的 {mark!r} 不是有限的数字。请改成数字；没有评分请留空。"
        ) from None
    if plain:
        known[mark] = found
    return found


def _at_least_two(rows: Sequence[Sequence[Fraction]], outer: str, inner: str) -> tuple[int, int]:
    if len(rows) < 2 or len(rows[0]) < 2:
        raise AgreementRefused(f"只有 {len(rows)} {outer}、{len(rows[0])} {inner}，两者都至少要有 2。")
    return len(rows), len(rows[0])
