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
from forms_server.inbox import Inbox, InboxUnavailable, Incoming, SubmissionConflict, as_utc, utcnow
from workbook.errors import PartnerBookError
from workbook.evaluating import score_one
from workbook.evaluation.model import Dimension
from workbook.records import Record
from workbook.rows import as_words
from workbook.rules.selection import Panel, Rules, Selection, dimension_code
from workbook.rules.voting import ranking_fingerprint, recused_in
from workbook.schema import Label
from workbook.tables import Candidates

OPEN = ("closed", "done")
# What a candidate told us that helps to judge a dimension.
FACTS: Mapping[str, tuple[str, ...]] = {
    "S2": ("main_business", "cases"), "S3": ("technology", "team_size", "patents"),
    "S4": ("annual_revenue", "revenue_year", "profit", "operating_cash_flow", "figures_source", "financing", "bank_report"),
    "S5": ("market", "cases"),
    "S6": ("management", "certificates"), "S7": ("certificates", "business_scope"),
    "S8": ("records", "records_result", "records_source"), "S9": ("values", "communication", "attitude"),
}  # fmt: skip


class CannotInvite(PartnerBookError):
    """A panel is not ready for links; the sentence says what is missing in which column."""


class SheetChanged(PartnerBookError):
    """A window saved or sent over a newer version of the same sheet; nothing was stored."""

    label = Label(
        "这份评分在另一个窗口里保存过更新的内容。您在这里写的还在页面上，请核对后再保存或提交一次。",
        "This sheet was saved with newer content in another window. What you wrote here is still on the page; check it, then save or send again.",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__(self.label.zh)


class SheetSent(PartnerBookError):
    """A sheet that was sent came again with other content; what was sent stays."""

    label = Label(
        "这份评分已经提交过，先提交的内容没有改动。需要更正请联系评审会负责人。",
        "This sheet was sent before, and what was sent is unchanged. To correct it, ask the person in charge of the panel.",
    )

    def __init__(self) -> None:
        super().__init__(self.label.zh)


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
                "settled": _settled(selection, panel),
                "ranking": ranking_fingerprint(key, selection.results.get(key, ())),
                "recused": sorted(recused_in(selection, key)),
                **_in_book(selection, key, panel.rule_version),
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


def _settled(selection: Selection, panel: Panel) -> bool:
    """Whether the results in the book are of the marks in the book: evaluation comes a moment after marks do."""
    rows = selection.results.get(panel.key, ())
    days = [row["evaluated_at"].date() for row in rows if row.get("evaluated_at")]
    if panel.status == "done" or not days:  # what is final stands; what is not there cannot be old
        return True
    try:
        wanted = score_one(selection, panel, max(days)).fingerprints
    except PartnerBookError:
        return False
    saved = {row.get("candidate"): row.get("fingerprint") for row in rows}
    return all(saved.get(candidate) == fingerprint for candidate, fingerprint in wanted.items())


def _in_book(selection: Selection, panel: str, version: str) -> dict[str, list[tuple[str, str]]]:
    """The (reviewer, candidate) pairs that the book itself holds, typed or delivered: `in_book` any mark or a recusal,
    `whole_in_book` every mark or a recusal. Staff save while they type, so that one mark is not yet a sheet."""
    rules = selection.rules.get(version)
    wanted = {i.key for d in rules.dimensions for i in d.indicators if not i.banded} if rules else set()
    recused = {_pair(r) for r in selection.declarations if r["panel"] == panel and r["conflict"] == "yes"}
    marked: dict[tuple[str, str], set[str]] = {}
    for record in selection.marks:
        if record["panel"] == panel and record["mark"] is not None:
            marked.setdefault(_pair(record), set()).add(record.text("indicator"))
    whole = {pair for pair, indicators in marked.items() if wanted <= indicators}
    return {"in_book": sorted(marked.keys() | recused), "whole_in_book": sorted(whole | recused)}


def _pair(record: Record) -> tuple[str, str]:
    return record.text("reviewer"), record.text("candidate")


def _result(row: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: str(row.get(name) if row.get(name) is not None else "") for name in
             ("result", "candidate", "legal_name", "score", "rank", "grade", "reason", "order", "state")}  # fmt: skip
    if row.get("score") is not None:
        texts["score"] = f"{row['score']:.2f}"
    return texts


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Name and facts, by the names of their columns: each page says them in its own language."""
    told = {
        code: [[n, as_words(Candidates.columns[n], row[n])] for n in names if row.get(n) is not None]
        for code, names in FACTS.items()
    }
    return {"name": str(row.get("legal_name") or row.get("candidate")), "facts": told}


def _short(number: Any) -> str:
    """A number without idle zeros, never in powers of ten."""
    return "" if number is None else f"{Decimal(number).normalize():f}"


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
        return [(reviewer, self.issue(panel, reviewer, reviewer == renew)) for reviewer in found["reviewers"]]

    def issue(self, panel: str, reviewer: str, renew: bool) -> str:
        """The token of one person for a panel, or for anything else that has a key; `renew` ends the old one."""
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
            SheetSent, SheetChanged, InboxUnavailable: nothing was stored.
        """
        try:
            with self._inbox.transaction() as connection:
                return self._write(connection, (panel, reviewer, candidate), body, number)
        except sa.exc.IntegrityError as error:  # another process was first (PostgreSQL)
            raise SheetChanged from error
        except sa.exc.SQLAlchemyError as error:
            raise InboxUnavailable from error

    def _write(
        self, connection: sa.Connection, at: tuple[str, str, str], body: Mapping[str, Any], number: int, *,
        sent_at: datetime | None = None,
    ) -> int:  # fmt: skip
        """Store what was written on version `number`, unless a newer one is there or it was sent."""
        values = {"body": json.dumps(body), "number": number + 1, "changed_at": utcnow(), "sent_at": sent_at}
        mine = sa.and_(self._at(*at), sheets.c.number == number, sheets.c.sent_at.is_(None))
        if connection.execute(sheets.update().where(mine).values(values)).rowcount == 1:
            return number + 1
        there = connection.execute(sa.select(sheets.c.sent_at).where(self._at(*at))).first()
        if there is not None:
            raise SheetChanged if there.sent_at is None else SheetSent
        panel, reviewer, candidate = at
        where = {"book": self._inbox.book_id, "panel": panel, "reviewer": reviewer, "candidate": candidate}
        connection.execute(sheets.insert().values({**where, **values, "number": 1}))
        return 1

    def send(self, panel: str, reviewer: str, candidate: str, body: Mapping[str, Any], number: int) -> None:
        """Commit a whole sheet: the declaration and every mark together, or nothing. The same again is the same.

        Raises:
            SheetSent: it was sent before with other content.
            SheetChanged: it was written on another version than the newest; what is sent cannot be called back.
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
            self._write(connection, (panel, reviewer, candidate), body, number, sent_at=utcnow())

        try:
            self._inbox.submit_all(incoming, seal)
        except (SheetSent, SubmissionConflict) as error:  # another window sent it just now
            after = self.sheet(panel, reviewer, candidate)
            if after.sent_at is None or after.body != dict(body):
                raise SheetSent from error

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
    wanted = wanted_of(panel)
    return panel["status"] in OPEN or (bool(wanted) and wanted == complete(panel, sent))


def wanted_of(panel: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The (reviewer, candidate) pairs that the panel, as it stands now, asks a sheet of."""
    return {(reviewer, candidate) for reviewer in panel["reviewers"] for candidate in panel["candidates"]}


def complete(panel: Mapping[str, Any], sent: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of them that are in: sent through the link, or whole in the book."""
    return wanted_of(panel) & (sent | {(reviewer, candidate) for reviewer, candidate in panel["whole_in_book"]})


def known_to_book(panel: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The (reviewer, candidate) pairs of which the book holds any mark, or a recusal."""
    return {(reviewer, candidate) for reviewer, candidate in panel["in_book"]}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
