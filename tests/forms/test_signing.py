"""What signers of a requirement are promised: they sign the text they saw, lose nothing, and an edit asks them again."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.reviews import CannotInvite
from forms_server.signoffs import invite_signers
from tests.forms.conftest import errors, fields, notice
from tests.requirement_books import WORDS, Scene, fingerprint, scene, under_review
from workbook.tables import SignOffs, Todo


@pytest.fixture
def small(tmp_path: Path) -> Scene:
    return scene(tmp_path, under_review())


def sign(client: FlaskClient, token: str, verdict: str = "agree", opinion: str = "", **more: str) -> TestResponse:
    page = fields(client.get(f"/i/{token}"))
    hidden = {name: page[name] for name in ("csrf_token", "submission", "fingerprint")}
    return client.post(f"/i/{token}", data={**hidden, "verdict": verdict, "opinion": opinion, **more})


def test_the_active_reviewers_of_the_required_departments_get_a_link_each(tmp_path: Path) -> None:
    rows = under_review()
    rows["reviewers"].append({"reviewer": "R-0005", "person": "前任", "role": "legal", "status": "left"})
    small = scene(tmp_path, rows)
    assert set(small.tokens) == {"R-0001", "R-0002", "R-0004"}  # 业务, 技术, 法务; not 采购, nobody who left
    assert small.tokens == small.tokens and len(set(small.tokens.values())) == 3
    (renewed,) = [t for r, t in invite_signers(small.house.inbox, small.house.secret, "Q-0001", "R-0001") if r == "R-0001"]  # fmt: skip
    assert small.client().get(f"/i/{renewed}").status_code == 200


def test_an_old_or_wrong_link_and_that_of_somebody_who_left_are_not_found(small: Scene) -> None:
    old = small.tokens
    renewed = dict(invite_signers(small.house.inbox, small.house.secret, "Q-0001", "R-0001"))
    assert renewed["R-0001"] != old["R-0001"] and renewed["R-0002"] == old["R-0002"]
    client = small.client()
    page = fields(client.get(f"/i/{renewed['R-0001']}"))
    for token in (old["R-0001"], "0" * 40):
        assert client.get(f"/i/{token}").status_code == 404
        assert client.post(f"/i/{token}", data={**page, "verdict": "agree"}).status_code == 404
    small.staff("reviewers", "评审人编号", {"R-0002": {"状态": "已卸任"}})
    assert client.get(f"/i/{old['R-0002']}").status_code == 404
    with pytest.raises(CannotInvite, match="没有技术的在任评审人"):
        invite_signers(small.house.inbox, small.house.secret, "Q-0001")


def test_the_page_shows_the_eight_parts_the_revision_and_the_fingerprint(small: Scene) -> None:
    page = small.client().get(f"/i/{small.tokens['R-0001']}").text
    assert all(words in page for words in WORDS.values())
    assert "第 1 版" in page and fingerprint("Q-0001", 1, WORDS)[:12] in page and "截至" in page


def test_a_verdict_becomes_one_row_and_asks_nobody_to_verify_it(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    assert sign(client, token, "conditional", "=先小批 试做").status_code == 303
    assert 'data-signed="conditional"' in client.get(f"/i/{token}").text  # before it is in the book
    small.house.delivery.run()
    assert not [r for r in small.records(Todo) if "内部评审" in r.text("matter")]
    small.evaluate()
    (row,) = small.records(SignOffs)
    assert row.values.items() >= {
        "signoff": "A-0001", "requirement": "Q-0001", "reviewer": "R-0001", "verdict": "conditional",
        "opinion": "=先小批 试做", "fingerprint": fingerprint("Q-0001", 1, WORDS), "state": "valid",
    }.items()  # fmt: skip
    assert row["revision"] == 1 and row["submitted_at"] and row["submission_id"]
    assert 'data-signed="conditional"' in client.get(f"/i/{token}").text


def test_the_same_page_sent_twice_is_one_row_and_another_verdict_a_new_one(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    page = fields(client.get(f"/i/{token}"))
    hidden = {name: page[name] for name in ("csrf_token", "submission", "fingerprint")}
    for _ in range(2):
        assert client.post(f"/i/{token}", data={**hidden, "verdict": "agree"}).status_code == 303
    changed = client.post(f"/i/{token}", data={**hidden, "verdict": "disagree", "opinion": "预算不够"})
    assert changed.status_code == 409 and fields(changed)["opinion"] == "预算不够" and notice(changed) == "told"
    assert len(small.house.inbox.all()) == 1
    again = {**hidden, "submission": fields(changed)["submission"], "verdict": "disagree", "opinion": "预算不够"}
    assert client.post(f"/i/{token}", data=again).status_code == 303
    small.evaluate()
    assert [(r["verdict"], r["state"]) for r in small.records(SignOffs)] == [("agree", "void"), ("disagree", "valid")]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"verdict": ""}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": "conditional"}, "opinion"),
        ({"verdict": "disagree", "opinion": " \r\n "}, "opinion"),
        ({"verdict": "agree", "opinion": "长" * 501}, "opinion"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_stored(small: Scene, typed: dict[str, str], field: str) -> None:
    answer = sign(small.client(), small.tokens["R-0001"], **typed)
    assert answer.status_code == 422 and list(errors(answer)) == [field]
    assert fields(answer)["opinion"] == typed.get("opinion", "").strip() and small.house.inbox.all() == []


def test_a_verdict_on_a_text_that_changed_is_refused_with_the_input_kept_and_the_new_text_shown(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0004"]
    page = fields(client.get(f"/i/{token}"))
    small.staff("requirements", "需求编号", {"Q-0001": {"范围": "只含一号线"}})
    hidden = {name: page[name] for name in ("csrf_token", "submission", "fingerprint")}
    answer = client.post(f"/i/{token}", data={**hidden, "verdict": "conditional", "opinion": "看过合同再定"})
    assert answer.status_code == 409 and "只含一号线" in answer.text and "内容有改动" in answer.text
    kept = fields(answer)
    assert (kept["verdict"], kept["opinion"]) == ("conditional", "看过合同再定")
    assert small.house.inbox.all() == []
    assert kept["fingerprint"] == fingerprint("Q-0001", 1, {**WORDS, "scope": "只含一号线"})
    assert client.post(f"/i/{token}", data=kept).status_code == 303


def test_an_edit_after_the_verdict_is_told_on_the_page(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    sign(client, token)
    small.evaluate()
    assert 'data-holds="yes"' in client.get(f"/i/{token}").text
    small.staff("requirements", "需求编号", {"Q-0001": {"质量标准": "一次交验合格率 99%"}})
    page = client.get(f"/i/{token}").text
    assert 'data-holds="no"' in page and "已失效" in page


@pytest.mark.parametrize(
    ("cells", "why", "words"),
    [
        ({"时间节点": None}, "parts", "时间节点"),
        ({"需求版本": None}, "revision", "没有写需求版本"),
        ({"状态": "起草"}, "early", "还在起草"),
        ({"状态": "已撤销"}, "over", "不再签核"),
    ],
)
def test_what_cannot_be_reviewed_says_why_and_takes_no_verdict(
    small: Scene, cells: dict[str, str | None], why: str, words: str
) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    page = fields(client.get(f"/i/{token}"))
    small.staff("requirements", "需求编号", {"Q-0001": dict(cells)})
    shown = client.get(f"/i/{token}")
    assert shown.status_code == 200 and f'data-why="{why}"' in shown.text and words in shown.text
    assert 'name="verdict"' not in shown.text
    hidden = {name: page[name] for name in ("csrf_token", "submission", "fingerprint")}
    assert client.post(f"/i/{token}", data={**hidden, "verdict": "agree"}).status_code == 409
    assert small.house.inbox.all() == []
    with pytest.raises(CannotInvite):
        invite_signers(small.house.inbox, small.house.secret, "Q-0001")


def test_a_budget_may_be_left_out(tmp_path: Path) -> None:
    rows = under_review()
    rows["requirements"][0]["budget"] = None
    small = scene(tmp_path, rows)
    assert sign(small.client(), small.tokens["R-0001"]).status_code == 303


def test_a_page_without_its_guard_loses_nothing(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    answer = sign(client, token, "disagree", "付款节点不清", csrf_token="")
    assert answer.status_code == 400 and fields(answer)["opinion"] == "付款节点不清"
    assert small.house.inbox.all() == []
    assert client.post(f"/i/{token}", data=fields(answer)).status_code == 303


def test_changing_the_language_keeps_what_was_typed(small: Scene) -> None:
    answer = sign(small.client(), small.tokens["R-0001"], "disagree", "付款节点不清", lang="en")
    assert "Your verdict" in answer.text and fields(answer)["opinion"] == "付款节点不清"
    assert fields(answer)["verdict"] == "disagree" and small.house.inbox.all() == []


def test_what_staff_wrote_is_text_on_the_page(small: Scene) -> None:
    small.staff("requirements", "需求编号", {"Q-0001": {"目标": "<script>alert(1)</script>"}})
    page = small.client().get(f"/i/{small.tokens['R-0001']}").text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_a_link_to_a_panel_still_opens_the_panel(small: Scene) -> None:
    from forms_server.reviews import Reviews

    token = dict(Reviews(small.house.inbox, small.house.secret).invite("V-0001"))["R-0001"]
    assert "年度甄选" in small.client().get(f"/i/{token}").text
