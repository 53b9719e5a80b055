"""Owns keeping 待办与提醒 up to date: a to-do for each task, by its cause; what people wrote in it stays theirs.

A to-do whose matter is settled is set to 已完成 if nobody touched its state, and its cause is marked: should the matter
come back, it is a new to-do. Rows without a cause are people's own, or a delivery's, and are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from workbook.errors import PartnerBookError
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rows import language, need, row_cells, to_cell
from workbook.rules.calendar import BookCalendar
from workbook.rules.finding import Situation, findings_of
from workbook.rules.office_hours import calendar_or_default, working_day_after
from workbook.rules.reminding import Task, tasks
from workbook.tables import Todo, WorkingDays

LIMIT = 200  # open to-dos of the system; the last one says how many more there are
SETTLED = "✓ "  # before the cause of a to-do whose matter is settled
MORE = "more"
NEEDED = ("todo", "due", "matter", "subject", "chapter_name", "responsible", "state", "rule", "page", "cause")
Row = dict[str, Any]


def keep_todos(book: Book, today: date) -> str:
    """Bring the to-dos of a book up to date; the reason why not, "" if they are.

    A book that cannot take them goes without: results never wait for reminders.
    """
    try:
        view = book.table(Todo.name)
        need(Todo, view.columns, NEEDED, view.sheet)
        situation = Situation(book, today)
        wanted = {task.cause: task for task in tasks(situation, findings_of(situation))}
        hours = calendar_or_default(situation.selection.settings, situation.of(WorkingDays))
        _keep(book, wanted, today, hours)
    except PartnerBookError as error:
        return f"没有更新“{Todo.label.zh}”：{error}"
    return ""


def _keep(book: Book, wanted: Mapping[str, Task], today: date, hours: BookCalendar) -> None:
    ours: dict[str, Record] = {}
    records = read_records(book, Todo)
    for record in records:
        cause = record.text("cause")
        if cause and not cause.startswith(SETTLED.strip()):
            ours.setdefault(cause, record)
    lang = language(Todo, book.table(Todo.name).columns)
    fresh = [
        {**_shown(task, lang), "due": _due(task, None, today, hours)}
        for cause, task in wanted.items()
        if cause not in ours
    ]
    fresh.sort(key=lambda row: row["due"])
    still = sum(1 for cause, row in ours.items() if cause in wanted and (row["state"] or "open") == "open")
    fresh, more = _capped(fresh, still)
    changes = {
        row.number: changed
        for cause, row in ours.items()
        if (changed := _changes(row, wanted.get(cause), more if cause == MORE else None, (today, hours), lang))
    }
    if more and MORE not in ours:
        fresh.append(more)
    _update(book, changes)
    _append(book, records, fresh)


def _capped(fresh: list[Row], still: int) -> tuple[list[Row], Row | None]:
    """The new to-dos for which there is room, and the one that counts the others."""
    if still + len(fresh) <= LIMIT:
        return fresh, None
    room = max(LIMIT - 1 - still, 0)
    count = len(fresh) - room
    matter = f"还有 {count} 项没有列在这里：办完上面的再评估一次；全部见 partnerbook check"
    return fresh[:room], {"matter": matter, "cause": MORE}


def _shown(task: Task, lang: str) -> Row:
    """What the system writes of a task, by column name, without its day."""
    return {
        "matter": task.matter, "subject": task.subject, "chapter_name": task.table.chapter.value.get(lang),
        "responsible": task.handler or None, "rule": task.words, "page": task.table.name, "cause": task.cause,
    }  # fmt: skip


def _due(task: Task, before: date | None, today: date, hours: BookCalendar) -> date:
    """The row's own day; else the working day that was set when the matter first came up."""
    return task.due or before or working_day_after(today, task.days, hours)


def _changes(row: Record, task: Task | None, more: Row | None, clock: tuple[date, BookCalendar], lang: str) -> Row:
    """The cells of a to-do that differ from what it should say; what people wrote stays."""
    if task:
        should = {**_shown(task, lang), "due": _due(task, row["due"], *clock)}
        if row["responsible"]:
            del should["responsible"]
    elif more:
        should = more
    else:
        should = {"cause": f"{SETTLED}{row.text('cause')}"[:120]}
        if row["state"] == "open":
            should["state"] = "done"
    return {name: value for name, value in should.items() if row[name] != value}


def _update(book: Book, changes: Mapping[int, Row]) -> None:
    if not changes:
        return
    view = book.table(Todo.name)
    where, lang = need(Todo, view.columns, NEEDED, view.sheet), language(Todo, view.columns)
    cells = {
        number: {where[name]: to_cell(Todo.columns[name], value, lang) for name, value in row.items()}
        for number, row in changes.items()
    }
    book.update_rows(Todo.name, where[Todo.key().name], cells)


def _append(book: Book, records: Sequence[Record], rows: Sequence[Row]) -> None:
    if not rows:
        return
    key, view = Todo.key(), book.table(Todo.name)
    last = max((key.number(record.key) or 0 for record in records), default=0)
    numbered = [{**row, key.name: key.make(number)} for number, row in enumerate(rows, start=last + 1)]
    book.append(Todo.name, [row_cells(Todo, row, view.columns, view.sheet) for row in numbered])
