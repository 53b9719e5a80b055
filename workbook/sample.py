"""Owns the sample: a believable year of one invented company, the same for the same seed and day.

Companies, people and codes are made up. Mobile numbers are of the pattern printed on specimen cards, landlines have
zeros where a subscriber would be, mail goes to example.com, which nobody can own.
"""

from __future__ import annotations

import random
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from workbook.rules.reminding import verify_cause
from workbook.sampling.certificates import certificate_rows
from workbook.sampling.certificates import lines_of as certificate_lines
from workbook.sampling.contracts import contract_rows, registered
from workbook.sampling.deciding import decided_rows
from workbook.sampling.finance import finance_rows
from workbook.sampling.history import state_history
from workbook.sampling.performance import performance_rows
from workbook.sampling.relations import relation_rows
from workbook.sampling.requirements import requirement_stories, requirement_tables
from workbook.sampling.risk import risk_rows
from workbook.sampling.scoring import declaration_rows, mark_rows, panel_rows, reviewer_rows, stories
from workbook.schema import CreditCode, FileRef
from workbook.tables import SettingRow

Row = dict[str, Any]

_HOME = uuid.UUID("6f9c1c1e-4b1d-5a52-9d0e-3c1f5b7a2d40")
STAFF = ("王珂", "孙岚", "李明哲", "陈思雨", "赵启航", "周敏")

# name, category, state, key partner, years with us, contact
PARTNERS = (
    ("晨曦软件有限公司", "technology", "active", "yes", 4, "何静"),
    ("泰合机电设备有限公司", "supplier", "active", "yes", 6, "高远"),
    ("云帆网络科技有限公司", "service", "active", "no", 2, "马骁"),
    ("恒信包装材料有限公司", "supplier", "active", "yes", 5, "罗倩"),
    ("合众物流有限公司", "service", "active", "no", 3, "郑凯"),
    ("景明检测技术有限公司", "service", "active", "no", 2, "谢雯"),
    ("澄湖数据科技有限公司", "technology", "active", "no", 1, "唐越"),
    ("瑞桥仓储有限公司", "service", "paused", "no", 3, "韩露"),
    ("蓝屿信息技术有限公司", "technology", "active", "no", 1, "许诺"),
    ("金澜新材料有限公司", "supplier", "left", "no", 7, "曹阳"),
    ("东禾商贸有限公司", "channel", "active", "no", 2, "邓洁"),
    ("旭临电子有限公司", "supplier", "barred", "no", 4, "彭程"),
)

# name, type, status, verification, handler, months until the licence ends (None: open), people, patents, revenue in 万元, profit in 万元
CANDIDATES = (
    ("启明云科技有限公司", "limited", "recommended", "verified", 0, 64, 86, 23, 12_860, 1_450),
    ("远图智能制造股份有限公司", "stock", "scoring", "verified", 2, None, 142, 61, 48_300, 5_210),
    ("恒岳软件有限公司", "limited", "recommended", "verified", 2, 31, 54, 9, 6_420, 380),
    ("云汐设计咨询有限公司", "limited", "scoring", "verified", 3, None, 18, 0, 980, 64),
    ("博衡自动化设备有限公司", "limited", "returned", "verified", 3, -1, 37, 12, 5_150, -210),
    ("江畔环境工程有限公司", "foreign", "scoring", "verified", 4, 18, 25, 4, 3_300, 275),
    ("南浔精密部件有限公司", "limited", "received", "unverified", None, 46, 31, 15, 7_700, 690),
    ("知行培训服务中心", "public", "received", "unverified", None, None, 12, 0, 420, 18),
    ("明峤供应链管理有限公司", "limited", "declined", "rejected", 0, 9, 8, 0, 1_560, None),
)
VALUES = (
    "按约定办事，问题当天说清楚；不靠低价抢单，也不转包",
    "客户第一，数据说话",
    "长期合作优先，愿意先小批试做再谈规模",
)
CHANNELS = (
    "每月例会加驻场联系人，重大事项由总经理在两天内拍板",
    "每周例会，企业微信群，项目经理拍板",
    "邮件为主，急事打电话",
)
NO_MATCH = "一年前因延迟交付被起诉，已经调解结案；判决和履行情况可在公示系统查到"
BUSINESS = (
    ("企业级数据平台与接口集成，服务制造和零售行业", "微服务、数据湖、低代码集成平台", "某装备集团：主数据平台，2025\n某连锁零售：订单中台，2024"),
    ("柔性产线与机器人工作站的设计、集成和运维", "离散制造执行系统、机器视觉、数字孪生", "某汽车零部件厂：装配线改造，2025\n某家电厂：视觉质检，2024"),
    ("财务与供应链软件的实施与二次开发", "Java、PostgreSQL，自动化测试覆盖核心流程", "某化工企业：采购系统，2025"),
    ("工业产品外观与交互设计", "快速打样、可用性测试", "某仪器厂：手持终端改型，2025"),
    ("非标自动化设备与工装夹具", "伺服控制、精密装配", "某电子厂：点胶线，2023"),
    ("工业废水处理与在线监测", "膜处理、远程监测", "某园区：中水回用，2024"),
    ("轴类、壳体类精密零件加工", "五轴加工、三坐标检测", "某机器人公司：关节壳体，2025"),
    ("班组长与安全培训", "岗位课程开发、实操评估", "某工厂：年度安全培训，2025"),
    ("干线运输、区域配送与仓配一体，服务商贸与快消行业", "自建运输管理系统，在途定位，签收影像当日回传", "某商贸公司：区域配送，2024\n某快消公司：仓配一体，2023"),
)  # fmt: skip

