"""xlwings Lite's code in a workbook: found by an independent reader, kept through every later change, nothing else touched."""

from __future__ import annotations

import io
import json
import posixpath
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from addin.embedding import CodeUnreadable, embed, embedded, remove
from tests.fidelity.demanding import LITE_CODE, demanding
from tests.fidelity.packing import described, zip64
from tests.ooxml.books import edited, member, partners, raw_members, rezipped, small
from tests.validator import validate
from workbook.errors import AppendRefused, NotAWorkbook
from workbook.evaluating import evaluate_book, local_now
from workbook.ooxml import Book
from workbook.ooxml.lint import lint, new_findings

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
MICROSOFT = "http://schemas.microsoft.com/office/2011/relationships/"
WE = "{http://schemas.microsoft.com/office/webextensions/webextension/2010/11}"
WETP = "{http://schemas.microsoft.com/office/webextensions/taskpanes/2010/11}"
TYPES = {
    "webextension": "application/vnd.ms-office.webextension+xml",
    "webextensiontaskpanes": "application/vnd.ms-office.webextensiontaskpanes+xml",
}
CODE = "import xlwings as xw\n\n\nprint(\"你好 & <b> 'quoted'\ttab\")\n"
NEEDS = "xlwings==0.37.8\nnumpy\n"


