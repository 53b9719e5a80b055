"""What the cell functions answer: published numbers, hand calculations, the house's own functions, and sentences."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addin import functions
from addin.function_docs import cell_functions
from addin.functions import (
    PB_AGREE,
    PB_AHP,
    PB_ATTAIN,
    PB_BUDGET,
    PB_DAYS,
    PB_DUE,
    PB_FIRST,
    PB_INTERVAL,
    PB_MINUTES,
    PB_RANK,
    PB_RISK,
    PB_SCORE,
    PB_SURVEY,
    PB_TREND,
)
from workbook.evaluation import direction, earned_value, execution_rate, half_up, mann_kendall, theil_sen
from workbook.evaluation.agreement import kendall_w, krippendorff_alpha
from workbook.evaluation.cells import clock, figures
from workbook.evaluation.robustness import smaa
from workbook.evaluation.working_time import add_working_minutes, working_days, working_minutes
from workbook.records import Record
from workbook.rules.calendar import published_days
from workbook.rules.office_hours import DEFAULT_HOURS, book_calendar
from workbook.rules.risks import zone_of
from workbook.rules.surveys import FLOOR
from workbook.tables import Risks
from workbook.tables.performance import DIRECTIONS
from workbook.tables.relations import CANNOT_SAY
from workbook.tables.service import CLOCK_STATES
from workbook.tables.settings import DAY_KINDS

PUBLISHED = {
    case["name"]: case
    for case in json.loads(
        (Path(__file__).parents[1] / "evaluation" / "reference_cases.json").read_text(encoding="utf-8")
    )
}
MARK = st.integers(1, 5).map(float)
LAST_KNOWN = max(published_days()[2])


def told(answer: Any) -> str:
    """The sentence of a refusal, which stands alone in its cell."""
    ((text,),) = answer
    assert isinstance(text, str) and text.startswith("#PB: ") and len(text) < 300
    return text


# --- how sure, how agreed -------------------------------------------------------------------------------------------

THREE = [[5.0, 1.0], [1.0, 5.0], [3.4, 3.4]]


def test_the_share_of_first_places_is_the_houses_own_and_takes_its_arguments_in_any_shape() -> None:
    found = PB_FIRST(THREE)
    shares = smaa(THREE, samples=10_000, seed=1)
    assert found == [list(pair) for pair in zip(shares.first_place, shares.standard_error, strict=True)]
    assert found == PB_FIRST(THREE, [[None]], [[10000.0]], [[1.0]], [[""]]) == PB_FIRST(THREE, None, None, None, None)
    assert found != PB_FIRST(THREE, seed=[[2.0]])
    # 100 draws: √(.4·.6 ÷ 100) = .049 for the first two, √(.2·.8 ÷ 100) = .04 for the third.
    assert [line[1] for line in PB_FIRST(THREE, draws=[[100.0]])] == pytest.approx([0.049, 0.049, 0.04], abs=0.01)


def test_weights_that_are_given_are_the_middle_of_those_that_are_drawn() -> None:
    # Nearly always 90 to 10, where the first row has 4.6, the third 3.4, the second 1.4.
    near = PB_FIRST(THREE, [[90.0, 10.0]], concentration=[[1000.0]])
    assert [line[0] for line in near] == [1.0, 0.0, 0.0]


def test_equal_candidates_share_first_places_and_a_blank_row_keeps_its_line() -> None:
    lines = PB_FIRST([[5.0, 5.0], [None, " "], [5.0, 5.0], [1.0, 1.0]])
    # In every draw one of the two, with even chances: √(1 · 0 ÷ 10000) = 0 for the pair of them.
    assert lines == [[0.5, 0.0], ["", ""], [0.5, 0.0], [0.0, 0.0]]


def test_a_gap_among_the_marks_is_refused_and_named_where_weights_move() -> None:
    rows = [[5.0, 4.0], [3.0, None]]
    assert "第 2 行第 2 列没有分数" in told(PB_FIRST(rows))
    assert "第 2 行第 2 列没有分数" in told(PB_INTERVAL(rows, [[1.0, 1.0]]))
    assert "第 1 行第 2 列是“#REF!”" in told(PB_FIRST([[5.0, "#REF!"]]))
    assert "分数是空的" in told(PB_INTERVAL([[None, None]], [[1.0, 1.0]]))


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"draws": [[0.0]]}, "抽样次数是 0，只能是 1 到 1000000 的整数"),
        ({"draws": [[10.5]]}, "抽样次数是 10.5"),
        ({"draws": [["许多"]]}, "抽样次数是“许多”，不是数字"),
        ({"draws": [[1.0, 2.0]]}, "抽样次数只能选一格"),
        ({"seed": [[-1.0]]}, "随机种子是 -1"),
        ({"weights": [[1.0]]}, "有 1 个权重"),
        ({"concentration": [[1.0]]}, "没有给权重"),
        ({"weights": [[1.0, 1.0]], "concentration": [[0.0]]}, "集中度"),
    ],
)
def test_draws_that_cannot_be_made_are_told(arguments: dict[str, Any], said: str) -> None:
    assert said in told(PB_FIRST(THREE, **arguments))


@settings(deadline=None)
@given(st.lists(st.tuples(MARK, MARK, MARK), min_size=2, max_size=5), st.tuples(*[st.integers(1, 9)] * 3))
def test_inside_a_weights_interval_the_winner_stays_first_and_outside_it_does_not(
    rows: list[tuple[float, float, float]], shares: tuple[int, int, int]
) -> None:
    marks, weights = [list(row) for row in rows], [float(share) for share in shares]
    whole = sum(weights)
    names = [[f"候选 {place}"] for place in range(len(marks))]
    for place, (winner, low, high) in enumerate(PB_INTERVAL(marks, [weights], names)):
        row = names.index([winner])
        assert low - 1e-9 <= weights[place] <= high + 1e-9
        for at, stays in ((low, True), (high, True), (low - whole / 50, False), (high + whole / 50, False)):
            if not 0 <= at <= whole:
                continue
            moved = [
                at if place == other else weight * (whole - at) / (whole - weights[place])
                for other, weight in enumerate(weights)
            ]
            sums = [sum(w * m for w, m in zip(moved, line, strict=True)) for line in marks]
            assert (sums[row] >= max(sums) - 1e-9) is stays


def test_an_interval_counts_as_the_weights_do_and_names_rows_without_names() -> None:
    assert PB_INTERVAL(THREE, [[0.5], [0.5]]) == [["第 3 行", 0.4, 0.6]] * 2
    assert PB_INTERVAL([[None, None], *THREE], [[50.0, 50.0]])[0] == ["第 4 行", 40.0, 60.0]
    assert "名称有 1 个，应有 3 个" in told(PB_INTERVAL(THREE, [[1.0, 1.0]], [["甲"]]))


def test_agreement_is_the_houses_own_and_says_what_it_allows() -> None:
    ratings = [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 4.0], [1.0, 3.0, 3.0, 5.0]]
    (_, alpha, word), (_, w, _) = PB_AGREE(ratings)
    assert alpha == krippendorff_alpha(ratings) and w == kendall_w(ratings).w and alpha >= 0.8 and word == "可靠"
    # Everybody the same order: nothing differs within a candidate, and the order is one.
    assert PB_AGREE([[1.0, 3.0, 5.0]] * 3) == [
        ["Krippendorff α", 1.0, "可靠"],
        ["Kendall W", 1.0, "χ² = 6.00，自由度 2"],
    ]


def test_alpha_takes_gaps_and_w_says_that_it_does_not() -> None:
    (_, alpha, word), (_, w, why) = PB_AGREE([[1.0, 2.0, None, 5.0], [1.0, "不适用", 3.0, 5.0], [1.0, 2.0, 3.0, 5.0]])
    assert (alpha, word) == (1.0, "可靠") and w == "" and "没有给全部候选评分" in why
    # Rows and columns that are blank altogether are no reviewers and no candidates.
    assert PB_AGREE([[1.0, None, 3.0], [None, None, None], [1.0, None, 3.0]])[1][1] == 1.0


def test_ratings_that_allow_no_comparison_are_told() -> None:
    (_, alpha, _), (_, w, _) = PB_AGREE([[4.0, 4.0], [4.0, 4.0]])
    assert alpha.startswith("#PB: ") and "所有评分都相同" in alpha and w.startswith("#PB: ")
    assert "第 1 行第 2 列是“好”" in told(PB_AGREE([[4.0, "好"]]))
    assert "评分是空的" in told(PB_AGREE([[None]]))


def test_saatys_published_judgements_give_his_weights_and_his_ratio() -> None:
    case = PUBLISHED["ahp_saaty2008_drinks"]
    found = PB_AHP([[float(cell) for cell in row] for row in case["inputs"]["matrix"]])
    assert [line[0] for line in found[:2]] == ["第 1 项", "第 2 项"]
    assert [line[1] for line in found[:7]] == pytest.approx(case["expected"]["weights"], abs=case["tol"])
    assert found[9][0] == "CR" and found[9][1] == pytest.approx(case["expected"]["CR"], abs=case["tol"])
    assert found[10] == ["提示", "一致性可以接受"]


def test_contradicting_judgements_are_warned_of_and_no_judgements_refused() -> None:
    # a is 3 times b, b 3 times c, and yet c 3 times a: as inconsistent as it gets.
    circle = [[1.0, 3.0, 1 / 3], [1 / 3, 1.0, 3.0], [3.0, 1 / 3, 1.0]]
    assert "大于 0.10" in PB_AHP(circle)[-1][1]
    assert "第 2 行第 1 列是“”，不是数字" in told(PB_AHP([[1.0, 3.0], [None, 1.0]]))
    assert "不互为倒数" in told(PB_AHP([[1.0, 3.0], [3.0, 1.0]]))
    assert "是空的" in told(PB_AHP([[None, None], [None, None]]))
    assert "名称有 3 个，应有 2 个" in told(PB_AHP([[1.0, 3.0], [1 / 3, 1.0]], [["甲", "乙", "丙"]]))


# --- time -----------------------------------------------------------------------------------------------------------

EPOCH = datetime(1899, 12, 30)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(LAST_KNOWN, 12, 20)).map(lambda at: at.replace(microsecond=0))


def serial(at: datetime) -> float:
    """The day number as a cell keeps it: 15 significant digits."""
    return float(f"{(at - EPOCH).total_seconds() / 86_400:.15g}")


def shapes(at: datetime) -> list[Any]:
    """One moment as the doors hand it over."""
    return [
        at, [[at]], serial(at), [[serial(at)]], Decimal(repr(serial(at))), f"{at:%Y-%m-%d %H:%M:%S}",
        f"{at.year}/{at.month}/{at.day} {at.hour}:{at:%M:%S}", f"{at.year}年{at.month}月{at.day}日 {at:%H:%M:%S}",
        f"{at:%Y-%m-%dT%H:%M:%S}", at - timedelta(microseconds=3), [[at + timedelta(microseconds=3)]],
    ]  # fmt: skip


@settings(deadline=None)
@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)).map(lambda d: timedelta(seconds=int(d.total_seconds()))))
def test_a_moment_is_the_same_as_a_date_a_day_number_and_text(start: datetime, span: timedelta) -> None:
    finish, calendar = start + span, book_calendar({}, []).calendar
    minutes = working_minutes(start, finish, calendar)
    assert [PB_MINUTES(a, b) for a, b in zip(shapes(start), shapes(finish), strict=True)] == [[[minutes]]] * 11
    due = add_working_minutes(start, 100, calendar)
    assert [PB_DUE(a, [[100.0]]) for a in shapes(start)] == [[[due]]] * 11
    days = working_days(start, finish, calendar)
    assert [PB_DAYS(a, b) for a, b in zip(shapes(start), shapes(finish), strict=True)] == [[[days]]] * 11


@settings(deadline=None)
@given(MOMENTS, st.integers(1, 3000))
def test_what_is_due_after_some_minutes_is_so_many_minutes_away(start: datetime, minutes: int) -> None:
    ((due, *_),) = PB_DUE(start, float(minutes))
    assert PB_MINUTES(start, due)[0][0] == minutes


def test_a_published_case_of_working_hours_with_its_own_shifts_and_holiday() -> None:
    case = PUBLISHED["working_hours_2017"]
    span, holiday = case["inputs"], case["inputs"]["holidays"][0]
    found = PB_MINUTES(span["start"], span["end"], None, [[holiday, "放假"]], f"{span['open']}-{span['close']}")
    assert found == [[case["expected"]["minutes"]]]


def test_pauses_and_special_days_count_as_in_the_workbook() -> None:
    # Friday 2026-03-06, 09:00–18:00 open 7.5 h = 450 minutes; paused 10:00–11:00 and 10:30–11:30, together 90 minutes.
    start, finish = datetime(2026, 3, 6, 9), datetime(2026, 3, 6, 18)
    pauses = [
        [datetime(2026, 3, 6, 10), "2026-03-06 11:00"],
        [None, None],
        ["2026/3/6 10:30", datetime(2026, 3, 6, 11, 30)],
    ]
    assert PB_MINUTES(start, finish, pauses) == [[360]]
    assert PB_MINUTES(start, finish, pauses, [["2026-03-06", "放假"]]) == [[0]]
    # Saturday the 7th is worked by the company: Friday and Saturday are two days.
    assert PB_DAYS("2026-03-06", "2026-03-08", [[serial(datetime(2026, 3, 7)), "上班"]]) == [[2]]
    assert PB_DAYS("2026-03-06", "2026-03-08", [["2026-03-07", "Working day"]]) == [[2]]
    # 60 minutes until the pause at 10:00, 30 from 11:30 to noon, the last 30 after 13:30.
    assert PB_DUE(start, 120.0, pauses) == [[datetime(2026, 3, 6, 14, 0)]]
    # Friday off, the weekend, then an hour from Monday's own opening at 08:00.
    assert PB_DUE(start, 60.0, None, [["2026-03-06", "放假"]], "08:00-12:00") == [[datetime(2026, 3, 9, 9, 0)]]


def test_a_year_without_a_published_calendar_is_marked_until_its_days_are_given() -> None:
    day = date(LAST_KNOWN + 1, 1, 4)
    ((_, mark),) = PB_MINUTES(datetime(LAST_KNOWN, 12, 30), day)
    assert mark.startswith(f"暂定：{LAST_KNOWN + 1} 年")
    assert len(PB_DAYS(day, day)[0]) == len(PB_DUE(day, 10.0)[0]) == 2
    assert len(PB_DAYS(day, day, [[date(LAST_KNOWN + 1, 1, 1), "放假"]])[0]) == 1
    ((_, mark),) = PB_DAYS(date(1950, 1, 1), date(1952, 1, 1))
    assert "1950 等 3 年" in mark


@pytest.mark.parametrize(
    "cell, said",
    [
        (None, "开始时间是空的"),
        ("", "开始时间是空的"),
        ("昨天", "开始时间是“昨天”，不是日期"),
        ("2026-02-30 09:00", "不是日期"),
        ("2026-03-02 25:00", "不是日期"),
        ("#VALUE!", "开始时间是“#VALUE!”，不是日期"),
        (0.5, "开始时间是 0.5，不是日期"),
        (20260302.0, "不是日期"),
        (float("nan"), "不是日期"),
        (float("inf"), "不是日期"),
        (True, "不是日期"),
        ("1899-12-31", "不能早于 1900-03-01"),
        (datetime.max, "超出日期的范围"),
        (datetime.fromisoformat("2026-03-02T09:00:00+08:00"), "带有时区"),
        ([["2026-03-02", "2026-03-03"]], "开始时间只能选一格，现在是 1 行 2 列"),
    ],
)
def test_a_cell_that_is_no_moment_is_told(cell: Any, said: str) -> None:
    assert said in told(PB_MINUTES(cell, datetime(2026, 3, 6)))
    assert said.replace("时间", "日期") in told(PB_DAYS(cell, datetime(2026, 3, 6)))


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"finish": "2026-03-01"}, "早于开始"),
        ({"pauses": [["2026-03-06 10:00"]]}, "应是两列"),
        ({"pauses": [["2026-03-06 10:00", None]]}, "第 1 段暂停的结束是空的"),
        ({"pauses": [["2026-03-06 10:00", "2026-03-06 09:00"]]}, "早于开始"),
        ({"days": [["2026-03-06", "休息"]]}, "只能是 放假 或 上班"),
        ({"days": [["2026-03-06"]]}, "应是两列"),
        ({"days": [["某日", "放假"]]}, "特殊日第 1 行的日期是“某日”"),
        ({"days": [["2026-03-06", "放假"], ["2026-03-06", "上班"]]}, "既写了放假又写了上班"),
        ({"shifts": "9 点到 6 点"}, "上班时段不能用"),
        ({"shifts": 9.0}, "不是文字"),
        ({"shifts": "09:00-12:00、11:00-13:00"}, "重叠"),
    ],
)
def test_calendars_that_cannot_be_used_are_told(arguments: dict[str, Any], said: str) -> None:
    assert said in told(PB_MINUTES(**{"start": "2026-03-02 09:00", "finish": "2026-03-06 18:00"} | arguments))


@pytest.mark.parametrize(
    "minutes, said", [(None, "分钟数是空的"), (1.5, "分钟数是 1.5"), (-1.0, "-1"), ("两小时", "不是数字")]
)
def test_a_number_of_minutes_that_is_none_is_told(minutes: Any, said: str) -> None:
    assert said in told(PB_DUE("2026-03-02 09:00", minutes))


def test_the_words_and_defaults_are_those_of_the_workbook() -> None:
    assert clock.USUAL_SHIFTS == DEFAULT_HOURS
    assert {word.casefold(): code for code, label in DAY_KINDS.items() for word in label} == clock.ARRANGEMENTS
    states = {word.casefold(): code for code, label in CLOCK_STATES.items() for word in label}
    assert {word: "running" if code == "paused" else code for word, code in states.items()} == clock.OUTCOMES
    assert {code: label.zh for code, label in DIRECTIONS.items()} == figures.DIRECTIONS
    assert figures.LEAST_ANSWERS == FLOOR
    assert {word.casefold() for word in CANNOT_SAY} == figures.CANNOT_SAY


def test_attainment_leaves_out_what_still_runs() -> None:
    assert PB_ATTAIN([["达标", "超时"], ["Met", " 已暂停 "], [None, ""]]) == [[2 / 3, 2, 1, 1]]
    assert PB_ATTAIN([["计时中"]]) == [["无数据", 0, 0, 1]] and PB_ATTAIN([[None]]) == [["无数据", 0, 0, 0]]
    assert "第 2 行第 1 列是“#N/A”" in told(PB_ATTAIN([["达标"], ["#N/A"]]))


# --- figures --------------------------------------------------------------------------------------------------------

CENTS = st.integers(0, 10**9).map(lambda cents: cents / 100)


@settings(deadline=None)
@given(st.lists(st.tuples(CENTS, CENTS, CENTS, CENTS), min_size=1, max_size=4))
def test_budgets_are_the_houses_own_a_line_per_project(projects: list[tuple[float, ...]]) -> None:
    columns = [[[amount] for amount in column] for column in zip(*projects, strict=True)]
    for line, (pv, ev, ac, bac) in zip(PB_BUDGET(*columns), projects, strict=True):
        found, rate = earned_value(pv, ev, ac, bac), execution_rate(ac, bac)
        for cell, value in ((line[0], rate), (line[3], found.cpi), (line[4], found.spi)):
            assert cell == ("无法计算" if value is None else float(value))
        for cell, amount in ((line[1], found.cv), (line[2], found.sv), (line[5], found.eac)):
            assert cell == ("无法计算" if amount is None else float(half_up(amount, 2)))


def test_a_budget_that_is_zero_or_wrong_says_so_in_its_own_line() -> None:
    lines = PB_BUDGET([[0.0], [100.0], [None], [1.0]], [[0.0], [100.0], [None], ["#REF!"]], [[0.0], [-1.0], [None], [1.0]], [[0.0], [100.0], [None], [1.0]])  # fmt: skip
    assert lines[0] == ["无法计算", 0.0, 0.0, "无法计算", "无法计算", "无法计算"]
    assert lines[1][0].startswith("#PB: ") and "小于 0" in lines[1][0] and lines[2] == [""] * 6
    assert "第 4 个的挣值是“#REF!”" in lines[3][0] and lines[3][1:] == [""] * 5
    assert "各有 1、2、1、1 个" in told(PB_BUDGET([[1.0]], [[1.0], [2.0]], [[1.0]], [[1.0]]))
    assert "实际成本是空的" in told(PB_BUDGET(1.0, 1.0, None, 1.0))


@settings(deadline=None)
@given(st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=12))
def test_a_trend_is_the_houses_own_and_below_four_periods_a_direction_only(values: list[float]) -> None:
    ((word, slope, p),) = PB_TREND([values])
    assert word == DIRECTIONS[direction(values)].zh
    if len(values) < 4:
        assert (slope, p) == ("", "")
    else:
        assert (slope, p) == (theil_sen(range(len(values)), values).slope, mann_kendall(values).p)


def test_times_order_the_values_and_may_be_dates_in_any_form() -> None:
    # 10 a week: 10 ÷ 7 a day, whatever the order; all of four in one direction: two of 24 orders, p = 1 ÷ 12.
    days = [datetime(2026, 3, 2), datetime(2026, 3, 9), datetime(2026, 3, 16), datetime(2026, 3, 23)]
    for times in (days, [serial(day) for day in days], [f"{day:%Y-%m-%d}" for day in days]):
        found = PB_TREND([[10.0], [40.0], [20.0], [30.0]], [[times[0]], [times[3]], [times[1]], [times[2]]])
        assert found == [["上升", pytest.approx(10 / 7), pytest.approx(1 / 12)]]
    # A gap stays a gap: 10 over two steps is 5 a step.
    assert PB_TREND([[0.0, None, 10.0, 15.0, 20.0]], [[1.0, 2.0, 3.0, 4.0, 5.0]])[0][1] == 5.0


@pytest.mark.parametrize(
    "values, times, said",
    [
        ([[1.0, None, 3.0]], None, "第 2 期是空的"),
        ([[1.0, "好"]], None, "第 2 期是“好”"),
        ([[1.0]], None, "只有 1 期"),
        ([[None]], None, "数值是空的"),
        ([[1.0, 2.0], [3.0, 4.0]], None, "一行或一列"),
        ([[1.0, 2.0]], [[1.0]], "有 1 个时间、2 个数值"),
        ([[1.0, 2.0]], [[1.0, 1.0]], "两个相同的时间"),
        ([[1.0, 2.0]], [[1.0, None]], "第 2 个时间是“”"),
        ([[1.0, 2.0]], [[1.0, "#REF!"]], "第 2 个时间是“#REF!”"),
        ([[1.0, None]], [[1.0, 2.0]], "只有 1 期"),
    ],
)
def test_a_trend_that_cannot_be_told_says_why(values: Any, times: Any, said: str) -> None:
    assert said in told(PB_TREND(values, times))


def test_fewer_than_five_answers_are_hidden_however_few_are_asked_for() -> None:
    four = [[5.0, 4.0, 0.0, "不了解", None, 3.0, 2.0]]
    assert told(PB_SURVEY(four)) == "#PB: 不满 5 份，不显示。"
    assert "最少份数是 4" in told(PB_SURVEY([[5.0] * 9], [[4.0]]))
    assert "不满 10 份" in told(PB_SURVEY([[5.0] * 9], [[10.0]]))
    assert PB_SURVEY([[*four[0], 1.0]])[0][:3] == [5, 3.0, 0.4]
    # 19 of 38, published by R: 0.3485 to 0.6515.
    assert PB_SURVEY([[4.0] * 19 + [1.0] * 19])[0] == [38, 2.5, 0.5, pytest.approx(0.348499283643951), pytest.approx(0.651500716356049)]  # fmt: skip
    # (5·4 + 3·3) ÷ 8 = 3.625, half up 3.63.
    assert PB_SURVEY([[4.0] * 5 + [3.0] * 3])[0][1] == 3.63
    assert "第 1 行第 2 列是 3.5" in told(PB_SURVEY([[4.0, 3.5, 4.0, 4.0, 4.0]]))
    assert "第 1 行第 1 列是“#REF!”" in told(PB_SURVEY([["#REF!"]]))


def test_without_a_table_a_risk_has_the_zone_of_the_register() -> None:
    pairs = [(one, other) for one in range(1, 6) for other in range(1, 6)]
    rows = [Record(Risks, "", 0, "", {"likelihood": one, "impact": other}, {}) for one, other in pairs]
    found = PB_RISK([[float(one)] for one, _ in pairs], [[float(other)] for _, other in pairs])
    assert found == [[zone_of(row)] for row in rows] and len({line[0] for line in found}) == 4


def test_a_table_of_the_companys_own_is_looked_up_and_must_rise() -> None:
    own = [["可能性＼影响", 1.0, 2.0], [1.0, "低", "中"], [2.0, "中", "高"]]
    assert PB_RISK([[1.0], [None], [2.0]], [[2.0], [None], [2.0]], own) == [["中"], [""], ["高"]]
    assert PB_RISK(2.0, 1.0, [[None, 1.0, 2.0], [1.0, 1.0, 2.0], [2.0, 2.0, 3.0]]) == [[2.0]]
    assert "只升不降" in told(PB_RISK(1.0, 1.0, [own[0], own[1], [2.0, "高", "低"]]))
    assert "没有可能性 3、影响 1 这一格" in told(PB_RISK(3.0, 1.0, own))
    assert "第 2 行第 3 列没有等级" in told(PB_RISK(1.0, 1.0, [own[0], [1.0, "低", None]]))
    assert "两格" in told(PB_RISK(1.0, 1.0, [own[0], own[1], own[1]]))
    assert "中间逐格填等级" in told(PB_RISK(1.0, 1.0, [["低"]]))
    assert "可能性有 1 个，影响有 2 个" in told(PB_RISK(1.0, [[1.0, 2.0]]))
    assert "第 1 个影响是“大”" in told(PB_RISK(1.0, "大"))


# --- whatever stands in the cells -----------------------------------------------------------------------------------

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9).map(float), st.floats(), st.text(max_size=4), st.decimals(),
    st.datetimes(), st.dates(), st.sampled_from(["#DIV/0!", "#N/A", "不适用", "达标", "放假", "09:00-12:00", "2026-03-02 09:30"]),
    st.sampled_from([46083.0, 46083.5, 1e300, -1e300, 5e-324, 10.0**16]),
)  # fmt: skip
RANGES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=4)
)
ARGUMENTS = st.one_of(RANGES, CELLS)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([function.name for function in cell_functions()]), st.data())
def test_whatever_stands_in_the_cells_the_answer_is_a_rectangle_of_cells(name: str, data: st.DataObject) -> None:
    function = next(one for one in cell_functions() if one.name == name)
    arguments = [data.draw(ARGUMENTS) for _ in function.arguments]
    if name == "PB_FIRST":
        arguments[2] = [[10.0]]  # a million draws would only take long
    found = getattr(functions, name)(*arguments)
    assert found and len({len(row) for row in found}) == 1
    for row in found:
        for cell in row:
            assert isinstance(cell, str | int | float | datetime) and not isinstance(cell, bool)
            assert cell == cell and cell not in (float("inf"), float("-inf"))


def test_numbers_that_no_cell_can_hold_are_told() -> None:
    assert "放不进单元格" in told(PB_TREND([[1.7e308, 1.7e308, 0.1, -1.7e308]]))
    # EAC = 1.7·10^308 ÷ (1 ÷ 5) is more than a cell holds; the other project has its numbers.
    lines = PB_BUDGET([[1.0], [1.0]], [[1.0], [1.0]], [[5.0], [1.0]], [[1.7e308], [2.0]])
    assert "放不进单元格" in lines[0][0] and lines[1] == [0.5, 0.0, 0.0, 1.0, 1.0, 2.0]


def test_scores_take_a_bare_cell_as_a_range_of_one() -> None:
    assert PB_SCORE(4.0, 1.0) == [[80.0]] and PB_RANK(80.0) == [[1]]
