"""Owns the tests of money by rows: what each check of S32 finds, and earned value over lines and phases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.performance_rows import TODAY, Rows, fresh, ledger, mark_of, one, records
from workbook.evaluation.exact import half_up
from workbook.records import Record
from workbook.rules.budgets import line_of
from workbook.rules.checks import budgets as checks
from workbook.rules.earned import ALL, UNMATCHED, cells_of, earned_of, phases_by_line, planned_value, sums_of, total_row
from workbook.rules.finding import Finding, Situation
from workbook.rules.sources import as_imported, edited, line_name, state_of, word_in

Break = Callable[[Rows], None]
FIRST, LAST = date(2026, 7, 1), date(2026, 9, 30)


def version(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "budget_version": f"BV-{number:04d}", "budget_line": "BU-0001", "number": Decimal(number), "agreed_on": date(2026, 6, number),
        "budget": Decimal("1000.00"), "approver": "王珂", "evidence": "预算批复 12 号", "reason": "调整范围" if number > 1 else None, **more,
    }  # fmt: skip


def phase(number: int, first: date, last: date, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "budget_phase": f"BP-{number:04d}", "budget_line": "BU-0001", "starts_on": first, "ends_on": last, "planned": Decimal(amount), **more,
    }  # fmt: skip


def thirds() -> list[dict[str, Any]]:
    return [
        phase(1, FIRST, date(2026, 7, 31), "100.00"), phase(2, date(2026, 8, 1), date(2026, 8, 31), "300.00"),
        phase(3, date(2026, 9, 1), LAST, "600.00"),
    ]  # fmt: skip


def sound() -> Rows:
    """A line with two agreed versions and three phases, paid in dollars, as its source has it."""
    rows = fresh()
    line = {
        **rows["budgets"][0], "tax": "included", "currency": "USD", "fx_rate": Decimal("8"), "fx_on": FIRST,
        "budget_original": Decimal("125.00"), "actual_original": Decimal("126.25"), "source": "财务部预算",
    }  # fmt: skip
    line |= {"imported": as_imported(line), "source_state": "same", "source_line": "合同=K-0001｜2026-07-01~2026-09-30"}
    rows["budgets"] = [line]
    rows["budget_versions"] = [version(1, budget=Decimal("900.00")), version(2)]
    rows["budget_phases"] = thirds()
    return rows


def found(rows: Rows) -> list[Finding]:
    situation = Situation(None, TODAY)  # type: ignore[arg-type]  # these checks read rows only
    situation.__dict__["records"] = records(rows)
    return [finding for check in checks.CHECKS for finding in check(situation)]


def change(table: str, place: int = 0, **values: Any) -> Break:
    return lambda rows: rows[table][place].update(values)


def again(**values: Any) -> Break:
    return lambda rows: rows["budgets"].append({**rows["budgets"][0], "budget_line": "BU-0002", **values})


def typed(**values: Any) -> Break:
    """A line that people typed, with nothing of a source."""
    bare: dict[str, Any] = dict.fromkeys(("source", "imported", "source_state", "currency", "fx_rate", "fx_on"))
    return lambda rows: (
        rows["budgets"][0].update(bare | values),
        rows.update(budget_versions=[], budget_phases=[]),
    )[0]


BROKEN: list[tuple[str, Break, str, str]] = [
    ("S32-budget", typed(budget=Decimal(0)), "BU-0001", "无法计算"),
    ("S32-budget", typed(budget=None), "BU-0001", "没有写约定预算"),
    ("S32-budget", typed(actual=None), "BU-0001", "没有写实际发生"),
    ("S32-budget", typed(progress=None), "BU-0001", "没有写完成进度"),
    ("S32-budget", typed(progress=Decimal(0)), "BU-0001", "完成进度是 0"),
    ("S32-budget", typed(verified="no", actual=Decimal("949.99")), "BU-0001", "待核实"),
    ("S32-budget", typed(contract=None), "BU-0001", "没有写合同编号"),
    ("S32-budget", change("budgets", contract=None, voucher="结算单"), "BU-0001", "没有对上合同"),
    ("S32-budget", typed(partner=None), "BU-0001", "没有写伙伴编号"),
    ("S32-budget", typed(starts_on=None, ends_on=None), "BU-0001", "起止日期"),
    ("S32-version", change("budget_versions", 1, reason=None), "BV-0002", "没有写变更原因"),
    ("S32-version", change("budget_versions", approver=None, evidence=None), "BV-0001", "没有写批准人、依据"),
    ("S32-version", change("budget_versions", 1, number=Decimal(1)), "BV-0002", "有两个第 1 版"),
    ("S32-version", change("budget_versions", 1, budget=Decimal("1200.00")), "BU-0001", "第 2 版（BV-0002）是 1,200.00"),
    ("S32-phase", change("budget_phases", planned=Decimal("99.99")), "BU-0001", "各期合计 999.99，约定预算 1,000.00，差 -0.01"),
    ("S32-phase", change("budget_phases", 1, starts_on=date(2026, 7, 31)), "BP-0002", "与 BP-0001 的时间重叠"),
    ("S32-phase", change("budget_phases", 2, ends_on=date(2026, 10, 1)), "BP-0003", "超出 BU-0001"),
    ("S32-phase", lambda rows: rows["budget_phases"].append(phase(4, FIRST, LAST, "0.00", planned=None)), "BP-0004", "没有写计划金额"),
    ("S32-phase", lambda rows: rows["budget_phases"].append(phase(4, LAST, FIRST, "0.00")), "BP-0004", "结束早于开始"),
    ("S32-currency", change("budgets", fx_on=None, imported=None), "BU-0001", "没有写汇率日期"),
    ("S32-currency", change("budgets", fx_rate=Decimal("8.01"), actual_original=None, imported=None), "BU-0001", "125.00 美元 × 8.01 = 1,001.25 元，写的是 1,000.00"),
    ("S32-tax", again(tax="excluded", imported=None), "BU-0001", "有的含税、有的不含税"),
    ("S32-source", change("budgets", source_state="gone"), "BU-0001", "已经没有这一行"),
    ("S32-source", change("budgets", actual=Decimal("1010.01"), actual_original=None), "BU-0001", "实际发生、原币实际与财务的表不同"),
]  # fmt: skip


def test_a_line_in_order_has_no_finding() -> None:
    assert found(sound()) == []


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_says_where(rule: str, breaks: Break, where: str, words: str) -> None:
    rows = sound()
    breaks(rows)
    assert [(f.rule, f.key) for f in found(rows) if words in f.message] == [(rule, where)]
    assert len(found(rows)) == 1


def test_many_lines_of_one_import_that_lack_the_same_are_one_finding() -> None:
    rows = sound()
    for number in range(2, 8):
        again(budget_line=f"BU-{number:04d}", progress=None, imported=None)(rows)
    message = [f.message for f in found(rows)]
    assert len(message) == 1 and "“财务部预算”的 6 行（BU-0002、BU-0003、BU-0004、BU-0005、BU-0006……）" in message[0]
    rows["budgets"].pop()
    assert len(found(rows)) == 5


# --- earned value ----------------------------------------------------------------------------------------------------


def line(**more: Any) -> Record:
    rows = fresh()
    rows["budgets"][0].update(more)
    return records(rows)["budgets"][0]


def test_earned_value_is_that_of_the_published_case() -> None:
    # PV 300, EV 200, AC 250, BAC 500 → CPI 0.8, SPI 0.6667, EAC 625 (reference_cases.json, evm_wnwk)
    row = line(budget=Decimal(500), actual=Decimal(250), planned_progress=Decimal(60), progress=Decimal(40))
    assert cells_of(earned_of(row, {}, TODAY)) == {
        "planned_value": Decimal("300.00"), "earned_value": Decimal("200.00"), "cpi": Decimal("0.8000"),
        "spi": Decimal("0.6667"), "eac": Decimal("625.00"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "planned"),
    [
        # 100 in July, 300 in August, 600 in September; a twelfth a month would say a third of 1,000 on 31 July.
        (date(2026, 6, 30), Fraction(0)), (FIRST, Fraction(100, 31)), (date(2026, 7, 31), Fraction(100)),
        (date(2026, 8, 10), 100 + Fraction(300 * 10, 31)), (date(2026, 8, 31), Fraction(400)), (LAST, Fraction(1000)),
        (TODAY, Fraction(1000)),
    ],
)  # fmt: skip
def test_planned_value_follows_the_phases_not_the_calendar(day: date, planned: Fraction) -> None:
    rows = fresh()
    rows["budget_phases"] = thirds()
    read = ledger(rows)
    assert planned_value(read.records["budgets"][0], read.phases, day) == planned


def test_phases_decide_whether_a_line_is_behind() -> None:
    rows = fresh()
    change("budgets", actual=Decimal("300.00"), progress=Decimal(30), planned_progress=Decimal(30))(rows)
    assert mark_of(rows, "p1-K.1") == 5
    rows["budget_phases"] = thirds()  # all of it is due by 24 November: 70 points behind
    assert mark_of(rows, "p1-K.1") == 2 and "落后 70.00 个百分点" in one(rows).metrics["p1-K.1"].why
    read = ledger(rows)
    row = read.records["budgets"][0]
    assert line_of(row, phases=read.phases, day=TODAY).verdict == "behind"
    assert line_of(row, phases=read.phases, day=date(2026, 8, 20)).verdict == "within"  # 293.55 of 1,000 were due


def test_what_is_not_known_is_no_zero() -> None:
    assert cells_of(earned_of(line(progress=None), {}, TODAY)) == dict.fromkeys(
        ("planned_value", "earned_value", "cpi", "spi", "eac")
    )
    refunded = cells_of(earned_of(line(actual=Decimal(-5), planned_progress=Decimal(50)), {}, TODAY))
    assert (refunded["planned_value"], refunded["earned_value"], refunded["cpi"]) == (Decimal(500), Decimal(1000), None)
    nothing_done = cells_of(earned_of(line(progress=Decimal(0), planned_progress=Decimal(50)), {}, TODAY))
    assert (nothing_done["cpi"], nothing_done["spi"], nothing_done["eac"]) == (Decimal(0), Decimal(0), None)
    assert cells_of(earned_of(line(budget=Decimal(0)), {}, TODAY))["planned_value"] is None


def test_totals_are_sums_of_the_cells_and_indexes_of_exact_values() -> None:
    # Three lines of 100.01 at a third: each earns 33.3367 → 33.34 in its cell, 100.02 in the total; CPI from 100.01 ÷ 90.
    rows = fresh()
    one_third = {"budget": Decimal("100.01"), "actual": Decimal("30.00"), "progress": Decimal("33.33333333333")}
    base = rows["budgets"][0]
    rows["budgets"] = [
        {**base, "budget_line": f"BU-000{n}", **one_third, "partner": "P-0001" if n < 3 else None} for n in (1, 2, 3)
    ]
    rows["budgets"].append({**base, "budget_line": "BU-0004", "progress": None, "committed": Decimal("7.10")})
    read = ledger(rows)
    lines = [(row, found := earned_of(row, {}, TODAY), cells_of(found)) for row in read.records["budgets"]]
    sums = sums_of(lines)
    assert list(sums) == ["P-0001", UNMATCHED, ALL]
    whole = sums[ALL]
    assert whole.money["earned_value"] == Decimal("100.02") == 3 * Decimal("33.34")
    assert (whole.money["budget"], whole.money["actual"]) == (Decimal("1300.03"), Decimal("1100.00"))
    assert whole.cpi is not None and half_up(whole.cpi, 4) == Decimal("1.1112")  # 100.01 ÷ 90
    cells = total_row("合计", "全部", whole)
    assert (cells["lines"], cells["committed"], cells["spi"], cells["left_out"]) == (
        4, Decimal("7.10"), None, "1 行没有进度或实际发生；3 行没有计划",
    )  # fmt: skip
    assert cells["rate"] == Decimal("84.6134")  # 1,100 ÷ 1,300.03


def test_phases_without_dates_or_amount_do_not_count() -> None:
    rows = fresh()
    rows["budget_phases"] = [phase(1, FIRST, LAST, "1.00", planned=None), phase(2, FIRST, LAST, "1.00", starts_on=None)]
    assert phases_by_line(records(rows)["budget_phases"]) == {}


# --- what an import leaves -------------------------------------------------------------------------------------------


def test_a_line_is_named_by_finances_own_words() -> None:
    words = {"contract": "HT｜01 ", "category": "服务费"}
    name = line_name(words, "2026-01-01~2026-01-31", 0)
    assert name == "合同编号=HT|01｜科目=服务费｜2026-01-01~2026-01-31"
    assert (word_in(name, "contract"), word_in(name, "partner")) == ("HT|01", "")
    assert line_name(words, "2026", 2).endswith("｜2026#3")
    long = line_name({"project": "长" * 400}, "2026", 0)
    assert len(long) <= 300 and long != line_name({"project": "长" * 401}, "2026", 0)


def test_what_staff_changed_against_the_source_is_seen() -> None:
    rows = sound()
    row = records(rows)["budgets"][0]
    assert (edited(row), state_of(row)) == ([], "same")
    rows["budgets"][0] |= {"actual": Decimal("1"), "progress": None}
    row = records(rows)["budgets"][0]
    assert (edited(row), state_of(row)) == (["actual", "progress"], "edited")
    rows["budgets"][0] |= {"imported": "{broken"}
    assert state_of(records(rows)["budgets"][0]) is None
