"""Owns writing 变更记录: a line for each cell that a command changes, and for each state that people typed (S24's order for every table)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from workbook.errors import MissingTable
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rows import language, row_cells, to_cell
from workbook.rules.states import MACHINES, Seen, unlogged
from workbook.schema import Table
from workbook.tables import Changes

FIRST = "首次记录的状态"
TYPED = "在工作簿里改的"


class CellChange(NamedTuple):
    """One cell that changed: values as its column has them, and how it came about."""

    record: Record
    column: str
    before: Any
    after: Any
    what: str
    source: str = "staff"


def next_number(book: Book, table: type[Table]) -> int:
    """The next free running number of a table's keys."""
    return max((table.key().number(record.key) or 0 for record in read_records(book, table)), default=0) + 1


def append_rows(book: Book, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows under the next free numbers."""
    key, first = table.key(), next_number(book, table)
    view = book.table(table.name)
    fresh = [{key.name: key.make(number), **row} for number, row in enumerate(rows, start=first)]
    book.append(table.name, [row_cells(table, row, view.columns, view.sheet) for row in fresh])


def log_changes(book: Book, now: datetime, changes: Iterable[CellChange]) -> None:
    """A line of 变更记录 for each change, in the language of its headers."""
    lang = language(Changes, book.table(Changes.name).columns)
    lines = []
    for one in changes:
        column = one.record.table.columns[one.column]
        before, after = (to_cell(column, value, lang) for value in (one.before, one.after))
        lines.append({
            "at": now, "table": one.record.table.label.get(lang), "row_key": one.record.key, "column": column.label.get(lang),
            "before": None if before is None else str(before), "after": None if after is None else str(after),
            "what": one.what, "source": one.source,
        })  # fmt: skip
    if lines:
        append_rows(book, Changes, lines)


def keep_states(book: Book, now: datetime) -> None:
    """Log each state that people typed and that may follow the one before; one that may not is left for `check`.

    A row that is seen for the first time gets a line too: without it nobody could tell later what it came from. A book
    whose 变更记录 was taken out goes without.
    """
    records = {machine.table.name: read_if_there(book, machine.table) for machine in MACHINES}
    try:
        changes = read_records(book, Changes)
    except MissingTable:
        return
    who = book.last_saved_by
    typed = f"{TYPED}，最近保存的人是{who}" if who else TYPED
    log_changes(book, now, (_line(seen, typed) for seen in unlogged(records, changes) if seen.legal))


def _line(seen: Seen, typed: str) -> CellChange:
    first = seen.before is None
    return CellChange(
        seen.record, seen.machine.column, seen.before, seen.after, FIRST if first else typed, "system" if first else "staff"
    )  # fmt: skip
