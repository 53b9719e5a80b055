"""Owns the run over all books: which there are, what is done to each table, and what is counted."""

from __future__ import annotations

import os
import re
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fidelity.markup import VARIANTS, shared_formulas, threaded
from tests.fidelity.office_batch import resaved
from tests.fidelity.operations import OPERATIONS, Change, NoKeys, performed
from tests.fidelity.proof import legible, moved_or_kept, proved
from tests.fidelity.reading import Cells, by_calamine
from tests.fidelity.scenes import ORIGINS, SCENES, books
from tests.validator import validate
from workbook.errors import PartnerBookError
from workbook.ooxml import Book

# Of these a table must never be refused a change.
NEVER_REFUSED = (
    "plain", "rows below", "formulas elsewhere name rows below", "things hang on rows below", "a row right below", "cells beside", "below and beside", "totals row",
    "totals row, rows below", "filtered", "no header row", "1904", "empty", "empty, rows below", "protected",
    "side by side",
)  # fmt: skip
# Scenes whose XML is written in every other way, for the programs whose XML those rewrites understand.
_REWRITTEN = {
    "XlsxWriter": ("rows below", "totals row, rows below"),
    "exceljs": ("rows below",),
    "LibreOffice": ("plain",),
}
# Variants that belong to one scene.
DEDICATED = (("XlsxWriter", "shared formulas below", "shared"), ("XlsxWriter", "notes below", "threads"))
_REWRITE = {"": lambda data: data, "shared": shared_formulas, "threads": threaded, **VARIANTS}


@dataclass(frozen=True)
class Case:
    """A book to be tried: which program saved it, what it holds, how it is written."""

    origin: str
    scene: str
    variant: str
    data: bytes

    @property
    def name(self) -> str:
        return " · ".join(filter(None, (self.origin, self.scene, self.variant)))


@dataclass
class Results:
    """What a run found."""

    counts: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    changes: list[tuple[Case, Change]] = field(default_factory=list)


def corpus(folder: Path | None) -> Iterator[Case]:
    """The books that other people's programs saved, if they are here."""
    for file in sorted(folder.rglob("*.xls[xm]")) if folder and folder.is_dir() else ():
        assert folder
        yield Case("corpus", str(file.relative_to(folder)), "", file.read_bytes())


def corpus_folder(given: str | None = None) -> Path | None:
    """Where the corpus lies: as given, by the environment, or beside the checkout."""
    told = given or os.environ.get("PARTNERBOOK_CORPUS")
    folder = Path(told) if told else Path(__file__).parents[2].parent / "shared" / "data" / "excel-authored"
    return folder if folder.is_dir() else None


def made() -> list[Case]:
    """Fresh books of each program that is here, and their hostile variants."""
    wanted = [(origin, scene, "") for scene in SCENES for origin in ORIGINS]
    for origin, scenes in _REWRITTEN.items():
        wanted += [(origin, scene, variant) for scene in scenes for variant in VARIANTS]
    return built([*wanted, *DEDICATED])


def built(wanted: Iterable[tuple[str, str, str]]) -> list[Case]:
    """The books of these programs, scenes and variants; what a program or a variant cannot hold is left out."""
    wanted = list(wanted)
    plain = books(dict.fromkeys((origin, scene) for origin, scene, _ in wanted))
    cases = []
    for origin, scene, variant in wanted:
        data = plain.get((origin, scene))
        if data is not None and _fits(data, variant):
            cases.append(Case(origin, scene, variant, _REWRITE[variant](data)))
    return cases


def _fits(data: bytes, variant: str) -> bool:
    return variant != "phonetic text" or b"xl/sharedStrings.xml" in data


def run(cases: list[Case], results: Results) -> Results:
    """Every operation on every table of every book."""
    for case in cases:
        results.counts[f"books of {case.origin}"] += 1
        try:
            tables = [view.name for view in Book.read(case.data).tables]
        except PartnerBookError as error:
            results.failures.append(f"{case.name}: {error}")
            continue
        results.counts["tables"] += len(tables)
        for table in tables:
            for operation in OPERATIONS:
                _tried(case, table, operation, results)
    return results


def _tried(case: Case, table: str, operation: str, results: Results) -> None:
    try:
        change = performed(operation, case.data, table, legible(case.data))
        if change.refusal:
            results.counts[f"{operation}: refused"] += 1
            results.refusals.setdefault(_reason(change), []).append(
                f"{case.name}, {table}, {operation}: {change.refusal}"
            )
            return
        results.counts += proved(change)
        results.counts[f"{operation}: done and proved"] += 1
        results.changes.append((case, change))
    except NoKeys:
        results.counts[f"{operation}: no column of unique texts"] += 1
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error}"[:600]
        results.failures.append(
            f"{case.name}, {table}, {operation}: {told} ({Path(where.filename).name}:{where.lineno})"
        )


def _reason(change: Change) -> str:
    """The refusal without its names and addresses."""
    return re.sub(r"“[^”]*”|[A-Z]{1,3}\d+(:[A-Z]{1,3}\d+)?|表格 \S+|（[^）]*）|\d+", "…", change.refusal)[:70]


