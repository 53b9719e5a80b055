"""Owns submissions from the moment a receipt is shown until they are proven to be in the workbook.

    waiting → leased (a writer has them; a generation may be handed out) → placed(generation) → confirmed
                                                                             ↘ deleted (a person removed the row)

A submission has versions: 1 is what came first, each correction is the next one, under the same id and receipt. Every
version goes this way by itself; the row in the workbook is one. Nothing here knows the workbook's bytes: `delivery`
moves versions and tells the inbox what it saw on disk.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forms_server.codes import body_hash, code_hash, plain_code, receipt_code
from forms_server.database import books, jumps, pulls, receipts, submissions
from workbook.errors import PartnerBookError
from workbook.submissions import Stored

STATES = ("waiting", "leased", "placed", "confirmed", "deleted")
LEASE_SECONDS = 180  # how long a writer may be silent before another takes its place


class SubmissionConflict(PartnerBookError):
    """The same submission id came with another body; the first one stays as it is."""

    def __init__(self) -> None:
        super().__init__("这份提交已经收到过，而这一次的内容不同。先前的内容没有改动；要再交一份，请打开新的表单。")


class VersionGap(PartnerBookError):
    """A correction is not the next version: somebody corrected the submission meanwhile, or it was never there."""

    def __init__(self, newest: int):
        self.newest = newest
        text = f"这份提交在别处更正过，现在是第 {newest} 版，这一次的更正没有保存。请重新打开更正页面再改。"
        super().__init__(text if newest else "收件箱里没有这份提交，不能更正。请打开新的表单。")


class SubmissionClosed(PartnerBookError):
    """The sender may not correct any more: staff verified or decided, or took the row out."""

    def __init__(self) -> None:
        super().__init__("经办人已经开始处理这份提交，不能再自行更正。需要更正请带着回执号联系经办人。")


class LeaseLost(PartnerBookError):
    """A writer that was held up woke after another had taken its place: it changes nothing any more."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("写入中断得太久，另一个进程已接手这个工作簿，这一次没有写入。提交仍在收件箱里，会自动再试。")


class InboxUnavailable(PartnerBookError):
    """The inbox could not commit (disk full, database down): no receipt was given."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("现在无法保存提交，没有生成回执。填写的内容还在页面上，请稍后再试。")


@dataclass(frozen=True)
class Incoming:
    """A submission as a form hands it over: `values` are JSON values by column name, blanks left out."""

    id: str
    form: str
    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Moves:
    """Versions that go into a state, and into a generation if one is named."""

    state: str
    rows: Sequence[Stored]
    generation: int | None = None
    reason: str | None = None
    next_try: datetime | None = None


@dataclass(frozen=True)
class Sight:
    """What the file on disk said when it was read."""

    generation: int
    fingerprint: str
    saved_at: datetime
    profile: Mapping[str, str]
    review: Mapping[str, Any] | None = None
    path: str | None = None
    shown: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # what staff typed for the senders, by id
    locked: Mapping[str, bool] = field(default_factory=dict)  # whether the sender may correct no more, by id
    keys: Mapping[str, str] = field(default_factory=dict)  # row keys that the inbox did not know, by id


@dataclass(frozen=True)
class Receipt:
    """What the page behind a receipt may know: state and what staff typed for the sender; never other rows."""

    submission_id: str
    form: str
    table: str
    version: int
    received_at: datetime
    state: str
    values: dict[str, Any]
    shown: dict[str, str]
    as_of: datetime | None
    book_line: str  # why it waits, for staff; never shown to senders
    why: str = ""  # the kind of trouble, in a word that everybody may see
    waits_since: datetime | None = None
    next_try: datetime | None = None
    locked: bool = False
    first_at: datetime | None = None  # when its first version came


@dataclass(frozen=True)
class Profile:
    """What pages show of the book's settings."""

    company: str = "本公司"
    department: str = "合作管理部"
    mail: str = ""
    phone: str = ""
    zone: str = "Asia/Shanghai"
    verify_days: str = "5"
    publications: str = "[]"  # JSON: windows of what is published, see `openings`
    limits: str = ""  # JSON: time limits of issues, see `due_times`


