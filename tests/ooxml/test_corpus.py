"""Owns the proof on books that other programs saved; without a folder of them, on books that the tests build."""

from __future__ import annotations

import datetime
import io
import os
import warnings
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.ooxml.books import assert_only, by_openpyxl_built, calculated, partners, raw_members, small
from tests.validator import validate
from workbook.errors import AppendRefused
from workbook.ooxml import Book, Placed, TableView
from workbook.ooxml.lint import new_findings

GIVEN = os.environ.get("PARTNERBOOK_CORPUS")
CORPUS = Path(GIVEN) if GIVEN else Path(__file__).parents[2].parent / "shared" / "data" / "excel-authored"
TEXT = "=1+1"


def corpus() -> dict[str, bytes]:
    files = [file for file in sorted(CORPUS.rglob("*")) if file.suffix in (".xlsx", ".xlsm")] if CORPUS.is_dir() else []
    return {str(file.relative_to(CORPUS)): file.read_bytes() for file in files} or built()


def built() -> dict[str, bytes]:
    """Books of our own making, for a machine without the folder."""
    return {
        "partners": partners(),
        "empty": partners(0),
        "many": partners(40),
        "calculated": calculated(),
        "small": small(),
        "1904": small(options={"date_1904": True}),
        "openpyxl": by_openpyxl_built([["k", "v"], ["a", 1], ["b", datetime.date(2026, 1, 1)]], "A1:B3"),
        "bare": small(lambda _book, sheet: sheet.add_table("F3:G4", {"name": "Bare", "header_row": False})),
        "beside": small(lambda _book, sheet: sheet.write_column("E1", range(9))),
        "in the way": small(lambda _book, sheet: sheet.write("C4", 1)),
    }


BOOKS = corpus()


def loaded(data: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(io.BytesIO(data))


def plain_column(table: TableView) -> str | None:
    """A column that takes text: the first that is not calculated."""
    return next((header for header in table.columns if not table.formula_of(header)[0]), None)


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Any:
    counts: Counter[str] = Counter()
    yield counts
    where = "books of others" if CORPUS.is_dir() else "books of our own (no corpus here)"
    outcome = ", ".join(f"{count} {what}" for what, count in counts.most_common())
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{len(BOOKS)} {where}: {outcome}")


@pytest.mark.parametrize("name", BOOKS)
def test_a_book_is_read_and_comes_back_raw(name: str, tally: Counter[str]) -> None:
    data = BOOKS[name]
    book = Book.read(data)
    for table in book.tables:
        book.rows(table.name)
    assert book.to_bytes() == data
    book.set_defined_name("_partnerbook_generation", "1")
    after = book.to_bytes()
    assert_only(data, after, book.touched)
    assert len(book.touched) == 1
    assert Book.read(after).defined_name("_partnerbook_generation") == "1"
    assert not new_findings(data, after)
    tally["kept raw"] += 1


TABLES = [(name, table.name) for name, data in BOOKS.items() for table in Book.read(data).tables]


def refusal(book: Book, table: str, rows: list[dict[str, Any]]) -> tuple[Placed | None, str]:
    """Where the rows went, or why not; any other error than a refusal is one of the test."""
    try:
        return book.append(table, rows), ""
    except AppendRefused as reason:
        return None, str(reason)


@pytest.mark.parametrize("beyond", [False, True], ids=["one row", "past the last row"])
@pytest.mark.parametrize(("name", "table_name"), TABLES, ids=[f"{name}-{table}" for name, table in TABLES])
def test_rows_are_appended_to_each_table_or_refused_with_a_reason(
    name: str, table_name: str, beyond: bool, tally: Counter[str]
) -> None:
    before = BOOKS[name]
    book = Book.read(before)
    view = book.table(table_name)
    column = plain_column(view)
    count = view.last_row - view.first_row + 3 if beyond and not book.rows(table_name) else 1 + beyond
    placed, reason = refusal(book, table_name, [{column: TEXT} if column else {}] * count)
    how = "past the last row" if beyond else "one row"
    if placed is None:
        assert view.sheet in reason and book.to_bytes() == before
        tally[f"{how}: refused, {reason.partition('下面')[2].partition('（')[0][:6]}"] += 1
        return
    after = book.to_bytes()
    gone = set(raw_members(before)) - set(raw_members(after))
    assert gone <= {"xl/calcChain.xml"}
    assert_only(before, after, book.touched, gone)
    assert not new_findings(before, after)
    assert book.table(table_name).last_row == max(view.last_row, placed.last_row)
    if column:
        assert Book.read(after).rows(table_name)[-1].values[column] == TEXT
        _seen_by_openpyxl(before, after, view, placed, column)
    tally[f"{how}: appended"] += 1


def _seen_by_openpyxl(before: bytes, after: bytes, view: TableView, placed: Placed, column: str) -> None:
    try:
        loaded(before)
    except Exception:
        # openpyxl cannot read this book as it came; the archive at least is sound.
        assert zipfile.ZipFile(io.BytesIO(after)).testzip() is None
        return
    sheet = loaded(after)[view.sheet]
    for row in range(placed.first_row, placed.last_row + 1):
        cell = sheet.cell(row, view.number_of(column))
        assert (cell.value, cell.data_type != "f", cell.quotePrefix) == (TEXT, True, True)
    area = sheet.tables[view.name].ref
    assert openpyxl.utils.cell.range_boundaries(area)[3] >= placed.last_row + view.totals_row_count


def _grown(folder: Path, number: int, name: str, table: str) -> Counter[str] | None:
    """What the validator says more of after one row than before it, or None where the row is refused."""
    book = Book.read(BOOKS[name])
    column = plain_column(book.table(table))
    if refusal(book, table, [{column: TEXT} if column else {}])[1]:
        return None
    found = []
    for when, data in (("before", BOOKS[name]), ("after", book.to_bytes())):
        path = folder / f"{number}-{when}{Path(name).suffix or '.xlsx'}"
        path.write_bytes(data)
        found.append(Counter(validate(path)))
    return found[1] - found[0]


@pytest.mark.validator
def test_the_validator_finds_nothing_new_after_a_row(tmp_path: Path, tally: Counter[str]) -> None:
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(lambda at: _grown(tmp_path, at[0], *at[1]), enumerate(TABLES)))
    for (name, table), more in zip(TABLES, results, strict=True):
        assert not more, f"{name}, {table}: {more}"
    tally["validated after a row"] += sum(more is not None for more in results)
    assert tally["validated after a row"] >= len(TABLES) - 1


def test_no_table_refuses_rows() -> None:
    for extra in (0, 2):
        refused = []
        for name, table in TABLES:
            book = Book.read(BOOKS[name])
            view = book.table(table)
            blank = 0 if book.rows(table) else view.last_row - view.first_row + 1
            _, reason = refusal(book, table, [{}] * (blank + extra if extra else 1))
            refused += [f"{name}: {reason}"] if reason else []
        assert not refused
    assert TABLES
