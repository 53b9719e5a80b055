"""Owns the main part of a workbook: its sheets, calendar, defined names and the order to calculate on opening."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from workbook.errors import NotAWorkbook, ValueRefused
from workbook.ooxml.moves import Moves
from workbook.ooxml.parts import Parts
from workbook.ooxml.spans import Edit, Element, escape, escape_attribute, insert_inside, set_attribute

_YES = ("1", "true")
_BEFORE_NAMES = (
    "fileVersion", "fileSharing", "workbookPr", "AlternateContent", "absPath", "revisionPtr", "workbookProtection",
    "bookViews", "sheets", "functionGroups", "externalReferences",
)  # fmt: skip
_BEFORE_CALCULATION = (*_BEFORE_NAMES, "definedNames")
_NAME = re.compile(r"[^\W\d][\w.\\?]{0,254}|\\[\w.\\?]{0,254}")
_CELL_LIKE = re.compile(r"[A-Za-z]{1,3}\d+|[Rr]\d*[Cc]\d*|[RrCc]")


@dataclass(frozen=True)
class SheetEntry:
    """A sheet's title and the member that holds it."""

    title: str
    part: str


class WorkbookPart:
    """The main part; every change is one edit of it through the parts."""

    def __init__(self, parts: Parts):
        self._parts = parts
        mains = parts.related("", "officeDocument")
        if not mains or mains[0].endswith(".bin"):
            raise NotAWorkbook(
                "这个文件不是 .xlsx 或 .xlsm 工作簿（没有主部件，或是 .xlsb）。请在 Excel 里另存为 .xlsx。"
            )
        self.part = mains[0]
        if self.tree().local != "workbook":
            raise NotAWorkbook(f"这个文件不是工作簿（主部件 {self.part} 是另一种文档）。")

    def tree(self) -> Element:
        """The present tree of the part."""
        return self._parts.tree(self.part)

    @cached_property
    def date1904(self) -> bool:
        """Whether day numbers count from 1904."""
        properties = self.tree().child("workbookPr")
        return properties is not None and properties.attributes.get("date1904") in _YES

    def last_saved_by(self) -> str:
        """The name in the document properties of who saved the book last; "" if there is none."""
        try:
            for part in self._parts.related("", "core-properties"):
                who = self._parts.tree(part).child("lastModifiedBy")
                return " ".join(who.text.split())[:60] if who is not None else ""
        except NotAWorkbook:  # properties that cannot be read are no reason to refuse the book
            pass
        return ""

    def sheets(self) -> list[SheetEntry]:
        """The sheets in the order of their tabs."""
        holder = self.tree().child("sheets")
        by_id = {relation.identifier: relation for relation in self._parts.relations(self.part)}
        entries = []
        for sheet in holder.named("sheet") if holder else []:
            identifier = next((value for name, value in sheet.attributes.items() if name.endswith(":id")), "")
            relation = by_id.get(identifier)
            part = self._parts.find(relation.target) if relation and relation.kind == "worksheet" else None
            if part:
                entries.append(SheetEntry(sheet.attributes.get("name", ""), part))
        return entries

    def name_value(self, name: str) -> str | None:
        """What a defined name of the whole book stands for."""
        element = self._name_element(self.tree(), name)
        return None if element is None else element.text

    def _name_element(self, tree: Element, name: str) -> Element | None:
        names = tree.child("definedNames")
        for element in names.named("definedName") if names else []:
            given = element.attributes
            if given.get("name", "").casefold() == name.casefold() and "localSheetId" not in given:
                return element
        return None

    def set_name(self, name: str, value: str, hidden: bool) -> None:
        """Gives a defined name of the whole book a value; a new one goes to its place by the alphabet."""
        if not _NAME.fullmatch(name) or _CELL_LIKE.fullmatch(name):
            raise ValueRefused(f"“{name}”不能作名称：名称以字母、汉字或下划线开头，不含空格，也不能像单元格地址。")
        value = value.removeprefix("=")
        if not value or len(value) > 8192 or re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", value):
            raise ValueRefused(f"名称 {name} 的内容是空的、超过 8192 个字符，或含有不能写进工作簿的字符。")
        tree, data = self.tree(), self._parts.read(self.part)
        old = self._name_element(tree, name)
        if old is not None:
            self._parts.edit(self.part, _renewed(data, old, value, hidden))
            return
        prefix = tree.prefix
        shown = ' hidden="1"' if hidden else ""
        new = f'<{prefix}definedName name="{escape_attribute(name)}"{shown}>{escape(value)}</{prefix}definedName>'
        names = tree.child("definedNames")
        if names is None:
            new = f"<{prefix}definedNames>{new}</{prefix}definedNames>"
            self._parts.edit(self.part, [_insert_after(data, tree, _BEFORE_NAMES, new)])
            return
        later = (item for item in names.children if item.attributes.get("name", "").casefold() > name.casefold())
        follower = next(later, None)
        at = follower.start if follower else None
        self._parts.edit(self.part, [insert_inside(data, names, new.encode(), at)])

    def move_names(self, moves: Moves) -> None:
        """Lets defined names over a table's data rows reach its new last row, and follow cells that made room.

        Raises:
            Torn: a name holds cells of which only a part moves.
        """
        names = self.tree().child("definedNames")
        edits: list[Edit] = []
        for element in names.named("definedName") if names else []:
            new = moves.formula(element.text, "", grow=True)
            if new != element.text:
                edits.append((element.start_end, element.end_start, escape(new).encode()))
        self._parts.edit(self.part, edits)

    def calculate_on_load(self) -> None:
        """Tells the program that opens the book to calculate everything anew."""
        tree, data = self.tree(), self._parts.read(self.part)
        element = tree.child("calcPr")
        if element is None:
            new = f'<{tree.prefix}calcPr fullCalcOnLoad="1"/>'
            self._parts.edit(self.part, [_insert_after(data, tree, _BEFORE_CALCULATION, new)])
        elif element.attributes.get("fullCalcOnLoad") not in _YES:
            self._parts.edit(self.part, [set_attribute(data, element, "fullCalcOnLoad", "1")])

    def forget_calculation_order(self) -> None:
        """Drops the calculation chain, which must name every formula cell and no other."""
        self._parts.drop(self.part, "calcChain")


def _renewed(data: bytes, old: Element, value: str, hidden: bool) -> list[Edit]:
    edits: list[Edit] = []
    if old.text != value:
        if old.closed:
            edits.append(insert_inside(data, old, escape(value).encode()))
        else:
            edits.append((old.start_end, old.end_start, escape(value).encode()))
    if (old.attributes.get("hidden") in _YES) != hidden:
        edits.append(set_attribute(data, old, "hidden", "1" if hidden else "0"))
    return edits


def _insert_after(data: bytes, tree: Element, before: tuple[str, ...], new: str) -> Edit:
    """The edit that puts a child behind the last of those that the schema wants before it."""
    earlier = [child.end for child in tree.children if child.local in before]
    return insert_inside(data, tree, new.encode(), max(earlier, default=tree.start_end))
