"""Owns what an xlsx shows beyond values: hidden rows and columns, red words, and what number formats say about amounts.

The parts are searched, not loaded: a sheet of 100,000 rows costs a second and no cell objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workbook.budget_source.money import FormatSays, read_format
from workbook.errors import PartnerBookError
from workbook.ooxml.package import Package
from workbook.ooxml.parts import Parts
from workbook.ooxml.refs import column_number
from workbook.ooxml.spans import Element
from workbook.ooxml.workbook_part import WorkbookPart

BUILT_IN = {9: "0%", 10: "0.00%"}
_YES = rb"""(?:1|true)"""
_HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\s(?=[^>]*\bhidden=["']%s["'])[^>]*?\br=["'](\d+)["']""" % _YES)
_HIDDEN_COLUMN = re.compile(rb"""<(?:\w+:)?col\s(?=[^>]*\bhidden=["']%s["'])([^>]*)>""" % _YES)
_PLACE = rb"""<(?:\w+:)?c\s(?=[^>]*\bs=["'](%s)["'])[^>]*?\br=["']([A-Z]{1,3})(\d+)["']"""

Place = tuple[int, int]


@dataclass(frozen=True)
class Looks:
    """The looks of one sheet; rows and columns count from 0. Only formats that say something are kept."""

    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    red: frozenset[Place] = frozenset()
    formats: Mapping[Place, FormatSays] = field(default_factory=dict)


PLAIN = Looks()


def looks_of(data: bytes) -> dict[str, Looks]:
    """The looks by sheet; nothing for formats other than xlsx and xlsm, where only values can be read."""
    if not data.startswith(b"PK"):
        return {}
    try:
        parts = Parts(Package(data))
        book = WorkbookPart(parts)
        red, formats = _styles(parts, book.part)
        return {entry.title: _looks(parts.read(entry.part), red, formats) for entry in book.sheets()}
    except (PartnerBookError, ValueError, LookupError, RecursionError):
        return {}  # calamine reads more than our own strict reader; values alone are enough then


def _styles(parts: Parts, main: str) -> tuple[set[int], dict[int, FormatSays]]:
    """The cell styles with red words, and those whose number format says something."""
    found = parts.related(main, "styles")
    if not found:
        return set(), {}
    tree = parts.tree(found[0])
    codes = dict(BUILT_IN)
    if (holder := tree.child("numFmts")) is not None:
        codes |= {
            int(item.attributes["numFmtId"]): item.attributes.get("formatCode", "") for item in holder.named("numFmt")
        }
    fonts = tree.child("fonts")
    reds = {place for place, font in enumerate(fonts.named("font") if fonts else ()) if _is_red(font)}
    red, formats = set(), {}
    styles = tree.child("cellXfs")
    for place, style in enumerate(styles.named("xf") if styles else ()):
        if int(style.attributes.get("fontId", "0")) in reds:
            red.add(place)
        says = read_format(codes.get(int(style.attributes.get("numFmtId", "0")), ""))
        if says != FormatSays():
            formats[place] = says
    return red, formats


def _is_red(font: Element) -> bool:
    color = font.child("color")
    if color is None:
        return False
    if color.attributes.get("indexed") in ("2", "10"):
        return True
    rgb = color.attributes.get("rgb", "")[-6:]
    if not re.fullmatch("[0-9A-Fa-f]{6}", rgb):
        return False
    red, green, blue = (int(rgb[at : at + 2], 16) for at in (0, 2, 4))
    return red >= 0xC0 and green <= 0x50 and blue <= 0x50


def _looks(content: bytes, red: set[int], formats: Mapping[int, FormatSays]) -> Looks:
    hidden = frozenset(int(number) - 1 for number in _HIDDEN_ROW.findall(content))
    return Looks(
        hidden,
        frozenset(_hidden_columns(content)),
        frozenset(place for place, _ in _cells(content, red)),
        {place: formats[style] for place, style in _cells(content, formats)},
    )


def _hidden_columns(content: bytes) -> Iterable[int]:
    for tag in _HIDDEN_COLUMN.findall(content):
        ends = [re.search(rb"""\b%s=["'](\d+)["']""" % name, tag) for name in (b"min", b"max")]
        if ends[0] and ends[1]:
            # A hidden tail to the last column of the sheet is no column of anybody's.
            yield from range(int(ends[0][1]) - 1, min(int(ends[1][1]), 1024))


def _cells(content: bytes, styles: Iterable[int]) -> Iterable[tuple[Place, int]]:
    wanted = sorted(styles)
    if not wanted:
        return
    pattern = re.compile(_PLACE % b"|".join(str(style).encode() for style in wanted))
    numbers: dict[bytes, int] = {}
    for style, letters, row in pattern.findall(content):
        if letters not in numbers:
            numbers[letters] = column_number(letters.decode()) - 1
        yield (int(row) - 1, numbers[letters]), int(style)
