"""Owns adopting from file to file: read the old file, map it, import it, and write book, mapping and report.

`store.create` writes all three: a file that is there already is never overwritten, and the old file is only read.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from workbook import store
from workbook.adopting.guess import given_mapping, guess_mapping
from workbook.adopting.importing import import_all
from workbook.adopting.mapping import OldMapping, as_json, read_mapping
from workbook.adopting.old_file import OldFileUnreadable, OldSheet, read_old
from workbook.adopting.outcome import Outcome
from workbook.build import new_workbook
from workbook.errors import PartnerBookError
from workbook.tables import SettingRow

FORMAT = "partnerbook-adopted/1"


class NothingRecognised(PartnerBookError):
    """No sheet of the old file could be mapped; the sentence says what was seen and how to write a mapping."""


class AlreadyThere(PartnerBookError):
    """A file that is to be written exists; it may hold somebody's work, so it stays."""


@dataclass(frozen=True)
class Adopted:
    """What an adoption did: files it wrote (None for those it did not), the mapping, and the account of every row."""

    old: Path
    sha256: str
    book: Path | None
    mapping_file: Path | None
    report_file: Path | None
    mapping: OldMapping
    outcome: Outcome
    sheets: tuple[OldSheet, ...]

    def as_data(self) -> dict[str, Any]:
        """In JSON's own types, as the report file holds it."""
        return {
            "format": FORMAT, "old": self.old.name, "sha256": self.sha256,
            "book": self.book.name if self.book else None, **self.outcome.as_data(),
        }  # fmt: skip


def mapping_path(book: Path) -> Path:
    """Where the mapping of a new book stands: `簿.mapping.json` beside `簿.xlsx`."""
    return book.with_suffix(".mapping.json")


def report_path(book: Path) -> Path:
    """Where the account of an adoption stands: `簿.adopted.json` beside `簿.xlsx`."""
    return book.with_suffix(".adopted.json")


def adopt_file(
    old: Path, book: Path | None, *, mapping_file: Path | None = None, preview: bool = False, lang: str = "zh-CN"
) -> Adopted:
    """Adopt an old file into a new book; `preview`, or no book, writes only the mapping.

    Raises:
        OldFileUnreadable: the old file cannot be read.
        MappingRefused: the mapping file cannot be used.
        NothingRecognised: there is nothing to import; the mapping is written all the same, for people to edit.
        AlreadyThere: book, report or another mapping stand there already.
        WorkbookUnreachable: the folder cannot be written.
    """
    data = _bytes_of(old)
    sheets = read_old(old, data)
    writes = book is not None and not preview
    target = mapping_path(book or Path(old.name))
    if book and writes:
        _must_be_new(book, report_path(book))
    entries = read_mapping(mapping_file) if mapping_file else None
    mapping = given_mapping(old.name, sheets, entries) if entries else guess_mapping(old.name, sheets)
    outcome = import_all(mapping, sheets, _now())
    written = _write_mapping(target, mapping, mapping_file)
    if all(block.kind == "ignore" for block in mapping.blocks) or not outcome.tables():
        raise NothingRecognised(_what_was_seen(old, mapping, written))
    sha256 = hashlib.sha256(data).hexdigest()
    if not (book and writes):
        return Adopted(old, sha256, None, written, None, mapping, outcome, sheets)
    made = store.create(book, new_workbook(lang=lang, rows=outcome.tables()))
    adopted = Adopted(old, sha256, made, written, report_path(made), mapping, outcome, sheets)
    report = json.dumps(adopted.as_data(), ensure_ascii=False, indent=1, default=str) + "\n"
    store.create(report_path(made), report.encode())
    return adopted


def _bytes_of(old: Path) -> bytes:
    try:
        return old.read_bytes()
    except OSError as error:
        raise OldFileUnreadable(f"找不到或读不了 {old}（{error.strerror}），请检查路径。") from error


def _now() -> datetime:
    """Now on the wall clock of a new book."""
    zone = next(value for name, value, _ in SettingRow.DEFAULTS if name == SettingRow.ZONE)
    return datetime.now(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def _must_be_new(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise AlreadyThere(f"{path} 已经存在，不会覆盖它。请换一个文件名，或先移走它。")


def _write_mapping(target: Path, mapping: OldMapping, given: Path | None) -> Path:
    """Write the mapping beside the book, unless people gave that very file or an equal one stands there.

    With a mapping from another file, the one that stands there already stays.
    """
    text = as_json(mapping).encode()
    if target.exists():
        if given is not None or target.read_bytes() == text:
            return target
        raise AlreadyThere(
            f"{target} 已经存在，可能是您改过的映射，不会覆盖它。要用它请加 --mapping {target}；不要了就先删除它。"
        )
    return store.create(target, text)


def _what_was_seen(old: Path, mapping: OldMapping, written: Path) -> str:
    seen = []
    for block in mapping.blocks:
        headers = "、".join(column.header for column in block.columns[:8]) or "没有内容"
        seen.append(f"  工作表“{block.sheet}”（{block.reason or '没有可导入的行'}）：{headers}")
    return (
        f"没有认出 {old.name} 里可以导入的表。看到的是：\n"
        + "\n".join(seen)
        + f"\n请打开 {written}，给要导入的工作表写上 "
        'kind（如 "partners"）、header_rows（表头行号）和各列的 to（如 "partners.legal_name"），再用 --mapping 给回来。'
    )
