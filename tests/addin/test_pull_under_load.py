"""One row each: two hundred submissions arrive while somebody pulls into the open book and `serve` delivers to the same file."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from addin import actions
from addin.client import Client
from forms_server.app import ServerSettings, create_app
from forms_server.delivery import Delivery, Loop, Pass
from forms_server.house import House
from forms_server.verifying import verify_receipts
from tests.addin.action_books import arrive, ids_in, opened, served
from tests.delivery.open_copies import token
from tests.finance_door.conftest import served as listening
from workbook import store
from workbook.errors import PartnerBookError

SENT = 200
PULLS = 5


def waiting_over(house: House, seconds: float = 120) -> None:
    """Until the file as it was saved last has been read, and everything that came is confirmed by it."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        now = house.inbox.state()
        if now.counts["confirmed"] == SENT and now.fingerprint == store.read(house.path).fingerprint:
            return
        time.sleep(0.2)
    raise AssertionError(house.inbox.state())


CALC = pytest.mark.libreoffice
WAYS = [
    ("openpyxl", "each time"), ("openpyxl", "once"), ("openpyxl stale", "each time"),
    pytest.param("calc", "each time", marks=CALC), pytest.param("calc", "once", marks=CALC),
]  # fmt: skip


@pytest.mark.parametrize(("engine", "saving"), WAYS, indirect=["engine"])
def test_every_submission_is_one_row_whoever_carried_it(app: Any, tmp_path: Path, saving: str) -> None:
    house = served(tmp_path)
    before = ids_in(house.path)
    seen: list[Pass] = []
    loop = Loop(Delivery(house.inbox, house.path, house.data), pause=0.05, report=seen.append)
    ids: list[str] = []

    def send() -> None:
        for number in range(SENT):
            ids.extend(arrive(house, number))
            time.sleep(0.005)

    sender = threading.Thread(target=send)
    pages = create_app(ServerSettings(secret=house.secret, data=house.data), house.inbox)
    with listening(pages) as url:
        server = Client(url.rstrip("/"), token(house))
        loop.start()
        sender.start()
        try:
            at_work(app, house, server, sender, saving)
            waiting_over(house)
        finally:
            loop.stop()
    assert Counter(ids_in(house.path)) == Counter([*before, *ids]), "one row each"
    assert verify_receipts(house.inbox, house.path).ok
    assert len({row["候选编号"] for row in rows(house.path)}) == len(rows(house.path)), (
        "and each has a number of its own"
    )


def at_work(app: Any, house: House, server: Client, sender: threading.Thread, saving: str) -> None:
    """Staff pull again and again; a script of Lite sees its own rows only at its next start, so there each is a new one."""
    if app.engine.name == "openpyxl stale":
        for number in range(PULLS + 1):
            if number == PULLS:
                sender.join()
            with opened(app, house.path) as book:
                assert actions.pull(book, server).startswith("✓")
                book.save()
        return
    with opened(app, house.path) as book:
        for _ in range(PULLS):
            assert actions.pull(book, server).startswith("✓")
            if saving == "each time":
                book.save()
            time.sleep(0.3)
        sender.join()
        actions.pull(book, server)
        book.save()


def rows(path: Path) -> list[dict[str, Any]]:
    from workbook.ooxml import Book

    return [row.values for row in Book.read(path.read_bytes()).rows("candidates")]


@pytest.mark.libreoffice
def test_while_libreoffice_has_the_book_open_delivery_waits_and_says_so(tmp_path: Path, office: str) -> None:
    import xlwings as xw

    from addin.engines import calc_engine

    house = served(tmp_path)
    before = xw.engines.active
    calc_engine.register(connect=office)
    app = xw.App(add_book=False)
    try:
        with opened(app, house.path):
            assert store.owner_file(house.path) is not None
            arrive(house, 1)
            done = house.delivery.run()
            assert done.delivered == 0 and done.kind == "open"
            with pytest.raises(PartnerBookError):
                store.check_free(house.path)
        assert house.delivery.run().delivered == 1
    finally:
        app.quit()
        xw.engines.active = before
