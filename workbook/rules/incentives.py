"""Owns what a frozen grade brings (S29): which entitlements arise, which the ledger holds already, which a correction takes away.

Pure. A right is known by partner, period and rule; a rule that was copied under another number is the same right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from workbook.records import Record
from workbook.rules.selection import natural

DECIDED = ("approved", "granted")  # people have given their word: the system takes nothing back


@dataclass(frozen=True)
class Entitlement:
    """What one rule brings a partner from one standing frozen result."""

    frozen: Record
    rule: Record


@dataclass(frozen=True)
class Withdrawn:
    """A row of the ledger that its corrected result no longer brings; `why` is "" for one that it brings again."""

    row: Record
    why: str


def standing(rows: Sequence[Record]) -> list[Record]:
    """The frozen rows that hold, one for each partner and period: uncorrected, and the newest should two stand."""
    rows = _single(rows)
    corrected = {row.text("corrects") for row in rows if row["corrects"]}
    kept: dict[tuple[str, str], Record] = {}
    for row in rows:
        if row.key and row.key not in corrected and row["partner"] and row["period"]:
            kept[row.text("partner"), row.text("period")] = row
    return list(kept.values())


def entitlements(frozen: Sequence[Record], rules: Sequence[Record]) -> Iterator[Entitlement]:
    """Everything that the standing results bring, by the rules that hold on their effective dates."""
    known = _single(rules)
    for row in standing(frozen):
        for rule in known:
            if brings(row, rule):
                yield Entitlement(row, rule)


def brings(frozen: Record, rule: Record) -> bool:
    """Whether a rule gives something for a frozen result: its kind of period, its grade, and its days."""
    day = effective_day(frozen)
    if not usable(rule) or day is None or rule["kind"] != frozen["kind"] or _grade(rule) != _grade(frozen):
        return False
    return (rule["effective_on"] or day) <= day <= (rule["ends_on"] or day)


def usable(rule: Record) -> bool:
    """Whether a rule says all that it takes to follow it."""
    named = bool(rule.key and rule["kind"] and rule["grade"] and rule["type"])
    return named and not {"effective_on", "ends_on", "amount"} & set(rule.problems)


def effective_day(frozen: Record) -> date | None:
    """From when a result holds; the day of freezing where the row says nothing else."""
    at = frozen["effective_on"] or frozen["frozen_at"]
    return at.date() if isinstance(at, datetime) else at


def missing(frozen: Sequence[Record], rules: Sequence[Record], ledger: Sequence[Record]) -> list[Entitlement]:
    """The entitlements that the ledger does not hold yet, each right once."""
    there = {right for row in ledger for right in _rights_of(row)}
    fresh = []
    for one in entitlements(frozen, rules):
        place = (one.frozen.text("partner"), one.frozen.text("period"))
        rights = {(*place, "rule", one.rule.key), (*place, *_content(one.rule))}
        if not rights & there:
            fresh.append(one)
        there |= rights
    return fresh


def withdrawals(frozen: Sequence[Record], ledger: Sequence[Record]) -> Iterator[Withdrawn]:
    """The rows whose period has another grade by now, and those that a later correction gives back."""
    now = {(row.text("partner"), row.text("period")): row for row in standing(frozen)}
    for row in ledger:
        result = now.get((row.text("partner"), row.text("period")))
        if result is None or not row["grade"]:
            continue
        if _grade(result) != _grade(row):
            yield Withdrawn(row, f"{result.key} 把 {row.text('period')} 的等级更正为 {result.text('grade') or '无'}")
        elif row["withdrawn"]:
            yield Withdrawn(row, "")


def _rights_of(row: Record) -> tuple[tuple[str, ...], ...]:
    place = (row.text("partner"), row.text("period"))
    return (*place, "rule", row.text("rule")), (*place, *_content(row))


def _content(row: Record) -> tuple[str, ...]:
    """What a rule or a row of the ledger gives, whatever its number and amount are."""
    return "gives", _grade(row), row.text("type"), "".join(row.text("what").split())


def _grade(row: Record) -> str:
    return row.text("grade").strip().upper()


def _single(rows: Sequence[Record]) -> list[Record]:
    times = Counter(row.key for row in rows if row.key)
    return sorted((row for row in rows if times[row.key] <= 1), key=lambda row: (natural(row.key), row.number))
