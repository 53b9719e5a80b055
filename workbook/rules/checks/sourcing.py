"""Owns the checks of candidates and their facts: S3 to S8."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.rules.certificates import OVER as OVER
from workbook.rules.certificates import lines_of
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.rules.selection import JUDGES, SETTING_DEFAULTS, gate_column, judge_gates, plain_code, record_days
from workbook.schema import Invalid
from workbook.tables import Candidates, Indicators, SettingRow, Settings

FIGURES = ("annual_revenue", "profit", "operating_cash_flow")
_PARTS = re.compile(r"[，,、;；|\t]|\s{2,}")
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")


def _open(situation: Situation) -> Iterator[Record]:
    """Candidates that are still in the running."""
    return (record for record in situation.of(Candidates) if record["status"] not in OVER)


def missing_figures(situation: Situation) -> Iterator[Finding]:
    """S3, S4: a number that a band turns into a mark is not there."""
    scored = {key for panel in situation.selection.panels.values() for key in panel.candidates}
    facts = {t.fact for rules in situation.selection.rules.values() for t in rules.texts.values() if t.banded}
    for record in _open(situation):
        if record.key not in scored:
            continue
        for column in Candidates.columns.values():
            if (column.zh in facts or column.en in facts) and record[column.name] is None:
                yield at(record, "S3-figure", f"{column.zh}未填，对应的指标记为无数据。请向候选补要。", column.name)


def figures_without_year(situation: Situation) -> Iterator[Finding]:
    """S4: an amount counts with its year."""
    for record in _open(situation):
        if (given := _figures(record)) and record["revenue_year"] is None:
            yield at(record, "S4-year", f"{given}没有写明是哪一年的，不能比较。请填营收年度。", "revenue_year")


def figures_without_source(situation: Situation) -> Iterator[Finding]:
    """S4: an amount counts with where it is from: audited, as booked, or only said."""
    for record in _open(situation):
        if (given := _figures(record)) and record["figures_source"] is None:
            ask = "请填财务数据来源。"
            yield at(record, "S4-source", f"{given}没有写明出自哪里，不知道可不可信。{ask}", "figures_source")


def _figures(record: Record) -> str:
    """The amounts that a candidate gave, by their headers."""
    return "、".join(Candidates.columns[name].zh for name in FIGURES if record[name] is not None)


def report_without_authorisation(situation: Situation) -> Iterator[Finding]:
    """S4: a bank's report is accepted only with its authorisation: its number and the document itself."""
    for record in _open(situation):
        if record["bank_report"] != "yes" and not record["bank_report_file"]:
            continue
        if not record["bank_authorisation"]:
            yield at(
                record, "S4-authorisation", "银行信用报告没有授权书编号，不能接收。请补授权书编号，或把银行信用报告改为不提供。",
                "bank_authorisation",
            )  # fmt: skip
        if not record["authorisation_file"]:
            yield at(
                record, "S4-authorisation-file", "银行信用报告没有附授权书，不能接收。请向候选补要授权书文件，或把银行信用报告改为不提供并移走报告。",
                "authorisation_file",
            )  # fmt: skip


def incomplete_financing(situation: Situation) -> Iterator[Finding]:
    """S4: each round of financing with its time, kind, amount and source."""
    for record in _open(situation):
        for line in lines_of(record.text("financing")):
            parts = [part for part in _PARTS.split(line) if part.strip()]
            if len(parts) < 4 or not _YEAR.search(line):
                yield at(
                    record, "S4-financing", f"这一笔融资缺时间、方式、金额或来源：{line[:60]}。请写成“2024-06，A 轮，3000 万元，投资方公告”。",
                    "financing",
                )  # fmt: skip


