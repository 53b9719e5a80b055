"""Owns what performance means in rows: periods, the tree of measures with its bands, whom a period measures (S30 to S38)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from workbook.errors import PartnerBookError
from workbook.evaluation.exact import exact
from workbook.evaluation.grading import check_bands
from workbook.evaluation.model import Band, Dimension, Indicator
from workbook.evaluation.weights import check_hundred
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rows import need
from workbook.rules.calendar import BookCalendar
from workbook.rules.earned import phases_by_line
from workbook.rules.office_hours import book_calendar, calendar_or_default
from workbook.rules.onboarding import left_out
from workbook.rules.selection import band_of, keys_in, natural
from workbook.schema import Table
from workbook.tables import (
    BY_NAME,
    Bands,
    BudgetPhases,
    Budgets,
    Contracts,
    Deliveries,
    Drills,
    Frozen,
    IssueEvents,
    Issues,
    Judgements,
    Measures,
    Partners,
    Performance,
    Periods,
    Proposals,
    Resources,
    Reviewers,
    ServiceLevels,
    Settings,
    SiteChecks,
    Tests,
    WorkingDays,
)
from workbook.tables.performance import PERFORMANCE_DIMENSIONS
from workbook.tables.selection import GRADES

READ: tuple[type[Table], ...] = (
    Partners, Contracts, Periods, Measures, Bands, Deliveries, Tests, Judgements, SiteChecks, Issues, IssueEvents,
    ServiceLevels, Budgets, BudgetPhases, Resources, Proposals, Reviewers, Settings, WorkingDays, Performance, Frozen,
)  # fmt: skip
# The columns on which results rest: a table may be missing, one of these columns in a table that is there may not.
NEEDED: Mapping[str, str] = {
    "partners": "partner legal_name status",
    "periods": "period kind starts_on ends_on rule_version status",
    "measures": "measure rule_version layer parent weight method metric",
    "bands": "band used_for rule_version low high gives",
    "deliveries": "delivery partner",
    "tests": "test delivery kind tested_on total passed",
    "judgements": "judgement period partner measure reviewer mark",
    "issues": "issue partner kind severity priority reported_at",
    "issue_events": "event issue at kind priority",
    "service_levels": "service_level rule_version priority clock response response_unit resolution resolution_unit",
    "budgets": "budget_line partner starts_on ends_on budget actual planned_progress progress verified",
    "resources": "resource partner starts_on ends_on available used",
    "proposals": "proposal partner status value adopted_on verified_saving saving_verified_by saving_verified_on saving_evidence",
    "frozen": "frozen period partner score grade corrects",
}
MEASURED_STATES = ("active", "paused")  # whom every period measures; others only if something happened with them
SUM_SLACK = Fraction(1, 10**9)


class MeasuresRefused(PartnerBookError):
    """A rule version of performance is missing or cannot be used; the sentence names the row and what to do."""


class PeriodRefused(PartnerBookError):
    """A period cannot be measured as it stands; the sentence says why."""


@dataclass(frozen=True)
class Period:
    """One period, first and last day included."""

    key: str
    kind: str
    first: date
    last: date
    rule_version: str
    status: str
    reviewers: tuple[str, ...]
    record: Record

    def holds(self, when: date | datetime | None) -> bool:
        """Whether a day or a moment lies in the period."""
        day = when.date() if isinstance(when, datetime) else when
        return day is not None and self.first <= day <= self.last

    def touches(self, first: date | None, last: date | None) -> bool:
        """Whether a span of days has a day in common with the period; an open end counts as the other one."""
        begin, end = first or last, last or first
        return begin is not None and end is not None and begin <= self.last and end >= self.first


@dataclass(frozen=True)
class Measure:
    """One indicator of performance."""

    key: str
    title: str
    dimension: str
    judged: bool  # people mark it
    metric: str  # what a measured one is computed from


@dataclass(frozen=True)
class Tree:
    """One rule version of performance."""

    version: str
    dimensions: tuple[Dimension, ...]
    measures: Mapping[str, Measure]
    bands: Mapping[str, tuple[tuple[Band, str], ...]]  # by measure: the band and the key of its row
    grades: tuple[Band, ...]

    def counts(self) -> dict[str, int]:
        """How large the tree is."""
        return {"dimensions": len(self.dimensions), "indicators": len(self.measures)}


@dataclass(frozen=True)
class Ledger:
    """Everything that performance reads from a book; copied rows are left out, order of rows does not matter."""

    records: Mapping[str, Sequence[Record]]

    def of(self, table: type[Table]) -> Sequence[Record]:
        """The rows of a table."""
        return self.records[table.name]

    @cached_property
    def settings(self) -> dict[str, str]:
        """The settings by name."""
        return {row.key: row.text("value") for row in self.of(Settings)}

    @cached_property
    def indexes(self) -> dict[str, dict[str, list[Record]]]:
        """The rows by partner, of every table that was asked for; see `of_partner`."""
        return {}

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What was computed once from these rows, by whoever computed it."""
        return {}

    def of_partner(self, table: type[Table], partner: str) -> Sequence[Record]:
        """The rows of a table that name a partner."""
        if table.name not in self.indexes:
            found = self.indexes.setdefault(table.name, {})
            for row in self.of(table):
                found.setdefault(row.text("partner"), []).append(row)
        return self.indexes[table.name].get(partner, ())

    @cached_property
    def tests(self) -> dict[str, list[Record]]:
        """The tests of deliveries that are there, by partner."""
        found: dict[str, list[Record]] = {}
        for row in self.of(Tests):
            if delivery := self.deliveries.get(row.text("delivery")):
                found.setdefault(delivery.text("partner"), []).append(row)
        return found

    def tests_of(self, partner: str) -> Sequence[Record]:
        """The tests of a partner's deliveries."""
        return self.tests.get(partner, ())

    @cached_property
    def hours(self) -> BookCalendar:
        """As `calendar`, or the published one where the book's own cannot be used."""
        return calendar_or_default(self.settings, self.of(WorkingDays))

    @cached_property
    def calendar(self) -> BookCalendar:
        """The working time of the company."""
        return book_calendar(self.settings, self.of(WorkingDays))

    @cached_property
    def partners(self) -> dict[str, Record]:
        """The partners by number."""
        return {row.key: row for row in self.of(Partners) if row.key}

    @cached_property
    def deliveries(self) -> dict[str, Record]:
        """The deliveries by number."""
        return {row.key: row for row in self.of(Deliveries) if row.key}

    @cached_property
    def events(self) -> dict[str, list[Record]]:
        """The events by issue."""
        found: dict[str, list[Record]] = {}
        for row in self.of(IssueEvents):
            found.setdefault(row.text("issue"), []).append(row)
        return found

    @cached_property
    def phases(self) -> dict[str, list[Record]]:
        """The phases of budgets by line."""
        return phases_by_line(self.of(BudgetPhases))

    @cached_property
    def trees(self) -> dict[str, Tree]:
        """The rule versions by name, as they stand: whether one can be used is told by `usable`."""
        rows = self.of(Measures)
        versions = sorted({row.text("rule_version") for row in rows if row["rule_version"]}, key=natural)
        return {version: _tree(version, rows, self.of(Bands)) for version in versions}

    def counts(self, partner: str, when: date | datetime | None) -> bool:
        """Whether a day of a partner counts: it is none of its 引导期, unless the setting says that this counts."""
        day = when.date() if isinstance(when, datetime) else when
        return day is not None and not left_out(self.of_partner(Contracts, partner), partner, day, self.settings)


