"""Owns sign-offs through links, behind the page: what it knows of a requirement, who gets a link, what a verdict becomes (S11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forms_server.inbox import Inbox, Incoming
from forms_server.reviews import CannotInvite, Reviews
from workbook.errors import MissingTable
from workbook.ooxml import Book
from workbook.rules.requirements import (
    PARTS,
    departments_or_default,
    newest,
    read_whole,
    requirement_of,
)
from workbook.rules.selection import Selection
from workbook.tables import Requirements, SignOffs
from workbook.tables.requirements import REQUIREMENT_STATES
from workbook.tables.selection import ROLES

TAKING = ("review", "approved", "published")  # states in which a verdict is asked for, or may be renewed


def signoff_view(book: Book, selection: Selection) -> dict[str, Any]:
    """The requirements as JSON, the newest verdict of each reviewer, and who signs for which department.

    Raises:
        MissingColumn: a column that sign-offs rest on is gone.
    """
    try:
        requirements, signoffs = read_whole(book, Requirements), read_whole(book, SignOffs)
    except MissingTable:
        requirements, signoffs = [], []
    found = {record.key: requirement_of(record) for record in requirements}
    required = departments_or_default(selection.settings)
    people = selection.reviewers.values()
    return {
        "requirements": {
            key: {
                "title": one.title, "status": one.status, "revision": one.revision,
                "parts": [[name, one.parts[name]] for name in PARTS], "missing": list(one.missing),
                "fingerprint": one.fingerprint,
                "signed": {
                    r.text("reviewer"): {
                        "verdict": r.text("verdict"), "opinion": r.text("opinion"), "fingerprint": r.text("fingerprint"),
                    }
                    for r in newest(r for r in signoffs if r.text("requirement") == key and r["verdict"] is not None)
                },
            }
            for key, one in found.items()
        },
        "signers": {role: [p.key for p in people if p.active and p.role == role] for role in required},
    }  # fmt: skip


def in_the_way(requirement: Mapping[str, Any]) -> str:
    """Why nobody can sign a requirement now, in a word: parts, revision, early or over; "" if it can be signed."""
    if requirement["status"] not in TAKING:
        return "early" if requirement["status"] == "draft" else "over"
    if requirement["missing"]:
        return "parts"
    return "" if requirement["revision"] is not None else "revision"


def invite_signers(inbox: Inbox, secret: bytes, key: str, renew: str = "") -> list[tuple[str, str]]:
    """The active reviewers of the required departments and their tokens; `renew` names one whose old link is to die.

    Raises:
        CannotInvite: the requirement is unknown or cannot be signed yet, or a department has nobody.
    """
    reviews = Reviews(inbox, secret)
    view = reviews.view()
    known = view.get("requirements", {})
    if key not in known:
        raise CannotInvite(f"“需求”里没有 {key}（现有：{'、'.join(known) or '无'}）。")
    if why := in_the_way(known[key]):
        raise CannotInvite(_why(key, known[key], why))
    if empty := [ROLES[role].zh for role, people in view["signers"].items() if not people]:
        raise CannotInvite(f"“评审人”里没有{'、'.join(empty)}的在任评审人，{key} 不能送审。请先补上。")
    people = [reviewer for found in view["signers"].values() for reviewer in found]
    if renew and renew not in people:
        raise CannotInvite(f"{renew} 不是需要签核 {key} 的在任评审人。")
    return [(reviewer, reviews.issue(key, reviewer, reviewer == renew)) for reviewer in people]


def _why(key: str, requirement: Mapping[str, Any], why: str) -> str:
    names = "、".join(Requirements.columns[name].zh for name in requirement["missing"])
    state = REQUIREMENT_STATES[requirement["status"]].zh
    return {
        "parts": f"需求 {key} 还缺{names}，不能送审。请补写后再发链接。",
        "revision": f"需求 {key} 没有需求版本，不能送审。第一版请写 1。",
        "early": f"需求 {key} 的状态是“{state}”。请改为“内部评审”后再发链接。",
        "over": f"需求 {key} 的状态是“{state}”，不再签核。",
    }[why]


def verdict_now(inbox: Inbox, requirement: Mapping[str, Any], key: str, reviewer: str) -> Mapping[str, str] | None:
    """The newest verdict of a reviewer: on its way to the book, else the one in it."""
    going = [
        row.values
        for row in inbox.all("waiting", "leased", "placed", tables=[SignOffs.name])
        if row.values.get("requirement") == key and row.values.get("reviewer") == reviewer
    ]
    found: Mapping[str, str] | None = going[-1] if going else requirement["signed"].get(reviewer)
    return {"opinion": "", **found} if found else None


def send_verdict(inbox: Inbox, submission_id: str, values: Mapping[str, Any]) -> None:
    """Commit a verdict; the same again is the same row.

    Raises:
        SubmissionConflict: this page has sent another verdict before.
        InboxUnavailable: nothing was stored.
    """
    inbox.submit_all([Incoming(submission_id, "signoff", SignOffs.name, values)], lambda connection: None)
