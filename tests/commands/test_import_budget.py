"""What importing finance's sheets promises: shown before written, to the cent, nothing twice, nothing of staff's lost (S32)."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from workbook import build, store
from workbook.cli import main
from workbook.evaluating import evaluate_file
from workbook.importing_budget import SourceNameless, source_of
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rules.finding import run_checks
from workbook.schema import Table
from workbook.tables import BudgetImports, BudgetMappings, Budgets, BudgetTotals, Changes

TODAY = date(2026, 11, 24)
HEADER = ["合同编号", "供应商", "科目", "期间", "预算（元）", "实际（元）", "完成进度"]
LINES: list[list[Any]] = [
    ["K-0001", "启明软件有限公司", "实施费", "2026年1月", 1000, 800.25, 100],
    ["K-0001", "启明软件有限公司", "实施费", "2026年2月", 2000.5, 0, 0],
    ["K-0002", "恒信包装有限公司", "包材", "2026年1月", 300, 310, 100],
    ["HT-77", "恒信包装有限公司", "差旅", "2026年1月", 50.05, 40, 50],
]  # fmt: skip


@cache
def empty_book() -> bytes:
    rows: dict[str, list[dict[str, Any]]] = {
        "partners": [
            {"partner": "P-0001", "legal_name": "启明软件有限公司", "status": "active"},
            {"partner": "P-0002", "legal_name": "恒信包装有限公司", "status": "active"},
        ],
        "contracts": [
            {"contract": "K-0001", "title": "一期协议 HT-2026-001", "partner": "P-0001"},
            {"contract": "K-0002", "title": "包材年度协议", "partner": "P-0002"},
        ],
    }
    return build.new_workbook(rows=rows, today=TODAY)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "簿.xlsx"
    path.write_bytes(empty_book())
    return path


def sheet(
    lines: Sequence[Sequence[Any]] = LINES, total: Sequence[Any] | None = None, header: Sequence[str] = HEADER
) -> bytes:
    """Finance's sheet: a title, the lines, and a grand total of what they really add up to."""
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    page.append(["2026 年合作预算执行表（含税）"])
    page.append(list(header))
    for line in lines:
        page.append(list(line))
        for cell in page[page.max_row]:
            cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type
    sums = [float(sum(Decimal(repr(line[at] or 0)) for line in lines)) for at in (4, 5)]
    page.append(list(total or ["合计", None, None, None, *sums, None]))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def run(book: Path, data: bytes, *words: str, name: str = "财务部预算.xlsx") -> Result:
    file = book.parent / name
    file.write_bytes(data)
    return CliRunner().invoke(main, ["import-budget", str(book), str(file), *words], catch_exceptions=False)


def bring(book: Path, data: bytes, *words: str, name: str = "财务部预算.xlsx") -> dict[str, Any]:
    done = run(book, data, "--yes", "--json", *words, name=name)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(book: Path, table: type[Table]) -> list[Record]:
    return read_records(Book.read(book.read_bytes()), table)


def money(book: Path) -> dict[str, tuple[Decimal, Decimal]]:
    return {row.text("source_line"): (row["budget"], row["actual"]) for row in rows(book, Budgets)}


def edit(book: Path, table: type[Table], key: str, **cells: Any) -> None:
    """What staff type, saved over the file."""
    snapshot = store.read(book)
    opened = Book.read(snapshot.data)
    opened.update(table.name, table.key().zh, {key: cells})
    store.replace(snapshot, opened.to_bytes())


# --- shown before written --------------------------------------------------------------------------------------------


def test_the_mapping_is_shown_and_nothing_is_written_until_people_say_yes(book: Path) -> None:
    before = book.read_bytes()
    for words in ((), ("--preview",), ("--json",)):
        done = run(book, sheet(), *words)
        assert done.exit_code == 0 and book.read_bytes() == before
    shown = run(book, sheet()).output
    assert "“预算（元）” → 约定预算（元），如 1000" in shown and "“供应商” → 伙伴" in shown
    assert "约定预算 3,350.55，实际发生 1,150.25 元" in shown  # 1,000 + 2,000.50 + 300 + 50.05; 800.25 + 310 + 40
    assert "表里写的 2 处合计，2 处相符" in shown and "没有写入" in shown


