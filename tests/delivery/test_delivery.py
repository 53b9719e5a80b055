"""What delivery promises: every receipt becomes one row, people's edits stand, and what waits says why."""

from __future__ import annotations

import shutil
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from chinese_calendar import is_workday

from forms_server.house import House, open_house
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, edit, ids_of, rows_of
from tests.validator import validate
from workbook import store
from workbook.errors import NotAWorkbook
from workbook.identity import GENERATION, generation_of
from workbook.ooxml import Book


def generation(path: Path) -> int:
    return generation_of(Book.read(path.read_bytes()))


def delete_rows(path: Path, *keys: str) -> None:
    """Delete table rows as a person does: rows go, the table shrinks, the file is saved."""
    import re

    def change(sheet: Any) -> None:
        table = sheet.tables["candidates"]
        first, last = table.ref.split(":")
        top, bottom = int(re.sub(r"\D", "", first)), int(re.sub(r"\D", "", last))
        key_column = 2  # B
        doomed = [r for r in range(top + 1, bottom + 1) if sheet.cell(r, key_column).value in keys]
        assert len(doomed) == len(keys)
        for row in reversed(doomed):
            sheet.delete_rows(row)
        table.ref = f"{first}:{re.sub(r'[0-9]', '', last)}{bottom - len(doomed)}"
        table.autoFilter.ref = table.ref

    edit(path, change)


def test_a_submission_becomes_one_row_with_its_id_key_and_defaults(house: House) -> None:
    house.inbox.submit(candidate(1, legal_name="=甲公司", annual_revenue="1234567.80", team_size="12"))
    done = house.delivery.run()
    assert (done.delivered, done.confirmed, done.reasons) == (1, 1, [])
    (row,) = rows_of(house.path)
    assert row["企业名称"] == "=甲公司"
    assert row["候选编号"] == "C-0001"
    assert row["提交标识"] == candidate(1).id
    assert row["状态"] == "已收到"
    assert row["核实"] == "未核实"
    assert row["公司介绍"] == "待补"
    assert row["年营收"] == 1234567.8
    assert row["版本"] == 1
    assert house.inbox.state().counts["confirmed"] == 1


def test_the_time_of_arrival_stands_in_the_zone_of_the_book(house: House) -> None:
    house.inbox.submit(candidate(1))
    received = house.inbox.all()[0].received_at
    house.delivery.run()
    shown = rows_of(house.path)[0]["提交时间"]
    assert (
        shown - received.replace(tzinfo=None)
    ).total_seconds() == 8 * 3600  # China has had no summer time since 1991


@pytest.mark.validator
def test_the_validator_finds_nothing_in_a_book_after_deliveries(house: House) -> None:
    for number in range(1, 4):
        house.inbox.submit(candidate(number, legal_name="=1+1"))
        assert house.delivery.run().delivered == 1
    assert validate(house.path) == []


def test_a_pass_with_nothing_to_do_changes_no_byte(house: House) -> None:
    house.inbox.submit(candidate(1))
    house.delivery.run()
    before = house.path.read_bytes()
    house.delivery.run()
    assert house.path.read_bytes() == before
    assert house.delivery.idle()


def test_keys_go_on_counting_and_are_never_given_twice(house: House) -> None:
    for n in (1, 2, 3):
        house.inbox.submit(candidate(n))
    house.delivery.run()
    delete_rows(house.path, "C-0003")
    house.inbox.submit(candidate(4))
    house.delivery.run()
    assert [row["候选编号"] for row in rows_of(house.path)] == ["C-0001", "C-0002", "C-0004"]


def test_an_open_book_keeps_rows_waiting_and_closing_it_delivers_them(house: House) -> None:
    mark = house.path.with_name(f"~${house.path.name}")
    mark.write_bytes(b"")
    before = house.path.read_bytes()
    house.inbox.submit(candidate(1))
    done = house.delivery.run()
    assert "Excel" in done.reasons[0]
    assert done.waiting == 1
    assert "Excel" in (house.inbox.state().reason or "")
    assert house.path.read_bytes() == before
    mark.unlink()
    assert house.delivery.run().delivered == 1
    assert house.inbox.state().reason is None


