"""Certificates and the money facts: each finding as a minimal pair; lines become rows once, and what staff touched is theirs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.rules.test_findings import Break, add, all_of, change, found, fresh
from tests.selection_books import NOW, TODAY, Rows, built
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rules.certificates import Claim, read_line
from workbook.rules.finding import run_checks
from workbook.tables import Candidates, Certificates, Todo
from workbook.todos import keep_todos

LINES = Candidates.certificates.zh
DUE = date(2028, 3, 31)


def certificate(**values: Any) -> Break:
    """A row that people typed, whole but for what is given."""
    row: dict[str, Any] = {
        "certificate": "H-0001", "title": "ISO 9001", "number": "Q1", "term": "dated", "until": DUE, "candidate": "C-0001",
    }  # fmt: skip
    return add("certificates", **{**row, **values})


def altered(**values: Any) -> Break:
    """The first of these rows, with other values."""

    def run(rows: Rows) -> None:
        rows["certificates"][0].update(values)

    return run


def bank_report(**values: Any) -> Break:
    return change("candidates", 0, **{"bank_report": "yes", "bank_authorisation": "SQ-1", **values})


# rule → what breaks it, the key where it is found, words of the sentence, and what mends it
BROKEN: list[tuple[str, Break, str, str, Break]] = [
    ("S4-source", change("candidates", 0, figures_source=None), "C-0001", "年营收没有写明出自哪里", change("candidates", 0, figures_source="said")),
    ("S4-source", change("candidates", 0, annual_revenue=None, profit=1, figures_source=None), "C-0001", "净利润", change("candidates", 0, profit=None)),
    ("S4-year", change("candidates", 0, operating_cash_flow=-1, revenue_year=None), "C-0001", "年营收、经营现金流没有写明是哪一年的", change("candidates", 0, revenue_year=2025)),
    ("S4-authorisation", bank_report(bank_authorisation=None), "C-0001", "授权书编号", change("candidates", 0, bank_authorisation="SQ-1")),
    ("S4-authorisation-file", bank_report(), "C-0001", "没有附授权书", change("candidates", 0, bank_report="no")),
    ("S4-financing", change("candidates", 0, financing="A 轮，3000 万元，投资方公告"), "C-0001", "A 轮", change("candidates", 0, financing="2024-06，A 轮，3000 万元人民币，投资方公告")),
    ("S4-financing", change("candidates", 0, financing="2024-06，A 轮，3000 万元"), "C-0001", "来源", change("candidates", 0, financing="无")),
    ("S6-certificate", change("candidates", 0, certificates="ISO 9001，Q1，2026-11-22"), "H-0001", "2026-11-22 到期：ISO 9001 Q1", change("candidates", 0, certificates="ISO 9001，Q1，2026-11-23")),
    ("S6-certificate", certificate(until=date(2026, 11, 22)), "H-0001", "2026-11-22 到期", altered(until=date(2026, 11, 23))),
    ("S6-certificate", certificate(until=date(2026, 11, 22)), "H-0001", "另起一行", altered(verification="rejected")),
    ("S6-certificate", certificate(until=date(2026, 11, 22)), "H-0001", "另起一行", certificate(certificate="H-0002", title="iso9001", number="Q2")),
    ("S6-certificate", certificate(until=date(2026, 11, 22)), "H-0001", "另起一行", certificate(certificate="H-0002", number="Q2", until=None, term="open")),
    ("S6-undated", change("candidates", 0, certificates="ISO 9001，Q1，2026.3"), "C-0001", "看不出到哪一天有效", change("candidates", 0, certificates="ISO 9001，Q1，2027.3.1")),
    ("S6-undated", certificate(until=None), "H-0001", "没有写到哪一天有效", altered(term="open")),
    ("S6-number", change("candidates", 0, certificates="ISO 9001，2028-03-31"), "H-0001", "没有编号", change("candidates", 0, certificates="ISO 9001，Q1，2028-03-31")),
    ("S6-number", certificate(number=None), "H-0001", "没有编号", altered(number="Q1")),
    ("S6-holder", certificate(candidate=None), "H-0001", "哪一家", all_of(altered(partner="P-0001"), add("partners", partner="P-0001", legal_name="某公司", status="active"))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words", "mends"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_mended_it_is_not(
    rule: str, breaks: Break, where: str, words: str, mends: Break
) -> None:
    rows = fresh()
    breaks(rows)
    hits = [finding for finding in found(rows) if finding.rule == rule]
    assert [(hit.key, words in hit.message) for hit in hits] == [(where, True)], hits
    mends(rows)
    assert [finding for finding in found(rows) if finding.rule in (rule, "S1-reference")] == []


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "title", "number", "until"),
    [
        ("ISO 9001，Q-77，2028-03-31", "ISO 9001", "Q-77", DUE),
        ("ISO 9001、Q-77、2028年3月31日", "ISO 9001", "Q-77", DUE),
        ("ISO 9001\tQ-77\t2028/3/31", "ISO 9001", "Q-77", DUE),
        ("ISO 9001; 证书编号：Q-77; 有效期至 2028.3.31", "ISO 9001", "Q-77", DUE),
        ("ISO 9001 Q-77 2028-03-31", "ISO 9001", "Q-77", DUE),
        ("ISO 9001 2028-03-31", "ISO 9001", "", DUE),
        ("ISO 9001，Q-77，２０２８－０３－３１", "ISO 9001", "Q-77", DUE),
        ("ISO 9001，Q-77，有效期 2025-04-01 至 2028-03-31", "ISO 9001", "Q-77", DUE),
        ("CMMI 5级，CN-2023-05-11，2028-03-31", "CMMI 5级", "CN-2023-05-11", DUE),
        ("ISO 9001，编号，2028-03-31", "ISO 9001", "", DUE),
        ("软件著作权，2023SR0001，长期", "软件著作权", "2023SR0001", None),
        ("营业许可，A1，2020-01-01 至长期", "营业许可", "A1", None),
    ],
)
def test_a_line_is_read_as_people_write_it(line: str, title: str, number: str, until: date | None) -> None:
    assert read_line(line) == Claim(title, number, until)


@pytest.mark.parametrize("line", ["ISO 9001，Q1，2026.3", "ISO 9001，Q1", "2028-03-31", "ISO 9001，Q1，2028-02-30"])
def test_a_line_without_a_whole_date_or_a_name_gives_no_row(line: str) -> None:
    assert read_line(line) is None


# --- rows -------------------------------------------------------------------------------------------------------------


def stating(*lines: str, **more: Any) -> Rows:
    rows = fresh()
    rows["candidates"][0].update(certificates="\n".join(lines), **more)
    return rows


def run(book: Book, now: datetime = NOW) -> Book:
    evaluate_book(book, now)
    return Book.read(book.to_bytes())


def rows_of(book: Book) -> list[Record]:
    return read_records(book, Certificates)


def told(book: Book) -> list[tuple[str, str, date | None]]:
    return [(row.text("title"), row.text("number"), row["until"]) for row in rows_of(book)]


def rewritten(book: Book, *lines: str) -> Book:
    """The candidate's correction, as delivery writes it, and the next evaluation."""
    book.update("candidates", "候选编号", {"C-0001": {LINES: "\n".join(lines)}})
    return run(book)


