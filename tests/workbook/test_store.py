"""What replacing a file promises: the old book or the new one, never between, and a sentence for whoever waits."""

from __future__ import annotations

import errno
import io
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest

from workbook import store
from workbook.errors import ChangedUnderneath, WorkbookOpen, WorkbookUnreachable


def book(text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/workbook.xml", text)
    return made.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "伙伴簿.xlsx"
    file.write_bytes(book("old"))
    return file


def test_a_replace_leaves_the_new_bytes_the_old_mode_and_no_temp_file(path: Path) -> None:
    path.chmod(0o640)
    fresh = store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("new") == fresh.data
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(("mark", "program"), [
    ("~$伙伴簿.xlsx", "Excel"), (".~lock.伙伴簿.xlsx#", "LibreOffice"), (".~伙伴簿.xlsx", "WPS"),
])  # fmt: skip
def test_an_open_book_is_left_alone_and_the_program_is_named(path: Path, mark: str, program: str) -> None:
    (path.parent / mark).write_bytes(b"")
    with pytest.raises(WorkbookOpen, match=program):
        store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("old")
    assert sorted(os.listdir(path.parent)) == sorted([path.name, mark])  # the mark is never deleted by us


def test_a_mark_left_by_a_crash_is_told_with_its_age_and_owner(path: Path) -> None:
    mark = path.parent / ".~lock.伙伴簿.xlsx#"
    mark.write_text(",采购部,host,23.11.2026 10:00,file:///;".replace(",采购部", "采购部", 1), encoding="utf-8")
    old = time.time() - 3 * 86_400
    os.utime(mark, (old, old))
    owner = store.owner_file(path)
    assert owner is not None
    assert "采购部" in owner.sentence()
    assert "3 天" in owner.sentence()
    assert "请删除它" in owner.sentence()


def test_a_save_by_somebody_else_meanwhile_is_kept(path: Path) -> None:
    snapshot = store.read(path)
    path.write_bytes(book("theirs"))
    with pytest.raises(ChangedUnderneath):
        store.replace(snapshot, book("ours"))
    assert path.read_bytes() == book("theirs")


def test_touching_the_file_without_changing_it_is_no_change(path: Path) -> None:
    snapshot = store.read(path)
    os.utime(path, (1, 1))
    store.replace(snapshot, book("new"))
    assert path.read_bytes() == book("new")


def test_equal_size_and_time_but_other_content_is_a_change(path: Path) -> None:
    before = store.read(path)
    times = path.stat()
    path.write_bytes(book("odl"))  # same length
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store.read(path).fingerprint != before.fingerprint


class FullDisk(store.Platform):
    def replace(self, source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


class WindowsWithTheBookOpen(store.Platform):
    def replace(self, source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_full_disk_leaves_the_old_book_and_says_so(path: Path) -> None:
    with pytest.raises(WorkbookUnreachable, match="磁盘已满.*原文件没有改动"):
        store.replace(store.read(path), book("new"), platform=FullDisk())
    assert path.read_bytes() == book("old")
    assert os.listdir(path.parent) == [path.name]


def test_on_windows_a_refused_replace_means_that_the_book_is_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = store.read(path)
    monkeypatch.setattr(store.os, "name", "nt")
    with pytest.raises(WorkbookOpen):
        store.replace(snapshot, book("new"), platform=WindowsWithTheBookOpen())
    assert path.read_bytes() == book("old")


def test_windows_does_not_sync_folders(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(store.os, "open", lambda *a, **k: calls.append(a))
    monkeypatch.setattr(store.os, "name", "nt")
    store.Platform().sync_folder(path.parent)
    assert calls == []


def test_temp_files_of_a_killed_writer_are_swept_and_nothing_else(path: Path) -> None:
    left = path.with_name(f".{path.name}.partnerbook-123.tmp")
    left.write_bytes(b"half")
    other = path.with_name(".another.xlsx.partnerbook-123.tmp")
    other.write_bytes(b"half")
    store.replace(store.read(path), book("new"))
    assert not left.exists()
    assert other.exists()


def test_a_new_book_never_overwrites_a_file(path: Path) -> None:
    with pytest.raises(WorkbookUnreachable, match="已经存在"):
        store.create(path, book("new"))
    assert path.read_bytes() == book("old")


def test_a_missing_book_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkbookUnreachable, match="找不到或读不了"):
        store.read(tmp_path / "nowhere.xlsx")


def test_a_link_to_a_book_stays_a_link(path: Path) -> None:
    link = path.with_name("link.xlsx")
    link.symlink_to(path)
    store.replace(store.read(link), book("new"))
    assert link.is_symlink()
    assert path.read_bytes() == book("new")
