"""Owns drills through links: the same forms as the real ones, and a submission that names its drill (S49).

A link works while its drill runs. What comes by it carries the drill's number in the inbox, so that its row names the
drill from the first moment; what comes after the end is refused, for nothing of a drill may pass for the real thing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from forms_server.catalog import BY_SLUG
from forms_server.inbox import Inbox
from forms_server.reviews import CannotInvite, Reviews
from workbook.ooxml import Book
from workbook.records import read_if_there
from workbook.rules.requirements import single
from workbook.tables import Drills
from workbook.tables.emergency import DRILL_STATES

CARRIED = "drill"  # the name in the inbox's body: the column 演练编号 of the row
FORMS = ("incident", "issue")  # what a drill can be run through


class DrillLink(NamedTuple):
    """What a link opens: a form of a drill, as long as it runs."""

    drill: str
    title: str
    slug: str
    running: bool


def drill_view(book: Book) -> dict[str, Any]:
    """The drills as JSON."""
    rows = single(read_if_there(book, Drills))
    return {
        "drills": {row.key: {"title": row.text("title"), "status": row.text("status") or "planned"} for row in rows}
    }


def invite_drill(inbox: Inbox, secret: bytes, drill: str, renew: str = "") -> list[tuple[str, str]]:
    """The forms of a drill and their tokens; `renew` names the form whose old link is to die.

    Raises:
        CannotInvite: there is no such drill, or it does not run.
    """
    reviews = Reviews(inbox, secret)
    found = reviews.view().get("drills", {})
    one = found.get(drill)
    if one is None:
        raise CannotInvite(f"“演练”里没有 {drill}（现有：{'、'.join(found) or '无'}）。")
    if one["status"] != "running":
        word = DRILL_STATES[one["status"]].zh
        raise CannotInvite(f"演练 {drill} 是“{word}”。请先开始：partnerbook drill 工作簿 {drill} --start")
    slugs = [slug for slug in FORMS if slug in BY_SLUG]
    if renew and renew not in slugs:
        raise CannotInvite(f"--renew 要写表单：{' 或 '.join(slugs)}。")
    return [(slug, reviews.issue(drill, slug, slug == renew)) for slug in slugs]


def drill_of(inbox: Inbox, token: str) -> DrillLink | None:
    """The drill behind a link, if it is one."""
    if not token:
        return None
    reviews = Reviews(inbox, b"")
    found = reviews.holder(token)
    one = reviews.view().get("drills", {}).get(found[0]) if found else None
    if found is None or one is None or found[1] not in BY_SLUG:
        return None
    return DrillLink(found[0], one["title"], found[1], one["status"] == "running")
