"""Money by hand: earned value, the bands of budget execution at each edge and one cent above, savings to the cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.evaluation import MarkState, budget_mark, earned_value, execution_rate, under_run, up_to
from workbook.evaluation.banded import NegativeNumber
from workbook.evaluation.money import ProgressRefused
from workbook.evaluation.refusals import BandsRefused, NotANumber

MILLION = Decimal("1000000.00")
amounts = st.decimals(0, 10**9, places=2)


def test_earned_value_by_hand() -> None:
    # PV 300, EV 200, AC 250, BAC 500: CPI = 4/5, so EAC = 500 · 5/4.
    found = earned_value(300, 200, 250, 500)
    assert (found.cv, found.sv) == (-50, -100)
    assert (found.cpi, found.spi) == (Fraction(4, 5), Fraction(2, 3))
    assert (found.eac, found.etc, found.vac) == (625, 375, -125)


def test_nothing_is_rounded_on_the_way() -> None:
    # CPI = 1/3; with CPI rounded to .33, EAC would be 3,030.30.
    found = earned_value("1000.00", Decimal("100.10"), Decimal("300.30"), 1000.0)
    assert found.cpi == Fraction(1, 3)
    assert found.eac == 3000
    assert found.etc == Fraction("2699.70")


@given(pv=amounts, ev=amounts, ac=amounts, bac=amounts)
def test_the_identities_of_earned_value_hold_exactly(pv: Decimal, ev: Decimal, ac: Decimal, bac: Decimal) -> None:
    found = earned_value(pv, ev, ac, bac)
    v, e, a, b = (Fraction(x) for x in (pv, ev, ac, bac))
    assert found.cv == e - a and found.sv == e - v
    assert (found.cpi is None) == (a == 0) and (found.spi is None) == (v == 0)
    assert (found.eac is None) == (a == 0 or e == 0)
    if found.eac is not None and found.etc is not None and found.vac is not None:
        assert found.eac * e == b * a
        assert found.etc + a == found.eac == b - found.vac


def test_a_division_by_zero_has_no_value() -> None:
    assert earned_value(0, 10, 5, 100).spi is None
    spent_nothing = earned_value(10, 10, 0, 100)
    assert (spent_nothing.cpi, spent_nothing.eac, spent_nothing.etc, spent_nothing.vac) == (None,) * 4
    nothing_done = earned_value(10, 0, 5, 100)
    assert nothing_done.cpi == 0
    assert (nothing_done.eac, nothing_done.etc, nothing_done.vac) == (None,) * 3


def test_amounts_that_cannot_be_are_refused() -> None:
    for place in range(4):
        values: list[Any] = [1, 1, 1, 1]
        values[place] = -1
        with pytest.raises(NegativeNumber):
            earned_value(*values)
        values[place] = float("nan")
        with pytest.raises(NotANumber):
            earned_value(*values)
    with pytest.raises(NegativeNumber, match="预算是 -1"):
        execution_rate(1, -1)


def test_the_execution_rate_is_exact_and_a_zero_budget_has_none() -> None:
    assert execution_rate(Decimal("0.10"), Decimal("0.30")) == Fraction(1, 3)
    assert execution_rate(-5, 100) == Fraction(-1, 20)
    assert execution_rate(5, 0) is None


@pytest.mark.parametrize(
    ("actual", "mark"),
    [
        ("0.00", 5), ("940000.00", 5), ("1000000.00", 5), ("1000000.01", 4), ("1020000.00", 4), ("1020000.01", 3),
        ("1050000.00", 3), ("1050000.01", 2), ("1100000.00", 2), ("1100000.01", 1), ("9000000.00", 1),
    ],
)  # fmt: skip
def test_the_bands_at_each_edge_and_a_cent_above(actual: str, mark: int) -> None:
    done = budget_mark(Decimal(actual), MILLION, complete=True, verified=True)
    assert (done.state, done.mark) == (MarkState.SCORED, mark)
    assert done.rate == Fraction(actual) / 10**6
    assert f"得 {mark} 分" in done.why
    # In progress: half of it done, half of it spent, so the edges are the same.
    half = budget_mark(Decimal(actual) / 2, MILLION, complete=False, progress=50, planned_progress=50)
    assert (half.state, half.rate, half.mark) == (done.state, done.rate, mark)


def test_a_cent_above_an_edge_is_seen_in_the_sentence() -> None:
    assert "100.000001%" in budget_mark("1000000.01", MILLION, complete=True, verified=True).why
    assert "预算执行率 100.00%" in budget_mark(MILLION, MILLION, complete=True, verified=True).why


def test_unverified_and_below_95_percent_waits() -> None:
    waiting = budget_mark("949999.99", MILLION, complete=True)
    assert (waiting.state, waiting.mark) == (MarkState.TO_BE_VERIFIED, None)
    assert waiting.rate == Fraction("0.94999999")
    assert "待核实" in waiting.why and "94.999999%" in waiting.why
    assert budget_mark("950000.00", MILLION, complete=True).mark == 5
    assert budget_mark("949999.99", MILLION, complete=True, verified=True).mark == 5
    assert budget_mark("1100000.01", MILLION, complete=True).mark == 1


@pytest.mark.parametrize(
    ("planned", "actual", "mark"),
    [
        (60, "500000", 5),
        (65, "500000", 5),  # exactly 5 points behind
        ("65.01", "500000", 2),
        (100, "612000", 2),
        (100, "700000", 1),  # the cap raises nothing
        (None, "500000", 5),
        (20, "500000", 5),  # ahead of the plan
    ],
)
def test_behind_the_plan_there_are_two_at_most(planned: Any, actual: str, mark: int) -> None:
    found = budget_mark(actual, MILLION, complete=False, progress=60, planned_progress=planned)
    assert (found.state, found.mark) == (MarkState.SCORED, mark)
    assert ("最多得 2 分" in found.why) == (mark == 2)
    assert ("没有计划进度" in found.why) == (planned is None)


def test_without_data_there_is_no_mark() -> None:
    nothing = {
        "没有进度数据": budget_mark(1, 2, complete=False, planned_progress=50),
        "没有实际支出": budget_mark(None, 2, complete=True, verified=True),
        "没有预算": budget_mark(1, None, complete=True, verified=True),
    }
    for words, found in nothing.items():
        assert (found.state, found.mark, found.rate) == (MarkState.NO_DATA, None, None)
        assert words in found.why
    for found in (
        budget_mark(1, 0, complete=True, verified=True),
        budget_mark(1, 0, complete=False),
        budget_mark(1, 2, complete=False, progress=0),
    ):
        assert (found.state, found.mark, found.rate) == (MarkState.NOT_COMPUTABLE, None, None)
        assert "无法计算" in found.why


def test_bands_are_data() -> None:
    bands = up_to([(90, 5), ("95.5", 3), (None, 1)])
    marks = [
        budget_mark(x, 1000, complete=True, verified=True, bands=bands).mark for x in (900, "900.01", 955, "955.01")
    ]
    assert marks == [5, 3, 3, 1]
    rows = [(None, 100, "5"), (100, None, "1")]  # half-open rows of 档位
    assert budget_mark(1000, 1000, complete=True, verified=True, bands=rows).mark == 1
    for wrong in ([(100, 5), (90, 4)], [(100, 6)], []):
        with pytest.raises(BandsRefused):
            budget_mark(50, 100, complete=True, verified=True, bands=up_to(wrong))


def test_a_progress_outside_0_to_100_is_refused() -> None:
    for wrong in (-1, "100.01"):
        with pytest.raises(ProgressRefused, match="进度是"):
            budget_mark(1, 2, complete=False, progress=wrong)
        with pytest.raises(ProgressRefused, match="计划进度是"):
            budget_mark(1, 2, complete=False, progress=5, planned_progress=wrong)


@given(actual=amounts, budget=amounts, complete=st.booleans(), verified=st.booleans())
def test_an_under_run_is_saved_only_when_verified(
    actual: Decimal, budget: Decimal, complete: bool, verified: bool
) -> None:
    found = under_run(actual, budget, complete=complete, verified=verified)
    assert found.saved + found.undelivered == max(budget - actual, Decimal(0))
    assert not found.saved or (complete and verified)
    assert not found.undelivered or not (complete and verified)
    assert str(found.saved)[-3] == str(found.undelivered)[-3] == "."
