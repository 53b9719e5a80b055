"""Sheets as companies keep them that invite a wrong guess: each is read rightly, refused, or left out with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from tests.adopting.old_books import code
from tests.adopting.reading import adopt, left_out, rows_of, unfit
from workbook.adopting import sorting
from workbook.cli import main

SCORES = ["供应商", "业务领域", "技术水平", "项目管理"]
MATRIX: list[list[Any]] = [["评价指标", "甲公司", "乙公司"], ["业务领域", 4, 5], ["技术水平", 3, 2], ["项目管理", 5, 1]]


def old_file(path: Path, /, *merged: str, **sheets: Any) -> Path:
    """An old file of these sheets, each given by its rows; `merged` are areas of the first."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    for area in merged:
        book.worksheets[0].merge_cells(area)
    book.save(path)
    return path


def marks(book: Path) -> dict[tuple[str, str], list[object]]:
    """The marks of each candidate and reviewer, in order."""
    found: dict[tuple[str, str], list[object]] = {}
    for row in rows_of(book, "marks"):
        found.setdefault((row["候选编号"], row["评审人编号"]), []).append(row.get("分数"))
    return found


def names(book: Path, table: str, column: str) -> list[str]:
    return [row[column] for row in rows_of(book, table)]


# --- rows that are no company's --------------------------------------------------------------------------------------


def test_rows_of_weights_full_marks_and_extremes_are_no_candidates(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", 评分表=[
        SCORES, ["权 重", "25%", "16%", "10%"], ["满分", 5, 5, 5], ["甲公司", 4, "4分", 5], ["乙公司", "４", 3, 3],
        ["最高分", 4, 4, 5], ["去掉最低分", 4, 3, 3], ["Weight", 1, 1, 1],
    ])  # fmt: skip
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert names(tmp_path / "簿.xlsx", "candidates", "企业名称") == ["甲公司", "乙公司"]
    assert marks(tmp_path / "簿.xlsx") == {("C-0001", "R-0001"): [4, 4, 5], ("C-0002", "R-0001"): [4, 3, 3]}
    assert done.data["counts"] == {"rows": 8, "imported": 2, "with_remarks": 0, "left_out": 6}
    assert list(left_out(done, "评分表").values()).count(sorting.ABOUT_MARKS) == 5


def test_rows_of_hints_and_examples_are_no_companies(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", 名录=[
        ["供应商名称*", "联系人*"], ["必填，按营业执照填写", "必填"], ["示例：某某公司", "张三"], ["示例科技有限公司", "李四"],
    ])  # fmt: skip
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert names(tmp_path / "簿.xlsx", "partners", "企业名称") == ["示例科技有限公司"]
    assert left_out(done, "名录") == {1: sorting.HEADER, 2: sorting.FOOT, 3: sorting.FOOT}


def test_a_small_table_below_the_marks_gives_no_marks(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", 评分表=[
        SCORES, ["甲公司", 4, 5, 3], ["乙公司", 3, 3, 4], [], ["供应商", "总分", "排名"], ["甲公司", 4, 1], ["乙公司", 3, 2],
    ])  # fmt: skip
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert marks(tmp_path / "簿.xlsx") == {("C-0001", "R-0001"): [4, 5, 3], ("C-0002", "R-0001"): [3, 3, 4]}
    assert [row for row, why in left_out(done, "评分表").items() if why == sorting.OTHER_TABLE] == [5, 6, 7]
    assert done.data["doubles"] == []


def test_a_name_merged_over_rows_and_columns_is_the_name_of_each_row(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", "B1:C1", "B2:C3", 名录=[
        ["序号", "供应商名称", None, "联系人"], [1, "甲公司", None, "张三"], [2, None, None, "李四"], [3, "乙公司", None, "王五"],
    ])  # fmt: skip
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert names(tmp_path / "簿.xlsx", "partners", "企业名称") == ["甲公司", "甲公司", "乙公司"]
    assert unfit(done) == {} and len(done.data["doubles"]) == 1


