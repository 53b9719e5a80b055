"""Owns what an evaluation writes of emergencies and stoppages, in order: disputes, penalties, backups, stoppages, drills (S41, S44 to S49)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workbook.escalating import escalate_disputes
from workbook.ooxml import Book
from workbook.penalising import write_penalties
from workbook.records import Record, read_if_there
from workbook.rules import drilling, stoppage
from workbook.rules.stoppage import Outlook, Stoppage
from workbook.tables import Backups, Contingency, Drills, Issues, Settings, Stoppages, Table
from workbook.writing import fitting, upsert_rows, write_cells

NO_LONGER = "现在不是合作中的伙伴，不再推演"
CLOCKS = (
    "respond_by", "resolve_by", "response_clock", "resolution_clock", "response_minutes", "resolution_minutes", "reopened",
)  # fmt: skip


def prepare_for_emergencies(book: Book, now: datetime) -> None:
    """Write all of it into a book in memory; tables that an older book lacks are left out."""
    escalate_disputes(book, now)
    write_penalties(book, now)
    there = {view.name.casefold() for view in book.tables}
    outlook = outlook_of(book, now.date())
    if Backups.name in there:
        _write_backups(book, outlook)
    if Stoppages.name in there:
        _write_stoppages(book, outlook)
    _write_drills(book)


def outlook_of(book: Book, today: date) -> Outlook:
    """What a stoppage rests on, read from a book."""
    records: Mapping[str, Sequence[Record]] = {table.name: read_if_there(book, table) for table in stoppage.READ}
    settings = {row.key: row.text("value") for row in read_if_there(book, Settings)}
    return Outlook(records, settings, today)


def _write_backups(book: Book, outlook: Outlook) -> None:
    cells = {}
    for row in outlook.of(Backups):
        found = outlook.bench.fitness(row)
        cells[row.number] = {
            "qualified": "yes" if found.qualified else "no", "why": fitting(found.why, Backups, "why"), "score": found.score,
        }  # fmt: skip
    write_cells(book, Backups, list(outlook.of(Backups)), cells)


def _write_stoppages(book: Book, outlook: Outlook) -> None:
    rows = {one.key: _row(outlook.stoppage(one)) for one in outlook.active()}
    for record in read_if_there(book, Stoppages):
        if record.key and record.key not in rows:
            rows[record.key] = {
                "stoppage": record.key, "legal_name": record["legal_name"], "partner": record["partner"], "gaps": NO_LONGER,
            }  # fmt: skip
    upsert_rows(book, Stoppages, list(rows.values()))


def _row(one: Stoppage) -> dict[str, Any]:
    def lines(texts: Sequence[str], name: str) -> str | None:
        return fitting("\n".join(texts), Stoppages, name)

    return {
        "stoppage": one.partner.key, "legal_name": one.partner["legal_name"], "important": one.partner["important"],
        "projects": lines(one.projects, "projects"), "exposure": one.exposure, "open_deliveries": Decimal(one.open_deliveries),
        "candidates": lines([each.words for each in one.standbys], "candidates"), "switch_days": one.switch_days,
        "recovery_hours": one.recovery_hours, "gaps": lines([gap.message for gap in one.gaps], "gaps"),
        "partner": one.partner.key,
    }  # fmt: skip


def _write_drills(book: Book) -> None:
    drills = read_if_there(book, Drills)
    plans = read_if_there(book, Contingency)
    write_cells(book, Drills, drills, {row.number: {"verdict": drilling.verdict_of(row, plans)} for row in drills})
    table: type[Table] = Issues
    issues = [row for row in read_if_there(book, table) if row["drill"]]  # a clock of before the row was called a drill
    write_cells(book, table, issues, {row.number: dict.fromkeys(CLOCKS) for row in issues})
