"""Owns the finance lines as CSV: UTF-8 with BOM, CRLF, one header row, exact decimals, text that no program runs.

Text that a spreadsheet would take for a formula has one apostrophe in front, in columns of text only; `unguarded` takes it
away again, so that nothing is lost.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from workbook.reports.finance_columns import FinanceColumn
from workbook.reports.finance_head import Head, plain
from workbook.reports.finance_lines import FinanceLine

__all__ = ["Head", "csv_chunks", "guarded", "unguarded"]

CHUNK = 1 << 16  # characters
TEXT = ("text", "choice")
# Apostrophes in front count too: otherwise a text that already has one would come back without it.
RISKY = re.compile(r"[\s']*[=+\-@＝＋－＠]|'*[\t\r\n]")


def csv_chunks(lines: Iterable[FinanceLine], columns: Sequence[FinanceColumn], head: Head) -> Iterator[bytes]:
    """The lines as CSV, some 64 KB at a time; an empty cell is nothing."""
    yield b"\xef\xbb\xbf"
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.label.get(head.lang) for column in columns])
    for line in lines:
        writer.writerow([_cell(column, line, head.lang) for column in columns])
        if out.tell() >= CHUNK:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _cell(column: FinanceColumn, line: FinanceLine, lang: str) -> str:
    text = plain(column, line[column.name], lang) or ""
    return guarded(text) if column.kind in TEXT else text


def guarded(text: str) -> str:
    """Text that no program takes for a formula."""
    return f"'{text}" if RISKY.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text[:1] == "'" and RISKY.match(text[1:]) else text
