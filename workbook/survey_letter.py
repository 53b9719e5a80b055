"""Owns the letter to a partner about a survey: strong and weak points, gap, trend, what was agreed; nothing of anybody else (S28)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import NamedTuple

from workbook import store
from workbook.errors import PartnerBookError
from workbook.identity import must_be_ours
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.surveys import (
    ALL,
    COMMENTS_FLOOR,
    FLOOR,
    both_kinds,
    finished,
    known_groups,
    least_answers,
    least_comments,
    words_of,
)
from workbook.schema import Label
from workbook.tables import (
    Actions,
    AnonymousAnswers,
    Campaigns,
    Partners,
    Satisfaction,
    SettingRow,
    Settings,
    SurveyResults,
)
from workbook.tables.meetings import ACTION_STATES
from workbook.tables.surveys import READINGS, TOPICS

LANGUAGES = ("zh-CN", "en", "both")
HEADS = (
    Label("方面", "Topic"), Label("贵方对合作的评分", "Your side"), Label("我方的评分", "Our side"),
    Label("差距（贵方减我方）", "Gap (yours minus ours)"), Label("双方合计", "Both sides"), Label("较上次", "Change"),
    Label("结论", "Reading"),
)  # fmt: skip
ACTION_HEADS = (Label("行动", "Action"), Label("到期", "Due"), Label("状态", "State"))
PARTS = {
    "title": Label("合作满意度反馈", "Satisfaction survey: what it says"),
    "to": Label("致", "To"),
    "scale": Label("评分为 1 到 5，取平均数；“不了解”不计分。", "Marks are means from 1 to 5; “cannot say” does not count."),
    "strengths": Label("优势", "Strengths"),
    "weak": Label("待改进", "Weak points"),
    "none": Label("没有", "None"),
    "topics": Label("五个方面", "The five topics"),
    "actions": Label("商定的行动", "Actions agreed"),
    "no_actions": Label("还没有商定行动。", "No action has been agreed yet."),
    "words_them": Label("贵方的意见", "What your side wrote"),
    "words_us": Label("我方的意见", "What our side wrote"),
    "good": Label("做得好的", "What went well"),
    "change": Label("希望改进的", "What should change"),
    "nothing": Label("各组的答卷都太少，没有可以显示的结果。", "Every group is too small; there is no result to show."),
}  # fmt: skip
STYLE = (
    "@page{size:A4;margin:18mm}body{font:15px/1.6 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;color:#1b1f24;"
    "max-width:174mm;margin:0 auto;padding:8mm 0}h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:22px 0 6px}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #c9ced6;padding:6px 8px;text-align:left;"
    "vertical-align:top}td.n{white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.soft{color:#57606a}"
    "li{margin:3px 0}@media print{body{padding:0}tr,li{break-inside:avoid}}"
)


class NoLetter(PartnerBookError):
    """There is nothing to write to this partner about this survey; the sentence says what to do first."""


class Row(NamedTuple):
    """One topic as the letter shows it."""

    topic: Label
    cells: tuple[str, ...]
    reading: str


@dataclass(frozen=True)
class Letter:
    """What one partner may see of one survey: only groups that are shown, only rows about this partner."""

    company: str
    partner: str
    campaign: str
    day: str
    least: int
    rows: Sequence[Row]
    actions: Sequence[tuple[str, str, Label]]
    words: Sequence[tuple[str, Sequence[tuple[str, ...]]]]  # by side: what went well, what should change


# --- content ---------------------------------------------------------------------------------------------------------


def letter_of(book: Book, campaign: str, partner: str) -> Letter:
    """The letter out of what stands in a book.

    Raises:
        NoLetter: the survey or partner is unknown, the survey is not over, or its results are not written yet.
    """
    records = {table.name: read_if_there(book, table) for table in (Campaigns, Satisfaction, AnonymousAnswers)}
    survey = next((r for r in records[Campaigns.name] if r.key.casefold() == campaign.strip().casefold()), None)
    firm = next((r for r in read_if_there(book, Partners) if r.key.casefold() == partner.strip().casefold()), None)
    if survey is None or firm is None:
        what = f"“调查安排”里没有 {campaign}" if survey is None else f"“伙伴”里没有 {partner}"
        raise NoLetter(f"{what}。请核对编号。")
    if survey not in finished(records):
        raise NoLetter(f"调查 {survey.key} 还没有截止，不能写信。请先把状态改为“已截止”，再运行 partnerbook evaluate。")
    results = [
        r for r in read_if_there(book, SurveyResults) if r["campaign"] == survey.key and r["partner"] == firm.key
    ]
    if not results:
        raise NoLetter(f"“满意度分析”里没有 {survey.key} 关于 {firm.key} 的行。请先运行 partnerbook evaluate。")
    settings = {row.key: row.text("value") for row in read_if_there(book, Settings)}
    return Letter(
        settings.get(SettingRow.COMPANY) or "本公司", firm.text("legal_name"), survey.text("title") or survey.key,
        survey.text("closes_on"), least_answers(settings), list(_rows(results)),
        list(_actions(book, survey.key, firm.key)), _words(records, survey, firm.key, results, settings),
    )  # fmt: skip


def _rows(results: Sequence[Record]) -> Iterator[Row]:
    by = {(row.text("side"), row.text("topic")): row for row in results if row["mean"] is not None}
    for code, label in TOPICS.items():
        both = by.get((ALL, code))
        if both is None:
            continue  # a hidden group is not in the letter at all
        theirs, ours = by.get(("them", code)), by.get(("us", code))
        cells = (
            _mean(theirs), _mean(ours), _signed(both["gap"]), _mean(both), _signed(both["change"])
        )  # fmt: skip
        yield Row(label, cells, both.text("reading") or "middle")


def _mean(row: Record | None) -> str:
    return "–" if row is None else f"{Decimal(row['mean']):.2f}（{int(row['answers'])}）"


def _signed(value: Decimal | None) -> str:
    return "–" if value is None else f"{Decimal(value):+.2f}"


def _actions(book: Book, campaign: str, partner: str) -> Iterator[tuple[str, str, Label]]:
    for row in read_if_there(book, Actions):
        if row["campaign"] == campaign and row["partner"] == partner and row["status"] != "dropped" and row["what"]:
            yield row.text("what"), row.text("due"), ACTION_STATES[row.text("status") or "open"]


def _words(
    records: dict[str, list[Record]], survey: Record, partner: str, results: Sequence[Record], settings: dict[str, str]
) -> list[tuple[str, Sequence[tuple[str, ...]]]]:
    answers, least = both_kinds(records, survey), max(least_comments(settings), COMMENTS_FLOOR)
    shown = known_groups(results, survey.key)
    found: list[tuple[str, Sequence[tuple[str, ...]]]] = []
    for side in ("them", "us"):
        numbers = {p.topic: n for p, (_, n) in shown.items() if p.side == side and n >= FLOOR}
        words = words_of(answers, partner, side, numbers, least) if numbers else [(), ()]
        if any(words):
            found.append((side, words))
    return found


# --- rendering -------------------------------------------------------------------------------------------------------


def say(label: Label, lang: str) -> str:
    """A label in one language, or in both."""
    return " / ".join(dict.fromkeys(label)) if lang == "both" else label.get(lang)


def _about(letter: Letter) -> str:
    """Which survey, when it ended, and whose letter this is."""
    return " · ".join(filter(None, (letter.campaign, letter.day, letter.company)))


def _notes(letter: Letter, lang: str) -> str:
    hidden = Label(
        f"不满 {letter.least} 份答卷的组不显示，也不计入合计。括号里是份数。",
        f"Groups below {letter.least} answers are neither shown nor counted in totals. Numbers of answers in parentheses.",
    )
    return f"{say(PARTS['scale'], lang)} {say(hidden, lang)}"


def _points(letter: Letter, reading: str, lang: str) -> str:
    mark = ", " if lang == "en" else "、"
    return mark.join(say(row.topic, lang) for row in letter.rows if row.reading == reading) or say(PARTS["none"], lang)


def as_html(letter: Letter, lang: str = "zh-CN") -> str:
    """One page of A4 that needs nothing from outside; every text is escaped."""

    def t(key: str) -> str:
        return escape(say(PARTS[key], lang))

    parts = [f"<h1>{t('title')}</h1>", f"<p>{t('to')} <strong>{escape(letter.partner)}</strong></p>"]
    parts.append(f'<p class="soft">{escape(_about(letter))}</p>')
    if letter.rows:
        for key, reading in (("strengths", "strength"), ("weak", "weak")):
            parts.append(f"<h2>{t(key)}</h2><p>{escape(_points(letter, reading, lang))}</p>")
        parts += [f"<h2>{t('topics')}</h2>", _html_table(letter, lang)]
    else:
        parts.append(f"<p>{t('nothing')}</p>")
    parts.append(f'<p class="soft">{escape(_notes(letter, lang))}</p>')
    parts.append(f"<h2>{t('actions')}</h2>{_html_actions(letter, lang)}")
    for side, words in letter.words:
        parts.append(f"<h2>{t(f'words_{side}')}</h2>")
        for key, texts in zip(("good", "change"), words, strict=True):
            items = "".join(f"<li>{escape(text)}</li>" for text in texts)
            parts += [f"<p>{t(key)}</p><ul>{items}</ul>"] if items else []
    head = f'<meta charset="utf-8"><title>{t("title")} – {escape(letter.partner)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="{"en" if lang == "en" else "zh-CN"}"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"  # fmt: skip


def _html_table(letter: Letter, lang: str) -> str:
    heads = "".join(f'<th{_right(n)} scope="col">{escape(say(h, lang))}</th>' for n, h in enumerate(HEADS))
    body = ""
    for row in letter.rows:
        cells = (say(row.topic, lang), *row.cells, say(READINGS[row.reading], lang))
        body += "<tr>" + "".join(f"<td{_right(n)}>{escape(cell)}</td>" for n, cell in enumerate(cells)) + "</tr>"
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _right(column: int) -> str:
    return ' class="n"' if 1 <= column <= 5 else ""


def _html_actions(letter: Letter, lang: str) -> str:
    if not letter.actions:
        return f"<p>{escape(say(PARTS['no_actions'], lang))}</p>"
    heads = "".join(f'<th scope="col">{escape(say(head, lang))}</th>' for head in ACTION_HEADS)
    rows = "".join(
        f"<tr><td>{escape(what)}</td><td>{escape(due)}</td><td>{escape(say(state, lang))}</td></tr>"
        for what, due, state in letter.actions
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def as_markdown(letter: Letter, lang: str = "zh-CN") -> str:
    """The same as Markdown; what people wrote cannot become markup."""

    def t(key: str) -> str:
        return say(PARTS[key], lang)

    lines = [f"# {t('title')}", "", f"{t('to')} **{plain(letter.partner)}**", ""]
    lines += [plain(_about(letter)), ""]
    if letter.rows:
        for key, reading in (("strengths", "strength"), ("weak", "weak")):
            lines += [f"## {t(key)}", "", _points(letter, reading, lang), ""]
        table = [(say(r.topic, lang), *r.cells, say(READINGS[r.reading], lang)) for r in letter.rows]
        lines += [f"## {t('topics')}", "", *_md_table([say(head, lang) for head in HEADS], table), ""]
    else:
        lines += [t("nothing"), ""]
    lines += [_notes(letter, lang), "", f"## {t('actions')}", ""]
    actions = [(plain(what), due, say(state, lang)) for what, due, state in letter.actions]
    lines += _md_table([say(head, lang) for head in ACTION_HEADS], actions) if actions else [t("no_actions")]
    for side, words in letter.words:
        lines += ["", f"## {t(f'words_{side}')}"]
        for key, texts in zip(("good", "change"), words, strict=True):
            lines += ["", t(key), "", *(f"- {plain(text)}" for text in texts)] if texts else []
    return "\n".join(lines) + "\n"


def _md_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def plain(text: str) -> str:
    """A text as one line of Markdown that means itself, HTML included."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-!|~&])", r"\\\1", " ".join(text.split()))


# --- files -----------------------------------------------------------------------------------------------------------


def write_letter(path: Path, campaign: str, partner: str, target: Path, lang: str = "zh-CN") -> Letter:
    """Write the letter of a workbook into a file: Markdown if its name ends in .md, else HTML. An old file is replaced."""
    snapshot = store.read(path)
    book = Book.read(snapshot.data)
    must_be_ours(book, snapshot.path.name)
    letter = letter_of(book, campaign, partner)
    markdown = target.suffix.lower() in (".md", ".markdown")
    target.write_text((as_markdown if markdown else as_html)(letter, lang), encoding="utf-8", newline="\n")
    return letter
