"""What corrections promise: the partner's newest words reach the row, and not one cell that staff changed is lost."""

from __future__ import annotations

import re
import shutil
import uuid
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from forms_server.database import submissions
from forms_server.house import House, open_house
from forms_server.inbox import InboxUnavailable, Incoming, SubmissionClosed, SubmissionConflict, VersionGap
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, edit, ids_of, rows_of
from tests.delivery.test_delivery import delete_rows, generation
from workbook.correcting import Spot, holds, same
from workbook.errors import PartnerBookError
from workbook.ooxml import Book
from workbook.ooxml.lint import lint
from workbook.rows import to_cell
from workbook.schema import KINDS, FileRef
from workbook.tables import Candidates, Incidents


def row_of(house: House, key: str = "C-0001") -> dict[str, Any]:
    return next(row for row in rows_of(house.path) if row["候选编号"] == key)


def log_of(house: House) -> list[tuple[Any, ...]]:
    return [(r["行"], r["列"], r["原值"], r["新值"], r["版本"]) for r in rows_of(house.path, "changes")]


def type_in(house: House, key: str, **cells: Any) -> None:
    """Staff type into a row and save."""

    def change(sheet: Any) -> None:
        heads = {cell.value: cell.column for cell in sheet[5]}
        number = next(r for r in range(6, sheet.max_row + 1) if sheet.cell(r, heads["候选编号"]).value == key)
        for header, value in cells.items():
            sheet.cell(number, heads[header]).value = value

    edit(house.path, change)


def delivered(house: House, number: int = 1, **values: Any) -> str:
    code = house.inbox.submit(candidate(number, **values))
    assert house.delivery.run().reasons == []
    return code


# --- the inbox --------------------------------------------------------------------------------------------------------


def test_a_correction_keeps_the_receipt_and_becomes_the_next_version(house: House) -> None:
    code = house.inbox.submit(candidate(1))
    assert house.inbox.submit(candidate(1, legal_name="新名"), version=2) == code
    receipt = house.inbox.receipt(code)
    assert receipt is not None
    assert (receipt.version, receipt.values["legal_name"]) == (2, "新名")


def test_the_same_version_again_is_the_same_and_with_another_body_a_conflict(house: House) -> None:
    house.inbox.submit(candidate(1))
    house.inbox.submit(candidate(1, legal_name="新名"), version=2)
    house.inbox.submit(candidate(1, legal_name="新名"), version=2)
    assert len(house.inbox.all()) == 2
    with pytest.raises(SubmissionConflict):
        house.inbox.submit(candidate(1, legal_name="又一名"), version=2)
    with pytest.raises(SubmissionConflict):
        house.inbox.submit(candidate(1, legal_name="改头"), version=1)
    assert [row.version for row in house.inbox.all()] == [1, 2]


def test_versions_are_consecutive_and_begin_with_a_submission(house: House) -> None:
    with pytest.raises(VersionGap, match="没有这份提交"):
        house.inbox.submit(candidate(1), version=2)
    house.inbox.submit(candidate(1))
    with pytest.raises(VersionGap, match="现在是第 1 版"):
        house.inbox.submit(candidate(1, legal_name="新名"), version=3)


def test_a_correction_under_another_form_is_a_conflict(house: House) -> None:
    house.inbox.submit(candidate(1))
    other = Incoming(candidate(1).id, "incident", "incidents", {"company": "甲"})
    with pytest.raises(SubmissionConflict):
        house.inbox.submit(other, version=2)


def test_a_full_disk_gives_no_receipt_and_leaves_the_version_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.inbox.submit(candidate(1))

    def full(*_: Any) -> Any:
        raise sa.exc.OperationalError("insert", {}, Exception("database or disk is full"))

    monkeypatch.setattr(house.inbox, "_before", full)
    with pytest.raises(InboxUnavailable):
        house.inbox.submit(candidate(1, legal_name="新名"), version=2)
    assert [row.version for row in house.inbox.all()] == [1]


# --- delivery ---------------------------------------------------------------------------------------------------------


