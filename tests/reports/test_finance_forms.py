"""CSV, JSON and the workbook say the same to the cent, hold text as text, and need no more memory for more lines."""

from __future__ import annotations

import csv
import io
import itertools
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine
from openpyxl.utils.escape import unescape

from tests.reports.finance_made import HEAD, HOSTILE, blank_line, made_lines
from workbook.build import new_workbook
from workbook.evaluating import evaluated
from workbook.ooxml import Book
from workbook.ooxml.lint import lint
from workbook.reports.finance_columns import FinanceColumn
from workbook.reports.finance_csv import csv_chunks, guarded, unguarded
from workbook.reports.finance_json import TotalsDiffer, json_chunks
from workbook.reports.finance_lines import FinanceLine, finance_columns, finance_lines, totals_of
from workbook.reports.finance_xlsx import TABLE, finance_workbook
from workbook.sample import sample_rows

COLUMNS = finance_columns()
SUMS = ("budget", "actual", "committed", "planned_value", "earned_value", "saved", "undelivered")
FEW = tuple(column for column in COLUMNS if column.name in ("budget_line", "partner", *SUMS))
Rows = Iterable[Mapping[str, Any]]
Summed = dict[str, tuple[int, dict[str, Decimal]]]


def summed(rows: Rows) -> Summed:
    """Counts and sums by partner and of all, from rows of text or numbers."""
    found: Summed = {}
    for row in rows:
        for key in (row["partner"] or "未匹配", "合计"):
            count, sums = found.setdefault(key, (0, dict.fromkeys(SUMS, Decimal("0.00"))))
            for name in SUMS:
                value = row[name]
                if value not in (None, ""):
                    sums[name] += Decimal(value if isinstance(value, str) else repr(value))
            found[key] = (count + 1, sums)
    return found


def expected(lines: Iterable[FinanceLine]) -> Summed:
    totals = totals_of(lines)
    return {key: (one.lines, {name: getattr(one, name) for name in SUMS}) for key, one in totals.items()}


def from_csv(lines: Iterable[FinanceLine], columns: Sequence[FinanceColumn] = COLUMNS) -> list[dict[str, str]]:
    data = b"".join(csv_chunks(lines, columns, HEAD))
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    assert next(rows) == [column.label.zh for column in columns]
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def from_json(lines: Iterable[FinanceLine], columns: Sequence[FinanceColumn] = COLUMNS) -> dict[str, Any]:
    data = b"".join(json_chunks(lines, columns, HEAD)).decode()
    found: dict[str, Any] = json.loads(data, parse_float=Decimal)
    return found


def as_xlsx(path: Path, lines: Iterable[FinanceLine], columns: Sequence[FinanceColumn] = COLUMNS) -> Path:
    with path.open("wb") as out:
        finance_workbook(lines, columns, HEAD, out)
    return path


def from_calamine(path: Path, columns: Sequence[FinanceColumn] = COLUMNS) -> Iterator[dict[str, Any]]:
    rows = iter(python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name("预算执行").to_python())
    assert next(rows) == [column.label.zh for column in columns]
    return (dict(zip((column.name for column in columns), row, strict=True)) for row in rows)


def from_openpyxl(path: Path) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(path)["预算执行"]
    return [
        dict(zip((column.name for column in COLUMNS), row, strict=True))
        for row in sheet.iter_rows(min_row=2, values_only=True)
    ]


@pytest.fixture(scope="module")
def sample() -> list[FinanceLine]:
    return list(finance_lines(Book.read(evaluated(new_workbook(rows=sample_rows(1))))))


def test_all_forms_of_the_sample_add_up_to_the_same_cent(sample: list[FinanceLine], tmp_path: Path) -> None:
    wanted = expected(sample)
    assert wanted["合计"][0] > 20 and wanted["合计"][1]["budget"] > 1_000_000
    path = as_xlsx(tmp_path / "f.xlsx", sample)
    assert summed(from_csv(sample)) == wanted
    assert summed(from_json(sample)["lines"]) == wanted
    assert summed(from_calamine(path)) == wanted
    assert summed(from_openpyxl(path)) == wanted


def test_all_forms_of_a_hundred_thousand_lines_add_up_to_the_same_cent(tmp_path: Path) -> None:
    count = 100_000
    wanted = expected(made_lines(count))
    assert wanted["合计"][0] == count and len(wanted) == 42
    assert summed(from_csv(made_lines(count), FEW)) == wanted
    found = from_json(made_lines(count), FEW)
    assert summed(found["lines"]) == wanted
    totals = {key: (one["lines"], {name: Decimal(one[name]) for name in SUMS}) for key, one in found["totals"].items()}
    assert totals == wanted
    assert summed(from_calamine(as_xlsx(tmp_path / "f.xlsx", made_lines(count), FEW), FEW)) == wanted


def test_the_json_documents_itself_and_keeps_decimals_exact() -> None:
    lines = [
        blank_line(
            budget_line="BU-0001",
            budget=Decimal("1234.50"),
            rate=Decimal("33.3333"),
            verdict="over",
            starts_on=date(2026, 1, 2),
        )
    ]
    found = from_json(lines)
    assert (found["company"], found["as_of"], found["snapshot"], found["fingerprint"], found["currency"]) == (
        "远山集团", "2026-11-24T02:00:00+00:00", "17", "e3b0c442", "CNY",
    )  # fmt: skip
    assert [column["name"] for column in found["columns"]] == [column.name for column in COLUMNS]
    assert all(column["meaning"] and column["label"] and column["type"] for column in found["columns"])
    (line,) = found["lines"]
    assert (line["budget"], line["rate"], line["verdict"], line["starts_on"]) == (
        "1234.50",
        "33.3333",
        "over",
        "2026-01-02",
    )
    assert line["actual"] is None
    assert next(c for c in found["columns"] if c["name"] == "verdict")["options"]["over"] == "超支"
    assert from_json([])["lines"] == [] and from_json([])["totals"]["合计"]["lines"] == 0


