"""Adopting scoring sheets in both layouts: marks are taken as they are or not at all, never guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter

from tests.adopting.old_books import scoring_by_reviewer, scoring_matrix
from tests.adopting.reading import adopt, rows_of, unfit
from workbook.evaluating import evaluate_file

Mark = tuple[str, str, str]


def marks(book: Path) -> dict[Mark, object]:
    """Every row of 评分: candidate, reviewer and indicator → its mark, None for a row without one."""
    return {(m["候选编号"], m["评审人编号"], m["指标编号"]): m.get("分数") for m in rows_of(book, "marks")}


def edited(path: Path, **sheet: object) -> Path:
    """The mapping with something else in every sheet's entry."""
    data = json.loads(path.read_text(encoding="utf-8"))
    for entry in data["sheets"]:
        entry.update(sheet)
    other = path.with_name("改过.json")
    other.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return other


def test_a_sheet_for_each_reviewer_becomes_one_panel(tmp_path: Path) -> None:
    done = adopt(scoring_by_reviewer(tmp_path / "评分.xlsx"), "-o", tmp_path / "簿.xlsx")
    assert done.code == 0, done.said
    assert done.data["counts"] == {"rows": 14, "imported": 2, "with_remarks": 4, "left_out": 8}
    (panel,) = rows_of(tmp_path / "簿.xlsx", "panels")
    assert (panel["候选"], panel["评审人"]) == ("C-0001、C-0002、C-0003", "R-0001、R-0002")
    assert (panel["规则版本"], panel["状态"]) == ("v1", "评分截止")
    assert [row["姓名"] for row in rows_of(tmp_path / "簿.xlsx", "reviewers")] == ["张伟", "李娜"]
    assert [row["企业名称"] for row in rows_of(tmp_path / "簿.xlsx", "candidates")] == ["甲公司", "乙公司", "丙公司"]


def test_marks_stand_as_they_were_given(tmp_path: Path) -> None:
    adopt(scoring_by_reviewer(tmp_path / "评分.xlsx"), "-o", tmp_path / "簿.xlsx")
    found = marks(tmp_path / "簿.xlsx")
    fit, level, spending, projects = "v1-S2.1", "v1-S3.2", "v1-S3.4", "v1-S6.1"
    expected = {
        "R-0001": {"C-0001": (5, 4, 3, 5), "C-0002": (3, None, 4), "C-0003": (3, 3, 2, "不适用")},
        "R-0002": {"C-0001": (4, 4, 3, 5), "C-0002": (3, 2, 4), "C-0003": (3, 3, None, "不适用")},
    }
    assert found == {
        (candidate, reviewer, indicator): mark
        for reviewer, given in expected.items()
        for candidate, row in given.items()
        for indicator, mark in zip((fit, level, spending, projects), row, strict=False)
    }
    assert {row["来源"] for row in rows_of(tmp_path / "簿.xlsx", "marks")} == {"手工录入"}


def test_a_damaged_mark_is_no_mark_and_is_listed(tmp_path: Path) -> None:
    done = adopt(scoring_by_reviewer(tmp_path / "评分.xlsx"), "-o", tmp_path / "簿.xlsx")
    listed = {(i["sheet"], f"{i['column']}{i['row']}"): i["value"] for i in done.data["unfit"]}
    assert listed == {
        ("评分表-张伟", "D4"): "良好", ("评分表-李娜", "E5"): "7",
        ("评分表-张伟", "G3"): "2", ("评分表-李娜", "G3"): "2",  # 售后半径 is no indicator of ours
    }  # fmt: skip
    damaged = [row["备注"] for row in rows_of(tmp_path / "簿.xlsx", "marks") if "分数" not in row]
    assert damaged == ["技术水平: 良好（分数应为 1 到 5 的整数）", "研发投入: 7（分数应为 1 到 5 的整数）"]
    assert rows_of(tmp_path / "簿.xlsx", "candidates")[0]["备注"] == (
        "张伟 · 售后半径: 2（没有对应的指标）；李娜 · 售后半径: 2（没有对应的指标）"
    )


