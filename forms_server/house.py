"""Owns how a workbook, its inbox, its secret and its delivery are put together from a path and a data folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import sqlalchemy as sa

from forms_server.database import books, open_database, private_file
from forms_server.delivery import Delivery
from forms_server.inbox import Inbox
from workbook import store
from workbook.errors import PartnerBookError
from workbook.identity import book_identity, must_be_ours
from workbook.ooxml import Book
from workbook.store import Step, no_step


class InboxNotFound(PartnerBookError):
    """A damaged book does not say which inbox is its own, and nothing else does."""

    def __init__(self, path: Path, known: Mapping[str, str]):
        there = "；".join(f"{i}（{at or '位置不明'}）" for i, at in known.items())
        super().__init__(
            f"不能确定 {path.name} 的收件箱是哪一个。现有：{there}。请用 --inbox 指定一个标识。"
            if known
            else f"找不到 {path.name} 的收件箱。请用 --data 或 --database 指出它在哪里。"
        )


@dataclass(frozen=True)
class House:
    """One workbook with everything that serves it."""

    path: Path
    data: Path
    secret: bytes
    inbox: Inbox
    delivery: Delivery


def data_folder() -> Path:
    """The folder for application data of this user on this machine."""
    return Path(click.get_app_dir("PartnerBook"))


def open_house(book: Path, data: Path | None = None, database: str | None = None, *, step: Step = no_step) -> House:
    """Open the inbox that belongs to a workbook; it is made when it is not there yet.

    The inbox is found by the id inside the book, so a book may be renamed or moved.

    Raises:
        WorkbookUnreachable, NotAWorkbook: there is no such book, or it was not made by `partnerbook new`.
        NetworkShare: the data folder lies on a network share.
    """
    snapshot = store.read(book)
    identity = must_be_ours(Book.read(snapshot.data), snapshot.path.name)
    return _house(snapshot.path, identity, data, database, step)


def open_inbox(book: Path, inbox: str, data: Path | None = None, database: str | None = None) -> House:
    """Open the inbox of a workbook that may be damaged or gone: by its own id, else the one that last read this path.

    `inbox` names the id where neither tells.

    Raises:
        InboxNotFound: no inbox, or more than one, may be meant.
    """
    path = store.resolved(book)
    try:
        identity = book_identity(Book.read(store.read(path).data)) or ""
    except PartnerBookError:
        identity = ""
    known = _known(data, database)
    if identity in known and inbox in ("", identity):
        return _house(path, identity, data, database, no_step)
    meant = [i for i in known if i == inbox] if inbox else [i for i, at in known.items() if at == str(path)]
    meant = meant or ([] if inbox or identity else list(known))
    if len(meant) != 1:
        raise InboxNotFound(path, known)
    return _house(path, meant[0], data, database, no_step)


def _house(path: Path, identity: str, data: Path | None, database: str | None, step: Step) -> House:
    folder = (data or data_folder()).resolve() / identity
    secret = private_file(folder / "secret.key", lambda: os.urandom(32))
    inbox = Inbox(open_database(database or folder / "inbox.sqlite"), identity, secret)
    return House(path, folder, secret, inbox, Delivery(inbox, path, folder, step=step))


def _known(data: Path | None, database: str | None) -> dict[str, str]:
    """The books that there are inboxes of, and where each file lay when it was last read."""
    places: list[str | Path] = [database] if database else []
    if not database:
        places += sorted((data or data_folder()).resolve().glob("*/inbox.sqlite"))
    found = {}
    for place in places:
        engine = open_database(place)
        with engine.connect().execution_options(reading=True) as connection:
            found.update({row.id: row.path or "" for row in connection.execute(sa.select(books.c.id, books.c.path))})
        engine.dispose()
    return found
