"""Owns columns of words on a sheet without tables (lists for validations): new ones at its right edge, each with a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbook.ooxml.cells import NewCell, Place, value_type_and_text
from workbook.ooxml.package import Package
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area, cell_name
from workbook.ooxml.sheet import Sheet
from workbook.ooxml.spans import Edit, set_attribute, splice
from workbook.ooxml.workbook_part import WorkbookPart


def add_word_columns(book: bytes, title: str, columns: Mapping[str, Sequence[str | int]]) -> bytes:
    """The book with columns on one of its sheets: by defined name, a heading and the words that the name stands for."""
    parts = Parts(Package(book))
    workbook = WorkbookPart(parts)
    part = next(sheet.part for sheet in workbook.sheets() if sheet.title == title)
    sheet = Sheet(parts.read(part), part)
    rows = {row.number: row for row in sheet.rows_from(1)}
    there = {number: {cell.column: cell.style for cell in sheet.cells(row)} for number, row in rows.items()}
    last = max((column for cells in there.values() for column in cells), default=0)
    # The look of the last column that is there: its heading, and the words under it.
    looks = [there.get(number, {}).get(last, "") for number in (1, 2)]
    new: dict[int, dict[int, NewCell]] = {}
    for column, (name, words) in enumerate(columns.items(), start=last + 1):
        for number, word in enumerate(words, start=1):
            kind, text = value_type_and_text(word, workbook.date1904, Place(title, name))
            new.setdefault(number, {})[column] = NewCell(column, looks[number > 1], kind, text)
        first, end = (cell_name(column, number) for number in (2, len(words)))
        quoted = title.replace("'", "''")
        workbook.set_name(name, f"'{quoted}'!{_fixed(first)}:{_fixed(end)}", hidden=False)
    written = {}
    for number, cells in new.items():
        drawn = sheet.rendered(cells, number)
        old = rows.get(number)
        written[number] = sheet.merged_row(old, drawn) if old else sheet.new_row(number, None, drawn)
    edits = sheet.row_edits(written) + _frame_edits(sheet, Area(1, 1, last + len(columns), max(new)), last)
    parts.write(part, splice(sheet.data, edits))
    return parts.to_bytes()


def _fixed(cell: str) -> str:
    letters = cell.rstrip("0123456789")
    return f"${letters}${cell[len(letters) :]}"


def _frame_edits(sheet: Sheet, used: Area, last: int) -> list[Edit]:
    """The extent of the sheet, and the width of its last column for those that come behind it."""
    edits: list[Edit] = []
    frame = sheet.frame()
    dimension, widths = frame.child("dimension"), frame.child("cols")
    if dimension is not None and "ref" in dimension.attributes:
        extent = str(Area.parse(dimension.attributes["ref"]).union(used))
        edits.append(set_attribute(sheet.data, dimension, "ref", extent))
    ends = [element for element in widths.named("col") if element.attributes["max"] == str(last)] if widths else []
    edits += [set_attribute(sheet.data, element, "max", str(used.right)) for element in ends]
    return edits
