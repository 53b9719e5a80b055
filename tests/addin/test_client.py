"""Owns the promises of the HTTP client, against a real server in a thread that misbehaves as real ones do."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import pytest

from addin import client as module
from addin.client import (
    BadAddress,
    BadAnswer,
    BadToken,
    Client,
    InsecureAddress,
    MissingToken,
    NoAnswer,
    PullLost,
    Redirected,
    ServerNotConfirmed,
    ServerRefused,
    UntrustedServer,
    connect,
)

SECRET = "pbf_Zm9yIHRlc3RzIG9ubHk"
TOKEN = f"fin-0a1b2c3d:{SECRET}"
PULL = {"pull": "p1", "generation_on_disk": 3, "numbers": {"候选提交": 7}, "submissions": [], "lineage": [[1, 3]], "more": 0, "held": 0, "elsewhere": 0, "notice": None}  # fmt: skip
Act = Callable[[BaseHTTPRequestHandler], None]


class Misbehaving:
    """A server that does one act per request, the last one for ever, and remembers what it was asked."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append((self.command, self.path, dict(self.headers), body))
                (outer.acts.pop(0) if len(outer.acts) > 1 else outer.acts[0])(self)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    running = Misbehaving()
    yield running
    running.close()


@pytest.fixture
def pauses() -> list[float]:
    return []


def client(server: Misbehaving, pauses: list[float], **options: Any) -> Client:
    return Client(server.base, TOKEN, pause=pauses.append, **options)


def answers(told: object, status: int = 200, **headers: str) -> Act:
    content = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()

    def act(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return act


def refusal(code: str, message: str) -> dict[str, Any]:
    """What the server's rooms for programs say when they refuse."""
    return {"error": {"code": code, "message": message}}


def cuts_the_line(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "5000")
    request.end_headers()
    request.wfile.write(b'{"placed": 1')
    request.close_connection = True


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)
    request.close_connection = True


def stalls(request: BaseHTTPRequestHandler) -> None:
    time.sleep(1.0)
    request.close_connection = True


# ---- what goes over the line


def test_every_step_of_a_pull_asks_what_the_contract_says(
    server: Misbehaving, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.uuid, "uuid4", lambda: "chosen")
    server.acts = [answers(PULL), answers({"generation": 9}), answers({"placed": 1}), answers({"released": 2}),
                   answers({"confirmed": 4}), answers({"waiting": 1}), answers({"results": []})]  # fmt: skip
    ours = client(server, pauses)
    assert ours.claim("伙伴簿.xlsx", 3) == PULL
    assert ours.hand_out("p/1", 3, [(5, "C-0008")], [(6, "太长")]) == 9
    ours.placed("p1")
    ours.abandon("p1", "没有地方")
    assert ours.saved("伙伴簿.xlsx", 9, ["a", "b"]) == 4
    assert ours.state() == {"waiting": 1}
    assert ours.evaluation() == {"results": []}
    assert [(method, path, json.loads(body) if body else None) for method, path, _, body in server.asked] == [
        ("POST", "/api/v1/pulls", {"book": "伙伴簿.xlsx", "generation": 3, "limit": 500, "pull": "chosen"}),
        (
            "POST",
            "/api/v1/pulls/p%2F1/generation",
            {"generation": 3, "rows": [[5, "C-0008"]], "refused": [[6, "太长"]]},
        ),
        ("POST", "/api/v1/pulls/p1/placed", {}),
        ("POST", "/api/v1/pulls/p1/abandon", {"reason": "没有地方"}),
        ("POST", "/api/v1/saved", {"book": "伙伴簿.xlsx", "generation": 9, "ids": ["a", "b"]}),
        ("GET", "/api/v1/state", None),
        ("GET", "/api/v1/evaluation", None),
    ]
    assert {headers["Authorization"] for _, _, headers, _ in server.asked} == {
        "Basic " + base64.b64encode(TOKEN.encode()).decode()
    }


