"""Owns what stands in one cell: a value to its XML and back, with every limit that Excel has."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from workbook.errors import ValueRefused
from workbook.ooxml.refs import cell_name
from workbook.ooxml.spans import Element, attributes, escape, escape_attribute, parse, unescape

Cell = str | bool | int | float | Decimal | datetime.date | datetime.datetime | None
Read = str | bool | int | float | None

LONGEST_TEXT = 32_767
MOST_DIGITS = 15
_SMALLEST, _LARGEST = 2.2250738585072014e-308, 9.99999999999999e307
_REVIVED = tuple("=+-@\t\r\n＝＋－＠")
_CONTROL = "\x00-\x08\x0b-\x1f"
_ESCAPED = re.compile(rf"_(?=x[0-9A-Fa-f]{{4}}[_{_CONTROL}])|[{_CONTROL}]")
_ILLEGAL = re.compile("[\ufffe\uffff\ud800-\udfff]")
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MARKUP = re.compile(rb"<!\[CDATA\[(.*?)\]\]>|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_VALUE = re.compile(rb"<(?:[\w.-]+:)?v(?:\s[^>]*)?>([^<]*)<")
_PLAIN_INLINE = re.compile(rb"<(?:[\w.-]+:)?is><(?:[\w.-]+:)?t(?:\s[^>]*)?>([^<]*)</[^>]*></[^>]*>")
_ITEM = re.compile(rb"<((?:[\w.-]+:)?si)(?:\s[^>]*)?(?:/>|>(.*?)</\1\s*>)", re.DOTALL)
_PLAIN_TEXT = re.compile(rb"\s*<(?:[\w.-]+:)?t(?:\s[^>]*)?(?:/>|>([^<]*)</[^>]*>)\s*")
_TYPE = re.compile(rb"""\st\s*=\s*["'](\w+)["']""")
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")


def decode_text(text: str) -> str:
    """Text of a part with its `_xHHHH_` codes read."""
    if "_x" not in text:
        return text
    decoded = _CODE.sub(lambda found: chr(int(found[1], 16)), text)
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encode_text(text: str) -> str:
    """Text so coded that it reads back the same: control characters and literal codes are `_xHHHH_`."""
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def would_revive(text: str) -> bool:
    """Whether Excel would take this text for a formula once somebody edits its cell."""
    return text.startswith(_REVIVED)


@dataclass(frozen=True)
class Place:
    """Where a value is to stand, for the sentence that refuses it."""

    table: str
    column: str

    def refuse(self, why: str) -> ValueRefused:
        """The refusal of a value for this place."""
        return ValueRefused(f"表格 {self.table} 的列“{self.column}”：{why}")


def check_text(text: str, place: Place) -> None:
    """Refuses text that would make the book unreadable or that Excel would cut off."""
    bad = _ILLEGAL.search(text)
    if bad:
        raise place.refuse(f"第 {bad.start() + 1} 个字符 U+{ord(bad[0]):04X} 不能写进工作簿，请删去它。")
    units = len(text.encode("utf-16-le")) // 2
    if units > LONGEST_TEXT:
        raise place.refuse(f"文字有 {units} 个字符，一个单元格最多 {LONGEST_TEXT} 个，请缩短或放进附件。")


def number_text(value: int | float | Decimal, place: Place) -> str:
    """A number as it stands in a cell: exact, finite, with at most fifteen digits unless it is a fraction in binary."""
    try:
        size = abs(float(value))
    except (OverflowError, ValueError):
        size = math.inf
    if not math.isfinite(size):
        raise place.refuse(f"{_shown(value)} 不是有限的数，单元格里放不下。")
    if size > _LARGEST or 0 < size < _SMALLEST or (size == 0 and value != 0):
        raise place.refuse(f"{_shown(value)} 超出 Excel 数字的范围。")
    if value == 0:
        return "0"
    whole = isinstance(value, int) or value == int(value)
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    digits = len("".join(map(str, exact.as_tuple().digits)).strip("0"))
    if digits > MOST_DIGITS and (whole or not isinstance(value, float)):
        raise place.refuse(f"{_shown(value)} 有 {digits} 位有效数字，Excel 只能存 {MOST_DIGITS} 位，请作为文本写入。")
    if isinstance(value, float):
        return repr(int(value)) if whole and size < 1e15 else repr(value)
    return format(exact, "f") if size < 1e21 and size >= 1e-9 else f"{exact:E}"


def _shown(value: int | float | Decimal) -> str:
    return f"{Decimal(value):.6E}" if isinstance(value, int) and abs(value) > 10**40 else str(value)


def serial_text(value: datetime.date, date1904: bool, place: Place) -> str:
    """A date or a naive time, to the second, as the day number of the book's own calendar."""
    seconds = 0
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            raise place.refuse(f"时间 {value.isoformat()} 带有时区，请先换算成工作簿所用的当地时间。")
        seconds = value.hour * 3600 + value.minute * 60 + value.second
    days = value.toordinal() - datetime.date(1904, 1, 1).toordinal()
    if not date1904:
        days += 1462
        days -= days < 61  # 1900 had no 29 February, but Excel counts one
    if days < (0 if date1904 else 1):
        raise place.refuse(f"日期 {value.isoformat()} 早于 Excel 能表示的第一天。")
    return str(days) if not seconds else repr(float(Fraction(days * 86400 + seconds, 86400)))


def value_type_and_text(value: Cell, date1904: bool, place: Place) -> tuple[str, str]:
    """The cell type and the text of its value: `inlineStr`, `b`, or a number (no type)."""
    if isinstance(value, str):
        check_text(value, place)
        return "inlineStr", encode_text(value)
    if isinstance(value, bool):
        return "b", str(int(value))
    if isinstance(value, int | float | Decimal):
        return "", number_text(value, place)
    if isinstance(value, datetime.date):
        return "", serial_text(value, date1904, place)
    raise place.refuse(f"{type(value).__name__} 类型的值不能写进单元格。")


@dataclass(frozen=True)
class NewCell:
    """A cell to be written: type and text as they stand in the part, `formula` as its whole element or nothing."""

    column: int
    style: str = ""
    kind: str = ""
    text: str = ""
    formula: bytes = b""

    def xml(self, row: int, prefix: str) -> bytes:
        """The element; an empty cell is written only if it has a style."""
        if not (self.style or self.text or self.kind or self.formula):
            return b""
        kind = "str" if self.formula and self.kind == "inlineStr" else self.kind
        head = f'<{prefix}c r="{cell_name(self.column, row)}"'
        head += f' s="{escape_attribute(self.style)}"' if self.style else ""
        head += f' t="{kind}"' if kind else ""
        if not (self.text or self.kind or self.formula):
            return f"{head}/>".encode()
        body = ""
        if kind == "inlineStr":
            body = f'<{prefix}is><{prefix}t xml:space="preserve">{escape(self.text)}</{prefix}t></{prefix}is>'
        elif kind == "str":
            body = f'<{prefix}v xml:space="preserve">{escape(self.text)}</{prefix}v>'
        elif self.text:
            body = f"<{prefix}v>{self.text}</{prefix}v>"
        return f"{head}>".encode() + self.formula + f"{body}</{prefix}c>".encode()


@dataclass(frozen=True)
class OldCell:
    """A cell as it stands in a sheet part: its column, attributes, content, and the raw bytes of all of it."""

    column: int
    tag: bytes
    body: bytes
    raw: bytes

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of the cell."""
        return attributes(self.tag)

    @property
    def style(self) -> str:
        """The style id as written, or nothing."""
        return self.attributes.get("s", "")

    @property
    def has_formula(self) -> bool:
        """Whether it holds a formula."""
        return _FORMULA.search(self.body) is not None

    @property
    def has_content(self) -> bool:
        """Whether it holds a value or a formula."""
        return self.has_formula or _VALUE.search(self.body) is not None or b"is>" in self.body

    def formula_element(self) -> bytes:
        """The bytes of its formula, with its tags."""
        found = re.search(rb"<((?:[\w.-]+:)?f)(?:\s[^>]*)?(?:/>|>.*?</\1\s*>)", self.body, re.DOTALL)
        return found[0] if found else b""

    def value(self, strings: Sequence[str], date1904: bool) -> Read:
        """What a reader sees: text, true or false, a number; an integral text of a number becomes an int."""
        body = self.body
        if not body:
            return None
        typed = _TYPE.search(self.tag)
        kind = typed[1].decode() if typed else "n"
        if b"<!" in body or b"<?" in body:
            body = _MARKUP.sub(lambda found: escape(found[1].decode()).encode() if found[1] else b"", body)
        if kind == "inlineStr":
            return _inline_text(body)
        found = _VALUE.search(body)
        if found is None or (kind != "str" and not found[1].strip()):
            return None
        text = unescape(found[1].decode())
        if kind == "s":
            return strings[int(text)]
        if kind in ("str", "e"):
            return decode_text(text) or None
        if kind == "b":
            return text.strip() in ("1", "true")
        return _iso_serial(text, date1904) if kind == "d" else _number(text.strip())


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _iso_serial(text: str, date1904: bool) -> int | float:
    moment = datetime.datetime.fromisoformat(text.strip().removesuffix("Z"))
    return _number(serial_text(moment, date1904, Place("", "")))


def _inline_text(body: bytes) -> str | None:
    plain = _PLAIN_INLINE.fullmatch(body)
    if plain:
        return decode_text(unescape(plain[1].decode())) or None
    items = [item for item in parse(b"<c>" + body + b"</c>", "c").children if item.local == "is"]
    return "".join(map(item_text, items)) or None


def shared_strings(data: bytes, part: str) -> list[str]:
    """The texts of a shared strings part; plain items are read without a tree, as there may be a million."""
    if b"<!" in data:
        return [item_text(item) for item in parse(data, part).named("si")]
    texts = []
    for found in _ITEM.finditer(data):
        plain = _PLAIN_TEXT.fullmatch(found[2] or b"<t/>")
        if plain:
            texts.append(decode_text(unescape((plain[1] or b"").decode())))
        else:
            texts.append(item_text(parse(b"<si>" + found[2] + b"</si>", part)))
    return texts


def item_text(item: Element) -> str:
    """The text of a string item: plain and rich runs, without phonetic readings."""
    pieces = []
    for child in item.children:
        if child.local == "t":
            pieces.append(decode_text(child.text))
        elif child.local == "r":
            pieces += [decode_text(text.text) for text in child.named("t")]
    return "".join(pieces)
