"""Owns the cover 首页: what state the book is in, who does what, what the colours mean, and the way to every page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsxwriter.worksheet import Worksheet

from workbook import look
from workbook.building import chart, words
from workbook.building.chart import Slots
from workbook.building.live import Live, filled, having, joined, latest, open_rows, overdue, quoted
from workbook.building.marks import deadlines, over, unverified
from workbook.building.page import Stop, go, open_sheet
from workbook.building.plan import Plan
from workbook.identity import WAITING
from workbook.look import Look
from workbook.schema import PUBLIC, Chapter, Label
from workbook.tables import Results, SettingRow, Settings, Todo

CARDS = (1, 5, 9, 13)  # first column of each of the four card columns
RIGHT = 15
NAMED = 2  # tables that the tile of unverified submissions names; the others are added up
TILES, WHO, FIRST_CARD = 5, 9, 16
LINES, LEADERS = 6, 4  # links in one column of a card; ranks that the cover shows
# 设置 comes last: people open it least.
CHAPTER_ORDER = (*(c for c in Chapter if c is not Chapter.SETTINGS), Chapter.SETTINGS)


class Cover:
    """The cover while it is drawn."""

    def __init__(self, at: Look, sheet: Worksheet, plans: Sequence[Plan]):
        self.at, self.sheet, self.plans = at, sheet, plans
        self.lang = at.lang

    def draw(self) -> None:
        """Fill the sheet."""
        open_sheet(self.at, self.sheet, look.CHAPTERS[Chapter.OVERVIEW], PUBLIC)
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 1)
        self.sheet.center_horizontally()
        self.sheet.hide_row_col_headers()
        self._grid()
        self._masthead()
        self._tiles()
        self._section(WHO, words.WHO, words.WHO_ASIDE)
        self._who()
        self._section(WHO + 6, words.CHAPTERS, words.CHAPTERS_ASIDE)
        last = self._chapters()
        foot = self.at.cell(None, font_size=9, font_color=look.TEXT3)
        self.sheet.write_string(last + 1, 1, words.FOOTNOTE.get(self.lang), foot)
        self.sheet.print_area(0, 0, last + 1, RIGHT)
        self.sheet.activate()
        self.sheet.set_first_sheet()

    def _grid(self) -> None:
        self.sheet.set_default_row(20)
        for start in CARDS:
            self.sheet.set_column(start, start + 1, 15)
            self.sheet.set_column(start + 2, start + 2, 9)
            if start != CARDS[-1]:
                self.sheet.set_column(start + 3, start + 3, 1.6)
        for row, height in ((0, 14), (1, 44), (2, 22), (3, 8), (4, 12), (TILES + 3, 14), (WHO + 5, 12)):
            self.sheet.set_row(row, height)

    def _masthead(self) -> None:
        cell, lang = self.at.cell, self.lang
        self.sheet.write_rich_string(
            1, 1, cell("title", font_size=30), words.PRODUCT.get(lang), cell(None, font_size=14, font_color=look.TEXT3),
            f"  {words.PRODUCT_OTHER.get(lang)}", cell("title", font_size=30),
        )  # fmt: skip
        self.sheet.write_string(2, 1, words.PROMISE.get(lang), cell("subtitle", font_size=11))
        aside = cell("subtitle", align="right")
        owner = joined([self._setting(SettingRow.COMPANY), self._setting(SettingRow.DEPARTMENT)], " · ")
        rules = self._setting(SettingRow.RULES)
        self.sheet.write_formula(1, RIGHT, f"={owner.formula}", aside, owner.value)
        prefix = words.RULES.get(lang)
        self.sheet.write_formula(2, RIGHT, f"={quoted(prefix)}&{rules.formula}", aside, f"{prefix}{rules.value}")
        for column in range(1, RIGHT + 1):
            self.sheet.write_blank(3, column, None, cell(None, bottom=5, bottom_color=look.ACCENT))

    def _setting(self, name: str) -> Live:
        """A setting by its name, wherever staff moved it."""
        plan = next(plan for plan in self.plans if plan.table is Settings)
        key, value = plan.ref(Settings.setting), plan.ref(Settings.value)
        now = next((row.get("value") for row in plan.rows if row.get("setting") == name), None)
        return Live(f'IFERROR(INDEX({value},MATCH({quoted(name)},{key},0))&"","")', str(now or ""))

    def _tiles(self) -> None:
        for row, height in ((TILES, 20), (TILES + 1, 38), (TILES + 2, 20)):
            self.sheet.set_row(row, height)
        lang, todo = self.lang, next(plan for plan in self.plans if plan.table is Todo)
        unit, days = words.TILE_TODO_UNIT.get(lang), "yyyy-mm-dd hh:mm;;" + quoted(words.TILE_AS_OF_EMPTY.get(lang))
        late = filled(words.TILE_TODO_NOTE.get(lang), overdue(todo, deadlines(Todo)[0]), page=todo.sheet)
        waiting = Live(WAITING, 0)
        note = words.TILE_WAITING_NOTE.get(lang)
        self._tile(
            0, words.TILE_WAITING, waiting, words.TILE_WAITING_UNIT.get(lang), Live(quoted(note), note), look.SLATE
        )
        self._tile(1, words.TILE_TODO, open_rows(todo), unit, late, look.OCHRE, todo)
        count, detail, first = self._unverified()
        self._tile(2, words.TILE_UNVERIFIED, count, unit, detail, look.OCHRE, first)
        note = words.TILE_AS_OF_NOTE.get(lang)
        self._tile(3, words.TILE_AS_OF, latest(self.plans), days, Live(quoted(note), note), look.BLUE)

    def _unverified(self) -> tuple[Live, Live, Plan]:
        """The submissions that nobody has checked: all of them, by table, and the first table that takes any."""
        counts = [(p, having(p, column, code)) for p in self.plans for column, code in unverified(p.table)]
        shown, rest = counts[:NAMED], counts[NAMED:]
        parts = [filled(f"{plan.sheet} {{}}", count) for plan, count in shown]
        if rest:
            others = Live("+".join(c.formula for _, c in rest), sum(int(c.value) for _, c in rest))
            parts.append(filled(f"{words.OTHERS.get(self.lang)} {{}}", others))
        value = sum(int(count.value) for _, count in counts)
        return Live("+".join(c.formula for _, c in counts), value), joined(parts, " · "), counts[0][0]

    def _tile(
        self, at: int, label: Label, number: Live, unit: str, note: Live, edge: str, goes: Plan | None = None
    ) -> None:
        """Label, number, and what to do about it."""
        start = CARDS[at]
        ground: dict[str, Any] = {"bg_color": look.PANEL}
        ruled = {**ground, "left": 5, "left_color": edge, "indent": 1}
        for row in range(TILES, TILES + 3):
            for column in (start + 1, start + 2):
                self.sheet.write_blank(row, column, None, self.at.cell(None, **ground))
        cell, small = self.at.cell, {"font_size": 9, **ruled}
        self.sheet.write_string(TILES, start, label.get(self.lang), cell("subtitle", **ruled))
        size = 22 if len(unit) < 16 else 15
        # The number is wide and its column is not: three cells as one.
        big = cell(None, font_size=size, bold=True, num_format=unit, align="left", **ruled)
        self.sheet.merge_range(TILES + 1, start, TILES + 1, start + 2, "", big)
        self.sheet.write_formula(TILES + 1, start, f"={number.formula}", big, number.value)
        if goes:
            formula = f"=HYPERLINK({quoted('#go_' + goes.table.name)},{note.formula})"
            self.sheet.write_formula(TILES + 2, start, formula, cell("link", **small), note.value)
        else:
            self.sheet.write_formula(TILES + 2, start, f"={note.formula}", cell("subtitle", **small), note.value)

    def _section(self, row: int, text: Label, aside: Label) -> None:
        self.sheet.set_row(row, 24)
        line = {"bottom": 1, "bottom_color": look.SLATE}
        for column in range(1, RIGHT + 1):
            self.sheet.write_blank(row, column, None, self.at.cell(None, **line))
        self.sheet.write_string(row, 1, text.get(self.lang), self.at.cell("section", **line))
        small = self.at.cell(None, font_size=9, font_color=look.TEXT3, align="right", **line)
        self.sheet.write_string(row, RIGHT, aside.get(self.lang), small)

    def _who(self) -> None:
        self.sheet.set_row(WHO + 1, 24)
        groups = (
            (words.STAFF, words.STAFF_LINES), (words.PARTNER, words.PARTNER_LINES), (words.FINANCE, words.FINANCE_LINES),
            (words.COLOURS, ()),
        )  # fmt: skip
        for start, (head, lines) in zip(CARDS, groups, strict=True):
            self.sheet.write_string(WHO + 1, start, head.get(self.lang), self.at.cell(None, bold=True, font_size=11))
            for number, line in enumerate(lines, start=1):
                text = f"{number}  {line.get(self.lang)}"
                self.sheet.write_string(WHO + 1 + number, start, text, self.at.cell("subtitle"))
        self._signs(CARDS[-1])

    def _signs(self, start: int) -> None:
        """Each header and chip as it looks on the pages."""
        row, lang = WHO + 2, self.lang
        shown = (
            (row, start, words.YOU_FILL, "head staff"), (row, start + 1, words.PARTNER_FILLS, "head partner"),
            (row + 1, start, words.SYSTEM_WRITES, "head system"), (row + 1, start + 1, words.IS_FORMULA, "head formula"),
        )  # fmt: skip
        for line, column, word, style in shown:
            self.sheet.write_string(line, column, word.get(lang), self.at.cell(style, text_wrap=False, font_size=9))
        chips = ((words.SIGN_OPEN, "info"), (words.SIGN_WATCH, "watch"), (words.SIGN_BAD, "bad"))
        for column, (word, meaning) in enumerate(chips, start=start):
            said = look.MEANINGS[meaning]
            props: dict[str, Any] = {"font_color": said.ink, "bold": said.bold, "align": "center", "font_size": 9}
            if said.fill:
                props["bg_color"] = said.fill
            self.sheet.write_string(row + 2, column, word.get(lang), self.at.cell(None, **props))

    def _chapters(self) -> int:
        """A card for each chapter that has a page, and the leading ranks; returns the last row."""
        cards = [(c, [p for p in self.plans if p.table.chapter is c]) for c in CHAPTER_ORDER]
        places: list[tuple[Chapter | None, Sequence[Plan], int]] = [
            (chapter, plans, 2 if len(plans) > LINES else 1) for chapter, plans in cards if plans
        ]
        places.append((None, (), 2))
        top, slot, tall = FIRST_CARD, 0, 0
        self._card_row(top)
        for chapter, plans, wide in places:
            if slot + wide > len(CARDS):
                top, slot, tall = top + 3 + tall, 0, 0
                self._card_row(top)
            if chapter is None:
                tall = max(tall, self._leaders(top + 1, CARDS[slot]))
            else:
                tall = max(tall, self._card(top + 1, CARDS[slot : slot + wide], chapter, plans))
            slot += wide
        self.sheet.set_row(top + 3 + tall, 12)
        return top + 3 + tall

    def _card_row(self, top: int) -> None:
        self.sheet.set_row(top, 10)
        self.sheet.set_row(top + 1, 24)

    def _head(self, row: int, column: int, colour: str, text: Label, tag: Label) -> dict[str, Any]:
        """The first two lines of a card; gives the properties of its edge."""
        edge = {"left": 5, "left_color": colour, "indent": 1}
        self.sheet.write_string(row, column, text.get(self.lang), self.at.cell(None, font_size=13, bold=True, **edge))
        small = self.at.cell(None, font_size=9, font_color=look.TEXT3, **edge)
        self.sheet.write_string(row + 1, column, tag.get(self.lang), small)
        return edge

    def _card(self, row: int, columns: Sequence[int], chapter: Chapter, plans: Sequence[Plan]) -> int:
        """A chapter with links to its pages, in as many columns as it has; returns how many lines they take."""
        edge = self._head(row, columns[0], look.CHAPTERS[chapter], chapter.value, words.TAGS[chapter])
        links: list[tuple[Stop, Plan | None]] = [(Stop(p.table.name, p.sheet), p) for p in plans]
        names = [stop.name for stop, _ in links]
        if Results.name in names:
            links.insert(names.index(Results.name) + 1, (chart.stop(self.lang), None))
        tall = -(-len(links) // len(columns))
        for number, (stop, plan) in enumerate(links):
            column, line = columns[number // tall], row + 2 + number % tall
            side = edge if column == columns[0] else {"indent": 1}
            go(self.sheet, line, column, stop.name, stop.title, self.at.cell("link", **side))
            if plan:
                count = open_rows(plan)
                unit = words.OPEN_UNIT if over(plan.table) else words.ROWS_UNIT
                style = self.at.cell("subtitle", num_format=unit.get(self.lang), align="left", indent=1, font_size=9)
                self.sheet.write_formula(line, column + 1, f"={count.formula}", style, count.value)
        return tall

    def _leaders(self, row: int, column: int) -> int:
        """The first ranks of the panel that the result chart shows; returns how many lines they take."""
        edge = self._head(row, column, look.ACCENT, words.LEADERS, words.LEADERS_TAG)
        slots, cell = Slots(self.lang), self.at.cell
        for number in range(LEADERS):
            slot, line = chart.TOP + number, row + 2 + number
            rank, name = slots.cell(slot, chart.RANK), slots.cell(slot, chart.NAME)
            none = quoted(words.LEADERS_EMPTY.get(self.lang)) if number == 0 else '""'
            text = f'IF({rank}="",{none},HYPERLINK({quoted("#go_" + chart.PAGE)},{rank}&"  "&{name}))'
            empty = words.LEADERS_EMPTY.get(self.lang) if number == 0 else ""
            self.sheet.write_formula(line, column, f"={text}", cell("link", **edge), empty)
            score = f'IF({rank}="","",{slots.cell(slot, chart.SCORE)})'
            style = cell(None, num_format="0.00", align="left", bold=True)
            self.sheet.write_formula(line, column + 4, f"={score}", style, "")
        return LEADERS


__all__ = ["WAITING", "Cover"]
