"""Owns irregular finance sheets for tests: one table of truth, written in every odd way that finance hands sheets over.

`IRREGULAR` holds a maker for each file by name, `NONSENSE` those that must not be imported. All amounts of the truth are
whole cents, so that expected sums are additions of integers and owe nothing to the code under test.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from workbook.budget_source.model import Options

RATE, RATE_ON = Decimal("7.1234"), date(2026, 3, 31)
KEYS = 8
Cell = str | int | float | date | None


@dataclass(frozen=True)
class Truth:
    """One line of the truth; amounts in cents, an actual of None is nothing yet."""

    contract: str
    partner: str
    project: str
    category: str
    year: int
    month: int
    budget: int
    actual: int | None


@dataclass(frozen=True)
class Case:
    """One file and what must be understood of it, in yuan; `periods` are budget and actual by code of the span."""

    name: str
    file: str
    data: bytes
    budget: Decimal
    actual: Decimal
    lines: int
    options: Options
    periods: Mapping[str, tuple[Decimal, Decimal]]
    hidden: int = 0
    totals: int = 0
    layout: str = "long"


@dataclass(frozen=True)
class Plan:
    """How a sheet is to look; every irregularity changes one or two of these."""

    kind: str = "xlsx"
    seed: int = 1
    years: tuple[int, ...] = (2026,)
    unit: int = 1
    unit_at: str = "title"
    amount: str = "number"
    nothing: Cell = None
    period: str = "2026年3月"
    titles: bool = True
    grand: str = "合计"
    grand_first: bool = False
    sub: str = ""
    nested: bool = False
    sections: bool = False
    blanks: bool = False
    hidden_rows: int = 0
    hidden_column: bool = False
    hidden_sheet: bool = False
    merged: bool = False
    pages: int = 0
    footer: bool = False
    wide: str = ""
    two_lines: bool = False
    computed: bool = False
    adjusted: bool = False
    indent: int = 0
    currency: str = ""
    options: Options = field(default_factory=Options)
    red: bool = False
    names: str = "plain"
    of_which: bool = False
    summary: bool = False


@dataclass
class Grid:
    """One sheet before it is written to a file."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    red: set[tuple[int, int]] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    hidden: bool = False

    def add(self, row: Sequence[Cell], indent: int = 0) -> int:
        self.rows.append([None] * indent + list(row))
        return len(self.rows) - 1


def truth(seed: int, year: int) -> list[Truth]:
    """Eight contracts' items with three months each; some credits, some months without an actual."""
    rng = random.Random(f"{seed}/{year}")
    found = []
    for key in range(KEYS):
        for month in (1, 2, 3):
            budget = rng.randrange(1, 90_000_000) * (-1 if rng.random() < 0.1 else 1)
            actual = None if rng.random() < 0.15 else rng.randrange(1, 90_000_000) * (-1 if rng.random() < 0.15 else 1)
            found.append(
                Truth(f"HT-{year}-{key // 2 + 1:03d}", f"合作方{'甲乙丙丁'[key // 2]}有限公司", f"项目{key // 4 + 1}",
                      ("设计费", "材料费", "人工费", "差旅费")[key % 4], year, month, budget, actual)
            )  # fmt: skip
    return found


# --- cells -------------------------------------------------------------------------------------------------------------


def shown(cents: int | None, plan: Plan) -> Cell:
    """An amount as the plan's notation writes it."""
    if cents is None:
        return plan.nothing
    value = Decimal(cents) / 100 / plan.unit
    positive = abs(value)
    plain = f"{value:f}"
    grouped = f"{positive:,f}" if plan.unit > 1 else f"{positive:,.2f}"
    minus = "-" if cents < 0 else ""
    wide = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")
    match plan.amount:
        case "number":
            return float(positive) if plan.red and cents < 0 else float(value)
        case "text":
            return plain
        case "thousands":
            return minus + grouped
        case "full width":
            return (minus + grouped).translate(wide)
        case "yen":
            return f"{minus}¥{grouped}"
        case "yuan":
            return f"{minus}{grouped}元"
        case "own unit":
            return f"{Decimal(cents) / 1_000_000:f}万元"
        case "parentheses":
            return f"({grouped})" if cents < 0 else grouped
        case "full-width parentheses":
            return f"（{grouped}）" if cents < 0 else grouped
        case "trailing minus":
            return f"{grouped}-" if cents < 0 else grouped
        case "triangle":
            return f"▲{grouped}" if cents < 0 else grouped
        case "dollar":
            return f"{minus}${grouped}"
    raise AssertionError(plan.amount)


