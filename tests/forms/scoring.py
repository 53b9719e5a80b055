"""Owns a panel behind a server for tests: four candidates, seven reviewers, their links, and how a reviewer scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.app import ServerSettings, create_app
from forms_server.house import House, open_house
from forms_server.review_pages import field_name
from forms_server.reviews import Reviews
from tests.forms.conftest import fields
from tests.selection_books import MARKED, TODAY, selection_rows
from workbook.build import new_workbook

PANEL = "V-0001"
Mark = Callable[[str, str, str], int]  # candidate, reviewer, indicator → 1 to 5, 0 for 不适用


@dataclass(frozen=True)
class Scene:
    """The house, and the token of each reviewer."""

    house: House
    tokens: Mapping[str, str]

    def client(self) -> FlaskClient:
        settings = ServerSettings(secret=self.house.secret, data=self.house.data, testing=True)
        return create_app(settings, self.house.inbox).test_client()


def scene(folder: Path, firms: int = 4, people: int = 7, **panel: Any) -> Scene:
    """A new book with a panel that is being scored and has no mark yet."""
    rows = selection_rows(firms, people, lambda c, r, i: None)
    rows["declarations"] = []
    rows["panels"][0].update({"status": "scoring", **panel})
    path = folder / "伙伴簿.xlsx"
    path.write_bytes(new_workbook(rows=rows, today=TODAY))
    house = open_house(path, folder / "data")
    house.delivery.run()
    return Scene(house, dict(Reviews(house.inbox, house.secret).invite(PANEL)))


def declare(client: FlaskClient, address: str, conflict: str = "no", reason: str = "") -> TestResponse:
    start = fields(client.get(address))
    return client.post(address, data={**start, "conflict": conflict, "reason": reason, "do": "declare"})


def filled(candidate: str, reviewer: str, mark: Mark, evidence: str = "") -> dict[str, str]:
    """What a reviewer types into a sheet."""
    typed = {}
    for indicator in MARKED:
        value = mark(candidate, reviewer, indicator)
        typed[f"{field_name(indicator)}.mark"] = str(value or "na")
        typed[f"{field_name(indicator)}.evidence"] = evidence or f"{reviewer} 看 {candidate} 的依据"
    return typed


def score(
    client: FlaskClient, token: str, candidate: str, reviewer: str, mark: Mark, do: str = "send", evidence: str = ""
) -> TestResponse:
    """Declare, fill in and send one sheet."""
    address = f"/i/{token}/{candidate}"
    page = client.get(address)
    if 'value="declare"' in page.text:
        declare(client, address)
        page = client.get(address)
    hidden = {name: fields(page)[name] for name in ("csrf_token", "conflict", "number")}
    return client.post(address, data={**hidden, **filled(candidate, reviewer, mark, evidence), "do": do})
