"""Owns what somebody has to do and until when: a task for each finding and for each deadline that comes near (S2 to S19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from workbook.records import Record
from workbook.rules.checks.sourcing import OVER
from workbook.rules.finding import Finding, Situation
from workbook.rules.office_hours import calendar_or_default, working_day_after
from workbook.schema import Table
from workbook.tables import (
    BY_NAME,
    TABLES,
    Actions,
    Candidates,
    Certificates,
    Contracts,
    Disputes,
    Drills,
    DueDiligence,
    Meetings,
    Onboarding,
    Panels,
    Plans,
    Publications,
    SettingRow,
    Todo,
    WorkingDays,
)
from workbook.tables.certificates import AHEAD

MATTER = 110  # characters; the sentence of a finding is cut to about two lines


class Act(NamedTuple):
    """How a rule asks to act: within how many working days, in which words, and by which column of the row if it has its own day."""

    days: int
    words: str
    own: str = ""


# The rule, its short name, or the policy row that it belongs to → how it asks to act. The one place for these days.
ACTS: Mapping[str, Act] = {
    "S1": Act(5, "每条记录有编号、有出处"),
    "evidence": Act(3, "打分要有依据"),
    "S2": Act(3, "打分要有依据"),
    "S3": Act(5, "技术数据齐全，档位不留空档"),
    "S4": Act(5, "资金数据有年度、有授权"),
    "S5": Act(3, "打分要有依据"),
    "S6": Act(10, "证书在有效期内"),
    "S6-number": Act(10, "证书有编号可查"),
    "S7": Act(3, "合规门槛逐项核对"),
    "S8": Act(5, "过往记录按期查询"),
    "S9": Act(3, "打分要有依据"),
    "S10": Act(5, "需求文档八个部分齐全"),
    "S11": Act(5, "各部门评审同一版需求"),
    "S12": Act(3, "需求批准后按期发布"),
    "S13": Act(5, "候选资料齐全"),
    "S14": Act(3, "评分齐全，规则前后一致"),
    "S14-missing": Act(3, "评分期限", "deadline"),
    "S15": Act(3, "评审会角色齐全，推荐有理由"),
    "S16": Act(5, "尽职调查有结论再签署"),
    "S16-failed": Act(1, "尽职调查不通过不能签署"),
    "S17": Act(3, "十条条款达成才能签署"),
    "S17-bottom-line": Act(2, "谈判前写好底线"),
    "S18": Act(2, "法务审查、授权签署、同一份文本"),
    "S18-hash": Act(1, "双方确认同一份文本"),
    "S18-partner": Act(5, "签约后登记伙伴"),
    "S19": Act(5, "入伙引导十项有始有终"),
    "S19-late": Act(0, "入伙引导的到期日", "due"),
    "S20": Act(3, "例会有人负责，纪要三部分齐全并确认"),
    "S20-past": Act(1, "开过或取消的例会写明状态"),
    "S20-objection": Act(2, "纪要的异议要商定"),
    "S21": Act(5, "渠道有平台、有群主、有地址"),
    "S21-urgent": Act(3, "关键伙伴有紧急联络渠道"),
    "S21-secret": Act(0, "机器人的密钥不写在表里"),
    "S22": Act(5, "互访有议题、有成果"),
    "S23": Act(1, "问题分一般和紧急"),
    "S24": Act(2, "问题的状态与事件一致"),
    "S25": Act(3, "行动项有负责人、有期限"),
    "S25-closed": Act(2, "验证之后才关闭，写明原因"),
    "S25-verifier": Act(2, "验证的人不是处理的人"),
    "S25-late": Act(0, "行动项的到期日", "due"),
    "S26": Act(3, "匿名就是匿名，答卷不由人改"),
    "S27": Act(5, "一年至少调查一次，双方的人都问到"),
    "S27-late": Act(1, "到期的调查及时截止"),
    "S27-unanswered": Act(0, "调查的截止日期", "closes_on"),
    "S27-way": Act(1, "发出邀请以后方式不能改"),
    "S28": Act(10, "调查的弱项有行动，结果告诉伙伴"),
    "S29": Act(5, "激励按规则生成，先审批后兑现"),
    "S29-corrected": Act(2, "更正过的结果不再有这项激励"),
    "S29-due": Act(2, "激励在期限内审批"),
    "S30": Act(5, "检测记录齐全才计入交付质量"),
    "S31": Act(3, "问题记录有头有尾，时限可算"),
    "S31-hours": Act(1, "上班时段和工作日历可用"),
    "S31-provisional": Act(20, "工作日历有当年的放假和调休"),
    "S32": Act(5, "预算、实际和进度齐全"),
    "S32-version": Act(5, "约定预算与最新版本一致，变更有依据"),
    "S32-phase": Act(5, "预算分期合计等于预算"),
    "S32-currency": Act(3, "外币写明汇率和日期，折算相符"),
    "S32-tax": Act(5, "同一合同的预算同为含税或不含税"),
    "S32-source": Act(3, "与财务的表一致"),
    "S33": Act(5, "可用量和利用量齐全"),
    "S34-saving": Act(5, "节约有人核实、有依据"),
    "S35": Act(3, "绩效结果与记录一致"),
    "S36": Act(3, "评议有依据、人数够"),
    "S37": Act(5, "考核周期不重叠，规则可用"),
    "S34": Act(5, "采纳的提案有价值评估"),
    "S34-waiting": Act(3, "提案在期限内评估"),
    "S39": Act(5, "改进计划写明原因、措施、责任人和期限"),
    "S39-plan": Act(5, "等级为 D 或下降要有改进计划"),
    "S39-late": Act(0, "改进措施的完成期限", "due"),
    "S39-effect": Act(3, "改进要复测，以复测定见效"),
    "S40": Act(5, "升级、赋能和条款变更有出处、有前后"),
    "S41": Act(10, "关键伙伴有批准的应急预案"),
    "S41-residual": Act(5, "风险评级前后一致"),
    "S41-must": Act(3, "必须处置的风险有措施、负责人和复核日期"),
    "S41-review": Act(5, "预案按期复核"),
    "S41-risk-review": Act(0, "风险下次复核的日期", "review_on"),
    "S41-register": Act(10, "关键伙伴四类风险都登记"),
    "S42": Act(3, "数据授权有级别、有合同、有批准人"),
    "S42-until": Act(0, "数据授权的截止日", "until"),
    "S42-gone": Act(1, "不再合作的伙伴返还数据"),
    "S43": Act(3, "抽检按样本号进行，缺陷可以追溯"),
    "S43-rejected": Act(1, "拒收的批次不验收"),
    "S47": Act(5, "技术隔离逐项检查"),
    "S47-overdue": Act(3, "技术隔离按期再检查"),
    "S47-differs": Act(2, "不符合的控制项有整改"),
    "S44": Act(2, "争议有人负责、有处理结果"),
    "S44-overdue": Act(1, "争议逾期逐级上升"),
    "S45": Act(2, "事件每一步留下依据"),
    "S45-closed": Act(1, "验证之后才关闭事件"),
    "S46": Act(5, "违约责任按标准算得出来"),
    "S46-settled": Act(2, "已扣的违约金与记录一致"),
    "S48": Act(10, "关键伙伴有合格的备选"),
    "S48-accepted": Act(3, "已认定的备选仍然合格"),
    "S49": Act(10, "预案每年演练，演练有发现"),
    "S49-findings": Act(3, "演练之后写明时间和发现"),
}
OTHER = Act(7, "制度要求")


class Deadline(NamedTuple):
    """A date column whose day is told ahead; `passed` if it is told after its day too."""

    rule: str
    table: type[Table]
    column: str
    ahead: int
    passed: bool
    matter: str
    words: str
    wanted: Callable[[Record], bool]


DEADLINES: tuple[Deadline, ...] = (
    Deadline(
        "S7-ends", Candidates, "licence_until", 30, False, "营业执照将于 {day} 到期，请候选换发后补交", "营业执照的截止日",
        lambda row: row["status"] not in OVER and row["licence_term"] == "dated",
    ),
    Deadline(
        "S6-ends", Certificates, "until", AHEAD, False, "证书将于 {day} 到期，请对方换发后补交", "证书有效期的最后一天",
        lambda row: not row["ended"] and row["verification"] != "rejected",
    ),
    Deadline(
        "S12-closes", Publications, "closes_at", 3, False, "需求的发布将于 {day} 截止，请看应征是否足够", "发布的截止时间",
        lambda row: row["status"] == "published",
    ),
    Deadline(
        "S14-deadline", Panels, "deadline", 7, True, "评分期限是 {day}，请催齐评分", "评分期限",
        lambda row: row["status"] == "scoring",
    ),
    Deadline(
        "S16-planned", DueDiligence, "planned_on", 7, True, "尽职调查计划于 {day} 进行，请完成后写结论", "尽职调查的计划日期",
        lambda row: row["result"] not in ("passed", "failed"),
    ),
    Deadline(
        "S18-ends", Contracts, "ends_on", 60, True, "合同将于 {day} 到期，请商定续约或终止", "合同的到期日期",
        lambda row: row["status"] == "signed",
    ),
    Deadline(
        "S19-late", Onboarding, "due", 7, False, "引导事项应于 {day} 完成", "入伙引导的到期日",
        lambda row: (row["status"] or "open") == "open",
    ),
    Deadline(
        "S20-past", Meetings, "planned_on", 3, False, "例会将于 {day} 召开，请通知与会人，议程见“例会记录”", "例会的计划日期",
        lambda row: (row["status"] or "planned") == "planned",
    ),
    Deadline(
        "S25-late", Actions, "due", 3, False, "行动项应于 {day} 完成", "行动项的到期日",
        lambda row: (row["status"] or "open") == "open",
    ),
    Deadline(
        "S44-due", Disputes, "due", 3, False, "争议这一级的期限是 {day}，到期没有了结会上升一级", "争议各级期限",
        lambda row: row["status"] not in ("settled", "withdrawn"),
    ),
    Deadline(
        "S49-planned", Drills, "planned_on", 14, True, "演练计划于 {day} 进行，请备好脚本和参加的人", "演练的计划日期",
        lambda row: (row["status"] or "planned") == "planned",
    ),
    Deadline(
        "S39-late", Plans, "due", 7, False, "改进措施应于 {day} 完成", "改进措施的完成期限",
        lambda row: (row["status"] or "open") == "open" and not row["done_on"],
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One thing to do: `cause` tells it from all others, `due` is the row's own day, else it is `days` working days from today."""

    cause: str
    due: date | None
    days: int
    matter: str
    subject: str
    table: type[Table]
    words: str
    handler: str


