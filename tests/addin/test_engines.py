"""The engines' contract: one set of promises, kept by a file, by a file seen as Lite sees it, and by a live Calc.

What a test reads after it wrote goes through a saved file, so that the stale mode keeps the same promises.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwings as xw
from openpyxl.styles import Protection
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.filters import AutoFilter, FilterColumn, Filters
from openpyxl.worksheet.table import Table
from xlwings import base_classes

from addin.engines import calc_engine, calc_office, openpyxl_engine
from addin.engines.calc_formulas import format_to_excel, to_calc, to_excel
from addin.engines.refusals import (
    BookUnreadable,
    CellsLocked,
    ChangeRefused,
    NotARange,
    NotInThisEngine,
    NotYetThere,
    SaveRefused,
    interface,
)
from addin.engines.values import NotForACell, TextReadByExcel
from workbook.errors import PartnerBookError, ValueRefused
from workbook.ooxml import Book

ROOT = Path(__file__).parents[2]
MOMENT = dt.datetime(2026, 11, 1, 10, 30, 15)
HOSTILE = [
    "=1+1",
    "2026-11-01",
    "00123",
    "'x",
    "#N/A",
    "TRUE",
    "1E5",
    "+86 1",
    "-1",
    "@SUM(A1)",
    "10:30",
    '=HYPERLINK("x")',
]


def table(sheet: Any, name: str, ref: str, totals: bool = False) -> Table:
    made = Table(displayName=name, ref=ref, totalsRowCount=1 if totals else None)
    made._initialise_columns()
    for column, cell in zip(made.tableColumns, sheet[ref][0], strict=True):
        column.name = cell.value
    if totals:
        made.autoFilter = AutoFilter(ref=ref[:-1] + str(int(ref[-1]) - 1))
    sheet.add_table(made)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """订单: orders (A1:C3), priced (E1:F4 with totals), note below; 值: one of each kind; 锁: protected; 藏: hidden."""
    book = openpyxl.Workbook()
    orders = book.active
    orders.title = "订 单"
    for row in (
        ["数量", "两倍", "备注"],
        [1, "=orders[[#This Row],[数量]]*2", "甲"],
        [2, "=orders[[#This Row],[数量]]*2", "乙"],
    ):
        orders.append(row)
    table(orders, "orders", "A1:C3")
    for row, line in enumerate([["品名", "价"], ["笔", 3], ["纸", 4], ["合计", "=SUM(priced[价])"]], 1):
        for column, value in enumerate(line, 5):
            orders.cell(row, column, value)
    table(orders, "priced", "E1:F4", totals=True)
    orders["A9"], orders["H1"], orders["H2"] = "下面", "=A9", "=SUM(orders[数量])"
    values = book.create_sheet("值")
    for row, value in enumerate(
        [1.5, "文字", True, MOMENT, "=1/0", '=IF(TRUE,"",1)', "00123", None, "=1=1", "=NA()"], 1
    ):
        values.cell(row, 1, value)
    values["A7"].number_format = "@"
    locked = book.create_sheet("锁")
    locked["A1"], locked["B1"] = "锁住", "可改"
    locked["B1"].protection = Protection(locked=False)
    locked.protection.sheet = True
    book.create_sheet("藏").sheet_state = "hidden"
    for name, text, hidden in [("_hidden", "0", True), ("word", '"甲""乙"', None), ("spot", "'订 单'!$A$9", None)]:
        book.defined_names[name] = DefinedName(name, attr_text=text, hidden=hidden)
    book.save(tmp_path / "台账.xlsx")
    return tmp_path / "台账.xlsx"


def recalculated(path: Path, office: str) -> Path:
    """The same file with the values that LibreOffice computes, for engines that compute nothing."""
    calc_engine.register(connect=office)
    with xw.App(add_book=False) as app:
        book = app.books.open(path)
        book.app.calculate()
        book.save(path.with_name("算过.xlsx"))
    return path.with_name("算过.xlsx")


def saved(book: xw.Book) -> tuple[Any, Book]:
    """The book as it lies on disk after saving: through openpyxl, and through the house's own reader."""
    target = Path(book.fullname).with_name(f"存 {next(itertools.count())}-{time.monotonic_ns()}.xlsx")
    book.save(target)
    assert book.fullname == str(target) and book.name == target.name
    return openpyxl.load_workbook(target), Book.read(target.read_bytes())


def rows(cells: xw.Range) -> list[list[Any]]:
    found: list[list[Any]] = cells.options(ndim=2, err_to_str=True).value
    return found


# ---- reading


