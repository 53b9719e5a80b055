"""The map from the policy to the program is true: what it names is there, and what is there is in it."""

from __future__ import annotations

import pytest

from tests.policy.policy_map import MAP, ROWS, Row, proofs_of, rules_of, text
from workbook.cli import main
from workbook.tables import BY_NAME, TABLES

BUILT = range(1, 50)


def test_the_map_in_the_docs_is_what_the_code_says() -> None:
    assert MAP.read_text(encoding="utf-8") == text(), "run python -m tests.policy.policy_map"


def test_the_map_has_all_forty_nine_rows_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, 50))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"S{row.number}")
def test_what_a_row_names_is_there(row: Row) -> None:
    assert set(row.tables.split()) <= BY_NAME.keys()
    context = main.make_context("partnerbook", ["check", "x"], resilient_parsing=True)
    assert set(row.commands.split()) <= set(main.list_commands(context))


@pytest.mark.parametrize("number", BUILT, ids=lambda number: f"S{number}")
def test_a_row_that_is_built_has_a_table_and_a_test_named_after_it(number: int) -> None:
    row = ROWS[number - 1]
    assert row.tables and proofs_of(number)


def test_every_table_and_every_rule_is_in_the_map() -> None:
    named = {name for row in ROWS for name in row.tables.split()}
    assert {table.name for table in TABLES} <= named
    assert all(rules_of(number) for number in BUILT)
