"""Owns the checks of money: lines, agreed versions, phases, currency, tax, and how imported lines stand to their source (S32)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from workbook.evaluation.exact import exact, half_up
from workbook.records import Record
from workbook.rules.budgets import complete
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.sources import edited, state_of
from workbook.tables import BudgetPhases, Budgets, BudgetVersions

MOST = 5  # imported lines of one source that lack the same are named one by one up to here, then together


def budgets(situation: Situation) -> Iterator[Finding]:
    """S32: a line of which no execution rate can be computed, or that waits for somebody."""
    imported: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in situation.of(Budgets):
        for name, message in _amiss(row):
            if name in row.problems:
                continue
            if row["source"]:
                imported[row.text("source"), name, message].append(row)
            else:
                yield at(row, "S32-budget", message, name)
    for (source, name, message), rows in imported.items():
        yield from _together("S32-budget", source, name, message, rows)


def _together(rule: str, source: str, name: str, message: str, rows: Sequence[Record]) -> Iterator[Finding]:
    """Many lines of one import that lack the same are one matter."""
    if len(rows) <= MOST:
        yield from (at(row, rule, message, name) for row in rows)
        return
    keys = "、".join(row.key for row in rows[:MOST])
    yield at(rows[0], rule, f"来自“{source}”的 {len(rows)} 行（{keys}……）：{message}", name)


def _amiss(row: Record) -> Iterator[tuple[str, str]]:
    if not row["partner"]:
        yield "partner", "没有写伙伴编号，不计入任何伙伴。请补上。"
    if not row["contract"] and (row["source"] or not row["voucher"]):
        yield (
            "contract",
            "没有写合同编号，也没有凭证，约定预算没有出处。请补上。"
            if not row["source"]
            else "没有对上合同，请补上合同编号；下次导入会记得。",
        )
    if row["starts_on"] is None and row["ends_on"] is None:
        yield "starts_on", "没有写起止日期，不知道属于哪一期，不计入。请填写。"
    budget, actual = row["budget"], row["actual"]
    if budget is None:
        yield "budget", "没有写约定预算：无数据。请填写。"
    elif budget <= 0:
        yield "budget", f"约定预算是 {budget}，执行率无法计算。请核对合同。"
    if actual is None:
        yield "actual", "没有写实际发生：无数据。请填写。"
    if not complete(row):
        if row["progress"] is None:
            yield "progress", "没有写完成进度：无数据。请填写；完成的写 100。"
        elif row["progress"] == 0:
            yield "progress", "完成进度是 0，与进度相当的执行率无法计算。有了进度请填写。"
    elif row["verified"] != "yes" and budget and actual is not None and budget > 0 and actual * 100 < budget * 95:
        yield "verified", "已完成而实际发生不到约定预算的 95%：待核实，核实之前不记分，也不算节约。请核实是否全部交付。"


def versions(situation: Situation) -> Iterator[Finding]:
    """S32: an agreed version that nobody can trace, or a budget that is not the one last agreed."""
    own: dict[str, list[Record]] = defaultdict(list)
    for row in situation.of(BudgetVersions):
        needed = ["budget_line", "number", "agreed_on", "budget", "approver", "evidence"]
        if row["number"] is not None and row["number"] > 1:
            needed.append("reason")
        lacking = [name for name in needed if row[name] is None and name not in row.problems]
        if lacking:
            words = "、".join(BudgetVersions.columns[name].zh for name in lacking)
            yield at(row, "S32-version", f"没有写{words}。请补上：预算按哪一版、谁批准的要说得清。", lacking[0])
        if row["budget_line"] and row["number"] is not None:
            own[row.text("budget_line")].append(row)
    lines = {row.key: row for row in situation.of(Budgets) if row.key}
    for key, rows in own.items():
        rows.sort(key=lambda row: (row["number"], row.number))
        for first, second in pairwise(rows):
            if first["number"] == second["number"]:
                yield at(
                    second,
                    "S32-version",
                    f"{key} 有两个第 {second['number']} 版（{first.key}、{second.key}）。请改正版号。",
                    "number",
                )
        agreed = [
            row
            for row in rows
            if row["agreed_on"] and row["agreed_on"] <= situation.today and row["budget"] is not None
        ]
        line = lines.get(key)
        if line is not None and agreed and line["budget"] is not None and line["budget"] != agreed[-1]["budget"]:
            last = agreed[-1]
            message = f"约定预算是 {line['budget']:,.2f}，最新约定的第 {last['number']} 版（{last.key}）是 {last['budget']:,.2f}。请改正其一。"
            yield at(line, "S32-version", message, "budget")


def phases(situation: Situation) -> Iterator[Finding]:
    """S32: phases that do not add up to their line's budget, or do not follow one another within its span."""
    own: dict[str, list[Record]] = defaultdict(list)
    for row in situation.of(BudgetPhases):
        lacking = [
            n for n in ("budget_line", "starts_on", "ends_on", "planned") if row[n] is None and n not in row.problems
        ]
        if lacking:
            words = "、".join(BudgetPhases.columns[name].zh for name in lacking)
            yield at(row, "S32-phase", f"没有写{words}，这一期不计入。请补上。", lacking[0])
        elif row["starts_on"] and row["ends_on"] and row["ends_on"] < row["starts_on"]:
            yield at(row, "S32-phase", "结束早于开始。请改正。", "ends_on")
        elif not row.problems:
            own[row.text("budget_line")].append(row)
    lines = {row.key: row for row in situation.of(Budgets) if row.key}
    for key, rows in own.items():
        line = lines.get(key)
        yield from _spans(line, sorted(rows, key=lambda row: (row["starts_on"], row.number)))
        total = sum((row["planned"] for row in rows), Decimal(0))
        if line is not None and line["budget"] is not None and total != line["budget"]:
            message = f"各期合计 {total:,.2f}，约定预算 {line['budget']:,.2f}，差 {total - line['budget']:,.2f}。请补齐分期或改正预算。"
            yield at(line, "S32-phase", message, "budget")


