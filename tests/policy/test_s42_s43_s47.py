"""S42, S43 and S47 through the public way: rows as staff type them, `evaluate`, `check`, `trace`."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.rules.test_guarding import oracle, whole
from workbook.build import new_workbook
from workbook.cli import main
from workbook.ooxml import Book


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "伙伴簿.xlsx"
    made.write_bytes(new_workbook(rows=copy.deepcopy(whole())))
    return made


def run(*words: str | Path) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    return done.exit_code, json.loads(done.stdout)


def edit(path: Path, table: str, key: str, **cells: Any) -> None:
    book = Book.read(path.read_bytes())
    assert book.update(table, next(iter(book.table(table).columns)), {key: cells}) == ()
    path.write_bytes(book.to_bytes())


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    return [dict(row.values) for row in Book.read(path.read_bytes()).rows(table)]


def findings(path: Path, clause: str) -> dict[str, str]:
    return {f["rule"]: f["message"] for f in run("check", path)[1]["findings"] if f["rule"].startswith(clause)}


def test_s42_data_that_is_held_past_its_end_or_by_a_partner_that_is_gone_is_listed(path: Path) -> None:
    assert findings(path, "S42") == {}
    edit(path, "data_grants", "DG-0001", 授权截止=date(2026, 1, 31))
    assert "2026-01-31" in findings(path, "S42")["S42-until"]
    edit(path, "data_grants", "DG-0001", 状态="已销毁", 返还或销毁日期=date(2026, 2, 1))
    assert findings(path, "S42") == {}


def test_s43_same_seed_same_sample(path: Path) -> None:
    edit(path, "samplings", "SP-0001", 种子="2026-11")
    assert run("evaluate", path)[0] == 0
    (first,) = rows(path, "samplings")
    assert first["样本号"] == "、".join(map(str, oracle(500, 5, "2026-11")))
    edit(path, "samplings", "SP-0001", 样本号=None)
    run("evaluate", path)
    assert rows(path, "samplings") == [first]


def test_s43_a_batch_is_traced_to_its_delivery_and_back(path: Path) -> None:
    edit(path, "defects", "DF-0001", 来源批次="钢卷 88-3")
    code, there = run("trace", path, "b-07")
    assert code == 0
    assert [one["key"] for one in there["links"]] == ["DL-0001", "K-0001", "P-0001", "SP-0001", "DF-0001"]
    code, back = run("trace", path, "钢卷 88-3")
    assert code == 0 and {"DL-0001", "P-0001", "DF-0001"} <= {one["key"] for one in back["links"]}
    code, nothing = run("trace", path, "B-99")
    assert code == 1 and "B-99" in (said := nothing["error"]["message"]) and "B-07" in said


def test_s43_more_defective_units_than_allowed_reject_the_batch(path: Path) -> None:
    run("evaluate", path)
    (row,) = rows(path, "samplings")
    assert (row["缺陷样本数"], row["判定"]) == (1, "接收")
    edit(path, "samplings", "SP-0001", 接收数=0)
    run("evaluate", path)
    assert rows(path, "samplings")[0]["判定"] == "拒收" and "S43-rejected" in findings(path, "S43")


def test_s47_an_overdue_check_is_listed_and_becomes_a_to_do(path: Path) -> None:
    assert findings(path, "S47") == {}
    edit(path, "technical_controls", "TC-0002", 下次检查=date(2026, 3, 1))
    assert "账号管理" in findings(path, "S47")["S47-overdue"]
    run("evaluate", path)
    assert "S47-overdue TC-0002" in {row.get("来由") for row in rows(path, "todo")}
