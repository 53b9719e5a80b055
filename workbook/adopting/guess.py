"""Owns the guess at what an old sheet is and where each of its columns goes; people correct it in the mapping file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbook.adopting import words
from workbook.adopting.about import panel_of_all, panel_title, reviewer_named
from workbook.adopting.headers import Header, Title, find_headers, line, titles_of
from workbook.adopting.mapping import (
    SCORING,
    Block,
    MappingRefused,
    OldColumn,
    OldMapping,
    header_rows_of,
    kind_of,
    with_entry,
)
from workbook.adopting.matrix import declared_in, matrix_block
from workbook.adopting.old_file import OldSheet, letters
from workbook.adopting.sorting import texts_of
from workbook.adopting.tree import find_indicator, full_marks, role_of
from workbook.adopting.values import words_of
from workbook.adopting.words import FOREIGN_MONEY, heading, match, plain, says, unit_of
from workbook.schema import Money, Table
from workbook.tables import Candidates, Partners

TABLES: dict[str, type[Table]] = {"partners": Partners, "candidates": Candidates, "scores": Candidates}
SCORING_TITLE = re.compile(r"(?i)评分|打分|评审表|评价表|scor(?:e|ing)")
NO_UNIT = '表头没有写单位：请写 "unit": 1（元）或 10000（万元）；没有写的金额记入备注'
HIDDEN = "隐藏的工作表默认不导入；要导入请改 kind"


def guess_mapping(old: str, sheets: Sequence[OldSheet]) -> OldMapping:
    """What each sheet of an old file seems to be, and where its columns go."""
    blocks = [block for sheet in sheets for block in guess_sheet(sheet, old)]
    return OldMapping(old, tuple(_among_others(blocks, old)))


def given_mapping(old: str, sheets: Sequence[OldSheet], entries: Sequence[Mapping[str, Any]]) -> OldMapping:
    """The mapping that people gave, with guesses for what they left out.

    Raises:
        MappingRefused: it names a sheet that is not there, or something that means nothing.
    """
    by_name = {sheet.name: sheet for sheet in sheets}
    blocks = []
    for entry in entries:
        sheet = by_name.get(entry["sheet"])
        if sheet is None:
            raise MappingRefused(f"映射里的工作表“{entry['sheet']}”在 {old} 里没有（现有：{'、'.join(by_name)}）。")
        blocks.append((with_entry(_regarded(sheet, old, entry), entry), entry.get("last_row") is not None))
    named = {entry["sheet"] for entry in entries}
    rest = [
        Block(s.name, "ignore", "映射里没有写这张工作表", last_row=len(s.rows), hidden=s.hidden)
        for s in sheets
        if s.name not in named
    ]
    return OldMapping(old, (*_apart(blocks), *rest))


def _apart(blocks: Sequence[tuple[Block, bool]]) -> list[Block]:
    """The blocks in the order of the entries: one whose end nobody wrote ends before the next of its sheet.

    Raises:
        MappingRefused: two of them hold the same row, which would be imported twice.
    """
    found: dict[int, Block] = {}
    order = sorted(range(len(blocks)), key=lambda i: (blocks[i][0].sheet, blocks[i][0].top))
    for i, after in zip(order, [*order[1:], None], strict=True):
        (block, ended), below = blocks[i], blocks[after][0] if after is not None else None
        if below and below.sheet == block.sheet and below.top <= max(block.last_row, block.head_ends):
            if ended or below.top <= block.head_ends or below.top == block.top:
                raise MappingRefused(
                    f"映射里工作表“{block.sheet}”有两项都包含第 {below.top} 行，会导入两次。请删掉一项，或用 header_rows 和 last_row 把它们分开。"
                )
            block = replace(block, last_row=below.top - 1)
        found[i] = block
    return [found[i] for i in range(len(blocks))]


def _regarded(sheet: OldSheet, old: str, entry: Mapping[str, Any]) -> Block:
    """The guess that an entry starts from: of its kind, under its header rows."""
    kind, rows = kind_of(entry), header_rows_of(entry)
    guesses = guess_sheet(sheet, old, kind=kind if kind != "ignore" else None)
    base = next((block for block in guesses if not rows or block.header_rows == rows), None)
    if base is None:
        header = Header(rows[0] - 1, rows[-1] - 1, titles_of(sheet, rows[0] - 1, rows[-1] - 1), 0.0)
        last = next(
            (b.header_rows[0] - 1 for b in guesses if b.header_rows and b.header_rows[0] > rows[-1]), len(sheet.rows)
        )
        base = _block(sheet, header, last, old, kind if kind != "ignore" else None)
    if kind == "ignore" or (kind is None and base.kind == "ignore"):
        return replace(base, kind="ignore", reason=str(entry.get("reason") or "映射里写明不导入"))
    return replace(base, kind=kind or base.kind, reason="")


def guess_sheet(sheet: OldSheet, old: str, kind: str | None = None) -> list[Block]:
    """The blocks of a sheet, one for each header that differs from the ones before it; at least one, kind `ignore`."""
    if not sheet.rows:
        return [Block(sheet.name, "ignore", "空工作表", hidden=sheet.hidden)]
    headers = [] if kind == "matrix" else _different(sheet, find_headers(sheet))
    if (
        kind in (None, "matrix")
        and not _names_marks(headers)
        and (found := matrix_block(sheet, old, sure=kind == "matrix"))
    ):
        return [_hide(found)]
    if not headers:
        return [
            Block(
                sheet.name,
                "ignore",
                "没有认出表头",
                last_row=len(sheet.rows),
                hidden=sheet.hidden,
                columns=_seen(sheet),
            )
        ]
    ends = [*(header.top for header in headers[1:]), len(sheet.rows)]
    return [_hide(_block(sheet, header, end, old, kind)) for header, end in zip(headers, ends, strict=True)]


def _names_marks(headers: Sequence[Header]) -> bool:
    return any(len(_mark_titles(header)) >= 2 for header in headers)


def _different(sheet: OldSheet, headers: Sequence[Header]) -> list[Header]:
    """The headers without those that only repeat lines of an earlier one."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for header in headers:
        lines = {texts_of(sheet.rows[row]) for row in range(header.top, header.bottom + 1)}
        if not lines <= seen:
            found.append(header)
        seen |= lines
    return found


