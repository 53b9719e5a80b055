"""The score as one story: the same number through every door, whoever sorts the tables, and nothing written twice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from addin.functions import PB_SCORE, PB_WHY
from forms_server.app import ServerSettings, create_app
from forms_server.house import open_house
from forms_server.reviews import Reviews
from tests.office import SYSTEM_PYTHON, recalculated, running
from tests.selection_books import NOW, TODAY
from workbook.build import new_workbook
from workbook.defaults import WEIGHTS
from workbook.evaluating import DIMENSION_COLUMNS, as_data, evaluate_book, evaluate_file
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.sample import sample_rows
from workbook.tables import Contributions, Indicators, Marks, Performance, Results

REMARK = "评审意见"
RUN = "from workbook.cli import main; main(prog_name='partnerbook')"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evaluated sample, with a committee's remark beside each result."""
    book = Book.read(new_workbook(rows=sample_rows(1, TODAY), today=TODAY))
    evaluate_book(book, NOW)
    keys = [record.key for record in read_records(book, Results)]
    book.update(Results.name, "结果编号", {key: {REMARK: f"意见：{key}"} for key in keys})
    path = tmp_path_factory.mktemp("sample") / "伙伴簿.xlsx"
    path.write_bytes(book.to_bytes())
    return path


def results(data: bytes) -> dict[str, dict[str, Any]]:
    """The results by key, without the time of their calculation."""
    return {
        r.key: {k: v for k, v in r.values.items() if k != "evaluated_at"}
        for r in read_records(Book.read(data), Results)
    }


def data_of(path: Path) -> list[dict[str, Any]]:
    book = Book.read(path.read_bytes())
    return as_data(evaluate_book(book, NOW))