# ---- what is tried again


def test_a_claim_whose_answer_got_lost_is_asked_again_under_the_same_id(
    server: Misbehaving, pauses: list[float]
) -> None:
    """The server leases rows to the id: under another one they would count as carried elsewhere until the lease ends."""
    server.acts = [cuts_the_line, answers(PULL)]
    ours = client(server, pauses)
    ours.claim("b", 1)
    ours.claim("b", 1)
    first, again, second = (json.loads(body)["pull"] for _, _, _, body in server.asked)
    assert first == again != second
    assert str(uuid.UUID(first)) == first


def test_a_server_that_asks_for_time_gets_it_and_the_call_succeeds(server: Misbehaving, pauses: list[float]) -> None:
    busy = refusal("WorkbookOpen", "工作簿开着")
    server.acts = [answers(busy, 503, Retry_After="7"), answers({"confirmed": 1})]
    assert client(server, pauses).saved("b", 1, []) == 1
    assert pauses == [7.0]


def test_a_wish_for_an_hour_is_cut_to_half_a_minute(server: Misbehaving, pauses: list[float]) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server.acts = [answers({}, 429, Retry_After="3600"), answers({}, 503, Retry_After=later), answers({"confirmed": 1})]
    assert client(server, pauses).saved("b", 1, []) == 1
    assert pauses == [30.0, 30.0]


@pytest.mark.parametrize("fault", [cuts_the_line, hangs_up, answers(b"<h1>Bad gateway</h1>", 502), answers({}, 504)])
def test_a_fault_on_the_way_is_tried_again(server: Misbehaving, pauses: list[float], fault: Act) -> None:
    server.acts = [fault, fault, answers({"placed": 1})]
    client(server, pauses).placed("p1")
    assert len(server.asked) == 3
    assert pauses == [0.5, 1.0]  # growing


def test_a_server_that_stalls_is_given_up_with_the_time_that_was_waited(
    server: Misbehaving, pauses: list[float]
) -> None:
    server.acts = [stalls]
    with pytest.raises(NoAnswer, match=r"127\.0\.0\.1:\d+ 没有回答（试了 2 次，每次等了 0\.2 秒）") as told:
        client(server, pauses, timeout=0.2, tries=2).placed("p1")
    assert not told.value.permanent


def test_a_port_where_nobody_listens_is_told_with_host_and_tries(pauses: list[float]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NoAnswer, match=rf"127\.0\.0\.1:{port} 没有回答（试了 4 次，连接被拒绝）.*请检查网络"):
        Client(f"http://127.0.0.1:{port}", TOKEN, pause=pauses.append).state()
    assert pauses == [0.5, 1.0, 2.0]


def test_a_proxy_of_the_environment_does_not_stand_between_us_and_this_machine(
    server: Misbehaving, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    server.acts = [answers({"waiting": 0})]
    assert client(server, pauses, tries=1).state() == {"waiting": 0}


def test_a_busy_server_that_stays_busy_says_so_itself_and_trying_later_may_help(
    server: Misbehaving, pauses: list[float]
) -> None:
    server.acts = [answers(refusal("WorkbookOpen", "工作簿开着，请关闭后再试。"), 503)]
    with pytest.raises(ServerRefused, match="工作簿开着，请关闭后再试。") as told:
        client(server, pauses).placed("p1")
    assert (told.value.error, told.value.status, told.value.permanent) == ("WorkbookOpen", 503, False)
    assert len(server.asked) == 4


# ---- what is not


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 500])
def test_a_refusal_is_told_at_once_in_the_servers_words(server: Misbehaving, pauses: list[float], status: int) -> None:
    server.acts = [answers(refusal("TokenRefused", "令牌 已撤销。"), status)]
    with pytest.raises(ServerRefused, match=r"^令牌 已撤销。$") as told:
        client(server, pauses).state()
    assert (told.value.error, told.value.status) == ("TokenRefused", status)
    assert len(server.asked) == 1 and pauses == []


