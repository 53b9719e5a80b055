"""Owns the tables of measuring performance: periods, measures, what was delivered and tested, judged marks, results (S30 to S38)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    CONFIDENTIAL,
    PUBLIC,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Formula,
    Key,
    Label,
    Moment,
    Number,
    Ref,
    Scale,
    Table,
    Text,
)
from workbook.tables.selection import MARKS, NOT_APPLICABLE, SOURCES

PERIOD_KINDS = {
    "quarter": Label("季度", "Quarter"),
    "year": Label("年度", "Year"),
    "other": Label("其他", "Other"),
}
PERIOD_STATES = {
    "open": Label("记录中", "Open"),
    "closed": Label("已截止", "Closed"),
    "frozen": Label("已冻结", "Frozen"),
}
MEASURE_LAYERS = {
    "dimension": Label("维度", "Dimension"),
    "indicator": Label("指标", "Indicator"),
}
MEASURE_METHODS = {
    "measured": Label("实测", "Measured"),
    "judged": Label("评议", "Judged"),
}
# What a measured indicator can be computed from; the words stand in 绩效指标.数据.
METRICS = {
    "functional": Label("功能测试通过率", "Functional pass rate"),
    "performance": Label("性能测试达标率", "Performance pass rate"),
    "consistency": Label("批次不良率离散度", "Spread of batch defect rates"),
    "documents": Label("文档检查合格率", "Document pass rate"),
    "response": Label("问题响应达标率", "Response attainment"),
    "changes": Label("变更处理达标率", "Change attainment"),
    "urgent": Label("紧急处理达标率", "Urgent attainment"),
    "replies": Label("沟通回复达标率", "Reply attainment"),
    "budget": Label("预算执行率", "Budget execution"),
    "utilisation": Label("资源利用率", "Utilisation"),
    "proposals": Label("采纳提案价值分", "Value of adopted proposals"),
    "saving": Label("核实节约率", "Verified saving rate"),
}
TEST_KINDS = {
    "functional": Label("功能", "Functional"),
    "performance": Label("性能", "Performance"),
    "batch": Label("批次质量", "Batch quality"),
    "documents": Label("文档", "Documents"),
}
ACCEPTANCE = {
    "pending": Label("待验收", "Pending"),
    "accepted": Label("已验收", "Accepted"),
    "rejected": Label("拒收", "Rejected"),
}
SITE_RESULTS = {
    "conforms": Label("符合", "Conforms"),
    "differs": Label("不符合", "Does not conform"),
    "na": NOT_APPLICABLE,
}
PERFORMANCE_STATES = {
    "ranked": Label("已评", "Rated"),
    "blocked": Label("暂不能评", "Not yet rated"),
}
DIRECTIONS = {
    "up": Label("上升", "Rising"),
    "flat": Label("持平", "Level"),
    "down": Label("下降", "Falling"),
}
PERFORMANCE_DIMENSIONS = {
    "Q": Label("交付质量", "Delivery quality"),
    "R": Label("响应速度", "Responsiveness"),
    "K": Label("成本控制", "Cost control"),
    "N": Label("创新贡献", "Innovation"),
}


class Periods(Table):
    """One row per period over which performance is measured; a year counts the events of its year, not its quarters."""

    name = "periods"
    label = Label("考核周期", "Periods")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有考核周期：写下起止日期，评估时就会计算", "No period yet: write down its first and last day")
    period = Key(
        "周期",
        "Period",
        note=Label("例如 2026Q3 或 2026；用过的不要改。", "Such as 2026Q3 or 2026; never change one in use."),
    )
    kind = Choice("周期类型", "Kind", owner=STAFF, options=PERIOD_KINDS)
    starts_on = Date("开始", "From", owner=STAFF)
    ends_on = Date("结束", "Until", owner=STAFF)
    rule_version = Text("规则版本", "Rule version", owner=STAFF, max_length=20)
    status = Choice(
        "状态", "Status", owner=STAFF, options=PERIOD_STATES, default="open",
        note=Label("冻结用 partnerbook freeze；冻结之后规则和事件再改，结果也不变。", "Freeze with partnerbook freeze; frozen results never change."),
    )  # fmt: skip
    reviewers = Text(
        "评议人", "Reviewers", owner=STAFF, max_length=500, lines=True,
        hint=Label("评审人编号，用顿号或逗号隔开", "Reviewer numbers, separated by commas"),
    )  # fmt: skip
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Measures(Table):
    """One row per dimension or indicator of performance, of one rule version; append-only once a version is used."""

    name = "measures"
    label = Label("绩效指标", "Measures")
    chapter = Chapter.PERFORMANCE
    empty = Label("没有绩效指标：从备份恢复，或用新的规则版本重建", "None: restore them or set up a new version")
    measure = Key(
        "绩效指标编号", "Measure",
        note=Label("规则版本-维度.序号，例如 p1-Q.2；用过的编号不要改。", "Version-dimension.number such as p1-Q.2; never change one in use."),
    )  # fmt: skip
    title = Text("名称", "Title", owner=STAFF, max_length=60, level=PUBLIC)
    rule_version = Text("规则版本", "Rule version", owner=STAFF, max_length=20)
    layer = Choice("层级", "Layer", owner=STAFF, options=MEASURE_LAYERS)
    parent = Ref("上级", "Parent", to="measures", owner=STAFF)
    weight = Number(
        "权重", "Weight", owner=STAFF, minimum=0, maximum=100,
        note=Label("各维度之间合计 100；指标是它在全部里占的分，同一维度合计等于维度的权重。", "Dimensions sum to 100; the indicators of one sum to its weight."),
    )  # fmt: skip
    method = Choice("记分方式", "Method", owner=STAFF, options=MEASURE_METHODS)
    metric = Choice("数据", "Metric", owner=STAFF, options=METRICS)
    low = Text("1 分", "Mark 1", owner=STAFF, max_length=200, level=PUBLIC)
    middle = Text("3 分", "Mark 3", owner=STAFF, max_length=200, level=PUBLIC)
    high = Text("5 分", "Mark 5", owner=STAFF, max_length=200, level=PUBLIC)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Deliveries(Table):
    """One row per delivery or batch of a partner (S30)."""

    name = "deliveries"
    label = Label("交付记录", "Deliveries")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有交付：每次交付或每个批次记一行", "No delivery yet: one row per delivery or batch")
    delivery = Key("交付编号", "Delivery", prefix="DL")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    title = Text("交付内容", "What was delivered", owner=STAFF, max_length=120)
    batch = Text("批次", "Batch", owner=STAFF, max_length=40)
    due = Date("应交日期", "Due", owner=STAFF)
    delivered_on = Date("交付日期", "Delivered on", owner=STAFF)
    acceptance = Choice("验收", "Acceptance", owner=STAFF, options=ACCEPTANCE, default="pending")
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Tests(Table):
    """One row per test of a delivery: how many cases, samples or documents were checked, and how many passed (S30)."""

    name = "tests"
    label = Label("检测记录", "Tests")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有检测：每次验收测试、抽检或文档检查记一行", "No test yet: one row per test, sampling or check")
    test = Key("检测编号", "Test", prefix="TE")
    delivery = Ref("交付编号", "Delivery", to="deliveries", owner=STAFF)
    kind = Choice("检测类型", "Kind", owner=STAFF, options=TEST_KINDS)
    tested_on = Date("检测日期", "Tested on", owner=STAFF)
    total = Number("检测数", "Checked", owner=STAFF, whole=True, minimum=0, maximum=100_000_000)
    passed = Number("合格数", "Passed", owner=STAFF, whole=True, minimum=0, maximum=100_000_000)
    rate = Formula("合格率", "Pass rate", excel='IF(N([@[检测数]])=0,"",[@[合格数]]/[@[检测数]])', gives="share")
    tester = Text("检测人", "Tester", owner=STAFF, max_length=60)
    evidence = Text("依据", "Evidence", owner=STAFF, max_length=500, lines=True)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Judgements(Table):
    """One row per mark of one reviewer for one judged measure of one partner in one period (S36)."""

    name = "judgements"
    label = Label("绩效评议", "Judged marks")
    chapter = Chapter.PERFORMANCE
    empty = Label(
        "还没有评议：跨部门评议人对评议指标打 1 到 5 分", "None yet: reviewers of several departments give 1 to 5"
    )
    level = SENSITIVE
    judgement = Key("评议编号", "Judged mark", prefix="PJ")
    period = Ref("周期", "Period", to="periods", owner=STAFF)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    measure = Ref("绩效指标编号", "Measure", to="measures", owner=STAFF)
    reviewer = Ref("评审人编号", "Reviewer", to="reviewers", owner=STAFF)
    mark = Scale("分数", "Mark", words=MARKS, unknown=NOT_APPLICABLE, owner=STAFF)
    evidence = Text("依据", "Evidence", owner=STAFF, max_length=500, lines=True)
    source = Choice("来源", "Source", owner=COMPUTED, options=SOURCES)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class SiteChecks(Table):
    """One row per item of a site visit's checklist (S36); it stands beside the score, never in it."""

    name = "site_checks"
    label = Label("现场考察", "Site checks")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有现场考察：每次考察按清单逐项记录", "No site check yet: one row per item of the checklist")
    level = SENSITIVE
    site_check = Key("考察编号", "Site check", prefix="SC")
    period = Ref("周期", "Period", to="periods", owner=STAFF)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    item = Text("考察项", "Item", owner=STAFF, max_length=120)
    result = Choice("结果", "Result", owner=STAFF, options=SITE_RESULTS)
    evidence = Text("依据", "Evidence", owner=STAFF, max_length=500, lines=True)
    visited_on = Date("考察日期", "Visited on", owner=STAFF)
    visitor = Text("考察人", "Visitor", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


def _weight(code: str) -> str:
    """The weight of a dimension in the row's own rule version, 0 where the row has no score of it."""
    title = PERFORMANCE_DIMENSIONS[code].zh
    return f'IF([@[{title}]]="",0,SUMIFS(measures[权重],measures[绩效指标编号],[@[规则版本]]&"-{code}"))'


def _recomputed() -> str:
    total = "+".join(_weight(code) for code in PERFORMANCE_DIMENSIONS)
    points = "+".join(f"N([@[{label.zh}]])*{_weight(code)}" for code, label in PERFORMANCE_DIMENSIONS.items())
    return f'IF([@[官方得分]]="","",ROUND(ROUND(({points})/({total})*20,10),2))'


class Performance(Table):
    """One row per partner and period: the official score, its grade, how it compares, and why. Written by key."""

    name = "performance"
    label = Label("绩效结果", "Ratings")
    chapter = Chapter.PERFORMANCE
    empty = Label(
        "还没有绩效结果：建好考核周期并记录事件后运行 partnerbook evaluate", "No result yet: run partnerbook evaluate"
    )
    level = SENSITIVE
    result = Key("绩效编号", "Result")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120, level=PUBLIC)
    state = Choice("结论", "Outcome", owner=COMPUTED, options=PERFORMANCE_STATES)
    score = Number("官方得分", "Official score", owner=COMPUTED, note=Label("得分 ÷ 5 × 100，两位小数，四舍五入一次。", "Score ÷ 5 × 100, two decimals, rounded half up once."))  # fmt: skip
    check = Formula("复算", "Recomputed", excel=_recomputed(), gives="number")
    grade = Text("等级", "Grade", owner=COMPUTED, max_length=10)
    rank = Number("类别名次", "Rank in category", owner=COMPUTED, whole=True)
    percentile = Number("类别百分位", "Percentile", owner=COMPUTED, note=Label("横向：同类伙伴里低于它的占百分之几，同分的（含自己）算一半；不足三家不算。", "Share of the category below it, equal ones (itself too) count half; fewer than three: none."))  # fmt: skip
    before = Number("上期得分", "Score before", owner=COMPUTED)
    direction = Choice("趋势", "Trend", owner=COMPUTED, options=DIRECTIONS, note=Label("纵向：与自己的历史相比；不足四期只给方向。", "Against its own history; below four periods only a direction."))  # fmt: skip
    slope = Number("每期变化", "Change per period", owner=COMPUTED)
    reason = Text("说明", "Reason", owner=COMPUTED, max_length=500, lines=True)
    next_step = Text("升级提示", "Next grade", owner=COMPUTED, max_length=300)
    remark = Text("评审意见", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)
    quality = Number("交付质量", "Delivery quality", owner=COMPUTED)
    responsiveness = Number("响应速度", "Responsiveness", owner=COMPUTED)
    cost = Number("成本控制", "Cost control", owner=COMPUTED)
    innovation = Number("创新贡献", "Innovation", owner=COMPUTED)
    measured_points = Number("实测得分", "Measured points", owner=COMPUTED, note=Label("官方得分里由事件实测的部分。", "The part of the score that was measured."))  # fmt: skip
    judged_points = Number("评议得分", "Judged points", owner=COMPUTED, note=Label("官方得分里由评议人判断的部分。", "The part of the score that was judged."))  # fmt: skip
    site = Number("现场考察符合率", "Site checks passed", owner=COMPUTED, note=Label("只作参考，不计入得分；百分比。", "Beside the score, not in it; percent."))  # fmt: skip
    coverage = Number("覆盖率", "Coverage", owner=COMPUTED)
    category = Text("类别", "Category", owner=COMPUTED, max_length=40)
    period = Ref("周期", "Period", to="periods", owner=COMPUTED)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    rule_version = Text("规则版本", "Rule version", owner=COMPUTED, max_length=20)
    fingerprint = Text("输入指纹", "Fingerprint", owner=COMPUTED, max_length=64)
    evaluated_at = Moment("计算时间", "Evaluated at", owner=COMPUTED)


