"""Bands: edges belong to the band above, the top grade keeps its end, gaps and overlaps are refused by name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from workbook.evaluation import band_mark, check_bands, grade
from workbook.evaluation.model import Band
from workbook.evaluation.refusals import BandsRefused, OutsideBands


def band(low: str | None, high: str | None, label: str) -> Band:
    return Band(None if low is None else Decimal(low), None if high is None else Decimal(high), label)


GRADES = [band("90", "100", "A"), band("80", "90", "B"), band("60", "80", "C"), band("0", "60", "D")]
HEADS = [band(None, "10", "1"), band("10", "30", "2"), band("30", "100", "3"), band("100", "300", "4"), band("300", None, "5")]  # fmt: skip


@pytest.mark.parametrize(
    "score, label",
    [
        ("100", "A"), ("90", "A"), ("89.99", "B"), ("80", "B"), ("79.99", "C"), ("60", "C"), ("59.99", "D"), ("0", "D"),
        (89.995, "A"), (89.9949, "B"),  # the rounded score decides
    ],
)  # fmt: skip
def test_an_edge_belongs_to_the_band_above_and_a_hundred_is_an_a(score: str | float, label: str) -> None:
    assert grade(score, GRADES) == label


def test_a_band_that_gives_nothing_is_refused() -> None:
    with pytest.raises(BandsRefused, match=r"\[60, 80\) 没有写得什么"):
        grade(70, [band("60", "80", " "), band("0", "60", "D")])


def test_bands_may_be_plain_rows_in_any_order() -> None:
    assert grade(85, [("D", 0, 60), ("A", 90, 100), ("C", 60, 80), ("B", 80, 90)]) == "B"
    assert grade(85, [(0, 60, "D"), (60, None, "C")]) == "C"


@pytest.mark.parametrize(
    "value, mark", [(-5, 1), (9.99, 1), (10, 2), (29, 2), (30, 3), (99, 3), (100, 4), (299, 4), (300, 5), (10**9, 5)]
)
def test_a_raw_number_earns_the_mark_of_its_band(value: float, mark: int) -> None:
    assert band_mark(value, HEADS) == mark


def test_a_score_outside_all_bands_is_told() -> None:
    with pytest.raises(OutsideBands, match=r"100\.01.*从 0 到 100"):
        grade("100.01", GRADES)
    with pytest.raises(OutsideBands):
        band_mark(100, [band("0", "100", "1")])  # no end of a raw number's band is closed


@pytest.mark.parametrize(
    "bands, said",
    [
        ([], "一档也没有"),
        ([band("90", "100", "A"), band("80", "89.99", "B")], r"“B”\[80, 89.99\) 与“A”\[90, 100\) 之间有空档.*应写 90"),
        ([band("90", "100", "A"), band("80", "91", "B")], "“B”.*“A”.*重叠"),
        ([band("90", None, "A"), band("95", "100", "B")], "重叠"),
        ([band(None, "90", "B"), band(None, "100", "A")], "重叠"),
        ([band("90", "100", "A"), band("90", "100", "B")], "重叠"),
        ([band("90", "90", "A")], "“A”的下限 90 不小于上限 90"),
        ([("A", "九十", 100)], "“A”.*不是有限的数字"),
        ([("A", 90)], "三格"),
        ([(0, 1, None)], "没有名称"),
    ],
)
def test_gaps_overlaps_and_nonsense_are_refused_by_name(bands: list[Band], said: str) -> None:
    with pytest.raises(BandsRefused, match=said):
        check_bands(bands)


def test_checked_bands_come_from_the_lowest_up() -> None:
    assert [b.label for b in check_bands(GRADES)] == ["D", "C", "B", "A"]
    assert [b.label for b in check_bands(HEADS[::-1])] == ["1", "2", "3", "4", "5"]


def test_a_mark_is_a_whole_number_from_one_to_five() -> None:
    with pytest.raises(BandsRefused, match="得“6”"):
        band_mark(1, [band(None, None, "6")])
