"""Disks, locks, other writers: the old book or the new book, nothing lost or doubled, one clear sentence for staff."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from forms_server.database import books
from forms_server.delivery import Loop, Pass
from forms_server.house import House, open_house
from forms_server.seeing import look
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, ids_of, rows_of
from workbook import store
from workbook.ooxml import Book
from workbook.store import Platform

READY = (1, 2)  # submissions that the book holds before the fault; 1 gets a correction, 3 is new


@pytest.fixture
def used(house: House) -> House:
    for n in READY:
        house.inbox.submit(candidate(n, main_business="旧"))
    house.delivery.run()
    house.inbox.submit(candidate(1, main_business="新"), version=2)
    house.inbox.submit(candidate(3, main_business="旧"))
    return house


def whole_in_the_end(house: House, **own: str) -> None:
    """After the fault is gone: every submission one row, the correction in it, staff's own cells untouched."""
    for _ in range(3):
        house.delivery.run()
    rows = {row["提交标识"]: row for row in rows_of(house.path)}
    assert sorted(ids_of(house.path)) == [candidate(n).id for n in (1, 2, 3)]
    assert rows[candidate(1).id]["主营业务"] == "新" and rows[candidate(1).id]["版本"] == 2
    for key, remark in own.items():
        assert [row["备注"] for row in rows.values() if row["候选编号"] == key.replace("_", "-")] == [remark]
    assert len(rows_of(house.path, "changes")) == 1
    report = verify_receipts(house.inbox, house.path)
    assert report.ok and report.in_book == 3 and not report.waiting and not report.corrections_waiting, report.text()
    assert not store.temp_files(house.path)


def staff_save(path: Path, key: str, remark: str) -> None:
    """A person's program replaces the file."""
    book = Book.read(path.read_bytes())
    book.update("candidates", "候选编号", {key: {"备注": remark}})
    fresh = path.with_name("theirs.tmp")
    fresh.write_bytes(book.to_bytes())
    fresh.replace(path)


# --- the disk ---------------------------------------------------------------------------------------------------------


