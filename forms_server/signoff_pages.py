"""Owns the page behind a personal link to a requirement: its eight parts as of the last save, and the verdict on them (S11).

A verdict is bound to the text that was on the page: if that changed meanwhile, nothing is stored, what was typed stays,
and the page shows the text of now.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from flask import Blueprint, abort, g, render_template, request
from flask_wtf.csrf import CSRFError

from forms_server.bound_pages import Bound, refuse, take, typed_text
from forms_server.pages import Identity, issue_identity, services, zone_of
from forms_server.reviews import Reviews
from forms_server.signoffs import in_the_way, send_verdict, verdict_now
from forms_server.words import say, write_time
from workbook.schema import Invalid
from workbook.tables import Requirements, SignOffs
from workbook.tables.requirements import VERDICTS

signoff_pages = Blueprint("signoffs", __name__)


class Signer(NamedTuple):
    """Who is here, and the requirement as the book says it."""

    token: str
    key: str
    reviewer: str
    requirement: Mapping[str, Any]
    person: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The reviewer as pickers show people."""
        role = f"（{self.person['role']}）" if self.person["role"] else ""
        return f"{self.reviewer} {self.person['person']}{role}"

    @property
    def slug(self) -> str:
        """What the identity of a page is signed for: this person's verdicts on this requirement, and nothing else."""
        return f"signoff.{self.key}.{self.reviewer}"


class Typed(NamedTuple):
    """What somebody filled in."""

    verdict: str = ""
    opinion: str = ""


BLANK = Typed()


def signer_of(token: str) -> Signer | None:
    """Who a link belongs to, if it leads to a requirement and still works."""
    reviews = Reviews(services().inbox, b"")
    found, view = reviews.holder(token), reviews.view()
    requirement = view.get("requirements", {}).get(found[0]) if found else None
    if found is None or requirement is None or found[0] in view["panels"]:
        return None
    person = view["people"].get(found[1])
    return Signer(token, *found, requirement, person) if person and person["active"] else None


def show(
    who: Signer, typed: Typed = BLANK, identity: Identity | None = None, *, errors: Mapping[str, str] | None = None,
    told: str = "",
) -> str:  # fmt: skip
    """The page: the text of now with its fingerprint, the reviewer's newest verdict, and the form unless it is blocked."""
    inbox, one = services().inbox, who.requirement
    signed = verdict_now(inbox, one, who.key, who.reviewer)
    saved = inbox.state().saved_at
    columns = Requirements.columns
    return render_template(
        "signoff.html", who=who, one=one, typed=typed, errors=errors or {}, told=told, why=in_the_way(one),
        token=(identity or issue_identity(who.slug)).token, verdicts=VERDICTS, signed=signed,
        holds=signed is not None and signed["fingerprint"] == one["fingerprint"],
        parts=[(columns[name].label.get(g.lang), text, name in one["missing"]) for name, text in one["parts"]],
        missing=say("list_comma", g.lang).join(columns[name].label.get(g.lang) for name in one["missing"]),
        as_of=write_time(saved.astimezone(zone_of(inbox.profile())), g.lang, year=False) if saved else "",
    )  # fmt: skip


@signoff_pages.post("/i/<token>")
def verdict_sent(token: str) -> Any:
    """A verdict on the text that the page showed, or a change of language."""
    return take(_bound(signer_of(token) or abort(404)), token)


@signoff_pages.errorhandler(CSRFError)
def csrf_failed(error: CSRFError) -> Any:
    """The token that guards every change was missing, wrong or too old: a good one, with what was typed."""
    who = signer_of((request.view_args or {}).get("token", ""))
    return refuse(_bound(who) if who else None)


def _bound(who: Signer) -> Bound:
    typed = Typed(request.form.get("verdict", ""), typed_text("opinion"))
    return Bound(
        slug=who.slug, fingerprint=who.requirement["fingerprint"], blocked=bool(in_the_way(who.requirement)),
        show=partial(show, who, typed), problems=partial(_problems, typed),
        send=lambda identity: send_verdict(services().inbox, identity, _values(who, typed)),
        changed="signoff_changed", again="signoff_again",
    )  # fmt: skip


def _problems(typed: Typed) -> dict[str, str]:
    """What is wrong, by the id of its field."""
    found = {}
    if typed.verdict not in VERDICTS:
        found["verdict"] = say("verdict_needed", g.lang)
    elif typed.verdict != "agree" and not typed.opinion:
        found["opinion"] = say("opinion_needed", g.lang, verdict=VERDICTS[typed.verdict].get(g.lang))
    try:
        SignOffs.columns["opinion"].parse(typed.opinion)
    except Invalid as error:
        found["opinion"] = error.label.get(g.lang)
    return found


def _values(who: Signer, typed: Typed) -> dict[str, Any]:
    values = {
        "requirement": who.key, "revision": str(who.requirement["revision"]), "reviewer": who.reviewer,
        "verdict": typed.verdict, "opinion": typed.opinion, "fingerprint": who.requirement["fingerprint"],
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}
