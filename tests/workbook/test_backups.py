"""What backups promise: the book before each change, for nearly nothing, thinned out, and a way back that can be undone."""

from __future__ import annotations

import errno
import io
import os
import random
import re
import uuid
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from forms_server.house import House, open_house
from tests.delivery.conftest import candidate, ids_of
from tests.packages import rewrite
from tests.workbook.test_store import FailsAt, book
from workbook import backups, store
from workbook.build import new_workbook
from workbook.doctoring import Sign, examine, kind_of_folder, share_of, synchronised_by
from workbook.errors import WorkbookOpen
from workbook.identity import generation_of
from workbook.ooxml import Book
from workbook.restoring import AnotherBook, NoSuchBackup, as_lines, as_list, preview, previews, restore
from workbook.tables import SettingRow, Settings

NOW = datetime(2026, 11, 20, 12, 0, 0)


@cache
def empty(number: int = 5) -> bytes:
    return new_workbook(book_id=str(uuid.UUID(int=number)), today=date(2026, 11, 20))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "伙伴簿.xlsx"
    file.write_bytes(book("0"))
    return file


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return store.create(tmp_path / "伙伴簿.xlsx", empty())


@pytest.fixture
def house(ours: Path, tmp_path: Path) -> House:
    return open_house(ours, tmp_path / "data")


def partner(path: Path, key: str, name: str) -> None:
    """A row of 伙伴 as staff would add or change it."""
    snapshot = store.read(path)
    opened = Book.read(snapshot.data)
    opened.upsert("partners", "伙伴编号", [{"伙伴编号": key, "企业名称": name}])
    store.replace(snapshot, opened.to_bytes())


# --- making them -----------------------------------------------------------------------------------------------------


def test_each_replace_keeps_what_stood_there_before(path: Path) -> None:
    for number in range(1, 4):
        store.replace(store.read(path), book(str(number)))
    assert [b.path.read_bytes() for b in backups.listed(path)] == [book("2"), book("1"), book("0")]
    assert path.read_bytes() == book("3")


def test_a_backup_is_the_old_file_under_a_second_name_and_costs_no_copy(path: Path) -> None:
    before = path.stat().st_ino
    store.replace(store.read(path), book("new"))
    (backup,) = backups.listed(path)
    assert backup.path.stat().st_ino == before != path.stat().st_ino
    assert (backup.path.stat().st_nlink, path.stat().st_nlink) == (1, 1)  # whoever changes one changes no other


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EMLINK])
def test_where_files_have_only_one_name_it_is_a_copy(path: Path, number: int) -> None:
    path.chmod(0o640)
    done = store.replace(store.read(path), book("new"), platform=FailsAt("link", number))
    (backup,) = backups.listed(path)
    assert backup.path.read_bytes() == book("0") and backup.path.stat().st_mode & 0o777 == 0o640
    assert done.warnings == ()


def test_a_backup_that_cannot_be_made_is_told_and_stops_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (path.parent / backups.FOLDER).write_bytes(b"a file where the folder should be")
    done = store.replace(store.read(path), book("new"))
    assert path.read_bytes() == book("new") == done.data
    (warning,) = done.warnings
    assert "没能" in warning and backups.FOLDER in warning and "已经照常写入" in warning
    assert warning in caplog.text


class CopyFails(FailsAt):
    """Neither a second name nor a copy: the temp file is written, the copy is not."""

    def __init__(self) -> None:
        super().__init__("link", errno.EPERM)
        self.written = 0

    def write(self, handle: object, data: object) -> None:
        self.written += 1
        if self.written > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        store.Platform.write(self, handle, data)  # type: ignore[arg-type]


def test_a_copy_for_which_there_is_no_room_leaves_no_half(path: Path) -> None:
    done = store.replace(store.read(path), book("new"), platform=CopyFails())
    assert path.read_bytes() == book("new")
    assert backups.listed(path) == () and "没能" in done.warnings[0]
    assert [name for name in os.listdir(backups.folder_of(path)) if name != backups.NOTE] == []


