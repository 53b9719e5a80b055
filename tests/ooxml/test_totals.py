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


@pytest.mark.parametrize("formula", ["=S!C5", "=SUM(S!$C$3:$C$5)", '=s!B5&"x"', "=SUM(S!C4:C9)"])
def test_a_formula_that_names_the_totals_by_address_stops_the_move(formula: str) -> None:
    before = totalled(formula=formula)
    book = Book.read(before)
    with pytest.raises(AppendRefused, match=r"[BC]\d.*引用"):
        book.append("T", [{"k": "c"}])
    assert book.to_bytes() == before


@pytest.mark.parametrize(
    "formula", ["=SUM(S!A1:Z99)", "=S!C4", '="S!C5"', "=T[[#Totals],[v]]", "=Totals!C5", "=SUM(S!C3:C4)"]
)
def test_other_formulas_do_not_stop_it(formula: str) -> None:
    assert Book.read(totalled(formula=formula)).append("T", [{"k": "c"}]) == Placed(5, 5)


def test_a_formula_on_the_same_sheet_stops_it_too() -> None:
    book = Book.read(totalled(lambda _book, sheet: sheet.write_formula("F1", "=C5*2")))
    with pytest.raises(AppendRefused, match="C5"):
        book.append("T", [{"k": "c"}])


def test_totals_over_the_data_by_address_or_comments_of_their_own_are_refused() -> None:
    own = edited(totalled(), "xl/worksheets/sheet1.xml", r"SUBTOTAL\(109,[^<]*\)", "SUM(C3:C4)")
    noted = totalled(lambda _book, sheet: sheet.write_comment("C5", "note"))
    for data, why in ((own, "C5.*地址"), (noted, "C5.*批注")):
        with pytest.raises(AppendRefused, match=why):
            Book.read(data).append("T", [{"k": "c"}])
    other = edited(totalled(), "xl/worksheets/sheet1.xml", r"SUBTOTAL\(109,[^<]*\)", "C3+F1")
    book = Book.read(other)
    book.append("T", [{"k": "c"}])
    assert grid(book.to_bytes(), "S")["C6"].value == "=C3+F1"


def test_content_under_the_totals_is_in_the_way() -> None:
    before = totalled(lambda _book, sheet: sheet.write("B7", "below"))
    book = Book.read(before)
    with pytest.raises(AppendRefused, match="B7"):
        book.append("T", [{"k": "c"}, {"k": "d"}])
    assert book.append("T", [{"k": "c"}]) == Placed(5, 5)
    assert values(book.to_bytes(), "S")[6][1] == "below"


def test_a_calculation_chain_does_not_name_the_old_place() -> None:
    before = with_chain(totalled())
    book = Book.read(before)
    book.append("T", [{"k": "c"}])
    after = book.to_bytes()
    assert_only(before, after, book.touched, {"xl/calcChain.xml"})
    assert "calcChain" not in member(after, "[Content_Types].xml") + member(after, "xl/_rels/workbook.xml.rels")
