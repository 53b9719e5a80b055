"""Owns XML with its byte spans: a tree that knows where each tag stands, so that an edit replaces only its own bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from workbook.errors import NotAWorkbook

ATTRIBUTE = re.compile(rb"""([^\s=/<>"']+)\s*=\s*("[^"]*"|'[^']*')""")
TAG_ATTRIBUTES = rb"""((?:[^>"'/]++|"[^"]*"|'[^']*')*+)"""
TAG_REST = TAG_ATTRIBUTES + b"(/?)>"
_TAG = re.compile(rb"<([^\s/>]+)" + TAG_REST)
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#(\d+)|(\w+));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}

Edit = tuple[int, int, bytes]


@dataclass
class Element:
    """One element: names and attributes as text, and the offsets of its tags in the bytes it was read from."""

    name: str
    attributes: dict[str, str]
    start: int
    start_end: int = 0
    end_start: int = 0
    end: int = 0
    text: str = ""
    children: list[Element] = field(default_factory=list)

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """The prefix with its colon, or nothing."""
        return self.name[: -len(self.local)]

    @property
    def closed(self) -> bool:
        """Whether it was written as one self-closing tag."""
        return self.end_start == self.start_end == self.end

    def child(self, local: str) -> Element | None:
        """The first child of that local name."""
        return next((child for child in self.children if child.local == local), None)

    def named(self, local: str) -> list[Element]:
        """All children of that local name."""
        return [child for child in self.children if child.local == local]

    def walk(self) -> Iterator[Element]:
        """Itself and everything below it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))


def parse(data: bytes, part: str) -> Element:
    """The tree of a part; a document type declaration or broken XML is refused."""
    stack: list[Element] = []
    roots: list[Element] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        element = Element(name, attributes, parser.CurrentByteIndex)
        tag = _TAG.match(data, element.start)
        if tag is None:
            raise _broken(part, "标签不完整")
        element.start_end = tag.end()
        (stack[-1].children if stack else roots).append(element)
        stack.append(element)

    def end(_: str) -> None:
        element = stack.pop()
        if data[element.start_end - 2 : element.start_end] == b"/>":
            element.end_start = element.end = element.start_end
        else:
            element.end_start = parser.CurrentByteIndex
            element.end = data.index(b">", element.end_start) + 1

    def text(piece: str) -> None:
        if stack:
            stack[-1].text += piece

    def doctype(*_: object) -> None:
        raise _broken(part, "含有 DTD")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _broken(part, str(error)) from error
    return roots[0]


def _broken(part: str, why: str) -> NotAWorkbook:
    return NotAWorkbook(f"工作簿的部件 {part} 不是可以读取的 XML（{why}）。请在 Excel 里打开并另存一次。")


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with each span replaced; spans must not overlap, several insertions at one place keep their order."""
    pieces: list[bytes | memoryview] = []
    whole, position = memoryview(data), 0  # a long part is not copied piece by piece
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        if start < position:
            raise AssertionError("edits overlap")
        pieces += [whole[position:start], new]
        position = end
    return b"".join([*pieces, whole[position:]])


def attributes(tag: bytes) -> dict[str, str]:
    """The attributes in the text of one start tag, in their order."""
    return {name.decode(): unescape(value[1:-1].decode()) for name, value in ATTRIBUTE.findall(tag)}


def set_attribute(data: bytes, element: Element, name: str, value: str) -> Edit:
    """The edit that gives one attribute of an element a value, in place or as the last one."""
    tag = data[element.start : element.start_end]
    new = escape_attribute(value).encode()
    for found in ATTRIBUTE.finditer(tag, len(element.name.encode()) + 1):
        if found[1].decode() == name:
            return element.start + found.start(2), element.start + found.end(2), b'"' + new + b'"'
    at = element.start_end - (2 if element.closed else 1)
    return at, at, b" " + name.encode() + b'="' + new + b'"'


def insert_inside(data: bytes, element: Element, new: bytes, at: int | None = None) -> Edit:
    """The edit that puts children into an element, last unless told where; a self-closing tag is opened."""
    if not element.closed:
        where = element.end_start if at is None else at
        return where, where, new
    closing = f"</{element.name}>".encode()
    return element.start_end - 2, element.start_end, b">" + new + closing


def escape(text: str) -> str:
    """Text for element content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_attribute(text: str) -> str:
    """Text for an attribute in double quotes."""
    quoted = escape(text).replace('"', "&quot;")
    return quoted.replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")


def unescape(text: str) -> str:
    """Text out of markup, with the five named and all numeric references."""
    if "&" not in text:
        return text
    return _ENTITY.sub(_entity, text)


def _entity(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1], 16) if found[1] else int(found[2]))
    return _NAMED.get(found[3], found[0])
