"""Owns the rows of performance that a new book begins with: measures, their bands, grades, service levels, incentive rules.

All of them are the policy's defaults, and rows that staff change, version by version.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from workbook.defaults import GRADE_BANDS
from workbook.schema import Label
from workbook.tables.performance import PERFORMANCE_DIMENSIONS
from workbook.tables.selection import GRADES

VERSION = "p1"
WEIGHTS = {"Q": 40, "R": 25, "K": 20, "N": 15}


class Leaf(NamedTuple):
    """A measure: its title, its points of the 100, and what it is computed from; without a metric it is judged."""

    title: Label
    weight: int
    metric: str = ""
    rubric: tuple[Label, ...] = ()


TREE: dict[str, tuple[Leaf, ...]] = {
    "Q": (
        Leaf(Label("功能性符合度", "Functional conformity"), 14, "functional"),
        Leaf(Label("性能达标", "Performance"), 10, "performance"),
        Leaf(Label("质量一致性", "Consistency of quality"), 8, "consistency"),
        Leaf(
            Label("文档规范性", "Documentation"), 8, "",
            (
                Label("缺文件或版本混乱，不能据此验收", "Papers missing or versions mixed up; no acceptance possible"),
                Label("文件齐全，个别处需补充说明", "Complete, with gaps to be explained"),
                Label("齐全、准确、可直接归档和移交", "Complete, exact, ready for the archive"),
            ),
        ),
    ),
    "R": (
        Leaf(Label("问题响应时效", "Response to issues"), 10, "response"),
        Leaf(Label("需求与变更处理周期", "Handling of changes"), 6, "changes"),
        Leaf(Label("紧急情况处理", "Handling of emergencies"), 5, "urgent"),
        Leaf(Label("沟通回复效率", "Replies"), 4, "replies"),
    ),
    "K": (
        Leaf(Label("预算执行率", "Budget execution"), 12, "budget"),
        Leaf(Label("资源利用率", "Utilisation"), 8, "utilisation"),
    ),
    "N": (
        Leaf(Label("提案采纳", "Adopted proposals"), 7, "proposals"),
        Leaf(Label("核实节约", "Verified saving"), 8, "saving"),
    ),
}  # fmt: skip
# (low, high, mark, which ends are in: low as usual, high, both, none); percent unless the metric says otherwise
Edges = tuple[str | int | None, str | int | None, int, str]
PASS: tuple[Edges, ...] = (
    (None, 80, 1, "low"),
    (80, 90, 2, "low"),
    (90, 95, 3, "low"),
    (95, 98, 4, "low"),
    (98, None, 5, "low"),
)
MARK_BANDS: dict[str, tuple[Edges, ...]] = {
    "functional": PASS,
    "performance": PASS,
    "response": PASS,
    "changes": PASS,
    "urgent": PASS,
    "replies": PASS,
    # percentage points: the smaller the spread, the better
    "consistency": ((None, "0.5", 5, "low"), ("0.5", 1, 4, "low"), (1, 2, 3, "low"), (2, 4, 2, "low"), (4, None, 1, "low")),
    "budget": ((None, 100, 5, "high"), (100, 102, 4, "high"), (102, 105, 3, "high"), (105, 110, 2, "high"), (110, None, 1, "none")),
    "utilisation": (
        (None, 50, 1, "low"), (50, 60, 2, "low"), (60, 70, 3, "low"), (70, 80, 4, "low"), (80, 95, 5, "both"), (95, 100, 4, "high"),
    ),
    # the marks of adopted proposals, added up
    "proposals": ((None, 1, 1, "low"), (1, 4, 2, "low"), (4, 7, 3, "low"), (7, 11, 4, "low"), (11, None, 5, "low")),
    "saving": ((None, 0, 1, "high"), (0, 1, 2, "none"), (1, 3, 3, "low"), (3, 5, 4, "low"), (5, None, 5, "low")),
}  # fmt: skip
# level: severity, clock, response, unit, resolution, unit
SERVICE_LEVELS = {
    "P1": ("urgent", "always", "15", "minutes", "4", "hours"),
    "P2": (None, "always", "1", "hours", "8", "hours"),
    "P3": ("ordinary", "working", "4", "hours", "24", "hours"),
    "P4": (None, "working", "1", "days", "3", "days"),
}
TARGET = Decimal(95)
INCENTIVES = (
    ("A", "reward", Label("年度绩效奖金", "Yearly bonus"), Decimal("50000.00")),
    ("A", "resources", Label("新项目优先邀请", "First to be invited to new projects"), None),
    ("A", "development", Label("联合研发立项资格", "May propose joint development"), None),
    ("A", "honour", Label("年度优秀伙伴", "Partner of the year"), None),
    ("B", "honour", Label("年度合作表扬", "Commendation of the year"), None),
)


def measure_rows(lang: str) -> list[dict[str, Any]]:
    """The whole tree as rows of 绩效指标."""
    rows: list[dict[str, Any]] = []
    for code, title in PERFORMANCE_DIMENSIONS.items():
        key = f"{VERSION}-{code}"
        rows.append(
            {
                "measure": key,
                "title": title.get(lang),
                "rule_version": VERSION,
                "layer": "dimension",
                "weight": Decimal(WEIGHTS[code]),
            }
        )
        rows += [_leaf(f"{key}.{number}", key, leaf, lang) for number, leaf in enumerate(TREE[code], start=1)]
    return rows


def _leaf(key: str, parent: str, leaf: Leaf, lang: str) -> dict[str, Any]:
    words = dict(zip(("low", "middle", "high"), (text.get(lang) for text in leaf.rubric), strict=False))
    how = {"method": "measured", "metric": leaf.metric} if leaf.metric else {"method": "judged"}
    return {
        "measure": key, "title": leaf.title.get(lang), "rule_version": VERSION, "layer": "indicator", "parent": parent,
        "weight": Decimal(leaf.weight), **how, **words,
    }  # fmt: skip


def _bands(lang: str) -> Iterator[tuple[str, Edges, str, str | None]]:
    for code, leaves in TREE.items():
        for number, leaf in enumerate(leaves, start=1):
            for edges in MARK_BANDS.get(leaf.metric, ()):
                yield f"{VERSION}-{code}.{number}", edges, str(edges[2]), None
    for low, high, grade, meaning in GRADE_BANDS:
        yield GRADES, (low, high, 0, "low"), grade, meaning.get(lang)


def performance_band_rows(lang: str, first: int) -> list[dict[str, Any]]:
    """The bands of performance as rows of 档位, numbered from `first` on."""
    return [
        {
            "band": f"B-{number:04d}", "used_for": used_for, "rule_version": VERSION,
            "low": None if low is None else Decimal(low), "high": None if high is None else Decimal(high),
            "ends": ends, "gives": gives, "meaning": meaning,
        }
        for number, (used_for, (low, high, _, ends), gives, meaning) in enumerate(_bands(lang), start=first)
    ]  # fmt: skip


def service_level_rows() -> list[dict[str, Any]]:
    """The time limits as rows of 时限标准."""
    return [
        {
            "service_level": f"{VERSION}-{level}", "rule_version": VERSION, "priority": level, "severity": severity,
            "clock": clock, "response": Decimal(response), "response_unit": unit, "resolution": Decimal(resolution),
            "resolution_unit": other, "target": TARGET,
        }
        for level, (severity, clock, response, unit, resolution, other) in SERVICE_LEVELS.items()
    ]  # fmt: skip


def incentive_rule_rows(lang: str) -> list[dict[str, Any]]:
    """What a yearly grade brings, as rows of 激励规则."""
    return [
        {
            "incentive_rule": f"IR-{number:04d}",
            "kind": "year",
            "grade": grade,
            "type": kind,
            "what": what.get(lang),
            "amount": amount,
        }
        for number, (grade, kind, what, amount) in enumerate(INCENTIVES, start=1)
    ]
