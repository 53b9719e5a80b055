"""The sample's year of performance: each planted story is told by the results, with numbers worked out here by hand."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from workbook.build import new_workbook
from workbook.evaluating import evaluate_book
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import Finding, run_checks
from workbook.sample import sample_rows
from workbook.sampling.performance import quarters, stories, year_name
from workbook.tables import Budgets, Performance, PerformanceParts, Plans

TODAY = date(2026, 11, 24)
WEIGHTS = {"Q.1": 14, "Q.2": 10, "Q.3": 8, "Q.4": 8, "R.1": 10, "R.2": 6, "R.3": 5, "R.4": 4, "K.1": 12, "K.2": 8, "N.1": 7, "N.2": 8}  # fmt: skip


@functools.cache
def book() -> Book:
    made = Book.read(new_workbook(rows=sample_rows(today=TODAY), today=TODAY))
    evaluate_book(made, datetime(2026, 11, 24, 10, 0))
    return Book.read(made.to_bytes())


@functools.cache
def results() -> dict[str, Mapping[str, Any]]:
    return {row.key: row.values for row in read_records(book(), Performance)}


@functools.cache
def found() -> list[Finding]:
    return run_checks(book(), TODAY)


def marks(result: str) -> dict[str, Decimal]:
    rows = [row for row in read_records(book(), PerformanceParts) if row["result"] == result]
    return {row.text("measure").removeprefix("p1-"): row["mean"] for row in rows if row["mean"] is not None}


def by_hand(lost: Mapping[str, int]) -> Decimal:
    """The score of all fives less what is lost: a mark that is n below five costs n × its points ÷ 5."""
    return Decimal(100) - sum((Decimal(WEIGHTS[name]) * marks / 5 for name, marks in lost.items()), Decimal(0))


def test_the_four_quarters_before_a_day_are_whole() -> None:
    assert [name for name, _, _ in quarters(TODAY)] == ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]
    assert [name for name, _, _ in quarters(date(2026, 1, 1))] == ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]
    assert quarters(TODAY)[1][1:] == (date(2026, 1, 1), date(2026, 3, 31))
    assert year_name(quarters(TODAY)) == "2026年度"


def test_the_steady_partner_has_an_a_in_every_quarter_and_in_the_year() -> None:
    year = results()["2026年度/P-0001"]
    # The last quarter's documents were marked 5 for the year; the quarter with less use of people costs a quarter of a mark.
    assert year["score"] == by_hand({}) - Decimal(8) * Decimal("0.25") / 5
    assert {results()[f"{name}/P-0001"]["grade"] for name, _, _ in quarters(TODAY)} == {year["grade"]} == {"A"}


def test_two_partners_stand_at_the_edge_of_b_by_different_ways() -> None:
    first, second = (results()[f"2026Q3/{key}"] for key in ("P-0005", "P-0006"))
    innovation = {"N.1": 4, "N.2": 4}
    assert first["score"] == by_hand({"Q.2": 4, **innovation}) == Decimal(80)
    assert second["score"] == by_hand({"Q.3": 4, "Q.4": 1, **innovation}) == Decimal(80)
    assert first["grade"] == second["grade"] == "B"
    assert first["rank"] == second["rank"] == 1 and first["percentile"] == second["percentile"]
    assert marks("2026Q3/P-0005") != marks("2026Q3/P-0006")


def test_a_partner_that_gets_worse_is_listed_for_want_of_a_plan() -> None:
    scores = [results()[f"{name}/P-0003"]["score"] for name, _, _ in quarters(TODAY)]
    assert scores == sorted(scores, reverse=True) and results()["2026Q3/P-0003"]["grade"] == "D"
    assert results()["2026Q3/P-0003"]["direction"] == "down" and results()["2026Q3/P-0003"]["slope"] < -15
    listed = {finding.key for finding in found() if finding.rule == "S39-plan"}
    assert listed == {"2026Q3/P-0003", "2026年度/P-0003"}


def test_a_partner_got_better_after_its_plan() -> None:
    (plan,) = [row for row in read_records(book(), Plans) if row["partner"] == "P-0004"]
    assert (plan["before"], plan["after"], plan["after_period"]) == (1, 4, "2026Q2")
    assert [results()[f"{name}/P-0004"]["grade"] for name, _, _ in quarters(TODAY)] == ["D", "D", "B", "B"]


def test_money_that_is_not_spent_because_the_work_is_not_done_is_no_saving() -> None:
    lines = {row.key: row for row in read_records(book(), Budgets)}
    (late,) = [row for row in lines.values() if row["partner"] == "P-0002" and row["progress"] == 50]
    assert (late["verdict"], late["mark"], late["saved"], late["undelivered"]) == (
        "behind",
        2,
        None,
        Decimal("177000.00"),
    )
    done = next(row for row in lines.values() if row["partner"] == "P-0001")
    assert (done["verdict"], done["mark"], done["saved"], done["undelivered"]) == ("saved", 5, Decimal("9000.00"), Decimal("0.00"))  # fmt: skip


def test_a_quarter_without_any_record_has_no_score_and_says_so() -> None:
    row = results()["2026Q1/P-0007"]
    assert (row["state"], row.get("score"), row.get("grade"), row["reason"]) == (
        "blocked",
        None,
        None,
        "本期没有任何记录",
    )
    assert not marks("2026Q1/P-0007")


@pytest.mark.parametrize("name", [name for name, _ in stories(quarters(TODAY))])
def test_every_story_is_in_the_results(name: str) -> None:
    assert dict(stories(quarters(TODAY)))[name] in results()


def test_a_measured_and_a_judged_part_add_up_to_every_score() -> None:
    scored = [row for row in results().values() if row.get("score") is not None]
    assert len(scored) == 34  # 7 partners, 5 periods, less the quarter without records
    assert all(row["measured_points"] + row["judged_points"] == row["score"] for row in scored)
