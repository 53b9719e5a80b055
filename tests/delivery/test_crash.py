"""kill -9 at each named step and at random: every receipt is one row with its newest words, none is two."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.delivery.killing import STEPS, Tally, person_saves, run_child, settle

TIMES = 2
AT_RANDOM = int(os.environ.get("PARTNERBOOK_KILLS", "20"))  # the long suite: python -m tests.delivery.long


def test_killed_at_every_named_step_every_receipt_and_every_correction_is_one_row(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`skip` lets the first delivery pass: the second one brings new rows and corrections in the same file."""
    tally, number = Tally(), 1
    for skip in range(TIMES):
        for name in STEPS:
            told = run_child(book, tmp_path / "data", number, 6, name, None, skip)
            assert told.died == signal.SIGKILL, name
            tally.add(told)
            number += 10
    settle(book, tmp_path / "data", tally)
    with capsys.disabled():
        print(f"\nkill -9 by step: {tally.line()}; {dict(tally.steps)}")
    assert all(tally.steps[name] == TIMES for name in STEPS), tally.steps
    assert tally.corrections > len(STEPS)


def test_killed_at_random_while_staff_save_no_receipt_no_correction_and_no_cell_of_staff_is_lost(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, tally, number = random.Random(20260131), Tally(), 1
    for turn in range(AT_RANDOM):
        tally.add(run_child(book, tmp_path / "data", number, 400, None, 0.2 + chance.random() * 0.5))
        number += 400
        if turn % 3 == 2:
            person_saves(book, chance, tally)
    settle(book, tmp_path / "data", tally)
    with capsys.disabled():
        print(f"\nkill -9 at random: {tally.line()}")
    assert tally.kills == AT_RANDOM
    assert tally.receipts > AT_RANDOM and tally.corrections > 0
