"""Owns sending messages while a server is up: what cannot wait within seconds, what the book says whenever it changed (S21)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from forms_server.house import House
from forms_server.messaging import Door
from forms_server.noticing import arrived_of, messages_of
from forms_server.outbox import Outbox, Posted
from workbook import store
from workbook.errors import PartnerBookError
from workbook.evaluating import local_now
from workbook.ooxml import Book

log = logging.getLogger("partnerbook.messages")

BOOK_SECONDS = 60.0  # between two looks at the book


def post_once(house: House, box: Outbox) -> Posted:
    """Note what book and inbox say now, and try what is due.

    Raises:
        PartnerBookError: the book cannot be read; what came by the forms is noted all the same.
    """
    box.put(arrived_of(house.inbox))
    book = Book.read(store.read(house.path).data)
    box.put(messages_of(book, house.inbox, local_now(book)))
    return box.post()


class Courier:
    """Sends in a thread of its own, so that a slow door holds nobody up."""

    def __init__(self, house: House, doors: Sequence[Door], pause: float = 3.0):
        self._house, self._box, self._pause = house, Outbox(house.inbox, doors), pause
        self._looked = -BOOK_SECONDS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="messages", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the attempt that runs and end."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._once()
            except PartnerBookError as error:
                log.warning("the book was not asked for messages: %s", error)
            except Exception as error:  # the thread must outlive anything; its words could hold a key
                log.error("messages were not sent (%s); they will be tried again", type(error).__name__)
            self._stop.wait(self._pause)

    def _once(self) -> None:
        if time.monotonic() - self._looked >= BOOK_SECONDS:
            self._looked = time.monotonic()
            done = post_once(self._house, self._box)
        else:
            self._box.put(arrived_of(self._house.inbox))
            done = self._box.post()
        for name, why in (*done.waiting.items(), *done.failed.items()):
            log.warning("message %s was not sent: %s", name, why)
