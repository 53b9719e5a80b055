"""Owns what the final panel of the sample decided: everybody's votes on the ranking, and the minutes.

The fingerprints of votes and minutes are those of the sample's own results, so that they hold once it is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from workbook.sampling.scoring import FINAL, FIRST, RECUSED, REVIEWERS, RIVAL, TIED

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Mapping[str, Any]]]

_made: dict[str, dict[str, list[Row]]] = {}  # by what it rests on: it takes a book and its evaluation to make
_HOME = UUID("5f0e9a34-7d0b-5c27-8b4e-1d0f5a3c9e72")
BEHIND = (
    "partners",
    "candidates",
    "panels",
    "reviewers",
    "marks",
    "declarations",
    "settings",
)  # what the ranking rests on
LATE = "产能到明年三季度才有空档，赶不上一期节点"
TOGETHER = "两周内可以进场，财务系统改造有同类案例"
# candidate → what each reviewer said, by number: code of the vote and reason; who is not named voted 推荐
SAID: Mapping[str, Mapping[int, tuple[str, str | None]]] = {
    FIRST: {5: ("for", "合同条款接受度高")},
    RIVAL: {
        1: ("against", LATE), 2: ("against", LATE), 3: ("abstain", None), 4: ("against", "一期排产不能保证"),
        5: ("against", LATE), 6: ("for", "质量最稳"), 7: ("against", LATE),
    },
    TIED[0]: dict.fromkeys(range(1, 8), ("for", TOGETHER)),
    TIED[1]: {
        1: ("against", "同分时先取进场快的一家"), 2: ("against", "监测平台需要定制开发"), 3: ("abstain", None),
        4: ("against", "报价高于预算"), 5: ("against", "同分时先取进场快的一家"), 6: ("for", "现场经验好"), 7: ("abstain", None),
    },
}  # fmt: skip


def decided_rows(rows: Rows, today: date) -> dict[str, list[Row]]:
    """The votes of the final panel on the ranking that the sample's rows give, and its confirmed minutes."""
    behind = {name: rows[name] for name in BEHIND}
    key = sha256(repr((sorted(behind.items()), today)).encode()).hexdigest()
    if key not in _made:
        _made[key] = _decided(behind, today)
    return {name: [dict(row) for row in made] for name, made in _made[key].items()}


def _decided(rows: Rows, today: date) -> dict[str, list[Row]]:
    from workbook.build import new_workbook
    from workbook.deciding import draft_minutes, write_validity
    from workbook.evaluating import evaluate_book
    from workbook.ooxml import Book
    from workbook.records import read_records
    from workbook.rows import row_cells
    from workbook.rules.selection import read_selection
    from workbook.rules.voting import ranking_fingerprint
    from workbook.tables import Minutes, Votes

    held = datetime.combine(today - timedelta(days=5), time(16, 30))
    book = Book.read(new_workbook(rows=rows, today=today))
    evaluate_book(book, datetime.combine(today, time(9)))
    votes = _votes(ranking_fingerprint(FINAL, read_selection(book).results[FINAL]), today)
    minutes: Row = {"minutes": "Y-0001", "panel": FINAL, "held_on": held.date(), "remark": "原件存于甄选文件夹"}
    for table, added in ((Votes, votes), (Minutes, [minutes])):
        columns = book.table(table.name).columns
        book.append(table.name, [row_cells(table, row, columns) for row in added])
    write_validity(book)
    draft_minutes(book, FINAL, held)
    (row,) = read_records(book, Minutes)
    return {"votes": votes, "minutes": [{**row.values, "status": "confirmed"}]}


def _votes(fingerprint: str, today: date) -> list[Row]:
    rows: list[Row] = []
    for candidate, said in SAID.items():
        for number in range(1, len(REVIEWERS) + 1):
            who = f"R-{number:04d}"
            if (who, candidate) == RECUSED:
                continue
            vote, reason = said.get(number, ("for", None))
            at = datetime.combine(today - timedelta(days=5), time(14)) + timedelta(minutes=2 * len(rows))
            rows.append({
                "vote_key": f"X-{len(rows) + 1:04d}", "panel": FINAL, "candidate": candidate, "reviewer": who,
                "vote": vote, "reason": reason, "fingerprint": fingerprint, "submitted_at": at, "version": Decimal(1),
                "submission_id": str(uuid5(_HOME, f"vote-{candidate}-{who}")),
            })  # fmt: skip
    return rows
