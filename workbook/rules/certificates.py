"""Owns reading certificates from what a candidate wrote, which rows that gives, and which certificates are over (S6)."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from workbook.records import Record
from workbook.rows import to_cell
from workbook.rules.selection import plain_code
from workbook.tables import Candidates, Certificates, Partners

OVER = ("declined", "withdrawn")  # states of a candidate who is out of the running
GONE = ("left", "barred")  # states of a partner who is none any more
SPLIT = "｜"  # between the parts of a cause

_NOTHING = re.compile(r"(暂?无|没有|不适用|none|n/?a|[-—/])[。.]?", re.IGNORECASE)
_OPEN = re.compile(r"长期(有效)?|永久(有效)?|无固定期限|无期限|no expiry", re.IGNORECASE)
_DAY = re.compile(r"(?<![A-Za-z0-9.\-/])(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(日|(?!\d))")
_SAID = re.compile(  # what stands around a date (@), or before one that has a part of its own
    r"(有效期限?|有效|valid)?\s*(自|从|至|到|截至|截止到?|from|until|to)?\s*[:：]?\s*@\s*(起|止)?|(有效期限?至?|到期日?|valid until)\s*[:：]*\s*$",
    re.IGNORECASE,
)
_NUMBER_WORD = re.compile(
    r"^(证书|注册|许可证?|批准)?\s*(编号|证书号|号码|字号|no\.?|number)\s*[:：.]?\s*", re.IGNORECASE
)
_HARD = re.compile(r"[，,;；|\t]|\s{2,}")
_WIDE = str.maketrans({**{chr(0xFF10 + n): str(n) for n in range(10)}, "－": "-", "／": "/", "．": "."})


class Claim(NamedTuple):
    """A certificate as somebody states it: `until` is its last day, None for one that has no end."""

    title: str
    number: str
    until: date | None

    @property
    def text(self) -> str:
        """The claim as one text: what causes hold."""
        return SPLIT.join((self.title, self.number, self.until.isoformat() if self.until else "open"))


# --- reading ----------------------------------------------------------------------------------------------------------


def lines_of(text: str) -> list[str]:
    """The lines that say something: "none" says nothing."""
    return [line for line in map(str.strip, text.splitlines()) if line and not _NOTHING.fullmatch(line)]


def read_line(line: str) -> Claim | None:
    """The certificate that a line names; None if the line does not say until when it holds, or names nothing.

    The last date is the last day: `2025-04-01 至 2028-03-31` ends in 2028. 长期 after the last date, or without any, is no end.
    """
    line = line.translate(_WIDE)
    found = [(match, day) for match in _DAY.finditer(line) if (day := _day(match))]
    unlimited = list(_OPEN.finditer(line))
    until = found[-1][1] if found else None
    if unlimited and (not found or unlimited[-1].start() > found[-1][0].end()):
        until = None
    elif not found:
        return None
    rest = line
    for match in sorted([m for m, _ in found] + (unlimited[-1:] if until is None else []), key=lambda m: -m.start()):
        rest = f"{rest[: match.start()]}@{rest[match.end() :]}"
    title, number = _title_and_number(rest)
    return Claim(title[:120], number[:80], until) if title else None


def _day(found: re.Match[str]) -> date | None:
    try:
        return date(*(int(part) for part in found.groups()[:3]))
    except ValueError:
        return None


def _title_and_number(text: str) -> tuple[str, str]:
    """Name and number from a line whose dates are `@`: parts between separators, else words between blanks."""
    whole = _HARD.split(text) if _HARD.search(text) else text.split("、")
    parts = [part for part in (_SAID.sub(" ", one).strip(" \t、。.:：-—~()（）") for one in whole) if part]
    if not parts:
        return "", ""
    if len(parts) == 1:
        return _by_blanks(parts[0])
    labelled = next((part for part in parts[1:] if _NUMBER_WORD.match(part)), None)
    number = labelled or next((part for part in parts[1:] if any(c.isdigit() for c in part)), "")
    number = _NUMBER_WORD.sub("", number).strip()
    return parts[0], number if any(c.isdigit() for c in number) else ""


def _by_blanks(text: str) -> tuple[str, str]:
    """`ISO 9001 Q-77`: the last word is the number if the words before it are a name without it; ISO 9001 is one name."""
    *words, last = text.split()
    name = " ".join(words)
    whole = any(c.isdigit() for c in name) or any(ord(c) >= 0x2E80 for c in name)
    last = _NUMBER_WORD.sub("", last)
    return (name, last) if whole and any(c.isdigit() for c in last) else (text, "")


def plain(text: str) -> str:
    """A name or number as it is compared: without blanks, case and width."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