def _spans(line: Record | None, rows: Sequence[Record]) -> Iterator[Finding]:
    for first, second in pairwise(rows):
        if second["starts_on"] <= first["ends_on"]:
            yield at(second, "S32-phase", f"与 {first.key} 的时间重叠，同一笔计划会算两次。请改正。", "starts_on")
    for row in rows if line is not None else ():
        assert line is not None
        early = line["starts_on"] and row["starts_on"] < line["starts_on"]
        if early or (line["ends_on"] and row["ends_on"] > line["ends_on"]):
            yield at(row, "S32-phase", f"超出 {line.key} 的起止日期。请改正其一。", "starts_on" if early else "ends_on")


def currencies(situation: Situation) -> Iterator[Finding]:
    """S32: a foreign amount without a rate and its day, or yuan that are not original × rate."""
    for row in situation.of(Budgets):
        if row["currency"] in (None, "CNY"):
            continue
        word = Budgets.currency.options[row["currency"]].zh
        lacking = [
            name for name in ("fx_rate", "fx_on", "budget_original") if not row[name] and name not in row.problems
        ]
        if lacking:
            words = "、".join(Budgets.columns[name].zh for name in lacking)
            yield at(row, "S32-currency", f"币种是{word}，没有写{words}，折算没有依据。请补上。", lacking[0])
            continue
        for name in ("budget", "actual"):
            original = row[f"{name}_original"]
            if original is None or row[name] is None or not row["fx_rate"]:
                continue
            worth = half_up(exact(original) * exact(row["fx_rate"]), 2)
            if worth != row[name]:
                message = f"{original:,.2f} {word} × {row['fx_rate'].normalize():f} = {worth:,.2f} 元，写的是 {row[name]:,.2f}。请改正其一。"
                yield at(row, "S32-currency", message, name)


def taxes(situation: Situation) -> Iterator[Finding]:
    """S32: lines of one contract of which some are with tax and some without: their sum means nothing."""
    stated: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for row in situation.of(Budgets):
        if row["contract"] and row["tax"]:
            stated[row.text("contract")][row["tax"]].append(row)
    for contract, kinds in stated.items():
        if len(kinds) > 1:
            fewer = min(kinds.values(), key=len)
            keys = "、".join(row.key for row in fewer[:MOST])
            message = f"{contract} 的预算有的含税、有的不含税（{keys}），加起来没有意义。请统一口径。"
            yield at(fewer[0], "S32-tax", message, "tax")


def sources(situation: Situation) -> Iterator[Finding]:
    """S32: an imported line that its source no longer has, or that says something else than it."""
    found: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in situation.of(Budgets):
        source = row.text("source")
        if state_of(row) == "gone":
            words = "财务最近的表里已经没有这一行，合计会多出它。请核对：不再需要就删除这一行，仍然有效请财务补回。"
            found[source, "source_state", words].append(row)
        elif changed := edited(row):
            columns = "、".join(Budgets.columns[name].zh for name in changed)
            found[source, changed[0], f"{columns}与财务的表不同，合计对不上。请与财务核对，一方改正。"].append(row)
    for (source, name, message), rows in found.items():
        yield from _together("S32-source", source, name, message, rows)


CHECKS: tuple[Check, ...] = (budgets, versions, phases, currencies, taxes, sources)
