"""Owns the commands of the web house: serve, deliver, verify, rebuild, invite. Light to import: what they need is imported inside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbook.console import announce, as_json, reports

if TYPE_CHECKING:
    from forms_server.delivery import Pass
    from forms_server.house import House

BOOK = click.argument("book", type=click.Path(path_type=Path))
DATABASE = click.option("--database", help="收件箱数据库的 URL，默认是本机的 SQLite 文件。/ URL of the inbox database.")
DATA = click.option(
    "--data", type=click.Path(path_type=Path), envvar="PARTNERBOOK_DATA",
    help="收件箱、附件和密钥所在的本机文件夹。/ Folder of inbox, uploads and secret.",
)  # fmt: skip


def _origins(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Web origins as browsers write them, or none."""
    for value in values:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?", value):
            raise click.BadParameter(
                f"{value} 不是网页来源。请写成 https://主机名 或 https://主机名:端口，后面没有路径。"
            )
    return values


@click.command()
@BOOK
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址。/ Address to listen on.")
@click.option("--port", type=int, default=8321, show_default=True, help="端口。/ Port.")
@click.option(
    "--messages", type=click.Path(path_type=Path),
    help="消息配置（TOML，私有文件）；不给就不发消息。/ Private TOML file of robots and mailboxes; off without it.",
)  # fmt: skip
@click.option(
    "--origin",
    "origins",
    multiple=True,
    callback=_origins,
    envvar="PARTNERBOOK_ORIGINS",
    metavar="URL",
    help="允许访问 /api/v1 的网页来源，如 xlwings Lite 的 https://addin.xlwings.org；可以写几次。/ Web origin that may ask the API.",
)
@DATABASE
@DATA
@as_json
@reports
def serve(
    book: Path,
    host: str,
    port: int,
    messages: Path | None,
    origins: tuple[str, ...],
    database: str | None,
    data: Path | None,
) -> dict[str, Any]:
    """开放表单，并把收到的提交写入工作簿。/ Serve the forms and deliver what arrives."""
    from forms_server.house import open_house
    from forms_server.messaging import read_doors
    from forms_server.serving import run_server

    doors = read_doors(messages) if messages else ()
    house = open_house(book, data, database)

    def ready(url: str) -> None:
        announce(f"✓ 表单：{url}\n  工作簿：{house.path}\n  按 Ctrl+C 停止", url=url, book=house.path)

    run_server(house, host, port, ready, doors, origins)
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
        result = house.delivery.run(progress=_progress)
    return {
        "ok": not result.reasons, "delivered": result.delivered, "answers": result.answers, "left_out": result.left_out, "corrected": result.corrected, "kept": result.kept,
        "confirmed": result.confirmed, "waiting": result.waiting, "held": result.held, "deleted": result.deleted,
        "again": result.again, "doubled": result.doubled, "batches": result.batches, "reasons": result.reasons,
        "since": result.since.isoformat() if result.since else None,
        "next_try": result.next_try.isoformat() if result.next_try else None,
        "warnings": result.warnings, "text": _delivered(result),
    }  # fmt: skip


def _progress(done: int, total: int) -> None:
    """A line for each batch of a backlog, where somebody watches."""
    if total > done or done > 1000:
        click.echo(f"  已写入 {done}/{total}", err=True)


def _delivered(result: Pass) -> str:
    lines = [f"✓ 写入 {result.delivered} 条，确认 {result.confirmed} 条，等待 {result.waiting} 条"]
    if result.reasons:
        lines[0] = f"✗ 写入 {result.delivered} 条，等待 {result.waiting} 条"
    if result.corrected:
        lines.append(f"  更正 {result.corrected} 条，改动记在变更记录里")
    if result.kept:
        lines.append(f"  员工改过的格子保留员工的内容：{'、'.join(result.kept)}")
    if result.answers:
        lines.append(f"  匿名答卷 {result.answers} 份，成批写入，次序已打乱")
    if result.left_out:
        lines.append(f"  已截止的调查里有 {result.left_out} 份匿名答卷所在的组不满五份，按承诺不写入")
    if result.held:
        lines.append(f"  其中 {result.held} 条评分等评审会交齐或截止后一起写入")
    if result.deleted:
        lines.append(f"  员工删除的行不会再写：{'、'.join(result.deleted)}")
    if result.again:
        lines.append(f"  这份文件里原来没有、重新写入：{result.again} 条")
    lines += [f"  {reason}" for reason in (*result.reasons, *result.warnings)]
    if result.blocking and result.since:
        lines.append(
            f"  从 {result.since.astimezone():%Y-%m-%d %H:%M} 起等待；服务运行时会自动再试，也可以再次运行 deliver"
        )
    return "\n".join(lines)


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
@click.option(
    "-o", "--output", "new", type=click.Path(path_type=Path), required=True, help="新工作簿。/ The new workbook."
)
@click.option("--inbox", default="", help="收件箱的标识，旧文件读不出时用。/ Id of the inbox, if the book cannot tell.")
@click.option("--lang", type=click.Choice(["zh-CN", "en"]), help="表头语言，默认同旧文件。/ Language of the headers.")
@DATABASE
@DATA
@as_json
@reports
def rebuild(
    book: Path, new: Path, inbox: str, lang: str | None, database: str | None, data: Path | None
) -> dict[str, Any]:
    """工作簿坏了：用收件箱里的提交重建一本新的。/ A new workbook from the inbox when the book is damaged.

    新文件沿用旧文件的标识和写入次数，之后直接 serve 新文件即可。旧文件还读得出的表一并带过来；读不出的，说明只能从备份找回。
    """
    from forms_server.house import open_inbox
    from forms_server.rebuilding import rebuild as rebuilt
    from workbook.console import working

    house = open_inbox(book, inbox, data, database)
    target = new if new.suffix.lower() == ".xlsx" else new.with_name(new.name + ".xlsx")
    with working("正在重建工作簿…"), house.delivery.only_writer():
        done = rebuilt(house.inbox, house.path, target, lang=lang or "")
    return {**done.as_dict(), "text": done.text()}


