"""Content below a table makes room: it moves down whole, everything that points at it follows, or it is refused whole."""

from __future__ import annotations

import io
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tests.office import SYSTEM_PYTHON, recalculated, running
from tests.ooxml.books import assert_only, by_openpyxl_built, edited, grid, member, rezipped, small, values
from workbook.errors import AppendRefused
from workbook.ooxml import Book, Placed
from workbook.ooxml.lint import new_findings
from workbook.ooxml.moves import Moves, Torn, translated
from workbook.ooxml.refs import LAST_COLUMN, LAST_ROW, Area, Growth

Draw = Callable[[Any, Any], None]
TWO = [{"k": "b", "v": 2}, {"k": "c", "v": 3}]


def grown(below: Draw, rows: list[dict[str, Any]] | None = None) -> tuple[Book, Any]:
    """A table T at B2:C3 with something below, after rows were appended; and its sheet as openpyxl reads it."""
    before = small(below)
    book = Book.read(before)
    book.append("T", rows or TWO)
    after = book.to_bytes()
    assert not new_findings(before, after)
    return book, grid(after, "S")


def test_a_value_below_moves_down_by_the_rows_that_came() -> None:
    _, sheet = grown(lambda _book, sheet: sheet.write("C5", "note"))
    assert sheet.dimensions == "B2:C7"
    assert [cell.value for cell in sheet["B"]] == [None, "k", "a", "b", "c", None, None]
    assert [cell.value for cell in sheet["C"]] == [None, "v", 1, 2, 3, None, "note"]


def test_what_lies_far_enough_below_stays_where_it_is() -> None:
    _, sheet = grown(lambda _book, sheet: sheet.write("C6", "note"))
    assert sheet["C6"].value == "note"


def test_with_nothing_beside_whole_rows_move_with_height_and_grouping() -> None:
    def below(_book: Any, sheet: Any) -> None:
        sheet.set_row(4, 45)
        sheet.write("B5", "high")
        sheet.set_row(6, None, None, {"hidden": True, "level": 1})
        sheet.write("B7", "hidden")
        sheet.set_h_pagebreaks([5])

    book, sheet = grown(below)
    assert (sheet["B7"].value, sheet.row_dimensions[7].height) == ("high", 45)
    assert (sheet["B9"].value, sheet.row_dimensions[9].hidden, sheet.row_dimensions[9].outlineLevel) == (
        "hidden", True, 1,
    )  # fmt: skip
    assert not sheet.row_dimensions[5].hidden and sheet.row_dimensions[5].height != 45
    assert '<brk id="7"' in member(book.to_bytes(), "xl/worksheets/sheet1.xml")


def test_with_something_beside_only_the_columns_of_the_table_move() -> None:
    def below(book: Any, sheet: Any) -> None:
        sheet.write("B5", "below", book.add_format({"bold": True}))
        sheet.write("E5", "beside")
        sheet.set_row(4, 45)

    _, sheet = grown(below)
    assert (sheet["B7"].value, sheet["B7"].font.bold, sheet["B5"].value) == ("below", True, "c")
    assert (sheet["E5"].value, sheet["E7"].value, sheet.row_dimensions[5].height) == ("beside", None, 45)


def test_formulas_names_rules_links_and_charts_follow_the_block() -> None:
    def below(book: Any, sheet: Any) -> None:
        sheet.write_row("B5", [10, 20])
        sheet.write_formula("B6", "=B5+C5+$B$3")
        sheet.write("E5", "beside")
        sheet.write_formula("E1", "=SUM(B5:C5)")
        other = book.add_worksheet("其他 页")
        other.write_formula("A1", '=S!$B$6*2&"S!B6"')
        other.write_url("A2", "internal:'S'!B6", string="link")
        other.data_validation("A3", {"validate": "list", "source": "=S!$B$5:$C$5"})
        other.conditional_format("A4", {"type": "formula", "criteria": "=S!$B$5>1"})
        sheet.conditional_format("B5:E5", {"type": "cell", "criteria": ">", "value": 9, "format": book.add_format()})
        sheet.data_validation("B5:C6", {"validate": "decimal", "criteria": ">", "value": "=$B$6"})
        book.define_name("Below", "=S!$B$5:$C$6")
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=S!$B$5:$C$5"})
        other.insert_chart("D4", chart)

    book, sheet = grown(below)
    assert (sheet["B8"].value, sheet["E1"].value) == ("=B7+C7+$B$3", "=SUM(B7:C7)")
    assert book.defined_name("Below") == "S!$B$7:$C$8"
    other = grid(book.to_bytes(), "其他 页")
    assert other["A1"].value == '=S!$B$8*2&"S!B6"'
    assert other["A2"].hyperlink.location == "'S'!B8"
    assert other.data_validations.dataValidation[0].formula1 == "S!$B$7:$C$7"
    assert [rule.formula for rules in other.conditional_formatting for rule in rules.rules] == [["S!$B$7>1"]]
    assert {str(item.sqref) for item in sheet.conditional_formatting} == {"B7:C7 D5:E5"}
    (rule,) = sheet.data_validations.dataValidation
    assert (str(rule.sqref), rule.formula1) == ("B7:C8", "$B$8")
    assert "<c:f>S!$B$7:$C$7</c:f>" in member(book.to_bytes(), "xl/charts/chart1.xml")


