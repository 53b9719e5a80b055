"""Owns the checks of requirements from their eight parts to their publication: S10 to S12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.requirements import (
    PASSED,
    Approval,
    Requirement,
    approval,
    departments,
    departments_or_default,
    is_published,
    requirement_of,
    single,
    window_of,
)
from workbook.rules.selection import RulesRefused
from workbook.tables import Invitations, Publications, Requirements, SettingRow, Settings, SignOffs
from workbook.tables.requirements import REQUIREMENT_STATES
from workbook.tables.selection import ROLES

IN_REVIEW = ("review", *PASSED)  # from here on the parts must be there and verdicts count
SEND = "请运行 partnerbook invite 发签核链接"


def _requirements(situation: Situation) -> Mapping[str, Requirement]:
    return {r.key: requirement_of(r) for r in single(situation.of(Requirements))}


def _approval(situation: Situation, one: Requirement) -> Approval:
    roles = {key: person.role for key, person in situation.selection.reviewers.items()}
    return approval(one, single(situation.of(SignOffs)), roles, departments_or_default(situation.selection.settings))


def missing_parts(situation: Situation) -> Iterator[Finding]:
    """S10: a part is missing though the requirement went on to its review; nobody can sign it."""
    for one in _requirements(situation).values():
        if one.status in ("draft", "withdrawn") or not one.missing:
            continue
        names = "、".join(Requirements.columns[name].zh for name in one.missing)
        yield at(
            one.record, "S10-part",
            f"{names}还没有写，不能评审：状态却已是“{REQUIREMENT_STATES[one.status].zh}”。请补写，或把状态改回“起草”。", one.missing[0],
        )  # fmt: skip


def missing_revision(situation: Situation) -> Iterator[Finding]:
    """S10: without a revision nobody can say which text was signed."""
    for one in _requirements(situation).values():
        if one.status in IN_REVIEW and one.revision is None:
            yield at(
                one.record,
                "S10-revision",
                "没有需求版本，说不清评审的是哪一版。请填写，第一版写 1。",
                "revision",
            )


def unknown_departments(situation: Situation) -> Iterator[Finding]:
    """S11: the setting of the required departments cannot be read."""
    try:
        departments(situation.selection.settings)
    except RulesRefused as error:
        row = next(r for r in situation.of(Settings) if r.key == SettingRow.REQUIREMENT_ROLES)
        yield at(row, "S11-setting", f"{error}改正之前按业务、技术、法务计。", "value")


def missing_agreement(situation: Situation) -> Iterator[Finding]:
    """S11: a requirement passed its review without the agreement of every required department to the text of now."""
    for one in _requirements(situation).values():
        found = _approval(situation, one)
        if one.status in PASSED and found.missing:
            names = "、".join(ROLES[role].zh for role in found.missing)
            state = REQUIREMENT_STATES[one.status].zh
            yield at(
                one.record, "S11-signoff",
                f"状态是“{state}”，但{names}对现在的内容还没有有效的同意。{SEND}，或把状态改回“内部评审”。", "status",
            )  # fmt: skip


def voided(situation: Situation) -> Iterator[Finding]:
    """S11: an edit after the sign-off voids it; the reviewer has to see the text of now."""
    for one in _requirements(situation).values():
        for record in _approval(situation, one).void if one.status in IN_REVIEW else ():
            yield at(record, "S11-void", f"{_why_void(one, record)}，这份意见已失效。{SEND}，请本人重新签核。", "state")


def _why_void(one: Requirement, record: Record) -> str:
    if not record.text("fingerprint"):
        return "没有签核指纹，看不出签的是哪一份内容"
    if record["revision"] != one.revision:
        return f"签的是第 {record.text('revision') or '？'} 版，{one.key} 现在是第 {one.revision or '？'} 版"
    return f"签核之后 {one.key} 的内容有改动"


def refused(situation: Situation) -> Iterator[Finding]:
    """S11: somebody disagrees with the text of now."""
    for one in _requirements(situation).values():
        for record in _approval(situation, one).refused if one.status in IN_REVIEW else ():
            why = record.text("opinion").replace("\n", " ")[:60] or "没有写说明"
            yield at(
                record, "S11-refused",
                f"{record.text('reviewer')} 不同意 {one.key}：{why}。请改好内容、版本加 1 后重新送审，或请本人改签。", "verdict",
            )  # fmt: skip


def windows(situation: Situation) -> Iterator[Finding]:
    """S12: what is published says from when until when, and the closing comes after the opening."""
    for record in single(situation.of(Publications)):
        if not is_published(record):
            continue
        window = window_of(record)
        lacking = [name for name in ("opens_at", "closes_at") if record[name] is None]
        if lacking:
            names = "、".join(Publications.columns[name].zh for name in lacking)
            yield at(record, "S12-window", f"已发布而没有{names}：候选表单不会为它开放。请填写。", lacking[0])
        elif window.opens_at and window.closes_at and window.closes_at <= window.opens_at:
            yield at(
                record, "S12-window",
                f"截止时间 {window.closes_at:%Y-%m-%d %H:%M} 不晚于开始时间：候选表单不会为它开放。请改正。", "closes_at",
            )  # fmt: skip


def published_unapproved(situation: Situation) -> Iterator[Finding]:
    """S12: only what was approved may be published."""
    requirements = _requirements(situation)
    for record in single(situation.of(Publications)):
        one = requirements.get(record.text("requirement"))
        if not is_published(record) or one is None:
            continue
        if one.status in ("draft", "review", "withdrawn") or not _approval(situation, one).approved:
            state = REQUIREMENT_STATES[one.status].zh
            yield at(
                record, "S12-unapproved",
                f"{one.key}（{state}）的内部评审没有通过，不能发布。请等评审通过，或把这一行的状态改回“准备中”。", "status",
            )  # fmt: skip


def blank_references(situation: Situation) -> Iterator[Finding]:
    """S11, S12: a row that hangs on nothing; a number that is not there is told by the book's own order."""
    for table, names in ((SignOffs, ("requirement", "reviewer")), (Publications, ("requirement",)), (Invitations, ("publication",))):  # fmt: skip
        for record in situation.of(table):
            for name in names:
                if not record.text(name):
                    yield at(
                        record,
                        "S12-reference",
                        f"没有写{table.columns[name].zh}，这一行不起作用。请填写。",
                        name,
                    )


CHECKS: tuple[Check, ...] = (
    missing_parts, missing_revision, unknown_departments, missing_agreement, voided, refused, windows,
    published_unapproved, blank_references,
)  # fmt: skip
