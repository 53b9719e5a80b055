"""Owns writing penalties into the book by key (S46): computed again from the rows on every evaluation.

What staff wrote beside a row stays. A row that was deducted keeps its numbers; one whose cause is gone stays with 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.penalties import Penalty, penalties_of
from workbook.rules.performance import Ledger, read_ledger
from workbook.tables import Penalties, PenaltyRules
from workbook.tables.emergency import BREACHES
from workbook.writing import fitting, upsert_rows

NO_LONGER = "已不成立：来源、合同或标准改过，现在算不出这一笔"
COMPUTED_NAMES = (
    "legal_name", "breach", "source", "units", "rate", "uncapped", "amount", "why", "period", "contract", "partner", "rule",
)  # fmt: skip


def write_penalties(book: Book, now: datetime) -> None:
    """Write them into a book in memory; a book without these tables goes without."""
    names = {view.name.casefold() for view in book.tables}
    if not {Penalties.name, PenaltyRules.name} <= names:
        return
    rules, known = read_if_there(book, PenaltyRules), read_if_there(book, Penalties)
    if not rules and not known:
        return
    ledger = read_ledger(book)
    found, _ = penalties_of(ledger, rules, now)
    rows = {one.breach.key: _row(ledger, one) for one in found}
    for record in known:
        if record["status"] == "settled" and record.key:
            rows[record.key] = _kept(record)
        elif record.key and record.key not in rows and is_ours(record):
            rows[record.key] = {**_kept(record), **dict.fromkeys(("units", "uncapped", "amount"), Decimal(0)), "why": NO_LONGER}  # fmt: skip
    upsert_rows(book, Penalties, list(rows.values()))


def is_ours(record: Record) -> bool:
    """Whether the system wrote a row: one that people added themselves is theirs."""
    source, _, kind = record.key.rpartition("/")
    return kind in BREACHES and bool(record["source"]) and record["source"] == source


def _kept(record: Record) -> dict[str, Any]:
    return {"penalty": record.key, **{name: record[name] for name in COMPUTED_NAMES}}


def _row(ledger: Ledger, one: Penalty) -> Mapping[str, Any]:
    partner = ledger.partners.get(one.breach.partner)
    return {
        "penalty": one.breach.key, "legal_name": partner["legal_name"] if partner else None, "breach": one.breach.kind,
        "source": one.breach.source, "units": one.units, "rate": one.rate, "uncapped": one.uncapped, "amount": one.amount,
        "why": fitting(one.why, Penalties, "why"), "period": one.breach.month, "contract": one.contract,
        "partner": one.breach.partner, "rule": one.rule,
    }  # fmt: skip
