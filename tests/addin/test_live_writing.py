"""Writing a live book: where rows go, what is checked before the first write, what is said when it fails."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwings as xw

from addin import live_sheets
from addin.live import LiveBook
from addin.live_errors import (
    BookMoved,
    CellsBusy,
    HeadersHidden,
    LiveBookSpent,
    NoRoom,
    SheetProtected,
    SpreadsheetUnreadable,
    WriteStopped,
)
from tests.addin import live_books
from tests.addin.live_books import (
    ROWS,
    SEEING,
    Door,
    Opened,
    doors,
    small_book,
)
from workbook.identity import GENERATION
from workbook.ooxml import Book

door, live_of = live_books.door, live_books.live_of


# ---- room below


def test_an_empty_table_is_filled_in_its_blank_row_first(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx"))
    assert live.append("orders", [{"编号": "N1"}, {"编号": "N2"}]).first_row == 4
    live.write_all()
    saved = Book(door.saved(opened, tmp_path))
    assert [(row.number, row.values["编号"]) for row in saved.rows("orders")] == [(4, "N1"), (5, "N2")]
    assert saved.table("orders").ref == "B3:G5"


def test_notes_below_a_table_move_down_and_those_beside_stay(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS, below={"C8": "说明", "I8": "旁边"}))
    live.append("orders", [{"编号": f"N{n}"} for n in range(3)])  # rows 7 to 9
    live.write_all()
    (tmp_path / "s.xlsx").write_bytes(door.saved(opened, tmp_path))
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx")["订单"]
    assert [sheet[cell].value for cell in ("B7", "B8", "B9", "C11", "I8")] == ["N0", "N1", "N2", "说明", "旁边"]
    assert sheet.tables["orders"].ref == "B3:G9"


def test_rows_come_in_above_a_totals_row(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS, totals=True))
    assert live.table("orders").last_row == 6
    live.append("orders", [{"编号": "N1", "数量": 5}, {"编号": "N2", "数量": 6}])
    live.write_all()
    saved = Book(door.saved(opened, tmp_path))
    view = saved.table("orders")
    assert (view.ref, view.totals_row_count) == ("B3:G9", 1)
    assert [row.values["编号"] for row in saved.rows("orders")] == ["A1", "A2", 12, "N1", "N2"]


def test_a_wider_table_below_is_not_torn(tmp_path: Path, live_of: Opened) -> None:
    path = small_book(tmp_path / "b.xlsx", ROWS)
    book = Book(path.read_bytes())
    _with_second_table(path, "A8:J10")
    opened, live = live_of(path)
    live.append("orders", [{"编号": f"N{n}"} for n in range(3)])
    with pytest.raises(NoRoom, match=r"“订单”.*“second”（A8:J10）.*什么都没有写入"):
        live.write_all()
    assert opened.sheets["订单"].tables["orders"].range.address == "$B$3:$G$6"
    assert len(book.rows("orders")) == 3


@SEEING
def test_a_narrower_table_below_moves_down_whole(tmp_path: Path, door: Door, live_of: Opened) -> None:
    path = small_book(tmp_path / "b.xlsx", ROWS)
    _with_second_table(path, "C8:D10")
    opened, live = live_of(path)
    live.append("orders", [{"编号": f"N{n}"} for n in range(3)])
    live.append("second", [{"甲": "z"}])
    live.write_all()
    saved = Book(door.saved(opened, tmp_path))
    assert saved.table("second").ref == "C11:D14"
    assert [row.values["甲"] for row in saved.rows("second")] == ["x0", "x1", "z"]
    assert [row.values["编号"] for row in saved.rows("orders")] == ["A1", "A2", 12, "N0", "N1", "N2"]


def _with_second_table(path: Path, ref: str) -> None:
    """Adds a table named `second` with rows x0, x1 below `orders`."""
    from openpyxl.worksheet.table import Table

    book = openpyxl.load_workbook(path)
    sheet = book["订单"]
    first, *rows = sheet[ref]
    words = "甲乙丙丁戊己庚辛壬癸"
    for at, cell in enumerate(first):
        cell.value = words[at]
    for at, row in enumerate(rows):
        row[0].value = f"x{at}"
    sheet.add_table(Table(displayName="second", ref=ref))
    book.save(path)


# ---- what staff may do to a book


@pytest.fixture
def filtered(tmp_path: Path) -> Path:
    """A book in which a filter on 名称 shows 上海 only: rows 4 and 5 are hidden."""
    return _filter(small_book(tmp_path / "filtered.xlsx", ROWS))


def _filter(path: Path) -> Path:
    from openpyxl.worksheet.filters import FilterColumn, Filters

    book = openpyxl.load_workbook(path)
    sheet = book["订单"]
    sheet.tables["orders"].autoFilter.filterColumn.append(FilterColumn(colId=1, filters=Filters(filter=["上海"])))
    for hidden in (4, 5):
        sheet.row_dimensions[hidden].hidden = True
    book.save(path)
    return path


def test_writing_under_a_filter_reaches_the_hidden_cells_too(
    tmp_path: Path, filtered: Path, door: Door, live_of: Opened
) -> None:
    opened, live = live_of(filtered)
    live.update("orders", "编号", {"A1": {"备注": "甲", "名称": "=1"}, "A2": {"备注": "乙"}, "12": {"备注": "丙"}})
    live.append("orders", [{"编号": "N1", "名称": "新", "数量": 1}, {"编号": "N2", "名称": "上海"}])
    assert live.filtered == ("orders",)
    live.write_all()
    rows = [(row.number, *row.values.values()) for row in Book(door.saved(opened, tmp_path)).rows("orders")]
    assert [(row[0], row[1], row[2], row[6]) for row in rows] == [
        (4, "A1", "=1", "甲"), (5, "A2", "00123", "乙"), (6, 12, "上海", "丙"), (7, "N1", "新", None),
        (8, "N2", "上海", None),
    ]  # fmt: skip


def test_a_filter_over_a_totals_row_is_to_be_cleared_first(tmp_path: Path, live_of: Opened) -> None:
    opened, live = live_of(_filter(small_book(tmp_path / "b.xlsx", ROWS, totals=True)))
    live.append("orders", [{"编号": "N1"}])
    with pytest.raises(NoRoom, match="先清除筛选。什么都没有写入"):
        live.write_all()
    assert opened.sheets["订单"].tables["orders"].range.address == "$B$3:$G$7"


def test_no_filter_is_seen_where_there_is_none(tmp_path: Path, live_of: Opened) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.append("orders", [{"编号": "N1"}])
    assert live.filtered == ()


@SEEING
def test_a_table_is_found_after_staff_moved_and_renamed_things(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, _ = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    sheet = opened.sheets["订单"]
    sheet.name = "今年's 订单"
    sheet.range((1, 2), (2, 7)).insert(shift="down")  # the table now begins at B5
    for row in (6, 8):  # the first and the last row change places
        sheet.range((row, 2), (row, 3)).value = [["A1", "北京"]] if row == 8 else [[12, "上海"]]
    live = LiveBook(opened)
    assert live.table("orders").sheet == "今年's 订单" and live.table("orders").ref == "B5:G8"
    live.upsert("orders", "编号", [{"编号": "A1", "名称": "南京"}, {"编号": "N1", "名称": "新"}])
    live.write_all()
    rows = Book(door.saved(opened, tmp_path)).rows("orders")
    assert [(row.number, row.values["编号"], row.values["名称"]) for row in rows] == [
        (6, 12, "上海"), (7, "A2", "00123"), (8, "A1", "南京"), (9, "N1", "新"),
    ]  # fmt: skip


def test_where_formulas_and_formats_cannot_be_read_values_still_go_in(
    tmp_path: Path, door: Door, live_of: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any) -> Any:
        raise NotImplementedError

    monkeypatch.setattr(xw.Range, "formula", property(unknown, xw.Range.formula.fset))
    monkeypatch.setattr(xw.Range, "number_format", property(unknown, xw.Range.number_format.fset))
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.update("orders", "编号", {"A1": {"名称": 7, "备注": "=2"}, "12": {"日期": date(2026, 1, 2)}})
    live.append("orders", [{"编号": "N1", "备注": "=3"}])
    live.write_all()
    rows = {row.values["编号"]: row.values for row in Book(door.saved(opened, tmp_path)).rows("orders")}
    assert (rows["A1"]["名称"], rows["A1"]["备注"], rows[12]["日期"]) == (7, "=2", 46024)
    assert rows["N1"]["备注"] == "=3"


# ---- checked before the first write


def test_a_protected_sheet_is_named_and_nothing_is_written(tmp_path: Path, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS, protect=True))
    live.update("orders", "编号", {"A1": {"备注": "x"}})
    live.set_defined_name(GENERATION, "5")
    with pytest.raises(SheetProtected, match="“订单”"):
        live.write_all()
    assert opened.names[GENERATION].refers_to == "=4"


@SEEING
@pytest.mark.parametrize(
    ("cell", "typed", "said"),
    [("B5", "A9", "第 5 行的“编号”"), ("G4", "改过", "第 4 行的“备注”"), ("B3", "号", "列名")],
    ids=["key", "cell", "header"],
)
def test_a_table_that_changed_meanwhile_is_not_written(
    tmp_path: Path, door: Door, live_of: Opened, cell: str, typed: str, said: str
) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.update("orders", "编号", {"A1": {"备注": "我们的"}})
    opened.sheets["订单"][cell].value = typed
    with pytest.raises(BookMoved, match=said):
        live.write_all()
    assert opened.sheets["订单"]["G4"].value in ("好", typed)
    assert not BookMoved.permanent


def test_other_cells_of_a_row_may_change_meanwhile(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.update("orders", "编号", {"A1": {"备注": "我们的"}})
    opened.sheets["订单"]["C4"].value = "南京"
    live.write_all()
    row = Book(door.saved(opened, tmp_path)).rows("orders")[0]
    assert (row.values["名称"], row.values["备注"]) == ("南京", "我们的")


def test_a_table_without_its_header_row_is_not_guessed_at(tmp_path: Path, live_of: Opened) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "b.xlsx"))
    sheet = book.add_worksheet("无")
    sheet.add_table("B3:C4", {"name": "bare", "header_row": False, "data": [[1, 2], [3, 4]]})
    book.close()
    _, live = live_of(tmp_path / "b.xlsx")
    with pytest.raises(HeadersHidden, match=r"工作表“无”的表格 bare .*标题行"):
        live.rows("bare")


# ---- writing


def test_the_generation_comes_after_the_rows_and_after_other_names(
    tmp_path: Path, live_of: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.set_defined_name(GENERATION, "5")
    live.set_defined_name("other", '"x"')
    live.append("orders", [{"编号": "N1"}])
    assert live.defined_name(GENERATION) == "5" and live.touched == {GENERATION, "other", "orders"}
    said: list[tuple[int, int, str]] = []
    live.write_all(lambda done, total, what: said.append((done, total, what)))
    assert said == [(1, 3, "orders"), (2, 3, "other"), (3, 3, GENERATION)]


def test_names_are_in_the_saved_book(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.set_defined_name(GENERATION, "5")
    live.set_defined_name("other", '"甲"')
    live.write_all()
    saved = Book(door.saved(opened, tmp_path))
    assert (saved.defined_name(GENERATION), saved.defined_name("other")) == ("5", '"甲"')


def test_only_cells_that_differ_are_written(tmp_path: Path, live_of: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    written: list[str] = []
    kept = xw.Range.value.fset
    monkeypatch.setattr(
        xw.Range,
        "value",
        property(xw.Range.value.fget, lambda cells, value: written.append(cells.address) or kept(cells, value)),
    )
    live.update("orders", "编号", {"A1": {"名称": "南京", "备注": "好"}, "A2": {"名称": "西安"}})
    live.append("orders", [{"编号": "N1", "名称": "新"}, {"编号": "N2"}])
    live.write_all()
    # two updated cells are one rectangle; the new rows are one block each side of the calculated column
    assert written == ["$C$4:$C$5", "$B$7:$C$8"]


def test_a_book_is_written_once(tmp_path: Path, live_of: Opened) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.append("orders", [{"编号": "N1"}])
    live.write_all()
    live.write_all()  # nothing more to write
    with pytest.raises(LiveBookSpent):
        live.append("orders", [{"编号": "N2"}])


@pytest.mark.parametrize(
    ("sheet", "known"),
    [
        (SimpleNamespace(impl=None, api=SimpleNamespace(ProtectContents=True)), True),
        (SimpleNamespace(impl=None, api=SimpleNamespace(ProtectContents=False)), False),
        (
            SimpleNamespace(impl=None, api=SimpleNamespace(ProtectContents=object(), protect_contents=lambda: True)),
            True,
        ),
        (SimpleNamespace(impl=None), False),
    ],
    ids=["Windows", "Windows, open", "macOS", "nobody knows"],
)
def test_protection_is_asked_in_the_words_of_each_system(sheet: Any, known: bool) -> None:
    assert live_sheets.is_protected(sheet) is known


@pytest.mark.parametrize(
    ("words", "height", "rows"),
    [
        ("=A1", 1, [["=A1"]]),
        (("=A1", "x"), 1, [["=A1", "x"]]),
        (["=A1", "x"], 2, [["=A1"], ["x"]]),
        ((("=A1", "x"), ("", "y")), 2, [["=A1", "x"], ["", "y"]]),
    ],
    ids=["cell", "row", "column", "rows"],
)
def test_formulas_are_rows_however_a_spreadsheet_gives_them(words: Any, height: int, rows: list[list[str]]) -> None:
    shown: Any = [["?"] * len(row) for row in rows]
    assert len(shown) == height
    found = live_sheets.formulas(SimpleNamespace(formula=words), shown)
    assert found == [[word if word.startswith("=") else "" for word in row] for row in rows]


class com_error(Exception):
    """As Excel's library raises it on Windows: number, text, more, argument."""


