"""Owns what the file on disk says of submissions: their rows, the version that each holds, what people deleted."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from forms_server.drilling import drill_view
from forms_server.due_times import limits_text
from forms_server.inbox import Moves, Stored
from forms_server.inviting import invitation_view
from forms_server.minutes import minutes_view
from forms_server.openings import publications_of
from forms_server.reviews import review_view
from forms_server.signoffs import signoff_view
from forms_server.surveys import survey_view
from workbook.errors import MissingColumn, MissingTable, PartnerBookError
from workbook.identity import generation_of
from workbook.ooxml import Book, TableView
from workbook.rows import headers, need
from workbook.rules.selection import read_selection
from workbook.schema import COMPUTED, Number, Table
from workbook.tables import BY_NAME, SettingRow, Settings

log = logging.getLogger("partnerbook.delivery")

TAKING = tuple(name for name, table in BY_NAME.items() if table.sections)  # tables that take submissions


@dataclass(frozen=True)
class SeenRow:
    """One row of a submission: its table, its number on the sheet, and its cells by header."""

    table: str
    number: int
    values: Mapping[str, Any]

    def named(self, name: str) -> Any:
        """The cell of a declared column, or None where the column is gone."""
        return self.values.get(headers(BY_NAME[self.table], list(self.values)).get(name, ""))

    @property
    def key(self) -> str:
        """The row's key as it stands."""
        return str(self.named(BY_NAME[self.table].key().name) or "").strip()


@dataclass(frozen=True)
class Seen:
    """What the book on disk holds of submissions: rows by id, in the order of the sheet."""

    generation: int
    rows: Mapping[str, list[SeenRow]]
    tables: Mapping[str, TableView]
    problems: Mapping[str, str]  # table → why nothing can be said about it
    review: Mapping[str, Any] | None = None  # the panels as pages show them


@dataclass(frozen=True)
class Standing:
    """One submission against the file: its versions in order, its rows, and the version that the row holds (0: none).

    `deleted` says that it was written and a person took it out.
    """

    versions: tuple[Stored, ...]
    rows: tuple[SeenRow, ...]
    delivered: int
    deleted: bool

    @property
    def id(self) -> str:
        """The submission's id."""
        return self.versions[0].id

    @property
    def table(self) -> str:
        """The name of its table."""
        return self.versions[0].table

    @property
    def newest(self) -> Stored:
        """The version that counts."""
        return self.versions[-1]

    @property
    def name(self) -> str:
        """The row's key, or the id while it has none."""
        return next((v.row_key for v in reversed(self.versions) if v.row_key), None) or self.id

    @cached_property
    def pending(self) -> tuple[Stored, ...]:
        """The versions that this file has yet to get."""
        return () if self.deleted else tuple(v for v in self.versions if v.version > self.delivered)

    @property
    def baseline(self) -> Stored:
        """The version that was last delivered to this file."""
        return next(v for v in reversed(self.versions) if v.version <= self.delivered)


def by_submission(stored: Iterable[Stored]) -> dict[str, list[Stored]]:
    """The versions of each submission in order; submissions in the order of their arrival."""
    found: dict[str, list[Stored]] = {}
    for row in stored:
        found.setdefault(row.id, []).append(row)
    return {key: sorted(rows, key=lambda row: row.version) for key, rows in found.items()}


def standing(versions: Sequence[Stored], seen: Seen) -> Standing:
    """What a file says of a submission.

    A version is in the file when its generation, handed out before the file was replaced, is not above the file's own.
    """
    rows = tuple(seen.rows.get(versions[0].id, ()))
    written = [v.version for v in versions if v.generation is not None and v.generation <= seen.generation]
    if rows:
        return Standing(tuple(versions), rows, max(written, default=0) or _version_in(rows[0], versions), False)
    deleted = bool(written) or any(v.state == "deleted" for v in versions)
    return Standing(tuple(versions), (), 0, deleted)


