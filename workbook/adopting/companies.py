"""Owns the rows of companies as they grow from old rows, and the account of each old row that is met on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from workbook.adopting import sorting
from workbook.adopting.mapping import Block, OldColumn
from workbook.adopting.old_file import Broken, OldSheet, OldValue
from workbook.adopting.outcome import NewRow, Outcome, SheetCount, Unfit, same_name
from workbook.adopting.sorting import OldRow, rows_under
from workbook.adopting.values import DoesNotFit, take, words_of
from workbook.schema import Table
from workbook.tables import Candidates

NAMELESS = "没有企业名称"
NO_INDICATOR = "没有对应的指标"


def out(outcome: Outcome, sheet: OldSheet, number: int, reason: str, count: SheetCount) -> None:
    """List an old row that is not imported, and count it."""
    texts = [words_of(value) for value in sheet.rows[number - 1] if value is not None]
    outcome.leave_out(sheet.name, number, reason if texts else sorting.BLANK, " | ".join(texts))
    count.rows += 1
    count.left_out += 1


def data_rows(outcome: Outcome, sheet: OldSheet, block: Block, count: SheetCount) -> Iterator[OldRow]:
    """The rows of a block that hold data; the others are listed with their reasons. Whoever imports one counts it."""
    for row in rows_under(sheet, block):
        if row.reason:
            out(outcome, sheet, row.number, row.reason, count)
        else:
            count.rows += 1
            yield row


def leave_out(outcome: Outcome, sheet: OldSheet, row: OldRow, reason: str, count: SheetCount) -> None:
    """A data row that is not imported after all."""
    count.rows -= 1
    out(outcome, sheet, row.number, reason, count)


# --- companies -------------------------------------------------------------------------------------------------------


class Companies:
    """The rows of companies that grow: one for each row of a list, one for each candidate of scoring sheets."""

    def __init__(self, outcome: Outcome):
        self.outcome = outcome
        self._by_name: dict[str, list[NewRow]] = defaultdict(list)

    def add(self, table: type[Table], at: tuple[str, int], name: str = "") -> NewRow:
        """A new row of a company."""
        row = self.outcome.new_row(table, at)
        if name and table is Candidates:
            self._by_name[same_name(name)].append(row)
        return row

    def candidate(self, name: str, occurrence: int, at: tuple[str, int]) -> tuple[NewRow, bool]:
        """The candidate of a name; the second row of one name on one sheet is a second candidate. And whether it is new."""
        known = self._by_name[same_name(name)]
        if name and occurrence < len(known):
            return known[occurrence], False
        return self.add(Candidates, at, name), True

    def fill(self, row: NewRow, columns: Sequence[OldColumn], old: OldRow, sheet: OldSheet, whose: str = "") -> bool:
        """Fill a company's row from an old row; True if something went into its remarks."""
        remarked = False
        for column in columns:
            value = old[column.index]
            if value is None:
                continue
            at = (sheet.name, old.number)
            if column.to in ("remark", "unmatched"):
                remarked |= self._remark(row, column, value, at, whose)
            elif column.to.startswith(f"{row.table.name}."):
                remarked |= self._value(row, column, value, at, sheet.date1904)
        return remarked

    def _remark(self, row: NewRow, column: OldColumn, value: OldValue, at: tuple[str, int], whose: str) -> bool:
        """What has no column of its own is kept as `列名: 值`; listed only if it is a mark without indicator or broken."""
        if isinstance(value, Broken):
            self.outcome.does_not_fit(at, column, value, value.reason, row, whose)
            return True
        if column.to == "unmatched":
            self.outcome.does_not_fit(at, column, value, NO_INDICATOR, row, whose)
            return True
        row.remarks.append(f"{whose}{column.header}: {' '.join(words_of(value).split())}")
        return False

    def _value(self, row: NewRow, column: OldColumn, value: OldValue, at: tuple[str, int], date1904: bool) -> bool:
        name = column.to.partition(".")[2]
        try:
            meant = take(row.table.name, row.table.columns[name], value, column.unit, date1904)
            if meant is not None and _differs(row.values.get(name), meant):
                raise DoesNotFit(f"与{_place(row)}导入的值不同")
        except DoesNotFit as error:
            self.outcome.does_not_fit(at, column, value, str(error), row)
            return True
        if meant is not None:
            row.values.setdefault(name, meant)
        return False


def _differs(there: Any, new: Any) -> bool:
    if isinstance(there, str) and isinstance(new, str):
        return same_name(there) != same_name(new)
    return there is not None and there != new


def _place(row: NewRow) -> str:
    return f"工作表“{row.at[0]}”第 {row.at[1]} 行"


def note_nameless(outcome: Outcome, row: NewRow, at: tuple[str, int], names: Sequence[int]) -> None:
    """A company without a name is imported with what is known of it, and listed."""
    column = OldColumn(names[0] if names else 0, "企业名称", "")
    outcome.unfit.append(Unfit(*at, column.letter if names else "", column.header, "", NAMELESS, f"{row.shown} 备注"))
    row.remarks.append(f"旧表没有写企业名称（{_place(row)}）")


def count_row(count: SheetCount, remarked: bool) -> None:
    """One imported row more."""
    if remarked:
        count.with_remarks += 1
    else:
        count.imported += 1
