"""What the buttons promise, on a file, on a file as Lite sees it, and in a live LibreOffice: one outcome, told in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlwings as xw

from addin import actions
from addin.live_errors import BookMoved, SheetProtected
from addin.report_sheets import write_report
from forms_server.house import House
from forms_server.verifying import verify_receipts
from tests.addin.action_books import arrive, column_of, ids_in, opened, records, served, table_of
from tests.delivery.open_copies import connected
from workbook import freezing
from workbook.evaluating import evaluate_file
from workbook.ooxml import Book
from workbook.reports.scorecard import Report, Section
from workbook.returning import CannotReturn
from workbook.rows import from_serial

# Lite reads the state at the start, so nothing can be noticed there that somebody types while a script runs.
WATCHING = ["openpyxl", pytest.param("calc", marks=pytest.mark.libreoffice)]
HOSTILE = ("=1+1", "+86 10", "2026-11-01", "00123", "#N/A", "TRUE", '=HYPERLINK("http://x.example")')


@pytest.fixture
def house(tmp_path: Path) -> House:
    return served(tmp_path)


def test_ten_are_pulled_and_confirmed_by_the_saved_file(app: Any, house: House) -> None:
    before = ids_in(house.path)
    sent = arrive(house, *range(1, 11))
    with opened(app, house.path) as book:
        said = actions.pull(book, connected(house))
        assert said.startswith("✓ 取回 10 份提交：候选提交 10 份") and "请保存工作簿" in said
        assert ids_in(house.path) == before, "only the open copy has them"
        book.save()
    house.delivery.run()
    assert ids_in(house.path) == before + sent
    assert house.inbox.state().counts["confirmed"] == 10
    assert looks(house.path, -1) == looks(house.path, -11), "the new rows look like those that were there"
    assert verify_receipts(house.inbox, house.path).ok


def looks(path: Path, row: int) -> list[tuple[Any, ...]]:
    """Fill, weight and number format of the cells of a candidate's row, counted from the last."""
    import openpyxl

    sheet = next(s for s in openpyxl.load_workbook(path).worksheets if "candidates" in s.tables)
    cells = sheet[sheet.tables["candidates"].ref][row]
    return [(cell.fill.fgColor.rgb, cell.font.bold, cell.number_format, cell.alignment.indent) for cell in cells]


def test_closed_without_saving_all_ten_come_again(app: Any, house: House) -> None:
    before, sent = ids_in(house.path), arrive(house, *range(1, 11))
    with opened(app, house.path) as book:
        assert "取回 10 份" in actions.pull(book, connected(house))
    assert ids_in(house.path) == before
    with opened(app, house.path) as book:
        assert "取回 10 份" in actions.pull(book, connected(house))
        book.save()
    house.delivery.run()
    assert ids_in(house.path) == before + sent


def test_what_a_partner_typed_stays_text_in_the_open_book(app: Any, house: House) -> None:
    for number, text in enumerate(HOSTILE, start=1):
        arrive(house, number, legal_name=text)
    with opened(app, house.path) as book:
        actions.pull(book, connected(house))
        book.save()
    rows = records(house.path, "candidates")[-len(HOSTILE) :]
    assert [row["legal_name"] for row in rows] == list(HOSTILE)
    assert not {row.number for row in rows} & {
        number
        for number, header in Book.read(house.path.read_bytes()).formula_cells("candidates")
        if header == "企业名称"
    }


def test_a_saved_pull_is_told_to_the_server_by_the_door_that_saved(app: Any, house: House) -> None:
    arrive(house, 1, 2)
    server = connected(house)
    with opened(app, house.path) as book:
        actions.pull(book, server)
        book.save()
    assert actions.confirm_saved(house.path, server) == "✓ 已保存，服务器确认了 2 份提交。"
    assert house.inbox.state().counts["confirmed"] == 2


def test_evaluating_an_open_book_gives_what_evaluating_the_file_gives(app: Any, house: House, tmp_path: Path) -> None:
    """One mark is raised by hand in both; every result, part and to-do is the same, and a second evaluation writes nothing."""
    with opened(app, house.path) as book:
        raise_a_mark(book)
        book.save()
    by_file = tmp_path / "按文件.xlsx"
    by_file.write_bytes(house.path.read_bytes())
    found = evaluate_file(by_file)
    with opened(app, house.path) as book:
        said = actions.evaluate(book)
        assert f"✓ 评估了 {len(found.scored)} 个评审会、{len(found.measured.rated)} 个考核周期" in said
        assert "张表，请保存" in said
        book.save()
    for table in ("results", "contributions", "performance", "performance_parts"):
        expected = [values_of(row) for row in records(by_file, table)]
        assert [values_of(row) for row in records(house.path, table)] == expected, table
    with opened(app, house.path) as book:
        assert "结果没有变化，工作簿没有改动" in actions.evaluate(book)


