"""Owns what a sender is told of time limits: those of 时限标准 by level, and by when an answer is due, at once and without the book (S23).

Like the windows of publications, the limits are kept with the inbox as of the last read of the book.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from workbook.errors import PartnerBookError
from workbook.evaluation.working_time import WorkingCalendar, add_working_minutes
from workbook.measuring import version_for
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.calendar import calendar_of
from workbook.rules.office_hours import DEFAULT_HOURS
from workbook.rules.performance import ledger_of
from workbook.rules.service import limits_of, priority_of
from workbook.schema import Label
from workbook.tables import Periods, ServiceLevels, SettingRow, Settings, WorkingDays
from workbook.tables.service import CLOCKS, ISSUE_LEVELS, UNITS

log = logging.getLogger("partnerbook.delivery")

READ = (Periods, ServiceLevels, Settings, WorkingDays)


@dataclass(frozen=True)
class Due:
    """By when an issue of a level that came at a moment is answered and solved, in the local time of the book."""

    respond: datetime
    resolve: datetime


def limits_text(book: Book, today: date) -> str:
    """The limits of each level as JSON text, with the working time; "" where the book sets none that can be used."""
    try:
        ledger = ledger_of({table.name: read_if_there(book, table) for table in READ})
        levels = _levels(ledger.of(ServiceLevels), version_for(ledger, today), ledger.hours.calendar)
    except PartnerBookError as error:
        log.warning("the time limits cannot be read, so that senders are told none: %s", error)
        return ""
    days = [(row["day"].isoformat(), row["kind"]) for row in ledger.of(WorkingDays) if row["day"] and row["kind"]]
    hours = ledger.settings.get(SettingRow.WORKING_HOURS) or DEFAULT_HOURS
    return json.dumps({"levels": levels, "hours": hours, "days": days}, ensure_ascii=False) if levels else ""


def _levels(rows: Any, version: str, working: WorkingCalendar) -> dict[str, Any]:
    limits, found = limits_of(rows, version, working), {}
    for severity in ISSUE_LEVELS:
        issue = Record(ServiceLevels, "", 0, "", {"severity": severity}, {})
        priority = priority_of(issue, rows, version)
        row = next((r for r in rows if r["rule_version"] == version and r["priority"] == priority), None)
        if row is None or priority not in limits:
            continue
        limit = limits[priority]
        found[severity] = {
            "clock": row.text("clock"), "minutes": [limit.response, limit.resolution],
            "words": [[f"{row[n].normalize():f}", row.text(f"{n}_unit")] for n in ("response", "resolution")],
        }  # fmt: skip
    return found


def due_of(text: str, severity: str, received: datetime) -> Due | None:
    """When an issue is due that came at a local moment; None where no limit is known."""
    known: dict[str, Any] = json.loads(text) if text else {}
    level = known.get("levels", {}).get(severity)
    if level is None:
        return None
    calendar = _calendar(known) if level["clock"] == "working" else WorkingCalendar.around_the_clock()
    start = received.replace(second=0, microsecond=0, tzinfo=None)
    response, resolution = (add_working_minutes(start, minutes, calendar) for minutes in level["minutes"])
    return Due(response, resolution)


def _calendar(known: Mapping[str, Any]) -> WorkingCalendar:
    days = [(date.fromisoformat(day), kind) for day, kind in known["days"]]
    try:
        return calendar_of(known["hours"], days).calendar
    except PartnerBookError:  # told by `check`; until then the published one counts
        return calendar_of(DEFAULT_HOURS).calendar


def standards(text: str) -> list[Label]:
    """The limits in words, a sentence for each level, urgent first."""
    known: dict[str, Any] = json.loads(text) if text else {}
    return [_sentence(severity, level, known["hours"]) for severity, level in known.get("levels", {}).items()]


def _sentence(severity: str, level: Mapping[str, Any], hours: str) -> Label:
    name, clock = ISSUE_LEVELS[severity], CLOCKS[level["clock"]]
    (answer, unit), (solve, other) = level["words"]
    zh = f"{name.zh}：{answer} {UNITS[unit].zh}内响应，{solve} {UNITS[other].zh}内解决，"
    en = f"{name.en}: answered within {answer} {UNITS[unit].en.lower()}, solved within {solve} {UNITS[other].en.lower()}, "
    if level["clock"] == "working":
        return Label(f"{zh}按{clock.zh}（{hours}）计时。", f"{en}counted in {clock.en.lower()} ({hours}).")
    return Label(f"{zh}{clock.zh}计时。", f"{en}counted {clock.en.lower()}.")
