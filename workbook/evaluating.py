"""Owns evaluating a workbook: read, score, write results by key. The one way for command, server and add-in.

What is equal is not written: a second evaluation of an unchanged book changes no byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from workbook import store
from workbook.certifying import keep_certificates
from workbook.changelog import keep_states
from workbook.deciding import write_validity
from workbook.errors import MissingTable, PartnerBookError
from workbook.evaluation import EvaluationRefused, band_mark, check_bands, check_weights, half_up, score_panel
from workbook.evaluation.exact import exact
from workbook.evaluation.grading import holds
from workbook.evaluation.model import Entry, Mark, Measured, Outcome, PartState, Policy, State
from workbook.granting import grant_incentives
from workbook.guarding import keep_guard
from workbook.identity import must_be_ours
from workbook.improving import measure_plans
from workbook.measuring import Measurement, measure_book
from workbook.measuring import as_lines as measured_lines
from workbook.meeting import keep_meetings, plan_meetings
from workbook.ooxml import Book
from workbook.preparing import prepare_for_emergencies
from workbook.records import read_records
from workbook.reviewing import write_reviews
from workbook.rows import headers, language, need, to_cell
from workbook.rules.selection import (
    Panel,
    Rules,
    RulesRefused,
    Selection,
    dimension_code,
    fact_of,
    judge_gates,
    policy_numbers,
    read_selection,
    rules_of,
)
from workbook.store import Step, no_step
from workbook.surveying import write_surveys
from workbook.tables import TABLES, Contributions, Marks, Panels, Results, SettingRow
from workbook.tables.selection import DIMENSIONS
from workbook.todos import keep_todos
from workbook.writing import fitting, percent, upsert_rows

PLACES = 13  # decimals of a dimension score: fourteen digits survive every program that saves the book
DIMENSION_COLUMNS = dict(
    zip(DIMENSIONS, ("fit", "technology", "finance", "market", "operations", "compliance", "record", "culture"), strict=True)
)  # fmt: skip
PART_WORDS = {PartState.SCORED: "已评", PartState.NA: "不适用", PartState.MISSING: "无数据"}
NO_LONGER = "不再参加本次评审会"
KEPT_PARTS = (
    "contribution",
    "result",
    "indicator",
    "legal_name",
    "dimension",
    "title",
)  # of a part that no longer counts


@dataclass(frozen=True)
class Scored:
    """One panel's outcome: the rules it used and what became of each candidate, in order."""

    panel: Panel
    rules: Rules
    outcomes: tuple[Outcome, ...]
    fingerprints: Mapping[str, str]  # of the inputs, by candidate
    rules_fingerprint: str


@dataclass
class Evaluation:
    """What an evaluation gave: panels that were scored, and why others were not; `changed` if the book was written."""

    scored: list[Scored] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # panel → why
    measured: Measurement = field(default_factory=Measurement)  # performance, by period
    changed: bool = False
    warnings: tuple[str, ...] = ()  # what went well but for something beside it, such as a backup


# --- scoring, without writing ---------------------------------------------------------------------------------------


def score_book(selection: Selection, today: date) -> Evaluation:
    """Score every panel that has begun; a panel that cannot be scored leaves the others alone."""
    found = Evaluation()
    for key, rows in selection.doubled.get(Panels.name, {}).items():
        found.refused[key] = f"评审会编号 {key} 出现在第 {'、'.join(map(str, rows))} 行，没有计算。请只保留一行。"
    for panel in selection.panels.values():
        if panel.status == "preparing":
            continue
        try:
            scored = score_one(selection, panel, today)
            _final_stays(selection, scored)
            found.scored.append(scored)
        except PartnerBookError as error:
            found.refused[panel.key] = str(error)
    return found


class FinalPanel(PartnerBookError):
    """What a final panel rests on was changed afterwards: its results stay as they were."""


def _final_stays(selection: Selection, scored: Scored) -> None:
    panel = scored.panel.key
    rows = [row for row in selection.results.get(panel, ()) if row.get("fingerprint")]
    if scored.panel.status != "done" or not rows:
        return
    again = f"结果保持原样。请改回原样，或把评审会 {panel} 改回“评分截止”再计算。"
    if {str(row.get("rules_fingerprint") or "") for row in rows} != {scored.rules_fingerprint}:
        raise FinalPanel(
            f"评审会 {panel} 已定稿，而规则版本 {scored.rules.version} 之后被改动：{again}改动也可另立为新的规则版本。"
        )
    saved = {str(row.get("candidate")): row.get("fingerprint") for row in rows}
    changed = [key for key in (*scored.fingerprints, *saved) if scored.fingerprints.get(key) != saved.get(key)]
    if changed:
        keys = "、".join(dict.fromkeys(changed))
        raise FinalPanel(f"评审会 {panel} 已定稿，而 {keys} 的评分、声明、资料或名单之后被改动：{again}")


