"""Owns how OData v4 is spoken: options of an address, the metadata document, and entities as JSON with exact decimals. No I/O.

The smallest part of the protocol that Excel and Power BI need: what is not spoken is refused (501), never ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import MIMEAccept, MultiDict
from werkzeug.http import parse_options_header

from forms_server.finance_snapshots import START, Place
from workbook.errors import PartnerBookError

NAMESPACE = "PartnerBook"
PAGE = 1000  # entities in one answer, unless a client prefers fewer
SPOKEN = ("$select", "$top", "$skip", "$count", "$format", "$skiptoken")
# All others that OData 4.0 and 4.01 name; the dollar may be left out in 4.01, and ignoring them would answer wrongly.
UNSPOKEN = frozenset(
    "filter orderby expand apply search compute levels index schemaversion deltatoken id entityid".split()
)
BIGGEST = 1_000_000_000


class OptionNotSpoken(PartnerBookError):
    """A system option of OData that is not offered here; leaving it out would give other rows than were asked for."""

    def __init__(self, name: str):
        super().__init__(
            f"这个数据源不支持 {name}，只支持 {'、'.join(SPOKEN[:5])}。请取回全部行以后再筛选、排序和汇总。"
        )


class OptionInvalid(PartnerBookError):
    """A system option has a value that it cannot have."""

    def __init__(self, name: str, meant: str):
        super().__init__(f"选项 {name} 读不懂，应为{meant}。")


class PropertyUnknown(PartnerBookError):
    """`$select` names what there is not, or what this token may not see."""

    def __init__(self, name: str, entity_set: str):
        super().__init__(f"{entity_set} 没有属性“{name[:60]}”。可用的属性见 $metadata。")


class LinkInvalid(PartnerBookError):
    """A `$skiptoken` that was not issued here, or for something else."""

    def __init__(self) -> None:
        super().__init__("这个 $skiptoken 不是这里给出的，或者被改动过。请从第一页重新取。")


class FormatRefused(PartnerBookError):
    """A format other than JSON; `status` is 415 where `$format` names it, 406 where only Accept does."""

    def __init__(self, status: int):
        self.status = status
        super().__init__("这个数据源只给 JSON（application/json）。")


class ResourceUnknown(PartnerBookError):
    """An address below the service that leads nowhere."""

    def __init__(self) -> None:
        super().__init__("这个数据源里没有这个资源。有哪些见服务文档 /finance/v1/odata/。")


class ResourceNotSpoken(PartnerBookError):
    """An address that OData knows and that is not offered: single entities, properties, batches."""

    def __init__(self) -> None:
        super().__init__("这个数据源只给整个实体集，不能按键取单个实体或属性。请取回全部行以后再筛选。")


@dataclass(frozen=True)
class Property:
    """One property: its name and kind (text, money, number, date, count)."""

    name: str
    kind: str


@dataclass(frozen=True)
class EntitySet:
    """One set of entities: its name, its type's name, its key, and its properties in order."""

    name: str
    type: str
    key: str
    properties: tuple[Property, ...]

    def chosen(self, select: Sequence[str]) -> tuple[Property, ...]:
        """The properties of a `$select`, in the order of the declaration; all without one."""
        return tuple(one for one in self.properties if not select or one.name in select)


@dataclass(frozen=True)
class Form:
    """How JSON is wanted: `metadata` is minimal or none; `ieee` asks for decimals as text."""

    metadata: str = "minimal"
    ieee: bool = False

    @property
    def content_type(self) -> str:
        """As the answer's header says it."""
        return f"application/json;odata.metadata={self.metadata};IEEE754Compatible={'true' if self.ieee else 'false'}"


