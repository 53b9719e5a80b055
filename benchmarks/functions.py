"""Measures the cell functions: milliseconds of each over a panel of 20 × 33 × 7, and how many plain scores that is.

python -m benchmarks.functions [--rounds 15] [--docs]
"""

from __future__ import annotations

import argparse
import math
import platform
import random
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from addin import functions
from addin.function_docs import write_page

CANDIDATES, INDICATORS, REVIEWERS = 20, 33, 7
BASE, MOST_TIMES = "PB_SCORE", 30
SHOWN = "处理器 / processor: {processor} · Python {python} · best of {rounds}"


def work() -> Mapping[str, tuple[str, Callable[[], Any]]]:
    """What is measured of each function: in words, and the call. One panel, the same on every machine."""
    chance = random.Random(7)
    marks = [
        [[float(chance.randint(1, 5)) for _ in range(INDICATORS)] for _ in range(CANDIDATES)] for _ in range(REVIEWERS)
    ]
    # The means over the reviewers, as a staff member would have them in a sheet.
    means = [[sum(sheet[c][i] for sheet in marks) / REVIEWERS for i in range(INDICATORS)] for c in range(CANDIDATES)]
    weights = [[float(chance.randint(1, 10)) for _ in range(INDICATORS)]]
    others = [[float(chance.randint(1, 10)) for _ in range(INDICATORS)]]
    names = [[f"候选 {c + 1}"] for c in range(CANDIDATES)]
    titles = [[f"指标 {i + 1}" for i in range(INDICATORS)]]
    scores = functions.PB_SCORE(means, weights)
    bands = [["A", 90.0, 100.0], ["B", 80.0, 90.0], ["C", 60.0, 80.0], ["D", 0.0, 60.0]]
    sheets = [[cell for row in sheet for cell in row] for sheet in marks]
    judged = [[2.0 ** (column - row) for column in range(10)] for row in range(10)]
    start, finish = datetime(2026, 1, 5, 9), datetime(2026, 11, 30, 18)
    pauses = [[start + timedelta(days=9 * n), start + timedelta(days=9 * n + 3)] for n in range(CANDIDATES)]
    special = [[datetime(2026, 6, 1) + timedelta(days=7 * n), "放假"] for n in range(CANDIDATES)]
    outcomes = [[chance.choice(["达标", "超时", "计时中"]) for _ in range(INDICATORS)] for _ in range(CANDIDATES)]
    amounts = [[[float(chance.randint(1, 10**8)) / 100] for _ in range(CANDIDATES)] for _ in range(4)]
    trend = [[float(chance.randint(0, 10_000)) / 100 for _ in range(INDICATORS)]]
    likely, heavy = ([[float(chance.randint(1, 5))] for _ in range(CANDIDATES)] for _ in range(2))
    words = ("低", "中", "高", "极高")
    levels: list[list[Any]] = [[None, 1.0, 2.0, 3.0, 4.0, 5.0]]
    levels += [[float(one), *(words[(one * other - 1) // 7] for other in range(1, 6))] for one in range(1, 6)]
    f = functions
    return {
        "PB_SCORE": ("20 × 33", lambda: f.PB_SCORE(means, weights)),
        "PB_RANK": ("20", lambda: f.PB_RANK(scores)),
        "PB_GRADE": ("20", lambda: f.PB_GRADE(scores, bands)),
        "PB_WHY": ("1 × 33", lambda: f.PB_WHY(means[:1], weights, titles)),
        "PB_WHATIF": ("20 × 33", lambda: f.PB_WHATIF(means, weights, others)),
        "PB_FIRST": ("20 × 33, 10000 draws", lambda: f.PB_FIRST(means, weights)),
        "PB_INTERVAL": ("20 × 33", lambda: f.PB_INTERVAL(means, weights, names)),
        "PB_AGREE": ("7 × 660", lambda: f.PB_AGREE(sheets)),
        "PB_AHP": ("10 × 10", lambda: f.PB_AHP(judged)),
        "PB_MINUTES": ("2026, 20 pauses, 20 days", lambda: f.PB_MINUTES(start, finish, pauses, special)),
        "PB_DUE": ("60000 min, 20 pauses, 20 days", lambda: f.PB_DUE(start, 60_000.0, pauses, special)),
        "PB_DAYS": ("2026, 20 days", lambda: f.PB_DAYS(start, finish, special)),
        "PB_ATTAIN": ("660", lambda: f.PB_ATTAIN(outcomes)),
        "PB_BUDGET": ("20", lambda: f.PB_BUDGET(*amounts)),
        "PB_TREND": ("33", lambda: f.PB_TREND(trend)),
        "PB_SURVEY": ("20 × 33", lambda: f.PB_SURVEY(marks[0])),
        "PB_RISK": ("20, 5 × 5", lambda: f.PB_RISK(likely, heavy, levels)),
    }


def measured(rounds: int) -> dict[str, float]:
    """The shortest time of each function in milliseconds, by turns, so that a busy moment of the machine falls on all."""
    calls = {name: call for name, (_, call) in work().items()}
    for name, call in calls.items():  # also loads what is loaded at the first call
        refused = [cell for row in call() for cell in row if str(cell).startswith("#PB: ")]
        if refused:
            raise SystemExit(f"{name}: {refused[0]}")
    best = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            best[name] = min(best[name], (time.perf_counter() - begun) * 1000)
    return best


def processor() -> str:
    """The model of the processor, as its maker calls it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def costs(best: Mapping[str, float], rounds: int) -> str:
    """The table of the page."""
    rows = ["| 函数 / Function | 输入 / Input | ms | × PB_SCORE |", "| --- | --- | ---: | ---: |"]
    sizes = {name: size for name, (size, _) in work().items()}
    rows += [f"| `{name}` | {sizes[name]} | {found:.2f} | {found / best[BASE]:.2f} |" for name, found in best.items()]
    said = SHOWN.format(processor=processor(), python=platform.python_version(), rounds=rounds)
    return "\n".join([*rows, "", said])


def main() -> int:
    """Exit 0 if no function takes more than thirty plain scores."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.functions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--docs", action="store_true", help="write the table into docs/functions.md")
    options = parser.parse_args()
    best = measured(options.rounds)
    table = costs(best, options.rounds)
    sys.stdout.write(f"{table}\n")
    if options.docs:
        write_page(table)
    slow = [name for name, found in best.items() if found > MOST_TIMES * best[BASE]]
    if slow:
        sys.stdout.write(f"more than {MOST_TIMES} × {BASE}: {', '.join(slow)}\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
