"""Owns what a panel's vote means (S15): the fingerprint of a ranking, votes that hold, required departments, the proposed list."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbook.records import Record
from workbook.rules.selection import SETTING_DEFAULTS, Panel, RulesRefused, Selection, natural
from workbook.tables import SettingRow
from workbook.tables.selection import ROLES

Row = Mapping[str, Any]


def ranking_fingerprint(panel: str, results: Iterable[Row]) -> str:
    """SHA-256 over a panel and, for each candidate, its score, rank, state and the fingerprint of its result."""
    said = sorted(
        [str(row.get("candidate") or ""), *(str(row.get(name) or "") for name in ("score", "rank", "state", "fingerprint"))]
        for row in results
        if row.get("state")
    )  # fmt: skip
    text = json.dumps([panel, said], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def ranks_of(results: Iterable[Row]) -> dict[str, int]:
    """The candidates that are ranked, best first."""
    found = [(int(row["rank"]), str(row["candidate"])) for row in results if row.get("state") == "ranked" and row.get("rank")]  # fmt: skip
    return {candidate: rank for rank, candidate in sorted(found, key=lambda pair: (pair[0], natural(pair[1])))}


def passed_over(ranks: Mapping[str, int], choices: Mapping[str, str]) -> dict[str, list[str]]:
    """What one member recommends against the ranking: candidate → better ranked ones to which they said otherwise."""
    other = {key for key, choice in choices.items() if choice and choice != "for"}
    found = {
        key: [better for better, rank in ranks.items() if better in other and rank < ranks[key]]
        for key, choice in choices.items()
        if choice == "for" and key in ranks
    }
    return {key: better for key, better in found.items() if better}


# --- people -----------------------------------------------------------------------------------------------------------


def required_roles(settings: Mapping[str, str]) -> tuple[str, ...]:
    """The departments without which a panel gives no list, by code: a setting, with its default.

    Raises:
        RulesRefused: the setting names a department that reviewers cannot have.
    """
    text = settings.get(SettingRow.PANEL_ROLES) or SETTING_DEFAULTS[SettingRow.PANEL_ROLES]
    known = {word.casefold(): code for code, label in ROLES.items() for word in label}
    words = [word.strip() for word in re.split(r"[,，、;；\n]+", text) if word.strip()]
    if strange := [word for word in words if word.casefold() not in known]:
        may = "、".join(label.zh for label in ROLES.values())
        raise RulesRefused(f"“设置”里的“{SettingRow.PANEL_ROLES}”不认识 {'、'.join(strange)}，可写：{may}。请改正。")
    return tuple(dict.fromkeys(known[word.casefold()] for word in words))


def members_of(selection: Selection, panel: Panel) -> tuple[str, ...]:
    """The reviewers of a panel who are there: one who 已卸任 does not count."""
    return tuple(key for key in panel.reviewers if key in selection.reviewers and selection.reviewers[key].active)


def lacking_roles(selection: Selection, panel: Panel) -> tuple[str, ...]:
    """The required departments, in words, that nobody on the panel stands for."""
    there = {selection.reviewers[key].role for key in members_of(selection, panel)}
    return tuple(ROLES[role].zh for role in required_roles(selection.settings) if role not in there)


def recused_in(selection: Selection, panel: str) -> dict[tuple[str, str], str]:
    """Who is recused from whom on a panel, and why: (reviewer, candidate) → reason."""
    return {
        (row.text("reviewer"), row.text("candidate")): row.text("reason")
        for row in selection.declarations
        if row["panel"] == panel and row["conflict"] == "yes"
    }


# --- votes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Voting:
    """The votes of one panel as they stand against the ranking of now."""

    panel: str
    fingerprint: str
    ranks: Mapping[str, int]
    valid: tuple[Record, ...]  # the newest of a member on a candidate, on the ranking of now
    void: tuple[Record, ...]  # the newest of a member on a candidate, on another ranking
    missing: tuple[tuple[str, str], ...]  # (member, candidate) without a valid vote
    lacking: tuple[str, ...]  # required departments that are not there

    def counts(self, candidate: str) -> Counter[str]:
        """The valid votes on a candidate by kind."""
        return Counter(str(vote["vote"]) for vote in self.valid if vote["candidate"] == candidate)

    def carried(self, candidate: str) -> bool:
        """Whether more than half of the valid votes on a candidate, abstentions among them, are 推荐."""
        counts = self.counts(candidate)
        return counts["for"] * 2 > sum(counts.values())

    @property
    def proposed(self) -> tuple[str, ...]:
        """The list that the votes give, in the order of the ranking; none while required departments are missing."""
        return () if self.lacking else tuple(key for key in self.ranks if self.carried(key))


def voting_of(selection: Selection, panel: Panel) -> Voting:
    """The votes of a panel.

    Raises:
        RulesRefused: the setting of required departments cannot be read.
    """
    results = selection.results.get(panel.key, ())
    now, ranks = ranking_fingerprint(panel.key, results), ranks_of(results)
    away = recused_in(selection, panel.key).keys()
    asked = [(who, key) for who in members_of(selection, panel) for key in ranks if (who, key) not in away]
    newest = _newest([vote for vote in selection.votes if vote["panel"] == panel.key])
    found = [newest[pair] for pair in asked if pair in newest]
    valid = tuple(vote for vote in found if vote["fingerprint"] == now)
    held = {_pair(vote) for vote in valid}
    return Voting(
        panel.key, now, ranks, valid, tuple(vote for vote in found if vote["fingerprint"] != now),
        tuple(pair for pair in asked if pair not in held), lacking_roles(selection, panel),
    )  # fmt: skip


def valid_votes(selection: Selection) -> set[str]:
    """The keys of all votes that count, over all panels."""
    return {vote.key for panel in selection.panels.values() for vote in voting_of(selection, panel).valid}


def _pair(vote: Record) -> tuple[str, str]:
    return vote.text("reviewer"), vote.text("candidate")


def _newest(votes: Sequence[Record]) -> dict[tuple[str, str], Record]:
    """The last vote of each member on each candidate: by time, then by key; a row without a choice is none."""
    cast = [vote for vote in votes if vote["vote"] is not None]
    ordered = sorted(cast, key=lambda vote: (vote["submitted_at"] or datetime.min, natural(vote.key)))
    return {_pair(vote): vote for vote in ordered}


__all__ = [
    "Voting",
    "lacking_roles",
    "members_of",
    "passed_over",
    "ranking_fingerprint",
    "ranks_of",
    "recused_in",
    "required_roles",
    "valid_votes",
    "voting_of",
]
