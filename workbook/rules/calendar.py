"""Owns the book's working calendar (S24, S31): the published holidays, the company's own days, and the working hours.

The holidays and make-up days (调休) of the State Council come from `chinesecalendar`. A year that it does not know has
plain weekends until somebody writes rows for it, and is called provisional for as long. The last days of December may
still change with the notice of the next year, for a make-up day of New Year can stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from workbook.evaluation.working_time import CalendarRefused, Shift, ShiftsRefused, WorkingCalendar, as_day

CLOSED, OPEN = "closed", "open"  # the options of 工作日历.安排
# 国办发明电〔2005〕35号 makes Saturday 2005-12-31 a working day; chinesecalendar 1.11 does not know it.
_LEFT_OUT = frozenset({date(2005, 12, 31)})
_BETWEEN = re.compile(r"[、，,；;\s]+")
_DASH = re.compile(r"\s*(?:-|–|—|－|~|～|至|到)+\s*")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_NO_SPACE = re.compile(r"\s*:\s*")


@dataclass(frozen=True)
class BookCalendar:
    """The calendar of a book, and the years for which it knows more than weekends: published ones and staff's own."""

    calendar: WorkingCalendar
    known_years: frozenset[int]

    def is_provisional(self, day: date) -> bool:
        """Whether a day lies in a year of which neither a notice nor a row of the book says anything."""
        return as_day(day).year not in self.known_years

    def provisional_years(self, first: date, last: date) -> tuple[int, ...]:
        """The provisional years from the year of one day to that of another, both included."""
        years = range(as_day(first).year, as_day(last).year + 1)
        return tuple(year for year in years if year not in self.known_years)


def calendar_of(shifts_text: str, overrides: Iterable[tuple[date, str]] = ()) -> BookCalendar:
    """The calendar from the setting 上班时段 and the rows of 工作日历 as (day, "closed" or "open").

    A row wins over the published calendar. It holds for all years; ask the result which of them are provisional.

    Raises:
        ShiftsRefused: if the text is no list of shifts; see `shifts_of`.
        CalendarRefused: if a row gives neither arrangement, or two rows give one day different ones.
        NotAMoment: if the day of a row is no date.
    """
    return _calendar_of(shifts_text, tuple(overrides))


@lru_cache(maxsize=16)
def _calendar_of(shifts_text: str, overrides: tuple[tuple[date, str], ...]) -> BookCalendar:
    off, on, years = published_days()
    shifts = shifts_of(shifts_text)
    rows: dict[date, str] = {}
    for value, kind in overrides:
        day = as_day(value)
        if kind not in (CLOSED, OPEN):
            raise CalendarRefused(f"{day} 的安排是 {kind!r}，只能是放假（{CLOSED}）或上班（{OPEN}）。")
        if rows.setdefault(day, kind) != kind:
            raise CalendarRefused(f"{day} 既写了放假又写了上班。请只留一行。")
    closed = {day for day, kind in rows.items() if kind == CLOSED}
    opened = {day for day, kind in rows.items() if kind == OPEN}
    calendar = WorkingCalendar(shifts, closed=(off - opened) | closed, opened=(on - closed) | opened)
    return BookCalendar(calendar, years | {day.year for day in rows})


@lru_cache(maxsize=1)
def published_days() -> tuple[frozenset[date], frozenset[date], frozenset[int]]:
    """What the State Council's notices say: the days off, the make-up working days, the years they cover."""
    from chinese_calendar import constants

    off, on = frozenset(constants.holidays), frozenset(constants.workdays) | _LEFT_OUT
    # Only days off make a year known: a make-up day may stand in the December before its notice's own year.
    years = [day.year for day in off]
    return off, on, frozenset(range(min(years), max(years) + 1))


def shifts_of(text: str) -> tuple[Shift, ...]:
    """The shifts that a text such as "09:00-12:00、13:30-18:00" means; "24:00" is midnight, given as `time(0)`.

    Shifts are set apart by 、，,；; or spaces, their ends by a dash, ~, 至 or 到; full-width signs are as good.

    Raises:
        ShiftsRefused: if a part is no shift; the part is quoted. Overlaps are found by `WorkingCalendar`.
    """
    plain = str(text or "").translate({ord("０") + n: str(n) for n in range(10)} | {ord("："): ":", ord("　"): " "})
    joined = _NO_SPACE.sub(":", _DASH.sub("-", plain.strip()))
    parts = [part for part in _BETWEEN.split(joined) if part]
    if not parts:
        raise ShiftsRefused("没有写上班时段。请写成 09:00-12:00、13:30-18:00 的样子。")
    return tuple(_shift(part) for part in parts)


def _shift(part: str) -> Shift:
    ends = part.split("-")
    if len(ends) != 2:
        raise ShiftsRefused(f"“{part}”不是一个时段。请写成 09:00-12:00 的样子，几段之间用顿号分开。")
    return _time(ends[0], part, is_end=False), _time(ends[1], part, is_end=True)


def _time(text: str, part: str, *, is_end: bool) -> time:
    found = _TIME.fullmatch(text)
    if not found:
        raise ShiftsRefused(f"“{part}”里的“{text}”不是时刻。请写成 09:00 的样子。")
    hour, minute = int(found[1]), int(found[2])
    if (hour, minute) == (24, 0) and is_end:
        return time(0)
    if hour > 23 or minute > 59:
        raise ShiftsRefused(f"“{part}”里的“{text}”不是一天里的时刻。最早 00:00，结束最晚 24:00。")
    return time(hour, minute)
