"""Owns comparing stated totals with the lines they cover, to the cent; which lines those are is read from the structure.

A plain reading comes first: since the last total or section for a subtotal, the whole table for a grand total. A subtotal
that it does not explain (nested groups, groups of one line without a subtotal) is looked for among the contiguous runs of
lines that end above it or begin below it, and as the sum of subtotals before it; only then is it a disagreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from workbook.budget_source.events import BreakEvent, Event, Key, LineEvent, TableEvent, TotalEvent
from workbook.budget_source.model import NOTHING, TotalCheck

Run = tuple[int, int]
"""Lines from the first up to, not including, the second; counted over the sheet."""
MOST_SUBTOTALS = 200
HIDDEN = "只有不计隐藏行时才相符，请核对隐藏的行。"


@dataclass(frozen=True)
class _Place:
    """Where a total stands: lines before it, where its group, its table begin and its table ends."""

    total: TotalEvent
    at: int
    groups: tuple[int, ...]
    table: Run
    next_break: int
    last: bool


class Totals:
    """The running sums of one sheet's lines, by amount column, and its totals."""

    def __init__(self, sheet: str, events: Sequence[Event]):
        self._sheet, self._events = sheet, events
        self._lines = [event for event in events if isinstance(event, LineEvent)]
        self._sums: dict[tuple[Key, str], list[Decimal]] = {}
        self._where: dict[Key, dict[Decimal, list[int]]] = {}

    def checks(self) -> list[TotalCheck]:
        """A check for every amount that a total row states, from top to bottom."""
        agreed: list[Run] = []
        found: list[TotalCheck] = []
        for place in self._places():
            runs = self._explains(place, agreed)
            found += self._checks_of(place, runs or [self._plainly(place)[0]])
            agreed += runs if len(runs) == 1 else []
        return found

    # --- structure

    def _places(self) -> list[_Place]:
        tables = self._tables()
        totals = [event for event in self._events if isinstance(event, TotalEvent)]
        breaks = self._breaks()
        at, result = 0, []
        for event in self._events:
            if isinstance(event, LineEvent):
                at += 1
            elif isinstance(event, TotalEvent):
                table = next(run for rows, run in tables if event.row in rows)
                rows = next(rows for rows, _ in tables if event.row in rows)
                siblings = [total for total in totals if total.row in rows]
                groups = tuple(sorted({start for row, start in breaks if row < event.row and start >= table[0]} | {table[0]}, reverse=True))  # fmt: skip
                following = next((start for row, start in breaks if row > event.row and start > at), table[1])
                result.append(_Place(event, at, groups, table, min(following, table[1]), event in (siblings[0], siblings[-1])))  # fmt: skip
        return result

    def _tables(self) -> list[tuple[range, Run]]:
        """The rows and lines of each table on the sheet."""
        starts = [(event.row, place) for place, event in enumerate(self._events) if isinstance(event, TableEvent)]
        starts = starts or [(0, 0)]
        result = []
        for (row, place), (end, stop) in zip(starts, [*starts[1:], (1 << 30, len(self._events))], strict=True):
            before = sum(isinstance(event, LineEvent) for event in self._events[:place])
            inside = sum(isinstance(event, LineEvent) for event in self._events[place:stop])
            result.append((range(row, end), (before, before + inside)))
        return result

    def _breaks(self) -> list[tuple[int, int]]:
        """Rows behind which a group begins, and the line it begins with."""
        at, found = 0, []
        for event in self._events:
            if isinstance(event, LineEvent):
                at += 1
            elif isinstance(event, BreakEvent | TotalEvent):
                found.append((event.row, at))
        return found

    # --- explanations

    def _plainly(self, place: _Place) -> list[Run]:
        """The plain readings of a total, the most likely first."""
        start, end = place.table
        whole, above, group = (start, end), (start, place.at), (place.groups[0], place.at)
        group = next(((first, place.at) for first in place.groups if first < place.at), group)
        below = (place.at, place.next_break)
        if place.total.kind == "grand" or (place.total.kind == "plain" and place.last):
            return [whole, above, (0, place.at)]
        if place.total.kind == "running":
            return [above, (0, place.at), group]
        return [group, below, above] if place.at > start else [below, whole]

    def _explains(self, place: _Place, agreed: Sequence[Run]) -> list[Run]:
        """The lines that a total adds up exactly; an empty list where no reading fits."""
        for run in self._plainly(place):
            if run[1] > run[0] and self._fits(place.total, [run]):
                return [run]
        if place.total.kind == "grand":
            return []
        if place.total.kind == "plain" and place.last:  # a forgotten first line must stay a difference
            if len(place.groups) < 2:
                return []
            runs: Iterable[Run] = ((start, place.at) for start in place.groups)
        else:
            runs = self._runs(place)
        fitting = next((run for run in runs if run[1] > run[0] and self._fits(place.total, [run])), None)
        return [fitting] if fitting else self._of_subtotals(place, agreed) if not place.last else []

    def _of_subtotals(self, place: _Place, agreed: Sequence[Run]) -> list[Run]:
        """The subtotals just before a total that add up to it; lines outside them are not its business."""
        for first in range(len(agreed) - 1, max(len(agreed) - MOST_SUBTOTALS, -1), -1):
            if any(later[0] < earlier[1] for earlier, later in pairwise(agreed[first:])):
                return []
            if self._fits(place.total, agreed[first:]):
                return list(agreed[first:])
        return []

    def _runs(self, place: _Place) -> Iterable[Run]:
        """Contiguous runs that end above or begin below a total and have its first amount, the nearest first."""
        key, stated = next(iter(place.total.stated.items()))
        sums, where = self._sum(key), self._index(key)
        above = [at for at in where.get(sums[place.at] - stated, ()) if at < place.at]
        below = [at for at in where.get(sums[place.at] + stated, ()) if at > place.at]
        yield from ((at, place.at) for at in reversed(above))
        yield from ((place.at, at) for at in below)

    def _fits(self, total: TotalEvent, runs: Sequence[Run]) -> bool:
        return all(self._over(key, runs) == stated for key, stated in total.stated.items())

    def _over(self, key: Key, runs: Sequence[Run], kind: str = "original") -> Decimal:
        sums = self._sum(key, kind)
        return sum((sums[end] - sums[start] for start, end in runs), NOTHING)

    def _sum(self, key: Key, kind: str = "original") -> list[Decimal]:
        """Running sums: `original` in the sheet's currency, `yuan`, or `shown` without hidden rows."""
        if (key, kind) not in self._sums:
            sums, so_far = [NOTHING], NOTHING
            for line in self._lines:
                amounts: Mapping[Key, Decimal] = line.yuan if kind == "yuan" else line.original
                if not (kind == "shown" and line.hidden):
                    so_far += amounts.get(key, NOTHING)
                sums.append(so_far)
            self._sums[key, kind] = sums
        return self._sums[key, kind]

    def _index(self, key: Key) -> dict[Decimal, list[int]]:
        if key not in self._where:
            index: dict[Decimal, list[int]] = {}
            for at, value in enumerate(self._sum(key)):
                index.setdefault(value, []).append(at)
            self._where[key] = index
        return self._where[key]

    # --- results

    def _checks_of(self, place: _Place, runs: Sequence[Run]) -> list[TotalCheck]:
        total = place.total
        result = []
        for key, stated in total.stated.items():
            computed, note = self._over(key, runs), ""
            if computed != stated and self._over(key, runs, "yuan") == stated:
                computed = stated  # a column of several currencies, added up in yuan
            elif computed != stated and self._over(key, runs, "shown") == stated:
                note = HIDDEN
            result.append(TotalCheck(self._sheet, total.row + 1, total.label, *key, stated, computed, note))
        return result
