"""Owns what regular meetings are in rows: when the next one is, its agenda, its minutes' fingerprint, and who confirmed them (S20, S25)."""

from __future__ import annotations

import hashlib
import json
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from workbook.records import Record
from workbook.rules.calendar import BookCalendar
from workbook.rules.office_hours import working_day_after
from workbook.rules.selection import keys_in, natural
from workbook.tables.service import ISSUE_LEVELS

MONTHS: Mapping[str, int] = {"monthly": 1, "quarterly": 3}
PARTS = ("progress", "problems", "next_steps")
HELD = ("held", "confirmed")
GONE = ("left", "barred")  # states of a partner with whom no meeting is planned any more
NOTHING = "没有未关闭的问题，也没有未完成的行动项。"
AGENDA_LIMIT = 2000  # characters of 议程
STEPS_SHOWN = 400  # of the last meeting's next steps; the whole text stands in its own row


# --- when -------------------------------------------------------------------------------------------------------------


def day_of(first: date, months: int, hours: BookCalendar) -> date:
    """The day of the meeting so many months after the first: the same day of the month, or the month's last, on a working day."""
    place = first.year * 12 + first.month - 1 + months
    year, month = place // 12, place % 12 + 1
    nominal = date(year, month, min(first.day, monthrange(year, month)[1]))
    return working_day_after(nominal - timedelta(days=1), 1, hours)


def next_day(series: Record, meetings: Sequence[Record], today: date, hours: BookCalendar) -> date | None:
    """The day on which a series meets next: as planned already, else the one after its last meeting, never in the past.

    A meeting that people moved still is that of its own month: the next one is a whole step after the nearest day of the
    series. None for a series that has stopped or does not say from when.
    """
    first: date | None = series["starts_on"]
    step = MONTHS.get(series.text("rhythm") or "monthly", 1)
    if not is_running(series) or first is None:
        return None
    mine = [row for row in meetings if row["series"] == series.key]
    planned: list[date] = [row["planned_on"] for row in mine if is_planned(row) and row["planned_on"]]
    if planned:
        return min(planned)
    number = 0
    if days := [day for row in mine if (day := row["planned_on"] or row["held_on"])]:
        number = _nearest(first, max(days), step, hours) + 1
    day = day_of(first, number * step, hours)
    while day < today:
        number += 1
        day = day_of(first, number * step, hours)
    return day


def _nearest(first: date, day: date, step: int, hours: BookCalendar) -> int:
    """The number of the meeting whose day in the series is nearest to a day."""
    about = ((day.year - first.year) * 12 + day.month - first.month) // step
    around = [number for number in (about - 1, about, about + 1) if number >= 0] or [0]
    return min(around, key=lambda number: abs(day_of(first, number * step, hours) - day))


def is_running(series: Record) -> bool:
    """Whether a series goes on."""
    return (series.text("status") or "running") == "running"


def is_planned(meeting: Record) -> bool:
    """Whether a meeting is still ahead."""
    return (meeting.text("status") or "planned") == "planned"


# --- the agenda -------------------------------------------------------------------------------------------------------


def agenda_of(meeting: Record, issues: Sequence[Record], actions: Sequence[Record], meetings: Sequence[Record]) -> str:
    """What a meeting has to talk about: every unclosed issue of the partner, open actions, what was agreed last time."""
    partner = meeting["partner"]
    lines = [_issue_line(row) for row in unclosed(issues, partner)] + [
        _action_line(row) for row in open_actions(actions, partner)
    ]
    last = last_steps(meeting, meetings)
    return _fitting(
        lines or [NOTHING], f"上次的下一步（{last.key}）：{_short(last.text('next_steps'))}" if last else ""
    )


def unclosed(issues: Iterable[Record], partner: str | None) -> list[Record]:
    """The issues of a partner that are not closed, in order of their due time; drills are no issues."""
    mine = [
        row
        for row in issues
        if partner and row["partner"] == partner and row["status"] != "closed" and not row["drill"]
    ]
    return sorted(mine, key=lambda row: (row["resolve_by"] or datetime.max, natural(row.key)))


def open_actions(actions: Iterable[Record], partner: str | None) -> list[Record]:
    """The actions of a partner that are not done, in order of their due day."""
    mine = [row for row in actions if partner and row["partner"] == partner and is_open(row)]
    return sorted(mine, key=lambda row: (row["due"] or date.max, natural(row.key)))


def is_open(action: Record) -> bool:
    """Whether an action is still to be done."""
    return (action.text("status") or "open") == "open"


def last_steps(meeting: Record, meetings: Iterable[Record]) -> Record | None:
    """The last meeting held with the same partner that said what comes next."""
    held = [
        row
        for row in meetings
        if row["partner"] == meeting["partner"]
        and row.key != meeting.key
        and row["status"] in HELD
        and row["next_steps"]
    ]
    return max(held, key=lambda row: (row["held_on"] or row["planned_on"] or date.min, natural(row.key)), default=None)


