"""Owns the only file I/O on a workbook: read, owner files, fingerprint, and the atomic replace. Standard library only.

Replacing: temp file in the same folder → fsync → check that nobody has the book open and that the file is still the
one that was read → the old bytes kept as a backup → one more look → `os.replace` → fsync of the folder → read back.
What stays open is the moment between that look and the replace; no file system can close it on a share. The generation
inside the book heals it for rows that we write (a row is confirmed only when it is read on disk).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import socket
import stat
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO

from workbook import backups
from workbook.errors import ChangedUnderneath, WorkbookOpen, WorkbookUnreachable

Step = Callable[[str], None]

STALE = 3600.0  # seconds after which a temp file belongs to nobody: a live writer needs moments
_TAIL = 1 << 17  # the end record with the longest comment, its 64-bit forms, and most directories
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS)


def no_step(_name: str) -> None:
    """What happens at a named step when nobody watches: nothing."""


@dataclass(frozen=True)
class Snapshot:
    """A workbook as it was on disk: its bytes, their fingerprint, and when it was saved (UTC).

    `asked` is the path that was given, where `path` is the file that it leads to; `warnings` are sentences about what
    a replace could not do besides (a backup).
    """

    path: Path
    data: bytes
    fingerprint: str
    saved_at: datetime
    asked: Path | None = None
    warnings: tuple[str, ...] = ()


# --- the port to the operating system --------------------------------------------------------------------------------


class Platform:
    """What differs between operating systems, in one place, as POSIX does it; tests put their own in."""

    windows = False
    pauses: tuple[float, ...] = ()  # before each further try of what a virus scanner may hold up

    def write(self, handle: BinaryIO, data: bytes | memoryview) -> None:
        """Write and hand over to the system."""
        handle.write(data)
        handle.flush()

    def sync_file(self, handle: BinaryIO) -> None:
        """Make the content survive a power cut."""
        os.fsync(handle.fileno())

    def replace(self, source: Path, target: Path) -> None:
        """Put a file in another's place in one step."""
        os.replace(source, target)  # noqa: PTH105  the one call that must be exactly this

    def sync_folder(self, folder: Path) -> None:
        """Make the new name survive a power cut; file systems that sync no folders (SMB, FUSE) do without."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(descriptor)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; OSError where the file system has only one."""
        os.link(source, target)  # the twin of replace

    def keep_attributes(self, old: Path, new: Path) -> None:
        """Give the new file the owner, the mode and the extended attributes of the old one, as far as one may."""
        was, now = old.stat(), new.stat()
        if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
            for owner in ((was.st_uid, was.st_gid), (-1, was.st_gid)):
                with contextlib.suppress(OSError):
                    os.chown(new, *owner)
                    break
        new.chmod(stat.S_IMODE(was.st_mode))
        if hasattr(os, "listxattr"):
            with contextlib.suppress(OSError):
                for name in os.listxattr(old):
                    with contextlib.suppress(OSError):
                        os.setxattr(new, name, os.getxattr(old, name))

    def alive(self, process: int) -> bool | None:
        """Whether a process of this machine lives; None where that cannot be asked."""
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            return True
        return True


class Windows(Platform):
    """Windows: folders are not synced, and a file that anything holds open can be neither replaced nor deleted."""

    windows = True
    pauses = (0.05, 0.1, 0.2, 0.4, 0.8)

    def sync_folder(self, folder: Path) -> None:
        """Windows cannot open folders and does not need to."""

    def keep_attributes(self, old: Path, new: Path) -> None:
        """The new file takes its permissions from the folder; a read-only book was refused before."""

    def alive(self, process: int) -> bool | None:
        """Not asked: signal 0 is no harmless question there."""
        return None


def this_platform() -> Platform:
    """The port for the system that we run on."""
    return Windows() if os.name == "nt" else Platform()


def _patiently(platform: Platform, attempt: Callable[[], None]) -> None:
    """Try again for a moment while another program holds the file (a virus scanner that looks at what is new)."""
    for pause in platform.pauses:
        try:
            return attempt()
        except PermissionError:
            time.sleep(pause)
    return attempt()


