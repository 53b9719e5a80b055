"""What a file has to be, and that a refused one costs nothing else; expected hashes come from hashlib."""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_server.inbox import Inbox
from forms_server.uploads import Uploads, display_name
from tests.forms.conftest import FILLED, HEIC, JPG, PDF, PNG, errors, fields, hidden, post, send, upload, zipped
from workbook.schema import Invalid

OFD = zipped("OFD.xml", "Doc_0/Document.xml")
DOCX = zipped("[Content_Types].xml", "word/document.xml")
XLSX = zipped("[Content_Types].xml", "xl/workbook.xml")
PPTX = zipped("[Content_Types].xml", "ppt/presentation.xml")
EXE = b"MZ\x90\x00" + b"\0" * 200
GOOD = {"a.pdf": PDF, "b.JPG": JPG, "c.jpeg": JPG, "d.png": PNG, "e.heic": HEIC, "f.ofd": OFD, "g.docx": DOCX,
        "h.xlsx": XLSX, "i.pptx": PPTX}  # fmt: skip
BAD = {
    "exe renamed to pdf": ("报价.pdf", EXE),
    "exe by name": ("setup.exe", EXE),
    "double extension": ("报价.pdf.exe", PDF),
    "script": ("a.html", b"<script>alert(1)</script>"),
    "png renamed to pdf": ("a.pdf", PNG),
    "pdf renamed to jpg": ("a.jpg", PDF),
    "pdf cut short": ("a.pdf", PDF[:-10]),
    "png cut short": ("a.png", PNG[:-4]),
    "png with a tail": ("a.png", PNG + b"<?php"),
    "pdf that is also a zip": ("a.pdf", PDF + zipped("word/document.xml", "[Content_Types].xml") + b"%%EOF"),
    "zip that ends like a pdf": ("a.pdf", PDF + zipped("x") + b"\n%%EOF\n"),
    "jpg that is also a zip": ("a.jpg", JPG + zipped("evil.class")),
    "jpg that is also a pdf": ("a.jpg", JPG[:20] + PDF + b"\xff\xd9"),
    "zip with something before it": ("a.docx", b"#!/bin/sh\n" + DOCX),
    "zip with something after it": ("a.docx", DOCX + b"tail"),
    "any zip": ("a.docx", zipped("hello.txt")),
    "docx with macros": ("a.docx", zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")),
    "too many members": ("a.docx", zipped("[Content_Types].xml", "word/document.xml", *(f"{i}" for i in range(6000)))),
    "heic of another brand": ("a.heic", HEIC.replace(b"heic", b"avif")),
    "heic cut short": ("a.heic", HEIC[:-3]),
    "tif": ("车间全景.tif", b"II*\x00" + b"\0" * 50),
    "empty": ("a.pdf", b""),
    "no name to speak of": ("a.", EXE),
}


@pytest.fixture
def store(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", b"secret")


def on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_kept_byte_for_byte_under_a_random_name(client: FlaskClient, inbox: Inbox, data: Path, name: str) -> None:  # fmt: skip
    assert send(client, "incident", evidence_file=upload(GOOD[name], name)).status_code == 303
    ref = inbox.all()[0].values["evidence_file"][0]
    assert (ref["name"], ref["size"]) == (name, len(GOOD[name]))
    assert ref["sha256"] == hashlib.sha256(GOOD[name]).hexdigest()
    assert [path.name for path in on_disk(data / "uploads")] == [ref["id"]]
    assert on_disk(data / "uploads")[0].read_bytes() == GOOD[name]
    assert re.fullmatch("[0-9a-f]{32}", ref["id"])


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_a_sentence_and_the_rest_is_kept(client: FlaskClient, inbox: Inbox, data: Path, case: str) -> None:  # fmt: skip
    name, content = BAD[case]
    files = [upload(PDF, "好.pdf"), upload(content, name)]
    answer = send(client, "incident", evidence_file=files)
    assert answer.status_code == 422, "it was taken"
    told = errors(answer)
    assert list(told) == ["evidence_file"] and name.split(".")[0] in told["evidence_file"]
    assert len(on_disk(data / "uploads")) == 1
    again = fields(answer)
    assert again["scope"] == FILLED["incident"]["scope"]
    assert post(client, "incident", again).status_code == 303
    assert [ref["name"] for ref in inbox.all()[0].values["evidence_file"]] == ["好.pdf"]


def test_a_real_type_behind_a_false_name_is_named(store: Uploads) -> None:
    with pytest.raises(Invalid) as refused:
        store.receive(io.BytesIO(EXE), "报价.pdf", 20)
    assert "EXE" in refused.value.label.zh and "报价.pdf" in refused.value.label.zh
    with pytest.raises(Invalid) as refused:
        store.receive(io.BytesIO(PNG), "报价.pdf", 20)
    assert "PNG" in refused.value.label.zh


def test_more_files_than_asked_for_are_refused_and_the_first_ones_kept(client: FlaskClient, inbox: Inbox) -> None:
    answer = send(client, "incident", evidence_file=[upload(PDF, f"{i}.pdf") for i in range(7)])
    assert answer.status_code == 422
    assert "最多 5 份" in errors(answer)["evidence_file"]
    assert post(client, "incident", fields(answer)).status_code == 303
    assert [ref["name"] for ref in inbox.all()[0].values["evidence_file"]] == [f"{i}.pdf" for i in range(5)]


def test_a_file_over_the_limit_is_refused_while_it_comes(store: Uploads, tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"\0" * size

    stream = Endless()
    with pytest.raises(Invalid, match="超过 1 MB"):
        store.receive(stream, "a.pdf", 1)  # type: ignore[arg-type]
    assert stream.given < 2_000_000
    assert on_disk(tmp_path) == []


@pytest.mark.parametrize(("name", "shown"), [
    ("../../etc/passwd.pdf", "passwd.pdf"),
    ("C:\\Users\\x\\报价.pdf", "报价.pdf"),
    ("\u202efdp.exe.pdf", "fdp.exe.pdf"),
    ("a\0b\x07\u200b.pdf", "ab.pdf"),
    ("CON.pdf", "_CON.pdf"),
    ("nul", "_nul"),
    ("..", "file"),
    ("", "file"),
    ("a:b*c?.pdf", "a_b_c_.pdf"),
    ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
    ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
])  # fmt: skip
def test_the_name_of_a_file_is_only_ever_shown_and_is_fit_for_that(name: str, shown: str) -> None:
    assert display_name(name) == shown


def test_a_name_that_climbs_ends_up_nowhere_else(client: FlaskClient, inbox: Inbox, tmp_path: Path, data: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    send(client, "incident", evidence_file=upload(PDF, "../../../climb.pdf"))
    assert inbox.all()[0].values["evidence_file"][0]["name"] == "climb.pdf"
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path.parent for path in new if "inbox" not in path.name} == {data / "uploads"}


def test_no_address_leads_to_an_attachment(app: Flask, client: FlaskClient, inbox: Inbox) -> None:
    send(client, "incident", evidence_file=upload(PDF, "a.pdf"))
    ref = inbox.all()[0].values["evidence_file"][0]
    for path in (f"/uploads/{ref['id']}", f"/static/{ref['id']}", f"/static/../uploads/{ref['id']}", f"/{ref['id']}",
                 f"/static/%2e%2e/%2e%2e/uploads/{ref['id']}", "/static/../../pyproject.toml"):  # fmt: skip
        assert client.get(path).status_code == 404, path
    for rule in app.url_map.iter_rules():
        assert "upload" not in rule.rule


def test_an_accepted_file_survives_an_error_and_can_be_taken_off(client: FlaskClient, inbox: Inbox, data: Path) -> None:
    answer = send(client, "incident", phone="1", evidence_file=[upload(PDF, "a.pdf"), upload(PNG, "b.png")])
    again = fields(answer)
    assert list(errors(answer)) == ["phone"] and len(again.getlist("evidence_file")) == 2
    first = next(p.name for p in on_disk(data / "uploads") if p.read_bytes() == PDF)
    removed = post(client, "incident", {**again.to_dict(flat=False), "remove": first})
    assert removed.status_code == 200 and not errors(removed)
    last = fields(removed)
    last.setlist("phone", ["13800138000"])
    assert post(client, "incident", last).status_code == 303
    assert [ref["name"] for ref in inbox.all()[0].values["evidence_file"]] == ["b.png"]
    assert len(on_disk(data / "uploads")) == 1


@pytest.mark.parametrize("how", ["forged", "changed", "of another form", "of another question"])
def test_only_the_files_of_this_very_form_are_carried(client: FlaskClient, inbox: Inbox, how: str) -> None:
    mine = fields(send(client, "candidate", phone="1", profile_file=upload(PDF, "a.pdf")))
    token, column = mine["profile_file"], "profile_file"
    if how == "of another question":
        column = "cases_file"
    elif how == "of another form":
        mine = fields(send(client, "candidate", phone="1"))
    else:
        token = "x.y" if how == "forged" else token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    mine.poplist("profile_file")
    mine.setlist(column, [token])
    mine.setlist("phone", ["13800138000"])
    answer = post(client, "candidate", mine)
    assert answer.status_code == 422 and "重新上传" in errors(answer)[column]
    assert not inbox.all()


def test_a_wanted_file_that_is_missing_is_to_follow_and_no_error(client: FlaskClient) -> None:
    answer = send(client, "candidate", profile_file=upload(PDF, "a.pdf"))
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "1 份；待补：案例研究、资质证明、初步合作方案" in page


def test_files_that_were_never_sent_go_after_thirty_days_and_sent_ones_stay(tmp_path: Path) -> None:
    now = [time.time()]
    store = Uploads(tmp_path, b"secret", clock=lambda: now[0])
    left, sent = (store.receive(io.BytesIO(PDF), name, 20) for name in ("left.pdf", "sent.pdf"))
    store.keep([sent])
    for path in on_disk(tmp_path):
        os.utime(path, (now[0], now[0]))
    now[0] += 29 * 86_400
    store.receive(io.BytesIO(PDF), "new.pdf", 20)
    assert store.find(left.id)
    now[0] += 2 * 86_400
    store.receive(io.BytesIO(PDF), "new.pdf", 20)
    assert not store.find(left.id) and store.find(sent.id)


def test_a_full_disk_gives_no_receipt_and_loses_no_words(
    client: FlaskClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    start = hidden(client.get("/forms/incident"))
    monkeypatch.setattr("forms_server.uploads._store", full)
    answer = post(client, "incident", {**start, **FILLED["incident"], "evidence_file": upload(PDF, "a.pdf")})
    assert answer.status_code == 503 and not inbox.all()
    assert fields(answer)["scope"] == FILLED["incident"]["scope"]
