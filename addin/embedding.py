"""Owns xlwings Lite's code inside a workbook: the web-extension parts that hold it; every other byte stays.

xlwings Lite keeps what it runs as settings of its task pane: JSON values of the properties `main.py` and
`requirements.txt` of a web extension. What it needs to be found is one chain of relations: the package → the task panes
→ the web extension, whose reference is Lite's number in the store. Other add-ins hang on the same chain and stay.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbook.errors import AppendRefused, PartnerBookError
from workbook.ooxml.package import Package
from workbook.ooxml.parts import CONTENT_TYPES, Parts, Relation
from workbook.ooxml.spans import Edit, Element, escape_attribute, insert_inside, set_attribute
from workbook.ooxml.zip_records import CENTRAL, LOCAL, Entry, end_records, find_directory, renewed_entry

LITE = "wa200008175"  # xlwings Lite in the store of Office add-ins
CODE, REQUIREMENTS = "main.py", "requirements.txt"
FOLDER = "xl/webextensions"
PANES, EXTENSION = "webextensiontaskpanes", "webextension"  # kinds of relations, and ends of content types
_OFFICE = "http://schemas.microsoft.com/office"
_TYPES = f"{_OFFICE}/2011/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_DEFLATED, _NEW_YEAR_1980 = 8, (0, 0x21)


class CodeUnreadable(PartnerBookError):
    """Lite's part is there, but what it holds is no code."""

    def __init__(self, part: str, name: str):
        super().__init__(
            f"工作簿部件 {part} 里的 {name} 不是 xlwings Lite 能读的内容。请用 partnerbook embed 加 --replace 重新放入，"
            "或再加 --remove 去掉。"
        )


@dataclass(frozen=True)
class Extension:
    """One web extension of Lite: the task panes that lead to it, by which relation, and its own part."""

    panes: str
    relation: Relation
    part: str


def embedded(data: bytes) -> tuple[str, str] | None:
    """The code and the requirements in a workbook, or None if it has none for xlwings Lite.

    Raises:
        NotAWorkbook: the bytes are no workbook. CodeUnreadable: Lite's part holds something else than text.
    """
    parts = Parts(Package(data))
    for extension in _extensions(parts):
        values = {p.attributes.get("name", ""): p.attributes.get("value", "") for p in _properties(parts, extension)}
        if CODE in values:
            return _text(values[CODE], extension, CODE), _text(values.get(REQUIREMENTS, '""'), extension, REQUIREMENTS)
    return None


def embed(data: bytes, code: str, requirements: str) -> bytes:
    """The workbook with this code for xlwings Lite, in the place of the code that is there; unchanged if it is the same.

    Other add-ins and what Lite keeps besides (its own settings) stay.

    Raises:
        NotAWorkbook: the bytes are no workbook. AppendRefused: it is signed, and a change would break the signature.
    """
    parts = Parts(Package(data))
    _refuse_signed(parts)
    extensions = list(_extensions(parts))
    for extension in extensions:
        _set_property(parts, extension, CODE, code)
        _set_property(parts, extension, REQUIREMENTS, requirements)
    if extensions:
        return parts.to_bytes()
    new = _added(parts, code, requirements, hashlib.sha256(data).hexdigest())
    return _with_members(parts.to_bytes(), new)


def remove(data: bytes) -> bytes:
    """The workbook without Lite's code and settings; unchanged if it has none. Other add-ins stay.

    Raises: as `embed`.
    """
    parts = Parts(Package(data))
    extensions = list(_extensions(parts))
    if not extensions:
        return data
    _refuse_signed(parts)
    gone: set[str] = set()
    for extension in extensions:
        _drop_pane(parts, extension)
        gone |= _drop(parts, extension.panes, extension.relation, extension.part)
    for relation in parts.relations(""):
        panes = parts.find(relation.target)
        if relation.kind == PANES and panes and not parts.tree(panes).named("taskpane"):
            gone |= _drop(parts, "", relation, panes)
    return Package(parts.to_bytes()).with_changes({}, gone)


# --- reading ---------------------------------------------------------------------------------------------------------


def _extensions(parts: Parts) -> Iterator[Extension]:
    """Lite's web extensions; there is one, unless a program that merges workbooks doubled it."""
    for panes in parts.related("", PANES):
        for relation in parts.relations(panes):
            part = parts.find(relation.target)
            if relation.kind == EXTENSION and part and _is_lite(parts.tree(part)):
                yield Extension(panes, relation, part)


def _is_lite(root: Element) -> bool:
    """Whether the extension refers to Lite, by its first reference or by one for another store."""
    others = root.child("alternateReferences")
    references = root.named("reference") + (others.named("reference") if others else [])
    return any(reference.attributes.get("id", "").casefold() == LITE for reference in references)


