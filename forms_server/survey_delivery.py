"""Owns the way of surveys into the workbook: the list of who was asked and has answered, and anonymous answers in batches.

An answer goes only with four others of its group at least, drawn at random; while the survey runs and somebody of the
group has not answered yet, as many stay behind, so that the last batch is never smaller. A batch is known again by the
random number that the same change writes into the book beside the rows: killed anywhere, it stands there once. What was
read back from the file on disk is forgotten here.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forms_server.seeing import settings_of
from forms_server.survey_store import LEAST, Given, Group, Invited, SurveyStore
from workbook import store
from workbook.identity import book_identity
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rows import row_cells
from workbook.store import Platform, Snapshot, Step
from workbook.tables import AnonymousAnswers, Campaigns, Participants, SurveyInvitations
from workbook.writing import upsert_rows, write_cells

BATCHES = "_PartnerBook_batches"  # the hidden name that holds the numbers of the batches which the last change wrote
TOGETHER = 20  # batches in one change: a name holds 255 characters
ROW_NUMBERS = 900_000  # of which the row keys of answers are drawn; they follow no order


@dataclass
class Posted:
    """What one run did: answers written, list rows as they are, answers left out because their group stayed too small."""

    written: int = 0
    left_out: int = 0
    changed: bool = False


def ready(pending: int, answered: int, invited: int, over: bool) -> int:
    """How many of the waiting answers of a group may go now."""
    if over or answered >= invited:
        return pending if pending >= LEAST else 0
    return pending - LEAST if pending >= 2 * LEAST else 0


class SurveyPost:
    """Writes what surveys have for one workbook; its caller is the one writer of the book."""

    def __init__(
        self, files: SurveyStore, path: Path, book_id: str, *, step: Step, guard: Callable[[Snapshot], Platform]
    ):
        self._files, self._path, self._book_id, self._step, self._guard = files, path, book_id, step, guard
        self._seen: tuple[object, ...] | None = None

    def idle(self, fingerprint: str | None) -> bool:
        """Whether the files and the book are those that the last run left."""
        return not self._files.there() or self._seen == self._mark(fingerprint)

    def _mark(self, fingerprint: str | None) -> tuple[object, ...]:
        """What a run depends on: the book, the files, and the day."""
        return fingerprint, self._files.stamp(), date.today()

    def run(self) -> Posted:
        """Bring the book up to date with the files; nothing is lost if it cannot be written now.

        Raises:
            PartnerBookError: the book is open, gone, or lacks a column; the next run goes on from there.
        """
        done = Posted()
        if not self._files.there():
            return done
        snapshot = store.read(self._path)
        if self.idle(snapshot.fingerprint):
            return done
        book = Book.read(snapshot.data)
        if book_identity(book) != self._book_id:
            return done
        self._confirm(book)
        day = datetime.now(ZoneInfo(settings_of(book)["zone"])).date()
        closed = self._close(book, day, done)
        batches = self._gather(book, closed)
        self._write_answers(book, batches, day)
        done.written = len(batches)
        self._write_list(book)
        if book.touched:
            snapshot = self._replace(snapshot, book, batches)
            done.changed = True
            self._confirm(Book.read(store.read(self._path).data))
        self._forget_rest(closed, day, done)
        self._seen = self._mark(snapshot.fingerprint)
        return done

    # --- batches ---

    def _confirm(self, book: Book) -> None:
        """Forget what the file on disk has; rows that people took out of it since are not written again."""
        waiting = self._files.batched()
        if not waiting:
            return
        named = (book.defined_name(BATCHES) or "").strip('"').split()
        there = {row.key for row in read_if_there(book, AnonymousAnswers)}
        written = {one.batch for one in waiting if one.batch in named or one.row_key in there}
        if written:
            self._files.drop_batches(sorted(written))

    def _close(self, book: Book, day: date, done: Posted) -> dict[str, Record]:
        """The surveys that are over; what was noted of them in memory is written."""
        closed = {row.key: row for row in read_if_there(book, Campaigns) if row["status"] == "closed"}
        for campaign in closed:
            self._files.flush(campaign)
        return closed

    def _gather(self, book: Book, closed: Mapping[str, Record]) -> list[Given]:
        """The answers of the batches that are on their way, with those that are ready now."""
        people = Counter(one.group for one in self._files.people() if one.way == "anonymous")
        answered, room = self._files.counted(), TOGETHER - len({one.batch for one in self._files.batched()})
        for group, pending in sorted(self._files.pending().items()):
            size = ready(pending, answered[group], people[group], group.campaign in closed)
            if size and room > 0:
                self._files.make_batch(group, size, self._row_keys(book, size))
                room -= 1
        return self._files.batched()

    def _row_keys(self, book: Book, size: int) -> list[str]:
        """Numbers drawn at random that no row has."""
        key = AnonymousAnswers.key()
        taken = {row.key for row in read_if_there(book, AnonymousAnswers)}
        taken |= {one.row_key for one in self._files.batched()}
        found: list[str] = []
        while len(found) < size:
            drawn = key.make(100_000 + secrets.randbelow(ROW_NUMBERS))
            if drawn not in taken:
                taken.add(drawn)
                found.append(drawn)
        return found

    def _write_answers(self, book: Book, batches: Sequence[Given], day: date) -> None:
        if not batches:
            return
        view = book.table(AnonymousAnswers.name)
        rows = [
            {
                **one.values, "answer": one.row_key, "campaign": one.group.campaign, "partner": one.group.partner,
                "side": one.group.side, "batch_on": day,
            }
            for one in batches
        ]  # fmt: skip
        book.append(AnonymousAnswers.name, [row_cells(AnonymousAnswers, row, view.columns, view.sheet) for row in rows])
        book.set_defined_name(BATCHES, '"' + " ".join(sorted({one.batch for one in batches})) + '"')

    def _forget_rest(self, closed: Mapping[str, Record], day: date, done: Posted) -> None:
        """After the end, the answers of a group that stayed below five are dropped, as the page promised."""
        for group, pending in self._files.pending().items():
            row = closed.get(group.campaign)
            last = row["closes_on"] if row else None
            if row is not None and pending < LEAST:
                done.left_out += pending
                if last is None or day > last:
                    self._files.drop_rest(group)

    def _replace(self, snapshot: Snapshot, book: Book, batches: Sequence[Given]) -> Snapshot:
        store.check_free(self._path)
        self._step("survey-ready")
        fresh = store.replace(snapshot, book.to_bytes(), step=self._step, platform=self._guard(snapshot))
        if batches:
            self._step("survey-written")
        return fresh

    # --- the list ---

    def _write_list(self, book: Book) -> None:
        """A row for each person who was invited, and the counts of each survey; a book without the list goes without."""
        people = self._files.people()
        known = read_if_there(book, SurveyInvitations)
        persons = {row.key: row for row in read_if_there(book, Participants)}
        rows = list(_listed(people, known, persons))
        if rows and any(table.name == SurveyInvitations.name for table in book.tables):
            upsert_rows(book, SurveyInvitations, rows)
        campaigns = read_if_there(book, Campaigns)
        counts = Counter(one.campaign for one in people), Counter(one.campaign for one in people if one.done)
        cells = {
            row.number: {"invited": Decimal(counts[0][row.key]), "answered": Decimal(counts[1][row.key])}
            for row in campaigns
            if counts[0][row.key]
        }
        write_cells(book, Campaigns, campaigns, cells)


def _listed(
    people: Iterable[Invited], known: Sequence[Record], persons: Mapping[str, Record]
) -> Iterable[dict[str, Any]]:
    """The rows of 调查名单 in the order of participants, under the numbers that they have."""
    key = SurveyInvitations.key()
    numbers = {(row.text("campaign"), row.text("participant")): row.key for row in known if row.key}
    last = max((key.number(row.key) or 0 for row in known), default=0)
    for one in people:
        at = (one.campaign, one.participant)
        if at not in numbers:
            last += 1
            numbers[at] = key.make(last)
        person = persons.get(one.participant)
        left = person is None or person["status"] == "left"
        yield {
            "invited": numbers[at], "campaign": one.campaign, "partner": one.partner or None, "participant": one.participant,
            "person": person["person"] if person else None, "side": one.side, "way": one.way,
            "status": "done" if one.done else "left" if left else "invited", "reminders": Decimal(one.reminders),
        }  # fmt: skip


def groups_left_out(files: SurveyStore, closed: Iterable[str]) -> dict[Group, int]:
    """The groups of closed surveys whose answers stay out of the book, and how many these are."""
    over = set(closed)
    return {group: n for group, n in files.pending().items() if group.campaign in over and n < LEAST}