# partner (index), side, occasion, project, marks, well, better, answered by, state, verification
ANSWERS = (
    (0, "them", "yearly", "订单中台二期", (5, 4, 4, 5, 4), "需求评审准时，验收标准写得清楚", "变更确认希望在两天内回复", "何静", "discussed", "verified"),
    (0, "us", "yearly", "订单中台二期", (5, 5, 4, 5, 5), "交付质量稳定", None, "王珂", "read", "verified"),
    (1, "them", "node", "三号线改造", (4, 3, 3, 4, 4), "现场配合好", "停机窗口请提前一周通知", "高远", "acted", "verified"),
    (1, "us", "node", "三号线改造", (4, 4, 3, 4, 3), None, "报警问题重复出现，需要根因分析", "李明哲", "read", "verified"),
    (2, "them", "yearly", "园区专线", (4, 2, 2, 4, 3), None, "故障时找不到能拍板的人", "马骁", "received", "verified"),
    (2, "us", "yearly", "园区专线", (3, 3, 2, 3, 3), "价格合理", "夜间丢包处理太慢", "赵启航", "received", "verified"),
    (3, "them", "yearly", "年度包材", (4, 4, 3, 3, 2), "付款及时", "年度用量预测偏差大，备料压力在我方", "罗倩", "discussed", "verified"),
    (3, "us", "yearly", "年度包材", (2, 3, 2, 2, 3), None, "批次 0917 开胶，连续两季交付不稳", "孙岚", "read", "verified"),
    (4, "them", "node", "华东干线", (4, 4, 4, 4, 4), "对账清楚", None, "郑凯", "read", "verified"),
    (4, "us", "node", "华东干线", (4, 3, 3, 4, 4), "旺季保住了运力", "签收单影像有缺页", "周敏", "received", "verified"),
    (5, "them", "yearly", "型式试验", (5, 4, 5, 5, 0), "样品资料齐全", None, "谢雯", "received", "unverified"),
    (6, "them", "yearly", "数据治理咨询", (4, 4, 0, 4, 4), "例会有结论", "主数据请尽早提供", "唐越", "received", "unverified"),
    (8, "them", "node", "门店小程序", (3, 3, 4, 3, 3), None, "预算口径前后不一致", "许诺", "received", "unverified"),
    (10, "them", "yearly", "北方区分销", (4, 5, 4, 4, 5), "培训安排周到，新品资料比去年早到两周，样机也备齐", "区域保护规则请写进协议，跨区报价有两次没有提前通气", "邓洁", "received", "unverified"),
)  # fmt: skip

