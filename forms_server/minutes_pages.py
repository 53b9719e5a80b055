"""Owns the page behind a personal link to a meeting: its minutes as of the last save, and the word of one who was there (S20).

A word is bound to the text that was on the page: if that changed meanwhile, nothing is stored, what was typed stays, and
the page shows the text of now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError

from forms_server.bound_pages import Bound, refuse, take, typed_text
from forms_server.minutes import send_word, word_now
from forms_server.pages import Identity, issue_identity, services, zone_of
from forms_server.reviews import Reviews
from forms_server.words import say, write_day, write_time
from workbook.schema import Invalid
from workbook.tables import Meetings, MinuteConfirmations
from workbook.tables.meetings import CONFIRMATIONS, SIDES

minutes_pages = Blueprint("minutes", __name__)


class Attendee(NamedTuple):
    """Who is here, and the meeting as the book says it."""

    token: str
    key: str
    participant: str
    meeting: Mapping[str, Any]
    people: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The participant as pickers show people."""
        return self.label(self.participant)

    def label(self, key: str) -> str:
        """A person by number, name and side."""
        one = self.people.get(key)
        if one is None:
            return key
        side = SIDES[one["side"]].get(g.lang) if one["side"] in SIDES else ""
        return f"{key} {one['person']}" + (f"（{side}）" if side else "")

    @property
    def slug(self) -> str:
        """What the identity of a page is signed for: this person's words on these minutes, and nothing else."""
        return f"minutes.{self.key}.{self.participant}"


class Typed(NamedTuple):
    """What somebody filled in."""

    verdict: str = ""
    comment: str = ""


BLANK = Typed()


def attendee_of(token: str) -> Attendee | None:
    """Who a link belongs to, if it leads to a meeting at which they were and still works."""
    reviews = Reviews(services().inbox, b"")
    found, view = reviews.holder(token), reviews.view()
    meeting = view.get("meetings", {}).get(found[0]) if found else None
    if found is None or meeting is None or found[1] not in meeting["attendees"]:
        return None
    people = view.get("meeting_people", {})
    one = people.get(found[1])
    return Attendee(token, *found, meeting, people) if one and one["active"] else None


def show_minutes(
    who: Attendee, typed: Typed = BLANK, identity: Identity | None = None, *, errors: Mapping[str, str] | None = None,
    told: str = "",
) -> str:  # fmt: skip
    """The page: the minutes of now with their fingerprint, the newest word of this person, and the form unless it is blocked."""
    inbox, one = services().inbox, who.meeting
    said = word_now(inbox, one, who.key, who.participant)
    saved, columns = inbox.state().saved_at, Meetings.columns
    comma = say("list_comma", g.lang)
    return render_template(
        "minutes.html", who=who, one=one, typed=typed, errors=errors or {}, told=told, why=one["why"],
        token=(identity or issue_identity(who.slug)).token, verdicts=CONFIRMATIONS, said=said,
        holds=said is not None and said["fingerprint"] == one.get("fingerprint"),
        parts=[(columns[name].label.get(g.lang), text) for name, text in one.get("parts", ())],
        missing=comma.join(columns[name].label.get(g.lang) for name in one.get("missing", ())),
        attendees=comma.join(who.label(key) for key in one["attendees"]),
        held_on=write_day(date.fromisoformat(one["held_on"]), g.lang) if one.get("held_on") else "",
        as_of=write_time(saved.astimezone(zone_of(inbox.profile())), g.lang, year=False) if saved else "",
    )  # fmt: skip


@minutes_pages.get("/i/<token>/minutes")
def again(token: str) -> Any:
    """Where a refused word left the address of the browser: back to the page."""
    return redirect(url_for("reviews.panel_page", token=token), 303) if attendee_of(token) else abort(404)


@minutes_pages.post("/i/<token>/minutes")
def word_sent(token: str) -> Any:
    """A word on the minutes that the page showed, or a change of language."""
    return take(_bound(attendee_of(token) or abort(404)), token)


@minutes_pages.errorhandler(CSRFError)
def csrf_failed(error: CSRFError) -> Any:
    """The token that guards every change was missing, wrong or too old: a good one, with what was typed."""
    who = attendee_of((request.view_args or {}).get("token", ""))
    return refuse(_bound(who) if who else None)


def _bound(who: Attendee) -> Bound:
    typed = Typed(request.form.get("verdict", ""), typed_text("comment"))
    return Bound(
        slug=who.slug, fingerprint=who.meeting.get("fingerprint", ""), blocked=bool(who.meeting["why"]),
        show=partial(show_minutes, who, typed), problems=partial(_problems, typed),
        send=lambda identity: send_word(services().inbox, identity, _values(who, typed)),
        changed="minutes_changed", again="minutes_again",
    )  # fmt: skip


def _problems(typed: Typed) -> dict[str, str]:
    """What is wrong, by the id of its field."""
    found = {}
    if typed.verdict not in CONFIRMATIONS:
        found["verdict"] = say("minutes_needed", g.lang)
    elif typed.verdict == "objected" and not typed.comment:
        found["comment"] = say("objection_needed", g.lang)
    try:
        MinuteConfirmations.columns["comment"].parse(typed.comment)
    except Invalid as error:
        found["comment"] = error.label.get(g.lang)
    return found


def _values(who: Attendee, typed: Typed) -> dict[str, Any]:
    values = {
        "meeting": who.key, "participant": who.participant, "verdict": typed.verdict, "comment": typed.comment,
        "fingerprint": who.meeting["fingerprint"],
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}
