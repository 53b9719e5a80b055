"""Who gets through finance's door: tokens by Basic auth and nobody else, with what each may see (S1, S32, S42)."""

from __future__ import annotations

import logging
import re
import sqlite3
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from forms_server import finance_tokens
from forms_server.database import finance_tokens as tokens_table
from forms_server.finance_tokens import GUESSES, IMPORT
from forms_server.inbox import utcnow
from tests.finance_door.conftest import ODATA, PULL, Door, basic
from tests.forms.conftest import send
from workbook.cli import main
from workbook.schema import INTERNAL

ADDRESSES = [*(PULL + form for form in ("csv", "json", "xlsx")), ODATA, f"{ODATA}$metadata", f"{ODATA}BudgetExecution", f"{ODATA}BudgetTotals", "/staff/finance"]  # fmt: skip
SECRETS = ("100.01", "伙伴1有限公司", "K-0001", "BU-0001")  # what nobody without a token may read


def closed(door: Door, address: str, who: tuple[str, str] | None = None) -> None:
    """401 with the challenge, and nothing of finance in the answer."""
    answer = door.client().get(address, headers=basic(*who) if who else {})
    assert answer.status_code == 401, (address, answer.status_code)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="PartnerBook finance", charset="UTF-8"'
    text = answer.get_data(as_text=True)
    assert not [word for word in SECRETS if word in text]


def test_every_address_of_finance_refuses_whoever_has_no_token(small: Door) -> None:
    rules = [rule for rule in small.app.url_map.iter_rules() if rule.rule.startswith(("/finance", "/staff"))]
    assert len(rules) >= 8
    for rule in rules:
        address = rule.rule.replace("<any(csv, json, xlsx):form>", "csv").replace("<any(BudgetExecution, BudgetTotals):name>", "BudgetTotals").replace("<path:rest>", "x")  # fmt: skip
        assert "<" not in address
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = small.client().open(address, method=method)
            # a post without a page's CSRF token is stopped before anybody asks who sent it
            assert answer.status_code == (400 if method == "POST" else 401), (method, address)
    for address in ADDRESSES:
        closed(small, address)
        assert small.get(address).status_code == 200


def test_a_revoked_token_gets_401_with_the_challenge_at_once(small: Door) -> None:
    who = small.mint()
    assert small.get(f"{PULL}csv", who).status_code == 200
    small.tokens.revoke(who[0])
    for address in ADDRESSES:
        closed(small, address, who)