# --- reading ---------------------------------------------------------------------------------------------------------


def central_directory_fingerprint(data: bytes) -> str:
    """SHA-256 over the zip's central directory, which holds every member's CRC, and the size of the file.

    Times and inodes lie on network shares and synchronised folders; this does not. For anything that is not a zip the
    whole content is hashed.
    """
    start = max(0, len(data) - _TAIL)
    found = _directory(data[start:], start)
    return _hashed(len(data), data[slice(*found)] if found else data)


def fingerprint_of(path: Path) -> str:
    """The same of a file, of which only the end is read."""
    with path.open("rb") as handle:
        size = os.fstat(handle.fileno()).st_size
        start = max(0, size - _TAIL)
        handle.seek(start)
        tail = handle.read()
        found = _directory(tail, start)
        if found is None:
            handle.seek(0)
            data = handle.read()
            return _hashed(len(data), data)
        first, last = found
        if first >= start:
            return _hashed(start + len(tail), tail[first - start : last - start])
        handle.seek(first)
        return _hashed(start + len(tail), handle.read(last - first))


def _hashed(size: int, content: bytes) -> str:
    return hashlib.sha256(size.to_bytes(8, "big") + content).hexdigest()


def _directory(tail: bytes, start: int) -> tuple[int, int] | None:
    """Where the central directory of a zip lies, from the last bytes of the file; None if they end no zip."""
    end = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - 18))
    while end >= 0 and end + 22 + int.from_bytes(tail[end + 20 : end + 22], "little") != len(tail):
        end = tail.rfind(b"PK\5\6", 0, end + 3)  # the four letters stood in the comment
    if end < 0:
        return None
    size, offset = struct.unpack_from("<II", tail, end + 12)
    if 0xFFFFFFFF in (size, offset) or 0xFFFF in struct.unpack_from("<HH", tail, end + 8):
        if end < 20 or tail[end - 20 : end - 16] != b"PK\6\7":
            return None
        record = struct.unpack_from("<Q", tail, end - 12)[0] - start
        if record < 0 or tail[record : record + 4] != b"PK\6\6" or record + 56 > end:
            return None
        size, offset = struct.unpack_from("<QQ", tail, record + 40)
    if offset + size > start + end:
        return None
    if offset >= start and tail[offset - start : offset - start + 4] not in (b"PK\1\2", b"PK\5\6", b"PK\6\6"):
        return None
    return offset, offset + size


def read(path: Path, *, platform: Platform | None = None) -> Snapshot:
    """The workbook as it is on disk now.

    Raises:
        WorkbookUnreachable: there is no such file, or it may not be read.
        WorkbookOpen: on Windows, a program keeps everybody else from reading it.
    """
    platform = platform or this_platform()
    asked, path = path.absolute(), resolved(path)
    found: list[tuple[bytes, float]] = []

    def attempt() -> None:
        with path.open("rb") as handle:
            found.append((handle.read(), os.fstat(handle.fileno()).st_mtime))

    try:
        _patiently(platform, attempt)
    except PermissionError as error:
        if platform.windows and not path.is_dir():
            raise WorkbookOpen(f"工作簿 {path.name} 正被别的程序占用，稍后会再试。") from error
        raise WorkbookUnreachable(f"没有读取工作簿 {path} 的权限，请检查文件权限。") from error
    except OSError as error:
        raise WorkbookUnreachable(f"找不到或读不了工作簿 {path}（{error.strerror}），请检查路径。") from error
    data, saved = found[0]
    return Snapshot(path, data, central_directory_fingerprint(data), datetime.fromtimestamp(saved, UTC), asked)


