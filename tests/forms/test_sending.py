"""What happens to a form that is sent: one record, one receipt, nothing typed is ever lost."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_server.inbox import Inbox, InboxUnavailable
from tests.forms.conftest import FILLED, PDF, errors, fields, hidden, notice, post, send, upload
from workbook.schema import KINDS
from workbook.tables import TABLES

RECEIPT = re.compile(r"/receipts/([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){4})")


@pytest.mark.parametrize("slug", FILLED)
def test_a_complete_form_answers_303_to_its_receipt_and_is_in_the_inbox(
    client: FlaskClient, inbox: Inbox, slug: str
) -> None:
    answer = send(client, slug)
    assert answer.status_code == 303, errors(answer)
    found = RECEIPT.fullmatch(answer.headers["Location"])
    assert found
    stored = inbox.all()
    assert len(stored) == 1
    assert client.get(f"/receipts/{found[1]}").status_code == 200


def test_what_is_stored_means_what_was_typed(client: FlaskClient, inbox: Inbox) -> None:
    send(client, "candidate", annual_revenue="１２,345.6", phone="+86 138-0013-8000", licence_term="dated", licence_until="2039年3月7日")  # fmt: skip
    values = inbox.all()[0].values
    assert values["annual_revenue"] == "123456000.00"
    assert values["phone"] == "+8613800138000"
    assert values["licence_until"] == "2039-03-07"
    assert "consent" not in values and "profit" not in values


def test_not_knowing_is_an_answer_and_no_mark(client: FlaskClient, inbox: Inbox) -> None:
    send(client, "satisfaction")
    values = inbox.all()[0].values
    assert (values["goals"], values["problem_solving"]) == (4, 0)


def test_a_question_below_an_option_counts_only_when_the_option_is_chosen(client: FlaskClient, inbox: Inbox) -> None:
    answer = send(client, "candidate", licence_term="dated")
    assert list(errors(answer)) == ["licence_until"]
    assert send(client, "candidate", licence_term="open", licence_until="not a date").status_code == 303
    assert "licence_until" not in inbox.all()[0].values


def test_a_bank_report_without_its_authorisation_is_refused(client: FlaskClient, inbox: Inbox) -> None:
    answer = send(client, "candidate", bank_report="yes", bank_authorisation="  ")
    assert answer.status_code == 422 and list(errors(answer)) == ["bank_authorisation", "authorisation_file"]
    assert fields(answer)["bank_report"] == "yes" and inbox.all() == []
    report = upload(PDF, "报告.pdf")
    answer = send(client, "candidate", bank_report="yes", bank_authorisation="授 2026-017", bank_report_file=report)
    assert answer.status_code == 422 and list(errors(answer)) == ["authorisation_file"] and inbox.all() == []
    again = {**fields(answer).to_dict(), "authorisation_file": upload(PDF, "授权书.pdf")}  # the report came along
    assert post(client, "candidate", again).status_code == 303
    values = inbox.all()[0].values
    assert values["bank_authorisation"] == "授 2026-017"
    assert [values[name][0]["name"] for name in ("authorisation_file", "bank_report_file")] == [
        "授权书.pdf",
        "报告.pdf",
    ]


def test_a_bank_report_that_is_not_offered_is_neither_stored_nor_kept(
    client: FlaskClient, inbox: Inbox, data: Path
) -> None:
    # Files may have been chosen before the answer was changed to no.
    files = {name: upload(PDF, f"{name}.pdf") for name in ("authorisation_file", "bank_report_file")}
    assert send(client, "candidate", bank_report="no", profile_file=upload(PDF, "介绍.pdf"), **files).status_code == 303
    assert {n for n in inbox.all()[0].values if n.endswith("_file")} == {"profile_file"}
    kept = [path.name for path in (data / "uploads").iterdir() if path.is_file()]
    assert kept == [inbox.all()[0].values["profile_file"][0]["id"]]


def test_the_same_page_sent_twice_is_one_record_and_one_receipt(client: FlaskClient, inbox: Inbox) -> None:
    filled = {**hidden(client.get("/forms/incident")), **FILLED["incident"]}
    first, second = post(client, "incident", filled), post(client, "incident", filled)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(inbox.all()) == 1


def test_fifty_presses_at_once_are_one_record_and_one_receipt(app: Flask, client: FlaskClient, inbox: Inbox) -> None:
    filled = {**hidden(client.get("/forms/incident")), **FILLED["incident"]}
    cookie = client.get_cookie("partnerbook")
    assert cookie
    answers: list[str] = []

    def press() -> None:
        other = app.test_client()
        other.set_cookie("partnerbook", cookie.value)
        answers.append(post(other, "incident", filled).headers.get("Location", "none"))

    presses = [threading.Thread(target=press) for _ in range(50)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert len(answers) == 50 and len(set(answers)) == 1 and answers[0] != "none"
    assert len(inbox.all()) == 1


def test_a_retry_with_files_keeps_one_copy_of_them(client: FlaskClient, inbox: Inbox, data: Path) -> None:
    start = hidden(client.get("/forms/incident"))
    for _ in range(2):
        answer = post(client, "incident", {**start, **FILLED["incident"], "evidence_file": upload(PDF, "a.pdf")})
        assert answer.status_code == 303
    on_disk = [p.name for p in (data / "uploads").rglob("*") if p.is_file()]
    assert on_disk == [inbox.all()[0].values["evidence_file"][0]["id"]]


def test_the_same_page_with_other_content_is_told_and_nothing_is_lost(
    client: FlaskClient, inbox: Inbox, data: Path
) -> None:
    start = hidden(client.get("/forms/incident"))
    post(client, "incident", {**start, **FILLED["incident"], "evidence_file": upload(PDF, "a.pdf")})
    before = inbox.all()[0].values
    answer = post(client, "incident", {**start, **FILLED["incident"], "scope": "第 8 批", "evidence_file": upload(PDF, "b.pdf")})  # fmt: skip
    assert answer.status_code == 409
    assert notice(answer) == "conflict"
    assert [s.values for s in inbox.all()] == [before]
    belongs = [path.name for path in (data / "uploads").iterdir() if path.is_file()]
    assert belongs == [before["evidence_file"][0]["id"]], "a file without a receipt counts as submitted"
    again = fields(answer)
    assert again["scope"] == "第 8 批" and again["submission"] != start["submission"] and again["evidence_file"]
    assert post(client, "incident", again).status_code == 303
    assert [s.values["scope"] for s in inbox.all()] == ["第 7 批", "第 8 批"]
    assert inbox.all()[1].values["evidence_file"][0]["name"] == "b.pdf"


def test_when_the_inbox_is_down_there_is_no_receipt_and_nothing_is_lost(
    client: FlaskClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = hidden(client.get("/forms/incident"))
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "submit", lambda incoming: (_ for _ in ()).throw(InboxUnavailable()))
        answer = post(client, "incident", {**start, **FILLED["incident"], "evidence_file": upload(PDF, "a.pdf")})
    assert answer.status_code == 503
    assert notice(answer) == "unavailable" and "/receipts/" not in answer.get_data(as_text=True)
    assert post(client, "incident", fields(answer)).status_code == 303
    assert inbox.all()[0].values["evidence_file"][0]["name"] == "a.pdf"


@pytest.mark.parametrize(
    "token", ["", "forged", "ImE5Z2EyYjU0LTAwMDAi.aR0.x" * 3, "\u202e", "x" * 5000], ids=["none", "word", "shape", "rtl", "long"]
)  # fmt: skip
def test_a_form_without_a_good_identity_is_not_stored_and_comes_back_filled(
    client: FlaskClient, inbox: Inbox, token: str
) -> None:
    answer = send(client, "incident", submission=token)
    assert answer.status_code == 400
    assert notice(answer) == "identity" and not inbox.all()
    assert fields(answer)["scope"] == FILLED["incident"]["scope"]
    assert post(client, "incident", fields(answer)).status_code == 303


def test_the_identity_of_one_form_opens_no_other(client: FlaskClient) -> None:
    foreign = hidden(client.get("/forms/candidate"))["submission"]
    assert send(client, "incident", submission=foreign).status_code == 400


def test_a_page_older_than_thirty_days_gives_everything_back_files_too(
    client: FlaskClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = hidden(client.get("/forms/incident"))
    kept = post(client, "incident", {**start, **FILLED["incident"], "phone": "", "evidence_file": upload(PDF, "a.pdf")})
    later = (datetime.now(UTC) + timedelta(days=30, minutes=1)).timestamp()
    monkeypatch.setattr("time.time", lambda: later)
    filled = fields(kept)
    filled.setlist("phone", [FILLED["incident"]["phone"]])
    filled.setlist("csrf_token", [hidden(client.get("/forms/incident"))["csrf_token"]])
    answer = post(client, "incident", filled)
    assert (answer.status_code, notice(answer)) == (400, "identity")
    assert post(client, "incident", fields(answer)).status_code == 303
    assert inbox.all()[0].values["evidence_file"][0]["name"] == "a.pdf"


def test_errors_say_how_to_mend_at_the_field_and_in_the_summary(client: FlaskClient) -> None:
    answer = send(client, "candidate", credit_code="91110000600037341M", company_type=None, email="x", consent=None)
    assert answer.status_code == 422
    told = errors(answer)
    assert list(told) == ["credit_code", "company_type", "email", "consent"]
    assert "末位校验不符" in told["credit_code"] and told["company_type"] == "请选择企业类型"
    page = answer.get_data(as_text=True)
    for name, words in told.items():
        at_field = re.search(rf'<p class="error" id="{name}-error">.*?</p>', page, re.DOTALL)
        assert at_field and words in at_field[0]
        assert f'id="{name}"' in page
    assert "<title>错误：" in page


def test_errors_leave_every_answer_in_its_place(client: FlaskClient) -> None:
    typed = {**FILLED["candidate"], "credit_code": "9111", "licence_until": "下个月", "annual_revenue": "很多",
             "records": "\n第一行\n第二行", "licence_term": "dated"}  # fmt: skip
    again = fields(send(client, "candidate", typed))
    for name, text in typed.items():
        assert again[name].replace("\r\n", "\n") == text, name


def test_changing_the_language_keeps_what_was_typed_and_stores_nothing(client: FlaskClient, inbox: Inbox) -> None:
    answer = send(client, "candidate", lang="en", credit_code="9111", certificates_file=upload(PDF, "iso.pdf"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert '<html lang="en">' in page and "Legal name" in page and "有限责任公司" not in page
    assert fields(answer)["legal_name"] == FILLED["candidate"]["legal_name"] and "iso.pdf" in page
    assert not inbox.all()
    assert 'lang="en"' in client.get("/").get_data(as_text=True)


def test_a_book_may_have_its_own_name_and_the_pages_carry_it(client: FlaskClient, inbox: Inbox) -> None:
    now = datetime.now(UTC)
    inbox.saw(generation=1, fingerprint="", saved_at=now, profile={"company": "远山{集团}<b>", "zone": "No/Where"})
    page = client.get("/forms/candidate").get_data(as_text=True)
    assert "远山{集团}&lt;b&gt;" in page and "<b>，" not in page
    assert client.get("/").status_code == 200


def test_every_kind_of_column_is_a_field_or_is_said_never_to_be_asked() -> None:
    from forms_server.catalog import FORMS
    from forms_server.forms import ColumnField, NotAsked, web_field

    columns = {type(c): c for table in TABLES for c in table.columns.values()}
    for kind in KINDS:
        assert kind in web_field.registry, f"{kind.__name__} falls through to another kind's field"
        column = columns[kind]
        try:
            assert issubclass(web_field(column), ColumnField)
        except NotAsked:
            # A reviewer's page fills references itself, from the link; a form page cannot.
            assert not any(type(c) is kind for form in FORMS for c in form.table.asked())


def test_the_catalogue_names_only_columns_and_states_that_exist() -> None:
    from forms_server.catalog import FORMS
    from workbook.schema import Choice

    for page in FORMS:
        assert set(page.autocomplete) <= {c.name for c in page.table.asked()}
        states = [set(c.options) for c in page.table.shown() if isinstance(c, Choice)]
        assert [{code for step in page.steps for code in step.codes}] == states
