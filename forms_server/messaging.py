"""Owns outgoing messages: the doors of a private file, the signed formats of 企业微信 and 钉钉 robots and mail, and one attempt to send (S21).

Keys and passwords stay in the private file: no sentence, log line or error from here holds one. An attempt follows no
redirection, for the key stands in the address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import smtplib
import socket
import ssl
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlsplit

from workbook.errors import PartnerBookError

SECONDS = 10  # for one attempt
TOPICS = ("urgent", "incident", "meeting", "action")
KINDS = ("wecom", "dingtalk", "mail")
SECURITY = ("starttls", "tls", "none")
LONGEST = 2048  # bytes of a robot's text
LOOPBACK = ("127.0.0.1", "localhost", "::1")
BUSY = {45009, 130101}  # a robot takes some twenty messages a minute


class MessageFileUnreadable(PartnerBookError):
    """The file of doors is not there or no TOML."""

    def __init__(self, path: Path, why: str):
        super().__init__(f"消息配置 {path.name} 读不出（{why}）。请检查 --messages 的路径和 TOML 格式。")


class MessageFileOpen(PartnerBookError):
    """Others on this machine may read the keys."""

    def __init__(self, path: Path):
        super().__init__(f"消息配置 {path.name} 里有密钥，而别的用户也能读。请只留给自己：chmod 600 {path.name}。")


class MessageFileWrong(PartnerBookError):
    """A door lacks something or says something that is no such thing; values are never repeated."""

    def __init__(self, number: int, name: str, why: str):
        super().__init__(f"消息配置里第 {number} 个 [[door]] 的 {name} {why}。")


@dataclass(frozen=True)
class Door:
    """One way out: a robot or a mailbox, and the topics that go there. Its secrets are in no `repr`."""

    name: str
    kind: str
    topics: tuple[str, ...] = TOPICS
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    host: str = ""
    port: int = 0
    security: str = "starttls"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sender: str = ""
    to: tuple[str, ...] = ()


class Message(NamedTuple):
    """What is said: a key that is the same for the same matter, a heading, and lines."""

    key: str
    topic: str
    title: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole as plain text."""
        return "\n".join((self.title, *self.lines))


class Outcome(NamedTuple):
    """How an attempt went: `unknown` says that it may have arrived although nobody said so."""

    ok: bool
    why: str = ""
    unknown: bool = False


# --- the private file -------------------------------------------------------------------------------------------------


def read_doors(path: Path) -> tuple[Door, ...]:
    """The doors of a private TOML file.

    Raises:
        MessageFileUnreadable, MessageFileOpen, MessageFileWrong: it cannot be used; nothing of its values is repeated.
    """
    try:
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise MessageFileOpen(path)
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MessageFileUnreadable(path, error.strerror or "打不开") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):  # its words would repeat the line
        raise MessageFileUnreadable(path, "不是 TOML") from None
    rows = found.get("door")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise MessageFileUnreadable(path, "里面没有 [[door]]")
    doors = tuple(_door(number, row) for number, row in enumerate(rows, start=1))
    names = [door.name for door in doors]
    for number, name in enumerate(names, start=1):
        if name in names[: number - 1]:
            raise MessageFileWrong(number, "name", "与前面的重复")
    return doors


def _door(number: int, row: Mapping[str, Any]) -> Door:
    def text(name: str, needed: bool = False) -> str:
        value = row.get(name, "")
        if not isinstance(value, str) or (needed and not value.strip()) or any(ord(c) < 32 for c in value):
            raise MessageFileWrong(number, name, "没有写，或不是一行文字")
        return value.strip()

    kind = text("kind", needed=True)
    if kind not in KINDS:
        raise MessageFileWrong(number, "kind", f"应为 {'、'.join(KINDS)}")
    topics = row.get("topics", list(TOPICS))
    if not isinstance(topics, list) or not topics or not set(map(str, topics)) <= set(TOPICS):
        raise MessageFileWrong(number, "topics", f"应是这些里的几个：{'、'.join(TOPICS)}")
    name, chosen = text("name", needed=True), tuple(map(str, topics))
    if kind == "mail":
        return _mailbox(number, row, Door(name, kind, chosen), text)
    url = text("url", needed=True)
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        good = good and bool(parts.hostname) and parts.username is None and (parts.port or 443) > 0
    except ValueError:
        good = False
    if not good or not url.isascii():
        raise MessageFileWrong(number, "url", "应是 https 网址")
    return Door(name, kind, chosen, url=url, secret=text("secret", needed=kind == "dingtalk"))