PERIODS: dict[str, tuple[Callable[[Truth], Cell], Callable[[Truth], str]]] = {
    "2026年3月": (lambda t: f"{t.year}年{t.month}月", lambda t: f"{t.year}-{t.month:02d}"),
    "2026-03": (lambda t: f"{t.year}-{t.month:02d}", lambda t: f"{t.year}-{t.month:02d}"),
    "202603": (lambda t: t.year * 100 + t.month, lambda t: f"{t.year}-{t.month:02d}"),
    "2026.3": (lambda t: f"{t.year}.{t.month}", lambda t: f"{t.year}-{t.month:02d}"),
    "3月": (lambda t: f"{t.month}月", lambda t: f"{t.year}-{t.month:02d}"),
    "date": (lambda t: date(t.year, t.month, 1), lambda t: f"{t.year}-{t.month:02d}"),
    "一季度": (lambda t: "一季度", lambda t: f"{t.year}-Q1"),
    "2026Q1": (lambda t: f"{t.year}Q1", lambda t: f"{t.year}-Q1"),
    "第1季度": (lambda t: "第1季度", lambda t: f"{t.year}-Q1"),
    "上半年": (lambda t: "上半年", lambda t: f"{t.year}-H1"),
    "2026年度": (lambda t: f"{t.year}年度", lambda t: f"{t.year}"),
    "from to": (lambda t: f"{t.year}/1/1-{t.year}/3/31", lambda t: f"{t.year}-Q1"),
}
UNIT_NAMES = {1: "元", 1000: "千元", 10_000: "万元", 1_000_000: "百万元"}
NAMES = {
    "plain": ("合同编号", "供应商", "项目", "科目", "期间", "预算", "实际", "备注"),
    "other": ("合同号", "合作方", "项目名称", "预算科目", "月份", "预算金额", "实际发生", "说明"),
    "spaced": ("合 同 号", "单位名称", "项 目", "费用类别", "所属期间", "预 算 数", "执行数", "备 注"),
    "broken": ("合同\n编号", "往来单位", "项目", "支出事项", "会计期间", "批复预算", "累计支出", "备注"),
}


# --- one sheet ---------------------------------------------------------------------------------------------------------


def sum_cell(values: Sequence[int | None], plan: Plan) -> Cell:
    return shown(sum(value or 0 for value in values), plan)


def build(plan: Plan, year: int, lines: Sequence[Truth]) -> tuple[Grid, int]:
    """The grid of one year's sheet and how many totals it states."""
    unit = UNIT_NAMES[plan.unit]
    grid = Grid(f"{year}年" + (f"（{unit}）" if plan.unit_at == "sheet" else ""))
    if plan.titles:
        _titles(grid, plan, year, unit)
    writer = _Wide(grid, plan, year) if plan.wide else _Long(grid, plan, year)
    totals = writer.write(lines)
    if plan.footer:
        grid.add([], 0)
        grid.add(["编制人：某甲", None, None, "审核：某乙", None, "日期：2026-04-01"], plan.indent)
        grid.add(["备注：本表数据来自财务系统，如有疑问请与财务部联系。"], plan.indent)
    if plan.unit_at == "note":
        grid.add([f"注：本表金额单位为{unit}。"], plan.indent)
    if plan.red:
        grid.add(["注：红字表示负数。"], plan.indent)
    return grid, totals


