"""Owns the counts of a run as they stand in docs/fidelity.md, between two marks; the rest of the page is written by hand."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from tests.fidelity.operations import OPERATIONS
from tests.fidelity.scenes import ORIGINS
from tests.fidelity.suite import Results

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"


def write(results: Results, *, with_corpus: bool) -> None:
    """Puts the table of this run into the page."""
    today = datetime.datetime.now(datetime.UTC).date()
    source = "with the corpus of books that others saved" if with_corpus else "without a corpus: only books made now"
    told = f"{BEGIN}\n{today.isoformat()}, `python -m tests.fidelity`, {source}.\n\n{table(results)}\n{END}"
    page = PAGE.read_text(encoding="utf-8")
    new, count = re.subn(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: told, page, flags=re.DOTALL)
    assert count == 1, f"{PAGE} has no place for the counts"
    PAGE.write_text(new, encoding="utf-8")


def table(results: Results) -> str:
    """The counts, one a line."""
    counts = results.counts
    lines = [("What", "Count"), ("---", "---:")]
    lines += [(f"books, {origin}", str(counts[f"books of {origin}"])) for origin in ("corpus", *ORIGINS)]
    lines.append(("tables", str(counts["tables"])))
    for name in OPERATIONS:
        lines.append((f"{name}: done and proved", str(counts[f"{name}: done and proved"])))
    lines += [(f"refused: {reason}", str(len(where))) for reason, where in sorted(results.refusals.items())]
    lines.append(("refused in all", str(sum(map(len, results.refusals.values())))))
    unkeyed = sum(counts[f"{name}: no column of unique texts"] for name in OPERATIONS)
    lines.append(("not tried: no column names the rows", str(unkeyed)))
    for reader in ("openpyxl", "calamine", "pandas"):
        lines.append((f"changes that {reader} read as told", str(counts[reader])))
    for reader in ("openpyxl", "calamine"):
        lines.append((f"changes of books that {reader} cannot read as they came", str(counts[_unread(reader)])))
    unjudged = ("LibreOffice cannot open the book as it came", "LibreOffice misreads the book as it came")
    for name in ("validator runs", "books recalculated by LibreOffice", *unjudged, "LibreOffice totals checked"):
        lines.append((name, str(counts[name])))
    lines.append(("cells that LibreOffice showed as before", str(counts["LibreOffice formulas compared"])))
    lines.append(("failures", str(len(results.failures))))
    lines.append(("seconds", str(counts["seconds"])))
    return "\n".join(f"| {what} | {count} |" for what, count in lines)


def _unread(reader: str) -> str:
    return f"{reader} cannot read the book as it came"