def _mailbox(number: int, row: Mapping[str, Any], door: Door, text: Any) -> Door:
    port, to, security = row.get("port", 587), row.get("to"), text("security") or "starttls"
    if not isinstance(port, int) or not 0 < port < 65536:
        raise MessageFileWrong(number, "port", "应是 1 到 65535 的数")
    if security not in SECURITY:
        raise MessageFileWrong(number, "security", f"应为 {'、'.join(SECURITY)}")
    if not isinstance(to, list) or not to or not all(isinstance(one, str) and _is_address(one) for one in to):
        raise MessageFileWrong(number, "to", "应是一个或几个邮箱")
    sender, host, password = text("from", needed=True), text("host", needed=True), text("password")
    if not _is_address(sender):
        raise MessageFileWrong(number, "from", "应是邮箱")
    if password and security == "none" and host not in LOOPBACK:
        raise MessageFileWrong(number, "security", "是 none，密码会明文发出，请改为 starttls 或 tls")
    return Door(
        door.name, door.kind, door.topics, host=host, port=port, security=security, user=text("user"),
        password=password, sender=sender, to=tuple(to),
    )  # fmt: skip


def _is_address(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(name and at and host) and "@" not in host and not any(c.isspace() or ord(c) < 33 for c in text)


# --- one attempt ------------------------------------------------------------------------------------------------------


def send(door: Door, message: Message, now: datetime, again: bool = False) -> Outcome:
    """One attempt; `again` says in the text that an earlier one may have arrived. Never raises for what the other side does."""
    if again:
        message = message._replace(title=f"（重发）{message.title}")
    try:
        if door.kind == "mail":
            return _send_mail(door, message, now)
        url = door.url if door.kind == "wecom" else signed_url(door.url, door.secret, int(now.timestamp() * 1000))
        return _post(url, robot_body(message))
    except TimeoutError:
        return Outcome(False, "超时", unknown=True)
    except (ssl.SSLError, ssl.CertificateError):
        return Outcome(False, "TLS 证书或协议不对")
    except ConnectionRefusedError:
        return Outcome(False, "连接被拒绝")
    except socket.gaierror:
        return Outcome(False, "找不到主机")
    except (OSError, http.client.HTTPException, smtplib.SMTPException, ValueError) as error:
        return Outcome(False, f"没有发成（{type(error).__name__}）", unknown=not isinstance(error, ValueError))


def robot_body(message: Message) -> bytes:
    """The text format that both robots take: plain, so that nothing a sender typed becomes a link or a mention."""
    return json.dumps({"msgtype": "text", "text": {"content": _cut(message.text)}}, ensure_ascii=False).encode()


def signed_url(url: str, secret: str, milliseconds: int) -> str:
    """The address of a 钉钉 robot with its signature: HMAC-SHA256 over "timestamp\\nsecret" under the secret."""
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    sign = quote_plus(base64.b64encode(digest))
    return f"{url}{'&' if '?' in url else '?'}timestamp={milliseconds}&sign={sign}"


def _cut(text: str) -> str:
    raw = text.encode()
    return text if len(raw) <= LONGEST else raw[: LONGEST - 3].decode(errors="ignore") + "…"


def _post(url: str, body: bytes) -> Outcome:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        try:
            connection.connect()
        except TimeoutError:  # nothing has gone out yet
            return Outcome(False, "连不上，超时")
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8"})
        answer = connection.getresponse()
        told = answer.read(64 * 1024)
    finally:
        connection.close()
    if answer.status != 200:
        return Outcome(False, f"对方回答 HTTP {answer.status}")
    try:
        code = int(json.loads(told)["errcode"])
    except (ValueError, KeyError, TypeError):
        return Outcome(False, "对方的回答读不懂")
    if code:
        return Outcome(False, "对方说太频繁" if code in BUSY else f"对方拒绝（错误码 {code}）")
    return Outcome(True)


def _send_mail(door: Door, message: Message, now: datetime) -> Outcome:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.title, door.sender, ", ".join(door.to)
    mail["Date"] = format_datetime(now.astimezone(UTC))
    # The same matter has the same id, so that a mail that came twice is seen to be one.
    mail["Message-ID"] = (
        f"<{hashlib.sha256(f'{door.name}/{message.key}'.encode()).hexdigest()[:32]}@partnerbook.invalid>"
    )
    mail.set_content("\n".join((message.title, "", *message.lines)), cte="base64")  # not every server takes eight bits
    gone = False
    try:
        with _mail_server(door) as server:
            if door.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if door.user:
                server.login(door.user, door.password)
            refused = server.send_message(mail)
            gone = True
    except smtplib.SMTPResponseException as error:  # its text may repeat who logs in
        if gone:  # it is theirs already; only the goodbye went wrong
            return Outcome(True)
        return Outcome(False, f"邮件服务器拒绝（{error.smtp_code}）")
    except smtplib.SMTPRecipientsRefused:
        return Outcome(False, "邮件服务器不收这些收件人")
    except smtplib.SMTPNotSupportedError:
        return Outcome(False, "邮件服务器不支持所要的加密或登录")
    return Outcome(True, f"有 {len(refused)} 个收件人没有收到" if refused else "")


def _mail_server(door: Door) -> smtplib.SMTP:
    if door.security == "tls":
        return smtplib.SMTP_SSL(door.host, door.port, timeout=SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(door.host, door.port, timeout=SECONDS)
