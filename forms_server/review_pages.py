"""Owns the routes of personal links: a panel's page for one reviewer, the declaration, and the score sheet.

Every wrong, old or foreign token is the same 404. Nothing of another reviewer is on any page before the panel is open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from flask import Blueprint, abort, current_app, g, jsonify, redirect, render_template, request, url_for

from forms_server.inbox import InboxUnavailable
from forms_server.pages import now, services, zone_of
from forms_server.reviews import OPEN, Reviews, Sheet, SheetChanged, SheetSent, is_open, known_to_book
from forms_server.words import say, write_time
from workbook.schema import Invalid, Label
from workbook.tables import Declarations, Marks
from workbook.tables.selection import MARKS

review_pages = Blueprint("reviews", __name__)
IN_BOOK = Label("工作簿里已有您的评分", "Your marks stand in the workbook")
NUMBERS = ("1", "2", "3", "4", "5")


class Place(NamedTuple):
    """Who is here, and the panel as the book says it."""

    token: str
    key: str
    reviewer: str
    panel: Mapping[str, Any]
    view: Mapping[str, Any]
    reviews: Reviews

    @property
    def person(self) -> str:
        """The reviewer as pickers show people."""
        one = self.view["people"][self.reviewer]
        return (
            f"{self.reviewer} {one['person']}（{one['role']}）" if one["role"] else f"{self.reviewer} {one['person']}"
        )

    @property
    def tree(self) -> list[dict[str, Any]]:
        """The indicators under which the panel scores."""
        found: list[dict[str, Any]] = self.view["rules"].get(self.panel["version"], [])
        return found

    @property
    def leaves(self) -> list[dict[str, Any]]:
        """The indicators that this reviewer marks."""
        return [leaf for dimension in self.tree for leaf in dimension["leaves"] if not leaf["banded"]]


def _enter(token: str) -> Place:
    house = services()
    reviews = Reviews(house.inbox, b"")
    found = reviews.holder(token)
    view = reviews.view()
    panel = view["panels"].get(found[0]) if found else None
    if found is None or panel is None or found[1] not in panel["reviewers"]:
        abort(404)
    return Place(token, found[0], found[1], panel, view, reviews)


def _candidate(place: Place, candidate: str) -> Mapping[str, Any]:
    if candidate not in place.panel["candidates"]:
        abort(404)
    found: Mapping[str, Any] = place.view["candidates"][candidate]
    return found


# --- the panel ------------------------------------------------------------------------------------------------------


@review_pages.get("/i/<token>")
def panel_page(token: str) -> str:
    """The candidates with the state of this reviewer's sheets; after the end, the ranking and everybody's marks."""
    place = _enter(token)
    sent = place.reviews.sent(place.key)
    shown = is_open(place.panel, sent)
    total = len(place.leaves)
    cards = []
    for key in place.panel["candidates"]:
        sheet = place.reviews.sheet(place.key, place.reviewer, key)
        state = IN_BOOK if _typed_in_book(place, key, sheet) else _state(sheet, total)
        cards.append({"key": key, "name": place.view["candidates"][key]["name"], "state": state})
    arrived = shown and sent <= known_to_book(place.panel)  # before that the book's results are of fewer marks
    results = sorted(place.panel["results"], key=lambda row: int(row["order"] or 999)) if arrived else []
    return render_template(
        "review.html", place=place, cards=cards, shown=shown, results=results,
        parts={row["result"]: place.view["parts"].get(row["result"], []) for row in results},
        marks=_marks(place) if shown else {}, done=len(sent | known_to_book(place.panel)), wanted=len(place.panel["reviewers"]) * len(cards),
        deadline=_day(place.panel["deadline"]),
    )  # fmt: skip


def _typed_in_book(place: Place, candidate: str, sheet: Sheet) -> bool:
    """Whether the book holds this reviewer's marks though no sheet was sent: staff typed them. A sheet would double them."""
    return sheet.sent_at is None and (place.reviewer, candidate) in known_to_book(place.panel)


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%Y-%m-%d}" if text else ""


def _state(sheet: Sheet, total: int) -> Label:
    if sheet.sent_at is not None:
        return Label("已回避", "Recused") if sheet.conflict == "yes" else Label("已提交", "Sent")
    if not sheet.conflict:
        return Label("未开始", "Not begun")
    filled = sum(1 for given in sheet.marks.values() if given.get("mark"))
    return Label(f"草稿，已填 {filled}/{total}", f"Draft, {filled} of {total}")


def _marks(place: Place) -> dict[str, dict[str, list[Mapping[str, str]]]]:
    """Everybody's marks by candidate and indicator, as they stand in the book."""
    found: dict[str, dict[str, list[Mapping[str, str]]]] = {}
    for row in place.view["marks"]:
        if row["panel"] == place.key:
            found.setdefault(row["candidate"], {}).setdefault(row["indicator"], []).append(row)
    return found


# --- one sheet ------------------------------------------------------------------------------------------------------


@review_pages.get("/i/<token>/<candidate>")
def sheet_page(token: str, candidate: str) -> Any:
    """The declaration first, then the sheet; read-only once it is sent or the scoring is over."""
    place = _enter(token)
    _candidate(place, candidate)
    return _show(place, candidate, place.reviews.sheet(place.key, place.reviewer, candidate))


def _show(place: Place, candidate: str, sheet: Sheet, *, errors: Mapping[str, str] | None = None, notice: str = "", told: str = "") -> str:  # fmt: skip
    zone = zone_of(services().inbox.profile())
    saved = write_time(sheet.changed_at.astimezone(zone), g.lang, year=False) if sheet.changed_at else ""
    return render_template(
        "sheet.html", place=place, candidate=candidate, about=_candidate(place, candidate), sheet=sheet,
        errors=errors or {}, notice=notice, told=told, saved=saved, words=MARKS, columns=Marks.columns,
        typed=_typed_in_book(place, candidate, sheet), field=field_name,
        locked=sheet.sent_at is not None or not _takes(place, candidate, sheet),
    )  # fmt: skip


