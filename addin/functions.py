# ruff: noqa: N802  (a cell function's name is the name in Excel, and a desktop name must be a VBA name)
"""Owns the cell functions: the evaluation of `workbook` under names that every door of Excel can take.

Portable on purpose: plain hints, two-dimensional ranges in and out, ASCII names, and error cells handed over as text,
so that a #DIV/0! among the marks is told and not taken for a blank. What cannot be evaluated comes back as a sentence
that begins with "#PB: "; a trace of the program in a cell would help nobody. An argument with a default may be left out.
"""

from __future__ import annotations

from typing import Any

from xlwings import arg, func, ret

from workbook.evaluation import cells


@func(category="PartnerBook")
@arg(
    "marks",
    ndim=2,
    err_to_str=True,
    doc="分数 1–5，每行一个候选，空格为不适用。Marks 1–5, a row per candidate; blank = not applicable.",
)
@arg("weights", ndim=2, err_to_str=True, doc="权重，一行或一列，按比例计。Weights, one row or column, by proportion.")
@ret(ndim=2)
def PB_SCORE(marks: Any, weights: Any) -> Any:
    """每行的官方得分：加权平均 ÷ 5 × 100，两位小数，四舍五入一次。Official score of each row on 100, rounded half up once to two decimals."""
    return cells.scores(marks, weights)


@func(category="PartnerBook")
@arg("scores", ndim=2, err_to_str=True, doc="得分；文字（否决）没有名次。Scores; text has no rank.")
@ret(ndim=2)
def PB_RANK(scores: Any) -> Any:
    """名次 1-2-2-4，先取两位小数，同分同名次。Competition ranks, highest first, after rounding to two decimals; equals share a rank."""
    return cells.ranks(scores)


@func(category="PartnerBook")
@arg("score", ndim=2, err_to_str=True, doc="得分，一格或一片。One score or a range of them.")
@arg(
    "bands",
    ndim=2,
    err_to_str=True,
    doc="每行：等级、下限（含）、上限（不含，最高档含）。Rows: label, from (included), below (not included; the top one is).",
)
@ret(ndim=2)
def PB_GRADE(score: Any, bands: Any) -> Any:
    """得分所在的等级；文字没有等级。The grade of each score; text has none. Bands with gaps or overlaps are refused."""
    return cells.grades(score, bands)


@func(category="PartnerBook")
@arg("marks", ndim=2, err_to_str=True, doc="一个候选的分数 1–5，一行或一列。Marks of one candidate, one row or column.")
@arg("weights", ndim=2, err_to_str=True, doc="权重，个数与分数相同。Weights, as many as marks.")
@arg("labels", ndim=2, err_to_str=True, doc="名称，个数与分数相同。Labels, as many as marks.")
@ret(ndim=2)
def PB_WHY(marks: Any, weights: Any, labels: Any) -> Any:
    """得分的构成：名称、权重 %、分数、得分，合计正好等于官方得分。Rows of label, weight %, mark, points that add up exactly to the official score."""
    return cells.why(marks, weights, labels)


@func(category="PartnerBook")
@arg("marks", ndim=2, err_to_str=True, doc="分数 1–5，每行一个候选。Marks 1–5, a row per candidate.")
@arg("weights", ndim=2, err_to_str=True, doc="现在的权重，一行或一列。The weights now, one row or column.")
@arg("others", ndim=2, err_to_str=True, doc="要试的权重，个数相同。The weights to try, as many.")
@ret(ndim=2)
def PB_WHATIF(marks: Any, weights: Any, others: Any) -> Any:
    """换一组权重会怎样：每行依次是现在的得分、名次，换后的得分、名次。What other weights would do: score and rank now, score and rank then, a line per candidate."""
    return cells.what_if(marks, weights, others)


@func(category="PartnerBook")
@arg(
    "marks", ndim=2, err_to_str=True, doc="分数 1–5，每行一个候选，不能有空格。Marks 1–5, a row per candidate, no gaps."
)
@arg(
    "weights",
    ndim=2,
    err_to_str=True,
    doc="可省略。权重；省略时各种权重分配同样可能。Optional weights to draw around; without them any weights are as likely as others.",
)
@arg("draws", ndim=2, err_to_str=True, doc="可省略。抽样次数，缺省 10000。Optional number of draws, 10000 by default.")
@arg(
    "seed",
    ndim=2,
    err_to_str=True,
    doc="可省略。随机种子，缺省 1；同一种子结果相同。Optional seed, 1 by default; the same seed gives the same result.",
)
@arg(
    "concentration",
    ndim=2,
    err_to_str=True,
    doc="可省略。集中度，越大离所给权重越近，缺省为权重的个数。Optional concentration: the larger, the nearer to the weights; by default the number of weights.",
)
@ret(ndim=2)
def PB_FIRST(marks: Any, weights: Any = None, draws: Any = 10000, seed: Any = 1, concentration: Any = None) -> Any:
    """随机改变权重，每个候选得第一的份额及其标准误（SMAA）；相同的候选平分。How often each candidate is first when the weights are drawn (SMAA), with the standard error; equal candidates share."""
    return cells.first_places(marks, weights, draws, seed, concentration)


