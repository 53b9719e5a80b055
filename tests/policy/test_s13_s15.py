"""S13 and S15 through the public way: the form and the receipt, a member's link, the cell, the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from forms_server.app import ServerSettings, create_app
from forms_server.house import House, open_house
from forms_server.reviews import Reviews
from tests.commands.test_commands import run
from tests.forms.conftest import PDF, PNG, fields, send, upload
from tests.selection_books import NOW, TODAY, selection_rows
from workbook.build import new_workbook
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.schema import Files
from workbook.tables import Candidates

FILES = ("profile_file", "cases_file", "certificates_file", "proposal_file")


def opened(tmp_path: Path, rows: dict[str, Any] | None = None) -> House:
    book = Book.read(new_workbook(rows=rows, today=TODAY))
    if rows:
        evaluate_book(book, NOW)
    path = tmp_path / "簿.xlsx"
    path.write_bytes(book.to_bytes())
    house = open_house(path, tmp_path / "data")
    house.delivery.run()
    return house


def client_of(house: House) -> FlaskClient:
    return create_app(ServerSettings(house.secret, house.data, testing=True), house.inbox).test_client()


def cells(house: House, table: str) -> list[dict[str, Any]]:
    return [dict(row.values) for row in Book.read(house.path.read_bytes()).rows(table)]


def type_in(house: House, table: str, key: str, row: str, **values: Any) -> None:
    """Staff type into the book and save; the server reads it."""
    book = Book.read(house.path.read_bytes())
    book.update(table, key, {row: values})
    house.path.write_bytes(book.to_bytes())
    house.delivery.run()


def rules(house: House) -> dict[str, str]:
    """What `partnerbook check` says, by rule."""
    done = run("check", house.path, "--json")
    return {f["rule"]: f["message"] for f in json.loads(done.stdout)["findings"]}


# --- S13 --------------------------------------------------------------------------------------------------------------


def test_s13_the_form_asks_for_company_contact_facts_and_four_files(tmp_path: Path) -> None:
    page = client_of(opened(tmp_path)).get("/forms/candidate").text
    for label in (
        "企业名称",
        "联系人",
        "电话",
        "主营业务",
        "研发团队人数",
        "年营收",
        "不良记录与重大纠纷",
        "价值观与合作理念",
    ):
        assert label in page, label
    assert {name for name in FILES if f'name="{name}"' in page} == set(FILES)
    wanted = [c.zh for c in Candidates.columns.values() if isinstance(c, Files) and c.wanted]
    assert wanted == ["公司介绍", "案例研究", "资质证明", "初步合作方案"]


def test_s13_one_submission_is_one_row_with_one_id_and_a_missing_file_is_told(tmp_path: Path) -> None:
    house = opened(tmp_path)
    answer = send(client_of(house), "candidate", profile_file=upload(PDF, "公司介绍.pdf"))
    for _ in range(2):
        house.delivery.run()
    (row,) = cells(house, "candidates")
    (stored,) = house.inbox.all()
    assert row["提交标识"] == stored.id and row["候选编号"] == "C-0001"
    assert row["公司介绍"].startswith("公司介绍.pdf (")
    assert [row[name] for name in ("案例研究", "资质证明", "初步合作方案")] == ["待补"] * 3
    (ref,) = stored.values["profile_file"]
    assert (ref["kind"], ref["size"], len(ref["sha256"])) == ("pdf", len(PDF), 64)
    receipt = client_of(house).get(answer.headers["Location"]).text
    assert "案例研究" in receipt and "待补" in receipt


def test_s13_sent_back_says_what_is_missing_and_the_file_that_follows_takes_its_place(tmp_path: Path) -> None:
    house = opened(tmp_path)
    client = client_of(house)
    answer = send(client, "candidate", profile_file=upload(PDF, "公司介绍.pdf"))
    code = answer.headers["Location"].rsplit("/", 1)[1].split("?")[0]
    house.delivery.run()
    type_in(house, "candidates", "候选编号", "C-0001", 状态="资料审阅")
    assert client.get(f"/receipts/{code}/edit").status_code == 403  # staff have it in hand
    assert "还缺案例研究、资质证明、初步合作方案" in rules(house)["S13-files"]
    type_in(house, "candidates", "候选编号", "C-0001", 状态="退回补正", 给伙伴的话="请补交案例研究和资质证明")
    page = client.get(f"/receipts/{code}").text
    assert "退回补正" in page and "请补交案例研究和资质证明" in page and f"/receipts/{code}/edit" in page
    filled = fields(client.get(f"/receipts/{code}/edit"))
    data: dict[str, Any] = {**{k: filled.getlist(k) for k in filled}, "consent": "yes"}
    data |= {"cases_file": upload(PDF, "案例.pdf"), "certificates_file": upload(PNG, "执照.png")}
    sent = client.post(f"/receipts/{code}/edit", data=data, content_type="multipart/form-data")
    assert sent.status_code == 303
    house.delivery.run()
    (row,) = cells(house, "candidates")
    assert (row["案例研究"].split(" (")[0], row["资质证明"].split(" (")[0]) == ("案例.pdf", "执照.png")
    assert row["公司介绍"].startswith("公司介绍.pdf") and row["初步合作方案"] == "待补"
    assert (row["版本"], row["状态"], row["给伙伴的话"]) == (2, "退回补正", "请补交案例研究和资质证明")
    assert {change["列"] for change in cells(house, "changes") if change.get("列")} == {"案例研究", "资质证明"}
    type_in(house, "candidates", "候选编号", "C-0001", 状态="资料审阅")
    assert "还缺初步合作方案" in rules(house)["S13-files"]


# --- S15 --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A closed panel of four departments; C-0001 is ahead of C-0002."""
    return opened(tmp_path, selection_rows(mark=lambda c, r, i: 4 if c == 1 else 3))


