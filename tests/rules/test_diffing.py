"""Why a score changed: whatever changes, the parts add up to the difference of the two official scores, to the cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbook.evaluation.exact import half_up
from workbook.evaluation.model import Dimension, Entry, Indicator, Measured, Outcome, Policy
from workbook.evaluation.selection import score_panel
from workbook.evaluation.weights import hierarchical_weights
from workbook.rules.difference import Half, moves

MEASURES = tuple(f"{head}.{n}" for head in "QRK" for n in (1, 2, 3))
marks = st.one_of(
    st.none(), st.just("na"), st.integers(1, 5), st.fractions(1, 5, max_denominator=7).map(lambda f: Fraction(f))
)


@st.composite
def half(draw: st.DrawFn, version: str) -> Half | None:
    """A scored side under random weights; None where there is no score."""
    codes = draw(st.lists(st.sampled_from(MEASURES), min_size=1, unique=True))
    weights = {code: Decimal(draw(st.integers(1, 60))) / draw(st.sampled_from((1, 3, 10))) for code in codes}
    heads = sorted({code[0] for code in codes})
    dimensions = tuple(
        Dimension(
            f"{version}-{head}", head, Decimal(draw(st.integers(1, 90))),
            tuple(Indicator(f"{version}-{c}", c, weights[c], banded=True) for c in codes if c[0] == head),
        )
        for head in heads
    )  # fmt: skip
    given_marks = {code: draw(marks) for code in codes}
    measured = [
        Measured("P", f"{version}-{c}", None if isinstance(mark, str) else mark, c, applies=mark != "na")
        for c, mark in given_marks.items()
    ]
    (outcome,) = score_panel(dimensions, [Entry("P")], [], measured, (), Policy(0, Decimal(0), True), ())
    return _half(outcome, dimensions, version)


def _half(outcome: Outcome, dimensions: tuple[Dimension, ...], version: str) -> Half | None:
    if outcome.score is None:
        return None
    return Half(outcome.score, outcome.parts, hierarchical_weights(dimensions), version)


@settings(max_examples=400, deadline=None)
@given(half("p1"), st.one_of(half("p1"), half("p2")))
def test_the_moves_add_up_exactly_to_the_difference_of_the_shown_scores(a: Half | None, b: Half | None) -> None:
    if a is None or b is None:
        return
    found = moves(a, b)
    assert sum((move.points for move in found), Decimal(0)) == b.score - a.score
    assert all(move.points == half_up(move.points, 2) for move in found)
    back = moves(b, a)
    assert sum((move.points for move in back), Decimal(0)) == a.score - b.score


@settings(max_examples=100, deadline=None)
@given(half("p1"))
def test_nothing_moves_between_a_side_and_itself(a: Half | None) -> None:
    assert a is None or moves(a, a) == ()


def sides(first: dict[str, int | None], second: dict[str, int | None], *weights: int) -> list[tuple[str, str, str]]:
    """The moves between two sides with measures Q.1 and Q.2 of weight 60 and 40, or other weights on the second side."""
    found = []
    for given_marks, version, shares in ((first, "p1", (60, 40)), (second, "p2", weights or (60, 40))):
        leaves = tuple(Indicator(f"{version}-Q.{n}", f"Q.{n}", Decimal(w), True) for n, w in enumerate(shares, 1))
        tree = (Dimension(f"{version}-Q", "Q", Decimal(100), leaves),)
        measured = [Measured("P", f"{version}-{code}", mark, code) for code, mark in given_marks.items()]
        (outcome,) = score_panel(tree, [Entry("P")], [], measured, (), Policy(0, Decimal(0), True), ())
        half = _half(outcome, tree, version)
        assert half is not None
        found.append(half)
    return [(move.code, move.kind, str(move.points)) for move in moves(*found)]


@pytest.mark.parametrize(
    ("first", "second", "weights", "expected"),
    [
        ({"Q.1": 3, "Q.2": 3}, {"Q.1": 4, "Q.2": 3}, (), [("Q.1", "mark", "12.00")]),
        ({"Q.1": 3, "Q.2": 5}, {"Q.1": 3, "Q.2": 5}, (50, 50), [("Q.1", "weight", "-6.00"), ("Q.2", "weight", "10.00")]),
        # first the mark at the old weight, then the weight at the new mark
        ({"Q.1": 3, "Q.2": 5}, {"Q.1": 4, "Q.2": 5}, (50, 50), [("Q.1", "mark", "12.00"), ("Q.1", "weight", "-8.00"), ("Q.2", "weight", "10.00")]),
        ({"Q.1": 3, "Q.2": 5}, {"Q.1": 3, "Q.2": None}, (), [("Q.1", "renormalised", "24.00"), ("Q.2", "gone", "-40.00")]),
        ({"Q.1": 3, "Q.2": None}, {"Q.1": 3, "Q.2": 5}, (), [("Q.1", "renormalised", "-24.00"), ("Q.2", "appeared", "40.00")]),
    ],
)  # fmt: skip
def test_each_cause_has_its_points_in_the_documented_order(
    first: dict[str, int | None], second: dict[str, int | None], weights: tuple[int, ...], expected: list[tuple[str, str, str]]
) -> None:  # fmt: skip
    assert sides(first, second, *weights) == expected
