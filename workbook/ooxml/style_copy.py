"""Owns carrying styles from one workbook into another: each is found there or added at the end, none is changed.

A style is compared by what it says, not by its number; numbers of the other book are given for those of the donor.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from workbook.errors import NotAWorkbook
from workbook.ooxml.parts import Parts
from workbook.ooxml.spans import Edit, Element, escape, escape_attribute, insert_inside, set_attribute

Key = tuple[object, ...]

_ORDER = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
    "extLst",
)  # fmt: skip
_FIRST_OWN_FORMAT = 164  # below stand the number formats that every program knows


def styles_part(parts: Parts, main: str) -> str:
    """The styles part of a book."""
    found = parts.related(main, "styles")
    if not found:
        raise NotAWorkbook("工作簿没有样式部件（styles.xml）。请在 Excel 里打开并另存一次。")
    return found[0]


def render(element: Element, prefix: str) -> str:
    """An element again, with another prefix; only for parts in which text never stands beside elements."""
    if element.prefix or any(":" in name for name in element.attributes):
        raise NotAWorkbook(f"样式 {element.name} 不是本程序写的，不能移到另一本工作簿。")
    name = prefix + element.local
    given = "".join(f' {key}="{escape_attribute(value)}"' for key, value in element.attributes.items())
    inside = "".join(render(child, prefix) for child in element.children) or escape(element.text)
    return f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"


def _key(element: Element) -> Key:
    """What an element says, whatever its prefix and the order of its attributes."""
    inside = tuple(_key(child) for child in element.children)
    return element.local, tuple(sorted(element.attributes.items())), inside or element.text.strip()


class _List:
    """One list of the styles part: what is there by what it says, and what comes on top."""

    def __init__(self, root: Element, name: str, item: str):
        self.name = name
        self.element = root.child(name)
        self.items = self.element.named(item) if self.element else []
        self._found: dict[Key, int] = {}
        for number, element in enumerate(self.items):
            self._found.setdefault(_key(element), number)
        self.added: list[Element] = []

    def place(self, element: Element) -> int:
        """The number of one that says the same, or of a new one."""
        key = _key(element)
        if key not in self._found:
            self._found[key] = self.next
            self.added.append(element)
        return self._found[key]

    @property
    def next(self) -> int:
        """The number of the next new one."""
        return len(self.items) + len(self.added)


class StyleCopy:
    """Styles of a donor as numbers of a book; `finish` writes what had to be added."""

    def __init__(self, book: Parts, book_main: str, donor: Parts, donor_main: str):
        self._book, self._part = book, styles_part(book, book_main)
        self._donor = donor.tree(styles_part(donor, donor_main))
        root = self._root = book.tree(self._part)
        self._formats = _List(root, "numFmts", "numFmt")
        self._lists = {
            name: _List(root, name, item)
            for name, item in (
                ("fonts", "font"), ("fills", "fill"), ("borders", "border"), ("cellStyleXfs", "xf"), ("cellXfs", "xf"),
                ("cellStyles", "cellStyle"), ("dxfs", "dxf"), ("tableStyles", "tableStyle"),
            )
        }  # fmt: skip
        if self._lists["cellXfs"].element is None:
            raise NotAWorkbook(f"工作簿的部件 {self._part} 没有单元格样式表（cellXfs）。请在 Excel 里打开并另存一次。")
        self._codes = {item.attributes.get("formatCode"): item.attributes["numFmtId"] for item in self._formats.items}
        self._highest = max((int(e.attributes["numFmtId"]) for e in root.walk() if e.local == "numFmt"), default=0)
        self._same_theme = _minor_font(book, book_main) == _minor_font(donor, donor_main)
        self._cells: dict[int, int] = {}
        self._named: dict[int, int] = {}
        self._differences: dict[int, int] = {}

    def cell(self, number: int) -> int:
        """The cell format of the book for one of the donor."""
        if number not in self._cells:
            old = self._of_donor("cellXfs")[number]
            named = self._named_style(int(old.attributes.get("xfId", "0")))
            self._cells[number] = self._lists["cellXfs"].place(self._format(old, {"xfId": str(named)}))
        return self._cells[number]

    def difference(self, number: int) -> int:
        """The differential format (of a rule or a table) of the book for one of the donor."""
        if number not in self._differences:
            self._differences[number] = self._lists["dxfs"].place(self._adapted(self._of_donor("dxfs")[number]))
        return self._differences[number]

    def table_style(self, name: str) -> None:
        """A table style by its name, which the book keeps if it has one so called."""
        there = self._lists["tableStyles"]
        names = {item.attributes.get("name") for item in (*there.items, *there.added)}
        old = next((item for item in self._of_donor("tableStyles") if item.attributes["name"] == name), None)
        if old is None or name in names:
            return
        there.place(_with_children(old, self._with_difference))

    def _with_difference(self, element: Element) -> Element:
        number = self.difference(int(element.attributes["dxfId"]))
        return _with(element, {"dxfId": str(number)})

    def _of_donor(self, name: str) -> list[Element]:
        holder = self._donor.child(name)
        return holder.children if holder else []

    def _format(self, old: Element, more: Mapping[str, str]) -> Element:
        """A cell format with the numbers of the book's fonts, fills, borders and number formats."""
        given = dict(more)
        for attribute, name in (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders")):
            if attribute in old.attributes:
                item = self._adapted(self._of_donor(name)[int(old.attributes[attribute])])
                given[attribute] = str(self._lists[name].place(item))
        if "numFmtId" in old.attributes:
            given["numFmtId"] = self._number_format(old.attributes["numFmtId"])
        return _with(old, given)

    def _adapted(self, item: Element) -> Element:
        """A font or a difference: its number format as the book counts, and no font of a theme that is another one."""
        if item.local == "dxf":
            return _with_children(item, self._adapted)
        if item.local == "font" and not self._same_theme:
            return _with_children(item, lambda child: None if child.local == "scheme" else child)
        if item.local == "numFmt":
            return _with(item, {"numFmtId": self._number_format(item.attributes["numFmtId"], item)})
        return item

    def _number_format(self, number: str, own: Element | None = None) -> str:
        """A number format by its code; one of a difference stands inside that and brings its code along."""
        if int(number) < _FIRST_OWN_FORMAT:
            return number
        item = own or next(i for i in self._of_donor("numFmts") if i.attributes["numFmtId"] == number)
        code = item.attributes["formatCode"]
        if code not in self._codes:
            self._highest = max(self._highest + 1, _FIRST_OWN_FORMAT)
            self._codes[code] = str(self._highest)
        given = self._codes[code]
        declared = (*self._formats.items, *self._formats.added)
        if own is None and all(other.attributes["numFmtId"] != given for other in declared):
            self._formats.added.append(_with(item, {"numFmtId": given}))
        return given

    def _named_style(self, number: int) -> int:
        """The format of a named style: the book's own of that name, or a new one with its name."""
        if number not in self._named:
            self._named[number] = self._find_named_style(number)
        return self._named[number]

    def _find_named_style(self, number: int) -> int:
        there, formats = self._lists["cellStyles"], self._lists["cellStyleXfs"]
        style = next((s for s in self._of_donor("cellStyles") if s.attributes.get("xfId") == str(number)), None)
        if style is not None:
            for known in (*there.items, *there.added):
                if _same_style(known, style):
                    return int(known.attributes["xfId"])
        if formats.element is None:
            return 0
        place = formats.next
        formats.added.append(self._format(self._of_donor("cellStyleXfs")[number], {}))
        if style is not None and there.element is not None:
            there.added.append(_with(style, {"xfId": str(place)}))
        return place

    def finish(self) -> None:
        """Write what came on top into the styles part."""
        data = self._book.read(self._part)
        edits: list[Edit] = []
        for one in (self._formats, *self._lists.values()):
            if not one.added:
                continue
            new = "".join(render(item, self._root.prefix) for item in one.added)
            if one.element is None:
                edits.append(self._new_list(one, new))
                continue
            edits.append(insert_inside(data, one.element, new.encode()))
            if "count" in one.element.attributes:
                edits.append(set_attribute(data, one.element, "count", str(one.next)))
        self._book.edit(self._part, edits)

    def _new_list(self, one: _List, inside: str) -> Edit:
        """A list that the book lacks, behind those that the schema wants before it."""
        before = _ORDER[: _ORDER.index(one.name)]
        at = max((child.end for child in self._root.children if child.local in before), default=self._root.start_end)
        name = self._root.prefix + one.name
        return at, at, f'<{name} count="{len(one.added)}">{inside}</{name}>'.encode()


def _same_style(known: Element, style: Element) -> bool:
    """Whether two named styles are one: the built-in ones have a number, as their names are translated."""
    numbers = known.attributes.get("builtinId"), style.attributes.get("builtinId")
    return numbers[0] == numbers[1] if numbers[1] else known.attributes.get("name") == style.attributes.get("name")


def _with(element: Element, given: Mapping[str, str]) -> Element:
    attributes = {**element.attributes, **given}
    return Element(element.name, attributes, 0, text=element.text, children=element.children)


def _with_children(element: Element, change: Callable[[Element], Element | None]) -> Element:
    children = [new for child in element.children if (new := change(child)) is not None]
    return Element(element.name, dict(element.attributes), 0, text=element.text, children=children)


def _minor_font(parts: Parts, main: str) -> str:
    """The family that cells of a theme's minor font are written in."""
    for part in parts.related(main, "theme"):
        for element in parts.tree(part).walk():
            if element.local == "minorFont" and (latin := element.child("latin")) is not None:
                return latin.attributes.get("typeface", "")
    return posixpath.basename(main)  # no theme is like no other
