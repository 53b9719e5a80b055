"""Owns the guess at a scoring sheet that stands on its side: a row for each indicator, a column for each candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from workbook.adopting import words
from workbook.adopting.about import panel_title, reviewer_named
from workbook.adopting.headers import line
from workbook.adopting.mapping import Block, OldColumn, OldIndicator
from workbook.adopting.old_file import OldSheet, OldValue, letters
from workbook.adopting.tree import find_indicator, full_marks, role_of
from workbook.adopting.values import words_of
from workbook.adopting.words import plain, says

NAMED_COMPANY = re.compile(
    r"(?i)(?:(供应商|供方|候选企业|候选单位|候选|被评单位|被评供应商|参评单位|supplier|vendor|candidate)|(?<![审制购标表用办])(?:公司|单位|企业|company))(?:名称)?\s*[:：]\s*([^:：]{2,120})"
)
NO_CANDIDATE = "列是评审人，表里没有写被评的是哪一家：请给各列写 candidate（企业名称）并改 kind 为 matrix"
IN_FRONT = 4  # columns among which the indicators stand
LONGEST = 1_000  # rows among which they are looked for


def matrix_block(sheet: OldSheet, old: str, *, sure: bool) -> Block | None:
    """The block of a sheet whose rows are indicators, or None. `sure` when people said that it is one."""
    place = _indicator_column(sheet, sure=sure)
    if place is None:
        return None
    index, top = place
    above = [text for row in range(top) for text in line(sheet, row, across=False) if text]
    found = _named_company(above)
    company = found[2].strip() if found else ""
    columns = _columns(sheet, index, top, company)
    if found and found[1]:
        columns = _of_one_candidate(columns, company)
    if not any(column.to == "marks.mark" for column in columns):
        return None
    beside = next((c.index for c in columns if c.to == "ignore" and says(words.FULL_MARKS, c.header)), -1)
    rows = [
        OldIndicator(number, text, _key(text), None, declared_in(row, beside) or full_marks(text, of_column=True))
        for number, row in enumerate(sheet.rows[top + 1 :], start=top + 2)
        if (text := _text(row, index)) and not any(what.fullmatch(text) for what in (words.SUBTOTAL, words.FOOTER))
        and not words.BESIDE_SCORES.fullmatch(plain(text))
    ]  # fmt: skip
    declared = next((full for text in above if (full := full_marks(text))), None)
    nobody = any(column.to == "marks.mark" and column.reviewer and not column.candidate for column in columns)
    return Block(
        sheet.name, "ignore" if nobody and not sure else "matrix", NO_CANDIDATE if nobody else "",
        _header_rows(sheet, index, top), len(sheet.rows), tuple(columns), tuple(rows),
        panel_title(above, old), reviewer_named(sheet, above), None, declared, sheet.hidden,
    )  # fmt: skip


def _named_company(above: Sequence[str]) -> re.Match[str] | None:
    """The company that the rows above name, in one cell (`供应商：甲公司`) or in two."""
    for text, after in pairwise([*above, ""]):
        joined = text[-1:] in ":：" and after[-1:] not in ("", ":", "：")
        found = NAMED_COMPANY.search(text + after if joined else text)
        if found and plain(found[2]) not in words.UNITS:
            return found
    return None


def _of_one_candidate(columns: Sequence[OldColumn], company: str) -> list[OldColumn]:
    """Where the sheet names the one candidate, and no column does, the columns of marks are the reviewers'."""
    marked = [column for column in columns if column.to == "marks.mark" and not column.reviewer]
    if any(column.candidate == company for column in marked):
        return list(columns)
    return [replace(c, candidate=company, reviewer=c.candidate) if c in marked else c for c in columns]


def declared_in(row: Sequence[OldValue], index: int) -> int | None:
    """The full marks that a cell of a row declares, or None."""
    value = row[index] if 0 <= index < len(row) else None
    found = re.fullmatch(r"(\d{1,4})分?", plain(words_of(value)))
    return int(found[1]) if found and int(found[1]) > 1 else None


def _text(row: Sequence[OldValue], index: int) -> str:
    value = row[index] if index < len(row) else None
    return value.strip() if isinstance(value, str) else ""


def _key(title: str) -> str:
    """The indicator's key; a dimension or one that bands give is no row to mark."""
    found = find_indicator(title)
    return found.key if found and found.counts else ""


