"""What `rebuild` promises: every submission stands in a new book, and what only a backup brings back is named."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from forms_server.house import House, open_house
from forms_server.inbox import Inbox
from forms_server.pulling import Pulls
from forms_server.rebuilding import NotThisBook, rebuild
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, ids_of, rows_of
from tests.delivery.test_corrections import log_of, row_of, type_in
from tests.delivery.test_delivery import delete_rows, generation
from workbook.cli import main
from workbook.errors import WorkbookUnreachable
from workbook.ooxml.lint import lint

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def used(house: House) -> House:
    """Three rows, one of them corrected against staff's own words, one deleted; decisions, settings, a column of ours."""
    for n in (1, 2, 3):
        house.inbox.submit(candidate(n, main_business="旧", annual_revenue="10.50"))
    house.delivery.run()
    type_in(house, "C-0001", 状态="退回补正", 给伙伴的话="请补资质", 备注="内部话", 主营业务="员工的")
    house.inbox.submit(candidate(1, main_business="新", annual_revenue="20.00"), version=2)
    house.delivery.run()
    delete_rows(house.path, "C-0003")
    opened = openpyxl.load_workbook(house.path)
    settings = opened["设置"]
    for row in settings.iter_rows():
        if row[1].value == "公司名称":
            row[2].value = "示例制造"
    opened.save(house.path)
    house.delivery.run()
    return house


