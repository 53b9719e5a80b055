"""Owns moving overdue disputes one step up, and the dates of the step that each stands on (S44)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from workbook.changelog import CellChange, log_changes
from workbook.errors import MissingTable
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rules.calendar import BookCalendar
from workbook.rules.disputes import CLOCKED, Move, rung_of, step_days_or_default
from workbook.rules.office_hours import calendar_or_default, working_day_after
from workbook.rules.states import unlogged
from workbook.tables import Changes, Disputes, Settings, WorkingDays
from workbook.tables.emergency import DISPUTE_STATES
from workbook.writing import write_cells


def escalate_disputes(book: Book, now: datetime) -> None:
    """Write it into a book in memory, after the states that people typed were logged.

    A dispute moves at most once: its next step begins today and has all of its days. One that stands twice, whose state
    cannot be read or may not follow the one before, stays until somebody sets it right. A book without 变更记录 moves
    nothing, for nobody could tell later since when.
    """
    disputes = read_if_there(book, Disputes)
    try:
        changes = read_records(book, Changes)
    except MissingTable:
        return
    if not disputes:
        return
    settings = {row.key: row.text("value") for row in read_if_there(book, Settings)}
    hours = calendar_or_default(settings, read_if_there(book, WorkingDays))
    days = step_days_or_default(settings)
    times = Counter(row.key for row in disputes)
    odd = {seen.record.number for seen in unlogged({Disputes.name: disputes}, changes)}
    values: dict[int, dict[str, Any]] = {}
    moved: list[CellChange] = []
    for row in disputes:
        if not row.key or times[row.key] > 1 or row.number in odd or "status" in row.problems:
            continue
        rung = rung_of(row, changes, days, hours, now.date())
        values[row.number] = {"since": rung.since, "due": rung.due}
        if rung.move:
            values[row.number] = _moved(rung.move, days, hours, now.date())
            moved.append(_line(row, rung.move, days))
    write_cells(book, Disputes, disputes, values)
    log_changes(book, now, moved)


def _moved(move: Move, days: Mapping[str, int], hours: BookCalendar, today: date) -> dict[str, Any]:
    due = working_day_after(today, days[move.after], hours) if move.after in CLOCKED else None
    return {"status": move.after, "since": today, "due": due}


def _line(row: Record, move: Move, days: Mapping[str, int]) -> CellChange:
    words = DISPUTE_STATES[move.before].zh
    why = f"“{words}”期限 {days[move.before]} 个工作日，到 {move.due} 没有了结，系统上升一级"
    return CellChange(row, "status", move.before, move.after, why, "system")
