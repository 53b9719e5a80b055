"""Owns the route on which members of a panel vote; the ballot stands on the panel's own page.

Whatever is refused comes back as it was typed.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import NotFound

from forms_server.inbox import InboxUnavailable
from forms_server.pages import language_asked, services
from forms_server.review_pages import Place, enter, has_arrived, show_panel
from forms_server.voting import (
    Ballot,
    Choice,
    RankingChanged,
    Voted,
    VotedElsewhere,
    VotingClosed,
    field,
    problems,
    reason_field,
)
from forms_server.words import say

vote_pages = Blueprint("votes", __name__)


@vote_pages.get("/i/<token>/votes")
def again(token: str) -> Any:
    """Where a refused vote left the address of the browser: back to the page that the ballot stands on."""
    return redirect(url_for("reviews.panel_page", token=enter(token).token, _anchor="votes"), 303)


@vote_pages.post("/i/<token>/votes")
def cast(token: str) -> Any:
    """A member's votes on the ranking that was shown, or a change of language."""
    place = enter(token)
    voted = Voted(services().inbox)
    ballot = voted.ballot(place.key, place.panel, place.reviewer)
    typed = _typed(ballot)
    if language_asked():
        return show_panel(place, typed=typed)
    if not ballot.fingerprint or not has_arrived(place) or place.panel["status"] == "done":
        return show_panel(place, typed=typed, told=VotingClosed.label.get(g.lang)), 409
    if request.form.get("fingerprint") != ballot.fingerprint:
        return show_panel(place, typed=typed, told=RankingChanged.label.get(g.lang)), 409
    if found := problems(ballot, typed):
        return show_panel(place, typed=typed, errors={name: label.get(g.lang) for name, label in found.items()}), 422
    try:
        voted.cast(place.key, place.reviewer, ballot, typed)
    except VotedElsewhere as error:
        return show_panel(place, typed=typed, told=error.label.get(g.lang)), 409
    except InboxUnavailable:
        current_app.logger.exception("a vote could not be stored")
        return show_panel(place, typed=typed, told=say("review_unavailable", g.lang)), 503
    return redirect(url_for("reviews.panel_page", token=token, voted=1, _anchor="votes"), 303)


@vote_pages.errorhandler(CSRFError)
def csrf_failed(error: CSRFError) -> Any:
    """The token that guards every change was missing, wrong or too old: a good one, with what was typed."""
    try:
        place: Place = enter((request.view_args or {}).get("token", ""))
    except NotFound:
        return render_template("error.html", key="bad_request", megabytes=0), 400
    language_asked()
    ballot = Voted(services().inbox).ballot(place.key, place.panel, place.reviewer)
    return show_panel(place, typed=_typed(ballot), told=say("review_csrf", g.lang)), 400


def _typed(ballot: Ballot) -> dict[str, Choice]:
    """What the page sent about the candidates that this member votes on; of nobody else anything is taken."""
    return {
        key: Choice(
            request.form.get(field(key), ""),
            request.form.get(reason_field(key), "").replace("\r\n", "\n").replace("\r", "\n").strip(),
        )
        for key in ballot.asked
    }
