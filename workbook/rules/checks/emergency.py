"""Owns the checks of emergencies and stoppages: plans, disputes, incidents, penalties, backups, drills (S41, S44 to S46, S48, S49)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal

from workbook.errors import PartnerBookError
from workbook.penalising import is_ours
from workbook.records import Record
from workbook.rules.disputes import CLOCKED, LADDER, rung_of, step_days, step_days_or_default
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.penalties import lacking, penalties_of
from workbook.rules.responding import lacks
from workbook.rules.standby import Bench
from workbook.rules.stoppage import Outlook, readable
from workbook.tables import (
    BY_NAME,
    Backups,
    Changes,
    Contingency,
    Disputes,
    Drills,
    Incidents,
    Penalties,
    PenaltyRules,
    SettingRow,
    Settings,
)
from workbook.tables.emergency import DISPUTE_STATES, PENALTY_STATES

SETTINGS = {
    SettingRow.PLAN_REVIEW_DAYS: "S41-setting",
    SettingRow.DRILL_DAYS: "S49-setting",
}
TROUBLES = {
    "contract": "S46-contract",
    "double": "S46-rule",
    "amount": "S46-amount",
}
LISTED_ELSEWHERE = ("S21-urgent",)  # by the check of channels


def settings(situation: Situation) -> Iterator[Finding]:
    """A setting of this chapter that cannot be read."""
    for row in situation.of(Settings):
        text = row.text("value").strip()
        if row.key in SETTINGS and text and not readable(text):
            default = next(value for name, value, _ in SettingRow.DEFAULTS if name == row.key)
            yield at(row, SETTINGS[row.key], f"“{row.key}”应为不小于 1 的整数天数，现在是“{text}”。改正之前按 {default} 天计。", "value")  # fmt: skip
        if row.key == SettingRow.DISPUTE_DAYS:
            try:
                step_days({row.key: text})
            except PartnerBookError as error:
                yield at(row, "S44-setting", str(error), "value")


# --- S41, S48, S49: the day of the stop ------------------------------------------------------------------------------


def stoppages(situation: Situation) -> Iterator[Finding]:
    """What a key partner's stop would find unprepared; others show it in their row only."""
    outlook = Outlook(situation.records, situation.selection.settings, situation.today)
    for partner in outlook.active():
        if partner["important"] != "yes":
            continue
        for gap in outlook.stoppage(partner).gaps:
            if gap.rule in LISTED_ELSEWHERE:
                continue
            mend = "请看“停摆推演”里这家伙伴的一行，补上缺口。"
            yield at(partner, gap.rule, f"关键伙伴 {partner.key} {partner.text('legal_name')}：{gap.message}。{mend}")


def plans(situation: Situation) -> Iterator[Finding]:
    """S41: a plan of nobody, or an approved one that does not say what to do."""
    for row in situation.of(Contingency):
        if row["status"] == "retired":
            continue
        wanted = ("partner",) if row["status"] != "approved" else ("partner", "steps", "handler")
        if gone := [name for name in wanted if not row[name]]:
            words = "、".join(Contingency.columns[name].zh for name in gone)
            yield at(row, "S41-whole", f"预案 {row.key} 没有写{words}，停摆时没法照着做。请填写。", gone[0])


def backups(situation: Situation) -> Iterator[Finding]:
    """S48: a backup that was accepted and does not qualify (any more)."""
    bench = Bench(situation.records, situation.today)
    for row in situation.of(Backups):
        if row["status"] != "accepted":
            continue
        found = bench.fitness(row)
        if not found.qualified:
            yield at(row, "S48-accepted", f"备选 {row.key} 写着“已认定”，而它不合格：{found.why}。请改回“待认定”，或换一家。", "status")  # fmt: skip


# --- S44 -------------------------------------------------------------------------------------------------------------


