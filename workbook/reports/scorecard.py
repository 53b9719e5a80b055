"""Owns what a report on one panel or one partner says: the results as they stand in the book, each with what it is made of.

Pure: a book in, headings and rows out; how it looks is for who shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from workbook.errors import PartnerBookError
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.schema import Choice, Table
from workbook.tables import Contributions, Panels, Partners, Performance, PerformanceParts, Results

Said = str | float | None
TWO_DECIMALS = ("score", "points", "before")  # of the official score, and of what adds up to it
# The long texts of both tables share the seventh column.
RESULT_COLUMNS = ("rank", "candidate", "legal_name", "state", "score", "grade", "reason", "next_step", "coverage")
PART_COLUMNS = ("dimension", "title", "state", "weight", "mean", "points", "marks")
PERIOD_COLUMNS = ("period", "state", "score", "grade", "rank", "before", "direction", "coverage", "reason", "next_step")
MEASURE_COLUMNS = ("dimension", "title", "method", "value", "mean", "weight", "points", "state", "why", "rows")


class NothingToReport(PartnerBookError):
    """The book has no result of what a report is wanted on."""


@dataclass(frozen=True)
class Section:
    """A heading, the heads of its columns, rows as wide as they are, and the decimals of columns that always show them."""

    heading: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Said, ...], ...]
    decimals: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Report:
    """A report on one subject: its number, title, lines under the title, sections."""

    subject: str
    title: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]


def report_on(book: Book, subject: str, now: datetime) -> Report:
    """The report on a panel (its ranking and what each score is made of) or a partner (its periods and the newest score).

    Without a subject: the newest panel with results, else the only partner with a score.

    Raises:
        NothingToReport: there is no such subject, or it has no result yet.
    """
    results, scores = read_if_there(book, Results), read_if_there(book, Performance)
    panels = {record.key: record for record in read_if_there(book, Panels) if record.key}
    partners = {record.key: record for record in read_if_there(book, Partners) if record.key}
    done = [key for key in panels if any(row["panel"] == key for row in results)]
    wanted = subject.strip().upper() or (done[-1] if done else "")
    if wanted in panels:
        return _panel(book, panels[wanted], [row for row in results if row["panel"] == wanted], now)
    if wanted in partners:
        return _partner(book, partners[wanted], [row for row in scores if row["partner"] == wanted], now)
    known = "、".join((*done, *dict.fromkeys(row.text("partner") for row in scores))) or "还没有任何结果"
    raise NothingToReport(f"没有“{subject}”的结果可以报告。请写评审会编号或伙伴编号（有结果的：{known}）。")


def _panel(book: Book, panel: Record, rows: Sequence[Record], now: datetime) -> Report:
    if not rows:
        raise NothingToReport(f"评审会 {panel.key} 还没有结果。请先评估。")
    ranked = sorted(rows, key=lambda row: (row["order"] is None, row["order"] or 0))
    parts = read_if_there(book, Contributions)
    sections = [_section("排名", Results, RESULT_COLUMNS, ranked)]
    for row in ranked:
        made = [part for part in parts if part["result"] == row.key]
        if made:
            heading = f"{row.text('candidate')} {row.text('legal_name')}：{_total(row)}"
            sections.append(_section(heading, Contributions, PART_COLUMNS, made))
    rules = "、".join(sorted({row.text("rule_version") for row in rows if row["rule_version"]}))
    lines = (f"规则版本 {rules or '–'}；结果计算于 {_newest(rows)}；报告生成于 {now:%Y-%m-%d %H:%M}",)
    return Report(panel.key, f"评审报告 {panel.key} {panel.text('title')}".strip(), lines, tuple(sections))


def _partner(book: Book, partner: Record, rows: Sequence[Record], now: datetime) -> Report:
    if not rows:
        raise NothingToReport(f"伙伴 {partner.key} 还没有绩效结果。请先评估。")
    newest = rows[-1]
    parts = [part for part in read_if_there(book, PerformanceParts) if part["result"] == newest.key]
    sections = [
        _section("各期结果", Performance, PERIOD_COLUMNS, rows),
        _section(f"{newest.text('period')} 的构成：{_total(newest)}", PerformanceParts, MEASURE_COLUMNS, parts),
    ]
    lines = (
        f"{newest.text('period')} 规则版本 {newest.text('rule_version') or '–'}；结果计算于 {_newest(rows)}；报告生成于 {now:%Y-%m-%d %H:%M}",
    )
    return Report(partner.key, f"绩效报告 {partner.key} {partner.text('legal_name')}".strip(), lines, tuple(sections))


def _section(heading: str, table: type[Table], names: Sequence[str], rows: Sequence[Record]) -> Section:
    says: list[Callable[[Any], Said]] = [_saying(table, name) for name in names]
    return Section(
        heading,
        tuple(table.columns[name].zh for name in names),
        tuple(tuple(say(row[name]) for say, name in zip(says, names, strict=True)) for row in rows),
        tuple(2 if name in TWO_DECIMALS else None for name in names),
    )


def _saying(table: type[Table], name: str) -> Callable[[Any], Said]:
    column = table.columns[name]

    def say(value: Any) -> Said:
        if value is None:
            return None
        if isinstance(column, Choice):
            return column.options[value].zh if value in column.options else str(value)
        return float(value) if isinstance(value, Decimal | int | float) else str(value)

    return say


def _total(row: Record) -> str:
    score = row["score"]
    return "无数据" if score is None else f"{score:.2f} 分 {row.text('grade')}".rstrip()


def _newest(rows: Sequence[Record]) -> str:
    times = [row["evaluated_at"] for row in rows if row["evaluated_at"]]
    return f"{max(times):%Y-%m-%d %H:%M}" if times else "–"
