"""Owns the routes that partners see: open forms, one page per form, receipts, privacy, and health."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import segno
from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError

from forms_server.catalog import BY_SLUG, CANDIDATE, FORMS, FormPage, Step
from forms_server.drilling import CARRIED as DRILL
from forms_server.drilling import DrillLink, drill_of
from forms_server.due_times import due_of, standards
from forms_server.forms import Sheet, form_class
from forms_server.inbox import Inbox, InboxUnavailable, Incoming, Profile, Receipt, SubmissionConflict
from forms_server.inviting import Invited, invited_by, is_used
from forms_server.openings import Opening, opening_of, read_publications, takes
from forms_server.uploads import Uploads
from forms_server.words import LANGUAGES, say, write_time
from workbook.invited import CARRIED
from workbook.schema import Choice, Files, Label
from workbook.tables import BY_NAME

KEY = "partnerbook"
IDENTITY_SECONDS = 30 * 86_400
SOLVED_STEP = 2  # of a form with time limits: from here on nothing is due any more

pages = Blueprint("pages", __name__)


@dataclass(frozen=True)
class Services:
    """What the routes need."""

    inbox: Inbox
    uploads: Uploads
    secret: bytes
    https: bool
    max_body: int


def services() -> Services:
    """The services of the current application."""
    found: Services = current_app.extensions[KEY]
    return found


def now(zone: ZoneInfo) -> datetime:
    """The wall clock of a zone."""
    return datetime.now(zone)


def zone_of(profile: Profile) -> ZoneInfo:
    """The book's zone; a name that nobody knows means Beijing time."""
    try:
        return ZoneInfo(profile.zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("Asia/Shanghai")


# --- the identity of a submission -----------------------------------------------------------------------------------


class Identity(NamedTuple):
    """The id that a page submits under: `token` as the page carries it, `before` the id that its files were signed for.

    `problem` says that the page came without a good one, so that this one is fresh.
    """

    id: str
    token: str
    before: str
    problem: bool = False


def _signer(slug: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().secret, salt=f"partnerbook.submission.{slug}")


def issue_identity(slug: str, before: str = "", *, problem: bool = False) -> Identity:
    """A new id for a new submission."""
    fresh = str(uuid.uuid4())
    token = _signer(slug).dumps(fresh)
    return Identity(fresh, token if isinstance(token, str) else token.decode(), before or fresh, problem)


def read_identity(slug: str, token: str) -> Identity:
    """The id that a page was issued; a fresh one if it is missing, forged, for another form, or older than 30 days."""
    signer = _signer(slug)
    try:
        known = signer.loads(token, max_age=IDENTITY_SECONDS)
        return Identity(known, token, known)
    except SignatureExpired as late:  # signed by us: its files are still the sender's
        known = signer.load_payload(late.payload) if late.payload else ""
        return issue_identity(slug, known, problem=True)
    except BadSignature:
        return issue_identity(slug, problem=True)


def _opened_at(slug: str, token: str) -> datetime | None:
    """When a page with this token was opened, in UTC; None for one that was not issued here."""
    try:
        _, issued = _signer(slug).loads(token, max_age=IDENTITY_SECONDS, return_timestamp=True)
    except BadSignature:
        return None
    found: datetime = issued
    return found


# --- pages ----------------------------------------------------------------------------------------------------------


@pages.get("/")
def home() -> str:
    """The forms: which are open, until when, and when the others open."""
    openings = {page.slug: opening for page in FORMS if (opening := _opening(page)).state != "always"}
    return render_template("index.html", forms=FORMS, openings=openings, when=when_words)


@pages.get("/privacy")
def privacy() -> str:
    """What is kept, where, how long."""
    return render_template("privacy.html")


def _now_there() -> datetime:
    """The wall clock of the book, as its cells hold times."""
    return now(zone_of(services().inbox.profile())).replace(tzinfo=None)


def _opening(page: FormPage) -> Opening:
    """Whether a form may be filled in now."""
    if not page.by_publication:
        return Opening("always")
    return opening_of(read_publications(services().inbox.profile().publications), _now_there())


def when_words(opening: Opening) -> str:
    """Until when a form is open, when it opens, or since when it is closed, with the time zone."""
    if opening.at is None:
        return ""
    zone = services().inbox.profile().zone
    key = {"open": "open_until", "early": "open_from", "closed": "closed_since"}[opening.state]
    zone = say("zone_beijing", g.lang) if zone == "Asia/Shanghai" else zone
    return say(key, g.lang, time=write_time(opening.at, g.lang), zone=zone)


def _refused(page: FormPage) -> bool:
    """Whether what was sent comes outside the window. A page that was opened in time gets a grace."""
    if not page.by_publication:
        return False
    zone = zone_of(services().inbox.profile())
    opened = _opened_at(page.slug, request.form.get("submission", ""))
    local = opened.astimezone(zone).replace(tzinfo=None) if opened else None
    return not takes(read_publications(services().inbox.profile().publications), _now_there(), local)


def _closed(page: FormPage) -> str:
    language_asked()
    opening = _opening(page)
    return render_template("closed.html", page=page, opening=opening, when=when_words(opening))


@pages.get("/forms/<slug>")
def form_page(slug: str) -> str:
    """A form to fill in, or why it is closed."""
    page = BY_SLUG.get(slug) or abort(404)
    if not _opening(page).takes:
        return _closed(page)
    sheet = Sheet(form_class(page.table, g.lang)(formdata=None))
    return _render(page, sheet, issue_identity(slug))


@pages.post("/forms/<slug>")
def form_sent(slug: str) -> Any:
    """What a form sends: the whole of it, a file taken off, files to keep, or a change of language."""
    page = BY_SLUG.get(slug) or abort(404)
    if _refused(page):
        return _closed(page), 403
    if _drill_is_over(page):
        return drill_over(), 403
    sheet, identity, stored = _take(page)
    if not stored:
        return _render(page, sheet, identity, "unavailable"), 503
    if {"lang", "remove", "send"} & set(request.form):
        return _render(page, sheet, identity)
    if identity.problem:
        return _render(page, sheet, identity, "identity"), 400
    if not sheet.form.validate():  # type: ignore[no-untyped-call]
        return _render(page, sheet, identity), 422
    if (invited := _invited()) and is_used(services().inbox, invited, identity.id):
        return render_template("error.html", key="invite_used", megabytes=0), 409
    return _submit(page, sheet, identity)


def _invited() -> Invited | None:
    """The invitation that the page came from, as it carries its link."""
    return invited_by(services().inbox, request.form.get(CARRIED, ""))


def show_invited(token: str, invited: Invited) -> Any:
    """The candidate form behind a personal link, with the company filled in; a link takes one answer."""
    page = CANDIDATE
    if not _opening(page).takes:
        return _closed(page)
    if is_used(services().inbox, invited):
        return render_template("error.html", key="invite_used", megabytes=0)
    sheet = Sheet(form_class(page.table, g.lang)(formdata=None))
    sheet.fill({"legal_name": invited.company})
    return render_form(page, sheet, issue_identity(page.slug).token, invitation=token, company=invited.company)


def _drill() -> DrillLink | None:
    """The drill that the page belongs to, as it carries its link."""
    return drill_of(services().inbox, request.form.get(DRILL, ""))


def _drill_is_over(page: FormPage) -> bool:
    """Whether the page came from a drill that does not run any more: it must not pass for the real thing."""
    found = _drill()
    return bool(request.form.get(DRILL)) and (found is None or not found.running or found.slug != page.slug)


def drill_over() -> str:
    """The page for what comes after a drill, or before it."""
    language_asked()
    return render_template("error.html", key="drill_over", megabytes=0)


def show_drill(token: str, found: DrillLink) -> Any:
    """The form of a drill behind its link: the same as the real one, and it says that it is a drill."""
    if not found.running:
        return drill_over()
    page = BY_SLUG[found.slug]
    sheet = Sheet(form_class(page.table, g.lang)(formdata=None))
    return render_form(page, sheet, issue_identity(page.slug).token, drill=found.drill, drill_link=token)


def csrf_failed(error: CSRFError) -> Any:
    """The token that guards every change was missing, wrong or too old: the same form again, with what was typed."""
    slug = (request.view_args or {}).get("slug", "")
    page = BY_SLUG.get(slug)
    if page is None or request.endpoint != "pages.form_sent":
        return render_template("error.html", key="bad_request", megabytes=0), 400
    if _refused(page):
        return _closed(page), 403
    if _drill_is_over(page):
        return drill_over(), 403
    sheet, identity, _ = _take(page)
    return _render(page, sheet, identity, "csrf"), 400


def language_asked() -> bool:
    """Whether a form was sent to change the language; from here on the page speaks it."""
    if (lang := request.form.get("lang", "")) in LANGUAGES:
        g.lang, g.lang_chosen = lang, True
    return "lang" in request.form


def _take(page: FormPage) -> tuple[Sheet, Identity, bool]:
    """What was sent, with its files stored; False if the disk refused them. The language is settled first."""
    language_asked()
    sheet = Sheet(form_class(page.table, g.lang)())
    identity = read_identity(page.slug, request.form.get("submission", ""))
    try:
        sheet.take_files(services().uploads, identity.before, identity.id, request.form.get("remove", ""))
    except OSError:
        current_app.logger.exception("an upload could not be stored")
        return sheet, identity, False
    return sheet, identity, True


def _submit(page: FormPage, sheet: Sheet, identity: Identity) -> Any:
    """Commit, then show the receipt; whatever fails gives the page back as it was."""
    house = services()
    invited = _invited()
    drill = _drill()
    values = {
        **({CARRIED: invited.invitation} if invited else {}), **({DRILL: drill.drill} if drill else {}), **sheet.values(),
    }  # fmt: skip
    incoming = Incoming(id=identity.id, form=page.slug, table=page.table.name, values=values)
    moved = []
    try:
        moved = house.uploads.keep(sheet.files)
        code = house.inbox.submit(incoming)
    except SubmissionConflict:
        house.uploads.release(moved)
        fresh = issue_identity(page.slug, identity.id)
        sheet.sign_files(house.uploads, fresh.id)
        return _render(page, sheet, fresh, "conflict"), 409
    except (InboxUnavailable, OSError):
        current_app.logger.exception("a submission could not be stored")
        house.uploads.release(moved)
        return _render(page, sheet, identity, "unavailable"), 503
    if moved:
        drop_doubles(house, code, sheet)
    return redirect(url_for("pages.receipt", code=code), 303)


def drop_doubles(house: Services, code: str, sheet: Sheet) -> None:
    """A retry sends its files again under new ids; the ones of the first try count."""
    known = house.inbox.receipt(code)
    if known is not None:
        counted = {ref["id"] for value in known.values.values() if isinstance(value, list) for ref in value}
        doubles = [ref for ref in sheet.files if ref.id not in counted]
        house.uploads.release(doubles)
        for ref in doubles:
            house.uploads.drop(ref)


def render_form(
    page: FormPage, sheet: Sheet, token: str, notice: str = "", *, code: str = "", version: int = 1,
    invitation: str = "", company: str = "", drill: str = "", drill_link: str = "", template: str = "form.html", action: str = "",
    until: str = "", guest: Any = None,
) -> str:  # fmt: skip
    """The one form page: for a new submission, with a receipt's code for its next version, or by a personal link."""
    home = url_for("pages.form_sent", slug=page.slug, lang=g.lang)
    return render_template(
        template, guest=guest, page=page, sheet=sheet, token=token, notice=notice, megabytes=services().max_body // 2**20,
        complaints={} if notice else sheet.complaints(), code=code, version=version,
        standards=standards(services().inbox.profile().limits) if page.timed and not code else [],
        until=until if code or action else when_words(_opening(page)), invitation=invitation, company=company,
        drill=drill, drill_link=drill_link,
        action=action or (url_for("edits.edit_sent", code=code, lang=g.lang) if code else home),
    )  # fmt: skip


def _render(page: FormPage, sheet: Sheet, identity: Identity, notice: str = "") -> str:
    invited = _invited()
    link, company = (request.form[CARRIED], invited.company) if invited else ("", "")
    drill = _drill()
    return render_form(
        page, sheet, identity.token, notice, invitation=link, company=company, drill=drill.drill if drill else "",
        drill_link=request.form[DRILL] if drill else "",
    )  # fmt: skip


# --- receipts -------------------------------------------------------------------------------------------------------


@pages.get("/receipts")
def look_up() -> Any:
    """From the box on the first page to the receipt's own page."""
    code = request.args.get("code", "").strip()
    return redirect(url_for("pages.receipt", code=code), 303) if code else redirect(url_for("pages.home"), 303)


@pages.get("/receipts/<code>")
def receipt(code: str) -> Any:
    """The confirmation just after sending, and the status page from then on: the state, never the content."""
    found = services().inbox.receipt(code)
    page = BY_SLUG.get(found.form) if found else None
    if found is None or page is None:
        return render_template("error.html", key="no_receipt", megabytes=0), 404
    letters = "".join(c for c in code.upper() if c.isalnum()).translate(str.maketrans("OIL", "011"))
    groups = [letters[i : i + 4] for i in range(0, len(letters), 4)]
    address = request.host_url.rstrip("/") + url_for("pages.receipt", code="-".join(groups))
    qr = segno.make(address, error="m", micro=False).svg_inline(scale=4, border=0, omitsize=True, svgclass=None, lineclass=None)  # fmt: skip
    return render_template(
        "receipt.html", page=page, found=found, groups=groups, qr=qr, progress=progress(page, found),
    )  # fmt: skip


class Progress(NamedTuple):
    """What the receipt page says about a submission."""

    sent_at: str
    as_of: str
    state: str  # the word that staff typed, or nothing
    at: int  # the index of the current step
    messages: list[tuple[Label, str]]  # the other columns that the sender may see
    files: int
    missing: list[Label]
    where: str  # waiting, blocked, written or removed
    why: str = ""  # what is in the way, if anything: in general words, since when, and when it is tried next
    edit: bool = False  # whether the sender may still correct
    due: tuple[tuple[str, str, str], ...] = ()  # by when: name, moment in words, moment as machines read it


def progress(page: FormPage, found: Receipt) -> Progress:
    """The state of a submission from what staff typed, as of the last save."""
    table, zone = BY_NAME[found.table], zone_of(services().inbox.profile())
    state, at, messages = "", 0, []
    for column in table.shown():
        typed = found.shown.get(column.name, "")
        if isinstance(column, Choice):
            code = column.code(typed)
            state = column.options[code].get(g.lang) if code else typed
            at = _step(page.steps, code or column.default or "", at)
            state = "" if code == column.default else state
        elif typed:
            messages.append((column.label, typed))
    asked = [column for column in table.asked() if isinstance(column, Files)]
    where = {"waiting": "waiting", "leased": "waiting", "deleted": "removed"}.get(found.state, "written")
    blocked = where == "waiting" and bool(found.book_line)
    return Progress(
        due=_due(page, found, zone) if at < SOLVED_STEP and where != "removed" else (),
        why=_why(found, zone) if blocked else "", edit=not found.locked and where != "removed",
        sent_at=write_time(found.received_at.astimezone(zone), g.lang),
        as_of=_clock(found.as_of, zone) if found.as_of and found.state == "confirmed" else "",
        state=state, at=at, messages=messages,
        files=sum(len(found.values.get(column.name) or ()) for column in asked),
        missing=[c.label for c in asked if c.wanted and not found.values.get(c.name)],
        where="blocked" if blocked else where,
    )  # fmt: skip


def _due(page: FormPage, found: Receipt, zone: ZoneInfo) -> tuple[tuple[str, str, str], ...]:
    """By when a form whose level sets limits is answered and solved, counted from when it first came."""
    first = (found.first_at or found.received_at).astimezone(zone)
    limits = services().inbox.profile().limits if page.timed else ""
    due = due_of(limits, str(found.values.get("severity", "")), first)
    moments = (("respond_by", due.respond), ("resolve_by", due.resolve)) if due else ()
    return tuple((say(key, g.lang), write_time(moment, g.lang), moment.isoformat()) for key, moment in moments)


def _why(found: Receipt, zone: ZoneInfo) -> str:
    """Why it waits, since when, and when it is tried next; names and places stay inside."""
    parts = [say(f"why_{found.why or 'place'}", g.lang)]
    if found.waits_since:
        parts.append(say("waits_since", g.lang, time=_clock(found.waits_since, zone)))
    if found.next_try and found.next_try > datetime.now(UTC):
        parts.append(say("next_try", g.lang, time=f"{found.next_try.astimezone(zone):%H:%M:%S}"))
    return say("clause", g.lang).join(parts)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    """The hour for today, day and hour for any other day."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now(zone).date() else write_time(local, g.lang, year=False)


def _step(steps: tuple[Step, ...], code: str, default: int) -> int:
    return next((i for i, step in enumerate(steps) if code in step.codes), default)


# --- health ---------------------------------------------------------------------------------------------------------


@pages.get("/healthz")
def healthz() -> tuple[str, dict[str, str]]:
    """The process answers; below that, how much waits, and why, since when, and when it is tried next."""
    lines = ["ok"]
    try:
        state = services().inbox.state()
    except SQLAlchemyError:  # `readyz` is the one that says so
        state = None
    if state is not None:
        lines.append(f"waiting {state.counts['waiting'] + state.counts['leased']}")
        if state.reason_kind:
            lines.append(f"why {state.reason_kind}: {say(f'why_{state.reason_kind}', 'en')}")
            moments = (("since", state.reason_since), ("next", state.next_try))
            lines += [f"{name} {moment.isoformat()}" for name, moment in moments if moment]
    return "\n".join([*lines, ""]), {"Content-Type": "text/plain; charset=utf-8"}


@pages.get("/readyz")
def readyz() -> tuple[str, int, dict[str, str]]:
    """The inbox answers, so that submissions can be taken."""
    ready = services().inbox.ready()
    return ("ready\n" if ready else "not ready\n"), 200 if ready else 503, {"Content-Type": "text/plain; charset=utf-8"}