def test_json_that_does_not_add_up_to_the_kept_sums_is_never_finished() -> None:
    lines = list(made_lines(50))
    chunks = json_chunks(lines[1:], COLUMNS, HEAD, totals_of(lines))
    with pytest.raises(TotalsDiffer) as refused:
        b"".join(chunks)
    assert "合计" in refused.value.partners and len(refused.value.partners) == 2
    assert json.loads(b"".join(json_chunks(lines, COLUMNS, HEAD, totals_of(lines))))["totals"]["合计"]["lines"] == 50


def test_csv_says_words_days_and_exact_decimals_in_the_language_asked_for() -> None:
    line = blank_line(
        budget=Decimal("-1234.5"), verdict="over", verified="yes", ends_on=date(2026, 3, 31), progress=Decimal("60")
    )
    (row,) = from_csv([line])
    assert (row["budget"], row["verdict"], row["verified"], row["ends_on"], row["progress"], row["actual"]) == (
        "-1234.50", "超支", "是", "2026-03-31", "60", "",
    )  # fmt: skip
    english = b"".join(csv_chunks([line], COLUMNS, type(HEAD)(**{**vars(HEAD), "lang": "en"}))).decode("utf-8-sig")
    assert english.splitlines()[0].startswith("Budget line,Contract,Contract title,Partner,Partner name")
    assert "Over budget" in english


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_every_form_and_comes_back_exactly(text: str, tmp_path: Path) -> None:
    names = ("contract", "contract_title", "project", "category", "evidence", "voucher", "source", "partner_name")
    line = blank_line(budget_line="BU-0001", partner="P-0001", budget=Decimal(1), **dict.fromkeys(names, text))
    (cells,) = from_csv([line])
    assert {unguarded(cells[name]) for name in names} == {text}
    assert not cells["project"].lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert {from_json([line])["lines"][0][name] for name in names} == {text}
    path = as_xlsx(tmp_path / "f.xlsx", [line])
    assert lint(path.read_bytes()) == ()
    sheet = openpyxl.load_workbook(path)["预算执行"]
    found = {COLUMNS[at].name: cell for at, cell in enumerate(sheet[2])}
    assert {unescape(str(found[name].value)) for name in names} == {text}
    assert {found[name].data_type for name in names} <= {"s", "inlineStr"}
    (row,) = from_calamine(path)
    assert {row[name] for name in names} == {text}
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet3.xml")


def test_an_amount_is_never_guarded_and_a_guard_never_swallows_an_apostrophe() -> None:
    (row,) = from_csv([blank_line(budget=Decimal("-5.00"), voucher="-5.00")])
    assert (row["budget"], row["voucher"]) == ("-5.00", "'-5.00")
    for text in map("".join, itertools.product("'=a \t", repeat=3)):
        assert unguarded(guarded(text)) == text
    assert len({guarded(text) for text in map("".join, itertools.product("'=a \t", repeat=3))}) == 125


def test_a_key_of_a_partner_that_is_a_pattern_or_differs_by_case_is_summed_by_itself(tmp_path: Path) -> None:
    """`*` would match every key of SUMIFS and `p-0001` would match P-0001; the values beside the formulas are exact anyway."""
    lines = [
        blank_line(budget_line=f"BU-{n:04d}", partner=key, budget=Decimal(n))
        for n, key in enumerate(("*", "P-0001", "p-0001", ">0"), 1)
    ]
    sheet = openpyxl.load_workbook(as_xlsx(tmp_path / "f.xlsx", lines))["汇总"]
    formulas = {row[1].value: str(row[4].value) for row in sheet.iter_rows() if str(row[4].value).startswith("=ROUND")}
    assert set(formulas) == {"*", "P-0001", "p-0001", ">0", "合计"}
    assert all("EXACT(" in formulas[key] for key in ("*", "P-0001", "p-0001", ">0"))


PEAK = 2_500_000  # bytes; a list of the lines alone needs six times as much


@pytest.mark.parametrize("chunks", [csv_chunks, json_chunks], ids=["csv", "json"])
def test_memory_does_not_grow_with_lines(chunks: Callable[..., Iterator[bytes]]) -> None:
    b"".join(chunks(made_lines(10), COLUMNS, HEAD))
    tracemalloc.start()
    size = sum(len(chunk) for chunk in chunks(made_lines(8_000), COLUMNS, HEAD))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 1_500_000 and peak < PEAK


def test_memory_of_the_workbook_does_not_grow_with_lines(tmp_path: Path) -> None:
    as_xlsx(tmp_path / "warm.xlsx", made_lines(10))
    tracemalloc.start()
    path = as_xlsx(tmp_path / "f.xlsx", made_lines(3_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 250_000 and peak < PEAK


def test_the_lines_are_one_table_from_the_first_to_the_last_row(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(as_xlsx(tmp_path / "f.xlsx", made_lines(300)))["预算执行"]
    table = sheet.tables[TABLE]
    assert table.ref == table.autoFilter.ref == f"A1:{sheet.cell(301, len(COLUMNS)).coordinate}"
    assert [column.name for column in table.tableColumns] == [column.label.zh for column in COLUMNS]
    assert sheet.freeze_panes == "B2" and sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9")
