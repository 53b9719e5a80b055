"""A book that LibreOffice saved lost its declarations of calculated columns: what evaluates it puts them back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.office import recalculated
from tests.selection_books import NOW, TODAY
from workbook.build import new_workbook
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.ooxml.lint import new_findings
from workbook.sample import sample_rows
from workbook.tables import Marks, Panels, Results

pytestmark = pytest.mark.libreoffice


def saved_by_libreoffice(folder: Path) -> bytes:
    book = Book.read(new_workbook(rows=sample_rows(1, TODAY), today=TODAY))
    evaluate_book(book, NOW)
    path = folder / "book.xlsx"
    path.write_bytes(book.to_bytes())
    return recalculated(path, folder / "calc").read_bytes()


def test_the_formula_beside_a_score_stays_a_formula_when_the_score_changes(tmp_path: Path) -> None:
    data = saved_by_libreoffice(tmp_path)
    book = Book.read(data)
    assert not book.table(Results.name).formula_of("复算")[0]  # the declaration is gone
    changed = next(r for r in book.rows(Marks.name) if r.values["候选编号"] == "C-0002" and r.values["分数"] == 5)
    book.update(Marks.name, "评分编号", {changed.values["评分编号"]: {"分数": 1}})
    book.update(Panels.name, "评审会编号", {"V-0001": {"状态": "评分截止"}})
    lost = next(row for row in book.rows(Results.name) if row.values["结果编号"] == "V-0001/C-0001")
    book.update(Results.name, "结果编号", {"V-0001/C-0001": {"复算": None}})
    book = Book.read(book.to_bytes())
    evaluate_book(book, NOW)
    assert "This Row" in book.table(Results.name).formula_of("复算")[0]
    after = book.to_bytes()
    assert not new_findings(data, after)
    path = tmp_path / "evaluated.xlsx"
    path.write_bytes(after)
    sheet = openpyxl.load_workbook(recalculated(path, tmp_path / "again"), data_only=True)[Results.label.zh]
    heads = {cell.value: cell.column for cell in sheet[5]}
    rows = {row[heads["结果编号"] - 1].value: row for row in sheet.iter_rows(min_row=6)}
    for key in ("V-0001/C-0001", "V-0001/C-0002"):
        assert rows[key][heads["复算"] - 1].value == rows[key][heads["官方得分"] - 1].value
    assert lost.values["官方得分"] == rows["V-0001/C-0001"][heads["官方得分"] - 1].value
    assert rows["V-0001/C-0002"][heads["官方得分"] - 1].value < 89.07  # it was 89.07 before the mark fell
    book = Book.read(after)
    assert not evaluate_book(book, NOW).changed
