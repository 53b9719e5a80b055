"""Owns how cells are read by the cell functions: ranges, numbers, marks, weights, moments, and how a refusal is told.

The doors hand over the same cell in different shapes: a date is a datetime on desktop Excel, a day number in xlwings
Lite, and text where somebody typed it as text; a single cell may come as a rectangle or bare; an argument that was left
out is None, an empty cell or its default. All of them mean the same here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, wraps
from math import isfinite
from typing import ParamSpec, TypeAlias, TypeGuard

from workbook.evaluation.exact import exact
from workbook.evaluation.ranking import plain_weights
from workbook.evaluation.refusals import EvaluationRefused, MatrixRefused, WeightsRefused
from workbook.rows import from_serial

Cell: TypeAlias = str | bool | int | float | Decimal | date | None
Cells: TypeAlias = Sequence[Sequence[Cell]]
Given: TypeAlias = Cells | Cell
Answer: TypeAlias = list[list[str | float | datetime]]
P = ParamSpec("P")

PREFIX = "#PB: "
NOT_APPLICABLE = {"", "不适用", "na", "n/a"}
CHOSEN = "所选区域"
ERRORS = {
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!",
    "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#GETTING_DATA", "#PYTHON!",
}  # fmt: skip
EPOCH = datetime(1899, 12, 30)
FIRST_DAY, LAST_DAY = 61, 2_958_465  # 1900-03-01, before which Excel's days are in doubt, to 9999-12-31
SAMPLE_MOMENT = "2026-03-02 09:30"
_MOMENT = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:(?:\s+|T)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
)


class CellRefused(EvaluationRefused):
    """A cell does not hold what the function asks for there."""

    def __init__(self, what: str, problem: str):
        super().__init__(f"{what}{problem}")


class TooLarge(EvaluationRefused):
    """A result is beyond what a cell can hold, which is some 10 to the 308th."""

    def __init__(self) -> None:
        super().__init__("数字太大或太小，结果放不进单元格。请核对单位。")


def in_a_cell(function: Callable[P, Answer]) -> Callable[P, Answer]:
    """The function, with a refusal as the text of a single cell."""

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except EvaluationRefused as refusal:
            return [[f"{PREFIX}{refusal}"]]
        except OverflowError:
            return [[f"{PREFIX}{TooLarge()}"]]

    return told


# --- shapes ----------------------------------------------------------------------------------------------------------


def rectangle(given: Given) -> list[list[Cell]]:
    """The rows of a range; a bare value is a range of one cell."""
    if isinstance(given, list | tuple):
        return [list(row) if isinstance(row, list | tuple) else [row] for row in given]
    return [[given]]  # type: ignore[list-item]


def is_left_out(given: Given) -> bool:
    """Whether an argument was left out, or is a range of blank cells."""
    return all(all_blank(row) for row in rectangle(given))


def line(given: Given, what: str) -> list[Cell]:
    """The cells of one row or one column."""
    rows = rectangle(given)
    if len(rows) == 1:
        return rows[0]
    if any(len(row) != 1 for row in rows) or not rows:
        raise MatrixRefused(f"{what}应选一行或一列，现在是 {len(rows)} 行。")
    return [row[0] for row in rows]


def filled_line(given: Given, what: str) -> list[Cell]:
    """As `line`, refused if all of it is blank."""
    found = line(given, what)
    if all_blank(found):
        raise CellRefused(what, "是空的。请选有内容的格子。")
    return found


def one_cell(given: Given, what: str) -> Cell:
    """The only cell of a range."""
    rows = rectangle(given)
    if len(rows) != 1 or len(rows[0]) != 1:
        raise CellRefused(what, f"只能选一格，现在是 {len(rows)} 行 {max(map(len, rows), default=0)} 列。")
    return rows[0][0]


def filled_rows(given: Given) -> list[tuple[int, list[Cell]]]:
    """The rows that are not blank, each with its place in the range, 1 for the first."""
    return [(place, row) for place, row in enumerate(rectangle(given), start=1) if not all_blank(row)]


def is_number(cell: Cell) -> TypeGuard[float | Decimal]:
    """A number; a truth value is none, nor is a Decimal that is not finite and so cannot even be compared."""
    if isinstance(cell, Decimal):
        return cell.is_finite()
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def is_blank(cell: Cell) -> bool:
    """An empty cell, or one of blanks only."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def error_told(cell: Cell) -> str:
    """What is said in the place of an error cell; "" for any other one.

    The doors hand over an error as its text, and text among scores is 否决 or the like, which is no mistake.
    """
    return f"{PREFIX}这一格是错误值 {cell}。请先改正它。" if isinstance(cell, str) and cell in ERRORS else ""


def all_blank(row: Sequence[Cell]) -> bool:
    """Whether every cell of a row is empty."""
    return all(is_blank(cell) for cell in row)


def not_applicable(cell: Cell) -> bool:
    """Blank, 不适用 or N/A."""
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in NOT_APPLICABLE)


def nothing_applies(row: Sequence[Cell]) -> bool:
    """Whether no cell of a row has a mark."""
    return all(not_applicable(cell) for cell in row)


def shown(cell: Cell) -> str:
    """A cell as people read it in a sentence."""
    if is_number(cell):
        return f"{float(cell):g}"
    return "" if cell is None else str(cell)[:40]


def cell_of(value: Fraction | Decimal) -> float:
    """An exact number as a cell holds it.

    Raises:
        TooLarge: where no cell can.
    """
    try:
        found = float(value)
    except OverflowError:
        raise TooLarge from None
    if not isfinite(found):
        raise TooLarge
    return found


