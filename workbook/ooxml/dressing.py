"""Owns giving a column of a table the look that it has in a book we just built: styles, width, what it takes, its chips.

Only what speaks of the column itself is carried over; a rule that looks at other columns stays behind, as those may
stand elsewhere here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbook.ooxml.moves import translated
from workbook.ooxml.package import Package
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area
from workbook.ooxml.sheet import Sheet
from workbook.ooxml.spans import (
    ATTRIBUTE,
    Edit,
    Element,
    attributes,
    escape_attribute,
    insert_inside,
    set_attribute,
    splice,
)
from workbook.ooxml.style_copy import StyleCopy, render
from workbook.ooxml.table import TableView, read_table
from workbook.ooxml.workbook_part import WorkbookPart

_PORTABLE_RULES = frozenset({"cellIs", "dataBar"})
_ROW_MARKS = ("hidden", "outlineLevel")


def dress_columns(book: bytes, donor: bytes, table: str, headers: Mapping[str, str]) -> bytes:
    """The book with columns of a table (header → the donor's header) dressed as in the donor."""
    here, there = _Side(book, table), _Side(donor, table)
    styles = StyleCopy(here.parts, here.workbook.part, there.parts, there.workbook.part)
    looks = {here.view.number_of(mine): there.look(theirs) for mine, theirs in headers.items()}
    rows = {column: [styles.cell(int(style or 0)) for style in look.cells] for column, look in looks.items()}
    rules = {
        column: [_with_format(rule, styles) for rule in look.rules] for column, look in looks.items()
    }  # fmt: skip
    styles.finish()
    _Dress(here).run(looks, rows, rules)
    return here.parts.to_bytes()


def _with_format(rule: Element, styles: StyleCopy) -> Element:
    given = dict(rule.attributes)
    if "dxfId" in given:
        given["dxfId"] = str(styles.difference(int(given["dxfId"])))
    return Element(rule.name, given, 0, text=rule.text, children=rule.children)


@dataclass(frozen=True)
class _Look:
    """A column of the donor: styles of its header and of its first row, width, validation, rules; and where it stands."""

    cells: tuple[str, str]
    width: str
    validation: Element | None
    rules: tuple[Element, ...]
    column: int
    row: int


class _Side:
    """One of the two books, at one table."""

    def __init__(self, data: bytes, table: str):
        self.parts = Parts(Package(data))
        self.workbook = WorkbookPart(self.parts)
        self.view: TableView = next(
            view
            for sheet in self.workbook.sheets()
            for part in self.parts.related(sheet.part, "table")
            if (view := read_table(self.parts, part, sheet.title, sheet.part)).name.casefold() == table.casefold()
        )
        self.sheet = Sheet(self.parts.read(self.view.sheet_part), self.view.sheet_part)

    def look(self, header: str) -> _Look:
        """How a column of the donor looks."""
        view, column = self.view, self.view.number_of(header)
        by_row = {
            row.number: {cell.column: cell.style for cell in self.sheet.cells(row)}
            for row in self.sheet.rows_from(view.area.top)
            if row.number <= view.first_row
        }
        frame = self.sheet.frame()
        own = Area(column, view.first_row, column, view.last_row)
        cells = by_row[view.area.top].get(column, ""), by_row[view.first_row].get(column, "")
        widths = frame.child("cols")
        width = (
            next((e.attributes.get("width", "") for e in widths.children if _covers(e, column)), "") if widths else ""
        )
        validations = frame.child("dataValidations")
        takes = next(_over(validations, own), None) if validations else None
        chips = tuple(
            rule
            for group in _over(frame, own, "conditionalFormatting")
            for rule in group.named("cfRule")
            if rule.attributes.get("type") in _PORTABLE_RULES and rule.child("extLst") is None and not _refers(rule)
        )
        return _Look(cells, width, takes if takes and not _refers(takes) else None, chips, column, view.first_row)


def _covers(element: Element, column: int) -> bool:
    return int(element.attributes["min"]) <= column <= int(element.attributes["max"])


def _over(holder: Element, area: Area, name: str = "dataValidation") -> Iterator[Element]:
    for element in holder.named(name):
        if element.attributes.get("sqref") and Area.parse(element.attributes["sqref"].split()[0]) == area:
            yield element


def _refers(element: Element) -> bool:
    """Whether a formula inside names cells of its own book by fixed places."""
    return any("$" in child.text or "!" in child.text for child in element.walk())


class _Dress:
    """The edits of one sheet."""

    def __init__(self, side: _Side):
        self.parts, self.view, self.sheet = side.parts, side.view, side.sheet
        self.frame = self.sheet.frame()

    def run(
        self, looks: Mapping[int, _Look], rows: Mapping[int, list[int]], rules: Mapping[int, list[Element]]
    ) -> None:
        """Everything in one splice."""
        edits = self._row_edits(rows) + self._width_edits({column: look.width for column, look in looks.items()})
        edits += self._validation_edits(looks) + self._rule_edits(rules)
        self.parts.write(self.view.sheet_part, splice(self.sheet.data, edits))

    def _row_edits(self, styles: Mapping[int, list[int]]) -> list[Edit]:
        written = {}
        for row in self.sheet.rows_from(self.view.area.top):
            if row.number > self.view.last_row:
                break
            data = row.number >= self.view.first_row
            cells = {
                c.column: _styled(c.raw, styles[c.column][data]) for c in self.sheet.cells(row) if c.column in styles
            }
            written[row.number] = self.sheet.merged_row(row, cells)
        return self.sheet.row_edits(written)

    def _width_edits(self, widths: Mapping[int, str]) -> list[Edit]:
        holder = self.frame.child("cols")
        if holder is None:
            return []
        pieces: list[tuple[int, dict[str, str]]] = []
        for element in holder.children:
            first, last = int(element.attributes["min"]), int(element.attributes["max"])
            inside = [column for column in widths if first <= column <= last]
            for start, end in _split(first, last, inside):
                given = {**element.attributes, "min": str(start), "max": str(end)}
                if start in inside:
                    given = {name: value for name, value in given.items() if name not in _ROW_MARKS}
                    given |= {"width": widths[start], "customWidth": "1"}
                pieces.append((start, given))
        known = {start for start, _ in pieces} | {c for e in holder.children for c in widths if _covers(e, c)}
        pieces += [
            (column, {"min": str(column), "max": str(column), "width": width, "customWidth": "1"})
            for column, width in widths.items() if column not in known
        ]  # fmt: skip
        new = "".join(
            render(Element("col", given, 0), holder.prefix) for _, given in sorted(pieces, key=lambda p: p[0])
        )
        return [(holder.start_end, holder.end_start, new.encode())]

    def _validation_edits(self, looks: Mapping[int, _Look]) -> list[Edit]:
        holder = self.frame.child("dataValidations")
        if holder is None:
            return []
        new = ""
        for column, look in looks.items():
            if look.validation is None:
                continue
            shift = self.view.first_row - look.row, column - look.column
            formulas = [
                Element(child.name, child.attributes, 0, text=translated(child.text, *shift))
                for child in look.validation.children
            ]
            given = {**look.validation.attributes, "sqref": self._own(column)}
            new += render(Element("dataValidation", given, 0, children=formulas), holder.prefix)
        edits = [insert_inside(self.sheet.data, holder, new.encode())] if new else []
        if new and "count" in holder.attributes:
            count = len(holder.children) + sum(look.validation is not None for look in looks.values())
            edits.append(set_attribute(self.sheet.data, holder, "count", str(count)))
        return edits

    def _rule_edits(self, rules: Mapping[int, list[Element]]) -> list[Edit]:
        groups = self.frame.named("conditionalFormatting")
        if not groups:
            return []
        used = [int(e.attributes.get("priority", "0")) for e in self.frame.walk() if e.local == "cfRule"]
        number, new = max(used, default=0), ""
        for column, own in rules.items():
            inside = []
            for rule in own:
                number += 1
                given = {**rule.attributes, "priority": str(number)}
                inside.append(Element("cfRule", given, 0, children=rule.children))
            if inside:
                group = Element("conditionalFormatting", {"sqref": self._own(column)}, 0, children=inside)
                new += render(group, groups[-1].prefix)
        return [(groups[-1].end, groups[-1].end, new.encode())] if new else []

    def _own(self, column: int) -> str:
        return str(Area(column, self.view.first_row, column, self.view.last_row))


def _split(first: int, last: int, single: list[int]) -> Iterator[tuple[int, int]]:
    """A run of columns as runs in which each of some stands alone."""
    start = first
    for column in sorted(single):
        if start < column:
            yield start, column - 1
        yield column, column
        start = column + 1
    if start <= last:
        yield start, last


def _styled(raw: bytes, style: int) -> bytes:
    """A cell with another style."""
    end = re.search(rb"""^<[^\s/>]+(?:[^>"']|"[^"]*"|'[^']*')*?(?=/?>)""", raw)
    assert end is not None
    tag = end[0]
    for found in ATTRIBUTE.finditer(tag):
        if found[1] == b"s":
            return raw[: found.start(2)] + f'"{escape_attribute(str(style))}"'.encode() + raw[found.end(2) :]
    assert "s" not in attributes(tag)
    return tag + f' s="{style}"'.encode() + raw[len(tag) :]
