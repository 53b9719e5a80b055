"""Owns who gets through finance's door: Basic auth with a token, what the token may do, and how a refusal is said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from forms_server.api_description import BadBody
from forms_server.finance_building import Builder
from forms_server.finance_snapshots import NoSnapshot, Snapshot, SnapshotGone, Snapshots
from forms_server.finance_tokens import READ, TOKEN, ScopeMissing, Token, TokenRefused, Tokens, TooManyGuesses
from forms_server.inbox import Inbox
from forms_server.pulling import OtherBook, PullLost
from workbook.errors import PartnerBookError
from workbook.reports.finance_columns import FinanceColumn, LevelTooLow, finance_columns
from workbook.reports.finance_xlsx import TooManyLines

FINANCE = "partnerbook finance"
CHALLENGE = 'Basic realm="PartnerBook finance", charset="UTF-8"'
# What people and programs call a secret in an address (Power Query's web key among them).
SECRET_NAMES = frozenset(
    "token access_token auth authorization api_key apikey api-key key code password passwd pwd secret sig user "
    "username".split()
)


class SecretInAddress(PartnerBookError):
    """A token in the query string: addresses are written down by browsers, proxies and programs."""

    def __init__(self) -> None:
        super().__init__(
            "令牌或密码不能写在网址里：浏览记录和日志会把它记下。"
            "请把这个令牌作废（partnerbook token BOOK --revoke 编号），换一个新的，用 Basic 方式登录。"
        )


class BadParameter(PartnerBookError):
    """A parameter of the address is none that it may be."""

    def __init__(self, name: str, meant: str):
        super().__init__(f"网址里的参数 {name} 读不懂，应写成 {meant}。")


HTTP_WORDS = {
    400: "这个请求不完整，没有执行。", 404: "没有这个地址。取数的地址见 /staff/finance。",
    405: "这个地址不接受这种请求。接口说明在 /api/v1/openapi.json；导入预算请用 /staff/finance 或 partnerbook import-budget。", 413: "请求太大，没有执行。", 500: "程序出了问题，问题已记录，请稍后再试。",
}  # fmt: skip
STATUS: dict[type[PartnerBookError], int] = {
    SecretInAddress: 400, BadParameter: 400, BadBody: 400, OtherBook: 409, PullLost: 409, TokenRefused: 401, ScopeMissing: 403, LevelTooLow: 403, NoSnapshot: 404,
    SnapshotGone: 410, TooManyLines: 422, TooManyGuesses: 429,
}  # fmt: skip


@dataclass(frozen=True)
class Finance:
    """Finance's side of one book."""

    inbox: Inbox
    tokens: Tokens
    snapshots: Snapshots
    builder: Builder
    folder: Path  # private: uploads that wait for a word, workbooks on their way out
    secret: bytes


@dataclass(frozen=True)
class Served:
    """The snapshot that answers, and what kept a newer one from being made, if anything did."""

    snapshot: Snapshot
    problem: PartnerBookError | None = None


def open_finance(inbox: Inbox, data: Path, secret: bytes) -> Finance:
    """Finance's side of an application; `data` is the book's private folder."""
    folder = data / "finance"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Finance(inbox, Tokens(inbox), Snapshots(inbox), Builder(inbox, folder), folder, secret)


def finance() -> Finance:
    """Finance's side of the current application."""
    found: Finance = current_app.extensions[FINANCE]
    return found


def the_token() -> Token:
    """The token of this request; there is one behind every gate."""
    found: Token = g.finance_token
    return found


def columns() -> tuple[FinanceColumn, ...]:
    """The columns that the token of this request may see.

    Raises:
        LevelTooLow: not even the amounts.
    """
    return finance_columns(the_token().level)


def authenticate() -> None:
    """The token of the request, from its Authorization header and from nowhere else.

    Raises:
        SecretInAddress, TokenRefused, TooManyGuesses: it goes no further.
    """
    for name, values in request.args.lists():
        if name.lower().lstrip("$") in SECRET_NAMES or any(TOKEN.search(value) for value in values):
            raise SecretInAddress
    given = request.authorization
    if given is None or given.type != "basic" or not given.username or not given.password:
        raise TokenRefused
    g.finance_token = finance().tokens.admit(given.username, given.password)


def need_scope(scope: str) -> None:
    """Refuse a token that may not do this.

    Raises:
        ScopeMissing: with the scope that is missing.
    """
    if scope not in the_token().scopes:
        raise ScopeMissing(scope)


def only_readers() -> None:
    """The gate before everything that gives finance data out."""
    authenticate()
    need_scope(READ)
    columns()


def status_of(error: PartnerBookError) -> int:
    """The status code of a refusal; what cannot be served now is 503."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)


def _headers(error: PartnerBookError, response: Response) -> Response:
    if isinstance(error, TokenRefused):
        response.headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, TooManyGuesses):
        response.headers["Retry-After"] = str(error.seconds)
    elif response.status_code == 503 and not error.permanent:
        response.headers["Retry-After"] = "10"
    return response


def as_json(error: PartnerBookError) -> Response:
    """A refusal for programs, in the shape that OData asks for."""
    return _headers(error, _said(status_of(error), type(error).__name__, str(error)))


def is_for_programs(path: str) -> bool:
    """Whether programs ask there, not people."""
    return path.startswith(("/finance/", "/api/"))


def http_refusal(error: HTTPException, code: int) -> Response:
    """A refusal of the framework's own, for programs."""
    answer = _said(code, error.name, HTTP_WORDS.get(code, error.name))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    if "/odata" in request.path:
        answer.headers["OData-Version"] = "4.0"
    return answer


def _said(status: int, code: str, message: str) -> Response:
    body = json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False)
    return Response(body, status, mimetype="application/json")


def as_page(error: PartnerBookError) -> Any:
    """A refusal for people: a page that gives nothing of finance away."""
    page = render_template("finance_refused.html", error=error, code=status_of(error))
    return _headers(error, make_response(page, status_of(error)))
