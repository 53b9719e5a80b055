"""What members are promised when they vote: on the ranking they saw, reasons where the policy wants them, nothing lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.house import open_house
from forms_server.inbox import Inbox, InboxUnavailable
from forms_server.reviews import Reviews
from tests.forms.conftest import errors, fields, notice
from tests.forms.scoring import PANEL, Scene, scene
from tests.selection_books import NOW, TODAY, selection_rows
from workbook.build import new_workbook
from workbook.evaluating import evaluate_book, evaluate_file
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.tables import Todo, Votes


@pytest.fixture
def ranked(tmp_path: Path) -> Scene:
    """A closed panel: C-0001 leads with 4 everywhere, C-0002 has 3; R-0002 is recused from C-0001."""
    rows = selection_rows(mark=lambda c, r, i: 4 if c == 1 else 3)
    away = next(row for row in rows["declarations"] if (row["reviewer"], row["candidate"]) == ("R-0002", "C-0001"))
    away |= {"conflict": "yes", "reason": "配偶任职"}
    rows["marks"] = [m for m in rows["marks"] if (m["reviewer"], m["candidate"]) != ("R-0002", "C-0001")]
    book = Book.read(new_workbook(rows=rows, today=TODAY))
    evaluate_book(book, NOW)
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(book.to_bytes())
    house = open_house(path, tmp_path / "data")
    house.delivery.run()
    return Scene(house, dict(Reviews(house.inbox, house.secret).invite(PANEL)))


BOTH = {"vote-C-0001": "for", "vote-C-0002": "against", "why-C-0002": "产能不足"}


def ballot(scene: Scene, reviewer: str = "R-0001") -> dict[str, str]:
    page = fields(scene.client().get(f"/i/{scene.tokens[reviewer]}"))
    return {name: page[name] for name in ("csrf_token", "fingerprint")}


def vote(scene: Scene, reviewer: str = "R-0001", **typed: Any) -> TestResponse:
    client = scene.client()
    page = fields(client.get(f"/i/{scene.tokens[reviewer]}"))
    start = {name: page[name] for name in ("csrf_token", "fingerprint")}
    return client.post(f"/i/{scene.tokens[reviewer]}/votes", data={**start, **typed})


def stored(scene: Scene) -> list[dict[str, Any]]:
    return [row.values for row in scene.house.inbox.all(tables=["votes"])]


def in_book(scene: Scene) -> list[dict[str, Any]]:
    scene.house.delivery.run()
    evaluate_file(scene.house.path, today=TODAY)
    scene.house.delivery.run()
    return [dict(r.values) for r in read_records(Book.read(scene.house.path.read_bytes()), Votes)]


def change_marks(scene: Scene, mark: int) -> None:
    """Staff change a mark, the book is evaluated, the server reads it."""
    book = Book.read(scene.house.path.read_bytes())
    book.update("marks", "评分编号", {"M-0001": {"分数": mark}})
    scene.house.path.write_bytes(book.to_bytes())
    evaluate_file(scene.house.path, today=TODAY)
    scene.house.delivery.run()


def test_a_vote_becomes_a_row_that_holds_and_needs_no_verifying(ranked: Scene) -> None:
    assert vote(ranked, **BOTH).status_code == 303
    first, second = in_book(ranked)
    assert (first["vote_key"], first["panel"], first["reviewer"], first["candidate"]) == ("X-0001", PANEL, "R-0001", "C-0001")  # fmt: skip
    assert (first["vote"], second["vote"], second["reason"]) == ("for", "against", "产能不足")
    assert {row["state"] for row in (first, second)} == {"valid"}
    assert len(first["fingerprint"]) == 64 and first["submission_id"]
    todos = read_records(Book.read(ranked.house.path.read_bytes()), Todo)
    assert not [todo for todo in todos if "核实" in todo.text("matter")]


def test_the_page_says_what_was_voted(ranked: Scene) -> None:
    client = ranked.client()
    answer = vote(ranked, **BOTH)
    page = client.get(answer.headers["Location"])
    assert "表决已收到" in page.text and page.text.count("已表决</p>") == 2
    assert (fields(page)["vote-C-0001"], fields(page)["why-C-0002"]) == ("for", "产能不足")


def test_the_same_votes_again_are_no_new_rows_and_another_vote_is_one(ranked: Scene) -> None:
    for _ in range(2):
        assert vote(ranked, **BOTH).status_code == 303
    assert len(stored(ranked)) == 2
    assert vote(ranked, **{**BOTH, "vote-C-0002": "abstain"}).status_code == 303
    rows = in_book(ranked)
    assert [row["vote"] for row in rows if row["candidate"] == "C-0002"] == ["against", "abstain"]
    assert [row["state"] for row in rows if row["candidate"] == "C-0002"] == ["void", "valid"]


def test_a_vote_on_another_ranking_than_now_is_refused_with_the_input_kept(ranked: Scene) -> None:
    client = ranked.client()
    start = ballot(ranked)
    change_marks(ranked, 5)
    client.get(f"/i/{ranked.tokens['R-0001']}")
    guard = fields(client.get("/forms/candidate"))["csrf_token"]
    data = {**start, "csrf_token": guard, **BOTH}
    answer = client.post(f"/i/{ranked.tokens['R-0001']}/votes", data=data)
    assert answer.status_code == 409 and notice(answer) == "told" and "排名在您打开页面之后有变" in answer.text
    assert (fields(answer)["vote-C-0002"], fields(answer)["why-C-0002"]) == ("against", "产能不足")
    assert stored(ranked) == []
    again = {**data, "fingerprint": fields(answer)["fingerprint"], "csrf_token": fields(answer)["csrf_token"]}
    assert client.post(f"/i/{ranked.tokens['R-0001']}/votes", data=again).status_code == 303


def test_a_changed_ranking_asks_for_a_new_vote(ranked: Scene) -> None:
    vote(ranked, **BOTH)
    in_book(ranked)
    change_marks(ranked, 5)
    page = ranked.client().get(f"/i/{ranked.tokens['R-0001']}").text
    assert page.count("已经失效，请重新表决") == 2
    assert {row["state"] for row in in_book(ranked)} == {"void"}
    vote(ranked, **BOTH)  # the same words on the new ranking are a new vote
    assert [row["state"] for row in in_book(ranked)] == ["void", "void", "valid", "valid"]


def test_who_is_recused_sees_no_vote_on_that_candidate_and_cannot_send_one(ranked: Scene) -> None:
    page = ranked.client().get(f"/i/{ranked.tokens['R-0002']}")
    assert "不参加这一家的表决" in page.text and 'name="vote-C-0001"' not in page.text
    answer = vote(ranked, "R-0002", **{"vote-C-0001": "for", "vote-C-0002": "for"})
    assert answer.status_code == 303  # C-0001 was not theirs to pass over
    assert [row["candidate"] for row in stored(ranked)] == ["C-0002"]


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"vote-C-0001": "against"}, "why-C-0001"),
        ({"vote-C-0001": "abstain", "vote-C-0002": "for"}, "why-C-0002"),
        ({"vote-C-0001": "against", "why-C-0001": "风险", "vote-C-0002": "for"}, "why-C-0002"),
        ({}, "vote-C-0001"),
        ({"vote-C-0001": "maybe"}, "vote-C-0001"),
        ({"why-C-0001": "只写了理由"}, "vote-C-0001"),
        ({"vote-C-0001": "for", "why-C-0001": "字" * 501}, "why-C-0001"),
        ({"vote-C-0001": "for", "why-C-0001": "a\x00b"}, "why-C-0001"),
    ],
)
def test_what_the_policy_wants_a_reason_for_is_an_error_at_its_field(ranked: Scene, typed: dict[str, str], at: str) -> None:  # fmt: skip
    answer = vote(ranked, **typed)
    assert answer.status_code == 422 and at in errors(answer)
    for name, text in typed.items():
        if name.startswith("why"):
            assert fields(answer)[name] == text or "\x00" in text
    assert stored(ranked) == []


def test_going_against_the_ranking_with_a_reason_is_legal(ranked: Scene) -> None:
    typed = {"vote-C-0001": "abstain", "vote-C-0002": "for", "why-C-0002": "价格低 18 %"}
    assert vote(ranked, **typed).status_code == 303
    assert [row["vote"] for row in stored(ranked)] == ["abstain", "for"]


def test_nobody_votes_before_the_ranking_is_there(tmp_path: Path) -> None:
    early = scene(tmp_path, 2, 4)
    client: FlaskClient = early.client()
    page = client.get(f"/i/{early.tokens['R-0001']}")
    assert 'name="fingerprint"' not in page.text
    guard = fields(client.get("/forms/candidate"))["csrf_token"]
    answer = client.post(f"/i/{early.tokens['R-0001']}/votes", data={"csrf_token": guard, "fingerprint": "", **BOTH})
    assert answer.status_code == 409 and "现在不能表决" in answer.text and stored(early) == []


def test_a_vote_while_results_are_made_anew_is_refused_with_the_input_kept_and_no_old_score(ranked: Scene) -> None:
    start = ballot(ranked)
    book = Book.read(ranked.house.path.read_bytes())
    book.update("marks", "评分编号", {"M-0001": {"分数": 5}})
    ranked.house.path.write_bytes(book.to_bytes())
    ranked.house.delivery.run()  # the server has read the mark, nobody has evaluated yet
    client, address = ranked.client(), f"/i/{ranked.tokens['R-0001']}"
    assert 'name="fingerprint"' not in client.get(address).text
    guard = fields(client.get("/forms/candidate"))["csrf_token"]
    answer = client.post(f"{address}/votes", data={**start, "csrf_token": guard, **BOTH})
    assert answer.status_code == 409 and fields(answer)["why-C-0002"] == "产能不足"
    assert "78.32" not in answer.text and stored(ranked) == []


def test_a_final_panel_takes_no_votes(ranked: Scene) -> None:
    start = ballot(ranked)
    book = Book.read(ranked.house.path.read_bytes())
    book.update("panels", "评审会编号", {PANEL: {"状态": "已定稿"}})
    ranked.house.path.write_bytes(book.to_bytes())
    ranked.house.delivery.run()
    client = ranked.client()
    page = client.get(f"/i/{ranked.tokens['R-0001']}")
    assert "不再表决" in page.text and "提交表决" not in page.text
    guard = fields(page)["csrf_token"]
    answer = client.post(f"/i/{ranked.tokens['R-0001']}/votes", data={**start, "csrf_token": guard, **BOTH})
    assert answer.status_code == 409 and stored(ranked) == []


def test_every_vote_is_guarded_and_what_was_typed_comes_back(ranked: Scene) -> None:
    client, address = ranked.client(), f"/i/{ranked.tokens['R-0001']}/votes"
    answer = client.post(address, data={**ballot(ranked), "csrf_token": "old", **BOTH})
    assert answer.status_code == 400 and fields(answer)["why-C-0002"] == "产能不足" and stored(ranked) == []
    assert client.post(f"/i/{'0' * 40}/votes", data={"csrf_token": "old"}).status_code == 400
    guard = fields(client.get("/forms/candidate"))["csrf_token"]
    assert client.post(f"/i/{'0' * 40}/votes", data={"csrf_token": guard}).status_code == 404


def test_loading_a_refused_vote_again_leads_back_to_the_panel(ranked: Scene) -> None:
    client, address = ranked.client(), f"/i/{ranked.tokens['R-0001']}"
    answer = client.get(f"{address}/votes")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{address}#votes")
    assert client.get(f"/i/{'0' * 40}/votes").status_code == 404


def test_another_language_keeps_the_votes_that_were_typed(ranked: Scene) -> None:
    answer = vote(ranked, **BOTH, lang="en")
    assert answer.status_code == 200 and "Send votes" in answer.text and stored(ranked) == []
    assert (fields(answer)["vote-C-0001"], fields(answer)["why-C-0002"]) == ("for", "产能不足")


def test_a_database_that_refuses_loses_nothing(ranked: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise InboxUnavailable from sa.exc.OperationalError("", {}, Exception("disk full"))

    monkeypatch.setattr(Inbox, "submit_all", refuse)
    answer = vote(ranked, **BOTH)
    assert answer.status_code == 503 and fields(answer)["why-C-0002"] == "产能不足"


def test_two_windows_that_vote_at_the_same_moment_do_not_undo_each_other_unseen(
    ranked: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Inbox.submit_all

    def late(*args: Any) -> None:
        monkeypatch.undo()
        assert vote(ranked, **{**BOTH, "why-C-0002": "另一个窗口"}).status_code == 303
        commit(*args)

    monkeypatch.setattr(Inbox, "submit_all", late)
    answer = vote(ranked, **BOTH)
    assert answer.status_code == 409 and "另一个窗口里表决过" in answer.text
    assert [row.get("reason") for row in stored(ranked)] == [None, "另一个窗口"]


def test_script_and_formulas_in_a_reason_stay_text(ranked: Scene) -> None:
    evil = "=1+1 <script>alert(1)</script>"
    vote(ranked, **{**BOTH, "why-C-0002": evil})
    page = ranked.client().get(f"/i/{ranked.tokens['R-0001']}").text
    assert "<script>alert" not in page and re.search("&lt;script&gt;", page)
    assert in_book(ranked)[1]["reason"] == evil
