"""Owns copies of a workbook that are open: in memory until they are saved over the file, or closed without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from addin.client import Client
from addin.progress import Progress, quiet
from addin.pulling import Pulled, carry
from forms_server.app import ServerSettings, create_app
from forms_server.finance_tokens import PULL, Tokens
from forms_server.house import House
from workbook.ooxml import Book
from workbook.schema import Level
from workbook.tables import Candidates


class Held(Book):
    """A reading of an open copy; writing puts its bytes back into the copy. `stop` may raise before or after."""

    filtered: tuple[str, ...] = ()
    owner: OpenCopy

    def write_all(self, progress: Progress = quiet) -> None:
        self.owner.stop("before writing")
        self.owner.data = self.to_bytes()
        self.owner.stop("after writing")


class OpenCopy:
    """A copy that somebody has open, opened from the file as it is now; no owner file tells of it."""

    def __init__(self, path: Path, stop: Callable[[str], None] = lambda step: None):
        self.path, self.stop = path, stop
        self.data = path.read_bytes()

    def read(self) -> Any:
        held = Held(self.data)
        held.owner = self
        return held

    def pull(self, server: Any) -> Pulled:
        return carry(self.read, self.path.name, server)

    def save(self) -> None:
        """Over the file, whatever became of it meanwhile."""
        self.path.write_bytes(self.data)

    def reopen(self) -> None:
        """Closed without saving and opened again."""
        self.data = self.path.read_bytes()

    def ids(self) -> list[str]:
        header = Candidates.columns["submission_id"].zh
        return [str(row.values[header]) for row in Book.read(self.data).rows("candidates")]

    def delete(self, submission: str) -> None:
        """Take a row out, as far as rows by id are concerned: all its cells are emptied."""
        book = Book.read(self.data)
        header = Candidates.columns["submission_id"].zh
        row = next(row for row in book.rows("candidates") if row.values[header] == submission)
        formulas = {head for _, head in book.formula_cells("candidates")}
        blank: Mapping[str, Any] = dict.fromkeys(set(row.values) - formulas)
        book.update_rows("candidates", header, {row.number: blank})
        self.data = book.to_bytes()


def web(house: House, **settings: Any) -> FlaskClient:
    return create_app(
        ServerSettings(secret=house.secret, data=house.data, testing=True, **settings), house.inbox
    ).test_client()


def token(house: House, *scopes: str) -> str:
    made, text = Tokens(house.inbox).mint("测试", scopes or (PULL,), Level.SENSITIVE, 1)
    return f"{made.id}:{text}"


def connected(house: House, lose: Callable[[str, str], str] = lambda method, url: "") -> Client:
    """A client whose calls go into the application; `lose` says "request" or "answer" where the line breaks."""
    pages = web(house)

    def transport(method: str, url: str, headers: Any, body: Any, timeout: float) -> tuple[int, Any, bytes]:
        lost = lose(method, url)
        if lost == "request":
            raise ConnectionError("lost")
        said = pages.open(url.removeprefix("http://localhost"), method=method, headers=dict(headers), data=body)
        if lost == "answer":
            raise ConnectionError("lost")
        return said.status_code, {k.lower(): v for k, v in said.headers.items()}, said.data

    return Client("http://localhost", token(house), transport=transport, tries=3, pause=lambda seconds: None)
