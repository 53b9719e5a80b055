"""Owns the page of one table: title, live sentence, ways to other pages, the table itself, and how it prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import groupby
from typing import Any, NamedTuple

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from workbook import look
from workbook.building import words
from workbook.building.accents import above, paint
from workbook.building.kinds import DATE, line_count, text_width
from workbook.building.live import quoted, sentence
from workbook.building.marks import closing, deadlines, stopped
from workbook.building.plan import FIRST, HEADER, LEFT, Plan, Spot
from workbook.building.shapes import FROM_TOP, row_height
from workbook.look import Look
from workbook.plain_text import write_text
from workbook.rows import Cell
from workbook.schema import COMPUTED, CONFIDENTIAL, PARTNER, STAFF, Choice, Column, Formula, Key, Level, Scale, Text

GUTTER = 1.4
LEAST_SCALE = 0.72  # a page never prints smaller than this; it goes over several sheets of paper instead
PAPERS = ((9, 1047), (8, 1512))  # A4 and A3 landscape: Excel's code, room between the margins in pixels
NOTE_WIDTH = 250
REVIVABLE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Stop(NamedTuple):
    """A page that people go to: the name that links lead to, and its title."""

    name: str
    title: str


Neighbours = tuple[Stop | None, Stop | None]


def open_sheet(at: Look, sheet: Worksheet, colour: str, level: Level) -> None:
    """What every page has: no gridlines, tab colour, margins, footer, gutter."""
    lang = at.lang
    sheet.hide_gridlines(2)
    sheet.set_tab_color(colour)
    sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.45, bottom=0.55)
    small = f'&"{look.FONT},Regular"&8&K{look.TEXT3[1:]}'
    sheet.set_footer(
        f"&L{small}{words.PRODUCT.get(lang)} · &A&C{small}{words.FOOTER.get(lang)}"
        f"&R{small}{level.value.get(lang)} · {words.PRINTED.get(lang)}"
    )
    sheet.set_column(0, 0, GUTTER)


def go(sheet: Worksheet, row: int, column: int, page: str, text: str, style: Format) -> None:
    """A link by defined name: it survives renaming and moving the page."""
    sheet.write_formula(row, column, f"=HYPERLINK({quoted('#go_' + page)},{quoted(text)})", style, text)


def draw(at: Look, sheet: Worksheet, plan: Plan, neighbours: Neighbours, plans: Sequence[Plan]) -> None:
    """Fill a sheet with a table's page; `plans` are those of the whole book, which some pages read."""
    colour = look.CHAPTERS[plan.table.chapter]
    open_sheet(at, sheet, colour, plan.table.level)
    sheet.set_default_row(row_height(plan.table.name, plan.lang))
    _columns(sheet, plan)
    _heading(at, sheet, plan, colour, neighbours)
    _strip(at, sheet, plan)
    above(at, sheet, plan, plans)
    _table(at, sheet, plan)
    _cells(at, sheet, plan)
    for spot in plan.spots:
        _note(sheet, plan, spot)
        _validation(sheet, plan, spot)
    _colours(at, sheet, plan)
    sheet.freeze_panes(FIRST, LEFT + plan.frozen)
    _paper(sheet, plan)


def _columns(sheet: Worksheet, plan: Plan) -> None:
    after_folded = False
    for spot in plan.spots:
        options = {"level": 1, "hidden": True} if spot.folded else {"collapsed": True} if after_folded else {}
        sheet.set_column(spot.index, spot.index, spot.width, None, options)
        after_folded = spot.folded
    if after_folded:
        sheet.set_column(plan.spots[-1].index + 1, plan.spots[-1].index + 1, 4, None, {"collapsed": True})


def _heading(at: Look, sheet: Worksheet, plan: Plan, colour: str, neighbours: Neighbours) -> None:
    """Rows 1 to 3: title, live sentence, ways to other pages and the legend."""
    for row, height in enumerate((30, 20, 20, 24, 36)):
        sheet.set_row(row, height)
    edge = {"left": 5, "left_color": colour, "indent": 1}
    sheet.write_string(0, LEFT, plan.sheet, at.cell("title", **edge))
    live = sentence(plan)
    sheet.write_formula(1, LEFT, f"={live.formula}", at.cell("subtitle", **edge), live.value)
    ways = ways_from(neighbours, plan.lang)
    places = _room([text for _, text in ways], plan)
    for place, (page, text) in zip(places, ways, strict=False):
        style = at.cell("link", font_size=9, **(edge if place == LEFT else {"indent": 1}))
        go(sheet, 2, place, page, text, style)
    _legend(at, sheet, plan, 2, places[len(ways)])


