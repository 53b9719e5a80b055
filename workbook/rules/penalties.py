"""Owns what a breach costs (S46): which rule holds for it, how many units it counts, and what the cap leaves of it.

Pure and exact. Breaches come from the clocks of issues and from late deliveries; drills and what nobody verified are none.
A breach that goes on counts up to the beginning of the day, so that it changes once a day and not with every evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from workbook.evaluation.exact import half_up
from workbook.records import Record
from workbook.rules.metrics import issue_clock
from workbook.rules.performance import Ledger
from workbook.rules.selection import natural
from workbook.rules.service import DAY, Clock, Limit, limits_of, minutes_of_a_day, priority_of
from workbook.tables import Contracts, Deliveries, Issues, ServiceLevels
from workbook.tables.emergency import BREACHES

IN_FORCE = ("signed", "ended")  # an ended contract holds for what happened before its last day
DAY_HOURS = 24


@dataclass(frozen=True)
class Breach:
    """One late response, solution or delivery: when it began, and how much it is over; `hours` and `days` are begun ones."""

    source: str
    kind: str
    partner: str
    at: datetime
    priority: str
    hours: int
    days: int
    words: str
    contract: str = ""  # what the row itself names

    @property
    def key(self) -> str:
        """The number of its row in 违约金."""
        return f"{self.source}/{self.kind}"

    @property
    def month(self) -> str:
        """The month in which it began: the cap counts by it."""
        return f"{self.at:%Y-%m}"


class Trouble(NamedTuple):
    """Why a breach to which a rule may apply gives no penalty: a kind, the table's row that it is about, a sentence."""

    kind: str
    table: str
    key: str
    message: str


@dataclass(frozen=True)
class Penalty:
    """What one breach costs under one rule: `amount` is what the cap leaves of `uncapped`; `why` has every number."""

    breach: Breach
    contract: str
    rule: str
    units: Decimal
    rate: Decimal
    uncapped: Decimal
    amount: Decimal
    why: str


# --- breaches --------------------------------------------------------------------------------------------------------


def breaches_of(ledger: Ledger, now: datetime) -> list[Breach]:
    """Every breach in the ledger, in the order of time."""
    found = [*_late_issues(ledger, now), *_late_deliveries(ledger, now.date())]
    return sorted(found, key=lambda one: (one.at, natural(one.source), one.kind))


def _late_issues(ledger: Ledger, now: datetime) -> Iterator[Breach]:
    from workbook.measuring import version_for

    for row in ledger.of(Issues):
        if not row["partner"] or row["drill"] or (row["verification"] or "verified") != "verified":
            continue
        version = version_for(ledger, row["reported_at"])
        for kind in ("response", "resolution"):
            clock = _settled(ledger, row, version, now, kind)
            if clock is None or clock.due is None or clock.share <= 1:
                continue
            level = _level_at(ledger, row, version, clock.due)
            limit = _limit(ledger, version, level)
            if limit is None:
                continue
            yield _late_issue(row, kind, clock, level, limit)


def _settled(ledger: Ledger, row: Record, version: str, now: datetime, kind: str) -> Clock | None:
    """The clock once it has stopped; one that runs still as of the beginning of the day."""
    clock: Clock | None = getattr(issue_clock(ledger, row, version, now), kind)
    if clock is None or clock.minutes is not None:
        return clock
    found: Clock | None = getattr(issue_clock(ledger, row, version, datetime.combine(now.date(), time.min)), kind)
    return found


def _level_at(ledger: Ledger, row: Record, version: str, moment: datetime) -> str:
    """The level that an issue had when its limit was used up."""
    level = priority_of(row, ledger.of(ServiceLevels), version)
    changes = [e for e in ledger.events.get(row.key, ()) if e["kind"] == "level" and e["at"] and e["at"] <= moment]
    for event in sorted(changes, key=lambda e: (e["at"], natural(e.key))):
        level = event.text("priority")
    return level


def _limit(ledger: Ledger, version: str, level: str) -> Limit | None:
    place = ("penalty limits", version)
    if place not in ledger.memo:
        ledger.memo[place] = limits_of(ledger.of(ServiceLevels), version, ledger.hours.calendar)
    found: Limit | None = ledger.memo[place].get(level)
    return found


