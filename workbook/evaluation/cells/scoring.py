"""Owns scores, ranks, grades, explanations and what-if over cells."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from workbook.evaluation.cells.reading import (
    PREFIX,
    Answer,
    Cell,
    Given,
    all_blank,
    error_told,
    in_a_cell,
    is_number,
    line,
    mark,
    nothing_applies,
    rectangle,
    shown,
    weights_of,
)
from workbook.evaluation.exact import largest_remainder, official, weighted_mean
from workbook.evaluation.grading import check_bands, grade
from workbook.evaluation.ranking import competition_ranks
from workbook.evaluation.refusals import BandsRefused, EvaluationRefused, MatrixRefused, OutsideBands, WeightsRefused

NEW_WEIGHTS = "新权重那一片"


@in_a_cell
def scores(marks: Given, weights: Given) -> Answer:
    """The official score of each row, one per line; "" for a blank row, "#PB: …" for one that cannot be scored.

    `marks` is candidates × dimensions on 1–5; a blank cell, 不适用 or N/A is dropped and the rest renormalised.
    `weights` is one row or one column, one per column of `marks`, counting by proportion.
    """
    rows = rectangle(marks)
    return [[score] for score in _column(rows, weights_of(weights, len(rows[0]) if rows else 0))]


@in_a_cell
def ranks(values: Given) -> Answer:
    """The rank of each number among all numbers of the range, in its shape; "" where there is none (否决, blank).

    The highest is first, equals share a rank (1-2-2-4), after rounding half up to two decimals.
    """
    rows = rectangle(values)
    numbers = [cell for row in rows for cell in row if is_number(cell)]
    rank_of = dict(zip(numbers, competition_ranks(numbers, 2), strict=True))
    return [[rank_of[cell] if is_number(cell) else error_told(cell) for cell in row] for row in rows]


@in_a_cell
def grades(values: Given, bands: Given) -> Answer:
    """The grade of each number, in the shape of the range; "" where there is none (否决, blank).

    `bands` has one row per grade: label, low (included), high (not included, but the top one is); a blank end is open.
    """
    rows = enumerate(rectangle(bands), start=1)
    ladder = check_bands([_band(row, place) for place, row in rows if not all_blank(row)])

    def one(value: Cell) -> str:
        if not is_number(value):
            return error_told(value)
        try:
            return grade(value, ladder)
        except OutsideBands as refusal:
            return f"{PREFIX}{refusal}"

    return [[one(cell) for cell in row] for row in rectangle(values)]


@in_a_cell
def why(marks: Given, weights: Given, labels: Given) -> Answer:
    """One row per mark: label, weight in percent, mark, points; the points add up exactly to the official score.

    Each argument is one row or one column. What does not apply has no weight and no points; without any mark the
    answer is one blank cell.
    """
    row, names = line(marks, "分数"), line(labels, "名称")
    shares = weights_of(weights, len(row))
    if len(names) != len(row):
        raise MatrixRefused(f"名称有 {len(names)} 个，分数有 {len(row)} 个。两者应一样多。")
    if nothing_applies(row):
        return [[""]]
    values = [mark(cell, 1, column) for column, cell in enumerate(row, start=1)]
    score = _weighted(values, shares, 1)
    counted = [share if value is not None else Fraction(0) for value, share in zip(values, shares, strict=True)]
    whole = sum(counted, Fraction(0))
    percents = largest_remainder([share / whole * 100 for share in counted], Decimal("100.00"))
    points = [share / whole * (value or 0) * 20 for value, share in zip(values, counted, strict=True)]
    parts = largest_remainder(points, official(score))
    return [
        [str(name or ""), float(percent), "不适用" if value is None else float(value), float(part)]
        for name, percent, value, part in zip(names, percents, values, parts, strict=True)
    ]


@in_a_cell
def what_if(marks: Given, weights: Given, others: Given) -> Answer:
    """One line per row of `marks`: score and rank with `weights`, score and rank with `others`.

    As `scores` and `ranks` give them: a blank row has none of the four, a row that cannot be scored says why.
    """
    rows = rectangle(marks)
    width = len(rows[0]) if rows else 0
    before = _column(rows, weights_of(weights, width))
    after = _column(rows, weights_of(others, width, NEW_WEIGHTS))
    old, new = (ranks([[score] for score in column]) for column in (before, after))
    return [[b, *o, a, *n] for b, o, a, n in zip(before, old, after, new, strict=True)]


def _column(rows: Sequence[Sequence[Cell]], shares: Sequence[Fraction]) -> list[str | float]:
    return [_score(row, shares, place) for place, row in enumerate(rows, start=1)]


def _score(row: Sequence[Cell], shares: Sequence[Fraction], place: int) -> str | float:
    if nothing_applies(row):
        return ""
    try:
        if len(row) != len(shares):
            raise MatrixRefused(f"第 {place} 行有 {len(row)} 格，权重有 {len(shares)} 个。两者应一样多。")
        values = [mark(cell, place, column) for column, cell in enumerate(row, start=1)]
        return float(official(_weighted(values, shares, place)))
    except EvaluationRefused as refusal:
        return f"{PREFIX}{refusal}"


def _weighted(values: Sequence[Fraction | None], shares: Sequence[Fraction], place: int) -> Fraction:
    score = weighted_mean(values, shares)
    if score is None:
        raise WeightsRefused(f"第 {place} 行有分数的各项", "全都是 0，算不出得分。请至少给一项大于 0 的权重。")
    return score


def _band(row: Sequence[Cell], place: int) -> tuple[str, float | Decimal | None, float | Decimal | None]:
    if len(row) != 3 or all_blank(row[:1]):
        raise BandsRefused(f"第 {place} 行应是三格：等级、下限、上限。没有界限请留空。")
    ends: list[float | Decimal | None] = []
    for cell in row[1:]:
        if not all_blank([cell]) and not is_number(cell):
            raise BandsRefused(f"第 {place} 行的“{shown(cell)}”不是数字。三格依次是等级、下限、上限；没有界限请留空。")
        ends.append(cell if is_number(cell) else None)
    label = row[0]
    return (f"{label:g}" if isinstance(label, float) else str(label)), ends[0], ends[1]
