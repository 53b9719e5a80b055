"""What evaluating a book promises: rows by key, people's columns untouched, nothing written that is equal."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.selection_books import NOW, Rows, evaluated, selection_rows
from workbook.defaults import indicator_rows
from workbook.errors import MissingColumn, MissingTable
from workbook.evaluating import as_data, as_lines, evaluate_book, evaluate_file
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import run_checks
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


def test_a_copy_of_a_recusal_does_not_bring_the_reviewer_back() -> None:
    # As above: R-0004 alone gives C-0001 fives. His recusal stands twice with one key, then beside a later "no".
    rows = selection_rows(mark=lambda firm, person, _indicator: 5 if (firm, person) == (1, 4) else 3)
    declared = next(d for d in rows["declarations"] if (d["candidate"], d["reviewer"]) == ("C-0001", "R-0004"))
    declared.update(conflict="yes", reason="亲属任职")
    rows["declarations"].append(dict(declared))
    assert results(evaluated(rows)[0])["V-0001/C-0001"]["score"] == Decimal(60)
    rows["declarations"][-1].update(declaration="D-0099", conflict="no", reason=None)
    assert results(evaluated(rows)[0])["V-0001/C-0001"]["score"] == Decimal(60)


def test_a_fact_of_one_candidate_touches_no_other_row() -> None:
    # 30 and 31 people lie in one band, so nothing else changes: only C-0002 rests on another number now.
    book, _ = evaluated(selection_rows())
    before = results(book)
    book.update("candidates", "候选编号", {"C-0002": {"研发团队人数": 31}})
    evaluate_book(book, NOW + timedelta(hours=1))
    after = results(book)
    assert after["V-0001/C-0001"] == before["V-0001/C-0001"]
    assert after["V-0001/C-0002"]["fingerprint"] != before["V-0001/C-0002"]["fingerprint"]


def test_a_licence_that_ends_after_the_panel_is_final_changes_no_result() -> None:
    rows = selection_rows()
    rows["candidates"][0]["licence_until"] = NOW.date() + timedelta(days=30)
    later = NOW + timedelta(days=60)
    book, _ = evaluated(rows)
    book.update("panels", "评审会编号", {"V-0001": {"状态": "已定稿"}})
    final = Book.read(book.to_bytes())
    evaluate_book(final, later)  # by then other things are due, and become to-dos
    assert results(final) == results(book)
    assert not [f for f in run_checks(final, later.date()) if f.rule in ("S7-failed", "S14-result")]
    # Not final: judged on the day.
    evaluate_book(book, NOW)
    book.update("panels", "评审会编号", {"V-0001": {"状态": "评分截止"}})
    evaluate_book(book, later)
    assert results(book)["V-0001/C-0001"]["state"] == "disqualified"


def test_a_reason_longer_than_its_column_is_cut_and_not_refused() -> None:
    # Forty reviewers give all 28 marks twice: 1,120 notes of some forty characters are more than a cell holds.
    rows = selection_rows(candidates=1, reviewers=40)
    rows["marks"] += [{**mark, "mark_key": f"M-{n}"} for n, mark in enumerate(rows["marks"], start=5001)]
    book, _ = evaluated(rows)
    reason = str(results(book)["V-0001/C-0001"]["reason"])
    assert len(reason) == 500 and reason.startswith("维度“行业匹配度”没有任何评分") and reason.endswith("…")
    assert not evaluate_book(Book.read(book.to_bytes()), NOW + timedelta(hours=1)).changed


def test_a_dimension_that_results_have_no_column_for_is_refused() -> None:
    # The formula beside the score adds up the eight dimensions that have a column: it would leave this one out.
    rows = selection_rows()
    rows["indicators"] = indicator_rows("zh-CN")
    for row in rows["indicators"]:
        for name in ("indicator", "parent"):
            if row.get(name):
                row[name] = row[name].replace("v1-S9", "v1-S10")
    book, found = evaluated(rows)
    assert "v1-S10" in found.refused["V-0001"] and results(book) == {}


def test_the_whole_tree_is_counted() -> None:
    # S2 to S9 by hand from the policy: 3 + 5 + 4 + 4 + 3 + 1 + 2 + 9 = 31 indicators; 营业执照, 经营范围, 准入许可.
    _, found = evaluated(selection_rows())
    (panel,) = as_data(found)
    assert panel["tree"] == {"dimensions": 8, "indicators": 31, "gates": 3}
    assert len(panel["candidates"][0]["contributions"]) == 31
    assert "8 个维度、31 项指标、3 道门槛" in as_lines(found)[0]


def test_weights_of_a_third_each_are_legal_when_they_sum_to_a_hundred() -> None:
    # 33.3 + 33.3 + 33.4 = 100, which binary floats do not say. 5, 4 and 3 in 行业匹配度 of 25, the rest 3 (60):
    # (2 · 33.3 + 1 · 33.3) ÷ 100 = 0.999 more of 25 %: 60 + 0.999 · 0.25 · 20 = 64.995, rounded half up 65.00.
    rows = selection_rows(mark=lambda _c, _r, key: {"v1-S2.1": 5, "v1-S2.2": 4}.get(key, 3))
    rows["indicators"] = indicator_rows("zh-CN")
    for row in rows["indicators"]:
        if row.get("parent") == "v1-S2":
            row["weight"] = Decimal("33.4") if row["indicator"] == "v1-S2.3" else Decimal("33.3")
    assert results(evaluated(rows)[0])["V-0001/C-0001"]["score"] == Decimal("65.00")
    rows["indicators"][1]["weight"] = Decimal("33.4")
    assert "100.1" in evaluated(rows)[1].refused["V-0001"]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("marks", "分数"), ("marks", "候选编号"), ("panels", "状态"), ("panels", "规则版本"), ("indicators", "权重"),
        ("bands", "下限"), ("declarations", "利益冲突"), ("candidates", "执照截止日"), ("candidates", "专利数量"),
        ("partners", "状态"), ("settings", "值"),
    ],
)  # fmt: skip
def test_a_column_that_scores_rest_on_is_missed_by_name_and_no_result_is_lost(
    table: str, column: str, tmp_path: Path
) -> None:
    # Somebody writes another header over it: its cells would count as blank, and all results would be emptied.
    path = tmp_path / "book.xlsx"
    path.write_bytes(evaluated(selection_rows())[0].to_bytes())
    opened = openpyxl.load_workbook(path)
    (sheet,) = (sheet for sheet in opened if table in sheet.tables)
    (head,) = (cell for row in sheet.iter_rows(max_row=8) for cell in row if cell.value == column)
    head.value = "改过的列名"
    next(c for c in sheet.tables[table].tableColumns if c.name == column).name = "改过的列名"
    opened.save(path)
    before = path.read_bytes()
    with pytest.raises(MissingColumn, match=column):
        evaluate_file(path, today=NOW.date())
    assert path.read_bytes() == before


@pytest.mark.parametrize("table", ["declarations", "partners"])
def test_without_the_tables_of_recusals_or_of_the_blacklist_nothing_is_scored(table: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(evaluated(selection_rows())[0].to_bytes())
    opened = openpyxl.load_workbook(path)
    for sheet in opened:
        sheet.tables.pop(table, None)
    opened.save(path)
    with pytest.raises(MissingTable, match=table):
        evaluate_file(path, today=NOW.date())


def test_a_final_panel_keeps_its_results_when_a_mark_is_edited_and_says_whose() -> None:
    rows = selection_rows()
    rows["panels"][0]["status"] = "done"
    book, _ = evaluated(rows)
    before = results(book)
    first = book.rows("marks")[0].values
    book.update("marks", "评分编号", {first["评分编号"]: {"分数": 1}})
    found = evaluate_book(book, NOW)
    assert results(book) == before
    assert f"{first['候选编号']} 的评分、声明、资料或名单之后被改动" in found.refused["V-0001"]
    book.update("panels", "评审会编号", {"V-0001": {"状态": "评分截止"}})
    evaluate_book(book, NOW)
    assert results(book)[f"V-0001/{first['候选编号']}"]["score"] < before[f"V-0001/{first['候选编号']}"]["score"]


def test_a_candidate_who_withdrew_is_not_ranked() -> None:
    rows = selection_rows()
    rows["candidates"][0]["status"] = "withdrawn"
    row = results(evaluated(rows)[0])["V-0001/C-0001"]
    assert (row["state"], row.get("rank")) == ("blocked", None) and "已撤回" in row["reason"]
