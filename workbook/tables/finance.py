"""Owns the tables of money and resources: 预算执行 with its versions, phases and sources, and 资源利用 (S32, S33)."""

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
    Moment,
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


CURRENCIES = {
    "CNY": Label("人民币", "CNY"),
    "USD": Label("美元", "USD"),
    "EUR": Label("欧元", "EUR"),
    "HKD": Label("港元", "HKD"),
    "JPY": Label("日元", "JPY"),
    "GBP": Label("英镑", "GBP"),
    "SGD": Label("新加坡元", "SGD"),
    "KRW": Label("韩元", "KRW"),
    "TWD": Label("新台币", "TWD"),
    "MOP": Label("澳门元", "MOP"),
    "AUD": Label("澳元", "AUD"),
    "CAD": Label("加元", "CAD"),
    "CHF": Label("瑞士法郎", "CHF"),
}
TAX = {
    "included": Label("含税", "Tax included"),
    "excluded": Label("不含税", "Tax excluded"),
}
SOURCE_STATES = {
    "same": Label("一致", "As the source"),
    "edited": Label("员工改过", "Edited by staff"),
    "gone": Label("来源已无", "Gone from source"),
}
# What a column of finance's own sheet means.
MEANINGS = {
    "contract": Label("合同", "Contract"),
    "partner": Label("伙伴", "Partner"),
    "project": Label("项目", "Project"),
    "category": Label("科目", "Category"),
    "period": Label("期间", "Period"),
    "starts_on": Label("开始", "From"),
    "ends_on": Label("结束", "Until"),
    "budget": Label("约定预算", "Budget"),
    "actual": Label("实际发生", "Actual"),
    "committed": Label("已承诺", "Committed"),
    "planned_progress": Label("计划进度", "Planned progress"),
    "progress": Label("完成进度", "Progress"),
    "currency": Label("币种", "Currency"),
    "fx_rate": Label("汇率", "Exchange rate"),
    "fx_on": Label("汇率日期", "Rate date"),
    "tax": Label("含税", "Tax"),
    "tax_rate": Label("税率", "Tax rate"),
    "voucher": Label("凭证", "Voucher"),
    "remark": Label("备注", "Remark"),
    "ignore": Label("不取", "Not taken"),
}
UNITS = {
    "1": Label("元", "yuan"),
    "1000": Label("千元", "1,000 yuan"),
    "10000": Label("万元", "10,000 yuan"),
    "1000000": Label("百万元", "million yuan"),
    "100000000": Label("亿元", "100 million"),
}


