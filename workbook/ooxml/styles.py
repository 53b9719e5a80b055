"""Owns the cell styles of a workbook: finding or adding a variant of one, never changing any that is there."""

from __future__ import annotations

from typing import Literal

from workbook.errors import NotAWorkbook
from workbook.ooxml.parts import Parts
from workbook.ooxml.spans import Element, insert_inside, parse, set_attribute, splice

Variant = Literal["quoted", "date", "time", "plain"]

GENERAL, DATE, TIME, TEXT = "0", "14", "22", "49"
_YES = ("1", "true")


_CHANGES: dict[Variant, dict[str, str]] = {
    "quoted": {"numFmtId": TEXT, "applyNumberFormat": "1", "quotePrefix": "1"},
    "date": {"numFmtId": DATE, "applyNumberFormat": "1"},
    "time": {"numFmtId": TIME, "applyNumberFormat": "1"},
    "plain": {"numFmtId": GENERAL, "quotePrefix": "0"},
}


class Styles:
    """The cell formats (`cellXfs`) of a book; new ones are added at the end."""

    def __init__(self, parts: Parts, part: str):
        self._parts, self._part = parts, part
        self._load()

    def _load(self) -> None:
        self._data = self._parts.read(self._part)
        formats = self._parts.tree(self._part).child("cellXfs")
        if formats is None:
            raise NotAWorkbook(f"工作簿的部件 {self._part} 没有单元格样式表（cellXfs）。请在 Excel 里打开并另存一次。")
        self._formats = formats
        self._all = formats.named("xf")

    def _format(self, style: str) -> Element:
        number = int(style or 0)
        return self._all[number if number < len(self._all) else 0]

    def is_quoted(self, style: str) -> bool:
        """Whether the style marks its cells as text typed behind a quote."""
        return self._format(style).attributes.get("quotePrefix") in _YES

    def variant(self, style: str, kind: Variant) -> str:
        """The id of the style with that variant's attributes: itself, one like it that exists, or a new one.

        A date variant is given only to a style without number format: any other format was chosen by somebody.
        """
        old = self._format(style)
        if kind in ("date", "time") and old.attributes.get("numFmtId", GENERAL) != GENERAL:
            return style
        wanted = _CHANGES[kind]
        if kind == "plain":
            # Only what says otherwise is taken away; a style that says nothing of numbers is plain already.
            wanted = {name: value for name, value in wanted.items() if old.attributes.get(name, value) != value}
        xml = self._data[old.start : old.end]
        for name, value in wanted.items():
            element = parse(xml, "xf")
            if element.attributes.get(name) != value:
                xml = splice(xml, [set_attribute(xml, element, name, value)])
        new = parse(xml, "xf")
        for number, element in enumerate(self._all):
            if _same(self._data, element, xml, new):
                return str(number)
        return self._add(xml)

    def _add(self, xml: bytes) -> str:
        number = len(self._all)
        edits = [insert_inside(self._data, self._formats, xml)]
        if "count" in self._formats.attributes:
            edits.append(set_attribute(self._data, self._formats, "count", str(number + 1)))
        self._parts.edit(self._part, edits)
        self._load()
        return str(number)


def _same(data: bytes, element: Element, xml: bytes, other: Element) -> bool:
    """Whether an existing format says the same: equal attributes, equal bytes inside."""
    inside = data[element.start_end : element.end_start], xml[other.start_end : other.end_start]
    return element.attributes == other.attributes and inside[0] == inside[1]