@func(category="PartnerBook")
@arg(
    "marks", ndim=2, err_to_str=True, doc="分数 1–5，每行一个候选，不能有空格。Marks 1–5, a row per candidate, no gaps."
)
@arg("weights", ndim=2, err_to_str=True, doc="权重，一行或一列。Weights, one row or column.")
@arg(
    "names", ndim=2, err_to_str=True, doc="可省略。候选的名称，每行一个。Optional names of the candidates, one per row."
)
@ret(ndim=2)
def PB_INTERVAL(marks: Any, weights: Any, names: Any = None) -> Any:
    """每项权重一行：现在的第一名、这项权重从多少到多少它仍是第一（其余按比例调整，合计不变）。A line per weight: who is first, and from which to which weight it stays first, the others rescaled proportionally, the sum as it is."""
    return cells.intervals(marks, weights, names)


@func(category="PartnerBook")
@arg(
    "ratings",
    ndim=2,
    err_to_str=True,
    doc="评分，每行一名评委，每列一个候选，没有评分留空。Ratings, a row per reviewer, a column per candidate; blank where there is none.",
)
@ret(ndim=2)
def PB_AGREE(ratings: Any) -> Any:
    """评委是否一致：Krippendorff α（次序）及其含义，Kendall W 及 χ²。Whether reviewers agree: Krippendorff's α (ordinal) with a word (reliable, tentative, not enough), Kendall's W with χ²."""
    return cells.agreement(ratings)


@func(category="PartnerBook")
@arg(
    "judgements",
    ndim=2,
    err_to_str=True,
    doc="两两比较的方阵，对称的格子填倒数。The square matrix of pairwise comparisons, reciprocals filled in.",
)
@arg("labels", ndim=2, err_to_str=True, doc="可省略。各项的名称。Optional names of the items.")
@ret(ndim=2)
def PB_AHP(judgements: Any, labels: Any = None) -> Any:
    """AHP：每项一行权重（合计为 1），然后是 λmax、CI、CR 和提示（CR 大于 0.10 时）。AHP: a line per item with its weight (summing to 1), then λmax, CI, CR, and a warning if CR is above 0.10."""
    return cells.ahp_weights(judgements, labels)


@func(category="PartnerBook")
@arg("start", ndim=2, err_to_str=True, doc="开始时间，一格。When it starts, one cell.")
@arg("finish", ndim=2, err_to_str=True, doc="结束时间，一格。When it ends, one cell.")
@arg("pauses", ndim=2, err_to_str=True, doc="可省略。暂停，两列：开始、结束。Optional pauses, two columns: from, to.")
@arg(
    "days",
    ndim=2,
    err_to_str=True,
    doc="可省略。特殊日，两列：日期、放假或上班，优先于国务院的通知。Optional special days, two columns: day, 放假 (off) or 上班 (on); they win over the published ones.",
)
@arg(
    "shifts",
    ndim=2,
    err_to_str=True,
    doc="可省略。工作时间的文字，缺省 09:00-12:00、13:30-18:00。Optional working hours as text; the default is 09:00-12:00、13:30-18:00.",
)
@ret(ndim=2)
def PB_MINUTES(start: Any, finish: Any, pauses: Any = None, days: Any = None, shifts: Any = None) -> Any:
    """两个时间之间净用的工作分钟，扣除暂停、节假日，计入调休上班。Net working minutes between two times, less pauses and Chinese holidays; a second cell warns of a year without a published calendar."""
    return cells.minutes_between(start, finish, pauses, days, shifts)


@func(category="PartnerBook")
@arg("start", ndim=2, err_to_str=True, doc="开始时间，一格。When it starts, one cell.")
@arg("minutes", ndim=2, err_to_str=True, doc="时限，工作分钟。The limit in working minutes.")
@arg("pauses", ndim=2, err_to_str=True, doc="可省略。暂停，两列：开始、结束。Optional pauses, two columns: from, to.")
@arg(
    "days",
    ndim=2,
    err_to_str=True,
    doc="可省略。特殊日，两列：日期、放假或上班。Optional special days, two columns: day, 放假 (off) or 上班 (on).",
)
@arg(
    "shifts",
    ndim=2,
    err_to_str=True,
    doc="可省略。工作时间的文字，缺省 09:00-12:00、13:30-18:00。Optional working hours as text; the default is 09:00-12:00、13:30-18:00.",
)
@ret(ndim=2)
def PB_DUE(start: Any, minutes: Any, pauses: Any = None, days: Any = None, shifts: Any = None) -> Any:
    """工作分钟用完的时间；单元格请设成日期时间格式。When so many working minutes are used up; give the cell a date and time format. A second cell warns of a year without a published calendar."""
    return cells.due(start, minutes, pauses, days, shifts)


