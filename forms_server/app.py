"""Owns the web application: typed settings, the factory, headers on every answer, and pages for what went wrong."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import StrictUndefined
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError

from forms_server import pages
from forms_server.api_pages import KEPT, ORIGINS, Evaluated, api_pages
from forms_server.edit_pages import edit_pages
from forms_server.finance_access import FINANCE, http_refusal, is_for_programs, open_finance
from forms_server.finance_odata import finance_odata
from forms_server.finance_pages import finance_pages
from forms_server.finance_staff_pages import finance_staff_pages
from forms_server.inbox import Inbox, Profile
from forms_server.minutes_pages import minutes_pages
from forms_server.review_pages import review_pages
from forms_server.signoff_pages import signoff_pages
from forms_server.survey_pages import SURVEYS, NoLinks, note_trouble, open_surveys, survey_pages
from forms_server.uploads import ACCEPT, Uploads
from forms_server.vote_pages import vote_pages
from forms_server.words import LANGUAGES, say, write_offset, write_size
from workbook.schema import Label

CSRF_SECONDS = 12 * 3600
TEXT_LIMIT = 4 * 2**20
PARTS_LIMIT = 1000
YEAR = 365 * 86_400
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class ServerSettings:
    """What the operator decides. `https` is for a server behind TLS; `max_body` counts bytes of one request.

    `origins` are those whose pages may ask `/api/v1`, such as `https://addin.xlwings.org`.
    """

    secret: bytes
    data: Path
    testing: bool = False
    https: bool = False
    max_body: int = 130 * 2**20
    default_language: str = "zh-CN"
    origins: tuple[str, ...] = ()


def templates_folder() -> Path:
    """The pages: inside the package when it is installed, beside it in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "templates"
    return inside if inside.is_dir() else here.parent / "templates"


def create_app(settings: ServerSettings, inbox: Inbox) -> Flask:
    """The application of one book."""
    folder = templates_folder()
    app = Flask(
        "forms_server", root_path=str(folder), template_folder=str(folder), static_folder=str(folder / "static")
    )
    prefix = "__Host-" if settings.https else ""
    app.config.update(
        SECRET_KEY=_subkey(settings.secret, "session"),
        TESTING=settings.testing,
        PROPAGATE_EXCEPTIONS=False,
        MAX_CONTENT_LENGTH=settings.max_body,
        MAX_FORM_MEMORY_SIZE=TEXT_LIMIT,
        MAX_FORM_PARTS=PARTS_LIMIT,
        SESSION_COOKIE_NAME=f"{prefix}partnerbook",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        SEND_FILE_MAX_AGE_DEFAULT=YEAR,  # addresses of static files hold their hash
        WTF_CSRF_TIME_LIMIT=CSRF_SECONDS,
        WTF_CSRF_SSL_STRICT=False,  # some in-app browsers send no Referer; the token is the guard
        WTF_I18N_ENABLED=False,
    )
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    signing = _subkey(settings.secret, "forms")
    app.extensions[pages.KEY] = pages.Services(
        inbox=inbox,
        uploads=Uploads(settings.data / "uploads", signing),
        secret=signing,
        https=settings.https,
        max_body=settings.max_body,
    )
    app.logger.addFilter(NoLinks())  # Flask names the address where an error handler fails
    app.extensions[SURVEYS] = open_surveys(inbox, settings.data, settings.secret)
    app.extensions[FINANCE] = open_finance(inbox, settings.data, _subkey(settings.secret, "finance"))
    app.extensions[ORIGINS] = frozenset(settings.origins)
    app.extensions[KEPT] = Evaluated(inbox)
    app.before_request(lambda: _choose_language(settings.default_language))  # first: refusals speak it too
    CSRFProtect(app).exempt(api_pages)  # no cookie counts there: each request brings its token
    app.register_blueprint(pages.pages)
    app.register_blueprint(edit_pages)
    app.register_blueprint(review_pages)
    app.register_blueprint(vote_pages)
    app.register_blueprint(signoff_pages)
    app.register_blueprint(minutes_pages)
    app.register_blueprint(survey_pages)
    app.register_blueprint(finance_pages)
    app.register_blueprint(finance_odata)
    app.register_blueprint(finance_staff_pages)
    app.register_blueprint(api_pages)
    app.context_processor(_context)
    app.add_template_filter(lambda label: label.get(g.lang), "lang_of")
    app.after_request(_compress)
    app.after_request(lambda response: _finish(response, settings.https))
    app.register_error_handler(CSRFError, pages.csrf_failed)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _broken)
    return app


