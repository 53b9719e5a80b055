"""Owns the checks of preventing risk: the register, data that partners hold, samplings, controls (S41 to S43, S47)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.requirements import single
from workbook.rules.risks import FOUR, MUST, inherent, residual, zone_of
from workbook.rules.sampling_plan import REJECTED, is_moved, taken_units, verdict_of
from workbook.rules.stoppage import days_of
from workbook.tables import (
    Actions,
    DataGrants,
    Defects,
    Deliveries,
    Issues,
    Partners,
    Risks,
    Samplings,
    SettingRow,
    TechnicalControls,
)
from workbook.tables.guarding import CONTROLS, DATA_LEVELS, RISK_KINDS

CLOSE = ("sensitive", "confidential")  # levels of data that want a contract, an approver and controls
NEEDED = ("access", "accounts", "encryption", "logging")  # of a partner that holds such data
GONE = ("left", "barred")


# --- the register ----------------------------------------------------------------------------------------------------


def risks(situation: Situation) -> Iterator[Finding]:
    """S41: a risk that nobody rated, that its measures made worse, that must be treated and is not, or waits for its review."""
    for row in situation.of(Risks):
        if row["status"] == "closed":
            continue
        before, after = inherent(row), residual(row)
        if before is None:
            yield at(row, "S41-rating", f"{row.key} 没有评可能性和影响，不知道在哪个风险区。请填写。", "likelihood")
        elif after is not None and after > before:
            yield at(row, "S41-residual", f"{row.key} 的剩余风险值 {after} 高于之前的 {before}，措施不会让风险变大。请改正评级。", "residual_likelihood")  # fmt: skip
        if zone_of(row) == MUST and (gone := _unsaid(row, "measure", "handler", "review_on")):
            yield at(row, "S41-must", f"{row.key} 在“{MUST}”区而没有写{gone}。请填写。", "measure")
        if row["review_on"] and row["review_on"] < situation.today:
            yield at(row, "S41-risk-review", f"{row.key} 应于 {row['review_on']} 复核，已经逾期。请复核后改评级和下次复核的日期。", "review_on")  # fmt: skip


def registered(situation: Situation) -> Iterator[Finding]:
    """S41: a key partner of whom not all four kinds of risk are watched."""
    known = {(row["partner"], row["kind"]) for row in situation.of(Risks) if row["status"] != "closed"}
    for partner in situation.of(Partners):
        if partner["status"] != "active" or partner["important"] != "yes":
            continue
        gone = [RISK_KINDS[kind].zh for kind in FOUR if (partner.key, kind) not in known]
        if gone:
            yield at(partner, "S41-register", f"关键伙伴 {partner.key} {partner.text('legal_name')} 没有登记{'、'.join(gone)}。请在“风险登记册”里各写一行。")  # fmt: skip


# --- S42 -------------------------------------------------------------------------------------------------------------


def data_grants(situation: Situation) -> Iterator[Finding]:
    """S42: data that a partner holds without ground, beyond its end, or after it has gone."""
    partners = {row.key: row for row in situation.of(Partners)}
    for row in situation.of(DataGrants):
        if not is_held(row):
            if not row["ended_on"] and "ended_on" not in row.problems:
                yield at(row, "S42-ended", f"{row.key} 已返还或销毁而没有写日期。请填写。", "ended_on")
            continue
        partner = partners.get(row.text("partner"))
        if gone := _unsaid(row, "partner", "data_level"):
            yield at(row, "S42-level", f"{row.key} 没有写{gone}，不知道谁持有哪一级的数据。请填写。", "data_level")
        if row["data_level"] in CLOSE and (gone := _unsaid(row, "contract", "approver")):
            word = DATA_LEVELS[row["data_level"]].zh
            yield at(row, "S42-basis", f"{row.key} 是{word}数据，对方持有而没有写{gone}。请补上保密条款所在的合同和批准人，或请对方返还。", "contract")  # fmt: skip
        if row["until"] and row["until"] < situation.today:
            yield at(row, "S42-until", f"{row.key} 的授权到 {row['until']} 为止，{row.text('partner')} 还持有数据。请其返还或销毁后写日期，或由批准人延长。", "until")  # fmt: skip
        if partner is not None and partner["status"] in GONE:
            yield at(row, "S42-gone", f"{partner.key} {partner.text('legal_name')} 已不再合作，还持有 {row.key} 的数据。请立刻请其返还或销毁。", "status")  # fmt: skip


def is_held(row: Record) -> bool:
    """Whether the partner has the data still."""
    return (row.text("status") or "held") == "held"


# --- S43 -------------------------------------------------------------------------------------------------------------


def samplings(situation: Situation) -> Iterator[Finding]:
    """S43: a sampling that gives no sample or whose plan was changed, of another batch than its delivery, or rejected in vain."""
    deliveries = {row.key: row for row in situation.of(Deliveries)}
    defects = situation.of(Defects)
    for row in single(situation.of(Samplings)):
        if row["sampled_on"] and (gone := _unsaid(row, "lot", "size", "accept")):
            yield at(row, "S43-plan", f"{row.key} 已抽检而没有写{gone}，看不出抽了哪些、能不能接收。请填写。", "lot")
        if row["lot"] and row["size"] and row["size"] > row["lot"]:
            yield at(row, "S43-plan", f"{row.key} 的抽样数 {row['size']} 不能超过批量 {row['lot']}。请改正。", "size")
        if is_moved(row):
            plan = f"批量 {row['lot']}、抽样数 {row['size']}、种子“{row.text('seed') or row.key}”"
            yield at(row, "S43-seed", f"{row.key} 的{plan}在抽样之后改过，样本号与它们不符。请改回；要另抽，请另写一行。", "drawn")  # fmt: skip
        delivery = deliveries.get(row.text("delivery"))
        if delivery is None:
            continue
        if row["batch"] and delivery["batch"] and row["batch"] != delivery["batch"]:
            yield at(row, "S43-batch", f"{row.key} 的批次 {row['batch']} 与交付 {delivery.key} 的批次 {delivery['batch']} 不同。请改正。", "batch")  # fmt: skip
        if verdict_of(row, defects) == REJECTED and delivery["acceptance"] == "accepted":
            yield at(row, "S43-rejected", f"{row.key} 判定{REJECTED}，而交付 {delivery.key} 已验收。请改验收；让步接收请在备注里写明并另抽一次。", "verdict")  # fmt: skip


def defects(situation: Situation) -> Iterator[Finding]:
    """S43: a defect that cannot be traced, or in a unit that was not to be taken."""
    known = {row.key: row for row in situation.of(Samplings)}
    for row in situation.of(Defects):
        key = row.text("sampling")
        if not (key or row["delivery"] or row["batch"]):
            yield at(row, "S43-trace", f"{row.key} 没有写抽检、交付或批次，追溯不到来源。请填写其中一项。", "delivery")
        elif key and key not in known:
            yield at(row, "S43-trace", f"{row.key} 写的抽检 {key} 不在“抽检”里，追溯不到来源。请改正。", "sampling")
        if key in known and row["unit"] and (told := taken_units(known[key])) and int(row["unit"]) not in told:
            yield at(row, "S43-unit", f"{row.key} 的样本号 {row['unit']} 不在 {key} 的样本里，不计入判定。请核对样本号。", "unit")  # fmt: skip


# --- S47 -------------------------------------------------------------------------------------------------------------


def due_of(row: Record, days: int) -> date | None:
    """Until when a control is to be checked again: as typed, else some days after the last check."""
    if row["due"]:
        typed: date = row["due"]
        return typed
    return row["checked_on"] + timedelta(days=days) if row["checked_on"] else None


def controls(situation: Situation) -> Iterator[Finding]:
    """S47: a check that was not made or is overdue, and a control that does not conform with nobody at work on it.

    Of a control that was checked more than once, the last check counts.
    """
    days = days_of(situation.selection.settings, SettingRow.CONTROL_DAYS)
    gone = {row.key for row in situation.of(Partners) if row["status"] in GONE}
    at_work = {row["partner"] for row in situation.of(Actions) if (row["status"] or "open") == "open"}
    at_work |= {row["partner"] for row in situation.of(Issues) if row["status"] != "closed" and not row["drill"]}
    for row in _last_checks(situation):
        word = CONTROLS[row["control"]].zh if row["control"] else ""
        name = f"{row.key} {row.text('partner')} 的{word}"
        if row["partner"] in gone or row["result"] == "na":
            continue
        due = due_of(row, days)
        if not row["checked_on"] and "checked_on" not in row.problems:
            yield at(row, "S47-date", f"{name}没有写检查日期。请检查后填写日期和结果。", "checked_on")
        elif due is not None and due < situation.today:
            yield at(row, "S47-overdue", f"{name}应于 {due} 再检查，已经逾期。请检查后另写一行，或改日期。", "due")
        if row["result"] == "differs" and row["partner"] not in at_work:
            yield at(
                row, "S47-differs", f"{name}不符合，没有这家伙伴未完成的行动或问题。请在“行动项”里写一行。", "result"
            )


def _last_checks(situation: Situation) -> list[Record]:
    last: dict[tuple[str, str], Record] = {}
    for row in situation.of(TechnicalControls):
        place = (row.text("partner"), row.text("control") or row.key)
        other = last.get(place)
        if other is None or (row["checked_on"] or date.min) >= (other["checked_on"] or date.min):
            last[place] = row
    return list(last.values())


def needed(situation: Situation) -> Iterator[Finding]:
    """S47: an active partner that holds sensitive or confidential data, and a control of it that nobody checked."""
    known = {(row["partner"], row["control"]) for row in situation.of(TechnicalControls)}
    active = {row.key for row in situation.of(Partners) if row["status"] == "active"}
    seen: set[str] = set()
    for row in situation.of(DataGrants):
        partner = row.text("partner")
        if not is_held(row) or row["data_level"] not in CLOSE or partner not in active or partner in seen:
            continue
        seen.add(partner)
        if gone := [CONTROLS[code].zh for code in NEEDED if (partner, code) not in known]:
            yield at(row, "S47-missing", f"{partner} 持有 {row.key} 的数据，没有检查过{'、'.join(gone)}。请在“技术隔离”里各写一行。", "partner")  # fmt: skip


def _unsaid(row: Record, *names: str) -> str:
    """The headers of columns that are blank; a cell that cannot be read is told elsewhere."""
    return "、".join(
        row.table.columns[name].zh for name in names if row[name] in (None, "") and name not in row.problems
    )


CHECKS: tuple[Check, ...] = (risks, registered, data_grants, samplings, defects, controls, needed)
