"""A new workbook: what stands in the file, read with openpyxl and calamine, calculated by LibreOffice."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from python_calamine import CalamineWorkbook

from tests.office import recalculated
from tests.validator import validate
from workbook import look
from workbook.build import default_rows, new_workbook
from workbook.building.kinds import line_count, project, text_width
from workbook.building.marks import CLOSING, DEADLINES, TOLD, TONES
from workbook.building.plan import make_plan
from workbook.building.shapes import FROM_TOP
from workbook.defaults import WEIGHTS
from workbook.exporting import as_workbook, partner_export
from workbook.identity import SCHEMA_VERSION
from workbook.ooxml import Book
from workbook.ooxml.lint import lint
from workbook.rows import MISSING_FILE, to_cell
from workbook.sample import sample_rows
from workbook.schema import (
    COMPUTED,
    KINDS,
    PARTNER,
    STAFF,
    Choice,
    Column,
    CreditCode,
    Date,
    Email,
    Files,
    Formula,
    Key,
    Money,
    Phone,
    Scale,
    Table,
    Text,
)
from workbook.tables import (
    BY_NAME,
    TABLES,
    Actions,
    Bands,
    BudgetMappings,
    BudgetPhases,
    BudgetVersions,
    Candidates,
    Channels,
    Clauses,
    Contingency,
    Contracts,
    DataGrants,
    Defects,
    Deliveries,
    DueDiligence,
    Enablements,
    IncentiveRules,
    Indicators,
    Invitations,
    IssueEvents,
    Measures,
    Onboarding,
    Panels,
    Participants,
    Partners,
    PenaltyRules,
    Periods,
    Publications,
    Requirements,
    Results,
    Reviewers,
    ServiceLevels,
    SettingRow,
    Settings,
    SiteChecks,
    TechnicalControls,
    Todo,
    Visits,
    WorkingDays,
)
from workbook.tables.selection import DIMENSIONS

TODAY = date.today()  # of this machine, as LibreOffice has it
BOOK_ID = "11111111-2222-4333-8444-555555555555"
LANGS = ["zh-CN", "en"]
COVER = {"zh-CN": "首页", "en": "Home"}
CHART = {"zh-CN": "评估图", "en": "Result chart"}
TABLE_IDS = [table.name for table in TABLES]
NUMBERED_BY_PEOPLE = (
    Partners, Requirements, Publications, Invitations, Panels, Reviewers, Indicators, Bands, DueDiligence, Contracts,
    Clauses, Onboarding, WorkingDays, Periods, Deliveries, SiteChecks, IssueEvents, Enablements, IncentiveRules, Measures,
    ServiceLevels, Participants, Channels, Visits, Actions, Contingency, TechnicalControls,
    DataGrants, Defects, PenaltyRules, BudgetVersions, BudgetPhases, BudgetMappings,
)  # fmt: skip
# Functions that Excel 2010, WPS and LibreOffice share, and that a generated book may use.
ALLOWED = set(
    "SUMPRODUCT SUMIFS COUNTIFS INDEX MATCH ROUND IF IFERROR HYPERLINK TODAY COUNTA MAX SUBTOTAL AND OR NOT ROW TEXT CHAR".split()
)


@cache
def sample(lang: str = "zh-CN") -> bytes:
    return new_workbook(lang=lang, book_id=BOOK_ID, rows=sample_rows(1, TODAY), today=TODAY)


@cache
def empty(lang: str = "zh-CN") -> bytes:
    return new_workbook(lang=lang, book_id=BOOK_ID, today=TODAY)


@cache
def bare(lang: str = "zh-CN") -> bytes:
    """A book without even the rules that a new one begins with: every table but the settings is empty."""
    return new_workbook(lang=lang, book_id=BOOK_ID, rows={name: [] for name in default_rows(lang)}, today=TODAY)


@cache
def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data), rich_text=False)


def sheet_of(data: bytes, table: type[Table], lang: str = "zh-CN") -> Any:
    return opened(data)[table.label.get(lang)]


def body(data: bytes, table: type[Table], lang: str = "zh-CN") -> Iterator[tuple[int, dict[str, Any]]]:
    """Every row of a table, with its number, by column name."""
    sheet = sheet_of(data, table, lang)
    first, last = re.findall(r"\d+", sheet.tables[table.name].ref)
    for number in range(int(first) + 1, int(last) + 1):
        yield number, {name: sheet.cell(number, 2 + i) for i, name in enumerate(table.columns)}


def validations(data: bytes, table: type[Table], lang: str = "zh-CN") -> dict[str, Any]:
    """The validation of each column, by column name."""
    sheet = sheet_of(data, table, lang)
    by_letter = {}
    for rule in sheet.data_validations.dataValidation:
        for area in str(rule.sqref).split():
            by_letter[re.match("[A-Z]+", area)[0]] = rule  # type: ignore[index]
    return {name: by_letter[get_column_letter(2 + i)] for i, name in enumerate(table.columns)}


# --- the declaration, all of it and nothing else ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_has_a_place_in_a_sheet_of_its_own(kind: type) -> None:
    assert kind in project.registry


@pytest.mark.parametrize("lang", LANGS)
def test_the_tabs_are_the_cover_the_declared_tables_in_order_and_the_chart_after_the_results(lang: str) -> None:
    shown = [sheet.title for sheet in opened(empty(lang)) if sheet.sheet_state == "visible"]
    tables = [table.label.get(lang) for table in TABLES]
    at = tables.index(Results.label.get(lang)) + 1
    assert shown == [COVER[lang], *tables[:at], CHART[lang], *tables[at:]]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("table", TABLES, ids=TABLE_IDS)
def test_tables_and_headers_are_those_declared(table: type[Table], lang: str) -> None:
    sheet = sheet_of(sample(lang), table, lang)
    assert list(sheet.tables) == [table.name]
    made = sheet.tables[table.name]
    assert made.ref.startswith("B5:")
    headers = [column.label.get(lang) for column in table.columns.values()]
    assert [column.name for column in made.tableColumns] == headers
    assert [sheet.cell(5, 2 + i).value for i in range(len(headers))] == headers
    assert made.tableStyleInfo.name == "PartnerBook" and made.totalsRowCount in (None, 0)


@pytest.mark.parametrize("table", TABLES, ids=TABLE_IDS)
def test_nothing_stands_below_or_beside_a_table(table: type[Table]) -> None:
    sheet = sheet_of(sample(), table)
    last = max(number for number, _ in body(sample(), table))
    for row in sheet.iter_rows(min_row=5):
        for cell in row:
            if cell.row > last or not 2 <= cell.column < 2 + len(table.columns):
                assert cell.value is None, cell.coordinate
    assert "Print_Area" not in sheet.defined_names and not sheet.print_area


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("table", [t for t in TABLES if t is not Settings], ids=lambda t: t.name)
def test_an_empty_table_has_one_blank_styled_row_and_says_so(table: type[Table], lang: str) -> None:
    data = bare(lang)
    rows = list(body(data, table, lang))
    assert len(rows) == 1
    for name, cell in rows[0][1].items():
        assert cell.has_style
        if not isinstance(table.columns[name], Formula):
            assert cell.value is None
    assert table.empty.get(lang) in sheet_of(data, table, lang)["B2"].value
    values = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(table.label.get(lang))
    assert values.to_python(skip_empty_area=False)[1][1] == table.empty.get(lang) + ("." if lang == "en" else "。")


@pytest.mark.parametrize("lang", LANGS)
def test_a_new_book_begins_with_its_settings_and_rules_and_nothing_else(lang: str) -> None:
    begins = {
        Settings: [{"setting": name} for name, _, _ in SettingRow.DEFAULTS],
        **{BY_NAME[name]: rows for name, rows in default_rows(lang).items() if name in BY_NAME},
    }
    for table in TABLES:
        rows = [{n: c.value for n, c in row.items()} for _, row in body(empty(lang), table, lang)]
        names = list(table.columns)
        if table not in begins:
            assert not any(rows[0][n] for n in names if not isinstance(table.columns[n], Formula)) and len(rows) == 1
            continue
        assert [row[names[0]] for row in rows] == [given[names[0]] for given in begins[table]]
        for row, given in zip(rows, begins[table], strict=True):
            for name, value in given.items():
                assert row[name] == to_cell(table.columns[name], value, lang[:2]), (name, value)


def test_headers_say_who_fills_a_column() -> None:
    colours = {STAFF: look.ACCENT, PARTNER: look.HEAD_PARTNER, COMPUTED: look.WASH}
    for table in TABLES:
        sheet = sheet_of(sample(), table)
        for i, column in enumerate(table.columns.values()):
            wanted = look.PANEL if isinstance(column, Formula) else colours[column.owner]
            assert sheet.cell(5, 2 + i).fill.fgColor.rgb == "FF" + wanted[1:], column.name


def test_marks_speak_of_words_and_dates_that_are_declared() -> None:
    words = {o.zh for t in TABLES for c in t.columns.values() if isinstance(c, Choice) for o in c.options.values()}
    assert set(TONES) | CLOSING | set(TOLD) <= words
    assert {c for t in TABLES for c in t.columns.values() if isinstance(c, Date)} >= set(DEADLINES)
    assert set(TONES.values()) <= set(look.MEANINGS)


# --- typing into it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("table", TABLES, ids=TABLE_IDS)
def test_what_the_system_writes_is_guarded_and_the_rest_says_what_it_takes(table: type[Table], lang: str) -> None:
    rules = validations(sample(lang), table, lang)
    for name, column in table.columns.items():
        rule = rules[name]
        if column.owner is COMPUTED and not (table in NUMBERED_BY_PEOPLE and isinstance(column, Key)):
            assert (rule.type, rule.formula1, rule.allowBlank) == ("custom", "FALSE", False), name
            assert rule.error and rule.errorTitle
        else:
            assert rule.promptTitle and rule.prompt and len(rule.prompt) <= 255
            assert rule.formula1 != "FALSE"
            assert rule.error or not rule.type


@pytest.mark.parametrize("table", NUMBERED_BY_PEOPLE, ids=lambda table: table.name)
def test_people_number_the_rows_of_a_table_that_is_theirs_alone(table: type[Table]) -> None:
    assert validations(sample(), table)[table.key().name].formula1 == "COUNTIFS($B$6:$B$1048576,B6)=1"


@pytest.mark.parametrize("lang", LANGS)
def test_choices_and_marks_are_lists_through_names_on_a_hidden_sheet(lang: str) -> None:
    book = opened(sample(lang))
    for table in TABLES:
        rules = validations(sample(lang), table, lang)
        for name, column in table.columns.items():
            if column.owner is COMPUTED or not isinstance(column, Choice | Scale):
                continue
            assert (rules[name].type, rules[name].formula1) == ("list", f"list_{table.name}_{name}")
            sheet, area = next(iter(book.defined_names[f"list_{table.name}_{name}"].destinations))
            assert book[sheet].sheet_state == "hidden"
            offered = [cell.value for row in book[sheet][area] for cell in row]
            if isinstance(column, Choice):
                assert offered == [label.get(lang) for label in column.options.values()]
            else:
                assert offered[:5] == [1, 2, 3, 4, 5] and len(offered) == 5 + bool(column.unknown)


def test_the_widths_of_a_list_are_not_bound_to_255_characters() -> None:
    for table in TABLES:
        for rule in validations(sample(), table).values():
            assert len(str(rule.formula1 or "")) <= 255 and not str(rule.formula1).startswith('"')


def test_codes_and_phones_are_text_and_amounts_are_numbers() -> None:
    for _, row in body(sample(), Candidates):
        for name, cell in row.items():
            column = Candidates.columns[name]
            if isinstance(column, CreditCode | Phone | Email):
                assert cell.number_format == "@" and isinstance(cell.value, str)
            if isinstance(column, Money) and cell.value is not None:
                assert isinstance(cell.value, int | float) and "#,##0.00" in cell.number_format
    assert isinstance(next(body(sample(), Candidates))[1]["submitted_at"].value, datetime)


def test_text_that_looks_like_a_formula_stays_text() -> None:
    hostile = {"partner": "P-0001", "legal_name": "=HYPERLINK(1)", "remark": "@SUM(A1)", "manager": "+1"}
    data = new_workbook(rows={"partners": [hostile]}, today=TODAY)
    assert not lint(data)
    _, row = next(body(data, Partners))
    for name in ("legal_name", "remark", "manager"):
        assert (row[name].data_type, row[name].value, row[name].quotePrefix) == ("s", hostile[name], True)


@pytest.mark.parametrize("text", ["<r><t>x</t></r>", "<r></r>", "<r>&nonsense;<t></r>"])
def test_text_that_looks_like_markup_stays_text(text: str) -> None:
    """XlsxWriter would write it unescaped: other text, or a book that no program opens."""
    data = new_workbook(rows={"partners": [{"partner": "P-0001", "legal_name": text, "status": "active"}]}, today=TODAY)
    assert not lint(data)
    _, row = next(body(data, Partners))
    assert row["legal_name"].value == text
    read = Book.read(data)
    assert [one.values["企业名称"] for one in read.rows("partners")] == [text]
    sheet = openpyxl.load_workbook(io.BytesIO(as_workbook(partner_export(read, "P-0001")))).worksheets[0]
    assert sheet["B2"].value == text


def test_a_missing_document_reads_to_follow_and_a_state_begins_at_its_default() -> None:
    rows = {"candidates": [{"candidate": "C-0001", "legal_name": "示例"}]}
    _, row = next(body(new_workbook(rows=rows, today=TODAY), Candidates))
    assert row["profile_file"].value == MISSING_FILE["zh"]
    assert (row["status"].value, row["verification"].value) == ("已收到", "未核实")


def test_provenance_is_folded_away_and_the_key_stays_in_sight() -> None:
    for table in TABLES:
        sheet = sheet_of(sample(), table)
        hidden = {
            name for i, name in enumerate(table.columns) if sheet.column_dimensions[get_column_letter(2 + i)].hidden
        }
        if table.submission():
            assert hidden == {"version", "submission_id", "fingerprint"} & table.columns.keys()
        assert sheet.freeze_panes[0] >= "D" and sheet.freeze_panes[1:] == "6"
    assert sheet_of(sample(), Todo).column_dimensions["K"].hidden


# --- formulas and names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_calculated_columns_are_written_in_full_form(lang: str) -> None:
    with zipfile.ZipFile(io.BytesIO(sample(lang))) as book:
        texts = [book.read(name).decode() for name in book.namelist() if "/tables/" in name]
    found = [formula for text in texts for formula in re.findall("<calculatedColumnFormula>(.*?)</", text)]
    due = Todo.due.label.get(lang)
    assert f'IF(todo[[#This Row],[{due}]]="","",todo[[#This Row],[{due}]]-TODAY())' in [
        f.replace("&quot;", '"') for f in found
    ]
    assert not any("[@" in formula for formula in found)
    assert lang == "zh-CN" or not any("打开" in formula for formula in found)


@pytest.mark.parametrize("lang", LANGS)
def test_formulas_use_only_functions_that_all_programs_share(lang: str) -> None:
    used = set()
    for sheet in opened(sample(lang)):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    bare = re.sub(r'"[^"]*"', "", str(getattr(cell.value, "text", cell.value)))
                    used |= set(re.findall(r"([A-Z][A-Z0-9.]+)\(", re.sub(r"\[[^\[\]]*\]", "", bare)))
    assert used <= ALLOWED and "COUNTIFS" in used


def test_the_book_carries_its_identity_in_hidden_names() -> None:
    names = opened(sample()).defined_names
    told = {name: names[name].attr_text for name in names if name.startswith("_PartnerBook_")}
    assert told == {
        "_PartnerBook_book": f'"{BOOK_ID}"', "_PartnerBook_generation": "0",
        "_PartnerBook_schema": str(SCHEMA_VERSION), "_PartnerBook_waiting": "0",
    }  # fmt: skip
    assert all(names[name].hidden for name in told)


def test_two_new_books_are_two_books() -> None:
    ids = {opened(new_workbook(today=TODAY)).defined_names["_PartnerBook_book"].attr_text for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("lang", LANGS)
def test_every_link_leads_to_a_page_of_the_book(lang: str) -> None:
    book = opened(sample(lang))
    places = {name for name in book.defined_names if name.startswith("go_")}
    assert places == {"go_home", "go_chart", *(f"go_{table.name}" for table in TABLES)}
    for sheet in book:
        if sheet.sheet_state != "visible":
            continue
        cells = [c for row in sheet.iter_rows(max_row=60) for c in row if c.data_type == "f"]
        linked = {name for cell in cells for name in re.findall(r'"#(go_\w+)"', str(cell.value))}
        if sheet.title == COVER[lang]:
            assert linked == places - {"go_home"}  # one click from the cover to any page, and one back
        else:
            assert "go_home" in linked and linked <= places, sheet.title
    assert {row["page"].value for _, row in body(sample(lang), Todo, lang)} <= set(BY_NAME)


def test_the_same_arguments_give_the_same_bytes() -> None:
    again = new_workbook(book_id=BOOK_ID, rows=sample_rows(1, TODAY), today=TODAY)
    assert again == sample()


def test_settings_take_the_given_values_and_keep_the_others() -> None:
    data = new_workbook(settings={SettingRow.COMPANY: "示例公司"}, today=TODAY)
    values = {row["setting"].value: row["value"].value for _, row in body(data, Settings)}
    assert values == {**{name: value or None for name, value, _ in SettingRow.DEFAULTS}, SettingRow.COMPANY: "示例公司"}
    with pytest.raises(KeyError, match="没有"):
        new_workbook(settings={"没有的参数": "1"})


def test_a_table_or_column_that_is_not_declared_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="nothing"):
        new_workbook(rows={"nothing": []})
    with pytest.raises(KeyError, match="colour"):
        new_workbook(rows={"partners": [{"colour": "red"}]})


# --- the look --------------------------------------------------------------------------------------------------------


def luminance(rgb: str) -> float:
    parts = [int(rgb[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, ground: str) -> float:
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ground_of(fill: Any) -> str:
    return str(fill.fgColor.rgb)[-6:] if fill.fill_type == "solid" else "FFFFFF"


@pytest.mark.parametrize("lang", LANGS)
def test_all_text_contrasts_with_its_ground_and_none_is_too_small(lang: str) -> None:
    for sheet in opened(sample(lang)):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    ink = str(cell.font.color.rgb)[-6:]
                    assert contrast(ink, ground_of(cell.fill)) >= 4.5, f"{sheet.title}!{cell.coordinate}"
                    assert cell.font.sz >= 8


def test_chips_contrast_with_their_ground_also_where_they_have_none() -> None:
    grounds = ("FFFFFF", look.INPUT_FILL[1:], look.PANEL[1:])
    for name, said in look.MEANINGS.items():
        for ground in (said.fill[1:],) if said.fill else grounds:
            assert contrast(said.ink[1:], ground) >= 4.5, (name, ground)


def _room(sheet: Any, cell: Any) -> float:
    """The characters that a text may take: its own cell, and empty ones on the side to which it runs over."""
    step = -1 if cell.alignment.horizontal == "right" else 1
    merged = next((m for m in sheet.merged_cells.ranges if cell.coordinate in m), None)
    last = merged.max_col if merged else cell.column
    room = sum(_width(sheet, column) for column in range(cell.column, last + 1))
    column = last + step
    while 1 <= column <= 60 and sheet.cell(cell.row, column).value is None and cell.alignment.horizontal != "center":
        room += _width(sheet, column)
        column += step
    return room


def _width(sheet: Any, column: int) -> float:
    for dimension in sheet.column_dimensions.values():
        if dimension.min and dimension.min <= column <= dimension.max:
            return 0 if dimension.hidden else float(dimension.width)
    return 9


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("filled", [True, False], ids=["sample", "empty"])
def test_no_text_is_wider_than_the_room_it_has(lang: str, filled: bool) -> None:
    data = sample(lang) if filled else empty(lang)
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    for sheet in values:
        if sheet.sheet_state == "hidden":
            continue
        for row in sheet.iter_rows():
            for cell in row:
                if not isinstance(cell.value, str) or cell.alignment.wrap_text or not _width(sheet, cell.column):
                    continue
                wide = text_width(cell.value) * cell.font.sz / 10
                assert wide <= _room(sheet, cell), f"{sheet.title}!{cell.coordinate}: {cell.value}"


@pytest.mark.parametrize("lang", LANGS)
def test_text_that_stands_in_the_middle_of_a_row_fits_its_two_lines(lang: str) -> None:
    for table in TABLES:
        for number, row in body(sample(lang), table, lang):
            for cell in row.values():
                if isinstance(cell.value, str) and cell.alignment.wrap_text and cell.alignment.vertical == "center":
                    width = _width(cell.parent, cell.column)
                    assert line_count(cell.value, width) <= 2, (table.name, number, cell.value)


def test_the_last_row_shows_long_text_from_its_beginning_for_the_rows_that_take_after_it() -> None:
    for data in (sample(), empty()):
        for table in TABLES:
            *_, (_, last) = body(data, table)
            for name, cell in last.items():
                column = table.columns[name]
                if isinstance(column, Files) or (isinstance(column, Text) and column.lines):
                    assert cell.alignment.vertical == "top", (table.name, name)


def test_rows_that_are_read_along_with_their_long_text_begin_level() -> None:
    assert set(TABLE_IDS) >= FROM_TOP
    for data in (sample(), empty()):
        for table in TABLES:
            if table.name in FROM_TOP:
                for number, row in body(data, table):
                    assert {cell.alignment.vertical for cell in row.values()} == {"top"}, (table.name, number)


def test_a_topic_above_the_header_does_not_repeat_the_title_of_the_page() -> None:
    for table in TABLES:
        sheet = sheet_of(sample(), table)
        assert table.label.zh not in [cell.value for cell in sheet[4]], table.name


@pytest.mark.parametrize("lang", LANGS)
def test_headers_fit_on_two_lines(lang: str) -> None:
    for table in TABLES:
        for spot in make_plan(table, lang, TODAY, ()).spots:
            words = spot.header.split(" ") if lang == "en" else [spot.header]
            assert lang == "zh-CN" or max(text_width(word) for word in words) <= spot.width - 3, spot.header
            assert line_count(spot.header, spot.width - 1) <= 2, spot.header


def test_pages_print_with_their_header_a_footer_and_readable_text() -> None:
    for table in TABLES:
        sheet = sheet_of(sample(), table)
        assert sheet.print_title_rows == "$4:$5"
        assert sheet.oddFooter.left.text and sheet.page_setup.orientation == "landscape"
        widths = [_width(sheet, 2 + i) * 7 + 5 for i in range(len(table.columns))]
        room = {9: 1047, 8: 1512}[int(sheet.page_setup.paperSize)] * int(sheet.page_setup.fitToWidth or 1)
        assert sum(widths) * 0.7 <= room, table.name


def test_named_styles_and_the_table_style_are_in_the_gallery() -> None:
    with zipfile.ZipFile(io.BytesIO(sample())) as book:
        styles = book.read("xl/styles.xml").decode()
        theme = book.read("xl/theme/theme1.xml").decode()
    for name, _ in look.STYLES.values():
        assert f'<cellStyle name="伙伴簿 {name.zh}"' in styles
    assert 'defaultTableStyle="PartnerBook"' in styles
    assert look.ACCENT[1:] in theme and look.FONT in theme
    assert {cell.style for _, row in body(sample(), Todo) for cell in row.values()} == {
        "伙伴簿 输入",
        "伙伴簿 系统",
        "伙伴簿 公式",
    }


def test_notes_explain_what_a_header_cannot() -> None:
    for table in TABLES:
        sheet = sheet_of(sample(), table)
        for i, column in enumerate(table.columns.values()):
            note = sheet.cell(5, 2 + i).comment
            if column.note or column.shown_to_partner:
                assert note and (column.note.zh if column.note else "伙伴在回执页看到") in note.text


# --- the result chart ------------------------------------------------------------------------------------------------


def result_rows() -> list[dict[str, Any]]:
    """Results of two panels as people leave them: sorted by name, rows of both panels mixed."""
    dimensions = ("fit", "technology", "finance", "market", "operations", "compliance", "record", "culture")

    def row(
        panel: str, number: int, order: int, state: str, rank: int | None, mark: str, **more: Any
    ) -> dict[str, Any]:
        marks = {name: Decimal(mark) for name in dimensions} | more
        total = sum((m * w for m, w in zip(marks.values(), WEIGHTS.values(), strict=True) if m is not None), Decimal(0))
        counted = sum(w for m, w in zip(marks.values(), WEIGHTS.values(), strict=True) if m is not None)
        return {
            "result": f"{panel}/C-{number:04d}", "legal_name": f"示例{number}号有限公司", "state": state,
            "rank": None if rank is None else Decimal(rank), "score": round(total / counted * 20, 2), "panel": panel,
            "candidate": f"C-{number:04d}", "order": Decimal(order), "rule_version": "v1", **marks,
        }  # fmt: skip

    return [
        row("V-0001", 4, 2, "ranked", 2, "4", fit=Decimal("4.5")), row("V-0002", 9, 1, "ranked", 1, "3.5"),
        row("V-0001", 2, 4, "disqualified", None, "4.9"), row("V-0001", 7, 3, "ranked", 3, "3.2", culture=None),
        row("V-0001", 1, 5, "blocked", None, "3", market=None, finance=None), row("V-0001", 3, 1, "ranked", 1, "4.6"),
    ]  # fmt: skip


def with_results(lang: str = "zh-CN") -> bytes:
    return new_workbook(lang=lang, rows={**sample_rows(1, TODAY), "results": result_rows()}, today=TODAY)


def shown_by_chart(book: Any, lang: str) -> list[list[Any]]:
    """Rank, name, outcome, score and points of each line under the chart that shows anybody."""
    rows = [[cell.value for cell in row] for row in book[CHART[lang]]["B21:M30"]]
    return [row for row in rows if row[1]]


@pytest.mark.libreoffice
@pytest.mark.parametrize("lang", LANGS)
def test_the_chart_shows_the_chosen_panel_in_order_however_the_results_are_sorted(lang: str, tmp_path: Path) -> None:
    source = tmp_path / "book.xlsx"
    source.write_bytes(with_results(lang))
    book = openpyxl.load_workbook(recalculated(source, tmp_path / "out"), data_only=True)
    rows = shown_by_chart(book, lang)
    assert [(row[0], row[1]) for row in rows] == [
        (1, "示例3号有限公司"), (2, "示例4号有限公司"), (3, "示例7号有限公司"), ("–", "示例2号有限公司"),
        ("–", "示例1号有限公司"),
    ]  # fmt: skip
    for row in rows[:4]:
        assert sum(points or 0 for points in row[4:]) == pytest.approx(row[3], abs=0.005)
    assert rows[2][-1] is None and not any(rows[4][4:])  # a dimension without a score; one who cannot be rated yet
    said = book[CHART[lang]]["B2"].value
    assert "示例3号有限公司" in said and "92.00" in said and "9.50" in said


@pytest.mark.libreoffice
def test_the_chart_follows_the_panel_that_people_choose_and_rows_that_are_written_later(tmp_path: Path) -> None:
    opened_book = Book.read(with_results())
    late = {
        "结果编号": "V-0002/C-0008",
        "企业名称": "后来有限公司",
        "结论": "已排名",
        "名次": 2,
        "官方得分": 60.0,
        "排序": 2,
    }
    late |= {"评审会编号": "V-0002", "规则版本": "v1", **{label.zh: 3 for label in DIMENSIONS.values()}}
    opened_book.append("results", [late])
    source = tmp_path / "book.xlsx"
    source.write_bytes(choosing(opened_book.to_bytes(), "V-0002"))
    book = openpyxl.load_workbook(recalculated(source, tmp_path / "out"), data_only=True)
    rows = shown_by_chart(book, "zh-CN")
    assert [row[1] for row in rows] == ["示例9号有限公司", "后来有限公司"]
    assert [row[3] for row in rows] == [70, 60] and sum(rows[1][4:]) == pytest.approx(60)


def choosing(data: bytes, panel: str) -> bytes:
    """The book with another panel typed into the cell that chooses it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    book["评估图"]["C5"] = panel
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_chart_reads_fixed_slots_and_stands_where_no_table_grows() -> None:
    with zipfile.ZipFile(io.BytesIO(sample())) as book:
        (chart,) = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/charts/chart")]
        drawings = [name for name in book.namelist() if name.startswith("xl/drawings/drawing")]
    areas = set(re.findall(r"<c:f>([^<]+)</c:f>", chart))
    assert len(drawings) == 1 and all(area.startswith("图表数据!") for area in areas)
    assert {re.sub("[^0-9:]", "", area) for area in areas} == {"4", "5:14"}
    page = opened(sample())["评估图"]
    assert not page.tables and len(page._charts) == 1
    anchor = page._charts[0].anchor
    figures = range(20, 31)  # rows of the numbers under it
    assert anchor.to.row + 1 < figures[0] and anchor._from.row >= 5
    for row in page.iter_rows(min_row=6, max_row=19):
        assert not any(cell.value for cell in row)


