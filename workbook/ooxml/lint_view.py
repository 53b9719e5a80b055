"""Owns what the lint looks at: a package taken apart into parts, sheets, tables and names, read once, streaming."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from xml.parsers import expat

_HEX = re.compile("_x([0-9A-Fa-f]{4})_")


class Unreadable(Exception):
    """The package cannot be looked at; `where` names the part."""

    def __init__(self, where: str, message: str):
        self.where = where
        super().__init__(message)


def plain(text: str) -> str:
    """Text with `_xHHHH_` decoded and line breaks as \\n."""
    return _HEX.sub(lambda m: chr(int(m[1], 16)), text).replace("\r\n", "\n").replace("\r", "\n")


def local(name: str) -> str:
    """An element or attribute name without its prefix."""
    return name.rsplit(":", 1)[-1]


@dataclass
class Element:
    """A small element tree for small parts: local names, attributes by local name, children, text."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list[Element]:
        """Descendants of that name, in document order."""
        found = []
        for child in self.children:
            if child.name == name:
                found.append(child)
            found += child.all(name)
        return found

    def get(self, name: str, default: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, default)


@dataclass(frozen=True)
class Area:
    """A rectangle, 1-based, ends included."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: Area) -> bool:
        """Whether the two share a cell."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )

    def holds(self, other: Area) -> bool:
        """Whether the other lies inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


def column_number(text: str) -> int:
    """A → 1."""
    number = 0
    for letter in text.upper():
        number = number * 26 + ord(letter) - 64
    return number


def area(ref: str) -> Area | None:
    """A reference like B5:Q9, or None."""
    found = re.fullmatch(r"\$?([A-Za-z]{1,3})\$?(\d+)(?::\$?([A-Za-z]{1,3})\$?(\d+))?", ref.strip())
    if not found:
        return None
    left, top = column_number(found[1]), int(found[2])
    return Area(left, top, column_number(found[3]) if found[3] else left, int(found[4]) if found[4] else top)


@dataclass
class TablePart:
    """A table as its part declares it."""

    part: str
    root: Element

    @property
    def name(self) -> str:
        """What formulas call it."""
        return self.root.get("displayName") or self.root.get("name")

    @property
    def area(self) -> Area | None:
        """Its rectangle with header and totals."""
        return area(self.root.get("ref"))

    @property
    def has_header(self) -> bool:
        """Whether the first row holds the names."""
        return self.root.get("headerRowCount", "1") != "0"

    @property
    def totals(self) -> int:
        """Rows of totals."""
        return int(self.root.get("totalsRowCount", "0") or 0)

    @cached_property
    def columns(self) -> list[str]:
        """The column names, plain."""
        return [plain(c.get("name")) for c in self.root.all("tableColumn")]


@dataclass
class Sheet:
    """A worksheet's facts; large things are counted, not kept."""

    title: str
    part: str
    order: list[str] = field(default_factory=list)  # rows or cells that do not ascend, with the reason
    doubled: list[str] = field(default_factory=list)
    styles: Counter[int] = field(default_factory=Counter)
    first_with_style: dict[int, str] = field(default_factory=dict)
    strings: dict[int, str] = field(default_factory=dict)  # shared string index → first cell
    formulas: dict[str, str] = field(default_factory=dict)  # text → first cell
    formula_cells: set[str] = field(default_factory=set)
    formula_areas: list[Area] = field(default_factory=list)  # of array formulas and data tables
    masters: dict[str, str] = field(default_factory=dict)
    members: list[tuple[str, str]] = field(default_factory=list)
    empty_inline: list[str] = field(default_factory=list)
    long_text: list[str] = field(default_factory=list)
    heads: dict[tuple[int, int], str] = field(default_factory=dict)
    head_numbers: set[tuple[int, int]] = field(default_factory=set)
    outside: list[Element] = field(default_factory=list)  # elements around sheetData
    tables: list[TablePart] = field(default_factory=list)


