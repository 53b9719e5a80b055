"""Owns making room below a table: what stands in the way of new rows, which block of cells moves down, and what cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbook.errors import AppendRefused
from workbook.ooxml.moves import Moves
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import LAST_COLUMN, LAST_ROW, Area, Growth, cell_name
from workbook.ooxml.sheet import OldRow, Sheet
from workbook.ooxml.spans import Element
from workbook.ooxml.table import TableView


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
        if last > LAST_ROW:
            room = LAST_ROW - view.area.bottom
            raise AppendRefused(f"{self._where()}只剩 {room} 行，放不下 {growth.more} 行。")
        top = self._first_obstacle(wanted)
        if top is None:
            return Moves(view.sheet, growth)
        block = self._whole(Area(wanted.left, top, wanted.right, LAST_ROW))
        used = self._used(block)
        if used + growth.more > LAST_ROW:
            raise AppendRefused(f"{self._where()}的内容一直到第 {used} 行，不能再下移 {growth.more} 行。")
        moves = Moves(view.sheet, growth, self._widened(block), used)
        if not moves.whole_rows:
            self._refuse_hidden(block, used + growth.more)
        return moves

    def _where(self) -> str:
        return f"工作表“{self._view.sheet}”的表格 {self._view.name} 下面"

    def _first_obstacle(self, wanted: Area) -> int | None:
        """The first row of what lies in the wanted cells."""
        tops = [max(fixed.area.top, wanted.top) for fixed in self._fixed if fixed.area.overlaps(wanted)]
        for row in self._sheet.rows_from(wanted.top):
            if row.number > wanted.bottom:
                break
            if any(wanted.left <= column <= wanted.right for column in self._filled(row)):
                tops.append(row.number)
                break
        return min(tops, default=None)

    def _filled(self, row: OldRow) -> list[int]:
        return [cell.column for cell in self._sheet.cells(row) if cell.has_content]

    def _whole(self, block: Area) -> Area:
        """The block, wide enough and begun early enough that nothing which holds together is torn."""
        growing = True
        while growing:
            growing = False
            for fixed in self._fixed:
                if not fixed.area.overlaps(block):
                    continue
                new = replace(block.union(fixed.area), bottom=LAST_ROW)
                if new.top <= self._view.area.bottom:
                    raise AppendRefused(
                        f"{self._where()}要下移的内容里有{fixed.what}（{fixed.area}），它从表格旁边开始，不能只移一部分。"
                        "请把它移到别处。"
                    )
                growing = growing or new != block
                block = new
        return block

    def _used(self, block: Area) -> int:
        """The last row of the block in which something stands."""
        last = max((fixed.area.bottom for fixed in self._fixed if fixed.area.overlaps(block)), default=block.top)
        for row in reversed(self._sheet.rows_from(block.top)):
            if any(block.left <= column <= block.right for column in self._filled(row)):
                return max(last, row.number)
        return last

    def _widened(self, block: Area) -> Area:
        """Whole rows where nothing stands beside the block: then heights, filters and formats move along."""
        for row in self._sheet.rows_from(block.top):
            if any(not block.left <= column <= block.right for column in self._filled(row)):
                return block
        beside = (Area(1, block.top, block.left - 1, LAST_ROW), Area(block.right + 1, block.top, LAST_COLUMN, LAST_ROW))
        if any(fixed.area.overlaps(side) for fixed in self._fixed for side in beside if side.left <= side.right):
            return block
        return replace(block, left=1, right=LAST_COLUMN)

    def _refuse_hidden(self, block: Area, last: int) -> None:
        """Cells that move alone would appear or vanish where rows are hidden."""
        for row in self._sheet.rows_from(block.top):
            if row.number <= last and row.attributes.get("hidden") in ("1", "true"):
                raise AppendRefused(
                    f"{self._where()}的内容（从 {cell_name(block.left, block.top)} 起）要下移，而旁边也有内容，第 {row.number} 行是隐藏的。"
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
