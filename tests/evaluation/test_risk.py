"""The lookup of a risk level: the house's own zones are such a table, and one that falls anywhere is refused."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest

from workbook.evaluation import check_risk_table, risk_level
from workbook.evaluation.refusals import RiskTableRefused
from workbook.records import Record
from workbook.rules.risks import zone_of
from workbook.tables import Risks

SCALE = range(1, 6)
WORDS = {(1, 1): "低", (1, 2): "低", (1, 3): "中", (2, 1): "低", (2, 2): "中", (2, 3): "高"}


def house_zones() -> dict[tuple[int, int], str]:
    """The zone that the policy's rule gives each pair, as a declared table."""
    found = {}
    for pair in product(SCALE, SCALE):
        zone = zone_of(Record(Risks, "", 0, "RK-0001", dict(zip(("likelihood", "impact"), pair, strict=True)), {}))
        assert zone is not None
        found[pair] = zone
    return found


def test_the_zones_of_the_policy_are_a_monotone_table() -> None:
    zones = house_zones()
    check_risk_table(zones)
    assert len(set(zones.values())) == 4
    for likelihood, impact in product(SCALE, SCALE):
        assert risk_level(likelihood, impact, zones) == zones[likelihood, impact]


def test_numbers_from_cells_find_their_place() -> None:
    table = {(float(one), float(other)): word for (one, other), word in WORDS.items()}
    assert risk_level(2, 3, table) == risk_level(2.0, Decimal(3), WORDS) == risk_level("2", 3.0, WORDS) == "高"
    assert risk_level(2, 1, WORDS) == "低"  # likelihood first: the other way round it is 低 too, but 2 and 3 is not
    assert risk_level(1, 3, WORDS) == "中"


def test_levels_may_be_numbers_and_rise_as_numbers() -> None:
    products = {pair: pair[0] * pair[1] for pair in product(SCALE, SCALE)}
    assert risk_level(3, 4, products) == 12
    falling = products | {(5, 5): 3}
    with pytest.raises(RiskTableRefused, match="可能性 5、影响 4 是 20，可能性 5、影响 5 却降到 3"):
        risk_level(1, 1, falling)


@pytest.mark.parametrize("pair, word", [((2, 3), "低"), ((1, 1), "高"), ((1, 2), "高")])
def test_a_table_that_falls_anywhere_is_refused_whatever_is_asked(pair: tuple[int, int], word: str) -> None:
    # 低 < 中 < 高 in WORDS: 低 in the last corner lies beyond 中, 高 in the first before 低, and in (1, 2) before 中.
    with pytest.raises(RiskTableRefused, match="只升不降"):
        risk_level(1, 3, WORDS | {pair: word})
    check_risk_table(WORDS | {(2, 2): "低"})  # 低 低 中 / 低 低 高 is as good as before


def test_a_table_that_falls_only_with_the_likelihood_is_refused() -> None:
    with pytest.raises(
        RiskTableRefused, match="可能性 1、影响 1 是“低”，可能性 1、影响 2 升到“中”，而别处“低”又在“中”之上"
    ):
        check_risk_table({(1, 1): "低", (1, 2): "中", (2, 1): "低", (2, 2): "低"})
    with pytest.raises(RiskTableRefused, match="可能性 1、影响 1 是 2，可能性 2、影响 1 却降到 1"):
        check_risk_table({(1, 1): 2, (2, 1): 1})


def test_words_that_turn_round_by_way_of_others_are_refused() -> None:
    # 甲 < 乙 and 乙 < 丙 across the first row, 丙 < 甲 down the last column: no order of the three fits.
    table = {(1, 1): "甲", (1, 2): "乙", (1, 3): "丙", (2, 1): "甲", (2, 2): "乙", (2, 3): "甲"}
    with pytest.raises(RiskTableRefused, match="只升不降"):
        check_risk_table(table)


def test_the_level_never_falls_as_a_risk_grows() -> None:
    order = ["可接受", "关注", "处置", "必须处置"]
    zones = house_zones()
    for likelihood, impact in product(range(1, 5), SCALE):
        lower, higher = risk_level(likelihood, impact, zones), risk_level(likelihood + 1, impact, zones)
        assert order.index(str(lower)) <= order.index(str(higher))


@pytest.mark.parametrize(
    "table, said",
    [
        ({}, "一格也没有"),
        ({(1, 1): "低", (1, 2): "中", (2, 1): "中"}, "缺可能性 2、影响 2 这一格"),
        ({(1, 1): "低", (1, 2): " "}, "可能性 1、影响 2 这一格是空的"),
        ({(1, 1): "低", (1, 2): 3}, "有的是文字，有的是数字"),
        ({(1, 1): "低", (1, 2): float("nan")}, "可能性 1、影响 2 这一格是 nan"),
        ({(1, 1): 1, (1, 2): True}, "可能性 1、影响 2 这一格是 True"),
        ({("很可能", 1): "低"}, "可能性 '很可能' 不是数字"),
        ({(1, 1): "低", ("1", 1): "高"}, "可能性 1、影响 1 这一格写了两次"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_its_place(table: dict[tuple[int, int], str], said: str) -> None:
    with pytest.raises(RiskTableRefused, match=said):
        check_risk_table(table)


@pytest.mark.parametrize("likelihood, impact", [(3, 1), (1, 4), (1.5, 1), ("很可能", 1), (True, 1), (float("nan"), 1)])
def test_a_place_that_the_table_does_not_have_is_refused_with_those_it_has(likelihood: float, impact: float) -> None:
    with pytest.raises(RiskTableRefused, match="可能性有 1、2，影响有 1、2、3"):
        risk_level(likelihood, impact, WORDS)
