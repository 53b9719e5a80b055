"""Owns submissions from the moment a receipt is shown until they are proven to be in the workbook.

    waiting → leased (a writer has them; a generation may be handed out) → placed(generation) → confirmed
                                                                             ↘ deleted (a person removed the row)

Nothing here knows the workbook's bytes; `delivery` moves rows and tells the inbox what it saw on disk.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forms_server.database import books, receipts, submissions
from workbook.errors import PartnerBookError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
STATES = ("waiting", "leased", "placed", "confirmed", "deleted")


class SubmissionConflict(PartnerBookError):
    """The same submission id came with another body; the first one stays as it is."""

    def __init__(self) -> None:
        super().__init__("这份提交已经收到过，而这一次的内容不同。先前的内容没有改动；要再交一份，请打开新的表单。")


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
class Stored:
    """A submission as delivery sees it."""

    seq: int
    id: str
    version: int
    table: str
    values: dict[str, Any]
    received_at: datetime
    state: str
    generation: int | None
    row_key: str | None


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
    book_line: str


@dataclass(frozen=True)
class Profile:
    """What pages show of the book's settings."""

    company: str = "本公司"
    department: str = "合作管理部"
    mail: str = ""
    phone: str = ""
    zone: str = "Asia/Shanghai"
    verify_days: str = "5"


@dataclass(frozen=True)
class BookState:
    """Where delivery stands; `reason` says in one sentence why rows wait."""

    generation: int
    seen_generation: int | None
    fingerprint: str | None
    saved_at: datetime | None
    reason: str | None
    reason_since: datetime | None
    notice: str | None
    counts: dict[str, int]


def receipt_code(secret: bytes, submission_id: str) -> str:
    """The receipt of a submission: 100 bits that only the server's secret can derive, in groups of four."""
    digest = hmac.new(secret, b"receipt\0" + submission_id.encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest, "big") >> (256 - 100)
    letters = "".join(ALPHABET[(number >> (5 * i)) & 31] for i in reversed(range(20)))
    return "-".join(letters[i : i + 4] for i in range(0, 20, 4))


def plain_code(code: str) -> str | None:
    """A receipt as people type it, without hyphens and with look-alike letters mended; None if it cannot be one."""
    letters = "".join(c for c in code.upper() if not c.isspace() and c not in "-–—").translate(
        str.maketrans("OIL", "011")
    )
    return letters if len(letters) == 20 and all(c in ALPHABET for c in letters) else None


def code_hash(code: str) -> str:
    """What is stored of a receipt. 100 random bits need no salt."""
    return hashlib.sha256(code.replace("-", "").encode()).hexdigest()


