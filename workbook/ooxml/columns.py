"""Owns a new column at the right edge of a table: its header, its cells, its declaration, and what makes room for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from workbook.errors import ValueRefused
from workbook.ooxml.cells import Cell, NewCell, Place, check_text, encode_text
from workbook.ooxml.frames import Frames
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area
from workbook.ooxml.relocation import Relocation
from workbook.ooxml.room import Room
from workbook.ooxml.sheet import OldRow, Sheet
from workbook.ooxml.spans import (
    Edit,
    Element,
    attributes,
    escape,
    escape_attribute,
    insert_inside,
    set_attribute,
    splice,
)
from workbook.ooxml.table import TableView, plain_header
from workbook.ooxml.workbook_part import WorkbookPart
from workbook.ooxml.writer import CellWriter, refuse_unfit, settle

LONGEST_HEADER = 255


class NewColumn:
    """One column that is being added to one table."""

    def __init__(self, parts: Parts, workbook: WorkbookPart, view: TableView, others: Sequence[TableView]):
        self._parts, self._workbook, self._view = parts, workbook, view
        self._others = tuple(
            other for other in others if other.sheet_part == view.sheet_part and other.part != view.part
        )

    def run(self, header: str, values: Sequence[Cell], formula: str, width: float | None) -> None:
        """Adds it; `values` fill its data rows from the first on, `formula` (without =) makes it a calculated column.

        Raises:
            ValueRefused: the header is empty, too long, or there already; more values than rows.
            AppendRefused: what stands to the right cannot make room; the sentence names it.
        """
        view, header = self._view, plain_header(header)
        self._refuse_header(header)
        refuse_unfit(self._parts, view)
        if len(values) > view.last_row - view.first_row + 1:
            raise ValueRefused(
                f"表格 {view.name} 只有 {view.last_row - view.first_row + 1} 行，新列“{header}”给了 {len(values)} 个值。"
            )
        sheet = self._sheet()
        moves = Room(self._parts, view, self._others, sheet, sheet.frame()).moves_right()
        if moves.any:
            Relocation(self._parts, self._workbook, view, self._others, moves).run()
            sheet = self._sheet()
        grown = replace(
            view,
            ref=replace(view.area, right=view.area.right + 1).full,
            columns=(*view.columns, header),
            formulas=(*view.formulas, (formula, False)) if view.formulas else (),
        )
        writer = CellWriter(self._parts, self._workbook, grown)
        edits = self._cell_edits(sheet, writer, header, values, formula)
        frames = Frames(self._parts, self._workbook, view.sheet_part, moves)
        column = view.area.right + 1
        used = Area(column, view.area.top, column, view.area.bottom)
        frame = sheet.frame()
        edits += frames.own_edits(sheet.data, frame, used)
        if width is not None and not (moves.whole and moves.right):
            edits += _width_edits(sheet, frame, column, width)
        self._parts.write(view.sheet_part, splice(sheet.data, edits))
        self._declare(header, formula, grown.ref)
        if moves.any:
            frames.everywhere_else()
        settle(self._workbook, bool(formula) or moves.any)

    def _sheet(self) -> Sheet:
        return Sheet(self._parts.read(self._view.sheet_part), self._view.sheet_part)

    def _refuse_header(self, header: str) -> None:
        view, place = self._view, Place(self._view.name, header)
        if not header.strip() or len(header) > LONGEST_HEADER:
            raise ValueRefused(f"表格 {view.name} 的新列名是空的，或超过 {LONGEST_HEADER} 个字符。")
        check_text(header, place)
        if re.search("[\x00-\x09\x0b-\x1f]", header):
            raise place.refuse("列名里有控制字符，请删去。")
        if header.casefold() in {known.casefold() for known in view.columns}:
            raise ValueRefused(f"表格 {view.name} 已经有列“{header}”，不能再加同名的列。")

    def _cell_edits(
        self, sheet: Sheet, writer: CellWriter, header: str, values: Sequence[Cell], formula: str
    ) -> list[Edit]:
        """The new cell in each row of the table; it looks like its neighbour but shows values as they are."""
        view, column = self._view, self._view.area.right + 1
        there = {row.number: row for row in sheet.rows_from(view.area.top) if row.number <= view.area.bottom}
        element = f"<{sheet.prefix}f>{escape(formula)}</{sheet.prefix}f>".encode() if formula else b""
        written: dict[int, bytes] = {}
        edits: list[Edit] = []
        for number in range(view.area.top, view.area.bottom + 1):
            row = there.get(number)
            last = sheet.last_cell(row) if row else None
            style = self._neighbour_style(sheet, row, last)
            data_row = number - view.first_row
            if data_row < 0:
                cell = NewCell(column, style, "inlineStr", encode_text(header))
            elif number > view.last_row:
                cell = NewCell(column, style)
            else:
                value = values[data_row] if data_row < len(values) else None
                cell = writer.cell(header, value, writer.plain(style), element)
            new = cell.xml(number, sheet.prefix)
            if row and last and last[0] < column:
                edits += sheet.cell_behind(row, new, last[2]) if new else []
            elif row or new:
                written[number] = (
                    sheet.merged_row(row, {column: new}) if row else sheet.new_row(number, None, {column: new})
                )
        return edits + sheet.row_edits(written)

    def _neighbour_style(self, sheet: Sheet, row: OldRow | None, last: tuple[int, bytes, int] | None) -> str:
        left = self._view.area.right
        if row is None or (last and last[0] < left):
            return ""
        if last and last[0] == left:
            return attributes(last[1]).get("s", "")
        return next((cell.style for cell in sheet.cells(row) if cell.column == left), "")

    def _declare(self, header: str, formula: str, ref: str) -> None:
        """The table part: one more column under a number that no other has, and a wider area and filter."""
        part, old = self._view.part, self._view.area
        tree, data = self._parts.tree(part), self._parts.read(part)
        holder = tree.child("tableColumns")
        assert holder is not None
        number = max((int(one.attributes.get("id", "0")) for one in holder.children), default=0) + 1
        name = escape_attribute(encode_text(header)).replace("&#10;", "_x000a_")
        inner = f"<{tree.prefix}calculatedColumnFormula>{escape(formula)}</{tree.prefix}calculatedColumnFormula>"
        tag = f'<{tree.prefix}tableColumn id="{number}" name="{name}"'
        new = f"{tag}>{inner}</{tree.prefix}tableColumn>" if formula else f"{tag}/>"
        edits = [
            set_attribute(data, tree, "ref", ref),
            set_attribute(data, holder, "count", str(len(self._view.columns) + 1)),
            insert_inside(data, holder, new.encode()),
        ]
        filtered = tree.child("autoFilter")
        if filtered is not None and "ref" in filtered.attributes:
            area = Area.parse(filtered.attributes["ref"])
            if area.right == old.right:
                edits.append(set_attribute(data, filtered, "ref", replace(area, right=area.right + 1).full))
        self._parts.edit(part, edits)


def _width_edits(sheet: Sheet, frame: Element, column: int, width: float) -> list[Edit]:
    """A width for a column that has none of its own."""
    holder = frame.child("cols")
    new = f'<{sheet.prefix}col min="{column}" max="{column}" width="{width}" customWidth="1"/>'
    if holder is None:
        opened = frame.child("sheetData")
        assert opened is not None
        return [(opened.start, opened.start, f"<{sheet.prefix}cols>{new}</{sheet.prefix}cols>".encode())]
    at = holder.end_start
    for col in reversed(holder.children):
        if int(col.attributes["min"]) <= column <= int(col.attributes["max"]):
            return []
        if int(col.attributes["min"]) > column:
            at = col.start
    return [(at, at, new.encode())]
