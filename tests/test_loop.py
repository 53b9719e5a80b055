"""The loop as one story: a form in a browser becomes a row in the workbook, and what staff type comes back."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine
from playwright.sync_api import Browser, expect

from forms_server.app import ServerSettings, create_app
from forms_server.house import House, open_house
from tests.delivery.conftest import edit, ids_of, rows_of
from workbook.build import new_workbook
from workbook.ooxml.lint import lint

CREDIT_CODE = "91110000600037341L"  # published: it passes the check of GB 32100-2015
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

ANSWERS = {
    "legal_name": "=HYPERLINK(\"http://example.com\",\"杭州青禾\")", "credit_code": CREDIT_CODE, "company_type": "limited",
    "contact": "联系人", "phone": "138 0013 8000", "email": "li@example.com", "licence_term": "dated",
    "licence_until": "2039-03-07", "business_scope": "精密结构件", "main_business": "精密结构件设计与加工",
    "annual_revenue": "12,345.6", "team_size": "８５", "consent": "yes",
}  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> House:
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(new_workbook(settings={"公司名称": "示例制造有限公司"}))
    opened = open_house(path, tmp_path / "data")
    opened.delivery.run()  # as `serve` does first: pages know the settings of the book
    return opened


def hidden(page: str, name: str) -> str:
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    assert tag, f"no hidden field {name}"
    value = re.search(r'value="([^"]*)"', tag[0])
    assert value
    return value[1]


def test_from_post_to_the_cell_and_back_to_the_partners_page(house: House) -> None:
    client = create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox).test_client()
    page = client.get("/forms/candidate").text
    fields = {**ANSWERS, "submission": hidden(page, "submission"), "csrf_token": hidden(page, "csrf_token")}
    answer = client.post("/forms/candidate", data=fields)
    assert answer.status_code == 303, re.findall(r"(?s)<p class=\"error.*?</p>", answer.text)
    receipt = answer.headers["Location"]
    assert client.post("/forms/candidate", data=fields).headers["Location"] == receipt

    assert house.delivery.run().delivered == 1
    (row,) = rows_of(house.path)
    assert row["企业名称"] == ANSWERS["legal_name"]
    assert row["年营收"] == 123456000
    assert row["研发团队人数"] == 85
    assert row["联系电话"] == "13800138000"
    assert row["执照截止日"].isoformat().startswith("2039-03-07")

    def decide(sheet: Any) -> None:
        heads = {cell.value: cell.column for cell in sheet[5]}
        sheet.cell(6, heads["状态"]).value = "资料审阅"
        sheet.cell(6, heads["给伙伴的话"]).value = "<b>已安排</b> 11 月 30 日前答复"
        sheet.cell(6, heads["备注"]).value = "内部：价格偏高"

    edit(house.path, decide)
    house.delivery.run()
    shown = client.get(receipt).text
    assert "资料审阅" in shown
    assert "&lt;b&gt;已安排&lt;/b&gt; 11 月 30 日前答复" in shown
    assert "截至" in shown
    assert "价格偏高" not in shown and "青禾" not in shown.split("<main", 1)[1].replace(ANSWERS["legal_name"], "")


@pytest.fixture
def address(house: House) -> Iterator[str]:
    from werkzeug.serving import make_server

    server = make_server(
        "127.0.0.1", 0, create_app(ServerSettings(secret=house.secret, data=house.data), house.inbox), threaded=True
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.browser
@pytest.mark.libreoffice
def test_a_browser_fills_the_form_with_an_upload_and_every_reader_finds_the_row(
    house: House, address: str, browser: Browser, tmp_path: Path
) -> None:
    document = tmp_path / "青禾简介.pdf"
    document.write_bytes(PDF)
    page = browser.new_page(locale="zh-CN")
    page.goto(f"{address}/forms/candidate")
    for name, value in ANSWERS.items():
        control = page.locator(f"[name={name}]").first
        kind = control.evaluate("e => e.tagName + ':' + e.type")
        if kind.endswith(":checkbox"):
            control.check()
        elif kind.endswith(":radio"):
            page.locator(f"[name={name}][value={value}]").check()
        elif kind.startswith("SELECT"):
            control.select_option(value)
        else:
            control.fill(value)
    page.locator("[name=profile_file]").set_input_files(document)
    expect(page.get_by_text("已收到").first).to_be_visible()  # a press before that only says that a file is on its way
    page.locator("main form button.btn:not(.quiet):not(.bare)").last.click()
    expect(page).to_have_url(re.compile("/receipts/"))
    code = page.url.rsplit("/", 1)[1].split("?")[0]
    assert "示例制造有限公司" in page.content()
    page.close()

    assert house.delivery.run().delivered == 1
    receipt = house.inbox.receipt(code)
    assert receipt is not None
    assert ids_of(house.path) == [receipt.submission_id]
    expected = (ANSWERS["legal_name"], CREDIT_CODE, "青禾简介.pdf")

    def found(cells: list[Any]) -> bool:
        return all(
            any(isinstance(cell, str) and want in cell for cell in cells) for want in (*expected, receipt.submission_id)
        )

    assert found(list(rows_of(house.path)[0].values()))
    sheet = python_calamine.CalamineWorkbook.from_path(house.path).get_sheet_by_name("候选提交")
    assert any(found(row) for row in sheet.to_python())
    subprocess.run(
        [
            "soffice",
            "--headless",
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--convert-to",
            "xlsx",
            "--outdir",
            str(tmp_path / "lo"),
            str(house.path),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    resaved = openpyxl.load_workbook(tmp_path / "lo" / house.path.name)["候选提交"]
    assert any(found([cell.value for cell in row]) for row in resaved.iter_rows())
    assert not any(
        isinstance(cell.value, str) and cell.data_type == "f" and "HYPERLINK" in cell.value and "青禾" in cell.value
        for row in resaved.iter_rows()
        for cell in row
    )
    assert lint(house.path.read_bytes()) == ()
