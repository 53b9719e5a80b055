"""Owns turning mapped old rows into rows of our tables: lists of partners and candidates, and marks by candidate.

Every old row ends as exactly one of: imported, imported with remarks, left out with a reason. No value is dropped: what
its column refuses goes into the row's remarks and onto the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workbook.adopting import sorting
from workbook.adopting.companies import Companies, count_row, data_rows, note_nameless, out
from workbook.adopting.mapping import SCORING, Block, OldMapping
from workbook.adopting.old_file import OldSheet
from workbook.adopting.outcome import Outcome, SheetCount
from workbook.adopting.scoring import Scoring, unknown_scales
from workbook.adopting.values import words_of
from workbook.tables import BY_NAME, Candidates, Changes, Partners


def import_all(mapping: OldMapping, sheets: Sequence[OldSheet], now: datetime) -> Outcome:
    """Import every block of a mapping; lists come first, so that marks find the candidates of a list."""
    outcome = Outcome()
    by_name = {sheet.name: sheet for sheet in sheets}
    companies = Companies(outcome)
    counts: dict[int, SheetCount] = {}
    scoring = Scoring(outcome, companies, unknown_scales(mapping, by_name))
    order = sorted(range(len(mapping.blocks)), key=lambda i: mapping.blocks[i].kind in SCORING)
    for i in order:
        block, sheet = mapping.blocks[i], by_name[mapping.blocks[i].sheet]
        before = sum(len(rows) for rows in outcome.rows.values())
        count = counts[i] = SheetCount(block.sheet, block.kind, reason=block.reason)
        if block.kind == "ignore":
            _ignore(outcome, sheet, block, count, mapping)
            continue
        _above(outcome, sheet, block, count, mapping)
        if block.kind in SCORING:
            scoring.run(sheet, block, count)
        else:
            _import_list(companies, sheet, block, count)
        _below(outcome, sheet, block, count, mapping)
        if sum(len(rows) for rows in outcome.rows.values()) > before:
            _log(outcome, mapping.old, block, count, now)
    outcome.sheets = [counts[i] for i in range(len(mapping.blocks))]
    scoring.finish(mapping.old)
    outcome.finish([sheet.name for sheet in sheets])
    return outcome


# --- rows outside the blocks -----------------------------------------------------------------------------------------


def _starts(block: Block, mapping: OldMapping) -> int:
    """The first row (from 1) that belongs to a block: after the block before it on the same sheet."""
    ends = [
        b.last_row for b in mapping.blocks if b is not block and b.sheet == block.sheet and b.last_row < _top(block)
    ]
    return max(ends, default=0) + 1


def _top(block: Block) -> int:
    return block.header_rows[0] if block.header_rows else 1


def _ignore(outcome: Outcome, sheet: OldSheet, block: Block, count: SheetCount, mapping: OldMapping) -> None:
    first, last = _starts(block, mapping), min(block.last_row or len(sheet.rows), len(sheet.rows))
    for number in range(first, last + 1):
        out(outcome, sheet, number, block.reason, count)
    _below(outcome, sheet, block, count, mapping)


def _above(outcome: Outcome, sheet: OldSheet, block: Block, count: SheetCount, mapping: OldMapping) -> None:
    for number in range(_starts(block, mapping), min(_top(block), len(sheet.rows) + 1)):
        out(outcome, sheet, number, sorting.ABOVE, count)
    if block.header_rows:
        for number in range(block.header_rows[0], min(block.header_rows[-1], len(sheet.rows)) + 1):
            out(outcome, sheet, number, sorting.HEADER, count)


def _below(outcome: Outcome, sheet: OldSheet, block: Block, count: SheetCount, mapping: OldMapping) -> None:
    """Rows under the last block of a sheet: people ended it with last_row."""
    if any(b.sheet == block.sheet and b is not block and b.last_row > block.last_row for b in mapping.blocks):
        return
    for number in range(max(block.last_row, _top(block) - 1) + 1, len(sheet.rows) + 1):
        out(outcome, sheet, number, sorting.BELOW, count)


# --- lists -------------------------------------------------------------------------------------------------------------


def _import_list(companies: Companies, sheet: OldSheet, block: Block, count: SheetCount) -> None:
    """A list: each row of data is a new company."""
    table = BY_NAME[block.kind]
    names = [c.index for c in block.columns_to(f"{table.name}.legal_name")]
    for old in data_rows(companies.outcome, sheet, block, count):
        name = next((words_of(old[i]) for i in names if old[i] is not None), "")
        row = companies.add(table, (sheet.name, old.number), name)
        remarked = companies.fill(row, block.columns, old, sheet)
        if not row.values.get("legal_name") and not name:
            note_nameless(companies.outcome, row, (sheet.name, old.number), names)
            remarked = True
        count_row(count, remarked)


# --- the change log --------------------------------------------------------------------------------------------------


def _log(outcome: Outcome, old: str, block: Block, count: SheetCount, now: datetime) -> None:
    row = outcome.new_row(Changes, (block.sheet, 0))
    table = Partners if block.kind == "partners" else Candidates
    what = f"从 {old[:200]} 工作表 {block.sheet[:60]} 导入 {count.imported + count.with_remarks} 行"
    row.values |= {"at": now, "table": table.label.zh, "what": what}
