"""Owns making room below a table: what stands in the way of new rows, which block of cells moves down, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workbook.errors import AppendRefused
from workbook.ooxml.moves import Moves
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import LAST_COLUMN, LAST_ROW, Area, Growth, cell_name, column_letters
from workbook.ooxml.sheet import Sheet
from workbook.ooxml.spans import Element
from workbook.ooxml.table import TableView

_YES = ("1", "true")


@dataclass(frozen=True)
class Fixed:
    """Cells of a sheet that hold together: a table, merged cells, an array formula, a pivot table, a filtered range."""

    what: str
    area: Area


class Room:
    """The sheet of one table as its next rows find it."""

    def __init__(self, parts: Parts, view: TableView, others: Sequence[TableView], sheet: Sheet, frame: Element):
        self._parts, self._view, self._sheet, self._frame = parts, view, sheet, frame
        self._others = others
        self._fixed = self._fixed_areas()

    def moves(self, growth: Growth) -> Moves:
        """What moves when the table grows so; nothing but the totals row if the new rows find blank cells.

        Raises:
            AppendRefused: what is in the way cannot move; the sentence names it.
        """
        view = self._view
        last = growth.new_last + view.totals_row_count
        wanted = Area(growth.data.left, view.area.bottom + 1, growth.data.right, last)
        moves = Moves(view.sheet, growth)
        if last > LAST_ROW:
            room = LAST_ROW - view.area.bottom
            raise AppendRefused(f"{self._where(moves)}只剩 {room} 行，放不下 {growth.more} 行。")
        return self._with_block(moves, wanted) if growth.more else moves

    def moves_right(self) -> Moves:
        """What moves when the table takes one more column at its right edge.

        Raises:
            AppendRefused: what is in the way cannot move; the sentence names it.
        """
        view = self._view
        column = view.area.right + 1
        moves = Moves(view.sheet, view.growth(0), right=1)
        if column > LAST_COLUMN:
            raise AppendRefused(f"{self._where(moves)}没有列了，放不下新的一列。")
        return self._with_block(moves, Area(column, view.area.top, column, view.area.bottom))

    def _with_block(self, moves: Moves, wanted: Area) -> Moves:
        first = self._first_obstacle(wanted, moves)
        if first is None:
            return moves
        block = (
            replace(wanted, left=first, right=LAST_COLUMN)
            if moves.right
            else replace(wanted, top=first, bottom=LAST_ROW)
        )
        block = self._whole(block, moves)
        used = self._used(block, moves)
        if used + moves.distance > (LAST_COLUMN if moves.right else LAST_ROW):
            raise AppendRefused(
                f"{self._where(moves)}的内容一直到表的尽头（第 {used} {'列' if moves.right else '行'}），不能再移。"
            )
        moves = replace(moves, block=self._widened(block, moves), used=used)
        if not moves.whole:
            self._refuse_hidden(block, moves)
        return moves

    def _where(self, moves: Moves) -> str:
        return f"工作表“{self._view.sheet}”的表格 {self._view.name} {moves.where}"

    def _filled(self, area: Area) -> Iterator[tuple[int, int]]:
        """The column and row of each cell with content."""
        for row in self._sheet.rows_from(area.top):
            if row.number > area.bottom:
                break
            for cell in self._sheet.cells(row):
                if area.left <= cell.column <= area.right and cell.has_content:
                    yield cell.column, row.number

    def _first_obstacle(self, wanted: Area, moves: Moves) -> int | None:
        """The first row (or column) of what lies in the wanted cells."""
        lying = [fixed.area for fixed in self._fixed if fixed.area.overlaps(wanted)]
        if moves.right:
            return wanted.left if lying or any(self._filled(wanted)) else None
        found = next(self._filled(wanted), None)
        tops = [max(area.top, wanted.top) for area in lying] + ([found[1]] if found else [])
        return min(tops, default=None)

    def _whole(self, block: Area, moves: Moves) -> Area:
        """The block, wide enough and begun early enough that nothing which holds together is torn."""
        growing = True
        while growing:
            growing = False
            for fixed in self._fixed:
                if not fixed.area.overlaps(block):
                    continue
                new = block.union(fixed.area)
                if new.overlaps(self._view.area):
                    raise AppendRefused(
                        f"{self._where(moves)}要让出位置的内容里有{fixed.what}（{fixed.area}），它从表格旁边开始，不能只移一部分。"
                        "请把它移到别处。"
                    )
                growing = growing or new != block
                block = new
        return block

    def _used(self, block: Area, moves: Moves) -> int:
        """The last row (or column) of the block in which something stands."""
        lying = [fixed.area for fixed in self._fixed if fixed.area.overlaps(block)]
        if moves.right:
            return max([block.left, *(area.right for area in lying), *(column for column, _ in self._filled(block))])
        return max([block.top, *(area.bottom for area in lying), *(row for _, row in self._filled(block))])

    def _widened(self, block: Area, moves: Moves) -> Area:
        """Whole rows (or columns) where nothing stands beside the block: then heights, widths and filters move along."""
        if moves.right:
            wide = replace(block, top=1, bottom=LAST_ROW)
            sides = (replace(wide, bottom=block.top - 1), replace(wide, top=block.bottom + 1))
        else:
            wide = replace(block, left=1, right=LAST_COLUMN)
            sides = (replace(wide, right=block.left - 1), replace(wide, left=block.right + 1))
        for side in sides:
            if side.left > side.right or side.top > side.bottom:
                continue
            if any(fixed.area.overlaps(side) for fixed in self._fixed) or any(self._filled(side)):
                return block
        return wide

    def _refuse_hidden(self, block: Area, moves: Moves) -> None:
        """Cells that move alone would appear or vanish where rows (or columns) are hidden."""
        last = moves.used + moves.distance
        hidden: list[str] = []
        if moves.right:
            cols = self._frame.child("cols")
            for col in cols.children if cols else []:
                low, high = int(col.attributes["min"]), int(col.attributes["max"])
                if col.attributes.get("hidden") in _YES and low <= last and high >= block.left:
                    hidden.append(f"{column_letters(max(low, block.left))} 列")
        else:
            for row in self._sheet.rows_from(block.top):
                if row.number <= last and row.attributes.get("hidden") in _YES:
                    hidden.append(f"第 {row.number} 行")
        if hidden:
            start = cell_name(block.left, block.top)
            raise AppendRefused(
                f"{self._where(moves)}的内容（从 {start} 起）要让出位置，而旁边也有内容，{hidden[0]}是隐藏的。"
                "请先取消隐藏或清除筛选。"
            )

    def _fixed_areas(self) -> list[Fixed]:
        found = [Fixed(f"表格 {other.name}", other.area) for other in self._others]
        merged = self._frame.child("mergeCells")
        for element in merged.children if merged else []:
            found.append(Fixed("合并单元格", Area.parse(element.attributes["ref"])))
        filtered = self._frame.child("autoFilter")
        if filtered is not None and "ref" in filtered.attributes:
            found.append(Fixed("筛选区域", Area.parse(filtered.attributes["ref"])))
        found += [Fixed("数组公式", area) for area in self._sheet.formula_areas()]
        for part in self._parts.related(self._view.sheet_part, "pivotTable"):
            tree = self._parts.tree(part)
            location, pages = tree.child("location"), tree.child("pageFields")
            if location is not None:
                area = Area.parse(location.attributes["ref"])
                above = len(pages.children) + 1 if pages is not None else 0
                found.append(Fixed("数据透视表", replace(area, top=max(1, area.top - above))))
        return found
