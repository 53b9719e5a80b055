"""Owns THE declaration: every table of the workbook, in tab order, and the look-up by stable name."""

from __future__ import annotations

from workbook.schema import Table
from workbook.tables.certificates import Certificates
from workbook.tables.contracts import Clauses, Contracts, DueDiligence
from workbook.tables.emergency import Disputes, Drills, DrillSteps, Penalties, PenaltyRules
from workbook.tables.finance import (
    BudgetImports,
    BudgetMappings,
    BudgetPhases,
    Budgets,
    BudgetTotals,
    BudgetVersions,
    Resources,
)
from workbook.tables.guarding import (
    Backups,
    Contingency,
    DataGrants,
    Defects,
    Risks,
    Samplings,
    Stoppages,
    TechnicalControls,
)
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
from workbook.tables.meetings import (
    Actions,
    Channels,
    Meetings,
    MeetingSeries,
    MinuteConfirmations,
    Participants,
    Visits,
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
from workbook.tables.surveys import AnonymousAnswers, Campaigns, SurveyInvitations, SurveyResults

TABLES: tuple[type[Table], ...] = (
    Todo, Partners, Requirements, SignOffs, Publications, Invitations, Candidates, Certificates, Results, Contributions,
    Panels, Reviewers, Marks, Declarations, Votes, Minutes, Indicators, Bands, DueDiligence, Contracts, Clauses, Onboarding,
    Participants, MeetingSeries, Meetings, MinuteConfirmations, Actions, Channels, Visits, Issues, IssueEvents,
    Campaigns, SurveyInvitations, Satisfaction, AnonymousAnswers, SurveyResults, Performance, PerformanceParts, Periods, Deliveries, Tests, Judgements, SiteChecks,
    Proposals, Appeals, Plans, Enablements, ClauseChanges, Frozen, Incentives, IncentiveRules, Measures, Budgets,
    BudgetTotals, BudgetVersions, BudgetPhases, BudgetMappings, BudgetImports, Resources,
    Risks, Stoppages, Contingency, Backups, Incidents, Disputes, PenaltyRules, Penalties, TechnicalControls, DataGrants,
    Samplings, Defects, Drills, DrillSteps, ServiceLevels, Settings, WorkingDays, Changes,
)  # fmt: skip

BY_NAME: dict[str, type[Table]] = {table.name: table for table in TABLES}

__all__ = [
    "BY_NAME",
    "TABLES",
    "Actions",
    "AnonymousAnswers",
    "Appeals",
    "Backups",
    "Bands",
    "BudgetImports",
    "BudgetMappings",
    "BudgetPhases",
    "BudgetTotals",
    "BudgetVersions",
    "Budgets",
    "Campaigns",
    "Candidates",
    "Certificates",
    "Changes",
    "Channels",
    "ClauseChanges",
    "Clauses",
    "Contingency",
    "Contracts",
    "Contributions",
    "DataGrants",
    "Declarations",
    "Defects",
    "Deliveries",
    "Disputes",
    "DrillSteps",
    "Drills",
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
    "MeetingSeries",
    "Meetings",
    "MinuteConfirmations",
    "Minutes",
    "Onboarding",
    "Panels",
    "Participants",
    "Partners",
    "Penalties",
    "PenaltyRules",
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
    "Risks",
    "Samplings",
    "Satisfaction",
    "ServiceLevels",
    "SettingRow",
    "Settings",
    "SignOffs",
    "SiteChecks",
    "Stoppages",
    "SurveyInvitations",
    "SurveyResults",
    "Table",
    "TechnicalControls",
    "Tests",
    "Todo",
    "Visits",
    "Votes",
    "WorkingDays",
]
