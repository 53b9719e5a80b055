"""The sample's year over all chapters as one script: what the year left undone is found, the numbers are those of a hand
calculation, and what staff then set right is found no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from workbook.build import new_workbook
from workbook.evaluating import evaluate_file
from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rules.finding import Finding, run_checks
from workbook.sample import sample_rows
from workbook.tables import BY_NAME

TODAY = date(2026, 11, 24)
# What the year left undone, chapter by chapter: rule and row. Nothing else may be found.
LEFT_UNDONE = Counter({
    # choosing
    ("S1-copied-row", "M-0128"): 1, ("S6-evidence", "M-0408"): 1, ("S6-certificate", "H-0008"): 1, ("S7-failed", "C-0005"): 1,
    ("S7-unchecked", "C-0007"): 2, ("S7-unchecked", "C-0008"): 2, ("S8-query", "C-0007"): 1, ("S8-query", "C-0008"): 1,
    ("S11-void", "A-0007"): 1, ("S13-files", "C-0004"): 1, ("S13-files", "C-0006"): 1, ("S14-missing", "V-0001"): 1,
    # onboarding and the relation
    ("S19-late", "W-0004"): 1, ("S20-minutes", "ME-0028"): 1,
    # performance and money
    ("S32-budget", "BU-0031"): 1, ("S34-waiting", "IP-0006"): 1, ("S39-plan", "2026Q3/P-0003"): 1, ("S39-plan", "2026年度/P-0003"): 1,
    # risk
    ("S41-plan", "P-0004"): 1, ("S42-basis", "DG-0003"): 1, ("S42-until", "DG-0003"): 1, ("S43-rejected", "SP-0001"): 1,
    ("S47-overdue", "TC-0012"): 1, ("S48-none", "P-0004"): 1, ("S48-accepted", "BK-0002"): 1, ("S49-none", "P-0004"): 1,
    ("S49-none", "P-0013"): 1,
})  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's book on the last day of its year, evaluated once."""
    made = tmp_path_factory.mktemp("year") / "伙伴簿.xlsx"
    made.write_bytes(new_workbook(rows=sample_rows(1, TODAY), today=TODAY))
    assert evaluate_file(made, today=TODAY).changed
    return made


def rows(path: Path, table: str) -> dict[str, Record]:
    return {row.key: row for row in read_records(Book.read(path.read_bytes()), BY_NAME[table])}


def findings(path: Path) -> list[Finding]:
    return run_checks(Book.read(path.read_bytes()), TODAY)


def test_the_year_from_choosing_to_risk(path: Path) -> None:
    assert Counter((one.rule, one.key) for one in findings(path)) == LEFT_UNDONE

    choosing(rows(path, "results"))
    relation(path)
    performance(rows(path, "performance"))
    money(path)
    risk(path)

    before = path.read_bytes()
    assert not evaluate_file(path, today=TODAY).changed and path.read_bytes() == before
    setting_right(path)


def choosing(results: Mapping[str, Record]) -> None:
    """The panel's order; the worked sheet behind these scores is in tests/workbook/test_sample.py."""
    ranks = {row["candidate"]: (row["rank"], row["state"]) for row in results.values() if row["panel"] == "V-0001"}
    assert ranks["C-0001"] == (1, "ranked") and ranks["C-0003"][0] == ranks["C-0006"][0] == 3
    assert ranks["C-0005"] == (None, "out") or ranks["C-0005"][0] is None  # full marks do not buy the gate
    assert results["V-0001/C-0005"]["score"] > results["V-0001/C-0001"]["score"]


def relation(path: Path) -> None:
    """The next meeting's agenda is the list of unclosed issues; the survey's means are those of its answers."""
    issues, meetings = rows(path, "issues"), rows(path, "meetings")
    for meeting in meetings.values():
        if meeting["status"] == "planned":
            unclosed = {
                key for key, one in issues.items()
                if one["partner"] == meeting["partner"] and one["status"] != "closed" and not one["drill"]
            }  # fmt: skip
            agenda = meeting["agenda"] or ""
            assert {key for key in issues if key in agenda} == unclosed, meeting["meeting"]
    answers = [one for one in rows(path, "anonymous_answers").values() if one["campaign"] == "SV-0002"]
    results = rows(path, "survey_results")
    theirs = [one["problem_solving"] for one in answers if (one["partner"], one["side"]) == ("P-0002", "them")]
    result = results["SV-0002/P-0002/them/problem_solving"]
    assert sorted(theirs) == [2, 2, 2, 3, 3]  # (2 + 2 + 2 + 3 + 3) ÷ 5 = 12 ÷ 5
    assert (result["mean"], result["answers"], result["reading"]) == (Decimal("2.4"), 5, "weak")
    three = [one for one in answers if (one["partner"], one["side"]) == ("P-0004", "them")]
    hidden = results["SV-0002/P-0004/them/goals"]
    assert len(three) == 3 and hidden["reading"] == "hidden"
    assert hidden["mean"] is hidden["answers"] is hidden["gap"] is hidden["change"] is None


