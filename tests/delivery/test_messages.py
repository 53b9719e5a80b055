"""What outgoing messages are promised: off unless configured, signed as the platforms say, each once, and no key in sight (S21)."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import hashlib
import hmac
import json
import logging
import socketserver
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from click.testing import CliRunner

import forms_server.messaging as messaging
import forms_server.outbox as outbox_module
from forms_server.couriers import Courier, post_once
from forms_server.house import House, open_house
from forms_server.inbox import Incoming
from forms_server.message_commands import message
from forms_server.messaging import (
    Door,
    Message,
    MessageFileOpen,
    MessageFileUnreadable,
    MessageFileWrong,
    Outcome,
    read_doors,
    robot_body,
    send,
    signed_url,
)
from forms_server.noticing import arrived_of, messages_of
from forms_server.outbox import Outbox, pause_after
from tests.forms.conftest import INCIDENT, ISSUE
from tests.rules.test_relations import fresh
from workbook.build import new_workbook
from workbook.ooxml import Book

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
SECRET, KEY, PASSWORD = "SECfictitious000000", "key-of-the-robot", "word-of-the-mailbox"
SAID = Message("urgent/1", "urgent", "【紧急问题】请立刻响应", ("问题：产线停机", "企业：青禾"))


# --- receivers --------------------------------------------------------------------------------------------------------


class Robot:
    """Takes what a robot would be sent; `answer` says what it says back, or waits, or redirects."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.code, self.body, self.location, self.wait = 200, b'{"errcode":0,"errmsg":"ok"}', "", threading.Event()
        self.slow = False
        robot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                robot.got.append((self.path, json.loads(body)))
                if robot.slow:
                    robot.wait.wait(5)
                with contextlib.suppress(OSError):
                    self.send_response(robot.code)
                    if robot.location:
                        self.send_header("Location", robot.location)
                    self.end_headers()
                    self.wfile.write(robot.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/send"

    def close(self) -> None:
        self.wait.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def robot() -> Iterator[Robot]:
    made = Robot()
    yield made
    made.close()


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server that takes one command after another; `refuse` makes it answer a command so."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        self.got: list[str] = []
        self.said: list[str] = []
        self.refuse: dict[str, str] = {}
        super().__init__(("127.0.0.1", 0), _Session)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: Mailbox

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().decode():
            word = line.split()[0].upper()
            self.server.said.append(line.strip())
            if word in self.server.refuse:
                self.say(self.server.refuse[word])
            elif word == "EHLO":
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            elif word == "AUTH":
                self.say("235 in")
            elif word == "DATA":
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(text)
                self.server.got.append(b"".join(lines).decode())
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.shutdown()
    made.server_close()


def mail_door(mailbox: Mailbox, **more: Any) -> Door:
    return Door(
        "邮箱", "mail", host="127.0.0.1", port=mailbox.port, sender="book@example.com", to=("a@example.com", "b@example.com"),
        **{"security": "none", **more},
    )  # fmt: skip


# --- formats ----------------------------------------------------------------------------------------------------------


def test_a_wecom_robot_gets_the_text_at_the_address_with_its_key(robot: Robot) -> None:
    assert send(Door("群", "wecom", url=f"{robot.url}?key={KEY}"), SAID, NOW) == Outcome(True)
    ((path, body),) = robot.got
    assert path == f"/send?key={KEY}"
    assert body == {"msgtype": "text", "text": {"content": "【紧急问题】请立刻响应\n问题：产线停机\n企业：青禾"}}


def test_a_dingtalk_robot_gets_a_signature_that_its_secret_gives(robot: Robot) -> None:
    assert send(Door("群", "dingtalk", url=f"{robot.url}?access_token=t", secret=SECRET), SAID, NOW).ok
    ((path, body),) = robot.got
    asked = parse_qs(urlsplit(path).query)
    moment = "1795399200000"  # 2026-11-23 10:00:00 in Beijing, in milliseconds
    assert asked["access_token"] == ["t"] and asked["timestamp"] == [moment]
    # HMAC by its definition (RFC 2104), not by the library that the product calls
    block = SECRET.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + f"{moment}\n{SECRET}".encode()).digest()
    digest = hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()
    assert asked["sign"] == [base64.b64encode(digest).decode()]
    assert body["msgtype"] == "text"


