"""Owns the canonical inputs of a result: every row it rests on as one JSON text, the same for the same rows, and back to rows.

A frozen result keeps this text beside the book; whoever has it can compute the result again without the book.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from workbook.records import Record
from workbook.rules.performance import READ, Ledger, Period, ledger_of
from workbook.schema import COMPUTED, Column, Formula, Key, Number, Table
from workbook.tables import (
    BY_NAME,
    Bands,
    BudgetPhases,
    Budgets,
    Contracts,
    Deliveries,
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

FORMAT = 1
NO_INPUT = (
    "remark",
    "handler",
    "manager",
    "contact",
    "phone",
    "email",
)  # what people note beside a row decides nothing
PERIOD_STATE = (Periods, "status")  # closing or freezing a period changes nothing that its results rest on
OF_PARTNER: tuple[type[Table], ...] = (
    Partners,
    Contracts,
    Deliveries,
    Judgements,
    SiteChecks,
    Issues,
    Budgets,
    Resources,
    Proposals,
)
OF_VERSION: tuple[type[Table], ...] = (Measures, Bands, ServiceLevels)
SHARED: tuple[type[Table], ...] = (Settings, WorkingDays)
NEVER: tuple[type[Table], ...] = (
    Performance,
    Frozen,
    Reviewers,
)  # results are no inputs; who reviewed stands in the marks


def input_columns(table: type[Table]) -> dict[str, Column]:
    """The columns of a table that a result can rest on: the key, and what people fill in."""
    return {
        name: column
        for name, column in table.columns.items()
        if isinstance(column, Key)
        or (column.owner is not COMPUTED and not isinstance(column, Formula) and name not in NO_INPUT)
        if (table, name) != PERIOD_STATE
    }


def canonical_inputs(ledger: Ledger, period: Period, partner: str, now: datetime) -> str:
    """The rows behind the result of a partner in a period, as JSON with sorted keys; `now` is the moment it is computed for."""
    tables = {table.name: _rows(table, rows) for table, rows in _chosen(ledger, period, partner)}
    whole = {
        "format": FORMAT, "as_of": now.isoformat(sep=" ", timespec="seconds"), "period": period.key, "partner": partner,
        "tables": {name: rows for name, rows in tables.items() if rows},
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _chosen(ledger: Ledger, period: Period, partner: str) -> Iterable[tuple[type[Table], Sequence[Record]]]:
    issues = {row.key for row in ledger.of_partner(Issues, partner) if period.holds(row["reported_at"])}
    for table in READ:
        rows = ledger.of(table)
        if table in NEVER:
            continue
        if table is Periods:
            yield table, [row for row in rows if row.key == period.key]
        elif table in OF_VERSION:
            yield table, [row for row in rows if row["rule_version"] == period.rule_version]
        elif table is Tests:
            yield table, [row for row in ledger.tests_of(partner) if period.holds(row["tested_on"])]
        elif table is Issues:
            yield table, [row for row in ledger.of_partner(table, partner) if row.key in issues]
        elif table is IssueEvents:
            yield table, [row for key in issues for row in ledger.events.get(key, ())]
        elif table is Partners:
            yield table, [row for row in (ledger.partners.get(partner),) if row]
        elif table in OF_PARTNER:
            yield table, [row for row in ledger.of_partner(table, partner) if _within(table, row, period)]
        elif table is BudgetPhases:
            lines = {row.key for row in ledger.of_partner(Budgets, partner) if _within(Budgets, row, period)}
            yield table, [row for row in rows if row["budget_line"] in lines]
        elif table in SHARED:
            yield table, rows


def _within(table: type[Table], row: Record, period: Period) -> bool:
    if table in (Judgements, SiteChecks):
        return bool(row["period"] == period.key)
    if table in (Budgets, Resources):
        return period.touches(row["starts_on"], row["ends_on"])
    if table is Proposals:
        return period.holds(row["adopted_on"]) or period.holds(row["saving_verified_on"])
    return True


def _rows(table: type[Table], rows: Sequence[Record]) -> list[dict[str, Any]]:
    columns = input_columns(table)
    return [
        {name: _json(column, row[name]) for name, column in columns.items() if row[name] is not None}
        for row in sorted(rows, key=lambda row: (row.key, row.number))
    ]


def _json(column: Column, value: Any) -> Any:
    """The value in JSON; a number has one form, for one program saves 91 where another saves 91.0."""
    if type(column) is Number and value is not None:
        value = Decimal(format(value.normalize(), "f"))
    return column.to_json(value)


def from_canonical(text: str) -> tuple[Ledger, str, str, datetime]:
    """The ledger, period, partner and moment of canonical inputs.

    Raises:
        ValueError: the text is none of ours.
    """
    whole: Mapping[str, Any] = json.loads(text)
    if whole.get("format") != FORMAT:
        raise ValueError(f"unknown format {whole.get('format')!r}")
    records = {
        name: [_record(BY_NAME[name], number, row) for number, row in enumerate(rows, start=1)]
        for name, rows in whole["tables"].items()
    }
    return ledger_of(records), whole["period"], whole["partner"], datetime.fromisoformat(whole["as_of"])


def _record(table: type[Table], number: int, row: Mapping[str, Any]) -> Record:
    values = {name: table.columns[name].from_json(value) for name, value in row.items()}
    return Record(table, table.label.zh, number, str(values.get(table.key().name) or ""), values, {})


def digest(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
