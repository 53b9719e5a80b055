"""Owns the tables of responsiveness: 问题跟踪, its event log, and the time limits by level (S23, S24, S31)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    STAFF,
    Chapter,
    Choice,
    Key,
    Label,
    Moment,
    Number,
    Ref,
    Table,
    Text,
)

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
    issue = Key("问题编号", "Issue", prefix="I")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    kind = Choice("事项类型", "Kind", owner=STAFF, options=ISSUE_KINDS, default="issue")
    severity = Choice("问题级别", "Severity", owner=STAFF, options=ISSUE_LEVELS, default="ordinary")
    priority = Choice(
        "时限级别", "Priority", owner=STAFF, options=PRIORITIES,
        note=Label("空着时按“时限标准”由问题级别定：紧急 P1，一般 P3。", "Blank: by the severity, as 时限标准 says."),
    )  # fmt: skip
    title = Text("问题", "Matter", owner=STAFF, max_length=300)
    status = Choice("状态", "Status", owner=STAFF, options=ISSUE_STATES, default="open", shown_to_partner=True)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    reported_at = Moment("报告时间", "Reported at", owner=STAFF)
    respond_by = Moment("应响应", "Respond by", owner=COMPUTED)
    resolve_by = Moment("应解决", "Resolve by", owner=COMPUTED)
    response_clock = Choice("响应时限", "Response", owner=COMPUTED, options=CLOCK_STATES)
    resolution_clock = Choice("解决时限", "Resolution", owner=COMPUTED, options=CLOCK_STATES)
    response_minutes = Number("响应用时", "Response took", owner=COMPUTED, whole=True, note=Label("净用时，分钟；暂停不算。", "Net minutes; pauses do not count."))  # fmt: skip
    resolution_minutes = Number("解决用时", "Resolution took", owner=COMPUTED, whole=True, note=Label("净用时，分钟；暂停不算。", "Net minutes; pauses do not count."))  # fmt: skip
    reopened = Number("重开次数", "Reopened", owner=COMPUTED, whole=True)
    verifier = Text("验证人", "Verified by", owner=STAFF, max_length=60)
    cause = Text("原因", "Cause", owner=STAFF, max_length=300)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


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
