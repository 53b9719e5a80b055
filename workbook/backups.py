"""Owns the backups of a workbook: how they are named, which stay, and making one at the cost of a second file name.

They lie in a folder 伙伴簿备份 beside the book, in plain sight: who has only Excel and no command line must find them
too. They end in `.bak`, so that a double click opens none and nobody goes on working in an old book. A backup is a hard
link to the old file where the file system has those (the replace that follows takes only the other name away), else a
copy. Standard library only; what a backup holds is read by `workbook.restoring`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbook.store import Platform

log = getLogger("partnerbook.backups")

FOLDER = "伙伴簿备份"
NOTE = "说明.txt"
LAST = 10  # the latest ones stay, whatever their age
DAYS = 30  # unless the book's settings say otherwise
FOREVER = 36_500
LEAST = 3  # what stays when the disk is nearly full
ROOM = 5  # the disk is nearly full when it holds less than so many more of this book
LONGEST_STEM = 120  # bytes of the book's name within that of a backup
_NAME = re.compile(r"(?P<stem>.+) (?P<id>\d{8}-\d{6}-\d{3})\.(?:xlsx|xlsm|bin)\.bak", re.IGNORECASE)
_WORDS = """这里是伙伴簿每次写入之前留下的旧版本，由程序自动清理：最近 {last} 份、一天之内每小时一份、之后每天一份。
请不要在这里编辑。要恢复：partnerbook restore 工作簿（先预览，再恢复）；
或者把一份复制到别处，去掉文件名末尾的 .bak，用 Excel 打开看。

Older versions of the workbook, kept before each change and thinned out by the program. Do not edit them here.
To go back: partnerbook restore BOOK; or copy one elsewhere and take .bak off its name.
"""


@dataclass(frozen=True)
class Backup:
    """A backup by its name: an id that people type, and the local time at which the book was replaced."""

    path: Path
    id: str
    at: datetime


def folder_of(book: Path) -> Path:
    """Where the backups of a book lie."""
    return book.parent / FOLDER


def listed(book: Path) -> tuple[Backup, ...]:
    """The backups of a book, the newest first."""
    stem = _stem(book)
    found = []
    with contextlib.suppress(OSError), os.scandir(folder_of(book)) as entries:
        for entry in entries:
            named = _NAME.fullmatch(entry.name)
            if named and named["stem"] == stem and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(ValueError):
                    at = datetime.strptime(named["id"], "%Y%m%d-%H%M%S-%f")
                    found.append(Backup(Path(entry.path), named["id"], at))
    return tuple(sorted(found, key=lambda backup: backup.id, reverse=True))


def keep(book: Path, data: bytes, platform: Platform, now: datetime | None = None) -> Path:
    """Keep the book as it stands on disk; `data` is what is copied where files have only one name.

    Raises:
        OSError: no backup could be made.
    """
    folder = folder_of(book)
    if not folder.is_dir():
        folder.mkdir()
        with contextlib.suppress(OSError):
            (folder / NOTE).write_text(_WORDS.format(last=LAST), encoding="utf-8-sig")
    for backup in listed(book)[:1]:  # a writer that was killed before its replace left a second name of the book
        if backup.path.samefile(book):
            forget(backup.path)
    target = _free_name(folder, book, now or datetime.now())
    try:
        platform.link(book, target)
    except FileNotFoundError:
        raise
    except (OSError, NotImplementedError):
        _copy(book, data, target, platform)
    return target


def _free_name(folder: Path, book: Path, now: datetime) -> Path:
    suffix = book.suffix if book.suffix.lower() in (".xlsx", ".xlsm") else ".bin"
    while True:
        identifier = f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}"
        target = folder / f"{_stem(book)} {identifier}{suffix}.bak"
        if not target.exists():
            return target
        now += timedelta(milliseconds=1)


def _stem(book: Path) -> str:
    """The book's name in those of its backups, shortened where the file system would not take it."""
    stem = book.stem
    raw = os.fsencode(stem)
    if len(raw) <= LONGEST_STEM:
        return stem
    return f"{raw[:LONGEST_STEM].decode('utf-8', 'ignore')}~{hashlib.sha256(raw).hexdigest()[:6]}"


