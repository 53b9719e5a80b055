"""Owns the first sheet of the finance workbook: what it is, as of when, how to connect, and what each column means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbook import look
from workbook.look import Look
from workbook.reports import finance_words as words
from workbook.reports.connecting import ways
from workbook.reports.finance_columns import FinanceColumn
from workbook.reports.finance_head import Head
from workbook.schema import SENSITIVE, Chapter, Label

LEFT = 1
WIDTHS = (1.4, 24, 20, 82)
MONOSPACED = "Consolas"


def write_about(at: Look, sheet: Any, columns: Sequence[FinanceColumn], head: Head, count: int) -> None:
    """Fill the sheet, from top to bottom."""
    for place, width in enumerate(WIDTHS):
        sheet.set_column(place, place, width)
    edge = {"left": 5, "left_color": look.CHAPTERS[Chapter.FINANCE], "indent": 1}
    sheet.set_row(0, 30)
    sheet.write_string(0, LEFT, words.TITLE.get(at.lang), at.cell("title", **edge))
    sheet.set_row(1, 20)
    sheet.write_string(1, LEFT, words.WHAT.get(at.lang), at.cell("subtitle", **edge))
    row = _facts(at, sheet, 3, head, count)
    row = _ways(at, sheet, row + 1, head)
    _meanings(at, sheet, row + 1, columns)
    # Upright, so that the columns have a sheet of paper of their own; nothing to the right may open another one.
    sheet.set_portrait()
    sheet.set_print_scale(70)
    sheet.set_h_pagebreaks([row + 1])
    sheet.print_area(0, 0, row + 2 + len(columns), len(WIDTHS) - 1)


def _facts(at: Look, sheet: Any, row: int, head: Head, count: int) -> int:
    facts: tuple[tuple[Label, str], ...] = (
        (words.COMPANY, head.company), (words.AS_OF, head.as_of.isoformat(" ", "seconds")), (words.LINE_COUNT, f"{count:,}"),
        (words.LEVEL, SENSITIVE.value.get(at.lang)), (words.SNAPSHOT, head.snapshot), (words.FINGERPRINT, head.fingerprint),
    )  # fmt: skip
    for label, text in facts:
        if text:
            sheet.set_row(row, 20)
            sheet.write_string(row, LEFT, label.get(at.lang), at.cell("subtitle", indent=1))
            sheet.write_string(row, LEFT + 1, text, at.cell(None, num_format="@", bold=label is words.AS_OF))
            row += 1
    return row


def _section(at: Look, sheet: Any, row: int, label: Label) -> int:
    sheet.set_row(row, 26)
    for place in range(LEFT, len(WIDTHS)):
        sheet.write_string(row, place, label.get(at.lang) if place == LEFT else "", at.cell("section"))
    return row + 1


def _ways(at: Look, sheet: Any, row: int, head: Head) -> int:
    row = _section(at, sheet, row, words.CONNECT)
    for way in ways(head.address, at.lang):
        for number, line in enumerate(way.lines, start=1):
            sheet.set_row(row, 20)
            last = {"bottom": 1, "bottom_color": look.RULE} if number == len(way.lines) else {}
            program = way.program if number == 1 else ""
            sheet.write_string(row, LEFT, program, at.cell(None, bold=True, indent=1, **last))
            font = {"font_name": MONOSPACED, "font_size": 9} if way.code else {}
            text = line if way.code else f"{number}  {line}"
            sheet.write_string(row, LEFT + 1, text, at.cell(None, num_format="@", **font, **last))
            sheet.write_string(row, LEFT + 2, "", at.cell(None, **last))
            row += 1
    return row


def _meanings(at: Look, sheet: Any, row: int, columns: Sequence[FinanceColumn]) -> None:
    top = _section(at, sheet, row, words.COLUMNS)
    sheet.set_row(top, 24)
    for place, label in enumerate((words.HEADER, words.NAME, words.MEANING), start=LEFT):
        sheet.write_string(top, place, label.get(at.lang), at.cell("head system", align="left", indent=1))
    for line, column in enumerate(columns, start=top + 1):
        sheet.set_row(line, 20)
        cells = (column.label.get(at.lang), column.name, column.meaning.get(at.lang))
        for place, text in enumerate(cells, start=LEFT):
            sheet.write_string(line, place, text, at.cell("data", indent=1, bold=place == LEFT))
