"""Owns reading and changing openpyxl's cells, tables and names; its objects keep no types, so they are Any here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from openpyxl.cell.cell import MergedCell
from openpyxl.styles.fonts import DEFAULT_FONT
from openpyxl.worksheet.table import TableColumn

from addin.engines.refusals import ChangeRefused
from addin.engines.values import CellError, Entered, FormulaText, formula_word, read_out
from workbook.ooxml.refs import Area, cell_name, column_letters, sheet_name

_TARGET = re.compile(r"('(?:[^']|'')+'|[^!'\"(),]+)!([^!]+)")
_PADDING = 5 / 7  # a stored width counts five pixels of padding; a character of the default font is seven wide
_DEFAULT_CHARS = 8.43


class Grid:
    """A rectangle of a worksheet; `saved` are the values of formulas, by the cell's identity."""

    def __init__(self, sheet: Any, area: Area, saved: dict[int, Any]):
        self._sheet, self._area, self._saved = sheet, area, saved

    @staticmethod
    def saved_values(book: Any, values: Any) -> dict[int, Any]:
        """The values that were saved with the formulas of a book."""
        found = {}
        for sheet, shown in zip(book.worksheets, values.worksheets, strict=True):
            for key, cell in sheet._cells.items():
                if cell.data_type == "f" and key in shown._cells:
                    found[id(cell)] = _plain(shown._cells[key])
        return found

    def _places(self) -> Iterator[list[tuple[int, int]]]:
        area = self._area
        for row in range(area.top, area.bottom + 1):
            yield [(row, column) for column in range(area.left, area.right + 1)]

    def _cells(self) -> list[list[Any]]:
        """The cells that are there; None where there is none, so that reading makes no cells."""
        there = self._sheet._cells
        return [[there.get(place) for place in row] for row in self._places()]

    def values(self) -> list[list[Any]]:
        """The values; a formula's is the one saved with it."""
        return [[self._value(cell) for cell in row] for row in self._cells()]

    def _value(self, cell: Any) -> Any:
        if cell is None or isinstance(cell, MergedCell):
            return None
        return self._saved.get(id(cell)) if cell.data_type == "f" else _plain(cell)

    def formulas(self) -> list[list[str]]:
        """Formulas with =, constants as one types them."""
        return [[self._formula(cell) for cell in row] for row in self._cells()]

    def _formula(self, cell: Any) -> str:
        if cell is not None and cell.data_type == "f":
            return str(getattr(cell.value, "text", cell.value))
        return formula_word(self._value(cell))

    def put(self, rows: list[list[Any]], entered: Callable[[Any, str, int, int], Entered], where: str) -> None:
        """Writes values: first all are looked at, then all are written."""
        cells = [[self._sheet.cell(*place) for place in row] for row in self._places()]
        if any(isinstance(cell, MergedCell) for row in cells for cell in row):
            raise ChangeRefused(f"{where} 碰到合并单元格，没有写入。请先取消合并。")
        pairs = [
            (cell, entered(value, cell.number_format, cell.row, cell.column))
            for line, row in zip(cells, rows, strict=True)
            for cell, value in zip(line, row, strict=True)
        ]
        for cell, value in pairs:
            self._saved.pop(id(cell), None)
            cell.value = str(value) if isinstance(value, str) else value
            if isinstance(value, str):
                kinds = {CellError: "e", FormulaText: "f"}
                cell.data_type = kinds.get(type(value), "s")  # openpyxl would guess from the letters

    def any_locked(self) -> bool:
        """Whether one of the cells is locked; a cell that is not there is."""
        return any(cell is None or cell.protection.locked for row in self._cells() for cell in row)

    def styles(self) -> list[Any]:
        """What carries the format of each cell: the cell, or what its column or row says."""
        sheet = self._sheet
        found = []
        for line, row in zip(self._places(), self._cells(), strict=True):
            for (number, column), cell in zip(line, row, strict=True):
                found.append(cell if cell is not None else _default(sheet, number, column))
        return found

    def style(self, what: str, value: Any) -> None:
        """Sets a part of the format of all cells."""
        for row in self._places():
            for place in row:
                setattr(self._sheet.cell(*place), what, value)

    def restyle(self, what: str, change: Callable[[Any], Any]) -> None:
        """Changes a part of the format of each cell, starting from what it has."""
        for row in self._places():
            for place in row:
                cell = self._sheet.cell(*place)
                setattr(cell, what, change(getattr(cell, what)))

    def dress(self, source: Area) -> None:
        """Gives the cells the formats of others in the same columns, row by row in turn."""
        rows = source.bottom - source.top + 1
        for place in (place for line in self._places() for place in line):
            like = self._sheet.cell(source.top + (place[0] - self._area.top) % rows, place[1])
            self._sheet.cell(*place)._style = copy(like._style)
        for rules in list(self._sheet.conditional_formatting):
            for found in rules.sqref.ranges:
                left, right = max(found.min_col, source.left), min(found.max_col, source.right)
                if left <= right and found.min_row <= source.bottom and found.max_row >= source.top:
                    more = Area(left, self._area.top, right, self._area.bottom)
                    for rule in rules.rules:
                        self._sheet.conditional_formatting.add(more.full, rule)

    @staticmethod
    def resize_table(sheet: Any, name: str, area: Area) -> None:
        """Gives a table another reference, with its filter and columns; new columns without a header get one."""
        table = sheet.tables[name]
        table.ref = area.full
        filter_over(table)
        columns = table.tableColumns
        del columns[area.right - area.left + 1 :]
        while len(columns) < area.right - area.left + 1:
            header = sheet.cell(area.top, area.left + len(columns))
            if header.value is None:
                header.value = f"列{len(columns) + 1}"
            columns.append(TableColumn(id=max((c.id for c in columns), default=0) + 1, name=str(header.value)))

    @staticmethod
    def name_table_columns(book: Any) -> None:
        """Gives the columns of every table the words of its header cells, as Excel does while one types."""
        for sheet in book.worksheets:
            for table in sheet.tables.values():
                area = Area.parse(table.ref)
                if table.headerRowCount == 0:
                    continue
                for offset, column in enumerate(table.tableColumns):
                    cell = sheet.cell(area.top, area.left + offset)
                    if cell.value is None:
                        raise ChangeRefused(
                            f"表格 {table.displayName} 的标题 {cell_name(cell.column, cell.row)} 空着。"
                        )
                    column.name = str(cell.value)


