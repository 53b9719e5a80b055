"""Owns the tables of agreeing: 尽职调查, 合同, 条款 (S16 to S18)."""

from __future__ import annotations

from workbook.schema import (
    CONFIDENTIAL,
    PUBLIC,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Key,
    Label,
    Money,
    Ref,
    Table,
    Text,
)

METHODS = {
    "visit": Label("实地考察", "Site visit"),
    "customers": Label("客户访谈", "Talks with customers"),
    "technical": Label("技术交流", "Technical exchange"),
}
SEVERITIES = {
    "none": Label("无问题", "Nothing found"),
    "minor": Label("一般", "Minor"),
    "major": Label("严重", "Major"),
}
DILIGENCE_RESULTS = {
    "running": Label("进行中", "Under way"),
    "passed": Label("通过", "Passed"),
    "failed": Label("不通过", "Failed"),
}
CONTRACT_STATES = {
    "negotiating": Label("谈判中", "Negotiating"),
    "legal": Label("法务审查", "Legal review"),
    "signing": Label("待签署", "To be signed"),
    "signed": Label("已签", "Signed"),
    "ended": Label("已终止", "Ended"),
    "dropped": Label("已放弃", "Dropped"),
}
LEGAL = {
    "passed": Label("审查通过", "Passed"),
    "changes": Label("需要修改", "To be changed"),
}
CLAUSES = {
    "scope": Label("合作范围", "Scope of cooperation"),
    "rights": Label("双方权利义务", "Rights and duties"),
    "delivery": Label("交付标准", "Delivery standards"),
    "acceptance": Label("验收流程", "Acceptance"),
    "property": Label("知识产权", "Intellectual property"),
    "secrecy": Label("保密", "Confidentiality"),
    "payment": Label("费用结算", "Payment"),
    "breach": Label("违约责任", "Breach"),
    "disputes": Label("争议解决", "Disputes"),
    "term": Label("期限及续约", "Term and renewal"),
}
AGREED = {
    "open": Label("未开始", "Not begun"),
    "negotiating": Label("协商中", "Negotiating"),
    "agreed": Label("已达成", "Agreed"),
}


class DueDiligence(Table):
    """One row per check of a candidate before signing (S16, optional): a failed one blocks the signature."""

    name = "diligence"
    label = Label("尽职调查", "Due diligence")
    chapter = Chapter.SOURCING
    empty = Label(
        "没有尽职调查：关键或大型合作时对排名靠前的候选做，可以不做",
        "None: optional, for key or large cooperations and the top few",
    )
    level = SENSITIVE
    check = Key("调查编号", "Check", prefix="J")
    candidate = Ref("候选编号", "Candidate", to="candidates", owner=STAFF)
    method = Choice("方式", "Method", owner=STAFF, options=METHODS)
    trigger = Text("触发原因", "Trigger", owner=STAFF, max_length=200)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    planned_on = Date("计划日期", "Planned on", owner=STAFF)
    done_on = Date("完成日期", "Done on", owner=STAFF)
    finding = Text("发现", "Finding", owner=STAFF, max_length=1000, lines=True, level=CONFIDENTIAL)
    severity = Choice("严重程度", "Severity", owner=STAFF, options=SEVERITIES)
    result = Choice("结论", "Result", owner=STAFF, options=DILIGENCE_RESULTS, default="running")
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Contracts(Table):
    """One row per contract under negotiation or signed (S17, S18)."""

    name = "contracts"
    label = Label("合同", "Contracts")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有合同：推荐名单定了以后，从这里开始谈判",
        "No contract yet: negotiation begins here once the list is decided",
    )
    level = SENSITIVE
    contract = Key("合同编号", "Contract", prefix="K")
    title = Text("合同名称", "Title", owner=STAFF, max_length=120)
    candidate = Ref("候选编号", "Candidate", to="candidates", owner=STAFF)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    status = Choice(
        "状态", "Status", owner=STAFF, options=CONTRACT_STATES, default="negotiating",
        note=Label("谈判中 → 法务审查 → 待签署 → 已签；有未达成的条款、没有通过的法务审查或不通过的尽职调查，不能写已签。", "Negotiating → legal review → to be signed → signed; not signed while a clause is open, legal review has not passed, or due diligence failed."),
    )  # fmt: skip
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    amount = Money("合同金额", "Amount", owner=STAFF, minimum=0)
    lawyer = Text("法务", "Lawyer", owner=STAFF, max_length=60)
    legal = Choice("法务意见", "Legal review", owner=STAFF, options=LEGAL)
    legal_on = Date("审查日期", "Reviewed on", owner=STAFF)
    our_signatory = Text("我方签署人", "Our signatory", owner=STAFF, max_length=60)
    our_authority = Text(
        "我方授权",
        "Our authority",
        owner=STAFF,
        max_length=120,
        hint=Label("职务或授权书编号", "Office or number of the authorisation"),
    )
    their_signatory = Text("对方签署人", "Their signatory", owner=STAFF, max_length=60, level=SENSITIVE)
    their_authority = Text("对方授权", "Their authority", owner=STAFF, max_length=120)
    text_hash = Text(
        "文本指纹", "Text fingerprint", owner=STAFF, max_length=64,
        note=Label("定稿文件的 SHA-256：partnerbook fingerprint 文件。", "SHA-256 of the final file: partnerbook fingerprint FILE."),
    )  # fmt: skip
    our_hash = Text("我方确认指纹", "Our confirmed fingerprint", owner=STAFF, max_length=64)
    their_hash = Text("对方确认指纹", "Their confirmed fingerprint", owner=STAFF, max_length=64)
    signed_on = Date("签订日期", "Signed on", owner=STAFF)
    starts_on = Date("生效日期", "Effective from", owner=STAFF)
    ends_on = Date("到期日期", "Ends on", owner=STAFF)
    guided_from = Date(
        "引导期开始",
        "Onboarding from",
        owner=STAFF,
        hint=Label("partnerbook onboard 会填写", "partnerbook onboard fills it in"),
    )
    guided_until = Date("引导期结束", "Onboarding until", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)


class Clauses(Table):
    """One row per clause of a contract (S17): ten of them, each with a bottom line that never leaves the company."""

    name = "clauses"
    label = Label("条款", "Clauses")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有条款：每份合同十条，写下底线和弹性空间再谈",
        "No clause yet: ten for each contract; note bottom line and room before you negotiate",
    )
    level = SENSITIVE
    clause = Key("条款编号", "Clause", prefix="L")
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    subject = Choice("条款", "Subject", owner=STAFF, options=CLAUSES)
    agreed = Choice("进展", "Progress", owner=STAFF, options=AGREED, default="open")
    text = Text("约定内容", "Agreed text", owner=STAFF, max_length=1000, lines=True, level=PUBLIC)
    bottom_line = Text("底线", "Bottom line", owner=STAFF, max_length=500, lines=True, level=CONFIDENTIAL)
    flexibility = Text("弹性空间", "Flexibility", owner=STAFF, max_length=500, lines=True, level=CONFIDENTIAL)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    lawyer = Text("法务", "Lawyer", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)
