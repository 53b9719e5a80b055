"""Owns the sample's requirements: one published and approved, one in review that an edit set back, one draft with a gap.

| key | story |
|---|---|
| Q-0001 | what the panel V-0001 chose partners for: signed by 业务, 技术 and 法务, published, closed before the panel decided |
| Q-0002 | in review: 法务 signed the first text, then the schedule was edited, so that the verdict is void |
| Q-0003 | a draft: 质量标准 and 时间节点 are not written yet |
| Q-0004 | signed and open now: two companies are invited, and the candidate form takes applications |
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from workbook.records import Record
from workbook.rules.requirements import requirement_of
from workbook.tables import Requirements

Row = dict[str, Any]

_HOME = UUID("5f0a6c3e-8a57-5b8c-9a0e-4d1b7c2e9f60")
APPROVED, VOIDED, DRAFT, OPEN = "Q-0001", "Q-0002", "Q-0003", "Q-0004"
SIGNERS = ("R-0001", "R-0002", "R-0005")  # 业务, 技术, 法务


def requirement_rows(today: date) -> list[Row]:
    """Four requirements; the schedule of each is in days from today."""

    def day(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    return [
        {
            "requirement": APPROVED, "title": "智能工厂一期：平台、产线与监测", "revision": Decimal(2), "status": "closed",
            "handler": "王珂",
            "goal": "一年内把三条产线的数据接到同一平台，停机时间比去年少三成。",
            "scope": "平台、三条产线的数据采集、能耗与废水监测。不含办公网络和厂房改造。",
            "outcome": "班组长当班能看到停机原因；月度能耗可以分到产线。",
            "schedule": f"{day(30)} 进场\n{day(120)} 首条产线上线\n{day(330)} 三条产线验收",
            "deliverables": "平台软件与源代码托管\n采集点位清单\n操作与维护手册\n培训四场",
            "quality": "采集完整率不低于 99.5%；平台可用率不低于 99.9%；验收前连续运行 30 天。",
            "budget": "一期合计 600 万元以内，按里程碑支付。",
            "capability": "做过离散制造的数据平台；有驻场团队；能在两周内进场。",
            "remark": "第 2 版补了能耗监测；推荐名单见 V-0001",
        },
        {
            "requirement": VOIDED, "title": "成品仓自动分拣", "revision": Decimal(1), "status": "review", "handler": "孙岚",
            "goal": "旺季日出货从 6000 件提到 9000 件，不加夜班。",
            "scope": "成品仓一楼的分拣、称重和贴标。不含运输和月台改造。",
            "outcome": "错发率低于万分之三，旺季不再租外仓。",
            "schedule": f"{day(45)} 方案确认\n{day(150)} 设备到场\n{day(200)} 旺季前验收",
            "deliverables": "分拣线一条\n与仓储系统的接口\n备件清单与两年备件价",
            "quality": "每小时 900 件，连续 8 小时无人工干预停线；贴标合格率 99.9%。",
            "budget": "380 万元以内。",
            "capability": "有同等节拍的在用案例，可以现场看；本省有服务网点。",
            "remark": "法务签过以后，工期往后调了一个月，要重新签核",
        },
        {
            "requirement": DRAFT, "title": "班组长技能培训", "revision": Decimal(1), "status": "draft", "handler": "陈思雨",
            "goal": "两年内让 60 名班组长通过内部技能认证。",
            "scope": "现场管理、质量工具、安全。不含学历教育。",
            "outcome": "班组自查问题数上升，重复问题下降。",
            "deliverables": "课程大纲与教材\n题库\n每期评估报告",
            "capability": "有制造业现场授课经验的讲师不少于五名。",
            "remark": "时间节点等生产计划排定；质量标准与质量部商量",
        },
        {
            "requirement": OPEN, "title": "精密零件加工年度伙伴", "revision": Decimal(1), "status": "published", "handler": "孙岚",
            "goal": "把轴类、壳体类零件的交期从 25 天压到 15 天。",
            "scope": "两类零件的加工与检测，年约 4 万件。不含热处理。",
            "outcome": "两家以上合格伙伴，单一来源的零件不超过一成。",
            "schedule": f"{day(25)} 试制\n{day(60)} 小批\n{day(90)} 签年度协议",
            "deliverables": "首件检测报告\n过程能力分析\n每批检测记录",
            "quality": "关键尺寸 CPK 不低于 1.33；批次合格率不低于 99%。",
            "capability": "五轴加工和三坐标检测；质量体系证书在有效期内。",
        },
    ]  # fmt: skip


def fingerprint_of(row: Row) -> str:
    """The fingerprint that evaluation will write for a row."""
    return requirement_of(Record(Requirements, "", 0, row["requirement"], row, {})).fingerprint


def signoff_rows(today: date) -> list[Row]:
    """Who signed what: all three departments twice, and one verdict on a text that was edited afterwards."""
    rows = {row["requirement"]: row for row in requirement_rows(today)}
    before = {**rows[VOIDED], "schedule": rows[VOIDED]["schedule"].splitlines()[0]}
    facts: list[tuple[Row, str, str, str | None, int]] = [
        (rows[APPROVED], SIGNERS[0], "agree", None, 50),
        (rows[APPROVED], SIGNERS[1], "conditional", "采集协议在方案里写明，不接受私有协议。", 49),
        (rows[APPROVED], SIGNERS[2], "agree", None, 48),
        (rows[OPEN], SIGNERS[0], "agree", None, 13),
        (rows[OPEN], SIGNERS[1], "agree", None, 13),
        (rows[OPEN], SIGNERS[2], "conditional", "年度协议里写明来料不良的责任划分。", 12),
        (before, SIGNERS[2], "agree", None, 4),
    ]
    return [
        {
            "signoff": f"A-{number:04d}", "requirement": row["requirement"], "revision": row["revision"],
            "reviewer": who, "verdict": verdict, "opinion": opinion, "fingerprint": fingerprint_of(row),
            "submitted_at": datetime.combine(today - timedelta(days=days), time(10)) + timedelta(minutes=17 * number),
            "version": Decimal(1), "submission_id": str(uuid5(_HOME, f"signoff-{number}")),
        }
        for number, (row, who, verdict, opinion, days) in enumerate(facts, start=1)
    ]  # fmt: skip


def publication_rows(today: date) -> list[Row]:
    """Two publications of the past, one that is open now on two channels."""

    def at(days: int, hour: int) -> datetime:
        return datetime.combine(today + timedelta(days=days), time(hour))

    facts = (
        (APPROVED, "platform", -36, -9, "https://example.com/notices/2026-017", "王珂", "收到 6 家"),
        (APPROVED, "internal", -36, -9, None, "王珂", None),
        (OPEN, "platform", -9, 24, "https://example.com/notices/2026-031", "孙岚", None),
        (OPEN, "invited", -9, 24, None, "孙岚", "另邀两家本省企业"),
    )
    return [
        {
            "publication": f"F-{number:04d}", "requirement": key, "channel": channel, "status": "published",
            "opens_at": at(opens, 9), "closes_at": at(closes, 18), "address": address, "handler": handler, "remark": remark,
        }
        for number, (key, channel, opens, closes, address, handler, remark) in enumerate(facts, start=1)
    ]  # fmt: skip


def invitation_rows(today: date) -> list[Row]:
    """Two companies that were asked by name: one has applied, one has not answered."""
    return [
        {
            "invitation": "N-0001", "publication": "F-0004", "company": "南浔精密部件有限公司", "contact": "吕宁",
            "email": "sales31@example.com", "invited_on": today - timedelta(days=8), "status": "submitted",
            "candidate": "C-0007",
        },
        {
            "invitation": "N-0002", "publication": "F-0004", "company": "临浦传动科技有限公司", "contact": "丁可",
            "email": "office52@example.com", "invited_on": today - timedelta(days=7), "status": "sent",
            "remark": "电话里说在准备资料",
        },
    ]  # fmt: skip


def requirement_tables(today: date) -> dict[str, list[Row]]:
    """The rows of this chapter by table name."""
    return {
        "requirements": requirement_rows(today), "signoffs": signoff_rows(today),
        "publications": publication_rows(today), "invitations": invitation_rows(today),
    }  # fmt: skip


def requirement_stories() -> dict[str, Any]:
    """The planted stories by name."""
    return {"approved": (APPROVED, OPEN), "voided": (VOIDED, "A-0007"), "draft": (DRAFT, ("schedule", "quality"))}
