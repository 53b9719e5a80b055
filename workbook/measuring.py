"""Owns measuring performance in a workbook: read, rate each period, write clocks, verdicts and results by key (S30 to S38).

The one way for command, server and add-in. What is equal is not written; the results of a frozen period are never touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workbook.budgeting import write_money
from workbook.errors import PartnerBookError
from workbook.evaluation.exact import half_up
from workbook.evaluation.model import Part, PartState, State
from workbook.evaluation.ranking import competition_ranks
from workbook.evaluation.spread import percentile_rank
from workbook.evaluation.trend import direction, theil_sen
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rows import language
from workbook.rules.canonical import canonical_inputs, digest
from workbook.rules.metrics import issue_clock, source_rows
from workbook.rules.performance import Ledger, Period, PeriodRefused, period_of, read_ledger
from workbook.rules.rating import FEWEST_PEERS, PeriodResult, Rated, rate_period
from workbook.tables import (
    Budgets,
    Frozen,
    Issues,
    Performance,
    PerformanceParts,
    Periods,
    ServiceLevels,
)
from workbook.tables.performance import PERFORMANCE_DIMENSIONS
from workbook.tables.sourcing import CATEGORIES
from workbook.writing import fitting, percent, upsert_rows, write_cells

PLACES = 13
FEWEST_FOR_SLOPE = 4
STATE_WORDS = {PartState.SCORED: "已评", PartState.NA: "不适用", PartState.MISSING: "无数据"}
DIMENSION_COLUMNS = dict(zip(PERFORMANCE_DIMENSIONS, ("quality", "responsiveness", "cost", "innovation"), strict=True))
DEFAULT_VERSION = "p1"


@dataclass
class Measurement:
    """What measuring gave: the periods that were rated, and why others were not."""

    rated: list[PeriodResult] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # period → why


@dataclass(frozen=True)
class Past:
    """The score of a partner in an earlier period of the same kind."""

    period: Period
    score: Decimal


def rate_book(ledger: Ledger, now: datetime, only: str = "") -> Measurement:
    """Rate every period that has begun and is not frozen, or only one; one that cannot be rated leaves the others alone."""
    found = Measurement()
    for record in ledger.of(Periods):
        if only and record.key != only:
            continue
        try:
            period = period_of(record)
            if period.status != "frozen" and period.first <= now.date():
                found.rated.append(rate_period(ledger, period, now))
        except PartnerBookError as error:
            found.refused[record.key] = str(error)
    found.rated.sort(key=lambda one: (one.period.last, one.period.key))
    return found


def measure_book(book: Book, now: datetime) -> Measurement:
    """Measure a book in memory and write what it comes to; a book without these tables goes without."""
    if not any(view.name.casefold() == Periods.name for view in book.tables):
        return Measurement()
    ledger = read_ledger(book)
    _write_issues(book, ledger, now)
    _write_money(book, ledger, now.date())
    found = rate_book(ledger, now)
    past = frozen_scores(ledger)
    for result in found.rated:
        _write(book, ledger, result, past, now)
        for one in result.rated:
            if one.outcome.score is not None and one.outcome.state is State.RANKED:
                past.setdefault(one.partner.key, []).append(Past(result.period, one.outcome.score))
    return found


# --- issues and money ------------------------------------------------------------------------------------------------


def version_for(ledger: Ledger, when: date | None) -> str:
    """The rule version whose service levels hold at a moment: that of the period it lies in, else the newest there is."""
    for period in known_periods(ledger).values():
        if period.holds(when):
            return period.rule_version
    versions = [row.text("rule_version") for row in ledger.of(ServiceLevels) if row["rule_version"]]
    return versions[-1] if versions else DEFAULT_VERSION


def known_periods(ledger: Ledger) -> dict[str, Period]:
    """The periods that make sense, by name."""
    found: dict[str, Period] = ledger.memo.setdefault("periods", {})
    for record in () if found else ledger.of(Periods):
        with suppress(PeriodRefused):
            found[record.key] = period_of(record)
    return found


def _write_issues(book: Book, ledger: Ledger, now: datetime) -> None:
    changes: dict[int, Mapping[str, Any]] = {}
    for row in ledger.of(Issues):
        found = issue_clock(ledger, row, version_for(ledger, row["reported_at"]), now)
        response, resolution = found.response, found.resolution
        changes[row.number] = {
            "respond_by": response and response.due, "resolve_by": resolution and resolution.due,
            "response_clock": response and response.state, "resolution_clock": resolution and resolution.state,
            "response_minutes": response and response.minutes, "resolution_minutes": resolution and resolution.minutes,
            "reopened": found.reopened if response else None,
        }  # fmt: skip
    write_cells(book, Issues, ledger.of(Issues), changes)


def _write_money(book: Book, ledger: Ledger, day: date) -> None:
    versions = {row.number: version_for(ledger, row["ends_on"] or row["starts_on"]) for row in ledger.of(Budgets)}
    write_money(book, ledger, versions, day)


# --- results ---------------------------------------------------------------------------------------------------------


def frozen_scores(ledger: Ledger) -> dict[str, list[Past]]:
    """The frozen scores by partner; a correction stands for the row that it corrects."""
    periods = known_periods(ledger)
    found: dict[str, list[Past]] = {}
    for row in standing_rows(ledger.of(Frozen)):
        period = periods.get(row.text("period"))
        if period is not None and row["score"] is not None and row["grade"]:
            found.setdefault(row.text("partner"), []).append(Past(period, row["score"]))
    return found


def standing_rows(rows: Sequence[Record]) -> list[Record]:
    """The frozen rows that no later row corrects."""
    corrected = {row.text("corrects") for row in rows if row["corrects"]}
    return [row for row in rows if row.key not in corrected]


def history(past: Sequence[Past], period: Period) -> list[Past]:
    """The scores before a period, of the same kind, in order, back to the first break of the rule version."""
    earlier = sorted(
        (p for p in past if p.period.kind == period.kind and p.period.last < period.first), key=lambda p: p.period.last
    )
    kept: list[Past] = []
    for one in reversed(earlier):
        if one.period.rule_version != period.rule_version:
            break
        kept.insert(0, one)
    return kept


def _write(book: Book, ledger: Ledger, result: PeriodResult, past: Mapping[str, list[Past]], now: datetime) -> None:
    known = {row.key: row for row in ledger.of(Performance) if row["period"] == result.period.key}
    lang = language(Performance, book.table(Performance.name).columns)
    rows = [_result(ledger, result, one, past.get(one.partner.key, ()), known, lang, now) for one in result.rated]
    current = {row["result"] for row in rows}
    rows += [_gone(row, now) for key, row in known.items() if key not in current]
    upsert_rows(book, Performance, rows)
    there = {row.text("result") for row in read_if_there(book, PerformanceParts)}
    told = [one for one in result.rated if one.outcome.coverage or f"{result.period.key}/{one.partner.key}" in there]
    upsert_rows(book, PerformanceParts, [part for one in told for part in _parts(result, one)])


def write_corrected(
    book: Book, ledger: Ledger, result: PeriodResult, past: Mapping[str, list[Past]], now: datetime
) -> None:
    """Write the results of some partners of a frozen period, and the ranks and percentiles of their peers; nothing else moves."""
    known = {row.key: row for row in ledger.of(Performance) if row["period"] == result.period.key}
    lang = language(Performance, book.table(Performance.name).columns)
    rows = [_result(ledger, result, one, past.get(one.partner.key, ()), known, lang, now) for one in result.rated]
    upsert_rows(book, Performance, rows)
    upsert_rows(book, PerformanceParts, [part for one in result.rated for part in _parts(result, one)])
    records = [row for row in read_if_there(book, Performance) if row["period"] == result.period.key]
    rated = {row.number: row for row in records if row["state"] == "ranked" and row["score"] is not None}
    groups: dict[str, list[tuple[int, Decimal]]] = {}
    for number, row in rated.items():
        groups.setdefault(row.text("category"), []).append((number, row["score"]))
    places = {number: place for group in groups.values() for number, place in places_among(group).items()}
    blank = {"rank": None, "percentile": None}
    write_cells(book, Performance, records, {row.number: places.get(row.number, blank) for row in records})


def places_among(scores: Sequence[tuple[int, Decimal]]) -> dict[int, dict[str, Decimal | None]]:
    """Rank and percentile of scores among each other, as cells, by the number that stands beside each."""
    values = [score for _, score in scores]
    shares = [percentile_rank(v, values) if len(values) >= FEWEST_PEERS else None for v in values]
    return {
        number: {"rank": Decimal(rank), "percentile": None if share is None else half_up(share, 1)}
        for (number, _), rank, share in zip(scores, competition_ranks(values, 2), shares, strict=True)
    }


def _result(
    ledger: Ledger,
    result: PeriodResult,
    one: Rated,
    past: Sequence[Past],
    known: Mapping[str, Record],
    lang: str,
    now: datetime,
) -> dict[str, Any]:
    period, outcome = result.period, one.outcome
    key = f"{period.key}/{one.partner.key}"
    before = history(past, period)
    scores = [p.score for p in before] + ([outcome.score] if outcome.score is not None else [])
    slope = (
        theil_sen(range(len(scores)), scores).slope
        if outcome.score is not None and len(scores) >= FEWEST_FOR_SLOPE
        else None
    )
    row: dict[str, Any] = {
        "result": key, "legal_name": one.partner["legal_name"], "check": outcome.score, **result_cells(result, one),
        "before": before[-1].score if before else None,
        "direction": direction(scores) if outcome.score is not None and len(scores) > 1 else None,
        "slope": None if slope is None else half_up(slope, 2),
        "reason": fitting("\n".join((*_reasons(one), *outcome.notes, *_break(past, before, period))), Performance, "reason"),
        "next_step": fitting(outcome.next_step, Performance, "next_step"),
        "category": CATEGORIES[one.partner["category"]].get(lang) if one.partner["category"] else None, "period": period.key, "partner": one.partner.key,
        "rule_version": period.rule_version,
        "fingerprint": digest(canonical_inputs(ledger, period, one.partner.key, datetime.combine(period.last, datetime.min.time()))),
    }  # fmt: skip
    was = known.get(key)
    same = was is not None and all(was[name] == value for name, value in row.items() if name != "check")
    row["evaluated_at"] = was["evaluated_at"] if same and was is not None and was["evaluated_at"] else now
    return row


def result_cells(result: PeriodResult, one: Rated) -> dict[str, Any]:
    """The numbers of a result as cells keep them, by column name: what a check compares."""
    outcome, version = one.outcome, result.period.rule_version
    return {
        "state": outcome.state.value, "score": outcome.score, "grade": outcome.grade or None, "rank": one.rank,
        "percentile": one.percentile, "measured_points": one.measured_points, "judged_points": one.judged_points,
        "site": None if one.site is None else half_up(one.site, 1), "coverage": outcome.coverage,
    } | {
        DIMENSION_COLUMNS[code.removeprefix(f"{version}-")]: None if score is None else half_up(score, PLACES)
        for code, score in outcome.dimensions.items()
    }  # fmt: skip


def _reasons(one: Rated) -> tuple[str, ...]:
    """Why there is no grade; of a partner without any record one sentence is enough."""
    return one.outcome.reasons if one.outcome.coverage else ("本期没有任何记录",)


def _break(past: Sequence[Past], before: Sequence[Past], period: Period) -> list[str]:
    """A break of the rule version in the history is told: scores of other rules are not compared."""
    others = [p for p in past if p.period.kind == period.kind and p.period.last < period.first]
    if len(others) == len(before):
        return []
    return [f"{max(p.period.key for p in others if p not in before)} 及以前用的是另一个规则版本，趋势不与之相比"]


def _gone(row: Record, now: datetime) -> dict[str, Any]:
    """The result of a partner that the period no longer measures: numbers go, the row and the remark beside it stay."""
    same = row["score"] is None and row["state"] is None
    return {
        "result": row.key, "legal_name": row["legal_name"], "period": row["period"], "partner": row["partner"],
        "reason": "本期不再考核这家伙伴", "evaluated_at": row["evaluated_at"] if same else now,
    }  # fmt: skip


def _parts(result: PeriodResult, one: Rated) -> list[dict[str, Any]]:
    key = f"{result.period.key}/{one.partner.key}"
    return [_part(result, one, part, key) for part in one.outcome.parts]


def _part(result: PeriodResult, one: Rated, part: Part, key: str) -> dict[str, Any]:
    measure = result.tree.measures[part.indicator]
    metric = one.metrics.get(part.indicator)
    return {
        "part": f"{key}/{part.indicator}", "legal_name": one.partner["legal_name"], "dimension": part.dimension_title,
        "title": part.title, "method": "judged" if measure.judged else "measured",
        "value": fitting(metric.shown if metric else _mean_words(part), PerformanceParts, "value"),
        "mean": None if part.mean is None else half_up(part.mean, 4), "weight": percent(part.weight),
        "points": part.contribution if part.state is PartState.SCORED else None, "state": STATE_WORDS[part.state],
        "why": fitting(metric.why if metric else _judged_words(part), PerformanceParts, "why"),
        "rows": fitting(source_rows(metric.rows) if metric else "、".join(part.marks), PerformanceParts, "rows"),
        "result": key, "measure": part.indicator,
    }  # fmt: skip


def _mean_words(part: Part) -> str:
    return f"{half_up(part.mean, 2).normalize():f} 分" if part.mean is not None else "无数据"


def _judged_words(part: Part) -> str:
    return f"{len(part.marks)} 位评议人的平均分" if part.mean is not None else "评议人数不足"


# --- as people and programs read it ----------------------------------------------------------------------------------


def as_data(found: Measurement) -> list[dict[str, Any]]:
    """The rated periods as JSON values: numbers as text, so that no reader makes a binary float of them."""
    return [
        {
            "period": one.period.key, "kind": one.period.kind, "rule_version": one.tree.version, "tree": one.tree.counts(),
            "partners": [_rated_data(one, rated) for rated in one.rated],
        }
        for one in found.rated
    ]  # fmt: skip


def _rated_data(result: PeriodResult, one: Rated) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "partner": one.partner.key, "state": outcome.state.value, "score": _shown(outcome.score), "grade": outcome.grade,
        "rank": one.rank, "percentile": _shown(one.percentile), "coverage": format(outcome.coverage, "f"),
        "measured_points": format(one.measured_points, "f"), "judged_points": format(one.judged_points, "f"),
        "reasons": list(_reasons(one)), "next_step": outcome.next_step,
        "parts": [
            {
                "measure": part.indicator, "title": part.title, "state": part.state.value,
                "method": "judged" if result.tree.measures[part.indicator].judged else "measured",
                "value": one.metrics[part.indicator].shown if part.indicator in one.metrics else _mean_words(part),
                "mean": None if part.mean is None else str(part.mean), "points": format(part.contribution, "f"),
                "why": one.metrics[part.indicator].why if part.indicator in one.metrics else _judged_words(part),
                "rows": list(one.metrics[part.indicator].rows if part.indicator in one.metrics else part.marks),
            }
            for part in outcome.parts
        ],
    }  # fmt: skip


def _shown(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def as_lines(found: Measurement) -> list[str]:
    """A line for each period: how many partners have which grade; and why a period was not rated."""
    lines = []
    for one in found.rated:
        grades = Counter(rated.outcome.grade for rated in one.rated if rated.outcome.grade)
        told = "、".join(f"{grade} 级 {count} 家" for grade, count in sorted(grades.items()))
        blocked = sum(1 for rated in one.rated if rated.outcome.state is not State.RANKED)
        waiting = f"；暂不能评 {blocked} 家" if blocked else ""
        lines.append(f"✓ {one.period.key} 绩效（规则 {one.tree.version}）：{told or '还没有可以评的伙伴'}{waiting}")
    return [*lines, *(f"✗ {period}：{why}" for period, why in found.refused.items())]
