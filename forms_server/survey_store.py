"""Owns the two files behind a survey's links: who was invited and has answered, and what was answered; nothing joins them.

Invitations stand under HMAC(k1, token), answers given under HMAC(k2, token); a token is random and kept nowhere, so that
the files and the server's secret together do not lead from one to the other. What was answered stands under a random
number of its own. Tables are WITHOUT ROWID: the order of arrival is nowhere. Days are the finest time, the files' own
times included; what is deleted is overwritten, and after every change the write-ahead log is emptied.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from forms_server.database import NETWORK_SYSTEMS, NetworkShare, filesystem_of
from workbook.errors import PartnerBookError

LEAST = 5  # answers in a batch, and done marks that are written together
TOKEN_BYTES = 20

INVITATIONS = """
CREATE TABLE IF NOT EXISTS invited (
  invitation TEXT PRIMARY KEY, campaign TEXT NOT NULL, participant TEXT NOT NULL, partner TEXT NOT NULL, side TEXT NOT NULL,
  way TEXT NOT NULL, done INTEGER NOT NULL, reminders INTEGER NOT NULL, issued_on TEXT NOT NULL
) WITHOUT ROWID;
"""
ANSWERS = """
CREATE TABLE IF NOT EXISTS answered (
  answer TEXT PRIMARY KEY, campaign TEXT NOT NULL, partner TEXT NOT NULL, side TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
  number TEXT PRIMARY KEY, campaign TEXT NOT NULL, partner TEXT NOT NULL, side TEXT NOT NULL, body TEXT NOT NULL,
  batch TEXT, row_key TEXT
) WITHOUT ROWID;
"""


class SurveyUnavailable(PartnerBookError):
    """The files of a survey could not be written (disk full, locked): nothing was stored."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("现在无法保存答卷，什么也没有保存。填写的内容还在页面上，请稍后再试。")


class Group(NamedTuple):
    """Whose answers about whom: within a group nobody is told from another."""

    campaign: str
    partner: str
    side: str


@dataclass(frozen=True)
class Invited:
    """One person who was invited: whether they answered as far as it is written down, never what."""

    campaign: str
    participant: str
    partner: str
    side: str
    way: str
    done: bool
    reminders: int

    @property
    def group(self) -> Group:
        """The group of this person."""
        return Group(self.campaign, self.partner, self.side)


class Given(NamedTuple):
    """An answer that waits for the book: its random number, group, JSON values, and the batch and row it goes with."""

    number: str
    group: Group
    values: Mapping[str, Any]
    batch: str
    row_key: str