def _takes(place: Place, candidate: str, sheet: Sheet) -> bool:
    return place.panel["status"] == "scoring" and not _typed_in_book(place, candidate, sheet)


def field_name(indicator: str) -> str:
    """The name of an indicator's fields: letters, digits and hyphens only, as an address within the page."""
    return "m-" + re.sub(r"[^0-9A-Za-z-]", "-", indicator)


@review_pages.post("/i/<token>/<candidate>")
def sheet_sent(token: str, candidate: str) -> Any:
    """A declaration, a draft, or the whole sheet; whatever is refused comes back as it was typed."""
    place = _enter(token)
    _candidate(place, candidate)
    before = place.reviews.sheet(place.key, place.reviewer, candidate)
    body = _typed(place, before)
    number = _number(request.form.get("number", ""))
    typed = Sheet(body, number, before.changed_at, before.sent_at)
    if before.sent_at is None and not _takes(place, candidate, before):
        return _show(place, candidate, typed, told=_not_now(place)), 409
    what = request.form.get("do", "")
    errors = _problems(place, body, whole=what == "send" or body["conflict"] == "yes")
    if errors:
        return _show(place, candidate, Sheet(body, number, before.changed_at, None), errors=errors), 422
    try:
        if what == "send" or body["conflict"] == "yes":
            place.reviews.send(place.key, place.reviewer, candidate, body)
            return redirect(url_for("reviews.panel_page", token=place.token), 303)
        place.reviews.save(place.key, place.reviewer, candidate, body, number)
    except (SheetSent, SheetChanged) as error:
        newest = place.reviews.sheet(place.key, place.reviewer, candidate)
        kept = Sheet(body, newest.number, newest.changed_at, None)
        return _show(place, candidate, kept, told=str(error)), 409
    except InboxUnavailable as error:
        current_app.logger.exception("a sheet could not be stored")
        return _show(place, candidate, typed, told=str(error)), 503
    return redirect(url_for("reviews.sheet_page", token=place.token, candidate=candidate), 303)


@review_pages.post("/i/<token>/<candidate>/draft")
def draft(token: str, candidate: str) -> Any:
    """What the page saves by itself while somebody types."""
    place = _enter(token)
    _candidate(place, candidate)
    before = place.reviews.sheet(place.key, place.reviewer, candidate)
    body = _typed(place, before)
    if not _takes(place, candidate, before) or body["conflict"] != "no":
        return jsonify(ok=False, message=_not_now(place)), 409
    if errors := _problems(place, body, whole=False):
        return jsonify(ok=False, message=next(iter(errors.values()))), 422
    try:
        number = place.reviews.save(place.key, place.reviewer, candidate, body, _number(request.form.get("number", "")))
    except (SheetSent, SheetChanged) as error:
        return jsonify(ok=False, message=str(error)), 409
    moment = now(zone_of(services().inbox.profile()))
    return jsonify(ok=True, number=number, message=say("autosaved", g.lang, time=f"{moment:%H:%M}"))


def _not_now(place: Place) -> str:
    if place.panel["status"] == "scoring":
        return IN_BOOK.get(g.lang)
    return say("review_closed" if place.panel["status"] in OPEN else "review_early", g.lang)


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


def _typed(place: Place, before: Sheet) -> dict[str, Any]:
    """What the page sent, by indicator; the declaration of an earlier page stays as it was."""
    conflict = request.form.get("conflict") or before.conflict
    if conflict != "no":
        return {"conflict": conflict, "reason": request.form.get("reason", "").strip()}
    marks = {}
    for leaf in place.leaves:
        name = field_name(leaf["key"])
        given = {part: request.form.get(f"{name}.{part}", "").strip() for part in ("mark", "evidence", "comment")}
        if any(given.values()):
            marks[leaf["key"]] = given
    if "number" not in request.form and not marks:  # the page of the declaration holds no marks
        marks = before.marks
    return {"conflict": "no", "marks": marks}


def _problems(place: Place, body: Mapping[str, Any], *, whole: bool) -> dict[str, str]:
    """What is wrong, by the id of its field; a draft may be unfinished but never unstorable."""
    found: dict[str, str] = {}
    if body["conflict"] not in ("no", "yes"):
        return {"conflict": say("declare_first", g.lang)}
    if body["conflict"] == "yes":
        column = Declarations.columns["reason"]
        try:
            if column.parse(body["reason"]) is None:
                found["reason"] = say("reason_needed", g.lang)
        except Invalid as error:
            found["reason"] = error.label.get(g.lang)
        return found
    for leaf in place.leaves:
        given = body["marks"].get(leaf["key"], {})
        found |= _leaf_problems(leaf, given, whole)
    return found


def _leaf_problems(leaf: Mapping[str, Any], given: Mapping[str, str], whole: bool) -> dict[str, str]:
    name, found = field_name(leaf["key"]), {}
    mark = given.get("mark", "")
    if mark not in (*NUMBERS, "na", "") or (whole and not mark):
        found[name] = say("mark_needed", g.lang, title=leaf["title"])
    for part in ("evidence", "comment"):
        try:
            Marks.columns[part].parse(given.get(part, ""))
        except Invalid as error:
            found[f"{name}-{part}"] = f"{leaf['title']}：{error.label.get(g.lang)}"
    if whole and mark in NUMBERS and leaf["evidence"] and not given.get("evidence"):
        found[f"{name}-evidence"] = say("evidence_needed", g.lang, title=leaf["title"])
    return found
