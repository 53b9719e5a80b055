"""Owns what evaluation writes about requirements: 需求.内容指纹 and 内部评审.效力, by key, and only where they differ."""

from __future__ import annotations

from collections.abc import Mapping

from workbook.errors import MissingTable
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rows import headers, language, to_cell
from workbook.rules.requirements import read_whole, requirement_of, validity
from workbook.schema import Table
from workbook.tables import Requirements, SignOffs


def write_reviews(book: Book) -> None:
    """Bring fingerprints and validity up to the text of now; a book without these tables goes without.

    Raises:
        MissingColumn: a column that sign-offs rest on is gone; every one of them would be void.
    """
    try:
        requirements = {r.key: requirement_of(r) for r in read_whole(book, Requirements)}
        signoffs = read_whole(book, SignOffs)
    except MissingTable:
        return
    prints = {one.record.number: one.fingerprint for one in requirements.values()}
    _write(book, Requirements, "fingerprint", prints)
    _write(book, SignOffs, "state", validity(requirements, signoffs))


def _write(book: Book, table: type[Table], name: str, wanted: Mapping[int, str]) -> None:
    """One computed column by row number; a column that people took out is not missed."""
    view = book.table(table.name)
    where = headers(table, view.columns)
    if name not in where:
        return
    lang = language(table, view.columns)
    records: list[Record] = read_records(book, table)
    changes = {
        r.number: {where[name]: to_cell(table.columns[name], wanted[r.number], lang)}
        for r in records
        if r.number in wanted and (r[name] != wanted[r.number] or name in r.problems)
    }
    if changes:
        book.update_rows(table.name, where[table.key().name], changes)
