"""Owns scoring through links, behind the pages: what reviewers see of a panel, their links, and their sheets.

A sheet is one reviewer's declaration and marks for one candidate. Sent sheets wait in the inbox until the panel is
whole or closed: before that nobody, the workbook included, holds another's mark.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from forms_server.database import books, invitations, sheets
from forms_server.inbox import Inbox, Incoming, as_utc, utcnow
from workbook.errors import PartnerBookError
from workbook.evaluation.model import Dimension
from workbook.rows import as_words
from workbook.rules.selection import Rules, Selection, dimension_code
from workbook.tables import Candidates
from workbook.tables.selection import RESULT_STATES

HELD = ("declarations", "marks")  # the tables whose rows wait for the whole panel
OPEN = ("closed", "done")
# What a candidate told us that helps to judge a dimension.
FACTS: Mapping[str, tuple[str, ...]] = {
    "S2": ("main_business", "cases"), "S3": ("technology", "team_size", "patents"),
    "S4": ("annual_revenue", "revenue_year", "profit", "bank_report"), "S5": ("market", "cases"),
    "S6": ("management", "certificates"), "S7": ("certificates", "business_scope"),
    "S8": ("records", "records_result", "records_source"), "S9": ("values", "communication", "attitude"),
}  # fmt: skip


class CannotInvite(PartnerBookError):
    """A panel is not ready for links; the sentence says what is missing in which column."""


class SheetChanged(PartnerBookError):
    """A window saved over a newer version of the same sheet; nothing was stored."""

    def __init__(self) -> None:
        super().__init__("这份评分在另一个窗口里保存过更新的内容。您在这里写的还在页面上，请核对后再保存一次。")


class SheetSent(PartnerBookError):
    """A sheet that was sent came again with other content; what was sent stays."""

    def __init__(self) -> None:
        super().__init__("这份评分已经提交过，先提交的内容没有改动。需要更正请联系评审会负责人。")


# --- what pages know of the book ------------------------------------------------------------------------------------


def review_view(selection: Selection) -> dict[str, Any]:
    """The panels as JSON: names, rubric, the candidates' own facts, and results as they stand in the book."""
    people = {
        key: {"person": r.person, "role": r.role_words, "active": r.active} for key, r in selection.reviewers.items()
    }
    return {
        "panels": {
            key: {
                "title": panel.title, "status": panel.status, "version": panel.rule_version,
                "deadline": panel.deadline.isoformat() if panel.deadline else "",
                "candidates": [c for c in panel.candidates if c in selection.candidates],
                "reviewers": [r for r in panel.reviewers if r in people and people[r]["active"]],
                "results": [_result(row) for row in selection.results.get(key, ())],
                "in_book": sorted(_in_book(selection, key)),
            }
            for key, panel in selection.panels.items()
        },
        "people": people,
        "candidates": {key: _facts(row) for key, row in selection.candidates.items()},
        "rules": {version: _tree(rules) for version, rules in selection.rules.items()},
        "parts": {
            key: [
                {"title": r.get("title"), "dimension": r.get("dimension"), "weight": _short(r.get("weight")),
                 "mean": _short(r.get("mean")), "points": f"{r['points']:.2f}", "marks": r.get("marks") or ""}
                for r in rows if r.get("points") is not None
            ]
            for key, rows in selection.contributions.items()
        },
        "marks": [
            {name: str(record[name] if record[name] is not None else "") for name in
             ("panel", "candidate", "reviewer", "indicator", "mark", "evidence", "comment")}
            for record in selection.marks
        ],
    }  # fmt: skip


def _in_book(selection: Selection, panel: str) -> set[tuple[str, str]]:
    """The (reviewer, candidate) pairs that the book itself holds a mark or a recusal of, typed or delivered."""
    marked = [r for r in selection.marks if r["mark"] is not None]
    recused = [r for r in selection.declarations if r["conflict"] == "yes"]
    return {
        (record.text("reviewer"), record.text("candidate"))
        for record in (*marked, *recused)
        if record["panel"] == panel
    }


def _result(row: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: str(row.get(name) if row.get(name) is not None else "") for name in
             ("result", "candidate", "legal_name", "score", "rank", "grade", "reason", "order", "state")}  # fmt: skip
    if row.get("score") is not None:
        texts["score"] = f"{row['score']:.2f}"
    state = texts["state"]
    return {**texts, "state_words": RESULT_STATES[state].zh if state in RESULT_STATES else ""}


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {}
    for code, names in FACTS.items():
        told[code] = [
            [Candidates.columns[n].zh, as_words(Candidates.columns[n], _plain(n, row[n]))]
            for n in names
            if row.get(n) is not None
        ]
    return {"name": str(row.get("legal_name") or row.get("candidate")), "facts": told}


def _short(number: Any) -> str:
    """A number without idle zeros, never in powers of ten."""
    return "" if number is None else f"{Decimal(number).normalize():f}"