def test_every_line_comes_in_to_the_cent_with_its_contract_and_partner(book: Path) -> None:
    done = bring(book, sheet())
    assert (done["added"], done["budget"], done["actual"]) == (4, "3350.55", "1150.25")
    found = rows(book, Budgets)
    assert [(row.key, row["contract"], row["partner"], row["budget"], row["actual"]) for row in found] == [
        ("BU-0001", "K-0001", "P-0001", Decimal("1000.00"), Decimal("800.25")),
        ("BU-0002", "K-0001", "P-0001", Decimal("2000.50"), Decimal("0.00")),
        ("BU-0003", "K-0002", "P-0002", Decimal("300.00"), Decimal("310.00")),
        ("BU-0004", None, "P-0002", Decimal("50.05"), Decimal("40.00")),
    ]
    assert {(row["starts_on"], row["ends_on"]) for row in found} == {
        (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28)),
    }  # fmt: skip
    assert {row["tax"] for row in found} == {"included"} and {row["source_state"] for row in found} == {"same"}
    (account,) = rows(book, BudgetImports)
    assert (account["budget"], account["actual"], account["added"], account["unmatched"]) == (
        Decimal("3350.55"), Decimal("1150.25"), 4, 1,
    )  # fmt: skip


def test_each_line_without_a_contract_is_listed_with_the_reason(book: Path) -> None:
    done = run(book, sheet(), "--yes")
    assert (
        "没有对上合同的 1 行" in done.output
        and "第 6 行 HT-77 恒信包装有限公司 差旅：本簿没有合同“HT-77”" in done.output
    )
    told = [
        f
        for f in run_checks(Book.read(book.read_bytes()), TODAY)
        if f.rule == "S32-budget" and "没有对上合同" in f.message
    ]
    assert [f.key for f in told] == ["BU-0004"]


def test_new_lines_are_evaluated_where_they_stand(book: Path) -> None:
    bring(book, sheet())
    before = {row.key: dict(row.values) for row in rows(book, Budgets)}
    assert before["BU-0003"]["verdict"] == "over" and before["BU-0003"]["cpi"] == Decimal("0.9677")  # 300 ÷ 310
    evaluate_file(book, today=TODAY)
    assert {row.key: dict(row.values) for row in rows(book, Budgets)} == before
    totals = {row.key: (row["lines"], row["budget"], row["actual"]) for row in rows(book, BudgetTotals)}
    assert totals == {
        "P-0001": (2, Decimal("3000.50"), Decimal("800.25")), "P-0002": (2, Decimal("350.05"), Decimal("350.00")),
        "合计": (4, Decimal("3350.55"), Decimal("1150.25")),
    }  # fmt: skip


# --- again -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("progress", [-5, 150])
def test_a_progress_that_cannot_be_stops_no_other_line_and_is_a_finding(book: Path, progress: int) -> None:
    """Finance's own figure stands in the row; nothing is computed from it, and the other lines are whole."""
    bring(book, sheet([[*line[:6], progress] if number == 0 else line for number, line in enumerate(LINES)]))
    found = rows(book, Budgets)
    assert [row["earned_value"] for row in found] == [None, Decimal("0.00"), Decimal("300.00"), Decimal("25.03")]
    assert found[0]["budget"] == Decimal("1000.00") and "progress" in found[0].problems
    told = run_checks(Book.read(book.read_bytes()), TODAY)
    assert [one.rule for one in told if one.key == "BU-0001" and "完成进度" in one.message], told


def test_a_second_import_of_the_same_file_changes_no_byte(book: Path) -> None:
    bring(book, sheet())
    before = book.read_bytes()
    done = bring(book, sheet(), name="财务部预算 2026年12月(1).xlsx")
    assert (done["changed"], done["unchanged"], done["source"]) == (
        False,
        4,
        "财务部预算",
    ) and book.read_bytes() == before


def test_sorted_and_with_new_lines_the_old_ones_are_known_again(book: Path) -> None:
    bring(book, sheet())
    more = [["K-0002", "恒信包装有限公司", "包材", "2026年2月", 400, 0, 0], *reversed(LINES)]
    done = bring(book, sheet(more))
    assert (done["added"], done["updated"], done["unchanged"]) == (1, 0, 4)
    assert len(rows(book, Budgets)) == 5


def test_what_finance_changed_is_changed_and_logged(book: Path) -> None:
    bring(book, sheet())
    changed = [list(line) for line in LINES]
    changed[0][5] = 950
    assert bring(book, sheet(changed))["updated"] == 1
    assert rows(book, Budgets)[0]["actual"] == Decimal("950.00")
    log = [(row["row_key"], row["column"], row["before"], row["after"]) for row in rows(book, Changes)]
    assert log == [("BU-0001", "实际发生", "800.25", "950.00")]


