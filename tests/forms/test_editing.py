"""What a sender may count on when correcting: the same form, filled; nothing lost; nobody else, and not for ever."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from forms_server.inbox import Inbox, InboxUnavailable, Sight
from tests.forms.conftest import FILLED, PDF, errors, fields, notice, send, upload

DATED = {"licence_term": "dated", "licence_until": "2039-03-07", "annual_revenue": "12,345.6", "profit": "-3"}


def sent(client: FlaskClient, slug: str = "candidate", **changes: Any) -> str:
    answer = send(client, slug, **changes)
    assert answer.status_code == 303, errors(answer)
    return answer.headers["Location"].rsplit("/", 1)[1].split("?")[0]


def opened(client: FlaskClient, code: str) -> MultiDict[str, str]:
    page = client.get(f"/receipts/{code}/edit")
    assert page.status_code == 200
    return fields(page)


def post(client: FlaskClient, code: str, filled: MultiDict[str, str], **changes: Any) -> TestResponse:
    data: dict[str, Any] = {**{key: filled.getlist(key) for key in filled}, "consent": "yes", **changes}
    return client.post(f"/receipts/{code}/edit", data=data, content_type="multipart/form-data")


def lock(inbox: Inbox, locked: bool = True) -> None:
    """What delivery notes when it reads that staff took the row in hand."""
    assert inbox.take_lease("test")
    ids = [row.id for row in inbox.all()]
    sight = Sight(1, "", datetime.now(UTC), {}, shown={i: {} for i in ids}, locked=dict.fromkeys(ids, locked))
    inbox.settle("test", [], sight)
    inbox.drop_lease("test")


@pytest.mark.parametrize("slug", FILLED)
def test_the_form_comes_with_what_was_sent_and_sending_it_unchanged_changes_nothing(
    client: FlaskClient, inbox: Inbox, slug: str
) -> None:
    code = sent(client, slug, **(DATED if slug == "candidate" else {}))
    before = inbox.all()
    answer = post(client, code, opened(client, code))
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, f"/receipts/{code}"), errors(answer)
    assert inbox.all() == before


def test_a_correction_is_version_2_under_the_same_receipt(client: FlaskClient, inbox: Inbox) -> None:
    code = sent(client, **DATED)
    assert f"/receipts/{code}/edit" in client.get(f"/receipts/{code}").text
    answer = post(client, code, opened(client, code), main_business="改过的业务", annual_revenue="2")
    assert answer.status_code == 303
    assert "第 2 版" in client.get(answer.headers["Location"]).text
    first, second = inbox.all()
    assert (first.id, first.version, second.version) == (second.id, 1, 2)
    changed = {k for k in second.values if second.values[k] != first.values.get(k)}
    assert changed == {"main_business", "annual_revenue"} and second.values["annual_revenue"] == "20000.00"


def test_pressing_twice_is_one_version(client: FlaskClient, inbox: Inbox) -> None:
    code = sent(client)
    filled = opened(client, code)
    for _ in range(2):
        assert post(client, code, filled, main_business="新").status_code == 303
    assert [row.version for row in inbox.all()] == [1, 2]


def test_two_windows_do_not_undo_each_other_unseen(client: FlaskClient, inbox: Inbox) -> None:
    code = sent(client)
    one, other = opened(client, code), opened(client, code)
    post(client, code, one, main_business="第一个窗口")
    answer = post(client, code, other, main_business="第二个窗口")
    assert (answer.status_code, notice(answer)) == (409, "edit_conflict")
    assert "第二个窗口" in answer.text
    assert post(client, code, fields(answer)).status_code == 303  # having been told, they may
    assert [row.values["main_business"] for row in inbox.all()][1:] == ["第一个窗口", "第二个窗口"]


def test_files_stay_are_taken_off_and_are_added(client: FlaskClient, inbox: Inbox, data: Path) -> None:
    code = sent(client, profile_file=[upload(PDF, "一.pdf"), upload(PDF + b"\n", "二.pdf")])
    page = client.get(f"/receipts/{code}/edit")
    assert "一.pdf" in page.text and "二.pdf" in page.text
    ids = [ref["id"] for ref in inbox.all()[0].values["profile_file"]]
    less = post(client, code, fields(page), remove=ids[0])
    assert less.status_code == 200 and "一.pdf" not in less.text
    filled = fields(less)
    more = {"profile_file": [*filled.getlist("profile_file"), upload(PDF + b"\n\n", "三.pdf")]}
    assert post(client, code, filled, **more).status_code == 303
    assert [ref["name"] for ref in inbox.all()[1].values["profile_file"]] == ["二.pdf", "三.pdf"]
    assert all((data / "uploads" / i).is_file() for i in ids)  # the version before keeps its files


def test_a_file_of_another_submission_cannot_be_carried_in(client: FlaskClient, inbox: Inbox) -> None:
    theirs = sent(client, profile_file=[upload(PDF, "别人的.pdf")])
    mine = sent(client)
    token = opened(client, theirs)["profile_file"]
    answer = post(client, mine, opened(client, mine), profile_file=token)
    assert answer.status_code == 422 and "profile_file" in errors(answer)
    assert len(inbox.all()) == 2


def test_what_is_wrong_is_told_and_what_was_typed_stays(client: FlaskClient, inbox: Inbox) -> None:
    code = sent(client)
    answer = post(client, code, opened(client, code), credit_code="123", main_business="留着")
    assert answer.status_code == 422 and list(errors(answer)) == ["credit_code"] and "留着" in answer.text
    assert len(inbox.all()) == 1


def test_without_the_guard_nothing_is_changed_and_nothing_typed_is_lost(app: Flask, inbox: Inbox) -> None:
    client = app.test_client()
    code = sent(client)
    filled = opened(client, code)
    for bad in ("", "forged"):
        answer = post(client, code, filled, csrf_token=bad, main_business="留着")
        assert (answer.status_code, notice(answer)) == (400, "csrf") and "留着" in answer.text
    stranger = app.test_client()
    assert post(stranger, code, filled, main_business="x").status_code == 400
    assert len(inbox.all()) == 1


@pytest.mark.parametrize("token", ["", "forged", "another"])
def test_a_page_without_a_good_version_is_given_back_to_be_sent_again(
    client: FlaskClient, inbox: Inbox, token: str
) -> None:
    code = sent(client)
    if token == "another":
        token = opened(client, sent(client, main_business="另一份"))["submission"]
    before = len(inbox.all())
    answer = post(client, code, opened(client, code), submission=token, main_business="留着")
    assert (answer.status_code, notice(answer)) == (400, "identity") and len(inbox.all()) == before
    assert post(client, code, fields(answer)).status_code == 303


@pytest.mark.parametrize("code", ["none", "7K4M-2QXR-9TBD-H6WN-3FPA", "x" * 3000])
def test_no_receipt_is_the_same_404_by_both_ways(client: FlaskClient, code: str) -> None:
    sent(client)
    page = client.get(f"/receipts/{code}/edit")
    assert page.status_code == 404 and "找不到这个回执" in page.text
    token = fields(client.get("/forms/incident"))["csrf_token"]
    assert client.post(f"/receipts/{code}/edit", data={"csrf_token": token}).status_code == 404


def test_once_staff_took_it_in_hand_nothing_can_be_corrected(client: FlaskClient, inbox: Inbox) -> None:
    code = sent(client)
    filled = opened(client, code)
    lock(inbox)
    assert "/edit" not in client.get(f"/receipts/{code}").text
    page = client.get(f"/receipts/{code}/edit")
    assert page.status_code == 403 and "联系经办人" in page.text
    late = post(client, code, filled, main_business="来晚了")
    assert (late.status_code, notice(late)) == (403, "edit_late") and "来晚了" in late.text
    assert len(inbox.all()) == 1
    lock(inbox, False)  # sent back for correction
    assert post(client, code, opened(client, code), main_business="补正").status_code == 303


def test_a_row_that_staff_deleted_cannot_be_corrected(client: FlaskClient, inbox: Inbox) -> None:
    code = sent(client)
    inbox.move(inbox.all(), "deleted")
    assert client.get(f"/receipts/{code}/edit").status_code == 403


def test_a_full_disk_gives_the_page_back(client: FlaskClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    code = sent(client)
    filled = opened(client, code)

    def full(*_: Any, **__: Any) -> str:
        raise InboxUnavailable

    monkeypatch.setattr(inbox, "submit", full)
    answer = post(client, code, filled, main_business="留着", profile_file=[upload(PDF, "一.pdf")])
    assert (answer.status_code, notice(answer)) == (503, "unavailable") and "留着" in answer.text


def test_script_in_what_was_sent_is_shown_as_text(client: FlaskClient) -> None:
    code = sent(client, main_business="<script>alert(1)</script>", contact='"><img src=x>')
    page = client.get(f"/receipts/{code}/edit").text
    assert "<script>alert" not in page and "&lt;script&gt;" in page and "<img src=x>" not in page


def test_changing_the_language_keeps_the_correction(client: FlaskClient) -> None:
    code = sent(client)
    answer = post(client, code, opened(client, code), main_business="留着", lang="en")
    assert answer.status_code == 200 and "留着" in answer.text and "version 2" in answer.text


def test_the_receipt_says_why_it_waits_since_when_and_when_it_is_tried_next(client: FlaskClient, inbox: Inbox) -> None:
    code = sent(client)
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=25)
    inbox.explain("工作簿 secret-name.xlsx 正在 Excel 中打开（李四）", soon, "open")
    why = re.search(r"data-why>([^<]*)<", client.get(f"/receipts/{code}").text)
    assert why and "正打开着" in why[1] and "起" in why[1] and "下次尝试" in why[1]
    health = client.get("/healthz").text
    assert health.startswith("ok\n") and "waiting 1" in health and "why open" in health
    assert "since 20" in health and f"next {soon.isoformat()}" in health
    for page in (health, client.get(f"/receipts/{code}").text):
        assert "secret-name" not in page and "李四" not in page
    inbox.explain(None)
    assert client.get("/healthz").text == "ok\nwaiting 1\n"
