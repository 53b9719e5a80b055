"""Contracts and onboarding: each finding as a minimal pair, every step of the state machine, and 引导期 to the day."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.selection_books import TODAY, Rows, built, selection_rows
from workbook.records import Record
from workbook.rules.checks import CHECKS, contracts, order
from workbook.rules.contracts import STEPS, Case, in_the_way
from workbook.rules.finding import Finding, Situation
from workbook.rules.onboarding import (
    GROUP_ITEMS,
    SettingRefused,
    counts_in_performance,
    guide_days,
    in_onboarding,
    left_out,
    planned_items,
)
from workbook.tables import Clauses, Contracts, DueDiligence
from workbook.tables.contracts import CLAUSES, CONTRACT_STATES
from workbook.tables.onboarding import ITEMS

TEXT, OTHER = "a" * 64, "b" * 64
Break = Callable[[Rows], object]


def contract(**more: Any) -> dict[str, Any]:
    """A signed contract in which nothing is amiss."""
    return {
        "contract": "K-0001", "title": "协议", "candidate": "C-0001", "partner": "P-0001", "status": "signed",
        "handler": "王珂", "lawyer": "周敏", "legal": "passed", "legal_on": date(2026, 11, 2), "our_signatory": "甲",
        "our_authority": "总经理", "their_signatory": "乙", "their_authority": "授权书 1 号", "text_hash": TEXT, "our_hash": TEXT,
        "their_hash": TEXT.upper(), "signed_on": date(2026, 11, 3), "starts_on": date(2026, 11, 5), "ends_on": date(2027, 11, 4), **more,
    }  # fmt: skip


def clause_rows() -> list[dict[str, Any]]:
    return [
        {"clause": f"L-{n:04d}", "contract": "K-0001", "subject": code, "agreed": "agreed", "bottom_line": "底线"}
        for n, code in enumerate(CLAUSES, start=1)
    ]


def item_rows() -> list[dict[str, Any]]:
    return [
        {"item": f"W-{n:04d}", "contract": "K-0001", "partner": "P-0001", "group": group, "subject": item, "status": "open", "due": TODAY}
        for n, (group, item) in enumerate(((g, i) for g, items in GROUP_ITEMS.items() for i in items), start=1)
    ]  # fmt: skip


@functools.cache
def whole() -> Rows:
    rows = selection_rows(mark=lambda candidate, reviewer, indicator: None)
    rows["panels"][0]["recommended"] = "C-0001"
    rows["partners"] = [{"partner": "P-0001", "legal_name": "候选1有限公司", "status": "active"}]
    return {**rows, "contracts": [contract()], "clauses": clause_rows(), "onboarding": item_rows()}


def fresh() -> Rows:
    return {name: [dict(row) for row in rows] for name, rows in whole().items()}


def found(rows: Rows) -> list[Finding]:
    """What the checks of this chapter and of the book's order say; the panel's are told elsewhere."""
    situation = Situation(built(rows), TODAY)
    return [finding for check in (*order.CHECKS, *contracts.CHECKS) for finding in check(situation)]


def deal(**values: Any) -> Break:
    return lambda rows: rows["contracts"][0].update(values)


def line(number: int, **values: Any) -> Break:
    return lambda rows: rows["clauses"][number].update(values)


def item(number: int, **values: Any) -> Break:
    return lambda rows: rows["onboarding"][number].update(values)


def check(**values: Any) -> Break:
    return lambda rows: rows.update(diligence=[{"check": "J-0001", "candidate": "C-0001", "method": "visit", **values}])


def setting(name: str, value: str) -> Break:
    return lambda rows: rows.update(settings=[{"setting": name, "value": value}])


def all_of(*breaks: Break) -> Break:
    def run(rows: Rows) -> None:
        for one in breaks:
            one(rows)

    return run


SIGNING = deal(status="signing", signed_on=None, partner=None)

# rule → what breaks it, the key where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S16-failed", check(result="failed"), "K-0001", "J-0001 不通过"),
    ("S16-failed", all_of(SIGNING, check(result="failed")), "K-0001", "J-0001 不通过"),
    ("S16-running", check(result="running"), "K-0001", "J-0001 还在进行"),
    ("S17-candidate", deal(candidate="C-0002"), "K-0001", "C-0002 不在推荐名单里"),
    ("S17-candidate", lambda rows: rows["candidates"][0].update(scope_checked="differs"), "K-0001", "未过门槛"),
    ("S17-candidate", lambda rows: rows["candidates"][0].update(licence_until=date(2026, 11, 2)), "K-0001", "2026-11-02 到期"),
    ("S17-candidate", lambda rows: rows["candidates"][0].update(status="withdrawn"), "K-0001", "已撤回"),
    ("S17-candidate", deal(candidate=None, partner=None), "K-0001", "没有写候选编号或伙伴编号"),
    ("S17-candidate", lambda rows: rows["partners"][0].update(status="barred"), "K-0001", "P-0001 在黑名单上"),
    ("S17-clauses", line(5, agreed="negotiating"), "K-0001", "保密（协商中）"),
    ("S17-clauses", line(5, agreed=None), "K-0001", "保密（未开始）"),
    ("S17-clauses", lambda rows: rows["clauses"].pop(9), "K-0001", "期限及续约（没有这一行）"),
    ("S17-clauses", all_of(SIGNING, line(0, agreed="open")), "K-0001", "合作范围（未开始）"),
    ("S17-clauses", lambda rows: rows["clauses"].append({**rows["clauses"][0], "clause": "L-0099", "agreed": "open"}), "K-0001", "合作范围（未开始）"),
    ("S17-bottom-line", all_of(deal(status="legal"), line(4, bottom_line=None)), "K-0001", "知识产权"),
    ("S17-bottom-line", all_of(deal(status="negotiating"), line(4, bottom_line=None)), "K-0001", "知识产权"),
    ("S18-legal", deal(legal=None), "K-0001", "还没有意见"),
    ("S18-legal", deal(legal="changes"), "K-0001", "需要修改"),
    ("S18-legal", deal(lawyer=None), "K-0001", "没有写法务"),
    ("S18-legal", deal(legal_on=None), "K-0001", "没有写审查日期"),
    ("S18-legal", deal(legal_on=TODAY + timedelta(1)), "K-0001", "还没有到"),
    ("S18-signatory", deal(our_signatory=None), "K-0001", "我方签署人"),
    ("S18-signatory", deal(their_authority=None), "K-0001", "对方授权"),
    ("S18-hash", deal(their_hash=OTHER), "K-0001", "对方确认指纹与文本指纹不同"),
    ("S18-hash", deal(our_hash=OTHER), "K-0001", "我方确认指纹与文本指纹不同"),
    ("S18-hash", deal(text_hash="abc", our_hash="abc", their_hash="abc"), "K-0001", "64 位"),
    ("S18-hash", deal(text_hash=None), "K-0001", "没有文本指纹"),
    ("S18-hash", deal(their_hash=None), "K-0001", "没有写对方确认指纹"),
    ("S18-hash", all_of(deal(status="negotiating"), deal(their_hash=OTHER)), "K-0001", "另一份文本"),
    ("S18-dates", deal(signed_on=None), "K-0001", "没有签订日期"),
    ("S18-dates", deal(signed_on=TODAY + timedelta(1), starts_on=None), "K-0001", "还没有到"),
    ("S18-dates", deal(ends_on=date(2026, 11, 4)), "K-0001", "早于生效日期"),
    ("S18-dates", deal(ends_on=date(2026, 11, 2), starts_on=None), "K-0001", "早于生效日期 2026-11-03"),
    ("S18-dates", deal(legal_on=date(2026, 11, 4)), "K-0001", "先审查，后签署"),
    ("S18-dates", deal(starts_on=date(2026, 11, 2)), "K-0001", "如属追认"),
    ("S18-partner", deal(partner=None), "K-0001", "统一社会信用代码"),
    ("S19-items", lambda rows: rows.update(onboarding=[]), "K-0001", "还没有开始"),
    ("S19-items", lambda rows: rows["onboarding"].pop(9), "K-0001", "文档标准"),
    ("S19-late", item(0, due=TODAY - timedelta(1)), "W-0001", "组织架构"),
    ("S19-done-date", item(1, status="done"), "W-0002", "没有写完成日期"),
    ("S19-done-date", item(1, status="done", done_on=TODAY + timedelta(1)), "W-0002", "还没有到"),
    ("S19-done-date", item(1, done_on=TODAY), "W-0002", "状态还是未完成"),
    ("S19-setting", setting("引导期天数", "三个月"), "引导期天数", "现在是“三个月”"),
    ("S19-setting", setting("引导期天数", "0"), "引导期天数", "1 到 730"),
    ("S19-setting", setting("引导期计入绩效", "也许"), "引导期计入绩效", "是 或 否"),
]  # fmt: skip


def test_a_signed_contract_in_order_has_no_finding() -> None:
    assert found(fresh()) == []


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_says_where(rule: str, breaks: Break, where: str, words: str) -> None:
    rows = fresh()
    breaks(rows)
    hits = [finding for finding in found(rows) if finding.rule == rule]
    assert [hit.key for hit in hits] == [where] and words in hits[0].message, hits
    assert hits[0].sheet


LEGAL: list[Break] = [
    check(result="passed"),  # due diligence is optional: none is legal, and so is one that passed
    lambda rows: rows["onboarding"][0].update(status="dropped", due=TODAY - timedelta(30)),
    item(0, status="done", done_on=TODAY - timedelta(1), due=TODAY - timedelta(3)),
    deal(starts_on=date(2026, 11, 2), remark="追认：十一月二日起已经进场"),
    deal(ends_on=None),
    deal(candidate=None),  # a contract with a partner that is there needs no new selection
    all_of(deal(status="ended"), check(result="failed"), line(0, agreed="open")),
    all_of(deal(status="dropped", legal=None, text_hash=None), line(0, agreed="open")),
    all_of(deal(status="negotiating", legal=None, text_hash=None, our_hash=None), line(0, agreed="open", bottom_line=None)),
    line(4, bottom_line=None),  # once signed it no longer matters
    lambda rows: rows["candidates"][0].update(licence_until=date(2026, 11, 20)),  # it held on the day of signing
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(LEGAL)))
def test_what_the_policy_allows_is_no_finding(number: int) -> None:
    rows = fresh()
    LEGAL[number](rows)
    assert found(rows) == []


# --- the state machine -----------------------------------------------------------------------------------------------


def record(table: Any, values: dict[str, Any]) -> Record:
    return Record(table, "页", 6, str(values[table.key().name]), values, {})


def case(checks: list[str] | None = None, **more: Any) -> Case:
    clauses = [record(Clauses, row) for row in clause_rows()]
    checked = [record(DueDiligence, {"check": f"J-{n}", "result": result}) for n, result in enumerate(checks or [])]
    return Case(record(Contracts, contract(**more)), clauses, checked, (), TODAY)


@pytest.mark.parametrize("before", list(CONTRACT_STATES))
@pytest.mark.parametrize("after", list(CONTRACT_STATES))
def test_a_state_is_only_followed_by_those_that_may_follow(before: str, after: str) -> None:
    assert (in_the_way(case(status=before), after) == []) == (after in STEPS[before])


def test_the_way_to_a_signature_and_out_of_it() -> None:
    assert [STEPS[state][0] for state in ("negotiating", "legal", "signing")] == ["legal", "signing", "signed"]
    assert all("dropped" in STEPS[state] for state in ("negotiating", "legal", "signing"))
    assert (STEPS["signed"], STEPS["ended"], STEPS["dropped"]) == (("ended",), (), ())


def test_every_reason_is_told_at_once() -> None:
    bare = dict.fromkeys(("legal", "our_signatory", "text_hash", "our_hash", "their_hash", "signed_on", "starts_on"))
    reasons = in_the_way(case(["failed"], status="signing", **bare), "signed")
    for word in ("尽职调查", "法务审查", "文本指纹", "我方签署人", "双方还没有确认", "签订日期"):
        assert any(word in reason for reason in reasons), (word, reasons)


def test_back_to_the_table_and_giving_up_need_nothing() -> None:
    broken = case(["failed"], status="signing", legal=None, text_hash=None)
    assert in_the_way(broken, "legal") == in_the_way(broken, "negotiating") == in_the_way(broken, "dropped") == []
    assert in_the_way(broken, "signed") != []


def test_a_due_diligence_that_is_under_way_warns_and_does_not_block() -> None:
    assert in_the_way(case(["running", "passed"], status="signing"), "signed") == []


# --- onboarding ------------------------------------------------------------------------------------------------------


def test_the_ten_items_are_four_three_and_three_with_their_days() -> None:
    start = date(2026, 12, 1)
    rows = planned_items([], start, 90)
    assert {row["subject"] for row in rows} == set(ITEMS) and len(rows) == 10
    days = [(row["group"], (row["due"] - start).days) for row in rows]
    assert days == [("background", 10)] * 4 + [("interface", 15)] * 3 + [("training", 45)] * 3
    assert {(row["due"] - start).days for row in planned_items([], start, 12)} == {10, 12}


def test_the_first_and_the_last_day_belong_to_onboarding() -> None:
    signed = {
        "partner": "P-0001",
        "status": "signed",
        "guided_from": date(2026, 11, 5),
        "guided_until": date(2027, 2, 3),
    }
    inside = [
        in_onboarding(signed, day) for day in (date(2026, 11, 4), date(2026, 11, 5), date(2027, 2, 3), date(2027, 2, 4))
    ]
    assert inside == [False, True, True, False]
    assert not in_onboarding({**signed, "guided_from": None}, date(2026, 12, 1))
    assert not in_onboarding({**signed, "status": "signing"}, date(2026, 12, 1))


def test_onboarding_is_left_out_of_performance_unless_the_setting_counts_it() -> None:
    signed = {
        "partner": "P-0001",
        "status": "signed",
        "guided_from": date(2026, 11, 5),
        "guided_until": date(2027, 2, 3),
    }
    day = date(2026, 12, 1)
    assert left_out([signed], "P-0001", day, {})
    assert not left_out([signed], "P-0002", day, {}) and not left_out([signed], "P-0001", date(2027, 2, 4), {})
    assert not left_out([signed], "P-0001", day, {"引导期计入绩效": "是"})
    assert left_out([signed], "P-0001", day, {"引导期计入绩效": "否"})
    with pytest.raises(SettingRefused, match="也许"):
        counts_in_performance({"引导期计入绩效": "也许"})


@pytest.mark.parametrize("text", ["0", "731", "九十", "1.5", "-3"])
def test_a_setting_that_is_no_number_of_days_is_refused(text: str) -> None:
    assert guide_days({}) == 90 and guide_days({"引导期天数": " 60 "}) == 60
    with pytest.raises(SettingRefused, match="引导期天数"):
        guide_days({"引导期天数": text})


def test_these_checks_are_among_those_of_the_command() -> None:
    assert set(contracts.CHECKS) <= set(CHECKS)


def test_an_amount_is_no_part_of_what_blocks() -> None:
    assert in_the_way(case(status="signing", amount=Decimal("1.00")), "signed") == []
