"""Owns telling the rows of an old list apart: rows about a company, and those that are not, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbook.adopting.mapping import SCORING, Block, OldColumn
from workbook.adopting.old_file import OldSheet, OldValue
from workbook.adopting.values import words_of
from workbook.adopting.words import BESIDE_SCORES, FOOTER, SUBTOTAL, match, plain
from workbook.tables import Candidates, Partners

ABOVE = "表头之上的标题或说明"
HEADER = "表头"
AGAIN = "重复的表头"
BLANK = "空行"
TOTAL = "合计或小计"
FOOT = "页脚或说明"
ABOUT_MARKS = "权重、满分或统计，不是一家的评分"
OTHER_TABLE = "另一张小表的行：它的表头没有认出"
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
    other = False
    for number in range(bottom + 1, min(block.last_row, len(sheet.rows)) + 1):
        raw = sheet.rows[number - 1]
        cells = _filled(raw, tall.get(number - 1))
        reason = _reason(raw, cells, headers, keeps, named)
        if not reason and block.kind in SCORING and _about_marks(raw, cells, named):
            reason = ABOUT_MARKS
        other = reason != AGAIN and (other or (not reason and _heads_other_table(raw, cells, named)))
        yield OldRow(number, cells, OTHER_TABLE if other and not reason else reason)


def _about_marks(raw: Sequence[OldValue], cells: Sequence[OldValue], named: Sequence[int]) -> bool:
    """Whether a row of a scoring sheet holds weights, full marks or figures over all candidates."""
    first = next((words_of(value) for value in raw if value is not None), "")
    return any(BESIDE_SCORES.fullmatch(plain(text)) for text in (first, _name(cells, named)))


def _name(cells: Sequence[OldValue], named: Sequence[int]) -> str:
    return next((words_of(cells[i]) for i in named if i < len(cells) and cells[i] is not None), "")


def _heads_other_table(raw: Sequence[OldValue], cells: Sequence[OldValue], named: Sequence[int]) -> bool:
    """Whether a row is the header of a table below that has too few known words: its name is the word for names."""
    filled = [value for value in raw if value is not None]
    name = _name(cells, named)
    return (
        len(filled) > 1
        and all(isinstance(value, str) for value in filled)
        and any(
            sure > 0.9 and found == "legal_name" for found, sure in (match(Partners, name), match(Candidates, name))
        )
    )


def _tall_cells(sheet: OldSheet, first: int) -> dict[int, dict[int, OldValue]]:
    """What tall merged cells mean for the rows that they cover: row → column → value."""
    found: dict[int, dict[int, OldValue]] = {}
    for area in sheet.merged:
        if area.top < first or area.top >= len(sheet.rows):
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
    name = _name(cells, named)
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
