"""The web application over a real inbox, asked through Flask's test client or, by a browser, over HTTP."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import waitress
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from forms_server.app import ServerSettings, create_app
from forms_server.database import open_database
from forms_server.inbox import Inbox

BOOK = "00000000-0000-4000-8000-000000000001"
SECRET = b"not a secret, these are tests 00"
# 91110000600037341L is a real code, its check character taken from the public register.
CANDIDATE = {
    "legal_name": "杭州青禾精密制造有限公司", "credit_code": "91110000600037341L", "company_type": "limited",
    "contact": "李青", "phone": "138 0013 8000", "email": "li@example.com", "licence_term": "open",
    "business_scope": "精密结构件", "main_business": "精密结构件设计与加工", "consent": "yes",
}  # fmt: skip
SATISFACTION = {
    "company": "青禾", "side": "them", "occasion": "yearly", "goals": "4", "communication": "5",
    "problem_solving": "na", "delivery": "3", "mutuality": "2", "respondent": "李青", "email": "li@example.com",
    "consent": "yes",
}  # fmt: skip
INCIDENT = {
    "kind": "quality", "severity": "major", "occurred_at": "2026-11-20T09:30", "ongoing": "no", "scope": "第 7 批",
    "description": "尺寸超差", "company": "青禾", "reporter": "李青", "phone": "057112345678", "consent": "yes",
}  # fmt: skip
INNOVATION = {
    "company": "青禾", "title": "共用测试环境", "area": "cost", "present": "各建一套，闲置一半", "idea": "合用一套，按周排期",
    "proposer": "李青", "email": "li@example.com", "consent": "yes",
}  # fmt: skip
APPEAL = {
    "company": "青禾", "period_named": "2026Q3", "measure_named": "问题响应时效", "grounds": "7 月 3 日的问题当日已答复，邮件为证",
    "appellant": "李青", "email": "li@example.com", "consent": "yes",
}  # fmt: skip
ISSUE = {
    "severity": "urgent", "title": "产线停机", "detail": "上午 9 点起 3 号线停机", "company": "青禾", "reporter": "李青", "phone": "057112345678",
    "consent": "yes",
}  # fmt: skip
FILLED = {
    "candidate": CANDIDATE, "satisfaction": SATISFACTION, "incident": INCIDENT, "innovation": INNOVATION, "appeal": APPEAL,
    "issue": ISSUE,
}  # fmt: skip

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def _png() -> bytes:
    """One grey point, built by the rules of the PNG specification."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    points = zlib.compress(b"\0\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", points) + chunk(b"IEND", b"")


PNG = _png()
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\0" * 40 + b"\xff\xd9"
HEIC = (
    b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
    b"\x00\x00\x00\x0cmeta\x00\x00\x00\x00\x00\x00\x00\x0cmdat\x00\x00\x00\x00"
)


def zipped(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


class _Fields(HTMLParser):
    """What a browser would send from the one form of a page, files and buttons aside."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: MultiDict[str, str] = MultiDict()
        self._area = self._select = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        name, value = at.get("name") or "", at.get("value") or ""
        if tag == "input" and name and at.get("type") != "file":
            if at.get("type") not in ("radio", "checkbox") or "checked" in at:
                self.fields.add(name, value)
        elif tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in at:
            self.fields.add(self._select, value)

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.fields.add(self._area, self._text.removeprefix("\n"))
            self._area = ""


def fields(answer: TestResponse) -> MultiDict[str, str]:
    """The names and values in the form of a page."""
    parser = _Fields()
    parser.feed(answer.get_data(as_text=True))
    return parser.fields


def hidden(answer: TestResponse) -> dict[str, str]:
    """The two hidden values that every form carries."""
    found = fields(answer)
    return {"csrf_token": found["csrf_token"], "submission": found["submission"]}


def errors(answer: TestResponse) -> dict[str, str]:
    """The error summary: id of the field → words."""
    page = answer.get_data(as_text=True)
    summary = re.search(r'<div class="summary".*?</div>', page, re.DOTALL)
    return dict(re.findall(r'<li><a href="#([^"]+)">(.*?)</a>', summary[0])) if summary else {}


def notice(answer: TestResponse) -> str:
    found = re.search(r'data-notice="(\w+)"', answer.get_data(as_text=True))
    return found[1] if found else ""


def send(client: FlaskClient, slug: str, values: dict[str, Any] | None = None, **changes: Any) -> TestResponse:
    """Open a form and send it filled in; a change of None leaves a field out."""
    start = hidden(client.get(f"/forms/{slug}"))
    data: dict[str, Any] = {**start, **(FILLED[slug] if values is None else values), **changes}
    return post(client, slug, {k: v for k, v in data.items() if v is not None})


def post(client: FlaskClient, slug: str, data: Any) -> TestResponse:
    return client.post(f"/forms/{slug}", data=data, content_type="multipart/form-data")


def upload(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(open_database(tmp_path / "inbox.sqlite"), BOOK, SECRET)


@pytest.fixture
def app(inbox: Inbox, data: Path) -> Flask:
    return create_app(ServerSettings(secret=SECRET, data=data, testing=True), inbox)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The application behind the server that ships."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)

    def run() -> None:
        with contextlib.suppress(OSError):  # its loop meets the closed socket below
            server.run()

    threading.Thread(target=run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()  # its thread ends when the browser has let go of the last connection
