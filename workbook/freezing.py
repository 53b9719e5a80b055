"""Owns freezing a period (S38): its results as rows that nothing changes, and what they rest on as files beside the book.

The files lie in the folder 〈book〉.冻结/〈period〉/〈partner〉-〈first twelve digits of the inputs' hash〉.json and hold the canonical inputs,
byte for byte what 输入指纹 is the SHA-256 of. They are for staff, like the book itself; their names carry numbers only. They are
written and synced before the book is: a freeze that fails half way leaves a file too many, never a row without its file. A file
that is there is never written over.
"""

from __future__ import annotations

import contextlib
import getpass
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from workbook import store
from workbook.changelog import CellChange, append_rows, log_changes, next_number
from workbook.desk import Desk, Done, NoSuchRow, change_row, on_file, one_row
from workbook.errors import PartnerBookError, WorkbookUnreachable
from workbook.identity import must_be_ours
from workbook.measuring import frozen_scores, measure_book, write_corrected
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rows import language
from workbook.rules.canonical import canonical_inputs, digest, from_canonical
from workbook.rules.frozen import OUTCOMES, Again, details, outcome_code, recomputed, row_hash, standing, with_records
from workbook.rules.performance import Ledger, Period, period_of, read_ledger
from workbook.rules.rating import PeriodResult, Rated, rate_period
from workbook.tables import Bands, Frozen, Measures, Partners, Performance, Periods, ServiceLevels, Settings

FOLDER = ".冻结"
NOTE = "说明.txt"
NOTE_TEXT = """这里是冻结结果所依据的原始记录，一家伙伴一个周期一个文件，只给员工看，请不要改动、改名或删除。
核对：partnerbook freeze 工作簿 周期 --verify
工作簿改名或搬家时，请把这个文件夹一起改名、一起搬。

What frozen results rest on, a file per partner and period. For staff; do not change, rename or delete them.
To check: partnerbook freeze BOOK PERIOD --verify
"""
RULES = (Measures, Bands, ServiceLevels, Settings)  # of a correction these are as they were when the period was frozen


class FreezeRefused(PartnerBookError):
    """A period cannot be frozen, or a frozen result not corrected, as things stand; the sentence says why."""


class KeptInputs(PartnerBookError):
    """A file of kept inputs is gone, was changed, or stands in the way."""


# --- the files beside the book ---------------------------------------------------------------------------------------


def folder_of(book: Path) -> Path:
    """Where the inputs of a book's frozen results lie."""
    book = store.resolved(book)
    return book.with_name(book.stem + FOLDER)


def kept_path(book: Path, row: Mapping[str, Any] | Record) -> Path:
    """The file with the inputs of a frozen row."""
    period, partner = (re.sub(r"[^\w.\-]", "_", str(row[name])).strip(".") or "_" for name in ("period", "partner"))
    return folder_of(book) / period / f"{partner}-{str(row['inputs_hash'])[:12]}.json"


def keep(path: Path, text: str) -> None:
    """Write inputs to their file; what is there already and the same stays.

    Raises:
        KeptInputs: a file of that name holds something else.
        WorkbookUnreachable: the folder cannot be written.
    """
    data = text.encode()
    try:
        there = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise WorkbookUnreachable(f"读不了 {path}（{error.strerror}）。请检查文件夹和权限。") from error
    if there is None:
        store.create(path, data)
    elif there != data:
        raise KeptInputs(f"{path} 已经存在而内容不同，不会覆盖它，工作簿没有改动。请把它移到别处，再运行一次。")


def kept_inputs(book: Path, row: Record) -> str:
    """The kept inputs of a frozen row.

    Raises:
        KeptInputs: the file is gone, or holds something else than was frozen.
    """
    path = kept_path(book, row)
    where = f"冻结结果 {row.key}（{row['period']}/{row['partner']}）的原始记录"
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise KeptInputs(f"{where}不在了：{path}。请从备份里把这个文件夹放回工作簿旁边。") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeptInputs(f"{where}读不了：{path}（{error}）。请从备份里恢复这个文件。") from error
    if digest(text) != row["inputs_hash"]:
        raise KeptInputs(f"{where}被改动过，与输入指纹不符：{path}。请从备份里恢复这个文件。")
    return text


