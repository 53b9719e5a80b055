"""S39 and S40 through the public way: results in the cells, `partnerbook evaluate` and `check`, plans and changes as staff type them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.rules.test_improvement import fresh
from workbook.build import new_workbook
from workbook.cli import main
from workbook.ooxml import Book


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """One partner with two level quarters, a plan, an enablement and a clause change, all in order."""
    rows = fresh()
    rows["plans"], rows["enablements"], rows["clause_changes"] = [], [], []
    made = tmp_path / "伙伴簿.xlsx"
    made.write_bytes(new_workbook(rows=rows))
    return made


def edit(path: Path, table: str, *rows: dict[str, Any], key: str = "", **cells: Any) -> None:
    """What staff add, or type into the row with a key."""
    book = Book.read(path.read_bytes())
    if rows:
        book.append(table, rows)
    if key:
        assert book.update(table, next(iter(book.table(table).columns)), {key: cells}) == ()
    path.write_bytes(book.to_bytes())


def evaluate(path: Path, table: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ["evaluate", str(path), "--json"])
    assert done.exit_code == 0, done.output
    return [dict(row.values) for row in Book.read(path.read_bytes()).rows(table)]


def findings(path: Path, clause: str) -> dict[str, str]:
    done = CliRunner().invoke(main, ["check", str(path), "--json"])
    return {f["rule"]: f["message"] for f in json.loads(done.stdout)["findings"] if f["rule"].startswith(clause)}


PLAN = {
    "计划编号": "PL-0001", "伙伴编号": "P-0001", "周期": "2026Q3", "为什么 1": "胶水不匹配", "为什么 2": "换纸没有试验",
    "为什么 3": "变更没有会签", "措施": "换料先试三批", "措施责任人": "罗倩", "完成期限": date(2099, 1, 1), "状态": "进行中",
}  # fmt: skip


def test_s39_a_d_without_a_plan_is_listed_and_becomes_a_to_do(path: Path) -> None:
    assert findings(path, "S39") == {}
    edit(path, "performance", key="2026Q3/P-0001", 等级="D", 官方得分=50)
    assert "等级是 D" in findings(path, "S39")["S39-plan"]
    assert "S39-plan 2026Q3/P-0001" in {row.get("来由") for row in evaluate(path, "todo")}
    edit(path, "plans", PLAN)
    assert findings(path, "S39") == {}
    edit(path, "plans", key="PL-0001", 状态="已取消")
    assert list(findings(path, "S39")) == ["S39-plan"]


def test_s39_a_falling_indicator_without_a_plan_is_listed(path: Path) -> None:
    edit(path, "performance_parts", key="2026Q3/P-0001/p1-Q.1", 分数=2)
    assert "“功能性符合度”从 4 分降到 2 分" in findings(path, "S39")["S39-plan"]
    edit(path, "settings", key="改进计划指标降幅", 值="2.5")
    assert findings(path, "S39") == {}


def test_s39_from_the_weak_measure_to_cause_action_and_the_measure_again(path: Path) -> None:
    edit(
        path,
        "plans",
        {**PLAN, "周期": "2026Q2", "绩效指标编号": "p1-Q.1", "为什么 3": None, "完成期限": date(2026, 6, 30)},
    )
    assert set(findings(path, "S39")) == {"S39-why", "S39-late", "S39-effect"}
    edit(path, "plans", key="PL-0001", **{"为什么 3": "变更没有会签"}, 完成日期=date(2026, 6, 28), 状态="已见效")
    (row,) = evaluate(path, "plans")
    assert (row["改进前"], row["改进后"], row["复测周期"]) == (4, 4, "2026Q3")
    assert list(findings(path, "S39")) == ["S39-effect"]  # it is said to work, and did not
    edit(path, "performance_parts", key="2026Q3/P-0001/p1-Q.1", 分数=5)
    (row,) = evaluate(path, "plans")
    assert row["改进后"] == 5 and findings(path, "S39") == {}


CHANGE = {
    "变更编号": "CC-0001", "合同编号": "K-0001", "条款编号": "L-0001", "原条款": "抽检", "新条款": "全检", "法务": "陈律师",
    "双方确认日期": date(2026, 7, 1), "生效日期": date(2026, 7, 15),
}  # fmt: skip


def test_s40_a_clause_change_raises_the_version(path: Path) -> None:
    edit(path, "clause_changes", CHANGE)
    assert [row["条款版本"] for row in evaluate(path, "clause_changes")] == [2]
    edit(path, "clause_changes", {**CHANGE, "变更编号": "CC-0002", "生效日期": date(2026, 9, 1)})
    assert [row["条款版本"] for row in evaluate(path, "clause_changes")] == [2, 3]
    assert findings(path, "S40") == {}
    edit(path, "contracts", key="K-0001", 状态="谈判中")
    assert "还没有签" in findings(path, "S40")["S40-clause"]


def test_s40_tools_and_trainings_are_linked_to_a_result_and_say_before_and_after(path: Path) -> None:
    edit(
        path,
        "enablements",
        {"赋能编号": "EN-0001", "伙伴编号": "P-0001", "赋能类型": "培训赋能", "日期": date(2026, 6, 20)},
    )
    assert set(findings(path, "S40")) == {"S40-link", "S40-effect"}
    edit(path, "enablements", key="EN-0001", 绩效编号="2026Q2/P-0001", 之前="无试验", 之后="三批试验")
    assert findings(path, "S40") == {}
