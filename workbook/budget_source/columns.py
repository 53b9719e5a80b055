"""Owns deciding which column is what: one column for each meaning and span of time, the others with why they are not taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workbook.adopting.old_file import OldSheet, letters
from workbook.adopting.values import words_of
from workbook.budget_source.around import Around, unit_name
from workbook.budget_source.headers import Table
from workbook.budget_source.model import AMOUNTS, IGNORE, MappedColumn, Remembered
from workbook.budget_source.money import squeeze
from workbook.budget_source.periods import NoYear, Period, read_period
from workbook.budget_source.refusals import YearUnknown
from workbook.budget_source.words import Meaning, understand_header

PROGRESS = ("planned_progress", "progress")
SAMPLES = 3
DECIDED = 9  # the rank of a column that people decided
WHAT = {
    "contract": "合同", "partner": "伙伴", "project": "项目", "category": "科目", "period": "期间", "starts_on": "开始", "ends_on": "结束", "budget": "预算",
    "actual": "实际", "committed": "已承诺", "planned_progress": "计划进度", "progress": "完成进度", "currency": "币种", "fx_rate": "汇率", "fx_on": "汇率日期",
    "tax": "含税", "tax_rate": "税率", "voucher": "凭证", "remark": "备注",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column as understood: `unit` and `currency` only where its own header states them; `cross` what it adds up."""

    index: int
    header: str
    meaning: str
    why: str
    rank: int = 0
    period: Period | None = None
    unit: int | None = None
    currency: str | None = None
    tax: str | None = None
    cross: str = ""
    doubtful: bool = False

    @property
    def code(self) -> str:
        """The span of its header, "" for none."""
        return self.period.code if self.period else ""


@dataclass(frozen=True)
class Knowledge:
    """Headers that people decided before: shown words → meaning and unit; asked before any guess."""

    by_header: Mapping[str, tuple[str, int | None]]

    @staticmethod
    def of(remembered: Remembered) -> Knowledge:
        """The remembered headers, compared without widths, case and blanks."""
        return Knowledge({squeeze(header): meaning for header, meaning in remembered.items()})

    def find(self, title: tuple[str, ...]) -> tuple[str, int | None] | None:
        """What people decided for a header; None if they never saw it."""
        return self.by_header.get(squeeze("／".join(title))) if self.by_header else None

    def understand(self, title: tuple[str, ...]) -> Meaning:
        """What a header means: as people decided, else by its words."""
        guess = understand_header(title)
        known = self.find(title)
        return guess if known is None else replace(guess, code=known[0], rank=DECIDED, why="", cross="", bare=False)


def understand_columns(file: str, sheet: OldSheet, table: Table, around: Around, known: Knowledge) -> list[Column]:
    """Every column with a header, each taken for one meaning and span or left out with the reason."""
    found = [
        _first_look(file, sheet, table, place, around, known)
        for place, title in enumerate(table.header.titles)
        if title
    ]
    found = _without_words(found, around.title)
    found = _sums_across(found)
    return _one_for_each(found)


def _first_look(file: str, sheet: OldSheet, table: Table, place: int, around: Around, known: Knowledge) -> Column:
    title = table.header.titles[place]
    shown, decided, meaning = table.header.shown(place), known.find(title), known.understand(title)
    dated = meaning.code in (*AMOUNTS, *PROGRESS) or meaning.bare or meaning.cross
    try:
        period = read_period(meaning.span, around.year) if meaning.span and dated else None
    except NoYear:
        raise YearUnknown(file, sheet.name, f" {letters(place)} 列表头", shown) from None
    money = meaning.money
    column = Column(
        place, shown, meaning.code or IGNORE, meaning.why or f"表头“{title[-1]}”是{WHAT.get(meaning.code, meaning.code)}", meaning.rank, period,
        money.unit if money and money.sure else None, money.currency if money else None, meaning.tax, meaning.cross,
    )  # fmt: skip
    if meaning.bare:
        return replace(column, meaning="bare")
    if decided is not None:
        unit = decided[1] if decided[1] is not None else column.unit
        return replace(column, unit=unit, why="按记住的对应" if decided[0] != IGNORE else "按记住的对应，不导入")
    return column


def _without_words(found: list[Column], title: str) -> list[Column]:
    """Spans without a word for what they hold: the title says so if it names only one amount."""
    plain = squeeze(title)
    budget, actual = "预算" in plain, re.search("实际|支出|执行|发生|决算", plain) is not None
    guess = "budget" if budget and not actual else "actual" if actual and not budget else ""
    why = f"期间“{{}}”下按标题是{WHAT.get(guess, '')}" if guess else "只有期间，看不出是预算还是实际"
    return [
        replace(c, meaning=guess or IGNORE, rank=2, why=why.format(c.header), doubtful=not guess) if c.meaning == "bare"
        else replace(c, cross=guess if c.cross == "?" else c.cross)
        for c in found
    ]  # fmt: skip


