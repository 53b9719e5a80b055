"""Owns the checks of preventing risk: the register, data that partners hold, samplings, controls (S41 to S43, S47)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.requirements import single
from workbook.rules.risks import KINDS_OF_A_KEY_PARTNER, MUST, inherent, residual, zone_of
from workbook.rules.sampling_plan import REJECTED, is_moved, is_whole, taken_units, verdict_of
from workbook.rules.stoppage import days_of, readable
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
    Settings,
    TechnicalControls,
)
from workbook.tables.guarding import CONTROLS, RISK_KINDS
from workbook.tables.sourcing import PARTNER_STATES

CLOSE = ("sensitive", "confidential")  # levels of data that want a contract, an approver and controls
NEEDED = ("access", "accounts", "encryption", "logging")  # of a partner that holds such data
GONE = ("left", "barred")


# --- the register ----------------------------------------------------------------------------------------------------


def risks(situation: Situation) -> Iterator[Finding]:
    """S41: a risk that got worse by its measures, one that must be treated and is not, one not looked at again."""
    for row in situation.of(Risks):
        if row["status"] == "closed":
            continue
        before, after = inherent(row), residual(row)
        if before is not None and after is not None and after > before:
            yield at(row, "S41-residual", f"{row.key} 的剩余风险值 {after} 高于风险值 {before}，措施不会让风险变大。请改正评级。", "residual_likelihood")  # fmt: skip
        if zone_of(row) == MUST and (gone := _unsaid(row, "measure", "handler", "review_on")):
            yield at(row, "S41-untreated", f"{row.key} 在“{MUST}”区而没有写{gone}。请填写。", "measure")
        if row["review_on"] and row["review_on"] < situation.today:
            yield at(row, "S41-again", f"{row.key} 应于 {row['review_on']} 复核，已经逾期。请复核后改评级和下次复核的日期。", "review_on")  # fmt: skip


def registered(situation: Situation) -> Iterator[Finding]:
    """S41: a key partner of whom not all four kinds of risk were looked at; a closed risk was looked at too."""
    known = {(row["partner"], row["kind"]) for row in situation.of(Risks)}
    for partner in situation.of(Partners):
        if partner["status"] != "active" or partner["important"] != "yes":
            continue
        gone = [RISK_KINDS[kind].zh for kind in KINDS_OF_A_KEY_PARTNER if (partner.key, kind) not in known]
        if gone:
            yield at(partner, "S41-kinds", f"关键伙伴 {partner.key} {partner.text('legal_name')} 没有登记{'、'.join(gone)}。请在“风险登记册”里各写一行。")  # fmt: skip


# --- S42 -------------------------------------------------------------------------------------------------------------


def data_grants(situation: Situation) -> Iterator[Finding]:
    """S42: data that a partner holds without ground, beyond its end, or after it has gone."""
    partners = {row.key: row for row in situation.of(Partners)}
    for row in situation.of(DataGrants):
        if (row.text("status") or "held") != "held":
            continue
        partner = partners.get(row.text("partner"))
        if gone := _unsaid(row, "partner", "data_level"):
            yield at(row, "S42-level", f"{row.key} 没有写{gone}，不知道谁持有哪一级的数据。请填写。", "data_level")
        if row["data_level"] in CLOSE and (gone := _unsaid(row, "contract", "approver")):
            word = DataGrants.data_level.options[row["data_level"]].zh
            yield at(row, "S42-ground", f"{row.key} 是{word}数据，对方持有而没有写{gone}。请补上保密条款所在的合同和批准人，或请对方返还。", "contract")  # fmt: skip
        if row["until"] and row["until"] < situation.today:
            yield at(row, "S42-until", f"{row.key} 的授权到 {row['until']} 为止，{row.text('partner')} 还持有数据。请其返还或销毁后写日期，或由批准人延长。", "until")  # fmt: skip
        if partner is not None and partner["status"] in GONE:
            state = PARTNER_STATES[partner["status"]].zh
            yield at(row, "S42-gone", f"{partner.key} {partner.text('legal_name')} 已是“{state}”，还持有 {row.key} 的数据。请立刻请其返还或销毁。", "status")  # fmt: skip


# --- S43 -------------------------------------------------------------------------------------------------------------


def samplings(situation: Situation) -> Iterator[Finding]:
    """S43: a sampling that gives no sample or whose sample was changed, defects outside of it, a rejected lot that was accepted."""
    deliveries = {row.key: row for row in situation.of(Deliveries)}
    defects = situation.of(Defects)
    for row in single(situation.of(Samplings)):
        if row["sampled_on"] and (gone := _unsaid(row, "lot", "size", "accept")):
            yield at(row, "S43-whole", f"{row.key} 已抽检而没有写{gone}，看不出抽了哪些、能不能接收。请填写。", "lot")
        if is_whole(row) and row["size"] > row["lot"]:
            yield at(row, "S43-size", f"{row.key} 的抽样数 {row['size']} 大于批量 {row['lot']}。请改正。", "size")
        if is_moved(row):
            yield at(row, "S43-changed", f"{row.key} 的批量、抽样数或种子在抽样之后改过，样本号仍是原来的。请改回；要另抽，请另写一行。", "seed")  # fmt: skip
        delivery = deliveries.get(row.text("delivery"))
        if verdict_of(row, defects) == REJECTED and delivery is not None and delivery["acceptance"] == "accepted":
            yield at(row, "S43-accepted", f"{row.key} 判为“{REJECTED}”，而交付 {delivery.key} 已验收。请改验收，或写明让步接收后另抽一次。", "verdict")  # fmt: skip


def defects(situation: Situation) -> Iterator[Finding]:
    """S43: a defect that cannot be traced, or in a unit that was not to be taken."""
    known = {row.key: row for row in single(situation.of(Samplings))}
    for row in situation.of(Defects):
        if not (row["sampling"] or row["delivery"] or row["batch"]):
            yield at(row, "S43-trace", f"{row.key} 没有写抽检、交付或批次，追溯不到来处。请填写其中一项。", "delivery")
        sampling = known.get(row.text("sampling"))
        if sampling is None:
            continue
        if not row["unit"]:
            yield at(row, "S43-unit", f"{row.key} 没有写样本号，不计入 {sampling.key} 的缺陷。请填写。", "unit")
        elif taken_units(sampling) and int(row["unit"]) not in taken_units(sampling):
            yield at(row, "S43-unit", f"{row.key} 的样本号 {row['unit']} 不在 {sampling.key} 的样本里，不计入判定。请核对样本号。", "unit")  # fmt: skip


def unsampled(situation: Situation) -> Iterator[Finding]:
    """S43: a batch that waits for acceptance, of a key partner whose batches are sampled, and nobody sampled this one.

    Whether a partner's batches are sampled at all is for people to decide: with its first sampling they have.
    """
    key_partners = {row.key for row in situation.of(Partners) if row["important"] == "yes"}
    deliveries = {row.key: row for row in situation.of(Deliveries)}
    done = {row.text("delivery") for row in situation.of(Samplings)}
    since: dict[str, date] = {}
    for key in done & deliveries.keys():
        one = deliveries[key]
        if one["delivered_on"]:
            since[one.text("partner")] = min(since.get(one.text("partner"), date.max), one["delivered_on"])
    for row in deliveries.values():
        waits = row["delivered_on"] and (row.text("acceptance") or "pending") == "pending" and row["batch"]
        partner = row.text("partner")
        if waits and partner in key_partners and partner in since and row.key not in done and row["delivered_on"] >= since[partner]:
            yield at(row, "S43-unsampled", f"{row.key} 批次 {row.text('batch')} 等待验收而没有抽检，{partner} 以前的批次抽检过。请在“抽检”里写一行。", "batch")  # fmt: skip


# --- S47 -------------------------------------------------------------------------------------------------------------


def settings(situation: Situation) -> Iterator[Finding]:
    """The days between two checks of a control, if they cannot be read."""
    for row in situation.of(Settings):
        text = row.text("value").strip()
        if row.key == SettingRow.CONTROL_DAYS and text and not readable(text):
            default = next(value for name, value, _ in SettingRow.DEFAULTS if name == row.key)
            yield at(row, "S47-setting", f"“{row.key}”应为不小于 1 的整数天数，现在是“{text}”。改正之前按 {default} 天计。", "value")  # fmt: skip


def due_of(row: Record, days: int) -> date | None:
    """Until when a control is to be checked again: as typed, else some days after the last check."""
    if row["due"]:
        typed: date = row["due"]
        return typed
    return row["checked_on"] + timedelta(days=days) if row["checked_on"] else None


def controls(situation: Situation) -> Iterator[Finding]:
    """S47: a check that is overdue, and a control that does not conform with nobody at work on it.

    Of a control that was checked more than once, the last check counts.
    """
    days = days_of(situation.selection.settings, SettingRow.CONTROL_DAYS)
    active = {row.key for row in situation.of(Partners) if row["status"] == "active"}
    handled = [f"{row.text('what')} {row.text('remark')}" for row in situation.of(Actions) if row["status"] != "dropped"]
    handled += [f"{row.text('title')} {row.text('detail')} {row.text('remark')}" for row in situation.of(Issues)]
    for row in _last_checks(situation).values():
        if row["partner"] not in active or row["result"] == "na":
            continue
        word = CONTROLS[row["control"]].zh if row["control"] else ""
        due = due_of(row, days)
        if due is None:
            yield at(row, "S47-overdue", f"{row.key} {row.text('partner')} 的{word}还没有检查过。请检查后写日期和结果。", "checked_on")  # fmt: skip
        elif due < situation.today:
            yield at(row, "S47-overdue", f"{row.key} {row.text('partner')} 的{word}应于 {due} 前再检查，已经逾期。请检查后另写一行或改日期。", "due")  # fmt: skip
        if row["result"] == "differs" and not any(row.key in text for text in handled):
            yield at(row, "S47-differs", f"{row.key} {row.text('partner')} 的{word}不符合，没有整改的行动项或问题。请写一行，写明检查编号 {row.key}。", "result")  # fmt: skip


def _last_checks(situation: Situation) -> dict[tuple[str, str], Record]:
    last: dict[tuple[str, str], Record] = {}
    for row in situation.of(TechnicalControls):
        place = (row.text("partner"), row.text("control") or row.key)
        other = last.get(place)
        if other is None or (row["checked_on"] or date.min) >= (other["checked_on"] or date.min):
            last[place] = row
    return last


def needed(situation: Situation) -> Iterator[Finding]:
    """S47: an active partner that holds sensitive or confidential data, and a control of it that nobody checked."""
    holders = Counter(
        row.text("partner") for row in situation.of(DataGrants)
        if (row.text("status") or "held") == "held" and row["data_level"] in CLOSE
    )  # fmt: skip
    known = {(row["partner"], row["control"]) for row in situation.of(TechnicalControls)}
    for partner in situation.of(Partners):
        if partner["status"] != "active" or not holders[partner.key]:
            continue
        gone = [CONTROLS[code].zh for code in NEEDED if (partner.key, code) not in known]
        if gone:
            yield at(partner, "S47-needed", f"{partner.key} {partner.text('legal_name')} 持有敏感或机密数据，没有检查{'、'.join(gone)}。请在“技术隔离”里各写一行。")  # fmt: skip


def _unsaid(row: Record, *names: str) -> str:
    """The headers of columns that are blank; a cell that cannot be read is told elsewhere."""
    return "、".join(
        row.table.columns[name].zh for name in names if row[name] in (None, "") and name not in row.problems
    )


CHECKS: tuple[Check, ...] = (risks, registered, data_grants, samplings, defects, unsampled, settings, controls, needed)
