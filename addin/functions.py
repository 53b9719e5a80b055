# ruff: noqa: N802  (a cell function's name is the name in Excel, and a desktop name must be a VBA name)
"""Owns the cell functions: the evaluation of `workbook` under names that every door of Excel can take.

Portable on purpose: plain hints, two-dimensional ranges in and out, ASCII names, and error cells handed over as text,
so that a #DIV/0! among the marks is told and not taken for a blank. What cannot be evaluated comes back as a sentence
that begins with "#PB: "; a trace of the program in a cell would help nobody.
"""

from __future__ import annotations

from typing import Any

from xlwings import arg, func, ret

from workbook.evaluation import cells


@func(category="PartnerBook")
@arg(
    "marks",
    ndim=2,
    err_to_str=True,
    doc="分数 1–5，每行一个候选，空格为不适用。Marks 1–5, a row per candidate; blank = not applicable.",
)
@arg("weights", ndim=2, err_to_str=True, doc="权重，一行或一列，按比例计。Weights, one row or column, by proportion.")
@ret(ndim=2)
def PB_SCORE(marks: Any, weights: Any) -> Any:
    """每行的官方得分：加权平均 ÷ 5 × 100，两位小数，四舍五入一次。Official score of each row on 100, rounded half up once to two decimals."""
    return cells.scores(marks, weights)


@func(category="PartnerBook")
@arg("scores", ndim=2, err_to_str=True, doc="得分；文字（否决）没有名次。Scores; text has no rank.")
@ret(ndim=2)
def PB_RANK(scores: Any) -> Any:
    """名次 1-2-2-4，先取两位小数，同分同名次。Competition ranks, highest first, after rounding to two decimals; equals share a rank."""
    return cells.ranks(scores)


@func(category="PartnerBook")
@arg("score", ndim=2, err_to_str=True, doc="得分，一格或一片。One score or a range of them.")
@arg(
    "bands",
    ndim=2,
    err_to_str=True,
    doc="每行：等级、下限（含）、上限（不含，最高档含）。Rows: label, from (included), below (not included; the top one is).",
)
@ret(ndim=2)
def PB_GRADE(score: Any, bands: Any) -> Any:
    """得分所在的等级；文字没有等级。The grade of each score; text has none. Bands with gaps or overlaps are refused."""
    return cells.grades(score, bands)


@func(category="PartnerBook")
@arg("marks", ndim=2, err_to_str=True, doc="一个候选的分数 1–5，一行或一列。Marks of one candidate, one row or column.")
@arg("weights", ndim=2, err_to_str=True, doc="权重，个数与分数相同。Weights, as many as marks.")
@arg("labels", ndim=2, err_to_str=True, doc="名称，个数与分数相同。Labels, as many as marks.")
@ret(ndim=2)
def PB_WHY(marks: Any, weights: Any, labels: Any) -> Any:
    """得分的构成：名称、权重 %、分数、得分，合计正好等于官方得分。Rows of label, weight %, mark, points that add up exactly to the official score."""
    return cells.why(marks, weights, labels)