def _properties(parts: Parts, extension: Extension) -> list[Element]:
    holder = parts.tree(extension.part).child("properties")
    return holder.named("property") if holder else []


def _text(value: str, extension: Extension, name: str) -> str:
    """A property's value; a line break may stand in it as such, where JSON alone would want it escaped."""
    try:
        text = json.loads(value, strict=False)
    except ValueError as error:
        raise CodeUnreadable(extension.part, name) from error
    if not isinstance(text, str):
        raise CodeUnreadable(extension.part, name)
    return text


def _refuse_signed(parts: Parts) -> None:
    if signed := parts.related("", "origin"):
        raise AppendRefused(f"工作簿带有数字签名（部件 {signed[0]}），改动会使签名失效。请先在 Excel 里去掉签名。")


# --- writing ---------------------------------------------------------------------------------------------------------


def _value(text: str) -> str:
    """Text as a property's value: JSON in ASCII, so that no character is left which XML or a line break could change."""
    return json.dumps(text, ensure_ascii=True)


def _property(prefix: str, name: str, text: str) -> str:
    return f'<{prefix}property name="{name}" value="{escape_attribute(_value(text))}"/>'


def _set_property(parts: Parts, extension: Extension, name: str, text: str) -> None:
    for element in _properties(parts, extension):
        if element.attributes.get("name") == name:
            if _differs(element.attributes.get("value", ""), text):
                edit = set_attribute(parts.read(extension.part), element, "value", _value(text))
                parts.edit(extension.part, [edit])
            return
    data, root = parts.read(extension.part), parts.tree(extension.part)
    holder = root.child("properties")
    new = _property(root.prefix, name, text)
    if holder is not None:
        parts.edit(extension.part, [insert_inside(data, holder, new.encode())])
        return
    # The schema wants: reference, alternateReferences, properties, bindings, snapshot.
    before = [child.end for child in root.children if child.local in ("reference", "alternateReferences")]
    holder_text = f"<{root.prefix}properties>{new}</{root.prefix}properties>"
    parts.edit(extension.part, [insert_inside(data, root, holder_text.encode(), before[-1])])


def _differs(value: str, text: str) -> bool:
    """Whether a value means another text; Lite escapes what we do not, and the other way round."""
    try:
        return bool(json.loads(value, strict=False) != text)
    except ValueError:
        return True


def _added(parts: Parts, code: str, requirements: str, seed: str) -> dict[str, bytes]:
    """The parts that are new, with the relations and content types that lead to them written into the old ones."""
    part = _free_part(parts, "webextension")
    new = {part: _extension_part(code, requirements, seed).encode()}
    _add_type(parts, part, EXTENSION)
    panes = next(iter(parts.related("", PANES)), None)
    if panes is None:
        panes = _free_part(parts, "taskpanes")
        _add_relation(parts, "", PANES, panes)
        _add_type(parts, panes, PANES)
        new[_rels_of(panes)] = _relations_part(_relation("rId1", EXTENSION, posixpath.basename(part))).encode()
        new[panes] = (
            f'{_HEAD}<wetp:taskpanes xmlns:wetp="{_OFFICE}/webextensions/taskpanes/2010/11">{_pane("rId1", 1)}</wetp:taskpanes>'
        ).encode()
        return new
    rels = _rels_of(panes)
    if parts.find(rels):
        identifier = _add_relation(parts, panes, EXTENSION, part)
    else:
        identifier = "rId1"
        target = posixpath.relpath(part, posixpath.dirname(panes) or ".")
        new[rels] = _relations_part(_relation(identifier, EXTENSION, target)).encode()
    root = parts.tree(panes)
    pane = _pane(identifier, len(root.named("taskpane")) + 1)
    parts.edit(panes, [insert_inside(parts.read(panes), root, pane.encode())])
    return new


def _extension_part(code: str, requirements: str, seed: str) -> str:
    number = str(
        uuid.uuid5(uuid.NAMESPACE_OID, seed)
    ).upper()  # from the book, so that the same book gives the same bytes
    return (
        f'{_HEAD}<we:webextension xmlns:we="{_OFFICE}/webextensions/webextension/2010/11" id="{{{number}}}">'
        f'<we:reference id="{LITE}" version="1.0.0.0" store="en-US" storeType="OMEX"/>'
        f'<we:alternateReferences><we:reference id="{LITE}" version="1.0.0.0" store="{LITE.upper()}" storeType="OMEX"/>'
        f"</we:alternateReferences><we:properties>{_property('we:', CODE, code)}"
        f"{_property('we:', REQUIREMENTS, requirements)}</we:properties><we:bindings/>"
        f'<we:snapshot xmlns:r="{_RELATIONS}"/></we:webextension>'
    )


