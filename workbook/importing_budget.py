"""Owns importing finance's budget sheets into a workbook file: preview, then lines, mapping, log and account of the import (S32).

The source file is only read. What totals contradict is not written unless people say so; what equals the book is not
written at all, so a second import of the same file changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbook.budget_source.model import IGNORE, Options, Remembered, SourceLine, Understood
from workbook.budget_source.understand import understand
from workbook.budgeting import line_cells
from workbook.changelog import CellChange, append_rows, log_changes
from workbook.desk import Desk, Done, on_file
from workbook.errors import PartnerBookError
from workbook.measuring import version_for
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rows import language, need, to_cell
from workbook.rules.budget_merge import Matcher, Merge, merge_lines
from workbook.rules.earned import cells_of, sound_earned
from workbook.tables import BudgetImports, BudgetMappings, Budgets, Contracts, Partners
from workbook.tables.finance import CURRENCIES, MEANINGS, TAX, UNITS

AS_THEY_ARE = Options()  # nothing said about the file beside the file
SHOWN = 20  # lines, columns and totals that a screen names one by one
WHAT = "导入财务的表 {file}"


class TotalsDisagree(PartnerBookError):
    """The lines of a sheet do not add up to the totals that it states."""

    def __init__(self, understood: Understood):
        told = "\n".join(f"  {check.sentence}" for check in understood.disagreements[:SHOWN])
        super().__init__(
            f"{understood.file} 的合计与各行对不上，没有写入任何内容：\n{told}\n"
            "请与财务核对这张表；确认各行无误、合计写错，才加 --accept-difference 导入。"
        )


class SourceNameless(PartnerBookError):
    """A file name gives no name for its source."""

    def __init__(self, file: str):
        super().__init__(f"{file} 的文件名里没有可以用作来源的文字。请加 --source 写明来源，例如 --source 财务部预算。")


@dataclass(frozen=True)
class Preview:
    """What an import would do: how the file was understood, what it changes, what it could not match."""

    source: str
    understood: Understood
    merge: Merge

    @property
    def ok(self) -> bool:
        """Whether the sheet's own totals agree with its lines."""
        return not self.understood.disagreements

    def lines_told(self, columns: bool = True) -> list[str]:
        """The whole account in sentences, with or without a line for each column of the sheets."""
        return list(_told(self, columns))

    def as_data(self) -> dict[str, Any]:
        """In JSON's own types."""
        read, merge = self.understood, self.merge
        return {
            "source": self.source, "file": read.file, "sha256": read.sha256, "lines": len(read.lines),
            "budget": str(read.total("budget")), "actual": str(read.total("actual")), "committed": str(read.total("committed")),
            "columns": [
                {"sheet": c.sheet, "header": c.header, "column": c.letters, "meaning": c.meaning, "unit": c.unit, "period": c.period, "why": c.why}
                for c in read.columns
            ],
            "totals": [
                {"sheet": c.sheet, "row": c.row, "label": c.label, "meaning": c.meaning, "period": c.period, "stated": str(c.stated), "computed": str(c.computed), "agrees": c.agrees}
                for c in read.checks
            ],
            "left_out": [{"sheet": o.sheet, "row": o.row, "words": o.words, "why": o.why} for o in read.left_out],
            "warnings": list(read.warnings), "added": len(merge.fresh), "updated": len(merge.changed), "unchanged": merge.same,
            "kept": [{"line": one.record.key, "columns": list(one.kept)} for one in merge.kept],
            "gone": [row.key for row in merge.gone],
            "unmatched": [
                {"sheet": line.sheet, "row": line.row, "contract": line.contract, "partner": line.partner, "budget": _text(line.budget), "actual": _text(line.actual), "why": why}
                for line, why in merge.unmatched
            ],
        }  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """What an import did; `changed` says whether the file was written."""

    preview: Preview
    changed: bool
    warnings: tuple[str, ...] = ()

    def lines_told(self) -> list[str]:
        """The account in sentences, what happened first."""
        merge = self.preview.merge
        if not self.changed:
            return [f"✓ {self.preview.understood.file} 与工作簿里的一致，没有改动", *_told(self.preview, False)]
        done = f"✓ 新增 {len(merge.fresh)} 行，更新 {len(merge.changed)} 行，未变 {merge.same} 行"
        return [done, *_told(self.preview, False), *self.warnings]

    def as_data(self) -> dict[str, Any]:
        """In JSON's own types."""
        return {**self.preview.as_data(), "changed": self.changed, "warnings_of_writing": list(self.warnings)}


