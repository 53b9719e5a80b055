"""Owns the books that the suite starts from: one description each, saved by every program that can hold it."""

from __future__ import annotations

import datetime
import functools
import io
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.utils
import pandas
import xlsxwriter
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.filters import FilterColumn, Filters
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from tests import office
from tests.fidelity.office_batch import resaved

ORIGINS = ("XlsxWriter", "openpyxl", "exceljs", "LibreOffice", "pandas")
HOME = "登记 表"
HEADERS = ("编号", "名称", "金额", "日期", "备注")
FORMATS = ("@", "General", "#,##0.00", "yyyy-mm-dd", "General")
ROWS = tuple((f"P-{n:04}", f"公司 {n}", n * 10.25, datetime.date(2026, 1, n), ("ok", "no")[n % 2]) for n in range(1, 5))
NODE = Path(__file__).parents[1] / "validator"


@dataclass(frozen=True)
class Grid:
    """A table: where its corner is, what its columns are called, its rows, and how it is set up."""

    name: str = "tblPartners"
    top: int = 3
    left: int = 2
    headers: tuple[str, ...] = HEADERS
    rows: tuple[tuple[Any, ...], ...] = ROWS
    header: bool = True
    totals: str = ""

    @property
    def first(self) -> int:
        return self.top + self.header

    @property
    def last(self) -> int:
        return self.first + max(1, len(self.rows)) - 1

    @property
    def right(self) -> int:
        return self.left + len(self.headers) - 1

    @property
    def ref(self) -> str:
        letter = openpyxl.utils.get_column_letter
        return f"{letter(self.left)}{self.top}:{letter(self.right)}{self.last + bool(self.totals)}"

    def formats(self) -> tuple[str, ...]:
        return FORMATS if self.headers == HEADERS else ("General",) * len(self.headers)


@dataclass(frozen=True)
class Scene:
    """A sheet with tables and what else stands on it; a cell is (row, column, value), a formula begins with =."""

    name: str
    tables: tuple[Grid, ...] = (Grid(),)
    cells: tuple[tuple[int, int, Any], ...] = ()
    merged: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    hidden: tuple[int, ...] = ()
    date1904: bool = False
    protected: bool = False
    over: bool = False
    hung: bool = False
    watch: tuple[str, ...] = ()
    origins: tuple[str, ...] = field(default=("XlsxWriter", "openpyxl", "exceljs", "LibreOffice"))


_BELOW = ((9, 2, "below"), (9, 4, 7), (10, 3, "=D9*2"), (10, 4, True), (12, 2, "=SUM(D9:D10)"), (13, 6, "last"))
_WATCH = (f"='{HOME}'!D9", f"=SUM('{HOME}'!$D$9:$D$10)", f"=COUNTA('{HOME}'!B9:F13)", f"='{HOME}'!$B$12&\"x\"")
_SECOND = Grid("tblOther", 3, 8, ("k", "v"), (("a", 1), ("b", 2), ("c", 3)))
_UNDER = Grid("tblUnder", 12, 2, ("k", "v", "w"), (("a", 1, 2), ("b", 2, 3)))
_WIDER = Grid("tblUnder", 12, 1, ("a", "b", "c", "d", "e", "f", "g"), (tuple("abcdefg"),))

