"""Owns the kill -9 loop: children that take submissions and corrections and deliver them, and the promise afterwards."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forms_server.house import open_house
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, rows_of
from workbook import store
from workbook.ooxml import Book

STEPS = (
    "leased", "numbered", "temp-half", "temp-written", "temp-synced", "checked", "replaced", "folder-synced",
    "placed", "confirmed",
)  # fmt: skip


def words(number: int, version: int) -> str:
    """What a partner says in a version of a submission, so that a row tells which one it shows."""
    return f"第 {number} 份第 {version} 版"


def sent(number: int, version: int) -> Any:
    return candidate(number, main_business=words(number, version), technology=words(number, version))


def child(book: Path, data: Path, first: int, count: int, tell: int, die_at: str | None, skip: int) -> None:
    """Take submissions, correct the one before, tell each receipt, deliver; die at a step by an uncatchable signal."""
    hits = 0

    def step(name: str) -> None:
        nonlocal hits
        hits += name == die_at
        if name == die_at and hits > skip:
            os.write(tell, f"hit {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    house = open_house(book, data, step=step)
    for number in range(first, first + count):
        house.inbox.submit(sent(number, 1))
        os.write(tell, f"ack {number} 1\n".encode())
        if number > first:
            house.inbox.submit(sent(number - 1, 2), version=2)
            os.write(tell, f"ack {number - 1} 2\n".encode())
        if (number - first) % 2:
            house.delivery.run()


@dataclass
class Told:
    """What one child acknowledged before it died: the newest version by submission, the step, and the signal."""

    acked: dict[int, int]
    hit: list[str]
    died: int


def run_child(
    book: Path, data: Path, first: int, count: int, die_at: str | None, after: float | None, skip: int = 0
) -> Told:
    """Fork, and perhaps kill after some seconds."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            child(book, data, first, count, writing, die_at, skip)
        finally:
            os._exit(0)
    os.close(writing)
    if after is not None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading) as stream:
        lines = [line.split(" ") for line in stream.read().split("\n")]
    _, status = os.waitpid(pid, 0)
    acked: dict[int, int] = {}
    for line in lines:
        if line[0] == "ack" and len(line) == 3 and line[2]:
            acked[int(line[1])] = int(line[2])
    died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Told(acked, [line[1] for line in lines if line[0] == "hit"], died)


@dataclass
class Tally:
    """What a loop of kills did and what was found afterwards."""

    kills: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    acked: dict[int, int] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)  # what staff typed into their own column, by row key
    own: dict[str, str] = field(default_factory=dict)  # what staff typed over the partner's words, by row key

    @property
    def receipts(self) -> int:
        return len(self.acked)

    @property
    def corrections(self) -> int:
        return sum(version > 1 for version in self.acked.values())

    def line(self) -> str:
        """The figures as one line."""
        return (
            f"{self.kills} kills, {self.receipts} receipts and {self.corrections} corrections shown, "
            f"{len(self.typed)} cells of staff's own, {len(self.own)} partner cells that staff changed: "
            "0 lost, 0 doubled, 0 overwritten"
        )

    def add(self, told: Told) -> None:
        self.kills += told.died == signal.SIGKILL
        self.steps.update(told.hit)
        self.acked.update(told.acked)


def person_saves(book: Path, chance: random.Random, tally: Tally) -> None:
    """A person types into two rows and saves: a remark of their own, and words over those of the partner."""
    snapshot = store.read(book)
    opened = Book.read(snapshot.data)
    keys = [str(row.values["候选编号"]) for row in opened.rows("candidates")]
    if not keys:
        return
    one, other = chance.choice(keys), chance.choice(keys)
    opened.update("candidates", "候选编号", {one: {"备注": f"备注 {len(tally.typed)}"}})
    opened.update("candidates", "候选编号", {other: {"核心技术": f"员工改 {len(tally.own)}"}})
    tally.typed[one], tally.own[other] = f"备注 {len(tally.typed)}", f"员工改 {len(tally.own)}"
    store.replace(snapshot, opened.to_bytes())


def settle(book: Path, data: Path, tally: Tally) -> None:
    """Clean passes afterwards, then the promise: each receipt one row with its newest words or those that staff kept."""
    Book.read(book.read_bytes())  # whole, at any time
    house = open_house(book, data)
    for _ in range(3):
        assert house.delivery.run().reasons == []
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(book):
        rows.setdefault(str(row["提交标识"]), []).append(row)
    assert all(len(found) == 1 for found in rows.values()), "a row stands twice"
    missing = {sent(n, 1).id for n in tally.acked} - set(rows)
    assert not missing, f"{len(missing)} acknowledged submissions are lost"
    newest = {row.id: row for row in house.inbox.all()}
    for number, version in tally.acked.items():
        row, stored = rows[sent(number, 1).id][0], newest[sent(number, 1).id]
        assert stored.version >= version, "an acknowledged correction is lost"
        assert row["版本"] == stored.version and row["主营业务"] == words(number, stored.version)
        key = row["候选编号"]
        assert row["核心技术"] == tally.own.get(key, words(number, stored.version))
        assert row["备注"] == tally.typed.get(key)
    log = [row["变更编号"] for row in rows_of(book, "changes")]
    assert len(log) == len(set(log)), "a change is logged twice"
    report = verify_receipts(house.inbox, book)
    assert report.ok and not report.deleted and not report.waiting and not report.corrections_waiting, report.text()
    assert not store.temp_files(book)
    house.inbox._engine.dispose()
