"""Owns the sheet 操作: where staff say what to run, with what, against which server, and where the answer is written.

Four names of the workbook lead to its cells, so that staff may move or rename the sheet. Plain xlwings calls only:
the same code runs in desktop Excel, in LibreOffice and on the engines of the tests.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import xlwings as xw

from workbook.errors import PartnerBookError

log = logging.getLogger("partnerbook.addin")

TITLE = "操作"
COMMAND, ARGUMENT, SERVER, MESSAGE = "PB_COMMAND", "PB_ARGUMENT", "PB_SERVER", "PB_MESSAGE"
LONGEST_TEXT = 32_767  # characters that a cell can hold
# The colours of the generated sheets.
HEAD, FIELD, LABEL = "#CFE3E1", "#FFFBEC", "#F4F7F7"
WIDTHS = {"A": 18, "B": 40, "C": 74}  # characters
_ONE_CELL = re.compile(r"=(?:'(?:[^']|'')+'|[^'!]+)!\$?[A-Za-z]{1,3}\$?\d+")


@dataclass(frozen=True)
class Command:
    """One thing that can be run: its number, its word in both languages, and what it wants as argument."""

    number: int
    word: str
    english: str
    argument: str
    example: str = ""


COMMANDS = (
    Command(1, "取回提交", "Pull submissions", "不用填"),
    Command(2, "评估", "Evaluate", "不用填"),
    Command(3, "标出退补", "Send back", "行的编号：要补的栏目；说明", "C-0003：营业执照期限、银行信用报告文件；请补盖章页"),
    Command(4, "冻结", "Freeze a period", "考核周期", "2026Q3"),
    Command(5, "报告", "Report", "评审会或伙伴的编号，可以不填", "P-0007"),
    Command(6, "检查", "Check", "不用填"),
)  # fmt: skip
PULL, EVALUATE, SEND_BACK, FREEZE, REPORT, CHECK = COMMANDS
_FIELDS = ((COMMAND, "命令 Command"), (ARGUMENT, "参数 Argument"), (SERVER, "服务器 Server"), (MESSAGE, "消息 Message"))
_NOTES = {
    COMMAND: "编号或名称，见下表 A number or a word from the list below",
    ARGUMENT: "命令要什么，见下表 What the command needs, see below",
    SERVER: "表单服务器的地址，例如 https://forms.example.com（令牌不写在这里）",
    MESSAGE: None,  # so that a long sentence runs on into the next cell
}
_FIRST_FIELD, _FIRST_COMMAND = 5, 11  # rows of the sheet


class UnknownCommand(PartnerBookError):
    """The command cell holds none of the six commands, or nothing."""

    def __init__(self, given: str):
        what = f"没有“{given[:40]}”这个命令" if given else "还没有写命令"
        listed = "、".join(f"{command.number} {command.word}" for command in COMMANDS)
        super().__init__(f"{what}。请在工作表“{TITLE}”的“命令”一格写编号或名称：{listed}，再运行一次。")


class BadArgument(PartnerBookError):
    """The argument is missing or not written as the command wants it."""

    def __init__(self, command: Command, why: str):
        super().__init__(
            f"命令“{command.word}”的参数{why}。请在工作表“{TITLE}”的“参数”一格按“{command.argument}”来写，"
            f"例如：{command.example}"
        )


def find_command(given: object) -> Command:
    """The command that a cell means: its number, its word in either language, or both ("3 标出退补").

    Raises:
        UnknownCommand: naming what is there and all commands.
    """
    text = _cell_text(given)
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    for command in COMMANDS:
        words = (command.word, command.english.casefold())
        both = [f"{command.number}{between}{word}" for word in words for between in (" ", ".", ". ", "、", "")]
        if plain in (str(command.number), *words, *both):
            return command
    raise UnknownCommand(text)


def read_send_back(argument: str) -> tuple[str, str, str]:
    """Key of the row, labels of the fields (、 between) and words to the sender, from "key：fields；words".

    The first colon and the first semicolon divide, whether full or half width; words may be left out.

    Raises:
        BadArgument: the key or the fields are missing.
    """
    row, colon, rest = _divided(argument, "：:")
    fields, _, words = _divided(rest, "；;")
    if not colon:
        raise BadArgument(SEND_BACK, "里没有冒号，分不出是哪一行" if argument.strip() else "没有填")
    if not row:
        raise BadArgument(SEND_BACK, "没有写是哪一行")
    if not fields:
        raise BadArgument(SEND_BACK, "没有写要补哪些栏目")
    return row, fields, words


def _divided(text: str, marks: str) -> tuple[str, str, str]:
    found = re.search(f"[{marks}]", text)
    if not found:
        return text.strip(), "", ""
    return text[: found.start()].strip(), found[0], text[found.end() :].strip()


def _cell_text(value: object) -> str:
    """What a cell holds, as the person who typed it saw it: 1 comes back as 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


