"""Owns what the tests of actions share: a served sample book, opened in a spreadsheet, and how it ends up on disk."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import xlwings as xw

from forms_server.house import House, open_house
from forms_server.inbox import Incoming
from tests.delivery.conftest import candidate
from tests.office import without_print_titles
from workbook import build, sample
from workbook.evaluating import evaluated
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.tables import BY_NAME


@cache
def sample_book() -> bytes:
    """The sample with its results, as `partnerbook new --sample` makes it, but for the rows that repeat on printed pages:
    they alone cost LibreOffice ten of the eleven seconds that it takes to open the book."""
    return without_print_titles(
        evaluated(build.new_workbook(rows=sample.sample_rows(1), book_id=str(uuid.UUID(int=7))))
    )


def served(folder: Path) -> House:
    """The sample as a file with its inbox; what the sample planted is settled."""
    path = folder / "伙伴簿.xlsx"
    path.write_bytes(sample_book())
    house = open_house(path, folder / "data")
    house.delivery.run()
    return house


def arrive(house: House, *numbers: int, **values: Any) -> list[str]:
    """Candidates come in by the form."""
    ids = []
    for number in numbers:
        one = candidate(number, **values)
        house.inbox.submit(Incoming(str(uuid.UUID(int=10_000 + number)), one.form, one.table, one.values))
        ids.append(str(uuid.UUID(int=10_000 + number)))
    return ids


@contextmanager
def opened(app: Any, path: Path) -> Iterator[xw.Book]:
    """The file open in the spreadsheet; closed without saving at the end."""
    book = app.books.open(str(path))
    try:
        yield book
    finally:
        book.close()


def records(path: Path, table: str) -> list[Record]:
    return read_records(Book.read(path.read_bytes()), BY_NAME[table])


def ids_in(path: Path) -> list[str]:
    """The submissions that the file's candidates came by."""
    return [row.text("submission_id") for row in records(path, "candidates") if row["submission_id"]]


def table_of(book: xw.Book, name: str) -> Any:
    return next(table for sheet in book.sheets for table in sheet.tables if table.name == name)


def column_of(table: Any, header: str) -> int:
    """The sheet column of a header."""
    heads = table.header_row_range.options(ndim=2).value[0]
    return int(table.header_row_range.column) + [str(head) for head in heads].index(header)