def test_a_spreadsheet_that_does_not_answer_is_said_so(
    tmp_path: Path, live_of: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.append("orders", [{"编号": "N1"}])

    def busy(*_: Any) -> None:
        raise com_error(-2146777998, "", None, None)  # 0x800AC472: a cell is being edited

    monkeypatch.setattr(xw.main.Table, "resize", busy)
    with pytest.raises(CellsBusy, match="什么都没有写入"):
        live.write_all()
    monkeypatch.undo()
    live.write_all()  # the same changes, once the cell is left
    assert CellsBusy.permanent is False


@pytest.mark.parametrize("door", doors()[-1:], indirect=True)
def test_a_book_that_was_closed_meanwhile_is_said_so(tmp_path: Path, door: Door) -> None:
    opened = door.app.books.open(str(small_book(tmp_path / "b.xlsx", ROWS)))
    live, later = LiveBook(opened), LiveBook(opened)
    live.append("orders", [{"编号": "N1"}])
    opened.close()
    for late in (live.write_all, lambda: later.rows("orders")):
        with pytest.raises(SpreadsheetUnreadable, match="什么都没有写入。请确认工作簿还开着"):
            late()


def test_a_stop_half_way_says_what_is_written(tmp_path: Path, live_of: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.append("orders", [{"编号": "N1"}])
    live.set_defined_name(GENERATION, "5")

    def failing(*_: Any) -> None:
        raise OSError("no more")

    monkeypatch.setattr("addin.live_names.set_name", failing)
    with pytest.raises(
        WriteStopped, match=r"写到“_PartnerBook_generation”时中断（OSError：no more）。已写完：“orders”"
    ):
        live.write_all()
    assert opened.names[GENERATION].refers_to == "=4"
