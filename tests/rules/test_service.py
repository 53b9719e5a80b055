"""The clocks of issues, to the minute: against an oracle that walks the log minute by minute, and by hand (S31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbook.performance_defaults import service_level_rows
from workbook.records import Record
from workbook.rules.calendar import calendar_of
from workbook.rules.service import Clock, IssueClock, clock_of, limits_of, priority_of
from workbook.tables import IssueEvents, Issues, ServiceLevels

MINUTE = timedelta(minutes=1)
HOURS = calendar_of("09:00-12:00、13:30-18:00").calendar
FAR = datetime(2026, 12, 31)


def record(table: Any, number: int, **values: Any) -> Record:
    return Record(table, "", number, values.get(table.key().name, ""), values, {})


LEVELS = [record(ServiceLevels, n, **row) for n, row in enumerate(service_level_rows())]
LIMITS = limits_of(LEVELS, "p1", HOURS)


def log(*told: tuple[str, str] | tuple[str, str, str]) -> list[Record]:
    """Events from ("2026-03-02 09:10", "response"), a level behind it where it changes."""
    return [
        record(
            IssueEvents, n, event=f"IE-{n:04d}", issue="I-0001", at=datetime.fromisoformat(one[0]), kind=one[1],
            priority=one[2] if len(one) > 2 else None,
        )
        for n, one in enumerate(told, start=1)
    ]  # fmt: skip


def clocks(reported: str, first: str, *told: Any, now: datetime = FAR) -> IssueClock:
    issue = record(Issues, 1, issue="I-0001", reported_at=datetime.fromisoformat(reported))
    return clock_of(issue, log(*told), first, LIMITS, now)


# --- the oracle: no calendar, no intervals, no limits of the code ----------------------------------------------------

# 国办发明电〔2025〕7号 for 2026: days off and make-up days from January to March.
OFF = {date(2026, 1, d) for d in (1, 2, 3)} | {date(2026, 2, d) for d in range(15, 24)}
MAKE_UP = {date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28)}
# level: around the clock?, minutes to respond, minutes to resolve; a working day is 3 + 4.5 hours
ORACLE = {"P1": (True, 15, 240), "P2": (True, 60, 480), "P3": (False, 240, 1440), "P4": (False, 450, 1350)}


def is_open(minute: datetime) -> bool:
    """Whether the company works in the minute that begins here."""
    day = minute.date()
    if day not in MAKE_UP and (day in OFF or day.weekday() > 4):
        return False
    of_day = minute.hour * 60 + minute.minute
    return 540 <= of_day < 720 or 810 <= of_day < 1080


class Walked(NamedTuple):
    minutes: int
    share: Fraction
    stopped: bool
    stands: bool


def walk(
    reported: datetime, first: str, told: Sequence[tuple[datetime, str, str | None]], now: datetime, response: bool
) -> Walked:
    """What a clerk with a stop-watch would note, who looks at the log once a minute."""
    level, waiting, solved, answered, minutes, share = first, 0, False, False, 0, Fraction(0)
    left = [one for one in told if one[0] <= now]
    minute = reported
    while True:
        while left and left[0][0] <= minute:
            _, kind, new = left.pop(0)
            answered = answered or kind in ("response", "resolve", "close")
            if kind == "level":
                level = str(new)
            elif kind == "pause":
                waiting += 1
            elif kind == "resume":
                waiting -= 1
            elif kind in ("resolve", "close"):
                solved, waiting = True, 0
            elif kind == "reopen":
                solved = False
        if (response and answered) or minute >= now:
            break
        always, respond, resolve = ORACLE[level]
        if not waiting and not solved and (always or is_open(minute)):
            minutes += 1
            share += Fraction(1, respond if response else resolve)
        minute += MINUTE
    stopped = answered if response else solved
    return Walked(minutes, share, stopped, bool(waiting) and not stopped)


def same(clock: Clock | None, walked: Walked) -> None:
    assert clock is not None and clock.share == walked.share
    state = "breached" if walked.share > 1 else "met" if walked.stopped else "paused" if walked.stands else "running"
    assert clock.state == state
    assert clock.minutes == (walked.minutes if walked.stopped else None)


KINDS = ("response", "pause", "pause", "resume", "resolve", "reopen", "level", "close")


@st.composite
def stories(draw: st.DrawFn) -> tuple[datetime, str, list[tuple[datetime, str, str | None]], datetime]:
    """A log that people could write, around New Year and the Spring Festival of 2026, both with make-up days."""
    begin = draw(
        st.sampled_from([datetime(2026, 1, 1), datetime(2026, 2, 12), datetime(2026, 2, 26), datetime(2026, 3, 5)])
    )
    reported = begin + timedelta(minutes=draw(st.integers(0, 2000)))
    at, waiting, solved = reported, 0, False
    told: list[tuple[datetime, str, str | None]] = []
    for _ in range(draw(st.integers(0, 9))):
        kind = draw(st.sampled_from(KINDS))
        if (kind == "resume" and not waiting) or (kind == "reopen" and not solved):
            continue
        at += timedelta(minutes=draw(st.sampled_from([0, 1, 5, 14, 60, 239, 400, 900, 1500])) + draw(st.integers(0, 3)))
        waiting = 0 if kind in ("resolve", "close") else waiting + (kind == "pause") - (kind == "resume")
        solved = kind in ("resolve", "close") or (solved and kind != "reopen")
        told.append((at, kind, draw(st.sampled_from(sorted(ORACLE))) if kind == "level" else None))
    now = draw(st.sampled_from([at, at + timedelta(days=3), reported + timedelta(minutes=draw(st.integers(0, 3000)))]))
    return reported, draw(st.sampled_from(sorted(ORACLE))), told, now


def as_records(told: Sequence[tuple[datetime, str, str | None]]) -> list[Record]:
    return [
        record(IssueEvents, n, event=f"IE-{n:04d}", issue="I-0001", at=at, kind=kind, priority=level)
        for n, (at, kind, level) in enumerate(told, start=1)
    ]


@settings(max_examples=300, deadline=None)
@given(stories())
def test_every_clock_is_what_a_walk_minute_by_minute_finds(story: Any) -> None:
    reported, first, told, now = story
    issue = record(Issues, 1, issue="I-0001", reported_at=reported)
    found = clock_of(issue, as_records(told), first, LIMITS, now)
    assert found.problems == ()
    same(found.response, walk(reported, first, told, now, response=True))
    same(found.resolution, walk(reported, first, told, now, response=False))


@settings(max_examples=100, deadline=None)
@given(stories(), st.randoms())
def test_the_order_of_the_rows_and_the_seconds_of_a_clock_change_nothing(story: Any, random: Any) -> None:
    reported, first, told, now = story
    issue = record(Issues, 1, issue="I-0001", reported_at=reported.replace(second=59))
    events = as_records(told)
    before = clock_of(record(Issues, 1, issue="I-0001", reported_at=reported), events, first, LIMITS, now)
    random.shuffle(events)
    events = [replace(event, number=number) for number, event in enumerate(events)]  # sorted by people
    after = clock_of(issue, events, first, LIMITS, now.replace(second=59))
    assert (before.response, before.resolution) == (after.response, after.resolution)


def test_two_events_of_one_minute_follow_their_numbers_and_not_their_rows() -> None:
    issue = record(Issues, 1, issue="I-0001", reported_at=datetime(2026, 3, 2, 9, 0))
    told = log(("2026-03-02 09:30", "pause"), ("2026-03-02 09:30", "resume"), ("2026-03-02 10:00", "resolve"))
    told[0], told[1] = replace(told[0], number=2), replace(told[1], number=1)
    found = clock_of(issue, told, "P3", LIMITS, FAR)
    assert found.problems == () and found.resolution is not None and found.resolution.minutes == 60


# Solved in the very minute in which it was due, and reopened later: the clock stood still at its due moment.
STOOD = [(datetime(2026, 1, 1, 4, 0), "resolve", None), (datetime(2026, 1, 1, 4, 1), "reopen", None)]


@settings(max_examples=150, deadline=None)
@given(stories())
@example((datetime(2026, 1, 1), "P1", STOOD, datetime(2026, 1, 1, 4, 1)))
def test_a_running_clock_is_breached_one_minute_after_it_is_due(story: Any) -> None:
    reported, first, told, now = story
    issue = record(Issues, 1, issue="I-0001", reported_at=reported)
    found = clock_of(issue, as_records(told), first, LIMITS, now).resolution
    if found is None or found.state != "running":
        return
    assert found.due is not None
    told = [one for one in told if one[0] <= now]
    always = ORACLE[next((lv for _, k, lv in reversed(told) if k == "level" and lv), first)][0]
    assert walk(reported, first, told, found.due, response=False).share >= 1 >= found.share
    moment = max(found.due, now)  # what is due and not breached stood still since, and runs from now on
    while not (always or is_open(moment)):
        moment += MINUTE
    later = clock_of(issue, as_records(told), first, LIMITS, moment + MINUTE).resolution
    assert later is not None and later.state == "breached"


# --- by hand ---------------------------------------------------------------------------------------------------------

# What stands here was counted on a paper calendar. 2026-02-14 is a working Saturday, 15 to 23 are days off, 28 works again.
BY_HAND: list[tuple[str, str, str, tuple[Any, ...], str, int]] = [
    # Friday 17:00 to Monday 10:00: 60 on Friday, 60 on Monday
    ("a weekend", "2026-03-06 17:00", "P3", (("2026-03-09 10:00", "resolve"),), "met", 120),
    # the pause of Friday 17:30 to Monday 09:30 takes 30 and 30 off it
    ("a pause over the weekend", "2026-03-06 17:00", "P3", (("2026-03-06 17:30", "pause"), ("2026-03-09 09:30", "resume"), ("2026-03-09 10:00", "resolve")), "met", 60),
    # 17:00 to 18:00, then 09:00 to 11:00 of a Saturday that works
    ("a make-up Saturday", "2026-02-13 17:00", "P3", (("2026-02-14 11:00", "resolve"),), "met", 180),
    # the pause covers 09:00 to 10:00 of that Saturday
    ("a pause into a make-up Saturday", "2026-02-13 17:00", "P3", (("2026-02-13 20:00", "pause"), ("2026-02-14 10:00", "resume"), ("2026-02-14 11:00", "resolve")), "met", 120),
    # Saturday the 14th 17:00 to 18:00, nine days off, Tuesday the 24th 09:00 to 09:30
    ("a whole holiday", "2026-02-14 17:00", "P3", (("2026-02-24 09:30", "resolve"),), "met", 90),
    # two pauses 10:00–11:00 and 10:30–11:30 are one of 90 minutes: 180 − 90
    ("pauses that overlap", "2026-03-02 09:00", "P3", (("2026-03-02 10:00", "pause"), ("2026-03-02 10:30", "pause"), ("2026-03-02 11:00", "resume"), ("2026-03-02 11:30", "resume"), ("2026-03-02 12:00", "resolve")), "met", 90),
    # P1 runs at night: 22:00 to 02:00 is exactly four hours, and still met
    ("the last minute of a night", "2026-03-02 22:00", "P1", (("2026-03-03 02:00", "resolve"),), "met", 240),
    ("a minute later", "2026-03-02 22:00", "P1", (("2026-03-03 02:01", "resolve"),), "breached", 241),
    # 59 seconds are no minute
    ("seconds", "2026-03-02 22:00:59", "P1", (("2026-03-03 02:00:59", "resolve"),), "met", 240),
    # solved for 09:30–10:30; 30 before, 60 after
    ("a reopened issue", "2026-03-02 09:00", "P3", (("2026-03-02 09:30", "resolve"), ("2026-03-02 10:30", "reopen"), ("2026-03-02 11:30", "resolve")), "met", 90),
    # a solution ends the pause of 09:30; reopened at 10:30 it runs again: 30 + 60
    ("a solution during a pause", "2026-03-02 09:00", "P3", (("2026-03-02 09:30", "pause"), ("2026-03-02 10:00", "resolve"), ("2026-03-02 10:30", "reopen"), ("2026-03-02 11:30", "resolve")), "met", 90),
    # 120 of 240 minutes as P1 are a half; 240 of 480 as P2 are the other half, and met
    ("half as P1, half as P2", "2026-03-02 20:00", "P1", (("2026-03-02 22:00", "level", "P2"), ("2026-03-03 02:00", "resolve")), "met", 360),
    ("and a minute more", "2026-03-02 20:00", "P1", (("2026-03-02 22:00", "level", "P2"), ("2026-03-03 02:01", "resolve")), "breached", 361),
    # 240 minutes as P1 use everything up: lowering it then gains nothing
    ("lowered just too late", "2026-03-02 08:00", "P1", (("2026-03-02 12:00", "level", "P4"), ("2026-03-02 13:31", "resolve")), "breached", 241),
    # in a closed hour of the new level nothing more is used up: exactly on the limit
    ("lowered on the limit, at noon", "2026-03-02 08:00", "P1", (("2026-03-02 12:00", "level", "P4"), ("2026-03-02 13:30", "resolve")), "met", 240),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "reported", "first", "told", "state", "minutes"), BY_HAND, ids=[b[0] for b in BY_HAND]
)
def test_counted_by_hand(what: str, reported: str, first: str, told: Any, state: str, minutes: int) -> None:
    found = clocks(reported, first, *told)
    assert found.problems == () and found.resolution is not None
    assert (found.resolution.state, found.resolution.minutes) == (state, minutes)


def test_an_open_pause_stops_the_clock_for_as_long_as_it_lasts() -> None:
    told = (("2026-03-02 09:05", "response"), ("2026-03-02 09:10", "pause"))
    found = clocks("2026-03-02 09:00", "P1", *told)  # months later
    assert found.resolution == Clock("paused", None, None, Fraction(10, 240))
    assert found.response == Clock("met", 5, datetime(2026, 3, 2, 9, 15), Fraction(1, 3))
    again = clocks("2026-03-02 09:00", "P1", *told, ("2026-03-02 13:10", "resume"), now=datetime(2026, 3, 2, 13, 20))
    assert again.resolution is not None  # 10 used, 230 left from 13:10 on: 17:00
    assert (again.resolution.state, again.resolution.due) == ("running", datetime(2026, 3, 2, 17, 0))


def test_an_answer_during_a_pause_took_only_the_time_before_it() -> None:
    found = clocks("2026-03-02 09:00", "P1", ("2026-03-02 09:10", "pause"), ("2026-03-02 09:40", "response"))
    assert found.response == Clock("met", 10, datetime(2026, 3, 2, 9, 45), Fraction(2, 3))


def test_an_issue_that_ran_out_before_it_was_paused_stays_late() -> None:
    found = clocks("2026-03-02 09:00", "P1", ("2026-03-02 13:01", "pause"))
    assert found.resolution is not None and found.resolution.state == "breached"
    assert found.resolution.due == datetime(2026, 3, 2, 13, 0)


def test_reopenings_are_counted_and_the_first_answer_stands() -> None:
    found = clocks(
        "2026-03-02 09:00", "P3", ("2026-03-02 09:20", "resolve"), ("2026-03-02 10:00", "reopen"),
        ("2026-03-02 10:30", "close"), ("2026-03-02 11:00", "reopen"),
    )  # fmt: skip
    assert found.reopened == 2 and found.response is not None and found.response.minutes == 20


def test_what_was_urgent_before_it_was_solved_stays_urgent() -> None:
    lowered = clocks("2026-03-02 09:00", "P1", ("2026-03-02 14:00", "level", "P4"), ("2026-03-02 15:00", "resolve"))
    assert (lowered.levels, lowered.priority) == (("P1", "P4"), "P4")
    after = clocks("2026-03-02 09:00", "P4", ("2026-03-02 10:00", "resolve"), ("2026-03-02 11:00", "level", "P1"))
    assert after.levels == ("P4",)


@pytest.mark.parametrize(
    ("first", "told", "words"),
    [
        ("P1", (("2026-03-02 09:10", "resume"),), "恢复，而之前没有暂停"),
        ("P1", (("2026-03-02 09:10", "reopen"),), "重开，而之前没有解决"),
        ("P1", (("2026-03-02 08:59", "response"),), "早于报告时间"),
        ("P1", (("2026-03-02 09:10", "level", "P9"),), "没有写“时限标准”里有的级别"),
        ("", (), "没有时限级别"),
        ("P9", (), "“P9”在“时限标准”里没有"),
    ],
)
def test_a_log_that_makes_no_sense_gives_no_clock(first: str, told: Any, words: str) -> None:
    found = clocks("2026-03-02 09:00", first, *told)
    assert (found.response, found.resolution) == (None, None) and words in "；".join(found.problems)


def test_an_event_without_time_or_kind_gives_no_clock_and_one_yet_to_come_nothing() -> None:
    issue = record(Issues, 1, issue="I-0001", reported_at=datetime(2026, 3, 2, 9, 0))
    for missing, words in (({"kind": "pause"}, "没有写时间"), ({"at": datetime(2026, 3, 2, 10)}, "没有写是什么事件")):
        found = clock_of(issue, [record(IssueEvents, 1, event="IE-0001", **missing)], "P3", LIMITS, FAR)
        assert found.response is None and f"IE-0001 {words}" in found.problems[0]
    future = clocks("2026-03-02 09:00", "P3", ("2026-03-04 09:00", "resume"), now=datetime(2026, 3, 2, 9, 30))
    assert future.problems == () and future.resolution is not None and future.resolution.state == "running"


def test_a_pause_that_may_have_been_noted_twice_is_doubted_and_counts_all_the_same() -> None:
    told = (("2026-03-02 09:10", "pause"), ("2026-03-02 09:20", "pause"), ("2026-03-02 10:00", "resume"))
    found = clocks("2026-03-02 09:00", "P3", *told)
    assert found.doubts == () and found.resolution is not None and found.resolution.state == "paused"
    more = clocks("2026-03-02 09:00", "P3", *told, ("2026-03-02 10:10", "pause"))
    assert "IE-0001、IE-0004" in more.doubts[0]


def test_limits_that_say_too_little_or_twice_are_none() -> None:
    rows = [dict(row) for row in service_level_rows()]
    rows[0]["response"] = Decimal(0)
    rows[1]["clock"] = None
    rows.append({**rows[2], "service_level": "p1-P3b"})
    found = limits_of([record(ServiceLevels, n, **row) for n, row in enumerate(rows)], "p1", HOURS)
    assert set(found) == {"P4"} and (found["P4"].response, found["P4"].resolution) == (450, 1350)
    issue = record(Issues, 1, issue="I-0001", severity="urgent")
    assert priority_of(issue, LEVELS, "p1") == "P1" and priority_of(record(Issues, 1), LEVELS, "p1") == "P3"
    assert priority_of(record(Issues, 1, priority="P4"), LEVELS, "p1") == "P4"


def test_the_oracle_knows_the_days_that_it_was_told() -> None:
    assert is_open(datetime.combine(date(2026, 2, 14), time(9))) and not is_open(datetime(2026, 2, 16, 9))
