"""Dates as people type them into cells: a day, a day without hyphens, or a clear word about what is none."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from workbook.records import from_cell
from workbook.rows import as_words
from workbook.schema import Date, Invalid, Moment

DAY, TIME = Date("截止日", "Until"), Moment("时间", "Time")


@pytest.mark.parametrize(
    ("cell", "day"),
    [(46387, date(2026, 12, 31)), (20261231, date(2026, 12, 31)), (20261231.0, date(2026, 12, 31)), ("2026年12月31日", date(2026, 12, 31))],
)  # fmt: skip
def test_a_day_is_read_however_it_was_typed(cell: Any, day: date) -> None:
    assert from_cell(DAY, cell) == day


@pytest.mark.parametrize("cell", [20261331, 2958466, -700000, 1e9, 1e300, "明年"])
def test_a_number_that_is_no_day_is_told_with_what_stands_there(cell: Any) -> None:
    with pytest.raises(Invalid, match="截止日"):
        from_cell(DAY, cell)
    with pytest.raises(Invalid, match="时间"):
        from_cell(TIME, cell)
    assert as_words(DAY, cell)


def test_a_time_is_read_to_the_second() -> None:
    assert from_cell(TIME, 46387.75) == datetime(2026, 12, 31, 18, 0)
