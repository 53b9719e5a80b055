"""Owns the page behind a personal link to a survey: anonymous ones with no receipt and no trace, named ones with a receipt (S26).

What an anonymous answer leaves is the answer, its group and the day it is written into the book. A request for one is in
no log: trouble is told by the day and the kind of error alone.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, g, has_request_context, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError

from forms_server.catalog import SATISFACTION, FormPage
from forms_server.forms import Sheet, form_class
from forms_server.inbox import Inbox, InboxUnavailable, Incoming, SubmissionConflict
from forms_server.pages import Identity, issue_identity, language_asked, read_identity, render_form, services, zone_of
from forms_server.survey_store import SurveyStore, SurveyUnavailable
from forms_server.surveys import Guest, Surveys, named_values, today_in
from forms_server.words import say, write_day
from workbook.schema import Column, Key, Label, Submission, Table
from workbook.tables import Satisfaction

survey_pages = Blueprint("surveys", __name__)

SURVEYS = "partnerbook surveys"
LINK = re.compile(r"/i/[^/\s?\"']+")
TROUBLE = "trouble.txt"


def _asked(name: str) -> Column:
    """The question of the named form, as a column of another table."""
    known = Satisfaction.columns[name]
    return type(known)(**{f.name: getattr(known, f.name) for f in dataclasses.fields(known) if f.init})


class AnonymousSheet(Table):
    """The questions of an anonymous answer: those of the named one, without anything about the person."""

    name = "anonymous_sheet"
    label = Label("匿名问卷", "Anonymous questions")
    chapter = Satisfaction.chapter
    empty = Label("", "")
    answer = Key("答卷编号", "Answer")
    goals = _asked("goals")
    communication = _asked("communication")
    problem_solving = _asked("problem_solving")
    delivery = _asked("delivery")
    mutuality = _asked("mutuality")
    strengths = _asked("strengths")
    suggestions = _asked("suggestions")
    submission_id = Submission()
    sections = Satisfaction.sections[1:3]


ANONYMOUS = FormPage(
    slug="survey",
    table=AnonymousSheet,
    title=Label("合作满意度调查（匿名）", "Satisfaction survey (anonymous)"),
    lede=SATISFACTION.lede,
    who=Label("", ""),
    minutes=3,
    received=Label("谢谢您的答卷", "Thank you for your answer"),
    button=Label("匿名提交", "Submit anonymously"),
    privacy=Label(
        "只保存五个评分和两段文字，以及它们属于哪家伙伴、哪一方。提交以后不能查看、修改或撤回，也没有回执。",
        "Only the five marks and the two texts are kept, with the partner and the side that they belong to. Once sent, an answer cannot be seen, changed or taken back, and there is no receipt.",
    ),
    declaration=Label("我没有在文字里写姓名等能认出我的内容", "I wrote nothing in the texts that tells who I am"),
    steps=(),
    before=(
        Label("不保存：姓名、邮箱、IP 地址、浏览器信息、这个链接，以及比“哪一天”更细的时间；日志和备份里也没有。", "Not stored: name, mail, address, browser, this link, or any time finer than the day; logs and backups included."),
        Label("名单按链接的指纹记下“已答”，好不再催办；谁答了什么，哪里都没有记。已答的记号满五个才成批写下。", "A list notes by the fingerprint of your link that you answered, so that you are not reminded; who answered what is noted nowhere. Such notes are written five or more at a time."),
        Label("答卷和同组（同一伙伴、同一方）至少四份别的答卷混在一起，打乱次序后才写入工作簿；到截止仍不满五份的组，答卷不写入，直接删除。", "Your answer goes into the workbook shuffled with at least four others of your group (same partner, same side). A group that stays below five by the end is left out and deleted."),
        Label("在您打开和提交页面的那一刻，服务器会收到您的网络地址和链接：那一刻请信任{company}管理服务器的人。", "While you open and send this page, the server sees your address and link: for that moment you trust those who run the server of {company}."),
        Label("文字里的口气和细节可能让人认出您，写的时候请留意。", "Manner and details of what you write may give you away; mind them."),
    ),
)  # fmt: skip


def open_surveys(inbox: Inbox, folder: Path, secret: bytes) -> Surveys:
    """The surveys of an application."""
    return Surveys(inbox, SurveyStore(folder, secret))


def surveys() -> Surveys:
    """The surveys of the current application."""
    found: Surveys = current_app.extensions[SURVEYS]
    return found


def guest_of(token: str) -> Guest | None:
    """Who a link belongs to, if it leads to a survey and still works; from here on an anonymous request leaves no trace."""
    try:
        guest = surveys().guest(token)
    except SurveyUnavailable:
        g.anonymous = True  # for all that is known
        raise
    if guest is not None and guest.anonymous:
        g.anonymous = True
    return guest


# --- pages -----------------------------------------------------------------------------------------------------------


def show_survey(guest: Guest) -> Any:
    """The questions; thanks once they are answered; or why they cannot be answered now."""
    if surveys().answered(guest):
        return _slip(guest, "thanks" if guest.anonymous else "answered")
    state = guest.opening(_today())
    if state != "open":
        return _slip(guest, state)
    return _render(guest, _fresh(guest))


@survey_pages.get("/i/<token>/answer")
def again(token: str) -> Any:
    """Where a refused answer left the address of the browser: back to the page of the link."""
    return redirect(url_for("reviews.panel_page", token=token), 303)


@survey_pages.post("/i/<token>/answer")
def answer_sent(token: str) -> Any:
    """An answer, or a change of language."""
    guest = guest_of(token) or abort(404)
    if language_asked():
        return _render(guest, _typed(guest))
    if guest.anonymous and surveys().answered(guest):
        return _done(guest)
    if guest.opening(_today()) != "open":
        return _slip(guest, guest.opening(_today())), 409
    sheet = _typed(guest)
    if not sheet.form.validate():  # type: ignore[no-untyped-call]
        return _render(guest, sheet), 422
    return _anonymous(guest, sheet) if guest.anonymous else _named(guest, sheet)


def _anonymous(guest: Guest, sheet: Sheet) -> Any:
    try:
        surveys().answer(guest, sheet.values())
    except SurveyUnavailable as error:
        note_trouble(error)
        return _render(guest, sheet, "survey_unavailable"), 503
    return _done(guest)


def _done(guest: Guest) -> Any:
    return redirect(url_for("reviews.panel_page", token=guest.token), 303)


def _named(guest: Guest, sheet: Sheet) -> Any:
    """As the ordinary form, from a known person: the receipt is the same."""
    identity = read_identity(_slug(guest), request.form.get("submission", ""))
    if identity.problem:
        return _render(guest, sheet, "identity", identity), 400
    if surveys().answered(guest, identity.id):
        return _slip(guest, "answered"), 409
    values = {**sheet.values(), **named_values(guest)}
    try:
        code = services().inbox.submit(Incoming(identity.id, SATISFACTION.slug, Satisfaction.name, values))
        surveys().store.done(guest.invited.campaign, guest.invited.participant)
    except SubmissionConflict:
        return _slip(guest, "answered"), 409
    except (InboxUnavailable, SurveyUnavailable):
        current_app.logger.exception("a named answer could not be stored")
        return _render(guest, sheet, "unavailable", identity), 503
    return redirect(url_for("pages.receipt", code=code), 303)


@survey_pages.errorhandler(CSRFError)
def csrf_failed(error: CSRFError) -> Any:
    """The token that guards every change was missing, wrong or too old: a good one, with what was typed."""
    guest = guest_of((request.view_args or {}).get("token", ""))
    if guest is None:
        return render_template("error.html", key="bad_request", megabytes=0), 400
    language_asked()
    return _render(guest, _typed(guest), "csrf"), 400


# --- rendering -------------------------------------------------------------------------------------------------------


def _page(guest: Guest) -> FormPage:
    return ANONYMOUS if guest.anonymous else SATISFACTION


def _slug(guest: Guest) -> str:
    """What the identity of a page is signed for: this person's answer to this survey, and nothing else."""
    return f"survey.{guest.identity}"


