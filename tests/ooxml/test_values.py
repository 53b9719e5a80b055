from __future__ import annotations

import datetime
import io
import random
import re
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape as openpyxl_unescape

from tests.fidelity.office_batch import resaved
from tests.ooxml.books import edited, grid, member, partners, rezipped, small, values
from workbook.errors import ValueRefused
from workbook.ooxml import Book
from workbook.ooxml.cells import decode_text, encode_text
from workbook.ooxml.lint import new_findings
from workbook.ooxml.refs import Area

BASE = small(options={"default_date_format": "yyyy-mm-dd"})
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1＋1",
    "＋1",
    "－1",
    "＠x",
    '=cmd|"/c calc"!A1',
]
AWKWARD = [
    " leading and trailing ",
    "two  blanks",
    "line\nbreak",
    "tab\tin",
    "carriage\rreturn\r\n",
    "<b>&amp; \"quotes\" 'too'</b>",
    "]]>",
    "<![CDATA[x]]>",
    "_x0041_",
    "_x0041_x0042_",
    "_x005F_x0041_",
    "__x0041__",
    "_x0041\r",
    "_x00e9_",
    "_X0041_",
    "control \x01\x0b\x1f",
    "emoji 😀👩‍👩‍👧",
    "rare 𠮷野家 㐀",
    "right to left עברית",
    "zero\u200bwidth \ufeff bom",
    "007",
    "1e5",
    "TRUE",
    "'quoted",
    "x" * 32767,
    "😀" * 16383,
]


def written(value: Any, data: bytes = BASE, column: str = "k") -> bytes:
    book = Book.read(data)
    book.append("T", [{column: value}])
    return book.to_bytes()


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_could_come_alive_as_a_formula_stays_text(text: str) -> None:
    data = written(text)
    cell = grid(data, "S")["B4"]
    assert cell.data_type in ("s", "inlineStr") and cell.value is not None
    assert cell.quotePrefix and cell.number_format == "@"
    assert values(data, "S")[3][1] == text
    xml = member(data, "xl/worksheets/sheet1.xml")
    assert "<f" not in xml
    assert 't="inlineStr"><is><t xml:space="preserve">' in xml
    assert not grid(data, "S")["C4"].quotePrefix


def test_the_quoted_style_keeps_the_look_and_is_made_once() -> None:
    book = Book.read(partners())
    before = member(partners(), "xl/styles.xml").count("<xf ")
    for _ in range(3):
        book.append("tblPartners", [{"金额": "=1", "名称": "=2"}, {"金额": "=3"}, {"金额": 4}])
    data = book.to_bytes()
    sheet = grid(data, "登记 表")
    assert sheet["D7"].border.left.style == "thin" and sheet["D7"].quotePrefix
    assert not sheet["D9"].quotePrefix and sheet["D9"].number_format == "#,##0.00"
    styles = member(data, "xl/styles.xml")
    assert styles.count("<xf ") == before + 2
    count = re.search(r'<cellXfs count="(\d+)">(.*?)</cellXfs>', styles, re.DOTALL)
    assert count and int(count[1]) == count[2].count("<xf ")
    # Behind hostile text the column's own style comes back.
    book.append("tblPartners", [{"金额": "=5"}])
    book.append("tblPartners", [{"金额": 6}])
    assert not grid(book.to_bytes(), "登记 表")["D17"].quotePrefix


@pytest.mark.parametrize("text", AWKWARD, ids=lambda text: ascii(text[:20]))
def test_text_reads_back_as_it_was_written(text: str) -> None:
    data = written(text)
    assert values(data, "S")[3][1] == text
    assert Book.read(data).rows("T")[-1].values["k"] == text


def test_a_carriage_return_is_never_written_raw() -> None:
    xml = member(written("a\r\nb"), "xl/worksheets/sheet1.xml")
    assert "a_x000D_\nb" in xml and "\r" not in xml.partition("<sheetData>")[2]


@given(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff") | st.sampled_from("_x0041D\r"),
        max_size=40,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_coded_so_that_it_reads_back(text: str) -> None:
    assert decode_text(encode_text(text)) == text
    assert not re.search("[\x00-\x08\x0b-\x1f]", encode_text(text))


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("a\ufffeb", "U\\+FFFE"),
        ("\uffff", "U\\+FFFF"),
        ("a\ud800", "U\\+D800"),
        ("x" * 32768, "32768"),
        ("😀" * 16384, "32768"),
        (float("nan"), "不是有限"),
        (float("inf"), "不是有限"),
        (Decimal("NaN"), "不是有限"),
        (Decimal("sNaN"), "不是有限"),
        (Decimal("-Infinity"), "不是有限"),
        (Decimal("1e400"), "不是有限"),
        (10**400, "不是有限"),
        (Decimal("1e-400"), "范围"),
        (1234567890123456, "16 位"),
        (Decimal("0.1234567890123456"), "16 位"),
        (1234567890123456789.0, "位有效数字"),
        (datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "时区"),
        (datetime.date(1899, 12, 31), "早于"),
        (b"bytes", "bytes"),
        ([1], "list"),
    ],
    ids=repr,
)
def test_a_value_that_cannot_stand_in_a_cell_is_refused_with_its_place(value: Any, named: str) -> None:
    book = Book.read(BASE)
    with pytest.raises(ValueRefused, match=named) as refused:
        book.append("T", [{"k": "fine"}, {"v": value}])
    assert "表格 T 的列“v”" in str(refused.value)
    assert book.to_bytes() == BASE


