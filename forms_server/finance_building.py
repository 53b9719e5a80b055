"""Owns making a snapshot of the finance lines from the workbook on disk: one at a time, in small transactions.

The file is read once and whole, so that an import that is going on is seen whole or not at all. Lines go into the
database in short transactions, with room for receipts between them; the last one publishes the snapshot. What a crash
leaves unpublished is taken out before the next one is made.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import sqlalchemy as sa
from filelock import FileLock, Timeout

from forms_server.database import finance_lines, finance_snapshots
from forms_server.delivery import WrongBook
from forms_server.finance_snapshots import Snapshots, dump_line, dump_totals
from forms_server.inbox import Inbox, utcnow
from workbook import store
from workbook.errors import PartnerBookError
from workbook.identity import book_identity
from workbook.ooxml import Book
from workbook.reports.finance_lines import TOTAL, FinanceLine, RunningTotals
from workbook.reports.finance_lines import finance_lines as read_lines
from workbook.store import Step, no_step
from workbook.tables import Budgets

BATCH = 1000  # lines of one transaction: at most this many are closed and as many written
PAUSE = 0.005  # seconds between two transactions, in which others write
PATIENCE = 5.0  # seconds to wait for another builder: longer, and requests of partners would wait for a thread
KEEP_DAYS = 400  # a year and what an audit of it takes
NO_NUMBER = 2_000_000_000  # the place of a key that is none of ours: behind all others

T = TypeVar("T")
Stamp = tuple[int, int, int, int]


class BookNotRead(PartnerBookError):
    """The server has not read the workbook yet, so that nobody knows where it lies."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("服务还没有读过工作簿，还没有预算数据。请稍后再试，或运行一次 partnerbook deliver BOOK。")


