"""Owns taking whole sheets out of a workbook that we just built and putting them into an older one, bytes to bytes.

A sheet brings along its tables, notes, drawings and charts under new names, its styles under the numbers of the other
book, its shared strings as texts of its own, and the defined names that mean it. Whatever the other book has stays: new
sheets go behind the last one, so that nothing that counts sheets is shifted.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workbook.errors import AppendRefused
from workbook.ooxml.package import Package
from workbook.ooxml.parts import CONTENT_TYPES, Parts
from workbook.ooxml.spans import (
    Edit,
    Element,
    escape,
    escape_attribute,
    insert_inside,
    set_attribute,
    splice,
)
from workbook.ooxml.style_copy import StyleCopy
from workbook.ooxml.workbook_part import WorkbookPart
from workbook.ooxml.writer import settle

Make = Callable[[str], bytes]

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same change gives the same bytes
_FORMULAS = frozenset({"f", "formula", "formula1", "formula2", "calculatedColumnFormula", "totalsRowFormula"})
_SHEET_NAME = re.compile(r"""('(?:[^']|'')+'|[^\s!'"(),;:=*/+^&<>\[\]{}%-]+)!""")
_NUMBERED = re.compile(r"(.*?)(\d+)(\.\w+)")


@dataclass(frozen=True)
class Name:
    """What a defined name is: its own name, what it stands for, and the attributes it has besides."""

    name: str
    text: str
    attributes: Mapping[str, str]

    @property
    def sheet(self) -> str | None:
        """The number of the sheet that it belongs to, None for a name of the whole book."""
        return self.attributes.get("localSheetId")


@dataclass(frozen=True)
class Transplanted:
    """The book with the new sheets, and the title that each got, by its title in the donor."""

    data: bytes
    titles: Mapping[str, str]


def transplant(
    book: bytes, donor: bytes, titles: Sequence[str], *, elsewhere: Mapping[str, str], names: Sequence[str]
) -> Transplanted:
    """The book with sheets of the donor behind its own.

    Args:
        book: the workbook that gets the sheets.
        donor: the workbook that was just built.
        titles: the sheets to take, by their titles in the donor.
        elsewhere: titles of the donor's other sheets → those of the same pages in the book.
        names: defined names of the whole donor to take along; one of that name in the book gets the new meaning.

    Raises:
        AppendRefused: the book is signed or strict, so that it would come out damaged.
    """
    work = _Transplant(book, donor, dict(elsewhere))
    return work.run(titles, names)


def sheet_titles(book: bytes) -> tuple[str, ...]:
    """The titles of all sheets of a workbook, hidden ones and charts too."""
    holder = WorkbookPart(Parts(Package(book))).tree().child("sheets")
    return tuple(sheet.attributes.get("name", "") for sheet in holder.children) if holder else ()


