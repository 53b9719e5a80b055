"""Owns the proof that every receipt is in the book exactly once, or deleted by staff, or waiting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms_server.delivery import look
from forms_server.inbox import Inbox
from workbook import store
from workbook.ooxml import Book


@dataclass(frozen=True)
class Verification:
    """The receipts by what became of them; `lost` and `doubled` are faults, the rest is in order."""

    in_book: int
    waiting: int
    deleted: tuple[str, ...]
    again: tuple[str, ...]
    doubled: tuple[str, ...]
    unknown: int
    problems: tuple[str, ...]
    notice: str | None

    @property
    def ok(self) -> bool:
        """Whether every receipt is accounted for, once."""
        return not self.doubled and not self.problems

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
        if self.deleted:
            lines.append(f"  员工删除的行（不会再写）：{'、'.join(self.deleted)}")
        lines += [f"  重复：{line}。请只留一行。" for line in self.doubled]
        lines += [f"  {problem}" for problem in self.problems]
        if self.unknown:
            lines.append(f"  另有 {self.unknown} 行带提交标识，但不是从这个收件箱来的（示例数据或别处导入）")
        if self.notice:
            lines.append(f"  {self.notice}")
        return "\n".join(lines)


def verify_receipts(inbox: Inbox, path: Path) -> Verification:
    """Compare every submission of the inbox with the rows of the file on disk; changes nothing."""
    seen = look(Book.read(store.read(path).data))
    in_book = waiting = 0
    deleted, again, doubled = [], [], []
    known = inbox.all()
    for row in known:
        name = f"{row.row_key or row.id}（{row.table}）"
        rows = len(seen.rows.get(row.id, ()))
        if rows > 1:
            doubled.append(f"{name} 出现 {rows} 次")
        elif rows == 1:
            in_book += 1
        elif row.generation is not None and row.generation <= seen.generation:
            deleted.append(row.row_key or row.id)
        elif row.state in ("placed", "confirmed"):
            again.append(row.row_key or row.id)
        else:
            waiting += 1
    tables = {row.table for row in known}
    return Verification(
        in_book=in_book, waiting=waiting, deleted=tuple(deleted), again=tuple(again), doubled=tuple(doubled),
        unknown=len(set(seen.rows) - {row.id for row in known}),
        problems=tuple(text for table, text in seen.problems.items() if table in tables),
        notice=inbox.state().notice,
    )  # fmt: skip
