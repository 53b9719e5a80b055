"""Owns the way of submissions into the workbook: claimed, placed under a generation, confirmed on disk.

One pass: become the one writer → read the book → settle what earlier passes and people did → claim waiting rows → hand
out the generation (before writing) → prove once more to be the one writer → replace the file → read it back and confirm.
A backlog goes in batches. A pass may be killed anywhere: the next one finds out what happened from the generation and
the ids in the book.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from forms_server.database import private_file
from forms_server.inbox import Inbox, LeaseLost, Moves, Sight, utcnow
from forms_server.reviews import Reviews, is_open
from forms_server.seeing import look, settings_of, verdicts
from forms_server.survey_delivery import SurveyPost
from forms_server.survey_store import SurveyStore
from workbook import store
from workbook.correcting import RowDoubled, is_locked
from workbook.errors import ChangedUnderneath, PartnerBookError, WorkbookOpen
from workbook.identity import GENERATION, WAITING, book_identity
from workbook.ooxml import Book
from workbook.placing import Placement, Placer
from workbook.rows import shown_words
from workbook.store import Platform, Snapshot, Step, no_step, this_platform
from workbook.submissions import HELD, Seen, Standing, by_submission, standing
from workbook.tables import BY_NAME

log = logging.getLogger("partnerbook.delivery")

BATCH = 1000  # submissions in one replacement of the file
REST = timedelta(hours=1)  # until a submission that by itself cannot be written is tried again
Progress = Callable[[int, int], None]  # done so far, and all that this run set out to do


class WrongBook(PartnerBookError):
    """The file at this path is another workbook than the one the inbox belongs to."""

    def __init__(self, path: Path):
        super().__init__(
            f"{path} 不是这个收件箱的工作簿（标识不同，可能换了文件）。提交仍在收件箱里；请把原来的工作簿放回去，"
            "或为新的工作簿另起服务。"
        )


class AnotherWriter(PartnerBookError):
    """Another process is writing to this workbook at the moment."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("另一个进程正在写入这个工作簿，稍后会再试。")


def kind_of(error: PartnerBookError) -> str:
    """What is in the way, in a word that gives away neither names nor places."""
    kinds = ((WorkbookOpen, "open"), (ChangedUnderneath, "saved"), ((AnotherWriter, LeaseLost), "writer"))
    return next(
        (kind for classes, kind in kinds if isinstance(error, classes)), "place" if not error.permanent else "book"
    )


@dataclass
class Pass:
    """What one run did: counts by outcome, and the sentences that say why rows wait, if any do."""

    delivered: int = 0
    corrected: int = 0
    kept: list[str] = field(default_factory=list)  # cells in which staff's text stays against a correction
    confirmed: int = 0
    again: int = 0
    deleted: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)  # those of the reasons that hold up more than one row
    kind: str = ""  # of the first of these, in one word
    waiting: int = 0
    held: int = 0  # of those waiting: rows of reviewers, until their panel is whole
    batches: int = 0
    answers: int = 0  # anonymous ones, in batches of five or more
    left_out: int = 0  # anonymous answers of closed surveys whose group stayed below five
    warnings: list[str] = field(default_factory=list)  # what went well but for something beside it, such as a backup
    since: datetime | None = None  # since when the book or its table is in the way
    next_try: datetime | None = None

    @property
    def reason(self) -> str | None:
        """What is in the way of the book or of a table as one text, or None."""
        return " ".join(self.blocking) or None

    def tell(self, reason: str | None, *, blocking: str = "") -> None:
        """Something is in the way of a row; `blocking` names the kind of what is in the way of more than one."""
        if reason and reason not in self.reasons:
            self.reasons.append(reason)
            if blocking:
                self.blocking.append(reason)
                self.kind = self.kind or blocking


def guarded(platform: Platform, hold: Callable[[], None], snapshot: Snapshot) -> Platform:
    """The platform, but it replaces a file only while the lease is held and the file is the one that was read.

    That is the last look: a writer that was held up anywhere before it writes nothing.
    """
    made, plain = copy(platform), platform.replace

    def replace(source: Path, target: Path) -> None:
        hold()
        try:
            same = store.fingerprint_of(target) == snapshot.fingerprint
        except FileNotFoundError:
            same = False
        if not same:
            raise ChangedUnderneath(f"工作簿 {target.name} 刚刚被别人保存或移动过，将按新的内容重新写入。")
        plain(source, target)

    made.replace = replace  # type: ignore[method-assign]
    return made


