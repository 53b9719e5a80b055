"""The long kill suite: `python -m tests.delivery.long --kills 500` kills writers, proves the book, stores its figures.

Half of the kills come at a named step, half at a random moment; in between staff save the book. The figures go to
docs/faults.md with the date. Any loss, double or overwritten cell ends it with a trace and no figures.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import tempfile
import time
import uuid
from datetime import date
from pathlib import Path

from tests.delivery.killing import STEPS, Tally, person_saves, run_child, settle
from workbook.build import new_workbook

FIGURES = Path(__file__).parents[2] / "docs" / "faults.md"
MARK = "<!-- figures of the long suite, newest first -->\n"
EVERY = 25  # kills between two proofs
FRESH = 100  # kills after which a new book begins, so that writing stays quick and kills stay many


def main() -> None:
    """Run, print, store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20261124)
    wanted = parser.parse_args()
    chance, started, whole = random.Random(wanted.seed), time.monotonic(), Tally()
    books = 0
    while whole.kills < wanted.kills:
        books += 1
        with tempfile.TemporaryDirectory(prefix="kills-") as home:
            _one_book(Path(home), min(FRESH, wanted.kills - whole.kills), chance, whole)
        print(f"{whole.line()}  ({time.monotonic() - started:.0f} s)", flush=True)
    steps = ", ".join(f"{name} {whole.steps[name]}" for name in STEPS)
    line = f"- {date.today()}: {whole.line()}. {books} books, seed {wanted.seed}, {time.monotonic() - started:.0f} s, "
    line += (
        f"Python {platform.python_version()} on {sys.platform}. Kills at a named step: {steps}; the others at random.\n"
    )
    text = FIGURES.read_text(encoding="utf-8")
    head, rest = text.split(MARK)
    FIGURES.write_text(head + MARK + line + rest, encoding="utf-8")
    print(line)


def _one_book(home: Path, kills: int, chance: random.Random, whole: Tally) -> None:
    book, data, tally, number = home / "book.xlsx", home / "data", Tally(), 1
    book.write_bytes(new_workbook(book_id=str(uuid.uuid4())))
    while tally.kills < kills:
        at_step = tally.kills % 2 == 0
        name = STEPS[tally.kills // 2 % len(STEPS)] if at_step else None
        after = None if at_step else 0.15 + chance.random() * 0.6
        tally.add(
            run_child(book, data, number, 400 if after else 8, name, after, chance.randrange(3) if at_step else 0)
        )
        number += 400
        if chance.random() < 0.3:
            person_saves(book, chance, tally)
        if tally.kills % EVERY == 0:
            settle(book, data, tally)
    settle(book, data, tally)
    whole.kills += tally.kills
    whole.steps.update(tally.steps)
    offset = max(whole.acked, default=0)
    whole.acked.update({offset + n: version for n, version in tally.acked.items()})
    whole.typed.update({f"{offset}/{key}": text for key, text in tally.typed.items()})
    whole.own.update({f"{offset}/{key}": text for key, text in tally.own.items()})


if __name__ == "__main__":
    main()