def _titles(grid: Grid, plan: Plan, year: int, unit: str) -> None:
    money = {"USD": "美元"}.get(plan.currency, unit)
    row = grid.add([f"某公司{year}年度预算执行情况表"], plan.indent)
    grid.merges.append((row, plan.indent, row, plan.indent + 6))
    right: list[Cell] = ["编制日期：2025-12-20", None, None, None, None]
    if plan.unit_at == "title":
        right += [f"单位：{money}"]
    elif plan.unit_at == "right":
        right += [None, None, money]
    elif plan.unit_at == "pair":
        right += ["金额单位：", money]
    grid.add(right, plan.indent)
    grid.add([])


class _Long:
    """One row for each line of the truth."""

    def __init__(self, grid: Grid, plan: Plan, year: int):
        self.grid, self.plan, self.year, self.totals = grid, plan, year, 0
        names = list(NAMES[plan.names])
        if plan.unit_at == "header":
            names[5] += f"（{UNIT_NAMES[plan.unit]}）"
            names[6] += f"({UNIT_NAMES[plan.unit]})"
        self.names = names

    def header(self) -> list[list[Cell]]:
        extra: list[Cell] = ["执行率", "差异", "余额"] if self.plan.computed else []
        budget: list[Cell] = ["年初预算", "调整后预算"] if self.plan.adjusted else [self.names[5]]
        currency: list[Cell] = ["币种"] if self.plan.currency == "column" else []
        if self.plan.two_lines:
            top: list[Cell] = [*self.names[:5], "金额", *[None] * len(budget), *extra, *currency, self.names[7]]
            return [top, [None] * 5 + [*budget, self.names[6]]]
        return [[*self.names[:5], *budget, self.names[6], *extra, *currency, self.names[7]]]

    def row(self, labels: Sequence[Cell], budget: Cell, actual: Cell, cents: tuple[int, int], line: bool) -> list[Cell]:
        rate = round(cents[1] / cents[0], 4) if cents[0] else None
        gap = shown(cents[0] - cents[1], replace(self.plan, amount="number", red=False))
        extra: list[Cell] = [rate, gap, gap] if self.plan.computed else []
        initial: list[Cell] = [shown(cents[0] - 12_345, self.plan)] if self.plan.adjusted else []
        currency: list[Cell] = [("USD" if line else None)] if self.plan.currency == "column" else []
        return [*labels, *initial, budget, actual, *extra, *currency, "按合同" if line else None]

    def put(self, row: list[Cell], cents: tuple[int | None, int | None]) -> int:
        at = self.grid.add(row, self.plan.indent)
        first = self.plan.indent + 5 + self.plan.adjusted
        for column, value in zip((first, first + 1), cents, strict=True):
            if self.plan.unit_at == "format":
                self.grid.formats[at, column] = f'#,##0.00####"{UNIT_NAMES[self.plan.unit]}"'
            if self.plan.red and value is not None and value < 0:
                self.grid.red.add((at, column))
        return at

    def line(self, line: Truth, show_contract: bool = True) -> int:
        period = PERIODS[self.plan.period][0](line)
        labels: list[Cell] = [
            line.contract if show_contract else None,
            line.partner,
            line.project,
            line.category,
            period,
        ]
        cents = (line.budget, line.actual or 0)
        row = self.row(labels, shown(line.budget, self.plan), shown(line.actual, self.plan), cents, True)
        return self.put(row, (line.budget, line.actual))

    def total(self, label: str, lines: Sequence[Truth], at: int = 0) -> None:
        cents = sum(t.budget for t in lines), sum(t.actual or 0 for t in lines)
        labels: list[Cell] = [None] * 5
        labels[at] = label
        self.put(self.row(labels, *(sum_cell([value], self.plan) for value in cents), cents, False), cents)
        self.totals += 2

    def write(self, lines: Sequence[Truth]) -> int:
        plan = self.plan
        top = [self.grid.add(row, plan.indent) for row in self.header()]
        if plan.two_lines:
            self._merge_header(top[0])
        if plan.grand_first:
            self.total(plan.grand, lines)
        groups = [[t for t in lines if t.contract == name] for name in dict.fromkeys(t.contract for t in lines)]
        for place, group in enumerate(groups):
            self._group(place, group, groups)
        if plan.grand and not plan.grand_first:
            self.total(plan.grand, lines)
        return self.totals

    def _merge_header(self, top: int) -> None:
        first, widths = self.plan.indent, len(self.header()[0])
        amounts = range(first + 5, first + 7 + self.plan.adjusted)
        self.grid.merges.append((top, amounts.start, top, amounts.stop - 1))
        for column in range(first, first + widths):
            if column not in amounts:
                self.grid.merges.append((top, column, top + 1, column))

    def _group(self, place: int, group: Sequence[Truth], groups: Sequence[Sequence[Truth]]) -> None:
        plan, grid = self.plan, self.grid
        if plan.pages and place and place % plan.pages == 0:
            for row in self.header():
                grid.add(row, plan.indent)
        if plan.sections:
            grid.add([f"{'一二三四'[place]}、{group[0].contract} 部分"], plan.indent)
        rows = []
        for number, line in enumerate(group):
            rows.append(self.line(line, not (plan.merged and number)))
            if plan.of_which and number == 0:
                half = line.budget // 2
                labels: list[Cell] = ["其中：", None, None, "另列部分", None]
                self.put(self.row(labels, shown(half, plan), None, (half, 0), False), (half, None))
        if plan.merged:
            grid.merges.append((rows[0], plan.indent, rows[-1], plan.indent))
        grid.hidden_rows |= set(rows[: plan.hidden_rows])
        if plan.blanks:
            grid.add([])
        if plan.sub:
            self.total(plan.sub, group, at=3 if plan.merged else 0)
        if plan.nested and place % 2:
            self.total(f"{group[0].project}合计", [*groups[place - 1], *group])


