"""Owns reading spans of time as finance writes them: months, quarters, halves, years, from–to; as text or as dates."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from workbook.adopting.old_file import OldValue

CHINESE = {word: number for number, word in enumerate("一 二 三 四 五 六 七 八 九 十 十一 十二".split(), start=1)}
ENGLISH = {calendar.month_abbr[number].casefold(): number for number in range(1, 13)}
FIRST_YEAR, LAST_YEAR = 1990, 2199

_YEAR = r"((?:19[9]|20\d|21\d)\d)"
_M = r"(1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_TO = r"(?:-|~|–|—|―|至|到|〜|−)"
_DATE = rf"{_YEAR}[-./年]?(1[0-2]|0[1-9]|(?<=[-./年])[1-9])[-./月]?(3[01]|[12]\d|0[1-9]|(?<=[-./月])[1-9])日?(?:00:00(?::00)?)?"
_OPEN_YEAR = rf"(?:{_YEAR}(?:年度?|财年|[-./])?)?"
_HALVES = {"上半年": 1, "下半年": 2, "h1": 1, "h2": 2}


class NoYear(Exception):
    """A month, quarter or half without a year, and none is known around it."""


@dataclass(frozen=True, order=True)
class Period:
    """A span of days, ends included."""

    start: date
    end: date

    @property
    def code(self) -> str:
        """`2026-03`, `2026-Q1`, `2026-H1`, `2026`, or both days with two dots between."""
        year, first, last = self.start.year, self.start.month, self.end.month
        if self == months(year, first, last):
            named = {(1, 12): f"{year}", (1, 6): f"{year}-H1", (7, 12): f"{year}-H2"}
            if first == last:
                return f"{year}-{first:02d}"
            if last - first == 2 and first % 3 == 1:
                return f"{year}-Q{last // 3}"
            if (first, last) in named:
                return named[first, last]
        return f"{self.start}..{self.end}"

    def holds(self, other: Period) -> bool:
        """Whether the other lies inside and is shorter."""
        return self != other and self.start <= other.start and other.end <= self.end


def months(year: int, first: int, last: int) -> Period:
    """The span from the first day of one month to the last day of another of the same year."""
    return Period(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def _known(given: str | None, year: int | None) -> int:
    found = int(given) if given else year
    if found is None:
        raise NoYear
    return found


def _month(text: str) -> int:
    return CHINESE[text] if text in CHINESE else int(text)


def _days(found: re.Match[str], year: int | None) -> Period:
    first, last = (date(*(int(part) for part in found.groups()[at : at + 3])) for at in (0, 3))
    return Period(first, last)


def _month_year(found: re.Match[str], year: int | None) -> Period:
    given = found[2] and (found[2] if len(found[2]) == 4 else f"20{found[2]}")
    number = ENGLISH[found[1]]
    return months(_known(given, year), number, number)


def _span(found: re.Match[str], year: int | None) -> Period:
    start = _known(found[1], year)
    first, last = months(start, *[_month(found[2])] * 2), months(_known(found[3], start), *[_month(found[4])] * 2)
    return Period(first.start, last.end)


def _quarter(found: re.Match[str], year: int | None) -> Period:
    word = next(part for part in found.groups()[1:] if part)
    number = _month(word)
    return months(_known(found[1], year), 3 * number - 2, 3 * number)


def _half(found: re.Match[str], year: int | None) -> Period:
    number = _HALVES[found[2]]
    return months(_known(found[1], year), 6 * number - 5, 6 * number)


def _one_month(found: re.Match[str], year: int | None) -> Period:
    return months(_known(found[1], year), *[_month(found[2])] * 2)


def _whole_year(found: re.Match[str], year: int | None) -> Period:
    return months(_known(found[1], year), 1, 12)


def _single_day(found: re.Match[str], year: int | None) -> Period:
    day = date(int(found[1]), int(found[2]), int(found[3]))
    return Period(day, day)


_FORMS: tuple[tuple[str, Callable[[re.Match[str], int | None], Period]], ...] = (
    (rf"{_DATE}{_TO}{_DATE}", _days),
    (rf"{_OPEN_YEAR}{_M}(?:月份?)?{_TO}{_OPEN_YEAR}{_M}月份?", _span),
    (rf"{_YEAR}[-./年]{_M}(?:月份?)?{_TO}{_YEAR}[-./年]{_M}(?:月份?)?", _span),
    (rf"{_OPEN_YEAR}(?:第?([1-4一二三四])季度?|q([1-4])|([1-4])q)", _quarter),
    (rf"{_OPEN_YEAR}(上半年|下半年|h1|h2)", _half),
    (rf"{_OPEN_YEAR}{_M}月份?", _one_month),
    (rf"{_YEAR}[-./]?(1[0-2]|0[1-9])(?![\d])", _one_month),
    (rf"{_YEAR}[-./]([1-9])(?![\d])", _one_month),
    (rf"(?:fy)?{_YEAR}(?:年度?|财年|fy)?(?:全年)?", _whole_year),
    (r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[-.' ]?(\d{4}|\d{2})?", _month_year),
)
_WHOLE = tuple((re.compile(form), make) for form, make in _FORMS)
_AT_START = tuple((re.compile(form), make) for form, make in _FORMS[:9])
_AT_END = tuple((re.compile(f"(?:{form})$"), make) for form, make in _FORMS[:9])
_DAY = re.compile(_DATE)


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


@lru_cache(maxsize=4096)
def read_period(text: str, year: int | None = None, bare: str = "") -> Period | None:
    """The span that a text means, None if it means none; `bare` is `month` or `quarter` for a number alone.

    Raises:
        NoYear: it names a month, quarter or half, and there is no year.
    """
    word = _squeezed(text).removeprefix("截至").strip("()[]【】")
    if bare and re.fullmatch(r"1[0-2]|0?[1-9]|[一二三四]", word):
        word += {"month": "月", "quarter": "季度"}[bare]
    try:
        if day := _DAY.fullmatch(word):
            return _single_day(day, year)
        for form, make in _WHOLE:
            if found := form.fullmatch(word):
                return make(found, year)
    except ValueError:  # a day that no calendar has
        return None
    return None


def period_of(value: OldValue, year: int | None, bare: str = "") -> Period | None:
    """The span that a cell means: a real date on the first of a month is that month; raises `NoYear`."""
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return months(day.year, day.month, day.month) if day.day == 1 or bare == "month" else Period(day, day)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return read_period(str(value), year, bare)
    if isinstance(value, float) and not (text := repr(value)).endswith(".1"):  # 2026.1 may have been 2026.10
        return read_period(text, year)
    return None


def day_of(value: OldValue, year: int | None, *, end: bool) -> date | None:
    """The day that a from or until cell means: a month stands for its first or last day; raises `NoYear`."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = period_of(value, year)
    return None if found is None else found.end if end else found.start


