"""Owns the checks of rules, marks, panels and results: S2, S5, S9, S14, S15."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from workbook.errors import PartnerBookError
from workbook.evaluation import check_bands, check_weights
from workbook.evaluation.model import Outcome
from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at, number_said
from workbook.rules.selection import Panel, Rules, RulesRefused, dimension_code
from workbook.rules.voting import lacking_roles
from workbook.schema import Column
from workbook.tables import Bands, Candidates, Declarations, Indicators, Marks, Panels, Results, Reviewers
from workbook.tables.selection import GRADES, RESULT_STATES


def weights(situation: Situation) -> Iterator[Finding]:
    """S14: weights sum to 100, over the dimensions and within each of them."""
    for rules in situation.selection.rules.values():
        try:
            check_weights(rules.dimensions)
        except PartnerBookError as error:
            row = next(r for r in situation.of(Indicators) if r.text("rule_version") == rules.version)
            yield at(row, "S14-weights", f"规则版本 {rules.version}：{error}", "weight")


def bands(situation: Situation) -> Iterator[Finding]:
    """S3: bands leave no gap and do not overlap; each banded indicator has some."""
    for rules in situation.selection.rules.values():
        groups = {
            key: [band for band, _ in rules.bands.get(key, ())] for key, text in rules.texts.items() if text.banded
        }
        groups[GRADES] = list(rules.grades)
        for use, found in groups.items():
            try:
                check_bands(found)
            except PartnerBookError as error:
                rows = [r for r in situation.of(Bands) if r.text("used_for") == use]
                message = f"规则版本 {rules.version} 的“{use}”：{error}"
                yield (
                    at(rows[0], "S3-bands", message, "low")
                    if rows
                    else Finding("S3-bands", "档位", None, "", "", message)
                )


def loose_indicators(situation: Situation) -> Iterator[Finding]:
    """S14: a row of the tree that belongs to no rule version, no layer or no dimension; it does not count."""
    for record in situation.of(Indicators):
        for name in ("rule_version", "layer"):
            if record[name] is None and name not in record.problems:
                yield at(record, "S14-tree", f"这一行没有{Indicators.columns[name].zh}，不起作用。请填写。", name)
        rules = situation.selection.rules.get(record.text("rule_version"))
        if rules and record["layer"] == "indicator":
            above = {dimension.key for dimension in rules.dimensions}
            if record.text("parent") not in above:
                yield at(
                    record, "S14-tree",
                    f"上级应是规则版本 {rules.version} 的一个维度，现在是“{record.text('parent')}”：这一项不计分。请改正。",
                    "parent",
                )  # fmt: skip


def unplaced_rows(situation: Situation) -> Iterator[Finding]:
    """S14, S15: a mark or a declaration that does not say of which panel, by whom or about whom."""
    for table, rule, effect in (
        (Marks, "S14-unplaced", "这一分不计入"),
        (Declarations, "S15-unplaced", "这条声明不起作用"),
    ):
        for record in situation.of(table):
            names = [name for name in ("panel", "candidate", "reviewer", "conflict") if name in table.columns]
            if gone := [name for name in names if record[name] is None and name not in record.problems]:
                words = "、".join(table.columns[name].zh for name in gone)
                yield at(record, rule, f"没有写{words}，{effect}。请补上。", gone[0])


def _judged(situation: Situation) -> Iterator[tuple[Record, Panel, Rules]]:
    """The marks that belong to a panel with known rules."""
    selection = situation.selection
    for record in situation.of(Marks):
        panel = selection.panels.get(record.text("panel"))
        rules = selection.rules.get(panel.rule_version) if panel else None
        if panel and rules:
            yield record, panel, rules


def evidence(situation: Situation) -> Iterator[Finding]:
    """S2, S5, S9: a mark without evidence, where the indicator asks for it; the policy row is the indicator's own."""
    for record, _, rules in _judged(situation):
        text = rules.texts.get(record.text("indicator"))
        if text and text.evidence_required and record["mark"] and not record["evidence"]:
            clause = dimension_code(record.text("indicator"), rules.version).split(".")[0]
            yield at(
                record,
                f"{clause}-evidence",
                f"“{text.title}”打了 {record['mark']} 分而没有写依据。请补写依据。",
                "evidence",
            )


