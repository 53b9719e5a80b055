"""One number everywhere: every official number of the sample, to the last digit, wherever somebody reads it.

The cell that holds the result = the native formula beside it, recalculated by a live spreadsheet = the PB function over the
same cells = `partnerbook evaluate` = the server. Compared as decimals, never with a tolerance.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import xlwings as xw
from click.testing import CliRunner

from addin import actions, functions
from forms_server.finance_tokens import READ
from forms_server.house import House
from tests.addin.action_books import opened, records, served, table_of
from tests.addin.conftest import spreadsheet
from tests.delivery.open_copies import token, web
from workbook import evaluating, measuring
from workbook.cli import main
from workbook.ooxml import Book
from workbook.rules.selection import read_selection, rules_of

KINDS = {
    "results": ("官方得分", "复算", "名次", "等级"),
    "performance": ("官方得分", "复算", "类别名次", "等级"),
}


def number(value: Any) -> str:
    """A number as its shortest decimal; nothing for none."""
    if value in (None, ""):
        return ""
    return format(Decimal(repr(value) if isinstance(value, float) else str(value)).normalize(), "f")


@pytest.fixture(scope="module")
def everywhere(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Path, xw.Book, Any, Any]]:
    """The sample open in a live Calc and recalculated, what the command says of its file, what the server says."""
    house = served(tmp_path_factory.mktemp("same"))
    before = xw.engines.active
    spreadsheet("calc", request)
    app = xw.App(add_book=False)
    with opened(app, house.path) as book:
        actions.evaluate(book)
        app.calculate()
        said = json.loads(CliRunner().invoke(main, ["evaluate", str(house.path), "--json"]).output)
        key = base64.b64encode(token(house).encode()).decode()
        answer = web(house).get("/api/v1/evaluation", headers={"Authorization": f"Basic {key}"}).json
        yield house.path, book, said, answer, pulled_by_finance(house)
    app.quit()
    xw.engines.active = before


def pulled_by_finance(house: House) -> dict[str, Any]:
    """The budget lines that finance pulls, by number."""
    key = base64.b64encode(token(house, READ).encode()).decode()
    said = web(house).get("/finance/v1/budget-execution.json", headers={"Authorization": f"Basic {key}"})
    return {line["budget_line"]: line for line in json.loads(said.data)["lines"]}


def live(book: xw.Book, table: str) -> list[dict[str, Any]]:
    """The rows of a table as the spreadsheet shows them now."""
    found = table_of(book, table)
    heads = found.header_row_range.options(ndim=2).value[0]
    return [dict(zip(heads, row, strict=True)) for row in found.data_body_range.options(ndim=2).value if row[0]]


def dimensions(path: Path, table: str) -> Mapping[str, tuple[dict[str, Decimal], Any]]:
    """By result: the weights of its dimensions by the name of their column, and the bands of its rule version."""
    book = Book.read(path.read_bytes())
    found: dict[str, tuple[dict[str, Decimal], Any]] = {}
    if table == "results":
        selection = read_selection(book)
        for panel in selection.panels.values():
            if panel.key not in selection.results:
                continue
            rules = rules_of(selection, panel)
            weights = {
                evaluating.DIMENSION_COLUMNS[d.key.removeprefix(f"{rules.version}-")]: d.weight
                for d in rules.dimensions
            }
            found.update({str(row["result"]): (weights, rules.grades) for row in selection.results[panel.key]})
        return found
    for one in measuring.measure_book(Book.read(path.read_bytes()), evaluating.local_now(book)).rated:
        weights = {
            measuring.DIMENSION_COLUMNS[d.key.removeprefix(f"{one.tree.version}-")]: d.weight
            for d in one.tree.dimensions
        }
        found.update({f"{one.period.key}/{rated.partner.key}": (weights, one.tree.grades) for rated in one.rated})
    return found


def by_functions(path: Path, book: xw.Book, table: str) -> dict[str, tuple[str, str, str]]:
    """What PB_SCORE, PB_RANK and PB_GRADE make of the live cells."""
    from workbook.tables import BY_NAME

    rules, labels = dimensions(path, table), {name: column.zh for name, column in BY_NAME[table].columns.items()}
    rows = {str(row[labels["result"]]): row for row in live(book, table)}
    rows = {key: row for key, row in rows.items() if key in rules}
    scores: dict[str, Any] = {}
    for key, row in rows.items():
        weights, _ = rules[key]
        marks = [row[labels[name]] for name in weights]
        ((scores[key],),) = functions.PB_SCORE([marks], [[float(weight) for weight in weights.values()]])
    found = {}
    for group in groups(rows, table, labels):
        ranked = [scores[key] if rows[key][labels["state"]] in ("已排名", "已评") else "不参加排名" for key in group]
        ranks = functions.PB_RANK([[value] for value in ranked])
        for key, value, (rank,) in zip(group, ranked, ranks, strict=True):
            bands = [[band.label, end(band.low), end(band.high)] for band in rules[key][1]]
            ((grade,),) = functions.PB_GRADE([[value]], bands)
            found[key] = (number(scores[key]), number(rank), str(grade))
    return found


def end(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def groups(rows: Mapping[str, Any], table: str, labels: Mapping[str, str]) -> Sequence[list[str]]:
    """Those who are ranked against each other: a panel's candidates, a period's partners of one category."""
    by: dict[tuple[Any, ...], list[str]] = {}
    for key, row in rows.items():
        place = (row[labels["panel"]],) if table == "results" else (row[labels["period"]], row[labels["category"]])
        by.setdefault(place, []).append(key)
    return list(by.values())


def listed(said: Any, table: str) -> dict[str, tuple[str, str, str]]:
    """What `evaluate --json` and the server say."""
    if table == "results":
        pairs = [
            (f"{panel['panel']}/{one['candidate']}", one) for panel in said["panels"] for one in panel["candidates"]
        ]
    else:
        pairs = [
            (f"{period['period']}/{one['partner']}", one) for period in said["periods"] for one in period["partners"]
        ]
    return {key: (number(one["score"]), number(one["rank"]), one["grade"] or "") for key, one in pairs}


@pytest.mark.libreoffice
@pytest.mark.parametrize("table", list(KINDS))
def test_every_official_score_rank_and_grade_is_the_same_everywhere(everywhere: Any, table: str) -> None:
    path, book, said, answer, _ = everywhere
    score, check, rank, grade = KINDS[table]
    rows = {str(row[next(iter(row))]): row for row in live(book, table)}
    function, command, server = by_functions(path, book, table), listed(said, table), listed(answer, table)
    assert len(command) >= 8 and command == server
    key_header = records(path, table)[0].table.key().zh
    cells = {
        str(row[key_header]): (number(row[score]), number(row[rank]), str(row[grade] or "")) for row in rows.values()
    }
    formula = {str(row[key_header]): number(row[check]) for row in rows.values()}
    for key, official in command.items():
        assert cells[key] == official, key
        assert formula[key] == official[0], key
        if official[0]:
            assert function[key] == official, key
    assert sum(1 for one in command.values() if one[0]) >= 8


@pytest.mark.libreoffice
def test_every_budget_line_is_the_same_everywhere(everywhere: Any) -> None:
    """Execution rate by the native formula and by PB_BUDGET; CPI, SPI and EAC of the cells and by PB_BUDGET."""
    book, pulled, compared = everywhere[1], everywhere[4], 0
    for row in live(book, "budgets"):
        if not row["约定预算"] or row["实际发生"] is None:
            continue
        found = functions.PB_BUDGET([[row["计划价值"]]], [[row["挣值"]]], [[row["实际发生"]]], [[row["约定预算"]]])[0]
        rate, _, _, cpi, spi, eac = found
        assert shown(row["执行率"], 10) == shown(rate, 10), row["预算编号"]
        assert shown(rate * 100, 4) == Decimal(pulled[row["预算编号"]]["rate"]), row["预算编号"]
        for cell, value, places in ((row["CPI"], cpi, 4), (row["SPI"], spi, 4), (row["完工估算"], eac, 2)):
            if cell not in (None, ""):
                assert shown(cell, places) == shown(value, places), row["预算编号"]
                compared += 1
    assert compared > 30


def shown(value: Any, places: int) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
