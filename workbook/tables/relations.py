"""Owns the tables of keeping the relation: 满意度调查."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    CONFIDENTIAL,
    PUBLIC,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Email,
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
from workbook.tables.meetings import SIDES
from workbook.tables.sourcing import VERIFICATION

OCCASIONS = {
    "yearly": Label("年度调查", "Yearly survey"),
    "node": Label("关键节点之后", "After a key node"),
}
SATISFACTION = (
    Label("很不满意", "Very poor"),
    Label("不满意", "Poor"),
    Label("一般", "Fair"),
    Label("满意", "Good"),
    Label("很满意", "Very good"),
)
CANNOT_SAY = Label("不了解", "Cannot say")
ANSWER_STATES = {
    "received": Label("已收到", "Received"),
    "read": Label("已阅", "Read"),
    "discussed": Label("已与您沟通", "Discussed with you"),
    "acted": Label("已有改进措施", "Acted upon"),
}


class Satisfaction(Table):
    """One row per named answer to the satisfaction survey (S26): five topics, marks 1 to 5."""

    name = "satisfaction"
    label = Label("满意度调查", "Satisfaction")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有答卷：年度或关键节点后把调查链接发给双方参与人",
        "No answer yet: send the survey link to both sides",
    )
    level = SENSITIVE

    answer = Key("答卷编号", "Answer", prefix="S")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    company = Text(
        "企业名称",
        "Company",
        required=True,
        max_length=120,
        hint=Label("您所在的企业", "The company you work for"),
    )
    status = Choice("状态", "Status", owner=STAFF, options=ANSWER_STATES, default="received", shown_to_partner=True)
    verification = Choice("核实", "Verification", options=VERIFICATION, owner=STAFF, default="unverified")
    reply = Text("给伙伴的话", "Message to partner", owner=STAFF, max_length=500, shown_to_partner=True, level=PUBLIC)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)
    campaign = Ref("调查编号", "Campaign", to="campaigns", owner=STAFF)
    side = Choice("一方", "Side", required=True, options=SIDES)
    occasion = Choice("时机", "Occasion", required=True, options=OCCASIONS)
    project = Text(
        "合作项目",
        "Project",
        max_length=120,
        hint=Label("调查针对的项目或合同", "The project or contract in question"),
    )

    goals = Scale(
        "合作目标达成度", "Goals reached", required=True, words=SATISFACTION, unknown=CANNOT_SAY,
        hint=Label("双方约定的目标完成得怎样", "How far the agreed goals were met"),
    )  # fmt: skip
    communication = Scale(
        "沟通效率", "Communication", required=True, words=SATISFACTION, unknown=CANNOT_SAY,
        hint=Label("消息有人回，会议有结论", "Messages are answered, meetings end with decisions"),
    )  # fmt: skip
    problem_solving = Scale(
        "问题解决速度", "Speed of solving problems", required=True, words=SATISFACTION, unknown=CANNOT_SAY,
        hint=Label("从提出到解决", "From report to solution"),
    )  # fmt: skip
    delivery = Scale(
        "交付质量", "Quality of delivery", required=True, words=SATISFACTION, unknown=CANNOT_SAY,
        hint=Label("一次做对，文件齐全", "Right the first time, papers complete"),
    )  # fmt: skip
    mutuality = Scale(
        "互惠程度", "Mutual benefit", required=True, words=SATISFACTION, unknown=CANNOT_SAY,
        hint=Label("双方的投入和收益相称", "What each side gives and gains is in balance"),
    )  # fmt: skip
    strengths = Text("做得好的", "What went well", max_length=500, lines=True)
    suggestions = Text("希望改进的", "What should change", max_length=500, lines=True)
    respondent = Text("填写人", "Your name", required=True, max_length=60, level=SENSITIVE)
    email = Email("联系邮箱", "Mail", required=True, hint=Label("用于就您的意见回复您", "So that we can answer you"))

    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()

    sections = (
        Section(Label("关于这次合作", "About the cooperation"), ("company", "side", "occasion", "project")),
        Section(
            Label("五个方面", "Five topics"),
            ("goals", "communication", "problem_solving", "delivery", "mutuality"),
        ),
        Section(Label("您的意见", "Your view"), ("strengths", "suggestions")),
        Section(Label("填写人", "About you"), ("respondent", "email")),
    )
