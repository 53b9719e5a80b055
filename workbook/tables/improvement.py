"""Owns the tables of what follows from a result: proposals, appeals, frozen results, incentives, plans, enablement (S29, S34, S38 to S40)."""

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
    Files,
    Key,
    Label,
    Moment,
    Money,
    Number,
    Ref,
    Scale,
    Section,
    Submission,
    Table,
    Text,
)
from workbook.tables.performance import PERIOD_KINDS
from workbook.tables.selection import MARKS
from workbook.tables.sourcing import VERIFICATION, YES_NO

PROPOSAL_STATES = {
    "received": Label("已收到", "Received"),
    "assessing": Label("价值评估", "Being assessed"),
    "adopted": Label("已采纳", "Adopted"),
    "declined": Label("未采纳", "Not adopted"),
    "realised": Label("已实现", "Realised"),
}
PROPOSAL_FIELDS = {
    "process": Label("流程", "Process"),
    "technology": Label("技术", "Technology"),
    "product": Label("产品", "Product"),
    "cost": Label("成本", "Cost"),
    "service": Label("服务", "Service"),
}
APPEAL_STATES = {
    "received": Label("已收到", "Received"),
    "reviewing": Label("复核中", "Under review"),
    "upheld": Label("维持原结果", "Upheld"),
    "corrected": Label("已更正", "Corrected"),
}
INCENTIVE_TYPES = {
    "reward": Label("绩效奖励", "Reward"),
    "resources": Label("资源倾斜", "Resources"),
    "development": Label("联合发展", "Joint development"),
    "honour": Label("荣誉认可", "Honour"),
}
INCENTIVE_STATES = {
    "due": Label("待审批", "To be approved"),
    "approved": Label("已审批", "Approved"),
    "granted": Label("已兑现", "Granted"),
    "refused": Label("不予兑现", "Refused"),
}
PLAN_STATES = {
    "open": Label("进行中", "Under way"),
    "done": Label("措施完成", "Actions done"),
    "effective": Label("已见效", "Effective"),
    "ineffective": Label("未见效", "Not effective"),
    "dropped": Label("已取消", "Cancelled"),
}
ENABLEMENT_KINDS = {
    "technology": Label("技术升级", "Technology"),
    "training": Label("培训赋能", "Training"),
    "mechanism": Label("机制优化", "Mechanism"),
}


class Proposals(Table):
    """One row per proposal of innovation that a partner sent (S34): what it is worth, whether it was adopted, what it saved."""

    name = "proposals"
    label = Label("创新提案", "Proposals")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有提案：把创新提案表单发给伙伴", "No proposal yet: send partners the form")
    level = SENSITIVE
    proposal = Key("提案编号", "Proposal", prefix="IP")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    company = Text(
        "企业名称", "Company", required=True, max_length=120, hint=Label("您所在的企业", "The company you work for")
    )
    status = Choice("状态", "Status", owner=STAFF, options=PROPOSAL_STATES, default="received", shown_to_partner=True)
    verification = Choice("核实", "Verification", options=VERIFICATION, owner=STAFF, default="unverified")
    reply = Text("给伙伴的话", "Message to partner", owner=STAFF, max_length=500, shown_to_partner=True, level=PUBLIC)
    value = Scale("价值评估", "Value", words=MARKS, owner=STAFF, level=CONFIDENTIAL)
    assessed_by = Text("评估人", "Assessed by", owner=STAFF, max_length=60)
    adopted_on = Date("采纳日期", "Adopted on", owner=STAFF)
    verified_saving = Money("核实节约金额", "Verified saving", owner=STAFF, minimum=0)
    saving_verified_by = Text("节约核实人", "Saving verified by", owner=STAFF, max_length=60)
    saving_verified_on = Date("节约核实日期", "Saving verified on", owner=STAFF)
    saving_evidence = Text("节约依据", "Evidence of saving", owner=STAFF, max_length=500, lines=True)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)
    title = Text("提案名称", "Title", required=True, max_length=120, hint=Label("一句话说清楚", "In one sentence"))
    area = Choice("方向", "Field", required=True, options=PROPOSAL_FIELDS)
    present = Text("现状与问题", "What is wrong now", required=True, max_length=1000, lines=True)
    idea = Text(
        "做法",
        "The idea",
        required=True,
        max_length=1000,
        lines=True,
        hint=Label("改什么，怎么改，谁来做", "What changes, how, and by whom"),
    )
    expected_saving = Money("预计节约", "Expected saving", entered_in=10_000, minimum=0, hint=Label("人民币，一年；没有可以不填", "In CNY, a year; may be left out"))  # fmt: skip
    benefit = Text(
        "其他收益",
        "Other benefits",
        max_length=500,
        lines=True,
        hint=Label("质量、速度、安全等", "Quality, speed, safety"),
    )
    proposer = Text("提案人", "Your name", required=True, max_length=60, level=SENSITIVE)
    email = Email("联系邮箱", "Mail", required=True, hint=Label("用于答复提案", "So that we can answer"))
    evidence_file = Files("附件", "Documents", count=5)
    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()
    sections = (
        Section(Label("提案", "Proposal"), ("company", "title", "area", "present", "idea")),
        Section(Label("收益", "Benefit"), ("expected_saving", "benefit", "evidence_file")),
        Section(Label("联系人", "About you"), ("proposer", "email")),
    )