def test_the_folder_says_what_it_is_and_nothing_in_it_opens_by_a_double_click(path: Path) -> None:
    store.replace(store.read(path), book("new"))
    names = os.listdir(backups.folder_of(path))
    assert backups.NOTE in names
    note = (backups.folder_of(path) / backups.NOTE).read_text(encoding="utf-8-sig")
    assert "不要在这里编辑" in note and "partnerbook restore" in note
    for name in names:
        assert name == backups.NOTE or name.endswith(".xlsx.bak")
        assert not set(name) & set('"*:<>?/\\|') and not name.startswith(("~$", ".")) and name == name.strip()


def test_books_side_by_side_have_their_own_backups(tmp_path: Path) -> None:
    paths = [
        tmp_path / name
        for name in ("簿.xlsx", "簿 20261120-120000-000.xlsx", "簿2.xlsx", "x" * 200 + "1.xlsx", "x" * 200 + "2.xlsx")
    ]
    for path in paths:
        path.write_bytes(book(path.name))
        store.replace(store.read(path), book("new"))
    for path in paths:
        assert [b.path.read_bytes() for b in backups.listed(path)] == [book(path.name)], path.name


def test_a_second_name_that_a_killed_writer_left_of_the_book_itself_is_taken_away(path: Path) -> None:
    left = backups.keep(path, path.read_bytes(), store.Platform())
    assert left.samefile(path)
    store.replace(store.read(path), book("1"))
    (backup,) = backups.listed(path)
    assert backup.path.read_bytes() == book("0") and backup.path.stat().st_nlink == 1


# --- which stay ------------------------------------------------------------------------------------------------------


def made_at(*times: datetime) -> list[backups.Backup]:
    return [backups.Backup(Path(f"{at:%Y%m%d-%H%M%S}"), f"{at:%Y%m%d-%H%M%S}-000", at) for at in times]


def stays(times: list[datetime], days: int = 30, now: datetime = NOW) -> list[datetime]:
    given = made_at(*times)
    going = {backup.id for backup in backups.surplus(given, now, lambda: days)}
    return [backup.at for backup in sorted(given, key=lambda b: b.at, reverse=True) if backup.id not in going]


def test_the_last_ten_stay_whatever_their_age() -> None:
    old = [NOW - timedelta(days=400 + n) for n in range(10)]
    assert stays(old) == old
    recent = [NOW - timedelta(seconds=n) for n in range(12)]
    assert stays(recent) == recent[:10]


def test_then_one_an_hour_for_a_day_and_one_a_day_for_a_month() -> None:
    every_minute = [NOW - timedelta(minutes=n) for n in range(60 * 24 * 40)]
    left = stays(every_minute)[10:]
    hourly = [at for at in left if NOW - at < timedelta(days=1)]
    daily = [at for at in left if NOW - at >= timedelta(days=1)]
    assert len(hourly) == 23 and all(at.minute == 59 for at in hourly)  # the hour of the last ten has its own
    assert all((at.hour, at.minute) == (23, 59) for at in daily)
    assert [at.date() for at in daily] == [date(2026, 11, 18) - timedelta(days=n) for n in range(29)]


def test_the_days_are_those_of_the_setting() -> None:
    times = [NOW - timedelta(days=n) for n in range(60)]
    for days, expected in ((0, 10), (15, 16), (59, 60)):
        assert len(stays(times, days)) == expected, days


def test_thinning_day_by_day_keeps_what_thinning_at_once_would() -> None:
    """Each hour of a week something is written and thinned: at the end every day and every recent hour is there."""
    chance = random.Random(5)
    kept: list[datetime] = []
    now = datetime(2026, 11, 1)
    while now < datetime(2026, 11, 8):
        now += timedelta(minutes=chance.randrange(5, 25))
        kept.append(now)
        kept = stays(kept, now=now)
        assert len(kept) <= 10 + 25 + 8
    assert {at.date() for at in kept} >= {date(2026, 11, day) for day in range(1, 8)}
    hours = {at.replace(minute=0, second=0) for at in kept if now - at < timedelta(hours=23)}
    assert len(hours) >= 23


def put_backups(path: Path, times: list[datetime]) -> None:
    folder = backups.folder_of(path)
    folder.mkdir(exist_ok=True)
    for at in times:
        (folder / f"{path.stem} {at:%Y%m%d-%H%M%S}-000.xlsx.bak").write_bytes(book(f"{at}"))


