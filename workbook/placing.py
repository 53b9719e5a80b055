"""Owns putting submissions into a book in memory: new rows, corrections with their log, and to-dos for staff.

A table or a row that cannot be written leaves all others alone. Nothing here knows where the book is kept (a file, an
open spreadsheet) or the inbox's states.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from workbook.correcting import Correction, log_rows, logged, plan
from workbook.errors import AppendRefused, MissingColumn, MissingTable, PartnerBookError, ValueRefused
from workbook.invited import note_answers
from workbook.ooxml import Book
from workbook.records import read_if_there
from workbook.rows import Cell, headers, need, row_cells
from workbook.rules.calendar import BookCalendar
from workbook.rules.office_hours import calendar_or_default, working_day_after
from workbook.rules.reminding import VERIFY_WORDS, verify_cause, verify_days, verify_matter
from workbook.schema import COMPUTED, Choice, Column, Moment, Submission, Table
from workbook.submissions import HELD, Seen, Standing, Stored, version_columns
from workbook.tables import (
    BY_NAME,
    Changes,
    Issues,
    Marks,
    MinuteConfirmations,
    SettingRow,
    SignOffs,
    Todo,
    Votes,
    WorkingDays,
)
from workbook.tables.sourcing import VERIFICATION

log = logging.getLogger("partnerbook.delivery")

T = TypeVar("T")
B = TypeVar("B", bound=Book)
BY_KNOWN_PEOPLE = (*HELD, SignOffs.name, Votes.name, MinuteConfirmations.name)  # by their own links: nothing to verify
IN_THE_WAY = (MissingColumn, MissingTable, AppendRefused)  # of a whole table


class RowRefused(ValueRefused):
    """One submission cannot stand in a row; the others can."""

    def __init__(self, table: type[Table], name: str, why: object):
        super().__init__(f"{table.label.zh} 的一条提交（{name}）写不进单元格：{why} 其他提交不受影响。")


@dataclass
class Placement:
    """What a book now holds, and what it could not take: rows by themselves, or all rows of a table."""

    appended: list[tuple[Standing, str]] = field(default_factory=list)  # with the row's key
    corrected: list[Correction] = field(default_factory=list)
    refused: list[tuple[Standing, str]] = field(default_factory=list)  # with the sentence
    put_off: list[tuple[Standing, str]] = field(default_factory=list)

    @property
    def placed(self) -> list[tuple[Stored, str]]:
        """Every version that the book now holds and did not before, with the key of its row."""
        found = [(version, key) for one, key in self.appended for version in one.pending]
        return found + [(version, one.standing.name) for one in self.corrected for version in one.standing.pending]


class Placer(Generic[B]):
    """Writes submissions into one book; `fresh` reads it anew, `highest` tells the running numbers that a table has had."""

    def __init__(
        self, fresh: Callable[[], B], seen: Seen, settings: Mapping[str, str], highest: Callable[[type[Table]], int]
    ):
        self._fresh, self._seen, self._settings, self._highest = fresh, seen, settings, highest
        self._zone = ZoneInfo(settings["zone"])

    def place(self, going: Sequence[Standing]) -> tuple[B, Placement]:
        """The book with what it can take of these."""
        corrections = [one for one in going if one.rows]
        try:
            return self._place(going, corrections)
        except _LogRefused as error:  # without its log no correction is written
            book, done = self._place([one for one in going if not one.rows], [])
            done.put_off += [(one, str(error)) for one in corrections]
            return book, done

    def _place(self, going: Sequence[Standing], corrections: Sequence[Standing]) -> tuple[B, Placement]:
        book, done = self._fresh(), Placement()
        for name in dict.fromkeys(one.table for one in corrections):
            self._correct(book, BY_NAME[name], [one for one in corrections if one.table == name], done)
        self._log(book, done.corrected)
        fresh = [one for one in going if not one.rows]
        for name in BY_NAME:
            if rows := [one for one in fresh if one.table == name]:
                self._append(book, BY_NAME[name], rows, done)
        note_answers(book, [(one.versions[0].values, key) for one, key in done.appended])
        remind(book, done, self._settings)
        return book, done

    # --- new rows ---

    def _append(self, book: Book, table: type[Table], rows: Sequence[Standing], done: Placement) -> None:
        view = self._seen.tables[table.name]
        ready: list[tuple[Standing, str, dict[str, Cell]]] = []
        for one, key in zip(rows, self._keys(book, table, rows), strict=True):
            try:
                cells = row_cells(table, typed_values(table, one, key, self._zone), view.columns, view.sheet)
                ready.append((one, key, cells))
            except MissingColumn as error:
                done.put_off.append((one, str(error)))
            except (ValueError, LookupError, ArithmeticError, TypeError) as error:  # stored by another version of us
                done.refused.append((one, str(RowRefused(table, one.name, f"内容读不懂（{error}）。"))))

        def write(part: Sequence[tuple[Standing, str, dict[str, Cell]]]) -> None:
            book.append(table.name, [cells for _, _, cells in part])

        try:
            taken, refused = halves(ready, write)
        except IN_THE_WAY as error:
            done.put_off += [(one, str(error)) for one, _, _ in ready]
            return
        done.appended += [(one, key) for one, key, _ in taken]
        done.refused += [(one, str(RowRefused(table, one.name, error))) for (one, _, _), error in refused]

    def _keys(self, book: Book, table: type[Table], rows: Sequence[Standing]) -> list[str]:
        """A short key for each row: the one it had before (if nobody took it), else the next free number."""
        column = table.key()
        header = headers(table, book.table(table.name).columns).get(column.name, "")
        taken = {str(row.values.get(header) or "").strip() for row in book.rows(table.name)}
        highest = max([self._highest(table), *(column.number(key) or 0 for key in taken)])
        keys = []
        for one in rows:
            key = one.name if one.name != one.id else ""
            if not key or key in taken:
                highest += 1
                key = column.make(highest)
            taken.add(key)
            keys.append(key)
        return keys

    # --- corrections ---

    def _correct(self, book: Book, table: type[Table], rows: Sequence[Standing], done: Placement) -> None:
        view = self._seen.tables[table.name]
        submission = table.submission()
        assert submission is not None
        header = headers(table, view.columns)[submission.name]
        formulas = book.formula_cells(table.name)
        ready: list[Correction] = []
        for one in rows:
            try:
                ready.append(plan(one, view, book.date1904, formulas))
            except PartnerBookError as error:
                done.put_off.append((one, str(error)))
            except (ValueError, LookupError, ArithmeticError, TypeError) as error:
                done.refused.append((one, str(RowRefused(table, one.name, f"内容读不懂（{error}）。"))))

        def write(part: Sequence[Correction]) -> None:
            book.update_rows(table.name, header, {one.row.number: one.cells for one in part})

        try:
            taken, refused = halves(ready, write, (ValueRefused, AppendRefused))
        except IN_THE_WAY as error:
            done.put_off += [(one.standing, str(error)) for one in ready]
            return
        done.corrected += taken
        for correction, problem in refused:
            one = correction.standing
            if isinstance(problem, ValueRefused):
                done.refused.append((one, str(RowRefused(table, one.name, problem))))
            else:
                done.put_off.append((one, str(problem)))

    def _log(self, book: Book, corrections: Sequence[Correction]) -> None:
        if not any(one.differences for one in corrections):
            return
        try:
            known = logged(book)
            view = book.table(Changes.name)
            header = headers(Changes, view.columns)[Changes.key().name]
            now = datetime.now(UTC).astimezone(self._zone).replace(tzinfo=None, microsecond=0)
            rows = log_rows(corrections, view, now, book.date1904)
            book.append(Changes.name, [row for row in rows if row[header] not in known])
        except PartnerBookError as error:
            raise _LogRefused(f"伙伴的更正先等着，因为记不进“{Changes.label.zh}”：{error}") from error


class _LogRefused(PartnerBookError):
    """The change log takes no rows, so that corrections would go unrecorded."""


def halves(
    things: Sequence[T],
    write: Callable[[Sequence[T]], object],
    one_by_one: tuple[type[PartnerBookError], ...] = (ValueRefused,),
) -> tuple[list[T], list[tuple[T, PartnerBookError]]]:
    """Write all at once, else each half by itself, down to the single ones that are refused."""
    if not things:
        return [], []
    try:
        write(things)
        return list(things), []
    except one_by_one as error:
        if len(things) == 1:
            return [], [(things[0], error)]
    middle = len(things) // 2
    left, right = (halves(part, write, one_by_one) for part in (things[:middle], things[middle:]))
    return left[0] + right[0], left[1] + right[1]


# --- values -----------------------------------------------------------------------------------------------------------


def typed_values(table: type[Table], one: Standing, key: str, zone: ZoneInfo) -> dict[str, Any]:
    """The values of a row by column name: the newest of what was sent, its key, and when it first came."""
    sent = one.newest.values
    values = {n: table.columns[n].from_json(v) for n, v in sent.items() if n in table.columns}
    for name, column in table.columns.items():
        if isinstance(column, Submission):
            values[name] = one.id
    values[table.key().name] = key
    values.update(stamps(table, one, zone))
    for name, column in table.columns.items():
        if isinstance(column, Choice) and column.options is VERIFICATION:  # nobody knows yet who sent it
            values.setdefault(name, "unverified")
    return values


def stamps(table: type[Table], one: Standing, zone: ZoneInfo) -> dict[str, Any]:
    """What the server knows of a row: every computed Moment is its arrival, every computed Number its version."""
    arrival = one.versions[0].received_at.astimezone(zone).replace(tzinfo=None)
    known: dict[str, Any] = {n: arrival for n, c in table.columns.items() if _is_arrival(c)}
    known.update(dict.fromkeys(version_columns(table), one.newest.version))
    if table in (Marks, MinuteConfirmations):
        known["source"] = "link"
    if table is Issues:  # its clocks run from the moment at which the sender was told that it arrived
        known["reported_at"] = arrival
    return known


def _is_arrival(column: Column) -> bool:
    return column.owner is COMPUTED and isinstance(column, Moment)


# --- to-dos -----------------------------------------------------------------------------------------------------------


def remind(book: Book, done: Placement, settings: Mapping[str, str]) -> None:
    """A to-do for each new row (who sent it?) and each kept cell (who is right?). A book without the page goes without."""
    key, matter, subject = Todo.key(), Todo.columns["matter"], Todo.columns["subject"]
    try:
        view = book.table(Todo.name)
        where = need(Todo, view.columns, [key.name, matter.name, subject.name], view.sheet)
        rows = [row.values for row in book.rows(Todo.name)]
        known = {(str(row.get(where[subject.name]) or ""), str(row.get(where[matter.name]) or "")) for row in rows}
        number = max((key.number(row.get(where[key.name])) or 0 for row in rows), default=0)
        fresh = []
        hours = calendar_or_default({}, read_if_there(book, WorkingDays))
        for values in _matters(done, settings, hours):
            if (values[subject.name], values[matter.name]) in known:  # it came back after a restore; its to-do is there
                continue
            number += 1
            fresh.append(row_cells(Todo, {key.name: key.make(number), **values}, view.columns, view.sheet))
        if fresh:
            book.append(Todo.name, fresh)
    except PartnerBookError as error:  # the submissions matter more than the reminder
        log.warning("no to-do was written: %s", error)


def _matters(done: Placement, settings: Mapping[str, str], hours: BookCalendar) -> Iterable[dict[str, Any]]:
    for one, row_key in done.appended:
        known = one.newest.values.get("verification") == "verified"  # a participant of a survey, by their own link
        if one.table not in BY_KNOWN_PEOPLE and not known:
            matter = verify_matter(BY_NAME[one.table], drill=bool(one.newest.values.get("drill")))
            todo = _todo(one.table, row_key, matter, VERIFY_WORDS, one.versions[0], settings, hours)
            yield {**todo, "cause": verify_cause(row_key)}  # an evaluation closes it once the row is verified
    for correction in done.corrected:
        if kept := correction.kept:
            columns = "、".join(difference.column.zh for difference in kept)
            newest = correction.standing.newest
            matter = f"核对伙伴更正（第 {newest.version} 版）：{columns} 与员工改动不同，保留了员工的内容"
            rule = f"两边的内容见{Changes.label.zh}"
            key = correction.row.key or correction.standing.name
            yield _todo(correction.row.table, key, matter[:300], rule, newest, settings, hours)


def _todo(
    table: str, subject: str, matter: str, rule: str, version: Stored, settings: Mapping[str, str], hours: BookCalendar
) -> dict[str, Any]:
    local: date = version.received_at.astimezone(ZoneInfo(settings["zone"])).date()
    return {
        "due": working_day_after(local, _days(settings["verify_days"]), hours), "matter": matter, "subject": subject,
        "chapter_name": BY_NAME[table].chapter.value.zh, "rule": rule, "page": table,
    }  # fmt: skip


def _days(text: str) -> int:
    return verify_days({SettingRow.VERIFY_DAYS: text})
