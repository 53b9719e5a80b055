"""Owns what evaluation writes about meetings: the next one of each series, agendas, fingerprints, and who confirmed (S20, S25)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workbook.changelog import append_rows
from workbook.errors import MissingTable
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rules.calendar import BookCalendar
from workbook.rules.meetings import (
    GONE,
    HELD,
    agenda_of,
    can_be_confirmed,
    confirmed_of,
    confirmed_words,
    fingerprint_of,
    is_planned,
    next_day,
)
from workbook.rules.office_hours import calendar_or_default
from workbook.rules.requirements import single
from workbook.tables import (
    Actions,
    Issues,
    Meetings,
    MeetingSeries,
    MinuteConfirmations,
    Participants,
    Partners,
    Settings,
    WorkingDays,
)
from workbook.writing import fitting, write_cells


def plan_meetings(book: Book, now: datetime) -> None:
    """Enter the next meeting of each running series, before states are logged; a book without these tables goes without."""
    if _there(book):
        settings = {row.key: row.text("value") for row in read_if_there(book, Settings)}
        _plan(book, now, calendar_or_default(settings, read_if_there(book, WorkingDays)))


def keep_meetings(book: Book, now: datetime) -> None:
    """Write agendas and where confirmations stand, after the due times of issues; a book without these tables goes without."""
    if _there(book):
        _prepare(book)
        _bind_typed(book, now)
        _confirm(book)


def _there(book: Book) -> bool:
    try:
        read_records(book, Meetings)
    except MissingTable:
        return False
    return True


def _plan(book: Book, now: datetime, hours: BookCalendar) -> None:
    """One meeting ahead for each running series, with the day in the series' own row."""
    series, meetings = read_if_there(book, MeetingSeries), read_records(book, Meetings)
    gone = {row.key for row in read_if_there(book, Partners) if row["status"] in GONE}
    sound = {row.number for row in single(series)}
    days, fresh = {}, []
    for row in series:
        able = row.number in sound and row["partner"] and row["partner"] not in gone
        day = next_day(row, meetings, now.date(), hours) if able else None
        days[row.number] = {"next_on": day}
        if day and not any(one["series"] == row.key and is_planned(one) for one in meetings):
            fresh.append({
                "series": row.key, "partner": row["partner"], "planned_on": day, "handler": row["handler"],
            })  # fmt: skip
    write_cells(book, MeetingSeries, series, days)
    if fresh:
        append_rows(book, Meetings, fresh)


def _prepare(book: Book) -> None:
    """The agenda of each meeting that is ahead; once it was held, it stays what it was."""
    meetings, actions = read_records(book, Meetings), read_if_there(book, Actions)
    issues = [row for row in read_if_there(book, Issues) if row.key]
    ahead = [row for row in meetings if is_planned(row) and row["partner"]]
    write_cells(
        book, Meetings, meetings, {row.number: {"agenda": agenda_of(row, issues, actions, meetings)} for row in ahead}
    )


def _bind_typed(book: Book, now: datetime) -> None:
    """A confirmation that staff typed, from a signed paper say, is of the text that stands when it is first seen."""
    held = {row.key: row for row in single(read_records(book, Meetings)) if can_be_confirmed(row)}
    rows = read_if_there(book, MinuteConfirmations)
    typed = {
        row.number: {"source": "typed", "confirmed_at": row["confirmed_at"] or now, "fingerprint": fingerprint_of(held[row.text("meeting")])}
        for row in rows
        if not row["submission_id"] and not row["fingerprint"] and row["verdict"] and row.text("meeting") in held
    }  # fmt: skip
    write_cells(book, MinuteConfirmations, rows, typed)


def _confirm(book: Book) -> None:
    """The fingerprint of each meeting's minutes and where their confirmation stands."""
    meetings, confirmations = read_records(book, Meetings), read_if_there(book, MinuteConfirmations)
    people = {row.key: row.text("person") for row in read_if_there(book, Participants) if row.key}
    cells = {row.number: _standing(row, confirmations, people) for row in meetings}
    write_cells(book, Meetings, meetings, cells)


def _standing(row: Record, confirmations: list[Record], people: dict[str, str]) -> dict[str, Any]:
    if row["status"] not in HELD:
        return {"fingerprint": None, "confirmed": None}
    if not can_be_confirmed(row):
        return {"fingerprint": fingerprint_of(row), "confirmed": None}
    words = confirmed_words(confirmed_of(row, confirmations), people)
    return {"fingerprint": fingerprint_of(row), "confirmed": fitting(words, Meetings, "confirmed")}