def test_values_come_out_by_kind(path: Path, app: xw.App) -> None:
    sheet = app.books.open(path).sheets["值"]
    read = [row[0] for row in rows(sheet["A1:A8"])]
    computes = app.engine.name == "calc"
    assert read == [1.5, "文字", True, MOMENT, "#DIV/0!" if computes else None, None, "00123", None]
    assert [type(v) for v in read[:4]] == [float, str, bool, dt.datetime]
    # 1=1 in a cell without a format: Calc knows a truth value by how it shows it.
    assert rows(sheet["A9"]) == [[True if computes else None]]
    assert rows(sheet["A1"]) == [[1.5]] and rows(sheet.range((1, 1), (1, 2))) == [[1.5, None]]


def test_a_number_is_a_moment_if_its_format_shows_one(path: Path, app: xw.App) -> None:
    source = openpyxl.load_workbook(path)
    # 46327.5 days after 1899-12-30 is noon of 2026-11-01; 0.25 of a day is six o'clock.
    shown = {'yyyy-mm-dd hh:mm;;"没有"': 46327.5, '"截至 "yyyy-mm-dd': 46327.5, "h:mm": 0.25, "0.00": 46327.5}
    for row, (code, number) in enumerate(shown.items(), 1):
        source["值"].cell(row, 8, number).number_format = code
    source.save(path)
    noon = dt.datetime(2026, 11, 1, 12)
    read = [row[0] for row in rows(app.books.open(path).sheets["值"]["H1:H4"])]
    assert read == [noon, noon, dt.datetime(1899, 12, 30, 6), 46327.5]


@pytest.mark.libreoffice
def test_the_values_saved_with_formulas_are_the_same_in_every_engine(
    path: Path, engine: xw.Engine, office: str
) -> None:
    computed = recalculated(path, office)
    engine.activate()
    app = xw.App(add_book=False)
    if engine.name == "calc":
        engine = calc_engine.register(connect=office)
        app = xw.App(add_book=False)
    book = app.books.open(computed)
    assert [row[0] for row in rows(book.sheets["值"]["A5:A10"])] == ["#DIV/0!", None, "00123", None, True, "#N/A"]
    assert book.sheets["值"]["A5"].value is None  # as xlwings does without err_to_str
    assert rows(book.sheets["订 单"].tables["orders"].data_body_range) == [[1.0, 2.0, "甲"], [2.0, 4.0, "乙"]]
    assert rows(book.sheets["订 单"]["H1:H2"]) == [["下面"], [3.0]]
    app.quit()