def disputes(situation: Situation) -> Iterator[Finding]:
    """S44: a dispute that nobody answers for, whose step is over, or that ended without an outcome."""
    hours = situation.ledger.hours
    days = step_days_or_default(situation.selection.settings)
    for row in situation.of(Disputes):
        status = row.text("status") or LADDER[0]
        if status == "settled":
            if gone := [name for name in ("outcome", "settled_on") if not row[name]]:
                words = "、".join(Disputes.columns[name].zh for name in gone)
                yield at(row, "S44-outcome", f"争议 {row.key} 写着“已和解”，没有写{words}。请填写。", gone[0])
        elif status in LADDER:
            if gone := [name for name in ("partner", "handler", "raised_on") if not row[name]]:
                words = "、".join(Disputes.columns[name].zh for name in gone)
                yield at(row, "S44-handler", f"争议 {row.key} 没有写{words}，没有人盯着它的期限。请填写。", gone[0])
            rung = rung_of(row, situation.of(Changes), days, hours, situation.today)
            if status not in CLOCKED:
                since = f"从 {rung.since} 起" if rung.since else ""
                yield at(row, "S44-overdue", f"争议 {row.key} {since}已到“{DISPUTE_STATES[status].zh}”，不会再上升。请决定和解或起诉，了结后改为“已和解”。", "status")  # fmt: skip
            elif rung.move:
                yield at(row, "S44-overdue", f"争议 {row.key} 在“{DISPUTE_STATES[status].zh}”到 {rung.due} 没有了结，已逾期。请评估一次，它会上升一级。", "status")  # fmt: skip


# --- S45, S46 --------------------------------------------------------------------------------------------------------


def incidents(situation: Situation) -> Iterator[Finding]:
    """S45: a step that left no evidence behind, or an end without verification."""
    for row in situation.of(Incidents):
        for lack in lacks(row):
            yield at(row, lack.rule, lack.message, lack.column)


def penalty_rules(situation: Situation) -> Iterator[Finding]:
    """S46: a rule that says nothing, or never holds."""
    for row in situation.of(PenaltyRules):
        gone = [name for name in lacking(row) if name not in row.problems]
        if gone:
            words = "、".join(PenaltyRules.columns[name].zh for name in gone)
            yield at(row, "S46-rule", f"违约标准 {row.key} 没有写{words}，不起作用。请填写。", gone[0])
        if row["effective_on"] and row["until"] and row["until"] < row["effective_on"]:
            yield at(row, "S46-rule", f"违约标准 {row.key} 的失效日期 {row['until']} 早于生效日期 {row['effective_on']}，永远不会适用。请改正。", "until")  # fmt: skip


def penalties(situation: Situation) -> Iterator[Finding]:
    """S46: a breach whose penalty cannot be computed, and a row that people decided without a name or that changed since."""
    rules, rows = situation.of(PenaltyRules), situation.of(Penalties)
    if not rules and not rows:
        return
    found, troubles = penalties_of(situation.ledger, rules, datetime.combine(situation.today, time.max))
    for trouble in troubles:
        record = next((row for row in situation.of(BY_NAME[trouble.table]) if row.key == trouble.key), None)
        if record is not None:
            yield at(record, TROUBLES[trouble.kind], trouble.message)
    now = {one.breach.key: one.amount for one in found}
    for row in rows:
        yield from _decided(row, now)


def _decided(row: Record, now: Mapping[str, Decimal]) -> Iterator[Finding]:
    status = row.text("status") or "computed"
    if status != "computed" and not row["approver"]:
        yield at(row, "S46-approver", f"违约金 {row.key} 写着“{PENALTY_STATES[status].zh}”，没有写确认人。请填写。", "approver")  # fmt: skip
    amount = now.get(row.key, Decimal(0))
    if status == "settled" and is_ours(row) and row["amount"] is not None and row["amount"] != amount:
        yield at(row, "S46-settled", f"违约金 {row.key} 已扣 {row['amount']} 元，按现在的记录应为 {amount} 元。请与对方核对，多扣的退还，少扣的另行主张。", "amount")  # fmt: skip


# --- S49 -------------------------------------------------------------------------------------------------------------


def drills(situation: Situation) -> Iterator[Finding]:
    """S49: a drill that is done and shows nothing: no times, or nothing found."""
    for row in situation.of(Drills):
        if row["status"] != "done":
            continue
        if gone := [name for name in ("started_at", "ended_at", "findings") if not row[name]]:
            words = "、".join(Drills.columns[name].zh for name in gone)
            yield at(row, "S49-findings", f"演练 {row.key} 已完成，没有写{words}，看不出学到了什么。请填写；没有发现也请写“无”。", gone[0])  # fmt: skip
        elif row["ended_at"] < row["started_at"]:
            yield at(row, "S49-findings", f"演练 {row.key} 的结束时间早于开始时间。请改正。", "ended_at")


CHECKS: tuple[Check, ...] = (
    settings, stoppages, plans, backups, disputes, incidents, penalty_rules, penalties, drills,
)  # fmt: skip