# --- values ----------------------------------------------------------------------------------------------------------


# Marks repeat, and reading a float is the slow part. Typed: a Decimal may equal a float and mean another number.
known = lru_cache(maxsize=4096, typed=True)(exact)


def number(cell: Cell, what: str) -> float | Decimal:
    """A number, or a refusal that names the cell."""
    if is_blank(cell):
        raise CellRefused(what, "是空的。请填数字。")
    if not is_number(cell):
        raise CellRefused(what, f"是“{shown(cell)}”，不是数字。请填普通数字。")
    known(cell)  # finite
    return cell


def whole_number(given: Given, what: str, least: int, most: int, otherwise: int) -> int:
    """A whole number from `least` to `most`; `otherwise` if it was left out."""
    cell = one_cell(given, what)
    if is_blank(cell):
        return otherwise
    value = exact(number(cell, what))
    if value.denominator != 1 or not least <= value <= most:
        raise CellRefused(what, f"是 {shown(cell)}，只能是 {least} 到 {most} 的整数。")
    return int(value)


def mark(cell: Cell, row: int, column: int) -> Fraction | None:
    """A mark from 1 to 5; None where none applies."""
    if not_applicable(cell):
        return None
    if not is_number(cell):
        raise MatrixRefused(f"第 {row} 行第 {column} 列是“{shown(cell)}”，不是数字。请填 1 到 5；不适用请留空。")
    value = known(cell)
    if not 1 <= value <= 5:
        raise MatrixRefused(f"第 {row} 行第 {column} 列是 {float(value):g}，不在 1 到 5 之间。不适用请留空，不要填 0。")
    return value


def weights_of(weights: Given, count: int, where: str = CHOSEN) -> list[Fraction]:
    """`count` weights of one row or column, none negative and not all zero."""
    cells = line(weights, "权重")
    for place, cell in enumerate(cells, start=1):
        if not is_number(cell):
            raise WeightsRefused(where, f"第 {place} 个是“{shown(cell)}”，不是数字。不计的项请填 0。")
    return plain_weights([cell for cell in cells if is_number(cell)], count, where)


def names_of(given: Given, count: int, what: str, unit: str) -> list[str]:
    """`count` names of one row or column; where they were left out, they are numbered."""
    if is_left_out(given):
        return [f"第 {place} {unit}" for place in range(1, count + 1)]
    found = line(given, what)
    if len(found) != count:
        raise MatrixRefused(f"{what}有 {len(found)} 个，应有 {count} 个。两者应一样多。")
    return [shown(cell) or f"第 {place} {unit}" for place, cell in enumerate(found, start=1)]


def marks_of(marks: Given) -> tuple[list[int], list[list[Fraction]]]:
    """The places and the marks of the rows that have any, 1 for the first row; such a row must have all of them.

    Weights that are drawn or moved cannot be shared out anew for every gap, so a gap is refused.
    """
    places, found = [], []
    for place, row in enumerate(rectangle(marks), start=1):
        if nothing_applies(row):
            continue
        values = [mark(cell, place, column) for column, cell in enumerate(row, start=1)]
        if None in values:
            gap = values.index(None) + 1
            raise MatrixRefused(f"第 {place} 行第 {gap} 列没有分数。这里要比较不同的权重，每格都要有 1 到 5 的分数。")
        places.append(place)
        found.append([value for value in values if value is not None])
    if not found:
        raise CellRefused("分数", "是空的。请选有分数的区域，每行一个候选。")
    return places, found


# --- days and times --------------------------------------------------------------------------------------------------


def moment(given: Given, what: str) -> datetime:
    """The local time that a cell means, to the nearest second: a date, a day number, or text that shows one.

    Day numbers are those of the 1900 system, which a door without dates hands over.
    """
    cell = one_cell(given, what)
    if is_blank(cell):
        raise CellRefused(what, f"是空的。请填日期和时间，例如 {SAMPLE_MOMENT}。")
    if isinstance(cell, datetime):
        if cell.tzinfo is not None:
            raise CellRefused(what, f"是 {cell}，带有时区。请填当地时间。")
        return _nearest_second(cell, what)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, str):
        return _from_text(cell, what)
    if is_number(cell) and FIRST_DAY <= cell < LAST_DAY + 1:
        return from_serial(float(cell))
    raise CellRefused(what, f"是 {shown(cell)}，不是日期。请填日期和时间，例如 {SAMPLE_MOMENT}。")


def day(given: Given, what: str) -> date:
    """The day that a cell means."""
    return moment(given, what).date()


def day_number(value: datetime) -> Fraction:
    """A moment as Excel counts it: days since 1899-12-30."""
    return Fraction(round((value - EPOCH).total_seconds()), 86_400)


def _nearest_second(value: datetime, what: str) -> datetime:
    try:  # a spreadsheet counts in days: half past nine may arrive as 09:29:59.999997
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    except OverflowError:
        raise CellRefused(what, f"是 {value}，超出日期的范围。") from None


def _from_text(text: str, what: str) -> datetime:
    found = _MOMENT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        if not found:
            raise ValueError
        value = datetime(*(int(part) for part in found.groups(default="0")))  # type: ignore[arg-type]
    except ValueError:
        raise CellRefused(what, f"是“{shown(text)}”，不是日期。请写成 {SAMPLE_MOMENT} 的样子。") from None
    if value < from_serial(FIRST_DAY):
        raise CellRefused(what, f"是“{shown(text)}”，不能早于 1900-03-01。")
    return value