def gates(situation: Situation) -> Iterator[Finding]:
    """S7: a failed gate, or one that nobody has checked, of a candidate that a panel scores.

    Once the panel is final and the candidate not selected, the gate has done its work.
    """
    selection = situation.selection
    by_key = {record.key: record for record in situation.of(Candidates)}
    for panel in selection.panels.values():
        rules = selection.rules.get(panel.rule_version)
        for key in panel.candidates if rules else ():
            record = by_key.get(key)
            if record is None or rules is None or (panel.status == "done" and record["status"] in OVER):
                continue
            barred = selection.barred_partner(record.values)
            # What was final is not judged again on a later day.
            day = selection.last_evaluated(panel.key) if panel.status == "done" else None
            try:
                decided, unknown = judge_gates(rules, record.values, barred, day or situation.today)
            except PartnerBookError as error:
                yield Finding("S7-gate", "评价指标", None, "", "", str(error))
                return
            for gate in decided:
                if not gate.passed:
                    yield at(record, "S7-failed", f"{gate.reason}：否决，不参与排名（评审会 {panel.key}）。")
            for why in unknown:
                yield at(record, "S7-unchecked", f"{why}：评审会 {panel.key} 暂不能排名。请核对后填写。")


def missing_gates(situation: Situation) -> Iterator[Finding]:
    """S7: a rule version without one of the gates would rank whoever fails it."""
    for rules in situation.selection.rules.values():
        there = {gate_column(fact) for _, _, fact in rules.gates}
        lacking = [Candidates.columns[name].zh for name in JUDGES if name not in there]
        if lacking:
            row = next(r for r in situation.of(Indicators) if r.text("rule_version") == rules.version)
            yield at(
                row, "S7-missing-gate",
                f"规则版本 {rules.version} 没有看“{'”“'.join(lacking)}”的门槛：不达标的候选也会进入排名。请补上层级为“门槛”的行。",
                "layer",
            )  # fmt: skip


def stale_record_queries(situation: Situation) -> Iterator[Finding]:
    """S8: past records were never queried, or too long ago, while a panel still decides."""
    try:
        days = record_days(situation.selection)
    except PartnerBookError as error:
        row = next(r for r in situation.of(Settings) if r.key == SettingRow.RECORD_DAYS)
        days = int(SETTING_DEFAULTS[SettingRow.RECORD_DAYS])
        yield at(row, "S8-setting", f"{error}改正之前按 {days} 天计。", "value")
    deciding = [panel for panel in situation.selection.panels.values() if panel.status != "done"]
    scored = {key for panel in deciding for key in panel.candidates}
    for record in _open(situation):
        if record.key not in scored:
            continue
        checked = record["records_checked"]
        if checked is None:
            yield at(record, "S8-query", "还没有查询过往记录。请查询后填写日期、来源和结果。", "records_checked")
        elif checked > situation.today:
            yield at(record, "S8-query", f"记录查询日期 {checked} 还没有到。请改成实际查询的日期。", "records_checked")
        elif (situation.today - checked).days > days:
            yield at(record, "S8-query", f"需重查：过往记录查询于 {checked}，已超过 {days} 天。", "records_checked")
        elif not record["records_source"] or record["records_result"] is None:
            yield at(record, "S8-source", "过往记录的查询没有写明来源或结果。", "records_source")


def damaged_codes(situation: Situation) -> Iterator[Finding]:
    """S7: a credit code whose check character is wrong."""
    for record in situation.of(Candidates):
        if code := record["credit_code"]:
            try:
                Candidates.columns["credit_code"].check(code)
            except Invalid as error:
                yield at(record, "S7-code", f"{error.label.zh}。", "credit_code")


def one_code_twice(situation: Situation) -> Iterator[Finding]:
    """S7: the same company stands in two rows that are both open."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in _open(situation):
        if record["credit_code"]:
            groups[plain_code(record.text("credit_code"))].append(record)
    for records in groups.values():
        keys = {record.key for record in records}
        if len(keys) > 1:
            names = "、".join(f"{record.key} {record.text('legal_name')}" for record in records)
            yield at(
                records[1], "S7-same-company", f"同一信用代码有几份候选：{names}。请确认保留哪一份。", "credit_code"
            )


CHECKS: tuple[Check, ...] = (
    missing_figures, figures_without_year, figures_without_source, report_without_authorisation,
    incomplete_financing, gates, missing_gates,
    damaged_codes, one_code_twice, stale_record_queries,
)  # fmt: skip
