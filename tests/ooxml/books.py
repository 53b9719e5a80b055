"""Owns what the tests of the parts share: books that XlsxWriter and openpyxl build, and reading without our own code."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.worksheet.table import Table, TableStyleInfo
from python_calamine import CalamineWorkbook

HEADERS = ["编号", "名称", "金额", "日期", "备注"]


def partners(rows: int = 3, *, below: Callable[[Any, Any], None] | None = None, **options: Any) -> bytes:
    """A book as staff keep it: a table at B3 with formats, rules, a validation, a chart, a comment, a total elsewhere."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, options)
    sheet, other = book.add_worksheet("登记 表"), book.add_worksheet("Totals")
    text, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "#,##0.00", "border": 1})
    day, red = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"bg_color": "#FFC7CE"})
    formats = [text, None, money, day, None]
    for row in range(rows):
        number = row + 1
        for column, value in enumerate([f"P-{number:04}", f"公司 {number}", number * 10.5, 45000 + row, "ok"]):
            sheet.write(3 + row, 1 + column, value, formats[column])
    if not rows:
        for column, form in enumerate(formats):
            sheet.write_blank(3, 1 + column, None, form)
    last = 3 + max(rows, 1)
    columns = [{"header": header, **({"format": f} if f else {})} for header, f in zip(HEADERS, formats, strict=True)]
    sheet.add_table(2, 1, last - 1, 5, {"name": "tblPartners", "columns": columns})
    sheet.conditional_format(3, 3, last - 1, 3, {"type": "data_bar", "data_bar_2010": True})
    sheet.conditional_format(3, 5, last - 1, 5, {"type": "cell", "criteria": "==", "value": '"no"', "format": red})
    sheet.data_validation(3, 5, last - 1, 5, {"validate": "list", "source": ["ok", "no"]})
    sheet.data_validation(3, 9, last - 1, 9, {"validate": "list", "source": ["beside"]})
    sheet.write_comment("B3", "请勿改列名")
    sheet.set_row(last - 1, 30)
    other.write_formula("A1", "=SUM(tblPartners[金额])", None, 1)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": ["登记 表", 3, 3, last - 1, 3], "categories": ["登记 表", 3, 1, last - 1, 1]})
    other.insert_chart("C3", chart)
    book.define_name("Amounts", f"='登记 表'!$D$4:$D${last}")
    book.define_name("Totals!Local", "=Totals!$A$1")
    if below:
        below(book, sheet)
    book.close()
    return file.getvalue()


def calculated(**column: Any) -> bytes:
    """A table T at A1 with a calculated column that doubles another."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet("S")
    sheet.write_column("A2", [1, 2])
    columns = [{"header": "n"}, {"header": "double", "formula": "=T[[#This Row],[n]]*2", **column}, {"header": "note"}]
    sheet.add_table("A1:C3", {"name": "T", "columns": columns})
    book.close()
    return file.getvalue()


def by_openpyxl_built(rows: list[list[Any]], ref: str, name: str = "T") -> bytes:
    """A book as openpyxl saves it: the first row holds the headers."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "S"
    for row in rows:
        sheet.append(row)
    table = Table(displayName=name, ref=ref)
    table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2")
    sheet.add_table(table)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def small(below: Callable[[Any, Any], None] | None = None, options: Mapping[str, Any] | None = None) -> bytes:
    """A table T at B2:C3 with headers k and v and one data row; `below` writes more."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, dict(options or {}))
    sheet = book.add_worksheet("S")
    sheet.write_row("B3", ["a", 1])
    sheet.add_table("B2:C3", {"name": "T", "columns": [{"header": "k"}, {"header": "v"}]})
    if below:
        below(book, sheet)
    book.close()
    return file.getvalue()


def rezipped(data: bytes, change: Mapping[str, bytes | None] | None = None, **settings: Any) -> bytes:
    """The book zipped anew with some members replaced, added or (None) left out."""
    file = io.BytesIO()
    change = dict(change or {})
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, **settings) as new:
        for info in old.infolist():
            content = change.pop(info.filename, old.read(info))
            if content is not None:
                new.writestr(info.filename, content)
        for name, content in change.items():
            if content is not None:
                new.writestr(name, content)
    return file.getvalue()


def member(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def edited(data: bytes, name: str, pattern: str, new: str) -> bytes:
    """The book with one member changed by a pattern that must match."""
    text, count = re.subn(pattern, new, member(data, name), flags=re.DOTALL)
    assert count, f"{pattern} is not in {name}"
    return rezipped(data, {name: text.encode()})


def with_chain(data: bytes) -> bytes:
    """The book with a calculation chain, as Excel keeps one: part, relationship and content type."""
    chain = (
        b'<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="B2" i="1"/></calcChain>'
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"
    types = f'<Override PartName="/xl/calcChain.xml" ContentType="{kind}"/></Types>'
    rels = f'<Relationship Id="rId99" Type="{relation}" Target="calcChain.xml"/></Relationships>'
    data = edited(data, "[Content_Types].xml", "</Types>", types)
    data = edited(data, "xl/_rels/workbook.xml.rels", "</Relationships>", rels)
    return rezipped(data, {"xl/calcChain.xml": chain})


def raw_members(data: bytes) -> dict[str, bytes]:
    """Each member's local header and packed bytes as they lie in the file, in the file's order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
        ends = [info.header_offset for info in infos[1:]] + [archive.start_dir]
        return {info.filename: data[info.header_offset : end] for info, end in zip(infos, ends, strict=True)}


def assert_only(
    before: bytes, after: bytes, allowed: set[str] | frozenset[str], dropped: set[str] | None = None
) -> None:
    """Every member outside `allowed` has its raw bytes, the order is kept, and the archive is sound."""
    old, new = raw_members(before), raw_members(after)
    dropped = dropped or set()
    assert [name for name in old if name not in dropped] == list(new)
    assert {name for name in new if old[name] != new[name]} <= set(allowed)
    with zipfile.ZipFile(io.BytesIO(after)) as archive:
        assert archive.testzip() is None


def grid(data: bytes, sheet: str) -> Any:
    """The sheet as openpyxl reads it, with formats."""
    return openpyxl.load_workbook(io.BytesIO(data))[sheet]


def values(data: bytes, sheet: str) -> list[list[Any]]:
    """The sheet's values as calamine reads them, from A1."""
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
