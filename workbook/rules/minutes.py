"""Owns what the minutes of a panel say (S15), as text from the book's own rows, and the fingerprint of their ground."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbook.records import Record
from workbook.rules.finding import Finding
from workbook.rules.selection import Panel, Selection
from workbook.rules.voting import Voting, members_of, recused_in, voting_of
from workbook.tables import Minutes
from workbook.tables.selection import RESULT_STATES, ROLES, VOTES

LIMIT = 5000  # characters of 草稿
MORE = "\n……（太长，后面略去；全部表决见“评审表决”）"
ABOUT_MINUTES = ("S15-minutes", "S15-minutes-changed")  # no open points: they are about the minutes themselves


@dataclass(frozen=True)
class Draft:
    """The text of a panel's minutes, and the fingerprint of what they rest on."""

    text: str
    fingerprint: str


def draft_of(selection: Selection, panel: Panel, row: Record | None, findings: Sequence[Finding]) -> Draft:
    """The minutes of a panel as the book gives them now; `row` is their row, with what staff wrote about the meeting.

    Raises:
        RulesRefused: the setting of required departments cannot be read.
    """
    voting = voting_of(selection, panel)
    parts = [
        _head(selection, panel, row),
        _recused(selection, panel),
        _ranking(selection, panel),
        _votes(selection, voting),
        _list(selection, panel, voting),
        _open(findings),
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part)
    shown = text if len(text) <= LIMIT else text[: LIMIT - len(MORE)] + MORE
    return Draft(shown, ground_of(selection, panel))


