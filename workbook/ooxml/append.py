"""Owns the append: where new rows of a table go, their cells, and the order in which everything else follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workbook.ooxml.cells import Cell, NewCell
from workbook.ooxml.frames import Frames
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area
from workbook.ooxml.relocation import Relocation
from workbook.ooxml.room import Room
from workbook.ooxml.sheet import OldRow, Sheet
from workbook.ooxml.spans import splice
from workbook.ooxml.table import TableView, grow_table
from workbook.ooxml.workbook_part import WorkbookPart
from workbook.ooxml.writer import CellWriter, Template, known_columns, refuse_unfit, settle


@dataclass(frozen=True)
class Placed:
    """Where rows went, as row numbers of the sheet; nothing to append leaves `last_row` below `first_row`.

    `moved` says what made room for them, if anything did.
    """

    first_row: int
    last_row: int
    moved: str = field(default="", compare=False)


class Append:
    """One append to one table."""

    def __init__(self, parts: Parts, workbook: WorkbookPart, view: TableView, others: Sequence[TableView]):
        self._parts, self._workbook, self._view = parts, workbook, view
        self._others = tuple(
            other for other in others if other.sheet_part == view.sheet_part and other.part != view.part
        )
        self._read_sheet()

    def run(self, given: Sequence[Mapping[str, Cell]]) -> Placed:
        """Writes the rows behind the last one, or into the blank rows of an empty table first."""
        view = self._view
        rows = known_columns(view, given)
        refuse_unfit(self._parts, view)
        start = view.first_row if self._is_empty() else view.last_row + 1
        if not rows:
            return Placed(start, start - 1)
        last = start + len(rows) - 1
        growth = view.growth(max(0, last - view.last_row))
        moves = Room(self._parts, view, self._others, self._sheet, self._frame).moves(growth)
        placed = Placed(start, last, moves.sentence)
        if moves.any:
            Relocation(self._parts, self._workbook, view, self._others, moves).run()
            self._read_sheet()
        written, formulas = self._write_rows(placed, rows)
        frames = Frames(self._parts, self._workbook, view.sheet_part, moves)
        below = view.totals_row_count if growth.more else 0
        used = Area(growth.data.left, placed.first_row, growth.data.right, placed.last_row + below)
        edits = self._sheet.row_edits(written) + frames.own_edits(self._sheet.data, self._frame, used)
        self._parts.write(view.sheet_part, splice(self._sheet.data, edits))
        grow_table(self._parts, view, growth)
        if growth.more:
            frames.everywhere_else()
        settle(self._workbook, formulas or moves.any)
        return placed

    def _read_sheet(self) -> None:
        self._sheet = Sheet(self._parts.read(self._view.sheet_part), self._view.sheet_part)
        self._frame = self._sheet.frame()

    def _is_empty(self) -> bool:
        """Whether every data row is blank: no values, formulas apart."""
        view = self._view
        last = [row for row in self._sheet.rows_from(view.last_row) if row.number == view.last_row]
        if not all(map(self._is_blank, last)):
            return False
        rows = self._sheet.rows_from(view.first_row)
        return all(self._is_blank(row) for row in rows if row.number <= view.last_row)

    def _is_blank(self, row: OldRow) -> bool:
        columns = range(self._view.area.left, self._view.area.right + 1)
        return not any(
            cell.has_content and not cell.has_formula for cell in self._sheet.cells(row) if cell.column in columns
        )

    def _write_rows(self, placed: Placed, rows: list[dict[str, Cell]]) -> tuple[dict[int, bytes], bool]:
        """The bytes of every row to be placed, and whether one brought a formula."""
        writer = CellWriter(self._parts, self._workbook, self._view)
        template = Template(self._sheet, writer, self._frame)
        there = {row.number: row for row in self._sheet.rows_from(placed.first_row) if row.number <= placed.last_row}
        written, formulas = {}, False
        for number, values in enumerate(rows, placed.first_row):
            old = there.get(number)
            cells = self._row_cells(writer, template, number, old, values)
            formulas |= any(cell.formula for cell in cells.values())
            rendered = self._sheet.rendered(cells, number)
            if old:
                written[number] = self._sheet.merged_row(old, rendered, shown=True)
            else:
                written[number] = self._sheet.new_row(number, template.row, rendered)
        return written, formulas

    def _row_cells(
        self, writer: CellWriter, template: Template, number: int, old: OldRow | None, values: Mapping[str, Cell]
    ) -> dict[int, NewCell]:
        """The cells of one row; a blank row of the table keeps its own styles and formulas."""
        inside = old is not None and number <= self._view.last_row
        own = {cell.column: cell for cell in self._sheet.cells(old)} if old and inside else {}
        cells = {}
        for header in self._view.columns:
            column = writer.column(header)
            kept = own.get(column)
            formula = kept.formula_element() if kept else b""
            formula = formula or template.formula(header, number, self._sheet.prefix)
            style = kept.style if kept else template.style(header)
            cells[column] = writer.cell(header, values.get(header), style, formula)
        return cells
