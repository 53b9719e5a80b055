"""Owns what references read after a table grew: ranges over its data grow, and cells that made room are followed.

The geometry is written once, for cells that move down; cells that move right are looked at with rows and columns swapped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from workbook.ooxml.refs import (
    LAST_COLUMN,
    LAST_ROW,
    Area,
    Growth,
    cell_name,
    column_letters,
    column_number,
    sheet_name,
)

_STRING = r'"(?:[^"]|"")*"'
_BARE_SHEET = r"[^\s!'\"(),;:=*/+^&<>\[\]{}%-]+"
_SHEET = rf"(?:'(?:[^']|'')+'|{_BARE_SHEET})!"
_STRUCTURED = r"\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\]"
_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}"
_CELLS = rf"{_CELL}(?::{_CELL})?"
_ROWS = r"\$?[1-9]\d{0,6}:\$?[1-9]\d{0,6}"
_COLUMNS = r"\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}"
# Text, structured references and other books are stepped over whole; then come references, then any other word.
_TOKEN = re.compile(
    rf"{_STRING}|\[\d+\](?:{_BARE_SHEET})?!(?:{_CELLS})?|{_STRUCTURED}"
    rf"|(?P<sheet>{_SHEET})?(?<![\w.$])(?:(?P<cells>{_CELLS})|(?P<rows>{_ROWS})|(?P<columns>{_COLUMNS}))(?![\w(.!])"
    rf"|{_SHEET}|[\w.\\]+"
)
_END = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)(\d+)|(\$?)(\d+)|(\$?)([A-Za-z]{1,3})")


class Torn(Exception):
    """An area of which only a part moves: no one area says the same afterwards."""

    def __init__(self, area: Area):
        super().__init__(str(area))
        self.area = area


def swapped(area: Area) -> Area:
    """The area with rows and columns exchanged."""
    return Area(area.top, area.left, area.bottom, area.right)


@dataclass(frozen=True)
class Moves:
    """What happens to the cells of one sheet: a table grows, and its totals row and a block of cells make room.

    `block` reaches from its first moving row to the last row of the sheet, `used` is the last row in it with content;
    with `right`, from its first moving column to the last column, and `used` is a column. `right` is how far it moves.
    """

    sheet: str
    growth: Growth
    block: Area | None = None
    used: int = 0
    right: int = 0

    @property
    def distance(self) -> int:
        """How far cells move: rows down, or columns right."""
        return self.right or self.growth.more

    @property
    def down(self) -> int:
        """How many rows cells move down."""
        return 0 if self.right else self.growth.more

    @property
    def any(self) -> bool:
        """Whether a cell that is there moves at all."""
        return bool(self.distance and self._regions)

    @property
    def whole(self) -> bool:
        """Whether the block moves with its whole rows (or columns): heights, widths and all."""
        if self.block is None:
            return False
        across = swapped(self.block) if self.right else self.block
        return across.left == 1 and across.right >= (LAST_ROW if self.right else LAST_COLUMN)

    @property
    def where(self) -> str:
        """Where the moving cells lie, seen from the table, as people say it."""
        return "右边" if self.right else "下面"

    @property
    def sentence(self) -> str:
        """What moved and how far, or nothing."""
        if self.block is None or not self.distance:
            return ""
        unit = "列" if self.right else "行"
        start = f" {cell_name(self.block.left, self.block.top)} "
        if self.whole:
            start = f" {column_letters(self.block.left)} 列" if self.right else f"第 {self.block.top} 行"
        return f"表格{self.where}的内容（从{start}起）让出了 {self.distance} {unit}"

    @property
    def _limit(self) -> int:
        return LAST_COLUMN if self.right else LAST_ROW

    @property
    def _regions(self) -> list[Area]:
        """The regions that move, as they look when they move down."""
        if self.right:
            return [swapped(self.block)] if self.block else []
        regions = [self.growth.totals] if self.growth.totals_rows else []
        return [*regions, *([self.block] if self.block else [])]

    def moves_cell(self, column: int, row: int) -> bool:
        """Whether the cell there is one that moves."""
        place = Area(row, column, row, column) if self.right else Area(column, row, column, row)
        return bool(self.distance) and any(region.overlaps(place) for region in self._regions)

    def target(self, column: int, row: int) -> tuple[int, int]:
        """The column and row where a cell stands afterwards."""
        if not self.moves_cell(column, row):
            return column, row
        return column + self.right, row + self.down

    def moved(self, old: Area) -> Area:
        """The area after the move, as what holds its cells together reads it.

        Raises:
            Torn: only a part of it moves.
        """
        if not self.any:
            return old
        if not self.right:
            return self._moved(old)
        try:
            return swapped(self._moved(swapped(old)))
        except Torn as torn:
            raise Torn(swapped(torn.area)) from torn

    def _moved(self, old: Area) -> Area:
        touched = [region for region in self._regions if region.overlaps(old)]
        if not touched:
            return old
        left, right = min(r.left for r in touched), max(r.right for r in touched)
        top, last = min(region.top for region in touched), max(region.bottom for region in touched)
        inside = left <= old.left and old.right <= right
        if inside and old.top >= top and self._joined(touched, old):
            return self._down(old)
        if inside and old.top < top and (last == self._limit or old.bottom <= last):
            return replace(old, bottom=min(self._limit, old.bottom + self.distance))
        if old.top < top and self._still_holds(old, touched):
            return old
        raise Torn(old)

    def _joined(self, touched: list[Area], old: Area) -> bool:
        """Whether every cell of the area lies in a region that moves."""
        if len(touched) == 1:
            region = touched[0]
            return region.top <= old.top and old.bottom <= region.bottom
        return all(region.left <= old.left and old.right <= region.right for region in touched) and (
            touched[0].bottom + 1 >= touched[1].top
        )

    def _still_holds(self, old: Area, touched: list[Area]) -> bool:
        """Whether the area as it stands holds what it held also after the move, and the new cells between."""
        last = max(self.used if region.bottom == self._limit else region.bottom for region in touched)
        return old.bottom >= last + self.distance

    def _down(self, old: Area) -> Area:
        bottom = old.bottom if old.bottom == self._limit else old.bottom + self.distance
        if bottom > self._limit:
            raise Torn(old)
        return replace(old, top=old.top + self.distance, bottom=bottom)

    def grown(self, old: Area) -> Area:
        """The area after growth and move, as a range that goes with the table reads it."""
        new = self.growth.area(old) if self.growth.more else old
        return new if new != old else self.moved(old)

    def pieces(self, old: Area) -> list[Area]:
        """The area as one or more areas: one that is torn is cut where the moving cells begin and end."""
        try:
            return [self.grown(old)]
        except Torn:
            pass
        turn = swapped if self.right else lambda area: area
        wide = turn(old)
        cut = next(region for region in self._regions if region.overlaps(wide))
        middle = replace(wide, left=max(wide.left, cut.left), right=min(wide.right, cut.right))
        if middle == wide:  # it begins or ends between the totals and what stays below them
            begins = self.distance * (wide.top >= cut.top)
            return [turn(replace(wide, top=wide.top + begins, bottom=wide.bottom + self.distance))]
        sides = [middle]
        if wide.left < cut.left:
            sides.insert(0, replace(wide, right=cut.left - 1))
        if wide.right > cut.right:
            sides.append(replace(wide, left=cut.right + 1))
        return [piece for side in sides for piece in self.pieces(turn(side))]

    def sqref(self, text: str) -> str:
        """A blank-separated list of ranges after growth and move."""
        return " ".join(self._word(word) for word in text.split(" "))

    def _word(self, word: str) -> str:
        try:
            old = Area.parse(word)
        except ValueError:
            return word
        new = self.pieces(old)
        return word if new == [old] else " ".join(map(str, new))

    def formula(self, text: str, own_sheet: str, *, grow: bool) -> str:
        """Formula text after the move; with `grow`, ranges over the table's data reach its new last row.

        Raises:
            Torn: a reference holds cells of which only a part moves.
        """
        if not self.distance:
            return text

        def changed(sheet: str | None, reference: str) -> str:
            if (own_sheet if sheet is None else sheet).casefold() != self.sheet.casefold():
                if sheet is not None and _spans(sheet) and self._touches(Area.parse(reference)):
                    raise Torn(Area.parse(reference))
                return reference
            old = Area.parse(reference)
            new = self.grown(old) if grow else self.moved(old)
            return reference if new == old else _rewritten(reference, new)

        return map_references(text, changed)

    def _touches(self, area: Area) -> bool:
        return any(region.overlaps(swapped(area) if self.right else area) for region in self._regions)


def _spans(sheet: str) -> bool:
    """Whether a sheet name stands for several sheets (first:last)."""
    return ":" in sheet


def map_references(formula: str, change: Callable[[str | None, str], str]) -> str:
    """The formula with each reference by address replaced by what `change(sheet, reference)` makes of it."""

    def changed(found: re.Match[str]) -> str:
        reference = found["cells"] or found["rows"] or found["columns"]
        if not reference:
            return found[0]
        given = found["sheet"] or ""
        return given + change(sheet_name(given[:-1]) if given else None, reference)

    return _TOKEN.sub(changed, formula)


def references(formula: str, own_sheet: str) -> Iterator[tuple[str, Area]]:
    """The cells and ranges that a formula names by address, each with its sheet."""
    found: list[tuple[str, Area]] = []

    def note(sheet: str | None, reference: str) -> str:
        found.append((own_sheet if sheet is None else sheet, Area.parse(reference)))
        return reference

    map_references(formula, note)
    yield from found


def _rewritten(reference: str, new: Area) -> str:
    """A reference to the new area, its dollar signs and its kind (cells, whole rows, whole columns) as written."""
    first, _, last = reference.partition(":")
    start, end = _end(first, new.left, new.top), _end(last or first, new.right, new.bottom)
    return start if not last and start == end else f"{start}:{end}"


def _end(written: str, column: int, row: int) -> str:
    letters = re.sub("[A-Za-z]+", column_letters(column), written)
    return re.sub(r"\d+", str(row), letters)


def translated(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads in a cell that many rows lower and columns further right; absolute parts stay."""

    def shift(found: re.Match[str]) -> str:
        fixed_column, column, fixed_row, row, only_fixed, only_row, line_fixed, line = found.groups()
        if column:
            moved = column if fixed_column else _letters(column, columns)
            return f"{fixed_column}{moved}{fixed_row}{row if fixed_row else int(row) + rows}"
        if only_row:
            return f"{only_fixed}{only_row if only_fixed else int(only_row) + rows}"
        return f"{line_fixed}{line if line_fixed else _letters(line, columns)}"

    return map_references(formula, lambda _sheet, reference: _END.sub(shift, reference))


def _letters(column: str, by: int) -> str:
    return column_letters(column_number(column) + by)
