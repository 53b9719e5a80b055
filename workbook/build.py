"""Owns the making of a new workbook: every declared table as a page, behind a cover.

The pages are drawn by `workbook.building`; an existing book is never touched here.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import xlsxwriter

from workbook import look
from workbook.building import chart, words
from workbook.building.cover import WAITING, Cover
from workbook.building.finish import finish
from workbook.building.lists import write_lists
from workbook.building.page import Stop, draw
from workbook.building.plan import Plan, make_plan
from workbook.defaults import band_rows, indicator_rows
from workbook.identity import BOOK, GENERATION, SCHEMA, SCHEMA_VERSION
from workbook.performance_defaults import incentive_rule_rows, measure_rows, performance_band_rows, service_level_rows
from workbook.tables import BY_NAME, TABLES, Bands, Indicators, Results, SettingRow, Settings

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def new_workbook(
    *,
    lang: str = "zh-CN",
    book_id: str | None = None,
    rows: Rows | None = None,
    settings: Mapping[str, str] | None = None,
    today: date | None = None,
) -> bytes:
    """The bytes of a new workbook; the same arguments give the same bytes.

    Args:
        lang: language of sheet names, headers and words: `zh-CN` or `en`.
        book_id: the book's UUID; a new one when it is not given.
        rows: by table name, values by column name. A new book has every setting, rows of `settings` replace some.
        settings: values of settings by name, over those of `rows`.
        today: the day as of which counts are written for programs that do not calculate.

    Raises:
        KeyError: `rows` names an unknown table or column, or `settings` an unknown setting.
    """
    today = today or date.today()
    given = dict(rows or {})
    if unknown := set(given) - set(BY_NAME):
        raise KeyError(f"no table is declared as {sorted(unknown)}")
    given = {**default_rows(lang), **given}
    given[Settings.name] = _settings(lang, given.get(Settings.name, ()), settings or {})
    plans = [make_plan(table, lang, today, given.get(table.name, ())) for table in TABLES]
    out = io.BytesIO()
    options = {"in_memory": True, "default_format_properties": {"font_name": look.FONT, "font_size": 10}}
    book = xlsxwriter.Workbook(out, options)
    book.use_custom_theme(look.theme())
    at = look.Look(book, lang)
    _pages(at, book, plans)
    _names(book, book_id or str(uuid.uuid4()), plans, lang)
    book.set_properties({
        "title": f"{words.PRODUCT.get(lang)} {words.PRODUCT_OTHER.get(lang)}",
        "created": datetime.combine(today, time(), UTC),
    })  # fmt: skip
    book.set_size(2400, 1500)
    book.set_tab_ratio(80)
    book.close()
    return finish(out.getvalue(), at.named_indexes())


def default_rows(lang: str) -> dict[str, list[dict[str, Any]]]:
    """The rows that a new book begins with besides settings, by table name."""
    bands = band_rows(lang)
    return {
        Indicators.name: indicator_rows(lang),
        Bands.name: [*bands, *performance_band_rows(lang, len(bands) + 1)],
        "measures": measure_rows(lang),
        "service_levels": service_level_rows(),
        "incentive_rules": incentive_rule_rows(lang),
    }


def _pages(at: look.Look, book: xlsxwriter.Workbook, plans: Sequence[Plan]) -> None:
    cover = book.add_worksheet(words.HOME.get(at.lang))
    stops = _stops(plans, at.lang)
    by_name = {plan.table.name: plan for plan in plans}
    for number, here in enumerate(stops):
        around = (stops[number - 1] if number else None, stops[number + 1] if number + 1 < len(stops) else None)
        sheet = book.add_worksheet(here.title)
        if here.name == chart.PAGE:
            chart.draw_chart(at, book, sheet, plans, around)
        else:
            draw(at, sheet, by_name[here.name], around, plans)
    chart.Slots(at.lang).write(at, book, plans)
    write_lists(at, book, plans)
    Cover(at, cover, plans).draw()


def _stops(plans: Sequence[Plan], lang: str) -> list[Stop]:
    """Every page after the cover, in tab order: the tables, and the chart of the results after the results."""
    stops = [Stop(plan.table.name, plan.sheet) for plan in plans]
    stops.insert(1 + next(i for i, stop in enumerate(stops) if stop.name == Results.name), chart.stop(lang))
    return stops


def _names(book: xlsxwriter.Workbook, book_id: str, plans: Sequence[Plan], lang: str) -> None:
    """What identifies the book, what deliveries write into it, and where links go."""
    for name, formula in ((BOOK, f'="{book_id}"'), (GENERATION, "=0"), (SCHEMA, f"={SCHEMA_VERSION}"), (WAITING, "=0")):
        book.define_name(name, formula)
    book.define_name("go_home", f"='{words.HOME.get(lang)}'!$A$1")
    for stop in _stops(plans, lang):
        book.define_name(f"go_{stop.name}", f"='{stop.title}'!$A$1")


def _settings(lang: str, rows: Sequence[Mapping[str, Any]], values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every setting of a new book, with what was given over what is declared."""
    english = lang.startswith("en")
    merged: dict[str, dict[str, Any]] = {}
    for name, value, meaning in SettingRow.DEFAULTS:
        if english and name in words.SETTINGS_EN:
            other, meaning = words.SETTINGS_EN[name]
            value = value if other is None else other
        merged[name] = {"setting": name, "value": value, "meaning": meaning}
    for row in rows:
        name = str(row["setting"])
        merged[name] = {**merged.get(name, {}), **{k: v for k, v in row.items() if v is not None}}
    for name, value in values.items():
        if name not in merged:
            raise KeyError(f"no setting is declared as {name}")
        merged[name]["value"] = value
    return list(merged.values())
