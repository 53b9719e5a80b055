"""Owns when the company of a book works: the setting 工作时间 and the rows of 工作日历 as a calendar, and days counted on it (S24, S31)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from workbook.errors import PartnerBookError
from workbook.evaluation.working_time import add_working_days
from workbook.records import Record
from workbook.rules.calendar import BookCalendar, calendar_of
from workbook.tables import SettingRow

DEFAULT_HOURS = next(value for name, value, _ in SettingRow.DEFAULTS if name == SettingRow.WORKING_HOURS)


def book_calendar(settings: Mapping[str, str], days: Sequence[Record]) -> BookCalendar:
    """The working calendar of a book; a row that does not say both its day and its arrangement does not count.

    Raises:
        ShiftsRefused, CalendarRefused: the setting, or two rows about one day, cannot be used.
    """
    rows = [(row["day"], row["kind"]) for row in days if row["day"] is not None and row["kind"] is not None]
    return calendar_of(settings.get(SettingRow.WORKING_HOURS) or DEFAULT_HOURS, rows)


def calendar_or_default(settings: Mapping[str, str], days: Sequence[Record]) -> BookCalendar:
    """As `book_calendar`; one that cannot be used is told by `check`, and until then the published one counts."""
    try:
        return book_calendar(settings, days)
    except PartnerBookError:
        return calendar_of(DEFAULT_HOURS)


def working_day_after(day: date, count: int, hours: BookCalendar) -> date:
    """The day by which something is due that has `count` working days; none at all means the day itself."""
    return add_working_days(day, count, hours.calendar)
