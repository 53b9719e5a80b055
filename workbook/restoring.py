"""Owns going back to a backup: what each one holds, how it differs from today's book, and putting one in its place.

The book of today is itself backed up by the replace, so that a restore undoes a restore.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbook import backups, store
from workbook.errors import NotAWorkbook, PartnerBookError, WorkbookUnreachable
from workbook.identity import book_identity, generation_of
from workbook.ooxml import Book, TableView
from workbook.rows import headers
from workbook.tables import BY_NAME

SHOWN = 8  # submissions named one by one


class NoSuchBackup(PartnerBookError):
    """There is no backup of that id."""

    def __init__(self, wanted: str, book: Path):
        known = "、".join(backup.id for backup in backups.listed(book)[:5])
        have = f"最近的是 {known}" if known else f"{backups.folder_of(book)} 里还没有备份"
        super().__init__(f"没有编号为 {wanted} 的备份（{have}）。不带 --from 运行 partnerbook restore 可以看到全部。")


class AnotherBook(PartnerBookError):
    """The backup is that of another book."""

    def __init__(self, backup: Path, book: Path):
        super().__init__(f"{backup.name} 不是 {book.name} 的备份（标识不同），没有恢复。")


@dataclass(frozen=True)
class Difference:
    """What a restore would do to one table: rows that come, that change, that go."""

    sheet: str
    table: str
    added: int
    changed: int
    removed: int

    def sentence(self) -> str:
        """For people."""
        parts = (("多出", self.added), ("改回", self.changed), ("去掉", self.removed))
        return f"{self.sheet} " + "、".join(f"{word} {count} 行" for word, count in parts if count)


@dataclass(frozen=True)
class Preview:
    """A backup beside today's book. `again` are submissions that the backup does not hold, by the keys of their rows."""

    id: str
    path: Path
    at: datetime
    size: int
    generation: int | None
    differences: tuple[Difference, ...]
    again: tuple[str, ...]
    problem: str = ""

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "id": self.id, "path": str(self.path), "at": self.at.isoformat(sep=" ", timespec="seconds"),
            "size": self.size, "generation": self.generation, "problem": self.problem, "again": list(self.again),
            "differences": [vars(one) for one in self.differences],
        }  # fmt: skip


@dataclass(frozen=True)
class _Content:
    """What a workbook holds of rows: by table, its sheet and its rows by key."""

    identity: str | None
    generation: int
    tables: Mapping[str, tuple[str, Mapping[str, object]]]
    submissions: Mapping[str, str]  # submission id → the row's key and sheet


def previews(path: Path) -> list[Preview]:
    """Every backup of a book, the newest first, compared with the book as it is now."""
    book = store.resolved(path)
    today = _today(book)
    return [_preview(backup, today) for backup in backups.listed(book)]


def preview(path: Path, wanted: str) -> Preview:
    """One backup, by its id or its path.

    Raises:
        NoSuchBackup: there is none of that id.
    """
    book = store.resolved(path)
    return _preview(_find(book, wanted), _today(book))


def restore(path: Path, wanted: str) -> tuple[Preview, tuple[str, ...]]:
    """Put a backup in the book's place; returns what that changed, and warnings.

    Raises:
        NoSuchBackup, AnotherBook, NotAWorkbook: there is nothing that may be put back.
        WorkbookOpen, ChangedUnderneath, WorkbookUnreachable: as `store.replace`.
    """
    book = store.resolved(path)
    backup = _find(book, wanted)
    data = store.read(backup.path).data
    held = _content(data)
    today = _today(book)
    if today and held.identity != today.identity:
        raise AnotherBook(backup.path, book)
    shown = _preview(backup, today)
    if not book.exists():
        store.create(book, data)
        return shown, ()
    snapshot = store.read(path)
    store.check_free(path)
    if snapshot.fingerprint == store.central_directory_fingerprint(data):
        return shown, ("它和现在的工作簿一样，没有改动。",)
    return shown, store.replace(snapshot, data).warnings


def _find(book: Path, wanted: str) -> backups.Backup:
    for backup in backups.listed(book):
        if backup.id == wanted:
            return backup
    file = Path(wanted)
    if file.is_file():
        return backups.Backup(file, file.name, datetime.fromtimestamp(file.stat().st_mtime))
    raise NoSuchBackup(wanted, book)


