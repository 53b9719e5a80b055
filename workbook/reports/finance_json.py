"""Owns the finance lines as JSON: codes and exact decimals as text, the meaning of each column, and the sums behind the lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from workbook.errors import PartnerBookError
from workbook.reports.finance_columns import FinanceColumn
from workbook.reports.finance_head import Head, plain
from workbook.reports.finance_lines import SUMMED, FinanceLine, RunningTotals, Totals
from workbook.schema import Choice
from workbook.tables import Budgets

__all__ = ["Head", "TotalsDiffer", "json_chunks", "totals_data"]

CHUNK = 1 << 16  # characters
FIGURES = ("rate", "cpi", "spi", "eac")  # of the sums


class TotalsDiffer(PartnerBookError):
    """The lines do not add up to the sums that were kept of them; `partners` names where."""

    def __init__(self, partners: Sequence[str]):
        self.partners = tuple(partners)
        super().__init__(
            f"预算明细加起来和汇总不一致（{'、'.join(partners)}），取数中断，已经收到的部分不完整。请重新取一次；仍然不一致请重新运行 partnerbook evaluate。"
        )


def json_chunks(
    lines: Iterable[FinanceLine],
    columns: Sequence[FinanceColumn],
    head: Head,
    totals: Mapping[str, Totals] | None = None,
) -> Iterator[bytes]:
    """One JSON object, some 64 KB at a time: what it is, `columns`, `lines`, and `totals` as the lines add up to.

    Amounts and numbers are text such as "1234.50", so that no reader makes binary fractions of them; null is nothing.

    Raises:
        TotalsDiffer: at the end, if `totals` are given and the lines add up to others; the object stays unfinished.
    """
    running = RunningTotals()
    yield _opening(columns, head)
    between, buffer, size = "\n", [], 0
    for line in running.through(lines):
        text = between + _json({column.name: plain(column, line[column.name]) for column in columns})
        between = ",\n"
        buffer.append(text)
        size += len(text)
        if size >= CHUNK:
            yield "".join(buffer).encode()
            buffer, size = [], 0
    yield "".join(buffer).encode()
    found = running.totals()
    if totals is not None and (apart := _apart(totals, found)):
        raise TotalsDiffer(apart)
    yield f'\n],\n"totals": {_json(totals_data(found))}}}\n'.encode()


def _apart(kept: Mapping[str, Totals], found: Mapping[str, Totals]) -> list[str]:
    def sums(one: Totals | None) -> list[object]:
        return [getattr(one, name, None) for name in ("lines", *SUMMED)]

    return [key for key in {**kept, **found} if sums(kept.get(key)) != sums(found.get(key))]


def totals_data(totals: Mapping[str, Totals]) -> dict[str, dict[str, Any]]:
    """Sums for JSON: `lines` is a number, amounts are text with two decimals, rate and indexes text with four, or null."""
    return {
        key: {
            "lines": one.lines, **{name: f"{getattr(one, name):.2f}" for name in SUMMED}, "available": f"{one.available:.2f}",
            **{name: None if (value := getattr(one, name)) is None else f"{value:f}" for name in FIGURES},
        }
        for key, one in totals.items()
    }  # fmt: skip


def _opening(columns: Sequence[FinanceColumn], head: Head) -> bytes:
    about = {
        "company": head.company, "as_of": head.as_of.isoformat(timespec="seconds"), "snapshot": head.snapshot,
        "fingerprint": head.fingerprint, "currency": "CNY", "columns": [_column(one, head.lang) for one in columns],
    }  # fmt: skip
    return f'{_json(about)[:-1]},\n"lines": ['.encode()


def _column(column: FinanceColumn, lang: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name, "label": column.label.get(lang), "type": column.kind, "meaning": column.meaning.get(lang),
    }  # fmt: skip
    declared = Budgets.columns.get(column.name)
    if isinstance(declared, Choice):
        found["options"] = {code: label.get(lang) for code, label in declared.options.items()}
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
