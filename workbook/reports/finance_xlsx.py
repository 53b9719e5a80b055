"""Owns the finance workbook: what it is and how to connect, the sums by partner with their chart, and every line as a table.

The lines are written as they come, row by row, so that memory does not grow with them. Text is always text.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from workbook.errors import PartnerBookError
from workbook.reports import finance_words as words
from workbook.reports.finance_columns import FinanceColumn
from workbook.reports.finance_csv import RISKY
from workbook.reports.finance_head import Head, plain
from workbook.reports.finance_lines import FinanceLine, RunningTotals, Totals
from workbook.schema import Formula, Number
from workbook.tables import Budgets

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from workbook.look import Look

__all__ = ["MOST_LINES", "TABLE", "Head", "TooManyLines", "finance_workbook"]

TABLE = "budget_execution"
MOST_LINES = 1_048_575  # rows of a sheet, less the header
MONEY = '#,##0.00_);(#,##0.00);"–"_)'
WIDTHS = {"money": 16, "number": 11, "date": 12, "choice": 13, "text": 15}
WIDE = 26  # columns of names
NAMES = ("contract_title", "partner_name", "project", "evidence")
PAPERS_WIDE = 4


class TooManyLines(PartnerBookError):
    """More lines than a sheet has rows."""

    def __init__(self) -> None:
        super().__init__(
            f"预算执行超过 {MOST_LINES:,} 行，一张工作表放不下，没有导出。请改为导出 csv 或 json，它们没有行数的限制。"
        )


def finance_workbook(
    lines: Iterable[FinanceLine], columns: Sequence[FinanceColumn], head: Head, out: BinaryIO
) -> dict[str, Totals]:
    """Write the workbook to `out` and give the sums by partner key, 未匹配 and 合计.

    `columns` need the partner and the amounts, as `finance_columns` gives them.

    Raises:
        TooManyLines: a sheet cannot hold the lines.
    """
    from workbook import look
    from workbook.reports.finance_about import write_about
    from workbook.reports.finance_summary import Summary

    running = RunningTotals()
    names: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="finance-", ignore_cleanup_errors=True) as folder:
        book = _new_book(out, folder)
        at = look.Look(book, head.lang)
        about, summed, sheet = (
            _sheet(book, at, title.get(head.lang)) for title in (words.ABOUT, words.SUMMARY, words.LINES)
        )
        count = _write_lines(at, sheet, _named(running.through(lines), names), columns)
        totals = running.totals()
        Summary(at, summed, totals, names, head).write(book)
        write_about(at, about, columns, head, count)
        summed.activate()
        book.close()
    return totals


def _new_book(out: BinaryIO, folder: str) -> Any:
    import xlsxwriter

    from workbook import look

    options = {
        "constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False,
        "default_format_properties": {"font_name": look.FONT, "font_size": 10},
    }  # fmt: skip
    book = xlsxwriter.Workbook(out, options)
    book.use_custom_theme(look.theme())
    book.set_size(2400, 1500)
    return book


def _sheet(book: Any, at: Look, title: str) -> Worksheet:
    """A page with the house's margins and footer, on which no text can become markup."""
    from workbook import look
    from workbook.schema import SENSITIVE, Chapter

    sheet: Any = book.add_worksheet(title)
    # The library takes text that begins with <r> and ends with </r> for its own markup and writes it unescaped.
    sheet._xml_rich_inline_string = lambda text, attributes: sheet._xml_inline_string(text, True, attributes)
    sheet.hide_gridlines(2)
    sheet.set_tab_color(look.CHAPTERS[Chapter.FINANCE])
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.45, bottom=0.55)
    small = f'&"{look.FONT},Regular"&8&K{look.TEXT3[1:]}'
    sheet.set_footer(
        f"&L{small}{words.FOOTER_PRODUCT.get(at.lang)} · &A&C{small}{words.FOOTER_PAGE.get(at.lang)}"
        f"&R{small}{SENSITIVE.value.get(at.lang)}"
    )
    return sheet  # type: ignore[no-any-return]


def _named(lines: Iterable[FinanceLine], names: dict[str, str]) -> Iterator[FinanceLine]:
    """The same lines; the names of their partners are kept on the way."""
    for line in lines:
        if line["partner"] and line["partner_name"]:
            names.setdefault(str(line["partner"]), str(line["partner_name"]))
        yield line


def _write_lines(at: Look, sheet: Any, lines: Iterable[FinanceLine], columns: Sequence[FinanceColumn]) -> int:
    """Header, rows and the table around them; gives the number of rows."""
    from workbook import look

    formats = [at.cell(None, **_shape(column)) for column in columns]
    risky = at.cell(None, num_format="@", indent=1, quote_prefix=True)
    sheet.set_row(0, 36)
    for place, column in enumerate(columns):
        width = WIDE if column.name in NAMES else WIDTHS[column.kind]
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, column.label.get(at.lang), at.cell("head system"))
    row = 0
    for row, line in enumerate(lines, start=1):
        if row > MOST_LINES:
            raise TooManyLines
        for place, column in enumerate(columns):
            value = line[column.name]
            if value is not None and value != "":
                _write(sheet, row, place, column, value, formats[place], risky, at.lang)
    _as_table(sheet, max(row, 1), columns, at.lang)
    # One rule draws the line under every row: a format of its own for each empty cell would double the file.
    under = at.rule(bottom=1, bottom_color=look.RULE)
    sheet.conditional_format(1, 0, max(row, 1), len(columns) - 1, {"type": "formula", "criteria": '=$A2<>""', "format": under})  # fmt: skip
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0)
    sheet.fit_to_pages(PAPERS_WIDE, 0)
    return row


def _write(
    sheet: Any, row: int, place: int, column: FinanceColumn, value: Any, shape: Format, risky: Format, lang: str
) -> None:
    if isinstance(value, Decimal):
        sheet.write_number(row, place, value, shape)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, shape)
    else:
        text = str(plain(column, value, lang))
        sheet.write_string(row, place, text, risky if RISKY.match(text) else shape)


def _shape(column: FinanceColumn) -> dict[str, Any]:
    if column.kind == "date":
        return {"num_format": "yyyy-mm-dd", "align": "center"}
    if column.kind == "money":
        return {"num_format": MONEY}
    if column.kind == "number":
        return {"num_format": _number_format(column), "align": "right", "indent": 1}
    return {"num_format": "@", "indent": 1}


def _number_format(column: FinanceColumn) -> str:
    declared = Budgets.columns[column.name]
    if isinstance(declared, Formula) or (isinstance(declared, Number) and declared.maximum == 100):
        return '0.0"%"'  # the figure is percent already, as in every other form of the lines
    return "0" if isinstance(declared, Number) and declared.whole else "0.0000"


def _as_table(sheet: Any, rows: int, columns: Sequence[FinanceColumn], lang: str) -> None:
    """The rows as a table with filters.

    The library refuses tables while it streams, because it would write their cells; ours are written already. It also
    remembers every cell of a table, so that the table is declared short and then given its whole length.
    """
    sheet._write_single_row(rows + 1)  # the last row still waits in memory, where the header would mix with it
    sheet.constant_memory = False
    try:
        sheet.add_table(0, 0, 1, len(columns) - 1, {
            "name": TABLE, "style": None, "columns": [{"header": column.label.get(lang)} for column in columns],
        })  # fmt: skip
    finally:
        sheet.constant_memory = True
    short, whole = (f"A1:{_letters(len(columns))}{last}" for last in (2, rows + 1))
    table = sheet.tables[-1]
    for name, area in table.items():
        if area == short:
            table[name] = whole


def _letters(number: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(number - 1))
