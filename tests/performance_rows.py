"""Owns the smallest whole quarter of performance: rows in which nothing is amiss, for tests to break one thing at a time."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workbook.performance_defaults import measure_rows, performance_band_rows, service_level_rows
from workbook.records import Record
from workbook.rules.performance import Ledger, ledger_of, period_of
from workbook.rules.rating import PeriodResult, Rated, rate_period
from workbook.tables import BY_NAME, SettingRow

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 10, 0)
Rows = dict[str, list[dict[str, Any]]]
P, Q3 = "P-0001", "2026Q3"


def defaults() -> Rows:
    """The rows that a new book begins with, as far as performance reads them."""
    return {
        "measures": measure_rows("zh-CN"), "bands": performance_band_rows("zh-CN", 1), "service_levels": service_level_rows(),
        "settings": [{"setting": name, "value": value} for name, value, _ in SettingRow.DEFAULTS],
    }  # fmt: skip


def partner(number: int, **more: Any) -> dict[str, Any]:
    return {
        "partner": f"P-{number:04d}", "legal_name": f"伙伴{number}有限公司", "category": "service", "status": "active",
        "since": date(2024, 1, 1), **more,
    }  # fmt: skip


def quarter_rows() -> Rows:
    """The third quarter of 2026 of one partner, with something for every measure.

    Functional 96 of 100, performance 99 of 100, defect rates of 2 % and 4 % in two batches; an urgent issue answered in 10
    minutes and solved in 3 hours; a change and a message in time; a budget of 1,000.00 with 1,010.00 spent; 90 of 100 days
    used; a proposal worth 4 adopted, and 20.00 saved; two reviewers who give 4 and 3.
    """
    at = datetime(2026, 8, 3, 10, 0)  # a Monday
    kinds = (("functional", 96), ("performance", 99), ("batch", 98), ("batch", 96))
    places = (("I-0001", "issue", "urgent"), ("I-0002", "change", "ordinary"), ("I-0003", "contact", "ordinary"))
    return {
        "partners": [partner(1)],
        "periods": [{"period": Q3, "kind": "quarter", "starts_on": date(2026, 7, 1), "ends_on": date(2026, 9, 30), "rule_version": "p1", "status": "open"}],
        "deliveries": [{"delivery": f"DL-000{n}", "partner": P, "title": "批次", "delivered_on": date(2026, 8, n)} for n in (1, 2)],
        "tests": [
            {"test": f"TE-000{n}", "delivery": f"DL-000{1 + n // 4}", "kind": kind, "tested_on": date(2026, 8, 5), "total": Decimal(100), "passed": Decimal(passed)}
            for n, (kind, passed) in enumerate(kinds, start=1)
        ],
        "issues": [
            {"issue": key, "partner": P, "kind": kind, "severity": level, "title": "事项", "status": "closed", "reported_at": at}
            for key, kind, level in places
        ],
        "issue_events": [
            {"event": f"IE-000{n}{m}", "issue": key, "at": at.replace(hour=hour, minute=minute), "kind": kind}
            for n, (key, _, _) in enumerate(places) for m, (hour, minute, kind) in enumerate(((10, 10, "response"), (13, 0, "resolve")))
        ],
        "contracts": [{"contract": "K-0001", "title": "协议", "partner": P}],
        "budgets": [{
            "budget_line": "BU-0001", "contract": "K-0001", "partner": P, "starts_on": date(2026, 7, 1), "ends_on": date(2026, 9, 30),
            "budget": Decimal("1000.00"), "actual": Decimal("1010.00"), "progress": Decimal(100), "verified": "yes",
        }],
        "resources": [{
            "resource": "RU-0001", "partner": P, "kind": "people", "starts_on": date(2026, 7, 1), "ends_on": date(2026, 9, 30),
            "available": Decimal(100), "used": Decimal(90),
        }],
        "proposals": [{
            "proposal": "IP-0001", "partner": P, "title": "省料", "status": "adopted", "verification": "verified", "value": 4, "assessed_by": "周敏",
            "adopted_on": date(2026, 8, 10), "verified_saving": Decimal("20.00"), "saving_verified_by": "王珂",
            "saving_verified_on": date(2026, 9, 1), "saving_evidence": "结算单 8 号",
        }],
        "reviewers": [{"reviewer": f"R-000{n}", "person": f"评审{n}", "role": "quality", "status": "active"} for n in (1, 2)],
        "judgements": [
            {"judgement": f"PJ-000{n}", "period": Q3, "partner": P, "measure": "p1-Q.4", "reviewer": f"R-000{n}", "mark": mark, "evidence": "文件夹"}
            for n, mark in ((1, 4), (2, 3))
        ],
    }  # fmt: skip


def copy(rows: Rows) -> Rows:
    return {name: [dict(row) for row in found] for name, found in rows.items()}


@functools.cache
def _whole() -> Rows:
    return {**defaults(), **quarter_rows()}


def fresh() -> Rows:
    return copy(_whole())


def records(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Record]]:
    """Rows as they are read from a book, from row 6 on."""
    found: dict[str, list[Record]] = {name: [] for name in BY_NAME}
    for name, given in rows.items():
        table = BY_NAME[name]
        key = table.key().name
        found[name] = [
            Record(
                table, table.label.zh, n, str(row.get(key) or ""), {k: v for k, v in row.items() if v is not None}, {}
            )
            for n, row in enumerate(given, start=6)
        ]
    return found


def ledger(rows: Rows) -> Ledger:
    return ledger_of(records(rows))


def rate(rows: Rows, period: str = Q3, now: datetime = NOW) -> PeriodResult:
    """A period rated from rows, without a book."""
    read = ledger(rows)
    return rate_period(read, period_of(next(r for r in read.records["periods"] if r.key == period)), now)


def one(rows: Rows, key: str = P) -> Rated:
    return next(rated for rated in rate(rows).rated if rated.partner.key == key)


def mark_of(rows: Rows, measure: str) -> Any:
    """The mean mark of a measure of P-0001, None without one."""
    return next(part.mean for part in one(rows).outcome.parts if part.indicator == measure)