# --- rows -------------------------------------------------------------------------------------------------------------


def claim_of(row: Record) -> Claim:
    """What a row of the table states."""
    return Claim(row.text("title"), row.text("number"), row["until"])


def cause_of(candidate: str, claim: Claim) -> str:
    """By what a row is known again: whose line it is, and what the line said."""
    return f"{candidate}{SPLIT}{claim.text}"


def untouched(row: Record) -> bool:
    """Whether a row still says what the system wrote, and nobody judged it."""
    as_written = row.text("cause") == cause_of(row.text("candidate"), claim_of(row))
    open_or_dated = (row["term"] == "open") == (row["until"] is None)
    judged = (row["verification"] or "unverified") != "unverified" or row["verified_on"] is not None
    return as_written and open_or_dated and not judged and not row.problems


@dataclass
class Proposals:
    """What the candidates' lines ask of the table: new rows, and untouched rows that follow a correction."""

    fresh: list[tuple[Record, Claim]] = field(default_factory=list)  # the candidate, and what a line of theirs says
    changed: dict[int, tuple[Record, Claim]] = field(default_factory=dict)  # by the number of the row


def proposals(candidates: Sequence[Record], partners: Sequence[Record], rows: Sequence[Record]) -> Proposals:
    """Compare lines and rows; nothing is ever deleted, and a row that staff touched is theirs."""
    found, holder = Proposals(), Holders(candidates, partners)
    keys = [record.key for record in candidates]
    stated = {(holder.of(row), *_compared(claim_of(row))) for row in rows}
    by_cause = {row.text("cause"): row for row in rows if row["cause"]}
    for candidate in candidates:
        if candidate["status"] in OVER or not candidate.key or keys.count(candidate.key) > 1:
            continue
        claims = {cause_of(candidate.key, c): c for c in map(read_line, lines_of(candidate.text("certificates"))) if c}
        mine = f"{candidate.key}{SPLIT}"
        free = [row for at, row in by_cause.items() if at.startswith(mine) and at not in claims and untouched(row)]
        for cause, claim in claims.items():
            if cause in by_cause or (holder.of_candidate(candidate), *_compared(claim)) in stated:
                continue
            if row := _predecessor(free, claim):
                free.remove(row)
                found.changed[row.number] = (row, claim)
            else:
                found.fresh.append((candidate, claim))
    return found


def _compared(claim: Claim) -> tuple[str, str, date | None]:
    return plain(claim.title), plain(claim.number), claim.until


def _predecessor(free: Sequence[Record], claim: Claim) -> Record | None:
    """The untouched row whose line was corrected into this one: of the same name, else of the same number."""
    named = (row for row in free if plain(row.text("title")) == plain(claim.title))
    numbered = (row for row in free if claim.number and plain(row.text("number")) == plain(claim.number))
    return next(named, None) or next(numbered, None)


