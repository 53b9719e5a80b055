"""Owns the door to an open spreadsheet on a desktop: `main()` for Run main, buttons and `python -m addin.desktop`.

Reads the command from the sheet 操作, runs the action, shows how far it is in the status bar and writes how it ended
into the message cell, and on Excel also into a box. A person never sees a trace; it goes to a log file.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import xlwings as xw

from addin import command_sheet
from addin.command_sheet import CHECK, EVALUATE, FREEZE, PULL, REPORT, SEND_BACK, BadArgument, Command
from addin.progress import Progress
from workbook.console import speak_utf8
from workbook.errors import PartnerBookError
from workbook.identity import BOOK

if TYPE_CHECKING:
    from addin.client import Client

log = logging.getLogger("partnerbook.addin")

LARGEST_LOG = 1 << 20  # bytes; a longer log starts anew
LISTENING = "socket,host=127.0.0.1,port=2002"  # where a LibreOffice of a person listens, as its help has it


class NotInExcel(PartnerBookError):
    """Nothing called us: there is no open workbook to work on."""

    def __init__(self) -> None:
        super().__init__(
            "没有找到打开的工作簿。请在 Excel 里用 xlwings 选项卡的 Run main 或工作簿里的按钮来运行；"
            "在命令行里用 python -m addin.desktop 工作簿 命令 [参数]。"
        )


class ForeignBook(PartnerBookError):
    """The open workbook is not one of ours; nothing was written into it."""

    def __init__(self, name: str):
        super().__init__(
            f"{name} 不是伙伴簿的工作簿（缺少标识），没有改动它。请先点到伙伴簿的窗口再运行；新的工作簿用 partnerbook new 建。"
        )


class BookNotFound(PartnerBookError):
    """Neither an open workbook nor a file has that name."""

    def __init__(self, name: str):
        super().__init__(
            f"没有打开的工作簿叫“{name}”，也没有这个文件。请先在 Excel 或 LibreOffice 里打开它，或写出它的完整路径。"
        )


class NotOnThisDisk(PartnerBookError):
    """The workbook was saved to a place that cannot be read as a file, so that nothing can be confirmed from here."""

    def __init__(self, name: str):
        super().__init__(
            f"工作簿 {name} 已经保存，但它不在本机的磁盘上（例如在 OneDrive 或 SharePoint 的网址上），不能读出保存的内容来确认。"
            "提交不会丢失：服务器读到保存的文件时会自己确认。"
        )


@dataclass(frozen=True)
class Ending:
    """How a command ended: the sentence for people, and whether it did what was asked."""

    sentence: str
    done: bool


# ---- what is run


def run(book: xw.Book, command: str | None = None, argument: str | None = None) -> Ending:
    """Runs a command on an open workbook and says how it ended, also in the message cell; never raises.

    Args:
        book: an open workbook of ours.
        command: number or word; None means what the command cell holds.
        argument: what the command needs; None means what the argument cell holds.
    """
    return attempt(book, lambda show: _run(book, command, argument, show))


def attempt(book: xw.Book, action: Callable[[Progress], str], *, write: bool = True) -> Ending:
    """Any action of ours with the same manners: progress shown, refusals and surprises in words.

    The sentence goes into the message cell, unless `write` is false: a workbook that was just saved stays saved.
    """
    show = StatusBar(book)
    try:
        ending = Ending(action(show), True)
    except PartnerBookError as refusal:
        ending = Ending(str(refusal), False)
    except Exception as error:
        ending = Ending(_in_words(error), False)
    show.release()
    if not write:
        return ending
    try:
        command_sheet.tell(book, ("" if ending.done else "✗ ") + ending.sentence)
    except Exception as error:  # a protected sheet, a cell in edit mode: the box or the console still says it
        _note(error)
    return ending


def _run(book: xw.Book, command: str | None, argument: str | None, show: Progress) -> str:
    if not any(name.name == BOOK for name in book.names):
        raise ForeignBook(book.name)
    if command_sheet.prepare(book) and command is None:
        return f"这本工作簿里还没有放命令的地方，已加上工作表“{command_sheet.TITLE}”。请填好“命令”，再运行一次。"
    wanted = command_sheet.find_command(command_sheet.read(book, command_sheet.COMMAND) if command is None else command)
    given = command_sheet.read(book, command_sheet.ARGUMENT) if argument is None else argument.strip()
    return _act(book, wanted, given, show)


def _act(book: xw.Book, command: Command, argument: str, show: Progress) -> str:
    from addin import actions

    if command is PULL:
        return actions.pull(book, progress=show)
    if command is EVALUATE:
        return actions.evaluate(book, progress=show)
    if command is SEND_BACK:
        return actions.send_back(book, *command_sheet.read_send_back(argument), progress=show)
    if command is FREEZE:
        if not argument:
            raise BadArgument(FREEZE, "没有填")
        return actions.freeze(book, argument, progress=show)
    if command is REPORT:
        return actions.report(book, argument, progress=show)
    assert command is CHECK
    return actions.check(book, progress=show)


def save_and_confirm(book: xw.Book, client: Client | None = None) -> str:
    """Saves the open workbook, reads the file on disk and tells the server what it holds; returns the sentence.

    Raises:
        NotOnThisDisk: it is saved, but its file cannot be read from here.
        PartnerBookError: as `client.connect` and `actions.confirm_saved` raise; it is saved by then.
    """
    from addin import actions
    from addin.client import connect

    book.save()
    name = book.fullname
    if "://" in name or not Path(name).is_file():
        raise NotOnThisDisk(book.name)
    return actions.confirm_saved(Path(name), client or connect(book))


# ---- how it is shown


class StatusBar:
    """Progress in the status bar. A bar that cannot be written is left alone: it must not stop what is being done."""

    def __init__(self, book: xw.Book):
        self._book, self._broken, self._used = book, False, False

    def __call__(self, done: int, total: int, what: str) -> None:
        """Shows how far the action is."""
        self._used = True
        self._show(f"伙伴簿：{what}（{done}/{total}）" if total else f"伙伴簿：{what}")

    def release(self) -> None:
        """Gives the bar back to the program."""
        if self._used:
            self._show(False)

    def _show(self, text: str | bool) -> None:
        if self._broken:
            return
        try:
            self._book.app.status_bar = text
        except Exception as error:  # Excel answers nothing while a cell is edited; the action decides what that means
            self._broken = True
            log.info("状态栏写不了：%s", error)


def log_file() -> Path:
    """Where what was not foreseen is written down: the user's own data folder on this computer."""
    return Path(click.get_app_dir("PartnerBook", roaming=False)) / "logs" / "addin.log"


