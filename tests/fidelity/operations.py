"""Owns what the suite does to a table: each change with the cells that must read so afterwards."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.fidelity.reading import Cells, Place
from workbook.errors import AppendRefused
from workbook.ooxml import Book, TableView

MANY = 25
DAY = datetime.date(2026, 3, 4)
VALUES: tuple[Any, ...] = (
    "新 <&> 甲", 1234.25, Decimal("12.30"), DAY, "=1+1", True, datetime.datetime(2026, 3, 4, 5, 6, 7), 61007, "  two\nlines ",
)  # fmt: skip
# The column that is summed up: binary fractions, so that a sum is exact in whatever order it is made.
AMOUNTS: tuple[Any, ...] = (12.5, Decimal("7.25"), 61007, Decimal("-0.125"), 10**9)


@dataclass
class Change:
    """One change of one table: what was written where, how far the data reached out, or why it was refused."""

    operation: str
    before: bytes
    view: TableView
    date1904: bool
    after: bytes = b""
    refusal: str = ""
    more: int = 0
    column: int = 0
    written: Cells = field(default_factory=dict)
    touched: frozenset[str] = frozenset()


def plain_headers(view: TableView) -> list[str]:
    """The columns that are not calculated."""
    return [header for header in view.columns if not view.formula_of(header)[0]]


def new_row(view: TableView, number: int) -> dict[str, Any]:
    """Values of every type for the columns that take them."""
    headers = plain_headers(view)
    found = {header: VALUES[(place + number) % len(VALUES)] for place, header in enumerate(headers)}
    return found | ({"金额": AMOUNTS[number % len(AMOUNTS)]} if "金额" in found else {})


def append_one(change: Change, book: Book, cells: Cells) -> None:
    _append(change, book, cells, 1)


def append_many(change: Change, book: Book, cells: Cells) -> None:
    _append(change, book, cells, MANY)


def _append(change: Change, book: Book, cells: Cells, count: int) -> None:
    view = change.view
    rows = [new_row(view, number) for number in range(count)]
    first = view.first_row if _is_empty(view, cells) else view.last_row + 1
    placed = book.append(view.name, rows)
    assert (placed.first_row, placed.last_row) == (first, first + count - 1)
    change.more = max(0, placed.last_row - view.last_row)
    for number, row in enumerate(rows, first):
        change.written |= _placed(view, number, row)


def _is_empty(view: TableView, cells: Cells) -> bool:
    return not any(
        title == view.sheet and view.first_row <= row <= view.last_row and view.area.left <= column <= view.area.right
        for title, row, column in cells
    )


def _placed(view: TableView, number: int, row: dict[str, Any]) -> Cells:
    return {(view.sheet, number, view.number_of(header)): value for header, value in row.items()}


def update(change: Change, book: Book, cells: Cells) -> None:
    """One cell of the last row that a key names alone."""
    key_header, keys = _keys(change.view, cells)
    other = _other(change.view, key_header)
    key = list(keys)[-1]
    assert book.update(change.view.name, key_header, {key: {other: "改 =x"}}) == ()
    change.written |= _placed(change.view, keys[key], {other: "改 =x"})


def upsert(change: Change, book: Book, cells: Cells) -> None:
    """A row that is there, if there is one, and one that is not."""
    view = change.view
    empty = _is_empty(view, cells)
    key_header, keys = (plain_headers(view)[0], {}) if empty and plain_headers(view) else _keys(view, cells)
    new = new_row(view, 3) | {key_header: "新键-1"}
    rows = [new]
    if keys and len(plain_headers(view)) > 1:
        key, other = next(iter(keys)), _other(view, key_header)
        rows.append({key_header: key, other: "改"})
        change.written |= _placed(view, keys[key], {other: "改"})
    assert book.upsert(view.name, key_header, rows).inserted == ("新键-1",)
    change.more = 0 if empty else 1
    change.written |= _placed(view, view.first_row if empty else view.last_row + 1, new)


class NoKeys(Exception):
    """The table has no column whose texts name its rows."""


def _keys(view: TableView, cells: Cells) -> tuple[str, dict[str, int]]:
    """The first column whose texts or whole numbers name its rows, and the row of each; keys are text."""
    for header in plain_headers(view):
        column = view.number_of(header)
        found = {row: cells.get((view.sheet, row, column)) for row in range(view.first_row, view.last_row + 1)}
        texts = {row: key for row, value in found.items() if (key := _key(value))}
        if texts and len(set(texts.values())) == len(texts):
            return header, {key: row for row, key in texts.items()}
    raise NoKeys


def _key(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else ""


def _other(view: TableView, key_header: str) -> str:
    others = [header for header in plain_headers(view) if header != key_header]
    if not others:
        raise NoKeys
    return others[-1]


def add_column(change: Change, book: Book, cells: Cells) -> None:
    """A column at the right end, with a value for each row."""
    view = change.view
    rows = range(view.first_row, view.last_row + 1)
    values = [VALUES[number % len(VALUES)] for number in rows]
    book.add_column(view.name, "新列", values)  # type: ignore[attr-defined]
    change.column = view.area.right + 1
    change.written |= {(view.sheet, row, change.column): value for row, value in zip(rows, values, strict=True)}
    if view.header_row_count:
        change.written[view.sheet, view.area.top, change.column] = "新列"


Operation = Callable[[Change, Book, Cells], None]
OPERATIONS: dict[str, Operation] = {
    "append one": append_one,
    "append many": append_many,
    "update": update,
    "upsert": upsert,
} | ({"add column": add_column} if hasattr(Book, "add_column") else {})


def performed(operation: str, before: bytes, table: str, cells: Cells) -> Change:
    """The change, done or refused; `cells` are those of the book as calamine reads it. Raises NoKeys."""
    book = Book.read(before)
    change = Change(operation, before, book.table(table), book.date1904)
    try:
        OPERATIONS[operation](change, book, cells)
    except AppendRefused as refused:
        assert book.to_bytes() == before, "a refused change left something behind"
        change.refusal = str(refused)
        return change
    change.after, change.touched = book.to_bytes(), book.touched
    return change


def below(change: Change, place: Place) -> bool:
    """Whether a cell stands under the data rows of the table, anywhere on its sheet."""
    return place[0] == change.view.sheet and place[1] > change.view.last_row