class _Transplant:
    """One transplant; changes of old parts go through `Parts`, new parts are kept beside until the end."""

    def __init__(self, book: bytes, donor: bytes, titles: dict[str, str]):
        self._book, self._donor = Parts(Package(book)), Parts(Package(donor))
        self._workbook, self._source = WorkbookPart(self._book), WorkbookPart(self._donor)
        self._refuse_unfit()
        self._styles = StyleCopy(self._book, self._workbook.part, self._donor, self._source.part)
        self._titles = titles
        self._strings = self._shared_strings()
        self._new: dict[str, bytes] = {}
        self._types: dict[str, str] = {}

    def run(self, titles: Sequence[str], names: Sequence[str]) -> Transplanted:
        """All sheets, then the names that may mean any of them."""
        self._titles |= self._free_titles(titles)
        places = {title: self._add_sheet(title) for title in titles}
        self._styles.finish()
        self._write_types()
        self._add_names(places, names)
        settle(self._workbook, formulas_changed=True)
        return Transplanted(_with_members(self._book.to_bytes(), self._new), {t: self._titles[t] for t in titles})

    def _refuse_unfit(self) -> None:
        signed = self._book.related("", "origin")
        if signed:
            raise AppendRefused(f"工作簿带有数字签名（部件 {signed[0]}），改动会使签名失效。请先在 Excel 里去掉签名。")
        if b"purl.oclc.org/ooxml" in self._book.read(self._workbook.part)[:2000]:
            raise AppendRefused("工作簿是“严格 Open XML”格式，不能加入新的工作表。请在 Excel 里另存为普通的 .xlsx。")

    # ---- the sheet and what belongs to it

    def _free_titles(self, titles: Sequence[str]) -> dict[str, str]:
        """A title for each new sheet that none of the book's has, its own if it is free."""
        holder = self._workbook.tree().child("sheets")
        taken = {s.attributes.get("name", "").casefold() for s in holder.children} if holder else set()
        free = {}
        for title in titles:
            new, number = title, 1
            while new.casefold() in taken:
                number += 1
                new = f"{title[:26]} ({number})"
            taken.add(new.casefold())
            free[title] = new
        return free

    def _add_sheet(self, title: str) -> int:
        """Put one sheet behind the last; returns its number from 0."""
        entry = next(sheet for sheet in self._source.sheets() if sheet.title == title)
        part = self._copy(entry.part, "worksheet", self._sheet)
        relation = self._relate(part)
        holder = self._workbook.tree().child("sheets")
        assert holder is not None
        known = holder.named("sheet")
        sheet_id = 1 + max((int(sheet.attributes["sheetId"]) for sheet in known), default=0)
        linked = next((n for sheet in known for n in sheet.attributes if n.endswith(":id")), "r:id")
        state = ' state="hidden"' if self._is_hidden(title) else ""
        new = (
            f'<{holder.prefix}sheet name="{escape_attribute(self._titles[title])}" sheetId="{sheet_id}"{state} '
            f'{linked}="{relation}"/>'
        )
        data = self._book.read(self._workbook.part)
        self._book.edit(self._workbook.part, [insert_inside(data, holder, new.encode())])
        return len(holder.children)

    def _is_hidden(self, title: str) -> bool:
        holder = self._source.tree().child("sheets")
        assert holder is not None
        return any(s.attributes["name"] == title and "state" in s.attributes for s in holder.children)

    def _relate(self, part: str) -> str:
        """A relationship from the book to a new sheet, with an id of its own."""
        folder, name = posixpath.split(self._workbook.part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        root = self._book.tree(rels)
        taken = {element.attributes.get("Id", "") for element in root.children}
        identifier = next(f"rId{n}" for n in range(1, len(taken) + 2) if f"rId{n}" not in taken)
        new = (
            f'<{root.prefix}Relationship Id="{identifier}" Type="{_RELATIONSHIPS}/worksheet" '
            f'Target="{posixpath.relpath(part, folder or ".")}"/>'
        )
        self._book.edit(rels, [insert_inside(self._book.read(rels), root, new.encode())])
        return identifier

    def _copy(self, part: str, kind: str, change: Make | None = None) -> str:
        """Give a part of the donor, with all that it leads to, a new name in the book; returns that name."""
        makers: dict[str, Make] = {"table": self._table, "chart": self._with_formulas}
        make = change or makers.get(kind, self._donor.read)
        new = self._free_name(part)
        self._new[new] = b""  # taken, before what it leads to looks for names
        self._types[new] = self._donor_type(part)
        self._new[new] = make(part)
        relations = self._donor.relations(part)
        if relations:
            folder, name = posixpath.split(new)
            targets = {relation.identifier: self._copy(relation.target, relation.kind) for relation in relations}
            self._new[posixpath.join(folder, "_rels", f"{name}.rels")] = self._relations(part, folder, targets)
        return new

    def _relations(self, part: str, folder: str, targets: Mapping[str, str]) -> bytes:
        old = posixpath.join(posixpath.dirname(part), "_rels", f"{posixpath.basename(part)}.rels")
        data = self._donor.read(old)
        edits: list[Edit] = []
        for element in self._donor.tree(old).children:
            if target := targets.get(element.attributes["Id"]):
                edits.append(set_attribute(data, element, "Target", posixpath.relpath(target, folder)))
        return splice(data, edits)

    def _free_name(self, part: str) -> str:
        found = _NUMBERED.fullmatch(part)
        stem, ending = (found[1], found[3]) if found else posixpath.splitext(part)
        number = 1
        while self._is_taken(name := f"{stem}{number}{ending}"):
            number += 1
        return name

    def _is_taken(self, name: str) -> bool:
        known = name.casefold()
        return self._book.find(name) is not None or any(new.casefold() == known for new in self._new)

    def _donor_type(self, part: str) -> str:
        types = self._donor.tree(CONTENT_TYPES)
        for element in types.named("Override"):
            if element.attributes["PartName"].lstrip("/") == part:
                return element.attributes["ContentType"]
        ending = part.rpartition(".")[2]
        return next(e.attributes["ContentType"] for e in types.named("Default") if e.attributes["Extension"] == ending)

    def _write_types(self) -> None:
        """The content type of every new part: by its ending if the book knows that one so, else by its name."""
        root, data = self._book.tree(CONTENT_TYPES), self._book.read(CONTENT_TYPES)
        known = {e.attributes.get("Extension", "").casefold(): e.attributes.get("ContentType") for e in root.named("Default")}  # fmt: skip
        new, endings = "", {}
        for part, kind in self._types.items():
            ending = part.rpartition(".")[2]
            if ending != "xml" and ending not in known:
                known[ending] = endings[ending] = kind
            if known.get(ending) != kind:
                new += f'<{root.prefix}Override PartName="/{part}" ContentType="{kind}"/>'
        defaults = "".join(f'<{root.prefix}Default Extension="{e}" ContentType="{k}"/>' for e, k in endings.items())
        edits = [insert_inside(data, root, new.encode())] if new else []
        if defaults:
            edits.append(insert_inside(data, root, defaults.encode(), root.start_end))
        self._book.edit(CONTENT_TYPES, edits)

    # ---- what changes inside the new parts

    def _shared_strings(self) -> list[bytes]:
        """The inside of each shared string of the donor, as it stands."""
        found = []
        for part in self._donor.related(self._source.part, "sharedStrings"):
            data = self._donor.read(part)
            found += [data[item.start_end : item.end_start] for item in self._donor.tree(part).named("si")]
        return found

    def _sheet(self, part: str) -> bytes:
        data = self._donor.read(part)
        edits: list[Edit] = []
        for element in self._donor.tree(part).walk():
            given = element.attributes
            if element.local in ("c", "row") and "s" in given:
                edits.append(set_attribute(data, element, "s", str(self._styles.cell(int(given["s"])))))
            if element.local == "col" and "style" in given:
                edits.append(set_attribute(data, element, "style", str(self._styles.cell(int(given["style"])))))
            if element.local == "cfRule" and "dxfId" in given:
                edits.append(set_attribute(data, element, "dxfId", str(self._styles.difference(int(given["dxfId"])))))
            if element.local == "c" and given.get("t") == "s":
                edits += self._text(data, element)
            edits += self._formula(element)
        return splice(data, edits)

    def _text(self, data: bytes, cell: Element) -> list[Edit]:
        """A cell that pointed to a shared string, with the string inside it."""
        value = cell.child("v")
        assert value is not None
        text = b"<is>" + self._strings[int(value.text)] + b"</is>"
        return [set_attribute(data, cell, "t", "inlineStr"), (value.start, value.end, text)]

    def _formula(self, element: Element) -> list[Edit]:
        """A formula that names sheets, with the titles that they have in the book."""
        if element.local not in _FORMULAS or "!" not in element.text:
            return []
        new = self._renamed(element.text)
        return [(element.start_end, element.end_start, escape(new).encode())] if new != element.text else []

    def _renamed(self, formula: str) -> str:
        def title(found: re.Match[str]) -> str:
            name = found[1][1:-1].replace("''", "'") if found[1].startswith("'") else found[1]
            if self._titles.get(name, name) == name:
                return found[0]
            return "'" + self._titles[name].replace("'", "''") + "'!"

        return _SHEET_NAME.sub(title, formula)

    def _with_formulas(self, part: str) -> bytes:
        tree = self._donor.tree(part)
        return splice(self._donor.read(part), [edit for element in tree.walk() for edit in self._formula(element)])

    def _table(self, part: str) -> bytes:
        """A table under an id that no other has, with the book's numbers of its formats."""
        data, root = self._donor.read(part), self._donor.tree(part)
        edits = [set_attribute(data, root, "id", str(self._next_table_id()))]
        for element in root.walk():
            for name, value in element.attributes.items():
                if name.endswith("DxfId"):
                    edits.append(set_attribute(data, element, name, str(self._styles.difference(int(value)))))
            if element.local == "tableStyleInfo" and "name" in element.attributes:
                self._styles.table_style(element.attributes["name"])
            edits += self._formula(element)
        return splice(data, edits)

    def _next_table_id(self) -> int:
        trees = [self._book.tree(part) for part in self._book.of_type("spreadsheetml.table+xml")]
        ids = [int(tree.attributes.get("id", "0")) for tree in trees]
        new = re.compile(rb'<table [^>]*?\bid="(\d+)"')
        ids += [int(found[1]) for data in self._new.values() if (found := new.search(data))]
        return 1 + max(ids, default=0)

    # ---- names

    def _add_names(self, places: Mapping[str, int], wanted: Sequence[str]) -> None:
        """The names of the whole book that were asked for, and those that belong to the new sheets."""
        holder = self._source.tree().child("definedNames")
        order = [sheet.attributes["name"] for sheet in self._source.tree().child("sheets").children]  # type: ignore[union-attr]
        for element in holder.children if holder else []:
            name = Name(element.attributes["name"], self._renamed(element.text), element.attributes)
            if name.sheet is None and name.name in wanted:
                self._workbook.set_name(name.name, name.text, "hidden" in name.attributes)
            elif name.sheet is not None and (title := order[int(name.sheet)]) in places:
                self._add_local_name(name, places[title])

    def _add_local_name(self, name: Name, sheet: int) -> None:
        tree, data = self._workbook.tree(), self._book.read(self._workbook.part)
        hidden = ' hidden="1"' if "hidden" in name.attributes else ""
        tag = f"{tree.prefix}definedName"
        new = f'<{tag} name="{name.name}" localSheetId="{sheet}"{hidden}>{escape(name.text)}</{tag}>'
        names = tree.child("definedNames")
        if names is None:  # a name of the book always comes with the sheet
            raise AppendRefused("工作簿里没有定义的名称，不能加入新的工作表。")
        later = (n for n in names.children if n.attributes.get("name", "").casefold() > name.name.casefold())
        follower = next(later, None)
        edit = insert_inside(data, names, new.encode(), follower.start if follower else None)
        self._book.edit(self._workbook.part, [edit])


def _with_members(data: bytes, new: Mapping[str, bytes]) -> bytes:
    """The package with more members behind the others, whose bytes stay where they are."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in new.items():
            info = zipfile.ZipInfo(name, _WHEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()