def test_the_chart_of_an_empty_book_says_that_there_is_nothing_yet() -> None:
    page = openpyxl.load_workbook(io.BytesIO(empty()), data_only=True)["评估图"]
    assert "还没有结果" in page["B2"].value
    assert not any(cell.value for row in page["B21:M30"] for cell in row)


def test_a_copied_row_is_seen_at_once_by_its_key() -> None:
    for table in TABLES:
        sheet = sheet_of(sample(), table)
        rules = {
            str(area.sqref): [rule.type for rule in rules]
            for area, rules in sheet.conditional_formatting._cf_rules.items()
        }
        keys = [kinds for area, kinds in rules.items() if re.fullmatch(r"B6(:B\d+)?", area)]
        assert any("duplicateValues" in kinds for kinds in keys), table.name


# --- other programs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("filled", [True, False], ids=["sample", "empty"])
def test_the_lint_finds_nothing(lang: str, filled: bool) -> None:
    assert lint(sample(lang) if filled else empty(lang)) == ()


@pytest.mark.validator
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("filled", [True, False], ids=["sample", "empty"])
def test_the_open_xml_validator_finds_nothing(lang: str, filled: bool, tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    book.write_bytes(sample(lang) if filled else empty(lang))
    assert validate(book) == []


def test_calamine_reads_the_rows_that_were_given() -> None:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(sample())).get_sheet_by_name(Candidates.label.zh)
    table = sheet.to_python(skip_empty_area=False)[5:]
    given = sample_rows(1, TODAY)["candidates"]
    assert [row[2] for row in table] == [row["legal_name"] for row in given]
    at = 1 + list(Candidates.columns).index("annual_revenue")
    assert [row[at] for row in table] == [float(row["annual_revenue"]) for row in given]


