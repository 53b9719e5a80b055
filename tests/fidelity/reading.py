"""Owns what other programs read in a workbook: openpyxl, calamine and pandas, as cells by sheet, row and column."""

from __future__ import annotations

import datetime
import functools
import io
import warnings
from decimal import Decimal
from typing import Any

import openpyxl
import pandas
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from python_calamine import CalamineWorkbook, SheetTypeEnum

Place = tuple[str, int, int]
Cells = dict[Place, Any]


class Unread(Exception):
    """This program cannot read this book."""


def by_openpyxl(data: bytes) -> Cells:
    """Every cell with something in it; a formula is the pair of "f" and its text."""
    found: Cells = {}
    for sheet in _openpyxl(data).worksheets:
        for (row, column), cell in sheet._cells.items():
            value = cell.value
            if isinstance(value, ArrayFormula):
                value = ("f", value.text)
            elif isinstance(value, DataTableFormula):
                value = ("f", "data table")
            elif cell.data_type == "f":
                value = ("f", value)
            if value is not None:
                found[sheet.title, row, column] = value
    return found


def looks_by_openpyxl(data: bytes) -> Cells:
    """How every cell that holds something looks, and what hangs on it: format, weight, note, merging, link."""
    found: Cells = {}
    for sheet in _openpyxl(data).worksheets:
        merged = {
            (area.min_row, area.min_col): (area.size["rows"], area.size["columns"]) for area in sheet.merged_cells
        }
        for at, cell in sheet._cells.items():
            note = cell.comment.text if cell.comment else None
            if cell.value is not None or note or at in merged:
                link = cell.hyperlink.target if cell.hyperlink else None
                found[sheet.title, *at] = (cell.number_format, cell.font.b, note, merged.get(at), link)
    return found


def hidden_rows(data: bytes, title: str) -> set[int]:
    """The rows of a sheet that nobody sees."""
    return {number for number, row in _openpyxl(data)[title].row_dimensions.items() if row.hidden}


def table_areas(data: bytes) -> dict[str, str]:
    """The range of each table by openpyxl."""
    return {t.displayName: t.ref for sheet in _openpyxl(data).worksheets for t in sheet.tables.values()}


@functools.lru_cache(4)
def _openpyxl(data: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return openpyxl.load_workbook(io.BytesIO(data))
        except Exception as error:  # of every kind, from books that it does not understand
            raise Unread(str(error)) from error


def by_calamine(data: bytes) -> Cells:
    """Every cell with a value; formulas show the value that was saved with them."""
    found: Cells = {}
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for entry in book.sheets_metadata:
            if entry.typ is not SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(entry.name)
            top, left = sheet.start or (0, 0)
            for row, line in enumerate(sheet.to_python(skip_empty_area=True), top + 1):
                for column, value in enumerate(line, left + 1):
                    if value != "":
                        found[entry.name, row, column] = value
    except Exception as error:
        raise Unread(str(error)) from error
    return found


def by_pandas(data: bytes, title: str) -> Cells:
    """One sheet through pandas and the streaming reader of openpyxl, which is another one than the first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            frame = pandas.read_excel(
                io.BytesIO(data), sheet_name=title, header=None, dtype=object, keep_default_na=False, engine="openpyxl"
            )
        except Exception as error:
            raise Unread(str(error)) from error
    found: Cells = {}
    for column in range(frame.shape[1]):
        for row, value in enumerate(frame.iloc[:, column].tolist()):
            if value != "" and value is not None and value is not pandas.NaT:
                found[title, row + 1, column + 1] = value
    return found


def same(written: Any, read: Any, date1904: bool) -> bool:
    """Whether a reader shows what was written; a date may be shown as its day number where the column says number."""
    if isinstance(written, bool) or isinstance(read, bool):
        return written is read
    if isinstance(written, str) or isinstance(read, str):
        return written == read
    left, right = _number(written, date1904), _number(read, date1904)
    exact = isinstance(written, int | float | Decimal) and isinstance(read, int | float)
    return left == right if exact else abs(left - right) < 1e-5


def _number(value: Any, date1904: bool) -> float:
    if isinstance(value, datetime.datetime):
        epoch = datetime.datetime(1904, 1, 1) if date1904 else datetime.datetime(1899, 12, 30)
        early = not date1904 and value < datetime.datetime(1900, 3, 1)  # Excel counts a 29 February 1900
        return (value - epoch).total_seconds() / 86400 - early
    if isinstance(value, datetime.date):
        return _number(datetime.datetime.combine(value, datetime.time()), date1904)
    if isinstance(value, datetime.timedelta):
        return value.total_seconds() / 86400
    if isinstance(value, datetime.time):
        return (value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / 86400
    return float(value) if isinstance(value, int | float | Decimal) else float("nan")
