"""Owns the routes of personal links: a panel's page for one reviewer, the declaration, and the score sheet.

Every wrong, old or foreign token is the same 404. Nothing of another reviewer is on any page before the panel is open.
Whatever is refused comes back as it was typed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from flask import Blueprint, abort, current_app, g, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.exceptions import NotFound

from forms_server.drilling import drill_of
from forms_server.inbox import InboxUnavailable
from forms_server.inviting import invited_by
from forms_server.minutes_pages import attendee_of, show_minutes
from forms_server.pages import language_asked, now, services, show_drill, show_invited, zone_of
from forms_server.reviews import (
    OPEN,
    Reviews,
    Sheet,
    SheetChanged,
    SheetSent,
    complete,
    is_open,
    known_to_book,
    wanted_of,
)
from forms_server.signoff_pages import show as show_requirement
from forms_server.signoff_pages import signer_of
from forms_server.survey_pages import guest_of, show_survey
from forms_server.voting import Choice, Voted
from forms_server.words import say, write_day, write_time
from workbook.schema import Choice as ChoiceColumn
from workbook.schema import Invalid, Label
from workbook.tables import Candidates, Declarations, Marks
from workbook.tables.selection import MARKS, RESULT_STATES, VOTES

review_pages = Blueprint("reviews", __name__)
IN_BOOK = Label("工作簿里已有您的评分", "Your marks stand in the workbook")
PART_IN_BOOK = Label("工作簿里有您的部分评分", "Some of your marks stand in the workbook")
ORDINARY = re.compile(r"[0-9A-Za-z]+-[0-9A-Za-z]+\.[0-9A-Za-z]+")  # v1-S3.2
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


def enter(token: str) -> Place:
    """Who is behind a token; every token that does not work is the same 404."""
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
def panel_page(token: str) -> Any:
    """The candidates with the state of this reviewer's sheets; after the end, the ranking and everybody's marks.

    A link to a requirement shows that requirement instead, one to a publication the candidate form, one to a survey its
    questions, one to a meeting its minutes, one to a drill the form that it is run through.
    """
    if signer := signer_of(token):
        return show_requirement(signer)
    if invited := invited_by(services().inbox, token):
        return show_invited(token, invited)
    if guest := guest_of(token):
        return show_survey(guest)
    if drill := drill_of(services().inbox, token):
        return show_drill(token, drill)
    if attendee := attendee_of(token):
        return show_minutes(attendee)
    return show_panel(enter(token))


def has_arrived(place: Place) -> bool:
    """Whether the results in the book are of all marks: before all is delivered and evaluated, they are of fewer."""
    sent = place.reviews.sent(place.key)
    return is_open(place.panel, sent) and place.panel["settled"] and sent <= known_to_book(place.panel)


def show_panel(
    place: Place, *, typed: Mapping[str, Choice] | None = None, errors: Mapping[str, str] | None = None, told: str = ""
) -> str:
    """The panel's page; `typed` are votes that were refused, `errors` why by the id of the field, `told` one sentence."""
    sent = place.reviews.sent(place.key)
    shown = is_open(place.panel, sent)
    cards = []
    for key in place.panel["candidates"]:
        sheet = place.reviews.sheet(place.key, place.reviewer, key)
        state = _book_state(place, key) if _typed_in_book(place, key, sheet) else _state(place, sheet)
        cards.append({"key": key, "name": place.view["candidates"][key]["name"], "state": state})
    results = sorted(place.panel["results"], key=lambda row: int(row["order"] or 999)) if has_arrived(place) else []
    again = shown and typed is not None  # what was typed stays on the page while results are made anew
    ranked = sorted(place.panel["results"], key=lambda row: int(row["order"] or 999)) if results or again else []
    ballot = Voted(services().inbox).ballot(place.key, place.panel, place.reviewer)
    return render_template(
        "review.html", place=place, cards=cards, shown=shown, results=results,
        parts={row["result"]: place.view["parts"].get(row["result"], []) for row in results},
        marks=_marks(place) if shown else {}, done=len(complete(place.panel, sent)), wanted=len(wanted_of(place.panel)),
        deadline=_deadline(place.panel["deadline"]), states=RESULT_STATES, ballot=ballot,
        voting=[row for row in ranked if row["candidate"] in ballot.ranks],
        choices=ballot.last if typed is None else typed, errors=errors or {}, told=told, kinds=VOTES,
        final=place.panel["status"] == "done", voted="voted" in request.args,
    )  # fmt: skip


def _typed_in_book(place: Place, candidate: str, sheet: Sheet) -> bool:
    """Whether the book holds this reviewer's marks though no sheet was sent: staff typed them. A sheet would double them."""
    return sheet.sent_at is None and (place.reviewer, candidate) in known_to_book(place.panel)


