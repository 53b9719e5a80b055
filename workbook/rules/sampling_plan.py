"""Owns which units of a lot are sampled, and what the defects found in them say (S43). Pure.

The units follow from lot, size and seed alone. Counter n gives the first eight bytes, big-endian, of the SHA-256 of "seed:n";
a number at or above the largest multiple of the lot is thrown away, so that none is favoured; its remainder plus one is
the unit, and a unit that is taken already is passed over. Of a sample of more than half, the rest is drawn that way
instead. Whoever has a SHA-256 can check it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count

from workbook.records import Record
from workbook.tables import Samplings

SPAN = 2**64
ACCEPTED, REJECTED, WAITING = "接收", "拒收", "待检"
MORE = "……"  # behind units that the cell has no room for


def draw(lot: int, size: int, seed: str) -> tuple[int, ...]:
    """The units to take, from 1 to the lot, in order."""
    if size * 2 > lot:
        left = set(draw(lot, lot - size, seed)) if size < lot else set()
        return tuple(unit for unit in range(1, lot + 1) if unit not in left)
    taken: set[int] = set()
    for number in _numbers(seed):
        if len(taken) == size:
            break
        if number < SPAN - SPAN % lot:
            taken.add(number % lot + 1)
    return tuple(sorted(taken))


def _numbers(seed: str) -> Iterator[int]:
    for counter in count():
        yield int.from_bytes(hashlib.sha256(f"{seed}:{counter}".encode()).digest()[:8], "big")


def is_whole(row: Record) -> bool:
    """Whether a sampling says what is needed to draw, and asks for no more units than there are."""
    return bool(row.key and row["lot"] and row["size"] and row["size"] <= row["lot"])


def units_of(row: Record) -> tuple[int, ...]:
    """The units that lot, size and seed of a sampling give now; a blank seed is its number."""
    return draw(int(row["lot"]), int(row["size"]), row.text("seed").strip() or row.key) if is_whole(row) else ()


def as_text(units: Iterable[int]) -> str:
    """The units as the cell holds them: whole numbers only, and how many there are if not all have room."""
    words = [str(unit) for unit in units]
    text = "、".join(words)
    limit = Samplings.drawn.max_length or len(text)
    if len(text) <= limit:
        return text
    tail = f"{MORE}共 {len(words)} 件"
    kept = text[: limit - len(tail) + 1].rpartition("、")[0]
    return kept + tail


def taken_units(row: Record) -> frozenset[int]:
    """The units that people were told to take: those in the cell, for lot or seed may have been changed since."""
    text = row.text("drawn")
    if not text or MORE in text:
        return frozenset(units_of(row))
    return frozenset(int(part) for part in text.split("、") if part.strip().isdecimal())


def is_moved(row: Record) -> bool:
    """Whether the units in the cell are no longer those that lot, size and seed give."""
    return bool(row["drawn"]) and is_whole(row) and row.text("drawn") != as_text(units_of(row))


def defective_units(row: Record, defects: Iterable[Record]) -> tuple[int, ...]:
    """The different units of a sample in which a defect was found; a unit outside of the sample counts for nothing."""
    told = taken_units(row)
    found = {int(one["unit"]) for one in defects if one["sampling"] == row.key and one["unit"]}
    return tuple(sorted(found & told))


def verdict_of(row: Record, defects: Iterable[Record]) -> str | None:
    """Accepted, rejected or waiting; None where lot, size or the accepted number is missing."""
    if not is_whole(row) or row["accept"] is None:
        return None
    if Decimal(len(defective_units(row, defects))) > row["accept"]:
        return REJECTED  # no need to look at the rest
    return ACCEPTED if row["sampled_on"] else WAITING
