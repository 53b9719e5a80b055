"""What an upgrade promises: an older book gets what it lacks, looks like a new one there, and keeps every other byte."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from forms_server.house import open_house
from forms_server.inbox import Incoming
from tests.office import recalculated
from tests.packages import member, raw_members, rewrite
from tests.validator import validate
from workbook import backups, build, store
from workbook.errors import AppendRefused, NotAWorkbook
from workbook.identity import GENERATION, SCHEMA
from workbook.ooxml import Book
from workbook.ooxml.lint import lint, new_findings
from workbook.sample import sample_rows
from workbook.schema import Table
from workbook.tables import (
    TABLES,
    Bands,
    Candidates,
    Contributions,
    Declarations,
    Incidents,
    Indicators,
    Marks,
    Panels,
    Partners,
    Results,
    Reviewers,
    Satisfaction,
    SettingRow,
    Settings,
    Todo,
)
from workbook.upgrading import Upgrade, upgrade_file, upgraded

BOOK_ID = "11111111-2222-4333-8444-555555555555"
TODAY = date(2026, 11, 20)
LANGS = ["zh-CN", "en"]
SCORING = (Results, Contributions, Panels, Reviewers, Marks, Declarations, Indicators, Bands)
NEW_SETTINGS = (SettingRow.MIN_REVIEWERS, SettingRow.BACKUP_DAYS)
# Members of the old book that an upgrade may change; what is not named here stays byte for byte.
MAY_CHANGE = {
    "[Content_Types].xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/calcChain.xml",
}


def old_book(
    without: Collection[type[Table]] = (),
    lang: str = "zh-CN",
    *,
    columns: Mapping[type[Table], Collection[str]] | None = None,
    settings: Collection[str] = (),
    rows: bool = False,
) -> bytes:
    """A book as an older version would have built it: without some tables, columns and settings."""
    with pytest.MonkeyPatch.context() as patch:
        for table, names in (columns or {}).items():
            patch.setattr(table, "columns", {n: c for n, c in table.columns.items() if n not in names})
        patch.setattr(build, "TABLES", tuple(table for table in TABLES if table not in without))
        patch.setattr(SettingRow, "DEFAULTS", tuple(d for d in SettingRow.DEFAULTS if d[0] not in settings))
        if Results in without:
            chartless(patch)
        given: dict[str, Any] = {}
        if rows:
            known, sample = {table.name for table in TABLES if table not in without}, sample_rows(1, TODAY)
            given = {
                table.name: [{n: v for n, v in row.items() if n in table.columns} for row in sample[table.name]]
                for table in TABLES if table.name in known & sample.keys()
            }  # fmt: skip
        return build.new_workbook(lang=lang, book_id=BOOK_ID, rows=given, today=TODAY)


def chartless(patch: pytest.MonkeyPatch) -> None:
    """A version from before the scoring knew no chart of its results."""
    stops: Callable[..., Any] = lambda plans, lang: [build.Stop(plan.table.name, plan.sheet) for plan in plans]  # noqa: E731
    patch.setattr(build, "_stops", stops)
    patch.setattr(build.chart.Slots, "write", lambda *_: None)
    patch.setattr(build, "Cover", lambda *_: type("Blank", (), {"draw": lambda self: None})())


@cache
def before_scoring(lang: str = "zh-CN") -> bytes:
    return old_book(SCORING, lang, settings=NEW_SETTINGS)


@cache
def by_openpyxl() -> bytes:
    return saved_by_openpyxl(before_scoring())


@cache
def without_two(lang: str = "zh-CN") -> bytes:
    return old_book((Incidents, Satisfaction), lang, rows=lang == "zh-CN")


@cache
def new_book(lang: str = "zh-CN") -> bytes:
    return build.new_workbook(lang=lang, book_id=BOOK_ID, today=TODAY)


@cache
def loaded(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data), rich_text=True)


after = cache(upgraded)


def saved_by_openpyxl(data: bytes) -> bytes:
    out = io.BytesIO()
    openpyxl.load_workbook(io.BytesIO(data)).save(out)
    return out.getvalue()


def sheet_of(data: bytes, table: type[Table]) -> Any:
    return next(sheet for sheet in loaded(data) if table.name in sheet.tables)


def said(done: Upgrade, kind: str) -> list[tuple[str, str]]:
    return [(one.where, one.what) for one in done.additions if one.kind == kind]


# --- what is added ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_a_book_from_before_the_scoring_gets_all_of_it(lang: str) -> None:
    done = after(before_scoring(lang))
    book = Book.read(done.data)
    for table in TABLES:
        view, declared = book.table(table.name), [c.label.get(lang) for c in table.columns.values()]
        assert list(view.columns) == declared, table.name
        assert view.sheet == table.label.get(lang)
    assert {where for where, _ in said(done, "page")} == {
        *(table.label.get(lang) for table in SCORING), "Result chart" if lang == "en" else "评估图",
    }  # fmt: skip
    assert len(book.rows(Indicators.name)) == len(Book.read(new_book(lang)).rows(Indicators.name)) > 30
    assert [what for _, what in said(done, "setting")] == list(NEW_SETTINGS)
    assert new_findings(before_scoring(lang), done.data) == ()


@pytest.mark.parametrize("lang", LANGS)
def test_the_new_pages_stand_behind_the_old_ones_and_no_old_tab_moves(lang: str) -> None:
    old, new = loaded(without_two(lang)), loaded(after(without_two(lang)).data)
    assert new.sheetnames[: len(old.sheetnames)] == old.sheetnames
    assert new.sheetnames[len(old.sheetnames) :] == [Satisfaction.label.get(lang), Incidents.label.get(lang)]
    assert {t: s.sheet_state for t, s in zip(new.sheetnames, new, strict=True)}.items() >= {
        t: s.sheet_state for t, s in zip(old.sheetnames, old, strict=True)
    }.items()


def test_the_identity_and_the_generation_stay() -> None:
    book = Book.read(before_scoring())
    book.set_defined_name(GENERATION, "41")
    done = Book.read(upgraded(book.to_bytes()).data)
    assert done.defined_name(GENERATION) == "41"
    assert done.defined_name("_PartnerBook_book") == f'"{BOOK_ID}"'


def test_a_setting_that_staff_changed_stays_and_only_the_missing_ones_come() -> None:
    book = Book.read(before_scoring())
    book.update(Settings.name, "参数", {SettingRow.COMPANY: {"值": "示例制造有限公司"}})
    rows = Book.read(upgraded(book.to_bytes()).data).rows(Settings.name)
    values = {row.values["参数"]: row.values["值"] for row in rows}
    assert values[SettingRow.COMPANY] == "示例制造有限公司"
    assert (values[SettingRow.MIN_REVIEWERS], values[SettingRow.BACKUP_DAYS]) == ("3", "30")
    assert len(rows) == len(values) == len(SettingRow.DEFAULTS)


def test_settings_in_an_english_book_are_explained_in_english() -> None:
    rows = Book.read(upgraded(before_scoring("en")).data).rows(Settings.name)
    assert "Fewest reviewers" in str(next(r.values["Meaning"] for r in rows if r.values["Setting"] == NEW_SETTINGS[0]))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("make", [without_two, before_scoring])
def test_choices_in_the_new_pages_offer_their_words(make: Callable[[str], bytes], lang: str) -> None:
    done = loaded(after(make(lang)).data)
    fresh = loaded(new_book(lang))
    seen = 0
    for name in fresh.defined_names:
        if name.startswith("list_"):
            seen += 1
            assert offered(done, name) == offered(fresh, name), name
    assert seen > 30
    offers = {rule.formula1 for sheet in done for rule in sheet.data_validations.dataValidation if rule.type == "list"}
    assert {name for name in offers if name.startswith("list_")} <= set(done.defined_names)


def offered(book: Any, name: str) -> list[Any]:
    ((title, area),) = book.defined_names[name].destinations
    return [cell.value for (cell,) in book[title][area]]


def test_lists_stand_beside_the_old_ones_on_the_hidden_sheet() -> None:
    old, new = loaded(without_two())["选项"], loaded(after(without_two()).data)["选项"]
    assert new.sheet_state == "hidden" and new.max_column > old.max_column
    for row in old.iter_rows():
        for cell in row:
            assert new[cell.coordinate].value == cell.value


def test_a_deleted_sheet_of_lists_comes_back() -> None:
    book = openpyxl.load_workbook(io.BytesIO(without_two()))
    del book["选项"]
    out = io.BytesIO()
    book.save(out)
    done = loaded(upgraded(out.getvalue()).data)
    assert offered(done, "list_todo_state") == ["未完成", "已完成", "不再需要"]
    assert offered(done, "list_incidents_kind") == offered(loaded(new_book()), "list_incidents_kind")


# --- the same look ---------------------------------------------------------------------------------------------------


def look_of(cell: Any, *, named: bool = True) -> dict[str, Any]:
    """What a cell shows, in words of the format, whatever numbers stand for it in that file.

    The named style is left out for books of LibreOffice: openpyxl takes their numbers for places in its own list.
    """
    font, fill, border, align = cell.font, cell.fill, cell.border, cell.alignment
    return {
        "font": (font.name, font.sz, bool(font.b), bool(font.i), font.color and font.color.rgb),
        "fill": (fill.fill_type, fill.fgColor.rgb if fill.fill_type else None),
        "border": [(s.style, s.color.rgb if s.color else None) if s else None for s in (border.left, border.right, border.top, border.bottom)],
        "align": (align.horizontal, align.vertical, bool(align.wrap_text), int(align.indent or 0)),
        "format": cell.number_format,
        "style": cell.style if named else "",
    }  # fmt: skip


def page_of(sheet: Any) -> dict[str, Any]:
    """What surrounds the cells."""
    rules = [
        (str(area.sqref), rule.type, rule.formula, rule.dxf and (rule.dxf.font and rule.dxf.font.color.rgb, rule.dxf.fill and rule.dxf.fill.bgColor.rgb, rule.dxf.numFmt and rule.dxf.numFmt.formatCode))
        for area in sheet.conditional_formatting for rule in area.rules
    ]  # fmt: skip
    return {
        "widths": {letter: (d.min, d.max, d.width, d.hidden) for letter, d in sheet.column_dimensions.items()},
        "heights": {n: d.height for n, d in sheet.row_dimensions.items()},
        "frozen": sheet.freeze_panes,
        "tab": sheet.sheet_properties.tabColor.rgb,
        "rules": sorted(map(repr, rules)),
        "validations": sorted((str(v.sqref), v.type, v.formula1, v.prompt, v.error) for v in sheet.data_validations.dataValidation),
        "titles": (sheet.print_title_rows, sheet.print_title_cols),
        "notes": {c.coordinate: c.comment.text for row in sheet.iter_rows() for c in row if c.comment},
        "tables": {n: (t.ref, t.tableStyleInfo.name) for n, t in ((t.name, t) for t in sheet.tables.values())},
    }  # fmt: skip


def assert_same_page(new: Any, like: Any) -> None:
    for row in like.iter_rows():
        for cell in row:
            assert look_of(new[cell.coordinate]) == look_of(cell), f"{like.title}!{cell.coordinate}"
            assert str(new[cell.coordinate].value) == str(cell.value), cell.coordinate
    assert page_of(new) == page_of(like)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("table", SCORING, ids=lambda table: table.name)
def test_a_new_page_looks_as_in_a_new_book(table: type[Table], lang: str) -> None:
    assert_same_page(sheet_of(after(before_scoring(lang)).data, table), sheet_of(new_book(lang), table))


@pytest.mark.parametrize("table", [Incidents, Satisfaction], ids=lambda table: table.name)
def test_it_looks_so_too_where_another_program_saved_the_old_book(table: type[Table]) -> None:
    foreign = saved_by_openpyxl(without_two())
    assert_same_page(sheet_of(upgraded(foreign).data, table), sheet_of(new_book(), table))


def test_fonts_stay_what_they_are_where_the_theme_has_another() -> None:
    other = rewrite(before_scoring(), {
        "xl/theme/theme1.xml": lambda xml: xml.replace(b'<a:minorFont><a:latin typeface="Microsoft YaHei"', b'<a:minorFont><a:latin typeface="Calibri"'),
    })  # fmt: skip
    made, like = sheet_of(upgraded(other).data, Marks), sheet_of(new_book(), Marks)
    for place in ("B1", "B5", "B6"):
        assert look_of(made[place]) == look_of(like[place])
        assert made[place].font.scheme is None and like[place].font.scheme == "minor"


def test_a_table_style_that_another_program_dropped_comes_back_with_its_formats() -> None:
    gone = re.compile(rb"<tableStyles.*</tableStyles>", re.DOTALL)
    dropped = rewrite(before_scoring(), {"xl/styles.xml": lambda xml: gone.sub(b"", xml)})
    styles = member(upgraded(dropped).data, "xl/styles.xml").decode()
    elements = re.findall(r'<tableStyleElement type="(\w+)" dxfId="(\d+)"', styles)
    formats = re.findall(r"<dxf>.*?</dxf>", styles, re.DOTALL)
    assert [kind for kind, _ in elements] == ["wholeTable", "headerRow"]
    assert "FF0F5F66" in formats[int(elements[0][1])] and "FFE6EFEE" in formats[int(elements[1][1])]


def test_no_style_of_the_old_book_changes_its_number() -> None:
    old, new = (member(data, "xl/styles.xml") for data in (before_scoring(), after(before_scoring()).data))
    for name in (b"fonts", b"fills", b"borders", b"cellStyleXfs", b"cellXfs", b"cellStyles", b"dxfs", b"numFmts"):
        was, now = (re.search(rb"<%s[^>]*>(.*)</%s>" % (name, name), data, re.DOTALL)[1] for data in (old, new))  # type: ignore[index]
        assert now.startswith(was), name
    for name, item in ((b"cellXfs", rb"<xf "), (b"dxfs", rb"<dxf>"), (b"numFmts", rb"<numFmt ")):
        count, inside = re.search(rb'<%s count="(\d+)">(.*)</%s>' % (name, name), new, re.DOTALL).groups()  # type: ignore[union-attr]
        assert len(re.findall(item, inside)) == int(count), name


def test_the_chart_reads_its_slots_and_finds_its_pages() -> None:
    data = after(before_scoring()).data
    parts = zipfile.ZipFile(io.BytesIO(data)).namelist()
    charts = [name for name in parts if name.startswith("xl/charts/")]
    assert len(charts) == 1
    sources = set(re.findall(r"<c:f>(.*?)!", member(data, charts[0]).decode()))
    assert sources == {"图表数据"} and loaded(data)["图表数据"].sheet_state == "hidden"
    assert loaded(data)["评估图"].sheet_state == "visible"
    assert loaded(data).defined_names["chart_panel"].attr_text == "'评估图'!$C$5"


# --- nothing else changes --------------------------------------------------------------------------------------------


def assert_rest_untouched(old: bytes, new: bytes, more: Collection[str] = ()) -> None:
    was, now = raw_members(old), raw_members(new)
    changed = {name for name in was if now.get(name) != was[name]}
    assert changed <= MAY_CHANGE | set(more), changed - MAY_CHANGE


def part_of(data: bytes, title: str) -> str:
    """The member of a sheet, by its title."""
    xml, rels = (member(data, name).decode() for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
    identifier = re.search(rf'<sheet [^>]*name="{title}"[^>]*r:id="(\w+)"', xml)[1]  # type: ignore[index]
    element = next(e for e in re.findall(r"<Relationship [^>]*>", rels) if f'Id="{identifier}"' in e)
    return "xl/" + re.search(r'Target="/?(?:xl/)?([^"]+)"', element)[1]  # type: ignore[index]


def test_every_other_member_of_the_old_book_stays_byte_for_byte() -> None:
    assert_rest_untouched(without_two(), after(without_two()).data, [part_of(without_two(), "选项")])
    settings = Book.read(before_scoring()).table(Settings.name)
    more = [settings.part, settings.sheet_part, part_of(before_scoring(), "选项")]
    assert_rest_untouched(before_scoring(), after(before_scoring()).data, more)


def test_parts_of_a_kind_that_we_do_not_know_stay_too() -> None:
    odd = {
        "customXml/item1.xml": b"<mine/>",
        "xl/media/image1.png": b"\x89PNG",
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0",
    }
    types = (
        b'<Default Extension="png" ContentType="image/png"/><Default Extension="bin" ContentType="application/x-bin"/>'
    )
    old = rewrite(
        without_two(), {**odd, "[Content_Types].xml": lambda xml: xml.replace(b"<Override", types + b"<Override", 1)}
    )
    new = upgraded(old).data
    assert {name: member(new, name) for name in odd} == odd
    assert_rest_untouched(old, new, [part_of(old, "选项")])


@pytest.mark.parametrize("make", [without_two, before_scoring, new_book])
def test_a_second_upgrade_changes_no_byte(make: Callable[[], bytes]) -> None:
    once = after(make()).data
    twice = upgraded(once)
    assert twice.data == once and twice.additions == []


def test_a_book_of_this_version_lacks_nothing() -> None:
    for lang in LANGS:
        assert upgraded(new_book(lang)).additions == [] and upgraded(new_book(lang)).data is new_book(lang)


def test_the_same_upgrade_gives_the_same_bytes() -> None:
    assert upgraded(before_scoring()).data == after(before_scoring()).data


def test_a_sheet_that_staff_renamed_stays_renamed() -> None:
    book = openpyxl.load_workbook(io.BytesIO(before_scoring()))
    book["候选提交"].title = "报名表"
    out = io.BytesIO()
    book.save(out)
    done = upgraded(out.getvalue())
    titles = loaded(done.data).sheetnames
    assert "报名表" in titles and "候选提交" not in titles
    assert Book.read(done.data).table(Candidates.name).sheet == "报名表"


def test_a_sheet_of_staff_that_has_the_title_of_a_new_page_keeps_it() -> None:
    book = openpyxl.load_workbook(io.BytesIO(before_scoring()))
    for title in ("评分", "评估图", "图表数据"):
        book.create_sheet(title)["A1"] = "我自己的"
    out = io.BytesIO()
    book.save(out)
    done = upgraded(out.getvalue())
    made = loaded(done.data)
    assert made["评分"]["A1"].value == "我自己的"
    assert Book.read(done.data).table(Marks.name).sheet == "评分 (2)"
    assert made.defined_names["go_marks"].attr_text == "'评分 (2)'!$A$1"
    assert made.defined_names["chart_panel"].attr_text == "'评估图 (2)'!$C$5"
    formulas = {
        c.value for row in made["评估图 (2)"].iter_rows() for c in row if isinstance(c.value, str) and "!" in c.value
    }
    assert formulas and all("'图表数据 (2)'!" in text for text in formulas if "图表数据" in text)
    chart = next(n for n in zipfile.ZipFile(io.BytesIO(done.data)).namelist() if n.startswith("xl/charts/"))
    assert set(re.findall(r"<c:f>(.*?)!", member(done.data, chart).decode())) == {"'图表数据 (2)'"}
    assert new_findings(out.getvalue(), done.data) == ()


def test_a_table_that_became_an_ordinary_range_is_told_and_gets_no_second_page() -> None:
    book = openpyxl.load_workbook(io.BytesIO(new_book()))
    del book["评分"].tables[Marks.name]
    out = io.BytesIO()
    book.save(out)
    done = upgraded(out.getvalue())
    assert not said(done, "page")
    assert any("评分" in note and "Ctrl+T" in note and "marks" in note for note in done.notes)


# --- columns ---------------------------------------------------------------------------------------------------------

LACKING = {Candidates: ("scope_checked", "handler"), Todo: ("left",), Partners: ("important", "remark")}


@cache
def without_columns(lang: str = "zh-CN") -> bytes:
    return old_book(lang=lang, columns=LACKING, rows=lang == "zh-CN")


@pytest.mark.parametrize("lang", LANGS)
def test_missing_columns_come_at_the_right_edge_under_their_own_words(lang: str) -> None:
    done = after(without_columns(lang))
    for table, names in LACKING.items():
        old, new = (Book.read(data).table(table.name) for data in (without_columns(lang), done.data))
        headers = tuple(c.label.get(lang) for n, c in table.columns.items() if n in names)
        assert new.columns == old.columns + headers
        assert new.area.bottom == old.area.bottom
    assert {what for _, what in said(done, "column")} == {
        t.columns[n].label.get(lang) for t, names in LACKING.items() for n in names
    }
    assert new_findings(without_columns(lang), done.data) == ()


def test_rows_keep_their_values_and_a_new_formula_stands_in_every_row() -> None:
    old, new = (Book.read(data) for data in (without_columns(), after(without_columns()).data))
    for table in LACKING:
        kept = old.table(table.name).columns
        assert [row.values for row in old.rows(table.name)] == [
            {header: row.values[header] for header in kept} for row in new.rows(table.name)
        ]
    formula, _ = new.table(Todo.name).formula_of("剩余")
    assert formula == 'IF(todo[[#This Row],[到期]]="","",todo[[#This Row],[到期]]-TODAY())'
    sheet = sheet_of(after(without_columns()).data, Todo)
    column = Book.read(after(without_columns()).data).table(Todo.name).number_of("剩余")
    assert all(str(sheet.cell(row.number, column).value).startswith("=IF(todo") for row in new.rows(Todo.name))


@pytest.mark.parametrize("lang", LANGS)
def test_a_new_column_looks_and_takes_what_it_does_in_a_new_book(lang: str) -> None:
    data = after(without_columns(lang)).data
    for table, names in LACKING.items():
        mine, like = sheet_of(data, table), sheet_of(new_book(lang), table)
        first = Book.read(data).table(table.name).first_row
        for name in names:
            header = table.columns[name].label.get(lang)
            at, there = (Book.read(d).table(table.name).number_of(header) for d in (data, new_book(lang)))
            assert look_of(mine.cell(first - 1, at)) == look_of(like.cell(first - 1, there)), (table.name, name)
            assert look_of(mine.cell(first, at)) == look_of(like.cell(first, there)), (table.name, name)
            assert width_of(mine, at) == width_of(like, there), (table.name, name)
            takes, wanted = (
                rule_of(sheet, sheet.cell(first, c).column_letter) for sheet, c in ((mine, at), (like, there))
            )
            assert takes == wanted and wanted, (table.name, name)


def width_of(sheet: Any, column: int) -> tuple[float, bool]:
    found = next(d for d in sheet.column_dimensions.values() if d.min <= column <= d.max)
    return found.width, bool(found.hidden)


def rule_of(sheet: Any, letter: str) -> tuple[Any, ...]:
    """What a column takes, with its own letter as a question mark."""
    rule = next(r for r in sheet.data_validations.dataValidation if re.match(rf"{letter}\d", str(r.sqref)))
    formula = re.sub(rf"\b{letter}(?=\d)", "?", rule.formula1 or "")
    return rule.type, formula, rule.formula2, rule.promptTitle, rule.prompt, rule.error


def test_a_column_that_staff_renamed_is_mentioned_before_another_is_added() -> None:
    data = rewrite(new_book(), {
        Book.read(new_book()).table(Partners.name).part: lambda xml: xml.replace('name="备注"'.encode(), 'name="我的备注"'.encode()),
    })  # fmt: skip
    done = upgraded_or_refused(data)
    assert any("我的备注" in note and "改回来" in note for note in done)


def upgraded_or_refused(data: bytes) -> list[str]:
    try:
        return upgraded(data).notes
    except AppendRefused:
        pytest.fail("refused")


# --- in other programs -----------------------------------------------------------------------------------------------


@pytest.mark.validator
@pytest.mark.parametrize("make", [without_two, before_scoring, by_openpyxl])
def test_the_validator_finds_nothing_new(make: Callable[[], bytes], tmp_path: Path) -> None:
    data = make()
    (tmp_path / "old.xlsx").write_bytes(data)
    (tmp_path / "new.xlsx").write_bytes(upgraded(data).data)
    assert set(validate(tmp_path / "new.xlsx")) <= set(validate(tmp_path / "old.xlsx"))


@pytest.mark.parametrize("make", [without_two, before_scoring, without_columns])
def test_the_lint_finds_nothing(make: Callable[[], bytes]) -> None:
    assert lint(after(make()).data) == ()


@pytest.mark.libreoffice
def test_a_book_that_libreoffice_saved_is_upgraded_and_calculates(tmp_path: Path) -> None:
    (tmp_path / "旧.xlsx").write_bytes(before_scoring())
    foreign = recalculated(tmp_path / "旧.xlsx", tmp_path / "saved").read_bytes()
    done = upgraded(foreign)
    assert new_findings(foreign, done.data) == ()
    assert_rest_untouched(foreign, done.data, changed_by_lists_and_settings(foreign))
    for table in (Marks, Results, Bands):
        made, like = sheet_of(done.data, table), sheet_of(new_book(), table)
        for place in ("B1", "B2", "B5", "C5", "C6"):
            assert look_of(made[place], named=False) == look_of(like[place], named=False), place
    (tmp_path / "新.xlsx").write_bytes(done.data)
    values = CalamineWorkbook.from_path(recalculated(tmp_path / "新.xlsx", tmp_path / "out"))
    for table in SCORING:
        cells = values.get_sheet_by_name(table.label.zh).to_python(skip_empty_area=False)
        assert not [c for row in cells for c in row if isinstance(c, str) and (c.startswith("#") or "Err:" in c)]
    told = values.get_sheet_by_name("评价指标").to_python(skip_empty_area=False)[1][1]
    assert str(len(Book.read(new_book()).rows(Indicators.name))) in str(told)


def changed_by_lists_and_settings(data: bytes) -> list[str]:
    view = Book.read(data).table(Settings.name)
    return [view.part, view.sheet_part, part_of(data, "选项")]


def test_forms_deliver_into_a_new_page(tmp_path: Path) -> None:
    incident = Incoming(
        str(uuid.UUID(int=7)), "incident", "incidents",
        {
            "company": "甲公司", "severity": "large", "kind": "interruption", "occurred_at": "2026-11-19 10:00:00", "ongoing": "no",
            "scope": "两个项目", "description": "交付晚了三天", "reporter": "王芳", "phone": "13800138000",
        },
    )  # fmt: skip
    path = store.create(tmp_path / "簿.xlsx", without_two())
    house = open_house(path, tmp_path / "data")
    house.inbox.submit(incident)
    assert house.delivery.run().delivered == 0
    upgrade_file(path)
    assert house.delivery.run().delivered == 1
    assert [row.values["提交标识"] for row in Book.read(path.read_bytes()).rows(Incidents.name)] == [incident.id]


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    return store.create(tmp_path / "簿.xlsx", before_scoring())  # type: ignore[return-value]


def test_one_backup_is_made_first_and_holds_the_old_book(path: Path) -> None:
    upgrade_file(path)
    (backup,) = backups.listed(path)
    assert backup.path.read_bytes() == before_scoring()
    upgrade_file(path)
    assert len(backups.listed(path)) == 1


def test_a_preview_lists_exactly_what_comes_and_changes_nothing(path: Path) -> None:
    shown = upgrade_file(path, dry_run=True)
    assert path.read_bytes() == before_scoring() and backups.listed(path) == ()
    assert upgrade_file(path).additions == shown.additions
    text = "\n".join(one.sentence() for one in shown.additions)
    for said_of in ("新工作表“评分”", "表格 marks", "加一行参数 最少评审人数", "新工作表“评估图”"):
        assert said_of in text


def test_a_delivery_that_was_faster_is_looked_at_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, faster = store.replace, []

    def replace(snapshot: store.Snapshot, data: bytes, **more: Any) -> store.Snapshot:
        if not faster:
            book = Book.read(snapshot.data)
            book.append(Partners.name, [{"伙伴编号": "P-0001", "企业名称": "甲"}])
            faster.append(real(store.read(path), book.to_bytes()))
        return real(snapshot, data, **more)

    monkeypatch.setattr(store, "replace", replace)
    upgrade_file(path)
    book = Book.read(path.read_bytes())
    assert [row.values["伙伴编号"] for row in book.rows(Partners.name)] == ["P-0001"]
    assert book.table(Marks.name)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_foreign_workbook_is_refused() -> None:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    with pytest.raises(NotAWorkbook, match="不是伙伴簿"):
        upgraded(out.getvalue(), "别人的.xlsx")


def test_a_book_of_a_newer_version_is_refused() -> None:
    book = Book.read(before_scoring())
    book.set_defined_name(SCHEMA, "99")
    with pytest.raises(AppendRefused, match="更新版本"):
        upgraded(book.to_bytes())


def test_a_strict_package_is_refused_with_what_to_do() -> None:
    strict = rewrite(before_scoring(), {
        "xl/workbook.xml": lambda xml: xml.replace(b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"),
    })  # fmt: skip
    with pytest.raises(AppendRefused, match=r"严格 Open XML.*另存为普通的"):
        upgraded(strict)


def test_a_name_that_clashes_with_a_new_table_is_refused_and_nothing_written(tmp_path: Path) -> None:
    book = Book.read(before_scoring())
    book.set_defined_name("marks", "'首页'!$A$1", hidden=False)
    path = store.create(tmp_path / "簿.xlsx", book.to_bytes())
    with pytest.raises(AppendRefused, match="没有升级.*原文件没有改动"):
        upgrade_file(path)
    assert path.read_bytes() == book.to_bytes()
