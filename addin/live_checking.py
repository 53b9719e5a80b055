"""Owns what is looked at before the first write: that tables are as they were read, may be written, and have room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import xlwings as xw

from addin.live_errors import BookMoved, NoRoom, SheetProtected
from addin.live_sheets import Found, Reading, find_tables, is_blank, is_filtered, is_protected, read_table
from addin.live_tables import LiveTable
from workbook.ooxml.cells import Read
from workbook.ooxml.refs import LAST_ROW, Area, cell_name
from workbook.tables import BY_NAME


@dataclass(frozen=True)
class Target:
    """A table that is ready to be written: where it stands, and the row at which cells move down for it, if any do."""

    live: LiveTable
    found: Found
    insert_at: int | None

    @property
    def new_area(self) -> Area:
        """All of the table once its rows are in."""
        area = self.live.read.area
        return replace(area, bottom=area.bottom + self.live.more)


def check_all(book: xw.Book, lives: Sequence[LiveTable]) -> list[Target]:
    """The tables in the order of writing: by sheet, from the lowest up, so that what moves down was written before.

    Raises:
        SheetProtected, BookMoved, NoRoom
    """
    places = {found.name.casefold(): (at, found) for at, found in enumerate(find_tables(book))}
    for live in lives:
        if live.name.casefold() not in places:
            raise BookMoved("", live.label, "在读取之后不见了")
    _refuse_protected(places[live.name.casefold()][1] for live in lives)
    targets = []
    for live in lives:
        _, found = places[live.name.casefold()]
        _refuse_moved(live, found, read_table(found))
        others = [other for _, other in places.values() if other is not found]
        targets.append(Target(live, found, _room(live, found, others)))
    order = _sheet_order(places.values())
    return sorted(targets, key=lambda t: (order[t.found.title], -t.live.read.area.top))


def _sheet_order(places: Iterable[tuple[int, Found]]) -> dict[str, int]:
    order: dict[str, int] = {}
    for at, found in places:
        order.setdefault(found.title, at)
    return order


def _refuse_protected(places: Iterable[Found]) -> None:
    sheets = {found.title: found.sheet for found in places}
    protected = [title for title, sheet in sheets.items() if is_protected(sheet)]
    if protected:
        raise SheetProtected(protected)


# ---- unchanged since it was read


def _refuse_moved(live: LiveTable, found: Found, now: Reading) -> None:
    """Whether place, headers, keys and the cells to be changed are what was read."""
    was = live.read
    if (now.area, now.headers, now.totals) != (was.area, was.headers, was.totals):
        raise BookMoved(found.title, live.label, "在读取之后被移动、增减了行列，或改了列名")
    for row, column in _relied_on(live):
        if not _same(now.data[row][column], was.data[row][column]):
            name = cell_name(was.area.left + column, was.first_row + row)
            raise BookMoved(
                found.title,
                live.label,
                f"第 {was.first_row + row} 行的“{was.headers[column]}”（单元格 {name}）在读取之后被改动",
            )


def _relied_on(live: LiveTable) -> set[tuple[int, int]]:
    """The cells that say which row is which, those to be changed, and blank rows that are to be filled."""
    rows, columns = len(live.read.data), len(live.read.headers)
    cells = {(row, 0) for row in range(rows)}
    cells |= {(row, column) for row, column in live.edits if row < rows}
    cells |= {(row, column) for row in live.fresh if row < rows for column in range(columns)}
    return {
        (row, column) for row, column in cells if live.read.headers[column] not in live.calculated
    }  # a formula may show something else every minute


def _same(now: Read, was: Read) -> bool:
    return now == was and isinstance(now, bool) == isinstance(was, bool)


# ---- room


def _room(live: LiveTable, found: Found, others: Sequence[Found]) -> int | None:
    """The row at which cells must move down so that the new rows fit; None if they find blank cells.

    Raises:
        NoRoom: the sheet ends, another table would be torn, or a filter holds the totals row.
    """
    area, more = live.read.area, live.more
    if not more:
        return None
    if area.bottom + more > LAST_ROW:
        raise NoRoom(found.title, live.label, more, "工作表到底了")
    if live.read.totals and is_filtered(found.table):  # Excel may refuse half way to shift filtered cells
        raise NoRoom(found.title, live.label, more, "它有汇总行又正在筛选，请先清除筛选")
    at = area.bottom if live.read.totals else _first_obstacle(found, area, more)
    if at is None:
        return None
    for other in others:
        if other.title != found.title:
            continue
        lies = other.area()
        below = lies.bottom >= at and lies.left <= area.right and lies.right >= area.left
        if below and not (lies.top >= at and lies.left >= area.left and lies.right <= area.right):
            raise NoRoom(
                found.title,
                live.label,
                more,
                f"那里的表格“{_label(other.name)}”（{lies}）比它宽或错开，不能只移一部分，请先把它移到别处",
            )
    return at


def _first_obstacle(found: Found, area: Area, more: int) -> int | None:
    wanted = replace(area, top=area.bottom + 1, bottom=area.bottom + more)
    blank = is_blank(found.cells(wanted))
    return None if all(blank) else wanted.top + blank.index(False)


def _label(name: str) -> str:
    return BY_NAME[name].label.zh if name in BY_NAME else name
