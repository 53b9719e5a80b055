"""Owns keeping 资质证书 up to date from the candidates' lines: a row is proposed once, by its cause, then it is staff's.

What is equal is not written: a second evaluation of an unchanged book changes no byte. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from workbook.errors import MissingTable, PartnerBookError
from workbook.formulas import validity_word
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rows import Cell, headers, language, need, row_cells, to_cell
from workbook.rules.certificates import Claim, Holders, Proposals, corrected, ended, plain, proposals, stated
from workbook.tables import Candidates, Certificates, Partners

NEEDED = ("certificate", "legal_name", "title", "number", "term", "until", "candidate", "partner", "ended", "cause")
OF_STATE = ("ended", "until", "term")  # what the formula of the state reads
Row = dict[str, Any]


def keep_certificates(book: Book, today: date) -> str:
    """Bring the certificates of a book up to date; the reason why not, "" if they are.

    A book that cannot take them goes without: results never wait for them, and `check` reads the lines themselves.
    """
    candidates, partners = read_if_there(book, Candidates), read_if_there(book, Partners)
    try:
        view = book.table(Certificates.name)
        need(Certificates, view.columns, NEEDED, view.sheet)
        holders = Holders(candidates, partners)
        asked = proposals(candidates, partners, read_records(book, Certificates))
        _append(book, asked, holders, today)
        _update(book, _follow(book, asked, holders), today)
    except MissingTable as error:
        lines = proposals(candidates, partners, []).fresh
        return f"没有登记资质证书：{error}请运行 partnerbook upgrade 补上这张表。" if lines else ""
    except PartnerBookError as error:
        return f"没有更新“{Certificates.label.zh}”：{error}"
    return ""


def _append(book: Book, asked: Proposals, holders: Holders, today: date) -> None:
    """A row for each line that has none yet."""
    if not asked.fresh:
        return
    key, view = Certificates.key(), book.table(Certificates.name)
    lang, state = language(Certificates, view.columns), headers(Certificates, view.columns).get("state")
    last = max((key.number(row.key) or 0 for row in read_records(book, Certificates)), default=0)
    rows = []
    for number, (candidate, claim) in enumerate(asked.fresh, start=last + 1):
        row = {
            key.name: key.make(number), **stated(candidate.key, claim), "candidate": candidate.key,
            "legal_name": candidate["legal_name"], "partner": holders.partner_of(candidate) or None,
            "handler": candidate["handler"], "file": _file(candidate, claim),
        }  # fmt: skip
        cells = row_cells(Certificates, row, view.columns, view.sheet)
        if state:
            cells[state] = _word(row, today, lang)
        rows.append(cells)
    book.append(Certificates.name, rows)


def _file(candidate: Record, claim: Claim) -> str | None:
    """The file among 资质证明 that is named after the certificate, if one is."""
    names = [line.rsplit(" (", 1)[0] for line in candidate.text("certificates_file").splitlines()]
    return next((name[:200] for name in names if plain(claim.title) in plain(name)), None)


def _follow(book: Book, asked: Proposals, holders: Holders) -> dict[int, Row]:
    """What changes in the rows, by their number: corrections into untouched ones; names and why a row is over in all."""
    rows = read_records(book, Certificates)
    later = corrected(rows, asked)
    over = ended(later, holders)
    changes: dict[int, Row] = {}
    for row, new in zip(rows, later, strict=True):
        should: Row = {**new.values, "ended": over.get(row.number)}
        if company := holders.record(row):
            should["legal_name"] = company["legal_name"]
        if changed := {name: value for name, value in should.items() if row[name] != value}:
            changes[row.number] = {**{name: should.get(name) for name in OF_STATE}, **changed}
    return changes


def _update(book: Book, changes: Mapping[int, Row], today: date) -> None:
    if not changes:
        return
    view = book.table(Certificates.name)
    where, lang = headers(Certificates, view.columns), language(Certificates, view.columns)
    cells: dict[int, dict[str, Cell]] = {}
    for number, row in changes.items():
        cells[number] = {where[name]: to_cell(Certificates.columns[name], value, lang) for name, value in row.items()}
        if "state" in where:
            cells[number][where["state"]] = _word(row, today, lang)
    book.update_rows(Certificates.name, where[Certificates.key().name], cells)


def _word(row: Mapping[str, Any], today: date, lang: str) -> str:
    """What the state's formula gives, for programs that show the book without calculating."""
    term = to_cell(Certificates.columns["term"], row.get("term"), lang)
    return validity_word(row.get("ended"), row.get("until"), term, today, lang)