def _late_issue(row: Record, kind: str, clock: Clock, level: str, limit: Limit) -> Breach:
    """A level that changed used up shares of several limits: what is over counts in minutes of the level that ran out."""
    assert clock.due is not None
    size = limit.response if kind == "response" else limit.resolution
    over = ceil((clock.share - 1) * size)
    day = minutes_of_a_day(limit.calendar)
    clocked = "全天" if day == DAY else "工作时间"
    until = "" if clock.minutes is not None else "，还在继续，计到当日 0:00"
    words = f"{row.key} {BREACHES[kind].zh}：{level} 时限 {size} 分钟（{clocked}），超 {over} 分钟{until}"
    return Breach(row.key, kind, row.text("partner"), clock.due, level, ceil(over / 60), ceil(over / day), words)


def _late_deliveries(ledger: Ledger, today: date) -> Iterator[Breach]:
    for row in ledger.of(Deliveries):
        due, done = row["due"], row["delivered_on"]
        if not row["partner"] or not row.key or due is None or "delivered_on" in row.problems:
            continue
        days = ((done or today) - due).days
        if days <= 0:
            continue
        until = f"{done} 交付" if done else f"到 {today} 还没有交付"
        words = f"{row.key} {BREACHES['delivery'].zh}：应于 {due} 交付，{until}，超 {days} 天"
        begun = datetime.combine(due + timedelta(days=1), time.min)
        yield Breach(
            row.key, "delivery", row.text("partner"), begun, "", days * DAY_HOURS, days, words, row.text("contract")
        )


# --- rules -----------------------------------------------------------------------------------------------------------


def lacking(rule: Record) -> list[str]:
    """The columns without which a rule says nothing."""
    return [name for name in ("breach", "base", "rate") if rule[name] is None or name in rule.problems]


def rules_for(breach: Breach, contract: str, rules: Sequence[Record]) -> list[Record]:
    """The rules that hold for a breach, the first one counts: those of the contract go before general ones, those of the
    level before those of all levels. More than one is something that people have to settle."""
    day = breach.at.date()
    held = [
        rule
        for rule in rules
        if not lacking(rule)
        and rule["breach"] == breach.kind
        and (not rule["contract"] or rule["contract"] == contract)
        and (not rule["priority"] or rule["priority"] == breach.priority)
        and (rule["effective_on"] is None or rule["effective_on"] <= day)
        and (rule["until"] is None or rule["until"] >= day)
    ]
    rank = {rule.number: (bool(rule["contract"]), bool(rule["priority"])) for rule in held}
    best = max(rank.values(), default=None)
    return sorted((rule for rule in held if rank[rule.number] == best), key=lambda rule: natural(rule.key))


def contracts_at(ledger: Ledger, breach: Breach) -> list[Record]:
    """The signed contracts of the partner that were in force when a breach began; the one that the row names, if it does."""
    day = breach.at.date()
    found = []
    for row in ledger.of_partner(Contracts, breach.partner):
        begin = row["starts_on"] or row["signed_on"]
        if row["status"] not in IN_FORCE or begin is None or begin > day:
            continue
        if (row["ends_on"] is not None and row["ends_on"] < day) or (row["status"] == "ended" and not row["ends_on"]):
            continue
        if not breach.contract or row.key == breach.contract:
            found.append(row)
    return found


# --- amounts ---------------------------------------------------------------------------------------------------------


