"""Owns the mapping of an old file to our tables: its plain values, and the JSON file that people edit and give back.

The file holds one entry for each block of rows under a header. What an entry leaves out is guessed again, so that
`{"sheets": [{"sheet": "名录", "kind": "candidates"}]}` is a whole mapping; a sheet that it does not name is not adopted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workbook.adopting.old_file import letters
from workbook.adopting.tree import tree
from workbook.adopting.words import columns_of, plain
from workbook.errors import PartnerBookError
from workbook.ooxml.refs import column_number
from workbook.tables import BY_NAME

FORMAT = "partnerbook-mapping/1"
KINDS = {
    "partners": "伙伴名录 → 伙伴",
    "candidates": "候选名单 → 候选提交",
    "scores": "评分表（每行一家候选）→ 候选提交、评审会、评审人、评分",
    "matrix": "评分表（每行一个指标）→ 候选提交、评审会、评审人、评分",
    "ignore": "不导入",
}
MARK_TARGETS = ("marks.mark", "marks.evidence", "marks.comment")
SCORING = ("scores", "matrix")
DECLARED = "declared"


class MappingRefused(PartnerBookError):
    """A mapping cannot be used: unreadable, or an entry that means nothing; the sentence names sheet and column."""


@dataclass(frozen=True)
class OldColumn:
    """One old column and where it goes: `table.column`, or remark, ignore, unmatched, indicator.

    `unit` is the worth in yuan of amounts; `indicator`, `candidate` and `reviewer` say what a mark belongs to;
    `scale` are the full marks that people declared for conversion, `declared` those that the header declares.
    """

    index: int
    header: str
    to: str
    sure: float = 0.0
    reason: str = ""
    unit: int | None = None
    indicator: str = ""
    scale: int | None = None
    declared: int | None = None
    candidate: str = ""
    reviewer: str = ""

    @property
    def letter(self) -> str:
        """The column's letters on the old sheet."""
        return letters(self.index)


@dataclass(frozen=True)
class OldIndicator:
    """One row of a matrix: its row (from 1), the title there, and our indicator's key or "" for none.

    `scale` and `declared` are full marks as those of a column: many sheets give each indicator its own.
    """

    row: int
    title: str
    indicator: str
    scale: int | None = None
    declared: int | None = None


@dataclass(frozen=True)
class Block:
    """The rows under one header of a sheet and what they are. Rows count from 1; `header_rows` is empty for none."""

    sheet: str
    kind: str
    reason: str = ""
    header_rows: tuple[int, ...] = ()
    last_row: int = 0
    columns: tuple[OldColumn, ...] = ()
    indicators: tuple[OldIndicator, ...] = ()
    panel: str = ""
    reviewer: str = ""
    scale: int | str | None = None
    declared: int | None = None
    hidden: bool = False

    @property
    def top(self) -> int:
        """Its first row: the header's, or the sheet's where there is none."""
        return self.header_rows[0] if self.header_rows else 1

    @property
    def head_ends(self) -> int:
        """The last row of the header, 0 for none."""
        return self.header_rows[-1] if self.header_rows else 0

    def columns_to(self, target: str) -> list[OldColumn]:
        """The columns that go to a target."""
        return [column for column in self.columns if column.to == target]

    def full_marks(self, column: OldColumn, item: OldIndicator | None = None) -> tuple[int | None, int | None]:
        """For marks of a column, in a matrix of a row: the scale that people declared for conversion, and the one that
        the sheet declares."""
        declared = (item and item.declared) or column.declared or self.declared
        wanted = (item and item.scale) or column.scale or (declared if self.scale == DECLARED else self.scale)
        return (wanted if isinstance(wanted, int) else None), declared


@dataclass(frozen=True)
class OldMapping:
    """The whole mapping of one old file."""

    old: str
    blocks: tuple[Block, ...] = field(default=())


# --- out -------------------------------------------------------------------------------------------------------------


