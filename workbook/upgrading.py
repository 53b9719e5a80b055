"""Owns the upgrade of an older workbook: what this version declares and the book lacks is added, nothing else changes.

Missing tables come as whole pages out of a freshly built book, missing columns at the right edge of their tables,
missing settings and lists of words beside those that are there. The book's id and its generation stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from workbook import store
from workbook.build import new_workbook
from workbook.building import chart, words
from workbook.building.lists import options
from workbook.building.plan import list_name, make_plan
from workbook.errors import AppendRefused, ChangedUnderneath, MissingTable
from workbook.identity import SCHEMA, SCHEMA_VERSION, book_identity, generation_of, must_be_ours
from workbook.ooxml import Book
from workbook.ooxml.dressing import dress_columns
from workbook.ooxml.lint import new_findings
from workbook.ooxml.transplant import sheet_titles, transplant
from workbook.ooxml.word_columns import add_word_columns
from workbook.rows import headers, language
from workbook.schema import Column, Formula, Table
from workbook.tables import BY_NAME, TABLES, Settings

ATTEMPTS = 3
_SHEET_OF_NAME = re.compile(r"('(?:[^']|'')+'|[^!']+)!\$")


@dataclass(frozen=True)
class Addition:
    """One thing that the book lacks: a page, a column, a setting or a list, and where it goes."""

    kind: str
    where: str
    what: str

    def sentence(self) -> str:
        """For people."""
        return {
            "page": f"新工作表“{self.where}”：{self.what}",
            "column": f"工作表“{self.where}”：在表格右侧加列 {self.what}",
            "setting": f"工作表“{self.where}”：加一行参数 {self.what}",
            "list": f"下拉选项：{self.what}",
            "name": f"跳转名称：{self.what}",
            "version": f"版本标记：{self.what}",
        }[self.kind]


@dataclass
class Upgrade:
    """What an upgrade adds, the book with it, and what people should know besides."""

    data: bytes
    additions: list[Addition] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: tuple[str, ...] = ()


def upgrade_file(path: Path, *, dry_run: bool = False) -> Upgrade:
    """Add to the workbook on disk what it lacks; with `dry_run` only say what that is.

    Raises:
        NotAWorkbook: the book is not one of ours.
        AppendRefused: it cannot be done without harm; nothing was written.
        WorkbookOpen, WorkbookUnreachable: as `store.replace`.
    """
    for attempt in range(1, ATTEMPTS + 1):
        snapshot = store.read(path)
        if not dry_run:
            store.check_free(path)
        done = upgraded(snapshot.data, snapshot.path.name)
        if dry_run or not done.additions:
            return done
        try:
            done.warnings = store.replace(snapshot, done.data).warnings
            return done
        except ChangedUnderneath:  # a delivery was faster: look again
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def upgraded(data: bytes, name: str = "") -> Upgrade:
    """The upgrade of a workbook in memory; without additions its bytes are the ones that were given."""
    book = Book.read(data)
    identity = must_be_ours(book, name)
    _refuse_newer(book)
    work = _Work(book, identity, sheet_titles(data))
    done = Upgrade(data, notes=list(work.notes()))
    for step in (_add_pages, _add_lists, _add_columns, _add_settings, _add_names):
        step(work, done)
    if done.data == data:
        return done
    _prove(data, done.data)
    return done


def _refuse_newer(book: Book) -> None:
    version = book.defined_name(SCHEMA) or "0"
    if version.isdecimal() and int(version) > SCHEMA_VERSION:
        raise AppendRefused("这本工作簿是更新版本的伙伴簿建的，不能用这个版本升级。请先更新程序。")


def _prove(before: bytes, after: bytes) -> None:
    """What must hold before anything is written: a healthy file, and still the same book."""
    if found := new_findings(before, after):
        raise AppendRefused(f"没有升级：升级后的文件会有问题（{found[0].where}：{found[0].message}）。原文件没有改动。")
    old, new = Book.read(before), Book.read(after)
    if (book_identity(old), generation_of(old)) != (book_identity(new), generation_of(new)):
        raise AppendRefused("没有升级：升级会改变工作簿的标识。原文件没有改动。")


class _Work:
    """What the book has, and a new book of the same language to take from."""

    def __init__(self, book: Book, identity: str, sheets: Collection[str]):
        self.book, self.sheets = book, sheets
        self.views = {table.name: view for table in TABLES if (view := _view(book, table)) is not None}
        known = self.views.get(Settings.name) or next(iter(self.views.values()), None)
        english = known is not None and language(BY_NAME[known.name.lower()], known.columns) == "en"
        self.lang = "en" if english else "zh-CN"
        self.donor = new_workbook(lang=self.lang, book_id=identity)
        absent = [table for table in TABLES if table.name not in self.views]
        # A page whose table is gone was made an ordinary range: a second page would part its rows from the new ones.
        self.ranges = {table.name: title for table in absent if (title := self.sheet_of(f"go_{table.name}"))}
        self.missing = [table for table in absent if table.name not in self.ranges]

    def lang_of(self, table: type[Table]) -> str:
        """The language of one table's headers, which staff may have changed."""
        view = self.views.get(table.name)
        return self.lang if view is None else "en" if language(table, view.columns) == "en" else "zh-CN"

    def lacking(self, table: type[Table]) -> list[Column]:
        """The columns that a table of the book does not have; what is no longer used is not added."""
        there = headers(table, self.views[table.name].columns)
        return [column for name, column in table.columns.items() if name not in there and not column.deprecated]

    def sheet_of(self, name: str) -> str | None:
        """The sheet that a defined name leads to, if both are there."""
        found = _SHEET_OF_NAME.match(self.book.defined_name(name) or "")
        title = found[1] if found else ""
        title = title[1:-1].replace("''", "'") if title.startswith("'") else title
        return title if title in self.sheets else None

    def titles(self) -> dict[str, str]:
        """Titles of pages in a new book → those that the same pages have here."""
        found = {BY_NAME[name].label.get(self.lang): view.sheet for name, view in self.views.items()}
        for label, name in ((words.HOME, "go_home"), (words.CHART, f"go_{chart.PAGE}")):
            if title := self.sheet_of(name):
                found[label.get(self.lang)] = title
        return found

    def notes(self) -> Iterator[str]:
        """Columns that may be declared ones under another name."""
        for table in TABLES:
            if table.name in self.views and self.lacking(table):
                view = self.views[table.name]
                known = set(headers(table, view.columns).values())
                if own := [header for header in view.columns if header not in known]:
                    yield (
                        f"工作表“{view.sheet}”有自己的列 {'、'.join(own)}：如果其中有改了名的列，请先把列名改回来再升级，"
                        "否则会另加一列。"
                    )
        for name, title in self.ranges.items():
            yield (
                f"工作表“{title}”里没有表格 {name}：它可能被转换成了普通区域。请在 Excel 里选中它并按 Ctrl+T，"
                f"再在“表设计”里把表名改回 {name}，然后再升级；没有为它另加工作表。"
            )
        if self.missing:
            yield "首页和其他页上的链接不改：新的工作表在最右边，可以拖到想要的位置。"


