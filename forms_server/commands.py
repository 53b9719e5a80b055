"""Owns the commands of the web house: serve, deliver, verify. Light to import: what they need is imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workbook.console import announce, as_json, reports

BOOK = click.argument("book", type=click.Path(path_type=Path))
DATABASE = click.option("--database", help="收件箱数据库的 URL，默认是本机的 SQLite 文件。/ URL of the inbox database.")
DATA = click.option(
    "--data", type=click.Path(path_type=Path), envvar="PARTNERBOOK_DATA",
    help="收件箱、附件和密钥所在的本机文件夹。/ Folder of inbox, uploads and secret.",
)  # fmt: skip


@click.command()
@BOOK
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址。/ Address to listen on.")
@click.option("--port", type=int, default=8321, show_default=True, help="端口。/ Port.")
@DATABASE
@DATA
@as_json
@reports
def serve(book: Path, host: str, port: int, database: str | None, data: Path | None) -> dict[str, Any]:
    """开放表单，并把收到的提交写入工作簿。/ Serve the forms and deliver what arrives."""
    from forms_server.house import open_house
    from forms_server.serving import run_server

    house = open_house(book, data, database)

    def ready(url: str) -> None:
        announce(f"✓ 表单：{url}\n  工作簿：{house.path}\n  按 Ctrl+C 停止", url=url, book=house.path)

    run_server(house, host, port, ready)
    return {"text": "已停止。所有回执都已保存在收件箱里。"}


@click.command()
@BOOK
@DATABASE
@DATA
@as_json
@reports
def deliver(book: Path, database: str | None, data: Path | None) -> dict[str, Any]:
    """把等待的提交写入工作簿一次。/ Deliver what waits, once."""
    from forms_server.house import open_house
    from workbook.console import working

    house = open_house(book, data, database)
    with working("正在写入工作簿…"):
        result = house.delivery.run()
    lines = [f"✓ 写入 {result.delivered} 条，确认 {result.confirmed} 条，等待 {result.waiting} 条"]
    if result.held:
        lines.append(f"  其中 {result.held} 条评分等评审会交齐或截止后一起写入")
    if result.deleted:
        lines.append(f"  员工删除的行不会再写：{'、'.join(result.deleted)}")
    if result.again:
        lines.append(f"  这份文件里没有、将重新写入：{result.again} 条")
    if result.reasons:
        lines[0] = f"✗ 写入 {result.delivered} 条，等待 {result.waiting} 条"
        lines += [f"  {reason}" for reason in dict.fromkeys(result.reasons)]
    return {
        "ok": not result.reasons, "delivered": result.delivered, "confirmed": result.confirmed,
        "waiting": result.waiting, "held": result.held, "deleted": result.deleted, "again": result.again, "doubled": result.doubled,
        "reasons": list(dict.fromkeys(result.reasons)), "text": "\n".join(lines),
    }  # fmt: skip


@click.command()
@BOOK
@DATABASE
@DATA
@as_json
@reports
def verify(book: Path, database: str | None, data: Path | None) -> dict[str, Any]:
    """逐条核对回执与工作簿的行，不改任何东西。/ Prove that every receipt is one row, or say why not."""
    from forms_server.house import open_house
    from forms_server.verifying import verify_receipts

    house = open_house(book, data, database)
    report = verify_receipts(house.inbox, house.path)
    return {**report.as_dict(), "text": report.text()}


@click.command()
@BOOK
@click.argument("panel")
@click.option(
    "--base",
    default="http://127.0.0.1:8321",
    show_default=True,
    help="评审人打开的网址开头。/ Where reviewers reach the server.",
)
@click.option(
    "--renew",
    default="",
    metavar="REVIEWER",
    help="作废这位评审人的旧链接，换一个新的。/ Replace this reviewer's link.",
)
@DATABASE
@DATA
@as_json
@reports
def invite(book: Path, panel: str, base: str, renew: str, database: str | None, data: Path | None) -> dict[str, Any]:
    """给评审会的每位评审人一个个人评分链接。/ A personal scoring link for each reviewer of a panel."""
    from forms_server.house import open_house
    from forms_server.reviews import Reviews

    house = open_house(book, data, database)
    result = house.delivery.run()  # the panel as the file says it now
    reviews = Reviews(house.inbox, house.secret)
    people = reviews.view().get("people", {})
    links = [
        {
            "reviewer": reviewer, "person": people[reviewer]["person"], "department": people[reviewer]["role"],
            "link": f"{base.rstrip('/')}/i/{token}",
        }
        for reviewer, token in reviews.invite(panel, renew)
    ]  # fmt: skip
    lines = [f"✓ 评审会 {panel}：{len(links)} 个个人链接，请分别发给本人，不要转发"]
    lines += [f"  {one['reviewer']} {one['person']}（{one['department']}）  {one['link']}" for one in links]
    lines += [f"  注意：{reason}" for reason in result.reasons]
    return {"panel": panel, "links": links, "text": "\n".join(lines)}
