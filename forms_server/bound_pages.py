"""Owns taking an answer that is bound to the text its page showed: sign-off of a requirement (S11), a word on minutes (S20).

If the text changed meanwhile, nothing is stored, what was typed stays, and the page shows the text of now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flask import current_app, g, redirect, render_template, request, url_for

from forms_server.inbox import InboxUnavailable, SubmissionConflict
from forms_server.pages import Identity, language_asked, read_identity
from forms_server.words import say


class Show(Protocol):
    """Draws the page again, with what was typed."""

    def __call__(
        self, identity: Identity | None = None, *, errors: Mapping[str, str] | None = None, told: str = ""
    ) -> str:
        """The page under an identity, or under a fresh one."""


@dataclass(frozen=True)
class Bound:
    """One person's page: what it is bound to, what stands in the way, and how its answer is checked and sent."""

    slug: str  # what the identity of the page is signed for
    fingerprint: str  # of the text as it is now
    blocked: bool
    show: Show
    problems: Callable[[], Mapping[str, str]]  # what is wrong, by the id of its field, in the language of the page
    send: Callable[[str], object]  # under this submission id
    changed: str  # the word for a text that is another by now
    again: str  # the word for a page that was sent with another answer before


def take(bound: Bound, token: str) -> Any:
    """What such a page sends: an answer to the text that it showed, or a change of language."""
    identity = read_identity(bound.slug, request.form.get("submission", ""))
    if language_asked():
        return bound.show(identity)
    if bound.blocked:
        return bound.show(identity), 409
    if request.form.get("fingerprint", "") != bound.fingerprint:
        return bound.show(identity, told=say(bound.changed, g.lang)), 409
    if identity.problem:
        return bound.show(identity, told=say("review_csrf", g.lang)), 400
    if errors := bound.problems():
        return bound.show(identity, errors=errors), 422
    try:
        bound.send(identity.id)
    except SubmissionConflict:
        return bound.show(told=say(bound.again, g.lang)), 409
    except InboxUnavailable:
        current_app.logger.exception("an answer to %s could not be stored", bound.slug)
        return bound.show(identity, told=say("review_unavailable", g.lang)), 503
    return redirect(url_for("reviews.panel_page", token=token), 303)


def refuse(bound: Bound | None) -> Any:
    """The token that guards every change was missing, wrong or too old: a good one, with what was typed."""
    if bound is None:
        return render_template("error.html", key="bad_request", megabytes=0), 400
    language_asked()
    identity = read_identity(bound.slug, request.form.get("submission", ""))
    return bound.show(identity, told=say("review_csrf", g.lang)), 400


def typed_text(name: str) -> str:
    """A field of several lines as it is kept."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\r", "\n").strip()
