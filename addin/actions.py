"""Owns what the buttons do in an open workbook: read all, compute, write all, and end with a sentence of what happened.

The same functions serve desktop Excel, LibreOffice and xlwings Lite. What cannot be done is a `PartnerBookError` whose
words are for the person who pressed the button.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import xlwings as xw

from addin.live import LiveBook
from addin.progress import Progress, quiet
from workbook.errors import PartnerBookError
from workbook.identity import must_be_ours

if TYPE_CHECKING:
    from addin.client import Client
    from workbook.desk import Desk, Done
    from workbook.evaluating import Evaluation

SHOWN = 5  # findings that a sentence names; the page has them all


class NoFolder(PartnerBookError):
    """The open workbook has no folder on this machine, where what belongs beside it could be written."""

    def __init__(self, what: str):
        super().__init__(
            f"{what}要在工作簿旁边保存文件，而这本工作簿没有存在本机的文件夹里。请先把它保存到本机，或在服务器上用 partnerbook 命令做。"
        )


def pull(book: xw.Book, client: Client | None = None, progress: Progress = quiet) -> str:
    """取回提交：把收件箱里这本工作簿还没有的提交写进来。Bring submissions into the open workbook."""
    from addin.client import connect
    from addin.pulling import carry, sentence

    server = client or connect(book)
    return sentence(carry(lambda: LiveBook(book), book.name, server, progress))


def confirm_saved(path: Path, client: Client) -> str:
    """告诉服务器：这份保存好的文件里有哪些提交。Tell the server what the saved file holds."""
    from workbook import store
    from workbook.identity import generation_of
    from workbook.ooxml import Book
    from workbook.submissions import find_submissions

    saved = Book.read(store.read(path).data)
    identity = must_be_ours(saved, path.name)
    ids = sorted(find_submissions(saved, {}).rows)
    count = client.saved(identity, generation_of(saved), ids)
    return f"✓ 已保存，服务器确认了 {count} 份提交。" if count else "✓ 已保存。"


def evaluate(book: xw.Book, progress: Progress = quiet) -> str:
    """评估：给候选和伙伴算分、排名，写进结果表。Score candidates and partners."""
    from workbook.evaluating import evaluate_book, local_now

    live = LiveBook(book)
    must_be_ours(live, book.name)
    progress(0, 2, "读取并计算")
    found = evaluate_book(live, local_now(live))
    progress(1, 2, "写入结果")
    live.write_all(progress)
    progress(2, 2, "完成")
    return _evaluated(found, live.touched)


def _evaluated(found: Evaluation, touched: frozenset[str]) -> str:
    panels, periods = len(found.scored), len(found.measured.rated)
    told = [f"✓ 评估了 {panels} 个评审会、{periods} 个考核周期；"]
    told.append(f"有变化的结果已写入 {len(touched)} 张表，请保存。" if touched else "结果没有变化，工作簿没有改动。")
    refused = {**found.refused, **found.measured.refused}
    told += [f"没有计算 {key}：{why}" for key, why in refused.items()]
    return " ".join([*told, *found.warnings])


def send_back(book: xw.Book, row: str, fields: str, words: str = "", progress: Progress = quiet) -> str:
    """标出退补：把一份提交退回补正，点名要改的字段。Send a submission back, naming the fields."""
    from workbook.returning import send_back_desk

    named = [field.strip() for field in re.split(r"[、,，;；\n]", fields) if field.strip()]
    return _on_desk(book, lambda desk: send_back_desk(desk, row, named, words), progress)


def freeze(book: xw.Book, period: str, progress: Progress = quiet) -> str:
    """冻结：固定一个考核周期的结果，原始记录存到工作簿旁边。Fix the results of a period."""
    from workbook.freezing import freeze_desk

    path = folder_path(book, "冻结")
    done = _on_desk(book, lambda desk: freeze_desk(desk, path, period.strip()), progress)
    return f"{done} 请保存工作簿。"


def _on_desk(book: xw.Book, work: Callable[[Desk], Done], progress: Progress) -> str:
    """Change rows of the open workbook as the commands change rows of a file."""
    from workbook import desk
    from workbook.evaluating import fill_keys, local_now
    from workbook.rules.finding import Situation

    live = LiveBook(book)
    must_be_ours(live, book.name)
    progress(0, 2, "读取")
    fill_keys(live)
    now = local_now(live)
    done = work(desk.Desk(live, Situation(live, now.date()), now))
    progress(1, 2, "写入")
    live.write_all(progress)
    progress(2, 2, "完成")
    return " ".join(line.strip() for line in done.lines)


def folder_path(book: xw.Book, what: str) -> Path:
    """Where the open workbook lies on this machine.

    Raises:
        NoFolder: nowhere yet, or in the cloud only.
    """
    full = str(book.fullname)
    path = Path(full)
    if "://" in full or not path.is_absolute() or not path.exists():
        raise NoFolder(what)
    return path


def report(book: xw.Book, subject: str = "", progress: Progress = quiet) -> str:
    """报告：把一次评审会或一家伙伴的结果写成一页，放在最后。A page on one panel or partner."""
    from addin.report_sheets import write_report
    from workbook.evaluating import local_now
    from workbook.reports.scorecard import report_on

    live = LiveBook(book)
    must_be_ours(live, book.name)
    progress(0, 2, "读取结果")
    made = report_on(live, subject, local_now(live))
    progress(1, 2, "写报告")
    name = write_report(book, made, f"报告 {made.subject}")
    progress(2, 2, "完成")
    return f"✓ {made.title}写在新的工作表“{name}”里。"


def check(book: xw.Book, progress: Progress = quiet) -> str:
    """检查：列出工作簿里不合制度的地方，写成一页。List what the policy misses, as a page."""
    from addin.report_sheets import write_report
    from workbook.evaluating import local_now
    from workbook.reports.scorecard import Report, Section
    from workbook.rules.finding import Situation, findings_of

    live = LiveBook(book)
    must_be_ours(live, book.name)
    progress(0, 2, "检查")
    now: datetime = local_now(live)
    found = findings_of(Situation(live, now.date()))
    if not found:
        progress(2, 2, "完成")
        return "✓ 没有发现不合制度的地方。"
    progress(1, 2, "写检查结果")
    rows = tuple((one.rule, one.where, one.message) for one in found)
    page = Report(
        "",
        "检查结果",
        (f"检查于 {now:%Y-%m-%d %H:%M}，共 {len(found)} 处",),
        (Section("逐条", ("规则", "在哪里", "说明"), rows),),
    )
    name = write_report(book, page, "检查结果")
    progress(2, 2, "完成")
    return f"✗ 共 {len(found)} 处不合制度，逐条写在新的工作表“{name}”里。先看：{_first([one.message for one in found])}"


def _first(messages: Sequence[str]) -> str:
    """The first few, for a sentence."""
    return " ".join(f"{number}) {text}" for number, text in enumerate(messages[:SHOWN], start=1))
