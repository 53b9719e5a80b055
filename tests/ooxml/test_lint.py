"""What the lint promises: healthy books are silent, and each thing that Excel would repair is caught by its rule."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from tests.packages import rewrite
from tests.validator import validate
from workbook.ooxml.lint import lint, new_findings, rules

S1, T1, T2, WB = "xl/worksheets/sheet1.xml", "xl/tables/table1.xml", "xl/tables/table2.xml", "xl/workbook.xml"
CORPUS = Path(
    os.environ.get("PARTNERBOOK_CORPUS") or Path(__file__).parents[2].parent / "shared" / "data" / "excel-authored"
)


@pytest.fixture(scope="module")
def healthy() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("一")
        sheet.add_table("B2:D5", {"name": "stock", "columns": [
            {"header": "品名"}, {"header": "数\n量"}, {"header": "倍", "formula": "=stock[[#This Row],[数\n量]]*2"},
        ], "data": [["甲", 1], ["乙", 2], ["丙", 3]]})  # fmt: skip
        sheet.add_table(
            "F2:G4", {"name": "other", "columns": [{"header": "A"}, {"header": "B"}], "data": [["x", 1], ["y", 2]]}
        )
        sheet.merge_range("B20:C21", "并")
        sheet.merge_range("E20:F21", "并")
        sheet.data_validation("F3:F4", {"validate": "list", "source": ["x", "y"]})
        sheet.conditional_format(
            "C3:C5", {"type": "cell", "criteria": ">", "value": 1, "format": book.add_format({"bold": True})}
        )
        sheet.write_formula("I2", '=IF(SUM(stock[数\n量])>1,"a""(b","x")', None, "a")
        sheet.write_url("I3", "https://example.com")
        sheet.write_comment("I4", "note")
        sheet.write("I5", "文", book.add_format({"italic": True}))
        second = book.add_worksheet("二")
        second.write_formula("A1", "='一'!I2", None, "a")
        book.define_name("total", "=SUM('一'!$C$3:$C$5)")
    return out.getvalue()


def swap(old: str, new: str, count: int = 1) -> Callable[[bytes], bytes]:
    return lambda content: content.decode().replace(old, new, count).encode()


def swap_re(pattern: str, new: str) -> Callable[[bytes], bytes]:
    return lambda content: re.sub(pattern, new, content.decode(), count=1).encode()


def doubled_member(data: bytes) -> bytes:
    out = io.BytesIO(data)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr(T1, b"<x/>")
    return out.getvalue()


def damaged_member(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(T1)
    at = data.rindex(T1.encode()) - 46 + 16  # the CRC in the central directory
    assert info.CRC.to_bytes(4, "little") == data[at : at + 4]
    return data[:at] + b"\0\0\0\0" + data[at + 4 :]


CALC = '<?xml version="1.0"?><calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="A9" i="1"/></calcChain>'


def with_calc_chain(data: bytes) -> bytes:
    return rewrite(data, {
        "xl/calcChain.xml": CALC.encode(),
        "[Content_Types].xml": swap("</Types>", '<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"/></Types>'),
        "xl/_rels/workbook.xml.rels": swap("</Relationships>", '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain" Target="calcChain.xml"/></Relationships>'),
    })  # fmt: skip


# rule → what breaks it, each a copy of the healthy book with one fault
MUTANTS: dict[str, list[Callable[[bytes], bytes]]] = {
    "package": [lambda d: b"PK no zip", lambda d: d[: len(d) // 2], lambda d: rewrite(d, {WB: b"<workbook"})],
    "xml": [lambda d: rewrite(d, {S1: swap("</sheetData>", "")}), lambda d: rewrite(d, {T1: swap("<table ", "<!DOCTYPE t><table ")}), lambda d: rewrite(d, {T1: lambda c: c.replace("品名".encode(), b"\xef\xbf\xbe")})],
    "members": [doubled_member, damaged_member],
    "content-types": [lambda d: rewrite(d, {"[Content_Types].xml": swap_re('<Override PartName="/xl/tables/table1.xml"[^>]*>', ""), "xl/extra.bin": b"x"}), lambda d: rewrite(d, {"[Content_Types].xml": swap("/xl/tables/table1.xml", "/xl/tables/table9.xml")})],
    "relationships": [lambda d: rewrite(d, {"xl/worksheets/_rels/sheet1.xml.rels": swap("table1.xml", "table7.xml")}), lambda d: rewrite(d, {"xl/_rels/workbook.xml.rels": swap('Id="rId2"', 'Id="rId1"')})],
    "relationship-ids": [lambda d: rewrite(d, {S1: swap_re('<tablePart r:id="rId\\d+"', '<tablePart r:id="rId77"')})],
    "sheet-names": [lambda d: rewrite(d, {WB: swap('name="二"', 'name="一"')}), lambda d: rewrite(d, {WB: swap('name="二"', f'name="{"长" * 32}"')}), lambda d: rewrite(d, {WB: swap('name="二"', 'name="a/b"')})],
    "header-cells": [lambda d: rewrite(d, {T1: swap('name="品名"', 'name="货名"')}), lambda d: rewrite(d, {S1: swap_re('<c r="B2"[^>]*><v>\\d+</v></c>', '<c r="B2"><v>5</v></c>')}), lambda d: rewrite(d, {S1: swap_re('<c r="B2"[^>]*><v>\\d+</v></c>', "")})],
    "column-names": [lambda d: rewrite(d, {T2: swap('name="B"', 'name="a"')}), lambda d: rewrite(d, {T2: swap('<tableColumn id="2"', '<tableColumn id="1"')})],
    "table-ids": [lambda d: rewrite(d, {T2: swap(' id="2" name', ' id="1" name')})],
    "table-names": [lambda d: rewrite(d, {T2: swap('displayName="other"', 'displayName="STOCK"')}), lambda d: rewrite(d, {T2: swap('displayName="other"', 'displayName="Total"')}), lambda d: rewrite(d, {T2: swap('displayName="other"', 'displayName="AB12"')}), lambda d: rewrite(d, {T2: swap('displayName="other"', 'displayName="R1C1"')}), lambda d: rewrite(d, {T2: swap('displayName="other"', 'displayName="two words"')})],
    "table-width": [lambda d: rewrite(d, {T2: swap('ref="F2:G4"', 'ref="F2:H4"', 2)}), lambda d: rewrite(d, {T2: swap('ref="F2:G4"', 'ref="F2:G2"', 2)}), lambda d: rewrite(d, {T2: swap('tableColumns count="2"', 'tableColumns count="3"')})],
    "table-overlap": [lambda d: rewrite(d, {T2: swap('ref="F2:G4"', 'ref="D2:E4"', 2)}), lambda d: rewrite(d, {S1: swap('<mergeCell ref="B20:C21"', '<mergeCell ref="B4:C4"')})],
    "table-filter": [lambda d: rewrite(d, {T2: swap('<autoFilter ref="F2:G4"', '<autoFilter ref="F2:G9"')})],
    "list-literals": [lambda d: rewrite(d, {S1: swap("<formula1>\"x,y\"</formula1>", f'<formula1>"{"x" * 256}"</formula1>')})],
    "formulas": [lambda d: rewrite(d, {S1: swap('x")</f>', 'x"</f>')}), lambda d: rewrite(d, {S1: swap('"a""(b"', '"a""(b')}), lambda d: rewrite(d, {WB: swap("$C$5)", "$C$5+")})],
    "table-references": [lambda d: rewrite(d, {S1: swap("SUM(stock[数", "SUM(stock[缺")}), lambda d: rewrite(d, {S1: swap("SUM(stock[", "SUM(gone[")}), lambda d: rewrite(d, {T1: swap("[[#This Row],[数", "[@[数")})],
    "cell-order": [lambda d: rewrite(d, {S1: swap('<row r="3"', '<row r="6"')}), lambda d: rewrite(d, {S1: swap('<c r="C3"', '<c r="B3"')}), lambda d: rewrite(d, {S1: swap('<c r="C3"', '<c r="A3"')}), lambda d: rewrite(d, {S1: swap('<c r="C3"', '<c r="C9"')})],
    "shared-formulas": [lambda d: rewrite(d, {S1: swap_re('<c r="D3"[^>]*><f>', '<c r="D3"><f t="shared" si="0">')}), lambda d: rewrite(d, {S1: swap_re('<c r="D3"[^>]*><f>', '<c r="D3"><f t="shared" si="0" ref="A1:A2">')})],
    "styles": [lambda d: rewrite(d, {S1: swap('<c r="B3"', '<c r="B3" s="99"')}), lambda d: rewrite(d, {S1: swap('dxfId="0"', 'dxfId="9"')}), lambda d: rewrite(d, {T1: swap('<tableColumn id="1"', '<tableColumn id="1" dataDxfId="9"')})],
    "strings": [lambda d: rewrite(d, {S1: swap_re('(<c r="B3"[^>]*><v>)\\d+', "\\g<1>999")}), lambda d: rewrite(d, {S1: swap_re('<c r="B3"[^>]*>.*?</c>', '<c r="B3" t="inlineStr"/>')}), lambda d: rewrite(d, {S1: swap_re('<c r="B3"[^>]*>.*?</c>', f'<c r="B3" t="inlineStr"><is><t>{"长" * 32_768}</t></is></c>')})],
    "calc-chain": [with_calc_chain],
    "defined-names": [lambda d: rewrite(d, {WB: swap("</definedNames>", '<definedName name="TOTAL">1</definedName></definedNames>')}), lambda d: rewrite(d, {WB: swap('name="total"', 'name="A1"')}), lambda d: rewrite(d, {WB: swap('name="total"', 'name="total" localSheetId="7"')})],
    "merged-cells": [lambda d: rewrite(d, {S1: swap('<mergeCell ref="E20:F21"', '<mergeCell ref="C21:F21"')})],
    "dimension": [lambda d: rewrite(d, {S1: swap_re('<dimension ref="[^"]*"', '<dimension ref="x"')})],
}  # fmt: skip


def test_a_healthy_book_is_silent(healthy: bytes) -> None:
    assert lint(healthy) == ()


def test_every_rule_has_a_mutant() -> None:
    assert set(MUTANTS) == set(rules())
    assert all(rules().values())


@pytest.mark.parametrize(("name", "number"), [(name, n) for name, made in MUTANTS.items() for n in range(len(made))])
def test_a_mutant_is_caught_by_its_rule(healthy: bytes, name: str, number: int) -> None:
    broken = MUTANTS[name][number](healthy)
    found = lint(broken)
    assert name in {finding.rule for finding in found}
    assert all(finding.where and finding.message for finding in found)
    assert new_findings(healthy, broken) == found


def test_what_was_wrong_before_is_not_new(healthy: bytes) -> None:
    broken = MUTANTS["dimension"][0](healthy)
    assert new_findings(broken, broken) == ()


def test_what_only_moved_is_not_new_but_one_more_of_its_kind_is(healthy: bytes) -> None:
    def with_formulas(*cells: str) -> bytes:
        rows = "".join(f'<row r="{c[1:]}"><c r="{c}"><f>SUM(1</f><v>1</v></c></row>' for c in cells)
        return rewrite(healthy, {S1: swap("</sheetData>", rows.replace("SUM(1", "SUM({}") + "</sheetData>")})

    def numbered(data: bytes) -> bytes:
        count = iter(range(1, 9))
        return rewrite(data, {S1: lambda c: re.sub(r"\{\}", lambda _: str(next(count)), c.decode()).encode()})

    before, moved = numbered(with_formulas("B30")), numbered(with_formulas("B42"))
    assert [finding.where for finding in lint(moved)] == ["一!B42"]
    assert new_findings(before, moved) == ()
    twice = numbered(with_formulas("B30", "B42"))
    assert [finding.where for finding in new_findings(before, twice)] == ["一!B42"]
    assert new_findings(before, MUTANTS["dimension"][0](before))


def test_prefixed_parts_are_read_alike(healthy: bytes) -> None:
    def prefixed(content: bytes) -> bytes:
        text = content.decode().replace(' xmlns="', ' xmlns:x="')
        return re.sub(r"<(/?)(?=[A-Za-z])(?!\w+:)", r"<\1x:", text).encode()

    assert lint(rewrite(healthy, {S1: prefixed, T1: prefixed, T2: prefixed})) == ()
    broken = rewrite(healthy, {S1: lambda c: prefixed(c).replace(b'<x:c r="C3"', b'<x:c r="B3"')})
    assert {f.rule for f in lint(broken)} == {"cell-order"}


def test_files_saved_by_excel_have_no_finding(healthy: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(CORPUS.rglob("*.xls[xm]")) if CORPUS.is_dir() else []
    found = {file.name: lint(file.read_bytes()) for file in files}
    with capsys.disabled():
        print(
            f"\nlint over {len(files)} workbooks that Excel and others saved: {sum(map(bool, found.values()))} with findings"
        )
    assert not {name: findings for name, findings in found.items() if findings}
    assert lint(healthy) == ()


@pytest.mark.validator
def test_the_validator_is_there_and_both_are_needed(healthy: bytes, tmp_path: Path) -> None:
    (tmp_path / "ok.xlsx").write_bytes(healthy)
    assert validate(tmp_path / "ok.xlsx") == []
    (tmp_path / "bad.xlsx").write_bytes(rewrite(healthy, {S1: swap("<sheetData>", "<bogus/><sheetData>")}))
    assert any("bogus" in error for error in validate(tmp_path / "bad.xlsx"))
    (tmp_path / "repair.xlsx").write_bytes(MUTANTS["header-cells"][0](healthy))
    assert validate(tmp_path / "repair.xlsx") == []  # Excel repairs this one; only the lint knows
