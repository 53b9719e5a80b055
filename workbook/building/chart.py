"""Owns the page of the result chart: up to ten candidates of one panel, stacked from their dimensions.

The chart reads fixed slots on a hidden sheet, whose formulas find each candidate by panel and order: it follows
sorting, filtering and rows that are written later, and nothing has to grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from workbook import look
from workbook.building import words
from workbook.building.accents import scores, weight, weights_of
from workbook.building.live import Live, quoted
from workbook.building.page import Neighbours, Stop, go, open_sheet, ways_from
from workbook.building.plan import FIRST, LEFT, Plan, reference
from workbook.look import Look
from workbook.schema import SENSITIVE, Chapter, Column, Label
from workbook.tables import Panels, Results
from workbook.tables.selection import DIMENSIONS

PAGE = "chart"  # links lead to go_chart
SLOTS = 10
PANELS_OFFERED = 200
CHOSEN = "chart_panel"  # the defined name of the cell that holds the panel's key
FIRST_PANEL = "V-0001"
# The hidden sheet: rows of the weights and of the first slot, columns of a slot; counted from 0.
WEIGHTS, TOP = 2, 4
SLOT, POSITION, LABEL, TOTAL, NAME, RANK, STATE, SCORE, DIMENSION = range(9)
POINTS = DIMENSION + len(DIMENSIONS)
UNRANKED = POINTS + len(DIMENSIONS)
# The page: rows and columns, counted from 0.
MEASURE, PICK, DRAWN, HEAD = 3, 4, 5, 19
COLUMNS = (7, 30, 18, 13) + (13,) * len(DIMENSIONS)


class Slots:
    """The hidden sheet of the slots, and how to name its cells."""

    def __init__(self, lang: str):
        self.lang = lang
        self.title = words.CHART_DATA.get(lang)

    def cell(self, row: int, column: int) -> str:
        """A cell of it from any sheet."""
        return f"'{self.title}'!${xl_col_to_name(column)}${row + 1}"

    def area(self, column: int) -> list[Any]:
        """A column of the slots as a chart takes it."""
        return [self.title, TOP, column, TOP + SLOTS - 1, column]

    def ref(self, column: Column) -> str:
        """A column of the results."""
        return reference(Results, column, self.lang)

    def write(self, at: Look, book: Workbook, plans: Sequence[Plan]) -> None:
        """Add the sheet."""
        sheet = book.add_worksheet(self.title)
        sheet.hide()
        sheet.set_tab_color(look.SLATE)
        sheet.set_column(0, UNRANKED, 14)
        style = at.cell("data")
        sheet.write_string(0, 0, words.CHART.get(self.lang), at.cell("section"))
        heads = (SLOT, POSITION, LABEL, TOTAL)
        for column, text in zip(heads, ("#", "row", "label", "weights"), strict=True):
            sheet.write_string(TOP - 1, column, text, at.cell("head system"))
        version = (
            f'IFERROR(INDEX({reference(Panels, Panels.rule_version, self.lang)},'
            f'MATCH({CHOSEN},{reference(Panels, Panels.panel, self.lang)},0))&"","")'
        )  # fmt: skip
        sheet.write_formula(WEIGHTS, 0, f"={version}", style, self.version(plans))
        present = weights_of(plans, self.version(plans))
        for place, (code, title) in enumerate(DIMENSIONS.items()):
            formula = weight(code, f"$A${WEIGHTS + 1}", self.lang)
            sheet.write_formula(WEIGHTS, DIMENSION + place, f"={formula}", style, present[code])
            for start in (DIMENSION, POINTS):
                sheet.write_string(TOP - 1, start + place, title.get(self.lang), at.cell("head system"))
        sheet.write_string(TOP - 1, UNRANKED, words.CHART_UNRANKED.get(self.lang), at.cell("head system"))
        for number in range(SLOTS):
            sheet.write_number(TOP + number, SLOT, number + 1, style)
            for column, formula in self._slot(TOP + number + 1).items():
                sheet.write_formula(TOP + number, column, f"={formula}", style, 0 if column == POSITION else "")

    def version(self, plans: Sequence[Plan]) -> str:
        """The rule version of the panel that a new book shows."""
        rows = next((plan.rows for plan in plans if plan.table is Panels), ())
        return next((str(row.get("rule_version") or "") for row in rows if row.get("panel") == FIRST_PANEL), "")

    def _slot(self, row: int) -> Mapping[int, str]:
        """The formulas of one slot; `row` as the sheet counts it."""
        at = {column: f"${xl_col_to_name(column)}{row}" for column in range(UNRANKED + 1)}
        there = f"{at[POSITION]}=0"
        header = self.ref(Results.order).replace("results[", "results[[#Headers],[", 1) + "]"
        place = f"ROW({self.ref(Results.order)})-ROW({header})"
        wanted = f"({self.ref(Results.panel)}={CHOSEN})*({self.ref(Results.order)}={at[SLOT]})"
        ranked = quoted(Results.state.options["ranked"].get(self.lang))
        found: dict[int, str] = {POSITION: f"SUMPRODUCT(MAX({wanted}*({place})))"}
        shown = {NAME: Results.legal_name, RANK: Results.rank, STATE: Results.state, SCORE: Results.score}
        shown |= {DIMENSION + i: column for i, column in enumerate(scores())}
        for column, source in shown.items():
            value = f"INDEX({self.ref(source)},{at[POSITION]})"
            found[column] = f'IF({there},"",IF({value}="","",{value}))'
        score = f'IF({at[SCORE]}="","",TEXT({at[SCORE]},"0.00"))'
        before = f'IF({at[RANK]}="",{at[STATE]},{at[RANK]})'
        found[LABEL] = f'IF({there},"",{before}&"  "&{at[NAME]}&"  "&{score})'
        first, last = xl_col_to_name(DIMENSION), xl_col_to_name(POINTS - 1)
        weights = f"${first}${WEIGHTS + 1}:${last}${WEIGHTS + 1}"
        found[TOTAL] = f'IF({there},"",SUMPRODUCT({weights}*(${first}{row}:${last}{row}<>"")))'
        for i in range(len(DIMENSIONS)):
            mark, of = at[DIMENSION + i], f"{xl_col_to_name(DIMENSION + i)}${WEIGHTS + 1}"
            found[POINTS + i] = f'IF({at[STATE]}<>{ranked},"",IF({mark}="","",{mark}*{of}/{at[TOTAL]}*20))'
        found[UNRANKED] = f'IF({there},"",IF({at[STATE]}={ranked},"",{at[SCORE]}))'
        return found


def finding(slots: Slots) -> Live:
    """What the chart says, as one sentence."""

    def say(label: Label, **parts: str) -> str:
        pieces = [label.get(slots.lang)]
        for name in parts:
            pieces = [p for piece in pieces for p in _split(piece, f"{{{name}}}")]
        return "&".join(parts[p[1:-1]] if p[:1] == "{" else quoted(p) for p in pieces if p)

    def counted(code: str) -> str:
        word = quoted(Results.state.options[code].get(slots.lang))
        return f"COUNTIFS({slots.ref(Results.panel)},{CHOSEN},{slots.ref(Results.state)},{word})"

    name, other = (slots.cell(row, NAME) for row in (TOP, TOP + 1))
    best, next_best = (slots.cell(row, SCORE) for row in (TOP, TOP + 1))
    score, gap = f'TEXT({best},"0.00")', f'TEXT({best}-{next_best},"0.00")'
    first = say(words.CHART_FIRST, name=name, score=score)
    lead = f'IF({counted("ranked")}>1,{say(words.CHART_LEAD, gap=gap)},"")'
    tied = say(words.CHART_TIED, name=name, other=other, score=score)
    ranked = f"IF({slots.cell(TOP + 1, RANK)}=1,{tied},{first}&{lead})"
    out = [
        f'IF({counted(code)}=0,"",{say(label, count=counted(code))})'
        for code, label in (("disqualified", words.CHART_OUT), ("blocked", words.CHART_BLOCKED))
    ]
    stop = quoted(words.STOP.get(slots.lang))
    full = f"IF({counted('ranked')}=0,{quoted(words.CHART_NONE.get(slots.lang))},{ranked})&{'&'.join(out)}&{stop}"
    empty = words.CHART_EMPTY.get(slots.lang) + words.STOP.get(slots.lang)
    return Live(f"IF({slots.cell(TOP, POSITION)}=0,{quoted(empty)},{full})", empty)


def _split(text: str, name: str) -> list[str]:
    before, found, after = text.partition(name)
    return [before, name, after] if found else [text]


def draw_chart(at: Look, book: Workbook, sheet: Worksheet, plans: Sequence[Plan], neighbours: Neighbours) -> None:
    """Fill the page: what the chart says, which panel, the chart, and the numbers behind it."""
    slots, lang = Slots(at.lang), at.lang
    colour = look.CHAPTERS[Chapter.SOURCING]
    open_sheet(at, sheet, colour, SENSITIVE)
    sheet.set_default_row(22)
    for column, width in enumerate(COLUMNS, start=LEFT):
        sheet.set_column(column, column, width)
    for row, height in ((0, 30), (1, 20), (2, 20), (MEASURE, 22), (PICK, 26), (HEAD, 44)):
        sheet.set_row(row, height)
    edge = {"left": 5, "left_color": colour, "indent": 1}
    sheet.write_string(0, LEFT, words.CHART.get(lang), at.cell("title", **edge))
    said = finding(slots)
    sheet.write_formula(1, LEFT, f"={said.formula}", at.cell("subtitle", bold=True, **edge), said.value)
    for place, way in zip((LEFT, LEFT + 1, LEFT + 2), ways_from(neighbours, lang), strict=False):
        go(
            sheet,
            2,
            place,
            way.name,
            way.title,
            at.cell("link", font_size=9, **(edge if place == LEFT else {"indent": 1})),
        )
    small = at.cell(None, font_size=9, font_color=look.TEXT2, indent=1)
    sheet.write_string(MEASURE, LEFT, words.CHART_MEASURE.get(lang), small)
    _picker(at, book, sheet, plans)
    _bars(book, sheet, slots)
    _figures(at, sheet, slots, plans)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.freeze_panes(PICK + 1, 0)


def _picker(at: Look, book: Workbook, sheet: Worksheet, plans: Sequence[Plan]) -> None:
    """The cell in which people choose the panel, with its subject beside it."""
    panels, lang = next(plan for plan in plans if plan.table is Panels), at.lang
    sheet.write_string(PICK, LEFT, words.CHOOSE_PANEL.get(lang), at.cell(None, bold=True, indent=1))
    sheet.write_string(PICK, LEFT + 1, FIRST_PANEL, at.cell("input", bold=True, indent=1, font_size=11))
    book.define_name(CHOSEN, f"='{words.CHART.get(lang)}'!${xl_col_to_name(LEFT + 1)}${PICK + 1}")
    letter = panels.spot(Panels.panel).letter
    offered = f"='{panels.sheet}'!${letter}${FIRST + 1}:${letter}${FIRST + PANELS_OFFERED}"
    title = words.CHOOSE_PANEL.get(lang)
    sheet.data_validation(PICK, LEFT + 1, PICK, LEFT + 1, {
        "validate": "list", "source": offered, "input_title": title, "input_message": words.CHOOSE_PROMPT.get(lang),
        "error_title": title, "error_message": words.LIST_MEND.get(lang),
    })  # fmt: skip
    subject = f'IFERROR(INDEX({panels.ref(Panels.title)},MATCH({CHOSEN},{panels.ref(Panels.panel)},0))&"","")'
    now = next((str(row.get("title") or "") for row in panels.rows if row.get("panel") == FIRST_PANEL), "")
    sheet.write_formula(PICK, LEFT + 2, f"={subject}", at.cell("subtitle", indent=1), now)


def _bars(book: Workbook, sheet: Worksheet, slots: Slots) -> None:
    chart = cast(Any, book.add_chart({"type": "bar", "subtype": "stacked"}))
    font = {"name": look.FONT, "size": 9, "color": look.TEXT2}
    for place, code in enumerate(DIMENSIONS):
        chart.add_series({
            "name": [slots.title, TOP - 1, POINTS + place], "categories": slots.area(LABEL),
            "values": slots.area(POINTS + place), "fill": {"color": look.SERIES[code][0]},
            "border": {"color": look.WHITE, "width": 0.75}, "gap": 38, "overlap": 100,
        })  # fmt: skip
    hatched = {"pattern": "wide_upward_diagonal", "fg_color": look.SLATE, "bg_color": look.WHITE}
    chart.add_series({
        "name": [slots.title, TOP - 1, UNRANKED], "categories": slots.area(LABEL), "values": slots.area(UNRANKED),
        "pattern": hatched, "border": {"color": look.SLATE, "width": 0.75},
    })  # fmt: skip
    line = {"color": look.RULE, "width": 0.75}
    chart.set_x_axis({
        "min": 0, "max": 100, "major_unit": 20, "num_font": font, "major_gridlines": {"visible": True, "line": line},
        "line": {"none": True}, "num_format": "0",
    })  # fmt: skip
    names = {**font, "size": 10, "color": look.INK}
    chart.set_y_axis({"reverse": True, "num_font": names, "line": line, "major_tick_mark": "none"})
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_chartarea({"border": {"none": True}, "fill": {"none": True}})
    chart.set_plotarea({"fill": {"none": True}})
    chart.show_blanks_as("gap")
    pixels = sum(int(width * 7 + 5) for width in COLUMNS)
    chart.set_size({"width": pixels, "height": round((HEAD - DRAWN) * 22 * 96 / 72) - 10})
    told = f"{words.CHART.get(slots.lang)}: {words.CHART_MEASURE.get(slots.lang)}"
    sheet.insert_chart(DRAWN, LEFT, chart, {"description": told, "object_position": 1, "y_offset": 4})


def _figures(at: Look, sheet: Worksheet, slots: Slots, plans: Sequence[Plan]) -> None:
    """The numbers behind the chart, under headers in its colours: points of each dimension, unranked ones too."""
    lang = at.lang
    heads = (words.CHART_RANK, Results.legal_name.label, Results.state.label, Results.score.label)
    for column, label in enumerate(heads, start=LEFT):
        sheet.write_string(HEAD, column, label.get(lang), at.cell("head system"))
    start, blocked = LEFT + len(heads), quoted(Results.state.options["blocked"].get(lang))
    present = weights_of(plans, slots.version(plans))
    for place, (code, title) in enumerate(DIMENSIONS.items()):
        ground, ink = look.SERIES[code]
        full, of = words.CHART_FULL.get(lang), slots.cell(WEIGHTS, DIMENSION + place)
        style = at.cell("head system", bg_color=ground, font_color=ink, font_size=9)
        formula = f"={quoted(title.get(lang))}&CHAR(10)&{quoted(full)}&ROUND({of},2)"
        sheet.write_formula(HEAD, start + place, formula, style, f"{title.get(lang)}\n{full}{present[code]:g}")
    for number in range(SLOTS):
        row, slot = HEAD + 1 + number, TOP + number
        sheet.set_row(row, 22)
        rank = f'IF({slots.cell(slot, POSITION)}=0,"",IF({slots.cell(slot, RANK)}="","–",{slots.cell(slot, RANK)}))'
        sheet.write_formula(row, LEFT, f"={rank}", at.cell("data", bold=True, align="center", bottom=0), "")
        middle = {"num_format": "0.00", "bold": True, "align": "center"}
        shapes: tuple[tuple[int, dict[str, Any]], ...] = (
            (NAME, {"bold": True, "indent": 1}), (STATE, {"indent": 1}), (SCORE, middle),
        )  # fmt: skip
        for column, (source, props) in enumerate(shapes, start=LEFT + 1):
            style = at.cell("data", bottom=0, **props)
            sheet.write_formula(row, column, f"={slots.cell(slot, source)}", style, "")
        for place in range(len(DIMENSIONS)):
            mark, of = slots.cell(slot, DIMENSION + place), slots.cell(WEIGHTS, DIMENSION + place)
            # Where dimensions are missing, points would be of another whole than the header says.
            bare = f'OR({slots.cell(slot, STATE)}={blocked},{mark}="")'
            formula = f'=IF({bare},"",{mark}*{of}/{slots.cell(slot, TOTAL)}*20)'
            sheet.write_formula(
                row, start + place, formula, at.cell("data", num_format="0.00", align="center", bottom=0), ""
            )
    _chips(at, sheet, start + len(DIMENSIONS) - 1)


def _chips(at: Look, sheet: Worksheet, last: int) -> None:
    """Outcomes as on the page of results, and a line under each row that shows somebody."""
    for code, meaning in (("ranked", "good"), ("disqualified", "bad"), ("blocked", "watch")):
        word = quoted(Results.state.options[code].get(at.lang))
        said = look.MEANINGS[meaning]
        props: dict[str, Any] = {"font_color": said.ink, "bold": said.bold, "num_format": f'"{said.glyph} "@'}
        props |= {"bg_color": said.fill} if said.fill else {}
        shape = at.rule(**props, bottom=1, bottom_color=look.RULE)  # not every program adds the line of another rule
        rule = {"type": "cell", "criteria": "==", "value": word, "format": shape}
        sheet.conditional_format(HEAD + 1, LEFT + 2, HEAD + SLOTS, LEFT + 2, rule)
    there = f'=${xl_col_to_name(LEFT + 1)}{HEAD + 2}<>""'
    line = {"type": "formula", "criteria": there, "format": at.rule(bottom=1, bottom_color=look.RULE)}
    sheet.conditional_format(HEAD + 1, LEFT, HEAD + SLOTS, last, line)


def stop(lang: str) -> Stop:
    """The page as other pages link to it."""
    return Stop(PAGE, words.CHART.get(lang))


__all__ = [
    "CHOSEN",
    "NAME",
    "PAGE",
    "POSITION",
    "RANK",
    "SCORE",
    "SLOTS",
    "STATE",
    "TOP",
    "Slots",
    "draw_chart",
    "stop",
]