def _view(book: Book, table: type[Table]) -> Any:
    try:
        return book.table(table.name)
    except MissingTable:
        return None


# --- one step for each kind of thing ---------------------------------------------------------------------------------


def _add_pages(work: _Work, done: Upgrade) -> None:
    """Missing tables as whole sheets, and the chart page of a book from before there was one."""
    titles = [table.label.get(work.lang) for table in work.missing]
    names = [f"go_{table.name}" for table in work.missing]
    wants_chart = work.book.defined_name(f"go_{chart.PAGE}") is None
    if wants_chart:
        titles += [words.CHART.get(work.lang), words.CHART_DATA.get(work.lang)]
        names += [f"go_{chart.PAGE}", "chart_panel"]
    if not titles:
        return
    made = transplant(done.data, work.donor, titles, elsewhere=work.titles(), names=names)
    done.data = made.data
    for table in work.missing:
        columns = len(table.columns)
        title = made.titles[table.label.get(work.lang)]
        done.additions.append(Addition("page", title, f"表格 {table.name}，{columns} 列"))
    if wants_chart:
        shown, hidden = (made.titles[label.get(work.lang)] for label in (words.CHART, words.CHART_DATA))
        done.additions.append(Addition("page", shown, f"候选评估的图（连同隐藏的“{hidden}”）"))


