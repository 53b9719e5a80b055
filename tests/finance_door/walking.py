"""Owns how a client walks an OData feed to its end: it follows what the server says and adds nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.finance_door.conftest import Door

Page = dict[str, Any]


def read(text: str) -> Page:
    """A page with exact numbers."""
    found: Page = json.loads(text, parse_float=Decimal)
    return found


def walk(house: Door, address: str, between: Callable[[], None] = lambda: None, **headers: str) -> list[Page]:
    """Every page from the first on; `between` is called before each further one."""
    pages = []
    while address:
        answer = house.get(address, **headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert answer.headers["OData-Version"] == "4.0"
        pages.append(read(answer.get_data(as_text=True)))
        address = pages[-1].get("@odata.nextLink", "")
        if address:
            between()
    return pages
