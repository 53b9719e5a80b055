"""States: what may not follow is refused by command and found in the sheet, what may follow is logged with who and when."""

from __future__ import annotations

import functools
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.selection_books import NOW, TODAY, Rows, evaluated, selection_rows
from workbook.cli import main
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import Finding, Situation, run_checks
from workbook.rules.states import MACHINES, Machine, logged_states
from workbook.tables import Changes

LATER = datetime(2026, 11, 24, 9, 0)
# A state that is typed over another: table, key, from, to. Those in the first list may follow, those in the second may not.
MAY = (
    ("requirements", "Q-0001", "起草", "内部评审"),
    ("candidates", "C-0001", "评分与评审会", "退回补正"),
    ("panels", "V-0001", "评分截止", "评分中"),
    ("contracts", "K-0001", "谈判中", "法务审查"),
    ("partners", "P-0001", "合作中", "暂停"),
    ("meetings", "ME-0001", "待召开", "已召开"),
    ("issues", "I-0001", "待响应", "处理中"),
    ("campaigns", "SV-0001", "准备中", "进行中"),
    ("disputes", "DI-0001", "对接人协商", "主管协商"),
    ("incidents", "E-0001", "已报告", "初步评估"),
    ("drills", "DR-0001", "待演练", "演练中"),
)
MAY_NOT = (
    ("S10-step", "requirements", "Q-0001", "起草", "已发布"),
    ("S13-step", "candidates", "C-0002", "已收到", "推荐"),
    ("S14-step", "panels", "V-0002", "准备中", "已定稿"),
    ("S17-step", "contracts", "K-0001", "谈判中", "已签"),
    ("S38-step", "partners", "P-0002", "黑名单", "合作中"),
    ("S20-step", "meetings", "ME-0001", "待召开", "纪要已确认"),
    ("S24-step", "issues", "I-0001", "待响应", "已关闭"),
    ("S27-step", "campaigns", "SV-0001", "准备中", "已截止"),
    ("S44-step", "disputes", "DI-0001", "对接人协商", "仲裁或诉讼"),
    ("S45-step", "incidents", "E-0001", "已报告", "已关闭"),
    ("S49-step", "drills", "DR-0001", "待演练", "已完成"),
)


def rows() -> Rows:
    """A whole selection, with a row of every table that goes through states."""
    found = selection_rows()
    found["candidates"][1]["status"] = "received"
    found["panels"].append(
        {
            "panel": "V-0002",
            "title": "下一场",
            "status": "preparing",
            "rule_version": "v1",
            "candidates": "C-0002",
            "reviewers": "R-0001",
        }
    )
    found["requirements"] = [{"requirement": "Q-0001", "title": "包装材料", "revision": 1, "status": "draft"}]
    found["contracts"] = [{"contract": "K-0001", "title": "协议", "candidate": "C-0001", "status": "negotiating"}]
    found["partners"] = [
        {"partner": "P-0001", "legal_name": "甲", "status": "active"},
        {"partner": "P-0002", "legal_name": "乙", "status": "barred"},
    ]
    found["meetings"] = [
        {"meeting": "ME-0001", "partner": "P-0001", "planned_on": date(2026, 12, 1), "status": "planned"}
    ]
    found["issues"] = [
        {"issue": "I-0001", "partner": "P-0001", "severity": "ordinary", "reported_at": NOW, "title": "标签错"}
    ]
    found["campaigns"] = [{"campaign": "SV-0001", "title": "年度", "occasion": "yearly", "status": "planned"}]
    found["disputes"] = [{"dispute": "DI-0001", "partner": "P-0001", "title": "运费", "raised_on": TODAY}]
    found["incidents"] = [{"incident": "E-0001", "partner": "P-0001", "company": "甲", "severity": "major"}]
    found["drills"] = [{"drill": "DR-0001", "partner": "P-0001", "title": "断供", "planned_on": date(2026, 12, 1)}]
    return found


@functools.cache
def built() -> bytes:
    return evaluated(rows())[0].to_bytes()


def whole() -> Book:
    """The book of these rows after its first evaluation."""
    return Book.read(built())


def machine(table: str) -> Machine:
    return next(one for one in MACHINES if one.table.name == table)


def typed(book: Book, table: str, key: str, word: str) -> None:
    book.update(table, machine(table).table.key().zh, {key: {machine(table).choice.zh: word}})


def steps(found: Sequence[Finding]) -> list[Finding]:
    return [one for one in found if one.rule.endswith("-step")]


