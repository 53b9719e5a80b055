"""Each finding of `check` as a minimal pair: one thing is broken and found; mended, nothing is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.selection_books import TODAY, Rows, evaluated, selection_rows
from workbook.build import default_rows
from workbook.defaults import indicator_rows
from workbook.rules.checks import CHECKS
from workbook.rules.finding import Finding, run_checks

CODE = "91110000600037341L"
Break = Callable[[Rows], None]


@functools.cache
def whole() -> Rows:
    """Four reviewers, two candidates, everything in order; the rules stand in the rows so that tests can break them."""
    return {**selection_rows(), "indicators": indicator_rows("zh-CN"), "bands": default_rows("zh-CN")["bands"]}


def fresh() -> Rows:
    return {name: [dict(row) for row in rows] for name, rows in whole().items()}


def found(rows: Rows) -> list[Finding]:
    book, _ = evaluated(rows)
    return run_checks(book, TODAY)


def change(table: str, number: int, **values: object) -> Break:
    def run(rows: Rows) -> None:
        rows[table][number].update(values)

    return run


def add(table: str, **values: object) -> Break:
    def run(rows: Rows) -> None:
        rows.setdefault(table, []).append(dict(values))

    return run


def copied(table: str, number: int) -> Break:
    def run(rows: Rows) -> None:
        rows[table].append(dict(rows[table][number]))

    return run


def all_of(*breaks: Break) -> Break:
    def run(rows: Rows) -> None:
        for one in breaks:
            one(rows)

    return run


def indicator(key: str, **values: object) -> Break:
    def run(rows: Rows) -> None:
        next(row for row in rows["indicators"] if row["indicator"] == key).update(values)

    return run


def without_marks(reviewer: str) -> Break:
    def run(rows: Rows) -> None:
        rows["marks"] = [m for m in rows["marks"] if m["reviewer"] != reviewer or m["candidate"] != "C-0002"]

    return run


def recommend_second(rows: Rows) -> None:
    for mark in rows["marks"]:
        if mark["candidate"] == "C-0001":
            mark["mark"] = 4
    rows["panels"][0]["recommended"] = "C-0002"


def first_mark(key: str) -> int:
    return next(n for n, row in enumerate(whole()["marks"]) if row["indicator"] == key)


# rule → what breaks it, the key or sheet where it is found, a word of the sentence
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S1-copied-row", copied("marks", 5), "M-0006", "两行都不参与评估"),
    ("S1-copied-row", copied("candidates", 0), "C-0001", "出现在第 6、8 行"),
    ("S1-reference", change("marks", 0, reviewer="R-0099"), "M-0001", "没有 R-0099"),
    ("S1-correction", add("changes", change="C-0001/v2/联系人", row_key="C-0001", column="联系人", before="王工", after="李工", what="伙伴更正（第 2 版）没有写进这一格：员工改过它"), "C-0001/v2/联系人", "伙伴更正为“李工”"),
    ("S1-key", add("indicators", title="没有编号", rule_version="v0", layer="gate", parent="v1-S2"), "", "没有指标编号"),
    ("S2-evidence", change("marks", first_mark("v1-S2.1"), evidence=None), "M-0001", "业务领域"),
    ("S3-evidence", change("marks", first_mark("v1-S3.2"), evidence=None), "M-0004", "技术水平"),
    ("S5-evidence", change("marks", first_mark("v1-S5.2"), evidence=None), "M-0011", "客户基础"),
    ("S9-evidence", change("marks", first_mark("v1-S9.9"), evidence=None), "M-0028", "共同应对挑战"),
    ("S3-figure", change("candidates", 1, patents=None), "C-0002", "专利数量未填"),
    ("S3-bands", lambda rows: rows["bands"].pop(1), "B-0001", ""),
    ("S3-bands", change("bands", 0, high=Decimal(6)), "B-0001", ""),
    ("S4-year", change("candidates", 0, revenue_year=None), "C-0001", "哪一年"),
    ("S4-authorisation", change("candidates", 0, bank_report="yes"), "C-0001", "授权书编号"),
    ("S7-failed", change("candidates", 0, licence_until=date(2026, 11, 22)), "C-0001", "2026-11-22 到期"),
    ("S7-failed", change("candidates", 0, scope_checked="differs"), "C-0001", "不符"),
    ("S7-failed", change("candidates", 0, permits_checked="lacking"), "C-0001", "缺少必需"),
    ("S7-failed", all_of(change("candidates", 0, credit_code=CODE), add("partners", partner="P-0001", legal_name="某公司", credit_code=CODE, status="barred")), "C-0001", "黑名单"),
    ("S7-failed", all_of(change("candidates", 0, credit_code=CODE), add("partners", partner="P-0001", legal_name="某公司", credit_code=f" {CODE[:9]} {CODE[9:].lower()}", status="barred")), "C-0001", "黑名单"),
    ("S7-unchecked", change("candidates", 0, scope_checked=None), "C-0001", "经营范围未核对"),
    ("S7-unchecked", change("candidates", 0, permits_checked=None), "C-0001", "准入许可未核对"),
    ("S7-unchecked", change("candidates", 0, licence_until=None), "C-0001", "执照截止日未填"),
    ("S7-gate", indicator("v1-S7.B", fact="没有这一列"), "", "不能用作门槛"),
    ("S7-missing-gate", lambda rows: rows["indicators"].remove(next(r for r in rows["indicators"] if r["indicator"] == "v1-S7.A")), "v1-S2", "“执照截止日”"),
    ("S7-code", change("candidates", 0, credit_code=CODE[:-1] + "M"), "C-0001", "末位校验"),
    ("S7-same-company", all_of(change("candidates", 0, credit_code=CODE), change("candidates", 1, credit_code=CODE)), "C-0002", "C-0001"),
    ("S8-query", change("candidates", 0, records_checked=None), "C-0001", "还没有查询"),
    ("S8-query", change("candidates", 0, records_checked=TODAY - timedelta(days=91)), "C-0001", "需重查"),
    ("S8-query", change("candidates", 0, records_checked=date(9999, 12, 31)), "C-0001", "还没有到"),
    ("S8-setting", change("settings", 0, setting="记录查询有效天数", value="三个月"), "记录查询有效天数", "现在是“三个月”"),
    ("S8-setting", change("settings", 0, setting="记录查询有效天数", value="99999999999"), "记录查询有效天数", "按 90 天计"),
    ("S8-source", change("candidates", 0, records_source=None), "C-0001", "来源"),
    ("S14-weights", indicator("v1-S2", weight=Decimal("25.1")), "v1-S2", "100.1"),
    ("S14-weights", indicator("v1-S9.1", weight=Decimal(11)), "v1-S2", "99"),
    ("S14-tree", indicator("v1-S2.1", layer=None), "v1-S2.1", "没有层级"),
    ("S14-tree", indicator("v1-S2.1", rule_version=None), "v1-S2.1", "没有规则版本"),
    ("S14-tree", indicator("v1-S2.1", parent="v1-S2.2"), "v1-S2.1", "现在是“v1-S2.2”"),
    ("S14-unplaced", change("marks", 0, panel=None), "M-0001", "没有写评审会编号，这一分不计入"),
    ("S14-unplaced", change("marks", 0, candidate=None, reviewer=None), "M-0001", "没有写候选编号、评审人编号"),
    ("S15-unplaced", change("declarations", 0, candidate=None), "D-0001", "没有写候选编号，这条声明不起作用"),
    ("S15-unplaced", change("declarations", 0, conflict=None), "D-0001", "没有写利益冲突"),
    ("S14-stranger", change("panels", 0, candidates="C-0001"), "", "不在评审会"),
    ("S14-stranger", all_of(add("reviewers", reviewer="R-0005", person="外人", role="other", status="active"), change("marks", 0, reviewer="R-0005")), "M-0001", "不是评审会"),
    ("S14-indicator", change("marks", 0, indicator="v1-S3.1"), "M-0001", "按档位换算"),
    ("S14-indicator", change("marks", 0, indicator="v1-S2"), "M-0001", "没有指标"),
    ("S14-blank", change("marks", 0, mark=None), "M-0001", "没有分数"),
    ("S14-twice", lambda rows: rows["marks"].append({**rows["marks"][0], "mark_key": "M-0300"}), "M-0300", "M-0001、M-0300"),
    ("S14-scope", change("marks", 0, mark=0), "M-0001", "不适用"),
    ("S14-refused", copied("panels", 0), "V-0001", "第 6、7 行"),
    ("S14-refused", all_of(change("bands", 0, low=Decimal(1)), change("candidates", 0, team_size=Decimal(0))), "V-0001", "C-0001 的“研发团队人数”"),
    ("S14-missing", without_marks("R-0003"), "V-0001", "R-0003 对 C-0002"),
    ("S14-refused", change("settings", 0, setting="最少评审人数", value="很多") , "V-0001", "很多"),
    ("S15-declaration", lambda rows: rows["declarations"].pop(0), "M-0001", "没有利益冲突声明"),
    ("S15-declaration", change("declarations", 0, conflict=None), "M-0001", "没有利益冲突声明"),
    ("S15-recused", change("declarations", 0, conflict="yes", reason="亲属任职"), "M-0001", "已对 C-0001 声明回避"),
    ("S15-recused", all_of(change("declarations", 0, conflict="yes", reason="亲属任职"), add("declarations", declaration="D-0009", panel="V-0001", candidate="C-0001", reviewer="R-0001", conflict="no")), "M-0001", "已对 C-0001 声明回避"),
    ("S15-roles", change("reviewers", 3, role="other"), "V-0001", "法务"),
    ("S15-unknown", change("panels", 0, reviewers="R-0001、R-0002、R-0003、R-0004、R-0009"), "V-0001", "没有 R-0009"),
    ("S15-unknown", change("panels", 0, rule_version="v7"), "V-0001", "没有 v7"),
    ("S15-recommended", all_of(change("candidates", 0, scope_checked="differs"), change("panels", 0, recommended="C-0001")), "V-0001", "没有进入排名"),
    ("S15-against-ranking", recommend_second, "V-0001", "C-0001 排名更前"),
]  # fmt: skip


def test_a_book_in_order_has_no_finding() -> None:
    assert found(fresh()) == []


@pytest.mark.parametrize(
    ("rule", "breaks", "where", "words"), BROKEN, ids=[f"{b[0]}-{n}" for n, b in enumerate(BROKEN)]
)
def test_what_is_broken_is_found_and_says_where(rule: str, breaks: Break, where: str, words: str) -> None:
    rows = fresh()
    rows["settings"] = [{"setting": "公司名称", "value": "示例"}]
    assert found(rows) == []
    breaks(rows)
    hits = [finding for finding in found(rows) if finding.rule == rule]
    assert hits, {finding.rule for finding in found(rows)}
    assert any(where in finding.key and words in finding.message for finding in hits), hits
    assert all(finding.sheet for finding in hits)


def test_a_reason_makes_a_recommendation_against_the_ranking_legal() -> None:
    rows = fresh()
    recommend_second(rows)
    rows["panels"][0]["reason"] = "价格低 18 %，评审会一致同意"
    assert {f.rule for f in found(rows)} == {"S15-list", "S15-votes"}  # nobody voted yet


def test_a_note_settles_a_correction_that_staff_kept_out() -> None:
    rows = fresh()
    row = {
        "change": "C-0001/v2/联系人",
        "row_key": "C-0001",
        "column": "联系人",
        "what": "伙伴更正（第 2 版）没有写进这一格：员工改过它",
    }
    rows["changes"] = [row]
    assert [f.rule for f in found(rows)] == ["S1-correction"]
    row["remark"] = "电话核对过，以员工的为准"
    assert found(rows) == []


def test_an_open_scoring_misses_nobody_yet() -> None:
    rows = fresh()
    without_marks("R-0003")(rows)
    rows["panels"][0]["status"] = "scoring"
    assert not [f for f in found(rows) if f.rule == "S14-missing"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("官方得分", 99.5, "官方得分写着 99.50，按现在的评分应为 60.00"),
        ("名次", 7, "名次写着 7，按现在的评分应为 1"),
        ("结论", "否决", "结论写着 否决，按现在的评分应为 已排名"),
        ("等级", "A", "等级写着 A，按现在的评分应为 C"),
        ("技术实力", 4.5, "技术实力写着 4.5，按现在的评分应为 3"),
    ],
)
def test_a_result_that_somebody_typed_over_is_found_and_mended(column: str, value: float | str, words: str) -> None:
    book, _ = evaluated(fresh())
    book.update("results", "结果编号", {"V-0001/C-0001": {column: value}})
    (hit,) = [f for f in run_checks(book, TODAY) if f.rule == "S14-result"]
    assert hit.key == "V-0001/C-0001" and hit.column == column and words in hit.message
    from tests.selection_books import NOW
    from workbook.evaluating import evaluate_book

    evaluate_book(book, NOW)
    assert run_checks(book, TODAY) == []


@pytest.mark.parametrize("line", ["无", "N/A", "软件著作权，2023SR0001，长期", "ISO 9001，Q1，2026-11-23"])
def test_a_certificate_that_holds_today_or_needs_no_date_is_in_order(line: str) -> None:
    rows = fresh()
    rows["candidates"][0]["certificates"] = line
    assert found(rows) == []


def test_a_row_of_the_marks_without_a_mark_is_no_second_mark() -> None:
    # It is told as blank; the mark that is there counts, so nothing may say that it does not.
    rows = fresh()
    rows["marks"].append({**rows["marks"][0], "mark_key": "M-0300", "mark": None})
    assert [f.rule for f in found(rows)] == ["S14-blank"]


def test_people_who_stand_twice_are_not_said_to_be_nowhere() -> None:
    rows = fresh()
    copied("reviewers", 0)(rows)
    assert {f.rule for f in found(rows)} == {"S1-copied-row", "S15-roles"}


def test_a_book_that_was_never_evaluated_says_so() -> None:
    from tests.selection_books import built

    assert [f.rule for f in run_checks(built(fresh()), TODAY)] == ["S14-result"] * 2


def test_a_value_that_a_column_does_not_take_is_found() -> None:
    book, _ = evaluated(fresh())
    book.update("marks", "评分编号", {"M-0001": {"分数": 7}})
    hits = {f.rule: f for f in run_checks(book, TODAY)}
    assert "1 到 5，现在是“7”" in hits["S1-value"].message


def test_the_official_score_and_its_own_formula_may_not_differ() -> None:
    from dataclasses import replace

    from workbook.rules.checks.scoring import altered_results
    from workbook.rules.finding import Situation
    from workbook.tables import Results

    book, _ = evaluated(fresh())
    situation = Situation(book, TODAY)
    records = situation.of(Results)
    for saved, hits in ((60.0, 0), (60.01, 1)):
        records[0] = replace(records[0], values={**records[0].values, "check": saved})
        assert [f.rule for f in altered_results(situation)] == ["S14-formula"] * hits


def test_every_check_has_a_pair_here() -> None:
    from importlib import import_module
    from pathlib import Path

    import workbook.rules.checks as home

    named = set()
    for file in Path(home.__path__[0]).glob("*.py"):
        text = file.read_text(encoding="utf-8")
        named |= {word for word in text.replace("(", " ").replace(",", " ").split() if word.startswith('"S')}
    rules = {name.strip('"') for name in named if "-" in name}
    pairs = [import_module(f"tests.rules.{file.stem}") for file in Path(__file__).parent.glob("test_*.py")]
    proved = {rule for module in pairs for rule, *_ in getattr(module, "BROKEN", ())}
    proved |= {"S14-result", "S14-formula", "S1-value"}
    assert rules <= proved, rules - proved
    assert len(CHECKS) >= 20
