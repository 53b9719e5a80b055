"""Owns corrections: which cells of a row a newer version may change, which staff changed and keep, and what is logged.

A correction is a higher version of the same submission. It changes partner-owned columns only, and of these only cells
that still hold what was last delivered, as the inbox knows it. Everything else stays, and the difference is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import singledispatch
from typing import Any

from workbook import schema
from workbook.errors import PartnerBookError
from workbook.ooxml import Book, TableView
from workbook.rows import Cell, as_words, from_serial, headers, language, need, row_cells, to_cell
from workbook.schema import STAFF, Choice, Column, Table
from workbook.submissions import SeenRow, Standing, Stored, version_columns
from workbook.tables import BY_NAME, Changes
from workbook.tables.settings import NOT_APPLIED

RETURNED = "returned"  # the code by which staff send a submission back to its sender
LONGEST = 2000  # characters of a value in the change log


class RowDoubled(PartnerBookError):
    """The row that a correction is for stands in the book more than once."""

    def __init__(self, name: str, table: type[Table], rows: Sequence[SeenRow]):
        places = "、".join(str(row.number) for row in rows)
        super().__init__(
            f"{table.label.zh} {name} 在第 {places} 行重复，伙伴的更正不知道写进哪一行，先等着。请只留一行。"
        )


# --- the cells of a version -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """How a book writes: the language of its headers and where its calendar begins."""

    lang: str
    date1904: bool = False


@singledispatch
def holds(column: Column, there: Any, written: Cell, date1904: bool = False) -> bool:
    """Whether a cell as it is read still is what was written, whatever program saved the book since."""
    raise TypeError(f"no comparison of cells for {type(column).__name__}")


@holds.register(schema.Text)
@holds.register(schema.Key)
@holds.register(schema.Ref)
@holds.register(schema.CreditCode)
@holds.register(schema.Phone)
@holds.register(schema.Email)
@holds.register(schema.Submission)
@holds.register(schema.Choice)
@holds.register(schema.Files)
def _same_text(column: Column, there: Any, written: Cell, date1904: bool = False) -> bool:
    """Every character counts but how a line breaks; a code that a program turned into a number is the same code."""
    if isinstance(there, bool):
        return False
    if isinstance(there, int | float):
        there = as_words(column, there)
    return _lines(str(there)) == _lines(str(written))


@holds.register(schema.Number)
@holds.register(schema.Money)
@holds.register(schema.Scale)
@holds.register(schema.Formula)
def _same_number(column: Column, there: Any, written: Cell, date1904: bool = False) -> bool:
    """10.5 is 10.50; not knowing is a word."""
    if isinstance(there, bool):
        return False
    if isinstance(written, str) or isinstance(there, str):
        return bool(there == written)
    return float(there) == float(written)  # type: ignore[arg-type]


@holds.register(schema.Date)
@holds.register(schema.Moment)
def _same_moment(column: Column, there: Any, written: Cell, date1904: bool = False) -> bool:
    """To the second: programs keep a time of day to different numbers of digits."""
    if isinstance(there, bool) or not isinstance(there, int | float) or not isinstance(written, date):
        return False
    wanted = written if isinstance(written, datetime) else datetime(written.year, written.month, written.day)
    try:
        return from_serial(float(there), date1904) == wanted
    except (OverflowError, ValueError):
        return False


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def same(column: Column, there: Any, value: Any, spot: Spot) -> bool:
    """Whether a cell holds a value of its column, in whichever language the book was when it was written."""
    for lang in (spot.lang, "en" if spot.lang == "zh" else "zh"):
        written = to_cell(column, value, lang)
        if written in (None, ""):
            if there in (None, ""):
                return True
        elif there not in (None, "") and holds(column, there, written, spot.date1904):
            return True
    return False


# --- what a correction does -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One cell that the partner changed: where, what stands there, what they now say, and whether staff's text stays."""

    column: Column
    there: Any
    new: Cell
    kept: bool


@dataclass(frozen=True)
class Correction:
    """One row's correction: the cells to write, and every difference for the change log."""

    standing: Standing
    row: SeenRow
    cells: Mapping[str, Cell]
    differences: tuple[Difference, ...]

    @property
    def kept(self) -> list[Difference]:
        """The cells in which staff's own text stays."""
        return [difference for difference in self.differences if difference.kept]


