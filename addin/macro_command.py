"""Owns the command `macros`: the macro workbook and the ribbon add-in for desktop Excel. Light to import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workbook.console import as_json, reports


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
@click.option(
    "--standalone", is_flag=True, help="不装 xlwings 加载项的电脑也能用。/ For computers without the xlwings add-in."
)
@click.option(
    "--ribbon", type=click.Path(path_type=Path), metavar="FOLDER",
    help="同时在这个文件夹里放功能区加载项。/ Also put the ribbon add-in into this folder.",
)  # fmt: skip
@click.option(
    "--python",
    "interpreter",
    metavar="PATH",
    help="运行哪个 Python；不写就用各人在 xlwings 选项卡里设的。/ Which Python runs.",
)
@as_json
@reports
def macros(book: Path, standalone: bool, ribbon: Path | None, interpreter: str | None) -> dict[str, Any]:
    """从工作簿另做一本带宏的 .xlsm（桌面版 Excel 的按钮和单元格函数）。/ Make a macro workbook for desktop Excel.

    原来的 .xlsx 不动；宏取自本机安装的 xlwings。
    """
    from addin.macro_files import Interpreter, write_ribbon_addin, write_workbook
    from workbook import store
    from workbook.identity import must_be_ours
    from workbook.ooxml import Book

    snapshot = store.read(book)
    must_be_ours(Book.read(snapshot.data), snapshot.path.name)
    runs = Interpreter(windows=interpreter, mac=interpreter) if interpreter else None
    lines = [write_workbook(snapshot.path, runs, standalone=standalone)]
    made = snapshot.path.with_suffix(".xlsm")
    result: dict[str, Any] = {"book": str(made)}
    if ribbon is not None:
        ribbon.mkdir(parents=True, exist_ok=True)
        result["ribbon"] = str(write_ribbon_addin(ribbon, runs))
        lines.append(f"✓ 功能区加载项：{result['ribbon']}。在 Excel 的“加载项”里浏览到它，选项卡“伙伴簿”就会出现。")
    return {**result, "text": "\n".join(lines)}