def values_of(row: Any) -> dict[str, Any]:
    """What a row says, but for the moment at which it was computed and what the spreadsheet recalculates."""
    return {name: value for name, value in row.values.items() if name not in ("evaluated_at", "check")}


def raise_a_mark(book: xw.Book) -> None:
    """One mark of the running panel becomes a five."""
    table = table_of(book, "marks")
    panels = table.sheet if hasattr(table, "sheet") else table.range.sheet
    marks, panel = column_of(table, "分数"), column_of(table, "评审会编号")
    body = table.data_body_range
    for row in range(body.row, body.row + body.shape[0]):
        here = panels.range((row, marks), (row, marks))
        if panels.range((row, panel), (row, panel)).value and here.value in (2.0, 3.0):
            here.value = 5.0
            return
    raise AssertionError("no mark to raise")


def test_sending_back_names_the_fields_and_logs_both_cells(app: Any, house: House) -> None:
    key = next(r.key for r in records(house.path, "candidates") if r["status"] == "received" and not r["reply"])
    with opened(app, house.path) as book:
        said = actions.send_back(book, key, "营业执照期限、银行信用报告文件", "请补盖章页。")
        assert said.startswith(f"✓ {key} 已退回补正：营业执照期限、银行信用报告文件")
        book.save()
    row = next(r for r in records(house.path, "candidates") if r.key == key)
    assert (row["status"], row["reply"]) == ("returned", "请补正：营业执照期限、银行信用报告文件。请补盖章页。")
    logged = [r for r in records(house.path, "changes") if r["row_key"] == key and "退回补正" in r.text("what")]
    assert sorted(r.text("column") for r in logged) == ["状态", "给伙伴的话"]


def test_a_field_that_the_form_does_not_have_is_named_and_nothing_changes(app: Any, house: House) -> None:
    key = next(r.key for r in records(house.path, "candidates") if r["status"] == "received")
    with opened(app, house.path) as book:
        with pytest.raises(CannotReturn, match="没有 星座，没有改动。可以点名的字段：.*营业执照"):
            actions.send_back(book, key, "营业执照期限、星座")
        with pytest.raises(CannotReturn, match="没有“退回补正”这个状态"):
            actions.send_back(book, "P-0001", "营业执照期限")
        book.save()
    assert next(r for r in records(house.path, "candidates") if r.key == key)["status"] == "received"


def test_freezing_in_the_open_book_is_what_the_command_proves(app: Any, house: House) -> None:
    period = next(
        r.key
        for r in records(house.path, "periods")
        if r["status"] not in ("frozen", None) and str(r["last_day"] or r["ends_on"]) < "2026-10-15"
    )
    with opened(app, house.path) as book:
        assert actions.freeze(book, period).startswith(f"✓ 考核周期 {period} 已冻结")
        book.save()
    assert [r for r in records(house.path, "frozen") if r["period"] == period]
    assert freezing.verify(house.path, period).data["ok"]


def test_a_report_is_a_new_page_with_the_numbers_of_the_results(app: Any, house: House) -> None:
    ranked = sorted((r for r in records(house.path, "results") if r["rank"]), key=lambda r: (r["panel"], r["rank"]))
    panel = ranked[-1]["panel"]
    with opened(app, house.path) as book:
        assert f"“报告 {panel}”" in actions.report(book, panel)
        book.save()
    with opened(app, house.path) as book:
        assert f"“报告 {panel} (2)”" in actions.report(book, panel), "one that somebody may have written on stays"
        book.save()
    cells = page(house.path, f"报告 {panel}")
    best = next(r for r in ranked if r["panel"] == panel)
    line = next(row for row in cells if row and best.text("legal_name") in row)
    assert float(best["score"]) in line and best.text("candidate") in line
    assert format_of(house.path, f"报告 {panel}", best["score"]) == "0.00", "78.5 is 78.50 on the official scale"


