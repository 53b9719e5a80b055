"""Owns writing text into a cell of a new workbook as the text that it is."""

from __future__ import annotations

from typing import Any


def write_text(sheet: Any, row: int, column: int, text: str, style: Any = None) -> int:
    """Write text from outside into a cell; gives what XlsxWriter gives, 0 for done.

    XlsxWriter takes a string that begins with <r> and ends with </r> for rich text of its own making and writes it without
    escaping. Such a text goes in as three pieces, which every program reads as the one text that it is.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        return int(sheet.write_rich_string(row, column, text[:1], text[1:2], text[2:], style))
    return int(sheet.write_string(row, column, text, style))
