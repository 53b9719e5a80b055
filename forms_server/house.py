"""Owns how a workbook, its inbox, its secret and its delivery are put together from a path and a data folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from forms_server.database import open_database, private_file
from forms_server.delivery import Delivery
from forms_server.inbox import Inbox
from workbook import store
from workbook.identity import must_be_ours
from workbook.ooxml import Book
from workbook.store import Step, no_step


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
    folder = (data or data_folder()).resolve() / identity
    secret = private_file(folder / "secret.key", lambda: os.urandom(32))
    inbox = Inbox(open_database(database or folder / "inbox.sqlite"), identity, secret)
    return House(snapshot.path, folder, secret, inbox, Delivery(inbox, snapshot.path, folder, step=step))
