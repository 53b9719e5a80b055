"""Owns the small panel that the scoring tests share: a tree of three dimensions, and marks written as text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from workbook.evaluation import score_panel
from workbook.evaluation.model import Band, Dimension, Entry, Gate, Indicator, Mark, Measured, Outcome, Policy

TREE = (
    Dimension(
        "S3",
        "技术",
        Decimal(50),
        (Indicator("a1", "技术水平", Decimal(60)), Indicator("a2", "架构先进性", Decimal(40))),
    ),
    Dimension("S6", "运营", Decimal(30), (Indicator("b1", "项目管理", Decimal(100)),)),
    Dimension(
        "S9",
        "文化",
        Decimal(20),
        (Indicator("c1", "沟通偏好", Decimal(50)), Indicator("c2", "研发团队规模", Decimal(50), banded=True)),
    ),
)
GRADES = (
    Band(Decimal(90), Decimal(100), "A"),
    Band(Decimal(80), Decimal(90), "B"),
    Band(Decimal(60), Decimal(80), "C"),
    Band(Decimal(0), Decimal(60), "D"),
)
LOOSE = Policy(minimum_reviewers=1, minimum_coverage=Decimal(0))
REVIEWED = ("a1", "a2", "b1", "c1")


def sheet(candidate: str, reviewer: str, text: str) -> list[Mark]:
    """One reviewer's marks for a1, a2, b1, c1: `5 4 n -` is 5, 4, not applicable, no mark."""
    return [
        Mark(candidate, reviewer, key, None if sign == "n" else int(sign), f"{candidate}/{reviewer}/{key}")
        for key, sign in zip(REVIEWED, text.split(), strict=True)
        if sign != "-"
    ]


def panel(
    sheets: Mapping[str, Mapping[str, str]],
    heads: Mapping[str, int | None] | None = None,
    recused: Collection[tuple[str, str]] = (),
    policy: Policy = LOOSE,
    gates: Mapping[str, tuple[Gate, ...]] | None = None,
    blocked: Mapping[str, tuple[str, ...]] | None = None,
    tree: tuple[Dimension, ...] = TREE,
) -> dict[str, Outcome]:
    """The outcomes of a panel by candidate, in their order. `heads` is the mark of the banded indicator, 3 if unsaid."""
    entries = [Entry(key, (gates or {}).get(key, ()), (blocked or {}).get(key, ())) for key in sheets]
    marks = [mark for key, by in sheets.items() for reviewer, text in by.items() for mark in sheet(key, reviewer, text)]
    measured = [Measured(key, "c2", (heads or {}).get(key, 3), f"{key}/人数") for key in sheets]
    outcomes = score_panel(tree, entries, marks, measured, recused, policy, GRADES)
    return {outcome.candidate: outcome for outcome in outcomes}


def one(text: str, **options: object) -> Outcome:
    """The outcome of a single candidate C-1 with a single reviewer R-1."""
    return panel({"C-1": {"R-1": text}}, **options)["C-1"]  # type: ignore[arg-type]
