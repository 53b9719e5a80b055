"""Owns the way of submissions into the workbook: claimed, placed under a generation, confirmed on disk.

One pass: become the one writer → read the book → settle what earlier passes and people did → claim waiting rows → hand
out the generation (before writing) → replace the file → read it back and confirm. A pass may be killed anywhere: the
next one finds out what happened from the generation and the ids in the book.
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
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout

from forms_server.database import private_file
from forms_server.inbox import Inbox, Stored
from forms_server.reviews import HELD, Reviews, is_open, review_view
from workbook import store
from workbook.errors import AppendRefused, MissingColumn, MissingTable, PartnerBookError, ValueRefused
from workbook.identity import GENERATION, WAITING, book_identity, generation_of
from workbook.ooxml import Book, TableView
from workbook.rows import headers, need, row_cells, shown_words
from workbook.rules.selection import read_selection
from workbook.schema import COMPUTED, Moment, Number, Submission, Table
from workbook.store import Snapshot, Step, no_step
from workbook.tables import BY_NAME, Marks, SettingRow, Settings, Todo

log = logging.getLogger("partnerbook.delivery")

TAKING = tuple(name for name, table in BY_NAME.items() if table.sections)  # tables that take submissions


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


@dataclass
class Pass:
    """What one pass did: counts by outcome, and the sentence that says why rows wait, if any do."""

    delivered: int = 0
    confirmed: int = 0
    again: int = 0
    deleted: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    waiting: int = 0
    held: int = 0  # of those waiting: rows of reviewers, until their panel is whole

    @property
    def reason(self) -> str | None:
        """All reasons as one text, or None."""
        return " ".join(dict.fromkeys(self.reasons)) or None


@dataclass(frozen=True)
class Seen:
    """What the book on disk holds of submissions: rows by id, in the order of the sheet."""

    generation: int
    rows: Mapping[str, list[dict[str, Any]]]  # submission id → its rows by header, with the table under ""
    tables: Mapping[str, TableView]
    problems: Mapping[str, str]  # table → why nothing can be said about it
    review: Mapping[str, Any] | None = None  # the panels as pages show them


class Delivery:
    """The one writer of a workbook; `step` is called with a name at each step (tests kill the process there)."""

    def __init__(self, inbox: Inbox, path: Path, folder: Path, *, step: Step = no_step, batch: int = 2000):
        self.inbox, self.path, self.step, self.batch = inbox, path, step, batch
        # The file lock dies with its process, so who holds it may take over a lease that was given to this same place.
        place_id = private_file(folder / "place.id", lambda: uuid.uuid4().hex[:12].encode()).decode()
        self._place_name = f"{socket.gethostname()[:20]}-{place_id}-"
        self.me = f"{self._place_name}{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._lock = FileLock(str(folder / f"{inbox.book_id}.lock"))
        self._fingerprint: str | None = None
        self._held_count = 0

    @property
    def fingerprint(self) -> str | None:
        """The file as it was last read."""
        return self._fingerprint

    def run(self) -> Pass:
        """One pass. What is in the way is told in the result and in the inbox's state, never raised."""
        result = Pass()
        try:
            with self._only_writer():
                self._pass(result)
        except PartnerBookError as error:
            result.reasons.append(str(error))
        state = self.inbox.state()
        result.waiting = state.counts["waiting"] + state.counts["leased"]
        self.inbox.explain(result.reason if result.waiting or result.reason else None)
        return result

    def idle(self) -> bool:
        """Whether there is nothing to do: no row waits and the file is the one that was last read."""
        counts = self.inbox.state().counts
        if counts["waiting"] != self._held_count or counts["leased"] or counts["placed"]:
            return False
        try:
            return store.read(self.path).fingerprint == self._fingerprint
        except PartnerBookError:
            return False

    # --- one pass --------------------------------------------------------------------------------------------------

    def _pass(self, result: Pass) -> None:
        snapshot = store.read(self.path)
        book = Book.read(snapshot.data)
        if book_identity(book) != self.inbox.book_id:
            raise WrongBook(self.path)
        seen = look(book)
        self._settle(snapshot, book, seen, result)
        open_tables = [name for name in TAKING if name in seen.tables and name not in seen.problems]
        result.reasons.extend(
            problem for table, problem in seen.problems.items() if self.inbox.all("waiting", tables=[table])
        )
        reviewed = self.inbox.all("waiting", tables=HELD)
        held = self._held(seen, reviewed)
        result.held = self._held_count = len(held)
        going = {row.id for row in self.inbox.all("waiting", tables=[t for t in open_tables if t not in HELD])}
        going |= {row.id for row in reviewed if row.table in open_tables} - held
        if not going:
            return
        store.check_free(self.path)
        leased = self.inbox.lease(open_tables, self.batch, going)
        self.step("leased")
        # Killed or refused from here on: the rows stay leased, and the next pass settles them by what is on disk.
        self._place(snapshot, book, seen, leased, result)

    def _held(self, seen: Seen, waiting: Sequence[Stored]) -> set[str]:
        """The rows of reviewers that wait until their panel is whole or closed, so that nobody sees another's marks."""
        panels = (seen.review or {}).get("panels", {})
        reviews = Reviews(self.inbox, b"")
        whole = {key for key, panel in panels.items() if is_open(panel, reviews.sent(key))} if waiting else set()
        return {row.id for row in waiting if row.values.get("panel") not in whole}

    def _place(self, snapshot: Snapshot, book: Book, seen: Seen, leased: Sequence[Stored], result: Pass) -> None:
        placed: list[tuple[Stored, str]] = []
        for table in TAKING:
            rows = [row for row in leased if row.table == table]
            if rows:
                placed += self._append(book, BY_NAME[table], seen, rows, result)
        if not placed:
            return
        remind(book, placed, settings_of(book))
        generation = self.inbox.hand_out_generation(placed, seen.generation, self.me)
        if generation is None:
            raise AnotherWriter
        self.step("numbered")
        book.set_defined_name(GENERATION, str(generation))
        counts = self.inbox.state().counts
        book.set_defined_name(WAITING, str(counts["waiting"] + counts["leased"] - len(placed)))
        fresh = store.replace(snapshot, book.to_bytes(), step=self.step)
        rows = [row for row, _ in placed]
        self.inbox.move(rows, "placed")
        self.step("placed")
        result.delivered += len(rows)
        again = Book.read(fresh.data)
        self._settle(fresh, again, look(again), result)
        self.step("confirmed")

    def _append(
        self, book: Book, table: type[Table], seen: Seen, rows: Sequence[Stored], result: Pass
    ) -> list[tuple[Stored, str]]:
        """Add rows to one table of the book in memory; a table or a row that refuses leaves the others alone."""
        view = seen.tables[table.name]
        zone = ZoneInfo(settings_of(book).get("zone", "Asia/Shanghai"))
        keyed = list(zip(rows, self._keys(book, table, rows), strict=True))
        cells = []
        try:
            for row, key in keyed:
                cells.append(row_cells(table, typed_values(table, row, key, zone), view.columns, view.sheet))
            book.append(table.name, cells)
        except ValueRefused:
            return self._append_singly(book, table, list(zip(keyed, cells, strict=True)), result)
        except (MissingColumn, MissingTable, AppendRefused) as error:
            result.reasons.append(str(error))
            self.inbox.move(rows, "waiting", str(error), forget=True)
            return []
        return keyed

    def _append_singly(
        self, book: Book, table: type[Table], pairs: Sequence[tuple[tuple[Stored, str], Any]], result: Pass
    ) -> list[tuple[Stored, str]]:
        kept = []
        for (row, key), cells in pairs:
            try:
                book.append(table.name, [cells])
                kept.append((row, key))
            except ValueRefused as error:
                result.reasons.append(f"{table.label.zh} 的一条提交写不进单元格：{error}")
                self.inbox.move([row], "waiting", str(error), forget=True)
        return kept

    def _keys(self, book: Book, table: type[Table], rows: Sequence[Stored]) -> list[str]:
        """A short key for each row: the one it had before (if nobody took it), else the next free number."""
        column = table.key()
        header = headers(table, book.table(table.name).columns).get(column.name, "")
        taken = {str(row.values.get(header) or "").strip() for row in book.rows(table.name)}
        highest = max(
            [self.inbox.highest_number(table.name, column.number), *(column.number(key) or 0 for key in taken)]
        )
        keys = []
        for row in rows:
            key = row.row_key
            if not key or key in taken:
                highest += 1
                key = column.make(highest)
            taken.add(key)
            keys.append(key)
        return keys

    # --- what the file on disk says --------------------------------------------------------------------------------

    def _settle(self, snapshot: Snapshot, book: Book, seen: Seen, result: Pass) -> None:
        """Confirm what is there, tell deleted from never written, and keep what staff typed for the senders."""
        known = [row for row in self.inbox.all() if row.table not in seen.problems]
        there = [row for row in known if row.id in seen.rows]
        absent = [row for row in known if row.id not in seen.rows]
        confirm = [row for row in there if row.state != "confirmed"]
        written = [row for row in absent if row.generation is not None and row.generation <= seen.generation]
        deleted = [row for row in written if row.state != "deleted"]
        again = [
            row for row in absent if row not in written and row.state in ("leased", "placed", "confirmed")
        ]  # this copy never held them
        for rows, state, forget in (
            (confirm, "confirmed", False),
            (deleted, "deleted", False),
            (again, "waiting", True),
        ):
            if rows:
                self.inbox.move(rows, state, forget=forget)
        result.confirmed += len(confirm)
        result.deleted += [row.row_key or row.id for row in deleted]
        result.again += sum(row.state in ("placed", "confirmed") for row in again)
        result.doubled = [rows[0].get("", "") + " " + i for i, rows in seen.rows.items() if len(rows) > 1]
        for row in deleted:
            log.warning("row %s of %s was deleted by a person and is not written again", row.row_key, row.table)
        self.inbox.show(
            {
                i: shown_words(BY_NAME[rows[0][""]], {k: v for k, v in rows[0].items() if k})
                for i, rows in seen.rows.items()
            }
        )
        self.inbox.saw(
            generation=seen.generation,
            fingerprint=snapshot.fingerprint,
            saved_at=snapshot.saved_at,
            profile=settings_of(book),
            review=seen.review,
        )
        self._fingerprint = snapshot.fingerprint

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
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


