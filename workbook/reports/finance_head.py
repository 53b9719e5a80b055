"""Owns what every form of the finance lines says about itself, and how one value of a line is written as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from workbook.reports.finance_columns import FinanceColumn, word_of


@dataclass(frozen=True)
class Head:
    """Whose lines they are and as of when.

    `as_of` has a zone; `snapshot` and `fingerprint` name the state of the book; `lang` is `zh-CN` or `en`; `address` is
    the base of the server's addresses, "" where there is no server.
    """

    company: str
    as_of: datetime
    snapshot: str
    fingerprint: str
    lang: str = "zh-CN"
    address: str = ""


def plain(column: FinanceColumn, value: str | Decimal | date | None, lang: str = "") -> str | None:
    """A value as text: amounts with two decimals, numbers and days exactly, a choice as its word in `lang`, else its code.

    None for nothing.
    """
    if value is None:
        return None
    if isinstance(value, Decimal):
        return f"{value:.2f}" if column.kind == "money" else f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return word_of(column.name, value, lang) if column.kind == "choice" and lang else value