def score_one(selection: Selection, panel: Panel, today: date) -> Scored:
    """Score one panel as of today; one that is final is scored as of the day of its last result.

    Raises:
        RulesRefused, WeightsRefused, BandsRefused: the rules of the panel cannot be used.
    """
    last = selection.last_evaluated(panel.key) if panel.status == "done" else None
    return _score(selection, panel, last or today)


def _score(selection: Selection, panel: Panel, today: date) -> Scored:
    rules = rules_of(selection, panel)
    check_weights(rules.dimensions)
    check_bands(rules.grades)
    least, coverage, ties = policy_numbers(selection)
    policy = Policy(least, coverage, tie_breaks=tuple(f"{rules.version}-{code}" for code in ties))
    entries = [_entry(selection, rules, key, today) for key in panel.candidates]
    measured = [m for key in panel.candidates for m in _measured(rules, selection.candidates.get(key, {}), key)]
    marks, recused = marks_of(selection, panel, rules)
    outcomes = score_panel(rules.dimensions, entries, marks, measured, recused, policy, rules.grades)
    ruled = _digest([rules, policy])
    said: dict[str, list[str]] = {key: [] for key in panel.candidates}  # about each candidate, and nobody else
    for mark in marks:
        said[mark.candidate].append(repr(mark))
    for number in measured:
        said[number.candidate].append(repr(number))
    away = {key: sorted(pair for pair in recused if pair[1] == key) for key in panel.candidates}
    prints = {e.candidate: _digest([ruled, e, sorted(said[e.candidate]), away[e.candidate]]) for e in entries}
    return Scored(panel, rules, outcomes, prints, ruled)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(repr(value), ensure_ascii=False).encode()).hexdigest()


def _entry(selection: Selection, rules: Rules, key: str, today: date) -> Entry:
    """A candidate of the panel with its gates; what makes it impossible to rank comes as reasons."""
    if rows := selection.doubled["candidates"].get(key):
        return Entry(key, (), (f"候选编号 {key} 重复（第 {'、'.join(map(str, rows))} 行）",))
    facts = selection.candidates.get(key)
    if facts is None:
        return Entry(key, (), (f"候选提交里没有 {key}",))
    gates, unknown = judge_gates(rules, facts, selection.barred_partner(facts), today)
    if facts.get("status") == "withdrawn":
        unknown.append("候选已撤回")
    if facts.get("verification") == "rejected":
        unknown.append("核实结果为不予采用")
    return Entry(key, gates, tuple(unknown))


def _measured(rules: Rules, facts: Mapping[str, Any], candidate: str) -> list[Measured]:
    """The marks that bands give for a candidate's raw numbers, each naming the number and the band."""
    found = []
    for key, text in rules.texts.items():
        if not text.banded:
            continue
        bands = rules.bands.get(key, ())
        raw, shown = fact_of(facts, text.fact)
        try:
            check_bands([band for band, _ in bands])
            if raw is None:
                found.append(Measured(candidate, key, None, f"{candidate} 的{text.fact}未填"))
                continue
            mark = band_mark(raw, [band for band, _ in bands])
        except EvaluationRefused as error:
            raise RulesRefused(f"指标 {key} 按 {candidate} 的“{text.fact}”换算不出分数：{error}") from error
        row = next(row for band, row in bands if holds(band, exact(raw)))
        found.append(Measured(candidate, key, mark, f"{candidate} {text.fact} {shown} → {row}"))
    return found


def marks_of(selection: Selection, panel: Panel, rules: Rules) -> tuple[list[Mark], set[tuple[str, str]]]:
    """The marks of a panel that count, and who is recused from whom. What does not belong is for `check` to tell."""
    known = {i.key for d in rules.dimensions for i in d.indicators if not i.banded}
    marks = []
    for record in selection.marks:
        value = record["mark"]
        at = (record.text("candidate"), record.text("reviewer"), record.text("indicator"))
        belongs = record["panel"] == panel.key and at[0] in panel.candidates and at[1] in panel.reviewers
        if belongs and at[2] in known and value is not None and "mark" not in record.problems:
            marks.append(Mark(*at, value or None, record.key or f"第 {record.number} 行"))
    recused = {
        (record.text("reviewer"), record.text("candidate"))
        for record in selection.declarations
        if record["panel"] == panel.key and record["conflict"] == "yes"
    }
    return marks, recused


# --- writing ---------------------------------------------------------------------------------------------------------


