"""What every change of an existing book promises, on a sample: `python -m tests.fidelity` runs all of it."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable
from dataclasses import replace

import openpyxl
import pytest

from tests.fidelity import proof
from tests.fidelity.markup import VARIANTS
from tests.fidelity.operations import MANY, OPERATIONS, Change, NoKeys, performed
from tests.fidelity.packing import contents, packed
from tests.fidelity.proof import legible, proved
from tests.fidelity.scenes import HOME, SCENES, available
from tests.fidelity.suite import DEDICATED, NEVER_REFUSED, Case, Results, built, recalculated, run, validated
from workbook.ooxml import Book

BY_XLSXWRITER = [("XlsxWriter", scene, "") for scene in SCENES]
REWRITTEN = [("XlsxWriter", "rows below", variant) for variant in VARIANTS]
BY_OTHERS = [
    (origin, scene, "")
    for origin in ("openpyxl", "exceljs", "LibreOffice", "pandas")
    for scene in ("plain", "rows below", "totals row, rows below")
    if origin in SCENES[scene].origins
]
MARKED = {"LibreOffice": pytest.mark.libreoffice, "exceljs": pytest.mark.validator}


@functools.cache
def case(origin: str, scene: str, variant: str) -> Case:
    if origin not in available():
        pytest.skip(f"{origin} is not installed")
    group = BY_OTHERS if (origin, scene, variant) in BY_OTHERS else [(origin, scene, variant)]
    found = {(one.origin, one.scene, one.variant): one for one in _group(tuple(g for g in group if g[0] == origin))}
    return found[origin, scene, variant]


@functools.cache
def _group(wanted: tuple[tuple[str, str, str], ...]) -> list[Case]:
    return built(wanted)


@pytest.mark.parametrize(
    ("origin", "scene", "variant"),
    [
        pytest.param(*one, marks=MARKED.get(one[0], ()), id=" · ".join(filter(None, one)))
        for one in (*BY_XLSXWRITER, *REWRITTEN, *DEDICATED, *BY_OTHERS)
    ],
)
def test_each_change_of_each_table_leaves_all_else_as_it_was(origin: str, scene: str, variant: str) -> None:
    results = run([case(origin, scene, variant)], Results())
    assert not results.failures
    assert results.counts["tables"] == len(SCENES[scene].tables)
    if scene in NEVER_REFUSED:
        assert not results.refusals
        assert results.counts["append many: done and proved"] == len(SCENES[scene].tables)
    tried = sum(count for name, count in results.counts.items() if name.split(":")[0] in OPERATIONS)
    assert tried == len(SCENES[scene].tables) * len(OPERATIONS)


@pytest.mark.validator
def test_the_validator_finds_nothing_new() -> None:
    results = run([case("XlsxWriter", "ranges over, rows below", "")], Results())
    validated(results, 2)
    assert results.counts["validator runs"] == 3
    assert not results.failures


@pytest.mark.libreoffice
def test_libreoffice_calculates_exact_totals_and_moved_formulas_as_before() -> None:
    scenes = (
        "ranges over, rows below",
        "formulas elsewhere name rows below",
        "things hang on rows below",
        "totals row",
        "empty",
    )
    results = run([case("XlsxWriter", scene, "") for scene in scenes], Results())
    recalculated(results, 8)
    assert not results.failures
    assert results.counts["books recalculated by LibreOffice"] == 8
    assert results.counts["LibreOffice totals checked"] >= 16
    assert results.counts["LibreOffice formulas compared"] > 100


def test_what_hangs_on_rows_below_follows_them() -> None:
    data = case("XlsxWriter", "things hang on rows below", "").data
    change = performed("append many", data, "tblPartners", legible(data))
    book = openpyxl.load_workbook(io.BytesIO(change.after))
    sheet = book[HOME]
    assert [str(item.sqref) for item in sheet.data_validations.dataValidation] == [f"D{9 + MANY}:D{10 + MANY}"]
    assert [str(item.sqref) for item in sheet.conditional_formatting] == [f"D{9 + MANY}:D{10 + MANY}"]
    assert book.defined_names["Below"].attr_text == f"'{HOME}'!$D${9 + MANY}"
    assert sheet.cell(12 + MANY, 2).hyperlink.target == "https://example.org/below"
    assert sheet.row_dimensions[12 + MANY].height == 33
    drawing = next(text for name, text in contents(change.after).items() if name.startswith("xl/drawings/drawing"))
    assert f"<xdr:row>{9 + MANY}</xdr:row>".encode() in drawing


def test_the_shape_of_a_note_follows_its_cell() -> None:
    data = case("XlsxWriter", "notes below", "").data
    change = performed("append many", data, "tblPartners", legible(data))
    found = []
    for book in (data, change.after):
        shapes = contents(book)["xl/drawings/vmlDrawing1.vml"].decode()
        rows = [int(row) for row in re.findall(r"<x:Row>(\d+)<", shapes)]
        anchors = [[int(part) for part in text.split(",")] for text in re.findall(r"<x:Anchor>([^<]*)<", shapes)]
        found.append(list(zip(rows, anchors, strict=True)))
    assert [row for row, _ in found[0]] == [2, 11, 11]
    for (old_row, old), (new_row, new) in zip(*found, strict=True):
        by = MANY if old_row == 11 else 0
        assert new_row == old_row + by
        assert new == [number + by if place in (2, 6) else number for place, number in enumerate(old)]


# ---- the proof can fail


def an_append() -> Change:
    data = case("XlsxWriter", "below and beside", "").data
    return performed("append one", data, "tblPartners", legible(data))


def with_member(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    members = contents(data)
    assert change(members[name]) != members[name]
    return packed((name_, change(content) if name_ == name else content) for name_, content in members.items())


SHEET = "xl/worksheets/sheet1.xml"


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old, new)


def test_the_proof_holds_for_the_change_that_is_harmed_below() -> None:
    assert proved(an_append())["openpyxl"] == 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("xl/theme/theme1.xml", swapped(b"Office", b"office")),
        (SHEET, swapped(b"<v>8</v>", b"<v>9</v>")),
        (SHEET, swapped("新".encode(), "旧".encode())),
        ("xl/tables/table1.xml", swapped(b'ref="B3:F8"', b'ref="B3:F9"')),
    ],
    ids=["a member that nobody touched", "a cell beside", "a new value", "the range of the table"],
)
def test_a_harm_is_seen(name: str, change: Callable[[bytes], bytes]) -> None:
    good = an_append()
    with pytest.raises(AssertionError):
        proved(replace(good, after=with_member(good.after, name, change)))


def test_a_cell_that_vanished_or_went_elsewhere_is_seen() -> None:
    good = an_append()
    cells = proof.openpyxl_cells(good.before)
    after = dict(proof.openpyxl_cells(good.after))
    proof.cells_accounted_for(good, cells, after, "openpyxl")
    place = next(at for at in after if at[1] > 10 and at not in good.written)
    gone = {at: value for at, value in after.items() if at != place}
    for wrong in (gone, gone | {(place[0], place[1] + 2, place[2]): after[place]}):
        with pytest.raises(AssertionError):
            proof.cells_accounted_for(good, cells, wrong, "openpyxl")


def test_a_wrong_total_is_seen() -> None:
    from tests.fidelity.suite import totals_exact

    good = an_append()
    one = case("XlsxWriter", "below and beside", "")
    with pytest.raises(AssertionError, match="the table sums to"):
        totals_exact(one, good, good.after)  # nobody calculated it anew: the totals are those of before


def test_a_table_without_keys_is_not_taken_for_an_update() -> None:
    data = case("XlsxWriter", "empty", "").data
    with pytest.raises(NoKeys):
        performed("update", data, "tblPartners", legible(data))
    assert Book.read(data).rows("tblPartners") == []