class Appeals(Table):
    """One row per appeal of a partner against a score (S38): what it says, who looked again, what came of it."""

    name = "appeals"
    label = Label("绩效申诉", "Appeals")
    chapter = Chapter.PERFORMANCE
    empty = Label("没有申诉：伙伴收到结果后可以用申诉表单提出", "No appeal: partners may send one after a result")
    level = SENSITIVE
    appeal = Key("申诉编号", "Appeal", prefix="AP")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    result = Ref("绩效编号", "Result", to="performance", owner=STAFF)
    company = Text(
        "企业名称", "Company", required=True, max_length=120, hint=Label("您所在的企业", "The company you work for")
    )
    status = Choice("状态", "Status", owner=STAFF, options=APPEAL_STATES, default="received", shown_to_partner=True)
    verification = Choice("核实", "Verification", options=VERIFICATION, owner=STAFF, default="unverified")
    reply = Text("给伙伴的话", "Message to partner", owner=STAFF, max_length=500, shown_to_partner=True, level=PUBLIC)
    decided_by = Text("复核人", "Decided by", owner=STAFF, max_length=60)
    decided_on = Date("复核日期", "Decided on", owner=STAFF)
    decision = Text("复核意见", "Decision", owner=STAFF, max_length=500, lines=True)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)
    period_named = Text(
        "考核周期",
        "Period",
        required=True,
        max_length=20,
        hint=Label("结果通知上的周期，例如 2026Q3", "As in the notice, such as 2026Q3"),
    )
    measure_named = Text("申诉的指标", "Measure", required=True, max_length=120)
    grounds = Text(
        "申诉理由",
        "Grounds",
        required=True,
        max_length=1000,
        lines=True,
        hint=Label("哪个数不对，应该是多少，依据是什么", "Which number is wrong, what it should be, and why"),
    )
    evidence_file = Files("依据", "Evidence", count=5)
    appellant = Text("申诉人", "Your name", required=True, max_length=60, level=SENSITIVE)
    email = Email("联系邮箱", "Mail", required=True, hint=Label("用于答复申诉", "So that we can answer"))
    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()
    sections = (
        Section(Label("申诉", "Appeal"), ("company", "period_named", "measure_named", "grounds", "evidence_file")),
        Section(Label("联系人", "About you"), ("appellant", "email")),
    )


class Frozen(Table):
    """One row per frozen result of a partner in a period (S38): append-only, with the hashes of its inputs and of itself."""

    name = "frozen"
    label = Label("冻结结果", "Frozen results")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有冻结的结果：核对后运行 partnerbook freeze", "No frozen result yet: run partnerbook freeze")
    level = SENSITIVE
    frozen = Key("冻结编号", "Frozen result", prefix="FZ")
    period = Ref("周期", "Period", to="periods", owner=COMPUTED)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120, level=PUBLIC)
    kind = Choice("周期类型", "Kind", owner=COMPUTED, options=PERIOD_KINDS)
    state = Text("结论", "Outcome", owner=COMPUTED, max_length=20)
    score = Number("官方得分", "Official score", owner=COMPUTED)
    grade = Text("等级", "Grade", owner=COMPUTED, max_length=10)
    effective_on = Date("生效日期", "Effective from", owner=COMPUTED)
    corrects = Ref("更正", "Corrects", to="frozen", owner=COMPUTED, note=Label("更正另起一行，写明更正哪一行；原来的行不动。", "A correction is a new row that names the one it corrects."))  # fmt: skip
    why = Text("更正原因", "Why corrected", owner=COMPUTED, max_length=300)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    rule_version = Text("规则版本", "Rule version", owner=COMPUTED, max_length=20)
    frozen_at = Moment("冻结时间", "Frozen at", owner=COMPUTED)
    frozen_by = Text("冻结人", "Frozen by", owner=COMPUTED, max_length=60)
    inputs_hash = Text("输入指纹", "Inputs", owner=COMPUTED, max_length=64)
    parts_hash = Text("明细指纹", "Parts", owner=COMPUTED, max_length=64, note=Label("得分、等级、结论和每项指标的分数、占比、得分。", "Score, grade, outcome and every measure."))  # fmt: skip
    result_hash = Text("结果指纹", "Result hash", owner=COMPUTED, max_length=64, note=Label("这一行各格的 SHA-256；改动任何一格都对不上。", "SHA-256 over the whole row."))  # fmt: skip


