from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest

from tests.ooxml.books import (
    assert_only,
    by_openpyxl_built,
    calculated,
    edited,
    grid,
    member,
    partners,
    small,
    values,
    with_chain,
)
from workbook.errors import AppendRefused, DuplicateKey, MissingColumn, ValueRefused
from workbook.ooxml import Book, Upserted

SHEET = "xl/worksheets/sheet1.xml"


def rows_of(data: bytes, part: str = SHEET) -> dict[int, str]:
    return {int(number): row for row, number in re.findall(r'(<row r="(\d+)".*?</row>)', member(data, part), re.DOTALL)}


def test_only_the_named_cells_change() -> None:
    before = partners()
    book = Book.read(before)
    assert book.update("tblPartners", "编号", {"P-0002": {"备注": "=no", "金额": Decimal("99.90")}, "P-0077": {}}) == (
        "P-0077",
    )
    after = book.to_bytes()
    assert_only(before, after, {SHEET, "xl/workbook.xml", "xl/styles.xml"})
    old, new = values(before, "登记 表"), values(after, "登记 表")
    assert new[4][1:6] == ["P-0002", "公司 2", 99.9, old[4][4], "=no"]
    new[4] = old[4]
    assert new == old
    assert grid(after, "登记 表")["D5"].number_format == "#,##0.00"
    assert grid(after, "登记 表")["D5"].border.left.style == "thin"
    ours, theirs = rows_of(before), rows_of(after)
    assert [number for number in ours if ours[number] != theirs[number]] == [5]
    cells = [re.findall(r"<c .*?(?:/>|</c>)", row[5]) for row in (ours, theirs)]
    assert [left == right for left, right in zip(*cells, strict=True)] == [True, True, False, True, False]


def test_an_update_that_changes_nothing_changes_no_byte() -> None:
    before = partners()
    book = Book.read(before)
    same = {"名称": "公司 2", "金额": 21, "日期": datetime.date(2023, 3, 16), "备注": "ok"}
    assert values(before, "登记 表")[4][4] == datetime.date(2023, 3, 16)
    assert book.update("tblPartners", "编号", {"P-0002": same, "P-0003": {"金额": Decimal("31.50")}}) == ()
    assert book.upsert("tblPartners", "编号", [{"编号": "P-0002", **same}]) == Upserted((), ())
    assert book.to_bytes() == before


def test_a_key_that_stands_twice_is_refused_only_if_it_is_to_change() -> None:
    data = by_openpyxl_built([["k", "v"], ["a", 1], ["b", 2], ["a", 3]], "A1:B4")
    book = Book.read(data)
    assert book.update("T", "k", {"b": {"v": 20}}) == ()
    kept = book.to_bytes()
    with pytest.raises(DuplicateKey) as twice:
        book.update("T", "k", {"b": {"v": 30}, "a": {"v": 10}})
    assert twice.value.rows == (2, 4)
    assert book.to_bytes() == kept
    assert values(kept, "S") == [["k", "v"], ["a", 1], ["b", 20], ["a", 3]]


def test_number_keys_are_found_by_their_text() -> None:
    book = Book.read(by_openpyxl_built([["k", "v"], [12, 1], ["7", 2]], "A1:B3"))
    assert book.update("T", "k", {"12": {"v": "twelve"}, "7": {"v": "seven"}, "8": {"v": 0}}) == ("8",)
    assert values(book.to_bytes(), "S")[1:] == [[12, "twelve"], ["7", "seven"]]


def test_an_upsert_inserts_new_keys_and_updates_old_ones_in_one_go() -> None:
    book = Book.read(partners())
    done = book.upsert(
        "tblPartners",
        "编号",
        [
            {"编号": "P-0010", "名称": "新"},
            {"编号": "P-0001", "名称": "改"},
            {"编号": "P-0002", "名称": "公司 2"},
            {"编号": "P-0010", "金额": 5},
        ],
    )
    assert done == Upserted(("P-0010",), ("P-0001",))
    data = book.to_bytes()
    rows = values(data, "登记 表")
    assert rows[3][1:3] == ["P-0001", "改"]
    assert rows[6][1:4] == ["P-0010", "新", 5]
    assert grid(data, "登记 表").tables["tblPartners"].ref == "B3:F7"
    again = Book.read(data)
    assert again.upsert("tblPartners", "编号", [{"编号": "P-0010", "名称": "新", "金额": 5.0}]) == Upserted((), ())
    assert again.to_bytes() == data


def test_an_upsert_fills_the_blank_row_of_a_new_table() -> None:
    book = Book.read(partners(0))
    assert book.upsert("tblPartners", "编号", [{"编号": "a"}, {"编号": "b"}]).inserted == ("a", "b")
    assert [row.number for row in book.rows("tblPartners")] == [4, 5]