def test_a_signature_goes_into_the_address_as_an_address_may_hold_it() -> None:
    for moment in range(40):  # among so many there are signs with + and /
        sign = signed_url("https://example.com/send?access_token=t", SECRET, moment).split("&sign=")[1]
        assert not set(sign) & set("+/= ")
        right = base64.b64encode(hmac.digest(SECRET.encode(), f"{moment}\n{SECRET}".encode(), "sha256")).decode()
        assert unquote_plus(sign) == right


def test_a_mail_goes_to_everybody_with_an_id_that_is_the_same_for_the_same_matter(mailbox: Mailbox) -> None:
    for _ in range(2):
        assert send(mail_door(mailbox), SAID, NOW) == Outcome(True)
    first, second = (email.message_from_string(text, policy=email.policy.default) for text in mailbox.got)
    assert first["Subject"] == "【紧急问题】请立刻响应" and first["To"] == "a@example.com, b@example.com"
    assert "问题：产线停机" in first.get_content()
    assert first["Message-ID"] == second["Message-ID"] and first["Date"] == "Mon, 23 Nov 2026 02:00:00 +0000"
    assert sum(line.upper().startswith("RCPT") for line in mailbox.said) == 4


def test_a_mail_server_without_encryption_gets_no_password_and_no_mail(mailbox: Mailbox) -> None:
    outcome = send(mail_door(mailbox, security="starttls", user="u", password=PASSWORD), SAID, NOW)
    assert not outcome.ok and mailbox.got == [] and not any(line.upper().startswith("AUTH") for line in mailbox.said)


@pytest.mark.parametrize(
    ("word", "answer", "why"),
    [("AUTH", "535 no: word-of-the-mailbox", "535"), ("DATA", "554 no", "554"), ("RCPT", "550 nobody", "收件人")],
)
def test_what_a_mail_server_refuses_is_said_without_its_words(
    mailbox: Mailbox, word: str, answer: str, why: str
) -> None:
    mailbox.refuse[word] = answer
    outcome = send(mail_door(mailbox, user="u", password=PASSWORD), SAID, NOW)
    assert not outcome.ok and why in outcome.why and PASSWORD not in outcome.why


def test_a_mail_that_was_taken_is_sent_whatever_is_said_at_the_end(mailbox: Mailbox) -> None:
    mailbox.refuse["QUIT"] = "421 too busy"
    assert send(mail_door(mailbox), SAID, NOW).ok and len(mailbox.got) == 1


def test_a_text_is_cut_to_what_a_robot_takes_between_characters() -> None:
    content = json.loads(robot_body(SAID._replace(lines=("长" * 3000,))))["text"]["content"]
    assert 2040 <= len(content.encode()) <= 2048 and content.endswith("…")


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "body", "why"),
    [
        (200, b'{"errcode":310000,"errmsg":"sign not match SECfictitious000000"}', "310000"),
        (200, b'{"errcode":45009}', "太频繁"),
        (200, b"<html>", "读不懂"),
        (500, b"", "HTTP 500"),
        (302, b"", "HTTP 302"),
    ],
)
def test_what_a_robot_refuses_is_said_without_its_words_and_no_redirection_is_followed(
    robot: Robot, code: int, body: bytes, why: str
) -> None:
    other = Robot()
    try:
        robot.code, robot.body, robot.location = code, body, other.url if code == 302 else ""
        outcome = send(Door("群", "dingtalk", url=f"{robot.url}?access_token={KEY}", secret=SECRET), SAID, NOW)
        assert not outcome.ok and why in outcome.why and not outcome.unknown
        assert SECRET not in outcome.why and KEY not in outcome.why and other.got == []
    finally:
        other.close()


def test_a_robot_that_does_not_answer_is_a_time_out_that_may_have_arrived(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messaging, "SECONDS", 0.3)
    robot.slow = True
    assert send(Door("群", "wecom", url=robot.url), SAID, NOW) == Outcome(False, "超时", unknown=True)


def test_nobody_there_is_no_time_out() -> None:
    gone = Robot()
    gone.close()
    assert send(Door("群", "wecom", url=gone.url), SAID, NOW) == Outcome(False, "连接被拒绝")


def test_no_words_about_a_door_hold_its_secrets() -> None:
    door = Door("群", "dingtalk", url=f"https://example.com/?key={KEY}", secret=SECRET, user="u", password=PASSWORD)
    assert not any(word in repr(door) for word in (KEY, SECRET, PASSWORD))


# --- the private file -------------------------------------------------------------------------------------------------

