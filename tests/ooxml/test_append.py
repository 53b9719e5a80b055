from __future__ import annotations

import datetime
import io
import re
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ooxml.books import (
    HEADERS,
    assert_only,
    by_openpyxl_built,
    calculated,
    edited,
    grid,
    member,
    partners,
    raw_members,
    rezipped,
    small,
    values,
    with_chain,
)
from workbook.errors import AppendRefused, MissingColumn, MissingTable, PartnerBookError
from workbook.ooxml import Book, Placed

ROW = {"编号": "P-0009", "名称": "新公司", "金额": Decimal("12.30"), "日期": datetime.date(2026, 3, 4), "备注": "ok"}
TOUCHED = {
    "xl/worksheets/sheet1.xml",
    "xl/tables/table1.xml",
    "xl/workbook.xml",
    "xl/charts/chart1.xml",
}

DAMAGED = with_chain(calculated())


def appended(data: bytes, table: str, *rows: dict[str, Any]) -> bytes:
    book = Book.read(data)
    book.append(table, rows)
    return book.to_bytes()


def test_an_appended_row_is_read_by_openpyxl_and_calamine() -> None:
    book = Book.read(partners())
    assert book.append("TBLpartners", [ROW, {"编号": "P-0010"}]) == Placed(7, 8)
    data = book.to_bytes()
    sheet = grid(data, "登记 表")
    assert [cell.value for cell in sheet[7][1:6]] == ["P-0009", "新公司", 12.3, datetime.datetime(2026, 3, 4), "ok"]
    assert [cell.value for cell in sheet[8][1:6]] == ["P-0010", None, None, None, None]
    assert sheet.tables["tblPartners"].ref == "B3:F8"
    assert sheet.tables["tblPartners"].autoFilter.ref == "B3:F8"
    assert values(data, "登记 表")[6][1:6] == ["P-0009", "新公司", 12.3, datetime.date(2026, 3, 4), "ok"]


def test_every_untouched_member_keeps_its_raw_bytes_and_the_touched_ones_are_few() -> None:
    before = partners()
    book = Book.read(before)
    book.append("tblPartners", [ROW])
    assert book.touched == TOUCHED
    assert_only(before, book.to_bytes(), TOUCHED)


def test_a_book_that_nobody_changed_comes_back_as_the_same_bytes() -> None:
    before = partners()
    book = Book.read(before)
    assert book.rows("tblPartners")
    assert book.append("tblPartners", []) == Placed(7, 6)
    assert book.to_bytes() == before
    assert book.touched == frozenset()


def test_several_changes_add_up_in_one_writing() -> None:
    book = Book.read(partners())
    book.append("tblPartners", [ROW])
    book.append("tblPartners", [ROW | {"编号": "P-0010"}])
    book.set_defined_name("_generation", "7")
    data = book.to_bytes()
    assert [cell.value for cell in grid(data, "登记 表")["B"]][6:] == ["P-0009", "P-0010"]
    assert grid(data, "登记 表").tables["tblPartners"].ref == "B3:F8"
    assert openpyxl.load_workbook(io.BytesIO(data)).defined_names["_generation"].attr_text == "7"


def test_the_blank_row_of_an_empty_table_is_filled_first() -> None:
    data = partners(0)
    book = Book.read(data)
    assert book.rows("tblPartners") == []
    assert book.append("tblPartners", [ROW]) == Placed(4, 4)
    sheet = grid(book.to_bytes(), "登记 表")
    assert sheet.tables["tblPartners"].ref == "B3:F4"
    assert sheet["B4"].value == "P-0009"
    assert sheet["D4"].number_format == "#,##0.00"
    assert book.append("tblPartners", [ROW]) == Placed(5, 5)
    assert grid(book.to_bytes(), "登记 表").tables["tblPartners"].ref == "B3:F5"


def test_a_blank_row_with_formulas_is_blank_and_keeps_them() -> None:
    def blank(book: Any, sheet: Any) -> None:
        sheet.write_blank("B3", None, book.add_format({"bold": True}))
        sheet.write_formula("C3", "=1+1", None, 2)

    data = small(blank)
    book = Book.read(data)
    assert book.rows("T") == []
    assert book.append("T", [{"k": "a"}]) == Placed(3, 3)
    sheet = grid(book.to_bytes(), "S")
    assert (sheet["B3"].value, sheet["C3"].value) == ("a", "=1+1")


