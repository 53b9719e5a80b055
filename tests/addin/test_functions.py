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
from hypothesis import given, settings
from hypothesis import strategies as st

from addin.function_docs import answer
from addin.function_examples import EXAMPLES
from addin.functions import PB_GRADE, PB_RANK, PB_SCORE, PB_WHATIF, PB_WHY
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


@settings(deadline=None)
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


def test_an_error_cell_has_neither_rank_nor_grade_and_says_so() -> None:
    for told in (PB_RANK([["#REF!"], [80.0]])[0][0], PB_GRADE([["#N/A"]], BANDS)[0][0]):
        assert told.startswith("#PB: ") and "错误值" in told
    assert PB_RANK([["#REF!"], [80.0]])[1] == [1]


@settings(deadline=None)
@given(panels(), st.lists(st.integers(1, 400), min_size=5, max_size=5))
def test_other_weights_give_what_the_panel_would_have_given_with_them(
    found: tuple[tuple[Dimension, ...], tuple[Outcome, ...]], tenths: list[int]
) -> None:
    tree, outcomes = found
    cells = [[as_cell(score) for score in one.dimensions.values()] for one in outcomes]
    weights = [[float(dimension.weight) for dimension in tree]]
    others = [[tenth / 10 for tenth in tenths[: len(tree)]]]
    before, after = PB_SCORE(cells, weights), PB_SCORE(cells, others)
    lines = PB_WHATIF(cells, weights, others)
    assert [line[:1] for line in lines] == before and [line[2:3] for line in lines] == after
    assert [line[1:2] for line in lines] == PB_RANK(before) and [line[3:] for line in lines] == PB_RANK(after)


def test_other_weights_that_cannot_be_used_are_told_apart_from_those_now() -> None:
    ((told,),) = PB_WHATIF([[5.0, 4.0]], [[1.0, 1.0]], [[1.0]])
    assert told.startswith("#PB: 新权重") and "有 1 个权重" in told
    # A row that cannot be scored says so in both halves and leaves the other rows their ranks.
    lines = PB_WHATIF([[9.0, 4.0], [None, None], [4.0, 5.0]], [[1.0, 1.0]], [[1.0, 3.0]])
    assert lines[0][0].startswith("#PB: ") and lines[0][1] == "" and lines[1] == ["", "", "", ""]
    assert lines[2] == [90.0, 1, 95.0, 1]


# --- the rules that every door sets ---------------------------------------------------------------------------------


NOT_IN_VBA = set(  # reserved words of the language specification [MS-VBAL 3.3.5.2], and caller, which xlwings fills itself
    "abs and any array as attribute boolean byref byte byval call case cbool const currency date debug declare dim do "
    "double each else end enum eqv erase error event exit false fix for friend function get global go gosub goto if imp "
    "implements in input int integer is lbound len let like lock long loop lset me mod new next not nothing null object "
    "on open option optional or preserve print private property public put redim rem resume return rset seek select set "
    "sgn shared single static stop string sub then to true type ubound unlock until variant wend while with write xor "
    "close line name time mid caller".split()
)


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
    names = (
        "SCORE RANK GRADE WHY WHATIF FIRST INTERVAL AGREE AHP MINUTES DUE DAYS ATTAIN BUDGET TREND SURVEY RISK".split()
    )
    assert [node.name for node in found] == [f"PB_{name}" for name in names]
    for node in found:
        assert re.fullmatch(r"PB_[A-Z]+", node.name)
        args = node.args
        assert not (args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs), node.name
        for hinted in (*(a.annotation for a in args.args), node.returns):
            assert hint(hinted) in {"Any", "float", "int", "str", "bool", "list", "date"}, node.name
        assert all(re.fullmatch(r"[a-z]+", a.arg) for a in args.args), node.name
        assert not {a.arg for a in args.args} & NOT_IN_VBA, node.name
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


@pytest.fixture(scope="module")
def windows() -> dict[str, Any]:
    """What the look through the Windows door saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.addin.windows_door"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=SOURCE.parents[1],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_the_windows_door_takes_every_function_with_its_optional_arguments(windows: dict[str, Any]) -> None:
    for node in cell_functions():
        names = [a.arg for a in node.args.args]
        needed = len(names) - len(node.args.defaults)
        heading = ", ".join([*names[:needed], *(f"Optional {name}" for name in names[needed:])])
        assert f"Function {node.name}({heading})\n" in windows["vba"]
        assert windows["helps"][node.name][0] == ast.get_docstring(node)
    assert windows["vba"].isascii() and "Volatile" not in windows["vba"]
    assert all(0 < len(text) <= 255 for texts in windows["helps"].values() for text in texts)
    assert set(windows["volatile"].values()) == {False}


def test_the_windows_door_hands_cells_over_and_back(windows: dict[str, Any]) -> None:
    answers = windows["answers"]
    # (.5·5 + .2·3) ÷ .7 = 4.42857…; a division by zero is told, not taken for a blank.
    assert answers["score"][:2] == [[88.57], [80.0]]
    assert "#DIV/0!" in answers["score"][2][0]
    assert answers["score of one cell"] == [[80.0]]
    assert answers["rank"] == [[2], [""], [1]]
    assert answers["grade"] == [["A"]]
    assert answers["why"] == [["技术", 50.0, 5.0, 50.0], ["运营", 50.0, 3.0, 30.0]]
    # Arguments between two commas: 17:00 to 18:00 and 09:00 to 10:00 without a calendar and pauses; then with shifts only.
    assert answers["nothing between the commas"] == [[120]] == answers["blank cells there"]
    assert answers["shifts only"] == [[60]]


def test_every_worked_example_is_the_same_through_the_windows_door(windows: dict[str, Any]) -> None:
    direct = [json.loads(json.dumps(answer(example), default=str)) for example in EXAMPLES]
    assert windows["examples"] == direct
    assert len(direct) >= len(cell_functions())
