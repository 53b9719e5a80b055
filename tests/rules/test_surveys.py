"""Surveys: each finding as a minimal pair, the numbers by hand, and what no two reports may give away (S26 to S28)."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.test_findings import Break, add, change
from tests.selection_books import NOW, TODAY, Rows, built, evaluated
from workbook.errors import MissingTable
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.checks import surveys as survey_checks
from workbook.rules.finding import Finding, Situation, findings_of
from workbook.rules.reminding import tasks
from workbook.rules.surveys import (
    Answer,
    Place,
    Shown,
    as_values,
    counted,
    least_answers,
    least_comments,
    publish,
    results,
    views,
    words_of,
)
from workbook.surveying import write_surveys
from workbook.tables import SettingRow, SurveyResults
from workbook.tables.surveys import TOPICS

SOON = TODAY + timedelta(days=20)
MARKS = {"goals": 4, "communication": 4, "problem_solving": 4, "delivery": 4, "mutuality": 4}


@functools.cache
def whole() -> Rows:
    """A closed anonymous survey without weak points, and a running named one, in which nothing is amiss."""
    return {
        "partners": [{"partner": "P-0001", "legal_name": "甲公司", "status": "active", "since": date(2024, 1, 1)}],
        "participants": [
            {"participant": f"PP-{n:04d}", "person": f"人{n}", "partner": "P-0001", "side": side, "email": f"a{n}@example.com", "status": "active"}
            for n, side in ((1, "them"), (2, "us"))
        ],
        "campaigns": [
            {"campaign": "SV-0001", "title": "去年", "occasion": "yearly", "way": "anonymous", "status": "closed", "closes_on": date(2026, 3, 1)},
            {"campaign": "SV-0002", "title": "今年", "occasion": "yearly", "way": "named", "status": "open", "opens_on": TODAY, "closes_on": SOON},
        ],
        "survey_invitations": [
            {"invited": "SI-0001", "campaign": "SV-0002", "partner": "P-0001", "participant": "PP-0001", "side": "them", "status": "invited", "way": "named"},
        ],
        "anonymous_answers": [
            {"answer": "SN-0001", "campaign": "SV-0001", "partner": "P-0001", "side": "them", **MARKS, "batch_on": date(2026, 3, 1)},
        ],
        "satisfaction": [
            {"answer": "S-0001", "campaign": "SV-0002", "partner": "P-0001", "side": "them", "verification": "verified", **MARKS},
        ],
        "survey_results": [
            {"result": "SV-0001/P-0001/*/goals", "campaign": "SV-0001", "partner": "P-0001", "topic": "goals", "mean": Decimal("3.2"), "answers": Decimal(5), "reading": "middle"},
        ],
    }  # fmt: skip


def only_about(partner: str) -> Break:
    def run(rows: Rows) -> None:
        for row in rows["campaigns"]:
            row["partners"] = partner

    return run


def fresh() -> Rows:
    return {name: [dict(row) for row in rows] for name, rows in whole().items()}


def found(rows: Rows) -> list[Finding]:
    situation = Situation(built(rows), TODAY)
    return [finding for check in survey_checks.CHECKS for finding in check(situation)]


# rule → what breaks it, the key where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S26-named", change("satisfaction", 0, campaign="SV-0001"), "S-0001", "SV-0001 是匿名的"),
    ("S26-survey", change("anonymous_answers", 0, campaign="SV-0009"), "SN-0001", "“SV-0009”"),
    ("S26-survey", change("campaigns", 0, way="named"), "SN-0001", "实名调查 SV-0001"),
    ("S26-scale", change("anonymous_answers", 0, goals=None), "SN-0001", "合作目标达成度是空的"),
    ("S26-scale", change("anonymous_answers", 0, delivery=7), "SN-0001", "交付质量应为 1 到 5"),
    ("S27-yearly", lambda rows: rows.update(campaigns=[], survey_invitations=[], anonymous_answers=[], satisfaction=[]), "P-0001", "一年内没有"),
    ("S27-yearly", only_about("P-0002"), "P-0001", "一年内没有"),
    ("S27-dates", change("campaigns", 1, closes_on=None), "SV-0002", "没有写截止日期"),
    ("S27-dates", change("campaigns", 1, opens_on=SOON + timedelta(1)), "SV-0002", "早于开始日期"),
    ("S27-late", change("campaigns", 1, opens_on=None, closes_on=TODAY - timedelta(1)), "SV-0002", "2026-11-22 到期"),
    ("S27-partners", change("campaigns", 1, partners="P-0001、P-0077"), "SV-0002", "P-0077"),
    ("S27-people", change("participants", 1, status="left"), "SV-0002", "P-0001 的我方没有"),
    ("S27-mail", change("participants", 0, email=None), "PP-0001", "人1 没有邮箱"),
    ("S27-unanswered", change("campaigns", 1, closes_on=TODAY + timedelta(3)), "SV-0002", "还有 1 人没有答：PP-0001"),
    ("S27-unanswered", change("campaigns", 1, closes_on=TODAY), "SV-0002", "--remind"),
    ("S27-way", change("campaigns", 1, way="anonymous"), "SV-0002", "邀请按“实名”发出"),
    ("S28-action", change("survey_results", 0, mean=Decimal("2.8"), reading="weak"), "SV-0001/P-0001/*/goals", "合作目标达成度待改进"),
]  # fmt: skip


def test_a_survey_in_order_has_no_finding() -> None:
    assert found(fresh()) == []


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_says_where(rule: str, breaks: Break, where: str, words: str) -> None:
    rows = fresh()
    breaks(rows)
    hits = [finding for finding in found(rows) if finding.rule == rule]
    assert any(finding.key == where and words in finding.message for finding in hits), found(rows)


@pytest.mark.parametrize(
    ("breaks", "rule"),
    [
        (change("campaigns", 1, closes_on=TODAY + timedelta(4)), "S27-unanswered"),
        (change("survey_invitations", 0, status="done"), "S27-unanswered"),
        (change("partners", 0, since=TODAY - timedelta(364)), "S27-yearly"),
    ],
)
def test_what_is_not_due_yet_is_not_told(breaks: Break, rule: str) -> None:
    rows = fresh()
    breaks(rows)
    assert rule not in {finding.rule for finding in found(rows)}


def test_an_action_settles_a_weak_point() -> None:
    rows = fresh()
    change("survey_results", 0, reading="weak")(rows)
    add("actions", action="AC-0001", what="每周通气", partner="P-0001", campaign="SV-0001", status="open")(rows)
    assert found(rows) == []


def test_s27_who_has_not_answered_becomes_a_to_do_due_at_the_end() -> None:
    rows = fresh()
    change("campaigns", 1, closes_on=TODAY + timedelta(2), handler="王珂")(rows)
    situation = Situation(built(rows), TODAY)
    told = {task.cause: task for task in tasks(situation, findings_of(situation))}
    task = told["S27-unanswered SV-0002"]
    assert (task.due, task.handler) == (TODAY + timedelta(2), "王珂")


# --- numbers by hand -------------------------------------------------------------------------------------------------


def answer(partner: str, side: str, mark: int, topics: Iterable[str] = TOPICS) -> Answer:
    return Answer(partner, side, dict.fromkeys(topics, mark))


def rows_by_key(answers: Sequence[Answer], **more: Any) -> dict[tuple[str, str, str], Any]:
    found = results(counted(answers), more.get("known", {}), more.get("before", {}), (), more.get("least", 5))
    return {(row.place.partner, row.place.side, row.place.topic): row for row in found}


def test_mean_gap_trend_and_reading_by_hand() -> None:
    theirs = [answer("P-1", "them", mark) for mark in (2, 3, 3, 3, 3, 3)]  # 17 / 6 = 2.8333…
    ours = [answer("P-1", "us", mark) for mark in (4, 4, 4, 5, 5, 5, 5, 5)]  # 37 / 8 = 4.625 → 4.63
    found = rows_by_key([*theirs, *ours], before={Place("P-1", "", "goals"): Decimal("3.50")})
    them, us, both = (found["P-1", side, "goals"] for side in ("them", "us", ""))
    assert (them.shown.mean, them.shown.answers, them.reading) == (Decimal("2.83"), 6, "weak")
    assert (us.shown.mean, us.shown.answers, us.reading) == (Decimal("4.63"), 8, "strength")
    assert (both.shown.mean, both.shown.answers, both.reading) == (Decimal("3.86"), 14, "middle")  # 54 / 14 = 3.857
    assert both.gap == Decimal("-1.80") and them.gap is None
    assert (both.before, both.change) == (Decimal("3.50"), Decimal("0.36"))


def test_the_edges_of_strong_and_weak() -> None:
    def reading(*marks: int) -> str:
        return str(rows_by_key([answer("P-1", "them", m) for m in marks])["P-1", "them", "goals"].reading)

    assert reading(4, 4, 4, 4, 4) == "strength" and reading(4, 4, 4, 4, 3) == "middle"
    assert reading(3, 3, 3, 3, 3) == "middle" and reading(3, 3, 3, 3, 2) == "weak"


def test_not_knowing_does_not_count_and_may_hide_a_topic() -> None:
    marks = dict.fromkeys(TOPICS, 5)
    shy = {topic: 5 for topic in TOPICS if topic != "delivery"}
    found = rows_by_key([Answer("P-1", "them", marks) for _ in range(4)] + [Answer("P-1", "them", shy)])
    assert found["P-1", "them", "goals"].shown.answers == 5
    assert found["P-1", "them", "delivery"].reading == "hidden"


def test_s28_a_group_below_the_minimum_is_in_no_total_either() -> None:
    big, small = [answer("P-1", "them", 5) for _ in range(5)], [answer("P-2", "them", 1) for _ in range(4)]
    found = rows_by_key([*big, *small])
    for place in (("P-2", "them"), ("P-2", "")):
        assert found[*place, "goals"].shown is None
    for place in (("P-1", "them"), ("", "them"), ("", "")):
        assert found[*place, "goals"].shown == Shown(Fraction(25), 5)


def test_no_setting_goes_below_five_and_ten() -> None:
    assert [least_answers({SettingRow.SURVEY_LEAST: t}) for t in ("1", "", "abc", "-3", "5", "8")] == [5, 5, 5, 5, 5, 8]
    assert [least_comments({SettingRow.COMMENTS_LEAST: t}) for t in ("5", "12")] == [10, 12]


def test_words_are_shown_from_ten_answers_on_and_not_after_one_more_came() -> None:
    def group(size: int) -> list[Answer]:
        return [Answer("P-1", "them", {"goals": 4}, (f"好{n}", "")) for n in range(size)]

    assert words_of(group(9), "P-1", "them", {"goals": 9}, 10) == [(), ()]
    good, change_ = words_of(group(10), "P-1", "them", {"goals": 10}, 10)
    assert sorted(good) == sorted(f"好{n}" for n in range(10)) and good != tuple(f"好{n}" for n in range(10))
    assert change_ == ()
    assert words_of(group(11), "P-1", "them", {"goals": 10}, 10) == [(), ()]
    assert words_of(group(12), "P-1", "us", {"goals": 12}, 10) == [(), ()]


# --- no two reports give a small group away ------------------------------------------------------------------------------

Report = Mapping[Place, Shown]
Build = Callable[[Sequence[Sequence[Answer]]], list[Report]]


def ours(moments: Sequence[Sequence[Answer]]) -> Sequence[Report]:
    """The reports of the product at successive moments, each knowing only what the book shows of the one before."""
    known: dict[Place, tuple[Decimal, int]] = {}
    found = []
    for answers in moments:
        rows = results(counted(answers), known, {}, (), 5)
        report = {row.place: row.shown for row in rows if row.shown is not None}
        known = {p: (s.mean, s.answers) for p, s in report.items() if p.partner and p.side}
        found.append(report)
    return found


def leaky(moments: Sequence[Sequence[Answer]]) -> list[Report]:
    """A build that hides small groups in their own row only, and computes anew each time."""
    return [{p: s for p, s in views(counted(answers)).items() if s.answers >= 5} for answers in moments]


def differences(reports: Sequence[Report]) -> list[str]:
    """What somebody learns who subtracts: one view from another of the same moment, or a view from itself of later."""
    found = []
    for report in reports:
        for whole_, parts in _splits(report):
            rest = report[whole_].answers - sum(report[p].answers for p in parts)
            total = report[whole_].total - sum(report[p].total for p in parts)
            if 0 < rest < 5 or (rest == 0 and total != 0):
                found.append(f"{whole_} minus {parts}: {rest}")
    for before, after in itertools.combinations(reports, 2):
        for place in {*before, *after}:
            old, new = before.get(place, Shown(Fraction(0), 0)), after.get(place, Shown(Fraction(0), 0))
            if (old.answers != new.answers or old.total != new.total) and abs(new.answers - old.answers) < 5:
                found.append(f"{place} moved by {new.answers - old.answers}")
    return found


def _splits(report: Report) -> Iterable[tuple[Place, list[Place]]]:
    """Each view with all subsets of the views inside it that do not overlap: by partner, by side, by both."""
    for whole_ in report:
        inside = [p for p in report if p != whole_ and p.topic == whole_.topic and _within(p, whole_)]
        for size in range(1, min(len(inside), 4) + 1):
            for parts in itertools.combinations(inside, size):
                if not any(_overlap(a, b) for a, b in itertools.combinations(parts, 2)):
                    yield whole_, list(parts)


def _within(part: Place, whole_: Place) -> bool:
    return whole_.partner in ("", part.partner) and whole_.side in ("", part.side)


def _overlap(a: Place, b: Place) -> bool:
    return all(x == y or "" in (x, y) for x, y in ((a.partner, b.partner), (a.side, b.side)))


one_answer = st.builds(
    lambda partner, side, marks: Answer(partner, side, {t: m for t, m in zip(("goals", "delivery"), marks, strict=True) if m}),
    st.sampled_from(["P-1", "P-2"]), st.sampled_from(["them", "us"]), st.tuples(st.integers(0, 5), st.integers(1, 5)),
)  # fmt: skip
# Three moments: answers come in ones and twos, some are taken out again.
moments = st.lists(one_answer, min_size=8, max_size=28).flatmap(
    lambda all_: st.tuples(st.integers(0, 6), st.integers(0, 6)).map(
        lambda cut: [all_[: len(all_) - sum(cut)], all_[: len(all_) - cut[1]], all_[cut[0] // 3 :]]
    )
)


@settings(max_examples=150, deadline=None)
@given(moments)
def test_s28_no_two_reports_differ_by_a_group_of_one_to_four(answers: list[list[Answer]]) -> None:
    assert differences(ours(answers)) == []


def test_the_same_subtraction_wins_against_a_leaky_build() -> None:
    big, small = [answer("P-1", "them", 5)] * 6, [answer("P-2", "them", 1)] * 2
    assert differences(leaky([[*big, *small]]))  # by a total
    assert differences(leaky([big, [*big, answer("P-1", "them", 2)]]))  # by waiting for one more
    assert not differences(ours([[*big, *small]])) and not differences(ours([big, [*big, answer("P-1", "them", 2)]]))


def test_what_was_shown_moves_on_with_five_new_answers_and_not_before() -> None:
    place = Place("P-1", "them", "goals")
    known = {place: (Decimal("4.00"), 5)}

    def now(total: int, number: int) -> Shown:
        return publish({place: Shown(Fraction(total), number)}, known, 5)[place]

    assert now(41, 9) == Shown(Fraction(20), 5) and now(45, 10) == Shown(Fraction(45), 10)
    assert now(21, 5) == Shown(Fraction(20), 5)  # one mark was altered: the old one stays
    assert publish({}, known, 5) == {place: Shown(Fraction(20), 5)}


# --- in the workbook -------------------------------------------------------------------------------------------------


def survey_of(campaign: str, closes_on: date, marks: Sequence[int], first: int) -> Rows:
    row = {"campaign": campaign, "title": campaign, "occasion": "yearly", "way": "anonymous", "status": "closed"}
    return {
        "campaigns": [{**row, "closes_on": closes_on}],
        "anonymous_answers": [
            {"answer": f"SN-{first + n:04d}", "campaign": campaign, "partner": "P-0001", "side": "them", **dict.fromkeys(TOPICS, mark)}
            for n, mark in enumerate(marks)
        ],
    }  # fmt: skip


def test_s28_the_evaluation_writes_results_once_and_the_trend_of_two_surveys() -> None:
    old, new = survey_of("SV-0001", date(2025, 11, 1), (3, 3, 3, 3, 4), 1), survey_of("SV-0002", date(2026, 11, 1), (4, 4, 4, 4, 5), 50)  # fmt: skip
    rows = {name: old[name] + new[name] for name in old}
    rows["partners"] = [{"partner": "P-0001", "legal_name": "甲公司", "status": "active"}]
    book, _ = evaluated(rows)
    found = {row.key: row for row in read_records(book, SurveyResults)}
    one = found["SV-0002/P-0001/*/delivery"]
    assert (one["mean"], one["answers"], one["before"], one["change"]) == (Decimal("4.2"), 5, Decimal("3.2"), 1)
    assert one["legal_name"] == "甲公司" and found["SV-0002/*/*/delivery"]["legal_name"] == "全部伙伴"
    assert (
        found["SV-0002/P-0001/us/delivery"]["reading"] == "hidden"
        and found["SV-0001/P-0001/*/delivery"]["before"] is None
    )
    before = book.to_bytes()
    again = Book.read(before)
    assert not evaluate_book(again, NOW).changed and again.to_bytes() == before


def test_a_running_survey_has_no_results() -> None:
    rows = survey_of("SV-0001", date(2026, 12, 1), (5,) * 6, 1)
    rows["campaigns"][0]["status"] = "open"
    book, _ = evaluated(rows)
    assert read_records(book, SurveyResults) == []


def test_a_book_of_before_these_tables_is_evaluated_all_the_same() -> None:
    class Bare:
        def table(self, name: str) -> None:
            raise MissingTable(name, ())

    bare: Any = Bare()
    write_surveys(bare)


def test_a_hidden_row_holds_no_number() -> None:
    (row,) = [r for r in results({Place("P-1", "us", "goals"): Shown(Fraction(9), 3)}, {}, {}, (), 5) if r.place == ("P-1", "us", "goals")]  # fmt: skip
    values = as_values(row, "SV-0001", "甲公司", 5)
    assert values["reading"] == "hidden"
    assert [values[name] for name in ("mean", "answers", "gap", "before", "change")] == [None] * 5
