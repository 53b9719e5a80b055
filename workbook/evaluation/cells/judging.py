"""Owns how sure and how agreed a judgement is, over cells: shares of first places, weight intervals, agreement, AHP."""

from __future__ import annotations

import math
from decimal import Decimal

from workbook.evaluation.agreement import kendall_w, krippendorff_alpha
from workbook.evaluation.cells.reading import (
    PREFIX,
    Answer,
    Cell,
    CellRefused,
    Given,
    all_blank,
    filled_rows,
    in_a_cell,
    is_blank,
    is_left_out,
    is_number,
    marks_of,
    names_of,
    not_applicable,
    number,
    one_cell,
    rectangle,
    shown,
    weights_of,
    whole_number,
)
from workbook.evaluation.exact import exact, half_up
from workbook.evaluation.refusals import EvaluationRefused, JudgementsRefused
from workbook.evaluation.robustness import smaa, weight_intervals
from workbook.evaluation.weights import ahp

DRAWS, MOST_DRAWS = 10_000, 1_000_000
SEED, MOST_SEED = 1, 2**31 - 1
READINGS = ((0.8, "可靠"), (0.667, "暂可参考"), (-math.inf, "不够一致"))  # from this α on [Krippendorff 2004]


@in_a_cell
def first_places(
    marks: Given, weights: Given = None, draws: Given = None, seed: Given = None, concentration: Given = None
) -> Answer:
    """One line per row of `marks`: the share of drawn weights with which it is first, and that share's standard error.

    Without `weights` every distribution of weight is as likely as any other; with them the draws are around them, the
    nearer the larger the concentration (see `smaa`). Equal candidates share. A blank row has a blank line.
    """
    rows = rectangle(marks)
    places, values = marks_of(marks)
    given = None if is_left_out(weights) else weights_of(weights, len(values[0]))
    samples = whole_number(draws, "抽样次数", 1, MOST_DRAWS, DRAWS)
    start = whole_number(seed, "随机种子", 0, MOST_SEED, SEED)
    near = one_cell(concentration, "集中度")
    kappa = None if is_blank(near) else number(near, "集中度")
    found = smaa(values, given, samples, start, kappa, ranks=1)
    lines: Answer = [["", ""] for _ in rows]
    for place, share, error in zip(places, found.first_place, found.standard_error, strict=True):
        lines[place - 1] = [share, error]
    return lines


@in_a_cell
def intervals(marks: Given, weights: Given, names: Given = None) -> Answer:
    """One line per weight: the winner, and from which to which weight it stays first, the others keeping their proportions.

    Low and high count as the weights do: with weights that sum to 100 they are of 100. `names` has one per row of
    `marks`; among equals the winner is the upper one.
    """
    places, values = marks_of(marks)
    given = weights_of(weights, len(values[0]))
    called = names_of(names, len(rectangle(marks)), "名称", "行")
    whole = sum(given)
    return [
        [called[places[one.winner] - 1], float(exact(one.low) * whole), float(exact(one.high) * whole)]
        for one in weight_intervals(values, given)
    ]


@in_a_cell
def ahp_weights(judgements: Given, labels: Given = None) -> Answer:
    """One line per item with its weight (they sum to 1), then λmax, CI, CR, and 提示 with a warning if CR is above 0.10.

    `judgements` is the square matrix of pairwise comparisons, every cell filled; `labels` name the items.
    """
    rows = rectangle(judgements)
    if all(all_blank(row) for row in rows):
        raise CellRefused("两两比较矩阵", "是空的。请选一片行数与列数相同的比较值。")
    for r, row in enumerate(rows, start=1):
        for c, cell in enumerate(row, start=1):
            if not is_number(cell):
                raise JudgementsRefused(f"第 {r} 行第 {c} 列是“{shown(cell)}”，不是数字。对称的格子填倒数，例如 1/3。")
    found = ahp([[cell for cell in row if is_number(cell)] for row in rows])
    names = names_of(labels, len(found.weights), "名称", "项")
    lines: Answer = [[name, weight] for name, weight in zip(names, found.weights, strict=True)]
    lines += [["λmax", found.lambda_max], ["CI", found.consistency_index], ["CR", found.consistency_ratio]]
    return [*lines, ["提示", found.warning or "一致性可以接受"]]


@in_a_cell
def agreement(ratings: Given) -> Answer:
    """Two lines: Krippendorff's α (ordinal) with what it allows to say, and Kendall's W with its χ².

    `ratings` is reviewers × candidates, blank or 不适用 where there is no mark. W needs every mark; α does not.
    """
    rows = [_ratings(row, place) for place, row in filled_rows(ratings)]
    if not rows:
        raise CellRefused("评分", "是空的。请选有分数的区域，每行一名评委，每列一个候选。")
    columns = [column for column in zip(*rows, strict=False) if any(mark is not None for mark in column)]
    everyone = [list(row) for row in zip(*columns, strict=True)]
    return [["Krippendorff α", *_alpha(rows)], ["Kendall W", *_concordance(everyone)]]


def _ratings(row: list[Cell], place: int) -> list[float | Decimal | None]:
    return [
        None if not_applicable(cell) else number(cell, f"第 {place} 行第 {column} 列")
        for column, cell in enumerate(row, start=1)
    ]


def _alpha(rows: list[list[float | Decimal | None]]) -> list[str | float]:
    try:
        alpha = krippendorff_alpha(rows)
    except EvaluationRefused as refusal:
        return [f"{PREFIX}{refusal}", ""]
    return [alpha, next(word for least, word in READINGS if alpha >= least)]


def _concordance(rows: list[list[float | Decimal | None]]) -> list[str | float]:
    whole = [[mark for mark in row if mark is not None] for row in rows]
    if any(len(some) < len(row) for some, row in zip(whole, rows, strict=True)):
        return ["", "有评委没有给全部候选评分，不算 W"]
    try:
        found = kendall_w(whole)
    except EvaluationRefused as refusal:
        return [f"{PREFIX}{refusal}", ""]
    return [found.w, f"χ² = {half_up(found.chi_square, 2)}，自由度 {len(whole[0]) - 1}"]
