"""The finance lines are the rows of 预算执行, all of them or none, with documented columns and exact sums."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.reports.finance_made import blank_line
from workbook.build import new_workbook
from workbook.evaluating import evaluated
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.reports.finance_columns import MEANINGS, STAYING, LevelTooLow
from workbook.reports.finance_lines import (
    DuplicateLine,
    FinanceLineUnreadable,
    LineWithoutKey,
    finance_columns,
    finance_lines,
    totals_of,
)
from workbook.sample import sample_rows
from workbook.schema import CONFIDENTIAL, INTERNAL, PUBLIC, SENSITIVE
from workbook.tables import Budgets, BudgetTotals

TODAY = date(2026, 10, 20)


@pytest.fixture(scope="module")
def sample() -> bytes:
    return evaluated(new_workbook(rows=sample_rows(1, TODAY), today=TODAY))


def book_of(*lines: dict[str, Any], **tables: list[dict[str, Any]]) -> Book:
    return Book.read(new_workbook(rows={"budgets": list(lines), **tables}, today=TODAY))


def line(number: int, **values: Any) -> dict[str, Any]:
    return {"budget_line": f"BU-{number:04d}", "budget": Decimal("100.00"), "actual": Decimal("40.00"), **values}


def test_every_column_of_the_declaration_is_pulled_or_stays_on_purpose() -> None:
    names = [column.name for column in finance_columns()]
    assert set(Budgets.columns) - set(names) == STAYING == {"source_line", "imported", "handler", "remark"}
    assert [name for name in names if name in Budgets.columns] == [n for n in Budgets.columns if n not in STAYING]
    assert names[0] == "budget_line"
    assert (
        names[names.index("contract") + 1] == "contract_title" and names[names.index("partner") + 1] == "partner_name"
    )


def test_every_column_has_one_sentence_in_each_language() -> None:
    for column in finance_columns():
        declared = Budgets.columns.get(column.name)
        assert column.name in MEANINGS or (declared and declared.note), f"{column.name} has no meaning"
        assert column.meaning.zh.endswith("。") and column.meaning.en.endswith("."), column.name
    assert len({column.label.zh for column in finance_columns()}) == len(finance_columns())
    assert len({column.label.en for column in finance_columns()}) == len(finance_columns())


def test_kinds_follow_what_the_columns_are() -> None:
    kinds = {column.name: column.kind for column in finance_columns()}
    assert {name for name, kind in kinds.items() if kind == "money"} == {
        "budget", "actual", "difference", "committed", "available", "saved", "undelivered", "planned_value", "earned_value", "eac",
        "budget_original", "actual_original",
    }  # fmt: skip
    assert {kinds[name] for name in ("rate", "cpi", "spi", "progress", "tax_rate", "fx_rate", "mark")} == {"number"}
    assert {kinds[name] for name in ("verified", "verdict", "tax", "currency", "source_state")} == {"choice"}
    assert {kinds[name] for name in ("starts_on", "ends_on", "fx_on", "imported_on")} == {"date"}


@pytest.mark.parametrize("ceiling", [PUBLIC, INTERNAL])
def test_a_level_below_the_amounts_gives_no_columns_at_all(ceiling: Any) -> None:
    with pytest.raises(LevelTooLow, match=f"{ceiling.value.zh}.*取不到"):
        finance_columns(ceiling)
    assert finance_columns(SENSITIVE) == finance_columns(CONFIDENTIAL)


def test_a_line_holds_what_its_row_holds_and_what_follows_from_it() -> None:
    book = book_of(
        line(1, partner="P-0001", contract="K-0001", budget=Decimal("300.00"), actual=Decimal("100.00"), committed=Decimal("50.01"),
             starts_on=date(2026, 1, 1), verified="yes", handler="内部经手", remark="内部备注"),
        partners=[{"partner": "P-0001", "legal_name": "晨曦软件有限公司"}], contracts=[{"contract": "K-0001", "title": "运维合同"}],
    )  # fmt: skip
    (found,) = finance_lines(book)
    assert found["partner_name"] == "晨曦软件有限公司" and found["contract_title"] == "运维合同"
    assert (found["difference"], found["rate"], found["available"]) == (
        Decimal("200.00"),
        Decimal("33.3333"),
        Decimal("149.99"),
    )
    assert (found["starts_on"], found["verified"], found["currency"]) == (date(2026, 1, 1), "yes", "CNY")
    assert set(found) == {column.name for column in finance_columns(CONFIDENTIAL)}
    assert "内部经手" not in found.values() and "内部备注" not in found.values()


def test_a_rate_is_rounded_half_up_once() -> None:
    (found,) = finance_lines(book_of(line(1, budget=Decimal("160.00"), actual=Decimal("0.01"))))
    assert found["rate"] == Decimal("0.0063")  # 0.00625: half to even would give 0.0062


@pytest.mark.parametrize(
    ("values", "rate"),
    [({"budget": Decimal(0)}, None), ({"budget": None}, None), ({"actual": None}, None), ({"actual": Decimal(-20)}, Decimal("-20.0000"))],
)  # fmt: skip
def test_without_a_budget_or_an_actual_there_is_no_rate(values: dict[str, Any], rate: Decimal | None) -> None:
    (found,) = finance_lines(book_of(line(1, **values)))
    assert found["rate"] == rate


def test_lines_come_in_the_order_of_their_numbers_wherever_they_stand() -> None:
    book = book_of(line(10), line(2), line(10_000), line(9))
    assert [one["budget_line"] for one in finance_lines(book)] == ["BU-0002", "BU-0009", "BU-0010", "BU-10000"]


def _edited(change: Callable[[dict[int, dict[str, Any]], list[int]], None]) -> Book:
    """Three lines, some cells of which staff changed; rows of the sheet are 6 to 8."""
    book = book_of(line(1), line(2), line(3))
    rows = [row.number for row in book.rows(Budgets.name)]
    cells: dict[int, dict[str, Any]] = {}
    change(cells, rows)
    book.update_rows(Budgets.name, Budgets.budget_line.zh, cells)
    return Book.read(book.to_bytes())


def test_an_unreadable_amount_refuses_all_lines_and_names_the_cells() -> None:
    def change(cells: dict[int, dict[str, Any]], rows: list[int]) -> None:
        cells[rows[1]] = {"实际发生": "约三万"}
        cells[rows[2]] = {"约定预算": "1.234"}

    with pytest.raises(FinanceLineUnreadable) as refused:
        finance_lines(_edited(change))
    assert refused.value.cells == ((7, "实际发生"), (8, "约定预算"))
    assert "预算执行" in str(refused.value) and "第 7 行“实际发生”" in str(refused.value)


def test_a_copied_row_refuses_all_lines_and_names_both() -> None:
    with pytest.raises(DuplicateLine, match="BU-0001 出现在第 6、8 行") as refused:
        finance_lines(_edited(lambda cells, rows: cells.update({rows[2]: {"预算编号": "BU-0001"}})))
    assert refused.value.rows == (6, 8)


def test_a_row_without_a_number_asks_for_an_evaluation() -> None:
    with pytest.raises(LineWithoutKey, match="第 7 行.*partnerbook evaluate") as refused:
        finance_lines(_edited(lambda cells, rows: cells.update({rows[1]: {"预算编号": None}})))
    assert refused.value.rows == (7,)


@pytest.mark.parametrize("word", ["合计", "未匹配"])
def test_a_partner_key_never_hides_a_sum(word: str) -> None:
    with pytest.raises(FinanceLineUnreadable, match=f"第 6 行“伙伴编号”：“{word}”不是伙伴编号"):
        finance_lines(book_of(line(1, partner=word)))


def test_sums_are_exact_and_by_partner() -> None:
    lines = [
        blank_line(partner="P-0010", budget=Decimal("0.10"), actual=Decimal("0.20")),
        blank_line(partner="P-0002", budget=Decimal("0.20"), actual=None, saved=Decimal("1.00")),
        blank_line(partner=None, budget=Decimal("-5.00"), committed=Decimal("7.77")),
        blank_line(partner="P-0010", budget=Decimal("999999999999.99"), undelivered=Decimal("0.01")),
    ]
    found = totals_of(lines)
    assert list(found) == ["P-0002", "P-0010", "未匹配", "合计"]
    assert (found["P-0010"].lines, found["P-0010"].budget) == (2, Decimal("1000000000000.09"))
    assert found["未匹配"].budget == Decimal("-5.00") and found["未匹配"].committed == Decimal("7.77")
    whole = found["合计"]
    assert (whole.lines, whole.budget, whole.actual, whole.saved, whole.undelivered) == (
        4, Decimal("999999999995.29"), Decimal("0.20"), Decimal("1.00"), Decimal("0.01"),
    )  # fmt: skip
    assert totals_of([])["合计"].lines == 0 and totals_of([])["合计"].rate is None


def test_the_worked_example_of_earned_value_comes_out() -> None:
    """PV 300, EV 200, AC 250, BAC 500: CPI 0.8, SPI 0.6667, EAC 625; a line without progress or with a refund changes none."""
    lines = [
        blank_line(budget=Decimal(500), actual=Decimal(250), planned_value=Decimal(300), earned_value=Decimal(200)),
        blank_line(budget=Decimal(900), actual=Decimal(800), planned_value=Decimal(900)),
        blank_line(budget=Decimal(900), actual=Decimal(-5), planned_value=Decimal(900), earned_value=Decimal(900)),
        blank_line(budget=Decimal(900), planned_value=Decimal(900), earned_value=Decimal(900)),
    ]
    whole = totals_of(lines)["合计"]
    assert (whole.cpi, whole.spi, whole.eac) == (Decimal("0.8000"), Decimal("0.6667"), Decimal("625.00"))
    assert whole.available == Decimal("3200.00") - Decimal("1045.00")


def test_the_sums_are_those_of_the_sheet_of_totals(sample: bytes) -> None:
    book = Book.read(sample)
    found = totals_of(finance_lines(book))
    kept = {record.key: record for record in read_records(book, BudgetTotals)}
    assert set(found) == set(kept) and len(found) > 5
    for key, one in found.items():
        for name in (
            "budget",
            "actual",
            "committed",
            "planned_value",
            "earned_value",
            "saved",
            "undelivered",
            "cpi",
            "spi",
            "eac",
            "rate",
        ):
            assert getattr(one, name) == kept[key][name], (key, name)
        assert one.lines == kept[key]["lines"]


def test_the_sums_are_those_of_the_rows_of_the_book(sample: bytes) -> None:
    rows = read_records(Book.read(sample), Budgets)
    whole = totals_of(finance_lines(Book.read(sample)))["合计"]
    assert whole.lines == len(rows) > 20
    for name in ("budget", "actual", "saved", "undelivered"):
        assert getattr(whole, name) == sum((Fraction(row[name]) for row in rows if row[name] is not None), Fraction(0))