def _version_in(row: SeenRow, versions: Sequence[Stored]) -> int:
    """The version that a row names, for one that came here by a way that no generation tells."""
    said = version_cell(row)
    return said if said in {v.version for v in versions} else versions[0].version


def version_cell(row: SeenRow) -> int | None:
    """The number in the version column, or None where there is none."""
    for column in version_columns(BY_NAME[row.table]):
        value = row.named(column)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
            return int(value)
    return None


def version_columns(table: type[Table]) -> list[str]:
    """Every computed Number of a table that takes submissions is the version of its row."""
    return [n for n, c in table.columns.items() if c.owner is COMPUTED and isinstance(c, Number)]


def verdicts(standings: Iterable[Standing]) -> list[Moves]:
    """What follows from the file for each version: confirmed, deleted, or never written and to be written again."""
    confirmed, deleted, again = [], [], []
    for one in standings:
        for version in one.versions:
            if one.deleted:
                deleted += [version] if version.state != "deleted" else []
            elif version.version <= one.delivered:
                confirmed += [version] if version.state != "confirmed" else []
            elif version.state != "waiting":
                again.append(version)
    moves = [
        Moves("confirmed", confirmed),
        Moves("deleted", deleted),
        Moves("waiting", again, forget=True),
    ]
    return [move for move in moves if move.rows]


def look(book: Book) -> Seen:
    """Find every submission in the book, by table name and header, wherever people moved them."""
    tables: dict[str, TableView] = {}
    problems: dict[str, str] = {}
    rows: dict[str, list[SeenRow]] = {}
    for name in TAKING:
        declared = BY_NAME[name]
        column = declared.submission()
        assert column is not None
        try:
            view = book.table(name)
            header = need(declared, view.columns, [column.name], view.sheet)[column.name]
        except (MissingTable, MissingColumn) as error:
            problems[name] = str(error)
            continue
        tables[name] = view
        for row in book.rows(name):
            if submission_id := str(row.values.get(header) or "").strip():
                rows.setdefault(submission_id, []).append(SeenRow(name, row.number, row.values))
    return Seen(generation_of(book), rows, tables, problems, _review(book))


def _review(book: Book) -> dict[str, Any] | None:
    """The panels as pages show them; a book whose tables of scoring are not whole keeps what was known before."""
    try:
        selection = read_selection(book)
        return {
            **review_view(selection),
            **signoff_view(book, selection),
            **invitation_view(book),
            **survey_view(book),
            **minutes_view(book),
            **drill_view(book),
        }
    except PartnerBookError as error:
        log.info("the panels cannot be read: %s", error)
        return None


def settings_of(book: Book) -> dict[str, str]:
    """The settings that pages and delivery need, by `Profile` field; what is gone or blank falls back to the default."""
    fields = {
        "company": SettingRow.COMPANY, "department": SettingRow.DEPARTMENT, "mail": SettingRow.MAIL,
        "phone": SettingRow.PHONE, "zone": SettingRow.ZONE, "verify_days": SettingRow.VERIFY_DAYS,
    }  # fmt: skip
    defaults = {name: value for name, value, _ in SettingRow.DEFAULTS}
    found = dict(defaults)
    try:
        view = book.table(Settings.name)
        where = need(Settings, view.columns, ["setting", "value"], view.sheet)
        for row in book.rows(Settings.name):
            value = row.values.get(where["value"])
            if value not in (None, ""):
                found[str(row.values.get(where["setting"]))] = str(value).strip()
    except (MissingTable, MissingColumn):
        log.info("the settings table is not whole; defaults are used")
    profile = {field: found.get(name, "") for field, name in fields.items()}
    try:
        ZoneInfo(profile["zone"])
    except (KeyError, ValueError, OSError):
        profile["zone"] = defaults[SettingRow.ZONE]
    today = datetime.now(ZoneInfo(profile["zone"])).date()
    return {**profile, "publications": publications_of(book), "limits": limits_text(book, today)}