def test_the_setting_stands_in_the_book_and_a_strange_one_means_the_default(ours: Path) -> None:
    assert backups.days_kept(ours.read_bytes()) == 30
    for text, days in (("7", 7), ("很久", 30), ("-1", 30), ("99999", 30), (None, 30)):
        opened = Book.read(ours.read_bytes())
        opened.update(Settings.name, "参数", {SettingRow.BACKUP_DAYS: {"值": text}})
        assert backups.days_kept(opened.to_bytes()) == days
    assert backups.days_kept(book("foreign")) == 30


def test_old_backups_go_with_a_delivery_by_the_setting_of_the_book(ours: Path) -> None:
    now = datetime.now()
    put_backups(ours, [now - timedelta(days=n) for n in range(2, 40)])
    opened = Book.read(ours.read_bytes())
    opened.update(Settings.name, "参数", {SettingRow.BACKUP_DAYS: {"值": "20"}})
    ours.write_bytes(opened.to_bytes())
    partner(ours, "P-0001", "甲")
    oldest = min(backup.at for backup in backups.listed(ours))
    assert timedelta(days=19) <= now - oldest <= timedelta(days=21)


def test_a_disk_that_is_nearly_full_keeps_only_a_few(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_backups(path, [NOW - timedelta(days=n) for n in range(9)])
    free = os.statvfs(path.parent)
    usage = type("Usage", (), {"total": free.f_blocks, "used": 0, "free": 4 * path.stat().st_size})
    monkeypatch.setattr(backups.shutil, "disk_usage", lambda _: usage)
    store.replace(store.read(path), book("new"))
    assert len(backups.listed(path)) == backups.LEAST


def test_old_backups_that_cannot_be_removed_are_a_warning(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_backups(path, [datetime.now() - timedelta(seconds=n) for n in range(12)])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(backups.Path, "unlink", refuse)
        warnings = backups.thin(path, path.read_bytes())
    assert "没能清理" in warnings[0]


# --- the way back ----------------------------------------------------------------------------------------------------


def test_the_list_says_what_each_backup_holds_and_how_it_differs(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    partner(ours, "P-0001", "甲公司")
    partner(ours, "P-0002", "乙")
    newest, middle, oldest = previews(ours)
    assert [(d.sheet, d.added, d.changed, d.removed) for d in newest.differences] == [("伙伴", 0, 0, 1)]
    assert [(d.sheet, d.added, d.changed, d.removed) for d in middle.differences] == [("伙伴", 0, 1, 1)]
    assert [(d.sheet, d.added, d.changed, d.removed) for d in oldest.differences] == [("伙伴", 0, 0, 2)]
    assert oldest.size == len(empty()) and oldest.generation == 0
    text = as_list(previews(ours), ours)
    assert newest.id in text and "伙伴 改回 1 行、去掉 1 行" in text
    assert "还没有" in as_list([], ours)


def test_rows_without_a_key_and_keys_that_stand_twice_are_counted_too(ours: Path) -> None:
    snapshot = store.read(ours)
    opened = Book.read(snapshot.data)
    opened.append(
        "partners",
        [{"企业名称": "无编号"}, {"伙伴编号": "P-1", "企业名称": "甲"}, {"伙伴编号": "P-1", "企业名称": "乙"}],
    )
    store.replace(snapshot, opened.to_bytes())
    (only,) = previews(ours)
    assert [(d.added, d.changed, d.removed) for d in only.differences] == [(0, 0, 3)]


def test_a_restore_puts_the_book_back_and_is_itself_undone_by_a_restore(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    later = ours.read_bytes()
    shown, warnings = restore(ours, backups.listed(ours)[0].id)
    assert ours.read_bytes() == empty() and warnings == ()
    assert [(d.added, d.changed, d.removed) for d in shown.differences] == [(0, 0, 1)]
    back, _ = restore(ours, backups.listed(ours)[0].id)
    assert ours.read_bytes() == later
    assert [(d.added, d.changed, d.removed) for d in back.differences] == [(1, 0, 0)]


def test_a_preview_changes_nothing(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    before, kept = ours.read_bytes(), backups.listed(ours)
    preview(ours, kept[0].id)
    assert ours.read_bytes() == before and backups.listed(ours) == kept


def test_submissions_that_the_backup_lacks_are_named_and_delivered_again(ours: Path, house: House) -> None:
    house.inbox.submit(candidate(1))
    house.delivery.run()
    house.inbox.submit(candidate(2))
    house.delivery.run()
    assert len(ids_of(ours)) == 2
    one = previews(ours)[-1]
    assert one.again == ("C-0001", "C-0002") and one.generation == 0
    text = "\n".join(as_lines(one))
    assert "备份里没有 2 份提交（C-0001、C-0002）" in text and "重新写进去" in text
    restore(ours, one.id)
    assert generation_of(Book.read(ours.read_bytes())) == 0 and len(ids_of(ours)) in (0, 1)
    house.delivery.run()
    house.delivery.run()
    assert sorted(ids_of(ours)) == sorted([candidate(1).id, candidate(2).id])


def test_a_book_that_is_gone_or_broken_can_be_restored(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    wanted = backups.listed(ours)[0].id
    ours.unlink()
    assert preview(ours, wanted).differences == ()
    restore(ours, wanted)
    assert ours.read_bytes() == empty()
    ours.write_bytes(b"broken")
    restore(ours, wanted)
    assert ours.read_bytes() == empty()
    assert b"broken" in [backup.path.read_bytes() for backup in backups.listed(ours)]


def test_a_backup_of_a_renamed_book_is_found_by_its_file_and_one_of_another_book_is_refused(
    ours: Path, tmp_path: Path
) -> None:
    partner(ours, "P-0001", "甲")
    file = backups.listed(ours)[0].path
    renamed = ours.rename(ours.with_name("新名字.xlsx"))
    restore(renamed, str(file))
    assert renamed.read_bytes() == empty()
    other = store.create(tmp_path / "另一本.xlsx", empty(6))
    with pytest.raises(AnotherBook, match="标识不同"):
        restore(other, str(file))
    assert other.read_bytes() == empty(6)


def test_a_broken_backup_is_told_in_the_list_and_never_put_back(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    (backup,) = backups.listed(ours)
    backup.path.write_bytes(b"PK broken")
    before = ours.read_bytes()
    assert previews(ours)[0].problem
    with pytest.raises(Exception, match="工作簿"):
        restore(ours, backup.id)
    assert ours.read_bytes() == before


def test_an_unknown_id_is_answered_with_those_that_are_there(ours: Path) -> None:
    with pytest.raises(NoSuchBackup, match="还没有备份"):
        restore(ours, "20200101-000000-000")
    partner(ours, "P-0001", "甲")
    with pytest.raises(NoSuchBackup, match=backups.listed(ours)[0].id):
        restore(ours, "20200101-000000-000")


def test_an_open_book_is_not_restored(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    before = ours.read_bytes()
    ours.with_name("~$伙伴簿.xlsx").write_bytes(b"")
    with pytest.raises(WorkbookOpen):
        restore(ours, backups.listed(ours)[0].id)
    assert ours.read_bytes() == before


def test_a_restore_of_what_is_there_already_says_so(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    wanted = backups.listed(ours)[0].id
    restore(ours, wanted)
    kept = backups.listed(ours)
    assert "没有改动" in restore(ours, wanted)[1][0]
    assert backups.listed(ours) == kept


def test_a_formula_that_shows_another_number_each_day_is_no_change_of_a_row(ours: Path) -> None:
    opened = Book.read(empty())
    opened.append("todo", [{"待办编号": "T-0001", "到期": date(2026, 11, 30)}])
    ours.write_bytes(opened.to_bytes())
    part = Book.read(ours.read_bytes()).table("todo").sheet_part
    place = re.compile(rb'(<c r="D6"[^>]*?)(?:/>|>(<f>.*?</f>)(?:<v>.*?</v>)?</c>)')
    later = rewrite(ours.read_bytes(), {part: lambda xml: place.sub(rb"\1>\2<v>41</v></c>", xml)})
    assert [row.values["剩余"] for row in Book.read(later).rows("todo")] == [41]
    store.replace(store.read(ours), later)
    assert previews(ours)[0].differences == ()


# --- the doctor ------------------------------------------------------------------------------------------------------


def signs(path: Path) -> dict[str, list[Sign]]:
    found: dict[str, list[Sign]] = {}
    for sign in examine(path):
        found.setdefault(sign.what, []).append(sign)
    return found


def test_a_healthy_book_in_a_plain_folder_is_well(ours: Path) -> None:
    assert all(sign.ok for sign in examine(ours))
    assert set(signs(ours)) == {"owner", "folder", "replace", "temp", "backups", "identity", "table", "lint"}
    assert sorted(os.listdir(ours.parent)) == [ours.name]  # what was tried is gone


def test_the_doctor_tells_open_marks_leftovers_and_backups(ours: Path) -> None:
    partner(ours, "P-0001", "甲")
    mark = ours.with_name(".~lock.伙伴簿.xlsx#")
    mark.write_bytes(b",caigou,pc,,;")
    os.utime(mark, (mark.stat().st_mtime - 5 * 3600,) * 2)
    temp = store._temp_name(ours)
    temp.write_bytes(b"half")
    os.utime(temp, (1, 1))
    found = signs(ours)
    assert (
        not found["owner"][0].ok and "caigou" in found["owner"][0].message and "5 小时前" in found["owner"][0].message
    )
    assert temp.name in found["temp"][0].message and "1 份备份" in found["backups"][0].message
    assert mark.exists() and temp.exists()


def test_the_doctor_names_missing_tables_and_columns_and_what_excel_would_repair(ours: Path) -> None:
    opened = openpyxl.load_workbook(ours)
    del opened["事件报告"]
    sheet = opened["伙伴"]
    column = next(c for c in sheet[5] if c.value == "备注")
    column.value = "我的备注"
    opened.save(ours)
    found = signs(ours)
    assert any("incidents" in sign.message and "upgrade" in sign.message for sign in found["table"])
    assert not found["lint"][0].ok and any("我的备注" in sign.message for sign in found["lint"])


def test_a_foreign_workbook_is_told_from_ours(path: Path) -> None:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    path.write_bytes(out.getvalue())
    assert not signs(path)["identity"][0].ok
    path.write_bytes(b"nothing")
    assert not signs(path)["workbook"][0].ok


@pytest.mark.parametrize(("folder", "program"), [
    ("/home/li/OneDrive/合作", "OneDrive"), ("/Users/li/OneDrive - 示例公司/合作", "OneDrive"),
    ("/home/li/我的坚果云/簿", "坚果云"), ("/home/li/Nutstore/1/簿", "坚果云"), ("/home/li/Dropbox (公司)/簿", "Dropbox"),
    ("/Users/li/Library/Mobile Documents/com~apple~CloudDocs/簿", "iCloud"), ("/home/li/WPS云盘/簿", "WPS 云文档"),
    ("/home/li/文档/OneDriveNot/簿", None), ("/srv/合作", None),
])  # fmt: skip
def test_synchronised_folders_are_told_by_their_path(folder: str, program: str | None) -> None:
    assert synchronised_by(Path(folder)) == program


def test_synchronised_folders_are_told_by_what_lies_there_or_by_the_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / ".stfolder").mkdir(parents=True)
    (tmp_path / "a" / "b").mkdir()
    assert synchronised_by(tmp_path / "a" / "b") == "Syncthing"
    assert synchronised_by(tmp_path) is None
    monkeypatch.setenv("OneDriveCommercial", str(tmp_path / "云"))
    assert synchronised_by(tmp_path / "云" / "簿") == "OneDrive"
    sign = kind_of_folder(tmp_path / "云" / "簿")
    assert not sign.ok and "不支持" in sign.message


def test_network_shares_are_told_by_how_they_are_mounted() -> None:
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\n//nas/partner /mnt/合作\\040部 cifs rw 0 0\nnas:/x /mnt/nfs nfs4 rw 0 0\n"
        "/dev/sdb1 /mnt/nfs/local ext4 rw 0 0\nbroken\n"
    )
    for folder, kind in (
        ("/mnt/合作 部/簿", "cifs"),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfs/local/x", None),
        ("/home", None),
    ):
        assert share_of(Path(folder), mounts) == kind
    assert share_of(Path(r"\\server\share\x")) == "UNC"
