"""Owns the sheet of sums in the finance workbook: each partner's row as formulas over the lines, and the chart above them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from workbook import look
from workbook.look import Look
from workbook.reports import finance_words as words
from workbook.reports.finance_head import Head
from workbook.reports.finance_lines import SUMMED, TOTAL, UNMATCHED, Totals
from workbook.reports.finance_xlsx import MONEY, TABLE
from workbook.schema import Chapter, Label
from workbook.tables import Budgets, BudgetTotals

LEFT = 1
TOP = 12  # partners in the chart; the rest is one bar
CHART_ROW, ROW_POINTS = 3, 20
PER_PARTNER, AROUND, LEAST = 42, 70, 330  # pixels
RATE_TOO_HIGH = 105  # percent
PLAIN_KEY = re.compile(r"[A-Z]+-\d+")
BARS = (("budget", words.BUDGET, "#6FA5A6"), ("actual", words.ACTUAL, "#E9B949"), ("committed", words.COMMITTED, look.BAD))  # fmt: skip
TEN_THOUSAND = 10_000
FILLED = "<>"
ALWAYS: Mapping[str, str] = {}
# Which lines the indexes cover, as 预算汇总 does.
COST = {"earned_value": FILLED, "actual": ">=0"}
SCHEDULE = {**COST, "planned_value": FILLED}
NONE = "–"


class Column(NamedTuple):
    """A column of the sums: its name, header, width and number format."""

    name: str
    label: Label
    width: float
    shape: str


COLUMNS = (
    Column("partner", words.PARTNER, 11, "@"),
    Column("legal_name", words.LEGAL_NAME, 23, "@"),
    Column("lines", BudgetTotals.lines.label, 7, "#,##0"),
    Column("budget", BudgetTotals.budget.label, 16, MONEY),
    Column("actual", BudgetTotals.actual.label, 16, MONEY),
    Column("rate", BudgetTotals.rate.label, 10, '0.0"%"'),
    Column("committed", BudgetTotals.committed.label, 15, MONEY),
    Column("available", Budgets.available.label, 16, MONEY),
    Column("planned_value", BudgetTotals.planned_value.label, 15, MONEY),
    Column("earned_value", BudgetTotals.earned_value.label, 15, MONEY),
    Column("cpi", BudgetTotals.cpi.label, 8, "0.00"),
    Column("spi", BudgetTotals.spi.label, 8, "0.00"),
    Column("eac", BudgetTotals.eac.label, 16, MONEY),
    Column("saved", BudgetTotals.saved.label, 14, MONEY),
    Column("undelivered", BudgetTotals.undelivered.label, 14, MONEY),
)
CHARTED = 8  # columns under the chart; beside it stand the figures of the whole
FIGURES = (("budget", "actual"), ("rate", "available"), ("cpi", "spi"), ("saved", "undelivered"))
FIGURE_COLUMNS = ((9, 10), (12, 14))
LETTERS = {column.name: chr(ord("A") + place) for place, column in enumerate(COLUMNS, start=LEFT)}


def finding(totals: Mapping[str, Totals], names: Mapping[str, str], lang: str) -> str:
    """What the sums say, as one true sentence: who is most over budget, else who used most of theirs."""
    partners = {key: one for key, one in totals.items() if key != TOTAL and one.rate is not None}
    if not partners:
        return words.NO_RATE.get(lang)
    over = {key: one.actual - one.budget for key, one in partners.items() if one.actual > one.budget}
    if over:
        key = max(over, key=lambda one: over[one])
        said, amount = words.OVER, f"{over[key]:,.2f}"
    else:
        key = max(partners, key=lambda one: partners[one].rate or Decimal(0))
        said, amount = words.WITHIN, ""
    rate = partners[key].rate
    return said.get(lang).format(name=_named(key, names, lang), amount=amount, rate=f"{rate:.1f}", count=len(over))


def _named(key: str, names: Mapping[str, str], lang: str) -> str:
    return words.UNMATCHED.get(lang) if key == UNMATCHED else names.get(key, key)


class Summary:
    """The sheet as it is filled."""

    def __init__(self, at: Look, sheet: Any, totals: Mapping[str, Totals], names: Mapping[str, str], head: Head):
        self.at, self.sheet, self.totals, self.names, self.head = at, sheet, totals, names, head
        self.partners = [key for key in totals if key != TOTAL]
        shown = min(len(self.partners), TOP + 1)
        self.pixels = max(AROUND + PER_PARTNER * shown, LEAST)
        self.header = CHART_ROW + 1 + -(-self.pixels * 72 // (96 * ROW_POINTS))
        folded = Counter(key.casefold() for key in self.partners)
        # SUMIFS takes * and > in a key for its own signs and ignores case: such keys are compared one by one.
        self.plain = {key for key in self.partners if PLAIN_KEY.fullmatch(key) and folded[key.casefold()] == 1}

    def write(self, book: Any) -> None:
        """Fill the sheet, and the hidden one that its chart reads."""
        for place, column in enumerate(COLUMNS, start=LEFT):
            self.sheet.set_column(place, place, column.width)
        self.sheet.set_column(0, 0, 1.4)
        self._heading()
        self._table()
        if self.partners:
            self._chart(book)
        first, last, rate = self.header + 1, self.header + 1 + len(self.partners), LETTERS["rate"]
        hot = self.at.rule(bold=True, font_color=look.BAD)
        criteria = {"type": "cell", "criteria": ">", "value": RATE_TOO_HIGH, "format": hot}
        # Blank text counts as more than any number.
        guard = {
            "type": "formula",
            "criteria": f'=${rate}{first + 1}=""',
            "format": self.at.rule(bold=False),
            "stop_if_true": True,
        }
        for rule in (guard, criteria):
            self.sheet.conditional_format(f"{rate}{first + 1}:{rate}{last + 1}", rule)
        self.sheet.repeat_rows(self.header)
        self.sheet.fit_to_pages(1, 0)

    def _heading(self) -> None:
        lang, at = self.at.lang, self.at
        edge = {"left": 5, "left_color": look.CHAPTERS[Chapter.FINANCE], "indent": 1}
        self.sheet.set_row(0, 30)
        title = f"{words.SUMMARY_TITLE.get(lang)}  {self.head.company}".rstrip()
        self.sheet.write_string(0, LEFT, title, at.cell("title", **edge))
        self.sheet.set_row(1, 22)
        said = finding(self.totals, self.names, lang)
        self.sheet.write_string(1, LEFT, said, at.cell(None, bold=True, font_size=11, **edge))
        measure = words.MEASURE.get(lang).format(as_of=f"{self.head.as_of:%Y-%m-%d %H:%M}")
        self.sheet.set_row(2, 20)
        self.sheet.write_string(2, LEFT, measure, at.cell("subtitle", font_size=9, **edge))
        for row in range(CHART_ROW, self.header):
            self.sheet.set_row(row, ROW_POINTS)
        self._figures()

    def _figures(self) -> None:
        """The figures of the whole beside the chart, each a label and a number that reads the last row."""
        last, ruled = self.header + 2 + len(self.partners), {"left": 5, "left_color": look.ACCENT_MID, "indent": 1}
        shape = {column.name: column for column in COLUMNS}
        for number, names in enumerate(FIGURES):
            row = CHART_ROW + 1 + 3 * number
            for place in (0, 1):
                for name, (first, end) in zip(names, FIGURE_COLUMNS, strict=True):
                    column, value = shape[name], getattr(self.totals[TOTAL], name)
                    if place == 0:
                        label = self.at.cell(None, font_size=9, font_color=look.TEXT2, bg_color=look.PANEL, **ruled)
                        self.sheet.merge_range(row, first, row, end, column.label.get(self.at.lang), label)
                        continue
                    big = self.at.cell(None, font_size=16, bold=True, align="left", num_format=column.shape, bg_color=look.PANEL, **ruled)  # fmt: skip
                    self.sheet.set_row(row + 1, 26)
                    self.sheet.merge_range(row + 1, first, row + 1, end, "", big)
                    source = f"{LETTERS[name]}{last}"
                    shown = NONE if value is None else float(value)
                    self.sheet.write_formula(row + 1, first, f'=IF({source}="","{NONE}",{source})', big, shown)

    def _table(self) -> None:
        at, lang = self.at, self.at.lang
        note = at.cell(None, font_size=9, font_color=look.TEXT3, indent=1)
        self.sheet.write_string(self.header - 1, LEFT, words.FOOT.get(lang), note)
        self.sheet.set_row(self.header, 36)
        for place, column in enumerate(COLUMNS, start=LEFT):
            self.sheet.write_string(self.header, place, column.label.get(lang), at.cell("head formula" if place > LEFT + 1 else "head system"))  # fmt: skip
        for row, key in enumerate((*self.partners, TOTAL), start=self.header + 1):
            self.sheet.set_row(row, 22)
            self._row(row, key)

    def _row(self, row: int, key: str) -> None:
        style: dict[str, Any] = {"bold": True, "bg_color": look.PANEL, "top": 2, "top_color": look.ACCENT} if key == TOTAL else {}  # fmt: skip
        one, lang = self.totals[key], self.at.lang
        shown = {TOTAL: words.TOTAL.get(lang), UNMATCHED: words.UNMATCHED.get(lang)}
        texts = {"partner": shown.get(key, key), "legal_name": self.names.get(key, "")}
        formulas = self._formulas(row + 1, key)
        for place, column in enumerate(COLUMNS, start=LEFT):
            if column.name in texts:
                cell = self.at.cell("data", num_format="@", indent=1, **style)
                self.sheet.write_string(row, place, texts[column.name], cell)
                continue
            cell = self.at.cell("data", num_format=column.shape, align="right", **style)
            value = getattr(one, column.name)
            self.sheet.write_formula(
                row, place, f"={formulas[column.name]}", cell, "" if value is None else float(value)
            )

    def _formulas(self, row: int, key: str) -> dict[str, str]:
        """The formulas of a row, by column; `row` as the sheet counts it."""
        at = {name: f"{letter}{row}" for name, letter in LETTERS.items()}
        found = {name: f"ROUND({self._sum(key, row, name)},2)" for name in SUMMED}
        found["lines"] = self._count(key, row)
        found["rate"] = f'IF({at["budget"]}>0,ROUND({at["actual"]}/{at["budget"]}*100,4),"")'
        found["available"] = f"ROUND({at['budget']}-{at['actual']}-{at['committed']},2)"
        whole, cost, earned = (self._sum(key, row, name, COST) for name in ("budget", "actual", "earned_value"))
        done, planned = (self._sum(key, row, name, SCHEDULE) for name in ("earned_value", "planned_value"))
        found["cpi"] = f'IF({cost}>0,ROUND({earned}/{cost},4),"")'
        found["spi"] = f'IF({planned}>0,ROUND({done}/{planned},4),"")'
        found["eac"] = f'IF(AND({cost}>0,{earned}<>0),ROUND({whole}*{cost}/{earned},2),"")'
        return found

    def _ref(self, name: str) -> str:
        return f"{TABLE}[{Budgets.columns[name].label.get(self.at.lang)}]"

    def _matching(self, key: str, row: int) -> str:
        """1 for each line of a key that SUMIFS cannot name, 0 for the others."""
        partner = self._ref("partner")
        return f'({partner}="")*1' if key == UNMATCHED else f"EXACT({partner},${LETTERS['partner']}{row})*1"

    def _sum(self, key: str, row: int, name: str, when: Mapping[str, str] = ALWAYS) -> str:
        """The sum of a column over the lines of a key, of those whose other columns fulfil what `when` says."""
        value, partner = self._ref(name), self._ref("partner")
        more = "".join(f',{self._ref(column)},"{criterion}"' for column, criterion in when.items())
        if key == TOTAL:
            return f"SUMIFS({value}{more})" if more else f"SUM({value})"
        if key in self.plain:
            return f"SUMIFS({value},{partner},${LETTERS['partner']}{row}{more})"
        also = "".join(
            f'*({self._ref(column)}<>"")' + (f"*({self._ref(column)}{criterion})" if criterion != FILLED else "")
            for column, criterion in when.items()
        )
        return f"SUMPRODUCT({self._matching(key, row)}{also},{value})"

    def _count(self, key: str, row: int) -> str:
        line, partner = self._ref("budget_line"), self._ref("partner")
        if key == TOTAL:
            return f"COUNTA({line})"
        if key in self.plain:
            return f"COUNTIFS({partner},${LETTERS['partner']}{row})"
        return f'SUMPRODUCT({self._matching(key, row)}*({line}<>""))'

    def _bars(self) -> Iterator[tuple[str, list[str], list[Decimal]]]:
        """What the chart shows: name, formulas and values in 10,000 yuan, by budget from above, the rest as one."""
        sheet = f"'{words.SUMMARY.get(self.at.lang)}'!"
        order = sorted(self.partners, key=lambda key: -self.totals[key].budget)
        places = {key: row for row, key in enumerate((*self.partners, TOTAL), start=self.header + 2)}
        shown, rest = order[:TOP], order[TOP:]
        for key in shown:
            one = self.totals[key]
            formulas = [f"={sheet}{LETTERS[name]}{places[key]}/{TEN_THOUSAND}" for name, *_ in BARS]
            yield (
                _named(key, self.names, self.at.lang),
                formulas,
                [getattr(one, name) / TEN_THOUSAND for name, *_ in BARS],
            )
        if rest:
            values = [sum(getattr(self.totals[key], name) for key in rest) / TEN_THOUSAND for name, *_ in BARS]
            formulas = [
                f"={sheet}{LETTERS[name]}{places[TOTAL]}/{TEN_THOUSAND}-SUM({chr(ord('B') + place)}2:{chr(ord('B') + place)}{len(shown) + 1})"
                for place, (name, *_) in enumerate(BARS)
            ]
            yield words.OTHERS.get(self.at.lang).format(count=len(rest)), formulas, values

    def _chart(self, book: Any) -> None:
        lang = self.at.lang
        data = book.add_worksheet(words.CHART_DATA.get(lang))
        data._xml_rich_inline_string = lambda text, attributes: data._xml_inline_string(text, True, attributes)
        data.hide()
        bars = list(self._bars())
        for place, (_, label, _colour) in enumerate(BARS, start=1):
            data.write_string(0, place, label.get(lang))
        for row, (name, formulas, values) in enumerate(bars, start=1):
            data.write_string(row, 0, name)
            for place, (formula, value) in enumerate(zip(formulas, values, strict=True), start=1):
                data.write_formula(row, place, formula, None, float(value))
        told = f"{finding(self.totals, self.names, lang)} ({words.AXIS.get(lang)})"
        chart = _drawn(book, data.get_name(), bars, lang)
        width = sum(int(one.width * 7 + 5) for one in COLUMNS[:CHARTED]) - 12
        chart.set_size({"width": width, "height": self.pixels})
        self.sheet.insert_chart(CHART_ROW, LEFT, chart, {"description": told, "object_position": 1, "y_offset": 2})


def _drawn(book: Any, sheet: str, bars: Sequence[tuple[str, list[str], list[Decimal]]], lang: str) -> Any:
    """Clustered bars from a true zero."""
    chart = book.add_chart({"type": "bar"})
    font = {"name": look.FONT, "size": 9, "color": look.TEXT2}
    for place, (_, label, colour) in enumerate(BARS, start=1):
        if not any(values[place - 1] for *_, values in bars):
            continue  # a name in the legend without any bar
        chart.add_series({
            "name": label.get(lang), "categories": [sheet, 1, 0, len(bars), 0], "values": [sheet, 1, place, len(bars), place],
            "categories_data": [name for name, *_ in bars], "values_data": [float(values[place - 1]) for *_, values in bars],
            "fill": {"color": colour}, "border": {"none": True}, "gap": 45, "overlap": -5,
            "data_labels": {"value": True, "num_format": '#,##0.0;-#,##0.0;""', "font": {**font, "size": 8}},
        })  # fmt: skip
    line = {"color": look.RULE, "width": 0.75}
    lowest = min((value for *_, values in bars for value in values), default=Decimal(0))
    chart.set_x_axis({
        **({} if lowest < 0 else {"min": 0}), "num_font": font, "num_format": "#,##0", "line": {"none": True},
        "major_gridlines": {"visible": False}, "label_position": "none",
    })  # fmt: skip
    chart.set_y_axis({
        "reverse": True, "num_font": {**font, "color": look.INK}, "line": line, "major_tick_mark": "none", "label_position": "low",
    })  # fmt: skip
    chart.set_legend({"position": "top", "font": font})
    chart.set_chartarea({"border": {"none": True}, "fill": {"none": True}})
    chart.set_plotarea({"fill": {"none": True}})
    return chart