def _hide(block: Block) -> Block:
    return replace(block, kind="ignore", reason=HIDDEN) if block.hidden else block


def _seen(sheet: OldSheet) -> tuple[OldColumn, ...]:
    """What stands in the fullest of the first rows, so that people see what to write a mapping for."""
    row = max(range(min(len(sheet.rows), 30)), key=lambda r: sum(value is not None for value in sheet.rows[r]))
    return tuple(OldColumn(i, text, "remark") for i, text in enumerate(line(sheet, row)) if text)


# --- one block -------------------------------------------------------------------------------------------------------


def _block(sheet: OldSheet, header: Header, last: int, old: str, kind: str | None) -> Block:
    above = [text for row in range(header.top) for text in line(sheet, row, across=False) if text]
    kind = kind or _kind(sheet, header, above, old)
    filled = {i for row in sheet.rows[header.bottom + 1 : last] for i, value in enumerate(row) if value is not None}
    columns = [
        _column(title, index, kind, sheet, header, last)
        for index, title in enumerate(header.titles)
        if title.leaf or index in filled
    ]
    unit = unit_of(tuple(text for text in above if "单位" in text))
    columns = [_with_unit(column, unit) for column in columns]
    if kind == "scores":
        columns = _with_full_marks(columns, sheet, header, last)
    block = Block(
        sheet.name,
        kind,
        "",
        tuple(range(header.top + 1, header.bottom + 2)),
        last,
        tuple(_once_each(columns)),
        hidden=sheet.hidden,
    )
    if kind not in SCORING:
        return block
    declared = next((full for text in above if (full := full_marks(text))), None)
    return replace(block, panel=panel_title(above, old), reviewer=reviewer_named(sheet, above), declared=declared)


