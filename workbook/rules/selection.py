"""Owns what selection means in rows: rule versions, panels, reviewers, gates, and the marks that count."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from workbook.errors import PartnerBookError
from workbook.evaluation.model import Band, Dimension, Gate, Indicator
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rows import as_words, need
from workbook.schema import Number, Table
from workbook.tables import (
    Bands,
    Candidates,
    Contributions,
    Declarations,
    Indicators,
    Marks,
    Panels,
    Partners,
    Results,
    Reviewers,
    SettingRow,
    Settings,
    Votes,
)
from workbook.tables.selection import DIMENSIONS, GRADES, ROLES

NEEDED: Mapping[type[Table], tuple[str, ...]] = {  # what scores rest on: the tables, and their columns besides the key
    Candidates: ("verification", "credit_code", "licence_term", "licence_until", "scope_checked", "permits_checked"),
    Panels: ("status", "rule_version", "candidates", "reviewers"),
    Reviewers: ("role",),
    Marks: ("panel", "candidate", "reviewer", "indicator", "mark"),
    Declarations: ("panel", "reviewer", "candidate", "conflict"),
    Indicators: ("title", "rule_version", "layer", "parent", "weight", "method", "fact"),
    Bands: ("used_for", "rule_version", "low", "high", "gives"),
    Partners: ("credit_code", "status"),
    Settings: ("value",),
}
SETTING_DEFAULTS = {name: value for name, value, _ in SettingRow.DEFAULTS}


class RulesRefused(PartnerBookError):
    """A rule version is missing or cannot be used; the sentence names the row and what to do."""


@dataclass(frozen=True)
class IndicatorText:
    """What a reviewer reads beside an indicator."""

    title: str
    evidence_required: bool
    low: str
    middle: str
    high: str
    banded: bool
    fact: str  # the column of 候选提交 that a banded indicator reads


@dataclass(frozen=True)
class Rules:
    """One rule version: the tree with its weights, rubric, gates (key, title, fact column) and bands."""

    version: str
    dimensions: tuple[Dimension, ...]
    texts: Mapping[str, IndicatorText]
    gates: tuple[tuple[str, str, str], ...]
    bands: Mapping[str, tuple[tuple[Band, str], ...]]  # by indicator: the band and the key of its row
    grades: tuple[Band, ...]

    def counts(self) -> dict[str, int]:
        """How large the tree is: dimensions, indicators (those that count), gates."""
        leaves = sum(len(dimension.indicators) for dimension in self.dimensions)
        return {"dimensions": len(self.dimensions), "indicators": leaves, "gates": len(self.gates)}


@dataclass(frozen=True)
class Panel:
    """One panel: who scores whom under which rules."""

    key: str
    title: str
    status: str
    rule_version: str
    candidates: tuple[str, ...]
    reviewers: tuple[str, ...]
    deadline: date | None
    recommended: tuple[str, ...]
    reason: str
    record: Record


@dataclass(frozen=True)
class Reviewer:
    """One reviewer; `label` is how pickers show people: R-0012 张伟 (法务)."""

    key: str
    person: str
    role: str
    role_words: str
    active: bool

    @property
    def label(self) -> str:
        """Key, name and department: two people of one name stay two."""
        return f"{self.key} {self.person}（{self.role_words}）" if self.role_words else f"{self.key} {self.person}"


@dataclass(frozen=True)
class Selection:
    """Everything that scoring reads from a book."""

    panels: Mapping[str, Panel]
    reviewers: Mapping[str, Reviewer]
    candidates: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Rules]
    results: Mapping[str, list[Mapping[str, Any]]]
    contributions: Mapping[str, list[Mapping[str, Any]]]
    marks: Sequence[Record]
    declarations: Sequence[Record]
    settings: Mapping[str, str]
    barred: Mapping[str, str] = field(default_factory=dict)  # credit code → partner key, of partners on the blacklist
    doubled: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)  # table → key → rows
    votes: Sequence[Record] = ()  # a copied row is none

    def barred_partner(self, facts: Mapping[str, Any]) -> str:
        """The partner on the blacklist that has the candidate's credit code, "" for none."""
        return self.barred.get(plain_code(str(facts.get("credit_code") or "")), "")

    def last_evaluated(self, panel: str) -> date | None:
        """The day on which a panel's results last changed."""
        times = [row["evaluated_at"] for row in self.results.get(panel, ()) if row.get("evaluated_at")]
        return max(times).date() if times else None


