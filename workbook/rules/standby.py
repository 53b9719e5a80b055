"""Owns whether a backup could take over (S48): its standing, its category, its licence and certificates, its last score.

Pure. The reasons are told as they are, all at once, so that staff can mend each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from workbook.records import Record
from workbook.rules.plans import Scores
from workbook.rules.selection import plain_code
from workbook.tables import Candidates, Certificates, Frozen, Partners, Performance, PerformanceParts, Periods, Table
from workbook.tables.sourcing import CATEGORIES, PARTNER_STATES

MAY_STAND_BY = ("active", "candidate")
READ: tuple[type[Table], ...] = (Partners, Candidates, Certificates, Periods, Performance, PerformanceParts, Frozen)


@dataclass(frozen=True)
class Fitness:
    """Whether a backup qualifies: what is against it, what speaks for it, and its last score."""

    against: tuple[str, ...]
    told: tuple[str, ...]
    score: Decimal | None

    @property
    def qualified(self) -> bool:
        """Nothing is against it."""
        return not self.against

    @property
    def why(self) -> str:
        """For people: the reasons against it, or what was checked."""
        return "；".join(self.against or self.told)


@dataclass(frozen=True)
class Bench:
    """Everything that decides about backups, as of one day."""

    records: Mapping[str, Sequence[Record]]
    today: date

    def of(self, table: type[Table]) -> Sequence[Record]:
        """The rows of a table; one that is not there has none."""
        return self.records.get(table.name, ())

    @cached_property
    def partners(self) -> dict[str, Record]:
        """The partners by number."""
        return {row.key: row for row in self.of(Partners) if row.key}

    @cached_property
    def scores(self) -> Scores:
        """The scores of all partners."""
        return Scores(*(self.of(table) for table in (Periods, Performance, PerformanceParts, Frozen)))

    def fitness(self, backup: Record) -> Fitness:
        """Whether a backup qualifies today."""
        partner = self.partners.get(backup.text("partner"))
        if partner is None:
            named = backup.text("partner")
            return Fitness((f"“伙伴”里没有 {named}" if named else "没有写伙伴编号",), (), None)
        against = (*self._standing(partner), *self._place(backup, partner), *self._papers(partner))
        period, score = self.last_score(partner.key)
        state = PARTNER_STATES[partner["status"]].zh if partner["status"] else ""
        told = [f"状态“{state}”", "类别相符", f"执照和证书到 {self.today} 没有过期"]
        told.append(f"{period} 得分 {score:.2f}" if score is not None else "还没有绩效得分")
        return Fitness(against, tuple(told), score)

    def last_score(self, partner: str) -> tuple[str, Decimal | None]:
        """The newest period that gave a partner a score, the shorter one of two that end together, and the score."""
        known = [
            (period.last, period.first, period.key)
            for period in self.scores.by_name.values()
            if period.last < self.today and self.scores.score(partner, period.key) is not None
        ]
        key = max(known)[2] if known else ""
        return key, self.scores.score(partner, key) if key else None

    def _standing(self, partner: Record) -> Iterator[str]:
        status = partner["status"]
        code = plain_code(partner.text("credit_code"))
        barred = [
            row.key for row in self.partners.values()
            if row["status"] == "barred" and row.key != partner.key and code and plain_code(row.text("credit_code")) == code
        ]  # fmt: skip
        if status not in MAY_STAND_BY:
            yield f"{partner.key} 是“{PARTNER_STATES[status].zh}”" if status else f"{partner.key} 没有写状态"
        if barred:
            yield f"同一家企业（{'、'.join(barred)}）在黑名单上"

    def _place(self, backup: Record, partner: Record) -> Iterator[str]:
        replaced = self.partners.get(backup.text("replaces"))
        if backup["replaces"] == partner.key:
            yield f"备选和被替代的是同一家 {partner.key}"
        wanted = backup["category"] or (replaced["category"] if replaced else None)
        if not wanted:
            yield "没有写类别，也不知道替代谁"
        elif partner["category"] != wanted:
            own = CATEGORIES[partner["category"]].zh if partner["category"] else "空"
            yield f"类别应为“{CATEGORIES[wanted].zh}”，{partner.key} 的类别是“{own}”"

    def _papers(self, partner: Record) -> Iterator[str]:
        code = plain_code(partner.text("credit_code"))
        papers = [row for row in self.of(Candidates) if code and plain_code(row.text("credit_code")) == code]
        ends = [row["licence_until"] for row in papers if row["licence_term"] == "dated" and row["licence_until"]]
        if ends and max(ends) < self.today and not any(row["licence_term"] == "open" for row in papers):
            yield f"营业执照已于 {max(ends)} 到期"
        firms = {row.key for row in papers if row.key}
        for row in self.of(Certificates):
            theirs = row["partner"] == partner.key or (not row["partner"] and row.text("candidate") in firms)
            counts = theirs and not row["ended"] and row["verification"] != "rejected"
            if counts and row["until"] is not None and row["until"] < self.today:
                yield f"证书 {row.text('title') or row.key} 已于 {row['until']} 过期"


def stands_for(backup: Record, partner: Record) -> bool:
    """Whether a backup is meant for a partner: named for it, or for its whole category."""
    if backup["status"] == "retired" or backup["partner"] == partner.key:
        return False
    return bool(backup["replaces"] == partner.key or (not backup["replaces"] and backup["category"] and backup["category"] == partner["category"]))  # fmt: skip
