"""Owns finding the header in an old sheet: under title rows, over two lines, again further down, or none at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from workbook.adopting.old_file import OldSheet, OldValue
from workbook.adopting.tree import find_indicator
from workbook.adopting.values import words_of
from workbook.adopting.words import REVIEWER as REVIEWER_WORDS
from workbook.adopting.words import any_header_words, heading, match, says
from workbook.tables import Candidates, Partners

LONGEST = 60  # characters of one line of a header
NEAR_TOP = 60  # rows in which a header with few known words is looked for


@dataclass(frozen=True)
class Title:
    """What stands above one column: the lowest line, and the lines over it as one group (`联系方式` over `电话`)."""

    leaf: str
    group: str = ""

    @property
    def shown(self) -> str:
        """As people read it: group and line with a stroke between."""
        return f"{self.group}／{self.leaf}" if self.group else self.leaf


@dataclass(frozen=True)
class Header:
    """A header: its rows (counted from 0, ends included) and a title for each column, empty where there is none."""

    top: int
    bottom: int
    titles: tuple[Title, ...]
    weight: float


def line(sheet: OldSheet, row: int, *, across: bool = True) -> list[str]:
    """The words of a row, merged cells filled across."""
    found = [words_of(value) for value in sheet.rows[row]] if row < len(sheet.rows) else []
    found += [""] * (sheet.width - len(found))
    for area in sheet.merged if across else ():
        if area.top == row and area.right > area.left < len(found):
            found[area.left : area.right + 1] = [found[area.left]] * (min(area.right + 1, len(found)) - area.left)
    return [" ".join(text.split()) for text in found]


def titles_of(sheet: OldSheet, top: int, bottom: int) -> tuple[Title, ...]:
    """The titles of the columns under a header of these rows."""
    lines = [line(sheet, row) for row in range(top, bottom + 1)]
    if not sheet.merged:
        lines[:-1] = [_spread(upper, lower) for upper, lower in pairwise(lines)]
    found = []
    for parts in zip(*lines, strict=True):
        own = list(dict.fromkeys(part for part in parts if part))
        found.append(Title(own[-1], "".join(own[:-1])) if own else Title(""))
    return tuple(found)


def _spread(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """A group over several columns without merged cells: it reaches right as far as only the lower line has words."""
    found, group = [], ""
    for above, below in zip(upper, lower, strict=True):
        group = above or (group if below else "")
        found.append(above or group)
    return found


@lru_cache(maxsize=65_536)
def weigh(title: Title) -> float:
    """How surely a title is one of a header: 1 for our own labels, 0 for a word that we do not know."""
    best = 0.0
    for text in ({title.leaf, title.group + title.leaf} if title.group else {title.leaf}) - {""}:
        for table in (Partners, Candidates):
            best = max(best, match(table, text)[1])
        if find_indicator(text) or says(REVIEWER_WORDS, text):
            best = max(best, 0.9)
    return max(best, 0.9) if title.group and find_indicator(title.group) else best


def find_headers(sheet: OldSheet) -> list[Header]:
    """The headers of a sheet from top to bottom; one that repeats the first is found again, as such.

    A header names whom the rows are about or what is marked, and at least two of its titles are words that we know.
    """
    found: list[Header] = []
    row = 0
    while row < len(sheet.rows):
        header = _header_at(sheet, row)
        if header is None or (row >= NEAR_TOP and header.weight < 2.5):
            row += 1
            continue
        found.append(header)
        row = header.bottom + 1
    return found


def _header_at(sheet: OldSheet, row: int) -> Header | None:
    """The header that begins at a row, over one line or two."""
    if not (_could_be(sheet.rows[row]) if row < NEAR_TOP else _surely(sheet.rows[row])):
        return None
    single = _header(sheet, row, row)
    if not _two_lines(sheet, row):
        return single
    double, below = _header(sheet, row, row + 1), _header(sheet, row + 1, row + 1)
    best = max((h for h in (double, single) if h), key=lambda h: h.weight, default=None)
    # Title rows over a header look like its upper line: they must add something to be part of it.
    return best if best and (below is None or best.weight > below.weight) else None


def _header(sheet: OldSheet, top: int, bottom: int) -> Header | None:
    titles = titles_of(sheet, top, bottom)
    weights = [weigh(title) for title in dict.fromkeys(titles) if title.leaf]
    known = [weight for weight in weights if weight]
    if len(known) < 2 or sum(known) < 1.7 or len(known) * 4 < len(weights):
        return None
    return Header(top, bottom, titles, sum(known))


def _could_be(row: Sequence[OldValue]) -> bool:
    """A quick look: several short words and hardly anything else, one of which we know."""
    filled = [value for value in row if value is not None]
    texts = [value for value in filled if isinstance(value, str) and len(value) <= LONGEST]
    if not texts or len(texts) * 5 < len(filled) * 4:
        return False
    known = any_header_words()
    return any(heading(text).words in known or _ends_known(text) for text in texts)


def _surely(row: Sequence[OldValue]) -> bool:
    """The look far down a long list, where it must cost little: two words that stand in our lists as they are."""
    known = any_header_words()
    return sum(isinstance(value, str) and value.strip().casefold() in known for value in row) >= 2 and _could_be(row)


@lru_cache(maxsize=65_536)
def _ends_known(text: str) -> bool:
    return weigh(Title(text)) > 0


def _two_lines(sheet: OldSheet, row: int) -> bool:
    """Whether the next row can be the lower line of a header: words only, under groups or beside tall cells."""
    if row + 1 >= len(sheet.rows):
        return False
    below = [value for value in sheet.rows[row + 1] if value is not None]
    if not below or not all(isinstance(value, str) and len(value) <= LONGEST for value in below):
        return False
    for area in sheet.merged:
        wide = area.top == area.bottom == row and area.right > area.left
        if (wide and area.right - area.left + 1 < sheet.width) or (area.top == row and area.bottom == row + 1):
            return True
    upper, lower = line(sheet, row), line(sheet, row + 1)
    return not sheet.merged and any(b and not a for a, b in zip(upper, lower, strict=True))
