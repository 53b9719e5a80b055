from __future__ import annotations

import io
import re
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import openpyxl
import pytest

from tests.fidelity.packing import described, shuffled, stored, zip64
from tests.ooxml.books import assert_only, edited, member, partners, raw_members, rezipped, small, values
from workbook.errors import AppendRefused, NotAWorkbook, ValueRefused
from workbook.ooxml import Book
from workbook.ooxml.package import Package

WORKBOOK = "xl/workbook.xml"


def names(data: bytes) -> dict[str, str]:
    found = openpyxl.load_workbook(io.BytesIO(data)).defined_names
    return {name: item.attr_text for name, item in found.items()}


def test_a_defined_name_is_set_changed_and_read() -> None:
    before = partners()
    book = Book.read(before)
    assert book.defined_name("_generation") is None
    book.set_defined_name("_generation", '"g & <1>"')
    assert book.defined_name("_GENERATION") == '"g & <1>"'
    assert_only(before, book.to_bytes(), {WORKBOOK})
    book.set_defined_name("_generation", "2", hidden=False)
    loaded = openpyxl.load_workbook(io.BytesIO(book.to_bytes())).defined_names["_generation"]
    assert (loaded.attr_text, bool(loaded.hidden)) == ("2", False)
    same = book.to_bytes()
    book.set_defined_name("_generation", "2", hidden=False)
    assert book.to_bytes() == same
    assert names(same)["Amounts"] == "'登记 表'!$D$4:$D$6"


def test_names_stay_in_the_order_of_the_alphabet_and_in_their_place() -> None:
    book = Book.read(partners())
    for name in ("zeta", "beta", "_first", "报告"):
        book.set_defined_name(name, "1")
    text = member(book.to_bytes(), WORKBOOK)
    assert re.findall(r'<definedName name="([^"]*)"', text) == ["_first", "Amounts", "beta", "Local", "zeta", "报告"]
    bare = edited(partners(), WORKBOOK, "<definedNames>.*</definedNames>", "")
    book = Book.read(bare)
    book.set_defined_name("a", "1")
    order = re.findall(r"<(\w+)[^>]*>", member(book.to_bytes(), WORKBOOK))
    assert order.index("sheets") < order.index("definedNames") < order.index("calcPr")
    assert names(book.to_bytes()) == {"a": "1"}


def test_a_name_of_one_sheet_is_not_the_name_of_the_book() -> None:
    book = Book.read(partners())
    assert book.defined_name("Local") is None
    book.set_defined_name("Local", "5")
    assert book.defined_name("Local") == "5"
    assert (
        openpyxl.load_workbook(io.BytesIO(book.to_bytes()))["Totals"].defined_names["Local"].attr_text == "Totals!$A$1"
    )


@pytest.mark.parametrize("name", ["", "a b", "1a", "A1", "XFD1", "R1C1", "r", "a-b", "x" * 300])
def test_a_name_that_excel_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(ValueRefused):
        Book.read(small()).set_defined_name(name, "1")


@pytest.mark.parametrize("value", ["", "\x00", "\ufffe", "1" * 8193])
def test_a_content_that_would_break_the_book_is_refused(value: str) -> None:
    with pytest.raises(ValueRefused):
        Book.read(small()).set_defined_name("n", value)


