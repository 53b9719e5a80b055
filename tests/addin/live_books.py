"""Owns what the tests of live books share: doors to spreadsheets, small books, the meaning of rows, random changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwings as xw

from addin.engines import openpyxl_engine
from addin.live import LiveBook
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.schema import Formula
from workbook.tables import BY_NAME

# What a program would take for something else if it were typed: each is text and stays it.
HOSTILE = (
    "=1+1", '=HYPERLINK("http://x.example","x")', "+86 10 5555", "-1", "@SUM(A1)", "00123", "2026-11-01", "3/4", "10:30",
    "TRUE", "false", "#N/A", "#DIV/0!", "1E5", "50%", "1,234", "'quoted", " blank in front", "two\nlines", "\ttab",
    "123456789012345678", "＝1", "北京", "a" * 300,
)  # fmt: skip
COLUMNS = ("编号", "名称", "数量", "日期", "备注")
CALCULATED = "两倍"
DOUBLE = "orders[[#This Row],[数量]]*2"


def doors(*, stale: bool = True) -> list[Any]:
    """Each engine, as a parameter: a file through openpyxl, the same with reads that show the start, a live Calc."""
    return ["openpyxl", *(["stale"] if stale else []), pytest.param("calc", marks=pytest.mark.libreoffice)]


class Door:
    """One engine with one running program."""

    def __init__(self, name: str):
        self.name, self._before = name, xw.engines.active
        if name == "calc":
            from addin.engines import calc_engine

            calc_engine.register()
        else:
            openpyxl_engine.register(stale=name == "stale")
        self.app = xw.App(add_book=False)

    def close(self) -> None:
        """Ends the program; the engine that was active before is so again."""
        self.app.quit()
        xw.engines.active = self._before

    @contextmanager
    def open(self, path: Path) -> Iterator[xw.Book]:
        """A book that is closed afterwards."""
        book = self.app.books.open(str(path))
        try:
            yield book
        finally:
            book.close()

    def saved(self, book: xw.Book, folder: Path) -> bytes:
        """The bytes of the book as it stands, saved under another name."""
        path = folder / f"saved-{random.randrange(10**9)}.xlsx"
        book.save(str(path))
        return path.read_bytes()


Opened = Callable[[Path], tuple[xw.Book, LiveBook]]
SEEING = pytest.mark.parametrize("door", doors(stale=False), indirect=True)  # reads show what was written


@pytest.fixture(scope="module", params=doors())
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Each engine in turn; a file of tests takes it over by its name."""
    opened = Door(request.param)
    yield opened
    opened.close()


@pytest.fixture
def live_of(door: Door) -> Iterator[Opened]:
    """Opens a file; it is closed when the test ends."""
    with ExitStack() as stack:

        def opened(path: Path) -> tuple[xw.Book, LiveBook]:
            book = stack.enter_context(door.open(path))
            return book, LiveBook(book)

        yield opened


def small_book(
    path: Path,
    rows: Sequence[Mapping[str, Any]] = (),
    *,
    below: Mapping[str, Any] | None = None,
    totals: bool = False,
    protect: bool = False,
) -> Path:
    """A book with a table of staff's own: `orders`, at B3, with a calculated column between the others.

    `below` are cells by address that stand on the same sheet.
    """
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("订单")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    headers = [*COLUMNS[:3], CALCULATED, *COLUMNS[3:]]
    columns: list[dict[str, Any]] = [{"header": header} for header in headers]
    columns[3]["formula"] = f"={DOUBLE}"
    if totals:
        columns[2]["total_function"] = "sum"
    last = 3 + max(len(rows), 1) + totals
    sheet.add_table(f"B3:G{last}", {"name": "orders", "columns": columns, "total_row": totals})
    for number, row in enumerate(rows, start=3):
        for at, header in enumerate(headers, start=1):
            value = row.get(header)
            if header == CALCULATED:
                amount = row.get("数量")
                sheet.write_formula(
                    number, at, f"={DOUBLE}", None, amount * 2 if isinstance(amount, int | float) else 0
                )
            elif isinstance(value, datetime | date):
                sheet.write_datetime(number, at, value, day)
            elif isinstance(value, str):
                sheet.write_string(number, at, value)
            elif value is not None:
                sheet.write(number, at, value)
    for address, value in (below or {}).items():
        sheet.write(address, value)
    if protect:
        sheet.protect()
    book.define_name("_PartnerBook_generation", "=4")
    book.close()
    return path


