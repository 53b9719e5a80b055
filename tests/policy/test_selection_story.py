"""The selection that selection_story.py plays, at its end: the book reads like the story, and so does what is told of it."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator

import pytest

from tests.policy.selection_story import FILES, FIRMS, TERMS, Story, played
from tests.policy.story_told import FILE, PICTURES, told
from workbook.ooxml import Book
from workbook.tables import Candidates, Changes, Contracts, Onboarding, Partners, Todo

HEAVY = 200_000  # bytes; more than this keeps a reader of the page waiting


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with played(tmp_path_factory.mktemp("story")) as story:
        yield story


def test_a_selection_from_the_requirement_to_the_end_of_onboarding(story: Story) -> None:
    before = story.path.read_bytes()
    assert story.said("evaluate")["changed"] is False and story.path.read_bytes() == before
    assert story.findings() == []
    verified = story.said("verify")
    assert verified["ok"] and verified["waiting"] == 0 and not verified["doubled"]
    assert story.said("doctor")["ok"]
    the_evidence_is_whole(story)

    assert story.path.read_bytes() == before
    assert not [row["matter"] for row in story.records(Todo) if row["state"] == "open"]
    assert [row["status"] for row in story.records(Candidates)] == ["recommended", *["declined"] * 4]
    (partner,), (contract,) = story.records(Partners), story.records(Contracts)
    assert (partner["legal_name"], partner["status"]) == (FIRMS["C-0001"][0], "active")
    assert (contract["candidate"], contract["partner"], contract["status"]) == ("C-0001", partner.key, "signed")
    way = [
        (row["before"], row["after"])
        for row in story.records(Changes)
        if (row["row_key"], row["column"]) == ("K-0001", "状态")
    ]
    assert way == [("谈判中", "法务审查"), ("法务审查", "待签署"), ("待签署", "已签")]
    assert {row["status"] for row in story.records(Onboarding)} == {"done"}


def the_evidence_is_whole(story: Story) -> None:
    pack = story.path.with_name("证据包.zip")
    assert story.said("evidence", "V-0001", "-o", pack)["left_out"] == []
    with zipfile.ZipFile(pack) as opened:
        held = {name: opened.read(name) for name in opened.namelist()}
    sums = held.pop("SHA256SUMS").decode().splitlines()
    assert {line[66:]: line[:64] for line in sums} == {
        name: hashlib.sha256(data).hexdigest() for name, data in held.items()
    }
    assert sum(name.endswith(".pdf") for name in held) == len(FIRMS) * len(FILES)
    assert not any(least.encode() in data for _, least in TERMS.values() for data in held.values())
    assert FIRMS["C-0001"][0] in held["minutes.txt"].decode()


def test_what_is_told_of_the_story_is_what_its_book_says(story: Story) -> None:
    words = told(Book.read(story.path.read_bytes()))
    assert FILE.read_text(encoding="utf-8") == words, "run python -m docs.make_story_pictures"


def test_every_picture_of_the_story_is_there_in_order_and_light() -> None:
    shown = re.findall(r"!\[([^]]+)\]\(pictures/([\w-]+)\.png\)", FILE.read_text(encoding="utf-8"))
    assert [(file, page) for page, file in shown] == [(file, page) for file, (_, page) in PICTURES.items()]
    pictures = {path.stem: path for path in (FILE.parent / "pictures").glob("story-*.png")}
    assert set(pictures) == set(PICTURES)  # none is left over from an earlier story
    for path in pictures.values():
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG") and len(data) < HEAVY, path.name
