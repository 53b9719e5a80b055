"""Owns the hidden sheet of the words that columns take: list validations read it through defined names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from workbook import look
from workbook.building import words
from workbook.building.plan import Plan, list_name
from workbook.look import Look
from workbook.schema import Choice, Column, Scale


@singledispatch
def options(column: Column, lang: str) -> tuple[str | int, ...]:
    """What a list validation offers for a column; nothing for most kinds."""
    return ()


@options.register
def _choice(column: Choice, lang: str) -> tuple[str | int, ...]:
    return tuple(label.get(lang) for label in column.options.values())


@options.register
def _scale(column: Scale, lang: str) -> tuple[str | int, ...]:
    return (1, 2, 3, 4, 5, *((column.unknown.get(lang),) if column.unknown else ()))


def write_lists(at: Look, book: Workbook, plans: Sequence[Plan]) -> None:
    """Add the hidden sheet; a list may be longer than the 255 characters that a validation itself can hold."""
    lang = at.lang
    name = words.OPTIONS.get(lang)
    sheet = book.add_worksheet(name)
    sheet.hide()
    sheet.set_tab_color(look.SLATE)
    place = 0
    for plan in plans:
        for column in plan.table.columns.values():
            offered = options(column, lang)
            if not offered:
                continue
            sheet.set_column(place, place, 24)
            sheet.write_string(0, place, f"{plan.sheet} · {column.label.get(lang)}", at.cell("head system"))
            for row, word in enumerate(offered, start=1):
                sheet.write(row, place, word, at.cell("data", align="left"))
            first, last = (xl_rowcol_to_cell(row, place, True, True) for row in (1, len(offered)))
            book.define_name(list_name(plan.table, column), f"='{name}'!{first}:{last}")
            place += 1