def remind(book: Book, placed: Sequence[tuple[Stored, str]], settings: Mapping[str, str]) -> None:
    """Put a to-do beside each new row: somebody has to check who sent it. A book without the page goes without."""
    key, subject = Todo.key(), Todo.columns["subject"]
    try:
        view = book.table(Todo.name)
        where = need(Todo, view.columns, [key.name, subject.name], view.sheet)
        rows = [row.values for row in book.rows(Todo.name)]
        known = {str(row.get(where[subject.name]) or "") for row in rows}
        number = max((key.number(row.get(where[key.name])) or 0 for row in rows), default=0)
        fresh = []
        for stored, row_key in placed:
            if stored.table in HELD:  # reviewers are known people: nothing to verify
                continue
            if row_key in known:  # the row came back after a restore; its to-do is there
                continue
            number += 1
            table = BY_NAME[stored.table]
            zone = ZoneInfo(settings["zone"])
            due = stored.received_at.astimezone(zone).date() + timedelta(days=_days(settings["verify_days"]))
            values = {
                key.name: key.make(number), "due": due, "matter": f"核实新的{table.label.zh}", subject.name: row_key,
                "chapter_name": table.chapter.value.zh, "rule": "公开表单谁都能填，核实之前不算数", "page": table.name,
            }  # fmt: skip
            fresh.append(row_cells(Todo, values, view.columns, view.sheet))
        if fresh:
            book.append(Todo.name, fresh)
    except PartnerBookError as error:  # the submissions matter more than the reminder
        log.warning("no to-do was written: %s", error)