def test_merged_cells_beside_the_list_are_nothing(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", "E1:F1", "E2:H5", 名录=[["供应商名称", "联系人"], ["甲公司", "张三"]])
    assert adopt(old, "-o", tmp_path / "簿.xlsx").data["counts"]["imported"] == 1


# --- scales ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("high", "low"), [("9分", "4分"), ("8.5", "4"), ("９分", "４分")])
def test_a_mark_above_five_in_words_makes_the_scale_unknown(tmp_path: Path, high: str, low: str) -> None:
    old = old_file(tmp_path / "旧.xlsx", 评分表=[SCORES, ["甲公司", high, low, low]])
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert marks(tmp_path / "簿.xlsx") == {("C-0001", "R-0001"): [None, None, None]}
    assert "B2" in done.data["notes"][0] and unfit(done).keys() == {"B2", "C2", "D2"}


def test_a_total_below_the_marks_does_not_make_the_scale_unknown(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", 评分表=[SCORES, ["甲公司", 4, 5, 3], ["乙公司", 3, 3, 4], ["合计", 7, 8, 7]])
    adopt(old, "-o", tmp_path / "簿.xlsx")
    assert marks(tmp_path / "簿.xlsx") == {("C-0001", "R-0001"): [4, 5, 3], ("C-0002", "R-0001"): [3, 3, 4]}


@pytest.mark.parametrize("scale", [None, "declared"])
@pytest.mark.parametrize("layout", ["candidates", "matrix", "titles"])
def test_full_marks_of_each_indicator_count(tmp_path: Path, layout: str, scale: str | None) -> None:
    sheet = {
        "candidates": [SCORES, ["满分", 25, 20, "10分"], ["甲公司", 5, 4, 3]],
        "matrix": [["评价指标", "分值", "甲公司"], ["业务领域", 25, 5], ["技术水平", 20, 4], ["项目管理", "10分", 3]],
        "titles": [["评价指标", "甲公司"], ["业务领域（25分）", 5], ["技术水平（满分20）", 4], ["项目管理（10分）", 3]],
    }[layout]
    old = old_file(tmp_path / "旧.xlsx", 评分表=sheet)
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert marks(tmp_path / "簿.xlsx") == {("C-0001", "R-0001"): [None, None, None]}
    assert "10、20、25" in done.data["notes"][0] and "declared" in done.data["notes"][0]
    data = json.loads((tmp_path / "簿.mapping.json").read_text(encoding="utf-8"))
    data["sheets"][0]["scale"] = scale
    (tmp_path / "m.json").write_text(json.dumps(data), encoding="utf-8")
    adopt(old, "-o", tmp_path / "二.xlsx", "--mapping", tmp_path / "m.json")
    expected = [None, None, None] if scale is None else [1, 1, 2]
    assert marks(tmp_path / "二.xlsx") == {("C-0001", "R-0001"): expected}


# --- who marked whom ---------------------------------------------------------------------------------------------------


def by_reviewer(company: str, *reviewers: str, shift: int = 0) -> list[list[Any]]:
    head = ["评价指标", "权重", *reviewers, "平均分"]
    return [["评审打分表"], ["供应商：", company] if company else [], head, ["业务领域", "25%", 4, 5 - shift, 4.5], ["技术水平", "16%", 3, 3, 3]]  # fmt: skip


@pytest.mark.parametrize("people", [("评委1", "评委2"), ("专家A", "专家B"), ("张伟", "李娜")])
def test_columns_of_reviewers_under_one_company_are_reviewers(tmp_path: Path, people: tuple[str, str]) -> None:
    old = old_file(tmp_path / "旧.xlsx", 甲=by_reviewer("甲公司", *people), 乙=by_reviewer("乙公司", *people, shift=1))
    adopt(old, "-o", tmp_path / "簿.xlsx")
    assert names(tmp_path / "簿.xlsx", "candidates", "企业名称") == ["甲公司", "乙公司"]
    assert names(tmp_path / "簿.xlsx", "reviewers", "姓名") == list(people)
    assert marks(tmp_path / "簿.xlsx") == {
        ("C-0001", "R-0001"): [4, 3], ("C-0001", "R-0002"): [5, 3], ("C-0002", "R-0001"): [4, 3], ("C-0002", "R-0002"): [4, 3],
    }  # fmt: skip
    assert len(rows_of(tmp_path / "簿.xlsx", "panels")) == 1


def test_reviewers_without_a_company_are_not_taken_for_candidates(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", S=by_reviewer("", "评委1", "评委2"))
    done = adopt(old, "-o", tmp_path / "簿.xlsx")
    assert done.code == 1 and "candidate" in done.data["error"]["message"]
    data = json.loads((tmp_path / "簿.mapping.json").read_text(encoding="utf-8"))
    data["sheets"][0]["kind"] = "matrix"
    (tmp_path / "m.json").write_text(json.dumps(data), encoding="utf-8")
    done = adopt(old, "-o", tmp_path / "簿.xlsx", "--mapping", tmp_path / "m.json")
    assert done.code == 1 and "评委1" in done.data["error"]["message"]
    for column in data["sheets"][0]["columns"][2:4]:
        column["candidate"] = "甲公司"
    (tmp_path / "m.json").write_text(json.dumps(data), encoding="utf-8")
    adopt(old, "-o", tmp_path / "簿.xlsx", "--mapping", tmp_path / "m.json")
    assert marks(tmp_path / "簿.xlsx") == {("C-0001", "R-0001"): [4, 3], ("C-0001", "R-0002"): [5, 3]}


@pytest.mark.parametrize("title", ["评审打分表（{}）", "评审打分表-{}", "{}的评审打分表"])
def test_titles_that_differ_in_the_reviewer_only_are_one_panel(tmp_path: Path, title: str) -> None:
    sheets = {name: [[title.format(name)], SCORES, ["甲公司", 4, 5, 3]] for name in ("张伟", "王 强")}
    adopt(old_file(tmp_path / "旧.xlsx", **sheets), "-o", tmp_path / "簿.xlsx")
    assert names(tmp_path / "簿.xlsx", "panels", "主题") == ["评审打分表"]


def test_a_reviewer_written_with_and_without_a_blank_is_one(tmp_path: Path) -> None:
    old = old_file(
        tmp_path / "旧.xlsx", 打分=[[*SCORES, "评委"], ["甲公司", 4, 5, 3, "王 强"], ["乙公司", 3, 3, 4, "王强"]]
    )
    adopt(old, "-o", tmp_path / "簿.xlsx")
    assert names(tmp_path / "簿.xlsx", "reviewers", "姓名") == ["王 强"]


def test_marks_of_a_sheet_that_was_copied_are_named_as_double(tmp_path: Path) -> None:
    sheets = {name: [SCORES, ["甲公司", 4, 5, 3]] for name in ("评分表-张伟", "评分表-张伟 (2)", "评分表-李娜")}
    done = adopt(old_file(tmp_path / "旧.xlsx", **sheets), "-o", tmp_path / "簿.xlsx")
    (note,) = done.data["notes"]
    for word in ("张伟", "C-0001", "工作表“评分表-张伟”第 2 行", "工作表“评分表-张伟 (2)”第 2 行", "3 处"):
        assert word in note


def test_people_see_the_panel_and_who_is_candidate_and_who_reviewer(tmp_path: Path) -> None:
    old = old_file(tmp_path / "旧.xlsx", 甲=by_reviewer("甲公司", "评委1", "评委2"))
    found = CliRunner().invoke(main, ["adopt", str(old), "--preview", "-o", str(tmp_path / "簿.xlsx")])
    for word in ("评审会 评审打分表", "候选“甲公司” 评审人“评委1”"):
        assert word in found.output


# --- a mapping given back ----------------------------------------------------------------------------------------------


def given(path: Path, data: dict[str, Any], old: Path) -> Any:
    (path / "m.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return adopt(old, "-o", path / "二.xlsx", "--mapping", path / "m.json")


def mapping_of(path: Path, old: Path) -> dict[str, Any]:
    adopt(old, "--preview", "-o", path / "一.xlsx")
    data: dict[str, Any] = json.loads((path / "一.mapping.json").read_text(encoding="utf-8"))
    return data


def test_a_mapping_for_other_columns_is_refused(tmp_path: Path) -> None:
    first = old_file(tmp_path / "一月.xlsx", 名录=[["供应商名称", "联系人", "电话"], ["甲", "张三", 13800000001]])
    moved = old_file(tmp_path / "二月.xlsx", 名录=[["供应商名称", "业务员", "联系人", "电话"], ["甲", "业一", "张三", 13800000001]])  # fmt: skip
    done = given(tmp_path, mapping_of(tmp_path, first), moved)
    assert done.code == 1
    for word in ("名录", "B 列", "业务员", "联系人"):
        assert word in done.data["error"]["message"]
    assert not (tmp_path / "二.xlsx").exists()


def test_a_mapping_for_other_rows_of_indicators_is_refused(tmp_path: Path) -> None:
    first = old_file(tmp_path / "一月.xlsx", 打分=MATRIX)
    moved = old_file(tmp_path / "二月.xlsx", 打分=[*MATRIX[:2], ["核心技术", 1, 1], *MATRIX[2:]])
    done = given(tmp_path, mapping_of(tmp_path, first), moved)
    assert done.code == 1
    for word in ("第 3 行", "技术水平", "核心技术"):
        assert word in done.data["error"]["message"]


def test_two_entries_never_import_a_row_twice(tmp_path: Path) -> None:
    old = old_file(
        tmp_path / "旧.xlsx", 名录=[["供应商名称", "联系人"], ["甲", "张三"], ["另一批", "谁"], ["乙", "李四"]]
    )
    entry = mapping_of(tmp_path, old)["sheets"][0]
    done = given(tmp_path, {"sheets": [entry, entry]}, old)
    assert done.code == 1 and "两次" in done.data["error"]["message"] and "名录" in done.data["error"]["message"]
    below = {"sheet": "名录", "kind": "partners", "header_rows": [3], "columns": [{"column": "A", "to": "partners.legal_name"}]}  # fmt: skip
    assert given(tmp_path, {"sheets": [entry, below]}, old).code == 1
    done = given(tmp_path, {"sheets": [{"sheet": "名录", "header_rows": [1]}, below]}, old)
    assert done.data["counts"] == {"rows": 4, "imported": 2, "with_remarks": 0, "left_out": 2}
    assert names(tmp_path / "二.xlsx", "partners", "企业名称") == ["甲", "乙"]


def test_a_column_that_the_mapping_does_not_write_is_not_lost(tmp_path: Path) -> None:
    old = old_file(
        tmp_path / "旧.xlsx", 名录=[["供应商名称", "联系人", "电话", "地址"], ["甲", "张三", 13800000001, "某路"]]
    )
    columns = [{"column": "A", "to": "partners.legal_name"}, {"column": "D", "to": "partners.contact"}]
    given(tmp_path, {"sheets": [{"sheet": "名录", "columns": columns}]}, old)
    (row,) = rows_of(tmp_path / "二.xlsx", "partners")
    assert (row["企业名称"], row["对方联系人"], row["电话"], row["备注"]) == (
        "甲",
        "某路",
        "13800000001",
        "联系人: 张三",
    )


@pytest.mark.parametrize("to", ["unmatched", "candidates.contact", "reviewers.person"])
def test_a_target_that_a_matrix_has_no_place_for_is_refused(tmp_path: Path, to: str) -> None:
    old = old_file(tmp_path / "旧.xlsx", 打分=MATRIX)
    data = mapping_of(tmp_path, old)
    data["sheets"][0]["columns"][2]["to"] = to
    done = given(tmp_path, data, old)
    assert done.code == 1 and "C 列" in done.data["error"]["message"] and to in done.data["error"]["message"]


# --- text files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [
    ["合格供应商名录，2024 年", "供应商名称,联系人,电话", "甲公司,张三,13800000001"],
    ["合格供应商名录", "供应商名称;联系人;电话", "甲公司;张三;13800000001"],
    ["合格供应商名录, 2024", "供应商名称\t联系人\t电话", "甲公司\t张三\t13800000001"],
])  # fmt: skip
def test_a_title_does_not_decide_what_stands_between_the_cells(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "旧.csv").write_bytes("\n".join(lines).encode("gb18030"))
    done = adopt(tmp_path / "旧.csv", "-o", tmp_path / "簿.xlsx")
    assert done.data["counts"] == {"rows": 3, "imported": 1, "with_remarks": 0, "left_out": 2}
    assert names(tmp_path / "簿.xlsx", "partners", "电话") == ["13800000001"]


def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path: Path) -> None:
    (tmp_path / "旧.csv").write_text('供应商名称,联系人\n甲公司,"张三\n乙公司,李四\n丙公司,王五\n', encoding="utf-8")
    done = adopt(tmp_path / "旧.csv", "-o", tmp_path / "簿.xlsx")
    assert done.code == 1 and "引号" in done.data["error"]["message"] and "旧.csv" in done.data["error"]["message"]


def test_digits_that_a_system_protected_with_a_formula_are_digits(tmp_path: Path) -> None:
    text = f'供应商名称,电话,税号,备注\n甲公司,="13800000001","=""{code(1)}""","=HYPERLINK(""x"")"\n'
    (tmp_path / "旧.csv").write_text(text, encoding="utf-8")
    adopt(tmp_path / "旧.csv", "-o", tmp_path / "簿.xlsx")
    (row,) = rows_of(tmp_path / "簿.xlsx", "partners")
    assert (row["电话"], row["统一社会信用代码"], row["备注"]) == ("13800000001", code(1), '=HYPERLINK("x")')


def test_a_number_too_long_for_a_cell_keeps_the_digits_that_it_has(tmp_path: Path) -> None:
    old = old_file(
        tmp_path / "旧.xlsx", 名录=[["供应商名称", "联系人", "银行账号"], ["甲", "张三", 622202123456789012]]
    )
    adopt(old, "-o", tmp_path / "簿.xlsx")
    assert names(tmp_path / "簿.xlsx", "partners", "备注") == ["银行账号: 6.22202123456789E+17"]
