"""Owns working time over cells: minutes, due times, working days, and the attainment of time limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from workbook.evaluation.cells.reading import (
    Answer,
    Cell,
    CellRefused,
    Given,
    day,
    filled_rows,
    in_a_cell,
    is_blank,
    is_left_out,
    moment,
    one_cell,
    shown,
    whole_number,
)
from workbook.evaluation.working_time import (
    CalendarRefused,
    Pause,
    ShiftsRefused,
    add_working_minutes,
    attainment,
    working_days,
    working_minutes,
)
from workbook.rules.calendar import CLOSED, OPEN, BookCalendar, calendar_of

# The words of the workbook; the tests hold them against its tables, which a cell function need not load.
USUAL_SHIFTS = "09:00-12:00、13:30-18:00"  # 设置.工作时间 of a new workbook
ARRANGEMENTS = {"放假": CLOSED, "day off": CLOSED, "上班": OPEN, "working day": OPEN}
MET, BREACHED, RUNNING = "met", "breached", "running"
OUTCOMES = {
    "达标": MET, "met": MET, "超时": BREACHED, "breached": BREACHED,
    "计时中": RUNNING, "running": RUNNING, "已暂停": RUNNING, "stopped": RUNNING,
}  # fmt: skip
NO_DATA = "无数据"
MOST_MINUTES = 10_000_000  # some nineteen years around the clock


@in_a_cell
def minutes_between(
    start: Given, finish: Given, pauses: Given = None, days: Given = None, shifts: Given = None
) -> Answer:
    """Net working minutes between two moments, less the pauses; a second cell where the calendar is provisional.

    `pauses` has two columns, start and end. `days` has two columns, a day and 放假 or 上班, which win over the published
    calendar. `shifts` is a text like that of 设置.工作时间, which holds if it is left out.
    """
    first, last = moment(start, "开始时间"), moment(finish, "结束时间")
    calendar = _calendar(days, shifts)
    found = working_minutes(first, last, calendar.calendar, _pauses(pauses))
    return _marked(found, calendar, first, last)


@in_a_cell
def due(start: Given, minutes: Given, pauses: Given = None, days: Given = None, shifts: Given = None) -> Answer:
    """The moment at which so many net working minutes have passed; the other arguments as in `minutes_between`."""
    first = moment(start, "开始时间")
    if is_blank(one_cell(minutes, "分钟数")):
        raise CellRefused("分钟数", "是空的。请填整数，例如 240。")
    amount = whole_number(minutes, "分钟数", 0, MOST_MINUTES, 0)
    calendar = _calendar(days, shifts)
    found = add_working_minutes(first, amount, calendar.calendar, _pauses(pauses))
    return _marked(found, calendar, first, found)


@in_a_cell
def days_between(start: Given, finish: Given, days: Given = None) -> Answer:
    """How many working days lie between two days, both included; `days` as in `minutes_between`."""
    first, last = day(start, "开始日期"), day(finish, "结束日期")
    calendar = _calendar(days, None)
    return _marked(working_days(first, last, calendar.calendar), calendar, first, last)


@in_a_cell
def attained(outcomes: Given) -> Answer:
    """The share of limits that were kept, how many were kept, missed, and still run; 无数据 while nothing is decided.

    The words are those of the clocks in 问题跟踪: 达标, 超时, 计时中, 已暂停. A limit that passed without a solution is 超时
    there, so what still runs is within its limit and counts on neither side.
    """
    found: Counter[str] = Counter()
    for place, row in filled_rows(outcomes):
        for column, cell in enumerate(row, start=1):
            if not is_blank(cell):
                found[_outcome(cell, place, column)] += 1
    rate = attainment(found[MET], found[BREACHED], 0)
    return [[NO_DATA if rate is None else float(rate), found[MET], found[BREACHED], found[RUNNING]]]


def _outcome(cell: Cell, row: int, column: int) -> str:
    try:
        return OUTCOMES[str(cell).strip().casefold()]
    except KeyError:
        words = "达标、超时、计时中、已暂停"
        raise CellRefused(f"第 {row} 行第 {column} 列", f"是“{shown(cell)}”，只能是 {words}，或留空。") from None


def _pauses(given: Given) -> list[Pause]:
    found = []
    for place, row in filled_rows(given):
        if len(row) != 2:
            raise CellRefused("暂停", f"的区域应是两列：开始、结束。第 {place} 行有 {len(row)} 格。")
        since, until = (
            moment(cell, f"第 {place} 段暂停的{end}") for cell, end in zip(row, ("开始", "结束"), strict=True)
        )
        found.append((since, until))
    return found


def _calendar(days: Given, shifts: Given) -> BookCalendar:
    return calendar_of(_shifts(shifts), tuple(_arranged(days)))


def _shifts(given: Given) -> str:
    cell = one_cell(given, "工作时间")
    if is_blank(cell):
        return USUAL_SHIFTS
    if not isinstance(cell, str):
        raise ShiftsRefused(f"“{shown(cell)}”不是文字。请写成 09:00-12:00、13:30-18:00 的样子。")
    return cell


def _arranged(given: Given) -> Iterable[tuple[date, str]]:
    if is_left_out(given):
        return
    for place, row in filled_rows(given):
        if len(row) != 2:
            raise CalendarRefused(f"特殊日的区域应是两列：日期、放假或上班。第 {place} 行有 {len(row)} 格。")
        word = str(row[1] or "").strip().casefold()
        if word not in ARRANGEMENTS:
            raise CalendarRefused(f"特殊日第 {place} 行的安排是“{shown(row[1])}”，只能是 放假 或 上班。")
        yield day(row[0], f"特殊日第 {place} 行的日期"), ARRANGEMENTS[word]


def _marked(value: float | datetime, calendar: BookCalendar, first: date, last: date) -> Answer:
    years = calendar.provisional_years(first, last)
    if not years:
        return [[value]]
    named = f"{years[0]}" if len(years) == 1 else f"{years[0]} 等 {len(years)}"
    return [[value, f"暂定：{named} 年没有放假安排的资料，按周末计。请在特殊日里写上那一年的安排。"]]
