"""Owns what a frozen result is made of: its parts as exact text, the hash over its row, and which row stands (S38).

Pure. `details` says everything that a result came to, independent of the machine; `row_hash` covers every computed cell of
the row and, through 明细指纹, the parts, so that an altered cell is seen without any file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from workbook.evaluation.exact import half_up
from workbook.evaluation.model import Outcome, State
from workbook.records import Record
from workbook.rules.canonical import digest, from_canonical
from workbook.rules.performance import Ledger, Period, period_of
from workbook.rules.rating import PeriodResult, Rated, rate_period
from workbook.schema import COMPUTED, Label, Number
from workbook.tables import Frozen, Periods

NO_DATA = Label("无数据", "No data")
OUTCOMES = {
    "ranked": Label("已评", "Rated"),
    "blocked": Label("暂不能评", "Not yet rated"),
    "nothing": NO_DATA,
}
HASHED = tuple(n for n, c in Frozen.columns.items() if n != "result_hash" and (c.owner is COMPUTED or n == "frozen"))


class Again(NamedTuple):
    """A result computed again from its canonical inputs, and what it rests on."""

    ledger: Ledger
    result: PeriodResult
    one: Rated
    as_of: datetime


def outcome_code(outcome: Outcome) -> str:
    """What became of a partner: rated, not yet rated, or nothing to rate it by."""
    if outcome.state is State.RANKED:
        return "ranked"
    return "nothing" if outcome.score is None else "blocked"


def details(outcome: Outcome) -> str:
    """Everything that a result came to, as one text: numbers exact, as quotients, never as binary floats."""
    return json.dumps(
        {
            "score": None if outcome.score is None else format(outcome.score, "f"), "grade": outcome.grade,
            "state": outcome_code(outcome),
            "parts": [
                {
                    "measure": part.indicator, "state": part.state.value, "mark": None if part.mean is None else str(part.mean),
                    "weight": str(part.weight), "points": format(part.contribution, "f"),
                }
                for part in sorted(outcome.parts, key=lambda part: part.indicator)
            ],
        },
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    )  # fmt: skip


def row_hash(values: Mapping[str, Any]) -> str:
    """The SHA-256 over the computed cells of a frozen row, by column name; blank cells are left out."""
    texts = {name: _text(name, values.get(name)) for name in HASHED}
    whole = {name: text for name, text in texts.items() if text is not None}
    return digest(json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _text(name: str, value: Any) -> str | None:
    if value is None or value == "":
        return None
    column = Frozen.columns[name]
    # A cell holds 82.5 where the score is 82.50.
    return format(half_up(Decimal(value), 2), "f") if isinstance(column, Number) else str(column.to_json(value))


def standing(rows: Sequence[Record], period: str) -> dict[str, Record]:
    """The frozen row of each partner of a period that no later row corrects."""
    corrected = {row.text("corrects") for row in rows if row["corrects"]}
    return {row.text("partner"): row for row in rows if row["period"] == period and row.key not in corrected}


def recomputed(text: str) -> Again:
    """The result that canonical inputs come to.

    Raises:
        ValueError: the text is none of ours, or holds no such partner.
        PartnerBookError: the rules in it cannot be used.
    """
    ledger, key, partner, as_of = from_canonical(text)
    record = next((row for row in ledger.of(Periods) if row.key == key), None)
    if record is None:
        raise ValueError(f"no period {key}")
    result = rate_period(ledger, period_of(record), as_of, [partner])
    if not result.rated:
        raise ValueError(f"no partner {partner}")
    return Again(ledger, result, result.rated[0], as_of)


def with_records(ledger: Ledger, changed: Mapping[str, Sequence[Record]]) -> Ledger:
    """A ledger with other rows in some tables."""
    return Ledger({**ledger.records, **changed})


def under(period: Period, version: str) -> Period:
    """The same period under another rule version."""
    return replace(period, rule_version=version)
