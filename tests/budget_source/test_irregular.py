"""Owns the promise that finance's sheets are understood as they are: every sum to the cent, every row accounted for."""

from __future__ import annotations

import csv
import io
from collections import Counter
from decimal import Decimal

import pandas
import pytest
from openpyxl import load_workbook

from tests.budget_source.sheets import IRREGULAR, NONSENSE, Case
from workbook.budget_source.model import AMOUNTS, Understood
from workbook.budget_source.periods import Period
from workbook.budget_source.understand import NoBudgetTable, OldFileUnreadable, understand

_read: dict[str, tuple[Case, Understood]] = {}


def read(name: str) -> tuple[Case, Understood]:
    """A case and what was understood of it, read once."""
    if name not in _read:
        case = IRREGULAR[name]()
        _read[name] = case, understand(case.file, case.data, options=case.options)
    return _read[name]


every_file = pytest.mark.parametrize("name", IRREGULAR)


def test_there_are_thirty_irregular_files_and_more() -> None:
    assert len(IRREGULAR) >= 30
    assert len({IRREGULAR[name]().data for name in IRREGULAR}) == len(IRREGULAR)


@every_file
def test_every_sum_is_understood_to_the_cent(name: str) -> None:
    case, found = read(name)
    assert (found.total("budget"), found.total("actual")) == (case.budget, case.actual)
    assert len(found.lines) == case.lines


@every_file
def test_every_span_of_time_has_its_own_sum(name: str) -> None:
    case, found = read(name)
    sums: dict[str, list[Decimal]] = {}
    for line in found.lines:
        assert line.starts_on is not None and line.ends_on is not None
        both = sums.setdefault(Period(line.starts_on, line.ends_on).code, [Decimal(0), Decimal(0)])
        both[0] += line.budget or 0
        both[1] += line.actual or 0
    assert {code: (b, a) for code, (b, a) in sums.items()} == case.periods


@every_file
def test_every_stated_total_is_compared_and_agrees(name: str) -> None:
    case, found = read(name)
    assert [check.sentence for check in found.disagreements] == []
    assert len(found.checks) == case.totals


@every_file
def test_every_row_is_a_line_or_a_total_or_left_out_with_a_reason(name: str) -> None:
    case, found = read(name)
    lines = {(line.sheet, line.row) for line in found.lines}
    totals = {(check.sheet, check.row) for check in found.checks}
    out = [(left.sheet, left.row) for left in found.left_out]
    assert all(left.why for left in found.left_out)
    places = Counter([*lines, *totals, *out])
    assert set(places.values()) == {1}
    assert set(places) == set(filled_rows(case, found))


def filled_rows(case: Case, found: Understood) -> list[tuple[str, int]]:
    """The rows with any value on the sheets that were read, by openpyxl for xlsx and by plain splitting for CSV."""
    names = {sheet.name for sheet in found.sheets if sheet.kind == "budget"}
    if case.file.endswith(".csv"):
        text = case.data.decode("utf-8-sig" if case.data.startswith(b"\xef\xbb\xbf") else "gb18030")
        return [(next(iter(names)), n) for n, row in enumerate(csv.reader(io.StringIO(text)), start=1) if any(row)]
    if case.file.endswith(".xls"):
        sheets = pandas.read_excel(io.BytesIO(case.data), sheet_name=None, header=None, engine="calamine")
        return [(name, int(n) + 1) for name in names for n, row in sheets[name].iterrows() if row.notna().any()]
    book = load_workbook(io.BytesIO(case.data))
    return [(s.title, n) for s in book if s.title in names for n, row in enumerate(s.iter_rows(values_only=True), 1) if any(v is not None for v in row)]  # fmt: skip


@every_file
def test_lines_name_contract_partner_project_and_item(name: str) -> None:
    _case, found = read(name)
    assert all(line.contract.startswith("HT-") and line.partner.startswith("合作方") for line in found.lines)
    assert {line.category for line in found.lines} == {"设计费", "材料费", "人工费", "差旅费"}
    assert {line.project for line in found.lines} == {"项目1", "项目2"}


@every_file
def test_hidden_rows_count_and_are_marked(name: str) -> None:
    case, found = read(name)
    assert sum(line.hidden for line in found.lines) == case.hidden


@every_file
def test_the_layout_is_told(name: str) -> None:
    case, found = read(name)
    assert {sheet.layout for sheet in found.sheets if sheet.kind == "budget"} == {case.layout}
    taken = [column for column in found.columns if column.meaning in AMOUNTS]
    assert len({(column.sheet, column.meaning, column.period) for column in taken}) == len(taken)


def test_bytes_that_are_no_spreadsheet_are_refused() -> None:
    with pytest.raises(OldFileUnreadable, match="预算.xlsx"):
        understand(*NONSENSE["no spreadsheet"]())


def test_a_list_without_amounts_is_refused_with_what_was_seen() -> None:
    with pytest.raises(NoBudgetTable, match="名录.*供应商名录"):
        understand(*NONSENSE["companies without amounts"]())


def test_a_contradicting_grand_total_is_reported_with_both_numbers() -> None:
    found = understand(*NONSENSE["a total that contradicts"]())
    (wrong,) = found.disagreements
    assert wrong.meaning == "budget"
    assert wrong.stated - wrong.computed == 1000
    assert f"{wrong.stated:,.2f}" in wrong.sentence and f"{wrong.computed:,.2f}" in wrong.sentence
    assert "1,000.00" in wrong.sentence
