"""Owns what a drill shows (S49): the times of its steps from what forms, pages and states recorded, and the verdict on them.

Pure. A drill goes through the same forms, tables and states as the real thing; its rows name it and enter nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from workbook.records import Record
from workbook.rules.stoppage import plain
from workbook.tables import Changes, Contingency, Drills, Incidents, IssueEvents, Issues
from workbook.tables.service import EVENTS


@dataclass(frozen=True)
class Timed:
    """One step with its times; the last one of a matter has no end before the drill ends."""

    step: str
    started_at: datetime
    ended_at: datetime | None
    who: str


def rows_of(table: type[Incidents] | type[Issues], drill: str, records: Mapping[str, Sequence[Record]]) -> list[Record]:
    """The incidents or issues of a drill."""
    return [row for row in records.get(table.name, ()) if row.key and row["drill"] == drill]


def steps_of(drill: Record, records: Mapping[str, Sequence[Record]]) -> list[Timed]:
    """The steps of a drill in the order of time."""
    found: list[Timed] = []
    for row in rows_of(Incidents, drill.key, records):
        found += _between(row, _incident_marks(row, records.get(Changes.name, ())))
    for row in rows_of(Issues, drill.key, records):
        found += _between(row, _issue_marks(row, records.get(IssueEvents.name, ())))
    return sorted(
        found, key=lambda one: one.started_at
    )  # stable: steps of one moment keep the order they were taken in


def _incident_marks(row: Record, changes: Sequence[Record]) -> Iterator[tuple[datetime, str]]:
    """When it came, and each step of it that 变更记录 holds."""
    start = row["submitted_at"] or row["occurred_at"]
    if start is not None:
        yield start, Incidents.state.options["reported"].zh
    for at, code in state_times(row, changes):
        if code != "reported":
            yield at, Incidents.state.options[code].zh


def state_times(row: Record, changes: Sequence[Record]) -> list[tuple[datetime, str]]:
    """When an incident came to each of its states, as 变更记录 has it."""
    key = Changes.key()
    lines = [
        line for line in changes
        if line.text("table") in Incidents.label and line.text("row_key") == row.key
        and line.text("column") in Incidents.state.label and line["at"] is not None
    ]  # fmt: skip
    lines.sort(key=lambda line: key.number(line.key) or 0)
    return [(line["at"], code) for line in lines if (code := Incidents.state.code(line.text("after"))) is not None]


def _issue_marks(row: Record, events: Sequence[Record]) -> Iterator[tuple[datetime, str]]:
    start = row["reported_at"] or row["submitted_at"]
    if start is not None:
        yield start, "报告"
    for event in events:
        if event["issue"] == row.key and event["at"] is not None and event["kind"]:
            yield event["at"], EVENTS[event["kind"]].zh


def _between(row: Record, marks: Iterator[tuple[datetime, str]]) -> Iterator[Timed]:
    """Each mark lasts until the next one; the last of all is an end and no step."""
    found = sorted(marks, key=lambda mark: mark[0])
    who = row.text("handler")
    for (at, words), (until, _) in pairwise(found):
        yield Timed(f"{row.key} {words}"[:120], at, until, who)
    if len(found) == 1:
        yield Timed(f"{row.key} {found[0][1]}"[:120], found[0][0], None, who)


def minutes_of(drill: Record) -> int | None:
    """How long a drill took, in whole minutes; None before its end."""
    start, end = drill["started_at"], drill["ended_at"]
    return None if start is None or end is None else round((end - start).total_seconds() / 60)


def verdict_of(drill: Record, plans: Sequence[Record]) -> str | None:
    """The time of a drill against the plan's recovery time; None while there is nothing to compare."""
    took = minutes_of(drill)
    if drill["status"] != "done" or took is None:
        return None
    plan = next((row for row in plans if row.key and row.key == drill["plan"]), None)
    if plan is None or plan["recovery_hours"] is None:
        return f"用时 {took} 分钟；{'没有写预案' if plan is None else f'{plan.key} 没有写恢复时限'}，无法对照"
    limit = Decimal(plan["recovery_hours"]) * 60
    words = f"用时 {took} 分钟，{plan.key} 恢复时限 {plain(plan['recovery_hours'])} 小时（{plain(limit)} 分钟）"
    return f"{words}：达到" if took <= limit else f"{words}：超出 {plain(took - limit)} 分钟"


READ = (Drills, Contingency, Incidents, Issues, IssueEvents, Changes)