class IncentiveRules(Table):
    """One row per entitlement that a grade brings (S29); staff change them, from a day on."""

    name = "incentive_rules"
    label = Label("激励规则", "Incentive rules")
    chapter = Chapter.PERFORMANCE
    empty = Label("没有激励规则：写下什么等级得什么", "None: write down what a grade brings")
    incentive_rule = Key("规则编号", "Rule", prefix="IR")
    kind = Choice("周期类型", "Kind of period", owner=STAFF, options=PERIOD_KINDS)
    grade = Text("等级", "Grade", owner=STAFF, max_length=10)
    type = Choice("激励类型", "Type", owner=STAFF, options=INCENTIVE_TYPES)
    what = Text("内容", "What", owner=STAFF, max_length=200)
    amount = Money("金额", "Amount", owner=STAFF, minimum=0)
    effective_on = Date("生效日期", "Effective from", owner=STAFF, hint=Label("留空表示一直有效", "Blank means always"))
    ends_on = Date("失效日期", "Until", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Incentives(Table):
    """One row per entitlement of a partner from one frozen result (S29): written once, approved and granted by people."""

    name = "incentives"
    label = Label("激励台账", "Incentives")
    chapter = Chapter.PERFORMANCE
    empty = Label(
        "还没有激励：年度结果冻结后按激励规则生成，每项只生成一次", "None yet: made once from a frozen yearly result"
    )
    level = SENSITIVE
    incentive = Key("激励编号", "Incentive", prefix="IN")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120, level=PUBLIC)
    period = Ref("周期", "Period", to="periods", owner=COMPUTED, level=PUBLIC)
    grade = Text("等级", "Grade", owner=COMPUTED, max_length=10, level=PUBLIC)
    type = Choice("激励类型", "Type", owner=COMPUTED, options=INCENTIVE_TYPES, level=PUBLIC)
    what = Text("内容", "What", owner=COMPUTED, max_length=200, level=PUBLIC)
    amount = Money(
        "金额",
        "Amount",
        owner=COMPUTED,
        level=PUBLIC,
        note=Label(
            "生成时按规则写定，规则以后再改也不变。", "Fixed when the row is made; later rules do not change it."
        ),
    )
    status = Choice(
        "状态",
        "Status",
        owner=STAFF,
        options=INCENTIVE_STATES,
        default="due",
        note=Label(
            "不该给的写“不予兑现”；删掉的行下次评估会再生成。",
            "Refuse what is not to be given; a deleted row is made again.",
        ),
    )
    approver = Text("审批人", "Approved by", owner=STAFF, max_length=60)
    approved_on = Date("审批日期", "Approved on", owner=STAFF)
    granted_on = Date("兑现日期", "Granted on", owner=STAFF, shown_to_partner=True)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    withdrawn = Text(
        "不予兑现原因",
        "Why withdrawn",
        owner=COMPUTED,
        max_length=300,
        note=Label("结果更正后不再有这项激励时由系统写。", "Written when a corrected result no longer brings it."),
    )
    made_on = Date("生成日期", "Made on", owner=COMPUTED)
    frozen = Ref("冻结编号", "Frozen result", to="frozen", owner=COMPUTED)
    rule = Ref("规则编号", "Rule", to="incentive_rules", owner=COMPUTED)


