"""Owns A1 references: areas of a sheet, how a table's areas grow, and formula text that is filled down."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384

_AREA = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")
_LINES = re.compile(r"\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})|\$?(\d{1,7}):\$?(\d{1,7})")
# What must be stepped over whole: string literals, structured references, error texts.
_STRING = r'"(?:[^"]|"")*"'
_SHEET = r"(?:'(?:[^']|'')+'|[^\s!'\"(),;:=*/+^&<>\[\]{}%-]+)!"
_STRUCTURED = r"\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\]"
_ROW_REFERENCE = re.compile(
    rf"{_STRING}|{_STRUCTURED}|{_SHEET}|#[A-Z/0]+[!?]?"
    r"|(?<![\w.$])(\$?[A-Za-z]{1,3})(\$?)([1-9]\d{0,6})(?![\w(.!])|[\w.\\]+"
)


@dataclass(frozen=True)
class Area:
    """A rectangle of cells, 1-based, both ends inside."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def parse(cls, text: str) -> Area:
        """`B5:Q9`, `B5`, whole columns `B:C` or whole rows `5:9`, with or without dollar signs."""
        text = text.strip()
        lines = _LINES.fullmatch(text)
        if lines and lines[1]:
            return cls(column_number(lines[1]), 1, column_number(lines[2]), LAST_ROW)
        if lines:
            return cls(1, int(lines[3]), LAST_COLUMN, int(lines[4]))
        found = _AREA.fullmatch(text)
        if found is None:
            raise ValueError(text)
        left, top = column_number(found[1]), int(found[2])
        right, bottom = (column_number(found[3]), int(found[4])) if found[3] else (left, top)
        return cls(min(left, right), min(top, bottom), max(left, right), max(top, bottom))

    def __str__(self) -> str:
        first, last = cell_name(self.left, self.top), cell_name(self.right, self.bottom)
        return first if first == last else f"{first}:{last}"

    @property
    def full(self) -> str:
        """Always with a colon, as a table wants it."""
        return f"{cell_name(self.left, self.top)}:{cell_name(self.right, self.bottom)}"

    def overlaps(self, other: Area) -> bool:
        """Whether they share a cell."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )

    def union(self, other: Area) -> Area:
        """The smallest area that holds both."""
        return Area(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True)
class Growth:
    """A table's data area and the row where it will end: the ranges that must grow or move with it are known from this."""

    data: Area
    header_rows: int
    new_last: int
    totals_rows: int = 0

    @property
    def more(self) -> int:
        """How many rows come in."""
        return self.new_last - self.data.bottom

    @property
    def totals(self) -> Area:
        """The totals row as it stood; a row below the data if there is none."""
        return replace(self.data, top=self.data.bottom + 1, bottom=self.data.bottom + max(1, self.totals_rows))

    def area(self, old: Area) -> Area:
        """The area after the growth: one over the data (with header, with totals) grows, the totals row moves."""
        if old.left < self.data.left or old.right > self.data.right:
            return old
        spans = self.data.top - self.header_rows <= old.top <= self.data.top
        ends = (self.data.bottom, self.totals.bottom) if self.totals_rows else (self.data.bottom,)
        if spans and old.bottom in ends:
            return replace(old, bottom=old.bottom + self.more)
        if self.totals_rows and old.top >= self.totals.top and old.bottom <= self.totals.bottom:
            return replace(old, top=old.top + self.more, bottom=old.bottom + self.more)
        return old


def column_number(letters: str) -> int:
    """`A` is 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 is `A`."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(column: int, row: int) -> str:
    """`B5`."""
    return f"{column_letters(column)}{row}"


def sheet_name(quoted: str) -> str:
    """A sheet's name out of a reference, without its quotes."""
    if quoted.startswith("'"):
        return quoted[1:-1].replace("''", "'")
    return quoted


def _map_rows(formula: str, change: Callable[[str, str, int], str]) -> str:
    def changed(found: re.Match[str]) -> str:
        return found[0] if found[1] is None else change(found[1], found[2], int(found[3]))

    return _ROW_REFERENCE.sub(changed, formula)


def has_relative_rows(formula: str) -> bool:
    """Whether the formula names cells by a row that moves when it is filled down."""
    seen: list[int] = []

    def note(column: str, dollar: str, row: int) -> str:
        if not dollar:
            seen.append(row)
        return ""

    _map_rows(formula, note)
    return bool(seen)


def filled_down(formula: str, rows: int) -> str:
    """The formula as it reads that many rows lower: relative rows move, absolute ones and all else stay."""

    def moved(column: str, dollar: str, row: int) -> str:
        return f"{column}{dollar}{row if dollar else row + rows}"

    return _map_rows(formula, moved)
