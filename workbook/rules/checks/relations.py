"""Owns the checks of meetings, channels, visits, and the closing of issues and actions (S20 to S25)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.meetings import (
    GONE,
    HELD,
    PARTS,
    Confirmed,
    attendees_of,
    can_be_confirmed,
    confirmed_of,
    is_open,
    is_planned,
    is_running,
    lacking,
)
from workbook.rules.office_hours import calendar_or_default, working_day_after
from workbook.rules.requirements import single
from workbook.rules.service import STOPS_RESOLUTION
from workbook.schema import Table
from workbook.tables import (
    Actions,
    Channels,
    IssueEvents,
    Issues,
    Meetings,
    MeetingSeries,
    MinuteConfirmations,
    Participants,
    Partners,
    SettingRow,
    Visits,
    WorkingDays,
)
from workbook.tables.service import ISSUE_STATES

MINUTES_DAYS = 3  # working days, where the setting cannot be read
SOLVED = ("resolved", "closed")
# What the address of a robot carries and nothing else does: with it anybody can write into the group.
SECRET = re.compile(r"(webhook/send\?key=|[?&](key|access_token|sign)=|\bSEC[0-9a-f]{16,})", re.IGNORECASE)


# --- S20 -------------------------------------------------------------------------------------------------------------


def minutes_days(situation: Situation) -> int:
    """Within how many working days minutes are written and confirmed."""
    text = situation.selection.settings.get(SettingRow.MINUTES_DAYS, "").strip()
    return int(text) if text.isdecimal() and len(text) < 4 else MINUTES_DAYS


def series(situation: Situation) -> Iterator[Finding]:
    """S20: a series that goes on and lacks what it takes, or whose partner has left."""
    gone = {row.key for row in situation.of(Partners) if row["status"] in GONE}
    for row in situation.of(MeetingSeries):
        if not is_running(row):
            continue
        if missing := _unsaid(row, "partner", "starts_on", "handler"):
            yield at(row, "S20-series", f"{row.key} 没有写{missing}，排不出例会或没有人负责。请填写。", "handler")
        if row["partner"] in gone:
            yield at(
                row,
                "S20-series",
                f"{row.key} 还在执行，而伙伴 {row['partner']} 已经退出。请把状态改为“已停止”。",
                "status",
            )


def meetings(situation: Situation) -> Iterator[Finding]:
    """S20: a meeting whose day is over and of which nobody said how it went, or that was held and lacks what minutes need."""
    hours = calendar_or_default(situation.selection.settings, situation.of(WorkingDays))
    days, confirmations = minutes_days(situation), situation.of(MinuteConfirmations)
    people = {row.key for row in situation.of(Participants)}
    for row in situation.of(Meetings):
        planned = row["planned_on"]
        if is_planned(row) and planned and planned < situation.today:
            yield at(row, "S20-past", f"{row.key} 计划于 {planned} 召开，已经过去，状态还是“待召开”。请改为“已召开”或“已取消”。", "status")  # fmt: skip
        if row["status"] not in HELD:
            continue
        if unknown := [key for key in attendees_of(row) if key not in people]:
            yield at(row, "S20-attendee", f"{row.key} 的与会人 {'、'.join(unknown)} 不在“参与人”里，没法请其确认纪要。请写参与人编号。", "attendees")  # fmt: skip
        came = row["held_on"] or planned
        late = bool(came) and working_day_after(came, days, hours) < situation.today
        yield from _minutes(row, came, days, late)
        if can_be_confirmed(row):
            yield from _confirmations(row, confirmed_of(row, confirmations), days, late)


def _minutes(row: Record, came: date | None, days: int, late: bool) -> Iterator[Finding]:
    gone = lacking(row)
    if basics := [name for name in gone if name not in PARTS]:
        words = "、".join(Meetings.columns[name].zh for name in basics)
        yield at(row, "S20-held", f"{row.key} 已召开而没有写{words}。请填写。", basics[0])
    parts = [name for name in gone if name in PARTS]
    if parts and (late or row["status"] == "confirmed"):
        words = "、".join(Meetings.columns[name].zh for name in parts)
        yield at(
            row, "S20-minutes",
            f"{row.key} 于 {came or '（没有写日期）'} 召开，{days} 个工作日后纪要还没有写{words}。请补写，没有内容的写“无”。", parts[0],
        )  # fmt: skip


def _confirmations(row: Record, found: Confirmed, days: int, late: bool) -> Iterator[Finding]:
    if found.objected:
        words = "；".join(f"{key}：{why or '没有写原因'}" for key, why in found.objected.items())
        yield at(
            row,
            "S20-objection",
            f"{row.key} 的纪要有异议（{words}）。请与对方商定，改好纪要后再请与会人确认。",
            "confirmed",
        )
    open_ones = [*found.silent, *found.void]
    if row["status"] == "confirmed" and not found.whole:
        why = "还有异议" if found.objected else f"{'、'.join(open_ones)} 没有确认现在这份纪要"
        yield at(
            row, "S20-confirmed", f"{row.key} 的状态是“纪要已确认”，而{why}。请改回“已召开”，都确认后再改。", "status"
        )
    elif late and open_ones:
        yield at(
            row, "S20-unanswered",
            f"{row.key} 的纪要过了 {days} 个工作日，{'、'.join(open_ones)} 还没有确认。请用 partnerbook invite 把纪要链接发给他们。", "confirmed",
        )  # fmt: skip


# --- S21, S22 --------------------------------------------------------------------------------------------------------


def channels(situation: Situation) -> Iterator[Finding]:
    """S21: a key partner that nobody could reach at once, and a channel without owner, platform or address."""
    rows = [row for row in situation.of(Channels) if (row.text("status") or "active") == "active"]
    urgent = {row["partner"] for row in rows if row["purpose"] == "urgent"}
    for partner in situation.of(Partners):
        if partner["status"] == "active" and partner["important"] == "yes" and partner.key not in urgent:
            yield at(
                partner, "S21-urgent",
                f"关键伙伴 {partner.key} {partner.text('legal_name')} 没有紧急联络的渠道。请在“沟通渠道”里写一行，用途选“紧急联络”。",
            )  # fmt: skip
    for row in rows:
        if missing := _unsaid(row, "platform", "handler", "address"):
            yield at(
                row, "S21-owner", f"{row.key} 没有写{missing}，出事时用不上。请填写，或把状态改为“已卸任”。", "handler"
            )
    for row in situation.of(Channels):
        if SECRET.search(row.text("address")) or SECRET.search(row.text("remark")):
            yield at(row, "S21-secret", f"{row.key} 里写着机器人的密钥，看到表的人都能冒名发消息。请删去并在平台上换一个，密钥只放在服务器的私有文件里。", "address")  # fmt: skip


def visits(situation: Situation) -> Iterator[Finding]:
    """S22: a visit that took place and does not say about what, with what outcome. None at all is legal."""
    for row in situation.of(Visits):
        day = row["visited_on"]
        if day and day > situation.today:
            continue
        if missing := _unsaid(row, "partner", "visited_on", "ours", "topic", "outcome"):
            yield at(row, "S22-visit", f"{row.key} 没有写{missing}，看不出谁访问了谁、谈成了什么。请填写。", "outcome")


# --- S23 to S25 ------------------------------------------------------------------------------------------------------


def levels(situation: Situation) -> Iterator[Finding]:
    """S23: an issue that says neither how urgent it is nor which level it has: it is taken for an ordinary one."""
    for row in situation.of(Issues):
        if not row["severity"] and not row["priority"] and not {"severity", "priority"} & set(row.problems):
            yield at(row, "S23-level", f"{row.key} 没有写问题级别，暂按“一般”计时。请选“一般”或“紧急”。", "severity")


def logs(situation: Situation) -> Iterator[Finding]:
    """S24: the state of an issue says something else than its events: one of the two is wrong, and clocks follow the events."""
    events: dict[str, list[Record]] = {}
    for event in situation.ledger.of(IssueEvents):
        if event["at"] is not None:
            events.setdefault(event.text("issue"), []).append(event)
    for row in single(situation.of(Issues)):
        if row["status"] and not row["drill"] and (why := _contradiction(row.text("status"), events.get(row.key, []))):
            yield at(row, "S24-log", f"{row.key} 的状态是“{ISSUE_STATES[row['status']].zh}”，而“问题事件”里{why}。时限按事件计算，请补上事件或改状态。", "status")  # fmt: skip


def _contradiction(status: str, events: list[Record]) -> str:
    """What the events say against a state, "" for nothing."""
    solved, paused, answered = "", 0, False
    for event in sorted(events, key=lambda one: (one["at"], one.number)):
        kind = event["kind"]
        if kind in STOPS_RESOLUTION:
            solved, paused = event.key, 0
        elif kind == "reopen":
            solved = ""
        paused = max(0, paused + (kind == "pause") - (kind == "resume"))
        answered = answered or kind in ("response", *STOPS_RESOLUTION)
    if status in SOLVED:
        return "" if solved else "没有“解决”，或之后又重开了"
    if solved:
        return f"已经解决（{solved}），没有“重开”"
    if status == "open":
        return "已经有响应" if answered else ""
    if status == "waiting":
        return "" if paused else "没有暂停"
    if paused:
        return "还在暂停，没有“恢复”"
    return "" if answered else "没有“响应”"


def closed(situation: Situation) -> Iterator[Finding]:
    """S25: closed without somebody who verified it and a cause, or verified by whoever solved it."""
    for row in situation.of(Issues):
        if row["status"] != "closed" or row["drill"]:
            continue
        if missing := _unsaid(row, "verifier", "cause"):
            yield at(
                row, "S25-closed", f"{row.key} 已关闭而没有写{missing}。请验证后填写，或改回“已解决”。", "verifier"
            )
        if row["verifier"] and row["verifier"] == row["handler"]:
            yield at(row, "S25-verifier", f"{row.key} 的验证人就是负责人 {row['handler']}，等于没有验证。请换一个人验证。", "verifier")  # fmt: skip


def actions(situation: Situation) -> Iterator[Finding]:
    """S25: an action that nobody does by any day, and one whose day is over."""
    for row in situation.of(Actions):
        if not is_open(row):
            continue
        if missing := _unsaid(row, "what", "handler", "due"):
            yield at(row, "S25-action", f"{row.key} 没有写{missing}，没法跟进。请填写。", "handler")
        if row["due"] and row["due"] < situation.today:
            yield at(
                row,
                "S25-late",
                f"{row.key} 应于 {row['due']} 完成，已经逾期。请完成后写完成日期和结果，或改到期。",
                "due",
            )


def _unsaid(row: Record, *names: str) -> str:
    """The headers of the columns that are blank, as people read them; a cell that cannot be read is told elsewhere."""
    table: type[Table] = row.table
    return "、".join(table.columns[name].zh for name in names if not row[name] and name not in row.problems)


CHECKS: tuple[Check, ...] = (series, meetings, channels, visits, levels, logs, closed, actions)
