"""What a book full of everything promises after 300 appends and 50 upserts: nothing of it is harmed."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.fidelity.demanding import HOME, LITE_CODE, ROWS, TABLE, demanding, macros
from tests.fidelity.office_batch import resaved
from tests.fidelity.packing import contents
from tests.fidelity.reading import by_calamine, by_openpyxl, table_areas
from tests.ooxml.books import raw_members
from tests.validator import validate
from workbook.ooxml import Book
from workbook.ooxml.lint import lint, new_findings

APPENDS, UPSERTS = 300, 50
# What an append of this table has to change: its sheet and part, names and the order to calculate, the chart and the
# sparkline over its rows, styles for text that looks like a formula. The calculation chain goes, with both its entries.
TOUCHED = {
    "xl/worksheets/sheet1.xml",
    "xl/worksheets/sheet2.xml",
    "xl/tables/table1.xml",
    "xl/workbook.xml",
    "xl/charts/chart1.xml",
    "xl/styles.xml",
    "[Content_Types].xml",
    "xl/_rels/workbook.xml.rels",
}
CHAIN = "xl/calcChain.xml"


def appended(number: int) -> dict[str, object]:
    return {"编号": f"N-{number:04}", "名称": ("=新", "新")[number % 2], "金额": number + 0.25, "状态": "ok"}


@pytest.fixture(scope="module")
def before() -> bytes:
    return demanding()


@pytest.fixture(scope="module")
def after(before: bytes) -> bytes:
    """The book after 350 changes, each read from the bytes of the one before, as a server does."""
    data = before
    for number in range(APPENDS):
        book = Book.read(data)
        book.append(TABLE, [appended(number)])
        data = book.to_bytes()
    for number in range(UPSERTS):
        book = Book.read(data)
        old, new = f"N-{number:04}", f"U-{number:04}"
        done = book.upsert(TABLE, "编号", [{"编号": old, "金额": number + 0.5}, {"编号": new, "金额": 1000}])
        assert (done.inserted, done.updated) == ((new,), (old,))
        data = book.to_bytes()
    return data


def test_the_book_is_as_demanding_as_it_says(before: bytes) -> None:
    names = set(contents(before))
    for part in (
        "xl/vbaProject.bin", "xl/slicers/slicer1.xml", "xl/slicerCaches/slicerCache1.xml", "xl/metadata.xml",
        "xl/threadedComments/threadedComment1.xml", "xl/persons/person.xml", "customXml/item1.xml", CHAIN,
        "customUI/customUI14.xml", "xl/webextensions/webextension1.xml", "xl/webextensions/taskpanes.xml",
        "xl/pivotCache/pivotCacheRecords1.xml", "xl/pivotTables/pivotTable1.xml", "xl/charts/chart2.xml",
        "xl/media/image1.png", "xl/ctrlProps/ctrlProp1.xml",
    ):  # fmt: skip
        assert part in names or part.startswith("xl/ctrlProps"), part
    assert lint(before) == ()
    assert b"x14:sparkline>" in contents(before)["xl/worksheets/sheet2.xml"]
    assert b' cm="1"' in contents(before)["xl/worksheets/sheet3.xml"]


def test_every_member_that_need_not_change_is_byte_equal(before: bytes, after: bytes) -> None:
    old, new = raw_members(before), raw_members(after)
    assert list(new) == [name for name in old if name != CHAIN]
    differing = {name for name in new if old[name] != new[name]}
    assert differing == TOUCHED
    assert len(new) - len(differing) > 40


def test_a_book_with_macros_keeps_them_after_300_appends(before: bytes, after: bytes) -> None:
    assert contents(after)["xl/vbaProject.bin"] == macros()
    kind = re.findall(
        r'PartName="/xl/workbook.xml" ContentType="([^"]*)"', contents(after)["[Content_Types].xml"].decode()
    )
    assert kind == ["application/vnd.ms-excel.sheet.macroEnabled.main+xml"]


def relations(data: bytes) -> Counter[tuple[str, str, str, str]]:
    """Every relationship: owner, id, type, target."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for name, content in contents(data).items():
        if name.endswith(".rels"):
            for element in ElementTree.fromstring(content):
                found[name, element.attrib["Id"], element.attrib["Type"], element.attrib["Target"]] += 1
    return found


