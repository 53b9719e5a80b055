"""Owns how a table's cells are written: whose style and formula a new cell takes, and what else a change brings along."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping

from workbook.errors import AppendRefused, MissingColumn
from workbook.ooxml.cells import Cell, NewCell, OldCell, Place, value_type_and_text, would_revive
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import cell_name, filled_down, has_relative_rows
from workbook.ooxml.sheet import OldRow, Sheet
from workbook.ooxml.spans import Element, attributes, escape, unescape
from workbook.ooxml.styles import Styles, Variant
from workbook.ooxml.table import TableView, plain_header
from workbook.ooxml.workbook_part import WorkbookPart

_LOOK_BACK = 20
_PLAIN_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f((?:\s[^>]*)?)>([^<]+)<")


def known_columns(view: TableView, rows: Iterable[Mapping[str, Cell]]) -> list[dict[str, Cell]]:
    """The rows with their headers as the table writes them; headers that it lacks are refused, all at once."""
    plain = [{plain_header(header): value for header, value in row.items()} for row in rows]
    missing = dict.fromkeys(header for row in plain for header in row if header not in view.columns)
    if missing:
        raise MissingColumn(view.name, tuple(missing), view.sheet, view.columns)
    return plain


def refuse_unfit(parts: Parts, view: TableView) -> None:
    """Refuses books and tables in which any change would be lost or do harm."""
    signed = parts.related("", "origin")
    if signed:
        raise AppendRefused(f"工作簿带有数字签名（部件 {signed[0]}），改动会使签名失效。请先在 Excel 里去掉签名。")
    if view.kind == "queryTable":
        raise AppendRefused(
            f"表格 {view.name} 的内容来自外部查询，下次刷新会删掉写入的行。请在 Excel 里“取消链接”后再试。"
        )
    if not view.columns or view.area.right - view.area.left + 1 != len(view.columns):
        raise AppendRefused(
            f"表格 {view.name}（部件 {view.part}）的区域 {view.ref} 与它的列数 {len(view.columns)} 不一致。请在 Excel 里修复。"
        )


class CellWriter:
    """Makes the cells of one table; styles are read, and added, only when a value needs it."""

    def __init__(self, parts: Parts, workbook: WorkbookPart, view: TableView):
        self.view = view
        self.date1904 = workbook.date1904
        self._parts = parts
        found = parts.related(workbook.part, "styles")
        self._styles = Styles(parts, found[0]) if found else None
        self._plain: dict[str, str] = {}
        self._columns = {header: view.area.left + place for place, header in enumerate(view.columns)}

    def column(self, header: str) -> int:
        """The sheet column of a header."""
        return self._columns[header]

    def is_quoted(self, style: str) -> bool:
        """Whether a style is one of text behind a quote."""
        return bool(style) and self._styles is not None and self._styles.is_quoted(style)

    def plain(self, style: str) -> str:
        """The style without its number format: what a new column's values of any kind are shown in."""
        if not style or self._styles is None:
            return style
        if style not in self._plain:
            self._plain[style] = self._styles.variant(style, "plain")
        return self._plain[style]

    def cell(self, header: str, value: Cell, style: str, formula: bytes = b"") -> NewCell:
        """The cell for a value; empty text is an empty cell, as a reader cannot tell them apart."""
        column = self._columns[header]
        if value is None or value == "":
            return NewCell(column, style, formula=formula)
        kind, text = value_type_and_text(value, self.date1904, Place(self.view.name, header))
        if not formula:
            style = self._style_for(value, style)
        return NewCell(column, style, kind, text, formula)

    def _style_for(self, value: Cell, style: str) -> str:
        variant: Variant | None = None
        if isinstance(value, str) and would_revive(value):
            variant = "quoted"
        elif isinstance(value, datetime.date):
            variant = "time" if isinstance(value, datetime.datetime) else "date"
        if variant is None:
            return style
        if self._styles is None:
            raise AppendRefused(
                "工作簿没有样式部件（styles.xml），不能安全地写入以 = + - @ 开头的文字或日期。请在 Excel 里另存一次。"
            )
        return self._styles.variant(style, variant)


class Template:
    """What a table's new cells take from the last data row: the style of each column, and formulas filled down."""

    def __init__(self, sheet: Sheet, writer: CellWriter, frame: Element):
        view = self._view = writer.view
        self._writer, self._frame = writer, frame
        lowest = max(view.first_row, view.last_row - _LOOK_BACK)
        rows = [row for row in sheet.rows_from(lowest) if row.number <= view.last_row]
        self.row: OldRow | None = rows[-1] if rows and rows[-1].number == view.last_row else None
        self._above = [{cell.column: cell for cell in sheet.cells(row)} for row in reversed(rows)]
        self._cells: dict[int, OldCell] = self._above[0] if self.row else {}
        self._styles: dict[str, str] = {}

    def style(self, header: str) -> str:
        """The style of a column's next cell."""
        if header not in self._styles:
            self._styles[header] = self._find_style(self._writer.column(header))
        return self._styles[header]

    def _find_style(self, column: int) -> str:
        if column not in self._cells:
            return self._wider_style(column)
        style = self._cells[column].style
        if not self._writer.is_quoted(style):
            return style
        # The quote belongs to the text that stood there, not to the column.
        older = (cells[column].style for cells in self._above if column in cells)
        return next((other for other in older if not self._writer.is_quoted(other)), style)

    def _wider_style(self, column: int) -> str:
        given = self.row.attributes if self.row else {}
        if given.get("customFormat") in ("1", "true"):
            return given.get("s", "")
        holder = self._frame.child("cols")
        for element in holder.named("col") if holder else []:
            if int(element.attributes["min"]) <= column <= int(element.attributes["max"]):
                return element.attributes.get("style", "")
        return ""

    def formula(self, header: str, row: int, prefix: str) -> bytes:
        """The formula element of a calculated column for a row, or nothing."""
        declared, array = self._view.formula_of(header)
        above = _plain_formula(self._cells.get(self._writer.column(header)))
        if declared and not has_relative_rows(declared):
            text = declared
        elif above and (declared or "[" in above):
            text = filled_down(above, row - self._view.last_row)
        elif declared:
            text = filled_down(declared, row - self._view.first_row)
        else:
            return b""
        kind = f' t="array" ref="{cell_name(self._writer.column(header), row)}"' if array else ""
        return f"<{prefix}f{kind}>{escape(text)}</{prefix}f>".encode()


def _plain_formula(cell: OldCell | None) -> str:
    """The text of an ordinary formula; shared and array formulas belong to more than their cell."""
    found = _PLAIN_FORMULA.search(cell.body) if cell else None
    if found is None or attributes(found[1]).get("t", "normal") != "normal":
        return ""
    return unescape(found[2].decode())


def settle(workbook: WorkbookPart, formulas_changed: bool) -> None:
    """What follows every change of cells: totals are calculated anew, and the calculation chain must not lie."""
    if formulas_changed:
        workbook.forget_calculation_order()
    workbook.calculate_on_load()
