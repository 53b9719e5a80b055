"""Owns carrying cells down the sheet: the cells themselves, and all that points at them or hangs on them, part by part.

What cannot follow is refused with its cell before anything is written (the caller takes everything back).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from workbook.errors import AppendRefused
from workbook.ooxml.moves import Moves, Torn, translated
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import Area, cell_name
from workbook.ooxml.sheet import CellFormula, Sheet
from workbook.ooxml.spans import Edit, Element, escape, set_attribute, splice
from workbook.ooxml.table import TableView
from workbook.ooxml.workbook_part import WorkbookPart

_COMMENT_PARTS = {"comments": "comment", "threadedComment": "threadedComment"}
_ANCHORS = ("twoCellAnchor", "oneCellAnchor", "anchor")
_SHAPE = re.compile(rb"<v:shape[\s>].*?</v:shape>", re.DOTALL)
_NOTE_ROW = re.compile(rb"(<x:Row>\s*)(\d+)(\s*</x:Row>)")
_NOTE_COLUMN = re.compile(rb"(<x:Column>\s*)(\d+)(\s*</x:Column>)")
_NOTE_ANCHOR = re.compile(rb"(<x:Anchor>)([^<]*)(</x:Anchor>)")


class Relocation:
    """One move of cells on the sheet of a table; names, charts and the sheet's own ranges are the append's business."""

    def __init__(
        self, parts: Parts, workbook: WorkbookPart, view: TableView, others: tuple[TableView, ...], moves: Moves
    ):
        self._parts, self._workbook, self._view, self._others, self._moves = parts, workbook, view, others, moves

    def run(self) -> None:
        """Moves the cells and lets every formula, note, picture, table and pivot follow."""
        self._rewrite_formulas()
        self._move_cells()
        self._move_notes()
        self._move_drawings()
        self._move_tables()
        self._move_pivots()

    def _torn(self, area: Area, what: str) -> AppendRefused:
        view, moves = self._view, self._moves
        block = f"（从 {cell_name(moves.block.left, moves.block.top)} 起）" if moves.block else "（汇总行）"
        return AppendRefused(
            f"工作表“{view.sheet}”的表格 {view.name} {moves.where}的内容{block}要让出位置，而{what}只管到其中一部分：{area}。"
            f"请改成引用整块，或把{moves.where}的内容移到别处。"
        )

    # ---- formulas

    def _rewrite_formulas(self) -> None:
        """Formulas of all sheets and their tables; shared ones that change are written out cell by cell."""
        name = self._view.sheet
        written = {escape(name).encode(), escape(name).replace("'", "''").encode()}
        for entry in self._workbook.sheets():
            data = self._parts.read(entry.part)
            own = entry.part == self._view.sheet_part
            if not own and not any(word in data for word in written):
                continue
            sheet = Sheet(data, entry.part)
            edits = _FormulaEdits(sheet, entry.title, self._moves, own, self._view, self._torn)
            self._parts.write(entry.part, splice(sheet.data, edits.run()))

    # ---- the sheet's rows

    def _move_cells(self) -> None:
        sheet = Sheet(self._parts.read(self._view.sheet_part), self._view.sheet_part)
        moves = self._moves
        block = moves.block.top if moves.block else self._view.area.bottom
        rows = sheet.rows_from(min(block, moves.growth.totals.top) if moves.growth.totals_rows else block)
        if not rows:
            return
        found: dict[int, _Line] = {}
        for row in rows:
            whole = moves.whole and moves.block is not None and row.number >= moves.block.top
            line = found.setdefault(row.number + moves.down if whole else row.number, _Line())
            line.given = {k: v for k, v in row.attributes.items() if k not in ("r", "spans")} | line.given
            line.tail += sheet.row_tail(row)
            for cell in sheet.cells(row):
                column, number = moves.target(cell.column, row.number)
                home = found.setdefault(number, _Line())
                if (column, number) != (cell.column, row.number) or column not in home.cells:
                    home.cells[column] = sheet.moved(cell, number, column)
        pieces = [
            sheet.row_xml(number, line.given, b"".join(line.cells[c] for c in sorted(line.cells)) + line.tail)
            for number, line in sorted(found.items())
        ]
        edit = (rows[0].start, sheet.last, b"".join(pieces))
        self._parts.write(self._view.sheet_part, splice(sheet.data, [edit]))

    # ---- what hangs on cells

    def _move_notes(self) -> None:
        for kind, local in _COMMENT_PARTS.items():
            for part in self._parts.related(self._view.sheet_part, kind):
                data = self._parts.read(part)
                edits = [
                    set_attribute(data, note, "ref", str(new))
                    for note in self._parts.tree(part).walk()
                    if note.local == local and (new := self._place(note.attributes.get("ref", ""))) is not None
                ]
                self._parts.edit(part, edits)
        for part in self._parts.related(self._view.sheet_part, "vmlDrawing"):
            data = self._parts.read(part)
            self._parts.write(part, _SHAPE.sub(self._moved_shape, data))

    def _place(self, reference: str) -> str | None:
        """Where a cell goes, or None if it stays."""
        try:
            old = Area.parse(reference)
        except ValueError:
            return None
        place = self._moves.target(old.left, old.top)
        return cell_name(*place) if place != (old.left, old.top) else None

    def _moved_shape(self, found: re.Match[bytes]) -> bytes:
        row, column = _NOTE_ROW.search(found[0]), _NOTE_COLUMN.search(found[0])
        if row is None or column is None or not self._moves.moves_cell(int(column[2]) + 1, int(row[2]) + 1):
            return found[0]
        shape = _NOTE_ROW.sub(lambda m: m[1] + b"%d" % (int(m[2]) + self._moves.down) + m[3], found[0])
        shape = _NOTE_COLUMN.sub(lambda m: m[1] + b"%d" % (int(m[2]) + self._moves.right) + m[3], shape)
        return _NOTE_ANCHOR.sub(self._moved_anchor, shape)

    def _moved_anchor(self, found: re.Match[bytes]) -> bytes:
        numbers = [word.strip() for word in found[2].split(b",")]
        if len(numbers) != 8:
            return found[0]
        for place, by in ((0, self._moves.right), (2, self._moves.down), (4, self._moves.right), (6, self._moves.down)):
            numbers[place] = b"%d" % (int(numbers[place]) + by)
        return found[1] + b", ".join(numbers) + found[3]

    def _move_drawings(self) -> None:
        for part in self._parts.related(self._view.sheet_part, "drawing"):
            self._parts.edit(part, self._anchor_edits(self._parts.tree(part)))
        sheet = Sheet(self._parts.read(self._view.sheet_part), self._view.sheet_part)
        edits = self._anchor_edits(sheet.frame())
        if edits:
            self._parts.write(self._view.sheet_part, splice(sheet.data, edits))

    def _anchor_edits(self, tree: Element) -> list[Edit]:
        """Pictures, charts and controls that stand on moving cells move along; those beside or across stay."""
        edits: list[Edit] = []
        for anchor in tree.walk():
            if anchor.local not in _ANCHORS or anchor.attributes.get("editAs") == "absolute":
                continue
            ends = [end for end in (anchor.child("from"), anchor.child("to")) if end is not None]
            rows = [end.child("row") for end in ends]
            columns = [end.child("col") for end in ends]
            if not ends or None in rows or None in columns:
                continue
            corners = [(int(c.text) + 1, int(r.text) + 1) for c, r in zip(columns, rows, strict=True) if c and r]
            if not all(self._stands(column, row) for column, row in corners):
                continue
            for ends_of, by in ((rows, self._moves.down), (columns, self._moves.right)):
                edits += [
                    (end.start_end, end.end_start, str(int(end.text) + by).encode()) for end in ends_of if end and by
                ]
        return edits

    def _stands(self, column: int, row: int) -> bool:
        """Whether a corner of a picture lies over the block; it may hang over the last cell with content."""
        block = self._moves.block
        return block is not None and block.overlaps(Area(column, row, column, row))

    # ---- other tables and pivots

    def _move_tables(self) -> None:
        for other in self._others:
            data, edits = self._parts.read(other.part), []
            for element in self._parts.tree(other.part).walk():
                if "ref" in element.attributes:
                    old = Area.parse(element.attributes["ref"])
                    new = self._moves.moved(old)
                    if new != old:
                        edits.append(
                            set_attribute(data, element, "ref", new.full if element.local != "c" else str(new))
                        )
            self._parts.edit(other.part, edits)
        for part in self._parts.of_type("spreadsheetml.table+xml"):
            self._parts.edit(part, self._formula_edits(part, ("calculatedColumnFormula", "totalsRowFormula")))

    def _formula_edits(self, part: str, locals_: tuple[str, ...]) -> list[Edit]:
        home = next((other.sheet for other in (self._view, *self._others) if other.part == part), "")
        edits: list[Edit] = []
        for element in self._parts.tree(part).walk():
            if element.local in locals_ and element.text:
                try:
                    new = self._moves.formula(element.text, home, grow=part == self._view.part)
                except Torn as torn:
                    raise self._torn(torn.area, f"部件 {part} 里的公式 ={element.text[:60]} ") from torn
                if new != element.text:
                    edits.append((element.start_end, element.end_start, escape(new).encode()))
        return edits

    def _move_pivots(self) -> None:
        for part in self._parts.related(self._view.sheet_part, "pivotTable"):
            location = self._parts.tree(part).child("location")
            if location is None:
                continue
            new = self._moves.moved(Area.parse(location.attributes["ref"]))
            if str(new) != location.attributes["ref"]:
                self._parts.edit(part, [set_attribute(self._parts.read(part), location, "ref", str(new))])


@dataclass
class _Line:
    """A row that is being put together: its attributes, its cells by column, and what stands behind them."""

    given: dict[str, str] = field(default_factory=dict)
    cells: dict[int, bytes] = field(default_factory=dict)
    tail: bytes = b""


class _FormulaEdits:
    """The edits of one sheet's cell formulas after a move."""

    def __init__(
        self, sheet: Sheet, title: str, moves: Moves, own: bool, view: TableView, torn: Callable[[Area, str], AppendRefused]
    ):  # fmt: skip
        self._sheet, self._title, self._moves, self._own, self._view, self._torn = sheet, title, moves, own, view, torn
        self._cache: dict[tuple[str, bool], str] = {}

    def run(self) -> list[Edit]:
        """All edits, none of them overlapping."""
        edits: list[Edit] = []
        shared: dict[str, list[CellFormula]] = {}
        for formula in self._sheet.cell_formulas():
            kind = formula.attributes.get("t", "normal")
            if kind == "shared":
                shared.setdefault(formula.attributes.get("si", ""), []).append(formula)
            elif kind == "dataTable":
                self._refuse_data_table(formula)
            else:
                edits += self._plain(formula, kind)
        for group in shared.values():
            edits += self._group(group)
        return edits

    def _mapped(self, text: str, where: str, grow: bool) -> str:
        if (text, grow) not in self._cache:
            try:
                self._cache[text, grow] = self._moves.formula(text, self._title, grow=grow)
            except Torn as torn:
                what = f"工作表“{self._title}”{where} 的公式 ={text[:60]} "
                raise self._torn(torn.area, what) from torn
        return self._cache[text, grow]

    def _plain(self, formula: CellFormula, kind: str) -> Iterator[Edit]:
        new = self._mapped(formula.text, formula.name, self._in_totals(formula))
        if new != formula.text:
            yield formula.text_start, formula.text_end, escape(new).encode()
        if kind == "array" and self._own and "ref" in formula.attributes:
            old = Area.parse(formula.attributes["ref"])
            area = self._moves.moved(old)
            if area != old:
                yield self._sheet.attribute_edit(formula, "ref", str(area))

    def _in_totals(self, formula: CellFormula) -> bool:
        """The table's own totals go with its data, also where they name it by address."""
        place = Area(formula.column, formula.row, formula.column, formula.row)
        return self._own and self._moves.growth.totals_rows > 0 and self._moves.growth.totals.overlaps(place)

    def _group(self, group: list[CellFormula]) -> list[Edit]:
        """A shared formula stays shared if no cell of it moves and none reads differently; else each says its own."""
        master = next((one for one in group if one.text), None)
        if master is None:
            return []
        written: dict[CellFormula, str] = {}
        same = True
        for one in group:
            own = translated(master.text, one.row - master.row, one.column - master.column)
            written[one] = self._mapped(own, one.name, self._in_totals(one))
            moves = self._own and self._moves.moves_cell(one.column, one.row)
            same = same and not moves and written[one] == own
        if same:
            return []
        prefix = self._sheet.prefix
        return [
            (one.start, one.end, f"<{prefix}f>{escape(text)}</{prefix}f>".encode()) for one, text in written.items()
        ]

    def _refuse_data_table(self, formula: CellFormula) -> None:
        given = [formula.attributes.get(name, "") for name in ("ref", "r1", "r2")]
        for reference in filter(None, given):
            area = Area.parse(reference)
            if self._own and self._moves.moved(area) != area:
                raise self._torn(area, f"工作表“{self._title}”{formula.name} 的模拟运算表")
