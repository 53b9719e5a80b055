"""Owns reading one cell of a table in its column's sense: amounts in their unit and currency, days, percentages, tax."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from workbook.adopting.old_file import OldSheet, OldValue, letters
from workbook.adopting.values import words_of
from workbook.budget_source.around import Around
from workbook.budget_source.columns import Column
from workbook.budget_source.looks import Looks
from workbook.budget_source.model import Options
from workbook.budget_source.money import FormatSays, NoAmount, currency_of, read_amount, squeeze, tax_in, to_cents
from workbook.budget_source.notices import Notices, cell
from workbook.budget_source.periods import NoYear, Period, day_of, period_of
from workbook.budget_source.refusals import AmountRefused, RateMissing, UnitUnknown, YearUnknown

_PLAIN_FORMAT = FormatSays()
_YES, _NO = (
    ("是", "含", "含税", "y", "yes", "√", "1", "true"),
    ("否", "不含", "不含税", "未税", "n", "no", "×", "0", "false"),
)


class Money(NamedTuple):
    """An amount to the cent in its own currency."""

    original: Decimal
    currency: str


class Rate(NamedTuple):
    """Yuan for one unit of a currency, and the day it is of."""

    rate: Decimal
    on: date


@dataclass
class Reader:
    """Reads the cells of one table; `used` keeps by column the units that its amounts were read in, and why."""

    file: str
    sheet: OldSheet
    looks: Looks
    around: Around
    options: Options
    notices: Notices
    used: dict[int, dict[int, str]] = field(default_factory=dict)
    _percent: dict[int, Decimal] = field(default_factory=dict)

    # --- amounts

    def money(
        self, row: int, column: Column, value: OldValue, currency: str | None, quiet: bool = False
    ) -> Money | None:
        """The amount of a cell; `currency` is what the row's own column of currencies says; `quiet` notes nothing.

        Raises:
            AmountRefused, UnitUnknown: with the cell or column.
        """
        try:
            amount = read_amount(value)
            if amount is None:
                return None
            says = (
                _PLAIN_FORMAT if isinstance(value, str) else self.looks.formats.get((row, column.index), _PLAIN_FORMAT)
            )
            code = amount.currency or currency or column.currency or says.currency or self.around.currency
            if amount.yen_or_yuan and code not in ("CNY", "JPY"):
                raise NoAmount(f"写着 ¥，表里的币种却是 {code}")
            number = amount.value
            if number and (row, column.index) in self.looks.red:
                number = self._red(row, column, number, quiet)
            kept, finer = to_cents(number * self._unit(column, amount.unit, says))
        except NoAmount as error:
            raise AmountRefused(self.file, self.sheet.name, cell(row, column.index), words_of(value), str(error)) from None  # fmt: skip
        if finer and not quiet:
            self.notices.add(self.sheet.name, "金额比分还细，已四舍五入到分", cell(row, column.index))
        return Money(kept, code)

    def _unit(self, column: Column, own: int | None, says: FormatSays) -> Decimal:
        """Yuan for one: what the cell writes, its header, its number format, then what holds for the table."""
        around = self.around
        unit, how = next(
            (pair for pair in ((own, "单元格里写的"), (column.unit, "按表头或记住的"), (says.unit, "按数字格式")) if pair[0]),
            (around.unit, around.how_unit),
        )  # fmt: skip
        if unit is None and column.currency and not around.units:
            unit, how = 1, "按表头写的币种"
        if unit is None or (column.unit and says.unit and column.unit != says.unit):
            stated = around.units if unit is None else ("表头和数字格式不一致",)
            raise UnitUnknown(self.file, self.sheet.name, letters(column.index), column.header, stated)
        scale = 1 if own else says.scale
        # A format that shows ten thousands of a number in yuan: the cell itself is in yuan.
        worth = unit if scale == 1 else max(unit // scale, 1) if unit % scale == 0 else unit
        self.used.setdefault(column.index, {}).setdefault(worth, how)
        return Decimal(worth)

    def _red(self, row: int, column: Column, number: Decimal, quiet: bool) -> Decimal:
        if number > 0 and self.around.red_is_negative:
            return -number
        if number < 0 or quiet:
            return number
        self.notices.add(self.sheet.name, "是红字的正数，表上没有写“红字为负”，按正数读入；如果红字表示负数，请在表里写明", cell(row, column.index))  # fmt: skip
        return number

    def rate(self, row: int, currency: str, rate: OldValue, on: date | None) -> Rate:
        """The exchange rate of a foreign amount: the row's own, else the given one; raises `RateMissing`."""
        given = self.options.rates.get(currency)
        try:
            own = read_amount(rate)
        except NoAmount:
            own = None
        if own is not None and own.value > 0:
            if on is None and given is None:
                raise RateMissing(self.file, self.sheet.name, row + 1, currency, no_day=True)
            if on is not None:
                return Rate(own.value, on)
        if given is None:
            raise RateMissing(self.file, self.sheet.name, row + 1, currency)
        return Rate(*given)

    def currency(self, row: int, column: Column, value: OldValue) -> str | None:
        """The currency that a cell names."""
        text = words_of(value)
        code = currency_of(text)
        if code is None and text:
            if not re.fullmatch("[A-Za-z]{3}", text.strip()):
                raise AmountRefused(self.file, self.sheet.name, cell(row, column.index), text, "币种不认识")
            return text.strip().upper()
        return code

    # --- time

    def period(self, row: int, columns: Sequence[tuple[Column, OldValue]]) -> Period | None:
        """The span of a row: a column of years counts for a column of months beside it."""
        found: Period | None = None
        year = self.around.year
        for column, value in sorted(columns, key=lambda pair: not _of_years(pair[0])):
            if value is None:
                continue
            bare = "month" if "月" in column.header else "quarter" if "季" in column.header else ""
            try:
                span = period_of(value, year, bare)
            except NoYear:
                raise YearUnknown(self.file, self.sheet.name, cell(row, column.index), words_of(value)) from None
            if span is None:
                self.notices.add(self.sheet.name, "不是能读的期间，这一行没有期间", cell(row, column.index))
                continue
            if found is None or found.holds(span):
                found, year = span, span.start.year
        return found

    def day(self, row: int, column: Column, value: OldValue, *, end: bool) -> date | None:
        """The day of a cell; words that are no day are noted."""
        if value is None:
            return None
        try:
            day = day_of(value, self.around.year, end=end)
        except NoYear:
            raise YearUnknown(self.file, self.sheet.name, cell(row, column.index), words_of(value)) from None
        if day is None:
            self.notices.add(self.sheet.name, f"不是能读的日期，没有取（{column.header}）", cell(row, column.index))
        return day

    # --- percentages and tax

    def percent(self, row: int, column: Column, value: OldValue) -> Decimal | None:
        """A percentage: `80%`, 80, or a fraction where the format or the whole column says that it is one."""
        if value is None:
            return None
        text = squeeze(words_of(value))
        number = _number(text.removesuffix("%"))
        if number is None:
            if text.strip("-/—–无"):
                self.notices.add(self.sheet.name, f"不是百分数，没有取（{column.header}）", cell(row, column.index))
            return None
        if text.endswith("%") and isinstance(value, str):
            return number
        if self.looks.formats.get((row, column.index), _PLAIN_FORMAT).percent:
            return number * 100
        return number * self._times(column)

    def _times(self, column: Column) -> Decimal:
        """100 for a column of bare fractions, else 1."""
        if column.index not in self._percent:
            values = [
                _number(squeeze(words_of(row[column.index]))) for row in self.sheet.rows if column.index < len(row)
            ]
            numbers = [value for value in values if value is not None]
            fractions = max(numbers, default=Decimal(2)) <= 1 and any(0 < n < 1 for n in numbers) and "%" not in squeeze(column.header)  # fmt: skip
            self._percent[column.index] = Decimal(100 if fractions else 1)
            if fractions:
                self.notices.add(self.sheet.name, f"“{column.header}”一列都不大于 1，按比例读成百分数")
        return self._percent[column.index]

    def tax(self, value: OldValue) -> str | None:
        """`included`, `excluded` or None of a cell in a column about tax."""
        text = squeeze(words_of(value))
        return "included" if text in _YES else "excluded" if text in _NO else tax_in([text])


def _of_years(column: Column) -> bool:
    return "年" in column.header and "月" not in column.header and "期" not in column.header


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?[0-9]{1,12}(?:\.[0-9]{1,15})?", text) else None
