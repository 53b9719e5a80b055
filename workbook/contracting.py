"""Owns the commands about contracts over a workbook file: begin one, move its state, start its onboarding, fingerprint a text.

Each reads the book, changes it in memory and replaces the file in one go; what is refused leaves the file as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from workbook import store
from workbook.errors import ChangedUnderneath, PartnerBookError, WorkbookUnreachable
from workbook.evaluating import fill_keys, local_now
from workbook.identity import must_be_ours
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rows import language, need, row_cells, to_cell
from workbook.rules.contracts import OPEN, STEPS, Case, StepRefused, candidate_reasons, case_of, in_the_way, obstacles
from workbook.rules.finding import Situation
from workbook.rules.onboarding import Progress, guide_days, planned_items, progress
from workbook.rules.selection import plain_code
from workbook.schema import Table
from workbook.tables import Candidates, Changes, Clauses, Contracts, Onboarding, Partners
from workbook.tables.contracts import CLAUSES, CONTRACT_STATES

ATTEMPTS = 3


class NoSuchContract(PartnerBookError):
    """No row, or more than one, has the number that was given."""

    def __init__(self, table: type[Table], key: str, known: Sequence[str], rows: Sequence[int]):
        if rows:
            why = f"{key} 出现在第 {'、'.join(map(str, rows))} 行。请只保留一行。"
        else:
            why = f"没有 {key}（现有：{'、'.join(known[:20]) or '无'}）。"
        super().__init__(f"“{table.label.zh}”里{why}")


class UnknownState(PartnerBookError):
    """A word that is no state of a contract."""

    def __init__(self, word: str):
        known = "、".join(label.zh for label in CONTRACT_STATES.values())
        super().__init__(f"合同没有“{word}”这个状态，可以是：{known}。")


@dataclass
class Done:
    """What a command did to a contract, or how it stands: the key, sentences, and what went less well beside it."""

    contract: str
    changed: bool
    lines: list[str]
    data: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Desk:
    """A book that is being changed, and the time on its clock."""

    book: Book
    situation: Situation
    now: datetime


def _on_file(path: Path, work: Callable[[_Desk], Done], write: bool = True) -> Done:
    """Do the work on a fresh reading of the file and put the result in its place; again if a delivery was faster."""
    for attempt in range(1, ATTEMPTS + 1):
        snapshot = store.read(path)
        if write:
            store.check_free(snapshot.path)
        book = Book.read(snapshot.data)
        must_be_ours(book, snapshot.path.name)
        if write:
            fill_keys(book)
        now = local_now(book)
        done = work(_Desk(book, Situation(book, now.date()), now))
        if not done.changed:
            return done
        try:
            done.warnings = store.replace(snapshot, book.to_bytes()).warnings
            return done
        except ChangedUnderneath:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _one(book: Book, table: type[Table], key: str) -> Record:
    records = read_records(book, table)
    found = [record for record in records if record.key.casefold() == key.strip().casefold()]
    if len(found) != 1:
        raise NoSuchContract(table, key, [r.key for r in records if r.key], [r.number for r in found])
    return found[0]


def _next(book: Book, table: type[Table]) -> int:
    return max((table.key().number(record.key) or 0 for record in read_records(book, table)), default=0) + 1


def _append(book: Book, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows under the next free numbers."""
    key, first = table.key(), _next(book, table)
    view = book.table(table.name)
    fresh = [{key.name: key.make(number), **row} for number, row in enumerate(rows, start=first)]
    book.append(table.name, [row_cells(table, row, view.columns, view.sheet) for row in fresh])


