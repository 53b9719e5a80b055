"""Owns what an import does to 预算执行: which line is new, which changed, what staff keep, what is gone, which contract is meant.

Pure. A line is compared three ways: what its source says now, what it said at the last import, and what stands in the
book. Only cells that still hold what was imported follow the source.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbook.budget_source.model import SourceLine
from workbook.records import Record
from workbook.rules.sources import NAMED, TAKEN, as_imported, equal, imported_values, line_name, word_in
from workbook.schema import Column, Text
from workbook.tables import Budgets

UNSTATED_STAYS = (
    "planned_progress",
    "progress",
    "tax",
    "tax_rate",
)  # a blank says nothing against what was said before
COLUMNS_STAY = ("actual", "committed")  # as long as the sheet has no such column
STALE = "这份合同的伙伴是 {partner}，表里写的是“{word}”"


@dataclass(frozen=True)
class Match:
    """What the words of a line mean in the book; `why` says why no contract was found."""

    contract: str | None
    partner: str | None
    why: str = ""


@dataclass(frozen=True)
class Changed:
    """A line that is there: new values by column, and the columns in which staff's own values stay."""

    record: Record
    values: Mapping[str, Any]
    kept: tuple[str, ...] = ()


@dataclass
class Merge:
    """What an import comes to, before anything is written."""

    fresh: list[dict[str, Any]] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    kept: list[Changed] = field(default_factory=list)
    gone: list[Record] = field(default_factory=list)
    same: int = 0
    unmatched: list[tuple[SourceLine, str]] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        """Whether the book changes."""
        return bool(self.fresh or self.changed or any(row["source_state"] != "gone" for row in self.gone))


def folded(words: str) -> str:
    """Words without what varies: width, case, blanks and brackets."""
    return re.sub(r"[\s()（）\[\]【】]", "", unicodedata.normalize("NFKC", words)).casefold()


class Matcher:
    """Finds the contract and partner that finance's words mean: by number, name or credit code, or as staff once matched them."""

    def __init__(self, contracts: Sequence[Record], partners: Sequence[Record], lines: Iterable[Record]):
        self._partner_of = {row.key: row.text("partner") or None for row in contracts if row.key}
        self._contracts = _index((row.key, [row.key, row.text("title")]) for row in contracts)
        self._titles = [(row.key, folded(row.text("title"))) for row in contracts if row.key and row["title"]]
        self._names = {row.key: row.text("legal_name") for row in partners if row.key}
        self._partners = _index(
            (row.key, [row.key, row.text("legal_name"), row.text("credit_code")]) for row in partners
        )
        self._learned = _learned(lines)
        self._known: dict[tuple[str, str], Match] = {}

    def match(self, contract: str, partner: str) -> Match:
        """The match of a line's two words."""
        words = (contract, partner)
        if words not in self._known:
            self._known[words] = self._learned.get(words) or self._find(contract, partner)
        return self._known[words]

    def _find(self, contract: str, partner: str) -> Match:
        company = self._partners.get(folded(partner)) if partner else None
        if not contract:
            return Match(None, company, "表里没有写合同")
        key = self._contracts.get(folded(contract)) or self._in_title(contract)
        if key is None:
            return Match(None, company, f"本簿没有合同“{contract}”")
        owner = self._partner_of.get(key)
        if company is not None and owner is not None and company != owner:
            return Match(
                None, company, STALE.format(partner=f"{owner} {self._names.get(owner, '')}".strip(), word=partner)
            )
        return Match(key, owner or company)

    def _in_title(self, contract: str) -> str | None:
        """A contract whose name holds the number whole; only one may."""
        word = folded(contract)
        if len(word) < 4 or not any(sign.isdigit() for sign in word):
            return None
        found = [
            key for key, title in self._titles if re.search(rf"(?<![a-z0-9_/-]){re.escape(word)}(?![a-z0-9_/-])", title)
        ]
        return found[0] if len(found) == 1 else None


