"""Owns surveys through links, behind the pages: who gets one, who is reminded, and what an answer becomes (S26, S27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from forms_server.inbox import Inbox
from forms_server.reviews import CannotInvite, Reviews
from forms_server.survey_store import Group, Invited, SurveyStore
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.requirements import single
from workbook.rules.surveys import in_scope, way_of
from workbook.tables import Campaigns, Participants, Partners, Satisfaction
from workbook.tables.meetings import SIDES

CARRIED = "survey"  # the name in the inbox's body that ties an answer to its invitation; no column of 满意度调查


class RenewRefused(CannotInvite):
    """An old link may have given an answer that is not written down yet: a second one would let it answer twice."""


def survey_view(book: Book) -> dict[str, Any]:
    """The surveys with whom they ask, and the people of both sides, as JSON."""
    partners = single(read_if_there(book, Partners))
    people = single(read_if_there(book, Participants))
    return {
        "surveys": {
            row.key: {
                "title": row.text("title"), "way": way_of(row), "status": row.text("status") or "planned",
                "occasion": row.text("occasion"), "node": row.text("node"), "opens_on": row.text("opens_on"),
                "closes_on": row.text("closes_on"), "partners": in_scope(row, partners),
            }
            for row in single(read_if_there(book, Campaigns))
        },
        "participants": {row.key: _person(row) for row in people},
        "partner_names": {row.key: row.text("legal_name") for row in partners},
    }  # fmt: skip


def _person(row: Record) -> dict[str, Any]:
    return {
        "person": row.text("person"), "partner": row.text("partner"), "side": row.text("side"), "email": row.text("email"),
        "active": (row.text("status") or "active") == "active",
    }  # fmt: skip


class Asked(NamedTuple):
    """One participant of a survey: the link is empty for whoever got theirs before, for it is kept nowhere."""

    participant: str
    person: str
    partner: str
    side: str
    email: str
    token: str


class Guest(NamedTuple):
    """Who is behind a link, and the survey as the book says it."""

    token: str
    invited: Invited
    survey: Mapping[str, Any]
    person: Mapping[str, Any]
    partner_name: str

    @property
    def anonymous(self) -> bool:
        """What was promised with the link."""
        return self.invited.way == "anonymous"

    @property
    def identity(self) -> str:
        """What ties a named answer to its invitation."""
        return f"{self.invited.campaign}/{self.invited.participant}"

    def opening(self, today: date) -> str:
        """open, early or over."""
        first, last = (_day(self.survey[name]) for name in ("opens_on", "closes_on"))
        if self.survey["status"] == "planned" or (first and today < first):
            return "early"
        late = last is not None and today > last
        return "over" if self.survey["status"] != "open" or late or self.survey["way"] != self.invited.way else "open"


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


class Surveys:
    """The surveys of one book: its inbox knows the book, the store who was invited."""

    def __init__(self, inbox: Inbox, store: SurveyStore):
        self.inbox, self.store = inbox, store

    def view(self) -> dict[str, Any]:
        """Surveys and people as of the last read of the book."""
        found = Reviews(self.inbox, b"").view()
        return {"surveys": {}, "participants": {}, "partner_names": {}, **found}

    def guest(self, token: str) -> Guest | None:
        """Whom a link belongs to, if it is one of a survey and still works."""
        invited = self.store.holder(token)
        view = self.view() if invited else {}
        if invited is None or invited.campaign not in view["surveys"]:
            return None
        person = view["participants"].get(invited.participant)
        if person is None or not person["active"]:
            return None
        name = view["partner_names"].get(invited.partner, "")
        return Guest(token, invited, view["surveys"][invited.campaign], person, name)

    # --- links ---

    def invite(self, campaign: str, renew: str = "") -> list[Asked]:
        """A link for each participant who has none yet; `renew` names one whose old link is to die.

        Raises:
            CannotInvite: the survey does not run, or people in it cannot be asked.
            RenewRefused: an answer of that person's group is not written down yet.
        """
        view = self.view()
        survey = self._running(view, campaign)
        people = wanted_people(view, survey)
        if not people:
            raise CannotInvite(
                f"调查 {campaign} 的范围里没有在任的参与人。请在“参与人”里写好双方的人（姓名、伙伴编号、一方），再发邀请。"
            )
        nameless = [k for k, one in people.items() if one["side"] not in SIDES or not one["person"]]
        if nameless:
            raise CannotInvite(f"参与人 {'、'.join(nameless)} 没有写姓名或一方。请填写后再发邀请。")
        before = {one.participant: one for one in self.store.people(campaign)}
        if other := sorted({one.way for one in before.values()} - {survey["way"]}):
            words = "匿名" if other[0] == "anonymous" else "实名"
            raise CannotInvite(
                f"调查 {campaign} 已经按{words}方式发过邀请，方式不能再改。请改回{words}，或另立一个调查。"
            )
        if renew:
            self._may_renew(campaign, renew, people, before)
        found = []
        for key, one in people.items():
            fresh = key not in before or key == renew
            group = Group(campaign, one["partner"], one["side"])
            token = self.store.invite(group, key, survey["way"], renew=key == renew) if fresh else ""
            found.append(Asked(key, one["person"], one["partner"], one["side"], one["email"], token))
        return found

    def _running(self, view: Mapping[str, Any], campaign: str) -> Mapping[str, Any]:
        survey: Mapping[str, Any] | None = view["surveys"].get(campaign)
        if survey is None:
            raise CannotInvite(f"“调查安排”里没有 {campaign}（现有：{'、'.join(view['surveys']) or '无'}）。")
        if survey["status"] != "open":
            raise CannotInvite(
                f"调查 {campaign} 不在进行中。请先运行 partnerbook state（工作簿）{campaign} 进行中，再发邀请。"
            )
        return survey

    def _may_renew(self, campaign: str, renew: str, people: Mapping[str, Any], before: Mapping[str, Invited]) -> None:
        if renew not in people:
            raise CannotInvite(f"{renew} 不是调查 {campaign} 的在任参与人。")
        mine = before.get(renew)
        if mine is None:
            return
        if mine.done:
            raise RenewRefused(f"{renew} 已经答过 {campaign}，不再换链接。")
        written = sum(1 for one in before.values() if one.group == mine.group and one.done)
        if self.store.counted()[mine.group] > written:
            raise RenewRefused(
                f"{renew} 所在的一组有答卷还没有成批记到名单上，现在换链接可能让同一个人答两次。请等这一批记完（满五份）或调查截止。"
            )

    def remind(self, campaign: str) -> list[Asked]:
        """Who has not answered as far as it is written down, each with a reminder counted; a reminder carries no link.

        Raises:
            CannotInvite: the survey does not run.
        """
        view = self.view()
        self._running(view, campaign)
        open_ones = [one for one in self.store.people(campaign) if not one.done]
        found = []
        for one in open_ones:
            person = view["participants"].get(one.participant)
            if person and person["active"]:
                found.append(Asked(one.participant, person["person"], one.partner, one.side, person["email"], ""))
        self.store.reminded(campaign, [one.participant for one in found])
        return found

    # --- answers ---

    def answer(self, guest: Guest, values: Mapping[str, Any]) -> None:
        """Keep an anonymous answer, then note in memory that one was given. A second one changes nothing.

        Raises:
            SurveyUnavailable: nothing was stored.
        """
        self.store.answer(guest.token, guest.invited.group, values)
        if not guest.invited.done:
            self.store.mark(guest.token, guest.invited.group)

    def closed(self) -> list[str]:
        """The surveys that are over as of the last read of the book."""
        return [key for key, survey in self.view()["surveys"].items() if survey["status"] == "closed"]

    def answered(self, guest: Guest, submission_id: str = "") -> bool:
        """Whether this invitation was answered, by another submission than this one."""
        if guest.anonymous:
            return self.store.has_answered(guest.token)
        rows = self.inbox.all(tables=[Satisfaction.name])
        by = {row.id for row in rows if row.values.get(CARRIED) == guest.identity}
        return bool(by - {submission_id})


def wanted_people(view: Mapping[str, Any], survey: Mapping[str, Any]) -> dict[str, Any]:
    """The active people of both sides about the partners that a survey is about, by number."""
    scope: Sequence[str] = survey["partners"]
    found = {k: one for k, one in view["participants"].items() if one["active"] and one["partner"] in scope}
    return dict(sorted(found.items()))


def named_values(guest: Guest) -> dict[str, Any]:
    """What the server knows of a named answer and nobody types: the person is known, so it is verified."""
    known = {
        "campaign": guest.invited.campaign, "partner": guest.invited.partner, "side": guest.invited.side,
        "occasion": guest.survey["occasion"] or "yearly", "verification": "verified", CARRIED: guest.identity,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value}


def today_in(zone: ZoneInfo) -> date:
    """The day of the book."""
    return datetime.now(zone).date()