def again(book: Path, row: Record) -> Again:
    """The result of a frozen row, computed again from its kept inputs.

    Raises:
        KeptInputs: the inputs are gone or changed, or come to another result than was frozen.
    """
    text = kept_inputs(book, row)
    try:
        found = recomputed(text)
    except (ValueError, KeyError, TypeError) as error:
        raise KeptInputs(f"冻结结果 {row.key} 的原始记录不能用来计算：{error}。") from error
    if digest(details(found.one.outcome)) != row["parts_hash"]:
        raise KeptInputs(
            f"冻结结果 {row.key} 用原始记录重算出来是 {_said(found.one)}，与明细指纹不符；这一行写的是 {_cells(row)}。请查“冻结结果”里这一行是不是被改过。"
        )
    return found


# --- freezing --------------------------------------------------------------------------------------------------------


def freeze(path: Path, key: str, who: str = "", effective: date | None = None) -> Done:
    """Freeze the results of a period as of now.

    Raises:
        FreezeRefused: it is frozen already, not over, cannot be rated, or measures nobody; nothing was written.
        NoSuchRow, KeptInputs, WorkbookOpen, WorkbookUnreachable: nothing was written.
    """

    return on_file(path, lambda desk: freeze_desk(desk, path, key, who, effective))


def freeze_desk(desk: Desk, path: Path, key: str, who: str = "", effective: date | None = None) -> Done:
    """As `freeze`, on a book that is being changed; the inputs go beside `path`, where the book lies or will be saved."""
    record = one_row(desk.book, Periods, key)
    period = period_of(record)
    _may_freeze(desk, period)
    found = measure_book(desk.book, desk.now)
    if period.key in found.refused:
        raise FreezeRefused(f"考核周期 {period.key} 不能冻结，没有改动：{found.refused[period.key]}")
    result = next((one for one in found.rated if one.period.key == period.key), None)
    if result is None or not result.rated:
        raise FreezeRefused(f"考核周期 {period.key} 没有考核任何伙伴，没有可以冻结的结果。请先登记伙伴和记录。")
    ledger, by = read_ledger(desk.book), who or _login()
    first = next_number(desk.book, Frozen)
    rows = [
        _row(desk, ledger, result, one, first + n, by, effective or desk.now.date())
        for n, one in enumerate(result.rated)
    ]
    for row, one in zip(rows, result.rated, strict=True):
        keep(kept_path(path, row), canonical_inputs(ledger, period, one.partner.key, desk.now))
    _note(path)
    append_rows(desk.book, Frozen, rows)
    what = (
        f"冻结 {len(rows)} 家的结果（{rows[0]['frozen']} 至 {rows[-1]['frozen']}），用命令做的，操作人是{by or '未知'}"
    )
    change_row(desk, record, {"status": "frozen"}, what)
    return _frozen(path, period, rows)


def _may_freeze(desk: Desk, period: Period) -> None:
    if period.status == "frozen":
        raise FreezeRefused(
            f"考核周期 {period.key} 已经冻结，没有改动。要更正一家的结果，用 --correct 伙伴编号 --why 原因。"
        )
    if desk.now.date() < period.last:
        raise FreezeRefused(f"考核周期 {period.key} 到 {period.last} 才结束，还不能冻结，没有改动。")
    times = Counter(row.key for row in desk.situation.of(Partners) if row.key)
    if doubled := [key for key, count in times.items() if count > 1]:
        raise FreezeRefused(
            f"伙伴编号 {'、'.join(doubled)} 重复，重复的不参加计算，冻结会漏掉它们，没有改动。请先各保留一行。"
        )
    there = [row.key for row in read_records(desk.book, Frozen) if row["period"] == period.key]
    if there:
        raise FreezeRefused(
            f"考核周期 {period.key} 冻结过（{there[0]} 等 {len(there)} 行），状态却不是“已冻结”，没有改动。请把状态改回“已冻结”；要更正用 --correct。"
        )