def penalties_of(ledger: Ledger, rules: Sequence[Record], now: datetime) -> tuple[list[Penalty], list[Trouble]]:
    """What every breach costs, the caps applied in the order of time; and why others cost nothing although a rule is there."""
    found: list[Penalty] = []
    troubles: list[Trouble] = []
    counted: dict[tuple[str, str], Decimal] = {}  # by contract and month
    for breach in breaches_of(ledger, now) if rules else ():
        if not any(rules_for(breach, row.key, rules) for row in _possible(ledger, breach)):
            continue
        contracts = contracts_at(ledger, breach)
        if len(contracts) != 1:
            troubles.append(_which(breach, contracts))
            continue
        (contract,) = contracts
        held = rules_for(breach, contract.key, rules)
        if not held:
            continue
        if len(held) > 1:
            troubles.append(_doubled(held, breach))
        if (held[0]["base"] == "share" or held[0]["cap"] is not None) and contract["amount"] is None:
            troubles.append(_amountless(contract, held[0]))
            continue
        place = (contract.key, breach.month)
        one = _penalty(breach, contract, held[0], counted.get(place, Decimal(0)))
        counted[place] = counted.get(place, Decimal(0)) + one.amount
        found.append(one)
    return found, list(dict.fromkeys(troubles))


def _possible(ledger: Ledger, breach: Breach) -> Iterable[Record]:
    """The contracts under which a breach could cost something; of a partner without any there is nothing to say."""
    return contracts_at(ledger, breach) or contracts_at(ledger, replace(breach, contract=""))


def _which(breach: Breach, contracts: Sequence[Record]) -> Trouble:
    table = "deliveries" if breach.kind == "delivery" else "issues"
    if contracts:
        keys = "、".join(row.key for row in contracts)
        why = f"当时有 {keys} 几份合同在执行，不知道按哪一份算，没有算违约金"
        mend = "请在交付记录里写合同编号" if table == "deliveries" else "请改正合同的起止日期，或由法务按条款另行主张"
    else:
        why = f"写的合同 {breach.contract} 当时没有在执行，没有算违约金"
        mend = "请改正合同编号"
    return Trouble("contract", table, breach.source, f"{breach.words}。{why}。{mend}。")


def _doubled(held: Sequence[Record], breach: Breach) -> Trouble:
    keys = "、".join(rule.key for rule in held)
    message = f"{keys} 同时适用于 {breach.key}，只按 {held[0].key} 计算。请改正合同、级别或起止日期，只留一行。"
    return Trouble("double", "penalty_rules", held[0].key, message)


def _amountless(contract: Record, rule: Record) -> Trouble:
    message = f"{contract.key} 没有写合同金额，{rule.key} 按合同金额计算或封顶，算不出违约金。请填写合同金额。"
    return Trouble("amount", "contracts", contract.key, message)


def _penalty(breach: Breach, contract: Record, rule: Record, before: Decimal) -> Penalty:
    base, rate = rule.text("base"), Decimal(rule["rate"])
    units = {"each": 1, "hour": breach.hours, "day": breach.days, "share": 1}[base]
    exact = Fraction(rate) * units
    if base == "share":
        exact = Fraction(contract["amount"]) * Fraction(rate) / 100
    uncapped = half_up(exact, 2)
    amount, capped = _capped(contract, rule, breach.month, uncapped, before)
    how = {
        "each": f"每次 {_plain(rate)} 元",
        "hour": f"每超一小时 {_plain(rate)} 元 × {units}（不足一小时按一小时）",
        "day": f"每超一天 {_plain(rate)} 元 × {units}（不足一天按一天）",
        "share": f"{contract.key} 合同金额 {contract['amount'] or 0:f} 元 × {_plain(rate)}%",
    }[base]
    why = f"{breach.words}；{rule.key} {how} = {uncapped:f} 元；{capped}"
    return Penalty(breach, contract.key, rule.key, Decimal(units), rate, uncapped, amount, why)


def _capped(contract: Record, rule: Record, month: str, uncapped: Decimal, before: Decimal) -> tuple[Decimal, str]:
    if rule["cap"] is None:
        return uncapped, f"不设上限，违约金 {uncapped:f} 元"
    whole = Fraction(contract["amount"]) * Fraction(rule["cap"]) / 100
    limit = Decimal(floor(whole * 100)).scaleb(-2)
    amount = min(uncapped, max(limit - before, Decimal("0.00")))
    words = (
        f"{contract.key} {month} 上限 {contract['amount']:f} 元 × {_plain(rule['cap'])}% = {limit:f} 元，"
        f"此前已计 {before:f} 元，违约金 {amount:f} 元"
    )
    return amount, words


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
