"""Owns votes through links, behind the pages: what one member may vote on, what they typed, and committing it (S15).

A vote is bound to the fingerprint of the ranking that was shown. Voting again is a new row; the newest one counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from forms_server.inbox import Inbox, Incoming, SubmissionConflict
from workbook.errors import PartnerBookError
from workbook.rules.voting import passed_over
from workbook.schema import Invalid, Label
from workbook.submissions import Stored
from workbook.tables import Votes
from workbook.tables.selection import VOTES


class RankingChanged(PartnerBookError):
    """A vote came on a ranking that is no longer that of now; nothing was stored."""

    label = Label(
        "排名在您打开页面之后有变，这一次的表决没有保存。您写的还在下面，请按新的排名核对后再提交一次。",
        "The ranking changed after you opened the page, so this vote was not stored. What you wrote is below; check it against the new ranking and send it again.",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__(self.label.zh)


class VotingClosed(PartnerBookError):
    """A vote came before the ranking is there, or after the panel is final; nothing was stored."""

    label = Label(
        "现在不能表决：结果还在计算，或评审会已经定稿。这一次没有保存，请联系评审会负责人。",
        "Votes are not taken now: results are not settled, or the panel is final. Nothing was stored; ask the person in charge.",
    )

    def __init__(self) -> None:
        super().__init__(self.label.zh)


class VotedElsewhere(PartnerBookError):
    """Another window of the same member voted at the same moment; what it sent stands."""

    label = Label(
        "您刚才在另一个窗口里表决过。您在这里写的还在页面上，请核对后再提交一次。",
        "You voted in another window just now. What you wrote here is still on the page; check it and send it again.",
    )

    def __init__(self) -> None:
        super().__init__(self.label.zh)


class Choice(NamedTuple):
    """What a member says of one candidate."""

    vote: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Ballot:
    """What one member may vote on: the ranking, who they are recused from, and what they said last."""

    fingerprint: str
    ranks: Mapping[str, int]
    recused: frozenset[str]
    last: Mapping[str, Choice]
    stands: frozenset[str]  # the candidates on which the last vote is on the ranking of now

    @property
    def asked(self) -> list[str]:
        """The candidates that this member votes on, best first."""
        return [key for key in self.ranks if key not in self.recused]


class Voted:
    """The votes of one book that came by links."""

    def __init__(self, inbox: Inbox):
        self._inbox = inbox

    def ballot(self, key: str, panel: Mapping[str, Any], reviewer: str) -> Ballot:
        """The ballot of one member, from the panel as the book says it."""
        ranked = [row for row in panel["results"] if row["state"] == "ranked" and row["rank"]]
        ranked.sort(key=lambda row: (int(row["rank"]), int(row["order"] or 999)))
        away = frozenset(candidate for who, candidate in panel.get("recused", ()) if who == reviewer)
        cast = self._cast(key, reviewer)
        last = {candidate: votes[-1].values for candidate, votes in cast.items()}
        now = panel.get("ranking", "")
        return Ballot(
            now, {row["candidate"]: int(row["rank"]) for row in ranked}, away,
            {candidate: Choice(said.get("vote", ""), said.get("reason", "")) for candidate, said in last.items()},
            frozenset(candidate for candidate, said in last.items() if said.get("fingerprint") == now),
        )  # fmt: skip

    def cast(self, key: str, reviewer: str, ballot: Ballot, choices: Mapping[str, Choice]) -> int:
        """Commit what is new of a ballot, all of it or nothing; returns how many votes that was.

        Raises:
            VotedElsewhere, InboxUnavailable: nothing was stored.
        """
        before = self._cast(key, reviewer)
        fresh = [
            self._incoming(key, reviewer, candidate, choice, ballot.fingerprint, len(before.get(candidate, ())))
            for candidate, choice in choices.items()
            if choice.vote and not (candidate in ballot.stands and ballot.last.get(candidate) == choice)
        ]
        if fresh:
            try:
                self._inbox.submit_all(fresh, lambda connection: None)
            except SubmissionConflict as error:
                raise VotedElsewhere from error
        return len(fresh)

    def _cast(self, key: str, reviewer: str) -> dict[str, list[Stored]]:
        """What a member sent, by candidate, oldest first; a row that staff deleted counts no more but keeps its number."""
        found: dict[str, list[Stored]] = {}
        for row in self._inbox.all(tables=[Votes.name]):
            if (row.values.get("panel"), row.values.get("reviewer")) == (key, reviewer):
                found.setdefault(str(row.values.get("candidate")), []).append(row)
        return found

    def _incoming(
        self, panel: str, reviewer: str, candidate: str, choice: Choice, fingerprint: str, number: int
    ) -> Incoming:
        name = "/".join((Votes.name, panel, reviewer, candidate, str(number)))
        values = {
            "panel": panel, "candidate": candidate, "reviewer": reviewer, "vote": choice.vote, "fingerprint": fingerprint,
        }  # fmt: skip
        if choice.reason:
            values["reason"] = choice.reason
        return Incoming(str(uuid.uuid5(uuid.UUID(self._inbox.book_id), name)), "review", Votes.name, values)


def problems(ballot: Ballot, choices: Mapping[str, Choice]) -> dict[str, Label]:
    """What is wrong with a ballot, by the id of its field."""
    found: dict[str, Label] = {}
    if not any(choice.vote for choice in choices.values()):
        return {field(ballot.asked[0]) if ballot.asked else "votes": Label("请至少对一家候选表决", "Vote on one candidate at least")}  # fmt: skip
    against = passed_over(ballot.ranks, {key: choice.vote for key, choice in choices.items()})
    for key, choice in choices.items():
        if choice.vote and choice.vote not in VOTES:
            found[field(key)] = Label("请选推荐、不推荐或弃权", "Choose for, against or abstain")
        try:
            Votes.columns["reason"].parse(choice.reason)
        except Invalid as error:
            found[reason_field(key)] = error.label
            continue
        if choice.reason and not choice.vote:
            found[field(key)] = Label(f"写了 {key} 的理由而没有表决，请选一项", f"{key}: there is a reason and no vote; choose one")  # fmt: skip
        elif choice.vote == "against" and not choice.reason:
            found[reason_field(key)] = Label(f"不推荐 {key}，请写明理由", f"{key}: a vote against needs a reason")
        elif key in against and not choice.reason:
            better = "、".join(against[key])
            found[reason_field(key)] = Label(
                f"推荐 {key} 而没有推荐排名更前的 {better}，请写明理由",
                f"{key} is recommended and the better ranked {better} is not; give a reason",
            )
    return found


def field(candidate: str) -> str:
    """The name of a candidate's choice on the page."""
    return f"vote-{candidate}"


def reason_field(candidate: str) -> str:
    """The name of a candidate's reason on the page."""
    return f"why-{candidate}"
