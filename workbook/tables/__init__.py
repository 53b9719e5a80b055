"""Owns THE declaration: every table of the workbook, in tab order, and the look-up by stable name."""

from __future__ import annotations

from workbook.schema import Table
from workbook.tables.certificates import Certificates
from workbook.tables.contracts import Clauses, Contracts, DueDiligence
from workbook.tables.finance import Budgets, Resources
from workbook.tables.improvement import (
    Appeals,
    ClauseChanges,
    Enablements,
    Frozen,
    IncentiveRules,
    Incentives,
    Plans,
    Proposals,
)
from workbook.tables.onboarding import Onboarding
from workbook.tables.performance import (
    Deliveries,
    Judgements,
    Measures,
    Performance,
    PerformanceParts,
    Periods,
    SiteChecks,
    Tests,
)
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
from workbook.tables.service import IssueEvents, Issues, ServiceLevels
from workbook.tables.settings import Changes, SettingRow, Settings, Todo, WorkingDays
from workbook.tables.sourcing import Candidates, Partners

TABLES: tuple[type[Table], ...] = (
    Todo, Partners, Requirements, SignOffs, Publications, Invitations, Candidates, Certificates, Results, Contributions,
    Panels, Reviewers, Marks, Declarations, Votes, Minutes, Indicators, Bands, DueDiligence, Contracts, Clauses, Onboarding,
    Issues, IssueEvents, Satisfaction, Performance, PerformanceParts, Periods, Deliveries, Tests, Judgements, SiteChecks,
    Proposals, Appeals, Plans, Enablements, ClauseChanges, Frozen, Incentives, IncentiveRules, Measures, Budgets, Resources,
    Incidents, ServiceLevels, Settings, WorkingDays, Changes,
)  # fmt: skip

BY_NAME: dict[str, type[Table]] = {table.name: table for table in TABLES}

__all__ = [
    "BY_NAME",
    "TABLES",
    "Appeals",
    "Bands",
    "Budgets",
    "Candidates",
    "Certificates",
    "Changes",
    "ClauseChanges",
    "Clauses",
    "Contracts",
    "Contributions",
    "Declarations",
    "Deliveries",
    "DueDiligence",
    "Enablements",
    "Frozen",
    "IncentiveRules",
    "Incentives",
    "Incidents",
    "Indicators",
    "Invitations",
    "IssueEvents",
    "Issues",
    "Judgements",
    "Marks",
    "Measures",
    "Minutes",
    "Onboarding",
    "Panels",
    "Partners",
    "Performance",
    "PerformanceParts",
    "Periods",
    "Plans",
    "Proposals",
    "Publications",
    "Requirements",
    "Resources",
    "Results",
    "Reviewers",
    "Satisfaction",
    "ServiceLevels",
    "SettingRow",
    "Settings",
    "SignOffs",
    "SiteChecks",
    "Table",
    "Tests",
    "Todo",
    "Votes",
    "WorkingDays",
]
