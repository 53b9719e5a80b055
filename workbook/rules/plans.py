"""Owns measuring an improvement again, and who needs a plan (S39); and the versions that clause changes give (S40).

Pure. A standing frozen score counts before the one that was computed last, marks are those of 绩效得分明细.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.rules.incentives import standing
from workbook.rules.performance import Period, period_of
from workbook.rules.selection import SETTING_DEFAULTS, natural
from workbook.schema import Number
from workbook.tables import SettingRow

WORST = "D"


class PlanSettingRefused(PartnerBookError):
    """A setting of plans is no number; the sentence names it."""

    def __init__(self, name: str, text: str):
        super().__init__(
            f"“设置”里的“{name}”应为不小于 0 的数字，现在是“{text}”。改正之前按 {SETTING_DEFAULTS[name]} 计。"
        )


@dataclass(frozen=True)
class Scores:
    """Scores, grades and marks of all partners, as they stand."""

    periods: Sequence[Record]
    results: Sequence[Record]
    parts: Sequence[Record]
    frozen: Sequence[Record]

    @cached_property
    def by_name(self) -> Mapping[str, Period]:
        """The periods that make sense, by name."""
        found = {}
        for row in _single(self.periods):
            try:
                found[row.key] = period_of(row)
            except PartnerBookError:  # told by `check`
                continue
        return found

    @cached_property
    def _scores(self) -> Mapping[tuple[str, str], tuple[Decimal | None, str]]:
        found = {
            (row.text("partner"), row.text("period")): (row["score"], row.text("grade"))
            for row in _single(self.results)
            if row["state"] == "ranked"
        }
        return found | {
            (row.text("partner"), row.text("period")): (row["score"], row.text("grade"))
            for row in standing(self.frozen)
        }

    @cached_property
    def _marks(self) -> Mapping[tuple[str, str], Mapping[str, Decimal]]:
        place = {row.key: (row.text("partner"), row.text("period")) for row in self.results}
        found: dict[tuple[str, str], dict[str, Decimal]] = {}
        for part in self.parts:
            if part["mean"] is not None and part.text("result") in place:
                found.setdefault(place[part.text("result")], {})[part.text("measure")] = part["mean"]
        return found

    def score(self, partner: str, period: str) -> Decimal | None:
        """The official score of a partner in a period."""
        return self._scores.get((partner, period), (None, ""))[0]

    def grade(self, partner: str, period: str) -> str:
        """The grade, "" for none."""
        return self._scores.get((partner, period), (None, ""))[1]

    def marks(self, partner: str, period: str) -> Mapping[str, Decimal]:
        """The marks by measure."""
        return self._marks.get((partner, period), {})

    def value(self, partner: str, period: str, measure: str) -> Decimal | None:
        """The mark of a measure, or the score where no measure is named."""
        return self.marks(partner, period).get(measure) if measure else self.score(partner, period)

    def ended(self, partner: str, kind: str, today: date) -> list[Period]:
        """The periods of a kind that are over and gave the partner a score, oldest first."""
        found = [
            period
            for period in self.by_name.values()
            if period.kind == kind and period.last < today and self.score(partner, period.key) is not None
        ]
        return sorted(found, key=lambda period: (period.last, period.key))


@dataclass(frozen=True)
class Again:
    """A plan's measure before and after, and the period of the second one ("" for none yet)."""

    before: Decimal | None
    after: Decimal | None
    period: str

    @property
    def better(self) -> bool | None:
        """Whether it is better than before; None before both are there."""
        return None if self.before is None or self.after is None else self.after > self.before


def again(plan: Record, scores: Scores, today: date) -> Again:
    """Measure a plan again: in the first period of the same kind that begins after it was done, or was due.

    A period counts once it is over; other rules than the plan's own give numbers that cannot be compared.
    """
    partner, measure = plan.text("partner"), plan.text("measure")
    first, day = scores.by_name.get(plan.text("period")), plan["done_on"] or plan["due"]
    before = scores.value(partner, plan.text("period"), measure)
    if first is None or day is None:
        return Again(before, None, "")
    later = [p for p in scores.by_name.values() if p.kind == first.kind and p.first > max(day, first.last)]
    if not later:
        return Again(before, None, "")
    found = min(later, key=lambda p: (p.first, p.key))
    counts = found.last < today and found.rule_version == first.rule_version
    return Again(before, scores.value(partner, found.key, measure) if counts else None, found.key)


