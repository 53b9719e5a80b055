"""Owns what the rows of a table become on the way to lines and checks: lines, totals, breaks between groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

Key = tuple[str, str]
"""Meaning and span of an amount column: `("budget", "2026-01")`."""


@dataclass(frozen=True, slots=True)
class LineEvent:
    """The amounts of one row in their own currency and in yuan."""

    row: int
    original: Mapping[Key, Decimal]
    yuan: Mapping[Key, Decimal]
    hidden: bool


@dataclass(frozen=True, slots=True)
class TotalEvent:
    """A total row: `grand`, `plain`, `running` or `sub`, and what it states in the sheet's own currency."""

    row: int
    label: str
    kind: str
    stated: Mapping[Key, Decimal]


@dataclass(frozen=True, slots=True)
class BreakEvent:
    """A section row or a repeated header: a group begins behind it."""

    row: int


@dataclass(frozen=True, slots=True)
class TableEvent:
    """A new table begins on the same sheet."""

    row: int


Event = LineEvent | TotalEvent | BreakEvent | TableEvent
