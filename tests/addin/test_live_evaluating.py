"""LiveBook and the evaluation: a book that is open gets the results that its file would get, and nothing else."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path

import openpyxl
import pytest
import xlwings as xw

from addin import live_sheets
from addin.live import LiveBook
from tests.addin import live_books
from tests.addin.live_books import Door, meaning
from workbook.build import new_workbook
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.sample import sample_rows
from workbook.tables import BY_NAME

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, 30)
# Tables whose rows the evaluation writes; the last rows of each are emptied below, so that they come in anew.
WRITTEN = ("results", "contributions", "performance", "performance_parts", "todo", "changes")


door = live_books.door
FILES = pytest.mark.parametrize("door", ["openpyxl", "stale"], indirect=True)  # Calc takes long to open the sample


@cache
def fresh() -> bytes:
    """The sample before its first evaluation: every result row is to come in."""
    return new_workbook(rows=sample_rows(1, TODAY), today=TODAY)


@cache
def settled() -> bytes:
    """The sample with its results."""
    return _evaluated(fresh())


@cache
def disturbed() -> bytes:
    """The sample with its results, other marks since, a panel opened again, and cells and rows of results emptied."""
    book = Book(settled())
    marks = book.rows("marks")[:60]
    book.update_rows("marks", "评分编号", {row.number: {"分数": 1 + at % 5} for at, row in enumerate(marks)})
    book.update_rows("panels", "评审会编号", {row.number: {"状态": "评分中"} for row in book.rows("panels")})
    for name in WRITTEN:
        columns, rows = book.table(name).columns, book.rows(name)
        book.update_rows(name, columns[0], {row.number: dict.fromkeys(columns) for row in rows[-3:]})
        book.update_rows(name, columns[0], {rows[0].number: dict.fromkeys(columns[4:6])})
    return book.to_bytes()


def _evaluated(data: bytes) -> bytes:
    book = Book(data)
    evaluate_book(book, NOW)
    return book.to_bytes()


def look(data: bytes, names: tuple[str, ...]) -> dict[str, dict[str, tuple[str, str]]]:
    """The number format of each cell of these tables, and its formula or nothing."""
    views = {name: Book(data).table(name) for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl does not know is not looked at
        book = openpyxl.load_workbook(io.BytesIO(data))
    return {
        name: {
            cell.coordinate: (cell.number_format, str(cell.value) if cell.data_type == "f" else "")
            for row in book[view.sheet][view.data.full]
            for cell in row
        }
        for name, view in views.items()
    }


def test_an_open_book_gets_the_results_that_its_file_gets(tmp_path: Path, door: Door) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(disturbed())
    book = Book(disturbed())
    said = evaluate_book(book, NOW)
    assert len(said.scored) == 2 and set(WRITTEN) < {view.name for view in book.tables}
    with door.open(path) as opened:
        live = LiveBook(opened)
        assert evaluate_book(live, NOW).scored == said.scored
        assert meaning(live) == meaning(book)
        live.write_all()
        saved = door.saved(opened, tmp_path)
        if door.name != "stale":  # reads show what was written: nothing is left to change
            again = LiveBook(opened)
            assert not evaluate_book(again, NOW).changed
    expected = book.to_bytes()
    assert meaning(Book(saved)) == meaning(Book(expected))
    assert {v.name: v.ref for v in Book(saved).tables} == {v.name: v.ref for v in book.tables}
    ours, theirs = look(saved, WRITTEN), look(expected, WRITTEN)
    if door.name == "calc":  # Calc writes formats its own way; formulas are the same
        ours, theirs = ({n: {c: f for c, (_, f) in t.items()} for n, t in x.items()} for x in (ours, theirs))  # type: ignore[misc]
    assert ours == theirs


@FILES
def test_an_open_book_gets_its_first_results(tmp_path: Path, door: Door) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(fresh())
    with door.open(path) as opened:
        live = LiveBook(opened)
        evaluate_book(live, NOW)
        live.write_all()
        saved = Book(door.saved(opened, tmp_path))
    assert meaning(saved) == meaning(Book(settled()))
    assert len(saved.rows("results")) > 5


@FILES
def test_a_second_evaluation_writes_nothing(tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    path, again = tmp_path / "book.xlsx", tmp_path / "again.xlsx"
    path.write_bytes(disturbed())
    with door.open(path) as opened:
        live = LiveBook(opened)
        assert evaluate_book(live, NOW).changed
        live.write_all()
        again.write_bytes(door.saved(opened, tmp_path))
    with door.open(again) as opened:
        live = LiveBook(opened)
        assert not evaluate_book(live, NOW).changed
        assert live.touched == frozenset()

        def written(*_: object) -> None:
            raise AssertionError("written")

        monkeypatch.setattr(xw.Range, "value", property(xw.Range.value.fget, written))
        live.write_all()


@FILES
def test_an_evaluation_reads_each_table_once(tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(disturbed())
    reads: Counter[tuple[str, str]] = Counter()
    for what in ("values", "formulas"):
        real = getattr(live_sheets, what)

        def counted(cells: xw.Range, *more: object, what: str = what, real: object = real) -> object:
            reads[what, cells.sheet.name] += 1
            return real(cells, *more)  # type: ignore[operator]

        monkeypatch.setattr(live_sheets, what, counted)
        monkeypatch.setattr(f"addin.live.{what}", counted, raising=False)
    with door.open(path) as opened:
        live = LiveBook(opened)
        evaluate_book(live, NOW)
        assert len(reads) > 40 and set(reads.values()) == {1}
        before = Counter(reads)
        live.write_all()
    # looked at once more before writing: the table, and the cells below it where rows come in
    touched = {BY_NAME[name].label.zh for name in WRITTEN} | {BY_NAME["votes"].label.zh}
    after = reads - before
    assert {sheet for _, sheet in after} <= touched
    assert max(after.values()) <= 2
