"""S16 to S19 through the public way: from a recommended candidate to a signed contract and its onboarding."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from forms_server.app import ServerSettings, create_app
from forms_server.catalog import FORMS
from forms_server.house import open_house
from tests.selection_books import selection_rows
from workbook.build import new_workbook
from workbook.cli import main
from workbook.evaluating import evaluated, local_now
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.schema import CONFIDENTIAL, SENSITIVE, Table
from workbook.tables import Changes, Clauses, Contracts, DueDiligence, Onboarding, Todo

SECRET = "绝不低于四折"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A book with one candidate on the list and one that is not."""
    rows = selection_rows()
    rows["panels"][0]["recommended"] = "C-0001"
    rows["partners"] = [{"partner": "P-0001", "legal_name": "候选1有限公司", "status": "active"}]
    made = tmp_path / "伙伴簿.xlsx"
    made.write_bytes(new_workbook(rows=rows))
    return made


def told(*words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert done.exit_code == exit_code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def refused(*words: str | Path) -> str:
    return str(told(*words, exit_code=1)["error"]["message"])


def rows(path: Path, table: type[Table]) -> list[Record]:
    return read_records(Book.read(path.read_bytes()), table)


def typed(path: Path, table: type[Table], key: str, **cells: Any) -> None:
    """What staff type into a row and save."""
    book = Book.read(path.read_bytes())
    assert book.update(table.name, table.key().zh, {key: cells}) == ()
    path.write_bytes(book.to_bytes())


def added(path: Path, table: type[Table], **cells: Any) -> None:
    book = Book.read(path.read_bytes())
    book.append(table.name, [cells])
    path.write_bytes(book.to_bytes())


def rules_of(path: Path, *clauses: str) -> dict[str, str]:
    """The findings of some policy rows: rule → message."""
    answer = CliRunner().invoke(main, ["check", str(path), "--json"])
    findings = json.loads(answer.stdout)["findings"]
    return {f["rule"]: f["message"] for f in findings if f["rule"].split("-")[0] in clauses}


def ready(path: Path) -> str:
    """A contract with everything in it that a signature needs, in 待签署; the hash of its text."""
    told("contract", path, "--new", "C-0001")
    today = local_now(Book.read(path.read_bytes())).date()
    text = path.with_name("协议定稿.docx")
    text.write_bytes(b"the final text")
    digest = str(next(iter(told("fingerprint", text)["fingerprints"].values())))
    for clause in rows(path, Clauses):
        typed(path, Clauses, clause.key, 进展="已达成", 底线=SECRET, 弹性空间=SECRET)
    typed(
        path, Contracts, "K-0001", 伙伴编号="P-0001", 法务="周敏", 法务意见="审查通过", 审查日期=today - timedelta(2), 我方签署人="甲",
        我方授权="总经理", 对方签署人="乙", 对方授权="授权书 1 号", 文本指纹=digest, 我方确认指纹=digest, 对方确认指纹=digest,
        签订日期=today - timedelta(1), 备注=SECRET,
    )  # fmt: skip
    told("contract", path, "K-0001", "法务审查")
    told("contract", path, "K-0001", "待签署")
    return digest


def status(path: Path) -> str:
    return rows(path, Contracts)[0].text("status")


def test_s16_a_failed_due_diligence_blocks_signing_and_none_is_legal(path: Path) -> None:
    ready(path)
    signed = path.with_name("没有调查.xlsx")
    signed.write_bytes(path.read_bytes())
    told("contract", signed, "K-0001", "已签")
    assert status(signed) == "signed" and rules_of(signed, "S16", "S17", "S18") == {}

    added(path, DueDiligence, 候选编号="C-0001", 方式="实地考察", 结论="不通过")
    before = path.read_bytes()
    assert "尽职调查 J-0001 不通过" in refused("contract", path, "K-0001", "已签")
    assert path.read_bytes() == before
    told("evaluate", path)
    assert "J-0001 不通过" in rules_of(path, "S16")["S16-failed"]
    typed(path, DueDiligence, "J-0001", 结论="通过")
    told("contract", path, "K-0001", "已签")
    assert status(path) == "signed"


def test_s17_a_contract_with_an_open_clause_is_not_signed_by_command_or_by_typing(path: Path) -> None:
    assert "C-0002 不在推荐名单里" in refused("contract", path, "--new", "C-0002")
    ready(path)
    assert [row["subject"] for row in rows(path, Clauses)] == list(Clauses.subject.options) and len(
        rows(path, Clauses)
    ) == 10
    assert "已有合同 K-0001" in refused("contract", path, "--new", "C-0001")
    typed(path, Clauses, "L-0006", 进展="协商中")
    assert "保密（协商中）" in refused("contract", path, "K-0001", "已签")
    assert status(path) == "signing"
    typed(path, Contracts, "K-0001", 状态="已签")
    assert "保密（协商中）" in rules_of(path, "S17")["S17-clauses"]
    typed(path, Clauses, "L-0006", 进展="已达成")
    assert rules_of(path, "S17") == {}


def test_s17_the_bottom_line_never_leaves_the_company(path: Path, tmp_path: Path) -> None:
    ready(path)
    for name in ("bottom_line", "flexibility", "remark"):
        assert Clauses.columns[name].level is CONFIDENTIAL
    for table in (DueDiligence, Contracts, Clauses, Onboarding):
        assert table.submission() is None and not list(table.shown()) and not list(table.asked())
        assert table not in {form.table for form in FORMS}
    assert Contracts.columns["remark"].level is CONFIDENTIAL and SENSITIVE in {
        c.level for c in Contracts.columns.values()
    }
    told("evaluate", path)
    assert not any(SECRET in str(value) for row in rows(path, Todo) for value in row.values.values())
    findings = json.dumps(told("contract", path, "K-0001"), ensure_ascii=False) + str(rules_of(path, "S17"))
    assert SECRET not in findings
    house = open_house(path, tmp_path / "data")
    app = create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox)
    house.delivery.run()
    client = app.test_client()
    for address in ("/", "/receipts", "/privacy", *(f"/forms/{form.slug}" for form in FORMS)):
        assert SECRET not in client.get(address).text


