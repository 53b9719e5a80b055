"""Owns the only file I/O on a workbook: read, owner files, fingerprint, and the atomic replace. Standard library only.

Replacing: temp file in the same folder → fsync → check that nobody has the book open and that the file is still the
one that was read → `os.replace` → fsync of the folder → read back. The window between the check and the replace cannot
be closed on a shared folder; the generation inside the book heals it (a row is confirmed only when it is read on disk).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workbook.errors import ChangedUnderneath, WorkbookOpen, WorkbookUnreachable

Step = Callable[[str], None]


def no_step(_name: str) -> None:
    """What happens at a named step when nobody watches: nothing."""


@dataclass(frozen=True)
class Snapshot:
    """A workbook as it was on disk: its bytes, their fingerprint, and when it was saved (UTC)."""

    path: Path
    data: bytes
    fingerprint: str
    saved_at: datetime


@dataclass(frozen=True)
class OwnerFile:
    """The file that a spreadsheet program leaves beside a book that it has open."""

    path: Path
    program: str
    who: str
    age: float  # seconds

    def sentence(self) -> str:
        """What happened, that nothing is lost, and what to do."""
        who = f"（{self.who}）" if self.who else ""
        name = self.path.name
        text = f"工作簿正在 {self.program} 中打开{who}，关闭后会自动写入。"
        if self.age > 24 * 3600:
            days = int(self.age // (24 * 3600))
            text += f"占用标记 {name} 已有 {days} 天：如果确认没有人打开，请删除它。"
        return text


class Platform:
    """What differs between operating systems, in one place; tests put their own in."""

    def replace(self, source: Path, target: Path) -> None:
        """Put a file in another's place in one step."""
        os.replace(source, target)  # noqa: PTH105  the one call that must be exactly this

    def sync_folder(self, folder: Path) -> None:
        """Make the new name survive a power cut. Windows cannot open folders and does not need to."""
        if os.name == "nt":
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def central_directory_fingerprint(data: bytes) -> str:
    """SHA-256 over the zip's central directory, which holds every member's CRC, and the size of the file.

    Times and inodes lie on network shares and synchronised folders; this does not. For anything that is not a zip the
    whole content is hashed.
    """
    end = data.rfind(b"PK\5\6", max(0, len(data) - 65_557))
    tail = data
    if end >= 0 and end + 22 <= len(data):
        size, offset = struct.unpack_from("<II", data, end + 12)
        if offset + size <= end:
            tail = data[offset : offset + size]
    return hashlib.sha256(len(data).to_bytes(8, "big") + tail).hexdigest()


def read(path: Path) -> Snapshot:
    """The workbook as it is on disk now.

    Raises:
        WorkbookUnreachable: there is no such file, or it may not be read.
    """
    path = path.resolve()
    try:
        with path.open("rb") as handle:
            data = handle.read()
            saved = os.fstat(handle.fileno()).st_mtime
    except PermissionError as error:
        if os.name == "nt":
            raise WorkbookOpen(f"工作簿 {path.name} 正被别的程序占用，稍后会再试。") from error
        raise WorkbookUnreachable(f"没有读取工作簿 {path} 的权限，请检查文件权限。") from error
    except OSError as error:
        raise WorkbookUnreachable(f"找不到或读不了工作簿 {path}（{error.strerror}），请检查路径。") from error
    return Snapshot(path, data, central_directory_fingerprint(data), datetime.fromtimestamp(saved, UTC))


def owner_file(path: Path) -> OwnerFile | None:
    """The mark of a program that has the book open (Excel `~$`, LibreOffice `.~lock.#`, WPS `.~`), or None.

    A mark that a crash left behind is told with its age and never deleted by us.
    """
    path = path.resolve()
    name = path.name
    marks = ((f"~${name}", "Excel"), (f".~lock.{name}#", "LibreOffice"), (f".~{name}", "WPS"))
    for mark, program in marks:
        file = path.with_name(mark)
        try:
            info = file.stat()
            head = file.read_bytes()[:200] if stat.S_ISREG(info.st_mode) else b""
        except OSError:
            continue
        return OwnerFile(file, program, _who(head, program), max(0.0, time.time() - info.st_mtime))
    return None