# partner (index), kind, severity, state, verification, handler, hours ago, days until due, ongoing, scope, description, first measures, responsible, measure, proof
INCIDENTS = (
    (9, "quality", "ordinary", "closed", "verified", 1, 2300, None, "no", "一批辅料，未上线", "来料色差超出样板范围，入库检验拦下。", "整批隔离", "伙伴", "退换整批，检验加一道比色", "新批次三次抽检全部合格"),
    (5, "dispute", "ordinary", "closed", "verified", 4, 1400, None, "no", "一份检测报告", "报告结论的措辞双方理解不同。", "暂停对外使用该报告", "双方", "补充说明并重新签发", "双方书面确认新版本"),
    (1, "safety", "large", "repair_check", "verified", 2, 260, 5, "no", "三号线东侧工位", "检修时联锁未复位，设备短暂误动作，无人受伤。", "断电挂牌，停用该工位", "伙伴", "更换联锁开关，重写检修步骤", None),
    (2, "interruption", "large", "measures", "verified", 4, 90, 2, "yes", "园区专线，夜间 22 点到 2 点", "夜间丢包约 3%，视频会议与备份受影响。", "备份改到清晨，会议走备用线路", "伙伴", "更换光模块，调整路由", None),
    (3, "quality", "major", "assessment", "verified", 1, 40, -1, "yes", "批次 0917 纸箱，两条包装线", "纸箱开胶，包装线停机约四小时，已有两批成品返工。", "停用该批次，改用备用库存", None, None, None),
    (10, "leak", "extraordinary", "reported", "unverified", None, 5, None, "yes", "分销商门户的价目表，涉及约 40 家客户和两个价格体系", "价目表链接被转发到公开群，任何人都能打开。", "已撤下链接并停用旧地址，正在核对访问记录和转发范围", None, None, None),
)  # fmt: skip


def sample_rows(seed: int = 1, today: date | None = None) -> dict[str, list[Row]]:
    """Rows by table name, values by column name, every one of which its column accepts."""
    today = today or date.today()
    chance = random.Random(seed)
    partners = _partners(chance, today)
    candidates = _candidates(chance, today)
    # Chance goes through the older tables first, so that they stay what they were.
    answers = _answers(chance, today, partners)
    marks = mark_rows(chance, today)
    rows: dict[str, list[Row]] = {
        "todo": _todo(today),
        "partners": [*partners, registered(today, candidates[0])],
        **requirement_tables(today),
        "candidates": candidates,
        "certificates": certificate_rows(today, candidates, partners),
        "panels": panel_rows(today),
        "reviewers": reviewer_rows(),
        "marks": marks,
        "declarations": declaration_rows(today),
        "satisfaction": answers,
        "incidents": _incidents(today, partners),
        "settings": [
            {"setting": SettingRow.COMPANY, "value": "示例制造有限公司"},
            {"setting": SettingRow.MAIL, "value": "partners@example.com"},
            {"setting": SettingRow.PHONE, "value": "057100001234"},
        ],
        **contract_rows(today),
        **performance_rows(today, partners),
    }
    rows |= finance_rows(today, rows)
    rows |= decided_rows(rows, today)
    rows |= relation_rows(today, rows)
    rows |= risk_rows(today, rows)
    return {**rows, "changes": _changes(today, rows)}