def read_ledger(book: Book) -> Ledger:
    """What performance reads from a book; a table that is not there has no rows.

    Raises:
        MissingColumn: a column that results rest on is gone from a table. Without it everything in it would count as blank,
            and every result would be written over with nothing.
    """
    there = {view.name.casefold() for view in book.tables}
    for name, columns in NEEDED.items():
        if name in there:
            view = book.table(name)
            need(BY_NAME[name], view.columns, columns.split(), view.sheet)
    if {Drills.name, Issues.name} <= there:  # without it drills would pass for real issues; older books have neither
        view = book.table(Issues.name)
        need(Issues, view.columns, ["drill"], view.sheet)
    return ledger_of({table.name: read_if_there(book, table) for table in READ})


def ledger_of(records: Mapping[str, Sequence[Record]]) -> Ledger:
    """As `read_ledger`, of rows that are read already."""
    found = {table.name: _single(records.get(table.name, ())) for table in READ}
    # An issue with a copied event has no clock that can be trusted: it stays out with it.
    events = records.get(IssueEvents.name, ())
    times = Counter(record.key for record in events if record.key)
    doubtful = {record.text("issue") for record in events if times[record.key] > 1}
    # A drill runs through the same tables, and nothing of it ever enters a score, a clock or a count (S49).
    drills = {record.key for record in records.get(Issues.name, ()) if record["drill"]}
    found[Issues.name] = [r for r in found[Issues.name] if r.key not in doubtful and not r["drill"]]
    found[IssueEvents.name] = [r for r in found[IssueEvents.name] if r.text("issue") not in drills]
    return Ledger(found)


