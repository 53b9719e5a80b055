"""Owns the tables of regular communication: participants, meetings and their minutes, actions, channels, visits (S20 to S22)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    CONFIDENTIAL,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Email,
    Key,
    Label,
    Moment,
    Ref,
    Section,
    Submission,
    Table,
    Text,
)
from workbook.tables.selection import SOURCES

SIDES = {
    "them": Label("合作伙伴一方", "Partner's side"),
    "us": Label("本公司一方", "Our side"),
}
TAKES_PART = {
    "active": Label("在任", "Active"),
    "left": Label("已卸任", "Left"),
}
RHYTHMS = {
    "monthly": Label("月度", "Monthly"),
    "quarterly": Label("季度", "Quarterly"),
}
SERIES_STATES = {
    "running": Label("执行中", "Running"),
    "ended": Label("已停止", "Stopped"),
}
MEETING_STATES = {
    "planned": Label("待召开", "To be held"),
    "held": Label("已召开", "Held"),
    "confirmed": Label("纪要已确认", "Minutes confirmed"),
    "cancelled": Label("已取消", "Cancelled"),
}
CONFIRMATIONS = {
    "agreed": Label("确认", "Confirmed"),
    "objected": Label("有异议", "Objected"),
}
ACTION_STATES = {
    "open": Label("未完成", "Open"),
    "done": Label("已完成", "Done"),
    "dropped": Label("不再需要", "No longer needed"),
}
PLATFORMS = {
    "wecom": Label("企业微信", "WeCom"),
    "dingtalk": Label("钉钉", "DingTalk"),
    "mail": Label("邮件", "Mail"),
    "wechat": Label("微信群", "WeChat group"),
    "phone": Label("电话", "Telephone"),
    "other": Label("其他", "Other"),
}
CHANNEL_PURPOSES = {
    "daily": Label("日常沟通", "Daily"),
    "urgent": Label("紧急联络", "Urgent"),
}


class Participants(Table):
    """One row per person who takes part in a cooperation, of either side: whom minutes and surveys are sent to (S20, S27)."""

    name = "participants"
    label = Label("参与人", "Participants")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有参与人：双方参与合作的人各记一行，例会纪要和满意度调查发给他们",
        "Nobody yet: one row per person of either side; minutes and surveys are sent to them",
    )
    level = SENSITIVE
    participant = Key("参与人编号", "Participant", prefix="PP")
    person = Text("姓名", "Name", owner=STAFF, max_length=60, level=SENSITIVE)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    side = Choice("一方", "Side", owner=STAFF, options=SIDES)
    role = Text("职责", "Role", owner=STAFF, max_length=60)
    email = Email("邮箱", "Mail", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=TAKES_PART, default="active")
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class MeetingSeries(Table):
    """One row per series of regular meetings with a partner (S20)."""

    name = "meeting_series"
    label = Label("例会安排", "Meeting series")
    chapter = Chapter.RELATIONS
    empty = Label("还没有例会安排：每家伙伴写一行，月度或季度", "None yet: one row per partner, monthly or quarterly")
    series = Key("例会编号", "Series", prefix="MS")
    title = Text("例会", "Title", owner=STAFF, max_length=120)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    rhythm = Choice("频次", "Rhythm", owner=STAFF, options=RHYTHMS, default="monthly")
    starts_on = Date("首次日期", "First on", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=SERIES_STATES, default="running")
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    next_on = Date("下一次", "Next on", owner=COMPUTED)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Meetings(Table):
    """One row per meeting (S20): the agenda comes from open issues and actions, the minutes are in three parts."""

    name = "meetings"
    label = Label("例会记录", "Meetings")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有例会：有例会安排就会排出下一次，议程自动带出未关闭的问题",
        "None yet: the next one of each series is entered with the open issues on its agenda",
    )
    meeting = Key("会议编号", "Meeting", prefix="ME")
    series = Ref("例会编号", "Series", to="meeting_series", owner=STAFF)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    planned_on = Date("计划日期", "Planned on", owner=STAFF)
    status = Choice(
        "状态", "Status", owner=STAFF, options=MEETING_STATES, default="planned",
        note=Label("待召开 → 已召开 → 纪要已确认；与会人都确认后写“纪要已确认”。", "To be held → held → minutes confirmed, once all who attended agreed."),
    )  # fmt: skip
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    held_on = Date("召开日期", "Held on", owner=STAFF)
    attendees = Text(
        "与会人", "Attendees", owner=STAFF, max_length=500, lines=True,
        hint=Label("参与人编号，用顿号或逗号隔开", "Participant numbers, separated by commas"),
    )  # fmt: skip
    agenda = Text(
        "议程", "Agenda", owner=COMPUTED, max_length=2000, lines=True,
        note=Label("待召开的会议：未关闭的问题、未完成的行动项自动列入；召开后不再变。", "Open issues and actions while the meeting is ahead; unchanged once it is held."),
    )  # fmt: skip
    progress = Text("进展", "Progress", owner=STAFF, max_length=2000, lines=True)
    problems = Text("问题", "Problems", owner=STAFF, max_length=2000, lines=True)
    next_steps = Text("下一步", "Next steps", owner=STAFF, max_length=2000, lines=True)
    confirmed = Text("确认情况", "Confirmed by", owner=COMPUTED, max_length=500)
    fingerprint = Text("纪要指纹", "Minutes fingerprint", owner=COMPUTED, max_length=64)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)


class MinuteConfirmations(Table):
    """One row per confirmation of a meeting's minutes, bound to the version that was shown (S20)."""

    name = "minute_confirmations"
    label = Label("纪要确认", "Confirmations")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有确认：用 partnerbook invite 把纪要链接发给与会人",
        "None yet: send the minutes' links with partnerbook invite",
    )
    confirmation = Key("确认编号", "Confirmation", prefix="MC")
    meeting = Ref("会议编号", "Meeting", to="meetings")
    participant = Ref("参与人编号", "Participant", to="participants")
    verdict = Choice("意见", "Verdict", required=True, options=CONFIRMATIONS)
    comment = Text("说明", "Comment", max_length=500, lines=True)
    fingerprint = Text("纪要指纹", "Minutes fingerprint", max_length=64)
    confirmed_at = Moment("确认时间", "Confirmed at", owner=COMPUTED)
    source = Choice("来源", "Source", owner=COMPUTED, options=SOURCES)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    submission_id = Submission()
    sections = (
        Section(
            Label("纪要确认", "Confirmation of minutes"),
            ("meeting", "participant", "verdict", "comment", "fingerprint"),
        ),
    )


