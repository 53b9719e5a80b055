"""Who tries to link anonymous answers to people, with what the machine keeps: each attacker wins against a leaky build only.

Two hundred people answer through the real pages while the real delivery runs. The attackers of the contract look at: the
order of rows in the two files; the files' bytes and logs of changes; a backup after every answer; every log; the book after
every delivery; the order of rows in the book; the mail queue with every link, and the server's secret besides. The promise
is to be one of five at least: no attacker may be right more often than chance among five, plus three sigma. Who has only an
order to go by may not be right more often than one in a group of fifty, plus three sigma.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
import math
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request

from forms_server import survey_delivery, survey_store
from forms_server.app import ServerSettings, create_app
from forms_server.survey_store import Group, SurveyStore
from tests.forms.conftest import fields
from tests.requirement_books import Scene
from tests.survey_books import MARKS, SV, close, links, survey_scene
from workbook.tables import AnonymousAnswers, SurveyInvitations

GROUPS = ((1, "them"), (1, "us"), (2, "them"), (2, "us"))
Pairs = dict[str, str]  # who, as an attacker believes, wrote which text


@dataclass
class Evidence:
    """What there was to see, and the truth: the text that each person wrote."""

    secret: bytes
    truth: Pairs = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    mails: Pairs = field(default_factory=dict)  # person → token
    backups: list[tuple[dict[str, Group], dict[str, Group]]] = field(default_factory=list)  # done people, texts pending
    books: list[tuple[list[str], list[str]]] = field(
        default_factory=list
    )  # done people, texts, each in the order of rows
    people_in_file: list[str] = field(default_factory=list)  # who is done, in the file's own order
    texts_in_file: list[str] = field(default_factory=list)
    keys_in_file: dict[str, str] = field(default_factory=dict)  # key of the row → text
    people_in_bytes: list[str] = field(default_factory=list)
    texts_in_bytes: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)


# --- the scene ---------------------------------------------------------------------------------------------------------


def rows_of(file: Path, table: str) -> list[sqlite3.Row]:
    """Rows in the order in which the file holds them: by rowid if there is one."""
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    with contextlib.closing(database):
        return database.execute(f"SELECT * FROM {table}").fetchall()


def text_of(row: sqlite3.Row) -> str:
    return str(json.loads(row["body"])["strengths"])


def look_at_files(seen: Evidence, store: SurveyStore) -> None:
    people = [row for row in rows_of(store.invitations, "invited") if row["done"]]
    answers = rows_of(store.answers, "answers")
    seen.backups.append(
        ({row["participant"]: seen.groups[row["participant"]] for row in people}, {text_of(row): Group(*row[1:4]) for row in answers})
    )  # fmt: skip
    for row in answers:
        if text_of(row) not in seen.texts_in_file:
            seen.texts_in_file.append(text_of(row))
        seen.keys_in_file[row["number"]] = text_of(row)
    seen.people_in_file += [row["participant"] for row in people if row["participant"] not in seen.people_in_file]
    raw = {f.name: f.read_bytes() for f in store.folder.iterdir()}
    for found, known, whose in (
        (seen.people_in_bytes, [p for p in seen.truth if p in {r["participant"] for r in people}], "invitations"),
        (seen.texts_in_bytes, [text_of(row) for row in answers], "answers"),
    ):
        data = b"".join(
            raw[name] for name in sorted(raw, reverse=True) if name.startswith(whose)
        )  # the log comes first
        new = [word for word in known if word not in found and word.encode() in data]
        found += sorted(new, key=lambda word: data.index(word.encode()))


def look_at_book(seen: Evidence, small: Scene) -> None:
    done = [r.text("participant") for r in small.records(SurveyInvitations) if r["status"] == "done"]
    seen.books.append((done, [r.text("strengths") for r in small.records(AnonymousAnswers)]))


class Listener(logging.Handler):
    """Every line of every log, however unimportant."""

    def __init__(self, lines: list[str]):
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{record.created:.6f} {record.name} {record.getMessage()}")


@contextlib.contextmanager
def listening(lines: list[str]) -> Iterator[None]:
    root, handler = logging.getLogger(), Listener(lines)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def play(folder: Path, size: int, every: int, *, wrap: Callable[[Flask], None] = lambda app: None) -> Evidence:
    """Everybody answers, in an order of their own; the files are copied after each, the book is read after each delivery."""
    small = survey_scene(folder, dict.fromkeys(GROUPS, size))
    seen = Evidence(small.house.secret)
    seen.mails = links(small)
    store = SurveyStore(small.house.data, small.house.secret)
    seen.groups = {one.participant: one.group for one in store.people(SV)}
    app = create_app(ServerSettings(secret=small.house.secret, data=small.house.data), small.house.inbox)
    wrap(app)
    client, order = app.test_client(), random.Random(26)
    people = list(seen.mails)
    order.shuffle(people)
    seen.truth = {who: f"w{order.getrandbits(64):016x}" for who in people}
    with listening(seen.logged):
        page = fields(client.get(f"/i/{seen.mails[people[0]]}"))
        for n, who in enumerate(people, 1):
            data = {"csrf_token": page["csrf_token"], **MARKS, "strengths": seen.truth[who], "consent": "yes"}
            assert client.post(f"/i/{seen.mails[who]}/answer", data=data).status_code == 303
            look_at_files(seen, store)
            if n % every == 0:
                small.house.delivery.run()
                look_at_book(seen, small)
    close(small)
    look_at_book(seen, small)
    assert sorted(seen.books[-1][1]) == sorted(seen.truth.values())  # all there, each once
    return seen


# --- the attackers -----------------------------------------------------------------------------------------------------


def in_order(people: Sequence[str], texts: Sequence[str], seen: Evidence) -> Pairs:
    """Pair people and texts in the orders in which they are found, within each group where the text's is known."""
    where = {text: group for _, pending in seen.backups for text, group in pending.items()}
    pairs: Pairs = {}
    for group in set(seen.groups.values()):
        mine = [who for who in people if seen.groups[who] == group]
        pairs |= dict(zip(mine, [t for t in texts if where.get(t, group) == group], strict=False))
    return pairs


