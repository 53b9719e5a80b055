"""Makes the pictures of the open workbook in docs/pictures: a live LibreOffice Calc on a screen of its own.

    uv run --group dev python -m docs.make_excel_pictures

Needs LibreOffice, Debian's python3-uno, Xvfb and ImageMagick's `import`. The sample is served by a real server; what is
photographed is the window, after the actions ran in it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import waitress
import xlwings as xw

from addin import command_sheet, desktop
from addin.engines import calc_engine
from docs.picturing import FOLDER
from forms_server.app import ServerSettings, create_app
from forms_server.finance_tokens import PULL, Tokens
from forms_server.house import House, open_house
from tests.delivery.conftest import candidate
from workbook.build import new_workbook
from workbook.evaluating import evaluated
from workbook.sample import sample_rows
from workbook.schema import SENSITIVE

SCREEN, SIZE = ":97", "1500x940"
NAMES = ("海岸数据服务有限公司", "北辰工业设计有限公司", "=云桥科技（以等号开头的名字）")


@contextmanager
def screen() -> Iterator[None]:
    """A screen without glass."""
    process = subprocess.Popen(["Xvfb", SCREEN, "-screen", "0", f"{SIZE}x24"], stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = SCREEN
    time.sleep(1)
    yield
    process.terminate()
    process.wait()


@contextmanager
def server(house: House) -> Iterator[str]:
    """The forms of a house, listening."""
    app = create_app(ServerSettings(secret=house.secret, data=house.data), house.inbox)
    running = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=running.run, daemon=True).start()
    yield f"http://127.0.0.1:{running.effective_port}"


def photograph(book: xw.Book, sheet: str, name: str) -> None:
    """The window with that sheet in front."""
    document = book.impl.api
    controller = document.CurrentController
    controller.setActiveSheet(document.Sheets.getByName(sheet))
    window = controller.Frame.ContainerWindow
    width, height = (int(part) for part in SIZE.split("x"))
    window.setPosSize(0, 0, width, height, 15)
    time.sleep(3)
    subprocess.run(["import", "-window", "root", "-colors", "128", str(FOLDER / f"{name}.png")], check=True)


def main() -> None:
    """Every picture of the guide for Excel."""
    with tempfile.TemporaryDirectory() as home, screen():
        path = Path(home) / "伙伴簿.xlsx"
        path.write_bytes(evaluated(new_workbook(rows=sample_rows(1))))
        house = open_house(path, Path(home) / "data")
        house.delivery.run()
        for number, legal_name in enumerate(NAMES, start=1):
            house.inbox.submit(candidate(900 + number, legal_name=legal_name))
        made, text = Tokens(house.inbox).mint("图片", (PULL,), SENSITIVE, 1)
        with server(house) as address:
            os.environ["PARTNERBOOK_SERVER"], os.environ["PARTNERBOOK_TOKEN"] = address, f"{made.id}:{text}"
            calc_engine.register(visible=True)
            app = xw.App(add_book=False)
            book = app.books.open(str(path))
            command_sheet.prepare(book)
            book.sheets[command_sheet.TITLE].range("B5").value = "1"
            print(desktop.run(book).sentence)
            photograph(book, command_sheet.TITLE, "excel-command")
            photograph(book, "候选提交", "excel-pulled")
            print(desktop.run(book, "5", "V-0001").sentence)
            photograph(book, "报告 V-0001", "excel-report")
            book.close()
            app.quit()


if __name__ == "__main__":
    main()