def test_formulas_come_out_in_excels_words(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["订 单"]
    assert sheet["B2"].formula == "=orders[[#This Row],[数量]]*2"
    assert sheet["A1:C2"].formula == (("数量", "两倍", "备注"), ("1", "=orders[[#This Row],[数量]]*2", "甲"))
    assert sheet["H2"].formula == "=SUM(orders[数量])" and sheet["A20"].formula == ""
    assert [row[0] for row in book.sheets["值"]["A3:A9"].formula] == [
        *("TRUE", "46327.4376736111", "=1/0", '=IF(TRUE,"",1)', "00123", "", "=1=1"),
    ] or book.sheets["值"]["A4"].formula.startswith("46327.43767361")


def test_cells_are_found_by_numbers_text_name_and_table(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["订 单"]
    for found in (sheet.range((9, 1)), sheet["A9"], sheet["$A$9"], sheet["spot"], sheet.range("A9", "A9"), sheet[8, 0]):
        assert (found.address, found.row, found.column, found.shape) == ("$A$9", 9, 1, (1, 1))
    assert sheet.range((1, 1), (3, 3)).address == sheet[0:3, 0:3].address == "$A$1:$C$3"
    assert sheet["orders"].address == "$A$2:$C$3" and sheet["A2:B3"](2, 2).address == "$B$3"
    assert sheet["A2"].table.name == "orders" and sheet["A9"].table is None
    assert sheet["B2"].get_address(False, False) == "B2"
    with pytest.raises(PartnerBookError, match="没有这样|找不到"):
        sheet["没有的名称"]


def test_a_book_tells_its_name_sheets_and_tables(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    assert (book.name, book.fullname, len(app.books)) == ("台账.xlsx", str(path), 1)
    assert [sheet.name for sheet in book.sheets] == ["订 单", "值", "锁", "藏"]
    assert [sheet.index for sheet in book.sheets] == [1, 2, 3, 4] and [s.visible for s in book.sheets] == [True] * 3 + [
        False
    ]
    assert "值" in book.sheets and "无" not in book.sheets and book.sheets[0].name == "订 单"
    sheet = book.sheets["订 单"]
    assert sorted(t.name for t in sheet.tables) == ["orders", "priced"] and len(book.sheets["值"].tables) == 0
    orders, priced = sheet.tables["orders"], sheet.tables["priced"]
    assert (orders.range.address, orders.header_row_range.address) == ("$A$1:$C$3", "$A$1:$C$1")
    assert (orders.data_body_range.address, orders.totals_row_range, orders.show_totals) == ("$A$2:$C$3", None, False)
    assert (priced.data_body_range.address, priced.totals_row_range.address) == ("$E$2:$F$3", "$E$4:$F$4")
    assert priced.show_totals is True and orders.parent.name == "订 单"
    with pytest.raises(xw.NoSuchObjectError):
        book.sheets["无"]
    with pytest.raises(xw.NoSuchObjectError):
        sheet.tables["无"]
    book.close()
    assert len(app.books) == 0


def test_a_file_that_is_no_workbook_is_named(tmp_path: Path, app: xw.App) -> None:
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(BookUnreadable, match=r"坏\.xlsx"):
        app.books.open(tmp_path / "坏.xlsx")


# ---- writing


def test_every_kind_of_value_survives_saving(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    book.sheets["值"]["C1"].value = [["甲", 7, 1.25], [True, None, MOMENT], [False, dt.date(2026, 1, 2), -0.5]]
    file, house = saved(book)
    got = [[cell.value for cell in row] for row in file["值"]["C1:E3"]]
    assert got == [["甲", 7, 1.25], [True, None, MOMENT], [False, dt.datetime(2026, 1, 2), -0.5]]
    assert type(got[1][0]) is bool and house.tables


def test_text_in_text_cells_stays_text_whatever_it_begins_with(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["订 单"]
    cells = sheet.range((20, 1), (19 + len(HOSTILE), 1))
    cells.number_format = "@"
    cells.value = [[text] for text in HOSTILE]
    sheet["C2:C3"].number_format = "@"
    sheet["C2:C3"].value = [["=1+1"], ["2026-11-01"]]
    file, house = saved(book)
    written = [row[0] for row in file["订 单"].iter_rows(min_row=20, max_row=19 + len(HOSTILE), max_col=1)]
    assert [cell.value for cell in written] == HOSTILE and {cell.data_type for cell in written} == {"s"}
    assert {cell.number_format for cell in written} == {"@"}
    assert [row.values["备注"] for row in house.rows("orders")] == ["=1+1", "2026-11-01"]
    again = app.books.open(book.fullname) if book.fullname not in [b.fullname for b in app.books] else book
    if app.engine.name != "openpyxl stale":
        assert [row[0] for row in rows(again.sheets["订 单"][19 : 19 + len(HOSTILE), 0])] == HOSTILE


def test_text_in_other_cells_is_read_as_excel_reads_typing(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    book.sheets["值"]["C1"].value = [["00123", "1E5", "TRUE", "2026-11-01", "#N/A", "'=1+1", "1,234.5", "5%", "甲"]]
    file, _ = saved(book)
    got = [cell.value for cell in file["值"]["C1:K1"][0]]
    got[4] = got[4].lstrip("=")  # LibreOffice keeps an error as the formula that gives it
    assert got == [123, 100000, True, dt.datetime(2026, 11, 1), "#N/A", "=1+1", 1234.5, 0.05, "甲"]
    assert file["值"]["G1"].data_type in ("e", "f") and file["值"]["H1"].data_type == "s"


@pytest.mark.parametrize("text", ["+86 138", "-待定", "@甲", "3/4", "10:30"])
def test_text_that_excel_would_turn_into_something_else_is_refused_outside_text_cells(
    text: str, path: Path, app: xw.App
) -> None:
    book = app.books.open(path)

    def write() -> None:
        book.sheets["值"]["C1"].value = text
        book.save(path.with_name("x.xlsx"))

    with pytest.raises(TextReadByExcel, match="文本"):
        write()


def test_what_no_cell_holds_is_refused_at_once(path: Path, app: xw.App) -> None:
    cell = app.books.open(path).sheets["值"]["C1"]
    for bad in (float("inf"), b"x", {1}):
        with pytest.raises(NotForACell):
            cell.value = [[bad]]
    for bad_text in ("\x01", "长" * 32768):
        with pytest.raises(ValueRefused):
            cell.value = bad_text
    with pytest.raises(ChangeRefused, match="1 行 2 列"):
        cell.sheet["C1:D1"].raw_value = [[1]]


@pytest.mark.libreoffice
def test_a_formula_that_was_copied_computes_in_a_new_row_and_survives(path: Path, app: xw.App, office: str) -> None:
    book = app.books.open(path)
    sheet = book.sheets["订 单"]
    copied = sheet["B3"].formula
    orders = sheet.tables["orders"]
    orders.resize(sheet["A1:C4"])
    sheet["A4"].value, sheet["C4"].value = 5, "丙"
    sheet["B4"].formula = copied
    sheet["H3"].value = "=SUM(orders[两倍])"
    if app.engine.name == "calc":
        assert rows(sheet["A4:C4"]) == [[5.0, 10.0, "丙"]] and sheet["H3"].value == 2 + 4 + 10
    file, house = saved(book)
    assert (
        file["订 单"]["B4"].value == "=orders[[#This Row],[数量]]*2"
        and file["订 单"]["H3"].value == "=SUM(orders[两倍])"
    )
    assert [row.values["数量"] for row in house.rows("orders")] == [1, 2, 5]
    computed = openpyxl.load_workbook(recalculated(Path(book.fullname), office), data_only=True)
    assert (computed["订 单"]["B4"].value, computed["订 单"]["H3"].value) == (10, 16)


def test_formats_colours_and_widths_are_kept_in_excels_words(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["值"]
    codes = ["0.00%", "yyyy-mm-dd hh:mm", "#,##0.00;[Red]-#,##0.00", "@", "General", "[h]:mm", 'yyyy"年"m"月"']
    for row, code in enumerate(codes, 1):
        sheet.range((row, 5)).number_format = code
    sheet["G1"].color, sheet["G2"].color = "#FFcc00", (1, 2, 3)
    sheet["G3"].color = None
    sheet["G1"].column_width = 20
    if app.engine.name != "openpyxl stale":
        assert [sheet.range((row, 5)).number_format for row in range(1, len(codes) + 1)] == codes
    book.save(path.with_name("样式.xlsx"))
    book.close()
    again = app.books.open(path.with_name("样式.xlsx")).sheets["值"]
    # A program may write a literal as "年" or as \\年: the same format.
    bare = [code.replace('"', "") for code in codes]
    read = [again.range((row, 5)).number_format for row in range(1, len(codes) + 1)]
    assert [code.replace("\\", "").replace('"', "") for code in read] == bare
    assert (again["G1"].color, again["G2"].color, again["G3"].color) == ((255, 204, 0), (1, 2, 3), None)
    assert again["G1"].column_width == pytest.approx(20, abs=0.2)
    assert again["E1:E2"].number_format is None
    stored = openpyxl.load_workbook(path.with_name("样式.xlsx"))["值"]
    plain = [stored.cell(row, 5).number_format for row in range(1, len(codes) + 1)]
    assert [p.replace("\\", "").replace('"', "").casefold() for p in plain] == [b.casefold() for b in bare]
    with pytest.raises(ChangeRefused):
        again["A1"].color = "红"


def test_cleared_cells_are_empty_and_keep_their_format(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    book.sheets["值"]["A1:A7"].clear_contents()
    file, _ = saved(book)
    assert [file["值"].cell(row, 1).value for row in range(1, 8)] == [None] * 7
    assert file["值"]["A7"].number_format == "@"


def test_merged_cells_take_a_value_in_their_first_cell_only(path: Path, app: xw.App) -> None:
    source = openpyxl.load_workbook(path)
    source["值"].merge_cells("C1:D2")
    source.save(path)
    book = app.books.open(path)
    sheet = book.sheets["值"]

    def write(cells: str, value: Any) -> None:
        sheet[cells].value = value
        book.save(path.with_name("x.xlsx"))

    for cells in ("D2", "C1:D1", "D1:E1"):
        with pytest.raises(ChangeRefused, match="合并"):
            write(cells, "x")
    sheet["C1"].value = "甲"
    file, _ = saved(book)
    assert file["值"]["C1"].value == "甲"


# ---- rows and tables


def test_rows_inserted_in_a_table_make_it_grow_and_what_stands_below_is_followed(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["订 单"]
    sheet["A3:C4"].insert(shift="down")
    sheet["E4:F4"].insert(shift="down")
    file, _ = saved(book)
    after = file["订 单"]
    assert (after.tables["orders"].ref, after.tables["priced"].ref) == ("A1:C5", "E1:F5")
    assert after.tables["priced"].autoFilter.ref == "E1:F4" and after.tables["priced"].totalsRowCount == 1
    assert [after.cell(row, 1).value for row in (2, 3, 4, 5, 11)] == [1, None, None, 2, "下面"]
    assert (after["H1"].value, after["E5"].value) == ("=A11", "合计")
    assert file.defined_names["spot"].attr_text.replace("'", "") == "订 单!$A$11"


def test_rows_removed_from_a_table_make_it_shrink(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["订 单"]
    sheet["A2:C2"].delete(shift="up")
    file, house = saved(book)
    assert file["订 单"].tables["orders"].ref == "A1:C2" and file["订 单"]["H1"].value == "=A8"
    assert [row.values["备注"] for row in house.rows("orders")] == ["乙"]


def test_a_table_is_never_torn(path: Path, app: xw.App) -> None:
    sheet = app.books.open(path).sheets["订 单"]
    for cells in ("A2:B2", "B1", "C1:E1"):
        with pytest.raises(ChangeRefused, match="orders"):
            sheet[cells].insert(shift="down")
    for cells in ("A1:C1", "A2:C3", "A3:C4"):
        with pytest.raises(ChangeRefused, match="orders"):
            sheet[cells].delete(shift="up")
    for cells in ("A1:F3", "B1:C3", "A1:C1"):
        with pytest.raises(ChangeRefused, match="orders"):
            sheet.tables["orders"].resize(sheet[cells])
    with pytest.raises(ChangeRefused, match="汇总"):
        sheet.tables["priced"].resize(sheet["E1:F6"])


def test_a_table_that_was_resized_is_whole_in_the_file(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["订 单"]
    sheet["D1"].value = "新列"
    sheet.tables["orders"].resize(sheet["A1:D6"])
    sheet.tables["priced"].resize(sheet["E1:G4"])
    file, house = saved(book)
    orders, priced = file["订 单"].tables["orders"], file["订 单"].tables["priced"]
    assert (orders.ref, priced.ref, priced.autoFilter.ref) == ("A1:D6", "E1:G4", "E1:G3")
    assert [c.name for c in orders.tableColumns] == ["数量", "两倍", "备注", "新列"]
    assert [c.name for c in priced.tableColumns] == ["品名", "价", "列3"] and file["订 单"]["G1"].value == "列3"
    assert [str(view.name) for view in house.tables] == ["orders", "priced"] or house.table("priced")


def test_a_filtered_table_says_so(path: Path, app: xw.App) -> None:
    source = openpyxl.load_workbook(path)
    sheet = source["订 单"]
    sheet.tables["orders"].autoFilter = AutoFilter(
        ref="A1:C3", filterColumn=[FilterColumn(colId=2, filters=Filters(filter=["甲"]))]
    )
    sheet.row_dimensions[3].hidden = True
    source.save(path)
    book = app.books.open(path)
    tables = book.sheets["订 单"].tables
    assert tables["orders"].impl.filtered is True and tables["priced"].impl.filtered is False
    book.sheets["订 单"]["C2:C3"].value = [["一"], ["二"]]
    file, _ = saved(book)
    assert [file["订 单"].cell(row, 3).value for row in (2, 3)] == ["一", "二"]  # hidden rows are written too


# ---- names and sheets


def test_names_hold_constants_and_cells_and_hidden_ones_stay_hidden(path: Path, app: xw.App) -> None:
    source = openpyxl.load_workbook(path)
    source["值"].print_title_rows = "1:1"  # kept as a name in the file, no name of people's
    source.save(path)
    book = app.books.open(path)
    assert {name.name for name in book.names} == {"_hidden", "word", "spot"} and "word" in book.names
    assert (book.names["_hidden"].refers_to, book.names["word"].refers_to) == ("=0", '="甲""乙"')
    assert (
        book.names["spot"].refers_to_range.address == "$A$9"
        and book.names["spot"].refers_to_range.sheet.name == "订 单"
    )
    with pytest.raises(NotARange, match="_hidden"):
        _ = book.names["_hidden"].refers_to_range
    book.names["_hidden"].refers_to = "=12"
    book.names.add("PB_NEW", "='值'!$B$2")
    book.names.add("PB_WORD", '="文字 ""引"""')
    book.names.add("word", "=1.5")  # there already: another meaning, as in Excel
    book.names["spot"].delete()
    file, _ = saved(book)
    found = {name: (one.attr_text.replace("'", ""), bool(one.hidden)) for name, one in file.defined_names.items()}
    assert found == {
        "_hidden": ("12", True),
        "word": ("1.5", False),
        "PB_NEW": ("值!$B$2", False),
        "PB_WORD": ('"文字 ""引"""', False),
    }
    for bad in ("A1", "R1C1", "有 空格", "1x", ""):
        with pytest.raises(ChangeRefused):
            book.names.add(bad, "=1")
    with pytest.raises(ChangeRefused, match="="):
        book.names.add("PB_BAD", "12")


def test_sheets_are_added_renamed_hidden_and_deleted(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    new = book.sheets.add("报告", after=book.sheets["值"])
    new["A1"].value = [["甲", 1]]
    book.sheets["订 单"].name = "单"
    book.sheets["藏"].delete()
    book.sheets["锁"].visible = False
    file, _ = saved(book)
    assert file.sheetnames == ["单", "值", "报告", "锁"] and file["锁"].sheet_state == "hidden"
    assert [cell.value for cell in file["报告"][1]] == ["甲", 1] and file.active.title == "报告"
    assert (
        file.defined_names["spot"].attr_text.replace("'", "") == "单!$A$9"
        and file["单"].tables["orders"].ref == "A1:C3"
    )
    with pytest.raises((ChangeRefused, ValueError)):
        book.sheets.add("值")
    with pytest.raises(ChangeRefused, match="工作表名"):
        book.sheets.add("坏[名]")


def test_a_protected_sheet_is_never_written_to(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    sheet = book.sheets["锁"]
    assert (sheet.impl.protected, book.sheets["值"].impl.protected) == (True, False)

    def resize() -> None:
        sheet["A1"].color = "#ffffff"

    tries: list[Callable[[], Any]] = [
        lambda: setattr(sheet["A1"], "value", "x"),
        lambda: setattr(sheet["A1:B1"], "value", [["x", "y"]]),
        lambda: setattr(sheet["A5"], "formula", "=1"),
        lambda: sheet["A1"].clear_contents(),
        lambda: setattr(sheet["A1"], "number_format", "@"),
        lambda: sheet["A1"].insert(shift="down"),
        lambda: sheet["A1"].delete(shift="up"),
        resize,
    ]
    for attempt in tries:
        with pytest.raises(CellsLocked, match="锁"):
            attempt()
    sheet["B1"].value = "改了"  # unlocked by staff
    file, _ = saved(book)
    assert [cell.value for cell in file["锁"][1]] == ["锁住", "改了"]


def test_the_program_takes_what_actions_tell_it(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    app.status_bar, app.screen_updating = "正在写", False
    assert (app.status_bar, app.screen_updating) == ("正在写", False)
    with app.properties(screen_updating=True, status_bar=False):
        app.calculate()
    app.screen_updating = True
    assert book.app == app and app.books.active.name == book.name


# ---- what there is not


def parts(app: xw.App, path: Path) -> list[Any]:
    book = app.books.open(path).impl
    sheet = next(iter(book.sheets))
    found = [app.impl, app.impl.books, book, book.sheets, sheet, sheet.range((1, 1)), sheet.tables]
    return [*found, next(iter(sheet.tables)), book.names, book.names.snapshot()[0][1], sheet.range((1, 1)).font]


def test_every_member_of_the_interface_works_or_is_refused_by_name(path: Path, app: xw.App) -> None:
    refused, silent = set(), set()
    for part in parts(app, path):
        for name, theirs in interface(type(part)):
            ours = inspect.getattr_static(type(part), name)
            if ours is theirs:
                silent.add(f"{type(part).__name__}.{name}")
            if isinstance(theirs, property) and isinstance(ours, property) and theirs.fset:
                assert ours.fset, f"{name} cannot be set and does not say so"
            if getattr(getattr(ours, "fget", ours), "__name__", "") != "refuse":
                continue
            refused.add(f"{type(part).__name__}.{name}")
            with pytest.raises(NotInThisEngine, match=name) as told:
                getattr(part, name)() if not isinstance(ours, property) else getattr(part, name)
            assert told.value.engine in ("openpyxl", "calc")
            if isinstance(ours, property):
                with pytest.raises(NotInThisEngine, match=name):
                    setattr(part, name, 1)
    assert not silent
    assert {"Sheet.autofit", "Range.end", "Range.merge", "App.alert", "Table.columns"} <= refused
    assert not {"Range.raw_value", "Range.formula", "Range.insert", "Table.resize", "Names.add", "Book.save"} & refused


def test_unknown_attributes_are_refused_too(path: Path, app: xw.App) -> None:
    for part in parts(app, path):
        with pytest.raises(NotInThisEngine):
            _ = part.no_such_thing
        with pytest.raises(NotInThisEngine):
            part.no_such_thing = 1
    sheet = app.books[0].sheets[0]
    for attempt in (lambda: sheet.autofit(), lambda: sheet["A1"].expand(), lambda: sheet["A1"].insert(shift="right")):
        with pytest.raises(NotInThisEngine):
            attempt()
    with pytest.raises(NotInThisEngine):
        sheet.tables[0].show_totals = True


def test_a_book_becomes_a_pdf_in_calc_and_is_refused_elsewhere(path: Path, app: xw.App) -> None:
    book = app.books.open(path)
    target = path.with_suffix(".pdf")
    if app.engine.name == "calc":
        book.to_pdf(target)
        assert target.read_bytes().startswith(b"%PDF-")
        assert [sheet.visible for sheet in book.sheets] == [True, True, True, False]
    else:
        with pytest.raises(NotInThisEngine, match="to_pdf"):
            book.to_pdf(target)


# ---- the openpyxl engine alone


def test_a_file_of_others_is_never_saved_over_through_openpyxl(path: Path) -> None:
    openpyxl_engine.register()
    before = path.read_bytes()
    with xw.App(add_book=False) as app:
        book = app.books.open(path)
        book.sheets["值"]["A1"].value = 2
        with pytest.raises(SaveRefused, match="另存"):
            book.save()
        path.with_name("别的.xlsx").write_bytes(b"theirs")
        with pytest.raises(SaveRefused):
            book.save(path.with_name("别的.xlsx"))
        book.save(path.with_name("新.xlsx"))
        book.sheets["值"]["A1"].value = 3
        book.save()  # its own file by now
    assert path.read_bytes() == before and path.with_name("别的.xlsx").read_bytes() == b"theirs"
    assert openpyxl.load_workbook(path.with_name("新.xlsx"))["值"]["A1"].value == 3


def test_stale_reads_show_the_state_at_open_and_writes_come_in_order(path: Path) -> None:
    openpyxl_engine.register(stale=True, may_overwrite=True)
    with xw.App(add_book=False) as app:
        book = app.books.open(path)
        sheet = book.sheets["订 单"]
        sheet["A2"].value, sheet["A2"].number_format = 99, "0.00"
        sheet.tables["orders"].resize(sheet["A1:C5"])
        book.names["_hidden"].refers_to = "=7"
        sheet.name = "改名"
        assert (sheet["A2"].value, sheet["A2"].number_format, sheet["A2"].formula) == (1.0, "General", "1")
        assert (sheet.tables["orders"].range.address, book.names["_hidden"].refers_to) == ("$A$1:$C$3", "=0")
        assert next(s.name for s in book.sheets) == "订 单"
        new = book.sheets.add("新")
        new["A1"].value = 1
        new["A1"].value = 2
        for read in (lambda: new["A1"].value, lambda: new.index, lambda: list(new.tables)):
            with pytest.raises(NotYetThere, match="新"):
                read()
        fresh = book.names.add("PB_NEW", "=1")
        with pytest.raises(NotYetThere, match="PB_NEW"):
            _ = fresh.refers_to
        assert "新" not in book.sheets and "PB_NEW" not in book.names
        asyncio.run(book.flush())
        assert sheet["A2"].value == 1.0
        book.save()
    file = openpyxl.load_workbook(path)
    assert (file["改名"]["A2"].value, file["改名"]["A2"].number_format, file["新"]["A1"].value) == (99, "0.00", 2)
    assert (file["改名"].tables["orders"].ref, file.defined_names["_hidden"].attr_text) == ("A1:C5", "7")


# ---- Calc alone


def offices(profile_of: str) -> list[str]:
    """Command lines of the processes that use a profile."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc", number, "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if profile_of in words:
            found.append(words)
    return found


@pytest.mark.libreoffice
def test_quit_leaves_no_process_and_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    calc_engine.register()
    app = xw.App(add_book=False)
    assert len(list(tmp_path.iterdir())) == 1 and offices(str(tmp_path)) and app.visible is False
    app.books.add().sheets[0]["A1"].value = "=1+1"
    assert app.books[0].sheets[0]["A1"].value == 2
    app.quit()
    assert not list(tmp_path.iterdir()) and not offices(str(tmp_path))


@pytest.mark.libreoffice
def test_the_death_of_the_program_ends_its_office(tmp_path: Path) -> None:
    script = (
        "import os, signal, xlwings as xw\nfrom addin.engines import calc_engine\ncalc_engine.register()\n"
        "xw.App(add_book=False)\nprint('up', len(os.listdir(os.environ['TMPDIR'])), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    with_folder = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=ROOT, env=with_folder
    )
    assert ended.stdout == "up 1\n" and ended.returncode == -signal.SIGKILL
    give_up = time.monotonic() + 30
    while (offices(str(tmp_path)) or list(tmp_path.iterdir())) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert not offices(str(tmp_path)) and not list(tmp_path.iterdir())


@pytest.mark.libreoffice
def test_a_persons_office_goes_on_after_quit(office: str, path: Path) -> None:
    calc_engine.register(connect=office)
    first = xw.App(add_book=False)
    book = first.books.open(path)
    second = calc_engine.App(first.impl.apps, calc_office.Office(office, False))
    assert [b.name for b in second.books] == [book.name]  # what a person opened is there
    second.apps.running.append(second)
    second.quit()
    assert book.sheets[0].name == "订 单"
    first.quit()
    with xw.App(add_book=False) as third:
        assert len(third.books) == 0


def test_an_office_that_is_not_there_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calc_office, "_PATIENCE", 0.2)
    with pytest.raises(calc_office.OfficeSilent, match="accept"):
        calc_office.Office("socket,host=127.0.0.1,port=9", False)
    monkeypatch.setattr(calc_office, "_folders", list)
    monkeypatch.setitem(sys.modules, "uno", None)
    with pytest.raises(calc_office.OfficeMissing, match="python3-uno"):
        calc_office.bridge()


@pytest.mark.parametrize(
    "excel, calc",
    [
        ("=tbl[[#This Row],[列]]*2", "=tbl[[#This Row];[列]]*2"),
        ("='数 据'!$A$2+Sheet1!A1:B2", "=$'数 据'.$A$2+$Sheet1.A1:B2"),
        ('=IF(A1>0,"x,y;[",SUM({1,2;3,4}))', '=IF(A1>0;"x,y;[";SUM({1;2|3;4}))'),
        ("=IF(TRUE,t[列],FALSE)", "=IF(TRUE();t[列];FALSE())"),
        (
            '=IFERROR(INDEX(s[值],MATCH("公司!",s[参数],0))&"","")',
            '=IFERROR(INDEX(s[值];MATCH("公司!";s[参数];0))&"";"")',
        ),
    ],
)
def test_formulas_translate_both_ways(excel: str, calc: str) -> None:
    assert (to_calc(excel), to_excel(calc)) == (calc, excel)


@pytest.mark.libreoffice
@pytest.mark.parametrize("formula", ["=1+", "=SUM(1,", "='[别的.xlsx]表'!A1"])
def test_what_is_no_formula_is_refused_and_not_kept(formula: str, office: str) -> None:
    calc_engine.register(connect=office)
    with xw.App(add_book=False) as app:
        cell = app.books.add().sheets[0]["A1"]
        with pytest.raises(ChangeRefused, match="公式"):
            cell.value = formula
        assert cell.value is None and cell.formula == ""


def test_format_codes_come_out_as_excel_writes_them() -> None:
    codes = ["YYYY-MM-DD H:MM:SS", 'YYYY"年M"', "0;[RED]-0", "[HH]:MM", "BOOLEAN", "H:MM AM/PM"]
    assert [format_to_excel(code) for code in codes] == [
        *("yyyy-mm-dd h:mm:ss", 'yyyy"年M"', "0;[Red]-0", "[hh]:mm", "General", "h:mm AM/PM"),
    ]


def test_no_member_of_the_interface_was_forgotten() -> None:
    known = {"Apps", "App", "Books", "Book", "Sheets", "Sheet", "Range", "Tables", "Table", "Names", "Name"}
    for module in (openpyxl_engine, calc_engine):
        have = {k.__name__ for k in vars(module).values() if isinstance(k, type)}
        assert known <= have and all(hasattr(base_classes, name) for name in known)


def test_a_font_is_changed_in_one_thing_and_kept_in_the_others(path: Path, app: xw.App, tmp_path: Path) -> None:
    book = app.books.open(path)
    cells = book.sheets[0].range((1, 1), (2, 2))
    cells.font.bold, cells.font.size, cells.font.color = True, 16, "#1F3864"
    cells.font.italic = True
    target = tmp_path / "字体.xlsx"
    book.save(target)
    for row in openpyxl.load_workbook(target).worksheets[0].iter_rows(max_row=2, max_col=2):
        for cell in row:
            font = cell.font
            assert (font.bold, font.italic, font.size, font.color.rgb[-6:]) == (True, True, 16, "1F3864")
    book.close()
    again = app.books.open(target).sheets[0].range((1, 1), (2, 2)).font
    assert (again.bold, again.italic, again.size, again.color) == (True, True, 16, (0x1F, 0x38, 0x64))
    assert not app.books.open(target).sheets[0].range((9, 9)).font.bold


def test_new_rows_look_like_the_one_above_and_hold_nothing_of_it(path: Path, app: xw.App, tmp_path: Path) -> None:
    book = app.books.open(path)
    sheet = book.sheets[0]
    sheet.range((2, 1), (2, 2)).color, sheet.range((2, 1)).number_format = "#FFFBEC", "0.00"
    sheet.range((40, 1), (42, 2)).copy_from(sheet.range((2, 1), (2, 2)), copy_type="formats")
    target = tmp_path / "格式.xlsx"
    book.save(target)
    saved = openpyxl.load_workbook(target).worksheets[0]
    for row in (40, 41, 42):
        assert [saved.cell(row, column).fill.fgColor.rgb[-6:] for column in (1, 2)] == ["FFFBEC"] * 2
        assert saved.cell(row, 1).number_format == "0.00"
        assert [saved.cell(row, column).value for column in (1, 2)] == [None, None]
    with pytest.raises(NotInThisEngine, match="copy_from"):
        sheet.range((40, 1)).copy_from(sheet.range((2, 1)))


@pytest.mark.libreoffice
def test_a_libreoffice_that_a_person_closed_is_forgotten_without_a_word() -> None:
    from addin.engines import calc_engine
    from addin.engines.calc_office import Office

    theirs = Office(None, False)
    calc_engine.register(connect=theirs.address)
    app = xw.App(add_book=False)
    app.books.add()
    theirs.close()
    calc_engine.register()
    assert not xw.engines["calc"].apps.count
    app.quit()