def test_a_pull_that_ran_out_is_an_error_of_its_own(server: Misbehaving, pauses: list[float]) -> None:
    server.acts = [answers(refusal("PullLost", "这次取回已过期。"), 409)]
    with pytest.raises(PullLost, match="这次取回已过期"):
        client(server, pauses).hand_out("p1", 1, [], [])


@pytest.mark.parametrize(
    ("status", "words"), [(401, "不接受这个令牌"), (404, "没有伙伴簿的接口"), (500, "现在不能回答")]
)
def test_a_refusal_without_a_sentence_gets_one_of_ours(
    server: Misbehaving, pauses: list[float], status: int, words: str
) -> None:
    server.acts = [answers(b"<html>nginx</html>", status)]
    with pytest.raises(ServerRefused, match=words):
        client(server, pauses).state()


def test_a_web_page_in_place_of_an_answer_is_no_answer(server: Misbehaving, pauses: list[float]) -> None:
    server.acts = [answers(b"<!doctype html><title>Sign in</title>")]
    with pytest.raises(BadAnswer, match="看不懂（不是 JSON 对象）"):
        client(server, pauses).state()
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [{}, {"generation": "9"}, {"generation": True}, {"generation": 1.5}])
def test_an_answer_without_the_number_that_was_asked_for_is_refused(
    server: Misbehaving, pauses: list[float], answer: object
) -> None:
    server.acts = [answers(answer)]
    with pytest.raises(BadAnswer, match="缺少 generation，或它不是整数"):
        client(server, pauses).hand_out("p1", 1, [], [])


def test_a_claim_without_its_submissions_is_refused(server: Misbehaving, pauses: list[float]) -> None:
    server.acts = [answers({**PULL, "submissions": None})]
    with pytest.raises(BadAnswer, match="缺少 submissions"):
        client(server, pauses).claim("b", 1)


# ---- the token


def test_the_token_does_not_follow_a_redirect(server: Misbehaving, pauses: list[float]) -> None:
    elsewhere = Misbehaving()
    elsewhere.acts = [answers({"waiting": 0})]
    server.acts = [answers({}, 302, Location=f"{elsewhere.base}/api/v1/state")]
    with pytest.raises(Redirected, match=rf"转到另一个地址 {elsewhere.base}/api/v1/state，令牌没有跟过去"):
        client(server, pauses).state()
    elsewhere.close()
    assert elsewhere.asked == []


def test_what_a_server_echoes_of_the_token_is_blotted_out(server: Misbehaving, pauses: list[float]) -> None:
    packed = base64.b64encode(TOKEN.encode()).decode()
    server.acts = [answers(refusal("Odd", f"你发来了 {TOKEN} 即 {packed} 其中 {SECRET}\r\n\x07"), 400)]
    with pytest.raises(ServerRefused) as told:
        client(server, pauses).state()
    assert str(told.value) == "你发来了 *** 即 *** 其中 ***"


def test_the_token_is_in_no_repr_no_url_and_no_error(server: Misbehaving, pauses: list[float]) -> None:
    ours = client(server, pauses, tries=1)
    assert repr(ours) == f"Client('{server.base}')"
    seen = []
    for act in (hangs_up, answers(b"no"), answers({}, 401), answers({}, 302)):
        server.acts = [act]
        with pytest.raises((ServerRefused, BadAnswer, Redirected, NoAnswer)) as told:
            ours.state()
        seen += [str(told.value), repr(told.value), repr(told.value.__cause__), repr(vars(told.value))]
    assert not [
        text for text in seen + [path for _, path, _, _ in server.asked] if SECRET in text or "fin-0a1b" in text
    ]


