"""Owns the way from a finance file's bytes to what it says: sheets chosen, tables found, lines read, totals compared.

Nothing is written and no workbook of ours is known here. A sum that the file states and its lines contradict is reported,
never mended; what cannot be known (unit, year, exchange rate) is asked for, never guessed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from workbook.adopting.old_file import OldFileUnreadable, OldSheet, read_old
from workbook.adopting.values import words_of
from workbook.budget_source.around import Around, look_around, unit_name
from workbook.budget_source.body import Body
from workbook.budget_source.columns import Column, Knowledge, layout_of, mapped, understand_columns
from workbook.budget_source.events import Event, TableEvent
from workbook.budget_source.headers import Table, find_tables
from workbook.budget_source.looks import PLAIN, Looks, looks_of
from workbook.budget_source.model import (
    AMOUNTS,
    NOTHING,
    LeftOut,
    MappedColumn,
    Options,
    Remembered,
    SourceLine,
    TotalCheck,
    Understood,
    UnderstoodSheet,
)
from workbook.budget_source.notices import Notices
from workbook.budget_source.reading import Reader
from workbook.budget_source.refusals import (
    AmountRefused,
    NoBudgetTable,
    RateMissing,
    SheetMissing,
    UnitUnknown,
    YearUnknown,
)
from workbook.budget_source.totals import Totals

__all__ = [
    "AmountRefused",
    "NoBudgetTable",
    "OldFileUnreadable",
    "RateMissing",
    "SheetMissing",
    "UnitUnknown",
    "YearUnknown",
    "understand",
]

ABOVE, HEADER, BESIDE = "表头上方的标题或说明", "表头", "前一张表之后、这张表之前的标题或说明"
HIDDEN_SHEET = "隐藏的工作表，没有读；需要时请指定它"
NOT_CHOSEN, EMPTY = "没有选这张表", "空表"
NO_HEADER = "没有同时写着预算或实际、以及合同、供应商、项目或科目的表头"
SUMMARY = re.compile(r"汇总|总表|总览|summary", re.IGNORECASE)


@dataclass
class _Sheet:
    """What one sheet gave."""

    facts: UnderstoodSheet
    columns: list[MappedColumn] = field(default_factory=list)
    lines: list[SourceLine] = field(default_factory=list)
    checks: list[TotalCheck] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def total(self, meaning: str) -> Decimal:
        return sum((getattr(line, meaning) or NOTHING for line in self.lines), NOTHING)


def understand(
    name: str, data: bytes, *, options: Options | None = None, remembered: Remembered | None = None
) -> Understood:
    """What a finance file says; `name` tells its format and is named in every refusal.

    Raises:
        OldFileUnreadable: no spreadsheet, protected, or damaged.
        SheetMissing: a sheet of `options.sheets` is not there.
        NoBudgetTable: no sheet has a header with an amount; names what was seen on each.
        UnitUnknown, YearUnknown, RateMissing: what is stated nowhere and not in `options`.
        AmountRefused: a cell among the amounts that is no amount.
    """
    reading = _File(Path(name).name, options or Options(), Knowledge.of(remembered or {}))
    sheets = read_old(Path(name), data)
    reading.refuse_missing([sheet.name for sheet in sheets])
    looks = looks_of(data)
    found = [reading.sheet(sheet, looks.get(sheet.name, PLAIN)) for sheet in sheets]
    found = _without_summaries(found, reading)
    if not any(sheet.facts.kind == "budget" for sheet in found):
        raise NoBudgetTable(reading.file, [(sheet.facts.name, sheet.facts.why) for sheet in found])
    return Understood(
        reading.file,
        hashlib.sha256(data).hexdigest(),
        tuple(sheet.facts for sheet in found),
        tuple(column for sheet in found for column in sheet.columns),
        tuple(line for sheet in found for line in sheet.lines),
        tuple(check for sheet in found for check in sheet.checks),
        tuple(out for sheet in found for out in sheet.left_out),
        reading.notices.sentences(),
    )


def _without_summaries(found: Sequence[_Sheet], reading: _File) -> list[_Sheet]:
    """A summary beside the sheets that it adds up would count every amount twice; it is read only when asked for."""
    budgets = [sheet for sheet in found if sheet.facts.kind == "budget"]
    summaries = [sheet for sheet in budgets if SUMMARY.search(sheet.facts.name) and not reading.options.sheets]
    details = [sheet for sheet in budgets if sheet not in summaries]
    if not summaries or not details:
        return list(found)
    result = []
    for sheet in found:
        if sheet in summaries:
            same = all(sheet.total(name) == sum((d.total(name) for d in details), NOTHING) for name in AMOUNTS)
            why = f"汇总表，与其他工作表{'的合计相同' if same else '的合计不同'}，没有读，以免重复计算"
            if not same:
                reading.notices.add(sheet.facts.name, f"{why}；如果要读它，请指定它")
            sheet = _Sheet(UnderstoodSheet(sheet.facts.name, "ignored", why))
        result.append(sheet)
    return result


@dataclass
class _File:
    """One file on its way: its name, what people said about it, and what they should know."""

    file: str
    options: Options
    known: Knowledge
    notices: Notices = field(default_factory=Notices)

    def refuse_missing(self, names: Sequence[str]) -> None:
        for wanted in self.options.sheets:
            if wanted not in names:
                raise SheetMissing(self.file, wanted, names)

    def sheet(self, sheet: OldSheet, looks: Looks) -> _Sheet:
        """One sheet, read or ignored with the reason."""
        chosen = self.options.sheets
        why = ""
        if chosen and sheet.name not in chosen:
            why = NOT_CHOSEN
        elif sheet.hidden and not chosen:
            why = HIDDEN_SHEET
        elif not sheet.rows:
            why = EMPTY
        tables = [] if why else find_tables(sheet, self.known.understand)
        if not tables:
            return _Sheet(UnderstoodSheet(sheet.name, "ignored", why or _seen(sheet)))
        return self._tables(sheet, looks, tables)

    def _tables(self, sheet: OldSheet, looks: Looks, tables: Sequence[Table]) -> _Sheet:
        result = _Sheet(UnderstoodSheet(sheet.name, "budget", ""))
        events: list[Event] = []
        after = 0
        for place, table in enumerate(tables):
            around = look_around(self.file, sheet, table, after, self.options)
            columns = understand_columns(self.file, sheet, table, around, self.known)
            reader = Reader(self.file, sheet, looks, around, self.options, self.notices)
            body = Body(reader, table, columns)
            body.read()
            result.left_out += _around_table(sheet, table, after, ABOVE if place == 0 else BESIDE)
            result.left_out += body.left_out
            result.lines += body.lines
            result.checks += body.across
            result.columns += mapped(sheet, table, columns, reader.used, looks.hidden_columns)
            events += [TableEvent(table.header.top), *body.events]
            after = table.last + 1
            if place == 0:
                result.facts = _facts(sheet, table, around, columns, reader.used)
            self._warn(sheet, columns, result.lines)
        result.checks = sorted([*result.checks, *Totals(sheet.name, events).checks()], key=lambda check: check.row)
        result.left_out.sort(key=lambda out: out.row)
        result.facts = replace(result.facts, lines=len(result.lines))
        return result

    def _warn(self, sheet: OldSheet, columns: Sequence[Column], lines: Sequence[SourceLine]) -> None:
        for column in columns:
            if column.doubtful:
                self.notices.add(sheet.name, f"“{column.header}”{column.why}")
        if lines and all(line.tax is None for line in lines):
            self.notices.add(sheet.name, "没有写含税还是不含税")
        if lines and all(line.starts_on is None and line.ends_on is None for line in lines):
            self.notices.add(sheet.name, "没有写期间")


def _facts(
    sheet: OldSheet, table: Table, around: Around, columns: Sequence[Column], used: Mapping[int, Mapping[int, str]]
) -> UnderstoodSheet:
    units = {unit for found in used.values() for unit in found}
    unit = units.pop() if len(units) == 1 else around.unit
    amounts = "、".join(dict.fromkeys(column.header for column in columns if column.meaning in AMOUNTS))
    rows = (table.header.top + 1, table.header.bottom + 1)
    why = f"第 {rows[0]} 行起是表头，金额列：{amounts[:120]}；单位：{unit_name(unit)}"
    return UnderstoodSheet(sheet.name, "budget", why, rows, unit, around.currency, around.tax, around.year, layout_of(columns))  # fmt: skip


def _around_table(sheet: OldSheet, table: Table, after: int, why: str) -> list[LeftOut]:
    """The rows above a header and the header's own."""
    result = []
    for number in range(after, table.header.bottom + 1):
        words = "｜".join(words_of(value) for value in sheet.rows[number] if value is not None)
        if words:
            result.append(LeftOut(sheet.name, number + 1, words[:200], HEADER if number >= table.header.top else why))
    return result


def _seen(sheet: OldSheet) -> str:
    """What stands on a sheet without a table, for the refusal."""
    first = next((row for row in sheet.rows if any(value is not None for value in row)), ())
    words = "、".join(words_of(value) for value in first if value is not None)
    return f"{NO_HEADER}（第一行：{words[:60]}）"
