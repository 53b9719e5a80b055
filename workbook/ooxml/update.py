"""Owns changes by key: which row a key means, which of its cells differ, and what is inserted as new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workbook.errors import AppendRefused, DuplicateKey, ValueRefused
from workbook.ooxml.cells import Cell, NewCell, OldCell, Place, Read, value_type_and_text
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area, cell_name
from workbook.ooxml.sheet import OldRow, Sheet
from workbook.ooxml.spans import escape, splice
from workbook.ooxml.table import TableView
from workbook.ooxml.workbook_part import WorkbookPart
from workbook.ooxml.writer import CellWriter, Template, known_columns, refuse_unfit, settle


@dataclass(frozen=True)
class Upserted:
    """The keys that came in as new rows and the keys of rows in which a cell changed."""

    inserted: tuple[str, ...]
    updated: tuple[str, ...]


def key_text(value: Cell | Read) -> str:
    """A key as text: whole numbers without a decimal point, so that 12 and "12" are one key."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


class Update:
    """One round of changes by key to the rows that a table has."""

    def __init__(
        self,
        parts: Parts,
        workbook: WorkbookPart,
        view: TableView,
        key_column: str,
        strings: Sequence[str],
        formulas: Mapping[str, str] | None = None,
    ):
        """`formulas` says by header what belongs into cells that have lost their formula."""
        self._formulas = dict(formulas or {})
        known_columns(view, [{key_column: None}])
        refuse_unfit(parts, view)
        self._parts, self._workbook, self._view, self._strings = parts, workbook, view, strings
        self._sheet = Sheet(parts.read(view.sheet_part), view.sheet_part)
        self._writer = CellWriter(parts, workbook, view)
        self._key_column = self._writer.column(key_column)
        self._rows = self._rows_by_key()
        self._template: Template | None = None
        self._arrays: list[Area] | None = None

    def _rows_by_key(self) -> dict[str, list[OldRow]]:
        by_key: dict[str, list[OldRow]] = {}
        for row in self._sheet.rows_from(self._view.first_row):
            if row.number > self._view.last_row:
                break
            for cell in self._sheet.cells(row):
                if cell.column == self._key_column:
                    key = key_text(cell.value(self._strings, self._writer.date1904))
                    if key:
                        by_key.setdefault(key, []).append(row)
                    break
        return by_key

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def run(self, changes: Mapping[str, Mapping[str, Cell]]) -> tuple[str, ...]:
        """Writes the named cells of the rows of these keys where they differ; says in which rows one did."""
        wanted: list[tuple[OldRow, str, Mapping[str, Cell]]] = []
        for key, values in changes.items():
            rows = self._rows.get(key, [])
            if len(rows) > 1:
                raise DuplicateKey(self._view.name, key, tuple(row.number for row in rows))
            wanted += [(row, key, values) for row in rows]
        return self._write(wanted)

    def run_rows(self, changes: Mapping[int, Mapping[str, Cell]]) -> None:
        """Writes the named cells of the rows of these numbers: the only way to a row that has no key yet."""
        there = {row.number: row for row in self._sheet.rows_from(self._view.first_row)}
        self._write([(there[number], "", values) for number, values in changes.items()])

    def _write(self, wanted: Sequence[tuple[OldRow, str, Mapping[str, Cell]]]) -> tuple[str, ...]:
        written: dict[int, bytes] = {}
        changed, formulas = [], False
        known = known_columns(self._view, [values for _, _, values in wanted])
        for (row, key, _), values in zip(wanted, known, strict=True):
            cells, gone = self._differing(row, values)
            if cells:
                written[row.number] = self._sheet.merged_row(row, self._sheet.rendered(cells, row.number))
                changed.append(key)
                formulas |= gone
        if written:
            edits = self._sheet.row_edits(written)
            self._parts.write(self._view.sheet_part, splice(self._sheet.data, edits))
            settle(self._workbook, formulas)
        return tuple(changed)

    def _differing(self, row: OldRow, values: Mapping[str, Cell]) -> tuple[dict[int, NewCell], bool]:
        """The new cells of a row, and whether one takes the place of a formula."""
        old = {cell.column: cell for cell in self._sheet.cells(row)}
        cells, formulas = {}, False
        for header, value in values.items():
            column = self._writer.column(header)
            cell = old.get(column)
            lost = header in self._formulas and not (cell and cell.has_formula)
            if self._says(cell, header, value) and not lost:
                continue
            keeps = cell is not None and cell.has_formula and self._is_calculated(header, cell)
            formula = cell.formula_element() if cell and keeps else b""
            if lost:
                formula, formulas = self._formula(header), True
            if not formula:
                self._refuse_shared(row, column, cell)
                formulas |= cell is not None and cell.has_formula
            style = cell.style if cell else self._column_style(header)
            cells[column] = self._writer.cell(header, value, style, formula)
        return cells, formulas

    def _is_calculated(self, header: str, cell: OldCell) -> bool:
        """Whether the formula is the column's: declared, or naming the table's own row where the declaration is lost."""
        return bool(self._view.formula_of(header)[0]) or b"[#This Row]" in cell.body or header in self._formulas

    def _formula(self, header: str) -> bytes:
        prefix = self._sheet.prefix
        return f"<{prefix}f>{escape(self._formulas[header])}</{prefix}f>".encode()

    def _says(self, cell: OldCell | None, header: str, value: Cell) -> bool:
        """Whether the cell shows this value already."""
        there = cell.value(self._strings, self._writer.date1904) if cell else None
        if value is None or value == "":
            return there is None
        if isinstance(value, str) or isinstance(there, str) or there is None:
            return type(there) is str and there == value
        if isinstance(value, bool) or isinstance(there, bool):
            return there is value
        _, text = value_type_and_text(value, self._writer.date1904, Place(self._view.name, header))
        return float(there) == float(text)

    def _refuse_shared(self, row: OldRow, column: int, cell: OldCell | None) -> None:
        """A cell whose formula also fills other cells cannot be overwritten alone."""
        if self._arrays is None:
            self._arrays = self._sheet.formula_areas()
        place = Area(column, row.number, column, row.number)
        master = cell is not None and b"shared" in cell.formula_element() and b"ref=" in cell.formula_element()
        if master or any(area.overlaps(place) for area in self._arrays):
            name = cell_name(column, row.number)
            raise AppendRefused(
                f"工作表“{self._view.sheet}”的单元格 {name} 里的公式同时管着别的单元格，不能单独改写。请先在 Excel 里改成普通值。"
            )

    def _column_style(self, header: str) -> str:
        if self._template is None:
            self._template = Template(self._sheet, self._writer, self._sheet.frame())
        return self._template.style(header)


def rows_by_key(view: TableView, key_column: str, rows: Iterable[Mapping[str, Cell]]) -> dict[str, dict[str, Cell]]:
    """The given rows by key, one after the other for the same key; a row without key is refused."""
    known_columns(view, [{key_column: None}])
    by_key: dict[str, dict[str, Cell]] = {}
    for row in known_columns(view, rows):
        key = key_text(row.get(key_column))
        if not key:
            raise ValueRefused(f"表格 {view.name} 的一行没有键（列“{key_column}”是空的），不能按键写入。")
        by_key.setdefault(key, {}).update(row)
    return by_key
