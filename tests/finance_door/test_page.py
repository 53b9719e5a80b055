"""The page for finance: totals beside the downloads, and a sheet that is shown before a second word writes it."""

from __future__ import annotations

import io
import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_server.finance_tokens import IMPORT, READ
from forms_server.finance_uploads import SECONDS, BudgetUploads, UploadGone
from tests.finance_door.conftest import Door, basic
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.tables import BudgetImports, Budgets

PAGE = "/staff/finance"
HOSTILE = "<script>alert(1)</script>\"'&"


def sheet(
    budget: Any = 12.5, total: Any = None, title: str = "预算执行表 单位：万元", category: str = "培训费"
) -> bytes:
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    for row in ([title], ["合同编号", "供应商", "科目", "期间", "预算", "实际"], ["K-0001", "伙伴1有限公司", category, "2026年3月", budget, 1], ["合计", None, None, None, budget if total is None else total, 1]):  # fmt: skip
        page.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


class Visitor:
    """Somebody at the page with one token and one session."""

    def __init__(self, door: Door, *scopes: str):
        self.door, self.client = door, door.client()
        self.headers = basic(*(door.mint(*scopes) if scopes else (door.id, door.token)))

    def open(self) -> str:
        answer = self.client.get(PAGE, headers=self.headers)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def post(self, where: str, data: dict[str, Any], csrf: str | None = None) -> TestResponse:
        token = re.findall(r'name="csrf_token" value="([^"]+)"', self.open())
        mine = csrf if csrf is not None else (token[0] if token else "")
        return self.client.post(f"{PAGE}/{where}", data={"csrf_token": mine, **data}, headers=self.headers, content_type="multipart/form-data")  # fmt: skip

    def upload(self, data: bytes, name: str = "财务部预算.xlsx", **said: str) -> TestResponse:
        return self.post("sheet", {"sheet": (io.BytesIO(data), name), **said})


def reference(answer: TestResponse) -> str:
    return re.findall(r'name="reference" value="([^"]+)"', answer.get_data(as_text=True))[0]


def rows(door: Door) -> list[Record]:
    return read_records(Book.read(door.path.read_bytes()), Budgets)


def test_totals_stand_beside_the_downloads(small: Door) -> None:
    page = Visitor(small).open()
    # 100.01 × (1 + … + 12) = 7,800.78; 33.33 × 78 = 2,599.74
    assert "7,800.78" in page and "2,599.74" in page
    links = re.findall(r'href="(/finance/v1/budget-execution\.\w+)', page)
    assert [link.rsplit(".", 1)[1] for link in links] == ["xlsx", "csv", "json"]
    assert "Power Query" in page and small.token not in page


def test_a_sheet_is_shown_first_and_written_by_the_second_word_once(small: Door) -> None:
    visitor, before = Visitor(small), small.path.read_bytes()
    shown = visitor.upload(sheet())
    text = shown.get_data(as_text=True)
    assert shown.status_code == 200 and small.path.read_bytes() == before
    assert "约定预算 125,000.00" in text and "约定预算 · 万元" in text and "2 处合计，2 处相符" in text
    word = {"reference": reference(shown)}
    done = visitor.post("confirm", word)
    assert done.status_code == 200 and "新增 1 行" in done.get_data(as_text=True)
    assert (rows(small)[-1]["budget"], rows(small)[-1]["contract"]) == (Decimal("125000.00"), "K-0001")
    after = small.path.read_bytes()
    again = visitor.post("confirm", word)
    assert (
        again.status_code == 400 and "已经写入过" in again.get_data(as_text=True) and small.path.read_bytes() == after
    )
    assert len(read_records(Book.read(after), BudgetImports)) == 1
    assert not list((small.house.data / "finance" / "uploads").iterdir())


def test_a_sheet_is_taken_by_one_press_and_kept_for_an_hour(tmp_path: Path) -> None:
    now = [time.time()]
    uploads = BudgetUploads(tmp_path, b"secret", lambda: now[0])
    waiting = uploads.receive(io.BytesIO(b"data"), "预算.xlsx", "", {})
    word = uploads.sign(waiting, "fin-a")
    assert uploads.take(word, "fin-a").data == b"data"
    with pytest.raises(UploadGone):
        uploads.take(word, "fin-a")  # the press beside it, while the first one writes
    uploads.put_back(waiting)
    assert uploads.take(word, "fin-a").data == b"data"
    uploads.put_back(waiting)
    now[0] += SECONDS + 60
    uploads.sweep()
    assert not list((tmp_path / "uploads").iterdir())


