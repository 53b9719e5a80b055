"""Owns what a survey says and what of it may be shown: groups, means, gap, trend, hidden groups (S26 to S28). Pure.

A group is the answers of one side about one partner, by topic. A group below the minimum enters no number at all, neither
its own nor a total: every total is the sum of groups that are shown, so that no subtraction leaves a smaller one. What
was shown once moves on only by as many new answers as the minimum: two reports at two moments give away no single answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from workbook.evaluation.exact import exact, half_up
from workbook.records import Record
from workbook.tables import AnonymousAnswers, Campaigns, Satisfaction, SettingRow
from workbook.tables.meetings import SIDES
from workbook.tables.surveys import TOPICS

FLOOR, COMMENTS_FLOOR = 5, 10  # a setting may ask for more, never for less
ALL = ""  # in a place: all partners, or both sides
EVERYBODY = "*"  # the same in the key of a row
STRONG, WEAK = 4, 3


class Place(NamedTuple):
    """Whose answers about whom on what: an empty partner is all partners, an empty side both sides."""

    partner: str
    side: str
    topic: str

    def key(self, campaign: str) -> str:
        """The key of its row in 满意度分析."""
        return "/".join((campaign, self.partner or EVERYBODY, self.side or EVERYBODY, self.topic))


class Shown(NamedTuple):
    """What is shown of a group: the sum of its marks, and their number."""

    total: Fraction
    answers: int

    @property
    def mean(self) -> Decimal:
        """The mean to two decimals, half up."""
        return half_up(self.total / self.answers, 2)


@dataclass(frozen=True)
class Answer:
    """One answer: whose side, about which partner, marks by topic (only those that count), and the two texts."""

    partner: str
    side: str
    marks: Mapping[str, int]
    texts: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Result:
    """One row of 满意度分析; `shown` is None for a group that is hidden."""

    place: Place
    shown: Shown | None
    gap: Decimal | None = None
    before: Decimal | None = None

    @property
    def change(self) -> Decimal | None:
        """Against the survey before it."""
        return None if self.shown is None or self.before is None else self.shown.mean - self.before

    @property
    def reading(self) -> str:
        """Strength, middle, weak point, or too few."""
        if self.shown is None:
            return "hidden"
        mean = self.shown.total / self.shown.answers
        return "strength" if mean >= STRONG else "weak" if mean < WEAK else "middle"


# --- settings and answers --------------------------------------------------------------------------------------------


def least_answers(settings: Mapping[str, str]) -> int:
    """How many answers a group needs to be shown; never below five."""
    return _at_least(settings.get(SettingRow.SURVEY_LEAST), FLOOR)


def least_comments(settings: Mapping[str, str]) -> int:
    """How many answers a group needs for its words to be shown; never below ten."""
    return _at_least(settings.get(SettingRow.COMMENTS_LEAST), COMMENTS_FLOOR)


def _at_least(text: str | None, floor: int) -> int:
    found = (text or "").strip()
    return max(floor, int(found)) if found.isdecimal() and len(found) < 5 else floor


def way_of(campaign: Record) -> str:
    """Anonymous or named; anonymous unless said otherwise."""
    return campaign.text("way") or "anonymous"


def answers_of(campaign: Record, named: Iterable[Record], anonymous: Iterable[Record]) -> list[Answer]:
    """The answers that count: of the survey's own way, whole in partner and side; named ones once verified.

    Rows of the other way are a finding, and a named one among anonymous ones would give the others away.
    """
    if way_of(campaign) == "anonymous":
        rows = [row for row in anonymous if row["campaign"] == campaign.key]
    else:
        rows = [row for row in named if row["campaign"] == campaign.key and row["verification"] == "verified"]
    return [_answer(row) for row in rows if row["partner"] and row["side"] in SIDES]


def _answer(row: Record) -> Answer:
    marks = {topic: int(row[topic]) for topic in TOPICS if row[topic]}  # 0 is 不了解, and a blank is nothing
    return Answer(row.text("partner"), row.text("side"), marks, (row.text("strengths"), row.text("suggestions")))


def comparable(campaign: Record, campaigns: Iterable[Record]) -> Record | None:
    """The closed survey of the same occasion that ended last before this one."""
    end = _end(campaign)
    earlier = [
        other
        for other in campaigns
        if other["status"] == "closed" and other["occasion"] == campaign["occasion"]
        and (_end(other), other.key) < (end, campaign.key)
    ]  # fmt: skip
    return max(earlier, key=lambda other: (_end(other), other.key), default=None)


def _end(campaign: Record) -> date:
    found: date = campaign["closes_on"] or campaign["opens_on"] or date.min
    return found


# --- what may be shown -----------------------------------------------------------------------------------------------


def counted(answers: Iterable[Answer]) -> dict[Place, Shown]:
    """The sum and the number of marks of each group, by topic."""
    found: dict[Place, Shown] = {}
    for answer in answers:
        for topic, mark in answer.marks.items():
            place = Place(answer.partner, answer.side, topic)
            before = found.get(place, Shown(Fraction(0), 0))
            found[place] = Shown(before.total + mark, before.answers + 1)
    return found


def publish(
    groups: Mapping[Place, Shown], known: Mapping[Place, tuple[Decimal, int]], least: int
) -> dict[Place, Shown]:
    """The groups that are shown: large enough, and where they were shown before, moved on by enough new answers only.

    `known` is what the book shows of each group: mean and number. Whatever else was changed after that stays out.
    """
    found = {}
    for place in {*groups, *known}:
        now, before = groups.get(place), known.get(place)
        if before is None:
            if now is not None and now.answers >= least:
                found[place] = now
            continue
        mean, number = before
        same = now is not None and now.answers == number and now.mean == mean
        if now is not None and (same or now.answers - number >= least):
            found[place] = now
        else:
            found[place] = Shown(_total(mean, number), number)
    return found


def _total(mean: Decimal, answers: int) -> Fraction:
    """The sum of marks behind a mean with two decimals: whole, and exact for fewer than a hundred answers."""
    return Fraction(round(exact(mean) * answers))


def views(shown: Mapping[Place, Shown]) -> dict[Place, Shown]:
    """Every total over groups that are shown: of a partner, of a side, and of all."""
    found: dict[Place, Shown] = {}
    for place, one in shown.items():
        for wider in {place._replace(partner=p, side=s) for p in (place.partner, ALL) for s in (place.side, ALL)}:
            before = found.get(wider, Shown(Fraction(0), 0))
            found[wider] = Shown(before.total + one.total, before.answers + one.answers)
    return found


def results(
    groups: Mapping[Place, Shown], known: Mapping[Place, tuple[Decimal, int]], before: Mapping[Place, Decimal],
    partners: Iterable[str], least: int,
) -> list[Result]:  # fmt: skip
    """Every row of a survey: each partner and side, and the totals; `before` are the means of the survey before."""
    shown = publish(groups, known, least)
    seen = views(shown)
    wanted = [*sorted({*partners, *(place.partner for place in groups), *(place.partner for place in known)}), ALL]
    rows = []
    for partner in wanted:
        for side in (*SIDES, ALL):
            for topic in TOPICS:
                place = Place(partner, side, topic)
                there = seen.get(place)
                rows.append(Result(place, there, _gap(seen, place), before.get(place) if there else None))
    return rows


def _gap(seen: Mapping[Place, Shown], place: Place) -> Decimal | None:
    """Theirs minus ours, in the row of both sides."""
    theirs, ours = seen.get(place._replace(side="them")), seen.get(place._replace(side="us"))
    return theirs.mean - ours.mean if place.side == ALL and theirs and ours else None


def words_of(answers: Sequence[Answer], partner: str, side: str, shown: Mapping[str, int], least: int) -> list[tuple[str, ...]]:  # fmt: skip
    """What went well and what should change, as one group wrote it; nothing unless the group is large enough.

    `shown` are the numbers of answers by topic as they stand in the book: if answers came or went since, the words of a
    few would be told from the others', and nothing is given. The order is that of the texts' hashes, which says nothing.
    """
    mine = [answer for answer in answers if (answer.partner, answer.side) == (partner, side)]
    now = {topic: sum(1 for answer in mine if topic in answer.marks) for topic in TOPICS}
    moved = any(now.get(topic) != number for topic, number in shown.items())
    if len(mine) < max(least, COMMENTS_FLOOR) or moved or not shown:
        return [(), ()]
    return [tuple(sorted({a.texts[n] for a in mine if a.texts[n]}, key=_scatter)) for n in (0, 1)]


def _scatter(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- what is asked of a campaign -------------------------------------------------------------------------------------


def in_scope(campaign: Record, partners: Iterable[Record]) -> list[str]:
    """The partners that a survey is about: those it names, else all active ones."""
    known = list(partners)
    named = [part for part in _parts(campaign.text("partners")) if part]
    if named:
        wanted = {name.casefold() for name in named}
        return [partner.key for partner in known if partner.key.casefold() in wanted]
    return [partner.key for partner in known if partner["status"] == "active" and partner.key]


def unknown_partners(campaign: Record, partners: Iterable[Record]) -> list[str]:
    """Numbers in the scope of a survey that no partner has."""
    known = {partner.key.casefold() for partner in partners}
    return [part for part in _parts(campaign.text("partners")) if part.casefold() not in known]


def _parts(text: str) -> list[str]:
    for mark in "，,；;\n\t ":
        text = text.replace(mark, "、")
    return [part for part in text.split("、") if part]


def known_groups(rows: Iterable[Record], campaign: str) -> dict[Place, tuple[Decimal, int]]:
    """What 满意度分析 shows of each group of a survey: mean and number."""
    return {
        Place(row.text("partner"), row.text("side"), row.text("topic")): (row["mean"], int(row["answers"]))
        for row in rows
        if row["campaign"] == campaign and row["partner"] and row["side"] and row["topic"]
        and row["mean"] is not None and row["answers"]
    }  # fmt: skip


def known_means(rows: Iterable[Record], campaign: str) -> dict[Place, Decimal]:
    """Every mean that 满意度分析 shows of a survey, totals included."""
    return {
        Place(row.text("partner"), row.text("side"), row.text("topic")): row["mean"]
        for row in rows
        if row["campaign"] == campaign and row["topic"] and row["mean"] is not None
    }


def finished(records: Mapping[str, Sequence[Record]]) -> list[Record]:
    """The closed surveys, each number once, oldest first."""
    rows = records.get(Campaigns.name, ())
    times: dict[str, int] = {}
    for row in rows:
        times[row.key] = times.get(row.key, 0) + 1
    closed = [row for row in rows if row.key and times[row.key] == 1 and row["status"] == "closed"]
    return sorted(closed, key=lambda row: (_end(row), row.key))


def both_kinds(records: Mapping[str, Sequence[Record]], campaign: Record) -> list[Answer]:
    """The answers that count of a survey, out of the rows of a book."""
    return answers_of(campaign, records.get(Satisfaction.name, ()), records.get(AnonymousAnswers.name, ()))


def as_values(result: Result, campaign: str, legal_name: str, least: int) -> dict[str, Any]:
    """A row of 满意度分析 by column name."""
    shown, place = result.shown, result.place
    return {
        "result": place.key(campaign), "campaign": campaign, "partner": place.partner or None, "legal_name": legal_name,
        "side": place.side or None, "topic": place.topic, "mean": shown.mean if shown else None,
        "answers": Decimal(shown.answers) if shown else None, "gap": result.gap, "before": result.before,
        "change": result.change, "reading": result.reading,
        "reason": None if shown else f"不满 {least} 份，不显示，也不计入合计",
    }  # fmt: skip
