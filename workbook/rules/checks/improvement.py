"""Owns the checks of what follows from a result: incentives, proposals, plans, enablement and clause changes (S29, S34, S39, S40)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.incentives import DECIDED, withdrawals
from workbook.rules.office_hours import calendar_or_default, working_day_after
from workbook.rules.performance import MEASURED_STATES
from workbook.rules.plans import THRESHOLDS, Need, Scores, again, need_of, setting, setting_or_default, uncovered
from workbook.schema import Table
from workbook.tables import (
    Bands,
    ClauseChanges,
    Clauses,
    Contracts,
    Enablements,
    Frozen,
    IncentiveRules,
    Incentives,
    Measures,
    Partners,
    Performance,
    PerformanceParts,
    Periods,
    Plans,
    Proposals,
    SettingRow,
    Settings,
    WorkingDays,
)
from workbook.tables.performance import PERIOD_KINDS
from workbook.tables.selection import GRADES

FEWEST_WHYS = 3
WHYS = ("why1", "why2", "why3", "why4", "why5")


def _waiting(situation: Situation, name: str) -> Callable[[date | None], int]:
    """For a day the working days that a setting allows from it on, 0 while they are not over."""
    allowed = int(setting_or_default(situation.selection.settings, name))
    hours = calendar_or_default(situation.selection.settings, situation.of(WorkingDays))

    def late(day: date | None) -> int:
        return allowed if day and situation.today > working_day_after(day, allowed, hours) else 0

    return late


def settings(situation: Situation) -> Iterator[Finding]:
    """S39: a threshold that cannot be read."""
    for record in situation.of(Settings):
        if record.key in THRESHOLDS:
            try:
                setting({record.key: record.text("value")}, record.key)
            except PartnerBookError as error:
                yield at(record, "S39-setting", str(error), "value")


# --- S29 -------------------------------------------------------------------------------------------------------------


def incentive_rules(situation: Situation) -> Iterator[Finding]:
    """S29: a rule that can give nothing: without kind, type or grade, of a grade that no band gives, or of no day."""
    measured = {row["rule_version"] for row in situation.of(Measures)}
    bands = [row for row in situation.of(Bands) if row["used_for"] == GRADES and row["rule_version"] in measured]
    known = {row.text("gives").strip().upper() for row in bands}
    for rule in situation.of(IncentiveRules):
        lacking = [IncentiveRules.columns[name].zh for name in ("kind", "grade", "type") if not rule[name]]
        if lacking:
            yield at(rule, "S29-rule", f"{rule.key} 没有写{'、'.join(lacking)}，不会生成激励。请填写。")
        elif rule.text("grade").strip().upper() not in known:
            yield at(rule, "S29-rule", f"没有等级“{rule['grade']}”（现有：{'、'.join(sorted(known)) or '无'}），{rule.key} 不会生成激励。请改正。", "grade")  # fmt: skip
        if rule["ends_on"] and rule["effective_on"] and rule["ends_on"] < rule["effective_on"]:
            yield at(rule, "S29-rule", f"{rule.key} 的失效日期早于生效日期，永远不会生效。请改正。", "ends_on")


def incentives(situation: Situation) -> Iterator[Finding]:
    """S29: approved or granted without the approval, to a barred partner, or by a result that was corrected since."""
    barred = {row.key for row in situation.of(Partners) if row["status"] == "barred"}
    for row in situation.of(Incentives):
        if row["status"] not in DECIDED:
            continue
        lacking = [Incentives.columns[name].zh for name in ("approver", "approved_on") if not row[name]]
        if lacking:
            yield at(
                row,
                "S29-approval",
                f"{row.key} 已审批或兑现而没有写{'和'.join(lacking)}。请补写，或改回“待审批”。",
                "status",
            )
        if row["status"] == "granted" and not row["granted_on"]:
            yield at(row, "S29-approval", f"{row.key} 已兑现而没有写兑现日期。请填写。", "granted_on")
        if row["granted_on"] and row["approved_on"] and row["granted_on"] < row["approved_on"]:
            yield at(row, "S29-approval", f"{row.key} 于 {row['granted_on']} 兑现，早于审批日期 {row['approved_on']}。请核对日期。", "granted_on")  # fmt: skip
        if row["partner"] in barred:
            yield at(row, "S29-approval", f"{row['partner']} 在黑名单上，{row.key} 不能审批或兑现。请改为“不予兑现”，已兑现的请追回。", "status")  # fmt: skip
    for one in withdrawals(situation.of(Frozen), situation.of(Incentives)):
        if one.why and one.row["status"] in DECIDED:
            yield at(one.row, "S29-corrected", f"{one.why}，而 {one.row.key} 已审批或兑现。请改为“不予兑现”并追回，或在备注写明为什么保留。", "status")  # fmt: skip


def waiting_incentives(situation: Situation) -> Iterator[Finding]:
    """S29: an entitlement that nobody has approved or refused in time."""
    late = _waiting(situation, SettingRow.INCENTIVE_DAYS)
    for row in situation.of(Incentives):
        if (row["status"] or "due") == "due" and (days := late(row["made_on"])):
            yield at(row, "S29-due", f"{row.key} 于 {row['made_on']} 生成，{days} 个工作日后还没有审批。请审批，或写“不予兑现”。", "status")  # fmt: skip


# --- S34 -------------------------------------------------------------------------------------------------------------


def proposals(situation: Situation) -> Iterator[Finding]:
    """S34: adopted without day, value or assessor; or waiting for its assessment for too long."""
    late = _waiting(situation, SettingRow.PROPOSAL_DAYS)
    for row in situation.of(Proposals):
        status = row["status"] or "received"
        if status in ("adopted", "realised"):
            lacking = [Proposals.columns[n].zh for n in ("adopted_on", "value", "assessed_by") if row[n] is None]
            if lacking:
                yield at(
                    row,
                    "S34-adopted",
                    f"{row.key} 已采纳而没有写{'、'.join(lacking)}，创新贡献算不全。请填写。",
                    "status",
                )
        came = row["submitted_at"] and row["submitted_at"].date()
        if status in ("received", "assessing") and row["verification"] != "rejected" and (days := late(came)):
            yield at(row, "S34-waiting", f"{row.key} 于 {came} 收到，{days} 个工作日后还没有评估结论。请评估价值，写采纳或未采纳。", "status")  # fmt: skip


# --- S39 -------------------------------------------------------------------------------------------------------------


def scores_of(situation: Situation) -> Scores:
    """The scores of a book."""
    return Scores(*(situation.of(table) for table in (Periods, Performance, PerformanceParts, Frozen)))


def missing_plans(situation: Situation) -> Iterator[Finding]:
    """S39: the newest result is a D, or it or a measure fell, and no plan takes it up."""
    scores, known = scores_of(situation), situation.selection.settings
    drop, mark_drop = (setting_or_default(known, name) for name in (SettingRow.SCORE_DROP, SettingRow.MARK_DROP))
    rows = {(row.text("partner"), row.text("period")): row for row in situation.of(Performance)}
    for partner in situation.of(Partners):
        if partner["status"] not in MEASURED_STATES:
            continue
        mine = [plan for plan in situation.of(Plans) if plan["partner"] == partner.key]
        for kind in PERIOD_KINDS:
            need = need_of(partner.key, kind, scores, situation.today, drop, mark_drop)
            if need is None:
                continue
            whole, left = uncovered(need, mine, scores.by_name)
            if not whole and not left:
                continue
            said = _words(situation, need, whole, left)
            row = rows.get((partner.key, need.period.key), partner)
            yield at(
                row,
                "S39-plan",
                f"{partner['legal_name']} {need.period.key} {said}，没有改进计划。请在“改进计划”里写一行。",
            )


def _words(situation: Situation, need: Need, whole: str, left: tuple[str, ...]) -> str:
    titles = {row.key: row.text("title") for row in situation.of(Measures)}
    fallen = [
        f"“{titles.get(key, key)}”从 {_plain(need.fallen[key][0])} 分降到 {_plain(need.fallen[key][1])} 分"
        for key in left
    ]
    return "；".join([*([whole] if whole else []), *fallen])


def _plain(mark: Decimal) -> str:
    return f"{mark.normalize():f}"


def plans(situation: Situation) -> Iterator[Finding]:
    """S39: a plan that does not say why, what, who and when; that is late; or whose effect is said otherwise than measured."""
    scores = scores_of(situation)
    for plan in situation.of(Plans):
        status = plan["status"] or "open"
        if status == "dropped":
            continue
        whys = sum(1 for name in WHYS if plan[name])
        if whys < FEWEST_WHYS:
            yield at(
                plan,
                "S39-why",
                f"{plan.key} 只写了 {whys} 个为什么，至少要 {FEWEST_WHYS} 个才到原因。请往下问。",
                f"why{whys + 1}",
            )
        lacking = [Plans.columns[n].zh for n in ("partner", "period", "action", "owner", "due") if not plan[n]]
        if lacking:
            yield at(plan, "S39-why", f"{plan.key} 没有写{'、'.join(lacking)}，没法落实和复测。请填写。")
        if plan["due"] and plan["due"] < situation.today and status == "open" and not plan["done_on"]:
            yield at(plan, "S39-late", f"{plan.key} 的措施应于 {plan['due']} 完成，已经逾期。请完成后写完成日期，或改期限。", "due")  # fmt: skip
        found = again(plan, scores, situation.today)
        if found.better is None:
            continue
        numbers = (
            f"改进前 {_plain(found.before or Decimal(0))}，{found.period} 复测 {_plain(found.after or Decimal(0))}"
        )
        if status == "effective" and not found.better:
            yield at(
                plan, "S39-effect", f"{plan.key} 写着已见效，而{numbers}，没有变好。请改状态，再找原因。", "status"
            )
        elif status in ("open", "done"):
            yield at(
                plan, "S39-effect", f"{plan.key} 已有复测（{numbers}），状态还没有定。请写已见效或未见效。", "status"
            )


# --- S40 -------------------------------------------------------------------------------------------------------------


def enablements(situation: Situation) -> Iterator[Finding]:
    """S40: what helps a partner belongs to a plan or a result, and says what it changed."""
    for row in situation.of(Enablements):
        if not row["plan"] and not row["result"]:
            yield at(
                row, "S40-link", f"{row.key} 没有写计划编号或绩效编号，看不出由哪个结果引出。请填写其中一个。", "plan"
            )
        yield from _unsaid(situation, row, row["happened_on"])


def clause_changes(situation: Situation) -> Iterator[Finding]:
    """S40: a change of a clause is of a signed contract, agreed before it holds, and a lawyer has seen it."""
    clauses, contracts = _by_key(situation, Clauses), _by_key(situation, Contracts)
    for row in situation.of(ClauseChanges):
        wanted = ("contract", "clause", "agreed_on", "effective_on", "lawyer")
        if lacking := [ClauseChanges.columns[name].zh for name in wanted if not row[name]]:
            yield at(row, "S40-clause", f"{row.key} 没有写{'、'.join(lacking)}，变更不完整。请填写。")
        clause, contract = clauses.get(row.text("clause")), contracts.get(row.text("contract"))
        if clause and row["contract"] and clause["contract"] != row["contract"]:
            yield at(row, "S40-clause", f"条款 {clause.key} 是合同 {clause.text('contract') or '（空）'} 的，不是 {row['contract']} 的。请改正。", "clause")  # fmt: skip
        if contract and contract["status"] not in ("signed", "ended"):
            yield at(row, "S40-clause", f"合同 {contract.key} 还没有签，条款直接在“条款”里改，不算变更。请删去这一行或改正合同编号。", "contract")  # fmt: skip
        if row["agreed_on"] and row["effective_on"] and row["effective_on"] < row["agreed_on"]:
            yield at(row, "S40-clause", f"{row.key} 于 {row['effective_on']} 生效，早于双方确认的 {row['agreed_on']}。请核对日期。", "effective_on")  # fmt: skip
        yield from _unsaid(situation, row, row["effective_on"])


def _unsaid(situation: Situation, row: Record, day: date | None) -> Iterator[Finding]:
    """Done, and nobody has written what was before or what is after."""
    lacking = [name for name in ("before", "after") if not row[name]]
    if day and day <= situation.today and lacking:
        words = "、".join(row.table.columns[name].zh for name in lacking)
        yield at(
            row, "S40-effect", f"{row.key} 已于 {day} 实施或生效，没有写“{words}”，看不出变了什么。请填写。", lacking[0]
        )


def _by_key(situation: Situation, table: type[Table]) -> dict[str, Record]:
    return {row.key: row for row in situation.of(table) if row.key}


CHECKS: tuple[Check, ...] = (
    settings, incentive_rules, incentives, waiting_incentives, proposals, missing_plans, plans, enablements,
    clause_changes,
)  # fmt: skip
