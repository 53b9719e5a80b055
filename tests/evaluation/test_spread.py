"""Places and spreads against numpy, scipy and statistics; the bands of utilisation at each edge."""

from __future__ import annotations

import statistics
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workbook.evaluation import (
    MarkState,
    consistency,
    percentile,
    percentile_rank,
    robust_z,
    utilisation_mark,
)
from workbook.evaluation.banded import NegativeNumber
from workbook.evaluation.refusals import BandsRefused, NotANumber
from workbook.evaluation.spread import PercentileRefused

lists = st.lists(st.integers(-1000, 1000), min_size=1, max_size=40)


@given(lists, st.integers(0, 100))
def test_percentiles_are_numpys(values: list[int], p: int) -> None:
    assert percentile(values, p, "linear") == pytest.approx(np.percentile(values, p, method="linear"), abs=1e-9)
    # The smallest value that at least p percent are not above, counted in whole numbers.
    least = min(x for x in values if sum(y <= x for y in values) * 100 >= p * len(values))
    assert percentile(values, p, "nearest_rank") == least


def test_the_contractual_p95_is_a_value_that_occurred() -> None:
    values = list(range(1, 21))
    assert percentile(values, 95, "nearest_rank") == 19  # 0.95 · 20 is 19 and not 19.000000000000004
    assert percentile(values, 95, "linear") == pytest.approx(19.05)
    assert percentile([7], 0, "nearest_rank") == percentile([7], 100, "linear") == 7
    # Binary floats would put ⌈.07 · 100⌉ at 8.
    assert percentile(range(1, 101), 7, "nearest_rank") == 7
    assert percentile(range(1, 1001), 99.9, "nearest_rank") == 999


@pytest.mark.parametrize(
    ("values", "p", "method", "error", "words"),
    [
        ([], 50, "linear", PercentileRefused, "没有数据"),
        ([1], -1, "linear", PercentileRefused, "不在 0 到 100"),
        ([1], 101, "nearest_rank", PercentileRefused, "不在 0 到 100"),
        ([1], 50, "weibull", PercentileRefused, "'weibull'"),
        ([1, float("nan")], 50, "linear", NotANumber, "nan"),
        ([1, None], 50, "linear", NotANumber, "None"),
    ],
)
def test_a_percentile_that_cannot_be_is_refused(
    values: Any, p: Any, method: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        percentile(values, p, method)


@given(st.integers(0, 20), st.lists(st.integers(0, 20), max_size=15))
def test_places_among_peers_are_scipys(value: int, peers: list[int]) -> None:
    rank, z = percentile_rank(value, peers), robust_z(value, peers)
    if len(peers) < 3:
        assert rank is None and z is None
        return
    assert rank == pytest.approx(stats.percentileofscore(peers, value, kind="mean"))
    mad = stats.median_abs_deviation(peers)
    if mad == 0:
        assert z is None
    else:
        assert z == pytest.approx((value - statistics.median(peers)) / (1.4826 * mad))


@given(st.lists(st.decimals(0, 100, places=2), max_size=12))
def test_consistency_is_the_population_deviation(batches: list[Decimal]) -> None:
    found = consistency(batches)
    if len(batches) < 2:
        assert found is None
    else:
        assert found == pytest.approx(float(statistics.pstdev(batches)), abs=1e-9)


def test_consistency_meets_an_edge_of_a_band_exactly() -> None:
    assert consistency([99, 100]) == 0.5
    assert consistency(["98.6", "99.6"]) == 0.5
    assert consistency([95, 95, 95]) == 0
    # The level does not matter, only the spread.
    assert consistency([49, 50]) == consistency([99, 100])


@pytest.mark.parametrize(
    ("rate", "mark"),
    [
        (0, 1), ("49.99", 1), (50, 2), ("59.99", 2), (60, 3), ("69.99", 3), (70, 4), ("79.99", 4), (80, 5), (95, 5),
        ("95.01", 4), (100, 4),
    ],
)  # fmt: skip
def test_the_bands_of_utilisation_at_each_edge(rate: Any, mark: int) -> None:
    found = utilisation_mark(rate)
    assert (found.state, found.mark) == (MarkState.SCORED, mark)
    assert f"得 {mark} 分" in found.why


def test_more_than_everything_is_flagged_and_nothing_is_no_data() -> None:
    over = utilisation_mark("100.001")
    assert (over.state, over.mark) == (MarkState.FLAGGED, None)
    assert "100.001% 超过 100%" in over.why
    # Whatever the bands say of it.
    assert utilisation_mark(101, [(None, None, "5")]).state is MarkState.FLAGGED
    assert utilisation_mark(None).state is MarkState.NO_DATA
    with pytest.raises(NegativeNumber, match="不能小于 0"):
        utilisation_mark(-1)
    with pytest.raises(BandsRefused, match="空档"):
        utilisation_mark(50, [(0, 40, "1"), (60, 100, "5")])
