"""Owns the sample's risks: the register, plans, backups, controls, data, samplings, a dispute ladder, drills.

| row | story |
|---|---|
| CP-0003 | the plan of key partner P-0004 is a draft |
| BK-0002 | accepted once, and its company was barred |
| TC-0012 | checked 400 days ago: overdue |
| DG-0003 | past its end, no contract, and still held |
| SP-0001 | three defective units where one is allowed, and its delivery was accepted |
| DI-0001 | with the counterparts for weeks: the evaluation moves it one step |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from workbook.rules.risks import FOUR
from workbook.rules.sampling_plan import draw

Row = dict[str, Any]

KEY_PARTNERS = ("P-0001", "P-0002", "P-0004", "P-0013")
HANDLERS = ("王珂", "李明哲", "孙岚", "陈思雨")
# kind → title, likelihood, impact, measure, residual likelihood, residual impact
RISKS: Mapping[str, tuple[str, int, int, str, int, int]] = {
    "interruption": ("停止供应或服务", 3, 5, "备选伙伴与应急预案，每年演练", 2, 4),
    "leak": ("我方资料外泄", 2, 4, "按级别授权，账号按季清理", 1, 4),
    "quality": ("批次质量不符", 3, 3, "抽检与批次追溯", 2, 3),
    "dispute": ("验收或费用争议", 2, 3, "例会纪要双方确认", 1, 3),
}
LOT, SIZE = 1000, 50


def risk_rows(today: date, rows: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The rows of risk by table name."""
    return {
        "risks": _risks(today), "contingency": _plans(today), "backups": _backups(today), "technical_controls": _controls(today),
        "data_grants": _grants(today), **_sampled(rows["deliveries"]), "disputes": _disputes(today),
        "penalty_rules": _rules(today), **_drills(today),
    }  # fmt: skip


def _numbered(key: str, prefix: str, rows: Sequence[Row]) -> list[Row]:
    return [{key: f"{prefix}-{number:04d}", **row} for number, row in enumerate(rows, start=1)]


def _risks(today: date) -> list[Row]:
    found: list[Row] = []
    for at, partner in enumerate(KEY_PARTNERS):
        for kind in FOUR:
            title, likely, impact, measure, after, rest = RISKS[kind]
            worse = 1 if (partner, kind) == ("P-0004", "quality") else 0
            found.append({
                "title": title, "partner": partner, "kind": kind, "status": "open", "likelihood": likely + worse, "impact": impact + worse,
                "measure": measure, "residual_likelihood": after + worse, "residual_impact": rest + worse,
                "handler": HANDLERS[at], "review_on": today + timedelta(days=60 + 7 * len(found)),
            })  # fmt: skip
    return _numbered("risk", "RK", found)


def _plans(today: date) -> list[Row]:
    names = ("title", "partner", "status", "impact", "recovery_hours", "steps", "backup", "handler", "reviewed_on")
    facts = (
        ("订单中台停摆", "P-0001", "approved", "订单转人工录入，日均 1,200 单", 480, "一、切只读\n二、备选接管接口\n三、补录当日订单", "BK-0001", "王珂", 70),
        ("三号线部件断供", "P-0002", "approved", "三号线停线，二号线可代工一半", 720, "一、启用安全库存\n二、备选首件\n三、恢复节拍", "BK-0003", "李明哲", 50),
        ("包材断供", "P-0004", "draft", "两条包装线两天后停", 96, None, None, "孙岚", 30),
        ("数据平台停摆", "P-0013", "approved", "报表延迟，业务不断", 960, "一、切回旧接口\n二、备选接管\n三、数据核对", "BK-0004", "陈思雨", 15),
    )  # fmt: skip
    rows: list[Row] = [dict(zip(names, fact, strict=True)) for fact in facts]
    for row in rows:
        row |= {"recovery_hours": Decimal(row["recovery_hours"]), "reviewed_on": today - timedelta(days=row["reviewed_on"])}  # fmt: skip
    return _numbered("plan", "CP", rows)


def _backups(today: date) -> list[Row]:
    names = ("category", "replaces", "partner", "status", "switch_days", "handler", "checked_on")
    facts = (
        ("technology", "P-0001", "P-0007", "accepted", 14, "王珂", 80),
        ("supplier", "P-0004", "P-0012", "accepted", 10, "孙岚", 200),
        ("supplier", "P-0002", "P-0004", "proposed", 25, "李明哲", 40),
        ("technology", "P-0013", "P-0001", "accepted", 30, "陈思雨", 14),
    )
    rows: list[Row] = [dict(zip(names, fact, strict=True)) for fact in facts]
    for row in rows:
        row |= {"switch_days": Decimal(row["switch_days"]), "checked_on": today - timedelta(days=row["checked_on"])}
    return _numbered("backup", "BK", rows)


def _controls(today: date) -> list[Row]:
    controls = ("access", "accounts", "encryption", "logging")
    found = [
        {"partner": partner, "control": control, "result": "conforms", "checked_on": today - timedelta(days=20 + 5 * at), "evidence": "账号清单与抽查记录", "handler": "陈思雨"}
        for partner in ("P-0013", "P-0007", "P-0003")
        for at, control in enumerate(controls)
    ]  # fmt: skip
    found[6] |= {"result": "differs", "evidence": "两个接口仍是明文传输"}  # TC-0007, with an action
    found[11]["checked_on"] = today - timedelta(days=400)  # TC-0012
    return _numbered("check", "TC", found)


