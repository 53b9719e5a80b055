"""Owns what a new workbook says to its readers, in both languages; table texts come from the declaration."""

from __future__ import annotations

from collections.abc import Mapping

from workbook.schema import Chapter, Label
from workbook.tables import Declarations, Marks, MinuteConfirmations, SettingRow, SignOffs, Votes

HOME = Label("首页", "Home")
OPTIONS = Label("选项", "Options")
BACK_HOME = Label("← 首页", "← Home")
PRODUCT = Label("伙伴簿", "PartnerBook")
PRODUCT_OTHER = Label("PartnerBook", "伙伴簿")
PROMISE = Label(
    "合作伙伴从甄选、协作到风险，记在一本账上。",
    "Choosing partners, working with them, and the risks: kept in one book.",
)
RULES = Label("规则版本 ", "Rules ")
FOOTNOTE = Label(
    "页名、页序、列序都可以改，也可以插入自己的列；程序按表名和列名找，不按位置。",
    "Rename and move pages and columns, insert columns of your own: tables and columns are found by name.",
)

# The legend above each table
YOU_FILL = Label("你填写", "you fill in")
PARTNER_FILLS = Label("伙伴填写", "partners fill in")
SYSTEM_WRITES = Label("系统写入", "system writes")
IS_FORMULA = Label("公式", "formula")

REVIEWER_FILLS = Label("评审人填写", "reviewers fill in")

# The live sentence under each title
TOTAL = Label("共 {} 条", "{} rows")
OPEN = Label("未了 {} 条", "{} open")
OF_WORD = Label("{word} {} 条", "{} {word}")
OVERDUE = Label("逾期 {} 条（{column}）", "{} overdue ({column})")
STOP = Label("。", ".")
COMMA = Label("，", ", ")
MEAN = Label('"均 "0.00', '"mean "0.00')

SUM_UNIT = Label('"合计 "0.0', '"sum "0.0')
WEIGHTS_NOW = Label("现行权重 →", "weights now →")

# The page of the result chart
CHART = Label("评估图", "Result chart")
CHART_DATA = Label("图表数据", "Chart data")
CHOOSE_PANEL = Label("评审会", "Panel")
CHOOSE_PROMPT = Label("选一个评审会的编号，图和下面的表随之改变。", "Choose a panel; chart and figures follow.")
CHART_EMPTY = Label("这个评审会还没有结果：选另一个，或等评分后自动计算", "No result of this panel yet")
CHART_FIRST = Label("{name} 以 {score} 分居首", "{name} leads with {score}")
CHART_TIED = Label("{name} 与 {other} 以 {score} 分并列第一", "{name} and {other} share the lead with {score}")
CHART_LEAD = Label("，领先第二名 {gap} 分", ", {gap} ahead of the second")
CHART_NONE = Label("还没有候选进入排名", "Nobody is ranked yet")
CHART_OUT = Label("；否决 {count} 家", "; {count} disqualified")
CHART_BLOCKED = Label("；暂不能评 {count} 家", "; {count} not yet rated")
CHART_MEASURE = Label(
    "官方得分 0–100，由八个维度的得分 × 权重叠成；斜纹是没有进入排名的得分。最多十家，按排序。",
    "Official score 0–100, stacked from eight dimensions × weight; hatched: not ranked. Up to ten, in order.",
)
CHART_UNRANKED = Label("未进入排名", "Not ranked")
CHART_FULL = Label("满 ", "of ")
CHART_RANK = Label("名次", "Rank")
CHART_TAG = Label("谁领先，差在哪里", "Who leads, and where")
LEADERS = Label("评审排名", "Ranking")
LEADERS_TAG = Label("评估图里所选的评审会", "Of the panel chosen in Result chart")
LEADERS_EMPTY = Label("还没有结果", "no result yet")

