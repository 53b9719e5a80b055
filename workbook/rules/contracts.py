"""Owns the states of a contract: which step may follow which, and what stands in the way of each (S16 to S18)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.rules.selection import Selection, judge_gates
from workbook.tables import Clauses, Contracts, SettingRow
from workbook.tables.contracts import AGREED, CLAUSES, CONTRACT_STATES

STEPS: Mapping[str, tuple[str, ...]] = {
    "negotiating": ("legal", "dropped"),
    "legal": ("signing", "negotiating", "dropped"),
    "signing": ("signed", "legal", "negotiating", "dropped"),
    "signed": ("ended",),
    "ended": (),
    "dropped": (),
}
RANK: Mapping[str, int] = {"negotiating": 0, "legal": 1, "signing": 2, "signed": 3}
OPEN = ("negotiating", "legal", "signing")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
SIGNATORIES = ("our_signatory", "our_authority", "their_signatory", "their_authority")


class StepRefused(PartnerBookError):
    """A contract cannot take a step; the sentence gives every reason at once."""

    def __init__(self, who: str, step: str, reasons: Sequence[str]):
        self.reasons = tuple(reasons)
        lines = "\n".join(f"  · {reason}" for reason in reasons)
        super().__init__(f"{who} 现在不能{step}，没有改动：\n{lines}")


@dataclass(frozen=True)
class Obstacle:
    """One thing that is wrong with a contract in some state; one that does not block is only told."""

    kind: str
    message: str
    column: str = "status"
    blocking: bool = True


@dataclass(frozen=True)
class Case:
    """A contract with all that its signature rests on, as of one day."""

    contract: Record
    clauses: Sequence[Record]
    checks: Sequence[Record]  # the due diligence on its candidate
    against: Sequence[str]  # why its company may not become a partner
    today: date

    @property
    def status(self) -> str:
        """The state; a row without one is under negotiation."""
        return self.contract.text("status") or "negotiating"


def case_of(selection: Selection, records: Mapping[str, Sequence[Record]], contract: Record, today: date) -> Case:
    """A contract of a book with its clauses, its due diligence and what is against its company."""
    candidate = contract.text("candidate")
    return Case(
        contract,
        [row for row in records[Clauses.name] if row["contract"] == contract.key],
        [row for row in records["diligence"] if candidate and row["candidate"] == candidate],
        against(selection, records["partners"], contract, today),
        today,
    )


def against(
    selection: Selection, partners: Sequence[Record], contract: Record | Mapping[str, Any], today: date
) -> list[str]:
    """Why the company of a contract may not sign: not recommended, a failed gate, or on the blacklist.

    What was signed is judged as of its day. A contract of a partner, without a candidate, needs no new selection.
    """
    candidate, partner = (str(contract[name] or "") for name in ("candidate", "partner"))
    reasons = [f"伙伴 {row.key} 在黑名单上" for row in partners if row.key == partner and row["status"] == "barred"]
    if candidate:
        signed = contract["signed_on"] if contract["status"] in ("signed", "ended") else None
        reasons += candidate_reasons(selection, candidate, signed or today)
    elif not partner:
        reasons.append("没有写候选编号或伙伴编号")
    return reasons


def candidate_reasons(selection: Selection, key: str, day: date) -> list[str]:
    """Why a candidate may not be negotiated with on a day."""
    facts = selection.candidates.get(key)
    if facts is None:
        return [f"候选提交里没有 {key}，或它重复了"]
    panels = [panel for panel in selection.panels.values() if key in panel.candidates]
    listed = any(key in panel.recommended and panel.status in ("closed", "done") for panel in panels)
    reasons = [] if listed or facts.get("status") == "recommended" else [f"候选 {key} 不在推荐名单里"]
    if facts.get("status") in ("withdrawn", "declined"):
        reasons.append(f"候选 {key} 已撤回或未入选")
    version = panels[-1].rule_version if panels else selection.settings.get(SettingRow.RULES, "")
    if rules := selection.rules.get(version):
        gates, _ = judge_gates(rules, facts, selection.barred_partner(facts), day)
        reasons += [f"候选 {key} 未过门槛：{gate.reason}" for gate in gates if not gate.passed]
    return reasons


# --- what stands in the way ------------------------------------------------------------------------------------------


def obstacles(case: Case, state: str) -> list[Obstacle]:
    """Everything that is wrong with a contract in a state; each state needs what those before it need."""
    if state not in RANK:
        return []
    found = [Obstacle("candidate", f"{why}。", "candidate") for why in case.against]
    found += _other_texts(case)
    if state != "signed":
        found += _bottom_lines(case, state)
    if RANK[state] >= RANK["signing"]:
        found += [*_diligence(case), *_clauses(case), *_legal(case), *_text(case)]
    if state == "signed":
        found += [*_signatures(case), *_days(case), *_partner(case)]
    return found


def in_the_way(case: Case, target: str) -> list[str]:
    """The reasons why a contract may not go to a state, in sentences; none if it may."""
    words = CONTRACT_STATES[target].zh
    if target == case.status:
        return [f"合同已经是“{words}”。"]
    if target not in STEPS[case.status]:
        follow = "、".join(CONTRACT_STATES[step].zh for step in STEPS[case.status]) or "没有下一步"
        return [f"“{CONTRACT_STATES[case.status].zh}”之后不能直接是“{words}”，可以是：{follow}。"]
    if RANK.get(target, -1) < RANK[case.status]:
        return []  # backwards, or given up: always
    return [one.message for one in obstacles(case, target) if one.blocking]


def open_clauses(case: Case) -> list[str]:
    """The clauses of the ten that are not agreed, each with how far it is; one without a row is open too."""
    by_subject: dict[str, list[str]] = {}
    for row in case.clauses:
        by_subject.setdefault(row.text("subject"), []).append(row.text("agreed") or "open")
    found = []
    for code, label in CLAUSES.items():
        states = by_subject.get(code)
        if states is None:
            found.append(f"{label.zh}（没有这一行）")
        elif left := [state for state in states if state != "agreed"]:
            found.append(f"{label.zh}（{AGREED[left[0]].zh}）")
    return found


def _clauses(case: Case) -> Iterator[Obstacle]:
    if left := open_clauses(case):
        yield Obstacle("clauses", f"十条条款还有 {len(left)} 条没有达成：{'、'.join(left)}。")


def _bottom_lines(case: Case, state: str) -> Iterator[Obstacle]:
    """A bottom line is to be thought of before a clause is talked about; the sentence never repeats one."""
    late = RANK[state] >= RANK["legal"]
    bare = [
        CLAUSES[row.text("subject")].zh
        for row in case.clauses
        if row["subject"] and not row["bottom_line"] and (late or row["agreed"] in ("negotiating", "agreed"))
    ]
    if bare:
        yield Obstacle(
            "bottom-line", f"已经在谈而没有写底线：{'、'.join(bare)}。请在“条款”里补写底线。", blocking=False
        )


def _diligence(case: Case) -> Iterator[Obstacle]:
    for row in case.checks:
        if row["result"] == "failed":
            yield Obstacle(
                "failed",
                f"尽职调查 {row.key} 不通过：不能签署。请整改后重新调查并改写结论，或放弃这份合同。",
                "candidate",
            )
        elif row["result"] != "passed":
            yield Obstacle(
                "running", f"尽职调查 {row.key} 还在进行，最好等有了结论再签署。", "candidate", blocking=False
            )


def _legal(case: Case) -> Iterator[Obstacle]:
    row = case.contract
    if row["legal"] != "passed":
        now = "需要修改" if row["legal"] == "changes" else "还没有意见"
        yield Obstacle("legal", f"法务审查没有通过（{now}）。", "legal")
    elif gone := _blank(row, ("lawyer", "legal_on")):
        yield Obstacle("legal", f"法务审查没有写{'、'.join(gone)}。", "lawyer" if not row["lawyer"] else "legal_on")
    elif row["legal_on"] > case.today:
        yield Obstacle("legal", f"审查日期 {row['legal_on']} 还没有到。", "legal_on")


def _print(row: Record, name: str) -> str:
    return row.text(name).strip().casefold()


def _text(case: Case) -> Iterator[Obstacle]:
    text = _print(case.contract, "text_hash")
    if not text:
        yield Obstacle("hash", "没有文本指纹。请对定稿文件运行 partnerbook fingerprint，把结果填进来。", "text_hash")
    elif not FINGERPRINT.fullmatch(text):
        yield Obstacle(
            "hash", "文本指纹应是 64 位十六进制（SHA-256）。请重新运行 partnerbook fingerprint。", "text_hash"
        )


def _other_texts(case: Case) -> Iterator[Obstacle]:
    """A party that confirmed another text than the final one has confirmed nothing."""
    text = _print(case.contract, "text_hash")
    for name in ("our_hash", "their_hash"):
        confirmed = _print(case.contract, name)
        if text and confirmed and confirmed != text:
            yield Obstacle(
                "hash", f"{Contracts.columns[name].zh}与文本指纹不同：确认的是另一份文本，不能算数。请双方对同一份定稿重新确认。", name
            )  # fmt: skip


def _signatures(case: Case) -> Iterator[Obstacle]:
    if gone := _blank(case.contract, SIGNATORIES):
        first = next(name for name in SIGNATORIES if not case.contract[name])
        yield Obstacle("signatory", f"签署人或授权不全：没有写{'、'.join(gone)}。", first)
    if gone := _blank(case.contract, ("our_hash", "their_hash")):
        first = next(name for name in ("our_hash", "their_hash") if not case.contract[name])
        yield Obstacle("hash", f"双方还没有确认同一份文本：没有写{'、'.join(gone)}。", first)


def _days(case: Case) -> Iterator[Obstacle]:
    row = case.contract
    signed, starts, ends = (row[name] for name in ("signed_on", "starts_on", "ends_on"))
    if signed is None:
        yield Obstacle("dates", "没有签订日期。", "signed_on")
    elif signed > case.today:
        yield Obstacle("dates", f"签订日期 {signed} 还没有到。", "signed_on")
    elif row["legal"] == "passed" and row["legal_on"] and row["legal_on"] > signed:
        yield Obstacle("dates", f"审查日期 {row['legal_on']} 在签订日期 {signed} 之后：先审查，后签署。", "legal_on")
    begins = starts or signed
    if ends and begins and ends < begins:
        yield Obstacle("dates", f"到期日期 {ends} 早于生效日期 {begins}。", "ends_on")
    if signed and starts and starts < signed and not row["remark"]:
        yield Obstacle(
            "dates",
            f"生效日期 {starts} 早于签订日期 {signed}。如属追认，请在备注里写明原因。",
            "starts_on",
            blocking=False,
        )


def _partner(case: Case) -> Iterator[Obstacle]:
    if not case.contract["partner"]:
        yield Obstacle(
            "partner", "合同已签而没有对应的伙伴。请在“伙伴”里登记企业名称、统一社会信用代码、类别、负责人和合作起始日，再把伙伴编号写到这里。",
            "partner", blocking=False,
        )  # fmt: skip


def _blank(row: Record, names: Sequence[str]) -> list[str]:
    return [row.table.columns[name].zh for name in names if not row[name]]
