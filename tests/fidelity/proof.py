"""Owns what must be true after a change of a table: untouched members raw, touched ones allowed, every cell accounted for."""

from __future__ import annotations

import functools
import html
import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from xml.etree import ElementTree

from tests.fidelity.operations import Change, below
from tests.fidelity.reading import (
    Cells,
    Unread,
    by_calamine,
    by_openpyxl,
    by_pandas,
    hidden_rows,
    looks_by_openpyxl,
    same,
    table_areas,
)
from tests.ooxml.books import raw_members
from workbook.ooxml.lint import new_findings

# What hangs on cells of a sheet and follows them when they make room.
_FOLLOWS = {"comments", "threadedComment", "vmlDrawing", "drawing", "table", "pivotTable"}
_ADDRESS = re.compile(r"\$?\b[A-Za-z]{1,3}\$?\d+\b|\d+")

openpyxl_cells = functools.lru_cache(8)(by_openpyxl)
calamine_cells = functools.lru_cache(8)(by_calamine)


def proved(change: Change) -> Counter[str]:
    """Asserts everything about a change; counts which readers saw it."""
    members_kept(change)
    findings = new_findings(change.before, change.after)
    assert not findings, findings
    counts: Counter[str] = Counter()
    readers: list[tuple[str, Callable[[bytes], Cells]]] = [("openpyxl", openpyxl_cells), ("calamine", calamine_cells)]
    for name, read in readers:
        try:
            old = read(change.before)
            if not old and legible(change.before):
                raise Unread("it sees no cell at all")
        except Unread:
            counts[f"{name} cannot read the book as it came"] += 1
            continue
        cells_accounted_for(change, old, read(change.after), name)
        counts[name] += 1
        if name == "openpyxl":
            _tables_reach(change)
            looks_kept(change, looks_by_openpyxl(change.before), looks_by_openpyxl(change.after))
            _rows_shown(change)
            seen = by_pandas(change.after, change.view.sheet)
            _new_values(change, seen, "pandas")
            counts["pandas"] += 1
    return counts


def legible(data: bytes) -> Cells:
    """The values in a book, formulas apart, by whichever program reads it."""
    try:
        cells = {place: value for place, value in openpyxl_cells(data).items() if not _formula(value)}
    except Unread:
        cells = {}
    if cells:
        return cells
    try:
        return calamine_cells(data)
    except Unread:
        return {}


# ---- members


def members_kept(change: Change) -> None:
    """Only allowed members differ, only the calculation chain is gone, the order stands, and the archive is sound."""
    old, new = raw_members(change.before), raw_members(change.after)
    gone = [name for name in old if name not in new]
    assert all(name.casefold().endswith("calcchain.xml") for name in gone), gone
    assert [name for name in old if name in new] == list(new)
    differing = {name for name in new if old[name] != new[name]}
    assert differing | set(gone) == change.touched
    surplus = differing - allowed(change, bool(gone))
    assert not surplus, f"{change.operation} changed {sorted(surplus)}"
    with zipfile.ZipFile(io.BytesIO(change.after)) as archive:
        assert archive.testzip() is None


def allowed(change: Change, chain_gone: bool) -> set[str]:
    """The members that this operation may change in this book; from the relationships, without our own code."""
    view, package = change.view, _Package(change.before)
    main = package.related("", {"officeDocument"})
    free = {view.sheet_part, *main, *package.related(main[0], {"styles"})}
    if chain_gone:
        free |= {"[Content_Types].xml", package.rels_name(main[0])}
    if change.operation != "update":
        free.add(view.part)
    if change.more or change.column:
        free |= {name for name in package.names if re.search(r"/charts/[^/]*\.xml$|pivotCacheDefinition", name)}
        free |= {part for part in package.related(main[0], {"worksheet"}) if package.mentions(part, view.sheet)}
        if _anything_around(change):
            free |= set(package.related(view.sheet_part, _FOLLOWS))
            free |= set(package.related(main[0], {"worksheet"}))
            free |= {t for sheet in package.related(main[0], {"worksheet"}) for t in package.related(sheet, {"table"})}
    return free