def by_rowid(seen: Evidence) -> Pairs:
    return in_order(seen.people_in_file, seen.texts_in_file, seen)


def by_bytes(seen: Evidence) -> Pairs:
    return in_order(seen.people_in_bytes, seen.texts_in_bytes, seen)


def by_backups(seen: Evidence) -> Pairs:
    """People who are done since the backup before, with the texts that are new since people were last noted."""
    pairs: Pairs = {}
    known: set[str] = set()
    fresh: dict[Group, list[str]] = {}
    texts: set[str] = set()
    for done, pending in seen.backups:
        for text in sorted(set(pending) - texts):
            fresh.setdefault(pending[text], []).append(text)
        texts |= set(pending)
        for who in sorted(set(done) - known):
            if fresh.get(seen.groups[who]):
                pairs[who] = fresh[seen.groups[who]].pop(0)
        known |= set(done)
    return pairs


def by_log(seen: Evidence) -> Pairs:
    """Links in the order of the log's lines, with texts in the order of the files."""
    lines = "\n".join(seen.logged)
    whose = {token: who for who, token in seen.mails.items()}
    there = sorted((lines.index(token), who) for token, who in whose.items() if token in lines)
    return in_order([who for _, who in there], seen.texts_in_file, seen)


def by_polling(seen: Evidence) -> Pairs:
    """People who are done since the book was last read, with the rows that came since."""
    where = {text: group for _, pending in seen.backups for text, group in pending.items()}
    pairs: Pairs = {}
    waiting: dict[Group, list[str]] = {}
    known: set[str] = set()
    rows: set[str] = set()
    for done, texts in seen.books:
        for who in done:
            if who not in known:
                waiting.setdefault(seen.groups[who], []).append(who)
        known |= set(done)
        for text in texts:
            if text not in rows and waiting.get(where[text]):
                pairs[waiting[where[text]].pop(0)] = text
        rows |= set(texts)
    return pairs


def by_row_order(seen: Evidence) -> Pairs:
    """Who watched the people come and go knows their order; the rows of the finished book stand in another."""
    return in_order(list(seen.truth), seen.books[-1][1], seen)


def by_mail(seen: Evidence) -> Pairs:
    """Every link, and the secret: whatever can be made of a token is looked for among the keys of the answers."""
    pairs: Pairs = {}
    for who, token in seen.mails.items():
        guesses = {token, hashlib.sha256(token.encode()).hexdigest()}
        for purpose in ("invitation", "answer"):
            own = hmac.new(seen.secret, f"partnerbook survey {purpose}".encode(), hashlib.sha256).digest()
            guesses.add(hmac.new(own, token.encode(), hashlib.sha256).hexdigest())
        for guess in guesses & set(seen.keys_in_file):
            pairs[who] = seen.keys_in_file[guess]
    return pairs


ATTACKERS: dict[str, tuple[Callable[[Evidence], Pairs], int]] = {  # with the crowd in which everybody stays hidden
    "rowid": (by_rowid, 5), "WAL frames": (by_bytes, 5), "two successive backups": (by_backups, 5), "access log": (by_log, 50),
    "book polled": (by_polling, 5), "row order": (by_row_order, 5), "mail queue": (by_mail, 50),
}  # fmt: skip