def _single(records: Sequence[Record]) -> list[Record]:
    times = Counter(record.key for record in records if record.key)
    return sorted((r for r in records if times[r.key] <= 1), key=lambda r: (natural(r.key), r.number))


def period_of(record: Record) -> Period:
    """A row of 考核周期 as a period.

    Raises:
        PeriodRefused: its days or its rule version are missing or make no sense.
    """
    if not record.key:
        raise PeriodRefused(f"考核周期第 {record.number} 行没有写周期，没有计算。请填写，例如 2026Q3。")
    if "status" in record.problems:  # it may be a frozen one, and those are never touched
        raise PeriodRefused(f"考核周期 {record.key} 的状态看不懂，没有计算。{record.problems['status']}。")
    first, last = record["starts_on"], record["ends_on"]
    if first is None or last is None:
        raise PeriodRefused(
            f"考核周期 {record.key} 没有写{'开始' if first is None else '结束'}日期，没有计算。请填写。"
        )
    if last < first:
        raise PeriodRefused(f"考核周期 {record.key} 的结束 {last} 早于开始 {first}，没有计算。请改正。")
    if not record["rule_version"]:
        raise PeriodRefused(f"考核周期 {record.key} 没有写规则版本，没有计算。请填写，例如 p1。")
    return Period(
        record.key, record.text("kind") or "other", first, last, record.text("rule_version"), record.text("status") or "open",
        keys_in(record.text("reviewers")), record,
    )  # fmt: skip


def _tree(version: str, rows: Sequence[Record], bands: Sequence[Record]) -> Tree:
    own = [row for row in rows if row["rule_version"] == version]
    places = [f"{version}-{code}" for code in PERFORMANCE_DIMENSIONS]
    heads = [row for row in own if row["layer"] == "dimension"]
    heads.sort(key=lambda row: places.index(row.key) if row.key in places else len(places))
    leaves = [row for row in own if row["layer"] == "indicator"]
    dimensions = tuple(
        Dimension(
            head.key, head.text("title"), head["weight"] or Decimal(0),
            tuple(
                Indicator(leaf.key, leaf.text("title"), leaf["weight"] or Decimal(0), leaf["method"] != "judged")
                for leaf in leaves if leaf.text("parent") == head.key
            ),
        )
        for head in heads
    )  # fmt: skip
    measures = {
        leaf.key: Measure(
            leaf.key, leaf.text("title"), leaf.text("parent"), leaf["method"] == "judged", leaf.text("metric")
        )
        for leaf in leaves
    }
    by_use: dict[str, list[tuple[Band, str]]] = {}
    for row in bands:
        if row["rule_version"] == version:
            by_use.setdefault(row.text("used_for"), []).append((band_of(row), row.key))
    grades = tuple(band for band, _ in by_use.pop(GRADES, []))
    return Tree(version, dimensions, measures, {use: tuple(found) for use, found in by_use.items()}, grades)