def _who(head: bytes, program: str) -> str:
    """The name that the program wrote into its mark, as far as it can be read."""
    if program == "LibreOffice":
        return head.decode("utf-8", "replace").split(",")[0].strip()
    length = head[0] if head else 0
    return head[1 : 1 + length].decode("ascii", "ignore").strip() if 0 < length < 54 else ""


def check_free(path: Path) -> None:
    """Raise `WorkbookOpen` if a program has the book open."""
    if owner := owner_file(path):
        raise WorkbookOpen(owner.sentence())


def replace(snapshot: Snapshot, data: bytes, *, step: Step = no_step, platform: Platform | None = None) -> Snapshot:
    """Put `data` in the place of the workbook that `snapshot` was read from; return what then stands on disk.

    Raises:
        WorkbookOpen: somebody opened the book meanwhile.
        ChangedUnderneath: the file on disk is no longer the one that was read.
        WorkbookUnreachable: the folder cannot be written (full, read-only, gone).
    In each case the old book stands as it was.
    """
    platform = platform or Platform()
    path = snapshot.path
    sweep(path)
    temp = path.with_name(f".{path.name}.partnerbook-{os.getpid()}.tmp")
    try:
        _write_synced(temp, data, path, step)
        check_free(path)
        if read(path).fingerprint != snapshot.fingerprint:
            raise ChangedUnderneath(f"工作簿 {path.name} 刚刚被别人保存过，将按新的内容重新写入。")
        step("checked")
        platform.replace(temp, path)
        step("replaced")
        platform.sync_folder(path.parent)
        step("folder-synced")
    except PermissionError as error:
        if os.name == "nt":
            raise WorkbookOpen(f"工作簿 {path.name} 正在被打开，关闭后会自动写入。") from error
        raise WorkbookUnreachable(f"没有写入文件夹 {path.parent} 的权限，提交仍在收件箱里。请检查权限。") from error
    except OSError as error:
        why = "磁盘已满" if error.errno == errno.ENOSPC else str(error.strerror or error)
        raise WorkbookUnreachable(f"无法写入 {path}（{why}），原文件没有改动，提交仍在收件箱里。") from error
    finally:
        with contextlib.suppress(OSError):
            temp.unlink(missing_ok=True)
    return read(path)


def _write_synced(temp: Path, data: bytes, like: Path, step: Step) -> None:
    mode = stat.S_IMODE(like.stat().st_mode)
    with temp.open("wb") as handle:
        half = len(data) // 2
        handle.write(data[:half])
        handle.flush()
        step("temp-half")
        handle.write(data[half:])
        handle.flush()
        step("temp-written")
        os.fsync(handle.fileno())
    temp.chmod(mode)
    step("temp-synced")


def create(path: Path, data: bytes) -> Path:
    """Write a new workbook; an existing file is never overwritten.

    Raises:
        WorkbookUnreachable: the file is there already, or the folder cannot be written.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
    except FileExistsError as error:
        raise WorkbookUnreachable(f"{path} 已经存在，不会覆盖它。请换一个文件名。") from error
    except OSError as error:
        raise WorkbookUnreachable(f"无法写入 {path}（{error.strerror}）。请检查文件夹和权限。") from error
    Platform().sync_folder(path.parent)
    return path


def sweep(path: Path) -> tuple[Path, ...]:
    """Remove temp files that a killed writer of this book left; the caller is the one writer, so none is in use."""
    left = tuple(path.parent.glob(f".{path.name}.partnerbook-*.tmp"))
    for file in left:
        with contextlib.suppress(OSError):
            file.unlink()
    return left
