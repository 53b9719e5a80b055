"""Owns the evidence that each step of an incident leaves behind (S45): what must be written before it may go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workbook.records import Record

RANK = {"reported": 0, "assessment": 1, "responsibility": 2, "measures": 3, "repair_check": 4, "closed": 5}


class Lack(NamedTuple):
    """A column that stands in the way of a state, and the sentence."""

    rule: str
    column: str
    message: str


def lacks(incident: Record) -> Iterator[Lack]:
    """What an incident lacks in the state that it has: each step leaves its evidence before the next one begins."""
    rank = RANK.get(incident.text("state") or "reported", 0)
    if rank >= RANK["measures"] and not incident["responsible"]:
        yield Lack("S45-evidence", "responsible", f"{incident.key} 已过责任界定，没有写责任方。请填写。")
    if rank >= RANK["repair_check"] and not incident["measure"]:
        yield Lack("S45-evidence", "measure", f"{incident.key} 已过措施实施，没有写措施。请填写。")
    if rank == RANK["closed"]:
        yield from _unverified(incident)


def _unverified(incident: Record) -> Iterator[Lack]:
    again = "请改回“修复验证”，验证之后再关闭。"
    if not incident["proof"]:
        yield Lack("S45-closed", "proof", f"{incident.key} 已关闭而没有写验证结果。{again}")
    if not incident["verifier"]:
        yield Lack("S45-closed", "verifier", f"{incident.key} 已关闭而没有写验证人。{again}")
    elif incident.text("verifier").strip() == incident.text("handler").strip():
        who = incident.text("verifier")
        yield Lack(
            "S45-closed", "verifier", f"{incident.key} 的验证人和负责人都是{who}，自己不能验证自己。请换一位验证人。"
        )
