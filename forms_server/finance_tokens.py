"""Owns finance's tokens: minted once and stored as hashes, what each may do and see, and how often a wrong one may be tried."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from forms_server.codes import ALPHABET
from forms_server.database import finance_failures, finance_tokens
from forms_server.inbox import Inbox, as_utc, utcnow
from workbook.errors import PartnerBookError
from workbook.schema import Invalid, Level, clean_text

READ, IMPORT, PULL = (
    "read",
    "import",
    "pull",
)  # finance's data out, finance's sheets in, submissions into an open workbook
SCOPES = (READ, IMPORT, PULL)
MARK = "pbf_"  # what every token begins with, so that one in a wrong place is recognised
TOKEN_BYTES = 24
TOKEN = re.compile(rf"(?<![\w-]){MARK}[\w-]{{32}}")
ID = re.compile(rf"fin-[{ALPHABET.lower()}]{{8}}")
NAME_LENGTH = 60
GUESSES, WINDOW = 20, timedelta(minutes=1)


class TokenRefused(PartnerBookError):
    """Missing, wrong, unknown, revoked or expired: the answer is the same for all of them."""

    def __init__(self) -> None:
        super().__init__(
            "请用有效的令牌登录：用户名填令牌编号（fin-…），密码填令牌；在 Excel 里写成“编号:令牌”。"
            "如果被拒绝，请向管理员要一个新的：partnerbook token BOOK --new 名称。"
        )


class TooManyGuesses(PartnerBookError):
    """One token id was tried too often with a wrong token; `seconds` until it may be tried again."""

    permanent = False

    def __init__(self, seconds: int):
        self.seconds = seconds
        super().__init__(f"这个令牌编号一分钟内试错了 {GUESSES} 次，请 {seconds} 秒后再试。")


class ScopeMissing(PartnerBookError):
    """The token is good, but not for this."""

    def __init__(self, scope: str):
        super().__init__(
            f"这个令牌没有“{scope}”权限。请向管理员要一个有权限的：partnerbook token BOOK --new 名称 --scope {scope}。"
        )


class NoSuchToken(PartnerBookError):
    """There is no token of that id to revoke."""

    def __init__(self, token_id: str):
        super().__init__(f"没有编号为 {token_id} 的令牌。用 partnerbook token BOOK --list 看现有的编号。")


class BadTokenName(PartnerBookError):
    """A token's name is blank, too long, or cannot be stored."""

    def __init__(self) -> None:
        super().__init__(f"令牌的名称写明给谁用，1 到 {NAME_LENGTH} 个字，例如 --new 财务部。")