@pytest.mark.parametrize(
    ("value", "text", "read"),
    [
        (True, "1", True),
        (False, "0", False),
        (0, "0", 0),
        (-7, "-7", -7),
        (123456789012345, "123456789012345", 123456789012345),
        (10**20, None, 1e20),
        (0.1, "0.1", 0.1),
        (86.66666666666667, "86.66666666666667", 86.66666666666667),
        (-0.0, "0", 0),
        (2.0, "2", 2),
        (1e300, "1e+300", 1e300),
        (Decimal("12.30"), "12.30", 12.3),
        (Decimal("0.000001"), "0.000001", 0.000001),
        (Decimal("1E+3"), "1000", 1000),
        (Decimal("123456789012.345"), "123456789012.345", 123456789012.345),
    ],
    ids=repr,
)
def test_numbers_are_written_exactly(value: Any, text: str | None, read: Any) -> None:
    data = written(value, column="v")
    found = re.search(r'<c r="C4"[^>]*><v>([^<]*)</v>', member(data, "xl/worksheets/sheet1.xml"))
    assert found and (text is None or found[1] == text)
    assert grid(data, "S")["C4"].value == read
    assert values(data, "S")[3][2] == read
    assert type(values(data, "S")[3][2] is True) is type(read is True)


@pytest.mark.parametrize("date1904", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        datetime.date(2026, 2, 28),
        datetime.date(9999, 12, 31),
        datetime.date(1904, 1, 2),
        datetime.datetime(2026, 2, 28, 23, 59, 59),
        datetime.datetime(2024, 2, 29, 0, 0, 1),
        datetime.datetime(2030, 7, 1, 12, 34, 56, 999999),
    ],
    ids=str,
)
def test_dates_and_times_read_back_to_the_second(value: Any, date1904: bool) -> None:
    data = small(options={"date_1904": date1904})
    assert Book.read(data).date1904 is date1904
    out = written(value, data, "v")
    whole = value.replace(microsecond=0) if isinstance(value, datetime.datetime) else value
    midnight = isinstance(whole, datetime.datetime)
    expected = whole if midnight else datetime.datetime.combine(whole, datetime.time())
    assert grid(out, "S")["C4"].value == expected
    read = values(out, "S")[3][2]
    assert read in (whole, expected)


def test_the_days_before_march_1900_are_counted_as_excel_counts_them() -> None:
    for day, serial in (
        (datetime.date(1900, 1, 1), 1),
        (datetime.date(1900, 2, 28), 59),
        (datetime.date(1900, 3, 1), 61),
    ):
        assert Book.read(written(day, column="v")).rows("T")[-1].values["v"] == serial


def test_a_date_gets_a_date_format_only_where_nobody_chose_one() -> None:
    assert grid(written(datetime.date(2026, 1, 2), column="v"), "S")["C4"].is_date
    book = Book.read(partners())
    book.append("tblPartners", [{"日期": datetime.date(2026, 1, 2), "金额": datetime.date(2026, 1, 2)}])
    sheet = grid(book.to_bytes(), "登记 表")
    assert sheet["E7"].number_format == "yyyy-mm-dd"
    assert sheet["D7"].number_format == "#,##0.00"


def test_empty_text_and_none_leave_an_empty_cell() -> None:
    book = Book.read(BASE)
    book.append("T", [{"k": "", "v": None}, {"k": "last"}])
    assert [cell.value for cell in grid(book.to_bytes(), "S")["B"]] == [None, "k", "a", None, "last"]
    assert [row.number for row in book.rows("T")] == [3, 5]


