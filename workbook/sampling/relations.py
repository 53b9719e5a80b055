"""Owns the sample's year of relations: who takes part, meetings and minutes, actions, channels, a visit, two surveys.

| row | story |
|---|---|
| last meeting of P-0003 | held, and three weeks later there are no minutes |
| SV-0002, P-0002 | both sides find that problems are solved too slowly (2.40 and 2.60); an action was agreed |
| SV-0002, P-0004 | three answers of their side: hidden |
| last issue | an urgent one of P-0013, solved three hours late: its contract says what that costs |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from workbook.records import Record
from workbook.rules.meetings import fingerprint_of
from workbook.tables import Meetings
from workbook.tables.surveys import TOPICS

Row = dict[str, Any]

FAMILY, GIVEN = "卓柏岑佟冼郦", ("一舟", "可为", "明台", "文川", "知远", "若谷", "思齐", "怀素")
COUNTS = {"P-0001": (6, 5), "P-0002": (5, 5), "P-0004": (3, 5)}  # people of theirs and ours; one of each elsewhere
FIRST_SURVEY, SURVEY = "SV-0001", "SV-0002"
NO_MINUTES = "P-0003"
# campaign, partner, side → the marks of each answer, by topic in the order of TOPICS
MARKS: Mapping[tuple[str, str, str], tuple[str, ...]] = {
    (FIRST_SURVEY, "P-0001", "them"): ("44454", "44344", "44444", "45444", "33343"),
    (FIRST_SURVEY, "P-0001", "us"): ("44444", "44444", "54434", "43444", "44444"),
    (FIRST_SURVEY, "P-0002", "them"): ("43333", "43343", "33343", "43344", "44333"),
    (FIRST_SURVEY, "P-0002", "us"): ("43334", "43333", "33343", "44334", "43343"),
    (FIRST_SURVEY, "P-0004", "us"): ("22223", "23222", "32223", "23233", "22222"),
    (SURVEY, "P-0001", "them"): ("54454", "55445", "44455", "44544", "54454", "45444"),
    (SURVEY, "P-0001", "us"): ("54454", "55545", "54454", "44455", "54544"),
    (SURVEY, "P-0002", "them"): ("43244", "43344", "33243", "44343", "43244"),
    (SURVEY, "P-0002", "us"): ("44344", "43344", "33243", "44343", "43243"),
    (SURVEY, "P-0004", "them"): ("44443", "43442", "44333"),
    (SURVEY, "P-0004", "us"): ("43443", "44443", "43344", "34443", "43443"),
}  # fmt: skip
TALKED = (
    ("按计划完成本月交付，验收资料齐全", "两项变更的确认拖过约定日", "变更确认改为每周二集中答复"),
    ("质量数据稳定，抽检全部合格", "对账单有两处口径不同", "双方财务月底前核对一次"),
    ("现场配合顺利，遗留问题清零", "下季度排产还没有给到对方", "五个工作日内给出滚动预测"),
)  # fmt: skip


def relation_rows(today: date, rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The rows of relations by table name; issues and their events are those there are and three more."""
    active = [row for row in rows["partners"] if row["status"] == "active"]
    people = _people(active)
    series, meetings, confirmed = _meetings(today, active, people)
    lists, answers = _surveyed(people), _answers(today)
    return {
        "participants": people, "meeting_series": series, "meetings": meetings, "minute_confirmations": confirmed,
        "actions": _actions(today, meetings), "channels": list(_channels(active, today)), "visits": [_visit(today)],
        "campaigns": _campaigns(today, lists), "survey_invitations": lists, "anonymous_answers": answers,
        **_issues(today, rows),
    }  # fmt: skip


def _people(active: Sequence[Row]) -> list[Row]:
    names = [f"{family}{given}" for given, family in product(GIVEN, FAMILY)]
    found: list[Row] = []
    for partner in active:
        theirs, ours = COUNTS.get(partner["partner"], (1, 1))
        sides = [("them", partner["contact"], theirs), ("us", partner["manager"], ours)]
        for side, first, count in sides:
            for at in range(count):
                number = len(found) + 1
                found.append({
                    "participant": f"PP-{number:04d}", "person": first if at == 0 else names.pop(0), "partner": partner["partner"],
                    "side": side, "role": "对接人" if at == 0 else "项目成员", "email": f"team{number:02d}@example.com", "status": "active",
                })  # fmt: skip
    return found


# --- meetings --------------------------------------------------------------------------------------------------------


