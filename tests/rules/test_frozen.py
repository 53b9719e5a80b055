"""Frozen results as rows: what somebody altered afterwards is found and named, and a result comes out the same from its inputs."""

from __future__ import annotations

import copy
import functools
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.frozen_books import NOW, TODAY, built
from workbook.evaluating import evaluate_book
from workbook.freezing import correct, freeze, kept_path
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.canonical import canonical_inputs, digest
from workbook.rules.finding import Finding, run_checks
from workbook.rules.frozen import details, recomputed, row_hash, standing, with_records
from workbook.rules.performance import period_of, read_ledger
from workbook.tables import Frozen, Performance, Periods
from workbook.tables import Tests as Checked

Break = Callable[[Book], Any]


@functools.cache
def frozen_file() -> Path:
    """A book whose third quarter is frozen and P-0002 corrected, on disk with its kept inputs; only read."""
    path = Path(tempfile.mkdtemp(prefix="partnerbook-frozen-")) / "伙伴簿.xlsx"
    path.write_bytes(built())
    freeze(path, "2026Q3", "王珂")
    book = Book.read(path.read_bytes())
    book.update("tests", "检测编号", {"TE-0018": {"合格数": 99}})
    path.write_bytes(book.to_bytes())
    correct(path, "2026Q3", "P-0002", "检测报告录错", "王珂")
    return path


def frozen_book() -> Book:
    return Book.read(frozen_file().read_bytes())


def cell(table: str, column: str, key: str, **cells: Any) -> Break:
    return lambda book: book.update(table, column, {key: cells})


def cleared(table: str, key: str) -> Break:
    """A deleted row: what people do with it leaves a blank one."""

    def run(book: Book) -> None:
        view = book.table(table)
        number = next(row.number for row in book.rows(table) if key in row.values.values())
        book.update_rows(table, view.columns[0], {number: dict.fromkeys(view.columns)})

    return run


FZ, RESULT, PERIOD = "冻结编号", "绩效编号", "周期"
BROKEN: list[tuple[str, Break, str, str]] = [
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0001", 官方得分=96), "FZ-0001", "的“官方得分”被改动过"),
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0001", 等级="A"), "FZ-0001", "的“等级”被改动过"),
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0003", 生效日期="2020-01-01"), "FZ-0003", "被改动过"),
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0003", 冻结人="别人"), "FZ-0003", "被改动过"),
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0003", 官方得分="很好"), "FZ-0003", "的“官方得分”被改动过"),
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0003", 明细指纹="0" * 64), "FZ-0003", "被改动过"),
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0003", 结果指纹="0" * 64), "FZ-0003", "被改动过"),
    ("S38-frozen-altered", cell("frozen", FZ, "FZ-0005", 更正原因="没有原因"), "FZ-0005", "被改动过"),
    ("S38-frozen-altered", cleared("frozen", "FZ-0003"), "FZ-0004", "FZ-0003 这一行不在了"),
    ("S38-frozen-altered", cleared("frozen", "FZ-0003"), "2026Q3/P-0003", "没有它的一行"),
    ("S38-frozen-altered", cell("periods", PERIOD, "2026Q3", 状态="已截止"), "2026Q3", "冻结之后不能再打开"),
    ("S38-frozen-altered", cell("periods", PERIOD, "2026Q2", 状态="已冻结"), "2026Q2", "没有它的任何一行"),
    ("S38-result-altered", cell("performance", RESULT, "2026Q3/P-0001", 官方得分=96), "2026Q3/P-0001", "官方得分写着 96"),
    ("S38-result-altered", cell("performance", RESULT, "2026Q3/P-0001", 等级="A"), "2026Q3/P-0001", "等级写着 A"),
    ("S38-result-altered", cell("performance", RESULT, "2026Q3/P-0001", 结论="暂不能评"), "2026Q3/P-0001", "结论"),
    ("S38-result-altered", cell("performance", RESULT, "2026Q3/P-0004", 官方得分=60), "2026Q3/P-0004", "写着 60，而冻结的是 空白"),
    ("S38-result-altered", cell("performance_parts", "明细编号", "2026Q3/P-0001/p1-Q.1", 得分=14), "2026Q3/P-0001", "明细被改动过"),
    ("S38-result-altered", cleared("performance", "2026Q3/P-0003"), "FZ-0003", "这一行不在了"),
]  # fmt: skip


def s38(book: Book) -> list[Finding]:
    return [one for one in run_checks(book, TODAY) if one.rule in ("S38-frozen-altered", "S38-result-altered")]


def test_a_frozen_period_with_a_correction_has_no_finding() -> None:
    assert s38(frozen_book()) == []


@pytest.mark.parametrize(("rule", "breaks", "where", "words"), BROKEN)
def test_what_was_altered_after_freezing_is_found_and_named(rule: str, breaks: Break, where: str, words: str) -> None:
    book = frozen_book()
    breaks(book)
    hits = [one for one in s38(book) if one.rule == rule and one.key == where]
    assert any(words in one.message for one in hits), s38(book)
    if rule == "S38-frozen-altered" and breaks is BROKEN[0][1]:  # nobody is told to mend a result by an altered row
        assert [one.rule for one in s38(book)] == [rule]


