"""Owns the sample's way from due diligence to onboarding: one contract signed, one being negotiated, one firm turned down.

| row | story |
|---|---|
| K-0001 | signed with C-0001; onboarding under way: six of ten items done, one late |
| K-0002 | being negotiated with C-0003; eight clauses agreed, one talked about, one not begun |
| J-0002 | C-0002 failed its due diligence: with it, no contract could be signed |
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from workbook.rules.onboarding import GROUP_DAYS, GROUP_ITEMS
from workbook.tables.contracts import CLAUSES

Row = dict[str, Any]

SIGNED, TALKING = "K-0001", "K-0002"
SIGNED_AGO, STARTED_AGO, GUIDED = 24, 20, 90  # days
TEXT = sha256("启明云科技有限公司合作协议 定稿".encode()).hexdigest()

# candidate, method, trigger, handler, planned and done days ago, finding, severity, result
CHECKS = (
    ("C-0001", "visit", "关键系统", "李明哲", 40, 38, "开发、测试、运维三组都在现场；容灾演练当场做了一遍，二十分钟切换完成。", "none", "passed"),
    ("C-0002", "visit", "金额大", "赵启航", 39, 37, "资料写三条装配线在产，现场只有一条运行，另两条设备未到货；明年三季度以前没有产能。", "major", "failed"),
    ("C-0003", "customers", "两周内进场", "孙岚", 9, 7, "访谈两家在用客户，都愿意续约；一家提到变更单回得慢，已写进交付标准。", "minor", "passed"),
)  # fmt: skip
# clause → agreed text and the bottom line and room of the signed contract
AGREED: Mapping[str, tuple[str, str, str]] = {
    "scope": ("数据平台一期：主数据、订单与设备三个主题域", "三个主题域缺一不可", "报表开发可移到二期"),
    "rights": ("乙方派驻两名工程师，甲方提供测试环境与接口人", "驻场不少于四个月", "第五个月起可改远程"),
    "delivery": ("按需求文档的质量标准，分三批交付", "每批附测试报告", "文档可晚五个工作日"),
    "acceptance": ("每批交付后十个工作日内验收，逾期视为通过须书面催告", "不接受默认通过", "验收期可到十五个工作日"),
    "property": ("定制部分归甲方，通用组件许可永久使用", "定制源代码归我方", "通用组件可共有"),
    "secrecy": ("双方保密三年，数据不出甲方机房", "数据不出机房", "期限可减到两年"),
    "payment": ("3-3-3-1 分期，质保金一成，质保一年", "首付不超过三成", "质保期可减到九个月"),
    "breach": ("延期每日千分之一，上限合同额一成", "上限不低于一成", "宽限期可给三天"),
    "disputes": ("先协商，后由甲方所在地法院管辖", "管辖地在我方", "可改本地仲裁委员会"),
    "term": ("十八个月，期满前六十天商定续约", "不自动续约", "可签二十四个月"),
}
# clause → state, agreed text, bottom line, room of the contract that is still talked about
TALKS: Mapping[str, tuple[str, str | None, str | None, str | None]] = {
    "scope": ("agreed", "采购与库存两个模块的实施和二次开发", "两个模块一起上线", "报表另行报价"),
    "rights": ("agreed", "乙方两周内进场，甲方指定业务负责人", "两周内进场", "可分两批进场"),
    "delivery": ("agreed", "变更单两个工作日内答复，核心流程自动化测试", "变更答复不超过三天", "非核心流程可人工测"),
    "acceptance": ("agreed", "上线后稳定运行三十天验收", "不少于三十天", "可按模块分别验收"),
    "property": ("negotiating", "二次开发的归属尚在商量，乙方希望共有", "二次开发归我方", "可许可乙方用于其他客户"),
    "secrecy": ("agreed", "双方保密三年", "财务数据脱敏", "期限可减到两年"),
    "payment": ("agreed", "按模块验收付款", "验收前付款不过半", "首付可到四成"),
    "breach": ("agreed", "延期每日千分之一，上限一成", "上限不低于一成", "可加三天宽限"),
    "disputes": ("open", None, "管辖地在我方", "可改仲裁"),
    "term": ("agreed", "十二个月", "不自动续约", "可签十八个月"),
}
# item → the day it was done, in days after the start, and what came of it; the others are open
DONE: Mapping[str, tuple[int, str]] = {
    "structure": (3, "驻场两人参加了新供应商介绍会"),
    "culture": (3, "发了守则与廉洁承诺，双方签收"),
    "business": (8, "带看两条产线，讲了三个主题域的业务"),
    "people": (4, "对接表已交换，双方各两人"),
    "channels": (5, "建群，紧急事项打电话"),
    "platform": (13, "平台账号四个，权限按项目"),
}


def contract_rows(today: date) -> dict[str, list[Row]]:
    """The rows of due diligence, contracts, clauses and onboarding by table name."""
    return {
        "diligence": _checks(today),
        "contracts": [_signed(today), _talking()],
        "clauses": _clauses(),
        "onboarding": _items(today),
    }


def registered(today: date, candidate: Mapping[str, Any]) -> Row:
    """The partner that the signed candidate became."""
    return {
        "partner": "P-0013", "legal_name": candidate["legal_name"], "credit_code": candidate["credit_code"],
        "category": "technology", "status": "active", "important": "yes", "since": today - timedelta(days=SIGNED_AGO),
        "manager": "李明哲", "contact": candidate["contact"], "phone": candidate["phone"], "email": candidate["email"],
        "remark": "一期平台伙伴，引导期中",
    }  # fmt: skip


def _checks(today: date) -> list[Row]:
    names = ("candidate", "method", "trigger", "handler", "planned_on", "done_on", "finding", "severity", "result")
    rows: list[Row] = []
    for number, facts in enumerate(CHECKS, start=1):
        row: Row = dict(zip(names, facts, strict=True))
        row |= {name: today - timedelta(days=row[name]) for name in ("planned_on", "done_on")}
        rows.append({"check": f"J-{number:04d}", **row})
    return rows


def _signed(today: date) -> Row:
    signed, began = today - timedelta(days=SIGNED_AGO), today - timedelta(days=STARTED_AGO)
    return {
        "contract": SIGNED, "title": "数据平台一期合作协议", "candidate": "C-0001", "partner": "P-0013", "status": "signed",
        "handler": "李明哲", "amount": Decimal("2680000.00"), "lawyer": "周敏", "legal": "passed",
        "legal_on": signed - timedelta(days=3), "our_signatory": "沈明远", "our_authority": "总经理",
        "their_signatory": "林晓", "their_authority": "授权书 QMY-017", "text_hash": TEXT, "our_hash": TEXT, "their_hash": TEXT,
        "signed_on": signed, "starts_on": began, "ends_on": began + timedelta(days=547),
        "guided_from": began, "guided_until": began + timedelta(days=GUIDED),
    }  # fmt: skip


def _talking() -> Row:
    return {
        "contract": TALKING, "title": "采购与库存系统实施协议", "candidate": "C-0003", "status": "negotiating",
        "handler": "孙岚", "amount": Decimal("860000.00"), "lawyer": "周敏", "remark": "归属谈妥就送法务审查",
    }  # fmt: skip


def _clauses() -> list[Row]:
    talks = {code: ("agreed", *AGREED[code]) for code in CLAUSES}
    rows: list[Row] = []
    for contract, states, who in ((SIGNED, talks, "李明哲"), (TALKING, TALKS, "孙岚")):
        for code in CLAUSES:
            state, text, bottom, room = states[code]
            rows.append({
                "clause": f"L-{len(rows) + 1:04d}", "contract": contract, "subject": code, "agreed": state, "text": text,
                "bottom_line": bottom, "flexibility": room, "handler": who, "lawyer": "周敏",
            })  # fmt: skip
    return rows


def _items(today: date) -> list[Row]:
    began = today - timedelta(days=STARTED_AGO)
    rows: list[Row] = []
    for group, items in GROUP_ITEMS.items():
        for item in items:
            row: Row = {
                "item": f"W-{len(rows) + 1:04d}", "contract": SIGNED, "partner": "P-0013", "group": group, "subject": item,
                "status": "done" if item in DONE else "open", "handler": "王珂" if group == "background" else "李明哲",
                "due": began + timedelta(days=GROUP_DAYS[group]),
            }  # fmt: skip
            if item in DONE:
                days, result = DONE[item]
                row |= {"done_on": began + timedelta(days=days), "result": result}
            rows.append(row)
    rows[3]["remark"] = "名单等保密审查，约好下周介绍"
    return rows