class PerformanceParts(Table):
    """One row per measure of a result: the raw value, its mark, weight and points, and the rows it came from (S35)."""

    name = "performance_parts"
    label = Label("绩效得分明细", "Rating parts")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有明细：与绩效结果一起计算", "Nothing yet: written together with the results")
    level = SENSITIVE
    part = Key("明细编号", "Part")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120, level=PUBLIC)
    dimension = Text("维度", "Dimension", owner=COMPUTED, max_length=60)
    title = Text("指标", "Measure title", owner=COMPUTED, max_length=60)
    method = Choice("记分方式", "Method", owner=COMPUTED, options=MEASURE_METHODS)
    value = Text("数值", "Value", owner=COMPUTED, max_length=60)
    mean = Number("分数", "Mark", owner=COMPUTED)
    weight = Number("占比", "Weight", owner=COMPUTED, note=Label("在官方得分里占百分之几。", "Percent of the official score."))  # fmt: skip
    points = Number("得分", "Points", owner=COMPUTED)
    state = Text("状态", "State", owner=COMPUTED, max_length=20)
    why = Text("怎么算的", "How", owner=COMPUTED, max_length=300)
    rows = Text("来源", "Source rows", owner=COMPUTED, max_length=1000, lines=True)
    result = Ref("绩效编号", "Result", to="performance", owner=COMPUTED)
    measure = Ref("绩效指标编号", "Measure", to="measures", owner=COMPUTED)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
