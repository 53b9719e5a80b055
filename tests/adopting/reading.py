"""Owns how the adoption tests run the command and read what it made, through openpyxl and not our own reader."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
from click.testing import CliRunner

from workbook.cli import main
from workbook.ooxml.lint import lint


class Done(NamedTuple):
    """What a run gave: exit code, what it said, and its JSON."""

    code: int
    said: str
    data: dict[str, Any]


def adopt(old: Path, *words: str | Path) -> Done:
    """Run `partnerbook adopt --json`; the old file must stand as it was."""
    before = hashlib.sha256(old.read_bytes()).hexdigest()
    found = CliRunner().invoke(main, ["adopt", str(old), *map(str, words), "--json"], catch_exceptions=False)
    assert hashlib.sha256(old.read_bytes()).hexdigest() == before
    return Done(found.exit_code, found.output, json.loads(found.output) if found.output.startswith("{") else {})


def rows_of(book: Path, table: str) -> list[dict[str, Any]]:
    """The filled rows of a table by its headers; the book passes our lint."""
    assert lint(book.read_bytes()) == ()
    opened = openpyxl.load_workbook(book)
    sheet = next(s for s in opened.worksheets if table in s.tables)
    head, *body = sheet[sheet.tables[table].ref]
    headers = [cell.value for cell in head]
    rows = [dict(zip(headers, [cell.value for cell in row], strict=True)) for row in body]
    return [{k: v for k, v in row.items() if v is not None} for row in rows if row[headers[0]] is not None]


def unfit(done: Done) -> dict[str, str]:
    """The values that did not fit, by their place on the old sheet: `E7` → value."""
    return {f"{item['column']}{item['row']}": item["value"] for item in done.data["unfit"]}


def left_out(done: Done, sheet: str) -> dict[int, str]:
    """The reason for every old row of a sheet that was not imported, by row."""
    return {
        row: item["reason"]
        for item in done.data["left_out"]
        if item["sheet"] == sheet
        for row in range(item["row"], item["last"] + 1)
    }