def test_what_staff_changed_stays_and_is_told(book: Path) -> None:
    bring(book, sheet())
    edit(book, Budgets, "BU-0001", 实际发生=Decimal("777.00"), 备注="结算单为准", 项目="一期")
    assert bring(book, sheet())["changed"] is False
    changed = [list(line) for line in LINES]
    changed[0][4:6] = [1100, 950]
    done = bring(book, sheet(changed))
    assert done["kept"] == [{"line": "BU-0001", "columns": ["actual"]}]
    row = rows(book, Budgets)[0]
    assert (row["budget"], row["actual"], row["remark"], row["project"]) == (
        Decimal("1100.00"), Decimal("777.00"), "结算单为准", "一期",
    )  # fmt: skip
    assert row["source_state"] == "edited"
    findings = [f.message for f in run_checks(Book.read(book.read_bytes()), TODAY) if f.rule == "S32-source"]
    assert findings == ["实际发生与财务的表不同，合计对不上。请与财务核对，一方改正。"]
    edit(book, Budgets, "BU-0001", 实际发生=Decimal("950.00"))
    evaluate_file(book, today=TODAY)
    assert bring(book, sheet(changed))["changed"] is False and rows(book, Budgets)[0]["source_state"] == "same"


def test_a_line_that_is_gone_stays_and_is_marked_and_comes_back(book: Path) -> None:
    bring(book, sheet())
    done = bring(book, sheet(LINES[:3]))
    assert done["gone"] == ["BU-0004"] and rows(book, Budgets)[3]["source_state"] == "gone"
    before = book.read_bytes()
    assert bring(book, sheet(LINES[:3]))["changed"] is False and book.read_bytes() == before
    assert any(f.rule == "S32-source" and f.key == "BU-0004" for f in run_checks(Book.read(before), TODAY))
    bring(book, sheet())
    assert rows(book, Budgets)[3]["source_state"] == "same"


def test_the_sheet_of_another_month_says_nothing_about_this_one(book: Path) -> None:
    bring(book, sheet())
    march = [[*LINES[0][:3], "2026年3月", 10, 5, 50]]
    done = bring(book, sheet(march))
    assert (done["added"], done["gone"]) == (1, [])


def test_a_contract_that_staff_matched_is_remembered_for_the_same_words(book: Path) -> None:
    bring(book, sheet())
    edit(book, Budgets, "BU-0004", 合同编号="K-0002")
    assert bring(book, sheet())["changed"] is False
    more = [*LINES, ["HT-77", "恒信包装有限公司", "差旅", "2026年2月", 60, 0, 0]]
    assert bring(book, sheet(more))["unmatched"] == []
    assert rows(book, Budgets)[-1]["contract"] == "K-0002"


def test_two_lines_of_the_same_words_are_two_lines(book: Path) -> None:
    twice = [LINES[0], LINES[0]]
    assert bring(book, sheet(twice))["added"] == 2 and bring(book, sheet(twice))["changed"] is False
    assert sum(budget for budget, _ in money(book).values()) == 2000


# --- matching --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contract", "company", "found", "why"),
    [
        ("ｋ－０００１", "", ("K-0001", "P-0001"), ""),
        ("HT-2026-001", "", ("K-0001", "P-0001"), ""),  # the number stands in the contract's name
        ("包材年度协议", "启明 软件有限公司", (None, "P-0001"), "这份合同的伙伴是 P-0002 恒信包装有限公司，表里写的是“启明 软件有限公司”"),
        ("", "启明软件有限公司", (None, "P-0001"), "表里没有写合同"),
        ("HT-2026", "", (None, None), "本簿没有合同“HT-2026”"),
    ],
)  # fmt: skip
def test_a_contract_is_matched_by_its_number_or_name_and_never_against_its_partner(
    book: Path, contract: str, company: str, found: tuple[str | None, str | None], why: str
) -> None:
    done = bring(book, sheet([[contract, company, "实施费", "2026年1月", 1, 1, 100]]))
    (row,) = rows(book, Budgets)
    assert (row["contract"], row["partner"]) == found
    assert [one["why"] for one in done["unmatched"]] == ([why] if why else [])


# --- what is remembered ----------------------------------------------------------------------------------------------


