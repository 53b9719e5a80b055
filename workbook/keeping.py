"""Owns finding the files that candidates sent in the data folder of the server, read-only, each checked by its SHA-256.

The folder of a book holds `inbox.sqlite`, with what was sent, and `uploads/<id>`, the files by their random ids.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from workbook.errors import PartnerBookError
from workbook.evidence import Upload, named_in_book, open_columns
from workbook.records import Record
from workbook.schema import Files
from workbook.tables import Candidates


class NoDataFolder(PartnerBookError):
    """The folder that was named holds no inbox of this book."""

    def __init__(self, folder: Path, why: str = ""):
        more = f"（{why}）" if why else ""
        super().__init__(
            f"{folder} 里没有这个工作簿的收件箱{more}，没有打包。请把 --data 指到 partnerbook serve 用的数据文件夹，或不写 --data。"
        )


def kept_files(folder: Path, book_id: str, candidates: Sequence[Record]) -> list[Upload]:
    """The files of these candidates; one that is gone, or not what was received, is named with the reason.

    Raises:
        NoDataFolder: the folder holds no inbox of the book.
    """
    home = folder / book_id
    bodies = _bodies(home / "inbox.sqlite", folder, book_id)
    columns = [column.name for column in open_columns(Candidates) if isinstance(column, Files)]
    found = []
    for record in candidates:
        body = bodies.get(record.text("submission_id"))
        if body is None:
            found += named_in_book([record], "收件箱里没有这份提交")
            continue
        for name in columns:
            found += [_upload(home / "uploads", record.key, ref) for ref in body.get(name) or ()]
    return found


def _bodies(database: Path, folder: Path, book_id: str) -> dict[str, dict[str, Any]]:
    """What was sent as candidates, by submission: the newest version of each."""
    if not database.is_file():
        raise NoDataFolder(folder)
    question = "SELECT id, body FROM submissions WHERE book = ? AND table_name = ? ORDER BY version"
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            rows = opened.execute(question, (book_id, Candidates.name)).fetchall()
    except sqlite3.Error as error:
        raise NoDataFolder(folder, str(error)) from error
    return {key: json.loads(body) for key, body in rows}


def _upload(folder: Path, candidate: str, ref: Mapping[str, Any]) -> Upload:
    name, key = str(ref["name"]), str(ref["id"])
    path = folder / key
    if not re.fullmatch(r"[0-9a-f]{32}", key) or not path.is_file():
        return Upload(candidate, name, None, "数据文件夹里找不到这个文件")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != ref["sha256"]:
        return Upload(candidate, name, None, "数据文件夹里的文件与收到时不同")
    return Upload(candidate, name, data)
