"""Owns which declared words and dates want attention: tones of options, states that close a row, deadlines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbook.schema import Choice, Column, Date, Table
from workbook.tables import Candidates, Incidents, Todo

# By option code; a state that is as it should be has no tone and gets no chip.
TONES: Mapping[str, str] = {
    "unverified": "watch",
    "rejected": "mute",
    "open": "info",
    "done": "good",
    "dropped": "mute",
    "paused": "mute",
    "barred": "bad",
    "left": "mute",
    "reviewing": "info",
    "returned": "watch text",
    "scoring": "info",
    "recommended": "good",
    "declined": "mute",
    "withdrawn": "mute",
    "reported": "watch text",
    "assessment": "info",
    "responsibility": "info",
    "measures": "info",
    "repair_check": "watch text",
    "closed": "mute",
    "extraordinary": "bad",
    "major": "bad text",
    "large": "watch text",
}
UNVERIFIED = "unverified"
# Rows in these states step back: grey, no chips, no clocks.
CLOSING = frozenset({"done", "dropped", "closed", "declined", "withdrawn", "left", "rejected"})
# What the sentence under a title counts.
TOLD = (UNVERIFIED, "returned", "barred")
# Days after which something is late; other dates are only dates.
DEADLINES: frozenset[Column] = frozenset({Todo.due, Incidents.due, Candidates.licence_until})


def choices(table: type[Table]) -> Iterator[Choice]:
    """The Choice columns of a table."""
    return (column for column in table.columns.values() if isinstance(column, Choice))


def closing(table: type[Table]) -> list[tuple[Choice, str]]:
    """The columns and option codes that close a row of the table."""
    return [(column, code) for column in choices(table) for code in column.options if code in CLOSING]


def told(table: type[Table]) -> list[tuple[Choice, str]]:
    """The columns and option codes that the sentence under the title counts."""
    return [(column, code) for code in TOLD for column in choices(table) if code in column.options]


def deadlines(table: type[Table]) -> list[Column]:
    """The dates of a table after which something is late."""
    return [column for column in table.columns.values() if isinstance(column, Date) and column in DEADLINES]