def numbers(data: bytes, rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What the cover must show for these rows, counted here in another way."""
    todo = [row for row in rows.get("todo", []) if row["state"] == "open"]
    unverified = [
        sum(1 for row in rows.get(table.name, []) if row.get("verification") == "unverified")
        for table in TABLES
        if table.submission() and "verification" in table.columns
    ]
    return {
        "B7": 0,
        "F7": len(todo),
        "F8": f"其中逾期 {sum(1 for row in todo if row['due'] < TODAY)} 项 → 待办与提醒",
        "J7": sum(unverified),
        "J8": "候选提交 {} · 问题跟踪 {} · 其他 {}".format(*unverified[:2], sum(unverified[2:])),
    }


@pytest.mark.libreoffice
@pytest.mark.parametrize("filled", [True, False], ids=["sample", "empty"])
@pytest.mark.parametrize("lang", LANGS)
def test_libreoffice_calculates_what_the_file_says(lang: str, filled: bool, tmp_path: Path) -> None:
    source = tmp_path / "book.xlsx"
    source.write_bytes(sample(lang) if filled else empty(lang))
    before = openpyxl.load_workbook(source, data_only=True)
    after = openpyxl.load_workbook(recalculated(source, tmp_path / "out"), data_only=True)
    compared = 0
    for sheet in opened(source.read_bytes()):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                was, now = before[sheet.title][cell.coordinate].value, after[sheet.title][cell.coordinate].value
                where = f"{sheet.title}!{cell.coordinate}: {cell.value}"
                assert not str(now).startswith(("#", "Err:")), where
                if isinstance(was, int | float) and isinstance(now, int | float):
                    assert now == pytest.approx(was), where
                else:
                    assert (now or None) == (was or None), where
                compared += 1
    assert compared > 40


@pytest.mark.libreoffice
@pytest.mark.parametrize("filled", [True, False], ids=["sample", "empty"])
def test_the_counts_on_the_cover_are_right(filled: bool, tmp_path: Path) -> None:
    rows = sample_rows(1, TODAY) if filled else {}
    source = tmp_path / "book.xlsx"
    source.write_bytes(sample() if filled else empty())
    cover = openpyxl.load_workbook(recalculated(source, tmp_path / "out"), data_only=True)["首页"]
    for cell, value in numbers(source.read_bytes(), rows).items():
        assert cover[cell].value == value, cell
    if filled:
        latest = max(row["submitted_at"] for t in rows.values() for row in t if "submitted_at" in row)
        assert cover["N7"].value == latest
    else:
        assert cover["N7"].value in (0, time(), datetime(1899, 12, 30))


def test_a_column_that_nobody_declared_a_kind_for_is_refused() -> None:
    with pytest.raises(TypeError, match="no place"):
        project(Column("甲", "A"), None)
