"""Owns the refusals of finance sheets: one class per cause, the sentence says where and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from workbook.errors import PartnerBookError


class NoBudgetTable(PartnerBookError):
    """No sheet has a budget table: a header with contract, partner, project or category, and an amount."""

    def __init__(self, file: str, seen: Sequence[tuple[str, str]]):
        self.file, self.seen = file, tuple(seen)
        found = "；".join(f"“{sheet}”：{why}" for sheet, why in seen) or "没有工作表"
        super().__init__(
            f"{file} 里没有找到预算表（{found}）。需要一行表头，至少有合同、供应商、项目或科目中的一列，"
            "以及预算或实际的一列；请补上表头再试。"
        )


class SheetMissing(PartnerBookError):
    """A sheet that was asked for is not in the file."""

    def __init__(self, file: str, sheet: str, known: Sequence[str]):
        self.file, self.sheet, self.known = file, sheet, tuple(known)
        super().__init__(f"{file} 里没有工作表“{sheet}”，现有：{'、'.join(known)}。请改正工作表的名称。")


class UnitUnknown(PartnerBookError):
    """An amount column whose unit is stated nowhere, or in two ways."""

    def __init__(self, file: str, sheet: str, column: str, header: str, stated: Sequence[str] = ()):
        self.file, self.sheet, self.column, self.header = file, sheet, column, header
        why = f"表里写了不同的单位（{'、'.join(stated)}）" if stated else "没有写单位（元、千元还是万元）"
        super().__init__(
            f"{file} 的工作表“{sheet}”{column} 列“{header}”{why}，不能猜。请用 --unit 写明，例如 --unit 元 或 --unit 万元。"
        )


class RateMissing(PartnerBookError):
    """A foreign amount without an exchange rate and its day."""

    def __init__(self, file: str, sheet: str, row: int, currency: str, no_day: bool = False):
        self.file, self.sheet, self.row, self.currency = file, sheet, row, currency
        lacks = "有汇率但没有汇率日期" if no_day else "没有汇率"
        super().__init__(
            f"{file} 的工作表“{sheet}”第 {row} 行的金额是 {currency}，{lacks}，不能折成人民币。"
            f"请写明汇率和日期，例如 --rate {currency}=7.1234@2026-03-31，或在表里加“汇率”和“汇率日期”两列。"
        )


class AmountRefused(PartnerBookError):
    """A cell of an amount column that is no amount."""

    def __init__(self, file: str, sheet: str, cell: str, content: str, why: str):
        self.file, self.sheet, self.cell, self.content = file, sheet, cell, content
        shown = content if len(content) <= 40 else content[:40] + "…"
        super().__init__(f"{file} 的工作表“{sheet}”{cell} 的“{shown}”不是金额：{why}。请改成数字，没有金额就留空。")


class YearUnknown(PartnerBookError):
    """A month or quarter whose year is stated nowhere."""

    def __init__(self, file: str, sheet: str, where: str, content: str):
        self.file, self.sheet, self.where, self.content = file, sheet, where, content
        super().__init__(
            f"{file} 的工作表“{sheet}”{where}的“{content}”没有写年份，标题和表名里也没有。请用 --year 写明，例如 --year 2026。"
        )
