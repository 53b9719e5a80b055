"""What finance pulls: one snapshot in three forms, equal to the cent, told by ETag and as_of, streamed (S32)."""

from __future__ import annotations

import csv
import io
import json
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from forms_server.database import finance_lines, finance_snapshots
from forms_server.finance_building import Builder
from forms_server.finance_snapshots import START, Snapshots
from tests.finance_door.conftest import ODATA, PULL, Door, add_lines, basic, book_of, door
from tests.finance_door.walking import walk
from tests.reports.finance_made import made_lines
from workbook import store
from workbook.build import new_workbook
from workbook.evaluating import evaluate_file
from workbook.identity import book_identity
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.reports.finance_columns import finance_columns
from workbook.reports.finance_head import Head
from workbook.reports.finance_json import json_chunks
from workbook.reports.finance_lines import finance_lines as lines_of_book
from workbook.sample import sample_rows
from workbook.tables import BudgetTotals

Sums = dict[str, tuple[Decimal, Decimal]]


def sums(rows: Iterable[Mapping[str, Any]], partner: str, budget: str, actual: str) -> Sums:
    """Budget and actual by partner and in total, added here from what was pulled."""
    found: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        for key in (row[partner] or "未匹配", "合计"):
            for place, name in enumerate((budget, actual)):
                found[key][place] += Decimal(str(row[name] or 0))
    return {key: (one[0], one[1]) for key, one in found.items()}


def of_csv(data: bytes) -> Sums:
    assert data.startswith(b"\xef\xbb\xbf")
    return sums(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))), "伙伴编号", "约定预算", "实际发生")


def of_json(data: bytes) -> Sums:
    found = json.loads(data)
    own = {key: (Decimal(one["budget"]), Decimal(one["actual"])) for key, one in found["totals"].items()}
    added = sums(found["lines"], "partner", "budget", "actual")
    assert own == added
    return added


def of_xlsx(data: bytes) -> Sums:
    sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)["预算执行"]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    head = next(at for at, row in enumerate(rows) if "约定预算" in row)
    names = rows[head]
    return sums(
        ({str(n): (round(Decimal(repr(v)), 2) if isinstance(v, float) else v) for n, v in zip(names, row, strict=False)} for row in rows[head + 1 :] if row[names.index("约定预算")] is not None),
        "伙伴编号", "约定预算", "实际发生",
    )  # fmt: skip


def of_book(path: Path) -> Sums:
    return {row.key: (row["budget"], row["actual"]) for row in read_records(Book.read(path.read_bytes()), BudgetTotals)}


def test_sums_are_the_same_in_workbook_xlsx_csv_json_and_odata_on_the_sample(tmp_path: Path) -> None:
    house = door(
        tmp_path, new_workbook(rows=sample_rows(1, datetime(2026, 11, 24).date()), today=datetime(2026, 11, 24).date())
    )
    evaluate_file(house.path)
    want = of_book(house.path)
    assert want["合计"][0] == Decimal("10243000.00") and len(want) == 10
    assert of_csv(house.get(f"{PULL}csv").get_data()) == want
    assert of_json(house.get(f"{PULL}json").get_data()) == want
    assert of_xlsx(house.get(f"{PULL}xlsx").get_data()) == want
    pages = walk(house, f"{ODATA}BudgetExecution")
    assert sums((line for page in pages for line in page["value"]), "partner", "budget", "actual") == want
    (totals,) = walk(house, f"{ODATA}BudgetTotals")
    assert {one["total"]: (one["budget"], one["actual"]) for one in totals["value"]} == want