def _days(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else 5


def look(book: Book) -> Seen:
    """Find every submission in the book, by table name and header, wherever people moved them."""
    tables: dict[str, TableView] = {}
    problems: dict[str, str] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for name in TAKING:
        declared = BY_NAME[name]
        column = declared.submission()
        assert column is not None
        try:
            view = book.table(name)
            header = need(declared, view.columns, [column.name], view.sheet)[column.name]
        except (MissingTable, MissingColumn) as error:
            problems[name] = str(error)
            continue
        tables[name] = view
        for row in book.rows(name):
            if submission_id := str(row.values.get(header) or "").strip():
                rows.setdefault(submission_id, []).append({"": name, **row.values})
    return Seen(generation_of(book), rows, tables, problems, _review(book))


def _review(book: Book) -> dict[str, Any] | None:
    """The panels as pages show them; a book whose tables of scoring are not whole keeps what was known before."""
    try:
        return review_view(read_selection(book))
    except PartnerBookError as error:
        log.info("the panels cannot be read: %s", error)
        return None


def typed_values(table: type[Table], row: Stored, key: str, zone: ZoneInfo) -> dict[str, Any]:
    """The values of a row by column name: what was sent, its key, and when it came, in local time."""
    values = {n: table.columns[n].from_json(v) for n, v in row.values.items() if n in table.columns}
    for name, column in table.columns.items():
        if isinstance(column, Submission):
            values[name] = row.id
    values[table.key().name] = key
    values.update(stamps(table, row, zone))
    return values


def stamps(table: type[Table], row: Stored, zone: ZoneInfo) -> dict[str, Any]:
    """What the server knows of a row: every computed Moment is its arrival, every computed Number its version."""
    arrival = row.received_at.astimezone(zone).replace(tzinfo=None)
    known: dict[str, Any] = {}
    for name, column in table.columns.items():
        if column.owner is COMPUTED and isinstance(column, Moment):
            known[name] = arrival
        elif column.owner is COMPUTED and isinstance(column, Number):
            known[name] = row.version
    if table is Marks:
        known["source"] = "link"
    return known


def settings_of(book: Book) -> dict[str, str]:
    """The settings that pages and delivery need, by `Profile` field; what is gone or blank falls back to the default."""
    fields = {
        "company": SettingRow.COMPANY, "department": SettingRow.DEPARTMENT, "mail": SettingRow.MAIL,
        "phone": SettingRow.PHONE, "zone": SettingRow.ZONE, "verify_days": SettingRow.VERIFY_DAYS,
    }  # fmt: skip
    defaults = {name: value for name, value, _ in SettingRow.DEFAULTS}
    found = dict(defaults)
    try:
        view = book.table(Settings.name)
        where = need(Settings, view.columns, ["setting", "value"], view.sheet)
        for row in book.rows(Settings.name):
            value = row.values.get(where["value"])
            if value not in (None, ""):
                found[str(row.values.get(where["setting"]))] = str(value).strip()
    except (MissingTable, MissingColumn):
        log.info("the settings table is not whole; defaults are used")
    profile = {field: found.get(name, "") for field, name in fields.items()}
    try:
        ZoneInfo(profile["zone"])
    except (KeyError, ValueError, OSError):
        profile["zone"] = defaults[SettingRow.ZONE]
    return profile


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
        wait = self._pause
        while not self._stop.is_set():
            try:
                if not self._delivery.idle():
                    result = self._delivery.run()
                    # What is in the way usually stays a while: back off, at most half a minute.
                    wait = min(wait * 2, 30.0) if result.reasons else self._pause
                    if self._report:
                        self._report(result)
                else:
                    wait = self._pause
                    self._evaluate_if_quiet()
            except Exception:  # the loop must outlive anything; rows stay in the inbox
                log.exception("a delivery pass failed; it will be tried again")
                wait = min(wait * 2, 30.0)
            self._stop.wait(wait)

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