def test_what_stands_in_a_report_is_text_whatever_it_begins_with(app: Any, tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "空.xlsx"
    openpyxl.Workbook().save(path)
    rows = tuple((text, None if number % 2 else 0.5) for number, text in enumerate(HOSTILE))
    made = Report("", HOSTILE[0], HOSTILE, (Section(HOSTILE[-1], ("=A1", "数"), rows),))
    with opened(app, path) as book:
        name = write_report(book, made, "报告")
        book.save()
    cells = [cell for row in openpyxl.load_workbook(path)[name].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}, "no formula, no truth value, no error"
    assert [cell.value for cell in cells if cell.column == 1][: 1 + len(HOSTILE)] == [HOSTILE[0], *HOSTILE]
    assert [cell.value for cell in cells if cell.data_type == "n"] == [0.5] * 4


def format_of(path: Path, title: str, value: Any) -> str:
    import openpyxl

    cells = (cell for row in openpyxl.load_workbook(path)[title].iter_rows() for cell in row)
    return str(next(cell for cell in cells if cell.value == float(value)).number_format)


def page(path: Path, title: str) -> list[list[Any]]:
    import openpyxl

    return [list(row) for row in openpyxl.load_workbook(path, data_only=True)[title].iter_rows(values_only=True)]


def test_a_check_lists_every_finding_on_a_new_page(app: Any, house: House) -> None:
    from workbook.evaluating import local_now
    from workbook.rules.finding import Situation, findings_of

    book_now = Book.read(house.path.read_bytes())
    expected = [one.message for one in findings_of(Situation(book_now, local_now(book_now).date()))]
    with opened(app, house.path) as book:
        assert f"共 {len(expected)} 处不合制度" in actions.check(book)
        book.save()
    listed = [row[2] for row in page(house.path, "检查结果") if row[2] and row[2] != "说明"]
    assert listed == expected


# --- what people do meanwhile ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", WATCHING, indirect=True)
def test_a_row_that_staff_type_while_a_pull_is_on_its_way_is_not_written_over(app: Any, house: House) -> None:
    sent = arrive(house, 1, 2)
    before = ids_in(house.path)
    with opened(app, house.path) as book:
        typed: list[int] = []

        def type_below(method: str, url: str) -> str:
            if url.endswith("/generation") and not typed:
                table = table_of(book, "candidates")
                sheet, body = table.range.sheet, table.range
                below = body.row + body.shape[0]
                place = sheet.range((below, column_of(table, "企业名称")), (below, column_of(table, "企业名称")))
                place.value = "员工正在写的一行"
                table.resize(sheet.range((body.row, body.column), (below, body.column + body.shape[1] - 1)))
                typed.append(below)
            return ""

        with pytest.raises(BookMoved, match="请再运行一次"):
            actions.pull(book, connected(house, type_below))
        assert "取回 2 份" in actions.pull(book, connected(house))
        book.save()
    rows = records(house.path, "candidates")
    assert [r["legal_name"] for r in rows if r.number == typed[0]] == ["员工正在写的一行"]
    assert ids_in(house.path) == before + sent


def test_a_renamed_sheet_is_found_by_its_table(app: Any, house: House) -> None:
    sent = arrive(house, 1)
    with opened(app, house.path) as book:
        table_of(book, "candidates").range.sheet.name = "我们的候选"
        book.save()
    with opened(app, house.path) as book:
        actions.pull(book, connected(house))
        book.save()
    assert ids_in(house.path)[-1:] == sent


def test_a_protected_sheet_is_named_and_nothing_is_lost(app: Any, house: House) -> None:
    protect(house.path, "candidates")
    before, sent = ids_in(house.path), arrive(house, 1)
    with opened(app, house.path) as book, pytest.raises(SheetProtected, match="“候选提交”受保护，不能写入"):
        actions.pull(book, connected(house))
    assert house.inbox.state().counts["waiting"] == 1
    protect(house.path, "candidates", on=False)
    house.delivery.run()
    assert ids_in(house.path) == before + sent


def protect(path: Path, table: str, on: bool = True) -> None:
    """A person protects the sheet of a table, or takes the protection off."""
    from workbook.ooxml.package import Package

    package = Package(path.read_bytes())
    part = Book.read(path.read_bytes()).table(table).sheet_part
    text = package.read(part)
    mark = b'<sheetProtection sheet="1" objects="1" scenarios="1"/>'
    changed = text.replace(b"</sheetData>", b"</sheetData>" + mark) if on else text.replace(mark, b"")
    assert changed != text
    path.write_bytes(package.with_changes({part: changed}))


def test_times_of_arrival_are_times_in_the_open_book(app: Any, house: House) -> None:
    arrive(house, 1)
    with opened(app, house.path) as book:
        actions.pull(book, connected(house))
        table = table_of(book, "candidates")
        sheet, at = table.range.sheet, column_of(table, "提交时间")
        book.save()
    row = Book.read(house.path.read_bytes()).rows("candidates")[-1]
    received = house.inbox.all("placed", "confirmed")[-1].received_at
    assert (from_serial(float(row.values["提交时间"])) - received.replace(tzinfo=None)).total_seconds() == 8 * 3600
    del sheet, at
