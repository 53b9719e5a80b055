"""What replacing a file promises: the old book or the new one, never between, and a sentence for whoever waits."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import stat
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from workbook import backups, store
from workbook.errors import ChangedUnderneath, PartnerBookError, WorkbookOpen, WorkbookUnreachable

NOBODY = 65534


def book(text: str, comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("xl/workbook.xml", (2026, 11, 20, 12, 0, 0)), text)  # the same at any time
        archive.comment = comment
    return made.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "伙伴簿.xlsx"
    file.write_bytes(book("old"))
    return file


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Root may do everything: what is forbidden is tried as somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others than root reach too, with a book in it."""
    with tempfile.TemporaryDirectory(prefix="share-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "簿.xlsx").write_bytes(book("old"))
        (folder / "簿.xlsx").chmod(0o666)
        yield folder
        folder.chmod(0o777)


def beside(path: Path) -> list[str]:
    """What lies in the book's folder, the backups apart."""
    return sorted(name for name in os.listdir(path.parent) if name != backups.FOLDER)


# --- the replace -----------------------------------------------------------------------------------------------------


def test_a_replace_leaves_the_new_bytes_the_old_mode_and_no_temp_file(path: Path) -> None:
    path.chmod(0o640)
    fresh = store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("new") == fresh.data
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert beside(path) == [path.name]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_extended_attributes_stay_with_the_book(path: Path) -> None:
    os.chown(path, 1234, 4321)
    path.chmod(0o664)
    os.setxattr(path, "user.department", "采购".encode())
    store.replace(store.read(path), book("new"))
    assert (path.stat().st_uid, path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (1234, 4321, 0o664)
    assert os.getxattr(path, "user.department") == "采购".encode()


def test_a_name_as_long_as_the_file_system_allows_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / ("簿" * 83 + ".xlsx")  # 254 bytes
    path.write_bytes(book("old"))
    done = store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("new")
    assert done.warnings == () and [b.path.read_bytes() for b in backups.listed(path)] == [book("old")]


def test_brackets_in_a_name_are_only_brackets(tmp_path: Path) -> None:
    path = tmp_path / "簿[1]*.xlsx"
    path.write_bytes(book("old"))
    left = store._temp_name(path)
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    store.replace(store.read(path), book("new"))
    assert not left.exists()


def test_a_link_to_a_book_stays_a_link(path: Path) -> None:
    link = path.with_name("link.xlsx")
    link.symlink_to(path)
    store.replace(store.read(link), book("new"))
    assert link.is_symlink()
    assert path.read_bytes() == book("new")


def test_who_opened_a_link_to_the_book_is_respected_too(path: Path, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    link = tmp_path / "desk" / "快捷.xlsx"
    link.symlink_to(path)
    (tmp_path / "desk" / ".~lock.快捷.xlsx#").write_bytes(b",liu,pc,,;")
    with pytest.raises(WorkbookOpen, match="LibreOffice.*liu"):
        store.replace(store.read(link), book("new"))
    assert path.read_bytes() == book("old")


def test_a_link_that_leads_to_itself_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").symlink_to(tmp_path / "b.xlsx")
    (tmp_path / "b.xlsx").symlink_to(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookUnreachable, match="找不到或读不了"):
        store.read(tmp_path / "a.xlsx")


# --- who has it open -------------------------------------------------------------------------------------------------


def office_mark(name: str, code_page: str = "gbk", room: int = 54) -> bytes:
    """As Excel writes it (165 bytes): count, single bytes in `room`, count, the same in UTF-16, padded with blanks."""
    single = name.encode(code_page, "replace")
    wide = name.ljust(room).encode("utf-16-le")
    return bytes([len(name)]) + single.ljust(room)[:room] + struct.pack("<H", len(name)) + wide


@pytest.mark.parametrize(("mark", "program"), [
    ("~$伙伴簿.xlsx", "Excel"), (".~lock.伙伴簿.xlsx#", "LibreOffice"), (".~伙伴簿.xlsx", "WPS"),
])  # fmt: skip
def test_an_open_book_is_left_alone_and_the_program_is_named(path: Path, mark: str, program: str) -> None:
    (path.parent / mark).write_bytes(b"")
    with pytest.raises(WorkbookOpen, match=program):
        store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("old")
    assert sorted(os.listdir(path.parent)) == sorted([path.name, mark])  # the mark is never deleted by us


@pytest.mark.parametrize("mark", ["~$伙伴簿.xlsx", ".~伙伴簿.xlsx"])
@pytest.mark.parametrize("name", ["张伟", "采购部 李娜", "O'Neil", "x" * 52])
def test_the_name_in_an_owner_file_is_shown_also_in_chinese(path: Path, mark: str, name: str) -> None:
    assert len(office_mark(name)) == 165
    (path.parent / mark).write_bytes(office_mark(name))
    with pytest.raises(WorkbookOpen) as raised:
        store.check_free(path)
    assert f"（{name}）" in str(raised.value)


def test_an_owner_file_with_one_byte_less_room_is_read_too(path: Path) -> None:
    (path.parent / "~$伙伴簿.xlsx").write_bytes(office_mark("王芳", room=53))
    owner = store.owner_file(path)
    assert owner and owner.who == "王芳" and len(owner.path.read_bytes()) == 162


@pytest.mark.parametrize(
    "content", [b"\x00" * 165, b"\xff" * 165, b"\x06", b"\x09half", random.Random(7).randbytes(40)]
)
def test_a_mark_that_says_nothing_still_counts(path: Path, content: bytes) -> None:
    (path.parent / "~$伙伴簿.xlsx").write_bytes(content)
    with pytest.raises(WorkbookOpen, match="Excel"):
        store.check_free(path)


def test_a_mark_that_may_not_be_read_still_counts(shared: Path) -> None:
    (shared / "~$簿.xlsx").write_bytes(office_mark("张伟"))
    (shared / "~$簿.xlsx").chmod(0)
    with as_nobody(), pytest.raises(WorkbookOpen, match="Excel"):
        store.check_free(shared / "簿.xlsx")


def test_a_mark_without_the_first_letters_counts_unless_it_is_that_of_another_book(tmp_path: Path) -> None:
    path, other = tmp_path / "2026-伙伴评估簿.xlsx", tmp_path / "26-伙伴评估簿.xlsx"
    path.write_bytes(book("old"))
    (tmp_path / "~$26-伙伴评估簿.xlsx").write_bytes(office_mark("张伟"))
    with pytest.raises(WorkbookOpen, match="张伟"):
        store.check_free(path)
    other.write_bytes(book("other"))
    store.check_free(path)
    with pytest.raises(WorkbookOpen, match="张伟"):
        store.check_free(other)


@pytest.mark.parametrize(("content", "who"), [
    (",caigou,pc-7,23.11.2026 10:00,file:///home/caigou/profile;", "caigou"),
    ("采购部,caigou,pc-7,23.11.2026 10:00,file:///;", "采购部"),
])  # fmt: skip
def test_a_mark_left_by_a_crash_is_told_with_its_age_and_owner(path: Path, content: str, who: str) -> None:
    mark = path.parent / ".~lock.伙伴簿.xlsx#"
    mark.write_text(content, encoding="utf-8")
    old = time.time() - 3 * 86_400
    os.utime(mark, (old, old))
    owner = store.owner_file(path)
    assert owner is not None
    for said in (who, "3 天", "请删除它", mark.name):
        assert said in owner.sentence()
    assert mark.exists()


# --- changed under our hands -----------------------------------------------------------------------------------------


def test_a_save_by_somebody_else_meanwhile_is_kept(path: Path) -> None:
    snapshot = store.read(path)
    path.write_bytes(book("theirs"))
    with pytest.raises(ChangedUnderneath):
        store.replace(snapshot, book("ours"))
    assert path.read_bytes() == book("theirs")


def swap(path: Path) -> None:
    other = path.with_name("theirs.part")
    other.write_bytes(book("theirs"))
    other.replace(path)


def overwrite(path: Path) -> None:
    path.write_bytes(book("theirs"))


BEFORE = ("temp-half", "temp-written", "temp-synced", "checked")


@pytest.mark.parametrize("links", [True, False], ids=["links", "copies"])
@pytest.mark.parametrize("save", [swap, overwrite])
@pytest.mark.parametrize("name", BEFORE)
def test_a_save_at_any_step_before_the_replace_wins_and_leaves_no_trace_of_ours(
    path: Path, name: str, save: Any, links: bool
) -> None:
    snapshot = store.read(path)
    platform = store.Platform() if links else FailsAt("link", errno.EPERM)
    with pytest.raises(ChangedUnderneath):
        store.replace(snapshot, book("ours"), step=lambda now: save(path) if now == name else None, platform=platform)
    assert path.read_bytes() == book("theirs")
    assert beside(path) == [path.name] and backups.listed(path) == ()


@pytest.mark.parametrize("name", ["replaced", "folder-synced"])
def test_a_save_right_after_the_replace_is_what_is_read_back(path: Path, name: str) -> None:
    done = store.replace(store.read(path), book("ours"), step=lambda now: swap(path) if now == name else None)
    assert done.data == path.read_bytes() == book("theirs")
    assert done.fingerprint == store.central_directory_fingerprint(book("theirs"))


@pytest.mark.parametrize("name", BEFORE)
def test_a_book_that_was_moved_away_is_not_made_a_second_time(path: Path, name: str) -> None:
    def step(now: str) -> None:
        if now == name:
            path.rename(path.with_name("改了名.xlsx"))

    with pytest.raises(WorkbookUnreachable, match="不在原来的地方"):
        store.replace(store.read(path), book("new"), step=step)
    assert beside(path) == ["改了名.xlsx"]
    assert path.with_name("改了名.xlsx").read_bytes() == book("old")


def test_touching_the_file_without_changing_it_is_no_change(path: Path) -> None:
    snapshot = store.read(path)
    os.utime(path, (1, 1))
    store.replace(snapshot, book("new"))
    assert path.read_bytes() == book("new")


# --- the fingerprint -------------------------------------------------------------------------------------------------


def test_equal_size_and_time_but_other_content_is_a_change(path: Path) -> None:
    before = store.read(path)
    times = path.stat()
    path.write_bytes(book("odl"))  # same length
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store.read(path).fingerprint != before.fingerprint


def in_64_bits(data: bytes) -> bytes:
    """The same zip with its end record in 64-bit form, as very large files have it."""
    end = data.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HII", data, end + 10)
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    short = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:end] + record + locator + short


def many() -> bytes:
    """A zip whose directory alone is longer than what is read at first."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(2000):
            archive.writestr(f"xl/worksheets/a-rather-long-name-of-a-sheet-that-nobody-needs-{number:05}.xml", b"")
    return made.getvalue()


ZIPS = {
    "plain": book("old"),
    "with a comment": book("old", b"a comment with PK\5\6 in it"),
    "64 bits": in_64_bits(book("old")),
    "a long directory": many(),
}


@pytest.mark.parametrize("name", ZIPS)
def test_the_fingerprint_of_a_zip_is_its_directory_alone(name: str, tmp_path: Path) -> None:
    data = ZIPS[name]
    start = data.index(b"PK\1\2")
    (tmp_path / "a.xlsx").write_bytes(data)
    print_of = store.central_directory_fingerprint
    assert store.fingerprint_of(tmp_path / "a.xlsx") == print_of(data)
    content = bytearray(data)
    content[30] ^= 1  # a byte of the first member's name: the directory tells of nothing
    assert print_of(bytes(content)) == print_of(data)
    entry = bytearray(data)
    entry[start + 16] ^= 1  # the CRC of the first member in the directory
    (tmp_path / "a.xlsx").write_bytes(entry)
    assert store.fingerprint_of(tmp_path / "a.xlsx") == print_of(bytes(entry)) != print_of(data)


@pytest.mark.parametrize("data", [
    b"", b"PK\5\6", b"no zip" * 40_000, b"PK\5\6" + b"\xff" * 18, in_64_bits(book("old"))[:-40], random.Random(8).randbytes(300_000),
    b"x" * 100 + book("behind something else"),
])  # fmt: skip
def test_the_fingerprint_of_anything_else_is_all_of_it(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    assert store.fingerprint_of(tmp_path / "a") == store.central_directory_fingerprint(data)
    if data:
        other = bytes([data[0] ^ 1]) + data[1:]
        assert store.central_directory_fingerprint(other) != store.central_directory_fingerprint(data)


# --- what the system refuses -----------------------------------------------------------------------------------------


class FailsAt(store.Platform):
    """A system on which one call fails; the others do their work."""

    def __init__(self, call: str, number: int, times: int = 99):
        self.call, self.number, self.left = call, number, times

    def _perhaps(self, call: str) -> None:
        if call == self.call and self.left:
            self.left -= 1
            raise OSError(self.number, os.strerror(self.number))

    def write(self, handle: BinaryIO, data: bytes | memoryview) -> None:
        super().write(handle, data[: len(data) // 2])
        self._perhaps("write")
        super().write(handle, data[len(data) // 2 :])

    def sync_file(self, handle: BinaryIO) -> None:
        self._perhaps("sync_file")
        super().sync_file(handle)

    def replace(self, source: Path, target: Path) -> None:
        self._perhaps("replace")
        super().replace(source, target)

    def sync_folder(self, folder: Path) -> None:
        self._perhaps("sync_folder")
        super().sync_folder(folder)

    def link(self, source: Path, target: Path) -> None:
        self._perhaps("link")
        super().link(source, target)


@pytest.mark.parametrize(("call", "number", "said"), [
    ("write", errno.ENOSPC, "磁盘已满"),
    ("write", errno.EDQUOT, "磁盘已满"),
    ("sync_file", errno.ENOSPC, "磁盘已满"),
    ("sync_file", errno.EIO, "磁盘读写出错"),
    ("replace", errno.ENOSPC, "磁盘已满"),
    ("replace", errno.EIO, "磁盘读写出错"),
    ("replace", errno.EACCES, "没有写入文件夹"),
    ("replace", errno.ENOENT, "临时文件"),
])  # fmt: skip
def test_a_disk_that_fails_leaves_the_old_book_and_says_so(path: Path, call: str, number: int, said: str) -> None:
    with pytest.raises(WorkbookUnreachable, match=f"{said}.*原文件没有改动|原文件没有改动.*{said}"):
        store.replace(store.read(path), book("new"), platform=FailsAt(call, number))
    assert path.read_bytes() == book("old")
    assert beside(path) == [path.name] and backups.listed(path) == ()


def test_a_folder_that_was_not_synced_is_told_and_not_as_if_nothing_had_changed(path: Path) -> None:
    with pytest.raises(WorkbookUnreachable, match="已经换成新的内容.*磁盘没有确认") as raised:
        store.replace(store.read(path), book("new"), platform=FailsAt("sync_folder", errno.EIO))
    assert "没有改动" not in str(raised.value)
    assert path.read_bytes() == book("new")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_share_that_syncs_no_folders_is_no_error(path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(store.os, "fsync", fsync)
    store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("new")


def test_a_full_disk_is_first_helped_by_older_backups(path: Path) -> None:
    for number in range(6):
        store.replace(store.read(path), book(f"{number}"))
    store.replace(store.read(path), book("new"), platform=FailsAt("write", errno.ENOSPC, times=1))
    assert path.read_bytes() == book("new")
    assert len(backups.listed(path)) == backups.LEAST + 1


def test_a_read_only_book_is_refused_also_where_the_folder_would_allow_it(path: Path) -> None:
    path.chmod(0o444)
    with pytest.raises(WorkbookUnreachable, match="只读"):
        store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("old") and beside(path) == [path.name]


def test_a_book_that_this_account_may_not_change_is_refused(shared: Path) -> None:
    (shared / "簿.xlsx").chmod(0o644)
    if os.geteuid() != 0:
        pytest.skip("needs a second account")
    with as_nobody(), pytest.raises(WorkbookUnreachable, match="权限"):
        store.replace(store.read(shared / "簿.xlsx"), book("new"))
    assert (shared / "簿.xlsx").read_bytes() == book("old")


def test_a_folder_that_may_not_be_written_is_a_sentence(shared: Path) -> None:
    shared.chmod(0o555)
    with as_nobody(), pytest.raises(WorkbookUnreachable, match=f"没有写入文件夹 {shared}"):
        store.replace(store.read(shared / "簿.xlsx"), book("new"))
    assert (shared / "簿.xlsx").read_bytes() == book("old")


def test_a_missing_book_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkbookUnreachable, match="找不到或读不了"):
        store.read(tmp_path / "nowhere.xlsx")


# --- Windows, by injection -------------------------------------------------------------------------------------------


class WindowsHere(store.Windows):
    """Windows as far as its rules go, on the system that runs the tests."""

    pauses = (0.0, 0.0, 0.0)

    def __init__(self, refusals: int):
        self.refusals = refusals

    def replace(self, source: Path, target: Path) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PermissionError(errno.EACCES, "Permission denied")
        super().replace(source, target)


def test_on_windows_a_scanner_that_lets_go_in_a_moment_is_waited_for(path: Path) -> None:
    store.replace(store.read(path), book("new"), platform=WindowsHere(refusals=3))
    assert path.read_bytes() == book("new")


def test_on_windows_a_refused_replace_means_that_the_book_is_open(path: Path) -> None:
    with pytest.raises(WorkbookOpen, match="正在被别的程序使用"):
        store.replace(store.read(path), book("new"), platform=WindowsHere(refusals=4))
    assert path.read_bytes() == book("old")
    assert beside(path) == [path.name] and backups.listed(path) == ()


def test_the_real_pauses_on_windows_are_short(path: Path) -> None:
    assert 1 < sum(store.Windows.pauses) < 3


def test_on_windows_a_folder_without_permission_is_not_taken_for_an_open_book(shared: Path) -> None:
    shared.chmod(0o555)
    with as_nobody(), pytest.raises(WorkbookUnreachable, match="没有写入文件夹"):
        store.replace(store.read(shared / "簿.xlsx"), book("new"), platform=WindowsHere(refusals=0))


def test_on_windows_a_book_that_cannot_be_read_is_open_and_elsewhere_it_is_forbidden(shared: Path) -> None:
    (shared / "簿.xlsx").chmod(0)
    with as_nobody(), pytest.raises(WorkbookOpen, match="占用"):
        store.read(shared / "簿.xlsx", platform=WindowsHere(refusals=0))
    with as_nobody(), pytest.raises(WorkbookUnreachable, match="权限"):
        store.read(shared / "簿.xlsx", platform=store.Platform())


def test_windows_neither_syncs_folders_nor_sends_signals_to_processes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(store.os, "open", lambda *a, **k: calls.append("open"))
    monkeypatch.setattr(store.os, "kill", lambda *a: calls.append("kill"))
    windows = store.Windows()
    windows.sync_folder(path.parent)
    assert windows.alive(os.getpid()) is None
    assert calls == []


def test_the_port_is_chosen_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(store.os, "name", "nt")
        assert store.this_platform().windows
    with monkeypatch.context() as patched:
        patched.setattr(store.os, "name", "posix")
        assert not store.this_platform().windows


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "cp437"])
def test_what_a_command_says_is_utf_8_whatever_the_console(encoding: str, tmp_path: Path) -> None:
    code = "from workbook.cli import main; main(prog_name='partnerbook')"
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for words, stream, said in (
        (("--help",), "stdout", "伙伴簿 PartnerBook"),
        (("new", str(tmp_path / "簿.xlsx"), "--help"), "stdout", "示例数据"),
        (("append", str(tmp_path / "没有.xlsx"), "t", "-"), "stderr", "没有要加的行"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, input=b"", env=env, check=False
        )
        assert said in getattr(done, stream).decode("utf-8")


# --- temp files of others --------------------------------------------------------------------------------------------


def dead_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def temp_of(path: Path, machine: str, process: int, age: float = 0) -> Path:
    temp = path.with_name(f"{store._temp_prefix(path)}{machine}-{process}-abcdef.tmp")
    temp.write_bytes(b"half")
    if age:
        os.utime(temp, (time.time() - age,) * 2)
    return temp


def test_temp_files_of_a_killed_writer_are_swept_and_nothing_else(path: Path) -> None:
    mine, dead = store.machine(), dead_process()
    gone = [temp_of(path, mine, dead), temp_of(path, "ffffffff", 1, age=2 * store.STALE)]
    stays = [
        temp_of(path, mine, os.getppid()),  # a live process of this machine
        temp_of(path, "ffffffff", dead, age=60),  # another machine: its processes are not ours to ask about
        temp_of(path.with_name("another.xlsx"), mine, dead),
    ]
    folder = path.with_name(f"{store._temp_prefix(path)}{mine}-{dead}-fedcba.tmp")
    folder.mkdir()
    store.replace(store.read(path), book("new"))
    assert not any(temp.exists() for temp in gone)
    assert all(temp.exists() for temp in stays) and folder.exists()


def test_the_age_of_a_temp_file_is_told_by_the_clock_of_the_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file server whose clock is hours behind ours must not make a live temp file look old."""
    temp = temp_of(path, "ffffffff", 1, age=5 * 3600)
    store.sweep(path, temp.stat().st_mtime + 60)
    assert temp.exists()
    store.sweep(path, temp.stat().st_mtime + 2 * store.STALE)
    assert not temp.exists()


def test_two_writers_at_once_never_take_each_others_temp_file(path: Path) -> None:
    """The second begins and ends while the first is between its fsync and its check; the first then gives way."""
    snapshot = store.read(path)
    names: list[list[str]] = []

    def step(now: str) -> None:
        if now == "temp-synced":
            store.replace(store.read(path), book("second"))
            names.append(beside(path))

    with pytest.raises(ChangedUnderneath):
        store.replace(snapshot, book("first"), step=step)
    assert path.read_bytes() == book("second")
    assert len(names[0]) == 2  # the book, and the first one's temp file, which the second left alone
    assert beside(path) == [path.name]


def test_writers_in_two_processes_do_not_disturb_each_other(path: Path) -> None:
    """Each counts a number in the book up: no temp file is stolen, no half is read, and nobody fails for another."""
    code = (
        "import sys, pathlib, io, zipfile\n"
        "from workbook import store\n"
        "from workbook.errors import ChangedUnderneath\n"
        "from tests.workbook.test_store import book\n"
        "path, done = pathlib.Path(sys.argv[1]), 0\n"
        "while done < 25:\n"
        "    seen = store.read(path)\n"
        "    text = zipfile.ZipFile(io.BytesIO(seen.data)).read('xl/workbook.xml').decode()\n"
        "    number = int(text) if text.isdecimal() else 0\n"
        "    try:\n"
        "        store.replace(seen, book(str(number + 1)))\n"
        "        done += 1\n"
        "    except ChangedUnderneath:\n"
        "        pass\n"
    )
    root = Path(__file__).parents[2]
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=root) for _ in range(2)]
    assert [one.wait(timeout=120) for one in running] == [0, 0]
    text = zipfile.ZipFile(path).read("xl/workbook.xml").decode()
    assert 25 <= int(text) <= 50  # between the last look and the replace no file system helps; the book is whole
    assert beside(path) == [path.name]


# --- a new book ------------------------------------------------------------------------------------------------------


def test_a_new_book_never_overwrites_a_file(path: Path) -> None:
    with pytest.raises(WorkbookUnreachable, match="已经存在"):
        store.create(path, book("new"))
    assert path.read_bytes() == book("old")


@pytest.mark.parametrize(("call", "number", "said"), [
    ("write", errno.ENOSPC, "磁盘已满"), ("sync_file", errno.EIO, os.strerror(errno.EIO)),
])  # fmt: skip
def test_a_new_book_that_cannot_be_finished_leaves_no_half(tmp_path: Path, call: str, number: int, said: str) -> None:
    with pytest.raises(WorkbookUnreachable, match=said):
        store.create(tmp_path / "a" / "簿.xlsx", book("new"), platform=FailsAt(call, number))
    assert os.listdir(tmp_path / "a") == []


def test_every_refusal_says_whether_trying_again_helps(path: Path) -> None:
    for refusal in (WorkbookOpen, ChangedUnderneath, WorkbookUnreachable):
        assert issubclass(refusal, PartnerBookError) and refusal.permanent is False
