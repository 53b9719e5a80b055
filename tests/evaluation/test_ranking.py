"""Weighted sums and ranks: ties are those of exact arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.evaluation import competition_ranks, weighted_scores
from workbook.evaluation.refusals import MatrixRefused, WeightsRefused


def test_a_tie_on_paper_is_a_tie() -> None:
    # .20·3 + .15·3 + .40·5 + .25·1 = 3.30 = .20·4 + .15·1 + .40·4 + .25·3; their float sums differ.
    weights = [0.2, 0.15, 0.4, 0.25]
    assert sum(m * w for m, w in zip([3, 3, 5, 1], weights, strict=True)) != sum(
        m * w for m, w in zip([4, 1, 4, 3], weights, strict=True)
    )
    found = weighted_scores([[3, 3, 5, 1], [4, 1, 4, 3], [5, 5, 5, 5]], weights)
    assert found.ranks == (2, 2, 1)
    assert found.scores == (3.3, 3.3, 5.0)


def test_weights_are_used_as_given() -> None:
    assert weighted_scores([[1, 2]], [2, 3]).scores == (8.0,)


def test_ranks_follow_the_rounded_value() -> None:
    # 80.005 shows as 80.01 (half up), 80.0049 as 80.00, so the three are 80.01, 80.00, 80.01.
    assert competition_ranks([80.005, 80.0049, 80.0099], 2) == (1, 3, 1)
    assert competition_ranks([5, 4, 4, 2], 0) == (1, 2, 2, 4)
    assert competition_ranks([], 2) == ()


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30))
def test_a_rank_is_one_more_than_the_number_of_better_ones(cents: list[int]) -> None:
    ranks = competition_ranks([cent / 100 for cent in cents], 2)
    assert list(ranks) == [1 + sum(other > cent for other in cents) for cent in cents]


@pytest.mark.parametrize("matrix", [[], [[]], [[1, 2], [1]], [[1, float("nan")]], [[1, True]], [[1, [2]]]])
def test_a_matrix_with_holes_is_refused(matrix: list[list[Any]]) -> None:
    with pytest.raises(MatrixRefused):
        weighted_scores(matrix, [1, 1])


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, float("inf")]])
def test_weights_that_do_not_fit_are_refused(weights: list[float]) -> None:
    with pytest.raises(WeightsRefused):
        weighted_scores([[1, 2]], weights)
