"""Owns the raw numbers of performance: each from recorded events of one partner in one period, with the rows it came from (S30 to S35).

No events is 无数据, never 0 and never 100; only a register that is empty by its nature (no proposal was adopted) is a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from workbook.evaluation.banded import show_percent
from workbook.evaluation.exact import exact, half_up
from workbook.evaluation.spread import consistency as pspread
from workbook.records import Record
from workbook.rules.performance import Ledger, Period
from workbook.rules.service import Clock, IssueClock, Limit, clock_of, faults_of, limits_of, priority_of
from workbook.tables import Budgets, Issues, Proposals, Resources, ServiceLevels
from workbook.tables.service import PRIORITIES

URGENT = ("P1", "P2")
FEWEST_BATCHES = 2
SHOWN_ROWS = 40
ADOPTED = ("adopted", "realised")
PROOF = ("verified_saving", "saving_verified_by", "saving_verified_on", "saving_evidence")


@dataclass(frozen=True)
class Metric:
    """One raw number: exact, as people read it, how it came about, and its source rows. None is 无数据, and `why` says why.

    `values` is set where several numbers are marked one by one and their marks averaged (resources); `cap` is the best
    mark that it may earn.
    """

    value: Fraction | None
    shown: str
    why: str
    rows: tuple[str, ...]
    values: tuple[Fraction, ...] = ()
    cap: int = 5


def nothing(why: str, rows: Iterable[str] = ()) -> Metric:
    """无数据, and why."""
    return Metric(None, "无数据", why, tuple(rows))


def percent(value: Fraction) -> str:
    """A percentage as people read it: two decimals, or more where two would hide on which side of a band's edge it lies."""
    shown = Decimal(show_percent(value / 100).rstrip("%"))
    return f"{shown.normalize():f}%"


def source_rows(rows: Sequence[str]) -> str:
    """Source rows in one cell: all of them, or the first and how many more."""
    more = f"、等 {len(rows)} 行" if len(rows) > SHOWN_ROWS else ""
    return "、".join(rows[:SHOWN_ROWS]) + more


# --- deliveries and tests (S30) --------------------------------------------------------------------------------------


def _tests(ledger: Ledger, period: Period, partner: str, kind: str) -> list[Record]:
    """The tests of a kind that count: of the partner's deliveries, within the period, with numbers that make sense."""
    return [
        row
        for row in ledger.tests_of(partner)
        if row["kind"] == kind
        and period.holds(row["tested_on"])
        and sound(row)
        and ledger.counts(partner, row["tested_on"])
    ]


def sound(test: Record) -> bool:
    """Whether the numbers of a test make sense: something was checked, and no more passed than were."""
    total, passed = test["total"], test["passed"]
    return total is not None and passed is not None and total > 0 and passed <= total


def _pass_rate(kind: str) -> Callable[[Ledger, Period, str], Metric]:
    def measure(ledger: Ledger, period: Period, partner: str) -> Metric:
        rows = _tests(ledger, period, partner, kind)
        if not rows:
            return nothing("本期没有这类检测")
        total, passed = (sum(int(row[name]) for row in rows) for name in ("total", "passed"))
        rate = Fraction(passed * 100, total)
        return Metric(
            rate, percent(rate), f"{len(rows)} 次检测，合格 {passed} ÷ 检测 {total}", tuple(row.key for row in rows)
        )

    return measure


def consistency(ledger: Ledger, period: Period, partner: str) -> Metric:
    """The spread of the defect rate over batches: population standard deviation, in percentage points, four decimals.

    It is one number of the batches of the period themselves, not an estimate for others, hence the population's. A batch is
    a delivery; its tests are added up first.
    """
    rows = _tests(ledger, period, partner, "batch")
    batches: dict[str, tuple[int, int]] = {}
    for row in rows:
        total, passed = batches.get(row.text("delivery"), (0, 0))
        batches[row.text("delivery")] = (total + int(row["total"]), passed + int(row["passed"]))
    if len(batches) < FEWEST_BATCHES:
        return nothing(f"本期只有 {len(batches)} 个批次有质量检测，看不出离散", (row.key for row in rows))
    rates = [Fraction((total - passed) * 100, total) for total, passed in batches.values()]
    spread = half_up(pspread(rates) or 0.0, 4)
    why = f"{len(rates)} 个批次的不良率 {'、'.join(percent(rate) for rate in rates[:8])}{'…' if len(rates) > 8 else ''}，总体标准差"
    return Metric(Fraction(spread), f"{half_up(spread, 2).normalize():f} 个百分点", why, tuple(row.key for row in rows))