# Validation
GUARD_TITLE = Label("此列由系统写入", "Written by the system")
GUARD = Label(
    "此列由系统写入，手工改动不会保留。要改结果，请改它的来源；自己的意见请写在备注列。",
    "The system writes this column; typing here does not last. Change its source instead, or use the remark column.",
)
KEY_PROMPT = Label(
    "新的一行写下一个没有用过的编号；已用的编号不要改。",
    "Give a new row the next unused number; never change one in use.",
)
KEY_MEND = Label(
    "这个编号已经有了。请写一个没有用过的编号。", "This number is in use already. Take one that was never used."
)
PARTNER_PROMPT = Label(
    "由伙伴通过表单填写。你改过的格子会保留，不会被更正覆盖。",
    "Filled in by the partner's form. What you change stays, a correction does not overwrite it.",
)
REVIEWER_PROMPT = Label(
    "评审人通过链接填写。在这里直接打的分也算，会标为手工录入。",
    "Filled in through the reviewer's link. A mark typed here counts too and is labelled as typed.",
)
LENGTH_PROMPT = Label("最多 {} 字。", "Up to {} characters.")
LIST_PROMPT = Label("从列表里选一项。", "Choose from the list.")
DATE_PROMPT = Label("写成 2026-12-31。", "Write it as 2026-12-31.")
NUMBER_PROMPT = Label("填数字，不带单位。", "A number without its unit.")
PLAIN_PROMPT = Label("在这里填写。", "Fill in here.")
LENGTH_MEND = Label("最多 {} 字，请缩短。", "At most {} characters; shorten it.")
LIST_MEND = Label("请从列表里选一项；要清空请按 Delete。", "Choose from the list; press Delete to clear the cell.")
DATE_MEND = Label("请写成日期，例如 2026-12-31。", "Write it as a date such as 2026-12-31.")
MOMENT_MEND = Label("请写成时间，例如 2026-12-31 18:00。", "Write it as a time such as 2026-12-31 18:00.")
NUMBER_MEND = Label("请填 {} 到 {} 的数字。", "Give a number from {} to {}.")
WHOLE_MEND = Label("请填 {} 到 {} 的整数。", "Give a whole number from {} to {}.")
CODE_MEND = Label(
    "统一社会信用代码是 18 位，请对照营业执照。", "The code has 18 characters; compare it with the licence."
)
PHONE_MEND = Label(
    "请填 11 位手机号、带区号的座机，或以 + 开头的国际号码。",
    "Give an 11-digit mobile, a landline with area code, or a number that begins with +.",
)
EMAIL_MEND = Label("邮箱应形如 name@company.cn。", "The address should look like name@company.cn.")

# Who sends rows from outside, where it is not the partners: the legend and the prompt of a table.
SENDERS: Mapping[str, tuple[Label, Label]] = {
    table.name: (REVIEWER_FILLS, REVIEWER_PROMPT)
    for table in (Marks, Declarations, SignOffs, Votes, MinuteConfirmations)
}

# Header notes
SHOWN_NOTE = Label(
    "伙伴在回执页看到这一列，以最近一次保存为准。", "The partner sees this on the receipt page, as of the last save."
)
SECRET_NOTE = Label("机密：不出现在给伙伴的页面和导出里。", "Confidential: never on a partner's page or export.")
MOMENT_NOTE = Label("“设置”页时区的当地时间，默认北京时间。", "Local time of the zone in Settings, Beijing by default.")
DUE_NOTE = Label("逾期 ■；3 天内 ▲；7 天内 ○。", "Overdue ■; within 3 days ▲; within 7 days ○.")
LINK_NOTE = Label("点一下，跳到要处理的页。", "Click to go to the page where it is handled.")
FILES_NOTE = Label(
    "文件在附件文件夹里；这里是文件名。待补 表示还没有交来。",
    "The files are in the attachments folder; these are their names.",
)
SCALE_NOTE = Label(
    "1–5 分，5 分最好；上方是均分，随筛选变化。", "1 to 5, 5 is best; the mean above follows the filter."
)
SCALE_NOTE_BUT = Label(
    "1–5 分，5 分最好；上方是均分，随筛选变化，不含{}。",
    "1 to 5, 5 is best; the mean above follows the filter and leaves out “{}”.",
)
DEPRECATED_NOTE = Label("此列已停用，保留旧内容。", "No longer used; kept for its old content.")

# Text inside declared formulas, for books in English
FORMULA_WORDS: Mapping[str, str] = {
    "打开 ›": "Open ›", "长期": "No expiry", "已了结": "Ended", "已过期": "Expired", "将到期": "Expires soon", "有效": "Valid",
}  # fmt: skip

# What the sentence under a title counts of last days
VALIDITY_TOLD = tuple(Label(zh, FORMULA_WORDS[zh]) for zh in ("已过期", "将到期"))

