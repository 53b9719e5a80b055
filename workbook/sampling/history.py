"""Owns the state history of the sample: how each row came to its state, one legal step after the other, as 变更记录 tells it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from workbook.changelog import FIRST, TYPED
from workbook.rules.states import MACHINES, Machine

Row = dict[str, Any]
STEP_DAYS = 3


def state_history(rows: Mapping[str, Sequence[Mapping[str, Any]]], today: date, staff: Sequence[str]) -> list[Row]:
    """Lines of 变更记录 without numbers: the first state of each row, and each step to the state that it has now."""
    return [
        line
        for machine in MACHINES
        for number, row in enumerate(rows.get(machine.table.name, ()))
        for line in _lines(machine, row, today, staff[number % len(staff)])
    ]


def _lines(machine: Machine, row: Mapping[str, Any], today: date, who: str) -> Iterator[Row]:
    path = steps_to(machine, row.get(machine.column) or machine.start)
    last = datetime.combine(today - timedelta(days=1), time(16, 20))
    began = min(_began(row, today), last - timedelta(days=1))
    gap = min(timedelta(days=STEP_DAYS), (last - began) / max(len(path) - 1, 1))
    for at, state in enumerate(path):
        yield {
            "at": (began + gap * at).replace(second=0, microsecond=0), "table": machine.table.label.zh,
            "row_key": row[machine.table.key().name], "column": machine.choice.zh,
            "before": machine.word(path[at - 1]) if at else None, "after": machine.word(state),
            "what": f"{TYPED}，最近保存的人是{who}" if at else FIRST, "source": "staff" if at else "system",
        }  # fmt: skip


def _began(row: Mapping[str, Any], today: date) -> datetime:
    for name in (
        "submitted_at",
        "reported_at",
        "since",
        "opened_on",
        "starts_on",
        "planned_on",
        "opens_on",
        "raised_on",
    ):
        if value := row.get(name):
            return value if isinstance(value, datetime) else datetime.combine(value, time(9, 30))
    return datetime.combine(today - timedelta(days=40), time(9, 30))


def steps_to(machine: Machine, state: str) -> list[str]:
    """The shortest way from the first state to one, both included."""
    waiting = deque([[machine.start]])
    while waiting:
        path = waiting.popleft()
        if path[-1] == state:
            return path
        waiting.extend([*path, step] for step in machine.steps[path[-1]] if step not in path)
    raise ValueError(f"no way to {state}")
