"""Owns finding the tables on a finance sheet: headers of one to three lines, under titles, repeated or anew further down."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from workbook.adopting.headers import line
from workbook.adopting.old_file import OldSheet, OldValue
from workbook.adopting.values import words_of
from workbook.budget_source.model import AMOUNTS
from workbook.budget_source.money import NoAmount, read_amount
from workbook.budget_source.periods import read_or_year
from workbook.budget_source.words import Meaning, is_footer, total_words

LONGEST = 60  # characters of one line of a header
MOST_LINES = 3
MOST_TITLES = 3  # filled cells in a row of titles
NEAR_TOP = 80  # rows in which a first header is looked for
IDENTITY = ("contract", "partner", "project", "category")
_SURE_HINT = re.compile(r"预算|实际|budget", re.IGNORECASE)  # far down a long list, where looking must cost little
_HINT = re.compile(r"预算|实际|执行|支出|发生|金额|月|季|budget|actual", re.IGNORECASE)

Understand = Callable[[tuple[str, ...]], Meaning]


@dataclass(frozen=True)
class Header:
    """A header's rows (counted from 0, ends included) and by column the lines above it, the group first."""

    top: int
    bottom: int
    titles: tuple[tuple[str, ...], ...]

    def shown(self, column: int) -> str:
        """A column's header as people read it, with a stroke between group and line."""
        return "／".join(self.titles[column])


@dataclass(frozen=True)
class Table:
    """A header and the rows (from 0) of its body, and where the same header stands again."""

    header: Header
    first: int
    last: int
    repeated: frozenset[int]


def find_tables(sheet: OldSheet, understand: Understand) -> list[Table]:
    """The tables of a sheet from top to bottom; an empty list where no header names an amount and what it is for."""
    headers: list[Header] = []
    repeated: dict[int, set[int]] = {}
    row = 0
    while row < len(sheet.rows):
        if headers and (size := _repeats(sheet, headers[-1], row)):
            repeated.setdefault(len(headers) - 1, set()).update(range(row, row + size))
            row += size
            continue
        header = _header_at(sheet, row, understand) if (headers or row < NEAR_TOP) else None
        if header is not None:
            headers.append(header)
            row = header.bottom
        row += 1
    if not headers:
        return []
    ends = [_titles_begin(sheet, header.top) - 1 for header in headers[1:]] + [len(sheet.rows) - 1]
    return [
        Table(header, header.bottom + 1, end, frozenset(repeated.get(place, ())))
        for place, (header, end) in enumerate(zip(headers, ends, strict=True))
    ]


def _titles_begin(sheet: OldSheet, top: int) -> int:
    """The first row of the titles over a table further down: rows of few words, up to the end of the table before."""
    row = begin = top
    while row > 0:
        filled = [value for value in sheet.rows[row - 1] if value is not None]
        words = [words_of(value) for value in filled]
        if len(filled) > MOST_TITLES or (filled and not _words_only(filled)) or any(map(total_words, words)):
            break
        if words and is_footer(words[0]):
            break
        row -= 1
        begin = row if filled else begin
    return begin


def _repeats(sheet: OldSheet, header: Header, row: int) -> int:
    """How many lines of the header stand again at a row, 0 for none."""
    here = sheet.rows[row]
    for start in range(header.top, header.bottom + 1):
        first = next((value for value in sheet.rows[start] if value is not None), None)
        if first in here and _same(here, sheet.rows[start]):
            size = 1
            while start + size <= header.bottom and row + size < len(sheet.rows) and _same(sheet.rows[row + size], sheet.rows[start + size]):  # fmt: skip
                size += 1
            return size
    return 0


def _same(row: Sequence[OldValue], other: Sequence[OldValue]) -> bool:
    ours, theirs = ([value for value in values if value is not None] for values in (row, other))
    return len(ours) == len(theirs) > 1 and [words_of(v) for v in ours] == [words_of(v) for v in theirs]


def _header_at(sheet: OldSheet, row: int, understand: Understand) -> Header | None:
    """The header that begins at a row, over as few lines as say all there is to say."""
    if not _could_be(sheet.rows[row], _HINT if row < NEAR_TOP else _SURE_HINT):
        return None
    best, most = None, 0
    for bottom in range(row, min(row + MOST_LINES, len(sheet.rows))):
        if not _words_only(sheet.rows[bottom]):
            break
        header = Header(row, bottom, titles_of(sheet, row, bottom))
        weight = _weigh(header, understand)
        if weight > most:
            best, most = header, weight
    if best is None:
        return None
    # Title rows over a header look like its upper line: they must add something to be part of it.
    if best.bottom > best.top and _weigh(Header(row + 1, best.bottom, titles_of(sheet, row + 1, best.bottom)), understand) >= most:  # fmt: skip
        return None
    return best


def _could_be(row: Sequence[OldValue], hint: re.Pattern[str]) -> bool:
    """A quick look: at least two short words, hardly anything else, and one that sounds like a header."""
    words = [value for value in row if isinstance(value, str)]
    return len(words) > 1 and hint.search("".join(words)) is not None and _words_only(row)


def _words_only(row: Sequence[OldValue]) -> bool:
    filled = [value for value in row if value is not None]
    return bool(filled) and all(_is_title(value) for value in filled)


def _is_title(value: OldValue) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST and (not _is_amount(value) or read_or_year(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return 1990 <= value <= 2199 or 199001 <= value <= 219912
    return isinstance(value, date)


def _is_amount(text: str) -> bool:
    try:
        return read_amount(text) is not None
    except NoAmount:
        return "%" in text and text.strip("%0123456789. ") == ""


def _weigh(header: Header, understand: Understand) -> int:
    """How many different things a header names; 0 unless an amount and what it is for are among them."""
    known: set[tuple[str, int, str]] = set()
    identity = amount = False
    for title in set(header.titles):
        if not title:
            continue
        found = understand(title)
        if found.code or found.bare:
            known.add((found.code or "bare", found.rank, found.span if found.code in (*AMOUNTS, "") else ""))
        identity = identity or found.code in IDENTITY
        amount = amount or found.code in AMOUNTS or found.bare
    return len(known) if identity and amount else 0


def titles_of(sheet: OldSheet, top: int, bottom: int) -> tuple[tuple[str, ...], ...]:
    """The lines over every column, a merged group over each of its columns, a tall cell once."""
    lines = [_dated(sheet, row, line(sheet, row)) for row in range(top, bottom + 1)]
    across = {area.top for area in sheet.merged if area.right > area.left and top <= area.top <= bottom}
    for place, (upper, lower) in enumerate(pairwise(lines)):
        if top + place not in across:
            lines[place] = _spread(upper, lower)
    return tuple(tuple(dict.fromkeys(part for part in parts if part)) for parts in zip(*lines, strict=True))


def _dated(sheet: OldSheet, row: int, words: list[str]) -> list[str]:
    """A real date in a header is its month."""
    for column, value in enumerate(sheet.rows[row]):
        if isinstance(value, date):
            shown = f"{value.year}年{value.month}月"
            words = [shown if text == words_of(value) else text for text in words]
            words[column] = shown
    return words


def _spread(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """A group over several columns without merged cells: it reaches right as far as only the lower line has words."""
    found, group = [], ""
    for above, below in zip(upper, lower, strict=True):
        group = above or (group if below else "")
        found.append(above or group)
    return found