VERIFY_WORDS = "公开表单谁都能填，核实之前不算数"


def verify_cause(key: str) -> str:
    """The cause of the to-do to verify a row that came by an open form."""
    return _cause("S13-verify", key)


def verify_matter(table: type[Table], drill: bool = False) -> str:
    """What that to-do says; nobody shall take a drill for the real thing."""
    return f"{'【演练】' if drill else ''}核实新的{table.label.zh}"


def verify_days(settings: Mapping[str, str]) -> int:
    """Within how many working days a submission is to be verified; a setting that is no number counts as the default."""
    text = (settings.get(SettingRow.VERIFY_DAYS) or "").strip()
    return int(text) if text.isdecimal() and len(text) < 4 else 5


def tasks(situation: Situation, findings: Sequence[Finding]) -> list[Task]:
    """At most one task per rule and row, findings first, in the order of the policy; the to-dos themselves give none."""
    found = {task.cause: task for task in (*_upcoming(situation), *_unverified(situation))}
    rows = {(record.sheet, record.number): record for table in TABLES for record in situation.of(table)}
    sheets = {label: table for table in TABLES for label in table.label}
    sheets |= {record.sheet: record.table for record in rows.values()}
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if sheets.get(finding.sheet) not in (None, Todo):
            groups.setdefault((finding.rule, finding.key or sheets[finding.sheet].name), []).append(finding)
    told = [_task(situation, group, sheets[group[0].sheet], rows) for group in groups.values()]
    found |= {task.cause: task for task in told}
    return list(found.values())