def _anything_around(change: Change) -> bool:
    """Whether the sheet holds more than the table and what stands above it: then cells may have made room."""
    area = change.view.area
    inside = {(change.view.sheet, r, c) for r in range(1, area.bottom + 1) for c in range(1, area.right + 1)}
    if change.view.totals_row_count:
        return True
    package = _Package(change.before)
    other = len(package.related(change.view.sheet_part, {"table"})) > 1
    hanging = package.related(change.view.sheet_part, _FOLLOWS - {"table"})
    cells = (place for place in legible(change.before) if place[0] == change.view.sheet)
    return other or bool(hanging) or any(place not in inside for place in cells)


class _Package:
    def __init__(self, data: bytes):
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self.names = self._zip.namelist()
        self._by_case = {name.casefold(): name for name in self.names}

    def rels_name(self, part: str) -> str:
        folder, name = posixpath.split(part)
        wanted = posixpath.join(folder, "_rels", f"{name}.rels")
        return self._by_case.get(wanted.casefold(), wanted)

    def mentions(self, part: str, sheet: str) -> bool:
        """Whether a part names the sheet in a reference: a formula, a rule or a sparkline."""
        data = self._zip.read(part)
        text = html.unescape(data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"))
        return f"{sheet}'!" in text or f"{sheet}!" in text

    def related(self, part: str, kinds: Iterable[str]) -> list[str]:
        if self.rels_name(part) not in self.names:
            return []
        found = []
        for element in ElementTree.fromstring(self._zip.read(self.rels_name(part))):
            if element.get("Type", "").rpartition("/")[2] in kinds and element.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), element.get("Target", "")))
                found.append(self._by_case.get(target.lstrip("/").casefold(), target))
        return found


# ---- cells


def cells_accounted_for(change: Change, old: Cells, new: Cells, reader: str) -> None:
    """Each old cell is where it was, or further on with all behind it; new values read as written; nothing else came."""
    _new_values(change, new, reader)
    filled = _filled_down(change)
    assert not {place for place in filled if place in new and not _formula(new[place]) and reader == "openpyxl"}
    _each_sheet(change, old, new, reader)


def looks_kept(change: Change, old: Cells, new: Cells) -> None:
    """Formats, notes, merged cells and links are on the same cells, wherever those are now."""
    _each_sheet(change, old, new, "openpyxl, looks")


def _each_sheet(change: Change, old: Cells, new: Cells, reader: str) -> None:
    replaced = {place for place in change.written if not below(change, place) and place[2] != change.column}
    fresh = _filled_down(change) | set(change.written)
    kept_old = {place: value for place, value in old.items() if place not in replaced}
    kept_new = {place: value for place, value in new.items() if place not in fresh}
    for title in {place[0] for place in old} | {place[0] for place in new}:
        mine = {place[1:]: value for place, value in kept_old.items() if place[0] == title}
        theirs = {place[1:]: value for place, value in kept_new.items() if place[0] == title}
        if title == change.view.sheet:
            moved_or_kept(change, mine, theirs, reader)
        else:
            assert _loosely(mine) == _loosely(theirs), f"{reader}: cells of {title} differ: {_first(mine, theirs)}"


def _rows_shown(change: Change) -> None:
    """New rows are seen, under a filter too, and no other row appeared or vanished."""
    old, new = (hidden_rows(data, change.view.sheet) for data in (change.before, change.after))
    written = {place[1] for place in change.written if change.operation != "update" and not change.column}
    fresh = {row for row in written if row > change.view.last_row} if change.more else set()
    assert not new & fresh, f"new rows are hidden: {sorted(new & fresh)}"
    assert len(old) - len(new) in range(len(written) + 1), f"hidden rows were {sorted(old)}, are {sorted(new)}"


