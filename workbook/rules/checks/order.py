"""Owns the checks of the book's own order: keys, references, and cells that their column does not take (S1)."""

from __future__ import annotations

from collections.abc import Iterator

from workbook.records import Record
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.schema import COMPUTED, Key, Ref
from workbook.tables import BY_NAME, TABLES, Changes, Declarations
from workbook.tables.settings import NOT_APPLIED


def copied_rows(situation: Situation) -> Iterator[Finding]:
    """A key that stands twice: a copied row. Both stay out of evaluation until one of them gets a key of its own."""
    for table in TABLES:
        by_key: dict[str, list[Record]] = {}
        for record in situation.of(table):
            if record.key:
                by_key.setdefault(record.key, []).append(record)
        for key, records in by_key.items():
            if len(records) > 1:
                rows = "、".join(str(record.number) for record in records)
                name = table.key().zh
                both = "其中的回避仍然有效" if table is Declarations else "两行都不参与评估"
                yield at(
                    records[1], "S1-copied-row",
                    f"{name} {key} 出现在第 {rows} 行，{both}。请保留一行，其余的清空{name}（系统会给新编号）或删除。",
                    table.key().name,
                )  # fmt: skip


def unreadable_cells(situation: Situation) -> Iterator[Finding]:
    """A cell whose value its column does not take counts as empty; it has to be told."""
    for table in TABLES:
        for record in situation.of(table):
            for column, why in record.problems.items():
                yield at(record, "S1-value", f"{why}。改正之前按空白处理。", column)


def loose_references(situation: Situation) -> Iterator[Finding]:
    """A reference to a row that is not there."""
    for table in TABLES:
        for column in table.columns.values():
            if not isinstance(column, Ref) or column.owner is COMPUTED or column.to not in BY_NAME:
                continue
            target = BY_NAME[column.to]
            known = {record.key for record in situation.of(target)}
            for record in situation.of(table):
                key = record.text(column.name)
                if key and key not in known:
                    yield at(
                        record, "S1-reference", f"“{target.label.zh}”里没有 {key}。请改成那里有的编号。", column.name
                    )


def rows_without_key(situation: Situation) -> Iterator[Finding]:
    """A row of a table whose keys people write themselves, without one."""
    for table in TABLES:
        key: Key = table.key()
        if key.prefix:
            continue  # gets a number at the next evaluation
        for record in situation.of(table):
            if not record.key:
                yield at(record, "S1-key", f"这一行没有{key.zh}，不起作用。请填写。", key.name)


def kept_cells(situation: Situation) -> Iterator[Finding]:
    """A partner's correction that staff's own text kept out, until staff note how it was settled."""
    for record in situation.of(Changes):
        if NOT_APPLIED in record.text("what") and not record["remark"]:
            yield at(
                record,
                "S1-correction",
                f"{record.text('row_key')} 的“{record.text('column')}”：员工写的是“{record.text('before')}”，"
                f"伙伴更正为“{record.text('after')}”。请与伙伴核对，改好后在这一行的备注里写明结果。",
                "remark",
            )


CHECKS: tuple[Check, ...] = (kept_cells, copied_rows, unreadable_cells, loose_references, rows_without_key)
