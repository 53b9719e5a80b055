"""Owns sorting the rows under a header: each non-blank one is a line (or lines), a total, or left out with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from workbook.adopting.old_file import Broken, OldValue
from workbook.adopting.values import words_of
from workbook.budget_source.columns import PROGRESS, Column
from workbook.budget_source.events import BreakEvent, Event, Key, LineEvent, TotalEvent
from workbook.budget_source.headers import IDENTITY, Table
from workbook.budget_source.model import AMOUNTS, NOTHING, LeftOut, SourceLine, TotalCheck
from workbook.budget_source.notices import cell
from workbook.budget_source.periods import Period
from workbook.budget_source.reading import Money, Rate, Reader
from workbook.budget_source.refusals import AmountRefused
from workbook.budget_source.words import TotalWords, is_footer, is_of_which, total_words
from workbook.evaluation.exact import half_up

WORDS = (*IDENTITY, "voucher", "remark")
_NO_LABEL = (*AMOUNTS, *PROGRESS, "fx_rate", "fx_on", "tax", "tax_rate", "currency", "remark", "starts_on", "ends_on")
HEADER_AGAIN, NOTE, SECTION = "重复的表头", "表下的说明或签字", "分组标题，没有金额"
NO_AMOUNT, NO_TOTAL, NAMELESS = "没有金额", "合计行没有金额", "只有数字，没有合同、伙伴、项目或科目，不能确定是哪一笔"
PART = "“其中”的一项，已经包含在上面的一行里"
LONGEST_SECTION = 40


@dataclass
class Body:
    """Reads the rows of one table into events, lines, and rows left out."""

    reader: Reader
    table: Table
    columns: Sequence[Column]
    events: list[Event] = field(default_factory=list)
    lines: list[SourceLine] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    across: list[TotalCheck] = field(default_factory=list)

    def __post_init__(self) -> None:
        by = {c.meaning: c for c in self.columns}
        self._one = {name: by[name] for name in (*WORDS, "starts_on", "ends_on", "currency", "fx_rate", "fx_on", "tax", "tax_rate") if name in by}  # fmt: skip
        self._periods = [c for c in self.columns if c.meaning == "period"]
        self._amounts = [c for c in self.columns if c.meaning in AMOUNTS]
        self._progress = [c for c in self.columns if c.meaning in PROGRESS]
        self._sums = [c for c in self.columns if c.cross]
        numbers = {c.index for c in self.columns if c.meaning in _NO_LABEL or c.cross}
        self._labels = [i for i in range(self.reader.sheet.width) if i not in numbers]
        self._named = [c.index for name in IDENTITY if (c := self._one.get(name))]
        self._nameless = [i for i in range(self.reader.sheet.width) if i not in {c.index for c in self.columns}]
        self._tall = self._tall_cells()

    def _tall_cells(self) -> dict[tuple[int, int], OldValue]:
        """The value of a merged cell for each lower row that it covers; an amount counts once, on its first row."""
        rows = self.reader.sheet.rows
        found: dict[tuple[int, int], OldValue] = {}
        amounts = {c.index for c in self._amounts}
        for area in self.reader.sheet.merged:
            if area.bottom == area.top or area.top < self.table.first or area.bottom > self.table.last:
                continue
            value = rows[area.top][area.left] if area.top < len(rows) and area.left < len(rows[area.top]) else None
            if area.left in amounts and value is not None:
                self._note("金额在合并的单元格里，只计一次，记在第一行", cell(area.top, area.left))
            elif value is not None:
                found |= {(row, area.left): value for row in range(area.top + 1, area.bottom + 1)}
        return found

    def _note(self, sentence: str, place: str = "") -> None:
        self.reader.notices.add(self.reader.sheet.name, sentence, place)

    def read(self) -> None:
        """Goes through the rows once, from top to bottom."""
        sheet = self.reader.sheet
        for number in range(self.table.first, self.table.last + 1):
            row = sheet.rows[number]
            if number in self.table.repeated:
                self._out(number, HEADER_AGAIN)
                self.events.append(BreakEvent(number))
            elif any(value is not None for value in row):
                self._sort(number, row)

    def _out(self, number: int, why: str) -> None:
        words = "｜".join(words_of(value) for value in self.reader.sheet.rows[number] if value is not None)
        self.left_out.append(LeftOut(self.reader.sheet.name, number + 1, words[:200], why))

    def _at(self, number: int, row: Sequence[OldValue], index: int) -> OldValue:
        value = row[index] if index < len(row) else None
        return self._tall.get((number, index)) if value is None and self._tall else value

    # --- sorting

    def _sort(self, number: int, row: Sequence[OldValue]) -> None:
        total = self._total_words(row)
        currency = self._currency(number, row, refuse=False)
        amounts, refusal = self._read_amounts(number, row, currency, quiet=total is not None)
        if total is not None:
            self._total(number, total, amounts, refusal)
        elif not amounts:
            self._without_amounts(number, row, refusal)
        elif self._is_part(row):
            self._out(number, PART)
        elif refusal is not None:
            raise refusal
        elif not self._is_named(number, row):
            self._out(number, NAMELESS)
            self._note(NAMELESS + "，没有读入", f"第 {number + 1} 行")
        elif not any(money.original for _, money in amounts) and self._words_in(row) <= 1:
            self._out(number, NO_AMOUNT)
        else:
            self._currency(number, row, refuse=True)
            self._line(number, row, amounts)

    def _total_words(self, row: Sequence[OldValue]) -> TotalWords | None:
        for index in self._labels:
            value = row[index] if index < len(row) else None
            if isinstance(value, str) and (found := total_words(value)):
                return found
        return None

    def _currency(self, number: int, row: Sequence[OldValue], *, refuse: bool) -> str | None:
        column = self._one.get("currency")
        if column is None:
            return None
        try:
            return self.reader.currency(number, column, self._at(number, row, column.index))
        except AmountRefused:
            if refuse:
                raise
            return None

    def _read_amounts(
        self, number: int, row: Sequence[OldValue], currency: str | None, *, quiet: bool
    ) -> tuple[list[tuple[Column, Money]], AmountRefused | None]:
        """The amounts of a row, and the first refusal among its amount cells."""
        found, refusal = [], None
        for column in self._amounts:
            value = row[column.index] if column.index < len(row) else None
            if value is None:
                continue
            try:
                money = self.reader.money(number, column, value, currency, quiet)
            except AmountRefused as error:
                refusal = refusal or error
                continue
            if money is not None:
                found.append((column, money))
        return found, refusal

    def _total(self, number: int, total: TotalWords, amounts: Sequence[tuple[Column, Money]], refusal: AmountRefused | None) -> None:  # fmt: skip
        if refusal is not None:
            self._note(f"合计行里有不是金额的内容，没有核对：{refusal.content[:20]}", refusal.cell)
        if not amounts:
            self._out(number, NO_TOTAL)
            return
        stated = {(column.meaning, column.code): money.original for column, money in amounts}
        self.events.append(TotalEvent(number, total.label, total.kind, stated))

    def _without_amounts(self, number: int, row: Sequence[OldValue], refusal: AmountRefused | None) -> None:
        first = next(words_of(value) for value in row if value is not None)
        filled = len({words_of(value) for value in row if value is not None})
        if isinstance(next(value for value in row if value is not None), str) and is_footer(first):
            self._out(number, NOTE)
        elif filled == 1 and not (refusal and _is_broken(row)):
            section = len(first) <= LONGEST_SECTION
            self._out(number, SECTION if section else NOTE)
            if section:
                self.events.append(BreakEvent(number))
        elif refusal is not None:
            raise refusal
        elif self._is_named(number, row) and any(self._at(number, row, c.index) is not None for c in self._progress):
            self._line(number, row, [])
        else:
            self._out(number, NO_AMOUNT)

    def _is_part(self, row: Sequence[OldValue]) -> bool:
        if not any(isinstance(value, str) and "其中" in value and is_of_which(value) for value in row):
            return False
        return bool(self.events) and isinstance(self.events[-1], LineEvent)

    def _is_named(self, number: int, row: Sequence[OldValue]) -> bool:
        return any(self._at(number, row, index) is not None for index in self._named)

    def _words_in(self, row: Sequence[OldValue]) -> int:
        return sum(index < len(row) and row[index] is not None for index in self._labels)

    # --- a line

    def _line(self, number: int, row: Sequence[OldValue], amounts: Sequence[tuple[Column, Money]]) -> None:
        rate = self._rate(number, row, {money.currency for _, money in amounts})
        groups: dict[str, dict[str, Money]] = {}
        spans: dict[str, Period | None] = {}
        original: dict[Key, Decimal] = {}
        yuan: dict[Key, Decimal] = {}
        for column, money in amounts:
            key = (column.meaning, column.code)
            groups.setdefault(column.code, {})[column.meaning] = money
            spans[column.code] = column.period
            original[key], yuan[key] = money.original, _in_yuan(money, rate)
        hidden = number in self.reader.looks.hidden_rows
        self.events.append(LineEvent(number, original, yuan, hidden))
        common = self._common(number, row, hidden)
        own = self._own_span(number, row)
        progress = self._progress_by_span(number, row, list(groups) or [""])
        for code in groups or {"": {}}:
            span = self._span(spans.get(code), own)
            self.lines.append(self._source_line(common, span, groups.get(code, {}), progress.get(code, {}), rate))
        self._compare_across(number, row, original)
        for index in self._nameless:
            if index < len(row) and row[index] is not None:
                self._note("这一列没有表头，没有取", f"第 {index + 1} 列")

    def _rate(self, number: int, row: Sequence[OldValue], currencies: set[str]) -> tuple[str, Rate] | None:
        foreign = sorted(currencies - {"CNY"})
        if not foreign:
            return None
        if len(foreign) > 1:
            place = f"第 {number + 1} 行"
            raise AmountRefused(self.reader.file, self.reader.sheet.name, place, "、".join(foreign), "一行里有两种外币")
        value = self._value(number, row, "fx_rate")
        column = self._one.get("fx_on")
        on = self.reader.day(number, column, self._value(number, row, "fx_on"), end=True) if column else None
        return foreign[0], self.reader.rate(number, foreign[0], value, on)

    def _value(self, number: int, row: Sequence[OldValue], name: str) -> OldValue:
        column = self._one.get(name)
        return None if column is None else self._at(number, row, column.index)

    def _common(self, number: int, row: Sequence[OldValue], hidden: bool) -> SourceLine:
        """A line with everything but its span, amounts and rate."""
        words = [self._words(number, row, name) for name in WORDS]
        contract, partner, project, category, voucher, remark = words
        column = self._one.get("tax_rate")
        tax_rate = self.reader.percent(number, column, self._value(number, row, "tax_rate")) if column else None
        tax = self.reader.tax(self._value(number, row, "tax")) if "tax" in self._one else None
        return SourceLine(
            self.reader.sheet.name, number + 1, contract, partner, project, category, voucher, remark,
            tax=tax, tax_rate=tax_rate, hidden=hidden,
        )  # fmt: skip

    def _words(self, number: int, row: Sequence[OldValue], name: str) -> str:
        """The words of a cell; those of a formula that lost its result are none, and that is told."""
        value, column = self._value(number, row, name), self._one.get(name)
        if isinstance(value, Broken) and column is not None:
            self.reader.notices.add(
                self.reader.sheet.name, f"{value.reason}，这一格按空白读", cell(number, column.index)
            )
            return ""
        return words_of(value)

    def _own_span(self, number: int, row: Sequence[OldValue]) -> tuple[date | None, date | None]:
        """From and until of the row itself: its own two columns, else its column of spans."""
        ends = []
        for name in ("starts_on", "ends_on"):
            column = self._one.get(name)
            value = self._value(number, row, name)
            ends.append(self.reader.day(number, column, value, end=name == "ends_on") if column else None)
        if self._periods and None in ends:
            span = self.reader.period(number, [(c, self._at(number, row, c.index)) for c in self._periods])
            if span is not None:
                return ends[0] or span.start, ends[1] or span.end
        return ends[0], ends[1]

    def _span(self, column: Period | None, own: tuple[date | None, date | None]) -> tuple[date | None, date | None]:
        """The span of a line: the shorter one of its column's and its row's, else what the title says."""
        if column is not None:
            inside = own[0] is not None and own[1] is not None and column.start <= own[0] <= own[1] <= column.end
            return own if inside else (column.start, column.end)
        if own != (None, None):
            return own
        title = self.reader.around.span
        return (title.start, title.end) if title else (None, None)

    def _progress_by_span(
        self, number: int, row: Sequence[OldValue], codes: Sequence[str]
    ) -> dict[str, dict[str, Decimal]]:
        """Progress under a span goes to that span's line, progress of the whole row to its last line."""
        found: dict[str, dict[str, Decimal]] = {}
        for column in self._progress:
            value = self.reader.percent(number, column, self._at(number, row, column.index))
            if value is not None:
                code = column.code if column.code in codes else codes[-1]
                found.setdefault(code, {})[column.meaning] = value
        return found

    def _source_line(
        self, common: SourceLine, span: tuple[date | None, date | None], amounts: Mapping[str, Money],
        progress: Mapping[str, Decimal], rate: tuple[str, Rate] | None,
    ) -> SourceLine:  # fmt: skip
        foreign = {name: money.original for name, money in amounts.items() if money.currency != "CNY"}
        own = rate if foreign else None
        yuan = {name: _in_yuan(money, rate) for name, money in amounts.items()}
        tax = common.tax or next((c.tax for c in self._amounts if c.tax and c.meaning in amounts), None)
        return replace(
            common,
            starts_on=span[0],
            ends_on=span[1],
            budget=yuan.get("budget"),
            actual=yuan.get("actual"),
            committed=yuan.get("committed"),
            budget_original=foreign.get("budget"),
            actual_original=foreign.get("actual"),
            planned_progress=progress.get("planned_progress"),
            progress=progress.get("progress"),
            currency=own[0] if own else "CNY",
            fx_rate=own[1].rate if own else None,
            fx_on=own[1].on if own else None,
            tax=tax or self.reader.around.tax,
        )

    def _compare_across(self, number: int, row: Sequence[OldValue], original: Mapping[Key, Decimal]) -> None:
        """A sum across that its own row contradicts is a disagreement; those that agree are many and not kept."""
        for column in self._sums:
            try:
                money = self.reader.money(number, column, self._at(number, row, column.index), None, quiet=True)
            except AmountRefused:
                continue
            inside = {c.code for c in self._amounts if c.meaning == column.cross and _covers(column.period, c.period)}
            computed = sum((original.get((column.cross, code), NOTHING) for code in inside), NOTHING)
            if money is not None and money.original != computed:
                label = f"{column.header}（横向合计）"
                self.across.append(TotalCheck(self.reader.sheet.name, number + 1, label, column.cross, column.code, money.original, computed))  # fmt: skip


def _covers(span: Period | None, other: Period | None) -> bool:
    return other is not None and (span is None or span.holds(other))


def _in_yuan(money: Money, rate: tuple[str, Rate] | None) -> Decimal:
    if money.currency == "CNY" or rate is None:
        return money.original
    return half_up(money.original * rate[1].rate, 2)


def _is_broken(row: Sequence[OldValue]) -> bool:
    return any(isinstance(value, Broken) for value in row)
