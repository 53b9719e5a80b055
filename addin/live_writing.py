"""Owns writing the changes of a live book: what goes into which rectangle, in which order, and how it may fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import xlwings as xw

from addin.live_cells import (
    GENERAL,
    declared_format,
    fits,
    format_for,
    rectangles,
    stays_text,
    to_engine,
)
from addin.live_checking import Target, check_all
from addin.live_errors import CellsBusy, WriteStopped, does_not_answer, reading
from addin.live_names import LiveNames
from addin.live_sheets import Found
from addin.live_tables import Calculated, LiveTable
from addin.progress import Progress
from workbook.building.kinds import TEXT
from workbook.errors import PartnerBookError
from workbook.ooxml.refs import Area

Place = tuple[int, int]  # row and column of a table's data, from 0


@dataclass
class Plan:
    """What goes into one table: number formats, values and formulas by place."""

    target: Target
    formats: dict[Place, str] = field(default_factory=dict)
    values: dict[Place, Any] = field(default_factory=dict)
    formulas: dict[Place, str] = field(default_factory=dict)


class Writing:
    """One writing of a live book's changes."""

    def __init__(self, book: xw.Book, lives: Sequence[LiveTable], names: LiveNames):
        self.begun = False  # whether a write has reached the spreadsheet
        self._book, self._lives, self._names = book, lives, names
        self._plans: list[Plan] = []

    def check(self) -> None:
        """Looks at everything before the first write.

        Raises:
            SheetProtected, BookMoved, NoRoom, CellsBusy
        """
        with reading():
            self._plans = [make_plan(target) for target in check_all(self._book, self._lives)]

    def write(self, progress: Progress) -> None:
        """Writes tables and then names.

        Raises:
            CellsBusy: nothing was written.
            WriteStopped: it failed half way.
        """
        steps: list[tuple[str, Callable[[], None]]] = [
            (plan.target.live.label, lambda plan=plan: self._write_table(plan))  # type: ignore[misc]
            for plan in self._plans
        ]
        steps += [(name, lambda name=name: self._write_name(name)) for name in self._names.ordered()]  # type: ignore[misc]
        labels = [label for label, _ in steps]
        for at, (label, step) in enumerate(steps):
            try:
                step()
            except Exception as error:
                if not self.begun and does_not_answer(error):
                    raise CellsBusy from error
                if not self.begun and isinstance(error, PartnerBookError):
                    raise
                raise WriteStopped(labels[:at], label, labels[at + 1 :], error) from error
            progress(at + 1, len(steps), label)

    def _write_name(self, name: str) -> None:
        self._names.write(name)
        self.begun = True

    def _write_table(self, plan: Plan) -> None:
        """Room, then the table's size, then formats before the values that need them, then formulas."""
        target = plan.target
        found, live = target.found, target.live
        if live.more:
            self._grow(target)
            self._dress(target)
        for number_format, area in _same_things(plan.formats):
            self._cells(live, found, area).number_format = number_format
            self.begun = True
        for area in rectangles(plan.values):
            self._cells(live, found, area).value = [
                [plan.values[row, column] for column in range(area.left, area.right + 1)]
                for row in range(area.top, area.bottom + 1)
            ]
            self.begun = True
        for formula, area in _same_things(plan.formulas):
            self._cells(live, found, area).formula = formula
            self.begun = True

    def _grow(self, target: Target) -> None:
        """Lets the table hold its new rows: a stop after this leaves blank rows in it, never rows outside of it."""
        area = target.live.read.area
        if target.insert_at is not None:
            last = target.insert_at + target.live.more - 1
            target.found.cells(Area(area.left, target.insert_at, area.right, last)).insert(shift="down")
            self.begun = True
        if not target.live.read.totals:  # rows that come in above a totals row make the table grow by themselves
            target.found.table.resize(target.found.cells(target.new_area))
            self.begun = True

    def _dress(self, target: Target) -> None:
        """New rows look like the last one that was there, its conditional formats too; some doors cannot do that."""
        live = target.live
        old, area = len(live.read.data), live.read.area
        if not old:
            return
        first = live.read.first_row
        above = target.found.cells(Area(area.left, first + old - 1, area.right, first + old - 1))
        fresh = target.found.cells(Area(area.left, first + old, area.right, first + old + live.more - 1))
        with suppress(NotImplementedError, AttributeError):
            fresh.copy_from(above, copy_type="formats")

    @staticmethod
    def _cells(live: LiveTable, found: Found, area: Area) -> xw.Range:
        top, left = live.read.first_row, live.read.area.left
        return found.cells(Area(area.left + left, area.top + top, area.right + left, area.bottom + top))