def plan(
    one: Standing, view: TableView, date1904: bool = False, formulas: Set[tuple[int, str]] = frozenset()
) -> Correction:
    """What the newest version of a submission does to its row; `formulas` are cells (row, header) that staff calculate.

    Raises:
        RowDoubled: there is more than one row.
        MissingColumn: a column that changes is gone from the table.
    """
    table = BY_NAME[one.table]
    if len(one.rows) > 1:
        raise RowDoubled(one.name, table, one.rows)
    row, spot = one.rows[0], Spot(language(table, view.columns), date1904)
    old, new = _values(table, one.baseline), _values(table, one.newest)
    changed = [c for c in table.asked() if to_cell(c, old[c.name]) != to_cell(c, new[c.name])]
    stamps = version_columns(table)
    where = need(table, view.columns, [*(c.name for c in changed), *stamps], view.sheet)
    cells: dict[str, Cell] = {where[name]: one.newest.version for name in stamps}
    differences = []
    for column in changed:
        header = where[column.name]
        there, value = row.values.get(header), new[column.name]
        calculated = (row.number, header) in formulas
        if not calculated and same(column, there, value, spot):
            continue  # staff were told the same and typed it first
        kept = calculated or not same(column, there, old[column.name], spot)
        cell = to_cell(column, value, spot.lang)
        differences.append(Difference(column, there, cell, kept))
        if not kept:
            cells[header] = cell
    return Correction(one, row, cells, tuple(differences))


def _values(table: type[Table], version: Stored) -> dict[str, Any]:
    return {column.name: column.from_json(version.values.get(column.name)) for column in table.asked()}


# --- the change log ---------------------------------------------------------------------------------------------------


def log_key(row_key: str, version: int, column: Column) -> str:
    """The key of a cell's row in the change log: one per cell and version, however often a pass is repeated."""
    return f"{row_key}/v{version}/{column.zh}"


def log_rows(
    corrections: Sequence[Correction], view: TableView, now: datetime, date1904: bool
) -> list[dict[str, Cell]]:
    """What the change log says of corrections, by its headers; columns that an older book lacks are left out."""
    there = headers(Changes, view.columns)
    need(Changes, view.columns, ["change", "row_key", "column", "before", "after", "what"], view.sheet)
    rows = []
    for one in corrections:
        version, key = one.standing.newest.version, one.standing.name
        for difference in one.differences:
            values = {
                "change": log_key(key, version, difference.column), "at": now,
                "table": BY_NAME[one.standing.table].label.zh, "row_key": one.row.key or key,
                "column": difference.column.zh, "before": words(difference.column, difference.there, date1904),
                "after": words(difference.column, difference.new, date1904), "what": _what(version, difference.kept),
                "source": "partner", "version": version,
            }  # fmt: skip
            present = {name: value for name, value in values.items() if name in there}
            rows.append(row_cells(Changes, present, view.columns, view.sheet))
    return rows


def _what(version: int, kept: bool) -> str:
    if kept:
        return f"伙伴更正（第 {version} 版）{NOT_APPLIED}：员工改过它，员工的内容保留在“原值”里。请与伙伴核对"
    return f"伙伴更正（第 {version} 版）已写入"


def words(column: Column, cell: Any, date1904: bool = False) -> str | None:
    """A cell as the change log shows it."""
    if cell in (None, ""):
        return None
    if date1904 and isinstance(column, schema.Date | schema.Moment) and isinstance(cell, int | float):
        cell = from_serial(float(cell), True)
    if isinstance(cell, Decimal):
        cell = f"{cell.normalize():f}"
    if isinstance(cell, datetime):
        cell = f"{cell:%Y-%m-%d %H:%M}"
    text = as_words(column, cell)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def logged(book: Book) -> set[str]:
    """The keys that the change log holds.

    Raises:
        MissingTable, MissingColumn: the log is not whole.
    """
    view = book.table(Changes.name)
    where = need(Changes, view.columns, ["change"], view.sheet)
    return {str(row.values.get(where["change"]) or "") for row in book.rows(Changes.name)}


# --- until when a sender may correct ----------------------------------------------------------------------------------


def is_locked(row: SeenRow) -> bool:
    """Whether staff took the matter in hand: a choice of theirs left its default. Sending it back opens it again."""
    table = BY_NAME[row.table]
    locked = False
    for name, column in table.columns.items():
        if column.owner is not STAFF or not isinstance(column, Choice) or not column.default:
            continue
        value = row.named(name)
        code = None if value in (None, "") else column.code(value) or "?"  # other words are a decision of their own
        if column.shown_to_partner and code == RETURNED:
            return False
        locked = locked or code not in (None, column.default)
    return locked