def _mark_titles(header: Header) -> list[Title]:
    """The titles that are indicators or dimensions and nothing else."""
    found = []
    for title in dict.fromkeys(header.titles):
        mark = find_indicator(title.leaf) or find_indicator(title.group)
        if mark and not mark.banded and not match(Candidates, title.leaf)[0]:
            found.append(title)
    return found


def _kind(sheet: OldSheet, header: Header, above: Sequence[str], old: str) -> str:
    """Words first (what the sheet calls itself), then which table knows more of its columns."""
    marks = _mark_titles(header)
    titles = [title.leaf for title in header.titles]
    reviewer = any(says(words.REVIEWER, text) for text in titles)
    named = " ".join([*above, sheet.name])
    if (
        len(marks) >= 2
        or (reviewer and (marks or SCORING_TITLE.search(named)))
        or (SCORING_TITLE.search(named) and marks)
    ):
        return "scores"
    for text in (named, old):
        if words.LIST_OF_PARTNERS.search(text):
            return "partners"
        if words.LIST_OF_CANDIDATES.search(text):
            return "candidates"
        if SCORING_TITLE.search(text) and not any(
            match(Partners, t)[0] not in ("", "legal_name", "remark") for t in titles
        ):
            return "scores"
    known = [len({match(table, text)[0] for text in titles} - {""}) for table in (Partners, Candidates)]
    return "candidates" if known[1] > known[0] else "partners"


def _column(title: Title, index: int, kind: str, sheet: OldSheet, header: Header, last: int) -> OldColumn:
    """Where one column goes."""
    shown = title.shown or f"{letters(index)} 列"
    if kind == "scores" and (found := _mark_column(title, index, shown)):
        return found
    if says(words.LINE_NUMBER, title.leaf):
        return OldColumn(index, shown, "ignore", 0.95, "行号")
    table = TABLES[kind]
    name, sure = best_match(table, title)
    if kind == "scores" and name == "remark":  # each reviewer has one: none may stand in another's place
        return OldColumn(index, shown, "remark", sure, "连同评审人记入候选的备注")
    if name:
        return OldColumn(index, shown, f"{table.name}.{name}", sure, unit=unit_of(heading(title.shown).notes))
    if kind == "scores" and _holds_numbers(sheet, index, header.bottom + 1, last):
        return OldColumn(
            index, shown, "unmatched", 0.0, "没有对应的指标：可写 marks.mark 和 indicator，否则记入候选的备注"
        )
    return OldColumn(index, shown, "remark", 0.0, "没有对应的列，记入备注")


def best_match(table: type[Table], title: Title) -> tuple[str, float]:
    """The column that a title means, by its group and line together or by the line alone."""
    whole = match(table, title.group + title.leaf) if title.group else ("", 0.0)
    leaf = match(table, title.leaf)
    if title.group and words.ABOUT_OTHERS.search(plain(title.group)):
        leaf = ("", 0.0)
    return max(whole, leaf, key=lambda found: found[1])


def _mark_column(title: Title, index: int, shown: str) -> OldColumn | None:
    """A column of a scoring sheet that is about marks: a mark, what stands beside one, who marked, or a result."""
    if says(words.REVIEWER, title.leaf):
        return OldColumn(index, shown, "reviewers.person", 0.95)
    if says(words.ROLE, title.leaf):
        return OldColumn(index, shown, "reviewers.role", 0.95)
    role = role_of(title.leaf)
    found = find_indicator(title.leaf) or (find_indicator(title.group) if role else None)
    declared = full_marks(title.shown, of_column=True)
    if found is None:
        if says(words.RESULT, title.leaf):
            return OldColumn(index, shown, "ignore", 0.95, "由分数算出，导入后由系统计算")
        return None
    if role in ("evidence", "comment"):
        return OldColumn(index, shown, f"marks.{role}", 0.9, indicator=found.key)
    if found.counts:
        return OldColumn(index, shown, "marks.mark", 1.0, indicator=found.key, declared=declared)
    if found.whole:
        why = f"这是维度“{found.title}”的分，制度按指标打分；要当作该维度每个指标的分，请写 to: marks.mark、indicator: {found.key}"
        return OldColumn(index, shown, "unmatched", 0.9, why, declared=declared)
    if unit_of(heading(title.shown).notes):
        return None  # an amount, not a mark
    return OldColumn(
        index, shown, "unmatched", 0.9, f"“{found.title}”按档位由数字换算，不收评审人的分", declared=declared
    )


