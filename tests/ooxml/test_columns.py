"""A new column at the right edge: there for every reader, declared once, and nothing beside the table is harmed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.office import SYSTEM_PYTHON, recalculated, running
from tests.ooxml.books import assert_only, calculated, grid, member, partners, small, values
from workbook.errors import AppendRefused, ValueRefused
from workbook.ooxml import Book
from workbook.ooxml.lint import new_findings

SHEET, TABLE, BOOK, STYLES = "xl/worksheets/sheet1.xml", "xl/tables/table1.xml", "xl/workbook.xml", "xl/styles.xml"


def widened(before: bytes, table: str = "T", header: str = "新列", **given: Any) -> tuple[Book, bytes]:
    book = Book.read(before)
    book.add_column(table, header, **given)
    after = book.to_bytes()
    assert not new_findings(before, after)
    return book, after


def test_a_column_is_added_with_header_values_and_look_of_its_neighbour() -> None:
    before = partners()
    book, after = widened(before, "tblPartners", "年份", values=[2024, "=1+1"])
    assert_only(before, after, {SHEET, TABLE, BOOK, STYLES})
    sheet = grid(after, "登记 表")
    assert sheet.tables["tblPartners"].ref == sheet.tables["tblPartners"].autoFilter.ref == "B3:G6"
    assert [column.name for column in sheet.tables["tblPartners"].tableColumns][-2:] == ["备注", "年份"]
    assert [sheet[f"G{row}"].value for row in (3, 4, 5, 6)] == ["年份", 2024, "=1+1", None]
    assert sheet["G5"].quotePrefix and sheet["G4"].number_format == "General"
    assert sheet["G3"].font.b == sheet["F3"].font.b
    assert values(after, "登记 表")[4][5:7] == ["ok", "=1+1"]
    assert book.table("tblPartners").columns[-1] == "年份"
    book.append("tblPartners", [{"编号": "P-0009", "年份": 2026}])
    assert grid(book.to_bytes(), "登记 表")["G7"].value == 2026


def test_everything_that_was_there_reads_the_same() -> None:
    before = partners()
    _, after = widened(before, "tblPartners")
    old, new = values(before, "登记 表"), values(after, "登记 表")
    assert [row[: len(old[0])] for row in new] == old


def test_a_calculated_column_is_calculated_in_every_row_and_in_those_that_come() -> None:
    before = calculated()
    book, after = widened(before, header="triple", formula="T[[#This Row],[n]]*3")
    assert [grid(after, "S")[f"D{row}"].value for row in (2, 3)] == ["=T[[#This Row],[n]]*3"] * 2
    book.append("T", [{"n": 5}])
    assert grid(book.to_bytes(), "S")["D4"].value == "=T[[#This Row],[n]]*3"


@pytest.mark.libreoffice
def test_another_program_calculates_the_new_column(tmp_path: Path) -> None:
    book, _ = widened(calculated(), header="triple", formula="T[[#This Row],[n]]*3")
    book.append("T", [{"n": 5}])
    path = tmp_path / "wide.xlsx"
    path.write_bytes(book.to_bytes())
    sheet = openpyxl.load_workbook(recalculated(path, tmp_path / "calc"), data_only=True)["S"]
    assert [sheet[f"D{row}"].value for row in (2, 3, 4)] == [3, 6, 15]


def test_a_table_with_a_totals_row_and_one_without_header_get_their_column() -> None:
    def more(_book: Any, sheet: Any) -> None:
        sheet.add_table("F2:G5", {"name": "Sum", "total_row": True, "columns": [{"header": "a"}, {"header": "b"}]})
        sheet.add_table("J3:K4", {"name": "Bare", "header_row": False, "data": [[1, 2]]})

    before = small(more)
    book, after = widened(before, "Sum")
    assert grid(after, "S").tables["Sum"].ref == "F2:H5" and grid(after, "S").tables["Sum"].autoFilter.ref == "F2:H4"
    book.add_column("Bare", "第三列", values=[3])
    after = book.to_bytes()
    assert not new_findings(before, after)
    assert grid(after, "S").tables["Bare"].ref == "J3:L4"
    assert values(after, "S")[2][9:12] == [1, 2, 3] and values(after, "S")[1][7] == "新列"


def test_what_stands_to_the_right_makes_room_and_is_followed() -> None:
    def beside(book: Any, sheet: Any) -> None:
        sheet.write_row("D2", ["note", 5], book.add_format({"bold": True}))
        sheet.write_formula("D3", "=E2*2+C3")
        sheet.write("B8", "below")
        sheet.write_comment("E2", "remark")
        sheet.write_formula("A1", "=SUM(D2:E3)")
        sheet.merge_range("D9:E9", "far below")
        book.define_name("Note", "=S!$D$2")

    before = small(beside)
    book, after = widened(before)
    sheet = grid(after, "S")
    assert [sheet[name].value for name in ("D2", "E2", "F2", "E3", "A1")] == [
        "新列", "note", 5, "=F2*2+C3", "=SUM(E2:F3)",
    ]  # fmt: skip
    assert sheet["E2"].font.bold and sheet["F2"].comment.text == "remark" and sheet["E2"].comment is None
    assert book.defined_name("Note") == "S!$E$2"
    assert (sheet["B8"].value, [str(area) for area in sheet.merged_cells.ranges]) == ("below", ["D9:E9"])


def test_a_table_to_the_right_moves_whole() -> None:
    def side(_book: Any, sheet: Any) -> None:
        sheet.add_table("D2:E6", {"name": "Side", "columns": [{"header": "x"}, {"header": "y"}], "data": [[1, 2]]})

    book, after = widened(small(side))
    sheet = grid(after, "S")
    assert sheet.tables["Side"].ref == sheet.tables["Side"].autoFilter.ref == "E2:F6"
    assert Book.read(after).rows("Side")[0].values == {"x": 1, "y": 2}
    book.add_column("T", "还一列")
    assert grid(book.to_bytes(), "S").tables["Side"].ref == "F2:G6"


def test_whole_columns_move_with_their_widths_where_nothing_stands_above_or_below() -> None:
    def wide(_book: Any, sheet: Any) -> None:
        sheet.set_column("B:C", 11)
        sheet.set_column("D:D", 33)
        sheet.write("D3", "wide")
        sheet.set_v_pagebreaks([4])

    _, after = widened(small(wide))
    sheet = grid(after, "S")
    widths = [round(sheet.column_dimensions[name].width) for name in ("B", "D", "E")]
    assert sheet["E3"].value == "wide" and widths[2] in (33, 34)
    cols = member(after, SHEET).partition("<cols>")[2].partition("</cols>")[0]
    assert 'min="2" max="4"' in cols and 'min="5" max="5"' in cols
    assert '<brk id="5"' in member(after, SHEET)


def test_a_width_is_given_only_where_there_is_none() -> None:
    _, after = widened(partners(), "tblPartners", width=20.5)
    assert grid(after, "登记 表").column_dimensions["G"].width == 20.5
    taken = partners(below=lambda _book, sheet: sheet.set_column("G:H", 7))
    _, after = widened(taken, "tblPartners", width=20.5)
    assert 'width="20.5"' not in member(after, SHEET)


@pytest.mark.parametrize("header", ["", "  ", "K", "v", "x" * 256, "a\x07b", "a\ufffeb"])
def test_a_header_that_cannot_be_is_refused(header: str) -> None:
    before = small()
    book = Book.read(before)
    with pytest.raises(ValueRefused, match="表格 T"):
        book.add_column("T", header)
    assert book.to_bytes() == before


def test_more_values_than_rows_are_refused() -> None:
    with pytest.raises(ValueRefused, match="只有 1 行"):
        Book.read(small()).add_column("T", "x", values=[1, 2])


def test_a_header_with_a_line_break_reads_the_same_in_cell_and_declaration() -> None:
    book, after = widened(small(), header="两\n行 & <x>")
    assert grid(after, "S")["D2"].value == "两\n行 & <x>"
    assert book.table("T").columns[-1] == "两\n行 & <x>"
    assert 'name="两_x000a_行 &amp; &lt;x&gt;"' in member(after, TABLE)


def test_what_begins_above_the_table_and_reaches_beside_it_is_named() -> None:
    def across(_book: Any, sheet: Any) -> None:
        sheet.merge_range("D1:D3", "beside")
        sheet.write("E2", 1)
        sheet.write_formula("A9", "=SUM(D3:D12)")
        sheet.write("D12", 3)

    before = small(across)
    book = Book.read(before)
    with pytest.raises(AppendRefused, match=r"右边.*D3:D12"):
        book.add_column("T", "x")
    assert book.to_bytes() == before


@pytest.mark.libreoffice
def test_references_read_as_libreoffice_makes_them_when_it_inserts_the_cells(tmp_path: Path) -> None:
    import io
    import random

    import xlsxwriter

    from tests.ooxml.test_room import plain, random_formula
    from workbook.ooxml.moves import Moves, Torn
    from workbook.ooxml.refs import LAST_COLUMN, Area, Growth

    draw = random.Random(11)
    moves = Moves("S", Growth(Area(1, 3, 2, 9), 1, 9), Area(3, 2, LAST_COLUMN, 9), 5, right=1)
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet, other = book.add_worksheet("S"), book.add_worksheet("Other")
    sheet.write_row("C5", range(3))
    wanted: dict[str, str] = {}
    for number in range(1, 601):
        text = random_formula(draw)
        try:
            wanted[f"Z{number}"] = moves.formula(text, "Other", grow=False)
        except Torn:
            continue
        other.write_formula(f"Z{number}", f"={text}")
    book.close()
    path, target = tmp_path / "book.xlsx", tmp_path / "inserted.xlsx"
    path.write_bytes(file.getvalue())
    with running(tmp_path / "profile") as port:
        script = Path(__file__).with_name("calc_insert.py")
        done = subprocess.run(
            [SYSTEM_PYTHON, str(script), str(port), str(path), "S", "2", "1", "2", "8", "RIGHT", str(target)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1500:]
    theirs = openpyxl.load_workbook(target)["Other"]
    differing = {
        name: (new, theirs[name].value) for name, new in wanted.items() if plain(theirs[name].value) != plain(new)
    }
    assert not differing
    assert len(wanted) > 250