def _sums_across(found: list[Column]) -> list[Column]:
    """Columns that add up others of their row (合计, a quarter beside its months) are left out; their sums are compared."""
    dated = {meaning: [c for c in found if c.meaning == meaning and c.period and not c.cross] for meaning in AMOUNTS}
    result = []
    for column in found:
        parts = dated.get(column.cross or column.meaning, [])
        decided = column.rank == DECIDED or column.meaning not in AMOUNTS
        inside = [] if decided else [c for c in parts if column.period and c.period and column.period.holds(c.period)]
        if column.cross and not column.period:  # nothing to add up: 全年 over 预算 is the budget itself
            column = replace(column, meaning=IGNORE, why=f"横向合计，{_OURS}") if parts else replace(column, cross="")
        elif inside and column.period:
            whole = _tiled(column.period, inside)
            why = (
                f"含有单列的 {inside[0].code} 等期间，{_OURS}"
                if whole
                else f"与单列的 {inside[0].code} 等期间重叠，不取"
            )
            cross = column.meaning if whole else ""
            column = replace(column, cross=cross, meaning=IGNORE, doubtful=not whole, why=why)
        result.append(column)
    return result


_OURS = "由本簿自己计算"


def _tiled(span: Period, inside: Sequence[Column]) -> bool:
    """Whether the shorter spans fill the longer one, each day once (longer sums among them aside)."""
    parts = [c.period for c in inside if c.period]
    parts = [part for part in parts if not any(part.holds(other) for other in parts)]
    return sum((part.end - part.start).days + 1 for part in parts) == (span.end - span.start).days + 1


def _one_for_each(found: list[Column]) -> list[Column]:
    best: dict[tuple[str, str], Column] = {}
    for column in found:
        key = (column.meaning, column.code)
        if column.meaning not in (IGNORE, "period") and (key not in best or _before(column, best[key])):
            best[key] = column
    result = []
    for column in found:
        taken = best.get((column.meaning, column.code))
        if taken is None or taken is column:
            result.append(column)
            continue
        equal = taken.rank == column.rank and column.meaning in AMOUNTS
        why = f"也是{WHAT[column.meaning]}，已取 {letters(taken.index)} 列“{taken.header}”{_because(taken, column)}"
        result.append(replace(column, meaning=IGNORE, why=why, doubtful=equal))
    return result


def _before(column: Column, other: Column) -> bool:
    """Whether a column is taken before another of the same meaning: the adjusted one, yuan, with tax; else the first."""
    return _order(column) > _order(other)


def _order(column: Column) -> tuple[int, bool, bool]:
    return column.rank, column.currency in (None, "CNY"), column.tax != "excluded"


def _because(taken: Column, column: Column) -> str:
    if taken.rank > column.rank:
        return {"budget": "（调整后的数在前）", "actual": "（本期发生数在前，累计或支付数不取）"}.get(
            column.meaning, ""
        )
    if taken.tax != column.tax:
        return "（两列都有时取含税的）"
    return "（人民币的一列）" if taken.currency != column.currency else "（先出现的一列）"


def layout_of(columns: Sequence[Column]) -> str:
    """`wide` where amounts stand under more than one span of time, else `long`."""
    return "wide" if len({c.code for c in columns if c.meaning in AMOUNTS}) > 1 else "long"


def mapped(
    sheet: OldSheet,
    table: Table,
    columns: Sequence[Column],
    used: Mapping[int, Mapping[int, str]],
    hidden: frozenset[int],
) -> list[MappedColumn]:
    """The columns as people see them in a preview, with up to three of their values.

    `used` holds by column the units (in yuan) in which its amounts were read, and what stated them.
    """
    result = []
    for column in columns:
        samples: list[str] = []
        for number in range(table.first, min(table.last, table.first + 200) + 1):
            row = sheet.rows[number]
            if number not in table.repeated and column.index < len(row) and row[column.index] is not None and len(samples) < SAMPLES:  # fmt: skip
                samples.append(words_of(row[column.index])[:60])
        units = used.get(column.index, {})
        why = column.why
        if units:
            why += "；单位" + "、".join(f"{unit_name(unit)}（{how}）" for unit, how in units.items())
        why += "；这一列是隐藏的" if column.index in hidden else ""
        only = next(iter(units)) if len(units) == 1 else None
        result.append(MappedColumn(sheet.name, column.header, letters(column.index), column.meaning, only, column.code, tuple(samples), why))  # fmt: skip
    return result
