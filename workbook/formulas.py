"""Owns declared formulas as a workbook writes them: full structured references, in the language of the book."""

from __future__ import annotations

import re
from datetime import date, timedelta

from workbook.building.words import FORMULA_WORDS
from workbook.schema import Formula, Table
from workbook.tables import BY_NAME
from workbook.tables.certificates import AHEAD, TERMS


def formula_text(table: type[Table], column: Formula, lang: str) -> str:
    """A declared formula in full form, without =: the short `[@x]` does not survive in appended rows."""

    def named(found: re.Match[str]) -> str:
        meant = next(c for c in table.columns.values() if c.zh == found[1])
        return f"{table.name}[[#This Row],[{meant.label.get(lang)}]]"

    def elsewhere(found: re.Match[str]) -> str:
        other = BY_NAME[found[1]]
        meant = next(c for c in other.columns.values() if c.zh == found[2])
        return f"{other.name}[{meant.label.get(lang)}]"

    text = re.sub(rf"\b({'|'.join(BY_NAME)})\[([^\[\]@#]+)\]", elsewhere, column.excel)
    text = re.sub(r"\[@\[?([^\[\]]+)\]?\]", named, text)
    if lang.startswith("en"):
        for zh, en in FORMULA_WORDS.items():
            text = text.replace(f'"{zh}"', f'"{en}"')
    return text


def validity_word(ended: object, until: object, term: object, today: date, lang: str) -> str:
    """What a formula of validity gives on a day, for programs that do not calculate; `term` is the word in the cell."""
    if ended:
        word = "已了结"
    elif not isinstance(until, date):
        word = "长期" if str(term or "") in TERMS["open"] else ""
    elif until < today:
        word = "已过期"
    else:
        word = "将到期" if until <= today + timedelta(days=AHEAD) else "有效"
    return FORMULA_WORDS.get(word, word) if lang.startswith("en") else word
