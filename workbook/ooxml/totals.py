"""Owns the totals row of a table on its way down: its cells move as they are, or the move is refused with the cell.

A formula that names a totals cell by its address would point at a data row afterwards; then nothing is moved.
"""

from __future__ import annotations

from workbook.errors import AppendRefused
from workbook.ooxml.cells import OldCell
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area, Growth, cell_name, references
from workbook.ooxml.sheet import OldRow, Sheet
from workbook.ooxml.spans import Element, attributes, unescape
from workbook.ooxml.table import TableView
from workbook.ooxml.workbook_part import WorkbookPart

_FORMULA_ELEMENTS = ("f", "formula", "formula1", "formula2")
_COMMENT_PARTS = ("comments", "threadedComment")
_COMMENT_ELEMENTS = ("comment", "threadedComment")


class Totals:
    """The totals row of one table, about to make room for new rows."""

    def __init__(self, parts: Parts, workbook: WorkbookPart, view: TableView, sheet: Sheet, growth: Growth):
        self._parts, self._workbook, self._view, self._sheet = parts, workbook, view, sheet
        self._growth = growth
        self.area = growth.totals
        rows = [row for row in sheet.rows_from(self.area.top) if row.number == self.area.top]
        self.row: OldRow | None = rows[0] if rows else None

    def cells(self) -> list[OldCell]:
        """The cells of the totals row that belong to the table."""
        inside = range(self.area.left, self.area.right + 1)
        return [cell for cell in self._sheet.cells(self.row) if cell.column in inside] if self.row else []

    def moved(self) -> tuple[int, bytes]:
        """The number and the bytes of the row where the totals stand afterwards."""
        number = self.area.top + self._growth.more
        cells = {cell.column: self._sheet.moved(cell, number) for cell in self.cells()}
        there = [row for row in self._sheet.rows_from(number) if row.number == number]
        if there:
            return number, self._sheet.merged_row(there[0], cells, shown=True)
        return number, self._sheet.new_row(number, self.row, cells)

    def refuse_if_bound(self, frame: Element) -> None:
        """Refuses when something holds on to the present place of the totals."""
        for cell in self.cells():
            element = cell.formula_element()
            text = unescape(element.partition(b">")[2].rpartition(b"</")[0].decode())
            ordinary = attributes(element.partition(b">")[0]).get("t", "normal") == "normal"
            if not ordinary or self._covers_data(text):
                raise self._bound(cell_name(cell.column, self.area.top), "里的公式用单元格地址引用数据行")
        for kind in _COMMENT_PARTS:
            for part in self._parts.related(self._view.sheet_part, kind):
                for note in self._parts.tree(part).walk():
                    reference = note.attributes.get("ref", "")
                    if note.local in _COMMENT_ELEMENTS and Area.parse(reference).overlaps(self.area):
                        raise self._bound(reference, "有批注")
        for entry in self._workbook.sheets():
            own = entry.part == self._view.sheet_part
            data = self._parts.read(entry.part)
            if own or b"<" + self._sheet.prefix.encode() + b"f" in data or b":f" in data:
                sheet = self._sheet if own else Sheet(data, entry.part)
                around = frame if own else sheet.frame()
                texts = [element.text for element in around.walk() if element.local in _FORMULA_ELEMENTS]
                for text in [*sheet.formulas(), *texts]:
                    self._refuse_reference(text, entry.title)

    def _covers_data(self, formula: str) -> bool:
        """Whether a totals formula names the data down to its last row by address: it would miss the new rows."""
        title = self._view.sheet
        found = (area for sheet, area in references(formula, title) if sheet.casefold() == title.casefold())
        return any(self._growth.area(area) != area for area in found)

    def _refuse_reference(self, formula: str, own_sheet: str) -> None:
        if str(self.area.top) not in formula and ":" not in formula:
            return
        for sheet, area in references(formula, own_sheet):
            if sheet.casefold() != self._view.sheet.casefold() or not area.overlaps(self.area):
                continue
            around = area.top < self._growth.data.top and area.bottom >= self.area.bottom + self._growth.more
            if not around:
                raise self._bound(str(area), f"被公式 ={formula[:60]} 引用")

    def _bound(self, where: str, why: str) -> AppendRefused:
        view = self._view
        return AppendRefused(
            f"工作表“{view.sheet}”的表格 {view.name} 下面的汇总行（{where}）{why}，不能下移。"
            "请在“表设计”里取消“汇总行”，追加后再打开。"
        )
