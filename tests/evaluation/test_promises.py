"""Whatever the panel: no order, no scale of weights and no weaker candidate changes anyone's official score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.sheets import GRADES
from workbook.evaluation import score_panel, why_lines, why_rows
from workbook.evaluation.model import Dimension, Entry, Gate, Indicator, Mark, Measured, Outcome, Policy, State

NO_MARK = -1
WEIGHTS = st.integers(1, 400).map(lambda tenths: Decimal(tenths) / 10)


@dataclass(frozen=True)
class Case:
    dimensions: tuple[Dimension, ...]
    entries: tuple[Entry, ...]
    marks: tuple[Mark, ...]
    measured: tuple[Measured, ...]
    recused: frozenset[tuple[str, str]]
    policy: Policy

    def outcomes(self) -> tuple[Outcome, ...]:
        return score_panel(self.dimensions, self.entries, self.marks, self.measured, self.recused, self.policy, GRADES)


@st.composite
def trees(draw: st.DrawFn) -> tuple[Dimension, ...]:
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    return tuple(
        Dimension(
            f"S{d}",
            f"维度{d}",
            draw(WEIGHTS),
            tuple(Indicator(f"S{d}.{i}", f"指标{d}.{i}", draw(WEIGHTS), draw(st.booleans())) for i in range(size)),
        )
        for d, size in enumerate(sizes)
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any tree and any marks: some missing, some not applicable, some reviewers recused, some gates failed."""
    tree = draw(trees())
    leaves = [leaf for dimension in tree for leaf in dimension.indicators]
    candidates = [f"C-{n}" for n in range(draw(st.integers(1, 4)))]
    reviewers = [f"R-{n}" for n in range(draw(st.integers(1, 4)))]
    said: st.SearchStrategy[int | None] = st.sampled_from([1, 2, 3, 4, 5, None, NO_MARK])
    marks = [
        Mark(c, r, leaf.key, value, f"{c}/{r}/{leaf.key}")
        for c in candidates
        for r in reviewers
        for leaf in leaves
        if (value := draw(said)) != NO_MARK
    ]
    measured = [
        Measured(c, leaf.key, draw(st.sampled_from([1, 2, 3, 4, 5, None])), f"{c}/{leaf.key}")
        for c in candidates
        for leaf in leaves
        if leaf.banded
    ]
    entries = tuple(Entry(c, (Gate("执照", draw(st.sampled_from([True, True, True, False]))),)) for c in candidates)
    pairs = [(r, c) for r in reviewers for c in candidates]
    policy = Policy(
        draw(st.integers(0, 2)),
        Decimal(draw(st.sampled_from([0, 50, 80]))),
        draw(st.booleans()),
        tuple(draw(st.lists(st.sampled_from([d.key for d in tree]), max_size=2, unique=True))),
    )
    recused = frozenset(draw(st.lists(st.sampled_from(pairs), max_size=2)))
    return Case(tree, entries, tuple(marks), tuple(measured), recused, policy)


@given(cases(), st.randoms(use_true_random=False))
def test_no_order_matters(case: Case, random: object) -> None:
    shuffled: Callable[[list[object]], None] = random.shuffle  # type: ignore[attr-defined]
    entries, marks, measured = list(case.entries), list(case.marks), list(case.measured)
    for values in (entries, marks, measured):
        shuffled(values)  # type: ignore[arg-type]
    again = replace(case, entries=tuple(entries), marks=tuple(marks), measured=tuple(measured))
    assert again.outcomes() == case.outcomes()


@given(cases(), st.fractions(Fraction(1, 1000), 1000, max_denominator=1000).filter(bool))
def test_weights_count_by_their_proportions(case: Case, factor: Fraction) -> None:
    # A factor of tens and halves, so that the weights stay exact decimals; another one within the dimensions.
    exactly, within = Decimal(factor.numerator) / 8, Decimal(factor.denominator) / 16
    scaled = tuple(
        replace(
            dimension,
            weight=dimension.weight * exactly,
            indicators=tuple(replace(leaf, weight=leaf.weight * within) for leaf in dimension.indicators),
        )
        for dimension in case.dimensions
    )
    assert replace(case, dimensions=scaled).outcomes() == case.outcomes()


@given(cases())
def test_a_weaker_newcomer_changes_nobodys_score_rank_or_grade(case: Case) -> None:
    # The newcomer has the lowest mark wherever anyone has a mark, so it comes after or beside everybody.
    leaves = [leaf for dimension in case.dimensions for leaf in dimension.indicators]
    marks = [Mark("C-new", f"R-{n}", leaf.key, 1, f"new/{n}/{leaf.key}") for leaf in leaves for n in range(3)]
    measured = [Measured("C-new", leaf.key, 1, f"new/{leaf.key}") for leaf in leaves if leaf.banded]
    more = replace(
        case,
        entries=(Entry("C-new"), *case.entries),
        marks=(*marks, *case.marks),
        measured=(*measured, *case.measured),
    )
    before = {one.candidate: one for one in case.outcomes()}
    after = {one.candidate: one for one in more.outcomes() if one.candidate != "C-new"}
    assert after.keys() == before.keys()
    for key, one in after.items():
        was = before[key]
        assert (one.score, one.rank, one.grade, one.parts) == (was.score, was.rank, was.grade, was.parts)


@given(cases())
@settings(max_examples=200)
def test_every_outcome_holds_together(case: Case) -> None:
    outcomes = case.outcomes()
    assert [one.order for one in outcomes] == list(range(1, len(outcomes) + 1))
    for one in outcomes:
        assert (one.rank is not None) == (one.state is State.RANKED)
        assert bool(one.grade) == (one.state is State.RANKED)
        assert bool(one.reasons) == (one.state is not State.RANKED)
        assert 0 <= one.coverage <= 100
        if one.score is None:
            assert not any(part.contribution for part in one.parts)
            continue
        assert 20 <= one.score <= 100
        assert sum(part.contribution for part in one.parts) == one.score
        assert sum(part.weight for part in one.parts) == 1
        assert sum(row.weight for row in why_rows(one)) == 100
        assert sum(row.contribution for row in why_rows(one)) == one.score
        assert len(why_lines(one)) >= 1 + len(one.parts)
    ranked = [one for one in outcomes if one.state is State.RANKED]
    assert all((a.score or 0) >= (b.score or 0) for a, b in pairwise(ranked))
    assert all((one.next_step == "") == (one.grade == "A") for one in ranked)
