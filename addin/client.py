"""Owns talking to the server of the forms over HTTP: one call per step of a pull, with a token that never leaks.

Every call may be repeated: the same pull claims the same submissions and gets the same generation, and placing,
abandoning and confirming twice changes nothing. So whatever fails on the way is tried again after growing pauses.
Nothing but the standard library, and nothing of it at import that a browser's Python lacks.
"""

from __future__ import annotations

import base64
import importlib
import ipaddress
import json
import os
import re
import socket
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit

from workbook.errors import PartnerBookError

# method, address, headers, body, seconds to wait → status, headers (names in lower case), body.
# It follows no redirect and raises OSError if no whole answer came.
Transport: TypeAlias = Callable[
    [str, str, Mapping[str, str], bytes | None, float], tuple[int, Mapping[str, str], bytes]
]  # fmt: skip

SERVICE = "partnerbook"  # under this name the system's keyring keeps tokens, one per address
PASSING = frozenset({429, 502, 503, 504})  # refusals that pass by themselves
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds
LARGEST_ANSWER = 64 << 20  # bytes
LONGEST_SENTENCE = 500  # characters of what a server says
_TOKEN = re.compile(r"[!-9;-~]+:[!-~]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class BadAddress(PartnerBookError):
    """The server's address is missing or cannot be used; the sentence says where to write it."""


class InsecureAddress(PartnerBookError):
    """The address is plain http to another machine, so that the token would travel in the clear."""

    def __init__(self, host: str):
        super().__init__(
            f"服务器地址 http://{host} 没有加密，令牌会被路上的人看到，没有连接。请改用 https:// 开头的地址"
            "（只有本机 127.0.0.1 和 localhost 可以用 http）。"
        )


class MissingToken(PartnerBookError):
    """No token is known for the server."""

    def __init__(self, base: str, why: str = ""):
        super().__init__(
            f"没有找到服务器 {base} 的令牌{why}。请向管理员要一个令牌，写进环境变量 PARTNERBOOK_TOKEN，"
            f"或用命令 keyring set {SERVICE} {base} 存进系统钥匙串；不要把令牌写进工作簿。"
        )


class BadToken(PartnerBookError):
    """What was given as a token is none; the sentence does not repeat it."""

    def __init__(self) -> None:
        super().__init__(
            "令牌的写法不对：应是“编号:密文”，例如 fin- 开头的编号、冒号、pbf_ 开头的密文，中间没有空格。请重新复制完整的令牌。"
        )


class ServerNotConfirmed(PartnerBookError):
    """Only the workbook names the server, and a workbook may come from anybody: the token was not sent."""

    def __init__(self, base: str):
        super().__init__(
            f"服务器地址 {base} 只写在工作簿里，没有把环境变量里的令牌发给它。如果地址是对的，请在环境变量 PARTNERBOOK_SERVER "
            f"里也写上它，或用命令 keyring set {SERVICE} {base} 把令牌存进系统钥匙串。"
        )


class NoAnswer(PartnerBookError):
    """Nothing answered, however often it was tried."""

    permanent = False

    def __init__(self, host: str, tries: int, why: str):
        super().__init__(
            f"服务器 {host} 没有回答（试了 {tries} 次，{why}）。请检查网络，并问管理员服务器是否开着，然后再运行一次；提交不会丢失。"
        )


class UntrustedServer(PartnerBookError):
    """The certificate of the server is not one that this computer trusts."""

    def __init__(self, host: str):
        super().__init__(
            f"服务器 {host} 的证书没有通过检查（过期、名称不符或签发者不受信任），没有发送令牌。请让管理员检查服务器的 https 证书。"
        )


class Redirected(PartnerBookError):
    """The server points to another address; the token did not follow."""

    def __init__(self, host: str, target: str):
        to = f" {target}" if target else ""
        super().__init__(
            f"服务器 {host} 要求转到另一个地址{to}，令牌没有跟过去。如果新地址是对的，请把服务器地址改成它再试。"
        )


class BadAnswer(PartnerBookError):
    """What answered is not the server of the forms, or it speaks another version."""

    def __init__(self, host: str, what: str):
        super().__init__(
            f"服务器 {host} 的回答看不懂（{what}）。请检查服务器地址是否正确（只写到主机和端口），两边的版本是否一致。"
        )


class ServerRefused(PartnerBookError):
    """The server understood and refused; the sentence is its own. `error` names the cause, `status` is HTTP's."""

    def __init__(self, message: str, error: str = "", status: int = 0):
        self.error, self.status = error, status
        self.permanent = status < 500 and status not in PASSING
        super().__init__(message)


class PullLost(ServerRefused):
    """The pull has run out or another one took its place; its submissions come again with the next pull."""


class Client:
    """The server of the forms, as staff's program sees it. Every method raises the errors of this module."""

    def __init__(
        self,
        base: str,
        token: str,
        *,
        transport: Transport | None = None,
        timeout: float = 20.0,
        tries: int = 4,
        pause: Callable[[float], None] = time.sleep,
    ):
        """`base` is the server's address (https, or http on this machine), `token` is `id:secret`, times in seconds."""
        self.base = checked_address(base)
        if not _TOKEN.fullmatch(token):
            raise BadToken
        self._token, self._transport = token, transport or default_transport()
        self._timeout, self._tries, self._pause = timeout, max(1, tries), pause

    def __repr__(self) -> str:
        return f"Client({self.base!r})"

    @property
    def host(self) -> str:
        """The server's name and port, as sentences show it."""
        return urlsplit(self.base).netloc

    # ---- the steps of a pull

    def claim(self, book: str, generation: int, limit: int = 500) -> dict[str, Any]:
        """Submissions that wait for this book, on loan to a new pull; the keys are those of `POST /api/v1/pulls`."""
        told = {
            "book": book,
            "generation": generation,
            "limit": limit,
            "pull": str(uuid.uuid4()),
        }  # ours: a retry is the same pull
        told = {"book": book, "generation": generation, "limit": limit, "pull": str(uuid.uuid4())}
        answer = self._post("pulls", told)
        self._expect(answer, pull=str, numbers=dict, submissions=list, lineage=list, more=int, held=int, elsewhere=int)
        return answer

    def hand_out(
        self, pull: str, generation: int, rows: Sequence[tuple[int, str]], refused: Sequence[tuple[int, str]]
    ) -> int:
        """Tells which submissions go under which key, and which cannot; returns the generation for the book."""
        told = {"generation": generation, "rows": [list(r) for r in rows], "refused": [list(r) for r in refused]}
        return self._number(self._post(f"pulls/{_segment(pull)}/generation", told), "generation")

    def placed(self, pull: str) -> None:
        """Says that the rows of the pull stand in the open book."""
        self._post(f"pulls/{_segment(pull)}/placed", {})

    def abandon(self, pull: str, reason: str = "") -> None:
        """Gives the submissions of the pull back."""
        self._post(f"pulls/{_segment(pull)}/abandon", {"reason": reason})

    def saved(self, book: str, generation: int, ids: Sequence[str]) -> int:
        """Says which submissions the saved file of that generation holds; returns how many are confirmed now."""
        return self._number(
            self._post("saved", {"book": book, "generation": generation, "ids": list(ids)}), "confirmed"
        )

    # ---- what can be looked up

    def state(self) -> dict[str, Any]:
        """Counts of submissions by state, the generation, and when it was looked."""
        return self._call("GET", "state")

    def evaluation(self) -> dict[str, Any]:
        """The official numbers of the file that the server has."""
        return self._call("GET", "evaluation")

    # ---- one call

    def _post(self, path: str, told: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, json.dumps(told, ensure_ascii=False).encode())

    def _call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """The JSON object that the server answers, after as many tries as it takes or are allowed."""
        headers = {"Accept": "application/json"}
        headers["Authorization"] = "Basic " + base64.b64encode(self._token.encode()).decode()
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        for tried in range(1, self._tries + 1):
            wait = FIRST_PAUSE * 2 ** (tried - 1)
            try:
                status, given, answer = self._transport(
                    method, f"{self.base}/api/v1/{path}", headers, body, self._timeout
                )
            except OSError as error:
                if tried == self._tries:
                    raise NoAnswer(self.host, tried, self._why(error)) from error
            else:
                if status not in PASSING or tried == self._tries:
                    return self._understood(status, given, answer)
                wait = max(wait, _retry_after(given.get("retry-after", "")))
            self._pause(min(wait, LONGEST_PAUSE))
        raise AssertionError("the last try answers or raises")

    def _why(self, error: OSError) -> str:
        if isinstance(error, TimeoutError):
            return f"每次等了 {self._timeout:g} 秒"
        if isinstance(error, ConnectionRefusedError):
            return "连接被拒绝"
        return "找不到这个主机" if isinstance(error, socket.gaierror) else "连接中断"

    def _understood(self, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        if 300 <= status < 400:
            raise Redirected(self.host, self._told(headers.get("location", "")))
        try:
            answer = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError):
            answer = None
        if status != 200:
            raise self._refusal(status, answer if isinstance(answer, dict) else {})
        if not isinstance(answer, dict):
            raise BadAnswer(self.host, "不是 JSON 对象")
        return answer

    def _refusal(self, status: int, answer: Mapping[str, Any]) -> ServerRefused:
        told = answer.get("error")
        said = told if isinstance(told, Mapping) else {}
        error, message = self._told(said.get("code", "")), self._told(said.get("message", ""))
        lost = status == 409 and error == "PullLost"
        return (PullLost if lost else ServerRefused)(message or self._own_words(status), error, status)

    def _own_words(self, status: int) -> str:
        """A sentence for a refusal that came without one: something before the server, or another server."""
        if status == 401:
            return f"服务器 {self.host} 不接受这个令牌（HTTP 401）。请向管理员要一个有效的令牌。"
        if status == 403:
            return f"这个令牌不允许这样做（服务器 {self.host}，HTTP 403）。请向管理员要一个有权限的令牌。"
        if status == 404:
            return f"服务器 {self.host} 上没有伙伴簿的接口（HTTP 404）。请检查服务器地址是否正确。"
        if status >= 500 or status in PASSING:
            return f"服务器 {self.host} 现在不能回答（HTTP {status}）。请稍后再试；一直这样就告诉管理员。"
        return f"服务器 {self.host} 拒绝了请求（HTTP {status}）。请把这句话告诉管理员。"

    def _told(self, value: object) -> str:
        """Text from the server as one short line; a token that something echoes does not get through."""
        text = " ".join(_CONTROLS.sub(" ", value).split()) if isinstance(value, str) else ""
        for secret in (self._token, base64.b64encode(self._token.encode()).decode(), self._token.partition(":")[2]):
            text = text.replace(secret, "***")
        return text if len(text) <= LONGEST_SENTENCE else text[:LONGEST_SENTENCE] + "…"

    def _expect(self, answer: Mapping[str, Any], **kinds: type) -> None:
        for name, kind in kinds.items():
            if not isinstance(answer.get(name), kind):
                raise BadAnswer(self.host, f"缺少 {name}，或它的类型不对")

    def _number(self, answer: Mapping[str, Any], name: str) -> int:
        number = answer.get(name)
        if not isinstance(number, int) or isinstance(number, bool):
            raise BadAnswer(self.host, f"缺少 {name}，或它不是整数")
        return number


def connect(book: Any = None, environ: Mapping[str, str] = os.environ) -> Client:
    """The server that this computer or this workbook names, with the token that this computer keeps.

    Address: PARTNERBOOK_SERVER, else the cell named PB_SERVER. Token: PARTNERBOOK_TOKEN, else the system's keyring. A
    token from the environment goes to no other machine that only the workbook names.

    Raises:
        BadAddress, InsecureAddress, MissingToken, BadToken, ServerNotConfirmed
    """
    ours = environ.get("PARTNERBOOK_SERVER", "").strip()
    given = ours or (_named_in(book) if book is not None else "")
    if not given:
        raise BadAddress(
            "没有写服务器的地址。请在工作表“操作”的“服务器”一格（名称 PB_SERVER）或环境变量 PARTNERBOOK_SERVER 里写上，"
            "例如 https://forms.example.com。"
        )
    base = checked_address(given)
    token = environ.get("PARTNERBOOK_TOKEN", "").strip()
    if not token:
        return Client(base, _from_keyring(base))
    if not ours and not _is_loopback(urlsplit(base).hostname or ""):
        raise ServerNotConfirmed(base)
    return Client(base, token)


def checked_address(given: str) -> str:
    """The address without a slash at its end; BadAddress or InsecureAddress if a token must not go there."""
    text = given.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port  # reading the port proves that it is a number
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f\x7f\\]", text):
        raise BadAddress(
            "服务器的地址写得不对。请写成 https://主机名 或 https://主机名:端口，例如 https://forms.example.com。"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise BadAddress("服务器的地址里不能有账号、密码、问号或井号。请只写 https://主机名:端口。")
    if parts.scheme == "http" and not _is_loopback(host):
        raise InsecureAddress(parts.netloc)
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _named_in(book: Any) -> str:
    """The text of the cell that the workbook calls PB_SERVER, or nothing."""
    from addin.command_sheet import SERVER, read

    return read(book, SERVER)


def _from_keyring(base: str) -> str:
    """The token that the system keeps for this address; the library is optional."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise MissingToken(base) from None
    try:
        token = keyring.get_password(SERVICE, base)
    except keyring.errors.NoKeyringError:
        raise MissingToken(base) from None
    except keyring.errors.KeyringError as error:
        raise MissingToken(base, "（系统钥匙串没有打开）") from error
    if not token:
        raise MissingToken(base)
    return str(token).strip()


def _segment(pull: str) -> str:
    return quote(pull, safe="")


def _retry_after(text: str) -> float:
    """Seconds that a server asks to wait, as a number or a date; 0 if it says nothing that can be read."""
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


# ---- transports


def default_transport() -> Transport:
    """The one that works here: the browser's in Pyodide, the standard library's elsewhere."""
    return over_the_browser if sys.platform == "emscripten" else over_sockets


def over_sockets(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
) -> tuple[int, Mapping[str, str], bytes]:
    """One exchange by the standard library: no redirects, the system's certificates, no proxy for this machine."""
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    class AsItComes(urllib.request.HTTPErrorProcessor):
        """Hands every answer over, so that no redirect is followed and no status is raised."""

        def http_response(self, request: Any, response: Any) -> Any:
            return response

        https_response = http_response

    host = urlsplit(url).hostname or ""
    proxies = urllib.request.ProxyHandler({}) if _is_loopback(host) else urllib.request.ProxyHandler()
    opener = urllib.request.build_opener(proxies, AsItComes)
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    try:
        with opener.open(request, timeout=timeout) as response:
            given = {name.lower(): value for name, value in response.headers.items()}
            content = response.read(LARGEST_ANSWER + 1)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise UntrustedServer(host) from error
        raise error.reason if isinstance(error.reason, OSError) else ConnectionError(str(error.reason)) from error
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from error
    return response.status, given, _whole(content, given, host)


def _whole(content: bytes, headers: Mapping[str, str], host: str) -> bytes:
    """The body if all of it came: a reader that stops at a limit does not say that the line broke."""
    if len(content) > LARGEST_ANSWER:
        raise BadAnswer(host, f"超过 {LARGEST_ANSWER >> 20} MB")
    promised = headers.get("content-length", "")
    if promised.isdigit() and len(content) < int(promised):
        raise ConnectionError("the answer broke off")
    return content


def over_the_browser(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
) -> tuple[int, Mapping[str, str], bytes]:
    """One exchange by a synchronous XMLHttpRequest, the only call that a plain function in a browser can wait for.

    A browser follows redirects by itself and drops the token when the host changes; an answer from another address
    than was asked is refused all the same. It tells nothing about why there was no answer.
    """
    js = importlib.import_module("js")
    request = js.XMLHttpRequest.new()
    request.open(method, url, False)
    if not hasattr(js, "document"):  # a window refuses a time limit on a synchronous request, a worker takes it
        request.timeout = int(timeout * 1000)
    for name, value in headers.items():
        request.setRequestHeader(name, value)
    try:
        request.send(None if body is None else body.decode("utf-8"))
    except Exception as error:  # the browser's own error class exists only there
        raise ConnectionError("the browser got no answer") from error
    if request.status == 0:
        raise ConnectionError("the browser got no answer")
    if request.responseURL and request.responseURL.partition("#")[0] != url:
        raise Redirected(urlsplit(url).netloc, "")
    lines = (line.partition(":") for line in str(request.getAllResponseHeaders()).splitlines())
    given = {name.strip().lower(): value.strip() for name, _, value in lines}
    return int(request.status), given, str(request.responseText).encode("utf-8")