@dataclass(frozen=True)
class Walk:
    """What is asked of an entity set, and how far a walk over its pages has come.

    `snapshot` is 0 before the first page; `left` counts entities that `$top` still allows, None without it.
    """

    select: tuple[str, ...] = ()
    left: int | None = None
    skip: int = 0
    count: bool = False
    size: int = PAGE
    lang: str = ""
    format: str = ""
    snapshot: int = 0
    after: Place = START

    @property
    def limit(self) -> int:
        """Entities on this page."""
        return self.size if self.left is None else min(self.size, self.left)

    def next(self, snapshot: int, after: Place) -> Walk:
        """The page behind this one."""
        left = None if self.left is None else self.left - self.limit
        return replace(self, left=left, skip=0, snapshot=snapshot, after=after)


# --- what is asked ----------------------------------------------------------------------------------------------------


def refuse_unspoken(args: MultiDict[str, str], spoken: Iterable[str]) -> None:
    """Refuse every system option but these, and one that comes twice.

    Raises:
        OptionNotSpoken, OptionInvalid: with the name of the option.
    """
    for name, values in args.lists():
        if name in spoken:
            if len(values) > 1:
                raise OptionInvalid(name, "一次")
        elif name.startswith(("$", "@")) or name.lower() in UNSPOKEN or f"${name.lower()}" in SPOKEN:
            raise OptionNotSpoken(name[:40])


def read_walk(args: MultiDict[str, str], entities: EntitySet, prefer: str) -> Walk:
    """The first page of what an address asks for.

    Raises:
        OptionNotSpoken, OptionInvalid, PropertyUnknown: with the option.
    """
    refuse_unspoken(args, SPOKEN[:5])
    top, skip = _whole(args, "$top"), _whole(args, "$skip")
    return Walk(
        select=_selected(args.get("$select"), entities), left=top, skip=skip or 0, count=_flag(args, "$count"),
        size=preferred_size(prefer) or PAGE, format=args.get("$format", ""),
    )  # fmt: skip


def _whole(args: MultiDict[str, str], name: str) -> int | None:
    text = args.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise OptionInvalid(name, "零或正整数")
    return min(int(text), BIGGEST)


def _flag(args: MultiDict[str, str], name: str) -> bool:
    text = args.get(name, "false")
    if text not in ("true", "false"):
        raise OptionInvalid(name, " true 或 false")
    return text == "true"


def _selected(text: str | None, entities: EntitySet) -> tuple[str, ...]:
    if text is None:
        return ()
    names = [name.strip() for name in text.split(",")]
    known = {one.name for one in entities.properties}
    if unknown := [name for name in names if name not in known and name != "*"]:
        raise PropertyUnknown(unknown[0], entities.name)
    return () if "*" in names else tuple(one.name for one in entities.chosen(names))


def preferred_size(prefer: str) -> int | None:
    """The page size of a Prefer header, at most ours; None without one that can be kept."""
    found = re.search(r"(?:^|[,;\s])(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})\"?\s*(?:$|[,;])", prefer)
    return min(int(found[1]), PAGE) if found and int(found[1]) > 0 else None


def read_form(wanted: str, accept: MIMEAccept) -> Form:
    """How an answer is to be written: `$format` first, else what the Accept header likes best.

    Raises:
        FormatRefused: it is not JSON.
    """
    if wanted:
        form = Form() if wanted == "json" else _form(wanted)
        if form is None:
            raise FormatRefused(415)
        return form
    if not accept:
        return Form()
    found = next((form for value, quality in accept if quality > 0 and (form := _form(value))), None)
    if found is None:
        raise FormatRefused(406)
    return found


def _form(media_type: str) -> Form | None:
    kind, parts = parse_options_header(media_type)
    if kind not in ("application/json", "application/*", "*/*"):
        return None
    parts = {name.lower(): value.lower() for name, value in parts.items()}
    metadata = parts.get("odata.metadata", parts.get("metadata", "minimal"))
    return Form("none" if metadata == "none" else "minimal", parts.get("ieee754compatible") == "true")


