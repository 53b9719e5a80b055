"""Owns the sample's money of the contract that runs: versions, phases, a line in dollars, and what finance's sheet brought in.

One planted story: a line of finance's sheet whose contract number the book does not know; it counts for nobody until
staff write the number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from workbook.rules.sources import as_imported, line_name

Row = dict[str, Any]
SOURCE, FILE = "财务部预算", "财务部预算 2026Q4.xlsx"
CONTRACT, TITLE = "K-0001", "数据平台一期"
HEADERS = (
    ("合同编号", "contract", None), ("供应商", "partner", None), ("项目", "project", None), ("科目", "category", None), ("期间", "period", None),
    ("预算（万元）", "budget", "10000"), ("实际支出（万元）", "actual", "10000"), ("完成进度", "progress", None), ("执行率", "ignore", None),
)  # fmt: skip
# contract and company as finance writes them, category, budget, actual, progress, dollars: budget, actual, rate
IMPORTED = (
    (CONTRACT, "启明云科技有限公司", "软件许可费", "355000.00", "177500.00", 50, ("50000.00", "25000.00", "7.1")),
    (CONTRACT, "启明云科技有限公司", "培训费", "120000.00", "28000.00", 25, None),
    ("HT-2026-077", "东禾商贸有限公司", "市场推广费", "68000.00", "12600.00", 20, None),
)
VERSIONS = (("1500000.00", -10, None), ("1600000.00", 5, "增加两个对外接口"))  # budget, days from the start, reason
PHASES = (("400000.00", 60), ("700000.00", 60), ("500000.00", 60))  # planned, days


def finance_rows(today: date, rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The lines of the running contract beside those that are there, with everything about them."""
    first = next(row["starts_on"] for row in rows["contracts"] if row["contract"] == CONTRACT)
    partner = next(row["partner"] for row in rows["contracts"] if row["contract"] == CONTRACT)
    known = {row["legal_name"]: row["partner"] for row in rows["partners"]}
    start = len(rows["budgets"])
    own = _own(f"BU-{start + 1:04d}", partner, first)
    imported = [
        _imported(f"BU-{number:04d}", line, known, today) for number, line in enumerate(IMPORTED, start=start + 2)
    ]
    return {
        "budgets": [*rows["budgets"], own, *imported],
        "budget_versions": list(_versions(own["budget_line"], first)),
        "budget_phases": list(_phases(own["budget_line"], first)),
        "budget_mappings": [
            {"budget_mapping": f"BM-{n:04d}", "source": SOURCE, "header": header, "meaning": meaning, "unit": unit}
            for n, (header, meaning, unit) in enumerate(HEADERS, start=1)
        ],
        "budget_imports": [_import(imported, today)],
    }


def _own(key: str, partner: str, first: date) -> Row:
    return {
        "budget_line": key, "contract": CONTRACT, "partner": partner, "project": TITLE, "category": "实施费", "starts_on": first,
        "ends_on": first + timedelta(days=sum(days for _, days in PHASES) - 1), "budget": Decimal(VERSIONS[-1][0]),
        "actual": Decimal("240000.00"), "committed": Decimal("320000.00"), "progress": Decimal(15), "evidence": "里程碑 1 验收单",
        "tax": "included", "tax_rate": Decimal(6), "handler": "李明哲",
    }  # fmt: skip


def _versions(line: str, first: date) -> list[Row]:
    return [
        {
            "budget_version": f"BV-{number:04d}", "budget_line": line, "number": Decimal(number), "agreed_on": first + timedelta(days=days),
            "budget": Decimal(budget), "reason": reason, "approver": "沈明远", "evidence": f"预算批复 {number} 号",
        }
        for number, (budget, days, reason) in enumerate(VERSIONS, start=1)
    ]  # fmt: skip


def _phases(line: str, first: date) -> list[Row]:
    found, day = [], first
    for number, (planned, days) in enumerate(PHASES, start=1):
        last = day + timedelta(days=days - 1)
        found.append({
            "budget_phase": f"BP-{number:04d}", "budget_line": line, "starts_on": day, "ends_on": last, "planned": Decimal(planned),
        })  # fmt: skip
        day = last + timedelta(days=1)
    return found


def _imported(key: str, line: tuple[Any, ...], known: Mapping[str, str], today: date) -> Row:
    contract, company, category, budget, actual, progress, dollars = line
    quarter = (today.month - 1) // 3
    first = date(today.year, 3 * quarter + 1, 1)
    last = date(today.year + quarter // 3, (3 * quarter + 3) % 12 + 1, 1) - timedelta(days=1)
    values: Row = {
        "budget": Decimal(budget), "actual": Decimal(actual), "planned_progress": Decimal(progress), "progress": Decimal(progress),
        "tax": "included",
    }  # fmt: skip
    if dollars:
        whole, paid, rate = (Decimal(text) for text in dollars)
        values |= {
            "currency": "USD",
            "fx_rate": rate,
            "fx_on": first,
            "budget_original": whole,
            "actual_original": paid,
        }
    words = {
        "contract": contract,
        "partner": company,
        "project": TITLE if contract == CONTRACT else "北方区推广",
        "category": category,
    }
    return {
        "budget_line": key, "contract": contract if contract == CONTRACT else None, "partner": known.get(company),
        "project": words["project"], "category": category, "starts_on": first, "ends_on": last, **values, "source": SOURCE,
        "source_line": line_name(words, f"{first}~{last}", 0), "imported": as_imported(values), "imported_on": today,
        "source_state": "same", "evidence": "月度工作量确认",
    }  # fmt: skip


def _import(lines: Sequence[Row], today: date) -> Row:
    return {
        "budget_import": "BI-0001", "at": datetime.combine(today, time(9, 12)), "source": SOURCE, "file": FILE,
        "fingerprint": "a3" * 32, "lines": Decimal(len(lines)), "budget": sum((row["budget"] for row in lines), Decimal(0)),
        "actual": sum((row["actual"] for row in lines), Decimal(0)), "checks": "2 处合计全部相符", "added": Decimal(len(lines)),
        "updated": Decimal(0), "kept": Decimal(0), "gone": Decimal(0), "unmatched": Decimal(1),
    }  # fmt: skip
