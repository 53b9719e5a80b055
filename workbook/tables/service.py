"""Owns the tables of responsiveness: 问题跟踪, its event log, and the time limits by level (S23, S24, S31)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    PUBLIC,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
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
from workbook.tables.sourcing import VERIFICATION

ISSUE_KINDS = {
    "issue": Label("问题", "Issue"),
    "change": Label("需求与变更", "Requirement or change"),
    "contact": Label("沟通", "Communication"),
}
ISSUE_LEVELS = {
    "urgent": Label("紧急", "Urgent"),
    "ordinary": Label("一般", "Ordinary"),
}
PRIORITIES = {name: Label(name, name) for name in ("P1", "P2", "P3", "P4")}
ISSUE_STATES = {
    "open": Label("待响应", "Open"),
    "answered": Label("处理中", "In progress"),
    "waiting": Label("暂停", "Paused"),
    "resolved": Label("已解决", "Resolved"),
    "closed": Label("已关闭", "Closed"),
}
EVENTS = {
    "response": Label("响应", "Response"),
    "pause": Label("暂停", "Pause"),
    "resume": Label("恢复", "Resume"),
    "resolve": Label("解决", "Resolved"),
    "reopen": Label("重开", "Reopened"),
    "level": Label("改级别", "Level changed"),
    "close": Label("关闭", "Closed"),
}
CLOCKS = {
    "always": Label("全天", "Around the clock"),
    "working": Label("工作时间", "Working time"),
}
UNITS = {
    "minutes": Label("分钟", "Minutes"),
    "hours": Label("小时", "Hours"),
    "days": Label("工作日", "Working days"),
}
CLOCK_STATES = {
    "running": Label("计时中", "Running"),
    "paused": Label("已暂停", "Stopped"),
    "met": Label("达标", "Met"),
    "breached": Label("超时", "Breached"),
}


class Issues(Table):
    """One row per issue, change or message that wants an answer from a partner (S23, S24): its clock is computed from the log."""

    name = "issues"
    label = Label("问题跟踪", "Issues")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有问题：双方提出的问题、变更和需要回复的事项记在这里",
        "No issue yet: issues, changes and messages of both sides",
    )
    level = SENSITIVE
    issue = Key("问题编号", "Issue", prefix="I")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    kind = Choice("事项类型", "Kind", owner=STAFF, options=ISSUE_KINDS, default="issue")
    severity = Choice(
        "问题级别", "Severity", required=True, options=ISSUE_LEVELS,
        hint=Label("一般：在这里或用日常渠道反馈；紧急：同时请立刻打电话", "Ordinary: here or by the daily channel; urgent: call at once as well"),
    )  # fmt: skip
    priority = Choice(
        "时限级别", "Priority", owner=STAFF, options=PRIORITIES,
        note=Label("空着时按“时限标准”由问题级别定：紧急 P1，一般 P3。", "Blank: by the severity, as 时限标准 says."),
    )  # fmt: skip
    title = Text(
        "问题", "Matter", required=True, max_length=300, hint=Label("一句话说清是什么问题", "The matter in a sentence")
    )
    status = Choice(
        "状态", "Status", owner=STAFF, options=ISSUE_STATES, default="open", shown_to_partner=True,
        note=Label("验证之后才能写“已关闭”：先填验证人和原因。", "Closed only after verification: verifier and cause first."),
    )  # fmt: skip
    verification = Choice("核实", "Verification", options=VERIFICATION, owner=STAFF)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    reported_at = Moment(
        "报告时间",
        "Reported at",
        owner=STAFF,
        note=Label("表单来的由系统填写。", "Filled in for what came by the form."),
    )
    respond_by = Moment("应响应", "Respond by", owner=COMPUTED)
    resolve_by = Moment("应解决", "Resolve by", owner=COMPUTED)
    response_clock = Choice("响应时限", "Response", owner=COMPUTED, options=CLOCK_STATES)
    resolution_clock = Choice("解决时限", "Resolution", owner=COMPUTED, options=CLOCK_STATES)
    response_minutes = Number("响应用时", "Response took", owner=COMPUTED, whole=True, note=Label("净用时，分钟；暂停不算。", "Net minutes; pauses do not count."))  # fmt: skip
    resolution_minutes = Number("解决用时", "Resolution took", owner=COMPUTED, whole=True, note=Label("净用时，分钟；暂停不算。", "Net minutes; pauses do not count."))  # fmt: skip
    reopened = Number("重开次数", "Reopened", owner=COMPUTED, whole=True)
    verifier = Text("验证人", "Verified by", owner=STAFF, max_length=60)
    cause = Text("原因", "Cause", owner=STAFF, max_length=300)
    reply = Text("给伙伴的话", "Message to partner", owner=STAFF, max_length=500, shown_to_partner=True, level=PUBLIC)
    drill = Ref(
        "演练编号", "Drill", to="drills", owner=STAFF,
        note=Label("有演练编号的是演练，不进任何得分、时限和违约金。", "A row with a drill is an exercise and enters no score, clock or penalty."),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    company = Text("企业名称", "Company", required=True, max_length=120)
    project = Text(
        "合作项目", "Project", max_length=120, hint=Label("出问题的项目或合同", "The project or contract in question")
    )
    detail = Text(
        "详情", "Detail", required=True, max_length=2000, lines=True,
        hint=Label("什么时候、在哪里、影响什么、怎么重现", "When, where, what it affects, how to see it again"),
    )  # fmt: skip
    evidence_file = Files("附件", "Evidence", hint=Label("截图、日志、照片", "Screens, logs, photos"))
    reporter = Text("反馈人", "Reporter", required=True, max_length=60, level=SENSITIVE)
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
        Section(Label("什么问题", "The issue"), ("severity", "title", "project", "detail", "evidence_file")),
        Section(Label("反馈人", "Who reports"), ("company", "reporter", "phone", "email")),
    )


class IssueEvents(Table):
    """One row per thing that happened to an issue; times, pauses and levels are derived from these on every reading (S31)."""

    name = "issue_events"
    label = Label("问题事件", "Issue events")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有事件：响应、暂停、恢复、解决、重开、改级别各记一行",
        "No event yet: one row per response, pause, solution",
    )
    event = Key("事件编号", "Event", prefix="IE")
    issue = Ref("问题编号", "Issue", to="issues", owner=STAFF)
    at = Moment("时间", "Time", owner=STAFF)
    kind = Choice("事件", "Event kind", owner=STAFF, options=EVENTS)
    priority = Choice("改为级别", "New priority", owner=STAFF, options=PRIORITIES)
    who = Text("谁", "Who", owner=STAFF, max_length=60)
    note = Text("说明", "Note", owner=STAFF, max_length=300)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class ServiceLevels(Table):
    """One row per level and rule version: how soon to respond and to resolve, on which clock (S31)."""

    name = "service_levels"
    label = Label("时限标准", "Service levels")
    chapter = Chapter.SETTINGS
    empty = Label("没有时限标准：从备份恢复", "None: restore them from a backup")
    service_level = Key(
        "标准编号", "Service level", note=Label("规则版本-级别，例如 p1-P1。", "Version-level such as p1-P1.")
    )
    rule_version = Text("规则版本", "Rule version", owner=STAFF, max_length=20)
    priority = Choice("时限级别", "Priority", owner=STAFF, options=PRIORITIES)
    severity = Choice(
        "对应问题级别", "Severity", owner=STAFF, options=ISSUE_LEVELS,
        note=Label("没有写时限级别的问题，按问题级别找到这一行。", "An issue without a priority finds its row by its severity."),
    )  # fmt: skip
    clock = Choice("时钟", "Clock", owner=STAFF, options=CLOCKS)
    response = Number("响应时限", "Respond within", owner=STAFF, minimum=0, maximum=100_000)
    response_unit = Choice("响应单位", "Response unit", owner=STAFF, options=UNITS)
    resolution = Number("解决时限", "Resolve within", owner=STAFF, minimum=0, maximum=100_000)
    resolution_unit = Choice("解决单位", "Resolution unit", owner=STAFF, options=UNITS)
    target = Number("目标达标率", "Target", owner=STAFF, minimum=0, maximum=100)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
