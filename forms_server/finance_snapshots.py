"""Owns the snapshots of the finance lines in the database: what each holds, read in pages, kept as changes, pruned.

A line stands once for as long as it is the same: `first_snapshot` is the one that it came with, `last_snapshot` the last
one that has it. Whoever reads snapshot S sees the lines whose span holds S, so that a walk over pages sees one state
whatever is built meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from forms_server.database import books, finance_lines, finance_snapshots
from forms_server.inbox import Inbox, as_utc
from workbook.errors import PartnerBookError
from workbook.reports.finance_columns import finance_columns
from workbook.reports.finance_json import totals_data
from workbook.reports.finance_lines import SUMMED, FinanceLine, Totals
from workbook.schema import CONFIDENTIAL

NAME = "name"  # of a partner, beside its sums
PAGE = 1000  # lines that one query takes out of the database


class NoSnapshot(PartnerBookError):
    """No snapshot is as old as the moment that was asked for; `oldest` is the first there is (UTC)."""

    def __init__(self, asked: str, oldest: str):
        super().__init__(f"{asked} 还没有预算快照，最早的一份是 {oldest}。请用不早于它的 as_of。")


class SnapshotGone(PartnerBookError):
    """The snapshot that a walk over pages began with was pruned meanwhile."""

    def __init__(self, number: int):
        super().__init__(f"预算快照 {number} 已超过保留期，删除了。请从第一页重新取。")


@dataclass(frozen=True)
class Snapshot:
    """One state of the finance lines: since when it holds (UTC), of which file, how many lines, and their sums by partner."""

    number: int
    as_of: datetime
    fingerprint: str
    lines: int
    totals: Mapping[str, Totals]
    names: Mapping[str, str]  # of partners, by key


class Place(NamedTuple):
    """Where a line stands in the order of all lines."""

    seq: int
    key: str


START = Place(-1, "")


class Snapshots:
    """The published snapshots of one book, for readers."""

    def __init__(self, inbox: Inbox):
        self._inbox, self.book = inbox, inbox.book_id

    def newest(self, until: datetime | None = None) -> Snapshot | None:
        """The newest snapshot, or the newest that is not later than a moment."""
        wanted = self._published().order_by(finance_snapshots.c.number.desc()).limit(1)
        if until is not None:
            wanted = wanted.where(finance_snapshots.c.as_of <= until)
        return self._first(wanted)

    def oldest(self) -> Snapshot | None:
        """The oldest that is still kept."""
        return self._first(self._published().order_by(finance_snapshots.c.number).limit(1))

    def numbered(self, number: int) -> Snapshot:
        """A snapshot by its number.

        Raises:
            SnapshotGone: it is no longer kept.
        """
        found = self._first(self._published().where(finance_snapshots.c.number == number))
        if found is None:
            raise SnapshotGone(number)
        return found

    def _published(self) -> sa.Select[Any]:
        return sa.select(finance_snapshots).where(
            finance_snapshots.c.book == self.book, finance_snapshots.c.published.is_(True)
        )

    def _first(self, wanted: sa.Select[Any]) -> Snapshot | None:
        with self._inbox.reading() as connection:
            row = connection.execute(wanted).first()
        return _snapshot(row) if row is not None else None

    def page(
        self, number: int, after: Place = START, limit: int = PAGE, skip: int = 0
    ) -> list[tuple[Place, FinanceLine]]:
        """Up to `limit` lines of a snapshot behind a place, in order, `skip` of them left out first.

        Raises:
            SnapshotGone: it is no longer kept.
        """
        at, key = finance_lines.c, sa.tuple_(finance_lines.c.seq, finance_lines.c.key)
        wanted = (
            sa.select(at.seq, at.key, at.body)
            .where(at.book == self.book, key > sa.tuple_(*after), at.first_snapshot <= number)
            .where(at.last_snapshot.is_(None) | (at.last_snapshot >= number))
            .order_by(at.seq, at.key)
            .limit(limit)
            .offset(skip)
        )
        there = self._published().where(finance_snapshots.c.number == number)
        with self._inbox.reading() as connection:  # one transaction: pruned between the two would be lines short
            if connection.execute(there).first() is None:
                raise SnapshotGone(number)
            return [(Place(row.seq, row.key), load_line(row.body)) for row in connection.execute(wanted)]

    def lines(self, number: int) -> Iterator[FinanceLine]:
        """Every line of a snapshot, a page in memory at a time and no transaction held in between.

        Raises:
            SnapshotGone: it was pruned on the way.
        """
        after = START
        while found := self.page(number, after):
            yield from (line for _, line in found)
            after = found[-1][0]

    def book_path(self) -> str | None:
        """Where delivery last read the workbook, or None before it did."""
        with self._inbox.reading() as connection:
            found: str | None = connection.scalar(sa.select(books.c.path).where(books.c.id == self.book))
        return found


# --- lines and totals as the database keeps them ----------------------------------------------------------------------


def dump_line(line: FinanceLine) -> str:
    """A line as JSON: what is blank is left out, amounts and days are text, so that they come back exactly."""
    return json.dumps({name: _plain(value) for name, value in line.items() if value is not None}, ensure_ascii=False)


def load_line(body: str) -> FinanceLine:
    """A line out of its JSON, with every column of now; one that was declared since is blank."""
    kept = json.loads(body)
    return {name: _typed(kind, kept.get(name)) for name, kind in _kinds().items()}


@cache
def _kinds() -> dict[str, str]:
    return {column.name: column.kind for column in finance_columns(CONFIDENTIAL)}


def _plain(value: str | Decimal | date | None) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def _typed(kind: str, text: str | None) -> str | Decimal | date | None:
    if text is None:
        return None
    if kind in ("money", "number"):
        return Decimal(text)
    return date.fromisoformat(text) if kind == "date" else text


def dump_totals(totals: Mapping[str, Totals], names: Mapping[str, str]) -> str:
    """The sums by partner as JSON, in their order, with the partner's name; amounts are text."""
    plain = {key: {**sums, **({NAME: names[key]} if key in names else {})} for key, sums in totals_data(totals).items()}
    return json.dumps(plain, ensure_ascii=False)


def load_totals(text: str) -> tuple[dict[str, Totals], dict[str, str]]:
    """The sums and the names out of their JSON; a sum that was not kept then is zero."""
    kept = json.loads(text)
    totals = {
        key: Totals(one["lines"], **{name: Decimal(one[name]) for name in SUMMED if name in one})
        for key, one in kept.items()
    }
    return totals, {key: one[NAME] for key, one in kept.items() if NAME in one}


def _snapshot(row: sa.Row[Any]) -> Snapshot:
    as_of = as_utc(row.as_of)
    assert as_of is not None
    return Snapshot(row.number, as_of, row.fingerprint, row.lines, *load_totals(row.totals))
