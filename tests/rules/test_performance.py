"""Performance: every metric by hand, every edge of a band, the states of a mark, peers and trend; each finding as a minimal pair."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.performance_rows import NOW, Q3, TODAY, P, Rows, fresh, ledger, mark_of, one, partner, rate, records
from workbook.errors import MissingColumn
from workbook.evaluation.model import PartState, State
from workbook.measuring import Past, frozen_scores, history, rate_book, result_cells
from workbook.rules.budgets import budget_bands, line_of
from workbook.rules.checks import performance as checks
from workbook.rules.finding import Finding, Situation
from workbook.rules.performance import MeasuresRefused, period_of, read_ledger
from workbook.tables import SettingRow

Break = Callable[[Rows], object]
TWO = Decimal("0.01")


def change(table: str, number: int = 0, **values: Any) -> Break:
    return lambda rows: rows[table][number].update(values)


def add(table: str, **values: Any) -> Break:
    return lambda rows: rows.setdefault(table, []).append(values)


def setting(name: str, value: str) -> Break:
    return lambda rows: next(r for r in rows["settings"] if r["setting"] == name).update(value=value)


def with_results(rows: Rows) -> Rows:
    """With the results that an evaluation writes."""
    rows["performance"] = [
        {"result": f"{Q3}/{r.partner.key}", "period": Q3, "partner": r.partner.key, "evaluated_at": NOW,
         "check": float(r.outcome.score or 0), **result_cells(found, r)}
        for found in [rate(rows)] for r in found.rated
    ]  # fmt: skip
    return rows


def found(rows: Rows) -> list[Finding]:
    situation = Situation(None, TODAY)  # type: ignore[arg-type]  # these checks read rows only
    situation.__dict__["records"] = records(rows)
    return [finding for check in checks.CHECKS for finding in check(situation)]


def other_period(**more: Any) -> Break:
    return add(
        "periods", **{"period": "2026Q9", "kind": "quarter", "starts_on": date(2026, 12, 1), "ends_on": date(2026, 12, 31), "rule_version": "p1"} | more
    )  # fmt: skip


def event(**more: Any) -> Break:
    return add("issue_events", event="IE-0099", issue="I-0001", at=datetime(2026, 8, 3, 10, 30), **more)


BROKEN: list[tuple[str, Break, str, str]] = [
    ("S30-test", change("tests", total=Decimal(0)), "TE-0001", "检测数是 0"),
    ("S30-test", change("tests", passed=None), "TE-0001", "没有写合格数"),
    ("S30-test", change("tests", passed=Decimal(101)), "TE-0001", "合格数 101 大于检测数 100"),
    ("S30-test", change("tests", delivery="DL-0099"), "TE-0001", "没有可用的 DL-0099"),
    ("S30-test", change("tests", delivery=None), "TE-0001", "没有写交付编号"),
    ("S30-test", change("deliveries", partner=None), "TE-0001", "DL-0001 没有写伙伴编号"),
    ("S30-test", change("tests", tested_on=None), "TE-0001", "没有写检测日期"),
    ("S30-test", change("tests", kind=None), "TE-0001", "没有写检测类型"),
    ("S31-issue", event(kind="resume"), "I-0001", "恢复，而之前没有暂停"),
    ("S31-issue", change("issue_events", at=None), "I-0001", "没有写时间"),
    ("S31-issue", change("issues", reported_at=None), "I-0001", "没有报告时间"),
    ("S31-issue", change("issues", priority="P9"), "I-0001", "“P9”"),
    ("S31-issue", change("issues", partner=None), "I-0001", "没有写伙伴编号"),
    ("S31-issue", lambda rows: rows["issue_events"].extend({"event": f"IE-009{n}", "issue": "I-0001", "at": datetime(2026, 8, 3, 10, 30), "kind": "pause"} for n in (1, 2)), "I-0001", "几次暂停重叠"),
    ("S31-level", change("service_levels", response=None), "p1-P1", "响应时限没有写或是 0"),
    ("S31-level", change("service_levels", 1, priority="P1"), "p1-P1", "有几行时限"),
    ("S31-level", change("service_levels", 1, severity="urgent"), "p1-P2", "对应“紧急”"),
    ("S31-provisional", other_period(starts_on=date(2029, 1, 1), ends_on=date(2029, 3, 31)), "2026Q9", "2029 年的放假和调休"),
    ("S31-provisional", change("issues", resolve_by=datetime(2029, 1, 5, 9)), "I-0001", "“工作日历”"),
    ("S31-hours", setting("工作时间", "九点到六点"), "工作时间", "不能计算"),
    ("S31-hours", lambda rows: rows.update(working_days=[{"working_day": f"O-000{n}", "day": date(2026, 8, 8), "kind": kind} for n, kind in ((1, "open"), (2, "closed"))]), "O-0001", "既写了放假又写了上班"),
    ("S31-hours", add("working_days", working_day="O-0001", day=date(2026, 8, 8)), "O-0001", "没有写安排"),
    ("S33-use", change("resources", used=Decimal("100.01")), "RU-0001", "超过可用量 100"),
    ("S33-use", change("resources", available=Decimal(0)), "RU-0001", "利用率无法计算"),
    ("S33-use", change("resources", used=None), "RU-0001", "没有写实际利用量"),
    ("S33-use", change("resources", duplicated=Decimal(50), wasted=Decimal(41)), "RU-0001", "重复和浪费"),
    ("S33-use", change("resources", partner=None), "RU-0001", "没有写伙伴编号"),
    ("S33-use", change("resources", starts_on=None, ends_on=None), "RU-0001", "起止日期"),
    ("S34-saving", change("proposals", saving_verified_by=None), "IP-0001", "没有节约核实人"),
    ("S34-saving", change("proposals", saving_verified_on=None, saving_evidence=None), "IP-0001", "没有节约核实日期、节约依据"),
    ("S36-judged", change("judgements", mark=None), "PJ-0001", "没有写分数"),
    ("S36-judged", change("judgements", evidence=None), "PJ-0001", "没有写依据"),
    ("S36-judged", change("judgements", measure="p1-Q.1"), "PJ-0001", "由事件实测"),
    ("S36-judged", change("judgements", measure="p1-Q.9"), "PJ-0001", "没有指标 p1-Q.9"),
    ("S36-judged", change("periods", reviewers="R-0001、R-0003"), "PJ-0002", "R-0002 不是周期"),
    ("S36-judged", change("judgements", 1, reviewer="R-0001"), "PJ-0002", "打了几次分（PJ-0001、PJ-0002）"),
    ("S36-judged", lambda rows: rows["judgements"].pop(), "PJ-0001", "只有 1 位评议人打分，至少要 2 位"),
    ("S36-judged", setting(SettingRow.JUDGED_REVIEWERS, "两位"), SettingRow.JUDGED_REVIEWERS, "现在是“两位”"),
    ("S37-period", other_period(starts_on=date(2026, 9, 30)), "2026Q9", "与同为季度的 2026Q3 重叠"),
    ("S37-period", other_period(ends_on=None), "2026Q9", "没有写结束日期"),
    ("S37-period", other_period(rule_version="p7"), "2026Q9", "没有规则版本 p7（现有：p1）"),
    ("S35-rules", change("measures", 1, weight=Decimal(15)), "p1-Q", "指标合计 41"),
    ("S35-rules", lambda rows: rows["bands"].pop(1), "p1-Q", "空档"),
    ("S35-refused", setting("引导期计入绩效", "也许"), Q3, "没有计算"),
    ("S35-result", change("performance", score=Decimal("99.50")), f"{Q3}/{P}", "官方得分写着 99.50，"),
    ("S35-result", change("performance", quality=Decimal(5)), f"{Q3}/{P}", "交付质量写着 5"),
    ("S35-result", change("performance", grade="D"), f"{Q3}/{P}", "等级写着 D"),
    ("S35-result", lambda rows: rows.update(performance=[]), f"{Q3}/{P}", "还没有结果"),
    ("S35-formula", change("performance", check=12.34), f"{Q3}/{P}", "与复算 12.34 不一致"),
]  # fmt: skip


def test_a_quarter_in_order_has_no_finding() -> None:
    assert found(with_results(fresh())) == []


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_says_where(rule: str, breaks: Break, where: str, words: str) -> None:
    rows = with_results(fresh())
    breaks(rows)
    hits = [hit for hit in found(rows) if hit.rule == rule]
    assert any(where in hit.key and words in hit.message for hit in hits), found(rows)
    assert all(hit.sheet and hit.message.endswith(("。", "！")) for hit in hits)


# --- the score by hand -----------------------------------------------------------------------------------------------


def test_a_whole_quarter_by_hand() -> None:
    """Q: 96 % is 4, 99 % is 5, spread of 2 % and 4 % is 1 point = 3, judged (4 + 3) ÷ 2 = 3.5: (14·4 + 10·5 + 8·3 + 8·3.5) ÷ 40 = 3.95.

    R: all in time, 5. K: 101 % is 4, 90 % is 5: (12·4 + 8·5) ÷ 20 = 4.4. N: 4 points are 3, 2 % saved is 3.
    Points of the whole: 40·3.95 + 25·5 + 20·4.4 + 15·3 = 158 + 125 + 88 + 45 = 416, ÷ 100 · 20 = 83.20; judged 8·3.5·0.2 = 5.60.
    """
    rated = one(fresh())
    assert rated.outcome.state is State.RANKED
    assert (rated.outcome.score, rated.outcome.grade) == (Decimal("83.20"), "B")
    assert list(rated.outcome.dimensions.values()) == [Fraction("3.95"), 5, Fraction("4.4"), 3]
    assert (rated.judged_points, rated.measured_points) == (Decimal("5.60"), Decimal("77.60"))
    assert rated.outcome.coverage == 100


def test_every_number_names_its_rows() -> None:
    metrics = one(fresh()).metrics
    assert metrics["p1-Q.1"].rows == ("TE-0001",) and metrics["p1-K.1"].rows == ("BU-0001",)
    assert metrics["p1-R.1"].rows == ("I-0001", "IE-00000", "IE-00001")
    assert metrics["p1-N.2"].rows == ("IP-0001", "BU-0001")
    assert all(metric.rows for metric in metrics.values())


@pytest.mark.parametrize(
    ("actual", "mark"),
    [("1.00", 5), ("1000000.00", 5), ("1000000.01", 4), ("1020000.00", 4), ("1020000.01", 3), ("1050000.00", 3),
     ("1050000.01", 2), ("1100000.00", 2), ("1100000.01", 1)],
)  # fmt: skip
def test_the_edges_of_budget_execution_in_the_rows_of_bands(actual: str, mark: int) -> None:
    rows = fresh()
    change("budgets", budget=Decimal("1000000.00"), actual=Decimal(actual))(rows)
    assert mark_of(rows, "p1-K.1") == mark
    change("budgets", actual=Decimal(actual) / 2, progress=Decimal(50), verified=None)(rows)  # half of it, half spent
    assert mark_of(rows, "p1-K.1") == mark
    assert one(rows).metrics["p1-K.1"].shown != "100%" or mark == 5  # a cent above is seen


@pytest.mark.parametrize(
    ("used", "mark"),
    [("0", 1), ("49.99", 1), ("50", 2), ("59.99", 2), ("60", 3), ("69.99", 3), ("70", 4), ("79.99", 4), ("80", 5), ("95", 5),
     ("95.01", 4), ("100", 4), ("100.01", None)],
)  # fmt: skip
def test_the_edges_of_utilisation(used: str, mark: int | None) -> None:
    rows = fresh()
    change("resources", used=Decimal(used))(rows)
    assert mark_of(rows, "p1-K.2") == mark


@pytest.mark.parametrize(
    ("passed", "mark"), [(7999, 1), (8000, 2), (8999, 2), (9000, 3), (9499, 3), (9500, 4), (9799, 4), (9800, 5)]
)
def test_the_edges_of_a_pass_rate(passed: int, mark: int) -> None:
    rows = fresh()
    change("tests", total=Decimal(10000), passed=Decimal(passed))(rows)
    assert mark_of(rows, "p1-Q.1") == mark


@pytest.mark.parametrize(
    ("defects", "mark"), [(0, 5), (99, 5), (100, 4), (199, 4), (200, 3), (399, 3), (400, 2), (799, 2), (800, 1)]
)
def test_the_edges_of_consistency(defects: int, mark: int) -> None:
    # Two batches, one without a defect: the population deviation of 0 and x is x ÷ 2.
    rows = fresh()
    change("tests", 2, total=Decimal(10000), passed=Decimal(10000))(rows)
    change("tests", 3, total=Decimal(10000), passed=Decimal(10000 - defects))(rows)
    assert mark_of(rows, "p1-Q.3") == mark


@pytest.mark.parametrize(
    ("saved", "mark"), [("0", 1), ("0.01", 2), ("9.99", 2), ("10", 3), ("29.99", 3), ("30", 4), ("49.99", 4), ("50", 5)]
)
def test_the_edges_of_verified_saving(saved: str, mark: int) -> None:
    rows = fresh()
    change("proposals", verified_saving=Decimal(saved))(rows)
    assert mark_of(rows, "p1-N.2") == mark


@pytest.mark.parametrize("gone", ["saving_verified_by", "saving_verified_on", "saving_evidence"])
def test_an_unverified_saving_and_one_of_a_declined_proposal_count_nothing(gone: str) -> None:
    for more in ({gone: None}, {"status": "declined"}, {"verification": "rejected"}):
        rows = fresh()
        change("proposals", **more)(rows)
        assert one(rows).metrics["p1-N.2"].value == 0


def test_behind_the_plan_there_are_two_at_most() -> None:
    rows = fresh()
    for planned, mark in (("55", 5), ("55.01", 2)):
        change("budgets", actual=Decimal("500.00"), progress=Decimal(50), planned_progress=Decimal(planned))(rows)
        assert mark_of(rows, "p1-K.1") == mark


def test_lines_are_added_up_and_those_that_wait_stay_out() -> None:
    # 1,010 + 400 of 1,000 + 500·80 % = 1,410 ÷ 1,400 = 100.714…: 4; the third line is complete and unverified at 50 %.
    rows = fresh()
    line = rows["budgets"][0]
    rows["budgets"] += [
        {**line, "budget_line": "BU-0002", "budget": Decimal(500), "actual": Decimal(400), "progress": Decimal(80), "verified": None},
        {**line, "budget_line": "BU-0003", "actual": Decimal(500), "verified": "no"},
    ]  # fmt: skip
    metric = one(rows).metrics["p1-K.1"]
    assert metric.value == Fraction(141000, 1400) and "BU-0003 待核实" in metric.why and mark_of(rows, "p1-K.1") == 4


def test_a_line_is_marked_by_the_bands_of_its_rule_version() -> None:
    rows = fresh()
    for row in rows["bands"]:
        if row["used_for"] == "p1-K.1":
            row.update({k: Decimal(101) for k in ("low", "high") if row[k] == 100})
    read = ledger(rows)
    assert line_of(read.records["budgets"][0], budget_bands(read, "p1")).mark == 5
    assert mark_of(rows, "p1-K.1") == 5 and line_of(read.records["budgets"][0], budget_bands(read, "p9")).mark == 4


# --- four states -----------------------------------------------------------------------------------------------------


def state_of(rows: Rows, measure: str) -> PartState:
    return next(part.state for part in one(rows).outcome.parts if part.indicator == measure)


def test_no_data_is_no_zero_and_the_rest_of_the_dimension_counts_in_its_place() -> None:
    rows = fresh()
    rows["resources"] = []
    rated = one(rows)
    assert state_of(rows, "p1-K.2") is PartState.MISSING
    assert rated.outcome.dimensions["p1-K"] == 4 and rated.outcome.coverage == 92  # 8 of 100 points have no data
    # 158 + 125 + 20·4 + 45 = 408
    assert (rated.outcome.state, rated.outcome.score) == (State.RANKED, Decimal("81.60"))


def test_what_does_not_apply_leaves_the_coverage_whole() -> None:
    rows = fresh()
    rows["resources"] = []
    add(
        "judgements",
        judgement="PJ-0009",
        period=Q3,
        partner=P,
        measure="p1-K.2",
        reviewer="R-0001",
        mark=0,
        evidence="不用我方资源",
    )(rows)
    assert state_of(rows, "p1-K.2") is PartState.NA and one(rows).outcome.coverage == 100


def test_below_80_percent_there_is_no_grade() -> None:
    rows = fresh()
    rows["budgets"] = rows["resources"] = []
    rated = one(rows)
    assert rated.outcome.state is State.BLOCKED and rated.outcome.grade == "" and rated.rank is None
    assert "维度“成本控制”没有任何评分" in rated.outcome.reasons


def test_a_partner_of_which_nothing_is_known_has_no_zero() -> None:
    rows = fresh()
    rows["partners"].append(partner(2))
    rated = one(rows, "P-0002")
    assert rated.outcome.score is None and all(metric.value is None for metric in rated.metrics.values())


def test_too_few_reviewers_are_no_data_and_two_marks_of_one_are_none() -> None:
    rows = fresh()
    rows["judgements"].append({**rows["judgements"][1], "judgement": "PJ-0003"})  # R-0002 twice: only R-0001 is left
    assert state_of(rows, "p1-Q.4") is PartState.MISSING
    rows = fresh()
    change("judgements", mark=0)(rows)  # one says that it does not apply, one gives a 3: one mark is too few
    assert state_of(rows, "p1-Q.4") is PartState.MISSING
    change("judgements", 1, mark=0)(rows)
    assert state_of(rows, "p1-Q.4") is PartState.NA


def test_a_copied_event_leaves_its_issue_out_instead_of_making_it_late() -> None:
    rows = fresh()
    rows["issue_events"].append(dict(rows["issue_events"][0]))
    metric = one(rows).metrics["p1-R.1"]
    assert metric.value is None and metric.why.startswith("本期没有")


def test_an_issue_with_a_broken_log_counts_on_neither_side_and_is_named() -> None:
    rows = fresh()
    change("issue_events", at=None)(rows)
    metric = one(rows).metrics["p1-R.1"]
    assert metric.value is None and "1 项记录有误不计" in metric.why


def test_an_open_issue_past_its_limit_is_a_miss_and_one_within_it_does_not_count() -> None:
    rows = fresh()
    rows["issue_events"] = [row for row in rows["issue_events"] if row["issue"] != "I-0001"]
    assert one(rows).metrics["p1-R.1"].value == 0
    start = datetime(2026, 8, 3, 10, 15)
    assert rate(rows, now=start).rated[0].metrics["p1-R.1"].value is None


def test_the_time_of_onboarding_stays_out_unless_the_setting_says_otherwise() -> None:
    rows = fresh()
    change("contracts", status="signed", guided_from=date(2026, 8, 1), guided_until=date(2026, 8, 31))(rows)
    assert one(rows).metrics["p1-Q.1"].value is None and one(rows).metrics["p1-R.1"].value is None
    setting("引导期计入绩效", "是")(rows)
    assert one(rows).metrics["p1-Q.1"].value == 96


# --- peers and history -----------------------------------------------------------------------------------------------


def category(*passed: int) -> Rows:
    """As many partners as numbers, alike but for the functional tests."""
    rows = fresh()
    for number in range(2, len(passed) + 1):
        key = f"P-{number:04d}"
        rows["partners"].append(partner(number))
        for table in (
            "deliveries",
            "tests",
            "issues",
            "issue_events",
            "budgets",
            "resources",
            "proposals",
            "judgements",
        ):
            name = {"deliveries": "delivery", "tests": "test", "issues": "issue", "issue_events": "event", "budgets": "budget_line",
                    "resources": "resource", "proposals": "proposal", "judgements": "judgement"}[table]  # fmt: skip
            for row in [row for row in rows[table] if not row[name].endswith("x")]:
                more = {"partner": key} if "partner" in row else {}
                more |= {ref: f"{row[ref]}-{number}x" for ref in ("delivery", "issue") if ref in row and ref != name}
                rows[table].append({**row, **more, name: f"{row[name]}-{number}x"})
    tests = [row for row in rows["tests"] if row["kind"] == "functional"]
    for row, value in zip(tests, passed, strict=True):
        row["passed"] = Decimal(value)
    return rows


def test_among_peers_rank_and_percentile_and_none_of_fewer_than_three() -> None:
    # Marks 5, 3, 3, 1 of 14 points: best, a tie, last. Below it and half of the equal ones: 3.5, 1 + 1, 1 + 1, 0.5 of 4.
    placed = [(r.rank, r.percentile) for r in rate(category(100, 90, 90, 50)).rated]
    assert placed == [(1, Decimal("87.5")), (2, Decimal("50.0")), (2, Decimal("50.0")), (4, Decimal("12.5"))]
    assert [(r.rank, r.percentile) for r in rate(category(100, 90)).rated] == [(1, None), (2, None)]


def test_peers_are_of_the_same_category_and_of_one_that_is_named() -> None:
    rows = category(100, 90, 90, 50)
    rows["partners"][3]["category"] = "supply"
    rows["partners"][2]["category"] = None
    assert [(r.rank, r.percentile) for r in rate(rows).rated] == [(1, None), (2, None), (None, None), (1, None)]


def period(key: str, month: int, version: str = "p1", kind: str = "quarter") -> Any:
    rows = {
        "periods": [
            {
                "period": key,
                "kind": kind,
                "starts_on": date(2025, month, 1),
                "ends_on": date(2025, month, 28),
                "rule_version": version,
            }
        ]
    }
    return period_of(records(rows)["periods"][0])


def test_history_is_of_one_kind_and_ends_at_a_break_of_the_rules() -> None:
    past = [
        Past(period("a", 1), Decimal(60)), Past(period("b", 2, "p0"), Decimal(61)), Past(period("c", 3), Decimal(70)),
        Past(period("y", 4, kind="year"), Decimal(1)), Past(period("d", 4), Decimal(80)),
    ]  # fmt: skip
    assert [one.score for one in history(past, period("e", 5))] == [70, 80]
    assert history(past, period("a", 1)) == []


def test_a_correction_stands_for_the_frozen_row_that_it_corrects() -> None:
    rows = fresh()
    line = {"period": Q3, "partner": P, "score": Decimal("83.20"), "grade": "B"}
    rows["frozen"] = [
        {"frozen": "FZ-0001", **line},
        {"frozen": "FZ-0002", **line, "score": Decimal(70), "corrects": "FZ-0001"},
    ]
    assert [past.score for past in frozen_scores(ledger(rows))[P]] == [70]


# --- what cannot be measured -----------------------------------------------------------------------------------------


def test_a_frozen_period_and_one_that_has_not_begun_are_left_alone_and_a_bad_one_harms_no_other() -> None:
    rows = fresh()
    for key, more in (
        ("2026Q2", {"status": "frozen"}),
        ("2027Q1", {"starts_on": date(2027, 1, 1), "ends_on": date(2027, 3, 31)}),
        ("2025Q1", {"ends_on": None}),
    ):
        rows["periods"].append({**rows["periods"][0], "period": key, **more})
    found = rate_book(ledger(rows), NOW)
    assert [one.period.key for one in found.rated] == [Q3] and list(found.refused) == ["2025Q1"]


def test_a_state_that_cannot_be_read_may_be_a_frozen_one() -> None:
    read = ledger(fresh())
    read.records["periods"][0].problems["status"] = "状态里没有“冻”这个选项"  # type: ignore[index]
    assert "状态看不懂" in rate_book(read, NOW).refused[Q3]


def test_rules_that_cannot_be_used_refuse_the_period() -> None:
    rows = fresh()
    change("measures", 1, metric=None)(rows)
    with pytest.raises(MeasuresRefused, match="没有写数据"):
        rate(rows)


def test_a_table_that_lost_a_column_is_refused_and_one_that_is_gone_is_not() -> None:
    class View:
        def __init__(self, name: str, columns: tuple[str, ...]) -> None:
            self.name, self.columns, self.sheet = name, columns, name

    class Lost:
        tables = (View("tests", ("检测编号", "交付编号", "检测类型", "检测日期", "检测数")),)

        def table(self, name: str) -> View:
            return self.tables[0]

    with pytest.raises(MissingColumn, match="合格数"):
        read_ledger(Lost())  # type: ignore[arg-type]