def _row(
    desk: Desk, ledger: Ledger, result: PeriodResult, one: Rated, number: int, who: str, effective: date, **more: Any
) -> dict[str, Any]:
    """A frozen row by column name, its hashes last."""
    period, outcome = result.period, one.outcome
    lang = language(Frozen, desk.book.table(Frozen.name).columns)
    row: dict[str, Any] = {
        "frozen": Frozen.key().make(number), "period": period.key, "partner": one.partner.key, "legal_name": one.partner["legal_name"],
        "kind": period.kind, "state": OUTCOMES[outcome_code(outcome)].get(lang), "score": outcome.score, "grade": outcome.grade or None,
        "effective_on": effective, "rule_version": period.rule_version, "frozen_at": desk.now, "frozen_by": who[:60] or None,
        "inputs_hash": digest(canonical_inputs(ledger, period, one.partner.key, desk.now)), "parts_hash": digest(details(outcome)),
        **more,
    }  # fmt: skip
    return {**row, "result_hash": row_hash(row)}


def _frozen(path: Path, period: Period, rows: Sequence[Mapping[str, Any]]) -> Done:
    lines = [f"✓ 考核周期 {period.key} 已冻结：{len(rows)} 家，规则版本 {period.rule_version}"]
    for row in rows:
        score = "无数据" if row["score"] is None else f"{row['score']} 分"
        lines.append(f"  {row['frozen']}  {row['partner']}  {score}  {row['grade'] or '–'}  {row['state']}")
    lines.append(f"  原始记录在 {folder_of(path)}；核对：partnerbook freeze {path} {period.key} --verify")
    return Done(period.key, True, lines, {"folder": str(folder_of(path)), "rows": [_data(row) for row in rows]})


def _data(row: Mapping[str, Any]) -> dict[str, Any]:
    return {n: None if v is None else Frozen.columns[n].to_json(v) for n, v in row.items()}


def _note(path: Path) -> None:
    with contextlib.suppress(WorkbookUnreachable):  # it is there already, or goes without
        store.create(folder_of(path) / NOTE, NOTE_TEXT.encode("utf-8-sig"))


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


# --- correcting ------------------------------------------------------------------------------------------------------


def correct(path: Path, key: str, partner: str, why: str, who: str = "", effective: date | None = None) -> Done:
    """A new row for a partner of a frozen period, from the present events under the rules that were frozen; the old row stays.

    What differs is also shown in 绩效结果, for that is what stands; ranks are placed again, other scores stay.

    Raises:
        FreezeRefused: the period or the partner is not frozen, no reason is given, or nobody is left to rate.
        NoSuchRow, KeptInputs, WorkbookOpen, WorkbookUnreachable: nothing was written.
    """
    reason = " ".join(why.split())
    if not reason:
        raise FreezeRefused("更正要写原因：--why \"……\"。")  # fmt: skip

    def work(desk: Desk) -> Done:
        old = _standing_row(desk, key, partner)
        ledger = _under_old_rules(path, read_ledger(desk.book), old)
        period = period_of(next(row for row in ledger.of(Periods) if row.key == old["period"]))
        result = rate_period(ledger, period, desk.now, [old.text("partner")])
        if not result.rated:
            raise FreezeRefused(f"{old['partner']} 在 {period.key} 已没有可以计算的记录，没有更正。")
        one = result.rated[0]
        if digest(details(one.outcome)) == old["parts_hash"]:
            return Done(old.key, False, [f"✓ {old['partner']} 按现在的记录重算没有变化（{_cells(old)}），没有更正。"])
        more = {"corrects": old.key, "why": reason[:300]}
        number, day = next_number(desk.book, Frozen), effective or desk.now.date()
        row = _row(desk, ledger, result, one, number, who or _login(), day, **more)
        keep(kept_path(path, row), canonical_inputs(ledger, period, one.partner.key, desk.now))
        append_rows(desk.book, Frozen, [row])
        _show_corrected(desk, ledger, result, old, row)
        lines = [
            f"✓ {old['partner']} {period.key} 的结果已更正：{_cells(old)} → {_said(one)}",
            f"  新的一行 {row['frozen']} 更正 {old.key}，原来的一行没有动。原因：{row['why']}",
            f"  为什么变了：partnerbook diff {path} --from {old.key} --to {row['frozen']}",
        ]
        return Done(str(row["frozen"]), True, lines, {"corrects": old.key, "rows": [_data(row)]})

    return on_file(path, work)


