"""What reviewers are promised: declare first, lose nothing, see nobody's mark before the end, send once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from forms_server.delivery import Loop
from forms_server.inbox import Inbox
from forms_server.review_pages import field_name
from forms_server.reviews import CannotInvite, Reviews
from tests.forms.conftest import errors, fields, notice
from tests.forms.scoring import PANEL, Scene, declare, filled, scene, score
from tests.selection_books import MARKED, TODAY
from workbook.evaluating import evaluate_file
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.tables import Declarations, Marks, Results, Todo

ADDRESS = "/i/{}/C-0001"


@pytest.fixture
def small(tmp_path: Path) -> Scene:
    return scene(tmp_path, 2, 4)


def four(candidate: str, reviewer: str, indicator: str) -> int:
    return 4


def opened(client: FlaskClient, token: str, address: str = ADDRESS) -> dict[str, str]:
    """The hidden values of a sheet whose declaration is made."""
    declare(client, address.format(token))
    page = fields(client.get(address.format(token)))
    return {name: page[name] for name in ("csrf_token", "conflict", "number")}


def type_marks(scene: Scene, reviewer: str, candidate: str, indicators: Sequence[str]) -> None:
    """Staff type marks into the workbook and save."""
    who: dict[str, Any] = {"评审会编号": PANEL, "候选编号": candidate, "评审人编号": reviewer, "分数": 3}
    book = Book.read(scene.house.path.read_bytes())
    book.append("marks", [{**who, "指标编号": indicator} for indicator in indicators])
    scene.house.path.write_bytes(book.to_bytes())


def change_panel(scene: Scene, **cells: Any) -> None:
    """Staff change the panel and save."""
    book = Book.read(scene.house.path.read_bytes())
    book.update("panels", "评审会编号", {PANEL: cells})
    scene.house.path.write_bytes(book.to_bytes())
    scene.house.delivery.run()


def rows(scene: Scene, table: type) -> list[dict[str, object]]:
    return [dict(r.values) for r in read_records(Book.read(scene.house.path.read_bytes()), table)]


def test_the_declaration_comes_first_and_a_sheet_cannot_go_round_it(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    page = client.get(ADDRESS.format(token))
    assert 'name="conflict"' in page.text and ".mark" not in page.text
    hidden = {"csrf_token": fields(page)["csrf_token"], "number": "0", "do": "send"}
    answer = client.post(ADDRESS.format(token), data={**hidden, **filled("C-0001", "R-0001", four)})
    assert answer.status_code == 422 and "conflict" in errors(answer)
    assert small.house.inbox.all() == []


def test_a_recusal_needs_a_reason_and_ends_the_sheet(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    answer = declare(client, ADDRESS.format(token), "yes")
    assert answer.status_code == 422 and "reason" in errors(answer)
    assert declare(client, ADDRESS.format(token), "yes", "配偶在该公司任职").status_code == 303
    assert "已声明回避" in client.get(ADDRESS.format(token)).text
    assert [row.table for row in small.house.inbox.all()] == ["declarations"]


def test_rubric_weight_and_the_candidates_own_facts_stand_beside_the_marks(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    declare(client, ADDRESS.format(token))
    page = client.get(ADDRESS.format(token)).text
    view = Reviews(small.house.inbox, b"").view()
    for dimension in view["rules"]["v1"]:
        assert dimension["title"] in page and f"权重 {dimension['weight']}" in page
        for leaf in dimension["leaves"]:
            assert leaf["title"] in page
            assert all(text in page for text in leaf["rubric"] if text and "&" not in text and '"' not in text)
    assert "研发团队人数" in page and "按数据换算" in page


def test_a_draft_may_be_unfinished_and_comes_back_as_it_was_typed(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    declare(client, ADDRESS.format(token))
    page = client.get(ADDRESS.format(token))
    hidden = {name: fields(page)[name] for name in ("csrf_token", "conflict", "number")}
    typed = {"m-v1-S2-1.mark": "5", "m-v1-S2-1.evidence": "=1+1 <b>三个</b>同类项目"}
    assert client.post(ADDRESS.format(token), data={**hidden, **typed, "do": "save"}).status_code == 303
    again = small.client().get(ADDRESS.format(token))
    assert fields(again)["m-v1-S2-1.mark"] == "5"
    assert fields(again)["m-v1-S2-1.evidence"] == "=1+1 <b>三个</b>同类项目"
    assert "<b>三个" not in again.text
    assert f"已填 1/{len(MARKED)}" in client.get(f"/i/{token}").text


def test_a_page_that_saves_itself_never_undoes_a_newer_window(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    declare(client, ADDRESS.format(token))
    page = fields(client.get(ADDRESS.format(token)))
    hidden = {name: page[name] for name in ("csrf_token", "conflict", "number")}
    first = client.post(ADDRESS.format(token) + "/draft", data={**hidden, "m-v1-S2-1.comment": "一"})
    assert first.json is not None and first.json["ok"] and "已自动保存" in first.json["message"]
    late = client.post(ADDRESS.format(token) + "/draft", data={**hidden, "m-v1-S2-1.comment": "旧"})
    assert late.status_code == 409 and "另一个窗口" in late.json["message"]  # type: ignore[index]
    assert fields(client.get(ADDRESS.format(token)))["m-v1-S2-1.comment"] == "一"
    whole = client.post(ADDRESS.format(token), data={**hidden, "m-v1-S2-1.comment": "旧", "do": "save"})
    assert whole.status_code == 409 and notice(whole) == "told" and fields(whole)["m-v1-S2-1.comment"] == "旧"


def test_a_missing_mark_or_evidence_is_named_and_nothing_is_stored(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    declare(client, ADDRESS.format(token))
    page = fields(client.get(ADDRESS.format(token)))
    hidden = {name: page[name] for name in ("csrf_token", "conflict", "number")}
    typed = filled("C-0001", "R-0001", four)
    typed["m-v1-S2-1.mark"], typed["m-v1-S2-2.evidence"], typed["m-v1-S2-3.mark"] = "", "", "9"
    answer = client.post(ADDRESS.format(token), data={**hidden, **typed, "do": "send"})
    assert answer.status_code == 422
    assert set(errors(answer)) == {"m-v1-S2-1", "m-v1-S2-2-evidence", "m-v1-S2-3"}
    assert fields(answer)["m-v1-S9-9.evidence"] == typed["m-v1-S9-9.evidence"]
    assert small.house.inbox.all() == []


@pytest.mark.parametrize("text", ["\x00", "\ufffe", "字" * 501], ids=["nul", "noncharacter", "too long"])
def test_what_no_cell_can_hold_is_an_error_at_its_field(small: Scene, text: str) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    declare(client, ADDRESS.format(token))
    page = fields(client.get(ADDRESS.format(token)))
    hidden = {name: page[name] for name in ("csrf_token", "conflict", "number")}
    answer = client.post(ADDRESS.format(token), data={**hidden, "m-v1-S2-1.comment": f"a{text}b", "do": "save"})
    assert answer.status_code == 422 and "m-v1-S2-1-comment" in errors(answer)


def test_the_same_sheet_twice_is_one_set_of_rows_and_another_one_is_refused(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    declare(client, ADDRESS.format(token))
    page = fields(client.get(ADDRESS.format(token)))
    hidden = {name: page[name] for name in ("csrf_token", "conflict", "number")}
    data = {**hidden, **filled("C-0001", "R-0001", four), "do": "send"}
    assert client.post(ADDRESS.format(token), data=data).status_code == 303
    count = len(small.house.inbox.all())
    assert count == 1 + len(MARKED)
    assert client.post(ADDRESS.format(token), data=data).status_code == 303
    other = client.post(ADDRESS.format(token), data={**data, "m-v1-S2-1.mark": "5"})
    assert other.status_code == 409 and "已经提交过" in other.text
    assert 'value="send"' not in other.text and fields(other)["m-v1-S2-1.mark"] == "5"
    assert len(small.house.inbox.all()) == count


def test_what_is_sent_for_good_was_written_on_the_newest_version(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    old = opened(client, token)
    assert client.post(ADDRESS.format(token) + "/draft", data={**old, "m-v1-S2-1.comment": "新"}).status_code == 200
    data = {**old, **filled("C-0001", "R-0001", four), "do": "send"}
    answer = client.post(ADDRESS.format(token), data=data)
    assert answer.status_code == 409 and notice(answer) == "told" and fields(answer)["m-v1-S9-9.mark"] == "4"
    assert small.house.inbox.all() == []
    again = {**data, "number": fields(answer)["number"]}
    assert client.post(ADDRESS.format(token), data=again).status_code == 303
    assert len(small.house.inbox.all()) == 1 + len(MARKED)


def test_two_windows_that_send_other_marks_at_the_same_moment(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    data = {**opened(client, token), **filled("C-0001", "R-0001", four), "do": "send"}
    commit = Inbox.submit_all

    def late(*args: Any) -> None:
        monkeypatch.undo()
        assert client.post(ADDRESS.format(token), data={**data, "m-v1-S2-1.mark": "5"}).status_code == 303
        commit(*args)

    monkeypatch.setattr(Inbox, "submit_all", late)
    answer = client.post(ADDRESS.format(token), data=data)
    assert answer.status_code == 409 and "已经提交过" in answer.text and fields(answer)["m-v1-S2-1.mark"] == "4"
    assert len(small.house.inbox.all()) == 1 + len(MARKED)
    assert Reviews(small.house.inbox, b"").sheet(PANEL, "R-0001", "C-0001").marks["v1-S2.1"]["mark"] == "5"


def test_who_finds_a_conflict_while_marking_can_still_step_back(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    hidden = opened(client, token)
    client.post(ADDRESS.format(token), data={**hidden, "m-v1-S2-1.mark": "5", "do": "save"})
    assert "?declare=1" in client.get(ADDRESS.format(token)).text
    start = fields(client.get(ADDRESS.format(token) + "?declare=1"))
    assert start["conflict"] == "no" and "m-v1-S2-1.mark" not in start
    assert client.post(ADDRESS.format(token), data={**start, "do": "declare"}).status_code == 303
    assert fields(client.get(ADDRESS.format(token)))["m-v1-S2-1.mark"] == "5"  # the draft is still there
    answer = client.post(ADDRESS.format(token), data={**start, "conflict": "yes", "do": "declare"})
    assert answer.status_code == 422 and "reason" in errors(answer)
    yes = {**start, "conflict": "yes", "reason": "刚知道配偶在该公司任职", "do": "declare"}
    assert client.post(ADDRESS.format(token), data=yes).status_code == 303
    assert [row.table for row in small.house.inbox.all()] == ["declarations"]
    late = client.post(ADDRESS.format(token), data={**hidden, **filled("C-0001", "R-0001", four), "do": "send"})
    assert late.status_code == 409 and len(small.house.inbox.all()) == 1


def test_a_database_that_refuses_loses_nothing_of_a_draft(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    data = {**opened(client, token), "m-v1-S2-1.comment": "写了很久"}

    def refuse(*args: object) -> None:
        raise sa.exc.OperationalError("", {}, Exception("disk full"))

    monkeypatch.setattr(Reviews, "_write", refuse)
    answer = client.post(ADDRESS.format(token), data={**data, "do": "save"})
    assert answer.status_code == 503 and fields(answer)["m-v1-S2-1.comment"] == "写了很久"
    told = client.post(ADDRESS.format(token) + "/draft", data=data)
    assert told.status_code == 503 and told.json is not None and told.json["again"]


def test_an_expired_page_keeps_what_was_typed_and_can_be_sent_again(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    hidden = opened(client, token)
    data = {**hidden, **filled("C-0001", "R-0001", four), "do": "send"}
    answer = client.post(ADDRESS.format(token), data={**data, "csrf_token": "old"})
    assert answer.status_code == 400 and notice(answer) == "told"
    assert fields(answer)["m-v1-S9-9.evidence"] == data["m-v1-S9-9.evidence"]
    assert small.house.inbox.all() == []
    draft = client.post(ADDRESS.format(token) + "/draft", data={**data, "csrf_token": "old"})
    assert draft.status_code == 400 and draft.json is not None and not draft.json["ok"]
    fresh = {**data, "csrf_token": draft.json["csrf_token"]}
    assert client.post(ADDRESS.format(token) + "/draft", data=fresh).status_code == 200
    again = {**data, "csrf_token": fields(answer)["csrf_token"], "number": "2"}
    assert client.post(ADDRESS.format(token), data=again).status_code == 303
    assert client.post(ADDRESS.format("0" * 40), data={"csrf_token": "old"}).status_code == 400


def test_another_language_keeps_what_was_typed_and_says_everything_in_it(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    declaring = {**fields(client.get(ADDRESS.format(token))), "conflict": "yes", "reason": "配偶任职", "lang": "en"}
    page = client.post(ADDRESS.format(token), data=declaring)
    assert page.status_code == 200 and (fields(page)["conflict"], fields(page)["reason"]) == ("yes", "配偶任职")
    assert "Conflict of interest" in page.text and small.house.inbox.all() == []
    hidden = opened(client, token)
    page = client.post(ADDRESS.format(token), data={**hidden, "m-v1-S2-1.comment": "很长的评语", "lang": "en"})
    assert page.status_code == 200 and fields(page)["m-v1-S2-1.comment"] == "很长的评语"
    assert "Send marks" in page.text and "R&amp;D headcount" in page.text and "研发团队人数" not in page.text
    client.post(ADDRESS.format(token) + "/draft", data={**hidden, "m-v1-S2-1.comment": "新"})
    answer = client.post(ADDRESS.format(token), data={**hidden, "m-v1-S2-1.comment": "旧", "do": "save"})
    assert answer.status_code == 409 and "in another window" in answer.text and "另一个窗口" not in answer.text


def test_no_two_indicators_share_their_fields() -> None:
    keys = ["v1-S2.1", "v1-S2-1", "v1.S2-1", "质量", "价格", "v1-S2.1 ", "v1_S2.1"]
    assert len({field_name(key) for key in keys}) == len(keys)
    assert field_name("v1-S2.1") == "m-v1-S2-1"


def test_a_sheet_sent_from_many_windows_at_once_is_one_set_of_rows(small: Scene) -> None:
    token = small.tokens["R-0001"]
    client = small.client()
    declare(client, ADDRESS.format(token))
    codes: list[int] = []

    def send() -> None:
        codes.append(score(small.client(), token, "C-0001", "R-0001", four).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count(303) >= 1 and set(codes) <= {303, 409, 400}
    assert len(small.house.inbox.all()) == 1 + len(MARKED)


def test_wrong_old_and_foreign_links_are_one_and_the_same_page(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    reviews = Reviews(small.house.inbox, small.house.secret)
    fresh = dict(reviews.invite(PANEL, renew="R-0001"))["R-0001"]
    assert fresh != token and dict(reviews.invite(PANEL))["R-0001"] == fresh
    unknown = client.get("/i/" + "0" * 40)
    for address in (f"/i/{token}", ADDRESS.format(token), f"/i/{fresh}/C-0099", f"/i/{fresh}x"):
        answer = client.get(address)
        assert (answer.status_code, answer.data) == (404, unknown.data)
    assert client.get(f"/i/{fresh}").status_code == 200
    assert fresh.encode() not in (small.house.data / "inbox.sqlite").read_bytes()


def test_every_change_asks_for_the_token_that_guards_forms(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    for address in (ADDRESS.format(token), ADDRESS.format(token) + "/draft"):
        assert client.post(address, data={"conflict": "no", "do": "declare"}).status_code == 400
    assert Reviews(small.house.inbox, b"").sheet(PANEL, "R-0001", "C-0001").number == 0


def test_marks_wait_until_all_are_in_and_then_come_together(small: Scene) -> None:
    pairs = [(reviewer, candidate) for reviewer in small.tokens for candidate in ("C-0001", "C-0002")]
    for reviewer, candidate in pairs[:-1]:
        assert score(small.client(), small.tokens[reviewer], candidate, reviewer, four).status_code == 303
    before = small.house.path.read_bytes()
    done = small.house.delivery.run()
    assert (done.delivered, done.held, done.reasons) == (0, 7 * (1 + len(MARKED)), [])
    assert small.house.path.read_bytes() == before
    assert small.house.delivery.idle()
    for token in small.tokens.values():
        page = small.client().get(f"/i/{token}").text
        assert "的依据" not in page and "data-score" not in page and "已交 7/8 份" in page
    reviewer, candidate = pairs[-1]
    score(small.client(), small.tokens[reviewer], candidate, reviewer, four)
    assert small.house.delivery.run().delivered == 8 * (1 + len(MARKED))
    marks = rows(small, Marks)
    assert len(marks) == 8 * len(MARKED)
    assert {(row["mark"], row["source"]) for row in marks} == {(4, "link")}
    assert len(rows(small, Declarations)) == 8
    assert rows(small, Todo) == []


def test_a_sheet_that_comes_while_a_pass_runs_is_not_let_through(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.delivery.conftest import candidate as company

    small.house.inbox.submit(company(1))  # something to deliver
    lease = small.house.inbox.lease

    def late(*args: object, **options: object) -> object:
        score(small.client(), small.tokens["R-0001"], "C-0001", "R-0001", four)
        return lease(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(small.house.inbox, "lease", late)
    assert small.house.delivery.run().delivered == 1
    assert rows(small, Marks) == []


def test_closing_the_panel_releases_what_is_in(small: Scene) -> None:
    score(small.client(), small.tokens["R-0001"], "C-0001", "R-0001", four)
    assert small.house.delivery.run().held == 1 + len(MARKED)
    change_panel(small, 状态="评分截止")
    assert len(rows(small, Marks)) == len(MARKED)
    client, token = small.client(), small.tokens["R-0002"]
    guard = fields(client.get("/forms/candidate"))["csrf_token"]
    late = client.post(
        ADDRESS.format(token),
        data={"csrf_token": guard, "conflict": "no", **filled("C-0001", "R-0002", four), "do": "send"},
    )
    assert late.status_code == 409 and "已经截止" in late.text
    assert len(rows(small, Marks)) == len(MARKED)


def test_marks_that_staff_typed_count_as_in_and_a_link_cannot_double_them(small: Scene) -> None:
    type_marks(small, "R-0004", "C-0001", MARKED)
    small.house.delivery.run()
    client, token = small.client(), small.tokens["R-0004"]
    assert "工作簿里已有您的评分" in client.get(f"/i/{token}").text
    assert "不能再用链接" in client.get(ADDRESS.format(token)).text
    guard = fields(client.get("/forms/candidate"))["csrf_token"]
    sent = {"csrf_token": guard, "conflict": "no", **filled("C-0001", "R-0004", four), "do": "send"}
    assert client.post(ADDRESS.format(token), data=sent).status_code == 409
    for reviewer in small.tokens:
        for candidate in ("C-0001", "C-0002"):
            if (reviewer, candidate) != ("R-0004", "C-0001"):
                score(small.client(), small.tokens[reviewer], candidate, reviewer, four)
    assert small.house.delivery.run().delivered == 7 * (1 + len(MARKED))


def test_a_sheet_that_staff_have_half_typed_opens_nothing(small: Scene) -> None:
    for reviewer in small.tokens:
        for candidate in ("C-0001", "C-0002"):
            if (reviewer, candidate) != ("R-0004", "C-0001"):
                score(small.client(), small.tokens[reviewer], candidate, reviewer, four)
    type_marks(small, "R-0004", "C-0001", MARKED[:-1])
    done = small.house.delivery.run()
    assert (done.delivered, done.held) == (0, 7 * (1 + len(MARKED)))
    client, token = small.client(), small.tokens["R-0004"]
    page = client.get(f"/i/{token}").text
    assert "已交 7/8 份" in page and "部分评分" in page and "的依据" not in page and "data-score" not in page
    assert "补齐" in client.get(ADDRESS.format(token)).text
    type_marks(small, "R-0004", "C-0001", MARKED[-1:])
    assert small.house.delivery.run().delivered == 7 * (1 + len(MARKED))
    assert "的依据" in client.get(f"/i/{token}").text


def test_a_reviewer_who_left_the_panel_counts_no_more_and_gets_in_no_more(small: Scene) -> None:
    score(small.client(), small.tokens["R-0004"], "C-0001", "R-0004", four)
    score(small.client(), small.tokens["R-0001"], "C-0001", "R-0001", four)
    change_panel(small, 评审人="R-0001、R-0002、R-0003")
    assert "已交 1/6 份" in small.client().get(f"/i/{small.tokens['R-0001']}").text
    assert small.client().get(f"/i/{small.tokens['R-0004']}").status_code == 404


def test_a_deadline_that_has_passed_is_said_honestly(small: Scene) -> None:
    token = small.tokens["R-0001"]
    change_panel(small, 评分期限=date(2999, 12, 31))
    assert "请最迟于 2999 年 12 月 31 日（周二）提交" in small.client().get(f"/i/{token}").text
    change_panel(small, 评分期限=date(2020, 1, 6))
    assert "评分期限 2020 年 1 月 6 日（周一）已过" in small.client().get(f"/i/{token}").text
    assert score(small.client(), token, "C-0001", "R-0001", four).status_code == 303


def test_a_panel_in_preparation_takes_no_marks(tmp_path: Path) -> None:
    early = scene(tmp_path, 2, 4, status="preparing")
    client, token = early.client(), early.tokens["R-0001"]
    assert "还没有开始" in client.get(f"/i/{token}").text
    page = client.get(f"/i/{token}/C-0001")
    assert ".mark" not in page.text and 'value="declare"' not in page.text


@pytest.mark.parametrize(
    ("change", "words"), [({"candidates": ""}, "候选"), ({"reviewers": ""}, "评审人"), ({"rule_version": "v9"}, "v9")]
)
def test_a_panel_that_is_not_ready_gets_no_links(tmp_path: Path, change: dict[str, str], words: str) -> None:
    with pytest.raises(CannotInvite, match=words):
        scene(tmp_path, 2, 4, **change)


def test_results_of_fewer_marks_are_never_shown_as_the_score(small: Scene) -> None:
    score(small.client(), small.tokens["R-0001"], "C-0001", "R-0001", four)
    evaluate_file(small.house.path, today=TODAY)  # results of no marks at all
    change_panel(small, 状态="评分截止")  # what is in comes into the book
    client, token = small.client(), small.tokens["R-0001"]
    page = client.get(f"/i/{token}").text
    assert "的依据" in page and "data-score" not in page and "结果正在计算" in page
    evaluate_file(small.house.path, today=TODAY)
    small.house.delivery.run()
    assert "data-score" in client.get(f"/i/{token}").text


def test_line_breaks_come_into_the_cell_as_cells_hold_them(small: Scene) -> None:
    client, token = small.client(), small.tokens["R-0001"]
    data = {**opened(client, token), **filled("C-0001", "R-0001", four, evidence="第一行\r\n第二行"), "do": "send"}
    assert client.post(ADDRESS.format(token), data=data).status_code == 303
    change_panel(small, 状态="评分截止")
    assert {row["evidence"] for row in rows(small, Marks)} == {"第一行\n第二行"}


def test_the_server_evaluates_by_itself_once_the_book_is_quiet(small: Scene) -> None:
    loop = Loop(small.house.delivery, pause=0.05, evaluate=lambda path: evaluate_file(path, today=TODAY), quiet=0.2)
    loop.start()
    try:
        for reviewer, token in small.tokens.items():
            for candidate in ("C-0001", "C-0002"):
                score(small.client(), token, candidate, reviewer, four)
        deadline = threading.Event()
        page = ""
        for _ in range(600):
            page = small.client().get(f"/i/{small.tokens['R-0001']}").text
            if 'data-score="78.32"' in page:
                break
            deadline.wait(0.1)
        assert 'data-score="78.32"' in page
    finally:
        loop.stop()
    assert {row["score"] for row in rows(small, Results)} == {Decimal("78.32")}
    after = small.house.path.read_bytes()
    assert evaluate_file(small.house.path, today=TODAY).changed is False
    assert small.house.path.read_bytes() == after
