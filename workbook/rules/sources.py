"""Owns what an import leaves in a line of 预算执行: what names it in finance's sheet, its values there, and how it stands to them.

Pure. The name is made of finance's own words, never of what they were matched with: a contract number that staff put
right stays right when the same sheet comes again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workbook.records import Record
from workbook.schema import Date, Number
from workbook.tables import Budgets

# The columns that finance's sheet decides for as long as staff did not change them.
TAKEN = (
    "budget", "actual", "committed", "planned_progress", "progress", "tax", "tax_rate", "currency", "fx_rate", "fx_on",
    "budget_original", "actual_original",
)  # fmt: skip
NAMED = ("contract", "partner", "project", "category", "voucher")
LONGEST = Budgets.source_line.max_length or 300
BETWEEN = "｜"


def line_name(words: Mapping[str, str], span: str, times: int) -> str:
    """What names a line in its source: its words and its span; `times` counts lines of the same name before it."""
    parts = [f"{Budgets.columns[name].zh}={_plain(words.get(name, ''))}" for name in NAMED if words.get(name)]
    text = BETWEEN.join([*parts, span]) + (f"#{times + 1}" if times else "")
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 18]}…{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _plain(words: str) -> str:
    return " ".join(words.replace(BETWEEN, "|").split())


def word_in(name: str, column: str) -> str:
    """The word of one column in the name of a line, "" where it has none."""
    head = f"{Budgets.columns[column].zh}="
    return next((part.removeprefix(head) for part in name.split(BETWEEN) if part.startswith(head)), "")


def as_imported(values: Mapping[str, Any]) -> str:
    """The values of a line as its source has them, as the column 导入内容 keeps them."""
    kept = {name: Budgets.columns[name].to_json(values[name]) for name in TAKEN if values.get(name) is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def imported_values(row: Record) -> dict[str, Any] | None:
    """Back from `as_imported`; None for a line that no import wrote, or whose text somebody broke."""
    if not row["source"] or not row["imported"]:
        return None
    try:
        kept = json.loads(row.text("imported"))
        return {name: Budgets.columns[name].from_json(kept.get(name)) for name in TAKEN}
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        return None


def equal(column: str, first: Any, second: Any) -> bool:
    """Whether two values of a column say the same; a blank currency is yuan."""
    if column == "currency":
        return (first or "CNY") == (second or "CNY")
    if isinstance(Budgets.columns[column], Number) and first is not None and second is not None:
        return Decimal(first) == Decimal(second)
    if isinstance(Budgets.columns[column], Date):
        return bool(first == second)
    return (first or None) == (second or None)


def edited(row: Record) -> list[str]:
    """The columns in which a line says something else than its source."""
    values = imported_values(row)
    return [] if values is None else [name for name in TAKEN if not equal(name, row[name], values[name])]


def state_of(row: Record) -> str | None:
    """How a line stands to its source; that it is gone from there only an import can tell."""
    if imported_values(row) is None:
        return None
    return "gone" if row["source_state"] == "gone" else "edited" if edited(row) else "same"