def _copy(book: Path, data: bytes, target: Path, platform: Platform) -> None:
    try:
        with target.open("xb") as handle:
            platform.write(handle, data)
        shutil.copymode(book, target)
    except OSError:
        forget(target)
        raise


def forget(backup: Path) -> None:
    """Remove a backup; one that cannot be removed stays until the next time."""
    with contextlib.suppress(OSError):
        backup.unlink()


def told(book: Path, error: OSError) -> str:
    """The warning that a backup could not be made; also in the log, for who delivers without looking."""
    why = error.strerror or str(error)
    text = f"没能在 {folder_of(book)} 留下备份（{why}）；内容已经照常写入。请检查这个文件夹的权限和磁盘空间。"
    log.warning("%s", text)
    return text


# --- which stay ------------------------------------------------------------------------------------------------------


def surplus(backups: Sequence[Backup], now: datetime, days: Callable[[], int]) -> list[Backup]:
    """Those that may go: beyond the latest, the last of each hour stays for a day, the last of each day for `days`.

    `days` is asked only when the answer matters, because it stands inside the book.
    """
    newest_first = sorted(backups, key=lambda backup: backup.id, reverse=True)
    seen: set[str] = set()
    going, daily = [], []
    for number, backup in enumerate(newest_first):
        hourly = now - backup.at < timedelta(days=1)
        slot = f"{backup.at:%Y%m%d%H}" if hourly else f"{backup.at:%Y%m%d}"
        first = slot not in seen
        seen |= {slot, f"{backup.at:%Y%m%d}"}
        if number < LAST:
            continue
        if not first:
            going.append(backup)
        elif not hourly:
            daily.append(backup)
    if daily:
        oldest = now - timedelta(days=days())
        going += [backup for backup in daily if backup.at < oldest]
    return going


def thin(book: Path, data: bytes, now: datetime | None = None) -> tuple[str, ...]:
    """Let go of what may go after a new backup; returns warnings. Nothing here stops a delivery."""
    try:
        kept = listed(book)
        # The setting is read once an hour: to look into the book costs more than all the rest.
        same_hour = len(kept) > 1 and f"{kept[0].at:%Y%m%d%H}" == f"{kept[1].at:%Y%m%d%H}"
        going = surplus(kept, now or datetime.now(), lambda: FOREVER if same_hour else days_kept(data))
        if len(kept) > LEAST and shutil.disk_usage(book.parent).free < ROOM * len(data):
            going = list(kept[LEAST:])
        for backup in going:
            backup.path.unlink(missing_ok=True)
    except OSError as error:
        text = f"没能清理 {folder_of(book)} 里的旧备份（{error.strerror or error}）。请检查这个文件夹的权限。"
        log.warning("%s", text)
        return (text,)
    return ()


def make_room(book: Path) -> bool:
    """On a full disk the older backups give way to what has to be written now; whether any did."""
    going = listed(book)[LEAST:]
    for backup in going:
        forget(backup.path)
    return bool(going)


def days_kept(data: bytes) -> int:
    """How many days of backups the book's own settings ask for."""
    from workbook.errors import PartnerBookError
    from workbook.ooxml import Book
    from workbook.rows import need
    from workbook.tables import SettingRow, Settings

    try:
        opened = Book.read(data)
        view = opened.table(Settings.name)
        where = need(Settings, view.columns, ["setting", "value"], view.sheet)
        for row in opened.rows(Settings.name):
            if str(row.values[where["setting"]]).strip() == SettingRow.BACKUP_DAYS:
                text = str(row.values[where["value"]]).strip()
                return int(text) if text.isdecimal() and len(text) < 5 else DAYS
    except PartnerBookError:
        pass  # a foreign book has no settings
    return DAYS
