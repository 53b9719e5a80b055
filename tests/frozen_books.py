"""Owns the smallest book with measured partners: three partners, two quarters, a second rule version, for freezing and comparing."""

from __future__ import annotations

import copy
import functools
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbook.build import new_workbook
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.performance_defaults import measure_rows
from workbook.tables import Bands

Rows = dict[str, list[dict[str, Any]]]
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 10, 0)
QUARTERS = {"2026Q2": date(2026, 4, 1), "2026Q3": date(2026, 7, 1)}
PASSED = {"2026Q2": (94, 91, 97), "2026Q3": (96, 91, 99)}  # of 100 functional cases, by partner


def performance_rows() -> Rows:
    """Three partners with events in two closed quarters; the fourth has none at all."""
    rows: Rows = {
        "partners": [
            {"partner": f"P-000{n}", "legal_name": f"伙伴{n}", "category": "service", "status": "active", "since": date(2024, 1, 1)}
            for n in (1, 2, 3, 4)
        ],
        "periods": [], "deliveries": [], "tests": [], "issues": [], "issue_events": [], "budgets": [], "judgements": [],
    }  # fmt: skip
    rows["reviewers"] = [
        {"reviewer": f"R-000{n}", "person": f"评审{n}", "role": "quality", "status": "active"} for n in (1, 2)
    ]
    for period, first in QUARTERS.items():
        last = (first + timedelta(days=92)).replace(day=1) - timedelta(days=1)
        rows["periods"].append({
            "period": period, "kind": "quarter", "starts_on": first, "ends_on": last, "rule_version": "p1", "status": "closed",
        })  # fmt: skip
        for n in (1, 2, 3):
            _quarter(rows, period, f"P-000{n}", first, last, PASSED[period][n - 1])
    return rows


def _quarter(rows: Rows, period: str, partner: str, first: date, last: date, passed: int) -> None:
    def add(table: str, column: str, prefix: str, **cells: Any) -> str:
        key = f"{prefix}-{len(rows[table]) + 1:04d}"
        rows[table].append({column: key, **cells})
        return key

    for at, bad in enumerate((10, 24)):
        day = first + timedelta(days=20 + 20 * at)
        delivery = add("deliveries", "delivery", "DL", partner=partner, title="交付", delivered_on=day)
        kinds = [("batch", 1000, 1000 - bad)]
        kinds += [("functional", 100, passed), ("performance", 100, 96)] if not at else []
        for kind, total, good in kinds:
            add("tests", "test", "TE", delivery=delivery, kind=kind, tested_on=day, total=Decimal(total), passed=Decimal(good))  # fmt: skip
    moment = datetime.combine(first + timedelta(days=30), datetime.min.time()).replace(hour=10)
    for kind, severity in (("issue", "urgent"), ("issue", "ordinary"), ("change", "ordinary"), ("contact", "ordinary")):
        issue = add(
            "issues", "issue", "I", partner=partner, kind=kind, severity=severity, title="事项", reported_at=moment
        )
        for event, minutes in (("response", 5), ("resolve", 60)):
            add("issue_events", "event", "IE", issue=issue, at=moment + timedelta(minutes=minutes), kind=event)
    add(
        "budgets", "budget_line", "BU", partner=partner, starts_on=first, ends_on=last, budget=Decimal("1000.00"),
        actual=Decimal("1010.00"), progress=Decimal(100), verified="yes",
    )  # fmt: skip
    for judge in ("R-0001", "R-0002"):
        add(
            "judgements",
            "judgement",
            "PJ",
            period=period,
            partner=partner,
            measure="p1-Q.4",
            reviewer=judge,
            mark=4,
            evidence="抽查",
        )


def second_version(book: Book, weights: dict[str, int], version: str = "p2") -> None:
    """A copy of p1's measures and bands under another version, with some weights of measures changed; Q's sum stays 40."""
    measures = []
    for row in measure_rows("zh-CN"):
        code = str(row["measure"]).removeprefix("p1-")
        cells = {
            "绩效指标编号": f"{version}-{code}",
            "名称": row["title"],
            "规则版本": version,
            "权重": weights.get(code, row["weight"]),
        }
        cells |= {"层级": "维度" if row["layer"] == "dimension" else "指标"}
        if row.get("parent"):
            cells["上级"] = str(row["parent"]).replace("p1-", f"{version}-")
            cells["记分方式"] = "评议" if row["method"] == "judged" else "实测"
        measures.append(cells | ({"数据": _metric_word(row["metric"])} if row.get("metric") else {}))
    book.append("measures", measures)
    view = book.table("bands")
    bands = []
    for band in book.rows("bands"):
        cells = {name: band.values.get(name) for name in view.columns if band.values.get(name) is not None}
        if cells.get("规则版本") == "p1":
            use = str(cells[Bands.columns["used_for"].zh]).replace("p1-", f"{version}-")
            cells |= {"规则版本": version, Bands.columns["used_for"].zh: use}
            cells[Bands.key().zh] = str(cells[Bands.key().zh]) + "x" if not Bands.key().prefix else None
            bands.append({k: v for k, v in cells.items() if v is not None})
    if Bands.key().prefix:
        first = max(Bands.key().number(str(b.values[Bands.key().zh])) or 0 for b in book.rows("bands"))
        for n, cells in enumerate(bands, start=first + 1):
            cells[Bands.key().zh] = Bands.key().make(n)
    book.append("bands", bands)


def _metric_word(code: str) -> str:
    from workbook.tables.performance import METRICS

    return METRICS[code].zh


@functools.cache
def built() -> bytes:
    """The book of these rows after one evaluation."""
    book = Book.read(new_workbook(rows=copy.deepcopy(performance_rows()), today=TODAY))
    second_version(book, {"Q.1": 10, "Q.2": 14})
    evaluate_book(book, NOW)
    return book.to_bytes()


def typed(path: Path, table: str, key: str, row: str, **cells: Any) -> None:
    """What people type into a row and save."""
    book = Book.read(path.read_bytes())
    book.update(table, key, {row: cells})
    path.write_bytes(book.to_bytes())