def usable(ledger: Ledger, version: str) -> Tree:
    """The tree of a rule version, once it is sure that it can be used.

    Raises:
        MeasuresRefused: there is none, a dimension has no place in the results, or a measure has no data.
        WeightsRefused, BandsRefused: the weights do not add up, or bands leave a gap.
    """
    tree = ledger.trees.get(version)
    if tree is None:
        known = "、".join(ledger.trees) or "无"
        raise MeasuresRefused(f"规则版本“{version}”在“绩效指标”里没有（现有：{known}）。请改正考核周期的“规则版本”列。")
    for why in faults(tree):
        raise why
    return tree


def faults(tree: Tree) -> Iterator[PartnerBookError]:
    """Everything that makes a rule version unusable, in the order of the sheet."""
    places = {f"{tree.version}-{code}" for code in PERFORMANCE_DIMENSIONS}
    strange = [head.key for head in tree.dimensions if head.key not in places]
    if strange:
        yield MeasuresRefused(
            f"维度 {'、'.join(strange)} 在“绩效结果”里没有位置。维度的编号只能是 {'、'.join(sorted(places))}；新的内容请作为指标放在其中一个维度下面。"
        )
    yield from _weights(tree)
    for measure in tree.measures.values():
        if measure.judged:
            continue
        if not measure.metric:
            yield MeasuresRefused(f"指标 {measure.key} 是实测的，而没有写数据。请选一项数据，或把记分方式改为评议。")
            continue
        try:
            check_bands([band for band, _ in tree.bands.get(measure.key, ())])
        except PartnerBookError as error:
            yield MeasuresRefused(f"指标 {measure.key} 的档位：{error}")
    try:
        check_bands(tree.grades)
    except PartnerBookError as error:
        yield MeasuresRefused(f"规则版本 {tree.version} 的等级档位：{error}")


def _weights(tree: Tree) -> Iterator[PartnerBookError]:
    """Dimensions sum to 100; the indicators of one sum to its weight, for they are points of the whole."""
    try:
        check_hundred({head.title: head.weight for head in tree.dimensions}, "维度")
    except PartnerBookError as error:
        yield error
        return
    for head in tree.dimensions:
        total = sum((exact(leaf.weight) for leaf in head.indicators), Fraction(0))
        if abs(total - exact(head.weight)) > SUM_SLACK:
            shown = format(Decimal(total.numerator) / Decimal(total.denominator), "f")
            yield MeasuresRefused(
                f"维度“{head.title}”的权重是 {head.weight}，而它的指标合计 {shown}。指标的权重是它在全部 100 分里占的分，合计要等于维度的权重。请改正。"
            )


def measured_partners(ledger: Ledger, period: Period) -> list[Record]:
    """Whom a period measures: partners in cooperation, and others with whom something happened in it."""
    busy = {
        *(row.text("partner") for row in ledger.of(Deliveries) if period.holds(row["delivered_on"] or row["due"])),
        *(row.text("partner") for row in ledger.of(Issues) if period.holds(row["reported_at"])),
        *(row.text("partner") for row in ledger.of(Budgets) if period.touches(row["starts_on"], row["ends_on"])),
        *(key for key, rows in ledger.tests.items() if any(period.holds(row["tested_on"]) for row in rows)),
        *(row.text("partner") for row in ledger.of(Resources) if period.touches(row["starts_on"], row["ends_on"])),
        *(row.text("partner") for row in ledger.of(Proposals) if period.holds(row["adopted_on"])),
        *(row.text("partner") for row in ledger.of(Judgements) if row["period"] == period.key),
    }
    return [
        row
        for row in ledger.partners.values()
        if row.key in busy
        or (row["status"] in MEASURED_STATES and (row["since"] is None or row["since"] <= period.last))
    ]
