"""What people who are surveyed are promised: one answer per link, no trace of an anonymous one, a receipt for a named one."""

from __future__ import annotations

import logging
import re
import sqlite3
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from forms_server import survey_pages
from forms_server.app import ServerSettings, create_app
from forms_server.house import open_house
from forms_server.reviews import CannotInvite
from forms_server.survey_delivery import ready
from forms_server.survey_pages import NoLinks
from forms_server.survey_store import Group, SurveyStore, SurveyUnavailable
from forms_server.surveys import RenewRefused
from tests.forms.conftest import SATISFACTION, errors, fields, notice
from tests.requirement_books import Scene
from tests.survey_books import MARKS, SV, answer, close, links, survey_scene, surveys
from workbook import store
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.tables import AnonymousAnswers, Campaigns, Satisfaction, SurveyInvitations, Todo

THEM = Group(SV, "P-0001", "them")


@pytest.fixture
def small(tmp_path: Path) -> Scene:
    return survey_scene(tmp_path, {(1, "them"): 6, (1, "us"): 2})


@pytest.fixture
def named(tmp_path: Path) -> Scene:
    return survey_scene(tmp_path, {(1, "them"): 2, (1, "us"): 1}, "named")


def everything(folder: Path) -> bytes:
    """Every byte in the data folder, whatever file it is in."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


# --- links -----------------------------------------------------------------------------------------------------------


def test_each_participant_of_both_sides_gets_one_link_once_and_it_is_kept_nowhere(small: Scene) -> None:
    first = links(small)
    assert len(first) == 8 and len(set(first.values())) == 8 and {len(token) for token in first.values()} == {40}
    assert links(small) == {}  # nobody gets a second one, and the first cannot be read again
    kept = everything(small.house.data) + small.house.path.read_bytes()
    assert not any(token.encode() in kept for token in first.values())
    rows = small.records(SurveyInvitations)
    assert [(r.key, r["participant"], r["status"], r["way"]) for r in rows][:2] == [
        ("SI-0001", "PP-0001", "invited", "anonymous"), ("SI-0002", "PP-0002", "invited", "anonymous"),
    ]  # fmt: skip
    (campaign,) = small.records(Campaigns)
    assert (campaign["invited"], campaign["answered"]) == (8, 0)


def test_a_reissued_link_kills_the_old_one_and_somebody_who_left_has_none(small: Scene) -> None:
    old = links(small)
    fresh = links(small, renew="PP-0001")
    client = small.client()
    assert list(fresh) == ["PP-0001"]
    assert client.get(f"/i/{old['PP-0001']}").status_code == 404
    assert client.get(f"/i/{fresh['PP-0001']}").status_code == 200
    small.staff("participants", "参与人编号", {"PP-0002": {"状态": "已卸任"}})
    assert client.get(f"/i/{old['PP-0002']}").status_code == 404
    assert {r["participant"]: r["status"] for r in small.records(SurveyInvitations)}["PP-0002"] == "left"


def test_a_link_is_not_renewed_while_a_batch_is_pending(small: Scene) -> None:
    tokens = links(small)
    assert answer(small.client(), tokens["PP-0001"]).status_code == 303
    for who in ("PP-0001", "PP-0002"):  # the one who answered and the one who did not are told the same
        with pytest.raises(RenewRefused, match="没有成批记到名单上"):
            surveys(small).invite(SV, who)
    assert links(small, renew="PP-0007")  # the other group has nothing pending


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("campaigns", "调查编号", SV, {"状态": "准备中"}), "不在进行中"),
        (("campaigns", "调查编号", SV, {"调查范围": "P-0009"}), "没有在任的参与人"),
        (("participants", "参与人编号", "PP-0003", {"一方": None}), "PP-0003 没有写姓名或一方"),
    ],
)
def test_nobody_is_asked_while_something_is_missing(small: Scene, cells: tuple[Any, ...], words: str) -> None:
    table, column, key, values = cells
    small.staff(table, column, {key: values})
    with pytest.raises(CannotInvite, match=words):
        surveys(small).invite(SV)


def test_the_way_cannot_change_once_people_were_asked(small: Scene) -> None:
    token = links(small)["PP-0001"]
    small.staff("campaigns", "调查编号", {SV: {"方式": "实名"}})
    with pytest.raises(CannotInvite, match="已经按匿名方式发过邀请"):
        surveys(small).invite(SV)
    assert 'name="goals"' not in small.client().get(f"/i/{token}").text


def test_s27_a_reminder_names_who_has_not_answered_and_counts(named: Scene) -> None:
    tokens = links(named)
    assert send_named(named, tokens["PP-0001"]).status_code == 303
    told = surveys(named).remind(SV)
    assert [one.participant for one in told] == ["PP-0002", "PP-0003"] and not any(one.token for one in told)
    named.house.delivery.run()
    assert {r["participant"]: (r["status"], r["reminders"]) for r in named.records(SurveyInvitations)} == {
        "PP-0001": ("done", 0), "PP-0002": ("invited", 1), "PP-0003": ("invited", 1),
    }  # fmt: skip


# --- an anonymous answer ---------------------------------------------------------------------------------------------


def test_the_page_says_exactly_what_is_not_stored(small: Scene) -> None:
    page = small.client().get(f"/i/{links(small)['PP-0001']}")
    for words in (
        "IP 地址",
        "浏览器信息",
        "哪一天",
        "没有回执",
        "那一刻请信任示例管理服务器的人",
        "不满五份的组",
        "满五个才成批",
    ):
        assert words in page.text
    assert not {"respondent", "email", "company", "side"} & set(fields(page))


def test_an_answer_is_thanked_for_without_receipt_and_the_link_is_used(small: Scene) -> None:
    client, token = small.client(), links(small)["PP-0001"]
    sent = answer(client, token)
    assert sent.status_code == 303 and sent.location.endswith(f"/i/{token}")
    thanks = client.get(f"/i/{token}").text
    assert 'data-survey="thanks"' in thanks and "/receipts/" not in thanks and 'name="goals"' not in thanks
    assert small.house.inbox.all() == []


def test_the_same_answer_twice_or_another_one_is_one(small: Scene) -> None:
    client, token = small.client(), links(small)["PP-0001"]
    page = fields(client.get(f"/i/{token}"))
    for marks in (MARKS, {**MARKS, "goals": "1"}):
        data = {"csrf_token": page["csrf_token"], **marks, "consent": "yes"}
        assert client.post(f"/i/{token}/answer", data=data).status_code == 303
    assert surveys(small).store.counted() == {THEM: 1} == surveys(small).store.pending()


@pytest.mark.parametrize("field", ["goals", "mutuality", "consent"])
def test_what_is_missing_is_named_and_nothing_is_stored(small: Scene, field: str) -> None:
    client, token = small.client(), links(small)["PP-0001"]
    refused = answer(client, token, **{field: "", "strengths": "回复快"})
    assert refused.status_code == 422 and list(errors(refused)) == [field]
    assert fields(refused)["strengths"] == "回复快" and not surveys(small).store.counted()


def test_a_lost_csrf_token_or_a_full_disk_keeps_what_was_typed(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client, token = small.client(), links(small)["PP-0001"]
    client.get(f"/i/{token}")
    lost = client.post(f"/i/{token}/answer", data={**MARKS, "strengths": "回复快", "consent": "yes"})
    assert (lost.status_code, notice(lost), fields(lost)["strengths"]) == (400, "csrf", "回复快")

    def full(*_: object) -> bool:
        raise SurveyUnavailable

    monkeypatch.setattr(SurveyStore, "answer", full)
    refused = answer(client, token, strengths="回复快")
    assert (refused.status_code, notice(refused)) == (503, "survey_unavailable")
    assert (
        fields(refused)["strengths"] == "回复快"
        and "2026" in (small.house.data / "surveys" / "trouble.txt").read_text()
    )


def test_nothing_is_taken_before_the_beginning_or_after_the_end(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    client, token = small.client(), links(small)["PP-0001"]
    page = fields(client.get(f"/i/{token}"))
    small.staff("campaigns", "调查编号", {SV: {"开始": date(2026, 11, 10), "截止": date(2026, 11, 20)}})
    for day, state in ((9, "early"), (10, "open"), (20, "open"), (21, "over")):
        monkeypatch.setattr(survey_pages, "today_in", lambda zone, day=day: date(2026, 11, day))
        text = client.get(f"/i/{token}").text
        assert ('name="goals"' in text) == (state == "open") and (state == "open" or f'data-survey="{state}"' in text)
    data = {"csrf_token": page["csrf_token"], **MARKS, "consent": "yes"}
    assert client.post(f"/i/{token}/answer", data=data).status_code == 409 and not surveys(small).store.counted()


def test_a_foreign_or_wrong_link_is_the_same_404(small: Scene) -> None:
    links(small)
    client = small.client()
    for token in ("0" * 40, "x", "ü" * 40):
        assert client.get(f"/i/{token}").status_code == client.get(f"/i/{token}/answer/x").status_code == 404


def test_changing_the_language_keeps_what_was_typed(small: Scene) -> None:
    client, token = small.client(), links(small)["PP-0001"]
    page = fields(client.get(f"/i/{token}"))
    english = client.post(
        f"/i/{token}/answer", data={"csrf_token": page["csrf_token"], **MARKS, "strengths": "回复快", "lang": "en"}
    )
    assert english.status_code == 200 and "Not stored" in english.text and fields(english)["strengths"] == "回复快"
    assert not surveys(small).store.counted()


def test_no_line_of_a_log_tells_of_an_anonymous_request(
    small: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client, token = small.client(), links(small)["PP-0001"]
    caplog.set_level(logging.DEBUG)

    def broken(*_: object, **__: object) -> str:
        raise RuntimeError(token)

    assert answer(client, token).status_code == 303
    monkeypatch.setattr(survey_pages, "render_template", broken)
    monkeypatch.setattr(survey_pages, "render_form", broken)
    app = create_app(ServerSettings(secret=small.house.secret, data=small.house.data), small.house.inbox)
    assert app.test_client().get(f"/i/{token}").status_code == 500
    assert app.test_client().post(f"/i/{token}/answer").status_code == 500  # without the token that guards it
    assert token not in caplog.text and "/i/" not in caplog.text and "RuntimeError" not in caplog.text
    line = (small.house.data / "surveys" / "trouble.txt").read_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d RuntimeError\n", line)


def test_a_line_that_names_a_link_loses_its_token() -> None:
    record = logging.LogRecord("waitress", logging.INFO, "", 0, "Client disconnected while serving %s", ("/i/abc123/answer",), None)  # fmt: skip
    assert NoLinks().filter(record) and record.getMessage() == "Client disconnected while serving /i/…/answer"


# --- batches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pending", "answered", "invited", "over", "goes"),
    [
        (4, 4, 9, False, 0), (5, 5, 9, False, 0), (9, 9, 20, False, 0), (10, 10, 20, False, 5), (12, 12, 20, False, 7),
        (5, 5, 5, False, 5), (4, 4, 4, False, 0), (6, 11, 11, False, 6), (5, 8, 20, True, 5), (4, 4, 20, True, 0), (0, 9, 9, True, 0),
    ],
)  # fmt: skip
def test_five_go_together_and_as_many_stay_behind(
    pending: int, answered: int, invited: int, over: bool, goes: int
) -> None:
    assert ready(pending, answered, invited, over) == goes


def test_s26_answers_come_as_one_shuffled_batch_and_are_forgotten_here(small: Scene) -> None:
    tokens, client = links(small), small.client()
    for n in range(1, 6):
        answer(client, tokens[f"PP-{n:04d}"], strengths=f"好{n}")
        small.house.delivery.run()
    assert small.records(AnonymousAnswers) == []  # five are there, and one has not answered
    answer(client, tokens["PP-0006"], strengths="好6")
    assert small.house.delivery.run().answers == 6
    rows = small.records(AnonymousAnswers)
    assert sorted(r["strengths"] for r in rows) == [f"好{n}" for n in range(1, 7)]
    assert {(r["campaign"], r["partner"], r["side"], r["goals"], r["problem_solving"]) for r in rows} == {(SV, "P-0001", "them", 4, 0)}  # fmt: skip
    assert surveys(small).store.pending() == {} and surveys(small).store.batched() == []
    assert "好6".encode() not in everything(small.house.data)
    small.house.delivery.run()
    assert len(small.records(AnonymousAnswers)) == 6


def test_fewer_than_five_at_the_end_stay_out_of_the_book_and_it_is_said(small: Scene) -> None:
    tokens, client = links(small), small.client()
    for n in (1, 2, 3, 4, 7):
        answer(client, tokens[f"PP-{n:04d}"], strengths=f"好{n}")
    assert {r["status"] for r in small.records(SurveyInvitations)} == {"invited"}
    small.house.delivery.run()
    book = Book.read(small.house.path.read_bytes())
    book.update("campaigns", "调查编号", {SV: {"状态": "已截止"}})
    small.house.path.write_bytes(book.to_bytes())
    assert small.house.delivery.run().left_out == 5  # four of one group, one of the other
    assert small.records(AnonymousAnswers) == []
    assert sorted(r["participant"] for r in small.records(SurveyInvitations) if r["status"] == "done") == [
        f"PP-{n:04d}" for n in (1, 2, 3, 4, 7)
    ]
    assert "好1".encode() not in everything(small.house.data)


def test_an_open_book_waits_and_nothing_is_lost(small: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, client = links(small), small.client()
    for n in range(1, 7):
        answer(client, tokens[f"PP-{n:04d}"])
    lock = small.house.path.with_name(f"~${small.house.path.name}")
    lock.write_bytes(b"\x04user" + b" " * 160)
    waiting = small.house.delivery.run()
    assert waiting.reasons and waiting.kind == "open" and small.records(AnonymousAnswers) == []
    assert not small.house.delivery.idle()
    lock.unlink()
    small.house.delivery.run()
    assert len(small.records(AnonymousAnswers)) == 6


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("where", ["survey-ready", "survey-written", "replaced", "checked"])
def test_a_batch_stands_in_the_book_once_wherever_the_process_is_killed(tmp_path: Path, where: str) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 6})
    tokens, client = links(small), small.client()
    for n in range(1, 7):
        answer(client, tokens[f"PP-{n:04d}"], strengths=f"好{n}")
    reached = []

    def step(name: str) -> None:
        reached.append(name)
        if name == where:
            raise Killed

    house = open_house(small.house.path, small.house.data.parent, step=step)
    with pytest.raises(Killed):
        house.delivery.run()
    for _ in range(2):
        open_house(small.house.path, small.house.data.parent).delivery.run()
    assert sorted(r["strengths"] for r in small.records(AnonymousAnswers)) == [f"好{n}" for n in range(1, 7)]
    assert surveys(small).store.batched() == []


def test_rows_that_staff_deleted_before_they_were_confirmed_do_not_come_back(tmp_path: Path) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 6})
    tokens, client = links(small), small.client()
    for n in range(1, 7):
        answer(client, tokens[f"PP-{n:04d}"])

    def step(name: str) -> None:
        if name == "survey-written":
            raise Killed

    with pytest.raises(Killed):
        open_house(small.house.path, small.house.data.parent, step=step).delivery.run()
    book = Book.read(small.house.path.read_bytes())
    keys = [row.key for row in read_records(book, AnonymousAnswers)]
    for n, key in enumerate(keys):
        book.update("anonymous_answers", "答卷编号", {key: {"答卷编号": f"X-{n}"}})  # no key of the batch is left
    small.house.path.write_bytes(book.to_bytes())
    open_house(small.house.path, small.house.data.parent).delivery.run()
    assert len(small.records(AnonymousAnswers)) == 6 and surveys(small).store.batched() == []


def test_done_marks_come_five_at_a_time_and_the_rest_at_the_end(tmp_path: Path) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 8})
    tokens, client = links(small), small.client()

    def done() -> int:
        small.house.delivery.run()
        return sum(r["status"] == "done" for r in small.records(SurveyInvitations))

    counts = []
    for n in range(1, 8):
        answer(client, tokens[f"PP-{n:04d}"])
        counts.append(done())
    assert counts == [0, 0, 0, 0, 5, 5, 5]
    close(small)
    assert done() == 7 and small.records(Campaigns)[0]["answered"] == 7


# --- the two files ---------------------------------------------------------------------------------------------------


def test_the_files_have_no_rowid_no_time_and_nothing_that_joins_them(small: Scene) -> None:
    tokens, client = links(small), small.client()
    for who in ("PP-0001", "PP-0002"):
        answer(client, tokens[who])
    folder = small.house.data / "surveys"
    assert sorted(f.name for f in folder.iterdir()) == [
        "answers.sqlite",
        "invitations.sqlite",
    ]  # no log stays beside them
    cells: dict[str, set[str]] = {}
    for file in folder.iterdir():
        database = sqlite3.connect(file)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            with pytest.raises(sqlite3.OperationalError):
                database.execute(f"SELECT rowid FROM {table}")
            found = {str(cell) for row in database.execute(f"SELECT * FROM {table}") for cell in row}
            assert not any(re.search(r"\d\d:\d\d", cell) for cell in found)
            cells.setdefault(file.name, set()).update(found)
        database.close()
        assert datetime.fromtimestamp(file.stat().st_mtime).time() == datetime.min.time()
    shared = cells["answers.sqlite"] & cells["invitations.sqlite"]
    assert shared <= {SV, "P-0001", "them", "us", "0", "None"}


def test_two_processes_that_answer_at_once_keep_one_answer_each(small: Scene) -> None:
    import threading

    tokens = links(small)
    one = surveys(small).store
    results: list[bool] = []

    def give(token: str) -> None:
        results.append(SurveyStore(small.house.data, small.house.secret).answer(token, THEM, {"goals": 4}))

    threads = [threading.Thread(target=give, args=(token,)) for token in list(tokens.values())[:6] for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 12 + [True] * 6 and one.counted() == {THEM: 6}


# --- a named answer --------------------------------------------------------------------------------------------------


def send_named(named: Scene, token: str, **more: str) -> Any:
    client = named.client()
    page = fields(client.get(f"/i/{token}"))
    known = {
        name: page[name] for name in ("csrf_token", "submission", "company", "respondent", "email", "side", "occasion")
    }
    marks = {name: SATISFACTION[name] for name in MARKS}
    return client.post(f"/i/{token}/answer", data={**known, **marks, "consent": "yes", **more})


def test_a_named_answer_comes_from_a_known_person_with_survey_and_partner(named: Scene) -> None:
    token = links(named)["PP-0001"]
    page = named.client().get(f"/i/{token}")
    assert (fields(page)["respondent"], fields(page)["company"]) == ("参与人1", "伙伴1有限公司")
    late = named.client()
    other = dict(fields(late.get(f"/i/{token}")).items())
    sent = send_named(named, token, side="us")  # whose side it is, the list knows
    assert sent.status_code == 303 and "/receipts/" in sent.location
    named.house.delivery.run()
    (row,) = named.records(Satisfaction)
    assert (row["campaign"], row["partner"], row["side"], row["verification"]) == (SV, "P-0001", "them", "verified")
    assert not [todo for todo in named.records(Todo) if "核实" in todo.text("matter")]
    assert 'data-survey="answered"' in named.client().get(f"/i/{token}").text
    marks = {name: SATISFACTION[name] for name in MARKS}
    assert late.post(f"/i/{token}/answer", data={**other, **marks, "consent": "yes"}).status_code == 409
    assert len(named.house.inbox.all()) == 1


def test_a_named_page_sent_twice_is_one_answer(named: Scene) -> None:
    client, token = named.client(), links(named)["PP-0001"]
    page = dict(fields(client.get(f"/i/{token}")).items())
    data = {**page, **{name: SATISFACTION[name] for name in MARKS}, "consent": "yes"}
    first, again = (client.post(f"/i/{token}/answer", data=data) for _ in range(2))
    assert first.status_code == again.status_code == 303 and first.location == again.location
    assert len(named.house.inbox.all()) == 1


def test_a_book_without_the_tables_of_surveys_is_delivered_all_the_same(small: Scene) -> None:
    assert store.read(small.house.path).data and not small.house.delivery.run().reasons