def as_json(mapping: OldMapping) -> str:
    """The file's text: indented, in the order in which people read it, with what may be written explained."""
    data = {
        "format": FORMAT,
        "old": mapping.old,
        "help": {
            "kind": KINDS,
            "to": "表.列（如 partners.legal_name）、remark（记入备注）、ignore（不导入）；评分表还有 marks.mark、marks.evidence、marks.comment"
            "（配 indicator）和 unmatched（没有对应的指标，记入备注）",
            "unit": "金额一格的 1 等于多少元：1 或 10000",
            "scale": "旧表的满分；写上 100 就按 分数 ÷ 100 × 5 四舍五入换算并在备注里写明；写 declared 表示按各列表头、各行写的满分",
        },
        "sheets": [_block_json(block) for block in mapping.blocks],
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _block_json(block: Block) -> dict[str, Any]:
    data: dict[str, Any] = {"sheet": block.sheet, "kind": block.kind}
    if block.reason:
        data["reason"] = block.reason
    if block.hidden:
        data["hidden"] = True
    data |= {"header_rows": list(block.header_rows), "last_row": block.last_row}
    if block.kind in SCORING:
        data |= {
            "panel": block.panel,
            "reviewer": block.reviewer,
            "scale": block.scale,
            "declared_scale": block.declared,
        }
    data["columns"] = [_column_json(column, block.kind in SCORING) for column in block.columns]
    if block.kind == "matrix":
        data["indicators"] = [_indicator_json(row) for row in block.indicators]
    return data


def _indicator_json(row: OldIndicator) -> dict[str, Any]:
    data: dict[str, Any] = {"row": row.row, "title": row.title, "indicator": row.indicator}
    if row.declared is not None or row.scale is not None:
        data |= {"scale": row.scale, "declared_scale": row.declared}
    return data


def _column_json(column: OldColumn, scoring: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"column": column.letter, "header": column.header, "to": column.to}
    table, _, name = column.to.partition(".")
    if column.unit is not None or (table in BY_NAME and hasattr(BY_NAME[table].columns.get(name), "entered_in")):
        data["unit"] = column.unit
    for key, value in (("indicator", column.indicator), ("candidate", column.candidate), ("reviewer", column.reviewer)):
        if value:
            data[key] = value
    if scoring and column.declared is not None:
        data |= {"scale": column.scale, "declared_scale": column.declared}
    if column.sure:
        data["sure"] = column.sure
    if column.reason:
        data["reason"] = column.reason
    return data


# --- in --------------------------------------------------------------------------------------------------------------


def read_mapping(path: Path) -> list[dict[str, Any]]:
    """The entries of a mapping file, each checked for its form.

    Raises:
        MappingRefused: no such file, no JSON, or an entry of the wrong form.
    """
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise MappingRefused(f"读不了映射文件 {path}（{error.strerror}）。") from error
    except (ValueError, RecursionError) as error:
        raise MappingRefused(f"映射文件 {path} 不是 JSON：{error}。请改正这一处，或用 --preview 重新生成。") from error
    entries = data.get("sheets") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries:
        raise MappingRefused(f'映射文件 {path} 应写成 {{"sheets": [{{"sheet": "工作表名", "kind": "partners"}}]}}。')
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("sheet"), str):
            raise MappingRefused(f"映射文件 {path} 的第 {number} 项没有写 sheet（工作表名）。")
    return entries


def with_entry(guess: Block, entry: Mapping[str, Any]) -> Block:
    """A guessed block with what people wrote in its place.

    Raises:
        MappingRefused: a kind, target, indicator, column or number that means nothing, or another header or title than
            the sheet holds at that place; with sheet and column.
    """
    where = f"映射里工作表“{guess.sheet}”"
    given: dict[str, Any] = {}
    typed: tuple[tuple[str, type], ...] = (("panel", str), ("reviewer", str), ("last_row", int))
    for name, wanted in typed:
        if (value := entry.get(name)) is not None:
            given[name] = _typed(value, wanted, f"{where}的 {name}")
    if "scale" in entry:
        given["scale"] = _scale(entry["scale"], where, word=True)
    kind = guess.kind
    if isinstance(entry.get("columns"), list):
        known = {column.letter: column for column in guess.columns}
        given["columns"] = _with_rest([_column(item, known, kind, where) for item in entry["columns"]], guess.columns)
    if isinstance(entry.get("indicators"), list):
        rows = {row.row: row for row in guess.indicators}
        given["indicators"] = tuple(_indicator(item, rows, where) for item in entry["indicators"])
    block = Block(**{**vars(guess), **given})
    if kind == "matrix" and (nobody := next((c for c in block.columns_to("marks.mark") if c.reviewer and not c.candidate), None)):  # fmt: skip
        raise MappingRefused(
            f"{where}的 {nobody.letter} 列“{nobody.header}”是评审人的分，还须写 candidate（企业名称）。"
        )
    return block


def kind_of(entry: Mapping[str, Any]) -> str | None:
    """The kind that an entry names, None if it names none; raises `MappingRefused` for an unknown one."""
    kind = entry.get("kind")
    if kind is not None and kind not in KINDS:
        raise MappingRefused(f"映射里工作表“{entry['sheet']}”的 kind“{kind}”不认识，可写：{'、'.join(KINDS)}。")
    return kind


def header_rows_of(entry: Mapping[str, Any]) -> tuple[int, ...]:
    """The header rows that an entry names, from 1; () for none; raises `MappingRefused` for anything else."""
    rows = entry.get("header_rows") or []
    if not isinstance(rows, list) or not all(isinstance(row, int) and row > 0 for row in rows):
        raise MappingRefused(f"映射里工作表“{entry['sheet']}”的 header_rows 应是行号，例如 [3] 或 [3, 4]。")
    return tuple(sorted(rows))