def test_totals_that_disagree_need_a_tick(small: Door) -> None:
    visitor, before = Visitor(small), small.path.read_bytes()
    shown = visitor.upload(sheet(total=13))
    assert "130,000.00" in shown.get_data(as_text=True) and "125,000.00" in shown.get_data(as_text=True)
    word = {"reference": reference(shown)}
    refused = visitor.post("confirm", word)
    assert refused.status_code == 400 and small.path.read_bytes() == before
    done = visitor.post("confirm", {"reference": reference(refused), "accept": "yes"})
    assert done.status_code == 200 and rows(small)[-1]["budget"] == Decimal("125000.00")


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"\x89PNG nonsense", "预算.xlsx"), (b"", "预算.xlsx"), ("名称,电话\n甲,1\n".encode(), "名单.csv"), (sheet(title="预算表"), "预算.xlsx")],
)  # fmt: skip
def test_what_is_no_budget_sheet_is_refused_with_the_reason_and_nothing_kept(
    small: Door, data: bytes, name: str
) -> None:
    before = small.path.read_bytes()
    answer = Visitor(small).upload(data, name)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400 and 'data-notice="told"' in text and "reference" not in text
    assert small.path.read_bytes() == before and not list((small.house.data / "finance" / "uploads").iterdir())


def test_what_the_sheet_does_not_state_is_said_on_the_page(small: Door) -> None:
    visitor = Visitor(small)
    shown = visitor.upload(sheet(title="预算表"), unit="1000", tax="excluded")
    assert shown.status_code == 200 and "约定预算 · 千元" in shown.get_data(as_text=True)
    visitor.post("confirm", {"reference": reference(shown)})
    assert (rows(small)[-1]["budget"], rows(small)[-1]["tax"]) == (Decimal("12500.00"), "excluded")
    assert visitor.upload(sheet(), year="20").status_code == 400


def test_nobody_else_and_no_other_page_can_write_it(small: Door) -> None:
    visitor, before = Visitor(small), small.path.read_bytes()
    word = {"reference": reference(visitor.upload(sheet()))}
    assert visitor.post("confirm", word, csrf="forged").status_code == 400
    assert Visitor(small, READ, IMPORT).post("confirm", word).status_code == 400
    assert visitor.post("confirm", {"reference": word["reference"] + "x"}).status_code == 400
    reads = Visitor(small, READ)
    bare: FlaskClient = reads.client
    assert bare.post(f"{PAGE}/sheet", data={}, headers=reads.headers).status_code == 400  # no page, no CSRF token
    assert small.path.read_bytes() == before


def test_hostile_words_are_shown_as_words(small: Door) -> None:
    visitor = Visitor(small)
    answer = visitor.upload(sheet(category=HOSTILE), f"{HOSTILE}.xlsx".replace("/", ""), source=HOSTILE)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and "<script>alert" not in text and "&lt;script&gt;" in text
    visitor.post("confirm", {"reference": reference(answer)})
    assert rows(small)[-1]["category"] == HOSTILE


def test_a_book_open_in_excel_waits_and_the_same_word_works_later(small: Door) -> None:
    visitor = Visitor(small)
    word = {"reference": reference(visitor.upload(sheet()))}
    owner = small.path.with_name(f"~${small.path.name}")
    owner.write_bytes(b"\x04user" + b" " * 160)
    busy = visitor.post("confirm", word)
    assert busy.status_code == 503
    owner.unlink()
    assert visitor.post("confirm", word).status_code == 200 and rows(small)[-1]["budget"] == Decimal("125000.00")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_page_speaks_both_languages(small: Door, lang: str) -> None:
    text = small.get(f"{PAGE}?lang={lang}").get_data(as_text=True)
    assert ("下载" in text) == (lang == "zh-CN") and f'<html lang="{lang}"' in text
