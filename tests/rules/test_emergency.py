"""Emergencies and stoppages: each finding as a minimal pair (S41, S44 to S46, S48, S49), and every number by hand."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.rules.test_findings import Break, add, all_of, change
from tests.rules.test_guarding import OURS as GUARDED  # the register's rules of S41 have their pairs there
from tests.selection_books import NOW, TODAY, Rows, built, evaluated
from workbook.errors import MissingColumn, MissingTable
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.preparing import prepare_for_emergencies
from workbook.records import Record, read_records
from workbook.rules.disputes import DisputeDaysRefused, step_days
from workbook.rules.finding import Finding, run_checks
from workbook.rules.performance import read_ledger
from workbook.schema import Table
from workbook.tables import Backups, Changes, Disputes, Drills, Penalties, Stoppages

OURS = ("S41", "S44", "S45", "S46", "S48", "S49")
AT = datetime(2026, 8, 3, 10, 0)  # a Monday


def issue(key: str, severity: str = "urgent", **more: Any) -> dict[str, Any]:
    return {
        "issue": key, "partner": "P-0001", "kind": "issue", "severity": severity, "title": "事项", "status": "resolved",
        "reported_at": AT, **more,
    }  # fmt: skip


def event(number: int, of: str, kind: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"event": f"IE-{number:04d}", "issue": of, "kind": kind, "at": at, **more}


@functools.cache
def whole() -> Rows:
    """A key partner with everything in order: plan, backup, drill, dispute, incident, and one breach with its rule."""
    return {
        "partners": [
            {"partner": "P-0001", "legal_name": "甲公司", "status": "active", "category": "supplier", "important": "yes"},
            {"partner": "P-0002", "legal_name": "乙公司", "status": "active", "category": "supplier"},
        ],
        "contracts": [{
            "contract": "K-0001", "title": "供货协议", "partner": "P-0001", "status": "signed", "amount": Decimal("100000.00"),
            "signed_on": date(2026, 1, 5), "starts_on": date(2026, 1, 10), "ends_on": date(2027, 1, 9),
        }],
        "risks": [
            {"risk": f"RK-000{n}", "title": kind, "partner": "P-0001", "kind": kind, "status": "closed"}
            for n, kind in enumerate(("interruption", "leak", "quality", "dispute"), start=1)
        ],
        "contingency": [{
            "plan": "CP-0001", "title": "断供预案", "partner": "P-0001", "status": "approved", "recovery_hours": Decimal(72),
            "steps": "启用备选", "handler": "罗倩", "reviewed_on": date(2026, 6, 1), "backup": "BK-0001",
        }],
        "backups": [{"backup": "BK-0001", "category": "supplier", "replaces": "P-0001", "partner": "P-0002", "status": "accepted", "switch_days": Decimal(3)}],
        "certificates": [{"certificate": "H-0001", "legal_name": "乙公司", "title": "ISO 9001", "number": "A1", "term": "dated", "until": date(2027, 1, 1), "partner": "P-0002"}],
        "channels": [{"channel": "CH-0001", "title": "应急群", "partner": "P-0001", "platform": "wecom", "purpose": "urgent", "status": "active"}],
        "drills": [{
            "drill": "DR-0001", "title": "断供演练", "kind": "switch", "partner": "P-0001", "plan": "CP-0001", "status": "done",
            "started_at": datetime(2026, 5, 6, 9, 0), "ended_at": datetime(2026, 5, 6, 12, 30), "findings": "无",
        }],
        "disputes": [{
            "dispute": "DI-0001", "title": "尾款", "partner": "P-0001", "contract": "K-0001", "status": "contact", "handler": "罗倩",
            "raised_on": date(2026, 11, 20),
        }],
        "incidents": [{
            "incident": "E-0001", "partner": "P-0001", "company": "甲公司", "severity": "large", "state": "closed", "handler": "罗倩",
            "responsible": "甲公司", "measure": "换线", "proof": "复测三次", "verifier": "王珂", "verification": "verified",
            "occurred_at": datetime(2026, 8, 1, 9, 0), "submitted_at": datetime(2026, 8, 1, 9, 30),
        }],
        "penalty_rules": [{"rule": "PR-0001", "contract": "K-0001", "breach": "response", "base": "each", "rate": Decimal(500), "effective_on": date(2026, 1, 10)}],
        "issues": [issue("I-0001")],
        "issue_events": [event(1, "I-0001", "response", datetime(2026, 8, 3, 10, 40)), event(2, "I-0001", "resolve", datetime(2026, 8, 3, 13, 0))],
        "deliveries": [{"delivery": "DL-0001", "partner": "P-0001", "contract": "K-0001", "title": "批次", "due": date(2026, 8, 10), "delivered_on": date(2026, 8, 10), "acceptance": "accepted"}],
    }  # fmt: skip


def book_of(*breaks: Break, run: bool = True) -> Book:
    rows = copy.deepcopy(whole())
    for one in breaks:
        one(rows)
    return evaluated(rows)[0] if run else built(rows)


def ours(found: Iterable[Finding]) -> list[Finding]:
    return [one for one in found if one.rule.split("-")[0] in OURS and one.rule not in GUARDED]


def found(*breaks: Break) -> list[Finding]:
    return ours(run_checks(book_of(*breaks), TODAY))


def rows_of(book: Book, table: type[Table]) -> dict[str, Record]:
    return {row.key: row for row in read_records(book, table)}


setting = functools.partial(add, "settings")
late = change("deliveries", 0, delivered_on=date(2026, 8, 13))
late_rule = add("penalty_rules", rule="PR-0002", breach="delivery", base="day", rate=Decimal(100))
second = add(
    "contracts",
    contract="K-0002",
    title="补充",
    partner="P-0001",
    status="signed",
    signed_on=date(2026, 2, 1),
    amount=Decimal(1),
)
decided = functools.partial(
    add, "penalties", penalty="I-0001/response", source="I-0001", breach="response", amount=Decimal(400)
)

BROKEN: list[tuple[str, Break, str, str]] = [
    ("S41-plan", change("contingency", 0, partner="P-0002"), "P-0001", "没有应急预案"),
    ("S41-plan", change("contingency", 0, status="draft"), "P-0001", "还是“草案”"),
    ("S41-plan", change("contingency", 0, recovery_hours=None), "P-0001", "没有写恢复时限"),
    ("S41-review", change("contingency", 0, reviewed_on=None), "P-0001", "没有写复核日期"),
    ("S41-review", change("contingency", 0, reviewed_on=date(2025, 11, 22)), "P-0001", "2025-11-22 复核，超过 365 天"),
    ("S41-switch", change("contingency", 0, recovery_hours=Decimal(71)), "P-0001", "最快切换要 3 天（72 小时），超过预案的恢复时限 71 小时"),
    ("S41-whole", change("contingency", 0, steps=None), "CP-0001", "没有写步骤"),
    ("S41-setting", setting(setting="预案复核周期", value="一年"), "预案复核周期", "按 365 天计"),
    ("S44-setting", setting(setting="争议各级期限", value="5、10"), "争议各级期限", "按 5、10、20 计"),
    ("S44-handler", change("disputes", 0, handler=None), "DI-0001", "没有写负责人"),
    ("S44-handler", change("disputes", 0, raised_on=None), "DI-0001", "没有写提出日期"),
    ("S44-overdue", change("disputes", 0, status="arbitration"), "DI-0001", "已到“仲裁或诉讼”"),
    ("S44-outcome", change("disputes", 0, status="settled", outcome="各让一半"), "DI-0001", "没有写了结日期"),
    ("S44-outcome", change("disputes", 0, status="settled", settled_on=TODAY), "DI-0001", "没有写处理结果"),
    ("S45-evidence", change("incidents", 0, responsible=None), "E-0001", "没有写责任方"),
    ("S45-evidence", change("incidents", 0, state="repair_check", measure=None), "E-0001", "没有写措施"),
    ("S45-closed", change("incidents", 0, proof=None), "E-0001", "没有写验证结果"),
    ("S45-closed", change("incidents", 0, verifier=None), "E-0001", "没有写验证人"),
    ("S45-closed", change("incidents", 0, verifier="罗倩"), "E-0001", "自己不能验证自己"),
    ("S46-rule", change("penalty_rules", 0, rate=None), "PR-0001", "没有写标准"),
    ("S46-rule", change("penalty_rules", 0, effective_on=date(2026, 3, 1), until=date(2026, 2, 1)), "PR-0001", "永远不会适用"),
    ("S46-rule", add("penalty_rules", rule="PR-0002", contract="K-0001", breach="response", base="each", rate=Decimal(1)), "PR-0001", "PR-0001、PR-0002 同时适用于 I-0001/response"),
    ("S46-contract", second, "I-0001", "K-0001、K-0002 几份合同在执行"),
    ("S46-contract", all_of(late, late_rule, change("deliveries", 0, contract="K-0009")), "DL-0001", "写的合同 K-0009 当时没有在执行"),
    ("S46-amount", all_of(change("contracts", 0, amount=None), change("penalty_rules", 0, base="share")), "K-0001", "没有写合同金额"),
    ("S46-approver", decided(status="confirmed"), "I-0001/response", "没有写确认人"),
    ("S46-settled", decided(status="settled", approver="周总"), "I-0001/response", "已扣 400.00 元，按现在的记录应为 500.00 元"),
    ("S48-none", change("backups", 0, status="retired"), "P-0001", "没有合格的备选伙伴"),
    ("S48-none", change("backups", 0, switch_days=None), "P-0001", "没有写切换天数"),
    ("S49-none", change("drills", 0, status="planned", started_at=None, ended_at=None), "P-0001", "没有演练过"),
    ("S49-none", change("drills", 0, started_at=datetime(2025, 11, 20, 9), ended_at=datetime(2025, 11, 22, 9)), "P-0001", "超过 365 天"),
    ("S49-findings", change("drills", 0, findings=None), "DR-0001", "没有写发现"),
    ("S49-findings", change("drills", 0, ended_at=datetime(2026, 5, 6, 8)), "DR-0001", "早于开始时间"),
    ("S49-setting", setting(setting="演练周期", value="0"), "演练周期", "按 365 天计"),
    ("S48-accepted", add("backups", backup="BK-0002", category="service", partner="P-0001", status="accepted"), "BK-0002", "类别应为"),
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
    "a partner that is not key": all_of(change("partners", 0, important="no"), change("contingency", 0, partner="P-0002", status="draft")),
    "a partner that has left": all_of(change("partners", 0, status="left"), change("contingency", 0, status="retired")),
    "a plan reviewed a year ago to the day": change("contingency", 0, reviewed_on=date(2025, 11, 23)),
    "a switch as long as the recovery": change("contingency", 0, recovery_hours=Decimal(72)),
    "a dispute that was withdrawn": change("disputes", 0, status="withdrawn", handler=None),
    "an incident in its verification": change("incidents", 0, state="repair_check", proof=None, verifier=None),
    "an incident whose responsible party is being found": change("incidents", 0, state="responsibility", responsible=None, measure=None, proof=None),
    "a late delivery without a rule": late,
    "two contracts and no rule that could apply": all_of(second, change("penalty_rules", 0, breach="delivery")),
    "a retired backup that was barred": add("backups", backup="BK-0002", category="service", partner="P-0001", status="retired"),
    "a confirmed penalty with a name": decided(status="confirmed", approver="周总"),
    "a drill to come": add("drills", drill="DR-0002", title="下一次", status="planned"),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_in_order_is_not_found(name: str) -> None:
    assert found(FINE[name]) == []


# --- S44 -------------------------------------------------------------------------------------------------------------


def dispute(book: Book) -> tuple[Any, ...]:
    row = rows_of(book, Disputes)["DI-0001"]
    return row["status"], row["since"], row["due"]


def evaluated_on(book: Book, day: date) -> Book:
    evaluate_book(book, datetime.combine(day, NOW.time()))
    return Book.read(book.to_bytes())


def test_a_step_begins_when_it_was_raised_and_has_its_working_days() -> None:
    # Friday 2026-11-20 and five working days: Friday 27.
    assert dispute(book_of()) == ("contact", date(2026, 11, 20), date(2026, 11, 27))


def test_ten_missed_months_move_one_step_and_the_next_has_all_of_its_time() -> None:
    new_year = add("working_days", day=date(2027, 1, 1), kind="closed")
    book = book_of(change("disputes", 0, raised_on=date(2026, 1, 5)), new_year)
    # Monday 2026-11-23 and ten working days: Monday 2026-12-07.
    assert dispute(book) == ("supervisor", TODAY, date(2026, 12, 7))
    line = [row for row in read_records(book, Changes) if row["row_key"] == "DI-0001"][-1]
    assert (line["before"], line["after"], line["source"]) == ("对接人协商", "主管协商", "system")
    assert "期限 5 个工作日，到 2026-01-12 没有了结" in line.text("what")
    again = Book.read(book.to_bytes())
    assert not evaluate_book(again, NOW).changed and again.to_bytes() == book.to_bytes()
    assert dispute(evaluated_on(book, date(2026, 12, 7)))[0] == "supervisor"  # its last day
    later = evaluated_on(Book.read(book.to_bytes()), date(2026, 12, 8))
    # Tuesday 2026-12-08 and twenty working days, New Year's day off: Wednesday 2027-01-06.
    assert dispute(later) == ("legal", date(2026, 12, 8), date(2027, 1, 6))
    last = evaluated_on(later, date(2027, 11, 1))
    assert dispute(last) == ("arbitration", date(2027, 11, 1), None)
    assert dispute(evaluated_on(last, date(2028, 11, 1))) == ("arbitration", date(2027, 11, 1), None)


def test_a_step_back_that_people_type_is_found_and_is_not_moved() -> None:
    book = book_of(change("disputes", 0, raised_on=date(2026, 1, 5)))
    book.update(Disputes.name, "争议编号", {"DI-0001": {"层级": "对接人协商"}})
    book = evaluated_on(Book.read(book.to_bytes()), date(2027, 3, 1))
    assert dispute(book)[0] == "contact"
    assert [one.rule for one in ours(run_checks(book, date(2027, 3, 1)))].count("S44-step") == 1


def test_an_overdue_dispute_is_listed_until_the_next_evaluation() -> None:
    book = book_of()
    (hit,) = [one for one in run_checks(book, date(2026, 11, 30)) if one.rule.startswith("S44")]
    assert hit.rule == "S44-overdue" and "到 2026-11-27 没有了结" in hit.message


@pytest.mark.parametrize("text", ["5、10", "0、10、20", "五、十、二十", "5、10、20、40", "5、-1、3", "5、10、1000"])
def test_days_that_cannot_be_read_are_refused_with_what_counts_until_then(text: str) -> None:
    with pytest.raises(DisputeDaysRefused, match="改正之前按 5、10、20 计"):
        step_days({"争议各级期限": text})


def test_days_are_read_with_the_signs_that_people_use() -> None:
    for text in ("3、4、5", "3,4,5", "3 4 5", "3，4；5"):
        assert list(step_days({"争议各级期限": text}).values()) == [3, 4, 5], text


# --- S46 -------------------------------------------------------------------------------------------------------------


def penalty(book: Book, key: str = "I-0001/response") -> tuple[Any, ...]:
    row = rows_of(book, Penalties)[key]
    return row["units"], row["uncapped"], row["amount"]


def rule(**more: Any) -> Break:
    return change("penalty_rules", 0, **more)


def test_a_late_answer_costs_what_the_rule_says() -> None:
    row = rows_of(book_of(), Penalties)["I-0001/response"]
    assert (row["amount"], row["contract"], row["rule"], row["period"], row["legal_name"]) == (
        500,
        "K-0001",
        "PR-0001",
        "2026-08",
        "甲公司",
    )
    assert (
        row["why"]
        == "I-0001 响应超时：P1 时限 15 分钟（全天），超 25 分钟；PR-0001 每次 500 元 = 500.00 元；不设上限，违约金 500.00 元"
    )


def test_every_base_by_hand() -> None:
    # Answered at 12:20: 125 minutes over 15. Three hours have begun, one day.
    slow = change("issue_events", 0, at=datetime(2026, 8, 3, 12, 20))
    assert penalty(book_of(slow, rule(base="hour"))) == (3, 1500, 1500)
    assert penalty(book_of(slow, rule(base="day"))) == (1, 500, 500)
    assert penalty(book_of(slow, rule(base="share", rate=Decimal("0.333")))) == (
        1,
        Decimal("333.00"),
        Decimal("333.00"),
    )
    assert penalty(book_of(slow, rule(base="hour", cap=Decimal(1)))) == (3, 1500, 1000)  # one percent of 100,000


def test_a_late_delivery_counts_its_days_and_one_that_is_missing_counts_until_today() -> None:
    assert penalty(book_of(late, late_rule), "DL-0001/delivery") == (3, 300, 300)
    missing = change("deliveries", 0, delivered_on=None)
    assert penalty(book_of(missing, late_rule), "DL-0001/delivery") == (105, 10500, 10500)  # 10 August to 23 November


def test_the_cap_of_a_month_is_used_up_in_the_order_of_time() -> None:
    more = all_of(
        add("issues", **issue("I-0002", reported_at=datetime(2026, 8, 2, 10, 0))),
        add("issue_events", **event(3, "I-0002", "resolve", datetime(2026, 8, 2, 12, 0))),
        add("issues", **issue("I-0003", reported_at=datetime(2026, 9, 1, 10, 0))),
        add("issue_events", **event(4, "I-0003", "resolve", datetime(2026, 9, 1, 12, 0))),
    )
    book = book_of(more, rule(cap=Decimal("0.7")))
    amounts = {key: row["amount"] for key, row in rows_of(book, Penalties).items()}
    assert amounts == {"I-0002/response": 500, "I-0001/response": 200, "I-0003/response": 500}
    assert "2026-08 上限 100000.00 元 × 0.7% = 700.00 元，此前已计 500.00 元" in rows_of(book, Penalties)[
        "I-0001/response"
    ].text("why")


def test_the_contracts_own_rule_beats_the_general_one_and_a_level_beats_all_levels() -> None:
    general = add("penalty_rules", rule="PR-0002", breach="response", base="each", rate=Decimal(90))
    assert penalty(book_of(general))[2] == 500
    assert penalty(book_of(general, rule(breach="resolution")))[2] == 90
    assert penalty(book_of(general, rule(until=date(2026, 8, 2))))[2] == 90
    level = add(
        "penalty_rules",
        rule="PR-0003",
        contract="K-0001",
        breach="response",
        priority="P1",
        base="each",
        rate=Decimal(70),
    )
    assert penalty(book_of(general, level))[2] == 70
    assert (
        penalty(
            book_of(
                add(
                    "penalty_rules",
                    rule="PR-0003",
                    contract="K-0001",
                    breach="response",
                    priority="P3",
                    base="each",
                    rate=Decimal(7),
                )
            )
        )[2]
        == 500
    )


def none_of(*breaks: Break) -> bool:
    return not read_records(book_of(*breaks), Penalties)


def test_what_is_in_time_unverified_a_drill_or_without_a_contract_costs_nothing() -> None:
    assert none_of(change("issue_events", 0, at=datetime(2026, 8, 3, 10, 15)))  # exactly on the limit
    assert none_of(change("issues", 0, verification="unverified"))
    assert none_of(change("issues", 0, verification="rejected"))
    assert none_of(change("issues", 0, drill="DR-0001"))
    assert none_of(change("contracts", 0, status="signing"))
    assert none_of(change("contracts", 0, ends_on=date(2026, 8, 2)))
    assert none_of(rule(effective_on=date(2026, 8, 4)))


def test_a_breach_that_goes_on_counts_up_to_the_beginning_of_the_day() -> None:
    # P1 from 10:00 on 22 November, 15 minutes: at midnight of the 23rd it is 13 h 45 min over.
    going = all_of(
        change("issues", 0, reported_at=datetime(2026, 11, 22, 10, 0), status="open"),
        lambda rows: rows["issue_events"].clear(), rule(base="hour"),
    )  # fmt: skip
    book = book_of(going)
    assert penalty(book) == (14, 7000, 7000)
    again = Book.read(book.to_bytes())
    evaluate_book(again, NOW.replace(hour=23))
    assert penalty(again) == (14, 7000, 7000)


def test_what_staff_wrote_stays_and_a_cause_that_is_gone_leaves_a_row_of_nothing() -> None:
    book = book_of()
    book.update(
        Penalties.name, "违约金编号", {"I-0001/response": {"状态": "已确认", "确认人": "周总", "备注": "八月账单"}}
    )
    book.update("issue_events", "事件编号", {"IE-0001": {"时间": datetime(2026, 8, 3, 10, 5)}})
    book = evaluated_on(Book.read(book.to_bytes()), TODAY)
    row = rows_of(book, Penalties)["I-0001/response"]
    assert (row["amount"], row["status"], row["approver"], row["remark"]) == (0, "confirmed", "周总", "八月账单")
    assert row.text("why").startswith("已不成立") and not evaluate_book(book, NOW).changed


def test_what_was_deducted_keeps_its_numbers() -> None:
    book = book_of(decided(status="settled", approver="周总"))
    assert rows_of(book, Penalties)["I-0001/response"]["amount"] == 400


# --- S41, S48, S49 ---------------------------------------------------------------------------------------------------


def test_a_backup_is_judged_by_all_that_is_against_it() -> None:
    def why(*breaks: Break) -> tuple[Any, str]:
        row = rows_of(book_of(*breaks), Backups)["BK-0001"]
        return row["qualified"], row.text("why")

    assert why() == ("yes", "状态“合作中”；类别相符；执照和证书到 2026-11-23 没有过期；还没有绩效得分")
    for status, word in (("barred", "黑名单"), ("paused", "暂停"), ("left", "已退出")):
        assert why(change("partners", 1, status=status)) == ("no", f"P-0002 是“{word}”")
    assert why(change("partners", 1, status="candidate"))[0] == "yes"
    assert why(change("certificates", 0, until=date(2026, 11, 22)))[1] == "证书 ISO 9001 已于 2026-11-22 过期"
    assert why(change("certificates", 0, until=TODAY))[0] == "yes"
    assert "类别应为" in why(change("partners", 1, category="service"))[1]
    assert "同一家 P-0001" in why(change("backups", 0, partner="P-0001"))[1]
    code = "91110000600037341L"
    papers = {"candidate": "C-0001", "credit_code": code, "licence_term": "dated", "licence_until": date(2026, 11, 1)}
    assert (
        "营业执照已于 2026-11-01 到期" in why(change("partners", 1, credit_code=code), add("candidates", **papers))[1]
    )
    twin = add("partners", partner="P-0003", legal_name="乙公司", credit_code=code, status="barred")
    assert "（P-0003）在黑名单上" in why(change("partners", 1, credit_code=code), twin)[1]


def test_a_stoppage_tells_what_is_touched_who_takes_over_and_what_is_missing() -> None:
    more = all_of(
        add("deliveries", delivery="DL-0002", partner="P-0001", title="批次二", due=date(2026, 12, 1)),
        add("budgets", budget_line="BU-0001", partner="P-0001", project="产线", budget=Decimal("8000.00"), ends_on=date(2026, 12, 31)),
        change("channels", 0, status="left"),
    )  # fmt: skip
    rows = rows_of(book_of(more), Stoppages)
    row = rows["P-0001"]
    assert (
        row["projects"] == "合同 K-0001 供货协议，100,000.00 元，到 2027-01-09\n项目 产线（BU-0001，预算 8,000.00 元）"
    )
    assert (row["exposure"], row["open_deliveries"], row["switch_days"], row["recovery_hours"]) == (100000, 1, 3, 72)
    assert row["candidates"] == "BK-0001 P-0002 乙公司：无得分，切换 3 天，已认定"
    assert row["gaps"] == "没有紧急联络渠道"
    assert rows["P-0002"]["gaps"] and rows["P-0002"]["exposure"] == 0


def test_a_partner_that_left_keeps_its_row_and_what_staff_wrote_beside_it() -> None:
    book = book_of()
    book.update(Stoppages.name, "推演编号", {"P-0001": {"备注": "年底再看"}})
    book.update("partners", "伙伴编号", {"P-0001": {"状态": "已退出"}})
    row = rows_of(evaluated_on(Book.read(book.to_bytes()), TODAY), Stoppages)["P-0001"]
    assert (row["gaps"], row["exposure"], row["remark"]) == ("现在不是合作中的伙伴，不再推演", None, "年底再看")


def test_a_drill_is_measured_against_its_plan_to_the_minute() -> None:
    def verdict(*breaks: Break) -> str:
        return rows_of(book_of(*breaks), Drills)["DR-0001"].text("verdict")

    assert verdict() == "用时 210 分钟，CP-0001 恢复时限 72 小时（4320 分钟）：达到"
    assert verdict(change("contingency", 0, recovery_hours=Decimal("3.5"))).endswith("（210 分钟）：达到")
    assert verdict(change("contingency", 0, recovery_hours=Decimal(3))).endswith("（180 分钟）：超出 30 分钟")
    assert verdict(change("drills", 0, plan=None)) == "用时 210 分钟；没有写预案，无法对照"
    assert verdict(change("drills", 0, status="running")) == ""


def test_a_second_evaluation_changes_nothing() -> None:
    book = Book.read(book_of(late, late_rule).to_bytes())
    before = book.to_bytes()
    assert not evaluate_book(book, datetime(2026, 11, 23, 11, 0)).changed and book.to_bytes() == before


def test_a_book_of_before_these_tables_is_evaluated_all_the_same() -> None:
    class Bare:
        tables = ()

        def table(self, name: str) -> None:
            raise MissingTable(name, ())

    bare: Any = Bare()
    prepare_for_emergencies(bare, NOW)


def test_issues_that_lost_the_column_of_drills_are_refused_and_a_book_without_drills_is_not() -> None:
    class View:
        def __init__(self, name: str, *columns: str) -> None:
            self.name, self.columns, self.sheet = name, columns, name

    class Lost:
        def __init__(self, *tables: View) -> None:
            self.tables = tables

        def table(self, name: str) -> View:
            found = [view for view in self.tables if view.name == name]
            if not found:
                raise MissingTable(name, ())
            return found[0]

        def made_of_rows(self, *_: Any) -> list[Any]:
            return []

        date1904 = False

    issues = View("issues", "问题编号", "伙伴编号", "事项类型", "问题级别", "时限级别", "报告时间")
    with pytest.raises(MissingColumn, match="演练编号"):
        read_ledger(Lost(issues, View("drills", "演练编号")))  # type: ignore[arg-type]
    assert read_ledger(Lost(issues)).settings == {}  # type: ignore[arg-type]
