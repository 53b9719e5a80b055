"""Owns docs/selection-story.md: the selection story in paragraphs, with every name and number taken from its book.

`python -m docs.make_story_pictures` writes it with its pictures. Days are counted from that of the publication,
so that the words stay the same whenever the story is played.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.policy.policy_map import ROOT, ROWS
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.schema import Choice, Table
from workbook.tables import (
    Candidates,
    Changes,
    Clauses,
    Contracts,
    Contributions,
    DueDiligence,
    Marks,
    Minutes,
    Onboarding,
    Panels,
    Partners,
    Publications,
    Requirements,
    Results,
    Reviewers,
    SignOffs,
    Todo,
    Votes,
)

FILE = ROOT / "docs" / "selection-story.md"
FOLDER = "pictures"
HEAD = """# 一次甄选的始末 / One selection from beginning to end

这一次甄选由 `tests/policy/selection_story.py` 经表单、链接、命令和单元格走完，每一步都核对；文字里的名称和数字取自走完以后的工作簿，图是同一本工作簿的页面。公司与人物都是虚构的。
日子从发布需求那天数起。

Played by a test through forms, links, commands and cells; every name and number below is read from the book it leaves,
and the pictures are pages of that book. Written by `python -m docs.make_story_pictures`. The companies and people are
invented.
"""


class Told:
    """The book of the story, asked for what is told."""

    def __init__(self, book: Book):
        self.book = book
        (self.publication,) = self.rows(Publications)
        (self.contract,) = self.rows(Contracts)
        self.first, self.second = sorted(self.rows(Results, state="ranked"), key=lambda row: int(row["rank"]))
        self.vetoed = self.rows(Results, state="disqualified")

    def rows(self, table: type[Table], **wanted: Any) -> list[Record]:
        found = read_records(self.book, table)
        return [row for row in found if all(row[name] == value for name, value in wanted.items())]

    def count(self, table: type[Table], **wanted: Any) -> int:
        return len(self.rows(table, **wanted))

    def one(self, table: type[Table], **wanted: Any) -> Record:
        (found,) = self.rows(table, **wanted)
        return found

    def day(self, moment: date) -> int:
        """Which day of the story it is; staff look the companies up on day 0, the day of the publication."""
        start = self.rows(Candidates)[0]["records_checked"]
        return ((moment.date() if isinstance(moment, datetime) else moment) - start).days


def word(row: Record, column: str) -> str:
    """The word of a choice, as the page shows it."""
    choice = row.table.columns[column]
    assert isinstance(choice, Choice)
    return choice.options[row.text(column)].zh


# --- the paragraphs ---------------------------------------------------------------------------------------------------


def cover(at: Told) -> tuple[str, str]:
    asked, partner = at.one(Requirements)["title"], at.one(Partners)
    done, late = at.count(Todo, state="done"), at.count(Todo, state="open")
    return (
        f"“{asked}”的甄选到了终点：{at.count(Candidates)} 家应征，{at.count(Results, state='ranked')} 家进入排名，"
        f"{partner['legal_name']}签约并过完引导期。待办完成 {done} 项，还开着 {late} 项。",
        f"The cover at the end: {at.count(Candidates)} applied, one partner, {late} open to-dos.",
    )


def requirement(at: Told) -> tuple[str, str]:
    row = at.one(Requirements)
    return (
        f"{row['handler']}写下需求 {row.key} {row['title']}：目标是{row['goal']}，范围是{row['scope']}，"
        f"预算{row['budget']}。签核过的是第 {row['revision']} 版，甄选完了，需求{word(row, 'status')}。",
        f"Requirement {row.key}: goal, scope, budget; revision {row['revision']} is the one that was signed off.",
    )


def signoffs(at: Told) -> tuple[str, str]:
    people = {row.key: f"{row['person']}（{word(row, 'role')}）" for row in at.rows(Reviewers)}
    signed = "、".join(people[row.text("reviewer")] for row in at.rows(SignOffs, state="valid"))
    void, valid = at.count(SignOffs, state="void"), at.count(SignOffs, state="valid")
    return (
        f"{signed}各自在自己的链接上同意。随后关键交付物多了一项，先前的 {void} 份意见当即失效；"
        f"改为第 {at.one(Requirements)['revision']} 版以后重新签核，{valid} 份有效。",
        f"An edit after the sign-off voids {void}; {valid} sign the new text through the same links.",
    )


def publication(at: Told) -> tuple[str, str]:
    row = at.publication
    return (
        f"需求在{word(row, 'channel')}发布，窗口到第 {at.day(row['closes_at'])} 天截止；开始之前、截止之后，表单都不收。",
        f"Published until day {at.day(row['closes_at'])}; the form takes nothing before or after.",
    )


def candidates(at: Told) -> tuple[str, str]:
    (again,) = {row.text("row_key") for row in at.rows(Changes) if row["version"] == 2}
    late, files = at.one(Candidates, candidate=again), sum(row["row_key"] == again and row["version"] == 2 for row in at.rows(Changes))  # fmt: skip
    names = "、".join(row.text("legal_name") for row in at.rows(Candidates))
    return (
        f"{names}填了网页表单。{late['legal_name']}第一次没有附件，被退回补正，凭回执补上 {files} 份。"
        "员工逐家核对执照、经营范围、准入许可和信用记录。",
        f"{at.count(Candidates)} companies; one is sent back and adds {files} files under the same receipt.",
    )


def scoring(at: Told) -> tuple[str, str]:
    row, people = at.one(Panels), at.count(Reviewers)
    marks, firms = at.count(Marks), at.count(Candidates)
    return (
        f"评审会 {row.key} {row['title']}有 {people} 位评审人。每人在自己的链接上先声明回避、再给 {firms} 家的 "
        f"{marks // people // firms} 项指标打分，共 {marks} 个，每个都有依据；全部交齐以前，谁也看不到别人的分。",
        f"{people} reviewers give {marks} marks; nobody sees another's until all are in.",
    )


def results(at: Told) -> tuple[str, str]:
    out = "；".join(f"{row['legal_name']}没过“{row.text('reason').split('：')[0]}”" for row in at.vetoed)
    parts = at.count(Contributions, result=at.first.key)
    said = [f"{row['legal_name']} {row['score']} 分，{row['grade']} 级" for row in (at.first, at.second)]
    return (
        f"{len(at.vetoed)} 家各在一道门槛上被否决（{out}），分数再高也不排名。其余按得分排：{said[0]}；{said[1]}。"
        f"第一名的得分由 {parts} 项构成，逐项相加正好等于总分。",
        f"{len(at.vetoed)} fail a gate each, whatever their score; {at.first['score']} leads {at.second['score']}.",
    )  # fmt: skip


def votes(at: Told) -> tuple[str, str]:
    yes = at.count(Votes, candidate=at.first["candidate"], vote="for", state="valid")
    no = at.rows(Votes, candidate=at.second["candidate"], vote="against", state="valid")
    (why,) = {row.text("reason") for row in no}
    return (
        f"评审人看着同一份排名表决：{at.first['legal_name']} {yes} 票推荐；{at.second['legal_name']} {len(no)} 票不推荐，理由是{why}。",
        f"{yes} votes for the first, {len(no)} against the second, each with its reason.",
    )


def minutes(at: Told) -> tuple[str, str]:
    row, panel = at.one(Minutes), at.one(Panels)
    return (
        f"纪要 {row.key} 由得分、表决和核对结果起草，{row['attendees']}出席，现在{word(row, 'status')}。"
        f"推荐名单是 {panel['recommended']}，理由：{panel['reason']}。",
        f"The minutes are drafted from scores, votes and findings; {panel['recommended']} is recommended.",
    )


def diligence(at: Told) -> tuple[str, str]:
    count = at.count(DueDiligence)
    return (
        f"尽职调查是可选的；这一次有 {count} 条，空着不妨碍签约。做而不通过，就不能签。",
        f"Optional: {count} here, which blocks nothing. A failed one would block signing.",
    )


def contract(at: Told) -> tuple[str, str]:
    row = at.contract
    way = [row_.text("after") for row_ in at.rows(Changes, row_key=row.key, column="状态")]
    return (
        f"合同 {row.key} 的状态只能一步步走：谈判中、{'、'.join(one for one in way if one != '谈判中')}，每步都记入变更记录。"
        f"法务{row['lawyer']}{word(row, 'legal')}，我方{row['our_signatory']}、对方{row['their_signatory']}在第 {at.day(row['signed_on'])} 天签字；"
        "双方确认的文本指纹不一致时，系统不放行。",
        f"Signed on day {at.day(row['signed_on'])}, when both sides confirmed the same text.",
    )  # fmt: skip


def clauses(at: Told) -> tuple[str, str]:
    agreed = at.rows(Clauses, agreed="agreed")
    pay = next(row for row in agreed if row["subject"] == "payment")
    return (
        f"{len(agreed)} 条条款都{word(pay, 'agreed')}才能签。例如{word(pay, 'subject')}：约定“{pay['text']}”，"
        f"底线是“{pay['bottom_line']}”；底线不出公司，导出和证据包里都没有。",
        f"All {len(agreed)} clauses are agreed; a bottom line never leaves the company.",
    )


def guided(at: Told) -> tuple[str, str]:
    items, start = at.rows(Onboarding), at.contract["guided_from"]
    spans = "、".join(str(n) for n in sorted({(row["due"] - start).days for row in items}))
    done = at.count(Onboarding, status="done")
    long = (at.contract["guided_until"] - start).days
    return (
        f"引导期 {long} 天，{len(items)} 项分别在第 {spans} 天到期（从引导期开始数起）；{done} 项都提前一天完成。",
        f"{done} of {len(items)} onboarding items done, each a day before it was due.",
    )


def todos(at: Told) -> tuple[str, str]:
    return (
        f"一路上系统提出 {at.count(Todo)} 项待办：意见失效、新的提交待核实、门槛不过、评分期限、登记伙伴、开始引导；做完的自己退下，现在 {at.count(Todo, state='done')} 项都已完成。",
        f"{at.count(Todo)} to-dos came up on the way; all are done.",
    )


@dataclass(frozen=True)
class Paragraph:
    """Which rows of the policy it shows, on which pages (picture → page), and what it says in Chinese and English."""

    rows: tuple[int, ...]
    pages: dict[str, str]
    say: Callable[[Told], tuple[str, str]]


PARAGRAPHS = (
    Paragraph(tuple(range(10, 20)), {"cover": "首页"}, cover),
    Paragraph((10,), {"requirements": "需求"}, requirement),
    Paragraph((11,), {"signoffs": "内部评审"}, signoffs),
    Paragraph((12,), {"publications": "需求发布"}, publication),
    Paragraph((13,), {"candidates": "候选提交"}, candidates),
    Paragraph((14,), {"panels": "评审会", "marks": "评分"}, scoring),
    Paragraph((14,), {"results": "候选评估结果", "chart": "评估图"}, results),
    Paragraph((15,), {"votes": "评审表决"}, votes),
    Paragraph((15,), {"minutes": "评审会纪要"}, minutes),
    Paragraph((16,), {"diligence": "尽职调查"}, diligence),
    Paragraph((18,), {"contracts": "合同"}, contract),
    Paragraph((17,), {"clauses": "条款"}, clauses),
    Paragraph((19,), {"onboarding": "入伙引导"}, guided),
    Paragraph((13, 19), {"todo": "待办与提醒"}, todos),
)
_PAGES = [(name, page) for paragraph in PARAGRAPHS for name, page in paragraph.pages.items()]
# file name without its ending → picture, page; in the order of the story
PICTURES = {f"story-{number:02d}-{name}": (name, page) for number, (name, page) in enumerate(_PAGES, start=1)}
_FILES = {name: file for file, (name, _) in PICTURES.items()}


def told(book: Book) -> str:
    """The whole story as Markdown."""
    at = Told(book)
    parts = [HEAD]
    for number, paragraph in enumerate(PARAGRAPHS, start=1):
        chinese, english = paragraph.say(at)
        shown = [f"![{page}]({FOLDER}/{_FILES[name]}.png)" for name, page in paragraph.pages.items()]
        title = f"## {number} {'、'.join(paragraph.pages.values())}（{_policy(paragraph.rows)}）"
        parts += [title, chinese, f"*{english}*", *shown]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _policy(rows: tuple[int, ...]) -> str:
    """One row by its words, more than two by their range."""
    if len(rows) > 2:
        return f"S{rows[0]}–S{rows[-1]}"
    return "；".join(f"S{number} {ROWS[number - 1].words}" for number in rows)
