"""Owns the checks of satisfaction surveys: S26 to S28."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.surveys import finished, in_scope, unknown_partners, way_of
from workbook.tables import (
    Actions,
    AnonymousAnswers,
    Campaigns,
    Participants,
    Partners,
    Satisfaction,
    SurveyInvitations,
    SurveyResults,
)
from workbook.tables.surveys import TOPICS, WAYS

YEAR = timedelta(days=365)
NEAR = 3  # days before the end from which those who have not answered are told
NAMED_HERE = 8  # names in one sentence


def answers(situation: Situation) -> Iterator[Finding]:
    """S26: rows that an anonymous survey must not have, rows of no survey, and marks outside 1 to 5."""
    surveys = {row.key: row for row in situation.of(Campaigns)}
    for row in situation.of(Satisfaction):
        survey = surveys.get(row.text("campaign"))
        if survey is not None and way_of(survey) == "anonymous":
            yield at(
                row, "S26-named",
                f"调查 {survey.key} 是匿名的，而这一行有姓名和邮箱，不计入分析。请清空这一行的调查编号；要实名，请另立一个调查。", "campaign",
            )  # fmt: skip
    for row in situation.of(AnonymousAnswers):
        survey = surveys.get(row.text("campaign"))
        if survey is None:
            yield at(row, "S26-survey", f"匿名答卷的调查编号“{row.text('campaign')}”在“调查安排”里没有。请改回原来的编号。", "campaign")  # fmt: skip
        elif way_of(survey) != "anonymous":
            yield at(row, "S26-survey", f"匿名答卷属于实名调查 {survey.key}，不计入分析。请把那一行的方式改回匿名。", "campaign")  # fmt: skip
        for topic, label in TOPICS.items():
            if topic in row.problems or row[topic] is None:
                why = row.problems.get(topic) or f"{label.zh}是空的"
                yield at(row, "S26-scale", f"{why}。匿名答卷不由人改：请从备份或变更前的文件里抄回原来的分数。", topic)


def running(situation: Situation) -> Iterator[Finding]:
    """S27: what is missing in a survey that is prepared or runs."""
    for row in situation.of(Campaigns):
        if row["status"] == "open":
            yield from _dates(situation, row)
            yield from _people(situation, row)
            yield from _unanswered(situation, row)
        if row["status"] in ("planned", "open", None) and (unknown := unknown_partners(row, situation.of(Partners))):
            yield at(row, "S27-partners", f"调查范围里的 {'、'.join(unknown)} 在“伙伴”里没有。请改正编号。", "partners")
        promised = {r.text("way") for r in situation.of(SurveyInvitations) if r["campaign"] == row.key and r["way"]}
        if promised and promised != {way_of(row)}:
            words = "、".join(WAYS[way].zh for way in sorted(promised))
            yield at(row, "S27-way", f"邀请按“{words}”发出，之后方式改成了“{WAYS[way_of(row)].zh}”。请改回，或另立一个调查。", "way")  # fmt: skip


def _dates(situation: Situation, row: Record) -> Iterator[Finding]:
    first, last = row["opens_on"], row["closes_on"]
    if last is None:
        yield at(row, "S27-dates", "调查在进行而没有写截止日期。请填写。", "closes_on")
    elif first is not None and last < first:
        yield at(row, "S27-dates", f"截止日期 {last} 早于开始日期 {first}。请改正。", "closes_on")
    elif last < situation.today:
        yield at(row, "S27-late", f"调查已于 {last} 到期而状态还是进行中。请改为“已截止”，再评估一次。", "status")


def _people(situation: Situation, row: Record) -> Iterator[Finding]:
    people = [one for one in situation.of(Participants) if (one["status"] or "active") == "active"]
    for partner in in_scope(row, situation.of(Partners)):
        mine = [one for one in people if one["partner"] == partner]
        if gone := [
            word for side, word in (("them", "对方"), ("us", "我方")) if all(one["side"] != side for one in mine)
        ]:
            yield at(row, "S27-people", f"{partner} 的{'和'.join(gone)}没有在任的参与人，调查不到。请在“参与人”里补上。", "partners")  # fmt: skip
        for one in mine:
            if not one["email"]:
                yield at(
                    one, "S27-mail", f"{one.text('person')} 没有邮箱，调查 {row.key} 的链接发不出去。请填写。", "email"
                )


def _unanswered(situation: Situation, row: Record) -> Iterator[Finding]:
    last: date | None = row["closes_on"]
    if last is None or not 0 <= (last - situation.today).days <= NEAR:
        return
    names = [r.text("participant") for r in situation.of(SurveyInvitations) if r["campaign"] == row.key and r["status"] == "invited"]  # fmt: skip
    if names:
        some = "、".join(names[:NAMED_HERE]) + ("等" if len(names) > NAMED_HERE else "")
        yield at(
            row, "S27-unanswered",
            f"调查 {last} 截止，还有 {len(names)} 人没有答：{some}。请运行 partnerbook invite（工作簿）survey --campaign {row.key} --remind。",
            "closes_on",
        )  # fmt: skip


def yearly(situation: Situation) -> Iterator[Finding]:
    """S27: an active partner of a year or more that no survey of the last year was about."""
    since = situation.today - YEAR
    asked: set[str] = set()
    for row in situation.of(Campaigns):
        day = row["closes_on"] or row["opens_on"]
        if row["status"] != "cancelled" and (day is None or day > since):
            asked |= set(in_scope(row, situation.of(Partners)))
    for partner in situation.of(Partners):
        if partner["status"] == "active" and partner["since"] and partner["since"] <= since and partner.key not in asked:  # fmt: skip
            yield at(
                partner, "S27-yearly", f"{partner.text('legal_name')} 一年内没有满意度调查。请在“调查安排”里写一行。"
            )


def followed(situation: Situation) -> Iterator[Finding]:
    """S28: a closed survey that shows a weak point of a partner, and nothing was agreed on it."""
    agreed = {
        (row.text("campaign"), row.text("partner")) for row in situation.of(Actions) if row["status"] != "dropped"
    }
    closed = {row.key for row in finished(situation.records)}
    weak: dict[tuple[str, str], list[Record]] = {}
    for row in situation.of(SurveyResults):
        where = (row.text("campaign"), row.text("partner"))
        if row["reading"] == "weak" and where[1] and not row["side"] and where[0] in closed and where not in agreed:
            weak.setdefault(where, []).append(row)
    for (campaign, partner), rows in weak.items():
        topics = "、".join(TOPICS[row.text("topic")].zh for row in rows)
        yield at(
            rows[0], "S28-action",
            f"{partner} 在调查 {campaign} 里的{topics}待改进，而没有商定行动。请在“行动项”里写明伙伴编号和调查编号，再用 partnerbook survey-letter 写信。",
            "reading",
        )  # fmt: skip


CHECKS: tuple[Check, ...] = (answers, running, yearly, followed)
