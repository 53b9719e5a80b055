"""Owns what onboarding means: ten items in three groups, when each is due, how far it is, and 引导期 (S19)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from workbook.errors import PartnerBookError
from workbook.records import Record
from workbook.tables import SettingRow
from workbook.tables.onboarding import ITEMS

GROUP_ITEMS: Mapping[str, tuple[str, ...]] = {
    "background": ("structure", "culture", "business", "partners"),
    "interface": ("people", "channels", "platform"),
    "training": ("projects", "communication", "documents"),
}
GROUP_DAYS: Mapping[str, int] = {"background": 10, "interface": 15, "training": 45}  # days after the start
LONGEST = 730


class SettingRefused(PartnerBookError):
    """A setting of onboarding cannot be read; the sentence names it and what it takes."""


@dataclass(frozen=True)
class Progress:
    """How far the onboarding of one contract is; items that are no longer needed do not count."""

    contract: str
    total: int
    done: int
    late: tuple[Record, ...]
    until: date | None

    def sentence(self) -> str:
        """For people."""
        words = f"{self.contract} 入伙引导：{self.done}/{self.total} 项已完成"
        if self.late:
            names = "、".join(
                f"{ITEMS[row.text('subject')].zh if row['subject'] else row.key}（应于 {row['due']}）"
                for row in self.late
            )
            words += f"，逾期 {len(self.late)} 项：{names}"
        return f"{words}，引导期到 {self.until}" if self.until else words

    def as_data(self) -> dict[str, Any]:
        """The progress as JSON values."""
        return {
            "contract": self.contract, "total": self.total, "done": self.done,
            "late": [row.key for row in self.late], "until": str(self.until) if self.until else None,
        }  # fmt: skip


def guide_days(settings: Mapping[str, str]) -> int:
    """The days of 引导期.

    Raises:
        SettingRefused: the setting is no whole number of days.
    """
    text = (settings.get(SettingRow.ONBOARDING_DAYS) or "90").strip()
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST:
        raise SettingRefused(f"“设置”里的“{SettingRow.ONBOARDING_DAYS}”应为 1 到 {LONGEST} 的整数，现在是“{text}”。")
    return int(text)


def counts_in_performance(settings: Mapping[str, str]) -> bool:
    """Whether the time of onboarding counts in performance.

    Raises:
        SettingRefused: the setting is neither 是 nor 否.
    """
    text = (settings.get(SettingRow.ONBOARDING_COUNTS) or "否").strip()
    if text.casefold() not in ("是", "否", "yes", "no"):
        raise SettingRefused(f"“设置”里的“{SettingRow.ONBOARDING_COUNTS}”应写 是 或 否，现在是“{text}”。")
    return text.casefold() in ("是", "yes")


def planned_items(there: Iterable[Record], start: date, days: int) -> list[dict[str, Any]]:
    """The items of the ten that a contract lacks, each due within its group's days and never after 引导期."""
    known = {row.text("subject") for row in there}
    return [
        {"group": group, "subject": item, "status": "open", "due": start + timedelta(days=min(GROUP_DAYS[group], days))}
        for group, items in GROUP_ITEMS.items()
        for item in items
        if item not in known
    ]


def missing_items(items: Iterable[Record]) -> list[str]:
    """The items of the ten that have no row, as people read them."""
    known = {row.text("subject") for row in items}
    return [label.zh for code, label in ITEMS.items() if code not in known]


def is_late(item: Record, today: date) -> bool:
    """Whether an item is open after its day."""
    return (item["status"] or "open") == "open" and item["due"] is not None and item["due"] < today


def progress(contract: Record, items: Sequence[Record], today: date) -> Progress:
    """How far the onboarding of a contract is, from its items."""
    counted = [row for row in items if row["contract"] == contract.key and row["status"] != "dropped"]
    return Progress(
        contract.key, len(counted), sum(1 for row in counted if row["status"] == "done"),
        tuple(row for row in counted if is_late(row, today)), contract["guided_until"],
    )  # fmt: skip


def all_progress(contracts: Iterable[Record], items: Sequence[Record], today: date) -> list[Progress]:
    """The progress of every signed contract that has items, in the order of the contracts."""
    found = [progress(row, items, today) for row in contracts if row["status"] == "signed"]
    return [one for one in found if one.total]


def in_onboarding(contract: Mapping[str, Any] | Record, day: date) -> bool:
    """Whether a day lies in the 引导期 of a contract, both ends included."""
    first, last = contract["guided_from"], contract["guided_until"]
    return contract["status"] in ("signed", "ended") and first is not None and last is not None and first <= day <= last


def left_out(
    contracts: Iterable[Mapping[str, Any] | Record], partner: str, day: date, settings: Mapping[str, str]
) -> bool:
    """Whether a day of a partner stays out of performance: it lies in the 引导期 of one of its contracts, and the setting says so."""
    if counts_in_performance(settings):
        return False
    return any(row["partner"] == partner and in_onboarding(row, day) for row in contracts)