class Budgets(Table):
    """One row per contract, category and span of time: agreed budget, actual, commitments, progress, and what to make of it (S32).

    Amounts are yuan; a line in another currency keeps the original amounts and the rate beside them.
    """

    name = "budgets"
    label = Label("预算执行", "Budgets")
    chapter = Chapter.FINANCE
    empty = Label(
        "还没有预算：按合同和科目写下约定预算、实际发生和进度，或运行 partnerbook import-budget 导入财务的表",
        "No budget yet: type agreed budget, actual and progress by contract, or run partnerbook import-budget",
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
    committed = Money("已承诺", "Committed", owner=STAFF, note=Label("已下单、已签未付的金额，不含实际发生。", "Ordered or signed and not yet paid; not part of actual."))  # fmt: skip
    available = Formula("可用余额", "Available", excel='IF(OR([@[约定预算]]="",[@[实际发生]]=""),"",[@[约定预算]]-[@[实际发生]]-N([@[已承诺]]))', gives="balance")  # fmt: skip
    planned_progress = Number("计划进度", "Planned progress", owner=STAFF, minimum=0, maximum=100, note=Label("到今天计划完成的百分比；有预算分期的行按分期算。", "Percent planned by now; where there are phases, these count."))  # fmt: skip
    progress = Number("完成进度", "Progress", owner=STAFF, minimum=0, maximum=100, note=Label("实际完成的百分比；100 表示完成。", "Percent done; 100 is complete."))  # fmt: skip
    evidence = Text("进度依据", "Evidence", owner=STAFF, max_length=200, note=Label("验收单、里程碑、工作量确认等。", "Acceptance, milestone, confirmed effort."))  # fmt: skip
    verified = Choice("完成已核实", "Completion verified", owner=STAFF, options=YES_NO)
    verdict = Choice("判定", "Verdict", owner=COMPUTED, options=BUDGET_VERDICTS)
    mark = Number("得分", "Mark", owner=COMPUTED, whole=True)
    saved = Money("核实节约", "Verified saving", owner=COMPUTED)
    undelivered = Money("未交付", "Undelivered", owner=COMPUTED, note=Label("没有花出去是因为没有做，不是节约。", "Not spent because not done: no saving."))  # fmt: skip
    planned_value = Money("计划价值", "Planned value", owner=COMPUTED, note=Label("PV：到今天按分期或计划进度应完成的预算。", "PV: budget of what is planned by now."))  # fmt: skip
    earned_value = Money("挣值", "Earned value", owner=COMPUTED, note=Label("EV：约定预算 × 完成进度。", "EV: budget × progress."))  # fmt: skip
    cpi = Number("CPI", "Cost index", owner=COMPUTED, note=Label("挣值 ÷ 实际发生，大于 1 为好。", "Earned value ÷ actual; above 1 is good."))  # fmt: skip
    spi = Number("SPI", "Schedule index", owner=COMPUTED, note=Label("挣值 ÷ 计划价值，大于 1 为好。", "Earned value ÷ planned value; above 1 is good."))  # fmt: skip
    eac = Money("完工估算", "At completion", owner=COMPUTED, note=Label("EAC：约定预算 ÷ CPI。", "EAC: budget ÷ CPI."))  # fmt: skip
    tax = Choice("含税", "Tax", owner=STAFF, options=TAX)
    tax_rate = Number("税率", "Tax rate", owner=STAFF, minimum=0, maximum=100, note=Label("百分比，例如 6、13。", "Percent, such as 6 or 13."))  # fmt: skip
    currency = Choice(
        "币种", "Currency", owner=STAFF, options=CURRENCIES, note=Label("空白为人民币。", "Blank is CNY.")
    )
    fx_rate = Number("汇率", "Exchange rate", owner=STAFF, minimum=0, note=Label("1 单位外币折合人民币。", "Yuan for one unit."))  # fmt: skip
    fx_on = Date("汇率日期", "Rate date", owner=STAFF)
    budget_original = Money("原币预算", "Budget, original", owner=STAFF)
    actual_original = Money("原币实际", "Actual, original", owner=STAFF)
    voucher = Text("凭证", "Voucher", owner=STAFF, max_length=120)
    source = Text("来源", "Source", owner=COMPUTED, max_length=60)
    source_line = Text("来源行", "Source line", owner=COMPUTED, max_length=300, note=Label("财务的表里用来认出这一行的内容。", "What names this line in finance's sheet."))  # fmt: skip
    imported = Text("导入内容", "As imported", owner=COMPUTED, max_length=400)
    imported_on = Date("导入日", "Imported on", owner=COMPUTED)
    source_state = Choice("来源核对", "Against source", owner=COMPUTED, options=SOURCE_STATES)
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class BudgetVersions(Table):
    """One row per agreed version of a line's budget: from when it holds, and who agreed to it on what ground (S32)."""

    name = "budget_versions"
    label = Label("预算版本", "Budget versions")
    chapter = Chapter.FINANCE
    empty = Label(
        "还没有预算版本：每次约定或调整预算写一行，原来的行不改",
        "No version yet: one row for each agreement or change of a budget; earlier rows stay",
    )
    level = SENSITIVE
    budget_version = Key("版本编号", "Version", prefix="BV")
    budget_line = Ref("预算编号", "Budget line", to="budgets", owner=STAFF)
    number = Number("第几版", "Number", owner=STAFF, whole=True, minimum=1)
    agreed_on = Date("约定日期", "Agreed on", owner=STAFF)
    budget = Money("约定预算", "Budget", owner=STAFF)
    reason = Text("变更原因", "Reason", owner=STAFF, max_length=200, note=Label("第 1 版可以不写。", "Not needed for the first."))  # fmt: skip
    approver = Text("批准人", "Approver", owner=STAFF, max_length=60)
    evidence = Text("依据", "Evidence", owner=STAFF, max_length=200)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class BudgetPhases(Table):
    """One row per span of a line's time-phased plan: how much of the budget is planned to be done in it (S32)."""

    name = "budget_phases"
    label = Label("预算分期", "Budget phases")
    chapter = Chapter.FINANCE
    empty = Label(
        "还没有分期：把一行预算按月或按阶段分开，计划价值按分期算，不按全年平均",
        "No phase yet: split a budget by month or stage; planned value follows them, not a yearly average",
    )
    level = SENSITIVE
    budget_phase = Key("分期编号", "Phase", prefix="BP")
    budget_line = Ref("预算编号", "Budget line", to="budgets", owner=STAFF)
    starts_on = Date("开始", "From", owner=STAFF)
    ends_on = Date("结束", "Until", owner=STAFF)
    planned = Money("计划金额", "Planned", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class BudgetTotals(Table):
    """One row per partner, and one over all: the sums of 预算执行 and what they come to as earned value (S32)."""

    name = "budget_totals"
    label = Label("预算汇总", "Budget totals")
    chapter = Chapter.FINANCE
    empty = Label(
        "还没有汇总：运行 partnerbook evaluate 之后出现", "No totals yet: they appear after partnerbook evaluate"
    )
    level = SENSITIVE
    total = Key("汇总编号", "Total")
    legal_name = Text("企业名称", "Legal name", owner=COMPUTED, max_length=120)
    lines = Number("行数", "Lines", owner=COMPUTED, whole=True)
    budget = Money("约定预算", "Budget", owner=COMPUTED)
    actual = Money("实际发生", "Actual", owner=COMPUTED)
    committed = Money("已承诺", "Committed", owner=COMPUTED)
    rate = Number("执行率", "Execution rate", owner=COMPUTED, note=Label("实际发生 ÷ 约定预算，百分比。", "Actual ÷ budget, percent."))  # fmt: skip
    planned_value = Money("计划价值", "Planned value", owner=COMPUTED)
    earned_value = Money("挣值", "Earned value", owner=COMPUTED)
    cpi = Number("CPI", "Cost index", owner=COMPUTED)
    spi = Number("SPI", "Schedule index", owner=COMPUTED)
    eac = Money("完工估算", "At completion", owner=COMPUTED)
    saved = Money("核实节约", "Verified saving", owner=COMPUTED)
    undelivered = Money("未交付", "Undelivered", owner=COMPUTED)
    left_out = Text("不计入挣值", "Not in earned value", owner=COMPUTED, max_length=200)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class BudgetMappings(Table):
    """One row per column of a source's sheets: what it means and in which unit; the next import reads it as this says (S32)."""

    name = "budget_mappings"
    label = Label("预算映射", "Budget mapping")
    chapter = Chapter.FINANCE
    empty = Label(
        "还没有映射：导入财务的表之后，每个表头怎么理解写在这里，可以改",
        "No mapping yet: after an import this says how each header is read, and may be changed",
    )
    budget_mapping = Key("映射编号", "Mapping", prefix="BM")
    source = Text("来源", "Source", owner=STAFF, max_length=60)
    header = Text("表头", "Header", owner=STAFF, max_length=120)
    meaning = Choice("含义", "Meaning", owner=STAFF, options=MEANINGS)
    unit = Choice("单位", "Unit", owner=STAFF, options=UNITS)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class BudgetImports(Table):
    """One row per import of a budget sheet: the file, its sums, what it changed and what it matched (S32)."""

    name = "budget_imports"
    label = Label("预算导入", "Budget imports")
    chapter = Chapter.FINANCE
    empty = Label("还没有导入过财务的表", "No sheet of finance was imported yet")
    level = SENSITIVE
    budget_import = Key("导入编号", "Import", prefix="BI")
    at = Moment("时间", "Time", owner=COMPUTED)
    source = Text("来源", "Source", owner=COMPUTED, max_length=60)
    file = Text("文件", "File", owner=COMPUTED, max_length=200)
    fingerprint = Text("文件指纹", "File fingerprint", owner=COMPUTED, max_length=64)
    lines = Number("行数", "Lines", owner=COMPUTED, whole=True)
    budget = Money("预算合计", "Budget, sum", owner=COMPUTED)
    actual = Money("实际合计", "Actual, sum", owner=COMPUTED)
    checks = Text("合计核对", "Control totals", owner=COMPUTED, max_length=200)
    added = Number("新增", "Added", owner=COMPUTED, whole=True)
    updated = Number("更新", "Updated", owner=COMPUTED, whole=True)
    kept = Number("保留员工修改", "Kept from staff", owner=COMPUTED, whole=True)
    gone = Number("来源已无", "Gone", owner=COMPUTED, whole=True)
    unmatched = Number("未匹配合同", "No contract", owner=COMPUTED, whole=True)
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