def test_merged_cells_a_comment_and_a_picture_move_along() -> None:
    def below(book: Any, sheet: Any) -> None:
        sheet.merge_range("B5:D6", "merged")
        sheet.write_comment("B5", "note")
        sheet.write("F5", "beside")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=S!$C$3:$C$3"})
        sheet.insert_chart("B9", chart, {"x_scale": 0.2, "y_scale": 0.2})
        beside = book.add_chart({"type": "line"})
        beside.add_series({"values": "=S!$C$3:$C$3"})
        sheet.insert_chart("H9", beside)

    book, sheet = grown(below)
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["B7:D8"]
    assert sheet["B7"].comment.text == "note" and sheet["B5"].comment is None
    anchors = [(chart.anchor._from.col, chart.anchor._from.row) for chart in sheet._charts]
    assert anchors == [(1, 10), (7, 8)]
    assert "<x:Row>6</x:Row>" in member(book.to_bytes(), "xl/drawings/vmlDrawing1.vml")


def test_a_table_below_moves_with_its_filter_and_its_hidden_rows() -> None:
    def below(_book: Any, sheet: Any) -> None:
        sheet.write_column("A7", ["x", "y"])
        sheet.add_table("A6:D8", {"name": "Other", "columns": [{"header": h} for h in "abcd"]})
        sheet.set_row(7, None, None, {"hidden": True})

    book, sheet = grown(below, [{"k": str(n)} for n in range(4)])
    assert sheet.tables["Other"].ref == "A10:D12" and sheet.tables["Other"].autoFilter.ref == "A10:D12"
    assert [bool(sheet.row_dimensions[row].hidden) for row in (8, 12)] == [False, True]
    assert [row.values["a"] for row in Book.read(book.to_bytes()).rows("Other")] == ["x", "y"]
    book.append("Other", [{"a": "z"}])
    book.append("T", [{"k": "again"}] * 6)
    assert [row.values["a"] for row in Book.read(book.to_bytes()).rows("Other")] == ["x", "y", "z"]
    assert len(Book.read(book.to_bytes()).rows("T")) == 11


def test_shared_and_array_formulas_below_say_the_same_after_the_move() -> None:
    def below(_book: Any, sheet: Any) -> None:
        sheet.write_column("B6", [1, 2, 3])
        sheet.write_array_formula("C6:C8", "{=B6:B8*$C$3}", None, 1)
        for row in (6, 7, 8):
            sheet.write_formula(f"E{row}", f"=B{row}*2")

    before = small(below)
    shared = {
        'r="E6"><f>B6*2</f>': 'r="E6"><f t="shared" ref="E6:E8" si="0">B6*2</f>',
        'r="E7"><f>B7*2</f>': 'r="E7"><f t="shared" si="0"/>',
        'r="E8"><f>B8*2</f>': 'r="E8"><f t="shared" si="0"/>',
    }
    for old, new in shared.items():
        before = edited(before, "xl/worksheets/sheet1.xml", old.replace("*", r"\*"), new)
    book = Book.read(before)
    book.append("T", [*TWO, {"k": "d"}])
    sheet = grid(book.to_bytes(), "S")
    assert [sheet[f"E{row}"].value for row in (6, 7, 8)] == ["=B9*2", "=B10*2", "=B11*2"]
    assert (sheet["C9"].value.ref, sheet["C9"].value.text) == ("C9:C11", "=B9:B11*$C$3")
    assert not new_findings(before, book.to_bytes())