def test_totals_and_the_summary_sheet_are_not_marks(tmp_path: Path) -> None:
    done = adopt(scoring_by_reviewer(tmp_path / "评分.xlsx"), "-o", tmp_path / "簿.xlsx")
    mapping = json.loads((tmp_path / "簿.mapping.json").read_text(encoding="utf-8"))
    assert [entry["kind"] for entry in mapping["sheets"]] == ["scores", "scores", "ignore"]
    columns = {column["header"]: column for column in mapping["sheets"][0]["columns"]}
    assert columns["总分"]["to"] == "ignore"
    assert columns["售后半径"]["to"] == "unmatched"
    assert "汇总" in done.data["sheets"][2]["reason"]


def test_the_scale_is_never_guessed(tmp_path: Path) -> None:
    """A 7 without a declared scale makes every mark doubtful: none is taken until people say what full marks are."""
    old = scoring_by_reviewer(tmp_path / "评分.xlsx", full="")
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert set(marks(tmp_path / "簿.xlsx").values()) == {None}
    assert "评分表-李娜”E5" in done.data["notes"][0] and "scale" in done.data["notes"][0]
    again = adopt(old, "-o", tmp_path / "再.xlsx", "--mapping", edited(tmp_path / "簿.mapping.json", scale=5))
    assert again.code == 0
    assert list(marks(tmp_path / "再.xlsx").values()).count(None) == 2


def test_a_matrix_on_its_side_is_read_by_its_indicators(tmp_path: Path) -> None:
    done = adopt(scoring_matrix(tmp_path / "矩阵.xlsx"), "-o", tmp_path / "簿.xlsx")
    assert done.data["counts"] == {"rows": 8, "imported": 0, "with_remarks": 4, "left_out": 4}
    mapping = json.loads((tmp_path / "簿.mapping.json").read_text(encoding="utf-8"))
    (entry,) = mapping["sheets"]
    assert (entry["kind"], entry["reviewer"], entry["scale"], entry["declared_scale"]) == ("matrix", "王强", None, 100)
    assert [(row["row"], row["indicator"]) for row in entry["indicators"]] == [
        (4, "v1-S3.2"), (5, "v1-S3.4"), (6, "v1-S6.1"), (7, ""),
    ]  # fmt: skip
    assert set(marks(tmp_path / "簿.xlsx").values()) == {None}
    assert unfit(done).keys() == {"D4", "E4", "D5", "E5", "D6", "E6", "D7", "E7"}


def test_marks_out_of_100_are_converted_only_when_the_mapping_says_so(tmp_path: Path) -> None:
    old = scoring_matrix(tmp_path / "矩阵.xlsx")
    adopt(old, "--preview", "-o", tmp_path / "簿.xlsx")
    done = adopt(old, "-o", tmp_path / "簿.xlsx", "--mapping", edited(tmp_path / "簿.mapping.json", scale=100))
    assert marks(tmp_path / "簿.xlsx") == {
        ("C-0001", "R-0001", "v1-S3.2"): 4, ("C-0002", "R-0001", "v1-S3.2"): 3,
        ("C-0001", "R-0001", "v1-S3.4"): 5, ("C-0002", "R-0001", "v1-S3.4"): None,
        ("C-0001", "R-0001", "v1-S6.1"): 5, ("C-0002", "R-0001", "v1-S6.1"): None,
    }  # fmt: skip
    remarks = [row["备注"] for row in rows_of(tmp_path / "簿.xlsx", "marks")]
    assert remarks[0] == "旧表 85（满分 100）÷ 100 × 5 = 4.25，记为 4"
    assert unfit(done) == {"E5": "弃权", "E6": "5", "D7": "70", "E7": "80"}


