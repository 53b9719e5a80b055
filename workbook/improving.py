"""Owns what is computed beside improvement plans and clause changes: before, after, and the version of a clause (S39, S40)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from workbook.ooxml import Book
from workbook.records import read_if_there
from workbook.rules.plans import Scores, again, clause_versions
from workbook.tables import ClauseChanges, Frozen, Performance, PerformanceParts, Periods, Plans
from workbook.writing import write_cells


def measure_plans(book: Book, now: datetime) -> None:
    """Write them into a book in memory; a book without these tables goes without."""
    if plans := read_if_there(book, Plans):
        rows = (read_if_there(book, table) for table in (Periods, Performance, PerformanceParts, Frozen))
        scores = Scores(*rows)
        found = {plan.number: again(plan, scores, now.date()) for plan in plans}
        cells = {
            number: {"before": one.before, "after": one.after, "after_period": one.period or None}
            for number, one in found.items()
        }
        write_cells(book, Plans, plans, cells)
    changes = read_if_there(book, ClauseChanges)
    versions = clause_versions(changes)
    numbers = {
        number: {"version": None if version is None else Decimal(version)} for number, version in versions.items()
    }
    write_cells(book, ClauseChanges, changes, numbers)