class _Wide(_Long):
    """One row for each item, its months or quarters across, or two blocks of months."""

    SPANS = (1, 2, 3)

    def span(self, month: int) -> str:
        if self.plan.wide == "quarters":
            return f"{'一二三'[month - 1]}季度"
        return f"{month}月" if self.plan.wide in ("blocks", "one line") else f"{self.year}年{month}月"

    def header(self) -> list[list[Cell]]:
        first: list[Cell] = list(self.names[:4])
        if self.plan.wide == "one line":
            return [
                [
                    *first,
                    *[f"{self.span(m)}{what}" for m in self.SPANS for what in ("预算", "实际")],
                    "合计预算",
                    "备注",
                ]
            ]
        if self.plan.wide == "blocks":
            blocks: list[Cell] = ["预算", None, None, "实际", None, None]
            return [[*first, *blocks, "备注"], [None] * 4 + [self.span(m) for m in self.SPANS] * 2]
        spans: list[Cell] = [cell for m in self.SPANS for cell in (self.span(m), None)]
        return [[*first, *spans, "合计", None, "备注"], [None] * 4 + ["预算", "实际"] * 4]

    def write(self, lines: Sequence[Truth]) -> int:
        top = self.grid.add(self.header()[0], self.plan.indent)
        for row in self.header()[1:]:
            self.grid.add(row, self.plan.indent)
            self._merge_spans(top)
        items = [lines[at : at + 3] for at in range(0, len(lines), 3)]
        for item in items:
            labels: list[Cell] = [item[0].contract, item[0].partner, item[0].project, item[0].category]
            self._across(
                labels, [t.budget for t in item], [t.actual for t in item], "月度" if item is items[0] else None
            )
        if self.plan.grand:
            columns = [[item[m] for item in items] for m in range(3)]
            budget = [sum(t.budget for t in column) for column in columns]
            actual = [sum(t.actual or 0 for t in column) for column in columns]
            self._across([self.plan.grand, None, None, None], budget, actual, None)
            self.totals += 6
        return self.totals

    def _across(self, labels: list[Cell], budget: Sequence[int], actual: Sequence[int | None], remark: Cell) -> None:
        b, a = [shown(value, self.plan) for value in budget], [shown(value, self.plan) for value in actual]
        whole = [sum_cell(budget, self.plan), sum_cell(actual, self.plan)]
        pairs = [cell for pair in zip(b, a, strict=True) for cell in pair]
        cells = [*b, *a] if self.plan.wide == "blocks" else [*pairs, *whole[: 1 if self.plan.wide == "one line" else 2]]
        self.grid.add([*labels, *cells, remark], self.plan.indent)

    def _merge_spans(self, top: int) -> None:
        size, count = (3, 2) if self.plan.wide == "blocks" else (2, 4)
        first = self.plan.indent + 4
        self.grid.merges += [(top, first + size * n, top, first + size * n + size - 1) for n in range(count)]
        self.grid.merges += [
            (top, column, top + 1, column) for column in (*range(self.plan.indent, first), first + size * count)
        ]


