"""Owns what single tables show beyond their columns' kinds: strong rows, bars, scales, and sums above the header."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xlsxwriter.worksheet import Worksheet

from workbook import look
from workbook.building import words
from workbook.building.live import Live, quoted
from workbook.building.plan import FIRST, HEADER, Plan, Spot, reference
from workbook.defaults import VERSION
from workbook.look import Look
from workbook.schema import Choice, Column
from workbook.tables import Indicators, Marks, Performance, Results, SettingRow, Settings
from workbook.tables.selection import DIMENSIONS

LOW_SCORE = 3.5  # a dimension below it is said in ochre; the scale begins here
INDENT = '"　"@'


def scores() -> list[Column]:
    """The columns of 候选评估结果 that hold the eight dimensions, in their order."""
    by_header = {column.zh: column for column in Results.columns.values()}
    return [by_header[label.zh] for label in DIMENSIONS.values()]


def setting(name: str, lang: str) -> str:
    """A setting by its name in a formula, wherever staff moved it; "" where it is gone."""
    key, value = (reference(Settings, column, lang) for column in (Settings.setting, Settings.value))
    return f'IFERROR(INDEX({value},MATCH({quoted(name)},{key},0))&"","")'


def weight(code: str, version: str, lang: str) -> str:
    """The weight of a dimension in a rule version, in a formula."""
    column, key = (reference(Indicators, c, lang) for c in (Indicators.weight, Indicators.indicator))
    return f'SUMIFS({column},{key},{version}&"-{code}")'


# --- rows and cells --------------------------------------------------------------------------------------------------


class Painter:
    """Adds conditional formats to the rows of one page."""

    def __init__(self, at: Look, sheet: Worksheet, plan: Plan):
        self.at, self.sheet, self.plan = at, sheet, plan
        self.last = plan.last_row

    def cell(self, column: Column) -> str:
        """The column's cell of the first row, as a conditional format moves it down."""
        return f"${self.plan.spot(column).letter}{FIRST + 1}"

    def when(self, test: str, spots: Sequence[Spot], props: Mapping[str, Any]) -> None:
        """Format neighbouring columns of the rows for which a formula holds."""
        rule = {"type": "formula", "criteria": f"={test}", "format": self.at.rule(**props)}
        self.sheet.conditional_format(FIRST, spots[0].index, self.last, spots[-1].index, rule)

    def on(self, column: Column, rule: Mapping[str, Any]) -> None:
        """A rule of any type on one column."""
        index = self.plan.spot(column).index
        self.sheet.conditional_format(FIRST, index, self.last, index, dict(rule))


def _indicators(paint: Painter) -> None:
    """Dimensions stand out; what belongs to them is indented."""
    plan = paint.plan
    layer = {code: label.get(plan.lang) for code, label in Indicators.layer.options.items()}
    cell = paint.cell(Indicators.layer)
    strong = {"bg_color": look.ACCENT_SOFT, "font_color": look.INK, "bold": True}
    paint.when(f"{cell}={quoted(layer['dimension'])}", plan.spots, strong)
    gate = {"font_color": look.BAD, "bold": True, "num_format": INDENT}
    paint.when(f"{cell}={quoted(layer['gate'])}", [plan.spot(Indicators.title)], gate)
    paint.when(f"{cell}={quoted(layer['indicator'])}", [plan.spot(Indicators.title)], {"num_format": INDENT})


def _marks(paint: Painter) -> None:
    """A line where the next candidate begins, and a mark without its evidence."""
    spots, cell = paint.plan.spots, paint.cell(Marks.candidate)
    above = f"${paint.plan.spot(Marks.candidate).letter}{FIRST}"
    shown = [spot for spot in spots if not spot.folded]
    edges = {"top": 1, "top_color": look.SLATE, "bottom": 1, "bottom_color": look.RULE}
    paint.when(f'AND({cell}<>"",{cell}<>{above})', shown, edges)
    lacking = f'AND(ISNUMBER({paint.cell(Marks.mark)}),{paint.cell(Marks.evidence)}="")'
    paint.when(lacking, [paint.plan.spot(Marks.evidence)], {"bg_color": look.MEANINGS["watch"].fill})


def _results(paint: Painter) -> None:
    """Who is not ranked steps back; scores are bars and shades; what does not agree is said."""
    _rated(paint, Results.state, (Results.legal_name, Results.rank), (Results.score, Results.check), scores())


def _performance(paint: Painter) -> None:
    """As the results of a selection."""
    shaded = (Performance.quality, Performance.responsiveness, Performance.cost, Performance.innovation)
    beside = (Performance.legal_name, Performance.rank)
    _rated(paint, Performance.state, beside, (Performance.score, Performance.check), shaded)