def resolved(path: Path) -> Path:
    """The file that a path leads to: links are followed, so that a link to a book stays a link."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise WorkbookUnreachable(f"找不到或读不了工作簿 {path}（链接绕回了自己），请检查路径。") from error


# --- who has it open -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OwnerFile:
    """The file that a spreadsheet program leaves beside a book that it has open."""

    path: Path
    program: str
    who: str
    age: float  # seconds

    @property
    def left_behind(self) -> bool:
        """Whether it is so old that it may be what a crash left."""
        return self.age > 24 * 3600

    def sentence(self) -> str:
        """What happened, that nothing is lost, and what to do."""
        who = f"（{self.who}）" if self.who else ""
        text = f"工作簿正在 {self.program} 中打开{who}，关闭后会自动写入。"
        if self.left_behind:
            days = int(self.age // (24 * 3600))
            text += f"占用标记 {self.path.name} 已有 {days} 天：如果确认没有人打开，请删除它。"
        return text


def owner_files(path: Path) -> tuple[OwnerFile, ...]:
    """The marks of programs that have the book open: Excel `~$NAME`, LibreOffice `.~lock.NAME#`, WPS `.~NAME`.

    A mark that a crash left behind is told with its age and never deleted by us. Who opened a link to the book has the
    mark beside the link, so both folders are looked at.
    """
    places = dict.fromkeys((resolved(path), path.absolute()))
    found = (_mark(file, program) for place in places for file, program in _marks_of(place))
    return tuple(mark for mark in found if mark)


def _marks_of(path: Path) -> Iterator[tuple[Path, str]]:
    name = path.name
    yield path.with_name(f"~${name}"), "Excel"
    # Word puts `~$` in place of the first letters of a long name. Excel is not known to; where it did, the mark would
    # read as that of another book, so it counts only if no book of that shorter name is there.
    if len(path.stem) >= 8 and not path.with_name(name[2:]).exists():
        yield path.with_name(f"~${name[2:]}"), "Excel"
    yield path.with_name(f".~lock.{name}#"), "LibreOffice"
    yield path.with_name(f".~{name}"), "WPS"


def _mark(file: Path, program: str) -> OwnerFile | None:
    try:
        info = file.lstat()
    except OSError:  # also a name that is too long for the file system: no program could have made it
        return None
    head = b""
    if stat.S_ISREG(info.st_mode):
        with contextlib.suppress(OSError), file.open("rb") as handle:  # Excel keeps others from reading its mark
            head = handle.read(1000)
    who = _lock_owner(head) if program == "LibreOffice" else _owner_name(head)
    return OwnerFile(file, program, who, max(0.0, time.time() - info.st_mtime))


def owner_file(path: Path) -> OwnerFile | None:
    """The first of `owner_files`, or None."""
    return next(iter(owner_files(path)), None)


def _lock_owner(head: bytes) -> str:
    """LibreOffice writes name, account, machine, time and profile; the name is often blank."""
    fields = [field.strip() for field in head.decode("utf-8", "replace").split(",")]
    return next((field for field in fields[:2] if field), "")


def _owner_name(head: bytes) -> str:
    """The name in an owner file of Office: counted in one byte each, then, behind 54 bytes of room, in UTF-16.

    The single bytes are of a code page that is not told, so a Chinese name is read from the second copy. Word has one
    byte less room; WPS is said to write the same.
    """
    for room in (55, 54):
        units = int.from_bytes(head[room : room + 2], "little")
        name = head[room + 2 : room + 2 + 2 * units]
        if 0 < units <= 54 and len(name) == 2 * units:
            with contextlib.suppress(UnicodeDecodeError):
                text = name.decode("utf-16-le").strip()
                if text.isprintable():
                    return text
    length = head[0] if head else 0
    return head[1 : 1 + length].decode("ascii", "ignore").strip() if 0 < length <= 54 else ""


def check_free(path: Path) -> None:
    """Raise `WorkbookOpen` if a program has the book open."""
    if owner := owner_file(path):
        raise WorkbookOpen(owner.sentence())


# --- replacing -------------------------------------------------------------------------------------------------------


def replace(snapshot: Snapshot, data: bytes, *, step: Step = no_step, platform: Platform | None = None) -> Snapshot:
    """Put `data` in the place of the workbook that `snapshot` was read from; return what then stands on disk.

    The old bytes are kept as a backup. A backup that cannot be made is a warning of the result, never a refusal.

    Raises:
        WorkbookOpen: somebody opened the book meanwhile.
        ChangedUnderneath: the file on disk is no longer the one that was read.
        WorkbookUnreachable: the book is read-only or was moved, or the folder cannot be written (full, read-only).
    In each case the old book stands as it was; only a folder that cannot be synced is told after the new one is there.
    """
    platform = platform or this_platform()
    path = snapshot.path
    _refuse_read_only(path)
    temp = _temp_name(path)
    try:
        with _in_words(path, platform):
            _write_with_room(temp, data, path, step, platform)
            check_free(snapshot.asked or path)
            _refuse_changed(snapshot)
            step("checked")
            kept, warnings = _keep(snapshot, platform)
            _put(temp, path, kept, platform)
        step("replaced")
        try:
            platform.sync_folder(path.parent)
        except OSError as error:
            why = error.strerror or error
            raise WorkbookUnreachable(
                f"{path.name} 已经换成新的内容，但磁盘没有确认（{why}）。请检查磁盘；下一次会再核对。"
            ) from error
        step("folder-synced")
    finally:
        with contextlib.suppress(OSError):
            temp.unlink(missing_ok=True)
    thinned = backups.thin(path, snapshot.data)
    done = read(path, platform=platform)
    return changed(done, asked=snapshot.asked, warnings=(*warnings, *thinned))


def _refuse_read_only(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _gone(path) from error
    if not mode & 0o222 or not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise WorkbookUnreachable(
            f"工作簿 {path.name} 是只读的，没有改动。请去掉文件属性里的“只读”，或给这个账号修改它的权限。"
        )


def _refuse_changed(snapshot: Snapshot) -> None:
    try:
        same = fingerprint_of(snapshot.path) == snapshot.fingerprint
    except FileNotFoundError as error:
        raise _gone(snapshot.path) from error
    if not same:
        raise ChangedUnderneath(f"工作簿 {snapshot.path.name} 刚刚被别人保存过，将按新的内容重新写入。")


def _gone(path: Path) -> WorkbookUnreachable:
    return WorkbookUnreachable(
        f"工作簿 {path} 不在原来的地方了（被移走、改名或删除），没有写入。请把它放回去，或换成新的路径。"
    )


@contextlib.contextmanager
def _in_words(path: Path, platform: Platform) -> Iterator[None]:
    """What the system says while the old book still stands, as a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WorkbookUnreachable(
                f"没有写入文件夹 {path.parent} 的权限，或者它是只读的，原文件没有改动。请检查文件夹的权限。"
            ) from error
        known = {errno.EIO: "磁盘读写出错，请检查磁盘", **dict.fromkeys(_FULL, "磁盘已满，请腾出空间")}
        why = known.get(error.errno or 0, error.strerror or str(error))
        raise WorkbookUnreachable(f"无法写入 {path}（{why}），原文件没有改动。") from error


