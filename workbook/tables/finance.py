"""Owns the tables of money and resources: 预算执行, 资源利用 (S32, S33)."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    Date,
    Formula,
    Key,
    Label,
    Money,
    Number,
    Ref,
    Table,
    Text,
)
from workbook.tables.sourcing import YES_NO

BUDGET_VERDICTS = {
    "saved": Label("节约", "Saved"),
    "within": Label("预算内", "Within budget"),
    "over": Label("超支", "Over budget"),
    "unverified": Label("待核实", "To be verified"),
    "behind": Label("落后于计划", "Behind plan"),
    "no_data": Label("无数据", "No data"),
    "not_computable": Label("无法计算", "Not computable"),
}
RESOURCE_KINDS = {
    "people": Label("人员", "People"),
    "equipment": Label("设备", "Equipment"),
    "space": Label("场地", "Space"),
}
USE_VERDICTS = {
    "normal": Label("正常", "Normal"),
    "idle": Label("闲置", "Idle"),
    "overused": Label("超过可用量", "Above available"),
    "no_data": Label("无数据", "No data"),
}


class Budgets(Table):
    """One row per contract, category and span of time: agreed budget, actual, progress, and what to make of it (S32)."""

    name = "budgets"
    label = Label("预算执行", "Budgets")
    chapter = Chapter.FINANCE
    empty = Label(
        "还没有预算：按合同和科目写下约定预算、实际发生和进度",
        "No budget yet: agreed budget, actual and progress by contract",
    )
    level = SENSITIVE
    budget_line = Key("预算编号", "Budget line", prefix="BU")
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    project = Text("项目", "Project", owner=STAFF, max_length=120)
    category = Text("科目", "Category", owner=STAFF, max_length=60)
    starts_on = Date("开始", "From", owner=STAFF)
    ends_on = Date("结束", "Until", owner=STAFF)
    budget = Money("约定预算", "Budget", owner=STAFF)
    actual = Money("实际发生", "Actual", owner=STAFF)
    difference = Formula("差异", "Variance", excel='IF(OR([@[约定预算]]="",[@[实际发生]]=""),"",[@[约定预算]]-[@[实际发生]])', gives="difference")  # fmt: skip
    rate = Formula("执行率", "Execution rate", excel='IF(OR(N([@[约定预算]])=0,[@[实际发生]]=""),"",[@[实际发生]]/[@[约定预算]])', gives="share")  # fmt: skip
    planned_progress = Number("计划进度", "Planned progress", owner=STAFF, minimum=0, maximum=100, note=Label("到今天计划完成的百分比。", "Percent planned by now."))  # fmt: skip
    progress = Number("完成进度", "Progress", owner=STAFF, minimum=0, maximum=100, note=Label("实际完成的百分比；100 表示完成。", "Percent done; 100 is complete."))  # fmt: skip
    verified = Choice("完成已核实", "Completion verified", owner=STAFF, options=YES_NO)
    verdict = Choice("判定", "Verdict", owner=COMPUTED, options=BUDGET_VERDICTS)
    mark = Number("得分", "Mark", owner=COMPUTED, whole=True)
    saved = Money("核实节约", "Verified saving", owner=COMPUTED)
    undelivered = Money("未交付", "Undelivered", owner=COMPUTED, note=Label("没有花出去是因为没有做，不是节约。", "Not spent because not done: no saving."))  # fmt: skip
    voucher = Text("凭证", "Voucher", owner=STAFF, max_length=120)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Resources(Table):
    """One row per resource and span of time: what was available, what was used (S33); over 100 % is flagged, never capped."""

    name = "resources"
    label = Label("资源利用", "Resource use")
    chapter = Chapter.FINANCE
    empty = Label(
        "还没有资源记录：人员、设备、场地的可用量和实际利用量",
        "No record yet: available and used people, equipment, space",
    )
    resource = Key("资源编号", "Resource", prefix="RU")
    partner = Ref("伙伴编号", "Partner", to="partners", owner=STAFF)
    contract = Ref("合同编号", "Contract", to="contracts", owner=STAFF)
    kind = Choice("资源类型", "Kind", owner=STAFF, options=RESOURCE_KINDS)
    title = Text("资源", "Resource name", owner=STAFF, max_length=120)
    unit = Text("计量单位", "Unit", owner=STAFF, max_length=20)
    starts_on = Date("开始", "From", owner=STAFF)
    ends_on = Date("结束", "Until", owner=STAFF)
    available = Number("可用量", "Available", owner=STAFF, minimum=0)
    used = Number("实际利用量", "Used", owner=STAFF, minimum=0)
    duplicated = Number("其中重复", "Of it duplicated", owner=STAFF, minimum=0)
    wasted = Number("其中浪费", "Of it wasted", owner=STAFF, minimum=0)
    rate = Formula("利用率", "Utilisation", excel='IF(OR(N([@[可用量]])=0,[@[实际利用量]]=""),"",[@[实际利用量]]/[@[可用量]])', gives="share")  # fmt: skip
    idle = Formula("闲置量", "Idle", excel='IF(OR([@[可用量]]="",[@[实际利用量]]=""),"",MAX(0,[@[可用量]]-[@[实际利用量]]))', gives="surplus")  # fmt: skip
    verdict = Choice("判定", "Verdict", owner=COMPUTED, options=USE_VERDICTS)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