# The cover
TILE_WAITING = Label("待写入", "Waiting")
TILE_WAITING_UNIT = Label('0" 条"', "0")
TILE_WAITING_NOTE = Label("截至上次写入；关闭本簿后自动写入", "as of the last delivery")
TILE_TODO = Label("待办", "To do")
TILE_TODO_UNIT = Label('0" 项"', "0")
TILE_TODO_NOTE = Label("其中逾期 {} 项 → {page}", "{} overdue → {page}")
TILE_UNVERIFIED = Label("待核实", "To verify")
OTHERS = Label("其他", "Others")
TILE_AS_OF = Label("数据截至", "Data as of")
TILE_AS_OF_EMPTY = Label("还没有提交", "no submission yet")
TILE_AS_OF_NOTE = Label("最近一份写进本簿的提交", "the latest submission in this book")
WHO = Label("谁做什么", "Who does what")
WHO_ASIDE = Label("打开就能看，不用安装任何东西", "Opens anywhere; nothing to install")
CHAPTERS = Label("章节", "Chapters")
CHAPTERS_ASIDE = Label("点名称进入", "Click a name to go there")
OPEN_UNIT = Label('0" 条未了"', '0" open"')
ROWS_UNIT = Label('0" 条"', '0" rows"')
COLOURS = Label("颜色与符号", "Colours and signs")
STAFF = Label("员工", "Staff")
STAFF_LINES = (
    Label("在深色表头的列里填写、改状态", "Fill in the columns with a dark header"),
    Label("核实新提交，处理 待办与提醒", "Verify submissions, work off To do"),
    Label("要对伙伴说的写在 给伙伴的话", "Write to partners in their own column"),
)
PARTNER = Label("合作伙伴", "Partners")
PARTNER_LINES = (
    Label("不打开本簿，只填网页表单", "Never open this book, use the web forms"),
    Label("凭回执查进度、补资料", "Follow up and amend by their receipt"),
    Label("只看得到自己的状态和回复", "See their own state and answer only"),
)
FINANCE = Label("财务", "Finance")
FINANCE_LINES = (
    Label("按 伙伴 页核对付款对象与信用代码", "Check payees against Partners"),
    Label("按伙伴编号对应合同与账目", "Match contracts by partner number"),
    Label("只看不改；有出入告诉负责人", "Read only; report differences"),
)
SIGN_OPEN = Label("○ 进行中", "○ under way")
SIGN_WATCH = Label("▲ 注意", "▲ watch")
SIGN_BAD = Label("■ 处理", "■ act")
TAGS: Mapping[Chapter, Label] = {
    Chapter.OVERVIEW: Label("今天该做什么", "What to do today"),
    Chapter.SETTINGS: Label("规则都是行，可改可追", "Rules are rows: change and trace them"),
    Chapter.SOURCING: Label("选对人：伙伴与候选", "The right partners, and candidates"),
    Chapter.ONBOARDING: Label("签约后 90 天上路", "On the road 90 days after signing"),
    Chapter.RELATIONS: Label("听双方怎么说", "What both sides say"),
    Chapter.PERFORMANCE: Label("绩效按期冻结", "Performance, frozen by period"),
    Chapter.FINANCE: Label("预算、实际、差异", "Budget, actual, difference"),
    Chapter.RISK: Label("出事先稳住，再查清", "Steady first, then find out"),
}
FOOTER = Label("第 &P / &N 页", "Page &P of &N")
PRINTED = Label("打印于 &D", "printed &D")

# The declared settings hold Chinese values and meanings; a book in English begins with these.
SETTINGS_EN: Mapping[str, tuple[str | None, str]] = {
    SettingRow.COMPANY: ("Our company", "Company name: on the cover, the form header and receipts"),
    SettingRow.DEPARTMENT: ("Partner office", "Department: at the top right of the cover"),
    SettingRow.MAIL: (None, "Mail address in the form footer; blank hides it"),
    SettingRow.PHONE: (None, "Telephone in the form footer; blank hides it"),
    SettingRow.ZONE: (None, "Time zone of all times in the tables"),
    SettingRow.RULES: (None, "Rule version: take a new one when weights or bands change"),
    SettingRow.VERIFY_DAYS: (None, "Days to verify a submission; To do shows it in time"),
    SettingRow.MIN_REVIEWERS: (None, "Fewest reviewers that must mark a candidate; with fewer it is not yet rated"),
    SettingRow.MIN_COVERAGE: (None, "Percent of the weight that must have marks; below it is not yet rated"),
    SettingRow.TIE_BREAK: (None, "Dimensions that break a tie, in order, such as S7, S3; blank keeps the tie"),
    SettingRow.RECORD_DAYS: (None, "Days after which a query of the records must be made again"),
    SettingRow.REQUIREMENT_ROLES: (
        "Business, Technology, Legal",
        "Departments that must all agree before a requirement is published",
    ),
    SettingRow.PANEL_ROLES: (
        "Business, Technology, Purchasing, Legal",
        "Departments that must sit on a panel before it gives a list",
    ),
    SettingRow.BACKUP_DAYS: (None, "Days for which older versions are kept, one a day; the last ten always stay"),
    SettingRow.ONBOARDING_DAYS: (None, "Days of onboarding after signing, in which the ten items are done"),
    SettingRow.ONBOARDING_COUNTS: (None, "Whether onboarding counts in performance: 是 (yes) or 否 (no)"),
    SettingRow.JUDGED_REVIEWERS: (
        None,
        "Fewest reviewers of a judged measure of performance; with fewer there is no data",
    ),
    SettingRow.MINUTES_DAYS: (None, "Working days after a meeting until its minutes are written and sent"),
    SettingRow.SURVEY_LEAST: (None, "Fewest answers of a group in the survey's results; never fewer than 5"),
    SettingRow.COMMENTS_LEAST: (None, "Fewest answers of a group whose words are shown; never fewer than 10"),
    SettingRow.DISPUTE_DAYS: (
        None,
        "Working days of a dispute with counterparts, supervisors, legal; then one step up",
    ),
    SettingRow.PLAN_REVIEW_DAYS: (None, "Days after which a contingency plan is reviewed again"),
    SettingRow.CONTROL_DAYS: (None, "Days after which a technical control is checked again, if its row names no day"),
    SettingRow.DRILL_DAYS: (None, "Days within which there is a drill"),
    SettingRow.WORKING_HOURS: (None, "Hours of a working day; limits and deadlines count by them, holidays are known"),
}
