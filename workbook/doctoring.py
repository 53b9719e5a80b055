"""Owns `partnerbook doctor`: whether a workbook and its folder are fit for delivery, a sentence for each thing looked at."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from workbook import backups, store
from workbook.errors import MissingTable, PartnerBookError
from workbook.identity import book_identity, generation_of
from workbook.ooxml import Book
from workbook.ooxml.lint import lint
from workbook.rows import headers
from workbook.tables import TABLES

SHARES = frozenset({"cifs", "smb", "smb2", "smb3", "smbfs", "nfs", "nfs4", "afpfs", "fuse.sshfs", "9p", "davfs", "fuse.davfs2"})  # fmt: skip
# A folder of this name above the book, or this file beside one of those, is that of a program that synchronises.
SYNCED_NAMES = {
    "onedrive": "OneDrive", "nutstore": "坚果云", "我的坚果云": "坚果云", "dropbox": "Dropbox",
    "icloud drive": "iCloud", "icloud~com~apple~clouddocs": "iCloud", "com~apple~clouddocs": "iCloud",
    "google drive": "Google Drive", "googledrive": "Google Drive", "百度网盘": "百度网盘", "baidusyncdisk": "百度网盘",
    "wpsdrive": "WPS 云文档", "wps云盘": "WPS 云文档", "seafile": "Seafile", "nextcloud": "Nextcloud", "weiyun": "微云",
}  # fmt: skip
SYNCED_MARKS = {
    ".dropbox": "Dropbox", ".dropbox.cache": "Dropbox", ".nutstore": "坚果云", ".849c9593-d756-4e56-8d6e-42412f2a707b": "OneDrive",
    ".sync": "Resilio Sync", ".stfolder": "Syncthing", ".owncloudsync.log": "ownCloud", ".nextcloudsync.log": "Nextcloud",
}  # fmt: skip


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at: whether it is well, and the sentence."""

    what: str
    ok: bool
    message: str


def examine(path: Path) -> list[Sign]:
    """Everything about a book and its folder that decides whether delivery works.

    Raises:
        WorkbookUnreachable: there is no such book.
    """
    snapshot = store.read(path)
    return [*_of_folder(path, snapshot), *_of_book(snapshot)]


def _of_folder(asked: Path, snapshot: store.Snapshot) -> Iterator[Sign]:
    path = snapshot.path
    marks = store.owner_files(asked)
    for mark in marks:
        yield Sign("owner", False, f"{mark.sentence()}标记 {mark.path.name}，{age(mark.age)}。")
    if not marks:
        yield Sign("owner", True, "没有程序打开着这本工作簿。")
    yield kind_of_folder(path.parent)
    yield _replaces(path)
    yield _left(path)
    yield _backups(path)


def _of_book(snapshot: store.Snapshot) -> Iterator[Sign]:
    try:
        book = Book.read(snapshot.data)
    except PartnerBookError as error:
        yield Sign("workbook", False, str(error))
        return
    identity = book_identity(book)
    if identity:
        yield Sign("identity", True, f"伙伴簿，标识 {identity}，写入过 {generation_of(book)} 次。")
        yield from _tables(book)
    else:
        yield Sign("identity", False, "不是伙伴簿的工作簿（缺少标识）：只能用 partnerbook append 往里加行。")
    found = lint(snapshot.data)
    for one in found:
        yield Sign("lint", False, f"{one.where}：{one.message}")
    if not found:
        yield Sign("lint", True, "文件没有 Excel 会要求修复的地方。")


def _tables(book: Book) -> Iterator[Sign]:
    whole = True
    for table in TABLES:
        try:
            view = book.table(table.name)
        except MissingTable:
            whole = False
            yield Sign("table", False, f"缺少表格 {table.name}（{table.label.zh}）。请运行 partnerbook upgrade。")
            continue
        there = headers(table, view.columns)
        gone = [c.zh for n, c in table.columns.items() if n not in there and not c.deprecated]
        if gone:
            whole = False
            yield Sign(
                "column", False,
                f"工作表“{view.sheet}”缺少列 {'、'.join(gone)}：如果改了名，请改回来；否则运行 partnerbook upgrade。",
            )  # fmt: skip
    if whole:
        yield Sign("table", True, "这个版本用到的表格和列都在。")