def performance(results: Mapping[str, Record]) -> None:
    """One partner stays at A all year, one falls to D; the worked numbers are in tests/workbook/test_sample_year.py."""
    quarters = ("2025Q4", "2026Q1", "2026Q2", "2026Q3")
    assert [results[f"{name}/P-0001"]["grade"] for name in quarters] == ["A"] * 4
    scores = [results[f"{name}/P-0003"]["score"] for name in quarters]
    assert scores == sorted(scores, reverse=True) and results["2026Q3/P-0003"]["grade"] == "D"


def money(path: Path) -> None:
    """A line that is done and verified under its budget is a saving; one that is not done is none."""
    for line in rows(path, "budgets").values():
        if line["saved"]:
            assert line["saved"] == line["budget"] - line["actual"] and line["verified"] == "yes"
    # 数据平台一期 began on 4 November: 21 of the 60 days of a first phase of 400,000 are over; 15 % of 1,600,000 is done.
    own = rows(path, "budgets")["BU-0028"]
    assert (own["planned_value"], own["earned_value"], own["cpi"], own["spi"]) == (
        140_000,
        240_000,
        1,
        Decimal("1.7143"),
    )
    whole = rows(path, "budget_totals")["合计"]
    assert (whole["lines"], whole["budget"]) == (31, 27 * 300_000 + 1_600_000 + 355_000 + 120_000 + 68_000)


def risk(path: Path) -> None:
    """Penalty, ladder, sample, backup and stoppage, each by hand."""
    (penalty,) = rows(path, "penalties").values()
    # P1 is to be solved in 240 minutes; it took 180 more: three hours begun × 2,000 yuan.
    assert (penalty["units"], penalty["rate"], penalty["amount"]) == (3, 2000, Decimal("6000.00"))
    dispute = rows(path, "disputes")["DI-0001"]  # weeks with the counterparts, yet one step up, not two
    assert (dispute["status"], dispute["since"], dispute["due"]) == ("supervisor", TODAY, TODAY + timedelta(days=14))
    sampling, defects = rows(path, "samplings")["SP-0001"], rows(path, "defects").values()
    units = {int(one["unit"]) for one in defects if one["sampling"] == "SP-0001"}
    assert len(units) == sampling["defects"] == 3 and units <= {int(u) for u in sampling["drawn"].split("、")}
    assert rows(path, "backups")["BK-0002"]["qualified"] == "no"
    assert "没有批准" in rows(path, "stoppages")["P-0004"]["gaps"]
    assert "P-0007" in rows(path, "stoppages")["P-0001"]["candidates"] and not rows(path, "stoppages")["P-0001"]["gaps"]


def setting_right(path: Path) -> None:
    """Staff do what the to-dos ask for; what is done is found no more and its to-do closes."""
    book = Book.read(path.read_bytes())
    done = {
        ("meetings", "会议编号", "ME-0028"): {"进展": "按月交付", "问题": "无", "下一步": "下月复核线路"},
        ("contingency", "预案编号", "CP-0003"): {"状态": "已批准", "步骤": "启用库存，三日内转单", "负责人": "孙岚"},
        ("data_grants", "授权编号", "DG-0003"): {"状态": "已返还", "返还或销毁日期": TODAY},
        ("deliveries", "交付编号", rows(path, "samplings")["SP-0001"]["delivery"]): {"验收": "拒收"},
        ("technical_controls", "检查编号", "TC-0012"): {"检查日期": TODAY, "下次检查": TODAY + timedelta(days=180)},
        ("backups", "备选编号", "BK-0002"): {"状态": "已停用"},
        ("budgets", "预算编号", "BU-0031"): {"合同编号": "K-0002"},
    }  # fmt: skip
    for (table, header, key), cells in done.items():
        assert book.update(table, header, {key: cells}) == ()
    attended = rows(path, "meetings")["ME-0028"].text("attendees").split("、")
    agreed = [{"会议编号": "ME-0028", "参与人编号": person, "意见": "确认"} for person in attended]
    book.append("minute_confirmations", agreed)
    path.write_bytes(book.to_bytes())
    settled = {
        "S20-minutes",
        "S41-plan",
        "S42-basis",
        "S42-until",
        "S43-rejected",
        "S47-overdue",
        "S48-accepted",
        "S32-budget",
    }
    assert evaluate_file(path, today=TODAY).changed
    left = Counter((one.rule, one.key) for one in findings(path))
    assert left == Counter({one: times for one, times in LEFT_UNDONE.items() if one[0] not in settled})
    open_causes = {one["cause"] for one in rows(path, "todo").values() if one["status"] == "open"}
    assert not {cause for cause in open_causes if cause and cause.split()[0] in settled}
