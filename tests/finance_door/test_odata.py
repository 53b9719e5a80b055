"""The OData feed as Excel, Power BI and a generic client read it: documents, pages of one state, exact amounts, 501 for the rest."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from tests.finance_door.conftest import ODATA, Door, add_lines, basic, book_of, door, served
from tests.finance_door.walking import read, walk

LINES = f"{ODATA}BudgetExecution"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def keys(pages: list[dict[str, Any]]) -> list[str]:
    return [line["budget_line"] for page in pages for line in page["value"]]


def test_the_service_document_names_the_sets_and_metadata_their_types(small: Door) -> None:
    found = read(small.get(ODATA).get_data(as_text=True))
    assert found["@odata.context"].endswith("/finance/v1/odata/$metadata")
    assert [(one["name"], one["kind"], one["url"]) for one in found["value"]] == [
        ("BudgetExecution", "EntitySet", "BudgetExecution"), ("BudgetTotals", "EntitySet", "BudgetTotals"),
    ]  # fmt: skip
    schema = ElementTree.fromstring(small.get(f"{ODATA}$metadata").get_data())
    types = {one.get("Name"): one for one in schema.iter(f"{EDM}EntityType")}
    line = {one.get("Name"): one.attrib for one in types["BudgetLine"].iter(f"{EDM}Property")}
    assert line["budget"]["Type"] == "Edm.Decimal" and line["budget"]["Scale"] == "2"
    assert line["starts_on"]["Type"] == "Edm.Date" and line["budget_line"]["Nullable"] == "false"
    (first,) = walk(small, f"{LINES}?$top=1")
    assert set(first["value"][0]) == set(line)


def test_amounts_are_exact_numbers_or_text_as_the_client_asks(small: Door) -> None:
    address = f"{LINES}?$top=1&$select=budget_line,budget"
    plain = small.get(address).get_data(as_text=True)
    assert '"budget":100.01' in plain
    exact = small.get(address, Accept="application/json;IEEE754Compatible=true").get_data(as_text=True)
    assert '"budget":"100.01"' in exact


def test_pages_follow_one_another_and_keep_what_was_asked(small: Door) -> None:
    asked = f"{LINES}?$select=budget_line,budget&$count=true&$skip=2&$top=9"
    pages = walk(small, asked, Prefer="odata.maxpagesize=4")
    assert [len(page["value"]) for page in pages] == [4, 4, 1]
    assert keys(pages) == [f"BU-{n:04d}" for n in range(3, 12)]
    assert all(page["@odata.count"] == 12 and set(page["value"][0]) == {"budget_line", "budget"} for page in pages)
    assert small.get(f"{LINES}/$count").get_data(as_text=True) == "12"


@pytest.mark.parametrize(
    "option",
    ["$filter=budget gt 1", "$orderby=budget", "$expand=Lines", "$apply=aggregate(budget)", "$search=x", "$compute=budget as b", "filter=budget gt 1", "$levels=2"],
)  # fmt: skip
def test_what_is_not_spoken_is_refused_and_never_ignored(small: Door, option: str) -> None:
    answer = small.get(f"{LINES}?{option}")
    error = read(answer.get_data(as_text=True))["error"]
    assert answer.status_code == 501 and error["code"] and option.split("=")[0] in error["message"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (f"{LINES}?$top=-1", 400), (f"{LINES}?$top=x", 400), (f"{LINES}?$select=remark", 400), (f"{LINES}?$count=maybe", 400),
        (f"{LINES}?$skiptoken=abc", 400), (f"{LINES}?$format=xml", 415), (f"{LINES}('BU-0001')", 501), (f"{ODATA}Nothing", 404),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_odatas_shape(small: Door, address: str, code: int) -> None:
    answer = small.get(address)
    assert answer.status_code == code and read(answer.get_data(as_text=True))["error"]["message"]
    assert answer.headers["OData-Version"] == "4.0"


def test_nothing_can_be_written_through_the_feed(small: Door) -> None:
    client = small.client()
    for method in ("PUT", "PATCH", "DELETE"):
        assert client.open(LINES, method=method, headers=basic(small.id, small.token)).status_code == 405


def test_a_changed_link_is_refused(small: Door) -> None:
    (first, *_) = walk(small, LINES, Prefer="odata.maxpagesize=4")
    link = first["@odata.nextLink"]
    head, token = link.split("$skiptoken=")
    assert small.get(f"{head}$skiptoken={token[:-2]}{'aa' if token[-2:] != 'aa' else 'bb'}").status_code == 400
    assert small.get(link.replace("BudgetExecution", "BudgetTotals")).status_code == 400
    assert small.get(f"{link}&$filter=budget gt 1").status_code in (400, 501)


def test_a_walk_while_lines_are_imported_has_no_gap_no_double_and_one_as_of(tmp_path: Path) -> None:
    house = door(tmp_path, book_of(60))
    written = iter(range(61, 10_000, 5))

    def imported() -> None:
        add_lines(house.path, next(written), 5)
        house.get(f"{ODATA}BudgetTotals")  # somebody else asks, so that newer states come into being

    pages = walk(house, f"{LINES}?$count=true", imported, Prefer="odata.maxpagesize=7")
    assert len(pages) == 9
    assert keys(pages) == [f"BU-{n:04d}" for n in range(1, 61)]
    assert len({(page["@PartnerBook.asOf"], page["@PartnerBook.snapshot"]) for page in pages}) == 1
    assert {page["@odata.count"] for page in pages} == {60}
    assert sum(line["budget"] for page in pages for line in page["value"]) == Decimal("100.01") * sum(range(1, 61))
    assert len(keys(walk(house, LINES))) == 100  # eight imports of five lines


def test_a_walk_over_the_wire_stays_whole_while_another_thread_imports(tmp_path: Path) -> None:
    house = door(tmp_path, book_of(40))
    stop, errors = threading.Event(), []

    def imports() -> None:
        number = 41
        while not stop.is_set():
            try:
                add_lines(house.path, number, 3)
                house.get(f"{ODATA}BudgetTotals")
            except Exception as error:  # told by the assertion below
                errors.append(error)
            number += 3

    with served(house.app) as root:
        thread = threading.Thread(target=imports)
        thread.start()
        try:
            for _ in range(3):
                address, found, states = f"{root}{LINES}", [], set()
                while address:
                    answer = requests.get(
                        address, auth=(house.id, house.token), headers={"Prefer": "odata.maxpagesize=5"}, timeout=60
                    )
                    page = read(answer.text)
                    found += [line["budget_line"] for line in page["value"]]
                    states.add(page["@PartnerBook.snapshot"])
                    address = page.get("@odata.nextLink", "")
                assert len(states) == 1 and found == [f"BU-{n:04d}" for n in range(1, len(found) + 1)]
                assert (len(found) - 40) % 3 == 0
        finally:
            stop.set()
            thread.join()
    assert errors == []


def test_a_generic_client_reads_metadata_and_every_page(tmp_path: Path) -> None:
    """python-odata from PyPI: it reflects $metadata and follows nextLink by itself."""
    from odata import ODataService  # type: ignore[import-untyped]

    house = door(tmp_path, book_of(30))
    session = requests.Session()
    session.auth = (house.id, house.token)
    session.headers["Prefer"] = "odata.maxpagesize=8"
    with served(house.app) as root:
        service = ODataService(f"{root}{ODATA}", reflect_entities=True, session=session, quiet_progress=True)
        assert set(service.entities) >= {"BudgetExecution", "BudgetTotals"}
        found = list(service.query(service.entities["BudgetExecution"]))
        assert [one.budget_line for one in found] == [f"BU-{n:04d}" for n in range(1, 31)]
        assert round(sum(Decimal(str(one.budget)) for one in found), 2) == Decimal("100.01") * sum(range(1, 31))
        totals = {one.total: one for one in service.query(service.entities["BudgetTotals"])}
    assert set(totals) == {"P-0001", "P-0002", "合计"} and totals["合计"].lines == 30