def evaluate_book(book: Book, now: datetime) -> Evaluation:
    """Score a book in memory and write keys, sources and results into it; `now` is the local time of the book."""
    fill_keys(book)
    plan_meetings(book, now)  # before the states: a new row is logged with them
    keep_states(book, now)
    _label_typed(book)
    write_reviews(book)
    selection = read_selection(book)
    found = score_book(selection, now.date())
    for scored in found.scored:
        _write(book, scored, selection, now)
    write_validity(book)
    found.measured = measure_book(book, now)
    grant_incentives(book, now)
    measure_plans(book, now)
    write_surveys(book)
    keep_meetings(book, now)
    kept = keep_certificates(book, now.date())  # before the to-dos, which tell of what expires
    prepare_for_emergencies(book, now)
    keep_guard(book)
    found.warnings = tuple(filter(None, (kept, keep_todos(book, now.date()))))
    found.changed = bool(book.touched)
    return found


def evaluate_file(path: Path, *, today: date | None = None, step: Step = no_step) -> Evaluation:
    """Evaluate the workbook at a path; it is written only if something differs.

    Raises:
        WorkbookOpen, ChangedUnderneath, WorkbookUnreachable: try again later.
        NotAWorkbook, MissingTable, MissingColumn, AppendRefused: the book cannot be evaluated as it is.
    """
    snapshot = store.read(path)
    book = Book.read(snapshot.data)
    must_be_ours(book, snapshot.path.name)
    now = local_now(book)
    found = evaluate_book(book, datetime.combine(today, now.time()) if today else now)
    if found.changed:
        store.check_free(snapshot.path)
        found.warnings += store.replace(snapshot, book.to_bytes(), step=step).warnings
    return found


def evaluated(data: bytes) -> bytes:
    """The bytes of a book with its results in it."""
    book = Book.read(data)
    evaluate_book(book, local_now(book))
    return book.to_bytes()