# --- files -------------------------------------------------------------------------------------------------------------


def to_xlsx(grids: Sequence[Grid]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    for grid in grids:
        sheet: Any = book.create_sheet(grid.name)
        for r, row in enumerate(grid.rows, start=1):
            for c, value in enumerate(row, start=1):
                if value is not None:
                    cell = sheet.cell(r, c, value)
                    if (code := grid.formats.get((r - 1, c - 1))) and not isinstance(value, str):
                        cell.number_format = code
                    if (r - 1, c - 1) in grid.red:
                        cell.font = Font(color="FFFF0000")
        for top, left, bottom, right in grid.merges:
            sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
        for row_number in grid.hidden_rows:
            sheet.row_dimensions[row_number + 1].hidden = True
        for column in grid.hidden_columns:
            sheet.column_dimensions[get_column_letter(column + 1)].hidden = True
        sheet.sheet_state = "hidden" if grid.hidden else "visible"
    return _saved(book)


def to_xls(grids: Sequence[Grid]) -> bytes:
    import xlwt

    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for grid in grids:
        sheet = book.add_sheet(grid.name)
        merged = {(top, left): (bottom, right) for top, left, bottom, right in grid.merges}
        for r, row in enumerate(grid.rows):
            for c, value in enumerate(row):
                style = [day] if isinstance(value, date) else []
                if (r, c) in merged:
                    bottom, right = merged[r, c]
                    sheet.write_merge(r, bottom, c, right, value, *style)
                elif value is not None:
                    sheet.write(r, c, value, *style)
        for number in grid.hidden_rows:
            sheet.row(number).hidden = True
    return _saved(book)


def _saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def to_csv(grids: Sequence[Grid], encoding: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in grids[0].rows:
        writer.writerow(["" if value is None else value for value in row])
    return out.getvalue().encode(encoding)


def in_yuan(cents: int | None, plan: Plan) -> int:
    """Cents of yuan, a foreign amount times the rate rounded half up, in integers."""
    if not cents or not plan.currency:
        return cents or 0
    product = abs(cents) * int(RATE * 10_000)
    return (product + 5_000) // 10_000 * (1 if cents > 0 else -1)


def make(name: str, plan: Plan) -> Case:
    """The file that a plan describes, and the truth in it."""
    grids, everything, totals = [], [], 0
    for year in plan.years:
        lines = truth(plan.seed, year)
        grid, stated = build(plan, year, lines)
        if plan.hidden_column:
            grid.hidden_columns.add(plan.indent + 2)
        grids.append(grid)
        everything += lines
        totals += stated
    if plan.hidden_sheet:
        grids.append(replace(build(replace(plan, seed=99), 2020, truth(99, 2020))[0], name="旧底稿", hidden=True))
    if plan.summary:
        grids.insert(0, _summary(plan, everything))
    endings = {"csv-gbk": "csv", "csv-bom": "csv"}
    writers: dict[str, Callable[[Sequence[Grid]], bytes]] = {
        "xlsx": to_xlsx, "xls": to_xls, "csv-gbk": partial(to_csv, encoding="gb18030"), "csv-bom": partial(to_csv, encoding="utf-8-sig"),
    }  # fmt: skip
    periods: dict[str, tuple[int, int]] = {}
    for t in everything:
        code = PERIODS[plan.period][1](t)
        if plan.wide:
            code = f"{t.year}-Q{t.month}" if plan.wide == "quarters" else f"{t.year}-{t.month:02d}"
        before = periods.get(code, (0, 0))
        periods[code] = before[0] + in_yuan(t.budget, plan), before[1] + in_yuan(t.actual, plan)
    money = {code: (Decimal(b) / 100, Decimal(a) / 100) for code, (b, a) in periods.items()}
    return Case(
        name, f"预算-{name}.{endings.get(plan.kind, plan.kind)}", writers[plan.kind](grids),
        sum((b for b, _ in money.values()), Decimal(0)), sum((a for _, a in money.values()), Decimal(0)), len(everything), plan.options,
        money, sum(len(grid.hidden_rows) for grid in grids if not grid.hidden) if plan.kind == "xlsx" else 0, totals, "wide" if plan.wide else "long",
    )  # fmt: skip


def _summary(plan: Plan, lines: Sequence[Truth]) -> Grid:
    grid = Grid("汇总")
    grid.add(["年度汇总", None, "单位：元"])
    grid.add(["科目", "预算", "实际"])
    for name in dict.fromkeys(t.category for t in lines):
        some = [t for t in lines if t.category == name]
        grid.add([name, sum_cell([t.budget for t in some], plan), sum_cell([t.actual for t in some], plan)])
    return grid


# --- single irregularities ---------------------------------------------------------------------------------------------

Change = Callable[[Plan], Plan]


def change(**settings: Any) -> Change:
    """A change of some settings of a plan."""
    return lambda plan: replace(plan, **settings)


SINGLE: dict[str, Change] = {
    "title rows, unit at the right": change(unit_at="right"),
    "unit beside its word": change(unit_at="pair", unit=10_000),
    "ten thousands in the title": change(unit=10_000),
    "thousands in the header": change(unit=1000, unit_at="header"),
    "millions in the title": change(unit=1_000_000),
    "unit in the sheet's name": change(unit=10_000, unit_at="sheet"),
    "unit in the number format": change(unit=10_000, unit_at="format"),
    "unit in a note below": change(unit=1000, unit_at="note"),
    "unit in every cell": change(unit_at="none", amount="own unit"),
    "unit by option": change(unit_at="none", unit=10_000, options=Options(unit=10_000)),
    "subtotals with blanks": change(sub="小　计", grand="合 计"),
    "nested totals": change(sub="小计", nested=True, grand="总计"),
    "grand total first": change(grand_first=True, grand="合计"),
    "section rows": change(sections=True, sub="小计"),
    "blank rows": change(blanks=True),
    "hidden rows": change(hidden_rows=2, sub="小计"),
    "hidden column": change(hidden_column=True),
    "hidden sheet": change(hidden_sheet=True),
    "merged contracts": change(merged=True, sub="小计"),
    "two-line header": change(two_lines=True, computed=True),
    "repeated headers": change(pages=2, sub="本页合计"),
    "repeated two-line headers": change(pages=1, two_lines=True),
    "notes below": change(footer=True),
    "table in the middle": change(indent=2, footer=True),
    "computed columns": change(computed=True),
    "adjusted budget": change(adjusted=True),
    "parts of a row": change(of_which=True),
    "a summary beside": change(summary=True),
    "negatives in parentheses": change(amount="parentheses", nothing="-"),
    "negatives in full-width parentheses": change(amount="full-width parentheses", nothing="—"),
    "trailing minus": change(amount="trailing minus", nothing="/"),
    "triangles": change(amount="triangle", nothing="无"),
    "full-width digits": change(amount="full width"),
    "thousands separators": change(amount="thousands"),
    "yen signs": change(amount="yen"),
    "yuan in the cell": change(amount="yuan", unit_at="none"),
    "red is negative": change(red=True),
    "months as words without a year": change(period="3月"),
    "months with a stroke": change(period="2026-03"),
    "months as numbers": change(period="202603"),
    "months with a point": change(period="2026.3"),
    "months as dates": change(period="date"),
    "quarters in words": change(period="一季度"),
    "quarters as Q1": change(period="2026Q1"),
    "numbered quarters": change(period="第1季度"),
    "half years": change(period="上半年"),
    "years": change(period="2026年度"),
    "from day to day": change(period="from to"),
    "two years on two sheets": change(years=(2025, 2026), period="3月"),
    "other words": change(names="other"),
    "spaced words": change(names="spaced"),
    "line breaks in headers": change(names="broken"),
    "months across": change(wide="months"),
    "months across in one line": change(wide="one line"),
    "quarters across": change(wide="quarters"),
    "two blocks of months": change(wide="blocks"),
    "csv in GBK": change(kind="csv-gbk", amount="thousands"),
    "csv with a mark": change(kind="csv-bom", amount="text", nothing=""),
    "csv with two lines": change(kind="csv-gbk", wide="months", amount="thousands"),
    "xls": change(kind="xls", sub="小计"),
    "xls across": change(kind="xls", wide="months"),
    "dollars in the title": change(currency="USD", options=Options(rates={"USD": (RATE, RATE_ON)})),
    "dollars by column": change(currency="column", options=Options(rates={"USD": (RATE, RATE_ON)})),
}  # fmt: skip


def combination(seed: int) -> Plan:
    """Several irregularities at once, drawn by the seed."""
    rng = random.Random(seed)
    kind = rng.choice(("xlsx", "xlsx", "xls", "csv-gbk", "csv-bom"))
    text = ("thousands", "full width", "yen", "parentheses", "trailing minus", "triangle")
    csv_only = kind.startswith("csv")
    plan = Plan(
        kind=kind, seed=seed, unit=rng.choice((1, 1000, 10_000)), unit_at=rng.choice(("title", "right", "pair", "note")),
        amount=rng.choice(text if csv_only else ("number", *text)), nothing=rng.choice((None, "-", "—", "/", "无")),
        footer=rng.random() < 0.6, indent=rng.choice((0, 1)), years=(2025, 2026) if not csv_only and rng.random() < 0.4 else (2026,),
    )  # fmt: skip
    if rng.random() < 0.3:
        return replace(
            plan, wide=rng.choice(("months", "quarters", "blocks", "one line")), grand=rng.choice(("合计", "总　计"))
        )
    return replace(
        plan, sub=rng.choice(("", "小计", "小 计", "本页合计")), sections=rng.random() < 0.4, blanks=rng.random() < 0.5, pages=rng.choice((0, 1, 2)),
        merged=not csv_only and rng.random() < 0.5, two_lines=rng.random() < 0.4, computed=rng.random() < 0.5, adjusted=rng.random() < 0.3,
        hidden_rows=rng.choice((0, 1, 3)) if kind == "xlsx" else 0, period=rng.choice(("3月", "2026-03", "一季度", "2026年3月", "from to")),
        names=rng.choice(tuple(NAMES)), grand=rng.choice(("合计", "总计", "合　计")), grand_first=rng.random() < 0.2,
    )  # fmt: skip


COMBINATIONS = 20
IRREGULAR: Mapping[str, Callable[[], Case]] = {
    **{name: partial(lambda n, c: make(n, c(Plan())), name, changed) for name, changed in SINGLE.items()},
    **{
        f"combination {seed}": partial(lambda s: make(f"combination {s}", combination(s)), seed)
        for seed in range(1, COMBINATIONS + 1)
    },
}


def contradicting() -> tuple[str, bytes]:
    """A sheet whose grand total is 1,000 yuan above its lines."""
    grid, _ = build(Plan(), 2026, truth(1, 2026))
    total = grid.rows[-1]
    assert total[0] == "合计" and isinstance(total[5], float)
    total[5] += 1000
    return "合计不符.xlsx", to_xlsx([grid])


def companies() -> tuple[str, bytes]:
    """A list of companies without any amount."""
    grid = Grid("名录", [["供应商名录"], ["序号", "供应商", "联系人", "电话"], [1, "合作方甲有限公司", "联系人一", "010-12345678"], [2, "合作方乙有限公司", "联系人二", "010-87654321"]])  # fmt: skip
    return "名录.xlsx", to_xlsx([grid])


NONSENSE: Mapping[str, Callable[[], tuple[str, bytes]]] = {
    "no spreadsheet": lambda: ("预算.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8),
    "companies without amounts": companies,
    "a total that contradicts": contradicting,
}
