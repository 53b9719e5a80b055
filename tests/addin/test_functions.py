"""The cell functions: the panel's own numbers, sentences for what cannot be said, and hints that every door takes."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addin.functions import PB_GRADE, PB_RANK, PB_SCORE, PB_WHY
from tests.evaluation.sheets import GRADES
from workbook.evaluation import score_panel
from workbook.evaluation.model import Dimension, Entry, Indicator, Mark, Outcome, Policy

SOURCE = Path(__file__).parents[2] / "addin" / "functions.py"
BANDS = [["等级 A", 90.0, 100.0], ["B", 80.0, 90.0], ["C", 60.0, 80.0], ["D", 0.0, 60.0]]
LOOSE = Policy(0, Decimal(0), whole_dimension_may_be_na=True)


def as_cell(value: Any, digits: int = 15) -> float | None:
    """The number as a cell keeps it."""
    return None if value is None else float(f"{float(value):.{digits}g}")


@st.composite
def panels(draw: st.DrawFn) -> tuple[tuple[Dimension, ...], tuple[Outcome, ...]]:
    """Up to four candidates under up to five dimensions of three indicators, marked by up to seven reviewers."""
    tenths = st.integers(1, 400).map(lambda n: Decimal(n) / 10)
    tree = tuple(
        Dimension(f"S{d}", f"维度{d}", draw(tenths), tuple(Indicator(f"S{d}.{i}", "", draw(tenths)) for i in range(3)))
        for d in range(draw(st.integers(1, 5)))
    )
    keys = [leaf.key for dimension in tree for leaf in dimension.indicators]
    candidates = [f"C-{n}" for n in range(draw(st.integers(1, 4)))]
    reviewers = range(draw(st.integers(1, 7)))
    said = st.sampled_from([1, 2, 3, 4, 5, None])
    marks = [
        Mark(c, f"R-{r}", key, draw(said), f"{c}/{r}/{key}") for c in candidates for r in reviewers for key in keys
    ]
    return tree, score_panel(tree, [Entry(c) for c in candidates], marks, [], (), LOOSE, GRADES)


@given(panels(), st.sampled_from([14, 15, 17]))
def test_a_cell_gives_the_panels_official_numbers(
    found: tuple[tuple[Dimension, ...], tuple[Outcome, ...]], digits: int
) -> None:
    tree, outcomes = found
    weights = [[float(dimension.weight)] for dimension in tree]
    cells = [[as_cell(score, digits) for score in one.dimensions.values()] for one in outcomes]
    official = [["" if one.score is None else float(one.score)] for one in outcomes]
    assert PB_SCORE(cells, weights) == official
    assert PB_RANK(official) == [["" if one.rank is None else one.rank] for one in outcomes]
    labels = [["等级 A" if one.grade == "A" else one.grade] for one in outcomes]
    assert PB_GRADE(official, BANDS) == labels
    for row, one in zip(cells, outcomes, strict=True):
        if one.score is not None:
            lines = PB_WHY([row], weights, [[dimension.title for dimension in tree]])
            assert sum(Decimal(repr(line[3])) for line in lines) == one.score
            assert sum(Decimal(repr(line[1])) for line in lines) == 100


def test_a_score_by_hand_and_blank_cells_do_not_apply() -> None:
    # .5·5 + .3·4 + .2·3 = 4.3; without the middle one (.5·5 + .2·3) ÷ .7 = 4.42857…; a blank row stays blank.
    weights = [[50.0, 30.0, 20.0]]
    rows = [[5.0, 4.0, 3.0], [5.0, None, 3.0], [5.0, "不适用", 3.0], [5.0, " ", 3.0], [None, None, None]]
    assert PB_SCORE(rows, weights) == [[86.0], [88.57], [88.57], [88.57], [""]]
    assert PB_SCORE(rows[:1], [[0.5], [0.3], [0.2]]) == [[86.0]]


def test_a_row_that_cannot_be_scored_says_so_and_leaves_the_others_alone() -> None:
    rows = [[5.0, 0.0], [4.0, "良好"], [4.0, "#DIV/0!"], [True, 4.0], [4.0, 4.0], [5.1, 4.0]]
    told = [row[0] for row in PB_SCORE(rows, [[1.0, 1.0]])]
    assert told[4] == 80.0
    assert all(str(cell).startswith("#PB: ") for place, cell in enumerate(told) if place != 4)
    assert "第 1 行第 2 列是 0，不在 1 到 5 之间" in told[0] and "第 3 行第 2 列是“#DIV/0!”" in told[2]


@pytest.mark.parametrize(
    "weights, said",
    [
        ([[1.0]], "有 1 个权重，而要加权的有 2 项"),
        ([[1.0, None]], "第 2 个是“”，不是数字"),
        ([[1.0, -1.0]], "负数"),
        ([[0.0, 0.0]], "全都是 0"),
        ([[1.0, 1.0], [1.0, 1.0]], "一行或一列"),
    ],
)
def test_weights_that_cannot_be_used_are_told_in_one_cell(weights: list[list[Any]], said: str) -> None:
    ((told,),) = PB_SCORE([[5.0, 4.0], [4.0, 4.0]], weights)
    assert told.startswith("#PB: ") and said in told


def test_marks_whose_weights_are_all_zero_have_no_score() -> None:
    ((told,),) = PB_SCORE([[5.0, None]], [[0.0, 1.0]])
    assert told.startswith("#PB: ") and "全都是 0" in told


def test_ranks_keep_the_shape_and_leave_words_without_a_rank() -> None:
    assert PB_RANK([[88.0], ["否决"], [90.0], [88.0], [None], [70.0], ["#PB: …"], [True]]) == [
        [2],
        [""],
        [1],
        [2],
        [""],
        [4],
        [""],
        [""],
    ]
    # 80.005 is 80.01 in a cell with two decimals, and so is 80.01.
    assert PB_RANK([[80.005, 80.01, 80.0]]) == [[1, 1, 3]]


def test_grades_keep_the_shape_and_refuse_bad_bands() -> None:
    assert PB_GRADE([[100.0, 90.0, 89.99], ["否决", None, 0.0]], BANDS) == [["等级 A", "等级 A", "B"], ["", "", "D"]]
    assert PB_GRADE([[7.0]], [["低", None, 5.0], [None, None, None], [5.0, 5.0, None]]) == [["5"]]
    ((gap,),) = PB_GRADE([[85.0]], [["A", 90.0, 100.0], ["B", 80.0, 89.0]])
    assert gap.startswith("#PB: ") and "空档" in gap
    assert PB_GRADE([[85.0, 101.0]], BANDS)[0][0] == "B"
    assert "101" in PB_GRADE([[85.0, 101.0]], BANDS)[0][1]
    for bad in ([["A", "高", 100.0]], [["A", 90.0]], [[None, 0.0, 1.0]], []):
        assert PB_GRADE([[85.0]], bad)[0][0].startswith("#PB: ")


def test_why_gives_points_that_add_up() -> None:
    # Three equal weights of 3, 3 and 4: score 10/3, on a hundred 66.67; points 20, 20, 26.67; weights 33.34 and 33.33.
    assert PB_WHY([[3.0, 3.0, 4.0]], [[1.0, 1.0, 1.0]], [["甲"], ["乙"], ["丙"]]) == [
        ["甲", 33.34, 3.0, 20.0],
        ["乙", 33.33, 3.0, 20.0],
        ["丙", 33.33, 4.0, 26.67],
    ]
    assert PB_WHY([[3.0], [None]], [[1.0, 3.0]], [["甲", "乙"]]) == [
        ["甲", 100.0, 3.0, 60.0],
        ["乙", 0.0, "不适用", 0.0],
    ]
    assert PB_WHY([[None, None]], [[1.0, 1.0]], [["甲", "乙"]]) == [[""]]
    assert "名称有 1 个" in PB_WHY([[3.0, 3.0]], [[1.0, 1.0]], [["甲"]])[0][0]
    assert PB_WHY([[3.0, 3.0], [3.0, 3.0]], [[1.0, 1.0]], [["甲", "乙"]])[0][0].startswith("#PB: ")


# --- the rules that every door sets ---------------------------------------------------------------------------------


def cell_functions() -> list[ast.FunctionDef]:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("PB_")]


def hint(node: ast.expr | None) -> str:
    """The name of a hint; `Annotated[list, …]` is `list`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Annotated":
        assert isinstance(node.slice, ast.Tuple)
        return hint(node.slice.elts[0])
    return node.id if isinstance(node, ast.Name) else "none of a plain name"


