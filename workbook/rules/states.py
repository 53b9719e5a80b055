"""Owns which state may follow which, for every table whose rows go through states (S10, S13, S14, S17, S20, S24, S27, S38, S44, S45, S49), and what 变更记录 says of them.

A state that people type cannot be refused in the cell; it is compared with the last state that 变更记录 holds of the row. One that
may follow is logged by the next evaluation, one that may not is a finding and is not logged, until somebody sets it right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbook.records import Record
from workbook.rules.contracts import STEPS as CONTRACT_STEPS
from workbook.schema import Choice, Table
from workbook.tables import (
    Campaigns,
    Candidates,
    Changes,
    Contracts,
    Disputes,
    Drills,
    Incidents,
    Issues,
    Meetings,
    Panels,
    Partners,
    Requirements,
)

Steps = Mapping[str, tuple[str, ...]]

CANDIDATE_STEPS: Steps = {
    "received": ("reviewing", "returned", "scoring", "declined", "withdrawn"),
    "reviewing": ("returned", "scoring", "declined", "withdrawn"),
    "returned": ("reviewing", "scoring", "declined", "withdrawn"),
    "scoring": ("recommended", "declined", "returned", "reviewing", "withdrawn"),
    "recommended": ("declined", "scoring", "withdrawn"),
    "declined": ("scoring",),  # the next in rank, when the one before it falls
    "withdrawn": (),
}
REQUIREMENT_STEPS: Steps = {
    "draft": ("review", "withdrawn"),
    "review": ("approved", "draft", "withdrawn"),
    "approved": ("published", "review", "draft", "withdrawn"),
    "published": ("closed", "review", "withdrawn"),
    "closed": ("published",),
    "withdrawn": ("draft",),
}
PANEL_STEPS: Steps = {
    "preparing": ("scoring",),
    "scoring": ("closed", "preparing"),
    "closed": ("done", "scoring"),
    "done": ("closed",),
}
PARTNER_STEPS: Steps = {
    "candidate": ("active", "left", "barred"),
    "active": ("paused", "left", "barred"),
    "paused": ("active", "left", "barred"),
    "left": ("candidate", "active", "barred"),
    "barred": ("candidate",),  # back only through a new selection
}

ISSUE_STEPS: Steps = {
    "open": ("answered", "waiting", "resolved"),
    "answered": ("waiting", "resolved"),
    "waiting": ("answered", "resolved"),
    "resolved": ("closed", "answered"),  # back to work when the verification fails
    "closed": ("answered",),  # reopened
}
MEETING_STEPS: Steps = {
    "planned": ("held", "cancelled"),
    "held": ("confirmed",),
    "confirmed": ("held",),  # minutes that had to be changed
    "cancelled": ("planned",),
}
CAMPAIGN_STEPS: Steps = {
    "planned": ("open", "cancelled"),
    "open": ("closed",),
    "closed": (),  # what was answered under the promise of an end stays so
    "cancelled": ("planned",),
}
INCIDENT_STEPS: Steps = {
    "reported": ("assessment",),
    "assessment": ("responsibility",),
    "responsibility": ("measures",),
    "measures": ("repair_check",),
    "repair_check": ("closed", "measures"),
    "closed": ("measures",),  # it came back
}
DISPUTE_STEPS: Steps = {
    "contact": ("supervisor", "settled", "withdrawn"),
    "supervisor": ("legal", "settled", "withdrawn"),
    "legal": ("arbitration", "settled", "withdrawn"),
    "arbitration": ("settled", "withdrawn"),
    "settled": (),
    "withdrawn": (),
}
DRILL_STEPS: Steps = {
    "planned": ("running", "cancelled"),
    "running": ("done", "cancelled"),
    "done": (),
    "cancelled": ("planned",),
}


@dataclass(frozen=True)
class Machine:
    """The states of a table's rows: the column, what may follow each, and the state of a new row."""

    table: type[Table]
    steps: Steps
    start: str
    column: str = "status"

    @property
    def choice(self) -> Choice:
        """The column that holds the state."""
        found = self.table.columns[self.column]
        assert isinstance(found, Choice)
        return found

    def word(self, state: str) -> str:
        """A state as staff read it."""
        return self.choice.options[state].zh

    def after(self, state: str) -> str:
        """The states that may follow one, as staff read them."""
        return "、".join(f"“{self.word(step)}”" for step in self.steps[state]) or "没有下一步"


MACHINES: tuple[Machine, ...] = (
    Machine(Requirements, REQUIREMENT_STEPS, "draft"),
    Machine(Candidates, CANDIDATE_STEPS, "received"),
    Machine(Panels, PANEL_STEPS, "preparing"),
    Machine(Contracts, CONTRACT_STEPS, "negotiating"),
    Machine(Partners, PARTNER_STEPS, "candidate"),
    Machine(Meetings, MEETING_STEPS, "planned"),
    Machine(Issues, ISSUE_STEPS, "open"),
    Machine(Campaigns, CAMPAIGN_STEPS, "planned"),
    Machine(Disputes, DISPUTE_STEPS, "contact"),
    Machine(Incidents, INCIDENT_STEPS, "reported", "state"),
    Machine(Drills, DRILL_STEPS, "planned"),
)


@dataclass(frozen=True)
class Seen:
    """A row whose state is not the one that 变更记录 holds: `before` is None for a row that was never seen."""

    machine: Machine
    record: Record
    before: str | None
    after: str

    @property
    def legal(self) -> bool:
        """Whether the state may follow the one before."""
        return self.before is None or self.after in self.machine.steps[self.before]

    def sentence(self) -> str:
        """Why a state that may not follow cannot stand, and what to do."""
        machine, before = self.machine, self.before or self.machine.start
        return (
            f"{self.record.key} 的{machine.choice.zh}从“{machine.word(before)}”改成了“{machine.word(self.after)}”，不能这样改，"
            f"还按“{machine.word(before)}”记录。请改回“{machine.word(before)}”，再一步一步改；它之后可以是：{machine.after(before)}。"
        )


def logged_states(changes: Sequence[Record]) -> dict[tuple[str, str, str], str]:
    """The last state that 变更记录 holds: by table name, row and column name. Its rows may be in any order."""
    known: dict[tuple[str, str, str], str] = {}
    tables = {word: machine for machine in MACHINES for word in machine.table.label}
    key = Changes.key()
    for change in sorted(changes, key=lambda row: key.number(row.key) or 0):
        machine = tables.get(change.text("table"))
        if machine is None or change.text("column") not in machine.choice.label:
            continue
        if (state := machine.choice.code(change.text("after"))) is not None:
            known[machine.table.name, change.text("row_key"), machine.column] = state
    return known


def unlogged(records: Mapping[str, Sequence[Record]], changes: Sequence[Record]) -> Iterator[Seen]:
    """Every row whose state differs from the one in 变更记录, in the order of the policy; copied rows are left out."""
    known = logged_states(changes)
    for machine in MACHINES:
        rows = records.get(machine.table.name, ())
        times = Counter(record.key for record in rows)
        for record in rows:
            if not record.key or times[record.key] > 1 or machine.column in record.problems:
                continue
            now = record.text(machine.column) or machine.start
            before = known.get((machine.table.name, record.key, machine.column))
            if now != before:
                yield Seen(machine, record, before, now)


def machine_of(key: str) -> Machine | None:
    """The machine of the row with a number such as C-0001."""
    return next((m for m in MACHINES if m.table.key().number(key.strip().upper()) is not None), None)
