"""Owns the way between declared values and workbook cells: headers in either language, kinds to cells and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import singledispatch
from typing import Any

from workbook import schema
from workbook.errors import MissingColumn
from workbook.schema import Column, Table

Cell = str | bool | int | float | Decimal | date | datetime | None
MISSING_FILE = {"zh": "待补", "en": "To follow"}


def headers(table: type[Table], present: Sequence[str]) -> dict[str, str]:
    """Column names → the header under which each stands in a workbook, as far as it is there, in either language.

    A header is matched without case and without blanks at its ends, since people retype them.
    """
    by_text = {text.strip().casefold(): text for text in present}
    found = {}
    for name, column in table.columns.items():
        for wording in column.label:
            if (text := by_text.get(wording.casefold())) is not None:
                found[name] = text
                break
    return found


def need(table: type[Table], present: Sequence[str], names: Sequence[str], sheet: str = "") -> dict[str, str]:
    """As `headers`, but the named columns must be there.

    Raises:
        MissingColumn: naming every column that is gone.
    """
    found = headers(table, present)
    if gone := [table.columns[name].zh for name in names if name not in found]:
        raise MissingColumn(table.name, tuple(gone), sheet, tuple(present))
    return found


def language(table: type[Table], present: Sequence[str]) -> str:
    """`en` when the key's header is English, else `zh`: words in cells follow the language of the headers."""
    key = table.key()
    return "en" if headers(table, present).get(key.name, "").casefold() == key.en.casefold() else "zh"


@singledispatch
def to_cell(column: Column, value: Any, lang: str = "zh") -> Cell:
    """What stands in a cell for a value of the column; text that people typed stays text."""
    raise TypeError(f"no cell for {type(column).__name__}")


@to_cell.register(schema.Text)
@to_cell.register(schema.Key)
@to_cell.register(schema.Ref)
@to_cell.register(schema.CreditCode)
@to_cell.register(schema.Phone)
@to_cell.register(schema.Email)
@to_cell.register(schema.Submission)
@to_cell.register(schema.Date)
@to_cell.register(schema.Moment)
@to_cell.register(schema.Number)
@to_cell.register(schema.Money)
def _as_it_is(column: Column, value: Any, lang: str = "zh") -> Cell:
    result: Cell = value
    return result


@to_cell.register(schema.Formula)
def _formula(column: schema.Formula, value: Any, lang: str = "zh") -> Cell:
    return None  # the workbook computes it


@to_cell.register(schema.Choice)
def _choice(column: schema.Choice, value: Any, lang: str = "zh") -> Cell:
    return None if value is None else column.options[value].get(lang)


@to_cell.register(schema.Scale)
def _scale(column: schema.Scale, value: Any, lang: str = "zh") -> Cell:
    """Not knowing is a word, so that no average ever counts it as a zero."""
    if value == 0 and column.unknown:
        return column.unknown.get(lang)
    number: int | None = value
    return number


@to_cell.register(schema.Files)
def _files(column: schema.Files, value: Any, lang: str = "zh") -> Cell:
    if not value:
        return MISSING_FILE[lang] if column.wanted else None
    return "\n".join(f"{ref.name} ({size_words(ref.size)})" for ref in value)


def size_words(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} KB"


def row_cells(
    table: type[Table], values: Mapping[str, Any], present: Sequence[str], sheet: str = "", *, fresh: bool = True
) -> dict[str, Cell]:
    """A row of the workbook by its headers, from values by column name.

    A fresh row also gets the defaults of staff's choices and the words for wanted files that are missing. Columns
    without a value need not be there.

    Raises:
        MissingColumn: a column that has a value, the key or the submission id is gone from the workbook.
    """
    lang = language(table, present)
    cells: dict[str, Cell] = {}
    for name, column in table.columns.items():
        value = values.get(name)
        if fresh and value is None and isinstance(column, schema.Choice) and column.default:
            value = column.default
        cell = to_cell(column, value, lang)
        if cell is not None:
            cells[name] = cell
    needed = [n for n, c in table.columns.items() if n in cells or isinstance(c, schema.Key | schema.Submission)]
    where = need(table, present, needed, sheet)
    return {where[name]: cell for name, cell in cells.items()}


def shown_words(table: type[Table], row: Mapping[str, Any]) -> dict[str, str]:
    """What staff typed in the columns that the sender may see, as words, from a row by headers."""
    where = headers(table, list(row))
    words = {}
    for column in table.shown():
        if column.name in where and (value := row[where[column.name]]) not in (None, ""):
            words[column.name] = as_words(column, value)
    return words


def as_words(column: Column, value: Any) -> str:
    """A cell as text for people: dates as dates, whole numbers without a fraction."""
    if isinstance(column, schema.Date | schema.Moment) and isinstance(value, int | float):
        with suppress(OverflowError):  # a number that is no day is shown as the number it is
            moment = from_serial(float(value))
            return moment.date().isoformat() if isinstance(column, schema.Date) else f"{moment:%Y-%m-%d %H:%M}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def from_serial(serial: float, date1904: bool = False) -> datetime:
    """The local time that a date cell's number means, to the second."""
    start = datetime(1904, 1, 1) if date1904 else datetime(1899, 12, 30)
    return start + timedelta(seconds=round(serial * 86_400))