def _book_state(place: Place, candidate: str) -> Label:
    return IN_BOOK if (place.reviewer, candidate) in complete(place.panel, set()) else PART_IN_BOOK


def _book_words(place: Place, candidate: str) -> str:
    return say("typed_in_book" if _book_state(place, candidate) is IN_BOOK else "begun_in_book", g.lang)


def _deadline(text: str) -> str:
    """The sentence about the deadline: staff close the scoring, the day alone does not."""
    if not text:
        return ""
    day = date.fromisoformat(text)
    today = now(zone_of(services().inbox.profile())).date()
    key = "review_overdue" if day < today else "review_deadline"
    return say(key, g.lang, day=write_day(day, g.lang, year=day.year != today.year))


def _filled(place: Place, sheet: Sheet) -> int:
    return sum(1 for leaf in place.leaves if sheet.marks.get(leaf["key"], {}).get("mark"))


def _state(place: Place, sheet: Sheet) -> Label:
    if sheet.sent_at is not None:
        return Label("已回避", "Recused") if sheet.conflict == "yes" else Label("已提交", "Sent")
    if not sheet.conflict:
        return Label("未开始", "Not begun")
    filled, total = _filled(place, sheet), len(place.leaves)
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
    """The declaration first, then the sheet; read-only once it is sent or the scoring is over.

    `?declare=1` shows the declaration again: who finds a conflict while marking can still step back.
    """
    place = enter(token)
    _candidate(place, candidate)
    sheet = place.reviews.sheet(place.key, place.reviewer, candidate)
    return _show(place, candidate, sheet, declaring="declare" in request.args)


def _show(
    place: Place, candidate: str, sheet: Sheet, *, errors: Mapping[str, str] | None = None, told: str = "",
    declaring: bool = False,
) -> str:  # fmt: skip
    zone, saved = zone_of(services().inbox.profile()), ""
    if sheet.changed_at:
        time = write_time(sheet.changed_at.astimezone(zone), g.lang, year=False)
        saved = say("saved_at", g.lang, time=time, n=_filled(place, sheet), total=len(place.leaves))
    about = _candidate(place, candidate)
    return render_template(
        "sheet.html", place=place, candidate=candidate, about=about, facts=_facts(about["facts"]), sheet=sheet,
        errors=errors or {}, told=told, saved=saved, words=MARKS, field=field_name,
        fact=_fact,
        typed=_book_words(place, candidate) if _typed_in_book(place, candidate, sheet) else "",
        declaring=declaring or sheet.conflict != "no",
        locked=sheet.sent_at is not None or not _takes(place, candidate, sheet),
    )  # fmt: skip


def _fact(header: str) -> str:
    """The column that a banded indicator names, in the language of the page."""
    found = next((column.label for column in Candidates.columns.values() if header in column.label), None)
    return found.get(g.lang) if found else header


def _facts(told: Mapping[str, list[list[str]]]) -> dict[str, list[tuple[str, str]]]:
    """What the candidate told, by dimension, in the language of the page."""
    found: dict[str, list[tuple[str, str]]] = {}
    for code, pairs in told.items():
        for name, text in pairs:
            column = Candidates.columns[name]
            words = column.options[text].get(g.lang) if isinstance(column, ChoiceColumn) else text
            found.setdefault(code, []).append((column.label.get(g.lang), words))
    return found


def _takes(place: Place, candidate: str, sheet: Sheet) -> bool:
    return place.panel["status"] == "scoring" and not _typed_in_book(place, candidate, sheet)


def field_name(indicator: str) -> str:
    """The name of an indicator's fields: letters, digits and hyphens only, as an address within the page.

    Staff may write any number; an unusual one gets a mark of its own, so that no two indicators share their fields.
    """
    plain = "m-" + re.sub(r"[^0-9A-Za-z-]", "-", indicator)
    return plain if ORDINARY.fullmatch(indicator) else f"{plain}-{hashlib.sha256(indicator.encode()).hexdigest()[:8]}"