def body_hash(form: str, table: str, values: Mapping[str, Any]) -> str:
    """Equal for equal content: a retry uploads its files again under new ids, so ids do not count."""

    def without_id(value: Any) -> Any:
        if isinstance(value, list):
            return [without_id(v) for v in value]
        return {k: v for k, v in value.items() if k != "id"} if isinstance(value, dict) else value

    plain = {name: without_id(value) for name, value in values.items()}
    return hashlib.sha256(json.dumps([form, table, plain], sort_keys=True).encode()).hexdigest()


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

    def submit(self, incoming: Incoming) -> str:
        """Commit a submission and return its receipt; the same submission again gets the same receipt.

        Raises:
            SubmissionConflict: the id is known with another body.
            InboxUnavailable: nothing was stored.
        """
        digest = body_hash(incoming.form, incoming.table, incoming.values)
        code = receipt_code(self._secret, incoming.id)
        now = utcnow()
        row = {
            "id": incoming.id, "version": 1, "book": self.book_id, "form": incoming.form, "table_name": incoming.table,
            "body": json.dumps(incoming.values), "body_hash": digest, "received_at": now, "state": "waiting",
            "changed_at": now,
        }  # fmt: skip
        try:
            with self._write() as connection:
                known = connection.execute(
                    sa.select(submissions.c.body_hash, submissions.c.book).where(
                        submissions.c.id == incoming.id, submissions.c.version == 1
                    )
                ).first()
                if known is None:
                    connection.execute(submissions.insert().values(row))
                elif (known.body_hash, known.book) != (digest, self.book_id):
                    raise SubmissionConflict
                hashed = code_hash(code)
                if connection.execute(sa.select(receipts).where(receipts.c.code_hash == hashed)).first() is None:
                    connection.execute(receipts.insert().values(code_hash=hashed, submission=incoming.id))
        except sa.exc.IntegrityError:  # another process was first (PostgreSQL): what it stored decides
            return self._after_race(incoming.id, digest, code)
        except sa.exc.SQLAlchemyError as error:
            raise InboxUnavailable from error
        return code

    def submit_all(self, incoming: Sequence[Incoming], also: Callable[[sa.Connection], None]) -> None:
        """Commit several submissions together, or none; `also` runs in the same transaction. They have no receipts.

        Raises:
            SubmissionConflict: one of the ids is known with another body.
            InboxUnavailable: nothing was stored.
        """
        now = utcnow()
        rows = [
            {
                "id": one.id, "version": 1, "book": self.book_id, "form": one.form, "table_name": one.table,
                "body": json.dumps(one.values), "body_hash": body_hash(one.form, one.table, one.values),
                "received_at": now, "state": "waiting", "changed_at": now,
            }
            for one in incoming
        ]  # fmt: skip
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

    def _after_race(self, submission_id: str, digest: str, code: str) -> str:
        with self._read() as connection:
            known = connection.scalar(sa.select(submissions.c.body_hash).where(submissions.c.id == submission_id))
        if known != digest:
            raise SubmissionConflict
        return code

    def receipt(self, code: str) -> Receipt | None:
        """What a receipt may show, or None for any code that was never given."""
        plain = plain_code(code)
        if plain is None:
            return None
        with self._read() as connection:
            row = connection.execute(
                sa.select(submissions, books.c.saved_at, books.c.reason.label("book_reason"))
                .join(receipts, receipts.c.submission == submissions.c.id)
                .join(books, books.c.id == submissions.c.book)
                .where(receipts.c.code_hash == code_hash(plain), submissions.c.book == self.book_id)
                .order_by(submissions.c.version.desc())
            ).first()
        if row is None:
            return None
        received = as_utc(row.received_at)
        assert received is not None
        return Receipt(
            submission_id=row.id, form=row.form, table=row.table_name, version=row.version, received_at=received,
            state=row.state, values=json.loads(row.body), shown=json.loads(row.shown or "{}"),
            as_of=as_utc(row.saved_at), book_line=row.book_reason or "",
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
                sa.select(submissions.c.state, sa.func.count())
                .where(submissions.c.book == self.book_id)
                .group_by(submissions.c.state)
            )
            counts = {**dict.fromkeys(STATES, 0), **{row[0]: row[1] for row in counted}}
        return BookState(
            generation=row.generation, seen_generation=row.seen_generation, fingerprint=row.fingerprint,
            saved_at=as_utc(row.saved_at), reason=row.reason, reason_since=as_utc(row.reason_since), notice=row.notice,
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
            return [_stored(row) for row in connection.execute(query)]

    def lease(self, tables: Iterable[str], limit: int = 500, only: Collection[str] | None = None) -> list[Stored]:
        """Claim waiting rows for these tables in one conditional update; only the holder of the book's lease asks.

        With `only`, rows of other ids stay where they are: what came after somebody looked is for the next pass.
        """
        mine = sa.and_(
            submissions.c.book == self.book_id,
            submissions.c.state == "waiting",
            submissions.c.table_name.in_(list(tables)),
        )
        wanted = sa.select(submissions.c.seq, submissions.c.id).where(mine).order_by(submissions.c.seq)
        with self._write() as connection:
            chosen = [row.seq for row in connection.execute(wanted) if only is None or row.id in only][:limit]
            rows = connection.execute(
                submissions.update()
                .where(submissions.c.seq.in_(chosen), mine)
                .values(state="leased", changed_at=utcnow())
                .returning(*submissions.c)
            ).all()
        return sorted((_stored(row) for row in rows), key=lambda stored: stored.seq)

    def hand_out_generation(self, rows: Sequence[tuple[Stored, str]], at_least: int, owner: str) -> int | None:
        """Raise the book's generation and note it and the row keys **before** the file is replaced.

        After a crash this tells "never written" (the file is older) from "written, then deleted by a person".
        Returns None when the lease was lost meanwhile: then nothing may be written (fencing).
        """
        with self._write() as connection:
            generation = connection.scalar(
                books.update()
                .where(books.c.id == self.book_id, books.c.lease_owner == owner, books.c.lease_until > utcnow())
                .values(generation=sa.case((books.c.generation >= at_least, books.c.generation), else_=at_least) + 1)
                .returning(books.c.generation)
            )
            if generation is None:
                return None
            for stored, key in rows:
                connection.execute(
                    submissions.update()
                    .where(submissions.c.seq == stored.seq, submissions.c.state == "leased")
                    .values(generation=generation, row_key=key)
                )
        return int(generation)

    def move(self, rows: Iterable[Stored], state: str, reason: str | None = None, *, forget: bool = False) -> None:
        """Put rows into a state; `forget` also drops their generation (they were never written)."""
        changes: dict[str, Any] = {"state": state, "reason": reason, "changed_at": utcnow()}
        if forget:
            changes["generation"] = None
        numbers = [row.seq for row in rows]
        with self._write() as connection:
            for start in range(0, len(numbers), 500):
                part = numbers[start : start + 500]
                connection.execute(submissions.update().where(submissions.c.seq.in_(part)).values(changes))

    def saw(
        self, *, generation: int, fingerprint: str, saved_at: datetime, profile: Mapping[str, str],
        review: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Note what the file on disk said; a generation older than the last one seen is announced."""
        with self._write() as connection:
            before = connection.scalar(sa.select(books.c.seen_generation).where(books.c.id == self.book_id))
            changes: dict[str, Any] = {
                "seen_generation": generation, "fingerprint": fingerprint, "seen_at": utcnow(), "saved_at": saved_at,
                "profile": json.dumps(dict(profile)),
            }  # fmt: skip
            if review is not None:
                changes["review"] = json.dumps(review, ensure_ascii=False)
            if before is not None and generation < before:
                changes["notice"] = (
                    f"工作簿回到了较早的版本（第 {generation} 次写入，之前是第 {before} 次），可能恢复了备份。"
                    "缺少的提交会重新写入；员工在那之后手工改的内容只能从备份找回。"
                )
            connection.execute(books.update().where(books.c.id == self.book_id).values(changes))

    def show(self, shown: Mapping[str, Mapping[str, str]]) -> None:
        """Keep what staff typed for the senders, by submission id; writes only what differs."""
        with self._write() as connection:
            known = connection.execute(
                sa.select(submissions.c.id, submissions.c.shown).where(submissions.c.book == self.book_id)
            )
            for submission_id, text in known.all():
                fresh = json.dumps(dict(shown[submission_id]), sort_keys=True) if submission_id in shown else None
                if fresh is not None and fresh != text:
                    connection.execute(
                        submissions.update().where(submissions.c.id == submission_id).values(shown=fresh)
                    )

    def explain(self, reason: str | None) -> None:
        """Say why rows wait, or that nothing is in the way any more."""
        with self._write() as connection:
            before = connection.scalar(sa.select(books.c.reason).where(books.c.id == self.book_id))
            if before != reason:
                since = utcnow() if reason else None
                connection.execute(
                    books.update().where(books.c.id == self.book_id).values(reason=reason, reason_since=since)
                )

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

    def take_lease(self, owner: str, place: str = "", seconds: int = 60) -> bool:
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


def _stored(row: Any) -> Stored:
    received = as_utc(row.received_at)
    assert received is not None
    return Stored(
        seq=row.seq, id=row.id, version=row.version, table=row.table_name, values=json.loads(row.body),
        received_at=received, state=row.state, generation=row.generation, row_key=row.row_key,
    )  # fmt: skip