def _new_values(change: Change, new: Cells, reader: str) -> None:
    for place, value in change.written.items():
        assert place in new, f"{reader} sees nothing at {place}, wanted {value!r}"
        assert same(value, new[place], change.date1904), f"{reader} reads {new[place]!r} at {place}, wanted {value!r}"


def _filled_down(change: Change) -> set[tuple[str, int, int]]:
    """The cells of new rows that nobody gave a value: only formulas may stand there."""
    view = change.view
    columns = range(view.area.left, view.area.right + 1)
    rows = range(view.last_row + 1, view.last_row + change.more + 1)
    return {(view.sheet, r, c) for r in rows for c in columns} - set(change.written)


Sheet = dict[tuple[int, int], object]


def moved_or_kept(change: Change, old: Sheet, new: Sheet, reader: str) -> None:
    """Row by row within each column: from some row on everything lies further down, by as many rows as came in.

    For a new column the same from some column on, further to the right.
    """
    if _loosely(old) == _loosely(new):
        return
    across = bool(change.column)
    by = 1 if across else change.more
    lines = {place[0 if across else 1] for place in (*old, *new)}
    for line in lines:
        mine, theirs = _line(old, line, across), _line(new, line, across)
        fixed = change.view.area.right if across else change.view.last_row
        assert any(expected == theirs for expected in _shifts(mine, fixed, by, change, across)), (
            f"{reader}: {'row' if across else 'column'} {line} differs: {_first(mine, theirs)}"
        )


def _line(cells: Sheet, line: int, across: bool) -> dict[int, object]:
    mine = {place[1 if across else 0]: value for place, value in cells.items() if place[0 if across else 1] == line}
    return {at: _loose(value) for at, value in mine.items()}


def _shifts(cells: dict[int, object], fixed: int, by: int, change: Change, across: bool) -> Iterable[dict[int, object]]:
    """Every way in which the cells behind the table may stand afterwards."""
    starts = sorted(at for at in cells if at > fixed)
    totals = set() if across or not change.view.totals_row_count else {change.view.area.bottom}
    for start in [None, *starts]:
        yield {(at + by if at in totals or (start is not None and at >= start) else at): v for at, v in cells.items()}
        yield {(at + by if start is not None and at >= start else at): v for at, v in cells.items()}


def _loosely(cells: dict[tuple[int, int], object]) -> dict[tuple[int, int], object]:
    return {place: _loose(value) for place, value in cells.items()}


def _loose(value: object) -> object:
    """A formula without its addresses: they follow cells that move; LibreOffice proves that it means the same."""
    return ("f", _ADDRESS.sub("#", str(value[1]))) if _formula(value) else value


def _formula(value: object) -> bool:
    return isinstance(value, tuple) and value[0] == "f"


def _first(old: dict[object, object], new: dict[object, object]) -> str:
    places = [place for place in (*old, *new) if old.get(place) != new.get(place)]
    return "; ".join(f"{place}: {old.get(place)!r} → {new.get(place)!r}" for place in places[:3])


def _tables_reach(change: Change) -> None:
    """By openpyxl the table is as long as it must be, and no other table has changed its size."""
    old, new = table_areas(change.before), table_areas(change.after)
    assert old.keys() == new.keys()
    for name in old:
        (left, top, right, bottom), (l2, t2, r2, b2) = _bounds(old[name]), _bounds(new[name])
        mine = name.casefold() == change.view.name.casefold()
        rows, columns = (change.more, int(bool(change.column))) if mine else (0, 0)
        assert (r2 - l2, b2 - t2) == (right - left + columns, bottom - top + rows), f"{name}: {old[name]} → {new[name]}"


def _bounds(ref: str) -> tuple[int, int, int, int]:
    from openpyxl.utils.cell import range_boundaries

    return range_boundaries(ref)
