"""Every irregular sheet of finance comes into a workbook to the cent, a second time changes nothing, and nonsense is refused (S32)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.budget_source.sheets import IRREGULAR, NONSENSE
from tests.commands.test_import_budget import empty_book
from workbook.errors import PartnerBookError
from workbook.importing_budget import apply, preview
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.sources import imported_values
from workbook.tables import BudgetImports, Budgets


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "簿.xlsx"
    path.write_bytes(empty_book())
    return path


def test_there_are_thirty_of_them_and_three_of_nonsense() -> None:
    assert len(IRREGULAR) >= 30 and len(NONSENSE) >= 3


@pytest.mark.parametrize("name", IRREGULAR)
def test_an_irregular_sheet_comes_in_to_the_cent_and_a_second_time_nothing_changes(book: Path, name: str) -> None:
    case = IRREGULAR[name]()
    done = apply(book, case.file, case.data, "财务部", case.options)
    assert done.changed and done.preview.ok
    rows = read_records(Book.read(book.read_bytes()), Budgets)
    nothing = Decimal(0)
    assert len(rows) == case.lines
    assert sum((row["budget"] or nothing for row in rows), nothing) == case.budget
    assert sum((row["actual"] or nothing for row in rows), nothing) == case.actual
    assert not [row.key for row in rows if row.problems or imported_values(row) is None]
    (account,) = read_records(Book.read(book.read_bytes()), BudgetImports)
    assert (account["budget"], account["actual"]) == (case.budget, case.actual)
    before = book.read_bytes()
    again = apply(book, case.file, case.data, "财务部", case.options)
    assert not again.changed and book.read_bytes() == before


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_with_the_reason_and_nothing_is_written(book: Path, name: str) -> None:
    file, data = NONSENSE[name]()
    before = book.read_bytes()
    with pytest.raises(PartnerBookError) as refused:
        apply(book, file, data, "财务部")
    assert file in str(refused.value) and len(str(refused.value)) > 20
    assert book.read_bytes() == before and [path.name for path in book.parent.iterdir()] == [book.name]


def test_a_remembered_mapping_reads_the_next_file_as_the_first(book: Path) -> None:
    """All sheets of one source, one after the other: whatever was remembered, each preview keeps its sums."""
    for name in list(IRREGULAR)[:12]:
        case = IRREGULAR[name]()
        apply(book, case.file, case.data, name, case.options)
        found = preview(book, case.file, case.data, name, case.options)
        assert (found.understood.total("budget"), found.understood.total("actual")) == (case.budget, case.actual)
        assert not found.merge.anything
