"""S38 through the public way: what is frozen stays, and a correction is another row with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.frozen_books import built, typed
from workbook.cli import main
from workbook.ooxml import Book

TOLD = ("frozen", "performance", "performance_parts")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A book whose third quarter is frozen."""
    file = tmp_path / "伙伴簿.xlsx"
    file.write_bytes(built())
    told("freeze", file, "2026Q3", "--who", "王珂")
    return file


def told(*words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert done.exit_code == exit_code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def altered(path: Path) -> list[dict[str, Any]]:
    """What `check` finds altered; what else is amiss with these rows is not asked."""
    done = CliRunner().invoke(main, ["check", str(path), "--json"])
    return [one for one in json.loads(done.stdout)["findings"] if "-altered" in one["rule"]]


def results(path: Path, period: str) -> list[dict[str, Any]]:
    """Every cell of every result of a period, whatever it is."""
    book = Book.read(path.read_bytes())
    rows = [dict(row.values) for name in TOLD for row in book.rows(name)]
    return [row for row in rows if period in str(row.values())]


def test_s38_a_frozen_result_does_not_change_when_the_rules_do(path: Path) -> None:
    frozen, open_one = results(path, "2026Q3"), results(path, "2026Q2")
    typed(path, "measures", "绩效指标编号", "p1-Q.1", 权重=4)
    typed(path, "measures", "绩效指标编号", "p1-Q.2", 权重=20)
    told("evaluate", path)
    assert results(path, "2026Q3") == frozen
    assert results(path, "2026Q2") != open_one  # the rules did change something
    assert altered(path) == []
    assert told("freeze", path, "2026Q3", "--verify")["ok"]


def test_s38_an_event_edited_after_freezing_changes_nothing_until_it_is_corrected_with_a_reason(path: Path) -> None:
    frozen = results(path, "2026Q3")
    typed(path, "tests", "检测编号", "TE-0014", 合格数=70)
    told("evaluate", path)
    assert results(path, "2026Q3") == frozen
    told("freeze", path, "2026Q3", "--correct", "P-0001", "--why", "检测报告录错", "--who", "周敏")
    after = [row for row in results(path, "2026Q3") if "冻结编号" in row]
    assert after[:4] == [row for row in frozen if "冻结编号" in row]
    assert (after[4]["更正"], after[4]["更正原因"], after[4]["冻结人"]) == ("FZ-0001", "检测报告录错", "周敏")
    assert altered(path) == []


def test_s38_an_altered_frozen_row_is_named_by_check(path: Path) -> None:
    typed(path, "frozen", "冻结编号", "FZ-0002", 官方得分=99)
    (finding,) = altered(path)
    assert (finding["rule"], finding["key"], finding["column"]) == ("S38-frozen-altered", "FZ-0002", "官方得分")
    assert "被改动过" in finding["message"]


def test_s38_a_frozen_result_is_computed_again_from_what_was_kept_without_the_book(path: Path) -> None:
    from workbook.rules.canonical import digest
    from workbook.rules.frozen import details, recomputed

    kept = sorted(path.with_name("伙伴簿.冻结").rglob("*.json"))
    rows = {row["伙伴编号"]: row for row in results(path, "2026Q3") if "冻结编号" in row}
    path.unlink()
    for file in kept:
        text = file.read_text(encoding="utf-8")
        found = recomputed(text)
        row = rows[found.one.partner.key]
        assert digest(text) == row["输入指纹"]
        assert digest(details(found.one.outcome)) == row["明细指纹"]
