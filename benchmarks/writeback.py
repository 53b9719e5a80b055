"""Measures one row into a big workbook: our append and upsert against openpyxl, a copy, and bare inflate and deflate.

python -m benchmarks.writeback [--rows 100000] [--runs 9] [--folder DIR]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HEADERS = [f"列{number}" for number in range(1, 13)]
TABLE, SHEET_PART = "tblBig", "xl/worksheets/sheet1.xml"
WANTED = 20


def build(path: Path, rows: int) -> None:
    """A table of twelve columns: keys, texts, numbers and dates, as XlsxWriter saves it."""
    import xlsxwriter

    chance = random.Random(7)
    book = xlsxwriter.Workbook(str(path), {"tmpdir": str(path.parent)})
    sheet = book.add_worksheet("数据")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for row in range(1, rows + 1):
        sheet.write(row, 0, f"K-{row:07}")
        for column in range(1, 6):
            sheet.write(row, column, f"文字 {chance.randrange(5000)}")
        for column in range(6, 11):
            sheet.write(row, column, chance.randrange(10**7) / 100)
        sheet.write(row, 11, 45000 + row % 900, day)
    sheet.add_table(0, 0, rows, 11, {"name": TABLE, "columns": [{"header": header} for header in HEADERS]})
    book.close()


def new_row(number: int) -> dict[str, str | float]:
    """One row by header; the same for every program."""
    return {HEADERS[0]: f"N-{number}"} | {header: 1.25 if at > 5 else "新" for at, header in enumerate(HEADERS[1:], 1)}


# ---- what is measured: each takes the book and leaves one with the change


def append_here(source: Path, target: Path) -> None:
    """Our append in a process that runs already."""
    from workbook.ooxml import Book

    book = Book.read(source.read_bytes())
    book.append(TABLE, [new_row(1)])
    _write(target, book.to_bytes())


def upsert_here(source: Path, target: Path) -> None:
    """Our change of one row that is there, found by its key."""
    from workbook.ooxml import Book

    book = Book.read(source.read_bytes())
    done = book.upsert(TABLE, HEADERS[0], [{HEADERS[0]: "K-0000007", HEADERS[1]: "改"}])
    assert done.updated == ("K-0000007",)
    _write(target, book.to_bytes())


def openpyxl_here(source: Path, target: Path) -> None:
    """Load, one row more, table longer, save."""
    import openpyxl

    book = openpyxl.load_workbook(source)
    sheet = book.worksheets[0]
    sheet.append(list(new_row(1).values()))
    table = sheet.tables[TABLE]
    table.ref = f"A1:L{sheet.max_row}"
    table.autoFilter.ref = table.ref
    book.save(target)
    _synced(target)


def copy(source: Path, target: Path) -> None:
    """Nothing but the bytes, safely on the disk."""
    shutil.copyfile(source, target)
    _synced(target)


def inflate_and_deflate(source: Path, target: Path) -> None:
    """The sheet's part unpacked and packed again at our level: what no program that reads all of it can beat."""
    from workbook.ooxml.package import LEVEL

    with zipfile.ZipFile(source) as archive:
        content = archive.read(SHEET_PART)
    deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    _write(target, deflater.compress(content) + deflater.flush())


def _write(target: Path, data: bytes) -> None:
    with target.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _synced(target: Path) -> None:
    with target.open("rb+") as file:
        os.fsync(file.fileno())


WORK: dict[str, Callable[[Path, Path], None]] = {
    "append": append_here,
    "upsert": upsert_here,
    "openpyxl": openpyxl_here,
    "copy": copy,
    "deflate": inflate_and_deflate,
}
TITLES = {
    "append": "our append of one row, in a running process",
    "append cold": "our append of one row, in a new process",
    "upsert": "our upsert of one row, in a running process",
    "openpyxl": "openpyxl: load, one row more, save",
    "copy": "copy and fsync",
    "deflate": "inflate and deflate of the sheet's part",
}


@dataclass
class Measured:
    """The times of one kind of work and how much memory it took above an idle Python."""

    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)


_CHILD = """
import sys
from pathlib import Path
from benchmarks.writeback import WORK, peak_memory
source, target, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
idle = peak_memory()
WORK[name](source, target)
print(peak_memory() - idle)
"""


def peak_memory() -> float:
    """The most memory that this process held so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # the usage record would count what the parent held before it started this process
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line[:6] == "VmHWM:") / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def cold(name: str, source: Path, target: Path) -> tuple[float, float]:
    """A new process does the work: its time from start to end, and its peak memory above idle in MB."""
    command = [sys.executable, "-c", _CHILD, str(source), str(target), name]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    return time.perf_counter() - started, float(done.stdout)


def measured(source: Path, folder: Path, runs: int) -> dict[str, Measured]:
    """Each kind of work by turns, so that a busy moment of the machine falls on all."""
    found = {name: Measured() for name in TITLES}
    for name, work in WORK.items():
        found[name].peak = cold(name, source, folder / "target.xlsx")[1]
        if name != "openpyxl":
            work(source, folder / "target.xlsx")
    found["append cold"].peak = found["append"].peak
    for turn in range(runs):
        for name, work in WORK.items():
            started = time.perf_counter()
            work(source, folder / "target.xlsx")
            found[name].seconds.append(time.perf_counter() - started)
        found["append cold"].seconds.append(cold("append", source, folder / "target.xlsx")[0])
        print(f"turn {turn + 1} of {runs}", file=sys.stderr, flush=True)
    return found


def file_system(folder: Path) -> str:
    """The type of the file system that holds a folder."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    entries = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    home = folder.resolve()
    holding = [entry for entry in entries if home.is_relative_to(entry[0])]
    return max(holding, key=lambda entry: len(entry[0]))[1]


def table(found: dict[str, Measured]) -> str:
    """Times, ratios and memory as a table."""
    base, floor = found["openpyxl"].median, found["copy"].median
    lines = ["| What | Median | openpyxl takes | Copies | Memory |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, title in TITLES.items():
        one = found[name]
        lines.append(
            f"| {title} | {one.median * 1000:,.0f} ms | {base / one.median:,.1f} × as long | {one.median / floor:,.1f} | {one.peak:,.0f} MB |"
        )
    return "\n".join(lines)


def main() -> int:
    """Exit 0 if an append is as much faster than openpyxl as it must be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writeback", description="one row into a big workbook")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="where the files lie (default: the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        source = folder / "source.xlsx"
        build(source, options.rows)
        size = source.stat().st_size / 1e6
        print(f"{options.rows:,} rows × {len(HEADERS)} columns, {size:.1f} MB, on {file_system(folder)}")
        found = measured(source, folder, options.runs)
    print(table(found))
    ratio = found["openpyxl"].median / found["append"].median
    print(f"append is {ratio:.0f} × faster than openpyxl (wanted: {WANTED} ×)")
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
