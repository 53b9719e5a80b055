"""Makes the pictures of finance in docs/pictures and refreshes the derived parts of docs/finance.md.

    uv run --group dev python -m docs.make_finance_pictures

The workbook is printed by LibreOffice from an evaluated sample; `take_pages` photographs the server's page with Chromium.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from docs.picturing import FOLDER, Shot, take
from workbook.build import new_workbook
from workbook.evaluating import evaluated
from workbook.ooxml import Book
from workbook.reports.documented import derived
from workbook.reports.finance_head import Head
from workbook.reports.finance_lines import finance_columns, finance_lines
from workbook.reports.finance_xlsx import finance_workbook
from workbook.sample import sample_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GUIDE = Path(__file__).parent / "finance.md"
PICTURES = (
    Shot("finance-about", "说明", 100, 30, 30, 770, 560),
    Shot("finance-summary", "汇总", 110, 30, 40, 1230, 750),
    Shot("finance-lines", "预算执行", 90, 30, 30, 990, 430),
)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def take_pages(browser: Browser, address: str, user: str, token: str) -> None:
    """The page /staff/finance of a running server, for a token that may read; the sizes of the other pictures."""
    for size, (width, height) in SIZES.items():
        login = {"username": user, "password": token}
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", http_credentials=login,  # type: ignore[arg-type]
        )  # fmt: skip
        page = context.new_page()
        page.goto(f"{address}/staff/finance")
        page.screenshot(path=FOLDER / f"finance-page-{size}.png", full_page=True)
        context.close()


def main() -> None:
    """Write the pictures of the workbook, and the guide."""
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
