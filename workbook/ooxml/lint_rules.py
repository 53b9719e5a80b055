"""Owns the rules of the lint: one small check each, over the package as `lint_view` takes it apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from workbook.ooxml.lint import rule
from workbook.ooxml.lint_formula import reference_fault, table_references, unbalanced
from workbook.ooxml.lint_view import Element, Sheet, View, area, column_number

Found = Iterator[tuple[str, str]]


@rule("members", "zip members are unique and their checksums hold")
def members(view: View) -> Found:
    """Two members of one name, or a damaged one."""
    for name, count in Counter(n.casefold() for n in view.names).items():
        if count > 1:
            yield name, f"zip 里有 {count} 个同名部件。"
    for name, why in view.damaged.items():
        yield name, f"部件读不出来（{why}）。"


@rule("content-types", "every part has a content type, and every override a part")
def content_types(view: View) -> Found:
    """[Content_Types].xml and the members agree."""
    root = view.tree("[Content_Types].xml")
    if root is None:
        yield "[Content_Types].xml", "缺少内容类型清单。"
        return
    defaults = {e.get("Extension").casefold() for e in root.all("Default")}
    overrides = {e.get("PartName").lstrip("/").casefold() for e in root.all("Override")}
    there = {name.casefold() for name in view.names}
    for name in overrides - there:
        yield name, "内容类型清单里有它，文件里没有。"
    for name in view.names:
        known = name.casefold() in overrides or name.rsplit(".", 1)[-1].casefold() in defaults
        if not known and name != "[Content_Types].xml" and not name.endswith("/"):
            yield name, "内容类型清单里没有它。"


@rule("relationships", "internal relationship targets exist and ids are unique")
def relationships(view: View) -> Found:
    """Every .rels file."""
    for name in view.names:
        if not name.endswith(".rels"):
            continue
        folder, file = name.rsplit("_rels/", 1)
        part = folder + file.removesuffix(".rels")
        entries = view.relationships(part)
        for identifier, count in Counter(e.get("Id") for e in entries).items():
            if count > 1:
                yield name, f"关系编号 {identifier} 出现 {count} 次。"
        for entry in entries:
            if entry.get("TargetMode") != "External" and view.target(part, entry) not in view.names:
                target = entry.get("Target")
                if not target.startswith("#") and target.upper() != "NULL":
                    yield name, f"关系 {entry.get('Id')} 指向不存在的部件 {target}。"


@rule("relationship-ids", "ids that a sheet uses stand in its relationships")
def relationship_ids(view: View) -> Found:
    """r:id of drawings, tables, links."""
    for sheet in view.sheets:
        known = {e.get("Id") for e in view.relationships(sheet.part)}
        for element in _around(sheet):
            identifier = element.get("id")
            used = element.name in ("tablePart", "drawing", "legacyDrawing", "hyperlink", "pageSetup", "picture")
            if used and identifier and identifier not in known:
                yield sheet.part, f"{element.name} 用了不存在的关系 {identifier}。"


@rule("sheet-names", "sheet names are legal, at most 31 characters, and unique without case")
def sheet_names(view: View) -> Found:
    """The names on the tabs."""
    assert view.workbook is not None
    names = [e.get("name") for e in view.workbook.all("sheet")]
    for name in names:
        if (
            not name
            or len(name.encode("utf-16-le")) // 2 > 31
            or re.search(r"[\\/?*\[\]:]", name)
            or name[0] == "'"
            or name[-1] == "'"
        ):
            yield view.workbook_part, f"工作表名“{name}”不合法（最多 31 字，不含 \\ / ? * [ ] :）。"
    for name, count in Counter(n.casefold() for n in names).items():
        if count > 1:
            yield view.workbook_part, f"有 {count} 个工作表叫“{name}”。"


@rule("header-cells", "each header cell holds the name of its table column")
def header_cells(view: View) -> Found:
    """The rule that Excel repairs most often."""
    for sheet in view.sheets:
        for table in sheet.tables:
            if not table.has_header or table.area is None:
                continue
            for index, name in enumerate(table.columns):
                at = (table.area.left + index, table.area.top)
                text = sheet.heads.get(at)
                if text is None or text != name or at in sheet.head_numbers:
                    shown = "空白或数字" if text is None or at in sheet.head_numbers else f"“{text}”"
                    yield table.part, f"表头第 {index + 1} 格是{shown}，表格的列名是“{name}”。"


@rule("column-names", "column names of a table are unique without case, and so are their ids")
def column_names(view: View) -> Found:
    """tableColumn names and ids."""
    for table in view.tables:
        for name, count in Counter(c.casefold() for c in table.columns).items():
            if count > 1:
                yield table.part, f"列名“{name}”出现 {count} 次。"
        ids = Counter(c.get("id") for c in table.root.all("tableColumn"))
        for identifier, count in ids.items():
            if count > 1:
                yield table.part, f"列编号 {identifier} 出现 {count} 次。"


@rule("table-ids", "table ids are unique in the book")
def table_ids(view: View) -> Found:
    """The id attribute."""
    for identifier, count in Counter(t.root.get("id") for t in view.tables).items():
        if count > 1:
            yield identifier, f"有 {count} 个表格的编号是 {identifier}。"


@rule("table-names", "table names are legal, unique in the book, and clash with no defined name")
def table_names(view: View) -> Found:
    """displayName."""
    names = {n.get("name").casefold() for n in view.defined_names if not n.get("localSheetId")}
    counted = Counter(t.name.casefold() for t in view.tables)
    for table in view.tables:
        name = table.name
        if counted[name.casefold()] > 1:
            yield table.part, f"有 {counted[name.casefold()]} 个表格叫 {name}。"
        if name.casefold() in names:
            yield table.part, f"表名 {name} 与一个定义的名称相同。"
        if not re.fullmatch(r"[^\W\d][\w.?\\]*|\\[\w.?\\]*", name) or len(name) > 255 or _looks_like_cell(name):
            yield table.part, f"表名 {name} 不合法（像单元格地址，或含有不允许的字符）。"


def _looks_like_cell(name: str) -> bool:
    if found := re.fullmatch(r"([A-Za-z]{1,3})([0-9]{1,7})", name):
        return column_number(found[1]) <= 16_384 and 0 < int(found[2]) <= 1_048_576
    return bool(re.fullmatch(r"[Rr]([0-9]*)[Cc]([0-9]*)|[RrCc]", name))


@rule("table-width", "a table's range is as wide as its columns and has at least one data row")
def table_width(view: View) -> Found:
    """ref against tableColumns and their count."""
    for table in view.tables:
        if table.area is None:
            yield table.part, f"表格的范围 {table.root.get('ref')} 不是单元格区域。"
            continue
        width, count = table.area.right - table.area.left + 1, len(table.columns)
        declared = [c.get("count") for c in table.root.all("tableColumns")]
        if width != count or (declared and declared[0] not in ("", str(count))):
            yield table.part, f"范围宽 {width} 列，列名有 {count} 个（声明 {declared[0] if declared else '无'}）。"
        if table.area.bottom - table.area.top + 1 - table.has_header - table.totals < 1:
            yield table.part, "表格没有数据行。"


@rule("table-overlap", "tables overlap neither each other nor merged cells")
def table_overlap(view: View) -> Found:
    """Rectangles on a sheet."""
    for sheet in view.sheets:
        placed = [(t, t.area) for t in sheet.tables if t.area]
        merged = [a for e in _around(sheet, "mergeCell") if (a := area(e.get("ref")))]
        for index, (table, mine) in enumerate(placed):
            for other, theirs in placed[index + 1 :]:
                if mine.meets(theirs):
                    yield table.part, f"表格 {table.name} 与 {other.name} 重叠。"
            if any(mine.meets(m) for m in merged):
                yield table.part, f"表格 {table.name} 里有合并单元格。"


@rule("table-filter", "a table's filter and sort stay inside its range")
def table_filter(view: View) -> Found:
    """autoFilter and sortState."""
    for table in view.tables:
        for element in table.root.all("autoFilter") + table.root.all("sortState"):
            inside = area(element.get("ref"))
            if inside is None or table.area is None or not table.area.holds(inside):
                yield table.part, f"{element.name} 的范围 {element.get('ref')} 超出表格 {table.root.get('ref')}。"


@rule("list-literals", "a literal list of choices has at most 255 characters")
def list_literals(view: View) -> Found:
    """Data validation of kind list."""
    for sheet in view.sheets:
        for element in _around(sheet, "dataValidation"):
            if element.get("type") != "list":
                continue
            for child in element.children:
                literal = child.text.strip()
                if child.name == "formula1" and literal.startswith('"') and len(literal) - 2 > 255:
                    yield (
                        f"{sheet.title}!{element.get('sqref')}",
                        f"下拉选项写了 {len(literal) - 2} 个字符，最多 255 个。",
                    )


@rule("formulas", "formulas can be parsed")
def formulas(view: View) -> Found:
    """Cells, calculated columns, defined names, rules."""
    for where, text, _ in _formulas(view):
        if why := unbalanced(text):
            yield where, f"公式 {text[:80]}：{why}。"


@rule("table-references", "references into tables name tables and columns that are there")
def table_references_exist(view: View) -> Found:
    """tbl[…] in every formula."""
    tables = {t.name.casefold(): {c.casefold() for c in t.columns} for t in view.tables}
    for where, text, home in _formulas(view):
        if "[" in text and not unbalanced(text):
            for name, content in table_references(text):
                # inside a table its own name may be left out: SUBTOTAL(109,[数量]) in a totals row
                external = not name and content.strip().isdigit()
                if not external and (fault := reference_fault(name or home, content, tables)):
                    yield where, f"公式 {text[:80]}：{fault}。"


def _formulas(view: View) -> Iterator[tuple[str, str, str]]:
    """Every formula: where it stands, its text, and the table it stands in."""
    for sheet in view.sheets:
        for text, ref in sheet.formulas.items():
            cell = area(ref)
            homes = [t.name for t in sheet.tables if cell and t.area and t.area.holds(cell)]
            yield f"{sheet.title}!{ref}", text, homes[0] if homes else ""
        for table in sheet.tables:
            for element in table.root.all("calculatedColumnFormula") + table.root.all("totalsRowFormula"):
                yield table.part, element.text, table.name
    for name in view.defined_names:
        yield f"name {name.get('name')}", name.text, ""


@rule("cell-order", "rows and cells ascend, and no cell stands twice")
def cell_order(view: View) -> Found:
    """What makes Excel call a sheet corrupt."""
    for sheet in view.sheets:
        for ref in sheet.order[:5]:
            yield f"{sheet.title}!{ref}", "行或单元格的次序不对。"
        for ref in sheet.doubled[:5]:
            yield f"{sheet.title}!{ref}", "行或单元格出现两次。"


@rule("shared-formulas", "shared formulas have a master, and members lie inside its range")
def shared_formulas(view: View) -> Found:
    """Groups by si."""
    for sheet in view.sheets:
        for group, ref in sheet.members:
            master = area(sheet.masters.get(group, ""))
            cell = area(ref)
            if master is None or (cell is not None and not master.holds(cell)):
                yield f"{sheet.title}!{ref}", f"共享公式 {group} 没有主公式，或单元格在它的范围之外。"


@rule("styles", "cells, rows of rules and tables use styles that exist")
def styles(view: View) -> Found:
    """s < cellXfs, dxfId < dxfs."""
    root = view.styles
    formats = (
        next((len([c for c in e.children if c.name == "xf"]) for e in root.children if e.name == "cellXfs"), 0)
        if root
        else 0
    )
    differing = (
        next((len([c for c in e.children if c.name == "dxf"]) for e in root.children if e.name == "dxfs"), 0)
        if root
        else 0
    )
    for sheet in view.sheets:
        for index in sheet.styles:
            if index >= max(formats, 1):
                yield f"{sheet.title}!{sheet.first_with_style[index]}", f"用了不存在的样式 {index}（共 {formats} 个）。"
        for element in _around(sheet, "cfRule"):
            if (number := element.get("dxfId")) and int(number) >= differing:
                yield sheet.part, f"条件格式用了不存在的格式 {number}。"
    for table in view.tables:
        for element in [table.root, *table.root.all("tableColumn")]:
            for attribute, number in element.attributes.items():
                if attribute.casefold().endswith("dxfid") and int(number) >= differing:
                    yield table.part, f"{attribute} 用了不存在的格式 {number}。"


@rule("strings", "shared strings exist, inline strings are whole, no text is too long")
def strings(view: View) -> Found:
    """Text cells."""
    count = len(view.shared_strings)
    for sheet in view.sheets:
        for index, ref in sheet.strings.items():
            if index >= count:
                yield f"{sheet.title}!{ref}", f"用了不存在的共享字符串 {index}（共 {count} 个）。"
        for ref in sheet.empty_inline:
            yield f"{sheet.title}!{ref}", "内联字符串没有内容。"
        for ref in sheet.long_text:
            yield f"{sheet.title}!{ref}", "文字超过 32767 个字符。"


@rule("calc-chain", "the calculation chain names only cells with formulas")
def calc_chain(view: View) -> Found:
    """calcChain.xml, when there is one."""
    assert view.workbook is not None
    for relationship in view.relationships(view.workbook_part):
        if not relationship.get("Type").endswith("/calcChain"):
            continue
        root = view.tree(view.target(view.workbook_part, relationship))
        by_id = {e.get("sheetId"): e.get("name") for e in view.workbook.all("sheet")}
        cells = {s.title: s.formula_cells for s in view.sheets}
        areas = {s.title: s.formula_areas for s in view.sheets}
        sheet = ""
        for entry in root.children if root else []:
            sheet = entry.get("i") or sheet
            title = by_id.get(sheet, "")
            cell = area(entry.get("r"))
            spilled = cell and any(a.holds(cell) for a in areas.get(title, ()))
            if title in cells and entry.get("r") not in cells[title] and not spilled:
                yield f"{title}!{entry.get('r')}", "计算链里有它，但这个单元格没有公式。"


@rule("defined-names", "defined names are unique in their scope and do not look like cells")
def defined_names(view: View) -> Found:
    """Book and sheet scopes apart."""
    assert view.workbook is not None
    sheets = len(view.workbook.all("sheet"))
    scoped = Counter((n.get("name").casefold(), n.get("localSheetId")) for n in view.defined_names)
    for (name, _), count in scoped.items():
        if count > 1:
            yield view.workbook_part, f"名称 {name} 定义了 {count} 次。"
        if _looks_like_cell(name):
            yield view.workbook_part, f"名称 {name} 像单元格地址。"
    for element in view.defined_names:
        if (scope := element.get("localSheetId")) and int(scope) >= sheets:
            yield view.workbook_part, f"名称 {element.get('name')} 属于不存在的工作表 {scope}。"


@rule("merged-cells", "merged cells do not overlap")
def merged_cells(view: View) -> Found:
    """Per sheet; quadratic only in rows that share a line."""
    for sheet in view.sheets:
        merged = sorted((a for e in _around(sheet, "mergeCell") if (a := area(e.get("ref")))), key=lambda a: a.top)
        for index, mine in enumerate(merged):
            for other in merged[index + 1 :]:
                if other.top > mine.bottom:
                    break
                if mine.meets(other):
                    yield sheet.part, "合并单元格互相重叠。"


@rule("dimension", "the sheet's dimension is a range")
def dimension(view: View) -> Found:
    """dimension ref."""
    for sheet in view.sheets:
        for element in _around(sheet, "dimension"):
            if area(element.get("ref")) is None:
                yield sheet.part, f"dimension {element.get('ref')} 不是单元格区域。"


def _around(sheet: Sheet, name: str | None = None) -> Iterator[Element]:
    for element in sheet.outside:
        if name is None or element.name == name:
            yield element
        yield from (element.all(name) if name else _deep(element))


def _deep(element: Element) -> Iterator[Element]:
    for child in element.children:
        yield child
        yield from _deep(child)