def _indicator_column(sheet: OldSheet, *, sure: bool) -> tuple[int, int] | None:
    """The column of the indicators and the row of the header (from 0), if there are at least two of ours or a header."""
    best: tuple[int, int, int] | None = None
    for index in range(min(IN_FRONT, sheet.width)):
        rows = [number for number, row in enumerate(sheet.rows[:LONGEST]) if (text := _text(row, index)) and _key(text)]
        if len(rows) >= 2 and (best is None or len(rows) > best[0]):
            best = (len(rows), index, rows[0])
    if best:
        top = next((row for row in range(best[2] - 1, -1, -1) if _heads(sheet, row, best[1])), None)
        return None if top is None else (best[1], top)
    for number, row in enumerate(sheet.rows[:30]):
        for index in range(min(IN_FRONT, len(row))):
            if says(words.OF_INDICATORS, _text(row, index)) and (sure or _numbers_right_of(sheet, number, index)):
                return index, number
    return None


def _heads(sheet: OldSheet, row: int, index: int) -> bool:
    """Whether a row can be the header: words stand right of the indicators' column, and it is no indicator's row."""
    return not _key(_text(sheet.rows[row], index)) and any(_text(sheet.rows[row], i) for i in range(index + 1, len(sheet.rows[row])))  # fmt: skip


def _numbers_right_of(sheet: OldSheet, top: int, index: int) -> bool:
    values = [value for row in sheet.rows[top + 1 : LONGEST] for value in row[index + 1 :] if value is not None]
    return bool(values) and sum(isinstance(value, int | float) for value in values) * 2 > len(values)


def _header_rows(sheet: OldSheet, index: int, top: int) -> tuple[int, ...]:
    """The header's rows from 1: two when companies stand merged over their reviewers."""
    wide = [a for a in sheet.merged if a.top == a.bottom == top - 1 and a.left > index and a.right > a.left]
    tall = [a for a in sheet.merged if a.top == top - 1 and a.bottom == top and a.left <= index]
    return (top, top + 1) if wide or tall else (top + 1,)


def _columns(sheet: OldSheet, index: int, top: int, company: str) -> list[OldColumn]:
    """What each column of the matrix is; a column of marks names its candidate, and its reviewer where two lines do."""
    rows = _header_rows(sheet, index, top)
    upper = line(sheet, rows[0] - 1) if len(rows) == 2 else [""] * sheet.width
    lower = line(sheet, top)
    found = []
    for i, (over, text) in enumerate(zip(upper, lower, strict=True)):
        shown = "／".join(dict.fromkeys(part for part in (over, text) if part)) or f"{letters(i)} 列"
        filled = any(i < len(row) and row[i] is not None for row in sheet.rows[top + 1 :])
        if i == index:
            found.append(OldColumn(i, shown, "indicator", 0.95))
        elif text or over or filled:
            found.append(_column(i, shown, over, text, i < index, company))
    return found


def _column(i: int, shown: str, over: str, text: str, before: bool, company: str) -> OldColumn:
    name = text or over
    role = role_of(name)
    if role and company:
        return OldColumn(i, shown, f"marks.{role}", 0.9, candidate=company, declared=full_marks(shown, of_column=True))
    if says(words.RESULT, name):
        return OldColumn(i, shown, "ignore", 0.95, "由分数算出，导入后由系统计算")
    if says("备注|说明|依据|评语|remark|remarks|notes|comment", name):
        return OldColumn(i, shown, "remark", 0.9, "记入这一行各个评分的备注")
    if before or not name or role or says(words.BESIDE_INDICATORS, name):
        return OldColumn(i, shown, "ignore", 0.9, "指标的编号、维度、权重或标准，不是分数" if name else "没有表头")
    if words.REVIEWER_COLUMN.fullmatch(plain(name)):
        return OldColumn(i, shown, "marks.mark", 0.8, candidate=company, reviewer=name)
    if over and over != text and (says(words.REVIEWER, over) or says(words.REVIEWERS_ABOVE, over)):
        return OldColumn(i, shown, "marks.mark", 0.8, candidate=company, reviewer=text)
    if over and over != text:
        return OldColumn(i, shown, "marks.mark", 0.8, candidate=over, reviewer=text)
    return OldColumn(i, shown, "marks.mark", 0.8, candidate=name)
