"""Owns the tables of scoring candidates: 评价指标, 档位, 评审人, 评审会, 回避声明, 评分, 候选评估结果, 得分构成."""

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
    Email,
    Formula,
    Key,
    Label,
    Moment,
    Number,
    Ref,
    Scale,
    Section,
    Submission,
    Table,
    Text,
)

VALIDITY = {"valid": Label("有效", "Valid"), "void": Label("已失效", "Void")}
LAYERS = {
    "dimension": Label("维度", "Dimension"),
    "indicator": Label("指标", "Indicator"),
    "gate": Label("门槛", "Gate"),
}
METHODS = {
    "reviewers": Label("评审人打分", "Marked by reviewers"),
    "bands": Label("按档位换算", "By bands"),
    "facts": Label("按事实判断", "By facts"),
}
YES_NO_EVIDENCE = {"yes": Label("必须", "Required"), "no": Label("可选", "Optional")}
ROLES = {
    "business": Label("业务", "Business"),
    "technology": Label("技术", "Technology"),
    "purchasing": Label("采购", "Purchasing"),
    "legal": Label("法务", "Legal"),
    "finance": Label("财务", "Finance"),
    "quality": Label("质量", "Quality"),
    "other": Label("其他部门", "Other department"),
}
REVIEWER_STATES = {"active": Label("在任", "Active"), "left": Label("已卸任", "No longer")}
PANEL_STATES = {
    "preparing": Label("准备中", "In preparation"),
    "scoring": Label("评分中", "Scoring"),
    "closed": Label("评分截止", "Scoring closed"),
    "done": Label("已定稿", "Final"),
}
CONFLICT = {"no": Label("无利益冲突", "No conflict"), "yes": Label("回避", "Recused")}
SOURCES = {"link": Label("链接", "Link"), "typed": Label("手工录入", "Typed")}
RESULT_STATES = {
    "ranked": Label("已排名", "Ranked"),
    "disqualified": Label("否决", "Disqualified"),
    "blocked": Label("暂不能评", "Not yet rated"),
}
NOT_APPLICABLE = Label("不适用", "Not applicable")
MARKS = (
    Label("很差", "Very poor"),
    Label("较差", "Poor"),
    Label("合格", "Fair"),
    Label("良好", "Good"),
    Label("优秀", "Excellent"),
)
GRADES = "等级"  # the word in 档位.用于 that makes a row a band of grades


class Indicators(Table):
    """One row per dimension, indicator or gate of one rule version (S2 to S9); append-only once a version is used."""

    name = "indicators"
    label = Label("评价指标", "Indicators")
    chapter = Chapter.SOURCING
    empty = Label(
        "没有评价指标：从备份恢复，或用新的规则版本重建", "No indicator: restore them or set up a new version"
    )
    indicator = Key(
        "指标编号", "Indicator",
        note=Label("规则版本-条款.序号，例如 v1-S3.2；用过的编号不要改。", "Version-clause.number such as v1-S3.2; never change one in use."),
    )  # fmt: skip
    title = Text("名称", "Title", owner=STAFF, max_length=60, level=PUBLIC)
    rule_version = Text("规则版本", "Rule version", owner=STAFF, max_length=20)
    layer = Choice("层级", "Layer", owner=STAFF, options=LAYERS)
    parent = Ref("上级", "Parent", to="indicators", owner=STAFF)
    weight = Number(
        "权重", "Weight", owner=STAFF, minimum=0, maximum=100,
        note=Label("维度之间合计 100；同一维度的指标之间合计 100。", "Dimensions sum to 100, and so do the indicators of one dimension."),
    )  # fmt: skip
    method = Choice("记分方式", "Method", owner=STAFF, options=METHODS)
    fact = Text(
        "数据列", "Fact", owner=STAFF, max_length=60,
        note=Label("按档位换算时，取候选提交的哪一列。", "For bands: the column of 候选提交 that holds the number."),
    )  # fmt: skip
    evidence = Choice("依据", "Evidence", owner=STAFF, options=YES_NO_EVIDENCE)
    low = Text("1 分", "Mark 1", owner=STAFF, max_length=200, level=PUBLIC)
    middle = Text("3 分", "Mark 3", owner=STAFF, max_length=200, level=PUBLIC)
    high = Text("5 分", "Mark 5", owner=STAFF, max_length=200, level=PUBLIC)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


BAND_ENDS = {
    "low": Label("含下限", "Low end in"),
    "high": Label("含上限", "High end in"),
    "both": Label("都含", "Both in"),
    "none": Label("都不含", "Neither in"),
}


