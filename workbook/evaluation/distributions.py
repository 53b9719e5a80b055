"""Owns the quantiles of Student's t and Fisher's F that intervals need, without a statistics library at run time."""

from __future__ import annotations

import math

TINY = 1e-300
ENOUGH = 1e-15
MOST_STEPS = 10_000


def f_quantile(p: float, numerator: float, denominator: float) -> float:
    """The value below which an F variable lies with probability p (0 < p < 1); degrees of freedom above 0.

    Infinite where it lies beyond what a float holds (far below one degree of freedom in the denominator).

    >>> round(f_quantile(0.95, 2, 10), 4)
    4.1028
    """
    # B = d₁F ÷ (d₁F + d₂) is beta-distributed; near 1 its complement is looked for, which has the digits.
    a, b = numerator / 2, denominator / 2
    share = _beta_quantile(p, a, b)
    if share <= 0.5:
        return denominator * share / (numerator * (1 - share))
    rest = _beta_quantile(1 - p, b, a)
    return denominator * (1 - rest) / (numerator * rest) if rest else math.inf


def t_quantile(p: float, freedom: float) -> float:
    """The value below which Student's t with `freedom` > 0 degrees of freedom lies with probability p (0 < p < 1).

    >>> round(t_quantile(0.975, 9), 4)
    2.2622
    """
    if p == 0.5:
        return 0.0
    # t² is F with 1 and `freedom` degrees of freedom.
    return math.copysign(math.sqrt(f_quantile(abs(2 * p - 1), 1, freedom)), p - 0.5)


def _beta_quantile(p: float, a: float, b: float) -> float:
    """By halving: the distribution function rises, and a hundred steps cost less than a millisecond."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        if _beta_share(middle, a, b) < p:
            low = middle
        else:
            high = middle


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front / a * _continued_fraction(x, a, b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of I_x(a, b), evaluated from the front [Lentz 1976; Abramowitz & Stegun 26.5.8]."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < ENOUGH:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
