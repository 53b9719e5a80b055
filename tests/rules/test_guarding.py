"""Findings of preventing risk, each as a minimal pair (S41 to S43, S47), and what is computed beside risks and samplings."""

from __future__ import annotations

import copy
import functools
from collections import Counter
from datetime import date
from typing import Any

import pytest

from tests.rules.test_findings import Break, add, all_of, change
from tests.selection_books import NOW, TODAY, Rows, evaluated
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import Finding, run_checks
from workbook.rules.risks import FOUR
from workbook.rules.sampling_plan import draw
from workbook.tables import Risks, Samplings

OURS = {
    "S41-register", "S41-rating", "S41-residual", "S41-must", "S41-risk-review", "S42-basis", "S42-level", "S42-until", "S42-gone",
    "S42-ended", "S43-plan", "S43-seed", "S43-unit", "S43-rejected", "S43-batch", "S43-trace", "S47-date", "S47-overdue",
    "S47-differs", "S47-missing",
}  # fmt: skip
P = "P-0001"
# SHA-256 of "SP-0001:0", "SP-0001:1" … with a lot of 500 and a size of 5; worked out by the loop in `oracle` below.
DEFECT = {
    "defect": "DF-0001",
    "sampling": "SP-0001",
    "delivery": "DL-0001",
    "batch": "B-07",
    "grade": "minor",
    "what": "划伤",
}


def oracle(lot: int, size: int, seed: str) -> list[int]:
    """The algorithm of the docs once more, with hashlib alone and another loop."""
    import hashlib
    import struct

    units: list[int] = []
    for counter in range(1_000_000):
        (number,) = struct.unpack_from(">Q", hashlib.sha256(f"{seed}:{counter}".encode()).digest())
        if number >= 2**64 // lot * lot or number % lot + 1 in units:
            continue
        units.append(number % lot + 1)
        if len(units) == size:
            break
    return sorted(units)


@functools.cache
def whole() -> Rows:
    """A key partner with its four kinds of risk, data under control, a sampled batch, and controls in time."""
    controls = ("access", "accounts", "encryption", "logging")
    return {
        "partners": [
            {"partner": P, "legal_name": "甲公司", "status": "active", "category": "supplier", "important": "yes"},
            {"partner": "P-0002", "legal_name": "乙公司", "status": "left", "category": "supplier", "important": "no"},
        ],
        "contracts": [{"contract": "K-0001", "title": "协议", "partner": P, "status": "signed"}],
        "risks": [
            {
                "risk": f"RK-000{n}", "title": f"风险{n}", "partner": P, "kind": kind, "status": "open", "likelihood": 4, "impact": 4,
                "residual_likelihood": 2, "residual_impact": 4, "measure": "双供", "handler": "王珂", "review_on": date(2027, 1, 15),
            }
            for n, kind in enumerate(FOUR, 1)
        ],
        "data_grants": [{
            "grant": "DG-0001", "partner": P, "what": "图纸", "data_level": "confidential", "contract": "K-0001", "approver": "周总",
            "status": "held", "granted_on": date(2026, 1, 5), "until": date(2027, 1, 5),
        }],
        "technical_controls": [
            {
                "check": f"TC-000{n}", "partner": P, "control": control, "result": "conforms", "checked_on": date(2026, 9, 1),
                "due": date(2027, 3, 1),
            }
            for n, control in enumerate(controls, 1)
        ],
        "deliveries": [{
            "delivery": "DL-0001", "partner": P, "contract": "K-0001", "title": "壳体", "batch": "B-07", "acceptance": "accepted",
            "due": date(2026, 11, 1), "delivered_on": date(2026, 11, 1),
        }],
        "samplings": [{
            "sampling": "SP-0001", "delivery": "DL-0001", "batch": "B-07", "lot": 500, "size": 5, "accept": 1,
            "sampled_on": date(2026, 11, 2),
        }],
        "defects": [{**DEFECT, "unit": oracle(500, 5, "SP-0001")[0]}],
    }  # fmt: skip


def book_of(*breaks: Break) -> Book:
    rows = copy.deepcopy(whole())
    for one in breaks:
        one(rows)
    return evaluated(rows)[0]


