"""Owns the errors of the workbook floor: one class per cause, the sentence inside, `permanent` if trying again is no help."""

from __future__ import annotations


class PartnerBookError(Exception):
    """Base of every refusal: people read the message; `permanent` tells machines whether a retry can help."""

    permanent = True


class NotAWorkbook(PartnerBookError):
    """The bytes are not a workbook that can be changed (not a zip, encrypted, or without its main part)."""


class MissingTable(PartnerBookError):
    """The workbook has no table of that name."""

    def __init__(self, table: str, known: tuple[str, ...] = ()):
        self.table, self.known = table, known
        have = "、".join(known) or "没有任何表格"
        super().__init__(
            f"工作簿里找不到表格 {table}（现有：{have}）。如果它被转换成了普通区域，请在 Excel 里选中它并按 Ctrl+T，"
            f"再在“表设计”里把表名改回 {table}。"
        )


class MissingColumn(PartnerBookError):
    """A table lacks a column that is to be written or read."""

    def __init__(self, table: str, columns: tuple[str, ...], sheet: str = "", known: tuple[str, ...] = ()):
        self.table, self.columns, self.sheet, self.known = table, columns, sheet, known
        where = f"工作表“{sheet}”的" if sheet else ""
        have = f"（现有列：{'、'.join(known)}）" if known else ""
        super().__init__(
            f"{where}表格 {table} 缺少列 {'、'.join(columns)}{have}。请把列名改回来，或在表格右侧加上同名的列。"
        )


class AppendRefused(PartnerBookError):
    """A change cannot be made without harm; the sentence names the cell or part in the way and what to do."""


class ValueRefused(PartnerBookError):
    """A value cannot stand in a cell (too long, too many digits, not finite)."""


class DuplicateKey(PartnerBookError):
    """A key stands in more than one row, so a change by key would be a guess."""

    def __init__(self, table: str, key: str, rows: tuple[int, ...]):
        self.table, self.key, self.rows = table, key, rows
        places = "、".join(str(r) for r in rows)
        super().__init__(
            f"表格 {table} 里键 {key} 出现在第 {places} 行，不能确定要改哪一行。请保留一行，给其余的行换一个键。"
        )


class WorkbookOpen(PartnerBookError):
    """Somebody has the workbook open; rows wait until it is closed."""

    permanent = False


class ChangedUnderneath(PartnerBookError):
    """The file changed between reading and replacing; nothing was written."""

    permanent = False


class WorkbookUnreachable(PartnerBookError):
    """The file cannot be read or its folder cannot be written (missing, no permission, disk full)."""

    permanent = False
