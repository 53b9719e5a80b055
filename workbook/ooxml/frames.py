"""Owns what lies around the rows and beside the sheets: rules, links, breaks, charts and pivot sources after a growth."""

from __future__ import annotations

from collections.abc import Callable

from workbook.errors import AppendRefused
from workbook.ooxml.moves import Moves, Torn
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import LAST_COLUMN, Area
from workbook.ooxml.sheet import Sheet
from workbook.ooxml.spans import Edit, Element, escape, escape_attribute, set_attribute, splice
from workbook.ooxml.workbook_part import WorkbookPart

_FORMULAS = ("formula", "formula1", "formula2", "f")
_NOT_FOLLOWED = ("dimension", "selection", "pane", "sheetView", "c", "row")
_CHART_TYPES = ("drawingml.chart+xml", "ms-office.chartex+xml")
_PIVOT_CACHE = "spreadsheetml.pivotCacheDefinition+xml"


class Frames:
    """Everything that names cells of one sheet from outside its rows."""

    def __init__(self, parts: Parts, workbook: WorkbookPart, own_part: str, moves: Moves):
        self._parts, self._workbook, self._own, self._moves = parts, workbook, own_part, moves
        title = moves.sheet
        self._written = {escape(title).encode(), escape(title).replace("'", "''").encode()}

    def own_edits(self, data: bytes, frame: Element, used: Area) -> list[Edit]:
        """The edits around the rows of the table's own sheet; `used` is where rows were written."""
        edits: list[Edit] = []
        sparkline = {id(child) for one in frame.walk() if one.local == "sparkline" for child in one.children}
        for element in frame.walk():
            given = element.attributes
            if element.local == "dimension" and "ref" in given:
                edits.append(set_attribute(data, element, "ref", str(self._extent(Area.parse(given["ref"]), used))))
            elif element.local == "sqref":
                new = self._moves.sqref(element.text) if id(element) not in sparkline else self._cell(element.text)
                edits.append((element.start_end, element.end_start, escape(new).encode()))
            elif element.local in ("rowBreaks", "colBreaks"):
                edits += self._breaks(data, element)
            elif element.local == "cols" and self._moves.right and self._moves.whole:
                edits.append((element.start_end, element.end_start, self._widths(element)))
            elif element.local not in _NOT_FOLLOWED:
                edits += self._range_edits(data, element)
                edits += self._formula_edits(data, element, self._moves.sheet, f"工作表“{self._moves.sheet}”的规则")
        return [(start, end, new) for start, end, new in edits if data[start:end] != new]

    def _extent(self, old: Area, used: Area) -> Area:
        if self._moves.block is None:
            return old.union(used)
        last = self._moves.used + self._moves.distance
        across, along = (last, used.top) if self._moves.right else (used.left, last)
        return old.union(used).union(Area(across, along, across, along))

    def _cell(self, text: str) -> str:
        try:
            return str(self._moves.moved(Area.parse(text)))
        except (ValueError, Torn):
            return text

    def _breaks(self, data: bytes, holder: Element) -> list[Edit]:
        """Page breaks between moving rows or columns; `id` is the last row or column before the break."""
        block, right = self._moves.block, self._moves.right
        if block is None or not self._moves.whole or (holder.local == "colBreaks") != bool(right):
            return []
        first = block.left if right else block.top
        return [
            set_attribute(data, one, "id", str(int(one.attributes["id"]) + self._moves.distance))
            for one in holder.named("brk")
            if int(one.attributes.get("id", "0")) >= first - 1
        ]

    def _widths(self, cols: Element) -> bytes:
        """The column widths after whole columns moved right; the new column is as wide as the one before it."""
        assert self._moves.block is not None
        first, by = self._moves.block.left, self._moves.right
        pieces = []
        for col in cols.named("col"):
            low, high = int(col.attributes["min"]), int(col.attributes["max"])
            spans = [(low, high if high < first - 1 else first - 1 + by)] if low < first else []
            if high >= first:
                spans.append((max(low, first) + by, min(LAST_COLUMN, high + by)))
            for left, right in spans:
                if left <= right:
                    rest = {k: v for k, v in col.attributes.items() if k not in ("min", "max")}
                    words = "".join(f' {name}="{escape_attribute(value)}"' for name, value in rest.items())
                    pieces.append(f'<{col.name} min="{left}" max="{right}"{words}/>')
        return "".join(pieces).encode()

    def _range_edits(self, data: bytes, element: Element) -> list[Edit]:
        given = element.attributes
        if "sqref" in given:
            return [set_attribute(data, element, "sqref", self._moves.sqref(given["sqref"]))]
        edits = []
        if "ref" in given:
            new = self._guarded(lambda: str(self._moves.moved(Area.parse(given["ref"]))), element.local)
            if new != str(Area.parse(given["ref"])):
                edits.append(set_attribute(data, element, "ref", new))
        return edits + self._link_edits(data, element)

    def _link_edits(self, data: bytes, element: Element) -> list[Edit]:
        location = element.attributes.get("location", "") if element.local == "hyperlink" else ""
        if "!" not in location:
            return []
        new = self._guarded(lambda: self._moves.formula(location, "", grow=False), "链接")
        return [set_attribute(data, element, "location", new)] if new != location else []

    def _formula_edits(self, data: bytes, element: Element, sheet: str, where: str) -> list[Edit]:
        if element.local not in _FORMULAS or not element.text:
            return []
        new = self._guarded(
            lambda: self._moves.formula(element.text, sheet, grow=True), f"{where} ={element.text[:60]} "
        )
        return [(element.start_end, element.end_start, escape(new).encode())] if new != element.text else []

    def _guarded(self, change: Callable[[], str], what: str) -> str:
        try:
            return change()
        except Torn as torn:
            raise AppendRefused(
                f"工作表“{self._moves.sheet}”里表格{self._moves.where}的内容要让出位置，而{what}只管到其中一部分：{torn.area}。"
                f"请改成管整块，或把{self._moves.where}的内容移到别处。"
            ) from torn

    # ---- beside the sheet

    def everywhere_else(self) -> None:
        """Names, charts, pivot sources, and the rules and links of the other sheets."""
        self._guarded(self._move_names, "一个名称")
        for entry in self._workbook.sheets():
            if entry.part != self._own:
                self._other_sheet(entry.part, entry.title)
        for ending in _CHART_TYPES:
            for part in self._parts.of_type(ending):
                data = self._parts.read(part)
                if self._names_it(data):
                    edits = [
                        e for one in self._parts.tree(part).walk() for e in self._formula_edits(data, one, "", "图表")
                    ]
                    self._parts.edit(part, edits)
        for part in self._parts.of_type(_PIVOT_CACHE):
            self._pivot_source(part)

    def _move_names(self) -> str:
        self._workbook.move_names(self._moves)
        return ""

    def _names_it(self, data: bytes) -> bool:
        return any(word in data for word in self._written)

    def _other_sheet(self, part: str, title: str) -> None:
        data = self._parts.read(part)
        rules = b"ormula" in data or b":f>" in data or b"location=" in data
        if not rules or not self._names_it(data):
            return
        sheet = Sheet(data, part)
        edits: list[Edit] = []
        for element in sheet.frame().walk():
            edits += self._formula_edits(sheet.data, element, title, f"工作表“{title}”的规则")
            edits += self._link_edits(sheet.data, element)
        if edits:
            self._parts.write(part, splice(sheet.data, edits))

    def _pivot_source(self, part: str) -> None:
        for element in self._parts.tree(part).walk():
            given = element.attributes
            if element.local == "worksheetSource" and "ref" in given and given.get("sheet", "") == self._moves.sheet:
                old = Area.parse(given["ref"])
                new = self._guarded(lambda old=old: str(self._moves.grown(old)), "数据透视表的数据源")  # type: ignore[misc]
                if new != str(old):
                    self._parts.edit(part, [set_attribute(self._parts.read(part), element, "ref", new)])
