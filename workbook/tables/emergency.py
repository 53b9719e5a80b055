"""Owns the tables of answering risk: disputes and their ladder, penalties, drills (S44, S46, S49)."""

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
    Moment,
    Money,
    Number,
    Ref,
    Table,
    Text,
)
from workbook.tables.service import PRIORITIES

DISPUTE_STATES = {
    "contact": Label("对接人协商", "Counterparts"),
    "supervisor": Label("主管协商", "Supervisors"),
    "legal": Label("法务介入", "Legal"),
    "arbitration": Label("仲裁或诉讼", "Arbitration or court"),
    "settled": Label("已和解", "Settled"),
    "withdrawn": Label("已撤回", "Withdrawn"),
}
BREACHES = {
    "response": Label("响应超时", "Late response"),
    "resolution": Label("解决超时", "Late resolution"),
    "delivery": Label("逾期交付", "Late delivery"),
}
BASES = {
    "each": Label("每次", "Each time"),
    "hour": Label("每超一小时", "Each hour over"),
    "day": Label("每超一天", "Each day over"),
    "share": Label("合同金额百分比", "Percent of the contract"),
}
PENALTY_STATES = {
    "computed": Label("待确认", "To be confirmed"),
    "confirmed": Label("已确认", "Confirmed"),
    "waived": Label("已减免", "Waived"),
    "settled": Label("已扣款", "Deducted"),
}
DRILL_KINDS = {
    "incident": Label("事件应急", "Incident"),
    "switch": Label("备选切换", "Switch to a backup"),
    "leak": Label("信息泄露", "Leak of information"),
    "desk": Label("桌面推演", "Table-top"),
}
DRILL_STATES = {
    "planned": Label("待演练", "To be held"),
    "running": Label("演练中", "Running"),
    "done": Label("已完成", "Done"),
    "cancelled": Label("已取消", "Cancelled"),
}


