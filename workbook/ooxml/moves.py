"""Owns what references read after a table grew: ranges over its data grow, and cells that made room are followed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from workbook.ooxml.refs import LAST_ROW, Area, Growth, column_letters, column_number, sheet_name

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


@dataclass(frozen=True)
class Moves:
    """What happens to the cells of one sheet: a table's data grows, its totals row and a block below it move down.

    `below` reaches from its first moving row to the last row of the sheet; `used` is the last row in it with content.
    """

    sheet: str
    growth: Growth
    below: Area | None = None
    used: int = 0

    @property
    def rows(self) -> int:
        """How far cells move."""
        return self.growth.more

    @property
    def any(self) -> bool:
        """Whether a cell that is there moves at all."""
        return bool(self.rows and (self.growth.totals_rows or self.below))

    @property
    def whole_rows(self) -> bool:
        """Whether the block below moves with its whole rows, heights and all."""
        return self.below is not None and self.below.left == 1 and self.below.right >= 16_384

    def moves_cell(self, column: int, row: int) -> bool:
        """Whether the cell there is one that moves."""
        place = Area(column, row, column, row)
        return any(region.overlaps(place) for region in self._regions())

    def _regions(self) -> list[Area]:
        regions = [self.growth.totals] if self.growth.totals_rows else []
        return [*regions, *([self.below] if self.below else [])]

    def moved(self, old: Area) -> Area:
        """The area after the move, as what holds its cells together reads it.

        Raises:
            Torn: only a part of it moves.
        """
        if not self.any:
            return old
        touched = [region for region in self._regions() if region.overlaps(old)]
        if not touched:
            return old
        left, right = min(r.left for r in touched), max(r.right for r in touched)
        top = min(region.top for region in touched)
        inside = left <= old.left and old.right <= right
        if inside and old.top >= top and self._joined(touched, old):
            return self._down(old)
        if inside and old.top < top and (self.below in touched or old.bottom <= self.growth.totals.bottom):
            return replace(old, bottom=min(LAST_ROW, old.bottom + self.rows))
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
        """Whether the area as it stands holds what it held also after the move, and the new rows between."""
        last = max(self.used if region is self.below else region.bottom for region in touched)
        return old.bottom >= last + self.rows

    def _down(self, old: Area) -> Area:
        bottom = old.bottom if old.bottom == LAST_ROW else old.bottom + self.rows
        if bottom > LAST_ROW:
            raise Torn(old)
        return replace(old, top=old.top + self.rows, bottom=bottom)

    def grown(self, old: Area) -> Area:
        """The area after growth and move, as a range that goes with the table reads it."""
        new = self.growth.area(old) if self.rows else old
        return new if new != old else self.moved(old)

    def pieces(self, old: Area) -> list[Area]:
        """The area as one or more areas: one that is torn is cut where the moving columns begin and end."""
        try:
            return [self.grown(old)]
        except Torn:
            pass
        cut = next(region for region in self._regions() if region.overlaps(old))
        middle = replace(old, left=max(old.left, cut.left), right=min(old.right, cut.right))
        if middle == old:  # it begins or ends between the totals and what stays below them
            return [replace(old, top=old.top + self.rows * (old.top >= cut.top), bottom=old.bottom + self.rows)]
        sides = [middle]
        if old.left < cut.left:
            sides.insert(0, replace(old, right=cut.left - 1))
        if old.right > cut.right:
            sides.append(replace(old, left=cut.right + 1))
        return [piece for side in sides for piece in self.pieces(side)]

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
        if not self.rows:
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
        return self.any and any(region.overlaps(area) for region in self._regions())


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
    """A reference with new rows, its dollar signs and columns as they were written."""
    first, _, last = reference.partition(":")
    start = re.sub(r"\d+$", str(new.top), first)
    end = re.sub(r"\d+$", str(new.bottom), last or first)
    return start if not last and start == end else f"{start}:{end}"


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