def test_new_rows_look_like_the_last_one_but_are_never_hidden_or_grouped() -> None:
    def hide(_book: Any, sheet: Any) -> None:
        sheet.set_row(5, 30, None, {"hidden": True, "level": 2, "collapsed": True})

    sheet = grid(appended(partners(below=hide), "tblPartners", ROW), "登记 表")
    assert sheet.row_dimensions[6].hidden and sheet.row_dimensions[6].outlineLevel == 2
    assert not sheet.row_dimensions[7].hidden and not sheet.row_dimensions[7].outlineLevel
    assert sheet.row_dimensions[7].height == 30
    assert [cell.number_format for cell in sheet[7][1:6]] == ["@", "General", "#,##0.00", "yyyy-mm-dd", "General"]
    assert sheet["D7"].border.left.style == "thin"


def test_ranges_over_the_data_grow_and_others_stay() -> None:
    data = appended(partners(), "tblPartners", ROW, ROW)
    sheet = grid(data, "登记 表")
    assert {str(item.sqref) for item in sheet.conditional_formatting} == {"D4:D8", "F4:F8"}
    assert {str(item.sqref) for item in sheet.data_validations.dataValidation} == {"F4:F8", "J4:J6"}
    assert "<xm:sqref>D4:D8</xm:sqref>" in member(data, "xl/worksheets/sheet1.xml")
    names = openpyxl.load_workbook(io.BytesIO(data)).defined_names
    assert names["Amounts"].attr_text == "'登记 表'!$D$4:$D$8"
    assert re.findall("<c:f>([^<]*)", member(data, "xl/charts/chart1.xml")) == [
        "'登记 表'!$B$4:$B$8",
        "'登记 表'!$D$4:$D$8",
    ]
    assert sheet.dimensions == "B3:F8"


def test_everything_is_calculated_anew_on_opening() -> None:
    data = edited(partners(), "xl/workbook.xml", "<calcPr[^>]*/>", "")
    for book in (data, partners()):
        text = member(appended(book, "tblPartners", ROW), "xl/workbook.xml")
        assert re.findall(r"</definedNames><calcPr [^>]*fullCalcOnLoad=\"1\"[^>]*/>", text)
        assert text.count("calcPr") == 1


def test_a_calculated_column_gets_its_formula_and_the_chain_goes_whole() -> None:
    before = with_chain(calculated())
    book = Book.read(before)
    book.append("T", [{"n": 3}, {"n": 4, "double": 8}])
    after = book.to_bytes()
    assert_only(before, after, book.touched, {"xl/calcChain.xml"})
    for part in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
        assert "calcChain" not in member(after, part)
        assert member(after, part).endswith(("</Types>", "</Relationships>"))
    assert grid(after, "S")["B4"].value == "=T[[#This Row],[n]]*2"
    assert values(after, "S")[4][:2] == [4, 8]
    assert 'r="B4"><f>T[[#This Row],[n]]*2</f></c>' in member(after, "xl/worksheets/sheet1.xml")


def test_a_column_that_lost_its_declaration_is_calculated_like_the_row_above() -> None:
    lost = edited(calculated(), "xl/tables/table1.xml", "<calculatedColumnFormula>.*?</calculatedColumnFormula>", "")
    assert grid(appended(lost, "T", {"n": 3}), "S")["B4"].value == "=T[[#This Row],[n]]*2"


def test_a_formula_with_plain_references_moves_with_its_row() -> None:
    data = calculated()
    for part in ("xl/tables/table1.xml", "xl/worksheets/sheet1.xml"):
        data = edited(data, part, r"T\[\[#This Row\],\[n\]\]\*2", 'A2*$A$1&amp;"A2"&amp;LOG10(A2)')
    # What XlsxWriter wrote into row 3 is made what Excel would hold there.
    data = edited(data, "xl/worksheets/sheet1.xml", r'(r="B3"[^>]*><f>)A2(.*?)\(A2\)', r"\1A3\2(A3)")
    assert grid(appended(data, "T", {"n": 3}, {"n": 4}), "S")["B5"].value == '=A5*$A$1&"A2"&LOG10(A5)'


def test_cells_beside_the_table_stay_and_are_never_copied() -> None:
    def beside(book: Any, sheet: Any) -> None:
        bold = book.add_format({"bold": True})
        sheet.write("A3", "left")
        sheet.write("A4", "left 4")
        sheet.write_blank("B4", None, bold)
        sheet.write("E4", 4, bold)
        sheet.write("A9", "far below")

    before = small(beside)
    data = appended(before, "T", {"k": "b", "v": 2}, {"k": "c", "v": 3})
    rows = values(data, "S")
    assert rows[3] == ["left 4", "b", 2, "", 4]
    assert rows[4] == ["", "c", 3, "", ""]
    assert rows[8][0] == "far below"
    assert grid(data, "S")["E4"].font.bold
    xml = member(data, "xl/worksheets/sheet1.xml")
    assert [int(row) for row in re.findall(r'<row r="(\d+)"', xml)] == [2, 3, 4, 5, 9]
    assert re.findall(r'r="([A-Z])4"', xml) == ["A", "B", "C", "E"]
    assert 'spans="' not in re.findall(r'<row r="4"[^>]*>', xml)[0]


