"""Owns collecting what people should know about a file: one sentence for each kind, with the first places and a count."""

from __future__ import annotations

from workbook.adopting.old_file import letters

MOST_PLACES = 5


class Notices:
    """Warnings by sheet and kind; places are added as they are met and named at the end."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], list[str]] = {}
        self._count: dict[tuple[str, str], int] = {}

    def add(self, sheet: str, sentence: str, place: str = "") -> None:
        """Notes a sentence of a sheet once; a place beside it is counted."""
        key = (sheet, sentence)
        places = self._places.setdefault(key, [])
        self._count[key] = self._count.get(key, 0) + bool(place)
        if place and len(places) < MOST_PLACES:
            places.append(place)

    def sentences(self) -> tuple[str, ...]:
        """All of them, in the order in which they were met first."""
        return tuple(self._sentence(sheet, text) for sheet, text in self._places)

    def _sentence(self, sheet: str, text: str) -> str:
        places, count = self._places[sheet, text], self._count[sheet, text]
        if not places:
            return f"工作表“{sheet}”：{text}"
        more = f" 等 {count} 处" if count > len(places) else ""
        return f"工作表“{sheet}”{'、'.join(places)}{more}：{text}"


def cell(row: int, column: int) -> str:
    """The name of a cell whose row and column count from 0."""
    return f"{letters(column)}{row + 1}"
