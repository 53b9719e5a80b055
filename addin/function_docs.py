"""Owns docs/functions.md: every cell function, its arguments, a worked example and its cost. `python -m addin.function_docs` writes it.

What stands there is read from the decorators and docstrings of `addin.functions` and from `addin.function_examples`;
results are computed when the page is written. Only the costs are kept from the page: the benchmark measures them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

from addin import functions
from addin.function_examples import EXAMPLES, Example
from workbook.evaluation.exact import half_up

PAGE = Path(__file__).parents[1] / "docs" / "functions.md"
COSTS_BEGIN, COSTS_END = "<!-- costs: python -m benchmarks.functions --docs -->", "<!-- end of costs -->"
INTRO = """# 单元格函数 / Cell functions

由 `python -m addin.function_docs` 从函数自己的说明和算例生成，不手工修改。
Written by `python -m addin.function_docs` from the functions' own help and examples, never edited.

- 函数只用来试算和说明。正式结果由评估写入，不靠这些函数；但两边用的是同一段计算，数字相同。
  They are for trying and explaining. Official results are written by the evaluation and rest on no function in a cell; both use the same computation and give the same numbers.
- 说不出结果时，单元格里是以 `#PB: ` 开头的一句话：哪里不对，怎么改。它是文字，参加加减会出错，不会被当成 0。
  What cannot be evaluated is a sentence beginning with `#PB: `: what is wrong and what to do. It is text, so that a sum fails on it visibly.
- 日期和时间可以是日期格式的单元格、日期序号（1900 日期系统）或文字（2026-03-02 09:30），结果一样。
  A day or a time may be a cell with a date, a day number (1900 date system) or text (2026-03-02 09:30): the answer is the same.
- 涉及没有放假安排资料的年份时，结果右边多一格“暂定：……”；在特殊日里写上那一年的安排，它就不再出现。
  Where a year without known holidays is touched, a second cell beside the result begins with 暂定 (provisional); it goes once the special days name a day of that year.
- 一次给出多格的函数会向右、向下铺开；不支持动态数组的旧版 Excel 请先选好区域，再按 Ctrl+Shift+Enter。
  Answers of several cells spill to the right and down; in an Excel without dynamic arrays select the area first and press Ctrl+Shift+Enter.
- 标“可省略”的参数可以不写，也可以指向空格。
  An optional argument may be left out, or point to blank cells.
