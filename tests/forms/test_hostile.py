"""What an enemy, a broken client or a curious neighbour gets: plain refusals, headers, nothing unescaped."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_server.app import ServerSettings, create_app
from forms_server.catalog import FORMS
from forms_server.inbox import Inbox
from tests.forms.conftest import FILLED, SECRET, errors, fields, hidden, notice, post, send
from workbook.schema import Files

NASTY = {
    "script": "<script>alert(1)</script>",
    "attribute": '" autofocus onfocus="alert(1)',
    "template": "{{ config }}{% raw %}${7*7}",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "closing": "</textarea></form><h1>x",
    "noncharacter": "a\ufffeb",
    "nul": "a\0b",
    "right to left": "\u202eabc",
    "emoji": "👩‍👩‍👧‍👦𠮷",
    "long": "长" * 40_000,
    "lines": "a\r\n\r\nb\u2028c",
    "combining": "Z̸͚͘a̷l̴g̵o" * 20,
    "nan": "NaN",
    "number": "9" * 400,
    "exponent": "1E999999999",
    "blank": " \u3000\t",
}
ASKED = [(form.slug, column.name) for form in FORMS for column in form.table.asked() if not isinstance(column, Files)]
PATHS = ("/", "/privacy", "/forms/candidate", "/forms/none", "/receipts/none", "/receipts", "/healthz", "/readyz",
         "/static/partnerbook.css", "/static/none", "/%00", "/forms/%ff")  # fmt: skip


@pytest.mark.parametrize("case", NASTY)
@pytest.mark.parametrize("slug", FILLED)
def test_no_text_in_any_field_breaks_a_page_or_comes_back_unescaped(client: FlaskClient, slug: str, case: str) -> None:
    start = hidden(client.get(f"/forms/{slug}"))
    names = [name for form, name in ASKED if form == slug]
    for data in ({**FILLED[slug], name: NASTY[case]} for name in (names if len(NASTY[case]) < 1000 else names[:3])):
        answer = post(client, slug, {**start, **data})
        assert answer.status_code in (303, 409, 422), data
        page = answer.get_data(as_text=True)
        for raw in ("<script>alert", '" autofocus', "</form><h1>"):
            assert raw not in page
    everywhere = dict.fromkeys(names, NASTY[case])
    answer = post(client, slug, {**start, **everywhere})
    assert answer.status_code in (400, 409, 422)
    again = fields(answer)
    for name in (n for n in names if n in again and n not in ("goals",)):
        typed = answer.get_data(as_text=True)
        assert name in typed


def test_what_no_workbook_can_hold_is_an_error_that_says_where(client: FlaskClient) -> None:
    for bad in ("ab\ufffec", "ab\0c"):
        answer = send(client, "incident", scope=bad)
        assert answer.status_code == 422
        assert "第 3 个字" in errors(answer)["scope"]


def test_bytes_that_are_no_text_are_an_error_and_never_a_crash(client: FlaskClient, inbox: Inbox) -> None:
    start = hidden(client.get("/forms/incident"))
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in {**start, **FILLED["incident"]}.items()
    ]
    body = b"".join(parts).replace("第 7 批".encode(), b"a\xed\xa0\x80\xff") + b"--x--\r\n"
    answer = client.post("/forms/incident", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 422 and "U+FFFD" in errors(answer)["scope"]
    assert not inbox.all()
    encoded = urlencode({**start, **FILLED["incident"]}).replace("scope=", "scope=a%ED%A0%80%FF")
    answer = client.post("/forms/incident", data=encoded, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (303, 422)  # the framework leaves such bytes as they were written: %ED%A0%80
    assert all("\ud800" not in stored.values["scope"] for stored in inbox.all())


def test_forty_thousand_characters_are_counted_and_kept(client: FlaskClient) -> None:
    answer = send(client, "candidate", main_business="长" * 40_000)
    assert "超出 39500 字" in errors(answer)["main_business"]
    assert len(fields(answer)["main_business"]) == 40_000


def test_what_is_too_large_is_said_in_words(client: FlaskClient, inbox: Inbox, data: Path) -> None:
    answer = send(client, "incident", scope="x" * (5 * 2**20))
    assert answer.status_code == 413 and "太大" in answer.get_data(as_text=True)
    many = {f"x{i}": "1" for i in range(1100)}
    assert send(client, "incident", {**FILLED["incident"], **many}).status_code == 413
    small = create_app(ServerSettings(secret=SECRET, data=data, max_body=2**20), inbox).test_client()
    assert small.post("/forms/incident", data=b"x" * (2**20 + 1)).status_code == 413
    assert not inbox.all()


@pytest.mark.parametrize("case", ["missing", "wrong", "of another session", "expired", "no cookie"])
def test_without_a_good_token_nothing_is_stored_and_nothing_is_lost(
    app: Flask, client: FlaskClient, inbox: Inbox, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {**hidden(client.get("/forms/incident")), **FILLED["incident"]}
    if case == "missing":
        del data["csrf_token"]
    elif case == "wrong":
        data["csrf_token"] = "x"
    elif case == "of another session":
        data["csrf_token"] = hidden(app.test_client().get("/forms/incident"))["csrf_token"]
    elif case == "expired":
        import time

        later = time.time() + 12 * 3600 + 60
        monkeypatch.setattr("time.time", lambda: later)
    else:
        client.delete_cookie("partnerbook")
    answer = post(client, "incident", data)
    assert (answer.status_code, notice(answer)) == (400, "csrf")
    assert not inbox.all()
    again = fields(answer)
    assert again["scope"] == data["scope"] and again["submission"] == data["submission"]
    assert post(client, "incident", again).status_code == 303


def test_every_route_that_changes_anything_asks_for_the_token(app: Flask, inbox: Inbox) -> None:
    found = 0
    for rule in app.url_map.iter_rules():
        for method in set(rule.methods or ()) - {"GET", "HEAD", "OPTIONS"}:
            path = re.sub(r"<[^>]+>", "incident", rule.rule)
            answer = app.test_client().open(path, method=method, data=FILLED["incident"])
            wanted = (
                401 if path.startswith("/api/") else 400
            )  # programs bring a token of their own, and no cookie counts
            assert answer.status_code == wanted, (method, path)
            found += 1
    assert found and not inbox.all()


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_its_headers(client: FlaskClient, path: str) -> None:
    for answer in (client.get(path), client.post(path), client.open(path, method="TRACE")):
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert (
            policy["default-src"] == "'none'"
            and policy["frame-ancestors"] == "'none'"
            and policy["base-uri"] == "'none'"
        )
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Permissions-Policy" in answer.headers and "Cross-Origin-Opener-Policy" in answer.headers
        assert "Strict-Transport-Security" not in answer.headers
        if not (path == "/static/partnerbook.css" and answer.status_code == 200):
            assert answer.headers["Cache-Control"] == "no-store"
        assert answer.status_code < 500


def test_behind_tls_cookies_are_secure_and_the_browser_is_told_to_stay(inbox: Inbox, data: Path) -> None:
    client = create_app(ServerSettings(secret=SECRET, data=data, https=True), inbox).test_client()
    answer = client.get("/forms/incident?lang=en", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_receipts_that_were_never_given_look_all_the_same(client: FlaskClient) -> None:
    answers = {
        client.get(f"/receipts/{code}").get_data()
        for code in ("7K4M-2QXR-9TBD-H6WN-3FPC", "7K4M2QXR9TBDH6WN3FPD", "x", "%00", "<script>", "0" * 3000)
    }
    assert len(answers) == 1
    assert client.get("/receipts/x").status_code == 404


def test_a_receipt_is_found_however_it_is_typed(client: FlaskClient) -> None:
    code = send(client, "incident").headers["Location"].rsplit("/", 1)[1]
    for typed in (code, code.lower(), code.replace("-", ""), code.replace("0", "O").replace("1", "l"), f" {code} "):
        moved = client.get("/receipts", query_string={"code": typed})
        assert moved.status_code == 303
        answer = client.get(moved.headers["Location"])
        assert answer.status_code == 200, typed
        assert f'data-copy="{code}"' in answer.get_data(as_text=True)


def test_the_look_up_leads_nowhere_but_here(client: FlaskClient) -> None:
    for code in ("//evil.example", "https://evil.example", "\\\\evil.example", "/../x", "a\r\nSet-Cookie: x=1"):
        moved = client.get("/receipts", query_string={"code": code})
        assert moved.headers["Location"].startswith("/receipts/") and "\n" not in moved.headers["Location"]
        assert "Set-Cookie" not in moved.headers


def test_a_forged_host_gets_into_no_link(client: FlaskClient) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = client.get("/receipts", query_string={"code": "x"}, headers=evil)
    assert "evil.example" not in answer.headers["Location"]
    assert "evil.example" not in client.get("/forms/candidate", headers=evil).get_data(as_text=True)


def test_a_receipt_shows_state_and_never_content(client: FlaskClient) -> None:
    answer = client.get(send(client, "incident").headers["Location"])
    page = answer.get_data(as_text=True)
    for column in ("scope", "description", "company", "reporter", "phone"):
        assert FILLED["incident"][column] not in page


def test_a_crash_is_a_page_without_the_receipt_in_the_log(
    client: FlaskClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(code: str) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(inbox, "receipt", broken)
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/receipts/7K4M-2QXR-9TBD-H6WN-3FPC")
    assert answer.status_code == 500
    page = answer.get_data(as_text=True)
    assert "没有生成回执" in page and "boom" not in page and "Traceback" not in page
    assert "boom" in caplog.text and "7K4M" not in caplog.text


def test_an_inbox_that_does_not_answer_is_not_ready_and_pages_still_come(
    client: FlaskClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> None:
        raise RuntimeError("down")

    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(inbox, "profile", down)
    monkeypatch.setattr(inbox, "ready", lambda: False)
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert client.get("/forms/incident").status_code == 200


def test_the_address_of_no_form_is_a_page_like_any_missing_one(client: FlaskClient) -> None:
    assert client.get("/forms/none").status_code == 404
    assert client.get("/forms/none").get_data() == client.get("/none").get_data()
    assert client.post("/").status_code in (400, 405)
