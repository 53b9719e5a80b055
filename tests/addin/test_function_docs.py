"""The page of the cell functions is true: written from the functions, its examples run, its numbers from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from addin import functions
from addin.function_docs import PAGE, answer, both, cell_functions, costs_of, formula, functions_page, show, write_page
from addin.function_examples import EXAMPLES, Example
from benchmarks.functions import BASE, MOST_TIMES, main, work


def test_the_page_is_as_it_would_be_written_now() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == functions_page(costs_of(page)), "run python -m addin.function_docs"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.function)
def test_a_worked_example_comes_out_as_worked_out_by_hand(example: Example) -> None:
    found = answer(example)
    assert [len(row) for row in found] == [len(row) for row in example.expected]
    for line, wanted in zip(found, example.expected, strict=True):
        for cell, value in zip(line, wanted, strict=True):
            if isinstance(value, int | float):
                assert isinstance(cell, int | float) and abs(cell - value) <= example.within
            else:
                assert cell == value


def test_every_function_has_an_example_that_gives_its_arguments_in_order() -> None:
    arguments = {function.name: [argument.name for argument in function.arguments] for function in cell_functions()}
    assert set(arguments) == {name for name in vars(functions) if name.startswith("PB_")}
    assert {example.function for example in EXAMPLES} == set(arguments)
    for example in EXAMPLES:
        given = list(example.given)
        assert given == arguments[example.function][: len(given)]
        left_out = cell_functions()[list(arguments).index(example.function)].arguments[len(given) :]
        assert all(argument.optional for argument in left_out)
        assert example.zh and example.en and not re.search("[一-鿿]", example.en.translate(SHOWN_IN_CELLS))


# Words that the functions read or answer, which the English text quotes.
SHOWN_IN_CELLS = str.maketrans("", "", "否决甲乙丙处置必须可接受")


def test_the_formula_of_an_example_points_at_the_cells_that_the_page_shows() -> None:
    for example in EXAMPLES:
        sheet = openpyxl.Workbook().active
        assert sheet is not None
        left = 1
        for table in example.given.values():
            assert table is not None
            for r, row in enumerate(table, start=1):
                for c, cell in enumerate(row):
                    sheet.cell(r, left + c, cell)
            left += len(table[0]) + 1
        found = re.fullmatch(r"=(PB_[A-Z]+)\((.*)\)", formula(example))
        assert found and found[1] == example.function
        ranges = [read(sheet, address) for address in found[2].split(",")]
        assert ranges == [[list(row) for row in table or ()] for table in example.given.values()]


def read(sheet: Any, address: str) -> list[list[Any]]:
    left, top, right, bottom = range_boundaries(address)
    return [[cell.value for cell in row] for row in sheet.iter_rows(top, bottom, left, right)]


def test_every_help_has_a_chinese_and_an_english_part() -> None:
    for function in cell_functions():
        for part in (function, *function.arguments):
            assert re.search("[一-鿿]", part.zh) and part.zh.endswith("。")
            assert re.search("[A-Za-z]{3}", part.en) and part.en.endswith(".")
    with pytest.raises(ValueError, match="unpack"):
        both("只有中文。")


def test_arguments_that_may_be_left_out_say_so_and_no_others_do() -> None:
    for function in cell_functions():
        for argument in function.arguments:
            assert argument.zh.startswith("可省略。") is argument.optional, (function.name, argument.name)
            assert argument.en.startswith("Optional") is argument.optional, (function.name, argument.name)


def test_the_page_is_written_again_with_the_costs_that_it_shows(tmp_path: Path) -> None:
    page = tmp_path / "functions.md"
    write_page("| some | cost |", page)
    done = subprocess.run(
        [sys.executable, "-m", "addin.function_docs", str(page)],
        capture_output=True, text=True, encoding="utf-8", cwd=PAGE.parents[1], check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(page)
    assert costs_of(page.read_text(encoding="utf-8")) == "| some | cost |"
    assert page.read_text(encoding="utf-8") == functions_page("| some | cost |")
    assert costs_of("a page without them") == ""


def test_every_function_has_one_section_and_its_row_in_the_contents() -> None:
    lines = Counter(PAGE.read_text(encoding="utf-8").splitlines())
    for function in cell_functions():
        assert lines[f"## {function.name}"] == 1
        assert sum(count for line, count in lines.items() if line.startswith(f"| [`{function.name}`](")) == 1


def test_numbers_are_shown_with_four_decimals_at_most() -> None:
    # 2/3 = 0.66666…, half up; whole numbers without a point; a day without its midnight.
    assert [show(cell) for cell in (2 / 3, 86.0, 100, "否决", None)] == ["0.6667", "86", "100", "否决", ""]


# --- what it costs --------------------------------------------------------------------------------------------------


def test_the_benchmark_measures_every_function_on_input_that_it_takes() -> None:
    calls = work()
    assert list(calls) == [function.name for function in cell_functions()]
    for name, (_, call) in calls.items():
        found = call()
        assert found and not any(str(cell).startswith("#PB: ") for row in found for cell in row), name


def test_the_page_shows_what_every_function_costs_and_none_is_above_thirty_plain_scores() -> None:
    rows = re.findall(
        r"^\| `(PB_[A-Z]+)` \| [^|]+ \| ([\d.]+) \| ([\d.]+) \|$", costs_of(PAGE.read_text("utf-8")), re.M
    )
    assert [name for name, _, _ in rows] == [function.name for function in cell_functions()]
    plain = float(rows[0][1])
    for name, milliseconds, ratio in rows:
        slack = 0.01 + (0.005 + 0.005 * float(ratio)) / plain  # both are shown with two decimals
        assert abs(float(milliseconds) / plain - float(ratio)) <= slack, name  # as measured in one run
        assert float(ratio) <= MOST_TIMES, name


def test_the_benchmark_fails_when_a_function_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    for times, code in ((MOST_TIMES, 0), (MOST_TIMES + 1, 1)):
        monkeypatch.setattr(sys, "argv", ["benchmarks.functions"])
        monkeypatch.setattr(
            "benchmarks.functions.measured", lambda rounds, times=times: {BASE: 2.0, "PB_RANK": 2.0 * times}
        )
        assert main() == code