def test_a_shared_formula_elsewhere_stays_shared() -> None:
    def below(_book: Any, sheet: Any) -> None:
        sheet.write("B4", "in the way")
        sheet.write_column("F1", [1, 2])
        sheet.write_formula("G1", "=F1*2")
        sheet.write_formula("G2", "=F2*2")

    before = small(below)
    before = edited(before, "xl/worksheets/sheet1.xml", r"<f>F1\*2</f>", '<f t="shared" ref="G1:G2" si="3">F1*2</f>')
    before = edited(before, "xl/worksheets/sheet1.xml", r"<f>F2\*2</f>", '<f t="shared" si="3"/>')
    book = Book.read(before)
    book.append("T", TWO)
    assert '<f t="shared" si="3"/>' in member(book.to_bytes(), "xl/worksheets/sheet1.xml")


def beside(sheet: Any) -> None:
    """Something in the way, and something beside it, so that only the table's columns can move."""
    sheet.write("B4", "in the way")
    sheet.write("F4", "beside")


def a_range(_book: Any, sheet: Any) -> None:
    beside(sheet)
    sheet.write_formula("A1", "=SUM(C4:E4)")


def a_name(book: Any, sheet: Any) -> None:
    beside(sheet)
    book.define_name("Torn", "=S!$B$4:$E$4")


def a_hidden_row(_book: Any, sheet: Any) -> None:
    beside(sheet)
    sheet.set_row(3, None, None, {"hidden": True})


def a_chain(_book: Any, sheet: Any) -> None:
    beside(sheet)
    sheet.merge_range("C6:E6", "holds on to column E")
    sheet.merge_range("E2:E4", "begins beside the table")


@pytest.mark.parametrize(
    ("below", "named"),
    [
        (a_range, r"工作表“S”A1 的公式 =SUM\(C4:E4\).*C4:E4"),
        (a_name, "名称.*B4:E4"),
        (a_hidden_row, "第 4 行是隐藏的"),
        (a_chain, "合并单元格（E2:E4）"),
    ],
)
def test_what_cannot_move_whole_is_named_and_nothing_is_changed(below: Draw, named: str) -> None:
    before = small(below)
    book = Book.read(before)
    with pytest.raises(AppendRefused, match=named) as refused:
        book.append("T", TWO)
    assert "工作表“S”" in str(refused.value)
    assert book.to_bytes() == before
    assert book.touched == frozenset()


def test_a_data_table_below_is_refused_by_name() -> None:
    before = small(lambda _book, sheet: (sheet.write("B4", "x"), sheet.write_formula("B6", "=1"), sheet.write("F4", 1)))
    before = edited(before, "xl/worksheets/sheet1.xml", "<f>1</f>", '<f t="dataTable" ref="B6:B7" r1="C3"/>')
    with pytest.raises(AppendRefused, match="B6 的模拟运算表"):
        Book.read(before).append("T", TWO)


