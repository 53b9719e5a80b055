"""Owns a served book with budget lines, tokens to its finance door, and how people and programs knock."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import waitress
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.app import ServerSettings, create_app
from forms_server.finance_tokens import IMPORT, READ, Tokens
from forms_server.house import House, open_house
from workbook import build, store
from workbook.changelog import append_rows
from workbook.evaluating import evaluate_file
from workbook.ooxml import Book
from workbook.schema import SENSITIVE, Level
from workbook.tables import Budgets

TODAY = date(2026, 11, 24)
PULL = "/finance/v1/budget-execution."
ODATA = "/finance/v1/odata/"


def line(number: int, **more: Any) -> dict[str, Any]:
    """A line of 100.01 times its number, half of it done, in turn of one of two partners."""
    return {
        "budget_line": f"BU-{number:04d}", "contract": "K-0001", "partner": f"P-000{1 + number % 2}", "category": f"科目{number % 7}",
        "starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31), "budget": Decimal("100.01") * number,
        "actual": Decimal("33.33") * number, "progress": Decimal(50), "handler": "内部备注的人", "remark": "内部备注", **more,
    }  # fmt: skip


@cache
def book_of(lines: int, left_out: int = 0, doubled: int = 0, book_id: str | None = None) -> bytes:
    """A book of that many lines; one may be left out, one may have twice its budget."""
    rows = {
        "partners": [{"partner": f"P-000{n}", "legal_name": f"伙伴{n}有限公司", "status": "active"} for n in (1, 2)],
        "contracts": [{"contract": "K-0001", "title": "年度协议", "partner": "P-0001"}],
        "budgets": [
            line(n, **({"budget": Decimal("200.02") * n} if n == doubled else {}))
            for n in range(1, lines + 1)
            if n != left_out
        ],
    }
    return build.new_workbook(rows=rows, today=TODAY, book_id=book_id)


def add_lines(path: Path, first: int, count: int) -> None:
    """What an import does to the file: lines more, the file replaced once."""
    snapshot = store.read(path)
    book = Book.read(snapshot.data)
    append_rows(
        book, Budgets, [{k: v for k, v in line(n).items() if k != "budget_line"} for n in range(first, first + count)]
    )
    store.replace(snapshot, book.to_bytes())


@dataclass
class Door:
    """A served book, its application, and a token that reads and imports."""

    house: House
    app: Flask
    id: str
    token: str

    @property
    def path(self) -> Path:
        return self.house.path

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.house.inbox)

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def mint(self, *scopes: str, level: Level = SENSITIVE, days: int = 30) -> tuple[str, str]:
        made, text = self.tokens.mint("财务部", scopes or (READ,), level, days)
        return made.id, text

    def get(self, address: str, who: tuple[str, str] | None = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client().get(address, headers={**basic(*(who or (self.id, self.token))), **named})


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def door(folder: Path, data: bytes) -> Door:
    path = folder / "伙伴簿.xlsx"
    path.write_bytes(data)
    evaluate_file(path, today=TODAY)
    house = open_house(path, folder / "data")
    house.delivery.run()
    app = create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox)
    made, text = Tokens(house.inbox).mint("财务部", (READ, IMPORT), SENSITIVE, 30)
    return Door(house, app, made.id, text)


@pytest.fixture
def small(tmp_path: Path) -> Door:
    """Twelve lines."""
    return door(tmp_path, book_of(12))


@contextlib.contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application behind the server that ships."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)  # type: ignore[attr-defined, no-untyped-call]

    def run() -> None:
        with contextlib.suppress(OSError):
            server.run()

    threading.Thread(target=run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
