"""Owns moving cells down or up in an openpyxl worksheet, with all that points at them, as Excel does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from typing import Any

from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.worksheet.cell_range import MultiCellRange

from addin.engines.openpyxl_cells import filter_over
from addin.engines.refusals import ChangeRefused
from workbook.ooxml.moves import map_references
from workbook.ooxml.refs import Area, column_letters


class Shift:
    """Rows of an area that are inserted or removed; what lies below it, within its columns, moves."""

    def __init__(self, book: Any, sheet: Any, area: Area, saved: dict[int, Any]):
        self._book, self._sheet, self._area, self._saved = book, sheet, area, saved
        self._count = area.bottom - area.top + 1
        self._inserting = True

    def down(self) -> None:
        """Makes room; the new cells look like those above."""
        self._run(inserting=True)
        cells, area = self._sheet._cells, self._area
        for row in range(area.top, area.bottom + 1):
            for column in range(area.left, area.right + 1):
                model = cells.get((area.top - 1, column))
                if model is not None:
                    self._sheet.cell(row, column)._style = copy(model._style)

    def up(self) -> None:
        """Removes the cells."""
        self._run(inserting=False)

    def _run(self, inserting: bool) -> None:
        self._inserting = inserting
        self._check_merged()
        self._move_cells()
        self._follow_formulas()
        self._follow_areas()

    def _check_merged(self) -> None:
        for merged in self._sheet.merged_cells.ranges:
            area = Area.parse(merged.coord)
            torn = area.bottom >= self._area.top and not self._inside(area) and self._beside(area)
            if torn or (self._inside(area) and area.top < self._area.top <= area.bottom):
                raise ChangeRefused(
                    f"工作表“{self._sheet.title}”的合并单元格 {area} 会被拆开，没有移动。请先取消合并。"
                )

    def _inside(self, area: Area) -> bool:
        return self._area.left <= area.left and area.right <= self._area.right

    def _beside(self, area: Area) -> bool:
        return area.left <= self._area.right and self._area.left <= area.right

    def _row(self, row: int) -> int | None:
        """Where a row goes; None if it is removed."""
        if row < self._area.top:
            return row
        if self._inserting:
            return row + self._count
        return row - self._count if row > self._area.bottom else None

    def _moved(self, area: Area) -> Area | None:
        """The area afterwards; None if it is gone. An area that only partly lies in the columns stays as it is."""
        if not self._inside(area) or area.bottom < self._area.top:
            return area
        top, bottom = self._row(area.top), self._row(area.bottom)
        top = self._area.top if top is None else top
        bottom = self._area.top - 1 if bottom is None else bottom
        return Area(area.left, top, area.right, bottom) if top <= bottom else None

    def _move_cells(self) -> None:
        cells = self._sheet._cells
        columns = range(self._area.left, self._area.right + 1)
        moving = [key for key in cells if key[1] in columns and key[0] >= self._area.top]
        taken = {key: cells.pop(key) for key in moving}
        for (row, column), cell in taken.items():
            to = self._row(row)
            if to is None:
                self._saved.pop(id(cell), None)
                continue
            cell.row = to
            cells[(to, column)] = cell
            if getattr(cell, "hyperlink", None) is not None:
                cell.hyperlink.ref = cell.coordinate

    def _follow_formulas(self) -> None:
        for sheet in self._book.worksheets:
            follow = self._follower(sheet.title)
            for cell in sheet._cells.values():
                if cell.data_type == "f" and isinstance(cell.value, str):
                    cell.value = follow(cell.value)
            for defined in sheet.defined_names.values():
                defined.attr_text = follow(defined.attr_text)
        for defined in self._book.defined_names.values():
            defined.attr_text = self._follower("")(defined.attr_text)

    def _follower(self, own: str) -> Callable[[str], str]:
        def change(sheet: str | None, reference: str) -> str:
            if (own if sheet is None else sheet).casefold() != self._sheet.title.casefold():
                return reference
            moved = self._moved(Area.parse(reference))
            return "#REF!" if moved is None else _written(reference, moved)

        return lambda text: map_references(text, change)

    def _follow_areas(self) -> None:
        sheet = self._sheet
        for table in sheet.tables.values():
            table.ref = self._kept(table.ref).full
            filter_over(table)
        for merged in list(sheet.merged_cells.ranges):
            after = self._moved(Area.parse(merged.coord))
            if after is None:
                sheet.merged_cells.remove(merged)
            else:
                merged.min_row, merged.max_row = after.top, after.bottom
        for validation in list(sheet.data_validations.dataValidation):
            left = self._sqref(validation.sqref)
            if left is None:
                sheet.data_validations.dataValidation.remove(validation)
            else:
                validation.sqref = left
        if sheet.auto_filter.ref:
            sheet.auto_filter.ref = self._kept(sheet.auto_filter.ref).full
        self._follow_conditional_formats()

    def _kept(self, reference: str) -> Area:
        old = Area.parse(reference)
        return self._moved(old) or old

    def _sqref(self, old: Any) -> MultiCellRange | None:
        areas = [self._moved(Area.parse(one.coord)) for one in old.ranges]
        left = " ".join(str(area) for area in areas if area is not None)
        return MultiCellRange(left) if left else None

    def _follow_conditional_formats(self) -> None:
        old, new = self._sheet.conditional_formatting, ConditionalFormattingList()
        for entry in old:
            left = self._sqref(entry.sqref)
            for rule in entry.rules if left is not None else ():
                new.add(str(left), rule)
        self._sheet.conditional_formatting = new


def _written(reference: str, area: Area) -> str:
    """A reference to another area, its dollar signs and its kind (cells, whole rows, whole columns) as it was."""
    first, colon, last = reference.partition(":")
    ends = [(first, area.left, area.top)] + ([(last, area.right, area.bottom)] if colon else [])

    def end(text: str, column: int, row: int) -> str:
        text = re.sub("[A-Za-z]+", column_letters(column), text)
        return re.sub(r"\d+", str(row), text)

    return ":".join(end(*one) for one in ends)
