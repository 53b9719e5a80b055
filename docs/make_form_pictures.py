"""Renders the pictures of the forms into docs/pictures: `uv run --group dev python -m docs.make_form_pictures [FOLDER]`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import waitress
from playwright.sync_api import Browser, Page, sync_playwright

from forms_server.app import ServerSettings, create_app
from forms_server.database import open_database
from forms_server.house import open_house
from forms_server.inbox import Inbox
from forms_server.reviews import Reviews
from tests.chromium import launch
from workbook.build import new_workbook
from workbook.evaluating import evaluated
from workbook.sample import sample_rows

BOOK = "00000000-0000-4000-8000-000000000001"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
TALLEST = {"desktop": 2100, "phone": 2200}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
ANSWERS = {
    "legal_name": "杭州青禾精密制造有限公司", "credit_code": "91110000600037341L", "contact": "李青",
    "phone": "138 0013 8000", "email": "liqing@example.com",
    "business_scope": "精密结构件的设计、加工与销售", "main_business": "精密结构件设计与加工，主要服务新能源汽车电驱系统。",
    "annual_revenue": "12,345.6", "revenue_year": "2025",
}  # fmt: skip


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Inbox]]:
    """The application over an inbox of its own."""
    secret = b"only for pictures"
    inbox = Inbox(open_database(folder / "inbox.sqlite"), BOOK, secret)
    profile = {"company": "远山集团", "mail": "partner@example.com", "phone": "0571-00000000"}
    inbox.saw(generation=1, fingerprint="", saved_at=datetime.now(UTC), profile=profile)
    server = waitress.create_server(
        create_app(ServerSettings(secret=secret, data=folder), inbox), host="127.0.0.1", port=0, threads=4
    )
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}", inbox
    server.close()


def picture(page: Page, target: Path, tallest: int, top: int = 0) -> None:
    """One picture of the page from the top, small enough for a README."""
    height = page.evaluate("document.documentElement.scrollHeight")
    width = page.evaluate("document.documentElement.clientWidth")
    clip = {"x": 0, "y": top, "width": width, "height": min(height - top, tallest)}
    page.screenshot(path=target, full_page=True, clip=clip)  # type: ignore[arg-type]


def fill(page: Page) -> None:
    """A candidate's answers."""
    for name, text in ANSWERS.items():
        page.fill(f"#{name}", text)
    page.select_option("#company_type", "limited")
    page.check("input[name=licence_term][value=dated]")
    page.fill("#licence_until", "2039-03-07")
    page.check("input[name=bank_report][value=yes]")
    page.set_input_files(
        "#certificates_file", [{"name": "营业执照 副本.pdf", "mimeType": "application/pdf", "buffer": PDF}]
    )
    page.wait_for_selector("#certificates_file-files input[type=hidden]", state="attached")


def send(page: Page) -> None:
    """Press the button of the form."""
    page.click("#the-form .acts .btn")
    page.wait_for_load_state()


def candidate(page: Page, address: str, inbox: Inbox, out: Path, size: str) -> None:
    """The long form: empty, with errors, its end with files, and the receipt before and after staff wrote."""
    page.goto(f"{address}/forms/candidate")
    picture(page, out / f"form-candidate-{size}.png", TALLEST[size])
    fill(page)
    page.fill("#credit_code", "91110000600037341M")
    page.fill("#bank_authorisation", "")
    wrong = {"name": "车间全景.tif", "mimeType": "image/tiff", "buffer": b"II*\0"}
    page.set_input_files("#proposal_file", [wrong])
    page.wait_for_selector("#proposal_file-files .refused")
    send(page)
    picture(page, out / f"form-candidate-errors-{size}.png", TALLEST[size])
    top = page.evaluate("document.querySelector('#part-5').getBoundingClientRect().top + scrollY - 60")
    picture(page, out / f"form-candidate-end-{size}.png", TALLEST[size], top)
    page.fill("#credit_code", "91110000600037341L")
    page.fill("#bank_authorisation", "2026-0117")
    page.check("#consent")
    send(page)
    picture(page, out / f"form-receipt-{size}.png", TALLEST[size])
    newest = inbox.all()[-1]
    inbox.move([newest], "confirmed")
    inbox.show({newest.id: {"status": "资料审阅", "reply": "案例研究请补一份近两年的，其余已齐。"}})
    page.reload()
    picture(page, out / f"form-status-{size}.png", TALLEST[size])


def take(browser: Browser, address: str, inbox: Inbox, out: Path) -> None:
    """All pictures."""
    for size, (width, height) in SIZES.items():
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        page = context.new_page()
        page.goto(address)
        picture(page, out / f"form-home-{size}.png", TALLEST[size])
        candidate(page, address, inbox, out, size)
        for slug in ("satisfaction", "incident", "innovation", "appeal"):
            page.goto(f"{address}/forms/{slug}")
            picture(page, out / f"form-{slug}-{size}.png", TALLEST[size])
            send(page)
            picture(page, out / f"form-{slug}-errors-{size}.png", TALLEST[size])
        context.close()
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}/forms/incident")
    send(page)
    picture(page, out / "form-incident-errors-dark-english.png", TALLEST["phone"])
    context.close()


def reviewers(browser: Browser, folder: Path, out: Path) -> None:
    """A reviewer's links of the sample: a panel in scoring, its sheet, and a final panel with the ranking."""
    path = folder / "sample.xlsx"
    path.write_bytes(evaluated(new_workbook(rows=sample_rows())))
    house = open_house(path, folder / "house")
    house.delivery.run()
    links = {panel: dict(Reviews(house.inbox, house.secret).invite(panel)) for panel in ("V-0001", "V-0002")}
    app = create_app(ServerSettings(secret=house.secret, data=house.data), house.inbox)
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    address = f"http://127.0.0.1:{server.effective_port}/i"
    for number, (size, (width, height)) in enumerate(SIZES.items()):
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        page = context.new_page()
        mine = f"{address}/{list(links['V-0002'].values())[number]}"
        page.goto(mine)
        picture(page, out / f"review-panel-{size}.png", TALLEST[size])
        page.goto(f"{mine}/C-0007")
        page.check("[name=conflict][value=no]")
        page.click("button[value=declare]")
        page.check('[name="m-v1-S2-1.mark"][value="4"]')
        page.fill("#m-v1-S2-1-evidence", "五轴加工与机器人关节壳体案例，与本项目同类")
        page.wait_for_selector("[data-saved]:not(:empty)", state="attached")
        picture(page, out / f"review-sheet-{size}.png", min(TALLEST[size], 1900))
        page.goto(f"{address}/{next(iter(links['V-0001'].values()))}")
        picture(page, out / f"review-ranking-{size}.png", min(TALLEST[size], 1800))
        context.close()
    server.close()


def main() -> None:
    """Render everything."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, inbox), sync_playwright() as p:
        chinese = {**os.environ, "LANGUAGE": "zh_CN"}  # the browser's own words on file and date controls
        browser = launch(p, env=chinese)
        take(browser, address, inbox, out)
        reviewers(browser, Path(folder), out)
        browser.close()


if __name__ == "__main__":
    main()