@lru_cache(maxsize=4096)
def without_period(text: str) -> tuple[str, str]:
    """A header's words without a span of time at its start or end, and that span: `1月预算` is 预算 and 1月."""
    word = _squeezed(text)
    if read_or_year(word):
        return "", word
    for form, _ in _AT_START:
        found = form.match(word)
        rest = word[found.end() :] if found else ""
        if found and found[0] and not rest[:1].isdigit() and _ends_well(found[0], rest):
            return rest.strip("-_/: "), found[0]
    for form, _ in _AT_END:
        found = form.search(word)
        if found and found[0] and not word[: found.start()][-1:].isdigit():
            return word[: found.start()].strip("-_/: "), found[0]
    return word, ""


def _ends_well(taken: str, rest: str) -> bool:
    return not (taken[-1].isdigit() and rest[:1] in tuple("年月日季."))


def read_or_year(word: str) -> bool:
    """Whether a text is a span of time, with or without its year."""
    try:
        return read_period(word) is not None
    except NoYear:
        return True


def years_in(text: str) -> set[int]:
    """The years that a title states; the year of a full date (编制日期) is none."""
    word = _DAY.sub("", _squeezed(text))
    found = {int(year) for year in re.findall(rf"(?<!\d){_YEAR}(?!\d)", word)}
    return {year for year in found if FIRST_YEAR <= year <= LAST_YEAR}


def spans_in(text: str, year: int | None) -> set[Period]:
    """The spans of months, quarters, halves or a year that a title names."""
    word, found = _DAY.sub("", _squeezed(text)), set()
    for form, make in _WHOLE[1:9]:
        for match in form.finditer(word):
            before, after = word[: match.start()][-1:], word[match.end() :][:1]
            if before.isdigit() or after.isdigit():
                continue
            try:
                found.add(make(match, year))
            except (NoYear, ValueError):
                continue
        if found:
            return found
    return found
