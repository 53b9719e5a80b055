"""Published cases: what others printed for these methods comes out here, within the tolerance of their print."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from workbook.evaluation import (
    WorkingCalendar,
    ahp,
    ahp_hierarchy,
    competition_ranks,
    critic_weights,
    cronbach_alpha,
    earned_value,
    entropy_weights,
    icc,
    kendall_w,
    krippendorff_alpha,
    leniency,
    mann_kendall,
    percentile,
    proportion_interval,
    smaa,
    trimmed_mean,
    weight_interval,
    weighted_scores,
    working_minutes,
)

HERE = Path(__file__).parent
Case = dict[str, Any]


def cases() -> list[Case]:
    """The cases beside this test, and those of a larger file where there is one: the larger file wins by name."""
    elsewhere = Path(os.environ.get("PARTNERBOOK_REFERENCE", HERE.parents[2] / "shared/data/reference_cases.json"))
    found = {case["name"]: case for case in json.loads((HERE / "reference_cases.json").read_text(encoding="utf-8"))}
    if elsewhere.is_file():
        found |= {case["name"]: case for case in json.loads(elsewhere.read_text(encoding="utf-8"))}
    return [case for case in found.values() if case["method"] in PROOFS]


def wsm(inputs: Case, expected: Case, tol: float) -> None:
    found = weighted_scores(inputs["matrix"], inputs["weights"])
    assert found.scores == pytest.approx(expected["score"], abs=tol)
    assert list(found.ranks) == expected["rank_competition"]


def rank(inputs: Case, expected: Case, tol: float) -> None:
    # The published ranks count from the lowest; ours from the highest.
    assert list(competition_ranks([-value for value in inputs["x"]], 2)) == expected["min"]


def pairwise(inputs: Case, expected: Case, tol: float) -> None:
    found = ahp(inputs["matrix"])
    assert found.weights == pytest.approx(expected["weights"], abs=tol)
    assert sum(found.weights) == pytest.approx(1)
    if "CR" in expected:
        assert found.consistency_ratio == pytest.approx(expected["CR"], abs=tol)


def hierarchy(inputs: Case, expected: Case, tol: float) -> None:
    found = ahp_hierarchy(inputs["criteria"], inputs["alternatives"])
    assert found.weights == pytest.approx(expected["global_score"], abs=tol)
    assert found.criteria_weights == ahp(inputs["criteria"]).weights


def entropy(inputs: Case, expected: Case, tol: float) -> None:
    assert entropy_weights(inputs["matrix"], inputs.get("types")) == pytest.approx(expected["weights"], abs=tol)


def critic(inputs: Case, expected: Case, tol: float) -> None:
    assert critic_weights(inputs["matrix"], inputs.get("types")) == pytest.approx(expected["weights"], abs=tol)


def minutes(inputs: Case, expected: Case, tol: float) -> None:
    shift = (time.fromisoformat(inputs["open"]), time.fromisoformat(inputs["close"]))
    calendar = WorkingCalendar([shift], closed=[date.fromisoformat(day) for day in inputs["holidays"]])
    pauses = [(datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in inputs["pauses"]]
    start, end = (datetime.fromisoformat(inputs[name]) for name in ("start", "end"))
    assert working_minutes(start, end, calendar, pauses) == expected["minutes"]


def evm(inputs: Case, expected: Case, tol: float) -> None:
    found = earned_value(inputs["PV"], inputs["EV"], inputs["AC"], inputs["BAC"])
    for name, value in expected.items():
        assert float(getattr(found, name.lower())) == pytest.approx(value, abs=tol), name


def mann_kendall_exact(inputs: Case, expected: Case, tol: float) -> None:
    found = mann_kendall(inputs["x"])
    assert found.s == expected["S"]
    assert found.p / 2 == pytest.approx(expected["p_one_sided"], abs=tol)


def percentiles(inputs: Case, expected: Case, tol: float) -> None:
    found = [percentile(inputs["x"], p, "nearest_rank") for p in inputs["p"]]
    assert found == pytest.approx(expected["nearest_rank"], abs=tol)
    assert percentile(inputs["x"], 40, "linear") == pytest.approx(expected["linear_C1_p40"], abs=tol)


def interval_of_a_weight(inputs: Case, expected: Case, tol: float) -> None:
    found = weight_interval(inputs["matrix"], inputs["weights"], inputs["criterion"])
    assert found.winner == expected["winner"]
    assert (found.low, found.high) == pytest.approx(expected["interval"], abs=tol)


def acceptability(inputs: Case, expected: Case, tol: float) -> None:
    found = smaa(inputs["matrix"], samples=inputs["samples"], seed=inputs["seed"])
    assert found.first_place == pytest.approx(expected["p_rank1"], abs=tol)
    assert all(error < tol for error in found.standard_error)


def concordance(inputs: Case, expected: Case, tol: float) -> None:
    found = kendall_w(inputs["raters"])
    assert list(found.rank_sums) == expected["rank_sums"]
    assert found.w == pytest.approx(expected["W"], abs=tol)


def intraclass(inputs: Case, expected: Case, tol: float) -> None:
    found = icc(inputs["targets_by_raters"])
    six = {name: getattr(found, name.lower()) for name in ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")}
    assert six == pytest.approx({name: expected[name] for name in six}, abs=tol)
    assert found.bms / found.ems == pytest.approx(expected["F_two_way"], abs=0.06)  # printed as 11.0 (11.02)
    assert found.icc2_interval == pytest.approx(expected["ICC2_CI95"], abs=tol)
    assert found.icc2k_interval == pytest.approx(expected["ICC2k_CI95"], abs=tol)


def effects(inputs: Case, expected: Case, tol: float) -> None:
    assert leniency(inputs["targets_by_raters"]).effects == pytest.approx(expected["b"], abs=tol)


def alpha(inputs: Case, expected: Case, tol: float) -> None:
    found = {level: krippendorff_alpha(inputs["raters"], level) for level in expected}  # type: ignore[arg-type]
    assert found == pytest.approx(expected, abs=tol)


def share(inputs: Case, expected: Case, tol: float) -> None:
    for (hits, n), ends in zip(inputs["cases"], expected["ci"], strict=True):
        found = proportion_interval(hits, n, inputs["kind"])
        assert (found.low, found.high) == pytest.approx(ends, abs=tol)


def trimmed(inputs: Case, expected: Case, tol: float) -> None:
    found = [trimmed_mean(inputs["x"], part) for part in (0.1, 0.2, 0)]
    assert found == pytest.approx([expected["trim10"], expected["trim20"], expected["mean"]], abs=tol)


def internal_consistency(inputs: Case, expected: Case, tol: float) -> None:
    answers = inputs["items_in_columns"]
    found = cronbach_alpha(list(zip(*answers, strict=True)))
    assert found.alpha == pytest.approx(expected["alpha"], abs=tol)
    assert (found.low, found.high) == pytest.approx(expected["ci95"], abs=tol)


PROOFS: dict[str, Callable[[Case, Case, float], None]] = {
    "wsm": wsm,
    "rank": rank,
    "ahp": pairwise,
    "ahp_hierarchy": hierarchy,
    "entropy": entropy,
    "critic": critic,
    "working_minutes": minutes,
    "evm": evm,
    "mann_kendall_exact": mann_kendall_exact,
    "percentile": percentiles,
    "oat_interval": interval_of_a_weight,
    "smaa": acceptability,
    "kendall_w": concordance,
    "icc": intraclass,
    "leniency": effects,
    "krippendorff": alpha,
    "proportion_ci": share,
    "trimmed_mean": trimmed,
    "cronbach": internal_consistency,
}


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_a_published_case_comes_out(case: Case) -> None:
    PROOFS[case["method"]](case["inputs"], case["expected"], case["tol"])


def test_the_published_cases_are_there() -> None:
    found = cases()
    assert len(found) >= 3
    assert {case["method"] for case in found} == set(PROOFS)
    assert all(case["source"] for case in found)
