"""Owns the ledger of incentives in a workbook: new entitlements are appended once, what a correction takes away is refused (S29).

People own state, approver and days. The one state that the system writes is 不予兑现 for a row that nobody has approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rows import language, row_cells
from workbook.rules.incentives import DECIDED, Entitlement, missing, withdrawals
from workbook.tables import Frozen, IncentiveRules, Incentives
from workbook.writing import write_cells


def grant_incentives(book: Book, now: datetime) -> None:
    """Bring 激励台账 up to date; a book without the table goes without."""
    if not any(view.name.casefold() == Incentives.name for view in book.tables):
        return
    frozen, ledger = read_if_there(book, Frozen), read_if_there(book, Incentives)
    _follow(book, frozen, ledger)
    fresh = missing(frozen, read_if_there(book, IncentiveRules), ledger)
    if not fresh:
        return
    key, view = Incentives.key(), book.table(Incentives.name)
    last = max((key.number(row.key) or 0 for row in ledger), default=0)
    lang = language(Incentives, view.columns)
    rows = [_row(one, key.make(number), now.date(), lang) for number, one in enumerate(fresh, start=last + 1)]
    book.append(Incentives.name, [row_cells(Incentives, row, view.columns, view.sheet) for row in rows])


def _row(one: Entitlement, key: str, today: date, lang: str) -> dict[str, Any]:
    """An entitlement as it is written once: amount and words are the rule's of this day."""
    frozen, rule = one.frozen, one.rule
    return {
        "incentive": key, "partner": frozen["partner"], "legal_name": frozen["legal_name"], "period": frozen["period"],
        "grade": frozen["grade"], "type": rule["type"], "what": rule["what"], "amount": rule["amount"], "status": "due",
        "made_on": today, "frozen": frozen.key, "rule": rule.key,
    }  # fmt: skip


def _follow(book: Book, frozen: Sequence[Record], ledger: Sequence[Record]) -> None:
    """Refuse what a correction takes away and nobody approved; take the refusal back should a later one give it again."""
    changes: dict[int, Mapping[str, Any]] = {}
    for one in withdrawals(frozen, ledger):
        row, status = one.row, one.row["status"] or "due"
        if not one.why:
            changes[row.number] = {"withdrawn": None, **({"status": "due"} if status == "refused" else {})}
        elif status == "due":
            changes[row.number] = {"withdrawn": one.why, "status": "refused"}
        elif row["withdrawn"] and status not in DECIDED:
            changes[row.number] = {"withdrawn": one.why}
    write_cells(book, Incentives, ledger, changes)
