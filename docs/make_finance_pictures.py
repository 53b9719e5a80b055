"""Makes the pictures of finance in docs/pictures and refreshes the derived parts of docs/finance.md.

    uv run --group dev python -m docs.make_finance_pictures

The workbook is printed by LibreOffice from an evaluated sample; `take_pages` photographs the server's page with Chromium.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import waitress
from openpyxl import Workbook
from playwright.sync_api import Browser, sync_playwright

from docs.make_form_pictures import SIZES, TALLEST, picture
from docs.picturing import FOLDER, Shot, take
from forms_server.app import ServerSettings, create_app
from forms_server.finance_tokens import IMPORT, READ, Tokens
from forms_server.house import open_house
from tests.chromium import launch
from workbook.build import new_workbook
from workbook.evaluating import evaluated
from workbook.ooxml import Book
from workbook.reports.documented import derived
from workbook.reports.finance_head import Head
from workbook.reports.finance_lines import finance_columns, finance_lines
from workbook.reports.finance_xlsx import finance_workbook
from workbook.sample import sample_rows
from workbook.schema import SENSITIVE

GUIDE = Path(__file__).parent / "finance.md"
PICTURES = (
    Shot("finance-about", "说明", 100, 30, 30, 770, 560),
    Shot("finance-summary", "汇总", 110, 30, 40, 1230, 750),
    Shot("finance-lines", "预算执行", 90, 30, 30, 990, 430),
)


def take_pages(browser: Browser, address: str, user: str, token: str, sheet: Path) -> None:
    """The page /staff/finance of a running server on a desk and on a phone, and how a sheet of finance is understood."""
    for size, (width, height) in SIZES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN",
            http_credentials={"username": user, "password": token},
        )  # fmt: skip
        page = context.new_page()
        page.goto(f"{address}/staff/finance")
        picture(page, FOLDER / f"finance-page-{size}.png", TALLEST[size])
        if size == "desktop":
            page.set_input_files("#sheet", sheet)
            page.get_by_role("button", name="上传并预览").click()
            page.wait_for_selector("[data-mapping]")
            picture(page, FOLDER / "finance-preview.png", TALLEST[size])
        context.close()


def budget_sheet(path: Path) -> Path:
    """A sheet as finance keeps it: a title, the unit in a corner, a header of two lines, subtotals, a refund in brackets."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "2026年预算"
    company = "启明云科技有限公司"
    rows: tuple[tuple[object, ...], ...] = (
        ("示例制造有限公司 2026 年合作预算执行表",), ("编制：财务部", None, None, None, None, None, "单位：万元（含税）"),
        ("合同编号", "供应商", "科目", "三季度", None, "四季度", None), (None, None, None, "预算", "实际", "预算", "实际"),
        ("K-0001", company, "软件许可费", 0, 0, 35.5, 17.75), ("K-0001", company, "培训费", 2.5, 2.375, 12, "(0.6)"),
        ("小 计", None, None, 2.5, 2.375, 47.5, 17.15), ("HT-2026-077", "东禾商贸有限公司", "市场推广费", 1.2, 1.26, 6.8, 1.26),
        ("合计", None, None, 3.7, 3.635, 54.3, 18.41),
    )  # fmt: skip
    for row in rows:
        sheet.append(row)
    for area in ("A1:G1", "D3:E3", "F3:G3", "A3:A4", "B3:B4", "C3:C4"):
        sheet.merge_cells(area)
    book.save(path)
    return path


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, str, str]]:
    """The sample's book behind a server: its address, and a token that reads and imports."""
    path = folder / "伙伴簿.xlsx"
    path.write_bytes(evaluated(new_workbook(rows=sample_rows())))
    house = open_house(path, folder / "data")
    house.delivery.run()
    made, token = Tokens(house.inbox).mint("财务部", (READ, IMPORT), SENSITIVE, 365)
    Tokens(house.inbox).mint("集团审计", (READ,), SENSITIVE, 90)
    app = create_app(ServerSettings(secret=house.secret, data=house.data), house.inbox)
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}", made.id, token
    server.close()


def pages() -> None:
    """Write the pictures of the page."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with served(folder) as (address, user, token):
            take_pages(launch(playwright), address, user, token, budget_sheet(folder / "项目预算执行 2026.xlsx"))


def main() -> None:
    """Write the pictures of the workbook and the page, and the guide."""
    pages()
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    book = Book.read(evaluated(new_workbook(rows=sample_rows())))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "finance.xlsx"
        with path.open("wb") as out:
            finance_workbook(finance_lines(book), finance_columns(), Head("示例制造有限公司", now, "", ""), out)
        take(path, PICTURES)
    GUIDE.write_text(derived(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