SCENES = {
    scene.name: scene
    for scene in (
        Scene("plain", origins=("XlsxWriter", "openpyxl", "exceljs", "LibreOffice", "pandas")),
        Scene("rows below", cells=_BELOW, origins=("XlsxWriter", "openpyxl", "exceljs", "LibreOffice", "pandas")),
        Scene("formulas elsewhere name rows below", cells=_BELOW, watch=_WATCH),
        Scene(
            "things hang on rows below",
            cells=_BELOW,
            hung=True,
            watch=("=Below",),
            origins=("XlsxWriter", "openpyxl", "LibreOffice"),
        ),
        Scene("a row right below", cells=((8, 2, "注"), (8, 4, 5))),
        Scene("cells beside", cells=(*((row, 8, row * 1.5) for row in range(1, 40)), (8, 1, "left"))),
        Scene("below and beside", cells=(*_BELOW, (5, 8, "beside"), (10, 9, 10), (20, 1, 20))),
        Scene("totals row", tables=(Grid(totals="金额"),)),
        Scene("totals row, rows below", tables=(Grid(totals="金额"),), cells=((11, 2, "below"), (11, 4, 3))),
        Scene("filtered", hidden=(4, 6)),
        Scene("filtered, rows below", hidden=(4, 6), cells=((9, 2, "below"),)),
        Scene("no header row", tables=(Grid(header=False),)),
        Scene("1904", date1904=True, cells=((9, 2, datetime.date(2026, 5, 6)),)),
        Scene("empty", tables=(Grid(rows=()),)),
        Scene("empty, rows below", tables=(Grid(rows=()),), cells=((5, 2, "below"),)),
        Scene("protected", protected=True),
        Scene("side by side", tables=(Grid(), _SECOND)),
        Scene("one above the other", tables=(Grid(), _UNDER)),
        Scene("a wider one below", tables=(Grid(), _WIDER)),
        Scene("merged below", cells=((10, 2, "并"),), merged=("B10:D11",)),
        Scene("merged across below", cells=((10, 6, "并"),), merged=("F10:H11",)),
        Scene("notes below", cells=((12, 2, "see"),), notes=(("B3", "请勿改"), ("B12", "a note"), ("H12", "another"))),
        Scene("shared formulas below", cells=(*((row, 3, f"=D{row}*2") for row in range(12, 16)), (12, 4, 6))),
        Scene("ranges over the table", over=True, origins=("XlsxWriter", "openpyxl", "LibreOffice")),
        Scene("ranges over, rows below", over=True, cells=_BELOW, origins=("XlsxWriter", "openpyxl", "LibreOffice")),
    )
}


def _totals_formula(grid: Grid) -> str:
    return f"=SUBTOTAL(109,{grid.name}[{grid.totals}])"


def _sums(scene: Scene) -> list[tuple[str, Any]]:
    """What the sheet Totals says of the first table: formula and value."""
    grid = scene.tables[0]
    amounts = [row[2] for row in grid.rows]
    found = [(f"=SUM({grid.name}[金额])", sum(amounts)), (f"=COUNTA({grid.name}[编号])", len(amounts))]
    return [*found, ("=SUM(Amounts)", sum(amounts))] if scene.over else found


# ---- XlsxWriter


def by_xlsxwriter(scene: Scene) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"date_1904": scene.date1904})
    sheet, totals = book.add_worksheet(HOME), book.add_worksheet("Totals")
    formats = {form: book.add_format({"num_format": form}) for form in FORMATS}
    for grid in scene.tables:
        _xlsxwriter_table(sheet, grid, formats)
    for row, column, value in scene.cells:
        form = formats["yyyy-mm-dd"] if isinstance(value, datetime.date) else None
        if isinstance(value, str) and value.startswith("="):
            sheet.write_formula(row - 1, column - 1, value, None, 0)
        else:
            sheet.write(row - 1, column - 1, value, form)
    for area in scene.merged:
        first = area.partition(":")[0]
        kept = next(v for r, c, v in scene.cells if openpyxl.utils.cell.coordinate_to_tuple(first) == (r, c))
        sheet.merge_range(area, kept)
    for cell, text in scene.notes:
        sheet.write_comment(cell, text)
    for row in scene.hidden:
        sheet.set_row(row - 1, None, None, {"hidden": True})
    if scene.protected:
        sheet.protect("pw")
    if scene.over:
        _xlsxwriter_over(book, sheet, totals, scene.tables[0])
    if scene.hung:
        _xlsxwriter_hung(book, sheet)
    for row, (formula, value) in enumerate(_sums(scene)):
        totals.write_formula(row, 0, formula, None, value)
    for row, formula in enumerate(scene.watch):
        totals.write_formula(row, 1, formula)
    book.close()
    return file.getvalue()


def _xlsxwriter_table(sheet: Any, grid: Grid, formats: dict[str, Any]) -> None:
    columns: list[dict[str, Any]] = [
        {"header": header, "format": formats[form]} for header, form in zip(grid.headers, grid.formats(), strict=True)
    ]
    if grid.totals:
        columns[0]["total_string"] = "合计"
        sums = {"total_function": "sum", "total_value": sum(row[2] for row in grid.rows)}
        columns[grid.headers.index(grid.totals)] |= sums
    options = {"name": grid.name, "columns": columns, "header_row": grid.header, "total_row": bool(grid.totals)}
    sheet.add_table(grid.ref, options | ({"data": grid.rows} if grid.rows else {}))
    for column, form in enumerate(grid.formats() if not grid.rows else ()):
        sheet.write_blank(grid.first - 1, grid.left - 1 + column, None, formats[form])


