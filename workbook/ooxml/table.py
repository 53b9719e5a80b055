"""Owns one table part: what a table is called, where it lies, what its columns are, and its growth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from workbook.errors import NotAWorkbook
from workbook.ooxml.cells import decode_text
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area, Growth
from workbook.ooxml.spans import Element, escape, insert_inside, set_attribute

_YES = ("1", "true")


@dataclass(frozen=True)
class TableView:
    """A table as it stands: name, place, and the header texts of its columns (line breaks as a newline)."""

    name: str
    sheet: str
    ref: str
    columns: tuple[str, ...]
    header_row_count: int
    totals_row_count: int
    part: str
    sheet_part: str
    kind: str = "worksheet"
    formulas: tuple[tuple[str, bool], ...] = ()

    @cached_property
    def area(self) -> Area:
        """All of the table: header, data, totals."""
        return Area.parse(self.ref)

    @property
    def first_row(self) -> int:
        """The first data row on the sheet."""
        return self.area.top + self.header_row_count

    @property
    def last_row(self) -> int:
        """The last data row on the sheet."""
        return self.area.bottom - self.totals_row_count

    @property
    def data(self) -> Area:
        """The data rows."""
        return replace(self.area, top=self.first_row, bottom=self.last_row)

    def number_of(self, header: str) -> int:
        """The sheet column of a header, 1-based."""
        return self.area.left + self.columns.index(header)

    def growth(self, rows: int) -> Growth:
        """What happens to the sheet when the data rows become that many more."""
        return Growth(self.data, self.header_row_count, self.last_row + rows, self.totals_row_count)

    def formula_of(self, header: str) -> tuple[str, bool]:
        """The formula of a calculated column and whether it is an array formula; empty if there is none."""
        return self.formulas[self.columns.index(header)] if self.formulas else ("", False)


def read_table(parts: Parts, part: str, sheet: str, sheet_part: str) -> TableView:
    """The view of a table part."""
    root = parts.tree(part)
    given = root.attributes
    holder = root.child("tableColumns")
    if root.local != "table" or holder is None or "ref" not in given:
        raise NotAWorkbook(f"工作簿的部件 {part} 不是完整的表格定义。请在 Excel 里打开并另存一次。")
    columns = holder.named("tableColumn")
    return TableView(
        name=decode_text(given.get("displayName") or given.get("name", "")),
        sheet=sheet,
        ref=Area.parse(given["ref"]).full,
        columns=tuple(plain_header(decode_text(column.attributes.get("name", ""))) for column in columns),
        header_row_count=int(given.get("headerRowCount", "1")),
        totals_row_count=int(given.get("totalsRowCount", "0")),
        part=part,
        sheet_part=sheet_part,
        kind=given.get("tableType", "worksheet"),
        formulas=tuple(_formula(column) for column in columns),
    )


def plain_header(text: str) -> str:
    """A header with its line breaks as plain newlines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _formula(column: Element) -> tuple[str, bool]:
    element = column.child("calculatedColumnFormula")
    if element is None:
        return "", False
    return element.text, element.attributes.get("array") in _YES


def grow_table(parts: Parts, view: TableView, growth: Growth) -> None:
    """Lets the table, its filter and its sorting reach the new last data row; columns and headers are not touched.

    An empty table as Excel saves it shows an insert row; filled, that row is data.
    """
    data = parts.read(view.part)
    root = parts.tree(view.part)
    edits = [
        set_attribute(data, root, name, "0")
        for name in ("insertRow", "insertRowShift")
        if root.attributes.get(name) in _YES
    ]
    if growth.more:
        area = replace(view.area, bottom=view.area.bottom + growth.more)
        edits.append(set_attribute(data, root, "ref", area.full))
        for element in root.walk():
            if element.local in ("autoFilter", "sortState", "sortCondition") and "ref" in element.attributes:
                old = Area.parse(element.attributes["ref"])
                if growth.area(old) != old:
                    edits.append(set_attribute(data, element, "ref", growth.area(old).full))
    parts.edit(view.part, edits)


def declare_formulas(parts: Parts, view: TableView, formulas: Mapping[str, str]) -> TableView:
    """The view with these calculated columns declared; written where a program that saved the book dropped it."""
    missing = {header: text for header, text in formulas.items() if not view.formula_of(header)[0]}
    if not missing:
        return view
    data, tree = parts.read(view.part), parts.tree(view.part)
    holder = tree.child("tableColumns")
    assert holder is not None
    edits = []
    for header, element in zip(view.columns, holder.named("tableColumn"), strict=True):
        if header in missing:
            name = f"{tree.prefix}calculatedColumnFormula"
            edits.append(
                insert_inside(data, element, f"<{name}>{escape(missing[header])}</{name}>".encode(), element.start_end)
            )
    parts.edit(view.part, edits)
    known = view.formulas or (("", False),) * len(view.columns)
    return replace(
        view,
        formulas=tuple((missing[h], False) if h in missing else f for h, f in zip(view.columns, known, strict=True)),
    )
