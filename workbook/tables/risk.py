"""Owns the tables of risk and emergency: 事件报告."""

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
    Number,
    Phone,
    Ref,
    Section,
    Submission,
    Table,
    Text,
)
from workbook.tables.sourcing import VERIFICATION, YES_NO

INCIDENT_KINDS = {
    "interruption": Label("合作或服务中断", "Interruption of service"),
    "leak": Label("信息泄露", "Leak of information"),
    "quality": Label("质量事故", "Quality incident"),
    "safety": Label("安全事故", "Safety incident"),
    "dispute": Label("争议升级", "Escalating dispute"),
    "other": Label("其他", "Other"),
}
SEVERITIES = {
    "extraordinary": Label("特别重大事件", "Extraordinary"),
    "major": Label("重大事件", "Major"),
    "large": Label("较大事件", "Large"),
    "ordinary": Label("一般事件", "Ordinary"),
}
# S45: the four steps of the emergency response, and the two ends around them.
INCIDENT_STATES = {
    "reported": Label("已报告", "Reported"),
    "assessment": Label("初步评估", "Initial assessment"),
    "responsibility": Label("责任界定", "Responsibility"),
    "measures": Label("措施实施", "Measures under way"),
    "repair_check": Label("修复验证", "Verification of the repair"),
    "closed": Label("已关闭", "Closed"),
}


class Incidents(Table):
    """One row per incident report (S45), with the four steps of the response filled in by staff."""

    name = "incidents"
    label = Label("事件报告", "Incidents")
    chapter = Chapter.RISK
    empty = Label("没有事件报告。伙伴通过“突发事件报告”表单上报，会自动写到这里", "No incident was reported")
    level = SENSITIVE

    incident = Key("事件编号", "Incident", prefix="E")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    company = Text("企业名称", "Company", required=True, max_length=120)
    severity = Choice(
        "严重程度", "Severity", required=True, options=SEVERITIES,
        hint=Label("拿不准就往高选，初步评估时会校正", "If in doubt choose the higher one; the assessment corrects it"),
    )  # fmt: skip
    state = Choice(
        "处理步骤", "Step", owner=STAFF, options=INCIDENT_STATES, default="reported", shown_to_partner=True,
        note=Label("初步评估 → 责任界定 → 措施实施 → 修复验证。伙伴在回执页看到这一列。", "Assessment → responsibility → measures → verification. Shown to the partner."),
    )  # fmt: skip
    verification = Choice("核实", "Verification", options=VERIFICATION, owner=STAFF, default="unverified")
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    due = Date("应解决", "Due", owner=STAFF)
    responsible = Text("责任方", "Responsible party", owner=STAFF, max_length=120, level=CONFIDENTIAL)
    measure = Text("措施", "Measure", owner=STAFF, max_length=1000, lines=True)
    proof = Text("验证结果", "Proof of the repair", owner=STAFF, max_length=1000, lines=True)
    verifier = Text("验证人", "Verified by", owner=STAFF, max_length=60)
    drill = Ref(
        "演练编号", "Drill", to="drills", owner=STAFF,
        note=Label("有演练编号的是演练，不进任何得分、时限和违约金。", "A row with a drill is an exercise and enters no score, clock or penalty."),
    )  # fmt: skip
    reply = Text("给伙伴的话", "Message to partner", owner=STAFF, max_length=500, shown_to_partner=True, level=PUBLIC)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)

    kind = Choice("事件类型", "Kind of incident", required=True, options=INCIDENT_KINDS)
    occurred_at = Moment(
        "发生时间", "Occurred at", required=True, hint=Label("北京时间；不确定就填发现的时间", "Beijing time; if unsure, when it was noticed"),
    )  # fmt: skip
    ongoing = Choice("是否仍在持续", "Still going on", required=True, options=YES_NO)
    scope = Text(
        "影响范围", "Scope", required=True, max_length=500, lines=True,
        hint=Label("受影响的项目、客户、系统或批次", "Projects, customers, systems or batches affected"),
    )  # fmt: skip
    description = Text("经过", "What happened", required=True, max_length=2000, lines=True)
    first_measures = Text("已采取的措施", "Measures taken so far", max_length=1000, lines=True)
    evidence_file = Files("现场材料", "Evidence", hint=Label("照片、日志、通知", "Photos, logs, notices"))
    reporter = Text("报告人", "Reporter", required=True, max_length=60, level=SENSITIVE)
    phone = Phone(
        "联系电话",
        "Phone",
        required=True,
        hint=Label("处理期间能接通的号码", "A number that answers while this is handled"),
    )
    email = Email("联系邮箱", "Mail")

    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()

    sections = (
        Section(Label("发生了什么", "What happened"), ("kind", "severity", "occurred_at", "ongoing", "scope", "description", "first_measures", "evidence_file")),
        Section(Label("报告人", "Who reports"), ("company", "reporter", "phone", "email")),
    )  # fmt: skip