class Links:
    """Where a walk goes on: opaque, signed, and complete, so that a client adds nothing to it."""

    def __init__(self, secret: bytes):
        self._signer = URLSafeSerializer(secret, salt="partnerbook.odata")

    def write(self, entity_set: str, walk: Walk) -> str:
        """The `$skiptoken` of a page."""
        said = self._signer.dumps([
            entity_set, walk.snapshot, *walk.after, list(walk.select), walk.left, walk.count, walk.size, walk.lang,
            walk.format,
        ])  # fmt: skip
        return said if isinstance(said, str) else said.decode()

    def read(self, entity_set: str, args: MultiDict[str, str]) -> Walk:
        """The page that a `$skiptoken` stands for.

        Raises:
            LinkInvalid: it was not written here, for this set.
            OptionNotSpoken, OptionInvalid: options stand beside it.
        """
        refuse_unspoken(args, ("$skiptoken",))
        try:
            owner, snapshot, seq, key, select, left, count, size, lang, form = self._signer.loads(args["$skiptoken"])
        except (BadSignature, TypeError, ValueError):
            raise LinkInvalid from None
        if owner != entity_set:
            raise LinkInvalid
        return Walk(tuple(select), left, 0, count, size, lang, form, snapshot, Place(seq, key))


# --- what is answered -------------------------------------------------------------------------------------------------


def service_document(address: str, sets: Sequence[EntitySet]) -> str:
    """The document that names the entity sets; `address` ends with a slash."""
    value = [{"name": one.name, "kind": "EntitySet", "url": one.name} for one in sets]
    return json.dumps({"@odata.context": f"{address}$metadata", "value": value}, ensure_ascii=False)


def metadata_document(sets: Sequence[EntitySet]) -> str:
    """The schema as CSDL XML."""
    types = "".join(_entity_type(one) for one in sets)
    container = "".join(f'<EntitySet Name="{one.name}" EntityType="{NAMESPACE}.{one.type}"/>' for one in sets)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
        f'<EntityContainer Name="Container">{container}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>\n'
    )


_EDM = {
    "text": 'Type="Edm.String"',
    "money": 'Type="Edm.Decimal" Precision="19" Scale="2"',
    "number": 'Type="Edm.Decimal" Scale="variable"',
    "date": 'Type="Edm.Date"',
    "count": 'Type="Edm.Int32"',
}


def _entity_type(entities: EntitySet) -> str:
    properties = "".join(
        f"<Property Name={quoteattr(one.name)} {_EDM[one.kind]}{' Nullable=' + quoteattr('false') if one.name == entities.key else ''}/>"
        for one in entities.properties
    )
    key = f"<Key><PropertyRef Name={quoteattr(entities.key)}/></Key>"
    return f'<EntityType Name="{entities.type}">{key}{properties}</EntityType>'


@dataclass(frozen=True)
class Answer:
    """One page: its entities, of how many in all, where the next one is, and what it is a state of."""

    rows: Sequence[Mapping[str, Any]]
    count: int
    next_link: str
    as_of: str
    snapshot: int


def collection(address: str, entities: EntitySet, walk: Walk, form: Form, answer: Answer) -> str:
    """A page as JSON. Decimals are written digit by digit: no binary fraction comes between."""
    chosen = entities.chosen(walk.select)
    parts = []
    if form.metadata != "none":
        selected = f"({','.join(walk.select)})" if walk.select else ""
        parts.append(f'"@odata.context":{_text(f"{address}$metadata#{entities.name}{selected}")}')
        parts.append(f'"@{NAMESPACE}.asOf":{_text(answer.as_of)},"@{NAMESPACE}.snapshot":{answer.snapshot}')
    if walk.count:
        parts.append(f'"@odata.count":{answer.count}')
    rows = ",\n".join(
        "{" + ",".join(f"{_text(one.name)}:{_value(one, row[one.name], form.ieee)}" for one in chosen) + "}"
        for row in answer.rows
    )
    parts.append(f'"value":[{rows}]')
    if answer.next_link:
        parts.append(f'"@odata.nextLink":{_text(answer.next_link)}')
    return "{" + ",".join(parts) + "}"


def _value(column: Property, value: str | int | Decimal | date | None, ieee: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        number = f"{value:.2f}" if column.kind == "money" else f"{value:f}"
        return f'"{number}"' if ieee else number
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    return str(value) if isinstance(value, int) else _text(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
