"""Owns budgets, trends, surveys and risks over cells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from workbook.evaluation.cells.reading import (
    PREFIX,
    Answer,
    Cell,
    CellRefused,
    Given,
    all_blank,
    cell_of,
    day_number,
    filled_line,
    filled_rows,
    in_a_cell,
    is_blank,
    is_left_out,
    is_number,
    known,
    line,
    moment,
    number,
    shown,
    whole_number,
)
from workbook.evaluation.exact import exact, half_up
from workbook.evaluation.money import earned_value, execution_rate
from workbook.evaluation.refusals import EvaluationRefused, MatrixRefused
from workbook.evaluation.survey import top_two_box
from workbook.evaluation.trend import TimesRefused, TooFewPeriods, direction, mann_kendall, theil_sen

NOT_COMPUTABLE = "无法计算"
DIRECTIONS = {"up": "上升", "flat": "持平", "down": "下降"}
FEWEST_FOR_A_SLOPE = 4  # below, only a direction may be said
LEAST_ANSWERS = 5  # the policy's floor (S28)
CANNOT_SAY = {"不了解", "cannot say"}


class TooFewAnswers(EvaluationRefused):
    """A group is too small to be shown without giving its members away."""

    def __init__(self, least: int):
        self.least = least
        super().__init__(f"不满 {least} 份，不显示。")


@in_a_cell
def budget(planned: Given, earned: Given, actual: Given, total: Given) -> Answer:
    """One line per project: execution rate (actual ÷ total), CV, SV, CPI, SPI, EAC.

    Each argument is a cell or one row or column of amounts: planned value, earned value, actual cost, budget at
    completion. Amounts come to the cent, ratios as they are (1 is 100 %), 无法计算 where it would be a division by zero.
    A blank line stays blank, one that cannot be computed says so.
    """
    columns = [
        filled_line(given, what)
        for given, what in ((planned, "计划价值"), (earned, "挣值"), (actual, "实际成本"), (total, "总预算"))
    ]
    sizes = [len(column) for column in columns]
    if len(set(sizes)) > 1:
        raise MatrixRefused(f"计划价值、挣值、实际成本、总预算各有 {'、'.join(map(str, sizes))} 个。四者应一样多。")
    return [[*_project(row, place)] for place, row in enumerate(zip(*columns, strict=True), start=1)]


def _project(row: Sequence[Cell], place: int) -> list[str | float]:
    if all_blank(row):
        return [""] * 6
    try:
        pv, ev, ac, bac = (
            number(cell, f"第 {place} 个的{what}")
            for cell, what in zip(row, ("计划价值", "挣值", "实际成本", "总预算"), strict=True)
        )
        rate, found = execution_rate(ac, bac), earned_value(pv, ev, ac, bac)
        ratios = [_ratio(value) for value in (rate, found.cpi, found.spi)]
        amounts = [_cents(value) for value in (found.cv, found.sv, found.eac)]
    except EvaluationRefused as refusal:
        return [f"{PREFIX}{refusal}", "", "", "", "", ""]
    return [ratios[0], amounts[0], amounts[1], ratios[1], ratios[2], amounts[2]]


def _ratio(value: Fraction | None) -> str | float:
    return NOT_COMPUTABLE if value is None else cell_of(value)


def _cents(value: Fraction | None) -> str | float:
    return NOT_COMPUTABLE if value is None else cell_of(half_up(value, 2))


@in_a_cell
def trend(values: Given, times: Given = None) -> Answer:
    """The direction of values in order of time, Theil–Sen's slope, Mann–Kendall's two-sided p.

    Below four periods there is only a direction. `times` are numbers or dates, one per value, in any order; without
    them the periods follow each other evenly and none may be blank. The slope is per period, per unit of a number, or
    per day of a date.
    """
    cells = filled_line(values, "数值")
    if is_left_out(times):
        numbers = _even(cells)
        word, slope = direction(numbers), None
        moments: Sequence[Fraction | int] = range(len(numbers))
    else:
        moments, numbers = _in_order(cells, times)
        slope = theil_sen(moments, numbers).slope
        word = "up" if slope > 0 else "down" if slope < 0 else "flat"
    if len(numbers) < FEWEST_FOR_A_SLOPE:
        return [[DIRECTIONS[word], "", ""]]
    slope = theil_sen(moments, numbers).slope if slope is None else slope
    return [[DIRECTIONS[word], slope, mann_kendall(numbers).p]]


def _even(cells: Sequence[Cell]) -> list[float | Decimal]:
    there = [place for place, cell in enumerate(cells) if not is_blank(cell)]
    first, last = there[0], there[-1]
    for place, cell in enumerate(cells[first : last + 1], start=first + 1):
        if is_blank(cell):
            raise CellRefused(f"第 {place} 期", "是空的。中间缺期时请另选一列时间，或去掉这一期。")
    return [number(cell, f"第 {place + 1} 期") for place, cell in enumerate(cells) if first <= place <= last]


def _in_order(cells: Sequence[Cell], times: Given) -> tuple[list[Fraction], list[float | Decimal]]:
    moments = line(times, "时间")
    if len(moments) != len(cells):
        raise TimesRefused(f"有 {len(moments)} 个时间、{len(cells)} 个数值，应当一一对应。")
    pairs = [
        (_time(at, f"第 {place} 个时间"), number(cell, f"第 {place} 个数值"))
        for place, (at, cell) in enumerate(zip(moments, cells, strict=True), start=1)
        if not is_blank(cell)
    ]
    if len(pairs) < 2:
        raise TooFewPeriods(len(pairs), 2)
    if len({at for at, _ in pairs}) < len(pairs):
        raise TimesRefused("有两个相同的时间，分不出先后。")
    pairs.sort(key=lambda pair: pair[0])
    return [at for at, _ in pairs], [value for _, value in pairs]


def _time(cell: Cell, what: str) -> Fraction:
    if is_number(cell):
        return exact(cell)
    if isinstance(cell, str | date) and not is_blank(cell):
        return day_number(moment(cell, what))
    raise CellRefused(what, f"是“{shown(cell)}”，不是数字，也不是日期。")


@in_a_cell
def survey(marks: Given, least: Given = None) -> Answer:
    """One line: answers, mean (two decimals, half up), share of 4 and 5, and the ends of its 95 % Wilson interval.

    Marks are whole, 1 to 5; blanks, 0 and 不了解 do not count. Below five answers nothing is shown; `least` may ask for
    more than five, never for less.
    """
    wanted = whole_number(least, "最少份数", LEAST_ANSWERS, 9999, LEAST_ANSWERS)
    counted = [
        _answer(cell, place, column)
        for place, row in filled_rows(marks)
        for column, cell in enumerate(row, start=1)
        if not _does_not_know(cell)
    ]
    if len(counted) < wanted:
        raise TooFewAnswers(wanted)
    found = top_two_box(counted)
    mean = half_up(Fraction(sum(counted), len(counted)), 2)
    return [[found.answers, float(mean), found.share, found.low, found.high]]


def _does_not_know(cell: Cell) -> bool:
    return is_blank(cell) or (is_number(cell) and cell == 0) or str(cell).strip().casefold() in CANNOT_SAY


def _answer(cell: Cell, row: int, column: int) -> int:
    value = known(number(cell, f"第 {row} 行第 {column} 列"))
    if value.denominator != 1 or not 1 <= value <= 5:
        raise CellRefused(f"第 {row} 行第 {column} 列", f"是 {shown(cell)}，只能是 1 到 5 的整数；不了解请留空。")
    return int(value)