def _in_words(error: Exception) -> str:
    """A sentence for an error that nobody foresaw, with the file that has the details."""
    kept = _note(error)
    where = f"详情记在 {kept}，请把这个文件发给管理员" if kept else f"日志也写不了（{log_file()}），请告诉管理员"
    return (
        f"没有做完：出了没有料到的问题（{type(error).__name__}）。{where}。工作簿里可能已经写了一部分；"
        "保存之前请看一下，不放心就不保存、关闭后重新打开再运行。"
    )


def _note(error: Exception) -> Path | None:
    """Adds the trace to the log file; None if even that cannot be done."""
    path = log_file()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = "w" if path.exists() and path.stat().st_size > LARGEST_LOG else "a"
        with path.open(mode, encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')}\n")
            file.writelines(traceback.format_exception(error))
            file.write("\n")
        return path
    return None


def show_box(book: xw.Book, ending: Ending) -> None:
    """The sentence in a box, where a person sits in front of Excel; other programs have the message cell."""
    try:
        if book.app.engine.name == "excel" and book.app.visible:
            book.app.alert(ending.sentence, title="伙伴簿 PartnerBook", mode="info" if ending.done else "critical")
    except Exception as error:  # the sentence stands in the message cell
        _note(error)


# ---- who calls


def caller() -> xw.Book:
    """The workbook that called us.

    Raises:
        NotInExcel: nothing did.
    """
    try:
        return xw.Book.caller()
    except Exception as error:  # xlwings raises a bare Exception here
        raise NotInExcel from error


def from_excel(action: Callable[[xw.Book], Ending]) -> None:
    """Runs an action on the workbook that called; what Excel gets to see is a sentence even if there is none."""
    try:
        book = caller()
    except PartnerBookError as refusal:
        raise SystemExit(str(refusal)) from None
    show_box(book, action(book))


def main() -> None:
    """What xlwings' Run main calls: the command of the sheet 操作, on the workbook that called."""
    from_excel(run)


def open_book(name: str, connect: str = LISTENING) -> xw.Book:
    """The workbook of that name or path in the running Excel, or in a LibreOffice that listens at `connect`.

    Raises:
        BookNotFound: neither an open workbook nor a file.
    """
    if sys.platform not in ("win32", "darwin"):
        from addin.engines import calc_engine

        calc_engine.register(connect=connect)
    app = xw.apps.active or xw.App(add_book=False)
    for book in app.books:
        if name in (book.name, book.fullname):
            return book
    path = Path(name).absolute()
    if not path.is_file():
        raise BookNotFound(name)
    return next((book for book in app.books if Path(book.fullname) == path), None) or app.books.open(str(path))


@click.command(name="python -m addin.desktop")
@click.argument("book")
@click.argument("command", required=False)
@click.argument("argument", required=False)
@click.option(
    "--connect", default=LISTENING, show_default=True, help="LibreOffice 在哪里听 / where LibreOffice listens"
)
def command_line(book: str, command: str | None, argument: str | None, connect: str) -> None:
    """在打开的工作簿上运行一个命令（编号或名称）；不写命令就用工作表“操作”里的。

    Runs a command on an open workbook; without one, the command of the sheet 操作.
    """
    speak_utf8()
    try:
        ending = run(open_book(book, connect), command, argument if command is None or argument else "")
    except PartnerBookError as refusal:
        ending = Ending(str(refusal), False)
    except Exception as error:
        ending = Ending(_in_words(error), False)
    click.echo(ending.sentence, err=not ending.done)
    raise SystemExit(0 if ending.done else 1)


if __name__ == "__main__":
    command_line()