def test_every_computed_cell_of_a_frozen_row_is_in_its_hash() -> None:
    (row,) = [one for one in read_records(frozen_book(), Frozen) if one.key == "FZ-0005"]
    assert row_hash(row.values) == row["result_hash"]
    others = {"score": Decimal("1.00"), "frozen_at": datetime(2020, 1, 1), "effective_on": TODAY, "kind": "year"}
    for name in row.values:
        if name in ("result_hash", "remark"):
            continue
        changed = {**row.values, name: others.get(name, "x")}
        if name == "effective_on":
            changed[name] = datetime(2020, 1, 1).date()
        assert row_hash(changed) != row["result_hash"], name
    assert row_hash({**row.values, "remark": "看过了"}) == row["result_hash"]


def test_a_remark_beside_a_frozen_row_is_no_alteration() -> None:
    book = frozen_book()
    book.update("frozen", FZ, {"FZ-0001": {"备注": "已通知伙伴"}})
    assert s38(book) == []


def test_sorting_the_frozen_rows_is_no_alteration() -> None:
    rows = read_records(frozen_book(), Frozen)
    assert standing(rows, "2026Q3") == standing(rows[::-1], "2026Q3")
    assert standing(rows, "2026Q3")["P-0002"].key == "FZ-0005"


def test_the_recomputation_from_its_kept_inputs_gives_the_same_hash() -> None:
    rows = read_records(frozen_book(), Frozen)
    assert len(rows) == 5
    for row in rows:
        text = kept_path(frozen_file(), row).read_bytes().decode()
        assert digest(text) == row["inputs_hash"]
        outcome = recomputed(text).one.outcome
        assert digest(details(outcome)) == row["parts_hash"]
        assert (outcome.score, outcome.grade or None) == (row["score"], row["grade"])


def test_the_inputs_are_the_same_text_however_a_program_saves_its_numbers_and_whatever_the_state_of_the_period() -> (
    None
):
    ledger = read_ledger(frozen_book())
    period = period_of(next(row for row in ledger.of(Periods) if row.key == "2026Q3"))
    text = canonical_inputs(ledger, period, "P-0001", NOW)
    longer = [
        replace(row, values={n: v + Decimal("0.0") if isinstance(v, Decimal) else v for n, v in row.values.items()})
        for row in ledger.of(Checked)
    ]
    assert [str(row["passed"]) for row in longer] != [str(row["passed"]) for row in ledger.of(Checked)]
    opened = [replace(row, values={**row.values, "status": "open"}) for row in ledger.of(Periods)]
    other = with_records(ledger, {Checked.name: longer, Periods.name: opened})
    assert canonical_inputs(other, period, "P-0001", NOW) == text


def test_every_part_is_in_the_hash_of_the_details() -> None:
    row = read_records(frozen_book(), Frozen)[0]
    outcome = recomputed(kept_path(frozen_file(), row).read_bytes().decode()).one.outcome
    part = outcome.parts[0]
    for other in (
        replace(part, mean=Fraction(11, 3)), replace(part, weight=Fraction(1, 7)), replace(part, contribution=Decimal("0.01")),
        replace(part, indicator="p1-Q.9"),
    ):  # fmt: skip
        assert details(replace(outcome, parts=(other, *outcome.parts[1:]))) != details(outcome)
    assert details(replace(outcome, parts=outcome.parts[::-1])) == details(outcome)


def results(book: Book) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for table in ("frozen", "performance", "performance_parts"):
        found += [copy.deepcopy(dict(row.values)) for row in book.rows(table) if "2026Q2" not in str(row.values)]
    return found


@pytest.mark.parametrize(
    "breaks",
    [
        cell("tests", "检测编号", "TE-0014", 合格数=1),
        cell("measures", "绩效指标编号", "p1-Q.1", 权重=15),
        cell("periods", PERIOD, "2026Q3", 规则版本="p2"),
        cell("partners", "伙伴编号", "P-0001", 状态="已退出"),
    ],
)  # fmt: skip
def test_no_rule_weight_or_event_moves_a_frozen_result(breaks: Break) -> None:
    book = frozen_book()
    before = results(book)
    assert before
    breaks(book)
    evaluate_book(book, NOW.replace(day=25))
    assert results(book) == before


def test_the_ranks_of_a_corrected_period_are_those_of_what_stands() -> None:
    rows = {row["partner"]: row for row in read_records(frozen_book(), Performance) if row["period"] == "2026Q3"}
    places = [(rows[f"P-000{n}"]["score"], rows[f"P-000{n}"]["rank"]) for n in (1, 2, 3)]
    assert places == [(Decimal(76), 3), (Decimal("78.8"), 1), (Decimal("78.8"), 1)]
