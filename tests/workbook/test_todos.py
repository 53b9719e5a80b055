"""待办与提醒: one to-do per rule and row, people's words stay, what is settled closes, and nothing is written twice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

import workbook.todos as todos
from tests.selection_books import TODAY, Rows, built, selection_rows
from tests.workbook.test_upgrade import old_book
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rules.finding import run_checks
from workbook.tables import Candidates, Onboarding, Todo
from workbook.todos import keep_todos

SCOPE, FITS = Candidates.scope_checked.zh, Candidates.scope_checked.options["fits"].zh


def some(**candidate: Any) -> Rows:
    """A panel without marks, and something amiss with its first candidate."""
    rows = selection_rows(mark=lambda candidate, reviewer, indicator: None)
    rows["panels"][0]["status"] = "preparing"
    rows["candidates"][0].update(candidate)
    return rows


def kept(book: Book, today: date = TODAY) -> Book:
    assert keep_todos(book, today) == ""
    return Book.read(book.to_bytes())


def list_of(book: Book) -> list[Record]:
    return read_records(book, Todo)


def one(book: Book) -> Record:
    (record,) = list_of(book)
    return record


def test_findings_of_one_rule_in_one_row_are_one_to_do_in_words() -> None:
    book = kept(built(some(scope_checked=None, permits_checked=None, handler="孙岚")))
    assert len([f for f in run_checks(book, TODAY) if f.rule == "S7-unchecked"]) == 2
    todo = one(book)
    assert (todo["todo"], todo["subject"], todo["page"], todo["chapter_name"]) == (
        "T-0001",
        "C-0001",
        "candidates",
        "甄选",
    )
    assert "经营范围未核对" in todo["matter"] and "共 2 处" in todo["matter"]
    assert (todo["due"], todo["responsible"], todo["state"]) == (TODAY + timedelta(days=3), "孙岚", "open")
    assert todo["rule"] == "合规门槛逐项核对" and "S7" not in todo.text("matter")


def test_what_is_equal_is_not_written_and_the_day_stays() -> None:
    book = kept(built(some(scope_checked=None)))
    before = book.to_bytes()
    again = Book.read(before)
    assert keep_todos(again, TODAY + timedelta(days=2)) == ""
    assert not again.touched and again.to_bytes() == before


def test_what_people_wrote_in_a_to_do_stays() -> None:
    book = kept(built(some(scope_checked=None, handler="孙岚")))
    book.update("todo", "待办编号", {"T-0001": {"责任人": "周敏", "状态": "不再需要", "备注": "已电话核实"}})
    book.update("candidates", "候选编号", {"C-0001": {Candidates.permits_checked.zh: None}})
    todo = one(kept(book))
    assert (todo["responsible"], todo["state"], todo["remark"]) == ("周敏", "dropped", "已电话核实")


def test_a_blank_owner_is_filled_from_the_row_once_it_has_one() -> None:
    book = kept(built(some(scope_checked=None)))
    assert one(book)["responsible"] is None
    book.update("candidates", "候选编号", {"C-0001": {"负责人": "孙岚"}})
    assert one(kept(book))["responsible"] == "孙岚"


def settle(book: Book) -> None:
    book.update("candidates", "候选编号", {"C-0001": {SCOPE: FITS}})


@pytest.mark.parametrize(("typed", "after"), [(None, "done"), ("不再需要", "dropped"), ("已完成", "done")])
def test_a_settled_matter_closes_its_to_do_unless_people_did(typed: str | None, after: str) -> None:
    book = kept(built(some(scope_checked=None)))
    if typed:
        book.update("todo", "待办编号", {"T-0001": {"状态": typed}})
    settle(book)
    book = kept(book)
    assert one(book)["state"] == after
    again = Book.read(book.to_bytes())
    assert keep_todos(again, TODAY) == "" and not again.touched


def test_a_matter_that_comes_back_is_a_new_to_do() -> None:
    book = kept(built(some(scope_checked=None)))
    settle(book)
    book = kept(book)
    book.update("candidates", "候选编号", {"C-0001": {SCOPE: None}})
    assert [(row.key, row["state"]) for row in list_of(kept(book))] == [("T-0001", "done"), ("T-0002", "open")]


def test_the_to_dos_of_people_and_of_deliveries_are_never_touched() -> None:
    rows = some()
    rows["todo"] = [
        {"todo": "T-0007", "matter": "核实新的候选提交", "subject": "C-0001", "state": "open", "due": TODAY}
    ]
    book = built(rows)
    assert keep_todos(book, TODAY) == "" and not book.touched
    book.update("candidates", "候选编号", {"C-0001": {SCOPE: None}})
    first, second = list_of(kept(book))
    assert (first["state"], first["cause"], second.key) == ("open", None, "T-0008")


def test_deadlines_are_told_before_their_day() -> None:
    rows = some(licence_until=TODAY + timedelta(days=20))
    rows["panels"][0].update(status="scoring", deadline=TODAY + timedelta(days=5), handler="王珂")
    rows["partners"] = [{"partner": "P-0001", "legal_name": "某公司", "status": "active", "manager": "李明哲"}]
    rows["contracts"] = [{"contract": "K-0001", "partner": "P-0001", "status": "ended"}]
    rows["onboarding"] = [
        {"item": f"W-{n:04d}", "contract": "K-0001", "partner": "P-0001", "subject": "culture", "status": "open", "due": TODAY + timedelta(days=days)}
        for n, days in enumerate((0, 7, 8), start=1)
    ]  # fmt: skip
    found = {row["subject"]: row for row in list_of(kept(built(rows)))}
    rows_of_their_own = {key for key in found if "/" not in key}  # the results were never calculated: that is told too
    assert rows_of_their_own == {"C-0001", "V-0001", "W-0001", "W-0002"}
    assert found["C-0001"]["due"] == TODAY + timedelta(days=20) and "营业执照将于" in found["C-0001"]["matter"]
    assert (found["V-0001"]["due"], found["V-0001"]["responsible"]) == (TODAY + timedelta(days=5), "王珂")
    assert found["W-0002"]["responsible"] == "李明哲"  # the item has none: the partner's manager


def test_a_deadline_that_passes_stays_one_to_do() -> None:
    rows = some()
    rows["partners"] = [{"partner": "P-0001", "legal_name": "某公司", "status": "active"}]
    rows["contracts"] = [{"contract": "K-0001", "partner": "P-0001", "status": "ended"}]
    rows["onboarding"] = [
        {"item": "W-0001", "contract": "K-0001", "subject": "culture", "status": "open", "due": TODAY}
    ]
    book = kept(built(rows))
    book.update("todo", "待办编号", {"T-0001": {"备注": "下周"}})
    todo = one(kept(book, TODAY + timedelta(days=1)))
    assert "逾期" in todo["matter"] and (todo["remark"], todo["due"], todo["state"]) == ("下周", TODAY, "open")


def test_a_long_list_ends_with_how_many_more_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(todos, "LIMIT", 5)
    rows = some()
    rows["partners"] = [{"partner": "P-0001", "legal_name": "某公司", "status": "active"}]
    rows["contracts"] = [{"contract": "K-0001", "partner": "P-0001", "status": "ended"}]
    rows["onboarding"] = [
        {"item": f"W-{n:04d}", "contract": "K-0001", "subject": "culture", "status": "open", "due": TODAY - timedelta(days=n)}
        for n in range(1, 8)
    ]  # fmt: skip
    book = kept(built(rows))
    found = list_of(book)
    assert [row["subject"] for row in found] == ["W-0007", "W-0006", "W-0005", "W-0004", None]  # the latest first
    assert "还有 3 项" in found[-1].text("matter")
    again = Book.read(book.to_bytes())
    assert keep_todos(again, TODAY) == "" and not again.touched
    book.update("onboarding", Onboarding.key().zh, {f"W-{n:04d}": {"状态": "不再需要"} for n in (1, 2, 3)})
    assert [row["state"] for row in list_of(kept(book))] == ["open"] * 4 + ["done"]


def test_findings_do_not_depend_on_to_dos_and_to_dos_make_none() -> None:
    book = built(some(scope_checked=None))
    before = run_checks(book, TODAY)
    book = kept(book)
    assert run_checks(book, TODAY) == before
    book.append("todo", [{"待办编号": "T-0001", "事项": "抄来的一行"}])
    assert [f.sheet for f in run_checks(book, TODAY) if f not in before] == ["待办与提醒"]
    again = Book.read(book.to_bytes())
    assert keep_todos(again, TODAY) == "" and not again.touched


def test_a_book_without_the_column_goes_without_and_says_why() -> None:
    book = Book.read(old_book(columns={Todo: ("cause",)}))
    why = keep_todos(book, TODAY)
    assert "没有更新“待办与提醒”" in why and "来由" in why and not book.touched