def _grants(today: date) -> list[Row]:
    names = (
        "partner",
        "what",
        "data_level",
        "purpose",
        "contract",
        "status",
        "granted_on",
        "until",
        "ended_on",
        "approver",
    )
    facts = (
        ("P-0001", "接口说明与测试数据（脱敏）", "internal", "订单中台迭代", None, "held", 300, 120, None, "王珂"),
        ("P-0013", "主数据样本与价格体系", "confidential", "数据平台一期", "K-0001", "held", 20, 500, None, "沈明远"),
        ("P-0007", "客户名录", "sensitive", "数据治理咨询", None, "held", 260, -18, None, "周敏"),
        ("P-0010", "配方与检验标准", "confidential", "辅料供应", None, "returned", 900, -300, 290, "周敏"),
    )  # fmt: skip
    rows: list[Row] = [dict(zip(names, fact, strict=True)) for fact in facts]
    for row in rows:
        row["granted_on"] = today - timedelta(days=row["granted_on"])
        row["until"] = today + timedelta(days=row["until"])
        row["ended_on"] = today - timedelta(days=row["ended_on"]) if row["ended_on"] else None
        row["handler"] = "陈思雨"
    return _numbered("grant", "DG", rows)


def _sampled(deliveries: Sequence[Row]) -> dict[str, list[Row]]:
    """Two batches of packaging, the first one bad, and one of parts that still waits; the glue is of one origin."""
    packaging = [row for row in deliveries if row["partner"] == "P-0004"]
    parts = [row for row in deliveries if row["partner"] == "P-0002"]
    facts: tuple[tuple[Row, int, bool], ...] = (
        (packaging[0], 1, True),
        (packaging[-1], 2, True),
        (parts[-1], 1, False),
    )
    samplings = _numbered("sampling", "SP", [
        {"delivery": row["delivery"], "batch": row["batch"], "lot": Decimal(LOT), "size": Decimal(SIZE), "accept": Decimal(accept), "sampled_on": row["delivered_on"] + timedelta(days=2) if done else None, "handler": "李明哲"}
        for row, accept, done in facts
    ])  # fmt: skip
    found = []
    for sampling, picks in ((samplings[0], (3, 17, 31)), (samplings[1], (8,))):
        units = draw(LOT, SIZE, sampling["sampling"])
        for pick in picks:
            found.append({
                "sampling": sampling["sampling"], "delivery": sampling["delivery"], "batch": sampling["batch"], "unit": Decimal(units[pick]),
                "grade": "major", "what": "纸箱开胶", "origin": "胶水 J-0917", "handling": "隔离退换", "handler": "孙岚",
            })  # fmt: skip
    return {"samplings": samplings, "defects": _numbered("defect", "DF", found)}


def _disputes(today: date) -> list[Row]:
    return _numbered("dispute", "DI", [
        {"title": "夜间丢包是否计入服务扣款", "partner": "P-0003", "status": "contact", "handler": "赵启航", "raised_on": today - timedelta(days=45), "amount": Decimal("18000.00"), "position": "我方：连续三个月未达标\n对方：线路由上游承担"},
        {"title": "旺季加价的依据", "partner": "P-0005", "status": "settled", "handler": "周敏", "raised_on": today - timedelta(days=120), "amount": Decimal("9600.00"), "position": "我方：合同价不含加价\n对方：油价上涨", "outcome": "各承担一半，写入下年合同", "settled_on": today - timedelta(days=101)},
    ])  # fmt: skip


def _rules(today: date) -> list[Row]:
    since = today - timedelta(days=300)
    return _numbered("rule", "PR", [
        {"contract": "K-0001", "breach": "resolution", "priority": "P1", "base": "hour", "rate": Decimal(2000), "cap": Decimal(1), "effective_on": since, "clause": "第八条第二款"},
        {"breach": "delivery", "base": "day", "rate": Decimal(1000), "cap": Decimal(10), "effective_on": since, "clause": "通用条款第十二条"},
    ])  # fmt: skip


def _drills(today: date) -> dict[str, list[Row]]:
    facts = (
        ("中台切到备选", "switch", "P-0001", "CP-0001", 80),
        ("三号线断供桌面推演", "desk", "P-0002", "CP-0002", 45),
    )
    drills: list[Row] = []
    steps: list[Row] = []
    for title, kind, partner, plan, ago in facts:
        begin = datetime.combine(today - timedelta(days=ago), time(14))
        key = f"DR-{len(drills) + 1:04d}"
        drills.append({
            "drill": key, "title": title, "kind": kind, "partner": partner, "plan": plan, "status": "done", "planned_on": begin.date(),
            "handler": "陈思雨", "script": "按预案三步走，逐步计时", "started_at": begin, "ended_at": begin + timedelta(minutes=95),
            "findings": "切换手册缺对账一节；值班电话表要每季核对",
        })  # fmt: skip
        for at, (step, first, last, target) in enumerate(
            (("发现并通报", 0, 12, 15), ("接管", 12, 60, 45), ("核对与恢复", 60, 95, 40))
        ):
            steps.append({
                "drill": key, "step": step, "target": Decimal(target), "started_at": begin + timedelta(minutes=first),
                "ended_at": begin + timedelta(minutes=last), "who": HANDLERS[at],
            })  # fmt: skip
    day = today + timedelta(days=10)
    drills.append({"drill": "DR-0003", "title": "平台数据泄露演练", "kind": "leak", "partner": "P-0013", "plan": "CP-0004", "status": "planned", "planned_on": day, "handler": "陈思雨", "script": "价目表外泄，两小时内完成评估"})  # fmt: skip
    return {"drills": drills, "drill_steps": _numbered("drill_step", "DS", steps)}