# --- issues (S31) ----------------------------------------------------------------------------------------------------


def issue_clocks(ledger: Ledger, period: Period, partner: str, now: datetime) -> list[tuple[Record, IssueClock]]:
    """The clocks of the partner's issues that were reported in the period, under the period's service levels."""
    assert ledger.calendar  # a calendar that cannot be used refuses the period here
    place = (
        "issues",
        period.key,
        period.first,
        period.last,
        period.rule_version,
        partner,
        now,
    )  # four measures ask for it
    if place not in ledger.memo:
        ledger.memo[place] = [
            (row, issue_clock(ledger, row, period.rule_version, now))
            for row in ledger.of_partner(Issues, partner)
            if period.holds(row["reported_at"]) and ledger.counts(partner, row["reported_at"])
        ]
    found: list[tuple[Record, IssueClock]] = ledger.memo[place]
    return found


def log_faults(ledger: Ledger, row: Record, version: str) -> tuple[list[str], list[str]]:
    """What is wrong with the log of an issue, and what is doubtful in it."""
    levels = ledger.of(ServiceLevels)
    events = ledger.events.get(row.key, ())
    return faults_of(row, events, priority_of(row, levels, version), _limits(ledger, version))


def _limits(ledger: Ledger, version: str) -> Mapping[str, Limit]:
    found: Mapping[str, Limit] | None = ledger.memo.get(("limits", version))
    if found is None:
        found = limits_of(ledger.of(ServiceLevels), version, ledger.hours.calendar)
        ledger.memo["limits", version] = found
    return found


def issue_clock(ledger: Ledger, row: Record, version: str, now: datetime) -> IssueClock:
    """The clocks of an issue under the service levels of a rule version, computed once per ledger."""
    levels = ledger.of(ServiceLevels)
    known: dict[int, IssueClock] = ledger.memo.setdefault(("clocks", version, now), {})
    if row.number not in known:
        first = priority_of(row, levels, version)
        known[row.number] = clock_of(row, ledger.events.get(row.key, ()), first, _limits(ledger, version), now)
    return known[row.number]


def _attained(clocks: Sequence[tuple[str, Clock | None]], rows: Sequence[str], what: str) -> Metric:
    """met ÷ (met + breached + open past target); what is still within its limit does not count yet."""
    known = [clock for _, clock in clocks if clock is not None]
    met = sum(1 for clock in known if clock.state == "met")
    late = sum(1 for clock in known if clock.state == "breached")
    within = sum(1 for clock in known if clock.state in ("running", "paused"))
    wrong = f"；{len(clocks) - len(known)} 项记录有误不计" if len(known) < len(clocks) else ""
    if not met + late:
        running = f"（还有 {within} 项计时中）" if within else ""
        return nothing(f"本期没有已见分晓的{what}{running}{wrong}", rows)
    rate = Fraction(met * 100, met + late)
    why = f"{what} {met + late} 项，达标 {met}，超时 {late}" + (f"；计时中 {within} 项不计" if within else "") + wrong
    return Metric(rate, percent(rate), why, tuple(rows))


def _service(which: str, kind: str, what: str) -> Callable[[Ledger, Period, str, datetime], Metric]:
    def measure(ledger: Ledger, period: Period, partner: str, now: datetime) -> Metric:
        found = [
            (row, clocks)
            for row, clocks in issue_clocks(ledger, period, partner, now)
            if (row["kind"] or "issue") == kind
        ]
        rows = [key for _, clocks in found for key in clocks.rows]
        return _attained([(row.key, getattr(clocks, which)) for row, clocks in found], rows, what)

    return measure


def urgent(ledger: Ledger, period: Period, partner: str, now: datetime) -> Metric:
    """Both limits of everything that was P1 or P2 before it was solved, whatever its kind: a level lowered late hides nothing."""
    found = [(row, c) for row, c in issue_clocks(ledger, period, partner, now) if set(c.levels).intersection(URGENT)]
    clocks = [(row.key, clock) for row, c in found for clock in (c.response, c.resolution)]
    return _attained(clocks, [key for _, c in found for key in c.rows], "紧急事项的时限")


# --- money and resources (S32 to S34) --------------------------------------------------------------------------------


def budget_lines(ledger: Ledger, period: Period, partner: str) -> list[Record]:
    """The partner's lines whose span touches the period."""
    return [row for row in ledger.of_partner(Budgets, partner) if period.touches(row["starts_on"], row["ends_on"])]


