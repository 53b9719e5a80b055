"""Owns the tables of preventing risk: the register, contingency plans, backups, controls, data grading, sampling and tracing (S41 to S43, S47, S48)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    CONFIDENTIAL,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Formula,
    Key,
    Label,
    Level,
    Number,
    Ref,
    Scale,
    Table,
    Text,
)
from workbook.tables.sourcing import CATEGORIES, YES_NO

RISK_KINDS = {
    "interruption": Label("合作中断风险", "Interruption"),
    "leak": Label("信息泄露风险", "Leak of information"),
    "quality": Label("质量不符风险", "Quality"),
    "dispute": Label("争议升级风险", "Escalating dispute"),
    "other": Label("其他风险", "Other"),
}
LIKELIHOOD = (
    Label("几乎不会", "Rare"),
    Label("不太可能", "Unlikely"),
    Label("可能", "Possible"),
    Label("很可能", "Likely"),
    Label("几乎肯定", "Almost certain"),
)
IMPACT = (
    Label("轻微", "Slight"),
    Label("较小", "Minor"),
    Label("中等", "Moderate"),
    Label("较大", "Major"),
    Label("严重", "Severe"),
)
RISK_STATES = {
    "open": Label("监控中", "Watched"),
    "treated": Label("已控制", "Under control"),
    "closed": Label("已关闭", "Closed"),
}
PLAN_STATES = {
    "draft": Label("草案", "Draft"),
    "approved": Label("已批准", "Approved"),
    "retired": Label("已停用", "Retired"),
}
BACKUP_STATES = {
    "proposed": Label("待认定", "Proposed"),
    "accepted": Label("已认定", "Accepted"),
    "retired": Label("已停用", "Retired"),
}
QUALIFIED = {
    "yes": Label("合格", "Qualified"),
    "no": Label("不合格", "Not qualified"),
}
CONTROLS = {
    "firewall": Label("防火墙与网络隔离", "Firewall and separation"),
    "access": Label("访问权限", "Access rights"),
    "accounts": Label("账号管理", "Accounts"),
    "encryption": Label("数据加密", "Encryption"),
    "logging": Label("日志审计", "Logging"),
    "backup": Label("数据备份", "Backups of data"),
    "return": Label("数据返还与销毁", "Return and destruction"),
}
CONTROL_RESULTS = {
    "conforms": Label("符合", "Conforms"),
    "differs": Label("不符合", "Does not conform"),
    "na": Label("不适用", "Not applicable"),
}
DATA_LEVELS = {level.name.lower(): level.value for level in Level}
DATA_STATES = {
    "held": Label("对方持有", "Held by them"),
    "returned": Label("已返还", "Returned"),
    "destroyed": Label("已销毁", "Destroyed"),
}
DEFECT_GRADES = {
    "critical": Label("致命缺陷", "Critical"),
    "major": Label("严重缺陷", "Major"),
    "minor": Label("轻微缺陷", "Minor"),
}


class Risks(Table):
    """One row per risk with a partner: likelihood × impact before and after the measures (S41 to S44)."""

    name = "risks"
    label = Label("风险登记册", "Risk register")
    chapter = Chapter.RISK
    empty = Label(
        "还没有风险：每家关键伙伴至少登记中断、泄露、质量、争议四类",
        "None yet: register the four kinds for each key partner",
    )
    level = SENSITIVE
    risk = Key("风险编号", "Risk", prefix="RK")
    title = Text("风险", "Title", owner=STAFF, max_length=200)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    kind = Choice("风险类型", "Kind", owner=STAFF, options=RISK_KINDS)
    status = Choice("状态", "Status", owner=STAFF, options=RISK_STATES, default="open")
    likelihood = Scale("可能性", "Likelihood", owner=STAFF, words=LIKELIHOOD)
    impact = Scale("影响", "Impact", owner=STAFF, words=IMPACT)
    rating = Formula(
        "风险值", "Rating", excel='IF(OR([@[可能性]]="",[@[影响]]=""),"",[@[可能性]]*[@[影响]])', gives="product"
    )
    measure = Text("应对措施", "Measure", owner=STAFF, max_length=500, lines=True)
    residual_likelihood = Scale("剩余可能性", "Residual likelihood", owner=STAFF, words=LIKELIHOOD)
    residual_impact = Scale("剩余影响", "Residual impact", owner=STAFF, words=IMPACT)
    residual = Formula("剩余风险值", "Residual rating", excel='IF(OR([@[剩余可能性]]="",[@[剩余影响]]=""),"",[@[剩余可能性]]*[@[剩余影响]])', gives="product")  # fmt: skip
    zone = Text("风险区", "Zone", owner=COMPUTED, max_length=20, note=Label("剩余风险值（没有就按风险值）：1–4 可接受，5–9 关注，10–14 处置，15–25 必须处置。", "By the residual rating, else the rating: 1–4 acceptable, 5–9 watch, 10–14 treat, 15–25 must be treated."))  # fmt: skip
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    review_on = Date("下次复核", "Review on", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Contingency(Table):
    """One row per contingency plan for the stop of a partner (S41)."""

    name = "contingency"
    label = Label("应急预案", "Contingency")
    chapter = Chapter.RISK
    empty = Label("还没有应急预案：每家关键伙伴都要有一份", "None yet: every key partner needs one")
    level = CONFIDENTIAL
    plan = Key("预案编号", "Plan", prefix="CP")
    title = Text("预案", "Title", owner=STAFF, max_length=120)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=PLAN_STATES, default="draft")
    impact = Text("中断影响", "Impact", owner=STAFF, max_length=500, lines=True)
    recovery_hours = Number("恢复时限", "Recover within", owner=STAFF, minimum=0, maximum=10_000, note=Label("从中断到恢复的小时数。", "Hours from the stop to recovery."))  # fmt: skip
    steps = Text("步骤", "Steps", owner=STAFF, max_length=2000, lines=True)
    backup = Ref("备选编号", "Backup", to="backups", owner=STAFF)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    reviewed_on = Date("复核日期", "Reviewed on", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Backups(Table):
    """One row per backup for a category or a partner; whether it still qualifies is computed (S48)."""

    name = "backups"
    label = Label("备选伙伴", "Backups")
    chapter = Chapter.RISK
    empty = Label(
        "还没有备选伙伴：每个类别预留一家能接替的", "None yet: keep one that could take over in each category"
    )
    level = SENSITIVE
    backup = Key("备选编号", "Backup", prefix="BK")
    category = Choice("类别", "Category", owner=STAFF, options=CATEGORIES)
    replaces = Ref(
        "替代伙伴", "Replaces", to="partners", owner=STAFF, hint=Label("空着是整个类别", "Blank: the whole category")
    )
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=BACKUP_STATES, default="proposed")
    switch_days = Number("切换天数", "Days to switch", owner=STAFF, minimum=0, maximum=1000)
    qualified = Choice("是否合格", "Qualified", owner=COMPUTED, options=QUALIFIED)
    why = Text("依据", "Why", owner=COMPUTED, max_length=300)
    score = Number("最近得分", "Last score", owner=COMPUTED)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    checked_on = Date("核对日期", "Checked on", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Stoppages(Table):
    """One row per active partner: what stops if it stops tomorrow, who could take over, what the plans lack (S41, S48)."""

    name = "stoppages"
    label = Label("停摆推演", "If it stops")
    chapter = Chapter.RISK
    empty = Label("如果这家明天停摆：评估后每家合作中的伙伴一行", "One row per active partner after an evaluation")
    level = CONFIDENTIAL
    stoppage = Key("推演编号", "Stoppage")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120)
    important = Choice("关键伙伴", "Key partner", owner=COMPUTED, options=YES_NO)
    projects = Text("受影响的项目", "Projects touched", owner=COMPUTED, max_length=1000, lines=True)
    exposure = Number("在执行金额", "Amount in force", owner=COMPUTED)
    open_deliveries = Number("未验收交付", "Open deliveries", owner=COMPUTED, whole=True)
    candidates = Text("合格备选", "Qualified backups", owner=COMPUTED, max_length=1000, lines=True)
    switch_days = Number("最快切换天数", "Days to switch", owner=COMPUTED)
    recovery_hours = Number("恢复时限", "Recover within", owner=COMPUTED)
    gaps = Text("缺口", "Gaps", owner=COMPUTED, max_length=1000, lines=True)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class TechnicalControls(Table):
    """One row per control of a partner's access to our systems and data (S47)."""

    name = "technical_controls"
    label = Label("技术隔离", "Controls")
    chapter = Chapter.RISK
    empty = Label(
        "还没有检查：接入我方系统或数据的伙伴逐项检查", "None yet: check each partner that reaches our systems"
    )
    level = CONFIDENTIAL
    check = Key("检查编号", "Check", prefix="TC")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    control = Choice("控制项", "Control", owner=STAFF, options=CONTROLS)
    result = Choice("结果", "Result", owner=STAFF, options=CONTROL_RESULTS)
    checked_on = Date("检查日期", "Checked on", owner=STAFF)
    due = Date("下次检查", "Check again by", owner=STAFF)
    evidence = Text("依据", "Evidence", owner=STAFF, max_length=500, lines=True)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class DataGrants(Table):
    """One row per kind of our data that a partner holds, with its level and end (S42)."""

    name = "data_grants"
    label = Label("数据授权", "Data grants")
    chapter = Chapter.RISK
    empty = Label(
        "还没有授权：交给伙伴的数据按级别逐项登记", "None yet: register what data each partner holds, with its level"
    )
    level = CONFIDENTIAL
    grant = Key("授权编号", "Grant", prefix="DG")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    what = Text("数据", "Data", owner=STAFF, max_length=200)
    data_level = Choice("级别", "Level", owner=STAFF, options=DATA_LEVELS)
    purpose = Text("用途", "Purpose", owner=STAFF, max_length=200)
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF, hint=Label("保密条款所在的合同", "The contract with the secrecy clause"))  # fmt: skip
    status = Choice("状态", "Status", owner=STAFF, options=DATA_STATES, default="held")
    granted_on = Date("授权日期", "Granted on", owner=STAFF)
    until = Date("授权截止", "Granted until", owner=STAFF)
    ended_on = Date("返还或销毁日期", "Returned on", owner=STAFF)
    approver = Text("批准人", "Approved by", owner=STAFF, max_length=60)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Samplings(Table):
    """One row per sampling of a batch: the numbers to take follow from lot, size and seed alone (S43)."""

    name = "samplings"
    label = Label("抽检", "Samplings")
    chapter = Chapter.RISK
    empty = Label(
        "还没有抽检：写下批量、抽样数和种子，评估时给出样本号",
        "None yet: lot, sample size and seed give the numbers to take",
    )
    sampling = Key("抽检编号", "Sampling", prefix="SP")
    delivery = Ref("交付编号", "Delivery", to="deliveries", owner=STAFF)
    batch = Text("批次", "Batch", owner=STAFF, max_length=40)
    lot = Number("批量", "Lot size", owner=STAFF, whole=True, minimum=1, maximum=10_000_000)
    size = Number("抽样数", "Sample size", owner=STAFF, whole=True, minimum=1, maximum=10_000)
    seed = Text(
        "种子", "Seed", owner=STAFF, max_length=60, hint=Label("空着用抽检编号", "Blank: the sampling's number")
    )
    accept = Number("接收数", "Accept up to", owner=STAFF, whole=True, minimum=0, maximum=10_000, note=Label("缺陷样本不超过这个数即接收。", "Accepted with no more defective units than this."))  # fmt: skip
    drawn = Text("样本号", "Units drawn", owner=COMPUTED, max_length=2000, lines=True)
    defects = Number("缺陷样本数", "Defective units", owner=COMPUTED, whole=True)
    verdict = Text("判定", "Verdict", owner=COMPUTED, max_length=20)
    sampled_on = Date("抽检日期", "Sampled on", owner=STAFF)
    handler = Text("抽检人", "Sampler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Defects(Table):
    """One row per defect found: the unit, its batch, where it comes from and what was done (S43)."""

    name = "defects"
    label = Label("缺陷追溯", "Defects")
    chapter = Chapter.RISK
    empty = Label("没有缺陷记录", "No defect was recorded")
    defect = Key("缺陷编号", "Defect", prefix="DF")
    sampling = Ref("抽检编号", "Sampling", to="samplings", owner=STAFF)
    delivery = Ref("交付编号", "Delivery", to="deliveries", owner=STAFF)
    batch = Text("批次", "Batch", owner=STAFF, max_length=40)
    unit = Number("样本号", "Unit", owner=STAFF, whole=True, minimum=1, maximum=10_000_000)
    grade = Choice("缺陷级别", "Grade", owner=STAFF, options=DEFECT_GRADES)
    what = Text("缺陷", "Defect found", owner=STAFF, max_length=300)
    origin = Text(
        "来源批次",
        "Origin",
        owner=STAFF,
        max_length=120,
        hint=Label("原料或上游批次", "Batch of material or of an upstream supplier"),
    )
    handling = Text("处理", "Handling", owner=STAFF, max_length=300)
    issue = Ref("问题编号", "Issue", to="issues", owner=STAFF)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
