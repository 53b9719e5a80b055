"""Owns pulls: submissions on their way into a copy of the book that staff have open.

    claimed (leased to the program that asked) → numbered (a generation was handed out, before anything is written)
    → placed (the program says that the rows stand in the open copy) · dropped (it gave up; the rows wait again)

A copy gets what its lineage lacks: every version that no generation of this copy wrote, wherever else it may stand by
now. So a copy that was closed without saving loses nothing, and one that is saved over a newer file brings all of it.
What is confirmed is decided by the file alone, see `delivery`; `saved` is for a door that has read the saved file itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forms_server.database import books, pulls, submissions
from forms_server.delivery import REST, held_back
from forms_server.inbox import (
    LEASE_SECONDS,
    Inbox,
    as_utc,
    jumps_of,
    raise_generation,
    running_pulls,
    stored_row,
    utcnow,
)
from forms_server.reviews import Reviews
from workbook.errors import PartnerBookError
from workbook.submissions import Lineage, Standing, Stored, by_submission, lineage_of
from workbook.tables import BY_NAME

LEASE = timedelta(seconds=LEASE_SECONDS)  # how long a program may be silent between asking and placing
MOST = 1000  # submissions in one pull
KEPT = timedelta(days=7)  # how long a pull is remembered after it is over


class OtherBook(PartnerBookError):
    """The open workbook is not the one that this server serves."""

    def __init__(self) -> None:
        super().__init__(
            "打开的工作簿不是这个服务的工作簿（标识不同），没有取回任何提交。请打开服务所用的那一本，或改用它的服务地址。"
        )


class PullLost(PartnerBookError):
    """The pull took too long, or is none: its rows are free again, and nothing may be written under it."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("这次取回停得太久，或已经结束，没有写入。提交仍在收件箱里，请再取一次。")


@dataclass(frozen=True)
class Claim:
    """What a pull got: every version of each submission that the copy lacks, and what else its program needs to know."""

    pull: str
    versions: tuple[Stored, ...]
    lineage: Lineage  # of the copy that asked
    numbers: dict[str, int]  # by table, the highest running number that was ever given
    more: int  # submissions that wait beyond the limit
    held: int  # reviewers' rows that wait for their panel
    elsewhere: int  # submissions that another program, or delivery, is carrying at this moment
    generation_on_disk: int | None
    notice: str | None


