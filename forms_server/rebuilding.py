"""Owns `rebuild`: a new workbook with every submission of the inbox, and what the damaged old one still yields.

The new file takes over the identity and the generation of the old one, so that the server goes on with it as if it were
the old file. The inbox is only read: until somebody serves the new file, nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import python_calamine

from forms_server.delivery import held_back
from forms_server.inbox import Inbox
from forms_server.seeing import look, settings_of
from workbook import store
from workbook.build import new_workbook
from workbook.errors import AppendRefused, PartnerBookError, ValueRefused
from workbook.identity import GENERATION, WAITING, book_identity, generation_of
from workbook.ooxml import Book
from workbook.ooxml.lint import lint
from workbook.placing import Placement, Placer, halves
from workbook.rows import Cell, from_serial, headers, language
from workbook.schema import Date, Formula, Moment, Table
from workbook.submissions import TAKING, Seen, Standing, by_submission, lineage_of, standing
from workbook.tables import BY_NAME, TABLES, Bands, Indicators, Settings

START = 1462  # days between the two calendars of Excel


@dataclass(frozen=True)
class Carried:
    """What became of one table of the old book: rows that came along, or why none could; columns that staff added."""

    table: type[Table]
    rows: int = 0
    problem: str = ""
    own_columns: tuple[str, ...] = ()
    refused: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing of it is left to a backup."""
        return not (self.problem or self.own_columns or self.refused)


