"""An outcome in words: the same rows and sentences for a cell, a command and a page."""

from __future__ import annotations

from decimal import Decimal

from tests.evaluation.sheets import one, panel
from workbook.evaluation import why_lines, why_rows
from workbook.evaluation.model import Gate, PartState


def test_the_rows_name_weight_mean_points_and_marks() -> None:
    found = panel({"C-1": {"R-1": "5 4 3 n", "R-2": "4 4 4 n", "R-3": "4 4 4 n"}})["C-1"]
    # c1 不适用: heads carry all of 文化. a1 13/3: .30·13/3·20 = 26; b1 11/3: .30·11/3·20 = 22; a2 16; heads .20·3·20 = 12.
    assert [
        (row.dimension, row.title, str(row.weight), row.mean, str(row.contribution)) for row in why_rows(found)
    ] == [
        ("技术", "技术水平", "30.00", Decimal("4.3333"), "26.00"),
        ("技术", "架构先进性", "20.00", Decimal("4.0000"), "16.00"),
        ("运营", "项目管理", "30.00", Decimal("3.6667"), "22.00"),
        ("文化", "沟通偏好", "0.00", None, "0.00"),
        ("文化", "研发团队规模", "20.00", Decimal("3.0000"), "12.00"),
    ]
    assert why_rows(found)[0].marks == ("C-1/R-1/a1", "C-1/R-2/a1", "C-1/R-3/a1")
    assert why_rows(found)[3].state is PartState.NA


def test_the_lines_say_the_outcome_first_and_the_next_grade_last() -> None:
    lines = why_lines(one("3 4 4 4", heads={"C-1": 4}))
    assert lines[0] == "C-1：已排名，74.00 分，第 1 名，C 级（评审人 1 位，覆盖率 100.0%）"
    assert lines[1] == "技术·技术水平：3 ÷ 5 × 30.00% → 18.00 分（C-1/R-1/a1）"
    assert lines[-1] == "距 B 级差 6 分：技术水平 3 → 4"


def test_the_lines_give_the_causes_and_speak_english_where_asked() -> None:
    found = one("n - 4 4", gates={"C-1": (Gate("执照", False, "营业执照已过期"),)})
    # 技术 has no mark at all: (.3·4 + .2·3.5) ÷ .5 = 3.8. Scored .50 of the .70 that apply.
    assert why_lines(found)[:2] == ("C-1：否决，76.00 分（评审人 1 位，覆盖率 71.4%）", "营业执照已过期")
    english = why_lines(found, "en")
    assert english[0].startswith("C-1: disqualified, ")
    assert "技术·技术水平: not applicable (C-1/R-1/a1)" in english
    assert "技术·架构先进性: no data" in english
    assert "技术·技术水平：不适用（C-1/R-1/a1）" in why_lines(found)


def test_who_has_no_score_is_told_so() -> None:
    lines = why_lines(one("- - - -", heads={"C-1": None}))
    assert lines[0] == "C-1：暂不能评，无得分（评审人 0 位，覆盖率 0.0%）"