class Holders:
    """Who holds a certificate: a candidate and a partner of one credit code are one company."""

    def __init__(self, candidates: Iterable[Record], partners: Iterable[Record]):
        self.candidates: Mapping[str, Record] = {record.key: record for record in candidates if record.key}
        self.partners: Mapping[str, Record] = {record.key: record for record in partners if record.key}

    def record(self, row: Record) -> Record | None:
        """The row of the company: the partner's where one is named, else the candidate's."""
        partner = self.partners.get(row.text("partner"))
        return partner or self.candidates.get(row.text("candidate"))

    def of(self, row: Record) -> str:
        """The company of a certificate's row; "" if the row names none that is there."""
        record = self.record(row)
        return self.of_candidate(record) if record else ""

    @staticmethod
    def of_candidate(record: Record) -> str:
        """A company by its credit code, else by its key."""
        return plain_code(record.text("credit_code")) or record.key

    def partner_of(self, candidate: Record) -> str:
        """The partner of the same credit code, if there is exactly one."""
        code = plain_code(candidate.text("credit_code"))
        same = [key for key, one in self.partners.items() if code and plain_code(one.text("credit_code")) == code]
        return same[0] if len(same) == 1 else ""


# --- what is over -----------------------------------------------------------------------------------------------------


def ended(rows: Sequence[Record], holders: Holders) -> dict[int, str]:
    """Why nobody has to watch a row any more, by row number; rows that hold or simply expired are not in it."""
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    found = {}
    for row in rows:
        if why := _over(row, holders):
            found[row.number] = why
        elif row["verification"] != "rejected" and holders.of(row) and row["title"]:
            groups[holders.of(row), plain(row.text("title"))].append(row)
    for group in groups.values():
        dated = [row for row in group if row["until"] or row["term"] == "open"]
        newest = max(dated, key=_end, default=None)
        if newest:
            found |= {row.number: f"新证 {newest.key}".strip() for row in dated if _end(row) < _end(newest)}
    return found


def _end(row: Record) -> date:
    end: date = row["until"] or date.max
    return end


def _over(row: Record, holders: Holders) -> str:
    """The reason in the company's own row: a candidate out of the running, a partner who left."""
    record = holders.record(row)
    if record and record.table is Candidates:
        record = holders.partners.get(holders.partner_of(record), record)
    if record is None:
        return ""
    table, states, word = (Partners, GONE, "伙伴") if record.table is Partners else (Candidates, OVER, "候选")
    status = table.columns["status"]
    return f"{word}{to_cell(status, record['status'])}" if record["status"] in states else ""


# --- the table as the next evaluation leaves it -----------------------------------------------------------------------


def stated(candidate: str, claim: Claim) -> dict[str, Any]:
    """The columns of a row that a line gives."""
    return {
        "title": claim.title, "number": claim.number or None, "until": claim.until,
        "term": "dated" if claim.until else "open", "cause": cause_of(candidate, claim),
    }  # fmt: skip


def corrected(rows: Sequence[Record], asked: Proposals) -> list[Record]:
    """The rows that are there, as they will be."""
    return [
        replace(row, values={**row.values, **stated(row.text("candidate"), asked.changed[row.number][1])})
        if row.number in asked.changed
        else row
        for row in rows
    ]


def outlook(
    candidates: Sequence[Record], partners: Sequence[Record], rows: Sequence[Record]
) -> list[tuple[Record, Record]]:
    """Every certificate that still has to be watched, each with the row at which to tell of it.

    A line that no row stands for yet is told at the candidate, so that a book which was never evaluated misses nothing.
    """
    asked, holders = proposals(candidates, partners, rows), Holders(candidates, partners)
    there = [(row, row) for row in corrected(rows, asked)]
    for number, (candidate, claim) in enumerate(asked.fresh, start=1):
        values = {**stated(candidate.key, claim), "candidate": candidate.key}
        there.append((Record(Certificates, candidate.sheet, -number, "", values, {}), candidate))
    over = ended([row for row, _ in there], holders)
    return [(row, at) for row, at in there if row.number not in over and row["verification"] != "rejected"]


__all__ = [
    "OVER",
    "Claim",
    "Holders",
    "Proposals",
    "cause_of",
    "claim_of",
    "corrected",
    "ended",
    "lines_of",
    "outlook",
    "plain",
    "proposals",
    "read_line",
    "stated",
]