def _add_lists(work: _Work, done: Upgrade) -> None:
    """Lists of words for validations, on the hidden sheet of the others."""
    lists: dict[str, tuple[str | int, ...]] = {}
    for table in TABLES:
        lang = work.lang_of(table)
        for column in table.columns.values():
            name = list_name(table, column)
            if (offered := options(column, lang)) and work.sheet_of(name) is None:
                sheet = work.views[table.name].sheet if table.name in work.views else table.label.get(lang)
                lists[name] = (f"{sheet} · {column.label.get(lang)}", *offered)
    if not lists:
        return
    all_names = [list_name(table, column) for table in TABLES for column in table.columns.values()]
    title = next((found for name in all_names if (found := work.sheet_of(name))), None)
    if title is None:
        page = words.OPTIONS.get(work.lang)
        done.data = transplant(done.data, work.donor, [page], elsewhere=work.titles(), names=all_names).data
    else:
        done.data = add_word_columns(done.data, title, lists)
    done.additions += [Addition("list", title or "", str(given[0])) for given in lists.values()]


def _add_columns(work: _Work, done: Upgrade) -> None:
    wanted = [(table, column) for table in TABLES if table.name in work.views for column in work.lacking(table)]
    if not wanted:
        return
    book = Book.read(done.data)
    dressed: dict[str, dict[str, str]] = {}
    for table, column in wanted:
        lang = work.lang_of(table)
        plan = make_plan(table, lang, date.today(), ())
        formula = plan.formula(column).removeprefix("=") if isinstance(column, Formula) else ""
        book.add_column(table.name, column.label.get(lang), formula=formula, width=plan.spot(column).width)
        dressed.setdefault(table.name, {})[column.label.get(lang)] = column.label.get(work.lang)
        done.additions.append(Addition("column", work.views[table.name].sheet, column.label.get(lang)))
    done.data = book.to_bytes()
    for name, columns in dressed.items():
        done.data = dress_columns(done.data, work.donor, name, columns)


def _add_settings(work: _Work, done: Upgrade) -> None:
    """The settings that a new book begins with and this one lacks; a table that is new has them all."""
    view = work.views.get(Settings.name)
    where = headers(Settings, view.columns) if view else {}
    if view is None or not {"setting", "value"} <= where.keys():
        return
    book, donor = Book.read(done.data), Book.read(work.donor)
    declared = headers(Settings, donor.table(Settings.name).columns)
    there = {str(row.values[where["setting"]] or "").strip() for row in book.rows(Settings.name)}
    fresh = []
    for row in donor.rows(Settings.name):
        setting = str(row.values[declared["setting"]])
        if setting not in there:
            fresh.append({where[name]: row.values[header] for name, header in declared.items() if name in where})
            done.additions.append(Addition("setting", view.sheet, setting))
    if fresh:
        book.append(Settings.name, fresh)
        done.data = book.to_bytes()


def _add_names(work: _Work, done: Upgrade) -> None:
    """The names that links go by, for pages from before there were such, and the version of the declaration."""
    book = Book.read(done.data)
    for name, view in work.views.items():
        if work.sheet_of(f"go_{name}") is None:
            title = view.sheet.replace("'", "''")
            book.set_defined_name(f"go_{name}", f"'{title}'!$A$1", hidden=False)
            done.additions.append(Addition("name", view.sheet, f"go_{name}"))
    if (book.defined_name(SCHEMA) or "") != str(SCHEMA_VERSION):
        book.set_defined_name(SCHEMA, str(SCHEMA_VERSION))
        done.additions.append(Addition("version", "", str(SCHEMA_VERSION)))
    done.data = book.to_bytes()