def _standing_row(desk: Desk, key: str, partner: str) -> Record:
    record = one_row(desk.book, Periods, key)
    if record["status"] != "frozen":
        raise FreezeRefused(f"考核周期 {record.key} 还没有冻结，不用更正：改好记录再运行 partnerbook evaluate。")
    rows = standing(read_records(desk.book, Frozen), record.key)
    wanted = {name.casefold(): row for name, row in rows.items()}.get(partner.strip().casefold())
    if wanted is None:
        raise NoSuchRow(Frozen, f"{record.key}/{partner}", [f"{record.key}/{name}" for name in rows], [])
    return wanted


def _under_old_rules(path: Path, ledger: Ledger, old: Record) -> Ledger:
    """The present events with the rules and the period as they were when the row was frozen."""
    kept = from_canonical(kept_inputs(path, old))[0]
    changed: dict[str, Sequence[Record]] = {table.name: kept.of(table) for table in RULES}
    changed[Periods.name] = kept.of(Periods)
    return with_records(ledger, changed)


def _show_corrected(desk: Desk, ledger: Ledger, result: PeriodResult, old: Record, row: Mapping[str, Any]) -> None:
    """The corrected result in 绩效结果 and 绩效得分明细, with a line of 变更记录."""
    key = f"{result.period.key}/{result.rated[0].partner.key}"
    before = next((one for one in read_records(desk.book, Performance) if one.key == key), None)
    past = frozen_scores(with_records(ledger, {Frozen.name: read_records(desk.book, Frozen)}))
    write_corrected(desk.book, ledger, result, past, desk.now)
    if before is not None:
        what = f"{row['frozen']} 更正 {old.key}：{row['why']}，操作人是{row['frozen_by'] or '未知'}"
        log_changes(desk.book, desk.now, [CellChange(before, "score", before["score"], row["score"], what)])


# --- checking --------------------------------------------------------------------------------------------------------


def verify(path: Path, key: str) -> Done:
    """Whether every frozen row of a period is what its kept inputs come to; `data["ok"]` says so.

    Raises:
        FreezeRefused: the period has no frozen row.
        NoSuchRow, WorkbookUnreachable: there is no such period or book.
    """
    snapshot = store.read(path)
    book = Book.read(snapshot.data)
    must_be_ours(book, snapshot.path.name)
    period = one_row(book, Periods, key).key
    rows = [row for row in read_records(book, Frozen) if row["period"] == period]
    if not rows:
        raise FreezeRefused(f"考核周期 {period} 没有冻结的结果，没有可以核对的。")
    wrong: dict[str, str] = {}
    for row in rows:
        try:
            if row_hash(row.values) != row["result_hash"]:
                raise KeptInputs(f"冻结结果 {row.key} 这一行被改动过，与结果指纹不符。")
            again(path, row)
        except PartnerBookError as error:
            wrong[row.key] = str(error)
    lines = [f"✗ {key}：{why}" for key, why in wrong.items()]
    lines.append(
        f"{'✗' if wrong else '✓'} {period}：{len(rows)} 行冻结结果，{len(rows) - len(wrong)} 行用原始记录重算一致"
    )
    return Done(period, False, lines, {"ok": not wrong, "rows": len(rows), "wrong": wrong})


def _said(one: Rated) -> str:
    score = "无数据" if one.outcome.score is None else f"{one.outcome.score} 分"
    return f"{score} {one.outcome.grade}".rstrip()


def _cells(row: Record) -> str:
    return f"{'无数据' if row['score'] is None else format(row['score'], '.2f') + ' 分'} {row.text('grade')}".rstrip()


__all__ = [
    "FreezeRefused",
    "KeptInputs",
    "again",
    "correct",
    "folder_of",
    "freeze",
    "freeze_desk",
    "kept_inputs",
    "kept_path",
    "verify",
]