def ground_of(selection: Selection, panel: Panel) -> str:
    """SHA-256 over what minutes rest on: members, recusals, the ranking, the votes that hold, and the list."""
    voting = voting_of(selection, panel)
    people = [[key, selection.reviewers[key].person, selection.reviewers[key].role] for key in members_of(selection, panel)]  # fmt: skip
    ground = {
        "panel": [panel.key, panel.title, panel.rule_version],
        "members": people,
        "recused": sorted([*pair, why] for pair, why in recused_in(selection, panel.key).items()),
        "ranking": voting.fingerprint,
        "votes": sorted([vote.key, *(vote.text(name) for name in ("reviewer", "candidate", "vote", "reason"))] for vote in voting.valid),
        "lacking": list(voting.lacking),
        "recommended": list(panel.recommended),
        "reason": panel.reason,
    }  # fmt: skip
    text = json.dumps(ground, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def confirmed_text(row: Record) -> str:
    """What minutes say: what staff wrote, else the draft."""
    return row.text("text") or row.text("draft")


def rows_of(records: Sequence[Record], panel: str) -> list[Record]:
    """The minutes of a panel."""
    return [record for record in records if record["panel"] == panel]


def findings_of(findings: Sequence[Finding], panel: Panel, selection: Selection) -> list[Finding]:
    """The findings that concern a panel: its own row, its candidates, and the rows that name it."""
    votes = {vote.key for vote in selection.votes if vote["panel"] == panel.key}
    rows = {record.key for group in (selection.marks, selection.declarations) for record in group if record["panel"] == panel.key}  # fmt: skip
    own = {panel.key, *panel.candidates, *votes, *rows}
    return [
        one
        for one in findings
        if one.rule not in ABOUT_MINUTES
        and one.key
        and (one.key in own or one.key.startswith(f"{panel.key}/"))
        and one.sheet != Minutes.label.zh
    ]


# --- the parts --------------------------------------------------------------------------------------------------------


def _head(selection: Selection, panel: Panel, row: Record | None) -> Iterator[str]:
    held = row["held_on"] if row else None
    yield f"评审会纪要　{panel.key}"
    yield f"主题：{panel.title or '（未填）'}"
    yield f"日期：{held.isoformat() if held else '（请在“开会日期”里填写）'}"
    yield f"规则版本：{panel.rule_version}"
    by_role: dict[str, list[str]] = {}
    for key in members_of(selection, panel):
        one = selection.reviewers[key]
        by_role.setdefault(one.role_words or "未写部门", []).append(f"{key} {one.person}")
    order = [label.zh for label in ROLES.values()]
    yield "成员："
    for role in sorted(by_role, key=lambda word: (order.index(word) if word in order else len(order), word)):
        yield f"  {role}：{'、'.join(by_role[role])}"
    if row and row["attendees"]:
        yield f"出席：{row.text('attendees')}"


def _recused(selection: Selection, panel: Panel) -> Iterator[str]:
    yield "回避："
    found = recused_in(selection, panel.key)
    for (who, key), why in sorted(found.items()):
        yield f"  {_person(selection, who)} 对 {_firm(selection, key)}：{why or '没有写原因'}"
    if not found:
        yield "  无"


def _ranking(selection: Selection, panel: Panel) -> Iterator[str]:
    yield "排名："
    rows = [row for row in selection.results.get(panel.key, ()) if row.get("state")]
    for row in sorted(rows, key=lambda row: (int(row.get("order") or 999), str(row.get("candidate")))):
        score = "无得分" if row.get("score") is None else f"{row['score']:.2f} 分"
        ranked = row.get("state") == "ranked"
        place = f"第 {int(row['rank'])} 名" if ranked and row.get("rank") else RESULT_STATES[str(row["state"])].zh
        grade = f"，{row['grade']} 级" if ranked and row.get("grade") else ""
        why = "；".join(str(row.get("reason") or "").split("\n")) if not ranked else ""
        yield f"  {place}　{_firm(selection, str(row['candidate']))}　{score}{grade}{'　' + why if why else ''}"


def _votes(selection: Selection, voting: Voting) -> Iterator[str]:
    yield "表决："
    for key in voting.ranks:
        counts = voting.counts(key)
        yield f"  {_firm(selection, key)}：" + "，".join(f"{label.zh} {counts[code]}" for code, label in VOTES.items())
        for vote in voting.valid:
            if vote["candidate"] == key:
                why = f"：{vote.text('reason')}" if vote["reason"] else ""
                yield f"    {_person(selection, vote.text('reviewer'))} {VOTES[vote['vote']].zh}{why}"
        gone = [_person(selection, who) for who, candidate in voting.missing if candidate == key]
        if gone:
            yield f"    没有有效表决：{'、'.join(gone)}"


def _list(selection: Selection, panel: Panel, voting: Voting) -> Iterator[str]:
    if voting.lacking:
        yield f"不能给出推荐名单：评审人里缺少{'、'.join(voting.lacking)}的代表。"
        return
    chosen = panel.recommended or voting.proposed
    label = "推荐名单" if panel.recommended else "推荐名单（按有效表决过半提出，请填入“评审会”）"
    yield f"{label}：{'、'.join(_firm(selection, key) for key in chosen) or '无'}"
    last = max((voting.ranks[key] for key in chosen if key in voting.ranks), default=0)
    better = [key for key, rank in voting.ranks.items() if rank < last and key not in chosen]
    if better:
        names = "、".join(_firm(selection, key) for key in better)
        yield f"与排名不一致：{names} 排名更前而没有推荐。理由：{panel.reason or '（还没有写，请填“推荐理由”）'}"
    elif panel.reason:
        yield f"推荐理由：{panel.reason}"


def _open(findings: Sequence[Finding]) -> Iterator[str]:
    yield "待办："
    for one in findings:
        yield f"  {one.rule} {one.key}：{one.message}"
    if not findings:
        yield "  无"


def _person(selection: Selection, key: str) -> str:
    one = selection.reviewers.get(key)
    return one.label if one else key


def _firm(selection: Selection, key: str) -> str:
    facts: Mapping[str, Any] = selection.candidates.get(key, {})
    return f"{key} {facts.get('legal_name') or ''}".strip()


__all__ = ["Draft", "confirmed_text", "draft_of", "findings_of", "ground_of", "rows_of"]
