"""Owns the plain values that scoring takes and gives: the tree of indicators, marks, gates, policy, and outcomes.

Field terms: candidate, dimension, indicator, reviewer, weight, gate, score, rank, grade. A mark is 1 to 5; every other
state of a mark has its own place here and is never a 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from fractions import Fraction


class State(Enum):
    """What became of a candidate: only the ranked ones have a rank and a grade."""

    RANKED = "ranked"
    DISQUALIFIED = "disqualified"  # a gate failed; the score is still shown with its reason
    BLOCKED = "blocked"  # too few reviewers or too little of the weight is covered: no rank, no grade


class PartState(Enum):
    """What became of an indicator for one candidate."""

    SCORED = "scored"
    NA = "na"  # does not apply to this candidate: the rest of its dimension is renormalised
    MISSING = "missing"  # nobody marked it


@dataclass(frozen=True)
class Indicator:
    """One leaf of the tree; `weight` counts within its dimension. A `banded` one gets its mark from a band table."""

    key: str
    title: str
    weight: Decimal
    banded: bool = False


@dataclass(frozen=True)
class Dimension:
    """One branch of the tree; `weight` counts among the dimensions."""

    key: str
    title: str
    weight: Decimal
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True)
class Mark:
    """One mark of one reviewer: `value` 1 to 5, or None for 不适用. `source` names where it stands (M-0017)."""

    candidate: str
    reviewer: str
    indicator: str
    value: int | None
    source: str


@dataclass(frozen=True)
class Measured:
    """The mark of a banded indicator, from raw numbers: `value` is None while there is none, a fraction where several
    marks were averaged. One that does not apply to the candidate is dropped like 不适用."""

    candidate: str
    indicator: str
    value: int | Fraction | None
    source: str
    applies: bool = True


@dataclass(frozen=True)
class Gate:
    """One condition that no score can buy; `reason` says why it failed."""

    name: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """One candidate of a panel. `blocked` gives reasons from outside the marks (a doubled key) not to rank it."""

    candidate: str
    gates: tuple[Gate, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Band:
    """Half-open [low, high) unless it says otherwise; None is unbounded. The top band of grades is closed at its high end.

    `after_low` leaves the low end out, `with_high` takes the high end in: (100, 102] is both.
    """

    low: Decimal | None
    high: Decimal | None
    label: str
    after_low: bool = False
    with_high: bool = False


@dataclass(frozen=True)
class Policy:
    """What staff set: the fewest reviewers, the least share of the weight that must be covered (percent), whether a
    dimension may be wholly 不适用, and the dimension keys by whose score a tie is broken, in order."""

    minimum_reviewers: int = 3
    minimum_coverage: Decimal = Decimal(80)
    whole_dimension_may_be_na: bool = False
    tie_breaks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One indicator's part in a score. `weight` is the global weight that counted (sums to 1 over scored parts),
    `mean` the mean mark, `contribution` its points of the 100, rounded so that all parts add up to the shown score."""

    dimension: str
    indicator: str
    title: str
    state: PartState
    weight: Fraction
    mean: Fraction | None
    contribution: Decimal
    marks: tuple[str, ...]
    dimension_title: str = ""


@dataclass(frozen=True)
class Outcome:
    """What scoring says of one candidate. `score` is on 100 with two decimals, None where nothing can be said.

    `dimensions` holds each dimension's score on 1–5 (exact), None where it is wholly NA or MISSING; `order` is the
    place in a list (1 to n, ranked first, ties by candidate key); `coverage` is a percentage with one decimal.
    """

    candidate: str
    state: State
    score: Decimal | None
    rank: int | None
    order: int
    grade: str
    dimensions: Mapping[str, Fraction | None]
    parts: tuple[Part, ...]
    coverage: Decimal
    reviewers: int
    reasons: tuple[str, ...] = ()
    next_step: str = ""
    notes: tuple[str, ...] = field(default=())