def test_every_kind_of_cell_is_read() -> None:
    cells = {
        "A": '<c r="B3" t="inlineStr"><is><r><t>rich </t></r><r><t>text_x000D_</t></r><rPh sb="0" eb="1"><t>ruby</t></rPh></is></c>',
        "B": '<c r="B3" t="str"><f>"a"</f><v>cached_x0041_ &amp;</v></c>',
        "C": '<c r="B3" t="e"><v>#REF!</v></c>',
        "D": '<c r="B3" t="b"><v>1</v></c>',
        "E": '<c r="B3"><v>1.50</v></c>',
        "F": '<c r="B3"><v>12</v></c>',
        "G": '<c r="B3" t="d"><v>2026-01-02T12:00:00Z</v></c>',
        "H": '<c r="B3" t="inlineStr"><is><t><![CDATA[<b>&]]></t></is></c>',
    }
    expected = ["rich text\r", "cachedA &", "#REF!", True, 1.5, 12, 46024.5, "<b>&"]
    for cell, value in zip(cells.values(), expected, strict=True):
        data = edited(BASE, "xl/worksheets/sheet1.xml", r'<c r="B3".*?</c>', cell)
        assert Book.read(data).rows("T")[0].values == {"k": value, "v": 1}


LEGAL_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff") | st.sampled_from("=+-@_x0041D\r\n\t "),
    max_size=30,
)
EVERY_VALUE = (
    LEGAL_TEXT
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | st.floats(-1e300, 1e300, allow_subnormal=False).filter(lambda number: abs(number) < 1e15 or number % 10**9 == 0)
    | st.decimals(-(10**9), 10**9, places=4)
    | st.dates(datetime.date(1900, 3, 1))
    | st.datetimes(datetime.datetime(1900, 3, 1)).map(lambda moment: moment.replace(microsecond=0))
)


def shown_alike(written: Any, read: Any) -> bool:
    """Whether a program shows what was written, in its own types; nothing and empty text look alike."""
    if written == "" or written is None:
        return read in (None, "")
    if isinstance(written, datetime.date):
        moment = read if isinstance(read, datetime.datetime) or not isinstance(read, datetime.date) else None
        moment = moment or datetime.datetime.combine(read, datetime.time())
        midnight = datetime.datetime.combine(written, datetime.time())
        wanted = written if isinstance(written, datetime.datetime) else midnight
        return abs(moment - wanted) < datetime.timedelta(milliseconds=2)
    if isinstance(written, bool | str) or isinstance(read, bool | str):
        return type(written) is type(read) and written == read
    return float(written) == float(read)


@given(st.lists(st.tuples(EVERY_VALUE, EVERY_VALUE), min_size=1, max_size=12))
@settings(max_examples=120, deadline=None)
def test_what_goes_in_comes_out_of_openpyxl_and_calamine(rows: list[tuple[Any, Any]]) -> None:
    book = Book.read(BASE)
    book.append("T", [{"k": left, "v": right} for left, right in rows])
    data = book.to_bytes()
    sheet, lines = grid(data, "S"), values(data, "S")
    for place, row in enumerate(rows, 3):
        for column, value in enumerate(row, 1):
            by_calamine = lines[place][column] if place < len(lines) else ""
            assert shown_alike(value, by_calamine)
            by_openpyxl = sheet.cell(place + 1, column + 1).value
            # openpyxl leaves the codes of inline text to its reader.
            by_openpyxl = openpyxl_unescape(by_openpyxl) if isinstance(by_openpyxl, str) else by_openpyxl
            assert shown_alike(value, by_openpyxl)
            assert sheet.cell(place + 1, column + 1).data_type != "f"


@given(
    corner=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    headers=st.lists(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12),
        min_size=1, max_size=6, unique_by=str.casefold,
    ),
    there=st.integers(0, 4), header_row=st.booleans(), totals=st.booleans(), more=st.integers(1, 6),
    beside=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_table_of_any_shape_takes_its_rows(
    corner: tuple[int, int], headers: list[str], there: int, header_row: bool, totals: bool, more: int, beside: bool
) -> None:
    top, left = corner
    data = shaped(top, left, headers, there, header_row=header_row, totals=totals, beside=beside)
    book = Book.read(data)
    view = book.table("T")
    assert len(view.columns) == len(headers)
    first = view.first_row if there == 0 else view.last_row + 1
    placed = book.append("T", [{header: f"{header} {n}" for header in view.columns} for n in range(more)])
    assert (placed.first_row, placed.last_row) == (first, first + more - 1)
    after = book.to_bytes()
    sheet, lines = grid(after, "S"), values(after, "S")
    for n in range(more):
        wanted = [f"{header} {n}" for header in view.columns]
        assert lines[first + n - 1][left - 1 : left - 1 + len(headers)] == wanted
        assert [sheet.cell(first + n, left + column).value for column in range(len(headers))] == wanted
    length = header_row + max(there, 1) + max(0, more - (there == 0)) + totals
    bounds = openpyxl.utils.cell.range_boundaries(sheet.tables["T"].ref)
    assert bounds == (left, top, left + len(headers) - 1, top + length - 1)
    texts = [line[left - 1 + len(headers)] for line in lines if len(line) > left - 1 + len(headers)]
    was = [line[left - 1 + len(headers)] for line in values(data, "S") if len(line) > left - 1 + len(headers)]
    assert texts.count("beside") == was.count("beside") == (0 if not beside else len(set(beside_rows(view.area))))
    assert not new_findings(data, after)


