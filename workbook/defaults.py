"""Owns the rows that a new book begins with besides settings: the tree of indicators with its rubric, and the bands.

Weights and bands are the defaults of the policy; all of them are rows that staff change, version by version.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from workbook.rubric import RUBRIC
from workbook.schema import Label
from workbook.tables.selection import DIMENSIONS, GRADES

VERSION = "v1"


class Leaf(NamedTuple):
    """An indicator: its title, its weight within the dimension, and the number that gives its mark, if one does."""

    title: Label
    weight: int
    fact: Label | None = None  # the column of 候选提交 whose number gives the mark


WEIGHTS = {"S2": 25, "S3": 16, "S4": 8, "S5": 6, "S6": 10, "S7": 10, "S8": 10, "S9": 15}

TREE: dict[str, tuple[Leaf, ...]] = {
    "S2": (
        Leaf(Label("业务领域", "Field of business"), 40),
        Leaf(Label("核心技术", "Core technology"), 30),
        Leaf(Label("产品与服务", "Products and services"), 30),
    ),
    "S3": (
        Leaf(Label("研发团队规模", "Size of R&D team"), 20, fact=Label("研发团队人数", "R&D headcount")),
        Leaf(Label("技术水平", "Technical level"), 20),
        Leaf(Label("专利数量", "Patents"), 20, fact=Label("专利数量", "Patents")),
        Leaf(Label("研发投入", "R&D spending"), 20),
        Leaf(Label("架构先进性", "Architecture"), 20),
    ),
    "S4": (
        Leaf(Label("年营收", "Annual revenue"), 25, fact=Label("年营收", "Annual revenue")),
        Leaf(Label("利润水平", "Profitability"), 25),
        Leaf(Label("现金流", "Cash flow"), 25),
        Leaf(Label("融资历史", "Funding history"), 25),
    ),
    "S5": (
        Leaf(Label("品牌知名度", "Brand"), 25),
        Leaf(Label("客户基础", "Customer base"), 25),
        Leaf(Label("市场份额", "Market share"), 25),
        Leaf(Label("行业口碑", "Reputation"), 25),
    ),
    "S6": (
        Leaf(Label("项目管理", "Project management"), 40),
        Leaf(Label("供应链管理", "Supply chain"), 30),
        Leaf(Label("质量控制", "Quality control"), 30),
    ),
    "S7": (Leaf(Label("行业认证", "Certificates beyond the minimum"), 100),),
    "S8": (
        Leaf(Label("不良经营记录", "Adverse business records"), 50),
        Leaf(Label("重大法律纠纷", "Major legal disputes"), 50),
    ),
    "S9": (
        Leaf(Label("商业伦理", "Business ethics"), 12),
        Leaf(Label("客户服务理念", "Idea of service"), 11),
        Leaf(Label("创新精神", "Spirit of innovation"), 11),
        Leaf(Label("沟通频率", "Frequency of contact"), 11),
        Leaf(Label("沟通渠道", "Channels"), 11),
        Leaf(Label("决策流程", "Ways of deciding"), 11),
        Leaf(Label("资源共享", "Sharing of resources"), 11),
        Leaf(Label("风险共担", "Sharing of risks"), 11),
        Leaf(Label("共同应对挑战", "Facing challenges together"), 11),
    ),
}
GATES = {  # the column of 候选提交 that decides, by gate
    "S7.A": (Label("营业执照有效", "Valid business licence"), Label("执照截止日", "Licence ends on")),
    "S7.B": (Label("经营范围相符", "Scope of business fits"), Label("经营范围核对", "Scope checked")),
    "S7.C": (Label("准入许可", "Permits"), Label("准入许可核对", "Permits checked")),
}
# indicator → (low, high, mark), half-open; amounts in yuan
MARK_BANDS: dict[str, tuple[tuple[int | None, int | None, int], ...]] = {
    "S3.1": ((None, 5, 1), (5, 20, 2), (20, 50, 3), (50, 150, 4), (150, None, 5)),
    "S3.3": ((None, 1, 1), (1, 5, 2), (5, 20, 3), (20, 50, 4), (50, None, 5)),
    "S4.1": (
        (None, 5_000_000, 1), (5_000_000, 20_000_000, 2), (20_000_000, 100_000_000, 3),
        (100_000_000, 500_000_000, 4), (500_000_000, None, 5),
    ),
}  # fmt: skip
GRADE_BANDS = (
    (90, 100, "A", Label("优先合作", "Preferred")),
    (80, 90, "B", Label("继续并改善", "Continue and improve")),
    (60, 80, "C", Label("视改善决定", "Decide after improvement")),
    (0, 60, "D", Label("暂停或减少", "Pause or reduce")),
)


def indicator_rows(lang: str) -> list[dict[str, Any]]:
    """The whole tree as rows of 评价指标: dimensions, their indicators, and the gates."""
    rows: list[dict[str, Any]] = []
    for code, title in DIMENSIONS.items():
        dimension = f"{VERSION}-{code}"
        rows.append(_row(dimension, title.get(lang), "dimension", weight=Decimal(WEIGHTS[code])))
        rows += [
            _leaf(f"{dimension}.{number}", dimension, leaf, lang) for number, leaf in enumerate(TREE[code], start=1)
        ]
        rows += [
            _row(f"{VERSION}-{gate}", name.get(lang), "gate", parent=dimension, method="facts", fact=fact.get(lang))
            for gate, (name, fact) in GATES.items()
            if gate.startswith(f"{code}.")
        ]
    return rows


def _row(key: str, title: str, layer: str, **more: Any) -> dict[str, Any]:
    return {"indicator": key, "title": title, "rule_version": VERSION, "layer": layer, **more}


def _leaf(key: str, parent: str, leaf: Leaf, lang: str) -> dict[str, Any]:
    """An indicator's row: with its rubric where reviewers mark it, with the name of its number where bands do."""
    rubric = RUBRIC.get(key.removeprefix(f"{VERSION}-"), ())
    words = dict(zip(("low", "middle", "high"), (text.get(lang) for text in rubric), strict=False))
    how = {"method": "bands", "fact": leaf.fact.get(lang)} if leaf.fact else {"method": "reviewers", "evidence": "yes"}
    return _row(key, leaf.title.get(lang), "indicator", parent=parent, weight=Decimal(leaf.weight), **how, **words)


def band_rows(lang: str) -> list[dict[str, Any]]:
    """The bands of raw numbers and of grades as rows of 档位."""
    wanted: list[tuple[str, int | None, int | None, str, str | None]] = []
    for key, bands in MARK_BANDS.items():
        wanted += [(f"{VERSION}-{key}", low, high, str(mark), None) for low, high, mark in bands]
    wanted += [(GRADES, low, high, grade, meaning.get(lang)) for low, high, grade, meaning in GRADE_BANDS]
    return [
        {
            "band": f"B-{number:04d}", "used_for": used_for, "rule_version": VERSION,
            "low": None if low is None else Decimal(low), "high": None if high is None else Decimal(high),
            "gives": gives, "meaning": meaning,
        }
        for number, (used_for, low, high, gives, meaning) in enumerate(wanted, start=1)
    ]  # fmt: skip
