"""Makes finance lines for the tests: many from a seed, and the hostile texts that must stay text in every form."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from workbook.reports.finance_head import Head
from workbook.reports.finance_lines import FinanceLine, finance_columns
from workbook.schema import CONFIDENTIAL

HEAD = Head("远山集团", datetime(2026, 11, 24, 2, 0, tzinfo=UTC), "17", "e3b0c442")
NAMES = tuple(column.name for column in finance_columns(CONFIDENTIAL))
HOSTILE = (
    '=HYPERLINK("http://evil.example","点我")', "+1", "-1+cmd|' /C calc'!A0", "@x", "\t=1+1", "\r=2", "\n=3", "＝1+1",
    "第一行\n第二行", '他说"好"，然后', "a,b;c\td", "'=1", "''+1", "'已经有引号", "emoji 🎉👩‍💻", "<r><t>x</t></r>", "<b>&amp;</b>",
    "_x0041_", "  前后有空格  ", "1e5", "00123", "TRUE", "2026-01-01", "{=1}", "=\n1",
)  # fmt: skip


def blank_line(**values: Any) -> FinanceLine:
    """A line with nothing in it but what is given."""
    return {**dict.fromkeys(NAMES), "currency": "CNY", **values}


def made_lines(count: int, seed: int = 7, partners: int = 40) -> Iterator[FinanceLine]:
    """Lines one after the other: amounts to the cent, some without partner, actual, plan or progress, some refunds."""
    chance = random.Random(seed)

    def cents(most: int) -> Decimal:
        return Decimal(chance.randrange(most)).scaleb(-2)

    for number in range(1, count + 1):
        partner = chance.randrange(partners + 1)
        budget, actual = cents(10**8), None if number % 11 == 0 else cents(10**8) * (-1 if number % 13 == 0 else 1)
        earned = None if number % 5 == 0 else (budget * chance.randrange(101) / 100).quantize(Decimal("0.01"))
        planned = None if number % 7 == 0 else (budget * chance.randrange(101) / 100).quantize(Decimal("0.01"))
        yield blank_line(
            budget_line=f"BU-{number:04d}", contract=f"K-{partner:04d}", contract_title=f"合同 {partner}",
            partner=f"P-{partner:04d}" if partner else None, partner_name=f"第{partner}家有限公司" if partner else None,
            project="园区运维", category=chance.choice(("服务费", "差旅费", "设备费")), starts_on=date(2026, 1, 1),
            ends_on=date(2026, 12, 31), budget=budget, actual=actual, committed=cents(10**6),
            difference=None if actual is None else budget - actual, verdict="within", mark=Decimal(5), saved=cents(10**5),
            undelivered=cents(10**5), planned_value=planned, earned_value=earned, voucher=f"凭证 {number}",
        )  # fmt: skip
