"""Owns which units of a lot are sampled, and what the defects found in them say (S43). Pure.

The units follow from lot, size and seed alone. Counter n gives the number SHA-256("partnerbook sampling 1|lot|size|seed|n"),
read big-endian; a number at or above the largest multiple of the wanted range is thrown away, so that none is favoured.
Floyd's algorithm makes `size` different units of them, each set as likely as any other. Whoever has a SHA-256 can check it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from decimal import Decimal

from workbook.records import Record
from workbook.tables import Samplings

SCHEME = "partnerbook sampling 1"
SPAN = 2**256
ACCEPTED, REJECTED, WAITING = "接收", "拒收", "待检"
MORE = "……"  # behind units that the cell has no room for


def drawn(lot: int, size: int, seed: str) -> tuple[int, ...]:
    """The units to take, from 1 to the lot, in order; the whole lot if the sample is not smaller."""
    if size >= lot:
        return tuple(range(1, lot + 1))
    numbers = _numbers(f"{SCHEME}|{lot}|{size}|{seed}")
    taken: set[int] = set()
    for last in range(lot - size + 1, lot + 1):
        unit = _below(last, numbers) + 1
        taken.add(last if unit in taken else unit)
    return tuple(sorted(taken))


def _numbers(text: str) -> Iterator[int]:
    counter = 0
    while True:
        yield int.from_bytes(hashlib.sha256(f"{text}|{counter}".encode()).digest(), "big")
        counter += 1


def _below(limit: int, numbers: Iterator[int]) -> int:
    """The next number below a limit, all equally likely."""
    whole = SPAN - SPAN % limit
    return next(number for number in numbers if number < whole) % limit


def is_whole(row: Record) -> bool:
    """Whether a sampling says what is needed to draw."""
    return bool(row.key and row["lot"] and row["size"])


def units_of(row: Record) -> tuple[int, ...]:
    """The units that lot, size and seed of a sampling give now; a blank seed is its number."""
    return drawn(int(row["lot"]), int(row["size"]), row.text("seed").strip() or row.key) if is_whole(row) else ()


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
    count = len(defective_units(row, defects))
    if Decimal(count) > row["accept"]:
        return REJECTED  # no need to look at the rest
    return ACCEPTED if row["sampled_on"] else WAITING
