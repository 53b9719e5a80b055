"""Owns the tables about the book itself: 设置, 变更记录, 待办与提醒."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    INTERNAL,
    PUBLIC,
    STAFF,
    Chapter,
    Choice,
    Date,
    Formula,
    Key,
    Label,
    Moment,
    Number,
    Ref,
    Table,
    Text,
)

TODO_STATES = {
    "open": Label("未完成", "Open"),
    "done": Label("已完成", "Done"),
    "dropped": Label("不再需要", "No longer needed"),
}

SOURCES = {
    "partner": Label("伙伴", "Partner"),
    "staff": Label("员工", "Staff"),
    "system": Label("系统", "System"),
}


class Settings(Table):
    """One row per setting of this book; staff change the value, never the name."""

    name = "settings"
    label = Label("设置", "Settings")
    chapter = Chapter.SETTINGS
    empty = Label("设置行被删空了，请从备份恢复", "All settings were deleted; restore them from a backup")
    setting = Key("参数", "Setting")
    value = Text(
        "值",
        "Value",
        owner=STAFF,
        max_length=500,
        hint=Label("改这一列，保存后生效", "Change this; it applies after saving"),
    )
    meaning = Text("说明", "Meaning", owner=COMPUTED, max_length=500)
    effective = Date("生效日期", "Effective from", owner=STAFF, hint=Label("留空表示立即生效", "Blank means at once"))
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class SettingRow:
    """The settings that a new book begins with: zh name → (en name, value, meaning)."""

    COMPANY = "公司名称"
    DEPARTMENT = "管理部门"
    MAIL = "联系邮箱"
    PHONE = "联系电话"
    ZONE = "时区"
    RULES = "规则版本"
    VERIFY_DAYS = "核实期限"
    MIN_REVIEWERS = "最少评审人数"
    MIN_COVERAGE = "最低覆盖率"
    TIE_BREAK = "同分先比"
    RECORD_DAYS = "记录查询有效天数"
    REQUIREMENT_ROLES = "需求评审部门"
    PANEL_ROLES = "评审会必备部门"
    BACKUP_DAYS = "备份保留天数"
    ONBOARDING_DAYS = "引导期天数"
    ONBOARDING_COUNTS = "引导期计入绩效"
    WORKING_HOURS = "工作时间"
    JUDGED_REVIEWERS = "绩效评议最少人数"
    SCORE_DROP = "改进计划得分降幅"
    MARK_DROP = "改进计划指标降幅"
    PROPOSAL_DAYS = "提案评估期限"
    INCENTIVE_DAYS = "激励审批期限"
    MINUTES_DAYS = "纪要期限"
    SURVEY_LEAST = "满意度最少份数"
    COMMENTS_LEAST = "意见最少份数"
    DISPUTE_DAYS = "争议各级期限"
    PLAN_REVIEW_DAYS = "预案复核周期"
    CONTROL_DAYS = "技术隔离检查周期"
    DRILL_DAYS = "演练周期"

    DEFAULTS: tuple[tuple[str, str, str], ...] = (
        (COMPANY, "本公司", "显示在首页、表单页眉和回执上"),
        (DEPARTMENT, "合作管理部", "显示在首页右上角"),
        (MAIL, "", "表单页脚里伙伴可以写信的地址；留空则不显示"),
        (PHONE, "", "表单页脚里伙伴可以打的电话；留空则不显示"),
        (ZONE, "Asia/Shanghai", "表格里的时间都是这个时区的当地时间（北京时间）"),
        (RULES, "v1", "评价规则的版本；改动权重或档位时另起一个版本"),
        (VERIFY_DAYS, "5", "收到提交后几个工作日内核实，到期前会出现在待办与提醒里"),
        (MIN_REVIEWERS, "3", "一家候选至少要有几位评审人打分，不足则暂不能评"),
        (MIN_COVERAGE, "80", "已评指标至少占全部权重的百分之几，不足则暂不能评"),
        (TIE_BREAK, "", "同分时依次比较的维度，例如 S7、S3；留空则并列"),
        (RECORD_DAYS, "90", "过往记录的查询超过几天就要重查"),
        (REQUIREMENT_ROLES, "业务、技术、法务", "需求发布前，这些部门都要在内部评审里同意"),
        (PANEL_ROLES, "业务、技术、采购、法务", "评审会里这些部门都有在任的评审人，才能给出推荐名单"),
        (BACKUP_DAYS, "30", "写入之前留下的旧版本保留几天，每天一份；最近十份总会留下"),
        (ONBOARDING_DAYS, "90", "合同签订后的引导期有几天，入伙引导的十项在这期间完成"),
        (
            WORKING_HOURS,
            "09:00-12:00、13:30-18:00",
            "工作日的上班时段，响应时限和期限按它计算；法定节假日以外的安排写在“工作日历”",
        ),
        (JUDGED_REVIEWERS, "2", "绩效里评议的指标至少要有几位评议人打分，不足则无数据"),
        (ONBOARDING_COUNTS, "否", "引导期内的协作计不计入绩效：是 或 否"),
        (SCORE_DROP, "5", "官方得分比上一期降几分或更多，就要有改进计划；降一个等级总要有"),
        (MARK_DROP, "1", "一项绩效指标的分数比上一期降多少或更多，就要有改进计划"),
        (PROPOSAL_DAYS, "10", "创新提案收到后几个工作日内给出评估结论，超过就列出"),
        (INCENTIVE_DAYS, "10", "激励生成后几个工作日内审批，超过就列出"),
        (MINUTES_DAYS, "3", "例会召开后几个工作日内写好纪要并请与会人确认，超过就列出"),
        (SURVEY_LEAST, "5", "满意度按组分析，一组至少要有几份答卷；不能少于 5"),
        (COMMENTS_LEAST, "10", "一组至少有几份答卷才给出意见原文；不能少于 10"),
        (DISPUTE_DAYS, "5、10、20", "争议在对接人、主管、法务各级停留几个工作日，逾期上升一级"),
        (PLAN_REVIEW_DAYS, "365", "应急预案几天内复核一次，超过就列出"),
        (CONTROL_DAYS, "180", "技术隔离的每一项几天内检查一次，没有写下次检查时按它算"),
        (DRILL_DAYS, "365", "演练几天内至少一次，超过就列出"),
    )


DAY_KINDS = {
    "closed": Label("放假", "Day off"),
    "open": Label("上班", "Working day"),
}


class WorkingDays(Table):
    """One row per day on which the company works otherwise than the published calendar of holidays says."""

    name = "working_days"
    label = Label("工作日历", "Calendar")
    chapter = Chapter.SETTINGS
    empty = Label(
        "没有特别的日子：法定节假日和调休按国务院的通知计算，公司另有安排的日子写在这里",
        "None: public holidays and make-up days are known; write down the days on which the company differs",
    )
    working_day = Key("日历编号", "Calendar day", prefix="O")
    day = Date("日期", "Day", owner=STAFF)
    kind = Choice("安排", "Arrangement", owner=STAFF, options=DAY_KINDS)
    reason = Text("事由", "Reason", owner=STAFF, max_length=200)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


NOT_APPLIED = "没有写进这一格"  # in the words of a change that staff's own text kept out


class Changes(Table):
    """One row per change that the system made to, or found in, a row that people own."""

    name = "changes"
    label = Label("变更记录", "Change log")
    chapter = Chapter.SETTINGS
    empty = Label("还没有变更：系统改动或发现改动时会在这里记一行", "No change yet: the system adds a row for each")
    change = Key("变更编号", "Change", prefix="G")
    at = Moment("时间", "Time", owner=COMPUTED)
    table = Text("表", "Table", owner=COMPUTED)
    row_key = Ref("行", "Row", owner=COMPUTED)
    column = Text("列", "Column", owner=COMPUTED)
    before = Text("原值", "Before", owner=COMPUTED, max_length=2000, lines=True)
    after = Text("新值", "After", owner=COMPUTED, max_length=2000, lines=True)
    what = Text("说明", "What happened", owner=COMPUTED, max_length=500)
    source = Choice(
        "来源",
        "Source",
        owner=COMPUTED,
        options=SOURCES,
        note=Label("这项改动从谁那里来。", "Where the change came from."),
    )
    version = Number(
        "版本", "Version", owner=COMPUTED, whole=True,
        note=Label("伙伴更正的第几版；同一格的同一版只记一行。", "Which version the partner sent; a cell has one row per version."),
    )  # fmt: skip
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Todo(Table):
    """One row per thing that somebody has to do; owner and remark are kept by key."""

    name = "todo"
    label = Label("待办与提醒", "To do")
    chapter = Chapter.OVERVIEW
    empty = Label(
        "没有待办：新的提交和到期事项会出现在这里", "Nothing to do: new submissions and due dates appear here"
    )
    todo = Key("待办编号", "To-do", prefix="T")
    due = Date("到期", "Due", owner=COMPUTED)
    left = Formula("剩余", "Days left", excel='IF([@[到期]]="","",[@[到期]]-TODAY())', gives="days")
    matter = Text("事项", "Matter", owner=COMPUTED, max_length=300)
    subject = Ref("对象", "Subject", owner=COMPUTED)
    chapter_name = Text("章节", "Chapter", owner=COMPUTED)
    responsible = Text("责任人", "Responsible", owner=STAFF, hint=Label("谁来办这件事", "Who does it"))
    state = Choice("状态", "State", owner=STAFF, options=TODO_STATES, default="open", level=INTERNAL)
    rule = Text("规则", "Rule", owner=COMPUTED, max_length=300)
    page = Text("页面", "Page", owner=COMPUTED, level=PUBLIC)
    go = Formula("去处理", "Go", excel='IF([@[页面]]="","",HYPERLINK("#go_"&[@[页面]],"打开 ›"))', gives="link")
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)
    cause = Text(
        "来由", "Cause", owner=COMPUTED, max_length=120,
        note=Label("系统据此认出同一件事；空白的是人写的，系统不动。", "By this the system knows one matter again; rows without it are people's own."),
    )  # fmt: skip