def test_rows_that_a_person_deleted_are_reported_and_never_written_again(house: House) -> None:
    for n in range(1, 6):
        house.inbox.submit(candidate(n))
    house.delivery.run()
    delete_rows(house.path, "C-0001", "C-0003", "C-0005")
    done = house.delivery.run()
    assert done.deleted == ["C-0001", "C-0003", "C-0005"]
    for _ in range(3):
        house.delivery.run()
    assert [row["候选编号"] for row in rows_of(house.path)] == ["C-0002", "C-0004"]
    report = verify_receipts(house.inbox, house.path)
    assert report.ok
    assert report.deleted == ("C-0001", "C-0003", "C-0005")
    assert report.in_book == 2


def test_a_restored_backup_gets_the_rows_that_it_never_held(house: House) -> None:
    house.inbox.submit(candidate(1))
    house.delivery.run()
    backup = house.path.with_suffix(".backup")
    shutil.copy(house.path, backup)
    for n in (2, 3):
        house.inbox.submit(candidate(n))
    house.delivery.run()
    held = [row["候选编号"] for row in rows_of(house.path)]
    shutil.copy(backup, house.path)
    assert house.delivery.run().again == 2
    house.delivery.run()
    assert [row["候选编号"] for row in rows_of(house.path)] == held  # under the keys they had
    assert "较早的版本" in (house.inbox.state().notice or "")
    assert generation(house.path) == 3


def test_a_book_closed_without_saving_loses_nothing(house: House) -> None:
    """Somebody opened the book without an owner file, a delivery came, and they saved their old copy over it."""
    house.inbox.submit(candidate(1))
    house.delivery.run()
    theirs = house.path.read_bytes()
    house.inbox.submit(candidate(2))
    house.delivery.run()
    house.path.write_bytes(theirs)
    house.delivery.run()
    assert sorted(ids_of(house.path)) == sorted([candidate(1).id, candidate(2).id])


def test_a_row_deleted_before_a_restore_stays_deleted(house: House) -> None:
    house.inbox.submit(candidate(1))
    house.delivery.run()
    shutil.copy(house.path, house.path.with_suffix(".old"))
    house.inbox.submit(candidate(2))
    house.delivery.run()
    delete_rows(house.path, "C-0002")
    house.delivery.run()
    shutil.copy(house.path.with_suffix(".old"), house.path)
    house.delivery.run()
    house.delivery.run()
    assert ids_of(house.path) == [candidate(1).id]


def test_what_staff_type_flows_back_as_of_the_last_save(house: House) -> None:
    code = house.inbox.submit(candidate(1))
    house.delivery.run()

    def decide(sheet: Any) -> None:
        heads = {cell.value: cell.column for cell in sheet[5]}
        sheet.cell(6, heads["状态"]).value = "退回补正"
        sheet.cell(6, heads["给伙伴的话"]).value = "请补交资质证明"
        sheet.cell(6, heads["备注"]).value = "机密：报价偏高"

    edit(house.path, decide)
    house.delivery.run()
    receipt = house.inbox.receipt(code)
    assert receipt is not None
    assert receipt.shown == {"status": "退回补正", "reply": "请补交资质证明"}  # and never the remark
    assert receipt.as_of == store.read(house.path).saved_at


def test_a_renamed_column_makes_its_table_wait_and_leaves_the_others_alone(house: House) -> None:
    from forms_server.inbox import Incoming

    def rename(sheet: Any) -> None:
        table = sheet.tables["candidates"]
        for cell in sheet[5]:
            if cell.value == "主营业务":
                cell.value = "主业"
        for column in table.tableColumns:
            if column.name == "主营业务":
                column.name = "主业"

    edit(house.path, rename)
    house.inbox.submit(candidate(1))
    house.inbox.submit(Incoming("00000000-0000-0000-0000-0000000000aa", "incident", "incidents", {
        "company": "乙", "severity": "major", "kind": "leak", "occurred_at": "2026-11-20 08:00:00", "ongoing": "yes",
        "scope": "x", "description": "y", "reporter": "z", "phone": "13800138000",
    }))  # fmt: skip
    done = house.delivery.run()
    assert done.delivered == 1
    assert done.waiting == 1
    assert "主营业务" in done.reasons[0] and "candidates" in done.reasons[0]
    assert len(rows_of(house.path, "incidents")) == 1
    assert house.inbox.all("waiting")[0].table == "candidates"


