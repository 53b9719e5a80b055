"""kill -9 at each named step of a delivery and at random: every receipt that was shown is one row, none is two."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from forms_server.house import open_house
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, ids_of
from workbook.ooxml import Book

STEPS = (
    "leased", "numbered", "temp-half", "temp-written", "temp-synced", "checked", "replaced", "folder-synced",
    "placed", "confirmed",
)  # fmt: skip
TIMES = 5
AT_RANDOM = int(os.environ.get("PARTNERBOOK_KILLS", "50"))


def child(book: Path, data: Path, first: int, count: int, acknowledge: int, die_at: str | None) -> None:
    """Take submissions, tell each receipt, deliver; die at a step by a signal that nothing can catch."""

    def step(name: str) -> None:
        if name == die_at:
            os.write(acknowledge, f"hit {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    house = open_house(book, data, step=step)
    house.delivery.inbox._engine.dispose()
    number = first
    while number < first + count:
        for _ in range(2):
            house.inbox.submit(candidate(number))
            os.write(acknowledge, f"ack {number}\n".encode())
            number += 1
        house.delivery.run()


def run_child(
    book: Path, data: Path, first: int, count: int, die_at: str | None, after: float | None
) -> tuple[set[int], list[str], int]:
    """Fork, perhaps kill after some seconds; what was acknowledged, which step was hit, and the exit signal."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            child(book, data, first, count, writing, die_at)
        finally:
            os._exit(0)
    os.close(writing)
    if after is not None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading) as stream:
        lines = stream.read().split("\n")
    _, status = os.waitpid(pid, 0)
    acked = {int(line[4:]) for line in lines if line.startswith("ack ")}
    return (
        acked,
        [line[4:] for line in lines if line.startswith("hit ")],
        os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
    )


def settle(book: Path, data: Path, acked: set[int]) -> None:
    """A clean pass afterwards, then the promise."""
    Book.read(book.read_bytes())  # whole, at any time
    house = open_house(book, data)
    for _ in range(3):
        house.delivery.run()
    ids = ids_of(book)
    assert len(ids) == len(set(ids)), "a row stands twice"
    missing = {candidate(n).id for n in acked} - set(ids)
    assert not missing, f"{len(missing)} acknowledged submissions are lost"
    report = verify_receipts(house.inbox, book)
    assert report.ok and not report.deleted and not report.waiting, report.text()
    house.inbox._engine.dispose()


def test_killed_at_every_named_step_every_shown_receipt_is_one_row(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hits: Counter[str] = Counter()
    acked: set[int] = set()
    number = 1
    for _ in range(TIMES):
        for name in STEPS:
            known, hit, died = run_child(book, tmp_path / "data", number, 4, name, None)
            assert died == signal.SIGKILL
            hits.update(hit)
            acked |= known
            number += 10
    settle(book, tmp_path / "data", acked)
    with capsys.disabled():
        print(
            f"\nkill -9 by step, {len(acked)} receipts shown, 0 lost, 0 doubled: "
            + ", ".join(f"{name} {hits[name]}" for name in STEPS)
        )
    assert all(hits[name] >= TIMES for name in STEPS), hits
    assert not [f for f in os.listdir(book.parent) if f.endswith(".tmp")]


def test_killed_at_random_every_shown_receipt_is_one_row(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20260131)
    acked: set[int] = set()
    number = killed = 0
    for _ in range(AT_RANDOM):
        known, _, died = run_child(book, tmp_path / "data", number + 1, 400, None, 0.15 + chance.random() * 0.5)
        killed += died == signal.SIGKILL
        acked |= known
        number += 400
    settle(book, tmp_path / "data", acked)
    with capsys.disabled():
        print(f"\nkill -9 at random: {killed} kills, {len(acked)} receipts shown, 0 lost, 0 doubled")
    assert killed == AT_RANDOM
    assert len(acked) > AT_RANDOM
