"""Owns how each column kind stands in a sheet: width, number format, alignment, validation, chips."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import singledispatch
from typing import Any

from workbook import schema
from workbook.building import words
from workbook.building.marks import TONES, VALIDITY_TONES
from workbook.rows import MISSING_FILE
from workbook.schema import Column, Label

TEXT = "@"
DATE, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
MONEY = '#,##0.00_);(#,##0.00);"–"_)'
DAYS = Label('"余 "0" 天";"逾期 "0" 天";"今天"', '0" d left";0" d late";"today"')
SHORT, NAME, SENTENCE, LINES = 12, 24, 32, 36  # widths in characters
UNSAID = schema.Text("", "").max_length  # a length that nobody declared: a word or a name
LARGEST = 10**schema.DIGITS_LIMIT - 1


@dataclass(frozen=True)
class Place:
    """Where a column stands: the language of the page, the first cell under its header, the name of its list."""

    lang: str
    cell: str
    options: str

    @property
    def short(self) -> str:
        """The language as `workbook.rows` names it."""
        return "en" if self.lang.startswith("en") else "zh"


@dataclass(frozen=True)
class Projection:
    """How a column looks and what it takes; `test` is in XlsxWriter's words, `mend` says how to set a cell right."""

    width: float
    number_format: str = TEXT
    align: str = "left"
    wrap: bool = False
    small: bool = False
    long: bool = False  # often more text than a row shows
    tight: bool = False  # the header may break wherever it can
    test: Mapping[str, Any] = field(default_factory=dict)
    prompt: str = ""
    mend: str = ""
    note: Label | None = None
    chips: tuple[tuple[str | int, str], ...] = ()


@singledispatch
def project(column: Column, place: Place) -> Projection:
    """How a column of this kind stands in a sheet."""
    raise TypeError(f"no place in a sheet for {type(column).__name__}")


@project.register
def _text(column: schema.Text, place: Place) -> Projection:
    limit = column.max_length
    if column.lines:
        width = LINES
    elif limit <= 60 or limit == UNSAID:
        width = SHORT
    else:
        width = NAME if limit < UNSAID else SENTENCE
    return Projection(
        width,
        wrap=True,
        long=column.lines,
        test={"validate": "length", "criteria": "<=", "value": limit},
        prompt=words.LENGTH_PROMPT.get(place.lang).format(limit),
        mend=words.LENGTH_MEND.get(place.lang).format(limit),
    )


@project.register
def _key(column: schema.Key, place: Place) -> Projection:
    first = place.cell
    letters = first.rstrip("0123456789")
    whole = f"${letters}${first[len(letters) :]}:${letters}$1048576"
    return Projection(
        SHORT if column.prefix else 18,
        test={"validate": "custom", "value": f"=COUNTIFS({whole},{first})=1"},
        prompt=words.KEY_PROMPT.get(place.lang),
        mend=words.KEY_MEND.get(place.lang),
    )


@project.register
def _ref(column: schema.Ref, place: Place) -> Projection:
    return Projection(
        SHORT,
        wrap=True,
        test={"validate": "length", "criteria": "<=", "value": column.max_length},
        prompt=words.LENGTH_PROMPT.get(place.lang).format(column.max_length),
        mend=words.LENGTH_MEND.get(place.lang).format(column.max_length),
    )


@project.register
def _credit_code(column: schema.CreditCode, place: Place) -> Projection:
    return Projection(
        24,
        test={"validate": "length", "criteria": "==", "value": 18},
        prompt=words.CODE_MEND.get(place.lang),
        mend=words.CODE_MEND.get(place.lang),
    )


@project.register
def _phone(column: schema.Phone, place: Place) -> Projection:
    return Projection(
        17,
        test={"validate": "length", "criteria": "between", "minimum": 8, "maximum": 20},
        prompt=words.PHONE_MEND.get(place.lang),
        mend=words.PHONE_MEND.get(place.lang),
    )


@project.register
def _email(column: schema.Email, place: Place) -> Projection:
    return Projection(
        29,
        wrap=True,
        test={"validate": "custom", "value": f'=COUNTIFS({place.cell},"?*@?*.?*")=1'},
        prompt=words.EMAIL_MEND.get(place.lang),
        mend=words.EMAIL_MEND.get(place.lang),
    )


def _limits(column: schema.Number) -> tuple[int | float, int | float]:
    low = -LARGEST if column.minimum is None else column.minimum
    high = LARGEST if column.maximum is None else column.maximum
    return tuple(int(x) if x == int(x) else float(x) for x in (low, high))  # type: ignore[return-value]


@project.register
def _number(column: schema.Number, place: Place) -> Projection:
    low, high = _limits(column)
    mend = words.WHOLE_MEND if column.whole else words.NUMBER_MEND
    return Projection(
        10,
        number_format="0" if column.whole else "#,##0.00",
        align="right",
        test={"validate": "integer" if column.whole else "decimal", "criteria": "between", "minimum": low, "maximum": high},
        prompt=words.NUMBER_PROMPT.get(place.lang),
        mend=mend.get(place.lang).format(f"{low:,}", f"{high:,}"),
    )  # fmt: skip


