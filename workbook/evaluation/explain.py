"""Owns the words and rows that say why a score is what it is, the same in a cell, a command and a page."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from workbook.evaluation.exact import half_up, largest_remainder
from workbook.evaluation.model import Outcome, Part, PartState, State

HUNDRED = Decimal("100.00")
NOTHING = Decimal("0.00")
STATES = {
    "zh": {State.RANKED: "已排名", State.DISQUALIFIED: "否决", State.BLOCKED: "暂不能评"},
    "en": {State.RANKED: "ranked", State.DISQUALIFIED: "disqualified", State.BLOCKED: "not yet rated"},
}
PART_STATES = {
    "zh": {PartState.SCORED: "已评", PartState.NA: "不适用", PartState.MISSING: "无数据"},
    "en": {PartState.SCORED: "scored", PartState.NA: "not applicable", PartState.MISSING: "no data"},
}


class WhyRow(NamedTuple):
    """One indicator's part. `weight` is its percentage of the score (two decimals; scored rows add up to 100.00),
    `mean` the mean mark with four decimals or None, `contribution` its points (rows add up to the score)."""

    dimension: str
    title: str
    weight: Decimal
    mean: Decimal | None
    contribution: Decimal
    marks: tuple[str, ...]
    state: PartState


def why_rows(outcome: Outcome) -> tuple[WhyRow, ...]:
    """One row per indicator in the order of the tree: dimension, title, weight %, mean, contribution, marks, state."""
    counted = any(part.weight for part in outcome.parts)
    shares: tuple[Decimal, ...] = (NOTHING,) * len(outcome.parts)
    if counted:
        shares = largest_remainder([part.weight * 100 for part in outcome.parts], HUNDRED)
    return tuple(
        WhyRow(
            part.dimension_title or part.dimension, part.title, share,
            None if part.mean is None else half_up(part.mean, 4), part.contribution, part.marks, part.state,
        )
        for part, share in zip(outcome.parts, shares, strict=True)
    )  # fmt: skip


def why_lines(outcome: Outcome, lang: str = "zh") -> tuple[str, ...]:
    """The outcome in sentences: what it is, its causes and notes, each indicator's part, the way to the next grade.

    `lang` is "zh" or "en". Causes, notes and the next step are part of the outcome and stand in Chinese in both.
    """
    head = _head_zh(outcome) if lang == "zh" else _head_en(outcome)
    parts = [_part(part, row.weight, lang) for part, row in zip(outcome.parts, why_rows(outcome), strict=True)]
    return (head, *outcome.reasons, *outcome.notes, *parts, *((outcome.next_step,) if outcome.next_step else ()))


def _head_zh(outcome: Outcome) -> str:
    score = "无得分" if outcome.score is None else f"{outcome.score} 分"
    place = f"，第 {outcome.rank} 名" if outcome.rank is not None else ""
    level = f"，{outcome.grade} 级" if outcome.grade else ""
    state = STATES["zh"][outcome.state]
    return f"{outcome.candidate}：{state}，{score}{place}{level}（评审人 {outcome.reviewers} 位，覆盖率 {outcome.coverage}%）"


def _head_en(outcome: Outcome) -> str:
    score = "no score" if outcome.score is None else f"{outcome.score} points"
    place = f", rank {outcome.rank}" if outcome.rank is not None else ""
    level = f", grade {outcome.grade}" if outcome.grade else ""
    state = STATES["en"][outcome.state]
    return (
        f"{outcome.candidate}: {state}, {score}{place}{level} "
        f"({outcome.reviewers} reviewers, coverage {outcome.coverage}%)"
    )


def _part(part: Part, weight: Decimal, lang: str) -> str:
    chinese = lang == "zh"
    where = f"{part.dimension_title or part.dimension}·{part.title}"
    colon = "：" if chinese else ": "
    if part.state is not PartState.SCORED or part.mean is None:
        return f"{where}{colon}{PART_STATES['zh' if chinese else 'en'][part.state]}{_sources(part, chinese)}"
    sum_ = f"{_short(part.mean)} ÷ 5 × {weight}%"
    points = f"{part.contribution} 分" if chinese else f"{part.contribution} points"
    return f"{where}{colon}{sum_} → {points}{_sources(part, chinese)}"


def _sources(part: Part, chinese: bool) -> str:
    if not part.marks:
        return ""
    return f"（{'、'.join(part.marks)}）" if chinese else f" ({', '.join(part.marks)})"


def _short(mean: Fraction) -> str:
    return format(half_up(mean, 2).normalize(), "f")