def test_the_zip_keeps_comment_times_names_and_order() -> None:
    file = io.BytesIO(rezipped(small(), {"customXml/说明.xml": b"<a/>"}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = "保留的说明".encode()
    before = file.getvalue()
    book = Book.read(before)
    book.append("T", [{"k": "b"}])
    after = book.to_bytes()
    assert_only(before, after, book.touched)
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        assert new.comment == old.comment
        for left, right in zip(old.infolist(), new.infolist(), strict=True):
            kept = ("filename", "date_time", "external_attr", "create_system", "create_version", "extra", "comment")
            assert [getattr(left, name) for name in kept] == [getattr(right, name) for name in kept]
            assert left.flag_bits & 0x800 == right.flag_bits & 0x800


def test_members_with_data_descriptors_are_kept_and_changed_ones_lose_theirs() -> None:
    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    stream = Stream()
    with zipfile.ZipFile(io.BytesIO(small())) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:  # type: ignore[call-overload]
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    before = stream.data
    assert all(info.flag_bits & 8 for info in zipfile.ZipFile(io.BytesIO(before)).infolist())
    book = Book.read(before)
    book.append("T", [{"k": "b"}])
    assert_only(before, book.to_bytes(), book.touched)
    flags = {info.filename: info.flag_bits & 8 for info in zipfile.ZipFile(io.BytesIO(book.to_bytes())).infolist()}
    assert {name for name, flag in flags.items() if not flag} == book.touched


def test_stored_members_are_kept_and_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(small())) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    book = Book.read(file.getvalue())
    book.append("T", [{"k": "b"}])
    assert_only(file.getvalue(), book.to_bytes(), book.touched)


def _with_size(data: bytes, name: str, size: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = archive.start_dir
        for info in archive.infolist():
            if info.filename == name:
                return data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]
            at = data.index(b"PK\x01\x02", at + 4) if info is not archive.infolist()[-1] else at
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "不是 .xlsx"),
        (b"hello", "不是 .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "打开密码"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧格式"),
        (small()[:-30], "不是 .xlsx"),
        (rezipped(small(), {"_rels/.rels": None}), "不是 .xlsx"),
        (rezipped(small(), {WORKBOOK: b"<document/>"}), "另一种文档"),
        (rezipped(small(), {WORKBOOK: b"<workbook"}), "不是可以读取的 XML"),
        (rezipped(small(), {WORKBOOK: b'<!DOCTYPE w [<!ENTITY a "b">]><workbook>&a;</workbook>'}), "DTD"),
        (_with_size(small(), WORKBOOK, (1 << 30) + 1), "1 GiB"),
        (_with_size(small(), WORKBOOK, 5), "大小或校验和"),
        (small()[:40] + b"\xff" + small()[41:], "已损坏"),
    ],
    ids=["empty", "text", "encrypted", "xls", "cut", "no rels", "word", "broken", "dtd", "huge", "liar", "damaged"],
)
def test_what_is_no_workbook_is_refused_with_its_reason(data: bytes, named: str) -> None:
    def use() -> None:
        Book.read(data).append("T", [{"k": "b"}])

    with pytest.raises(NotAWorkbook, match=named):
        use()


def test_a_document_type_in_a_sheet_is_refused() -> None:
    part = "xl/worksheets/sheet1.xml"
    data = edited(small(), part, "<worksheet", "<!DOCTYPE worksheet><worksheet")
    with pytest.raises(NotAWorkbook, match="DTD"):
        Book.read(data).append("T", [{"k": "b"}])


def test_two_members_of_one_name_are_refused() -> None:
    file = io.BytesIO(small())
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(WORKBOOK, b"<workbook/>")
    with pytest.raises(NotAWorkbook, match="同名"):
        Book.read(file.getvalue())


def reopened(data: bytes) -> list[str]:
    """The members as Python's own zip reads them, each proved, and a book for openpyxl and calamine."""
    openpyxl.load_workbook(io.BytesIO(data))
    assert values(data, "S")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


@pytest.mark.parametrize(
    "pack",
    [
        lambda data: zip64(data, comment="PK 说明".encode()),
        lambda data: described(data, large=True),
        described,
        stored,
        shuffled,
    ],
    ids=["zip64", "descriptors of 64 bits", "descriptors", "stored", "shuffled"],
)
def test_every_way_to_pack_a_book_is_changed_with_the_other_members_raw(pack: Callable[[bytes], bytes]) -> None:
    before = pack(with_an_unknown_member())
    book = Book.read(before)
    assert book.to_bytes() == before
    book.append("T", [{"k": "b", "v": 2}])
    after = book.to_bytes()
    assert_only(before, after, book.touched)
    assert reopened(after) == reopened(before)
    assert values(after, "S")[3][1:] == ["b", 2]
    again = Book.read(after)
    again.append("T", [{"k": "c", "v": 3}])
    assert_only(after, again.to_bytes(), again.touched)
    assert values(again.to_bytes(), "S")[4][1:] == ["c", 3]


def with_an_unknown_member() -> bytes:
    """A book with one more member than it knows, so that unknown ones are seen to stay."""
    return rezipped(small(), {"customXml/说明.xml": b"<a/>"})


def test_a_zip64_book_comes_back_plain_where_its_numbers_fit_so_that_libreoffice_opens_it() -> None:
    before = zip64(small(), comment=b"kept")
    book = Book.read(before)
    book.append("T", [{"k": "b"}])
    after = book.to_bytes()
    assert b"PK\x06\x06" in before and b"PK\x06\x06" not in after
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        assert new.comment == b"kept"
        assert {info.extra for info in new.infolist()} == {struct.pack("<2HI", 0x9999, 4, 7)}
        for name in new.namelist():
            at = new.getinfo(name).header_offset
            assert (_local_fields(after, at) == [0x9999]) is (name in book.touched)
            assert _local_fields(before, old.getinfo(name).header_offset) == [0x9999, 1]


