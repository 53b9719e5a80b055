"""Owns `/staff/finance`: downloads beside their totals, how to connect, who has tokens, and the upload of a budget sheet (S32).

An upload is written in two steps: the page shows how the sheet is understood, and only a second word writes it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Blueprint, g, render_template, request

from forms_server.delivery import Delivery
from forms_server.finance_access import as_page, authenticate, columns, finance, need_scope, status_of, the_token
from forms_server.finance_building import BookNotRead
from forms_server.finance_pages import address_of, serve
from forms_server.finance_tokens import IMPORT, READ, ScopeMissing
from forms_server.finance_uploads import MEGABYTES, SUFFIXES, BudgetUploads, NoBudgetFile, Waiting
from forms_server.inbox import utcnow
from forms_server.pages import zone_of
from forms_server.words import write_day, write_time
from workbook.budget_source.model import MappedColumn, Options
from workbook.errors import PartnerBookError
from workbook.reports.connecting import ways
from workbook.reports.finance_lines import TOTAL
from workbook.tables import BudgetTotals
from workbook.tables.finance import CURRENCIES, MEANINGS, TAX, UNITS

finance_staff_pages = Blueprint("finance_staff", __name__)
finance_staff_pages.before_request(authenticate)
finance_staff_pages.register_error_handler(PartnerBookError, as_page)

SHOWN = ("lines", "budget", "actual", "committed", "saved", "undelivered")
SOURCE_LENGTH = 60
SAID = ("unit", "tax", "year", "currency", "rate", "rate_on")


class SaidWrongly(PartnerBookError):
    """What was said about a sheet beside it is no year, rate or day."""

    def __init__(self) -> None:
        super().__init__(
            "年度应为四位数字，汇率应为大于 0 的数字并写明日期，例如 7.1234 和 2026-03-31。请改正后重新上传。"
        )


@finance_staff_pages.get("/staff/finance")
def finance_page() -> Any:
    """The page; a token that only imports sees the upload alone."""
    if not {READ, IMPORT} & set(the_token().scopes):
        raise ScopeMissing(READ)
    return _page()


def _page(told: PartnerBookError | None = None, done: list[str] | None = None) -> str:
    reads = READ in the_token().scopes
    if reads:
        columns()  # refuses a token whose level is too low for amounts
    address = address_of("pages.home").rstrip("/")
    return render_template(
        "finance.html", told=told, done=done, reads=reads, imports=IMPORT in the_token().scopes,
        totals=_totals() if reads else None, ways=ways(address, g.lang)[:3], tokens=_tokens() if reads else [],
        megabytes=MEGABYTES, accept=",".join(SUFFIXES), source_length=SOURCE_LENGTH, units=UNITS, taxes=TAX, currencies=CURRENCIES,
    )  # fmt: skip


def _totals() -> dict[str, Any]:
    """The sums beside the buttons, and since when they hold; or why there are none."""
    try:
        served = serve()
    except PartnerBookError as error:
        return {"problem": error, "rows": (), "as_of": ""}
    snapshot = served.snapshot
    named = any(column.name == "partner_name" for column in columns())
    rows = [
        (key, snapshot.names.get(key, "") if named else "", one.lines, [getattr(one, name) for name in SHOWN[1:]])
        for key, one in snapshot.totals.items()
    ]
    zone = zone_of(finance().inbox.profile())
    return {
        "problem": served.problem, "rows": rows, "as_of": write_time(snapshot.as_of.astimezone(zone), g.lang),
        "labels": [BudgetTotals.columns[name].label for name in SHOWN], "total": TOTAL,
    }  # fmt: skip


def _tokens() -> list[dict[str, Any]]:
    now, zone = utcnow(), zone_of(finance().inbox.profile())

    def day(moment: datetime) -> str:
        return write_day(moment.astimezone(zone).date(), g.lang)

    return [
        {
            "name": one.name, "scopes": one.scopes, "level": one.level.value, "state": one.state(now),
            "until": day(one.expires_at), "used": write_day(one.used_on, g.lang) if one.used_on else "",
        }
        for one in finance().tokens.all()
    ]  # fmt: skip


# --- a budget sheet ---------------------------------------------------------------------------------------------------


def _uploads() -> BudgetUploads:
    return BudgetUploads(finance().folder, finance().secret)


def _book() -> Path:
    place = finance().snapshots.book_path()
    if place is None:
        raise BookNotRead
    return Path(place)


@finance_staff_pages.post("/staff/finance/sheet")
def sheet_sent() -> Any:
    """A sheet came in: show how it is understood; nothing is written yet."""
    need_scope(IMPORT)
    uploads = _uploads()
    waiting: Waiting | None = None
    try:
        sent = request.files.get("sheet")
        if sent is None or not sent.filename:
            raise NoBudgetFile
        waiting = uploads.receive(sent.stream, sent.filename, _source(), _said())
        return _preview(uploads.sign(waiting, the_token().id), waiting)
    except PartnerBookError as error:
        if waiting is not None:
            uploads.drop(waiting)
        return _page(told=error), 400 if status_of(error) == 503 else status_of(error)


def _source() -> str:
    text = " ".join(request.form.get("source", "").split())
    return text[:SOURCE_LENGTH]


def _said() -> dict[str, str]:
    """What people say about a sheet beside it, blank for nothing."""
    return {
        name: "".join(request.form.get(name, "").split())[:20] for name in SAID if request.form.get(name, "").strip()
    }


def _options(waiting: Waiting) -> Options:
    """What was said, as the import takes it.

    Raises:
        SaidWrongly: a year, rate or day that is none.
    """
    said = waiting.said
    try:
        year, currency = int(said["year"]) if "year" in said else None, said.get("currency", "").upper() or None
        if year is not None and not 1990 <= year <= 2100:
            raise ValueError
        rate = Decimal(said["rate"]) if "rate" in said else None
        if rate is not None and not (rate.is_finite() and rate > 0):
            raise ValueError
        rates = {} if rate is None else {currency or "USD": (rate, date.fromisoformat(said["rate_on"]))}
        unit = int(said["unit"]) if said.get("unit") in UNITS else None
    except (ValueError, ArithmeticError, KeyError):
        raise SaidWrongly from None
    return Options(unit, said.get("tax") if said.get("tax") in TAX else None, year, currency, rates)


def _meaning(column: MappedColumn) -> str:
    """What a column of the sheet means, in words, with its unit and period."""
    unit = UNITS.get(str(column.unit))
    words = [MEANINGS[column.meaning].get(g.lang), unit.get(g.lang) if unit else "", column.period]
    return " · ".join(word for word in words if word)


def _preview(reference: str, waiting: Waiting, *, needed: bool = False) -> str:
    from workbook.importing_budget import preview

    found = preview(_book(), waiting.name, waiting.data, waiting.source, _options(waiting))
    return render_template(
        "finance_preview.html", reference=reference, name=waiting.name, ok=found.ok, said=found.lines_told(columns=False),
        understood=found.understood, needed=needed, meaning=_meaning,
    )  # fmt: skip


@finance_staff_pages.post("/staff/finance/confirm")
def sheet_confirmed() -> Any:
    """The word to write a sheet that was shown. Totals that disagree need a tick."""
    need_scope(IMPORT)
    from workbook.importing_budget import apply, preview

    uploads, reference = _uploads(), request.form.get("reference", "")
    accepted = request.form.get("accept") == "yes"
    try:
        waiting = uploads.take(reference, the_token().id)
    except PartnerBookError as error:
        return _page(told=error), 400
    try:
        if not accepted and not preview(_book(), waiting.name, waiting.data, waiting.source, _options(waiting)).ok:
            uploads.put_back(waiting)
            return _preview(reference, waiting, needed=True), 400
        with Delivery(finance().inbox, _book(), finance().folder.parent).only_writer():
            done = apply(
                _book(), waiting.name, waiting.data, waiting.source, _options(waiting), accept_difference=accepted
            )
    except PartnerBookError as error:
        uploads.put_back(waiting)
        return _page(told=error), 400 if error.permanent else 503
    uploads.drop(waiting)
    return _page(done=done.lines_told())
