"""Owns how a risk is rated (S41 to S44): likelihood × impact before and after the measures, and the zone it falls in. Pure."""

from __future__ import annotations

from workbook.records import Record

MUST = "必须处置"
ZONES = ((15, MUST), (10, "处置"), (5, "关注"), (1, "可接受"))  # from this rating on
FOUR = ("interruption", "leak", "quality", "dispute")


def inherent(row: Record) -> int | None:
    """Likelihood × impact before the measures."""
    return _product(row, "likelihood", "impact")


def residual(row: Record) -> int | None:
    """Likelihood × impact after the measures."""
    return _product(row, "residual_likelihood", "residual_impact")


def _product(row: Record, one: str, other: str) -> int | None:
    return int(row[one]) * int(row[other]) if row[one] and row[other] else None


def zone_of(row: Record) -> str | None:
    """The zone by the rating after the measures, else by the one before them; None for a risk that nobody rated."""
    after = residual(row)
    rating = inherent(row) if after is None else after
    return None if rating is None else next(word for least, word in ZONES if rating >= least)
