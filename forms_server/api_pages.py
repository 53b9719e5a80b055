"""Owns `/api/v1`: pulls into open copies of the workbook, where delivery stands, and the official numbers, for programs.

Pages of other origins may ask only if the operator named them (xlwings Lite runs in one): no cookie ever counts here.
"""

from __future__ import annotations

import re
import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify, make_response, request

from forms_server.api_description import BIGGEST, BY_NAME, UUID, BadBody, checked, openapi
from forms_server.database import books, submissions
from forms_server.finance_access import as_json, authenticate, need_scope, the_token
from forms_server.finance_tokens import PULL
from forms_server.inbox import Inbox
from forms_server.pages import services
from forms_server.pulling import Claim, PullLost, Pulls
from workbook import store
from workbook.errors import PartnerBookError
from workbook.submissions import Stored

api_pages = Blueprint("api", __name__)
api_pages.register_error_handler(PartnerBookError, as_json)

ORIGINS = "partnerbook origins"
BODY_LIMIT = 16 * 2**20
LONGEST_KEY: int = submissions.c.row_key.type.length  # type: ignore[attr-defined]
KEPT = "partnerbook evaluation"


class NotReadYet(PartnerBookError):
    """The server has not read its workbook yet, so it has no numbers."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("服务还没有读过工作簿，请稍后再试。")


@api_pages.before_request
def _gate() -> Response | None:
    """Who asks, and from where: a preflight is answered, everything else but the description needs a token."""
    request.max_content_length = BODY_LIMIT
    if request.method == "OPTIONS":
        return make_response("", 204)
    if request.endpoint == "api.openapi_json":
        return None
    authenticate()
    need_scope(PULL)
    return None


@api_pages.after_request
def _share(response: Response) -> Response:
    """Let pages of the origins that the operator named read the answer."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin not in current_app.extensions[ORIGINS]:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = "600"
        if request.headers.get("Access-Control-Request-Private-Network") == "true":
            response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response


def _body(name: str) -> dict[str, Any]:
    try:
        given = request.get_json(force=True, silent=True)
    except RecursionError:  # nested without end
        given = None
    return checked(name, given)


def _pulls() -> Pulls:
    return Pulls(services().inbox, the_token().id)


def _id(pull: str) -> str:
    """A pull's id from the address; what is none goes nowhere near the database."""
    if not re.fullmatch(UUID["pattern"], pull):
        raise PullLost
    return pull


def _pairs(body: dict[str, Any], name: str, longest: int) -> list[tuple[int, str]]:
    """Pairs of a version's number and a text. The checker of bodies knows no `prefixItems`, so they are checked here.

    Raises:
        BadBody: naming the first that is none.
    """
    pairs = []
    for at, (number, text) in enumerate(body.get(name, ())):
        if not isinstance(number, int | float) or isinstance(number, bool) or not 0 <= number <= BIGGEST:
            raise BadBody(f"body.{name}[{at}][0] 应是 0 到 {BIGGEST} 的整数")
        if number != int(number):
            raise BadBody(f"body.{name}[{at}][0] 应是整数")
        if not isinstance(text, str) or len(text) > longest or "\0" in text:
            raise BadBody(f"body.{name}[{at}][1] 应是不超过 {longest} 个字的文字")
        pairs.append((int(number), text))
    return pairs


@api_pages.post(BY_NAME["claim"].path)
def claim() -> Response:
    """Lease what an open copy lacks."""
    body, pulls = _body("claim"), _pulls()
    pulls.must_be(body["book"])
    generation, limit = int(body["generation"]), int(body.get("limit", 500))  # 1.0 is a whole number, too
    return jsonify(_claimed(pulls.claim(generation, limit, body.get("pull", ""))))


@api_pages.post(BY_NAME["hand_out"].path)
def hand_out(pull: str) -> Response:
    """The generation under which rows are about to be written."""
    body = _body("hand_out")
    rows, refused = _pairs(body, "rows", LONGEST_KEY), _pairs(body, "refused", BODY_LIMIT)
    return jsonify(generation=_pulls().hand_out(_id(pull), int(body["generation"]), rows, refused))


