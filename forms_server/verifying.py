"""Owns the proof that every receipt is in the book exactly once, with its newest version, or deleted, or waiting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms_server.inbox import Inbox
from forms_server.seeing import look
from workbook import store
from workbook.correcting import Spot, log_key, logged, same
from workbook.errors import MissingColumn, MissingTable
from workbook.ooxml import Book
from workbook.rows import headers, language
from workbook.submissions import Seen, Standing, by_submission, standing, version_cell
from workbook.tables import BY_NAME, Changes


@dataclass(frozen=True)
class Verification:
    """The receipts by what became of them; `doubled`, `behind` and `problems` are faults, the rest is in order."""

    in_book: int
    waiting: int
    deleted: tuple[str, ...]
    again: tuple[str, ...]
    doubled: tuple[str, ...]
    corrected: int  # of those in the book: rows that hold a correction
    corrections_waiting: tuple[str, ...]
    corrections_lost: tuple[str, ...]  # told to the sender: the row was deleted, so that nothing was written
    kept: tuple[str, ...]  # cells in which staff's own text stays against a correction, as the change log says
    behind: tuple[str, ...]  # rows that do not show their newest version, and nothing says why
    unknown: int
    problems: tuple[str, ...]
    notice: str | None

    @property
    def ok(self) -> bool:
        """Whether every receipt is accounted for, once, with what was sent last."""
        return not self.doubled and not self.problems and not self.behind

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"ok": self.ok, **{name: getattr(self, name) for name in self.__dataclass_fields__}}

    def text(self) -> str:
        """For people."""
        total = self.in_book + self.waiting + len(self.deleted) + len(self.again) + len(self.doubled)
        lines = [
            f"{'✓' if self.ok else '✗'} 回执 {total} 份：在工作簿里恰好一行 {self.in_book}，等待写入 {self.waiting}，"
            f"员工删除 {len(self.deleted)}，这份文件里没有、待重新写入 {len(self.again)}，出现多行 {len(self.doubled)}"
        ]
        if self.corrected or self.corrections_waiting:
            lines.append(f"  更正：已写入 {self.corrected} 行，等待写入 {len(self.corrections_waiting)} 行")
        lines += [f"  保留了员工的内容，伙伴的更正没有写进：{cell}（见{Changes.label.zh}）" for cell in self.kept]
        if self.deleted:
            lines.append(f"  员工删除的行（不会再写）：{'、'.join(self.deleted)}")
        if self.corrections_lost:
            lines.append(f"  这些行已被员工删除，之后的更正没有写入：{'、'.join(self.corrections_lost)}")
        lines += [f"  重复：{line}。请只留一行。" for line in self.doubled]
        lines += [f"  {line}" for line in self.behind]
        lines += [f"  {problem}" for problem in self.problems]
        if self.unknown:
            lines.append(f"  另有 {self.unknown} 行带提交标识，但不是从这个收件箱来的（示例数据或别处导入）")
        if self.notice:
            lines.append(f"  {self.notice}")
        return "\n".join(lines)


def verify_receipts(inbox: Inbox, path: Path) -> Verification:
    """Compare every submission of the inbox with the rows of the file on disk; changes nothing."""
    book = Book.read(store.read(path).data)
    seen = look(book, inbox.jumps())
    standings = [standing(versions, seen) for versions in by_submission(inbox.all()).values()]
    tables = {one.table for one in standings}
    single = [one for one in standings if len(one.rows) == 1]
    absent = [one for one in standings if not one.rows and not one.deleted]
    again = [one for one in absent if any(v.state in ("placed", "confirmed") for v in one.versions)]
    deleted = [one for one in standings if one.deleted]
    kept, behind = _corrections(book, seen, [one for one in single if len(one.versions) > 1])
    return Verification(
        in_book=len(single), waiting=len(absent) - len(again),
        deleted=tuple(one.name for one in deleted), again=tuple(one.name for one in again),
        doubled=tuple(f"{one.name}（{one.table}） 出现 {len(one.rows)} 次" for one in standings if len(one.rows) > 1),
        corrected=sum(one.delivered > 1 for one in single),
        corrections_waiting=tuple(f"{one.name} 第 {one.newest.version} 版" for one in single if one.pending),
        corrections_lost=tuple(f"{one.name} 第 {one.newest.version} 版" for one in deleted if len(one.versions) > 1),
        kept=kept, behind=behind, unknown=len(set(seen.rows) - {one.id for one in standings}),
        problems=tuple(text for table, text in seen.problems.items() if table in tables),
        notice=inbox.state().notice,
    )  # fmt: skip


def _corrections(book: Book, seen: Seen, corrected: list[Standing]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cells that staff kept and the log knows, and the rows that do not show what their generation promises."""
    try:
        log = logged(book)
    except (MissingTable, MissingColumn):
        log = set()
    kept: list[str] = []
    behind: list[str] = []
    for one in corrected:
        version = one.delivered
        if version < 2:
            continue
        differing = _differing(book, seen, one)
        known = [
            column for column in differing if log_key(one.name, version, BY_NAME[one.table].columns[column]) in log
        ]
        kept += [f"{one.name} {BY_NAME[one.table].columns[column].zh}" for column in known]
        shown = version_cell(one.rows[0])
        if shown != version and (len(known) < len(differing) or not differing):
            said = "没有版本号" if shown is None else f"写着第 {shown} 版"
            behind.append(
                f"{one.name}（{BY_NAME[one.table].label.zh}第 {one.rows[0].number} 行）应为第 {version} 版，{said}。"
                f"请对照{Changes.label.zh}核对这一行，或从备份找回。"
            )
    return tuple(kept), tuple(behind)


def _differing(book: Book, seen: Seen, one: Standing) -> list[str]:
    """The partner's columns whose cells are not what the delivered version says."""
    table, view, row = BY_NAME[one.table], seen.tables[one.table], one.rows[0]
    spot, where = Spot(language(table, view.columns), book.date1904), headers(table, view.columns)
    sent = one.baseline.values
    return [
        column.name
        for column in table.asked()
        if column.name in where
        and not same(column, row.values.get(where[column.name]), column.from_json(sent.get(column.name)), spot)
    ]
