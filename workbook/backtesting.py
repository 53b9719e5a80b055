"""Owns looking at one period: its results as the book has them, and what it would come to under other rules (S38). Writes nothing.

A back-test takes the events as they were: of a frozen period from the inputs that were kept, else from the book. The other rules come
from the book. Judged marks hold the measure of their own version, so they are read as those of the measure with the same number
(p1-Q.4 → p2-Q.4); a version without service levels of its own is measured by those of the period's version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbook import store
from workbook.desk import one_row
from workbook.errors import PartnerBookError
from workbook.evaluating import local_now
from workbook.freezing import again
from workbook.identity import must_be_ours
from workbook.measuring import places_among
from workbook.ooxml import Book
from workbook.records import Record, read_if_there
from workbook.rules.frozen import standing, under, with_records
from workbook.rules.performance import Ledger, Period, period_of, read_ledger, usable
from workbook.rules.rating import Rated, rate_period
from workbook.rules.selection import natural
from workbook.tables import Bands, Frozen, Judgements, Measures, Partners, Performance, Periods, ServiceLevels
from workbook.tables.performance import PERFORMANCE_STATES


class SameRules(PartnerBookError):
    """A back-test was asked for under the rules that the period has anyway."""


@dataclass(frozen=True)
class Stand:
    """A result as one line shows it."""

    score: Decimal | None
    grade: str
    rank: int | None

    def words(self) -> str:
        """The result as people read it."""
        if self.score is None:
            return "无数据"
        place = f"类别第 {self.rank} 名" if self.rank else "暂不能评"
        return f"{self.score:>6} 分 {self.grade or '–'} {place}"

    def as_data(self) -> dict[str, Any]:
        """The result as JSON values."""
        score = None if self.score is None else format(self.score, ".2f")
        return {"score": score, "grade": self.grade, "rank": self.rank}


@dataclass(frozen=True)
class BackTest:
    """A period under its own rules and under others: both results by partner, where the events came from, and what to know."""

    period: Period
    version: str
    frozen: bool
    old: Mapping[str, Stand]
    new: Mapping[str, Stand]
    names: Mapping[str, str]
    notes: tuple[str, ...]


def back_test(path: Path, key: str, version: str) -> BackTest:
    """A past period under another rule version of the book.

    Raises:
        NoSuchRow, PeriodRefused, SameRules: there is no such period, or nothing to compare.
        MeasuresRefused, WeightsRefused, BandsRefused: one of the two versions cannot be used.
    """
    book = _read(path)
    ledger = read_ledger(book)
    record = one_row(book, Periods, key)
    period = period_of(record)
    if period.rule_version == version:
        raise SameRules(f"考核周期 {period.key} 的规则版本就是 {version}，没有可以比较的。只看结果请不写 --rules。")
    usable(ledger, version)
    rows = standing(ledger.of(Frozen), period.key) if period.status == "frozen" else {}
    category = {one.key: one.text("category") for one in ledger.partners.values()}
    notes = _notes(ledger, period.rule_version, version)
    if rows:
        rows = dict(sorted(rows.items(), key=lambda pair: natural(pair[0])))
        old = {who: (_two(row["score"]), row.text("grade"), bool(row["grade"])) for who, row in rows.items()}
        new, more = _from_kept(path, ledger, period, version, rows, local_now(book))
        notes += more
    else:
        now = local_now(book)
        old = {one.partner.key: _taken(one) for one in rate_period(ledger, period, now).rated}
        other = translated(ledger, ledger, period.rule_version, version)
        new = {one.partner.key: _taken(one) for one in rate_period(other, under(period, version), now).rated}
    names = {row.key: row.text("legal_name") for row in ledger.of(Partners)}
    return BackTest(period, version, bool(rows), _placed(old, category), _placed(new, category), names, tuple(notes))


Taken = tuple[Decimal | None, str, bool]


def _taken(one: Rated) -> Taken:
    return one.outcome.score, one.outcome.grade, bool(one.outcome.grade)


def _from_kept(
    path: Path, ledger: Ledger, period: Period, version: str, rows: Mapping[str, Record], now: datetime
) -> tuple[dict[str, Taken], list[str]]:
    """The results of a frozen period under other rules, from kept inputs; where those are gone, from the book, and it says so."""
    found: dict[str, Taken] = {}
    lost = []
    for who, row in rows.items():
        try:
            kept = again(path, row)
            events, as_of = kept.ledger, kept.as_of
        except PartnerBookError:
            lost.append(who)
            events, as_of = ledger, now
        other = translated(events, ledger, period.rule_version, version)
        for one in rate_period(other, under(period, version), as_of, [who]).rated:
            found[who] = _taken(one)
    told = f"{'、'.join(lost)} 的冻结原始记录不能用，改按工作簿里现在的记录试算。partnerbook freeze … --verify 会说明原因。"
    return found, [told] if lost else []


def translated(events: Ledger, rules: Ledger, old: str, new: str) -> Ledger:
    """Events with the rules of another ledger, ready to be rated under version `new` instead of `old`."""
    known = {row.key for row in rules.of(Measures)}

    def measure(row: Record) -> Record:
        there = row.text("measure")
        other = f"{new}-{there.removeprefix(f'{old}-')}"
        return _with(row, measure=other) if there.startswith(f"{old}-") and other in known else row

    levels = list(rules.of(ServiceLevels))
    if not any(row["rule_version"] == new for row in levels):
        levels += [_with(row, rule_version=new) for row in events.of(ServiceLevels) if row["rule_version"] == old]
    return with_records(events, {
        Measures.name: rules.of(Measures), Bands.name: rules.of(Bands), ServiceLevels.name: levels,
        Judgements.name: [measure(row) for row in events.of(Judgements)],
    })  # fmt: skip


def _with(row: Record, **values: Any) -> Record:
    return replace(row, values={**row.values, **values})


def _notes(ledger: Ledger, old: str, new: str) -> list[str]:
    notes = []
    if not any(row["rule_version"] == new for row in ledger.of(ServiceLevels)):
        notes.append(f"规则版本 {new} 没有自己的服务时限，用的是 {old} 的")
    before, after = (ledger.trees[v].measures if v in ledger.trees else {} for v in (old, new))
    renamed = [
        f"{key}“{one.title}”按 {other.key}“{other.title}”"
        for key, one in before.items()
        if one.judged and (other := after.get(f"{new}-{key.removeprefix(f'{old}-')}")) and other.title != one.title
    ]
    return notes + ([f"评议分数对应：{'；'.join(renamed)}，请核对是不是同一项"] if renamed else [])


def _placed(found: Mapping[str, Taken], category: Mapping[str, str]) -> dict[str, Stand]:
    """The results with their ranks inside the category."""
    keys = list(found)
    groups: dict[str, list[tuple[int, Decimal]]] = {}
    for place, key in enumerate(keys):
        score, _, rated = found[key]
        if rated and score is not None:
            groups.setdefault(category.get(key, ""), []).append((place, score))
    ranks = {keys[place]: cells["rank"] for group in groups.values() for place, cells in places_among(group).items()}
    return {
        key: Stand(score, grade, int(rank) if (rank := ranks.get(key)) is not None else None)
        for key, (score, grade, _) in found.items()
    }


def back_test_lines(found: BackTest) -> list[str]:
    """The comparison as lines for a console."""
    source = "冻结时留下的原始记录" if found.frozen else "工作簿里现在的记录"
    lines = [
        f"{found.period.key} 试算：规则 {found.period.rule_version} → {found.version}，按{source}；没有写入任何东西"
    ]
    for key in dict.fromkeys((*found.old, *found.new)):
        old, new = found.old.get(key, Stand(None, "", None)), found.new.get(key, Stand(None, "", None))
        change = "" if old.score is None or new.score is None else f"  {new.score - old.score:+.2f}"
        lines.append(f"  {key}  {found.names.get(key, '')}  {old.words()} → {new.words()}{change}")
    return [*lines, *(f"  注意：{note}" for note in found.notes)]


def back_test_data(found: BackTest) -> dict[str, Any]:
    """The comparison as JSON values."""
    none = Stand(None, "", None)
    return {
        "period": found.period.key, "frozen": found.frozen, "rules": {"old": found.period.rule_version, "new": found.version},
        "partners": [
            {
                "partner": key, "legal_name": found.names.get(key, ""), "old": found.old.get(key, none).as_data(),
                "new": found.new.get(key, none).as_data(),
            }
            for key in dict.fromkeys((*found.old, *found.new))
        ],
        "notes": list(found.notes), "changed": False,
    }  # fmt: skip


# --- one period as it is ---------------------------------------------------------------------------------------------


def must_be_there(path: Path, key: str) -> str:
    """The period's own spelling.

    Raises:
        NoSuchRow: the book has no such period.
    """
    return one_row(_read(path), Periods, key).key


def period_rows(path: Path, key: str) -> tuple[Record, list[Record]]:
    """A period and its results as the book has them, best first."""
    book = _read(path)
    rows = [row for row in read_if_there(book, Performance) if row["period"] == key and row["state"] is not None]
    rows.sort(key=lambda row: (row["score"] is None, -(row["score"] or Decimal(0)), row.key))
    return one_row(book, Periods, key), rows


def period_lines(period: Record, rows: Sequence[Record], refused: str = "") -> list[str]:
    """The results of a period as lines for a console."""
    state = "，已冻结，不再计算" if period["status"] == "frozen" else ""
    lines = [f"{'✗' if refused else '✓'} {period.key}（规则 {period.text('rule_version')}{state}）"]
    lines += [f"  {refused}"] if refused else []
    for row in rows:
        stand = Stand(_two(row["score"]), row.text("grade"), None if row["rank"] is None else int(row["rank"]))
        why = row.text("next_step") or row.text("reason").replace("\n", "；")
        lines.append(f"  {row['partner']}  {row.text('legal_name')}  {stand.words()}  {why}".rstrip())
    return lines if rows or refused else [*lines, "  还没有结果"]


def period_data(rows: Sequence[Record]) -> list[dict[str, Any]]:
    """The results of a period as JSON values."""
    return [
        {
            "partner": row.text("partner"), "legal_name": row.text("legal_name"),
            "state": row.text("state"), "words": PERFORMANCE_STATES[row.text("state")].zh,
            **Stand(_two(row["score"]), row.text("grade"), None if row["rank"] is None else int(row["rank"])).as_data(),
            "rule_version": row.text("rule_version"), "reason": row.text("reason"), "next_step": row.text("next_step"),
        }
        for row in rows
    ]  # fmt: skip


def _two(score: Decimal | None) -> Decimal | None:
    return None if score is None else score.quantize(Decimal("0.01"))


def _read(path: Path) -> Book:
    snapshot = store.read(path)
    book = Book.read(snapshot.data)
    must_be_ours(book, snapshot.path.name)
    return book


__all__ = [
    "BackTest", "back_test", "back_test_data", "back_test_lines", "must_be_there", "period_data", "period_lines", "period_rows", "translated",
]  # fmt: skip