def credit_code(chance: random.Random) -> str:
    """A code with a right check character whose organisation part is plainly invented (it begins with nines)."""
    letters = CreditCode.ALPHABET
    body = "91330100" + "9999" + "".join(chance.choice("0123456789") for _ in range(5))
    total = sum(letters.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + letters[-total % 31]


def _mobile(chance: random.Random) -> str:
    return f"13800138{chance.randrange(1000):03d}"


def _landline(chance: random.Random) -> str:
    return f"05710000{chance.randrange(10_000):04d}"


def _mail(chance: random.Random) -> str:
    return (
        f"{chance.choice(['office', 'contact', 'partner', 'sales', 'service'])}{chance.randrange(10, 99)}@example.com"
    )


def _submission(table: str, number: int, version: int = 1) -> Row:
    return {"version": Decimal(version), "submission_id": str(uuid.uuid5(_HOME, f"{table}-{number}"))}


def _moment(today: date, days: int, minutes: int) -> datetime:
    """A time in working hours of some day before today."""
    return datetime.combine(today - timedelta(days=days), time(9)) + timedelta(minutes=minutes)


def _partners(chance: random.Random, today: date) -> list[Row]:
    rows = []
    for number, (name, category, state, key, years, contact) in enumerate(PARTNERS, start=1):
        rows.append({
            "partner": f"P-{number:04d}", "legal_name": name, "credit_code": credit_code(chance), "category": category,
            "status": state, "important": key, "since": today - timedelta(days=365 * years + chance.randrange(200)),
            "manager": STAFF[number % len(STAFF)], "contact": contact, "phone": _mobile(chance), "email": _mail(chance),
        })  # fmt: skip
    rows[7]["remark"] = "等待其新仓消防验收，预计下月恢复"
    rows[9]["remark"] = "合同到期未续"
    rows[11]["remark"] = "资料造假，经评审会决定"
    return rows


def _file(table: str, number: int, name: str, size: int) -> FileRef:
    digest = sha256(f"{table}-{number}-{name}".encode()).hexdigest()
    return FileRef(id=digest[:16], name=name, size=size, sha256=digest, kind="application/pdf")


def _candidates(chance: random.Random, today: date) -> list[Row]:
    rows = []
    for number, (facts, business) in enumerate(zip(CANDIDATES, BUSINESS, strict=True), start=1):
        name, kind, status, verification, handler, months, people, patents, revenue, profit = facts
        row: Row = {
            "candidate": f"C-{number:04d}", "legal_name": name, "status": status, "verification": verification,
            "handler": None if handler is None else STAFF[handler],
            "credit_code": credit_code(chance), "company_type": kind,
            "contact": chance.choice(["林晓", "方维", "蒋涵", "沈一", "吕宁", "丁可"]),
            "phone": _landline(chance) if number % 3 == 0 else _mobile(chance), "email": _mail(chance),
            "licence_term": "open" if months is None else "dated",
            "licence_until": None if months is None else today + timedelta(days=30 * months - 7),
            "business_scope": business[0], "records": NO_MATCH if number == 9 else "无",
            "main_business": business[0], "technology": business[1], "cases": business[2],
            "team_size": Decimal(people), "patents": Decimal(patents),
            "annual_revenue": Decimal(revenue * 10_000).quantize(Decimal("0.01")),
            "revenue_year": Decimal(today.year - 1),
            "profit": None if profit is None else Decimal(profit * 10_000).quantize(Decimal("0.01")),
            "bank_report": "yes" if number % 4 == 1 else "no",
            "values": VALUES[number % 3], "communication": CHANNELS[number % 3],
            "submitted_at": _moment(today, 34 - 4 * number + number % 3 if number < 8 else 10 - number, 37 * number),
            **_submission("candidates", number, 2 if number == 4 else 1),
        }  # fmt: skip
        row |= _candidate_details(number, today, name)
        rows.append(row)
    return rows


def _candidate_details(number: int, today: date, name: str) -> Row:
    """What differs from one candidate to the next: certificates, documents, what staff wrote."""
    row: Row = {}
    if number % 4 == 1:
        row["bank_authorisation"] = f"SQ-{today.year}-{number:03d}"
        row["authorisation_file"] = (_file("candidates", number, "银行信用报告授权书.pdf", 310_000),)
        row["bank_report_file"] = (_file("candidates", number, "银行信用报告.pdf", 820_000),)
    row["certificates"] = certificate_lines(number, today)
    row |= _money(number)
    if number in (1, 2):
        row["market"] = "细分行业前五；行业协会年度推荐名录"
        row["management"] = "项目管理办公室，供应商分级，出厂全检"
        row["attitude"] = "派驻两名工程师，共担试点费用"
    row |= _checked(number, today)
    short = name[:4]
    row["profile_file"] = (_file("candidates", number, f"{short}介绍.pdf", 2_400_000 + number * 31_000),)
    if number != 5:
        row["certificates_file"] = (
            _file("candidates", number, "营业执照.pdf", 640_000),
            *((_file("candidates", number, "ISO 9001.pdf", 380_000),) if row["certificates"] else ()),
        )
    if number in (1, 2, 3, 4, 7):
        row["cases_file"] = (_file("candidates", number, f"{short}案例.pdf", 5_100_000),)
    if number == 9:
        for name, title in (("profile_file", "介绍"), ("cases_file", "案例"), ("certificates_file", "资质")):
            row[name] = tuple(_file("candidates", 9, f"{short}{title} {part}.pdf", 900_000) for part in (1, 2))
    if number in (1, 2, 3):
        row["proposal_file"] = (_file("candidates", number, "初步合作方案.pdf", 1_260_000),)
    said: dict[int, Row] = {
        1: {"reply": "恭喜进入推荐名单，法务将与您联系", "remark": "短板是市场影响力"},
        4: {"remark": "补交了案例，第二版"},
        5: {"reply": "营业执照已过期，请换发后补交资质证明", "remark": "亏损原因待说明"},
        9: {"reply": "感谢参与，本次类别不匹配", "remark": "与公示信息不一致"},
    }
    return {**row, **said.get(number, {})}


# candidate → operating cash flow in 万元, source of the figures, financing
MONEY: dict[int, tuple[int | None, str, str | None]] = {
    1: (1_730, "audited", "2022-06，A 轮，3000 万元人民币，投资方公告\n2024-09，银行授信，2000 万元人民币，授信合同"),
    2: (6_040, "published", "2021-11，定向增发，1.2 亿元人民币，年度报告"),
    3: (290, "audited", None),
    4: (51, "booked", None),
    5: (-460, "booked", "2023-03，股东增资，500 万元人民币，工商变更登记"),
    6: (310, "audited", None),
    7: (740, "audited", "2023-08，设备融资租赁，900 万元人民币，租赁合同"),
    8: (None, "said", None),
    9: (None, "said", None),
}


def _money(number: int) -> Row:
    """The rest of the figures: what came in, where all of them are from, and who financed the company."""
    cash, source, financing = MONEY[number]
    amount = None if cash is None else Decimal(cash * 10_000).quantize(Decimal("0.01"))
    return {"operating_cash_flow": amount, "figures_source": source, "financing": financing}


# candidate → scope of business, permits, days since the records were queried, result
CHECKED: dict[int, tuple[str, str, int, str]] = {
    1: ("fits", "held", 16, "clean"),
    2: ("fits", "held", 16, "clean"),
    3: ("fits", "not_needed", 15, "clean"),
    4: ("fits", "not_needed", 15, "clean"),
    5: ("fits", "held", 118, "clean"),
    6: ("fits", "held", 14, "minor"),
    9: ("differs", "lacking", 20, "major"),
}


def _checked(number: int, today: date) -> Row:
    """What staff looked up about a candidate: the facts behind the gates, and the query of past records."""
    if number not in CHECKED:
        return {}
    scope, permits, days, result = CHECKED[number]
    return {
        "scope_checked": scope, "permits_checked": permits, "records_checked": today - timedelta(days=days),
        "records_source": "企业信用信息公示系统" if number % 2 else "公示系统、商业查询平台", "records_result": result,
    }  # fmt: skip


def _answers(chance: random.Random, today: date, partners: list[Row]) -> list[Row]:
    rows = []
    for number, facts in enumerate(ANSWERS, start=1):
        at, side, occasion, project, marks, well, better, who, status, verification = facts
        topics = ("goals", "communication", "problem_solving", "delivery", "mutuality")
        rows.append({
            "answer": f"S-{number:04d}", "partner": partners[at]["partner"] if verification == "verified" else None,
            "company": partners[at]["legal_name"], "status": status, "verification": verification, "side": side,
            "occasion": occasion, "project": project, **dict(zip(topics, marks, strict=True)),
            "strengths": well, "suggestions": better, "respondent": who, "email": _mail(chance),
            "submitted_at": _moment(today, 31 - 2 * number, 23 * number), **_submission("satisfaction", number),
        })  # fmt: skip
    rows[2]["reply"] = "停机窗口改为提前十天通知，已写入例会纪要"
    rows[6]["remark"] = "预测口径与计划部核对"
    return rows


def _incidents(today: date, partners: list[Row]) -> list[Row]:
    rows = []
    names = ("partner_at", "kind", "severity", "state", "verification", "handler", "hours", "days", "ongoing", "scope",
             "description", "first_measures", "responsible", "measure", "proof")  # fmt: skip
    noon = datetime.combine(today, time(8, 30))
    for number, facts in enumerate(INCIDENTS, start=1):
        row: Row = dict(zip(names, facts, strict=True))
        at, hours, days, handler = (row.pop(name) for name in ("partner_at", "hours", "days", "handler"))
        occurred = noon - timedelta(hours=hours)
        verified = row["verification"] == "verified"
        rows.append({
            "incident": f"E-{number:04d}", **row, "partner": partners[at]["partner"] if verified else None,
            "company": partners[at]["legal_name"], "handler": None if handler is None else STAFF[handler],
            "due": None if days is None else today + timedelta(days=days), "occurred_at": occurred,
            "reporter": partners[at]["contact"], "phone": partners[at]["phone"], "email": partners[at]["email"],
            "verifier": STAFF[(handler + 1) % len(STAFF)] if row["state"] == "closed" and handler is not None else None,
            "submitted_at": occurred + timedelta(minutes=95), **_submission("incidents", number),
        })  # fmt: skip
    rows[4]["evidence_file"] = (_file("incidents", 5, "开胶照片.pdf", 3_200_000),)
    rows[3]["reply"] = "备用线路已开通，请今晚复测"
    return rows


def _todo(today: date) -> list[Row]:
    # days from today, matter, subject, chapter, responsible, state, rule, page
    facts = (
        (-3, "核实候选：南浔精密部件有限公司", "C-0007", "甄选", "陈思雨", "open", "收到后 5 天内核实", "candidates"),
        (-1, "恒信包装 重大事件到期未解决", "E-0005", "风险", "孙岚", "open", "事件应解决日", "incidents"),
        (0, "核实事件报告：东禾商贸 信息泄露", "E-0006", "风险", None, "open", "特别重大事件当天核实", "incidents"),
        (1, "核实候选：知行培训服务中心", "C-0008", "甄选", "陈思雨", "open", "收到后 5 天内核实", "candidates"),
        (2, "云帆网络 夜间丢包，措施到期", "E-0004", "风险", "赵启航", "open", "事件应解决日", "incidents"),
        (5, "泰合机电 联锁改造，验证结果待填", "E-0003", "风险", "李明哲", "open", "关闭前要有验证结果", "incidents"),
        (6, "博衡自动化 执照已过期，等待补正", "C-0005", "甄选", "赵启航", "open", "执照有效是门槛", "candidates"),
        (16, "瑞桥仓储 暂停满三个月，请复核", "P-0008", "甄选", "王珂", "open", "暂停每季复核", "partners"),
        (30, "年度满意度调查：四家还没有答卷", "满意度", "协作", "周敏", "open", "每年一次，双方都答", "satisfaction"),
        (-8, "云汐设计 补交案例已审阅", "C-0004", "甄选", "陈思雨", "done", "退回补正后复审", "candidates"),
    )
    names = ("due", "matter", "subject", "chapter_name", "responsible", "state", "rule", "page")
    rows = []
    for number, fact in enumerate(facts, start=1):
        row = dict(zip(names, (today + timedelta(days=fact[0]), *fact[1:]), strict=True))
        cause = {"cause": verify_cause(str(row["subject"]))} if str(row["matter"]).startswith("核实") else {}
        rows.append({"todo": f"T-{number:04d}", **row, **cause})
    rows[2]["remark"] = "先电话核实报告人"
    return rows


def _changes(today: date, rows: dict[str, list[Row]]) -> list[Row]:
    # days ago, table, row, column, before, after, what happened
    facts = (
        (21, "候选提交", "C-0004", "客户案例", None, "某仪器厂：手持终端改型，2025", "伙伴更正，第 2 版"),
        (21, "候选提交", "C-0004", "案例研究", "待补", "云汐设计案例.pdf (5.1 MB)", "伙伴补交文件"),
        (9, "满意度调查", "S-0003", "合作项目", "三号线", "三号线改造", "员工改过，更正未覆盖；两边的值都在这里"),
        (3, "事件报告", "E-0005", "严重程度", "较大事件", "重大事件", "初步评估后由员工校正"),
        (2, "候选提交", "C-0009", "不良记录与重大纠纷", "无", NO_MATCH, "核对公示信息后由伙伴更正"),
    )
    names = ("table", "row_key", "column", "before", "after", "what")
    told = [
        {"at": _moment(today, days, 41 * number), **dict(zip(names, rest, strict=True))}
        for number, (days, *rest) in enumerate(facts, start=1)
    ]
    lines = sorted((*told, *state_history(rows, today, STAFF)), key=lambda row: row["at"])
    return [{"change": f"G-{number:04d}", **line} for number, line in enumerate(lines, start=1)]


# The planted stories by name; they are the same for every seed and day.
STORIES: dict[str, Any] = stories(mark_rows(random.Random(1), date(2026, 1, 1))) | requirement_stories()
