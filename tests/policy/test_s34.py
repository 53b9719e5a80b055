"""S34 through the public way: the form, the receipt, what staff type, `partnerbook evaluate` and the cells of the result."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from forms_server.house import House
from tests.commands.test_commands import run
from tests.forms.conftest import APPEAL, PDF, fields, send, upload
from tests.policy.test_s13_s15 import cells, client_of, opened, rules, type_in

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # as the book has it


@pytest.fixture
def house(tmp_path: Path) -> House:
    """One partner, one period that runs, 200,000 of budget agreed and spent as planned."""
    first, last = TODAY - timedelta(days=100), TODAY + timedelta(days=100)
    span = {"starts_on": first, "ends_on": last}
    return opened(tmp_path, {
        "partners": [{"partner": "P-0001", "legal_name": "杭州青禾精密制造有限公司", "status": "active", "category": "supplier"}],
        "periods": [{"period": "本期", "kind": "other", "rule_version": "p1", "status": "open", **span}],
        "budgets": [{"budget_line": "BU-0001", "partner": "P-0001", **span, "budget": Decimal(200000), "actual": Decimal(190000), "progress": Decimal(100), "verified": "yes"}],
    })  # fmt: skip


def proposed(house: House, **changes: Any) -> tuple[FlaskClient, str]:
    client = client_of(house)
    answer = send(client, "innovation", expected_saving="1.2", **changes)
    assert answer.status_code == 303
    house.delivery.run()
    return client, answer.headers["Location"].rsplit("/", 1)[1].split("?")[0]


def part(house: House, title: str) -> tuple[Any, ...]:
    """Value, mark and source rows of a measure after `partnerbook evaluate`."""
    assert run("evaluate", house.path).returncode == 0
    row = next(r for r in cells(house, "performance_parts") if r.get("指标") == title)
    return row["数值"], row["分数"], row.get("来源")


def staff(house: House, **values: Any) -> None:
    type_in(house, "proposals", "提案编号", "IP-0001", **values)


def test_s34_a_proposal_is_one_unverified_row_of_nobody_until_staff_say_whose(house: House) -> None:
    client, code = proposed(house, evidence_file=upload(PDF, "测算.pdf"))
    (row,) = cells(house, "proposals")
    assert (row["提案编号"], row["核实"], row["状态"], row.get("伙伴编号")) == ("IP-0001", "未核实", "已收到", None)
    assert (row["企业名称"], row["方向"], row["预计节约"]) == ("青禾", "成本", 12000)
    assert row["附件"].startswith("测算.pdf (")
    page = client.get(f"/receipts/{code}").text
    assert "创新提案" in page and "价值评估" in page and f"/receipts/{code}/edit" in page
    assert part(house, "提案采纳")[0] == "0 分"


def test_s34_an_unverified_saving_counts_nothing_and_a_verified_one_does(house: House) -> None:
    proposed(house)
    staff(house, 伙伴编号="P-0001", 核实="已核实", 状态="已采纳")
    assert "没有写采纳日期、价值评估、评估人" in rules(house)["S34-adopted"]
    staff(house, 采纳日期=TODAY, 价值评估=4, 评估人="王珂", 核实节约金额=8000)
    assert "S34-adopted" not in rules(house)
    assert part(house, "核实节约") == ("0%", 1, None)
    assert part(house, "提案采纳") == ("4 分", 3, "IP-0001")
    staff(house, 节约核实人="周敏", 节约核实日期=TODAY)
    assert part(house, "核实节约")[:2] == ("0%", 1)  # without evidence it is still only said
    staff(house, 节约依据="结算对比表")
    assert part(house, "核实节约") == ("4%", 4, "IP-0001、BU-0001")
    staff(house, 核实="不予采用")
    assert part(house, "核实节约")[:2] == ("0%", 1)


def test_s34_the_sender_sees_state_and_answer_and_nothing_else(house: House) -> None:
    client, code = proposed(house)
    staff(house, 状态="价值评估", 给伙伴的话="请补节约测算", 价值评估=5, 备注="别告诉他们", 核实节约金额=77777)
    page = client.get(f"/receipts/{code}").text
    assert "请补节约测算" in page and "价值评估" in page
    assert "别告诉他们" not in page and "77777" not in page and "77,777" not in page
    assert client.get(f"/receipts/{code}/edit").status_code == 403  # staff have it in hand
    english = client.get(f"/receipts/{code}", headers={"Accept-Language": "en"}).text
    assert "Innovation proposal" in english and "Being assessed" in english


def test_s34_a_correction_is_the_next_version_of_the_same_row(house: House) -> None:
    client, code = proposed(house)
    filled = fields(client.get(f"/receipts/{code}/edit"))
    data = {**{name: filled.getlist(name) for name in filled}, "consent": "yes", "title": "共用两套测试环境"}
    assert client.post(f"/receipts/{code}/edit", data=data).status_code == 303
    house.delivery.run()
    (row,) = cells(house, "proposals")
    assert (row["提案名称"], row["版本"], row["核实"]) == ("共用两套测试环境", 2, "未核实")


def test_s34_a_proposal_that_waits_for_its_assessment_becomes_a_to_do(house: House) -> None:
    proposed(house)
    assert "S34-waiting" not in rules(house)
    staff(house, 提交时间=TODAY - timedelta(days=30), 核实="已核实")
    assert "10 个工作日后还没有评估结论" in rules(house)["S34-waiting"]
    assert run("evaluate", house.path).returncode == 0
    todo = [row for row in cells(house, "todo") if row.get("对象") == "IP-0001" and row["状态"] == "未完成"]
    assert [row["规则"] for row in todo] == ["提案在期限内评估"]
    type_in(house, "settings", "参数", "提案评估期限", 值="60")
    assert "S34-waiting" not in rules(house)


def test_s38_an_appeal_comes_by_its_form_and_its_receipt_says_what_came_of_it(house: House) -> None:
    client = client_of(house)
    answer = send(client, "appeal", evidence_file=upload(PDF, "邮件.pdf"))
    house.delivery.run()
    (row,) = cells(house, "appeals")
    assert (row["申诉编号"], row["核实"], row["考核周期"], row.get("伙伴编号")) == ("AP-0001", "未核实", "2026Q3", None)
    assert row["申诉理由"] == APPEAL["grounds"]
    type_in(
        house, "appeals", "申诉编号", "AP-0001", 状态="已更正", 给伙伴的话="响应时效改为 98%", 复核意见="漏记一封邮件"
    )
    page = client.get(answer.headers["Location"].split("?")[0]).text
    assert "已更正" in page and "响应时效改为 98%" in page and "漏记一封邮件" not in page
    todo = json.loads(run("evaluate", house.path, "--json").stdout)
    assert todo["ok"] and any(row.get("来由") == "S13-verify AP-0001" for row in cells(house, "todo"))
