"""Owns evaluation: pure functions over plain values that answer a cell, the command line and the server alike.

Names are loaded when they are first asked for, so that importing the package costs nothing. The function `exact` is
not among them: its module has the same name, so it is imported from `workbook.evaluation.exact`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbook.evaluation.exact import half_up, largest_remainder, official
    from workbook.evaluation.explain import WhyRow, why_lines, why_rows
    from workbook.evaluation.grading import band_mark, check_bands, grade
    from workbook.evaluation.ranking import WeightedScores, competition_ranks, weighted_scores
    from workbook.evaluation.refusals import EvaluationRefused, WeightsRefused
    from workbook.evaluation.selection import score_panel
    from workbook.evaluation.weights import (
        HierarchyPriorities,
        Priorities,
        ahp,
        ahp_hierarchy,
        check_hundred,
        check_weights,
        critic_weights,
        entropy_weights,
        group_judgements,
        hierarchical_weights,
    )

_HOMES = {
    "exact": ("half_up", "largest_remainder", "official"),
    "explain": ("WhyRow", "why_lines", "why_rows"),
    "grading": ("band_mark", "check_bands", "grade"),
    "ranking": ("WeightedScores", "competition_ranks", "weighted_scores"),
    "refusals": ("EvaluationRefused", "WeightsRefused"),
    "selection": ("score_panel",),
    "weights": (
        "HierarchyPriorities",
        "Priorities",
        "ahp",
        "ahp_hierarchy",
        "check_hundred",
        "check_weights",
        "critic_weights",
        "entropy_weights",
        "group_judgements",
        "hierarchical_weights",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "EvaluationRefused",
    "HierarchyPriorities",
    "Priorities",
    "WeightedScores",
    "WeightsRefused",
    "WhyRow",
    "ahp",
    "ahp_hierarchy",
    "band_mark",
    "check_bands",
    "check_hundred",
    "check_weights",
    "competition_ranks",
    "critic_weights",
    "entropy_weights",
    "grade",
    "group_judgements",
    "half_up",
    "hierarchical_weights",
    "largest_remainder",
    "official",
    "score_panel",
    "weighted_scores",
    "why_lines",
    "why_rows",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
