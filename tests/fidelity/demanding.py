"""Owns the book that holds what staff may have put into one: charts, slicer, threads, macros, ribbon, Lite code, a pivot.

XlsxWriter builds what it can; the parts that only Excel writes are laid into the package by hand, each with its content
type and its relationship.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import xlsxwriter

from tests.fidelity.packing import contents, packed

ROWS = 20
TABLE, HOME = "tblPartners", "登记"
LITE_CODE = 'import xlwings as xw\n\n\n@xw.script\ndef hello(book):\n\t"""说 "你好" & <more>."""\n    book.sheets[0]["A1"].value = \'ok\'\n'
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MICROSOFT = "http://schemas.microsoft.com/office"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WEB = f"{MICROSOFT}/webextensions"


def demanding() -> bytes:
    """The book, macro-enabled."""
    package = _Parts(contents(_by_xlsxwriter()))
    _custom_xml(package)
    _ribbon(package)
    _lite(package)
    _thread(package)
    _slicer(package)
    _pivot(package)
    package.add("xl/vendor/blob1.xml", f'{HEAD}<v:b xmlns:v="urn:vendor">留</v:b>', "application/vnd.vendor+xml")
    package.relate("xl/workbook.xml", "rIdVendor", "http://vendor.example/relationships/blob", "vendor/blob1.xml")
    _calculation_chain(package)
    return packed(package.members.items())


def _by_xlsxwriter() -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    book.add_vba_project(io.BytesIO(macros()), is_stream=True)
    sheets = {name: book.add_worksheet(name) for name in (HOME, "看板", "名单", "透视", "保护", "批注")}
    money, day = book.add_format({"num_format": "#,##0.00", "border": 1}), book.add_format({"num_format": "yyyy-mm-dd"})
    _home(book, sheets[HOME], money, day)
    _dashboard(book, sheets["看板"], sheets[HOME])
    sheets["名单"].add_table("A1:B4", {"name": "tblChoices", "columns": [{"header": "项"}, {"header": "分"}], "data": [["ok", 1], ["no", 2], ["?", 3]]})  # fmt: skip
    sheets["名单"].write_dynamic_array_formula("D1:D3", "=UNIQUE(A2:A4)", None, "ok")
    sheets["名单"].write_array_formula("F1:F3", "{=B2:B4*2}", None, 2)
    sheets["名单"].write_rich_string("H1", book.add_format({"bold": True}), "粗", "细")
    totals = [{"header": "问", "total_string": "合计"}, {"header": "分", "total_function": "sum", "total_value": 6}]
    sheets["保护"].add_table("A1:B5", {"name": "tblTotals", "total_row": True, "columns": totals, "data": [["a", 1], ["b", 2], ["c", 3]]})  # fmt: skip
    sheets["保护"].protect("pw")
    sheets["批注"].write("B2", "see thread")
    sheets["批注"].write_comment(
        "B2", "[Threaded comment] 请看", {"author": "tc={AAAAAAAA-2222-4333-8444-555555555555}"}
    )
    sheets["批注"].write_url("A7", "https://example.org/")
    book.close()
    return file.getvalue()


def _home(book: Any, sheet: Any, money: Any, day: Any) -> None:
    formula = f"={TABLE}[[#This Row],[金额]]*0.5"
    columns = [{"header": "编号"}, {"header": "名称"}, {"header": "金额", "format": money}, {"header": "日期", "format": day},
               {"header": "净额", "formula": formula, "format": money}, {"header": "状态"}]  # fmt: skip
    sheet.add_table(0, 0, ROWS, 5, {"name": TABLE, "columns": columns})
    for row in range(1, ROWS + 1):
        values = [f"P-{row:04}", f"公司 {row}", row * 10.25, 46000 + row]
        for column, value in enumerate(values):
            sheet.write(row, column, value, {2: money, 3: day}.get(column))
        sheet.write_formula(row, 4, formula, money, row * 5.125)
        sheet.write(row, 5, ("ok", "no")[row % 2])
    sheet.conditional_format(1, 2, ROWS, 2, {"type": "data_bar", "data_bar_2010": True})
    sheet.data_validation(1, 5, ROWS, 5, {"validate": "list", "source": "=名单!$A$2:$A$4"})
    sheet.write_comment("A1", "请勿改列名", {"author": "Staff"})
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_header("&L登记&RPage &P")
    sheet.insert_button("H1", {"macro": "Go", "caption": "Go"})
    book.define_name("Amounts", f"={HOME}!$C$2:$C${ROWS + 1}")


def _dashboard(book: Any, sheet: Any, home: Any) -> None:
    total = sum(row * 10.25 for row in range(1, ROWS + 1))
    for row, (formula, value) in enumerate([
        (f"=SUM({TABLE}[金额])", total), (f"=COUNTA({TABLE}[编号])", ROWS), (f"=SUM({TABLE}[净额])", total / 2), ("=SUM(Amounts)", total),
    ]):  # fmt: skip
        sheet.write_formula(row, 0, formula, None, value)
    chart = book.add_chart({"type": "column"})
    chart.add_series({
        "values": [HOME, 1, 2, ROWS, 2], "categories": [HOME, 1, 0, ROWS, 0],
        "trendline": {"type": "linear"}, "gradient": {"colors": ["#DDEBCF", "#9CB86E"]},
    })  # fmt: skip
    sheet.insert_chart("C2", chart)
    pie = book.add_chart({"type": "pie"})
    pie.add_series({"values": "=名单!$B$2:$B$4", "data_labels": {"percentage": True, "leader_lines": True}})
    sheet.insert_chart("C20", pie)
    sheet.insert_image("K2", "dot.png", {"image_data": io.BytesIO(_dot())})
    sheet.insert_textbox("K10", "Read me")
    sheet.add_sparkline("B1", {"range": f"{HOME}!C2:C{ROWS + 1}"})
    sheet.add_sparkline("B2", {"range": "名单!B2:B4"})


def _dot() -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\x14\x5a\xa0"))
        + chunk(b"IEND", b"")
    )


def macros() -> bytes:
    """The macro project of a book that Excel saved, or a stand-in of the same outer form where there is none."""
    folder = Path(
        os.environ.get("PARTNERBOOK_CORPUS") or Path(__file__).parents[2].parent / "shared" / "data" / "excel-authored"
    )
    file = folder / "xlsxwriter" / "macro01.xlsm"
    if file.exists():
        return contents(file.read_bytes())["xl/vbaProject.bin"]
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 12


# ---- parts that only Excel writes


@dataclass
class _Parts:
    """Members of a package, with the two lists that every part must stand in."""

    members: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, text: str, content_type: str = "") -> None:
        self.members[name] = text.encode()
        if content_type:
            self.insert(
                "[Content_Types].xml", "</Types>", f'<Override PartName="/{name}" ContentType="{content_type}"/>'
            )

    def relate(self, owner: str, identifier: str, kind: str, target: str) -> None:
        folder, _, name = owner.rpartition("/")
        rels = f"{folder}/_rels/{name}.rels".lstrip("/")
        empty = f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
        self.members.setdefault(rels, empty.encode())
        self.insert(rels, "</Relationships>", f'<Relationship Id="{identifier}" Type="{kind}" Target="{target}"/>')

    def insert(self, name: str, before: str, new: str) -> None:
        text = self.members[name].decode()
        assert before in text, f"{before} is not in {name}"
        self.members[name] = text.replace(before, new + before, 1).encode()

    def sheet(self, title: str) -> str:
        number = [HOME, "看板", "名单", "透视", "保护", "批注"].index(title) + 1
        return f"xl/worksheets/sheet{number}.xml"


def _custom_xml(package: _Parts) -> None:
    package.add("customXml/item1.xml", '<forms xmlns="urn:example:forms"><version>3</version></forms>')
    store = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
    properties = (
        f'{HEAD}<ds:datastoreItem ds:itemID="{{7D9A2B1C-0000-4000-8000-000000000001}}" xmlns:ds="{store}">'
        '<ds:schemaRefs><ds:schemaRef ds:uri="urn:example:forms"/></ds:schemaRefs></ds:datastoreItem>'
    )
    kind = "application/vnd.openxmlformats-officedocument.customXmlProperties+xml"
    package.add("customXml/itemProps1.xml", properties, kind)
    package.relate("customXml/item1.xml", "rId1", f"{OFFICE}/customXmlProps", "itemProps1.xml")
    package.relate("xl/workbook.xml", "rIdCustom", f"{OFFICE}/customXml", "../customXml/item1.xml")


def _ribbon(package: _Parts) -> None:
    package.add("customUI/customUI14.xml", f'<customUI xmlns="{MICROSOFT}/2009/07/customui"><ribbon><tabs><tab id="t" label="表单"><group id="g" label="G"><button id="b" label="Go" onAction="Go"/></group></tab></tabs></ribbon></customUI>')  # fmt: skip
    package.relate("", "rIdUi", f"{MICROSOFT}/2007/relationships/ui/extensibility", "customUI/customUI14.xml")


def _lite(package: _Parts) -> None:
    """The code of xlwings Lite, as the task pane keeps it: JSON text in a property of its web extension."""
    properties = {"main.py": LITE_CODE, "requirements.txt": "xlwings==0.37.8\n"}
    told = "".join(
        f"<we:property name={quoteattr(name)} value={quoteattr(json.dumps(text, ensure_ascii=False))}/>"
        for name, text in properties.items()
    )
    extension = (
        f'{HEAD}<we:webextension xmlns:we="{_WEB}/webextension/2010/11" id="{{5B0F3A9E-0000-4000-8000-0000000000AA}}">'
        '<we:reference id="wa200008175" version="1.0.0.0" store="en-US" storeType="OMEX"/><we:alternateReferences/>'
        f'<we:properties>{told}</we:properties><we:bindings/><we:snapshot xmlns:r="{OFFICE}"/></we:webextension>'
    )
    panes = (
        f'{HEAD}<wetp:taskpanes xmlns:wetp="{_WEB}/taskpanes/2010/11"><wetp:taskpane dockstate="right" visibility="0" '
        f'width="350" row="4"><wetp:webextensionref xmlns:r="{OFFICE}" r:id="rId1"/></wetp:taskpane></wetp:taskpanes>'
    )
    package.add("xl/webextensions/webextension1.xml", extension, "application/vnd.ms-office.webextension+xml")
    package.add("xl/webextensions/taskpanes.xml", panes, "application/vnd.ms-office.webextensiontaskpanes+xml")
    package.relate(
        "xl/webextensions/taskpanes.xml", "rId1", f"{MICROSOFT}/2011/relationships/webextension", "webextension1.xml"
    )
    package.relate(
        "", "rIdPanes", f"{MICROSOFT}/2011/relationships/webextensiontaskpanes", "xl/webextensions/taskpanes.xml"
    )


def _thread(package: _Parts) -> None:
    space = f"{MICROSOFT}/spreadsheetml/2018/threadedcomments"
    person, first = "{11111111-2222-4333-8444-555555555555}", "{AAAAAAAA-2222-4333-8444-555555555555}"
    comment = f'<threadedComment ref="B2" dT="2026-01-02T10:00:00.00" personId="{person}" id='
    package.add(
        "xl/threadedComments/threadedComment1.xml",
        f'{HEAD}<ThreadedComments xmlns="{space}">{comment}"{first}"><text>请看</text></threadedComment>'
        f'{comment}"{{BBBBBBBB-2222-4333-8444-555555555555}}" parentId="{first}"><text>好</text></threadedComment></ThreadedComments>',
        "application/vnd.ms-excel.threadedcomments+xml",
    )
    package.add(
        "xl/persons/person.xml",
        f'{HEAD}<personList xmlns="{space}"><person displayName="Staff" id="{person}" userId="s" providerId="None"/></personList>',
        "application/vnd.ms-excel.person+xml",
    )
    kinds = f"{MICROSOFT}/2017/10/relationships"
    package.relate("xl/workbook.xml", "rIdPerson", f"{kinds}/person", "persons/person.xml")
    package.relate(
        package.sheet("批注"), "rIdThread", f"{kinds}/threadedComment", "../threadedComments/threadedComment1.xml"
    )


def _slicer(package: _Parts) -> None:
    """A slicer for 状态 on the dashboard: cache, slicer, its frame in the drawing, and the lists that name them."""
    new, later = f"{MICROSOFT}/spreadsheetml/2009/9/main", f"{MICROSOFT}/spreadsheetml/2010/11/main"
    kinds, types = f"{MICROSOFT}/2007/relationships", "application/vnd.ms-excel"
    package.add(
        "xl/slicerCaches/slicerCache1.xml",
        f'{HEAD}<slicerCacheDefinition xmlns="{new}" name="Slicer_State" sourceName="状态"><extLst>'
        f'<x:ext xmlns:x="{MAIN}" uri="{{2F2917AC-EB37-4324-AD4E-5DD8C200BD13}}" xmlns:x15="{later}">'
        '<x15:tableSlicerCache tableId="1" column="6"/></x:ext></extLst></slicerCacheDefinition>',
        f"{types}.slicerCache+xml",
    )
    package.add(
        "xl/slicers/slicer1.xml",
        f'{HEAD}<slicers xmlns="{new}"><slicer name="State" cache="Slicer_State" caption="状态" rowHeight="241300"/></slicers>',
        f"{types}.slicer+xml",
    )
    package.relate("xl/workbook.xml", "rIdCache", f"{kinds}/slicerCache", "slicerCaches/slicerCache1.xml")
    dashboard = package.sheet("看板")
    package.relate(dashboard, "rIdSlicer", f"{kinds}/slicer", "../slicers/slicer1.xml")
    relation = f'xmlns:r="{OFFICE}"'
    package.insert(
        dashboard,
        "</extLst>",
        f'<ext uri="{{3A4CF648-6AED-40f4-86FF-DC5316D8AED3}}" xmlns:x14="{new}" {relation}><x14:slicerList>'
        '<x14:slicer r:id="rIdSlicer"/></x14:slicerList></ext>',
    )
    package.insert(
        "xl/workbook.xml",
        "</workbook>",
        f'<extLst><ext uri="{{46BE6895-7355-4a93-B00E-2C351335B9C9}}" xmlns:x15="{later}"><x15:slicerCaches xmlns:x14="{new}" '
        f'{relation}><x14:slicerCache r:id="rIdCache"/></x15:slicerCaches></ext></extLst>',
    )
    package.insert(_drawing_of(package, dashboard), "</xdr:wsDr>", _slicer_frame())


def _drawing_of(package: _Parts, sheet: str) -> str:
    rels = package.members[sheet.replace("worksheets/", "worksheets/_rels/") + ".rels"].decode()
    found = re.search(r'Target="\.\./drawings/(drawing\d+\.xml)"', rels)
    assert found
    return f"xl/drawings/{found[1]}"


def _slicer_frame() -> str:
    kind = f"{MICROSOFT}/drawing"
    corner = "<xdr:col>{}</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{}</xdr:row><xdr:rowOff>0</xdr:rowOff>"
    frame = (
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="99" name="State"/><xdr:cNvGraphicFramePr/>'
        '</xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/></xdr:xfrm><a:graphic>'
        f'<a:graphicData uri="{kind}/2010/slicer"><sle:slicer xmlns:sle="{kind}/2010/slicer" name="State"/>'
        "</a:graphicData></a:graphic></xdr:graphicFrame>"
    )
    return (
        f"<xdr:twoCellAnchor><xdr:from>{corner.format(12, 2)}</xdr:from><xdr:to>{corner.format(15, 12)}</xdr:to>"
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        f'xmlns:sle15="{kind}/2012/slicer"><mc:Choice Requires="sle15">{frame}</mc:Choice><mc:Fallback>'
        '<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="98" name="old"/><xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr></xdr:sp></mc:Fallback></mc:AlternateContent>'
        "<xdr:clientData/></xdr:twoCellAnchor>"
    )


def _pivot(package: _Parts) -> None:
    """A pivot of 金额 by 状态 over the table, with its cache and records."""
    names = ("编号", "名称", "金额", "日期", "净额", "状态")
    shared = {"状态": '<sharedItems count="2"><s v="no"/><s v="ok"/></sharedItems>', "金额": '<sharedItems containsSemiMixedTypes="0" containsString="0" containsNumber="1"/>'}  # fmt: skip
    fields = "".join(
        f'<cacheField name="{n}" numFmtId="0">{shared.get(n, "<sharedItems/>")}</cacheField>' for n in names
    )
    package.add(
        "xl/pivotCache/pivotCacheDefinition1.xml",
        f'{HEAD}<pivotCacheDefinition xmlns="{MAIN}" xmlns:r="{OFFICE}" r:id="rId1" refreshedBy="Staff" recordCount="2">'
        f'<cacheSource type="worksheet"><worksheetSource name="{TABLE}"/></cacheSource>'
        f'<cacheFields count="6">{fields}</cacheFields></pivotCacheDefinition>',
        f"{SHEET_TYPE}.pivotCacheDefinition+xml",
    )
    record = '<r><s v="P-0001"/><s v="公司"/><n v="10.25"/><n v="46001"/><n v="5.125"/><x v="{}"/></r>'
    package.add(
        "xl/pivotCache/pivotCacheRecords1.xml",
        f'{HEAD}<pivotCacheRecords xmlns="{MAIN}" count="2">{record.format(0)}{record.format(1)}</pivotCacheRecords>',
        f"{SHEET_TYPE}.pivotCacheRecords+xml",
    )
    plain = '<pivotField showAll="0"/>'
    axis = '<pivotField axis="axisRow" showAll="0"><items count="3"><item x="0"/><item x="1"/><item t="default"/></items></pivotField>'
    package.add(
        "xl/pivotTables/pivotTable1.xml",
        f'{HEAD}<pivotTableDefinition xmlns="{MAIN}" name="Pivot1" cacheId="1" dataCaption="值">'
        '<location ref="A3:B6" firstHeaderRow="1" firstDataRow="1" firstDataCol="1"/>'
        f'<pivotFields count="6">{plain * 2}<pivotField dataField="1" showAll="0"/>{plain * 2}{axis}</pivotFields>'
        '<rowFields count="1"><field x="5"/></rowFields><rowItems count="3"><i><x/></i><i><x v="1"/></i><i t="grand"><x/></i></rowItems>'
        '<colItems count="1"><i/></colItems><dataFields count="1"><dataField name="求和" fld="2"/></dataFields>'
        "</pivotTableDefinition>",
        f"{SHEET_TYPE}.pivotTable+xml",
    )
    cache = "pivotCache/pivotCacheDefinition1.xml"
    package.relate("xl/workbook.xml", "rIdPivot", f"{OFFICE}/pivotCacheDefinition", cache)
    package.relate(f"xl/{cache}", "rId1", f"{OFFICE}/pivotCacheRecords", "pivotCacheRecords1.xml")
    package.relate("xl/pivotTables/pivotTable1.xml", "rId1", f"{OFFICE}/pivotCacheDefinition", f"../{cache}")
    package.relate(package.sheet("透视"), "rIdPivot", f"{OFFICE}/pivotTable", "../pivotTables/pivotTable1.xml")
    package.insert(
        "xl/workbook.xml", "<extLst>", '<pivotCaches><pivotCache cacheId="1" r:id="rIdPivot"/></pivotCaches>'
    )


def _calculation_chain(package: _Parts) -> None:
    """Excel always writes one; it names every cell with a formula on the first sheet."""
    sheet = package.members[package.sheet(HOME)].decode()
    cells = "".join(f'<c r="{name}" i="1"/>' for name in re.findall(r'<c r="([A-Z]+\d+)"[^>]*><f>', sheet))
    package.add(
        "xl/calcChain.xml", f'{HEAD}<calcChain xmlns="{MAIN}">{cells}</calcChain>', f"{SHEET_TYPE}.calcChain+xml"
    )
    package.relate("xl/workbook.xml", "rIdChain", f"{OFFICE}/calcChain", "calcChain.xml")
