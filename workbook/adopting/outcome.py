"""Owns the account of an adoption: the rows of each table, and of every old row and value what became of it."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from workbook.adopting.mapping import OldColumn
from workbook.adopting.old_file import OldValue
from workbook.adopting.sorting import BLANK
from workbook.adopting.values import storable, words_of
from workbook.schema import Table, Text
from workbook.tables import BY_NAME

REST = "（备注放不下的内容见导入报告）"


@dataclass(frozen=True)
class Unfit:
    """A value that did not fit: where it stands in the old file, why, and in which row's remarks it is kept."""

    sheet: str
    row: int
    column: str
    header: str
    value: str
    reason: str
    kept_in: str


@dataclass(frozen=True)
class LeftOut:
    """Old rows that are not imported, first to last (one row, or a run of blank ones), why, and what stood there."""

    sheet: str
    row: int
    last: int
    reason: str
    text: str = ""


@dataclass
class SheetCount:
    """The rows of one sheet: all of them, those imported whole, with remarks, and left out."""

    sheet: str
    kind: str
    rows: int = 0
    imported: int = 0
    with_remarks: int = 0
    left_out: int = 0
    reason: str = ""


class NewRow:
    """A row of a new book as it grows: values by column name, and what goes into its remarks, in order."""

    def __init__(self, table: type[Table], key: str, at: tuple[str, int]):
        self.table, self.key, self.at = table, key, at
        self.values: dict[str, Any] = {table.key().name: key}
        self.remarks: list[str] = []

    @property
    def shown(self) -> str:
        """The row as people name it: `伙伴 P-0001`."""
        return f"{self.table.label.zh} {self.key}"

    def finish(self) -> list[str]:
        """Write the remarks into the row; what does not fit any more comes back, for the report."""
        column = self.table.columns["remark"]
        limit = column.max_length if isinstance(column, Text) else 0
        parts = [*([self.values["remark"]] if self.values.get("remark") else []), *dict.fromkeys(self.remarks)]
        kept = [storable(part) for part in parts]
        cut: list[str] = []
        if len("；".join(kept)) > limit:
            room, tried, kept = limit - len(REST), kept, []
            for part in tried:
                fits = len(part) + 1 <= room
                (kept if fits else cut).append(part)
                room -= len(part) + 1 if fits else 0
        if parts:
            self.values["remark"] = "；".join(kept) + (REST if cut else "")
        return cut


@dataclass
class Outcome:
    """Everything that an adoption gives, before it is written."""

    rows: dict[str, list[NewRow]] = field(default_factory=lambda: defaultdict(list))
    unfit: list[Unfit] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    doubles: list[dict[str, Any]] = field(default_factory=list)
    remarks_cut: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sheets: list[SheetCount] = field(default_factory=list)

    def new_row(self, table: type[Table], at: tuple[str, int]) -> NewRow:
        """A new row of a table with the next key; `at` is the old sheet and row that it comes from."""
        row = NewRow(table, table.key().make(len(self.rows[table.name]) + 1), at)
        self.rows[table.name].append(row)
        return row

    def does_not_fit(
        self, at: tuple[str, int], column: OldColumn, value: OldValue, reason: str, row: NewRow, whose: str = ""
    ) -> None:
        """Keep a value in a row's remarks as `列名: 值（原因）`, and list it."""
        text = " ".join(words_of(value).split())
        row.remarks.append(f"{whose}{column.header}: {text}（{reason}）")
        self.unfit.append(Unfit(*at, column.letter, column.header, words_of(value), reason, f"{row.shown} 备注"))

    def leave_out(self, sheet: str, row: int, reason: str, text: str = "") -> None:
        """List an old row that is not imported; a run of blank rows is one entry."""
        last = self.left_out[-1] if self.left_out else None
        if reason == BLANK and last and (last.sheet, last.last, last.reason) == (sheet, row - 1, BLANK):
            self.left_out[-1] = LeftOut(sheet, last.row, row, BLANK)
        else:
            self.left_out.append(LeftOut(sheet, row, row, reason, text))

    def finish(self, sheets: Sequence[str]) -> None:
        """Write remarks into rows, look for companies that stand there twice, and list everything in the old order."""
        place = {name: number for number, name in enumerate(sheets)}
        self.unfit.sort(key=lambda item: (place[item.sheet], item.row, len(item.column), item.column))
        self.left_out.sort(key=lambda item: (place[item.sheet], item.row))
        for rows in self.rows.values():
            for row in rows:
                if "remark" in row.table.columns and (cut := row.finish()):
                    self.remarks_cut.append({"table": row.table.name, "key": row.key, "remarks": cut})
        if self.remarks_cut:
            self.notes.append(f"{len(self.remarks_cut)} 行的备注放不下全部内容，其余记在导入报告的 remarks_cut 里。")
        self.doubles = [double for name in ("partners", "candidates") for double in _doubles(self.rows.get(name, ()))]

    @property
    def counts(self) -> dict[str, int]:
        """Old rows: all, imported whole, imported with remarks, left out; the last three add up to the first."""
        return {
            "rows": sum(s.rows for s in self.sheets),
            "imported": sum(s.imported for s in self.sheets),
            "with_remarks": sum(s.with_remarks for s in self.sheets),
            "left_out": sum(s.left_out for s in self.sheets),
        }

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The new rows by table, as `new_workbook` takes them."""
        return {name: [row.values for row in rows] for name, rows in self.rows.items() if rows}

    def as_data(self) -> dict[str, Any]:
        """The account in JSON's own types."""
        return {
            "counts": self.counts,
            "new_rows": {name: len(rows) for name, rows in self.rows.items() if rows},
            "sheets": [asdict(sheet) for sheet in self.sheets],
            "unfit": [asdict(item) for item in self.unfit],
            "left_out": [asdict(item) for item in self.left_out],
            "doubles": self.doubles,
            "remarks_cut": self.remarks_cut,
            "notes": self.notes,
        }


def _doubles(rows: Sequence[NewRow]) -> list[dict[str, Any]]:
    """Rows that may be one company: the same credit code or the same name. None of them was merged."""
    found = []
    for name in ("credit_code", "legal_name"):
        groups: Mapping[str, list[NewRow]] = defaultdict(list)
        for row in rows:
            if value := row.values.get(name):
                groups[same_name(value)].append(row)
        found += [
            {
                "table": group[0].table.name, "column": BY_NAME[group[0].table.name].columns[name].zh,
                "value": group[0].values[name], "keys": [row.key for row in group],
                "rows": [{"sheet": row.at[0], "row": row.at[1]} for row in group],
            }
            for group in groups.values() if len(group) > 1
        ]  # fmt: skip
    return found


def same_name(text: str) -> str:
    """A company's name without what varies when people type it: blanks, width and case."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def tally(outcome: Outcome) -> Counter[str]:
    """How many old rows were left out for each reason."""
    counts: Counter[str] = Counter()
    for item in outcome.left_out:
        counts[item.reason] += item.last - item.row + 1
    return counts