class Plans(Table):
    """One row per improvement plan (S39): the weak measure, its cause by five whys, the action, and the measure again."""

    name = "plans"
    label = Label("改进计划", "Plans")
    chapter = Chapter.PERFORMANCE
    empty = Label(
        "没有改进计划：等级为 D 或指标下降的伙伴要有一份", "None: a partner with a D or a falling measure needs one"
    )
    level = SENSITIVE
    plan = Key("计划编号", "Plan", prefix="PL")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    period = Ref(
        "周期",
        "Period",
        to="periods",
        owner=STAFF,
        note=Label("哪一期的结果引出这份计划。", "The period whose result asks for it."),
    )
    measure = Ref(
        "绩效指标编号",
        "Measure",
        to="measures",
        owner=STAFF,
        note=Label("空着表示针对整体得分。", "Blank: the whole score."),
    )
    why1 = Text("为什么 1", "Why 1", owner=STAFF, max_length=200)
    why2 = Text("为什么 2", "Why 2", owner=STAFF, max_length=200)
    why3 = Text("为什么 3", "Why 3", owner=STAFF, max_length=200)
    why4 = Text("为什么 4", "Why 4", owner=STAFF, max_length=200)
    why5 = Text("为什么 5", "Why 5", owner=STAFF, max_length=200)
    action = Text("措施", "Action", owner=STAFF, max_length=500, lines=True)
    owner = Text("措施责任人", "Owner", owner=STAFF, max_length=60)
    due = Date("完成期限", "Due", owner=STAFF)
    done_on = Date("完成日期", "Done on", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=PLAN_STATES, default="open")
    before = Number(
        "改进前",
        "Before",
        owner=COMPUTED,
        note=Label("引出计划那一期的得分或指标分数。", "The score or mark of that period."),
    )
    after = Number(
        "改进后",
        "After",
        owner=COMPUTED,
        note=Label("期限之后第一个完整周期的得分或指标分数。", "The first whole period after the due date."),
    )
    after_period = Text("复测周期", "Measured again in", owner=COMPUTED, max_length=20)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Enablements(Table):
    """One row per tool, training or change of a mechanism that helps a partner, linked to a result (S40)."""

    name = "enablements"
    label = Label("升级与赋能", "Enablement")
    chapter = Chapter.PERFORMANCE
    empty = Label("还没有记录：技术升级、培训赋能、机制优化各记一行", "None yet: technology, training and mechanisms")
    enablement = Key("赋能编号", "Enablement", prefix="EN")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    kind = Choice("赋能类型", "Kind", owner=STAFF, options=ENABLEMENT_KINDS)
    title = Text("内容", "What", owner=STAFF, max_length=200)
    plan = Ref("计划编号", "Plan", to="plans", owner=STAFF)
    result = Ref(
        "绩效编号",
        "Result",
        to="performance",
        owner=STAFF,
        note=Label("由哪一个结果引出。", "The result that led to it."),
    )
    happened_on = Date("日期", "Day", owner=STAFF)
    people = Number("参加人数", "People", owner=STAFF, whole=True, minimum=0)
    before = Text("之前", "Before", owner=STAFF, max_length=300)
    after = Text("之后", "After", owner=STAFF, max_length=300)
    effective = Choice("是否见效", "Effective", owner=STAFF, options=YES_NO)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class ClauseChanges(Table):
    """One row per change of a clause of a signed contract (S40): it raises the clause's version by one."""

    name = "clause_changes"
    label = Label("条款变更", "Clause changes")
    chapter = Chapter.PERFORMANCE
    empty = Label(
        "没有条款变更：签约之后改条款，在这里记一行，版本自动加一", "None: write down each change after signing"
    )
    level = SENSITIVE
    clause_change = Key("变更编号", "Clause change", prefix="CC")
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    clause = Ref("条款编号", "Clause", to="clauses", owner=STAFF)
    version = Number("条款版本", "Clause version", owner=COMPUTED, whole=True, note=Label("签约时是 1，每次变更加 1。", "1 when signed, one more with each change."))  # fmt: skip
    before = Text("原条款", "Before", owner=STAFF, max_length=1000, lines=True, level=CONFIDENTIAL)
    after = Text("新条款", "After", owner=STAFF, max_length=1000, lines=True, level=CONFIDENTIAL)
    reason = Text("变更原因", "Reason", owner=STAFF, max_length=300)
    result = Ref("绩效编号", "Result", to="performance", owner=STAFF)
    agreed_on = Date("双方确认日期", "Agreed on", owner=STAFF)
    effective_on = Date("生效日期", "Effective from", owner=STAFF)
    lawyer = Text("法务", "Lawyer", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