def filter_over(table: Any) -> None:
    """A table's filter reaches over header and data, never over the totals."""
    if table.autoFilter is not None:
        area = Area.parse(table.ref)
        table.autoFilter.ref = Area(area.left, area.top, area.right, area.bottom - bool(table.totalsRowCount)).full


def _plain(cell: Any) -> Any:
    value = read_out(cell.value)
    return CellError(value) if cell.data_type == "e" else value


def _default(sheet: Any, row: int, column: int) -> Any:
    letters = column_letters(column)
    if letters in sheet.column_dimensions:
        return sheet.column_dimensions[letters]
    return sheet.row_dimensions[row] if row in sheet.row_dimensions else _Unstyled  # noqa: SIM401  (get makes no rows)


class _Unstyled:
    """A cell that nothing was said about."""

    number_format = "General"
    fill = None
    font = DEFAULT_FONT


def column_width(chars: float) -> float:
    """The width as a file stores it."""
    return chars + _PADDING


def column_chars(sheet: Any, letters: str) -> float:
    """The width in characters, as Excel shows it."""
    known = letters in sheet.column_dimensions and sheet.column_dimensions[letters].customWidth
    return round(float(sheet.column_dimensions[letters].width) - _PADDING, 2) if known else _DEFAULT_CHARS


def name_target(text: str) -> tuple[str, Area] | None:
    """The sheet and the cells that a name's text names, or None if it stands for something else."""
    found = _TARGET.fullmatch(text)
    if found is None:
        return None
    try:
        return sheet_name(found[1]), Area.parse(found[2])
    except ValueError:
        return None


def renamed_sheet(book: Any, sheet: Any, name: str) -> None:
    """Gives a sheet another name; formulas and defined names that name it follow, as in Excel."""
    old, new = sheet.title, "'" + name.replace("'", "''") + "'!"
    words = re.compile(rf'"(?:[^"]|"")*"|(?<![\w.\]])(?:{re.escape(_quoted(old))}|{re.escape(old)}!)', re.IGNORECASE)

    def follow(text: str) -> str:
        return words.sub(lambda m: m[0] if m[0].startswith('"') else new, text)

    for other in book.worksheets:
        for cell in other._cells.values():
            if cell.data_type == "f" and isinstance(cell.value, str):
                cell.value = follow(cell.value)
        for defined in other.defined_names.values():
            defined.attr_text = follow(defined.attr_text)
    for defined in book.defined_names.values():
        defined.attr_text = follow(defined.attr_text)
    sheet.title = name


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'!"
