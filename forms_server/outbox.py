"""Owns the messages that wait to go out: each once for a matter and a door, tried again with growing pauses (S21).

An attempt is claimed by one conditional update, so that two processes never send the same message. A process that dies while
it sends leaves the claim behind; after a while the message is tried again and says that it may have come before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forms_server.database import outbox
from forms_server.inbox import Inbox, utcnow
from forms_server.messaging import Door, Message, Outcome, send

TRIES = 10
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
CLAIM = timedelta(minutes=2)  # until an attempt whose process died is tried again
A_MINUTE = 15  # messages that one robot is given; it takes some twenty
Attempt = Callable[[Door, Message, datetime, bool], Outcome]


@dataclass
class Posted:
    """What one run sent and could not send: the key with the door, and why."""

    sent: list[str] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class Outbox:
    """The outgoing messages of one book."""

    def __init__(self, inbox: Inbox, doors: Sequence[Door], attempt: Attempt = send):
        self._inbox, self._doors, self._attempt = inbox, {door.name: door for door in doors}, attempt

    def put(self, messages: Iterable[Message]) -> int:
        """Note messages for the doors of their topics; one that was noted before stays as it is. Returns how many are new."""
        now, fresh = utcnow(), 0
        wanted = [(one, door) for one in messages for door in self._doors.values() if one.topic in door.topics]
        if not wanted:
            return 0
        with self._inbox.transaction() as connection:
            known = {
                (row.key, row.door)
                for row in connection.execute(
                    sa.select(outbox.c.key, outbox.c.door).where(outbox.c.book == self._inbox.book_id)
                )
            }
            for one, door in wanted:
                if (one.key, door.name) in known:
                    continue
                known.add((one.key, door.name))
                connection.execute(outbox.insert().values(
                    book=self._inbox.book_id, key=one.key, door=door.name, topic=one.topic, title=one.title,
                    body="\n".join(one.lines), state="waiting", tries=0, again=False, made_at=now, next_try=now,
                ))  # fmt: skip
                fresh += 1
        return fresh

    def post(self) -> Posted:
        """Try every message that is due."""
        done = Posted()
        for row in self._due():
            door = self._doors.get(row.door)
            if door is None or self._is_full(door) or not self._claim(row):
                continue
            message = Message(row.key, row.topic, row.title, tuple(row.body.split("\n")) if row.body else ())
            again = bool(row.again) or row.state == "sending"
            self._note(row, self._attempt(door, message, utcnow(), again), again, done)
        return done

    def standing(self) -> dict[str, int]:
        """How many messages are in which state."""
        with self._inbox.reading() as connection:
            rows = connection.execute(
                sa.select(outbox.c.state, sa.func.count().label("number"))
                .where(outbox.c.book == self._inbox.book_id)
                .group_by(outbox.c.state)
            )
            return {row.state: int(row.number) for row in rows}

    def retry_failed(self) -> int:
        """Let messages that were given up be tried again, after somebody mended what was in the way."""
        mine = sa.and_(outbox.c.book == self._inbox.book_id, outbox.c.state == "failed")
        with self._inbox.transaction() as connection:
            done = connection.execute(outbox.update().where(mine).values(state="waiting", tries=0, next_try=utcnow()))
            return int(done.rowcount)

    def _due(self) -> Sequence[Any]:
        wanted = sa.and_(
            outbox.c.book == self._inbox.book_id, outbox.c.state.in_(("waiting", "sending")), outbox.c.next_try <= utcnow()
        )  # fmt: skip
        with self._inbox.reading() as connection:
            return connection.execute(sa.select(outbox).where(wanted).order_by(outbox.c.seq)).all()

    def _is_full(self, door: Door) -> bool:
        """Whether a robot was given as many messages within a minute as it takes."""
        if door.kind == "mail":
            return False
        recent = sa.and_(
            outbox.c.book == self._inbox.book_id, outbox.c.door == door.name,
            outbox.c.sent_at > utcnow() - timedelta(minutes=1),
        )  # fmt: skip
        with self._inbox.reading() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).where(recent)) or 0) >= A_MINUTE

    def _claim(self, row: Any) -> bool:
        """Take a message, unless another process did since it was read."""
        same = sa.and_(outbox.c.seq == row.seq, outbox.c.state == row.state, outbox.c.tries == row.tries)
        values = {"state": "sending", "tries": row.tries + 1, "next_try": utcnow() + CLAIM}
        with self._inbox.transaction() as connection:
            return bool(connection.execute(outbox.update().where(same).values(values)).rowcount == 1)

    def _note(self, row: Any, outcome: Outcome, again: bool, done: Posted) -> None:
        name, tries, now = f"{row.key} → {row.door}", row.tries + 1, utcnow()
        values: dict[str, Any] = {"why": outcome.why[:80] or None, "again": again or outcome.unknown}
        if outcome.ok:
            done.sent.append(name)
            values |= {"state": "sent", "sent_at": now}
        elif tries >= TRIES:
            done.failed[name] = outcome.why
            values |= {"state": "failed"}
        else:
            done.waiting[name] = outcome.why
            values |= {"state": "waiting", "next_try": now + pause_after(tries)}
        with self._inbox.transaction() as connection:
            connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(values))


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries: half a minute, doubled each time, at most an hour."""
    pause: timedelta = FIRST_PAUSE * 2 ** (tries - 1)
    return min(pause, LONGEST_PAUSE)
