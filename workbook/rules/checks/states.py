"""Owns the check of states that people typed: one that may not follow the state before (S10, S13, S14, S17, S20, S24, S27, S38, S44, S45, S49)."""

from __future__ import annotations

from collections.abc import Iterator

from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.states import unlogged
from workbook.schema import Table
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

RULES: dict[type[Table], str] = {
    Requirements: "S10-step",
    Candidates: "S13-step",
    Panels: "S14-step",
    Contracts: "S17-step",
    Partners: "S38-step",
    Meetings: "S20-step",
    Issues: "S24-step",
    Campaigns: "S27-step",
    Disputes: "S44-step",
    Incidents: "S45-step",
    Drills: "S49-step",
}


def steps(situation: Situation) -> Iterator[Finding]:
    """A state that may not follow the one that 变更记录 holds of the row."""
    for seen in unlogged(situation.records, situation.of(Changes)):
        if not seen.legal:
            yield at(seen.record, RULES[seen.machine.table], seen.sentence(), seen.machine.column)


def unlisted(situation: Situation) -> Iterator[Finding]:
    """S15: a candidate is called recommended, and no closed panel has it on its list."""
    panels = situation.selection.panels.values()
    listed = {key for panel in panels if panel.status in ("closed", "done") for key in panel.recommended}
    for record in situation.of(Candidates):
        if record["status"] == "recommended" and record.key not in listed:
            yield at(
                record, "S15-unlisted",
                f"{record.key} 的状态是“推荐”，而没有一场已截止的评审会把它列入推荐名单。请改回“评分与评审会”，或先在“评审会”里定推荐名单。", "status",
            )  # fmt: skip


CHECKS: tuple[Check, ...] = (steps, unlisted)