def ways_from(neighbours: Neighbours, lang: str) -> list[Stop]:
    """The links of a page: home, the page before it, the page after it."""
    before, after = neighbours
    ways = [Stop("home", words.BACK_HOME.get(lang))]
    ways += [Stop(before.name, f"‹ {before.title}")] if before else []
    return ways + ([Stop(after.name, f"{after.title} ›")] if after else [])


def _room(texts: list[str], plan: Plan) -> list[int]:
    """A column for each text such that none runs into the next, and the column after the last one."""
    places, room = [LEFT], 0.0
    wanted = list(texts)
    for spot in plan.spots:
        room += 0 if spot.folded else spot.width
        if wanted and room >= text_width(wanted[0]) + 2 and not spot.folded:
            wanted.pop(0)
            places.append(spot.index + 1)
            room = 0
    visible = {spot.index for spot in plan.spots if not spot.folded}
    return [next((i for i in range(place, plan.spots[-1].index + 2) if i in visible), place) for place in places]


def _legend(at: Look, sheet: Worksheet, plan: Plan, row: int, column: int) -> None:
    """Who fills which header on this page: one cell of rich text, so that no column width can clip it."""

    def ink(colour: str, **more: Any) -> Format:
        return at.cell(None, font_size=9, font_color=colour, **more)

    heads = {_styles(spot.column)[0] for spot in plan.spots}
    sender, _ = words.SENDERS.get(plan.table.name, (words.PARTNER_FILLS, words.PARTNER_PROMPT))
    signs = (
        ("head staff", ink(look.ACCENT), "■ ", words.YOU_FILL),
        ("head partner", ink(look.HEAD_PARTNER), "■ ", sender),
        ("head system", ink(look.SLATE), "□ ", words.SYSTEM_WRITES),
        ("head formula", ink(look.TEXT3, italic=True), "ƒ ", words.IS_FORMULA),
    )
    parts: list[str | Format] = []
    for head, colour, sign, wording in signs:
        if head in heads:
            parts += [colour, sign, ink(look.TEXT2), wording.get(at.lang) + "   "]
    sheet.write_rich_string(row, column, *parts, at.cell(None, font_size=9, indent=1))


def _strip(at: Look, sheet: Worksheet, plan: Plan) -> None:
    """Row 4: the topic above each run of columns, and the mean above each mark."""
    topics = {name: section.label.get(plan.lang) for section in plan.table.sections for name in section.columns}
    small = at.cell("subtitle", font_size=9, bold=True, valign="bottom", align="left", indent=1)
    runs = groupby(plan.spots, key=lambda spot: topics.get(spot.column.name))
    for topic, run in runs:
        spots = list(run)
        if topic not in (None, plan.sheet) and len(spots) > 1 and not isinstance(spots[0].column, Scale):
            sheet.write_string(HEADER - 1, spots[0].index, topic, small)
        for spot in spots:
            if isinstance(spot.column, Scale):
                _mean(at, sheet, plan, spot)


def _mean(at: Look, sheet: Worksheet, plan: Plan, spot: Spot) -> None:
    marks = [v for row in plan.rows if isinstance(v := row.get(spot.column.name), int)]
    style = at.cell("total", font_size=9, align="center", indent=0, num_format=words.MEAN.get(plan.lang))
    formula = f'=IFERROR(SUBTOTAL(101,{plan.ref(spot.column)}),"")'
    sheet.write_formula(HEADER - 1, spot.index, formula, style, sum(marks) / len(marks) if marks else "")


def _styles(column: Column) -> tuple[str, str]:
    """The named styles of a column's header and cells: the header says who fills it."""
    if isinstance(column, Formula):
        return "head formula", "formula"
    return {STAFF: ("head staff", "input"), PARTNER: ("head partner", "data"), COMPUTED: ("head system", "data")}[
        column.owner
    ]