def test_s18_another_hash_is_refused_and_the_way_is_written_down(path: Path) -> None:
    digest = ready(path)
    typed(path, Contracts, "K-0001", 对方确认指纹="0" * 64)
    assert "对方确认指纹与文本指纹不同" in refused("contract", path, "K-0001", "已签")
    assert status(path) == "signing" and "另一份文本" in rules_of(path, "S18")["S18-hash"]
    typed(path, Contracts, "K-0001", 对方确认指纹=digest, 法务意见="需要修改")
    assert "法务审查没有通过" in refused("contract", path, "K-0001", "已签")
    typed(path, Contracts, "K-0001", 法务意见="审查通过", 对方授权=None)
    assert "对方授权" in refused("contract", path, "K-0001", "已签")
    typed(path, Contracts, "K-0001", 对方授权="授权书 1 号")
    told("contract", path, "K-0001", "已签")
    log = [(row["row_key"], row["column"], row["before"], row["after"], row["source"]) for row in rows(path, Changes)]
    assert log == [
        ("K-0001", "状态", "谈判中", "法务审查", "staff"),
        ("K-0001", "状态", "法务审查", "待签署", "staff"),
        ("K-0001", "状态", "待签署", "已签", "staff"),
    ]
    assert "不能直接是“谈判中”" in refused("contract", path, "K-0001", "谈判中")
    assert "没有“签好了”这个状态" in refused("contract", path, "K-0001", "签好了")
    assert "没有 K-0009" in refused("contract", path, "K-0009", "已签")


def test_s19_progress_and_late_items_are_told_and_twice_adds_nothing(path: Path) -> None:
    ready(path)
    assert "应为“已签”" in refused("onboard", path, "K-0001")
    told("contract", path, "K-0001", "已签")
    assert "还没有开始" in rules_of(path, "S19")["S19-items"]
    today = local_now(Book.read(path.read_bytes())).date()
    start = today - timedelta(days=12)
    first = told("onboard", path, "K-0001", "--start", str(start))
    assert first["added"] == 10 and first["progress"]["total"] == 10
    assert first["progress"]["late"] == ["W-0001", "W-0002", "W-0003", "W-0004"]
    assert first["progress"]["until"] == str(start + timedelta(days=90))
    groups = [(row.text("group"), (row["due"] - start).days) for row in rows(path, Onboarding)]
    assert groups == [("background", 10)] * 4 + [("interface", 15)] * 3 + [("training", 45)] * 3
    before = path.read_bytes()
    again = told("onboard", path, "K-0001", "--start", str(today))
    assert (again["added"], again["changed"]) == (0, False) and path.read_bytes() == before
    for key in ("W-0001", "W-0002", "W-0003"):
        typed(path, Onboarding, key, 状态="已完成", 完成日期=start + timedelta(days=5))
    assert "现有合作伙伴" in rules_of(path, "S19")["S19-late"]
    (guided,) = told("check", path, exit_code=1)["onboarding"]
    assert (guided["done"], guided["total"], guided["late"]) == (3, 10, ["W-0004"])
    said = CliRunner().invoke(main, ["check", str(path)]).output
    assert "K-0001 入伙引导：3/10 项已完成，逾期 1 项：现有合作伙伴" in said


def test_s19_a_late_item_is_a_to_do_until_it_is_done(path: Path) -> None:
    ready(path)
    told("contract", path, "K-0001", "已签")
    today = local_now(Book.read(path.read_bytes())).date()
    told("onboard", path, "K-0001", "--start", str(today - timedelta(days=12)))
    typed(path, Onboarding, "W-0004", 负责人="王珂")
    data = evaluated(path.read_bytes())
    path.write_bytes(data)
    (todo,) = [row for row in rows(path, Todo) if row["subject"] == "W-0004"]
    assert (todo["due"], todo["responsible"], todo["page"]) == (today - timedelta(days=2), "王珂", "onboarding")
    typed(path, Onboarding, "W-0004", 状态="已完成", 完成日期=today)
    path.write_bytes(evaluated(path.read_bytes()))
    (todo,) = [row for row in rows(path, Todo) if row["subject"] == "W-0004"]
    assert todo["state"] == "done"
