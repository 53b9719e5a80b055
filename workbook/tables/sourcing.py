"""Owns the tables of choosing partners: 伙伴, 候选提交."""

from __future__ import annotations

from workbook.schema import (
    COMPUTED,
    CONFIDENTIAL,
    PUBLIC,
    SENSITIVE,
    STAFF,
    Chapter,
    Choice,
    CreditCode,
    Date,
    Email,
    Files,
    Key,
    Label,
    Moment,
    Money,
    Number,
    Phone,
    Section,
    Submission,
    Table,
    Text,
)

CATEGORIES = {
    "supplier": Label("供应商", "Supplier"),
    "channel": Label("渠道商", "Channel partner"),
    "technology": Label("技术伙伴", "Technology partner"),
    "service": Label("服务商", "Service provider"),
    "other": Label("其他", "Other"),
}
PARTNER_STATES = {
    "candidate": Label("候选", "Candidate"),
    "active": Label("合作中", "Active"),
    "paused": Label("暂停", "Paused"),
    "left": Label("已退出", "Left"),
    "barred": Label("黑名单", "Barred"),
}
YES_NO = {"yes": Label("是", "Yes"), "no": Label("否", "No")}
VERIFICATION = {
    "unverified": Label("未核实", "Unverified"),
    "verified": Label("已核实", "Verified"),
    "rejected": Label("不予采用", "Not accepted"),
}
CANDIDATE_STATES = {
    "received": Label("已收到", "Received"),
    "reviewing": Label("资料审阅", "Under review"),
    "returned": Label("退回补正", "Returned for correction"),
    "scoring": Label("评分与评审会", "Scoring and panel"),
    "recommended": Label("推荐", "Recommended"),
    "declined": Label("未入选", "Not selected"),
    "withdrawn": Label("已撤回", "Withdrawn"),
}
COMPANY_TYPES = {
    "limited": Label("有限责任公司", "Limited liability company"),
    "stock": Label("股份有限公司", "Joint stock company"),
    "foreign": Label("外商投资企业", "Foreign-invested company"),
    "sole": Label("个人独资或合伙企业", "Sole proprietorship or partnership"),
    "public": Label("事业单位或社会组织", "Public institution or association"),
}
LICENCE_TERMS = {
    "dated": Label("有截止日期", "Ends on a date"),
    "open": Label("长期有效", "No expiry date"),
}
BANK_REPORT = {
    "no": Label("不提供，不影响参评", "No; this does not affect the review"),
    "yes": Label("提供", "Yes"),
}

SCOPE = {"fits": Label("相符", "Fits"), "differs": Label("不符", "Does not fit")}
PERMITS = {
    "held": Label("具备", "Held"),
    "not_needed": Label("不需要", "Not needed"),
    "lacking": Label("缺少", "Lacking"),
}
FIGURES_SOURCES = {
    "audited": Label("审计报告", "Audit report"),
    "published": Label("公开披露的年报", "Published annual report"),
    "booked": Label("财务报表（未审计）", "Statements, unaudited"),
    "said": Label("自报", "Own statement"),
}
RECORDS = {
    "clean": Label("未见异常", "Nothing found"),
    "minor": Label("有轻微记录", "Minor records"),
    "major": Label("有重大记录", "Major records"),
}


class Partners(Table):
    """One row per partner of the company, from candidate to departure."""

    name = "partners"
    label = Label("伙伴", "Partners")
    chapter = Chapter.SOURCING
    empty = Label("还没有伙伴：签约后在这里登记，或从旧名录导入", "No partner yet: register them here after signing")
    level = SENSITIVE
    partner = Key("伙伴编号", "Partner", prefix="P")
    legal_name = Text("企业名称", "Legal name", owner=STAFF, max_length=120, level=PUBLIC)
    credit_code = CreditCode("统一社会信用代码", "Credit code", owner=STAFF)
    category = Choice("类别", "Category", owner=STAFF, options=CATEGORIES)
    status = Choice("状态", "Status", owner=STAFF, options=PARTNER_STATES)
    important = Choice(
        "关键伙伴",
        "Key partner",
        owner=STAFF,
        options=YES_NO,
        hint=Label("停摆会影响我方交付的伙伴", "A stop would hit our own deliveries"),
    )
    since = Date("合作起始日", "Partner since", owner=STAFF)
    manager = Text("负责人", "Manager", owner=STAFF, max_length=60)
    contact = Text("对方联系人", "Their contact", owner=STAFF, max_length=60, level=SENSITIVE)
    phone = Phone("电话", "Phone", owner=STAFF)
    email = Email("邮箱", "Mail", owner=STAFF)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500)