@dataclass(frozen=True)
class BookState:
    """Where delivery stands; `reason` says in one sentence why rows wait."""

    generation: int
    seen_generation: int | None
    fingerprint: str | None
    saved_at: datetime | None
    reason: str | None
    reason_kind: str
    reason_since: datetime | None
    next_try: datetime | None
    notice: str | None
    counts: dict[str, int]  # submissions by state; one with a correction on its way counts under both states


def utcnow() -> datetime:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def as_utc(moment: datetime | None) -> datetime | None:
    """SQLite forgets the zone of what it stores; everything in here is UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


class Inbox:
    """The submissions of one book in one database."""

    def __init__(self, engine: sa.Engine, book_id: str, secret: bytes):
        self._engine, self.book_id, self._secret = engine, book_id, secret
        self._writing = threading.Lock()
        with self._write() as connection:
            if connection.execute(sa.select(books.c.id).where(books.c.id == book_id)).first() is None:
                connection.execute(books.insert().values(id=book_id, generation=0))

    # --- the web's side --------------------------------------------------------------------------------------------

    def submit(self, incoming: Incoming, version: int = 1, *, by_sender: bool = False) -> str:
        """Commit a submission, or its next version, and return its receipt; the same again gets the same receipt.

        A sender (`by_sender`) corrects only until staff took the matter in hand.

        Raises:
            SubmissionConflict: this version is known with another body, or the id belongs to another form.
            VersionGap: it is not the next version.
            SubmissionClosed: the sender may not correct any more.
            InboxUnavailable: nothing was stored.
        """
        code = receipt_code(self._secret, incoming.id)
        try:
            with self._write() as connection:
                before = self._before(connection, incoming, version, by_sender)
                if before is not None:
                    connection.execute(submissions.insert().values({**self._fresh(incoming, version), **before}))
                hashed = code_hash(code)
                if connection.execute(sa.select(receipts).where(receipts.c.code_hash == hashed)).first() is None:
                    connection.execute(receipts.insert().values(code_hash=hashed, submission=incoming.id))
        except sa.exc.IntegrityError:  # another process was first (PostgreSQL): what it stored decides
            with self._read() as connection:
                self._before(connection, incoming, version, by_sender)
        except sa.exc.SQLAlchemyError as error:
            raise InboxUnavailable from error
        return code

    def _before(
        self, connection: sa.Connection, incoming: Incoming, version: int, by_sender: bool
    ) -> dict[str, Any] | None:
        """What a new version takes over from the one before it; None if this version is stored already."""
        known = connection.execute(
            sa.select(submissions).where(submissions.c.id == incoming.id).order_by(submissions.c.version)
        ).all()
        home = (self.book_id, incoming.form, incoming.table)
        if any((row.book, row.form, row.table_name) != home for row in known):
            raise SubmissionConflict
        digest = body_hash(incoming.form, incoming.table, incoming.values)
        for row in known:
            if row.version == version:
                if row.body_hash != digest:
                    raise SubmissionConflict
                return None
        newest = known[-1] if known else None
        if version != (newest.version if newest else 0) + 1:
            raise VersionGap(newest.version if newest else 0)
        if newest is None:
            return {}
        if by_sender and (newest.locked or newest.state == "deleted"):
            raise SubmissionClosed
        return {"shown": newest.shown, "locked": newest.locked, "row_key": newest.row_key}

    def _fresh(self, incoming: Incoming, version: int = 1) -> dict[str, Any]:
        now = utcnow()
        return {
            "id": incoming.id, "version": version, "book": self.book_id, "form": incoming.form,
            "table_name": incoming.table, "body": json.dumps(incoming.values),
            "body_hash": body_hash(incoming.form, incoming.table, incoming.values), "received_at": now,
            "state": "waiting", "changed_at": now,
        }  # fmt: skip

    def submit_all(self, incoming: Sequence[Incoming], also: Callable[[sa.Connection], None]) -> None:
        """Commit several submissions together, or none; `also` runs in the same transaction. They have no receipts.

        Raises:
            SubmissionConflict: one of the ids is known with another body.
            InboxUnavailable: nothing was stored.
        """
        rows = [self._fresh(one) for one in incoming]
        hashes = {row["id"]: row["body_hash"] for row in rows}
        try:
            with self._write() as connection:
                wanted = sa.select(submissions.c.id, submissions.c.body_hash).where(submissions.c.id.in_(list(hashes)))
                known = {row.id: row.body_hash for row in connection.execute(wanted)}
                if any(hashes[key] != value for key, value in known.items()):
                    raise SubmissionConflict
                fresh = [row for row in rows if row["id"] not in known]
                if fresh:
                    connection.execute(submissions.insert(), fresh)
                also(connection)
        except sa.exc.SQLAlchemyError as error:
            raise InboxUnavailable from error

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A writing transaction of the same database, for what stands beside submissions."""
        with self._write() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A reading transaction of the same database."""
        with self._read() as connection:
            yield connection

    def receipt(self, code: str) -> Receipt | None:
        """What a receipt may show, or None for any code that was never given."""
        plain = plain_code(code)
        if plain is None:
            return None
        other = submissions.alias()
        first_of = sa.select(sa.func.min(other.c.received_at)).where(other.c.id == submissions.c.id).scalar_subquery()
        with self._read() as connection:
            row = connection.execute(
                sa.select(
                    submissions,
                    books.c.saved_at,
                    books.c.reason.label("book_reason"),
                    books.c.reason_since,
                    books.c.reason_kind,
                    books.c.next_try.label("book_next"),
                    first_of.label("first_at"),
                )
                .join(receipts, receipts.c.submission == submissions.c.id)
                .join(books, books.c.id == submissions.c.book)
                .where(receipts.c.code_hash == code_hash(plain), submissions.c.book == self.book_id)
                .order_by(submissions.c.version.desc())
            ).first()
        if row is None:
            return None
        received, first = as_utc(row.received_at), as_utc(row.first_at)
        assert received is not None
        own = row.reason is not None  # this row by itself cannot be written
        return Receipt(
            submission_id=row.id, form=row.form, table=row.table_name, version=row.version, received_at=received,
            state=row.state, values=json.loads(row.body), shown=json.loads(row.shown or "{}"),
            as_of=as_utc(row.saved_at), book_line=row.reason or row.book_reason or "",
            why="row" if own else row.reason_kind or "", waits_since=as_utc(row.changed_at if own else row.reason_since),
            next_try=as_utc(row.next_try if own else row.book_next), locked=bool(row.locked),
            first_at=first,
        )  # fmt: skip

    def profile(self) -> Profile:
        """The settings that pages show, as of the last read of the book."""
        with self._read() as connection:
            text = connection.scalar(sa.select(books.c.profile).where(books.c.id == self.book_id))
        return Profile(**json.loads(text)) if text else Profile()

    def ready(self) -> bool:
        """Whether the database answers."""
        try:
            self.profile()
        except sa.exc.SQLAlchemyError:
            return False
        return True

    # --- delivery's side -------------------------------------------------------------------------------------------

    def state(self) -> BookState:
        """Counts by state, and why rows wait."""
        with self._read() as connection:
            row = connection.execute(sa.select(books).where(books.c.id == self.book_id)).one()
            counted = connection.execute(
                sa.select(submissions.c.state, sa.func.count(submissions.c.id.distinct()))
                .where(submissions.c.book == self.book_id)
                .group_by(submissions.c.state)
            )
            counts = {**dict.fromkeys(STATES, 0), **{row[0]: row[1] for row in counted}}
        return BookState(
            generation=row.generation, seen_generation=row.seen_generation, fingerprint=row.fingerprint,
            saved_at=as_utc(row.saved_at), reason=row.reason, reason_kind=row.reason_kind or "", reason_since=as_utc(row.reason_since), next_try=as_utc(row.next_try), notice=row.notice,
            counts=counts,
        )  # fmt: skip

    def all(self, *states: str, tables: Iterable[str] | None = None) -> list[Stored]:
        """The submissions in these states (all if none is named), oldest first."""
        query = sa.select(submissions).where(submissions.c.book == self.book_id).order_by(submissions.c.seq)
        if states:
            query = query.where(submissions.c.state.in_(states))
        if tables is not None:
            query = query.where(submissions.c.table_name.in_(list(tables)))
        with self._read() as connection:
            return [stored_row(row) for row in connection.execute(query)]

    def lease(self, tables: Iterable[str], limit: int = 500, only: Collection[str] | None = None) -> list[Stored]:
        """Claim waiting submissions for these tables, each with all its waiting versions; the book's writer asks.

        With `only`, other ids stay where they are: what came after somebody looked is for the next pass.
        """
        mine = sa.and_(
            submissions.c.book == self.book_id,
            submissions.c.state == "waiting",
            submissions.c.table_name.in_(list(tables)),
        )
        wanted = sa.select(submissions.c.seq, submissions.c.id).where(mine).order_by(submissions.c.seq)
        with self._write() as connection:
            found = [row for row in connection.execute(wanted) if only is None or row.id in only]
            ids = set(list(dict.fromkeys(row.id for row in found))[:limit])
            chosen = [row.seq for row in found if row.id in ids]
            rows: list[Any] = []
            for part in _parts(chosen):
                claim = submissions.update().where(submissions.c.seq.in_(part), mine)
                rows += connection.execute(
                    claim.values(state="leased", changed_at=utcnow()).returning(*submissions.c)
                ).all()
        return sorted((stored_row(row) for row in rows), key=lambda stored: stored.seq)

    def hand_out_generation(self, rows: Sequence[tuple[Stored, str]], base: int, owner: str) -> int | None:
        """Raise the book's generation and note it and the row keys **before** the file of generation `base` is replaced.

        After a crash this tells "never written" (not in the file's lineage) from "written, then deleted by a person".
        Returns None when the lease was lost meanwhile: then nothing may be written (fencing).
        """
        with self._write() as connection:
            until = utcnow() + timedelta(seconds=LEASE_SECONDS)
            generation = raise_generation(connection, self._held_by(owner), base, lease_until=until)
            if generation is None:
                return None
            for stored, key in rows:
                connection.execute(
                    submissions.update()
                    .where(submissions.c.seq == stored.seq, submissions.c.state == "leased")
                    .values(generation=generation, row_key=key)
                )
        return int(generation)

    def move(self, rows: Iterable[Stored], state: str, reason: str | None = None) -> None:
        """Put versions into a state."""
        self.move_all([Moves(state, list(rows), reason=reason)])

    def move_all(self, moves: Iterable[Moves]) -> None:
        """Put versions into their states, all in one transaction."""
        with self._write() as connection:
            self._move(connection, moves)

    def settle(self, owner: str, moves: Iterable[Moves], sight: Sight) -> None:
        """Note what the file on disk said and what follows from it, all in one transaction.

        Raises:
            LeaseLost: another writer took over since the file was read, so what this one saw may be old.
        """
        with self._write() as connection:
            if not self._hold(connection, owner):
                raise LeaseLost
            self._move(connection, moves)
            self._note(connection, sight)

    def _move(self, connection: sa.Connection, moves: Iterable[Moves]) -> None:
        """What a program took into its hands since it was looked at stays as it is: it goes its own way."""
        pulled = sa.and_(submissions.c.pull.is_not(None), submissions.c.pull.in_(running_pulls(self.book_id)))
        for move in moves:
            changes: dict[str, Any] = {
                "state": move.state, "reason": move.reason, "next_try": move.next_try, "changed_at": utcnow(),
                "pull": None,
            }  # fmt: skip
            if move.generation is not None:
                changes["generation"] = move.generation
            for part in _parts([row.seq for row in move.rows]):
                wanted = sa.and_(submissions.c.seq.in_(part), sa.not_(pulled))
                connection.execute(submissions.update().where(wanted).values(changes))

    def saw(
        self, *, generation: int, fingerprint: str, saved_at: datetime, profile: Mapping[str, str],
        review: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Note what the file on disk said; a generation older than the last one seen is announced."""
        with self._write() as connection:
            self._note(connection, Sight(generation, fingerprint, saved_at, profile, review))

    def _note(self, connection: sa.Connection, sight: Sight) -> None:
        before = connection.scalar(sa.select(books.c.seen_generation).where(books.c.id == self.book_id))
        changes: dict[str, Any] = {
            "seen_generation": sight.generation, "fingerprint": sight.fingerprint, "seen_at": utcnow(),
            "saved_at": sight.saved_at, "profile": json.dumps(dict(sight.profile)),
        }  # fmt: skip
        if sight.review is not None:
            changes["review"] = json.dumps(sight.review, ensure_ascii=False)
        if sight.path is not None:
            changes["path"] = sight.path
        if before is not None and sight.generation < before:
            changes["notice"] = (
                f"工作簿回到了较早的版本（第 {sight.generation} 次写入，之前是第 {before} 次），可能恢复了备份。"
                "缺少的提交会重新写入；员工在那之后手工改的内容只能从备份找回。"
            )
        connection.execute(books.update().where(books.c.id == self.book_id).values(changes))
        self._show(connection, sight.shown, sight.locked)
        for submission_id, key in sight.keys.items():
            mine = sa.and_(submissions.c.id == submission_id, submissions.c.row_key.is_(None))
            connection.execute(submissions.update().where(mine).values(row_key=key))

    def show(self, shown: Mapping[str, Mapping[str, str]]) -> None:
        """Keep what staff typed for the senders, by submission id; writes only what differs."""
        with self._write() as connection:
            self._show(connection, shown, {})

    def _show(
        self, connection: sa.Connection, shown: Mapping[str, Mapping[str, str]], locked: Mapping[str, bool]
    ) -> None:
        if not shown:
            return
        wanted = sa.select(submissions.c.seq, submissions.c.id, submissions.c.shown, submissions.c.locked)
        for row in connection.execute(wanted.where(submissions.c.book == self.book_id)).all():
            if row.id not in shown:
                continue
            fresh = {
                "shown": json.dumps(dict(shown[row.id]), sort_keys=True), "locked": locked.get(row.id, row.locked),
            }  # fmt: skip
            if (fresh["shown"], fresh["locked"]) != (row.shown, row.locked):
                connection.execute(submissions.update().where(submissions.c.seq == row.seq).values(fresh))

    def explain(self, reason: str | None, next_try: datetime | None = None, kind: str = "") -> None:
        """Say why rows wait and when that is tried next, or that nothing is in the way any more."""
        with self._write() as connection:
            mine = books.c.id == self.book_id
            known = connection.execute(sa.select(books.c.reason, books.c.next_try).where(mine)).one()
            changes: dict[str, Any] = {}
            if known.reason != reason:
                changes = {"reason": reason, "reason_kind": kind or None, "reason_since": utcnow() if reason else None}
            if as_utc(known.next_try) != next_try:
                changes["next_try"] = next_try
            if changes:
                connection.execute(books.update().where(mine).values(changes))

    def being_pulled(self) -> set[str]:
        """The submissions that a program is carrying into an open copy of the book at this moment."""
        with self._read() as connection:
            return set(
                connection.scalars(
                    sa.select(submissions.c.id).where(submissions.c.pull.in_(running_pulls(self.book_id)))
                )
            )

    def jumps(self) -> dict[int, int]:
        """The generations that were not built on the one just before them, each with the one that it was built on."""
        with self._read() as connection:
            return jumps_of(connection, self.book_id)

    def highest_number(self, table: str, number_of: Any) -> int:
        """The highest running number that was ever given to a row of this table."""
        with self._read() as connection:
            keys = connection.scalars(
                sa.select(submissions.c.row_key).where(
                    submissions.c.book == self.book_id,
                    submissions.c.table_name == table,
                    submissions.c.row_key.is_not(None),
                )
            )
            return max((number_of(key) or 0 for key in keys), default=0)

    def take_lease(self, owner: str, place: str = "", seconds: int = LEASE_SECONDS) -> bool:
        """Become the one writer of this book unless another holds a lease that has not run out.

        `place` begins the owner's name; a lease of the same place is free, because the caller holds its file lock.
        """
        now = utcnow()
        free = sa.or_(books.c.lease_owner.is_(None), books.c.lease_owner == owner, books.c.lease_until <= now)
        if place:
            free = sa.or_(free, books.c.lease_owner.startswith(place, autoescape=True))
        with self._write() as connection:
            changed = connection.execute(
                books.update()
                .where(books.c.id == self.book_id, free)
                .values(lease_owner=owner, lease_until=now + timedelta(seconds=seconds))
            )
            return changed.rowcount == 1

    def hold_lease(self, owner: str) -> bool:
        """Whether this owner still is the one writer; if so, its time begins anew. The fencing token is the owner."""
        with self._write() as connection:
            return self._hold(connection, owner)

    def _hold(self, connection: sa.Connection, owner: str) -> bool:
        until = utcnow() + timedelta(seconds=LEASE_SECONDS)
        return connection.execute(books.update().where(self._held_by(owner)).values(lease_until=until)).rowcount == 1

    def _held_by(self, owner: str) -> sa.ColumnElement[bool]:
        return sa.and_(books.c.id == self.book_id, books.c.lease_owner == owner, books.c.lease_until > utcnow())

    def drop_lease(self, owner: str) -> None:
        """Let the next writer in."""
        with self._write() as connection:
            connection.execute(
                books.update()
                .where(books.c.id == self.book_id, books.c.lease_owner == owner)
                .values(lease_owner=None, lease_until=None)
            )

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with self._writing, self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with self._engine.connect().execution_options(reading=True) as connection:
            yield connection


def raise_generation(connection: sa.Connection, which: sa.ColumnElement[bool], base: int, **also: Any) -> int | None:
    """The next generation of the one book that `which` picks, for a copy of generation `base`; None if it picks none."""
    counted = sa.case((books.c.generation >= base, books.c.generation), else_=base)
    raised = connection.execute(
        books.update().where(which).values(generation=counted + 1, **also).returning(books.c.id, books.c.generation)
    ).first()
    if raised is None:
        return None
    if raised.generation != base + 1:
        connection.execute(jumps.insert().values(book=raised.id, generation=raised.generation, base=base))
    return int(raised.generation)


def running_pulls(book: str) -> sa.Select[tuple[str]]:
    """The pulls whose program is still at work, as far as anybody knows.

    A time that no lease can reach was set while the clock was ahead: it holds nothing back.
    """
    now = utcnow()
    return sa.select(pulls.c.id).where(
        pulls.c.book == book, pulls.c.state.in_(("claimed", "numbered")),
        pulls.c.until > now, pulls.c.until <= now + timedelta(seconds=2 * LEASE_SECONDS),
    )  # fmt: skip


def jumps_of(connection: sa.Connection, book: str) -> dict[int, int]:
    """As `Inbox.jumps`, within a transaction."""
    return {row.generation: row.base for row in connection.execute(sa.select(jumps).where(jumps.c.book == book))}


def stored_row(row: Any) -> Stored:
    """A row of the table of submissions."""
    received = as_utc(row.received_at)
    assert received is not None
    return Stored(
        seq=row.seq, id=row.id, version=row.version, table=row.table_name, values=json.loads(row.body),
        received_at=received, state=row.state, generation=row.generation, row_key=row.row_key, reason=row.reason,
        next_try=as_utc(row.next_try), shown=json.loads(row.shown or "{}"),
    )  # fmt: skip


def _parts(numbers: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    """In pieces that every database takes as one list."""
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
