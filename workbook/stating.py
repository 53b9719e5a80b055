"""Owns the command that brings a row into another state: what may not follow, or what something stands in the way of, is refused."""

from __future__ import annotations

import getpass
from pathlib import Path

from workbook.contracting import move as move_contract
from workbook.desk import Desk, Done, change_row, must_be_seen, on_file, one_row
from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.rules.contracts import StepRefused
from workbook.rules.drilling import state_times
from workbook.rules.finding import Finding, Situation, findings_of
from workbook.rules.states import MACHINES, Machine, machine_of
from workbook.tables import Changes, Contracts, Incidents

# Findings that a state must not bring about; any other new one is told beside it.
BLOCKS = frozenset((
    "S10-part", "S10-revision", "S11-signoff", "S14-refused", "S15-list", "S15-votes", "S15-recommended",
    "S15-against-ranking", "S15-unlisted", "S20-confirmed", "S25-closed", "S25-verifier",
    "S45-evidence", "S45-closed", "S44-outcome",
))  # fmt: skip


class NoStates(PartnerBookError):
    """The number is not that of a row that goes through states."""

    def __init__(self, key: str):
        known = "、".join(f"{m.table.label.zh}（{m.table.key().make(1)}）" for m in MACHINES)
        super().__init__(f"{key} 不是有状态可改的编号。可以改状态的是：{known}。")


class UnknownState(PartnerBookError):
    """A word that is no state of the row."""

    def __init__(self, machine: Machine, word: str):
        known = "、".join(machine.word(state) for state in machine.steps)
        super().__init__(f"{machine.table.label.zh}没有“{word}”这个状态，可以是：{known}。")


def set_state(path: Path, key: str, word: str, who: str = "") -> Done:
    """Bring a row into a state, and write down that it went there and who did it (the login name unless given).

    Raises:
        StepRefused: the state may not follow, or would bring a finding about; nothing was written.
        NoStates, UnknownState, NoSuchRow: there is no such row or state.
    """
    machine = machine_of(key)
    if machine is None:
        raise NoStates(key)
    if machine.table is Contracts:
        return move_contract(path, key, word)
    target = machine.choice.code(word.strip())
    if target is None:
        raise UnknownState(machine, word)
    return on_file(path, lambda desk: _moved(desk, machine, key, target, who or _login()))


def standing(path: Path, key: str) -> Done:
    """The state of a row and those that may follow it.

    Raises:
        NoStates, NoSuchRow: there is no such row.
    """
    machine = machine_of(key)
    if machine is None:
        raise NoStates(key)

    def work(desk: Desk) -> Done:
        record = one_row(desk.book, machine.table, key)
        now = record.text(machine.column) or machine.start
        lines = [f"{machine.table.label.zh} {record.key}：{machine.word(now)}", f"  之后可以是：{machine.after(now)}"]
        if machine.table is Incidents:  # how long each step of the response took
            times = state_times(record, desk.situation.of(Changes))
            lines += [f"  {at:%Y-%m-%d %H:%M} {machine.word(code)}" for at, code in times]
        return Done(record.key, False, lines, {"status": now, "steps": list(machine.steps[now])})

    return on_file(path, work, write=False)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _moved(desk: Desk, machine: Machine, key: str, target: str, who: str) -> Done:
    record = one_row(desk.book, machine.table, key)
    must_be_seen(desk, record)
    now = record.text(machine.column) or machine.start
    step = f"改为“{machine.word(target)}”"
    name = f"{machine.table.label.zh} {record.key}"
    if target == now:
        raise StepRefused(name, step, [f"已经是“{machine.word(now)}”。"])
    if target not in machine.steps[now]:
        raise StepRefused(name, step, [f"“{machine.word(now)}”之后可以是：{machine.after(now)}。"])
    before = _about(desk, record)
    change_row(desk, record, {machine.column: target}, f"{machine.choice.zh}，用命令改的，操作人是{who or '未知'}")
    fresh = [
        one
        for one in _about(Desk(desk.book, Situation(desk.book, desk.now.date()), desk.now), record)
        if one not in before
    ]
    if reasons := [one.message for one in fresh if one.rule in BLOCKS]:
        raise StepRefused(name, step, reasons)
    lines = [f"✓ {name}：{machine.word(now)} → {machine.word(target)}，已记入变更记录"]
    notes = [one.message for one in fresh]
    return Done(
        record.key,
        True,
        [*lines, *(f"  注意：{note}" for note in notes)],
        {"before": now, "status": target, "notes": notes},
    )


def _about(desk: Desk, record: Record) -> list[Finding]:
    return [one for one in findings_of(desk.situation) if one.key == record.key]
