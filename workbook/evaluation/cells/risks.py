"""Owns risk levels over cells."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from workbook.evaluation.cells.reading import (
    PREFIX,
    Answer,
    Cell,
    Given,
    all_blank,
    filled_line,
    filled_rows,
    in_a_cell,
    is_blank,
    is_left_out,
    is_number,
    number,
    shown,
)
from workbook.evaluation.exact import Number, exact
from workbook.evaluation.refusals import EvaluationRefused, MatrixRefused, RiskTableRefused
from workbook.evaluation.risk import Level, check_risk_table, risk_level

Grid: TypeAlias = Mapping[tuple[Number, Number], Level]


@in_a_cell
def risk_levels(likelihood: Given, impact: Given, levels: Given = None) -> Answer:
    """One line per pair: the level of a likelihood and an impact, each a cell or one row or column.

    `levels` has the impacts in its first row, the likelihoods in its first column, a level in every cell between (the
    corner is not read). Without it the zones of 风险登记册 hold: 1 to 5 times 1 to 5. A blank pair has a blank line.
    """
    left, right = filled_line(likelihood, "可能性"), filled_line(impact, "影响")
    if len(left) != len(right):
        raise MatrixRefused(f"可能性有 {len(left)} 个，影响有 {len(right)} 个。两者应一样多。")
    grid = _usual() if is_left_out(levels) else _declared(levels)
    check_risk_table(grid)
    pairs = enumerate(zip(left, right, strict=True), start=1)
    return [[_level(one, other, grid, place)] for place, (one, other) in pairs]


def _level(likelihood: Cell, impact: Cell, grid: Grid, place: int) -> str | float:
    if all_blank([likelihood, impact]):
        return ""
    try:
        found = risk_level(_plain(likelihood, f"第 {place} 个可能性"), _plain(impact, f"第 {place} 个影响"), grid)
        return found if isinstance(found, str) else float(found)
    except EvaluationRefused as refusal:
        return f"{PREFIX}{refusal}"


@lru_cache(maxsize=1)
def _usual() -> Grid:
    """The zones of the risk register by likelihood and impact."""
    from workbook.rules.risks import ZONES  # loads the tables of the workbook, which other cells need not wait for

    def zone(rating: int) -> str:
        return next(word for least, word in ZONES if rating >= least)

    return MappingProxyType({(one, other): zone(one * other) for one in range(1, 6) for other in range(1, 6)})


def _declared(given: Given) -> Grid:
    rows = filled_rows(given)
    if len(rows) < 2 or len(rows[0][1]) < 2:
        raise RiskTableRefused("应有一行影响、一列可能性，中间逐格填等级。")
    impacts = [_plain(cell, f"第 {c} 列的影响") for c, cell in enumerate(rows[0][1][1:], start=2)]
    grid: dict[tuple[Number, Number], Level] = {}
    for place, row in rows[1:]:
        one = _plain(row[0], f"第 {place} 行的可能性")
        for column, (other, level) in enumerate(zip(impacts, row[1:], strict=False), start=2):
            if is_blank(level):
                raise RiskTableRefused(f"第 {place} 行第 {column} 列没有等级。请每一格都填。")
            if (one, other) in grid:
                raise RiskTableRefused(f"可能性 {one}、影响 {other} 有两格。请只留一格。")
            grid[one, other] = level if is_number(level) else shown(level)
    return grid


def _plain(cell: Cell, what: str) -> int | float:
    if is_number(cell) and isinstance(cell, int | float | Decimal):
        value = exact(cell)
        return int(value) if value.denominator == 1 else float(value)
    return float(number(cell, what))