def source_of(name: str) -> str:
    """The name of a source from a file's name: without dates, versions and copies, so that next month's file is the same.

    Raises:
        SourceNameless: nothing is left.
    """
    stem = Path(name).stem
    stem = re.sub(r"(?i)副本|copy|(?<![a-z])v\d+(\.\d+)*|(终|定|初|修订?)(稿|版)|final", " ", stem)
    stem = re.sub(r"(?i)(第?[一二三四1-4]季度|q[1-4]|[上下]半年)", " ", stem)
    stem = re.sub(r"(截至|截止)?\s*\d+([年月日度\-_.]*\s*\d+)*\s*(年度?|月份?|日)?", " ", stem)
    words = re.sub(r"[\s\-_.·—()（）\[\]【】]+", " ", stem).strip()[: Budgets.source.max_length or 60]
    if not words:
        raise SourceNameless(name)
    return words


def preview(path: Path, name: str, data: bytes, source: str = "", options: Options = AS_THEY_ARE) -> Preview:
    """How a file of finance is understood beside a book, and what importing it would do; nothing is written.

    Raises:
        OldFileUnreadable, NoBudgetTable, UnitUnknown, RateMissing, AmountRefused: as `understand`.
        WorkbookUnreachable, NotAWorkbook, MissingTable: the book cannot be read, or is older than these tables.
    """
    found: list[Preview] = []

    def look(desk: Desk) -> Done:
        found.append(_preview(desk.book, name, data, source, options))
        return Done("", False, [])

    on_file(path, look, write=False)
    return found[-1]


def apply(
    path: Path,
    name: str,
    data: bytes,
    source: str = "",
    options: Options = AS_THEY_ARE,
    accept_difference: bool = False,
) -> Imported:
    """Import a file of finance into a book; the file is replaced once, or not at all.

    Raises:
        TotalsDisagree: the sheet's totals contradict its lines and `accept_difference` is not given.
        As `preview`, and WorkbookOpen, ChangedUnderneath: the book cannot be written now.
    """
    found: list[Preview] = []

    def work(desk: Desk) -> Done:
        seen = _preview(desk.book, name, data, source, options)
        found.append(seen)
        if not (seen.ok or accept_difference):
            raise TotalsDisagree(seen.understood)
        return Done("", _write(desk, seen), [])

    done = on_file(path, work)
    return Imported(found[-1], done.changed, done.warnings)


def _preview(book: Book, name: str, data: bytes, source: str, options: Options) -> Preview:
    meant = source.strip() or source_of(name)
    read = understand(name, data, options=options, remembered=_remembered(book, meant))
    lines = read_records(book, Budgets)
    matcher = Matcher(
        read_if_there(book, Contracts), read_if_there(book, Partners), (row for row in lines if row["source"] == meant)
    )
    return Preview(
        meant, read, merge_lines(meant, read.lines, lines, matcher, {column.meaning for column in read.columns})
    )


def _remembered(book: Book, source: str) -> Remembered:
    """How the columns of a source were read before, or as people wrote it since."""
    return {
        row.text("header"): (row["meaning"], int(row["unit"]) if row["unit"] else None)
        for row in read_records(book, BudgetMappings)
        if row["source"] == source and row["header"] and row["meaning"]
    }


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(desk: Desk, seen: Preview) -> bool:
    """Write what differs; whether anything did."""
    mapping = list(_new_mapping(desk.book, seen))
    if not seen.merge.anything and not mapping:
        return False
    if mapping:
        append_rows(desk.book, BudgetMappings, mapping)
    if not seen.merge.anything:
        return True
    today = desk.now.date()
    if seen.merge.fresh:
        append_rows(desk.book, Budgets, [_computed(desk, row) | {"imported_on": today} for row in seen.merge.fresh])
    _update(desk, seen)
    append_rows(desk.book, BudgetImports, [_account(desk, seen)])
    return True


