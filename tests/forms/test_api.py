"""What `/api/v1` promises to programs: described as it is, closed without the right token, open only to named origins."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import fastjsonschema
import openapi_spec_validator
import pytest
from click.testing import CliRunner

from forms_server.api_description import OPERATIONS, openapi
from forms_server.finance_tokens import IMPORT, PULL, READ
from forms_server.house import House, open_house
from tests.delivery.conftest import candidate
from tests.delivery.open_copies import token, web
from workbook.cli import main

LITE = "https://addin.xlwings.org"


@pytest.fixture
def house(tmp_path: Path, sample: bytes) -> House:
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(sample)
    opened = open_house(path, tmp_path / "data")
    opened.delivery.run()
    return opened


@pytest.fixture(scope="session")
def sample() -> bytes:
    from workbook import build
    from workbook.evaluating import evaluated
    from workbook.sample import sample_rows

    return evaluated(build.new_workbook(rows=sample_rows(1)))


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def every_call(house: House) -> list[tuple[str, str, Any]]:
    """Each operation with a body that it takes, in an order that works."""
    pull = "11111111-1111-4111-8111-111111111111"
    bodies = {
        "claim": {"book": house.inbox.book_id, "generation": 0, "pull": pull}, "placed": {}, "abandon": {"reason": "试"},
        "hand_out": {"generation": 0, "rows": [[1, "C-0999"]], "refused": []},
        "saved": {"book": house.inbox.book_id, "generation": 1, "ids": [candidate(1).id]},
    }  # fmt: skip
    return [(one.method, one.path.replace("<pull>", pull), bodies.get(one.name)) for one in OPERATIONS]


def test_the_description_is_a_valid_openapi_document_of_exactly_the_addresses_there_are(house: House) -> None:
    document = web(house).get("/api/v1/openapi.json").json
    openapi_spec_validator.validate(document)
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = {
        (method, str(rule).replace("<", "{").replace(">", "}"))
        for rule in web(house).application.url_map.iter_rules()
        if str(rule).startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == served and len(served) == 8


def test_every_answer_is_what_the_description_says(house: House) -> None:
    house.inbox.submit(candidate(1))
    pages, key = web(house), token(house)
    for (method, path, body), operation in zip(every_call(house), OPERATIONS, strict=True):
        said = pages.open(path, method=method, json=body, headers=basic(key))
        assert said.status_code == 200, (path, said.text)
        fastjsonschema.compile(dict(operation.answer), use_formats=False)(said.json)
        assert said.headers["Cache-Control"] == "no-store"


def test_without_a_token_that_may_pull_nothing_but_the_description_answers(house: House) -> None:
    pages = web(house)
    readers = token(house, READ, IMPORT)
    error = fastjsonschema.compile(openapi()["components"]["schemas"]["Error"])
    for method, path, body in every_call(house):
        if path.endswith("openapi.json"):
            continue
        for headers, status in (({}, 401), (basic("fin-abcdefgh:pbf_wrong"), 401), (basic(readers), 403)):
            said = pages.open(path, method=method, json=body, headers=headers)
            assert said.status_code == status, path
            error(said.json)
        in_the_address = pages.open(f"{path}?token=x", method=method, json=body)
        assert in_the_address.status_code == 400


def test_a_token_that_may_pull_opens_nothing_of_finance(house: House) -> None:
    pages = web(house)
    assert pages.get("/finance/v1/budget-execution.csv", headers=basic(token(house, PULL))).status_code == 403


@pytest.mark.parametrize(
    "body, place",
    [
        (None, "body"),
        ([], "body"),
        ({"book": "x", "generation": 0}, "body.book"),
        ({"book": "11111111-1111-4111-8111-111111111111", "generation": -1}, "body.generation"),
        ({"book": "11111111-1111-4111-8111-111111111111", "generation": 2**40}, "body.generation"),
        ({"book": "11111111-1111-4111-8111-111111111111", "generation": "0"}, "body.generation"),
        ({"book": "11111111-1111-4111-8111-111111111111", "generation": 0, "more": 1}, "body"),
        ({"book": "11111111-1111-4111-8111-111111111111", "generation": 0, "limit": 0}, "body.limit"),
    ],
)
def test_a_body_that_is_not_described_is_refused_with_its_place(house: House, body: Any, place: str) -> None:
    said = web(house).post("/api/v1/pulls", json=body, headers=basic(token(house)))
    assert said.status_code == 400 and said.json["error"]["code"] == "BadBody"
    assert f"{place} 不符合" in said.json["error"]["message"]
    for text in (b"{", b"[" * 100_000, b"\xff", b""):
        assert web(house).post("/api/v1/pulls", data=text, headers=basic(token(house))).status_code == 400


PULL_ID = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    "rows, refused",
    [
        ([["x", "C-0001"]], []),
        ([[None, "C-0001"]], []),
        ([[True, "C-0001"]], []),
        ([[1, None]], []),
        ([[1, 5]], []),
        ([[-1, "C-0001"]], []),
        ([[2**31, "C-0001"]], []),
        ([[2**70, "C-0001"]], []),
        ([[1.5, "C-0001"]], []),
        ([[1]], []),
        ([[1, "C-0001", 2]], []),
        ([[1, "C" * 41]], []),
        ([[1, "C-\x00"]], []),
        ([], [[1, "\x00"]]),
        ([], [[1, ["写不进"]]]),
    ],
)
def test_a_pair_that_is_none_is_refused_and_nothing_is_handed_out(house: House, rows: Any, refused: Any) -> None:
    house.inbox.submit(candidate(1))
    pages, key = web(house), basic(token(house))
    before = house.inbox.state().generation
    pages.post("/api/v1/pulls", json={"book": house.inbox.book_id, "generation": before, "pull": PULL_ID}, headers=key)
    body = {"generation": before, "rows": rows, "refused": refused}
    said = pages.post(f"/api/v1/pulls/{PULL_ID}/generation", json=body, headers=key)
    assert said.status_code == 400 and said.json["error"]["code"] == "BadBody", said.text
    assert house.inbox.state().generation == before
    assert {one.row_key for one in house.inbox.all()} == {None}


def test_a_whole_number_with_a_point_is_the_number(house: House) -> None:
    """JSON knows one kind of number: 1.0 is 1."""
    for number in (1, 2):
        house.inbox.submit(candidate(number))
    body = {"book": house.inbox.book_id, "generation": 0.0, "limit": 1.0}
    said = web(house).post("/api/v1/pulls", json=body, headers=basic(token(house)))
    assert said.status_code == 200 and len(said.json["submissions"]) == 1 and said.json["more"] == 1


@pytest.mark.parametrize("name", ["none", "%00", "x" * 5000, "11111111-1111-4111-8111-111111111112", "{11111111}"])
def test_a_pull_that_is_none_is_lost_whatever_its_name(house: House, name: str) -> None:
    pages, key = web(house), basic(token(house))
    for call, body in (("generation", {"generation": 0, "rows": []}), ("placed", {}), ("abandon", {})):
        said = pages.post(f"/api/v1/pulls/{name}/{call}", json=body, headers=key)
        assert said.status_code == 409 and said.json["error"]["code"] == "PullLost"


def test_a_hundred_thousand_rows_that_are_not_the_pull_s_are_refused_at_once(house: House) -> None:
    house.inbox.submit(candidate(1))
    pages, key = web(house), basic(token(house))
    claim = {"book": house.inbox.book_id, "generation": 0, "pull": PULL_ID}
    (one,) = pages.post("/api/v1/pulls", json=claim, headers=key).json["submissions"]
    for seqs in (range(1_000, 101_000), [one["seq"]] * 100_000):
        body = {"generation": 0, "rows": [[seq, "C-0001"] for seq in seqs]}
        began = time.monotonic()
        said = pages.post(f"/api/v1/pulls/{PULL_ID}/generation", json=body, headers=key)
        assert said.status_code == 409 and time.monotonic() - began < 5
    body["rows"].append([1, "C-0001"])
    said = pages.post(f"/api/v1/pulls/{PULL_ID}/generation", json=body, headers=key)
    assert said.status_code == 400


def test_a_body_beyond_the_limit_is_refused_unread(house: House) -> None:
    pages, key = web(house), basic(token(house))
    body = {"book": house.inbox.book_id, "generation": 0, "ids": []}
    padded = json.dumps(body) + " " * (16 * 2**20)
    said = pages.post("/api/v1/saved", data=padded, headers=key)
    assert said.status_code == 413 and said.json["error"]["message"]
    assert pages.post("/api/v1/saved", data=padded[: 16 * 2**20], headers=key).status_code == 200


def test_another_workbook_is_refused_by_both_calls_that_name_one(house: House) -> None:
    pages, key, other = web(house), basic(token(house)), {"book": PULL_ID, "generation": 0}
    for path, body in (("pulls", other), ("saved", {**other, "ids": []})):
        said = pages.post(f"/api/v1/{path}", json=body, headers=key)
        assert said.status_code == 409 and said.json["error"]["code"] == "OtherBook"


def test_why_a_pull_was_given_up_is_one_line_of_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    pages, key = web(house), basic(token(house))
    pages.post("/api/v1/pulls", json={"book": house.inbox.book_id, "generation": 0, "pull": PULL_ID}, headers=key)
    pages.post(f"/api/v1/pulls/{PULL_ID}/abandon", json={"reason": "停了\nERROR 假的一行" + "长" * 1000}, headers=key)
    (line,) = [one.getMessage() for one in caplog.records if "given up" in one.getMessage()]
    assert "停了 ERROR 假的一行" in line and "\n" not in line and len(line) < 600


def test_pages_of_an_origin_that_the_operator_named_may_ask_and_no_others(house: House) -> None:
    pages, key = web(house, origins=(LITE,)), basic(token(house))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    said = pages.options("/api/v1/pulls", headers={"Origin": LITE, **asked})
    assert said.status_code == 204
    assert said.headers["Access-Control-Allow-Origin"] == LITE
    assert "Authorization" in said.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in said.headers
    assert pages.get("/api/v1/state", headers={"Origin": LITE, **key}).headers["Access-Control-Allow-Origin"] == LITE
    refused = pages.get("/api/v1/state", headers={"Origin": LITE})
    assert refused.status_code == 401 and refused.headers["Access-Control-Allow-Origin"] == LITE, (
        "the page can read why"
    )
    for stranger in ("https://addin.xlwings.org.example.com", "http://addin.xlwings.org", "null", "*"):
        for page in (
            pages.options("/api/v1/pulls", headers={"Origin": stranger, **asked}),
            pages.get("/api/v1/state", headers={"Origin": stranger, **key}),
        ):
            assert not any(name.startswith("Access-Control") for name, _ in page.headers)
            assert "Origin" in page.headers["Vary"]
    for elsewhere in ("/", "/staff/finance", "/finance/v1/budget-execution.csv"):
        assert "Access-Control-Allow-Origin" not in pages.get(elsewhere, headers={"Origin": LITE}).headers
    assert "Access-Control-Allow-Origin" not in web(house).get("/api/v1/state", headers={"Origin": LITE, **key}).headers


@pytest.mark.parametrize("origin", ["*", "addin.xlwings.org", "https://addin.xlwings.org/page", "https://"])
def test_an_origin_that_is_none_is_refused_at_the_start(house: House, origin: str) -> None:
    done = CliRunner().invoke(main, ["serve", str(house.path), "--origin", origin])
    assert done.exit_code == 2 and "https://" in done.output


def test_the_official_numbers_are_those_of_the_file_as_it_is_now(house: House) -> None:
    from workbook.evaluating import as_data, evaluate_file

    pages, key = web(house), basic(token(house))
    found = pages.get("/api/v1/evaluation", headers=key).json
    assert found["panels"] == as_data(evaluate_file(house.path)) and found["panels"]
    assert found["periods"][0]["partners"]
    before = house.path.read_bytes()
    assert pages.get("/api/v1/evaluation", headers=key).json == found and house.path.read_bytes() == before


def test_state_says_how_many_wait_and_as_of_when(house: House) -> None:
    pages, key = web(house), basic(token(house))
    before = pages.get("/api/v1/state", headers=key).json
    house.inbox.submit(candidate(1))
    after = pages.get("/api/v1/state", headers=key).json
    assert after["counts"]["waiting"] == before["counts"]["waiting"] + 1
    assert after["as_of"].startswith("20") and after["book"] == house.inbox.book_id