def _plain(name: str, value: Any) -> Any:
    column = Candidates.columns[name]
    options = getattr(column, "options", None)
    return options[value].zh if options else value


def _tree(rules: Rules) -> list[dict[str, Any]]:
    def leaves(dimension: Dimension) -> list[dict[str, Any]]:
        return [
            {"key": i.key, "title": i.title, "weight": _short(i.weight), "banded": i.banded,
             "evidence": rules.texts[i.key].evidence_required, "fact": rules.texts[i.key].fact,
             "rubric": [rules.texts[i.key].low, rules.texts[i.key].middle, rules.texts[i.key].high]}
            for i in dimension.indicators
        ]  # fmt: skip

    return [
        {
            "key": d.key, "code": dimension_code(d.key, rules.version), "title": d.title, "weight": _short(d.weight),
            "leaves": leaves(d),
        }
        for d in rules.dimensions
    ]  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """One reviewer's sheet for one candidate: what was typed, its save number, and when it was sent."""

    body: dict[str, Any]
    number: int
    changed_at: datetime | None
    sent_at: datetime | None

    @property
    def conflict(self) -> str:
        """`no`, `yes`, or nothing before the declaration."""
        return str(self.body.get("conflict") or "")

    @property
    def marks(self) -> dict[str, dict[str, str]]:
        """Mark, evidence and comment by indicator."""
        found: dict[str, dict[str, str]] = self.body.get("marks") or {}
        return found


EMPTY = Sheet({}, 0, None, None)