def keys_in(text: str) -> tuple[str, ...]:
    """The keys that people list in one cell, in order, each once: `C-0001、C-0002`."""
    return tuple(dict.fromkeys(part for part in re.split(r"[\s,，、;；]+", text.strip()) if part))


def read_selection(book: Book) -> Selection:
    """The selection chapter of a book.

    Raises:
        MissingTable, MissingColumn: a table of scoring, or a column that scores rest on, is gone. Without the column
            everything in it would count as blank, and every result would be written over with nothing.
    """
    tables = {table.name: read_records(book, table) for table in NEEDED}
    _need_columns(book, tables[Indicators.name])
    # People sort tables: nothing may depend on the order of their rows.
    tables = {name: sorted(records, key=lambda r: natural(r.key)) for name, records in tables.items()}
    doubled = {name: _doubled(records) for name, records in tables.items()}
    single = {name: [r for r in rs if r.key not in doubled[name]] for name, rs in tables.items()}
    return Selection(
        panels={r.key: _panel(r) for r in single[Panels.name] if r.key},
        reviewers={r.key: _reviewer(r) for r in single[Reviewers.name] if r.key},
        candidates={r.key: r.values for r in single[Candidates.name] if r.key},
        rules=_rules(single[Indicators.name], single[Bands.name]),
        results=_grouped(read_if_there(book, Results), "panel"),
        contributions=_grouped(read_if_there(book, Contributions), "result"),
        marks=tuple(single[Marks.name]),
        declarations=tuple(tables[Declarations.name]),  # copied ones too: a copy never brings a recused reviewer back
        settings={r.key: r.text("value") for r in tables[Settings.name]},
        barred={plain_code(r.text("credit_code")): r.key for r in tables[Partners.name] if r["status"] == "barred" and r["credit_code"]},
        doubled=doubled,
        votes=_single(read_if_there(book, Votes)),
    )  # fmt: skip


def _need_columns(book: Book, indicators: Sequence[Record]) -> None:
    facts = {record.text("fact") for record in indicators if record["method"] == "bands"}
    numbers = [name for name, column in Candidates.columns.items() if facts.intersection(column.label)]
    for table, names in NEEDED.items():
        view = book.table(table.name)
        need(table, view.columns, [*names, *(numbers if table is Candidates else ())], view.sheet)


def plain_code(text: str) -> str:
    """A credit code as it is printed, however somebody typed it: without blanks, in capitals, in half width."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()


def natural(key: str) -> tuple[tuple[int, str], ...]:
    """An order of keys in which v1-S3.10 follows v1-S3.9."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", key) if part)


def _doubled(records: Sequence[Record]) -> dict[str, tuple[int, ...]]:
    counts = Counter(record.key for record in records if record.key)
    return {key: tuple(record.number for record in records if record.key == key) for key, n in counts.items() if n > 1}


def _single(records: Sequence[Record]) -> tuple[Record, ...]:
    """The rows whose key, if they have one, stands once."""
    twice = _doubled(records)
    return tuple(record for record in records if record.key not in twice)


def _grouped(records: Sequence[Record], by: str) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault(record.text(by), []).append(record.values)
    return groups


def _panel(record: Record) -> Panel:
    return Panel(
        key=record.key, title=record.text("title"), status=record.text("status") or "preparing",
        rule_version=record.text("rule_version"), candidates=keys_in(record.text("candidates")),
        reviewers=keys_in(record.text("reviewers")), deadline=record["deadline"],
        recommended=keys_in(record.text("recommended")), reason=record.text("reason"), record=record,
    )  # fmt: skip


