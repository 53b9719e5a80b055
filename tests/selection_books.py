"""Owns the smallest whole selection: rows of a panel in which nothing is amiss, for tests to break one thing at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workbook.build import default_rows, new_workbook
from workbook.defaults import TREE
from workbook.evaluating import Evaluation, evaluate_book
from workbook.ooxml import Book
from workbook.rows import row_cells
from workbook.schema import FileRef
from workbook.tables import BY_NAME

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, 30)
Rows = dict[str, list[dict[str, Any]]]
ROLES = ("business", "technology", "purchasing", "legal", "finance", "quality", "other")
MARKED = [f"v1-{code}.{n}" for code, leaves in TREE.items() for n, leaf in enumerate(leaves, 1) if not leaf.fact]


def files() -> dict[str, tuple[FileRef, ...]]:
    """The four files that are wanted of every candidate."""
    names = ("profile_file", "cases_file", "certificates_file", "proposal_file")
    return {name: (FileRef("0" * 32, f"{name}.pdf", 90_000, "0" * 64, "pdf"),) for name in names}


def candidate(number: int, **more: Any) -> dict[str, Any]:
    return {
        "candidate": f"C-{number:04d}", "legal_name": f"候选{number}有限公司", "status": "scoring", "verification": "verified",
        "scope_checked": "fits", "permits_checked": "not_needed", "records_checked": date(2026, 11, 1),
        "records_source": "国家企业信用信息公示系统", "records_result": "clean", "licence_term": "dated",
        "licence_until": date(2030, 1, 1), "team_size": Decimal(30), "patents": Decimal(10),
        "annual_revenue": Decimal("50000000.00"), "revenue_year": Decimal(2025),
        "figures_source": "audited", **files(), **more,
    }  # fmt: skip


def selection_rows(
    candidates: int = 2, reviewers: int = 4, mark: Callable[[int, int, str], int | None] = lambda c, r, i: 3
) -> Rows:
    """A closed panel: every reviewer declared and marked every indicator; `mark` gives 1–5, 0 for 不适用, None for no row."""
    people = range(1, reviewers + 1)
    firms = range(1, candidates + 1)
    rows: Rows = {
        "candidates": [candidate(number) for number in firms],
        "reviewers": [
            {"reviewer": f"R-{n:04d}", "person": f"评审{n}", "role": ROLES[(n - 1) % 7], "status": "active"} for n in people
        ],
        "panels": [{
            "panel": "V-0001", "title": "年度甄选", "status": "closed", "rule_version": "v1",
            "candidates": "、".join(f"C-{n:04d}" for n in firms), "reviewers": "、".join(f"R-{n:04d}" for n in people),
        }],
        "declarations": [], "marks": [],
    }  # fmt: skip
    for firm in firms:
        for person in people:
            who = {"panel": "V-0001", "candidate": f"C-{firm:04d}", "reviewer": f"R-{person:04d}"}
            rows["declarations"].append(
                {"declaration": f"D-{len(rows['declarations']) + 1:04d}", **who, "conflict": "no"}
            )
            for indicator in MARKED:
                value = mark(firm, person, indicator)
                if value is not None:
                    key = f"M-{len(rows['marks']) + 1:04d}"
                    rows["marks"].append(
                        {"mark_key": key, **who, "indicator": indicator, "mark": value, "evidence": "访谈记录", "source": "typed"}
                    )  # fmt: skip
    return rows


_bases: dict[str, bytes] = {}


def _base(rows: Rows, settings: dict[str, str] | None) -> bytes:
    """A new book in which only tables that a new book fills itself have their rows; made once for all tests of a run."""
    name = repr((sorted(rows.items()), settings))
    if name not in _bases:
        _bases[name] = new_workbook(rows=copy.deepcopy(rows), settings=settings, today=TODAY)
    return _bases[name]


def built(rows: Rows, settings: dict[str, str] | None = None) -> Book:
    """The book of these rows, not yet evaluated: a new book to which they are appended, as drawing 70 sheets is slow."""
    own = {"settings", *default_rows("zh-CN")}
    book = Book.read(_base({name: given for name, given in rows.items() if name in own}, settings))
    for name, given in rows.items():
        if given and name not in own:
            view = book.table(name)
            book.append(name, [row_cells(BY_NAME[name], row, view.columns, view.sheet) for row in given])
    return Book.read(book.to_bytes())


def evaluated(rows: Rows, settings: dict[str, str] | None = None) -> tuple[Book, Evaluation]:
    """The book of these rows after one evaluation."""
    book = built(rows, settings)
    found = evaluate_book(book, NOW)
    return Book.read(book.to_bytes()), found