class Disputes(Table):
    """One row per dispute with a partner; what is overdue goes up exactly one step of the ladder (S44)."""

    name = "disputes"
    label = Label("争议处理", "Disputes")
    chapter = Chapter.RISK
    empty = Label(
        "没有争议。一旦发生先由对接人协商，逾期逐级上报", "No dispute: counterparts first, then up step by step"
    )
    level = CONFIDENTIAL
    dispute = Key("争议编号", "Dispute", prefix="DI")
    title = Text("争议", "Title", owner=STAFF, max_length=200)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    status = Choice(
        "层级", "Step", owner=STAFF, options=DISPUTE_STATES, default="contact",
        note=Label("对接人协商 → 主管协商 → 法务介入 → 仲裁或诉讼；逾期由系统上升一级。", "Counterparts → supervisors → legal → arbitration; the system moves what is overdue one step."),
    )  # fmt: skip
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    raised_on = Date("提出日期", "Raised on", owner=STAFF)
    since = Date("本级开始", "Step since", owner=COMPUTED)
    due = Date(
        "本级期限",
        "Step until",
        owner=COMPUTED,
        note=Label("各级工作日数在设置“争议各级期限”。", "Working days per step: setting 争议各级期限."),
    )
    amount = Money("争议金额", "Amount", owner=STAFF, minimum=0)
    position = Text("双方主张", "Positions", owner=STAFF, max_length=1000, lines=True)
    outcome = Text("处理结果", "Outcome", owner=STAFF, max_length=500, lines=True)
    settled_on = Date("了结日期", "Settled on", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class PenaltyRules(Table):
    """One row per rule of liability: which breach costs what, up to which cap (S46)."""

    name = "penalty_rules"
    label = Label("违约标准", "Penalty rules")
    chapter = Chapter.RISK
    empty = Label(
        "还没有违约责任标准：按合同写，空着合同的对所有合同有效",
        "None yet: by contract; a blank contract holds for all",
    )
    level = SENSITIVE
    rule = Key("标准编号", "Rule", prefix="PR")
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    breach = Choice("违约情形", "Breach", owner=STAFF, options=BREACHES)
    priority = Choice(
        "时限级别", "Priority", owner=STAFF, options=PRIORITIES, hint=Label("空着是所有级别", "Blank: all levels")
    )
    base = Choice("计算方式", "Base", owner=STAFF, options=BASES)
    rate = Number("标准", "Rate", owner=STAFF, minimum=0, maximum=1_000_000_000, note=Label("金额（元），或合同金额的百分之几。", "Yuan, or percent of the contract."))  # fmt: skip
    cap = Number("上限", "Cap", owner=STAFF, minimum=0, maximum=100, note=Label("同一合同同一考核周期累计不超过合同金额的百分之几；空着不设上限。", "Percent of the contract per period; blank: none."))  # fmt: skip
    effective_on = Date("生效日期", "Effective from", owner=STAFF)
    until = Date("失效日期", "Until", owner=STAFF)
    clause = Text("合同条款", "Clause", owner=STAFF, max_length=120)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Penalties(Table):
    """One row per breach and rule: base, units, cap and amount, recomputed from the ledger on every evaluation (S46)."""

    name = "penalties"
    label = Label("违约金", "Penalties")
    chapter = Chapter.RISK
    empty = Label(
        "没有违约金：超时或逾期且有违约标准时由评估算出",
        "None: computed from late issues and deliveries where a rule says so",
    )
    level = SENSITIVE
    penalty = Key("违约金编号", "Penalty")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120)
    breach = Choice("违约情形", "Breach", owner=COMPUTED, options=BREACHES)
    source = Text("来源", "Source row", owner=COMPUTED, max_length=60)
    units = Number("数量", "Units", owner=COMPUTED)
    rate = Number("标准", "Rate", owner=COMPUTED)
    uncapped = Money("封顶前", "Before the cap", owner=COMPUTED)
    amount = Money("违约金额", "Amount", owner=COMPUTED)
    why = Text("怎么算的", "How", owner=COMPUTED, max_length=500)
    status = Choice("状态", "Status", owner=STAFF, options=PENALTY_STATES, default="computed")
    approver = Text("确认人", "Confirmed by", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    period = Text("月份", "Month", owner=COMPUTED, max_length=20)
    contract = Ref("合同编号", "Contract", to="contracts", owner=COMPUTED)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    rule = Ref("标准编号", "Rule", to="penalty_rules", owner=COMPUTED)


class Drills(Table):
    """One row per drill (S49): its script, its times, what it showed; nothing of it ever enters a score."""

    name = "drills"
    label = Label("演练", "Drills")
    chapter = Chapter.RISK
    empty = Label(
        "还没有演练：每年至少一次，从应急预案里挑一个场景",
        "None yet: one a year at least, out of the contingency plans",
    )
    drill = Key("演练编号", "Drill", prefix="DR")
    title = Text("演练", "Title", owner=STAFF, max_length=120)
    kind = Choice("场景", "Kind", owner=STAFF, options=DRILL_KINDS)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    plan = Ref("预案编号", "Plan", to="contingency", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=DRILL_STATES, default="planned")
    planned_on = Date("计划日期", "Planned on", owner=STAFF)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    script = Text("脚本", "Script", owner=STAFF, max_length=2000, lines=True)
    started_at = Moment("开始时间", "Started at", owner=STAFF)
    ended_at = Moment("结束时间", "Ended at", owner=STAFF)
    minutes = Formula("用时", "Minutes", excel='IF(OR([@[开始时间]]="",[@[结束时间]]=""),"",ROUND(([@[结束时间]]-[@[开始时间]])*1440,0))', gives="minutes")  # fmt: skip
    verdict = Text("对照预案", "Against the plan", owner=COMPUTED, max_length=300)
    findings = Text("发现", "Findings", owner=STAFF, max_length=1000, lines=True)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class DrillSteps(Table):
    """One row per timed step of a drill (S49); what the forms and pages of the drill record stands here too."""

    name = "drill_steps"
    label = Label("演练计时", "Drill steps")
    chapter = Chapter.RISK
    empty = Label("还没有计时：演练里每一步的起止时间", "None yet: when each step of a drill began and ended")
    drill_step = Key("步骤编号", "Step", prefix="DS")
    drill = Ref("演练编号", "Drill", to="drills", owner=STAFF)
    step = Text("步骤", "Step of the script", owner=STAFF, max_length=120)
    target = Number("目标分钟", "Target minutes", owner=STAFF, minimum=0, maximum=100_000)
    started_at = Moment("开始时间", "Started at", owner=STAFF)
    ended_at = Moment("结束时间", "Ended at", owner=STAFF)
    minutes = Formula("用时", "Minutes", excel='IF(OR([@[开始时间]]="",[@[结束时间]]=""),"",ROUND(([@[结束时间]]-[@[开始时间]])*1440,0))', gives="minutes")  # fmt: skip
    who = Text("谁", "Who", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
