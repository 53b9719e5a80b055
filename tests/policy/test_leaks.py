"""Nothing above its level leaves: a mark in every cell of the book, and every way out for a partner is searched for it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import workbook.exporting as exporting
from forms_server.app import ServerSettings, create_app
from forms_server.house import House, open_house
from forms_server.inbox import Incoming
from tests.forms.conftest import CANDIDATE
from tests.selection_books import TODAY
from workbook.build import new_workbook
from workbook.cli import main
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rows import headers
from workbook.sample import sample_rows
from workbook.schema import COMPUTED, PARTNER, PUBLIC, Column, Key, Ref, Table, Text
from workbook.tables import BY_NAME, TABLES, Candidates, Partners

MARK = "ZQ7CANARY"
OWN, OTHER = "P-0001", "P-0002"


def marks(column: Column) -> bool:
    """Text columns take the mark; keys and references hold the book together, headers of settings name them."""
    return isinstance(column, Text) and not isinstance(column, Key | Ref) and column.max_length >= 30


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, with a mark of its own in every text cell: table, row, column and level stand in it."""
    rows = sample_rows(1, TODAY)
    code = rows["partners"][0].get("credit_code")
    for row in rows["candidates"][:1]:
        row["credit_code"] = code
    rows |= what_follows()
    for name in ("contracts", "satisfaction", "incidents", "proposals"):
        for number, row in enumerate(rows.get(name, [])):
            row["partner"] = OWN if number % 2 == 0 else OTHER
    book = Book.read(new_workbook(rows=rows, today=TODAY))
    for table in TABLES:
        if table.name in ("settings", "indicators", "bands"):
            continue  # what the company says to everybody, and the rubric that reviewers read
        where = headers(table, book.table(table.name).columns)
        changes = {
            record.number: {
                where[name]: f"{MARK}.{table.name}.{record.number}.{name}"
                for name, column in table.columns.items()
                if marks(column) and name in where
            }
            for record in read_records(book, table)
        }
        if any(changes.values()):
            book.update_rows(table.name, where[table.key().name], changes)
    path = tmp_path_factory.mktemp("marked") / "伙伴簿.xlsx"
    path.write_bytes(book.to_bytes())
    return path


def what_follows() -> dict[str, list[dict[str, Any]]]:
    """Appeals, incentives, plans, enablement and clause changes of both partners, which the sample has none of."""
    both = list(enumerate((OWN, OTHER, OWN, OTHER), start=1))
    granted = ("granted", "granted", "due", "approved")
    return {
        "appeals": [{"appeal": f"AP-{n:04d}", "partner": p, "status": "upheld"} for n, p in both],
        "incentives": [
            {"incentive": f"IN-{n:04d}", "partner": p, "period": "2025", "grade": "A", "status": granted[n - 1]} for n, p in both
        ],
        "plans": [{"plan": f"PL-{n:04d}", "partner": p} for n, p in both],
        "enablements": [{"enablement": f"EN-{n:04d}", "partner": p} for n, p in both],
        "clause_changes": [{"clause_change": f"CC-{n:04d}", "contract": f"K-000{n}"} for n, _ in both],
    }  # fmt: skip


def leaked(text: str, allowed: Callable[[str, str, str], bool]) -> list[str]:
    """The marks in a text that may not be there; `allowed` is asked with table, row and column."""
    found = re.findall(rf"{MARK}\.(\w+)\.(\d+)\.(\w+)", text)
    return sorted({".".join(one) for one in found if not allowed(*one)})


def nothing(_table: str, _row: str, _column: str) -> bool:
    return False


def searched(data: bytes) -> str:
    """Everything that a file holds, unzipped."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def own_rows(path: Path) -> dict[str, set[str]]:
    """The rows of the partner by table, found here by another way than the product's."""
    book = Book.read(path.read_bytes())
    code = next(r for r in read_records(book, Partners) if r.key == OWN).text("credit_code")
    numbers: dict[str, set[str]] = {}
    contracts = {r.key for r in read_records(book, BY_NAME["contracts"]) if r.text("partner") == OWN}
    firms = {r.key for r in read_records(book, Candidates) if code and r.text("credit_code") == code}
    for table in TABLES:
        for r in read_records(book, table):
            is_own = (
                (
                    table.name == "certificates"
                    and (r.text("partner") == OWN or (r["partner"] is None and r.text("candidate") in firms))
                )
                or (table.name == "partners" and r.key == OWN)
                or (table is Candidates and code and r.text("credit_code") == code)
                or (
                    table.name in ("contracts", "satisfaction", "incidents", "onboarding", "proposals", "appeals")
                    and r.text("partner") == OWN
                )
                or (table.name == "incentives" and r.text("partner") == OWN and r["status"] == "granted")
                or (table.name in ("clauses", "onboarding") and r.text("contract") in contracts)
            )
            if is_own:
                numbers.setdefault(table.name, set()).add(str(r.number))
    return numbers


def test_s1_an_export_for_one_partner_holds_no_other_row_and_no_internal_column(marked: Path, tmp_path: Path) -> None:
    target = tmp_path / "给伙伴.xlsx"
    assert main(["export", str(marked), "--partner", OWN, "-o", str(target)], standalone_mode=False) in (None, 0)
    text = searched(target.read_bytes())
    mine = own_rows(marked)

    def may(table: str, row: str, column: str) -> bool:
        declared = BY_NAME[table].columns[column]
        return row in mine.get(table, set()) and (
            declared.level is PUBLIC or declared.shown_to_partner or declared.owner is PARTNER
        )

    assert leaked(text, may) == []
    assert len(re.findall(MARK, text)) >= 5  # it is not empty either
    there = {table for table, _, _ in re.findall(rf"{MARK}\.(\w+)\.(\d+)\.(\w+)", text)}
    assert {"proposals", "appeals", "incentives"} <= there
    assert not there & {"plans", "enablements", "clause_changes", "incentive_rules", "frozen"}
    for secret in ("bottom_line", "flexibility", "remark"):
        assert f".{secret}" not in text