def _change(desk: _Desk, record: Record, values: Mapping[str, Any], what: str) -> None:
    """Write cells of a row, and a line of 变更记录 for each."""
    table, view = record.table, desk.book.table(record.table.name)
    where, lang = need(table, view.columns, list(values), view.sheet), language(table, view.columns)
    log_lang = language(Changes, desk.book.table(Changes.name).columns)

    def words(name: str, value: Any) -> str | None:
        cell = to_cell(table.columns[name], value, log_lang)
        return None if cell is None else str(cell)

    log = [
        {
            "at": desk.now, "table": table.label.get(log_lang), "row_key": record.key, "column": table.columns[name].label.get(log_lang),
            "before": words(name, record[name]), "after": words(name, value), "what": what, "source": "staff",
        }
        for name, value in values.items()
    ]  # fmt: skip
    cells = {where[name]: to_cell(table.columns[name], value, lang) for name, value in values.items()}
    _append(desk.book, Changes, log)
    key = need(table, view.columns, [table.key().name], view.sheet)[table.key().name]
    desk.book.update_rows(table.name, key, {record.number: cells})


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
        NoSuchContract, UnknownState: there is no such row or state.
    """
    target = state_code(word)

    def work(desk: _Desk) -> Done:
        case = _case(desk, key)
        words = CONTRACT_STATES[target].zh
        if reasons := in_the_way(case, target):
            raise StepRefused(f"合同 {case.contract.key}", f"改为“{words}”", reasons)
        before = CONTRACT_STATES[case.status].zh
        _change(desk, case.contract, {"status": target}, "合同状态，用命令改的")
        told = [one.message for one in obstacles(case, target) if not one.blocking]
        lines = [f"✓ 合同 {case.contract.key}：{before} → {words}，已记入变更记录", *(f"  注意：{one}" for one in told)]
        if target == "signed":
            lines.append(f"  下一步：partnerbook onboard {path} {case.contract.key}")
        data = {"before": case.status, "status": target, "notes": told}
        return Done(case.contract.key, True, lines, data)

    return _on_file(path, work)


def standing(path: Path, key: str) -> Done:
    """How a contract stands: its state, and what is in the way of each next step."""

    def work(desk: _Desk) -> Done:
        case = _case(desk, key)
        lines = [f"合同 {case.contract.key} {case.contract.text('title')}：{CONTRACT_STATES[case.status].zh}"]
        steps = {step: in_the_way(case, step) for step in STEPS[case.status]}
        for step, reasons in steps.items():
            lines.append(f"  {'✗' if reasons else '✓'} {CONTRACT_STATES[step].zh}")
            lines += [f"      · {reason}" for reason in reasons]
        return Done(case.contract.key, False, lines, {"status": case.status, "steps": steps})

    return _on_file(path, work, write=False)


def _case(desk: _Desk, key: str) -> Case:
    record = _one(desk.book, Contracts, key)
    return case_of(desk.situation.selection, desk.situation.records, record, desk.now.date())


def begin(path: Path, candidate: str) -> Done:
    """A contract for a candidate, under negotiation, with its ten clauses.

    Raises:
        StepRefused: the candidate is not recommended, failed a gate, or has an open contract.
        NoSuchContract: there is no such candidate.
    """

    def work(desk: _Desk) -> Done:
        facts = _one(desk.book, Candidates, candidate)
        reasons = [f"{why}。" for why in candidate_reasons(desk.situation.selection, facts.key, desk.now.date())]
        reasons += [
            f"{facts.key} 已有合同 {row.key}（{CONTRACT_STATES[row.text('status') or 'negotiating'].zh}）。"
            for row in read_records(desk.book, Contracts)
            if row["candidate"] == facts.key and (row.text("status") or "negotiating") in OPEN
        ]
        if reasons:
            raise StepRefused(f"候选 {facts.key}", "开始谈判合同", reasons)
        key = Contracts.key().make(_next(desk.book, Contracts))
        _append(desk.book, Contracts, [{
            "title": f"{facts.text('legal_name')}合作协议"[:120], "candidate": facts.key, "status": "negotiating",
            "partner": _registered(desk, facts), "handler": facts["handler"],
        }])  # fmt: skip
        _append(desk.book, Clauses, [{"contract": key, "subject": code, "agreed": "open"} for code in CLAUSES])
        lines = [
            f"✓ 合同 {key}：与 {facts.key} {facts.text('legal_name')} 开始谈判，十条条款已列出",
            "  下一步：在“条款”里写下每条的底线和弹性空间（只在公司内部看得到），再谈。",
        ]
        return Done(key, True, lines, {"candidate": facts.key, "status": "negotiating", "clauses": len(CLAUSES)})

    return _on_file(path, work)


def _registered(desk: _Desk, facts: Record) -> str | None:
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

    def work(desk: _Desk) -> Done:
        contract = _one(desk.book, Contracts, key)
        if contract["status"] != "signed":
            now = CONTRACT_STATES[contract.text("status") or "negotiating"].zh
            raise StepRefused(f"合同 {contract.key}", "开始入伙引导", [f"合同还没有签：状态是“{now}”，应为“已签”。"])
        days = guide_days(desk.situation.selection.settings)
        began = contract["guided_from"] or start or contract["starts_on"] or contract["signed_on"] or desk.now.date()
        there = [row for row in read_records(desk.book, Onboarding) if row["contract"] == contract.key]
        who = {"contract": contract.key, "partner": contract["partner"], "handler": contract["handler"]}
        fresh = [{**who, **item} for item in planned_items(there, began, days)]
        if fresh:
            _append(desk.book, Onboarding, fresh)
        dates = {"guided_from": began, "guided_until": began + timedelta(days=days)}
        lacking = {name: day for name, day in dates.items() if contract[name] is None}
        if lacking:
            _change(desk, contract, lacking, "入伙引导，用命令开始的")
        after = _one(desk.book, Contracts, key)
        found = progress(after, read_records(desk.book, Onboarding), desk.now.date())
        return _onboarded(found, len(fresh), began, start, bool(fresh or lacking))

    return _on_file(path, work)


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
