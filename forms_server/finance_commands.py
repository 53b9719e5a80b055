"""Owns `partnerbook token`: the keys to finance's door and to pulling in Excel, made, listed and revoked where the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forms_server.commands import BOOK, DATA, DATABASE
from workbook.console import as_json, reports
from workbook.schema import Level

if TYPE_CHECKING:
    from forms_server.finance_tokens import Token, Tokens

LEVELS = {word: level for level in Level for word in (level.value.zh, level.name.lower())}
SCOPE_WORDS = {"read": "读取", "import": "导入", "pull": "取回提交"}
STATE_WORDS = {"valid": "有效", "expired": "已过期", "revoked": "已作废"}


@click.command()
@BOOK
@click.option(
    "--new", "name", metavar="NAME", help="发一个新令牌，写明给谁用；令牌只显示一次。/ Mint one; it is shown once."
)
@click.option(
    "--scope", "scopes", type=click.Choice(list(SCOPE_WORDS)), multiple=True, default=("read",), show_default=True,
    help="read 取数，import 上传预算表，pull 在 Excel 里取回提交；可以写几次。/ What it may do; may be repeated.",
)  # fmt: skip
@click.option(
    "--level", type=click.Choice(list(LEVELS)), default=Level.SENSITIVE.value.zh, show_default=True,
    help="最高可以看到的数据级别。/ The highest data level that it reads.",
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="有效天数。/ Days until it expires."
)
@click.option(
    "--list", "listed", is_flag=True, help="列出令牌，不含令牌本身。/ List them, never the tokens themselves."
)
@click.option("--revoke", metavar="ID", help="作废这个编号的令牌。/ Revoke the token of this id.")
@DATABASE
@DATA
@as_json
@reports
def token(
    book: Path, name: str | None, scopes: tuple[str, ...], level: str, days: int, listed: bool, revoke: str | None,
    database: str | None, data: Path | None,
) -> dict[str, Any]:  # fmt: skip
    """程序用的令牌（财务取数、在 Excel 里取回提交）：发、列、作废。/ Tokens for programs: mint, list, revoke.

    取数的人以令牌编号为用户名、令牌为密码（Basic）；库里只存令牌的指纹。
    """
    if sum((name is not None, listed, revoke is not None)) != 1:
        raise click.UsageError("请写明 --new 名称、--list 或 --revoke 编号 中的一个。")
    from forms_server.finance_tokens import Tokens
    from forms_server.house import open_house

    tokens = Tokens(open_house(book, data, database).inbox)
    if name is not None:
        return _minted(tokens, name, scopes, LEVELS[level], days)
    if revoke is not None:
        done = tokens.revoke(revoke)
        return {
            "revoked": done.id,
            "name": done.name,
            "text": f"✓ 已作废 {done.id}（{done.name}），它从现在起打不开任何东西",
        }
    return _list(tokens)


def _minted(tokens: Tokens, name: str, scopes: tuple[str, ...], level: Level, days: int) -> dict[str, Any]:
    from forms_server.inbox import utcnow

    made, text = tokens.mint(name, scopes, level, days)
    lines = [
        f"✓ {made.name} 的令牌，只显示这一次，请马上交给使用的人：", f"  用户名（令牌编号）  {made.id}", f"  密码（令牌）        {text}",
        f"  {_words(made)}，{made.expires_at:%Y-%m-%d} 到期",
        *([f"  在 Excel 里：把环境变量 PARTNERBOOK_TOKEN 设为 {made.id}:{text}（见 docs/excel.md）"] if "pull" in made.scopes else []),
        "  不要把它写进网址、表格或聊天记录；丢了就作废，再发一个。",
    ]  # fmt: skip
    return {**made.as_data(utcnow()), "token": text, "text": "\n".join(lines)}


def _list(tokens: Tokens) -> dict[str, Any]:
    from forms_server.inbox import utcnow

    found, now = tokens.all(), utcnow()
    lines = [
        f"{one.id}  {one.name}  {_words(one)}  {STATE_WORDS[one.state(now)]}，{one.expires_at:%Y-%m-%d} 到期，"
        f"最近使用 {one.used_on or '从未'}"
        for one in found
    ]
    text = "\n".join(lines) or "还没有令牌。发一个：partnerbook token BOOK --new 财务部"
    return {"tokens": [one.as_data(now) for one in found], "text": text}


def _words(one: Token) -> str:
    return f"{'、'.join(SCOPE_WORDS[scope] for scope in one.scopes)}，最高看到“{one.level.value.zh}”"
