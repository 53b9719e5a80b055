"""Owns the parts of the finance guide that are derived: the table of columns and the lines that connect a program."""

from __future__ import annotations

import re

from workbook.reports.connecting import ways
from workbook.reports.finance_columns import finance_columns
from workbook.schema import Label

KINDS = {
    "text": Label("文字", "text"), "money": Label("金额，元", "amount, yuan"), "number": Label("数字", "number"), "date": Label("日期", "date"),
    "choice": Label("选项", "choice"),
}  # fmt: skip


def column_table() -> str:
    """Every column that finance pulls, as a table in both languages."""
    rows = ["| 名称 Name | 表头 Header | 类型 Kind | 含义 | Meaning |", "| --- | --- | --- | --- | --- |"]
    for one in finance_columns():
        kind = KINDS[one.kind]
        rows.append(
            f"| `{one.name}` | {one.label.zh} / {one.label.en} | {kind.zh} / {kind.en} | {one.meaning.zh} | {one.meaning.en} |"
        )
    return "\n".join(rows)


def ways_text(lang: str) -> str:
    """How to connect each program, three lines each."""
    parts = []
    for way in ways("", lang):
        if way.code:
            parts.append("\n".join([f"**{way.program}**", "", "```python", way.lines[0], "", *way.lines[1:], "```"]))
        else:
            parts.append(
                "\n".join([f"**{way.program}**", "", *(f"{n}. {line}" for n, line in enumerate(way.lines, 1))])
            )
    return "\n\n".join(parts)


def derived(guide: str) -> str:
    """The guide with its derived parts as they are now, between their markers."""
    for name, text in (("columns", column_table()), ("ways", ways_text("zh-CN")), ("ways-en", ways_text("en"))):
        begin, end = f"<!-- {name} begin -->", f"<!-- {name} end -->"
        guide = re.sub(f"{begin}.*?{end}", lambda _, new=f"{begin}\n\n{text}\n\n{end}": new, guide, flags=re.DOTALL)  # type: ignore[misc]
    return guide
