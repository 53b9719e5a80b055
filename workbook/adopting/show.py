"""Owns how an adoption is shown in a terminal: the mapping as a table, the counts, and the first of what did not fit."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from workbook.adopting.adopt import Adopted
from workbook.adopting.mapping import KINDS, SCORING, Block, OldColumn
from workbook.adopting.old_file import OldSheet
from workbook.adopting.outcome import tally
from workbook.adopting.tree import tree
from workbook.adopting.values import words_of
from workbook.tables import BY_NAME

WIDTH = 110
FIRST = 12  # lines of each list that are shown; the report holds them all


def as_text(adopted: Adopted) -> str:
    """Mapping, counts, misfits and what to do next."""
    sheets = {sheet.name: sheet for sheet in adopted.sheets}
    parts = [_block(block, sheets[block.sheet]) for block in adopted.mapping.blocks]
    parts.append(_counts(adopted))
    parts += [text for text in (_unfit(adopted), _doubles(adopted)) if text]
    parts += [f"! {clean(note)}" for note in adopted.outcome.notes[:FIRST]]
    parts.append(_next(adopted))
    return "\n".join(parts)


def clean(text: str) -> str:
    """Old text without what could steer a terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)


def _block(block: Block, sheet: OldSheet) -> str:
    title = f"工作表“{clean(block.sheet)}”：{KINDS[block.kind]}"
    if block.reason:
        title += f"（{clean(block.reason)}）"
    facts = [f"表头第 {'、'.join(map(str, block.header_rows))} 行"] if block.header_rows else []
    facts += [f"评审会 {clean(block.panel)}"] if block.kind in SCORING else []
    facts += [f"评审人 {clean(block.reviewer)}"] if block.reviewer else []
    facts += [f"旧表满分 {block.declared}"] if block.declared else []
    lines = [title, *([f"  {'；'.join(facts)}"] if facts else [])]
    if block.columns:
        lines.append(_grid(block, sheet))
    if block.indicators:
        missing = [clean(item.title) for item in block.indicators if not item.indicator]
        lines.append(
            f"  指标：{len(block.indicators) - len(missing)} 个对上"
            + (f"，没有对应的：{'、'.join(missing)}" if missing else "")
        )
    return "\n".join(lines)


def _grid(block: Block, sheet: OldSheet) -> str:
    grid = Grid(show_edge=False, pad_edge=False, box=None, padding=(0, 2))
    for header in ("  列", "旧表头", "第一个值", "导入到", "说明"):
        grid.add_column(Text(header), overflow="fold")
    for column in block.columns:
        cells = (f"  {column.letter}", column.header, _sample(block, column, sheet), _target(column), column.reason)
        grid.add_row(*(Text(clean(cell)) for cell in cells))
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None, legacy_windows=False).print(grid)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _sample(block: Block, column: OldColumn, sheet: OldSheet) -> str:
    for row in sheet.rows[block.header_rows[-1] if block.header_rows else 0 : block.last_row]:
        if column.index < len(row) and row[column.index] is not None:
            text = words_of(row[column.index])
            return text if len(text) <= 24 else text[:23] + "…"
    return ""


def _target(column: OldColumn) -> str:
    table, _, name = column.to.partition(".")
    if table not in BY_NAME:
        return {"remark": "备注", "ignore": "—", "unmatched": "？没有对应的指标", "indicator": "指标"}.get(
            column.to, column.to
        )
    text = f"{BY_NAME[table].label.zh}.{BY_NAME[table].columns[name].zh}"
    if column.indicator:
        text += f" {column.indicator} {tree()[column.indicator].title}"
    if column.candidate:
        text += f" 候选“{column.candidate}”" + (f" 评审人“{column.reviewer}”" if column.reviewer else "")
    return text + (f" ×{column.unit:,}" if column.unit and column.unit > 1 else "")


def _counts(adopted: Adopted) -> str:
    counts = adopted.outcome.counts
    made = "、".join(f"{BY_NAME[name].label.zh} {len(rows)}" for name, rows in adopted.outcome.rows.items() if rows)
    lines = [
        f"旧表共 {counts['rows']} 行 = 导入 {counts['imported']} + 导入并有内容记入备注 {counts['with_remarks']}"
        f" + 未导入 {counts['left_out']}",
        f"新行：{made or '无'}",
    ]
    why = "、".join(f"{clean(reason)} {n}" for reason, n in tally(adopted.outcome).most_common())
    return "\n".join([*lines, *([f"未导入：{why}"] if why else [])])


def _unfit(adopted: Adopted) -> str:
    found = adopted.outcome.unfit
    if not found:
        return ""
    lines = [f"放不进原列的值 {len(found)} 个，都在备注里："]
    lines += [
        clean(
            f"  {item.sheet} {item.column}{item.row} {item.header}: {item.value[:40]} —— {item.reason} → {item.kept_in}"
        )
        for item in found[:FIRST]
    ]
    return "\n".join([*lines, *([f"  …还有 {len(found) - FIRST} 个"] if len(found) > FIRST else [])])


def _doubles(adopted: Adopted) -> str:
    found = adopted.outcome.doubles
    if not found:
        return ""
    lines = [f"可能是同一家的 {len(found)} 组，都已导入，没有合并："]
    lines += [clean(f"  {item['column']} {item['value']}: {'、'.join(item['keys'])}") for item in found[:FIRST]]
    return "\n".join([*lines, *([f"  …还有 {len(found) - FIRST} 组"] if len(found) > FIRST else [])])


def _next(adopted: Adopted) -> str:
    if adopted.book is None:
        return (
            f"✓ 这是预览，没有建工作簿。映射写在 {adopted.mapping_file}\n"
            f"  改好后：partnerbook adopt {adopted.old} -o 簿.xlsx --mapping {adopted.mapping_file}"
        )
    return (
        f"✓ 已建 {adopted.book}\n  映射：{adopted.mapping_file}\n  每一行的去向：{adopted.report_file}\n"
        f"  旧文件没有改动。下一步：partnerbook check {adopted.book}"
    )
