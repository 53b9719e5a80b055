"""Owns the settings of a book that name the company and its clock, with what stands for those that are gone or blank."""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

from workbook.errors import MissingColumn, MissingTable
from workbook.ooxml import Book
from workbook.rows import need
from workbook.tables import SettingRow, Settings

log = logging.getLogger("partnerbook.delivery")

FIELDS = {
    "company": SettingRow.COMPANY, "department": SettingRow.DEPARTMENT, "mail": SettingRow.MAIL,
    "phone": SettingRow.PHONE, "zone": SettingRow.ZONE, "verify_days": SettingRow.VERIFY_DAYS,
}  # fmt: skip


def profile_of(book: Book) -> dict[str, str]:
    """Company, department, mail, phone, zone and verify_days as text; `zone` is always one that exists."""
    defaults = {name: value for name, value, _ in SettingRow.DEFAULTS}
    found = dict(defaults)
    try:
        view = book.table(Settings.name)
        where = need(Settings, view.columns, ["setting", "value"], view.sheet)
        for row in book.rows(Settings.name):
            value = row.values.get(where["value"])
            if value not in (None, ""):
                found[str(row.values.get(where["setting"]))] = str(value).strip()
    except (MissingTable, MissingColumn):
        log.info("the settings table is not whole; defaults are used")
    profile = {field: found.get(name, "") for field, name in FIELDS.items()}
    try:
        ZoneInfo(profile["zone"])
    except (KeyError, ValueError, OSError):
        profile["zone"] = defaults[SettingRow.ZONE]
    return profile