class SurveyStore:
    """The two files in a folder. Each call opens and closes its file, so that no log of changes stays beside it."""

    def __init__(self, folder: Path, secret: bytes = b""):
        self.folder, self._secret = folder / "surveys", secret
        self.invitations, self.answers = self.folder / "invitations.sqlite", self.folder / "answers.sqlite"
        self._marks = _marks_of(self.folder)

    def there(self) -> bool:
        """Whether anybody was ever invited here."""
        return self.invitations.exists()

    def stamp(self) -> tuple[int, ...]:
        """Changes whenever one of the files does."""
        found = []
        for path in (self.invitations, self.answers):
            for file in (path, path.with_name(f"{path.name}-wal")):  # a log stays only while another process reads
                with contextlib.suppress(OSError):
                    status = file.stat()
                    found += [status.st_ctime_ns, status.st_size, status.st_ino] if status.st_size else []
        return tuple(found)

    # --- invitations ---

    def invite(self, group: Group, participant: str, way: str, *, renew: bool = False) -> str:
        """A fresh link's token for a person who has none, or instead of the one they had; it is kept nowhere."""
        token = secrets.token_hex(TOKEN_BYTES)
        with self._open(self.invitations, INVITATIONS) as database:
            mine, reminders = (group.campaign, participant), 0
            if renew:
                old = "FROM invited WHERE campaign = ? AND participant = ?"
                reminders = database.execute(f"SELECT COALESCE(MAX(reminders), 0) {old}", mine).fetchone()[0]
                database.execute(f"DELETE {old}", mine)
            row = (self._key("invitation", token), *_fields(group, participant), way, 0, reminders, _today())
            database.execute("INSERT INTO invited VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return token

    def holder(self, token: str) -> Invited | None:
        """Whom a link belongs to, or None for any that does not work (any more)."""
        if not self.there() or len(token) != 2 * TOKEN_BYTES:
            return None
        found = self._invited("invitation = ?", self._key("invitation", token))
        return found[0] if found else None

    def people(self, campaign: str = "") -> list[Invited]:
        """Everybody who was invited, by survey and person."""
        if not self.there():
            return []
        found = self._invited("campaign = ?", campaign) if campaign else self._invited("1 = 1")
        return sorted(found, key=lambda one: (one.campaign, one.participant))

    def _invited(self, where: str, *values: str) -> list[Invited]:
        columns = "campaign, participant, partner, side, way, done, reminders"
        with self._open(self.invitations, INVITATIONS, write=False) as database:
            rows = database.execute(f"SELECT {columns} FROM invited WHERE {where}", values).fetchall()
        return [Invited(row[0], row[1], row[2], row[3], row[4], bool(row[5]), int(row[6])) for row in rows]

    def reminded(self, campaign: str, participants: Sequence[str]) -> None:
        """Count a reminder for each of these."""
        with self._open(self.invitations, INVITATIONS) as database:
            database.executemany(
                "UPDATE invited SET reminders = reminders + 1 WHERE campaign = ? AND participant = ?",
                [(campaign, participant) for participant in sorted(participants)],
            )

    def done(self, campaign: str, participant: str) -> None:
        """Write down that a person answered under their name."""
        with self._open(self.invitations, INVITATIONS) as database:
            database.execute(
                "UPDATE invited SET done = 1 WHERE campaign = ? AND participant = ?", (campaign, participant)
            )

    # --- marks of anonymous answers: kept in memory, written five at a time ---

    def mark(self, token: str, group: Group) -> None:
        """Note that the holder of a link answered; written once five of the group are noted, so that no one is told apart."""
        with self._marks.lock:
            noted = self._marks.noted.setdefault(group, set())
            noted.add(self._key("invitation", token))
            if len(noted) >= LEAST:
                self._write_marks(group)

    def flush(self, campaign: str) -> None:
        """Write the marks of a survey that is over, however few."""
        with self._marks.lock:
            for group in [group for group in self._marks.noted if group.campaign == campaign]:
                self._write_marks(group)

    def _write_marks(self, group: Group) -> None:
        noted = self._marks.noted.get(group, set())
        with self._open(self.invitations, INVITATIONS) as database:
            database.executemany("UPDATE invited SET done = 1 WHERE invitation = ?", [(key,) for key in sorted(noted)])
        self._marks.noted.pop(group, None)

    # --- answers ---

    def answer(self, token: str, group: Group, values: Mapping[str, Any]) -> bool:
        """Commit an answer; False if this link gave one before, which stays as it is.

        Raises:
            SurveyUnavailable: nothing was stored.
        """
        key = self._key("answer", token)
        with self._open(self.answers, ANSWERS) as database:
            if database.execute("SELECT 1 FROM answered WHERE answer = ?", (key,)).fetchone():
                return False
            database.execute("INSERT INTO answered VALUES (?, ?, ?, ?)", (key, *group))
            body = json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
            row = (secrets.token_hex(16), *group, body)
            database.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, NULL, NULL)", row)
        return True

    def has_answered(self, token: str) -> bool:
        """Whether a link gave its answer."""
        if not self.answers.exists():
            return False
        with self._open(self.answers, ANSWERS, write=False) as database:
            key = self._key("answer", token)
            return database.execute("SELECT 1 FROM answered WHERE answer = ?", (key,)).fetchone() is not None

    def counted(self) -> Counter[Group]:
        """How many answers each group gave, delivered ones too."""
        return self._count("answered", "1 = 1")

    def pending(self) -> Counter[Group]:
        """How many answers of each group go with no batch yet."""
        return self._count("answers", "batch IS NULL")

    def _count(self, table: str, where: str) -> Counter[Group]:
        if not self.answers.exists():
            return Counter()
        with self._open(self.answers, ANSWERS, write=False) as database:
            rows = database.execute(
                f"SELECT campaign, partner, side, COUNT(*) FROM {table} WHERE {where} GROUP BY 1, 2, 3"
            ).fetchall()
        return Counter({Group(*row[:3]): row[3] for row in rows})

    # --- batches ---

    def make_batch(self, group: Group, size: int, row_keys: Sequence[str]) -> None:
        """Let `size` answers of a group, drawn at random, go together, each under one of these row keys."""
        draw = secrets.SystemRandom()
        with self._open(self.answers, ANSWERS) as database:
            waiting = database.execute(
                "SELECT number FROM answers WHERE batch IS NULL AND campaign = ? AND partner = ? AND side = ?", group
            ).fetchall()
            chosen, batch = draw.sample([row[0] for row in waiting], size), secrets.token_hex(4)
            database.executemany(
                "UPDATE answers SET batch = ?, row_key = ? WHERE number = ?",
                [(batch, key, number) for number, key in zip(chosen, row_keys, strict=True)],
            )

    def batched(self) -> list[Given]:
        """The answers that are on their way into the book, in the order of their random row keys."""
        if not self.answers.exists():
            return []
        with self._open(self.answers, ANSWERS, write=False) as database:
            rows = database.execute(
                "SELECT number, campaign, partner, side, body, batch, row_key FROM answers WHERE batch IS NOT NULL"
            ).fetchall()
        found = [Given(row[0], Group(*row[1:4]), json.loads(row[4]), row[5], row[6]) for row in rows]
        return sorted(found, key=lambda one: one.row_key)

    def drop_batches(self, batches: Sequence[str]) -> None:
        """Forget answers that were read in the book on disk."""
        self._drop("DELETE FROM answers WHERE batch = ?", [(batch,) for batch in batches])

    def drop_rest(self, group: Group) -> None:
        """Forget the answers of a group that stayed too small, after the end of its survey."""
        self._drop("DELETE FROM answers WHERE batch IS NULL AND campaign = ? AND partner = ? AND side = ?", [group])

    def _drop(self, statement: str, rows: Sequence[Sequence[str]]) -> None:
        with self._open(self.answers, ANSWERS) as database:
            database.executemany(statement, rows)
        with self._open(
            self.answers, ANSWERS, vacuum=True
        ):  # the file is then made of what is left in it, in key order
            return

    # --- files ---

    def _key(self, purpose: str, token: str) -> str:
        """HMAC under a key of its own for each file, so that equal tokens give unequal keys."""
        own = hmac.new(self._secret, f"partnerbook survey {purpose}".encode(), hashlib.sha256).digest()
        return hmac.new(own, token.encode(), hashlib.sha256).hexdigest()

    @contextlib.contextmanager
    def _open(
        self, path: Path, shape: str, *, write: bool = True, vacuum: bool = False
    ) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction; closed, its log emptied and the file's time set to the day when it was changed."""
        database: sqlite3.Connection | None = None
        try:
            self._make_room(path)
            database = sqlite3.connect(path, timeout=30, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                database.execute(f"PRAGMA {pragma}")
            database.executescript(shape)
            if vacuum:
                database.execute("VACUUM")
            database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            yield database
            database.execute("COMMIT")
            if write:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (sqlite3.Error, OSError) as error:
            raise SurveyUnavailable from error
        finally:
            if database is not None:
                database.close()
            self._round_times(*((path, self.folder) if write else (self.folder,)))

    def _make_room(self, path: Path) -> None:
        if path.exists():
            return
        if filesystem_of(path) in NETWORK_SYSTEMS:
            raise NetworkShare(path)
        self.folder.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))

    def _round_times(self, *places: Path) -> None:
        """The day is all that the files' times tell; a system that sets no times goes without."""
        midnight = datetime.combine(date.today(), datetime.min.time()).timestamp()
        for place in places:
            with contextlib.suppress(OSError):
                os.utime(place, (midnight, midnight))


class _Marks:
    """Done marks that are not written yet: of this process, and of no file."""

    def __init__(self) -> None:
        self.lock, self.noted = threading.RLock(), dict[Group, set[str]]()


_MARKS: dict[Path, _Marks] = {}
_MAKING = threading.Lock()


def _marks_of(folder: Path) -> _Marks:
    """One set of marks per folder, whichever part of the process asks."""
    with _MAKING:
        return _MARKS.setdefault(folder.resolve(), _Marks())


def _fields(group: Group, participant: str) -> tuple[str, str, str, str]:
    return group.campaign, participant, group.partner, group.side


def _today() -> str:
    return date.today().isoformat()