def test_columns_are_found_by_header_wherever_they_stand() -> None:
    data = by_openpyxl_built([["b", "a & <b>", "多\n行"], [1, 2, 3]], "A1:C2")
    book = Book.read(data)
    assert book.table("T").columns == ("b", "a & <b>", "多\n行")
    book.append("T", [{"多\r\n行": 30, "a & <b>": 20, "b": 10}])
    assert values(book.to_bytes(), "S")[2] == [10, 20, 30]


def test_missing_columns_are_all_named_with_their_sheet() -> None:
    book = Book.read(partners())
    with pytest.raises(MissingColumn) as missing:
        book.append("tblPartners", [{"编号": "x", "电话": 1}, {"邮箱": 2, "电话": 3}])
    assert missing.value.columns == ("电话", "邮箱")
    assert missing.value.sheet == "登记 表"
    assert missing.value.known == tuple(HEADERS)
    with pytest.raises(MissingTable, match="tblPartners"):
        book.append("tblNobody", [{}])


def test_a_table_without_header_row_goes_by_the_order_of_its_columns() -> None:
    data = small(lambda _book, sheet: sheet.add_table("F3:G4", {"name": "Bare", "header_row": False, "data": [[1, 2]]}))
    book = Book.read(data)
    view = book.table("Bare")
    assert (view.first_row, view.last_row, view.columns) == (3, 4, ("Column1", "Column2"))
    assert book.append("Bare", [{"Column2": 20, "Column1": 10}]) == Placed(5, 5)
    assert values(book.to_bytes(), "S")[4][5:7] == [10, 20]


def test_a_one_cell_table_grows() -> None:
    data = by_openpyxl_built([["k"], ["a"]], "A1:A2")
    out = appended(data, "T", {"k": "b"})
    assert grid(out, "S").tables["T"].ref == "A1:A3"
    assert values(out, "S") == [["k"], ["a"], ["b"]]


def test_headers_are_never_touched() -> None:
    before = partners()
    after = appended(before, "tblPartners", ROW)
    columns = r"<tableColumns.*</tableColumns>"
    header = r'<row r="3".*?</row>'
    for part, pattern in (("xl/tables/table1.xml", columns), ("xl/worksheets/sheet1.xml", header)):
        old, new = (re.search(pattern, member(data, part), re.DOTALL) for data in (before, after))
        assert old and new and old[0] == new[0]


def test_a_sheet_full_to_its_last_row_is_refused() -> None:
    data = small()
    data = edited(data, "xl/tables/table1.xml", "B2:C3", "B1048575:C1048576")
    with pytest.raises(AppendRefused, match="只剩 0 行"):
        appended(data, "T", {"k": "a"}, {"k": "b"}, {"k": "c"})


def test_sorting_over_the_data_grows_with_the_table() -> None:
    sort = '</autoFilter><sortState ref="B3:C3"><sortCondition ref="C3:C3"/></sortState>'
    data = edited(small(), "xl/tables/table1.xml", '<autoFilter ref="B2:C3"/>', '<autoFilter ref="B2:C3">' + sort)
    text = member(appended(data, "T", {"k": "b"}), "xl/tables/table1.xml")
    assert '<sortState ref="B3:C4"><sortCondition ref="C3:C4"/>' in text


def test_rows_under_a_filter_are_shown() -> None:
    def filtered(_book: Any, sheet: Any) -> None:
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_row(3, None, None, {"hidden": True})

    sheet = grid(appended(small(filtered), "T", {"k": "b"}, {"k": "c"}), "S")
    assert [bool(sheet.row_dimensions[row].hidden) for row in (3, 4, 5)] == [True, False, False]