def log(book: Book, key: str) -> list[Mapping[str, Any]]:
    return [row.values for row in read_records(book, Changes) if row["row_key"] == key]


@pytest.mark.parametrize(("table", "key", "before", "after"), MAY)
def test_a_typed_state_that_may_follow_is_logged_with_when_and_from_what(
    table: str, key: str, before: str, after: str
) -> None:
    book = whole()
    typed(book, table, key, after)
    assert not steps(run_checks(book, TODAY))
    evaluate_book(book, LATER)
    first, second = log(book, key)
    assert (first["after"], first["what"], first["at"]) == (before, "首次记录的状态", NOW)
    assert (second["before"], second["after"], second["at"]) == (before, after, LATER)
    assert second["what"].startswith("在工作簿里改的")


@pytest.mark.parametrize(("rule", "table", "key", "before", "after"), MAY_NOT)
def test_a_typed_state_that_may_not_follow_is_found_and_never_logged_until_it_is_set_right(
    rule: str, table: str, key: str, before: str, after: str
) -> None:
    book = whole()
    assert not steps(run_checks(book, TODAY))
    typed(book, table, key, after)
    for _ in range(2):  # an evaluation does not make it right
        (hit,) = steps(run_checks(book, TODAY))
        assert (hit.rule, hit.key, hit.column) == (rule, key, machine(table).choice.zh)
        assert f"从“{before}”改成了“{after}”" in hit.message and f"请改回“{before}”" in hit.message
        evaluate_book(book, LATER)
        assert len(log(book, key)) == 1
    typed(book, table, key, before)
    assert not steps(run_checks(book, TODAY))


BROKEN = [(rule, None, key, after) for rule, _, key, _, after in MAY_NOT] + [
    ("S15-unlisted", None, "C-0001", "推荐名单")
]


def test_a_recommended_candidate_stands_on_a_list() -> None:
    book = whole()
    typed(book, "candidates", "C-0001", "推荐")
    (hit,) = [one for one in run_checks(book, TODAY) if one.rule == "S15-unlisted"]
    assert hit.key == "C-0001" and "推荐名单" in hit.message
    book.update("panels", "评审会编号", {"V-0001": {"推荐名单": "C-0001"}})
    assert not [one for one in run_checks(book, TODAY) if one.rule == "S15-unlisted"]
    typed(book, "panels", "V-0001", "评分中")  # a list of a panel that still scores is none
    assert [one.key for one in run_checks(book, TODAY) if one.rule == "S15-unlisted"] == ["C-0001"]


def test_who_saved_the_book_last_stands_beside_the_state() -> None:
    book = whole()
    typed(book, "candidates", "C-0001", "退回补正")
    data = saved_by(book.to_bytes(), "王芳 (采购)")
    again = Book.read(data)
    evaluate_book(again, LATER)
    assert log(again, "C-0001")[-1]["what"] == "在工作簿里改的，最近保存的人是王芳 (采购)"


