"""Owns the font of a range as xlwings asks for it: bold, italic, size in points and colour; each engine tells how it is kept."""

from __future__ import annotations

from typing import Any

from xlwings import base_classes as base

from addin.engines.base import rgb
from addin.engines.refusals import Part, complete


class FontBase(Part, base.Font):
    """The font of all cells of a range; reading gives None where they differ."""

    def __init__(self, cells: Any):
        self._cells = cells

    @property
    def bold(self) -> bool | None:
        """Whether it is bold."""
        found: bool | None = self._cells.font_get("bold")
        return found

    @bold.setter
    def bold(self, value: bool) -> None:
        self._cells.font_set("bold", bool(value))

    @property
    def italic(self) -> bool | None:
        """Whether it is slanted."""
        found: bool | None = self._cells.font_get("italic")
        return found

    @italic.setter
    def italic(self, value: bool) -> None:
        self._cells.font_set("italic", bool(value))

    @property
    def size(self) -> float | None:
        """The size in points."""
        found: float | None = self._cells.font_get("size")
        return found

    @size.setter
    def size(self, value: float) -> None:
        self._cells.font_set("size", float(value))

    @property
    def color(self) -> tuple[int, int, int] | None:
        """The colour as (r, g, b); None also for one that no cell sets."""
        found: tuple[int, int, int] | None = self._cells.font_get("color")
        return found

    @color.setter
    def color(self, color_or_rgb: Any) -> None:
        self._cells.font_set("color", rgb(color_or_rgb))


OpenpyxlFont = complete("openpyxl")(type("Font", (FontBase,), {"__module__": __name__}))
CalcFont = complete("calc")(type("Font", (FontBase,), {"__module__": __name__}))
