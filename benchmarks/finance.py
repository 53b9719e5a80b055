"""Measures finance's way through the product: a sheet of many lines in, evaluated, and out as CSV, JSON, workbook and OData.

python -m benchmarks.finance [--lines 100000] [--folder DIR] [--docs]

Each step runs in a process of its own, beside a plain baseline that does the same input or output and nothing else.
`--docs` writes the table into docs/finance.md.
"""

from __future__ import annotations

import argparse
import base64
import csv
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "finance.md"
BEGIN, END = "<!-- benchmark begin -->", "<!-- benchmark end -->"
PARTNERS = 500
SOURCE, BOOK, HOUSE = "source.xlsx", "book.xlsx", "house"
HEADERS = ("合同编号", "供应商", "项目", "科目", "开始日期", "结束日期", "预算金额", "实际发生", "完成进度", "凭证号")


def make_source(folder: Path, lines: int) -> None:
    """Finance's own sheet: a title that states the unit, a header, the lines, a grand total."""
    import xlsxwriter

    chance = random.Random(11)
    book = xlsxwriter.Workbook(str(folder / SOURCE), {"constant_memory": True, "tmpdir": str(folder)})
    sheet = book.add_worksheet("预算")
    sheet.write_string(0, 0, "2026 年预算执行表（单位：元，含税）")
    sheet.write_row(1, 0, HEADERS)
    whole = [0, 0]
    for row in range(lines):
        budget, actual = chance.randrange(10**8), chance.randrange(10**8)
        whole = [whole[0] + budget, whole[1] + actual]
        month = row % 12 + 1
        texts = (
            f"K-{row % PARTNERS:04d}",
            f"第{row % PARTNERS}家有限公司",
            f"项目 {row % 2000}",
            "服务费",
            f"2026-{month:02d}-01",
            f"2026-{month:02d}-28",
        )
        for column, text in enumerate(texts):
            sheet.write_string(row + 2, column, text)
        for column, number in ((6, budget / 100), (7, actual / 100), (8, row % 101)):
            sheet.write_number(row + 2, column, number)
        sheet.write_string(row + 2, 9, f"凭证-{row:07d}")
    sheet.write_string(lines + 2, 0, "合计")
    sheet.write_number(lines + 2, 6, whole[0] / 100)
    sheet.write_number(lines + 2, 7, whole[1] / 100)
    book.close()


def make_book(folder: Path) -> None:
    """A new book with the partners and contracts of the sheet, and no line of finance yet."""
    from workbook.build import new_workbook

    numbers = range(PARTNERS)
    rows = {
        "partners": [
            {"partner": f"P-{n + 1:04d}", "legal_name": f"第{n}家有限公司", "status": "active"} for n in numbers
        ],
        "contracts": [{"contract": f"K-{n:04d}", "title": f"合同 {n}", "partner": f"P-{n + 1:04d}"} for n in numbers],
    }
    (folder / BOOK).write_bytes(new_workbook(rows=rows))


def lines_of(folder: Path) -> list[Any]:
    """The finance lines of the book, in memory, as the baselines take them."""
    from workbook.ooxml import Book
    from workbook.reports.finance_lines import finance_lines

    return list(finance_lines(Book.read((folder / BOOK).read_bytes())))


# ---- what is measured: each takes the folder, prepares, and then gives what is to be timed


Step = Callable[[], object]


def import_sheet(folder: Path) -> Step:
    from workbook.importing_budget import apply

    data = (folder / SOURCE).read_bytes()
    return lambda: apply(folder / BOOK, SOURCE, data)


def import_again(folder: Path) -> Step:
    return import_sheet(folder)


def read_sheet(folder: Path) -> Step:
    import python_calamine

    return lambda: python_calamine.CalamineWorkbook.from_path(str(folder / SOURCE)).get_sheet_by_index(0).to_python()


def evaluate(folder: Path) -> Step:
    from workbook.evaluating import evaluate_file

    return lambda: evaluate_file(folder / BOOK)


def read_book(folder: Path) -> Step:
    import python_calamine

    return lambda: (
        python_calamine.CalamineWorkbook.from_path(str(folder / BOOK)).get_sheet_by_name("预算执行").to_python()
    )


def _export(folder: Path, suffix: str) -> Step:
    from workbook.export_commands import export_budget
    from workbook.schema import SENSITIVE

    (folder / f"out.{suffix}").unlink(missing_ok=True)
    return lambda: export_budget(folder / BOOK, folder / f"out.{suffix}", "zh-CN", SENSITIVE)


def export_csv(folder: Path) -> Step:
    return _export(folder, "csv")


def export_json(folder: Path) -> Step:
    return _export(folder, "json")


def export_xlsx(folder: Path) -> Step:
    return _export(folder, "xlsx")


