"""Owns the way to an open spreadsheet's tables, names and probes: what xlwings is asked, and as rarely as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import xlwings as xw

from addin.live_cells import read_value
from addin.live_errors import HeadersHidden
from workbook.ooxml.cells import Read
from workbook.ooxml.refs import Area
from workbook.ooxml.table import plain_header

Grid: TypeAlias = list[list[Read]]


@dataclass(frozen=True)
class Found:
    """A table of an open spreadsheet, by the objects that lead to it."""

    name: str
    sheet: xw.Sheet
    table: xw.main.Table

    @property
    def title(self) -> str:
        """The sheet's name as it is now."""
        return str(self.sheet.name)

    def area(self) -> Area:
        """Where all of the table lies: header, data, totals."""
        return Area.parse(str(self.table.range.address))

    def cells(self, area: Area) -> xw.Range:
        """A rectangle of the table's sheet."""
        return self.sheet.range((area.top, area.left), (area.bottom, area.right))


@dataclass(frozen=True)
class Reading:
    """What one read of a table gave: place, headers, data rows; `totals` counts the rows below the data."""

    area: Area
    headers: tuple[str, ...]
    data: Grid
    totals: int

    @property
    def first_row(self) -> int:
        """The first data row on the sheet."""
        return self.area.top + 1


def find_tables(book: xw.Book) -> Iterator[Found]:
    """All tables, by sheet and then as the sheet names them."""
    for sheet in book.sheets:
        for table in sheet.tables:
            yield Found(str(table.name), sheet, table)


def read_table(found: Found) -> Reading:
    """Place, headers and rows of a table with one read of its cells.

    Raises:
        HeadersHidden: it shows no header row.
    """
    if not found.table.show_headers:
        raise HeadersHidden(found.name, found.title)
    totals = int(bool(found.table.show_totals))
    area = found.area()
    head, *rows = values(found.cells(area))
    headers = tuple(plain_header("" if header is None else str(header)) for header in head)
    return Reading(area, headers, rows[: len(rows) - totals], totals)


def values(cells: xw.Range) -> Grid:
    """What a range shows, in one read."""
    rows = cells.options(ndim=2, err_to_str=True).value
    return [[read_value(value) for value in row] for row in rows]


def formulas(cells: xw.Range, shown: Grid) -> list[list[str]] | None:
    """The formulas of a range in one read, "" where there is none; None where the spreadsheet does not tell.

    A cell of text gives its text for a formula, so what is shown in it decides.
    """
    try:
        given = cells.formula
    except NotImplementedError:
        return None
    rows = _as_rows(given, len(shown))
    return [
        [_formula(cell, value) for cell, value in zip(row, shown_row, strict=True)]
        for row, shown_row in zip(rows, shown, strict=True)
    ]


def _as_rows(given: Any, height: int) -> list[list[Any]]:
    """Rows of what a spreadsheet gives: one cell may come alone, one row or one column flat."""
    if not isinstance(given, list | tuple):
        return [[given]]
    if given and isinstance(given[0], list | tuple):
        return [list(row) for row in given]
    return [list(given)] if height == 1 else [[cell] for cell in given]


def _formula(cell: Any, value: Read) -> str:
    text = "" if cell is None else str(cell)
    return text if text.startswith(("=", "{=")) and text != value else ""


def is_blank(cells: xw.Range) -> list[bool]:
    """For each row of a range, whether nothing stands in it: neither a value nor a formula that shows nothing."""
    shown = values(cells)
    given = formulas(cells, shown)
    return [
        all(value is None for value in row) and not any(given[at] if given else ())
        for at, row in enumerate(shown)
    ]  # fmt: skip


# ---- probes: each engine knows another way, and one that knows none is believed to be fine


def is_protected(sheet: xw.Sheet) -> bool:
    """Whether the contents of a sheet are known to be protected."""
    return _first_answer(
        lambda: sheet.impl.protected, lambda: sheet.api.ProtectContents, lambda: sheet.api.protect_contents()
    )


def is_filtered(table: xw.main.Table) -> bool:
    """Whether a filter is known to hide rows of a table."""
    return _first_answer(lambda: table.impl.filtered, lambda: table.api.AutoFilter.FilterMode)


def _first_answer(*ways: Callable[[], Any]) -> bool:
    for way in ways:
        with suppress(Exception):  # each library has its own errors for what it does not know
            answer = way()
            if isinstance(answer, bool | int):
                return bool(answer)
    return False


# ---- names


def name_value(book: xw.Book, name: str) -> str | None:
    """What a name of the whole book stands for, without the equals sign; None if there is none."""
    if name not in book.names:
        return None
    return str(book.names[name].refers_to).removeprefix("=")


def set_name(book: xw.Book, name: str, value: str, hidden: bool) -> None:
    """Gives a name of the whole book a value; one that is there keeps whether it is hidden."""
    if name in book.names:
        there = book.names[name]
        try:
            there.refers_to = f"={value}"
        except NotImplementedError:
            there.delete()
        else:
            return
    made = book.names.add(name, f"={value}")
    if hidden:
        _hide(made)


def _hide(name: xw.Name) -> None:
    """Names are hidden only for tidiness: where no way is known, the name stays in sight."""

    def by_engine() -> None:
        if not hasattr(type(name.impl), "hidden"):
            raise AttributeError("hidden")
        name.impl.hidden = True

    def by_com() -> None:
        name.api.Visible = False

    def by_script() -> None:
        name.api.visible.set(False)

    for way in (by_engine, by_script, by_com):
        with suppress(Exception):
            way()
            return
