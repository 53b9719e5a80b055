"""Owns the tables of satisfaction surveys: campaigns, who is invited, anonymous answers, and what they say (S26 to S28)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Key,
    Label,
    Number,
    Ref,
    Scale,
    Table,
    Text,
)
from workbook.tables.meetings import SIDES
from workbook.tables.relations import CANNOT_SAY, OCCASIONS, SATISFACTION

WAYS = {
    "anonymous": Label("匿名", "Anonymous"),
    "named": Label("实名", "Named"),
}
CAMPAIGN_STATES = {
    "planned": Label("准备中", "In preparation"),
    "open": Label("进行中", "Running"),
    "closed": Label("已截止", "Closed"),
    "cancelled": Label("已取消", "Cancelled"),
}
INVITED_STATES = {
    "pending": Label("待邀请", "To be invited"),
    "invited": Label("未答", "Not answered"),
    "done": Label("已答", "Answered"),
    "left": Label("已卸任", "Left"),
}
TOPICS = {
    "goals": Label("合作目标达成度", "Goals reached"),
    "communication": Label("沟通效率", "Communication"),
    "problem_solving": Label("问题解决速度", "Speed of solving problems"),
    "delivery": Label("交付质量", "Quality of delivery"),
    "mutuality": Label("互惠程度", "Mutual benefit"),
}
READINGS = {
    "strength": Label("优势", "Strength"),
    "middle": Label("一般", "Middling"),
    "weak": Label("待改进", "Weak point"),
    "hidden": Label("人数不足", "Too few"),
}


class Campaigns(Table):
    """One row per survey: yearly or after a key node, both sides, anonymous or named (S27)."""

    name = "campaigns"
    label = Label("调查安排", "Campaigns")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有调查：每年一次，或在关键节点之后，写一行就可以发邀请",
        "None yet: one row a year or after a key node, then send the invitations",
    )
    campaign = Key("调查编号", "Campaign", prefix="SV")
    title = Text("调查", "Title", owner=STAFF, max_length=120)
    occasion = Choice("时机", "Occasion", owner=STAFF, options=OCCASIONS)
    node = Text(
        "节点", "Node", owner=STAFF, max_length=120, hint=Label("哪个项目的哪个节点", "Which node of which project")
    )
    way = Choice(
        "方式", "Way", owner=STAFF, options=WAYS, default="anonymous",
        note=Label("发出邀请后不能再改。", "Not to be changed once invitations are out."),
    )  # fmt: skip
    partners = Text(
        "调查范围", "Partners", owner=STAFF, max_length=500, lines=True,
        hint=Label("伙伴编号，用顿号隔开；空着是全部合作中的伙伴", "Partner numbers; blank: all active ones"),
    )  # fmt: skip
    status = Choice("状态", "Status", owner=STAFF, options=CAMPAIGN_STATES, default="planned")
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    opens_on = Date("开始", "From", owner=STAFF)
    closes_on = Date("截止", "Until", owner=STAFF)
    invited = Number("已邀请", "Invited", owner=COMPUTED, whole=True)
    answered = Number("已答", "Answered", owner=COMPUTED, whole=True)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class SurveyInvitations(Table):
    """One row per person and campaign: whether they answered, never what (S27)."""

    name = "survey_invitations"
    label = Label("调查名单", "Survey list")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有名单：调查开始时按参与人自动列出", "Nobody yet: listed from the participants when a survey begins"
    )
    level = SENSITIVE
    invited = Key("名单编号", "Invited", prefix="SI")
    campaign = Ref("调查编号", "Campaign", to="campaigns", owner=COMPUTED)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    participant = Ref("参与人编号", "Participant", to="participants", owner=COMPUTED)
    person = Text("姓名", "Name", owner=COMPUTED, max_length=60, level=SENSITIVE)
    side = Choice("一方", "Side", owner=COMPUTED, options=SIDES)
    status = Choice("状态", "Status", owner=COMPUTED, options=INVITED_STATES, default="pending")
    reminders = Number("催办次数", "Reminders", owner=COMPUTED, whole=True)
    way = Choice(
        "邀请方式", "Invited as", owner=COMPUTED, options=WAYS,
        note=Label("发出邀请时承诺的方式。", "The way that was promised with the invitation."),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class AnonymousAnswers(Table):
    """One row per anonymous answer: topics, words, group and the day it was written here; nothing that leads to a person (S26)."""

    name = "anonymous_answers"
    label = Label("匿名答卷", "Anonymous")
    chapter = Chapter.RELATIONS
    empty = Label(
        "还没有匿名答卷：满五份才成批写入，次序已打乱",
        "None yet: written in shuffled batches of five or more",
    )
    level = SENSITIVE
    answer = Key("答卷编号", "Answer", prefix="SN")
    campaign = Ref("调查编号", "Campaign", to="campaigns", owner=COMPUTED)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    side = Choice("一方", "Side", owner=COMPUTED, options=SIDES)
    goals = Scale("合作目标达成度", "Goals reached", owner=COMPUTED, words=SATISFACTION, unknown=CANNOT_SAY)
    communication = Scale("沟通效率", "Communication", owner=COMPUTED, words=SATISFACTION, unknown=CANNOT_SAY)
    problem_solving = Scale("问题解决速度", "Speed of solving problems", owner=COMPUTED, words=SATISFACTION, unknown=CANNOT_SAY)  # fmt: skip
    delivery = Scale("交付质量", "Quality of delivery", owner=COMPUTED, words=SATISFACTION, unknown=CANNOT_SAY)
    mutuality = Scale("互惠程度", "Mutual benefit", owner=COMPUTED, words=SATISFACTION, unknown=CANNOT_SAY)
    strengths = Text("做得好的", "What went well", owner=COMPUTED, max_length=500, lines=True)
    suggestions = Text("希望改进的", "What should change", owner=COMPUTED, max_length=500, lines=True)
    batch_on = Date("写入日期", "Written on", owner=COMPUTED)


class SurveyResults(Table):
    """One row per campaign, partner, side and topic: mean, number, gap and trend, hidden below five answers (S28)."""

    name = "survey_results"
    label = Label("满意度分析", "Survey results")
    chapter = Chapter.RELATIONS
    empty = Label("还没有分析：调查截止后由评估写出", "None yet: written by the evaluation once a survey is closed")
    level = SENSITIVE
    result = Key("分析编号", "Result")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120)
    side = Choice("一方", "Side", owner=COMPUTED, options=SIDES)
    topic = Choice("方面", "Topic", owner=COMPUTED, options=TOPICS)
    mean = Number("平均分", "Mean", owner=COMPUTED)
    answers = Number("份数", "Answers", owner=COMPUTED, whole=True)
    gap = Number("双方差距", "Gap", owner=COMPUTED, note=Label("对方减我方。", "Theirs minus ours."))
    before = Number("上次", "Before", owner=COMPUTED)
    change = Number("变化", "Change", owner=COMPUTED)
    reading = Choice("结论", "Reading", owner=COMPUTED, options=READINGS)
    reason = Text("说明", "Reason", owner=COMPUTED, max_length=300)
    campaign = Ref("调查编号", "Campaign", to="campaigns", owner=COMPUTED)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=COMPUTED)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
