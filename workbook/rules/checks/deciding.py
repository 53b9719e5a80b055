"""Owns the checks of what a panel decides, and of the files behind it: S13, S15."""

from __future__ import annotations

from collections.abc import Iterator

from workbook.rows import MISSING_FILE
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.minutes import ground_of, rows_of
from workbook.rules.selection import Panel, RulesRefused
from workbook.rules.voting import Voting, required_roles, voting_of
from workbook.schema import Files
from workbook.tables import Candidates, Minutes, SettingRow, Settings
from workbook.tables.selection import VOTES

UNDER_REVIEW = ("reviewing", "scoring", "recommended")


def missing_files(situation: Situation) -> Iterator[Finding]:
    """S13: a candidate that is reviewed, or further, while a wanted file is still to come."""
    wanted = [c for c in Candidates.columns.values() if isinstance(c, Files) and c.wanted]
    for record in situation.of(Candidates):
        if record["status"] not in UNDER_REVIEW:
            continue
        gone = [c for c in wanted if record.text(c.name) in ("", *MISSING_FILE.values())]
        if gone:
            words = "、".join(column.zh for column in gone)
            yield at(
                record, "S13-files",
                f"还缺{words}（待补）。请把状态改为“退回补正”，在“给伙伴的话”里写明缺什么；补交后文件名会写进这一格。",
                gone[0].name,
            )  # fmt: skip


def settings(situation: Situation) -> Iterator[Finding]:
    """S15: the setting of required departments names one that reviewers cannot have."""
    try:
        required_roles(situation.selection.settings)
    except RulesRefused as error:
        yield Finding("S15-setting", Settings.label.zh, None, SettingRow.PANEL_ROLES, "", str(error))


def _votings(situation: Situation) -> Iterator[tuple[Panel, Voting]]:
    try:
        for panel in situation.selection.panels.values():
            yield panel, voting_of(situation.selection, panel)
    except RulesRefused:
        return  # told as S15-setting


def early_lists(situation: Situation) -> Iterator[Finding]:
    """S15: a recommended list while required departments, or votes of members, are missing."""
    for panel, voting in _votings(situation):
        if not panel.recommended:
            continue
        parts = []
        if voting.lacking:
            parts.append(f"评审人里缺少{'、'.join(voting.lacking)}的代表")
        if voting.missing:
            some = "、".join(f"{who} 对 {key}" for who, key in voting.missing[:3])
            more = f"等 {len(voting.missing)} 份" if len(voting.missing) > 3 else ""
            parts.append(f"还缺有效表决：{some}{more}")
        if parts:
            yield at(panel.record, "S15-list", f"已经填了推荐名单，而{'；'.join(parts)}。请补齐，或先清空推荐名单。", "recommended")  # fmt: skip


def uncarried(situation: Situation) -> Iterator[Finding]:
    """S15: somebody is recommended without more than half of the valid votes."""
    for panel, voting in _votings(situation):
        for key in panel.recommended:
            if key in voting.ranks and not voting.carried(key):
                counts = voting.counts(key)
                said = "、".join(f"{label.zh} {counts[code]}" for code, label in VOTES.items())
                yield at(
                    panel.record, "S15-votes",
                    f"推荐的 {key} 没有得到过半的有效推荐票（{said}）。请补表决，或从推荐名单里去掉。", "recommended",
                )  # fmt: skip


def void_votes(situation: Situation) -> Iterator[Finding]:
    """S15: the newest vote of a member was cast on another ranking than that of now."""
    for _, voting in _votings(situation):
        for vote in voting.void:
            why = "表决之后排名有变" if vote["fingerprint"] else "没有排名指纹，不知道按哪一次排名表决"
            yield at(
                vote, "S15-void",
                f"{vote.text('reviewer')} 对 {vote.text('candidate')} 的表决已失效：{why}。请评审人用自己的链接重新表决。",
                "vote",
            )  # fmt: skip


def minutes(situation: Situation) -> Iterator[Finding]:
    """S15: a final panel without confirmed minutes; and confirmed minutes whose ground changed afterwards."""
    for panel, _ in _votings(situation):
        rows = [row for row in rows_of(situation.of(Minutes), panel.key) if row["status"] == "confirmed"]
        if panel.status == "done" and not rows:
            yield at(
                panel.record, "S15-minutes",
                f"评审会已定稿，还没有已确认的纪要。请运行 partnerbook minutes BOOK {panel.key} 起草，核对后确认。", "status",
            )  # fmt: skip
        for row in rows:
            if row.text("fingerprint") != ground_of(situation.selection, panel):
                yield at(
                    row, "S15-minutes-changed",
                    f"{panel.key} 的纪要已确认，而成员、排名、表决或推荐名单之后有变。请改回“起草”后重新起草并确认，或改回原样。",
                    "fingerprint",
                )  # fmt: skip


CHECKS: tuple[Check, ...] = (missing_files, settings, early_lists, uncarried, void_votes, minutes)