def _write_with_room(temp: Path, data: bytes, book: Path, step: Step, platform: Platform) -> None:
    """Write the temp file; on a full disk old backups give way first."""
    try:
        _write_synced(temp, data, book, step, platform)
    except OSError as error:
        temp.unlink(missing_ok=True)
        if error.errno not in _FULL or not backups.make_room(book):
            raise
        _write_synced(temp, data, book, step, platform)


def _write_synced(temp: Path, data: bytes, book: Path, step: Step, platform: Platform) -> None:
    with temp.open("xb") as handle:
        sweep(book, os.fstat(handle.fileno()).st_mtime, platform=platform)
        half, view = len(data) // 2, memoryview(data)
        platform.write(handle, view[:half])
        step("temp-half")
        platform.write(handle, view[half:])
        step("temp-written")
        platform.sync_file(handle)
    with contextlib.suppress(FileNotFoundError):  # the check that follows says it better
        platform.keep_attributes(book, temp)
    step("temp-synced")


def _keep(snapshot: Snapshot, platform: Platform) -> tuple[Path | None, tuple[str, ...]]:
    """The backup of what stands on disk now, and what is to be told about it; then one more look at the book."""
    kept: Path | None = None
    warnings: tuple[str, ...] = ()
    try:
        kept = backups.keep(snapshot.path, snapshot.data, platform)
    except OSError as error:
        warnings = (backups.told(snapshot.path, error),)
    try:
        _refuse_changed(snapshot)
    except BaseException:
        if kept:
            backups.forget(kept)
        raise
    return kept, warnings