@review_pages.post("/i/<token>/<candidate>")
def sheet_sent(token: str, candidate: str) -> Any:
    """A declaration, a draft, the whole sheet, or a change of language."""
    place = enter(token)
    _candidate(place, candidate)
    before = place.reviews.sheet(place.key, place.reviewer, candidate)
    body, number = _typed(place, before), _number(before)
    typed = Sheet(body, number, before.changed_at, before.sent_at)
    if language_asked():
        return _show(place, candidate, typed, declaring=_declaring())
    if before.sent_at is None and not _takes(place, candidate, before):
        return _show(place, candidate, typed, told=_not_now(place, candidate)), 409
    if before.sent_at is not None and before.body != body:
        return _show(place, candidate, typed, told=SheetSent.label.get(g.lang)), 409
    whole = request.form.get("do") == "send" or body["conflict"] == "yes"
    if errors := _problems(place, body, whole=whole):
        return _show(place, candidate, typed, errors=errors), 422
    try:
        if whole:
            place.reviews.send(place.key, place.reviewer, candidate, body, number)
            return redirect(url_for("reviews.panel_page", token=place.token), 303)
        if not (_declaring() and before.conflict == "no"):  # said again: nothing is new
            place.reviews.save(place.key, place.reviewer, candidate, body, number)
    except (SheetSent, SheetChanged) as error:
        newest = place.reviews.sheet(place.key, place.reviewer, candidate)
        kept = Sheet(body, newest.number, newest.changed_at, newest.sent_at)
        return _show(place, candidate, kept, told=error.label.get(g.lang)), 409
    except InboxUnavailable:
        current_app.logger.exception("a sheet could not be stored")
        return _show(place, candidate, typed, told=say("review_unavailable", g.lang), declaring=_declaring()), 503
    return redirect(url_for("reviews.sheet_page", token=place.token, candidate=candidate), 303)


@review_pages.errorhandler(CSRFError)
def csrf_failed(error: CSRFError) -> Any:
    """The token that guards every change was missing, wrong or too old: a good one, with what was typed."""
    at = request.view_args or {}
    try:
        place = enter(at["token"])
        _candidate(place, at["candidate"])
    except NotFound:
        return render_template("error.html", key="bad_request", megabytes=0), 400
    if request.endpoint == "reviews.draft":
        return jsonify(ok=False, message=say("save_failed", g.lang), csrf_token=generate_csrf()), 400
    language_asked()
    before = place.reviews.sheet(place.key, place.reviewer, at["candidate"])
    typed = Sheet(_typed(place, before), _number(before), before.changed_at, before.sent_at)
    return _show(place, at["candidate"], typed, told=say("review_csrf", g.lang), declaring=_declaring()), 400


@review_pages.post("/i/<token>/<candidate>/draft")
def draft(token: str, candidate: str) -> Any:
    """What the page saves by itself while somebody types."""
    place = enter(token)
    _candidate(place, candidate)
    before = place.reviews.sheet(place.key, place.reviewer, candidate)
    body = _typed(place, before)
    if not _takes(place, candidate, before):
        return jsonify(ok=False, message=_not_now(place, candidate)), 409
    if body["conflict"] != "no":
        return jsonify(ok=False, message=say("declare_first", g.lang)), 422
    if errors := _problems(place, body, whole=False):
        return jsonify(ok=False, message=next(iter(errors.values()))), 422
    try:
        number = place.reviews.save(place.key, place.reviewer, candidate, body, _number(before))
    except (SheetSent, SheetChanged) as error:
        return jsonify(ok=False, message=error.label.get(g.lang)), 409
    except InboxUnavailable:
        current_app.logger.exception("a draft could not be stored")
        return jsonify(ok=False, again=True, message=say("save_failed", g.lang)), 503
    time = f"{now(zone_of(services().inbox.profile())):%H:%M}"
    filled = _filled(place, Sheet(body, number, None, None))
    message = say("autosaved", g.lang, time=time, n=filled, total=len(place.leaves))
    return jsonify(ok=True, number=number, message=message)


def _not_now(place: Place, candidate: str) -> str:
    if place.panel["status"] == "scoring":
        return _book_words(place, candidate)
    return say("review_closed" if place.panel["status"] in OPEN else "review_early", g.lang)


def _declaring() -> bool:
    """Whether the page that was sent is that of the declaration, which holds no marks."""
    return "declaring" in request.form


def _number(before: Sheet) -> int:
    """The version that a page was written on; a declaration is about whatever is there."""
    if _declaring():
        return before.number
    text = request.form.get("number", "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _text(name: str) -> str:
    """What was typed, with line breaks as a cell holds them; browsers send them their own way."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\r", "\n").strip()


def _typed(place: Place, before: Sheet) -> dict[str, Any]:
    """What the page sent, by indicator; the declaration of an earlier page stays as it was."""
    conflict = request.form.get("conflict", "") or before.conflict
    if _declaring() and conflict == "no":
        return {"conflict": "no", "marks": before.marks}
    if conflict != "no":
        return {"conflict": conflict, "reason": _text("reason")}
    marks = {}
    for leaf in place.leaves:
        name = field_name(leaf["key"])
        given = {part: _text(f"{name}.{part}") for part in ("mark", "evidence", "comment")}
        if any(given.values()):
            marks[leaf["key"]] = given
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
