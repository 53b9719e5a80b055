"""Findings of meetings, channels, visits, issues and actions, each as a minimal pair (S20 to S25), and what is computed beside them."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.rules.test_findings import Break, add, all_of, change
from tests.selection_books import NOW, TODAY, Rows, evaluated
from workbook.errors import MissingTable
from workbook.evaluating import evaluate_book
from workbook.meeting import keep_meetings, plan_meetings
from workbook.ooxml import Book
from workbook.performance_defaults import service_level_rows
from workbook.records import Record, read_records
from workbook.rules.finding import Finding, Situation, findings_of, run_checks
from workbook.rules.reminding import tasks
from workbook.schema import Table
from workbook.tables import Actions, Meetings, MeetingSeries, MinuteConfirmations, Todo

OURS = ("S20", "S21", "S22", "S23", "S24", "S25")
HELD_ON = date(2026, 11, 19)  # a Thursday; three working days later it is Tuesday the 24th, and today the 23rd
MINUTES = {"progress": "按计划", "problems": "缺一份图纸", "next_steps": "下周补图纸"}


def fingerprint(meeting: str, agenda: str, minutes: dict[str, str], attendees: list[str]) -> str:
    """By the words of the house, not by its code."""
    whole = {
        "meeting": meeting, "partner": "P-0001", "held_on": HELD_ON.isoformat(), "attendees": attendees, "agenda": agenda, **minutes,
    }  # fmt: skip
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


PRINT = fingerprint("ME-0001", "上次的议程", MINUTES, ["PP-0001", "PP-0002"])


def said(number: int, who: str, verdict: str = "agreed", **more: Any) -> dict[str, Any]:
    return {
        "confirmation": f"MC-{number:04d}", "meeting": "ME-0001", "participant": who, "verdict": verdict, "source": "link",
        "fingerprint": PRINT, "confirmed_at": datetime(2026, 11, 20, 9, number), "submission_id": f"id-{number}", **more,
    }  # fmt: skip


def event(number: int, kind: str, hour: int, issue: str = "I-0001") -> dict[str, Any]:
    return {"event": f"IE-{number:04d}", "issue": issue, "kind": kind, "at": datetime(2026, 11, 20, hour, 0)}


@functools.cache
def whole() -> Rows:
    """A key partner with a series, a confirmed meeting and the next one, two channels, a visit, two issues, an action."""
    return {
        "partners": [{"partner": "P-0001", "legal_name": "甲公司", "status": "active", "category": "supplier", "important": "yes"}],
        "participants": [
            {"participant": "PP-0001", "person": "我方经理", "partner": "P-0001", "side": "us", "status": "active"},
            {"participant": "PP-0002", "person": "对方经理", "partner": "P-0001", "side": "them", "status": "active"},
        ],
        "meeting_series": [{
            "series": "MS-0001", "title": "月度例会", "partner": "P-0001", "rhythm": "monthly", "starts_on": date(2026, 10, 31),
            "status": "running", "handler": "罗倩",
        }],
        "meetings": [{
            "meeting": "ME-0001", "series": "MS-0001", "partner": "P-0001", "planned_on": HELD_ON, "held_on": HELD_ON, "status": "confirmed",
            "handler": "罗倩", "attendees": "PP-0001、PP-0002", "agenda": "上次的议程", **MINUTES,
        }],
        "minute_confirmations": [said(1, "PP-0001"), said(2, "PP-0002")],
        "channels": [
            {"channel": "CH-0001", "title": "项目群", "partner": "P-0001", "platform": "wecom", "purpose": "daily", "handler": "罗倩", "address": "甲公司项目群", "status": "active"},
            {"channel": "CH-0002", "title": "值班电话", "partner": "P-0001", "platform": "phone", "purpose": "urgent", "handler": "罗倩", "address": "0571-12345678", "status": "active"},
        ],
        "visits": [{
            "visit": "VI-0001", "partner": "P-0001", "visited_on": date(2026, 10, 9), "ours": "总经理", "theirs": "董事长", "topic": "明年规划",
            "outcome": "续签意向",
        }],
        "service_levels": service_level_rows(),
        "issues": [
            {
                "issue": "I-0001", "partner": "P-0001", "severity": "urgent", "title": "产线停机", "status": "closed", "handler": "罗倩",
                "verifier": "孙岚", "cause": "电源老化", "reported_at": datetime(2026, 11, 20, 9, 0),
            },
            {
                "issue": "I-0002", "partner": "P-0001", "severity": "ordinary", "title": "图纸缺页", "status": "answered", "handler": "罗倩",
                "reported_at": datetime(2026, 11, 20, 9, 0),
            },
        ],
        "issue_events": [event(1, "response", 9), event(2, "resolve", 10), event(3, "response", 10, "I-0002")],
        "actions": [
            {"action": "AC-0001", "what": "补图纸", "partner": "P-0001", "status": "open", "handler": "孙岚", "due": date(2026, 12, 10), "meeting": "ME-0001"},
        ],
    }  # fmt: skip


def fresh() -> Rows:
    return copy.deepcopy(whole())


def book_of(*breaks: Break) -> Book:
    rows = fresh()
    for one in breaks:
        one(rows)
    return evaluated(rows)[0]


def ours(found: Iterable[Finding]) -> list[Finding]:
    return [one for one in found if one.rule.split("-")[0] in OURS]


def found(*breaks: Break) -> list[Finding]:
    return ours(run_checks(book_of(*breaks), TODAY))


def rows_of(book: Book, table: type[Table]) -> dict[str, Record]:
    return {row.key: row for row in read_records(book, table)}


meeting = functools.partial(change, "meetings", 0)
early = {"planned_on": date(2026, 11, 10), "held_on": date(2026, 11, 10)}  # its three working days are over


def unconfirmed(rows: Rows) -> None:
    rows["minute_confirmations"] = []


# rule → what breaks it, the key where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S20-series", change("meeting_series", 0, handler=None), "MS-0001", "没有写负责人"),
    ("S20-series", change("meeting_series", 0, starts_on=None), "MS-0001", "没有写首次日期"),
    ("S20-series", all_of(change("partners", 0, status="left"), change("channels", 1, purpose="daily")), "MS-0001", "已经退出"),
    ("S20-past", add("meetings", meeting="ME-0009", partner="P-0001", planned_on=date(2026, 11, 20), status="planned"), "ME-0009", "计划于 2026-11-20"),
    ("S20-held", all_of(unconfirmed, meeting(status="held", held_on=None)), "ME-0001", "没有写召开日期"),
    ("S20-held", all_of(unconfirmed, meeting(status="held", attendees=None)), "ME-0001", "没有写与会人"),
    ("S20-minutes", all_of(unconfirmed, meeting(status="held", problems=None, **early)), "ME-0001", "纪要还没有写问题"),
    ("S20-attendee", all_of(unconfirmed, meeting(status="held", attendees="PP-0001、张三")), "ME-0001", "张三 不在“参与人”里"),
    ("S20-confirmed", meeting(progress="改过的进展"), "ME-0001", "没有确认现在这份纪要"),
    ("S20-confirmed", change("minute_confirmations", 1, participant="PP-0009"), "ME-0001", "PP-0002 没有确认"),
    ("S20-objection", all_of(meeting(status="held"), change("minute_confirmations", 1, verdict="objected", comment="日期不对")), "ME-0001", "PP-0002：日期不对"),
    ("S20-unanswered", all_of(unconfirmed, meeting(status="held", **early)), "ME-0001", "PP-0001、PP-0002 还没有确认"),
    ("S21-urgent", change("channels", 1, purpose="daily"), "P-0001", "没有紧急联络的渠道"),
    ("S21-urgent", change("channels", 1, status="left"), "P-0001", "没有紧急联络的渠道"),
    ("S21-owner", change("channels", 0, handler=None), "CH-0001", "没有写群主"),
    ("S21-owner", change("channels", 0, address=None), "CH-0001", "没有写地址"),
    ("S21-secret", change("channels", 0, address="https://example.com/cgi-bin/webhook/send?key=abc"), "CH-0001", "机器人的密钥"),
    ("S21-secret", change("channels", 0, remark="https://example.com/robot/send?access_token=1"), "CH-0001", "机器人的密钥"),
    ("S22-visit", change("visits", 0, topic=None), "VI-0001", "没有写议题"),
    ("S22-visit", change("visits", 0, outcome=None), "VI-0001", "没有写成果"),
    ("S23-level", change("issues", 1, severity=None), "I-0002", "没有写问题级别"),
    ("S24-log", change("issues", 1, status="resolved"), "I-0002", "没有“解决”"),
    ("S24-log", change("issues", 1, status="open"), "I-0002", "已经有响应"),
    ("S24-log", change("issues", 1, status="waiting"), "I-0002", "没有暂停"),
    ("S24-log", add("issue_events", **event(4, "pause", 11, "I-0002")), "I-0002", "还在暂停"),
    ("S24-log", change("issue_events", 2, issue="I-0009"), "I-0002", "没有“响应”"),
    ("S24-log", add("issue_events", **event(4, "reopen", 12)), "I-0001", "之后又重开了"),
    ("S24-log", add("issue_events", **event(4, "resolve", 12, "I-0002")), "I-0002", "已经解决（IE-0004）"),
    ("S25-closed", change("issues", 0, verifier=None), "I-0001", "没有写验证人"),
    ("S25-closed", change("issues", 0, cause=None), "I-0001", "没有写原因"),
    ("S25-verifier", change("issues", 0, verifier="罗倩"), "I-0001", "等于没有验证"),
    ("S25-action", change("actions", 0, handler=None), "AC-0001", "没有写负责人"),
    ("S25-action", change("actions", 0, due=None), "AC-0001", "没有写到期"),
    ("S25-late", change("actions", 0, due=date(2026, 11, 22)), "AC-0001", "应于 2026-11-22 完成"),
]  # fmt: skip


def test_nothing_is_found_where_all_is_in_order() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("rule", "broken", "key", "words"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_one_broken_thing_is_found_and_nothing_else(rule: str, broken: Break, key: str, words: str) -> None:
    (hit,) = found(broken)
    assert (hit.rule, hit.key) == (rule, key) and words in hit.message


def no_visits(rows: Rows) -> None:
    rows["visits"] = []


FINE: dict[str, Break] = {
    "no visits at all": no_visits,
    "a visit to come": change("visits", 0, visited_on=TODAY + timedelta(days=1), outcome=None),
    "minutes within three working days": all_of(unconfirmed, meeting(status="held", problems=None)),
    "a series that has stopped": change("meeting_series", 0, status="ended", handler=None),
    "an ordinary partner without an urgent channel": all_of(change("partners", 0, important="no"), change("channels", 1, purpose="daily")),
    "an action that is done": change("actions", 0, status="done", due=date(2026, 11, 1), handler=None),
    "an objection to minutes that were changed since, then agreed to": all_of(
        change("minute_confirmations", 1, verdict="objected", fingerprint="0" * 64), add("minute_confirmations", **said(3, "PP-0002")),
    ),
    "a level of its own without a severity": change("issues", 1, severity=None, priority="P3"),
    "paused as it says": all_of(add("issue_events", **event(4, "pause", 11, "I-0002")), change("issues", 1, status="waiting")),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_in_order_is_not_found(name: str) -> None:
    assert found(FINE[name]) == []


# --- the next meeting ------------------------------------------------------------------------------------------------


def planned(*breaks: Break) -> list[tuple[str, date, str]]:
    rows = read_records(book_of(*breaks), Meetings)
    return [(row.key, row["planned_on"], row.text("handler")) for row in rows if row["status"] == "planned"]


def no_meetings(rows: Rows) -> None:
    rows["meetings"], rows["minute_confirmations"] = [], []


def test_each_running_series_has_one_meeting_ahead_on_a_working_day() -> None:
    # 31 October is a Saturday: the first one falls on Monday 2 November. The one of 19 November is nearest to the
    # month's last day, 30 November; so the next one is 31 December, a Thursday.
    assert planned() == [("ME-0002", date(2026, 12, 31), "罗倩")]
    assert rows_of(book_of(), MeetingSeries)["MS-0001"]["next_on"] == date(2026, 12, 31)


def test_a_month_without_that_day_takes_its_last_one() -> None:
    assert planned(no_meetings) == [("ME-0001", date(2026, 11, 30), "罗倩")]  # November has 30 days, a Monday


@pytest.mark.parametrize(
    ("first", "rhythm", "day"),
    [
        (date(2026, 12, 12), "monthly", date(2026, 12, 14)),  # a Saturday
        (date(2026, 8, 31), "quarterly", date(2026, 11, 30)),
        (date(2026, 1, 1), "monthly", date(2026, 12, 1)),
        (date(2026, 9, 23), "quarterly", date(2026, 12, 23)),
        (date(2024, 2, 29), "quarterly", date(2026, 11, 30)),  # 29 November is a Sunday
    ],
)
def test_the_day_of_a_series_by_its_rhythm(first: date, rhythm: str, day: date) -> None:
    series = change("meeting_series", 0, starts_on=first, rhythm=rhythm)
    assert [one[1] for one in planned(no_meetings, series)] == [day]


def test_a_meeting_that_people_moved_is_still_that_of_its_month() -> None:
    moved = add(
        "meetings",
        meeting="ME-0002",
        series="MS-0001",
        partner="P-0001",
        planned_on=date(2026, 12, 28),
        status="planned",
    )
    book = book_of(moved)
    assert rows_of(book, MeetingSeries)["MS-0001"]["next_on"] == date(2026, 12, 28)
    gone = change("meetings", 0, planned_on=date(2026, 11, 27))
    assert [one[1] for one in planned(gone)] == [date(2026, 12, 31)]  # not the 30th of November again


def test_a_stopped_series_or_one_whose_partner_left_plans_nothing() -> None:
    for broken in (change("meeting_series", 0, status="ended"), change("partners", 0, status="left")):
        assert planned(broken) == [] and rows_of(book_of(broken), MeetingSeries)["MS-0001"]["next_on"] is None


# --- the agenda and the minutes ---------------------------------------------------------------------------------------


def test_the_agenda_is_the_list_of_unclosed_issues_the_open_actions_and_the_last_next_steps() -> None:
    late = add("issues", issue="I-0003", partner="P-0001", severity="urgent", title="又停机", status="open", reported_at=datetime(2026, 11, 20, 9, 0))  # fmt: skip
    other = add(
        "issues", issue="I-0004", partner="P-0002", severity="urgent", title="别家的", status="open", reported_at=NOW
    )
    drill = add(
        "issues",
        issue="I-0005",
        partner="P-0001",
        severity="urgent",
        title="演练",
        status="open",
        drill="DR-0001",
        reported_at=NOW,
    )
    # I-0003: P1, four hours around the clock from 9:00. I-0002: P3, 24 working hours of 7.5 a day from Friday 9:00:
    # three days are 22.5 hours (Friday, Monday, Tuesday), the other 1.5 end on Wednesday at 10:30.
    assert rows_of(book_of(late, other, drill), Meetings)["ME-0002"]["agenda"].split("\n") == [
        "问题 I-0003【紧急】又停机（应于 2026-11-20 13:00 解决）",
        "问题 I-0002【一般】图纸缺页（应于 2026-11-25 10:30 解决）",
        "行动 AC-0001 补图纸（孙岚，应于 2026-12-10 完成）",
        "上次的下一步（ME-0001）：下周补图纸",
    ]


def test_an_agenda_that_is_too_long_says_how_many_are_left_out() -> None:
    many = [
        add("issues", issue=f"I-{n:04d}", partner="P-0001", severity="ordinary", title="长" * 70, status="open", reported_at=NOW)
        for n in range(10, 60)
    ]  # fmt: skip
    text = rows_of(book_of(*many), Meetings)["ME-0002"].text("agenda")
    lines = text.split("\n")
    shown = sum(line.startswith(("问题", "行动")) for line in lines)
    assert len(text) <= 2000 and f"还有 {52 - shown} 项" in lines[-2] and lines[-1].startswith("上次的下一步")


def test_once_held_the_agenda_stays() -> None:
    assert rows_of(book_of(add("issues", issue="I-0003", partner="P-0001", severity="urgent", title="新", status="open", reported_at=NOW)), Meetings)["ME-0001"]["agenda"] == "上次的议程"  # fmt: skip


def test_the_fingerprint_is_of_the_text_and_not_of_how_it_is_wrapped_or_sorted() -> None:
    assert rows_of(book_of(), Meetings)["ME-0001"]["fingerprint"] == PRINT
    same = book_of(meeting(progress="按计划\r\n", attendees="pp-0002，PP-0001"))
    assert rows_of(same, Meetings)["ME-0001"]["fingerprint"] == PRINT
    for other in ({"problems": "无"}, {"held_on": date(2026, 11, 18)}, {"attendees": "PP-0001"}):
        assert rows_of(book_of(meeting(**other)), Meetings)["ME-0001"]["fingerprint"] != PRINT, other


def confirmed(*breaks: Break) -> list[str]:
    return rows_of(book_of(*breaks), Meetings)["ME-0001"].text("confirmed").split("\n")


def test_who_confirmed_objected_or_has_to_look_again_is_written_beside_the_meeting() -> None:
    assert confirmed() == ["已确认：PP-0001 我方经理、PP-0002 对方经理"]
    no = change("minute_confirmations", 1, verdict="objected", comment="日期不对")
    assert confirmed(no) == ["已确认：PP-0001 我方经理", "有异议：PP-0002 对方经理（日期不对）"]
    assert confirmed(meeting(progress="改过")) == ["纪要改动后已失效，请再确认：PP-0001 我方经理、PP-0002 对方经理"]
    assert confirmed(unconfirmed) == ["还没有答复：PP-0001 我方经理、PP-0002 对方经理"]
    assert confirmed(no, add("minute_confirmations", **said(3, "PP-0002"))) == [
        "已确认：PP-0001 我方经理、PP-0002 对方经理"
    ]
    assert confirmed(add("minute_confirmations", **said(3, "PP-0009", "objected"))) == confirmed()  # was not there


def test_a_confirmation_that_staff_typed_is_of_the_text_that_stands_then() -> None:
    typed = {"confirmation": "MC-0003", "meeting": "ME-0001", "participant": "PP-0002", "verdict": "agreed"}
    row = rows_of(book_of(change("minute_confirmations", 1, fingerprint="0" * 64), add("minute_confirmations", **typed)), MinuteConfirmations)["MC-0003"]  # fmt: skip
    assert (row["source"], row["fingerprint"], row["confirmed_at"]) == ("typed", PRINT, NOW)


# --- the house -------------------------------------------------------------------------------------------------------


def test_a_second_evaluation_changes_nothing() -> None:
    book = book_of()
    before = book.to_bytes()
    assert not evaluate_book(book, NOW + timedelta(minutes=30)).changed and book.to_bytes() == before


def test_a_book_of_before_these_tables_is_evaluated_all_the_same() -> None:
    class Bare:
        tables = ()

        def table(self, name: str) -> None:
            raise MissingTable(name, ())

    bare: Any = Bare()
    plan_meetings(bare, NOW)
    keep_meetings(bare, NOW)


def test_a_meeting_and_an_action_are_told_three_days_ahead_with_their_own_day() -> None:
    soon = TODAY + timedelta(days=3)
    ahead = add(
        "meetings",
        meeting="ME-0002",
        series="MS-0001",
        partner="P-0001",
        planned_on=soon,
        status="planned",
        handler="罗倩",
    )
    book = book_of(ahead, change("actions", 0, due=soon))
    situation = Situation(book, TODAY)
    told = {task.cause: task for task in tasks(situation, findings_of(situation))}
    assert (told["S20-past ME-0002"].due, told["S20-past ME-0002"].handler) == (soon, "罗倩")
    assert (told["S25-late AC-0001"].due, told["S25-late AC-0001"].handler) == (soon, "孙岚")
    kept = {row["cause"] for row in read_records(book, Todo)}
    assert {"S20-past ME-0002", "S25-late AC-0001"} <= kept
    assert "S25-late AC-0001" in {
        row["cause"] for row in read_records(book_of(change("actions", 0, due=date(2026, 11, 2))), Todo)
    }
    assert Actions.name == "actions"