def test_a_correction_changes_the_partners_cells_and_leaves_every_cell_of_staff(house: House) -> None:
    delivered(house, main_business="旧业务", annual_revenue="10.50", team_size="5")
    type_in(house, "C-0001", 状态="资料审阅", 备注="内部话", 负责人="王")
    house.inbox.submit(candidate(1, main_business="新业务", annual_revenue="20.00", team_size="5"), version=2)
    done = house.delivery.run()
    assert (done.delivered, done.corrected, done.kept, done.reasons) == (0, 1, [], [])
    row = row_of(house)
    assert (row["主营业务"], row["年营收"], row["版本"]) == ("新业务", 20, 2)
    assert (row["状态"], row["备注"], row["负责人"], row["研发团队人数"]) == ("资料审阅", "内部话", "王", 5)
    assert log_of(house) == [("C-0001", "主营业务", "旧业务", "新业务", 2), ("C-0001", "年营收", "10.5", "20", 2)]
    logged = rows_of(house.path, "changes")[0]
    assert logged["来源"] == "伙伴" and "第 2 版" in logged["说明"] and logged["时间"] is not None
    assert len(rows_of(house.path)) == 1 and lint(house.path.read_bytes()) == ()
    report = verify_receipts(house.inbox, house.path)
    assert report.ok and report.corrected == 1


def test_a_cell_that_staff_changed_is_kept_and_the_difference_is_logged_and_becomes_a_to_do(house: House) -> None:
    delivered(house, main_business="旧业务", technology="旧技术")
    type_in(house, "C-0001", 主营业务="员工核实过的业务")
    house.inbox.submit(candidate(1, main_business="新业务", technology="新技术"), version=2)
    done = house.delivery.run()
    assert done.kept == ["C-0001 主营业务"]
    row = row_of(house)
    assert (row["主营业务"], row["核心技术"], row["版本"]) == ("员工核实过的业务", "新技术", 2)
    assert ("C-0001", "主营业务", "员工核实过的业务", "新业务", 2) in log_of(house)
    what = {r["列"]: r["说明"] for r in rows_of(house.path, "changes")}
    assert "没有写进" in what["主营业务"] and "员工" in what["主营业务"] and "已写入" in what["核心技术"]
    todo = rows_of(house.path, "todo")[-1]
    assert todo["对象"] == "C-0001" and "第 2 版" in todo["事项"] and "主营业务" in todo["事项"]
    report = verify_receipts(house.inbox, house.path)
    assert report.ok and report.kept == ("C-0001 主营业务",)


def test_a_cell_kept_once_is_not_told_again_until_the_partner_changes_it_again(house: House) -> None:
    delivered(house, main_business="一", technology="甲")
    type_in(house, "C-0001", 主营业务="员工的")
    house.inbox.submit(candidate(1, main_business="二", technology="甲"), version=2)
    house.delivery.run()
    house.inbox.submit(candidate(1, main_business="二", technology="乙"), version=3)
    assert house.delivery.run().kept == []
    house.inbox.submit(candidate(1, main_business="三", technology="乙"), version=4)
    assert house.delivery.run().kept == ["C-0001 主营业务"]
    assert row_of(house)["主营业务"] == "员工的"
    kept = [(row[3], row[4]) for row in log_of(house) if row[1] == "主营业务"]
    assert kept == [("二", 2), ("三", 4)]


def test_staff_who_typed_the_correction_first_are_not_asked_about_it(house: House) -> None:
    delivered(house, main_business="旧")
    type_in(house, "C-0001", 主营业务="新")
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    assert house.delivery.run().kept == []
    assert log_of(house) == [] and row_of(house)["版本"] == 2


