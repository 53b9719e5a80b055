"""Owns pages that an action makes for people to read in the open workbook: a new sheet each time, all of it text and numbers."""

from __future__ import annotations

from collections.abc import Sequence

import xlwings as xw

from workbook.reports.scorecard import Report, Said, Section

INK, BAND, QUIET = "#1F3864", "#E7ECF5", "#5A6478"
LONGEST_NAME = 31


def free_name(book: xw.Book, wanted: str) -> str:
    """A sheet name that is not taken: the one that is wanted, or with a number behind it."""
    taken = {sheet.name.casefold() for sheet in book.sheets}
    name, number = wanted[:LONGEST_NAME], 1
    while name.casefold() in taken:
        number += 1
        tail = f" ({number})"
        name = wanted[: LONGEST_NAME - len(tail)] + tail
    return name


def write_report(book: xw.Book, report: Report, name: str) -> str:
    """The report as a new last sheet; returns the sheet's name."""
    sheet = book.sheets.add(free_name(book, name), after=book.sheets[len(book.sheets) - 1])
    _texts(sheet, 1, [[report.title]])
    _texts(sheet, 2, [[line] for line in report.lines])
    sheet.range((1, 1), (1, 1)).font.bold = True
    sheet.range((1, 1), (1, 1)).font.size = 16
    sheet.range((1, 1), (1, 1)).font.color = INK
    row = 2 + len(report.lines) + 1
    for section in report.sections:
        row = _section(sheet, row, section) + 1
    for column, width in enumerate(_widths(report.sections), start=1):
        sheet.range((1, column), (1, column)).column_width = width
    return str(sheet.name)


def _section(sheet: xw.Sheet, row: int, section: Section) -> int:
    """A heading, a head row and rows; returns the next free row."""
    _texts(sheet, row, [[section.heading]])
    sheet.range((row, 1), (row, 1)).font.bold = True
    width = len(section.heads)
    _texts(sheet, row + 1, [section.heads])
    head = sheet.range((row + 1, 1), (row + 1, width))
    head.color = BAND
    head.font.bold = True
    if section.rows:
        _cells(sheet, row + 2, section.rows)
        for column, places in enumerate(section.decimals, start=1):
            if places:
                sheet.range(
                    (row + 2, column), (row + 1 + len(section.rows), column)
                ).number_format = f"0.{'0' * places}"
    return row + 2 + max(1, len(section.rows))


def _texts(sheet: xw.Sheet, row: int, lines: Sequence[Sequence[str]]) -> None:
    """Text that stays text: the format comes before the value."""
    place = sheet.range((row, 1), (row + len(lines) - 1, len(lines[0])))
    place.number_format = "@"
    place.value = [list(line) for line in lines]


def _cells(sheet: xw.Sheet, row: int, rows: Sequence[Sequence[Said]]) -> None:
    """Columns of text are text, columns of numbers are numbers; whole blocks at once."""
    last = row + len(rows) - 1
    for column, cells in enumerate(zip(*rows, strict=True), start=1):
        if any(isinstance(cell, str) for cell in cells):
            sheet.range((row, column), (last, column)).number_format = "@"
    block = [[_text_where_text(cell, rows, at) for at, cell in enumerate(line)] for line in rows]
    sheet.range((row, 1), (last, len(rows[0]))).value = block


def _text_where_text(cell: Said, rows: Sequence[Sequence[Said]], column: int) -> Said:
    """A number in a column of text becomes text, so that no program shows it as it likes."""
    if isinstance(cell, float) and any(isinstance(row[column], str) for row in rows):
        return f"{cell:g}"
    return cell


def _widths(sections: Sequence[Section]) -> list[float]:
    """Widths in characters, from what stands in the columns; a Chinese character counts two."""
    columns = max((len(section.heads) for section in sections), default=0)
    widest = [8.0] * columns
    for section in sections:
        for line in (section.heads, *section.rows):
            for at, cell in enumerate(line):
                text = cell if isinstance(cell, str) else "" if cell is None else f"{cell:g}"
                size = max(
                    (sum(2 if ord(char) > 0x2E7F else 1 for char in part) for part in text.splitlines()), default=0
                )
                widest[at] = min(48.0, max(widest[at], size + 2.0))
    return widest