class _SheetReader:
    """Streams one sheet: cells into facts, everything around them into small elements."""

    def __init__(self, sheet: Sheet, head_rows: set[int], strings: list[str]):
        self.sheet, self.head_rows, self.strings = sheet, head_rows, strings
        self.row = self.column = 0
        self.inside = False
        self.cell: dict[str, str] | None = None
        self.ref = ""
        self.taking: list[str] | None = None
        self.formula: dict[str, str] | None = None
        self.words: list[str] = []
        self.has_is = False
        self.value = ""
        self.builder = _Builder()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if not self.inside:
            if name == "sheetData":
                self.inside = True
            else:
                self.builder.start(tag, attributes)
        elif name == "c":
            self._cell(attributes)
        elif name == "row":
            self._row(attributes)
        elif name in ("v", "t", "f"):
            self.taking = []
            self.formula = attributes if name == "f" else self.formula
        elif name == "is":
            self.has_is = True

    def end(self, tag: str) -> None:
        name = local(tag)
        if not self.inside:
            self.builder.end(tag)
        elif name == "sheetData":
            self.inside = False
        elif name == "v":
            self.value = "".join(self.taking or ())
            self.taking = None
        elif name == "t":
            self.words.append("".join(self.taking or ()))
            self.taking = None
        elif name == "f":
            self._formula("".join(self.taking or ()))
            self.taking = None
        elif name == "c":
            self._cell_done()

    def text(self, data: str) -> None:
        if self.taking is not None:
            self.taking.append(data)
        elif not self.inside:
            self.builder.text(data)

    def _row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r") or self.row + 1)
        if number <= self.row:
            (self.sheet.doubled if number == self.row else self.sheet.order).append(f"row {number}")
        self.row, self.column = number, 0

    def _cell(self, attributes: dict[str, str]) -> None:
        self.cell, self.words, self.value, self.has_is = attributes, [], "", False
        self.ref = attributes.get("r", "")
        if self.ref:
            digits = self.ref.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
            number = column_number(self.ref[: len(self.ref) - len(digits)])
            if digits != str(self.row):
                self.sheet.order.append(self.ref)
        else:
            number = self.column + 1
        if number <= self.column:
            (self.sheet.doubled if number == self.column else self.sheet.order).append(self.ref)
        self.column = number
        if style := attributes.get("s"):
            index = int(style)
            self.sheet.styles[index] += 1
            self.sheet.first_with_style.setdefault(index, self.ref)

    def _formula(self, text: str) -> None:
        attributes = self.formula or {}
        self.formula = None
        self.sheet.formula_cells.add(self.ref)
        if text:
            self.sheet.formulas.setdefault(text, self.ref)
        if attributes.get("t") in ("array", "dataTable") and (covered := area(attributes.get("ref", ""))):
            self.sheet.formula_areas.append(covered)
        if attributes.get("t") == "shared":
            group = attributes.get("si", "")
            if "ref" in attributes:
                self.sheet.masters[group] = attributes["ref"]
            self.sheet.members.append((group, self.ref))

    def _cell_done(self) -> None:
        assert self.cell is not None
        kind = self.cell.get("t", "n")
        if kind == "s" and self.value:
            self.sheet.strings.setdefault(int(self.value), self.ref)
        elif kind == "inlineStr":
            if not self.has_is:
                self.sheet.empty_inline.append(self.ref)
            if (
                sum(map(len, self.words)) > 16_000
                and len(plain("".join(self.words)).encode("utf-16-le", "replace")) > 65_534
            ):
                self.sheet.long_text.append(self.ref)
        if self.row in self.head_rows:
            self._head(kind)

    def _head(self, kind: str) -> None:
        at = (self.column, self.row)
        if kind == "s" and self.value:
            index = int(self.value)
            self.sheet.heads[at] = self.strings[index] if index < len(self.strings) else ""
        elif kind == "inlineStr":
            self.sheet.heads[at] = plain("".join(self.words))
        elif self.value:
            self.sheet.heads[at] = plain(self.value)
            if kind != "str":
                self.sheet.head_numbers.add(at)


class _Builder:
    """Builds `Element`s from parser events; several top-level elements may follow each other."""

    def __init__(self) -> None:
        self.top = Element("", {})
        self._open = [self.top]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        made = Element(local(tag), {(k if k.startswith("xmlns") else local(k)): v for k, v in attributes.items()})
        self._open[-1].children.append(made)
        self._open.append(made)

    def end(self, _tag: str) -> None:
        if len(self._open) > 1:
            self._open.pop()

    def text(self, data: str) -> None:
        self._open[-1].text += data


def _parse(content: bytes, handler: Any) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def no_dtd(*_: Any) -> None:
        raise ValueError("DTD")

    parser.StartDoctypeDeclHandler = no_dtd
    parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
    parser.CharacterDataHandler = handler.text
    parser.Parse(content, True)