def test_the_official_number_is_the_same_in_a_cell_a_formula_a_function_and_the_command(
    sample: Path, tmp_path: Path
) -> None:
    copy = tmp_path / sample.name
    copy.write_bytes(sample.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", RUN, "evaluate", str(copy), "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    told = json.loads(done.stdout)
    by_key = {f"{p['panel']}/{c['candidate']}": c for p in told["panels"] for c in p["candidates"]}
    calculated = openpyxl.load_workbook(recalculated(sample, tmp_path / "calc"), data_only=True)[Results.label.zh]
    heads = {cell.value: cell.column for cell in calculated[5]}
    formulas = {
        calculated.cell(row, heads["结果编号"]).value: calculated.cell(row, heads["复算"]).value
        for row in range(6, calculated.max_row + 1)
    }
    weights = [[WEIGHTS[code] for code in DIMENSION_COLUMNS]]
    scored = 0
    for key, row in results(sample.read_bytes()).items():
        if row.get("score") is None:
            assert by_key[key]["score"] is None and formulas[key] in (None, "")
            continue
        scored += 1
        assert row["score"] == Decimal(by_key[key]["score"])
        assert Decimal(repr(formulas[key])) == row["score"]
        cells = [[None if row.get(name) is None else float(row[name]) for name in DIMENSION_COLUMNS.values()]]
        assert Decimal(repr(PB_SCORE(cells, weights)[0][0])) == row["score"]
        labels = [[code] for code in DIMENSION_COLUMNS]
        points = [
            Decimal(repr(line[-1])) for line in PB_WHY(cells, weights, labels) if isinstance(line[-1], int | float)
        ]
        assert row["score"] in (sum(points), sum(points) / 2)  # with or without a line of the total
    assert scored >= 5


def test_the_page_of_a_reviewer_shows_the_numbers_of_the_cells(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / sample.name
    path.write_bytes(sample.read_bytes())
    house = open_house(path, tmp_path / "data")
    house.delivery.run()
    app = create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox)
    token = Reviews(house.inbox, house.secret).invite("V-0001")[0][1]
    page = app.test_client().get(f"/i/{token}").text
    shown = dict(re.findall(r'data-candidate="([^"]+)" data-score="([^"]*)"', page))
    cells = {r["candidate"]: r for r in results(sample.read_bytes()).values() if r["panel"] == "V-0001"}
    assert {key: f"{row['score']:.2f}" for key, row in cells.items() if row.get("score") is not None} == shown
    assert len(shown) >= 5
    points = [Decimal(text) for text in re.findall(r"data-points>([^<]+)<", page)]
    assert sum(points) == sum(row["score"] for row in cells.values())


def test_contributions_add_up_exactly_and_each_names_its_marks(sample: Path) -> None:
    book = Book.read(sample.read_bytes())
    rows = {r.key: r for r in read_records(book, Results)}
    marks = {record.key for record in read_records(book, Marks)}
    total: dict[str, Decimal] = {}
    for part in read_records(book, Contributions):
        if part["points"] is None:
            continue
        total[part.text("result")] = total.get(part.text("result"), Decimal(0)) + part["points"]
        named = [word for word in part.text("marks").split("、") if word]
        assert named, part.key
        assert all(word in marks or "→ B-" in word for word in named if not word.endswith("…")), part.key
    assert {key: row["score"] for key, row in rows.items() if row["score"] is not None} == total


def test_a_second_evaluation_changes_no_byte(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "again.xlsx"
    path.write_bytes(sample.read_bytes())
    found = evaluate_file(path, today=TODAY)
    assert not found.changed
    assert path.read_bytes() == sample.read_bytes()
    assert evaluate_book(Book.read(path.read_bytes()), datetime(2026, 11, 23, 18, 0)).changed is False


ROUNDS = 16  # most tables have fewer columns: each of them has its turn


@pytest.fixture(scope="module")
def orders(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """The sample as LibreOffice saves it after sorting every table by one of its columns after the other."""
    folder = tmp_path_factory.mktemp("orders")
    with running(tmp_path_factory.mktemp("profile")) as port:
        script = Path(__file__).with_name("calc_orders.py")
        done = subprocess.run(
            [SYSTEM_PYTHON, str(script), str(port), str(sample), str(folder), str(ROUNDS)],
            capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    return sorted(folder.glob("*.xlsx"), key=lambda path: int(path.stem))


@pytest.mark.libreoffice
def test_sorting_any_table_by_any_column_changes_no_result_and_no_remark(sample: Path, orders: list[Path]) -> None:
    before = results(sample.read_bytes())
    moved = 0
    assert len(orders) == ROUNDS
    rated = performance(sample.read_bytes())
    assert len(rated) > 30
    for path in orders:
        data = path.read_bytes()
        moved += [record.key for record in read_records(Book.read(data), Results)] != list(before)
        book = Book.read(data)
        evaluate_book(book, NOW)
        after = results(book.to_bytes())
        assert {k: without_saved(v) for k, v in after.items()} == {k: without_saved(v) for k, v in before.items()}, path
        assert performance(book.to_bytes()) == rated, path
        assert all(row["remark"] == f"意见：{key}" for key, row in after.items())
    assert moved > len(orders) / 4  # the sorting was real


def performance(data: bytes) -> dict[str, tuple[Any, ...]]:
    """What a book says of its partners, by period and partner."""
    names = ("state", "score", "grade", "rank", "percentile", "direction", "slope", "reason", "fingerprint")
    return {row.key: tuple(row[name] for name in names) for row in read_records(Book.read(data), Performance)}


def without_saved(row: dict[str, Any]) -> dict[str, Any]:
    """A result without the value that a program saved beside its formula."""
    return {name: value for name, value in row.items() if name != "check"}


def test_a_rule_version_with_wrong_weights_is_refused_and_leaves_the_results(sample: Path) -> None:
    book = Book.read(sample.read_bytes())
    book.update(Indicators.name, "指标编号", {"v1-S2": {"权重": 26}})
    found = evaluate_book(book, NOW)
    assert found.refused and all("101" in why for why in found.refused.values())
    assert results(book.to_bytes()) == results(sample.read_bytes())