@pytest.mark.parametrize("bad", ["", "fin-1", ":pbf", "fin-1:", "fin-1:pbf x", "fin-1:pbf\r\nX: y", "fin-1:密码"])
def test_what_is_no_token_is_refused_and_not_repeated(bad: str) -> None:
    with pytest.raises(BadToken) as told:
        Client("https://forms.example.com", bad)
    assert len(bad) < 6 or bad not in str(told.value)


# ---- the address


@pytest.mark.parametrize("base", ["http://forms.example.com", "http://10.0.0.7:8000", "http://localhost.example.com", "http://127.0.0.1.example.com"])  # fmt: skip
def test_plain_http_to_another_machine_is_refused(base: str) -> None:
    with pytest.raises(InsecureAddress, match="没有加密.*https://"):
        Client(base, TOKEN)


@pytest.mark.parametrize("base", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000/", "https://forms.example.com/pb/"])  # fmt: skip
def test_this_machine_and_https_are_allowed(base: str) -> None:
    assert Client(base, TOKEN).base == base.rstrip("/")


@pytest.mark.parametrize("base", ["forms.example.com", "ftp://forms.example.com", "https://", "https://h:port", "https://h x", "https://[", "javascript:alert(1)"])  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(base: str) -> None:
    with pytest.raises(BadAddress, match="请写成 https://主机名"):
        Client(base, TOKEN)


@pytest.mark.parametrize(
    "base", [f"https://{TOKEN}@forms.example.com", "https://forms.example.com/?t=1", "https://h/#x"]
)
def test_an_address_that_carries_more_than_an_address_is_refused(base: str) -> None:
    with pytest.raises(BadAddress, match="不能有账号、密码、问号或井号") as told:
        Client(base, TOKEN)
    assert SECRET not in str(told.value)


def test_a_certificate_that_nobody_trusts_ends_it_at_once(tmp_path: Path, pauses: list[float]) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    server = Misbehaving()
    server.acts = [answers({})]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    with pytest.raises(UntrustedServer, match="证书没有通过检查"):
        Client(server.base.replace("http:", "https:"), TOKEN, pause=pauses.append).state()
    server.close()
    assert server.asked == [] and pauses == []


# ---- where address and token come from


class Cell:
    """The one cell that a name means, as the client asks for it."""

    def __init__(self, value: object):
        self.value = [[value]]

    def options(self, ndim: int) -> Cell:
        assert ndim == 2
        return self


def book(**names: object) -> Any:
    return types.SimpleNamespace(
        names=[
            types.SimpleNamespace(name=name, refers_to="='操作'!$B$7", refers_to_range=Cell(value))
            for name, value in names.items()
        ]
    )


class InMemory(keyring.backend.KeyringBackend):
    priority = 1.0  # type: ignore[assignment]

    def __init__(self, held: dict[tuple[str, str], str]):
        super().__init__()
        self.held = held

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("nobody asked to keep a token")

    def delete_password(self, service: str, username: str) -> None:
        raise AssertionError("nobody asked to forget a token")


@pytest.fixture
def ring() -> Iterator[dict[tuple[str, str], str]]:
    before, held = keyring.get_keyring(), dict[tuple[str, str], str]()
    keyring.set_keyring(InMemory(held))
    yield held
    keyring.set_keyring(before)


def test_the_environment_comes_before_the_workbook_and_the_keyring(
    server: Misbehaving, ring: dict[tuple[str, str], str]
) -> None:
    ring["partnerbook", server.base] = "fin-ring0000:pbf_ring"
    server.acts = [answers({})]
    found = connect(book(PB_SERVER="https://other.example.com"), {"PARTNERBOOK_SERVER": server.base, "PARTNERBOOK_TOKEN": TOKEN})  # fmt: skip
    found.state()
    assert base64.b64decode(server.asked[0][2]["Authorization"].removeprefix("Basic ")).decode() == TOKEN


def test_the_workbook_names_the_server_and_the_keyring_holds_its_token(
    server: Misbehaving, ring: dict[tuple[str, str], str]
) -> None:
    ring["partnerbook", server.base] = TOKEN
    server.acts = [answers({})]
    connect(book(PB_SERVER=f" {server.base}/ "), {}).state()
    assert base64.b64decode(server.asked[0][2]["Authorization"].removeprefix("Basic ")).decode() == TOKEN


def test_a_token_of_the_environment_does_not_go_where_only_a_workbook_points(
    ring: dict[tuple[str, str], str],
) -> None:
    with pytest.raises(ServerNotConfirmed, match="只写在工作簿里.*PARTNERBOOK_SERVER"):
        connect(book(PB_SERVER="https://forms.example.com"), {"PARTNERBOOK_TOKEN": TOKEN})


@pytest.mark.parametrize("given", [None, book(), book(PB_SERVER=None), book(PB_SERVER=" ")])
def test_a_missing_address_says_where_to_write_it(given: Any) -> None:
    with pytest.raises(BadAddress, match="PB_SERVER.*PARTNERBOOK_SERVER"):
        connect(given, {"PARTNERBOOK_TOKEN": TOKEN})


def test_a_missing_token_says_how_to_set_it(ring: dict[tuple[str, str], str]) -> None:
    ring["partnerbook", "https://other.example.com"] = TOKEN  # another server's token is no help
    with pytest.raises(MissingToken, match=r"PARTNERBOOK_TOKEN，.*keyring set partnerbook https://forms\.example\.com"):
        connect(None, {"PARTNERBOOK_SERVER": "https://forms.example.com"})


def test_a_computer_without_a_keyring_gets_the_same_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)  # as if it were not installed
    with pytest.raises(MissingToken, match="PARTNERBOOK_TOKEN"):
        connect(None, {"PARTNERBOOK_SERVER": "https://forms.example.com"})


