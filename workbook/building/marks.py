"""Owns which declared words and dates want attention: tones of words, words that close a row, deadlines.

Words are named as the declaration says them in Chinese; a word that is as it should be has no tone and gets no chip.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from workbook.schema import Choice, Column, Date, Table
from workbook.tables import (
    Actions,
    Campaigns,
    Candidates,
    Contracts,
    DataGrants,
    Disputes,
    Drills,
    DueDiligence,
    Incidents,
    Meetings,
    Onboarding,
    Panels,
    Plans,
    Risks,
    TechnicalControls,
    Todo,
)

UNVERIFIED = "未核实"
TONES: Mapping[str, str] = {
    "未完成": "info", "已完成": "good", "不再需要": "mute",
    UNVERIFIED: "watch", "不予采用": "mute",
    "暂停": "mute", "已退出": "mute", "黑名单": "bad",
    "资料审阅": "info", "退回补正": "watch text", "评分与评审会": "info", "推荐": "good", "未入选": "mute", "已撤回": "mute",
    "已报告": "watch text", "初步评估": "info", "责任界定": "info", "措施实施": "info", "修复验证": "info", "已关闭": "mute",
    "特别重大事件": "bad", "重大事件": "bad text", "较大事件": "watch text",
    "不符": "bad", "缺少": "bad", "有重大记录": "bad text", "有轻微记录": "watch text",
    "准备中": "mute", "评分中": "info", "评分截止": "watch text", "已定稿": "good", "已卸任": "mute",
    "回避": "watch text", "手工录入": "info", "门槛": "bad text",
    "起草": "info", "内部评审": "info", "评审通过": "good", "已发布": "good", "已撤销": "mute", "已取消": "mute",
    "不同意": "bad text", "有条件同意": "watch text", "已失效": "bad text", "婉拒": "mute", "不推荐": "watch text",
    "严重": "bad", "不通过": "bad", "审查通过": "good", "需要修改": "watch text", "已签": "good", "待签署": "watch text",
    "谈判中": "info", "法务审查": "info", "协商中": "info", "已达成": "good", "已终止": "mute", "已放弃": "mute",
    "有疑问": "watch",
    "待响应": "watch text", "处理中": "info", "已解决": "good", "计时中": "info", "已暂停": "mute", "达标": "good", "超时": "bad",
    "紧急": "bad text", "拒收": "bad", "待验收": "info", "不符合": "bad text",
    "员工改过": "info", "来源已无": "bad text",
    "节约": "good", "超支": "bad", "待核实": "watch", "落后于计划": "watch", "无数据": "mute", "无法计算": "watch text",
    "闲置": "watch text", "超过可用量": "bad",
    "记录中": "info", "已截止": "watch text", "已冻结": "good", "已评": "good", "上升": "good", "下降": "watch",
    "价值评估": "info", "已采纳": "good", "已实现": "good", "未采纳": "mute", "复核中": "info", "已更正": "good",
    "待审批": "watch text", "已审批": "info", "已兑现": "good", "不予兑现": "mute",
    "措施完成": "info", "已见效": "good", "未见效": "bad",
    "待召开": "info", "已召开": "watch text", "纪要已确认": "good", "有异议": "bad text", "确认": "good", "已停止": "mute",
    "进行中": "info", "待邀请": "watch text", "未答": "info", "已答": "good", "优势": "good", "待改进": "watch", "人数不足": "mute",
    "监控中": "info", "已控制": "good", "草案": "watch text", "已批准": "good", "已停用": "mute",
    "待认定": "watch text", "已认定": "good", "合格": "good", "不合格": "bad", "对方持有": "info", "已返还": "mute", "已销毁": "mute",
    "致命缺陷": "bad", "严重缺陷": "bad text", "轻微缺陷": "watch text",
    "对接人协商": "info", "主管协商": "watch text", "法务介入": "bad text", "仲裁或诉讼": "bad", "已和解": "good",
    "待确认": "watch text", "已减免": "mute", "已扣款": "good", "待演练": "info", "演练中": "watch text",
    "已排名": "good", "否决": "bad", "暂不能评": "watch",
}  # fmt: skip
# What a formula says of a last day; a formula's words are no options, so they have a list of their own.
VALIDITY_TONES: Mapping[str, str] = {"已过期": "bad", "将到期": "watch", "已了结": "mute"}
# A row in one of these states is over; what is not over is counted as open.
OVER = frozenset(
    {
        "已完成",
        "不再需要",
        "已关闭",
        "未入选",
        "已撤回",
        "已定稿",
        "已结束",
        "已撤销",
        "已取消",
        "已签",
        "已终止",
        "已放弃",
        "已达成",
        "已确认",
        "已冻结",
        "已实现",
        "未采纳",
        "维持原结果",
        "已更正",
        "已兑现",
        "不予兑现",
        "已见效",
        "未见效",
        "纪要已确认",
        "已停止",
        "已控制",
        "已停用",
        "已返还",
        "已销毁",
        "已和解",
        "已减免",
        "已扣款",
    }
)
# These rows step back: grey, no chips. What is final is over and is still read.
CLOSING = OVER - {
    "已定稿",
    "已签",
    "已达成",
    "已确认",
    "已冻结",
    "已实现",
    "已更正",
    "已兑现",
    "已见效",
    "未见效",
    "纪要已确认",
    "已控制",
    "已和解",
    "已扣款",
} | {
    "已退出",
    "不予采用",
    "已卸任",
}
# In these rows no clock runs.
STOPPED = CLOSING | {
    "评分截止",
    "已定稿",
    "已签",
    "已达成",
    "已见效",
    "未见效",
    "措施完成",
    "已召开",
    "纪要已确认",
    "已截止",
    "已控制",
    "已和解",
}
# What the sentence under a title counts.
TOLD = (
    UNVERIFIED,
    "退回补正",
    "黑名单",
    "否决",
    "暂不能评",
    "回避",
    "手工录入",
    "超时",
    "超支",
    "来源已无",
    "待核实",
    "超过可用量",
    "未见效",
    "有异议",
    "不合格",
    "待改进",
)
# Days after which something is late; other dates are only dates. A certificate's last day speaks through its state.
DEADLINES: frozenset[Column] = frozenset(
    {
        Todo.due,
        Incidents.due,
        Candidates.licence_until,
        Panels.deadline,
        Onboarding.due,
        DueDiligence.planned_on,
        Contracts.ends_on,
        Plans.due,
        Actions.due,
        Meetings.planned_on,
        Campaigns.closes_on,
        Risks.review_on,
        TechnicalControls.due,
        DataGrants.until,
        Disputes.due,
        Drills.planned_on,
    }
)


def _choices(table: type[Table], wanted: Collection[str]) -> Iterator[tuple[Choice, str]]:
    for column in table.columns.values():
        if isinstance(column, Choice):
            yield from ((column, code) for code, label in column.options.items() if label.zh in wanted)


def closing(table: type[Table]) -> list[tuple[Choice, str]]:
    """The columns and option codes that make a row of the table step back."""
    return list(_choices(table, CLOSING))


def stopped(table: type[Table]) -> list[tuple[Choice, str]]:
    """The columns and option codes of rows in which no clock runs."""
    return list(_choices(table, STOPPED))


def over(table: type[Table]) -> list[tuple[Choice, str]]:
    """The columns and option codes that end a row's work; none in a table whose rows are no work."""
    return list(_choices(table, OVER))


def told(table: type[Table]) -> list[tuple[Choice, str]]:
    """The columns and option codes that the sentence under the title counts."""
    return [found for word in TOLD for found in _choices(table, (word,))]


def unverified(table: type[Table]) -> list[tuple[Choice, str]]:
    """The columns and option codes of submissions that nobody has checked."""
    return list(_choices(table, (UNVERIFIED,))) if table.submission() else []


def deadlines(table: type[Table]) -> list[Column]:
    """The dates of a table after which something is late."""
    return [column for column in table.columns.values() if isinstance(column, Date) and column in DEADLINES]
