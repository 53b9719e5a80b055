"""What those who were at a meeting are promised: they confirm the text they saw, lose nothing, and an edit asks them again (S20)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.minutes import invite_attendees
from forms_server.reviews import CannotInvite
from tests.forms.conftest import errors, fields, notice
from tests.requirement_books import Scene, scene
from tests.rules.test_relations import MINUTES, PRINT, fresh
from tests.selection_books import Rows
from workbook.cli import main
from workbook.tables import Meetings, MinuteConfirmations, Todo

KEY = "会议编号"


def held() -> Rows:
    """A meeting that was held, with its minutes and no confirmation."""
    rows = fresh()
    rows["meetings"][0]["status"], rows["minute_confirmations"] = "held", []
    rows["participants"].append(
        {"participant": "PP-0003", "person": "没去的人", "partner": "P-0001", "side": "them", "status": "active"}
    )
    rows["settings"] = [{"setting": "公司名称", "value": "示例"}]
    return rows


@pytest.fixture
def small(tmp_path: Path) -> Scene:
    return scene(tmp_path, held())


def tokens(small: Scene, renew: str = "") -> dict[str, str]:
    return dict(invite_attendees(small.house.inbox, small.house.secret, "ME-0001", renew))


def hidden(client: FlaskClient, token: str) -> dict[str, str]:
    page = fields(client.get(f"/i/{token}"))
    return {name: page[name] for name in ("csrf_token", "submission", "fingerprint")}


def answer(client: FlaskClient, token: str, verdict: str = "agreed", comment: str = "", **more: str) -> TestResponse:
    data = {**hidden(client, token), "verdict": verdict, "comment": comment, **more}
    return client.post(f"/i/{token}/minutes", data=data)


def test_those_who_were_there_and_nobody_else_get_a_link_each(small: Scene) -> None:
    found = tokens(small)
    assert set(found) == {"PP-0001", "PP-0002"} and len(set(found.values())) == 2 and tokens(small) == found
    renewed = tokens(small, "PP-0001")
    assert renewed["PP-0001"] != found["PP-0001"] and renewed["PP-0002"] == found["PP-0002"]
    client = small.client()
    for token in (found["PP-0001"], "0" * 40):
        assert client.get(f"/i/{token}").status_code == 404
        assert client.get(f"/i/{token}/minutes").status_code == 404
    small.staff("meetings", KEY, {"ME-0001": {"与会人": "PP-0002"}})
    assert client.get(f"/i/{renewed['PP-0001']}").status_code == 404  # says now that they were not there


def test_the_command_gives_the_links_and_says_what_is_missing(small: Scene) -> None:
    def run(*words: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(
            main, ["invite", str(small.house.path), *words, "--data", str(small.house.data.parent), "--json"]
        )
        return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else {}

    code, said = run("minutes", "--meeting", "ME-0001")
    assert code == 0 and [one["participant"] for one in said["links"]] == ["PP-0001", "PP-0002"]
    assert small.client().get(said["links"][0]["link"].removeprefix("http://127.0.0.1:8321")).status_code == 200
    assert run("minutes")[0] == 2 and run("V-0001", "--meeting", "ME-0001")[0] == 2
    code, said = run("minutes", "--meeting", "ME-0009")
    assert code == 1 and "没有 ME-0009" in json.dumps(said, ensure_ascii=False)


def test_the_page_shows_agenda_three_parts_attendees_and_the_fingerprint(small: Scene) -> None:
    page = small.client().get(f"/i/{tokens(small)['PP-0002']}").text
    assert all(words in page for words in ("上次的议程", *MINUTES.values()))
    assert "PP-0001 我方经理（本公司一方）、PP-0002 对方经理（合作伙伴一方）" in page
    assert "2026 年 11 月 19 日" in page and PRINT[:12] in page and "甲公司" in page


def test_agreeing_becomes_one_row_bound_to_the_text_however_often_it_is_sent(small: Scene) -> None:
    client, token = small.client(), tokens(small)["PP-0002"]
    page = hidden(client, token)
    for _ in range(3):
        assert client.post(f"/i/{token}/minutes", data={**page, "verdict": "agreed"}).status_code == 303
    assert 'data-said="agreed"' in client.get(f"/i/{token}").text  # before it is in the book
    small.evaluate()
    (row,) = small.records(MinuteConfirmations)
    assert row.values.items() >= {
        "confirmation": "MC-0001", "meeting": "ME-0001", "participant": "PP-0002", "verdict": "agreed", "source": "link",
        "fingerprint": PRINT,
    }.items()  # fmt: skip
    assert row["confirmed_at"] and row["submission_id"]
    assert not [one for one in small.records(Todo) if one["subject"] == "MC-0001"]  # a known person: nothing to verify
    (meeting,) = [one for one in small.records(Meetings) if one.key == "ME-0001"]
    assert meeting["confirmed"] == "已确认：PP-0002 对方经理\n还没有答复：PP-0001 我方经理"
    assert 'data-holds="yes"' in client.get(f"/i/{token}").text


def test_an_objection_needs_words_and_stands_beside_the_meeting(small: Scene) -> None:
    client, token = small.client(), tokens(small)["PP-0002"]
    refused = answer(client, token, "objected")
    assert refused.status_code == 422 and list(errors(refused)) == ["comment"] and small.house.inbox.all() == []
    assert answer(client, token, "objected", "=下周是 12 月 1 日").status_code == 303
    small.evaluate()
    assert small.records(MinuteConfirmations)[0]["comment"] == "=下周是 12 月 1 日"
    (meeting,) = [one for one in small.records(Meetings) if one.key == "ME-0001"]
    assert "有异议：PP-0002 对方经理（=下周是 12 月 1 日）" in meeting.text("confirmed")


def test_the_same_page_with_another_word_is_told_and_sent_again_it_is_a_new_row(small: Scene) -> None:
    client, token = small.client(), tokens(small)["PP-0001"]
    page = hidden(client, token)
    assert client.post(f"/i/{token}/minutes", data={**page, "verdict": "agreed"}).status_code == 303
    changed = client.post(f"/i/{token}/minutes", data={**page, "verdict": "objected", "comment": "少一项"})
    assert changed.status_code == 409 and fields(changed)["comment"] == "少一项" and notice(changed) == "told"
    again = {**page, "submission": fields(changed)["submission"], "verdict": "objected", "comment": "少一项"}
    assert client.post(f"/i/{token}/minutes", data=again).status_code == 303
    small.evaluate()
    (meeting,) = [one for one in small.records(Meetings) if one.key == "ME-0001"]
    assert meeting.text("confirmed").startswith("有异议：PP-0001")


def test_minutes_that_changed_meanwhile_are_shown_again_and_nothing_is_stored(small: Scene) -> None:
    client, token = small.client(), tokens(small)["PP-0002"]
    page = hidden(client, token)
    small.staff("meetings", KEY, {"ME-0001": {"下一步": "本周补图纸"}})
    late = client.post(f"/i/{token}/minutes", data={**page, "verdict": "objected", "comment": "日期"})
    assert late.status_code == 409 and "本周补图纸" in late.text and "纪要有改动" in late.text
    kept = fields(late)
    assert (kept["verdict"], kept["comment"]) == ("objected", "日期") and small.house.inbox.all() == []
    assert client.post(f"/i/{token}/minutes", data=kept).status_code == 303


def test_an_edit_after_the_confirmation_makes_it_void_on_the_page_and_in_the_book(small: Scene) -> None:
    client, token = small.client(), tokens(small)["PP-0001"]
    answer(client, token)
    small.evaluate()
    small.staff("meetings", KEY, {"ME-0001": {"进展": "晚一周"}})
    page = client.get(f"/i/{token}").text
    assert 'data-holds="no"' in page and "已失效" in page
    small.evaluate()
    (meeting,) = [one for one in small.records(Meetings) if one.key == "ME-0001"]
    assert "已失效，请再确认：PP-0001" in meeting.text("confirmed")


@pytest.mark.parametrize(
    ("cells", "why", "words"),
    [
        ({"问题": None}, "parts", "缺问题"),
        ({"状态": "待召开"}, "early", "还没有召开"),
        ({"状态": "已取消"}, "over", "取消了"),
    ],
)
def test_what_cannot_be_confirmed_says_why_and_takes_no_word(
    small: Scene, cells: dict[str, str | None], why: str, words: str
) -> None:
    client, token = small.client(), tokens(small)["PP-0001"]
    page = hidden(client, token)
    small.staff("meetings", KEY, {"ME-0001": dict(cells)})
    shown = client.get(f"/i/{token}")
    assert shown.status_code == 200 and f'data-why="{why}"' in shown.text and words in shown.text
    assert 'name="verdict"' not in shown.text
    assert client.post(f"/i/{token}/minutes", data={**page, "verdict": "agreed"}).status_code == 409
    assert small.house.inbox.all() == []
    with pytest.raises(CannotInvite):
        tokens(small)


def test_attendees_whom_nobody_knows_are_named(small: Scene) -> None:
    small.staff("meetings", KEY, {"ME-0001": {"与会人": "PP-0001、张三"}})
    with pytest.raises(CannotInvite, match="张三 不在“参与人”里"):
        tokens(small)


def test_a_page_without_its_guard_or_in_another_language_loses_nothing(small: Scene) -> None:
    client, token = small.client(), tokens(small)["PP-0002"]
    bare = answer(client, token, "objected", "少一项", csrf_token="")
    assert bare.status_code == 400 and fields(bare)["comment"] == "少一项"
    english = answer(client, token, "objected", "少一项", lang="en")
    assert "Are the minutes above true and complete?" in english.text and fields(english)["comment"] == "少一项"
    assert small.house.inbox.all() == []
    assert client.post(f"/i/{token}/minutes", data=fields(bare)).status_code == 303


def test_what_staff_wrote_is_text_on_the_page_and_their_remark_is_not_there(small: Scene) -> None:
    small.staff("meetings", KEY, {"ME-0001": {"进展": "<script>alert(1)</script>", "备注": "底价八折"}})
    page = small.client().get(f"/i/{tokens(small)['PP-0002']}").text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page and "底价八折" not in page