@click.command()
@BOOK
@click.argument("panel")
@click.option(
    "--base",
    default="http://127.0.0.1:8321",
    show_default=True,
    help="收到链接的人打开的网址开头。/ Where they reach the server.",
)
@click.option(
    "--renew",
    default="",
    metavar="WHO",
    help="作废这位评审人、参与人或这份邀请的旧链接，换一个新的。/ Replace the link of this person or invitation.",
)
@click.option(
    "--campaign", default="", metavar="SV", help="survey 的调查编号，例如 SV-0001。/ The campaign of a survey."
)
@click.option("--meeting", default="", metavar="ME", help="minutes 的会议编号，例如 ME-0001。/ The meeting of minutes.")
@click.option(
    "--remind", is_flag=True, help="列出还没有答卷的人并记一次催办，不含链接。/ Who has not answered; no links."
)
@DATABASE
@DATA
@as_json
@reports
def invite(
    book: Path,
    panel: str,
    base: str,
    renew: str,
    campaign: str,
    meeting: str,
    remind: bool,
    database: str | None,
    data: Path | None,
) -> dict[str, Any]:
    """给评审会（V-0001）的评审人评分链接，需求（Q-0001）的签核链接，发布（F-0001）的邀请链接。/ A personal link for each person.

    满意度调查写 survey --campaign SV-0001：双方在任的参与人各一个链接，只给一次，不留底。

    例会纪要写 minutes --meeting ME-0001：与会人各一个链接，看过纪要后确认或提出异议。

    演练写 DR-0001（先 partnerbook drill --start）：事件和问题表单各一个演练链接，页上写明【演练】，演练结束即失效。

    签核链接发给业务、技术、法务（见设置“需求评审部门”）的在任评审人；邀请链接发给“定向邀请”里的企业。
    """
    from forms_server.house import open_house
    from workbook.tables import Campaigns, Drills, Meetings, Publications

    house = open_house(book, data, database)
    if panel == "survey" or Campaigns.key().number(panel) is not None:
        from forms_server.survey_commands import survey_links

        return survey_links(house, campaign or panel, base, renew, remind)
    if campaign or remind:
        raise click.UsageError(
            "--campaign 和 --remind 只用于满意度调查：partnerbook invite BOOK survey --campaign SV-0001"
        )
    if meeting and panel != "minutes":
        raise click.UsageError("--meeting 只用于例会纪要：partnerbook invite BOOK minutes --meeting ME-0001")
    if panel == "minutes" and not meeting:
        raise click.UsageError("请写明是哪次会议：partnerbook invite BOOK minutes --meeting ME-0001")
    panel = meeting or panel
    result = house.delivery.run()  # the panel as the file says it now
    companies = Publications.key().number(panel) is not None
    if Meetings.key().number(panel) is not None:
        links = _attendee_links(house, panel, renew)
    elif Drills.key().number(panel) is not None:
        links = _drill_links(house, panel, renew)
    else:
        links = _company_links(house, panel, renew) if companies else _reviewer_links(house, panel, renew)
    for one in links:
        one["link"] = f"{base.rstrip('/')}/i/{one['link']}"
    lines = [f"✓ {panel}：{len(links)} 个个人链接，请分别发给本人，不要转发"]
    lines += [f"  {'  '.join(one.values())}" for one in links]
    lines += [f"  注意：{reason}" for reason in result.reasons]
    return {"panel": panel, "links": links, "text": "\n".join(lines)}


def _reviewer_links(house: House, key: str, renew: str) -> list[dict[str, str]]:
    """Reviewers and their tokens: of a panel, or those who sign a requirement."""
    from forms_server.reviews import Reviews
    from forms_server.signoffs import invite_signers
    from workbook.tables import Requirements

    reviews = Reviews(house.inbox, house.secret)
    people = reviews.view().get("people", {})
    signing = Requirements.key().number(key) is not None
    invited = invite_signers(house.inbox, house.secret, key, renew) if signing else reviews.invite(key, renew)
    return [
        {"reviewer": who, "person": people[who]["person"], "department": people[who]["role"], "link": token}
        for who, token in invited
    ]


def _attendee_links(house: House, meeting: str, renew: str) -> list[dict[str, str]]:
    """Those who were at a meeting and their tokens."""
    from forms_server.minutes import invite_attendees
    from forms_server.reviews import Reviews

    invited = invite_attendees(house.inbox, house.secret, meeting, renew)
    people = Reviews(house.inbox, house.secret).view()["meeting_people"]
    return [
        {"participant": who, "person": people[who]["person"], "email": people[who]["email"], "link": token}
        for who, token in invited
    ]


def _drill_links(house: House, drill: str, renew: str) -> list[dict[str, str]]:
    """The forms of a drill and their tokens."""
    from forms_server.catalog import BY_SLUG
    from forms_server.drilling import invite_drill

    found = invite_drill(house.inbox, house.secret, drill, renew)
    return [{"form": slug, "title": f"【演练】{BY_SLUG[slug].title.zh}", "link": token} for slug, token in found]


def _company_links(house: House, publication: str, renew: str) -> list[dict[str, str]]:
    """The companies invited to a publication and their tokens."""
    from forms_server.inviting import invite_companies

    found = invite_companies(house.inbox, house.secret, publication, renew)
    return [
        {"invitation": key, "company": company, "contact": contact, "link": token}
        for key, company, contact, token in found
    ]
