"""The sample: every value is one its column takes, nobody in it can be reached, and its planted stories come out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from workbook.build import new_workbook
from workbook.defaults import GATES, GRADE_BANDS, MARK_BANDS, TREE, VERSION, WEIGHTS
from workbook.evaluating import evaluated
from workbook.evaluation import score_panel
from workbook.evaluation.model import Band, Dimension, Entry, Gate, Indicator, Mark, Measured, Outcome, Policy, State
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import run_checks
from workbook.rules.selection import keys_in
from workbook.sample import STORIES, sample_rows
from workbook.schema import CreditCode, Email, Phone
from workbook.tables import BY_NAME, Minutes, Votes

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # as the book has it
SEEDS = [1, 2, 77]
Row = dict[str, Any]
FACTS = {"S3.1": "team_size", "S3.3": "patents", "S4.1": "annual_revenue"}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_value_of_the_sample_is_one_its_column_takes(seed: int) -> None:
    for name, table_rows in sample_rows(seed, TODAY).items():
        table = BY_NAME[name]
        for row in table_rows:
            for column, value in row.items():
                if value is not None:
                    assert table.columns[column].check(value) == value
            for column in table.asked():
                asked = column.asked_when is None or row.get(column.asked_when[0]) == column.asked_when[1]
                if column.required and asked:
                    assert row.get(column.name) is not None, (name, column.name)
                if not asked:
                    assert row.get(column.name) is None, (name, column.name)


def test_the_sample_is_the_same_for_a_seed_and_ordered_by_key() -> None:
    rows = sample_rows(1, TODAY)
    assert rows == sample_rows(1, TODAY) != sample_rows(2, TODAY)
    for name, table_rows in rows.items():
        key = BY_NAME[name].key()
        if key.prefix:
            numbers = [key.number(row[key.name]) or 0 for row in table_rows]
            assert numbers == sorted(numbers) and set(numbers) == set(range(1, max(numbers) + 1))


def test_only_the_copied_row_has_a_key_or_a_submission_of_another() -> None:
    for name, table_rows in sample_rows(1, TODAY).items():
        for column in (BY_NAME[name].key().name, "submission_id"):
            counts = Counter(row[column] for row in table_rows if row.get(column))
            twice = [key for key, count in counts.items() if count > 1]
            if name != "marks":
                assert not twice, (name, column)
            else:
                (copied,) = twice
                both = [row for row in table_rows if row[column] == copied] if column == "mark_key" else []
                assert column == "submission_id" or (copied == STORIES["copied"] and both[0] == both[1])


def test_references_lead_to_rows_of_the_sample() -> None:
    rows = sample_rows(1, TODAY)
    known = {name: {row[BY_NAME[name].key().name] for row in table_rows} for name, table_rows in rows.items()}
    for name in ("marks", "declarations"):
        for row in rows[name]:
            assert row["panel"] in known["panels"] and row["reviewer"] in known["reviewers"]
            assert row["candidate"] in known["candidates"]
    for panel in rows["panels"]:
        assert set(keys_in(panel["candidates"])) <= known["candidates"]
        assert set(keys_in(panel["reviewers"])) <= known["reviewers"]


def test_the_sample_names_nobody_who_can_be_reached() -> None:
    for name, rows in sample_rows(1, TODAY).items():
        for row in rows:
            for column in BY_NAME[name].columns.values():
                value = row.get(column.name)
                if value and isinstance(column, Phone):
                    assert re.fullmatch(r"13800138\d{3}|05710000\d{4}", value)
                if value and isinstance(column, Email):
                    assert value.endswith("@example.com")
                if value and isinstance(column, CreditCode):
                    assert value[8:12] == "9999"


# --- the planted stories, worked out here by another way than the product's ------------------------------------------


def marks_of(rows: dict[str, list[Row]], panel: str = "V-0001") -> list[Row]:
    """The marks of a panel that count: a copied row stands twice, and neither counts."""
    counts = Counter(row["mark_key"] for row in rows["marks"])
    return [row for row in rows["marks"] if row["panel"] == panel and counts[row["mark_key"]] == 1]


def band(code: str, number: Decimal) -> int:
    return next(
        mark for low, high, mark in MARK_BANDS[code]
        if (low is None or number >= low) and (high is None or number < high)
    )  # fmt: skip


def by_hand(rows: dict[str, list[Row]], candidate: str, weights: dict[str, int]) -> Fraction:
    """The score on 100 of one candidate: mean of the reviewers, weighted within dimensions, then across them."""
    facts = next(row for row in rows["candidates"] if row["candidate"] == candidate)
    given = defaultdict(list)
    for row in marks_of(rows):
        if row["candidate"] == candidate and row["mark"]:
            given[row["indicator"].removeprefix(f"{VERSION}-")].append(row["mark"])
    means = {code: Fraction(sum(found), len(found)) for code, found in given.items()}
    means |= {code: Fraction(band(code, facts[column])) for code, column in FACTS.items()}
    total, counted = Fraction(0), Fraction(0)
    for dimension, leaves in TREE.items():
        judged = [
            (means[code], leaf.weight) for i, leaf in enumerate(leaves, 1) if (code := f"{dimension}.{i}") in means
        ]
        if judged:
            mean = sum((m * w for m, w in judged), Fraction(0)) / sum(w for _, w in judged)
            total, counted = total + mean * weights[dimension], counted + weights[dimension]
    return total / counted * 20


def shown(score: Fraction) -> str:
    cents = int(score * 100 + Fraction(1, 2))
    return f"{cents // 100}.{cents % 100:02d}"


def scored(rows: dict[str, list[Row]], weights: dict[str, int] | None = None) -> dict[str, Outcome]:
    """What the product's own scoring says of V-0001, fed with plain values."""
    wanted = weights or WEIGHTS
    dimensions = tuple(
        Dimension(
            code, code, Decimal(wanted[code]),
            tuple(
                Indicator(f"{VERSION}-{code}.{i}", leaf.title.zh, Decimal(leaf.weight), leaf.fact is not None)
                for i, leaf in enumerate(leaves, 1)
            ),
        )
        for code, leaves in TREE.items()
    )  # fmt: skip
    panel = rows["panels"][0]
    facts = {row["candidate"]: row for row in rows["candidates"] if row["candidate"] in panel["candidates"]}
    entries = [
        Entry(key, (Gate("执照", row["licence_term"] == "open" or row["licence_until"] >= TODAY, "执照已到期"),))
        for key, row in facts.items()
    ]
    marks = [
        Mark(row["candidate"], row["reviewer"], row["indicator"], row["mark"] or None, row["mark_key"])
        for row in marks_of(rows)
    ]
    measured = [
        Measured(key, f"{VERSION}-{code}", band(code, row[column]), key)
        for key, row in facts.items()
        for code, column in FACTS.items()
    ]
    recused = {(row["reviewer"], row["candidate"]) for row in rows["declarations"] if row["conflict"] == "yes"}
    grades = [Band(Decimal(low), Decimal(high), grade) for low, high, grade, _ in GRADE_BANDS]
    outcomes = score_panel(dimensions, entries, marks, measured, recused, Policy(), grades)
    return {outcome.candidate: outcome for outcome in outcomes}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_official_scores_are_those_worked_out_by_hand_for_every_seed(seed: int) -> None:
    rows = sample_rows(seed, TODAY)
    outcomes = scored(rows)
    assert {key: shown(by_hand(rows, key, WEIGHTS)) for key in STORIES["scores"]} == STORIES["scores"]
    assert {key: str(outcome.score) for key, outcome in outcomes.items()} == STORIES["scores"]