def saved_by(data: bytes, who: str) -> bytes:
    """The book as an office program leaves it that knows its user."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            blob = old.read(name)
            if name == "docProps/core.xml":
                blob = re.sub(rb"<cp:lastModifiedBy>.*?</cp:lastModifiedBy>|<cp:lastModifiedBy/>", b"", blob)
                blob = blob.replace(
                    b"</cp:coreProperties>",
                    f"<cp:lastModifiedBy>{who}</cp:lastModifiedBy></cp:coreProperties>".encode(),
                )
            new.writestr(name, blob)
    return out.getvalue()


def test_the_log_may_be_sorted_by_people() -> None:
    book = whole()
    typed(book, "candidates", "C-0001", "退回补正")
    evaluate_book(book, LATER)
    lines = Situation(book, TODAY).of(Changes)
    assert logged_states(lines) == logged_states(lines[::-1])
    assert logged_states(lines)["candidates", "C-0001", "status"] == "returned"


def test_a_second_evaluation_logs_nothing() -> None:
    book = whole()
    before = book.to_bytes()
    evaluate_book(book, NOW)
    assert book.to_bytes() == before


def test_a_copied_row_has_no_state_of_its_own() -> None:
    given = rows()
    given["partners"].append(dict(given["partners"][0], status="left"))
    book, _ = evaluated(given)
    assert not log(book, "P-0001") and not steps(run_checks(book, TODAY))


def test_a_headers_in_english_book_logs_in_english_and_is_understood() -> None:
    from workbook.build import new_workbook

    book = Book.read(
        new_workbook(
            lang="en", rows={"partners": [{"partner": "P-0001", "legal_name": "A", "status": "active"}]}, today=TODAY
        )
    )
    evaluate_book(book, NOW)
    book.update("partners", "Partner", {"P-0001": {"Status": "Barred"}})
    evaluate_book(book, LATER)
    assert [line["after"] for line in log(book, "P-0001")] == ["Active", "Barred"]
    book.update("partners", "Partner", {"P-0001": {"Status": "Active"}})
    assert [one.rule for one in steps(run_checks(book, TODAY))] == ["S38-step"]


# --- by command ------------------------------------------------------------------------------------------------------


def by_command(*words: str | Path) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "伙伴簿.xlsx"
    file.write_bytes(built())
    return file


@pytest.mark.parametrize("one", MACHINES, ids=lambda one: one.table.name)
def test_every_state_leads_only_where_the_machine_says(one: Machine) -> None:
    assert set(one.steps) == set(one.choice.options)
    reached, waiting = {one.start}, [one.start]
    while waiting:
        for step in one.steps[waiting.pop()]:
            assert step in one.steps
            if step not in reached:
                reached.add(step)
                waiting.append(step)
    assert reached == set(one.steps)  # no state that nothing leads to


@pytest.mark.parametrize(("rule", "table", "key", "before", "after"), MAY_NOT)
def test_a_state_that_may_not_follow_is_refused_by_command(
    path: Path, rule: str, table: str, key: str, before: str, after: str
) -> None:
    data = path.read_bytes()
    code, said = by_command("state", path, key, after)
    assert code == 1 and not said["ok"] and before in str(said["error"]), said
    assert path.read_bytes() == data


def test_a_state_set_by_command_is_logged_with_who_set_it(path: Path) -> None:
    code, said = by_command("state", path, "c-0002", "资料审阅", "--who", "王珂")
    assert (code, said["before"], said["status"]) == (0, "received", "reviewing")
    book = Book.read(path.read_bytes())
    line = log(book, "C-0002")[-1]
    assert (line["before"], line["after"], line["what"]) == ("已收到", "资料审阅", "状态，用命令改的，操作人是王珂")
    evaluate_book(book, LATER)
    assert len(log(book, "C-0002")) == 2 and not steps(run_checks(book, TODAY))


@pytest.mark.parametrize(
    ("key", "word", "words"),
    [
        ("C-0001", "推荐", "推荐名单"),
        ("Q-0001", "内部评审", "不能评审"),
        ("C-0099", "退回补正", "没有 C-0099"),
        ("M-0001", "退回补正", "没有状态可改"),
        ("C-0001", "通过", "没有“通过”这个状态"),
        ("C-0001", "评分与评审会", "已经是"),
    ],
)
def test_what_stands_in_the_way_of_a_state_is_said(path: Path, key: str, word: str, words: str) -> None:
    data = path.read_bytes()
    code, said = by_command("state", path, key, word)
    message = str(said["error"]).replace("不是有状态可改的编号", "没有状态可改")
    assert code == 1 and words in message, said
    assert path.read_bytes() == data


def test_nothing_goes_on_from_a_state_that_was_typed_against_the_rules(path: Path) -> None:
    book = Book.read(path.read_bytes())
    typed(book, "contracts", "K-0001", "已签")
    typed(book, "candidates", "C-0002", "推荐")
    path.write_bytes(book.to_bytes())
    for key, word in (("K-0001", "已终止"), ("C-0002", "未入选")):
        code, said = by_command("state", path, key, word)
        assert code == 1 and "请改回" in str(said["error"]), said


def test_a_question_about_a_state_changes_nothing(path: Path) -> None:
    data = path.read_bytes()
    code, said = by_command("state", path, "V-0001")
    assert (code, said["status"], said["steps"]) == (0, "closed", ["done", "scoring"])
    assert path.read_bytes() == data


def test_the_sample_came_to_its_states_by_legal_steps() -> None:
    from workbook.build import new_workbook
    from workbook.sample import sample_rows

    today = date(2026, 11, 24)
    book = Book.read(new_workbook(rows=sample_rows(today=today), today=today))
    situation = Situation(book, today)
    known = logged_states(situation.of(Changes))
    kept = {table.name for table in (m.table for m in MACHINES)}
    assert kept == {table for table, _, _ in known}
    assert not steps(run_checks(book, today))
    for one in MACHINES:
        for row in situation.of(one.table):
            assert known[one.table.name, row.key, one.column] == (row.text(one.column) or one.start)
