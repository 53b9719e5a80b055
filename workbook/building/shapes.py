"""Owns what single columns and tables want beyond their kind: widths, number formats, what is folded, row heights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbook.building.kinds import Projection

ROW = 32  # points; two lines of text
FINGERPRINT = {"width": 38, "small": True}
RUBRIC = {"width": 42, "small": True, "long": True}
RATE = {"number_format": "0.0%_)", "width": 12}
SCORE = {"number_format": "0.00", "width": 9, "align": "center", "tight": True}

# "table.column" → what differs from the kind
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "todo.matter": {"width": 52},
    "certificates.legal_name": {"width": 26},
    "certificates.title": {"width": 30},
    "certificates.number": {"width": 24},
    "certificates.file": {"width": 26, "small": True},
    "certificates.ended": {"width": 20},
    "indicators.indicator": {"width": 13},
    "indicators.title": {"width": 24},
    "indicators.weight": {"number_format": "0.0", "width": 13},
    "indicators.fact": {"width": 15},
    "indicators.low": RUBRIC,
    "indicators.middle": RUBRIC,
    "indicators.high": RUBRIC,
    "bands.low": {"number_format": "#,##0.##", "width": 16},
    "bands.high": {"number_format": "#,##0.##", "width": 16},
    "bands.gives": {"align": "center"},
    "bands.meaning": {"width": 26},
    "panels.title": {"width": 26},
    "panels.candidates": {"width": 42},  # five keys, unbroken
    "panels.reviewers": {"width": 42},
    "panels.recommended": {"width": 17},
    "panels.reason": {"width": 48},
    "declarations.reason": {"width": 30},
    "settings.meaning": {"width": 46},
    "todo.rule": {"width": 30},
    "requirements.fingerprint": FINGERPRINT,
    "signoffs.fingerprint": FINGERPRINT,
    "votes.fingerprint": FINGERPRINT,
    "minutes.fingerprint": FINGERPRINT,
    "contracts.text_hash": FINGERPRINT,
    "contracts.our_hash": FINGERPRINT,
    "contracts.their_hash": FINGERPRINT,
    "minutes.draft": {"width": 80, "small": True},
    "marks.evidence": {"width": 40},
    "marks.comment": {"width": 34},
    "results.result": {"width": 17},
    "results.legal_name": {"width": 26},
    "results.rank": {"number_format": '0;-0;"–"', "align": "center"},
    "results.score": {"number_format": "0.00", "width": 17},
    "results.check": {"number_format": "0.00", "width": 10},
    "results.grade": {"align": "center", "width": 9},
    "results.reason": {"width": 36, "long": True},
    "results.next_step": {"width": 52, "long": True},
    "results.remark": {"width": 18},
    "results.fit": SCORE,
    "results.technology": SCORE,
    "results.finance": SCORE,
    "results.market": SCORE,
    "results.operations": SCORE,
    "results.compliance": SCORE,
    "results.record": SCORE,
    "results.culture": SCORE,
    "results.coverage": {"number_format": '0.0"%"', "width": 11},
    "results.fingerprint": {"width": 20, "small": True},
    "results.rules_fingerprint": {"width": 20, "small": True},
    "changes.change": {"width": 26},  # a correction names its row, version and column
    "contributions.contribution": {"width": 24},
    "contributions.legal_name": {"width": 26},
    "contributions.dimension": {"width": 16},
    "contributions.title": {"width": 24},
    "contributions.weight": {"number_format": '0.00"%"'},
    "contributions.mean": {"number_format": "0.00"},
    "contributions.points": {"number_format": "0.00"},
    "contributions.state": {"align": "center"},
    "contributions.marks": {"width": 40, "small": True},
    "contributions.result": {"width": 17},
    "bands.ends": {"align": "center", "width": 11},
    "performance.result": {"width": 17},
    "performance.legal_name": {"width": 26},
    "performance.score": {"number_format": "0.00", "width": 17},
    "performance.check": {"number_format": "0.00", "width": 10},
    "performance.grade": {"align": "center", "width": 9},
    "performance.rank": {"number_format": '0;-0;"–"', "align": "center", "width": 11},
    "performance.percentile": {"number_format": '0.0"%"', "width": 12},
    "performance.before": {"number_format": "0.00", "width": 11},
    "performance.direction": {"align": "center", "width": 11},
    "performance.slope": {"number_format": "+0.00;-0.00;0.00", "width": 12},
    "performance.reason": {"width": 36, "small": True},
    "performance.next_step": {"width": 46, "small": True},
    "performance.remark": {"width": 20},
    "performance.quality": SCORE,
    "performance.responsiveness": SCORE,
    "performance.cost": SCORE,
    "performance.innovation": SCORE,
    "performance.measured_points": {"number_format": "0.00", "width": 11},
    "performance.judged_points": {"number_format": "0.00", "width": 11},
    "performance.site": {"number_format": '0.0"%"', "width": 13},
    "performance.coverage": {"number_format": '0.0"%"', "width": 11},
    "performance.fingerprint": FINGERPRINT,
    "performance_parts.part": {"width": 24},
    "performance_parts.legal_name": {"width": 26},
    "performance_parts.dimension": {"width": 16},
    "performance_parts.title": {"width": 24},
    "performance_parts.value": {"width": 18},
    "performance_parts.mean": {"number_format": "0.00"},
    "performance_parts.weight": {"number_format": '0.00"%"'},
    "performance_parts.points": {"number_format": "0.00"},
    "performance_parts.state": {"align": "center"},
    "performance_parts.why": {"width": 52, "long": True},
    "performance_parts.rows": {"width": 40, "small": True},
    "performance_parts.result": {"width": 17},
    "measures.measure": {"width": 13},
    "measures.title": {"width": 24},
    "measures.weight": {"number_format": "0.0", "width": 11},
    "measures.metric": {"width": 22},
    "measures.low": RUBRIC,
    "measures.middle": RUBRIC,
    "measures.high": RUBRIC,
    "tests.rate": RATE,
    "budgets.rate": RATE,
    "budgets.difference": {"number_format": '#,##0.00_);(#,##0.00);"–"_)', "width": 16},
    "budgets.progress": {"number_format": '0"%"', "width": 11},
    "budgets.planned_progress": {"number_format": '0"%"', "width": 11},
    "resources.rate": RATE,
    "resources.title": {"width": 26},
    "issues.title": {"width": 44},
    "issues.response_minutes": {"number_format": "#,##0", "width": 12},
    "issues.resolution_minutes": {"number_format": "#,##0", "width": 12},
    "frozen.frozen": {"width": 14},
    "frozen.legal_name": {"width": 26},
    "frozen.score": {"number_format": "0.00", "width": 11},
    "frozen.grade": {"align": "center", "width": 9},
    "frozen.inputs_hash": FINGERPRINT,
    "frozen.result_hash": FINGERPRINT,
    "incentives.legal_name": {"width": 26},
    "incentives.what": {"width": 30},
    "incentive_rules.what": {"width": 30},
    "enablements.title": {"width": 34},
    "enablements.before": {"width": 26},
    "enablements.after": {"width": 26},
    "plans.action": {"width": 44, "long": True},
    "plans.before": {"number_format": "0.00", "width": 10},
    "plans.after": {"number_format": "0.00", "width": 10},
    "service_levels.target": {"number_format": '0.0"%"', "width": 11},
}  # fmt: skip
# Provenance that nobody reads on the page, besides what came with a submission.
FOLDED = frozenset(
    {
        "results.fingerprint",
        "performance.fingerprint",
        "frozen.inputs_hash",
        "frozen.result_hash",
        "results.rules_fingerprint",
        "todo.cause",
        "certificates.cause",
        "signoffs.fingerprint",
        "votes.fingerprint",
        "minutes.fingerprint",
    }
)
# Rows of more than two lines: in Chinese, in English.
HEIGHTS: Mapping[str, tuple[int, int]] = {
    "indicators": (34, 44), "panels": (46, 46), "results": (46, 46), "measures": (34, 44), "minutes": (405, 405),
}  # fmt: skip
# Rows that are read along with their long text: every column begins at the top, so that the first lines stand level.
FROM_TOP = frozenset(
    {
        "requirements",
        "panels",
        "marks",
        "results",
        "votes",
        "minutes",
        "clauses",
        "changes",
        "performance",
        "performance_parts",
        "plans",
    }
)


def shaped(table: str, column: str, kind: Projection) -> Projection:
    """How a column stands in its sheet: as its kind does, unless it is named here."""
    return replace(kind, **SHAPES.get(f"{table}.{column}", {}))


def row_height(table: str, lang: str) -> int:
    """The height of a table's rows in points."""
    return HEIGHTS.get(table, (ROW, ROW))[lang.startswith("en")]
