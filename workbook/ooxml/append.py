"""Owns the append: where new rows of a table go, what may stand in their way, and everything that grows with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbook.errors import AppendRefused
from workbook.ooxml.cells import Cell, NewCell
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import LAST_ROW, Area, Growth, cell_name
from workbook.ooxml.sheet import OldRow, Sheet
from workbook.ooxml.spans import Edit, Element, escape, set_attribute, splice
from workbook.ooxml.table import TableView, grow_table
from workbook.ooxml.totals import Totals
from workbook.ooxml.workbook_part import WorkbookPart
from workbook.ooxml.writer import CellWriter, Template, known_columns, refuse_unfit, settle

_RULES = ("conditionalFormatting", "dataValidation")
_CHART_TYPES = ("drawingml.chart+xml", "ms-office.chartex+xml")


@dataclass(frozen=True)
class Placed:
    """Where rows went, as row numbers of the sheet; nothing to append leaves `last_row` above `first_row`."""

    first_row: int
    last_row: int


class Append:
    """One append to one table."""

    def __init__(self, parts: Parts, workbook: WorkbookPart, view: TableView, others: Sequence[TableView]):
        self._parts, self._workbook, self._view = parts, workbook, view
        self._others = [other for other in others if other.sheet_part == view.sheet_part and other.part != view.part]
        self._sheet = Sheet(parts.read(view.sheet_part), view.sheet_part)
        self._frame = self._sheet.frame()

    def run(self, given: Sequence[Mapping[str, Cell]]) -> Placed:
        """Writes the rows behind the last one, or into the blank rows of an empty table first."""
        view = self._view
        rows = known_columns(view, given)
        refuse_unfit(self._parts, view)
        start = view.first_row if self._is_empty() else view.last_row + 1
        if not rows:
            return Placed(start, start - 1)
        placed = Placed(start, start + len(rows) - 1)
        growth = view.growth(max(0, placed.last_row - view.last_row))
        if growth.more:
            self._refuse_obstacles(growth)
        written, formulas = self._write_rows(placed, rows)
        if growth.more and view.totals_row_count:
            totals = Totals(self._parts, self._workbook, view, self._sheet, growth)
            totals.refuse_if_bound(self._frame)
            number, moved = totals.moved()
            written[number] = moved
            formulas = True
        edits = self._sheet.row_edits(written) + self._frame_edits(placed, growth)
        self._parts.write(view.sheet_part, splice(self._sheet.data, edits))
        grow_table(self._parts, view, growth)
        if growth.more:
            self._workbook.grow_names(growth, view.sheet)
            self._grow_charts(growth)
        settle(self._workbook, formulas)
        return placed

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

    def _refuse_obstacles(self, growth: Growth) -> None:
        view, data = self._view, growth.data
        last = growth.new_last + view.totals_row_count
        wanted = Area(data.left, data.bottom + 1, data.right, last)
        where = f"工作表“{view.sheet}”的表格 {view.name} 下面"
        if last > LAST_ROW:
            raise AppendRefused(f"{where}只剩 {LAST_ROW - view.area.bottom} 行，放不下 {growth.more} 行。")
        for what, area in self._fixed_areas():
            if area.overlaps(wanted):
                raise AppendRefused(f"{where}有{what}（{area}），新行要用 {wanted}。请把它移到别处。")
        for row in self._sheet.rows_from(view.area.bottom + 1):
            for cell in self._sheet.cells(row) if row.number <= wanted.bottom else ():
                if wanted.left <= cell.column <= wanted.right and cell.has_content:
                    name = cell_name(cell.column, row.number)
                    raise AppendRefused(f"{where}的单元格 {name} 有内容，新行要用 {wanted}。请把它移到别处或删去。")

    def _fixed_areas(self) -> list[tuple[str, Area]]:
        """What lies on the sheet as a whole and cannot take new cells."""
        areas = [(f"表格 {other.name}", other.area) for other in self._others]
        merged = self._frame.child("mergeCells")
        for element in merged.children if merged else []:
            areas.append(("合并单元格", Area.parse(element.attributes["ref"])))
        areas += [("数组公式", area) for area in self._sheet.formula_areas()]
        for part in self._parts.related(self._view.sheet_part, "pivotTable"):
            location = self._parts.tree(part).child("location")
            if location is not None:
                areas.append(("数据透视表", Area.parse(location.attributes["ref"])))
        return areas

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

    def _frame_edits(self, placed: Placed, growth: Growth) -> list[Edit]:
        """The edits around the rows: the sheet's extent, and formats and validations over the table's columns."""
        data = self._sheet.data
        edits: list[Edit] = []
        below = self._view.totals_row_count if growth.more else 0
        used = Area(growth.data.left, placed.first_row, growth.data.right, placed.last_row + below)
        for element in self._frame.walk():
            given = element.attributes
            attribute = "sqref" if element.local in _RULES else "ref"
            if element.local == "dimension" and "ref" in given:
                new = str(Area.parse(given["ref"]).union(used))
            elif element.local == "hyperlink" and "ref" in given:
                link = Area.parse(given["ref"])
                new = str(growth.area(link)) if link.overlaps(growth.totals) else given["ref"]
            elif element.local in _RULES and "sqref" in given:
                new = growth.sqref(given["sqref"])
            else:
                # In the newer extensions the ranges of a rule are an element; that of a sparkline is its only cell.
                for child in element.named("sqref") if element.local != "sparkline" else []:
                    edits.append((child.start_end, child.end_start, escape(growth.sqref(child.text)).encode()))
                continue
            if new != given[attribute]:
                edits.append(set_attribute(data, element, attribute, new))
        return edits

    def _grow_charts(self, growth: Growth) -> None:
        title = self._view.sheet
        written = escape(title).replace("'", "''").encode(), title.replace("'", "''").encode()
        for ending in _CHART_TYPES:
            for part in self._parts.of_type(ending):
                data = self._parts.read(part)
                if any(name in data for name in written):
                    self._parts.edit(part, _grown_formulas(self._parts.tree(part), growth, title))


def _grown_formulas(chart: Element, growth: Growth, sheet: str) -> list[Edit]:
    edits: list[Edit] = []
    for element in chart.walk():
        new = growth.formula(element.text, sheet) if element.local == "f" else element.text
        if new != element.text:
            edits.append((element.start_end, element.end_start, escape(new).encode()))
    return edits