class Bands(Table):
    """One row per band: a raw number becomes a mark, a score a grade. From 下限 on, below 上限, unless 端点 says otherwise."""

    name = "bands"
    label = Label("档位", "Bands")
    chapter = Chapter.SOURCING
    empty = Label("没有档位：从备份恢复，或按规则版本重建", "No band: restore them or set up a new version")
    band = Key("档位编号", "Band", prefix="B")
    used_for = Text(
        "用于", "Used for", owner=STAFF, max_length=40,
        note=Label("指标编号；等级的档位写“等级”。", "The indicator's number; the word 等级 for bands of grades."),
    )  # fmt: skip
    rule_version = Text("规则版本", "Rule version", owner=STAFF, max_length=20)
    low = Number("下限", "From", owner=STAFF, hint=Label("空着表示没有下限", "Blank means none"))
    high = Number("上限", "Below", owner=STAFF, hint=Label("空着表示没有上限", "Blank means none"))
    ends = Choice(
        "端点", "Ends", owner=STAFF, options=BAND_ENDS, default="low",
        note=Label("一般含下限不含上限；预算执行率这样的档位写含上限。", "Usually the low end is in; for bands such as budget execution the high end."),
    )  # fmt: skip
    gives = Text(
        "得", "Gives", owner=STAFF, max_length=10, hint=Label("1 到 5 分，或等级", "A mark of 1 to 5, or a grade")
    )
    meaning = Text("含义", "Meaning", owner=STAFF, max_length=200, level=PUBLIC)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Reviewers(Table):
    """One row per person who reviews; two people of one name are two rows."""

    name = "reviewers"
    label = Label("评审人", "Reviewers")
    chapter = Chapter.SOURCING
    empty = Label("还没有评审人：先登记评审人，再建评审会", "No reviewer yet: register them, then set up a panel")
    level = SENSITIVE
    reviewer = Key("评审人编号", "Reviewer", prefix="R")
    person = Text("姓名", "Name", owner=STAFF, max_length=60, level=SENSITIVE)
    role = Choice("部门", "Department", owner=STAFF, options=ROLES)
    email = Email("邮箱", "Mail", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=REVIEWER_STATES, default="active")
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Panels(Table):
    """One row per panel (S15): who scores whom under which rules, and until when."""

    name = "panels"
    label = Label("评审会", "Panels")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有评审会：写下候选和评审人的编号，再发评分链接",
        "No panel yet: name candidates and reviewers, then send links",
    )
    panel = Key("评审会编号", "Panel", prefix="V")
    title = Text("主题", "Subject", owner=STAFF, max_length=120)
    status = Choice(
        "状态", "Status", owner=STAFF, options=PANEL_STATES, default="preparing",
        note=Label("评分截止后，还没交齐也公开已交的评分。", "Once scoring is closed, what is in is shown even if some are missing."),
    )  # fmt: skip
    rule_version = Text("规则版本", "Rule version", owner=STAFF, max_length=20)
    candidates = Text(
        "候选", "Candidates", owner=STAFF, max_length=500, lines=True,
        hint=Label("候选编号，用顿号或逗号隔开", "Candidate numbers, separated by commas"),
    )  # fmt: skip
    reviewers = Text(
        "评审人", "Reviewers", owner=STAFF, max_length=500, lines=True,
        hint=Label("评审人编号，用顿号或逗号隔开", "Reviewer numbers, separated by commas"),
    )  # fmt: skip
    deadline = Date("评分期限", "Score by", owner=STAFF)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    recommended = Text(
        "推荐名单", "Recommended", owner=STAFF, max_length=200, hint=Label("推荐的候选编号", "Candidates recommended")
    )
    reason = Text(
        "推荐理由", "Reason", owner=STAFF, max_length=500, lines=True,
        hint=Label("与排名不一致时必须写明", "Required when it goes against the ranking"),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)


class Declarations(Table):
    """One row per declaration of a reviewer about one candidate (S15): no conflict of interest, or recused."""

    name = "declarations"
    label = Label("回避声明", "Declarations")
    chapter = Chapter.SOURCING
    empty = Label("还没有声明：评审人打开评分链接时先作声明", "No declaration yet: reviewers declare before they mark")
    level = SENSITIVE
    declaration = Key("声明编号", "Declaration", prefix="D")
    panel = Ref("评审会编号", "Panel", to="panels")
    reviewer = Ref("评审人编号", "Reviewer", to="reviewers")
    candidate = Ref("候选编号", "Candidate", to="candidates")
    conflict = Choice("利益冲突", "Conflict of interest", required=True, options=CONFLICT)
    reason = Text("回避原因", "Reason", required=True, max_length=300, asked_when=("conflict", "yes"))
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()
    sections = (
        Section(
            Label("利益冲突声明", "Conflict of interest"), ("panel", "reviewer", "candidate", "conflict", "reason")
        ),
    )