def test_a_formula_that_staff_put_into_a_cell_is_kept_even_if_it_shows_what_was_delivered(house: House) -> None:
    delivered(house, team_size="5")
    sheet = openpyxl.load_workbook(house.path)["候选提交"]
    place = next(cell.column_letter for cell in sheet[5] if cell.value == "研发团队人数") + "6"
    with zipfile.ZipFile(house.path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    part = Book.read(house.path.read_bytes()).table("candidates").sheet_part
    with_formula = rb"\g<1><f>2+3</f><v>5</v>"
    parts[part], count = re.subn(rb'(<c r="%s"[^>]*>)<v>5</v>' % place.encode(), with_formula, parts[part])
    assert count == 1
    with zipfile.ZipFile(house.path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    house.inbox.submit(candidate(1, team_size="9"), version=2)
    assert house.delivery.run().kept == ["C-0001 研发团队人数"]
    assert row_of(house)["研发团队人数"] == "=2+3"


def test_what_the_partner_takes_back_is_emptied(house: House) -> None:
    delivered(house, technology="旧技术", licence_term="dated", licence_until="2039-03-07")
    house.inbox.submit(candidate(1, licence_term="open"), version=2)
    assert house.delivery.run().corrected == 1
    row = row_of(house)
    assert (row["核心技术"], row["执照截止日"], row["营业执照期限"]) == (None, None, "长期有效")


def test_a_file_that_follows_later_takes_the_place_of_its_to_follow(house: House) -> None:
    delivered(house)
    assert row_of(house)["公司介绍"] == "待补"
    file = {"id": "0" * 32, "name": "介绍.pdf", "size": 200_000, "sha256": "00", "kind": "pdf"}
    house.inbox.submit(candidate(1, profile_file=[file]), version=2)
    house.delivery.run()
    assert row_of(house)["公司介绍"] == "介绍.pdf (0.2 MB)"


def test_versions_that_come_before_the_first_delivery_are_one_row_with_the_newest(house: House) -> None:
    house.inbox.submit(candidate(1, main_business="一"))
    first = house.inbox.all()[0].received_at
    with house.inbox._engine.begin() as connection:
        connection.execute(submissions.update().values(received_at=first - timedelta(days=3)))
    house.inbox.submit(candidate(1, main_business="二"), version=2)
    house.inbox.submit(candidate(1, main_business="三"), version=3)
    assert house.inbox.state().counts["waiting"] == 1  # people count submissions
    done = house.delivery.run()
    assert (done.delivered, done.corrected, done.waiting) == (1, 0, 0)
    (row,) = rows_of(house.path)
    assert (row["主营业务"], row["版本"]) == ("三", 3)
    assert (first - timedelta(days=3)).date() in (row["提交时间"].date(), row["提交时间"].date() - timedelta(days=1))
    assert log_of(house) == []
    assert {stored.state for stored in house.inbox.all()} == {"confirmed"}


def test_a_correction_of_a_deleted_row_is_not_written_and_everybody_is_told(house: House) -> None:
    code = delivered(house)
    delivered(house, 2)
    delete_rows(house.path, "C-0001")
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    done = house.delivery.run()
    assert done.deleted == ["C-0001"] and done.corrected == 0
    for _ in range(2):
        house.delivery.run()
    assert ids_of(house.path) == [candidate(2).id]
    receipt = house.inbox.receipt(code)
    assert receipt is not None and receipt.state == "deleted"
    report = verify_receipts(house.inbox, house.path)
    assert report.ok and report.corrections_lost == ("C-0001 第 2 版",)
    assert "更正没有写入" in report.text()


def test_a_restored_backup_gets_its_corrections_again_and_no_second_row_in_the_log(house: House) -> None:
    delivered(house, main_business="一", technology="甲")
    type_in(house, "C-0001", 核心技术="员工的")
    backup = house.path.with_suffix(".backup")
    house.delivery.run()
    shutil.copy(house.path, backup)
    house.inbox.submit(candidate(1, main_business="二", technology="乙"), version=2)
    house.delivery.run()
    newer = house.path.with_suffix(".newer")
    shutil.copy(house.path, newer)
    log = log_of(house)
    shutil.copy(backup, house.path)
    done = house.delivery.run()
    assert (done.again, done.corrected) == (1, 1)
    row = row_of(house)
    assert (row["主营业务"], row["核心技术"], row["版本"]) == ("二", "员工的", 2)
    assert log_of(house) == log
    shutil.copy(newer, house.path)  # and the file that they took away comes back too
    for _ in range(2):
        house.delivery.run()
    assert log_of(house) == log
    assert verify_receipts(house.inbox, house.path).ok


def test_moved_columns_are_found_by_their_headers(house: House) -> None:
    delivered(house, main_business="旧", technology="旧技术")

    def swap(sheet: Any) -> None:
        heads = {cell.value: cell.column for cell in sheet[5]}
        one, other = heads["主营业务"], heads["核心技术"]
        for number in (5, 6):
            left, right = sheet.cell(number, one).value, sheet.cell(number, other).value
            sheet.cell(number, one).value, sheet.cell(number, other).value = right, left
        columns = sheet.tables["candidates"].tableColumns
        by_name = {column.name: column for column in columns}
        by_name["主营业务"].name, by_name["核心技术"].name = "核心技术", "主营业务"

    edit(house.path, swap)
    house.inbox.submit(candidate(1, main_business="新", technology="旧技术"), version=2)
    assert house.delivery.run().corrected == 1
    assert (row_of(house)["主营业务"], row_of(house)["核心技术"]) == ("新", "旧技术")


def test_a_column_that_is_gone_holds_up_only_the_corrections_that_need_it(house: House) -> None:
    for n in (1, 2):
        delivered(house, n, main_business="旧", technology="旧")

    def rename(sheet: Any) -> None:
        for cell in sheet[5]:
            if cell.value == "核心技术":
                cell.value = "技术"
        for column in sheet.tables["candidates"].tableColumns:
            if column.name == "核心技术":
                column.name = "技术"

    edit(house.path, rename)
    house.inbox.submit(candidate(1, main_business="新", technology="旧"), version=2)
    house.inbox.submit(candidate(2, main_business="旧", technology="新"), version=2)
    done = house.delivery.run()
    assert (done.corrected, done.waiting) == (1, 1)
    assert "核心技术" in done.reasons[0]
    assert row_of(house)["主营业务"] == "新"


def test_a_row_that_stands_twice_gets_no_correction_until_one_is_left(house: House) -> None:
    delivered(house)

    def copy_row(sheet: Any) -> None:
        table = sheet.tables["candidates"]
        for cell in list(sheet[6]):
            sheet.cell(7, cell.column).value = cell.value
        table.ref = table.ref[:-1] + "7"
        table.autoFilter.ref = table.ref

    edit(house.path, copy_row)
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    done = house.delivery.run()
    assert done.corrected == 0 and "第 6、7 行" in done.reasons[0] and "只留一行" in done.reasons[0]
    assert house.delivery.idle()  # it waits for a person, not for time
    assert not verify_receipts(house.inbox, house.path).ok


def test_without_the_change_log_corrections_wait_and_new_rows_do_not(house: House) -> None:
    delivered(house)
    opened = openpyxl.load_workbook(house.path)
    del opened["变更记录"]
    opened.save(house.path)
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    house.inbox.submit(candidate(2))
    done = house.delivery.run()
    assert (done.delivered, done.corrected, done.waiting) == (1, 0, 1)
    assert "变更记录" in done.reasons[0] and "更正" in done.reasons[0]
    assert row_of(house)["主营业务"] == "软件开发"


def test_an_older_book_whose_log_lacks_the_new_columns_is_written_to_all_the_same(house: House) -> None:
    def rename(sheet: Any) -> None:
        for cell in sheet[5]:
            if cell.value in ("来源", "版本"):
                cell.value = f"旧{cell.value}"
        for column in sheet.tables["changes"].tableColumns:
            if column.name in ("来源", "版本"):
                column.name = f"旧{column.name}"

    delivered(house)
    edit(house.path, rename, "changes")
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    assert house.delivery.run().corrected == 1
    assert rows_of(house.path, "changes")[0]["新值"] == "新"


def test_a_correction_that_no_cell_can_hold_waits_by_itself(house: House) -> None:
    for n in (1, 2):
        delivered(house, n)
    house.inbox.submit(candidate(1, main_business="x" * 40_000), version=2)
    house.inbox.submit(candidate(2, main_business="新"), version=2)
    done = house.delivery.run()
    assert (done.corrected, done.waiting) == (1, 1)
    assert "C-0001" in done.reasons[0] and "其他提交不受影响" in done.reasons[0]
    assert row_of(house, "C-0002")["主营业务"] == "新" and row_of(house)["版本"] == 1
    assert house.delivery.idle()  # it is tried again in an hour, not every second
    again = house.delivery.run()
    assert again.reasons == done.reasons and again.blocking == []
    house.inbox.submit(candidate(1, main_business="短了"), version=3)  # and what the partner sends next goes at once
    assert house.delivery.run().corrected == 1


def test_verify_names_a_row_that_fell_behind_its_newest_version(house: House) -> None:
    delivered(house)
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    house.delivery.run()
    type_in(house, "C-0001", 主营业务="软件开发", 版本=1)  # somebody pasted the old row over the new one

    def empty(sheet: Any) -> None:
        for number in range(6, sheet.max_row + 1):
            for cell in sheet[number]:
                cell.value = None

    edit(house.path, empty, "changes")
    report = verify_receipts(house.inbox, house.path)
    assert not report.ok
    assert "C-0001" in report.text() and "第 2 版" in report.text() and "写着第 1 版" in report.text()


def test_an_english_book_is_corrected_in_english(tmp_path: Path) -> None:
    from workbook.build import new_workbook

    path = tmp_path / "book.xlsx"
    path.write_bytes(new_workbook(lang="en", book_id=str(uuid.UUID(int=98))))
    house = open_house(path, tmp_path / "data")
    house.inbox.submit(candidate(1))
    house.delivery.run()
    house.inbox.submit(candidate(1, company_type="stock"), version=2)
    assert house.delivery.run().corrected == 1
    assert rows_of(path)[0]["Type of company"] == "Joint stock company"
    assert rows_of(path, "changes")[0]["Row"] == "C-0001"


def test_the_generation_rises_with_each_correction(house: House) -> None:
    delivered(house)
    before = generation(house.path)
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    house.delivery.run()
    assert generation(house.path) == before + 1


# --- until when a sender may correct ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "may"),
    [({}, True), ({"核实": "已核实"}, False), ({"状态": "资料审阅"}, False), ({"状态": "退回补正", "核实": "已核实"}, True),
     ({"状态": "自己的词"}, False), ({"状态": None, "核实": None}, True), ({"负责人": "王"}, True)],
)  # fmt: skip
def test_a_sender_corrects_until_staff_verify_or_decide_and_again_when_sent_back(
    house: House, cells: dict[str, Any], may: bool
) -> None:
    code = delivered(house)
    type_in(house, "C-0001", **cells)
    house.delivery.run()
    receipt = house.inbox.receipt(code)
    assert receipt is not None and receipt.locked is not may
    if may:
        assert house.inbox.submit(candidate(1, main_business="新"), version=2, by_sender=True) == code
    else:
        with pytest.raises(SubmissionClosed, match="不能再自行更正"):
            house.inbox.submit(candidate(1, main_business="新"), version=2, by_sender=True)


# --- what counts as the same cell -------------------------------------------------------------------------------------

ZH = Spot("zh")
FILE = FileRef("0" * 32, "a.pdf", 200_000, "00", "pdf")
COLUMNS = Candidates.columns
SAME: list[tuple[Any, Any, Any]] = [
    (COLUMNS["annual_revenue"], Decimal("10.50"), 10.5),
    (COLUMNS["annual_revenue"], Decimal("1234567.80"), 1234567.8),
    (COLUMNS["team_size"], Decimal(5), 5.0),
    (COLUMNS["main_business"], "一\n二", "一\r\n二"),
    (COLUMNS["main_business"], "尾空格 ", "尾空格 "),
    (COLUMNS["phone"], "13800138000", 13800138000),
    (COLUMNS["company_type"], "limited", "有限责任公司"),
    (COLUMNS["company_type"], "limited", "Limited liability company"),
    (COLUMNS["profile_file"], None, "待补"),
    (COLUMNS["profile_file"], (FILE,), "a.pdf (0.2 MB)"),
    (COLUMNS["technology"], None, None),
    (COLUMNS["technology"], None, ""),
    (COLUMNS["licence_until"], datetime(2039, 3, 7).date(), 50836),
    (COLUMNS["licence_until"], datetime(2039, 3, 7).date(), 50836.0),
    (Incidents.columns["occurred_at"], datetime(2026, 11, 20, 9, 30, 1), 46346.39584490741),
    (Incidents.columns["occurred_at"], datetime(2026, 11, 20, 9, 30, 1), 46346.3958449074),
]
DIFFERENT: list[tuple[Any, Any, Any]] = [
    (COLUMNS["annual_revenue"], Decimal("10.50"), 10.51),
    (COLUMNS["annual_revenue"], Decimal("10.50"), "10.50 万"),
    (COLUMNS["annual_revenue"], Decimal("1"), True),
    (COLUMNS["main_business"], "一", "一 "),
    (COLUMNS["main_business"], "一", None),
    (COLUMNS["phone"], "0571123456", 571123456),
    (COLUMNS["company_type"], "limited", "股份有限公司"),
    (COLUMNS["technology"], None, "有"),
    (COLUMNS["licence_until"], datetime(2039, 3, 7).date(), 50837),
    (COLUMNS["licence_until"], datetime(2039, 3, 7).date(), "2039年3月7日"),
    (Incidents.columns["occurred_at"], datetime(2026, 11, 20, 9, 30, 1), 46346.39583),
]


@pytest.mark.parametrize(("column", "value", "there"), SAME)
def test_what_programs_do_to_a_cell_is_no_change(column: Any, value: Any, there: Any) -> None:
    assert same(column, there, value, ZH)


@pytest.mark.parametrize(("column", "value", "there"), DIFFERENT)
def test_what_people_do_to_a_cell_is_one(column: Any, value: Any, there: Any) -> None:
    assert not same(column, there, value, ZH)


def test_a_date_of_a_1904_book_is_read_by_its_own_calendar() -> None:
    column, value = COLUMNS["licence_until"], datetime(2039, 3, 7).date()
    assert same(column, 50836 - 1462, value, Spot("zh", date1904=True))
    assert not same(column, 50836, value, Spot("zh", date1904=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_comparison(kind: type) -> None:
    assert holds.dispatch(kind) is not holds.dispatch(object)


def test_an_error_here_is_a_sentence_of_ours() -> None:
    for error in (VersionGap(2), SubmissionClosed(), SubmissionConflict()):
        assert isinstance(error, PartnerBookError) and "。" in str(error)
    assert to_cell(COLUMNS["company_type"], "limited") == "有限责任公司"
