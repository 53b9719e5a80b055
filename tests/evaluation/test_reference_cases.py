"""Published cases: what others printed for these methods comes out here, within the tolerance of their print."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbook.evaluation import ahp, ahp_hierarchy, competition_ranks, critic_weights, entropy_weights, weighted_scores

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


PROOFS: dict[str, Callable[[Case, Case, float], None]] = {
    "wsm": wsm,
    "rank": rank,
    "ahp": pairwise,
    "ahp_hierarchy": hierarchy,
    "entropy": entropy,
    "critic": critic,
}


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_a_published_case_comes_out(case: Case) -> None:
    PROOFS[case["method"]](case["inputs"], case["expected"], case["tol"])


def test_the_published_cases_are_there() -> None:
    found = cases()
    assert len(found) >= 3
    assert {case["method"] for case in found} == set(PROOFS)
    assert all(case["source"] for case in found)
