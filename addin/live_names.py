"""Owns the defined names of an open spreadsheet in memory: read once, changed, written with the generation last."""

from __future__ import annotations

import re
from collections.abc import Iterator

import xlwings as xw

from addin.live_errors import reading
from addin.live_sheets import name_value, set_name
from workbook.errors import ValueRefused
from workbook.identity import GENERATION

_NAME = re.compile(r"[^\W\d][\w.\\?]{0,254}|\\[\w.\\?]{0,254}")
_CELL_LIKE = re.compile(r"[A-Za-z]{1,3}\d+|[Rr]\d*[Cc]\d*|[RrCc]")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LONGEST = 8192


class LiveNames:
    """The names of the whole book."""

    def __init__(self, book: xw.Book) -> None:
        self._book = book
        self._there: dict[str, str | None] = {}
        self._new: dict[str, tuple[str, str, bool]] = {}

    @property
    def touched(self) -> frozenset[str]:
        """The names that are changed."""
        return frozenset(name for name, _, _ in self._new.values())

    def value(self, name: str) -> str | None:
        """What a name stands for, whatever its case, or None."""
        key = name.casefold()
        if key in self._new:
            return self._new[key][1]
        if key not in self._there:
            with reading():
                self._there[key] = name_value(self._book, name)
        return self._there[key]

    def change(self, name: str, value: str, hidden: bool) -> None:
        """Gives a name a value in memory; an equal one is no change.

        Raises:
            ValueRefused: it cannot be a name, or the name cannot hold it.
        """
        if not _NAME.fullmatch(name) or _CELL_LIKE.fullmatch(name):
            raise ValueRefused(f"“{name}”不能作名称：名称以字母、汉字或下划线开头，不含空格，也不能像单元格地址。")
        value = value.removeprefix("=")
        if not value or len(value) > _LONGEST or _UNFIT.search(value):
            raise ValueRefused(f"名称 {name} 的内容是空的、超过 {_LONGEST} 个字符，或含有不能写进工作簿的字符。")
        key = name.casefold()
        self._new.pop(key, None)
        if self.value(name) != value:
            self._new[key] = (name, value, hidden)

    def ordered(self) -> Iterator[str]:
        """The changed names in the order of writing: the generation says that all before it is there."""
        return iter(sorted(self.touched, key=lambda name: name.casefold() == GENERATION.casefold()))

    def write(self, name: str) -> None:
        """Writes one changed name into the spreadsheet."""
        _, value, hidden = self._new[name.casefold()]
        set_name(self._book, name, value, hidden)
