"""Owns writing what is computed into tables of people's rows: whole rows by key, or single cells; what is equal is not written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from workbook.evaluation.exact import half_up
from workbook.formulas import formula_text
from workbook.ooxml import Book
from workbook.records import Record
from workbook.rows import Cell, headers, language, need, to_cell
from workbook.schema import COMPUTED, Column, Formula, Key, Table, Text


def upsert_rows(book: Book, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write every computed column of the rows by key; a column without a value is emptied, people's columns stay.

    Raises:
        MissingTable, MissingColumn: the table, or a computed column of it, is gone.
    """
    if not rows:
        return
    view = book.table(table.name)
    computed = [
        name
        for name, column in table.columns.items()
        if column.owner is COMPUTED and (name in rows[0] or not isinstance(column, Formula))
    ]
    where = need(table, view.columns, computed, view.sheet)
    lang = language(table, view.columns)
    cells: list[dict[str, Cell]] = [
        {where[name]: _cell(table.columns[name], row.get(name), lang) for name in computed} for row in rows
    ]
    key = next(n for n, c in table.columns.items() if isinstance(c, Key))
    formulas = {
        where[name]: formula_text(table, column, lang)
        for name, column in table.columns.items()
        if isinstance(column, Formula) and name in computed
    }
    book.upsert(table.name, where[key], cells, formulas)


def _cell(column: Column, value: Any, lang: str) -> Cell:
    """A value as a cell; beside a formula it is what viewers show that do not calculate."""
    shown: Cell = value
    return shown if isinstance(column, Formula) else to_cell(column, value, lang)


def write_cells(
    book: Book, table: type[Table], records: Sequence[Record], values: Mapping[int, Mapping[str, Any]]
) -> None:
    """Write computed cells beside rows that people own, by row number; only those that differ. A column that is gone is left out."""
    view = book.table(table.name) if records else None
    if view is None:
        return
    where, lang = headers(table, view.columns), language(table, view.columns)
    key = need(table, view.columns, [table.key().name], view.sheet)[table.key().name]
    changes = {}
    for record in records:
        differing = {
            where[name]: to_cell(table.columns[name], value, lang)
            for name, value in values.get(record.number, {}).items()
            if name in where and (record[name] != value or name in record.problems)
        }
        if differing:
            changes[record.number] = differing
    if changes:
        book.update_rows(table.name, key, changes)


def fitting(text: str, table: type[Table], name: str) -> str | None:
    """A text cut to what its column holds; None for no text."""
    column = table.columns[name]
    limit = column.max_length if isinstance(column, Text) and column.max_length else len(text)
    return (text if len(text) <= limit else text[: limit - 1] + "…") or None


def percent(weight: Fraction) -> Decimal:
    """A share as a percentage with four decimals."""
    return half_up(weight * 100, 4)