def _xlsxwriter_over(book: Any, sheet: Any, totals: Any, grid: Grid) -> None:
    first, last, money = grid.first - 1, grid.last - 1, grid.left + 1
    quoted = f"='{HOME}'!$D${grid.first}:$D${grid.last}"
    book.define_name("Amounts", quoted)
    bold = book.add_format({"bold": True})
    sheet.conditional_format(first, money, last, money, {"type": "data_bar", "data_bar_2010": True})
    sheet.conditional_format(first, 5, last, 5, {"type": "cell", "criteria": "==", "value": '"no"', "format": bold})
    sheet.data_validation(first, 5, last, 5, {"validate": "list", "source": ["ok", "no"]})
    totals.add_sparkline("F1", {"range": quoted[1:]})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": quoted, "categories": f"='{HOME}'!$B${grid.first}:$B${grid.last}"})
    totals.insert_chart("C3", chart)


def _xlsxwriter_hung(book: Any, sheet: Any) -> None:
    book.define_name("Below", f"='{HOME}'!$D$9")
    sheet.write_url("B12", "https://example.org/below", string="below")
    sheet.data_validation("D9:D10", {"validate": "integer", "criteria": ">", "value": 0})
    sheet.conditional_format("D9:D10", {"type": "cell", "criteria": ">", "value": 5, "format": book.add_format()})
    sheet.insert_textbox("H10", "a shape")
    sheet.set_row(11, 33)


# ---- openpyxl and pandas


def by_openpyxl(scene: Scene) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = HOME
    return _openpyxl_finished(book, sheet, scene)


def by_pandas(scene: Scene) -> bytes:
    """The rows from a data frame, as `to_excel` writes them; the table is laid over them."""
    file, grid = io.BytesIO(), scene.tables[0]
    with pandas.ExcelWriter(file, engine="openpyxl") as writer:
        frame = pandas.DataFrame(list(grid.rows), columns=list(grid.headers))
        frame.to_excel(writer, sheet_name=HOME, index=False, startrow=grid.top - 1, startcol=grid.left - 1)
        bare = replace(scene, tables=(replace(grid, rows=()),))
        sheet = writer.sheets[HOME]
        _openpyxl_around(writer.book, sheet, bare, scene)
        _openpyxl_table(sheet, grid, None)
    return file.getvalue()


def _openpyxl_finished(book: Any, sheet: Worksheet, scene: Scene) -> bytes:
    if scene.date1904:
        book.epoch = CALENDAR_MAC_1904
    _openpyxl_around(book, sheet, scene, scene)
    for grid in scene.tables:
        _openpyxl_table(sheet, grid, scene)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _openpyxl_around(book: Any, sheet: Worksheet, scene: Scene, whole: Scene) -> None:
    for row, column, value in scene.cells:
        sheet.cell(row, column, value)
    for area in scene.merged:
        sheet.merge_cells(area)
    for cell, text in scene.notes:
        sheet[cell].comment = Comment(text, "staff")
    for row in scene.hidden:
        sheet.row_dimensions[row].hidden = True
    if scene.protected:
        sheet.protection.enable()
    totals = book.create_sheet("Totals")
    for row, (formula, _) in enumerate(_sums(whole), 1):
        totals.cell(row, 1, formula)
    for row, formula in enumerate(scene.watch, 1):
        totals.cell(row, 2, formula)
    if scene.over:
        _openpyxl_over(book, sheet, totals, scene.tables[0])
    if scene.hung:
        _openpyxl_hung(book, sheet)


def _openpyxl_table(sheet: Worksheet, grid: Grid, written: Scene | None) -> None:
    lines = [grid.headers, *grid.rows] if grid.header else list(grid.rows)
    for row, line in enumerate(lines if written else [], grid.top):
        for column, value in enumerate(line, grid.left):
            sheet.cell(row, column, value)
    for row in range(grid.first, grid.last + 1):
        for column, form in enumerate(grid.formats(), grid.left):
            sheet.cell(row, column).number_format = form
    table = Table(displayName=grid.name, ref=grid.ref, headerRowCount=int(grid.header))
    table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
    table._initialise_columns()
    for column, header in zip(table.tableColumns, grid.headers, strict=True):
        column.name = header
    if not grid.header:
        table.autoFilter = None
    if grid.totals:
        table.totalsRowCount = 1
        table.autoFilter.ref = grid.ref.partition(":")[0] + f":{grid.ref.partition(':')[2][0]}{grid.last}"
        table.tableColumns[0].totalsRowLabel = "合计"
        table.tableColumns[grid.headers.index(grid.totals)].totalsRowFunction = "sum"
        sheet.cell(grid.last + 1, grid.left, "合计")
        sheet.cell(grid.last + 1, grid.left + grid.headers.index(grid.totals), _totals_formula(grid))
    if written and written.hidden and table.autoFilter is not None:
        table.autoFilter.filterColumn = [FilterColumn(colId=4, filters=Filters(filter=["ok"]))]
    sheet.add_table(table)


