"""Owns the proof on books that other programs saved; without a folder of them, on books that the tests build."""

from __future__ import annotations

import datetime
import io
import os
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.ooxml.books import assert_only, by_openpyxl_built, calculated, partners, raw_members, small
from workbook.errors import AppendRefused, PartnerBookError
from workbook.ooxml import Book, TableView
from workbook.ooxml.lint import lint

GIVEN = os.environ.get("PARTNERBOOK_CORPUS")
CORPUS = Path(GIVEN) if GIVEN else Path(__file__).parents[2].parent / "shared" / "data" / "excel-authored"
# Measured: of the books saved by Excel in that folder none is refused for its container, and no table more than this.
REFUSED_TABLES_AT_MOST = 0.10
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
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        where = "books of others" if CORPUS.is_dir() else "books of our own (no corpus here)"
        terminal.write_line(f"\n{len(BOOKS)} {where}: " + ", ".join(f"{n} {what}" for what, n in counts.most_common()))


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
    assert not set(lint(after)) - set(lint(data))
    tally["kept raw"] += 1


TABLES = [(name, table.name) for name, data in BOOKS.items() for table in Book.read(data).tables]


@pytest.mark.parametrize(("name", "table_name"), TABLES, ids=[f"{name}-{table}" for name, table in TABLES])
def test_a_row_is_appended_to_each_table_or_refused_with_a_reason(
    name: str, table_name: str, tally: Counter[str]
) -> None:
    before = BOOKS[name]
    book = Book.read(before)
    view = book.table(table_name)
    column = plain_column(view)
    values = {column: TEXT} if column else {}
    try:
        placed = book.append(table_name, [values])
    except PartnerBookError as refused:
        assert isinstance(refused, AppendRefused), refused
        assert view.sheet in str(refused)
        assert book.to_bytes() == before
        tally[f"refused: {str(refused).partition('下面')[2][:6]}"] += 1
        return
    after = book.to_bytes()
    gone = set(raw_members(before)) - set(raw_members(after))
    assert gone <= {"xl/calcChain.xml"}
    assert_only(before, after, book.touched, gone)
    assert not set(lint(after)) - set(lint(before))
    if column:
        assert Book.read(after).rows(table_name)[-1].values[column] == TEXT
        _seen_by_openpyxl(before, after, view, placed.first_row, column)
    tally["appended"] += 1


def _seen_by_openpyxl(before: bytes, after: bytes, view: TableView, row: int, column: str) -> None:
    try:
        loaded(before)
    except Exception:
        # openpyxl cannot read this book as it came; the archive at least is sound.
        assert zipfile.ZipFile(io.BytesIO(after)).testzip() is None
        return
    sheet = loaded(after)[view.sheet]
    cell = sheet.cell(row, view.number_of(column))
    assert (cell.value, cell.data_type != "f", cell.quotePrefix) == (TEXT, True, True)
    area = sheet.tables[view.name].ref
    assert openpyxl.utils.cell.range_boundaries(area)[3] >= row


def test_the_refusals_stay_rare() -> None:
    refused = []
    for name, table in TABLES:
        try:
            Book.read(BOOKS[name]).append(table, [{}])
        except AppendRefused as reason:
            refused.append(str(reason))
    assert len(refused) <= REFUSED_TABLES_AT_MOST * len(TABLES), refused
    assert TABLES
