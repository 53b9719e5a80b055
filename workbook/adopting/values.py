"""Owns what an old cell means to one of our columns: a value, nothing, or the reason why it does not fit.

Nothing is guessed: an amount without a unit, a date without a day, a code that lost digits are reasons, not values.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import singledispatch
from typing import Any

from workbook import schema
from workbook.adopting.old_file import Broken, OldValue
from workbook.adopting.words import COUNT_WORDS, FOREIGN_MONEY, UNITS, choice_words, plain
from workbook.rows import from_serial
from workbook.schema import Column, Invalid, clean_text, compact

SERIALS = range(20_000, 80_000)  # day numbers from 1954 to 2119: whole numbers outside them are no dates
LOST = 10**15  # from here on a number cell has lost its last digits
CENT = Decimal("0.01")


class DoesNotFit(Exception):
    """A cell that its column refuses; the sentence is the reason that people read."""


def words_of(value: OldValue) -> str:
    """A cell as people read it: dates as dates, whole numbers without a fraction; "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, Broken):
        return value.text
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
    if isinstance(value, float) and abs(value) >= LOST:
        return f"{value:.15G}"
    return value.strip() if isinstance(value, str) else str(value)


def storable(text: str) -> str:
    """Text that a workbook can hold: characters that none can are written as their numbers."""
    return re.sub("[\x00\ud800-\udfff\ufffd\ufffe\uffff]", lambda found: f"(U+{ord(found[0]):04X})", text)


def take(table: str, column: Column, value: OldValue, unit: int | None = None, date1904: bool = False) -> Any:
    """The value of a column that an old cell means, None for a blank one.

    `unit` is the worth in yuan of an amount without a unit of its own.

    Raises:
        DoesNotFit: with the reason.
    """
    if value is None:
        return None
    if isinstance(value, Broken):
        raise DoesNotFit(value.reason)
    try:
        return meaning(column, value, Around(table, unit, date1904))
    except Invalid as error:
        raise DoesNotFit(error.label.zh) from None


class Around:
    """What a cell's meaning depends on besides the cell."""

    def __init__(self, table: str, unit: int | None, date1904: bool):
        self.table, self.unit, self.date1904 = table, unit, date1904


@singledispatch
def meaning(column: Column, value: OldValue, around: Around) -> Any:
    """What a cell means to a kind of column; raises `Invalid` or `DoesNotFit`."""
    raise DoesNotFit(f"{column.zh}不能从旧表导入")


@meaning.register(schema.Text)
def _text(column: schema.Text, value: OldValue, around: Around) -> Any:
    """Words as they stand; a line break inside a one-line field is layout and becomes a blank."""
    _refuse_lost_digits(value)
    text = clean_text(value if isinstance(value, str) else words_of(value))
    if not column.lines:
        text = re.sub(r"(?<=[^\x00-\x7f])\s*\n\s*(?=[^\x00-\x7f])", "", text)
        text = re.sub(r"\s*\n\s*", " ", text)
    return column.check(text) if text else None


def _refuse_lost_digits(value: OldValue) -> None:
    lost = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= LOST
    shown = isinstance(value, str) and re.fullmatch(r"\d(\.\d+)?[Ee]\+?\d{2,}", compact(value))
    if lost or shown:
        raise DoesNotFit("被当作数字保存，末尾几位已经丢失，请对照原件重新填写")


@meaning.register(schema.CreditCode)
@meaning.register(schema.Phone)
@meaning.register(schema.Email)
def _code(column: Column, value: OldValue, around: Around) -> Any:
    """Numbers that Excel took for numbers are their digits again, as long as none is lost."""
    _refuse_lost_digits(value)
    return column.parse(words_of(value))


@meaning.register(schema.Number)
def _number(column: schema.Number, value: OldValue, around: Around) -> Any:
    """Digits in any width, with thousands separators or a counting word such as 人."""
    if isinstance(value, bool | date):
        raise DoesNotFit(f"{column.zh}应为数字")
    if isinstance(value, int | float):
        return column.check(Decimal(repr(value)))
    return schema.Number.parse(column, COUNT_WORDS.sub("", compact(str(value))) or str(value))


