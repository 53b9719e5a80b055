"""The finance workbook says something true, its formulas give what it shows, and its instructions are three lines each."""

from __future__ import annotations

import io
import re
import sys
import types
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.office import recalculated
from tests.reports.finance_made import HEAD, blank_line, made_lines
from tests.validator import validate
from workbook.ooxml.lint import lint
from workbook.reports.connecting import ways
from workbook.reports.finance_csv import csv_chunks
from workbook.reports.finance_lines import FinanceLine, Totals, finance_columns, totals_of
from workbook.reports.finance_summary import COLUMNS, LETTERS, TOP, finding
from workbook.reports.finance_xlsx import TooManyLines, finance_workbook

ALL = finance_columns()


def write(path: Path, lines: list[FinanceLine], **head: Any) -> Path:
    with path.open("wb") as out:
        finance_workbook(iter(lines), ALL, replace(HEAD, **head), out)
    return path


def sums(path: Path, *, shown: bool) -> dict[str, dict[str, Any]]:
    """The rows of 汇总 by the key in their first cell: values, or formulas."""
    sheet = openpyxl.load_workbook(path, data_only=shown)["汇总"]
    header = next(row[1].row for row in sheet.iter_rows(min_col=1) if row[1].value == "伙伴编号")
    return {
        str(row[1].value): {column.name: row[at].value for at, column in enumerate(COLUMNS, start=1)}
        for row in sheet.iter_rows(min_row=header + 1)
        if row[1].value
    }


def test_more_lines_than_a_sheet_has_rows_are_refused_with_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbook.reports.finance_xlsx.MOST_LINES", 3)
    write(tmp_path / "three.xlsx", many()[:3])
    with pytest.raises(TooManyLines, match="csv 或 json"):
        write(tmp_path / "four.xlsx", many()[:4])


def the_chart(path: Path) -> Any:
    sheet: Any = openpyxl.load_workbook(path)["汇总"]
    (chart,) = sheet._charts
    return chart


def many() -> list[FinanceLine]:
    """40 partners, lines without one, and keys that SUMIFS could not name."""
    odd = [blank_line(budget_line=f"BU-9{n}", partner=key, partner_name=key, budget=Decimal("10.10"), actual=Decimal("3.30"), committed=Decimal("0.05"),
                      planned_value=Decimal("6.06"), earned_value=Decimal("5.05")) for n, key in enumerate(("*", "p-0001", ">0", "甲?", "1"))]  # fmt: skip
    return [*made_lines(400), *odd]


def test_every_sum_is_a_formula_whose_value_stands_beside_it(tmp_path: Path) -> None:
    lines = many()
    path, totals = write(tmp_path / "f.xlsx", lines), totals_of(lines)
    shown, formulas = sums(path, shown=True), sums(path, shown=False)
    assert set(shown) == set(totals) and len(shown) == 47
    for key, one in totals.items():
        for column in COLUMNS[2:]:
            wanted = getattr(one, column.name)
            value = shown[key][column.name]
            assert formulas[key][column.name].startswith("=")
            assert (value in (None, "") and wanted is None) or Decimal(repr(value)) == wanted, (key, column.name)


@pytest.mark.libreoffice
def test_the_formulas_give_the_same_when_they_are_calculated_anew(tmp_path: Path) -> None:
    lines = many()
    path, totals = write(tmp_path / "f.xlsx", lines), totals_of(lines)
    found = sums(recalculated(path, tmp_path / "calc"), shown=True)
    assert set(found) == set(totals)
    for key, one in totals.items():
        for column in COLUMNS[2:]:
            wanted, value = getattr(one, column.name), found[key][column.name]
            if wanted is None:
                assert value in (None, ""), (key, column.name)
            else:
                assert Decimal(repr(value)) == wanted, (key, column.name)


def test_the_workbook_passes_the_lint_in_both_languages_and_without_lines(tmp_path: Path) -> None:
    for number, (lines, lang) in enumerate(((many(), "zh-CN"), (many(), "en"), ([], "zh-CN"))):
        assert lint(write(tmp_path / f"{number}.xlsx", lines, lang=lang).read_bytes()) == ()


@pytest.mark.validator
def test_the_workbook_has_no_schema_error(tmp_path: Path) -> None:
    assert validate(write(tmp_path / "f.xlsx", many())) == []
    assert validate(write(tmp_path / "empty.xlsx", [])) == []


def test_the_chart_shows_the_largest_budgets_from_zero_and_the_rest_as_one(tmp_path: Path) -> None:
    lines = many()
    book = openpyxl.load_workbook(write(tmp_path / "f.xlsx", lines), data_only=True)
    data = list(book["图表数据"].iter_rows(min_row=2, values_only=True))
    totals = {key: one for key, one in totals_of(lines).items() if key != "合计"}
    largest = sorted(totals.values(), key=lambda one: -one.budget)[:TOP]
    assert book["图表数据"].sheet_state == "hidden"
    assert [row[1] for row in data[:-1]] == [float(one.budget / 10_000) for one in largest]
    assert data[-1][0] == f"其他 {len(totals) - TOP} 家"
    assert data[-1][1] == pytest.approx(float(sum((one.budget for one in totals.values()), Decimal(0)) - sum((one.budget for one in largest), Decimal(0))) / 10_000)  # fmt: skip
    chart = the_chart(tmp_path / "f.xlsx")
    colours = [series.graphicalProperties.solidFill.srgbClr for series in chart.series]
    assert colours == ["6FA5A6", "E9B949", "A5301F"] and chart.grouping == "clustered"


