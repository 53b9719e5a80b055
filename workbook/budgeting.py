"""Owns what is computed into 预算执行, 预算汇总 and 资源利用: verdicts, earned value, sums per partner (S32, S33)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from workbook.errors import PartnerBookError
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.budgets import budget_bands, complete, line_of, use_of
from workbook.rules.earned import ALL, UNMATCHED, Earned, Sums, cells_of, sound_earned, sums_of, total_row
from workbook.rules.performance import Ledger
from workbook.rules.sources import state_of
from workbook.schema import COMPUTED
from workbook.tables import Budgets, BudgetTotals, Partners, Resources
from workbook.writing import upsert_rows, write_cells

SAID = ("verdict", "mark", "saved", "undelivered")  # what the bands say of a line


def line_cells(ledger: Ledger, row: Record, version: str, day: date) -> dict[str, Any]:
    """What is computed of one line of 预算执行 as of a day, by column; a line that cannot be read says nothing."""
    found: dict[str, Any] = dict.fromkeys(SAID)
    try:
        line = line_of(row, budget_bands(ledger, version), ledger.phases, day)
    except PartnerBookError:  # told by `check`
        return found
    known = line.found.rate is not None
    return {
        "verdict": line.verdict, "mark": line.mark, "saved": line.saved if known and complete(row) else None,
        "undelivered": line.undelivered if known else None,
    }  # fmt: skip


def write_money(book: Book, ledger: Ledger, versions: Mapping[int, str], day: date) -> None:
    """Write the computed cells of every line and the sums over them; `versions` names the rule version by row number."""
    lines: dict[int, Mapping[str, Any]] = {}
    summed: list[tuple[Record, Earned, Mapping[str, Decimal | None]]] = []
    for row in ledger.of(Budgets):
        earned = sound_earned(row, ledger.phases, day)
        lines[row.number] = {
            **line_cells(ledger, row, versions[row.number], day), **cells_of(earned), "source_state": state_of(row),
        }  # fmt: skip
        summed.append((row, earned, lines[row.number]))
    write_cells(book, Budgets, ledger.of(Budgets), lines)
    uses = {row.number: {"verdict": use_of(row)} for row in ledger.of(Resources)}
    write_cells(book, Resources, ledger.of(Resources), uses)
    if any(view.name.casefold() == BudgetTotals.name for view in book.tables):
        upsert_rows(book, BudgetTotals, list(_totals(book, ledger, sums_of(summed) if summed else {})))


def _totals(book: Book, ledger: Ledger, sums: Mapping[str, Sums]) -> Iterator[dict[str, Any]]:
    """A row for each partner with lines; one whose lines are gone stays, with nothing in it."""
    names = {row.key: row.text("legal_name") for row in ledger.of(Partners)}
    there = {row.key for row in read_if_there(book, BudgetTotals) if row.key}
    for key, one in sums.items():
        yield total_row(key, {UNMATCHED: "没有写伙伴编号的行", ALL: "全部预算"}.get(key, names.get(key, "")), one)
    computed = [name for name, column in BudgetTotals.columns.items() if column.owner is COMPUTED]
    for key in sorted(there - set(sums)):
        yield {
            **dict.fromkeys(computed), **total_row(key, names.get(key, ""), Sums()), "left_out": "已没有预算行",
        }  # fmt: skip
