"""Owns the command that takes data out of a book: export. Light to import: what it needs is imported inside."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbook.console import as_json, reports, working
from workbook.schema import SENSITIVE, Level

if TYPE_CHECKING:
    from workbook.ooxml import Book
    from workbook.reports.finance_columns import FinanceColumn
    from workbook.reports.finance_head import Head
    from workbook.reports.finance_lines import FinanceLine, Totals
    from workbook.store import Snapshot

FORMATS = (".xlsx", ".csv", ".json")
LEVELS = {word: level for level in Level for word in level.value}


@click.command("export")
@click.argument("book", type=click.Path(path_type=Path))
@click.option(
    "--partner", default="", metavar="P-0001", help="伙伴编号：这一家自己可以看的内容。/ What one partner may have."
)
@click.option("--budget", is_flag=True, help="预算执行的全部行，给财务。/ All lines of budget execution, for finance.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="导出的文件；--budget 按后缀写成 xlsx、csv 或 json。/ The file; its suffix is the format.",
)
@click.option(
    "--lang", type=click.Choice(["zh-CN", "en"]), help="--budget 的表头语言，默认 zh-CN。/ Language of the headers."
)
@click.option(
    "--level", type=click.Choice(list(LEVELS)), help="--budget 最高取到的数据级别，默认敏感。/ Highest data level."
)
@as_json
@reports
def export(
    book: Path, partner: str, budget: bool, output: Path | None, lang: str | None, level: str | None
) -> dict[str, Any]:
    """导出一家伙伴自己可以看的内容，或给财务的预算执行。/ What one partner may have, or budget execution for finance."""
    if bool(partner) == budget:
        raise click.UsageError("请写 --partner 伙伴编号，或写 --budget，二者选一。")
    if partner:
        if lang or level:
            raise click.UsageError("--lang 和 --level 只用于 --budget。")
        if output is None:
            raise click.UsageError("请用 -o 写导出的文件。")
        return export_partner(book, partner, output)
    target = output or Path(f"{book.stem}-预算执行-{datetime.now():%Y-%m-%d}.xlsx")
    if target.suffix.lower() not in FORMATS:
        raise click.UsageError(f"不认识后缀“{target.suffix}”：请把文件名写成 {'、'.join(FORMATS)} 之一。")
    return export_budget(book, target, lang or "zh-CN", LEVELS[level] if level else SENSITIVE)


def export_partner(book: Path, partner: str, output: Path) -> dict[str, Any]:
    """Write what one partner may see as a workbook."""
    with working(f"正在导出 {partner}…"):
        from workbook import store
        from workbook.exporting import as_workbook, partner_export
        from workbook.tables import BY_NAME

        _, opened = _opened(book)
        found = partner_export(opened, partner)
        made = store.create(_as_xlsx(output), as_workbook(found))
    lines = [f"  {BY_NAME[name].label.zh} {count} 行" for name, count in found.counts().items()]
    head = f"✓ {found.partner} {found.legal_name} 可以看的内容 → {made}"
    return {"partner": partner, "file": str(made), "rows": found.counts(), "text": "\n".join([head, *lines])}


def _as_xlsx(path: Path) -> Path:
    if path.suffix.lower() in (".xlsm", ".xltx", ".xltm", ".xlsb", ".xls"):
        raise click.UsageError(f"导出的是 .xlsx，不能存成 {path.suffix}：Excel 会拒绝打开。请换成 {path.stem}.xlsx。")
    return path if path.suffix.lower() == ".xlsx" else path.with_name(path.name + ".xlsx")


def export_budget(book: Path, target: Path, lang: str, ceiling: Level) -> dict[str, Any]:
    """Write the finance lines in the format of the target's suffix; gives counts and sums.

    Raises:
        LevelTooLow, FinanceLineUnreadable, DuplicateLine, LineWithoutKey, TooManyLines: nothing is written.
        WorkbookUnreachable: the target is there already.
    """
    with working("正在导出预算执行…"):
        from workbook import store
        from workbook.reports.finance_json import totals_data
        from workbook.reports.finance_lines import TOTAL, finance_columns, finance_lines

        columns = finance_columns(ceiling)
        snapshot, opened = _opened(book)
        head = _head(snapshot, opened, lang)
        data, totals = _written(target.suffix.lower(), finance_lines(opened), columns, head)
        made = store.create(target, data)
    return {
        "book": str(book), "file": str(made), "format": target.suffix.lower()[1:], "lines": totals[TOTAL].lines,
        "as_of": head.as_of.isoformat(timespec="seconds"), "fingerprint": head.fingerprint, "totals": totals_data(totals),
        "text": "\n".join(_told(totals, head, made)),
    }  # fmt: skip


def _opened(book: Path) -> tuple[Snapshot, Book]:
    from workbook import store
    from workbook.identity import must_be_ours
    from workbook.ooxml import Book

    snapshot = store.read(book)
    opened = Book.read(snapshot.data)
    must_be_ours(opened, snapshot.path.name)
    return snapshot, opened


def _head(snapshot: Snapshot, book: Book, lang: str) -> Head:
    from zoneinfo import ZoneInfo

    from workbook.records import read_if_there
    from workbook.reports.finance_head import Head
    from workbook.tables import SettingRow, Settings

    settings = {row.key: row.text("value") for row in read_if_there(book, Settings)}
    zone = ZoneInfo(settings.get(SettingRow.ZONE) or "Asia/Shanghai")
    company = settings.get(SettingRow.COMPANY) or ""
    return Head(company, snapshot.saved_at.astimezone(zone), "", snapshot.fingerprint, lang)


def _written(
    suffix: str, lines: Iterable[FinanceLine], columns: tuple[FinanceColumn, ...], head: Head
) -> tuple[bytes, Mapping[str, Totals]]:
    from workbook.reports.finance_csv import csv_chunks
    from workbook.reports.finance_json import json_chunks
    from workbook.reports.finance_lines import RunningTotals
    from workbook.reports.finance_xlsx import finance_workbook

    if suffix == ".xlsx":
        out = io.BytesIO()
        totals = finance_workbook(lines, columns, head, out)
        return out.getvalue(), totals
    running = RunningTotals()
    chunks = (csv_chunks if suffix == ".csv" else json_chunks)(running.through(lines), columns, head)
    return b"".join(chunks), running.totals()


def _told(totals: Mapping[str, Totals], head: Head, made: Path) -> list[str]:
    from workbook.reports.finance_lines import TOTAL, UNMATCHED

    whole = totals[TOTAL]
    rate = "" if whole.rate is None else f"，执行率 {whole.rate:.2f}%"
    lines = [
        f"✓ 预算执行 {whole.lines:,} 行 → {made}",
        f"  合计：约定预算 {whole.budget:,.2f}，实际发生 {whole.actual:,.2f}，已承诺 {whole.committed:,.2f}{rate}",
    ]
    if UNMATCHED in totals:
        lines.append(f"  其中 {totals[UNMATCHED].lines:,} 行没有写伙伴编号")
    return [*lines, f"  数据截至 {head.as_of:%Y-%m-%d %H:%M:%S}（工作簿的保存时间）"]
