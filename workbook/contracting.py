"""Owns the commands about contracts over a workbook file: begin one, move its state, start its onboarding, fingerprint a text.

Each reads the book, changes it in memory and replaces the file in one go; what is refused leaves the file as it was.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

from workbook.changelog import append_rows, next_number
from workbook.desk import Desk, Done, change_row, must_be_seen, on_file, one_row
from workbook.errors import PartnerBookError, WorkbookUnreachable
from workbook.records import Record, read_records
from workbook.rules.contracts import OPEN, STEPS, Case, StepRefused, candidate_reasons, case_of, in_the_way, obstacles
from workbook.rules.onboarding import Progress, guide_days, planned_items, progress
from workbook.rules.selection import plain_code
from workbook.tables import Candidates, Clauses, Contracts, Onboarding, Partners
from workbook.tables.contracts import CLAUSES, CONTRACT_STATES


class UnknownState(PartnerBookError):
    """A word that is no state of a contract."""

    def __init__(self, word: str):
        known = "、".join(label.zh for label in CONTRACT_STATES.values())
        super().__init__(f"合同没有“{word}”这个状态，可以是：{known}。")


# --- the state of a contract -----------------------------------------------------------------------------------------


def state_code(word: str) -> str:
    """The code of a state as people write it, in either language.

    Raises:
        UnknownState: no contract has such a state.
    """
    code = Contracts.status.code(word.strip())
    if code is None:
        raise UnknownState(word)
    return code


def move(path: Path, key: str, word: str) -> Done:
    """Bring a contract into a state, and write down that it went there.

    Raises:
        StepRefused: with every reason in the way; nothing was written.
        NoSuchRow, UnknownState: there is no such row or state.
    """
    target = state_code(word)

    def work(desk: Desk) -> Done:
        case = _case(desk, key)
        words = CONTRACT_STATES[target].zh
        must_be_seen(desk, case.contract)
        if reasons := in_the_way(case, target):
            raise StepRefused(f"合同 {case.contract.key}", f"改为“{words}”", reasons)
        before = CONTRACT_STATES[case.status].zh
        change_row(desk, case.contract, {"status": target}, "合同状态，用命令改的")
        told = [one.message for one in obstacles(case, target) if not one.blocking]
        lines = [f"✓ 合同 {case.contract.key}：{before} → {words}，已记入变更记录", *(f"  注意：{one}" for one in told)]
        if target == "signed":
            lines.append(f"  下一步：partnerbook onboard {path} {case.contract.key}")
        data = {"before": case.status, "status": target, "notes": told}
        return Done(case.contract.key, True, lines, data)

    return on_file(path, work)


def standing(path: Path, key: str) -> Done:
    """How a contract stands: its state, and what is in the way of each next step."""

    def work(desk: Desk) -> Done:
        case = _case(desk, key)
        lines = [f"合同 {case.contract.key} {case.contract.text('title')}：{CONTRACT_STATES[case.status].zh}"]
        steps = {step: in_the_way(case, step) for step in STEPS[case.status]}
        for step, reasons in steps.items():
            lines.append(f"  {'✗' if reasons else '✓'} {CONTRACT_STATES[step].zh}")
            lines += [f"      · {reason}" for reason in reasons]
        return Done(case.contract.key, False, lines, {"status": case.status, "steps": steps})

    return on_file(path, work, write=False)


def _case(desk: Desk, key: str) -> Case:
    record = one_row(desk.book, Contracts, key)
    return case_of(desk.situation.selection, desk.situation.records, record, desk.now.date())


def begin(path: Path, candidate: str) -> Done:
    """A contract for a candidate, under negotiation, with its ten clauses.

    Raises:
        StepRefused: the candidate is not recommended, failed a gate, or has an open contract.
        NoSuchRow: there is no such candidate.
    """

    def work(desk: Desk) -> Done:
        facts = one_row(desk.book, Candidates, candidate)
        reasons = [f"{why}。" for why in candidate_reasons(desk.situation.selection, facts.key, desk.now.date())]
        reasons += [
            f"{facts.key} 已有合同 {row.key}（{CONTRACT_STATES[row.text('status') or 'negotiating'].zh}）。"
            for row in read_records(desk.book, Contracts)
            if row["candidate"] == facts.key and (row.text("status") or "negotiating") in OPEN
        ]
        if reasons:
            raise StepRefused(f"候选 {facts.key}", "开始谈判合同", reasons)
        key = Contracts.key().make(next_number(desk.book, Contracts))
        append_rows(desk.book, Contracts, [{
            "title": f"{facts.text('legal_name')}合作协议"[:120], "candidate": facts.key, "status": "negotiating",
            "partner": _registered(desk, facts), "handler": facts["handler"],
        }])  # fmt: skip
        append_rows(desk.book, Clauses, [{"contract": key, "subject": code, "agreed": "open"} for code in CLAUSES])
        lines = [
            f"✓ 合同 {key}：与 {facts.key} {facts.text('legal_name')} 开始谈判，十条条款已列出",
            "  下一步：在“条款”里写下每条的底线和弹性空间（只在公司内部看得到），再谈。",
        ]
        return Done(key, True, lines, {"candidate": facts.key, "status": "negotiating", "clauses": len(CLAUSES)})

    return on_file(path, work)


def _registered(desk: Desk, facts: Record) -> str | None:
    """The partner that has the candidate's credit code already."""
    code = plain_code(facts.text("credit_code"))
    partners = desk.situation.of(Partners)
    return next((row.key for row in partners if code and plain_code(row.text("credit_code")) == code), None)


