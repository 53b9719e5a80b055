"""Owns the tables of what is wanted: 需求, 内部评审, 需求发布, 定向邀请 (S10 to S12)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    PUBLIC,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Email,
    Key,
    Label,
    Moment,
    Number,
    Ref,
    Section,
    Submission,
    Table,
    Text,
)
from workbook.tables.selection import VALIDITY

REQUIREMENT_STATES = {
    "draft": Label("起草", "Draft"),
    "review": Label("内部评审", "Under review"),
    "approved": Label("评审通过", "Approved"),
    "published": Label("已发布", "Published"),
    "closed": Label("已结束", "Ended"),
    "withdrawn": Label("已撤销", "Withdrawn"),
}
VERDICTS = {
    "agree": Label("同意", "Agree"),
    "conditional": Label("有条件同意", "Agree under conditions"),
    "disagree": Label("不同意", "Disagree"),
}
CHANNELS = {
    "internal": Label("内部公告", "Internal notice"),
    "invited": Label("定向邀请", "By invitation"),
    "platform": Label("行业平台", "Industry platform"),
}
PUBLICATION_STATES = {
    "preparing": Label("准备中", "In preparation"),
    "published": Label("已发布", "Published"),
    "cancelled": Label("已取消", "Cancelled"),
}
INVITATION_STATES = {
    "sent": Label("未回复", "No answer yet"),
    "submitted": Label("已提交", "Submitted"),
    "declined": Label("婉拒", "Declined"),
}


def _part(zh: str, en: str, hint_zh: str, hint_en: str, **more: object) -> Text:
    """One of the eight parts of a requirement."""
    return Text(zh, en, owner=STAFF, max_length=1000, lines=True, hint=Label(hint_zh, hint_en), **more)  # type: ignore[arg-type]


class Requirements(Table):
    """One row per version of a requirement (S10): eight parts, all but the budget needed before the review."""

    name = "requirements"
    label = Label("需求", "Requirements")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有需求：写下八个部分，再送内部评审", "No requirement yet: write its eight parts, then have it reviewed"
    )
    requirement = Key("需求编号", "Requirement", prefix="Q", owner=STAFF)
    title = Text("需求名称", "Title", owner=STAFF, max_length=120, level=PUBLIC)
    revision = Number(
        "需求版本", "Revision", owner=STAFF, whole=True, minimum=1, maximum=999,
        note=Label("评审后要改内容：版本加 1，重新送审。", "To change it after the review: raise the revision and have it reviewed again."),
    )  # fmt: skip
    status = Choice("状态", "Status", owner=STAFF, options=REQUIREMENT_STATES, default="draft")
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    goal = _part("目标", "Goal", "合作要达到什么", "What the cooperation is to reach", level=PUBLIC)
    scope = _part("范围", "Scope", "包括什么，不包括什么", "What is in and what is out", level=PUBLIC)
    outcome = _part("预期成果", "Expected outcome", "做成以后有什么不同", "What will be different", level=PUBLIC)
    schedule = _part("时间节点", "Schedule", "每行一个：日期、事项", "One per line: date, event", level=PUBLIC)
    deliverables = _part("关键交付物", "Deliverables", "每行一件", "One per line", level=PUBLIC)
    quality = _part("质量标准", "Quality standards", "怎样算合格", "What counts as good", level=PUBLIC)
    budget = _part("预算范围", "Budget range", "可以不写", "Optional", level=SENSITIVE)
    capability = _part(
        "核心能力", "Core capabilities", "伙伴必须具备的能力", "What a partner must be able to do", level=PUBLIC
    )
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    fingerprint = Text(
        "内容指纹", "Fingerprint", owner=COMPUTED, max_length=64,
        note=Label("八个部分和版本的 SHA-256；评审人签的就是它。", "SHA-256 of the eight parts and the revision; this is what reviewers sign."),
    )  # fmt: skip


class SignOffs(Table):
    """One row per verdict of a reviewer on one fixed version of a requirement (S11)."""

    name = "signoffs"
    label = Label("内部评审", "Sign-offs")
    chapter = Chapter.SOURCING
    empty = Label("还没有评审意见：发出签核链接后写到这里", "No verdict yet: they come here through the links")
    signoff = Key("签核编号", "Sign-off", prefix="A")
    requirement = Ref("需求编号", "Requirement", to="requirements")
    revision = Number("需求版本", "Revision", whole=True, minimum=1)
    reviewer = Ref("评审人编号", "Reviewer", to="reviewers")
    verdict = Choice("意见", "Verdict", required=True, options=VERDICTS)
    opinion = Text("说明", "Opinion", max_length=500, lines=True)
    fingerprint = Text("签核指纹", "Signed fingerprint", max_length=64)
    state = Choice(
        "效力", "Validity", owner=COMPUTED, options=VALIDITY,
        note=Label("签核之后内容有改动，就失效。", "Void once the content was edited after it was signed."),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()
    sections = (
        Section(
            Label("内部评审", "Internal review"),
            ("requirement", "revision", "reviewer", "verdict", "opinion", "fingerprint"),
        ),
    )


class Publications(Table):
    """One row per publication of a requirement (S12): where, and from when until when candidates may apply."""

    name = "publications"
    label = Label("需求发布", "Publications")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有发布：评审通过后选渠道，定开始和截止时间",
        "Nothing published yet: choose a channel, set opening and closing time",
    )
    publication = Key("发布编号", "Publication", prefix="F")
    requirement = Ref("需求编号", "Requirement", to="requirements", owner=STAFF)
    channel = Choice("发布渠道", "Channel", owner=STAFF, options=CHANNELS)
    status = Choice("状态", "Status", owner=STAFF, options=PUBLICATION_STATES, default="preparing")
    opens_at = Moment("开始时间", "Opens at", owner=STAFF)
    closes_at = Moment("截止时间", "Closes at", owner=STAFF)
    address = Text(
        "发布地址", "Address", owner=STAFF, max_length=300, hint=Label("公告或平台上的网址", "Where it can be read")
    )
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Invitations(Table):
    """One row per company that was invited to a publication (S12)."""

    name = "invitations"
    label = Label("定向邀请", "Invitations")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有邀请：写下企业和邮箱，用 partnerbook invite 取个人链接",
        "No invitation yet: name company and mail, get the links with partnerbook invite",
    )
    level = SENSITIVE
    invitation = Key("邀请编号", "Invitation", prefix="N")
    publication = Ref("发布编号", "Publication", to="publications", owner=STAFF)
    company = Text("企业名称", "Company", owner=STAFF, max_length=120, level=PUBLIC)
    contact = Text("联系人", "Contact", owner=STAFF, max_length=60, level=SENSITIVE)
    email = Email("邮箱", "Mail", owner=STAFF)
    invited_on = Date("邀请日期", "Invited on", owner=STAFF)
    status = Choice("状态", "Status", owner=STAFF, options=INVITATION_STATES, default="sent")
    candidate = Ref("候选编号", "Candidate", to="candidates", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