def found(*breaks: Break) -> list[Finding]:
    return [one for one in run_checks(book_of(*breaks), TODAY) if one.rule in OURS]


def defect(number: int, unit: int | None, **more: Any) -> Break:
    return add("defects", **{**DEFECT, "defect": f"DF-{number:04d}", "unit": unit, **more})


outside = next(unit for unit in range(1, 501) if unit not in oracle(500, 5, "SP-0001"))
bad_risk: dict[str, Any] = {"residual_likelihood": None, "residual_impact": None}

# rule → what breaks it, the key where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S41-register", change("risks", 1, kind="quality"), P, "信息泄露风险"),
    ("S41-register", change("risks", 3, status="closed"), P, "争议升级风险"),
    ("S41-rating", change("risks", 0, impact=None), "RK-0001", "没有评可能性和影响"),
    ("S41-residual", change("risks", 0, likelihood=1, impact=3), "RK-0001", "高于之前的 3"),
    ("S41-must", change("risks", 0, **bad_risk, measure=None), "RK-0001", "应对措施"),
    ("S41-must", change("risks", 0, **bad_risk, handler=None), "RK-0001", "负责人"),
    ("S41-must", change("risks", 0, **bad_risk, review_on=None), "RK-0001", "下次复核"),
    ("S41-risk-review", change("risks", 0, review_on=date(2026, 11, 22)), "RK-0001", "应于 2026-11-22 复核"),
    ("S42-basis", change("data_grants", 0, contract=None), "DG-0001", "合同编号"),
    ("S42-basis", change("data_grants", 0, approver=None, data_level="sensitive"), "DG-0001", "批准人"),
    ("S42-level", change("data_grants", 0, data_level=None), "DG-0001", "没有写级别"),
    ("S42-until", change("data_grants", 0, until=date(2026, 11, 22)), "DG-0001", "还持有"),
    ("S42-gone", change("data_grants", 0, partner="P-0002"), "DG-0001", "已不再合作"),
    ("S42-ended", change("data_grants", 0, status="returned"), "DG-0001", "没有写日期"),
    ("S43-plan", change("samplings", 0, size=501, drawn=None), "SP-0001", "不能超过批量"),
    ("S43-seed", all_of(change("samplings", 0, drawn="1、2"), change("defects", 0, unit=1)), "SP-0001", "样本号与它们不符"),
    ("S43-unit", defect(2, outside), "DF-0002", f"样本号 {outside} 不在"),
    ("S43-rejected", change("samplings", 0, accept=0), "SP-0001", "判定拒收"),
    ("S43-batch", change("samplings", 0, batch="B-08"), "SP-0001", "与交付 DL-0001 的批次 B-07 不同"),
    ("S43-trace", add("defects", defect="DF-0002", what="划伤"), "DF-0002", "追溯不到来源"),
    ("S43-trace", add("defects", defect="DF-0002", what="划伤", sampling="SP-0009"), "DF-0002", "SP-0009 不在"),
    ("S47-date", add("technical_controls", check="TC-0009", partner=P, control="firewall"), "TC-0009", "没有写检查日期"),
    ("S47-overdue", change("technical_controls", 0, due=date(2026, 11, 22)), "TC-0001", "应于 2026-11-22 再检查"),
    ("S47-overdue", change("technical_controls", 0, due=None, checked_on=date(2026, 5, 26)), "TC-0001", "应于 2026-11-22 再检查"),
    ("S47-differs", change("technical_controls", 0, result="differs"), "TC-0001", "没有这家伙伴未完成的行动"),
    ("S47-missing", change("technical_controls", 0, control="firewall"), "DG-0001", "没有检查过访问权限"),
]  # fmt: skip


