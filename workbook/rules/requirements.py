"""Owns what a requirement is in rows: its eight parts, its fingerprint, which sign-offs hold, and when it is open (S10 to S12)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workbook.ooxml import Book
from workbook.records import Record, read_records
from workbook.rows import need
from workbook.rules.selection import SETTING_DEFAULTS, RulesRefused, keys_in, natural
from workbook.schema import Table
from workbook.tables import Publications, Requirements, SettingRow, SignOffs
from workbook.tables.selection import ROLES

PARTS = ("goal", "scope", "outcome", "schedule", "deliverables", "quality", "budget", "capability")
OPTIONAL = ("budget",)
AGREEING = ("agree", "conditional")  # a condition stands in the reviewer's own words beside the verdict
PASSED = ("approved", "published")
NEEDED: Mapping[type[Table], tuple[str, ...]] = {  # without one of these columns every sign-off would look void
    Requirements: ("revision", "status", *PARTS),
    SignOffs: ("requirement", "revision", "reviewer", "verdict", "fingerprint"),
    Publications: ("requirement", "status", "opens_at", "closes_at"),
}


@dataclass(frozen=True)
class Requirement:
    """One requirement as it stands in the book."""

    key: str
    title: str
    status: str
    revision: int | None
    parts: Mapping[str, str]
    record: Record

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts that are not written, by column name; the budget may be left out."""
        return tuple(name for name in PARTS if name not in OPTIONAL and not self.parts[name])

    @property
    def fingerprint(self) -> str:
        """SHA-256 over key, revision and the eight parts, however a program wrapped their lines."""
        whole = {"requirement": self.key, "revision": self.revision, "parts": dict(self.parts)}
        text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Approval:
    """What the sign-offs of a requirement say about its text of now."""

    missing: tuple[str, ...]  # required departments without an agreement that holds, by code
    refused: tuple[Record, ...]  # 不同意 that still stand
    void: tuple[Record, ...]  # the newest verdict of a reviewer, of another text than now
    counted: tuple[Record, ...]

    @property
    def approved(self) -> bool:
        """Every required department agrees, and nobody's refusal stands."""
        return not self.missing and not self.refused


def read_whole(book: Book, table: type[Table]) -> list[Record]:
    """The rows of a table of this chapter in the order of their keys, copied rows left out.

    Raises:
        MissingTable, MissingColumn: the table, or a column that others rest on, is gone.
    """
    records = read_records(book, table)
    view = book.table(table.name)
    need(table, view.columns, NEEDED[table], view.sheet)
    return single(records)


def single(records: Iterable[Record]) -> list[Record]:
    """Rows with a key that no other row has, in the order of keys: nothing may depend on how people sorted them."""
    found = list(records)
    counts = Counter(record.key for record in found)
    return sorted((r for r in found if r.key and counts[r.key] == 1), key=lambda r: natural(r.key))


def requirement_of(record: Record) -> Requirement:
    """A row of 需求 as a requirement."""
    revision = record["revision"]
    return Requirement(
        record.key, record.text("title"), record.text("status") or "draft", None if revision is None else int(revision),
        {name: _plain(record.text(name)) for name in PARTS}, record,
    )  # fmt: skip


def _plain(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def departments(settings: Mapping[str, str]) -> tuple[str, ...]:
    """The departments that must agree before a requirement may be published, by code.

    Raises:
        RulesRefused: the setting names a department that 评审人 does not know.
    """
    text = settings.get(SettingRow.REQUIREMENT_ROLES) or SETTING_DEFAULTS[SettingRow.REQUIREMENT_ROLES]
    codes = {wording.casefold(): code for code, label in ROLES.items() for wording in label}
    names = keys_in(text)
    if unknown := [name for name in names if name.casefold() not in codes]:
        raise RulesRefused(
            f"“设置”里的“{SettingRow.REQUIREMENT_ROLES}”不认识 {'、'.join(unknown)}，"
            f"可写：{'、'.join(label.zh for label in ROLES.values())}，用顿号隔开。"
        )
    return tuple(codes[name.casefold()] for name in names)


def departments_or_default(settings: Mapping[str, str]) -> tuple[str, ...]:
    """As `departments`; until a setting that cannot be read is mended, the default holds."""
    try:
        return departments(settings)
    except RulesRefused:
        return departments({})


def holds(requirement: Requirement | None, record: Record) -> bool:
    """Whether a sign-off is of the requirement's text of now: the same revision and the same fingerprint."""
    return (
        requirement is not None
        and record["revision"] == requirement.revision
        and record.text("fingerprint") == requirement.fingerprint
    )


def newest(records: Iterable[Record]) -> list[Record]:
    """The newest verdict of each reviewer: by the time it was sent, then by its number."""
    ordered = sorted(records, key=lambda r: (r["submitted_at"] or datetime.min, natural(r.key)))
    return list({record.text("reviewer"): record for record in ordered}.values())


def validity(requirements: Mapping[str, Requirement], signoffs: Sequence[Record]) -> dict[int, str]:
    """What 效力 says of each sign-off, by row number: valid is the newest of a reviewer on the text of now."""
    counted = {r.number for key, one in requirements.items() for r in approval(one, signoffs, {}, ()).counted}
    return {r.number: "valid" if r.number in counted else "void" for r in signoffs if r.text("requirement")}


def approval(
    requirement: Requirement, signoffs: Iterable[Record], roles: Mapping[str, str], required: Sequence[str]
) -> Approval:
    """What the sign-offs say of a requirement; `roles` are the departments of reviewers, by key."""
    latest = newest(r for r in signoffs if r.text("requirement") == requirement.key and r["verdict"] is not None)
    counted = [record for record in latest if holds(requirement, record)]
    agreed = {roles.get(r.text("reviewer"), "") for r in counted if r["verdict"] in AGREEING}
    refused = tuple(r for r in counted if r["verdict"] not in AGREEING)
    return Approval(
        tuple(role for role in required if role not in agreed), refused,
        tuple(r for r in latest if not holds(requirement, r)), tuple(counted),
    )  # fmt: skip


# --- publications ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """From when until when a publication takes candidates, in the local time of the book; nothing is never open."""

    opens_at: datetime | None
    closes_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Whether candidates may apply at this moment: from the opening on, until just before the closing."""
        return self.opens_at is not None and self.closes_at is not None and self.opens_at <= now < self.closes_at


def is_published(record: Record) -> bool:
    """Whether a row of 需求发布 counts: its state is 已发布."""
    return bool(record["status"] == "published")


def window_of(record: Record) -> Window:
    """The window of a row of 需求发布."""
    return Window(record["opens_at"], record["closes_at"])