def strange_marks(situation: Situation) -> Iterator[Finding]:
    """S14: a mark that belongs to nobody in the panel, or to no indicator that is marked; it does not count."""
    for record, panel, rules in _judged(situation):
        if record["candidate"] and record.text("candidate") not in panel.candidates:
            yield at(
                record,
                "S14-stranger",
                f"{record.text('candidate')} 不在评审会 {panel.key} 的候选里，这一分不计入。",
                "candidate",
            )
        if record["reviewer"] and record.text("reviewer") not in panel.reviewers:
            yield at(
                record,
                "S14-stranger",
                f"{record.text('reviewer')} 不是评审会 {panel.key} 的评审人，这一分不计入。",
                "reviewer",
            )
        text = rules.texts.get(record.text("indicator"))
        if text is None:
            yield at(
                record,
                "S14-indicator",
                f"规则版本 {rules.version} 里没有指标 {record.text('indicator') or '（空）'}，这一分不计入。",
                "indicator",
            )
        elif text.banded:
            yield at(record, "S14-indicator", f"“{text.title}”按档位换算，手工打的分不计入。", "indicator")


def missing_marks(situation: Situation) -> Iterator[Finding]:
    """S14: a row of a mark without the mark."""
    for record, _, _ in _judged(situation):
        if record["mark"] is None and "mark" not in record.problems:
            yield at(record, "S14-blank", "这一行没有分数，不计入。请打 1 到 5 分，或选不适用。", "mark")


def doubled_marks(situation: Situation) -> Iterator[Finding]:
    """S14: one reviewer marked the same indicator of the same candidate twice; neither counts."""
    seen: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record, _, _ in _judged(situation):
        if record["mark"] is None or record.key in situation.selection.doubled[Marks.name]:
            continue  # without a mark, or a copied row: told as such
        seen[tuple(record.text(name) for name in ("panel", "candidate", "reviewer", "indicator"))].append(record)
    for records in seen.values():
        if len(records) > 1:
            keys = "、".join(record.key or f"第 {record.number} 行" for record in records)
            yield at(
                records[1], "S14-twice", f"同一位评审人对同一指标打了几次分（{keys}），都不计入。请保留一行。", "mark"
            )


def undeclared(situation: Situation) -> Iterator[Finding]:
    """S15: marks of a reviewer who made no declaration, or who is recused."""
    declared: dict[tuple[str, ...], str] = {}
    for row in situation.of(Declarations):
        place = (row.text("panel"), row.text("reviewer"), row.text("candidate"))
        if row["conflict"] is not None and declared.get(place) != "yes":  # once recused, recused
            declared[place] = row["conflict"]
    told: set[tuple[str, ...]] = set()
    for record, panel, _ in _judged(situation):
        who = (panel.key, record.text("reviewer"), record.text("candidate"))
        if who in told or who[1] not in panel.reviewers or who[2] not in panel.candidates:
            continue
        told.add(who)
        if who not in declared:
            yield at(
                record,
                "S15-declaration",
                f"{who[1]} 对 {who[2]} 打了分而没有利益冲突声明。请补一行回避声明。",
                "reviewer",
            )
        elif declared[who] == "yes":
            yield at(record, "S15-recused", f"{who[1]} 已对 {who[2]} 声明回避，他的评分不计入。", "reviewer")


def unfinished_panels(situation: Situation) -> Iterator[Finding]:
    """S14: scoring is closed and some reviewer gave no mark for some candidate."""
    marked = {
        (r.text("panel"), r.text("reviewer"), r.text("candidate")) for r in situation.of(Marks) if r["mark"] is not None
    }
    recused = {
        (r.text("panel"), r.text("reviewer"), r.text("candidate"))
        for r in situation.of(Declarations)
        if r["conflict"] == "yes"
    }
    for panel in situation.selection.panels.values():
        if panel.status not in ("closed", "done"):
            continue
        gone = [
            f"{reviewer} 对 {candidate}"
            for candidate in panel.candidates
            for reviewer in panel.reviewers
            if (panel.key, reviewer, candidate) not in marked | recused
        ]
        if gone:
            more = f"等 {len(gone)} 份" if len(gone) > 3 else ""
            yield at(panel.record, "S14-missing", f"评分已截止，还缺 {'、'.join(gone[:3])}{more}。", "reviewers")


def disputed_scope(situation: Situation) -> Iterator[Finding]:
    """S14: some reviewers gave a mark where others said that the indicator does not apply."""
    said: dict[tuple[str, ...], set[bool]] = defaultdict(set)
    first: dict[tuple[str, ...], Record] = {}
    for record, _, _ in _judged(situation):
        if record["mark"] is not None:
            at_ = tuple(record.text(name) for name in ("panel", "candidate", "indicator"))
            said[at_].add(bool(record["mark"]))
            if not record["mark"]:
                first.setdefault(at_, record)
    for at_, kinds in said.items():
        if len(kinds) > 1:
            yield at(
                first[at_],
                "S14-scope",
                f"{at_[1]} 的 {at_[2]}：有人打分、有人选不适用，按打分的平均计。请评审会议定。",
                "mark",
            )


