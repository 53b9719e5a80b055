"""Owns THE declaration: every table of the workbook, in tab order, and the look-up by stable name."""

from __future__ import annotations

from workbook.schema import Table
from workbook.tables.relations import Satisfaction
from workbook.tables.risk import Incidents
from workbook.tables.settings import Changes, SettingRow, Settings, Todo
from workbook.tables.sourcing import Candidates, Partners

TABLES: tuple[type[Table], ...] = (Todo, Partners, Candidates, Satisfaction, Incidents, Settings, Changes)

BY_NAME: dict[str, type[Table]] = {table.name: table for table in TABLES}

__all__ = [
    "BY_NAME",
    "TABLES",
    "Candidates",
    "Changes",
    "Incidents",
    "Partners",
    "Satisfaction",
    "SettingRow",
    "Settings",
    "Table",
    "Todo",
]
