"""Owns finding our indicators and dimensions by the titles that an old scoring sheet gives them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from workbook.adopting.words import COMMENT_WORD, EVIDENCE_WORD, MARK_WORD, heading, plain, word_set
from workbook.defaults import TREE, VERSION
from workbook.tables.selection import DIMENSIONS

NUMBERING = re.compile(
    r"^(?:v\d+-)?(?:s\d+(?:\.\d+)?(?!\d)|[(]?[\d一二三四五六七八九十]+[)、.](?:\d+[.、]?)*|\d+(?=[^\x00-\x7f]))\s*[、.:]?\s*"
)


class Found(NamedTuple):
    """An indicator or a dimension of the tree; `banded` says that a number gives its mark, not reviewers."""

    key: str
    title: str
    banded: bool
    whole: bool  # a dimension

    @property
    def counts(self) -> bool:
        """Whether reviewers mark it."""
        return not self.whole and not self.banded


@cache
def tree() -> dict[str, Found]:
    """Every indicator and dimension by key."""
    found = {}
    for code, dimension in DIMENSIONS.items():
        found[f"{VERSION}-{code}"] = Found(f"{VERSION}-{code}", dimension.zh, False, True)
        for number, leaf in enumerate(TREE[code], start=1):
            key = f"{VERSION}-{code}.{number}"
            found[key] = Found(key, leaf.title.zh, leaf.fact is not None, False)
    return found


@cache
def _by_title() -> dict[str, Found]:
    found = {}
    for code, dimension in DIMENSIONS.items():
        for number, leaf in enumerate(TREE[code], start=1):
            for title in leaf.title:
                found[plain(title)] = tree()[f"{VERSION}-{code}.{number}"]
        for title in dimension:
            found.setdefault(plain(title), tree()[f"{VERSION}-{code}"])
    for key, item in tree().items():
        found[plain(key)] = found[plain(key.removeprefix(f"{VERSION}-"))] = item
    return found


@lru_cache(maxsize=65_536)
def find_indicator(text: str) -> Found | None:
    """The indicator or dimension of a title: numbering, weights in brackets and a final 评分 or 得分 do not count."""
    words = heading(text).words
    for form in (words, plain(NUMBERING.sub("", words)), _without_mark_word(plain(NUMBERING.sub("", words)))):
        if found := _by_title().get(form):
            return found
    return None


def _without_mark_word(text: str) -> str:
    for word in ("得分", "评分", "分数", "打分", " score", " mark"):
        text = text.removesuffix(word)
    return plain(re.sub(r"\d+(\.\d+)?%$", "", text))


def leaves_of(dimension: str) -> list[str]:
    """The keys of a dimension's indicators that reviewers mark."""
    return [key for key, item in tree().items() if item.counts and key.startswith(f"{dimension}.")]


def role_of(text: str) -> str:
    """What a line under an indicator holds: `mark`, `evidence`, `comment`, or "" for something else."""
    words = heading(text).words
    for role, known in (("mark", MARK_WORD), ("evidence", EVIDENCE_WORD), ("comment", COMMENT_WORD)):
        if words in word_set(known):
            return role
    return ""


DECLARED = (
    r"满分(?:为|是)?:?(\d{1,4})", r"(\d{1,4})分制", r"[(\[](?:满分)?(\d{1,4})分[)\]]", r"\d\s*[-~—–至到]\s*(\d{1,4})分",
    r"(?:out of|max\.?|maximum|full marks:?)\s*(\d{1,4})", r"\bscale[: ]*\d\s*[-–]\s*(\d{1,4})",
)  # fmt: skip
IN_BRACKETS = r"[(/]\s*(\d{1,4})[)]"  # beside an indicator; in a sheet's title it could be a year


def full_marks(text: str, *, of_column: bool = False) -> int | None:
    """The full marks that a title declares (`满分100`, `100分制`, `（20分）`, `1-5分`), or None."""
    normal = plain(text)
    for pattern in (*DECLARED, IN_BRACKETS) if of_column else DECLARED:
        if (found := re.search(pattern, normal)) and Decimal(found[1]) > 0:
            return int(found[1])
    return None
