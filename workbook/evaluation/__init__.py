"""Owns evaluation: pure functions over plain values that answer a cell, the command line and the server alike.

Names are loaded when they are first asked for, so that importing the package costs nothing. The function `exact` is
not among them: its module has the same name, so it is imported from `workbook.evaluation.exact`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbook.evaluation.agreement import (
        CronbachAlpha,
        Icc,
        KendallW,
        Leniency,
        cronbach_alpha,
        icc,
        kendall_w,
        krippendorff_alpha,
        leniency,
        trimmed_mean,
    )
    from workbook.evaluation.banded import BandedMark, MarkState, up_to, utilisation_mark
    from workbook.evaluation.exact import half_up, largest_remainder, official
    from workbook.evaluation.explain import WhyRow, why_lines, why_rows
    from workbook.evaluation.grading import band_mark, check_bands, grade
    from workbook.evaluation.money import EarnedValue, UnderRun, budget_mark, earned_value, execution_rate, under_run
    from workbook.evaluation.ranking import WeightedScores, competition_ranks, weighted_scores
    from workbook.evaluation.refusals import EvaluationRefused, WeightsRefused
    from workbook.evaluation.risk import check_risk_table, risk_level
    from workbook.evaluation.robustness import (
        Smaa,
        WeightChange,
        WeightInterval,
        smaa,
        weight_change_unscaled,
        weight_interval,
        weight_intervals,
    )
    from workbook.evaluation.selection import score_panel
    from workbook.evaluation.spread import consistency, percentile, percentile_rank, robust_z
    from workbook.evaluation.survey import (
        MeanInterval,
        ProportionInterval,
        TopTwoBox,
        mean_interval,
        proportion_interval,
        top_two_box,
    )
    from workbook.evaluation.trend import MannKendall, TheilSen, direction, mann_kendall, theil_sen
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
    from workbook.evaluation.working_time import (
        WorkingCalendar,
        add_working_days,
        add_working_minutes,
        attainment,
        working_days,
        working_minutes,
    )

_HOMES = {
    "agreement": (
        "CronbachAlpha",
        "Icc",
        "KendallW",
        "Leniency",
        "cronbach_alpha",
        "icc",
        "kendall_w",
        "krippendorff_alpha",
        "leniency",
        "trimmed_mean",
    ),
    "risk": (
        "check_risk_table",
        "risk_level",
    ),
    "robustness": (
        "Smaa",
        "WeightChange",
        "WeightInterval",
        "smaa",
        "weight_change_unscaled",
        "weight_interval",
        "weight_intervals",
    ),
    "survey": (
        "MeanInterval",
        "ProportionInterval",
        "TopTwoBox",
        "mean_interval",
        "proportion_interval",
        "top_two_box",
    ),
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
    "banded": ("BandedMark", "MarkState", "up_to", "utilisation_mark"),
    "money": ("EarnedValue", "UnderRun", "budget_mark", "earned_value", "execution_rate", "under_run"),
    "spread": ("consistency", "percentile", "percentile_rank", "robust_z"),
    "trend": ("MannKendall", "TheilSen", "direction", "mann_kendall", "theil_sen"),
    "working_time": (
        "WorkingCalendar",
        "add_working_days",
        "add_working_minutes",
        "attainment",
        "working_days",
        "working_minutes",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BandedMark",
    "CronbachAlpha",
    "EarnedValue",
    "EvaluationRefused",
    "HierarchyPriorities",
    "Icc",
    "KendallW",
    "Leniency",
    "MannKendall",
    "MarkState",
    "MeanInterval",
    "Priorities",
    "ProportionInterval",
    "Smaa",
    "TheilSen",
    "TopTwoBox",
    "UnderRun",
    "WeightChange",
    "WeightInterval",
    "WeightedScores",
    "WeightsRefused",
    "WhyRow",
    "WorkingCalendar",
    "add_working_days",
    "add_working_minutes",
    "ahp",
    "ahp_hierarchy",
    "attainment",
    "band_mark",
    "budget_mark",
    "check_bands",
    "check_hundred",
    "check_risk_table",
    "check_weights",
    "competition_ranks",
    "consistency",
    "critic_weights",
    "cronbach_alpha",
    "direction",
    "earned_value",
    "entropy_weights",
    "execution_rate",
    "grade",
    "group_judgements",
    "half_up",
    "hierarchical_weights",
    "icc",
    "kendall_w",
    "krippendorff_alpha",
    "largest_remainder",
    "leniency",
    "mann_kendall",
    "mean_interval",
    "official",
    "percentile",
    "percentile_rank",
    "proportion_interval",
    "risk_level",
    "robust_z",
    "score_panel",
    "smaa",
    "theil_sen",
    "top_two_box",
    "trimmed_mean",
    "under_run",
    "up_to",
    "utilisation_mark",
    "weight_change_unscaled",
    "weight_interval",
    "weight_intervals",
    "weighted_scores",
    "why_lines",
    "why_rows",
    "working_days",
    "working_minutes",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
