"""Owns the parts of a workbook by name: what changed so far, the relations between them, and dropping one cleanly."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workbook.errors import NotAWorkbook
from workbook.ooxml.package import Package
from workbook.ooxml.spans import Edit, Element, parse, splice

CONTENT_TYPES = "[Content_Types].xml"
TREE_KEPT = 1 << 18  # bytes; a part up to this size keeps its tree, a long sheet is read anew
_ENCODING = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*)(["'])[^"']*\2""")


@dataclass(frozen=True)
class Relation:
    """One relationship: its id, the last word of its type, and the part it leads to."""

    identifier: str
    kind: str
    target: str


class Parts:
    """A package with changes on top; parts are found without regard to case, as Excel does."""

    def __init__(self, package: Package):
        self.package = package
        self._changed: dict[str, bytes] = {}
        self._dropped: set[str] = set()
        self._read: dict[str, bytes] = {}
        self._trees: dict[str, tuple[bytes | None, Element]] = {}
        self._relations: dict[str, tuple[Element, list[Relation]]] = {}
        self._names = {name.casefold(): name for name in package.members}

    def find(self, name: str) -> str | None:
        """The member that a part name means, if it is there."""
        member = self._names.get(name.lstrip("/").casefold())
        return None if member in self._dropped else member

    def read(self, name: str) -> bytes:
        """The present bytes of a part, as UTF-8."""
        member = self.find(name)
        if member is None:
            raise NotAWorkbook(f"工作簿缺少部件 {name}，不能读取。请在 Excel 里打开并另存一次。")
        if member in self._changed:
            return self._changed[member]
        if member not in self._read:
            self._read = {member: _as_utf8(self.package.read(member), member)}
        return self._read[member]

    def stamp(self, name: str) -> bytes | None:
        """What tells whether a part is still the same: the bytes that it was given last, None while they are the file's."""
        return self._changed.get(self.find(name) or "")

    def tree(self, name: str) -> Element:
        """A part as a tree with spans, read again only if its bytes are others; whoever gets it must not change it."""
        stamp, kept = self.stamp(name), self._trees.get(name)
        if kept is not None and kept[0] is stamp and self.find(name) is not None:
            return kept[1]
        data = self.read(name)
        tree = parse(data, name)
        if len(data) <= TREE_KEPT:
            self._trees[name] = (stamp, tree)
        return tree

    def write(self, name: str, data: bytes) -> None:
        """Gives a part new bytes; the same bytes are no change."""
        member = self.find(name)
        assert member is not None, name
        if data != self.read(name):
            self._changed[member] = data

    def edit(self, name: str, edits: list[Edit]) -> None:
        """Replaces spans of a part."""
        if edits:
            self.write(name, splice(self.read(name), edits))

    @property
    def touched(self) -> frozenset[str]:
        """Members that are changed or dropped."""
        return frozenset(self._changed) | self._dropped

    def to_bytes(self) -> bytes:
        """The package with the changes."""
        return self.package.with_changes(self._changed, self._dropped)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Takes back every change made inside if something is raised."""
        changed, dropped = dict(self._changed), set(self._dropped)
        try:
            yield
        except BaseException:
            self._changed, self._dropped = changed, dropped
            raise

    def relations(self, part: str) -> list[Relation]:
        """The internal relationships of a part, in their order; `""` stands for the package."""
        rels = self.find(_rels_name(part))
        if rels is None:
            return []
        tree, kept = self.tree(rels), self._relations.get(part)
        if kept is not None and kept[0] is tree:
            return list(kept[1])
        folder = posixpath.dirname(part)
        found: list[Relation] = []
        for element in tree.named("Relationship"):
            given = element.attributes
            if given.get("TargetMode") == "External" or not {"Id", "Type", "Target"} <= given.keys():
                continue
            target = posixpath.join("/", folder, given["Target"].replace("\\", "/"))
            kind = given["Type"].rpartition("/")[2]
            found.append(Relation(given["Id"], kind, posixpath.normpath(target).lstrip("/")))
        self._relations[part] = (tree, found)
        return list(found)

    def related(self, part: str, kind: str) -> list[str]:
        """The members that a part leads to by one kind of relationship."""
        found = (self.find(relation.target) for relation in self.relations(part) if relation.kind == kind)
        return [member for member in found if member is not None]

    def drop(self, owner: str, kind: str) -> None:
        """Drops the parts of one kind, with their relationship and content type."""
        rels = _rels_name(owner)
        for relation in [relation for relation in self.relations(owner) if relation.kind == kind]:
            member = self.find(relation.target)
            self.edit(
                rels,
                [
                    (element.start, element.end, b"")
                    for element in self.tree(rels).named("Relationship")
                    if element.attributes.get("Id") == relation.identifier
                ],
            )
            if member is None:
                continue
            self.edit(
                CONTENT_TYPES,
                [
                    (element.start, element.end, b"")
                    for element in self.tree(CONTENT_TYPES).named("Override")
                    if element.attributes.get("PartName", "").lstrip("/").casefold() == member.casefold()
                ],
            )
            self._changed.pop(member, None)
            self._dropped.add(member)

    def of_type(self, ending: str) -> list[str]:
        """The members whose declared content type ends so."""
        members = []
        for element in self.tree(CONTENT_TYPES).named("Override"):
            if element.attributes.get("ContentType", "").endswith(ending):
                member = self.find(element.attributes.get("PartName", ""))
                if member is not None:
                    members.append(member)
        return members


def _rels_name(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _as_utf8(data: bytes, name: str) -> bytes:
    """A part in UTF-16 is carried over to UTF-8; any other encoding is refused."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _ENCODING.sub(r"\1\2UTF-8\2", data.decode("utf-16")).encode()
    declared = _ENCODING.search(data[:200].decode("latin-1")) if name.endswith((".xml", ".rels")) else None
    if declared and not re.search(r"""["'](utf-8|us-ascii)["']$""", declared[0], re.IGNORECASE):
        raise NotAWorkbook(f"工作簿的部件 {name} 不是 UTF-8 编码，暂不支持。请在 Excel 里打开并另存一次。")
    return data