def _put(temp: Path, path: Path, kept: Path | None, platform: Platform) -> None:
    """The replace itself; where it fails, the backup would be a second name of the book and goes."""
    try:
        _patiently(platform, lambda: platform.replace(temp, path))
    except BaseException as error:
        if kept:
            backups.forget(kept)
        if isinstance(error, PermissionError) and platform.windows:
            raise WorkbookOpen(f"工作簿 {path.name} 正在被别的程序使用，没有改动；关闭后会自动写入。") from error
        if isinstance(error, FileNotFoundError):
            raise WorkbookUnreachable(
                f"写好的临时文件 {temp.name} 被别的程序拿走了（杀毒或同步软件），原文件没有改动。请把这个文件夹排除在外。"
            ) from error
        raise


def create(path: Path, data: bytes, *, platform: Platform | None = None) -> Path:
    """Write a new workbook; an existing file is never overwritten, and a failure leaves nothing.

    Raises:
        WorkbookUnreachable: the file is there already, or the folder cannot be written.
    """
    platform = platform or this_platform()
    path = resolved(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("xb")
    except FileExistsError as error:
        raise WorkbookUnreachable(f"{path} 已经存在，不会覆盖它。请换一个文件名。") from error
    except OSError as error:
        raise WorkbookUnreachable(f"无法写入 {path}（{error.strerror}）。请检查文件夹和权限。") from error
    try:
        with handle:
            platform.write(handle, data)
            platform.sync_file(handle)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        why = "磁盘已满" if error.errno in _FULL else error.strerror
        raise WorkbookUnreachable(f"无法写入 {path}（{why}）。请检查文件夹和权限。") from error
    with contextlib.suppress(OSError):
        platform.sync_folder(path.parent)
    return path


# --- temp files ------------------------------------------------------------------------------------------------------


def _temp_prefix(path: Path) -> str:
    """What the temp files of a book begin with: short, whatever the length of its name."""
    return f".partnerbook-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]}-"


def _temp_name(path: Path) -> Path:
    """A name that tells whose it is: machine, process, and a number of its own. Synchronising programs skip `.tmp`."""
    return path.with_name(f"{_temp_prefix(path)}{machine()}-{os.getpid()}-{secrets.token_hex(3)}.tmp")


@cache
def machine() -> str:
    """This machine, or rather this room of process numbers: two containers of one host are two."""
    room = ""
    with contextlib.suppress(OSError):
        room = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  not a path
    return hashlib.sha256(f"{socket.gethostname()} {uuid.getnode()} {room}".encode()).hexdigest()[:8]


def temp_files(path: Path) -> tuple[Path, ...]:
    """The temp files that writers of this book have beside it, at work or left behind."""
    path = resolved(path)
    prefix = _temp_prefix(path)
    with os.scandir(path.parent) as entries:
        return tuple(
            path.with_name(entry.name)
            for entry in entries
            if entry.name.startswith(prefix) and entry.name.endswith(".tmp") and entry.is_file(follow_symlinks=False)
        )


def is_left(temp: Path, now: float, platform: Platform) -> bool:
    """Whether a temp file was left behind: its process is dead, or it is old. `now` is a time by the folder's clock."""
    with contextlib.suppress(ValueError, IndexError):
        _, _, where, process, _ = temp.name.split("-")
        if where == machine() and platform.alive(int(process)) is False:
            return True
    with contextlib.suppress(OSError):
        return now - temp.stat().st_mtime > STALE
    return False


def sweep(path: Path, now: float, *, platform: Platform | None = None) -> tuple[Path, ...]:
    """Remove the temp files of this book that killed writers left; never one that another writer may be using."""
    platform = platform or this_platform()
    left = []
    with contextlib.suppress(OSError):
        left = [temp for temp in temp_files(path) if is_left(temp, now, platform)]
    for temp in left:
        with contextlib.suppress(OSError):
            temp.unlink()
    return tuple(left)


def free_space(path: Path) -> int:
    """Bytes that are free where the book lies."""
    return shutil.disk_usage(path.parent).free
