"""Owns whether a form that follows 需求发布 takes anything now: open, not yet, or no more; and since or until when (S12).

A book without a published row leaves the form as it was: always open. Whoever opened the form in time may still send it
for `GRACE` after the closing; the signed identity of the page says when it was opened.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbook.errors import MissingColumn, MissingTable
from workbook.ooxml import Book
from workbook.records import read_if_there
from workbook.rules.requirements import Window, is_published, read_whole, single, window_of
from workbook.tables import Publications, Requirements

log = logging.getLogger("partnerbook.delivery")

GRACE = timedelta(minutes=30)


@dataclass(frozen=True)
class Opening:
    """How things stand: `state` is always, open, early or closed; `at` is when that ends (or, if closed, began)."""

    state: str
    at: datetime | None = None
    titles: tuple[str, ...] = ()

    @property
    def takes(self) -> bool:
        """Whether the form may be filled in now."""
        return self.state in ("always", "open")


@dataclass(frozen=True)
class Publication:
    """One published row: its window in the local time of the book, and what it asks for."""

    window: Window
    title: str


def publications_of(book: Book) -> str:
    """The published rows of a book as JSON text. If a column of theirs is gone, nobody knows the window: it is closed."""
    try:
        records = [record for record in read_whole(book, Publications) if is_published(record)]
    except MissingTable:
        return "[]"
    except MissingColumn as error:
        log.warning("the publications cannot be read, so that none is open: %s", error)
        return json.dumps([["", "", ""]])
    titles = {record.key: record.text("title") for record in single(read_if_there(book, Requirements))}
    rows = [(*_written(window_of(record)), titles.get(record.text("requirement"), "")) for record in records]
    return json.dumps(rows, ensure_ascii=False)


def _written(window: Window) -> tuple[str, ...]:
    return tuple(moment.isoformat() if moment else "" for moment in (window.opens_at, window.closes_at))


def read_publications(text: str) -> list[Publication]:
    """Back from `publications_of`."""
    return [Publication(Window(_read(opens), _read(closes)), title) for opens, closes, title in json.loads(text)]


def _read(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def opening_of(publications: list[Publication], now: datetime) -> Opening:
    """How things stand at a moment of the book's local time."""
    if not publications:
        return Opening("always")
    there = [one for one in publications if one.window.is_open(now)]
    if there:
        last = max(one.window.closes_at for one in there if one.window.closes_at)
        return Opening("open", last, tuple(dict.fromkeys(one.title for one in there if one.title)))
    coming = [w for one in publications if (w := one.window).opens_at and w.is_open(w.opens_at) and w.opens_at > now]
    if coming:
        return Opening("early", min(w.opens_at for w in coming if w.opens_at))
    ended = [closes for one in publications if (closes := one.window.closes_at) and closes <= now]
    return Opening("closed", max(ended, default=None))


def takes(publications: list[Publication], now: datetime, opened: datetime | None) -> bool:
    """Whether something that was sent is taken: it is open, or the page was opened in time and the grace is not over."""
    if opening_of(publications, now).takes:
        return True
    return opened is not None and any(
        one.window.is_open(opened)
        and opened <= now
        and one.window.closes_at is not None
        and now < one.window.closes_at + GRACE
        for one in publications
    )