class BuildingElsewhere(PartnerBookError):
    """Another request or process is making the snapshot at the moment."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("新的预算快照正在生成，请几秒后再取。")


class Looked(NamedTuple):
    """The file as it was when its lines were last compared, and what was in the way then."""

    stamp: Stamp
    problem: PartnerBookError | None


class Builder:
    """Keeps the newest snapshot of a book as new as its file; `step` is called with a name at each step."""

    def __init__(self, inbox: Inbox, folder: Path, *, keep_days: int = KEEP_DAYS, step: Step = no_step):
        self._inbox, self._snapshots = inbox, Snapshots(inbox)
        self._lock_file = folder / "finance.lock"
        self._keep, self._step = timedelta(days=keep_days), step
        self._looked: Looked | None = None

    def refresh(self) -> PartnerBookError | None:
        """Make a snapshot if the file is another than that of the newest one; return what was in the way, if anything."""
        place = self._snapshots.book_path()
        if place is None:
            return BookNotRead()
        path = Path(place)
        stamp = _stamp(path)
        if stamp is not None and self._looked is not None and self._looked.stamp == stamp:
            return self._looked.problem
        problem: PartnerBookError | None = None
        try:
            self._bring_up_to_date(path)
        except PartnerBookError as error:
            problem = error
        if stamp is not None and (problem is None or problem.permanent):
            self._looked = Looked(stamp, problem)
        return problem

    def _bring_up_to_date(self, path: Path) -> None:
        if self._is_newest(_fingerprint(path)):
            return
        try:
            with FileLock(str(self._lock_file)).acquire(timeout=PATIENCE):
                snapshot = store.read(path)
                if not self._is_newest(snapshot.fingerprint):
                    self._build(snapshot)
        except Timeout as error:
            raise BuildingElsewhere from error

    def _is_newest(self, fingerprint: str) -> bool:
        newest = self._snapshots.newest()
        return newest is not None and newest.fingerprint == fingerprint

    def _build(self, snapshot: store.Snapshot) -> None:
        self._clear_remainder()
        book = Book.read(snapshot.data)
        if book_identity(book) != self._inbox.book_id:
            raise WrongBook(snapshot.path)
        lines = read_lines(book)  # refuses before anything is written
        newest = self._snapshots.newest()
        number = newest.number + 1 if newest else 1
        with self._inbox.transaction() as connection:
            connection.execute(finance_snapshots.insert().values(
                book=self._inbox.book_id, number=number, as_of=_as_of(snapshot.saved_at, newest.as_of if newest else None),
                fingerprint=snapshot.fingerprint, lines=0, totals="{}", published=False,
            ))  # fmt: skip
        running, names = RunningTotals(), dict[str, str]()
        self._write(number, _noting(names, running.through(lines)))
        totals = running.totals()
        mine = (finance_snapshots.c.book == self._inbox.book_id) & (finance_snapshots.c.number == number)
        with self._inbox.transaction() as connection:
            ready = {"lines": totals[TOTAL].lines, "totals": dump_totals(totals, names), "published": True}
            connection.execute(finance_snapshots.update().where(mine).values(ready))
        self._step("published")
        self._prune()

    def _write(self, number: int, lines: Iterable[FinanceLine]) -> None:
        """Write what is new or changed, close what changed or went."""
        standing = self._standing()
        for batch in _batches(lines):
            fresh, closed = [], []
            for line in batch:
                key, body = str(line[Budgets.key().name]), dump_line(line)
                before = standing.pop(key, None)
                if before != _digest(body):
                    closed += [] if before is None else [key]
                    seq = Budgets.key().number(key)
                    fresh.append({
                        "book": self._inbox.book_id, "key": key, "first_snapshot": number, "last_snapshot": None,
                        "seq": NO_NUMBER if seq is None else seq, "body": body,
                    })  # fmt: skip
            self._put(number, closed, fresh)
        for gone in _batches(standing):
            self._put(number, gone, [])

    def _standing(self) -> dict[str, bytes]:
        """The lines of the newest snapshot: digests by key."""
        wanted = sa.select(finance_lines.c.key, finance_lines.c.body).where(
            finance_lines.c.book == self._inbox.book_id, finance_lines.c.last_snapshot.is_(None)
        )
        with self._inbox.reading() as connection:
            return {row.key: _digest(row.body) for row in connection.execute(wanted)}

    def _put(self, number: int, closed: Sequence[str], fresh: Sequence[dict[str, object]]) -> None:
        if not closed and not fresh:
            return
        at = finance_lines.c
        with self._inbox.transaction() as connection:
            if closed:
                standing = (at.book == self._inbox.book_id) & at.last_snapshot.is_(None) & at.key.in_(closed)
                connection.execute(finance_lines.update().where(standing).values(last_snapshot=number - 1))
            if fresh:
                connection.execute(finance_lines.insert(), list(fresh))
        self._step("batch")
        time.sleep(PAUSE)

    # --- what a crash left, and what is too old ----------------------------------------------------------------------

    def _clear_remainder(self) -> None:
        """Take out what was written of a snapshot that was never published; safe to be killed in."""
        mine, at = finance_snapshots.c.book == self._inbox.book_id, finance_lines.c
        with self._inbox.reading() as connection:
            wanted = sa.select(finance_snapshots.c.number).where(mine, finance_snapshots.c.published.is_(False))
            left = list(connection.scalars(wanted))
        for number in left:
            self._in_batches(at.first_snapshot == number, finance_lines.delete())
            self._in_batches(at.last_snapshot == number - 1, finance_lines.update().values(last_snapshot=None))
            with self._inbox.transaction() as connection:
                connection.execute(finance_snapshots.delete().where(mine, finance_snapshots.c.number == number))

    def _prune(self) -> None:
        """Drop what is older than the days to keep; the state that held when they began stays."""
        mine = finance_snapshots.c.book == self._inbox.book_id
        old = self._snapshots.newest(utcnow() - self._keep)
        if old is None:
            return
        with self._inbox.transaction() as connection:
            connection.execute(finance_snapshots.delete().where(mine, finance_snapshots.c.number < old.number))
        self._in_batches(finance_lines.c.last_snapshot < old.number, finance_lines.delete())

    def _in_batches(self, which: sa.ColumnElement[bool], change: sa.Update | sa.Delete) -> None:
        """Change lines of this book, some at a time, until there are none of that kind."""
        at = finance_lines.c
        some = sa.select(at.key, at.first_snapshot).where(at.book == self._inbox.book_id, which).limit(BATCH)
        while True:
            with self._inbox.transaction() as connection:
                found = [tuple(row) for row in connection.execute(some)]
                if not found:
                    return
                these = sa.tuple_(at.key, at.first_snapshot).in_(found)
                connection.execute(change.where(at.book == self._inbox.book_id, these))
            time.sleep(PAUSE)


def _stamp(path: Path) -> Stamp | None:
    """What changes when the file does, without reading it; None where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


def _fingerprint(path: Path) -> str:
    """The fingerprint of the file, of which only the end is read.

    Raises:
        WorkbookUnreachable, WorkbookOpen: as `store.read` says it.
    """
    try:
        return store.fingerprint_of(path)
    except OSError:
        return store.read(path).fingerprint


def _as_of(saved: datetime, before: datetime | None) -> datetime:
    """Since when a file's lines hold: since it was saved, if that can be.

    A copy keeps the time of what it was copied from, and clocks differ: what came later in here never holds earlier.
    """
    now, saved = utcnow(), saved.replace(microsecond=0)
    return saved if saved <= now and (before is None or saved > before) else now


def _noting(names: dict[str, str], lines: Iterable[FinanceLine]) -> Iterator[FinanceLine]:
    """The same lines; the names of their partners are noted as they pass."""
    for line in lines:
        if line["partner"] and line["partner_name"]:
            names[str(line["partner"])] = str(line["partner_name"])
        yield line


def _digest(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
