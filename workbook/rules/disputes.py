"""Owns the ladder of disputes (S44): since when a dispute stands on its step, until when, and which step is next.

Pure. Since when is read from 变更记录, so that nobody prolongs a step by typing over its dates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.rules.calendar import BookCalendar
from workbook.rules.office_hours import working_day_after
from workbook.tables import Changes, Disputes, SettingRow

LADDER = ("contact", "supervisor", "legal", "arbitration")
CLOCKED = LADDER[:-1]  # after the last step the company itself has to decide
DEFAULT_DAYS = next(value for name, value, _ in SettingRow.DEFAULTS if name == SettingRow.DISPUTE_DAYS)
LONGEST = 999
_BETWEEN = re.compile(r"[、，,；;/\s]+")


class DisputeDaysRefused(PartnerBookError):
    """The setting of days per step cannot be read."""

    def __init__(self, text: str):
        super().__init__(
            f"“设置”里的“{SettingRow.DISPUTE_DAYS}”应为对接人、主管、法务三级的工作日数，例如 {DEFAULT_DAYS}，"
            f"每个 1 到 {LONGEST}，现在是“{text}”。请改正；改正之前按 {DEFAULT_DAYS} 计。"
        )


class Move(NamedTuple):
    """A dispute that goes up: from which step to which, and until when the old one had time."""

    before: str
    after: str
    due: date


@dataclass(frozen=True)
class Rung:
    """Where a dispute stands: since when, until when (None where no clock runs), and how it moves, if it is overdue."""

    since: date | None
    due: date | None
    move: Move | None = None


def step_days(settings: Mapping[str, str]) -> dict[str, int]:
    """The working days of each step that has a clock.

    Raises:
        DisputeDaysRefused: the setting does not give three whole numbers from 1 on.
    """
    text = (settings.get(SettingRow.DISPUTE_DAYS) or DEFAULT_DAYS).strip()
    parts = [part for part in _BETWEEN.split(text) if part]
    if len(parts) != len(CLOCKED) or not all(p.isdecimal() and 1 <= int(p) <= LONGEST for p in parts):
        raise DisputeDaysRefused(text)
    return dict(zip(CLOCKED, map(int, parts), strict=True))


def step_days_or_default(settings: Mapping[str, str]) -> dict[str, int]:
    """As `step_days`; what cannot be read is told by `check`, and until then the published days count."""
    try:
        return step_days(settings)
    except DisputeDaysRefused:
        return step_days({})


def since_of(dispute: Record, changes: Sequence[Record]) -> date | None:
    """The day on which a dispute came to its present step, as 变更记录 has it; its first step began when it was raised."""
    step = dispute.text("status") or LADDER[0]
    last = _last_line(dispute, changes)
    if last is None or Disputes.status.code(last.text("after")) != step:
        return None
    if step == LADDER[0] and not last["before"]:
        return dispute["raised_on"] or last["at"].date()  # type: ignore[no-any-return]
    return last["at"].date()  # type: ignore[no-any-return]


def _last_line(dispute: Record, changes: Sequence[Record]) -> Record | None:
    """The last line about the step of a dispute; rows of 变更记录 may be in any order."""
    key = Changes.key()
    mine = [
        row
        for row in changes
        if row.text("table") in Disputes.label
        and row.text("row_key") == dispute.key
        and row.text("column") in Disputes.status.label
        and row["at"] is not None
    ]
    return max(mine, key=lambda row: key.number(row.key) or 0, default=None)


def rung_of(
    dispute: Record, changes: Sequence[Record], days: Mapping[str, int], hours: BookCalendar, today: date
) -> Rung:
    """Where a dispute stands as of a day. What is overdue moves one step, however long it waited."""
    step = dispute.text("status") or LADDER[0]
    if step not in LADDER:
        return Rung(None, None)
    since = since_of(dispute, changes)
    if since is None or step not in days:
        return Rung(since, None)
    due = working_day_after(since, days[step], hours)
    after = LADDER[LADDER.index(step) + 1]
    return Rung(since, due, Move(step, after, due) if today > due else None)