@pytest.mark.parametrize(("actual", "lowest"), [("50.00", 0), ("-50.00", None)])
def test_the_axis_begins_at_zero_unless_there_are_refunds(actual: str, lowest: float | None, tmp_path: Path) -> None:
    path = write(tmp_path / "f.xlsx", [blank_line(partner="P-0001", budget=Decimal(100), actual=Decimal(actual))])
    chart = the_chart(path)
    assert chart.y_axis.scaling.min == lowest


def test_the_title_says_who_is_over_or_who_used_most() -> None:
    names = {"P-0001": "晨曦软件", "P-0002": "云帆网络"}
    lines = [
        blank_line(partner="P-0001", budget=Decimal(1000), actual=Decimal(970)),
        blank_line(partner="P-0002", budget=Decimal(400), actual=Decimal(200)),
    ]
    assert finding(totals_of(lines), names, "zh-CN") == "晨曦软件用得最多：执行率 97.0%；没有一家超出预算"
    over = [
        *lines,
        blank_line(partner="P-0002", budget=Decimal(0), actual=Decimal(220)),
        blank_line(budget=Decimal(10), actual=Decimal(15)),
    ]
    assert finding(totals_of(over), names, "zh-CN") == "云帆网络超支最多：20.00 元，执行率 105.0%；共 2 家超出预算"
    assert finding(totals_of(over), names, "en").startswith("云帆网络 is most over budget: 20.00 yuan")
    assert finding(totals_of([blank_line(actual=Decimal(5))]), {}, "zh-CN") == "还没有约定预算，算不出执行率"
    assert finding({"合计": Totals()}, {}, "zh-CN") == "还没有约定预算，算不出执行率"


def _about(path: Path) -> list[str]:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    return [" ".join(str(cell) for cell in row if cell) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize(
    ("lang", "placeholder"), [("zh-CN", "https://伙伴簿的地址/"), ("en", "https://partnerbook.address/")]
)
def test_the_first_sheet_says_whose_it_is_as_of_when_and_how_to_connect(
    lang: str, placeholder: str, tmp_path: Path
) -> None:
    words = _about(write(tmp_path / "f.xlsx", many(), lang=lang))
    text = "\n".join(words)
    for wanted in ("远山集团", "2026-11-24 02:00:00+00:00", "17", "e3b0c442", placeholder + "finance/v1/odata/"):
        assert wanted in text
    for program in ("Power Query", "Power BI", "WPS", "pandas"):
        start = next(at for at, line in enumerate(words) if program in line)
        assert len([line for line in words[start : start + 3] if line]) == 3
    for column in ALL:
        assert f"{column.label.get(lang)} {column.name} {column.meaning.get(lang)}" in words
    text = "\n".join(_about(write(tmp_path / "g.xlsx", many(), lang=lang, address="https://book.example/p")))
    assert "https://book.example/p/finance/v1/budget-execution.csv" in text and placeholder not in text


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_each_way_to_connect_has_exactly_three_lines(lang: str) -> None:
    assert [way.program for way in ways("", lang)][:2] == ["Excel · Power Query", "Power BI"]
    assert [len(way.lines) for way in ways("", lang)] == [3, 3, 3, 3]
    assert not re.search(r"[?&](token|key)=", "".join(line for way in ways("", lang) for line in way.lines))


def test_the_lines_for_pandas_run_and_read_exact_decimals(monkeypatch: pytest.MonkeyPatch) -> None:
    line = blank_line(budget_line="BU-0001", partner="00123", budget=Decimal("1234567890123.10"), project="NA")
    asked: list[tuple[str, tuple[str, str]]] = []

    def get(address: str, auth: tuple[str, str]) -> Any:
        asked.append((address, auth))
        return types.SimpleNamespace(content=b"".join(csv_chunks([line], ALL, HEAD)))

    monkeypatch.setitem(sys.modules, "requests", types.SimpleNamespace(get=get))
    way = next(way for way in ways("https://book.example", "zh-CN") if way.code)
    names: dict[str, Any] = {}
    exec("\n".join(way.lines), names)
    (row,) = names["lines"].to_dict("records")
    assert (row["约定预算"], row["伙伴编号"], row["项目"], row["实际发生"]) == ("1234567890123.10", "00123", "NA", "")
    assert asked == [("https://book.example/finance/v1/budget-execution.csv", ("令牌编号", "令牌"))]


def test_the_figures_beside_the_chart_read_the_last_row() -> None:
    lines = many()
    out = io.BytesIO()
    finance_workbook(lines, ALL, HEAD, out)
    sheet = openpyxl.load_workbook(out)["汇总"]
    last = max(row[1].row for row in sheet.iter_rows() if row[1].value == "合计")
    cells = [
        cell.value for row in sheet.iter_rows(max_row=last - 5) for cell in row if str(cell.value).startswith("=IF(")
    ]
    wanted = {
        f'=IF({LETTERS[name]}{last}="","–",{LETTERS[name]}{last})'
        for name in ("budget", "actual", "rate", "available", "cpi", "spi", "saved", "undelivered")
    }
    assert wanted <= set(cells)
