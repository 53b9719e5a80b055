"""Working time to the minute: everything equals a count made minute by minute, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbook.evaluation import (
    WorkingCalendar,
    add_working_days,
    add_working_minutes,
    attainment,
    working_days,
    working_minutes,
)
from workbook.evaluation.working_time import (
    CalendarRefused,
    EndBeforeStart,
    NeverReached,
    NotACount,
    NotAMoment,
    ShiftsRefused,
)

OFFICE = [(time(9), time(12)), (time(13, 30), time(18))]
# 2024: the Spring Festival with its make-up Sundays 2-04 and 2-18
SPRING = WorkingCalendar(
    OFFICE,
    closed=[date(2024, 2, day) for day in range(10, 18)],
    opened=[date(2024, 2, 4), date(2024, 2, 18)],
)
MINUTE = timedelta(minutes=1)
BASE = datetime(2024, 2, 1)


def is_open(moment: datetime, shifts: Iterable[tuple[time, time]], weekend: Any, closed: Any, opened: Any) -> bool:
    day = moment.date()
    works = day in opened or (day not in closed and moment.weekday() not in weekend)
    return works and any(a <= moment.time() and (moment.time() < b or b == time(0)) for a, b in shifts)


def slow_minutes(start: datetime, end: datetime, opens: Callable[[datetime], bool], pauses: Any) -> int:
    """Every minute looked at by itself."""
    found, moment = 0, start
    while moment < end:
        found += opens(moment) and not any(a <= moment < b for a, b in pauses)
        moment += MINUTE
    return found


@st.composite
def shift_lists(draw: Any) -> list[tuple[time, time]]:
    cuts = sorted(draw(st.sets(st.integers(0, 24 * 60), min_size=2, max_size=6)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return [(time(a // 60, a % 60), time(b // 60 % 24, b % 60)) for a, b in pairs]


moments = st.integers(0, 9 * 24 * 60).map(lambda n: BASE + n * MINUTE)
days = st.integers(-1, 10).map(lambda n: BASE.date() + timedelta(days=n))
spans = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))


@settings(max_examples=60, deadline=None)
@given(
    shifts=shift_lists(),
    weekend=st.sets(st.integers(0, 6), max_size=6),
    closed=st.sets(days, max_size=4),
    opened=st.sets(days, max_size=3),
    window=spans,
    pauses=st.lists(spans, max_size=4),
    share=st.floats(0, 1),
)
def test_it_equals_a_count_minute_by_minute(
    shifts: list[tuple[time, time]],
    weekend: set[int],
    closed: set[date],
    opened: set[date],
    window: tuple[datetime, datetime],
    pauses: list[tuple[datetime, datetime]],
    share: float,
) -> None:
    closed = closed - opened
    calendar = WorkingCalendar(shifts, weekend, closed, opened)
    start, end = window
    opens = lambda moment: is_open(moment, shifts, weekend, closed, opened)  # noqa: E731
    net = slow_minutes(start, end, opens, pauses)
    assert working_minutes(start, end, calendar, pauses) == net
    every_day = [start.date() + timedelta(days=n) for n in range((end.date() - start.date()).days + 1)]
    working = [day for day in every_day if day in opened or (day not in closed and day.weekday() not in weekend)]
    assert working_days(start.date(), end.date(), calendar) == len(working)
    assert [day for day in every_day if calendar.is_working_day(day)] == working
    for number, day in enumerate(working, start=1):
        assert add_working_days(start.date() - timedelta(days=1), number, calendar) == day
    # the way back: the earliest moment at which that much has passed
    asked = int(net * share)
    due = add_working_minutes(start, asked, calendar, pauses)
    assert start <= due <= end
    assert slow_minutes(start, due, opens, pauses) == asked
    assert due == start or slow_minutes(start, due - MINUTE, opens, pauses) == asked - 1


AT = datetime.fromisoformat


@pytest.mark.parametrize(
    ("start", "end", "pauses", "minutes"),
    [
        ("2024-02-05T09:00", "2024-02-05T18:00", [], 450),
        ("2024-02-05T11:30", "2024-02-05T14:00", [], 60),  # over noon
        ("2024-02-05T17:00", "2024-02-06T10:00", [], 120),  # over a night
        ("2024-02-02T17:00", "2024-02-05T10:00", [], 60 + 450 + 60),  # the Sunday between is a make-up day
        ("2024-02-09T17:00", "2024-02-19T10:00", [], 60 + 450 + 60),  # the festival, and its make-up Sunday
        ("2024-02-10T00:00", "2024-02-18T00:00", [], 0),
        ("2024-02-05T17:00", "2024-02-06T10:00", [("2024-02-05T17:30", "2024-02-06T09:15")], 75),
        ("2024-02-05T09:00", "2024-02-05T12:00", [("2024-02-05T09:30", "2024-02-05T10:30"), ("2024-02-05T10:00", "2024-02-05T11:00")], 90),
        ("2024-02-05T09:00", "2024-02-05T12:00", [("2024-02-05T12:00", "2024-02-05T13:30"), ("2024-01-01T00:00", "2024-02-05T09:00")], 180),
        ("2024-02-05T09:00", "2024-02-05T12:00", [("2024-02-04T00:00", "2024-02-06T00:00")], 0),
        ("2024-02-17T09:00", "2024-02-18T12:00", [("2024-02-17T20:00", "2024-02-18T10:00")], 120),
        ("2024-02-05T09:00:59", "2024-02-05T09:01:01", [], 1),  # both cut to the minute
    ],
)  # fmt: skip
def test_worked_examples_of_a_festival(start: str, end: str, pauses: list[tuple[str, str]], minutes: int) -> None:
    assert working_minutes(AT(start), AT(end), SPRING, [(AT(a), AT(b)) for a, b in pauses]) == minutes


def test_a_moment_is_due_at_the_end_of_a_shift_and_a_pause_moves_it() -> None:
    assert add_working_minutes(AT("2024-02-05T09:00"), 180, SPRING) == AT("2024-02-05T12:00")
    assert add_working_minutes(AT("2024-02-05T09:00"), 181, SPRING) == AT("2024-02-05T13:31")
    assert add_working_minutes(AT("2024-02-09T17:00"), 61, SPRING) == AT("2024-02-18T09:01")
    assert add_working_minutes(AT("2024-02-10T03:00:30"), 0, SPRING) == AT("2024-02-10T03:00")
    pause = (AT("2024-02-05T10:00"), AT("2024-02-05T11:00"))
    assert add_working_minutes(AT("2024-02-05T09:00"), 60, SPRING, [pause]) == AT("2024-02-05T10:00")
    assert add_working_minutes(AT("2024-02-05T09:00"), 61, SPRING, [pause]) == AT("2024-02-05T11:01")
    always = WorkingCalendar.around_the_clock()
    assert add_working_minutes(AT("2024-02-10T23:50"), 15, always) == AT("2024-02-11T00:05")
    assert add_working_minutes(AT("2024-02-10T23:50"), 10, always) == AT("2024-02-11T00:00")


def test_working_days_after_a_day() -> None:
    assert add_working_days(date(2024, 2, 9), 1, SPRING) == date(2024, 2, 18)
    assert add_working_days(date(2024, 2, 10), 2, SPRING) == date(2024, 2, 19)
    assert add_working_days(date(2024, 2, 10), 0, SPRING) == date(2024, 2, 10)
    assert working_days(date(2024, 2, 10), date(2024, 2, 18), SPRING) == 1
    assert working_days(datetime(2024, 2, 18, 12), date(2024, 2, 18), SPRING) == 1


def test_round_the_clock_counts_every_minute() -> None:
    start, end = AT("2023-12-30T23:59"), AT("2024-03-01T00:01")
    always = WorkingCalendar.around_the_clock()
    assert working_minutes(start, end, always) == (end - start) // MINUTE
    assert always == WorkingCalendar([(time(0), time.max)], weekend=[])


def test_a_span_of_centuries_costs_no_more_than_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    plain = WorkingCalendar._days_before

    def counting(self: WorkingCalendar, ordinal: int) -> int:
        nonlocal asked
        asked += 1
        return plain(self, ordinal)

    monkeypatch.setattr(WorkingCalendar, "_days_before", counting)
    always = WorkingCalendar.around_the_clock()
    start, end = datetime(1700, 1, 1), datetime(2700, 1, 1)
    pauses = [(start + timedelta(days=n), start + timedelta(days=n, hours=1)) for n in (1, 5, 9)]
    net = working_minutes(start, end, always, pauses)
    assert net == (end - start) // MINUTE - 180
    assert add_working_minutes(start, net, always, pauses) == end
    assert asked < 100


@pytest.mark.parametrize(
    ("shifts", "more", "error", "words"),
    [
        ([], {}, ShiftsRefused, "一个时段也没有"),
        ([(time(9), time(9))], {}, ShiftsRefused, "不晚于开始"),
        ([(time(22), time(6))], {}, ShiftsRefused, "写成两段"),
        ([(time(9), time(12)), (time(11, 59), time(18))], {}, ShiftsRefused, "重叠"),
        ([(time(9), time(0)), (time(23), time(0))], {}, ShiftsRefused, "重叠"),
        ([(time(9), time(12, 0, 1))], {}, ShiftsRefused, "不是整分钟"),
        ([(time(9, tzinfo=UTC), time(12))], {}, ShiftsRefused, "时区"),
        (["09:00"], {}, ShiftsRefused, "不是一个时段"),
        (OFFICE, {"weekend": [7]}, CalendarRefused, "星期"),
        (OFFICE, {"closed": [date(2024, 2, 4)], "opened": [date(2024, 2, 4)]}, CalendarRefused, "2024-02-04"),
        (OFFICE, {"closed": ["2024-02-04"]}, NotAMoment, "需要一个日期"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(shifts: Any, more: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        WorkingCalendar(shifts, **more)


def test_spans_that_cannot_be_are_refused() -> None:
    nine, ten = AT("2024-02-05T09:00"), AT("2024-02-05T10:00")
    with pytest.raises(EndBeforeStart, match="计时的结束"):
        working_minutes(ten, nine, SPRING)
    with pytest.raises(EndBeforeStart, match="计时的结束"):
        working_minutes(nine + timedelta(seconds=1), nine, SPRING)
    with pytest.raises(EndBeforeStart, match="暂停的结束"):
        working_minutes(nine, ten, SPRING, [(ten, nine)])
    with pytest.raises(EndBeforeStart, match="这段日期"):
        working_days(ten.date(), ten.date() - timedelta(days=1), SPRING)
    with pytest.raises(NotAMoment, match="时区"):
        working_minutes(nine.replace(tzinfo=UTC), ten.replace(tzinfo=UTC), SPRING)
    with pytest.raises(NotAMoment, match="日期和时间"):
        working_minutes(nine.date(), ten, SPRING)  # type: ignore[arg-type]
    for wrong in (-1, 1.5, True, "3"):
        with pytest.raises(NotACount):
            add_working_minutes(nine, wrong, SPRING)  # type: ignore[arg-type]
        with pytest.raises(NotACount):
            add_working_days(nine, wrong, SPRING)  # type: ignore[arg-type]
    never = WorkingCalendar(OFFICE, weekend=range(7))
    assert working_minutes(nine, ten, never) == 0
    with pytest.raises(NeverReached):
        add_working_minutes(nine, 1, never)
    with pytest.raises(NeverReached):
        add_working_days(nine, 1, never)


def test_attainment_is_a_share_of_what_is_due() -> None:
    assert attainment(2, 1, 0) == Fraction(2, 3)
    assert attainment(2, 1, 1) == Fraction(1, 2)
    assert attainment(0, 0, 3) == 0
    assert attainment(0, 0, 0) is None
    with pytest.raises(NotACount, match="超时数"):
        attainment(1, -1, 0)
