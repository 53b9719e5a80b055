"""Owns reading an old file into plain sheets: xlsx, xlsm, xlsb, xls and ods by calamine, CSV by the standard library.

What calamine shows as blank though the file holds more (error values, formulas without a saved result) is found in the
parts of xlsx and xlsm and kept as `Broken`, so that no cell disappears in silence.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from workbook.errors import PartnerBookError
from workbook.ooxml.cells import OldCell
from workbook.ooxml.package import Package
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import column_letters, column_number
from workbook.ooxml.sheet import Sheet
from workbook.ooxml.workbook_part import WorkbookPart

MOST_CELLS = 30_000_000  # of one sheet's rectangle: a stray cell far away makes it too large to hold
ENCODINGS = ("utf-8-sig", "gb18030")


class OldFileUnreadable(PartnerBookError):
    """The old file cannot be read; the sentence says why and what to do."""


@dataclass(frozen=True)
class Broken:
    """A cell whose value is lost in the old file already: what stands there, and why it is no value."""

    text: str
    reason: str


OldValue = str | bool | int | float | date | datetime | Broken | None


class Area(NamedTuple):
    """A merged area, counted from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class OldSheet:
    """One sheet: `rows[0]` is row 1, its first value column A. `date1904` is for day numbers without a date format."""

    name: str
    rows: tuple[tuple[OldValue, ...], ...]
    merged: tuple[Area, ...] = ()
    hidden: bool = False
    date1904: bool = False

    @property
    def width(self) -> int:
        """Columns of the widest row."""
        return max((len(row) for row in self.rows), default=0)


def letters(index: int) -> str:
    """The letters of a column counted from 0."""
    return column_letters(index + 1)


def read_old(path: Path, data: bytes) -> tuple[OldSheet, ...]:
    """Every sheet of an old file, hidden ones marked; sheets without cells (charts) are left out.

    Raises:
        OldFileUnreadable: no spreadsheet, protected by a password, damaged, or text in an unknown encoding.
    """
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return (_read_text(path, data),)
    broken, date1904 = _what_calamine_hides(path, data)
    return tuple(_read_sheets(path, data, broken, date1904))


