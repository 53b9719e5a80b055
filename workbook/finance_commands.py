"""Owns the command that brings finance's sheets in: import-budget. Light to import: what it needs is imported inside."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbook.console import as_json, reports, working

if TYPE_CHECKING:
    from workbook.budget_source.model import Options

UNIT_WORDS = {"元": 1, "千元": 1_000, "万元": 10_000, "百万元": 1_000_000, "亿元": 100_000_000}
TAX_WORDS = {"含税": "included", "不含税": "excluded"}


class Rate(click.ParamType[Any]):
    """An exchange rate with its day, such as USD=7.1234@2026-03-31."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The currency, the rate and the day."""
        if isinstance(value, tuple):
            return value
        try:
            currency, rest = str(value).split("=", 1)
            rate, day = rest.split("@", 1)
            found = currency.strip().upper(), Decimal(rate), date.fromisoformat(day.strip())
        except (ValueError, InvalidOperation):
            self.fail(f"{value} 应写成 USD=7.1234@2026-03-31：币种、1 单位折合人民币、汇率日期", param, ctx)
        if not (found[1].is_finite() and found[1] > 0):
            self.fail(f"汇率 {rate} 应大于 0", param, ctx)
        return found


@click.command("import-budget")
@click.argument("book", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source", default="", help="来源的名称，默认取自文件名；同一来源下次按记住的映射读。/ Name of the source."
)
@click.option(
    "--unit", type=click.Choice(list(UNIT_WORDS)), help="表里没有写明的金额单位。/ Unit, where the sheet states none."
)
@click.option(
    "--tax", type=click.Choice(list(TAX_WORDS)), help="表里没有写明的含税口径。/ Tax in or out, where not stated."
)
@click.option("--year", type=click.IntRange(1990, 2100), help="表里没有写明的年度。/ Year, where not stated.")
@click.option("--currency", metavar="USD", help="表里没有写明的币种，默认人民币。/ Currency, where not stated.")
@click.option(
    "--rate",
    "rates",
    type=Rate(),
    multiple=True,
    metavar="USD=7.1234@2026-03-31",
    help="汇率和日期，可多次。/ Exchange rate and its day.",
)
@click.option("--sheet", "sheets", multiple=True, help="只取这些工作表，可多次；隐藏的表要写明。/ Only these sheets.")
@click.option("--preview", "only_preview", is_flag=True, help="只看怎么理解，不写入。/ Show, write nothing.")
@click.option("--yes", is_flag=True, help="不再询问，直接写入。/ Write without asking.")
@click.option(
    "--accept-difference", is_flag=True, help="合计与各行对不上也按各行导入。/ Import though totals disagree."
)
@as_json
@reports
def import_budget(
    book: Path, file: Path, source: str, unit: str | None, tax: str | None, year: int | None, currency: str | None,
    rates: tuple[tuple[str, Decimal, date], ...], sheets: tuple[str, ...], only_preview: bool, yes: bool, accept_difference: bool,
) -> dict[str, Any]:  # fmt: skip
    """导入财务自己的预算表（xlsx、xls、csv），不用改格式。/ Import finance's own budget sheets as they are.

    先显示怎么理解每一列、合计是否相符、哪些行没有对上合同，确认后才写入。同一份文件再导入一次，什么也不会改变。
    """
    from workbook.budget_source.model import Options

    options = Options(
        unit=UNIT_WORDS[unit] if unit else None, tax=TAX_WORDS[tax] if tax else None, year=year,
        currency=currency.strip().upper() if currency else None,
        rates={name: (rate, day) for name, rate, day in rates}, sheets=sheets,
    )  # fmt: skip
    return _run(book, file, source, options, "" if only_preview else "yes" if yes else "ask", accept_difference)


def _run(book: Path, file: Path, source: str, options: Options, write: str, accept: bool) -> dict[str, Any]:
    from workbook.importing_budget import TotalsDisagree, apply, preview

    data = _bytes(file)
    if write != "yes":
        with working(f"正在读 {file.name}…"):
            seen = preview(book, file.name, data, source, options)
        asked = write == "ask" and sys.stdin.isatty()
        if not asked:
            words = "没有写入。确认无误后加 --yes 导入。" if write else "只是预览，没有写入。"
            return {"ok": seen.ok, "changed": False, **seen.as_data(), "text": "\n".join([*seen.lines_told(), words])}
        click.echo("\n".join(seen.lines_told()), err=True)
        if not (seen.ok or accept):
            raise TotalsDisagree(seen.understood)
        if not click.confirm("按这样写入工作簿吗？", err=True):
            return {"changed": False, **seen.as_data(), "text": "没有写入。"}
    with working(f"正在把 {file.name} 写入 {book.name}…"):
        done = apply(book, file.name, data, source, options, accept)
    return {**done.as_data(), "text": "\n".join(done.lines_told())}


def _bytes(file: Path) -> bytes:
    from workbook.adopting.old_file import OldFileUnreadable

    try:
        return file.read_bytes()
    except OSError as error:
        raise OldFileUnreadable(f"找不到或读不了 {file}（{error.strerror}），请检查路径。") from error
