"""What evaluating a book promises: rows by key, people's columns untouched, nothing written that is equal."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.selection_books import NOW, Rows, evaluated, selection_rows
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.tables import Contributions, Marks, Results


def results(book: Book) -> dict[str, dict[str, object]]:
    return {record.key: dict(record.values) for record in read_records(book, Results)}


def test_a_mark_typed_without_key_gets_one_and_is_labelled_as_typed() -> None:
    rows = selection_rows()
    for column in ("mark_key", "source"):
        rows["marks"][7].pop(column)
    book, _ = evaluated(rows)
    typed = read_records(book, Marks)[7]
    assert (typed.key, typed["source"], typed["mark"]) == ("M-0225", "typed", 3)


def test_a_mark_that_came_by_a_link_is_never_relabelled() -> None:
    rows = selection_rows()
    rows["marks"][0].update(source=None, submission_id="00000000-0000-4000-8000-000000000009")
    book, _ = evaluated(rows)
    assert read_records(book, Marks)[0]["source"] is None


def test_results_are_written_by_key_beside_what_people_wrote() -> None:
    book, _ = evaluated(selection_rows())
    book.update("results", "结果编号", {"V-0001/C-0002": {"评审意见": "价格最优"}})
    book.update("marks", "评分编号", {"M-0113": {"分数": 5}})  # the first mark for C-0002
    evaluate_book(book, NOW)
    after = results(book)
    assert after["V-0001/C-0002"]["remark"] == "价格最优"
    # all 3 gives 60; one of four reviewers a 5 in 业务领域 (40 % of 25 %): +0.5 · 0.1 · 20 = 1.00
    assert (after["V-0001/C-0001"]["score"], after["V-0001/C-0002"]["score"]) == (Decimal(60), Decimal(61))
    assert [after[f"V-0001/C-000{n}"]["rank"] for n in (1, 2)] == [2, 1]


def test_only_what_changed_gets_a_new_time() -> None:
    book, _ = evaluated(selection_rows())
    book.update("marks", "评分编号", {"M-0113": {"分数": 5}})
    evaluate_book(book, NOW + timedelta(hours=1))
    after = results(book)
    assert after["V-0001/C-0002"]["evaluated_at"] == NOW + timedelta(hours=1)
    assert after["V-0001/C-0001"]["evaluated_at"] == NOW + timedelta(hours=1)  # its rank changed


def test_a_candidate_that_leaves_the_panel_keeps_row_and_remark_but_no_numbers() -> None:
    book, _ = evaluated(selection_rows())
    book.update("results", "结果编号", {"V-0001/C-0002": {"评审意见": "下次再邀请"}})
    book.update("panels", "评审会编号", {"V-0001": {"候选": "C-0001"}})
    evaluate_book(book, NOW)
    gone = results(book)["V-0001/C-0002"]
    assert gone["remark"] == "下次再邀请" and gone["reason"] == "不再参加本次评审会"
    assert [gone.get(name) for name in ("score", "rank", "grade", "fit", "order")] == [None] * 5
    parts = [p for p in read_records(book, Contributions) if p["result"] == "V-0001/C-0002"]
    assert parts and all(p["state"] == "已停用" and p["points"] is None for p in parts)
    again = Book.read(book.to_bytes())
    assert not evaluate_book(again, datetime(2026, 11, 23, 20, 0)).changed


def test_a_final_panel_keeps_its_results_when_the_rules_change_afterwards() -> None:
    rows = selection_rows()
    rows["panels"][0]["status"] = "done"
    book, _ = evaluated(rows)
    before = results(book)
    book.update("indicators", "指标编号", {"v1-S2": {"权重": 30}, "v1-S9": {"权重": 10}})
    found = evaluate_book(book, NOW)
    assert "已定稿" in found.refused["V-0001"]
    assert results(book) == before
    book.update("panels", "评审会编号", {"V-0001": {"状态": "评分截止"}})
    assert not evaluate_book(book, NOW).refused


@pytest.mark.parametrize("status", ["preparing"])
def test_a_panel_in_preparation_has_no_results(status: str) -> None:
    rows: Rows = selection_rows()
    rows["panels"][0]["status"] = status
    book, found = evaluated(rows)
    assert found.scored == [] and results(book) == {}


def test_too_few_reviewers_are_a_setting_that_staff_change() -> None:
    few = selection_rows(reviewers=2)
    book, _ = evaluated(few)
    assert {row["state"] for row in results(book).values()} == {"blocked"}
    book, _ = evaluated(few, settings={"最少评审人数": "2"})
    assert {row["state"] for row in results(book).values()} == {"ranked"}


def test_a_tie_is_broken_by_the_dimension_that_staff_name() -> None:
    # C-0001 has 5 in 合规 and 1 in 过往记录 (10 % each), C-0002 the other way round: an exact tie at 60.
    def mark(firm: int, _person: int, indicator: str) -> int:
        high, low = ("S7", "S8") if firm == 1 else ("S8", "S7")
        return 5 if high in indicator else 1 if low in indicator else 3

    rows = selection_rows(mark=mark)
    plain = results(evaluated(rows)[0])
    assert [plain[f"V-0001/C-000{n}"]["rank"] for n in (1, 2)] == [1, 1]
    broken = results(evaluated(rows, settings={"同分先比": "S8"})[0])
    assert [broken[f"V-0001/C-000{n}"]["rank"] for n in (1, 2)] == [2, 1]
    assert {row["score"] for row in broken.values()} == {Decimal(60)}


def test_the_marks_of_a_recused_reviewer_do_not_count() -> None:
    # R-0004 gives C-0001 fives everywhere, the others threes: without him all threes give 60.
    rows = selection_rows(mark=lambda firm, person, _indicator: 5 if (firm, person) == (1, 4) else 3)
    with_him = results(evaluated(rows)[0])["V-0001/C-0001"]
    assert with_him["score"] != Decimal(60) and with_him["reviewers"] == 4
    declared = next(d for d in rows["declarations"] if (d["candidate"], d["reviewer"]) == ("C-0001", "R-0004"))
    declared.update(conflict="yes", reason="亲属任职")
    without = results(evaluated(rows)[0])["V-0001/C-0001"]
    assert (without["score"], without["reviewers"]) == (Decimal(60), 3)


def test_neither_of_two_rows_with_one_key_counts() -> None:
    # Four reviewers give 业务领域 5, 3, 3, 3. The row of the 5 stands twice: three threes are left, which is 60 again.
    rows = selection_rows()
    rows["marks"][0]["mark"] = 5
    assert results(evaluated(rows)[0])["V-0001/C-0001"]["score"] == Decimal(61)
    rows["marks"].append(dict(rows["marks"][0]))
    assert results(evaluated(rows)[0])["V-0001/C-0001"]["score"] == Decimal(60)
    rows["marks"].pop()
    rows["candidates"].append(dict(rows["candidates"][0]))
    copied = results(evaluated(rows)[0])["V-0001/C-0001"]
    assert copied["state"] == "blocked" and "候选编号 C-0001 重复" in str(copied["reason"])
