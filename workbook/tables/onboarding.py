"""Owns the table of onboarding: 入伙引导 (S19)."""

from __future__ import annotations

from workbook.schema import PUBLIC, STAFF, Chapter, Choice, Date, Key, Label, Ref, Table, Text

ITEMS = {
    "structure": Label("组织架构", "Organisation"),
    "culture": Label("企业文化", "Culture"),
    "business": Label("核心业务", "Core business"),
    "partners": Label("现有合作伙伴", "Present partners"),
    "people": Label("主要对接人", "Counterparts"),
    "channels": Label("沟通渠道", "Channels"),
    "platform": Label("协作平台", "Platform"),
    "projects": Label("项目管理流程", "Project management"),
    "communication": Label("沟通规范", "Rules of communication"),
    "documents": Label("文档标准", "Document standards"),
}
GROUPS = {
    "background": Label("背景信息", "Background"),
    "interface": Label("对接机制", "Interface"),
    "training": Label("流程培训", "Training"),
}
ITEM_STATES = {
    "open": Label("未完成", "Open"),
    "done": Label("已完成", "Done"),
    "dropped": Label("不再需要", "No longer needed"),
}


class Onboarding(Table):
    """One row per item of a new partner's onboarding (S19): ten items in three groups, within 引导期."""

    name = "onboarding"
    label = Label("入伙引导", "Onboarding")
    chapter = Chapter.ONBOARDING
    empty = Label(
        "还没有引导：合同签订后列出十项，分给负责人", "Nothing yet: after signing, list the ten items and who does them"
    )
    item = Key("引导编号", "Item", prefix="W")
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    group = Choice("部分", "Group", owner=STAFF, options=GROUPS)
    subject = Choice("事项", "Subject", owner=STAFF, options=ITEMS)
    status = Choice("状态", "Status", owner=STAFF, options=ITEM_STATES, default="open")
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    due = Date("到期", "Due", owner=STAFF)
    done_on = Date("完成日期", "Done on", owner=STAFF)
    result = Text("结果", "Result", owner=STAFF, max_length=300, level=PUBLIC)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
