"""Rows S1 to S9 and S14 of the policy, each through the way that people take: form, command, cell."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from forms_server.app import ServerSettings, create_app
from forms_server.house import House, open_house
from tests.forms.conftest import PDF, send, upload
from tests.selection_books import Rows, built, selection_rows
from workbook.build import default_rows
from workbook.cli import main
from workbook.defaults import indicator_rows
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.schema import Table
from workbook.tables import TABLES, Candidates, Certificates, Contributions, Results, Todo

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # as the book has it


def saved(folder: Path, rows: Rows) -> Path:
    path = folder / "伙伴簿.xlsx"
    path.write_bytes(built(rows).to_bytes())
    return path


def command(*words: str | Path) -> dict[str, Any]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"], prog_name="partnerbook")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def findings(path: Path, rule: str) -> list[dict[str, Any]]:
    return [one for one in command("check", path)["findings"] if one["rule"] == rule]


def in_order() -> Rows:
    """Two candidates and four reviewers with nothing amiss today."""
    rows = selection_rows()
    for row in rows["candidates"]:
        row["records_checked"] = TODAY - timedelta(days=3)
    return rows


def test_s1_every_column_has_a_level_and_an_owner_and_rules_have_versions() -> None:
    for table in TABLES:
        for column in table.columns.values():
            assert column.level.value.zh in ("公开", "内部", "敏感", "机密") and column.owner.value.zh
    assert {row["rule_version"] for row in indicator_rows("zh-CN")} == {"v1"}
    # An export for one partner holds no other partner's row and no internal column: test_leaks.py.


@pytest.mark.parametrize(("row", "indicator"), [("S2", "v1-S2.1"), ("S5", "v1-S5.3"), ("S9", "v1-S9.4")])
def test_s2_s5_s9_an_indicator_scored_without_evidence_is_listed(row: str, indicator: str, tmp_path: Path) -> None:
    rows = in_order()
    mark = next(one for one in rows["marks"] if one["indicator"] == indicator)
    mark["evidence"] = None
    path = saved(tmp_path, rows)
    command("evaluate", path)
    (found,) = findings(path, f"{row}-evidence")
    assert found["key"] == mark["mark_key"] and found["sheet"] == "评分" and found["column"] == "依据"


@pytest.mark.parametrize(
    ("people", "mark"), [(4, 1), (5, 2), (19, 2), (20, 3), (49, 3), (50, 4), (149, 4), (150, 5), (9000, 5)]
)
def test_s3_the_edges_of_a_band_belong_to_the_higher_mark(people: int, mark: int, tmp_path: Path) -> None:
    # 研发团队规模: below 5, from 5, from 20, from 50, from 150: half-open, as the table 档位 says.
    rows = in_order()
    rows["candidates"][0]["team_size"] = Decimal(people)
    path = saved(tmp_path, rows)
    command("evaluate", path)
    parts = {r.key: r for r in read_records(Book.read(path.read_bytes()), Contributions)}
    assert parts["V-0001/C-0001/v1-S3.1"]["mean"] == mark


def test_s3_bands_that_leave_a_gap_are_refused_by_the_command(tmp_path: Path) -> None:
    rows = {**in_order(), "indicators": indicator_rows("zh-CN"), "bands": default_rows("zh-CN")["bands"]}
    del rows["bands"][1]
    answer = command("evaluate", saved(tmp_path, rows))
    assert not answer["ok"] and "v1-S3.1" in answer["refused"]["V-0001"]


def serving(folder: Path, rows: Rows) -> tuple[House, FlaskClient]:
    """A house with its book, and somebody at its forms."""
    house = open_house(saved(folder, rows), folder / "data")
    house.delivery.run()
    app = create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox)
    return house, app.test_client()


def table_of(path: Path, table: type[Table]) -> list[Record]:
    return read_records(Book.read(path.read_bytes()), table)


def test_s4_a_bank_report_without_authorisation_is_refused(tmp_path: Path) -> None:
    house, client = serving(tmp_path, in_order())
    before = house.inbox.state().counts
    for number, files in (("", {"authorisation_file": upload(PDF, "授权书.pdf")}), ("SQ-2026-18", {})):
        answer = send(client, "candidate", bank_report="yes", bank_authorisation=number, **files)
        assert answer.status_code == 422 and ("授权书文件" if number else "授权书编号") in answer.text
        assert house.inbox.state().counts == before
    whole = {"bank_authorisation": "SQ-2026-18", "authorisation_file": upload(PDF, "授权书.pdf")}
    assert send(client, "candidate", bank_report="yes", **whole).status_code == 303
    house.delivery.run()
    row = table_of(house.path, Candidates)[-1]
    assert (
        row.text("authorisation_file").startswith("授权书.pdf") and findings(house.path, "S4-authorisation-file") == []
    )


def test_s4_amounts_come_with_year_currency_and_source_from_the_form_to_the_finding(tmp_path: Path) -> None:
    house, client = serving(tmp_path, in_order())
    page = client.get("/forms/candidate").text
    assert all(
        label in page
        for label in ("年营收（万元）", "净利润（万元）", "经营现金流（万元）", "融资历史", "财务数据来源", "人民币")
    )
    amounts = {"annual_revenue": "12,345.6", "profit": "-80", "operating_cash_flow": "-12.5"}
    history = "2024-06，A 轮，3000 万元人民币，投资方公告\n2025-01，B 轮，1 亿元"
    assert send(client, "candidate", **amounts, financing=history).status_code == 303
    house.delivery.run()
    row = table_of(house.path, Candidates)[-1]
    assert (row["annual_revenue"], row["operating_cash_flow"]) == (Decimal("123456000.00"), Decimal("-125000.00"))
    for rule, column in (("S4-year", "营收年度"), ("S4-source", "财务数据来源"), ("S4-financing", "融资历史")):
        (found,) = findings(house.path, rule)
        assert (found["key"], found["column"]) == (row.key, column)
    book = Book.read(house.path.read_bytes())
    mended = {"营收年度": 2025, "财务数据来源": "审计报告", "融资历史": history.splitlines()[0]}
    book.update("candidates", "候选编号", {row.key: mended})
    house.path.write_bytes(book.to_bytes())
    assert [one["rule"] for one in command("check", house.path)["findings"] if one["rule"].startswith("S4")] == []


def test_s6_a_certificate_is_flagged_from_the_day_after_it_ends(tmp_path: Path) -> None:
    rows = in_order()
    rows["candidates"][0]["certificates"] = f"ISO 9001，Q-77，{TODAY:%Y-%m-%d}"
    rows["candidates"][1]["certificates"] = f"ISO 27001，I-12，{TODAY - timedelta(days=1):%Y-%m-%d}"
    path = saved(tmp_path, rows)
    (found,) = findings(path, "S6-certificate")
    assert found["key"] == "C-0002" and "ISO 27001" in found["message"]
    command("evaluate", path)  # from now on the table tells it, and tells it once
    (found,) = findings(path, "S6-certificate")
    assert (found["sheet"], found["key"], found["column"]) == ("资质证书", "H-0002", "有效期至")


def test_s6_a_line_of_the_form_is_a_row_with_number_and_last_day_and_a_second_evaluation_changes_no_byte(
    tmp_path: Path,
) -> None:
    house, client = serving(tmp_path, in_order())
    soon = TODAY + timedelta(days=20)
    lines = f"ISO 9001，Q-77，{soon}\n软件著作权，SR-5，长期\n安全生产许可证，2029-12-31\n某种认证"
    assert send(client, "candidate", certificates=lines).status_code == 303
    house.delivery.run()
    command("evaluate", house.path)
    firm = table_of(house.path, Candidates)[-1]
    told = [(r.text("title"), r.text("number"), r["until"], r["candidate"]) for r in table_of(house.path, Certificates)]
    assert told == [
        ("ISO 9001", "Q-77", soon, firm.key),
        ("软件著作权", "SR-5", None, firm.key),
        ("安全生产许可证", "", date(2029, 12, 31), firm.key),
    ]
    before = house.path.read_bytes()
    assert command("evaluate", house.path)["changed"] is False and house.path.read_bytes() == before
    (unread,), (unnumbered,) = findings(house.path, "S6-undated"), findings(house.path, "S6-number")
    assert (unread["key"], unnumbered["key"]) == (firm.key, "H-0003")
    ahead = [t for t in table_of(house.path, Todo) if t["subject"] == "H-0001"]
    assert [t["due"] for t in ahead] == [soon] and f"证书将于 {soon} 到期" in ahead[0].text("matter")


def test_s6_a_renewal_that_staff_enter_settles_the_expired_certificate(tmp_path: Path) -> None:
    rows = in_order()
    rows["candidates"][0]["certificates"] = f"ISO 9001，Q-77，{TODAY - timedelta(days=1)}"
    path = saved(tmp_path, rows)
    command("evaluate", path)
    assert len(findings(path, "S6-certificate")) == 1
    book = Book.read(path.read_bytes())
    new = {
        "证书": "ISO 9001",
        "证书编号": "Q-88",
        "期限": "有截止日",
        "有效期至": TODAY + timedelta(days=900),
        "候选编号": "C-0001",
    }
    book.append("certificates", [new])
    path.write_bytes(book.to_bytes())
    assert findings(path, "S6-certificate") == []
    command("evaluate", path)
    assert [(r.key, r["ended"]) for r in table_of(path, Certificates)] == [("H-0001", "新证 H-0002"), ("H-0002", None)]


def test_s7_full_marks_do_not_buy_an_expired_licence(tmp_path: Path) -> None:
    rows = selection_rows(mark=lambda firm, _person, _indicator: 5 if firm == 1 else 3)
    for row in rows["candidates"]:
        row["records_checked"] = TODAY
    best = rows["candidates"][0]
    best |= {"licence_until": TODAY - timedelta(days=1), "team_size": Decimal(200), "patents": Decimal(80)}
    best["annual_revenue"] = Decimal("900000000.00")
    answer = command("evaluate", saved(tmp_path, rows))
    outcomes = {one["candidate"]: one for one in answer["panels"][0]["candidates"]}
    assert outcomes["C-0001"]["score"] == "100.00" and outcomes["C-0001"]["rank"] is None
    cell = {r.key: r for r in read_records(Book.read((tmp_path / "伙伴簿.xlsx").read_bytes()), Results)}
    assert (cell["V-0001/C-0001"]["state"], cell["V-0001/C-0002"]["rank"]) == ("disqualified", 1)


def test_s8_a_query_older_than_the_configured_days_has_to_be_made_again(tmp_path: Path) -> None:
    rows = in_order()
    rows["candidates"][0]["records_checked"] = TODAY - timedelta(days=91)
    rows["candidates"][1]["records_checked"] = TODAY - timedelta(days=90)
    (found,) = findings(saved(tmp_path, rows), "S8-query")
    assert found["key"] == "C-0001" and "需重查" in found["message"]


def test_s9_the_whole_tree_is_counted_by_the_command(tmp_path: Path) -> None:
    answer = command("evaluate", saved(tmp_path, in_order()))
    # S2 3, S3 5, S4 4, S5 4, S6 3, S7 1 beyond the gate, S8 2, S9 9; three gates in S7.
    assert answer["panels"][0]["tree"] == {"dimensions": 8, "indicators": 3 + 5 + 4 + 4 + 3 + 1 + 2 + 9, "gates": 3}


def test_s14_weights_that_do_not_sum_to_a_hundred_are_refused_and_the_book_stays(tmp_path: Path) -> None:
    rows = {**in_order(), "indicators": indicator_rows("zh-CN"), "bands": default_rows("zh-CN")["bands"]}
    next(row for row in rows["indicators"] if row["indicator"] == "v1-S9")["weight"] = Decimal("15.5")
    path = saved(tmp_path, rows)
    answer = command("evaluate", path)
    assert not answer["ok"] and "100.5" in answer["refused"]["V-0001"]
    assert not [r for r in read_records(Book.read(path.read_bytes()), Results) if r["score"] is not None]
