"""Owns what `partnerbook invite BOOK survey` says: links of a survey, given once, and who is to be reminded."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from forms_server.house import House
from forms_server.survey_delivery import groups_left_out
from forms_server.survey_store import LEAST, SurveyStore
from forms_server.surveys import Asked, Surveys
from workbook.tables import Campaigns
from workbook.tables.meetings import SIDES

ONCE = "链接只在这里给这一次，哪里都不留底；丢了请用 --renew 换新的。"
FEW = "匿名答卷不满五份不会写入工作簿；请补充参与人，或另立一个实名调查"
MAYBE = (
    "匿名调查的“已答”满五人才成批记下，名单里可能有人已经答过：请写“如已作答请忽略”。催办不附链接，请对方用原来的链接。"
)


def survey_links(house: House, campaign: str, base: str, renew: str, remind: bool) -> dict[str, Any]:
    """Invite, renew or remind, and bring the list in the book up to date."""
    if Campaigns.key().number(campaign) is None:
        raise click.UsageError("请用 --campaign 写明调查编号，例如 --campaign SV-0001。")
    if remind and renew:
        raise click.UsageError("--remind 不发链接，不能和 --renew 一起用。")
    house.delivery.run()  # people and survey as the file says them now
    surveys = Surveys(house.inbox, SurveyStore(house.data, house.secret))
    asked = surveys.remind(campaign) if remind else surveys.invite(campaign, renew)
    result = house.delivery.run()
    rows = [_row(one, base) for one in asked]
    text = _reminded(campaign, rows) if remind else _invited(campaign, rows)
    small = {} if remind or surveys.view()["surveys"][campaign]["way"] == "named" else _too_small(asked)
    text += "".join(f"\n  注意：{p} {SIDES[s].zh}只有 {n} 人，{FEW}" for (p, s), n in small.items())
    if groups := groups_left_out(surveys.store, surveys.closed()):
        text += f"\n  已截止的调查里有 {sum(groups.values())} 份匿名答卷所在的组不满五份，按承诺不写入"
    text = "\n".join([text, *(f"  注意：{reason}" for reason in result.reasons)])
    return {"campaign": campaign, "reminded" if remind else "links": rows, "reasons": result.reasons, "text": text}


def _too_small(asked: list[Asked]) -> dict[tuple[str, str], int]:
    """The groups that cannot reach five answers, and how many people they have."""
    counts = Counter((one.partner, one.side) for one in asked)
    return {group: n for group, n in sorted(counts.items()) if n < LEAST}


def _row(one: Asked, base: str) -> dict[str, str]:
    row = {
        "participant": one.participant, "person": one.person, "partner": one.partner, "side": one.side, "email": one.email,
    }  # fmt: skip
    return {**row, "link": f"{base.rstrip('/')}/i/{one.token}"} if one.token else row


def _invited(campaign: str, rows: list[dict[str, str]]) -> str:
    fresh = [row for row in rows if "link" in row]
    lines = [f"✓ {campaign}：{len(fresh)} 个个人链接，请分别发给本人，不要转发。{ONCE if fresh else ''}"]
    lines += [f"  {_who(row)}  {row['link']}" for row in fresh]
    if old := len(rows) - len(fresh):
        lines.append(f"  另有 {old} 人以前发过链接，没有再发")
    return "\n".join(lines)


def _reminded(campaign: str, rows: list[dict[str, str]]) -> str:
    if not rows:
        return f"✓ {campaign}：没有要催的人"
    return "\n".join([f"✓ {campaign}：{len(rows)} 人还没有答卷。{MAYBE}", *(f"  {_who(row)}" for row in rows)])


def _who(row: dict[str, str]) -> str:
    return f"{row['participant']} {row['person']}  {row['partner']} {SIDES[row['side']].zh}  {row['email'] or '（没有邮箱）'}"