def _openpyxl_over(book: Any, sheet: Worksheet, totals: Worksheet, grid: Grid) -> None:
    rows = f"{grid.first}:$X${grid.last}"
    book.defined_names["Amounts"] = DefinedName("Amounts", attr_text=f"'{HOME}'!$D${rows.replace('X', 'D')}")
    sheet.conditional_formatting.add(f"F{grid.first}:F{grid.last}", CellIsRule("equal", ['"no"']))
    choices = DataValidation("list", formula1='"ok,no"', sqref=f"F{grid.first}:F{grid.last}")
    sheet.add_data_validation(choices)
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=4, min_row=grid.first, max_row=grid.last))
    chart.set_categories(Reference(sheet, min_col=2, min_row=grid.first, max_row=grid.last))
    totals.add_chart(chart, "C3")


def _openpyxl_hung(book: Any, sheet: Worksheet) -> None:
    book.defined_names["Below"] = DefinedName("Below", attr_text=f"'{HOME}'!$D$9")
    sheet["B12"].hyperlink = "https://example.org/below"
    sheet.add_data_validation(DataValidation("whole", operator="greaterThan", formula1="0", sqref="D9:D10"))
    sheet.conditional_formatting.add("D9:D10", CellIsRule("greaterThan", ["5"]))
    sheet.row_dimensions[12].height = 33


# ---- exceljs and LibreOffice: one call each for all the books


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return {"date": value.isoformat()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


@functools.cache
def by_exceljs() -> dict[str, bytes]:
    """Every scene that exceljs can hold, as it saves it."""
    scenes = [scene for scene in SCENES.values() if "exceljs" in scene.origins]
    told = [
        {
            **asdict(scene),
            "cells": [_plain(cell) for cell in scene.cells],
            "tables": [
                {**asdict(grid), "rows": [_plain(row) for row in grid.rows or ((None,) * 5,)], "ref": grid.ref}
                | {"formats": grid.formats(), "sum": sum(row[2] for row in grid.rows) if grid.totals else 0}
                for grid in scene.tables
            ],
            "sums": _sums(scene),
        }
        for scene in scenes
    ]
    with tempfile.TemporaryDirectory() as folder:
        command = ["node", str(Path(__file__).with_name("by_exceljs.cjs")), folder]
        text = json.dumps(told, default=str)
        subprocess.run(command, input=text, text=True, encoding="utf-8", check=True, timeout=120, cwd=NODE)
        return {scene.name: (Path(folder) / f"{place}.xlsx").read_bytes() for place, scene in enumerate(scenes)}


@functools.cache
def by_libreoffice(names: tuple[str, ...]) -> dict[str, bytes]:
    """These scenes opened and saved by LibreOffice."""
    return resaved({name: by_xlsxwriter(SCENES[name]) for name in names})


def available() -> tuple[str, ...]:
    """The programs that are installed here."""
    missing = set() if office.available() else {"LibreOffice"}
    missing |= set() if shutil.which("node") and (NODE / "node_modules" / "exceljs").is_dir() else {"exceljs"}
    return tuple(origin for origin in ORIGINS if origin not in missing)


def books(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
    """(program, scene) → the book, of those that the program can hold and that is here."""
    pairs = [(o, s) for o, s in wanted if o in SCENES[s].origins and o in available()]
    opened = tuple(scene for origin, scene in pairs if origin == "LibreOffice")
    saved: dict[str, Callable[[Scene], bytes]] = {
        "XlsxWriter": by_xlsxwriter,
        "openpyxl": by_openpyxl,
        "pandas": by_pandas,
        "exceljs": lambda scene: by_exceljs()[scene.name],
        "LibreOffice": lambda scene: by_libreoffice(opened)[scene.name],
    }
    return {(origin, scene): saved[origin](SCENES[scene]) for origin, scene in pairs}