def _body(at: Look, plan: Plan, spot: Spot, value: Cell = None, *, fixed: bool = False) -> Format:
    """The format of a cell of a column.

    Text longer than the row is read from its beginning, not from its middle. The last row is `fixed`: rows that are
    appended take after it, whatever the length of their text.
    """
    shape = spot.look
    props: dict[str, Any] = {"num_format": shape.number_format, "align": shape.align}
    if shape.align != "center":
        props["indent"] = 1
    if shape.wrap:
        props["text_wrap"] = True
    if shape.small:
        props["font_size"] = 9
    if isinstance(spot.column, Formula) and spot.column.gives == "link":
        props["font_color"] = look.ACCENT
    if isinstance(spot.column, Key):
        props |= {"font_color": look.TEXT2} if spot.column.prefix else {"bold": True}
    elif spot.index == LEFT + plan.frozen - 1 and type(spot.column) is Text and spot.column.owner is not STAFF:
        props["bold"] = True  # the name by which people know the row
    text = value if isinstance(value, str) else ""
    level = plan.table.name in FROM_TOP
    if level or (shape.long and (fixed or not 0 < line_count(text, spot.width) <= 2)):
        props["valign"] = "top"
    if text.startswith(REVIVABLE):
        props["quote_prefix"] = True  # F2 and Enter must not make it a formula
    return at.cell(_styles(spot.column)[1], **props)


def _table(at: Look, sheet: Worksheet, plan: Plan) -> None:
    columns = []
    for spot in plan.spots:
        shape = {
            "header": spot.header,
            "header_format": at.cell(_styles(spot.column)[0]),
            "format": _body(at, plan, spot),
        }
        if isinstance(spot.column, Formula):
            shape["formula"] = plan.formula(spot.column)
        columns.append(shape)
    area = (HEADER, LEFT, plan.last_row, plan.spots[-1].index)
    options = {"name": plan.table.name, "columns": columns, "style": look.TABLE_STYLE, "banded_rows": False}
    if sheet.add_table(*area, options) != 0:
        raise ValueError(f"{plan.table.name}: the table could not be made")


def _cells(at: Look, sheet: Worksheet, plan: Plan) -> None:
    for offset, row in enumerate(plan.rows or ({},)):
        line = FIRST + offset
        sheet.set_row(line, row_height(plan.table.name, plan.lang))
        for spot in plan.spots:
            if isinstance(spot.column, Formula):
                sheet.write_formula(
                    line, spot.index, plan.formula(spot.column), _body(at, plan, spot), plan.shown(spot.column, row)
                )
                continue
            value = row.get(spot.column.name)
            if _put(sheet, line, spot.index, value, _body(at, plan, spot, value, fixed=line == plan.last_row)) != 0:
                raise ValueError(f"{plan.table.name}.{spot.column.name}: no cell holds {str(value)[:40]!r}")
    texts = [s for s in plan.spots if s.look.number_format == "@"]
    if texts:
        spread = f"{texts[0].letter}{FIRST + 1}:{texts[-1].letter}1048576"
        sheet.ignore_errors({"number_stored_as_text": spread})


def _put(sheet: Worksheet, row: int, column: int, value: Cell, style: Format) -> int:
    if value is None or value == "":
        return int(sheet.write_blank(row, column, None, style))
    if isinstance(value, str):
        return write_text(sheet, row, column, value, style)
    if isinstance(value, date):
        at = value if isinstance(value, datetime) else datetime.combine(value, time())
        return int(sheet.write_datetime(row, column, at, style))
    return int(sheet.write_number(row, column, float(value), style))