def right(seen: Evidence, attack: Callable[[Evidence], Pairs]) -> int:
    return sum(seen.truth[who] == text for who, text in attack(seen).items())


def at_most(people: int, crowd: int) -> float:
    """Chance in a crowd, and three sigma."""
    chance = 1 / crowd
    return people * chance + 3 * math.sqrt(people * chance * (1 - chance))


# --- the leaky build -----------------------------------------------------------------------------------------------------


def leak(patch: pytest.MonkeyPatch) -> None:
    """What other survey tools had to mend, all at once: rowids, logs of changes, single marks, running numbers, links kept."""
    for name in ("INVITATIONS", "ANSWERS"):
        patch.setattr(survey_store, name, getattr(survey_store, name).replace("WITHOUT ROWID", ""))
    patch.setattr(survey_store, "LEAST", 1)
    patch.setattr(survey_delivery, "ready", lambda pending, answered, invited, over: pending)
    numbers = iter(range(100_000, 999_999))
    patch.setattr(
        survey_delivery.SurveyPost, "_row_keys", lambda post, book, size: [f"SN-{next(numbers)}" for _ in range(size)]
    )
    held: dict[Path, sqlite3.Connection] = {}

    @contextlib.contextmanager
    def logging_open(store: SurveyStore, path: Path, shape: str, **_: bool) -> Iterator[sqlite3.Connection]:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "wal_autocheckpoint=0"):
            database.execute(f"PRAGMA {pragma}")
        database.executescript(shape)
        if path not in held:  # while somebody has the file open, its log of changes stays
            held[path] = sqlite3.connect(path)
            held[path].execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
        database.close()

    def answer_under_its_key(store: SurveyStore, token: str, group: Group, values: dict[str, Any]) -> bool:
        with store._open(store.answers, survey_store.ANSWERS) as database:
            key = store._key("answer", token)
            database.execute("INSERT INTO answered VALUES (?, ?, ?, ?)", (key, *group))
            row = (key, *group, json.dumps(dict(values)))
            database.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, NULL, NULL)", row)
        return True

    def mark_anew(store: SurveyStore, group: Group) -> None:
        with store._open(store.invitations, survey_store.INVITATIONS) as database:
            for key in store._marks.noted.pop(group):
                row = database.execute("SELECT * FROM invited WHERE invitation = ?", (key,)).fetchone()
                database.execute("DELETE FROM invited WHERE invitation = ?", (key,))
                database.execute("INSERT INTO invited VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)", (*row[:6], *row[7:]))

    for name, made in (("_open", logging_open), ("answer", answer_under_its_key), ("_write_marks", mark_anew)):
        patch.setattr(SurveyStore, name, made)


def log_requests(app: Flask) -> None:
    """The access log that many servers write by themselves."""
    log = logging.getLogger("access")

    def note(response: Response) -> Response:
        log.info("%s %s", request.remote_addr, request.path)
        return response

    app.after_request(note)


# --- who wins ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return play(tmp_path_factory.mktemp("product"), 50, 8)


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    with pytest.MonkeyPatch.context() as patch:
        leak(patch)
        yield play(tmp_path_factory.mktemp("leaky"), 8, 1, wrap=log_requests)


@pytest.mark.parametrize("name", ATTACKERS)
def test_s26_an_attacker_links_no_more_answers_than_chance(product: Evidence, name: str) -> None:
    attack, crowd = ATTACKERS[name]
    assert len(product.truth) == 200
    assert right(product, attack) <= at_most(200, crowd), name


@pytest.mark.parametrize("name", ATTACKERS)
def test_the_same_attacker_wins_against_a_leaky_build(leaky: Evidence, name: str) -> None:
    attack, crowd = ATTACKERS[name]
    people = len(leaky.truth)
    assert right(leaky, attack) > max(at_most(people, crowd), 0.9 * people), name


def test_no_log_line_tells_of_a_link_or_an_address(product: Evidence) -> None:
    lines = "\n".join(product.logged)
    assert "/i/" not in lines and "127.0.0.1" not in lines
    assert not any(text in lines for text in product.truth.values())


def test_nothing_but_whole_batches_ever_came_into_the_book(product: Evidence) -> None:
    where = {text: group for _, pending in product.backups for text, group in pending.items()}
    before: set[str] = set()
    for _, texts in product.books:
        for group in set(product.groups.values()):
            fresh = [text for text in set(texts) - before if where[text] == group]
            assert not 0 < len(fresh) < 5
        before |= set(texts)
