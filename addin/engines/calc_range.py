"""Owns cells of a live Calc as xlwings asks for them: values by kind, formulas and formats in Excel's words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openpyxl.styles.numbers import is_date_format

from addin.engines.base import RangeBase, rgb
from addin.engines.calc_formulas import format_to_excel, to_calc, to_excel
from addin.engines.calc_office import bridge
from addin.engines.fonts import CalcFont
from addin.engines.refusals import CellsLocked, ChangeRefused, complete
from addin.engines.values import ERRORS, CellError, Entered, FormulaText, formula_word, moment, serial
from workbook.ooxml.refs import Area

_DATE, _LOGICAL = 2 | 4, 1024  # bits of com.sun.star.util.NumberFormat: date, time; boolean
_FORMULAS = 16  # com.sun.star.sheet.CellFlags
_CONTENTS = 1 | 2 | 4 | 8 | 16  # numbers, dates, text, notes, formulas
_GENERAL = "General"
_UNREADABLE = {501, 508, 509, 510, 511, 512, 514, 516, 520, 533}  # LibreOffice's codes for what is no formula
_OTHER_BOOK = re.compile(r"\[\d+\][^\[\]]*!|\.xls[xmb]?\]", re.IGNORECASE)
_PIXEL = 2540 / 96  # hundredths of a millimetre
_FONT = {"bold": "CharWeight", "italic": "CharPosture", "size": "CharHeight", "color": "CharColor"}
_BOLD = 150.0  # com.sun.star.awt.FontWeight
_BY_CODE = {503: "#NUM!", 524: "#REF!", 525: "#NAME?", 532: "#DIV/0!", 32767: "#N/A"}


@dataclass(frozen=True)
class Kind:
    """A number format: whether it shows truth values, or dates and times, and its code in Excel's words."""

    logical: bool
    dated: bool
    code: str