def beside_rows(area: Area) -> tuple[int, int, int]:
    """Three rows beside and under a table, counted from 0."""
    return area.top - 1, area.bottom - 1, area.bottom + 1


def shaped(
    top: int, left: int, headers: list[str], there: int, *, header_row: bool, totals: bool, beside: bool
) -> bytes:
    """A table T of that shape on S, as XlsxWriter saves it; without rows it has one blank one."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet("S")
    last = top - 1 + header_row + max(there, 1) + totals - 1
    columns = [{"header": header} for header in headers]
    rows = [[f"{header} alt {n}" for header in headers] for n in range(there)]
    options = {"name": "T", "columns": columns, "header_row": header_row, "total_row": totals}
    sheet.add_table(top - 1, left - 1, last, left + len(headers) - 2, options | ({"data": rows} if rows else {}))
    for row in beside_rows(Area(left, top, left, last + 1)) if beside else ():
        sheet.write(row, left - 1 + len(headers), "beside")
    book.close()
    return file.getvalue()


# What LibreOffice itself cannot hold: carriage returns become line feeds, control characters vanish.
FOR_LIBREOFFICE = [text for text in (*HOSTILE, *AWKWARD) if not re.search("[\x00-\x08\x0b-\x1f]", text)]


@pytest.mark.libreoffice
def test_a_big_batch_comes_out_of_libreoffice_as_it_went_in() -> None:
    chance = random.Random(11)
    letters = [
        chr(code) for code in (*range(0x20, 0x7F), *range(0x4E00, 0x4E80), 0x1F600, 0x20BB7, 0xE9, 0x5D0, 0xFF1D)
    ]
    given: list[Any] = list(FOR_LIBREOFFICE)
    given += ["".join(chance.choices(letters, k=chance.randint(1, 60))) for _ in range(400)]
    given += [chance.randint(-(10**15) + 1, 10**15 - 1) for _ in range(100)]
    given += [chance.uniform(-1e9, 1e9) for _ in range(100)]
    given += [Decimal(chance.randint(-(10**12), 10**12)).scaleb(-2) for _ in range(100)]
    given += [datetime.date(1900, 3, 1) + datetime.timedelta(days=chance.randrange(2_000_000)) for _ in range(60)]
    given += [datetime.datetime(2000, 1, 1) + datetime.timedelta(seconds=chance.randrange(10**9)) for _ in range(60)]
    given += [True, False]
    book = Book.read(BASE)
    book.append("T", [{"k": value, "v": number} for number, value in enumerate(given)])
    # Two ways out of LibreOffice, as each has a fault of its own: its xlsx joins codes like _x0041_x0042_, and
    # calamine drops the tabs of an ods. What LibreOffice holds comes out of one of them.
    ways = [
        values(resaved({"batch": book.to_bytes()}, form)["batch"], "S")[3 : 3 + len(given)] for form in ("xlsx", "ods")
    ]
    for number, (value, *lines) in enumerate(zip(given, *ways, strict=True)):
        assert [line[2] for line in lines] == [number, number]
        seen = [line[1] for line in lines]
        if isinstance(value, float):  # it keeps fifteen digits
            assert seen == [pytest.approx(value, rel=1e-14)] * 2
        else:
            assert any(shown_alike(value, one) for one in seen), (value, seen)


def test_shared_strings_are_read_as_calamine_reads_them() -> None:
    items = (
        '<si><t>a</t></si><si/><si><t/></si><si><r><t>ri</t></r><r><rPr><b/></rPr><t xml:space="preserve"> ch</t></r></si>'
        '<si><t>_x005F_x0041_ &lt;</t><phoneticPr fontId="1"/></si>'
    )
    head = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    rows = "".join(
        f'<row r="{3 + n}"><c r="B{3 + n}" t="s"><v>{n}</v></c><c r="C{3 + n}"><v>1</v></c></row>' for n in range(5)
    )
    data = rezipped(BASE, {"xl/sharedStrings.xml": f"{head}{items}</sst>".encode()})
    data = edited(data, "xl/worksheets/sheet1.xml", '<row r="3".*</row>', rows)
    data = edited(data, "xl/worksheets/sheet1.xml", '<row r="2".*?</row>', "")
    data = edited(data, "xl/tables/table1.xml", "B2:C3", "B2:C7")
    ours = [row.values["k"] or "" for row in Book.read(data).rows("T")]
    assert ours == [row[-2] for row in values(data, "S") if row[-1] == 1] == ["a", "", "", "ri ch", "_x0041_ <"]