def _typed(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise MappingRefused(f"{where}应是{'整数' if kind is int else '文字'}，现在是 {value!r}。")
    return value


def _scale(value: Any, where: str, *, word: bool = False) -> int | str | None:
    if value is None or (word and value == DECLARED):
        return DECLARED if value else None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 < value <= 1000:
        raise MappingRefused(f"{where}的 scale 应是旧表的满分，例如 100，现在是 {value!r}。")
    return value


def _with_rest(named: Sequence[OldColumn], guesses: Sequence[OldColumn]) -> tuple[OldColumn, ...]:
    """The columns that people wrote and, so that no value disappears, those that they did not write as guessed."""
    written = {column.index for column in named}
    taken = {(column.to, column.indicator) for column in named}
    rest = [
        replace(column, to="remark", indicator="", unit=None, reason="映射里没有写这一列，记入备注")
        if (column.to, column.indicator) in taken and "." in column.to and not column.candidate
        else column
        for column in guesses
        if column.index not in written
    ]
    return tuple(sorted([*named, *rest], key=lambda column: column.index))


def _column(item: Any, known: Mapping[str, OldColumn], kind: str, where: str) -> OldColumn:
    """One column as people wrote it, over what was guessed for it."""
    letter = str(item.get("column", "")).upper() if isinstance(item, dict) else ""
    if not (letter.isascii() and letter.isalpha() and len(letter) <= 3):
        raise MappingRefused(f"{where}的 columns 里有一项没有写 column（列字母，如 C）。")
    guess = known.get(letter) or OldColumn(
        column_number(letter) - 1, str(item.get("header") or f"{letter} 列"), "remark"
    )
    at = f"{where}的 {letter} 列“{guess.header}”"
    if letter in known and item.get("header") and plain(str(item["header"])) != plain(guess.header):
        raise MappingRefused(
            f"{at}在映射里写的表头是“{item['header']}”，不能确定是同一列。请把映射里的 column 或 header 改成和表里一致，"
            "或用 --preview 重新生成映射。"
        )
    to = _target(item.get("to", guess.to), kind, at)
    unit = item.get("unit", guess.unit)
    if unit is not None and (not isinstance(unit, int) or isinstance(unit, bool) or unit < 1):
        raise MappingRefused(f"{at}的 unit 应是 1 或 10000 这样的数字，现在是 {unit!r}。")
    indicator = str(item.get("indicator", guess.indicator) or "")
    if indicator and indicator not in tree():
        raise MappingRefused(f"{at}的 indicator“{indicator}”不在“评价指标”里，例如 v1-S3.2。")
    if to in MARK_TARGETS and kind == "scores" and not indicator:
        raise MappingRefused(f"{at}要当作评分，还须写 indicator，例如 v1-S3.2。")
    scale = _scale(item["scale"], at) if "scale" in item else guess.scale
    changed = to != guess.to
    return OldColumn(
        guess.index, guess.header, to, guess.sure, "" if changed else guess.reason, unit, indicator,
        scale if isinstance(scale, int) else None, guess.declared,
        str(item.get("candidate", guess.candidate) or ""), str(item.get("reviewer", guess.reviewer) or ""),
    )  # fmt: skip


def _target(to: Any, kind: str, at: str) -> str:
    table, _, name = str(to).partition(".")
    allowed = {"partners": ("partners",), "candidates": ("candidates",), "ignore": tuple(BY_NAME)}.get(
        kind, ("candidates",)
    )
    if to in ("remark", "ignore") or (to == "indicator" and kind in ("matrix", "ignore")):
        return str(to)
    if kind == "matrix" and to not in MARK_TARGETS:  # its rows are no companies: anything else has no place to go
        raise MappingRefused(
            f"{at}的 to“{to}”不能用。每行一个指标的评分表可写 indicator、remark、ignore、{'、'.join(MARK_TARGETS)}。"
        )
    if to == "unmatched":
        return str(to)
    if kind in (*SCORING, "ignore") and to in (*MARK_TARGETS, "reviewers.person", "reviewers.role"):
        return str(to)
    if table in allowed and name in columns_of(BY_NAME[table]):
        return str(to)
    known = "、".join(f"{table}.{column}" for table in allowed if table in ("partners", "candidates") for column in columns_of(BY_NAME[table]))  # fmt: skip
    raise MappingRefused(f"{at}的 to“{to}”不能用。可写 remark、ignore，或：{known}。")


def _indicator(item: Any, known: Mapping[int, OldIndicator], where: str) -> OldIndicator:
    """One row of a matrix as people wrote it; its title must be the one that stands there."""
    if not isinstance(item, dict) or not isinstance(item.get("row"), int):
        raise MappingRefused(f"{where}的 indicators 里有一项没有写 row（行号）。")
    indicator = str(item.get("indicator") or "")
    if indicator and indicator not in tree():
        raise MappingRefused(f"{where}第 {item['row']} 行的 indicator“{indicator}”不在“评价指标”里，例如 v1-S3.2。")
    at = f"{where}第 {item['row']} 行"
    guess = known.get(item["row"]) or OldIndicator(item["row"], "", "")
    title = str(item.get("title") or guess.title)
    if known and plain(title) != plain(guess.title):
        raise MappingRefused(
            f"{at}的指标在映射里是“{title}”，在表里是“{guess.title}”，不能确定是同一个指标。请把映射里的 row 或 title 改成"
            "和表里一致，或用 --preview 重新生成映射。"
        )
    scale = _scale(item["scale"], at) if "scale" in item else guess.scale
    return OldIndicator(item["row"], title, indicator, scale if isinstance(scale, int) else None, guess.declared)
