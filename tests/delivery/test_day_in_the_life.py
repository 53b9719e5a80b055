"""One day: staff work on the book in LibreOffice while partners send and correct, and two servers deliver and evaluate."""

from __future__ import annotations

import http.cookiejar
import random
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from forms_server.house import open_house
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import rows_of
from tests.forms.conftest import CANDIDATE, _Fields
from tests.office import SYSTEM_PYTHON, running
from tests.selection_books import selection_rows
from workbook.build import new_workbook
from workbook.evaluating import evaluate_file
from workbook.ooxml.lint import lint

pytestmark = pytest.mark.libreoffice
ROOT = Path(__file__).parents[2]
EARLY = 6  # submissions that are in the book before anybody sits down: C-0003 to C-0008

# What staff do, sitting by sitting. C-0001 and C-0002 are the panel's own candidates.
DAY = [
    "type:C-0003:负责人=王", "type:C-0004:主营业务=员工核实过的业务", "save", "pause:1",
    "sort:企业名称", "type:C-0005:备注=电话已打", "save", "close", "pause:2",
    "column:企业名称=我们的列", "type:C-0003:我们的列=自己的话", "filter:企业名称=企业 4", "save", "close", "pause:2",
    "rename:候选提交=候选名单", "number:C-0001:研发团队人数=400", "save", "pause:1",
    "type:C-0006:给伙伴的话=请补资质", "save", "close", "pause:2",
    "delete:C-0008", "save", "close",
]  # fmt: skip


class Partner:
    """Somebody at a browser, who sends to one server and corrects by another."""

    def __init__(self, servers: list[str]):
        self.servers = servers
        self.newest: dict[str, tuple[int, str]] = {}  # receipt → version and what the partner last said
        self.numbers: dict[str, int] = {}
        self.failures: list[str] = []

    def _post(self, server: str, path: str, change: dict[str, str]) -> str:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        with browser.open(server + path, timeout=30) as page:
            form = _Fields()
            form.feed(page.read().decode())
        data = urllib.parse.urlencode({**form.fields.to_dict(), "consent": "yes", **change}).encode()
        with browser.open(server + path, data, timeout=30) as page:
            landed = str(page.url)
        assert "/receipts/" in landed and not landed.endswith("/edit"), landed
        return landed.rsplit("/", 1)[1].split("?")[0]

    def send(self, number: int) -> None:
        text = f"第 {number} 份，第 1 版"
        filled = {**CANDIDATE, "legal_name": f"企业 {number}", "main_business": text}
        code = self._post(self.servers[number % 2], "forms/candidate", filled)
        self.newest[code], self.numbers[code] = (1, text), number

    def correct(self, code: str) -> None:
        version = self.newest[code][0] + 1
        text = f"第 {self.numbers[code]} 份，第 {version} 版"
        self._post(self.servers[version % 2], f"receipts/{code}/edit", {"main_business": text, "technology": text})
        self.newest[code] = (version, text)

    def busy(self, until: threading.Event) -> None:
        """Send and correct until the day is over."""
        number, chance = EARLY, random.Random(7)
        while not until.is_set():
            number += 1
            self.send(number)
            codes = [code for code in self.newest if self.numbers[code] != EARLY]
            self.correct(chance.choice(codes))
            if number % 5 == 0:
                self.correct(codes[1])  # the one whose words staff changed
            time.sleep(0.1)


@contextmanager
def server(book: Path, data: Path) -> Iterator[str]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.delivery.day_server", str(book), str(data)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait(timeout=30)


def until(happened: Any, seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.2)