def _local_fields(data: bytes, at: int) -> list[int]:
    """The kinds of the extra fields in a local header."""
    name, extra = struct.unpack_from("<2H", data, at + 26)
    position, end, kinds = at + 30 + name, at + 30 + name + extra, []
    while position < end:
        kind, length = struct.unpack_from("<2H", data, position)
        kinds.append(kind)
        position += 4 + length
    return kinds


def test_a_64_bit_end_record_with_a_sector_of_its_own_is_read() -> None:
    book = Book.read(zip64(small(), sector=b"vendor"))
    book.append("T", [{"k": "b"}])
    assert reopened(book.to_bytes())


@pytest.mark.parametrize(("name", "limit"), [("LIMIT32", 300), ("LIMIT16", 4)])
def test_a_book_that_outgrows_32_bits_becomes_zip64(name: str, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = small()
    assert b"PK\x06\x06" not in before
    monkeypatch.setattr(f"workbook.ooxml.zip_records.{name}", limit)
    book = Book.read(before)
    book.append("T", [{"k": "b", "v": 2}])
    after = book.to_bytes()
    assert b"PK\x06\x06" in after
    assert_only(before, after, book.touched)
    assert reopened(after) == reopened(before)
    assert Book.read(after).rows("T")[-1].values == {"k": "b", "v": 2}


def _broken64(how: str) -> bytes:
    data = zip64(small())
    locator = data.rindex(b"PK\x06\x07")
    if how == "record gone":
        return data[: locator + 8] + struct.pack("<Q", 5) + data[locator + 16 :]
    if how == "beyond the file":
        return data[: locator + 8] + struct.pack("<Q", 1 << 62) + data[locator + 16 :]
    if how == "volumes":
        return data[: locator + 16] + struct.pack("<I", 2) + data[locator + 20 :]
    if how == "locator gone":
        return data[:locator] + b"XXXX" + data[locator + 4 :]
    record = data.rindex(b"PK\x06\x06")
    if how == "length":
        return data[: record + 4] + struct.pack("<Q", 43) + data[record + 12 :]
    if how == "count":
        return data[: record + 24] + struct.pack("<2Q", 9, 9) + data[record + 40 :]
    entry = data.index(b"PK\x01\x02")
    field = data.index(struct.pack("<2H", 1, 24), entry)
    return data[:field] + struct.pack("<2H", 2, 24) + data[field + 4 :]


@pytest.mark.parametrize(
    "how", ["record gone", "beyond the file", "volumes", "locator gone", "length", "count", "field gone"]
)
def test_a_damaged_zip64_is_refused(how: str) -> None:
    with pytest.raises(NotAWorkbook, match="已损坏"):
        Book.read(_broken64(how))


def test_a_member_that_would_inflate_past_its_size_is_refused_without_inflating_it() -> None:
    bomb = zlib.compress(bytes(200_000_000), 9, wbits=-15)
    part = "xl/worksheets/sheet1.xml"
    data = rezipped(small(), {part: b"x" * 1000})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            archive.writestr(info, content if name != part else bomb)
            if name == part:
                info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, 1000
    book = Book.read(file.getvalue())
    tracemalloc.start()
    with pytest.raises(NotAWorkbook, match="大小或校验和"):
        book.append("T", [{"k": "b"}])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_signed_book_and_a_query_table_are_refused() -> None:
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    target = '<Relationship Id="rS" Type="' + kind + '" Target="_xmlsignatures/origin.sigs"/></Relationships>'
    signed = edited(small(), "_rels/.rels", "</Relationships>", target)
    signed = rezipped(signed, {"_xmlsignatures/origin.sigs": b""})
    with pytest.raises(AppendRefused, match="签名"):
        Book.read(signed).append("T", [{"k": "b"}])
    query = edited(small(), "xl/tables/table1.xml", 'displayName="T"', 'displayName="T" tableType="queryTable"')
    with pytest.raises(AppendRefused, match="外部查询"):
        Book.read(query).append("T", [{"k": "b"}])


def test_every_member_of_an_unchanged_book_is_read_as_it_was_written() -> None:
    data = partners()
    package = Package(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert list(package.members) == archive.namelist() == list(raw_members(data))
        assert all(package.read(name) == archive.read(name) for name in archive.namelist())
