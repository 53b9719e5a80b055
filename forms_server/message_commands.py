"""Owns `partnerbook message`: send what is due through the doors of a private file, or try the doors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forms_server.commands import BOOK, DATA, DATABASE
from workbook.console import as_json, reports


@click.command()
@BOOK
@click.option(
    "--messages", "config", type=click.Path(path_type=Path), required=True,
    help="消息配置（TOML），里面有机器人和邮箱的密钥，只许本人可读。/ Private TOML file with robots and mailboxes.",
)  # fmt: skip
@click.option("--test", is_flag=True, help="向每个出口发一条测试消息。/ Send a test message through each door.")
@click.option("--retry", is_flag=True, help="放弃的消息也再发一遍。/ Try again what was given up.")
@DATABASE
@DATA
@as_json
@reports
def message(
    book: Path, config: Path, test: bool, retry: bool, database: str | None, data: Path | None
) -> dict[str, Any]:
    """把该发的消息发一遍：紧急问题、突发事件、例会和行动项提醒。/ Send the messages that are due, each once.

    默认不发任何消息；给了配置才发。密钥不写进工作簿、日志和提示。
    """
    from forms_server.couriers import post_once
    from forms_server.house import open_house
    from forms_server.messaging import read_doors
    from forms_server.outbox import Outbox

    doors = read_doors(config)
    house = open_house(book, data, database)
    if test:
        return _tested(doors)
    house.delivery.run()
    box = Outbox(house.inbox, doors)
    if retry:
        box.retry_failed()
    done = post_once(house, box)
    lines = [f"✓ 发出 {len(done.sent)} 条", *(f"  {name}" for name in done.sent)]
    lines += [f"  稍后再发 {name}：{why}" for name, why in done.waiting.items()]
    lines += [f"✗ 放弃 {name}：{why}（改好后加 --retry 再发）" for name, why in done.failed.items()]
    return {
        "ok": not done.failed and not done.waiting, "sent": done.sent, "waiting": done.waiting, "failed": done.failed,
        "standing": box.standing(), "text": "\n".join(lines),
    }  # fmt: skip


def _tested(doors: Any) -> dict[str, Any]:
    from forms_server.inbox import utcnow
    from forms_server.messaging import Message, send

    told = {}
    for door in doors:
        said = Message(f"test/{utcnow():%Y%m%d%H%M%S}", "urgent", "【测试】伙伴簿的测试消息，请忽略", ())
        outcome = send(door, said, utcnow())
        told[door.name] = "已发出" if outcome.ok else outcome.why
    good = all(why == "已发出" for why in told.values())
    return {"ok": good, "doors": told, "text": "\n".join(f"{name}：{why}" for name, why in told.items())}