class Marks(Table):
    """One row per mark of one reviewer for one indicator of one candidate (S14)."""

    name = "marks"
    label = Label("评分", "Marks")
    chapter = Chapter.SOURCING
    empty = Label("还没有评分：评分交齐或截止后一起写到这里", "No mark yet: they come together once all are in")
    level = SENSITIVE
    mark_key = Key("评分编号", "Mark number", prefix="M")
    panel = Ref("评审会编号", "Panel", to="panels")
    candidate = Ref("候选编号", "Candidate", to="candidates")
    reviewer = Ref("评审人编号", "Reviewer", to="reviewers")
    indicator = Ref("指标编号", "Indicator", to="indicators")
    mark = Scale("分数", "Mark", words=MARKS, unknown=NOT_APPLICABLE)
    evidence = Text("依据", "Evidence", max_length=500, lines=True)
    comment = Text("评语", "Comment", max_length=500, lines=True)
    source = Choice(
        "来源", "Source", owner=COMPUTED, options=SOURCES,
        note=Label("在表里直接打的分由系统标为手工录入。", "A mark typed into the table is labelled as typed."),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()
    sections = (
        Section(Label("评分", "Marks"), ("panel", "candidate", "reviewer", "indicator", "mark", "evidence", "comment")),
    )


DIMENSIONS = {
    "S2": Label("行业匹配度", "Industry fit"),
    "S3": Label("技术实力", "Technology"),
    "S4": Label("资金实力", "Finance"),
    "S5": Label("市场影响力", "Market"),
    "S6": Label("运营管理能力", "Operations"),
    "S7": Label("合规性验证", "Compliance"),
    "S8": Label("过往记录", "Track record"),
    "S9": Label("文化契合度", "Culture"),
}


def _weight(code: str) -> str:
    """The weight of a dimension in the row's own rule version, 0 where the row has no score of it."""
    title = DIMENSIONS[code].zh
    return f'IF([@[{title}]]="",0,SUMIFS(indicators[权重],indicators[指标编号],[@[规则版本]]&"-{code}"))'


def _recomputed() -> str:
    """The weighted sum from the row's own dimension scores.

    Rounding to ten places first takes away the noise of binary sums, so that an exact half rounds up as it does in
    the exact arithmetic of the official score.
    """
    total = "+".join(_weight(code) for code in DIMENSIONS)
    points = "+".join(f"N([@[{label.zh}]])*{_weight(code)}" for code, label in DIMENSIONS.items())
    return f'IF([@[官方得分]]="","",ROUND(ROUND(({points})/({total})*20,10),2))'


class Results(Table):
    """One row per candidate of a panel: the official score, its rank and why. Written by key; remarks stay."""

    name = "results"
    label = Label("候选评估结果", "Results")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有结果：有了评分，运行 partnerbook evaluate 或等服务自动计算", "No result yet: run partnerbook evaluate"
    )
    level = SENSITIVE
    result = Key("结果编号", "Result")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120, level=PUBLIC)
    state = Choice("结论", "Outcome", owner=COMPUTED, options=RESULT_STATES)
    rank = Number("名次", "Rank", owner=COMPUTED, whole=True)
    score = Number("官方得分", "Official score", owner=COMPUTED, note=Label("得分 ÷ 5 × 100，两位小数，四舍五入一次。", "Score ÷ 5 × 100, two decimals, rounded half up once."))  # fmt: skip
    check = Formula("复算", "Recomputed", excel=_recomputed(), gives="number")
    grade = Text("等级", "Grade", owner=COMPUTED, max_length=10)
    reason = Text("说明", "Reason", owner=COMPUTED, max_length=500, lines=True)
    next_step = Text("升级提示", "Next grade", owner=COMPUTED, max_length=300)
    remark = Text("评审意见", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)
    fit = Number("行业匹配度", "Industry fit", owner=COMPUTED)
    technology = Number("技术实力", "Technology", owner=COMPUTED)
    finance = Number("资金实力", "Finance", owner=COMPUTED)
    market = Number("市场影响力", "Market", owner=COMPUTED)
    operations = Number("运营管理能力", "Operations", owner=COMPUTED)
    compliance = Number("合规性验证", "Compliance", owner=COMPUTED)
    record = Number("过往记录", "Track record", owner=COMPUTED)
    culture = Number("文化契合度", "Culture", owner=COMPUTED)
    reviewers = Number("评审人数", "Reviewers", owner=COMPUTED, whole=True)
    coverage = Number("覆盖率", "Coverage", owner=COMPUTED, note=Label("已评指标占全部权重的百分比。", "Share of the weight that has marks, in percent."))  # fmt: skip
    panel = Ref("评审会编号", "Panel", to="panels", owner=COMPUTED)
    candidate = Ref("候选编号", "Candidate", to="candidates", owner=COMPUTED)
    order = Number("排序", "Order", owner=COMPUTED, whole=True)
    rule_version = Text("规则版本", "Rule version", owner=COMPUTED, max_length=20)
    fingerprint = Text("输入指纹", "Fingerprint", owner=COMPUTED, max_length=64)
    rules_fingerprint = Text("规则指纹", "Rules fingerprint", owner=COMPUTED, max_length=64)
    evaluated_at = Moment("计算时间", "Evaluated at", owner=COMPUTED)