def test_a_mark_of_a_whole_dimension_is_spread_only_when_the_mapping_says_so(tmp_path: Path) -> None:
    old = tmp_path / "评分.xlsx"
    with xlsxwriter.Workbook(str(old)) as book:
        sheet = book.add_worksheet("评分表")
        sheet.write_row(0, 0, ["供应商", "评分人", "运营管理能力", "行业匹配度"])
        sheet.write_row(1, 0, ["甲公司", "张伟", 4, 5])
    done = adopt(old, "-o", tmp_path / "一.xlsx")
    assert marks(tmp_path / "一.xlsx") == {} and unfit(done) == {"C2": "4", "D2": "5"}
    data = json.loads((tmp_path / "一.mapping.json").read_text(encoding="utf-8"))
    data["sheets"][0]["columns"][2].update({"to": "marks.mark", "indicator": "v1-S6"})
    (tmp_path / "改.json").write_text(json.dumps(data), encoding="utf-8")
    adopt(old, "-o", tmp_path / "二.xlsx", "--mapping", tmp_path / "改.json")
    assert marks(tmp_path / "二.xlsx") == {("C-0001", "R-0001", f"v1-S6.{n}"): 4 for n in (1, 2, 3)}
    assert rows_of(tmp_path / "二.xlsx", "marks")[0]["备注"] == "旧表的维度分“运营管理能力”: 4"


def test_a_column_of_reviewers_and_the_reasons_beside_marks_come_over(tmp_path: Path) -> None:
    old = tmp_path / "评分.xlsx"
    with xlsxwriter.Workbook(str(old)) as book:
        sheet = book.add_worksheet("打分明细")
        sheet.merge_range("C1:D1", "技术水平")
        sheet.merge_range("A1:A2", "供应商名称")
        sheet.merge_range("B1:B2", "评审人")
        sheet.merge_range("E1:E2", "项目管理")
        sheet.write_row("C2", ["得分", "依据"])
        sheet.write_row(2, 0, ["甲公司", "张伟", 4, "实地看过", 3])
        sheet.write_row(3, 0, ["甲公司", "李娜", 5, "", 4])
        sheet.write_row(4, 0, ["甲公司", "李娜", 2, "", 2])
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert done.data["counts"] == {"rows": 5, "imported": 3, "with_remarks": 0, "left_out": 2}
    rows = rows_of(tmp_path / "簿.xlsx", "marks")
    assert (rows[0]["分数"], rows[0]["依据"], rows[0]["评审人编号"]) == (4, "实地看过", "R-0001")
    # Li Na marked 甲公司 twice: a second candidate of that name, shown as a possible double, not a merged mark.
    assert marks(tmp_path / "簿.xlsx")["C-0002", "R-0002", "v1-S3.2"] == 2
    assert [double["keys"] for double in done.data["doubles"]] == [["C-0001", "C-0002"]]


def test_a_list_and_a_scoring_sheet_in_one_file_meet_by_name(tmp_path: Path) -> None:
    old = tmp_path / "评审.xlsx"
    with xlsxwriter.Workbook(str(old)) as book:
        score = book.add_worksheet("张伟")
        score.write_row(0, 0, ["候选企业", "技术水平", "项目管理"])
        score.write_row(1, 0, ["甲公司", 4, 3])
        names = book.add_worksheet("候选名单")
        names.write_row(0, 0, ["公司名称", "联系人", "专利数"])
        names.write_row(1, 0, ["乙公司", "李四", 2])
        names.write_row(2, 0, ["甲 公司", "张三", 5])
    adopt(old, "-o", tmp_path / "簿.xlsx")
    assert [(r["候选编号"], r["企业名称"]) for r in rows_of(tmp_path / "簿.xlsx", "candidates")] == [
        ("C-0001", "乙公司"), ("C-0002", "甲 公司"),
    ]  # fmt: skip
    assert set(marks(tmp_path / "簿.xlsx")) == {("C-0002", "R-0001", "v1-S3.2"), ("C-0002", "R-0001", "v1-S6.1")}


@pytest.mark.parametrize("layout", ["candidates", "matrix"])
def test_an_adopted_scoring_sheet_can_be_evaluated(tmp_path: Path, layout: str) -> None:
    make = scoring_by_reviewer if layout == "candidates" else scoring_matrix
    adopt(make(tmp_path / "旧.xlsx"), "-o", tmp_path / "簿.xlsx")
    found = evaluate_file(tmp_path / "簿.xlsx")
    assert not found.refused and len(found.scored) == 1