def resource_lines(ledger: Ledger, period: Period, partner: str) -> list[Record]:
    """The partner's resources whose span touches the period."""
    return [row for row in ledger.of_partner(Resources, partner) if period.touches(row["starts_on"], row["ends_on"])]


def utilisation(ledger: Ledger, period: Period, partner: str) -> Metric:
    """Used ÷ available of each resource, marked one by one; one above 100 % is flagged and has no mark."""
    rows = resource_lines(ledger, period, partner)
    rates = {row.key: rate for row in rows if (rate := use_rate(row)) is not None}
    over = [key for key, rate in rates.items() if rate > 100]
    sound_rates = {key: rate for key, rate in rates.items() if rate <= 100}
    flagged = f"；{'、'.join(over)} 超过 100%，不记分，请核对" if over else ""
    if not sound_rates:
        return nothing(f"本期没有可以记分的资源记录{flagged}", [row.key for row in rows])
    mean = sum(sound_rates.values(), Fraction(0)) / len(sound_rates)
    why = (
        f"{'、'.join(f'{key} {percent(rate)}' for key, rate in list(sound_rates.items())[:6])}，逐项记分再平均{flagged}"
    )
    return Metric(mean, percent(mean), why, tuple(row.key for row in rows), tuple(sound_rates.values()))


def use_rate(row: Record) -> Fraction | None:
    """The utilisation of a resource in percent; None without both numbers or with nothing available."""
    available, used = row["available"], row["used"]
    if available is None or used is None or available == 0:
        return None
    return exact(used) * 100 / exact(available)


def adopted(ledger: Ledger, period: Period, partner: str) -> Metric:
    """The value marks of proposals adopted in the period, added up; nothing adopted is 0."""
    rows = [
        row for row in ledger.of_partner(Proposals, partner)
        if row["status"] in ADOPTED and row["verification"] != "rejected" and period.holds(row["adopted_on"])
    ]  # fmt: skip
    valued = [row for row in rows if row["value"]]
    points = sum(int(row["value"]) for row in valued)
    unvalued = len(rows) - len(valued)
    why = f"采纳 {len(rows)} 项，价值评估合计 {points} 分" + (
        f"；{unvalued} 项还没有价值评估，不计" if unvalued else ""
    )
    return Metric(Fraction(points), f"{points} 分", why, tuple(row.key for row in rows))


def verified(row: Record) -> bool:
    """Whether an adopted proposal's saving is verified: an amount, by whom, when, and on what evidence."""
    return (
        row["status"] in ADOPTED and row["verification"] != "rejected" and all(row[name] is not None for name in PROOF)
    )


def saving(ledger: Ledger, period: Period, partner: str) -> Metric:
    """Verified saving ÷ agreed budget, in percent; an unverified saving counts nothing."""
    rows = [
        row for row in ledger.of_partner(Proposals, partner)
        if verified(row) and period.holds(row["saving_verified_on"])
    ]  # fmt: skip
    total = sum((row["verified_saving"] for row in rows), Decimal(0))
    if not total:
        return Metric(Fraction(0), "0%", "本期没有核实的节约（未核实的不计）", tuple(row.key for row in rows))
    lines = [row for row in budget_lines(ledger, period, partner) if row["budget"]]
    budget = sum((row["budget"] for row in lines), Decimal(0))
    keys = [row.key for row in (*rows, *lines)]
    if budget <= 0:
        return nothing(f"核实节约 {total:,.2f} 元，而本期没有约定预算，比例无法计算", keys)
    rate = Fraction(total) * 100 / Fraction(budget)
    return Metric(rate, percent(rate), f"核实节约 {total:,.2f} ÷ 约定预算 {budget:,.2f}", tuple(keys))


Plain = Callable[[Ledger, Period, str], Metric]
PLAIN: Mapping[str, Plain] = {
    "functional": _pass_rate("functional"),
    "performance": _pass_rate("performance"),
    "documents": _pass_rate("documents"),
    "consistency": consistency,
    "utilisation": utilisation,
    "proposals": adopted,
    "saving": saving,
}
TIMED: Mapping[str, Callable[[Ledger, Period, str, datetime], Metric]] = {
    "response": _service("response", "issue", "问题响应"),
    "changes": _service("resolution", "change", "变更处理"),
    "replies": _service("response", "contact", "沟通回复"),
    "urgent": urgent,
}
__all__ = [
    "PLAIN",
    "PRIORITIES",
    "TIMED",
    "Metric",
    "budget_lines",
    "issue_clocks",
    "nothing",
    "percent",
    "source_rows",
]
