"""Owns which columns of 预算执行 finance may pull, derived from its declaration, and the one sentence that documents each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from workbook.errors import PartnerBookError
from workbook.schema import (
    SENSITIVE,
    Choice,
    Column,
    Date,
    Formula,
    Label,
    Level,
    Money,
    Number,
    Table,
)
from workbook.tables import Budgets, Contracts, Partners

# People's own notes, and what the import keeps to recognise a line again: they stay in the book.
STAYING = frozenset({"source_line", "imported", "handler", "remark"})
# A name of another table, shown behind the column that holds its key: its own name, label, and where it stands.
JOINED: Mapping[str, tuple[str, Label, type[Table], str]] = {
    "contract": ("contract_title", Label(Contracts.title.zh, "Contract title"), Contracts, "title"),
    "partner": ("partner_name", Label(Partners.legal_name.zh, "Partner name"), Partners, "legal_name"),
}
AMOUNTS = ("budget", "actual")
MEANINGS: Mapping[str, Label] = {
    "budget_line": Label("这一行的编号，不会改，也不会再用。", "The number of the line; it never changes and is never used again."),
    "contract": Label("合同的编号。", "The number of the contract."),
    "contract_title": Label("合同的名称，按合同编号从“合同”取。", "The title of the contract, looked up by its number."),
    "partner": Label("伙伴的编号；空白的行汇总时记在“未匹配”。", "The number of the partner; without one a line is summed as 未匹配."),
    "partner_name": Label("企业名称，按伙伴编号从“伙伴”取。", "The legal name, looked up by the partner's number."),
    "project": Label("项目的名称。", "The name of the project."),
    "category": Label("预算科目。", "The budget category."),
    "starts_on": Label("这一行管的期间的第一天。", "The first day that the line covers."),
    "ends_on": Label("这一行管的期间的最后一天。", "The last day that the line covers."),
    "budget": Label("现行的约定预算，人民币元。", "The agreed budget in force, in yuan."),
    "actual": Label("到取数时实际发生的金额，人民币元；负数是退款。", "What was spent so far, in yuan; a negative amount is a refund."),
    "difference": Label("约定预算 − 实际发生，负数是超支。", "Budget − actual; negative is an overrun."),
    "rate": Label("实际发生 ÷ 约定预算，百分比，四位小数四舍五入；预算为零或空白时没有。", "Actual ÷ budget in percent, four decimals rounded half up; none without a budget."),
    "available": Label("约定预算 − 实际发生 − 已承诺。", "Budget − actual − committed."),
    "verified": Label("完成是否已经核实；核实了的结余才算节约。", "Whether completion was verified; only then is an under-run a saving."),
    "verdict": Label("对这一行的判定。", "The verdict on the line."),
    "mark": Label("预算执行的得分，1 到 5。", "The mark for budget execution, 1 to 5."),
    "saved": Label("完成并核实之后没有花的金额，人民币元。", "What was not spent of work that is complete and verified, in yuan."),
    "tax": Label("金额含税还是不含税；空白为未说明。", "Whether amounts include tax; blank is not stated."),
    "currency": Label("财务的表里的币种；约定预算和实际发生已经折成人民币。", "The currency of the source; budget and actual are converted to yuan."),
    "fx_on": Label("汇率是哪一天的。", "The day of the exchange rate."),
    "budget_original": Label("原币的约定预算。", "The budget in its own currency."),
    "actual_original": Label("原币的实际发生。", "The actual amount in its own currency."),
    "voucher": Label("凭证号或单据号。", "The voucher."),
    "source": Label("财务哪一份表给的；空白为本簿里手填。", "Which of finance's sheets gave the line; blank was typed here."),
    "imported_on": Label("最近一次导入的日期。", "The day of the last import."),
    "source_state": Label("与财务的表比较：一致、员工改过，或来源里已经没有。", "Against finance's sheet: the same, edited by staff, or gone."),
}  # fmt: skip


class LevelTooLow(PartnerBookError):
    """A data level that does not let the amounts out: finance lines without amounts would be no finance lines."""

    def __init__(self, ceiling: Level, needed: Level):
        self.ceiling, self.needed = ceiling, needed
        super().__init__(
            f"“{Budgets.label.zh}”的金额是“{needed.value.zh}”级，“{ceiling.value.zh}”级取不到，没有导出。"
            f"请改用 {needed.value.zh} 级以上的权限。"
        )


@dataclass(frozen=True)
class FinanceColumn:
    """One column that finance pulls: its stable name, header, kind (text, money, number, date, choice), level, meaning."""

    name: str
    label: Label
    kind: str
    level: Level
    meaning: Label


def finance_columns(ceiling: Level = SENSITIVE) -> tuple[FinanceColumn, ...]:
    """The columns up to a data level, in the order in which 预算执行 declares them, names beside the keys.

    Raises:
        LevelTooLow: the level leaves out the budget or the actual amount.
    """
    order = list(Level)
    found = tuple(one for one in _all_columns() if order.index(one.level) <= order.index(ceiling))
    there = {one.name for one in found}
    if any(name not in there for name in AMOUNTS):
        raise LevelTooLow(ceiling, _level(Budgets, Budgets.budget))
    return found


@cache
def _all_columns() -> tuple[FinanceColumn, ...]:
    return tuple(_derived())


def _derived() -> Iterator[FinanceColumn]:
    for name, column in Budgets.columns.items():
        if name in STAYING:
            continue
        meaning = MEANINGS.get(name) or column.note or column.label
        yield FinanceColumn(name, column.label, _kind(column), _level(Budgets, column), meaning)
        if name in JOINED:
            joined, label, table, other = JOINED[name]
            level = _higher(_level(Budgets, column), table.columns[other].level)
            yield FinanceColumn(joined, label, "text", level, MEANINGS[joined])


def _kind(column: Column) -> str:
    if isinstance(column, Money) or (isinstance(column, Formula) and column.gives in ("difference", "balance")):
        return "money"
    if isinstance(column, Number) or (isinstance(column, Formula) and column.gives == "share"):
        return "number"
    if isinstance(column, Date):
        return "date"
    return "choice" if isinstance(column, Choice) else "text"


def _level(table: type[Table], column: Column) -> Level:
    return _higher(table.level, column.level)


def _higher(one: Level, other: Level) -> Level:
    return max(one, other, key=list(Level).index)


def word_of(name: str, code: object, lang: str) -> str:
    """The word for the code of a choice column in `zh-CN` or `en`; a code that is no longer declared stays as it is."""
    column = Budgets.columns[name]
    label = column.options.get(str(code)) if isinstance(column, Choice) else None
    return label.get(lang) if label else str(code)
