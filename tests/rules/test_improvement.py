"""Findings of what follows from a result, each as a minimal pair (S29, S34, S39, S40), and what is computed beside them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.rules.test_findings import Break, add, all_of, change
from tests.selection_books import NOW, TODAY, Rows, evaluated
from workbook.errors import MissingTable
from workbook.evaluating import evaluate_book
from workbook.granting import grant_incentives
from workbook.improving import measure_plans
from workbook.ooxml import Book
from workbook.performance_defaults import measure_rows, performance_band_rows
from workbook.records import Record, read_records
from workbook.rules.finding import Finding, Situation, findings_of, run_checks
from workbook.rules.reminding import tasks
from workbook.schema import Table
from workbook.tables import ClauseChanges, Incentives, Plans, Todo

OURS = ("S29", "S34", "S39", "S40")
LONG_AGO = TODAY - timedelta(days=60)
WHYS = {"why1": "胶水不匹配", "why2": "换纸没有试验", "why3": "变更没有会签"}
PLAN = {
    "plan": "PL-0002", "partner": "P-0001", "period": "2026Q3", **WHYS, "action": "换料先试三批", "owner": "罗倩",
    "due": date(2026, 12, 31), "status": "open",
}  # fmt: skip


def period(key: str, kind: str, first: date, last: date) -> dict[str, Any]:
    """A period whose results stand: nothing is computed again over the rows that the tests write."""
    return {"period": key, "kind": kind, "starts_on": first, "ends_on": last, "rule_version": "p1", "status": "frozen"}


def result(key: str, score: str, grade: str) -> dict[str, Any]:
    of, partner = key.split("/")
    return {
        "result": key, "period": of, "partner": partner, "state": "ranked", "score": Decimal(score), "grade": grade,
        "legal_name": "甲公司", "rule_version": "p1",
    }  # fmt: skip


def part(key: str, mark: str) -> dict[str, Any]:
    of, measure = key.rsplit("/", 1)
    return {"part": key, "result": of, "measure": measure, "mean": Decimal(mark), "state": "已评"}


@functools.cache
def whole() -> Rows:
    """One partner with two level quarters, a yearly A with its entitlement, a proposal, a plan, an enablement, a clause change."""
    return {
        "partners": [{"partner": "P-0001", "legal_name": "甲公司", "status": "active", "category": "supplier"}],
        "measures": measure_rows("zh-CN"), "bands": performance_band_rows("zh-CN", 1),
        "periods": [
            period("2025", "year", date(2025, 1, 1), date(2025, 12, 31)),
            period("2026Q2", "quarter", date(2026, 4, 1), date(2026, 6, 30)),
            period("2026Q3", "quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ],
        "performance": [result("2026Q2/P-0001", "85", "B"), result("2026Q3/P-0001", "84", "B")],
        "performance_parts": [part("2026Q2/P-0001/p1-Q.1", "4"), part("2026Q3/P-0001/p1-Q.1", "4")],
        "frozen": [{
            "frozen": "FZ-0001", "period": "2025", "partner": "P-0001", "legal_name": "甲公司", "kind": "year", "state": "已评",
            "score": Decimal(95), "grade": "A", "effective_on": date(2026, 1, 20), "rule_version": "p1",
            "frozen_at": datetime(2026, 1, 20, 10, 0),
        }],
        "incentive_rules": [
            {"incentive_rule": "IR-0001", "kind": "year", "grade": "A", "type": "reward", "what": "年度绩效奖金", "amount": Decimal(50000)},
        ],
        "incentives": [{
            "incentive": "IN-0001", "partner": "P-0001", "period": "2025", "grade": "A", "type": "reward", "what": "年度绩效奖金",
            "amount": Decimal(50000), "status": "due", "made_on": TODAY, "frozen": "FZ-0001", "rule": "IR-0001",
        }],
        "proposals": [{
            "proposal": "IP-0001", "partner": "P-0001", "status": "adopted", "verification": "verified", "value": 4,
            "assessed_by": "王珂", "adopted_on": date(2026, 10, 8), "submitted_at": datetime(2026, 9, 1, 9, 0),
        }],
        "plans": [{
            **PLAN, "plan": "PL-0001", "period": "2026Q2", "measure": "p1-Q.1", "due": date(2026, 6, 30),
            "done_on": date(2026, 6, 25), "status": "ineffective",
        }],
        "contracts": [
            {"contract": "K-0001", "title": "协议", "partner": "P-0001", "status": "signed"},
            {"contract": "K-0002", "title": "补充", "partner": "P-0001", "status": "signed"},
        ],
        "clauses": [
            {"clause": "L-0001", "contract": "K-0001", "subject": "delivery", "agreed": "agreed"},
            {"clause": "L-0002", "contract": "K-0002", "subject": "delivery", "agreed": "agreed"},
        ],
        "enablements": [{
            "enablement": "EN-0001", "partner": "P-0001", "kind": "training", "title": "换料试验", "plan": "PL-0001",
            "happened_on": date(2026, 6, 20), "before": "无试验", "after": "三批试验",
        }],
        "clause_changes": [{
            "clause_change": "CC-0001", "contract": "K-0001", "clause": "L-0001", "before": "抽检", "after": "全检", "lawyer": "陈律师",
            "agreed_on": date(2026, 7, 1), "effective_on": date(2026, 7, 15),
        }],
    }  # fmt: skip


def fresh() -> Rows:
    return copy.deepcopy(whole())


def ours(found: Iterable[Finding]) -> list[Finding]:
    return [one for one in found if one.rule.split("-")[0] in OURS]


def book_of(*breaks: Break) -> Book:
    rows = fresh()
    for one in breaks:
        one(rows)
    return evaluated(rows)[0]


def found(*breaks: Break) -> list[Finding]:
    return ours(run_checks(book_of(*breaks), TODAY))


def rows_of(book: Book, table: type[Table]) -> dict[str, Record]:
    return {row.key: row for row in read_records(book, table)}


approved = {"approver": "周总", "approved_on": date(2026, 11, 2)}
corrected = add(
    "frozen", frozen="FZ-0002", period="2025", partner="P-0001", kind="year", state="已评", score=Decimal(85), grade="B",
    effective_on=date(2026, 3, 1), corrects="FZ-0001", why="退货漏记",
)  # fmt: skip
setting = functools.partial(add, "settings")

# rule → what breaks it, the key where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S29-rule", change("incentive_rules", 0, grade="S"), "IR-0001", "没有等级“S”（现有：A、B、C、D）"),
    ("S29-rule", change("incentive_rules", 0, type=None), "IR-0001", "没有写激励类型"),
    ("S29-rule", change("incentive_rules", 0, kind=None), "IR-0001", "没有写周期类型"),
    ("S29-rule", change("incentive_rules", 0, effective_on=date(2026, 2, 1), ends_on=date(2026, 1, 1)), "IR-0001", "永远不会生效"),
    ("S29-approval", change("incentives", 0, status="approved", approved_on=date(2026, 11, 2)), "IN-0001", "没有写审批人"),
    ("S29-approval", change("incentives", 0, status="approved", approver="周总"), "IN-0001", "没有写审批日期"),
    ("S29-approval", change("incentives", 0, status="granted", **approved), "IN-0001", "没有写兑现日期"),
    ("S29-approval", change("incentives", 0, status="granted", **approved, granted_on=date(2026, 11, 1)), "IN-0001", "早于审批日期"),
    ("S29-approval", all_of(change("partners", 0, status="barred"), change("incentives", 0, status="approved", **approved)), "IN-0001", "在黑名单上"),
    ("S29-corrected", all_of(corrected, change("incentives", 0, status="approved", **approved)), "IN-0001", "FZ-0002 把 2025 的等级更正为 B"),
    ("S29-due", change("incentives", 0, made_on=date(2026, 11, 6)), "IN-0001", "10 个工作日后还没有审批"),
    ("S34-adopted", change("proposals", 0, adopted_on=None), "IP-0001", "没有写采纳日期"),
    ("S34-adopted", change("proposals", 0, value=None, status="realised"), "IP-0001", "没有写价值评估"),
    ("S34-adopted", change("proposals", 0, assessed_by=None), "IP-0001", "没有写评估人"),
    ("S34-waiting", change("proposals", 0, status="assessing"), "IP-0001", "于 2026-09-01 收到"),
    ("S39-setting", setting(setting="改进计划得分降幅", value="五"), "改进计划得分降幅", "按 5 计"),
    ("S39-plan", change("performance", 1, grade="D", score=Decimal(84)), "2026Q3/P-0001", "等级是 D"),
    ("S39-plan", change("performance", 1, grade="C"), "2026Q3/P-0001", "等级从 B 降到 C"),
    ("S39-plan", change("performance", 1, score=Decimal(80)), "2026Q3/P-0001", "得分从 2026Q2 的 85.00 降到 80.00"),
    ("S39-plan", change("performance_parts", 1, mean=Decimal(3)), "2026Q3/P-0001", "“功能性符合度”从 4 分降到 3 分"),
    ("S39-why", change("plans", 0, why3=None), "PL-0001", "只写了 2 个为什么"),
    ("S39-why", change("plans", 0, action=None), "PL-0001", "没有写措施"),
    ("S39-why", change("plans", 0, owner=None), "PL-0001", "没有写措施责任人"),
    ("S39-why", change("plans", 0, due=None), "PL-0001", "没有写完成期限"),
    ("S39-late", add("plans", **{**PLAN, "due": date(2026, 11, 22)}), "PL-0002", "应于 2026-11-22 完成"),
    ("S39-effect", change("plans", 0, status="effective"), "PL-0001", "改进前 4，2026Q3 复测 4，没有变好"),
    ("S39-effect", change("plans", 0, status="done"), "PL-0001", "状态还没有定"),
    ("S39-effect", change("plans", 0, status="open"), "PL-0001", "状态还没有定"),
    ("S40-link", change("enablements", 0, plan=None), "EN-0001", "看不出由哪个结果引出"),
    ("S40-effect", change("enablements", 0, after=None), "EN-0001", "“之后”"),
    ("S40-effect", change("clause_changes", 0, before=None), "CC-0001", "“原条款”"),
    ("S40-clause", change("clause_changes", 0, lawyer=None), "CC-0001", "没有写法务"),
    ("S40-clause", change("clause_changes", 0, agreed_on=None), "CC-0001", "没有写双方确认日期"),
    ("S40-clause", change("clause_changes", 0, clause="L-0002"), "CC-0001", "是合同 K-0002 的"),
    ("S40-clause", change("clause_changes", 0, agreed_on=date(2026, 7, 16)), "CC-0001", "早于双方确认的 2026-07-16"),
    ("S40-clause", change("contracts", 0, status="signing"), "CC-0001", "还没有签"),
]  # fmt: skip


def test_nothing_is_found_where_all_is_in_order() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("rule", "broken", "key", "words"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_one_broken_thing_is_found_and_nothing_else(rule: str, broken: Break, key: str, words: str) -> None:
    (hit,) = found(broken)
    assert (hit.rule, hit.key) == (rule, key) and words in hit.message


# --- what is in order although it looks like it ----------------------------------------------------------------------

plan = functools.partial(add, "plans")
fell = change("performance_parts", 1, mean=Decimal(3))
worst = change("performance", 1, grade="D", score=Decimal(50))
FINE: dict[str, Break] = {
    "ten working days are not over yet": change("incentives", 0, made_on=date(2026, 11, 9)),
    "a refused entitlement does not wait": change("incentives", 0, made_on=LONG_AGO, status="refused"),
    "a corrected result whose entitlement was refused": all_of(corrected, change("incentives", 0, status="refused")),
    "a score that falls a little": change("performance", 1, score=Decimal("80.01")),
    "a mark that falls a little": change("performance_parts", 1, mean=Decimal("3.01")),
    "a D with a plan for the whole": all_of(worst, plan(**PLAN)),
    "a fallen measure with its own plan": all_of(fell, plan(**PLAN, measure="p1-Q.1")),
    "a fallen measure with a plan for the whole": all_of(fell, plan(**PLAN)),
    "a partner that has left": all_of(worst, change("partners", 0, status="left")),
    "a proposal that nobody believes": change("proposals", 0, status="received", verification="rejected"),
    "a plan that was cancelled": change("plans", 0, status="dropped", why1=None, action=None),
    "a threshold that staff raised": all_of(change("performance", 1, score=Decimal(80)), setting(setting="改进计划得分降幅", value="6")),
    "a plan in time": plan(**{**PLAN, "due": TODAY}),
    "an enablement to come": change("enablements", 0, after=None, happened_on=TODAY + timedelta(days=1)),
    "measured again and better": all_of(
        change("plans", 0, status="effective"), change("performance_parts", 1, mean=Decimal("4.5"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_in_order_is_not_found(name: str) -> None:
    assert found(FINE[name]) == []


def test_a_plan_for_another_measure_or_an_older_period_or_a_cancelled_one_is_no_plan() -> None:
    for other in ({"measure": "p1-Q.2"}, {"period": "2026Q2"}, {"status": "dropped"}):
        assert [f.rule for f in found(fell, plan(**{**PLAN, "due": date(2026, 12, 1), **other}))] == ["S39-plan"], other


def test_a_year_is_taken_up_by_the_plan_for_its_last_quarter() -> None:
    year = all_of(
        add("periods", **period("2026半", "other", date(2026, 1, 1), date(2026, 9, 30))),
        add("performance", **result("2026半/P-0001", "50", "D")),
    )
    assert [f.key for f in found(year)] == ["2026半/P-0001"]
    assert found(year, plan(**PLAN)) == []


def test_a_correction_counts_before_the_result_that_it_corrects() -> None:
    frozen = functools.partial(add, "frozen", partner="P-0001", period="2026Q3", kind="quarter", state="已评")
    wrong = frozen(frozen="FZ-0002", score=Decimal(84), grade="B")
    right = frozen(frozen="FZ-0003", score=Decimal(50), grade="D", corrects="FZ-0002")
    assert found(wrong) == []
    assert [(f.rule, f.key) for f in found(wrong, right)] == [("S39-plan", "2026Q3/P-0001")]


# --- measured again --------------------------------------------------------------------------------------------------


def measured(*breaks: Break) -> tuple[Any, Any, Any]:
    row = rows_of(book_of(*breaks), Plans)["PL-0001"]
    return row["before"], row["after"], row["after_period"]


def test_a_measure_is_measured_again_in_the_first_period_after_the_plan_was_done() -> None:
    assert measured(change("performance_parts", 1, mean=Decimal("4.5"))) == (Decimal(4), Decimal("4.5"), "2026Q3")
    assert measured(change("plans", 0, measure=None)) == (Decimal(85), Decimal(84), "2026Q3")
    assert measured(change("plans", 0, done_on=None)) == (Decimal(4), Decimal(4), "2026Q3")  # by its due date


def test_a_period_that_began_before_it_was_done_or_is_not_over_or_has_other_rules_tells_nothing() -> None:
    late = change("plans", 0, done_on=date(2026, 7, 1), status="done")
    assert measured(late) == (Decimal(4), None, None)
    running = add("periods", **period("2026Q4", "quarter", date(2026, 10, 1), date(2026, 12, 31)))
    marks = all_of(add("performance", **result("2026Q4/P-0001", "90", "A")), add("performance_parts", **part("2026Q4/P-0001/p1-Q.1", "5")))  # fmt: skip
    assert measured(late, running, marks) == (Decimal(4), None, "2026Q4")
    assert measured(change("periods", 2, rule_version="p2")) == (Decimal(4), None, "2026Q3")


# --- incentives and versions -----------------------------------------------------------------------------------------


def ledger(book: Book) -> list[tuple[Any, ...]]:
    return [tuple(row[n] for n in ("rule", "grade", "amount", "status")) for row in read_records(book, Incentives)]


def none_yet(rows: Rows) -> None:
    rows["incentives"] = []


def test_a_copied_rule_under_another_number_grants_nothing_again() -> None:
    copy_of = {**whole()["incentive_rules"][0], "incentive_rule": "IR-0002", "amount": Decimal(60000)}
    for start in (none_yet, lambda rows: None):
        assert ledger(book_of(start, add("incentive_rules", **copy_of))) == [("IR-0001", "A", Decimal(50000), "due")]


def test_a_rule_gives_on_its_days_for_its_kind_and_grade() -> None:
    for wrong in (
        {"kind": "quarter"},
        {"grade": "B"},
        {"effective_on": date(2026, 1, 21)},
        {"ends_on": date(2026, 1, 19)},
    ):
        assert ledger(book_of(none_yet, change("incentive_rules", 0, **wrong))) == [], wrong
    edges = change("incentive_rules", 0, effective_on=date(2026, 1, 20), ends_on=date(2026, 1, 20))
    assert len(ledger(book_of(none_yet, edges))) == 1


def test_a_correction_refuses_what_nobody_approved_and_a_second_one_gives_it_back() -> None:
    lower = add("incentive_rules", incentive_rule="IR-0002", kind="year", grade="B", type="honour", what="表扬")
    book = book_of(corrected, lower)
    assert ledger(book) == [("IR-0001", "A", Decimal(50000), "refused"), ("IR-0002", "B", None, "due")]
    assert rows_of(book, Incentives)["IN-0001"]["withdrawn"] == "FZ-0002 把 2025 的等级更正为 B"
    again = {**whole()["frozen"][0], "frozen": "FZ-0003", "corrects": "FZ-0002"}
    rows = fresh()
    for one in (corrected, lower, add("frozen", **again)):
        one(rows)
    rows["incentives"][0].update(status="refused", withdrawn="FZ-0002 把 2025 的等级更正为 B")
    book = evaluated(rows)[0]
    assert ledger(book) == [("IR-0001", "A", Decimal(50000), "due")]
    assert rows_of(book, Incentives)["IN-0001"]["withdrawn"] is None


def test_what_people_refused_stays_refused_and_what_they_approved_stays_approved() -> None:
    assert ledger(book_of(change("incentives", 0, status="refused")))[0][3] == "refused"
    assert ledger(book_of(corrected, change("incentives", 0, status="approved")))[0][3] == "approved"


def test_versions_follow_the_effective_dates_whatever_the_order_of_the_rows() -> None:
    row = whole()["clause_changes"][0]
    more = [
        add("clause_changes", **{**row, "clause_change": f"CC-000{n}", **new})
        for n, new in (
            (2, {"effective_on": date(2026, 7, 10)}), (3, {}), (4, {"clause": "L-0002", "contract": "K-0002"}), (5, {"effective_on": None}),
        )
    ]  # fmt: skip
    versions = {key: row["version"] for key, row in rows_of(book_of(*more), ClauseChanges).items()}
    assert versions == {"CC-0001": 3, "CC-0002": 2, "CC-0003": 4, "CC-0004": 2, "CC-0005": None}


def test_a_second_evaluation_changes_nothing() -> None:
    rows = fresh()
    none_yet(rows)
    book = Book.read(evaluated(rows)[0].to_bytes())
    before = book.to_bytes()
    assert not evaluate_book(book, datetime(2026, 11, 23, 11, 0)).changed and book.to_bytes() == before


def test_a_book_of_before_these_tables_is_evaluated_all_the_same() -> None:
    class Bare:
        tables = ()

        def table(self, name: str) -> None:
            raise MissingTable(name, ())

    bare: Any = Bare()
    grant_incentives(bare, NOW)
    measure_plans(bare, NOW)


# --- to-dos ----------------------------------------------------------------------------------------------------------


def test_a_plan_is_told_a_week_ahead_with_its_own_day_and_a_waiting_entitlement_too() -> None:
    soon = plan(**{**PLAN, "due": TODAY + timedelta(days=7), "handler": "孙岚"})
    situation = Situation(book_of(soon, change("incentives", 0, made_on=date(2026, 11, 6))), TODAY)
    told = {task.cause: task for task in tasks(situation, findings_of(situation))}
    assert told["S39-late PL-0002"].due == TODAY + timedelta(days=7)
    assert told["S39-late PL-0002"].handler == "孙岚"
    assert told["S29-due IN-0001"].days == 2
    kept = [row["cause"] for row in read_records(situation.book, Todo)]
    assert {"S39-late PL-0002", "S29-due IN-0001"} <= set(kept)


def test_a_corrected_row_does_not_stand_whatever_the_numbers_are() -> None:
    from workbook.rules.incentives import standing
    from workbook.tables import Frozen

    def row(key: str, corrects: str = "") -> Record:
        return Record(Frozen, "", 6, key, {"partner": "P-0001", "period": "2025", "corrects": corrects or None}, {})

    assert [one.key for one in standing([row("FZ-0009"), row("FZ-0002", "FZ-0009")])] == ["FZ-0002"]
    assert [one.key for one in standing([row("FZ-0010"), row("FZ-0009")])] == ["FZ-0010"]  # the newest of two
    assert standing([row("FZ-0001"), row("FZ-0001")]) == []  # a copied row counts for nothing