GOOD = f"""
[[door]]
name = "值班群"
kind = "dingtalk"
url = "https://example.com/robot/send?access_token={KEY}"
secret = "{SECRET}"
topics = ["urgent", "incident"]
[[door]]
name = "邮箱"
kind = "mail"
host = "mail.example.com"
user = "book"
password = "{PASSWORD}"
from = "book@example.com"
to = ["duty@example.com"]
"""


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "messages.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_private_file_gives_the_doors(tmp_path: Path) -> None:
    first, second = read_doors(written(tmp_path, GOOD))
    assert (first.kind, first.secret, first.topics) == ("dingtalk", SECRET, ("urgent", "incident"))
    assert (second.host, second.port, second.security, second.to) == (
        "mail.example.com",
        587,
        "starttls",
        ("duty@example.com",),
    )


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, 0o640)
    with pytest.raises(MessageFileOpen, match="chmod 600"):
        read_doors(path)
    path.chmod(stat.S_IRUSR)
    assert len(read_doors(path)) == 2


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("[[door]]", "[[door"), MessageFileUnreadable, "不是 TOML"),
        (("[[door]]", "[[gate]]"), MessageFileUnreadable, "没有 \\[\\[door\\]\\]"),
        (('kind = "dingtalk"', 'kind = "fax"'), MessageFileWrong, "第 1 个.*kind"),
        (("https://", "http://"), MessageFileWrong, "url 应是 https"),
        ((f'secret = "{SECRET}"', ""), MessageFileWrong, "secret 没有写"),
        (('"incident"', '"gossip"'), MessageFileWrong, "topics"),
        (('name = "邮箱"', 'name = "值班群"'), MessageFileWrong, "第 2 个.*重复"),
        (('host = "mail.example.com"', 'host = "mail.example.com"\nsecurity = "none"'), MessageFileWrong, "密码会明文发出"),
        (('["duty@example.com"]', '["duty"]'), MessageFileWrong, "to"),
        (('from = "book@example.com"', 'from = "book\\n@example.com"'), MessageFileWrong, "from"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_named_and_no_value_repeated(
    tmp_path: Path, change: tuple[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        read_doors(written(tmp_path, GOOD.replace(*change)))
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PASSWORD))


# --- once -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    at = [datetime.now(UTC).replace(microsecond=0)]
    monkeypatch.setattr(outbox_module, "utcnow", lambda: at[0])

    def later(step: timedelta) -> None:
        at[0] += step

    return later


class Post:
    """Stands for the doors: what it was given, and what it says."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.given: list[tuple[str, str, bool]] = []
        self.outcomes = list(outcomes)

    def __call__(self, door: Door, said: Message, now: datetime, again: bool) -> Outcome:
        self.given.append((door.name, said.key, again))
        return self.outcomes.pop(0) if self.outcomes else Outcome(True)


@pytest.fixture
def house(tmp_path: Path) -> House:
    rows = fresh()
    rows["meetings"], rows["minute_confirmations"], rows["issues"], rows["issue_events"] = [], [], [], []
    rows["settings"] = [{"setting": "公司名称", "value": "示例"}]
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(new_workbook(rows=rows))
    made = open_house(path, tmp_path / "data")
    made.delivery.run()
    return made


Later = Callable[[timedelta], None]
WECOM = Door("群", "wecom", url="https://example.com")


def test_a_matter_goes_once_through_each_door_of_its_topic(house: House, clock: Later) -> None:
    post = Post()
    doors = [WECOM, Door("邮箱", "mail", ("incident",)), Door("二群", "wecom", ("urgent",), url="https://example.com")]
    for _ in range(3):
        box = Outbox(house.inbox, doors, post)
        box.put([SAID, SAID])
        box.post()
        clock(timedelta(hours=3))
    assert sorted(post.given) == [("二群", "urgent/1", False), ("群", "urgent/1", False)]


def test_two_processes_at_once_send_it_once(house: House) -> None:
    post, start = Post(), threading.Barrier(4)
    Outbox(house.inbox, [WECOM], post).put([SAID])

    def run() -> None:
        box = Outbox(house.inbox, [WECOM], post)
        start.wait()
        box.put([SAID])
        box.post()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(post.given) == 1


def test_what_fails_is_tried_again_with_growing_pauses_and_then_given_up(house: House, clock: Later) -> None:
    assert [int(pause_after(n).total_seconds()) for n in (1, 2, 3, 7, 8, 9)] == [30, 60, 120, 1920, 3600, 3600]
    post = Post(*[Outcome(False, "HTTP 500")] * 10)
    box = Outbox(house.inbox, [WECOM], post)
    box.put([SAID])
    assert (
        box.post().waiting == {"urgent/1 → 群": "HTTP 500"} and box.post().waiting == {}
    )  # not before its pause is over
    clock(timedelta(seconds=30))
    box.post()
    assert len(post.given) == 2
    for _ in range(8):
        clock(timedelta(hours=1))
        last = box.post()
    assert last.failed == {"urgent/1 → 群": "HTTP 500"} and len(post.given) == 10 and box.standing() == {"failed": 1}
    clock(timedelta(days=1))
    assert box.post().sent == []
    assert box.retry_failed() == 1 and box.post().sent == ["urgent/1 → 群"]
    assert not any(again for _, _, again in post.given)  # it was refused each time: it cannot have arrived


def test_what_may_have_arrived_says_so_when_it_comes_again(house: House, clock: Later, robot: Robot) -> None:
    post = Post(Outcome(False, "超时", unknown=True), Outcome(False, "HTTP 500"))
    box = Outbox(house.inbox, [WECOM], post)
    box.put([SAID])
    for _ in range(3):
        box.post()
        clock(timedelta(hours=1))
    assert [again for _, _, again in post.given] == [False, True, True]
    send(Door("群", "wecom", url=robot.url), SAID, NOW, again=True)
    assert robot.got[0][1]["text"]["content"].startswith("（重发）【紧急问题】")


def test_a_process_that_dies_while_it_sends_leaves_the_message_to_the_next(house: House, clock: Later) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: Any) -> Outcome:
        raise Killed

    box = Outbox(house.inbox, [WECOM], dies)
    box.put([SAID])
    with pytest.raises(Killed):
        box.post()
    post = Post()
    assert Outbox(house.inbox, [WECOM], post).post().sent == []  # it may still be at it
    clock(timedelta(minutes=3))
    assert Outbox(house.inbox, [WECOM], post).post().sent == ["urgent/1 → 群"]
    assert post.given == [("群", "urgent/1", True)]


def test_a_robot_gets_fifteen_messages_a_minute_and_the_rest_later(house: House, clock: Later) -> None:
    post = Post()
    box = Outbox(house.inbox, [WECOM], post)
    box.put([SAID._replace(key=f"urgent/{n}") for n in range(20)])
    assert (len(box.post().sent), len(box.post().sent)) == (15, 0)
    clock(timedelta(seconds=61))
    assert len(box.post().sent) == 5


# --- what is said -----------------------------------------------------------------------------------------------------


def stored(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "consent"}


def told(house: House, now: datetime = datetime(2026, 11, 23, 10, 0)) -> dict[str, Message]:
    return {one.key.split("/")[0]: one for one in messages_of(Book.read(house.path.read_bytes()), house.inbox, now)}


def test_an_urgent_issue_and_an_incident_are_told_and_nobody_is_named(house: House) -> None:
    house.inbox.submit(Incoming("00000000-0000-4000-8000-00000000000a", "issue", "issues", stored(ISSUE)))
    house.inbox.submit(Incoming("00000000-0000-4000-8000-00000000000b", "incident", "incidents", stored(INCIDENT)))
    house.inbox.submit(
        Incoming("00000000-0000-4000-8000-00000000000c", "issue", "issues", {**stored(ISSUE), "severity": "ordinary"})
    )
    before = told(house)
    assert set(before) == {"urgent", "incident"}
    house.delivery.run()
    assert told(house) == before  # the same keys once they stand in the book: nothing is told twice
    text = before["urgent"].text + before["incident"].text
    assert "问题：产线停机" in text and "应响应：" in text and "类型：质量" in text.replace("事件类型", "类型")
    assert not any(word in text for word in ("李青", "057112345678", "尺寸超差", "第 7 批"))


def test_what_a_sender_typed_is_one_line(house: House) -> None:
    house.inbox.submit(
        Incoming(
            "00000000-0000-4000-8000-00000000000a",
            "issue",
            "issues",
            {**stored(ISSUE), "title": "一\n@所有人 " + "长" * 290},
        )
    )
    (line,) = [one for one in told(house)["urgent"].lines if one.startswith("问题：")]
    assert line.startswith("问题：一 @所有人 长") and len(line) <= 123


def append(house: House, table: str, **row: Any) -> None:
    book = Book.read(house.path.read_bytes())
    book.append(table, [row])
    house.path.write_bytes(book.to_bytes())


def test_a_drill_says_so_first_and_an_old_matter_is_no_news(house: House) -> None:
    at = datetime(2026, 11, 23, 9, 0)
    append(
        house, "issues", 问题编号="I-0001", 问题="停机", 问题级别="紧急", 状态="待响应", 报告时间=at, 演练编号="DR-0001"
    )
    assert told(house)["urgent"].title.startswith("【演练】【紧急问题】")
    assert told(house, at + timedelta(hours=25)) == {}
    append(house, "incidents", 事件编号="E-0001", 发生时间=at, 演练编号="DR-0001")
    assert told(house)["incident"].title.startswith("【演练】【突发事件】")


def test_what_comes_by_the_link_of_a_drill_says_so_before_it_is_in_the_book(house: House) -> None:
    for number, (slug, table, values) in enumerate((("issue", "issues", ISSUE), ("incident", "incidents", INCIDENT))):
        one = Incoming(
            f"00000000-0000-4000-8000-00000000000{number}", slug, table, {**stored(values), "drill": "DR-0001"}
        )
        house.inbox.submit(one)
    assert [one.title[:4] for one in arrived_of(house.inbox)] == ["【演练】", "【演练】"]


def test_meetings_and_actions_are_told_the_day_before_but_not_at_night(house: House) -> None:
    append(
        house,
        "meetings",
        会议编号="ME-0001",
        例会编号="MS-0001",
        伙伴编号="P-0001",
        计划日期=date(2026, 12, 10),
        状态="待召开",
        负责人="罗倩",
    )
    assert set(told(house, datetime(2026, 12, 9, 10, 0))) == {"meeting", "action"}  # AC-0001 is due on the same day
    assert told(house, datetime(2026, 12, 9, 10, 0))["meeting"].lines[0] == "月度例会（ME-0001），负责人：罗倩"
    for other in (datetime(2026, 12, 9, 7, 59), datetime(2026, 12, 8, 10, 0), datetime(2026, 12, 11, 10, 0)):
        assert told(house, other) == {}, other


# --- the whole way ----------------------------------------------------------------------------------------------------


def config_of(folder: Path, robot: Robot) -> Path:
    text = f'[[door]]\nname = "群"\nkind = "dingtalk"\nurl = "{robot.url}?access_token={KEY}"\nsecret = "{SECRET}"\n'
    return written(folder, text)


def test_the_command_sends_once_and_shows_no_key(house: House, robot: Robot, tmp_path: Path) -> None:
    house.inbox.submit(Incoming("00000000-0000-4000-8000-00000000000a", "issue", "issues", stored(ISSUE)))
    words = [str(house.path), "--messages", str(config_of(tmp_path, robot)), "--data", str(house.data.parent), "--json"]
    first, second = (CliRunner().invoke(message, words) for _ in range(2))
    assert (first.exit_code, len(json.loads(first.stdout)["sent"])) == (0, 1), first.output
    assert (second.exit_code, json.loads(second.stdout)["sent"]) == (0, []) and len(robot.got) == 1
    robot.body = b'{"errcode":310000}'
    tested = CliRunner().invoke(message, [*words, "--test"])
    assert tested.exit_code == 1 and "310000" in tested.stdout
    everything = first.output + second.output + tested.output + house.path.read_bytes().decode("latin-1")
    assert KEY not in everything and SECRET not in everything


def test_a_server_tells_within_seconds_and_logs_no_key(
    house: House, robot: Robot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    doors = read_doors(config_of(tmp_path, robot))
    robot.body = b'{"errcode":310000}'
    house.inbox.submit(Incoming("00000000-0000-4000-8000-00000000000a", "issue", "issues", stored(ISSUE)))
    with caplog.at_level(logging.DEBUG):
        courier = Courier(house, doors, pause=0.05)
        courier.start()
        for _ in range(200):
            if robot.got and "310000" in caplog.text:
                break
            threading.Event().wait(0.05)
        courier.stop()
    assert len(robot.got) == 1 and "310000" in caplog.text
    assert KEY not in caplog.text and SECRET not in caplog.text


def test_without_doors_nothing_is_even_noted(house: House) -> None:
    house.inbox.submit(Incoming("00000000-0000-4000-8000-00000000000a", "issue", "issues", stored(ISSUE)))
    box = Outbox(house.inbox, [])
    assert post_once(house, box).sent == [] and box.standing() == {}
