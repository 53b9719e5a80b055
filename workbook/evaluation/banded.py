"""Owns what a banded measure says: a rate, the mark its band gives, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from workbook.evaluation.exact import Number, exact, half_up
from workbook.evaluation.grading import PlainBand, band_mark
from workbook.evaluation.model import Band
from workbook.evaluation.refusals import EvaluationRefused

MOST_DECIMALS = 10


class NegativeNumber(EvaluationRefused):
    """A number that counts or measures something is below zero."""

    def __init__(self, what: str, value: object):
        self.what, self.value = what, value
        super().__init__(f"{what}是 {value}，不能小于 0。请核对。")


class MarkState(Enum):
    """What became of a banded measure; only a scored one has a mark."""

    SCORED = "scored"
    TO_BE_VERIFIED = "to_be_verified"  # 待核实: somebody has to confirm before it may count
    NO_DATA = "no_data"  # 无数据
    NOT_COMPUTABLE = "not_computable"  # 无法计算: it would be a division by zero
    FLAGGED = "flagged"  # outside of what can be true; shown, without a mark


@dataclass(frozen=True)
class BandedMark:
    """A measure's result: its state, the exact rate (1 is 100 %), the mark from 1 to 5, and the sentence of why."""

    state: MarkState
    rate: Fraction | None
    mark: int | None
    why: str


# Percent: [80, 95] = 5, [70, 80) and (95, 100] = 4, [60, 70) = 3, [50, 60) = 2, below 50 = 1.
UTILISATION_BANDS = (
    Band(None, Decimal(50), "1"),
    Band(Decimal(50), Decimal(60), "2"),
    Band(Decimal(60), Decimal(70), "3"),
    Band(Decimal(70), Decimal(80), "4"),
    Band(Decimal(80), Decimal(95), "5", with_high=True),
    Band(Decimal(95), Decimal(100), "4", after_low=True, with_high=True),
)


def up_to(edges: Iterable[tuple[Number | None, int]]) -> tuple[Band, ...]:
    """Bands from (upper edge, mark), lowest first: each takes in its upper edge; None has no upper edge.

    [(100, 5), (102, 4), (None, 1)] is ≤ 100 = 5, (100, 102] = 4, > 102 = 1.
    """
    bands: list[Band] = []
    low: Decimal | None = None
    for edge, mark in edges:
        high = None if edge is None else Decimal(str(edge))
        bands.append(Band(low, high, str(mark), after_low=low is not None, with_high=high is not None))
        low = high
    return tuple(bands)


def utilisation_mark(rate: Number | None, bands: Sequence[PlainBand] = UTILISATION_BANDS) -> BandedMark:
    """The mark of a utilisation in percent (85 is 85 %); above 100 % it is flagged and has no mark, None is no data.

    Raises:
        NegativeNumber: for a rate below 0.
        NotANumber, BandsRefused, OutsideBands: see `band_mark`.
    """
    if rate is None:
        return BandedMark(MarkState.NO_DATA, None, None, "没有资源利用率的数据，不评分。")
    percent = exact(rate)
    if percent < 0:
        raise NegativeNumber("资源利用率", rate)
    share = percent / 100
    if percent > 100:
        return BandedMark(
            MarkState.FLAGGED, share, None, f"资源利用率 {show_percent(share)} 超过 100%，请核对投入的记录；不评分。"
        )
    mark = band_mark(percent, bands)
    return BandedMark(MarkState.SCORED, share, mark, f"资源利用率 {show_percent(share)}，得 {mark} 分。")


def show_percent(share: Fraction) -> str:
    """A share as people read it: with two decimals, or with more where two would hide on which side of an edge it lies."""
    percent = share * 100
    for decimals in range(2, MOST_DECIMALS + 1):
        shown = half_up(percent, decimals)
        if shown != shown.to_integral_value() or shown == percent:
            break
    return f"{shown}%"