@pytest.fixture
def run(used: House, tmp_path: Path) -> Run:
    def call(*words: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(main, ["rebuild", *words, "--data", str(tmp_path / "data"), "--json"])
        return done.exit_code, json.loads(done.output.splitlines()[-1]) if done.exit_code < 2 else {}

    return call


def break_part(path: Path, part: str) -> None:
    """One part of the book is garbage; the rest is whole."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members[part] = b"<broken"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)


def sheet_part(path: Path, title: str) -> str:
    opened = openpyxl.load_workbook(path)
    return f"xl/worksheets/sheet{opened.sheetnames.index(title) + 1}.xml"


def test_a_whole_book_comes_along_and_the_server_goes_on_with_the_new_one(
    used: House, run: Run, tmp_path: Path
) -> None:
    new = tmp_path / "new.xlsx"
    used.inbox.submit(candidate(4))
    code, told = run(str(used.path), "-o", str(new))
    assert (code, told["ok"], told["only_in_a_backup"]) == (0, True, [])
    assert (told["submissions"], told["deleted"]) == (1, ["C-0003"])
    moved = open_house(new, tmp_path / "data")
    assert moved.inbox.book_id == used.inbox.book_id
    assert generation(new) >= generation(used.path)
    done = moved.delivery.run()
    assert (done.delivered, done.corrected, done.deleted, done.reasons) == (0, 0, [], [])
    assert ids_of(new) == [candidate(n).id for n in (1, 2, 4)]
    row = row_of(moved)
    assert (row["主营业务"], row["年营收"], row["版本"]) == ("员工的", 20, 2)
    assert (row["状态"], row["给伙伴的话"], row["备注"]) == ("退回补正", "请补资质", "内部话")
    assert row["提交时间"] == row_of(used)["提交时间"]
    assert log_of(moved) == log_of(used)
    assert [r["值"] for r in rows_of(new, "settings") if r["参数"] == "公司名称"] == ["示例制造"]
    for table, more in (("todo", 1), ("indicators", 0), ("bands", 0)):  # the new row brings its to-do
        assert len(rows_of(new, table)) == len(rows_of(used.path, table)) + more, table
    assert verify_receipts(moved.inbox, new).ok
    assert moved.inbox.state().notice is None  # no older generation, nothing restored
    assert lint(new.read_bytes()) == ()


def test_rebuilding_changes_neither_the_inbox_nor_the_old_book(used: House, run: Run, tmp_path: Path) -> None:
    before, rows = used.path.read_bytes(), used.inbox.all()
    run(str(used.path), "-o", str(tmp_path / "new.xlsx"))
    assert used.path.read_bytes() == before
    assert used.inbox.all() == rows


def test_a_book_that_is_no_zip_any_more_gives_every_submission_and_names_what_is_lost(
    used: House, run: Run, tmp_path: Path
) -> None:
    new = tmp_path / "new.xlsx"
    used.path.write_bytes(b"\0" * 5000)
    code, told = run(str(used.path), "-o", str(new))
    assert (code, told["ok"], told["submissions"]) == (1, False, 2)
    lost = "\n".join(told["only_in_a_backup"])
    for table in ("伙伴", "设置", "评价指标", "评审会"):
        assert f"{table}：全部行" in lost
    assert "候选提交：员工填的列（状态、核实、备注等）" in lost
    assert told["old_problem"]
    moved = open_house(new, tmp_path / "data")
    moved.delivery.run()
    row = row_of(moved)
    assert ids_of(new) == [candidate(n).id for n in (1, 2)]  # and never the one that staff deleted
    assert (row["主营业务"], row["版本"]) == ("新", 2)  # what staff kept was in the book alone
    assert (row["状态"], row["给伙伴的话"]) == ("退回补正", "请补资质")  # as the sender's page last showed it
    assert row["备注"] is None
    assert verify_receipts(moved.inbox, new).ok


def test_one_broken_sheet_costs_only_its_own_table(used: House, run: Run, tmp_path: Path) -> None:
    new = tmp_path / "new.xlsx"
    break_part(used.path, sheet_part(used.path, "候选提交"))
    code, told = run(str(used.path), "-o", str(new))
    assert code == 1
    assert [text.split("：")[0] for text in told["only_in_a_backup"]] == ["候选提交"]
    assert ids_of(new) == [candidate(n).id for n in (1, 2)]
    assert [r["值"] for r in rows_of(new, "settings") if r["参数"] == "公司名称"] == ["示例制造"]


def test_columns_and_sheets_of_staffs_own_are_named(used: House, run: Run, tmp_path: Path) -> None:
    opened = openpyxl.load_workbook(used.path)
    opened.create_sheet("我们的台账")["A1"] = "x"
    sheet = opened["变更记录"]
    table = sheet.tables["changes"]
    heads = [cell.column for cell in sheet[5] if cell.value == "备注"]
    sheet.cell(5, heads[0]).value = "我们的列"
    table.tableColumns[-1].name = "我们的列"
    sheet.cell(6, heads[0]).value = "自己的话"
    opened.save(used.path)
    code, told = run(str(used.path), "-o", str(tmp_path / "new.xlsx"))
    assert code == 1
    assert told["only_in_a_backup"] == ["变更记录：员工自己加的列 我们的列", "工作表“我们的台账”"]


def test_an_older_backup_as_the_old_book_gets_what_came_since(used: House, run: Run, tmp_path: Path) -> None:
    backup, new = tmp_path / "backup.xlsx", tmp_path / "new.xlsx"
    shutil.copy(used.path, backup)
    used.inbox.submit(candidate(5))
    used.inbox.submit(candidate(2, main_business="第二版", annual_revenue="10.50"), version=2)
    used.delivery.run()
    code, told = run(str(backup), "-o", str(new))
    assert (code, told["submissions"], told["corrected"]) == (0, 1, 1)
    moved = open_house(new, tmp_path / "data")
    moved.delivery.run()
    assert row_of(moved, "C-0002")["主营业务"] == "第二版"
    assert ids_of(new) == [candidate(n).id for n in (1, 2, 5)]
    assert verify_receipts(moved.inbox, new).ok


def test_an_existing_file_is_never_overwritten(used: House, tmp_path: Path) -> None:
    new = tmp_path / "new.xlsx"
    new.write_bytes(b"mine")
    with pytest.raises(WorkbookUnreachable, match="不会覆盖"):
        rebuild(used.inbox, used.path, new)
    assert new.read_bytes() == b"mine"


def test_another_companys_book_is_refused(used: House, tmp_path: Path) -> None:
    from workbook.build import new_workbook

    other = tmp_path / "other.xlsx"
    other.write_bytes(new_workbook())
    with pytest.raises(NotThisBook, match="另一本"):
        rebuild(used.inbox, other, tmp_path / "new.xlsx")


def test_without_an_inbox_it_says_so_and_ends_with_one(tmp_path: Path) -> None:
    words = ["rebuild", str(tmp_path / "gone.xlsx"), "-o", str(tmp_path / "new.xlsx"), "--data", str(tmp_path / "none")]
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code == 1
    assert "找不到" in json.loads(done.output)["error"]["message"]
    assert CliRunner().invoke(main, ["rebuild", "x.xlsx"]).exit_code == 2


def test_a_row_that_was_deleted_since_anybody_looked_stays_away(used: House, run: Run, tmp_path: Path) -> None:
    new = tmp_path / "new.xlsx"
    delete_rows(used.path, "C-0002")
    code, told = run(str(used.path), "-o", str(new))
    assert (code, told["deleted"]) == (0, ["C-0002", "C-0003"])
    assert ids_of(new) == [candidate(1).id]


def test_what_somebody_pulls_while_the_book_is_rebuilt_is_not_taken_for_deleted(
    used: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came after the inbox was read, and went to a copy that nobody ever saved: the new book never held it."""
    plain, late = Inbox.all, []

    def all_then_a_pull(inbox: Inbox, *states: str, **more: Any) -> Any:
        found = plain(inbox, *states, **more)
        if not late:
            late.append(candidate(50).id)
            inbox.submit(candidate(50))
            claim = Pulls(inbox).claim(0)
            version = next(one for one in claim.versions if one.id == late[0])
            Pulls(inbox).hand_out(claim.pull, 0, [(version.seq, "")])
            Pulls(inbox).placed(claim.pull)
        return found

    monkeypatch.setattr(Inbox, "all", all_then_a_pull)
    new = rebuild(used.inbox, used.path, tmp_path / "新.xlsx").book
    monkeypatch.undo()
    assert late[0] not in ids_of(new)
    done = open_house(new, tmp_path / "data").delivery.run()
    assert done.deleted == [] and late[0] in ids_of(new)