def roles(situation: Situation) -> Iterator[Finding]:
    """S15: no recommended list unless somebody of each required department sits on the panel."""
    selection = situation.selection
    for panel in selection.panels.values():
        try:
            lacking = lacking_roles(selection, panel)
        except RulesRefused:
            return  # told as S15-setting
        if lacking:
            yield at(
                panel.record, "S15-roles", f"评审人里缺少{'、'.join(lacking)}的代表：不能给出推荐名单。", "reviewers"
            )


def recommendations(situation: Situation) -> Iterator[Finding]:
    """S15: who is recommended is ranked, and going against the ranking has a reason."""
    for panel in situation.selection.panels.values():
        if not panel.recommended:
            continue
        rows = {str(row.get("candidate")): row for row in situation.selection.results.get(panel.key, ())}
        for key in panel.recommended:
            if rows and rows.get(key, {}).get("state") != "ranked":
                yield at(
                    panel.record,
                    "S15-recommended",
                    f"推荐的 {key} 没有进入排名（否决、暂不能评或不在名单）。",
                    "recommended",
                )
        ranks = {key: int(rank) for key, row in rows.items() if (rank := row.get("rank")) is not None}
        chosen = [ranks[key] for key in panel.recommended if key in ranks]
        better = [key for key, rank in ranks.items() if chosen and rank < max(chosen) and key not in panel.recommended]
        if better and not panel.reason:
            names = "、".join(sorted(better))
            yield at(panel.record, "S15-against-ranking", f"{names} 排名更前而没有推荐。请写明推荐理由。", "reason")


def unknown_people(situation: Situation) -> Iterator[Finding]:
    """S15: a panel names candidates, reviewers or a rule version that are not there."""
    selection = situation.selection
    for panel in selection.panels.values():
        for column, keys, known, sheet in (
            ("candidates", panel.candidates, {r.key for r in situation.of(Candidates)}, "候选提交"),
            ("reviewers", panel.reviewers, {r.key for r in situation.of(Reviewers)}, "评审人"),
            ("rule_version", (panel.rule_version,), set(selection.rules), "评价指标"),
        ):
            for key in keys:
                if key not in known:
                    yield at(panel.record, "S15-unknown", f"“{sheet}”里没有 {key or '（空）'}。请改正。", column)


def _wrong(record: Record, outcome: Outcome, version: str) -> list[tuple[Column, str, str]]:
    """The cells of a result that say something else than the outcome: column, what it says, what it should say."""
    from workbook.evaluating import dimension_cells

    now = {
        "state": outcome.state.value, "rank": outcome.rank, "score": outcome.score, "grade": outcome.grade or None,
        **dimension_cells(outcome, version),
    }  # fmt: skip
    return [
        (Results.columns[name], _said(name, record[name]), _said(name, value))
        for name, value in now.items()
        if record[name] != value
    ]


def _said(name: str, value: object) -> str:
    if isinstance(value, Decimal):
        return number_said(value, 2 if name == "score" else 0)
    return "无" if value is None else RESULT_STATES[str(value)].zh if name == "state" else str(value)


def altered_results(situation: Situation) -> Iterator[Finding]:
    """S14: a result that is not what the marks of the book give now, or whose own formula disagrees."""
    from workbook.evaluating import score_book

    found = score_book(situation.selection, situation.today)
    for panel, why in found.refused.items():
        yield Finding("S14-refused", Panels.label.zh, None, panel, "", why)
    by_key = {record.key: record for record in situation.of(Results)}
    for scored in found.scored:
        for outcome in scored.outcomes:
            record = by_key.get(f"{scored.panel.key}/{outcome.candidate}")
            if record is None:
                key = f"{scored.panel.key}/{outcome.candidate}"
                yield Finding(
                    "S14-result", Results.label.zh, None, key, "", "还没有结果。请运行 partnerbook evaluate。"
                )
            elif wrong := _wrong(record, outcome, scored.rules.version):
                words = "；".join(f"{column.zh}写着 {was}，按现在的评分应为 {now}" for column, was, now in wrong)
                yield at(record, "S14-result", f"{words}。请运行 partnerbook evaluate。", wrong[0][0].name)
    for record in situation.of(Results):
        saved = record["check"]
        if record["score"] is not None and isinstance(saved, int | float) and Decimal(repr(saved)) != record["score"]:
            yield at(record, "S14-formula", f"官方得分 {record['score']} 与复算 {saved} 不一致。请运行 partnerbook evaluate 并查看规则版本。", "score")  # fmt: skip


CHECKS: tuple[Check, ...] = (
    weights, bands, loose_indicators, evidence, unplaced_rows, strange_marks, missing_marks, doubled_marks,
    disputed_scope, unfinished_panels, undeclared, roles, unknown_people, recommendations, altered_results,
)  # fmt: skip
