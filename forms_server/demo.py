"""Owns `partnerbook demo`: a sample book, the forms and delivery, everything on, and a list of what to try."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import Any

import click

from workbook.console import announce, as_json, reports, working

NAME = "伙伴簿-演示.xlsx"
TRY = """\
✓ 一切就绪

  表单    {url}
  工作簿  {book}

试一试：
  1. 打开表单，选“供应商候选资料”，统一社会信用代码填 91110000600037341L，上传任意一个 PDF，提交
  2. 记下回执号，用 Excel、WPS 或 LibreOffice 打开工作簿，翻到“候选提交”：最后一行就是它
  3. 把那一行的“状态”改成“资料审阅”，在“给伙伴的话”里写一句，保存并关闭
  4. 刷新回执页：状态和那句话已经在上面，注明截至何时
  5. 让工作簿开着，再交一份表单：回执照给，关闭工作簿后自动写入
  6. 另开一个终端核对：{verify}
  7. 财务：{token}，再用它登录 {url}/staff/finance，下载预算执行，或上传一份预算表

按 Ctrl+C 停止。再次运行 partnerbook demo 会接着用同一本工作簿。"""


@click.command()
@click.option("--port", type=int, default=8321, show_default=True, help="端口，0 表示任选。/ Port, 0 for any.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("partnerbook-demo"),
    show_default=True,
    help="演示文件夹。/ Folder of the demo.",
)
@click.option("--no-browser", is_flag=True, help="不打开浏览器。/ Do not open a browser.")
@as_json
@reports
def demo(port: int, folder: Path, no_browser: bool) -> dict[str, Any]:
    """示例工作簿、表单和自动写入，一次全开。/ Sample workbook, forms and delivery, all on."""
    with working("正在准备示例工作簿…"):
        from forms_server.house import open_house
        from forms_server.serving import run_server
        from workbook import store

        book = folder / NAME
        if not book.exists():
            from workbook.build import new_workbook
            from workbook.evaluating import evaluated
            from workbook.sample import sample_rows

            store.create(book, evaluated(new_workbook(rows=sample_rows(), settings={"公司名称": "示例制造有限公司"})))
        house = open_house(book, folder / "data")

    def ready(url: str) -> None:
        command = f"uv run partnerbook verify {book} --data {folder / 'data'}"
        token = f"uv run partnerbook token {book} --new 财务部 --scope read --scope import --data {folder / 'data'}"
        announce(TRY.format(url=url, book=house.path, verify=command, token=token), url=url, book=house.path)
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    run_server(house, "127.0.0.1", port, ready)
    return {"text": "演示已停止。"}