def _note(sheet: Worksheet, plan: Plan, spot: Spot) -> None:
    """What is not obvious from a header's name."""
    column, lang = spot.column, plan.lang
    said = [
        column.note,
        words.SHOWN_NOTE if column.shown_to_partner and not column.note else None,
        words.SECRET_NOTE if column.level is CONFIDENTIAL else None,
        spot.look.note,
        words.DUE_NOTE if column in deadlines(plan.table) else None,
        words.DEPRECATED_NOTE if column.deprecated else None,
    ]
    text = "\n".join(label.get(lang) for label in said if label)
    if text:
        lines = sum(1 + text_width(line) * 6 // (NOTE_WIDTH - 20) for line in text.split("\n"))
        shape = {
            "font_name": look.FONT,
            "font_size": 9,
            "color": look.WHITE,
            "width": NOTE_WIDTH,
            "height": 18 * lines + 14,
        }
        sheet.write_comment(HEADER, spot.index, text, {**shape, "author": words.PRODUCT.get(lang)})


def _validation(sheet: Worksheet, plan: Plan, spot: Spot) -> None:
    """What a column takes, said before typing and after a mistake."""
    column, lang = spot.column, plan.lang
    title = spot.header[:32]
    if _guarded(plan, column):
        rule: dict[str, Any] = {
            "validate": "custom", "value": "=FALSE", "ignore_blank": False,
            "error_title": words.GUARD_TITLE.get(lang)[:32], "error_message": words.GUARD.get(lang),
        }  # fmt: skip
    else:
        lines = [column.hint.get(lang)] if column.hint and column.owner is STAFF else []
        _, sent = words.SENDERS.get(plan.table.name, (words.PARTNER_FILLS, words.PARTNER_PROMPT))
        lines.append(sent.get(lang) if column.owner is PARTNER else spot.look.prompt)
        rule = {**spot.look.test, "input_title": title, "input_message": "\n".join(lines)[:255]}
        if spot.look.mend:
            rule |= {"error_title": title, "error_message": spot.look.mend[:255]}
    if sheet.data_validation(FIRST, spot.index, plan.last_row, spot.index, rule) != 0:
        raise ValueError(f"{plan.table.name}.{column.name}: the validation could not be made")


def _guarded(plan: Plan, column: Column) -> bool:
    """Computed columns are; but where people own every other column they also give the row its key."""
    if column.owner is not COMPUTED:
        return False
    others = (c for c in plan.table.columns.values() if c is not column)
    return not (isinstance(column, Key) and all(c.owner is STAFF for c in others))


def _colours(at: Look, sheet: Worksheet, plan: Plan) -> None:
    """Closed rows step back first; then dates that are late, what a table shows of its own, and words."""
    last = plan.last_row
    closed = _tests(plan, closing(plan.table))
    if closed:
        test = closed[0] if len(closed) == 1 else f"OR({','.join(closed)})"
        grey = at.chip("mute", glyph=False)
        rule = {"type": "formula", "criteria": f"={test}", "format": grey, "stop_if_true": True}
        sheet.conditional_format(FIRST, LEFT, last, plan.spots[-1].index, rule)
    for column in deadlines(plan.table):
        _clock(at, sheet, plan, plan.spot(column))
    for spot, value, meaning in _chips(plan):
        shape = "0" if isinstance(value, int) else "@"
        wanted = value if isinstance(value, int) else quoted(value)
        rule = {"type": "cell", "criteria": "==", "value": wanted, "format": at.chip(meaning, shape)}
        sheet.conditional_format(FIRST, spot.index, last, spot.index, rule)
    key = plan.spot(plan.table.key()).index
    copied = {"type": "duplicate", "format": at.chip("bad")}
    sheet.conditional_format(FIRST, key, last, key, copied)
    paint(at, sheet, plan)


def _tests(plan: Plan, states: Sequence[tuple[Choice, str]]) -> list[str]:
    """For each state, the formula under which the first row is in it."""
    return [f"${plan.spot(c).letter}{FIRST + 1}={quoted(c.options[code].get(plan.lang))}" for c, code in states]


def _clock(at: Look, sheet: Worksheet, plan: Plan, spot: Spot) -> None:
    """A due date in rows whose clock runs: late, nearly due, due soon."""
    cell = f"${spot.letter}{FIRST + 1}"
    over = [f"NOT({test})" for test in _tests(plan, stopped(plan.table))]
    steps = ((f"{cell}<TODAY()", "bad"), (f"{cell}<=TODAY()+3", "watch"), (f"{cell}<=TODAY()+7", "info"))
    for test, meaning in steps:
        clock = ",".join([f'{cell}<>""', *over, test])
        shape = at.chip(meaning, DATE)
        rule = {"type": "formula", "criteria": f"=AND({clock})", "format": shape, "stop_if_true": True}
        sheet.conditional_format(FIRST, spot.index, plan.last_row, spot.index, rule)


def _chips(plan: Plan) -> Iterator[tuple[Spot, str | int, str]]:
    for spot in plan.spots:
        for value, meaning in spot.look.chips:
            yield spot, value, meaning


def _paper(sheet: Worksheet, plan: Plan) -> None:
    """As many sheets of paper side by side as keep the text readable, each with the key and the header.

    There is no print area: a fixed one would cut off the rows that are yet to come.
    """
    pixels = [0 if spot.folded else spot.width * 7 + 5 for spot in plan.spots]
    kept = sum(pixels[: plan.frozen])
    code, room = next((paper for paper in PAPERS if sum(pixels) * LEAST_SCALE <= paper[1]), PAPERS[-1])
    wide = 1
    while (kept + (sum(pixels) - kept) / wide) * LEAST_SCALE > room:
        wide += 1
    sheet.set_paper(code)
    sheet.fit_to_pages(wide, 0)
    sheet.repeat_rows(HEADER - 1, HEADER)
    if wide > 1:
        sheet.repeat_columns(0, LEFT + plan.frozen - 1)
