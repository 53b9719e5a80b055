"""Promise: every old row is accounted for exactly once, in whatever sheet, and a saved mapping does the same again."""

from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from workbook.adopting.guess import given_mapping, guess_mapping
from workbook.adopting.importing import import_all
from workbook.adopting.mapping import as_json
from workbook.adopting.old_file import read_old

NOW = datetime(2026, 1, 1)
TITLES = (
    "供应商名称",
    "联系人",
    "电话",
    "供应商",
    "业务领域",
    "技术水平",
    "项目管理",
    "总分",
    "评委",
    "评价指标",
    "权重",
    "满分",
    "备注",
    "信用代码",
    "依据",
)
CELLS = (
    *TITLES,
    "甲公司",
    "乙公司",
    "合计",
    1,
    2.5,
    "4分",
    "9",
    None,
    None,
    None,
    "张伟",
    "评委1",
    "核心技术",
    "注：某",
    "得分",
)
NAMES = ("名录", "评分表-张伟", "汇总", "甲公司", "Sheet")


def jumbled(path: Path, seed: int) -> bytes:
    """A file in which headers, marks, totals, notes and merged cells stand in no order."""
    dice = random.Random(seed)
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number in range(dice.randint(1, 3)):
        sheet = book.create_sheet(f"{dice.choice(NAMES)}{number}")
        header = dice.sample(TITLES, dice.randint(1, 7))
        for _ in range(dice.randint(1, 14)):
            sheet.append(header if dice.random() < 0.2 else [dice.choice(CELLS) for _ in header])
        top, left = dice.randint(1, 8), dice.randint(1, 8)
        sheet.merge_cells(None, top, left, top + dice.randint(0, 2), left + dice.randint(1, 2))
    book.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("seed", range(80))
def test_every_row_is_accounted_for_once_and_the_saved_mapping_does_the_same(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "旧.xlsx"
    sheets = read_old(path, jumbled(path, seed))
    mapping = guess_mapping(path.name, sheets)
    found = import_all(mapping, sheets, NOW)
    counts = found.counts
    assert counts["rows"] == sum(len(sheet.rows) for sheet in sheets)
    assert counts["rows"] == counts["imported"] + counts["with_remarks"] + counts["left_out"]
    rows = [(item.sheet, row) for item in found.left_out for row in range(item.row, item.last + 1)]
    assert len(rows) == len(set(rows)) == counts["left_out"]
    again = import_all(given_mapping(path.name, sheets, json.loads(as_json(mapping))["sheets"]), sheets, NOW)
    assert again.as_data() == {**found.as_data(), "sheets": again.as_data()["sheets"]}
    assert again.tables() == found.tables()
