"""Owns telling the rows of an old list apart: rows about a company, and those that are not, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbook.adopting.mapping import Block, OldColumn
from workbook.adopting.old_file import OldSheet, OldValue
from workbook.adopting.values import words_of
from workbook.adopting.words import FOOTER, SUBTOTAL

ABOVE = "表头之上的标题或说明"
HEADER = "表头"
AGAIN = "重复的表头"
BLANK = "空行"
TOTAL = "合计或小计"
FOOT = "页脚或说明"
SECTION = "分组标题或说明（整行只有一格）"
NOTHING_MAPPED = "要导入的各列都是空的"
BELOW = "映射里 last_row 之后的行"


@dataclass(frozen=True)
class OldRow:
    """One row of a block: its number (from 1), its cells with tall merged cells filled down, and why it is left out."""

    number: int
    cells: Sequence[OldValue]
    reason: str

    def __getitem__(self, index: int) -> OldValue:
        """The cell of a column; None past the row's end."""
        return self.cells[index] if index < len(self.cells) else None


def rows_under(sheet: OldSheet, block: Block) -> Iterator[OldRow]:
    """The rows of a block under its header, each with the reason why it is no row of data, or ""."""
    bottom = block.header_rows[-1] if block.header_rows else 0
    tall = _tall_cells(sheet, bottom)
    headers = {texts_of(sheet.rows[row - 1]) for row in block.header_rows if row <= len(sheet.rows)}
    keeps = [column for column in block.columns if column.to not in ("ignore", "indicator")]
    named = [column.index for column in block.columns if column.to.endswith(".legal_name") or column.to == "indicator"]
    for number in range(bottom + 1, min(block.last_row, len(sheet.rows)) + 1):
        raw = sheet.rows[number - 1]
        cells = _filled(raw, tall.get(number - 1))
        yield OldRow(number, cells, _reason(raw, cells, headers, keeps, named))


def _tall_cells(sheet: OldSheet, first: int) -> dict[int, dict[int, OldValue]]:
    """What tall merged cells mean for the rows that they cover: row → column → value."""
    found: dict[int, dict[int, OldValue]] = {}
    for area in sheet.merged:
        if area.top < first or area.left != area.right or area.top >= len(sheet.rows):
            continue
        top = sheet.rows[area.top]
        for row in range(area.top + 1, min(area.bottom + 1, len(sheet.rows))):
            found.setdefault(row, {})[area.left] = top[area.left] if area.left < len(top) else None
    return found


def _filled(raw: Sequence[OldValue], more: dict[int, OldValue] | None) -> Sequence[OldValue]:
    if not more or not any(value is not None for value in raw):
        return raw
    width = max(len(raw), max(more) + 1)
    return [more.get(i) if (raw[i] if i < len(raw) else None) is None else raw[i] for i in range(width)]


def texts_of(row: Sequence[OldValue]) -> tuple[str, ...]:
    """A row's words with their places at the end dropped, to compare it with the header."""
    texts = [" ".join(words_of(value).split()) for value in row]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _reason(
    raw: Sequence[OldValue], cells: Sequence[OldValue], headers: set[tuple[str, ...]], keeps: Sequence[OldColumn], named: Sequence[int]
) -> str:  # fmt: skip
    filled = [value for value in raw if value is not None]
    if not filled:
        return BLANK
    if isinstance(filled[0], str) and texts_of(raw) in headers:
        return AGAIN
    first = words_of(filled[0])
    name = next((words_of(cells[i]) for i in named if i < len(cells) and cells[i] is not None), "")
    if SUBTOTAL.fullmatch(first) or SUBTOTAL.fullmatch(name):
        return TOTAL
    if FOOTER.fullmatch(first):
        return FOOT
    if not name and any(isinstance(value, str) and SUBTOTAL.fullmatch(value.strip()) for value in filled):
        return TOTAL
    mapped = [column for column in keeps if column.index < len(raw) and raw[column.index] is not None]
    if not name and len(filled) == 1:
        return SECTION
    return "" if mapped else NOTHING_MAPPED