# ---- in a browser


class Request:
    """A synchronous XMLHttpRequest that asks through sockets, as the browser would; `redirected` is where it ended."""

    redirected = ""
    fails = False

    @staticmethod
    def new() -> Request:
        return Request()

    def open(self, method: str, url: str, asynchronous: bool) -> None:
        assert not asynchronous
        self.method, self.url, self.sent = method, url, dict[str, str]()

    def setRequestHeader(self, name: str, value: str) -> None:
        self.sent[name] = value

    def send(self, body: str | None) -> None:
        if Request.fails:
            raise RuntimeError("NetworkError")
        self.status, self.headers, content = module.over_sockets(
            self.method, self.url, self.sent, None if body is None else body.encode(), 5
        )
        self.responseText, self.responseURL = content.decode(), Request.redirected or self.url

    def getAllResponseHeaders(self) -> str:
        return "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "js", types.SimpleNamespace(XMLHttpRequest=Request, document=object()))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(Request, "redirected", "")
    monkeypatch.setattr(Request, "fails", False)


@pytest.mark.usefixtures("browser")
def test_in_a_browser_the_same_calls_go_through_the_browser(server: Misbehaving, pauses: list[float]) -> None:
    server.acts = [answers({}, 503, Retry_After="3"), answers({"confirmed": 2})]
    assert client(server, pauses).saved("伙伴簿", 4, ["甲"]) == 2
    assert pauses == [3.0]
    assert json.loads(server.asked[1][3]) == {"book": "伙伴簿", "generation": 4, "ids": ["甲"]}


@pytest.mark.usefixtures("browser")
def test_in_a_browser_an_answer_from_elsewhere_is_refused(
    server: Misbehaving, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.acts = [answers({"confirmed": 2})]
    monkeypatch.setattr(Request, "redirected", "https://other.example.com/api/v1/state")
    with pytest.raises(Redirected, match="令牌没有跟过去"):
        client(server, pauses).state()


@pytest.mark.usefixtures("browser")
def test_in_a_browser_silence_is_told_after_the_same_tries(
    server: Misbehaving, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Request, "fails", True)
    with pytest.raises(NoAnswer, match="试了 4 次"):
        client(server, pauses).state()
