"""Owns working time: how many open minutes or days lie between two moments, and when an amount of them has passed.

All moments are naive and of one fixed zone. Time is counted in whole minutes: every moment given, those of pauses too,
is first cut down to its minute (09:00:59 counts as 09:00), so that spans that meet add up without loss.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from workbook.evaluation.refusals import EvaluationRefused

Shift: TypeAlias = tuple[time, time]
Pause: TypeAlias = tuple[datetime, datetime]
Span: TypeAlias = tuple[int, int]

DAY = 24 * 60
LAST_DAY = date.max.toordinal()


class ShiftsRefused(EvaluationRefused):
    """The shifts of a working day cannot be used."""

    def __init__(self, problem: str):
        super().__init__(f"上班时段不能用：{problem}")


class CalendarRefused(EvaluationRefused):
    """The days of a working calendar contradict each other or are no days."""

    def __init__(self, problem: str):
        super().__init__(f"工作日历不能用：{problem}")


class NotAMoment(EvaluationRefused):
    """A moment (or a day) is no plain local one."""

    def __init__(self, value: object, problem: str):
        self.value = value
        super().__init__(f"{value!r} 不能用来计时：{problem}")


class EndBeforeStart(EvaluationRefused):
    """A span of time ends before it starts."""

    def __init__(self, what: str, start: object, end: object):
        self.start, self.end = start, end
        super().__init__(f"{what}的结束 {end} 早于开始 {start}。请核对这两个时间。")


class NotACount(EvaluationRefused):
    """A number of minutes, days or tickets is negative or not whole."""

    def __init__(self, what: str, value: object):
        self.value = value
        super().__init__(f"{what} {value!r} 不是不小于 0 的整数。请改成整数。")


class NeverReached(EvaluationRefused):
    """The calendar is never open for as long as asked."""

    def __init__(self, what: str):
        super().__init__(f"按这份工作日历永远等不到{what}：一直没有开放的时间。请核对周末和放假的设置。")


@dataclass(frozen=True)
class WorkingCalendar:
    """When work is done: the shifts of a working day, the weekend, and the days that differ.

    `shifts` are (start, end) times of day, several a day and in any order, each half-open; an end of 00:00 (or
    `time.max`) means midnight, 24:00. A shift over midnight is written as two. `weekend` holds weekdays, Monday 0 to
    Sunday 6. `closed` are days off whatever their weekday, `opened` are working days whatever their weekday (调休).

    Raises:
        ShiftsRefused: without shifts, for one that is empty, runs backwards, has seconds or overlaps another.
        CalendarRefused: for a weekday outside 0 to 6, and a day both closed and opened.
        NotAMoment: for a closed or opened value that is no date.
    """

    shifts: tuple[Shift, ...]
    weekend: frozenset[int] = frozenset({5, 6})
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()
    _spans: tuple[Span, ...] = field(init=False, repr=False, compare=False)
    _minutes: int = field(init=False, repr=False, compare=False)
    # how many of the first weekdays from Monday on are working days, for none to all seven of them
    _ahead: tuple[int, ...] = field(init=False, repr=False, compare=False)
    # the days that differ from their weekday, as sorted ordinals
    _off: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _on: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __init__(
        self,
        shifts: Iterable[Shift],
        weekend: Iterable[int] = (5, 6),
        closed: Iterable[date] = (),
        opened: Iterable[date] = (),
    ):
        ordered, spans = _checked_shifts(shifts)
        resting = frozenset(weekend)
        if not resting <= frozenset(range(7)):
            raise CalendarRefused(f"周末 {sorted(resting, key=str)} 只能用 0（星期一）到 6（星期日）。")
        off, on = (frozenset(as_day(day) for day in days) for days in (closed, opened))
        if off & on:
            both = "、".join(str(day) for day in sorted(off & on))
            raise CalendarRefused(f"{both} 既写了放假又写了上班。请只留一种。")
        put = object.__setattr__
        put(self, "shifts", ordered)
        put(self, "weekend", resting)
        put(self, "closed", off)
        put(self, "opened", on)
        put(self, "_spans", spans)
        put(self, "_minutes", sum(end - start for start, end in spans))
        put(self, "_ahead", tuple(sum(day not in resting for day in range(rest)) for rest in range(8)))
        put(self, "_off", tuple(sorted(day.toordinal() for day in off if day.weekday() not in resting)))
        put(self, "_on", tuple(sorted(day.toordinal() for day in on if day.weekday() in resting)))

    @classmethod
    def around_the_clock(cls) -> WorkingCalendar:
        """The calendar that is always open: every minute of every day."""
        return cls([(time(0), time(0))], weekend=())

    def is_working_day(self, day: date) -> bool:
        """Whether work is done on a day."""
        plain = as_day(day)
        return plain in self.opened or (plain.weekday() not in self.weekend and plain not in self.closed)

    def _days_before(self, ordinal: int) -> int:
        """Working days from 0001-01-01 (a Monday, ordinal 1) up to but without the day of this ordinal."""
        weeks, rest = divmod(ordinal - 1, 7)
        plain = weeks * self._ahead[7] + self._ahead[rest]
        return plain - bisect_left(self._off, ordinal) + bisect_left(self._on, ordinal)

    def _minutes_before(self, minute: int) -> int:
        """Open minutes from the beginning of time up to a minute (see `_minute`)."""
        ordinal, of_day = divmod(minute, DAY)
        before = self._days_before(ordinal)
        whole = before * self._minutes
        if self._days_before(ordinal + 1) == before:
            return whole
        return whole + sum(min(of_day, end) - start for start, end in self._spans if start < of_day)

    def _day_of(self, count: int) -> int | None:
        """The ordinal of the count-th working day since the beginning of time; None if there are not that many."""
        found = bisect_left(range(LAST_DAY + 1), count, lo=1, key=lambda ordinal: self._days_before(ordinal + 1))
        return found if found < LAST_DAY else None

    def _minute_of(self, count: int) -> int | None:
        """The first minute before which `count` (at least 1) open minutes have passed; None if that never comes."""
        days, left = divmod(count - 1, self._minutes)
        ordinal = self._day_of(days + 1)
        if ordinal is None:
            return None
        left += 1
        for start, end in self._spans:
            if left <= end - start:
                return ordinal * DAY + start + left
            left -= end - start
        raise AssertionError("a working day holds all its minutes")


def working_minutes(start: datetime, end: datetime, calendar: WorkingCalendar, pauses: Iterable[Pause] = ()) -> int:
    """Net working time in whole minutes: the open time in [start, end) less the union of the pauses, cut to open time.

    Pauses are (start, end), half-open, in any order; they may overlap, reach outside the window or lie outside it.

    Raises:
        NotAMoment: for a moment that is no datetime, or one with a time zone.
        EndBeforeStart: for a window or a pause that ends before it starts.
    """
    first, last = _window("计时", start, end)
    counted = calendar._minutes_before
    paused = sum(counted(until) - counted(since) for since, until in _united(pauses, first, last))
    return counted(last) - counted(first) - paused


def add_working_minutes(
    start: datetime, minutes: int, calendar: WorkingCalendar, pauses: Iterable[Pause] = ()
) -> datetime:
    """The earliest moment at which `minutes` of net working time have passed since `start`.

    It is the least t with `working_minutes(start, t, calendar, pauses) == minutes`: an amount used up exactly at the end
    of a shift is due then, not at the beginning of the next; 0 minutes are due at `start`, open or not.

    Raises:
        NotACount: unless `minutes` is a whole number, 0 or more.
        NeverReached: if the calendar is never open for that long.
        NotAMoment, EndBeforeStart: as in `working_minutes`.
    """
    left = _count("分钟数", minutes)
    begin = _minute(start)
    if not left:
        return _moment(begin)
    counted = calendar._minutes_before
    for since, until in _united(pauses, begin, (LAST_DAY + 1) * DAY):
        gained = counted(since) - counted(begin)
        if left <= gained:
            break
        left -= gained
        begin = until
    due = calendar._minute_of(counted(begin) + left)
    if due is None:
        raise NeverReached(f" {minutes} 分钟的工作时间")
    return _moment(due)


def working_days(start: date, end: date, calendar: WorkingCalendar) -> int:
    """How many working days lie between two days, both included; of a datetime its day counts.

    Raises:
        NotAMoment: for a value that is no date, or one with a time zone.
        EndBeforeStart: if `end` is before `start`.
    """
    first, last = as_day(start), as_day(end)
    if last < first:
        raise EndBeforeStart("这段日期", first, last)
    return calendar._days_before(last.toordinal() + 1) - calendar._days_before(first.toordinal())


def add_working_days(day: date, count: int, calendar: WorkingCalendar) -> date:
    """The `count`-th working day after a day, which itself does not count; 0 gives the day back, open or not.

    Raises:
        NotACount: unless `count` is a whole number, 0 or more.
        NeverReached: if there are no such many working days.
        NotAMoment: for a value that is no date, or one with a time zone.
    """
    begin, left = as_day(day), _count("工作日数", count)
    if not left:
        return begin
    found = calendar._day_of(calendar._days_before(begin.toordinal() + 1) + left)
    if found is None:
        raise NeverReached(f"第 {count} 个工作日")
    return date.fromordinal(found)


def attainment(met: int, breached: int, open_past_target: int) -> Fraction | None:
    """The share of tickets that kept their limit: met ÷ (met + breached + open past target); 1 is all of them.

    None without tickets (无数据). Open tickets within their limit count on neither side.

    Raises:
        NotACount: unless all three are whole numbers, 0 or more.
    """
    kept, missed, late = (
        _count(what, value) for what, value in (("达标数", met), ("超时数", breached), ("逾期未结数", open_past_target))
    )
    whole = kept + missed + late
    return Fraction(kept, whole) if whole else None


def as_day(value: date) -> date:
    """The plain day of a date or of a naive datetime.

    Raises:
        NotAMoment: for anything else.
    """
    if isinstance(value, datetime):
        return _plain(value).date()
    if not isinstance(value, date):
        raise NotAMoment(value, "需要一个日期。")
    return value


def _plain(value: datetime) -> datetime:
    if not isinstance(value, datetime):
        raise NotAMoment(value, "需要日期和时间，例如 2026-03-02 09:30。")
    if value.tzinfo is not None:
        raise NotAMoment(value, "带有时区。请先换算成本地时间，再去掉时区。")
    return value


def _minute(value: datetime) -> int:
    """A moment as minutes since the day of ordinal 0, seconds cut off."""
    plain = _plain(value)
    return plain.toordinal() * DAY + plain.hour * 60 + plain.minute


def _moment(minute: int) -> datetime:
    ordinal, of_day = divmod(minute, DAY)
    return datetime.combine(date.fromordinal(ordinal), time(0)) + timedelta(minutes=of_day)


def _window(what: str, start: datetime, end: datetime) -> Span:
    # Compared as given, not as cut: an end some seconds before its start is a mistake too.
    if _plain(end) < _plain(start):
        raise EndBeforeStart(what, start, end)
    return _minute(start), _minute(end)


def _united(pauses: Iterable[Pause], first: int, last: int) -> list[Span]:
    """The pauses cut to the window, overlapping ones made one, in order."""
    united: list[Span] = []
    for since, until in sorted(_window("暂停", *pause) for pause in pauses):
        since, until = max(since, first), min(until, last)
        if since >= until:
            continue
        if united and since <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], until))
        else:
            united.append((since, until))
    return united


def _count(what: str, value: int) -> int:
    try:
        number = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = -1
    if number < 0:
        raise NotACount(what, value)
    return number


def _checked_shifts(shifts: Iterable[Shift]) -> tuple[tuple[Shift, ...], tuple[Span, ...]]:
    pairs: Sequence[Shift] = [_checked_pair(shift) for shift in shifts]
    if not pairs:
        raise ShiftsRefused("一个时段也没有。请至少写一个，例如 09:00-18:00。")
    ordered = sorted(pairs, key=lambda pair: pair[0])
    spans = [(_of_day(start), _of_day(end) or DAY) for start, end in ordered]
    for start, end in spans:
        if start >= end:
            raise ShiftsRefused(
                f"{_show(start, end)} 的结束不晚于开始。跨过午夜的请写成两段，到 24:00 为止和从 00:00 开始。"
            )
    for (start, end), (next_start, next_end) in pairwise(spans):
        if next_start < end:
            raise ShiftsRefused(f"{_show(start, end)} 与 {_show(next_start, next_end)} 重叠。")
    return tuple(ordered), tuple(spans)


def _checked_pair(shift: Shift) -> Shift:
    pair = tuple(shift)
    if len(pair) != 2 or not all(isinstance(moment, time) for moment in pair):
        raise ShiftsRefused(f"{shift!r} 不是一个时段。一个时段是开始和结束两个时刻。")
    start, end = pair
    if end == time.max:
        end = time(0)
    for moment in (start, end):
        if moment.tzinfo is not None:
            raise ShiftsRefused(f"{moment} 带有时区。请只写当地的时刻。")
        if moment.second or moment.microsecond:
            raise ShiftsRefused(f"{moment} 不是整分钟。")
    return start, end


def _of_day(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _show(start: int, end: int) -> str:
    return f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"
