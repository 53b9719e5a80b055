"""Owns invitations of companies: their personal links to the candidate form, and the row of 定向邀请 that an answer came by (S12).

What comes through a link carries the invitation in the inbox. It stays 未核实 as any other; when its row is written, the
invitation's row says 已提交 and names the candidate, unless staff wrote something there themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from forms_server.inbox import Inbox
from forms_server.reviews import CannotInvite, Reviews
from workbook.invited import CARRIED
from workbook.ooxml import Book
from workbook.records import read_if_there
from workbook.rules.requirements import is_published, single
from workbook.tables import Candidates, Invitations, Publications

KEPT = (CARRIED, "drill", "survey", "campaign", "partner", "verification")  # the others of a survey's named answer


class Invited(NamedTuple):
    """Whom a link belongs to."""

    invitation: str
    company: str
    answered: bool


def invitation_view(book: Book) -> dict[str, Any]:
    """The invitations as JSON, and which publications are published."""
    return {
        "invited": {
            r.key: {
                "publication": r.text("publication"), "company": r.text("company"), "contact": r.text("contact"),
                "answered": bool(r["candidate"]),
            }
            for r in single(read_if_there(book, Invitations))
        },
        "published": [r.key for r in single(read_if_there(book, Publications)) if is_published(r)],
    }  # fmt: skip


def invite_companies(inbox: Inbox, secret: bytes, publication: str, renew: str = "") -> list[tuple[str, str, str, str]]:
    """The invitations of a publication: key, company, contact, token; `renew` names one whose old link is to die.

    Raises:
        CannotInvite: the publication is not published, or nobody is invited to it.
    """
    reviews = Reviews(inbox, secret)
    view = reviews.view()
    if publication not in view.get("published", []):
        raise CannotInvite(f"“需求发布”里没有状态为“已发布”的 {publication}。请先写好并改为“已发布”，再发邀请链接。")
    mine = {key: one for key, one in view["invited"].items() if one["publication"] == publication}
    if not mine:
        raise CannotInvite(f"“定向邀请”里没有 {publication} 的企业。请每家写一行，再发邀请链接。")
    if nameless := [key for key, one in mine.items() if not one["company"]]:
        raise CannotInvite(f"邀请 {'、'.join(nameless)} 没有写企业名称。请填写后再发邀请链接。")
    if renew and renew not in mine:
        raise CannotInvite(f"{renew} 不是 {publication} 的邀请。")
    return [
        (key, one["company"], one["contact"], reviews.issue(publication, key, key == renew))
        for key, one in mine.items()
    ]


def invited_by(inbox: Inbox, token: str) -> Invited | None:
    """The invitation behind a link, if it is one and still works."""
    reviews = Reviews(inbox, b"")
    found = reviews.holder(token) if token else None
    if found is None:
        return None
    view = reviews.view()
    one = view.get("invited", {}).get(found[1])
    if one is None or one["publication"] != found[0] or found[0] not in view["published"]:
        return None
    return Invited(found[1], one["company"], one["answered"])


def is_used(inbox: Inbox, invited: Invited, submission_id: str = "") -> bool:
    """Whether an invitation was answered by another submission than this one."""
    by = {row.id for row in inbox.all(tables=[Candidates.name]) if row.values.get(CARRIED) == invited.invitation}
    return bool(by - {submission_id}) or (invited.answered and not by)


def carried(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of a submission's body no form asks for, so that a correction keeps it."""
    return {name: values[name] for name in KEPT if name in values}
