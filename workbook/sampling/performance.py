"""Owns the sample's year of performance: four quarters and the year they make, with planted stories.

晨曦 is steady and saves; 云帆 gets worse from quarter to quarter and nobody has made a plan; 恒信 got better after a plan; 泰合 has
a budget that is not spent because the work is not done; 合众 and 景明 stand at 80.00 to the cent, the lowest B, by different
ways; 澄湖 has a quarter without any record. Each profile says which mark each measure earns; the events are made to earn it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

Row = dict[str, Any]


class Profile(NamedTuple):
    """The mark of each measure in one quarter: functional, performance, consistency, documents; response, changes, urgent, replies; budget, use."""

    functional: int
    performance: int
    consistency: int
    documents: int
    response: int
    changes: int
    urgent: int
    replies: int
    budget: str
    use: int


BEST = Profile(5, 5, 5, 5, 5, 5, 5, 5, "saved", 5)
# partner → the four quarters, oldest first; None is a quarter without any record
PROFILES: dict[str, tuple[Profile | None, ...]] = {
    "P-0001": (BEST._replace(documents=4), BEST, BEST._replace(use=4), BEST),
    "P-0002": (
        BEST._replace(functional=4, documents=3), BEST._replace(functional=4, documents=4), BEST._replace(functional=4),
        BEST._replace(functional=4, budget="undelivered"),
    ),
    "P-0003": (
        BEST._replace(documents=4), BEST._replace(response=1, replies=1),
        BEST._replace(response=1, changes=1, replies=1, documents=3, budget="over", performance=3),
        Profile(2, 2, 2, 2, 1, 1, 1, 1, "over", 2),
    ),
    "P-0004": (
        Profile(1, 2, 1, 2, 1, 5, 5, 5, "over", 3), Profile(2, 3, 1, 3, 5, 5, 5, 5, "slightly over", 4),
        BEST._replace(functional=4, consistency=3, documents=4), BEST._replace(functional=5, consistency=4),
    ),
    "P-0005": (BEST._replace(performance=2), BEST._replace(performance=3), BEST._replace(performance=2), BEST._replace(performance=1)),
    "P-0006": (BEST, BEST._replace(consistency=3), BEST._replace(consistency=2), BEST._replace(consistency=1, documents=4)),
    "P-0007": (BEST._replace(use=3), None, BEST._replace(urgent=1), BEST._replace(use=3)),
}  # fmt: skip
TITLES = {
    "P-0001": "订单中台迭代", "P-0002": "三号线改造部件", "P-0003": "园区专线运维", "P-0004": "年度包材",
    "P-0005": "华东干线运输", "P-0006": "型式试验报告", "P-0007": "数据治理咨询",
}  # fmt: skip
RATES = {5: 990, 4: 960, 3: 920, 2: 850, 1: 700}  # passed of 1,000
DEFECTS = {5: (10, 14), 4: (10, 26), 3: (10, 40), 2: (10, 70), 1: (10, 120)}  # of 1,000, in two batches
BUDGETS = {  # of the budget: actual, progress, planned progress, verified
    "saved": ("0.97", 100, 100, "yes"),
    "slightly over": ("1.04", 100, 100, "yes"),
    "over": ("1.13", 100, 100, "yes"),
    "undelivered": ("0.41", 50, 90, None),
}
USES = {5: 88, 4: 74, 3: 65, 2: 55, 1: 40}
JUDGES = ("R-0001", "R-0003")
AMOUNT = Decimal("300000.00")
# quarter, partner, title, field, saving in yuan, value, state
PROPOSALS = (
    (0, "P-0001", "接口用例自动生成", "technology", "16000.00", 4, "realised"),
    (1, "P-0001", "夜间构建改为增量", "process", "15500.00", 4, "realised"),
    (2, "P-0001", "共用测试环境", "cost", "18000.00", 5, "realised"),
    (3, "P-0001", "告警降噪规则", "service", "15200.00", 4, "realised"),
    (3, "P-0004", "可循环围板箱", "cost", None, 4, "adopted"),
    (3, "P-0005", "返程拼车", "cost", None, None, "assessing"),
)  # fmt: skip


def quarters(today: date) -> list[tuple[str, date, date]]:
    """The four whole quarters before a day, oldest first: name, first and last day."""
    index = today.year * 4 + (today.month - 1) // 3
    return [_quarter(index - back) for back in (4, 3, 2, 1)]


def _quarter(index: int) -> tuple[str, date, date]:
    year, quarter = divmod(index, 4)
    first = date(year, quarter * 3 + 1, 1)
    following = index + 1
    last = date(following // 4, following % 4 * 3 + 1, 1) - timedelta(days=1)
    return f"{year}Q{quarter + 1}", first, last


def performance_rows(today: date, partners: list[Row]) -> dict[str, list[Row]]:
    """The rows of a year by table name; partners name their company beside what they sent."""
    spans = quarters(today)
    names = {str(row["partner"]): str(row["legal_name"]) for row in partners}
    made = _Year(spans, names)
    for partner, profiles in PROFILES.items():
        for number, profile in enumerate(profiles):
            if profile is not None:
                made.quarter(partner, number, profile)
    made.proposals()
    return {
        "periods": _periods(spans),
        **made.rows,
        "plans": _plans(spans),
        "site_checks": _site(spans),
        **_enabled(spans),
    }


def year_name(spans: list[tuple[str, date, date]]) -> str:
    """The name of the year that four quarters make: that in which it ends."""
    return f"{spans[-1][2].year}年度"


def _periods(spans: list[tuple[str, date, date]]) -> list[Row]:
    reviewers = "、".join(JUDGES)
    rows = [
        {"period": name, "kind": "quarter", "starts_on": first, "ends_on": last, "rule_version": "p1", "status": "closed", "reviewers": reviewers, "handler": "王珂"}
        for name, first, last in spans
    ]  # fmt: skip
    year = {"period": year_name(spans), "kind": "year", "starts_on": spans[0][1], "ends_on": spans[-1][2], "rule_version": "p1", "status": "closed", "reviewers": reviewers, "handler": "王珂"}  # fmt: skip
    return [*rows, year]


class _Year:
    """Rows as they are made, each with the next number of its table."""

    def __init__(self, spans: list[tuple[str, date, date]], names: dict[str, str]):
        self.spans, self.names = spans, names
        tables = ("deliveries", "tests", "issues", "issue_events", "budgets", "resources", "judgements", "proposals")
        self.rows: dict[str, list[Row]] = {name: [] for name in tables}

    def add(self, table: str, key: str, prefix: str, row: Row) -> str:
        """A row under the next number."""
        number = f"{prefix}-{len(self.rows[table]) + 1:04d}"
        self.rows[table].append({key: number, **row})
        return number

    def quarter(self, partner: str, number: int, profile: Profile) -> None:
        """The events of a partner in one quarter."""
        name, first, last = self.spans[number]
        self._deliveries(partner, first, profile)
        self._issues(partner, first + timedelta(days=8 + int(partner[-1])), profile)
        actual, progress, planned, verified = BUDGETS[profile.budget]
        self.add("budgets", "budget_line", "BU", {
            "partner": partner, "project": TITLES[partner], "category": "服务费", "starts_on": first, "ends_on": last, "budget": AMOUNT,
            "actual": (AMOUNT * Decimal(actual)).quantize(Decimal("0.01")), "planned_progress": Decimal(planned), "progress": Decimal(progress),
            "verified": verified, "tax": "included", "tax_rate": Decimal(6), "evidence": "季度验收单" if verified else "现场进度确认", "voucher": f"{name}-{partner[-2:]} 结算单", "handler": "赵启航",
        })  # fmt: skip
        self.add("resources", "resource", "RU", {
            "partner": partner, "kind": "people", "title": f"{TITLES[partner]}投入", "unit": "人日", "starts_on": first, "ends_on": last,
            "available": Decimal(200), "used": Decimal(USES[profile.use] * 2), "handler": "赵启航",
        })  # fmt: skip
        self._judged(partner, number, profile)

    def _judged(self, partner: str, number: int, profile: Profile) -> None:
        """Two judges mark the documents of the quarter, and in the last one those of the whole year."""
        periods = [self.spans[number][0]] + ([year_name(self.spans)] if number == len(self.spans) - 1 else [])
        for period in periods:
            for judge in JUDGES:
                self.add("judgements", "judgement", "PJ", {
                    "period": period, "partner": partner, "measure": "p1-Q.4", "reviewer": judge, "mark": profile.documents,
                    "evidence": "验收资料抽查", "source": "typed",
                })  # fmt: skip

    def _deliveries(self, partner: str, first: date, profile: Profile) -> None:
        for at, bad in enumerate(DEFECTS[profile.consistency]):
            day = first + timedelta(days=25 + 40 * at)
            delivery = self.add("deliveries", "delivery", "DL", {
                "partner": partner, "title": TITLES[partner], "batch": f"{day:%m%d}", "due": day, "delivered_on": day,
                "acceptance": "accepted", "handler": "李明哲",
            })  # fmt: skip
            passed = [("batch", 1000 - bad)]
            if at == 0:
                passed += [("functional", RATES[profile.functional]), ("performance", RATES[profile.performance])]
            for kind, good in passed:
                self.add("tests", "test", "TE", {
                    "delivery": delivery, "kind": kind, "tested_on": day + timedelta(days=3), "total": Decimal(1000), "passed": Decimal(good),
                    "tester": "李明哲", "evidence": "检测报告",
                })  # fmt: skip

    def _issues(self, partner: str, start: date, profile: Profile) -> None:
        """One issue of each kind, on time or late; the day is a Wednesday, ten in the morning."""
        day = start + timedelta(days=(2 - start.weekday()) % 7)
        at = datetime.combine(day, time(10))

        def hours(count: int) -> timedelta:
            return timedelta(hours=count)

        def late(mark: int, good: timedelta, bad: timedelta) -> timedelta:
            return good if mark == 5 else bad

        self._issue(
            partner,
            "issue",
            "ordinary",
            "例行巡检发现的问题",
            at,
            late(profile.response, hours(2), hours(30)),
            hours(50),
        )
        self._issue(
            partner,
            "change",
            "ordinary",
            "变更申请",
            at + hours(1),
            hours(1),
            late(profile.changes, hours(27), hours(24 * 12)),
        )
        self._issue(
            partner,
            "contact",
            "ordinary",
            "月度对账确认",
            at + hours(2),
            late(profile.replies, hours(1), hours(30)),
            hours(28),
        )
        self._issue(
            partner,
            "issue",
            "urgent",
            "现场停工待处理",
            at + hours(3),
            timedelta(minutes=10),
            late(profile.urgent, hours(3), hours(9)),
        )

    def _issue(
        self,
        partner: str,
        kind: str,
        severity: str,
        title: str,
        at: datetime,
        response: timedelta,
        resolution: timedelta,
    ) -> None:
        issue = self.add("issues", "issue", "I", {
            "partner": partner, "kind": kind, "severity": severity, "title": f"{TITLES[partner]}：{title}", "status": "closed",
            "handler": "孙岚", "reported_at": at, "verifier": "罗倩", "cause": "已分析",
        })  # fmt: skip
        for event, after in (("response", response), ("resolve", resolution)):
            self.add(
                "issue_events",
                "event",
                "IE",
                {"issue": issue, "at": at + after, "kind": event, "who": self.names[partner][:4]},
            )

    def proposals(self) -> None:
        """What partners proposed, what was adopted, and which savings were verified."""
        for quarter, partner, title, area, saving, value, state in PROPOSALS:
            first = self.spans[quarter][1]
            adopted = state in ("adopted", "realised")
            row: Row = {
                "partner": partner, "company": self.names[partner], "title": title, "area": area, "status": state, "verification": "verified",
                "value": value, "assessed_by": "李明哲" if value else None, "adopted_on": first + timedelta(days=30) if adopted else None,
                "present": "现在的做法费时费料", "idea": f"{title}，先试一个项目再推广", "proposer": "项目经理", "email": "office88@example.com",
                "submitted_at": datetime.combine(first + timedelta(days=12), time(11)), "version": Decimal(1),
                "submission_id": f"5b0f0000-0000-4000-8000-{len(self.rows['proposals']) + 1:012d}",
            }  # fmt: skip
            if saving:
                row |= {
                    "verified_saving": Decimal(saving), "saving_verified_by": "周敏", "saving_verified_on": first + timedelta(days=80),
                    "saving_evidence": "结算对比表",
                }  # fmt: skip
            self.add("proposals", "proposal", "IP", row)


# partner, measure, three whys, action, owner; plans after the last quarter, still open
OPEN_PLANS = (
    ("P-0002", "p1-K.1", ("部件没有按期到货", "图纸冻结晚了五周", "停机窗口没有提前约定"), "图纸冻结与停机窗口写进月度计划，逐周核对", "高远"),
    ("P-0005", "p1-Q.2", ("到货时效下降", "旺季车辆临时外包", "外包车队没有时效考核"), "外包车队签时效协议，旺季前锁定运力", "郑凯"),
    ("P-0006", "p1-Q.3", ("批次报告差错率波动", "两名检测员新上岗", "带教期没有复核"), "新人带教期报告双人复核", "谢雯"),
    ("P-0006", "p1-Q.4", ("报告用词前后不一", "模板有两个版本在用", "旧模板没有收回"), "收回旧模板，报告由系统统一套版", "谢雯"),
    ("P-0007", "p1-K.2", ("驻场人员闲置", "需求排期后移", "排期变更没有通知对方"), "排期变更提前十个工作日通知，人员按周调配", "唐越"),
)  # fmt: skip


def _plans(spans: list[tuple[str, date, date]]) -> list[Row]:
    done = {
        "partner": "P-0004", "period": spans[0][0], "measure": "p1-Q.1", "why1": "纸箱开胶", "why2": "胶水与新纸不匹配",
        "why3": "换纸没有做适配试验", "why4": "变更没有通知质检", "why5": "变更流程没有质检会签", "action": "变更须质检会签；换料先做三批试验",
        "owner": "罗倩", "due": spans[1][1] + timedelta(days=20), "done_on": spans[1][1] + timedelta(days=18), "status": "effective",
        "handler": "孙岚",
    }  # fmt: skip
    still = [
        {
            "partner": partner, "period": spans[-1][0], "measure": measure, **dict(zip(("why1", "why2", "why3"), whys, strict=True)),
            "action": action, "owner": owner, "due": spans[-1][2] + timedelta(days=90), "status": "open", "handler": "孙岚",
        }
        for partner, measure, whys, action, owner in OPEN_PLANS
    ]  # fmt: skip
    return [{"plan": f"PL-{number:04d}", **row} for number, row in enumerate((done, *still), start=1)]


def _site(spans: list[tuple[str, date, date]]) -> list[Row]:
    items = (
        ("来料检验记录", "conforms"),
        ("设备点检", "conforms"),
        ("不合格品隔离", "differs"),
        ("安全通道", "conforms"),
    )
    return [
        {"site_check": f"SC-{n:04d}", "period": spans[-1][0], "partner": "P-0004", "item": item, "result": result, "evidence": "现场照片", "visited_on": spans[-1][1] + timedelta(days=44), "visitor": "李明哲"}
        for n, (item, result) in enumerate(items, start=1)
    ]  # fmt: skip


def _enabled(spans: list[tuple[str, date, date]]) -> dict[str, list[Row]]:
    after = spans[1][1]
    result = f"{spans[0][0]}/P-0004"
    return {
        "enablements": [
            {"enablement": "EN-0001", "partner": "P-0004", "kind": "training", "title": "变更管理与首件检验培训", "plan": "PL-0001", "result": result, "happened_on": after + timedelta(days=10), "people": Decimal(14), "before": "无人受训", "after": "14 人通过实操考核", "effective": "yes", "handler": "孙岚"},
            {"enablement": "EN-0002", "partner": "P-0004", "kind": "technology", "title": "来料粘接强度在线检测", "plan": "PL-0001", "result": result, "happened_on": after + timedelta(days=16), "before": "每批抽 5 件", "after": "每箱在线检测", "effective": "yes", "handler": "李明哲"},
        ],
    }  # fmt: skip


def stories(spans: list[tuple[str, date, date]]) -> Iterator[tuple[str, str]]:
    """The planted stories by name: the key of the result that tells it."""
    yield "steady", f"{year_name(spans)}/P-0001"
    yield "worse", f"{spans[-1][0]}/P-0003"
    yield "better after a plan", f"{spans[-1][0]}/P-0004"
    yield "undelivered", f"{spans[-1][0]}/P-0002"
    yield "tie at the edge", f"{spans[-1][0]}/P-0005"
    yield "no data", f"{spans[1][0]}/P-0007"
