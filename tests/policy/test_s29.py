"""S29 through the public way: frozen results in the cells, `partnerbook evaluate` and `check`, the ledger as staff read it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from workbook.build import new_workbook
from workbook.cli import main
from workbook.evaluating import local_now
from workbook.ooxml import Book

YEAR_A = {"冻结编号": "FZ-0001", "周期": "2025", "伙伴编号": "P-0001", "企业名称": "甲公司", "周期类型": "年度", "官方得分": 95, "等级": "A", "生效日期": date(2026, 1, 20), "冻结时间": datetime(2026, 1, 20, 9, 0)}  # fmt: skip
QUARTER_A = {**YEAR_A, "冻结编号": "FZ-0002", "周期": "2026Q1", "周期类型": "季度", "生效日期": date(2026, 4, 20)}
YEAR_B = {**YEAR_A, "冻结编号": "FZ-0003", "伙伴编号": "P-0002", "企业名称": "乙公司", "官方得分": 85, "等级": "B"}
CORRECTION = {**YEAR_A, "冻结编号": "FZ-0004", "官方得分": 70, "等级": "C", "更正": "FZ-0001", "更正原因": "退货漏记"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "伙伴簿.xlsx"
    partners = [
        {"partner": f"P-000{n}", "legal_name": name, "status": "active"}
        for n, name in enumerate(("甲公司", "乙公司"), 1)
    ]
    made.write_bytes(new_workbook(rows={"partners": partners}))
    return made


def frozen(path: Path, *rows: dict[str, Any]) -> None:
    book = Book.read(path.read_bytes())
    book.append("frozen", rows)
    path.write_bytes(book.to_bytes())


def typed(path: Path, table: str, key: str, row: str, **cells: Any) -> None:
    book = Book.read(path.read_bytes())
    assert book.update(table, key, {row: cells}) == ()
    path.write_bytes(book.to_bytes())


def evaluate(path: Path) -> list[dict[str, Any]]:
    """The ledger after `partnerbook evaluate`."""
    done = CliRunner().invoke(main, ["evaluate", str(path), "--json"])
    assert done.exit_code == 0, done.output
    return [dict(row.values) for row in Book.read(path.read_bytes()).rows("incentives") if row.values.get("激励编号")]


def findings(path: Path) -> dict[str, str]:
    done = CliRunner().invoke(main, ["check", str(path), "--json"])
    return {f["rule"]: f["message"] for f in json.loads(done.stdout)["findings"] if f["rule"].startswith("S29")}


def test_s29_a_yearly_grade_brings_the_four_kinds_of_incentives_of_the_rule_table(path: Path) -> None:
    frozen(path, YEAR_A, YEAR_B)
    ledger = evaluate(path)
    assert [(r["激励编号"], r["伙伴编号"], r["激励类型"], r["状态"]) for r in ledger] == [
        ("IN-0001", "P-0001", "绩效奖励", "待审批"), ("IN-0002", "P-0001", "资源倾斜", "待审批"),
        ("IN-0003", "P-0001", "联合发展", "待审批"), ("IN-0004", "P-0001", "荣誉认可", "待审批"),
        ("IN-0005", "P-0002", "荣誉认可", "待审批"),
    ]  # fmt: skip
    assert (ledger[0]["金额"], ledger[0]["冻结编号"], ledger[0]["规则编号"]) == (50000, "FZ-0001", "IR-0001")


def test_s29_a_quarterly_a_grants_no_yearly_reward(path: Path) -> None:
    frozen(path, QUARTER_A)
    assert evaluate(path) == []


def test_s29_running_twice_grants_once_and_a_copied_rule_not_again(path: Path) -> None:
    frozen(path, YEAR_A)
    first = evaluate(path)
    before = path.read_bytes()
    assert evaluate(path) == first and path.read_bytes() == before
    book = Book.read(before)
    book.append("incentive_rules", [{"规则编号": "IR-0099", "周期类型": "年度", "等级": "A", "激励类型": "绩效奖励", "内容": "年度绩效奖金", "金额": 60000}])  # fmt: skip
    path.write_bytes(book.to_bytes())
    assert evaluate(path) == first


def test_s29_rules_that_change_later_leave_what_was_granted(path: Path) -> None:
    frozen(path, YEAR_A)
    first = evaluate(path)
    typed(path, "incentive_rules", "规则编号", "IR-0001", 金额=1, 内容="别的")
    assert evaluate(path) == first


def test_s29_approval_comes_before_granting_and_in_time(path: Path) -> None:
    frozen(path, YEAR_A)
    evaluate(path)
    assert findings(path) == {}
    typed(path, "incentives", "激励编号", "IN-0001", 状态="已兑现", 兑现日期=date(2026, 2, 1))
    assert "没有写审批人和审批日期" in findings(path)["S29-approval"]
    typed(path, "incentives", "激励编号", "IN-0001", 审批人="周总", 审批日期=date(2026, 1, 30))
    assert findings(path) == {}
    typed(path, "partners", "伙伴编号", "P-0001", 状态="黑名单")
    assert "黑名单" in findings(path)["S29-approval"]
    today = local_now(Book.read(path.read_bytes())).date()
    typed(path, "incentives", "激励编号", "IN-0002", 生成日期=today - timedelta(days=40))
    assert "IN-0002" in findings(path)["S29-due"]
    evaluate(path)
    todo = [row.values for row in Book.read(path.read_bytes()).rows("todo")]
    assert any(row.get("对象") == "IN-0002" and row.get("规则") == "激励在期限内审批" for row in todo)


def test_s29_a_corrected_result_takes_back_what_nobody_approved_and_names_the_rest(path: Path) -> None:
    frozen(path, YEAR_A)
    evaluate(path)
    typed(path, "incentives", "激励编号", "IN-0001", 状态="已审批", 审批人="周总", 审批日期=date(2026, 1, 30))
    frozen(path, CORRECTION)
    ledger = evaluate(path)
    assert [row["状态"] for row in ledger] == ["已审批", "不予兑现", "不予兑现", "不予兑现"]
    assert ledger[1]["不予兑现原因"] == "FZ-0004 把 2025 的等级更正为 C"
    assert list(findings(path)) == ["S29-corrected"] and "IN-0001 已审批或兑现" in findings(path)["S29-corrected"]


def test_s29_a_partner_is_told_what_was_granted_and_not_what_is_still_decided(path: Path) -> None:
    frozen(path, YEAR_A, YEAR_B)
    evaluate(path)
    typed(
        path,
        "incentives",
        "激励编号",
        "IN-0001",
        状态="已兑现",
        审批人="周总",
        审批日期=date(2026, 1, 30),
        兑现日期=date(2026, 2, 1),
        备注="内部",
    )
    typed(path, "incentives", "激励编号", "IN-0002", 状态="已审批", 审批人="周总", 审批日期=date(2026, 1, 30))
    target = path.with_name("给伙伴.xlsx")
    assert CliRunner().invoke(main, ["export", str(path), "--partner", "P-0001", "-o", str(target)]).exit_code == 0
    head, *rows = openpyxl.load_workbook(target)["激励台账"].iter_rows(values_only=True)
    (row,) = (dict(zip(head, row, strict=True)) for row in rows)
    assert row == {
        "激励编号": "IN-0001", "企业名称": "甲公司", "周期": "2025", "等级": "A", "激励类型": "绩效奖励", "内容": "年度绩效奖金",
        "金额": 50000, "兑现日期": datetime(2026, 2, 1),
    }  # fmt: skip
