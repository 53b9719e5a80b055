"""Owns `partnerbook diff`: two results of each partner, what moved the score from one to the other, and the rows behind it (S38).

A side is a period (2026Q2: its frozen rows once it is frozen, else as computed now), 2026Q2@now (from the present rows whatever is
frozen), now (the period of the other side, from the present rows), or a frozen row (FZ-0003). Frozen results are computed again
from their kept inputs, which prove themselves by their hashes. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbook import store
from workbook.desk import NoSuchRow, one_row
from workbook.errors import PartnerBookError
from workbook.evaluating import local_now
from workbook.evaluation.exact import half_up
from workbook.evaluation.model import Part, PartState
from workbook.evaluation.weights import hierarchical_weights
from workbook.freezing import again
from workbook.identity import must_be_ours
from workbook.measuring import STATE_WORDS
from workbook.ooxml import Book
from workbook.records import Record, read_if_there, read_records
from workbook.rules.difference import KINDS, Half, Move, moves
from workbook.rules.frozen import standing
from workbook.rules.performance import Tree, period_of, read_ledger
from workbook.rules.rating import Rated, rate_period
from workbook.rules.selection import natural
from workbook.tables import Frozen, Partners, Periods

NOW = "now"
SHOWN_ROWS = 12


class NothingToCompare(PartnerBookError):
    """What was named as a side of a comparison says nothing that can be compared."""


@dataclass(frozen=True)
class Side:
    """A result of one partner: where it comes from, and everything that it rests on."""

    name: str
    tree: Tree
    one: Rated

    @property
    def half(self) -> Half:
        """The side as the decomposition takes it; only for one with a score."""
        assert self.one.outcome.score is not None
        nominal = hierarchical_weights(self.tree.dimensions)
        return Half(self.one.outcome.score, self.one.outcome.parts, nominal, self.tree.version)


@dataclass(frozen=True)
class Difference:
    """One partner: both sides, None where there is none, and what moved the score."""

    partner: str
    name: str
    before: Side | None
    after: Side | None
    moved: tuple[Move, ...] = ()

    @property
    def amount(self) -> Decimal | None:
        """By how much the official score differs; None where one side has none."""
        scores = [side.one.outcome.score for side in (self.before, self.after) if side]
        return scores[1] - scores[0] if len(scores) == 2 and None not in scores else None  # type: ignore[operator]


@dataclass
class Reader:
    """A book that is compared, and where it lies."""

    path: Path
    book: Book
    now: datetime
    partner: str = ""

    def side(self, word: str, other: str) -> dict[str, Side]:
        """The results that a word names, by partner.

        Raises:
            NothingToCompare, NoSuchRow, KeptInputs, PeriodRefused, MeasuresRefused: it names none that can be used.
        """
        if Frozen.key().number(word.upper()) is not None:
            row = one_row(self.book, Frozen, word)
            return {row.text("partner"): self._frozen(row)}
        name, live = word.removesuffix(f"@{NOW}"), word.endswith(f"@{NOW}")
        if word.casefold() == NOW:
            name, live = self._period_of(other), True
        record = one_row(self.book, Periods, name)
        if record["status"] == "frozen" and not live:
            rows = standing(read_records(self.book, Frozen), record.key)
            return {key: self._frozen(row) for key, row in rows.items() if self.partner in ("", key)}
        ledger = read_ledger(self.book)
        found = rate_period(ledger, period_of(record), self.now, [self.partner] if self.partner else None)
        return {one.partner.key: Side(f"{record.key} 按现在的记录", found.tree, one) for one in found.rated}

    def _frozen(self, row: Record) -> Side:
        found = again(self.path, row)
        return Side(f"{row['period']} 冻结于 {row.key}", found.result.tree, found.one)

    def _period_of(self, other: str) -> str:
        if Frozen.key().number(other.upper()) is not None:
            return one_row(self.book, Frozen, other).text("period")
        if other.casefold() == NOW:
            raise NothingToCompare(
                "两边都写了 now，没有可以比较的。请把其中一边写成周期或冻结编号，例如 --from FZ-0003。"
            )
        return other.removesuffix(f"@{NOW}")


def diff_file(path: Path, first: str, second: str, partner: str = "") -> list[Difference]:
    """What moved the scores of a book's partners from one side to the other.

    Raises:
        NothingToCompare, NoSuchRow, KeptInputs, PeriodRefused, MeasuresRefused: a side cannot be used.
    """
    snapshot = store.read(path)
    book = Book.read(snapshot.data)
    must_be_ours(book, snapshot.path.name)
    key = one_row(book, Partners, partner).key if partner else ""
    reader = Reader(snapshot.path, book, local_now(book), key)
    first, second = first.strip(), second.strip()
    before, after = reader.side(first, second), reader.side(second, first)
    names = {row.key: row.text("legal_name") for row in read_if_there(book, Partners)}
    known = sorted({*before, *after}, key=natural)
    # A frozen row is one partner's: the others of the period on the other side are not asked about.
    for word, side in ((first, before), (second, after)):
        if Frozen.key().number(word.upper()) is not None:
            known = [name for name in known if name in side]
    if key and key not in known:
        raise NoSuchRow(Partners, key, known, [])
    wanted = [name for name in known if key in ("", name)]
    if not wanted:
        raise NothingToCompare(f"{first} 和 {second} 里没有同一家伙伴的结果，没有可以比较的。")
    return [_compared(name, names.get(name, ""), before.get(name), after.get(name)) for name in wanted]


def _compared(partner: str, name: str, before: Side | None, after: Side | None) -> Difference:
    scored = [side for side in (before, after) if side and side.one.outcome.score is not None]
    moved = moves(scored[0].half, scored[1].half) if len(scored) == 2 else ()
    return Difference(partner, name, before, after, moved)


# --- words -----------------------------------------------------------------------------------------------------------


def reason(one: Difference, move: Move) -> str:
    """Why a cause moved the score: the mark and the raw number behind it, the weight and the rules, the rows."""
    first, second = _both(one)
    old, new = move.before, move.after
    if move.kind == "weight" and old and new:
        before, after = first.half, second.half
        shares = f"权重 {_share(before.nominal[old.indicator])} → {_share(after.nominal[new.indicator])}"
        same = before.version == after.version
        return f"{shares}，{f'规则版本 {before.version} 的权重改过' if same else f'规则版本 {before.version} → {after.version}'}"
    if move.kind == "renormalised" and old and new:
        return f"实际占比 {_share(old.weight)} → {_share(new.weight)}：没有数据或不适用的指标，权重折算给同一维度的其余指标"
    marks = f"分数 {_mark(old)} → {_mark(new)}"
    raw = f"{_value(first, old)} → {_value(second, new)}"
    return "；".join(text for text in (f"{marks}，{raw}" if raw != " → " else marks, _rows(one, old, new)) if text)


def _both(one: Difference) -> tuple[Side, Side]:
    """Both sides of a difference that something moved."""
    assert one.before is not None
    assert one.after is not None
    return one.before, one.after


def _share(weight: Any) -> str:
    return f"{half_up(weight * 100, 2).normalize():f}%"


def _mark(part: Part | None) -> str:
    if part is None:
        return "没有这项指标"
    if part.mean is None:
        return STATE_WORDS[part.state] if part.state is not PartState.SCORED else "没有"
    return f"{half_up(part.mean, 2).normalize():f}"


def _value(side: Side, part: Part | None) -> str:
    metric = side.one.metrics.get(part.indicator) if part else None
    return metric.shown if metric else ""


def _rows(one: Difference, old: Part | None, new: Part | None) -> str:
    """The rows that only one side has; the rows of both where they are the same and their content changed."""
    first, second = _both(one)
    before, after = _sources(first, old), _sources(second, new)
    only = [("不再有", [r for r in before if r not in after]), ("新的", [r for r in after if r not in before])]
    if not any(rows for _, rows in only):
        return f"来源 {_listed(after)}，内容有改动" if after else ""
    if not set(before) & set(after):
        return "来源 " + " → ".join(_listed(rows) or "无" for rows in (before, after))
    return "；".join(f"{word}来源 {_listed(rows)}" for word, rows in only if rows)


def _sources(side: Side, part: Part | None) -> tuple[str, ...]:
    if part is None:
        return ()
    metric = side.one.metrics.get(part.indicator)
    return metric.rows if metric else part.marks


def _listed(rows: Sequence[str]) -> str:
    return "、".join(rows[:SHOWN_ROWS]) + (f" 等 {len(rows)} 行" if len(rows) > SHOWN_ROWS else "")


def _score(side: Side | None) -> str:
    if side is None:
        return "没有结果"
    outcome = side.one.outcome
    return "无数据" if outcome.score is None else f"{outcome.score} 分 {outcome.grade or '暂不能评'}"


def same(one: Difference) -> bool:
    """Whether nothing at all differs: neither the score nor anything that makes it up."""
    return not one.moved and _score(one.before) == _score(one.after)


def as_lines(found: Sequence[Difference]) -> list[str]:
    """The differences as lines for a console."""
    if all(same(one) for one in found):
        return [f"没有变化：{len(found)} 家的得分和每项分数、权重都一样。"]
    lines = []
    for one in found:
        if same(one):
            lines.append(f"{one.partner} {one.name}：{_score(one.after or one.before)}，没有变化")
            continue
        amount = "" if one.amount is None else f"，{one.amount:+}"
        lines.append(f"{one.partner} {one.name}：{_score(one.before)} → {_score(one.after)}{amount}")
        lines += [
            f"  {move.points:>+7}  {move.code} {move.title}（{KINDS[move.kind]}）：{reason(one, move)}"
            for move in one.moved
        ]
        for side in (one.before, one.after):
            if side and side.one.outcome.score is None:
                why = side.one.outcome.reasons if side.one.outcome.coverage else ()
                lines.append(f"  {side.name}：{'；'.join(why) or '本期没有任何记录'}")
        if one.moved:
            total = sum((move.points for move in one.moved), Decimal(0))
            lines.append(f"  {total:>+7}  合计，正好是两个官方得分之差")
    return lines


def as_data(found: Sequence[Difference]) -> dict[str, Any]:
    """The differences as JSON values, numbers as text."""
    return {"same": all(same(one) for one in found), "partners": [_data(one) for one in found]}


def _data(one: Difference) -> dict[str, Any]:
    return {
        "partner": one.partner, "legal_name": one.name, "from": _side_data(one.before), "to": _side_data(one.after),
        "difference": None if one.amount is None else format(one.amount, "f"),
        "moves": [
            {"measure": m.code, "title": m.title, "kind": m.kind, "points": format(m.points, "f"), "why": reason(one, m)}
            for m in one.moved
        ],
    }  # fmt: skip


def _side_data(side: Side | None) -> Mapping[str, Any] | None:
    if side is None:
        return None
    outcome = side.one.outcome
    score = None if outcome.score is None else format(outcome.score, "f")
    return {"side": side.name, "rule_version": side.tree.version, "score": score, "grade": outcome.grade, "state": outcome.state.value}  # fmt: skip
