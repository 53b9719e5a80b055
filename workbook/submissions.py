"""Owns what a book holds of submissions: their rows, the version that each holds, what people deleted.

A copy of the book knows by its generation which hand-outs it went through (`Lineage`): what one of them wrote and is not
there any more was deleted by a person; what none of them wrote never was there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from workbook.errors import MissingColumn, MissingTable
from workbook.identity import generation_of
from workbook.ooxml import Book, TableView
from workbook.rows import headers, need
from workbook.schema import COMPUTED, Number, Table
from workbook.tables import BY_NAME

HELD = ("declarations", "marks")  # the tables whose rows wait for the whole panel
TAKING = tuple(name for name, table in BY_NAME.items() if table.sections)  # tables that take submissions


@dataclass(frozen=True)
class Stored:
    """A submission as delivery sees it."""

    seq: int
    id: str
    version: int
    table: str
    values: dict[str, Any]
    received_at: datetime
    state: str
    generation: int | None
    row_key: str | None
    reason: str | None = None
    next_try: datetime | None = None
    shown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lineage:
    """The generations that a copy of the book went through, as spans (low, high), both included.

    Generations are handed out one by one, but not each to the newest copy: one that was handed to an open book which was
    closed without saving is in no later copy's lineage.
    """

    spans: tuple[tuple[int, int], ...]

    @cached_property
    def _ordered(self) -> tuple[list[int], list[int]]:
        """The lows and the highs, from the oldest on."""
        spans = sorted(self.spans)
        return [low for low, _ in spans], [high for _, high in spans]

    @property
    def newest(self) -> int:
        """The copy's own generation."""
        return max((high for _, high in self.spans), default=0)

    def __contains__(self, generation: object) -> bool:
        if not isinstance(generation, int):
            return False
        lows, highs = self._ordered
        at = bisect_right(lows, generation) - 1
        return at >= 0 and generation <= highs[at]


def lineage_of(generation: int, jumps: Mapping[int, int]) -> Lineage:
    """The lineage of a copy of this generation; `jumps` tells the generation that a hand-out was built on, where that is
    not the one just before it."""
    spans, top = [], generation
    for at in sorted((at for at in jumps if at <= generation), reverse=True):
        if at <= top:
            spans.append((at, top))
            top = jumps[at]
    return Lineage((*spans, (0, top)))


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
    """What a copy of the book holds of submissions: rows by id, in the order of the sheet."""

    generation: int
    lineage: Lineage
    rows: Mapping[str, list[SeenRow]]
    tables: Mapping[str, TableView]
    problems: Mapping[str, str]  # table → why nothing can be said about it
    review: Mapping[str, Any] | None = None  # the panels as pages show them


@dataclass(frozen=True)
class Standing:
    """One submission against a copy: its versions in order, its rows, and the version that the row holds (0: none).

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

    A version was written into it when its generation, handed out before the writing, is one that the file went through.
    """
    rows = tuple(seen.rows.get(versions[0].id, ()))
    written = [v.version for v in versions if v.generation in seen.lineage]
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


def find_submissions(book: Book, jumps: Mapping[int, int]) -> Seen:
    """Every submission in the book, by table name and header, wherever people moved them; `jumps` as in `lineage_of`."""
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
    generation = generation_of(book)
    return Seen(generation, lineage_of(generation, jumps), rows, tables, problems)
