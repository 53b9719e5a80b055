"""Each finding of S10 to S12 as a minimal pair, and the fingerprint that sign-offs are bound to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from tests.requirement_books import WORDS, fingerprint, fresh, signoff
from tests.selection_books import NOW, TODAY, Rows, evaluated
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import Finding, run_checks
from workbook.rules.requirements import PARTS, Window
from workbook.tables import Requirements, SignOffs

Break = Callable[[Rows], None]


def found(rows: Rows) -> list[Finding]:
    book, _ = evaluated(rows)
    return run_checks(book, TODAY)


def change(table: str, number: int, **values: object) -> Break:
    def run(rows: Rows) -> None:
        rows[table][number].update(values)

    return run


def refuse(rows: Rows) -> None:
    rows["signoffs"].append(signoff(4, "R-0003", verdict="disagree", opinion="付款节点不清楚"))


# rule → what breaks it, the row where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S10-part", change("requirements", 0, quality=None), "Q-0001", "质量标准还没有写，不能评审"),
    ("S10-part", change("requirements", 0, status="review", goal=" \n "), "Q-0001", "目标还没有写"),
    ("S10-revision", change("requirements", 0, revision=None), "Q-0001", "没有需求版本"),
    ("S11-setting", change("settings", 0, setting="需求评审部门", value="业务、市场"), "需求评审部门", "不认识 市场"),
    ("S11-signoff", lambda rows: rows["signoffs"].pop(2), "Q-0001", "但法务对现在的内容"),
    ("S11-signoff", change("requirements", 0, scope="另一个范围"), "Q-0001", "业务、技术、法务"),
    ("S11-void", change("requirements", 0, scope="另一个范围"), "A-0001", "签核之后 Q-0001 的内容有改动"),
    ("S11-void", change("requirements", 0, revision=Decimal(2)), "A-0002", "签的是第 1 版，Q-0001 现在是第 2 版"),
    ("S11-void", change("signoffs", 0, fingerprint=None), "A-0001", "没有签核指纹"),
    ("S11-refused", refuse, "A-0004", "R-0003 不同意 Q-0001：付款节点不清楚"),
    ("S12-window", change("publications", 0, opens_at=None), "F-0001", "没有开始时间"),
    ("S12-window", change("publications", 0, closes_at=None), "F-0001", "没有截止时间"),
    ("S12-window", change("publications", 0, closes_at=datetime(2026, 11, 20, 9)), "F-0001", "不晚于开始时间"),
    ("S12-unapproved", change("requirements", 0, status="review"), "F-0001", "Q-0001（内部评审）"),
    ("S12-unapproved", lambda rows: rows["signoffs"].pop(0), "F-0001", "没有通过，不能发布"),
    ("S12-unapproved", refuse, "F-0001", "没有通过，不能发布"),
    ("S12-reference", change("publications", 0, requirement=None), "F-0001", "没有写需求编号"),
    ("S12-reference", change("invitations", 0, publication=None), "N-0001", "没有写发布编号"),
    ("S12-reference", change("signoffs", 0, reviewer=None), "A-0001", "没有写评审人编号"),
    ("S1-reference", change("publications", 0, requirement="Q-0009"), "F-0001", "没有 Q-0009"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_says_where(rule: str, breaks: Break, where: str, words: str) -> None:
    rows = fresh()
    assert found(rows) == []
    breaks(rows)
    hits = [finding for finding in found(rows) if finding.rule == rule]
    assert any(where == finding.key and words in finding.message for finding in hits), hits


@pytest.mark.parametrize(
    "mends",
    [
        change("requirements", 0, budget=None),  # optional; needs new signatures, see below
        change("publications", 0, status="preparing", closes_at=None),
        change("signoffs", 0, verdict="conditional", opinion="先小批试做"),
    ],
)
def test_what_the_policy_allows_is_no_finding(mends: Break) -> None:
    rows = fresh()
    mends(rows)
    if rows["requirements"][0]["budget"] is None:
        for row in rows["signoffs"]:
            row["fingerprint"] = fingerprint("Q-0001", 1, {**WORDS, "budget": ""})
    assert found(rows) == []


def test_a_draft_may_miss_a_part_and_its_verdicts_ask_nothing_of_anybody() -> None:
    rows = fresh()
    rows["publications"], rows["invitations"] = [], []
    rows["requirements"][0].update(status="draft", quality=None)
    assert found(rows) == []


def test_the_newest_verdict_of_a_reviewer_counts() -> None:
    rows = fresh()
    rows["signoffs"].append(signoff(4, "R-0004", verdict="disagree", opinion="违约责任太轻"))
    assert {f.rule for f in found(rows)} == {"S11-signoff", "S11-refused", "S12-unapproved"}
    rows["signoffs"].append(signoff(5, "R-0004"))
    assert found(rows) == []
    book, _ = evaluated(rows)
    states = {r.key: r["state"] for r in read_records(book, SignOffs)}
    assert states == {"A-0001": "valid", "A-0002": "valid", "A-0003": "void", "A-0004": "void", "A-0005": "valid"}


def test_departments_that_must_agree_are_a_setting() -> None:
    rows = fresh()
    rows["settings"] = [{"setting": "需求评审部门", "value": "业务、采购"}]
    assert {f.rule for f in found(rows)} == {"S11-signoff", "S12-unapproved"}
    rows["signoffs"].append(signoff(4, "R-0003"))
    assert found(rows) == []


def test_the_fingerprint_is_of_key_revision_and_the_eight_parts_and_nothing_else() -> None:
    rows = fresh()
    book, _ = evaluated(rows)
    (record,) = read_records(book, Requirements)
    assert record["fingerprint"] == fingerprint("Q-0001", 1, WORDS)
    for name, changes in {**dict.fromkeys(PARTS, True), "remark": False, "handler": False, "title": False}.items():
        rows = fresh()
        rows["requirements"][0][name] = "别的内容"
        (other,) = read_records(evaluated(rows)[0], Requirements)
        assert (other["fingerprint"] != record["fingerprint"]) is changes, name


def test_line_ends_of_another_program_void_nothing() -> None:
    rows = fresh()
    rows["requirements"][0]["goal"] = "第一行\n第二行"
    (one,) = read_records(evaluated(rows)[0], Requirements)
    rows["requirements"][0]["goal"] = "第一行 \r\n第二行\r\n"
    (other,) = read_records(evaluated(rows)[0], Requirements)
    assert one["fingerprint"] == other["fingerprint"]


def test_a_second_evaluation_writes_nothing_and_an_edit_is_written_once() -> None:
    book, _ = evaluated(fresh())
    assert not evaluate_book(book, NOW).changed
    book.update("requirements", "需求编号", {"Q-0001": {"范围": "另一个范围"}})
    book = Book.read(book.to_bytes())
    assert evaluate_book(book, NOW).changed
    assert {r["state"] for r in read_records(book, SignOffs)} == {"void"}
    assert not evaluate_book(Book.read(book.to_bytes()), NOW).changed


@pytest.mark.parametrize(
    ("minute", "is_open"), [((8, 59), False), ((9, 0), True), ((17, 59), True), ((18, 0), False), ((18, 1), False)]
)
def test_a_window_opens_at_its_first_minute_and_is_closed_at_its_last(minute: tuple[int, int], is_open: bool) -> None:
    window = Window(datetime(2026, 11, 23, 9), datetime(2026, 11, 23, 18))
    assert window.is_open(datetime(2026, 11, 23, *minute)) is is_open
    assert not Window(None, window.closes_at).is_open(datetime(2026, 11, 23, 12))