def test_two_candidates_tie_exactly_from_different_marks() -> None:
    rows = sample_rows(1, TODAY)
    first, second = STORIES["tie"]
    assert by_hand(rows, first, WEIGHTS) == by_hand(rows, second, WEIGHTS)
    outcomes = scored(rows)
    assert outcomes[first].rank == outcomes[second].rank == 3
    assert outcomes[first].dimensions != outcomes[second].dimensions


def test_the_best_score_belongs_to_a_candidate_whose_licence_has_expired() -> None:
    outcomes = scored(sample_rows(1, TODAY))
    best = max(outcomes.values(), key=lambda outcome: outcome.score or Decimal(0))
    assert (best.candidate, best.state, best.rank) == (STORIES["disqualified"], State.DISQUALIFIED, None)
    assert outcomes[STORIES["first"]].rank == 1


def test_a_candidate_with_too_few_reviewers_and_too_little_coverage_has_no_rank() -> None:
    blocked = scored(sample_rows(1, TODAY))[STORIES["blocked"]]
    assert (blocked.state, blocked.rank, blocked.reviewers) == (State.BLOCKED, None, 2)
    assert blocked.coverage < 80


def test_the_winner_flips_when_one_dimension_weighs_more() -> None:
    rows, flip = sample_rows(1, TODAY), STORIES["flip"]
    assert sum({**WEIGHTS, **flip["weights"]}.values()) == 100
    assert scored(rows)[flip["winner"]].rank == 1
    moved = scored(rows, {**WEIGHTS, **flip["weights"]})
    assert (moved[flip["rival"]].rank, moved[flip["winner"]].rank) == (1, 2)