def test_each_line_becomes_one_row_and_a_second_evaluation_changes_no_byte() -> None:
    book = run(built(stating("ISO 9001，Q1，2028-03-31", "软件著作权，SR-2，长期", "读不懂的一行", handler="孙岚")))
    one, other = rows_of(book)
    assert (one.key, one["legal_name"], one["candidate"], one["handler"]) == (
        "H-0001",
        "候选1有限公司",
        "C-0001",
        "孙岚",
    )
    assert (one["verification"], one["term"], other["term"], other["until"]) == ("unverified", "dated", "open", None)
    assert (one["state"], other["state"]) == ("有效", "长期")  # for programs that do not calculate
    again = Book.read(book.to_bytes())
    assert not evaluate_book(again, NOW).changed and again.to_bytes() == book.to_bytes()


def test_a_correction_follows_into_a_row_that_nobody_touched() -> None:
    book = rewritten(run(built(stating("ISO 9001，Q1，2026-12-31"))), "ISO 9001，Q1，2028-03-31", "ISO 14001，E1，长期")
    assert told(book) == [("ISO 9001", "Q1", DUE), ("ISO 14001", "E1", None)]
    assert not evaluate_book(Book.read(book.to_bytes()), NOW).changed


@pytest.mark.parametrize(
    "typed",
    [{"证书": "ISO 9001 质量管理体系"}, {"证书编号": "Q-0001"}, {"核实": "已核实"}, {"核实日期": date(2026, 11, 20)}],
    ids=lambda typed: next(iter(typed)),
)
def test_a_row_that_staff_touched_stays_theirs_and_the_correction_is_a_row_beside_it(typed: dict[str, Any]) -> None:
    book = run(built(stating("ISO 9001，Q1，2026-12-31")))
    book.update("certificates", "证书记录", {"H-0001": typed})
    before = {name: value for name, value in rows_of(book)[0].values.items() if name not in ("ended", "state")}
    book = rewritten(book, "ISO 9001，Q1，2028-03-31")
    first, second = rows_of(book)
    assert {name: first[name] for name in before} == before
    assert (second.text("title"), second["until"]) == ("ISO 9001", DUE)


