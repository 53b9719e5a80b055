"""Owns xlwings Lite's door: one script per action; what happened is printed and shown in the cell PB_MESSAGE.

Lite looks for scripts by the hint `xw.Book` and makes its forms from the other hints, so hints here are objects, not
text: no `from __future__ import annotations`. Its whole text stands at the top of the bundle (bundle.py).
"""

from collections.abc import Callable

import xlwings as xw
from xlwings import script


@script(name="取回提交")
def pull(book: xw.Book) -> str:
    """**取回提交**：把伙伴和评审人新交的表单写进工作簿。随后请保存。

    服务器地址和令牌写在 xlwings Lite 的本机环境变量 PARTNERBOOK_SERVER 和 PARTNERBOOK_TOKEN 里（Local，不是 Workbook）。

    **Pull submissions**: write new submissions into the workbook, then save it. The server's address and the token come
    from Lite's local environment variables, never from the file.
    """
    from addin import actions

    return _told(book, lambda: actions.pull(book, progress=_printed))


@script(name="评估")
def evaluate(book: xw.Book) -> str:
    """**评估**：按现行规则计算得分、名次和等级，写入结果表。

    **Evaluate**: compute scores, ranks and grades by the rules in force and write them into the result tables.
    """
    from addin import actions

    return _told(book, lambda: actions.evaluate(book, progress=_printed))


@script(name="标出退补")
def send_back(book: xw.Book, row: str = "", fields: str = "", words: str = "") -> str:
    """**标出退补**：row 写行的编号（如 C-0003），fields 写要补正的列（用、隔开），words 写给对方看的话。

    **Send back**: row is the key of a row, fields the columns to correct (、 between them), words what the partner reads.
    """
    from addin import actions

    return _told(book, lambda: actions.send_back(book, row, fields, words, progress=_printed))


@script(name="冻结")
def freeze(book: xw.Book, period: str = "") -> str:
    """**冻结**：把一个周期（如 2026Q3）的结果定下来，写入冻结结果。

    **Freeze**: fix the results of a period such as 2026Q3.
    """
    from addin import actions

    return _told(book, lambda: actions.freeze(book, period, progress=_printed))


@script(name="报告")
def report(book: xw.Book, subject: str = "") -> str:
    """**报告**：subject 写评审会或伙伴的编号（如 V-0001、P-0007），报告成为一张新工作表。

    **Report**: subject is the key of a panel or a partner; the report becomes a new sheet.
    """
    from addin import actions

    return _told(book, lambda: actions.report(book, subject, progress=_printed))


@script(name="检查")
def check(book: xw.Book) -> str:
    """**检查**：列出这本工作簿没有做到制度要求的地方。

    **Check**: what the policy misses in this workbook.
    """
    from addin import actions

    return _told(book, lambda: actions.check(book, progress=_printed))


def _told(book: xw.Book, action: Callable[[], str]) -> str:
    """The sentence of an action, a refusal too, printed and in the cell PB_MESSAGE if the workbook has it."""
    from addin import command_sheet
    from workbook.errors import PartnerBookError

    try:
        sentence = action()
    except PartnerBookError as refusal:
        sentence = f"✗ {refusal}"
    print(sentence)
    command_sheet.tell(book, sentence)
    return sentence


def _printed(done: int, total: int, what: str) -> None:
    """Lite has no status bar, it has a console."""
    print(f"{done}/{total} {what}")
