"""Owns what a scoring sheet says about itself around its marks: its title, and who marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from workbook.adopting import words
from workbook.adopting.headers import line
from workbook.adopting.old_file import OldSheet
from workbook.adopting.words import says


def reviewer_named(sheet: OldSheet, above: Sequence[str]) -> str:
    """The reviewer whom the rows above or below the marks name (`评审人：张伟`), or ""."""
    below = [
        text for row in range(max(0, len(sheet.rows) - 6), len(sheet.rows)) for text in line(sheet, row, across=False)
    ]
    for texts in (above, below):
        for text, after in pairwise([*texts, ""]):
            if found := words.NAMED_REVIEWER.search(text):
                return found[1]
            if says(words.REVIEWER, text.rstrip(":：")) and text.rstrip()[-1:] in ":：" and after:
                return after
    return ""


def panel_of_all(title: str, reviewer: str, old: str) -> str:
    """A panel's title without its reviewer's name (`评审打分表（张伟）`), so that all reviewers' sheets are one panel's."""
    name = r"\s*".join(map(re.escape, "".join(reviewer.split())))
    rest = re.sub(rf"[（(\[【\s]*{name}\s*[)）\]】]|[-—–_·\s]+{name}$|^{name}(?:的|[-—–_·\s]+)?", "", title).strip()
    return rest if re.search(r"\w", rest) else _stem(old)


def _stem(old: str) -> str:
    return re.sub(r"\.\w+$", "", old)


def panel_title(above: Sequence[str], old: str) -> str:
    """The sheet's own title, else the old file's name."""
    titles = [text for text in above if len(text) <= 60 and not re.search(r"[:：]", text)]
    return max(titles, key=len) if titles else _stem(old)
