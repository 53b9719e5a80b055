"""Owns docs/policy-map.md: each row of the policy with its tables, forms, commands, rules and tests.

`python -m tests.policy.policy_map` writes it. Tables, forms and commands are named here; rules and tests are found in the
code by the row's number, so that the map cannot promise what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAP = ROOT / "docs" / "policy-map.md"
RULE = re.compile(r'"(S\d+-[a-z-]+)"')
TEST = re.compile(r"^def (test(?:_s\d+)+_\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A row of the policy: its number, its words, and what is declared for it."""

    number: int
    words: str
    tables: str = ""  # stable names
    forms: str = ""  # addresses
    commands: str = ""


ROWS = (
    Row(1, "核心原则：透明公开，责任明确，动态调整", "settings changes indicators", commands="export state check"),
    Row(2, "行业匹配度", "indicators marks", "/i/<token>", "evaluate check"),
    Row(3, "技术实力", "indicators bands marks candidates", "/forms/candidate /i/<token>", "evaluate check"),
    Row(4, "资金实力", "indicators bands marks candidates", "/forms/candidate /i/<token>", "evaluate check"),
    Row(5, "市场影响力", "indicators marks", "/i/<token>", "evaluate check"),
    Row(6, "运营管理能力", "indicators marks candidates certificates", "/forms/candidate /i/<token>", "evaluate check"),
    Row(7, "合规性验证", "indicators candidates partners", "/forms/candidate", "evaluate check"),
    Row(8, "过往记录", "indicators candidates settings", "/i/<token>", "check"),
    Row(9, "文化契合度", "indicators marks", "/i/<token>", "evaluate check"),
    Row(10, "需求发布：需求文档", "requirements", commands="evaluate check"),
    Row(11, "内部评审", "signoffs requirements reviewers", "/i/<token>", "invite check"),
    Row(12, "发布渠道", "publications invitations", "/forms/candidate /i/<token>", "invite check"),
    Row(
        13,
        "资料审阅",
        "candidates todo changes",
        "/forms/candidate /receipts/<code>/edit",
        "deliver verify rebuild check",
    ),
    Row(14, "多维度打分", "marks results contributions declarations reviewers", "/i/<token>", "invite evaluate check"),
    Row(15, "专家评审会", "panels votes minutes", "/i/<token>", "invite evaluate minutes evidence check"),
    Row(16, "尽职调查（可选）", "diligence", commands="check"),
    Row(17, "谈判签约：条款", "contracts clauses", commands="contract check"),
    Row(18, "法律支持，签订协议", "contracts", commands="contract fingerprint check"),
    Row(19, "入伙引导", "onboarding", commands="onboard check"),
    Row(
        20,
        "例会",
        "meeting_series meetings minute_confirmations actions participants",
        "/i/<token>",
        "invite state evaluate check",
    ),
    Row(21, "即时沟通渠道", "channels", commands="message check"),
    Row(22, "高层互访（可选）", "visits actions", commands="check"),
    Row(23, "问题反馈", "issues service_levels", "/forms/issue", "evaluate check"),
    Row(24, "问题跟踪", "issues issue_events", commands="state evaluate check"),
    Row(25, "定期回顾，闭环", "issues meetings", commands="state evaluate check"),
    Row(26, "满意度问卷", "satisfaction anonymous_answers", "/forms/satisfaction /i/<token>", "deliver check"),
    Row(27, "执行调查", "campaigns survey_invitations participants", "/i/<token>", "invite state check"),
    Row(28, "分析与应用", "survey_results actions", commands="evaluate survey-letter check"),
    Row(29, "激励政策", "incentive_rules incentives frozen", commands="freeze evaluate check"),
    Row(30, "交付质量", "deliveries tests measures bands", commands="evaluate check"),
    Row(31, "响应速度", "issues issue_events service_levels working_days", commands="evaluate check"),
    Row(
        32,
        "成本控制：预算执行率",
        "budgets budget_versions budget_phases budget_totals budget_mappings budget_imports bands",
        commands="import-budget evaluate check",
    ),
    Row(33, "资源利用率", "resources bands", commands="evaluate check"),
    Row(34, "创新贡献", "proposals", "/forms/innovation", "evaluate check"),
    Row(35, "数据采集", "performance_parts", commands="evaluate"),
    Row(36, "专家评审，现场考察", "judgements site_checks periods", commands="evaluate check"),
    Row(37, "对比分析", "performance", commands="evaluate"),
    Row(38, "结果应用", "frozen appeals incentives plans", "/forms/appeal", "freeze diff evaluate check"),
    Row(39, "问题归因，改进计划", "plans performance", commands="evaluate check"),
    Row(40, "技术升级，培训赋能，机制优化", "enablements clause_changes", commands="evaluate check"),
    Row(41, "合作中断风险", "contingency risks stoppages", commands="stoppage evaluate check"),
    Row(42, "信息泄露风险，数据分级", "data_grants", commands="export check"),
    Row(43, "质量不符风险：抽检，追溯", "samplings defects deliveries tests", commands="trace evaluate check"),
    Row(44, "争议升级风险", "disputes changes", commands="state evaluate check"),
    Row(45, "应急响应", "incidents changes", "/forms/incident /receipts/<code>", "state check"),
    Row(46, "合同约束", "penalty_rules penalties issues issue_events", commands="evaluate check"),
    Row(47, "技术隔离", "technical_controls", commands="check"),
    Row(48, "备选方案", "backups stoppages", commands="backup stoppage evaluate check"),
    Row(49, "定期演练", "drills drill_steps", "/i/<token>", "drill invite state evaluate check"),
)


def rules_of(number: int) -> list[str]:
    """The findings of `check` that belong to a row, as the code names them."""
    found = set()
    for file in (ROOT / "workbook" / "rules").rglob("*.py"):
        found |= {rule for rule in RULE.findall(file.read_text(encoding="utf-8")) if rule.startswith(f"S{number}-")}
    if 2 <= number <= 9:  # one check names the row of the indicator that it is about
        found.add(f"S{number}-evidence")
    return sorted(found)


def proofs_of(number: int) -> list[str]:
    """The tests that are named after a row, with their file."""
    return [f"{name} ({file})" for name, file in _tests() if number in map(int, re.findall(r"_s(\d+)(?=_)", name))]


def _tests() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "tests" / "policy").glob("test_*.py")):
        for name in TEST.findall(file.read_text(encoding="utf-8")):
            yield name, file.name


def text() -> str:
    """The map as Markdown."""
    lines = [
        "# 制度与程序对照 / The policy, row by row",
        "",
        "Generated: `python -m tests.policy.policy_map`. A row without tests is not built yet, whatever else stands in it.",
        "",
        "| # | 制度 | 表 / tables | 表单 / forms | 命令 / commands | `check` | 测试 / tests |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        cells = [
            f"S{row.number}",
            row.words,
            _words(row.tables),
            _words(row.forms),
            " ".join(f"`{name}`" for name in row.commands.split()),
            " ".join(f"`{rule}`" for rule in rules_of(row.number)),
            "<br>".join(proofs_of(row.number)),
        ]
        lines.append("| " + " | ".join(cell or "—" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _words(names: str) -> str:
    return " ".join(f"`{name}`" for name in names.split())


if __name__ == "__main__":
    MAP.write_text(text(), encoding="utf-8")
    print(MAP)