class Contributions(Table):
    """One row per indicator of a result: its weight, mean mark, points and the marks behind it; points add up."""

    name = "contributions"
    label = Label("得分构成", "Contributions")
    chapter = Chapter.SOURCING
    empty = Label("还没有得分构成：与结果一起计算", "Nothing yet: written together with the results")
    level = SENSITIVE
    contribution = Key("构成编号", "Contribution")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120, level=PUBLIC)
    dimension = Text("维度", "Dimension", owner=COMPUTED, max_length=60)
    title = Text("指标", "Indicator title", owner=COMPUTED, max_length=60)
    weight = Number("占比", "Weight", owner=COMPUTED, note=Label("在官方得分里占百分之几。", "Percent of the official score."))  # fmt: skip
    mean = Number("平均分", "Mean mark", owner=COMPUTED)
    points = Number("得分", "Points", owner=COMPUTED)
    state = Text("状态", "State", owner=COMPUTED, max_length=20)
    marks = Text("来源", "Marks", owner=COMPUTED, max_length=500, lines=True)
    result = Ref("结果编号", "Result", to="results", owner=COMPUTED)
    indicator = Ref("指标编号", "Indicator", to="indicators", owner=COMPUTED)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


VOTES = {
    "for": Label("推荐", "For"),
    "against": Label("不推荐", "Against"),
    "abstain": Label("弃权", "Abstain"),
}
MINUTES_STATES = {
    "draft": Label("起草", "Draft"),
    "confirmed": Label("已确认", "Confirmed"),
}


class Votes(Table):
    """One row per vote of a panel member on one candidate (S15), bound to the ranking that was shown."""

    name = "votes"
    label = Label("评审表决", "Votes")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有表决：评分公开以后，评审人在同一个链接里表决",
        "No vote yet: once marks are open, members vote under the same link",
    )
    level = SENSITIVE
    vote_key = Key("表决编号", "Vote number", prefix="X")
    panel = Ref("评审会编号", "Panel", to="panels")
    candidate = Ref("候选编号", "Candidate", to="candidates")
    reviewer = Ref("评审人编号", "Reviewer", to="reviewers")
    vote = Choice("表决", "Vote", required=True, options=VOTES)
    reason = Text("理由", "Reason", max_length=500, lines=True)
    fingerprint = Text("排名指纹", "Ranking fingerprint", max_length=64)
    state = Choice(
        "效力", "Validity", owner=COMPUTED, options=VALIDITY,
        note=Label("表决之后排名有变，就失效，请重新表决。", "Void once the ranking changed after the vote; vote again."),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()
    sections = (
        Section(Label("评审表决", "Vote"), ("panel", "candidate", "reviewer", "vote", "reason", "fingerprint")),
    )


class Minutes(Table):
    """One row per panel's minutes (S15): the system drafts them from scores and votes, staff confirm them."""

    name = "minutes"
    label = Label("评审会纪要", "Minutes")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有纪要：运行 partnerbook minutes 起草，核对后确认",
        "No minutes yet: draft them with partnerbook minutes, then confirm",
    )
    level = SENSITIVE
    minutes = Key("纪要编号", "Minutes", prefix="Y")
    panel = Ref("评审会编号", "Panel", to="panels", owner=COMPUTED)
    status = Choice("状态", "Status", owner=STAFF, options=MINUTES_STATES, default="draft")
    held_on = Date("开会日期", "Held on", owner=STAFF)
    attendees = Text("出席", "Attendees", owner=STAFF, max_length=500, lines=True)
    draft = Text("草稿", "Draft", owner=COMPUTED, max_length=5000, lines=True)
    text = Text(
        "纪要正文",
        "Text",
        owner=STAFF,
        max_length=5000,
        lines=True,
        hint=Label("空着表示采用草稿", "Blank means the draft as it is"),
    )
    fingerprint = Text("依据指纹", "Fingerprint", owner=COMPUTED, max_length=64)
    drafted_at = Moment("起草时间", "Drafted at", owner=COMPUTED)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)


__all__ = [
    "DIMENSIONS",
    "GRADES",
    "Bands",
    "Contributions",
    "Declarations",
    "Indicators",
    "Marks",
    "Minutes",
    "Panels",
    "Results",
    "Reviewers",
    "Votes",
]