def _rated(
    paint: Painter, state: Choice, beside: Sequence[Column], numbers: tuple[Column, Column], shaded: Sequence[Column]
) -> None:
    plan = paint.plan
    score, check = numbers
    cell = paint.cell(state)
    back = f'AND({cell}<>"",{cell}<>{quoted(state.options["ranked"].get(plan.lang))})'
    grey = {"font_color": look.MEANINGS["mute"].ink, "italic": True}
    for column in (*beside, score, check):
        paint.when(back, [plan.spot(column)], grey)
    bar = {
        "type": "data_bar", "bar_solid": True, "bar_color": look.ACCENT_SOFT, "bar_border_color": look.ACCENT_SOFT,
        "min_type": "num", "min_value": 0, "max_type": "num", "max_value": 100, "data_bar_2010": True,
    }  # fmt: skip
    paint.on(score, bar)
    for column in shaded:
        first = paint.cell(column)
        low = {"font_color": look.MEANINGS["watch text"].ink, "bold": True}
        paint.when(f"AND(ISNUMBER({first}),{first}<{LOW_SCORE})", [plan.spot(column)], low)
        shade = {
            "type": "2_color_scale", "min_type": "num", "min_value": LOW_SCORE, "max_type": "num", "max_value": 5,
            "min_color": look.WHITE, "max_color": look.ACCENT_SOFT,
        }  # fmt: skip
        paint.on(column, shade)
    said = look.MEANINGS["bad"]
    differs = f"AND(ISNUMBER({paint.cell(score)}),{paint.cell(check)}<>{paint.cell(score)})"
    paint.when(differs, [plan.spot(check)], {"font_color": said.ink, "bg_color": said.fill, "bold": True})


PAINTERS: Mapping[str, Callable[[Painter], None]] = {
    Indicators.name: _indicators,
    Marks.name: _marks,
    Results.name: _results,
    Performance.name: _performance,
}


def paint(at: Look, sheet: Worksheet, plan: Plan) -> None:
    """The rules of a table of its own, where it has any."""
    if painter := PAINTERS.get(plan.table.name):
        painter(Painter(at, sheet, plan))


# --- above the header ------------------------------------------------------------------------------------------------


def weights_of(plans: Sequence[Plan], version: str = VERSION) -> dict[str, float]:
    """The weights of the dimensions as they stand in the rows of 评价指标, for programs that do not calculate."""
    rows = next((plan.rows for plan in plans if plan.table is Indicators), ())
    found = {str(row.get("indicator")): row.get("weight") for row in rows}
    return {code: float(found.get(f"{version}-{code}") or 0) for code in DIMENSIONS}  # type: ignore[arg-type]


def _version(plans: Sequence[Plan]) -> str:
    rows = next((plan.rows for plan in plans if plan.table is Settings), ())
    return next((str(row.get("value")) for row in rows if row.get("setting") == SettingRow.RULES), VERSION)


def above(at: Look, sheet: Worksheet, plan: Plan, plans: Sequence[Plan]) -> None:
    """Row 4 of a table of scoring: the sum of the weights, or the weights over the scores that they weigh."""
    now, lang = setting(SettingRow.RULES, plan.lang), plan.lang
    small = {"font_size": 9, "align": "center", "indent": 0, "font_color": look.TEXT2}
    present = weights_of(plans, _version(plans))
    if plan.table is Indicators:
        layer = Indicators.layer.options["dimension"].get(lang)
        ref = {c.name: plan.ref(c) for c in (Indicators.weight, Indicators.layer, Indicators.rule_version)}
        total = f"SUMIFS({ref['weight']},{ref['layer']},{quoted(layer)},{ref['rule_version']},{now})"
        style = at.cell("total", num_format=words.SUM_UNIT.get(lang), **small)
        spot = plan.spot(Indicators.weight)
        _write(sheet, spot, Live(total, sum(present.values())), style)
        wrong = {"type": "formula", "criteria": f"=ABS(${spot.letter}${HEADER}-100)>0.000000001"}
        sheet.conditional_format(
            HEADER - 1, spot.index, HEADER - 1, spot.index, {**wrong, "format": at.chip("bad", "0.0")}
        )
    if plan.table is Results:
        spots = [plan.spot(column) for column in scores()]
        label = at.cell("subtitle", font_size=9, align="right", indent=1)
        sheet.write_string(HEADER - 1, spots[0].index - 1, words.WEIGHTS_NOW.get(lang), label)
        for code, spot in zip(DIMENSIONS, spots, strict=True):
            style = at.cell("total", num_format="0.0", **small)
            _write(sheet, spot, Live(weight(code, now, lang), present[code]), style)


def _write(sheet: Worksheet, spot: Spot, live: Live, style: Any) -> None:
    sheet.write_formula(HEADER - 1, spot.index, f"={live.formula}", style, live.value)


__all__ = ["above", "paint", "scores", "setting", "weight", "weights_of"]