def _reviewer(record: Record) -> Reviewer:
    role = record.text("role")
    return Reviewer(
        record.key, record.text("person"), role, ROLES[role].zh if role else "", record.text("status") != "left"
    )


# --- rules ----------------------------------------------------------------------------------------------------------


def _rules(indicators: Sequence[Record], bands: Sequence[Record]) -> dict[str, Rules]:
    versions = dict.fromkeys(record.text("rule_version") for record in indicators)
    return {v: _version(v, [r for r in indicators if r.text("rule_version") == v], bands) for v in versions if v}


def _version(version: str, rows: Sequence[Record], bands: Sequence[Record]) -> Rules:
    leaves = [row for row in rows if row["layer"] == "indicator"]
    dimensions = tuple(
        Dimension(
            row.key,
            row.text("title"),
            row["weight"] or Decimal(0),
            tuple(
                Indicator(leaf.key, leaf.text("title"), leaf["weight"] or Decimal(0), leaf["method"] == "bands")
                for leaf in leaves
                if leaf.text("parent") == row.key
            ),
        )
        for row in rows
        if row["layer"] == "dimension"
    )
    texts = {leaf.key: _text(leaf) for leaf in leaves}
    gates = tuple((row.key, row.text("title"), row.text("fact")) for row in rows if row["layer"] == "gate")
    of_version = [band for band in bands if band.text("rule_version") == version]
    by_use: dict[str, list[tuple[Band, str]]] = {}
    for row in of_version:
        by_use.setdefault(row.text("used_for"), []).append((band_of(row), row.key))
    grades = tuple(band for band, _ in by_use.pop(GRADES, []))
    return Rules(version, dimensions, texts, gates, {use: tuple(found) for use, found in by_use.items()}, grades)


def band_of(row: Record) -> Band:
    """A row of 档位 as a band."""
    ends = row["ends"] or "low"
    return Band(row["low"], row["high"], row.text("gives"), ends in ("high", "none"), ends in ("high", "both"))


def _text(leaf: Record) -> IndicatorText:
    return IndicatorText(
        leaf.text("title"), leaf["evidence"] == "yes", leaf.text("low"), leaf.text("middle"), leaf.text("high"),
        leaf["method"] == "bands", leaf.text("fact"),
    )  # fmt: skip


def rules_of(selection: Selection, panel: Panel) -> Rules:
    """The rule version that a panel scores under.

    Raises:
        RulesRefused: the panel names none, 评价指标 has no row of it, or it has a dimension that results have no
            column for: the formula beside the official score would leave it out.
    """
    if found := selection.rules.get(panel.rule_version):
        strange = [d.key for d in found.dimensions if dimension_code(d.key, found.version) not in DIMENSIONS]
        if strange:
            known = "、".join(f"{found.version}-{code}" for code in DIMENSIONS)
            raise RulesRefused(
                f"规则版本 {found.version} 的维度 {'、'.join(strange)} 在结果表里没有位置。维度的编号只能是 {known}；"
                "新的内容请作为指标放在其中一个维度下面。"
            )
        return found
    known = "、".join(selection.rules) or "无"
    raise RulesRefused(
        f"评审会 {panel.key} 的规则版本“{panel.rule_version}”在“评价指标”里没有（现有：{known}）。请改正评审会的“规则版本”列。"
    )


def dimension_code(key: str, version: str) -> str:
    """`S2` for the dimension `v1-S2`."""
    return key.removeprefix(f"{version}-")