@complete("calc")
class Range(RangeBase):
    """Cells of a sheet of Calc; `uno` is LibreOffice's own object."""

    @property
    def uno(self) -> Any:
        """The cells as LibreOffice has them."""
        at = self.area
        return self.sheet.api.getCellRangeByPosition(at.left - 1, at.top - 1, at.right - 1, at.bottom - 1)

    @property
    def _formats(self) -> Any:
        return self.sheet.book.api.NumberFormats

    def _cell(self, row: int, column: int) -> Any:
        return self.sheet.api.getCellByPosition(self.area.left - 1 + column, self.area.top - 1 + row)

    def _runs(self, cells: Any) -> Iterator[tuple[Any, Kind]]:
        """Rectangles of cells that look the same, each with its number format."""
        for run in cells.getCellFormatRanges():
            yield run, self._kind(run.NumberFormat)

    def _kind(self, key: int) -> Kind:
        """What a number format is; the answer is kept, for each costs a way to LibreOffice and back."""
        known = self.sheet.book.kinds
        if key not in known:
            form = self._formats.getByKey(key)
            code = self._code(form)
            # A format of several sections has no kind in LibreOffice: its code says what it shows.
            known[key] = Kind(bool(form.Type & _LOGICAL), bool(form.Type & _DATE) or is_date_format(code), code)
        return known[key]  # type: ignore[no-any-return]

    def _places(self, run: Any) -> Iterator[tuple[int, int]]:
        """Row and column, from 0 within this range, of the cells of a rectangle."""
        at = run.RangeAddress
        for row in range(at.StartRow + 1, at.EndRow + 2):
            for column in range(at.StartColumn + 1, at.EndColumn + 2):
                yield row - self.area.top, column - self.area.left

    # ---- reading

    def _values(self) -> list[list[Any]]:
        cells = self.uno
        rows = [[None if value == "" else value for value in row] for row in cells.getDataArray()]
        data = cells.getDataArray() if any(None in row for row in rows) else ()
        for run, kind in self._runs(cells):
            if kind.logical or kind.dated:
                for row, column in self._places(run):
                    value = rows[row][column]
                    if isinstance(value, float):
                        rows[row][column] = bool(value) if kind.logical else moment(value)
        for r, row in enumerate(data):
            for c, value in enumerate(row):
                if value is None:  # LibreOffice gives nothing for an error
                    rows[r][c] = self._error(self._cell(r, c))
        return rows

    def _error(self, cell: Any) -> CellError | None:
        code = cell.getError()
        if not code:
            return None
        return CellError(cell.String if cell.String in ERRORS else _BY_CODE.get(code, "#VALUE!"))

    def _formulas(self) -> list[list[str]]:
        words = [[formula_word(value) for value in row] for row in self._values()]
        cells = self.uno
        formulas = cells.queryContentCells(_FORMULAS)
        if formulas.Count:
            given = cells.getFormulaArray()
            for run in formulas:
                for row, column in self._places(run):
                    words[row][column] = to_excel(given[row][column])
        return words

    # ---- writing

    def _write(self, rows: list[list[Any]]) -> None:
        cells = self.uno
        if self.sheet.protected and any(run.CellProtection.IsLocked for run in cells.getCellFormatRanges()):
            raise CellsLocked(self.sheet.name, f"单元格 {self.area}")
        self._check_merged(cells)
        codes: dict[tuple[int, int], str] = {}
        for run, kind in self._runs(cells) if any(isinstance(v, str) for row in rows for v in row) else ():
            codes.update(dict.fromkeys(self._places(run), kind.code))
        put = [
            [
                self._entered(v, codes.get((r, c), _GENERAL), self.area.top + r, self.area.left + c)
                for c, v in enumerate(row)
            ]
            for r, row in enumerate(rows)
        ]
        cells.setDataArray(tuple(tuple(_constant(value) for value in row) for row in put))
        for r, row in enumerate(put):
            for c, value in enumerate(row):
                self._finish(r, c, value)

    def _check_merged(self, cells: Any) -> None:
        """Only the first of merged cells can be written, and by itself: the others show nothing."""
        cursor = self.sheet.api.createCursorByRange(cells)
        cursor.collapseToMergedArea()
        whole, at = cursor.RangeAddress, cells.RangeAddress
        first = len(self) == 1 and (whole.StartRow, whole.StartColumn) == (at.StartRow, at.StartColumn)
        if not first and (whole != at or cells.getIsMerged()):
            raise ChangeRefused(f"{self.where} 碰到合并单元格，没有写入。请先取消合并。")

    def _finish(self, row: int, column: int, value: Entered) -> None:
        """What a plain write of constants cannot say: formulas, errors, and the formats of dates and truth values."""
        if isinstance(value, (FormulaText, CellError)):
            cell = self._cell(row, column)
            before = cell.NumberFormat
            self._set_formula(cell, f"={value}" if isinstance(value, CellError) else value)
            # LibreOffice gives the cell the format of what the formula looks at; staff's format stays theirs.
            if cell.NumberFormat != before and not self._kind(cell.NumberFormat).logical:
                cell.NumberFormat = before
        elif isinstance(value, bool):
            self._cell(row, column).NumberFormat = self._formats.getStandardFormat(_LOGICAL, _locale())
        elif isinstance(value, dt.datetime):
            cell = self._cell(row, column)
            if not self._kind(cell.NumberFormat).dated:
                cell.NumberFormat = self._key("yyyy-mm-dd hh:mm:ss" if value.time() != dt.time() else "yyyy-mm-dd")

    def _set_formula(self, cell: Any, formula: str) -> None:
        """Puts a formula in; one that LibreOffice cannot read is refused, as Excel does, and the cell is empty."""
        if _OTHER_BOOK.search(formula):
            raise ChangeRefused(f"{self.where}：公式 {formula[:60]} 引用别的工作簿，这里不写。")
        cell.setFormula(to_calc(formula))
        if cell.getError() in _UNREADABLE:
            cell.setFormula("")
            raise ChangeRefused(f"{self.where}：LibreOffice 读不懂公式 {formula[:60]}，没有写入。")

    # ---- looks

    @property
    def number_format(self) -> str | None:
        """The format code all cells share, or None."""
        found = {kind.code for _, kind in self._runs(self.uno)}
        return found.pop() if len(found) == 1 else None

    @number_format.setter
    def number_format(self, value: str) -> None:
        if not isinstance(value, str) or not value:
            raise ChangeRefused(f"{self.where}：数字格式要是一段文字，不是 {value!r}。")
        self.sheet.check_unlocked(f"单元格 {self.area} 的格式")
        self.uno.NumberFormat = self._key(value)

    def _key(self, code: str) -> int:
        """The key of a format code in Excel's words; in the office's own language, so that it is saved plainly."""
        formats, english, own = self._formats, _locale("en", "US"), _locale()
        try:
            if self._speaks_english:
                key = formats.queryKey(code, own, True)
                return int(key if key != -1 else formats.addNew(code, own))
            key = formats.queryKey(code, english, True)
            return int(key if key != -1 else formats.addNew(code, english))
        except Exception as error:
            raise ChangeRefused(f"{self.where}：LibreOffice 不认识数字格式 {code!r}。") from error

    @property
    def _speaks_english(self) -> bool:
        """Whether the office's own format codes are written with Excel's letters; ours always speaks English."""
        return self.sheet.book.app.office.language in ("en", "zh", "ja")

    def _code(self, form: Any) -> str:
        text = str(form.FormatString)
        language = form.Locale.Language or self.sheet.book.app.office.language
        if language not in ("en", "zh", "ja"):  # day and year have other letters in other languages
            key = self._formats.addNewConverted(text, form.Locale, _locale("en", "US"))
            text = str(self._formats.getByKey(key).FormatString)
        return format_to_excel(text)

    @property
    def color(self) -> tuple[int, int, int] | None:
        """The fill all cells share as (r, g, b), or None."""
        found = {run.CellBackColor for run, _ in self._runs(self.uno)}
        value = found.pop() if len(found) == 1 else -1
        return None if value == -1 else ((value >> 16) & 255, (value >> 8) & 255, value & 255)

    @color.setter
    def color(self, value: Any) -> None:
        number = -1
        if value is not None:
            red, green, blue = rgb(value)
            number = (red << 16) | (green << 8) | blue
        self.sheet.check_unlocked(f"单元格 {self.area} 的格式")
        self.uno.CellBackColor = number

    @property
    def font(self) -> Any:
        """The font of the cells."""
        return CalcFont(self)

    def font_get(self, what: str) -> Any:
        """What all cells share of the font, or None."""
        found = {_font_value(what, getattr(run, _FONT[what])) for run, _ in self._runs(self.uno)}
        return found.pop() if len(found) == 1 else None

    def font_set(self, what: str, value: Any) -> None:
        """Gives all cells' font that, Chinese characters' too."""
        self.sheet.check_unlocked(f"单元格 {self.area} 的格式")
        if what == "color":
            self.uno.CharColor = (value[0] << 16) | (value[1] << 8) | value[2]
            return
        plain = {
            "bold": _BOLD if value else 100.0,
            "italic": bridge().Enum("com.sun.star.awt.FontSlant", "ITALIC" if value else "NONE"),
            "size": value,
        }[what]
        for script in ("", "Asian"):
            setattr(self.uno, f"{_FONT[what]}{script}", plain)

    @property
    def column_width(self) -> float | None:
        """The width all columns share, in characters of seven pixels, or None."""
        columns = self.uno.Columns
        found = {round(columns.getByIndex(n).Width / _PIXEL) for n in range(columns.Count)}
        return round((found.pop() - 5) / 7, 2) if len(found) == 1 else None

    @column_width.setter
    def column_width(self, value: float) -> None:
        self.sheet.check_unlocked("列宽")
        if not 0 <= value <= 255:
            raise ChangeRefused(f"列宽要在 0 到 255 个字符之间，不是 {value!r}。")
        self.uno.Columns.Width = round((value * 7 + 5) * _PIXEL)

    # ---- structure

    def _dress(self, source: Area) -> None:
        """Whole cells are copied, since LibreOffice has no way to copy formats alone, and then emptied of what they say."""
        sheet, rows = self.sheet.api, source.bottom - source.top + 1
        for top in range(self.area.top, self.area.bottom + 1, rows):
            last = min(source.bottom, source.top + self.area.bottom - top)
            taken = sheet.getCellRangeByPosition(source.left - 1, source.top - 1, source.right - 1, last - 1)
            there = sheet.getCellByPosition(self.area.left - 1, top - 1).CellAddress
            sheet.copyRange(there, taken.RangeAddress)
        self.uno.clearContents(_CONTENTS)

    def _shift_down(self) -> None:
        self.sheet.api.insertCells(self.uno.RangeAddress, _enum("CellInsertMode", "DOWN"))

    def _shift_up(self) -> None:
        self.sheet.api.removeRange(self.uno.RangeAddress, _enum("CellDeleteMode", "UP"))


def _constant(value: Entered) -> Any:
    if value is None or isinstance(value, (FormulaText, CellError)):
        return ""
    if isinstance(value, dt.datetime):
        return serial(value)
    return str(value) if isinstance(value, str) else float(value)


def _font_value(what: str, value: Any) -> Any:
    """What LibreOffice says of a font, as xlwings has it."""
    if what == "bold":
        return bool(value >= _BOLD)
    if what == "italic":
        return value.value != "NONE"
    if what == "size":
        return float(value)
    return None if value == -1 else ((value >> 16) & 255, (value >> 8) & 255, value & 255)


def _enum(kind: str, word: str) -> Any:
    return bridge().Enum(f"com.sun.star.sheet.{kind}", word)


def _locale(language: str = "", country: str = "") -> Any:
    """A language; none is the office's own."""
    locale = bridge().createUnoStruct("com.sun.star.lang.Locale")
    locale.Language, locale.Country = language, country
    return locale
