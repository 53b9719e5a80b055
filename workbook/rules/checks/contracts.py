"""Owns the checks of due diligence, contracts, clauses and onboarding: S16 to S19."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbook.errors import PartnerBookError
from workbook.rules.contracts import case_of, obstacles
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.onboarding import counts_in_performance, guide_days, is_late, missing_items
from workbook.tables import Contracts, Onboarding, SettingRow, Settings
from workbook.tables.onboarding import ITEMS

RULES: Mapping[str, str] = {  # what is wrong with a contract in its state → the rule that says so
    "failed": "S16-failed",
    "running": "S16-running",
    "candidate": "S17-candidate",
    "clauses": "S17-clauses",
    "bottom-line": "S17-bottom-line",
    "legal": "S18-legal",
    "signatory": "S18-signatory",
    "hash": "S18-hash",
    "dates": "S18-dates",
    "partner": "S18-partner",
}


def contracts(situation: Situation) -> Iterator[Finding]:
    """S16, S17, S18: a contract in a state for which something is missing, whoever wrote the state."""
    for record in situation.of(Contracts):
        try:
            case = case_of(situation.selection, situation.records, record, situation.today)
        except PartnerBookError as error:  # a rule version whose gates cannot be judged
            yield at(record, "S17-candidate", f"看不出候选是否过了门槛：{error}", "candidate")
            continue
        for one in obstacles(case, case.status):
            yield at(record, RULES[one.kind], one.message, one.column)


def onboarding_items(situation: Situation) -> Iterator[Finding]:
    """S19: a signed contract without all ten items."""
    for record in situation.of(Contracts):
        if record["status"] != "signed":
            continue
        gone = missing_items(row for row in situation.of(Onboarding) if row["contract"] == record.key)
        if gone:
            what = "入伙引导还没有开始" if len(gone) == len(ITEMS) else f"入伙引导缺 {len(gone)} 项：{'、'.join(gone)}"
            yield at(record, "S19-items", f"{what}。请运行 partnerbook onboard（工作簿）{record.key}。", "status")


def late_items(situation: Situation) -> Iterator[Finding]:
    """S19: an item that is open after its day, or done without a day."""
    for record in situation.of(Onboarding):
        name = ITEMS[record.text("subject")].zh if record["subject"] else "引导事项"
        done = record["done_on"]
        if is_late(record, situation.today):
            yield at(
                record, "S19-late", f"{record.text('contract')} 的“{name}”应于 {record['due']} 完成，已经逾期。", "due"
            )
        if record["status"] == "done" and done is None:
            yield at(record, "S19-done-date", f"“{name}”已完成而没有写完成日期。请填写。", "done_on")
        elif done is not None and done > situation.today:
            yield at(record, "S19-done-date", f"“{name}”的完成日期 {done} 还没有到。请改成实际完成的日期。", "done_on")
        elif done is not None and (record["status"] or "open") == "open":
            yield at(record, "S19-done-date", f"“{name}”写了完成日期而状态还是未完成。请改状态或清空日期。", "status")


def guide_settings(situation: Situation) -> Iterator[Finding]:
    """S19: the settings of 引导期 that cannot be read."""
    readers = {SettingRow.ONBOARDING_DAYS: guide_days, SettingRow.ONBOARDING_COUNTS: counts_in_performance}
    for record in situation.of(Settings):
        if record.key in readers:
            try:
                readers[record.key]({record.key: record.text("value")})
            except PartnerBookError as error:
                yield at(record, "S19-setting", str(error), "value")


CHECKS: tuple[Check, ...] = (contracts, onboarding_items, late_items, guide_settings)
