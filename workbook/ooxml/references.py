"""Owns finding the cell formulas that name a table's data by address and so miss the rows that come after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbook.ooxml.moves import references, translated
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area
from workbook.ooxml.sheet import CellFormula, Sheet
from workbook.ooxml.spans import escape
from workbook.ooxml.table import TableView
from workbook.ooxml.workbook_part import WorkbookPart


@dataclass(frozen=True)
class FixedReference:
    """A formula whose range ends with the table's last row and does not grow with it."""

    sheet: str
    cell: str
    formula: str
    area: str

    def sentence(self) -> str:
        """Where it is, what it misses, and what to write instead."""
        return (
            f"工作表“{self.sheet}”的 {self.cell}（={self.formula[:80]}）用地址 {self.area} 引用表格数据，"
            "不会随新行延长。请改用结构化引用，例如 表名[列名]。"
        )


def fixed_references(parts: Parts, workbook: WorkbookPart, view: TableView) -> Iterator[FixedReference]:
    """The formulas in cells that name data rows of the table down to its last one by address.

    Formulas in the table's own totals row are not among them: they grow with it.
    """
    name = view.sheet
    written = (escape(name).encode(), escape(name).replace("'", "''").encode())
    for entry in workbook.sheets():
        data = parts.read(entry.part)
        if entry.part != view.sheet_part and not any(word in data for word in written):
            continue
        masters: dict[str, CellFormula] = {}
        for formula in Sheet(data, entry.part).cell_formulas():
            text = _own_text(formula, masters)
            place = Area(formula.column, formula.row, formula.column, formula.row)
            if entry.part == view.sheet_part and place.overlaps(view.area):
                continue
            for sheet, area in references(text, entry.title):
                if sheet.casefold() == name.casefold() and _ends_with(view, area):
                    yield FixedReference(entry.title, formula.name, text, str(area))
                    break


def _own_text(formula: CellFormula, masters: dict[str, CellFormula]) -> str:
    """What a formula says in its own cell, also where it shares the text of another."""
    if formula.attributes.get("t") != "shared":
        return formula.text
    master = masters.setdefault(formula.attributes.get("si", ""), formula)
    if formula.text or master is formula:
        return formula.text
    return translated(master.text, formula.row - master.row, formula.column - master.column)


def _ends_with(view: TableView, area: Area) -> bool:
    growth = view.growth(1)
    inside = view.area.left <= area.left and area.right <= view.area.right
    # A single row that happens to be the last one is meant as that row.
    return inside and area.bottom == view.last_row and area.top < area.bottom and growth.area(area) != area