def test_nothing_is_found_where_all_is_in_order() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("rule", "broken", "key", "words"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_one_broken_thing_is_found_and_nothing_else(rule: str, broken: Break, key: str, words: str) -> None:
    (hit,) = found(broken)
    assert (hit.rule, hit.key) == (rule, key) and words in hit.message


FINE: dict[str, Break] = {
    "a partner that is not key registers what it likes": all_of(
        change("partners", 0, important="no"), change("risks", 1, status="closed")
    ),
    "a risk that must be treated and is looked after": change("risks", 0, **bad_risk),
    "public data needs no contract": change("data_grants", 0, data_level="public", contract=None, approver=None),
    "data that was returned in time": change("data_grants", 0, status="returned", ended_on=date(2026, 6, 1), until=date(2026, 6, 1)),
    "the last day of a grant": change("data_grants", 0, until=TODAY),
    "one defective unit found twice is one": defect(2, oracle(500, 5, "SP-0001")[0]),
    "a control that does not apply is never overdue": change("technical_controls", 0, result="na", due=date(2026, 1, 1)),
    "a newer check replaces an older one that is overdue": all_of(
        change("technical_controls", 0, due=date(2026, 1, 31)),
        add("technical_controls", check="TC-0009", partner=P, control="access", result="conforms", checked_on=date(2026, 11, 1)),
    ),
    "a control that fails with an action": all_of(
        change("technical_controls", 0, result="differs"),
        add("actions", action="AC-0001", what="收回权限", partner=P, handler="王珂", due=date(2026, 12, 1), status="open"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_in_order_is_not_found(name: str) -> None:
    assert found(FINE[name]) == []


def test_a_plan_that_is_changed_after_the_units_were_drawn_is_found_and_the_units_stay() -> None:
    book = book_of()
    before = [row["drawn"] for row in read_records(book, Samplings)]
    book.update("samplings", "抽检编号", {"SP-0001": {"种子": "另一个"}})
    evaluate_book(book, NOW)
    assert [row["drawn"] for row in read_records(book, Samplings)] == before
    hits = [one for one in run_checks(book, TODAY) if one.rule == "S43-seed"]
    assert [one.key for one in hits] == ["SP-0001"] and "另一个" in hits[0].message


@pytest.mark.parametrize(
    ("lot", "size", "seed"),
    [(500, 5, "SP-0001"), (7, 3, "种子"), (1_000_000, 20, "x"), (1, 1, ""), (2**63 + 1, 3, "x")],
)
def test_units_follow_from_lot_size_and_seed_alone(lot: int, size: int, seed: str) -> None:
    assert list(draw(lot, size, seed)) == oracle(lot, size, seed) == list(draw(lot, size, seed))
    assert len(set(draw(lot, size, seed))) == size


def test_another_seed_draws_other_units() -> None:
    assert draw(10_000, 50, "a") != draw(10_000, 50, "b")


def test_a_sample_of_more_than_half_leaves_out_what_a_sample_of_the_rest_takes() -> None:
    assert set(draw(10, 7, "s")) == set(range(1, 11)) - set(oracle(10, 3, "s"))
    assert draw(10, 10, "s") == tuple(range(1, 11))


def test_every_unit_is_as_likely_as_any_other() -> None:
    """Chi-square of 20,000 draws of one unit out of ten: nine degrees of freedom, 27.88 is passed once in a thousand."""
    seen = Counter(draw(10, 1, f"seed {n}")[0] for n in range(20_000))
    assert sum((seen[unit] - 2_000) ** 2 / 2_000 for unit in range(1, 11)) < 27.88


@pytest.mark.parametrize(
    ("likelihood", "impact", "zone"),
    [(1, 1, "可接受"), (2, 2, "可接受"), (1, 5, "关注"), (3, 3, "关注"), (2, 5, "处置"), (4, 3, "处置"), (3, 5, "必须处置"), (5, 5, "必须处置")],
)  # fmt: skip
def test_the_zone_is_that_of_what_is_left(likelihood: int, impact: int, zone: str) -> None:
    book = book_of(
        change("risks", 0, likelihood=5, impact=5, residual_likelihood=likelihood, residual_impact=impact),
        change("risks", 1, likelihood=likelihood, impact=impact, residual_likelihood=None, residual_impact=None),
    )
    assert [row["zone"] for row in read_records(book, Risks)][:2] == [zone, zone]


def test_a_second_evaluation_changes_no_byte() -> None:
    book = book_of()
    before = book.to_bytes()
    evaluate_book(book, NOW)
    assert book.to_bytes() == before
