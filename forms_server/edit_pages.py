"""Owns the way for senders to correct: the form of a receipt with what was sent in it, until staff take it in hand.

Who holds the receipt may see and correct what was sent with it; nobody else gets more than the same 404. The page
carries which version it will become, so that two windows cannot undo each other unseen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from itsdangerous import BadSignature, URLSafeTimedSerializer

from forms_server.catalog import BY_SLUG, FormPage
from forms_server.drilling import CARRIED as DRILL
from forms_server.forms import Sheet, form_class
from forms_server.inbox import InboxUnavailable, Incoming, Receipt, SubmissionClosed, SubmissionConflict, VersionGap
from forms_server.inviting import carried
from forms_server.pages import IDENTITY_SECONDS, drop_doubles, language_asked, render_form, services

edit_pages = Blueprint("edits", __name__)


class Edit(NamedTuple):
    """A receipt whose submission is being corrected: the form, what is stored, and the version to come."""

    code: str
    page: FormPage
    found: Receipt
    version: int
    problem: bool = False  # the page came without a good token, so that the version is the next one now

    @property
    def token(self) -> str:
        """What the page carries of this."""
        made = _signer().dumps([self.found.submission_id, self.version])
        return made if isinstance(made, str) else made.decode()

    def shown(self, sheet: Sheet, notice: str = "") -> str:
        """The form page."""
        drill = str(self.found.values.get(DRILL) or "")
        return render_form(self.page, sheet, self.token, notice, code=self.code, version=self.version, drill=drill)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().secret, salt="partnerbook.correction")


def _open(code: str) -> Edit | None:
    """The submission behind a receipt, to become its next version."""
    found = services().inbox.receipt(code)
    page = BY_SLUG.get(found.form) if found else None
    return Edit(code, page, found, found.version + 1) if found and page else None


def _carried(edit: Edit) -> Edit:
    """The version that the page was made for."""
    try:
        submission_id, version = _signer().loads(request.form.get("submission", ""), max_age=IDENTITY_SECONDS)
    except (BadSignature, TypeError, ValueError):
        return edit._replace(problem=True)
    return edit._replace(version=version) if submission_id == edit.found.submission_id else edit._replace(problem=True)


def _told(key: str, status: int) -> Any:
    return render_template("error.html", key=key, megabytes=0), status


@edit_pages.get("/receipts/<code>/edit")
def edit_page(code: str) -> Any:
    """The form with what was sent, while it may be corrected."""
    edit = _open(code)
    if edit is None:
        return _told("no_receipt", 404)
    if edit.found.locked or edit.found.state == "deleted":
        return _told("edit_closed", 403)
    sheet = Sheet(form_class(edit.page.table, g.lang)(formdata=None))
    sheet.fill(edit.found.values)
    sheet.sign_files(services().uploads, edit.found.submission_id)
    return edit.shown(sheet)


@edit_pages.post("/receipts/<code>/edit")
def edit_sent(code: str) -> Any:
    """A correction: the whole form again, as when it was new."""
    edit = _open(code)
    if edit is None:
        return _told("no_receipt", 404)
    edit, sheet, stored = _take(edit)
    if not stored:
        return edit.shown(sheet, "unavailable"), 503
    if {"lang", "remove", "send"} & set(request.form):
        return edit.shown(sheet)
    if edit.problem:
        return edit.shown(sheet, "identity"), 400
    if not sheet.form.validate():  # type: ignore[no-untyped-call]
        return edit.shown(sheet), 422
    return _submit(edit, sheet)


@edit_pages.errorhandler(CSRFError)
def csrf_failed(error: CSRFError) -> Any:
    """The guard of every change was missing, wrong or too old: the form again, with what was typed."""
    edit = _open((request.view_args or {}).get("code", ""))
    if edit is None:
        return _told("bad_request", 400)
    edit, sheet, _ = _take(edit)
    return edit.shown(sheet, "csrf"), 400


def _take(edit: Edit) -> tuple[Edit, Sheet, bool]:
    """What was sent, with its files stored; False if the disk refused them."""
    language_asked()
    sheet, mine = Sheet(form_class(edit.page.table, g.lang)()), edit.found.submission_id
    edit = _carried(edit)
    try:
        sheet.take_files(services().uploads, mine, mine, request.form.get("remove", ""))
    except OSError:
        current_app.logger.exception("an upload could not be stored")
        return edit, sheet, False
    return edit, sheet, True


def _submit(edit: Edit, sheet: Sheet) -> Any:
    """Commit the next version, then show the receipt; whatever fails gives the page back as it was."""
    house, values = services(), {**carried(edit.found.values), **sheet.values()}
    if values != edit.found.values or edit.version <= edit.found.version:
        incoming = Incoming(edit.found.submission_id, edit.page.slug, edit.page.table.name, values)
        moved = []
        try:
            moved = house.uploads.keep(sheet.files)
            house.inbox.submit(incoming, edit.version, by_sender=True)
        except (SubmissionConflict, VersionGap):
            house.uploads.release(moved)
            newest = _open(edit.code) or edit
            return newest.shown(sheet, "edit_conflict"), 409
        except SubmissionClosed:
            house.uploads.release(moved)
            return edit.shown(sheet, "edit_late"), 403
        except (InboxUnavailable, OSError):
            current_app.logger.exception("a correction could not be stored")
            house.uploads.release(moved)
            return edit.shown(sheet, "unavailable"), 503
        if moved:
            drop_doubles(house, edit.code, sheet)
    return redirect(url_for("pages.receipt", code=edit.code), 303)