def _task(
    situation: Situation, group: Sequence[Finding], table: type[Table], rows: Mapping[tuple[str, int], Record]
) -> Task:
    first = group[0]
    clause, _, short = first.rule.partition("-")
    act = ACTS.get(first.rule) or ACTS.get(short) or ACTS.get(clause) or OTHER
    row = rows.get((first.sheet, first.row or 0))
    matter = _shortened(first.message)
    if len(group) > 1:
        matter += f"（同类共 {len(group)} 处）"
    day = _day(row, act.own) if row else None
    return Task(
        _cause(first.rule, first.key or table.name), day, act.days, matter, first.key or table.label.zh, table, act.words,
        _handler(situation, row),
    )  # fmt: skip


def _cause(rule: str, key: str) -> str:
    return f"{rule} {key}"[:120]


def _upcoming(situation: Situation) -> Iterator[Task]:
    for one in DEADLINES:
        for row in situation.of(one.table):
            day = _day(row, one.column)
            if day is None or not row.key or not one.wanted(row):
                continue
            left = (day - situation.today).days
            if left <= one.ahead and (left >= 0 or one.passed):
                matter = one.matter.format(day=day)
                yield Task(
                    _cause(one.rule, row.key), day, 0, matter, row.key, one.table, one.words, _handler(situation, row)
                )


def _unverified(situation: Situation) -> Iterator[Task]:
    """Who sent it? A row of an open form that nobody has verified, due some working days after it came."""
    settings = situation.selection.settings
    hours = calendar_or_default(settings, situation.of(WorkingDays))
    for table in TABLES:
        if "verification" not in table.columns:
            continue
        for row in situation.of(table):
            came = _day(row, "submitted_at")
            if row["verification"] == "unverified" and row.key and came and row["status"] not in OVER:
                due = working_day_after(came, verify_days(settings), hours)
                yield Task(
                    verify_cause(row.key),
                    due,
                    0,
                    verify_matter(table, drill="drill" in table.columns and bool(row["drill"])),
                    row.key,
                    table,
                    VERIFY_WORDS,
                    _handler(situation, row),
                )


def _day(row: Record, name: str) -> date | None:
    value = row[name] if name else None
    return value.date() if isinstance(value, datetime) else value


def _shortened(message: str) -> str:
    """The first sentence of a finding, without the advice after it."""
    text = message.split("。")[0].strip()
    return text if len(text) <= MATTER else text[: MATTER - 1] + "…"


def _handler(situation: Situation, row: Record | None) -> str:
    """Who answers for a row, else for what it belongs to."""
    if row is None:
        return ""
    for name in ("handler", "manager"):
        if row[name]:
            return row.text(name)
    for name in ("contract", "panel", "requirement", "candidate", "partner"):
        target = BY_NAME.get(f"{name}s")
        if target and name in row.table.columns and row[name] and target is not row.table:
            above = next((other for other in situation.of(target) if other.key == row[name]), None)
            if above and (who := above.text("handler") or above.text("manager")):
                return who
    return ""
