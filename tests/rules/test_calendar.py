"""The book's calendar: day by day as `holidays.China()` has it, staff's rows above it, unknown years said to be so."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import chinese_calendar
import holidays
import pytest

from workbook.evaluation.working_time import CalendarRefused, NotAMoment, ShiftsRefused, working_minutes
from workbook.rules.calendar import calendar_of, published_days, shifts_of

HOURS = "09:00-12:00、13:30-18:00"
OFFICE = ((time(9), time(12)), (time(13, 30), time(18)))
KNOWN = sorted(published_days()[2])


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


@pytest.mark.parametrize("year", KNOWN)
def test_every_day_of_a_known_year_is_as_the_holidays_package_has_it(year: int) -> None:
    book = calendar_of(HOURS)
    # Make-up days of New Year stand in the notice of the year after.
    china = holidays.China(years=(year, year + 1))
    wrong = [day for day in days_of(year) if book.calendar.is_working_day(day) != china.is_working_day(day)]
    assert wrong == []


def test_chinesecalendar_leaves_out_one_published_day_only() -> None:
    calendar = calendar_of(HOURS).calendar
    differing = [
        day
        for year in KNOWN
        for day in days_of(year)
        if calendar.is_working_day(day) != chinese_calendar.is_workday(day)
    ]
    # 国办发明电〔2005〕35号: 将12月31日（星期六）、1月1日（星期日）两个公休日调至1月2日、3日，12月31日（星期六）上班。
    assert differing == [date(2005, 12, 31)]


def test_known_years_are_those_that_chinesecalendar_answers_for() -> None:
    for year in range(KNOWN[0] - 2, KNOWN[-1] + 3):
        if year in KNOWN:
            chinese_calendar.is_workday(date(year, 1, 1))
        else:
            with pytest.raises(NotImplementedError):
                chinese_calendar.is_workday(date(year, 1, 1))


def test_the_first_unknown_year_is_provisional_until_a_row_fills_it_in() -> None:
    last = KNOWN[-1]
    unknown = last + 1
    span = (date(last, 12, 1), date(unknown + 1, 1, 31))
    plain = calendar_of(HOURS)
    assert plain.provisional_years(*span) == (unknown, unknown + 1)
    assert plain.is_provisional(date(unknown, 1, 1)) and not plain.is_provisional(date(last, 12, 31))
    # It is still there, with weekends only.
    assert plain.calendar.is_working_day(date(unknown, 10, 1)) == (date(unknown, 10, 1).weekday() < 5)
    filled = calendar_of(HOURS, [(date(unknown, 10, 1), "closed")])
    assert filled.provisional_years(*span) == (unknown + 1,)
    assert not filled.calendar.is_working_day(date(unknown, 10, 1))


def test_a_row_of_the_book_wins_over_the_published_day() -> None:
    national, make_up, tuesday = date(2024, 10, 1), date(2024, 9, 29), date(2024, 10, 15)
    published = calendar_of(HOURS).calendar
    assert [published.is_working_day(day) for day in (national, make_up, tuesday)] == [False, True, True]
    rows = [(national, "open"), (make_up, "closed"), (datetime(2024, 10, 15), "closed"), (tuesday, "closed")]
    own = calendar_of(HOURS, rows).calendar
    assert [own.is_working_day(day) for day in (national, make_up, tuesday)] == [True, False, False]


def test_a_span_over_the_national_holiday_is_right_to_the_minute() -> None:
    calendar = calendar_of(HOURS).calendar
    # Saturday 28th is free, Sunday 29th a make-up day, Monday 30th open, 1 to 7 October free.
    found = working_minutes(datetime(2024, 9, 28, 8), datetime(2024, 10, 8, 9, 30), calendar)
    assert found == 450 + 450 + 30


@pytest.mark.parametrize(
    "text",
    [
        HOURS, "09:00-12:00,13:30-18:00", "9:00–12:00，13:30–18:00", "09：00~12：00；13：30～18：00",
        "09:00 至 12:00 13:30 至 18:00", "09:00到12:00\n13:30—18:00", "０９：００－１２：００、１３：３０－１８：００",
        " 09:00 - 12:00 、 13:30 - 18:00、", "09 : 00-12:00;13:30——18:00",
    ],
)  # fmt: skip
def test_shifts_are_read_as_people_write_them(text: str) -> None:
    assert shifts_of(text) == OFFICE


def test_midnight_is_an_end() -> None:
    assert shifts_of("00:00-24:00") == ((time(0), time(0)),)
    assert calendar_of("18:00-24:00").calendar.shifts == ((time(18), time(0)),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "没有写上班时段"),
        (None, "没有写上班时段"),
        ("上午", "“上午”不是一个时段"),
        ("09:00", "“09:00”不是一个时段"),
        ("09:00-12:00-13:00", "不是一个时段"),
        ("九点-12:00", "“九点”不是时刻"),
        ("9-12", "“9”不是时刻"),
        ("09:00-25:00", "不是一天里的时刻"),
        ("24:00-09:00", "不是一天里的时刻"),
        ("09:60-12:00", "不是一天里的时刻"),
        ("18:00-09:00", "不晚于开始"),
        ("09:00-12:00、11:00-18:00", "重叠"),
    ],
)
def test_a_text_that_is_no_shift_is_refused_in_words(text: Any, words: str) -> None:
    with pytest.raises(ShiftsRefused, match=words):
        calendar_of(text)


def test_rows_that_cannot_be_are_refused() -> None:
    with pytest.raises(CalendarRefused, match="2024-10-01 的安排是 '休'"):
        calendar_of(HOURS, [(date(2024, 10, 1), "休")])
    with pytest.raises(CalendarRefused, match="既写了放假又写了上班"):
        calendar_of(HOURS, [(date(2024, 10, 1), "open"), (date(2024, 10, 1), "closed")])
    with pytest.raises(NotAMoment, match="需要一个日期"):
        calendar_of(HOURS, [("2024-10-01", "open")])  # type: ignore[list-item]
