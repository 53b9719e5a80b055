"""Owns THE declaration: every table of the workbook, in tab order, and the look-up by stable name."""

from __future__ import annotations

from workbook.schema import Table
from workbook.tables.contracts import Clauses, Contracts, DueDiligence
from workbook.tables.onboarding import Onboarding
from workbook.tables.relations import Satisfaction
from workbook.tables.requirements import Invitations, Publications, Requirements, SignOffs
from workbook.tables.risk import Incidents
from workbook.tables.selection import (
    Bands,
    Contributions,
    Declarations,
    Indicators,
    Marks,
    Minutes,
    Panels,
    Results,
    Reviewers,
    Votes,
)
from workbook.tables.settings import Changes, SettingRow, Settings, Todo
from workbook.tables.sourcing import Candidates, Partners

TABLES: tuple[type[Table], ...] = (
    Todo, Partners, Requirements, SignOffs, Publications, Invitations, Candidates, Results, Contributions, Panels,
    Reviewers, Marks, Declarations, Votes, Minutes, Indicators, Bands, DueDiligence, Contracts, Clauses, Onboarding,
    Satisfaction, Incidents, Settings, Changes,
)  # fmt: skip

BY_NAME: dict[str, type[Table]] = {table.name: table for table in TABLES}

__all__ = [
    "BY_NAME",
    "TABLES",
    "Bands",
    "Candidates",
    "Changes",
    "Clauses",
    "Contracts",
    "Contributions",
    "Declarations",
    "DueDiligence",
    "Incidents",
    "Indicators",
    "Invitations",
    "Marks",
    "Minutes",
    "Onboarding",
    "Panels",
    "Partners",
    "Publications",
    "Requirements",
    "Results",
    "Reviewers",
    "Satisfaction",
    "SettingRow",
    "Settings",
    "SignOffs",
    "Table",
    "Todo",
    "Votes",
]
