"""What invited companies are promised: a link of their own to the candidate form, one answer, and a row that says so."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.inviting import invite_companies
from forms_server.reviews import CannotInvite
from tests.forms.conftest import CANDIDATE, fields, post
from tests.requirement_books import Scene, at, fresh, scene
from workbook.tables import Candidates, Invitations

OPEN = datetime(2026, 11, 23, 12)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    rows = fresh()
    rows["invitations"].append(
        {"invitation": "N-0002", "publication": "F-0001", "company": "另一家公司", "status": "sent"}
    )
    at(monkeypatch, OPEN)
    return scene(tmp_path, rows)


def links(small: Scene, renew: str = "") -> dict[str, str]:
    return {row[0]: row[3] for row in invite_companies(small.house.inbox, small.house.secret, "F-0001", renew)}


def apply(client: FlaskClient, token: str, **more: Any) -> TestResponse:
    page = fields(client.get(f"/i/{token}"))
    hidden = {name: page[name] for name in ("csrf_token", "submission", "invitation")}
    return post(client, "candidate", {**CANDIDATE, **hidden, **more})


def test_the_link_opens_the_form_with_the_company_filled_in(small: Scene) -> None:
    page = small.client().get(f"/i/{links(small)['N-0001']}")
    assert fields(page)["legal_name"] == "某公司" and "这个链接是发给 某公司 的邀请" in page.text


def test_what_comes_through_it_is_unverified_and_named_in_the_row_of_the_invitation(small: Scene) -> None:
    assert apply(small.client(), links(small)["N-0002"]).status_code == 303
    small.evaluate()
    candidate = small.records(Candidates)[-1]
    assert candidate["verification"] == "unverified" and candidate["legal_name"] == CANDIDATE["legal_name"]
    first, second = small.records(Invitations)
    assert (first["status"], first["candidate"]) == ("sent", None)
    assert (second["status"], second["candidate"]) == ("submitted", candidate.key)


def test_what_staff_wrote_beside_an_invitation_stays(small: Scene) -> None:
    client, token = small.client(), links(small)["N-0001"]
    page = fields(client.get(f"/i/{token}"))
    small.staff("invitations", "邀请编号", {"N-0001": {"状态": "婉拒"}})
    hidden = {name: page[name] for name in ("csrf_token", "submission", "invitation")}
    assert post(client, "candidate", {**CANDIDATE, **hidden}).status_code == 303
    small.evaluate()
    row = small.records(Invitations)[0]
    assert (row["status"], row["candidate"]) == ("declined", small.records(Candidates)[-1].key)


def test_a_link_takes_one_answer_and_the_same_answer_twice_is_one(small: Scene) -> None:
    client, token = small.client(), links(small)["N-0001"]
    page = fields(client.get(f"/i/{token}"))
    late = fields(client.get(f"/i/{token}"))
    hidden = {name: page[name] for name in ("csrf_token", "submission", "invitation")}
    first, again = (post(client, "candidate", {**CANDIDATE, **hidden}) for _ in range(2))
    assert first.status_code == again.status_code == 303 and first.location == again.location
    other = {**hidden, "submission": late["submission"]}
    refused = post(client, "candidate", {**CANDIDATE, **other, "legal_name": "冒名公司"})
    assert refused.status_code == 409 and "已经提交过" in refused.text
    assert "已经提交过" in client.get(f"/i/{token}").text
    assert len(small.house.inbox.all()) == 1
    small.evaluate()
    assert "已经提交过" in client.get(f"/i/{token}").text


def test_a_mistake_on_the_way_keeps_the_invitation(small: Scene) -> None:
    client = small.client()
    answer = apply(client, links(small)["N-0001"], contact="")
    assert answer.status_code == 422 and "这个链接是发给 某公司 的邀请" in answer.text
    page = fields(answer)
    hidden = {name: page[name] for name in ("csrf_token", "submission", "invitation")}
    assert post(client, "candidate", {**CANDIDATE, **hidden}).status_code == 303
    small.evaluate()
    assert small.records(Invitations)[0]["status"] == "submitted"


def test_a_correction_keeps_the_invitation_and_nothing_new_is_no_version(small: Scene) -> None:
    client = small.client()
    receipt = apply(client, links(small)["N-0001"]).location
    edit = receipt.split("?")[0] + "/edit"
    for contact, versions in (("李青", 1), ("李白", 2)):
        sent = post_edit(client, edit, contact)
        assert sent.status_code == 303 and len(small.house.inbox.all()) == versions
    assert {row.values["invitation"] for row in small.house.inbox.all()} == {"N-0001"}


def post_edit(client: FlaskClient, address: str, contact: str) -> TestResponse:
    page = fields(client.get(address))
    page["contact"], page["consent"] = contact, "yes"
    return client.post(address, data=page, content_type="multipart/form-data")


def test_an_old_link_a_foreign_one_or_one_of_a_cancelled_publication_leads_nowhere(small: Scene) -> None:
    client, old = small.client(), links(small)
    fresh_links = links(small, "N-0001")
    assert client.get(f"/i/{old['N-0001']}").status_code == 404
    assert client.get(f"/i/{fresh_links['N-0001']}").status_code == 200 and fresh_links["N-0002"] == old["N-0002"]
    forged = post(client, "candidate", {**CANDIDATE, **_hidden(client), "invitation": old["N-0001"]})
    assert forged.status_code == 303  # an ordinary application, of no invitation
    assert "invitation" not in small.house.inbox.all()[0].values
    small.staff("publications", "发布编号", {"F-0001": {"状态": "已取消"}})
    assert client.get(f"/i/{old['N-0002']}").status_code == 404


def _hidden(client: FlaskClient) -> dict[str, str]:
    page = fields(client.get("/forms/candidate"))
    return {name: page[name] for name in ("csrf_token", "submission")}


def test_an_invitation_opens_nothing_outside_the_window(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client, token = small.client(), links(small)["N-0001"]
    for moment in (datetime(2026, 11, 20, 8, 59), datetime(2026, 12, 20, 18)):
        at(monkeypatch, moment)
        page = client.get(f"/i/{token}").text
        assert 'name="legal_name"' not in page and "北京时间" in page


@pytest.mark.parametrize(
    ("table", "key", "cells", "words"),
    [
        ("publications", ("发布编号", "F-0001"), {"状态": "准备中"}, "没有状态为“已发布”的 F-0001"),
        ("invitations", ("邀请编号", "N-0001"), {"企业名称": None}, "N-0001 没有写企业名称"),
    ],
)
def test_links_are_refused_while_something_is_missing(
    small: Scene, table: str, key: tuple[str, str], cells: dict[str, Any], words: str
) -> None:
    small.staff(table, key[0], {key[1]: cells})
    with pytest.raises(CannotInvite, match=words):
        links(small)