class Delivery:
    """The one writer of a workbook; `step` is called with a name at each step (tests kill the process there)."""

    def __init__(
        self, inbox: Inbox, path: Path, folder: Path, *, step: Step = no_step, batch: int = BATCH,
        platform: Platform | None = None,
    ):  # fmt: skip
        self.inbox, self.path, self.step, self.batch = inbox, path, step, batch
        self.platform = platform or this_platform()
        # The file lock dies with its process, so who holds it may take over a lease that was given to this same place.
        place_id = private_file(folder / "place.id", lambda: uuid.uuid4().hex[:12].encode()).decode()
        self._place_name = f"{socket.gethostname()[:20]}-{place_id}-"
        self.me = f"{self._place_name}{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._lock = FileLock(str(folder / f"{inbox.book_id}.lock"))
        self._fingerprint: str | None = None
        self._surveys = SurveyPost(
            SurveyStore(folder), path, inbox.book_id, step=step,
            guard=lambda snapshot: guarded(self.platform, self.hold, snapshot),
        )  # fmt: skip
        self._resting = 0  # submissions that wait for staff, or until `_wake`
        self._wake: datetime | None = None

    @property
    def fingerprint(self) -> str | None:
        """The file as it was last read."""
        return self._fingerprint

    def run(self, *, retry_in: float | None = None, progress: Progress = lambda done, total: None) -> Pass:
        """Deliver what waits. What is in the way is told in the result and in the inbox's state, never raised.

        `retry_in` says in how many seconds the caller tries again if something is in the way.
        """
        result = Pass()
        try:
            with self.only_writer():
                self._pass(result, progress)
                posted = self._surveys.run()
                result.answers, result.left_out = posted.written, posted.left_out
        except PartnerBookError as error:
            result.tell(str(error), blocking=kind_of(error))
        next_try = utcnow() + timedelta(seconds=retry_in) if result.reason and retry_in is not None else None
        self.inbox.explain(result.reason, next_try, result.kind)
        state = self.inbox.state()
        result.waiting = state.counts["waiting"] + state.counts["leased"]
        result.since, result.next_try = state.reason_since, state.next_try
        return result

    def idle(self) -> bool:
        """Whether there is nothing to do: no row waits but for staff, and the file is the one that was last read."""
        state = self.inbox.state()
        counts = state.counts
        if counts["waiting"] != self._resting or counts["leased"] or counts["placed"]:
            return False
        if state.fingerprint != self._fingerprint:  # a door told of a file that it saved: see for ourselves
            return False
        if self._wake is not None and self._wake <= utcnow():
            return False
        if not self._surveys.idle(self._fingerprint):
            return False
        try:
            return store.read(self.path).fingerprint == self._fingerprint
        except PartnerBookError:
            return False

    @contextmanager
    def only_writer(self) -> Iterator[None]:
        """Be the one writer of the book: on this machine by a file lock, everywhere by a lease with a token.

        Raises:
            AnotherWriter: somebody else is.
        """
        try:
            with self._lock.acquire(timeout=10):
                if not self.inbox.take_lease(self.me, self._place_name):
                    raise AnotherWriter
                try:
                    yield
                finally:
                    self.inbox.drop_lease(self.me)
        except Timeout as error:
            raise AnotherWriter from error

    def hold(self) -> None:
        """Prove to be the one writer still.

        Raises:
            LeaseLost: another took over meanwhile.
        """
        if not self.inbox.hold_lease(self.me):
            raise LeaseLost

    # --- one run ---------------------------------------------------------------------------------------------------

    def _pass(self, result: Pass, progress: Progress) -> None:
        snapshot, placed, total = store.read(self.path), False, 0
        put_off: set[str] = set()
        while True:
            book = Book.read(snapshot.data)
            if book_identity(book) != self.inbox.book_id:
                raise WrongBook(self.path)
            seen = look(book, self.inbox.jumps())
            standings = self._settle(snapshot, book, seen, result)
            if placed:
                self.step("confirmed")
                progress(result.delivered + result.corrected, total)
            going = [one for one in self._choose(seen, standings, result) if one.id not in put_off]
            if not going:
                return
            total = max(total, result.delivered + result.corrected + len(going))
            store.check_free(self.path)
            fresh, left = self._deliver(snapshot, book, seen, going, result)
            put_off |= left
            placed = fresh is not None
            snapshot = fresh or snapshot

    def _choose(self, seen: Seen, standings: Sequence[Standing], result: Pass) -> list[Standing]:
        """The submissions that can go now; what the others wait for is told."""
        waiting = [one for one in standings if one.pending]
        for table in sorted({one.table for one in waiting} & set(seen.problems)):
            result.tell(seen.problems[table], blocking="table")
        held = held_back(self.inbox, seen.review, waiting)
        result.held = len(held)
        going, resting, wakes = [], len(held), []
        for one in waiting:
            if one.table in seen.problems or one.id in held:
                continue
            next_try = one.newest.next_try
            if len(one.rows) > 1:
                resting += 1
                result.tell(str(RowDoubled(one.name, BY_NAME[one.table], one.rows)))
            elif next_try is not None and next_try > utcnow():
                resting += 1
                wakes.append(next_try)
                result.tell(one.newest.reason)
            else:
                going.append(one)
        self._resting, self._wake = resting, min(wakes, default=None)
        return going

    def _deliver(
        self, snapshot: Snapshot, book: Book, seen: Seen, going: Sequence[Standing], result: Pass
    ) -> tuple[Snapshot | None, set[str]]:
        """One batch into the file: what then stands on disk if it was replaced, and the ids that could not go."""
        leased = self._lease(going)
        self.step("leased")
        # Killed or refused from here on: the rows stay leased, and the next pass settles them by what is on disk.
        settings = settings_of(book)
        placer = Placer(
            lambda: Book.read(snapshot.data),
            seen,
            settings,
            lambda table: self.inbox.highest_number(table.name, table.key().number),
        )
        book, done = placer.place(leased)
        self.hold()  # a large book takes its time
        left = self._put_back(done, result)
        if not done.placed:
            return None, left
        generation = self.inbox.hand_out_generation(done.placed, seen.generation, self.me)
        if generation is None:
            raise LeaseLost
        self.step("numbered")
        book.set_defined_name(GENERATION, str(generation))
        counts = self.inbox.state().counts
        gone = len(done.appended) + len(done.corrected)
        book.set_defined_name(WAITING, str(max(0, counts["waiting"] + counts["leased"] - gone)))
        fresh = store.replace(
            snapshot, book.to_bytes(), step=self.step, platform=guarded(self.platform, self.hold, snapshot)
        )
        self.inbox.move([row for row, _ in done.placed], "placed")
        self.step("placed")
        self._count(done, result)
        result.warnings += [text for text in fresh.warnings if text not in result.warnings]
        return fresh, left

    def _lease(self, going: Sequence[Standing]) -> list[Standing]:
        """Claim a batch; a version that came since somebody looked goes along."""
        known = {one.id: one for one in going}
        rows = self.inbox.lease({one.table for one in going}, self.batch, set(known))
        found = []
        for key, fresh in by_submission(rows).items():
            one = known[key]
            numbers = {row.version for row in fresh}
            versions = [*(row for row in one.versions if row.version not in numbers), *fresh]
            ordered = tuple(sorted(versions, key=lambda row: row.version))
            found.append(Standing(ordered, one.rows, one.delivered, one.deleted))
        return found

    def _put_back(self, done: Placement, result: Pass) -> set[str]:
        """What the book could not take waits again: by itself for a while, or until the table is mended."""
        moves = []
        for one, reason in done.refused:
            result.tell(reason)
            moves.append(Moves("waiting", one.pending, reason=reason, next_try=utcnow() + REST))
        for one, reason in done.put_off:
            result.tell(reason, blocking="table")
            moves.append(Moves("waiting", one.pending))
        if moves:
            self.inbox.move_all(moves)
        return {one.id for one, _ in (*done.refused, *done.put_off)}

    def _count(self, done: Placement, result: Pass) -> None:
        result.batches += 1
        result.delivered += len(done.appended)
        result.corrected += len(done.corrected)
        result.kept += [f"{one.standing.name} {cell.column.zh}" for one in done.corrected for cell in one.kept]

    # --- what the file on disk says --------------------------------------------------------------------------------

    def _settle(self, snapshot: Snapshot, book: Book, seen: Seen, result: Pass) -> list[Standing]:
        """Confirm what is there, tell deleted from never written, and keep what staff typed for the senders."""
        known = by_submission(row for row in self.inbox.all() if row.table not in seen.problems)
        standings = [standing(versions, seen) for versions in known.values()]
        busy = self.inbox.being_pulled()
        free = [one for one in standings if one.id not in busy]
        moves = verdicts(free, seen, self.inbox.jumps())
        profile = settings_of(book)
        rows = {i: found[0] for i, found in seen.rows.items()}
        self.inbox.settle(
            self.me,
            moves,
            Sight(
                seen.generation, snapshot.fingerprint, snapshot.saved_at, profile, seen.review, str(self.path),
                shown={i: shown_words(BY_NAME[row.table], row.values) for i, row in rows.items()},
                locked={i: is_locked(row) for i, row in rows.items()},
                keys={one.id: rows[one.id].key for one in standings if one.rows and one.name == one.id and rows[one.id].key},
            ),
        )  # fmt: skip
        self._fingerprint = snapshot.fingerprint
        self._tell(moves, standings, result)
        waiting = by_submission(row for row in self.inbox.all("waiting") if row.table in seen.problems)
        return [*free, *(Standing(tuple(rows), (), 0, False) for rows in waiting.values())]

    def _tell(self, moves: Sequence[Moves], standings: Sequence[Standing], result: Pass) -> None:
        moved = {move.state: move.rows for move in moves}
        names = {one.id: one.name for one in standings}
        gone = [names[i] for i in dict.fromkeys(row.id for row in moved.get("deleted", ()))]
        result.confirmed += len({row.id for row in moved.get("confirmed", ())})
        result.again += len({row.id for row in moved.get("waiting", ()) if row.state in ("placed", "confirmed")})
        result.deleted += gone
        result.doubled = [f"{one.table} {one.id}" for one in standings if len(one.rows) > 1]
        for name in gone:
            log.warning("row %s was deleted by a person and is not written again", name)


