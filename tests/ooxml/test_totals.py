from __future__ import annotations

import io
from typing import Any

import pytest
import xlsxwriter

from tests.ooxml.books import assert_only, edited, grid, member, values, with_chain
from workbook.errors import AppendRefused
from workbook.ooxml import Book, Placed


def totalled(more: Any = None, formula: str = "=Totals!A1") -> bytes:
    """A table T at B2:C5 with two data rows and a totals row, something beside the totals, a rule over the totals."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet, other = book.add_worksheet("S"), book.add_worksheet("Totals")
    bold = book.add_format({"bold": True})
    columns = [
        {"header": "k", "total_string": "合计"},
        {"header": "v", "total_function": "sum", "total_value": 3, "format": bold},
    ]
    sheet.add_table("B2:C5", {"name": "T", "total_row": True, "columns": columns, "data": [["a", 1], ["b", 2]]})
    sheet.write("A5", "beside")
    sheet.conditional_format("C5", {"type": "cell", "criteria": ">", "value": 9, "format": bold})
    sheet.data_validation("C3:C4", {"validate": "decimal", "criteria": ">", "value": 0})
    other.write_formula("B1", formula)
    other.write_formula("B2", "=T[[#Totals],[v]]")
    book.define_name("Total", "=S!$C$5")
    book.define_name("Data", "=S!$C$3:$C$4")
    book.define_name("All", "=S!$B$2:$C$5")
    if more:
        more(book, sheet)
    book.close()
    return file.getvalue()


def test_a_totals_row_moves_down_with_its_formulas_and_format() -> None:
    before = totalled()
    book = Book.read(before)
    view = book.table("T")
    assert (view.first_row, view.last_row, view.totals_row_count) == (3, 4, 1)
    assert book.append("T", [{"k": "c", "v": 4}, {"k": "d", "v": 5}]) == Placed(5, 6)
    after = book.to_bytes()
    assert_only(before, after, book.touched)
    sheet = grid(after, "S")
    assert [cell.value for cell in sheet["B"]] == [None, "k", "a", "b", "c", "d", "合计"]
    assert [cell.value for cell in sheet["C"]] == [None, "v", 1, 2, 4, 5, "=SUBTOTAL(109,[v])"]
    assert sheet["A5"].value == "beside"
    assert sheet["A7"].value is None
    assert sheet.tables["T"].ref == "B2:C7"
    assert sheet.tables["T"].autoFilter.ref == "B2:C6"
    assert sheet["C7"].font.bold == grid(before, "S")["C5"].font.bold
    assert values(after, "S")[6] == ["", "合计", 3]
    assert Book.read(after).rows("T")[-1].values == {"k": "d", "v": 5}


def test_what_points_at_the_totals_moves_with_them() -> None:
    book = Book.read(totalled())
    book.append("T", [{"k": "c"}])
    after = book.to_bytes()
    assert {name: book.defined_name(name) for name in ("Total", "Data", "All")} == {
        "Total": "S!$C$6",
        "Data": "S!$C$3:$C$5",
        "All": "S!$B$2:$C$6",
    }
    sheet = grid(after, "S")
    assert [str(rule.sqref) for rule in sheet.conditional_formatting] == ["C6"]
    assert [str(item.sqref) for item in sheet.data_validations.dataValidation] == ["C3:C5"]


@pytest.mark.parametrize(
    ("formula", "then"),
    [
        ("=S!C5", "=S!C6"),
        ("=SUM(S!$C$3:$C$5)", "=SUM(S!$C$3:$C$6)"),
        ('=s!B5&"x S!B5"', '=s!B6&"x S!B5"'),
        ("=T[[#Totals],[v]]+'S'!C$5", "=T[[#Totals],[v]]+'S'!C$6"),
    ],
)
def test_a_formula_that_names_the_totals_by_address_follows_them(formula: str, then: str) -> None:
    book = Book.read(totalled(formula=formula))
    book.append("T", [{"k": "c"}])
    assert grid(book.to_bytes(), "Totals")["B1"].value == then


def test_a_range_that_ends_in_the_blank_cells_under_the_totals_stops_the_move() -> None:
    before = totalled(formula="=SUM(S!C5:C9)")
    book = Book.read(before)
    with pytest.raises(AppendRefused, match=r"工作表“Totals”B1 的公式.*C5:C9"):
        book.append("T", [{"k": "c"}])
    assert book.to_bytes() == before


@pytest.mark.parametrize(
    "formula", ["=SUM(S!A1:Z99)", "=S!C4", '="S!C5"', "=T[[#Totals],[v]]", "=Totals!C5", "=SUM(S!C3:C4)"]
)
def test_other_formulas_do_not_stop_it(formula: str) -> None:
    assert Book.read(totalled(formula=formula)).append("T", [{"k": "c"}]) == Placed(5, 5)


def test_a_formula_on_the_same_sheet_follows_too() -> None:
    book = Book.read(totalled(lambda _book, sheet: sheet.write_formula("F1", "=C5*2")))
    book.append("T", [{"k": "c"}])
    assert grid(book.to_bytes(), "S")["F1"].value == "=C6*2"


def test_totals_over_the_data_by_address_reach_the_new_rows() -> None:
    own = edited(totalled(), "xl/worksheets/sheet1.xml", r"SUBTOTAL\(109,[^<]*\)", "SUM(C3:C4)+F1")
    book = Book.read(own)
    book.append("T", [{"k": "c"}, {"k": "d"}])
    assert grid(book.to_bytes(), "S")["C7"].value == "=SUM(C3:C6)+F1"


def test_a_comment_on_the_totals_goes_with_them() -> None:
    book = Book.read(totalled(lambda _book, sheet: sheet.write_comment("C5", "note")))
    book.append("T", [{"k": "c"}])
    sheet = grid(book.to_bytes(), "S")
    assert sheet["C5"].comment is None and sheet["C6"].comment.text == "note"
    assert "<x:Row>5</x:Row>" in member(book.to_bytes(), "xl/drawings/vmlDrawing1.vml")


def test_content_under_the_totals_makes_room_only_when_it_is_in_the_way() -> None:
    before = totalled(lambda _book, sheet: sheet.write("B7", "below"))
    book = Book.read(before)
    assert book.append("T", [{"k": "c"}]) == Placed(5, 5)
    assert values(book.to_bytes(), "S")[6][1] == "below"
    assert book.append("T", [{"k": "d"}]) == Placed(6, 6)
    assert [row[1] for row in values(book.to_bytes(), "S")[1:]] == ["k", "a", "b", "c", "d", "合计", "below"]


def test_a_calculation_chain_does_not_name_the_old_place() -> None:
    before = with_chain(totalled())
    book = Book.read(before)
    book.append("T", [{"k": "c"}])
    after = book.to_bytes()
    assert_only(before, after, book.touched, {"xl/calcChain.xml"})
    assert "calcChain" not in member(after, "[Content_Types].xml") + member(after, "xl/_rels/workbook.xml.rels")