def test_only_what_holds_or_names_moving_cells_is_touched() -> None:
    def below(book: Any, sheet: Any) -> None:
        sheet.write("B4", "in the way")
        for n in range(3):
            book.add_worksheet(f"page {n}").write_formula("A1", "=1+1")
        book.add_worksheet("asks").write_formula("A1", "=S!B4")

    before = small(below)
    book = Book.read(before)
    book.append("T", TWO)
    sheets = {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet5.xml"}
    assert_only(before, book.to_bytes(), {*sheets, "xl/tables/table1.xml", "xl/workbook.xml"})
    assert book.touched >= sheets


def test_cells_without_references_move_too() -> None:
    data = by_openpyxl_built([["k", "v"], ["a", 1], [None, None], ["below", "=A4"]], "A1:B2")
    text = re.sub(r' r="\w+"| spans="[^"]*"', "", member(data, "xl/worksheets/sheet1.xml"))
    data = rezipped(data, {"xl/worksheets/sheet1.xml": text.encode()})
    book = Book.read(data)
    # Without references the blank row 3 is not there: "below" stands in row 3 then.
    before = values(data, "S")
    row = next(number for number, cells in enumerate(before, 1) if cells[0] == "below")
    book.append("T", TWO)
    assert [cells[0] for cells in values(book.to_bytes(), "S")] == ["k", "a", "b", "c", *[""] * (row - 3), "below"]


def test_the_sheet_cannot_be_pushed_over_its_end() -> None:
    before = small(lambda _book, sheet: (sheet.write("B4", 1), sheet.write("B1048576", "last")))
    book = Book.read(before)
    with pytest.raises(AppendRefused, match="第 1048576 行"):
        book.append("T", TWO)


# --- another program inserts the same cells --------------------------------------------------------------------------

BLOCK = Area(2, 7, 4, LAST_ROW)  # B7:D…


def random_formula(draw: random.Random) -> str:
    def cell() -> str:
        column, row = draw.choice("ABCDE"), draw.randint(1, 14)
        return f"{draw.choice(['', '$'])}{column}{draw.choice(['', '$'])}{row}"

    def reference() -> str:
        prefix = draw.choice(["S!", "", "Other!"])
        kind = draw.random()
        if kind < 0.5:
            return prefix + cell()
        if kind < 0.9:
            left, right = sorted(draw.sample("ABCDE", 2))
            top, bottom = sorted(draw.sample(range(1, 15), 2))
            dollar = draw.choice(["", "$"])
            return f"{prefix}{dollar}{left}{dollar}{top}:{dollar}{right}{dollar}{bottom}"
        return prefix + draw.choice(["C:C", "$B:$D", "2:3"])

    return f'SUM({reference()},{reference()})+LEN("S!B8")'


def plain(formula: object) -> str:
    return str(formula).replace("'", "").replace(" ", "").removeprefix("=").upper()


@pytest.mark.libreoffice
@pytest.mark.parametrize("mode", ["DOWN", "ROWS"])
def test_every_reference_reads_as_libreoffice_makes_it_when_it_inserts_the_cells(mode: str, tmp_path: Path) -> None:
    draw = random.Random(7)
    block = BLOCK if mode == "DOWN" else Area(1, BLOCK.top, LAST_COLUMN, LAST_ROW)
    moves = Moves("S", Growth(Area(2, 3, 4, 4), 1, 7), block, 12)
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet, other = book.add_worksheet("S"), book.add_worksheet("Other")
    sheet.write_column("C7", range(6))
    wanted: dict[tuple[str, str], str] = {}
    for number in range(1, 601):
        place = ("S", f"Z{number}") if number % 2 and number < 7 else ("Other", f"Z{number}")
        text = random_formula(draw)
        try:
            new = moves.formula(text, place[0], grow=False)
        except Torn:
            continue
        (sheet if place[0] == "S" else other).write_formula(place[1], f"={text}")
        wanted[place] = new
    book.close()
    path, target = tmp_path / "book.xlsx", tmp_path / "inserted.xlsx"
    path.write_bytes(file.getvalue())
    with running(tmp_path / "profile") as port:
        script = Path(__file__).with_name("calc_insert.py")
        area = [block.left - 1, 6, min(block.right, 30) - 1, 8]
        done = subprocess.run(
            [SYSTEM_PYTHON, str(script), str(port), str(path), "S", *map(str, area), mode, str(target)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1500:]
    theirs = openpyxl.load_workbook(target)
    differing = {
        place: (new, theirs[place[0]][place[1]].value)
        for place, new in wanted.items()
        if plain(theirs[place[0]][place[1]].value) != plain(new)
    }
    assert not differing
    assert len(wanted) > 250 and sum(1 for p, new in wanted.items() if "$" in new) > 50


@pytest.mark.libreoffice
def test_what_the_book_says_is_the_same_after_content_made_room(tmp_path: Path) -> None:
    def below(book: Any, sheet: Any) -> None:
        sheet.write_row("B6", ["sum", "=SUM(T[v])"])
        sheet.write_row("B7", ["below", 40])
        sheet.write_row("B8", ["double", "=C7*2+SUM(C6:C7)"])
        book.add_worksheet("Other").write_row("A1", ["=S!C8", "=SUM(S!C6:C8)", '=VLOOKUP("below",S!B6:C8,2,FALSE)'])

    book = Book.read(small(below))
    for n in range(7):
        book.append("T", [{"k": f"n{n}", "v": 0}])
    path = tmp_path / "grown.xlsx"
    path.write_bytes(book.to_bytes())
    found = openpyxl.load_workbook(recalculated(path, tmp_path / "calc"), data_only=True)
    # sum of the table 1; below 40; double 80 + 41; their sum 1 + 40 + 121
    assert [cell.value for cell in found["Other"][1]] == [121, 162, 40]


# --- formulas alone --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "then"),
    [
        ("T[[#This Row],[B9]]+B9", "T[[#This Row],[B9]]+B12"),
        ("[1]S!B9+S!B9", "[1]S!B9+S!B12"),
        ("'[1]S'!B9", "'[1]S'!B9"),
        ("'S'!B9:'S'!C9", "'S'!B12:'S'!C12"),
        ("LOG10(B9)+B9_x+x.B9+B9(1)", "LOG10(B12)+B9_x+x.B9+B9(1)"),
        ("B:B+SUM(B3:B9)+$B$9", "B:B+SUM(B3:B12)+$B$12"),
        ('"B9"&B9&"""B9"', '"B9"&B12&"""B9"'),
        ("S!Name+B6+E9", "S!Name+B6+E9"),
        ("B9#+@B9", "B12#+@B12"),
    ],
)
def test_a_formula_follows_its_cells_and_nothing_else_in_it_changes(formula: str, then: str) -> None:
    moves = Moves("S", Growth(Area(2, 3, 4, 4), 1, 7), BLOCK, 12)
    assert moves.formula(formula, "S", grow=False) == then


@pytest.mark.parametrize("formula", ["A9:B9", "S!A1:B9", "9:10", "S1:S3!B9"])
def test_a_reference_of_which_a_part_moves_is_torn(formula: str) -> None:
    moves = Moves("S", Growth(Area(2, 3, 4, 4), 1, 7), BLOCK, 12)
    if formula == "S1:S3!B9":
        formula = "'S1:S3'!B9"
    with pytest.raises(Torn):
        moves.formula(formula, "S", grow=False)


def test_a_shared_formula_is_written_out_as_the_program_that_filled_it_down_would() -> None:
    assert translated("A1+$A1+A$1+$A$1+SUM(B2:C3)+S!B:B+3:4", 2, 1) == "B3+$A3+B$1+$A$1+SUM(C4:D5)+S!C:C+5:6"


def test_rows_of_the_table_are_placed_as_if_nothing_had_been_below() -> None:
    book = Book.read(small(lambda _book, sheet: sheet.write("B4", "x")))
    assert book.append("T", TWO) == Placed(4, 5)


# --- what does not grow is told --------------------------------------------------------------------------------------


def test_formulas_that_name_the_data_by_address_are_reported_and_others_are_not() -> None:
    def asks(book: Any, sheet: Any) -> None:
        other = book.add_worksheet("它 的")
        for row, formula in enumerate(
            ["=SUM(S!C3:C4)", "=SUM(S!$B$2:$C$4)", "=SUM(T[v])", "=S!C4", "=SUM(S!C:C)", '="S!C3:C4"', "=SUM(S!C3:C9)"]
        ):
            other.write_formula(row, 0, formula)
        sheet.write_formula("F1", "=MAX(C3:C4)")
        sheet.write_row("B4", ["b", 2])

    data = edited(small(asks), "xl/tables/table1.xml", "B2:C3", "B2:C4")
    found = Book.read(data).fixed_references("T")
    assert [(one.sheet, one.cell, one.area) for one in found] == [
        ("S", "F1", "C3:C4"), ("它 的", "A1", "C3:C4"), ("它 的", "A2", "B2:C4"),
    ]  # fmt: skip
    assert "工作表“它 的”的 A1（=SUM(S!C3:C4)）" in found[1].sentence()


def test_what_made_room_is_told() -> None:
    book = Book.read(small(lambda _book, sheet: sheet.write("B5", "note")))
    assert book.append("T", TWO).moved == "表格下面的内容（从第 5 行起）让出了 2 行"
    book = Book.read(small(lambda _book, sheet: sheet.write_row("B5", ["note", 1, 2, 3])))
    book.append("T", [{"k": "b"}])
    assert book.append("T", [{"k": "c"}]).moved == "表格下面的内容（从 B5 起）让出了 1 行"
    assert book.append("T", []).moved == ""