def test_a_line_that_is_taken_back_deletes_nothing() -> None:
    book = run(built(stating("ISO 9001，Q1，2028-03-31", "ISO 14001，E1，2028-03-31")))
    book = rewritten(book, "ISO 9001，Q1，2028-03-31")
    assert told(book) == [("ISO 9001", "Q1", DUE), ("ISO 14001", "E1", DUE)]


def test_a_correction_that_only_says_what_staff_wrote_already_adds_nothing() -> None:
    book = run(built(stating("ISO 9001，Q1，2026-12-31")))
    book.update("certificates", "证书记录", {"H-0001": {"有效期至": DUE}})
    assert told(rewritten(book, "ISO 9001，Q1，2028-03-31")) == [("ISO 9001", "Q1", DUE)]


def test_a_renewal_that_people_type_gets_a_number_and_settles_the_older_row() -> None:
    book = run(built(stating("ISO 9001，Q1，2026-11-20")))
    assert [f.key for f in run_checks(book, TODAY) if f.rule == "S6-certificate"] == ["H-0001"]
    book.append(
        "certificates",
        [{"证书": "ISO 9001", "证书编号": "Q2", "期限": "有截止日", "有效期至": DUE, "候选编号": "C-0001"}],
    )
    book = run(book)
    old, new = rows_of(book)
    assert (new.key, new["legal_name"], new["cause"]) == ("H-0002", "候选1有限公司", None)
    assert (old["ended"], old["state"], new["ended"]) == ("新证 H-0002", "已了结", None)
    assert run_checks(book, TODAY) == []


def test_a_partner_and_a_candidate_of_one_credit_code_are_one_company() -> None:
    code = "91110000600037341L"
    rows = stating("ISO 9001，Q1，2026-11-20", credit_code=code, status="recommended")
    add("partners", partner="P-0001", legal_name="同一家", credit_code=code, status="active")(rows)
    certificate(certificate="H-0001", number="Q2", candidate=None, partner="P-0001")(rows)
    book = run(built(rows))
    assert [(row.key, row["partner"], row["ended"]) for row in rows_of(book)] == [
        ("H-0001", "P-0001", None),
        ("H-0002", "P-0001", "新证 H-0001"),
    ]


def test_nobody_is_reminded_of_who_is_out_of_the_running() -> None:
    soon = TODAY + timedelta(days=30)
    book = run(built(stating(f"ISO 9001，Q1，{soon}", "ISO 14001，E1，2026-11-01")))
    keep_todos(book, TODAY)

    def open_ones(book: Book) -> set[str]:
        todos = read_records(book, Todo)
        return {t.text("matter")[:15] for t in todos if t["page"] == "certificates" and t["state"] == "open"}

    assert open_ones(book) == {f"证书将于 {soon}", "证书已于 2026-11-01"}
    book.update("candidates", "候选编号", {"C-0001": {"状态": "未入选"}})
    book = run(book)
    assert open_ones(book) == set() and {row["ended"] for row in rows_of(book)} == {"候选未入选"}


@pytest.mark.parametrize(("days", "reminded"), [(30, True), (31, False), (0, True)])
def test_what_expires_is_told_thirty_days_ahead(days: int, reminded: bool) -> None:
    book = run(built(stating(f"ISO 9001，Q1，{TODAY + timedelta(days=days)}")))
    assert bool([t for t in read_records(book, Todo) if t["page"] == "certificates"]) is reminded


def test_a_book_that_was_never_evaluated_misses_nothing_and_tells_it_once() -> None:
    book = built(stating("ISO 9001，Q1，2026-11-20", "ISO 14001，E1，2026-11-20"))
    before = [(f.key, f.column) for f in run_checks(book, TODAY) if f.rule == "S6-certificate"]
    assert before == [("C-0001", LINES)] * 2
    after = [(f.key, f.column) for f in run_checks(run(book), TODAY) if f.rule == "S6-certificate"]
    assert after == [("H-0001", "有效期至"), ("H-0002", "有效期至")]


def test_a_copied_candidate_proposes_nothing() -> None:
    rows = stating("ISO 9001，Q1，2028-03-31")
    rows["candidates"].append(dict(rows["candidates"][0]))
    assert told(run(built(rows))) == []


def test_a_book_in_english_says_its_words() -> None:
    from workbook.build import new_workbook

    rows = stating("ISO 9001，Q1，2026-11-20", "ISO 14001，E1，长期")
    book = run(Book.read(new_workbook(lang="en", rows=rows, today=TODAY)))
    assert [row["state"] for row in rows_of(book)] == ["Expired", "No expiry"]
    assert not evaluate_book(Book.read(book.to_bytes()), NOW).changed
