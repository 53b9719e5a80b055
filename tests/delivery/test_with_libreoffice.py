"""People work on the book in a real spreadsheet program; the next delivery still lands right."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from forms_server.house import House
from forms_server.inbox import Incoming
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, ids_of, rows_of
from tests.office import SYSTEM_PYTHON, running
from workbook.ooxml.lint import lint

pytestmark = pytest.mark.libreoffice


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("profile")) as port:
        yield port


@pytest.fixture
def person(office: int) -> Callable[..., None]:
    def edit(book: Path, *steps: str) -> None:
        script = Path(__file__).with_name("calc_edit.py")
        done = subprocess.run(
            [SYSTEM_PYTHON, str(script), str(office), str(book), *steps],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        Path(f"{book}.saved").replace(book)

    return edit


def test_after_sorting_filtering_renaming_and_a_new_column_the_next_row_lands_right(
    house: House, person: Callable[..., None]
) -> None:
    for n in range(1, 7):
        house.inbox.submit(candidate(n, team_size=str(n * 10)))
    house.delivery.run()
    person(
        house.path, "sort:研发团队人数", "column:企业名称=我们的列", "type:C-0002:我们的列=自己的话",
        "rename:候选提交=候选名单", "filter:企业名称=企业3",
    )  # fmt: skip
    before = rows_of(house.path)
    assert [row["研发团队人数"] for row in before] == [60, 50, 40, 30, 20, 10]  # the person's own order
    house.inbox.submit(candidate(7, team_size="70", main_business="=cmd|' /C calc'!A0"))
    done = house.delivery.run()
    assert (done.delivered, done.reasons) == (1, [])

    after = rows_of(house.path)
    assert after[:6] == before  # nothing of theirs moved or changed
    assert after[6]["企业名称"] == "企业7"
    assert after[6]["主营业务"] == "=cmd|' /C calc'!A0"
    assert after[6]["我们的列"] is None
    assert [row["我们的列"] for row in after if row["候选编号"] == "C-0002"] == ["自己的话"]
    opened = openpyxl.load_workbook(house.path)
    sheet = opened["候选名单"]
    last = sheet.tables["candidates"].ref.split(":")[1]
    assert not sheet.row_dimensions[
        int("".join(c for c in last if c.isdigit()))
    ].hidden  # filtered rows stay hidden, the new one shows
    assert verify_receipts(house.inbox, house.path).ok
    assert lint(house.path.read_bytes()) == ()

    person(house.path, "type:C-0007:负责人=采购")  # and the program still opens what we wrote
    assert [row["负责人"] for row in rows_of(house.path) if row["候选编号"] == "C-0007"] == ["采购"]


def test_three_rows_deleted_in_the_program_are_reported_and_stay_away(
    house: House, person: Callable[..., None]
) -> None:
    for n in range(1, 6):
        house.inbox.submit(candidate(n))
    house.delivery.run()
    person(house.path, "delete:C-0002", "delete:C-0003", "delete:C-0005")
    done = house.delivery.run()
    assert sorted(done.deleted) == ["C-0002", "C-0003", "C-0005"]
    house.inbox.submit(candidate(6))
    house.delivery.run()
    assert ids_of(house.path) == [candidate(n).id for n in (1, 4, 6)]


def test_a_copy_saved_by_the_program_before_and_put_back_later_gets_its_rows_again(
    house: House, person: Callable[..., None], tmp_path: Path
) -> None:
    house.inbox.submit(candidate(1))
    house.delivery.run()
    person(house.path, "type:C-0001:负责人=法务")
    house.delivery.run()
    backup = tmp_path / "backup.xlsx"
    shutil.copy(house.path, backup)
    for n in (2, 3):
        house.inbox.submit(candidate(n))
    house.delivery.run()
    shutil.copy(backup, house.path)
    assert house.delivery.run().again == 2
    house.delivery.run()
    assert ids_of(house.path) == [candidate(n).id for n in (1, 2, 3)]
    assert rows_of(house.path)[0]["负责人"] == "法务"


def test_every_kind_of_cell_that_the_program_saved_still_counts_as_delivered(
    house: House, person: Callable[..., None]
) -> None:
    """The program writes numbers, days and texts its own way; a correction of each of them still goes in."""
    file = {"id": "0" * 32, "name": "介绍.pdf", "size": 200_000, "sha256": "00", "kind": "pdf"}
    first = {
        "legal_name": "=1+1", "main_business": "一\n二  三\n", "technology": "_x0041_ & <b>", "phone": "057112345678",
        "annual_revenue": "1234567.80", "profit": "-0.10", "team_size": "7", "revenue_year": "2025",
        "licence_term": "dated", "licence_until": "2039-03-07", "bank_report": "no", "profile_file": [file],
    }  # fmt: skip
    second = {
        "legal_name": "甲", "main_business": "新", "technology": "新", "phone": "13800138001", "annual_revenue": "1.00",
        "profit": "2.00", "team_size": "8", "revenue_year": "2026", "licence_term": "open", "bank_report": "yes",
        "bank_authorisation": "A-1", "company_type": "stock", "profile_file": None,
    }  # fmt: skip
    report = {
        "company": "乙", "severity": "major", "kind": "leak", "occurred_at": "2026-11-20 08:00:59", "ongoing": "yes",
        "scope": "x", "description": "y", "reporter": "z", "phone": "13800138000",
    }  # fmt: skip
    answer = {
        "company": "丙", "side": "them", "occasion": "yearly", "goals": 4, "communication": 0, "problem_solving": 5,
        "delivery": 3, "mutuality": 2, "respondent": "李", "email": "a@example.com",
    }  # fmt: skip
    others = [
        (Incoming(candidate(8).id, "incident", "incidents", report), {**report, "occurred_at": "2026-11-21 09:00:00"}),
        (Incoming(candidate(9).id, "satisfaction", "satisfaction", answer), {**answer, "goals": 0, "communication": 1}),
    ]
    house.inbox.submit(candidate(1, **first))
    for incoming, _ in others:
        house.inbox.submit(incoming)
    assert house.delivery.run().delivered == 3
    person(house.path, "type:C-0001:备注=存过")
    house.inbox.submit(candidate(1, **{k: v for k, v in second.items() if v is not None}), version=2)
    for incoming, newer in others:
        house.inbox.submit(Incoming(incoming.id, incoming.form, incoming.table, newer), version=2)
    done = house.delivery.run()
    assert (done.corrected, done.kept, done.reasons) == (3, [], [])
    (row,) = rows_of(house.path)
    assert (row["企业名称"], row["年营收"], row["净利润"], row["执照截止日"]) == ("甲", 1, 2, None)
    assert (row["公司介绍"], row["企业类型"], row["备注"], row["版本"]) == ("待补", "股份有限公司", "存过", 2)
    assert rows_of(house.path, "incidents")[0]["发生时间"].isoformat() == "2026-11-21T09:00:00"
    assert rows_of(house.path, "satisfaction")[0]["合作目标达成度"] == "不了解"
    assert verify_receipts(house.inbox, house.path).ok
