"""Owns what single columns and tables want beyond their kind: widths, number formats, what is folded, row heights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbook.building.kinds import Projection

ROW = 32  # points; two lines of text
FINGERPRINT = {"width": 38, "small": True}
RUBRIC = {"width": 42, "small": True, "long": True}
SCORE = {"number_format": "0.00", "width": 9, "align": "center", "tight": True}

# "table.column" → what differs from the kind
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "todo.matter": {"width": 52},
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
    "panels.candidates": {"width": 28},
    "panels.reviewers": {"width": 37},
    "panels.recommended": {"width": 17},
    "panels.reason": {"width": 60},
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
    "marks.evidence": {"width": 40},
    "marks.comment": {"width": 34},
    "results.result": {"width": 17},
    "results.legal_name": {"width": 26},
    "results.rank": {"number_format": '0;-0;"–"', "align": "center"},
    "results.score": {"number_format": "0.00", "width": 17},
    "results.check": {"number_format": "0.00", "width": 10},
    "results.grade": {"align": "center", "width": 9},
    "results.reason": {"width": 36, "long": True},
    "results.next_step": {"width": 26},
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
}  # fmt: skip
# Provenance that nobody reads on the page, besides what came with a submission.
FOLDED = frozenset(
    {
        "results.fingerprint",
        "results.rules_fingerprint",
        "todo.cause",
        "signoffs.fingerprint",
        "votes.fingerprint",
        "minutes.fingerprint",
    }
)
# Rows of more than two lines: in Chinese, in English.
HEIGHTS: Mapping[str, tuple[int, int]] = {"indicators": (34, 44), "panels": (62, 62), "results": (46, 46)}


def shaped(table: str, column: str, kind: Projection) -> Projection:
    """How a column stands in its sheet: as its kind does, unless it is named here."""
    return replace(kind, **SHAPES.get(f"{table}.{column}", {}))


def row_height(table: str, lang: str) -> int:
    """The height of a table's rows in points."""
    return HEIGHTS.get(table, (ROW, ROW))[lang.startswith("en")]