# --- onboarding ------------------------------------------------------------------------------------------------------


def onboard(path: Path, key: str, start: date | None = None) -> Done:
    """The ten items of a signed contract with their days, and its 引导期; what is there already stays as it is.

    Raises:
        StepRefused: the contract is not 已签.
        SettingRefused: 引导期天数 is no number of days.
    """

    def work(desk: Desk) -> Done:
        contract = one_row(desk.book, Contracts, key)
        if contract["status"] != "signed":
            now = CONTRACT_STATES[contract.text("status") or "negotiating"].zh
            raise StepRefused(f"合同 {contract.key}", "开始入伙引导", [f"合同还没有签：状态是“{now}”，应为“已签”。"])
        days = guide_days(desk.situation.selection.settings)
        began = contract["guided_from"] or start or contract["starts_on"] or contract["signed_on"] or desk.now.date()
        there = [row for row in read_records(desk.book, Onboarding) if row["contract"] == contract.key]
        who = {"contract": contract.key, "partner": contract["partner"], "handler": contract["handler"]}
        fresh = [{**who, **item} for item in planned_items(there, began, days)]
        if fresh:
            append_rows(desk.book, Onboarding, fresh)
        dates = {"guided_from": began, "guided_until": began + timedelta(days=days)}
        lacking = {name: day for name, day in dates.items() if contract[name] is None}
        if lacking:
            change_row(desk, contract, lacking, "入伙引导，用命令开始的")
        after = one_row(desk.book, Contracts, key)
        found = progress(after, read_records(desk.book, Onboarding), desk.now.date())
        return _onboarded(found, len(fresh), began, start, bool(fresh or lacking))

    return on_file(path, work)


def _onboarded(found: Progress, added: int, began: date, start: date | None, changed: bool) -> Done:
    lines = [f"✓ 入伙引导从 {began} 开始，列出 {added} 项" if added else "✓ 十项已经列出，没有加新的"]
    if start and start != began:
        lines.append(f"  注意：引导期已经定为从 {began} 开始，没有改成 {start}。要改请改合同的“引导期开始”。")
    lines.append(f"  {found.sentence()}")
    data = {"added": added, "from": str(began), "progress": found.as_data()}
    return Done(found.contract, changed, lines, data)


# --- fingerprints ----------------------------------------------------------------------------------------------------


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, as 文本指纹 holds it.

    Raises:
        WorkbookUnreachable: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WorkbookUnreachable(f"读不了文件 {path.name}：{error.strerror or error}。请检查路径和权限。") from error