def _month_later(first: date, months: int) -> date:
    place = first.year * 12 + first.month - 1 + months
    day = date(place // 12, place % 12 + 1, min(first.day, 28))
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _meetings(today: date, active: Sequence[Row], people: Sequence[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    series: list[Row] = []
    meetings: list[Row] = []
    confirmed: list[Row] = []
    for number, partner in enumerate(active, start=1):
        key, step = partner["partner"], 1 if partner["important"] == "yes" else 3
        since = max(partner["since"] + timedelta(days=4), today - timedelta(days=365 - number))
        first = _month_later(since, 0)
        series.append({
            "series": f"MS-{number:04d}", "title": f"{partner['legal_name'][:4]}例会", "partner": key,
            "rhythm": "monthly" if step == 1 else "quarterly", "starts_on": first, "status": "running", "handler": partner["manager"],
        })  # fmt: skip
        days = [day for at in range(0, 12, step) if (day := _month_later(first, at)) < today - timedelta(days=8)]
        there = [row["participant"] for row in people if row["partner"] == key and row["role"] == "对接人"]
        for at, day in enumerate(days):
            bare = key == NO_MINUTES and at == len(days) - 1
            row = _meeting(len(meetings) + 1, series[-1], day, there, at, bare)
            meetings.append(row)
            if not bare:
                confirmed += [_agreed(len(confirmed) + n, row, who) for n, who in enumerate(there, start=1)]
    return series, meetings, confirmed


def _meeting(number: int, series: Row, day: date, there: Sequence[str], at: int, bare: bool) -> Row:
    row: Row = {
        "meeting": f"ME-{number:04d}", "series": series["series"], "partner": series["partner"], "planned_on": day,
        "status": "held" if bare else "confirmed", "handler": series["handler"], "held_on": day, "attendees": "、".join(there),
    }  # fmt: skip
    if not bare:
        row |= dict(zip(("progress", "problems", "next_steps"), TALKED[at % len(TALKED)], strict=True))
    return row


def _agreed(number: int, meeting: Row, who: str) -> Row:
    record = Record(Meetings, "", 0, meeting["meeting"], meeting, {})
    return {
        "confirmation": f"MC-{number:04d}", "meeting": meeting["meeting"], "participant": who, "verdict": "agreed",
        "fingerprint": fingerprint_of(record), "source": "typed",
        "confirmed_at": datetime.combine(meeting["held_on"] + timedelta(days=1), time(10, 15)),
    }  # fmt: skip


def _actions(today: date, meetings: Sequence[Row]) -> list[Row]:
    """One of every third meeting, done; then what is still open, of the survey, the visit, the drill and a control."""
    found: list[Row] = [
        {"what": row["next_steps"], "partner": row["partner"], "status": "done", "handler": row["handler"], "due": row["held_on"] + timedelta(days=14), "done_on": row["held_on"] + timedelta(days=11), "result": "已落实，下次例会确认", "meeting": row["meeting"]}
        for row in meetings[::3] if row.get("next_steps")
    ]  # fmt: skip
    found += [
        {"what": "报警问题由双方根因小组每周过一遍，七天内给结论", "partner": "P-0002", "status": "open", "handler": "李明哲", "due": today + timedelta(days=24), "campaign": SURVEY},
        {"what": "变更流程加质检会签，例会逐月看效果", "partner": "P-0004", "status": "done", "handler": "孙岚", "due": today - timedelta(days=300), "done_on": today - timedelta(days=310), "result": "本年度各项升到 3 分以上", "campaign": FIRST_SURVEY},
        {"what": "共用测试环境的费用分摊写成补充协议", "partner": "P-0001", "status": "open", "handler": "孙岚", "due": today + timedelta(days=17), "visit": "VI-0001"},
        {"what": "切换手册补上对账一节", "partner": "P-0001", "status": "done", "handler": "陈思雨", "due": today - timedelta(days=60), "done_on": today - timedelta(days=66), "result": "手册第三版", "drill": "DR-0001"},
        {"what": "TC-0007 传输改为加密通道", "partner": "P-0007", "status": "open", "handler": "陈思雨", "due": today + timedelta(days=12)},
    ]  # fmt: skip
    return [{"action": f"AC-{number:04d}", **row} for number, row in enumerate(found, start=1)]


def _channels(active: Sequence[Row], today: date) -> Iterator[Row]:
    number = 0
    for partner in active:
        short = partner["legal_name"][:4]
        wanted = [("wecom", "daily", f"{short}协作群", f"{short}协作群")]
        if partner["important"] == "yes":
            wanted.append(("phone", "urgent", f"{short}紧急电话", partner["phone"]))
        for platform, purpose, title, address in wanted:
            number += 1
            yield {
                "channel": f"CH-{number:04d}", "title": title, "partner": partner["partner"], "platform": platform, "purpose": purpose,
                "handler": partner["manager"], "address": address, "status": "active", "checked_on": today - timedelta(days=30 + number),
            }  # fmt: skip


def _visit(today: date) -> Row:
    return {
        "visit": "VI-0001", "partner": "P-0001", "visited_on": today - timedelta(days=75), "ours": "总经理、技术总监",
        "theirs": "总经理、交付总监", "topic": "下一年的合作范围与共用测试环境", "outcome": "同意共建测试环境，费用分摊另签补充协议", "handler": "孙岚",
    }  # fmt: skip


# --- surveys ---------------------------------------------------------------------------------------------------------


def _surveyed(people: Sequence[Row]) -> list[Row]:
    """Who was invited and who answered, never what: as many of each group as there are answers."""
    found: list[Row] = []
    for campaign in (FIRST_SURVEY, SURVEY):
        left = {(partner, side): len(marks) for (name, partner, side), marks in MARKS.items() if name == campaign}
        for person in people:
            group = (person["partner"], person["side"])
            if campaign == FIRST_SURVEY and person["partner"] not in COUNTS:
                continue
            done = left.get(group, 0) > 0
            left[group] = left.get(group, 0) - 1
            found.append({
                "invited": f"SI-{len(found) + 1:04d}", "campaign": campaign, "partner": person["partner"], "participant": person["participant"],
                "person": person["person"], "side": person["side"], "status": "done" if done else "invited",
                "reminders": Decimal(0 if done else 2), "way": "anonymous",
            })  # fmt: skip
    return found


def _campaigns(today: date, lists: Sequence[Row]) -> list[Row]:
    found = []
    for key, title, ago in ((FIRST_SURVEY, "上一年度满意度调查", 400), (SURVEY, "本年度满意度调查", 35)):
        mine = [row for row in lists if row["campaign"] == key]
        found.append({
            "campaign": key, "title": title, "occasion": "yearly", "way": "anonymous", "status": "closed", "handler": "周敏",
            "partners": "、".join(COUNTS) if key == FIRST_SURVEY else None,
            "opens_on": today - timedelta(days=ago + 21), "closes_on": today - timedelta(days=ago),
            "invited": Decimal(len(mine)), "answered": Decimal(sum(row["status"] == "done" for row in mine)),
        })  # fmt: skip
    return found


def _answers(today: date) -> list[Row]:
    days = {FIRST_SURVEY: today - timedelta(days=400), SURVEY: today - timedelta(days=35)}
    found: list[Row] = []
    for (campaign, partner, side), sheets in MARKS.items():
        for marks in sheets:
            found.append({
                "answer": f"SN-{len(found) + 1:04d}", "campaign": campaign, "partner": partner, "side": side,
                **dict(zip(TOPICS, map(int, marks), strict=True)), "batch_on": days[campaign],
            })  # fmt: skip
    return found


# --- issues ----------------------------------------------------------------------------------------------------------


def _issues(today: date, rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Two that are open, so that the next agenda has something, and one that was late under a contract."""
    issues, events = list(rows["issues"]), list(rows["issue_events"])

    def add(row: Row, *happened: tuple[str, timedelta]) -> None:
        key = f"I-{len(issues) + 1:04d}"
        issues.append({"issue": key, "kind": "issue", **row})
        for kind, after in happened:
            events.append({"event": f"IE-{len(events) + 1:04d}", "issue": key, "at": row["reported_at"] + after, "kind": kind, "who": "对方值班"})  # fmt: skip

    def morning(days: int) -> datetime:
        day = today - timedelta(days=days)
        return datetime.combine(day - timedelta(days=max(0, day.weekday() - 4)), time(10))

    add({"partner": "P-0013", "severity": "urgent", "title": "主数据接口中断", "status": "closed", "handler": "李明哲", "reported_at": morning(12), "verifier": "陈思雨", "cause": "证书过期没有续"}, ("response", timedelta(minutes=10)), ("resolve", timedelta(hours=7)))  # fmt: skip
    add({"partner": "P-0002", "severity": "ordinary", "title": "三号线报警偶发重复", "status": "answered", "handler": "李明哲", "reported_at": morning(2)}, ("response", timedelta(hours=1)))  # fmt: skip
    add({"partner": "P-0001", "severity": "ordinary", "title": "对账接口字段说明缺两项", "status": "open", "handler": "孙岚", "reported_at": morning(1)})  # fmt: skip
    partners = {row["partner"]: row for row in rows["partners"]}
    return {"issues": [{**row, **_reported(partners[row["partner"]], row)} for row in issues], "issue_events": events}


def _reported(partner: Row, issue: Row) -> Row:
    """What the form of an issue asks for besides."""
    return {
        "company": partner["legal_name"], "detail": f"{issue['title']}，详见往来记录", "reporter": partner["contact"], "phone": partner["phone"],
    }  # fmt: skip
