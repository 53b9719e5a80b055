"""What whoever reports an issue is promised: due times at once, clocks from its arrival, the state as staff type it (S23 to S25)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import forms_server.inbox as inbox_module
from tests.forms.conftest import ISSUE, errors, fields, send
from tests.forms.test_editing import opened, post, sent
from tests.requirement_books import Scene, scene
from tests.rules.test_relations import fresh
from workbook.ooxml import Book
from workbook.records import Record
from workbook.tables import Issues, Todo

FRIDAY = datetime(2026, 11, 20, 9, 30, 20, tzinfo=UTC)  # 17:30:20 in Beijing, half an hour before the shift ends


def scene_at(folder: Path, **settings: str) -> Scene:
    rows = fresh()
    rows["issues"], rows["issue_events"], rows["meetings"], rows["minute_confirmations"] = [], [], [], []
    rows["settings"] = [{"setting": "公司名称", "value": "示例"}] + [
        {"setting": k, "value": v} for k, v in settings.items()
    ]
    return scene(folder, rows)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = scene_at(tmp_path)
    monkeypatch.setattr(inbox_module, "utcnow", lambda: FRIDAY)
    return made


def due(client: FlaskClient, code: str) -> list[str]:
    return re.findall(r'<time datetime="([^"]+)" data-due', client.get(f"/receipts/{code}").text)


def only(small: Scene) -> Record:
    (row,) = small.records(Issues)
    return row


def test_an_urgent_issue_shows_its_due_times_at_once_before_it_is_in_the_book(small: Scene) -> None:
    client = small.client()
    code = sent(client, "issue")
    # P1: 15 minutes and 4 hours around the clock from 17:30
    assert due(client, code) == ["2026-11-20T17:45:00", "2026-11-20T21:30:00"]
    page = client.get(f"/receipts/{code}").text
    assert "应响应" in page and "应解决" in page and small.records(Issues) == []
    assert "Answer due" in client.get(f"/receipts/{code}?lang=en").text


def test_an_ordinary_one_is_counted_in_working_time(small: Scene) -> None:
    client = small.client()
    # P3: 4 working hours are half an hour on Friday and 3.5 hours on Monday (9:00 to 12:00, 13:30 to 14:00); 24 working
    # hours are 0.5 on Friday, 7.5 each on Monday to Wednesday, and one on Thursday.
    assert due(client, sent(client, "issue", severity="ordinary")) == ["2026-11-23T14:00:00", "2026-11-26T10:00:00"]


def test_the_working_hours_of_the_book_are_those_that_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = scene_at(tmp_path, 工作时间="17:00-19:00")
    monkeypatch.setattr(inbox_module, "utcnow", lambda: FRIDAY)
    client = small.client()
    assert due(client, sent(client, "issue", severity="ordinary"))[0] == "2026-11-24T17:30:00"  # 1.5 + 2 + 0.5 hours


def test_the_form_explains_both_ways_and_the_limits_of_each(small: Scene) -> None:
    page = small.client().get("/forms/issue").text
    assert "请立刻打电话" in page and "紧急：15 分钟内响应，4 小时内解决，全天计时。" in page
    assert "一般：4 小时内响应，24 小时内解决，按工作时间（09:00-12:00、13:30-18:00）计时。" in page
    english = small.client().get("/forms/issue?lang=en").text
    assert "Urgent: answered within 15 minutes, solved within 4 hours, counted around the clock." in english


def test_the_row_says_when_it_was_reported_and_that_nobody_verified_it(small: Scene) -> None:
    client = small.client()
    code = sent(client, "issue")
    small.evaluate()
    row = only(small)
    arrived = datetime(2026, 11, 20, 17, 30, 20)
    assert row.values.items() >= {
        "issue": "I-0001", "severity": "urgent", "status": "open", "kind": "issue", "verification": "unverified",
        "reported_at": arrived, "submitted_at": arrived,
    }.items()  # fmt: skip
    # the book's own clock says what the sender was told
    assert [f"{row[name]:%Y-%m-%dT%H:%M:%S}" for name in ("respond_by", "resolve_by")] == due(client, code)
    assert "I-0001" in {todo["subject"] for todo in small.records(Todo)}


def test_state_and_words_of_staff_are_shown_and_what_is_solved_is_due_no_more(small: Scene) -> None:
    client = small.client()
    code = sent(client, "issue")
    small.house.delivery.run()
    small.staff("issues", "问题编号", {"I-0001": {"状态": "处理中", "给伙伴的话": "备件 14 点到"}})
    page = client.get(f"/receipts/{code}").text
    assert "处理中" in page and "备件 14 点到" in page and len(due(client, code)) == 2
    small.staff("issues", "问题编号", {"I-0001": {"状态": "已解决"}})
    assert "已解决" in client.get(f"/receipts/{code}").text and due(client, code) == []
    small.staff("issues", "问题编号", {"I-0001": {"状态": "已关闭"}})
    assert "已关闭" in client.get(f"/receipts/{code}").text


def test_a_correction_counts_from_the_first_arrival_and_is_refused_once_staff_took_it_in_hand(
    small: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = small.client()
    code = sent(client, "issue", severity="ordinary")
    small.house.delivery.run()
    filled = opened(client, code)
    monkeypatch.setattr(inbox_module, "utcnow", lambda: FRIDAY.replace(hour=11))
    assert post(client, code, filled, severity="urgent").status_code == 303
    assert due(client, code) == ["2026-11-20T17:45:00", "2026-11-20T21:30:00"]
    small.house.delivery.run()
    row = only(small)
    assert (row["severity"], row["reported_at"]) == ("urgent", datetime(2026, 11, 20, 17, 30, 20))
    late = opened(client, code)
    small.staff("issues", "问题编号", {"I-0001": {"状态": "处理中"}})
    assert post(client, code, late, severity="ordinary").status_code in (403, 409)
    assert only(small)["severity"] == "urgent"


def test_a_row_typed_by_staff_stays_as_they_typed_it(small: Scene) -> None:
    book = Book.read(small.house.path.read_bytes())
    book.append(
        "issues",
        [{"问题编号": "I-0001", "问题": "电话里说的", "问题级别": "紧急", "报告时间": datetime(2026, 11, 20, 9, 0)}],
    )
    small.house.path.write_bytes(book.to_bytes())
    small.evaluate()
    row = only(small)
    assert row["verification"] is None and row["reported_at"] == datetime(2026, 11, 20, 9, 0)
    assert row["respond_by"] == datetime(2026, 11, 20, 9, 15)


def test_without_limits_in_the_book_nothing_is_promised(small: Scene) -> None:
    book = Book.read(small.house.path.read_bytes())
    levels = [str(row.values["标准编号"]) for row in book.rows("service_levels")]
    small.staff("service_levels", "标准编号", {key: {"响应时限": None} for key in levels})
    client = small.client()
    code = sent(client, "issue")
    assert due(client, code) == [] and "data-standard" not in client.get("/forms/issue").text


@pytest.mark.parametrize("name", ["severity", "title", "detail", "company", "reporter", "phone"])
def test_what_is_needed_to_handle_it_is_asked_for_and_what_was_typed_stays(client: FlaskClient, name: str) -> None:
    answer = send(client, "issue", **{name: None if name == "severity" else ""})
    assert answer.status_code == 422 and list(errors(answer)) == [name]
    kept: dict[str, Any] = {key: value for key, value in ISSUE.items() if key not in (name, "consent", "phone")}
    assert {key: fields(answer).get(key) for key in kept} == kept