def test_an_export_that_leaks_fails_this_test(marked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "may_leave", lambda _table, _column: True)
    data = exporting.as_workbook(exporting.partner_export(Book.read(marked.read_bytes()), OWN))
    mine = own_rows(marked)

    def may(table: str, row: str, column: str) -> bool:
        declared = BY_NAME[table].columns[column]
        return row in mine.get(table, set()) and (declared.level is PUBLIC or declared.owner is PARTNER)

    assert leaked(searched(data), may)


def test_a_partner_who_is_not_there_or_stands_twice_gets_no_export(marked: Path) -> None:
    book = Book.read(marked.read_bytes())
    with pytest.raises(exporting.NoSuchPartner, match="P-9999"):
        exporting.partner_export(book, "P-9999")


@pytest.fixture
def house(marked: Path, tmp_path: Path) -> House:
    path = tmp_path / marked.name
    path.write_bytes(marked.read_bytes())
    return open_house(path, tmp_path / "data")


def test_no_page_for_partners_shows_a_cell_above_its_level(house: House) -> None:
    values = {n: v for n, v in CANDIDATE.items() if n not in ("consent",)}
    code = house.inbox.submit(Incoming("00000000-0000-4000-8000-00000000c0de", "candidate", "candidates", {
        **values, "phone": "13800138000", "business_scope": "精密结构件"}))  # fmt: skip
    house.delivery.run()
    data = house.path.read_bytes()
    book = Book.read(data)
    table: type[Table] = Candidates
    where = headers(table, book.table(table.name).columns)
    mine = next(r for r in read_records(book, table) if r["submission_id"] == "00000000-0000-4000-8000-00000000c0de")
    typed = {
        where[n]: f"{MARK}.candidates.{mine.number}.{n}"
        for n, c in table.columns.items()
        if marks(c) and c.owner is not COMPUTED
    }
    book.update_rows(table.name, where["candidate"], {mine.number: typed})
    house.path.write_bytes(book.to_bytes())
    house.delivery.run()
    app = create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox)
    client = app.test_client()
    wanted = {r.text("requirement") for r in read_records(book, BY_NAME["publications"]) if r["status"] == "published"}
    published = {
        ("requirements", str(r.number)) for r in read_records(book, BY_NAME["requirements"]) if r.key in wanted
    }
    addresses = ["/", "/forms/candidate", "/forms/satisfaction", "/forms/incident", "/forms/innovation", "/forms/appeal", f"/receipts/{code}", "/receipts/AAAA-BBBB-CCCC-DDDD-EEEE",
                 f"/receipts/{code}/edit", "/healthz", "/readyz", "/i/not-a-token", "/nowhere"]  # fmt: skip
    shown: dict[str, Any] = {}
    for address in addresses:
        for lang in ("zh-CN", "en"):
            answer = client.get(address, headers={"Accept-Language": lang})
            shown[address] = answer.text + str(answer.headers)

            def may(table: str, row: str, column: str) -> bool:
                declared = BY_NAME[table].columns[column]
                if (table, row) in published:  # what is wanted is told to everybody once it is published
                    return declared.level is PUBLIC
                return (table, row) == ("candidates", str(mine.number)) and declared.shown_to_partner

            assert leaked(shown[address], may) == [], address
    assert f"{MARK}.candidates.{mine.number}.reply" in shown[f"/receipts/{code}"]  # the canary sings where it may


def test_s28_s42_the_letter_to_a_partner_holds_its_own_agreed_actions_and_nothing_else(
    marked: Path, tmp_path: Path
) -> None:
    """Every text cell of the book carries its mark; the letter may show the survey's and the partner's name and what was agreed."""
    book = Book.read(marked.read_bytes())
    first = max(record.number for record in read_records(book, BY_NAME["actions"])) + 1
    book.append("actions", [
        {
            "行动编号": f"AC-90{at}", "伙伴编号": partner, "调查编号": "SV-0002", "行动": f"{MARK}.actions.{first + at}.what",
            "负责人": f"{MARK}.actions.{first + at}.handler", "结果": f"{MARK}.actions.{first + at}.result",
            "备注": f"{MARK}.actions.{first + at}.remark",
        }
        for at, partner in enumerate((OWN, OTHER))
    ])  # fmt: skip
    path, letter = tmp_path / "伙伴簿.xlsx", tmp_path / "信.html"
    path.write_bytes(book.to_bytes())
    assert main(["evaluate", str(path)], standalone_mode=False) in (None, 0)
    words = ["survey-letter", str(path), "SV-0002", "--partner", OWN, "-o", str(letter), "--lang", "both"]
    assert main(words, standalone_mode=False) in (None, 0)
    mine = own_rows(path)["partners"]

    def may(table: str, row: str, column: str) -> bool:
        return (table, column) == ("campaigns", "title") or (table, row, column) in {
            ("partners", *mine, "legal_name"), ("actions", str(first), "what"),
        }  # fmt: skip

    text = letter.read_text(encoding="utf-8")
    assert leaked(text, may) == [] and f"{MARK}.actions.{first}.what" in text