@project.register
def _money(column: schema.Money, place: Place) -> Projection:
    low, high = _limits(column)
    return Projection(
        19,
        number_format=MONEY,
        align="right",
        test={"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high},
        prompt=words.NUMBER_PROMPT.get(place.lang),
        mend=words.NUMBER_MEND.get(place.lang).format(f"{low:,}", f"{high:,}"),
    )


@project.register
def _date(column: schema.Date, place: Place) -> Projection:
    return Projection(
        15,
        number_format=DATE,
        align="center",
        test={"validate": "date", "criteria": ">=", "value": column.minimum or date(1900, 3, 1)},
        prompt=words.DATE_PROMPT.get(place.lang),
        mend=words.DATE_MEND.get(place.lang),
    )


@project.register
def _moment(column: schema.Moment, place: Place) -> Projection:
    return Projection(
        18,
        number_format=MOMENT,
        align="center",
        test={"validate": "date", "criteria": ">=", "value": datetime(1901, 1, 1)},
        prompt=words.MOMENT_MEND.get(place.lang),
        mend=words.MOMENT_MEND.get(place.lang),
        note=words.MOMENT_NOTE,
    )


@project.register
def _choice(column: schema.Choice, place: Place) -> Projection:
    return Projection(
        min(max(text_width(o.get(place.lang)) for o in column.options.values()) + 6, NAME),
        wrap=True,
        test={"validate": "list", "source": f"={place.options}"},
        prompt=words.LIST_PROMPT.get(place.lang),
        mend=words.LIST_MEND.get(place.lang),
        chips=tuple((o.get(place.lang), TONES[o.zh]) for o in column.options.values() if o.zh in TONES),
    )


@project.register
def _scale(column: schema.Scale, place: Place) -> Projection:
    unknown = ((column.unknown.get(place.lang), "mute"),) if column.unknown else ()
    note = words.SCALE_NOTE_BUT if column.unknown else words.SCALE_NOTE
    word = column.unknown or Label("", "")
    return Projection(
        max(12, text_width(word.get(place.lang)) + 4),
        number_format="0",
        align="center",
        test={"validate": "list", "source": f"={place.options}"},
        prompt=words.LIST_PROMPT.get(place.lang),
        mend=words.LIST_MEND.get(place.lang),
        note=Label(note.zh.format(word.zh), note.en.format(word.en.lower())),
        chips=((1, "watch"), (2, "watch"), *unknown),
    )


@project.register
def _files(column: schema.Files, place: Place) -> Projection:
    missing = ((MISSING_FILE[place.short], "watch"),) if column.wanted else ()
    return Projection(
        32,
        wrap=True,
        small=True,
        long=True,
        test={"validate": "any"},
        prompt=words.PLAIN_PROMPT.get(place.lang),
        note=words.FILES_NOTE,
        chips=missing,
    )


@project.register
def _formula(column: schema.Formula, place: Place) -> Projection:
    shapes = {
        "days": Projection(12, number_format=DAYS.get(place.lang), align="right"),
        "link": Projection(SHORT, number_format="General", note=words.LINK_NOTE),
        "text": Projection(NAME, number_format="General", wrap=True),
        "number": Projection(12, number_format="0.00", align="right"),
        "share": Projection(12, number_format="0.0%", align="right"),
        "difference": Projection(16, number_format="#,##0.00", align="right"),
        "balance": Projection(16, number_format="#,##0.00", align="right"),
        "surplus": Projection(12, number_format="#,##0.##", align="right"),
        "product": Projection(10, number_format="0", align="right"),
        "minutes": Projection(10, number_format="#,##0", align="right"),
        "validity": Projection(15, number_format="General", chips=tuple(_validity_chips(place))),
    }
    return shapes[column.gives]


def _validity_chips(place: Place) -> Iterator[tuple[str, str]]:
    for word, tone in VALIDITY_TONES.items():
        yield (words.FORMULA_WORDS[word] if place.short == "en" else word), tone


@project.register
def _submission(column: schema.Submission, place: Place) -> Projection:
    return Projection(36, small=True)


def text_width(text: str) -> int:
    """How wide a text is in characters of the sheet: Chinese and full-width forms count two."""
    return max((sum(2 if ord(c) >= 0x2E80 else 1 for c in line) for line in text.split("\n")), default=0)


def line_count(text: str, width: float) -> int:
    """How many lines a text takes in a column that wraps; 0 for no text."""
    return sum(max(1, math.ceil(text_width(line) / (width - 2))) for line in text.split("\n")) if text else 0


def header_width(label: str, *, tight: bool = False) -> float:
    """The least width under which a header stays whole on two lines beside its filter button."""
    longest = max(text_width(word) for word in label.split(" "))
    if (
        not label.isascii() and longest == text_width(label) and longest > (8 if tight else 16)
    ):  # one Chinese phrase: it breaks anywhere
        longest = longest // 2 + 1
    return max(longest, text_width(label) / 2 + 1) + 4
