"""Owns the clocks of issues: net time to respond and to resolve against the limit of the level, derived from the event log (S23, S24, S31).

Nothing is stored that a pause would have to change. An issue whose level changed uses up a share of each level's limit, each
stretch on that level's own clock, and the shares add up: lowering the level just before the limit gains nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from workbook.evaluation.working_time import WorkingCalendar, add_working_minutes, working_minutes
from workbook.records import Record
from workbook.rules.selection import natural

DAY = 24 * 60
MINUTES: Mapping[str, int] = {"minutes": 1, "hours": 60}
STOPS_RESPONSE = ("response", "resolve", "close")
STOPS_RESOLUTION = ("resolve", "close")
Span = tuple[datetime, datetime]


class Limit(NamedTuple):
    """The limits of one level: minutes on its clock."""

    response: int
    resolution: int
    calendar: WorkingCalendar


class Stretch(NamedTuple):
    """A stretch of an issue's life at one level; without an end it is the present one."""

    start: datetime
    end: datetime | None
    priority: str


@dataclass(frozen=True)
class Clock:
    """One of the two limits of an issue: `running`, `paused`, `met` or `breached`; net minutes once it has stopped.

    `share` is how much of the limit is used up (1 is exactly on it, which is still met); `due` is when it is used up if
    nothing else happens, None while paused.
    """

    state: str
    minutes: int | None
    due: datetime | None
    share: Fraction


@dataclass(frozen=True)
class IssueClock:
    """What the log says of an issue: its two clocks, its level now, reopenings, and what is wrong with the log.

    With `problems` there are no clocks; `doubts` are for people to look at, and change nothing. `levels` are those that it had
    until it was solved: what was urgent once stays in the count of urgent matters.
    """

    issue: str
    priority: str
    response: Clock | None
    resolution: Clock | None
    reopened: int
    problems: tuple[str, ...]
    doubts: tuple[str, ...]
    levels: tuple[str, ...]
    rows: tuple[str, ...]  # the issue and its events, as source rows


def limits_of(levels: Sequence[Record], version: str, working: WorkingCalendar) -> dict[str, Limit]:
    """The limits by level of a rule version; a row that says less than everything gives none, nor do two rows of one level.

    A working day counts as the minutes of its shifts, on the clock around the day as 24 hours.
    """
    found = {}
    own = [row for row in levels if row["rule_version"] == version]
    times = Counter(row["priority"] for row in own)
    for row in own:
        if lacking(row) or times[row["priority"]] > 1:
            continue
        calendar = WorkingCalendar.around_the_clock() if row["clock"] == "always" else working
        found[row.text("priority")] = Limit(
            _minutes(row["response"], row.text("response_unit"), calendar),
            _minutes(row["resolution"], row.text("resolution_unit"), calendar), calendar,
        )  # fmt: skip
    return found


def lacking(level: Record) -> list[str]:
    """The columns without which a row of 时限标准 sets no limit; a limit of 0 is none."""
    names = ("rule_version", "priority", "clock", "response", "response_unit", "resolution", "resolution_unit")
    return [name for name in names if level[name] is None or level[name] == 0]


def _minutes(amount: Decimal, unit: str, calendar: WorkingCalendar) -> int:
    return ceil(Fraction(amount) * (minutes_of_a_day(calendar) if unit == "days" else MINUTES[unit]))


def minutes_of_a_day(calendar: WorkingCalendar) -> int:
    """The open minutes of one working day."""
    return sum(
        ((end.hour * 60 + end.minute) or DAY) - (start.hour * 60 + start.minute) for start, end in calendar.shifts
    )


def priority_of(issue: Record, levels: Sequence[Record], version: str) -> str:
    """The level an issue begins with: its own, else the one that 时限标准 gives to its severity; "" for none."""
    if issue["priority"]:
        return issue.text("priority")
    severity = issue["severity"] or "ordinary"
    rows = (row for row in levels if row["rule_version"] == version and row["severity"] == severity)
    return next((row.text("priority") for row in rows), "")


def clock_of(
    issue: Record, events: Sequence[Record], first: str, limits: Mapping[str, Limit], now: datetime
) -> IssueClock:
    """The clocks of an issue as of a moment; `first` is the level that it began with. Later events do not count yet."""
    reported = issue["reported_at"]
    told = [event for event in _ordered(events) if event["at"] is None or event["at"] <= now]
    rows = (issue.key, *(_name(event) for event in told))
    problems = _problems(issue, told, first, limits)
    if reported is None or problems or reported > now:
        return IssueClock(issue.key, first, None, None, 0, tuple(problems), (), (), rows)
    changes = [(event["at"], event.text("priority")) for event in told if event["kind"] == "level"]
    stretches = _stretches(reported, first, changes)
    pauses, paused = _pauses(told)
    answered = next((event["at"] for event in told if event["kind"] in STOPS_RESPONSE), None)
    gaps, resolved = _solutions(told)
    response = _clock(stretches, "response", answered, pauses, paused, limits, now)
    resolution = _clock(stretches, "resolution", resolved, [*pauses, *gaps], paused, limits, now)
    until = resolved or now
    levels = tuple(dict.fromkeys(one.priority for one in stretches if one.start <= until))
    return IssueClock(
        issue.key, stretches[-1].priority, response, resolution, len(gaps), (), tuple(_doubts(told)), levels, rows
    )