def test_every_function_keeps_to_what_all_doors_take() -> None:
    found = cell_functions()
    assert [node.name for node in found] == ["PB_SCORE", "PB_RANK", "PB_GRADE", "PB_WHY"]
    for node in found:
        assert re.fullmatch(r"PB_[A-Z]+", node.name)
        args = node.args
        assert not (args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs), node.name
        for hinted in (*(a.annotation for a in args.args), node.returns):
            assert hint(hinted) in {"Any", "float", "int", "str", "bool", "list", "date"}, node.name
        assert all(re.fullmatch(r"[a-z]+", a.arg) for a in args.args), node.name
        assert len(node.body) <= 4, f"{node.name}: a docstring and at most three lines"


def test_every_range_is_two_dimensional_with_errors_as_text_and_helped_in_two_languages() -> None:
    for node in cell_functions():
        calls = {c.func.id: c for c in node.decorator_list if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)}
        assert {"func", "arg", "ret"} <= set(calls), node.name
        described = []
        for call in node.decorator_list:
            assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            options = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
            if call.func.id in {"arg", "ret"}:
                assert options["ndim"] == 2
            if call.func.id == "arg":
                assert options["err_to_str"] is True
                described.append(ast.literal_eval(call.args[0]))
                bilingual(options["doc"])
        assert described == [a.arg for a in node.args.args], node.name
        bilingual(ast.get_docstring(node) or "")


def bilingual(text: str) -> None:
    """Excel shows 255 characters; the first words are Chinese, English follows."""
    assert len(text) <= 255
    assert re.search("[一-鿿]", text) and re.search("[A-Za-z]{3}", text)


def test_the_windows_door_takes_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.addin.windows_door"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=SOURCE.parents[1],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    for heading in (
        "PB_SCORE(marks, weights)",
        "PB_RANK(scores)",
        "PB_GRADE(score, bands)",
        "PB_WHY(marks, weights, labels)",
    ):
        assert f"Function {heading}\n" in seen["vba"]
    assert seen["vba"].isascii()
    assert all(len(text) <= 255 for texts in seen["helps"].values() for text in texts)
    answers = seen["answers"]
    # (.5·5 + .2·3) ÷ .7 = 4.42857…; a division by zero is told, not taken for a blank.
    assert answers["score"][:2] == [[88.57], [80.0]]
    assert "#DIV/0!" in answers["score"][2][0]
    assert answers["score of one cell"] == [[80.0]]
    assert answers["rank"] == [[2], [""], [1]]
    assert answers["grade"] == [["A"]]
    assert answers["why"] == [["技术", 50.0, 5.0, 50.0], ["运营", 50.0, 3.0, 30.0]]


def test_nothing_names_the_paid_part_of_the_spreadsheet_library() -> None:
    for file in SOURCE.parent.rglob("*.py"):
        assert "xlwings.pro" not in file.read_text(encoding="utf-8"), file
