"""Owns the promises about single questions: units, currencies, spans, taken columns, remembered headers, totals, refusals."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from tests.budget_source.sheets import Grid, to_xlsx
from workbook.budget_source.model import Options, Understood
from workbook.budget_source.understand import (
    AmountRefused,
    NoBudgetTable,
    RateMissing,
    SheetMissing,
    UnitUnknown,
    YearUnknown,
    understand,
)
from workbook.errors import PartnerBookError

HEADER = ["合同编号", "供应商", "预算", "实际"]
ON = date(2026, 3, 31)


def grid(rows: Sequence[Sequence[Any]], name: str = "预算", **more: Any) -> Grid:
    return Grid(name, [list(row) for row in rows], **more)


def read(
    rows: Sequence[Sequence[Any]], *, options: Options | None = None, remembered: Any = None, **more: Any
) -> Understood:
    return understand("预算.xlsx", to_xlsx([grid(rows, **more)]), options=options, remembered=remembered)


def meanings(found: Understood) -> dict[str, str]:
    return {column.header: column.meaning for column in found.columns}


def why(found: Understood, header: str) -> str:
    return next(column.why for column in found.columns if column.header == header)


# --- units ---------------------------------------------------------------------------------------------------------------


def test_an_amount_without_a_unit_anywhere_is_refused_and_asks_for_it() -> None:
    with pytest.raises(UnitUnknown, match=r"“预算”C 列“预算”没有写单位.*--unit"):
        read([HEADER, ["HT-1", "甲", 5, 4]])


def test_a_unit_by_option_is_used_where_nothing_is_stated() -> None:
    assert read([HEADER, ["HT-1", "甲", 5, 4]], options=Options(unit=10_000)).total("budget") == Decimal("50000.00")


def test_every_column_keeps_the_unit_of_its_own_header() -> None:
    found = read([["单位：元"], ["合同编号", "供应商", "预算（万元）", "实际"], ["HT-1", "甲", 1.5, 4000.25]])
    assert (found.total("budget"), found.total("actual")) == (Decimal("15000.00"), Decimal("4000.25"))
    assert {column.header: column.unit for column in found.columns}["预算（万元）"] == 10_000
    assert {column.header: column.unit for column in found.columns}["实际"] == 1


def test_a_header_counts_more_than_the_option_and_a_cell_more_than_its_header() -> None:
    rows = [["合同编号", "供应商", "预算（万元）", "实际"], ["HT-1", "甲", "8千元", 4], ["HT-2", "甲", 2, 1]]
    found = read(rows, options=Options(unit=1))
    assert [line.budget for line in found.lines] == [Decimal("8000.00"), Decimal("20000.00")]
    assert found.total("actual") == 5


def test_two_units_in_the_titles_are_refused_by_both_names() -> None:
    with pytest.raises(UnitUnknown, match="元、万元"):
        read([["单位：元"], ["单位：万元"], HEADER, ["HT-1", "甲", 5, 4]])


def test_a_format_that_shows_ten_thousands_of_yuan_leaves_the_cell_in_yuan() -> None:
    formats = {(2, 2): '0!.0,"万元"', (2, 3): '#,##0.00,"千元"'}
    found = read([["预算表"], HEADER, ["HT-1", "甲", 123456.78, 1000.5]], formats=formats)
    assert (found.total("budget"), found.total("actual")) == (Decimal("123456.78"), Decimal("1000.50"))


def test_a_format_against_its_header_is_refused() -> None:
    with pytest.raises(UnitUnknown, match="数字格式不一致"):
        read([["合同编号", "供应商", "预算(元)"], ["HT-1", "甲", 5]], formats={(1, 2): '0.00"万元"'})


def test_amounts_finer_than_a_cent_are_rounded_half_up_and_named() -> None:
    found = read([["单位：元"], HEADER, ["HT-1", "甲", 1.005, 2.994], ["HT-2", "甲", 0.1 + 0.2, 1]])
    assert [line.budget for line in found.lines] == [Decimal("1.01"), Decimal("0.30")]
    (sentence,) = [w for w in found.warnings if "比分还细" in w]
    assert "C3、D3：" in sentence and "C4" not in sentence


# --- currencies ------------------------------------------------------------------------------------------------------------


def test_a_foreign_amount_without_a_rate_names_the_option() -> None:
    with pytest.raises(RateMissing, match=r"第 3 行.*USD.*--rate USD=7\.1234@2026-03-31"):
        read([["单位：美元"], HEADER, ["HT-1", "甲", 5, 4]])


def test_a_rate_of_the_row_counts_and_originals_are_kept() -> None:
    header = ["合同编号", "供应商", "预算（元）", "实际（元）", "币种", "汇率", "汇率日期"]
    rows = [header, ["HT-1", "甲", 100.01, 50, "美元", 7.1235, date(2026, 2, 1)], ["HT-2", "乙", 8, 7, "人民币", None, None], ["合计", None, 720.42, None]]  # fmt: skip
    found = read(rows)
    first, second = found.lines
    assert (first.budget, first.actual) == (Decimal("712.42"), Decimal("356.18"))  # 712.421235, 356.175
    assert (first.budget_original, first.actual_original) == (Decimal("100.01"), Decimal("50.00"))
    assert (first.currency, first.fx_rate, first.fx_on) == ("USD", Decimal("7.1235"), date(2026, 2, 1))
    assert (second.budget, second.budget_original, second.currency, second.fx_rate) == (8, None, "CNY", None)
    assert [check.agrees for check in found.checks] == [True]  # 720.42 is 712.42 + 8 in yuan


def test_a_rate_without_its_day_is_refused() -> None:
    with pytest.raises(RateMissing, match="没有汇率日期"):
        read([["合同编号", "供应商", "预算(USD)", "汇率"], ["HT-1", "甲", 5, 7.1]])


def test_totals_of_a_foreign_sheet_are_compared_in_its_own_currency() -> None:
    rows = [["单位：万美元"], HEADER, ["HT-1", "甲", 1, 1], ["HT-2", "甲", 2, 1], ["合计", None, 3, 2]]
    found = read(rows, options=Options(rates={"USD": (Decimal(7), ON)}))
    assert {(check.stated, check.agrees) for check in found.checks} == {(Decimal(30000), True), (Decimal(20000), True)}
    assert found.total("budget") == 210_000


# --- columns --------------------------------------------------------------------------------------------------------------


def test_the_adjusted_budget_is_taken_and_the_first_one_listed_as_not_taken() -> None:
    found = read([["单位：元"], ["合同编号", "年初预算", "调整后预算", "执行数"], ["HT-1", 5, 6, 1]])
    assert meanings(found) == {"合同编号": "contract", "年初预算": "ignore", "调整后预算": "budget", "执行数": "actual"}
    assert "已取 C 列“调整后预算”" in why(found, "年初预算")
    assert found.total("budget") == 6


def test_computed_columns_are_left_out_because_the_book_computes_them() -> None:
    header = ["合同编号", "预算", "实际", "执行率", "差异", "余额", "结余", "占比", "同比"]
    found = read([["单位：元"], header, ["HT-1", 5, 6, 1.2, -1, -1, -1, 1, 0.1]])
    assert {h for h, m in meanings(found).items() if m == "ignore"} == set(header[3:])
    assert {why(found, h) for h in header[3:]} == {"本簿自己计算"}


def test_last_years_columns_and_increments_are_no_budget() -> None:
    found = read([["单位：元"], ["合同编号", "上年实际", "预算", "追加预算", "实际"], ["HT-1", 900, 5, 700, 4]])
    assert (found.total("budget"), found.total("actual")) == (5, 4)


def test_a_sum_across_beside_its_months_is_compared_and_not_counted() -> None:
    header = ["合同编号", "1月预算", "2月预算", "3月预算", "一季度预算"]
    found = read([["2026年"], ["单位：元"], header, ["HT-1", 1, 2, 3, 6], ["HT-2", 1, 1, 1, 4]])
    assert found.total("budget") == 9
    (wrong,) = found.disagreements
    assert (wrong.row, wrong.stated, wrong.computed, wrong.period) == (5, 4, 3, "2026-Q1")


def test_months_without_a_word_are_what_the_title_says() -> None:
    header = ["合同编号", "科目", "1月", "2月"]
    found = read([["2026年预算表"], ["单位：元"], header, ["HT-1", "设计费", 1, 2]])
    assert [(line.budget, line.starts_on) for line in found.lines] == [(1, date(2026, 1, 1)), (2, date(2026, 2, 1))]
    with pytest.raises(NoBudgetTable):
        read([["部门名单"], ["合同编号", "科目", "备注"], ["HT-1", "设计费", "x"]])


def test_a_remembered_header_wins_over_the_guess_with_its_unit() -> None:
    rows = [["单位：元"], ["合同编号", "预算", "其他金额"], ["HT-1", 5, 7]]
    assert read(rows).total("budget") == 5
    found = read(rows, remembered={"其他金额": ("budget", 1000), "预算": ("ignore", None)})
    assert found.total("budget") == 7000
    assert meanings(found) == {"合同编号": "contract", "预算": "ignore", "其他金额": "budget"}


def test_a_remembered_two_line_header_is_found_by_its_shown_words() -> None:
    rows = [["单位：元"], ["合同编号", "2026年1月", None], [None, "预算", "甲类"], ["HT-1", 5, 7]]
    found = read(rows, remembered={"2026年1月／甲类": ("actual", None)}, merges=[(1, 1, 1, 2), (1, 0, 2, 0)])
    assert (found.total("budget"), found.total("actual")) == (5, 7)
    assert found.lines[0].ends_on == date(2026, 1, 31)


def test_a_header_that_changed_its_words_falls_back_to_the_guess() -> None:
    rows = [["单位：元"], ["合同编号", "预算数", "实际"], ["HT-1", 5, 7]]
    found = read(rows, remembered={"预算": ("ignore", None)})
    assert meanings(found)["预算数"] == "budget"


def test_columns_show_their_letters_and_at_most_three_samples() -> None:
    found = read([["单位：元"], HEADER, *[[f"HT-{n}", "甲", n, n] for n in range(1, 9)]])
    assert [column.letters for column in found.columns] == ["A", "B", "C", "D"]
    assert found.columns[0].samples == ("HT-1", "HT-2", "HT-3")


# --- lines ----------------------------------------------------------------------------------------------------------------


def test_progress_is_percent_however_it_is_written() -> None:
    header = ["合同编号", "预算", "计划进度", "完成进度"]
    found = read(
        [["单位：元"], header, ["HT-1", 5, 0.8, "75%"], ["HT-2", 5, 1, "100%"]], formats={(2, 2): "0%", (3, 2): "0%"}
    )
    assert [(line.planned_progress, line.progress) for line in found.lines] == [(80, 75), (100, 100)]
    found = read([["单位：元"], header, ["HT-1", 5, 80, 75.5], ["HT-2", 5, 1, 0]])
    assert [(line.planned_progress, line.progress) for line in found.lines] == [(80, Decimal("75.5")), (1, 0)]


def test_tax_is_what_is_stated_nearest_else_not_stated() -> None:
    rows = [["含税，单位：元"], ["合同编号", "预算", "实际", "是否含税"], ["HT-1", 5, 4, "否"], ["HT-2", 5, 4, None]]
    assert [line.tax for line in read(rows).lines] == ["excluded", "included"]
    found = read([["单位：元"], HEADER, ["HT-1", "甲", 5, 4]])
    assert found.lines[0].tax is None
    assert any("含税" in sentence for sentence in found.warnings)


def test_red_positives_are_named_unless_the_sheet_says_that_red_is_negative() -> None:
    rows = [["单位：元"], HEADER, ["HT-1", "甲", 5, 4], ["HT-2", "甲", 3, 2]]
    found = read(rows, red={(3, 2)})
    assert found.total("budget") == 8
    assert any("C4：是红字的正数" in sentence for sentence in found.warnings)
    assert read([*rows, ["注：红字表示负数"]], red={(3, 2)}).total("budget") == 2


def test_an_amount_in_cells_merged_over_rows_counts_once() -> None:
    rows = [["单位：元"], HEADER, ["HT-1", "甲", 9, 4], ["HT-1", "乙", None, 3]]
    found = read(rows, merges=[(2, 2, 3, 2)])
    assert (found.total("budget"), found.total("actual")) == (9, 7)
    assert any("合并的单元格" in sentence for sentence in found.warnings)


def test_from_and_until_columns_and_years_beside_months_are_spans() -> None:
    found = read(
        [["单位：元"], ["合同编号", "开始日期", "结束日期", "预算"], ["HT-1", "2026-01", date(2026, 3, 15), 1]]
    )
    assert (found.lines[0].starts_on, found.lines[0].ends_on) == (date(2026, 1, 1), date(2026, 3, 15))
    found = read([["单位：元"], ["年度", "月份", "合同编号", "预算"], [2025, 12, "HT-1", 1], [2026, 1, "HT-1", 1]])
    assert [line.starts_on for line in found.lines] == [date(2025, 12, 1), date(2026, 1, 1)]


def test_text_from_outside_stays_text() -> None:
    found = understand("x.csv", "单位：元,,\n合同编号,供应商,预算\n=1+1,@甲,5\n".encode())
    assert (found.lines[0].contract, found.lines[0].partner) == ("=1+1", "@甲")


# --- sheets ---------------------------------------------------------------------------------------------------------------


def test_a_hidden_sheet_is_named_and_read_only_when_chosen() -> None:
    shown, secret = (
        grid([["单位：元"], HEADER, ["HT-1", "甲", 5, 4]], "本年"),
        grid([["单位：元"], HEADER, ["HT-9", "乙", 7, 6]], "底稿", hidden=True),
    )
    data = to_xlsx([shown, secret])
    found = understand("预算.xlsx", data)
    assert found.total("budget") == 5
    assert [(s.name, s.kind) for s in found.sheets] == [("本年", "budget"), ("底稿", "ignored")]
    assert "隐藏" in found.sheets[1].why
    assert understand("预算.xlsx", data, options=Options(sheets=("底稿",))).total("budget") == 7
    with pytest.raises(SheetMissing, match="本年、底稿"):
        understand("预算.xlsx", data, options=Options(sheets=("明年",)))


def test_two_tables_on_one_sheet_are_both_read() -> None:
    rows = [["单位：元"], HEADER, ["HT-1", "甲", 5, 4], ["合计", None, 5, 4], [], ["表二（万元）"], ["项目", "预算", "实际"], ["项目1", 1, 2], ["合计", 1, 2]]  # fmt: skip
    found = read(rows)
    assert [line.budget for line in found.lines] == [5, 10_000]
    assert len(found.checks) == 4 and not found.disagreements


# --- totals ---------------------------------------------------------------------------------------------------------------


def totals(rows: Sequence[Sequence[Any]], **more: Any) -> list[tuple[int, Decimal, bool]]:
    found = read([["单位：元"], ["合同编号", "预算"], *rows], **more)
    return [(check.row, check.computed, check.agrees) for check in found.checks]


def test_a_forgotten_first_line_is_a_difference_and_no_explanation() -> None:
    assert totals([["HT-1", 1], ["HT-2", 2], ["HT-3", 3], ["合计", 5]]) == [(6, 6, False)]


def test_a_group_of_one_line_without_its_subtotal_does_not_break_the_next() -> None:
    rows = [["HT-1", 1], ["HT-2", 2], ["HT-2", 3], ["HT-2小计", 5], ["合计", 6]]
    assert totals(rows) == [(6, 5, True), (7, 6, True)]


def test_three_levels_and_running_totals_are_explained() -> None:
    rows = [
        ["HT-1", 1], ["HT-1", 2], ["小计", 3], ["HT-2", 4], ["小计", 4], ["甲部门合计", 7],
        ["HT-3", 5], ["小计", 5], ["HT-4", 6], ["小计", 6], ["乙部门合计", 11], ["累计", 18], ["总计", 18],
    ]  # fmt: skip
    assert all(agrees for _, _, agrees in totals(rows))
    assert len(totals(rows)) == 8


def test_subtotals_above_their_lines_are_compared_with_the_lines_below() -> None:
    assert totals([["总计", 10], ["甲小计", 3], ["HT-1", 1], ["HT-2", 2], ["乙小计", 7], ["HT-3", 7]]) == [
        (3, 10, True),
        (4, 3, True),
        (7, 7, True),
    ]


def test_one_cent_is_a_difference() -> None:
    assert totals([["HT-1", 1.1], ["HT-2", 2.2], ["合计", 3.31]]) == [(5, Decimal("3.30"), False)]


def test_a_total_that_agrees_only_without_hidden_rows_says_so() -> None:
    rows = [["单位：元"], ["合同编号", "预算"], ["HT-1", 1], ["HT-2", 2], ["合计", 1]]
    found = read(rows, hidden_rows={3})
    (wrong,) = found.disagreements
    assert "隐藏" in wrong.sentence and (wrong.stated, wrong.computed) == (1, 3)
    assert [line.hidden for line in found.lines] == [False, True]


# --- refusals -------------------------------------------------------------------------------------------------------------


def test_a_cell_that_is_no_amount_is_refused_with_its_place_and_words() -> None:
    with pytest.raises(AmountRefused, match=r"“预算”D3 的“待定”") as caught:
        read([["单位：元"], HEADER, ["HT-1", "甲", 5, "待定"]])
    assert isinstance(caught.value, PartnerBookError)
    with pytest.raises(AmountRefused, match="千位分隔符"):
        read([["单位：元"], HEADER, ["HT-1", "甲", "1,23", 4]])


def test_a_month_without_a_year_is_refused_and_asks_for_it() -> None:
    rows = [["单位：元"], ["合同编号", "月份", "预算"], ["HT-1", "3月", 5]]
    with pytest.raises(YearUnknown, match=r"B3的“3月”.*--year"):
        read(rows)
    assert read(rows, options=Options(year=2027)).lines[0].starts_on == date(2027, 3, 1)


def test_numbers_without_any_name_are_left_out_and_named() -> None:
    found = read([["单位：元"], HEADER, ["HT-1", "甲", 5, 4], [None, None, 5, 4]])
    assert found.total("budget") == 5
    assert any("第 4 行" in sentence for sentence in found.warnings)


# --- size -----------------------------------------------------------------------------------------------------------------

MANY = 100_000


def big_xlsx() -> tuple[bytes, int]:
    out, cents = io.BytesIO(), 0
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("明细")
    sheet.write_row(0, 0, ["2026年预算明细（元）"])
    sheet.write_row(1, 0, ["合同编号", "供应商", "科目", "月份", "预算", "实际"])
    for number in range(MANY):
        value = number * 7919 % 1_000_003
        cents += value
        sheet.write_row(
            number + 2,
            0,
            [f"HT-{number // 9}", f"公司{number % 70}", "材料费", f"{number % 12 + 1}月", value / 100, value / 100],
        )
    sheet.write_row(MANY + 2, 0, ["合计", "", "", "", cents / 100, cents / 100])
    book.close()
    return out.getvalue(), cents


def big_csv() -> tuple[bytes, int]:
    cents, rows = 0, ["2026年预算明细,单位：元", "合同编号,供应商,科目,月份,预算,实际"]
    for number in range(MANY):
        value = number * 7919 % 1_000_003
        cents += value
        rows.append(
            f'HT-{number // 9},公司{number % 70},材料费,{number % 12 + 1}月,"{value / 100:,.2f}",{value / 100:.2f}'
        )
    return "\n".join([*rows, f"合计,,,,{cents / 100:.2f},{cents / 100:.2f}"]).encode("gbk"), cents


@pytest.mark.parametrize("name, make", [("大表.xlsx", big_xlsx), ("大表.csv", big_csv)])
def test_a_hundred_thousand_lines_are_understood(name: str, make: Any) -> None:
    data, cents = make()
    begun = time.perf_counter()
    found = understand(name, data)
    print(f"{name}: {MANY} lines in {time.perf_counter() - begun:.1f} s")
    assert len(found.lines) == MANY
    assert found.total("budget") * 100 == cents
    assert [check.agrees for check in found.checks] == [True, True]
