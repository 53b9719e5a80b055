"""Owns which messages a book and its inbox give: urgent issues and incidents at once, meetings and actions the day before (S20 to S25, S45).

A message goes to a group: it says what, who and until when, and nothing that would let a stranger reach or harm anybody.
What is an exercise says so first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from forms_server.due_times import due_of
from forms_server.inbox import Inbox, Profile, utcnow
from forms_server.messaging import Message
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.meetings import is_open, is_planned
from workbook.schema import Choice
from workbook.submissions import Stored
from workbook.tables import Actions, Incidents, Issues, Meetings, MeetingSeries
from workbook.tables.service import ISSUE_STATES

FRESH = timedelta(hours=24)  # what came before that is no news: messages may have been off
AHEAD = timedelta(days=1)
FROM_HOUR = 8  # reminders do not come at night; what is urgent does
DRILL = "【演练】"
LONGEST = 120  # characters of a line that somebody else typed


def messages_of(book: Book, inbox: Inbox, now: datetime) -> list[Message]:
    """Everything that is to be said as of a local moment of the book, in the order of urgency; each keeps its key."""
    issues, incidents = read_if_there(book, Issues), read_if_there(book, Incidents)
    drills = {row.text("submission_id") for row in (*issues, *incidents) if row["submission_id"] and row["drill"]}
    found = [*_arrived(inbox, drills), *_typed(issues, incidents, now)]
    if now.hour >= FROM_HOUR:
        found += [*_meetings(book, now.date()), *_actions(book, now.date())]
    return found


def arrived_of(inbox: Inbox) -> list[Message]:
    """What came by the forms and cannot wait, without looking at the book."""
    return list(_arrived(inbox, set()))


def _arrived(inbox: Inbox, drills: set[str]) -> Iterator[Message]:
    profile = inbox.profile()
    for row in inbox.all(tables=[Issues.name, Incidents.name]):
        if row.version > 1 or row.state == "deleted" or row.received_at < utcnow() - FRESH:
            continue
        drill = DRILL if row.values.get("drill") or row.id in drills else ""  # its link says so at once
        if row.table == Incidents.name:
            yield _incident(f"incident/{row.id}", drill, row.values.get("company"), row.values)
        elif row.values.get("severity") == "urgent":
            yield _urgent(
                f"urgent/{row.id}", drill, row.values.get("company"), row.values.get("title"), *_due(profile, row)
            )


def _due(profile: Profile, row: Stored) -> tuple[datetime, datetime] | tuple[None, None]:
    due = due_of(profile.limits, "urgent", row.received_at.astimezone(ZoneInfo(profile.zone)))
    return (due.respond, due.resolve) if due else (None, None)


def _typed(issues: list[Record], incidents: list[Record], now: datetime) -> Iterator[Message]:
    """What staff or a drill wrote into the book themselves; what came by a form is told by its submission."""
    for row in issues:
        came = row["reported_at"]
        if row["submission_id"] or not row.key or came is None or not now - FRESH <= came <= now:
            continue
        if row["severity"] == "urgent" and (row.text("status") or "open") == next(iter(ISSUE_STATES)):
            drill = DRILL if row["drill"] else ""
            yield _urgent(f"urgent/{row.key}", drill, row.text("partner"), row.text("title"), row["respond_by"], row["resolve_by"])  # fmt: skip
    for row in incidents:
        came = row["occurred_at"]
        if row["submission_id"] or not row.key or came is None or not now - FRESH <= came <= now:
            continue
        if (row.text("state") or "reported") == "reported":
            yield _incident(f"incident/{row.key}", DRILL if row["drill"] else "", row.text("partner"), row.values)


def _urgent(key: str, drill: str, who: Any, what: Any, respond: datetime | None, resolve: datetime | None) -> Message:
    lines = [f"问题：{_line(what)}", f"企业：{_line(who)}"]
    if respond and resolve:
        lines.append(f"应响应：{respond:%Y-%m-%d %H:%M}，应解决：{resolve:%Y-%m-%d %H:%M}")
    return Message(key, "urgent", f"{drill}【紧急问题】请立刻响应", (*lines, "详情见工作簿“问题跟踪”。"))


def _incident(key: str, drill: str, who: Any, values: Mapping[str, Any]) -> Message:
    """Kind and severity; what happened stays in the book, for it may be a leak itself."""
    words = []
    for name in ("kind", "severity"):
        column = Incidents.columns[name]
        assert isinstance(column, Choice)
        code = str(values.get(name) or "")
        words.append(f"{column.zh}：{column.options[code].zh if code in column.options else '未写'}")
    return Message(
        key,
        "incident",
        f"{drill}【突发事件】请开始初步评估",
        ("，".join(words), f"企业：{_line(who)}", "详情见工作簿“事件报告”。"),
    )


def _meetings(book: Book, today: date) -> Iterator[Message]:
    titles = {row.key: row.text("title") for row in read_if_there(book, MeetingSeries)}
    for row in read_if_there(book, Meetings):
        day = row["planned_on"]
        if row.key and is_planned(row) and day and today <= day <= today + AHEAD:
            lines = (f"{_line(titles.get(row.text('series')) or '例会')}（{row.key}），负责人：{_line(row.text('handler')) or '未定'}", "议程见工作簿“例会记录”。")  # fmt: skip
            yield Message(f"meeting/{row.key}/{day}", "meeting", f"【例会】{day} 召开", lines)


def _actions(book: Book, today: date) -> Iterator[Message]:
    for row in read_if_there(book, Actions):
        day = row["due"]
        if row.key and is_open(row) and day and today <= day <= today + AHEAD:
            lines = (f"{row.key} {_line(row.text('what'))}", f"负责人：{_line(row.text('handler')) or '未定'}")
            yield Message(f"action/{row.key}/{day}", "action", f"【行动项】应于 {day} 完成", lines)


def _line(text: Any) -> str:
    """One line of what somebody typed, cut."""
    flat = " ".join(str(text or "").split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