def _issue_line(row: Record) -> str:
    level = row.text("priority") or ISSUE_LEVELS[row.text("severity") or "ordinary"].zh
    due = row["resolve_by"]
    when = f"应于 {due:%Y-%m-%d %H:%M} 解决" if due else "没有解决时限"
    return f"问题 {row.key}【{level}】{_short(row.text('title'), 80)}（{when}）"


def _action_line(row: Record) -> str:
    when = f"应于 {row['due']} 完成" if row["due"] else "没有期限"
    who = f"{row.text('handler')}，" if row["handler"] else ""
    return f"行动 {row.key} {_short(row.text('what'), 80)}（{who}{when}）"


def _short(text: str, limit: int = STEPS_SHOWN) -> str:
    flat = "；".join(line.strip() for line in text.splitlines() if line.strip())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _fitting(lines: Sequence[str], last: str) -> str:
    """Whole lines, as many as the cell holds; how many more there are is said, for none may vanish without a word."""
    tail = [last] if last else []
    for count in range(len(lines), -1, -1):
        left = len(lines) - count
        more = [f"……还有 {left} 项，见“问题跟踪”和“行动项”"] if left else []
        text = "\n".join([*lines[:count], *more, *tail])
        if len(text) <= AGENDA_LIMIT:
            return text
    return last[:AGENDA_LIMIT]


# --- the minutes ------------------------------------------------------------------------------------------------------


def attendees_of(meeting: Record) -> tuple[str, ...]:
    """The participants who were there, by number, as the row lists them."""
    return tuple(dict.fromkeys(key.upper() for key in keys_in(meeting.text("attendees"))))


def lacking(meeting: Record) -> tuple[str, ...]:
    """What minutes do not say yet, by column name: the day, who was there, and the three parts (one may say 无)."""
    return tuple(name for name in ("held_on", "attendees", *PARTS) if not meeting[name])


def can_be_confirmed(meeting: Record) -> bool:
    """Whether the minutes of a meeting are there to agree to."""
    return meeting["status"] in HELD and not lacking(meeting)


def fingerprint_of(meeting: Record) -> str:
    """SHA-256 over what the minutes say, however a program wrapped their lines; the agenda was part of the meeting."""
    held = meeting["held_on"]
    whole = {
        "meeting": meeting.key, "partner": meeting.text("partner"), "held_on": held.isoformat() if held else "",
        "attendees": sorted(attendees_of(meeting)), **{name: _plain(meeting.text(name)) for name in ("agenda", *PARTS)},
    }  # fmt: skip
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


@dataclass(frozen=True)
class Confirmed:
    """Where the confirmation of a meeting's minutes stands, by participant."""

    agreed: tuple[str, ...]
    objected: Mapping[str, str]  # with what they said
    void: tuple[str, ...]  # said something, of another text than now
    silent: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Everybody who was there agrees to the text of now."""
        return bool(self.agreed) and not (self.objected or self.void or self.silent)


def confirmed_of(meeting: Record, confirmations: Iterable[Record]) -> Confirmed:
    """The newest word of each attendee on the text of now; words of people who were not there count for nothing."""
    fingerprint, said = fingerprint_of(meeting), {}
    mine = [row for row in confirmations if row["meeting"] == meeting.key and row["verdict"]]
    for row in sorted(mine, key=lambda row: (row["confirmed_at"] or datetime.min, natural(row.key))):
        said[row.text("participant").upper()] = row
    there = attendees_of(meeting)
    now = {who: said[who] for who in there if who in said and said[who]["fingerprint"] == fingerprint}
    return Confirmed(
        tuple(who for who, row in now.items() if row["verdict"] == "agreed"),
        {who: row.text("comment") for who, row in now.items() if row["verdict"] == "objected"},
        tuple(who for who in there if who in said and who not in now),
        tuple(who for who in there if who not in said),
    )


def confirmed_words(found: Confirmed, people: Mapping[str, str]) -> str:
    """That standing in words; `people` are names by number."""

    def names(keys: Iterable[str]) -> str:
        return "、".join(f"{key} {people.get(key, '')}".strip() for key in keys)

    parts = []
    if found.agreed:
        parts.append(f"已确认：{names(found.agreed)}")
    if found.objected:
        parts.append(
            "有异议：" + "、".join(f"{names([key])}（{why or '没有写原因'}）" for key, why in found.objected.items())
        )
    if found.void:
        parts.append(f"纪要改动后已失效，请再确认：{names(found.void)}")
    if found.silent:
        parts.append(f"还没有答复：{names(found.silent)}")
    return "\n".join(parts)