@meaning.register(schema.Money)
def _money(column: schema.Money, value: OldValue, around: Around) -> Any:
    """Yuan: the unit in the cell counts before the header's; without any, the amount could be 10,000 times off."""
    if isinstance(value, bool | date):
        raise DoesNotFit(f"{column.zh}应为金额")
    text = repr(value) if isinstance(value, int | float) else compact(str(value)).replace(",", "").lower()
    if FOREIGN_MONEY.search(text):
        raise DoesNotFit("不是人民币，不换算")
    found = re.fullmatch(r"(?:人民币|rmb|cny|¥|￥)?([+-]?[\d.]+(?:e[+-]?\d+)?)(\D*)", text)
    if not found or (found[2] and found[2] not in UNITS):
        raise DoesNotFit(f"{column.zh}应为数字，例如 1234.5")
    unit = UNITS[found[2]] if found[2] else around.unit
    if unit is None:
        raise DoesNotFit('没有写单位（元还是万元）；请在映射里给这一列写 "unit": 1 或 10000')
    try:
        amount = Decimal(found[1]) * unit
    except ArithmeticError:
        raise DoesNotFit(f"{column.zh}应为数字，例如 1234.5") from None
    near = amount.quantize(CENT) if amount.adjusted() < 20 else amount
    return column.check(near if abs(near - amount) <= abs(amount) * Decimal("1e-13") else amount)


@meaning.register(schema.Date)
def _date(column: schema.Date, value: OldValue, around: Around) -> Any:
    """Real dates, day numbers without a date format, and the ways in which people type a day."""
    if isinstance(value, datetime):
        return column.check(value.date())
    if isinstance(value, date):
        return column.check(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and int(value) in SERIALS:
        return column.check(from_serial(float(value), around.date1904).date())
    text = re.sub(r"\s+0{1,2}:00(:00(\.0+)?)?$", "", unicodedata.normalize("NFKC", words_of(value)))
    return column.parse(text)


@meaning.register(schema.Choice)
def _choice(column: schema.Choice, value: OldValue, around: Around) -> Any:
    """Our own words in both languages, and those that companies use for the same."""
    text = words_of(value)
    by_word = {plain(word): code for code, label in column.options.items() for word in label}
    code = by_word.get(plain(text)) or choice_words(around.table, column.name).get(plain(text))
    if code is None:
        known = "、".join(label.zh for label in column.options.values())
        raise DoesNotFit(f"不是{column.zh}的选项：{known}")
    return code


@meaning.register(schema.Scale)
def _scale(column: schema.Scale, value: OldValue, around: Around) -> Any:
    """A whole mark from 1 to 5, or the declared word for not applicable; words such as 良好 are no marks."""
    text = compact(words_of(value))
    if column.unknown and plain(text) in map(plain, column.unknown):
        return 0
    whole = re.fullmatch(r"([1-5])(?:\.0+)?分?", text)
    if not whole:
        raise DoesNotFit("分数应为 1 到 5 的整数")
    return int(whole[1])


def scaled_mark(value: OldValue, full: int) -> tuple[int, Decimal]:
    """A mark out of `full` as one of 1 to 5, and the exact mark before rounding half up.

    Raises:
        DoesNotFit: no number, outside 0 to `full`, or less than a half of mark 1.
    """
    text = compact(words_of(value)).removesuffix("分")
    if isinstance(value, Broken | bool | date) or not re.fullmatch(r"\d+(\.\d*)?", text) or Decimal(text) > full:
        raise DoesNotFit(f"应为 0 到 {full} 的分数")
    exact = Decimal(text) * 5 / full
    mark = int(exact + Decimal("0.5"))
    if mark < 1:
        raise DoesNotFit(f"按满分 {full} 换算不足 1 分")
    return mark, exact
