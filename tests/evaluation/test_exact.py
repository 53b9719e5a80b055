"""Exact arithmetic: a float means what it shows, one rounding as Excel's, parts that add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.evaluation import half_up, largest_remainder, official
from workbook.evaluation.exact import exact
from workbook.evaluation.refusals import NotANumber, PartsDoNotAddUp

DENOMINATORS = st.integers(1, 21_000)


@pytest.mark.parametrize(
    "given_, meant",
    [
        (3, Fraction(3)),
        (0.1, Fraction(1, 10)),
        (11.1, Fraction(111, 10)),
        (0.1 + 0.2, Fraction(3, 10)),
        (3.3000000000000003, Fraction(33, 10)),
        (3.66666666666667, Fraction(11, 3)),  # 11/3 as a cell keeps it
        (11 / 3, Fraction(11, 3)),
        (3.6666666666667, Fraction(11, 3)),  # 11/3 as our own tables write it
        (-2 / 7, Fraction(-2, 7)),
        (3.1234567, Fraction(31234567, 10**7)),
        (1234567.89, Fraction(123456789, 100)),
        (1234567.333333333, Fraction(1234567333333333, 10**9)),  # an amount means what it shows
        (Decimal("11.10"), Fraction(111, 10)),
        ("3.50", Fraction(7, 2)),
        (" 11/3 ", Fraction(11, 3)),
        (numpy.float64(3.3), Fraction(33, 10)),
        (numpy.int64(4), Fraction(4)),
    ],
)
def test_a_number_means_what_it_shows(given_: float, meant: Fraction) -> None:
    assert exact(given_) == meant


@pytest.mark.parametrize(
    "bad", [float("nan"), float("inf"), Decimal("NaN"), True, "", "三", "1/0", "1e999999999", None]
)
def test_what_is_no_number_is_refused(bad: object) -> None:
    with pytest.raises(NotANumber):
        exact(bad)  # type: ignore[arg-type]


@given(DENOMINATORS, st.data())
def test_a_quotient_survives_the_fifteen_digits_of_a_cell(below: int, data: st.DataObject) -> None:
    quotient = Fraction(data.draw(st.integers(below, 5 * below)), below)
    for digits in (14, 15, 16, 17):
        assert exact(float(f"{float(quotient):.{digits}g}")) == quotient


@given(st.integers(1_000_000_0, 5_000_000_0))
def test_a_typed_mark_with_seven_decimals_is_never_moved(units: int) -> None:
    assert exact(units / 10**7) == Fraction(units, 10**7)


@pytest.mark.parametrize(
    "value, decimals, shown",
    [
        # Excel: =ROUND(0.005,2) is 0.01, =ROUND(2.675,2) is 2.68, =ROUND(-2.5,0) is -3, =ROUND(1.005,2) is 1.01,
        # where Python's round gives 0.01, 2.67, -2 and 1.0.
        (0.005, 2, "0.01"),
        (2.675, 2, "2.68"),
        (1.005, 2, "1.01"),
        (2.5, 0, "3"),
        (-2.5, 0, "-3"),
        (-0.004, 2, "0.00"),
        (Fraction(1, 3), 2, "0.33"),
        (3, 2, "3.00"),
        ("79.9949999", 2, "79.99"),
        (Fraction(10**30 + 1, 2), 0, "500000000000000000000000000001"),
    ],
)
def test_halves_are_rounded_away_from_zero_once(value: float, decimals: int, shown: str) -> None:
    assert str(half_up(value, decimals)) == shown


@given(st.decimals(-1000, 1000, places=4))
def test_rounding_agrees_with_the_standard_library_on_decimals(value: Decimal) -> None:
    assert half_up(value, 2) == value.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize("score, shown", [(Fraction(3), "60.00"), (Fraction(5), "100.00"), (Fraction(11, 3), "73.33")])
def test_the_official_score_is_a_fifth_times_a_hundred(score: Fraction, shown: str) -> None:
    assert str(official(score)) == shown


def test_left_over_units_go_to_the_largest_remainders() -> None:
    # Thirds of 100: 33.33 each leaves one cent, and the first of equals takes it.
    assert largest_remainder([Fraction(100, 3)] * 3, Decimal("100.00")) == (
        Decimal("33.34"),
        Decimal("33.33"),
        Decimal("33.33"),
    )
    # 1.006 + 2.003 + 3.001 = 6.01: floors 1.00 + 2.00 + 3.00 leave one cent for the remainder of 0.6 cents.
    parts = [Fraction(1006, 1000), Fraction(2003, 1000), Fraction(3001, 1000)]
    assert largest_remainder(parts, Decimal("6.01")) == (Decimal("1.01"), Decimal("2.00"), Decimal("3.00"))


@given(st.lists(st.fractions(0, 100, max_denominator=10_000), min_size=1, max_size=40), st.integers(0, 4))
def test_parts_always_add_up_and_none_moves_by_a_unit(parts: list[Fraction], decimals: int) -> None:
    total = half_up(sum(parts, Fraction(0)), decimals)
    shown = largest_remainder(parts, total, decimals)
    assert sum(shown) == total
    assert all(abs(Fraction(s) - p) < Fraction(1, 10**decimals) for s, p in zip(shown, parts, strict=True))


def test_parts_that_are_not_the_total_are_refused() -> None:
    with pytest.raises(PartsDoNotAddUp, match=r"60.*61"):
        largest_remainder([Fraction(30), Fraction(30)], Decimal("61.00"))