def _pane(identifier: str, row: int) -> str:
    """A task pane that stays closed until somebody opens Lite; it declares its names itself, whatever its root calls them."""
    return (
        f'<wetp:taskpane xmlns:wetp="{_OFFICE}/webextensions/taskpanes/2010/11" dockstate="right" visibility="0"'
        f' width="438" row="{row}"><wetp:webextensionref xmlns:r="{_RELATIONS}" r:id="{identifier}"/></wetp:taskpane>'
    )


def _relation(identifier: str, kind: str, target: str, prefix: str = "") -> str:
    return f'<{prefix}Relationship Id="{identifier}" Type="{_TYPES}/{kind}" Target="{escape_attribute(target)}"/>'


def _relations_part(relation: str) -> str:
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE_RELATIONS}">{relation}</Relationships>'


def _add_relation(parts: Parts, owner: str, kind: str, part: str) -> str:
    """A relation with a free number; the number. Identifiers count without case, external relations too."""
    rels = _rels_of(owner)
    root = parts.tree(rels)
    taken = {element.attributes.get("Id", "").casefold() for element in root.children}
    identifier = next(name for n in range(1, len(taken) + 2) if (name := f"rId{n}").casefold() not in taken)
    target = posixpath.relpath(part, posixpath.dirname(owner) or ".")
    new = _relation(identifier, kind, target, root.prefix)
    parts.edit(rels, [insert_inside(parts.read(rels), root, new.encode())])
    return identifier


def _add_type(parts: Parts, part: str, kind: str) -> None:
    root = parts.tree(CONTENT_TYPES)
    new = f'<{root.prefix}Override PartName="/{part}" ContentType="application/vnd.ms-office.{kind}+xml"/>'
    parts.edit(CONTENT_TYPES, [insert_inside(parts.read(CONTENT_TYPES), root, new.encode())])


def _free_part(parts: Parts, stem: str) -> str:
    """A part name that no member has and no content type declares; the task panes go without a number if they can."""
    declared = {_declared(element) for element in parts.tree(CONTENT_TYPES).named("Override")}
    number = 0 if stem == "taskpanes" else 1
    while parts.find(name := f"{FOLDER}/{stem}{number or ''}.xml") or name.casefold() in declared:
        number += 1
    return name


def _declared(element: Element) -> str:
    return element.attributes.get("PartName", "").lstrip("/").casefold()


def _rels_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


# --- removing --------------------------------------------------------------------------------------------------------


def _drop_pane(parts: Parts, extension: Extension) -> None:
    edits: list[Edit] = []
    for pane in parts.tree(extension.panes).named("taskpane"):
        reference = pane.child("webextensionref")
        names = reference.attributes.items() if reference else ()
        if any(name.endswith("id") and value == extension.relation.identifier for name, value in names):
            edits.append((pane.start, pane.end, b""))
    parts.edit(extension.panes, edits)


def _drop(parts: Parts, owner: str, relation: Relation, part: str) -> set[str]:
    """Takes away a relation and a content type; the members that are then nobody's."""
    rels = _rels_of(owner)
    relations = (e for e in parts.tree(rels).children if e.attributes.get("Id") == relation.identifier)
    parts.edit(rels, [(element.start, element.end, b"") for element in relations])
    types = (e for e in parts.tree(CONTENT_TYPES).named("Override") if _declared(e) == part.casefold())
    parts.edit(CONTENT_TYPES, [(element.start, element.end, b"") for element in types])
    own = parts.find(_rels_of(part))
    return {part, own} if own else {part}


# --- the zip ---------------------------------------------------------------------------------------------------------


def _with_members(data: bytes, new: Mapping[str, bytes]) -> bytes:
    """The package with more members behind the others, whose bytes stay where they are."""
    directory = find_directory(data)
    position = directory.offset
    pieces, central = [data[:position]], [data[position : directory.end]]
    for name, content in new.items():
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        body, raw = deflater.compress(content) + deflater.flush(), name.encode("ascii")
        sizes = (zlib.crc32(content), len(body), len(content))
        head = LOCAL.pack(b"PK\x03\x04", 20, 0, _DEFLATED, *_NEW_YEAR_1980, *sizes, len(raw), 0) + raw
        listed = CENTRAL.pack(
            b"PK\x01\x02", 20, 20, 0, _DEFLATED, *_NEW_YEAR_1980, *sizes, len(raw), 0, 0, 0, 0, 0, 0
        )  # fmt: skip
        entry = Entry(raw, 0, _DEFLATED, *sizes, position, listed + raw)
        central.append(renewed_entry(entry, 0, _DEFLATED, sizes, position))
        pieces += [head, body]
        position += len(head) + len(body)
    listing = b"".join(central)
    end = end_records(directory.count + len(new), len(listing), position, directory.comment)
    return b"".join([*pieces, listing, end])
