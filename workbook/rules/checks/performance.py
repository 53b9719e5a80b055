"""Owns the checks of measuring performance: periods, rules, tests, issues, money, resources, savings, judged marks, results (S30 to S37)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at, number_said
from workbook.rules.metrics import ADOPTED, PROOF, log_faults, sound, use_rate
from workbook.rules.office_hours import book_calendar
from workbook.rules.performance import Ledger, Period, PeriodRefused, Tree, faults, period_of
from workbook.rules.rating import fewest_reviewers
from workbook.rules.service import lacking
from workbook.tables import (
    Issues,
    Judgements,
    Measures,
    Performance,
    Periods,
    Proposals,
    Resources,
    ServiceLevels,
    SettingRow,
    Settings,
    Tests,
    WorkingDays,
)
from workbook.tables.performance import PERFORMANCE_STATES, PERIOD_KINDS


def _periods(ledger: Ledger) -> Iterator[Period]:
    """The periods that can be measured."""
    for record in ledger.of(Periods):
        try:
            yield period_of(record)
        except PeriodRefused:
            continue


def _begun(situation: Situation) -> list[Period]:
    """The periods for which results are computed."""
    return [p for p in _periods(situation.ledger) if p.status != "frozen" and p.first <= situation.today]


# --- what was delivered and reported (S30, S31) ----------------------------------------------------------------------


def tests(situation: Situation) -> Iterator[Finding]:
    """S30: a test that counts nowhere."""
    deliveries = situation.ledger.deliveries
    for row in situation.of(Tests):
        delivery = deliveries.get(row.text("delivery"))
        total, passed = row["total"], row["passed"]
        if not sound(row) and not {"total", "passed"}.intersection(row.problems):
            if total is None or passed is None:
                what, name = f"没有写{'检测数' if total is None else '合格数'}", "total" if total is None else "passed"
            elif total == 0:
                what, name = "检测数是 0", "total"
            else:
                what, name = f"合格数 {passed} 大于检测数 {total}", "passed"
            yield at(row, "S30-test", f"{what}，这次检测不计入。请改正。", name)
        if delivery is None:
            where = "没有写交付编号" if not row["delivery"] else f"交付记录里没有可用的 {row['delivery']}"
            yield at(row, "S30-test", f"{where}，这次检测不计入。请改正。", "delivery")
        elif not delivery["partner"]:
            yield at(row, "S30-test", f"交付 {delivery.key} 没有写伙伴编号，这次检测不计入。请补上。", "delivery")
        for name in ("kind", "tested_on"):
            if row[name] is None and name not in row.problems:
                yield at(row, "S30-test", f"没有写{Tests.columns[name].zh}，这次检测不计入。请补上。", name)


def issues(situation: Situation) -> Iterator[Finding]:
    """S31: an issue whose log gives no clock, or one to look at again; it does not count until it is mended."""
    from workbook.measuring import version_for

    for row in situation.ledger.of(Issues):
        if not row["partner"]:
            yield at(row, "S31-issue", "没有写伙伴编号，不计入任何伙伴。请补上。", "partner")
        problems, doubts = log_faults(situation.ledger, row, version_for(situation.ledger, row["reported_at"]))
        if problems:
            words = "；".join(problems)
            yield at(row, "S31-issue", f"{words}。时限算不出来，不计入。请改正“问题事件”或这一行。", "reported_at")
        for doubt in doubts:
            yield at(row, "S31-issue", f"{doubt}。", "status")


def service_levels(situation: Situation) -> Iterator[Finding]:
    """S31: a row of 时限标准 that sets no limit."""
    rows = situation.ledger.of(ServiceLevels)
    levels = Counter((row.text("rule_version"), row.text("priority")) for row in rows)
    severities = Counter((row.text("rule_version"), row["severity"]) for row in rows if row["severity"])
    for row in rows:
        version = row.text("rule_version")
        if gone := [name for name in lacking(row) if name not in row.problems]:
            words = "、".join(ServiceLevels.columns[name].zh for name in gone)
            yield at(row, "S31-level", f"{words}没有写或是 0，这一级别没有时限，它的问题都不计入。请填写。", gone[0])
        elif levels[version, row.text("priority")] > 1:
            yield at(
                row, "S31-level",
                f"规则版本 {version} 的 {row['priority']} 有几行时限，都不起作用。请只保留一行。", "priority",
            )  # fmt: skip
        if row["severity"] and severities[version, row["severity"]] > 1:
            word = ServiceLevels.severity.options[row["severity"]].zh
            yield at(
                row, "S31-level", f"规则版本 {version} 有几行对应“{word}”，取编号最前的一行。请只留一行。", "severity"
            )


def hours(situation: Situation) -> Iterator[Finding]:
    """S31: the working hours or the working calendar cannot be used."""
    settings = {row.key: row for row in situation.of(Settings)}
    row = settings.get(SettingRow.WORKING_HOURS)
    days = situation.ledger.of(WorkingDays)
    for given, record in (((), row), (days, days[0] if days else None)):
        try:
            book_calendar({SettingRow.WORKING_HOURS: row.text("value")} if row and not given else {}, given)
        except PartnerBookError as error:
            column = "day" if given else "value"
            message = f"{error}在改正之前，考核周期都不能计算。"
            yield (
                at(record, "S31-hours", message, column)
                if record
                else Finding("S31-hours", "设置", None, "", "", message)
            )
    for day in days:
        for name in ("day", "kind"):
            if day[name] is None and name not in day.problems:
                yield at(day, "S31-hours", f"没有写{WorkingDays.columns[name].zh}，这一行不起作用。请填写。", name)


def provisional(situation: Situation) -> Iterator[Finding]:
    """S31: a year of which no notice of holidays is known, and something that is counted lies in it."""
    ledger = situation.ledger
    days: dict[int, Record] = {}
    for period in _periods(ledger):
        for year in ledger.hours.provisional_years(period.first, period.last):
            days.setdefault(year, period.record)
    for row in ledger.of(Issues):
        for name in ("reported_at", "respond_by", "resolve_by"):
            if row[name] is not None and ledger.hours.is_provisional(row[name].date()):
                days.setdefault(row[name].year, row)
    for year, row in sorted(days.items()):
        yield at(
            row, "S31-provisional",
            f"还不知道 {year} 年的放假和调休，暂按周一到周五上班计算。国务院的通知公布后，请更新程序，或在“工作日历”里逐日填写 {year} 年的放假和调休上班。",
            "period" if row.table is Periods else "reported_at",
        )  # fmt: skip


# --- resources, savings (S33, S34) --------------------------------------------------------------------------


def resources(situation: Situation) -> Iterator[Finding]:
    """S33: more used than there was, nothing available, or a part larger than the whole."""
    for row in situation.of(Resources):
        rate, used = use_rate(row), row["used"]
        if not row["partner"]:
            yield at(row, "S33-use", "没有写伙伴编号，不计入任何伙伴。请补上。", "partner")
        if row["starts_on"] is None and row["ends_on"] is None:
            yield at(row, "S33-use", "没有写起止日期，不知道属于哪一期，不计入。请填写。", "starts_on")
        if rate is not None and rate > 100:
            yield at(
                row, "S33-use",
                f"实际利用量 {used} 超过可用量 {row['available']}，不记分。请核对：是记重了，还是超负荷使用。", "used",
            )  # fmt: skip
        elif not row["available"] and "available" not in row.problems:
            yield at(row, "S33-use", "可用量没有写或是 0，利用率无法计算。请填写。", "available")
        elif used is None and "used" not in row.problems:
            yield at(row, "S33-use", "没有写实际利用量：无数据。请填写。", "used")
        if used is not None and (row["duplicated"] or 0) + (row["wasted"] or 0) > used:
            yield at(row, "S33-use", f"重复和浪费合计大于实际利用量 {used}。请核对。", "duplicated")


def savings(situation: Situation) -> Iterator[Finding]:
    """S34: a saving that counts nothing, because nobody stands for it."""
    for row in situation.of(Proposals):
        if row["verified_saving"] is None or row["status"] not in ADOPTED:
            continue
        if gone := [name for name in PROOF if row[name] is None]:
            words = "、".join(Proposals.columns[name].zh for name in gone)
            yield at(
                row,
                "S34-saving",
                f"写了核实节约金额 {row['verified_saving']:,.2f}，而没有{words}：一分也不计。请补上。",
                gone[0],
            )


# --- judged marks, periods, results (S35 to S37) ---------------------------------------------------------------------


def judged(situation: Situation) -> Iterator[Finding]:
    """S36: a mark that does not count, or that nothing stands behind."""
    ledger = situation.ledger
    periods = {period.key: period for period in _periods(ledger)}
    seen: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for row in ledger.of(Judgements):
        period = periods.get(row.text("period"))
        if gone := [
            n for n in ("period", "partner", "measure", "reviewer", "mark") if row[n] is None and n not in row.problems
        ]:
            words = "、".join(Judgements.columns[name].zh for name in gone)
            yield at(row, "S36-judged", f"没有写{words}，这一分不计入。请补上。", gone[0])
            continue
        tree = ledger.trees.get(period.rule_version) if period else None
        if period is None or tree is None:
            continue
        yield from _mark(row, period, tree)
        seen[tuple(row.text(name) for name in ("period", "partner", "measure", "reviewer"))].append(row)
    for rows in seen.values():
        if len(rows) > 1:
            keys = "、".join(row.key for row in rows)
            yield at(
                rows[1], "S36-judged", f"同一位评议人对同一指标打了几次分（{keys}），都不计入。请保留一行。", "mark"
            )
    yield from _too_few(situation, periods)


def _mark(row: Record, period: Period, tree: Tree) -> Iterator[Finding]:
    measure = tree.measures.get(row.text("measure"))
    if measure is None:
        yield at(row, "S36-judged", f"规则版本 {tree.version} 里没有指标 {row['measure']}，这一分不计入。", "measure")
    elif not measure.judged and row["mark"]:
        yield at(row, "S36-judged", f"“{measure.title}”由事件实测，手工打的分不计入；只能写不适用。", "measure")
    elif period.reviewers and row.text("reviewer") not in period.reviewers:
        yield at(row, "S36-judged", f"{row['reviewer']} 不是周期 {period.key} 的评议人，这一分不计入。", "reviewer")
    if row["mark"] is not None and not row["evidence"]:
        what = f"打了 {row['mark']} 分" if row["mark"] else "写了不适用"
        yield at(row, "S36-judged", f"{row['measure']} {what}而没有写依据。请补写依据。", "evidence")


def _too_few(situation: Situation, periods: Mapping[str, Period]) -> Iterator[Finding]:
    """A judged measure that somebody marked, and too few of them."""
    ledger = situation.ledger
    try:
        least = fewest_reviewers(ledger)
    except PartnerBookError as error:
        row = next(row for row in situation.of(Settings) if row.key == SettingRow.JUDGED_REVIEWERS)
        yield at(row, "S36-judged", str(error), "value")
        return
    who: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    first: dict[tuple[str, str, str], Record] = {}
    for row in ledger.of(Judgements):
        period = periods.get(row.text("period"))
        tree = ledger.trees.get(period.rule_version) if period else None
        measure = tree.measures.get(row.text("measure")) if tree else None
        if period is None or measure is None or not measure.judged or not row["mark"]:
            continue
        if not period.reviewers or row.text("reviewer") in period.reviewers:
            place = (period.key, row.text("partner"), measure.key)
            who[place][row.text("reviewer")] += 1
            first.setdefault(place, row)
    for place, times in who.items():
        count = sum(1 for number in times.values() if number == 1)
        if count < least:
            yield at(
                first[place], "S36-judged",
                f"周期 {place[0]} 里 {place[1]} 的 {place[2]} 只有 {count} 位评议人打分，至少要 {least} 位：无数据。请补评。", "measure",
            )  # fmt: skip


def periods(situation: Situation) -> Iterator[Finding]:
    """S37: a period that cannot be measured, or that overlaps another of its kind: trends would compare a time with itself."""
    ledger = situation.ledger
    known = list(_periods(ledger))
    for record in ledger.of(Periods):
        try:
            period = period_of(record)
        except PeriodRefused as error:
            yield at(record, "S37-period", str(error), "period")
            continue
        if period.rule_version not in ledger.trees:
            there = "、".join(ledger.trees) or "无"
            yield at(
                record, "S37-period",
                f"“绩效指标”里没有规则版本 {period.rule_version}（现有：{there}），这一期不能计算。请改正。", "rule_version",
            )  # fmt: skip
        for other in known:
            if other.kind == period.kind and other.key < period.key and period.touches(other.first, other.last):
                word = PERIOD_KINDS[period.kind].zh
                yield at(
                    record,
                    "S37-period",
                    f"与同为{word}的 {other.key} 重叠（{other.first} 至 {other.last}）。请改正起止日期。",
                    "starts_on",
                )


def rules(situation: Situation) -> Iterator[Finding]:
    """S35: a rule version of performance that cannot be used, once a period names it: until then it is a draft."""
    rows, named = situation.of(Measures), {period.rule_version for period in _periods(situation.ledger)}
    for tree in situation.ledger.trees.values():
        if tree.version not in named:
            continue
        row = next(row for row in rows if row.text("rule_version") == tree.version)
        for error in faults(tree):
            yield at(row, "S35-rules", f"规则版本 {tree.version}：{error}", "weight")


def results(situation: Situation) -> Iterator[Finding]:
    """S35: a result that is not what the records of the book give, or whose own formula disagrees."""
    from workbook.measuring import result_cells
    from workbook.rules.rating import rate_period

    there = {row.key: row for row in situation.of(Performance)}
    for period in _begun(situation):
        try:
            found = rate_period(situation.ledger, period, _as_of(situation, period))
        except PartnerBookError as error:
            if period.rule_version in situation.ledger.trees:
                yield at(period.record, "S35-refused", f"这一期没有计算：{error}", "period")
            continue
        for one in found.rated:
            key = f"{period.key}/{one.partner.key}"
            record = there.get(key)
            if record is None:
                yield Finding(
                    "S35-result", Performance.label.zh, None, key, "", "还没有结果。请运行 partnerbook evaluate。"
                )
            elif wrong := [(n, v) for n, v in result_cells(found, one).items() if record[n] != v]:
                words = "；".join(
                    f"{Performance.columns[n].zh}写着 {_said(n, record[n])}，按现在的记录应为 {_said(n, v)}"
                    for n, v in wrong
                )
                yield at(record, "S35-result", f"{words}。请运行 partnerbook evaluate。", wrong[0][0])
    for record in there.values():
        saved = record["check"]
        if record["score"] is not None and isinstance(saved, int | float) and Decimal(repr(saved)) != record["score"]:
            yield at(
                record, "S35-formula",
                f"官方得分 {record['score']} 与复算 {saved} 不一致。请运行 partnerbook evaluate 并查看规则版本。", "score",
            )  # fmt: skip


def _as_of(situation: Situation, period: Period) -> datetime:
    """The moment for which the results stand: of the last evaluation, or the beginning of today if that is later."""
    rows = (row for row in situation.of(Performance) if row["period"] == period.key)
    moments = [row["evaluated_at"] for row in rows if row["evaluated_at"] is not None]
    latest: datetime = max([*moments, datetime.combine(situation.today, time())])
    return latest


def _said(name: str, value: Any) -> str:
    if isinstance(value, Decimal):
        return number_said(value, 2 if name == "score" else 0)
    return "无" if value is None else PERFORMANCE_STATES[str(value)].zh if name == "state" else str(value)


CHECKS: tuple[Check, ...] = (
    tests, issues, service_levels, hours, provisional, resources, savings, judged, periods, rules, results,
)  # fmt: skip