def faults_of(
    issue: Record, events: Sequence[Record], first: str, limits: Mapping[str, Limit]
) -> tuple[list[str], list[str]]:
    """What makes a log useless, and what is doubtful in one that is not; without its clocks."""
    told = _ordered(events)
    problems = _problems(issue, told, first, limits)
    return problems, [] if problems else _doubts(told)


def _ordered(events: Sequence[Record]) -> list[Record]:
    """In the order of time; at one time by their numbers, for people sort tables."""
    return sorted(events, key=lambda event: (event["at"] or datetime.min, natural(event.key), event.number))


def _name(event: Record) -> str:
    return event.key or f"第 {event.number} 行"


def _problems(issue: Record, events: Sequence[Record], first: str, limits: Mapping[str, Limit]) -> list[str]:
    """What makes it impossible to say how long things took."""
    found = []
    reported = issue["reported_at"]
    if reported is None:
        found.append("没有报告时间，时限无法计算")
    if first not in limits:
        found.append(
            f"时限级别“{first}”在“时限标准”里没有" if first else "没有时限级别，“时限标准”里也没有对应它问题级别的行"
        )
    paused, solved = 0, False
    for event in events:
        kind, name = event["kind"], _name(event)
        if event["at"] is None or kind is None:
            # It may be the answer or a pause: without it every number would be a guess.
            found.append(f"事件 {name} 没有写{'时间' if event['at'] is None else '是什么事件'}")
            continue
        if reported is not None and event["at"].replace(second=0) < reported.replace(second=0):
            found.append(f"事件 {name} 早于报告时间")
        if kind == "level" and event.text("priority") not in limits:
            found.append(f"事件 {name} 改级别而没有写“时限标准”里有的级别")
        if kind == "resume" and not paused:
            found.append(f"事件 {name} 恢复，而之前没有暂停")
        if kind == "reopen" and not solved:
            found.append(f"事件 {name} 重开，而之前没有解决或关闭")
        paused = 0 if kind in STOPS_RESOLUTION else paused + (kind == "pause") - (kind == "resume" and paused > 0)
        solved = kind in STOPS_RESOLUTION or (solved and kind != "reopen")
    return found


def _stretches(start: datetime, first: str, changes: Sequence[tuple[datetime, str]]) -> list[Stretch]:
    edges = [(start, first), *changes]
    ends: list[datetime | None] = [at for at, _ in edges[1:]]
    return [Stretch(at, end, level) for (at, level), end in zip(edges, [*ends, None], strict=True)]


def _pauses(events: Sequence[Record]) -> tuple[list[Span], datetime | None]:
    """The pauses that are over, and since when it stands now.

    Pauses may overlap, for it can wait for two things: each one wants its own 恢复, and a solution ends all of them.
    """
    spans: list[Span] = []
    begun: list[datetime] = []
    for event in events:
        if event["kind"] == "pause":
            begun.append(event["at"])
        elif event["kind"] == "resume":
            spans.append((begun.pop(), event["at"]))
        elif event["kind"] in STOPS_RESOLUTION:
            spans += [(since, event["at"]) for since in begun]
            begun = []
    return spans, begun[0] if begun else None


def _doubts(events: Sequence[Record]) -> list[str]:
    """Pauses that overlap and lack a 恢复: it may be that somebody noted one pause twice."""
    found, begun = [], []
    for event in (*events, None):
        if event is not None and event["kind"] == "pause":
            begun.append(_name(event))
        elif event is not None and event["kind"] == "resume":
            begun.pop()
        elif event is None or event["kind"] in STOPS_RESOLUTION:
            if len(begun) > 1:
                found.append(f"{'、'.join(begun)} 几次暂停重叠而没有各自恢复：记重了请删一条，没有记重请补上恢复")
            begun = []
    return found


def _solutions(events: Sequence[Record]) -> tuple[list[Span], datetime | None]:
    """The times for which it was solved before it was reopened, and the solution that stands."""
    gaps: list[Span] = []
    solved: datetime | None = None
    for event in events:
        if event["kind"] in STOPS_RESOLUTION:
            solved = solved or event["at"]
        elif event["kind"] == "reopen" and solved is not None:
            gaps.append((solved, event["at"]))
            solved = None
    return gaps, solved


def _clock(
    stretches: Sequence[Stretch],
    which: str,
    stopped: datetime | None,
    pauses: Sequence[Span],
    paused: datetime | None,
    limits: Mapping[str, Limit],
    now: datetime,
) -> Clock:
    """One clock: the share of the limit used up until it stopped, else until now or until the present pause began."""
    until = stopped or paused or now
    if stopped:  # what came later changes nothing of it; a pause that is still open was one until then
        held = [*pauses, (paused, now)] if paused else pauses
        pauses = [(since, min(end, stopped)) for since, end in held if since < stopped]
    share, minutes = Fraction(0), 0
    due: datetime | None = None
    for start, end, level in stretches:
        limit, stop = limits[level], min(end or until, until)
        size = getattr(limit, which)
        used = working_minutes(start, stop, limit.calendar, pauses) if stop > start else 0
        if due is None and (share + Fraction(used, size) >= 1 or end is None or end > until):
            due = add_working_minutes(start, ceil((1 - share) * size), limit.calendar, pauses)
        share, minutes = share + Fraction(used, size), minutes + used
        if end is None or end > until:
            break
    if share > 1:
        return Clock("breached", minutes if stopped else None, due, share)
    if stopped:
        return Clock("met", minutes, due, share)
    return Clock("paused", None, None, share) if paused else Clock("running", None, due, share)
