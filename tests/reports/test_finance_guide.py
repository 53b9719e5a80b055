"""The finance guide is up to date with the declaration, its example is right, and its benchmark runs."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

from benchmarks.finance import BEGIN, END, KINDS, into_docs
from workbook.evaluation.money import earned_value
from workbook.reports.documented import column_table, derived
from workbook.reports.finance_lines import finance_columns

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "finance.md").read_text(encoding="utf-8")


def test_the_derived_parts_of_the_guide_are_up_to_date() -> None:
    assert derived(GUIDE) == GUIDE, "run: python -m docs.make_finance_pictures"
    assert column_table() in GUIDE


def test_every_column_stands_in_the_guide_with_its_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.+) \| (.+) \|$", GUIDE, re.MULTILINE)
    assert rows == [(one.name, one.meaning.zh, one.meaning.en) for one in finance_columns()]


def test_the_worked_example_is_what_the_program_computes() -> None:
    found = earned_value(300, 200, 250, 500)
    assert [found.cv, found.sv, found.cpi, found.spi, found.eac] == [-50, -100, Fraction(4, 5), Fraction(2, 3), 625]
    for text in (
        "CV = 200 − 250 = −50",
        "SV = 200 − 300 = −100",
        "CPI = 200 ÷ 250 = 0.8",
        "= 0.6667",
        "EAC = 500 ÷ 0.8 = 625",
    ):
        assert text in GUIDE


def test_every_picture_of_the_guide_is_there() -> None:
    pictures = re.findall(r"\]\((pictures/[\w.-]+)\)", GUIDE)
    assert len(pictures) == 6
    assert all((ROOT / "docs" / name).stat().st_size > 10_000 for name in pictures)


def test_a_measurement_replaces_the_one_before_it_and_nothing_else(tmp_path: Path) -> None:
    guide = tmp_path / "finance.md"
    guide.write_text(GUIDE, encoding="utf-8")
    for text in ("| first |", "| second \\1 |"):
        into_docs(text, guide)
    now = guide.read_text(encoding="utf-8")
    assert "| second \\1 |" in now and "| first |" not in now
    assert now.split(BEGIN)[0] == GUIDE.split(BEGIN)[0] and now.split(END)[1] == GUIDE.split(END)[1]


def test_the_benchmark_goes_the_whole_way_with_few_lines() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.finance", "--lines", "200"], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert [row.split(" | ")[0][2:] for row in rows] == [kind.title for kind in KINDS]
    assert done.stdout.startswith("200 lines")
