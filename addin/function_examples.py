"""Owns the worked examples of the cell functions: arguments, the result worked out beside the program, and how.

The documentation shows them, the tests run each through its function in every door, and the benchmark sees from them
that it forgets none. Expected numbers are hand calculations or published; none was copied from a run of the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

Table: TypeAlias = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Example:
    """One call of a cell function: `given` are its arguments in order, ranges as rows of cells, None for one left out.

    `expected` is the result; numbers may differ by `within`. `zh` and `en` say what is asked and how the result is
    worked out or where it was published.
    """

    function: str
    zh: str
    en: str
    given: Mapping[str, Table | None]
    expected: Table
    within: float = 0.0


def _column(*cells: Any) -> Table:
    return [[cell] for cell in cells]


BANDS = [["A", 90.0, 100.0], ["B", 80.0, 90.0], ["C", 60.0, 80.0], ["D", 0.0, 60.0]]
# Marks on 1 to 5 with the differences of (1, 0), (0, 1), (0.6, 0.6), whose shares and intervals have a closed form.
THREE = [[5.0, 1.0], [1.0, 5.0], [3.4, 3.4]]
SURVEYED = [[5.0, 4.0, 5.0, 4.0, 5.0], [4.0, 5.0, 4.0, 5.0, 4.0], [5.0, 4.0, 5.0, 4.0, 5.0], [4.0, 5.0, 4.0, 3.0, 2.0]]

EXAMPLES: tuple[Example, ...] = (
    Example(
        "PB_SCORE",
        "(50×5 + 30×4 + 20×3) ÷ 100 = 4.3，×20 = 86。第二行缺一项：(50×5 + 20×3) ÷ 70 = 4.42857…，×20 = 88.57。",
        "(50×5 + 30×4 + 20×3) ÷ 100 = 4.3, × 20 = 86. The second row lacks one: (50×5 + 20×3) ÷ 70 = 4.42857…, × 20 = 88.57.",
        {"marks": [[5.0, 4.0, 3.0], [5.0, None, 3.0]], "weights": [[50.0, 30.0, 20.0]]},
        [[86.0], [88.57]],
    ),
    Example(
        "PB_RANK",
        "90 最高；两个 88 同为第 2 名，下一个是第 4 名；否决没有名次。",
        "90 is highest; both 88 are second, the next is fourth; 否决 (disqualified) has no rank.",
        {"scores": _column(88.0, "否决", 90.0, 88.0, 70.0)},
        _column(2, "", 1, 2, 4),
    ),
    Example(
        "PB_GRADE",
        "下限含，上限不含：90 是 A，89.99 还是 B。",
        "The lower end belongs to a band, the upper one does not: 90 is an A, 89.99 still a B.",
        {"score": _column(90.0, 89.99, 60.0), "bands": BANDS},
        _column("A", "B", "C"),
    ),
    Example(
        "PB_WHY",
        "三项各占三分之一：(3 + 3 + 4) ÷ 3 × 20 = 66.67。权重 33.34 + 33.33 + 33.33 = 100，得分 20 + 20 + 26.67 = 66.67，都正好加得起来。",
        "A third each: (3 + 3 + 4) ÷ 3 × 20 = 66.67. Weights 33.34 + 33.33 + 33.33 = 100 and points 20 + 20 + 26.67 = 66.67 add up exactly.",
        {"marks": [[3.0, 3.0, 4.0]], "weights": [[1.0, 1.0, 1.0]], "labels": [["技术", "运营", "财务"]]},
        [["技术", 33.34, 3.0, 20.0], ["运营", 33.33, 3.0, 20.0], ["财务", 33.33, 4.0, 26.67]],
    ),
    Example(
        "PB_WHATIF",
        "60 比 40：第一行 (60×5 + 40×3) ÷ 100 × 20 = 84，第二行 76。换成 30 比 70：72 和 88，名次对调。",
        "60 to 40: the first row (60×5 + 40×3) ÷ 100 × 20 = 84, the second 76. At 30 to 70: 72 and 88, the ranks change places.",
        {"marks": [[5.0, 3.0], [3.0, 5.0]], "weights": [[60.0, 40.0]], "others": [[30.0, 70.0]]},
        [[84.0, 1, 72.0, 2], [76.0, 2, 88.0, 1]],
    ),
    Example(
        "PB_FIRST",
        "第一项的权重 t 在 0 到 1 均匀变化：t > 0.6 第一行得第一，t < 0.4 第二行，其间第三行，所以份额是 0.4、0.4、0.2；抽 10000 次的标准误 √(0.4×0.6÷10000) = 0.0049、√(0.2×0.8÷10000) = 0.004。抽样结果在四个标准误之内。",
        "The first weight t is uniform on 0 to 1: above 0.6 the first row is first, below 0.4 the second, between them the third: shares 0.4, 0.4, 0.2; standard errors of 10,000 draws √(0.4×0.6÷10000) = 0.0049 and √(0.2×0.8÷10000) = 0.004. The draws lie within four of them.",
        {"marks": THREE},
        [[0.4, 0.0049], [0.4, 0.0049], [0.2, 0.004]],
        0.02,
    ),
    Example(
        "PB_INTERVAL",
        "现在各占 50，丙得 3.4 最高。第一项超过 60 甲领先，低于 40 乙领先；第二项也是。",
        "At 50 each 丙 leads with 3.4. With more than 60 on the first, 甲 leads; below 40, 乙; the second is alike.",
        {"marks": THREE, "weights": [[50.0, 50.0]], "names": _column("甲", "乙", "丙")},
        [["丙", 40.0, 60.0], ["丙", 40.0, 60.0]],
    ),
    Example(
        "PB_AGREE",
        "四名评委排三个对象（ProofWiki，Kendall's Coefficient of Concordance，例 1）：名次和 7、9、8，W = 12×2 ÷ (16×24) = 0.0625，χ² = 4×2×0.0625 = 0.5。三个值各出现四次，间隔相等：各对象内的差 (22 + 22 + 16) ÷ 3 = 20，全部的差 192，α = 1 − 11×20÷192 = −0.1458。",
        "Four reviewers rank three objects (ProofWiki, Kendall's Coefficient of Concordance, example 1): rank sums 7, 9, 8, W = 12×2 ÷ (16×24) = 0.0625, χ² = 4×2×0.0625 = 0.5. Each of three values occurs four times, so they are evenly spaced: differences within objects (22 + 22 + 16) ÷ 3 = 20, among all 192, α = 1 − 11×20÷192 = −0.1458.",
        {"ratings": [[1.0, 3.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 1.0], [3.0, 1.0, 2.0]]},
        [["Krippendorff α", -0.1458, "不够一致"], ["Kendall W", 0.0625, "χ² = 0.50，自由度 2"]],
        0.0001,
    ),
    Example(
        "PB_AHP",
        "前后完全一致的判断：4 : 2 : 1，权重 4/7、2/7、1/7；λmax = 3，CI = (3 − 3) ÷ 2 = 0，CR = 0。",
        "Judgements that agree with each other: 4 : 2 : 1, weights 4/7, 2/7, 1/7; λmax = 3, CI = (3 − 3) ÷ 2 = 0, CR = 0.",
        {"judgements": [[1.0, 2.0, 4.0], [0.5, 1.0, 2.0], [0.25, 0.5, 1.0]], "labels": [["技术", "运营", "财务"]]},
        [
            ["技术", 4 / 7],
            ["运营", 2 / 7],
            ["财务", 1 / 7],
            ["λmax", 3.0],
            ["CI", 0.0],
            ["CR", 0.0],
            ["提示", "一致性可以接受"],
        ],
        1e-9,
    ),
    Example(
        "PB_MINUTES",
        "9 月 30 日 17:00–18:00 为 60 分钟，10 月 1 日至 7 日放假，8 日 09:00–10:00 为 60 分钟，共 120；其间暂停 17:30–17:45，减 15。",
        "30 September 17:00–18:00 is 60 minutes, 1 to 7 October are holidays, 8 October 09:00–10:00 is 60: together 120, less 15 for the pause from 17:30 to 17:45.",
        {
            "start": [[datetime(2026, 9, 30, 17, 0)]],
            "finish": [[datetime(2026, 10, 8, 10, 0)]],
            "pauses": [[datetime(2026, 9, 30, 17, 30), datetime(2026, 9, 30, 17, 45)]],
        },
        [[105]],
    ),
    Example(
        "PB_DUE",
        "120 分钟里，60 分钟在 9 月 30 日 18:00 用完，放假之后 10 月 8 日 09:00 起再用 60 分钟。",
        "Of 120 minutes, 60 are used up at 18:00 on 30 September, the other 60 after the holidays from 09:00 on 8 October.",
        {"start": [[datetime(2026, 9, 30, 17, 0)]], "minutes": [[120.0]]},
        [[datetime(2026, 10, 8, 10, 0)]],
    ),
    Example(
        "PB_DAYS",
        "9 月 28、29、30 日，10 月 8、9 日，再加 10 日（星期六调休上班），共 6 天。",
        "28, 29 and 30 September, 8 and 9 October, and the 10th, a Saturday that is a make-up working day: 6.",
        {"start": [[datetime(2026, 9, 28)]], "finish": [[datetime(2026, 10, 10)]]},
        [[6]],
    ),
    Example(
        "PB_ATTAIN",
        "达标 3，超时 1，还在计时的不算：3 ÷ 4 = 0.75。",
        "3 met, 1 breached, the one that still runs does not count: 3 ÷ 4 = 0.75.",
        {"outcomes": _column("达标", "达标", "超时", "计时中", "达标")},
        [[0.75, 3, 1, 1]],
    ),
    Example(
        "PB_BUDGET",
        "AC ÷ BAC = 250 ÷ 500 = 0.5；CV = 200 − 250，SV = 200 − 300，CPI = 200 ÷ 250，SPI = 200 ÷ 300，EAC = 500 ÷ 0.8（数字见 wnwk.com 的挣值例题）。",
        "AC ÷ BAC = 250 ÷ 500 = 0.5; CV = 200 − 250, SV = 200 − 300, CPI = 200 ÷ 250, SPI = 200 ÷ 300, EAC = 500 ÷ 0.8 (numbers of a published earned-value exercise, wnwk.com).",
        {"planned": [[300.0]], "earned": [[200.0]], "actual": [[250.0]], "total": [[500.0]]},
        [[0.5, -50.0, -100.0, 0.8, 2 / 3, 625.0]],
        1e-12,
    ),
    Example(
        "PB_TREND",
        "十个两期之间的斜率 −3、−0.5、1、1、1、1.25、1.33、2、3、5，中位数 1.125。S = 8 − 2 = 6，五期的 120 种次序里 28 种 |S| ≥ 6：p = 28 ÷ 120 = 0.2333，是 EPA QA/G-9 例题单侧 0.117 的两倍。",
        "The ten slopes between two periods are −3, −0.5, 1, 1, 1, 1.25, 1.33, 2, 3, 5, their median is 1.125. S = 8 − 2 = 6; 28 of the 120 orders of five have |S| ≥ 6: p = 28 ÷ 120 = 0.2333, twice the one-sided 0.117 of the example in EPA QA/G-9.",
        {"values": [[5.0, 6.0, 11.0, 8.0, 10.0]]},
        [["上升", 1.125, 28 / 120]],
        1e-12,
    ),
    Example(
        "PB_SURVEY",
        "20 份：5 分 9 份、4 分 9 份、3 分和 2 分各 1 份，平均 (45 + 36 + 3 + 2) ÷ 20 = 4.3；18 ÷ 20 = 0.9，Wilson 区间 0.6990 到 0.9721（R 的 binom.confint）。",
        "20 answers: nine 5, nine 4, a 3 and a 2, mean (45 + 36 + 3 + 2) ÷ 20 = 4.3; 18 ÷ 20 = 0.9, Wilson's interval 0.6990 to 0.9721 (binom.confint of R).",
        {"marks": SURVEYED},
        [[20, 4.3, 0.9, 0.6989663547715128, 0.972133518786232]],
        1e-9,
    ),
    Example(
        "PB_RISK",
        "风险登记册的分区看乘积：3×4 = 12 处置，5×5 = 25 必须处置，1×4 = 4 可接受。",
        "The zones of the risk register go by the product: 3×4 = 12 处置 (treat), 5×5 = 25 必须处置 (must be treated), 1×4 = 4 可接受 (acceptable).",
        {"likelihood": _column(3.0, 5.0, 1.0), "impact": _column(4.0, 5.0, 4.0)},
        _column("处置", "必须处置", "可接受"),
    ),
)