def test_the_panels_people_and_marks_tell_their_stories() -> None:
    rows = sample_rows(1, TODAY)
    by_key = {row["mark_key"]: row for row in rows["marks"]}
    reviewers = {row["reviewer"]: row for row in rows["reviewers"]}
    one, other = (reviewers[key] for key in STORIES["namesakes"])
    assert one["person"] == other["person"] == "张伟" and one["role"] != other["role"]
    (away,) = [row for row in rows["declarations"] if row["conflict"] == "yes"]
    assert (away["reviewer"], away["candidate"]) == STORIES["recused"] and away["reason"]
    assert not [row for row in rows["marks"] if (row["reviewer"], row["candidate"]) == STORIES["recused"]]
    assert [key for key, row in by_key.items() if not row.get("evidence")] == [STORIES["no_evidence"]]
    assert [key for key, row in by_key.items() if row.get("source") == "typed"] == [STORIES["labelled"]]
    blank = [row for row in by_key.values() if row.get("source") is None]
    assert len(blank) > 3 and not any(row.get("submission_id") for row in blank)
    assert sum(1 for row in by_key.values() if row["mark"] == 0) >= 3  # 不适用
    final, running = rows["panels"]
    assert (final["status"], running["status"]) == ("done", "scoring")
    passed_over = STORIES["against_ranking"]["passed_over"]
    assert passed_over not in final["recommended"] and final["reason"]
    assert {reviewers[key]["role"] for key in keys_in(final["reviewers"])} >= {
        "business",
        "technology",
        "purchasing",
        "legal",
    }
    assert running["deadline"] > TODAY > final["deadline"]


def test_the_final_panel_voted_on_its_ranking_and_its_minutes_are_confirmed() -> None:
    book = Book.read(evaluated(new_workbook(rows=sample_rows(1, TODAY), today=TODAY)))
    votes = read_records(book, Votes)
    assert len(votes) == 4 * 7 - 1 and {vote["state"] for vote in votes} == {"valid"}
    assert STORIES["recused"] not in {(vote["reviewer"], vote["candidate"]) for vote in votes}
    (minutes,) = read_records(book, Minutes)
    assert minutes["status"] == "confirmed" and "与排名不一致：C-0002" in minutes.text("draft")
    decided = {finding.rule for finding in run_checks(book, TODAY) if finding.rule.startswith("S15")}
    assert decided == set()


def test_the_facts_behind_the_gates_are_checked_and_one_query_is_too_old() -> None:
    candidates = {row["candidate"]: row for row in sample_rows(1, TODAY)["candidates"]}
    assert len(GATES) == 3
    for key in STORIES["scores"]:
        row = candidates[key]
        assert row["scope_checked"] == "fits" and row["permits_checked"] in ("held", "not_needed")
        assert row["records_source"] and row["records_result"]
    old = [
        k for k, r in candidates.items() if r.get("records_checked") and r["records_checked"] < TODAY - timedelta(90)
    ]
    assert old == [STORIES["disqualified"]]


def test_the_requirements_tell_their_stories() -> None:
    from workbook.build import new_workbook
    from workbook.evaluating import evaluate_book
    from workbook.ooxml import Book
    from workbook.rules.finding import run_checks

    rows = sample_rows(1, TODAY)
    book = Book.read(new_workbook(rows=rows, today=TODAY))
    evaluate_book(book, datetime.combine(TODAY, time(10)))
    found = [f for f in run_checks(Book.read(book.to_bytes()), TODAY) if f.rule.startswith(("S10", "S11", "S12"))]
    assert [(f.rule, f.key) for f in found] == [("S11-void", STORIES["voided"][1])]  # and nothing else
    by_key = {row["requirement"]: row for row in rows["requirements"]}
    key, gaps = STORIES["draft"]
    assert by_key[key]["status"] == "draft" and not any(by_key[key].get(name) for name in gaps)
    roles = {row["reviewer"]: row["role"] for row in rows["reviewers"]}
    for key in STORIES["approved"]:
        signed = [row for row in rows["signoffs"] if row["requirement"] == key and row["verdict"] != "disagree"]
        assert {roles[row["reviewer"]] for row in signed} == {"business", "technology", "legal"}
    noon = datetime.combine(TODAY, time(12))
    states = {row["requirement"]: row["opens_at"] <= noon < row["closes_at"] for row in rows["publications"]}
    assert states == dict(zip(STORIES["approved"], (False, True), strict=True))
    assert len(rows["invitations"]) == 2