@api_pages.post(BY_NAME["placed"].path)
def placed(pull: str) -> Response:
    """The rows stand in the open copy."""
    _body("placed")
    return jsonify(placed=_pulls().placed(_id(pull)))


@api_pages.post(BY_NAME["abandon"].path)
def abandon(pull: str) -> Response:
    """Nothing was written."""
    reason = " ".join(_body("abandon").get("reason", "").split())  # one line of the log, whatever it says
    released = _pulls().abandon(_id(pull))
    current_app.logger.warning("a pull was given up with %d versions: %s", released, reason[:500])
    return jsonify(released=released)


@api_pages.post(BY_NAME["saved"].path)
def saved() -> Response:
    """These submissions stand in the file that a door saved and read."""
    body, pulls = _body("saved"), _pulls()
    pulls.must_be(body["book"])
    return jsonify(confirmed=pulls.saved(int(body["generation"]), body["ids"]))


@api_pages.get(BY_NAME["state"].path)
def state() -> Response:
    """Where delivery stands."""
    inbox = services().inbox
    now = inbox.state()
    return jsonify(
        book=inbox.book_id, counts=now.counts, generation=now.generation, generation_on_disk=now.seen_generation,
        as_of=now.saved_at.isoformat() if now.saved_at else None, reason=now.reason, notice=now.notice,
    )  # fmt: skip


@api_pages.get(BY_NAME["evaluation"].path)
def evaluation() -> Response:
    """The official numbers of the file on disk."""
    kept: Evaluated = current_app.extensions[KEPT]
    return jsonify(kept.now())


@api_pages.get(BY_NAME["openapi"].path)
def openapi_json() -> Response:
    """The description of this room, for anybody."""
    return jsonify(openapi())


@api_pages.route("/api/v1/<path:_any>", methods=["OPTIONS"])
def preflight(_any: str) -> Response:
    """What a browser asks before it asks; the gate answers it."""
    return make_response("", 204)


class Evaluated:
    """The official numbers of the workbook as it lies on disk, evaluated once for each state of the file and each day."""

    def __init__(self, inbox: Inbox):
        self._inbox, self._lock = inbox, threading.Lock()
        self._known: tuple[object, dict[str, Any]] = ((), {})

    def now(self) -> dict[str, Any]:
        """Panels and periods as `partnerbook evaluate --json` gives them.

        Raises:
            NotReadYet: nobody has told where the file lies.
            WorkbookUnreachable, NotAWorkbook: it cannot be read.
        """
        with self._inbox.reading() as connection:
            path = connection.scalar(sa.select(books.c.path).where(books.c.id == self._inbox.book_id))
        if path is None:
            raise NotReadYet
        with self._lock:
            snapshot = store.read(Path(path))
            zone = ZoneInfo(self._inbox.profile().zone)
            stamp = (snapshot.fingerprint, datetime.now(zone).date())
            if self._known[0] != stamp:
                self._known = (stamp, _evaluated(snapshot.data, snapshot.fingerprint, snapshot.saved_at))
            return self._known[1]


def _evaluated(data: bytes, fingerprint: str, saved_at: datetime) -> dict[str, Any]:
    from workbook.evaluating import as_data, evaluate_book, local_now
    from workbook.measuring import as_data as measured_data
    from workbook.ooxml import Book

    book = Book.read(data)
    found = evaluate_book(book, local_now(book))
    return {
        "as_of": saved_at.isoformat(), "fingerprint": fingerprint, "panels": as_data(found),
        "periods": measured_data(found.measured), "refused": {**found.refused, **found.measured.refused},
    }  # fmt: skip


def _claimed(found: Claim) -> dict[str, Any]:
    return {
        "pull": found.pull, "submissions": [_version(one) for one in found.versions], "lineage": found.lineage.spans,
        "numbers": found.numbers, "more": found.more, "held": found.held, "elsewhere": found.elsewhere,
        "generation_on_disk": found.generation_on_disk, "notice": found.notice,
    }  # fmt: skip


def _version(one: Stored) -> dict[str, Any]:
    return {
        "seq": one.seq, "id": one.id, "version": one.version, "table": one.table, "values": one.values,
        "received_at": one.received_at.isoformat(), "state": one.state, "generation": one.generation, "row_key": one.row_key,
    }  # fmt: skip