def _fresh(guest: Guest) -> Sheet:
    sheet = Sheet(form_class(_page(guest).table, g.lang)(formdata=None))
    if not guest.anonymous:
        sheet.fill({
            "company": guest.partner_name, "side": guest.invited.side, "occasion": guest.survey["occasion"],
            "project": guest.survey["node"] or None, "respondent": guest.person["person"], "email": guest.person["email"] or None,
        })  # fmt: skip
    return sheet


def _typed(guest: Guest) -> Sheet:
    return Sheet(form_class(_page(guest).table, g.lang)())


def _render(guest: Guest, sheet: Sheet, notice: str = "", identity: Identity | None = None) -> str:
    page = _page(guest)
    token = ""
    if not guest.anonymous:
        known = identity or read_identity(_slug(guest), request.form.get("submission", ""))
        token = (issue_identity(_slug(guest)) if known.problem and not identity else known).token
    return render_form(
        page, sheet, token, notice, template="survey.html", guest=guest, until=_until(guest),
        action=url_for("surveys.answer_sent", token=guest.token),
    )  # fmt: skip


def _until(guest: Guest) -> str:
    if not guest.survey["closes_on"]:
        return ""
    return say("survey_until", g.lang, day=write_day(date.fromisoformat(guest.survey["closes_on"]), g.lang))


def _slip(guest: Guest, state: str) -> str:
    return render_template("survey_slip.html", guest=guest, state=state, anonymous=guest.anonymous)


def _today() -> date:
    return today_in(zone_of(services().inbox.profile()))


# --- no trace --------------------------------------------------------------------------------------------------------


def note_trouble(error: Exception) -> bool:
    """Whether an error belongs to an anonymous request: then its kind and day are noted, once, and nothing goes to a log."""
    if not g.get("anonymous"):
        return False
    folder = surveys().store.folder
    line = f"{date.today().isoformat()} {type(error).__name__}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / TROUBLE
        known = file.read_text(encoding="utf-8") if file.exists() else ""
        if line not in known:
            file.write_text("".join(sorted({*known.splitlines(keepends=True), line})), encoding="utf-8")
    except OSError:
        pass  # a full disk: the page says that nothing was stored
    return True


class NoLinks(logging.Filter):
    """Takes the token out of every line of a log that names a personal link, whichever server or library wrote it.

    A line that is written during an anonymous request goes nowhere: its time alone would tell who was there.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record stays; then it has no token."""
        if has_request_context() and g.get("anonymous"):
            return False
        message = record.getMessage()
        if LINK.search(message):
            record.msg, record.args = LINK.sub("/i/…", message), ()
        if record.exc_text and LINK.search(record.exc_text):
            record.exc_text = LINK.sub("/i/…", record.exc_text)
        return True
