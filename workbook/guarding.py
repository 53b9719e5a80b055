"""Owns what an evaluation writes of risks and samplings: the zone of each risk, the units to sample, the verdict (S41 to S43)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.risks import zone_of
from workbook.rules.sampling_plan import as_text, defective_units, is_whole, units_of, verdict_of
from workbook.tables import Defects, Risks, Samplings
from workbook.writing import write_cells


def keep_guard(book: Book) -> None:
    """Write it into a book in memory; a book without these tables goes without."""
    risks = read_if_there(book, Risks)
    write_cells(book, Risks, risks, {row.number: {"zone": zone_of(row)} for row in risks})
    defects = read_if_there(book, Defects)
    samplings = read_if_there(book, Samplings)
    write_cells(book, Samplings, samplings, {row.number: {"drawn": _drawn(row, defects)} for row in samplings})
    samplings = read_if_there(book, Samplings)  # again: defects count against the units that stand there now
    write_cells(book, Samplings, samplings, {row.number: _judged(row, defects) for row in samplings})


def _drawn(row: Record, defects: list[Record]) -> str | None:
    """Written once: when units were taken already, another lot or seed does not give others; `check` tells of it."""
    begun = row["sampled_on"] or any(one["sampling"] == row.key for one in defects)
    if row["drawn"] and (begun or not is_whole(row)):
        return row.text("drawn")
    return as_text(units_of(row)) or None


def _judged(row: Record, defects: list[Record]) -> dict[str, Any]:
    verdict = verdict_of(row, defects)
    count = None if verdict is None else Decimal(len(defective_units(row, defects)))
    return {"defects": count, "verdict": verdict}