def _same_things(things: Mapping[Place, str]) -> Iterable[tuple[str, Area]]:
    """Rectangles of cells that get the same text."""
    by_text: dict[str, list[Place]] = {}
    for place, text in things.items():
        by_text.setdefault(text, []).append(place)
    for text, places in by_text.items():
        for area in rectangles(places):
            yield text, area


# ---- planning


def make_plan(target: Target) -> Plan:
    """What goes into which cell of a table; number formats are looked at only where a value needs another one."""
    live, plan = target.live, Plan(target)
    for place, edit in live.edits.items():
        if isinstance(edit, Calculated):
            plan.formulas[place] = f"={edit.formula}"
        else:
            plan.values[place] = to_engine(edit)
    _plan_fresh_rows(live, plan)
    _plan_new_formats(live, plan)
    _plan_old_formats(live, plan)
    return plan


def _plan_fresh_rows(live: LiveTable, plan: Plan) -> None:
    """Formulas of rows that came in, and the blanks that make rectangles of their values."""
    old, headers = len(live.read.data), live.read.headers
    known = {column for row, column in plan.values if row >= old}
    known |= {at for at, header in enumerate(headers) if header in live.names and header not in live.calculated}
    for row in sorted(live.fresh):
        for column, header in enumerate(headers):
            place = (row, column)
            if place in plan.values or place in plan.formulas:
                continue
            if row >= old:
                formula = live.formula_at(row, column) or ""
            else:
                ours = live.calculated.get(header) or live.given.get(header)
                formula = f"={ours}" if ours and not live.formula_at(row, column) else ""
            if formula:
                plan.formulas[place] = formula
            elif row >= old and column in known:
                plan.values[place] = None


def _plan_new_formats(live: LiveTable, plan: Plan) -> None:
    """The formats of the rows below those that were there: as declared; of staff's own columns, as in the row above."""
    old = len(live.read.data)
    above: dict[int, str | None] = {}
    for row in sorted(row for row in live.fresh if row >= old):
        for column, header in enumerate(live.read.headers):
            place = (row, column)
            name = live.names.get(header)
            if live.declared and name:
                wanted = format_for(live.edits_value(place), declared_format(live.declared, name, live.lang))
            elif place not in plan.values or plan.values[place] is None:
                continue
            else:
                value = live.edits_value(place)
                if isinstance(value, str) and stays_text(value):
                    continue
                if column not in above:
                    above[column] = _format_above(plan.target, column)
                wanted = format_for(value, above[column] or GENERAL)
            if wanted:
                plan.formats[place] = wanted


def _format_above(target: Target, column: int) -> str | None:
    """The number format of a column in the last row that was there; None if there is none or nobody tells."""
    read = target.live.read
    if not read.data:
        return None
    row = read.first_row + len(read.data) - 1
    at = read.area.left + column
    return _format_of(target.found.cells(Area(at, row, at, row)))


def _plan_old_formats(live: LiveTable, plan: Plan) -> None:
    """Cells that were there keep their format, unless the new value would turn into something else in it."""
    old = len(live.read.data)
    doubtful: list[Place] = []
    for (row, column), edit in live.edits.items():
        if row >= old:
            continue
        if isinstance(edit, str):
            if edit and not stays_text(edit):
                plan.formats[row, column] = TEXT
        elif edit is not None and not isinstance(live.read.data[row][column], int | float):
            doubtful.append((row, column))
    doubtful += [place for place in plan.formulas if place[0] < old and place not in doubtful]
    for area in rectangles(doubtful):
        for column in range(area.left, area.right + 1):
            _fit_column(live, plan, Area(column, area.top, column, area.bottom))


def _fit_column(live: LiveTable, plan: Plan, area: Area) -> None:
    """Gives cells of one column a format that holds their new values, where theirs does not."""
    column, read = area.left, live.read
    header = live.read.headers[column]
    name = live.names.get(header)
    declared = declared_format(live.declared, name, live.lang) if live.declared and name else None
    cells = plan.target.found.cells(
        Area(column + read.area.left, area.top + read.first_row, column + read.area.left, area.bottom + read.first_row)
    )
    there = _format_of(cells)
    for row in range(area.top, area.bottom + 1):
        value = live.edits_value((row, column))
        has = there if there is not None or area.top == area.bottom else _format_of(cells[row - area.top, 0])
        if has is None or not fits(value, has):
            plan.formats[row, column] = format_for(value, declared) or GENERAL


def _format_of(cells: xw.Range) -> str | None:
    """The number format of a range; None if its cells differ or the spreadsheet does not tell."""
    try:
        found = cells.number_format
    except NotImplementedError:
        return None
    return None if found is None else str(found)