@dataclass
class Rebuilt:
    """What the new book holds, and what only a backup can bring back."""

    book: Path
    submissions: int = 0  # rows that come from the inbox because the old book did not yield them
    corrected: int = 0
    tables: list[Carried] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    held: int = 0
    refused: list[str] = field(default_factory=list)
    old_problem: str = ""
    own_sheets: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no backup is needed."""
        return not (self.old_problem or self.own_sheets or self.refused) and all(one.whole for one in self.tables)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "ok": self.ok, "book": str(self.book), "submissions": self.submissions, "corrected": self.corrected,
            "deleted": self.deleted, "held": self.held, "refused": self.refused, "old_problem": self.old_problem,
            "own_sheets": self.own_sheets,
            "tables": [
                {"table": one.table.name, "label": one.table.label.zh, "rows": one.rows, "problem": one.problem,
                 "own_columns": list(one.own_columns), "refused": one.refused}
                for one in self.tables
            ],
            "only_in_a_backup": self.only_in_a_backup(),
        }  # fmt: skip

    def only_in_a_backup(self) -> list[str]:
        """What nothing but a backup can bring back, each as a few words."""
        lost = [_lost(one) for one in self.tables if not one.whole]
        return [*lost, *(f"工作表“{name}”" for name in self.own_sheets)]

    def text(self) -> str:
        """For people."""
        carried = sum(one.rows for one in self.tables)
        lines = [
            f"✓ 已重建 {self.book}",
            f"  从旧文件带过来 {carried} 行，从收件箱补上 {self.submissions} 条提交、{self.corrected} 条更正",
        ]
        if self.old_problem:
            lines.append(f"  旧文件读不了，什么也没有带过来：{self.old_problem}")
        if self.deleted:
            lines.append(f"  员工删除过的提交没有写进来：{'、'.join(self.deleted)}")
        if self.held:
            lines.append(f"  {self.held} 条评分仍在收件箱里，等评审会交齐或截止后写入")
        lines += [f"  {reason}" for reason in self.refused]
        if lost := self.only_in_a_backup():
            lines.append("✗ 以下内容收件箱里没有，只能从备份（“伙伴簿备份”文件夹，partnerbook restore）找回：")
            lines += [f"    {what}" for what in lost]
        lines.append(f"  新文件沿用旧文件的标识。请停掉旧的服务，再运行 partnerbook serve {self.book}")
        return "\n".join(lines)


def _lost(one: Carried) -> str:
    parts = []
    if one.problem:
        what = "员工填的列（状态、核实、备注等）" if one.table.sections else "全部行"
        parts.append(f"{what}：{one.problem}")
    if one.own_columns:
        parts.append(f"员工自己加的列 {'、'.join(one.own_columns)}")
    if one.refused:
        parts.append(f"{one.refused} 行写不进新文件")
    return f"{one.table.label.zh}：{'；'.join(parts)}"


def rebuild(inbox: Inbox, old: Path, new: Path, *, lang: str = "", today: date | None = None) -> Rebuilt:
    """Write a new workbook in place of a damaged one; the old file and the inbox are not changed.

    Raises:
        WorkbookUnreachable: the new file is there already, or cannot be written.
        NotThisBook: the old file is whole and belongs to another inbox.
    """
    done = Rebuilt(new)
    before, generation = _read_old(inbox, old, done)
    book = _empty(inbox, before, lang, today)
    for table in TABLES:
        done.tables.append(_carry(before, book, table) if before else Carried(table, problem="旧文件读不了"))
    if before:
        done.own_sheets = _own_sheets(old, before, book)
    book = _fill(inbox, book, generation, done)
    data = book.to_bytes()
    if found := lint(data):
        raise AppendRefused(f"没有写出新文件：它会有问题（{found[0].where}：{found[0].message}）。旧文件没有改动。")
    done.book = store.create(new, data)
    return done


class NotThisBook(PartnerBookError):
    """The old file is a workbook of ours, but of another inbox."""

    def __init__(self, path: Path):
        super().__init__(f"{path.name} 是另一本伙伴簿，不属于这个收件箱，没有重建。请检查 BOOK 或 --inbox。")


def _read_old(inbox: Inbox, old: Path, done: Rebuilt) -> tuple[Book | None, int]:
    try:
        book = Book.read(store.read(old).data)
        identity, generation = book_identity(book), generation_of(book)
        len(book.tables)
    except PartnerBookError as error:
        done.old_problem = str(error)
        return None, 0
    if identity not in (None, inbox.book_id):
        raise NotThisBook(old)
    return book, generation


def _empty(inbox: Inbox, before: Book | None, lang: str, today: date | None) -> Book:
    """A new book without rows; rules that the old book still holds take the place of those that a new one begins with."""
    if not lang:
        lang = "zh-CN"
        if before:
            views = {view.name: view for view in before.tables}
            known = [name for name in BY_NAME if name in views]
            if known and all(language(BY_NAME[name], views[name].columns) == "en" for name in known):
                lang = "en"
    own: dict[str, Sequence[Mapping[str, Any]]] = {
        table.name: () for table in (Indicators, Bands) if before and _rows(before, table) is not None
    }
    return Book.read(new_workbook(lang=lang, book_id=inbox.book_id, rows=own, today=today))


def _rows(before: Book, table: type[Table]) -> list[Mapping[str, Any]] | None:
    try:
        return [row.values for row in before.rows(table.name)]
    except PartnerBookError:
        return None


def _carry(before: Book, book: Book, table: type[Table]) -> Carried:
    """The rows of one table into the new book, cell by cell as they stand; what the workbook computes it computes anew."""
    try:
        view, rows = before.table(table.name), before.rows(table.name)
    except PartnerBookError as error:
        return Carried(table, problem=str(error))
    old, new = headers(table, view.columns), headers(table, book.table(table.name).columns)
    kept = [name for name in old if not isinstance(table.columns[name], Formula)]
    cells = [
        {new[name]: _cell(table, name, row.values.get(old[name]), before.date1904) for name in kept} for row in rows
    ]
    own = tuple(header for header in view.columns if header not in old.values() and _used(header, rows))
    if not cells:
        return Carried(table, own_columns=own)
    if table is Settings:
        book.upsert(table.name, new[table.key().name], [row for row in cells if row[new[table.key().name]]])
        return Carried(table, len(cells), own_columns=own)
    taken, refused = halves(cells, lambda part: book.append(table.name, part), (ValueRefused,))
    return Carried(table, len(taken), own_columns=own, refused=len(refused))


def _used(header: str, rows: Sequence[Any]) -> bool:
    return any(row.values.get(header) not in (None, "") for row in rows)


def _cell(table: type[Table], name: str, value: Any, date1904: bool) -> Cell:
    """A cell as it is, with the day numbers of the older calendar carried over."""
    if isinstance(table.columns[name], Date | Moment) and isinstance(value, int | float):
        if date1904 and not isinstance(value, bool):
            value += START
        moment = from_serial(float(value))
        return moment.date() if isinstance(table.columns[name], Date) else moment
    cell: Cell = value
    return cell


def _own_sheets(old: Path, before: Book, book: Book) -> list[str]:
    """The sheets of the old book that the new one does not have under any name."""
    try:
        names = python_calamine.CalamineWorkbook.from_path(old).sheet_names
    except python_calamine.CalamineError:
        return []
    ours = {view.sheet for view in before.tables if view.name in BY_NAME}
    with_pages = python_calamine.CalamineWorkbook.from_filelike(_stream(book)).sheet_names
    return [name for name in names if name not in ours and name not in with_pages]


def _stream(book: Book) -> Any:
    import io

    return io.BytesIO(book.to_bytes())


# --- submissions ------------------------------------------------------------------------------------------------------


def _fill(inbox: Inbox, book: Book, generation: int, done: Rebuilt) -> Book:
    """The book with every submission that it lacks, in its newest version, and the generation that all this is."""
    data = book.to_bytes()
    highest = max(generation, inbox.state().generation)  # before the rows: what is handed out meanwhile is not in here
    jumps = inbox.jumps()
    seen = look(Book.read(data), jumps)
    readable = {one.table.name for one in done.tables if not one.problem}
    standings = [
        standing(versions, _as_of(seen, generation if versions[0].table in readable else 0, jumps))
        for versions in by_submission(inbox.all()).values()
    ]
    waiting = [one for one in standings if one.pending and len(one.rows) < 2]
    never = [one for one in waiting if not any(v.state in ("placed", "confirmed") for v in one.versions)]
    held = held_back(inbox, seen.review, never)  # what was in a book before is open anyway
    going = [one for one in waiting if one.id not in held]
    settings = settings_of(book)
    placer = Placer(
        lambda: Book.read(data), seen, settings, lambda table: inbox.highest_number(table.name, table.key().number)
    )
    book, placed = placer.place(going)
    _show(book, placed)
    done.submissions, done.corrected, done.held = len(placed.appended), len(placed.corrected), len(held)
    done.deleted = [one.name for one in standings if one.deleted]
    done.refused = [reason for _, reason in (*placed.refused, *placed.put_off)]
    book.set_defined_name(GENERATION, str(highest))
    book.set_defined_name(WAITING, str(len(held) + len(done.refused)))
    return book


def _as_of(seen: Seen, generation: int, jumps: Mapping[int, int]) -> Seen:
    return replace(seen, generation=generation, lineage=lineage_of(generation, jumps))


def _show(book: Book, placed: Placement) -> None:
    """What staff had typed for the sender, as of the last save, into the rows that come from the inbox."""
    for name in TAKING:
        table = BY_NAME[name]
        rows = [one for one, _ in placed.appended if one.table == name]
        where = headers(table, book.table(name).columns)
        submission = table.submission()
        assert submission is not None
        changes = {one.id: _shown(one, where) for one in rows}
        book.update(name, where[submission.name], {key: cells for key, cells in changes.items() if cells})


def _shown(one: Standing, where: Mapping[str, str]) -> dict[str, Cell]:
    return {where[name]: text for name, text in one.newest.shown.items() if name in where}
