"""Owns bands: a score becomes a grade, a raw number becomes a mark from 1 to 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from workbook.evaluation.exact import Number, exact, half_up
from workbook.evaluation.model import Band
from workbook.evaluation.refusals import BandsRefused, NotANumber, OutsideBands

PlainBand: TypeAlias = "Band | Sequence[Number | None]"


def grade(score: Number, bands: Sequence[PlainBand]) -> str:
    """The label of the band in which an official score lies.

    The score is rounded half up to two decimals first (it is the rounded score that decides). Bands are half-open,
    [low, high), and the top one is closed: 100 is an A. A band is a `Band`, or (low, high, label), or
    (label, low, high), with None where there is no bound; their order does not matter.

    Raises:
        BandsRefused: see `check_bands`.
        OutsideBands: if the score lies in no band.
    """
    ordered = check_bands(bands)
    value = exact(half_up(score, 2))
    top = ordered[-1]
    if top.high is not None and value == exact(top.high):
        return top.label
    return _band(value, ordered).label


def band_mark(value: Number, bands: Sequence[PlainBand]) -> int:
    """The mark (1 to 5) that a raw number earns: the label of its band, [low, high) unless the band says otherwise.

    Raises:
        BandsRefused: see `check_bands`; also if a label is not a whole number from 1 to 5.
        OutsideBands: if the number lies in no band.
    """
    ordered = check_bands(bands)
    for band in ordered:
        if band.label not in {"1", "2", "3", "4", "5"}:
            raise BandsRefused(f"{_span(band)} 得“{band.label}”，只能得 1 到 5 的整数。")
    return int(_band(exact(value), ordered).label)


def check_bands(bands: Sequence[PlainBand]) -> tuple[Band, ...]:
    """The bands from the lowest up, once it is sure that every number between their ends lies in exactly one.

    Raises:
        BandsRefused: for no band at all, one that gives nothing or whose low end is not below its high end, a gap or
            an overlap; both neighbours are named.
    """
    if isinstance(bands, _Checked):
        return bands
    found = [_as_band(band) for band in bands]
    if not found:
        raise BandsRefused("一档也没有。请至少写一档。")
    for band in found:
        if not band.label.strip():
            raise BandsRefused(f"{_span(band)} 没有写得什么。请写上等级，或 1 到 5 的分数。")
        if band.low is not None and band.high is not None and band.low >= band.high:
            raise BandsRefused(f"“{band.label}”的下限 {_show(band.low)} 不小于上限 {_show(band.high)}。")
    found.sort(
        key=lambda band: (band.low is not None, band.low or 0, band.after_low, band.high is None, band.high or 0)
    )
    for lower, upper in pairwise(found):
        if lower.high is not None and lower.high == upper.low and lower.with_high != upper.after_low:
            both = "都含" if lower.with_high else "都不含"
            raise BandsRefused(
                f"“{lower.label}”{_span(lower)} 与“{upper.label}”{_span(upper)} {both} {_show(lower.high)}。"
            )
        if lower.high is None or upper.low is None or lower.high > upper.low:
            raise BandsRefused(f"“{lower.label}”{_span(lower)} 与“{upper.label}”{_span(upper)} 重叠。")
        if lower.high < upper.low:
            raise BandsRefused(
                f"“{lower.label}”{_span(lower)} 与“{upper.label}”{_span(upper)} 之间有空档。"
                f"“{lower.label}”的上限应写 {_show(upper.low)}。"
            )
    return _Checked(found)


class _Checked(tuple[Band, ...]):
    """Bands that were checked: a hundred thousand lines ask for the same ones."""


def _band(value: Fraction, ordered: Sequence[Band]) -> Band:
    for band in ordered:
        if holds(band, value):
            return band
    raise OutsideBands(_show(half_up(value, 4)), _show(ordered[0].low), _show(ordered[-1].high))


def holds(band: Band, value: Fraction) -> bool:
    """Whether a number lies in a band, its ends as the band says."""
    above = band.low is None or value > exact(band.low) or (value == exact(band.low) and not band.after_low)
    below = band.high is None or value < exact(band.high) or (value == exact(band.high) and band.with_high)
    return above and below


def _as_band(band: PlainBand) -> Band:
    if isinstance(band, Band):
        return replace(band, low=_end(band.low, band.label), high=_end(band.high, band.label))
    cells = tuple(band)
    if len(cells) != 3:
        raise BandsRefused(f"{cells!r} 不是一档。一档是三格：名称、下限、上限。")
    first_is_label = isinstance(cells[0], str) and not isinstance(cells[2], str)
    label, low, high = cells if first_is_label else (cells[2], cells[0], cells[1])
    if label is None or not str(label).strip():
        raise BandsRefused(f"{cells!r} 没有名称。请写上等级或分数。")
    if isinstance(label, float) and label.is_integer():
        label = int(label)  # a cell gives the mark 5 as 5.0
    return Band(_end(low, str(label)), _end(high, str(label)), str(label).strip())


def _end(value: Number | None, label: str) -> Decimal | None:
    if value is None:
        return None
    try:
        number = exact(value)
    except NotANumber:
        raise BandsRefused(f"“{label}”的上下限 {value!r} 不是有限的数字。没有界限请留空。") from None
    return value if isinstance(value, Decimal) else Decimal(number.numerator) / Decimal(number.denominator)


def _span(band: Band) -> str:
    return f"{'(' if band.after_low else '['}{_show(band.low)}, {_show(band.high)}{']' if band.with_high else ')'}"


def _show(value: Decimal | None) -> str:
    return "不限" if value is None else format(value.normalize(), "f")