@func(category="PartnerBook")
@arg("start", ndim=2, err_to_str=True, doc="第一天，计入。The first day, counted.")
@arg("finish", ndim=2, err_to_str=True, doc="最后一天，计入。The last day, counted.")
@arg(
    "days",
    ndim=2,
    err_to_str=True,
    doc="可省略。特殊日，两列：日期、放假或上班。Optional special days, two columns: day, 放假 (off) or 上班 (on).",
)
@ret(ndim=2)
def PB_DAYS(start: Any, finish: Any, days: Any = None) -> Any:
    """两天之间的工作日数，首尾都计入，按法定节假日和调休。Working days between two days, both counted, by the Chinese holidays and make-up days; a second cell warns of a year without a published calendar."""
    return cells.days_between(start, finish, days)


@func(category="PartnerBook")
@arg(
    "outcomes",
    ndim=2,
    err_to_str=True,
    doc="一片结果：达标、超时、计时中、已暂停；空格不计。Outcomes: met, breached, running, stopped; blanks do not count.",
)
@ret(ndim=2)
def PB_ATTAIN(outcomes: Any) -> Any:
    """达标率 = 达标 ÷（达标 + 超时），再依次给出达标、超时、还在计时的个数。Attainment = met ÷ (met + breached), then how many were met, were breached, and still run."""
    return cells.attained(outcomes)


@func(category="PartnerBook")
@arg(
    "planned", ndim=2, err_to_str=True, doc="计划价值 PV，一格、一行或一列。Planned value (PV), a cell, row or column."
)
@arg("earned", ndim=2, err_to_str=True, doc="挣值 EV，个数相同。Earned value (EV), as many.")
@arg("actual", ndim=2, err_to_str=True, doc="实际成本 AC，个数相同。Actual cost (AC), as many.")
@arg("total", ndim=2, err_to_str=True, doc="总预算 BAC，个数相同。Budget at completion (BAC), as many.")
@ret(ndim=2)
def PB_BUDGET(planned: Any, earned: Any, actual: Any, total: Any) -> Any:
    """每个项目一行：执行率（AC ÷ BAC）、CV、SV、CPI、SPI、EAC。A line per project: execution rate (AC ÷ BAC), CV, SV, CPI, SPI, EAC; 无法计算 (not computable) where it would divide by zero."""
    return cells.budget(planned, earned, actual, total)


@func(category="PartnerBook")
@arg("values", ndim=2, err_to_str=True, doc="各期的数值，一行或一列。The values by period, one row or column.")
@arg(
    "times",
    ndim=2,
    err_to_str=True,
    doc="可省略。各期的时间，数字或日期。Optional times, numbers or dates, one per value.",
)
@ret(ndim=2)
def PB_TREND(values: Any, times: Any = None) -> Any:
    """方向（上升、持平、下降）、每期变化（Theil–Sen）、双侧 p（Mann–Kendall）；不足四期只给方向。Direction (rising, level, falling), Theil–Sen's slope, Mann–Kendall's two-sided p; below four periods a direction only."""
    return cells.trend(values, times)


@func(category="PartnerBook")
@arg(
    "marks",
    ndim=2,
    err_to_str=True,
    doc="答卷的分数 1–5；空格、0、不了解不计。Marks 1–5; blanks, 0 and 不了解 do not count.",
)
@arg(
    "least",
    ndim=2,
    err_to_str=True,
    doc="可省略。最少份数，不小于 5。Optional fewest answers that are shown, 5 or more.",
)
@ret(ndim=2)
def PB_SURVEY(marks: Any, least: Any = None) -> Any:
    """份数、平均分、打 4 或 5 分的份额、该份额的 95% 区间（Wilson）；不满五份不显示。Answers, mean, share of 4 and 5, its 95 % interval (Wilson); hidden below five answers."""
    return cells.survey(marks, least)


@func(category="PartnerBook")
@arg("likelihood", ndim=2, err_to_str=True, doc="可能性，一格、一行或一列。Likelihood, a cell, row or column.")
@arg("impact", ndim=2, err_to_str=True, doc="影响，个数相同。Impact, as many.")
@arg(
    "levels",
    ndim=2,
    err_to_str=True,
    doc="可省略。等级表：首行为影响，首列为可能性；省略时用风险登记册的分区。Optional table: impacts in its first row, likelihoods in its first column; by default the zones of the risk register.",
)
@ret(ndim=2)
def PB_RISK(likelihood: Any, impact: Any, levels: Any = None) -> Any:
    """可能性与影响所在的风险等级；等级表必须随两者只升不降。The level of a likelihood and an impact; a table that falls anywhere as either rises is refused."""
    return cells.risk_levels(likelihood, impact, levels)
