"""Owns the checks of frozen results: a row, a period or a shown result that somebody altered after freezing (S38)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.frozen import HASHED, OUTCOMES, row_hash, standing
from workbook.tables import Frozen, Performance, PerformanceParts, Periods

BACK = "请从备份恢复这一行（partnerbook restore）；要更正结果，用 partnerbook freeze 工作簿 周期 --correct 伙伴编号 --why 原因。"
SHOWN = ("score", "grade", "rule_version")  # what a shown result and its frozen row both hold


def rows(situation: Situation) -> Iterator[Finding]:
    """S38: a frozen row that its own hash does not fit any more, or that is gone from the middle of the list."""
    found = situation.of(Frozen)
    shown = {row.key: row for row in situation.of(Performance)}
    for row in found:
        bad = [name for name in HASHED if name in row.problems]
        if bad or row_hash(row.values) != row["result_hash"]:
            name = bad[0] if bad else _cell(row, shown.get(f"{row['period']}/{row['partner']}"))
            what = f"的“{Frozen.columns[name].zh}”" if name else "里有一格"
            yield at(row, "S38-frozen-altered", f"冻结结果 {row.key}（{row['period']}/{row['partner']}）{what}被改动过，与结果指纹不符。{BACK}", name)  # fmt: skip
    numbers = {number for row in found if (number := Frozen.key().number(row.key))}
    for number in sorted(set(range(1, max(numbers, default=0))) - numbers):
        key = Frozen.key().make(number)
        after = next(row for row in found if (Frozen.key().number(row.key) or 0) > number)
        yield at(after, "S38-frozen-altered", f"冻结结果 {key} 这一行不在了：冻结的结果只加不删。{BACK}")


def _cell(row: Record, shown: Record | None) -> str:
    """The altered cell where 绩效结果 gives it away; "" where it does not."""
    if shown is None or row["corrects"]:
        return ""
    differing = [name for name in SHOWN if row[name] != shown[name]]
    return differing[0] if len(differing) == 1 else ""


def periods(situation: Situation) -> Iterator[Finding]:
    """S38: a period that was called frozen, or not frozen any more, by hand."""
    frozen: dict[str, int] = {}
    for row in situation.of(Frozen):
        frozen[row.text("period")] = frozen.get(row.text("period"), 0) + 1
    for record in situation.of(Periods):
        count = frozen.get(record.key, 0)
        if record["status"] == "frozen" and not count:
            yield at(
                record, "S38-frozen-altered",
                f"考核周期 {record.key} 写着“已冻结”，而“冻结结果”里没有它的任何一行。请改回“已截止”，再运行 partnerbook freeze（工作簿）{record.key}。", "status",
            )  # fmt: skip
        elif count and record["status"] != "frozen":
            yield at(
                record, "S38-frozen-altered",
                f"考核周期 {record.key} 有 {count} 行冻结结果，而状态不是“已冻结”：冻结之后不能再打开。请把状态改回“已冻结”。", "status",
            )  # fmt: skip


def results(situation: Situation) -> Iterator[Finding]:
    """S38: a result of a frozen period that is not what was frozen, or that one of the two is gone."""
    for period in situation.of(Periods):
        rows = standing(situation.of(Frozen), period.key)
        if period["status"] != "frozen" or not rows:
            continue
        shown = {row.text("partner"): row for row in situation.of(Performance) if row["period"] == period.key}
        for partner, row in rows.items():
            if partner not in shown:
                yield at(
                    row, "S38-result-altered",
                    f"“绩效结果”里 {period.key}/{partner} 这一行不在了，而它已冻结在 {row.key}。请从备份恢复。",
                )  # fmt: skip
            elif row_hash(row.values) == row["result_hash"]:  # an altered one is no measure of anything
                yield from _differing(shown[partner], row)
                yield from _points(situation, shown[partner], row)
        for partner, one in shown.items():
            if partner not in rows and one["state"] is not None:
                yield at(
                    one, "S38-frozen-altered",
                    f"{one.key} 在已冻结的周期里有结果，而“冻结结果”里没有它的一行：冻结的结果只加不删。{BACK}",
                )  # fmt: skip


def _differing(shown: Record, row: Record) -> Iterator[Finding]:
    for name in SHOWN:
        if name in shown.problems or shown[name] != row[name]:
            now, was = (one.text(name) or "空白" for one in (shown, row))
            yield at(
                shown, "S38-result-altered",
                f"{shown.key} 的{Performance.columns[name].zh}写着 {now}，而冻结的是 {was}（{row.key}）。请改回 {was}。", name,
            )  # fmt: skip
    outcome = "ranked" if shown["state"] == "ranked" else "nothing" if shown["score"] is None else "blocked"
    if row.text("state") not in OUTCOMES[outcome] and shown["score"] == row["score"]:
        yield at(
            shown, "S38-result-altered",
            f"{shown.key} 的结论与冻结的“{row.text('state')}”（{row.key}）不同。请改回原样。", "state",
        )  # fmt: skip


def _points(situation: Situation, shown: Record, row: Record) -> Iterator[Finding]:
    """The points of the measures add up to the frozen score exactly, or somebody altered one of them."""
    parts = [part for part in situation.of(PerformanceParts) if part["result"] == shown.key]
    total = sum((part["points"] for part in parts if part["points"] is not None), Decimal(0))
    if parts and total != (row["score"] or 0):
        yield at(
            shown, "S38-result-altered",
            f"“绩效得分明细”里 {shown.key} 各项合计 {total:.2f}，而冻结的得分是 {row['score'] or 0:.2f}（{row.key}）：明细被改动过。请从备份恢复。", "score",
        )  # fmt: skip


CHECKS: tuple[Check, ...] = (rows, periods, results)