def _holds_numbers(sheet: OldSheet, index: int, first: int, last: int) -> bool:
    values = [row[index] for row in sheet.rows[first:last] if index < len(row) and row[index] is not None]
    numbers = sum(
        isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdecimal()) for value in values
    )
    return bool(values) and numbers * 2 > len(values)


def _with_full_marks(columns: Sequence[OldColumn], sheet: OldSheet, header: Header, last: int) -> list[OldColumn]:
    """The columns of marks with the full marks that a row of their own (`满分`) declares."""
    rows = [
        row for row in sheet.rows[header.bottom + 1 : last] if any(says(words.FULL_MARKS, words_of(v)) for v in row[:3])
    ]
    full = rows[0] if rows else ()
    return [
        replace(column, declared=declared_in(full, column.index)) if column.to == "marks.mark" and not column.declared else column
        for column in columns
    ]  # fmt: skip


def _with_unit(column: OldColumn, sheet_unit: int | None) -> OldColumn:
    """Amounts get the unit of their header or sheet; other currencies are never converted."""
    table, _, name = column.to.partition(".")
    if table not in TABLES or not isinstance(TABLES[table].columns.get(name), Money):
        return replace(column, unit=None)
    if FOREIGN_MONEY.search(column.header):
        return replace(column, to="remark", unit=None, reason="不是人民币，不换算，记入备注")
    unit = column.unit or sheet_unit
    return replace(column, unit=unit, reason="" if unit else NO_UNIT)


def _once_each(columns: Sequence[OldColumn]) -> list[OldColumn]:
    """Only the surest column goes to a target; another one of the same meaning is kept in the remarks."""
    best: dict[tuple[str, str], OldColumn] = {}
    for column in columns:
        target = (column.to, column.indicator)
        if "." in column.to and (target not in best or column.sure > best[target].sure):
            best[target] = column
    found = []
    for column in columns:
        first = best.get((column.to, column.indicator), column)
        if first is not column:
            column = replace(
                column,
                to="remark",
                indicator="",
                unit=None,
                reason=f"{first.letter} 列“{first.header}”已填这一列，此列记入备注",
            )
        found.append(column)
    return found


# --- all sheets together ----------------------------------------------------------------------------------------------


def _among_others(blocks: Sequence[Block], old: str) -> list[Block]:
    """Scoring sheets side by side: their names are the reviewers, and a summary of them is not adopted again.

    Titles that differ in the reviewer's name only are one panel's.
    """
    scoring = [block for block in blocks if block.kind in SCORING]
    found = []
    for block in blocks:
        if block.kind in SCORING and len(scoring) > 1 and words.SUMMARY_SHEET.search(block.sheet):
            block = replace(block, kind="ignore", reason="汇总表：由各评审人的分数算出，导入后由系统计算")
        elif block.kind in SCORING and not block.reviewer and not _reviewer_by_column(block):
            block = replace(block, reviewer=_from_sheet_name(block.sheet, alone=len(scoring) == 1))
        if block.kind in SCORING and block.reviewer:
            block = replace(block, panel=panel_of_all(block.panel, block.reviewer, old))
        found.append(block)
    return found


def _reviewer_by_column(block: Block) -> bool:
    return bool(block.columns_to("reviewers.person")) or any(column.reviewer for column in block.columns)


def _from_sheet_name(name: str, *, alone: bool) -> str:
    """A person's name in a sheet's name: what is left of `评分表-张伟`, or the name of one sheet among several."""
    rest = words.GENERIC_SHEET.sub("", name)
    affixed = rest != name and re.fullmatch(r"[^\x00-\x7f]{2,4}|[A-Za-z]{2,20}", rest)
    return rest if affixed or (rest and not alone) else ""