class Disk(Platform):
    """A disk that fails at one call, once or from then on."""

    def __init__(self, at: str, number: int):
        self.at, self.number = at, number

    def _fail(self, at: str) -> None:
        if at == self.at:
            raise OSError(self.number, os.strerror(self.number))

    def write(self, handle: BinaryIO, data: bytes | memoryview) -> None:
        half = memoryview(data)[: len(data) // 2]
        super().write(handle, half if self.at == "write" else data)  # a part of it may be there already
        self._fail("write")

    def sync_file(self, handle: BinaryIO) -> None:
        self._fail("sync_file")
        super().sync_file(handle)

    def replace(self, source: Path, target: Path) -> None:
        self._fail("replace")
        super().replace(source, target)

    def sync_folder(self, folder: Path) -> None:
        self._fail("sync_folder")
        super().sync_folder(folder)


@pytest.mark.parametrize(
    ("at", "number", "words"),
    [("write", errno.ENOSPC, ("磁盘已满", "原文件没有改动")), ("sync_file", errno.EIO, ("磁盘读写出错", "原文件没有改动")),
     ("sync_file", errno.ENOSPC, ("磁盘已满", "原文件没有改动")), ("replace", errno.EIO, ("磁盘读写出错", "原文件没有改动")),
     ("write", errno.EROFS, ("只读", "原文件没有改动")), ("replace", errno.EACCES, ("权限", "原文件没有改动"))],
)  # fmt: skip
def test_a_disk_that_fails_leaves_the_old_book_and_says_so(
    used: House, at: str, number: int, words: tuple[str, ...]
) -> None:
    before = used.path.read_bytes()
    sound, used.delivery.platform = used.delivery.platform, Disk(at, number)
    done = used.delivery.run(retry_in=2)
    assert used.path.read_bytes() == before
    assert (done.delivered, done.corrected, done.waiting) == (0, 0, 2)
    assert len(done.reasons) == 1 and all(word in done.reasons[0] for word in words), done.reasons
    state = used.inbox.state()
    assert state.reason == done.reasons[0] and state.reason_since is not None
    assert state.next_try is not None and state.next_try > state.reason_since
    used.delivery.platform = sound
    whole_in_the_end(used)
    assert used.inbox.state().reason is None and used.inbox.state().next_try is None


def test_a_folder_that_cannot_be_synced_is_told_after_the_new_book_is_there(used: House) -> None:
    sound, used.delivery.platform = used.delivery.platform, Disk("sync_folder", errno.EIO)
    done = used.delivery.run()
    assert "磁盘没有确认" in done.reasons[0]
    assert len(ids_of(used.path)) == 3  # it stands there, and the next pass finds that out by the ids
    used.delivery.platform = sound
    whole_in_the_end(used)


def test_a_real_limit_of_the_disk_in_the_middle_of_the_file_leaves_the_old_book(used: House, tmp_path: Path) -> None:
    before = used.path.read_bytes()
    pid = os.fork()
    if pid == 0:
        try:
            house = open_house(used.path, tmp_path / "data")
            house.inbox._engine.dispose()

            def step(name: str) -> None:
                if name == "numbered":
                    half = len(before) // 3
                    resource.setrlimit(resource.RLIMIT_FSIZE, (half, half))

            house.delivery.step = step
            with open(tmp_path / "told", "w") as told:  # noqa: PTH123
                house.delivery.inbox.explain = lambda *_: None  # type: ignore[method-assign]
                told.write(" ".join(house.delivery.run().reasons))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert used.path.read_bytes() == before
    whole_in_the_end(used)


# --- programs and people ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mark", "program"), [("~${}", "Excel"), (".~lock.{}#", "LibreOffice"), (".~{}", "WPS")])
def test_a_book_that_is_open_is_left_alone_and_the_sentence_names_the_program(
    used: House, mark: str, program: str
) -> None:
    before = used.path.read_bytes()
    owner = used.path.with_name(mark.format(used.path.name))
    owner.write_bytes(b"")
    done = used.delivery.run()
    assert used.path.read_bytes() == before and done.waiting == 2
    assert len(done.reasons) == 1 and program in done.reasons[0] and "关闭后会自动写入" in done.reasons[0]
    owner.unlink()
    whole_in_the_end(used)


def test_a_read_only_book_is_left_alone_and_the_sentence_says_what_to_change(used: House) -> None:
    before = used.path.read_bytes()
    used.path.chmod(stat.S_IRUSR)
    done = used.delivery.run()
    assert used.path.read_bytes() == before
    assert "只读" in done.reasons[0] and "没有改动" in done.reasons[0]
    used.path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    whole_in_the_end(used)


def test_a_book_that_was_moved_away_waits_and_comes_back(used: House, tmp_path: Path) -> None:
    away = tmp_path / "away.xlsx"
    used.path.rename(away)
    done = used.delivery.run()
    assert "找不到" in done.reasons[0] and done.waiting == 2
    away.rename(used.path)
    whole_in_the_end(used)


def test_something_else_at_the_path_is_not_touched(used: House, tmp_path: Path) -> None:
    away = tmp_path / "away.xlsx"
    used.path.rename(away)
    used.path.write_bytes(b"not a workbook")
    done = used.delivery.run()
    assert done.reasons and used.path.read_bytes() == b"not a workbook"
    away.replace(used.path)
    whole_in_the_end(used)


@pytest.mark.parametrize("at", ["leased", "numbered", "temp-half", "temp-synced", "checked", "the last look"])
def test_a_save_that_slips_in_is_never_overwritten(used: House, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []

    def slip_in() -> None:
        if not saved:
            saved.append(1)
            staff_save(used.path, "C-0002", "刚写的话")

    if at == "the last look":
        plain = used.delivery.hold
        monkeypatch.setattr(used.delivery, "hold", lambda: (plain(), slip_in()))
    used.delivery.step = lambda name: slip_in() if name == at else None
    done = used.delivery.run()
    assert saved and done.delivered == 0
    assert "刚刚被别人保存" in done.reasons[0] and "重新写入" in done.reasons[0]
    whole_in_the_end(used, C_0002="刚写的话")


@pytest.mark.parametrize("at", ["leased", "numbered", "temp-synced", "checked", "replaced", "folder-synced", "placed"])
def test_a_backup_put_back_in_the_middle_of_a_pass_gets_everything_again(used: House, tmp_path: Path, at: str) -> None:
    backup, put = tmp_path / "backup.xlsx", []
    shutil.copy(used.path, backup)
    used.inbox.submit(candidate(2, main_business="旧", technology="补"), version=2)
    used.delivery.run()
    used.inbox.submit(candidate(4))

    def step(name: str) -> None:
        if name == at and not put:
            put.append(name)
            shutil.copy(backup, tmp_path / "theirs.xlsx")
            (tmp_path / "theirs.xlsx").replace(used.path)

    used.delivery.step = step
    used.delivery.run()
    assert put
    for _ in range(3):
        used.delivery.run()
    rows = {row["提交标识"]: row for row in rows_of(used.path)}
    assert sorted(ids_of(used.path)) == [candidate(n).id for n in (1, 2, 3, 4)]
    assert rows[candidate(1).id]["主营业务"] == "新" and rows[candidate(2).id]["核心技术"] == "补"
    assert len(rows_of(used.path, "changes")) == 2
    assert "较早的版本" in (used.inbox.state().notice or "")
    assert verify_receipts(used.inbox, used.path).ok


# --- other writers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(used: House, tmp_path: Path) -> House:
    """A server on another machine: the same database and book, another place, so that no file lock is between them."""
    return open_house(used.path, tmp_path / "elsewhere", str(used.data / "inbox.sqlite"))


def let_lease_run_out(house: House) -> None:
    with house.inbox.transaction() as connection:
        connection.execute(books.update().values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))


@pytest.mark.parametrize(
    "at", ["leased", "numbered", "temp-half", "temp-written", "temp-synced", "checked", "the last look"]
)
def test_a_writer_that_wakes_after_its_lease_ran_out_writes_nothing(
    used: House, elsewhere: House, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops at a step; meanwhile another takes over, delivers, and staff save; then it goes on."""
    after: list[bytes] = []

    def stall() -> None:
        if after:
            return
        let_lease_run_out(used)
        done = elsewhere.delivery.run()
        assert (done.delivered, done.corrected, done.reasons) == (1, 1, [])
        staff_save(used.path, "C-0002", "刚写的话")
        after.append(used.path.read_bytes())

    if at == "the last look":
        plain = used.delivery.hold
        monkeypatch.setattr(used.delivery, "hold", lambda: (stall(), plain()))
    used.delivery.step = lambda name: stall() if name == at else None
    done = used.delivery.run()
    assert after and used.path.read_bytes() == after[0], "it wrote"
    assert done.delivered == 0 and len(done.reasons) == 1
    assert "没有写入" in done.reasons[0] or "重新写入" in done.reasons[0], done.reasons
    states = {row.state for row in used.inbox.all()}
    assert states == {"confirmed"}, "it changed what the other one had settled"
    whole_in_the_end(used, C_0002="刚写的话")


def test_a_writer_that_slept_over_its_reading_settles_nothing_by_what_it_read(
    used: House, elsewhere: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read the old file; meanwhile another delivered. By the old file all that would never have been written."""
    from forms_server import delivery

    read: list[int] = []

    def slow(book: Book, jumps: Any) -> Any:
        seen = look(book, jumps)
        read.append(1)
        if len(read) == 1:
            let_lease_run_out(used)
            assert elsewhere.delivery.run().reasons == []
        return seen

    monkeypatch.setattr(delivery, "look", slow)
    done = used.delivery.run()
    assert "另一个进程已接手" in done.reasons[0]
    assert {row.state for row in used.inbox.all()} == {"confirmed"}
    assert all(row.generation is not None for row in used.inbox.all())
    whole_in_the_end(used)


def test_the_token_alone_stops_a_stale_writer_even_if_the_file_is_the_same(used: House, elsewhere: House) -> None:
    """The other one took over but has not written yet: the fingerprint cannot tell, the lease does."""
    before = used.path.read_bytes()

    def step(name: str) -> None:
        if name == "checked":
            let_lease_run_out(used)
            assert elsewhere.inbox.take_lease(elsewhere.delivery.me)

    used.delivery.step = step
    done = used.delivery.run()
    assert used.path.read_bytes() == before
    assert "另一个进程已接手" in done.reasons[0] and "没有写入" in done.reasons[0]
    elsewhere.inbox.drop_lease(elsewhere.delivery.me)
    used.delivery.step = lambda name: None
    whole_in_the_end(used)


def test_while_one_writes_the_other_waits_its_turn_and_says_why(used: House, elsewhere: House) -> None:
    with used.delivery.only_writer():
        done = elsewhere.delivery.run()
    assert done.delivered == 0 and "另一个进程正在写入" in done.reasons[0] and done.waiting == 2
    whole_in_the_end(elsewhere)


def race(book: Path, places: list[tuple[Path, str | None]], numbers: range) -> None:
    """A process per place; each takes its share of submissions, corrects them, and delivers all the while."""
    pids = []
    for index, (data, database) in enumerate(places):
        pid = os.fork()
        if pid == 0:
            try:
                house = open_house(book, data, database)
                house.delivery.batch = 3
                mine = list(numbers)[index :: len(places)]
                for number in mine:
                    house.inbox.submit(candidate(number, main_business="旧"))
                    house.delivery.run()
                    house.inbox.submit(candidate(number, main_business="新"), version=2)
                    house.delivery.run()
            finally:
                os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


@pytest.mark.parametrize("shared", [True, False], ids=["one data folder", "two machines, one database"])
def test_two_server_processes_racing_on_one_book_lose_and_double_nothing(
    house: House, tmp_path: Path, shared: bool
) -> None:
    database = str(house.data / "inbox.sqlite")
    house.inbox._engine.dispose()
    first = (tmp_path / "data", None)
    other = first if shared else (tmp_path / "elsewhere", database)
    race(house.path, [first, other], range(1, 25))
    for _ in range(4):
        house.delivery.run()
    rows = rows_of(house.path)
    assert sorted(row["提交标识"] for row in rows) == [candidate(n).id for n in range(1, 25)]
    assert {row["主营业务"] for row in rows} == {"新"} and {row["版本"] for row in rows} == {2}
    log = [row["变更编号"] for row in rows_of(house.path, "changes")]
    assert len(log) == len(set(log))
    assert verify_receipts(house.inbox, house.path).ok


# --- a backlog, and what staff see ------------------------------------------------------------------------------------


def test_a_backlog_goes_in_batches_with_progress_and_refuses_single_rows_alone(house: House) -> None:
    bad = {7: {"main_business": "x" * 40_000}, 19: {"technology": "\ufffe"}, 28: {"company_type": "no such code"}}
    for n in range(1, 41):
        house.inbox.submit(candidate(n, **bad.get(n, {})))
    house.delivery.batch = 12
    seen: list[tuple[int, int]] = []
    done = house.delivery.run(progress=lambda now, total: seen.append((now, total)))
    assert (done.delivered, done.waiting, done.batches) == (37, 3, 4)
    assert [total for _, total in seen] == [40, 40, 40, 40] and [now for now, _ in seen] == sorted(
        now for now, _ in seen
    )
    assert len(done.reasons) == 3 and all("其他提交不受影响" in reason for reason in done.reasons)
    assert sorted(ids_of(house.path)) == sorted(candidate(n).id for n in range(1, 41) if n not in bad)
    assert house.inbox.state().reason is None  # nothing is in the way of the others
    assert house.delivery.idle()


def test_a_receipt_knows_since_when_it_waits_and_when_it_is_tried_next(used: House) -> None:
    code = used.inbox.submit(candidate(9))
    owner = used.path.with_name(f"~${used.path.name}")
    owner.write_bytes(b"")
    used.delivery.run(retry_in=30)
    receipt = used.inbox.receipt(code)
    assert receipt is not None and "Excel" in receipt.book_line
    assert receipt.waits_since is not None and receipt.next_try is not None
    assert timedelta(seconds=25) < receipt.next_try - receipt.waits_since <= timedelta(seconds=35)
    time.sleep(1.1)
    used.delivery.run(retry_in=30)
    again = used.inbox.receipt(code)
    assert again is not None and again.waits_since == receipt.waits_since  # the same trouble, still since then
    assert again.next_try is not None and again.next_try > receipt.next_try


def test_the_loop_backs_off_while_the_book_is_open_and_delivers_once_it_is_closed(used: House) -> None:
    passes: list[tuple[float, Pass]] = []
    owner = used.path.with_name(f"~${used.path.name}")
    owner.write_bytes(b"")
    loop = Loop(used.delivery, pause=0.1, report=lambda done: passes.append((time.monotonic(), done)))
    loop.start()
    try:
        _until(lambda: len(passes) >= 6)  # the next try is more than six seconds off
        gaps = [later - sooner for (sooner, _), (later, _) in pairwise(passes)]
        assert gaps[-1] > gaps[0]
        assert all("Excel" in done.reasons[0] for _, done in passes)
        owner.unlink()
        closed = time.monotonic()
        _until(lambda: passes[-1][1].delivered == 1)
        assert passes[-1][0] - closed < 5  # nobody who closed the book waits for the back-off
    finally:
        loop.stop()
    whole_in_the_end(used)


def _until(happened: Callable[[], bool], seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def test_evaluation_by_the_server_waits_for_the_one_writer(used: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results go into the same file: the server writes them as its one writer too."""
    from forms_server import serving
    from workbook import evaluating

    entered, held = threading.Event(), []
    monkeypatch.setattr(evaluating, "evaluate_file", lambda path, step: (step("checked"), entered.set()))
    used.delivery.run()

    def evaluate(path: Path) -> Any:
        with used.inbox.reading() as connection:
            held.append(connection.scalar(books.select().with_only_columns(books.c.lease_owner)))
        return serving.evaluate(path, used.delivery)

    loop = Loop(used.delivery, pause=0.05, evaluate=evaluate, quiet=0.1)
    loop.start()
    try:
        assert entered.wait(20)
    finally:
        loop.stop()
    assert held[0] == used.delivery.me