class Pulls:
    """The pulls of one book; `token` names who asks."""

    def __init__(self, inbox: Inbox, token: str = ""):
        self._inbox, self._token = inbox, token

    def must_be(self, book: str) -> None:
        """Refuse another workbook.

        Raises:
            OtherBook: it is.
        """
        if book != self._inbox.book_id:
            raise OtherBook

    def claim(self, generation: int, limit: int = MOST, pull: str = "") -> Claim:
        """Lease what a copy of this generation lacks, oldest first, at most `limit` submissions.

        Under a name that the program chose (`pull`), asking again gives the same: an answer may get lost on its way.

        Raises:
            PullLost: a pull of this name is over, or was for another copy.
        """
        pull, now = pull or str(uuid.uuid4()), utcnow()
        review = Reviews(self._inbox, b"").view()
        mine = submissions.c.book == self._inbox.book_id
        with self._inbox.transaction() as connection:
            lineage = lineage_of(generation, jumps_of(connection, self._inbox.book_id))
            again = self._again(connection, pull, generation)
            lacking = sa.select(submissions).where(mine, self._lacking(connection, lineage)).order_by(submissions.c.seq)
            found = [stored_row(row) for row in connection.execute(lacking)]
            busy = set(connection.scalars(sa.select(submissions.c.id).where(mine, self._busy(pull))))
            gone = set(connection.scalars(sa.select(submissions.c.id).where(mine, submissions.c.state == "deleted")))
            found = [one for one in found if one.id not in gone and not _resting(one, now)]
            ids = list(dict.fromkeys(one.id for one in found))
            held = self._held(review, [one for one in found if one.id not in busy])
            free = [one for one in ids if one not in busy | held]
            chosen = [one for one in ids if one in again] if again else free[: min(limit, MOST)]
            self._open(connection, pull, generation, now)
            versions = self._lease(connection, pull, chosen, lineage)
            book = connection.execute(sa.select(books).where(books.c.id == self._inbox.book_id)).one()
        tables = {version.table for version in versions}
        return Claim(
            pull, tuple(versions), lineage, {name: self._highest(name) for name in sorted(tables)},
            more=len(free) - len(chosen), held=len(held), elsewhere=len(ids) - len(free) - len(held),
            generation_on_disk=book.seen_generation, notice=book.notice,
        )  # fmt: skip

    def _open(self, connection: sa.Connection, pull: str, base: int, now: datetime) -> None:
        row = {"id": pull, "book": self._inbox.book_id, "base": base, "state": "claimed", "token": self._token, "at": now, "until": now + LEASE}  # fmt: skip
        known = connection.execute(sa.select(pulls.c.id).where(pulls.c.id == pull)).first()
        if known is None:
            connection.execute(pulls.delete().where(pulls.c.book == self._inbox.book_id, pulls.c.at < now - KEPT))
            connection.execute(pulls.insert().values(row))

    def _again(self, connection: sa.Connection, pull: str, base: int) -> set[str]:
        """The submissions that a pull of this name has already; none for a new name."""
        known = connection.execute(sa.select(pulls).where(pulls.c.id == pull)).first()
        if known is None:
            return set()
        if known.book != self._inbox.book_id or known.base != base or known.state != "claimed":
            raise PullLost
        self._running(connection, pull)
        return set(connection.scalars(sa.select(submissions.c.id).where(submissions.c.pull == pull)))

    def hand_out(
        self, pull: str, base: int, rows: Sequence[tuple[int, str]], refused: Sequence[tuple[int, str]] = ()
    ) -> int:
        """The generation under which these versions, as (seq, row key), are about to be written into the copy.

        The same pull gets the same generation again. `refused` are versions, as (seq, why), that cannot stand in a row.

        Raises:
            PullLost: it ran out, or one of the versions is not its own, or is named twice.
        """
        named = [seq for seq, _ in (*rows, *refused)]
        with self._inbox.transaction() as connection:
            known = self._running(connection, pull)
            if known.base != base or len(set(named)) < len(named):
                raise PullLost
            if known.generation is not None:
                return int(known.generation)
            generation = raise_generation(connection, books.c.id == self._inbox.book_id, base)
            assert generation is not None
            own = sa.and_(submissions.c.pull == pull, submissions.c.state == "leased")
            for seq, key in rows:
                changed = connection.execute(
                    submissions.update()
                    .where(own, submissions.c.seq == seq)
                    .values(generation=generation, **({"row_key": key} if key else {}))
                )
                if changed.rowcount != 1:
                    raise PullLost
            for seq, why in refused:
                changed = connection.execute(
                    submissions.update()
                    .where(own, submissions.c.seq == seq)
                    .values(state="waiting", pull=None, reason=why[:500], next_try=utcnow() + REST, changed_at=utcnow())
                )
                if changed.rowcount != 1:
                    raise PullLost
            connection.execute(
                pulls.update()
                .where(pulls.c.id == pull)
                .values(state="numbered", generation=generation, until=utcnow() + LEASE)
            )
        return generation

    def placed(self, pull: str) -> int:
        """The program says that its rows stand in the open copy; returns how many versions that are."""
        with self._inbox.transaction() as connection:
            known = self._known(connection, pull)
            if known.generation is None:
                raise PullLost
            own = sa.and_(submissions.c.pull == pull, submissions.c.generation == known.generation)
            changed = connection.execute(
                submissions.update()
                .where(own)
                .values(state="placed", pull=None, reason=None, next_try=None, changed_at=utcnow())
            )
            self._release(connection, pull)
            connection.execute(pulls.update().where(pulls.c.id == pull).values(state="placed"))
        return changed.rowcount

    def abandon(self, pull: str) -> int:
        """The program gave up before its rows stood in the copy: they wait again; returns how many versions that are."""
        with self._inbox.transaction() as connection:
            self._known(connection, pull)
            released = self._release(connection, pull)
            connection.execute(pulls.update().where(pulls.c.id == pull).values(state="dropped"))
        return released

    def saved(self, generation: int, ids: Sequence[str]) -> int:
        """A door read the file that it saved, of this generation, and saw these submissions in it; returns how many versions
        are confirmed by that. The server's own reading of its file has the last word, and takes place soon: the file that
        the door means may lie elsewhere."""
        confirmed = 0
        with self._inbox.transaction() as connection:
            lineage = lineage_of(generation, jumps_of(connection, self._inbox.book_id))
            for start in range(0, len(ids), 500):
                there = sa.and_(
                    submissions.c.book == self._inbox.book_id,
                    submissions.c.id.in_(list(ids[start : start + 500])),
                    submissions.c.state.in_(("waiting", "leased", "placed")),
                    sa.not_(self._lacking(connection, lineage)),
                )
                confirmed += connection.execute(
                    submissions.update()
                    .where(there)
                    .values(state="confirmed", pull=None, reason=None, next_try=None, changed_at=utcnow())
                ).rowcount
            if confirmed:  # what delivery last read is not enough any more
                connection.execute(books.update().where(books.c.id == self._inbox.book_id).values(fingerprint=None))
        return confirmed

    # --- what is chosen ---

    def _lacking(self, connection: sa.Connection, lineage: Lineage) -> sa.ColumnElement[bool]:
        """Of versions: no generation of this lineage wrote them.

        A long lineage has more spans than a statement may have terms; the older generations outside it are few.
        """
        generation, newest = submissions.c.generation, lineage.newest
        mine = sa.and_(submissions.c.book == self._inbox.book_id, generation <= newest)
        known = connection.scalars(sa.select(generation).where(mine).distinct())
        aside = [one for one in known if one not in lineage]
        return sa.or_(generation.is_(None), generation > newest, generation.in_(aside))

    def _busy(self, pull: str) -> sa.ColumnElement[bool]:
        """Of versions: another program or delivery is carrying them."""
        running = sa.and_(submissions.c.pull.in_(running_pulls(self._inbox.book_id)), submissions.c.pull != pull)
        return sa.or_(running, sa.and_(submissions.c.state == "leased", submissions.c.pull.is_(None)))

    def _held(self, review: Any, versions: Sequence[Stored]) -> set[str]:
        never = [v for v in versions if v.state not in ("placed", "confirmed")]  # what was in a book before is open
        return held_back(
            self._inbox, review, [Standing(tuple(vs), (), 0, False) for vs in by_submission(never).values()]
        )

    def _lease(self, connection: sa.Connection, pull: str, chosen: Sequence[str], lineage: Lineage) -> list[Stored]:
        """Every version of the chosen submissions; those that the copy lacks are leased to the pull."""
        rows: list[Stored] = []
        for start in range(0, len(chosen), 500):
            part = submissions.c.id.in_(list(chosen[start : start + 500]))
            connection.execute(
                submissions.update()
                .where(part, self._lacking(connection, lineage))
                .values(state="leased", pull=pull, changed_at=utcnow())
            )
            rows += [stored_row(row) for row in connection.execute(sa.select(submissions).where(part))]
        return sorted(rows, key=lambda version: version.seq)

    def _highest(self, table: str) -> int:
        return self._inbox.highest_number(table, BY_NAME[table].key().number)

    # --- the pulls themselves ---

    def _known(self, connection: sa.Connection, pull: str) -> Any:
        row = connection.execute(
            sa.select(pulls).where(pulls.c.id == pull, pulls.c.book == self._inbox.book_id)
        ).first()
        if row is None:
            raise PullLost
        return row

    def _running(self, connection: sa.Connection, pull: str) -> Any:
        row = self._known(connection, pull)
        until: datetime | None = as_utc(row.until)
        if row.state not in ("claimed", "numbered") or until is None or until <= utcnow():
            raise PullLost
        return row

    @staticmethod
    def _release(connection: sa.Connection, pull: str) -> int:
        own = sa.and_(submissions.c.pull == pull, submissions.c.state == "leased")
        return connection.execute(
            submissions.update().where(own).values(state="waiting", pull=None, changed_at=utcnow())
        ).rowcount


def _resting(version: Stored, now: datetime) -> bool:
    """Whether a version could not stand in a row a while ago, and is not tried again yet."""
    return version.state == "waiting" and version.next_try is not None and version.next_try > now
