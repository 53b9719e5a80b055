"""Owns changing rows of a workbook file by command: read it, change it in memory with a line of 变更记录 for each cell, replace it.

What is refused leaves the file as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from workbook import store
from workbook.changelog import CellChange, log_changes
from workbook.errors import ChangedUnderneath, PartnerBookError
from workbook.evaluating import fill_keys, local_now
from workbook.identity import must_be_ours
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rows import language, need, to_cell
from workbook.rules.contracts import StepRefused
from workbook.rules.finding import Situation
from workbook.rules.states import unlogged
from workbook.schema import Table
from workbook.tables import Changes

ATTEMPTS = 3


class NoSuchRow(PartnerBookError):
    """No row, or more than one, has the number that was given."""

    def __init__(self, table: type[Table], key: str, known: Sequence[str], rows: Sequence[int]):
        if rows:
            why = f"{key} 出现在第 {'、'.join(map(str, rows))} 行。请只保留一行。"
        else:
            why = f"没有 {key}（现有：{'、'.join(known[:20]) or '无'}）。"
        super().__init__(f"“{table.label.zh}”里{why}")


@dataclass
class Done:
    """What a command did to a row, or how it stands: the key, sentences, and what went less well beside it."""

    key: str
    changed: bool
    lines: list[str]
    data: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desk:
    """A book that is being changed, and the time on its clock."""

    book: Book
    situation: Situation
    now: datetime


def on_file(path: Path, work: Callable[[Desk], Done], write: bool = True) -> Done:
    """Do the work on a fresh reading of the file and put the result in its place; again if a delivery was faster."""
    for attempt in range(1, ATTEMPTS + 1):
        snapshot = store.read(path)
        if write:
            store.check_free(snapshot.path)
        book = Book.read(snapshot.data)
        must_be_ours(book, snapshot.path.name)
        if write:
            fill_keys(book)
        now = local_now(book)
        done = work(Desk(book, Situation(book, now.date()), now))
        if not done.changed:
            return done
        try:
            done.warnings = store.replace(snapshot, book.to_bytes()).warnings
            return done
        except ChangedUnderneath:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def one_row(book: Book, table: type[Table], key: str) -> Record:
    """The one row with a number.

    Raises:
        NoSuchRow: no row has it, or more than one.
    """
    records = read_records(book, table)
    found = [record for record in records if record.key.casefold() == key.strip().casefold()]
    if len(found) != 1:
        raise NoSuchRow(table, key, [r.key for r in records if r.key], [r.number for r in found])
    return found[0]


def change_row(desk: Desk, record: Record, values: Mapping[str, Any], what: str) -> None:
    """Write cells of a row, and a line of 变更记录 for each."""
    table, view = record.table, desk.book.table(record.table.name)
    where, lang = need(table, view.columns, [table.key().name, *values], view.sheet), language(table, view.columns)
    log_changes(
        desk.book, desk.now, (CellChange(record, name, record[name], value, what) for name, value in values.items())
    )
    cells = {where[name]: to_cell(table.columns[name], value, lang) for name, value in values.items()}
    desk.book.update_rows(table.name, where[table.key().name], {record.number: cells})


def must_be_seen(desk: Desk, record: Record) -> None:
    """Refuse to go on from a state that may not follow the one before it.

    Raises:
        StepRefused: the state that stands in the row has to be set right first.
    """
    for seen in unlogged(desk.situation.records, desk.situation.of(Changes)):
        if seen.record.key == record.key and seen.record.table is record.table and not seen.legal:
            raise StepRefused(f"{record.table.label.zh} {record.key}", "改状态", [seen.sentence()])
