"""Owns `/finance/v1/budget-execution.{xlsx,csv,json}`: one snapshot in three forms, streamed, with as_of and ETag (S32)."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from werkzeug.http import http_date
from werkzeug.wsgi import FileWrapper

from forms_server.finance_access import BadParameter, Served, as_json, columns, finance, only_readers
from forms_server.finance_snapshots import NoSnapshot, Snapshot
from forms_server.pages import services, zone_of
from forms_server.words import LANGUAGES
from workbook.errors import PartnerBookError
from workbook.reports.finance_csv import csv_chunks
from workbook.reports.finance_head import Head
from workbook.reports.finance_json import json_chunks
from workbook.tables import Budgets

finance_pages = Blueprint("finance", __name__)
finance_pages.before_request(only_readers)
finance_pages.register_error_handler(PartnerBookError, as_json)

REVALIDATE = "private, no-cache"  # kept by the one who asked, and asked for again each time
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CHUNK = 1 << 16
AS_OF = "2026-11-24 或 2026-11-24T18:00+08:00"


@finance_pages.get("/finance/v1/budget-execution.<any(csv, json, xlsx):form>")
def budget_execution(form: str) -> Any:
    """The lines of one snapshot as a file."""
    lang = language_of()
    served = serve(request.args.get("as_of", ""))
    snapshot, seen = served.snapshot, columns()
    head = head_of(snapshot, lang)
    names = [column.name for column in seen]
    tag = _tag([finance().inbox.book_id, snapshot.number, snapshot.fingerprint, form, lang, names, head.address])
    if request.if_none_match.contains_weak(tag):
        answer = Response(status=304)
    elif request.method == "HEAD":
        answer = Response(content_type=TYPES[form])
    else:
        answer = Response(_body(form, snapshot, head), content_type=TYPES[form])
    answer.set_etag(tag)
    if answer.status_code == 200:
        name = f"{Budgets.label.get(lang)}_{head.as_of:%Y-%m-%d_%H%M}.{form}"
        plain = f"budget-execution_{head.as_of:%Y-%m-%d_%H%M}.{form}"
        answer.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return told(answer, served, head.as_of)


def _body(form: str, snapshot: Snapshot, head: Head) -> Iterable[bytes]:
    lines, seen = finance().snapshots.lines(snapshot.number), columns()
    if form == "csv":
        return csv_chunks(lines, seen, head)
    if form == "json":
        return json_chunks(lines, seen, head, snapshot.totals)
    from workbook.reports.finance_xlsx import finance_workbook

    out = tempfile.TemporaryFile(dir=finance().folder)  # noqa: SIM115  the answer closes it when it is sent
    try:
        finance_workbook(lines, seen, head, out)
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return FileWrapper(out, CHUNK)


def _tag(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def told(answer: Response, served: Served, as_of: datetime) -> Response:
    """The answer with what it is a state of, and whether a newer one could not be made."""
    g.caching = REVALIDATE
    answer.headers["Last-Modified"] = http_date(served.snapshot.as_of)
    answer.headers["X-PartnerBook-As-Of"] = as_of.isoformat()
    answer.headers["X-PartnerBook-Snapshot"] = str(served.snapshot.number)
    if served.problem is not None:
        answer.headers["Warning"] = '110 PartnerBook "Response is Stale"'
        answer.headers["X-PartnerBook-Problem"] = quote(str(served.problem))  # headers hold no Chinese
    return answer


def language_of() -> str:
    """The language of what is given out: only the address says it, so that a feed never changes with a machine.

    Raises:
        BadParameter: it is none of ours.
    """
    lang = request.args.get("lang", LANGUAGES[0])
    if lang not in LANGUAGES:
        raise BadParameter("lang", " 或 ".join(LANGUAGES))
    return lang


def head_of(snapshot: Snapshot, lang: str) -> Head:
    """What a file says about itself; its time is that of the book's zone."""
    profile = finance().inbox.profile()
    as_of = snapshot.as_of.astimezone(zone_of(profile))
    return Head(
        profile.company, as_of, str(snapshot.number), snapshot.fingerprint, lang, address_of("pages.home").rstrip("/")
    )


def address_of(endpoint: str) -> str:
    """The whole address of a page as whoever asks reaches it."""
    host = request.host_url.rstrip("/")
    if services().https:  # a proxy in front speaks TLS, and we see what it forwards
        host = host.replace("http://", "https://", 1)
    return host + url_for(endpoint)


# --- which snapshot ---------------------------------------------------------------------------------------------------


def serve(asked: str = "") -> Served:
    """The newest snapshot, or the newest that is not later than `asked`, after a look at the file.

    Raises:
        BadParameter: `asked` is neither a day nor a moment.
        NoSnapshot: there is none that old.
        PartnerBookError: there is none at all, and the book says why.
    """
    house = finance()
    zone = zone_of(house.inbox.profile())
    until = moment_of(asked, zone) if asked else None
    problem = house.builder.refresh()
    newest = house.snapshots.newest()
    if newest is None:
        assert problem is not None  # a refresh that nothing stops leaves a snapshot
        raise problem
    if until is None:
        return Served(newest, problem)
    found = house.snapshots.newest(until)
    if found is None:
        oldest = house.snapshots.oldest() or newest
        raise NoSnapshot(asked, oldest.as_of.astimezone(zone).isoformat())
    return Served(found, problem if found == newest else None)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """A moment in UTC; a day means its end in the book's zone, a time without a zone is the book's.

    Raises:
        BadParameter: it is neither.
    """
    text = re.sub(r" (\d{2}:?\d{2})$", r"+\1", text)  # the + of a zone, unless the address wrote it as %2B
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            following = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(following, time(), zone).astimezone(UTC) - timedelta(microseconds=1)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadParameter("as_of", AS_OF) from None