def test_a_day_with_staff_at_the_book_and_partners_at_two_servers_loses_nothing_of_anybody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, data = tmp_path / "伙伴簿.xlsx", tmp_path / "data"
    book.write_bytes(new_workbook(rows=selection_rows(2, 3), book_id=str(uuid.UUID(int=77))))
    house = open_house(book, data)
    over, began = threading.Event(), time.monotonic()
    with running(tmp_path / "profile") as office, server(book, data) as one, server(book, data) as other:
        partner = Partner([one, other])
        for number in range(1, EARLY + 1):
            partner.send(number)
        until(lambda: sum(row["提交标识"] is not None for row in rows_of(book)) == EARLY)
        thread = threading.Thread(target=lambda: _told(partner, over))
        thread.start()
        script = Path(__file__).with_name("calc_edit.py")
        person = subprocess.run(
            [SYSTEM_PYTHON, str(script), str(office), str(book), "live", *DAY],
            capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
        over.set()
        thread.join(60)
        assert person.returncode == 0, person.stderr[-2000:]
        assert not partner.failures, partner.failures[0]
        until(lambda: not any(house.inbox.state().counts[s] for s in ("waiting", "leased", "placed")))
    house.delivery.run()
    assert len(rows_of(book, "results")) == 2, "the servers evaluated"
    evaluate_file(book)
    house.delivery.run()

    rows = rows_of(book)
    by_id = {row["提交标识"]: row for row in rows if row["提交标识"]}
    by_key = {row["候选编号"]: row for row in rows}
    receipts = {code: house.inbox.receipt(code) for code in partner.newest}
    assert sum(row["提交标识"] is not None for row in rows) == len(by_id) == len(partner.newest) - 1
    kept = 0
    for code, (version, text) in partner.newest.items():
        receipt = receipts[code]
        assert receipt is not None and receipt.version == version
        if partner.numbers[code] == EARLY:  # the one that staff deleted
            assert receipt.state == "deleted" and receipt.submission_id not in by_id
            continue
        row = by_id[receipt.submission_id]
        assert row["版本"] == version and row["核心技术"] == (text if version > 1 else None)
        own = row["候选编号"] == "C-0004"
        kept += own and version > 1
        assert row["主营业务"] == ("员工核实过的业务" if own else text)
    assert kept == 1, "the partner corrected the cell that staff had changed"
    assert (by_key["C-0003"]["负责人"], by_key["C-0003"]["我们的列"]) == ("王", "自己的话")
    assert (by_key["C-0005"]["备注"], by_key["C-0006"]["给伙伴的话"]) == ("电话已打", "请补资质")
    assert by_key["C-0001"]["研发团队人数"] == 400 and "C-0008" not in by_key
    assert "候选名单" in openpyxl.load_workbook(book, read_only=True).sheetnames
    log = rows_of(book, "changes")
    assert len({row["变更编号"] for row in log}) == len(log)
    assert any(row["行"] == "C-0004" and row["列"] == "主营业务" and "没有写进" in row["说明"] for row in log)
    assert any("核对伙伴更正" in str(row["事项"]) and row["对象"] == "C-0004" for row in rows_of(book, "todo"))
    results = {row["候选编号"]: row for row in rows_of(book, "results")}
    assert results["C-0001"]["官方得分"] > results["C-0002"]["官方得分"]  # by the number that staff typed at midday
    assert not evaluate_file(book).changed, "the results are of the book as it now stands"
    assert lint(book.read_bytes()) == ()
    report = verify_receipts(house.inbox, book)
    assert report.ok and report.in_book == len(by_id) and report.deleted == ("C-0008",), report.text()
    with capsys.disabled():
        corrected = sum(version > 1 for version, _ in partner.newest.values())
        print(
            f"\na day: {len(partner.newest)} receipts, {corrected} of them corrected, "
            f"{person.stdout.count('saved')} sittings of staff, generation {house.inbox.state().generation}, "
            f"{time.monotonic() - began:.0f} s: 0 lost, 0 doubled, 0 overwritten"
        )


def _told(partner: Partner, over: threading.Event) -> None:
    try:
        partner.busy(over)
    except Exception as error:
        partner.failures.append(repr(error))
