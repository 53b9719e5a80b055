"""A panel is scored as by hand: means, the four states of a mark, gates, blocks, ranks, ties, contributions."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.evaluation.sheets import GRADES, LOOSE, TREE, one, panel, sheet
from workbook.evaluation import score_panel
from workbook.evaluation.model import Entry, Gate, Mark, Measured, PartState, Policy, State
from workbook.evaluation.refusals import (
    DoubledCandidate,
    MarkOutOfScale,
    TreeRefused,
    UnknownCandidate,
    UnknownIndicator,
    WeightsRefused,
)


def test_a_score_is_the_weighted_mean_of_means_on_a_hundred() -> None:
    # a1 (5+4)/2 = 4.5, a2 4, b1 (3+4)/2 = 3.5, c1 5, c2 3 by its band.
    # 技术 .6·4.5 + .4·4 = 4.3; 运营 3.5; 文化 (5 + 3)/2 = 4. Score .5·4.3 + .3·3.5 + .2·4 = 4.00, on a hundred 80.
    found = panel({"C-1": {"R-1": "5 4 3 5", "R-2": "4 4 4 5"}})["C-1"]
    assert found.dimensions == {"S3": Fraction(43, 10), "S6": Fraction(7, 2), "S9": Fraction(4)}
    assert (str(found.score), found.rank, found.order, found.grade) == ("80.00", 1, 1, "B")
    assert (found.state, str(found.coverage), found.reviewers, found.reasons) == (State.RANKED, "100.0", 2, ())
    # Points: .30·4.5·20 = 27, .20·4·20 = 16, .30·3.5·20 = 21, .10·5·20 = 10, .10·3·20 = 6.
    assert [(part.indicator, part.weight, str(part.contribution)) for part in found.parts] == [
        ("a1", Fraction(3, 10), "27.00"),
        ("a2", Fraction(1, 5), "16.00"),
        ("b1", Fraction(3, 10), "21.00"),
        ("c1", Fraction(1, 10), "10.00"),
        ("c2", Fraction(1, 10), "6.00"),
    ]
    assert found.parts[0].marks == ("C-1/R-1/a1", "C-1/R-2/a1")
    assert found.parts[4].marks == ("C-1/人数",)


def test_what_does_not_apply_is_dropped_and_its_dimension_keeps_its_weight() -> None:
    # a1 不适用: 技术 is a2 alone, 2. Score .5·2 + .3·4 + .2·(4+3)/2 = 1 + 1.2 + .7 = 2.9, on a hundred 58.
    found = one("n 2 4 4")
    assert str(found.score) == "58.00" and found.dimensions["S3"] == 2
    assert found.parts[0].state is PartState.NA and found.parts[0].mean is None
    assert found.parts[0].marks == ("C-1/R-1/a1",) and found.parts[0].contribution == 0
    assert found.parts[1].weight == Fraction(1, 2)
    assert str(found.coverage) == "100.0"  # what does not apply needs no cover


def test_what_is_missing_is_dropped_too_but_shows_in_the_coverage() -> None:
    # b1 has its own dimension, so leave a1 out: its global weight is .5·.6 = .30, coverage 70 %.
    found = one("- 2 4 4")
    assert str(found.score) == "58.00"
    assert found.parts[0].state is PartState.MISSING and found.parts[0].marks == ()
    assert str(found.coverage) == "70.0"


def test_coverage_counts_what_applies_and_is_rounded_half_up() -> None:
    # a2 (.20) does not apply, c1 (.10) is missing: .70 ÷ .80 = 87.5 %.
    assert str(one("4 n 4 -").coverage) == "87.5"


def test_one_who_marks_counts_more_than_one_who_says_not_applicable() -> None:
    found = panel({"C-1": {"R-1": "n 4 4 4", "R-2": "2 4 4 4"}})["C-1"]
    assert found.parts[0].mean == 2 and found.parts[0].marks == ("C-1/R-2/a1",)


def test_a_recused_reviewers_whole_sheet_is_out() -> None:
    both = {"C-1": {"R-1": "5 5 5 5", "R-2": "1 1 1 1"}, "C-2": {"R-1": "3 3 3 3", "R-2": "3 3 3 3"}}
    found = panel(both, recused={("R-2", "C-1")})
    # .5·5 + .3·5 + .2·(5+3)/2 = 4.8
    assert str(found["C-1"].score) == "96.00" and found["C-1"].reviewers == 1
    assert found["C-1"].notes == ("评审人 R-2 已回避，其 4 项评分不计",)
    assert str(found["C-2"].score) == "60.00" and found["C-2"].reviewers == 2


def test_reviewers_marks_on_a_banded_indicator_are_ignored() -> None:
    stray = Mark("C-1", "R-9", "c2", 1, "M-9")
    entries, marks = [Entry("C-1")], [*sheet("C-1", "R-1", "3 3 3 3"), stray]
    (found,) = score_panel(TREE, entries, marks, [Measured("C-1", "c2", 3, "人数")], (), LOOSE, GRADES)
    assert str(found.score) == "60.00" and found.reviewers == 1


def test_a_raw_number_that_is_not_there_is_missing() -> None:
    found = one("4 4 4 4", heads={"C-1": None})
    assert found.parts[4].state is PartState.MISSING and str(found.coverage) == "90.0"


def test_a_failed_gate_shows_the_score_and_takes_no_rank() -> None:
    gates = {"C-1": (Gate("营业执照", False, "营业执照已过期"), Gate("许可", True))}
    found = panel({"C-1": {"R-1": "5 5 5 5"}, "C-2": {"R-1": "3 3 3 3"}}, {"C-1": 5}, gates=gates)
    best = found["C-1"]
    assert (best.state, str(best.score), best.rank, best.grade, best.next_step) == (State.DISQUALIFIED, "100.00", None, "", "")  # fmt: skip
    assert best.reasons == ("营业执照已过期",)
    assert (found["C-2"].rank, found["C-2"].order, best.order) == (1, 1, 2)


def test_a_failed_gate_wins_over_a_block_and_says_its_name_without_a_reason() -> None:
    found = one("- - - -", gates={"C-1": (Gate("营业执照", False),)}, heads={"C-1": None})
    assert found.state is State.DISQUALIFIED and found.score is None
    assert found.reasons == ("门槛“营业执照”未通过",)


def test_too_few_reviewers_or_too_little_coverage_blocks_with_figures() -> None:
    found = one("- 4 4 4", policy=Policy())
    assert (found.state, found.rank, found.grade, found.next_step) == (State.BLOCKED, None, "", "")
    assert found.reasons == ("只有 1 位评审人打分，至少要 3 位", "覆盖率 70.0%，低于 80%")
    assert str(found.score) == "78.00"  # .5·4 + .3·4 + .2·3.5 = 3.9: still computed


def test_a_reviewer_who_only_says_not_applicable_is_no_reviewer() -> None:
    found = panel({"C-1": {"R-1": "4 4 4 4", "R-2": "n n n n"}}, policy=replace(LOOSE, minimum_reviewers=2))["C-1"]
    assert found.reviewers == 1 and found.state is State.BLOCKED


def test_a_dimension_without_a_mark_blocks_whatever_the_policy() -> None:
    generous = replace(LOOSE, whole_dimension_may_be_na=True)
    found = one("4 4 - 4", policy=generous)
    assert found.state is State.BLOCKED and found.reasons == ("维度“运营”没有任何评分",)
    assert found.dimensions["S6"] is None
    # The two others carry 50 and 20: (.5·4 + .2·3.5) ÷ .7 = 2.7 ÷ .7 = 3.857142…, on a hundred 77.14.
    assert str(found.score) == "77.14" and sum(part.contribution for part in found.parts) == found.score


def test_a_dimension_that_does_not_apply_blocks_unless_policy_lets_it_go() -> None:
    strict = one("4 4 n 4")
    assert strict.state is State.BLOCKED and strict.reasons == ("维度“运营”全部不适用",)
    loose = one("4 4 n 4", policy=replace(LOOSE, whole_dimension_may_be_na=True))
    assert loose.state is State.RANKED and str(loose.score) == "77.14"


def test_nobody_who_has_nothing_is_ranked() -> None:
    policy = Policy(0, Decimal(0), whole_dimension_may_be_na=True)
    tree = TREE[:2]
    (found,) = score_panel(tree, [Entry("C-1")], sheet("C-1", "R-1", "n n n -"), [], (), policy, GRADES)
    assert (found.state, found.score, str(found.coverage)) == (State.BLOCKED, None, "0.0")
    assert found.reasons == ("全部维度都不适用，没有可以计的分",)


def test_a_dimension_that_weighs_nothing_blocks_nobody() -> None:
    tree = (TREE[0], replace(TREE[1], weight=Decimal(0)), TREE[2])
    assert one("4 4 - 4", tree=tree).state is State.RANKED


def test_a_reason_from_outside_blocks() -> None:
    found = panel({"C-1": {"R-1": "5 5 5 5"}, "C-2": {"R-1": "3 3 3 3"}}, blocked={"C-1": ("候选编号重复",)})
    assert found["C-1"].state is State.BLOCKED and found["C-1"].reasons == ("候选编号重复",)
    assert found["C-2"].rank == 1


def test_a_mark_given_twice_does_not_count_and_both_rows_are_named() -> None:
    twice = [Mark("C-1", "R-1", "a1", 5, "M-10"), Mark("C-1", "R-1", "a1", 1, "M-9")]
    marks = [*twice, *sheet("C-1", "R-1", "- 4 4 4"), *sheet("C-1", "R-2", "3 4 4 4")]
    (found,) = score_panel(TREE, [Entry("C-1")], marks, [Measured("C-1", "c2", 4, "人数")], (), LOOSE, GRADES)
    assert found.parts[0].mean == 3 and found.parts[0].marks == ("C-1/R-2/a1",)
    assert found.notes == ("评审人 R-1 对指标 a1 有重复的评分 M-9、M-10，都不计入。请只保留一条",)


def test_a_measured_value_given_twice_does_not_count() -> None:
    measured = [Measured("C-1", "c2", 5, "行 2"), Measured("C-1", "c2", 4, "行 3")]
    (found,) = score_panel(TREE, [Entry("C-1")], sheet("C-1", "R-1", "4 4 4 4"), measured, (), LOOSE, GRADES)
    assert found.parts[4].state is PartState.MISSING
    assert found.notes == ("指标 c2 有重复的评分 行 2、行 3，都不计入。请只保留一条",)


def test_ranks_are_one_two_two_four_and_equals_stand_in_the_order_of_their_numbers() -> None:
    marks = {"C-3": "3 3 3 3", "C-10": "4 4 4 4", "C-2": "4 4 4 4", "C-1": "5 5 5 5"}
    found = panel({key: {"R-1": text} for key, text in marks.items()})
    assert [(key, one.rank, one.order) for key, one in found.items()] == [
        ("C-1", 1, 1),
        ("C-2", 2, 2),
        ("C-10", 2, 3),
        ("C-3", 4, 4),
    ]


def test_an_exact_tie_is_a_tie_and_the_policy_may_break_it() -> None:
    # 技术 4.6 (.6·5 + .4·4), 运营 3: .5·4.6 + .3·3 = 3.2. 技术 4 and 运营 4: 2 + 1.2 = 3.2. 文化 is equal.
    sheets = {"C-1": {"R-1": "4 4 4 3"}, "C-2": {"R-1": "5 4 3 3"}}
    tie = panel(sheets)
    assert {key: (one.rank, str(one.score)) for key, one in tie.items()} == {"C-1": (1, "76.00"), "C-2": (1, "76.00")}
    assert tie["C-1"].notes == ()
    broken = panel(sheets, policy=replace(LOOSE, tie_breaks=("S3",)))
    assert {key: one.rank for key, one in broken.items()} == {"C-2": 1, "C-1": 2}
    assert broken["C-1"].notes == ("与 C-2 同为 76.00 分，名次依次比较技术得出",)
    other = panel(sheets, policy=replace(LOOSE, tie_breaks=("S9", "S6", "S3")))
    assert {key: one.rank for key, one in other.items()} == {"C-1": 1, "C-2": 2}
    exhausted = panel(sheets, policy=replace(LOOSE, tie_breaks=("S9",)))
    assert [one.rank for one in exhausted.values()] == [1, 1]


def test_the_rounded_score_decides_rank_and_grade() -> None:
    # One dimension, 1000 parts of weight: 4.49975 is 89.995 on a hundred and rounds up to 90.00, an A.
    # Means: a1 of weight 0.49975 at 5, a2 of weight 0.50025 at 4 → 4 + 0.49975.
    weights = (Decimal("49.975"), Decimal("50.025"))
    leaves = tuple(replace(leaf, weight=weight) for leaf, weight in zip(TREE[0].indicators, weights, strict=True))
    tree = (replace(TREE[0], indicators=leaves),)
    marks = [*sheet("C-1", "R-1", "5 4 - -")]
    (found,) = score_panel(tree, [Entry("C-1")], marks, [], (), LOOSE, GRADES)
    assert (str(found.score), found.grade) == ("90.00", "A")


@pytest.mark.parametrize(
    "mark, error, said",
    [
        (Mark("C-9", "R-1", "a1", 3, "M-7"), UnknownCandidate, "M-7.*C-9"),
        (Mark("C-1", "R-1", "zz", 3, "M-7"), UnknownIndicator, "M-7.*zz"),
        (Mark("C-1", "R-1", "a1", 0, "M-7"), MarkOutOfScale, "M-7.*0"),
        (Mark("C-1", "R-1", "a1", 6, "M-7"), MarkOutOfScale, "M-7.*6"),
        (Mark("C-1", "R-1", "a1", 3.5, "M-7"), MarkOutOfScale, "M-7.*3.5"),  # type: ignore[arg-type]
        (Mark("C-1", "R-1", "a1", True, "M-7"), MarkOutOfScale, "M-7"),
        (Measured("C-9", "c2", 3, "行 7"), UnknownCandidate, "行 7"),
        (Measured("C-1", "c2", 9, "行 7"), MarkOutOfScale, "行 7"),
        (Measured("C-1", "a1", 3, "行 7"), UnknownIndicator, "行 7.*评审人打分"),
    ],
)
def test_a_mark_that_does_not_belong_is_refused_by_its_row(
    mark: Mark | Measured, error: type[Exception], said: str
) -> None:
    marks = [mark] if isinstance(mark, Mark) else []
    measured = [mark] if isinstance(mark, Measured) else []
    with pytest.raises(error, match=said):
        score_panel(TREE, [Entry("C-1")], marks, measured, (), LOOSE, GRADES)


def test_a_panel_that_cannot_be_scored_says_why() -> None:
    with pytest.raises(DoubledCandidate, match="C-1"):
        score_panel(TREE, [Entry("C-1"), Entry("C-1")], [], [], (), LOOSE, GRADES)
    with pytest.raises(TreeRefused, match="S99"):
        score_panel(TREE, [], [], [], (), replace(LOOSE, tie_breaks=("S99",)), GRADES)
    with pytest.raises(WeightsRefused, match="技术"):
        score_panel((replace(TREE[0], indicators=()),), [], [], [], (), LOOSE, GRADES)
    assert score_panel(TREE, [], [], [], (), LOOSE, GRADES) == ()


def test_without_grades_nobody_has_one() -> None:
    (found,) = score_panel(TREE[:2], [Entry("C-1")], sheet("C-1", "R-1", "4 4 4 -"), [], (), LOOSE, ())
    assert (found.rank, found.grade, found.next_step) == (1, "", "")


# --- the way to the next grade --------------------------------------------------------------------------------------


def test_the_next_grade_is_one_mark_away() -> None:
    # All 4 and heads 5: .5·4 + .3·4 + .2·4.5 = 4.1 → 82; A is 8 points off. A mark more gives 6 for a1 or b1 (.3·20),
    # so one mark is nowhere enough, and none has two to rise: two indicators, those of .30, the last as far as needed.
    found = one("4 4 4 4", heads={"C-1": 5})
    assert str(found.score) == "82.00"
    assert found.next_step == "距 A 级差 8 分：技术水平 4 → 5、项目管理 4 → 5"


def test_the_smallest_rise_that_is_enough_is_named() -> None:
    # All 4, heads 4: 80.00 is a B. With a1 at 3: 80 − 6 = 74, B is 6 off; a1 3 → 4 gives exactly 6, b1 4 → 5 as well:
    # of equal rises the lower mean is named.
    assert one("3 4 4 4", heads={"C-1": 4}).next_step == "距 B 级差 6 分：技术水平 3 → 4"
    # a2 at 3: 80 − 4 = 76; a2 3 → 4 gives 4 and is enough, as one mark of a1 (6) would be: the lower mean again.
    assert one("4 3 4 4", heads={"C-1": 4}).next_step == "距 B 级差 4 分：架构先进性 3 → 4"
    # a1 at 2 and b1 at 5: 80 − 12 + 6 = 74; a1 gives 6 a mark, and a2's 4 → 5 only 4.
    assert one("2 4 5 4", heads={"C-1": 4}).next_step == "距 B 级差 6 分：技术水平 2 → 3"


def test_one_indicator_may_rise_by_several_marks() -> None:
    # a2 (4 points a mark) at 1, the others 5 except heads 5: .5·(3 + .4) + .3·5 + .2·5 = 1.7 + 2.5 = 4.2 → 84; A is 6
    # off: nothing but a2 can rise, two marks give 8.
    assert one("5 1 5 5", heads={"C-1": 5}).next_step == "距 A 级差 6 分：架构先进性 1 → 3"


def test_a_broken_mean_rises_to_five_at_most() -> None:
    # a1 (4+5)/2 = 4.5, a2 5, b1 4.5, c1 5, heads 5: 100 − 3 − 3 = 94, top grade: nothing to say.
    top = panel({"C-1": {"R-1": "4 5 4 5", "R-2": "5 5 5 5"}}, {"C-1": 5})["C-1"]
    assert (top.grade, top.next_step) == ("A", "")
    # a1 4.5, a2 5, b1 3, c1 5, heads 5: 100 − 3 − 12 = 85, A 5 off: b1 3 → 4 gives 6, a1 4.5 → 5 only 3.
    found = panel({"C-1": {"R-1": "4 5 3 5", "R-2": "5 5 3 5"}}, {"C-1": 5})["C-1"]
    assert found.next_step == "距 A 级差 5 分：项目管理 3 → 4"
    # b1 (4+3)/2 = 3.5, a1 4.5: 100 − 3 − 9 = 88, A 2 off: a1 4.5 → 5 gives 3 and is the smaller rise.
    close = panel({"C-1": {"R-1": "4 5 3 5", "R-2": "5 5 4 5"}}, {"C-1": 5})["C-1"]
    assert close.next_step == "距 A 级差 2 分：技术水平 4.5 → 5"


def test_as_few_indicators_as_possible_and_the_last_no_further_than_needed() -> None:
    # All 1 with heads 1: 20 points, a D; C is 40 off. a1 and b1 gain 24 each at 5: two are enough, and the second
    # (b1) needs 16 of its 24: 6 a mark, three marks.
    assert one("1 1 1 1", heads={"C-1": 1}).next_step == "距 C 级差 40 分：技术水平 1 → 5、项目管理 1 → 4"