ROWS: tuple[dict[str, Any], ...] = (
    {"编号": "A1", "名称": "北京", "数量": 3, "日期": date(2026, 1, 2), "备注": "好"},
    {"编号": "A2", "名称": "00123", "数量": 2.5, "日期": datetime(2026, 3, 4, 10, 30), "备注": None},
    {"编号": 12, "名称": "上海", "数量": 0, "日期": None, "备注": "=1+1"},
)


def meaning(book: Book, *, calculated: bool = False) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """The rows of every table as their columns mean them: moments to the second, numbers to seven decimals.

    Programs write a day number with fifteen digits, so that the last bits of a time differ from one to the other.
    """
    found = {}
    for view in book.tables:
        declared = BY_NAME.get(view.name)
        if declared is None:
            found[view.name] = [(row.number, _rounded(row.values, calculated)) for row in book.rows(view.name)]
            continue
        found[view.name] = [
            (
                record.number,
                {
                    name: value
                    for name, value in record.values.items()
                    if calculated or not isinstance(declared.columns[name], Formula)
                },
            )
            for record in read_records(book, declared)
        ]
    return found


def _rounded(values: Mapping[str, Any], calculated: bool) -> dict[str, Any]:
    kept = {header: value for header, value in values.items() if calculated or header != CALCULATED}
    return {header: round(value, 7) if isinstance(value, float) else value for header, value in kept.items()}


class Changes:
    """Random changes to `orders`, the same ones for every book they are made to."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)
        self._count = 0

    def value(self) -> Any:
        """Something that may stand in a cell."""
        pick = self._random
        return pick.choice(
            [
                None, "", pick.choice(HOSTILE), pick.choice(HOSTILE), pick.randrange(-5, 1000), pick.randrange(100) / 8,
                Decimal(pick.randrange(10_000)) / 100, bool(pick.randrange(2)), date(2026, 1 + pick.randrange(12), 9),
                datetime(2026, 5, 1 + pick.randrange(20), pick.randrange(24), pick.randrange(60), pick.randrange(60)),
            ]
        )  # fmt: skip

    def row(self, key: Any) -> dict[str, Any]:
        """A row with some of the columns."""
        columns = [column for column in COLUMNS[1:] if self._random.random() < 0.7]
        return {"编号": key, **{column: self.value() for column in columns}}

    def new_key(self) -> str:
        """A key that no row has."""
        self._count += 1
        return f"N{self._count}"

    def step(self, keys: Sequence[str], numbers: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
        """A method of Book and what it is called with; `keys` and `numbers` are those of the rows that are there."""
        pick = self._random
        what = pick.choice(["append", "update", "update_rows", "upsert"])
        some = pick.sample(list(keys), min(len(keys), pick.randrange(4)))
        if what == "append":
            return what, ([self.row(self.new_key()) for _ in range(pick.randrange(1, 4))],)
        if what == "update":
            changes = {key: self.row(key) for key in some} | {"nobody": {"备注": "x"}}
            return what, ("编号", {key: {k: v for k, v in row.items() if k != "编号"} for key, row in changes.items()})
        if what == "update_rows":
            chosen = pick.sample(list(numbers), min(len(numbers), 2))
            return what, ("编号", {number: {"名称": self.value(), "备注": self.value()} for number in chosen})
        rows = [self.row(key) for key in [*some, *(self.new_key() for _ in range(pick.randrange(3)))]]
        return what, ("编号", rows)