def _new_mapping(book: Book, seen: Preview) -> Iterator[dict[str, Any]]:
    """The headers that are not remembered yet; what people changed stays as they wrote it."""
    known = {row.text("header") for row in read_records(book, BudgetMappings) if row["source"] == seen.source}
    for column in seen.understood.columns:
        if (
            column.header
            and column.header not in known
            and len(column.header) <= (BudgetMappings.header.max_length or 0)
        ):
            known.add(column.header)
            unit = str(column.unit) if column.unit and str(column.unit) in UNITS else None
            yield {"source": seen.source, "header": column.header, "meaning": column.meaning, "unit": unit}


def _computed(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    """A new line with what an evaluation would compute of it, so that the next one need not touch it."""
    ledger, today = desk.situation.ledger, desk.now.date()
    record = Record(Budgets, "", 0, "", {name: value for name, value in row.items() if value is not None}, {})
    version = version_for(ledger, record["ends_on"] or record["starts_on"])
    return {**row, **line_cells(ledger, record, version, today), **cells_of(sound_earned(record, {}, today))}


def _update(desk: Desk, seen: Preview) -> None:
    view = desk.book.table(Budgets.name)
    lang, what = language(Budgets, view.columns), WHAT.format(file=seen.understood.file)[:200]
    changes: dict[int, dict[str, Any]] = {}
    for one in seen.merge.changed:
        changes[one.record.number] = {**one.values, "imported_on": desk.now.date()}
    for row in seen.merge.gone:
        if row["source_state"] != "gone":
            changes[row.number] = {"source_state": "gone"}
    if not changes:
        return
    names = {name for values in changes.values() for name in values}
    where = need(Budgets, view.columns, [Budgets.key().name, *names], view.sheet)
    log_changes(desk.book, desk.now, _logged(seen, what))
    cells = {
        number: {where[name]: to_cell(Budgets.columns[name], value, lang) for name, value in values.items()}
        for number, values in changes.items()
    }
    desk.book.update_rows(Budgets.name, where[Budgets.key().name], cells)


def _logged(seen: Preview, what: str) -> Iterator[CellChange]:
    """A line of 变更记录 for each cell of money or matching that changed, and for each that staff's own text kept."""
    for one in seen.merge.changed:
        for name, value in one.values.items():
            if name not in ("imported", "source_state"):
                yield CellChange(one.record, name, one.record[name], value, what, "system")
    for row in seen.merge.gone:
        if row["source_state"] != "gone":
            yield CellChange(row, "source_state", row["source_state"], "gone", what, "system")


def _account(desk: Desk, seen: Preview) -> dict[str, Any]:
    read, merge = seen.understood, seen.merge
    bad = len(read.disagreements)
    checks = f"{len(read.checks)} 处合计全部相符" if read.checks else "表里没有合计"
    return {
        "at": desk.now, "source": seen.source, "file": read.file[:200], "fingerprint": read.sha256, "lines": Decimal(len(read.lines)),
        "budget": read.total("budget"), "actual": read.total("actual"),
        "checks": f"{len(read.checks)} 处合计，{bad} 处不符，按各行导入" if bad else checks,
        "added": Decimal(len(merge.fresh)), "updated": Decimal(len(merge.changed)), "kept": Decimal(len(merge.kept)),
        "gone": Decimal(len(merge.gone)), "unmatched": Decimal(len(merge.unmatched)),
    }  # fmt: skip


# --- telling ---------------------------------------------------------------------------------------------------------


def _told(seen: Preview, columns: bool = True) -> Iterator[str]:
    read = seen.understood
    yield f"来源 {seen.source} · 文件 {read.file} · {len(read.lines)} 行"
    for sheet in read.sheets:
        if sheet.kind != "budget":
            yield f"  工作表“{sheet.name}”：不取，{sheet.why}"
            continue
        unit = UNITS[str(sheet.unit)].zh if str(sheet.unit) in UNITS else "各列不同"
        tax = TAX[sheet.tax].zh if sheet.tax else "没有说明含税还是不含税"
        yield f"  工作表“{sheet.name}”：{sheet.lines} 行，单位{unit}，{CURRENCIES[sheet.currency].zh if sheet.currency in CURRENCIES else sheet.currency or CURRENCIES['CNY'].zh}，{tax}"
    if columns:
        yield "怎么理解每一列："
        yield from (f"  {words}" for words in _columns(read))
    yield from _sums(read)
    yield from (f"  ! {warning}" for warning in read.warnings)
    yield from _outcome(seen)


def _columns(read: Understood) -> Iterator[str]:
    for column in read.columns[:60]:
        if column.meaning == IGNORE:
            yield f"{column.sheet}!{column.letters} “{column.header}” → 不取：{column.why}"
            continue
        unit = f"（{UNITS[str(column.unit)].zh}）" if column.unit and str(column.unit) in UNITS else ""
        period = f" {column.period}" if column.period else ""
        sample = f"，如 {column.samples[0]}" if column.samples else ""
        yield f"{column.sheet}!{column.letters} “{column.header}” → {MEANINGS[column.meaning].zh}{unit}{period}{sample}"
    if len(read.columns) > 60:
        yield f"……共 {len(read.columns)} 列"


def _sums(read: Understood) -> Iterator[str]:
    words = [("budget", "约定预算"), ("actual", "实际发生"), ("committed", "已承诺")]
    yield (
        "合计："
        + "，".join(
            f"{word} {read.total(name):,.2f}" for name, word in words if read.total(name) or name != "committed"
        )
        + " 元"
    )
    agreed = len(read.checks) - len(read.disagreements)
    yield (
        f"核对：表里写的 {len(read.checks)} 处合计，{agreed} 处相符"
        if read.checks
        else "核对：表里没有写合计，无法核对"
    )
    yield from (f"  ✗ {check.sentence}" for check in read.disagreements[:SHOWN])


def _outcome(seen: Preview) -> Iterator[str]:
    merge = seen.merge
    yield f"与工作簿相比：新增 {len(merge.fresh)} 行，更新 {len(merge.changed)} 行，未变 {merge.same} 行"
    for one in merge.kept[:SHOWN]:
        columns = "、".join(Budgets.columns[name].zh for name in one.kept)
        yield f"  {one.record.key} 的{columns}员工改过，保留员工的内容"
    if merge.gone:
        yield f"  这次的表里没有：{_some([row.key for row in merge.gone])}，留在工作簿里，标为来源已无"
    if merge.unmatched:
        yield f"没有对上合同的 {len(merge.unmatched)} 行（仍会导入，补上合同编号后计入伙伴）："
        yield from (f"  {words}" for words in _unmatched(merge.unmatched))


def _some(words: Sequence[str]) -> str:
    return "、".join(words[:SHOWN]) + (f" 等 {len(words)} 行" if len(words) > SHOWN else "")


def _unmatched(found: Sequence[tuple[SourceLine, str]]) -> Iterator[str]:
    """Each line, unless there are so many that each reason is told with its places."""
    if len(found) <= SHOWN:
        for line, why in found:
            words = " ".join(part for part in (line.contract, line.partner, line.project, line.category) if part)
            yield f"{line.sheet} 第 {line.row} 行 {words}：{why}"
        return
    places: dict[str, list[str]] = {}
    for line, why in found:
        places.setdefault(why, []).append(f"{line.sheet} 第 {line.row} 行")
    for why, count in Counter({why: len(where) for why, where in places.items()}).most_common(SHOWN):
        yield f"{why}：{count} 行，{places[why][0]}起；逐行见 --json 或预算执行页"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
