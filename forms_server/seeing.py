"""Owns what follows from the file on disk for each submission, and what the file says for the pages."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from forms_server.drilling import drill_view
from forms_server.due_times import limits_text
from forms_server.inbox import Moves
from forms_server.inviting import invitation_view
from forms_server.minutes import minutes_view
from forms_server.openings import publications_of
from forms_server.reviews import review_view
from forms_server.signoffs import signoff_view
from forms_server.surveys import survey_view
from workbook.errors import PartnerBookError
from workbook.ooxml import Book
from workbook.profile import profile_of
from workbook.rules.selection import read_selection
from workbook.submissions import Seen, Standing, Stored, find_submissions, lineage_of

log = logging.getLogger("partnerbook.delivery")


def verdicts(standings: Iterable[Standing], seen: Seen, jumps: Mapping[int, int]) -> list[Moves]:
    """What follows from the file for each version: confirmed, deleted, or never written and to be written again.

    A version that stands in the file although no generation of the file's wrote it came by another copy that was saved
    over it: from now on it belongs to this one, so that a person may delete it like any other. Not so if it was handed out
    on top of this very generation: then a program was stopped between its rows and the name of their generation, and other
    copies of this one do not hold them. `jumps` as the inbox keeps them.
    """
    confirmed, adopted, deleted, again = [], [], [], []
    for one in standings:
        for version in one.versions:
            if one.deleted:
                deleted += [version] if version.state != "deleted" else []
            elif version.version <= one.delivered and _came_from_aside(version, seen, jumps):
                adopted.append(version)
            elif version.version <= one.delivered:
                confirmed += [version] if version.state != "confirmed" else []
            elif version.state != "waiting":
                again.append(version)
    moves = [
        Moves("confirmed", confirmed),
        Moves("confirmed", adopted, generation=seen.generation),
        Moves("deleted", deleted),
        Moves("waiting", again),
    ]
    return [move for move in moves if move.rows]


def _came_from_aside(version: Stored, seen: Seen, jumps: Mapping[int, int]) -> bool:
    """Whether a version in the file came by another branch than the file's, or nobody knows how."""
    if version.generation in seen.lineage:
        return False
    return version.generation is None or seen.generation not in lineage_of(version.generation, jumps)


def look(book: Book, jumps: Mapping[int, int]) -> Seen:
    """Every submission in the book (`jumps` as the inbox keeps them), and the panels as pages show them."""
    return replace(find_submissions(book, jumps), review=_review(book))


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
    """The settings that pages and delivery need, by `Profile` field."""
    profile = profile_of(book)
    today = datetime.now(ZoneInfo(profile["zone"])).date()
    return {**profile, "publications": publications_of(book), "limits": limits_text(book, today)}