def everybody_votes(house: House, first: str, second: str, why: str = "") -> None:
    tokens = dict(Reviews(house.inbox, house.secret).invite("V-0001"))
    for token in tokens.values():
        client = client_of(house)
        page = fields(client.get(f"/i/{token}"))
        typed = {"vote-C-0001": first, "vote-C-0002": second, "why-C-0001": why, "why-C-0002": why}
        start = {name: page[name] for name in ("csrf_token", "fingerprint")}
        assert client.post(f"/i/{token}/votes", data={**start, **typed}).status_code == 303
    house.delivery.run()


def test_s15_the_panel_decides_from_declaration_to_confirmed_minutes(house: House) -> None:
    everybody_votes(house, "for", "against", "产能不足")
    assert run("evaluate", house.path).returncode == 0
    votes = cells(house, "votes")
    assert [row["效力"] for row in votes] == ["有效"] * 8 and {row["表决"] for row in votes} == {"推荐", "不推荐"}
    type_in(house, "panels", "评审会编号", "V-0001", 状态="已定稿", 推荐名单="C-0001")
    assert set(rules(house)) == {"S15-minutes"}
    done = run("minutes", house.path, "V-0001")
    assert done.returncode == 0 and "推荐名单：C-0001 候选1有限公司" in done.stdout
    (row,) = cells(house, "minutes")
    assert (row["纪要编号"], row["评审会编号"], row.get("纪要正文")) == ("Y-0001", "V-0001", None)
    assert "法务：R-0004" in row["草稿"] and "产能不足" in row["草稿"]
    before = house.path.read_bytes()
    assert run("minutes", house.path, "V-0001").returncode == 0 and house.path.read_bytes() == before
    type_in(house, "minutes", "纪要编号", "Y-0001", 状态="已确认")
    assert rules(house) == {}
    type_in(house, "panels", "评审会编号", "V-0001", 推荐名单="C-0001、C-0002")
    assert {"S15-minutes-changed", "S15-votes"} <= set(rules(house))
    again = run("minutes", house.path, "V-0001")
    assert again.returncode == 1 and "已确认，而依据之后有变" in again.stdout


def test_s15_there_is_no_list_unless_the_roles_are_there(house: House) -> None:
    everybody_votes(house, "for", "against", "产能不足")
    type_in(house, "reviewers", "评审人编号", "R-0004", 状态="已卸任")
    draft = json.loads(run("minutes", house.path, "V-0001", "--json").stdout)["draft"]
    assert "不能给出推荐名单：评审人里缺少法务的代表" in draft and not re.search("推荐名单：C-", draft)
    type_in(house, "panels", "评审会编号", "V-0001", 推荐名单="C-0001")
    assert "缺少法务" in rules(house)["S15-list"]
    type_in(house, "settings", "参数", "评审会必备部门", 值="业务、技术、采购")
    assert "S15-list" not in rules(house)


def test_s15_going_against_the_ranking_needs_a_reason(house: House) -> None:
    token = dict(Reviews(house.inbox, house.secret).invite("V-0001"))["R-0001"]
    client = client_of(house)
    page = fields(client.get(f"/i/{token}"))
    typed = {name: page[name] for name in ("csrf_token", "fingerprint")}
    typed |= {"vote-C-0001": "abstain", "vote-C-0002": "for"}
    refused = client.post(f"/i/{token}/votes", data=typed)
    assert refused.status_code == 422 and "没有推荐排名更前的 C-0001" in refused.text
    everybody_votes(house, "abstain", "for", "价格低 18 %")
    type_in(house, "panels", "评审会编号", "V-0001", 推荐名单="C-0002")
    assert "C-0001 排名更前" in rules(house)["S15-against-ranking"]
    type_in(house, "panels", "评审会编号", "V-0001", 推荐理由="价格低 18 %，一致同意")
    assert rules(house) == {}


def test_s15_a_changed_ranking_voids_the_votes_in_the_cell_and_the_check(house: House) -> None:
    everybody_votes(house, "for", "against", "产能不足")
    type_in(house, "marks", "评分编号", "M-0001", 分数=5)
    assert run("evaluate", house.path).returncode == 0
    assert {row["效力"] for row in cells(house, "votes")} == {"已失效"}
    assert "请评审人用自己的链接重新表决" in rules(house)["S15-void"]
    before = house.path.read_bytes()
    assert run("evaluate", house.path).returncode == 0 and house.path.read_bytes() == before