def local_now(book: Book) -> datetime:
    """Now on the wall clock of the book, to the second."""
    from workbook.tables import Settings

    zone = {r.key: r.text("value") for r in read_records(book, Settings)}.get(SettingRow.ZONE) or "Asia/Shanghai"
    return datetime.now(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def fill_keys(book: Book) -> None:
    """Give a short key to each row that people typed without one."""
    for table in TABLES:
        key = table.key()
        if not key.prefix:
            continue
        try:
            records = read_records(book, table)
        except MissingTable:
            continue
        bare = [record for record in records if not record.key]
        if not bare:
            continue
        last = max((key.number(record.key) or 0 for record in records), default=0)
        header = need(table, book.table(table.name).columns, [key.name])[key.name]
        changes = {r.number: {header: key.make(n)} for n, r in enumerate(bare, start=last + 1)}
        book.update_rows(table.name, header, changes)


def _label_typed(book: Book) -> None:
    """A mark that came by no link was typed in the sheet, and says so."""
    records = [r for r in read_records(book, Marks) if not r["submission_id"] and r["source"] is None]
    view = book.table(Marks.name)
    where = headers(Marks, view.columns)
    if records and "source" in where:
        word = to_cell(Marks.columns["source"], "typed", language(Marks, view.columns))
        book.update_rows(Marks.name, where["mark_key"], {r.number: {where["source"]: word} for r in records})


def _write(book: Book, scored: Scored, selection: Selection, now: datetime) -> None:
    panel = scored.panel.key
    known = {str(row.get("result") or ""): row for row in selection.results.get(panel, ())}
    rows = [_result(scored, outcome, selection, known, now) for outcome in scored.outcomes]
    current = {row["result"] for row in rows}
    rows += [_gone(row, now) for key, row in known.items() if key and key not in current]
    upsert_rows(book, Results, rows)
    parts = [part for outcome in scored.outcomes for part in _parts(scored, outcome, selection)]
    names = {part["contribution"] for part in parts}
    for key in known:
        parts += [
            {**{name: row.get(name) for name in KEPT_PARTS}, "state": "已停用"}
            for row in selection.contributions.get(key, ())
            if row.get("contribution") and row["contribution"] not in names
        ]
    upsert_rows(book, Contributions, parts)


def _result(
    scored: Scored, outcome: Outcome, selection: Selection, known: Mapping[str, Mapping[str, Any]], now: datetime
) -> dict[str, Any]:
    key = f"{scored.panel.key}/{outcome.candidate}"
    row: dict[str, Any] = {
        "result": key, "panel": scored.panel.key, "candidate": outcome.candidate,
        "legal_name": selection.candidates.get(outcome.candidate, {}).get("legal_name"),
        "state": outcome.state.value, "rank": _whole(outcome.rank), "score": outcome.score, "check": outcome.score, "grade": outcome.grade or None,
        "reason": fitting("\n".join((*outcome.reasons, *outcome.notes)), Results, "reason"),
        "next_step": fitting(outcome.next_step, Results, "next_step"),
        "reviewers": Decimal(outcome.reviewers), "coverage": outcome.coverage, "order": Decimal(outcome.order),
        "rule_version": scored.rules.version, "fingerprint": scored.fingerprints[outcome.candidate],
        "rules_fingerprint": scored.rules_fingerprint,
    }  # fmt: skip
    row |= dimension_cells(outcome, scored.rules.version)
    before = known.get(key, {})
    same = all(before.get(name) == value for name, value in row.items() if name != "check")
    row["evaluated_at"] = before.get("evaluated_at") if same and before.get("evaluated_at") else now
    return row


def dimension_cells(outcome: Outcome, version: str) -> dict[str, Decimal | None]:
    """The scores of the dimensions as results keep them, by column name."""
    return {
        DIMENSION_COLUMNS[dimension_code(key, version)]: None if score is None else half_up(score, PLACES)
        for key, score in outcome.dimensions.items()
    }


def _whole(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _gone(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A result whose candidate left the panel: numbers go, the row and the remark beside it stay."""
    keep = ("result", "panel", "candidate", "legal_name")
    gone = {**{name: row.get(name) for name in keep}, "reason": NO_LONGER}
    same = row.get("reason") == NO_LONGER and row.get("score") is None
    return {**gone, "evaluated_at": row.get("evaluated_at") if same else now}


def _parts(scored: Scored, outcome: Outcome, selection: Selection) -> list[dict[str, Any]]:
    titles = {dimension.key: dimension.title for dimension in scored.rules.dimensions}
    result = f"{scored.panel.key}/{outcome.candidate}"
    return [
        {
            "contribution": f"{result}/{part.indicator}", "result": result, "indicator": part.indicator,
            "legal_name": selection.candidates.get(outcome.candidate, {}).get("legal_name"),
            "dimension": titles[part.dimension], "title": part.title, "state": PART_WORDS[part.state],
            "weight": percent(part.weight), "mean": None if part.mean is None else half_up(part.mean, 4),
            "points": part.contribution if part.state is PartState.SCORED else None,
            "marks": fitting("、".join(part.marks), Contributions, "marks"),
        }
        for part in outcome.parts
    ]  # fmt: skip


def as_data(found: Evaluation) -> list[dict[str, Any]]:
    """The scored panels as JSON values: numbers as text, so that no reader makes a binary float of them."""
    return [
        {
            "panel": scored.panel.key, "title": scored.panel.title, "rule_version": scored.rules.version,
            "tree": scored.rules.counts(), "candidates": [_outcome_data(outcome) for outcome in scored.outcomes],
        }
        for scored in found.scored
    ]  # fmt: skip


def _outcome_data(outcome: Outcome) -> dict[str, Any]:
    return {
        "candidate": outcome.candidate, "state": outcome.state.value,
        "score": None if outcome.score is None else format(outcome.score, "f"),
        "rank": outcome.rank, "grade": outcome.grade, "reviewers": outcome.reviewers,
        "coverage": format(outcome.coverage, "f"), "reasons": list(outcome.reasons), "notes": list(outcome.notes),
        "next_step": outcome.next_step,
        "contributions": [
            {
                "indicator": part.indicator, "dimension": part.dimension, "title": part.title, "state": part.state.value,
                "weight": format(percent(part.weight), "f"), "mean": None if part.mean is None else str(part.mean),
                "points": format(part.contribution, "f"), "marks": list(part.marks),
            }
            for part in outcome.parts
        ],
    }  # fmt: skip


STATE_WORDS = {State.RANKED: "已排名", State.DISQUALIFIED: "否决", State.BLOCKED: "暂不能评"}


def as_lines(found: Evaluation) -> list[str]:
    """The ranking of each panel as lines for a console, and why a panel was not scored."""
    lines = []
    for scored in found.scored:
        tree = "{dimensions} 个维度、{indicators} 项指标、{gates} 道门槛".format_map(scored.rules.counts())
        lines.append(f"✓ {scored.panel.key} {scored.panel.title}（规则 {scored.rules.version}：{tree}）")
        for outcome in scored.outcomes:
            place = f"第 {outcome.rank} 名" if outcome.rank else STATE_WORDS[outcome.state]
            score = "无数据" if outcome.score is None else f"{outcome.score:>6} 分"
            why = "；".join(outcome.reasons) or outcome.next_step
            lines.append(f"  {place}  {outcome.candidate}  {score}  {outcome.grade or '–'}  {why}".rstrip())
    lines += [f"✗ {panel}：{why}" for panel, why in found.refused.items()]
    lines += measured_lines(found.measured)
    if not lines:
        return ["还没有可以评估的评审会：在“评审会”里建一行，把状态改为“评分中”。"]
    return [*lines, "结果已写入工作簿。" if found.changed else "结果没有变化，工作簿没有改动。"]


__all__ = [
    "Evaluation",
    "FinalPanel",
    "Scored",
    "State",
    "as_data",
    "as_lines",
    "dimension_cells",
    "evaluate_book",
    "evaluate_file",
    "score_book",
]
