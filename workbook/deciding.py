"""Owns writing what a panel decides into its book: whether each vote holds, and the draft of the minutes, both by key.

What is equal is not written: deciding twice over an unchanged book changes no byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbook import store
from workbook.errors import PartnerBookError
from workbook.identity import must_be_ours
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rows import headers, language, need, to_cell
from workbook.rules.finding import run_checks
from workbook.rules.minutes import Draft, draft_of, findings_of, ground_of, rows_of
from workbook.rules.selection import Panel, RulesRefused, read_selection
from workbook.rules.voting import valid_votes
from workbook.tables import Minutes, Votes


class NoSuchPanel(PartnerBookError):
    """Minutes were asked of a panel that is not in the book."""

    def __init__(self, panel: str, known: Sequence[str]):
        super().__init__(f"“评审会”里没有 {panel}（现有：{'、'.join(known) or '无'}）。请用那里有的评审会编号。")


class NothingToMinute(PartnerBookError):
    """A panel has no results yet, so that there is nothing that minutes could say."""

    def __init__(self, panel: str, why: str = ""):
        more = f"（{why}）" if why else ""
        super().__init__(f"评审会 {panel} 还没有可用的结果{more}，没有起草纪要。请先把评分做完，再运行一次。")


@dataclass(frozen=True)
class Minuted:
    """What became of minutes: their key, whether the book was written, and whether they were confirmed before."""

    key: str
    draft: str
    changed: bool
    confirmed: bool = False
    outdated: bool = False  # confirmed, and their ground changed since
    warnings: tuple[str, ...] = ()


# --- votes ------------------------------------------------------------------------------------------------------------


def write_validity(book: Book) -> None:
    """Write into 评审表决 whether each vote holds against the ranking in the book. A book without votes stays as it is.

    While the setting of required departments cannot be read nothing is written; `check` names it.
    """
    if not read_if_there(book, Votes):
        return
    view = book.table(Votes.name)
    where = headers(Votes, view.columns)
    if "state" not in where:
        return
    selection = read_selection(book)
    try:
        valid = valid_votes(selection)
    except RulesRefused:
        return
    column, lang, changes = Votes.columns["state"], language(Votes, view.columns), {}
    for vote in selection.votes:  # copied rows are left to whoever copied them
        state = "valid" if vote.key in valid else "void"
        if vote["state"] != state:
            changes[vote.number] = {where["state"]: to_cell(column, state, lang)}
    if changes:
        book.update_rows(Votes.name, where["vote_key"], changes)


# --- minutes ----------------------------------------------------------------------------------------------------------


def minutes_file(path: Path, panel: str, *, now: datetime | None = None) -> Minuted:
    """Draft the minutes of a panel in the workbook at a path, which is evaluated first; written only if something differs.

    Raises:
        NoSuchPanel, NothingToMinute: there is nothing to draft from.
        WorkbookOpen, ChangedUnderneath, WorkbookUnreachable: try again later.
        NotAWorkbook, MissingTable, MissingColumn, AppendRefused, RulesRefused: the book cannot take them as it is.
    """
    from workbook.evaluating import evaluate_book, local_now

    snapshot = store.read(path)
    book = Book.read(snapshot.data)
    must_be_ours(book, snapshot.path.name)
    now = now or local_now(book)
    refused = evaluate_book(book, now).refused
    done = draft_minutes(book, panel, now, refused.get(panel, ""))
    if not book.touched:
        return done
    store.check_free(snapshot.path)
    return Minuted(done.key, done.draft, True, done.confirmed, done.outdated, store.replace(snapshot, book.to_bytes()).warnings)  # fmt: skip


def draft_minutes(book: Book, panel: str, now: datetime, refused: str = "") -> Minuted:
    """Write the draft of a panel's minutes into a book in memory; minutes that staff confirmed stay as they are."""
    selection = read_selection(book)
    found = selection.panels.get(panel)
    if found is None:
        raise NoSuchPanel(panel, list(selection.panels))
    rows = rows_of(read_records(book, Minutes), panel)
    if done := next((row for row in rows if row["status"] == "confirmed"), None):
        outdated = done.text("fingerprint") != ground_of(selection, found)
        return Minuted(done.key, done.text("draft"), False, True, outdated)
    if refused or not any(row.get("state") for row in selection.results.get(panel, ())):
        raise NothingToMinute(panel, refused)
    row = rows[-1] if rows else None
    draft = draft_of(selection, found, row, findings_of(run_checks(book, now.date()), found, selection))
    if row and (row.text("draft"), row.text("fingerprint")) == (draft.text, draft.fingerprint):
        return Minuted(row.key, draft.text, False)
    key = _write(book, found, row, draft, now)
    return Minuted(key, draft.text, True)


def _write(book: Book, panel: Panel, row: Record | None, draft: Draft, now: datetime) -> str:
    """Put the draft into its row, or into a new one with the next number; staff's columns are theirs."""
    view, column = book.table(Minutes.name), Minutes.key()
    fresh: dict[str, Any] = {
        "panel": panel.key, "draft": draft.text, "fingerprint": draft.fingerprint, "drafted_at": now,
    }  # fmt: skip
    if row is None:
        known = [column.number(record.key) or 0 for record in read_records(book, Minutes)]
        fresh |= {"minutes": column.make(max(known, default=0) + 1), "status": "draft"}
    where = need(Minutes, view.columns, [*fresh, column.name], view.sheet)
    lang = language(Minutes, view.columns)
    cells = {where[name]: to_cell(Minutes.columns[name], value, lang) for name, value in fresh.items()}
    if row is None:
        book.append(Minutes.name, [cells])
        return str(fresh["minutes"])
    book.update_rows(Minutes.name, where[column.name], {row.number: cells})
    return row.key


def as_text(panel: str, done: Minuted, book: Path) -> str:
    """What the command says."""
    if done.outdated:
        return f"✗ {panel} 的纪要 {done.key} 已确认，而依据之后有变。请把它的状态改回“起草”再运行，或改回原样。"
    if done.confirmed:
        return f"✓ {panel} 的纪要 {done.key} 已确认，不再起草。"
    head = f"✓ {panel} 的纪要 {done.key} {'已起草' if done.changed else '没有变化，工作簿没有改动'}"
    return f"{head}\n\n{done.draft}\n\n  下一步：在 {book.name} 的“评审会纪要”里核对，把状态改为“已确认”。"


__all__ = ["Minuted", "NoSuchPanel", "NothingToMinute", "as_text", "draft_minutes", "minutes_file", "write_validity"]