def content_types(data: bytes) -> Counter[str]:
    return Counter(str(sorted(e.attrib.items())) for e in ElementTree.fromstring(contents(data)["[Content_Types].xml"]))


def test_every_relationship_and_content_type_is_there_but_those_of_the_calculation_chain(
    before: bytes, after: bytes
) -> None:
    gone = relations(before) - relations(after)
    assert [target for _, _, _, target in gone] == ["calcChain.xml"]
    assert not relations(after) - relations(before)
    types = content_types(before) - content_types(after)
    assert len(types) == 1 and "calcChain" in next(iter(types))
    assert not content_types(after) - content_types(before)
    for owner, _, _, target in relations(after):
        base = posixpath.dirname(owner).removesuffix("_rels").rstrip("/")
        part = posixpath.normpath(posixpath.join("/", base, target)).lstrip("/")
        assert part in contents(after) or target.startswith("http"), target


def test_the_code_of_xlwings_lite_decodes_to_the_same_text(after: bytes) -> None:
    root = ElementTree.fromstring(contents(after)["xl/webextensions/webextension1.xml"])
    found = {e.attrib["name"]: e.attrib["value"] for e in root.iter() if e.tag.endswith("}property")}
    assert json.loads(found["main.py"]) == LITE_CODE


def test_what_stands_in_changed_sheets_beside_the_table_is_kept(before: bytes, after: bytes) -> None:
    for part in ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"):
        old, new = (contents(data)[part].decode() for data in (before, after))
        last = ROWS + APPENDS + UPSERTS + 1
        grown = new.replace(f"C2:C{last}", f"C2:C{ROWS + 1}").replace(f"F2:F{last}", f"F2:F{ROWS + 1}")
        assert old.partition("</sheetData>")[2] == grown.partition("</sheetData>")[2]
    book = contents(after)["xl/workbook.xml"].decode()
    assert "slicerCache r:id" in book and "pivotCache cacheId" in book


def test_every_row_is_read_by_openpyxl_and_calamine(after: bytes) -> None:
    last = ROWS + APPENDS + UPSERTS + 1
    assert table_areas(after)[TABLE] == f"A1:F{last}"
    for cells in (by_openpyxl(after), by_calamine(after)):
        keys = [cells[HOME, row, 1] for row in range(2, last + 1)]
        assert keys[ROWS:] == [f"N-{n:04}" for n in range(APPENDS)] + [f"U-{n:04}" for n in range(UPSERTS)]
        amounts = [cells[HOME, row, 3] for row in range(2, last + 1)]
        assert amounts[ROWS:] == [n + (0.5 if n < UPSERTS else 0.25) for n in range(APPENDS)] + [1000] * UPSERTS
        assert cells[HOME, ROWS + 2, 2] == "=新"
    assert by_openpyxl(after)[HOME, last, 5] == ("f", f"={TABLE}[[#This Row],[金额]]*0.5")


def test_the_lint_finds_nothing_new(before: bytes, after: bytes) -> None:
    assert new_findings(before, after) == ()


@pytest.mark.validator
def test_the_validator_finds_nothing(before: bytes, after: bytes, tmp_path: Path) -> None:
    found = []
    for name, data in (("before", before), ("after", after)):
        path = tmp_path / f"{name}.xlsm"
        path.write_bytes(data)
        found.append(validate(path))
    assert found == [[], []]


@pytest.mark.libreoffice
def test_libreoffice_opens_it_and_its_totals_are_exact(after: bytes) -> None:
    saved = resaved({"after": after})
    assert "after" in saved, "LibreOffice cannot open the book"
    seen = by_calamine(saved["after"])
    amounts = [row * 10.25 for row in range(1, ROWS + 1)] + [1000.0] * UPSERTS
    amounts += [n + (0.5 if n < UPSERTS else 0.25) for n in range(APPENDS)]
    total = sum(amounts)
    shown = [seen["看板", row, 1] for row in range(1, 5)]
    assert shown == [total, len(amounts), total / 2, total]
