"""Owns evaluation over cell ranges: rectangles of raw cell values in, rectangles out, refusals as text in the cell.

A cell function has no other place to speak than its cell, and a trace of the program there helps nobody: what cannot be
evaluated becomes a sentence that begins with "#PB: ". It is text on purpose: a sum written with + fails visibly on it,
PB_RANK leaves it without a rank and PB_GRADE without a grade. In `scores` only the row concerned says so.
"""

from __future__ import annotations

from workbook.evaluation.cells.clock import attained, days_between, due, minutes_between
from workbook.evaluation.cells.figures import budget, survey, trend
from workbook.evaluation.cells.judging import agreement, ahp_weights, first_places, intervals
from workbook.evaluation.cells.reading import PREFIX, Answer, Cell, Cells, Given
from workbook.evaluation.cells.risks import risk_levels
from workbook.evaluation.cells.scoring import grades, ranks, scores, what_if, why

__all__ = [
    "PREFIX",
    "Answer",
    "Cell",
    "Cells",
    "Given",
    "agreement",
    "ahp_weights",
    "attained",
    "budget",
    "days_between",
    "due",
    "first_places",
    "grades",
    "intervals",
    "minutes_between",
    "ranks",
    "risk_levels",
    "scores",
    "survey",
    "trend",
    "what_if",
    "why",
]
