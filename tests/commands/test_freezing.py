"""`freeze`, `diff` and `evaluate --period` as people call them: what they write, what they refuse, and what they say."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.frozen_books import built, typed
from workbook.cli import main
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.schema import Table
from workbook.tables import Changes, Frozen, Partners, Performance, Periods


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "伙伴簿.xlsx"
    file.write_bytes(built())
    return file


def run(*words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert done.exit_code == exit_code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def refused(*words: str | Path) -> str:
    return str(run(*words, exit_code=1)["error"]["message"])


def said(*words: str | Path) -> str:
    return CliRunner().invoke(main, [*map(str, words)]).output


def rows(path: Path, table: type[Table]) -> list[Record]:
    return read_records(Book.read(path.read_bytes()), table)


def altered(path: Path) -> list[str]:
    """What `check` finds altered; what else is amiss with these rows is not asked."""
    done = CliRunner().invoke(main, ["check", str(path), "--json"])
    return [one["message"] for one in json.loads(done.stdout)["findings"] if "-altered" in one["rule"]]


def folder(path: Path) -> Path:
    return path.with_name("伙伴簿.冻结")


# --- freezing --------------------------------------------------------------------------------------------------------


def test_freezing_writes_a_row_for_everybody_and_keeps_what_it_rests_on(path: Path) -> None:
    answer = run("freeze", path, "2026Q3", "--who", "王珂", "--date", "2026-12-01")
    assert [row["partner"] for row in answer["rows"]] == ["P-0001", "P-0002", "P-0003", "P-0004"]
    found = rows(path, Frozen)
    assert [(row.key, row.text("state"), row["grade"]) for row in found] == [
        ("FZ-0001", "已评", "C"), ("FZ-0002", "已评", "C"), ("FZ-0003", "已评", "C"), ("FZ-0004", "无数据", None),
    ]  # fmt: skip
    assert {(row.text("frozen_by"), str(row["effective_on"]), row.text("kind")) for row in found} == {
        ("王珂", "2026-12-01", "quarter")
    }
    assert {row.key: row["status"] for row in rows(path, Periods)} == {"2026Q2": "closed", "2026Q3": "frozen"}
    (line,) = [row for row in rows(path, Changes) if row["row_key"] == "2026Q3"]
    assert (line["before"], line["after"]) == ("已截止", "已冻结")
    assert "4 家" in line.text("what")
    assert "王珂" in line.text("what")
    shown = {row.key: row["score"] for row in rows(path, Performance)}
    assert all(shown[f"2026Q3/{row['partner']}"] == row["score"] for row in found)
    assert altered(path) == []


def test_the_names_of_the_kept_files_carry_keys_only(path: Path) -> None:
    run("freeze", path, "2026Q3")
    files = sorted(folder(path).rglob("*.json"))
    assert len(files) == 4
    assert all(file.name.startswith(f"P-000{n}-") for n, file in enumerate(files, 1))
    names = " ".join(str(file.relative_to(path.parent)) for file in files)
    assert not any(row.text("legal_name") in names for row in rows(path, Partners))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"结束": "2099-01-01"}, "到 2099-01-01 才结束"),
        ({"规则版本": "p9"}, "规则版本“p9”在“绩效指标”里没有"),
        ({"状态": "已冻结"}, "已经冻结"),
        ({"开始": None}, "没有写开始日期"),
    ],
)
def test_what_cannot_be_frozen_is_refused_and_nothing_is_written(path: Path, cells: dict[str, Any], words: str) -> None:
    typed(path, "periods", "周期", "2026Q3", **cells)
    before = path.read_bytes()
    assert words in refused("freeze", path, "2026Q3")
    assert path.read_bytes() == before
    assert not folder(path).exists()


def test_a_book_with_english_headers_is_frozen_in_english(tmp_path: Path) -> None:
    from tests.frozen_books import TODAY, performance_rows
    from workbook.build import new_workbook

    path = tmp_path / "book.xlsx"
    path.write_bytes(new_workbook(lang="en", rows=performance_rows(), today=TODAY))
    run("freeze", path, "2026Q3")
    assert [row.text("state") for row in rows(path, Frozen)] == ["Rated", "Rated", "Rated", "No data"]
    assert altered(path) == []
    assert run("freeze", path, "2026Q3", "--verify")["ok"]


def test_faulty_rules_refuse_the_freeze(path: Path) -> None:
    typed(path, "measures", "绩效指标编号", "p1-Q.1", 权重=99)
    assert "权重" in refused("freeze", path, "2026Q3")
    assert not folder(path).exists()


def test_a_doubled_partner_refuses_the_freeze(path: Path) -> None:
    book = Book.read(path.read_bytes())
    book.append("partners", [{"伙伴编号": "P-0003", "企业名称": "又一行"}])
    path.write_bytes(book.to_bytes())
    assert "P-0003 重复" in refused("freeze", path, "2026Q3")


def test_twice_and_a_reopened_period_are_refused(path: Path) -> None:
    run("freeze", path, "2026Q3")
    assert "已经冻结" in refused("freeze", path, "2026Q3")
    typed(path, "periods", "周期", "2026Q3", 状态="已截止")
    assert "冻结过" in refused("freeze", path, "2026Q3")
    assert "没有 2026Q9" in refused("freeze", path, "2026Q9")


def test_a_book_that_is_open_is_not_frozen(path: Path) -> None:
    path.with_name(f"~${path.name}").write_bytes(b"\x04Wang")
    assert "打开" in refused("freeze", path, "2026Q3")
    assert not folder(path).exists()


@pytest.mark.parametrize("words", [("--correct", "P-0001"), ("--why", "x"), ("--verify", "--who", "x")])
def test_options_that_do_not_go_together_are_wrong_usage(path: Path, words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(main, ["freeze", str(path), "2026Q3", *words]).exit_code == 2


# --- the kept inputs -------------------------------------------------------------------------------------------------


def test_verify_tells_of_a_file_that_is_gone_or_was_changed_and_of_an_altered_row(path: Path) -> None:
    run("freeze", path, "2026Q3")
    assert run("freeze", path, "2026Q3", "--verify")["rows"] == 4
    first, second, *_ = sorted(folder(path).rglob("*.json"))
    first.unlink()
    second.write_text(second.read_text(encoding="utf-8").replace('"passed":"91"', '"passed":"99"'), encoding="utf-8")
    typed(path, "frozen", "冻结编号", "FZ-0003", 官方得分=96)
    wrong = run("freeze", path, "2026Q3", "--verify", exit_code=1)["wrong"]
    assert set(wrong) == {"FZ-0001", "FZ-0002", "FZ-0003"}
    assert "不在了" in wrong["FZ-0001"]
    assert "输入指纹" in wrong["FZ-0002"]
    assert "结果指纹" in wrong["FZ-0003"]


def test_a_file_in_the_way_is_never_written_over(path: Path) -> None:
    from workbook.errors import PartnerBookError
    from workbook.freezing import keep

    file = folder(path) / "2026Q3" / "P-0001-abc.json"
    keep(file, "{}")
    keep(file, "{}")
    with pytest.raises(PartnerBookError, match="不会覆盖"):
        keep(file, "[]")
    assert file.read_text() == "{}"


def test_the_files_are_there_before_the_book_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbook import store
    from workbook.errors import WorkbookUnreachable

    def full(*_: Any, **__: Any) -> Any:
        assert len(list(folder(path).rglob("*.json"))) == 4
        raise WorkbookUnreachable("磁盘已满")

    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(store, "replace", full)
        assert "磁盘已满" in refused("freeze", path, "2026Q3")
    assert path.read_bytes() == before
    run("freeze", path, "2026Q3")  # what was left does not stand in the way
    assert run("freeze", path, "2026Q3", "--verify")["ok"]


# --- corrections -----------------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_row_with_its_reason_and_the_old_one_stays(path: Path) -> None:
    run("freeze", path, "2026Q3", "--who", "王珂")
    typed(path, "tests", "检测编号", "TE-0014", 合格数=99)
    run("evaluate", path)
    old = [dict(row.values) for row in rows(path, Frozen)]
    answer = run("freeze", path, "2026Q3", "--correct", "p-0001", "--why", "检测报告\n录错", "--who", "周敏")
    assert (answer["corrects"], answer["key"]) == ("FZ-0001", "FZ-0005")
    found = rows(path, Frozen)
    assert [dict(row.values) for row in found[:4]] == old
    assert (found[4]["score"], found[4].text("why"), found[4].text("frozen_by")) == (
        Decimal("78.8"),
        "检测报告 录错",
        "周敏",
    )
    shown = {row.key: row["score"] for row in rows(path, Performance)}
    assert shown["2026Q3/P-0001"] == Decimal("78.8")
    (line,) = [row for row in rows(path, Changes) if row["row_key"] == "2026Q3/P-0001"]
    assert "FZ-0005 更正 FZ-0001：检测报告 录错" in line.text("what")
    assert altered(path) == []
    assert run("freeze", path, "2026Q3", "--verify")["rows"] == 5


def test_a_correction_uses_the_rules_that_were_frozen(path: Path) -> None:
    run("freeze", path, "2026Q3")
    typed(path, "measures", "绩效指标编号", "p1-Q.1", 权重=99)  # under which nothing could be computed
    before = path.read_bytes()
    answer = run("freeze", path, "2026Q3", "--correct", "P-0001", "--why", "再看一遍")
    assert answer["changed"] is False
    assert path.read_bytes() == before
    typed(path, "tests", "检测编号", "TE-0014", 合格数=99)
    assert run("freeze", path, "2026Q3", "--correct", "P-0001", "--why", "录错")["rows"][0]["score"] == "78.80"


def test_a_correction_of_a_correction_corrects_the_last_row(path: Path) -> None:
    run("freeze", path, "2026Q3")
    for passed, old in ((99, "FZ-0001"), (91, "FZ-0005")):
        typed(path, "tests", "检测编号", "TE-0014", 合格数=passed)
        assert run("freeze", path, "2026Q3", "--correct", "P-0001", "--why", "录错")["corrects"] == old
    assert altered(path) == []


def test_what_is_not_frozen_is_not_corrected(path: Path) -> None:
    assert "还没有冻结" in refused("freeze", path, "2026Q3", "--correct", "P-0001", "--why", "x")
    run("freeze", path, "2026Q3")
    assert "没有 2026Q3/P-0009" in refused("freeze", path, "2026Q3", "--correct", "P-0009", "--why", "x")
    for file in folder(path).rglob("P-0001-*.json"):
        file.unlink()
    assert "不在了" in refused("freeze", path, "2026Q3", "--correct", "P-0001", "--why", "x")


# --- other rules -----------------------------------------------------------------------------------------------------


def test_a_back_test_shows_old_and_new_side_by_side_and_writes_nothing(path: Path) -> None:
    before = path.read_bytes()
    answer = run("evaluate", path, "--period", "2026Q3", "--rules", "p2")
    assert path.read_bytes() == before
    assert answer["rules"] == {"old": "p1", "new": "p2"}
    first, second, third, fourth = answer["partners"]
    assert (first["old"]["score"], first["new"]["score"]) == ("76.00", "76.00")
    assert (second["old"], second["new"]) == (
        {"score": "73.20", "grade": "C", "rank": 3}, {"score": "74.00", "grade": "C", "rank": 3},
    )  # fmt: skip
    assert (third["old"]["score"], third["new"]["score"], third["new"]["rank"]) == ("78.80", "78.00", 1)
    assert fourth["new"]["score"] is None
    assert "没有写入任何东西" in said("evaluate", path, "--period", "2026Q3", "--rules", "p2")


def test_a_back_test_of_a_frozen_period_takes_the_events_as_they_were(path: Path) -> None:
    run("freeze", path, "2026Q3")
    typed(path, "tests", "检测编号", "TE-0018", 合格数=10)
    before = path.read_bytes()
    answer = run("evaluate", path, "--period", "2026Q3", "--rules", "p2")
    assert answer["frozen"] is True
    assert answer["partners"][1]["new"]["score"] == "74.00"
    for file in folder(path).rglob("P-0002-*.json"):
        file.unlink()
    answer = run("evaluate", path, "--period", "2026Q3", "--rules", "p2")
    assert answer["partners"][1]["new"]["score"] != "74.00"
    assert "P-0002" in " ".join(answer["notes"])
    assert path.read_bytes() == before


def test_one_period_is_shown_alone(path: Path) -> None:
    answer = run("evaluate", path, "--period", "2026q2")
    assert [(one["partner"], one["score"], one["rank"]) for one in answer["partners"]] == [
        ("P-0003", "76.00", 1), ("P-0001", "73.20", 2), ("P-0002", "73.20", 2), ("P-0004", None, None),
    ]  # fmt: skip
    assert "2026Q3" not in said("evaluate", path, "--period", "2026Q2")
    assert "没有 2026Q9" in refused("evaluate", path, "--period", "2026Q9")
    assert "没有可以比较的" in refused("evaluate", path, "--period", "2026Q2", "--rules", "p1")
    assert "p9" in refused("evaluate", path, "--period", "2026Q2", "--rules", "p9")
    assert CliRunner().invoke(main, ["evaluate", str(path), "--rules", "p2"]).exit_code == 2


# --- why a score changed ---------------------------------------------------------------------------------------------


def test_diff_between_two_periods_names_the_measure_the_number_and_the_rows(path: Path) -> None:
    answer = run("diff", path, "--from", "2026Q2", "--to", "2026Q3", "--partner", "P-0001")
    (one,) = answer["partners"]
    (move,) = one["moves"]
    assert (one["difference"], move["points"], move["measure"], move["kind"]) == ("2.80", "2.80", "Q.1", "mark")
    assert move["why"] == "分数 3 → 4，94% → 96%；来源 TE-0002 → TE-0014"
    assert "合计" in said("diff", path, "--from", "2026Q2", "--to", "2026Q3")


def test_diff_of_a_frozen_row_with_now_tells_rules_from_events(path: Path) -> None:
    run("freeze", path, "2026Q3")
    assert run("diff", path, "--from", "2026Q3", "--to", "now")["same"] is True
    assert "没有变化" in said("diff", path, "--from", "2026Q3", "--to", "now")
    typed(path, "tests", "检测编号", "TE-0014", 合格数=99)
    typed(path, "measures", "绩效指标编号", "p1-Q.1", 权重=10)
    typed(path, "measures", "绩效指标编号", "p1-Q.2", 权重=14)
    (one,) = run("diff", path, "--from", "FZ-0001", "--to", "now")["partners"]
    assert [(m["measure"], m["kind"], m["points"]) for m in one["moves"]] == [
        ("Q.1", "mark", "2.80"), ("Q.1", "weight", "-4.00"), ("Q.2", "weight", "3.20"),
    ]  # fmt: skip
    assert "权重 14% → 10%" in one["moves"][1]["why"]
    assert one["difference"] == "2.00"


def test_diff_refuses_what_says_nothing(path: Path) -> None:
    assert "两边都写了 now" in refused("diff", path, "--from", "now", "--to", "now")
    assert "没有 2026Q9" in refused("diff", path, "--from", "2026Q9", "--to", "now")
    assert "没有 FZ-0001" in refused("diff", path, "--from", "FZ-0001", "--to", "now")
    assert "没有 P-0099" in refused("diff", path, "--from", "2026Q2", "--to", "2026Q3", "--partner", "P-0099")
    run("freeze", path, "2026Q3")
    assert "没有同一家" in refused("diff", path, "--from", "FZ-0001", "--to", "FZ-0002")
    for file in folder(path).rglob("P-0001-*.json"):
        file.unlink()
    assert "不在了" in refused("diff", path, "--from", "FZ-0001", "--to", "now")
