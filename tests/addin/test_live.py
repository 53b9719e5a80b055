"""LiveBook: what is done to a workbook that is open gives what the same does to its file, or says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xlwings as xw

from addin import live_sheets
from addin.live import LiveBook
from addin.live_errors import (
    BookMoved,
    CellsBusy,
    HeadersHidden,
    LiveBookSpent,
    NoRoom,
    NotInALiveBook,
    SheetProtected,
    SpreadsheetUnreadable,
    WriteStopped,
)
from tests.addin.live_books import (
    CALCULATED,
    COLUMNS,
    HOSTILE,
    ROWS,
    Changes,
    Door,
    doors,
    meaning,
    small_book,
)
from workbook.errors import AppendRefused, DuplicateKey, MissingColumn, MissingTable, ValueRefused
from workbook.identity import GENERATION
from workbook.ooxml import Book

SEEING = pytest.mark.parametrize("door", doors(stale=False), indirect=True)  # reads show what was written


@pytest.fixture(scope="module", params=doors())
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    opened = Door(request.param)
    yield opened
    opened.close()


@pytest.fixture
def live_of(door: Door) -> Iterator[Callable[[Path], tuple[xw.Book, LiveBook]]]:
    """Opens a file; it is closed when the test ends."""
    with ExitStack() as stack:

        def opened(path: Path) -> tuple[xw.Book, LiveBook]:
            book = stack.enter_context(door.open(path))
            return book, LiveBook(book)

        yield opened


Opened = Callable[[Path], tuple[xw.Book, LiveBook]]


# ---- reading


def test_rows_are_those_of_the_file(tmp_path: Path, live_of: Opened) -> None:
    path = small_book(tmp_path / "b.xlsx", ROWS)
    _, live = live_of(path)
    rows = live.rows("orders")
    # 2026-01-02 is day 46024 since 1899-12-30; 10:30 is 37800 of 86400 seconds
    assert [row.number for row in rows] == [4, 5, 6]
    assert rows[0].values == {"编号": "A1", "名称": "北京", "数量": 3, "两倍": 6, "日期": 46024, "备注": "好"}
    assert rows[1].values["日期"] == pytest.approx(46085.4375, abs=1e-9)
    assert rows[1].values["名称"] == "00123" and rows[1].values["数量"] == 2.5
    assert rows[2].values["编号"] == 12 and type(rows[2].values["编号"]) is int
    assert rows[2].values["备注"] == "=1+1"
    assert meaning(live) == meaning(Book(path.read_bytes()))


def test_a_table_is_found_by_its_name_wherever_it_stands(tmp_path: Path, live_of: Opened) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    view = live.table("ORDERS")
    assert (view.name, view.sheet, view.ref, view.first_row, view.last_row) == ("orders", "订单", "B3:G6", 4, 6)
    assert view.columns == (*COLUMNS[:3], CALCULATED, *COLUMNS[3:])
    with pytest.raises(MissingTable, match="orders"):
        live.table("nothing")


def test_a_row_that_only_a_formula_of_staff_fills_is_blank(tmp_path: Path, live_of: Opened) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", [*ROWS, {}]))
    assert [row.number for row in live.rows("orders")] == [4, 5, 6]  # row 7 holds 0 by the calculated column


def test_cells_with_formulas_are_told_from_text_that_looks_like_one(tmp_path: Path, live_of: Opened) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    assert live.formula_cells("orders") == {(4, CALCULATED), (5, CALCULATED), (6, CALCULATED)}


def test_each_table_is_read_once_and_formulas_only_if_asked(
    tmp_path: Path, live_of: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    values, formulas = live_sheets.values, live_sheets.formulas
    monkeypatch.setattr(live_sheets, "values", lambda cells: asked.append("values") or values(cells))
    monkeypatch.setattr("addin.live.formulas", lambda *given: asked.append("formulas") or formulas(*given))
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.table("orders")
    assert asked == ["values"]
    for _ in range(3):
        live.rows("orders")
        live.update("orders", "编号", {"A1": {"备注": "不同"}})
    assert asked == ["values", "formulas"]


# ---- changing as a file is changed


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("start", [ROWS, ()], ids=["filled", "empty"])
def test_changes_give_what_they_give_in_the_file(
    tmp_path: Path, door: Door, live_of: Opened, seed: int, start: tuple[dict[str, Any], ...]
) -> None:
    path = small_book(tmp_path / "b.xlsx", start)
    opened, live = live_of(path)
    book, changes = Book(path.read_bytes()), Changes(seed)
    for _ in range(6):
        rows = book.rows("orders")
        keys = [str(row.values["编号"]) for row in rows if row.values["编号"] is not None]
        what, given = changes.step(keys, [row.number for row in rows])
        assert getattr(live, what)("orders", *given) == getattr(book, what)("orders", *given)
        assert meaning(live, calculated=True) == meaning(book, calculated=True)
        assert live.table("orders").ref == book.table("orders").ref
    live.write_all()
    saved = Book(door.saved(opened, tmp_path))
    assert meaning(saved) == meaning(Book(book.to_bytes()))
    assert saved.table("orders").ref == book.table("orders").ref


def test_text_from_outside_stays_text_wherever_it_goes(tmp_path: Path, door: Door, live_of: Opened) -> None:
    path = small_book(tmp_path / "b.xlsx", [*ROWS, *({"编号": f"K{n}"} for n in range(len(HOSTILE)))])
    opened, live = live_of(path)
    live.update("orders", "编号", {f"K{n}": {"名称": text, "数量": text} for n, text in enumerate(HOSTILE)})
    live.append("orders", [{"编号": f"N{n}", "名称": text, "日期": text} for n, text in enumerate(HOSTILE)])
    live.write_all()
    rows = {row.values["编号"]: row.values for row in Book(door.saved(opened, tmp_path)).rows("orders")}
    for n, text in enumerate(HOSTILE):
        assert rows[f"K{n}"]["名称"] == rows[f"K{n}"]["数量"] == text
        assert rows[f"N{n}"]["名称"] == rows[f"N{n}"]["日期"] == text


def test_a_number_that_takes_the_place_of_text_is_a_number(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.update("orders", "编号", {"A1": {"名称": "=1"}})
    live.write_all()
    path = tmp_path / "again.xlsx"
    path.write_bytes(door.saved(opened, tmp_path))
    opened, live = live_of(path)
    live.update("orders", "编号", {"A1": {"名称": Decimal("12.50")}, "A2": {"名称": date(2026, 1, 2)}})
    live.write_all()
    saved = door.saved(opened, tmp_path)
    rows = Book(saved).rows("orders")
    assert [rows[0].values["名称"], rows[1].values["名称"]] == [12.5, 46024]
    (tmp_path / "look.xlsx").write_bytes(saved)
    assert _formats(tmp_path / "look.xlsx", "订单", "C4", "C5") == ["General", "yyyy-mm-dd"]


def _formats(path: Path, sheet: str, *cells: str) -> list[str]:
    import openpyxl

    opened = openpyxl.load_workbook(path)[sheet]
    # Calc names the language of a format, and marks its letters as such
    return [opened[cell].number_format.removeprefix("[$-409]").replace("\\", "") for cell in cells]


def test_rows_that_come_in_get_the_calculated_columns_of_staff(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.append("orders", [{"编号": "N1", "数量": 21}])
    live.write_all()
    (tmp_path / "s.xlsx").write_bytes(door.saved(opened, tmp_path))
    import openpyxl

    cell = openpyxl.load_workbook(tmp_path / "s.xlsx")["订单"]["E7"]
    assert cell.value == "=orders[[#This Row],[数量]]*2"
    if door.name == "calc":
        assert openpyxl.load_workbook(tmp_path / "s.xlsx", data_only=True)["订单"]["E7"].value == 42


@SEEING
def test_a_formula_that_staff_typed_into_the_last_row_is_filled_down(
    tmp_path: Path, door: Door, live_of: Opened
) -> None:
    import openpyxl

    opened, _ = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    opened.sheets["订单"]["G6"].formula = "=orders[[#This Row],[数量]]+D6*$D$4"
    live = LiveBook(opened)
    live.append("orders", [{"编号": "N1", "数量": 21}, {"编号": "N2", "数量": 2}])
    live.write_all()
    (tmp_path / "s.xlsx").write_bytes(door.saved(opened, tmp_path))
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx")["订单"]
    formulas = [sheet[cell].value for cell in ("G7", "G8")]
    assert formulas == ["=orders[[#This Row],[数量]]+D7*$D$4", "=orders[[#This Row],[数量]]+D8*$D$4"]


def test_a_lost_formula_comes_back_and_a_present_one_stays(tmp_path: Path, door: Door, live_of: Opened) -> None:
    path = small_book(tmp_path / "b.xlsx", ROWS)
    opened, live = live_of(path)
    opened.sheets["订单"]["E4"].value = 7  # somebody typed over the formula
    path = tmp_path / "typed.xlsx"
    path.write_bytes(door.saved(opened, tmp_path))
    opened, live = live_of(path)
    formula = {CALCULATED: "orders[[#This Row],[数量]]*2"}
    rows = [{"编号": "A1", CALCULATED: 7}, {"编号": "A2", CALCULATED: 99}]
    live.upsert("orders", "编号", rows, formula)
    live.write_all()
    assert opened.sheets["订单"]["E5"].formula.startswith("=")
    (tmp_path / "s.xlsx").write_bytes(door.saved(opened, tmp_path))
    import openpyxl

    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx")["订单"]
    assert [sheet[cell].value for cell in ("E4", "E5")] == ["=orders[[#This Row],[数量]]*2"] * 2


def test_what_is_equal_is_not_written(tmp_path: Path, live_of: Opened) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.upsert("orders", "编号", [{"编号": "A1", "名称": "北京", "数量": Decimal("3.00"), "日期": date(2026, 1, 2)}])
    live.update("orders", "编号", {"A1": {"备注": "别的"}})
    live.update("orders", "编号", {"A1": {"备注": "好"}})  # and back again
    live.set_defined_name(GENERATION, "4")
    assert live.touched == frozenset()


def test_refusals_are_those_of_a_file(tmp_path: Path, live_of: Opened) -> None:
    path = small_book(tmp_path / "b.xlsx", [*ROWS, {"编号": "A1"}])
    _, live = live_of(path)
    book = Book(path.read_bytes())
    wrong: list[tuple[type[Exception], str, tuple[Any, ...]]] = [
        (MissingColumn, "append", ([{"没有": 1}],)),
        (MissingColumn, "update", ("没有", {})),
        (MissingColumn, "update_rows", ("编号", {4: {"没有": 1}})),
        (AppendRefused, "update_rows", ("编号", {99: {"备注": 1}})),
        (ValueRefused, "append", ([{"编号": "x" * 32_768}],)),
        (ValueRefused, "append", ([{"数量": 1234567890123456}],)),
        (ValueRefused, "upsert", ("编号", [{"编号": "N", "数量": float("nan")}])),
        (ValueRefused, "upsert", ("编号", [{"名称": "没有键"}])),
        (ValueRefused, "upsert", ("编号", [{"编号": "A2", "备注": "x"}, {"编号": "new", "名称": "x" * 32_768}])),
        (DuplicateKey, "update", ("编号", {"A1": {"备注": "x"}})),
        (DuplicateKey, "upsert", ("编号", [{"编号": "new"}, {"编号": "A1"}])),
    ]
    for error, what, given in wrong:
        with pytest.raises(error) as ours:
            getattr(live, what)("orders", *given)
        with pytest.raises(error) as theirs:
            getattr(book, what)("orders", *given)
        assert str(ours.value) == str(theirs.value)
    assert live.touched == frozenset()  # and nothing of a refused change stays


def test_what_only_a_file_can_take_is_refused(tmp_path: Path, live_of: Opened) -> None:
    _, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    for refused in (live.to_bytes, lambda: live.add_column("orders", "新列"), lambda: live.fixed_references("orders")):
        with pytest.raises(NotInALiveBook, match="打开着的工作簿"):
            refused()


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
    import openpyxl

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
    import openpyxl
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
    import openpyxl
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
    import xlsxwriter

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