# ---- the sheet


def find_cell(book: xw.Book, name: str) -> xw.Range | None:
    """The one cell that a name of the workbook means; None if there is no such name or its cell is gone."""
    for one in book.names:
        if one.name.casefold() == name.casefold():
            return one.refers_to_range if _ONE_CELL.fullmatch(one.refers_to or "") else None
    return None


def read(book: xw.Book, name: str) -> str:
    """The text in the cell of a name, "" if the cell is blank or gone."""
    cell = find_cell(book, name)
    return "" if cell is None else _cell_text(cell.options(ndim=2).value[0][0])


def tell(book: xw.Book, sentence: str) -> bool:
    """Writes a sentence into the message cell, as text whatever it begins with; False if there is no such cell."""
    cell = find_cell(book, MESSAGE)
    if cell is None:
        return False
    cell.number_format = "@"
    cell.value = sentence[:LONGEST_TEXT]
    return True


def prepare(book: xw.Book) -> bool:
    """Sees to it that the workbook has the sheet and its four names; True if it was made now.

    A sheet of that title that is not ours stays as it is; the new one gets a number. What is in cells that can still be
    found moves over.
    """
    names = (COMMAND, ARGUMENT, SERVER, MESSAGE)
    if all(find_cell(book, name) is not None for name in names):
        return False
    kept = {name: text for name in names if (text := read(book, name))}
    sheet = book.sheets.add(_free_title(book), after=book.sheets[len(book.sheets) - 1])
    _write(sheet)
    for row, (name, _) in enumerate(_FIELDS, _FIRST_FIELD):
        book.names.add(name, f"='{sheet.name}'!$B${row}")
        if name in kept:
            sheet.range((row, 2)).value = kept[name]
    _dress(sheet)
    return True


def _free_title(book: xw.Book) -> str:
    taken = {sheet.name.casefold() for sheet in book.sheets}
    return next(title for n in range(1, len(taken) + 2) if (title := TITLE if n == 1 else f"{TITLE} {n}") not in taken)


def _write(sheet: xw.Sheet) -> None:
    """Everything that the sheet says; the cells to fill in are text, so that 2026-03 or =… stays what was typed."""
    sheet.range("A1").value = "操作 Actions"
    sheet.range(
        "A2"
    ).value = "填好“命令”和“参数”，再点 xlwings 选项卡里的 Run main；LibreOffice 里运行 python -m addin.desktop。"
    sheet.range("A3").value = "Fill in the command and its argument, then press Run main in the xlwings tab."
    last = _FIRST_FIELD + len(_FIELDS) - 1
    sheet.range(f"B{_FIRST_FIELD}:B{last}").number_format = "@"
    sheet.range(f"A{_FIRST_FIELD}:A{last}").value = [[label] for _, label in _FIELDS]
    sheet.range(f"C{_FIRST_FIELD}:C{last}").value = [[_NOTES[name]] for name, _ in _FIELDS]
    head = _FIRST_COMMAND - 1
    sheet.range(f"A{head}:C{head}").value = [["命令 Command", "英文 English", "参数 Argument"]]
    rows = [
        [f"{c.number} {c.word}", c.english, c.argument + (f"，例如 {c.example}" if c.example else "")] for c in COMMANDS
    ]
    sheet.range(f"A{_FIRST_COMMAND}:C{_FIRST_COMMAND + len(rows) - 1}").value = rows


def _dress(sheet: xw.Sheet) -> None:
    """How the sheet looks. What an engine cannot do is left plain and noted in the log: the cells work without it."""
    last, head = _FIRST_FIELD + len(_FIELDS) - 1, _FIRST_COMMAND - 1

    def colour(area: str, hexadecimal: str) -> Callable[[], None]:
        return lambda: setattr(sheet.range(area), "color", hexadecimal)

    def width(column: str, characters: float) -> Callable[[], None]:
        return lambda: setattr(sheet.range(f"{column}1"), "column_width", characters)

    def font(area: str, what: str, value: Any) -> Callable[[], None]:
        return lambda: setattr(sheet.range(area).font, what, value)

    looks = [width(column, characters) for column, characters in WIDTHS.items()]
    looks += [
        colour(f"A{_FIRST_FIELD}:A{last}", LABEL),
        colour(f"B{_FIRST_FIELD}:B{last - 1}", FIELD),
        colour(f"B{last}:C{last}", LABEL),
    ]
    looks += [colour(f"A{head}:C{head}", HEAD)]
    looks += [font("A1", "size", 16), font("A1", "bold", True), font(f"A{head}:C{head}", "bold", True)]
    for look in looks:
        try:
            look()
        except (NotImplementedError, PartnerBookError) as error:
            log.info("工作表“%s”的一处样式没有做：%s", sheet.name, error)