class Candidates(Table):
    """One row per candidate submission (S13): who they are, the facts behind S2 to S9, and the four documents."""

    name = "candidates"
    label = Label("候选提交", "Candidates")
    chapter = Chapter.SOURCING
    empty = Label(
        "还没有候选提交：把表单链接发给候选企业，交来的资料会自动写到这里",
        "No candidate yet: send out the form link",
    )
    level = SENSITIVE

    candidate = Key("候选编号", "Candidate", prefix="C")
    legal_name = Text(
        "企业名称", "Legal name", required=True, max_length=120, level=PUBLIC,
        hint=Label("与营业执照一致", "As on the business licence"),
    )  # fmt: skip
    status = Choice(
        "状态", "Status", options=CANDIDATE_STATES, owner=STAFF, default="received", shown_to_partner=True,
        note=Label("伙伴在回执页看到这一列，以最近一次保存为准。", "The partner sees this on the receipt page, as of the last save."),
    )  # fmt: skip
    verification = Choice(
        "核实", "Verification", options=VERIFICATION, owner=STAFF, default="unverified",
        note=Label("公开表单谁都能填：核对企业和联系人之前都算未核实。", "Anyone can fill in an open form: unverified until checked."),
    )  # fmt: skip
    handler = Text("负责人", "Handler", owner=STAFF, max_length=60)
    reply = Text(
        "给伙伴的话", "Message to partner", owner=STAFF, max_length=500, shown_to_partner=True, level=PUBLIC,
        note=Label("伙伴在回执页看到这一列。内部意见请写在备注。", "The partner sees this on the receipt page. Keep internal views in Remark."),
    )  # fmt: skip
    scope_checked = Choice(
        "经营范围核对", "Scope checked", owner=STAFF, options=SCOPE,
        note=Label("门槛：与合作内容不符即否决。", "A gate: a scope that does not fit disqualifies."),
    )  # fmt: skip
    permits_checked = Choice(
        "准入许可核对", "Permits checked", owner=STAFF, options=PERMITS,
        note=Label("门槛：缺少必需的许可即否决。", "A gate: a lacking permit disqualifies."),
    )  # fmt: skip
    records_checked = Date("记录查询日期", "Records checked on", owner=STAFF)
    records_source = Text("记录查询来源", "Records source", owner=STAFF, max_length=120)
    records_result = Choice("记录查询结果", "Records result", owner=STAFF, options=RECORDS)
    remark = Text("备注", "Remark", owner=STAFF, max_length=500, level=CONFIDENTIAL)

    credit_code = CreditCode(
        "统一社会信用代码", "Credit code", required=True,
        hint=Label("营业执照上的 18 位代码，可直接粘贴", "The 18 characters on the licence; pasting is fine"),
    )  # fmt: skip
    company_type = Choice("企业类型", "Type of company", required=True, options=COMPANY_TYPES)
    contact = Text("联系人", "Contact", required=True, max_length=60, level=SENSITIVE)
    phone = Phone(
        "联系电话", "Phone", required=True,
        hint=Label("手机或带区号的座机；用于补正通知，不会公开", "Mobile or landline with area code; never published"),
    )  # fmt: skip
    email = Email("联系邮箱", "Mail", required=True)

    licence_term = Choice("营业执照期限", "Business licence", required=True, options=LICENCE_TERMS)
    licence_until = Date(
        "执照截止日", "Licence ends on", required=True, asked_when=("licence_term", "dated"),
        hint=Label("执照上“营业期限”的止日", "The last day of the term on the licence"),
    )  # fmt: skip
    business_scope = Text(
        "经营范围", "Business scope", required=True, max_length=1000, lines=True,
        hint=Label("与本次合作有关的部分即可", "The part that concerns this cooperation is enough"),
    )  # fmt: skip
    certificates = Text(
        "认证与许可", "Certificates and permits", max_length=500, lines=True,
        hint=Label("每行一项：名称、编号、有效期至。例：ISO 9001，Q12345，2028-03-31；没有期限的写“长期”", "One per line: name, number, valid until"),
    )  # fmt: skip
    records = Text(
        "不良记录与重大纠纷", "Adverse records and disputes", max_length=1000, lines=True,
        hint=Label("没有请写“无”。我们会在公示系统里核对", "Write “none” if there are none. We check public registers"),
    )  # fmt: skip

    main_business = Text(
        "主营业务", "Main business", required=True, max_length=500, lines=True,
        hint=Label("产品、服务和主要客户行业", "Products, services and the industries you serve"),
    )  # fmt: skip
    technology = Text(
        "核心技术",
        "Core technology",
        max_length=500,
        lines=True,
        hint=Label("技术栈、平台、关键工艺", "Stack, platforms, key processes"),
    )
    cases = Text(
        "客户案例",
        "Customer cases",
        max_length=1000,
        lines=True,
        hint=Label("每行一个：客户、内容、年份", "One per line: customer, subject, year"),
    )
    team_size = Number("研发团队人数", "R&D headcount", whole=True, minimum=0, maximum=1_000_000)
    patents = Number(
        "专利数量",
        "Patents",
        whole=True,
        minimum=0,
        maximum=1_000_000,
        hint=Label("已授权的专利", "Granted patents"),
    )
    annual_revenue = Money(
        "年营收", "Annual revenue", entered_in=10_000, minimum=0, maximum=10_000_000_000_000,
        hint=Label("人民币，按审计报告填写；没有审计报告填未审数", "In CNY, as audited; otherwise the unaudited figure"),
    )  # fmt: skip
    revenue_year = Number(
        "营收年度",
        "Revenue year",
        whole=True,
        minimum=2000,
        maximum=2100,
        hint=Label("年营收、净利润、现金流是哪一年的", "The year of revenue, profit and cash flow"),
    )
    profit = Money(
        "净利润",
        "Net profit",
        entered_in=10_000,
        hint=Label("人民币；亏损请填负数", "In CNY; give a loss as a negative number"),
    )
    operating_cash_flow = Money(
        "经营现金流", "Operating cash flow", entered_in=10_000,
        hint=Label("人民币，经营活动产生的现金流量净额；净流出请填负数", "In CNY, net cash from operations; give an outflow as a negative number"),
    )  # fmt: skip
    figures_source = Choice(
        "财务数据来源", "Source of figures", options=FIGURES_SOURCES,
        hint=Label("填了上面的金额就请选一项", "Choose one if you gave any of the amounts above"),
    )  # fmt: skip
    financing = Text(
        "融资历史", "Financing history", max_length=1000, lines=True, level=SENSITIVE,
        hint=Label("每行一笔：时间、轮次或方式、金额（注明币种）、来源。例：2024-06，A 轮，3000 万元人民币，投资方公告", "One per line: time, round or kind, amount with currency, source"),
    )  # fmt: skip
    bank_report = Choice(
        "银行信用报告",
        "Bank credit report",
        options=BANK_REPORT,
        hint=Label("是否愿意提供；提供的要同时附授权书", "Will you provide one? It comes with its authorisation"),
    )
    bank_authorisation = Text(
        "授权书编号", "Authorisation number", required=True, max_length=60, asked_when=("bank_report", "yes"),
        hint=Label("没有授权书的报告不能接收", "A report cannot be accepted without its authorisation"),
    )  # fmt: skip
    authorisation_file = Files(
        "授权书文件", "Authorisation file", required=True, asked_when=("bank_report", "yes"), count=3,
        hint=Label("盖章的授权书扫描件", "A scan of the sealed authorisation"),
    )  # fmt: skip
    bank_report_file = Files(
        "银行信用报告文件", "Bank report file", asked_when=("bank_report", "yes"), count=3,
        hint=Label("手头没有可以以后补交", "May follow later"),
    )  # fmt: skip
    market = Text(
        "市场与口碑",
        "Market and reputation",
        max_length=500,
        lines=True,
        hint=Label("市场份额、获奖、第三方评价的出处", "Share, awards, where others rate you"),
    )
    management = Text(
        "运营管理",
        "Operations",
        max_length=500,
        lines=True,
        hint=Label("项目管理、供应链、质量控制的做法", "How you run projects, supply and quality"),
    )

    values = Text(
        "价值观与合作理念",
        "Values",
        max_length=500,
        lines=True,
        hint=Label("商业伦理、客户服务、创新", "Business ethics, service, innovation"),
    )
    communication = Text(
        "沟通偏好",
        "Ways of communication",
        max_length=300,
        lines=True,
        hint=Label("频率、渠道、谁来决定", "How often, by which channel, who decides"),
    )
    attitude = Text(
        "合作意愿与投入",
        "Commitment",
        max_length=500,
        lines=True,
        hint=Label("愿意投入的人员、资源和共担的风险", "People, resources and risks you would share"),
    )

    profile_file = Files("公司介绍", "Company profile", wanted=True, count=3)
    cases_file = Files("案例研究", "Case studies", wanted=True)
    certificates_file = Files(
        "资质证明",
        "Proof of qualification",
        wanted=True,
        hint=Label("营业执照、许可证、认证证书", "Licence, permits, certificates"),
    )
    proposal_file = Files("初步合作方案", "Outline proposal", wanted=True, count=3)

    submitted_at = Moment("提交时间", "Submitted at", owner=COMPUTED)
    version = Number("版本", "Version", owner=COMPUTED, whole=True)
    submission_id = Submission()

    sections = (
        Section(Label("企业与联系人", "Company and contact"), ("legal_name", "credit_code", "company_type", "contact", "phone", "email")),
        Section(Label("资质与记录", "Qualification and records"), ("licence_term", "licence_until", "business_scope", "certificates", "records")),
        Section(
            Label("业务与能力", "Business and capability"),
            ("main_business", "technology", "cases", "team_size", "patents", "annual_revenue", "revenue_year", "profit",
             "operating_cash_flow", "figures_source", "financing", "bank_report", "bank_authorisation",
             "authorisation_file", "bank_report_file", "market", "management"),
        ),
        Section(Label("合作意愿", "Ways of working"), ("values", "communication", "attitude")),
        Section(Label("附件材料", "Documents"), ("profile_file", "cases_file", "certificates_file", "proposal_file")),
    )  # fmt: skip
