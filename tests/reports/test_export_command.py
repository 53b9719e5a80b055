"""`partnerbook export --budget` writes the lines in the form of the suffix, never over a file, and nothing that must stay."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from workbook.build import new_workbook
from workbook.cli import main
from workbook.ooxml import Book
from workbook.store import fingerprint_of
from workbook.tables import Budgets

LINES = [
    {"budget_line": f"BU-{n:04d}", "partner": partner, "budget": Decimal(budget), "actual": Decimal(actual), "handler": "内部经手某某",
     "remark": "内部备注某某", "source_line": "来源行某某", "imported": "导入内容某某"}
    for n, (partner, budget, actual) in enumerate((("P-0001", "300.10", "100.05"), ("P-0001", "0.20", "0.30"), (None, "50.00", "0.00")), 1)
]  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "簿.xlsx"
    path.write_bytes(new_workbook(rows={"budgets": LINES}, settings={"公司名称": "远山集团"}))
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, words)])


def done(*words: str | Path) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_each_suffix_is_a_format_and_all_say_the_same(book: Path, tmp_path: Path) -> None:
    found = {suffix: done(book, "--budget", "-o", tmp_path / f"out.{suffix}") for suffix in ("xlsx", "csv", "json")}
    for suffix, one in found.items():
        assert (one["format"], one["lines"], one["fingerprint"]) == (suffix, 3, fingerprint_of(book))
        assert one["totals"]["合计"]["budget"] == "350.30" and one["totals"]["未匹配"]["lines"] == 1
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["约定预算"] for row in csv.DictReader(file)] == ["300.10", "0.20", "50.00"]
    kept = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert kept["company"] == "远山集团" and kept["as_of"].endswith("+08:00")
    assert kept["totals"] == found["json"]["totals"]
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["预算执行"]
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["BU-0001", "BU-0002", "BU-0003"]


def test_people_read_counts_sums_and_as_of_when(book: Path, tmp_path: Path) -> None:
    said = run(book, "--budget", "-o", tmp_path / "out.csv").output
    assert "预算执行 3 行" in said and "约定预算 350.30，实际发生 100.35" in said
    assert "其中 1 行没有写伙伴编号" in said and "数据截至" in said


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "json"])
def test_notes_of_people_and_of_the_import_stay_in_the_book(suffix: str, book: Path, tmp_path: Path) -> None:
    done(book, "--budget", "-o", tmp_path / f"out.{suffix}")
    if suffix == "xlsx":
        opened = openpyxl.load_workbook(tmp_path / "out.xlsx")
        text = "".join(str(c) for s in opened.worksheets for row in s.iter_rows(values_only=True) for c in row)
    else:
        text = (tmp_path / f"out.{suffix}").read_text("utf-8")
    assert "BU-0001" in text and "某某" not in text


def test_english_headers_are_asked_for(book: Path, tmp_path: Path) -> None:
    done(book, "--budget", "-o", tmp_path / "out.csv", "--lang", "en")
    assert (tmp_path / "out.csv").read_text("utf-8-sig").startswith("Budget line,Contract,")


def test_a_file_that_is_there_is_never_overwritten(book: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_bytes(b"mine")
    result = run(book, "--budget", "-o", tmp_path / "out.csv")
    assert result.exit_code == 1 and "已经存在" in result.output
    assert (tmp_path / "out.csv").read_bytes() == b"mine"


@pytest.mark.parametrize("level", ["公开", "Internal"])
def test_a_level_below_the_amounts_writes_nothing(level: str, book: Path, tmp_path: Path) -> None:
    result = run(book, "--budget", "-o", tmp_path / "out.csv", "--level", level)
    assert result.exit_code == 1 and "取不到" in result.output and not (tmp_path / "out.csv").exists()
    assert done(book, "--budget", "-o", tmp_path / "out.csv", "--level", "机密")["lines"] == 3


def test_a_book_that_cannot_be_summed_writes_nothing_and_says_where(book: Path, tmp_path: Path) -> None:
    opened = Book.read(book.read_bytes())
    opened.update(Budgets.name, "预算编号", {"BU-0002": {"实际发生": "约一百"}})
    book.write_bytes(opened.to_bytes())
    result = run(book, "--budget", "-o", tmp_path / "out.xlsx", "--json")
    assert result.exit_code == 1 and not (tmp_path / "out.xlsx").exists()
    error = json.loads(result.stdout)["error"]
    assert error["kind"] == "FinanceLineUnreadable" and "第 7 行“实际发生”" in error["message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "a.csv"], "二者选一"),
        (["--partner", "P-0001", "--budget", "-o", "a.csv"], "二者选一"),
        (["--budget", "-o", "a.txt"], "不认识后缀"),
        (["--partner", "P-0001"], "-o"),
        (["--partner", "P-0001", "-o", "a.xlsx", "--lang", "en"], "只用于 --budget"),
    ],
)
def test_wrong_usage_says_what_to_write(words: list[str], told: str, book: Path) -> None:
    result = run(book, *words)
    assert result.exit_code == 2 and told in result.output
