"""Owns the lookup of a risk level: likelihood × impact in a declared table, which is refused unless it is monotone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from workbook.evaluation.exact import Number, exact
from workbook.evaluation.refusals import NotANumber, RiskTableRefused

Level: TypeAlias = str | int | float | Decimal
Place: TypeAlias = tuple[Fraction, Fraction]
Grid: TypeAlias = dict[Place, Level]


def risk_level(likelihood: Number, impact: Number, table: Mapping[tuple[Number, Number], Level]) -> Level:
    """The level that the table declares for a likelihood and an impact.

    Raises:
        RiskTableRefused: for a table that `check_risk_table` refuses, or a place that it does not have.

    >>> risk_level(2, 1, {(1, 1): "低", (1, 2): "中", (2, 1): "中", (2, 2): "高"})
    '中'
    """
    grid = _checked(tuple(table.items()))
    try:
        return grid[exact(likelihood), exact(impact)]
    except (KeyError, NotANumber):
        likelihoods, impacts = _sides(grid)
        raise RiskTableRefused(
            f"没有可能性 {likelihood!r}、影响 {impact!r} 这一格；可能性有 {_listed(likelihoods)}，影响有 {_listed(impacts)}。"
        ) from None


def check_risk_table(table: Mapping[tuple[Number, Number], Level]) -> None:
    """Sees to it that a table has every pair of its likelihoods and impacts and never falls as one of them rises.

    Levels that are numbers compare as numbers. Levels that are words have no order of their own: the table is monotone
    if some order of its words makes it so, that is, if no word is both below and above another one.

    Raises:
        RiskTableRefused: naming the pair that is missing or stands twice, or two neighbours at which the level falls.

    >>> check_risk_table({(1, 1): "低", (1, 2): "高", (2, 1): "中", (2, 2): "高"})
    """
    _checked(tuple(table.items()))


@lru_cache(maxsize=16)
def _checked(cells: tuple[tuple[tuple[Number, Number], Level], ...]) -> Grid:
    """The table by exact numbers. A column of risks asks for the same one again and again: it is checked once."""
    grid: Grid = {}
    for (likelihood, impact), level in cells:
        place = _number("可能性", likelihood), _number("影响", impact)
        if place in grid:
            raise RiskTableRefused(f"{_named(place)}这一格写了两次。请只留一次。")
        grid[place] = _level(place, level)
    if not grid:
        raise RiskTableRefused("一格也没有。请按可能性和影响逐格填等级。")
    likelihoods, impacts = _sides(grid)
    for place in ((likelihood, impact) for likelihood in likelihoods for impact in impacts):
        if place not in grid:
            raise RiskTableRefused(f"缺{_named(place)}这一格。请每一格都填等级。")
    _rising(grid, _steps(likelihoods, impacts))
    return grid


def _number(what: str, value: Number) -> Fraction:
    try:
        return exact(value)
    except NotANumber:
        raise RiskTableRefused(f"{what} {value!r} 不是数字，分不出高低。请用数字分级。") from None


def _level(place: Place, level: Level) -> Level:
    if isinstance(level, str):
        if not level.strip():
            raise RiskTableRefused(f"{_named(place)}这一格是空的。请填等级。")
        return level
    try:
        exact(level)
    except NotANumber:
        raise RiskTableRefused(f"{_named(place)}这一格是 {level!r}，不是等级。请填文字或数字。") from None
    return level


def _sides(grid: Grid) -> tuple[list[Fraction], list[Fraction]]:
    """The likelihoods and the impacts of a table, each in its order."""
    return sorted({place[0] for place in grid}), sorted({place[1] for place in grid})


def _steps(likelihoods: Sequence[Fraction], impacts: Sequence[Fraction]) -> list[tuple[Place, Place]]:
    """Every place with the next one in its row and in its column; what lies further off follows from these."""
    across = [((one, low), (one, high)) for one in likelihoods for low, high in pairwise(impacts)]
    down = [((low, one), (high, one)) for one in impacts for low, high in pairwise(likelihoods)]
    return across + down


def _rising(grid: Grid, steps: Sequence[tuple[Place, Place]]) -> None:
    numbers: dict[Level, Fraction] = {level: exact(level) for level in grid.values() if not isinstance(level, str)}
    if numbers and len(numbers) < len(set(grid.values())):
        raise RiskTableRefused("等级有的是文字，有的是数字，比不出高低。请统一。")
    above: dict[Level, set[Level]] = {level: set() for level in grid.values()}
    for before, after in steps:
        if grid[before] != grid[after]:
            above[grid[before]].add(grid[after])
    for before, after in steps:
        low, high = grid[before], grid[after]
        if numbers and numbers[high] < numbers[low]:
            raise RiskTableRefused(
                f"{_named(before)}是 {low}，{_named(after)}却降到 {high}。请让等级随可能性和影响只升不降。"
            )
        if not numbers and low != high and low in _reached(high, above):
            raise RiskTableRefused(
                f"{_named(before)}是“{low}”，{_named(after)}升到“{high}”，而别处“{low}”又在“{high}”之上。请让等级随可能性和影响只升不降。"
            )


def _reached(start: Level, above: Mapping[Level, set[Level]]) -> set[Level]:
    """The levels that are above `start` by one step or several."""
    found: set[Level] = set()
    waiting = [start]
    while waiting:
        new = above[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _named(place: Place) -> str:
    return f"可能性 {float(place[0]):g}、影响 {float(place[1]):g} "


def _listed(values: Sequence[Fraction]) -> str:
    return "、".join(f"{float(value):g}" for value in values)