class Actions(Table):
    """One row per action agreed with a partner: in a meeting, on a visit, after a survey or a drill (S20, S22, S28, S49)."""

    name = "actions"
    label = Label("行动项", "Actions")
    chapter = Chapter.RELATIONS
    empty = Label("还没有行动项：会上、拜访、调查或演练后定下的事各记一行", "None yet: one row per thing agreed")
    action = Key("行动编号", "Action", prefix="AC")
    what = Text("行动", "Action to take", owner=STAFF, max_length=300)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=ACTION_STATES, default="open")
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    due = Date("到期", "Due", owner=STAFF)
    done_on = Date("完成日期", "Done on", owner=STAFF)
    result = Text("结果", "Result", owner=STAFF, max_length=300)
    meeting = Ref("会议编号", "Meeting", to="meetings", owner=STAFF)
    visit = Ref("互访编号", "Visit", to="visits", owner=STAFF)
    campaign = Ref("调查编号", "Campaign", to="campaigns", owner=STAFF)
    drill = Ref("演练编号", "Drill", to="drills", owner=STAFF)
    issue = Ref("问题编号", "Issue", to="issues", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Channels(Table):
    """One row per group or line to a partner, with its owner (S21); secrets of robots never stand here."""

    name = "channels"
    label = Label("沟通渠道", "Channels")
    chapter = Chapter.RELATIONS
    empty = Label("还没有渠道：每个群、每条紧急联络线记一行", "None yet: one row per group or line")
    level = SENSITIVE
    channel = Key("渠道编号", "Channel", prefix="CH")
    title = Text("渠道", "Title", owner=STAFF, max_length=120)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    platform = Choice("平台", "Platform", owner=STAFF, options=PLATFORMS)
    purpose = Choice("用途", "Purpose", owner=STAFF, options=CHANNEL_PURPOSES, default="daily")
    handler = Text("群主", "Owner", owner=STAFF, max_length=60)
    address = Text(
        "地址", "Address", owner=STAFF, max_length=200, level=CONFIDENTIAL,
        hint=Label("群名、号码或邮箱；机器人的密钥不写在表里", "Group, number or mail; never the robot's secret"),
    )  # fmt: skip
    status = Choice("状态", "Status", owner=STAFF, options=TAKES_PART, default="active")
    checked_on = Date("核对日期", "Checked on", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Visits(Table):
    """One row per visit between the managements of both sides; none at all is legal (S22)."""

    name = "visits"
    label = Label("高层互访", "Visits")
    chapter = Chapter.RELATIONS
    empty = Label("没有互访记录：这一项可选，没有也合规", "None: visits are optional")
    level = SENSITIVE
    visit = Key("互访编号", "Visit", prefix="VI")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    visited_on = Date("日期", "Date", owner=STAFF)
    ours = Text("我方人员", "Our side", owner=STAFF, max_length=200)
    theirs = Text("对方人员", "Their side", owner=STAFF, max_length=200, level=SENSITIVE)
    topic = Text("议题", "Topic", owner=STAFF, max_length=300)
    outcome = Text("成果", "Outcome", owner=STAFF, max_length=1000, lines=True, level=CONFIDENTIAL)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