def _read_sheets(
    path: Path, data: bytes, broken: dict[str, dict[tuple[int, int], Broken]], date1904: bool
) -> Iterator[OldSheet]:
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            for meta in book.sheets_metadata:
                if meta.typ != SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_name(meta.name)
                rows = _plain_rows(sheet.to_python(skip_empty_area=False), broken.get(meta.name, {}))
                merged = tuple(Area(*start, *end) for start, end in sheet.merged_cell_ranges or ())
                yield OldSheet(meta.name, rows, merged, meta.visible != SheetVisibleEnum.Visible, date1904)
    except PartnerBookError:
        raise
    except Exception as error:
        # calamine names the password only where it is told the format: a workbook in this wrapping is encrypted.
        if isinstance(error, PasswordError) or "EncryptedPackage".encode("utf-16-le") in data:
            raise OldFileUnreadable(f"{path.name} 有打开密码，读不了。请在 Excel 里去掉密码，另存一份再试。") from error
        raise OldFileUnreadable(
            f"{path.name} 不是能读的表格文件（{_one_line(error)}）。支持 xlsx、xlsm、xlsb、xls、ods 和 csv；"
            "请在 Excel 里打开并另存为 .xlsx 再试。"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _plain_rows(
    rows: Sequence[Sequence[Any]], broken: dict[tuple[int, int], Broken]
) -> tuple[tuple[OldValue, ...], ...]:
    plain = [[_plain(value) for value in row] for row in rows]
    for (row, column), mark in broken.items():
        plain.extend([] for _ in range(row + 1 - len(plain)))
        plain[row].extend([None] * (column + 1 - len(plain[row])))
        if plain[row][column] is None:
            plain[row][column] = mark
    while plain and not any(value is not None for value in plain[-1]):
        plain.pop()
    return tuple(tuple(row) for row in plain)


def _plain(value: Any) -> OldValue:
    """Blank text is nothing; whole floats that lost no digit are whole numbers; other kinds (durations) are words."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return int(value)
    if isinstance(value, bool | int | float | date):
        return value
    return None if value is None else str(value)


# --- what calamine does not tell ------------------------------------------------------------------------------------


def _what_calamine_hides(path: Path, data: bytes) -> tuple[dict[str, dict[tuple[int, int], Broken]], bool]:
    """By sheet the cells that only look blank; and whether days count from 1904. Nothing for other formats."""
    found: dict[str, dict[tuple[int, int], Broken]] = {}
    if not data.startswith(b"PK"):
        return found, False
    try:
        parts = Parts(Package(data))
        book = WorkbookPart(parts)
        for entry in book.sheets():
            content = parts.read(entry.part)
            _refuse_far_cells(path, entry.title, content)
            if b't="e"' in content or b"<f" in content or b":f" in content:
                found[entry.title] = dict(_broken_cells(Sheet(content, entry.part)))
        return found, book.date1904
    except OldFileUnreadable:
        raise
    except (PartnerBookError, ValueError, LookupError, RecursionError):
        return found, False  # calamine reads more than our own strict reader, or says why it cannot


def _refuse_far_cells(path: Path, title: str, content: bytes) -> None:
    places = re.findall(rb'<(?:\w+:)?c\s(?:[^>]*\s)?r="([A-Z]{1,3})(\d{1,7})"(?:[^>]*[^/>])?>', content)
    if not places:
        return
    width = max({letters for letters, _ in places}, key=lambda text: (len(text), text))
    last = max(int(row) for _, row in places)
    if column_number(width.decode()) * last > MOST_CELLS:
        raise OldFileUnreadable(
            f"{path.name} 的工作表“{title}”用到了 {width.decode()} 列和第 {last} 行，范围太大。"
            "多半是远处有零星的单元格：请删除它们（Ctrl+End 可以找到），保存后再试。"
        )


def _broken_cells(sheet: Sheet) -> Iterator[tuple[tuple[int, int], Broken]]:
    for row in sheet.rows_from(1):
        for cell in sheet.cells(row):
            if mark := _broken(cell):
                yield (row.number - 1, cell.column - 1), mark


def _broken(cell: OldCell) -> Broken | None:
    kind = cell.attributes.get("t")
    if kind == "e":
        return Broken(str(cell.value((), False) or "#ERROR!"), "公式出错，没有值")
    if kind != "str" and cell.has_formula and not re.search(rb"<(?:\w+:)?v(?:\s[^>]*)?>[^<]", cell.body):
        return Broken("公式", "公式没有保存算出的值，请在 Excel 里打开并保存一次")
    return None


# --- text files -----------------------------------------------------------------------------------------------------


def _read_text(path: Path, data: bytes) -> OldSheet:
    text = _decoded(path, data)
    reader = csv.reader(io.StringIO(text), delimiter=_mark_between(text), strict=True)
    try:
        rows = [tuple(map(_unquoted, row)) for row in reader]
    except csv.Error as error:
        raise OldFileUnreadable(
            f"{path.name} 到第 {reader.line_num} 行为止的引号没有成对，或不是规范的 CSV（{error}）。请改好引号，或在 Excel 里核对后另存为 .xlsx。"
        ) from error
    while rows and not any(rows[-1]):
        rows.pop()
    return OldSheet(path.stem, tuple(rows))


def _mark_between(text: str) -> str:
    """What stands between the cells: what most of the first lines hold; a title line holds none, or another."""
    lines = [line for line in text.splitlines() if line.strip()][:50]
    return max(",\t;，", key=lambda mark: (sum(mark in line for line in lines), "".join(lines).count(mark)))


def _unquoted(value: str) -> str | None:
    """Nothing for a blank cell; `="00123"`, as systems write digits that are to stay text, is its digits."""
    found = re.fullmatch(r'\s*="([\w+\-. ]*)"\s*', value, re.ASCII)
    value = found[1] if found else value
    return value if value.strip() else None


def _decoded(path: Path, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ENCODINGS
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise OldFileUnreadable(
        f"{path.name} 的文字既不是 UTF-8 也不是 GB18030。请在 Excel 里打开并另存为 .xlsx 或 UTF-8 CSV。"
    )
