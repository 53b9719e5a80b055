"""S26 to S28 by the ways that everybody has: cell, command, page, delivery. One test for each row, and what its last column promises."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from tests.forms.conftest import fields
from tests.requirement_books import Scene
from tests.survey_books import MARKS, SV, answer, survey_scene
from workbook.cli import main
from workbook.ooxml import Book
from workbook.rows import row_cells
from workbook.tables import Actions, AnonymousAnswers, Satisfaction, SurveyInvitations, SurveyResults, Todo


def run(small: Scene, command: str, *more: str) -> tuple[int, dict[str, Any]]:
    """One command of `partnerbook` on the book: its exit code and its JSON."""
    data = ["--data", str(small.house.data.parent)] if command in ("invite", "deliver") else []
    found = CliRunner().invoke(main, [command, str(small.house.path), *more, *data, "--json"])
    return found.exit_code, json.loads(found.output)


def invite(small: Scene, *more: str) -> dict[str, str]:
    """The links of the survey by participant, as the command prints them."""
    code, found = run(small, "invite", "survey", "--campaign", SV, *more)
    assert code == 0
    return {one["participant"]: one["link"].split("/i/")[1] for one in found["links"] if "link" in one}


def ended(small: Scene) -> None:
    assert run(small, "state", SV, "已截止")[0] == 0
    assert run(small, "deliver")[0] == 0
    assert run(small, "evaluate")[0] == 0


def test_s26_an_anonymous_row_holds_no_token_address_or_exact_time(tmp_path: Path) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 5})
    links = invite(small)
    for who, token in links.items():
        assert answer(small.client(), token, strengths=f"回复快{who[-1]}").status_code == 303
    code, found = run(small, "deliver")
    assert (code, found["answers"]) == (0, 5)
    rows = small.records(AnonymousAnswers)
    assert len(rows) == 5
    for row in rows:
        words = " ".join(str(value) for value in row.values.values())
        assert not any(token in words for token in links.values())
        assert "127.0.0.1" not in words and "@" not in words and not re.search(r"PP-|参与人", words)
        assert type(row["batch_on"]) is date and not any(type(value) is datetime for value in row.values.values())
    whole = small.house.path.read_bytes() + b"".join(f.read_bytes() for f in small.house.data.rglob("*") if f.is_file())
    assert not any(token.encode() in whole for token in links.values())


def test_s26_the_five_topics_are_the_same_anonymous_or_named(tmp_path: Path) -> None:
    topics = set(MARKS)
    for way, folder in (("anonymous", tmp_path / "a"), ("named", tmp_path / "n")):
        folder.mkdir()
        small = survey_scene(folder, {(1, "them"): 1}, way)
        (token,) = invite(small).values()
        page = small.client().get(f"/i/{token}").text
        assert topics <= set(re.findall(r'<input type="radio" name="(\w+)"', page)) and 'name="suggestions"' in page


def test_s27_who_has_not_answered_is_known_and_who_answered_what_is_not(tmp_path: Path) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 6, (1, "us"): 1})
    links = invite(small)
    for n in range(1, 6):
        answer(small.client(), links[f"PP-{n:04d}"], strengths=f"回复快{n}")
    said = (
        CliRunner().invoke(main, ["invite", str(small.house.path), SV, "--data", str(small.house.data.parent)]).output
    )
    assert "另有 7 人以前发过链接" in said and "P-0001 本公司一方只有 1 人" in said and "/i/" not in said
    code, found = run(small, "invite", "survey", "--campaign", SV, "--remind")
    assert code == 0 and [one["participant"] for one in found["reminded"]] == ["PP-0006", "PP-0007"]
    assert not any("link" in one for one in found["reminded"])
    rows = {r["participant"]: (r["status"], r["reminders"]) for r in small.records(SurveyInvitations)}
    assert rows["PP-0006"] == ("invited", 1) and rows["PP-0001"] == ("done", 0)
    refused = run(small, "invite", "survey", "--campaign", SV, "--renew", "PP-0001")
    assert refused[0] == 1 and refused[1]["error"]["kind"] == "RenewRefused"
    ended(small)
    assert sorted(r.text("strengths") for r in small.records(AnonymousAnswers)) == [f"回复快{n}" for n in range(1, 6)]


def test_s27_an_end_that_comes_near_is_a_to_do_and_a_passed_one_a_finding(tmp_path: Path) -> None:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    small = survey_scene(tmp_path, {(1, "them"): 1, (1, "us"): 1}, closes_on=today)
    invite(small)
    assert run(small, "evaluate")[0] == 0
    assert [t["due"] for t in small.records(Todo) if t.text("cause") == f"S27-unanswered {SV}"] == [today]
    small.staff("campaigns", "调查编号", {SV: {"截止": date(2026, 1, 5)}})
    assert "S27-late" in {one["rule"] for one in run(small, "check")[1]["findings"]}


def named_answers(small: Scene, marks: dict[str, int]) -> None:
    links = invite(small)
    for who, mark in marks.items():
        client, token = small.client(), links[who]
        page = dict(fields(client.get(f"/i/{token}")).items())
        given = {
            **page,
            **dict.fromkeys(MARKS, str(mark)),
            "strengths": f"<script>{int(who[3:])} 号</script>",
            "consent": "yes",
        }
        assert client.post(f"/i/{token}/answer", data=given).status_code == 303


def test_s28_groups_below_the_minimum_are_hidden_also_from_subtraction(tmp_path: Path) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 5, (1, "us"): 5, (2, "them"): 4}, "named")
    marks = {f"PP-{n:04d}": 2 for n in range(1, 6)} | {f"PP-{n:04d}": 4 for n in range(6, 11)}
    named_answers(small, marks | {f"PP-{n:04d}": 1 for n in range(11, 15)})
    ended(small)
    assert len(small.records(Satisfaction)) == 14
    found = {row.key: row for row in small.records(SurveyResults)}
    one = found[f"{SV}/P-0001/*/goals"]
    assert (one["mean"], one["answers"], one["gap"], one["reading"]) == (Decimal(3), 10, Decimal(-2), "middle")
    assert (
        found[f"{SV}/P-0001/them/goals"]["reading"] == "weak"
        and found[f"{SV}/P-0001/us/goals"]["reading"] == "strength"
    )
    assert (
        found[f"{SV}/P-0002/them/goals"]["reading"] == "hidden" and found[f"{SV}/P-0002/them/goals"]["answers"] is None
    )
    assert (found[f"{SV}/*/them/goals"]["answers"], found[f"{SV}/*/*/goals"]["answers"]) == (5, 10)  # not 9 and 14


def test_s28_a_weak_point_asks_for_an_action_and_the_letter_tells_the_partner(tmp_path: Path) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 10, (2, "them"): 5}, "named")
    named_answers(small, {f"PP-{n:04d}": 2 for n in range(1, 11)} | {f"PP-{n:04d}": 5 for n in range(11, 16)})
    ended(small)
    told = [one for one in run(small, "check")[1]["findings"] if one["rule"] == "S28-action"]
    assert [one["key"] for one in told] == [f"{SV}/P-0001/*/goals"]
    book = Book.read(small.house.path.read_bytes())
    view = book.table("actions")
    row = {"action": "AC-0001", "what": "<b>每周通气</b>", "partner": "P-0001", "campaign": SV, "handler": "王珂"}
    book.append("actions", [row_cells(Actions, row, view.columns, view.sheet)])
    small.house.path.write_bytes(book.to_bytes())
    assert "S28-action" not in {one["rule"] for one in run(small, "check")[1]["findings"]}
    letter = tmp_path / "信.html"
    code, done = run(small, "survey-letter", SV, "--partner", "P-0001", "-o", str(letter), "--lang", "both")
    text = letter.read_text(encoding="utf-8")
    assert code == 0 and (done["actions"], len(done["topics"])) == (1, 5)
    assert "2.00（10）" in text and "待改进 / Weak points" in text and "&lt;b&gt;每周通气&lt;/b&gt;" in text
    assert "<script>" not in text and "&lt;script&gt;1 号" in text  # ten answers: the words are shown, escaped
    assert not any(word in text for word in ("伙伴2", "P-0002", "王珂", "参与人", "@example.com", "5.00", "http"))
    assert run(small, "survey-letter", SV, "--partner", "P-0002", "-o", str(tmp_path / "信.md"))[0] == 0
    other = (tmp_path / "信.md").read_text(encoding="utf-8")
    assert "5.00（5）" in other and "script" not in other and "每周通气" not in other


def test_s28_no_letter_before_the_end_and_none_to_a_stranger(tmp_path: Path) -> None:
    small = survey_scene(tmp_path, {(1, "them"): 5})
    for partner, words in (("P-0001", "还没有截止"), ("P-0009", "没有 P-0009")):
        code, found = run(small, "survey-letter", SV, "--partner", partner, "-o", str(tmp_path / "x.html"))
        assert code == 1 and words in found["error"]["message"] and not (tmp_path / "x.html").exists()