# ---- slower witnesses, over some of the changes


def spread(changes: list[tuple[Case, Change]], most: int) -> list[tuple[Case, Change]]:
    """Some of the changes, evenly over all of them."""
    step = max(1, len(changes) // most) if most else 1
    return changes[::step][:most]


def validated(results: Results, most: int) -> None:
    """The Open XML validator finds nothing in the changed book that it does not find in the book as it came."""
    known: dict[bytes, Counter[str]] = {}
    with TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=2) as pool:

        def errors(at: tuple[int, bytes]) -> Counter[str]:
            path = Path(folder) / f"{at[0]}.xlsx"
            path.write_bytes(at[1])
            return Counter(validate(path))

        chosen = spread(results.changes, most)
        before = list({change.before: None for _, change in chosen})
        for data, found in zip(before, pool.map(errors, enumerate(before)), strict=True):
            known[data] = found
        numbered = [(len(before) + place, change.after) for place, (_, change) in enumerate(chosen)]
        for (case, change), found in zip(chosen, pool.map(errors, numbered), strict=True):
            more = found - known[change.before]
            results.counts["validator runs"] += 1
            if more:
                results.failures.append(f"{case.name}, {change.operation}: the validator finds {dict(more)}")
    results.counts["validator runs"] += len(before)


def recalculated(results: Results, most: int) -> None:
    """LibreOffice opens the books; its totals are exact, and formulas that made room show what they showed before."""
    fresh = [(case, change) for case, change in results.changes if case.scene in SCENES and _has_sums(change)]
    chosen = spread(fresh, most)
    books = {f"after {place}": change.after for place, (_, change) in enumerate(chosen)}
    books |= {f"before {case.name}": change.before for case, change in chosen}
    saved = resaved(books)
    for place, (case, change) in enumerate(chosen):
        after, before = saved.get(f"after {place}"), saved.get(f"before {case.name}")
        if after is None:
            results.failures += [f"{case.name}, {change.operation}: LibreOffice cannot open it"] if before else []
            results.counts["LibreOffice cannot open the book as it came"] += before is None
            continue
        if before and not understood(case, change, before):
            results.counts["LibreOffice misreads the book as it came"] += 1
            continue
        results.counts["books recalculated by LibreOffice"] += 1
        try:
            checked = totals_exact(case, change, after)
            results.counts["LibreOffice totals checked"] += checked
            if before and not change.view.totals_row_count:
                results.counts["LibreOffice formulas compared"] += same_values(change, before, after)
        except AssertionError as error:
            results.failures.append(f"{case.name}, {change.operation}: LibreOffice: {error}")


def same_values(change: Change, before: bytes, after: bytes) -> int:
    """Every cell outside the new ones shows the same after recalculation, at its new place; counts them."""
    home, new = change.view.sheet, set(change.written)
    replaced = {place for place in new if place[1] <= change.view.last_row}
    rows = range(change.view.last_row + 1, change.view.last_row + change.more + 1)
    columns = range(change.view.area.left, change.view.area.right + 1)
    filled = {(home, row, column) for row in rows for column in columns}
    old_cells = {at[1:]: v for at, v in by_calamine(before).items() if at[0] == home and at not in replaced}
    new_cells = {at[1:]: v for at, v in by_calamine(after).items() if at[0] == home and at not in new | filled}
    moved_or_kept(change, old_cells, new_cells, "LibreOffice")
    old_watch, new_watch = (
        {at: value for at, value in by_calamine(data).items() if at[0] == "Totals" and at[2] == 2}
        for data in (before, after)
    )
    assert old_watch == new_watch, f"formulas elsewhere showed {old_watch}, show {new_watch}"
    return len(old_cells) + len(old_watch)


def _has_sums(change: Change) -> bool:
    return change.view.name == "tblPartners"


def totals_exact(case: Case, change: Change, saved: bytes) -> int:
    """What LibreOffice shows on the sheet Totals equals sums by hand over the table; counts them."""
    wanted = _sums_by_hand(case, change, legible(change.after), change.more)
    shown = _shown(saved, len(wanted))
    assert shown == wanted, f"shows {shown}, the table sums to {wanted}"
    return len(wanted)


def understood(case: Case, change: Change, saved: bytes) -> bool:
    """Whether LibreOffice shows the right totals of the book as it came."""
    wanted = _sums_by_hand(case, change, legible(change.before), 0)
    return _shown(saved, len(wanted)) == wanted


def _sums_by_hand(case: Case, change: Change, table: Cells, more: int) -> list[float]:
    view = change.view
    rows = range(view.first_row, view.last_row + more + 1)
    amounts = [table.get((view.sheet, row, view.area.left + 2)) for row in rows]
    keys = [table.get((view.sheet, row, view.area.left)) for row in rows]
    total = sum(value for value in amounts if isinstance(value, int | float) and not isinstance(value, bool))
    return [total, sum(key is not None for key in keys)] + [total] * SCENES[case.scene].over


def _shown(saved: bytes, count: int) -> list[float | None]:
    seen = by_calamine(saved)
    return [seen.get(("Totals", row, 1)) for row in range(1, count + 1)]
