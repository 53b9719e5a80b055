"""What candidates are promised of opening and closing: the form says when, refuses outside, and gives a short grace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.forms.conftest import CANDIDATE, PDF, fields, post, upload
from tests.requirement_books import Scene, at, fresh, scene
from workbook.tables import Candidates

FORM = "/forms/candidate"
OPENS, CLOSES = datetime(2026, 11, 20, 9), datetime(2026, 12, 20, 18)
Clock = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return lambda moment: at(monkeypatch, moment)


@pytest.fixture
def small(tmp_path: Path) -> Scene:
    return scene(tmp_path, fresh())


def test_a_book_without_a_publication_has_its_form_open_as_ever(tmp_path: Path, clock: Clock) -> None:
    rows = fresh()
    rows["publications"][0]["status"] = "preparing"
    client = scene(tmp_path, rows).client()
    clock(datetime(2030, 1, 1))
    assert 'name="legal_name"' in client.get(FORM).text and "data-opening" not in client.get("/").text


@pytest.mark.parametrize(
    ("moment", "state", "words"),
    [
        (OPENS - timedelta(minutes=1), "early", "2026 年 11 月 20 日（周五）09:00 开始接收（北京时间）"),
        (OPENS, "open", "接收至 2026 年 12 月 20 日（周日）18:00（北京时间）"),
        (CLOSES - timedelta(minutes=1), "open", "接收至 2026 年 12 月 20 日（周日）18:00（北京时间）"),
        (CLOSES, "closed", "已于 2026 年 12 月 20 日（周日）18:00 截止（北京时间）"),
    ],
)
def test_the_first_page_and_the_form_say_how_things_stand(
    small: Scene, clock: Clock, moment: datetime, state: str, words: str
) -> None:
    clock(moment)
    client = small.client()
    home, form = client.get("/").text, client.get(FORM).text
    assert f'data-opening="{state}"' in home and words in home
    assert ('name="legal_name"' in form) is (state == "open")
    assert ("正在征集：产线监测" in home) is (state == "open")
    if state != "open":
        assert words in form and "请联系" in form


def test_what_is_sent_outside_the_window_is_not_stored_files_included(tmp_path: Path, clock: Clock) -> None:
    # A window long ago: the signed identity holds the real time, which is after it.
    rows, opens, closes = fresh(), datetime(2020, 11, 20, 9), datetime(2020, 12, 20, 18)
    rows["publications"][0].update(opens_at=opens, closes_at=closes)
    small = scene(tmp_path, rows)
    clock(opens)
    client = small.client()
    hidden = {name: fields(client.get(FORM))[name] for name in ("csrf_token", "submission")}
    for moment in (opens - timedelta(days=3), closes, closes + timedelta(minutes=30), closes + timedelta(days=30)):
        clock(moment)
        data: dict[str, Any] = {**hidden, **CANDIDATE, "profile_file": upload(PDF, "介绍.pdf")}
        answer = post(client, "candidate", data)
        assert answer.status_code == 403 and "什么也没有保存" in answer.text
        assert client.post(FORM, data={**CANDIDATE}).status_code == 403  # without its guard as well
    assert small.house.inbox.all() == []
    assert not [file for file in (small.house.data / "uploads").rglob("*") if file.is_file()]


def test_a_page_that_was_opened_in_time_may_be_sent_for_half_an_hour(tmp_path: Path, clock: Clock) -> None:
    # The signed identity holds the real time of opening, so the window is laid around the real now.
    from zoneinfo import ZoneInfo

    now = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)
    closes = now + timedelta(minutes=10)
    rows = fresh()
    rows["publications"][0].update(opens_at=now - timedelta(days=1), closes_at=closes)
    small = scene(tmp_path, rows)
    client = small.client()
    hidden = {name: fields(client.get(FORM))[name] for name in ("csrf_token", "submission")}
    clock(closes + timedelta(minutes=30))
    assert post(client, "candidate", {**hidden, **CANDIDATE}).status_code == 403
    clock(closes + timedelta(minutes=29))
    assert 'name="legal_name"' not in client.get(FORM).text  # nobody begins any more
    assert post(client, "candidate", {**hidden, **CANDIDATE, "legal_name": ""}).status_code == 422  # and may mend it
    assert post(client, "candidate", {**hidden, **CANDIDATE}).status_code == 303
    small.evaluate()
    assert small.records(Candidates)[-1]["legal_name"] == CANDIDATE["legal_name"]


def test_one_open_publication_is_enough_and_the_latest_closing_counts(tmp_path: Path, clock: Clock) -> None:
    rows = fresh()
    first = rows["publications"][0]
    rows["publications"] += [
        {**first, "publication": "F-0002", "opens_at": OPENS, "closes_at": CLOSES + timedelta(days=5)},
        {**first, "publication": "F-0003", "status": "cancelled", "closes_at": CLOSES + timedelta(days=90)},
    ]
    client = scene(tmp_path, rows).client()
    clock(CLOSES)
    assert 'name="legal_name"' in client.get(FORM).text and "2026 年 12 月 25 日" in client.get("/").text
    clock(CLOSES + timedelta(days=5))
    assert 'name="legal_name"' not in client.get(FORM).text


@pytest.mark.parametrize("cell", ["开始时间", "截止时间"])
def test_a_published_row_without_its_times_opens_nothing(small: Scene, clock: Clock, cell: str) -> None:
    small.staff("publications", "发布编号", {"F-0001": {cell: None}})
    clock(OPENS)
    assert 'name="legal_name"' not in small.client().get(FORM).text


def test_staff_move_the_closing_and_the_form_follows_the_last_save(small: Scene, clock: Clock) -> None:
    clock(CLOSES)
    assert 'name="legal_name"' not in small.client().get(FORM).text
    small.staff("publications", "发布编号", {"F-0001": {"截止时间": CLOSES + timedelta(days=1)}})
    assert 'name="legal_name"' in small.client().get(FORM).text


def test_the_other_forms_are_open_whatever_is_published(small: Scene, clock: Clock) -> None:
    clock(CLOSES + timedelta(days=365))
    for slug in ("satisfaction", "incident", "innovation", "appeal"):
        assert "csrf_token" in small.client().get(f"/forms/{slug}").text