"""


@dataclass(frozen=True)
class Argument:
    """One argument: its name, its help in both languages, and whether it may be left out."""

    name: str
    zh: str
    en: str
    optional: bool


@dataclass(frozen=True)
class Function:
    """One cell function: its name, its help in both languages, its arguments."""

    name: str
    zh: str
    en: str
    arguments: tuple[Argument, ...]


def both(text: str) -> tuple[str, str]:
    """The Chinese and the English part of a help text: English begins with a capital after a Chinese full stop.

    Raises:
        ValueError: if the text has not exactly these two parts.
    """
    zh, en = re.split(r"(?<=。)(?=[A-Z])", text.strip())
    return zh, en


def cell_functions() -> tuple[Function, ...]:
    """Every function of `addin.functions` in the order of its source.

    The source is read, because the decorators leave no trace of the help except on Windows.
    """
    tree = ast.parse(Path(functions.__file__).read_text(encoding="utf-8"))
    nodes = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("PB_"))
    return tuple(_function(node) for node in nodes)


def _function(node: ast.FunctionDef) -> Function:
    helps = {}
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "arg":
            options = {keyword.arg: keyword.value for keyword in call.keywords}
            helps[ast.literal_eval(call.args[0])] = ast.literal_eval(options["doc"])
    names = [argument.arg for argument in node.args.args]
    needed = len(names) - len(node.args.defaults)
    arguments = tuple(Argument(name, *both(helps[name]), place >= needed) for place, name in enumerate(names))
    return Function(node.name, *both(ast.get_docstring(node) or ""), arguments)


# --- the page --------------------------------------------------------------------------------------------------------


def functions_page(costs: str) -> str:
    """The whole page; `costs` is the Markdown that stands between its two marks."""
    lines = [INTRO, *_contents(), ""]
    for function in cell_functions():
        lines += _section(function)
    lines += [
        "## 用时 / Cost", "",
        "20 个候选 × 33 项指标 × 7 名评委；倍数是与同一次运行里 PB_SCORE 之比。",
        "20 candidates × 33 indicators × 7 reviewers; the ratio is to PB_SCORE in the same run.", "",
        COSTS_BEGIN, costs.strip(), COSTS_END,
    ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


def costs_of(page: str) -> str:
    """The costs that a page shows; "" if it has none."""
    _, begin, rest = page.partition(COSTS_BEGIN)
    costs, end, _ = rest.partition(COSTS_END)
    return costs.strip() if begin and end else ""


def write_page(costs: str | None = None, target: Path = PAGE) -> None:
    """Write the page; without `costs` those that it shows are kept."""
    kept = costs_of(target.read_text(encoding="utf-8")) if costs is None and target.exists() else costs
    target.write_text(functions_page(kept or ""), encoding="utf-8", newline="\n")


def _contents() -> Iterator[str]:
    yield _row(["函数 / Function", "回答什么", "What it answers"])
    yield _row(["---"] * 3)
    for function in cell_functions():
        yield _row([f"[`{function.name}`](#{function.name.lower()})", function.zh, function.en])


def _section(function: Function) -> Iterator[str]:
    yield from (f"## {function.name}", "", f"{function.zh}", f"{function.en}", "")
    yield _row(["参数 / Argument", "说明", "Meaning"])
    yield _row(["---"] * 3)
    for argument in function.arguments:
        yield _row([f"`{argument.name}`", argument.zh, argument.en])
    yield ""
    for example in EXAMPLES:
        if example.function == function.name:
            yield from _example(example)


def _example(example: Example) -> Iterator[str]:
    tables = [table for table in example.given.values() if table is not None]
    yield from _sheet(tables)
    yield from ("", f"`{formula(example)}`", "", "结果 / Result:", "")
    yield from _plain(answer(example))
    yield from ("", example.zh, example.en, "")


def answer(example: Example) -> list[list[Any]]:
    """What the function says to the arguments of an example."""
    found: list[list[Any]] = getattr(functions, example.function)(**example.given)
    return found


def formula(example: Example) -> str:
    """The formula of an example whose ranges stand side by side, a blank column between each two."""
    parts, left = [], 0
    for table in example.given.values():
        if table is None:
            parts.append("")
            continue
        right = left + len(table[0]) - 1
        first, last = f"{_letter(left)}1", f"{_letter(right)}{len(table)}"
        parts.append(first if first == last else f"{first}:{last}")
        left = right + 2
    return f"={example.function}({','.join(parts)})"


def _sheet(tables: Sequence[Sequence[Sequence[Any]]]) -> Iterator[str]:
    """The ranges side by side as a sheet shows them, with its letters and numbers."""
    height = max(len(table) for table in tables)
    rows: list[list[str]] = [[] for _ in range(height)]
    for table in tables:
        for place, row in enumerate(rows):
            row += [""] if row else []
            row += [show(cell) for cell in table[place]] if place < len(table) else [""] * len(table[0])
    yield _row(["", *(_letter(column) for column in range(len(rows[0])))])
    yield _row(["---"] * (len(rows[0]) + 1))
    for place, row in enumerate(rows, start=1):
        yield _row([f"**{place}**", *row])


def _plain(table: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield _row([""] * len(table[0]))
    yield _row(["---"] * len(table[0]))
    for row in table:
        yield _row([show(cell) for cell in row])


def show(cell: Any) -> str:
    """A cell as people see it: up to four decimals, a day without a time as a day."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if cell.time() == time() else f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, int | float):
        return format(half_up(cell, 4).normalize(), "f")
    return str(cell)


def _letter(column: int) -> str:
    return chr(ord("A") + column)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main() -> None:
    """Write the page of the checkout in which this module stands, or to the path that is given."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    write_page(target=target)
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
