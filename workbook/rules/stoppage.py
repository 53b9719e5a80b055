"""Owns what happens if a partner stops tomorrow (S41, S48): what it touches, who could take over, what the plans lack.

Pure. The same answer stands in the sheet, in the command and behind the findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from workbook.records import Record
from workbook.rules.selection import keys_in, natural
from workbook.rules.standby import READ as READ_FOR_BACKUPS
from workbook.rules.standby import Bench, Fitness, stands_for
from workbook.tables import (
    Backups,
    Budgets,
    Channels,
    Contingency,
    Contracts,
    Deliveries,
    Drills,
    Panels,
    Partners,
    Requirements,
    SettingRow,
    Table,
)
from workbook.tables.guarding import PLAN_STATES

READ: tuple[type[Table], ...] = (
    *READ_FOR_BACKUPS, Backups, Budgets, Channels, Contingency, Contracts, Deliveries, Drills, Panels, Requirements,
)  # fmt: skip
HOURS = 24
OPEN_REQUIREMENTS = ("review", "approved", "published")


class Gap(NamedTuple):
    """One thing that is missing for the day of the stop: the rule that lists it, and a sentence."""

    rule: str
    message: str


class Standby(NamedTuple):
    """A backup that qualifies: its row, its fitness and the name of its company."""

    backup: Record
    fitness: Fitness
    name: str

    @property
    def words(self) -> str:
        """For people, in one line."""
        score = f"{self.fitness.score:.2f} 分" if self.fitness.score is not None else "无得分"
        days = self.backup["switch_days"]
        switch = f"切换 {plain(days)} 天" if days is not None else "切换天数未写"
        accepted = "已认定" if self.backup["status"] == "accepted" else "待认定"
        return f"{self.backup.key} {self.backup['partner']} {self.name}：{score}，{switch}，{accepted}"


@dataclass(frozen=True)
class Stoppage:
    """The answer for one partner."""

    partner: Record
    projects: tuple[str, ...]
    exposure: Decimal
    open_deliveries: int
    standbys: tuple[Standby, ...]
    plan: Record | None  # the approved one, else the newest draft
    gaps: tuple[Gap, ...]

    @property
    def important(self) -> bool:
        """Whether staff call it a key partner."""
        return bool(self.partner["important"] == "yes")

    @property
    def switch_days(self) -> Decimal | None:
        """How fast the fastest qualified backup can take over."""
        days = [one.backup["switch_days"] for one in self.standbys if one.backup["switch_days"] is not None]
        return min(days, default=None)

    @property
    def recovery_hours(self) -> Decimal | None:
        """The limit of the approved plan."""
        approved = self.plan is not None and self.plan["status"] == "approved"
        return self.plan["recovery_hours"] if approved and self.plan is not None else None


def _first(one: Standby) -> tuple[Any, ...]:
    days = one.backup["switch_days"]
    return one.backup["status"] != "accepted", days is None, days or 0, natural(one.backup.key)


def plain(number: Decimal | int) -> str:
    """A number without idle zeros."""
    return f"{Decimal(number).normalize():f}"


def days_of(settings: Mapping[str, str], name: str) -> int:
    """A setting of days; what is no whole number from 1 on counts as the default, and `check` says so."""
    text = (settings.get(name) or "").strip()
    default = next(value for setting, value, _ in SettingRow.DEFAULTS if setting == name)
    return int(text) if readable(text) else int(default)


def readable(text: str) -> bool:
    """Whether a text is a number of days."""
    return text.isdecimal() and len(text) <= 5 and int(text) >= 1


@dataclass(frozen=True)
class Outlook:
    """Everything that the answer rests on, as of one day."""

    records: Mapping[str, Sequence[Record]]
    settings: Mapping[str, str]
    today: date

    def of(self, table: type[Table]) -> Sequence[Record]:
        """The rows of a table; one that is not there has none."""
        return self.records.get(table.name, ())

    @cached_property
    def bench(self) -> Bench:
        """What decides about backups."""
        return Bench(self.records, self.today)

    def active(self) -> list[Record]:
        """The partners in cooperation, by number."""
        rows = {row.key: row for row in self.of(Partners) if row.key and row["status"] == "active"}
        return sorted(rows.values(), key=lambda row: natural(row.key))

    def stoppage(self, partner: Record) -> Stoppage:
        """What happens if a partner stops tomorrow."""
        contracts = [row for row in self._own(Contracts, partner) if self._in_force(row)]
        standbys = self._standbys(partner)
        plan = self.plan_of(partner.key)
        return Stoppage(
            partner,
            tuple(self._projects(partner, contracts)),
            sum((row["amount"] or Decimal(0) for row in contracts), Decimal(0)),
            sum(1 for row in self._own(Deliveries, partner) if row["acceptance"] != "accepted"),
            tuple(standbys), plan, tuple(self._gaps(partner, plan, standbys)),
        )  # fmt: skip

    @cached_property
    def _indexes(self) -> dict[str, dict[str, list[Record]]]:
        return {}

    def _own(self, table: type[Table], partner: Record) -> list[Record]:
        """The rows of a table that name a partner; each table is gone through once for all partners."""
        if table.name not in self._indexes:
            found = self._indexes.setdefault(table.name, {})
            for row in self.of(table):
                found.setdefault(row.text("partner"), []).append(row)
        return self._indexes[table.name].get(partner.key, [])

    @cached_property
    def _qualified(self) -> list[Standby]:
        """Every backup that qualifies, whomever it is meant for."""
        found = []
        for row in self.of(Backups):
            if row.key and (fitness := self.bench.fitness(row)).qualified:
                found.append(Standby(row, fitness, self.bench.partners[row.text("partner")].text("legal_name")))
        return found

    def _in_force(self, contract: Record) -> bool:
        begin = contract["starts_on"] or contract["signed_on"]
        begun = begin is None or begin <= self.today
        return bool(
            contract["status"] == "signed"
            and begun
            and (contract["ends_on"] is None or contract["ends_on"] >= self.today)
        )

    def _projects(self, partner: Record, contracts: Sequence[Record]) -> Iterator[str]:
        for row in contracts:
            amount = f"，{row['amount']:,.2f} 元" if row["amount"] is not None else ""
            until = f"，到 {row['ends_on']}" if row["ends_on"] else ""
            yield f"合同 {row.key} {row.text('title')}{amount}{until}"
        wanted = self._requirements({row.text("candidate") for row in contracts if row["candidate"]})
        for row in wanted:
            yield f"需求 {row.key} {row.text('title')}"
        for row in self._own(Budgets, partner):
            if (row["ends_on"] is None or row["ends_on"] >= self.today) and row["progress"] != 100:
                budget = f"，预算 {row['budget']:,.2f} 元" if row["budget"] is not None else ""
                yield f"项目 {row.text('project') or row.key}（{row.key}{budget}）"

    def _requirements(self, candidates: set[str]) -> list[Record]:
        """The open requirements for which its candidates were chosen, through the panels."""
        keys = {
            panel.text("requirement") for panel in self.of(Panels)
            if panel["requirement"] and candidates & set(keys_in(panel.text("candidates")))
        }  # fmt: skip
        return [row for row in self.of(Requirements) if row.key in keys and row["status"] in OPEN_REQUIREMENTS]

    def _standbys(self, partner: Record) -> list[Standby]:
        """The qualified ones, accepted before proposed, then the fastest."""
        found = [one for one in self._qualified if stands_for(one.backup, partner)]
        return sorted(found, key=_first)

    def plan_of(self, partner: str) -> Record | None:
        """The plan that counts: the approved one reviewed last, else the last draft; retired ones are none."""
        own = [row for row in self.of(Contingency) if row["partner"] == partner and row["status"] != "retired"]
        return max(
            own,
            key=lambda row: (row["status"] == "approved", row["reviewed_on"] or date.min, natural(row.key)),
            default=None,
        )

    # --- what is missing ---

    def _gaps(self, partner: Record, plan: Record | None, standbys: Sequence[Standby]) -> Iterator[Gap]:
        yield from self._plan_gaps(plan)
        if not standbys:
            yield Gap("S48-none", "没有合格的备选伙伴")
        elif all(one.backup["switch_days"] is None for one in standbys):
            yield Gap("S48-none", "合格的备选伙伴都没有写切换天数")
        elif plan is not None and plan["status"] == "approved" and plan["recovery_hours"] is not None:
            days = min(one.backup["switch_days"] for one in standbys if one.backup["switch_days"] is not None)
            if days * HOURS > plan["recovery_hours"]:
                yield Gap("S41-switch", f"最快切换要 {plain(days)} 天（{plain(days * HOURS)} 小时），超过预案的恢复时限 {plain(plan['recovery_hours'])} 小时")  # fmt: skip
        yield from self._drill_gaps(partner, plan)
        urgent = (row for row in self._own(Channels, partner) if row["purpose"] == "urgent" and row["status"] != "left")
        if next(urgent, None) is None:
            yield Gap("S21-urgent", "没有紧急联络渠道")

    def _plan_gaps(self, plan: Record | None) -> Iterator[Gap]:
        if plan is None:
            yield Gap("S41-plan", "没有应急预案")
            return
        if plan["status"] != "approved":
            yield Gap("S41-plan", f"预案 {plan.key} 还是“{PLAN_STATES[plan['status'] or 'draft'].zh}”，没有批准")
        if plan["recovery_hours"] is None:
            yield Gap("S41-plan", f"预案 {plan.key} 没有写恢复时限")
        limit, reviewed = days_of(self.settings, SettingRow.PLAN_REVIEW_DAYS), plan["reviewed_on"]
        if reviewed is None:
            yield Gap("S41-review", f"预案 {plan.key} 没有写复核日期")
        elif (self.today - reviewed).days > limit:
            yield Gap("S41-review", f"预案 {plan.key} 于 {reviewed} 复核，超过 {limit} 天")

    def _drill_gaps(self, partner: Record, plan: Record | None) -> Iterator[Gap]:
        limit = days_of(self.settings, SettingRow.DRILL_DAYS)
        days = [
            row["ended_at"].date() for row in self.of(Drills)
            if row["status"] == "done" and row["ended_at"] is not None
            and (row["partner"] == partner.key or (plan is not None and row["plan"] == plan.key))
        ]  # fmt: skip
        last = max(days, default=None)
        if last is None:
            yield Gap("S49-none", "没有演练过")
        elif last < self.today - timedelta(days=limit):
            yield Gap("S49-none", f"上一次演练在 {last}，超过 {limit} 天")
