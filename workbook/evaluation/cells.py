"""Owns evaluation over cell ranges: rectangles of raw cell values in, rectangles out, refusals as text in the cell.

A cell function has no other place to speak than its cell, and a trace of the program there helps nobody: what cannot be
evaluated becomes a sentence that begins with "#PB: ". It is text on purpose: a sum written with + fails visibly on it,
PB_RANK leaves it without a rank and PB_GRADE without a grade. In `scores` only the row concerned says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import wraps
from typing import ParamSpec, TypeAlias, TypeGuard

from workbook.evaluation.exact import exact, largest_remainder, official, weighted_mean
from workbook.evaluation.grading import check_bands, grade
from workbook.evaluation.ranking import competition_ranks, plain_weights
from workbook.evaluation.refusals import BandsRefused, EvaluationRefused, MatrixRefused, OutsideBands, WeightsRefused

Cell: TypeAlias = str | bool | int | float | Decimal | date | None
Cells: TypeAlias = Sequence[Sequence[Cell]]
Answer: TypeAlias = list[list[str | float]]
P = ParamSpec("P")

PREFIX = "#PB: "
NOT_APPLICABLE = {"", "不适用", "na", "n/a"}
CHOSEN = "所选区域"


def _in_a_cell(function: Callable[P, Answer]) -> Callable[P, Answer]:
    """The function, with a refusal as the text of a single cell."""

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except EvaluationRefused as refusal:
            return [[f"{PREFIX}{refusal}"]]

    return told


@_in_a_cell
def scores(marks: Cells, weights: Cells) -> Answer:
    """The official score of each row, one per line; "" for a blank row, "#PB: …" for one that cannot be scored.

    `marks` is candidates × dimensions on 1–5; a blank cell, 不适用 or N/A is dropped and the rest renormalised.
    `weights` is one row or one column, one per column of `marks`, counting by proportion.
    """
    rows = [list(row) for row in marks]
    shares = _weights(weights, len(rows[0]) if rows else 0)
    return [[_score(row, shares, number)] for number, row in enumerate(rows, start=1)]


@_in_a_cell
def ranks(values: Cells) -> Answer:
    """The rank of each number among all numbers of the range, in its shape; "" where there is none (否决, blank).

    The highest is first, equals share a rank (1-2-2-4), after rounding half up to two decimals.
    """
    numbers = [cell for row in values for cell in row if _is_number(cell)]
    rank_of = dict(zip(numbers, competition_ranks(numbers, 2), strict=True))
    return [[rank_of[cell] if _is_number(cell) else "" for cell in row] for row in values]


@_in_a_cell
def grades(values: Cells, bands: Cells) -> Answer:
    """The grade of each number, in the shape of the range; "" where there is none (否决, blank).

    `bands` has one row per grade: label, low (included), high (not included, but the top one is); a blank end is open.
    """
    ladder = check_bands([_band(row, number) for number, row in enumerate(bands, start=1) if not _all_blank(row)])

    def one(value: Cell) -> str:
        if not _is_number(value):
            return ""
        try:
            return grade(value, ladder)
        except OutsideBands as refusal:
            return f"{PREFIX}{refusal}"

    return [[one(cell) for cell in row] for row in values]


@_in_a_cell
def why(marks: Cells, weights: Cells, labels: Cells) -> Answer:
    """One row per mark: label, weight in percent, mark, points; the points add up exactly to the official score.

    Each argument is one row or one column. What does not apply has no weight and no points; without any mark the
    answer is one blank cell.
    """
    row, names = _line(marks, "分数"), _line(labels, "名称")
    shares = _weights(weights, len(row))
    if len(names) != len(row):
        raise MatrixRefused(f"名称有 {len(names)} 个，分数有 {len(row)} 个。两者应一样多。")
    if _nothing_applies(row):
        return [[""]]
    values = [_mark(cell, 1, column) for column, cell in enumerate(row, start=1)]
    score = _weighted(values, shares, 1)
    counted = [share if value is not None else Fraction(0) for value, share in zip(values, shares, strict=True)]
    whole = sum(counted, Fraction(0))
    percents = largest_remainder([share / whole * 100 for share in counted], Decimal("100.00"))
    points = [share / whole * (value or 0) * 20 for value, share in zip(values, counted, strict=True)]
    shown = largest_remainder(points, official(score))
    return [
        [str(name or ""), float(percent), "不适用" if value is None else float(value), float(part)]
        for name, percent, value, part in zip(names, percents, values, shown, strict=True)
    ]


def _score(row: Sequence[Cell], shares: Sequence[Fraction], number: int) -> str | float:
    if _nothing_applies(row):
        return ""
    try:
        if len(row) != len(shares):
            raise MatrixRefused(f"第 {number} 行有 {len(row)} 格，权重有 {len(shares)} 个。两者应一样多。")
        values = [_mark(cell, number, column) for column, cell in enumerate(row, start=1)]
        return float(official(_weighted(values, shares, number)))
    except EvaluationRefused as refusal:
        return f"{PREFIX}{refusal}"


def _weighted(values: Sequence[Fraction | None], shares: Sequence[Fraction], number: int) -> Fraction:
    score = weighted_mean(values, shares)
    if score is None:
        raise WeightsRefused(f"第 {number} 行有分数的各项", "全都是 0，算不出得分。请至少给一项大于 0 的权重。")
    return score


def _mark(cell: Cell, row: int, column: int) -> Fraction | None:
    if _not_applicable(cell):
        return None
    if not _is_number(cell):
        raise MatrixRefused(f"第 {row} 行第 {column} 列是“{cell}”，不是数字。请填 1 到 5；不适用请留空。")
    value = exact(cell)
    if not 1 <= value <= 5:
        raise MatrixRefused(f"第 {row} 行第 {column} 列是 {float(value):g}，不在 1 到 5 之间。不适用请留空，不要填 0。")
    return value


def _weights(weights: Cells, count: int) -> list[Fraction]:
    line = _line(weights, "权重")
    for place, cell in enumerate(line, start=1):
        if not _is_number(cell):
            raise WeightsRefused(CHOSEN, f"第 {place} 个是“{'' if cell is None else cell}”，不是数字。不计的项请填 0。")
    return plain_weights([cell for cell in line if _is_number(cell)], count, CHOSEN)


def _line(cells: Cells, what: str) -> list[Cell]:
    """The cells of one row or one column."""
    rows = [list(row) for row in cells]
    if len(rows) == 1:
        return rows[0]
    if any(len(row) != 1 for row in rows) or not rows:
        raise MatrixRefused(f"{what}应选一行或一列，现在是 {len(rows)} 行。")
    return [row[0] for row in rows]


def _band(row: Sequence[Cell], number: int) -> tuple[str, float | Decimal | None, float | Decimal | None]:
    if len(row) != 3 or _all_blank(row[:1]):
        raise BandsRefused(f"第 {number} 行应是三格：等级、下限、上限。没有界限请留空。")
    ends: list[float | Decimal | None] = []
    for cell in row[1:]:
        if not _all_blank([cell]) and not _is_number(cell):
            raise BandsRefused(f"第 {number} 行的“{cell}”不是数字。三格依次是等级、下限、上限；没有界限请留空。")
        ends.append(cell if _is_number(cell) else None)
    label = row[0]
    return (f"{label:g}" if isinstance(label, float) else str(label)), ends[0], ends[1]


def _is_number(cell: Cell) -> TypeGuard[float | Decimal]:
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)


def _not_applicable(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in NOT_APPLICABLE)


def _all_blank(row: Sequence[Cell]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _nothing_applies(row: Sequence[Cell]) -> bool:
    return all(_not_applicable(cell) for cell in row)