# --- the folder ------------------------------------------------------------------------------------------------------


def kind_of_folder(folder: Path) -> Sign:
    """Whether a folder is local, on a network share, or synchronised by a program."""
    if program := synchronised_by(folder):
        return Sign(
            "folder", False,
            f"文件夹 {folder} 由 {program} 同步：两边同时改会互相覆盖，不支持写入。请把工作簿移到不同步的文件夹。",
        )  # fmt: skip
    if share := share_of(folder):
        return Sign("folder", True, f"文件夹 {folder} 在网络共享上（{share}）：可以写入；收件箱请留在本机。")
    return Sign("folder", True, f"文件夹 {folder} 在本机磁盘上。")


def synchronised_by(folder: PurePath) -> str | None:
    """The program that synchronises a folder, told by names on its path, by its variables, or by what it leaves there."""
    for part in folder.parts:
        name = part.casefold()
        for known, program in SYNCED_NAMES.items():
            if name == known or name.startswith((f"{known} - ", f"{known}-", f"{known} (")):
                return program
    for variable in ("OneDrive", "OneDriveCommercial", "OneDriveConsumer"):
        root = os.environ.get(variable)
        if root and folder.is_relative_to(root):
            return "OneDrive"
    if isinstance(folder, Path):
        for place in (folder, *folder.parents):
            for mark, program in SYNCED_MARKS.items():
                if (place / mark).exists():
                    return program
    return None


def share_of(folder: Path, mounts: str | None = None) -> str | None:
    """The kind of network share that a folder lies on, or None; `mounts` as the system lists them."""
    if str(folder).startswith("\\\\"):
        return "UNC"
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) > best:
            best, kind = len(point.parts), fields[2]
    return kind if kind in SHARES else None


def _replaces(path: Path) -> Sign:
    """Whether a file can be put in another's place in this folder, tried with two small ones of our own."""
    names = [path.with_name(f".partnerbook-doctor-{secrets.token_hex(4)}.tmp") for _ in range(2)]
    platform = store.this_platform()
    try:
        for number, name in enumerate(names):
            name.write_bytes(bytes([number]))
        platform.replace(names[0], names[1])
        if names[1].read_bytes() != b"\0":
            return Sign("replace", False, f"在 {path.parent} 里替换文件没有生效，不能安全地写入。")
    except OSError as error:
        return Sign("replace", False, f"不能在 {path.parent} 里写文件（{error.strerror}）。请检查权限和空间。")
    finally:
        for name in names:
            with contextlib.suppress(OSError):
                name.unlink()
    if not path.stat().st_mode & 0o222:
        return Sign("replace", False, f"工作簿 {path.name} 是只读的，不能写入。请去掉文件属性里的“只读”。")
    free = store.free_space(path) / 1_000_000
    return Sign("replace", True, f"文件夹里可以写文件、可以替换；还有 {free:,.0f} MB 空间。")


def _left(path: Path) -> Sign:
    now, platform = time.time(), store.this_platform()
    temps = store.temp_files(path)
    left = [temp.name for temp in temps if store.is_left(temp, now, platform)]
    if left:
        return Sign(
            "temp", True, f"有 {len(left)} 个中断的写入留下的临时文件（{'、'.join(left)}），下一次写入时会清理。"
        )
    if temps:
        return Sign("temp", True, "现在有程序正在写入这本工作簿。")
    return Sign("temp", True, "没有中断的写入留下的临时文件。")


def _backups(path: Path) -> Sign:
    kept = backups.listed(path)
    if not kept:
        return Sign("backups", True, f"还没有备份；第一次写入时会放在 {backups.folder_of(path)}。")
    size = sum(backup.path.stat().st_size for backup in kept) / 1_000_000
    return Sign(
        "backups", True,
        f"有 {len(kept)} 份备份，最近的是 {kept[0].at:%Y-%m-%d %H:%M}，共 {size:,.1f} MB（{backups.folder_of(path)}）。",
    )  # fmt: skip


def age(seconds: float) -> str:
    """A span of time as people say it."""
    if seconds < 3600:
        return f"{int(seconds // 60)} 分钟前"
    return f"{int(seconds // 3600)} 小时前" if seconds < 48 * 3600 else f"{int(seconds // 86_400)} 天前"