def test_another_book_at_the_same_path_is_not_written_to(house: House, tmp_path: Path) -> None:
    from workbook.build import new_workbook

    other = new_workbook()
    house.path.write_bytes(other)
    house.inbox.submit(candidate(1))
    done = house.delivery.run()
    assert "不是这个收件箱的工作簿" in done.reasons[0]
    assert house.path.read_bytes() == other


def test_a_foreign_book_is_refused_with_what_to_do(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "foreign.xlsx"
    xlsxwriter.Workbook(str(path)).close()
    with pytest.raises(NotAWorkbook, match="partnerbook new"):
        open_house(path, tmp_path / "data")


def test_a_renamed_and_moved_book_finds_its_inbox_again(house: House, tmp_path: Path) -> None:
    house.inbox.submit(candidate(1))
    moved = tmp_path / "elsewhere" / "改名.xlsx"
    moved.parent.mkdir()
    house.path.rename(moved)
    assert open_house(moved, tmp_path / "data").delivery.run().delivered == 1


def test_two_servers_racing_write_every_row_once(house: House, tmp_path: Path) -> None:
    rival = open_house(house.path, tmp_path / "data")
    for n in range(1, 41):
        house.inbox.submit(candidate(n))
    house.delivery.batch = rival.delivery.batch = 7

    def work(one: House) -> None:
        for _ in range(60):
            one.delivery.run()
            if one.delivery.idle():
                break

    threads = [threading.Thread(target=work, args=(one,)) for one in (house, rival)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids_of(house.path)) == sorted(candidate(n).id for n in range(1, 41))


def test_a_copied_row_is_told_and_counted_as_doubled(house: House) -> None:
    house.inbox.submit(candidate(1))
    house.delivery.run()

    def copy_row(sheet: Any) -> None:
        table = sheet.tables["candidates"]
        for cell in list(sheet[6]):
            sheet.cell(7, cell.column).value = cell.value
        table.ref = table.ref[:-1] + "7"
        table.autoFilter.ref = table.ref

    edit(house.path, copy_row)
    done = house.delivery.run()
    assert len(done.doubled) == 1
    report = verify_receipts(house.inbox, house.path)
    assert not report.ok
    assert "出现 2 次" in report.text()


def test_a_text_that_only_the_writer_can_refuse_holds_up_nobody_else(house: House) -> None:
    house.inbox.submit(candidate(1))
    house.inbox.submit(candidate(2, main_business="x" * 40_000))  # past the form's own check
    house.inbox.submit(candidate(3))
    done = house.delivery.run()
    assert done.delivered == 2
    assert done.waiting == 1
    assert sorted(ids_of(house.path)) == sorted([candidate(1).id, candidate(3).id])


def test_the_generation_is_hidden_and_rises_with_each_delivery(house: House) -> None:
    for n in (1, 2):
        house.inbox.submit(candidate(n))
        house.delivery.run()
        assert generation(house.path) == n
    assert Book.read(house.path.read_bytes()).defined_name(GENERATION) == "2"


def test_each_new_row_brings_a_to_do_with_its_due_date_once(house: House) -> None:
    for n in (1, 2):
        house.inbox.submit(candidate(n))
    house.delivery.run()
    todo = rows_of(house.path, "todo")
    assert [(row["待办编号"], row["对象"], row["状态"], row["页面"]) for row in todo] == [
        ("T-0001", "C-0001", "未完成", "candidates"), ("T-0002", "C-0002", "未完成", "candidates"),
    ]  # fmt: skip
    arrived, due = rows_of(house.path)[0]["提交时间"].date(), todo[0]["到期"].date()
    between = [arrived + timedelta(days=n) for n in range(1, (due - arrived).days + 1)]
    assert sum(map(is_workday, between)) == 5 and is_workday(due)  # 设置.核实期限, in working days
    backup = house.path.read_bytes()
    house.inbox.submit(candidate(3))
    house.delivery.run()
    house.path.write_bytes(backup)
    for _ in range(2):
        house.delivery.run()
    assert [row["对象"] for row in rows_of(house.path, "todo")] == ["C-0001", "C-0002", "C-0003"]


def test_a_book_whose_to_do_page_is_gone_still_takes_submissions(house: House) -> None:
    opened = openpyxl.load_workbook(house.path)
    del opened["待办与提醒"]
    opened.save(house.path)
    house.inbox.submit(candidate(1))
    assert house.delivery.run().delivered == 1
