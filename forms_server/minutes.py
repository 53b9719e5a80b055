"""Owns confirming minutes through links, behind the page: what it knows of a meeting, who gets a link, what a word becomes (S20)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forms_server.inbox import Inbox, Incoming
from forms_server.reviews import CannotInvite, Reviews
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.meetings import HELD, PARTS, attendees_of, fingerprint_of, is_planned, lacking
from workbook.rules.requirements import single
from workbook.rules.selection import natural
from workbook.tables import Meetings, MeetingSeries, MinuteConfirmations, Participants, Partners
from workbook.tables.meetings import MEETING_STATES

SHOWN = ("agenda", *PARTS)


def minutes_view(book: Book) -> dict[str, Any]:
    """The meetings as JSON with the newest word of each participant; a book without these tables has none."""
    series = {row.key: row.text("title") for row in read_if_there(book, MeetingSeries)}
    partners = {row.key: row.text("legal_name") for row in read_if_there(book, Partners)}
    said: dict[str, dict[str, dict[str, str]]] = {}
    for row in sorted(read_if_there(book, MinuteConfirmations), key=lambda r: natural(r.key)):
        if row["verdict"]:
            words = {name: row.text(name) for name in ("verdict", "comment", "fingerprint")}
            said.setdefault(row.text("meeting"), {})[row.text("participant").upper()] = words
    return {
        "meetings": {
            row.key: {
                "title": series.get(row.text("series"), ""), "partner": partners.get(row.text("partner"), ""),
                "attendees": list(attendees_of(row)), "said": said.get(row.key, {}), **_text(row),
            }
            for row in single(read_if_there(book, Meetings))
        },
        "meeting_people": {
            row.key: {
                "person": row.text("person"), "role": row.text("role"), "side": row.text("side"), "email": row.text("email"),
                "active": (row["status"] or "active") == "active",
            }
            for row in single(read_if_there(book, Participants))
        },
    }  # fmt: skip


def _text(row: Record) -> dict[str, Any]:
    """What a meeting says; before it was held there is nothing to show to anybody."""
    if row["status"] not in HELD:
        return {"why": "early" if is_planned(row) else "over", "status": row["status"] or "planned"}
    held = row["held_on"]
    return {
        "why": "parts" if lacking(row) else "", "status": row["status"], "missing": list(lacking(row)),
        "held_on": held.isoformat() if held else "", "fingerprint": fingerprint_of(row),
        "parts": [[name, row.text(name)] for name in SHOWN],
    }  # fmt: skip


def invite_attendees(inbox: Inbox, secret: bytes, key: str, renew: str = "") -> list[tuple[str, str]]:
    """Those who were at a meeting and their tokens; `renew` names one whose old link is to die.

    Raises:
        CannotInvite: the meeting is unknown or has no minutes yet, or nobody in 参与人 was there.
    """
    reviews = Reviews(inbox, secret)
    view = reviews.view()
    known, people = view.get("meetings", {}), view.get("meeting_people", {})
    one = known.get(key)
    if one is None:
        held = [k for k, m in known.items() if m["status"] in HELD]
        raise CannotInvite(f"“例会记录”里没有 {key}（已召开的：{'、'.join(held[-20:]) or '无'}）。")
    if one["why"]:
        raise CannotInvite(_why(key, one))
    if unknown := [who for who in one["attendees"] if who not in people]:
        raise CannotInvite(f"{key} 的与会人 {'、'.join(unknown)} 不在“参与人”里。请改成参与人编号，例如 PP-0001。")
    there = [who for who in one["attendees"] if people[who]["active"]]
    if not there:
        raise CannotInvite(f"{key} 的与会人都已卸任，没有人可以收链接。请在“纪要确认”里手工记下他们的意见。")
    if renew and renew not in there:
        raise CannotInvite(f"{renew} 不是 {key} 的在任与会人。")
    return [(who, reviews.issue(key, who, who == renew)) for who in there]


def _why(key: str, meeting: Mapping[str, Any]) -> str:
    if meeting["why"] == "parts":
        names = "、".join(Meetings.columns[name].zh for name in meeting["missing"])
        return f"{key} 的纪要还缺{names}，不能请人确认。请补写后再发链接，没有内容的写“无”。"
    return f"{key} 的状态是“{MEETING_STATES[meeting['status']].zh}”，没有纪要可确认。开过以后请改为“已召开”并写好纪要。"


def word_now(inbox: Inbox, meeting: Mapping[str, Any], key: str, who: str) -> Mapping[str, str] | None:
    """The newest word of a participant on a meeting's minutes: on its way to the book, else the one in it."""
    going = [
        row.values
        for row in inbox.all("waiting", "leased", "placed", tables=[MinuteConfirmations.name])
        if row.values.get("meeting") == key and row.values.get("participant") == who
    ]
    found: Mapping[str, str] | None = going[-1] if going else meeting["said"].get(who)
    return {"comment": "", **found} if found else None


def send_word(inbox: Inbox, submission_id: str, values: Mapping[str, Any]) -> None:
    """Commit a word on minutes; the same again is the same row.

    Raises:
        SubmissionConflict: this page has sent another word before.
        InboxUnavailable: nothing was stored.
    """
    inbox.submit_all([Incoming(submission_id, "minutes", MinuteConfirmations.name, values)], lambda connection: None)
