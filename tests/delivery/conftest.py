"""A real book, its inbox and its delivery, for the tests of the way of a submission."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from forms_server.house import House, open_house
from forms_server.inbox import Incoming
from workbook.build import new_workbook
from workbook.tables import Candidates

CREDIT_CODE = "91110000600037341L"


def candidate(number: int, **values: Any) -> Incoming:
    """A candidate submission with what is required, told apart by its number."""
    plain = {
        "legal_name": f"企业{number}", "credit_code": CREDIT_CODE, "company_type": "limited", "contact": "联系人",
        "phone": "13800138000", "email": "a@example.com", "licence_term": "open", "business_scope": "软件",
        "main_business": "软件开发", **values,
    }  # fmt: skip
    return Incoming(str(uuid.UUID(int=number)), "candidate", "candidates", plain)


@pytest.fixture(scope="session")
def empty_book() -> bytes:
    return new_workbook(book_id=str(uuid.UUID(int=99)))


@pytest.fixture
def book(tmp_path: Path, empty_book: bytes) -> Path:
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(empty_book)
    return path


@pytest.fixture
def house(book: Path, tmp_path: Path) -> House:
    return open_house(book, tmp_path / "data")


def rows_of(path: Path, table: str = "candidates") -> list[dict[str, Any]]:
    """The rows of a table as openpyxl reads them, wholly blank ones left out."""
    opened = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    for sheet in opened.worksheets:
        if table in sheet.tables:
            heads, *rows = [[cell.value for cell in row] for row in sheet[sheet.tables[table].ref]]
            return [dict(zip(heads, row, strict=True)) for row in rows if any(v is not None for v in row)]
    raise AssertionError(f"no table {table}")


def ids_of(path: Path) -> list[str]:
    return [row[Candidates.columns["submission_id"].zh] for row in rows_of(path)]


def edit(path: Path, change: Callable[[Any], None], table: str = "candidates") -> None:
    """A person edits the book in another program and saves; only tests may save through openpyxl."""
    opened = openpyxl.load_workbook(path)
    for sheet in opened.worksheets:
        if table in sheet.tables:
            change(sheet)
    opened.save(path)
