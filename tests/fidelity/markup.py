"""Owns the ways in which programs write the same XML: every variant means what the given book means."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.fidelity.packing import contents, described, packed, shuffled, stored, zip64
from tests.packages import rewrite

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_TABLE = re.compile(r"xl/tables/[^/]+\.xml")
_BOOK = re.compile(r"xl/workbook\.xml")
Text = Callable[[str], str]


def _changed(data: bytes, change: Text, *parts: re.Pattern[str], encoding: str = "utf-8") -> bytes:
    """The book with each part of these names rewritten; at least one must change."""
    members = contents(data)
    count = 0
    for name, content in members.items():
        if any(part.fullmatch(name) for part in parts):
            new = change(content.decode().removeprefix("\ufeff")).encode(encoding)
            count += new != content
            members[name] = new
    assert count, "the variant changes nothing"
    return packed(members.items())


def prefixed(data: bytes) -> bytes:
    """x: before every element of the main namespace, in sheets, tables and the workbook."""

    def change(text: str) -> str:
        text = text.replace(f'xmlns="{_MAIN}"', f'xmlns:x="{_MAIN}"')
        return re.sub(r"<(/?)(?=[A-Za-z])(?![\w.-]+:)", r"<\1x:", text)

    return _changed(data, change, _SHEET, _TABLE, _BOOK)


def strict(data: bytes) -> bytes:
    """The namespaces of strict Open XML."""
    swap = {
        _MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "http://purl.oclc.org/ooxml/officeDocument/relationships",
        "http://schemas.openxmlformats.org/drawingml/2006/": "http://purl.oclc.org/ooxml/drawingml/",
    }

    def change(text: str) -> str:
        for old, new in swap.items():
            text = text.replace(old, new)
        return text

    return _changed(data, change, re.compile(r".*\.(xml|rels)"))


def utf16(data: bytes, *, big_endian: bool = False) -> bytes:
    """Sheets and tables in UTF-16 with a byte order mark."""
    mark = "\ufeff" if big_endian else ""

    def change(text: str) -> str:
        bare = re.sub(r"<\?xml.*?\?>\s*", "", text, count=1)
        return f'{mark}<?xml version="1.0" encoding="UTF-16" standalone="yes"?>\n{bare}'

    return _changed(data, change, _SHEET, _TABLE, encoding="utf-16-be" if big_endian else "utf-16")


def marked(data: bytes) -> bytes:
    """A byte order mark before UTF-8."""
    return _changed(data, lambda text: "\ufeff" + text, _SHEET, _TABLE, _BOOK)


def single_quoted(data: bytes) -> bytes:
    """Apostrophes around attributes."""

    def tag(found: re.Match[str]) -> str:
        return re.sub(r'="([^"]*)"', lambda one: "='" + one[1].replace("'", "&apos;") + "'", found[0])

    return _changed(data, lambda text: re.sub(r"<[A-Za-z][^>]*>", tag, text), _SHEET, _TABLE, _BOOK)


def unnumbered(data: bytes) -> bytes:
    """Neither rows nor cells say where they stand; gaps are filled with empty ones, as order alone counts."""

    def cells(row: re.Match[str]) -> str:
        found = re.findall(r'(<c r="([A-Z]+)\d+"[^>]*?(?:/>|>.*?</c>))', row[3], re.DOTALL)
        made, column = "", 0
        for xml, letters in found:
            number = 0
            for letter in letters:
                number = number * 26 + ord(letter) - 64
            made += "<c/>" * (number - column - 1) + re.sub(r' r="\w+"', "", xml, count=1)
            column = number
        return f"<row{row[2]}>{made}</row>"

    def change(text: str) -> str:
        text = re.sub(r"<row ([^>]*?)/>", r"<row \1></row>", text)
        pieces, number = "", 0
        head, _, rest = text.partition("<sheetData>")
        data_part, _, tail = rest.partition("</sheetData>")
        for row in re.finditer(r'<row r="(\d+)"([^>]*)>(.*?)</row>', data_part, re.DOTALL):
            pieces += "<row></row>" * (int(row[1]) - number - 1)
            pieces += re.sub(r' spans="[^"]*"', "", cells(row), count=1)
            number = int(row[1])
        return f"{head}<sheetData>{pieces}</sheetData>{tail}"

    return _changed(data, change, _SHEET)


def with_cdata_and_comments(data: bytes) -> bytes:
    """Comments and processing instructions between cells, text in CDATA sections."""

    def change(text: str) -> str:
        text = text.replace("</row>", '<!-- </row> <c r="A1"/> --></row>').replace(
            "<sheetData>", "<sheetData><?x <row?>"
        )
        text = re.sub(r"(<t[^>]*>)([^<&]+)(</t>)", r"\1<![CDATA[\2]]>\3", text)
        return text.replace("<f>", "<!-- f --><f>")

    strings = re.compile(r"xl/sharedStrings\.xml")
    return _changed(data, change, _SHEET, strings)


def spaced(data: bytes) -> bytes:
    """Blanks and line breaks between elements and inside tags, xml:space on the root."""

    def change(text: str) -> str:
        text = re.sub(r"(<row\b|<c\b|<tableColumn\b)", r"\n  \1", text)
        text = re.sub(r'(<(?:c|row|tableColumn) [^>]*?)"(/?>)', r'\1"\n \2', text)
        return re.sub(r"(<worksheet|<table)(?=\s)", r'\1 xml:space="preserve"', text, count=1)

    return _changed(data, change, _SHEET)


def phonetic(data: bytes) -> bytes:
    """Readings beside the shared strings, as Japanese and Chinese Excel store them."""

    def change(text: str) -> str:
        reading = '<rPh sb="0" eb="1"><t>ヨミ</t></rPh><phoneticPr fontId="0"/>'
        return text.replace("</si>", reading + "</si>")

    return _changed(data, change, re.compile(r"xl/sharedStrings\.xml"))


def shared_formulas(data: bytes) -> bytes:
    """The formulas of C12:C15 as one shared formula, the way Excel fills down."""

    def change(text: str) -> str:
        text = re.sub(r'(<c r="C12"[^>]*>)<f>([^<]*)</f>', r'\1<f t="shared" ref="C12:C15" si="0">\2</f>', text)
        return re.sub(r'(<c r="C1[345]"[^>]*>)<f>[^<]*</f>', r'\1<f t="shared" si="0"/>', text)

    return _changed(data, change, re.compile(r"xl/worksheets/sheet1\.xml"))


_THREADS = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
_PERSON, _THREAD = "{11111111-2222-4333-8444-555555555555}", "{AAAAAAAA-2222-4333-8444-555555555555}"


def threaded(data: bytes) -> bytes:
    """A thread and its person behind the legacy note of B12."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    thread = (
        f'{head}<ThreadedComments xmlns="{_THREADS}"><threadedComment ref="B12" dT="2026-01-02T10:00:00.00" '
        f'personId="{_PERSON}" id="{_THREAD}"><text>请看</text></threadedComment></ThreadedComments>'
    )
    person = (
        f'{head}<personList xmlns="{_THREADS}"><person displayName="Staff" id="{_PERSON}" userId="s" '
        'providerId="None"/></personList>'
    )
    kinds = "http://schemas.microsoft.com/office/2017/10/relationships"
    rels = next(name for name in contents(data) if re.fullmatch(r"xl/worksheets/_rels/sheet1\.xml\.rels", name))
    types = "".join(
        f'<Override PartName="/xl/{part}" ContentType="application/vnd.ms-excel.{kind}+xml"/>'
        for part, kind in (
            ("threadedComments/threadedComment1.xml", "threadedcomments"),
            ("persons/person.xml", "person"),
        )
    )
    note = re.compile(r'(<comment ref="B12"[^>]*>)')
    comments = next(name for name in contents(data) if "comments" in name and name.endswith(".xml"))
    assert note.search(contents(data)[comments].decode())
    return rewrite(data, {
        "xl/threadedComments/threadedComment1.xml": thread.encode(),
        "xl/persons/person.xml": person.encode(),
        "[Content_Types].xml": _before("</Types>", types),
        rels: _before("</Relationships>", f'<Relationship Id="rIdT1" Type="{kinds}/threadedComment" Target="../threadedComments/threadedComment1.xml"/>'),
        "xl/_rels/workbook.xml.rels": _before("</Relationships>", f'<Relationship Id="rIdP1" Type="{kinds}/person" Target="persons/person.xml"/>'),
    })  # fmt: skip


def _before(closing: str, new: str) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(closing.encode(), new.encode() + closing.encode())


VARIANTS: dict[str, Callable[[bytes], bytes]] = {
    "prefixed XML": prefixed,
    "strict namespaces": strict,
    "UTF-16 parts": utf16,
    "UTF-16 parts, big endian": lambda data: utf16(data, big_endian=True),
    "byte order marks": marked,
    "single-quoted attributes": single_quoted,
    "no r attributes": unnumbered,
    "CDATA and comments": with_cdata_and_comments,
    "blanks and xml:space": spaced,
    "phonetic text": phonetic,
    "zip64": zip64,
    "data descriptors": described,
    "data descriptors of 64 bits": lambda data: described(data, large=True),
    "shuffled members": shuffled,
    "stored members": stored,
}