def test_a_refused_upsert_leaves_nothing_behind() -> None:
    def in_the_way(_book: Any, sheet: Any) -> None:
        sheet.write("B4", "in the way")
        sheet.write("E4", "beside")
        sheet.write_formula("E1", "=SUM(B4:E4)")  # only a part of it could move

    before = small(in_the_way)
    book = Book.read(before)
    with pytest.raises(AppendRefused, match="B4:E4"):
        book.upsert("T", "k", [{"k": "a", "v": 5}, {"k": "b", "v": 6}])
    assert book.to_bytes() == before
    with pytest.raises(ValueRefused, match="没有键"):
        book.upsert("T", "k", [{"v": 5}])
    with pytest.raises(MissingColumn, match="缺少列 key"):
        book.upsert("T", "key", [{"k": "a"}])
    with pytest.raises(MissingColumn, match="缺少列 w"):
        book.update("T", "k", {"a": {"w": 1}})


def test_clearing_a_cell_keeps_its_style() -> None:
    book = Book.read(partners())
    book.update("tblPartners", "编号", {"P-0001": {"金额": None, "名称": ""}})
    sheet = grid(book.to_bytes(), "登记 表")
    assert (sheet["C4"].value, sheet["D4"].value, sheet["D4"].number_format) == (None, None, "#,##0.00")


def test_a_cell_that_was_never_written_takes_the_style_of_its_column() -> None:
    data = edited(partners(), SHEET, r'<c r="D5".*?</c>', "")
    book = Book.read(data)
    book.update("tblPartners", "编号", {"P-0002": {"金额": 1}})
    assert grid(book.to_bytes(), "登记 表")["D5"].number_format == "#,##0.00"
    assert re.findall(r'r="([A-Z])5"', rows_of(book.to_bytes())[5]) == ["B", "C", "D", "E", "F"]


def test_a_calculated_cell_keeps_its_formula_and_shows_the_value() -> None:
    book = Book.read(calculated())
    book.update("T", "n", {"1": {"double": 2, "note": "x"}})
    data = book.to_bytes()
    assert grid(data, "S")["B2"].value == "=T[[#This Row],[n]]*2"
    assert values(data, "S")[1] == [1, 2, "x"]


def test_a_formula_that_fills_other_cells_is_not_overwritten_alone() -> None:
    shared = '<c r="C3"><f t="shared" ref="C3:C9" si="0">1+1</f><v>2</v></c>'
    for formula in (shared, shared.replace("shared", "array").replace(' si="0"', "")):
        data = edited(small(), SHEET, r'<c r="C3">.*?</c>', formula)
        with pytest.raises(AppendRefused, match="C3"):
            Book.read(data).update("T", "k", {"a": {"v": 5}})


def test_an_ordinary_formula_gives_way_to_the_value_and_the_chain_goes() -> None:
    book = Book.read(with_chain(edited(small(), SHEET, r'<c r="C3">.*?</c>', '<c r="C3"><f>1+1</f><v>2</v></c>')))
    book.update("T", "k", {"a": {"v": 5}})
    assert grid(book.to_bytes(), "S")["C3"].value == 5
    assert "calcChain" not in member(book.to_bytes(), "[Content_Types].xml")


def test_hidden_rows_stay_hidden_when_a_cell_changes() -> None:
    book = Book.read(small(lambda _book, sheet: sheet.set_row(2, None, None, {"hidden": True})))
    book.update("T", "k", {"a": {"v": 5}})
    assert grid(book.to_bytes(), "S").row_dimensions[3].hidden


@pytest.mark.parametrize("value", [True, 1, "1", 1.5, None, datetime.datetime(2026, 1, 1, 8)], ids=repr)
def test_what_was_updated_is_equal_the_next_time(value: Any) -> None:
    book = Book.read(small())
    book.update("T", "k", {"a": {"v": value}})
    data = book.to_bytes()
    again = Book.read(data)
    again.update("T", "k", {"a": {"v": value}})
    assert again.to_bytes() == data
    assert (book.to_bytes() == small()) is (value == 1 and type(value) is int)


def test_a_calculated_column_that_lost_its_declaration_and_a_formula_gets_both_back() -> None:
    formula = "T[[#This Row],[n]]*2"
    lost = edited(calculated(), "xl/tables/table1.xml", "<calculatedColumnFormula>.*?</calculatedColumnFormula>", "")
    lost = edited(lost, SHEET, r'(r="B3">)<f>[^<]*</f>', r"\1")
    book = Book.read(lost)
    before = [cell.value for cell in grid(lost, "S")["B"]]
    assert before.count("=" + formula) < 2
    rows = [{"n": 1, "double": 2}, {"n": 2, "double": 4}, {"n": 7, "double": 14}]
    book.upsert("T", "n", rows, {"double": formula})
    after = book.to_bytes()
    assert [cell.value for cell in grid(after, "S")["B"]][1:] == ["=" + formula] * 3
    assert book.table("T").formula_of("double") == (formula, False)
    assert book.upsert("T", "n", rows, {"double": formula}) == Upserted((), ()) and book.to_bytes() == after


def test_a_formula_of_the_row_stays_when_its_saved_value_changes_though_nothing_declares_it() -> None:
    lost = edited(calculated(), "xl/tables/table1.xml", "<calculatedColumnFormula>.*?</calculatedColumnFormula>", "")
    book = Book.read(lost)
    book.update("T", "n", {"1": {"double": 99}})
    assert grid(book.to_bytes(), "S")["B2"].value == "=T[[#This Row],[n]]*2"
    assert values(book.to_bytes(), "S")[1][1] == 99
