"""Owns the JSON-lines form in which rows for `partnerbook append` are handed over."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbook.errors import PartnerBookError
from workbook.rows import Cell


class RowsUnreadable(PartnerBookError):
    """A line of the rows file is not a row; the sentence names file, line and column."""


def read_rows(path: Path) -> list[dict[str, Cell]]:
    """The rows of a file (`-` is standard input), one JSON object a line, keys are headers.

    Raises:
        RowsUnreadable: the file cannot be read, or a line is no object of plain values.
    """
    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        lines = text.decode("utf-8-sig").split("\n")
    except OSError as error:
        raise RowsUnreadable(f"读不了 {path}（{error.strerror}）。") from error
    except UnicodeDecodeError as error:
        raise RowsUnreadable(f"{path} 不是 UTF-8 文本，请另存为 UTF-8。") from error
    rows = [_row(line, f"{path} 第 {number} 行") for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise RowsUnreadable(f"{path} 里没有要加的行。")
    return rows


def _row(line: str, where: str) -> dict[str, Cell]:
    try:
        row = json.loads(line, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RowsUnreadable(f"{where}不是 JSON 对象：{error}") from error
    if not isinstance(row, dict) or not row:
        raise RowsUnreadable(f'{where}应是一个 JSON 对象，例如 {{"列名": "值"}}。')
    return {header: _cell(value, f"{where}的列“{header}”") for header, value in row.items()}


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} 不是数字")


def _cell(value: Any, where: str) -> Cell:
    if value is None or isinstance(value, str | bool | int | Decimal):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((kind, text),) = value.items()
        try:
            if kind == "date":
                return date.fromisoformat(text)
            if kind == "time":
                return datetime.fromisoformat(text)
        except (TypeError, ValueError) as error:
            raise RowsUnreadable(f"{where}不是有效的日期或时间：{text}") from error
    raise RowsUnreadable(f'{where}应是文字、数字、真假，或 {{"date": "2026-12-31"}}、{{"time": "2026-12-31 18:00"}}。')