@dataclass(frozen=True)
class Need:
    """Why a partner needs a plan for a period: for the whole score, or for measures that fell (by number, before and now)."""

    period: Period
    whole: str
    fallen: Mapping[str, tuple[Decimal, Decimal]]


def need_of(partner: str, kind: str, scores: Scores, today: date, drop: Decimal, mark_drop: Decimal) -> Need | None:
    """What the newest result of a kind asks for, if anything."""
    ended = scores.ended(partner, kind, today)
    if not ended:
        return None
    last = ended[-1]
    earlier = [period for period in ended[:-1] if period.rule_version == last.rule_version]
    grade, whole = scores.grade(partner, last.key), ""
    fallen = {}
    if earlier:
        whole = _fall(partner, earlier[-1], last, scores, drop)
        then, now = scores.marks(partner, earlier[-1].key), scores.marks(partner, last.key)
        fallen = {
            key: (then[key], now[key]) for key in sorted(now, key=natural) if key in then and then[key] > now[key]
            and then[key] - now[key] >= mark_drop
        }  # fmt: skip
    if grade == WORST:
        whole = f"等级是 {WORST}" + (f"，{whole}" if whole else "")
    return Need(last, whole, fallen) if whole or fallen else None


def _fall(partner: str, before: Period, last: Period, scores: Scores, drop: Decimal) -> str:
    """The words for a score that fell by a grade or by the set number of points."""
    was, now = scores.score(partner, before.key), scores.score(partner, last.key)
    grades = (scores.grade(partner, before.key), scores.grade(partner, last.key))
    if was is None or now is None or now >= was:
        return ""
    lower = all(grades) and grades[0] != grades[1]  # the score fell, so another grade is a lower one
    if not lower and was - now < drop:
        return ""
    words = f"得分从 {before.key} 的 {was:.2f} 降到 {now:.2f}"
    return f"{words}，等级从 {grades[0]} 降到 {grades[1]}" if lower else words


def uncovered(need: Need, plans: Iterable[Record], periods: Mapping[str, Period]) -> tuple[str, tuple[str, ...]]:
    """What of a need no plan takes up: the words for the whole score, and the measures.

    A plan counts for its own period and for one of which its period is the last part, as a year's last quarter.
    """
    mine = []
    for plan in plans:
        period = periods.get(plan.text("period"))
        if plan["status"] == "dropped" or period is None:
            continue
        if period.key == need.period.key or (period.last == need.period.last and period.first >= need.period.first):
            mine.append(plan)
    named = {plan.text("measure") for plan in mine}
    left = () if "" in named else tuple(key for key in need.fallen if key not in named)
    return ("" if mine else need.whole), left


def setting(settings: Mapping[str, str], name: str) -> Decimal:
    """A threshold.

    Raises:
        PlanSettingRefused: it is no number.
    """
    text = settings.get(name) or SETTING_DEFAULTS[name]
    try:
        value: Decimal = Number(name, name, minimum=0, maximum=1000).parse(text)
    except ValueError as error:
        raise PlanSettingRefused(name, text) from error
    return value


def setting_or_default(settings: Mapping[str, str], name: str) -> Decimal:
    """As `setting`; one that cannot be read is told by `check`, and until then the default counts."""
    try:
        return setting(settings, name)
    except PlanSettingRefused:
        return Decimal(SETTING_DEFAULTS[name])


THRESHOLDS = (SettingRow.SCORE_DROP, SettingRow.MARK_DROP, SettingRow.PROPOSAL_DAYS, SettingRow.INCENTIVE_DAYS)


def clause_versions(changes: Sequence[Record]) -> dict[int, int | None]:
    """The version that each clause change gives, by row number: 2 for the first, for 1 was signed.

    In the order of the effective dates, then of the numbers of the changes, so that sorting the sheet alters nothing; a
    change without clause or date gives none yet.
    """
    found: dict[int, int | None] = {row.number: None for row in changes}
    dated = [row for row in _single(changes) if row["clause"] and row["effective_on"]]
    counts: Counter[str] = Counter()
    for row in sorted(dated, key=lambda row: (row["effective_on"], natural(row.key))):
        counts[row.text("clause")] += 1
        found[row.number] = counts[row.text("clause")] + 1
    return found


def _single(rows: Sequence[Record]) -> list[Record]:
    times = Counter(row.key for row in rows if row.key)
    return [row for row in rows if row.key and times[row.key] == 1]
