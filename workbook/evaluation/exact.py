"""Owns exact arithmetic: numbers of cells as rationals, the one rounding, the official score, parts that add up."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeAlias

from workbook.evaluation.refusals import NotANumber, PartsDoNotAddUp

Number: TypeAlias = int | float | Decimal | Fraction | str

# A cell keeps 15 significant digits and our own tables write 14, which moves a value by at most 5 in 10^14 of itself; a
# sum of some twenty binary products moves it by less.
SLACK = Fraction(1, 10**13)
MANY_DIGITS = 14
LARGEST_DENOMINATOR = 10**6
PLAIN_DENOMINATOR = 25_000
# Marks, means, weights and scores are below; larger numbers are amounts and counts, which mean what they show.
RECOVERED_BELOW = 1000
MOST_EXPONENT = 400


def exact(value: Number) -> Fraction:
    """The rational that a number means.

    Whole numbers, fractions, Decimals and text ("3.50", "11/3") are taken as they are. A float means what it shows
    (0.1 is 1/10), except that one which came from a division is taken back to its quotient: 11/3 reads back from a
    cell as 3.66666666666667, and a sum of products as 3.3000000000000003. Below 1000, the nearest a/b is taken if it
    lies within 10^-13 of the value, relatively, and b is at most 10^6 (25,000 if fewer than 14 digits are shown, for a
    quotient may happen to end in zeros), and small enough that no second quotient lies as near. A typed mark with up
    to seven decimals is never moved; a longer one may be, by less than 10^-12, far below what any score shows.

    Raises:
        NotANumber: for NaN, infinities, truth values, and text that is no number.
    """
    if isinstance(value, bool):
        raise NotANumber(value)
    if isinstance(value, Fraction):
        return value
    if isinstance(value, numbers.Integral):
        return Fraction(operator.index(value))
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Decimal):
        return _from_decimal(value)
    if isinstance(value, numbers.Real):  # numpy's own floats are Real, and may print their type
        return _from_float(float(value))
    raise NotANumber(value)


def _from_text(text: str) -> Fraction:
    above, slash, below = text.partition("/")
    try:
        return Fraction(int(above), int(below)) if slash else _from_decimal(Decimal(text.strip()))
    except (ValueError, InvalidOperation, ZeroDivisionError):
        raise NotANumber(text) from None


def _from_decimal(value: Decimal) -> Fraction:
    # An exponent of a billion is valid text and would fill the memory with zeros.
    if not value.is_finite() or (value and abs(value.adjusted()) > MOST_EXPONENT):
        raise NotANumber(value)
    return Fraction(value)


def _from_float(value: float) -> Fraction:
    if not math.isfinite(value):
        raise NotANumber(value)
    shown = Decimal(repr(value))
    number = Fraction(shown)
    if number.denominator == 1 or abs(number) >= RECOVERED_BELOW:
        return number
    slack = abs(number) * SLACK
    most = LARGEST_DENOMINATOR if len(shown.normalize().as_tuple().digits) >= MANY_DIGITS else PLAIN_DENOMINATOR
    # Quotients with denominators up to n lie 1/n² apart: keep that at ten times the slack, and there is one at most.
    most = min(most, math.isqrt(math.floor(1 / (10 * slack))))
    near = number.limit_denominator(most)
    return near if abs(near - number) <= slack else number


def half_up(value: Number, decimals: int) -> Decimal:
    """`value` with `decimals` places, halves away from zero as Excel's ROUND does; zero has no sign."""
    number = exact(value)
    scaled = abs(number) * Fraction(10) ** decimals
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = 1 if number < 0 and units else 0
    return Decimal((sign, tuple(int(digit) for digit in str(units)), -decimals))


def official(score_on_1_to_5: Fraction) -> Decimal:
    """The official score on 100 with two decimals: score ÷ 5 × 100, rounded half up once."""
    return half_up(score_on_1_to_5 * 20, 2)


def weighted_mean(values: Sequence[Fraction | None], weights: Sequence[Fraction]) -> Fraction | None:
    """Σ w·x ÷ Σ w over the values that are there; None if those that are there weigh nothing."""
    there = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    whole = sum((weight for _, weight in there), Fraction(0))
    if not whole:
        return None
    return sum((value * weight for value, weight in there), Fraction(0)) / whole


def largest_remainder(parts: Sequence[Fraction], total: Decimal, decimals: int = 2) -> tuple[Decimal, ...]:
    """Each part rounded to `decimals` places so that all of them add up exactly to `total`.

    Every part is rounded down; the units that are left go to the largest remainders, earlier parts first among equals.

    Raises:
        PartsDoNotAddUp: if the parts differ from the total by a unit of the last place or more.
    """
    scale = Fraction(10) ** decimals
    scaled = [part * scale for part in parts]
    units = Fraction(total) * scale
    if units.denominator != 1 or abs(sum(scaled, Fraction(0)) - units) >= 1:
        raise PartsDoNotAddUp(str(half_up(sum(scaled, Fraction(0)) / scale, decimals + 2)), str(total))
    floors = [math.floor(part) for part in scaled]
    left = int(units) - sum(floors)  # 0 to the number of parts, because they differ from the total by less than a unit
    largest = sorted(range(len(parts)), key=lambda place: (floors[place] - scaled[place], place))
    for place in largest[:left]:
        floors[place] += 1
    return tuple(half_up(Fraction(floor) / scale, decimals) for floor in floors)