def plain_csv(folder: Path) -> Step:
    rows = [tuple(line.values()) for line in lines_of(folder)]

    def write() -> None:
        with (folder / "plain.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)

    return write


def plain_json(folder: Path) -> Step:
    lines = [dict(line) for line in lines_of(folder)]

    def write() -> None:
        with (folder / "plain.json").open("w", encoding="utf-8") as file:
            json.dump(lines, file, ensure_ascii=False, default=str)

    return write


def plain_xlsx(folder: Path) -> Step:
    import xlsxwriter

    rows = [[str(cell) if isinstance(cell, date) else cell for cell in line.values()] for line in lines_of(folder)]

    def write() -> None:
        book = xlsxwriter.Workbook(str(folder / "plain.xlsx"), {"constant_memory": True, "tmpdir": str(folder)})
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        book.close()

    return write


def _client(folder: Path) -> tuple[Any, dict[str, str]]:
    """A client of the server's application, with a token."""
    from forms_server.app import ServerSettings, create_app
    from forms_server.finance_tokens import READ, Tokens
    from forms_server.house import open_house
    from workbook.schema import SENSITIVE

    house = open_house(folder / BOOK, folder / HOUSE)
    house.delivery.run()
    made, text = Tokens(house.inbox).mint("测量", {READ}, SENSITIVE, 1)
    app = create_app(ServerSettings(secret=house.secret, data=house.data), house.inbox)
    login = base64.b64encode(f"{made.id}:{text}".encode()).decode()
    return app.test_client(), {"Authorization": f"Basic {login}"}


def _fetched(folder: Path, form: str) -> Step:
    client, login = _client(folder)

    def get() -> int:
        answer = client.get(f"/finance/v1/budget-execution.{form}", headers=login, buffered=False)
        if answer.status_code != 200:
            raise RuntimeError(f"the server answers {answer.status_code}: {answer.get_data(as_text=True)[:200]}")
        return sum(len(chunk) for chunk in answer.iter_encoded())

    return get


def build_snapshot(folder: Path) -> Step:
    """The first request after the book has changed: reading the book and keeping its lines."""
    client, login = _client(folder)
    return lambda: client.head("/finance/v1/budget-execution.csv", headers=login)


def server_csv(folder: Path) -> Step:
    return _fetched(folder, "csv")


def server_json(folder: Path) -> Step:
    return _fetched(folder, "json")


def server_xlsx(folder: Path) -> Step:
    return _fetched(folder, "xlsx")


def server_odata(folder: Path) -> Step:
    client, login = _client(folder)

    def walk() -> int:
        address, count = "/finance/v1/odata/BudgetExecution", 0
        while address:
            answer = client.get(address, headers=login)
            if answer.status_code != 200:
                raise RuntimeError(f"the server answers {answer.status_code}: {answer.get_data(as_text=True)[:200]}")
            page = json.loads(answer.get_data())
            count += len(page["value"])
            address = page.get("@odata.nextLink", "")
        return count

    return walk


def equal_sums(folder: Path) -> Step:
    """Budget and actual of every partner and of all lines, added up anew from each way out, beside the book's own totals."""
    from workbook.ooxml import Book
    from workbook.records import read_records
    from workbook.tables import BudgetTotals

    client, login = _client(folder)

    def compare() -> None:
        totals = read_records(Book.read((folder / BOOK).read_bytes()), BudgetTotals)
        want = {row.key: (row["budget"], row["actual"]) for row in totals if row["lines"]}
        for form, rows in _ways_out(folder, client, login):
            if (found := _sums(rows)) != want:
                wrong = next(key for key in want if found.get(key) != want[key])
                raise RuntimeError(f"{form}: {wrong} is {found.get(wrong)}, the workbook says {want[wrong]}")
        print(f"sums of {len(want)} rows of totals equal in workbook, csv, json, xlsx and OData", file=sys.stderr)

    return compare


def _sums(rows: Iterator[tuple[Any, Any, Any]]) -> dict[str, tuple[Decimal, Decimal]]:
    found: dict[str, list[Decimal]] = {}
    for partner, budget, actual in rows:
        for key in (partner or "未匹配", "合计"):
            one = found.setdefault(key, [Decimal(0), Decimal(0)])
            one[0] += Decimal(str(budget or 0))
            one[1] += Decimal(str(actual or 0))
    return {key: (budget, actual) for key, (budget, actual) in found.items()}


def _ways_out(folder: Path, client: Any, login: dict[str, str]) -> Iterator[tuple[str, Iterator[tuple[Any, Any, Any]]]]:
    import python_calamine

    headers = ("伙伴编号", "约定预算", "实际发生")
    with (folder / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        yield "csv", (tuple(row[name] for name in headers) for row in csv.DictReader(file))  # type: ignore[misc]
    lines = json.loads((folder / "out.json").read_text(encoding="utf-8"))["lines"]
    yield "json", ((line["partner"], line["budget"], line["actual"]) for line in lines)
    grid = (
        python_calamine.CalamineWorkbook.from_path(str(folder / "out.xlsx")).get_sheet_by_name("预算执行").to_python()
    )
    top = next(at for at, row in enumerate(grid) if headers[1] in row)
    places = [grid[top].index(name) for name in headers]
    yield (
        "xlsx",
        (
            (row[places[0]], round(Decimal(repr(row[places[1]] or 0)), 2), round(Decimal(repr(row[places[2]] or 0)), 2))
            for row in grid[top + 1 :]
        ),
    )
    yield "OData", _walked(client, login)


def _walked(client: Any, login: dict[str, str]) -> Iterator[tuple[Any, Any, Any]]:
    address = "/finance/v1/odata/BudgetExecution?$select=partner,budget,actual"
    while address:
        page = json.loads(client.get(address, headers=login).get_data(), parse_float=Decimal)
        yield from ((line["partner"], line["budget"], line["actual"]) for line in page["value"])
        address = page.get("@odata.nextLink", "")


class Kind(NamedTuple):
    """One kind of work, and the plain one beside it ("" for none)."""

    name: str
    title: str
    work: Callable[[Path], Step]
    baseline: str = ""


KINDS = (
    Kind("read sheet", "baseline: calamine reads the sheet", read_sheet),
    Kind("import", "import-budget of the sheet", import_sheet, "read sheet"),
    Kind("read book", "baseline: calamine reads the page of the book", read_book),
    Kind("evaluate", "evaluate, everything new", evaluate, "read book"),
    Kind("import again", "the same sheet a second time", import_again, "read sheet"),
    Kind("plain csv", "baseline: csv.writer over the rows", plain_csv),
    Kind("csv", "export --budget, csv", export_csv, "plain csv"),
    Kind("plain json", "baseline: json.dump of the rows", plain_json),
    Kind("json", "export --budget, json", export_json, "plain json"),
    Kind("plain xlsx", "baseline: XlsxWriter over the rows", plain_xlsx),
    Kind("xlsx", "export --budget, xlsx", export_xlsx, "plain xlsx"),
    Kind("snapshot", "server: first request, snapshot made", build_snapshot, "read book"),
    Kind("server csv", "server: csv from the snapshot", server_csv, "plain csv"),
    Kind("server json", "server: json from the snapshot", server_json, "plain json"),
    Kind("server xlsx", "server: xlsx from the snapshot", server_xlsx, "plain xlsx"),
    Kind("odata", "server: OData, every page", server_odata, "plain json"),
    Kind("equal", "all sums added up anew and compared", equal_sums),
)


class Measured(NamedTuple):
    """Seconds of the work alone, and the most memory of its process in MB."""

    seconds: float
    memory: float


_CHILD = """
import sys, time
from pathlib import Path
from benchmarks.finance import KINDS
from benchmarks.writeback import peak_memory
work = next(kind for kind in KINDS if kind.name == sys.argv[1]).work(Path(sys.argv[2]))
started = time.perf_counter()
work()
print("MEASURED", time.perf_counter() - started, peak_memory())
"""


def measure(kind: Kind, folder: Path) -> Measured:
    """Run one kind of work in a new process."""
    command = [sys.executable, "-c", _CHILD, kind.name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{kind.name}: {done.stderr.strip().splitlines()[-1]}")
    seconds, memory = next(line for line in done.stdout.splitlines() if line.startswith("MEASURED")).split()[1:]
    return Measured(float(seconds), float(memory))


def measured(folder: Path, lines: int) -> Iterator[tuple[Kind, Measured]]:
    """Every kind of work in turn; each finds what the one before it left."""
    make_source(folder, lines)
    make_book(folder)
    for kind in KINDS:
        yield kind, measure(kind, folder)


def table(found: dict[str, Measured]) -> str:
    """Seconds, ratio to the baseline, and memory."""
    rows = ["| What | Seconds | × baseline | Memory |", "| --- | ---: | ---: | ---: |"]
    for kind in KINDS:
        one = found[kind.name]
        ratio = f"{one.seconds / found[kind.baseline].seconds:,.1f}" if kind.baseline else ""
        rows.append(f"| {kind.title} | {one.seconds:,.2f} | {ratio} | {one.memory:,.0f} MB |")
    return "\n".join(rows)


def about(lines: int, folder: Path) -> str:
    """What was measured on what."""
    size = (folder / SOURCE).stat().st_size / 1e6
    return (
        f"{lines:,} lines × {len(HEADERS)} columns, {size:.1f} MB; one run on {time.strftime('%Y-%m-%d')}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores; memory is the peak of the whole process, "
        "in which a baseline also holds its rows"
    )


def into_docs(text: str, docs: Path = DOCS) -> None:
    """Replace what stands between the markers."""
    old = docs.read_text(encoding="utf-8")
    new = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n\n{text}\n\n{END}", old, flags=re.DOTALL)
    docs.write_text(new, encoding="utf-8")


def main(words: list[str] | None = None) -> int:
    """Measure, print, and write into the docs if that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.finance", description="finance's way in and out")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the files lie (default: the temporary folder)")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/finance.md")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder, found = Path(name), {}
        for kind, one in measured(folder, options.lines):
            found[kind.name] = one
            print(f"{kind.title}: {one.seconds:.2f} s, {one.memory:.0f} MB", file=sys.stderr, flush=True)
        text = f"{about(options.lines, folder)}\n\n{table(found)}"
    print(text)
    if options.docs:
        into_docs(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
