"""Owns what stands around a table and holds for all of it: unit, currency, tax, year, span of time, what red means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from workbook.adopting.old_file import OldSheet
from workbook.adopting.values import words_of
from workbook.budget_source.headers import Table
from workbook.budget_source.model import Options
from workbook.budget_source.money import Stated, money_word, squeeze, stated_in, tax_in
from workbook.budget_source.periods import Period, spans_in, years_in
from workbook.budget_source.words import is_footer

NAMES = {1: "元", 1_000: "千元", 10_000: "万元", 1_000_000: "百万元", 10_000_000: "千万元", 100_000_000: "亿元"}
_RED_IS_NEGATIVE = re.compile(r"红[字色](?:数字?|金额)?(?:为|表示|代表|是)(?:负|冲销|冲减|退)")
_BESIDE_TITLE = re.compile(r"(?:编制|制表|打印|填表|填报|审批|批准)?(?:日期|时间)|编制人|制表人|审核")
MOST_NOTES = 2000  # rows under a table of which notes are read


@dataclass(frozen=True)
class Around:
    """What holds for a whole table; `units` are all that are stated, so that two of them can be refused."""

    unit: int | None
    units: tuple[str, ...]
    currency: str
    tax: str | None
    year: int | None
    span: Period | None
    title: str
    red_is_negative: bool
    how_unit: str = ""


def unit_name(unit: int | None) -> str:
    """A unit as people say it."""
    return "没有写" if unit is None else NAMES.get(unit, f"{unit} 元")


def look_around(file: str, sheet: OldSheet, table: Table, after: int, options: Options) -> Around:
    """What the titles above a table, notes under it, the sheet's name and the file's name say; options count more.

    `after` is the first row that belongs to this table's titles (behind the table before it).
    """
    above = _texts(sheet, range(after, table.header.top))
    heading = _texts(sheet, range(table.header.top, table.header.bottom + 1))
    below = _notes(sheet, table)
    stem = PurePath(file).stem
    everything = [*above, *below, sheet.name, stem]
    unit, units, how = _unit(options, above, [*(t for t in heading if "单位" in t), *below], sheet.name, stem)
    currency = options.currency or _currency(everything)
    tax = options.tax or tax_in(above) or tax_in(below) or tax_in([sheet.name, stem])
    year = options.year or _year(above, sheet.name, stem)
    titles = [text for text in above if not _BESIDE_TITLE.search(squeeze(text))]
    red = any(_RED_IS_NEGATIVE.search(squeeze(text)) for text in [*above, *below])
    return Around(unit, units, currency, tax, year, _span(titles, sheet.name, stem, year), "".join(titles) + sheet.name + stem, red, how)  # fmt: skip


def _texts(sheet: OldSheet, rows: Iterable[int]) -> list[str]:
    """The words of the cells of some rows, and those of each row together (`单位：` beside `万元`)."""
    found: list[str] = []
    for number in rows:
        words = [words_of(value) for value in sheet.rows[number] if value is not None]
        found += words
        if len(words) > 1:
            found.append(" ".join(words))
    return found


def _notes(sheet: OldSheet, table: Table) -> list[str]:
    """Rows of notes in the last rows of a table: words alone that begin as a note does or name a unit."""
    found = []
    for number in range(max(table.first, table.last + 1 - MOST_NOTES), table.last + 1):
        filled = [value for value in sheet.rows[number] if value is not None]
        if not 0 < len(filled) <= 4 or not all(isinstance(value, str) for value in filled):
            continue
        text = " ".join(words_of(value) for value in filled)
        if is_footer(words_of(filled[0])) or "单位" in text or "红" in text:
            found.append(text)
    return found


def _unit(options: Options, above: Sequence[str], below: Sequence[str], name: str, stem: str) -> tuple[int | None, tuple[str, ...], str]:  # fmt: skip
    if options.unit is not None:
        return options.unit, (), "按 --unit"
    for texts, how in ((above, "按标题"), (below, "按表内说明"), ([name], "按工作表名"), ([stem], "按文件名")):
        stated = stated_in(texts)
        if how in ("按工作表名", "按文件名"):
            stated += _at_the_end(texts[0])
        sure = {item.unit for item in stated if item.unit is not None and item.sure}
        if len(sure) > 1:
            return None, tuple(unit_name(unit) for unit in sorted(sure)), ""
        if sure:
            return sure.pop(), (), how
    weak = {item.unit for item in stated_in([*above, *below]) if item.unit is not None}
    return (weak.pop() if len(weak) == 1 else None), (), "按写明的币种"


def _at_the_end(name: str) -> list[Stated]:
    found = re.search(r"(?:^|[\W_年度表])((?:千|万|百万|亿)(?:美)?元|元)$", name)
    stated = money_word(found[1]) if found else None
    return [stated] if stated else []


def _currency(texts: Sequence[str]) -> str:
    found = {item.currency for item in stated_in(texts) if item.currency}
    return found.pop() if len(found) == 1 else "CNY"


def _year(above: Sequence[str], name: str, stem: str) -> int | None:
    titles = [text for text in above if not _BESIDE_TITLE.match(squeeze(text))]
    for texts in (titles, [name], [stem]):
        found = set().union(*(years_in(text) for text in texts)) if texts else set()
        if len(found) == 1:
            return int(found.pop())
    return None


def _span(titles: Sequence[str], name: str, stem: str, year: int | None) -> Period | None:
    """The span that the title names; a part of the year counts before the year."""
    for texts in (titles, [name], [stem]):
        found = set().union(*(spans_in(text, year) for text in texts)) if texts else set()
        shortest = [span for span in found if not any(span.holds(other) for other in found)]
        if len(shortest) == 1:
            return shortest[0]
        if shortest:
            return None
    return None
