"""Owns one worksheet part: its rows by number without parsing them all, and everything around the rows as a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from workbook.errors import NotAWorkbook
from workbook.ooxml.cells import NewCell, OldCell
from workbook.ooxml.refs import Area, cell_name, column_number
from workbook.ooxml.spans import TAG_ATTRIBUTES, TAG_REST, Edit, Element, attributes, escape_attribute, parse, unescape

_DATA = re.compile(rb"<((?:[\w.-]+:)?)sheetData(?=[\s/>])" + TAG_REST)
_UNSEEN = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
_NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d+)["']""")
_COLUMN = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})\d""")
_WHOLE_REFERENCE = re.compile(rb"""\sr\s*=\s*("[^"]*"|'[^']*')""")
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})(\d+)["']""")
_SPANS = re.compile(rb"""\sspans\s*=\s*(?:"[^"]*"|'[^']*')""")
_AREA_FORMULA = re.compile(rb"""<(?:[\w.-]+:)?f\s[^>]*\bt=["'](?:array|dataTable)["'][^>]*>""")
# What a new row does not take over from the row above: its own number, hiding, grouping, cached extent.
_NOT_INHERITED = frozenset({"r", "spans", "hidden", "collapsed", "outlineLevel"})


@dataclass(frozen=True)
class OldRow:
    """A row as it stands: number, attributes, its span in the part and the span of its cells."""

    number: int
    tag: bytes
    start: int
    end: int
    inside: int
    close: int

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of the row."""
        return attributes(self.tag)


@dataclass(frozen=True, eq=False)
class CellFormula:
    """A formula as it stands in a cell: place, attributes, text, and the spans of its element and of its text."""

    column: int
    row: int
    attributes: Mapping[str, str]
    text: str
    start: int
    text_start: int
    text_end: int
    end: int

    @property
    def name(self) -> str:
        """The cell: `B5`."""
        return cell_name(self.column, self.row)


class Sheet:
    """A worksheet part for reading and for one round of edits; its edits are spans of `data`."""

    def __init__(self, data: bytes, part: str):
        self.part = part
        seen = _UNSEEN.sub(lambda found: b" " * len(found[0]), data) if b"<!" in data else data
        if b"<!DOCTYPE" in seen:
            raise NotAWorkbook(f"工作簿的部件 {part} 含有 DTD，不予读取。")
        opened = _DATA.search(seen)
        if opened is None:
            raise NotAWorkbook(f"工作簿的部件 {part} 不是工作表（没有 sheetData）。")
        if opened[3]:
            opener, closer = opened[0][:-2].rstrip() + b">", b"</" + opened[1] + b"sheetData>"
            data, seen = (text[: opened.start()] + opener + closer + text[opened.end() :] for text in (data, seen))
            self.first, self.last = (opened.start() + len(opener),) * 2
        else:
            self.first = opened.end()
            self.last = seen.rfind(b"</" + opened[1] + b"sheetData")
        self.data, self._seen = data, seen
        self.prefix = opened[1].decode()
        self._row = b"<" + opened[1] + b"row"
        self._row_end = b"</" + opened[1] + b"row"
        self._row_tag = re.compile(re.escape(self._row) + rb"(?=[\s/>])" + TAG_REST)
        cell = rb"<%sc(?=[\s/>])%s(?:/>|>(.*?)</%sc\s*>)" % (opened[1], TAG_ATTRIBUTES, opened[1])
        formula = rb"<%sf(?=[\s/>])%s(?:/>|>(.*?)</%sf\s*>)" % (opened[1], TAG_ATTRIBUTES, opened[1])
        self._formula = re.compile(formula, re.DOTALL)
        self._cell = re.compile(cell, re.DOTALL)
        self._implied: dict[int, int] | None = None

    # ---- rows

    def rows_from(self, first: int) -> list[OldRow]:
        """The rows that stand at or below a number, found from the end: a long sheet is not read through."""
        found: list[OldRow] = []
        position = self.last
        while True:
            position = self._seen.rfind(self._row, self.first, position)
            if position < 0:
                break
            opened = self._row_tag.match(self._seen, position)
            if opened is None:
                continue
            number = self._number(opened)
            if number < first:
                break
            found.append(self._old_row(number, opened))
        return found[::-1]

    def _number(self, opened: re.Match[bytes]) -> int:
        given = _NUMBER.search(opened[1])
        if given:
            return int(given[1])
        if self._implied is None:
            self._implied, number = {}, 0
            for tag in self._row_tag.finditer(self._seen, self.first, self.last):
                named = _NUMBER.search(tag[1])
                number = int(named[1]) if named else number + 1
                self._implied[tag.start()] = number
        return self._implied[opened.start()]

    def _old_row(self, number: int, opened: re.Match[bytes]) -> OldRow:
        start, inside = opened.span()
        if opened[2]:
            return OldRow(number, opened[1], start, inside, inside, inside)
        close = self._seen.index(self._row_end, inside)
        end = self._seen.index(b">", close) + 1
        return OldRow(number, opened[1], start, end, inside, close)

    def cells(self, row: OldRow) -> Iterator[OldCell]:
        """The cells of a row in their order; one without a reference stands right of the one before it."""
        column = 0
        for found in self._cell.finditer(self._seen, row.inside, row.close):
            column = _reference(found[1]) or column + 1
            start, end = found.span()
            yield OldCell(column, found[1], self.data[slice(*found.span(2))] if found[2] else b"", self.data[start:end])

    def row_tail(self, row: OldRow) -> bytes:
        """What a row holds behind its last cell (an extension list)."""
        end = row.inside
        for found in self._cell.finditer(self._seen, row.inside, row.close):
            end = found.end()
        return self.data[end : row.close].strip()

    def merged_row(self, old: OldRow, new: Mapping[int, bytes], shown: bool = False) -> bytes:
        """An existing row with some cells new: the others keep their bytes, columns ascend, the cached extent goes."""
        gone = ("r", "spans", "hidden") if shown else ("r", "spans")
        cells = {cell.column: self._kept(cell, old.number) for cell in self.cells(old)}
        cells |= new
        kept = {name: value for name, value in old.attributes.items() if name not in gone}
        return self.row_xml(old.number, kept, b"".join(cells[column] for column in sorted(cells)) + self.row_tail(old))

    def last_cell(self, row: OldRow) -> tuple[int, bytes, int] | None:
        """Column, start tag and end of a row's last cell without reading the others; None if it has no reference."""
        opener = b"<" + self.prefix.encode() + b"c"
        at = self._seen.rfind(opener, row.inside, row.close)
        while at >= 0 and self._seen[at + len(opener)] not in b" \t\r\n>/":
            at = self._seen.rfind(opener, row.inside, at)
        found = self._cell.match(self._seen, at) if at >= 0 else None
        if found is None or not _reference(found[1]):
            return None
        return _reference(found[1]), found[1], found.end()

    def cell_behind(self, row: OldRow, new: bytes, at: int) -> list[Edit]:
        """The edits that put a cell behind the last one of a row; the row's cached extent goes."""
        spans = _SPANS.search(self.data, row.start, row.inside)
        return [*([(*spans.span(), b"")] if spans else []), (at, at, new)]

    def _kept(self, cell: OldCell, row: int) -> bytes:
        return cell.raw if _reference(cell.tag) else self.moved(cell, row)

    def moved(self, cell: OldCell, row: int, column: int = 0) -> bytes:
        """The bytes of a cell with the reference that it has in that row (and column)."""
        reference = f' r="{cell_name(column or cell.column, row)}"'.encode()
        given = _WHOLE_REFERENCE.search(cell.raw, 0, len(cell.raw) - len(cell.body))
        if given:
            return cell.raw[: given.start()] + reference + cell.raw[given.end() :]
        head = len(self.prefix) + 2
        return cell.raw[:head] + reference + cell.raw[head:]

    def rendered(self, cells: Mapping[int, NewCell], row: int) -> dict[int, bytes]:
        """New cells as they are written in that row."""
        return {column: cell.xml(row, self.prefix) for column, cell in cells.items()}

    def new_row(self, number: int, like: OldRow | None, new: Mapping[int, bytes]) -> bytes:
        """A row that did not exist, formatted like another one but never hidden nor grouped."""
        given = like.attributes if like else {}
        kept = {name: value for name, value in given.items() if name not in _NOT_INHERITED}
        if kept.get("customHeight") not in ("1", "true"):
            kept.pop("ht", None)
        return self.row_xml(number, kept, b"".join(new[column] for column in sorted(new)))

    def row_xml(self, number: int, given: Mapping[str, str], cells: bytes) -> bytes:
        """A row of cells that are written already."""
        tag = f'<{self.prefix}row r="{number}"'
        tag += "".join(f' {name}="{escape_attribute(value)}"' for name, value in given.items())
        return f"{tag}>".encode() + cells + f"</{self.prefix}row>".encode()

    def row_edits(self, rows: Mapping[int, bytes]) -> list[Edit]:
        """The edits that put these rows in their places, each over the row of its number if there is one."""
        there = self.rows_from(min(rows)) if rows else []
        edits, index = [], 0
        for number in sorted(rows):
            while index < len(there) and there[index].number < number:
                index += 1
            if index < len(there) and there[index].number == number:
                edits.append((there[index].start, there[index].end, rows[number]))
            else:
                at = there[index].start if index < len(there) else self.last
                edits.append((at, at, rows[number]))
        for row in there:
            if row.number not in rows and not _NUMBER.search(row.tag):
                at = row.start + len(self._row)
                edits.append((at, at, f' r="{row.number}"'.encode()))
        return edits

    # ---- around the rows

    def frame(self) -> Element:
        """The part without its rows, as a tree; offsets behind the rows are moved back to where they stand."""
        tree = parse(self.data[: self.first] + self.data[self.last :], self.part)
        gap = self.last - self.first
        for element in tree.walk():
            for name in ("start", "start_end", "end_start", "end"):
                offset = getattr(element, name)
                if offset > self.first or (offset == self.first and name == "end_start"):
                    setattr(element, name, offset + gap)
        return tree

    def formula_areas(self) -> list[Area]:
        """The areas that array formulas and data tables fill."""
        areas = []
        if b"array" in self.data or b"dataTable" in self.data:
            for found in _AREA_FORMULA.finditer(self._seen, self.first, self.last):
                reference = attributes(found[0][2:]).get("ref")
                if reference:
                    areas.append(Area.parse(reference))
        return areas

    def cell_formulas(self) -> Iterator[CellFormula]:
        """All cell formulas in their order; the cells around them are not read, as a long sheet may have few."""
        opener = b"<" + self.prefix.encode() + b"c"
        for found in self._formula.finditer(self._seen, self.first, self.last):
            at = self._seen.rfind(opener, self.first, found.start())
            while at > 0 and self._seen[at + len(opener)] not in b" \t\r\n>/":
                at = self._seen.rfind(opener, self.first, at)
            named = _PLACE.search(self._seen, max(at, 0), found.start())
            column, row = (_column(named[1]), int(named[2])) if named else self._implied_place(at)
            text = unescape(self.data[slice(*found.span(2))].decode()) if found[2] else ""
            span = found.span(2) if found[2] is not None else (found.end(), found.end())
            yield CellFormula(column, row, attributes(found[1]), text, found.start(), *span, found.end())

    def _implied_place(self, at: int) -> tuple[int, int]:
        """The place of a cell that is written without its reference."""
        for row in self.rows_from(1):
            if row.start < at < row.end:
                column = 0
                for found in self._cell.finditer(self._seen, row.inside, row.close):
                    column = _reference(found[1]) or column + 1
                    if found.start() == at:
                        return column, row.number
        raise NotAWorkbook(f"工作簿的部件 {self.part} 里有一个公式不在单元格里。请在 Excel 里打开并另存一次。")

    def attribute_edit(self, formula: CellFormula, name: str, value: str) -> Edit:
        """The edit that gives an attribute of a formula, which it has, another value."""
        pattern = re.compile(rb"""\s%s\s*=\s*("[^"]*"|'[^']*')""" % name.encode())
        found = pattern.search(self.data, formula.start, formula.text_start)
        assert found is not None
        return found.start(1), found.end(1), f'"{escape_attribute(value)}"'.encode()


def _reference(tag: bytes) -> int:
    found = _COLUMN.search(tag)
    return _column(found[1]) if found else 0


@cache
def _column(letters: bytes) -> int:
    return column_number(letters.decode())