def _index(entries: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """What each word names; a word that names two things names neither."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, words in entries:
        for word in words:
            if key and word:
                found[folded(word)].add(key)
    return {word: next(iter(keys)) for word, keys in found.items() if len(keys) == 1}


def _learned(lines: Iterable[Record]) -> dict[tuple[str, str], Match]:
    """What staff wrote beside lines with the same words, where they always wrote the same."""
    found: dict[tuple[str, str], set[tuple[str, str | None]]] = defaultdict(set)
    for row in lines:
        if row["contract"] and row["source_line"]:
            name = row.text("source_line")
            words = (word_in(name, "contract"), word_in(name, "partner"))
            if any(words):
                found[words].add((row.text("contract"), row["partner"]))
    return {words: Match(*next(iter(meant))) for words, meant in found.items() if len(meant) == 1}


def merge_lines(
    source: str, lines: Sequence[SourceLine], book: Sequence[Record], matcher: Matcher, stated: Collection[str]
) -> Merge:
    """What importing the lines of a source does to the lines of the book; `stated` is what its columns mean."""
    found = Merge()
    known = {row.text("source_line"): row for row in book if row["source"] == source and row["source_line"]}
    met: set[str] = set()
    stays = (*UNSTATED_STAYS, *(name for name in COLUMNS_STAY if name not in stated))
    for name, line in _named(lines):
        match = matcher.match(line.contract, line.partner)
        values, row = _values(line), known.get(name)
        met.add(name)
        if row is None:
            found.fresh.append(_fresh(source, name, line, match, values))
            contract = match.contract
        else:
            contract = row["contract"] or match.contract
            _compare(found, row, values, match, stays)
        if not contract:
            found.unmatched.append((line, match.why or "没有写合同编号"))
    spans = {_span(line.starts_on, line.ends_on) for line in lines}
    found.gone = [
        row for name, row in known.items() if name not in met and _span(row["starts_on"], row["ends_on"]) in spans
    ]  # another period's sheet of the same source says nothing about these
    return found


def _named(lines: Sequence[SourceLine]) -> Iterator[tuple[str, SourceLine]]:
    times: Counter[str] = Counter()
    for line in lines:
        words = {name: getattr(line, name) for name in NAMED}
        base = line_name(words, _span(line.starts_on, line.ends_on), 0)
        yield line_name(words, _span(line.starts_on, line.ends_on), times[base]), line
        times[base] += 1


def _span(first: object, last: object) -> str:
    return f"{first or ''}~{last or ''}" if first or last else "不分期"


def _values(line: SourceLine) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(line, name) for name in TAKEN}
    if found["currency"] == "CNY":
        found |= dict.fromkeys(("currency", "fx_rate", "fx_on", "budget_original", "actual_original"))
    return found


def _fresh(source: str, name: str, line: SourceLine, match: Match, values: Mapping[str, Any]) -> dict[str, Any]:
    words = {column: getattr(line, column) for column in ("project", "category", "voucher")}
    longer = [f"{Budgets.columns[n].zh}：{word}" for n, word in words.items() if len(word) > _limit(Budgets.columns[n])]
    remark = "；".join([part for part in (line.remark, *longer) if part])
    return {
        "contract": match.contract, "partner": match.partner, **{n: _cut(n, word) for n, word in words.items()},
        "starts_on": line.starts_on, "ends_on": line.ends_on, **values, "source": source, "source_line": name,
        "imported": as_imported(values), "source_state": "same", "remark": _cut("remark", remark),
    }  # fmt: skip


def _limit(column: Column) -> int:
    return (column.max_length if isinstance(column, Text) else None) or 10**9


def _cut(name: str, words: str) -> str | None:
    limit = _limit(Budgets.columns[name])
    return (words if len(words) <= limit else words[: limit - 1] + "…") or None


def _compare(found: Merge, row: Record, now: dict[str, Any], match: Match, stays: Sequence[str]) -> None:
    """The three ways: now, at the last import, in the book."""
    then = imported_values(row)
    broken = then is None  # somebody changed the text: what stands in the book is taken for staff's own
    then = then if then is not None else {name: row[name] for name in TAKEN}
    for name in stays:
        now[name] = then[name] if now[name] is None else now[name]
    values: dict[str, Any] = {}
    kept = []
    for name in TAKEN:
        if equal(name, now[name], row[name]) or (not broken and equal(name, now[name], then[name])):
            continue
        if not broken and equal(name, row[name], then[name]):
            values[name] = now[name]
        else:
            kept.append(name)
    for name, meant in (("contract", match.contract), ("partner", match.partner)):
        if meant and not row[name] and (name == "contract" or row["contract"] in (None, match.contract)):
            values[name] = meant
    edited = [n for n in TAKEN if not equal(n, values.get(n, row[n]), now[n])]
    told = {"imported": as_imported(now), "source_state": "edited" if edited else "same"}
    if (
        values or row["imported"] != told["imported"] or row["source_state"] == "gone"
    ):  # else the next evaluation says it
        values |= {name: value for name, value in told.items() if row[name] != value}
    one = Changed(row, values, tuple(kept))
    if kept:
        found.kept.append(one)
    if values:
        found.changed.append(one)
    else:
        found.same += 1