def test_what_staff_write_in_the_mapping_is_how_the_next_file_is_read(book: Path) -> None:
    header = [*HEADER[:4], "批复（元）", "实际（元）", "完成进度"]
    bring(book, sheet())
    assert {(row["header"], row["meaning"], row["unit"]) for row in rows(book, BudgetMappings)} >= {
        ("预算（元）", "budget", "1"), ("供应商", "partner", None),
    }  # fmt: skip
    key = next(row.key for row in rows(book, BudgetMappings) if row["header"] == "实际（元）")
    edit(book, BudgetMappings, key, 含义="已承诺")
    seen = run(book, sheet(header=header), "--preview").output
    assert "“实际（元）” → 已承诺" in seen


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_total_that_the_lines_contradict_is_refused_with_both_numbers(book: Path) -> None:
    before = book.read_bytes()
    wrong = sheet(total=["合计", None, None, None, 3350.56, 1150.25, None])
    done = run(book, wrong, "--yes")
    assert done.exit_code == 1 and book.read_bytes() == before
    assert "3,350.56" in done.output and "3,350.55" in done.output and "--accept-difference" in done.output
    assert run(book, wrong, "--preview").exit_code == 1
    bring(book, wrong, "--accept-difference")
    assert rows(book, BudgetImports)[0]["checks"] == "2 处合计，1 处不符，按各行导入"


def test_a_foreign_sheet_needs_a_rate_and_keeps_its_amounts(book: Path) -> None:
    header = [*HEADER[:4], "预算（美元）", "实际（美元）", "完成进度"]
    lines = [["K-0001", "启明软件有限公司", "许可", "2026年1月", 100.10, 33.33, 50]]
    refused = run(book, sheet(lines, header=header), "--yes")
    assert refused.exit_code == 1 and "--rate USD=" in refused.output and rows(book, Budgets) == []
    bring(book, sheet(lines, header=header), "--rate", "USD=7.1234@2026-01-31")
    (row,) = rows(book, Budgets)
    # 100.10 × 7.1234 = 713.05234; 33.33 × 7.1234 = 237.422922
    assert (row["budget"], row["actual"]) == (Decimal("713.05"), Decimal("237.42"))
    assert (row["currency"], row["budget_original"], row["fx_rate"], row["fx_on"]) == (
        "USD", Decimal("100.10"), Decimal("7.1234"), date(2026, 1, 31),
    )  # fmt: skip
    assert [f for f in run_checks(Book.read(book.read_bytes()), TODAY) if f.rule == "S32-currency"] == []


def test_a_book_that_is_open_in_a_program_is_left_alone(book: Path) -> None:
    before = book.read_bytes()
    (book.parent / f"~${book.name}").write_bytes(b"\x04user" + b" " * 160)
    done = run(book, sheet(), "--yes")
    assert done.exit_code == 1 and book.read_bytes() == before


def test_words_from_finance_never_become_a_formula(book: Path) -> None:
    hostile = '=HYPERLINK("http://example.com","x")'
    bring(book, sheet([["K-0001", hostile, hostile, "2026年1月", 1, 1, 100]]))
    (row,) = rows(book, Budgets)
    assert row["category"] == hostile
    cells = [
        cell for line in openpyxl.load_workbook(book)["预算执行"].iter_rows() for cell in line if cell.value == hostile
    ]
    assert cells and all(cell.data_type == "s" for cell in cells)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "财务部预算.xlsx", "财务部预算2026年11月.xlsx", "2026年度 财务部预算（终稿）.xls", "财务部预算_202611(2).csv", "财务部预算-2026Q3-v2.xlsx",
        "财务部预算 第三季度.xlsx", "财务部预算 截至2026-11-24 副本.xlsx",
    ],
)  # fmt: skip
def test_next_months_file_is_of_the_same_source(name: str) -> None:
    assert source_of(name) == "财务部预算"


def test_a_file_of_numbers_needs_a_name_for_its_source() -> None:
    with pytest.raises(SourceNameless):
        source_of("20261124.xlsx")


def test_what_a_sheet_no_longer_states_it_does_not_take_back(book: Path) -> None:
    bring(book, sheet(), "--tax", "含税")
    header, lines = [*HEADER[:5], "实际（元）", "说明"], [[*line[:6], None] for line in LINES]
    assert bring(book, sheet(lines, header=header))["updated"] == 0
    assert [row["progress"] for row in rows(book, Budgets)] == [100, 0, 100, 50]


def test_a_formula_without_a_result_is_no_word_of_a_line(book: Path) -> None:
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    for row in (["预算表（元）"], HEADER, ["K-0001", "启明软件有限公司", '=A3&"费"', "2026年1月", 5, 5, 100]):
        page.append(row)
    out = io.BytesIO()
    made.save(out)
    done = bring(book, out.getvalue())
    assert rows(book, Budgets)[0]["category"] is None
    assert any("C3" in one and "公式没有保存算出的值" in one for one in done["warnings"])