def _subkey(secret: bytes, purpose: str) -> bytes:
    return hashlib.sha256(b"partnerbook\0" + purpose.encode() + b"\0" + secret).digest()


def _choose_language(default: str) -> None:
    asked = request.args.get("lang", "") or request.cookies.get("lang", "")
    g.lang = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, default) or default


@cache
def _asset_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _asset(name: str) -> str:
    """The address of a static file; it changes when the file does."""
    return url_for("static", filename=name, v=_asset_hash(templates_folder() / "static" / name))


def _context() -> dict[str, Any]:
    lang: str = g.get("lang", "zh-CN")
    profile = _profile()
    zone = pages.zone_of(profile)

    def words(label: Label) -> str:
        return label.get(lang).format(company=profile.company, department=profile.department)

    def zone_line() -> str:
        if profile.zone == "Asia/Shanghai":
            return say("beijing", lang)
        return say("zone", lang, zone=profile.zone, offset=write_offset(pages.now(zone).utcoffset()))

    return {
        "lang": lang,
        "t": lambda key, **parts: say(key, lang, **parts),
        "L": lambda label: label.get(lang),
        "words": words,
        "profile": profile,
        "zone_line": zone_line,
        "asset": _asset,
        "size_words": write_size,
        "accept": ACCEPT,
        "icons": _icons(),
    }


@cache
def _icons() -> Markup:
    """The icons' shapes, drawn once at the top of a page."""
    return Markup((templates_folder() / "icons.svg").read_text(encoding="utf-8"))


def _profile() -> Profile:
    """The book's settings; pages about trouble still come when the inbox does not answer."""
    try:
        return pages.services().inbox.profile()
    except Exception:
        return Profile()


def _finish(response: Response, https: bool) -> Response:
    """Headers that every answer carries, and the language that was asked for."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if https:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if not (request.endpoint == "static" and response.status_code in (200, 304)):
        response.headers["Cache-Control"] = g.get("caching", "no-store")
    if "lang" in g and request.endpoint != "static" and (g.get("lang_chosen") or request.args.get("lang") == g.lang):
        response.set_cookie("lang", g.lang, max_age=YEAR, httponly=True, samesite="Lax", secure=https)
    return response


def _compress(response: Response) -> Response:
    """Gzip for answers to GET only: but for corrections they never repeat what a sender typed: no length tells anything."""
    if (
        request.method != "GET"
        or request.endpoint == "edits.edit_page"
        or response.status_code != 200
        or not request.accept_encodings["gzip"]
        or response.mimetype not in ("text/html", "text/css", "text/javascript", "image/svg+xml")
    ):
        return response
    response.direct_passthrough = False
    response.set_data(gzip.compress(response.get_data(), compresslevel=6, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.add("Vary", "Accept-Encoding")
    etag, weak = response.get_etag()
    if etag:
        response.set_etag(f"{etag}-gzip", weak=bool(weak))
    return response


_ERROR_PAGES = {400: "bad_request", 404: "not_found", 405: "not_allowed", 413: "too_large", 500: "broken"}


def _http_error(error: HTTPException) -> Any:
    """A page in plain words for a refusal of the framework's own."""
    code = error.code or 500
    if code < 400:
        return error
    if is_for_programs(request.path):
        return http_refusal(error, code)
    key = _ERROR_PAGES.get(code, "broken" if code >= 500 else "bad_request")
    body = render_template("error.html", key=key, megabytes=pages.services().max_body // 2**20)
    headers = [(k, v) for k, v in error.get_headers() if k.lower() not in ("content-type", "content-length")]
    return body, code, headers


def _broken(error: Exception) -> Any:
    """A page for what nobody foresaw; the trace goes to the log, without the address."""
    if not note_trouble(error):
        current_app.logger.error("Exception in %s [%s]", request.endpoint, request.method, exc_info=error)
    if is_for_programs(request.path):
        return http_refusal(InternalServerError(), 500)
    return render_template("error.html", key="broken", megabytes=pages.services().max_body // 2**20), 500
