"""Owns single cells of an open spreadsheet: what a value read there means to `workbook`, and how a value goes there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from workbook.building.kinds import DATE, MOMENT, TEXT, project
from workbook.building.kinds import Place as PagePlace
from workbook.building.shapes import shaped
from workbook.ooxml.cells import Cell, Place, Read, value_type_and_text
from workbook.ooxml.refs import Area
from workbook.schema import Table
from workbook.tables import BY_NAME

GENERAL = "General"
_DAY_ZERO = datetime(1899, 12, 30)
_SECONDS = 86_400


def read_value(value: Any) -> Read:
    """A value as xlwings hands it over, as `Book` gives it: whole numbers int, times day numbers, "" nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float | int):
        return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, Decimal):  # currency cells, where the engine keeps them exact
        return read_value(float(value))
    if isinstance(value, datetime):
        return _day_number(value.replace(tzinfo=None) - _DAY_ZERO)
    if isinstance(value, date):
        return _day_number(datetime(value.year, value.month, value.day) - _DAY_ZERO)
    if isinstance(value, time):
        return _day_number(datetime.combine(_DAY_ZERO, value) - _DAY_ZERO)
    if isinstance(value, timedelta):
        return _day_number(value)
    return str(value)


def _day_number(since: timedelta) -> int | float:
    """Days since the calendar's zero; engines are off by fractions of a millisecond, which is no time anybody meant."""
    milliseconds = round(since / timedelta(milliseconds=1))
    days = Fraction(milliseconds, 1000 * _SECONDS)
    return days.numerator if days.denominator == 1 else float(days)


def as_read(value: Cell, place: Place) -> Read:
    """What a cell reads once the value stands there.

    Raises:
        ValueRefused: it cannot stand in a cell.
    """
    if value is None or value == "":
        return None
    kind, text = value_type_and_text(value, False, place)
    if kind == "inlineStr":
        return str(value)
    if kind == "b":
        return bool(value)
    try:
        return int(text)
    except ValueError:
        return float(text)


def says(there: Read, value: Cell, wanted: Read) -> bool:
    """Whether a cell shows a value already; `wanted` is what it would read. The rule is that of changes to a file."""
    if value is None or value == "":
        return there is None
    if isinstance(value, str) or isinstance(there, str) or there is None:
        return type(there) is str and there == value
    if isinstance(value, bool) or isinstance(there, bool):
        return there is value
    return wanted is not None and float(there) == float(wanted)


def to_engine(value: Cell) -> str | bool | int | float | datetime | None:
    """A value as xlwings takes it: plain numbers, times to the second, nothing for empty text."""
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return value


def stays_text(text: str) -> bool:
    """Whether every program leaves this text alone in a cell of any format.

    A word without a digit that begins with a letter is no number, date, time, formula or error; true and false are
    words of their own.
    """
    first = text[:1]
    return first.isalpha() and not any(c.isnumeric() for c in text) and text.strip().casefold() not in ("true", "false")


def format_for(value: Cell, declared: str | None) -> str | None:
    """The number format of a new cell for this value; None leaves the cell as it is."""
    if isinstance(value, str) and value and not stays_text(value):
        return TEXT
    if isinstance(value, date):
        if declared not in (None, TEXT, GENERAL):
            return declared
        return MOMENT if isinstance(value, datetime) else DATE
    if isinstance(value, bool | int | float | Decimal) and declared == TEXT:
        return GENERAL  # in a cell of text a number would become text
    return declared


def fits(value: Cell, number_format: str) -> bool:
    """Whether a number or a time keeps its meaning in a cell of this format."""
    return number_format not in ((TEXT, GENERAL, "") if isinstance(value, date) else (TEXT,))


def declared_format(table: type[Table], name: str, lang: str) -> str:
    """The number format that a generated workbook gives a column."""
    return _formats(table.name, lang)[name]


@cache
def _formats(table: str, lang: str) -> dict[str, str]:
    place = PagePlace(lang, "A1", "")
    columns = BY_NAME[table].columns
    return {name: shaped(table, name, project(column, place)).number_format for name, column in columns.items()}


def rectangles(cells: Iterable[tuple[int, int]]) -> list[Area]:
    """The fewest plain rectangles that cover exactly these cells (row, column), found row by row."""
    by_row: dict[int, list[int]] = {}
    for row, column in cells:
        by_row.setdefault(row, []).append(column)
    done: list[Area] = []
    open_ones: dict[tuple[int, int], Area] = {}
    for row in sorted(by_row):
        here: dict[tuple[int, int], Area] = {}
        for left, right in _runs(sorted(by_row[row])):
            above = open_ones.pop((left, right), None)
            joined = above is not None and above.bottom == row - 1
            here[left, right] = Area(left, above.top if above and joined else row, right, row)
            if above and not joined:
                done.append(above)
        done += open_ones.values()
        open_ones = here
    return sorted([*done, *open_ones.values()], key=lambda area: (area.top, area.left))


def _runs(columns: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for column in columns:
        if runs and runs[-1][1] == column - 1:
            runs[-1] = (runs[-1][0], column)
        else:
            runs.append((column, column))
    return runs