@pytest.mark.parametrize("quote", ["prefix", "single quotes", "comments", "no references", "utf-16", "empty sheet"])
def test_other_ways_to_write_the_same_xml_are_understood(quote: str) -> None:
    data = by_openpyxl_built([["k", "v"], ["a", 1]], "A1:B2")
    part = "xl/worksheets/sheet1.xml"
    text = member(data, part)
    if quote == "prefix":
        text = re.sub(r"<(/?)([A-Za-z])", r"<\1x:\2", text).replace("xmlns=", "xmlns:x=")
    elif quote == "single quotes":
        text = text.replace('"', "'")
    elif quote == "comments":
        text = text.replace("</row>", "<!-- </row> --></row>").replace("<row", '<!-- <row r="99"><c r="A99"/> --><row')
    elif quote == "no references":
        text = re.sub(r' r="\w+"| spans="[^"]*"', "", text)
    elif quote == "empty sheet":
        text = re.sub("<sheetData>.*</sheetData>", "<sheetData/>", text)
    changed = text.encode("utf-16") if quote == "utf-16" else text.encode()
    if quote == "utf-16":
        changed = ('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16")
    data = rezipped(data, {part: changed})
    book = Book.read(data)
    first = 2 if quote == "empty sheet" else 3
    assert book.append("T", [{"k": "=b", "v": 2}]) == Placed(first, first)
    assert grid(book.to_bytes(), "S").cell(first, 1).value == "=b"
    assert values(book.to_bytes(), "S")[-1] == ["=b", 2]
    if quote != "empty sheet":
        assert [row.values for row in book.rows("T")] == [{"k": "a", "v": 1}, {"k": "=b", "v": 2}]


def test_the_insert_row_of_an_empty_table_becomes_data() -> None:
    data = edited(partners(0), "xl/tables/table1.xml", ' totalsRowShown="0"', ' insertRow="1" totalsRowShown="0"')
    text = member(appended(data, "tblPartners", ROW), "xl/tables/table1.xml")
    assert 'insertRow="0"' in text and 'ref="B3:F4"' in text


def test_a_column_goes_by_its_declared_name_with_coded_line_breaks() -> None:
    data = edited(small(), "xl/tables/table1.xml", 'name="v"', 'name="v_x000a_2 &amp; more"')
    book = Book.read(data)
    assert book.table("T").columns == ("k", "v\n2 & more")
    book.append("T", [{"v\n2 & more": 5}])
    assert values(book.to_bytes(), "S")[3][2] == 5
    assert values(book.to_bytes(), "S")[1][2] == "v"


def test_the_cell_of_a_sparkline_does_not_grow() -> None:
    data = small(lambda _book, sheet: sheet.add_sparkline("C3", {"range": "E1:H1"}))
    after = appended(data, "T", {"k": "b"})
    assert "<xm:sqref>C3</xm:sqref>" in member(after, "xl/worksheets/sheet1.xml")


def test_a_package_with_prefixes_everywhere_is_changed_like_any_other() -> None:
    data = with_chain(calculated())
    for part in ("xl/worksheets/sheet1.xml", "xl/tables/table1.xml", "xl/workbook.xml", "xl/styles.xml"):
        text = re.sub(r"<(/?)([A-Za-z])", r"<\1x:\2", member(data, part)).replace("xmlns=", "xmlns:x=")
        data = rezipped(data, {part: text.encode()})
    book = Book.read(data)
    book.append("T", [{"n": 3, "note": "=x"}])
    book.set_defined_name("a", "1")
    after = book.to_bytes()
    sheet = grid(after, "S")
    assert [cell.value for cell in sheet[4]] == [3, "=T[[#This Row],[n]]*2", "=x"]
    assert sheet["C4"].quotePrefix
    assert sheet.tables["T"].ref == "A1:C4"
    assert openpyxl.load_workbook(io.BytesIO(after)).defined_names["a"].attr_text == "1"
    assert values(after, "S")[3][2] == "=x"


def test_a_strict_package_is_changed_like_any_other() -> None:
    data = small()
    for part in raw_members(data):
        text = member(data, part).replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"
        )
        old = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        text = text.replace(old, "http://purl.oclc.org/ooxml/officeDocument/relationships")
        data = rezipped(data, {part: text.encode()})
    after = appended(data, "T", {"k": "b", "v": 2})
    assert values(after, "S")[3] == ["", "b", 2]
    assert "schemas.openxmlformats.org/spreadsheetml" not in member(after, "xl/worksheets/sheet1.xml")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["", "<", ">", '"', "9", "-", "ZZZ", " ", "&"]), st.integers(1, 9))
def test_a_damaged_part_is_refused_or_read_but_never_another_error(at: int, new: str, width: int) -> None:
    parts = ("xl/worksheets/sheet1.xml", "xl/tables/table1.xml", "xl/workbook.xml", "xl/styles.xml")
    part = parts[at % len(parts)]
    text = member(DAMAGED, part)
    at %= len(text)
    data = rezipped(DAMAGED, {part: (text[:at] + new + text[at + width :]).encode()})
    try:
        book = Book.read(data)
        for table in book.tables:
            book.rows(table.name)
            book.append(table.name, [dict.fromkeys(table.columns, "=x")])
        book.set_defined_name("a", "1")
        book.to_bytes()
    except PartnerBookError as refused:
        assert str(refused)  # noqa: PT017