def test_wrong_unknown_and_expired_tokens_are_refused_with_the_same_words(
    small: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, other = small.mint(days=1), small.mint()
    for wrong in (
        (who[0], other[1]),
        ("fin-aaaaaaaa", other[1]),
        ("", who[1]),
        (who[1], who[0]),
        (who[0], who[1][:-1]),
    ):
        closed(small, f"{PULL}json", wrong)
    words = {small.get(f"{PULL}json", wrong).get_data() for wrong in ((who[0], other[1]), ("fin-aaaaaaaa", other[1]))}
    monkeypatch.setattr(finance_tokens, "utcnow", lambda: utcnow() + timedelta(days=2))
    closed(small, f"{PULL}json", who)
    assert words == {small.get(f"{PULL}json", who).get_data()}


def test_what_a_partner_holds_opens_nothing_of_finance(small: Door) -> None:
    client = small.client()
    sent = send(client, "candidate")
    assert sent.status_code == 303
    code = sent.location.rsplit("/", 1)[1].split("?")[0]
    with small.house.inbox.reading() as connection:
        ids = list(connection.scalars(sa.text("select id from submissions")))
    held = [code, *ids, "R-0001", "P-0001"]
    for mine in held:
        for who in ((mine, mine), (small.id, mine), (mine, small.token)):
            closed(small, f"{PULL}csv", who)
    assert client.get(f"{PULL}csv").status_code == client.get("/staff/finance").status_code == 401  # its own session
    page = client.get(sent.location).get_data(as_text=True)
    assert not [word for word in SECRETS if word in page]


def test_a_token_in_the_address_is_refused_and_not_logged(small: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for query in (f"?token={small.token}", f"?user={small.id}&password={small.token}", f"?x={small.token}"):
        assert small.client().get(f"{PULL}csv{query}").status_code == 400
        assert small.get(f"{PULL}csv{query}").status_code == 400
    assert small.token not in caplog.text and small.get(f"{PULL}csv").status_code == 200
    assert small.token not in caplog.text


def test_tokens_are_hashed_at_rest(small: Door) -> None:
    who = small.mint()
    small.get(f"{PULL}csv", who)
    with small.house.inbox.reading() as connection:
        (row,) = connection.execute(sa.select(tokens_table).where(tokens_table.c.id == who[0])).mappings()
    assert re.fullmatch(r"[0-9a-f]{64}", row["secret_hash"])
    for file in small.house.data.rglob("*"):
        if file.is_file():
            assert who[1].encode() not in file.read_bytes(), file.name
    place = next(small.house.data.glob("*.sqlite"))
    with sqlite3.connect(place) as connection_:
        assert who[1] not in "".join(connection_.iterdump())


def test_a_token_does_what_its_scopes_say(small: Door) -> None:
    reads, imports = small.mint(), small.mint(IMPORT)
    assert small.get(f"{PULL}csv", imports).status_code == small.get(ODATA, imports).status_code == 403
    page = small.get("/staff/finance", imports).get_data(as_text=True)
    assert 'name="sheet"' in page and not [word for word in SECRETS if word in page]
    assert 'name="sheet"' not in small.get("/staff/finance", reads).get_data(as_text=True)


def test_the_data_level_applies(small: Door) -> None:
    low = small.mint(level=INTERNAL)
    for address in ADDRESSES:
        assert small.get(address, low).status_code == 403, address
    text = small.get(f"{PULL}csv").get_data(as_text=True)
    assert "内部备注" not in text and "内部备注" not in small.get(f"{PULL}json").get_data(as_text=True)


def test_guesses_are_throttled_in_the_database_and_the_right_token_waits_too(small: Door) -> None:
    wrong = "pbf_" + "x" * 32
    answers = [small.get(f"{PULL}csv", (small.id, wrong)).status_code for _ in range(GUESSES + 2)]
    assert answers == [401] * GUESSES + [429] * 2
    stopped = small.get(f"{PULL}csv")
    assert stopped.status_code == 429 and 0 < int(stopped.headers["Retry-After"]) <= 60
    assert small.get(f"{PULL}csv", small.mint()).status_code == 200


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_shows_a_token_once_and_lists_and_revokes_it(small: Door) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(main, ["token", str(small.path), *words, "--data", str(small.house.data.parent)])
        assert done.exit_code == 0, done.output
        return done.output

    shown = run("--new", "审计")
    who = (re.findall(r"fin-\w{8}", shown)[0], re.findall(r"pbf_[\w-]{32}", shown)[0])
    assert small.get(f"{PULL}csv", who).status_code == 200
    listed = run("--list")
    assert who[0] in listed and "审计" in listed and who[1] not in listed and "pbf_" not in listed
    run("--revoke", who[0])
    closed(small, f"{PULL}csv", who)


def test_what_nobody_foresaw_is_said_to_programs_as_json(small: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("pbf_ secret detail")

    monkeypatch.setattr("forms_server.finance_pages.head_of", broken)
    answer = small.get(f"{PULL}json")
    assert answer.status_code == 500 and answer.mimetype == "application/json"
    assert "detail" not in answer.get_data(as_text=True)
    monkeypatch.undo()
    monkeypatch.setattr("workbook.reports.finance_xlsx.MOST_LINES", 3)
    full = small.get(f"{PULL}xlsx")
    assert full.status_code == 422 and "csv" in full.get_data(as_text=True)
