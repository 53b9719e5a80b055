"""Owns THE declaration: every table of the workbook, in tab order, and the look-up by stable name."""

from __future__ import annotations

from workbook.schema import Table
from workbook.tables.relations import Satisfaction
from workbook.tables.risk import Incidents
from workbook.tables.selection import (
    Bands,
    Contributions,
    Declarations,
    Indicators,
    Marks,
    Panels,
    Results,
    Reviewers,
)
from workbook.tables.settings import Changes, SettingRow, Settings, Todo
from workbook.tables.sourcing import Candidates, Partners

TABLES: tuple[type[Table], ...] = (
    Todo, Partners, Candidates, Results, Contributions, Panels, Reviewers, Marks, Declarations, Indicators, Bands,
    Satisfaction, Incidents, Settings, Changes,
)  # fmt: skip

BY_NAME: dict[str, type[Table]] = {table.name: table for table in TABLES}

__all__ = [
    "BY_NAME",
    "TABLES",
    "Bands",
    "Candidates",
    "Changes",
    "Contributions",
    "Declarations",
    "Incidents",
    "Indicators",
    "Marks",
    "Panels",
    "Partners",
    "Results",
    "Reviewers",
    "Satisfaction",
    "SettingRow",
    "Settings",
    "Table",
    "Todo",
]
