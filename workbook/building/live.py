"""Owns the counts that a page shows: each is a formula and what it gives now, for programs that do not calculate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from workbook.building import words
from workbook.building.marks import deadlines, over, stopped, told
from workbook.building.plan import Plan
from workbook.schema import COMPUTED, Choice, Column, Formula, Label, Moment


class Live(NamedTuple):
    """A formula without its equals sign, and its present value."""

    formula: str
    value: int | float | str


def quoted(text: str) -> str:
    """A text as it stands in a formula."""
    return '"' + text.replace('"', '""') + '"'


def total(plan: Plan) -> Live:
    """How many rows the table has."""
    key = plan.table.key()
    return Live(f"COUNTA({plan.ref(key)})", sum(1 for row in plan.rows if row.get(key.name)))


def having(plan: Plan, column: Choice, code: str) -> Live:
    """How many rows hold this word."""
    word = column.options[code].get(plan.lang)
    return Live(
        f"COUNTIFS({plan.ref(column)},{quoted(word)})", sum(1 for row in plan.rows if row.get(column.name) == word)
    )


def giving(plan: Plan, column: Formula, word: str) -> Live:
    """In how many rows a formula gives this word."""
    count = sum(1 for row in plan.rows if plan.shown(column, row) == word)
    return Live(f"COUNTIFS({plan.ref(column)},{quoted(word)})", count)


def _free_of(plan: Plan, states: Sequence[tuple[Choice, str]]) -> tuple[str, list[bool]]:
    """The criteria of COUNTIFS under which a row is in none of the states, and which rows they hold for."""
    words_by_column = [(column, column.options[code].get(plan.lang)) for column, code in states]
    criteria = "".join(f",{plan.ref(column)},{quoted('<>' + word)}" for column, word in words_by_column)
    return criteria, [all(row.get(column.name) != word for column, word in words_by_column) for row in plan.rows]


def open_rows(plan: Plan) -> Live:
    """How many rows are not over; every row, where none can be."""
    criteria, rows_open = _free_of(plan, over(plan.table))
    if not criteria:
        return total(plan)
    key = plan.table.key()
    count = sum(1 for row, is_open in zip(plan.rows, rows_open, strict=True) if is_open and row.get(key.name))
    return Live(f'COUNTIFS({plan.ref(key)},"<>"{criteria})', count)


def overdue(plan: Plan, column: Column) -> Live:
    """How many open rows are past this date."""
    criteria, rows_open = _free_of(plan, stopped(plan.table))
    days = [row.get(column.name) for row in plan.rows]
    late = [isinstance(day, date) and day < plan.today for day in days]
    count = sum(1 for is_late, is_open in zip(late, rows_open, strict=True) if is_late and is_open)
    return Live(f'COUNTIFS({plan.ref(column)},"<"&TODAY(){criteria})', count)


def latest(plans: Sequence[Plan]) -> Live:
    """When the latest submission came in, as a serial number; 0 before the first one."""
    moments = [(plan, c) for plan in plans if plan.table.submission() for c in plan.table.columns.values()
               if isinstance(c, Moment) and c.owner is COMPUTED]  # fmt: skip
    refs = [plan.ref(column) for plan, column in moments]
    seen = [row[column.name] for plan, column in moments for row in plan.rows if column.name in row]
    serials = [(at - datetime(1899, 12, 30)).total_seconds() / 86_400 for at in seen if isinstance(at, datetime)]
    return Live(f"MAX({','.join(refs)})", max(serials, default=0))


def filled(wording: str, count: Live, **more: str) -> Live:
    """A wording with a live count in its `{}`."""
    before, _, after = wording.partition("{}")
    before, after = (part.format(**more) for part in (before, after))
    parts = [quoted(before) if before else "", count.formula, quoted(after) if after else ""]
    return Live("&".join(part for part in parts if part), f"{before}{count.value}{after}")


def joined(parts: Sequence[Live], comma: str, stop: str = "") -> Live:
    """Several live wordings as one sentence."""
    formula = f"&{quoted(comma)}&".join(part.formula for part in parts) + (f"&{quoted(stop)}" if stop else "")
    return Live(formula, comma.join(str(part.value) for part in parts) + stop)


def sentence(plan: Plan) -> Live:
    """What stands under a page's title: the count and what is wrong, or what to do while the table is empty."""

    def say(wording: Label, count: Live, **more: str) -> Live:
        return filled(wording.get(plan.lang), count, **more)

    rows = total(plan)
    parts = [say(words.TOTAL, rows)]
    if over(plan.table):
        parts.append(say(words.OPEN, open_rows(plan)))
    counted = told(plan.table)
    often = Counter(column.options[code].zh for column, code in counted)
    for column, code in counted:
        word = column.options[code].get(plan.lang).lower()
        if often[column.options[code].zh] > 1:  # the same word in two columns: which one is meant
            word = f"{column.label.get(plan.lang)}{'' if plan.lang.startswith('zh') else ' '}{word}"
        parts.append(say(words.OF_WORD, having(plan, column, code), word=word))
    for formula in (c for c in plan.table.columns.values() if isinstance(c, Formula) and c.gives == "validity"):
        for told_word in words.VALIDITY_TOLD:
            shown = told_word.get(plan.lang)
            parts.append(say(words.OF_WORD, giving(plan, formula, shown), word=shown.lower()))
    for date_column in deadlines(plan.table):
        parts.append(say(words.OVERDUE, overdue(plan, date_column), column=date_column.label.get(plan.lang)))
    full = joined(parts, words.COMMA.get(plan.lang), words.STOP.get(plan.lang))
    empty = plan.table.empty.get(plan.lang) + words.STOP.get(plan.lang)
    return Live(f"IF({rows.formula}=0,{quoted(empty)},{full.formula})", full.value if rows.value else empty)
