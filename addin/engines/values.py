"""Owns what a value becomes in a cell and what comes out of one, the same for every engine of ours.

A cell whose number format is "@" keeps text as it is. Any other cell reads text as if a person typed it, as Excel does:
"=1+1" is a formula, "00123" a number, "2026-11-01" a date, "TRUE" a boolean. What Excel would read in a way that is not
modelled here (a text that begins with + - @, "3/4", "10:30") is refused: outside text belongs into cells in text format.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from workbook.errors import PartnerBookError, ValueRefused
from workbook.ooxml.cells import Place, check_text

ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")
TEXT_FORMAT = "@"
EPOCH = dt.datetime(1899, 12, 30)  # day 0 of the 1900 calendar, as Excel's interfaces count from March 1900 on

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:(?<=\d)\.\d*|\.\d+)?(?:[eE][+-]?\d+)?(%?)")
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: +(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_UNCLEAR = re.compile(
    r"[+\-@].|\d{1,2}[-/]\d{1,2}(?:[-/]\d{1,4})?$|\d{1,2}:\d{2}(?::\d{2})?(?: *[AaPp][Mm])?$", re.DOTALL
)


class CellError(str):
    """An error value of a cell (`#N/A`); the same letters as text are a plain str."""

    __slots__ = ()


class FormulaText(str):
    """A formula with its =, in Excel's words; the same letters as text are a plain str."""

    __slots__ = ()


Entered: TypeAlias = "bool | float | dt.datetime | str | CellError | FormulaText | None"


class _Cell(Place):
    """A cell of a sheet, for the sentence that refuses its value."""

    def refuse(self, why: str) -> ValueRefused:
        return ValueRefused(f"{self.table}：{why}")


class TextReadByExcel(PartnerBookError):
    """A text would not stay text in a cell of that number format."""

    def __init__(self, text: str, where: str):
        super().__init__(
            f"{where}：“{text[:40]}”在这种格式的单元格里会被 Excel 当作公式、日期或时间。请先把单元格格式设为文本（@）再写入。"
        )


class NotForACell(PartnerBookError):
    """A value of a kind that no cell holds."""

    def __init__(self, value: object):
        super().__init__(
            f"单元格里放不下这样的值：{type(value).__name__} {str(value)[:40]}。请改成文字、数字、日期或空。"
        )


def for_writing(value: Any, _options: Any = None) -> Any:
    """A value of a caller as the engines take it: None, bool, int, float, str or datetime; else NotForACell."""
    if hasattr(value, "to_pydatetime"):  # pandas
        value = None if value != value else value.to_pydatetime()
    elif hasattr(value, "item") and not isinstance(value, (str, bytes)):  # numpy
        value = value.item()
    if value is None or isinstance(value, (bool, str)):
        return None if value == "" else value
    if isinstance(value, (int, float, Decimal)):
        if math.isnan(value):
            return None
        if math.isinf(value):
            raise NotForACell(value)
        return float(value) if isinstance(value, Decimal) else value
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None) if value.tzinfo is None else _refuse(value)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    return _refuse(value)


def _refuse(value: object) -> None:
    raise NotForACell(value)


def entered(value: Any, number_format: str, where: str) -> Entered:
    """What a cell of that format holds after the value is put in; `where` names it in a refusal."""
    if value is None or isinstance(value, (bool, dt.datetime)):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str):
        raise NotForACell(value)
    if value == "":
        return None
    check_text(value, _Cell(where, ""))
    if control := _CONTROL.search(value):
        raise ValueRefused(f"{where}：第 {control.start() + 1} 个字符是控制字符 U+{ord(control[0]):04X}，请删去它。")
    return str(value) if number_format == TEXT_FORMAT else _as_typed(value, where)


def _as_typed(text: str, where: str) -> Entered:
    if text.startswith("'"):
        return text[1:] or None
    if text.startswith("=") and len(text) > 1:
        return FormulaText(text)
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    if text.upper() in ERRORS:
        return CellError(text.upper())
    plain = text.strip(" ")
    number = _NUMBER.fullmatch(plain)
    if number and any(c.isdigit() for c in plain):
        figure = float(plain.rstrip("%").replace(",", ""))
        return figure / 100 if number[1] else figure
    if date := _DATE.fullmatch(plain):
        try:
            return dt.datetime(*(int(part or 0) for part in date.groups()))  # type: ignore[arg-type]
        except ValueError:
            return text
    if _UNCLEAR.match(plain):
        raise TextReadByExcel(text, where)
    return text


def serial(moment: dt.datetime) -> float:
    """The day number of a moment, as a cell keeps it."""
    return (moment - EPOCH) / dt.timedelta(days=1)


def moment(day: float) -> dt.datetime:
    """The moment of a day number, to the millisecond."""
    return EPOCH + dt.timedelta(milliseconds=round(day * 86_400_000))


def read_out(value: Any) -> Any:
    """A cell's value as the engines give it: times of day and durations become moments from day 0, as COM gives them."""
    if isinstance(value, dt.time):
        return dt.datetime.combine(EPOCH.date(), value)
    if isinstance(value, dt.timedelta):
        return EPOCH + value
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)
    return None if value == "" else value


def cleaned(
    data: Sequence[Sequence[Any]],
    dates: Callable[..., Any],
    empty_as: Any,
    numbers: Callable[[float], Any] | None,
    err_to_str: bool,
) -> list[list[Any]]:
    """Rows as xlwings hands them on: numbers are float, errors text or None, dates through the asked-for maker."""

    def one(value: Any) -> Any:
        if value is None:
            return empty_as
        if isinstance(value, CellError):
            return str(value) if err_to_str else None
        if isinstance(value, (bool, str)):
            return value
        if isinstance(value, dt.datetime):
            parts = {name: getattr(value, name) for name in ("year", "month", "day", "hour", "minute", "second")}
            return dates(**parts, microsecond=value.microsecond, tzinfo=None)
        return numbers(float(value)) if numbers else float(value)

    return [[one(value) for value in row] for row in data]


def formula_word(value: Any) -> str:
    """What `Range.formula` says of a cell that holds this value: constants as one would type them, "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        value = serial(value)
    if isinstance(value, (int, float)):
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    return str(value)