def held_back(inbox: Inbox, review: Mapping[str, Any] | None, waiting: Sequence[Standing]) -> set[str]:
    """The rows of reviewers that wait until their panel is whole or closed, so that nobody sees another's marks."""
    theirs = [one for one in waiting if one.table in HELD]
    panels = (review or {}).get("panels", {})
    reviews = Reviews(inbox, b"")
    whole = {key for key, panel in panels.items() if is_open(panel, reviews.sent(key))} if theirs else set()
    return {one.id for one in theirs if one.newest.values.get("panel") not in whole}


Evaluate = Callable[[Path], object]


class Loop:
    """Runs passes in a thread while a server is up: at once when something arrived, else every `pause` seconds.

    `evaluate` is called with the workbook's path once the file has been quiet for `quiet` seconds after a change.
    """

    def __init__(
        self, delivery: Delivery, pause: float = 1.0, report: Callable[[Pass], None] | None = None,
        evaluate: Evaluate | None = None, quiet: float = 2.0,
    ):  # fmt: skip
        self._delivery, self._pause, self._report = delivery, pause, report
        self._evaluate, self._quiet = evaluate, quiet
        self._evaluated: str | None = None  # the file that the last evaluation saw, or left
        self._changed: tuple[str | None, float] = (None, 0.0)  # the newest file, and when it was first seen
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the pass that runs and end."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        wait, kind = self._pause, ""
        while not self._stop.is_set():
            try:
                if not self._delivery.idle():
                    longer = min(wait * 2, 30.0)  # what is in the way usually stays a while
                    result = self._delivery.run(retry_in=longer)
                    wait, kind = (longer, result.kind) if result.blocking else (self._pause, "")
                    if self._report:
                        self._report(result)
                else:
                    wait, kind = self._pause, ""
                    self._evaluate_if_quiet()
            except Exception:  # the loop must outlive anything; rows stay in the inbox
                log.exception("a delivery pass failed; it will be tried again")
                wait = min(wait * 2, 30.0)
            self._rest(wait, until_closed=kind == "open")

    def _rest(self, wait: float, *, until_closed: bool) -> None:
        """Wait; when a program has the book open, no longer than until it is closed."""
        limit = time.monotonic() + wait
        while not self._stop.wait(min(self._pause, max(0.0, limit - time.monotonic()))):
            if time.monotonic() >= limit or (until_closed and store.owner_file(self._delivery.path) is None):
                return

    def _evaluate_if_quiet(self) -> None:
        """Evaluate a file that nobody has changed for a while and that no evaluation has seen."""
        now, there = time.monotonic(), self._delivery.fingerprint
        if self._evaluate is None or there is None or there == self._evaluated:
            return
        if self._changed[0] != there:
            self._changed = (there, now)
        if now - self._changed[1] < self._quiet:
            return
        try:
            with self._delivery.only_writer():
                self._evaluate(self._delivery.path)
        except PartnerBookError as error:
            log.warning("the book was not evaluated: %s", error)
            self._changed = (there, now)
            if not error.permanent:
                return  # open in a program, or just saved: after the next quiet while
            self._evaluated = there
            return
        self._delivery.run()  # the pages show what the file now says
        self._evaluated = self._delivery.fingerprint