def policy_numbers(selection: Selection) -> tuple[int, Decimal, tuple[str, ...]]:
    """Fewest reviewers, least coverage in percent, tie-breaking dimension codes: settings, with their defaults.

    Raises:
        RulesRefused: a setting is no number, or names an unknown dimension.
    """
    ties = keys_in(selection.settings.get(SettingRow.TIE_BREAK, ""))
    if unknown := [code for code in ties if code not in DIMENSIONS]:
        raise RulesRefused(
            f"“设置”里的“{SettingRow.TIE_BREAK}”不认识 {'、'.join(unknown)}，可写：{'、'.join(DIMENSIONS)}。"
        )
    least, coverage = (_number(selection, name, 100) for name in (SettingRow.MIN_REVIEWERS, SettingRow.MIN_COVERAGE))
    return int(least), coverage, ties


def record_days(selection: Selection) -> int:
    """The days for which a query of past records holds (S8).

    Raises:
        RulesRefused: the setting is no number of days.
    """
    return int(_number(selection, SettingRow.RECORD_DAYS, 3650))


def _number(selection: Selection, name: str, high: int) -> Decimal:
    text = selection.settings.get(name) or SETTING_DEFAULTS[name]
    try:
        value: Decimal = Number(name, name, minimum=0, maximum=high).parse(text)
    except ValueError as error:
        raise RulesRefused(f"“设置”里的“{name}”应为 0 到 {high} 的数字，现在是“{text}”。") from error
    return value


# --- gates ----------------------------------------------------------------------------------------------------------

Judgement = tuple[bool | None, str]  # passed, failed or not known yet; and why


def _licence(facts: Mapping[str, Any], today: date) -> Judgement:
    if facts.get("licence_term") == "open":
        return True, ""
    until = facts.get("licence_until")
    if until is None:
        return None, "执照截止日未填"
    return until >= today, f"营业执照已于 {until} 到期"


def _scope(facts: Mapping[str, Any], today: date) -> Judgement:
    found = facts.get("scope_checked")
    return (None, "经营范围未核对") if found is None else (found == "fits", "经营范围与合作内容不符")


def _permits(facts: Mapping[str, Any], today: date) -> Judgement:
    found = facts.get("permits_checked")
    return (None, "准入许可未核对") if found is None else (found != "lacking", "缺少必需的准入许可")


JUDGES: Mapping[str, Callable[[Mapping[str, Any], date], Judgement]] = {
    "licence_until": _licence,
    "scope_checked": _scope,
    "permits_checked": _permits,
}


def gate_column(fact: str) -> str:
    """The name of the column of 候选提交 that a gate reads, by its header; "" for one that no gate can judge."""
    return next((name for name in JUDGES if fact in Candidates.columns[name].label), "")


def judge_gates(rules: Rules, facts: Mapping[str, Any], barred: str, today: date) -> tuple[tuple[Gate, ...], list[str]]:
    """The gates of a candidate that are decided, and what is still to be checked. `barred` is a blacklisted partner.

    Raises:
        RulesRefused: a gate row names a column that no gate can judge.
    """
    gates, unknown = [], []
    for key, title, fact in rules.gates:
        judge = JUDGES.get(gate_column(fact))
        if judge is None:
            raise RulesRefused(f"“评价指标”的门槛 {key} 的数据列“{fact}”不能用作门槛。请改回原来的列名。")
        passed, why = judge(facts, today)
        if passed is None:
            unknown.append(f"门槛待核：{why}")
        else:
            gates.append(Gate(title, passed, "" if passed else f"{title}：{why}"))
    if barred:
        gates.append(Gate("黑名单", False, f"同一信用代码的伙伴 {barred} 在黑名单上"))
    return tuple(gates), unknown


def fact_of(facts: Mapping[str, Any], header: str) -> tuple[Any, str]:
    """The raw number behind a banded indicator, by the header of a column of 候选提交; and how to show it."""
    column = next((c for c in Candidates.columns.values() if header in c.label), None)
    if column is None or not isinstance(column, Number):
        raise RulesRefused(f"“评价指标”的数据列“{header}”不是候选提交里的数字列。请改正。")
    value = facts.get(column.name)
    return value, "" if value is None else as_words(column, float(value))
