"""Owns `/finance/v1/odata/`: the finance lines and their sums for Excel's and Power BI's OData connection (S32).

All pages of one walk are of the snapshot that its first page was of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from forms_server.finance_access import Served, as_json, columns, finance, only_readers, status_of
from forms_server.finance_pages import address_of, head_of, language_of, serve, told
from forms_server.finance_snapshots import Place, Snapshot
from forms_server.odata import (
    Answer,
    EntitySet,
    FormatRefused,
    LinkInvalid,
    Links,
    OptionInvalid,
    OptionNotSpoken,
    Property,
    PropertyUnknown,
    ResourceNotSpoken,
    ResourceUnknown,
    Walk,
    collection,
    metadata_document,
    preferred_size,
    read_form,
    read_walk,
    refuse_unspoken,
    service_document,
)
from workbook.errors import PartnerBookError
from workbook.reports.finance_lines import SUMMED, FinanceLine, word_of
from workbook.tables import Budgets, BudgetTotals

finance_odata = Blueprint("odata", __name__)
finance_odata.before_request(only_readers)

LINES, TOTALS = "BudgetExecution", "BudgetTotals"
NAMED = "partner_name"
STATUS: dict[type[PartnerBookError], int] = {
    OptionNotSpoken: 501, ResourceNotSpoken: 501, OptionInvalid: 400, PropertyUnknown: 400, LinkInvalid: 400,
    ResourceUnknown: 404,
}  # fmt: skip
Rows = list[tuple[Place, Mapping[str, Any]]]


@finance_odata.errorhandler(PartnerBookError)
def refused(error: PartnerBookError) -> Any:
    """A refusal as OData says it."""
    answer: Response = as_json(error)
    own = error.status if isinstance(error, FormatRefused) else STATUS.get(type(error))
    answer.status_code = own or status_of(error)
    return _spoken(answer)


@finance_odata.get("/finance/v1/odata/")
def service() -> Any:
    """What there is."""
    refuse_unspoken(request.args, ("$format",))
    form = read_form(request.args.get("$format", ""), request.accept_mimetypes)
    body = service_document(_address(), entity_sets())
    return _spoken(Response(body, content_type=form.content_type))


@finance_odata.get("/finance/v1/odata/$metadata")
def metadata() -> Any:
    """The types, as far as the token sees their properties."""
    refuse_unspoken(request.args, ("$format",))
    if request.args.get("$format", "xml") not in ("xml", "application/xml"):
        raise FormatRefused(415)
    return _spoken(Response(metadata_document(entity_sets()), content_type="application/xml"))


@finance_odata.get("/finance/v1/odata/<any(BudgetExecution, BudgetTotals):name>")
def entities(name: str) -> Any:
    """One page of a set."""
    found = next(one for one in entity_sets() if one.name == name)
    prefer = request.headers.get("Prefer", "")
    walk, served = _further(found, prefer) if "$skiptoken" in request.args else _first(found, prefer)
    form = read_form(walk.format, request.accept_mimetypes)
    as_of = head_of(served.snapshot, walk.lang).as_of
    page = _answer(found, walk, served.snapshot, as_of.isoformat())
    answer = Response(collection(_address(), found, walk, form, page), content_type=form.content_type)
    if preferred_size(prefer):
        answer.headers["Preference-Applied"] = f"odata.maxpagesize={walk.size}"
    return _spoken(told(answer, served, as_of))


def _first(found: EntitySet, prefer: str) -> tuple[Walk, Served]:
    walk = replace(read_walk(request.args, found, prefer), lang=language_of())
    return walk, serve(request.args.get("as_of", ""))


def _further(found: EntitySet, prefer: str) -> tuple[Walk, Served]:
    walk = _links().read(found.name, request.args)
    if hidden := set(walk.select) - {one.name for one in found.properties}:  # another token walks on
        raise PropertyUnknown(hidden.pop(), found.name)
    return replace(walk, size=preferred_size(prefer) or walk.size), Served(finance().snapshots.numbered(walk.snapshot))


@finance_odata.get("/finance/v1/odata/<any(BudgetExecution, BudgetTotals):name>/$count")
def count(name: str) -> Any:
    """How many entities a set has, as plain text."""
    refuse_unspoken(request.args, ())
    served = serve(request.args.get("as_of", ""))
    size = _size(name, served.snapshot)
    as_of = head_of(served.snapshot, language_of()).as_of
    return _spoken(told(Response(str(size), content_type="text/plain; charset=utf-8"), served, as_of))


@finance_odata.get("/finance/v1/odata/<path:rest>")
def nothing(rest: str) -> Any:
    """Whatever else an address below the service may say."""
    known = rest.split("(")[0].split("/")[0] in (LINES, TOTALS, "$batch", "$all", "$entity", "$crossjoin")
    raise ResourceNotSpoken if known else ResourceUnknown


# --- what there is ----------------------------------------------------------------------------------------------------


def entity_sets() -> tuple[EntitySet, EntitySet]:
    """The two sets, with the properties that the token may see."""
    seen = tuple(Property(one.name, "text" if one.kind == "choice" else one.kind) for one in columns())
    key = BudgetTotals.key().name
    named = tuple(one for one in seen if one.name == NAMED)
    sums = (Property(key, "text"), *named, Property("lines", "count"), *(Property(name, "money") for name in SUMMED))
    return (
        EntitySet(LINES, "BudgetLine", Budgets.key().name, seen),
        EntitySet(TOTALS, "BudgetTotal", key, sums),
    )


def _links() -> Links:
    return Links(finance().secret)


def _address() -> str:
    return address_of("odata.service")


def _spoken(answer: Response) -> Response:
    answer.headers["OData-Version"] = "4.0"
    return answer


def _answer(found: EntitySet, walk: Walk, snapshot: Snapshot, as_of: str) -> Answer:
    rows = _rows(found.name, walk, snapshot) if walk.limit else []
    page, more = rows[: walk.limit], len(rows) > walk.limit
    link = ""
    if more and (walk.left is None or walk.left > walk.limit):
        token = _links().write(found.name, walk.next(snapshot.number, page[-1][0]))
        link = f"{_address()}{found.name}?$skiptoken={quote(token)}"
    return Answer([row for _, row in page], _size(found.name, snapshot), link, as_of, snapshot.number)


def _rows(name: str, walk: Walk, snapshot: Snapshot) -> Rows:
    """The rows of a page and one more, which tells whether there is another page."""
    wanted = walk.limit + 1
    if name == LINES:
        page = finance().snapshots.page(snapshot.number, walk.after, wanted, walk.skip)
        return [(place, _in_words(line, walk.lang)) for place, line in page]
    first = walk.after.seq + 1 + walk.skip
    totals = list(enumerate(snapshot.totals.items()))[first : first + wanted]
    return [
        (Place(at, key), {BudgetTotals.key().name: key, NAMED: snapshot.names.get(key), **vars(one)})
        for at, (key, one) in totals
    ]


def _in_words(line: FinanceLine, lang: str) -> Mapping[str, Any]:
    words = {
        one.name: word_of(one.name, line[one.name], lang)
        for one in columns()
        if one.kind == "choice" and line[one.name]
    }
    return {**line, **words}


def _size(name: str, snapshot: Snapshot) -> int:
    return snapshot.lines if name == LINES else len(snapshot.totals)