def test_sums_of_a_hundred_thousand_lines_are_the_same_in_every_stream(
    small: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workbook of as many lines is in tests/reports; with import and evaluation it is `python -m benchmarks.finance`."""
    monkeypatch.setattr("forms_server.finance_building.read_lines", lambda book: made_lines(100_000))
    want = sums(made_lines(100_000), "partner", "budget", "actual")
    assert len(want) == 42
    assert of_csv(small.get(f"{PULL}csv").get_data()) == want
    assert of_json(small.get(f"{PULL}json").get_data()) == want
    pages = walk(small, f"{ODATA}BudgetExecution?$select=budget_line,partner,budget,actual")
    lines = [line for page in pages for line in page["value"]]
    assert len(pages) == 100 and len({line["budget_line"] for line in lines}) == 100_000
    assert sums(lines, "partner", "budget", "actual") == want


def test_what_was_pulled_before_is_not_sent_again(small: Door) -> None:
    first = small.get(f"{PULL}csv")
    tag = first.headers["ETag"]
    again = small.get(f"{PULL}csv", if_none_match=tag)
    assert (again.status_code, again.get_data()) == (304, b"") and "no-store" not in first.headers["Cache-Control"]
    assert small.get(f"{PULL}json", if_none_match=tag).status_code == 200
    add_lines(small.path, 13, 1)
    after = small.get(f"{PULL}csv", if_none_match=tag)
    assert after.status_code == 200 and after.headers["ETag"] != tag


def test_a_state_of_the_past_stays_what_it_was(small: Door) -> None:
    first = small.get(f"{PULL}json")
    then = first.headers["X-PartnerBook-As-Of"]
    time.sleep(1.1)  # a state holds to the second
    add_lines(small.path, 13, 3)
    now = json.loads(small.get(f"{PULL}json").get_data())
    assert (len(json.loads(first.get_data())["lines"]), len(now["lines"])) == (12, 15)
    asked = small.get(f"{PULL}json?as_of={then.replace('+', '%2B')}")
    assert asked.get_data() == first.get_data()
    before = datetime.fromisoformat(then) - timedelta(days=1)
    missing = small.get(f"{PULL}json?as_of={before:%Y-%m-%d}")
    assert missing.status_code == 404 and then in missing.get_data(as_text=True).replace("\\", "")
    assert small.get(f"{PULL}json?as_of=gestern").status_code == 400


def test_a_walk_and_a_past_state_hold_lines_that_changed_or_went_since(small: Door) -> None:
    first = small.get(f"{PULL}json")
    then = first.headers["X-PartnerBook-As-Of"].replace("+", "%2B")
    time.sleep(1.1)

    def changed() -> None:
        identity = book_identity(Book.read(small.path.read_bytes()))
        store.replace(store.read(small.path), book_of(12, left_out=5, doubled=3, book_id=identity))
        small.get(f"{PULL}csv")

    pages = walk(small, f"{ODATA}BudgetExecution", changed, Prefer="odata.maxpagesize=2")
    found = {one["budget_line"]: one["budget"] for page in pages for one in page["value"]}
    assert (len(found), found["BU-0003"], found["BU-0005"]) == (12, Decimal("300.03"), Decimal("500.05"))
    assert (
        json.loads(small.get(f"{PULL}json?as_of={then}").get_data())["lines"] == json.loads(first.get_data())["lines"]
    )
    now = {one["budget_line"]: one["budget"] for one in json.loads(small.get(f"{PULL}json").get_data())["lines"]}
    assert (len(now), now["BU-0003"]) == (11, "600.06") and "BU-0005" not in now


def test_only_lines_that_changed_are_kept_anew(small: Door) -> None:
    small.get(f"{PULL}csv")
    add_lines(small.path, 13, 1)
    small.get(f"{PULL}csv")
    with small.house.inbox.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(finance_lines)) == 13
        assert connection.scalar(sa.select(sa.func.count()).select_from(finance_snapshots)) == 2


def test_an_unreadable_book_leaves_the_last_state_and_says_so(small: Door) -> None:
    good = small.get(f"{PULL}csv")
    snapshot = store.read(small.path)
    book = Book.read(snapshot.data)
    book.update("budgets", "预算编号", {"BU-0003": {"约定预算": "很多"}})
    store.replace(snapshot, book.to_bytes())
    stale = small.get(f"{PULL}csv")
    assert stale.status_code == 200 and stale.get_data() == good.get_data()
    assert (
        stale.headers["Warning"].startswith("110")
        and stale.headers["X-PartnerBook-As-Of"] == good.headers["X-PartnerBook-As-Of"]
    )
    assert "BU-0003" in small.get("/staff/finance").get_data(as_text=True) or "约定预算" in small.get(
        "/staff/finance"
    ).get_data(as_text=True)


class Killed(Exception):
    pass


def test_a_crash_while_a_state_is_made_leaves_the_one_before_and_the_next_is_whole(
    small: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forms_server.finance_building.BATCH", 2)
    small.get(f"{PULL}csv")
    add_lines(small.path, 13, 7)
    steps: list[str] = []

    def killed(name: str) -> None:
        steps.append(name)
        if len(steps) == 3:
            raise Killed

    folder = small.house.data / "finance"
    with pytest.raises(Killed):
        Builder(small.house.inbox, folder, step=killed).refresh()
    snapshots = Snapshots(small.house.inbox)
    newest = snapshots.newest()
    assert newest is not None and newest.lines == 12 and len(list(snapshots.lines(newest.number))) == 12
    assert Builder(small.house.inbox, folder).refresh() is None
    after = snapshots.newest()
    assert after is not None and len(list(snapshots.lines(after.number))) == after.lines == 19
    book = list(lines_of_book(Book.read(small.path.read_bytes())))
    assert list(snapshots.lines(after.number)) == [dict(one) for one in book]


def test_what_is_too_old_is_dropped_and_the_state_at_its_edge_stays(small: Door) -> None:
    small.get(f"{PULL}csv")
    add_lines(small.path, 13, 1)
    small.get(f"{PULL}csv")
    with small.house.inbox.transaction() as connection:
        connection.execute(finance_snapshots.update().values(as_of=datetime(2024, 1, 1, tzinfo=UTC)))
    add_lines(small.path, 14, 1)
    assert small.get(f"{PULL}csv").status_code == 200
    snapshots = Snapshots(small.house.inbox)
    numbers = [one.number for one in (snapshots.oldest(), snapshots.newest()) if one]
    assert numbers == [2, 3] and len(snapshots.page(2, START, 100)) == 13 and len(snapshots.page(3, START, 100)) == 14


def peak(use: Callable[[], object]) -> int:
    """The most memory in use at once, in bytes, beside what was there before."""
    tracemalloc.start()
    use()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def long_state(folder: Path, lines: int) -> Door:
    """A state of many lines, put into the database: what streams reads no workbook."""
    folder.mkdir()
    made = door(folder, book_of(20))
    made.get(f"{PULL}csv")
    with made.house.inbox.transaction() as connection:
        (row,) = connection.execute(sa.select(finance_lines).where(finance_lines.c.seq == 1)).mappings()
        copies = [{**row, "seq": n, "key": f"BU-{n}"} for n in range(1000, 1000 + lines)]
        connection.execute(finance_lines.insert(), copies)
    return made


def test_memory_does_not_grow_with_the_lines_that_stream(tmp_path: Path) -> None:
    """Four times the lines, the same memory: it holds a page of them, whatever there is."""
    found: dict[str, list[int]] = defaultdict(list)
    head = Head("公司", datetime.now(UTC), "1", "f", "zh-CN", "")
    for lines in (3000, 12000):
        made = long_state(tmp_path / str(lines), lines)
        request = {"headers": basic(made.id, made.token), "buffered": False}

        def pull(made: Door = made, request: dict[str, Any] = request) -> int:
            return sum(len(chunk) for chunk in made.client().get(f"{PULL}csv", **request).response)

        def stream(made: Door = made) -> int:
            chunks = json_chunks(Snapshots(made.house.inbox).lines(1), finance_columns(), head)
            return sum(len(chunk) for chunk in chunks)

        for name, use in (("csv", pull), ("json", stream)):
            assert use() > lines * 100
            found[name].append(peak(use))
    for name, (few, many) in found.items():
        assert many < few * 1.5, (name, few, many)