def followed(data: bytes) -> list[dict[str, Any]]:
    """Every web extension that a reader finds from the package's root, with zipfile and ElementTree alone."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = {
            e.get("PartName"): e.get("ContentType")
            for e in ElementTree.fromstring(archive.read("[Content_Types].xml"))
            if e.get("PartName")
        }

        def led(owner: str, kind: str) -> dict[str, str]:
            folder, name = posixpath.split(owner)
            rels = posixpath.join(folder, "_rels", f"{name}.rels")
            if rels not in archive.namelist():
                return {}
            tree = ElementTree.fromstring(archive.read(rels))
            return {
                str(e.get("Id")): posixpath.normpath(posixpath.join("/", folder, str(e.get("Target")))).lstrip("/")
                for e in tree.iter(RELATIONSHIPS)
                if e.get("Type") == MICROSOFT + kind
            }

        for panes in led("", "webextensiontaskpanes").values():
            assert types[f"/{panes}"] == TYPES["webextensiontaskpanes"]
            parts = led(panes, "webextension")
            for pane in ElementTree.fromstring(archive.read(panes)).iter(f"{WETP}taskpane"):
                reference = pane.find(f"{WETP}webextensionref")
                assert reference is not None
                part = parts[reference.attrib[R_ID]]
                assert types[f"/{part}"] == TYPES["webextension"]
                root = ElementTree.fromstring(archive.read(part))
                store = root.find(f"{WE}reference")
                assert store is not None
                found.append(
                    {
                        "part": part,
                        "id": store.get("id"),
                        "kind": store.get("storeType"),
                        "order": [child.tag.removeprefix(WE) for child in root],
                        "properties": {p.get("name"): p.get("value") for p in root.iter(f"{WE}property")},
                    }
                )
    return found


def untouched_but(before: bytes, after: bytes, changed: set[str], new: set[str], gone: set[str] | None = None) -> None:
    """Every other member lies there with the same raw bytes, in the same order, before all new ones."""
    old, now = raw_members(before), raw_members(after)
    kept = [name for name in old if name not in (gone or set())]
    assert list(now) == [*kept, *[name for name in now if name in new]]
    assert set(now) - set(kept) == new
    assert {name for name in kept if old[name] != now[name]} == changed
    with zipfile.ZipFile(io.BytesIO(after)) as archive:
        assert archive.testzip() is None


LISTS = {"[Content_Types].xml", "_rels/.rels"}
LITE_PARTS = {
    "xl/webextensions/webextension1.xml",
    "xl/webextensions/taskpanes.xml",
    "xl/webextensions/_rels/taskpanes.xml.rels",
}


def other_addin(data: bytes, prefix: str = "wetp") -> bytes:
    """The book with another add-in, written by other tools: own prefixes, absolute targets, a relation id in use."""
    space = "http://schemas.microsoft.com/office/webextensions"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    extension = (
        f'{HEAD}<x:webextension xmlns:x="{space}/webextension/2010/11" id="{{00000000-0000-4000-8000-00000000000B}}">'
        '<x:reference id="wa104381504" version="2.0.0.0" store="zh-CN" storeType="OMEX"/><x:alternateReferences/>'
        f'<x:properties><x:property name="main.py" value="&quot;of another&quot;"/></x:properties><x:bindings/><x:snapshot xmlns:r="{office}"/></x:webextension>'
    )
    panes = (
        f'{HEAD}<{prefix}:taskpanes xmlns:{prefix}="{space}/taskpanes/2010/11"><{prefix}:taskpane dockstate="right" visibility="1" '
        f'width="350" row="1"><{prefix}:webextensionref xmlns:r="{office}" r:id="rId1"/></{prefix}:taskpane></{prefix}:taskpanes>'
    )
    rels = (
        f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{MICROSOFT}webextension" Target="/xl/webextensions/webextension1.xml"/></Relationships>'
    )
    override = '<Override PartName="/{}" ContentType="{}"/>'
    types = member(data, "[Content_Types].xml").replace(
        "</Types>",
        override.format("xl/webextensions/webextension1.xml", TYPES["webextension"])
        + override.format("xl/webextensions/taskpanes.xml", TYPES["webextensiontaskpanes"])
        + "</Types>",
    )
    root = member(data, "_rels/.rels").replace(
        "</Relationships>",
        f'<Relationship Id="rIdOther" Type="{MICROSOFT}webextensiontaskpanes" Target="/xl/webextensions/taskpanes.xml"/></Relationships>',
    )
    return rezipped(
        data,
        {
            "[Content_Types].xml": types.encode(),
            "_rels/.rels": root.encode(),
            "xl/webextensions/webextension1.xml": extension.encode(),
            "xl/webextensions/taskpanes.xml": panes.encode(),
            "xl/webextensions/_rels/taskpanes.xml.rels": rels.encode(),
        },
    )


# --- a book without any add-in ---------------------------------------------------------------------------------------


def test_the_code_is_found_from_the_root_of_the_package_as_lite_would() -> None:
    [found] = followed(embed(partners(), CODE, NEEDS))
    assert (found["id"], found["kind"]) == ("wa200008175", "OMEX")
    assert found["order"] == ["reference", "alternateReferences", "properties", "bindings", "snapshot"]
    assert {name: json.loads(value) for name, value in found["properties"].items()} == {
        "main.py": CODE,
        "requirements.txt": NEEDS,
    }


def test_all_other_parts_lie_there_byte_for_byte() -> None:
    before = partners()
    untouched_but(before, embed(before, CODE, NEEDS), LISTS, LITE_PARTS)


def test_the_book_opens_and_the_lint_finds_nothing_new(tmp_path: Path) -> None:
    before = partners()
    after = embed(before, CODE, NEEDS)
    assert new_findings(before, after) == ()
    rows = [
        [tuple(row) for row in openpyxl.load_workbook(io.BytesIO(data), read_only=True)["登记 表"].values]
        for data in (before, after)
    ]
    assert rows[0] == rows[1] and rows[0]


@pytest.mark.validator
def test_the_open_xml_validator_has_nothing_to_say(tmp_path: Path) -> None:
    plain, made = tmp_path / "plain.xlsx", tmp_path / "made.xlsx"
    plain.write_bytes(partners())
    made.write_bytes(embed(partners(), CODE, NEEDS))
    assert validate(made) == validate(plain)
    made.write_bytes(
        edited(embed(partners(), CODE, NEEDS), "xl/webextensions/webextension1.xml", "we:bindings", "we:x")
    )
    assert validate(made) != validate(plain), "it reads these parts"


def test_the_same_book_and_code_give_the_same_bytes() -> None:
    before = partners()
    assert embed(before, CODE, NEEDS) == embed(before, CODE, NEEDS)


@pytest.mark.parametrize(
    "code",
    ["", "\n\r\n\r\t x", "\x00\x01\x0b\x1f\x7f\x85", "\ufffe\uffff", "\ud800 alone", "𠮷 😀  ", '"]]>&amp;&#10;<!--\\n\\u0041', "\u200b\ufeff"],
    ids=["empty", "line ends", "controls", "non-characters", "lone surrogate", "astral", "markup", "invisible"],
)  # fmt: skip
def test_every_character_survives(code: str) -> None:
    data = embed(small(), code, NEEDS)
    assert embedded(data) == (code, NEEDS)
    [found] = followed(data)
    assert json.loads(found["properties"]["main.py"]) == code


def test_a_book_without_it_has_none() -> None:
    assert embedded(partners()) is None


@pytest.mark.parametrize("packing", [described, zip64], ids=["streamed", "zip64"])
def test_archives_of_other_programs_take_it_too(packing: Any) -> None:
    before = packing(partners())
    after = embed(before, CODE, NEEDS)
    assert embedded(after) == (CODE, NEEDS)
    untouched_but(before, after, LISTS, LITE_PARTS)
    assert embedded(embed(after, CODE + "#", NEEDS)) == (CODE + "#", NEEDS)


# --- again ----------------------------------------------------------------------------------------------------------


def test_the_same_code_again_changes_no_byte() -> None:
    once = embed(partners(), CODE, NEEDS)
    assert embed(once, CODE, NEEDS) == once


def test_other_code_takes_the_place_of_the_first() -> None:
    once = embed(partners(), CODE, NEEDS)
    twice = embed(once, "x = 1\n", "xlwings==0.37.8\n")
    assert embedded(twice) == ("x = 1\n", "xlwings==0.37.8\n")
    untouched_but(once, twice, {"xl/webextensions/webextension1.xml"}, set())
    assert len(followed(twice)) == 1


def test_what_lite_itself_wrote_beside_the_code_stays() -> None:
    """A book that Lite saved: its number in capitals, settings of its own, and text that is not in ASCII."""
    saved = edited(demanding(), "xl/webextensions/webextension1.xml", "wa200008175", "WA200008175")
    saved = edited(
        saved,
        "xl/webextensions/webextension1.xml",
        "</we:properties>",
        '<we:property name="appMode" value="true"/></we:properties>',
    )
    assert embedded(saved) == (LITE_CODE, "xlwings==0.37.8\n")
    assert embed(saved, LITE_CODE, "xlwings==0.37.8\n") == saved
    after = embed(saved, CODE, NEEDS)
    [found] = followed(after)
    assert list(found["properties"]) == ["main.py", "requirements.txt", "appMode"]
    assert found["properties"]["appMode"] == "true"
    assert embedded(after) == (CODE, NEEDS)
    untouched_but(saved, after, {"xl/webextensions/webextension1.xml"}, set())


@pytest.mark.parametrize(
    ("pattern", "new"),
    [("<we:properties>.*</we:properties>", ""), ("<we:properties>.*</we:properties>", "<we:properties/>")],
    ids=["without", "empty"],
)
def test_lite_that_was_only_opened_gets_its_code(pattern: str, new: str) -> None:
    opened = edited(demanding(), "xl/webextensions/webextension1.xml", pattern, new)
    assert embedded(opened) is None
    [found] = followed(embed(opened, CODE, NEEDS))
    assert found["order"] == ["reference", "alternateReferences", "properties", "bindings", "snapshot"]
    assert json.loads(found["properties"]["main.py"]) == CODE


def test_what_is_no_text_is_told_and_can_be_replaced() -> None:
    for value in ("{", "5"):
        broken = edited(
            embed(small(), CODE, NEEDS), "xl/webextensions/webextension1.xml", '"main.py" value="[^"]*"', f'"main.py" value="{value}"'
        )  # fmt: skip
        with pytest.raises(CodeUnreadable, match=r"main\.py"):
            embedded(broken)
        assert embedded(embed(broken, CODE, NEEDS)) == (CODE, NEEDS)


# --- beside other add-ins --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["wetp", "p"])
def test_another_add_in_stays_and_keeps_its_code(prefix: str) -> None:
    before = other_addin(partners(), prefix)
    assert embedded(before) is None
    after = embed(before, CODE, NEEDS)
    assert embedded(after) == (CODE, NEEDS)
    other, ours = followed(after)
    assert (other["id"], other["properties"]) == ("wa104381504", {"main.py": '"of another"'})
    assert (ours["id"], ours["part"]) == ("wa200008175", "xl/webextensions/webextension2.xml")
    changed = {"[Content_Types].xml", "xl/webextensions/taskpanes.xml", "xl/webextensions/_rels/taskpanes.xml.rels"}
    untouched_but(before, after, changed, {"xl/webextensions/webextension2.xml"})
    assert new_findings(before, after) == ()
    assert embed(after, CODE, NEEDS) == after
    assert followed(embed(after, "x = 1", NEEDS))[0] == other


@pytest.mark.validator
def test_the_validator_accepts_two_add_ins(tmp_path: Path) -> None:
    before, after = tmp_path / "before.xlsx", tmp_path / "after.xlsx"
    before.write_bytes(other_addin(partners(), "p"))
    after.write_bytes(embed(other_addin(partners(), "p"), CODE, NEEDS))
    assert validate(after) == validate(before)


def test_task_panes_that_lost_their_relations_are_used_all_the_same() -> None:
    bare = rezipped(other_addin(partners()), {"xl/webextensions/_rels/taskpanes.xml.rels": None})
    bare = edited(bare, "xl/webextensions/taskpanes.xml", "<wetp:taskpane .*</wetp:taskpane>", "")
    [found] = followed(embed(bare, CODE, NEEDS))
    assert found["part"] == "xl/webextensions/webextension2.xml"


# --- taking it out ---------------------------------------------------------------------------------------------------


def test_removing_leaves_no_trace() -> None:
    before = partners()
    after = remove(embed(before, CODE, NEEDS))
    assert embedded(after) is None
    assert followed(after) == []
    assert not [name for name in raw_members(after) if "webextension" in name]
    assert all("webextension" not in member(after, name) for name in LISTS)
    assert {name: member(after, name) for name in LISTS} == {name: member(before, name) for name in LISTS}
    assert new_findings(before, after) == ()
    assert remove(after) == after and remove(before) == before


def test_removing_leaves_the_other_add_in() -> None:
    before = other_addin(partners())
    with_both = embed(before, CODE, NEEDS)
    after = remove(with_both)
    assert followed(after) == followed(before)
    assert list(raw_members(after)) == list(raw_members(before))
    assert {name: member(after, name) for name in LISTS} == {name: member(before, name) for name in LISTS}
    assert remove(before) == before
    assert new_findings(before, after) == ()


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no zip", b"hello" * 100], ids=["empty", "cut", "text"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    for function in (embedded, remove, lambda d: embed(d, CODE, NEEDS)):
        with pytest.raises(NotAWorkbook):
            function(data)


def test_a_signed_book_is_refused() -> None:
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    signed = edited(
        embed(partners(), CODE, NEEDS),
        "_rels/.rels",
        "</Relationships>",
        f'<Relationship Id="rIdS" Type="{kind}" Target="_xmlsignatures/origin.sigs"/></Relationships>',
    )
    signed = edited(
        signed, r"[Content_Types].xml", "</Types>", '<Default Extension="sigs" ContentType="application/vnd.openxmlformats-package.digital-signature-origin"/></Types>'
    )  # fmt: skip
    signed = rezipped(signed, {"_xmlsignatures/origin.sigs": b""})
    for change in (lambda: embed(signed, "x", NEEDS), lambda: remove(signed)):
        with pytest.raises(AppendRefused, match="签名"):
            change()
    assert embedded(signed) == (CODE, NEEDS)


# --- the life of the book afterwards ---------------------------------------------------------------------------------


def test_the_code_survives_three_hundred_appends_with_updates_and_evaluations_between(sample: bytes) -> None:
    data = embed(sample, CODE, NEEDS)
    part = raw_members(data)["xl/webextensions/webextension1.xml"]
    for number in range(300):
        book = Book.read(data)
        book.append("candidates", [{"候选编号": f"C-9{number:03}", "企业名称": f"=追加 {number}", "状态": "已收到"}])
        if number % 50 == 10:
            book.update("candidates", "候选编号", {f"C-9{number:03}": {"备注": f"改 {number}"}})
        if number % 50 == 20:
            book.upsert(
                "candidates",
                "候选编号",
                [{"候选编号": f"C-9{number:03}", "备注": "改"}, {"候选编号": f"C-8{number:03}"}],
            )
        if number % 100 == 99:
            evaluate_book(book, local_now(book))
        data = book.to_bytes()
    assert embedded(data) == (CODE, NEEDS)
    assert raw_members(data)["xl/webextensions/webextension1.xml"] == part
    keys = [row.values["候选编号"] for row in Book.read(data).rows("candidates")]
    assert [key for key in keys if str(key).startswith("C-9")] == [f"C-9{n:03}" for n in range(300)]
    assert set(lint(data)) <= set(lint(sample))
    assert len(followed(data)) == 1


@pytest.fixture(scope="module")
def sample() -> bytes:
    """The sample workbook, as `partnerbook new --sample` makes it."""
    from workbook.build import new_workbook
    from workbook.sample import sample_rows

    return new_workbook(rows=sample_rows(1, today=date(2026, 11, 24)))