@dataclass(frozen=True)
class Token:
    """A token as the database knows it; the token itself is nowhere. Times are UTC, `used_on` is a day in UTC."""

    id: str
    name: str
    scopes: tuple[str, ...]
    level: Level
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_on: date | None

    def state(self, now: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if now < self.expires_at else "expired"

    def as_data(self, now: datetime) -> dict[str, object]:
        """For `--json`."""
        return {
            "id": self.id, "name": self.name, "scopes": list(self.scopes), "level": self.level.name.lower(),
            "created_at": self.created_at.isoformat(), "expires_at": self.expires_at.isoformat(),
            "used_on": self.used_on.isoformat() if self.used_on else None, "state": self.state(now),
        }  # fmt: skip


class Tokens:
    """The tokens of one book."""

    def __init__(self, inbox: Inbox):
        self._inbox = inbox

    def mint(self, name: str, scopes: Collection[str], level: Level, days: int) -> tuple[Token, str]:
        """A new token and its secret text, which is stored nowhere and cannot be shown again.

        Raises:
            BadTokenName: the name is blank or too long.
        """
        try:
            name = clean_text(name)
        except Invalid as error:
            raise BadTokenName from error
        if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
            raise BadTokenName
        text = MARK + secrets.token_urlsafe(TOKEN_BYTES)
        token_id = "fin-" + "".join(secrets.choice(ALPHABET.lower()) for _ in range(8))
        now = utcnow()
        row = {
            "id": token_id, "book": self._inbox.book_id, "name": name, "secret_hash": _hash(text),
            "scopes": " ".join(scope for scope in SCOPES if scope in scopes), "level": level.name, "created_at": now,
            "expires_at": now + timedelta(days=days),
        }  # fmt: skip
        with self._inbox.transaction() as connection:
            connection.execute(finance_tokens.insert().values(row))
        return self._one(token_id), text

    def revoke(self, token_id: str) -> Token:
        """From now on the token opens nothing; revoking twice keeps the first time.

        Raises:
            NoSuchToken: there is none of that id.
        """
        mine = (finance_tokens.c.book == self._inbox.book_id) & (finance_tokens.c.id == token_id)
        with self._inbox.transaction() as connection:
            connection.execute(
                finance_tokens.update().where(mine, finance_tokens.c.revoked_at.is_(None)).values(revoked_at=utcnow())
            )
        return self._one(token_id)

    def all(self) -> list[Token]:
        """Every token of the book, the oldest first, the revoked ones too."""
        wanted = sa.select(finance_tokens).where(finance_tokens.c.book == self._inbox.book_id)
        with self._inbox.reading() as connection:
            rows = connection.execute(wanted.order_by(finance_tokens.c.created_at, finance_tokens.c.id)).all()
        return [_token(row) for row in rows]

    def _one(self, token_id: str) -> Token:
        found = [token for token in self.all() if token.id == token_id]
        if not found:
            raise NoSuchToken(token_id)
        return found[0]

    def admit(self, token_id: str, text: str) -> Token:
        """The token that these credentials are; the day of its use is noted.

        Raises:
            TokenRefused: they are none that works, whatever the reason.
            TooManyGuesses: this id was tried too often within a minute; then the right token has to wait too.
        """
        if not ID.fullmatch(token_id):  # none of ours: nothing to count, and nothing of it is stored
            raise TokenRefused
        now, tried = utcnow(), _hash(token_id)
        with self._inbox.reading() as connection:
            _refuse_guesser(connection, tried, now)
            row = connection.execute(
                sa.select(finance_tokens).where(
                    finance_tokens.c.id == token_id, finance_tokens.c.book == self._inbox.book_id
                )
            ).first()
        same = hmac.compare_digest(row.secret_hash if row else _hash(""), _hash(text))
        token = _token(row) if row is not None and same else None
        if token is None or token.state(now) != "valid":
            self._note_failure(tried, now)
            raise TokenRefused
        if token.used_on != now.date():
            with self._inbox.transaction() as connection:
                connection.execute(
                    finance_tokens.update().where(finance_tokens.c.id == token_id).values(used_on=now.date())
                )
        return token

    def _note_failure(self, tried: str, now: datetime) -> None:
        with self._inbox.transaction() as connection:
            connection.execute(finance_failures.delete().where(finance_failures.c.at <= now - WINDOW))
            _refuse_guesser(connection, tried, now)  # others may have failed since we looked
            connection.execute(finance_failures.insert().values(token_hash=tried, at=now))


def _refuse_guesser(connection: sa.Connection, tried: str, now: datetime) -> None:
    at = finance_failures.c.at
    recent = sa.select(at).where(finance_failures.c.token_hash == tried, at > now - WINDOW).order_by(at)
    failures = [as_utc(moment) for moment in connection.scalars(recent)]
    if len(failures) >= GUESSES:
        first = failures[-GUESSES]
        assert first is not None
        raise TooManyGuesses(max(1, int((first + WINDOW - now).total_seconds())))


def _hash(text: str) -> str:
    """What is stored. 192 random bits need no salt and no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: sa.Row[tuple[object, ...]]) -> Token:
    created, expires = as_utc(row.created_at), as_utc(row.expires_at)
    assert created is not None
    assert expires is not None
    return Token(
        id=row.id, name=row.name, scopes=tuple(row.scopes.split()), level=Level[row.level], created_at=created,
        expires_at=expires, revoked_at=as_utc(row.revoked_at), used_on=row.used_on,
    )  # fmt: skip