class Reviews:
    """Links and sheets of one book."""

    def __init__(self, inbox: Inbox, secret: bytes):
        self._inbox, self._secret = inbox, secret

    def view(self) -> dict[str, Any]:
        """The panels as of the last read of the book."""
        with self._inbox.reading() as connection:
            text = connection.scalar(sa.select(books.c.review).where(books.c.id == self._inbox.book_id))
        found: dict[str, Any] = json.loads(text) if text else {"panels": {}}
        return found

    # --- links ---

    def token(self, panel: str, reviewer: str, number: int) -> str:
        """The token of a link: 160 bits that only the server's secret can derive, so that only its hash is stored."""
        text = "\0".join(("review", self._inbox.book_id, panel, reviewer, str(number)))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:40]

    def invite(self, panel: str, renew: str = "") -> list[tuple[str, str]]:
        """The reviewers of a panel and their tokens; `renew` names one whose old link is to die.

        Raises:
            CannotInvite: the panel is unknown, or lacks candidates, reviewers or rules.
        """
        view = self.view()
        found = view["panels"].get(panel)
        if found is None:
            raise CannotInvite(f"“评审会”里没有 {panel}（现有：{'、'.join(view['panels']) or '无'}）。")
        for column, what in (("candidates", "候选"), ("reviewers", "评审人")):
            if not found[column]:
                raise CannotInvite(f"评审会 {panel} 的“{what}”列是空的，或里面的编号都不存在。请填好后再发链接。")
        if found["version"] not in view["rules"]:
            raise CannotInvite(f"评审会 {panel} 的规则版本“{found['version']}”在“评价指标”里没有。请改正后再发链接。")
        if renew and renew not in found["reviewers"]:
            raise CannotInvite(f"{renew} 不是评审会 {panel} 的在任评审人。")
        return [(reviewer, self._issue(panel, reviewer, reviewer == renew)) for reviewer in found["reviewers"]]

    def _issue(self, panel: str, reviewer: str, renew: bool) -> str:
        mine = sa.and_(
            invitations.c.book == self._inbox.book_id, invitations.c.panel == panel, invitations.c.reviewer == reviewer
        )
        with self._inbox.transaction() as connection:
            last = connection.scalar(sa.select(sa.func.max(invitations.c.number)).where(mine)) or 0
            if last and not renew:
                return self.token(panel, reviewer, last)
            connection.execute(invitations.update().where(mine).values(revoked_at=utcnow()))
            token = self.token(panel, reviewer, last + 1)
            connection.execute(
                invitations.insert().values(
                    token_hash=_hash(token), book=self._inbox.book_id, panel=panel, reviewer=reviewer, number=last + 1,
                    issued_at=utcnow(),
                )
            )  # fmt: skip
        return token

    def holder(self, token: str) -> tuple[str, str] | None:
        """Panel and reviewer behind a token, or None for any that does not work (any more)."""
        with self._inbox.reading() as connection:
            row = connection.execute(
                sa.select(invitations.c.panel, invitations.c.reviewer).where(
                    invitations.c.token_hash == _hash(token), invitations.c.revoked_at.is_(None),
                    invitations.c.book == self._inbox.book_id,
                )
            ).first()  # fmt: skip
        return (row.panel, row.reviewer) if row else None

    # --- sheets ---

    def sheet(self, panel: str, reviewer: str, candidate: str) -> Sheet:
        """The sheet as it was last saved."""
        with self._inbox.reading() as connection:
            row = connection.execute(sa.select(sheets).where(self._at(panel, reviewer, candidate))).first()
        return Sheet(json.loads(row.body), row.number, as_utc(row.changed_at), as_utc(row.sent_at)) if row else EMPTY

    def sent(self, panel: str) -> set[tuple[str, str]]:
        """The (reviewer, candidate) pairs whose sheets are in."""
        with self._inbox.reading() as connection:
            rows = connection.execute(
                sa.select(sheets.c.reviewer, sheets.c.candidate).where(
                    sheets.c.book == self._inbox.book_id, sheets.c.panel == panel, sheets.c.sent_at.is_not(None)
                )
            )
            return {(row.reviewer, row.candidate) for row in rows}

    def save(self, panel: str, reviewer: str, candidate: str, body: Mapping[str, Any], number: int) -> int:
        """Keep a draft; `number` is that of the version it was written on. Returns the new number.

        Raises:
            SheetSent, SheetChanged: nothing was stored.
        """
        with self._inbox.transaction() as connection:
            return self._save(connection, (panel, reviewer, candidate), body, number)

    def _save(self, connection: sa.Connection, at: tuple[str, str, str], body: Mapping[str, Any], number: int) -> int:
        row = connection.execute(sa.select(sheets.c.number, sheets.c.sent_at).where(self._at(*at))).first()
        text, now = json.dumps(body), utcnow()
        if row is None:
            panel, reviewer, candidate = at
            connection.execute(
                sheets.insert().values(
                    book=self._inbox.book_id, panel=panel, reviewer=reviewer, candidate=candidate, body=text, number=1,
                    changed_at=now,
                )
            )  # fmt: skip
            return 1
        if row.sent_at is not None:
            raise SheetSent
        if row.number != number:
            raise SheetChanged
        connection.execute(sheets.update().where(self._at(*at)).values(body=text, number=number + 1, changed_at=now))
        return number + 1

    def send(self, panel: str, reviewer: str, candidate: str, body: Mapping[str, Any]) -> None:
        """Commit a whole sheet: the declaration and every mark together, or nothing. The same again is the same.

        Raises:
            SheetSent: it was sent before with other content.
            InboxUnavailable: nothing was stored.
        """
        before = self.sheet(panel, reviewer, candidate)
        if before.sent_at is not None:
            if before.body != dict(body):
                raise SheetSent
            return
        incoming = [
            self._incoming(panel, reviewer, candidate, table, key, values) for table, key, values in rows_of(body)
        ]

        def seal(connection: sa.Connection) -> None:
            there = connection.execute(sa.select(sheets.c.sent_at).where(self._at(panel, reviewer, candidate))).first()
            values = {"body": json.dumps(body), "sent_at": utcnow(), "changed_at": utcnow()}
            if there is None:
                at = {"book": self._inbox.book_id, "panel": panel, "reviewer": reviewer, "candidate": candidate}
                connection.execute(sheets.insert().values(number=1, **at, **values))
            else:
                connection.execute(sheets.update().where(self._at(panel, reviewer, candidate)).values(**values))

        self._inbox.submit_all(incoming, seal)

    def _incoming(
        self, panel: str, reviewer: str, candidate: str, table: str, key: str, values: Mapping[str, Any]
    ) -> Incoming:
        name = "/".join((table, panel, reviewer, candidate, key))
        who = {"panel": panel, "reviewer": reviewer, "candidate": candidate}
        return Incoming(str(uuid.uuid5(uuid.UUID(self._inbox.book_id), name)), "review", table, {**who, **values})

    def _at(self, panel: str, reviewer: str, candidate: str) -> sa.ColumnElement[bool]:
        return sa.and_(
            sheets.c.book == self._inbox.book_id, sheets.c.panel == panel, sheets.c.reviewer == reviewer,
            sheets.c.candidate == candidate,
        )  # fmt: skip


def rows_of(body: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """The rows that a whole sheet becomes: table, what tells it apart, and values; blanks are left out."""
    declared = {"conflict": body["conflict"], "reason": body.get("reason")}
    rows: list[tuple[str, str, dict[str, Any]]] = [("declarations", "", {k: v for k, v in declared.items() if v})]
    if body["conflict"] == "yes":
        return rows
    for indicator, given in sorted(body["marks"].items()):
        mark = 0 if given["mark"] == "na" else int(given["mark"])
        words = {k: given[k] for k in ("evidence", "comment") if given.get(k)}
        rows.append(("marks", indicator, {"indicator": indicator, "mark": mark, **words}))
    return rows


def is_open(panel: Mapping[str, Any], sent: set[tuple[str, str]]) -> bool:
    """Whether everybody may see the marks: all sheets are in, or staff closed the scoring."""
    wanted = {(reviewer, candidate) for reviewer in panel["reviewers"] for candidate in panel["candidates"]}
    return panel["status"] in OPEN or (bool(wanted) and wanted <= sent | known_to_book(panel))


def known_to_book(panel: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The (reviewer, candidate) pairs whose marks stand in the book."""
    return {(reviewer, candidate) for reviewer, candidate in panel["in_book"]}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
