"""Owns the smallest whole requirement: approved, published, invited to; and the same behind a server, for tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from forms_server import pages
from forms_server.app import ServerSettings, create_app
from forms_server.house import House, open_house
from forms_server.signoffs import invite_signers
from tests.selection_books import TODAY, Rows, selection_rows
from workbook.build import new_workbook
from workbook.evaluating import evaluate_file
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rules.requirements import PARTS
from workbook.schema import Table
from workbook.tables import Requirements

WORDS = {name: f"{Requirements.columns[name].zh}写清楚了" for name in PARTS}


def fingerprint(key: str, revision: int, parts: dict[str, str]) -> str:
    """The SHA-256 that the policy asks for, worked out here by itself."""
    whole = {"requirement": key, "revision": revision, "parts": parts}
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def signoff(number: int, reviewer: str, **more: Any) -> dict[str, Any]:
    return {
        "signoff": f"A-{number:04d}", "requirement": "Q-0001", "revision": Decimal(1), "reviewer": reviewer,
        "verdict": "agree", "fingerprint": fingerprint("Q-0001", 1, WORDS),
        "submitted_at": datetime(2026, 11, 10, 9, number), **more,
    }  # fmt: skip


def fresh() -> Rows:
    """A published requirement that business, technology and law agreed to, and a window that is open."""
    rows = selection_rows()
    rows["requirements"] = [
        {"requirement": "Q-0001", "title": "产线监测", "revision": Decimal(1), "status": "published", **WORDS}
    ]
    rows["signoffs"] = [signoff(1, "R-0001"), signoff(2, "R-0002"), signoff(3, "R-0004")]
    rows["publications"] = [{
        "publication": "F-0001", "requirement": "Q-0001", "channel": "platform", "status": "published",
        "opens_at": datetime(2026, 11, 20, 9), "closes_at": datetime(2026, 12, 20, 18),
    }]  # fmt: skip
    rows["invitations"] = [{"invitation": "N-0001", "publication": "F-0001", "company": "某公司", "status": "sent"}]
    rows["settings"] = [{"setting": "公司名称", "value": "示例"}]
    return rows


@dataclass(frozen=True)
class Scene:
    """A book with its server."""

    house: House

    @property
    def tokens(self) -> Mapping[str, str]:
        """The token of each reviewer for Q-0001."""
        return dict(invite_signers(self.house.inbox, self.house.secret, "Q-0001"))

    def client(self) -> FlaskClient:
        settings = ServerSettings(secret=self.house.secret, data=self.house.data, testing=True)
        return create_app(settings, self.house.inbox).test_client()

    def staff(self, table: str, key_column: str, changes: dict[str, dict[str, Any]]) -> None:
        """Staff change cells and save; the server looks at the file."""
        book = Book.read(self.house.path.read_bytes())
        book.update(table, key_column, changes)
        self.house.path.write_bytes(book.to_bytes())
        self.house.delivery.run()

    def evaluate(self) -> None:
        self.house.delivery.run()
        evaluate_file(self.house.path, today=TODAY)
        self.house.delivery.run()

    def records(self, table: type[Table]) -> list[Record]:
        return read_records(Book.read(self.house.path.read_bytes()), table)


def scene(folder: Path, rows: Rows) -> Scene:
    path = folder / "伙伴簿.xlsx"
    path.write_bytes(new_workbook(rows=rows, today=TODAY))
    house = open_house(path, folder / "data")
    house.delivery.run()
    return Scene(house)


def under_review() -> Rows:
    """A requirement that nobody has signed yet."""
    rows = fresh()
    rows["requirements"][0]["status"] = "review"
    rows["signoffs"], rows["publications"], rows["invitations"] = [], [], []
    return rows


def at(patch: pytest.MonkeyPatch, moment: datetime) -> None:
    """It is this moment on the wall clock of the book."""
    patch.setattr(pages, "now", lambda zone: moment.replace(tzinfo=zone))
