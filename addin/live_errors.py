"""Owns the errors of writing into an open spreadsheet, and telling a spreadsheet that does not answer from other failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from workbook.errors import PartnerBookError

# What Excel answers while a cell is being edited, a dialog is open, or it has gone: call rejected, retry later, ignored,
# disconnected, server unavailable, call failed.
_EXCEL_BUSY = frozenset({0x80010001, 0x8001010A, 0x800AC472, 0x80010108, 0x800706BA, 0x800706BE})
_APPLE_BUSY = frozenset({-1712, -609, -600})  # an Apple event: timed out, connection invalid, not running


class NotInALiveBook(PartnerBookError):
    """A change that only a workbook's file can take."""

    def __init__(self, what: str):
        super().__init__(f"{what}不能在打开着的工作簿里做。请先保存并关闭它，再用命令行做。")


class HeadersHidden(PartnerBookError):
    """A table shows no header row, so its columns cannot be told apart."""

    def __init__(self, table: str, sheet: str):
        super().__init__(
            f"工作表“{sheet}”的表格 {table} 没有显示标题行，认不出各列。请在“表设计”里勾选“标题行”，再运行一次。"
        )


class SheetProtected(PartnerBookError):
    """Sheets that are to be written are protected; nothing was written."""

    def __init__(self, sheets: Sequence[str]):
        self.sheets = tuple(sheets)
        names = "、".join(f"“{sheet}”" for sheet in sheets)
        super().__init__(f"工作表{names}受保护，不能写入，什么都没有改。请在“审阅”里撤销工作表保护，再运行一次。")


class BookMoved(PartnerBookError):
    """A table changed between reading and writing; nothing was written, running again reads it anew."""

    permanent = False

    def __init__(self, sheet: str, table: str, what: str):
        self.sheet, self.table = sheet, table
        where = f"工作表“{sheet}”的" if sheet else ""
        super().__init__(f"{where}表格“{table}”{what}，什么都没有写入。请再运行一次。")


class NoRoom(PartnerBookError):
    """New rows of a table find no room below it; nothing was written."""

    def __init__(self, sheet: str, table: str, rows: int, why: str):
        self.sheet, self.table = sheet, table
        super().__init__(f"工作表“{sheet}”的表格“{table}”下面放不下 {rows} 行：{why}。什么都没有写入。")


class CellsBusy(PartnerBookError):
    """The spreadsheet does not answer, as while a cell is being edited; nothing was written."""

    permanent = False

    def __init__(self) -> None:
        super().__init__(
            "电子表格程序现在没有应答，什么都没有写入。请按 Esc 或回车结束正在编辑的单元格，关掉打开的对话框，再运行一次。"
        )


class SpreadsheetUnreadable(PartnerBookError):
    """The spreadsheet fails while it is read, as when the book was closed meanwhile; nothing was written."""

    permanent = False

    def __init__(self, error: Exception):
        super().__init__(
            f"读不到打开着的工作簿（{type(error).__name__}：{' '.join(str(error).split())[:200]}），什么都没有写入。"
            "请确认工作簿还开着，再运行一次。"
        )


class WriteStopped(PartnerBookError):
    """Writing stopped half way; running again is safe, since everything is found and compared by key."""

    permanent = False

    def __init__(self, written: Sequence[str], current: str, unwritten: Sequence[str], error: Exception):
        self.written, self.current, self.unwritten = tuple(written), current, tuple(unwritten)
        done = "、".join(f"“{name}”" for name in written) or "无"
        rest = "、".join(f"“{name}”" for name in unwritten) or "无"
        super().__init__(
            f"写到“{current}”时中断（{type(error).__name__}：{' '.join(str(error).split())[:200]}）。已写完：{done}；"
            f"“{current}”可能只写了一部分；还没有写：{rest}。可以放心再运行一次：已写入的不会重复。"
        )


class LiveBookSpent(PartnerBookError):
    """A live book takes one round of changes: what it read is older than what it wrote."""

    def __init__(self) -> None:
        super().__init__("这一轮的改动已经写入工作簿。还要改动，请重新读取工作簿。")


def does_not_answer(error: BaseException | None) -> bool:
    """Whether an error of an engine says that the spreadsheet is busy or gone.

    The errors are known by their names, since each engine's library is there on one system only.
    """
    while error is not None:
        kind = type(error)
        if kind.__name__ == "com_error":
            codes = [code for code in _numbers(error.args) if code & 0xFFFFFFFF in _EXCEL_BUSY]
            if codes:
                return True
        if kind.__name__ == "CommandError" and getattr(error, "errornumber", 0) in _APPLE_BUSY:
            return True
        if kind.__module__.startswith(("com.sun.star", "uno")) or hasattr(error, "typeName"):
            return True
        error = error.__cause__ or error.__context__
    return False


def _numbers(values: object) -> Iterator[int]:
    if isinstance(values, int):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from _numbers(value)


@contextmanager
def reading() -> Iterator[None]:
    """Asking a spreadsheet; whatever its library raises becomes a sentence.

    Raises:
        CellsBusy: it does not answer.
        SpreadsheetUnreadable: anything else.
    """
    try:
        yield
    except PartnerBookError:
        raise
    except Exception as error:
        if does_not_answer(error):
            raise CellsBusy from error
        raise SpreadsheetUnreadable(error) from error
