"""S10 to S12 by the ways that everybody has: cell, command, page. One test for each row, and what its last column promises."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.forms.conftest import CANDIDATE, fields, post
from tests.requirement_books import Scene, at, fresh, scene, under_review
from workbook.cli import main
from workbook.tables import Requirements, SignOffs


def run(small: Scene, command: str, *more: str) -> tuple[int, dict[str, Any]]:
    """One command of `partnerbook` on the book: its exit code and its JSON."""
    data = [] if command in ("evaluate", "check") else ["--data", str(small.house.data.parent)]
    found = CliRunner().invoke(main, [command, str(small.house.path), *more, *data, "--json"])
    return found.exit_code, json.loads(found.output)


def rules(small: Scene) -> dict[str, str]:
    """What `partnerbook check` finds: rule → key."""
    return {f["rule"]: f["key"] for f in run(small, "check")[1]["findings"]}


def sign(small: Scene, link: str, verdict: str = "agree") -> int:
    client, address = small.client(), link[link.index("/i/") :]
    code: int = client.post(address, data={**fields(client.get(address)), "verdict": verdict}).status_code
    return code


def test_s10_a_missing_part_blocks_the_review(tmp_path: Path) -> None:
    small = scene(tmp_path, under_review())
    code, invited = run(small, "invite", "Q-0001")
    assert code == 0 and len(invited["links"]) == 3
    small.staff("requirements", "需求编号", {"Q-0001": {"质量标准": None}})
    assert rules(small)["S10-part"] == "Q-0001"
    code, refused = run(small, "invite", "Q-0001")
    assert code == 1 and "质量标准" in json.dumps(refused, ensure_ascii=False)
    link = invited["links"][0]["link"]
    page = small.client().get(link[link.index("/i/") :]).text
    assert "还不能评审：质量标准还没有写" in page and 'name="verdict"' not in page
    small.staff("requirements", "需求编号", {"Q-0001": {"质量标准": "合格率 99%", "预算范围": None}})
    assert sign(small, link) == 303  # the budget is optional
    assert "S10-part" not in rules(small)


def test_s11_an_edit_after_the_sign_off_voids_it(tmp_path: Path) -> None:
    small = scene(tmp_path, under_review())
    links = run(small, "invite", "Q-0001")[1]["links"]
    assert [one["department"] for one in links] == ["业务", "技术", "法务"]
    assert [sign(small, one["link"]) for one in links] == [303, 303, 303]
    assert run(small, "deliver")[0] == 0 and run(small, "evaluate")[0] == 0
    assert {r["state"] for r in small.records(SignOffs)} == {"valid"}
    small.staff("requirements", "需求编号", {"Q-0001": {"状态": "评审通过"}})
    before = small.records(Requirements)[0]["fingerprint"]
    assert not {rule for rule in rules(small) if rule.startswith("S11")}
    small.staff("requirements", "需求编号", {"Q-0001": {"关键交付物": "再加一套备件"}})
    assert run(small, "evaluate")[0] == 0
    assert small.records(Requirements)[0]["fingerprint"] != before
    assert {r["state"] for r in small.records(SignOffs)} == {"void"}
    assert {"S11-void", "S11-signoff"} <= rules(small).keys()
    assert [sign(small, one["link"]) for one in links] == [303, 303, 303]  # the same links, the text of now
    assert run(small, "deliver")[0] == 0 and run(small, "evaluate")[0] == 0
    assert [r["state"] for r in small.records(SignOffs)] == ["void"] * 3 + ["valid"] * 3
    assert not {rule for rule in rules(small) if rule.startswith("S11")}


def test_s12_the_form_refuses_before_opening_and_after_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opens, closes = datetime(2020, 3, 2, 9), datetime(2020, 3, 31, 18)
    rows = fresh()
    rows["publications"][0].update(opens_at=opens, closes_at=closes)
    small = scene(tmp_path, rows)
    client = small.client()
    at(monkeypatch, opens)
    page = fields(client.get("/forms/candidate"))
    hidden = {name: page[name] for name in ("csrf_token", "submission")}
    for moment, words in (
        (opens - timedelta(seconds=1), "2020 年 3 月 2 日（周一）09:00 开始接收（北京时间）"),
        (closes + timedelta(minutes=30), "已于 2020 年 3 月 31 日（周二）18:00 截止（北京时间）"),
    ):
        at(monkeypatch, moment)
        shown, answer = client.get("/forms/candidate"), post(client, "candidate", {**hidden, **CANDIDATE})
        assert words in shown.text and 'name="legal_name"' not in shown.text
        assert answer.status_code == 403 and words in answer.text and words in client.get("/").text
    assert small.house.inbox.all() == []
    at(monkeypatch, closes - timedelta(seconds=1))
    assert post(client, "candidate", {**hidden, **CANDIDATE}).status_code == 303
    assert len(small.house.inbox.all()) == 1
