"""LiveBook: what is done to a workbook that is open gives what the same does to its file, or says why not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from addin import live_sheets
from addin.live import LiveBook
from addin.live_errors import (
    NotInALiveBook,
)
from tests.addin import live_books
from tests.addin.live_books import (
    CALCULATED,
    COLUMNS,
    HOSTILE,
    ROWS,
    SEEING,
    Changes,
    Door,
    Opened,
    meaning,
    small_book,
)
from workbook.errors import AppendRefused, DuplicateKey, MissingColumn, MissingTable, ValueRefused
from workbook.identity import GENERATION
from workbook.ooxml import Book

door, live_of = live_books.door, live_books.live_of


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
    opened = openpyxl.load_workbook(path)[sheet]
    # Calc names the language of a format, and marks its letters as such
    return [opened[cell].number_format.removeprefix("[$-409]").replace("\\", "") for cell in cells]


def test_rows_that_come_in_get_the_calculated_columns_of_staff(tmp_path: Path, door: Door, live_of: Opened) -> None:
    opened, live = live_of(small_book(tmp_path / "b.xlsx", ROWS))
    live.append("orders", [{"编号": "N1", "数量": 21}])
    live.write_all()
    (tmp_path / "s.xlsx").write_bytes(door.saved(opened, tmp_path))
    cell = openpyxl.load_workbook(tmp_path / "s.xlsx")["订单"]["E7"]
    assert cell.value == "=orders[[#This Row],[数量]]*2"
    if door.name == "calc":
        assert openpyxl.load_workbook(tmp_path / "s.xlsx", data_only=True)["订单"]["E7"].value == 42


@SEEING
def test_a_formula_that_staff_typed_into_the_last_row_is_filled_down(
    tmp_path: Path, door: Door, live_of: Opened
) -> None:
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