class View:
    """A package taken apart. `broken` holds parts whose XML cannot be read, with the reason."""

    def __init__(self, data: bytes):
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
            self.names = self.zip.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Unreadable("zip", f"不是可读的 zip 文件（{error}）。") from error
        self.broken: dict[str, str] = {}
        self.damaged: dict[str, str] = {}
        self._content: dict[str, bytes] = {}
        for name in dict.fromkeys(self.names):
            try:
                self._content[name] = self.zip.read(name)
            except Exception as error:  # zipfile raises a dozen kinds here
                self.damaged[name] = str(error)
        self.workbook_part = self._find_workbook()
        self.workbook = self.tree(self.workbook_part)
        if self.workbook is None:
            raise Unreadable(self.workbook_part, "工作簿的主部件不是合法的 XML。")
        self.sheets = list(self._sheets())

    def content(self, name: str) -> bytes | None:
        """A member's bytes, or None."""
        return self._content.get(name)

    def tree(self, name: str) -> Element | None:
        """A small part as elements, or None when it is missing or broken."""
        content = self._content.get(name)
        if content is None:
            return None
        builder = _Builder()
        try:
            _parse(content, builder)
        except (expat.ExpatError, ValueError) as error:
            self.broken[name] = f"不是合法的 XML（{error}）。"
            return None
        return builder.top.children[0] if builder.top.children else None

    def relationships(self, part: str) -> list[Element]:
        """The relationships of a part ("" for the package)."""
        folder, name = posixpath.split(part)
        root = self.tree(posixpath.join(folder, "_rels", f"{name}.rels"))
        return root.all("Relationship") if root else []

    def target(self, part: str, relationship: Element) -> str:
        """The member that an internal relationship names."""
        text = relationship.get("Target").split("#")[0]
        base = "" if text.startswith("/") else posixpath.dirname(part)
        return posixpath.normpath(posixpath.join(base, text.lstrip("/")))

    def _find_workbook(self) -> str:
        for relationship in self.relationships(""):
            if relationship.get("Type").endswith("/officeDocument"):
                part = self.target("", relationship)
                if part in self._content:
                    return part
        raise Unreadable("_rels/.rels", "找不到工作簿的主部件。")

    def _sheets(self) -> Any:
        assert self.workbook is not None
        targets = {
            r.get("Id"): (r.get("Type"), self.target(self.workbook_part, r))
            for r in self.relationships(self.workbook_part)
        }
        for entry in self.workbook.all("sheet"):
            kind, part = targets.get(entry.get("id"), ("", ""))
            if kind.endswith("/worksheet") and part in self._content:
                yield self._sheet(entry.get("name"), part)

    def _sheet(self, title: str, part: str) -> Sheet:
        sheet = Sheet(title, part)
        for relationship in self.relationships(part):
            if relationship.get("Type").endswith("/table"):
                name = self.target(part, relationship)
                if root := self.tree(name):
                    sheet.tables.append(TablePart(name, root))
        rows = {t.area.top for t in sheet.tables if t.has_header and t.area}
        reader = _SheetReader(sheet, rows, self.shared_strings)
        try:
            _parse(self._content[part], reader)
        except (expat.ExpatError, ValueError) as error:
            self.broken[part] = f"不是合法的 XML（{error}）。"
        top = reader.builder.top.children
        sheet.outside = top[0].children if top else []
        return sheet

    @cached_property
    def shared_strings(self) -> list[str]:
        """The shared strings, plain."""
        for relationship in self.relationships(self.workbook_part):
            if relationship.get("Type").endswith("/sharedStrings"):
                root = self.tree(self.target(self.workbook_part, relationship))
                if root:
                    return [plain(_words(item)) for item in root.children if item.name == "si"]
        return []

    @cached_property
    def styles(self) -> Element | None:
        """The style sheet."""
        for relationship in self.relationships(self.workbook_part):
            if relationship.get("Type").endswith("/styles"):
                return self.tree(self.target(self.workbook_part, relationship))
        return None

    @property
    def tables(self) -> list[TablePart]:
        """All tables of the book."""
        return [table for sheet in self.sheets for table in sheet.tables]

    @cached_property
    def defined_names(self) -> list[Element]:
        """The defined names of the book and its sheets."""
        assert self.workbook is not None
        return self.workbook.all("definedName")


def _words(item: Element) -> str:
    return "".join(t.text if t.name == "t" else _words(t) for t in item.children if t.name != "rPh")
