"""Owns reading a declared table out of a workbook: rows by column name, each value as its column means it.

A cell that its column does not take never becomes a guess: the record keeps it among its problems, with the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import singledispatch
from typing import Any

from workbook import schema
from workbook.errors import MissingTable
from workbook.ooxml import Book, Row
from workbook.rows import as_words, from_serial, headers, need
from workbook.schema import Column, Invalid, Table

DAY_AS_NUMBER = (19_000_101, 99_991_231)  # 20261231 typed without hyphens; as a day number it is beyond every calendar


@dataclass(frozen=True)
class Record:
    """One row of a declared table: its row number on the sheet, values by column name, and what is wrong with cells."""

    table: type[Table]
    sheet: str
    number: int
    key: str
    values: Mapping[str, Any]
    problems: Mapping[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def text(self, name: str) -> str:
        """The value as text, "" for none."""
        value = self.values.get(name)
        return "" if value is None else str(value)


@singledispatch
def from_cell(column: Column, value: Any, date1904: bool = False) -> Any:
    """What a cell means to its column; raises `Invalid` for what the column does not take."""
    raise TypeError(f"no reading of a cell for {type(column).__name__}")


@from_cell.register(schema.Text)
@from_cell.register(schema.Key)
@from_cell.register(schema.Ref)
@from_cell.register(schema.CreditCode)
@from_cell.register(schema.Phone)
@from_cell.register(schema.Email)
@from_cell.register(schema.Submission)
@from_cell.register(schema.Files)
def _as_text(column: Column, value: Any, date1904: bool = False) -> Any:
    return as_words(column, value)


@from_cell.register(schema.Formula)
def _as_saved(column: schema.Formula, value: Any, date1904: bool = False) -> Any:
    return value


@from_cell.register(schema.Number)
@from_cell.register(schema.Money)
def _number(column: schema.Number, value: Any, date1904: bool = False) -> Any:
    """A float means the decimal that it shows; a number that was typed as text is read like one typed in a form."""
    if isinstance(value, bool):
        raise Invalid(f"{column.zh}应为数字", f"{column.en} should be a number")
    if isinstance(value, int | float):
        return column.check(Decimal(repr(value)))
    return schema.Number.parse(column, str(value))


@from_cell.register(schema.Date)
def _date(column: schema.Date, value: Any, date1904: bool = False) -> Any:
    moment = _moment_of(column, value, date1904)
    return column.check(moment.date()) if moment else column.parse(_typed(value))


@from_cell.register(schema.Moment)
def _moment(column: schema.Moment, value: Any, date1904: bool = False) -> Any:
    moment = _moment_of(column, value, date1904)
    return column.check(moment) if moment else column.parse(_typed(value))


def _typed(value: Any) -> str:
    """What somebody typed, without the decimal point that a program puts behind whole numbers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _moment_of(column: schema.Column, value: Any, date1904: bool) -> datetime | None:
    """The time of a cell; None where it is to be read as text, as 20261231 typed without hyphens is."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == int(value) and DAY_AS_NUMBER[0] <= value <= DAY_AS_NUMBER[1]:
            return None
        try:
            return from_serial(float(value), date1904)
        except OverflowError:
            raise Invalid(
                f"{column.zh}不是有效日期：{as_words(column, value)}，请写成 2026-12-31",
                f"{column.en} is no date: {as_words(column, value)}",
            ) from None
    return None


@from_cell.register(schema.Choice)
def _choice(column: schema.Choice, value: Any, date1904: bool = False) -> Any:
    code = column.code(value)
    if code is None:
        words = "、".join(label.zh for label in column.options.values())
        raise Invalid(
            f"{column.zh}里没有“{as_words(column, value)}”这个选项，可选：{words}",
            f"{column.en} has no option {as_words(column, value)}",
        )
    return code


@from_cell.register(schema.Scale)
def _scale(column: schema.Scale, value: Any, date1904: bool = False) -> Any:
    text = as_words(column, value)
    if column.unknown and text in column.unknown:
        return 0
    if text not in ("1", "2", "3", "4", "5"):
        raise Invalid(f"{column.zh}应为 1 到 5，现在是“{text}”", f"{column.en} should be 1 to 5, this is {text}")
    return int(text)


def read_records(book: Book, table: type[Table]) -> list[Record]:
    """The rows of a declared table, blank ones left out.

    Raises:
        MissingTable: the workbook has no such table.
        MissingColumn: the key column is gone; any other column may be missing and then has no values.
    """
    view = book.table(table.name)
    where = headers(table, view.columns)
    need(table, view.columns, [table.key().name], view.sheet)
    date1904 = book.date1904

    def make(rows: list[Row]) -> list[Record]:
        return [_record(table, view.sheet, row.number, row.values, where, date1904) for row in rows]

    return list(book.made_of_rows("records", table.name, make))


def _record(
    table: type[Table],
    sheet: str,
    number: int,
    cells: Mapping[str, Any],
    where: Mapping[str, str],
    date1904: bool,
) -> Record:
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, header in where.items():
        cell = cells.get(header)
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        try:
            values[name] = from_cell(table.columns[name], cell, date1904)
        except Invalid as error:
            problems[name] = error.label.zh
    return Record(table, sheet, number, str(values.get(table.key().name) or ""), values, problems)


def read_if_there(book: Book, table: type[Table]) -> list[Record]:
    """As `read_records`; a book without the table has no rows of it."""
    try:
        return read_records(book, table)
    except MissingTable:
        return []