def _today(book: Path) -> _Content | None:
    """The book as it is now; None when it is gone or broken, which is when a restore is wanted most."""
    try:
        return _content(store.read(book).data)
    except (WorkbookUnreachable, NotAWorkbook):
        return None


def _preview(backup: backups.Backup, today: _Content | None) -> Preview:
    size = 0
    try:
        snapshot = store.read(backup.path)
        size = len(snapshot.data)
        held = _content(snapshot.data)
    except PartnerBookError as error:
        return Preview(backup.id, backup.path, backup.at, size, None, (), (), str(error))
    differences, again = _compared(held, today) if today else ((), ())
    return Preview(backup.id, backup.path, backup.at, size, held.generation, differences, again)


def _compared(held: _Content, today: _Content) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    found = []
    nothing: tuple[str, Mapping[str, object]] = ("", {})
    for table in dict.fromkeys((*today.tables, *held.tables)):
        now_sheet, now = today.tables.get(table, nothing)
        then_sheet, then = held.tables.get(table, nothing)
        added, removed = len(then.keys() - now.keys()), len(now.keys() - then.keys())
        changed = sum(then[key] != now[key] for key in then.keys() & now.keys())
        if added or removed or changed:
            found.append(Difference(now_sheet or then_sheet, table, added, changed, removed))
    absent = (key for identifier, key in today.submissions.items() if identifier not in held.submissions)
    return tuple(found), tuple(absent)


def _content(data: bytes) -> _Content:
    book = Book.read(data)
    tables: dict[str, tuple[str, Mapping[str, object]]] = {}
    submissions: dict[str, str] = {}
    for view in book.tables:
        tables[view.name] = (view.sheet, _rows(book, view, submissions))
    return _Content(book_identity(book), generation_of(book), tables, submissions)


def _rows(book: Book, view: TableView, submissions: dict[str, str]) -> dict[str, object]:
    """The rows of a table by key; a key that stands twice, or a row without one, is counted by what it holds.

    Formulas are left out: they show another day, not another row. So are the words of a header in another language.
    """
    declared = BY_NAME.get(view.name.lower())
    where = headers(declared, view.columns) if declared else {}
    key = where.get(declared.key().name, "") if declared else ""
    submission = declared.submission() if declared else None
    mark = where.get(submission.name, "") if submission else ""
    counted = [header for header in view.columns if not view.formula_of(header)[0]]
    rows: dict[str, object] = {}
    seen: Counter[str] = Counter()
    for row in book.rows(view.name):
        values = {header: value for header in counted if (value := row.values[header]) is not None}
        name = str(values.get(key) or "") or repr(sorted(values.items()))
        seen[name] += 1
        rows[name if seen[name] == 1 else f"{name} ({seen[name]})"] = values
        if identifier := str(values.get(mark) or "").strip():
            submissions[identifier] = str(values.get(key) or identifier)
    return rows


# --- for people ------------------------------------------------------------------------------------------------------


def as_list(found: list[Preview], book: Path) -> str:
    """All backups as text: the newest first."""
    if not found:
        return f"{backups.folder_of(book)} 里还没有 {book.name} 的备份；每次写入之前会留下一份。"
    lines = [f"{book.name} 的备份（{backups.folder_of(book)}）："]
    for one in found:
        state = one.problem or "；".join(d.sentence() for d in one.differences) or "各行与现在相同"
        generation = "" if one.generation is None else f"  第 {one.generation} 次写入"
        lines.append(f"  {one.id}  {one.at:%Y-%m-%d %H:%M:%S}  {_size(one.size)}{generation}  {state}")
    lines.append(f"  恢复其中一份（先预览）：partnerbook restore {book} --from {found[0].id}")
    return "\n".join(lines)


def as_lines(one: Preview) -> list[str]:
    """What going back to one backup means."""
    lines = [f"备份 {one.id}，{one.at:%Y-%m-%d %H:%M:%S}，{_size(one.size)}"]
    if one.problem:
        return [*lines, f"  打不开：{one.problem}"]
    lines += [f"  {difference.sentence()}" for difference in one.differences] or ["  各行与现在相同"]
    if one.again:
        names = "、".join(one.again[:SHOWN]) + ("…" if len(one.again) > SHOWN else "")
        lines.append(
            f"  备份里没有 {len(one.again)} 份提交（{names}）：还在收件箱里的，下一次写入时会重新写进去；"
            "员工在这些行里填的内容不会回来。"
        )
    return lines


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} KB"
