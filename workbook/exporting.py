"""Owns what may leave the company about one partner: their own rows, and of these only columns that they may see (S1).

A column leaves if its level is 公开, if it is marked as shown to the partner, or if the partner wrote it. Everything
else stays, whatever stands in it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workbook.errors import PartnerBookError
from workbook.ooxml import Book
from workbook.plain_text import write_text
from workbook.records import Record, read_if_there
from workbook.rows import to_cell
from workbook.schema import PARTNER, PUBLIC, Column, Date, Files, Key, Moment, Table
from workbook.tables import (
    BY_NAME,
    Appeals,
    Candidates,
    Certificates,
    Clauses,
    Contracts,
    Incentives,
    Incidents,
    Onboarding,
    Partners,
    Proposals,
    Satisfaction,
)


class NoSuchPartner(PartnerBookError):
    """The book has no partner of that number, or more than one row of it."""

    def __init__(self, key: str, rows: int):
        why = f"有 {rows} 行都是 {key}，不能确定是哪一家" if rows else f"没有 {key}"
        super().__init__(f"工作簿的“{Partners.label.zh}”里{why}，没有导出。请核对伙伴编号。")


@dataclass(frozen=True)
class Export:
    """The rows of one partner by table: headers and values, each table with at least one row."""

    partner: str
    legal_name: str
    tables: Mapping[str, tuple[Sequence[Column], Sequence[Sequence[Any]]]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many rows of each table leave."""
        return {name: len(rows) for name, (_, rows) in self.tables.items()}


def may_leave(table: type[Table], column: Column) -> bool:
    """Whether a partner may see this column in a row of their own; the row's number names it and holds nothing."""
    sent = column.owner is PARTNER and bool(table.sections)
    return isinstance(column, Key) or column.level is PUBLIC or column.shown_to_partner or sent


def partner_export(book: Book, partner: str) -> Export:
    """What one partner may have of a book.

    A candidate submission is theirs by the credit code, an answer or an incident by the partner number that staff gave
    it: what a sender only claims never counts. Incentives leave once they are granted: until then they are the company's
    own deliberation, as are improvement plans, enablement and clause changes, which never leave. Nor does a drill.

    Raises:
        NoSuchPartner: there is no such partner, or the number stands twice.
    """
    found = [record for record in read_if_there(book, Partners) if record.key == partner]
    if len(found) != 1:
        raise NoSuchPartner(partner, len(found))
    code = found[0].text("credit_code")
    candidates = [r for r in read_if_there(book, Candidates) if code and r.text("credit_code") == code]
    contracts = _where(book, Contracts, "partner", {partner})
    keys = {record.key for record in contracts if record.key}
    onboarding = {
        r.number: r
        for r in (*_where(book, Onboarding, "partner", {partner}), *_where(book, Onboarding, "contract", keys))
    }
    firms = {record.key for record in candidates if record.key}
    certificates = [  # where staff wrote a partner beside the candidate, the partner counts
        r
        for r in read_if_there(book, Certificates)
        if (r.text("partner") or partner) == partner and (r["partner"] or r.text("candidate") in firms)
    ]
    rows: dict[type[Table], Iterable[Record]] = {
        Partners: found, Candidates: candidates, Certificates: certificates, Contracts: contracts, Clauses: _where(book, Clauses, "contract", keys),
        Onboarding: onboarding.values(), Satisfaction: _where(book, Satisfaction, "partner", {partner}),
        Incidents: [row for row in _where(book, Incidents, "partner", {partner}) if not row["drill"]], Proposals: _where(book, Proposals, "partner", {partner}),
        Appeals: _where(book, Appeals, "partner", {partner}),
        Incentives: [row for row in _where(book, Incentives, "partner", {partner}) if row["status"] == "granted"],
    }  # fmt: skip
    tables = {table.name: _table(table, list(records)) for table, records in rows.items()}
    return Export(partner, found[0].text("legal_name"), {name: one for name, one in tables.items() if one[1]})


def _where(book: Book, table: type[Table], column: str, keys: set[str]) -> list[Record]:
    return [record for record in read_if_there(book, table) if record.text(column) in keys]


def _table(table: type[Table], records: Sequence[Record]) -> tuple[list[Column], list[list[Any]]]:
    columns = [column for column in table.columns.values() if may_leave(table, column)]
    return columns, [[_shown(column, record[column.name]) for column in columns] for record in records]


def _shown(column: Column, value: Any) -> Any:
    return value if isinstance(column, Files) else to_cell(column, value)  # a cell holds the names of files


def as_workbook(export: Export) -> bytes:
    """The export as a plain workbook: a sheet for each table, text as text."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bottom": 2, "text_wrap": True, "valign": "top"})
    formats = {
        Date: book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
        Moment: book.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top"}),
    }
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    for name, (columns, rows) in export.tables.items():
        sheet = book.add_worksheet(BY_NAME[name].label.zh)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(columns) - 1, 18)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.zh, head)
            for line, row in enumerate(rows, start=1):
                _write(sheet, line, place, row[place], formats.get(type(column)), text)
    book.close()
    return out.getvalue()


def _write(sheet: Any, line: int, place: int, value: Any, dated: Any, text: Any) -> None:
    if value is None:
        return
    if isinstance(value, datetime | date):
        sheet.write_datetime(line, place, value, dated)
    elif isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        sheet.write_number(line, place, value)
    else:
        write_text(sheet, line, place, str(value), text)
