"""The bundle in Pyodide, the Python of xlwings Lite: its functions and its evaluation answer as on a desktop.

There is no numpy for Pyodide among the packages that a test can have here, so the functions that need it are told apart
by name below; xlwings Lite itself installs it.
"""

from __future__ import annotations

import io
import json
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

import addin.engines
from addin import functions
from addin.bundle import bundle
from addin.function_examples import EXAMPLES
from tests.addin.pyodide_run import Run, run
from workbook import evaluating
from workbook.build import new_workbook
from workbook.cli import main as partnerbook
from workbook.evaluating import evaluated, local_now
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rules.finding import Situation, findings_of
from workbook.sample import sample_rows
from workbook.schema import Formula
from workbook.tables import BY_NAME, TABLES

pytestmark = pytest.mark.pyodide

PURE = ("xlwings", "chinesecalendar", "tzdata")
NEED_NUMPY = {"PB_AHP", "PB_FIRST"}

# Both sides run exactly this: every example through its function, answers written so that no digit is lost.
ANSWERS = """
def answers(functions, calls):
    found = []
    for name, given in calls:
        try:
            answer = getattr(functions, name)(**given)
        except ModuleNotFoundError as error:
            answer = f"needs {error.name}"
        found.append(repr(answer))
    return found
"""


def calls() -> list[tuple[str, dict[str, Any]]]:
    """The worked examples, and arguments that no function can use."""
    given = [(example.function, dict(example.given)) for example in EXAMPLES]
    names = sorted({name for name, _ in given})
    first = {name: next(values for other, values in given if other == name) for name in names}
    for cell in ("#DIV/0!", "否", -1.0, None, "=1+1", 1e308):
        given += [(name, {key: [[cell]] for key in first[name]}) for name in names]
    return given


@pytest.fixture(scope="module")
def functions_there(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    script = (
        f"import datetime, json, os\nimport main\n{ANSWERS}\nCALLS = eval(open('calls.txt').read())\n"
        "print(json.dumps(answers(main, CALLS)))"
    )
    files = {"main.py": bundle().encode(), "calls.txt": repr(calls()).encode()}
    there: list[str] = json.loads(run(tmp_path_factory.mktemp("pyodide") / "job", script, PURE, files).said)
    return there


def test_every_cell_function_answers_there_as_here_to_the_last_digit(functions_there: list[str]) -> None:
    space: dict[str, Any] = {}
    exec(ANSWERS, space)
    here = space["answers"](functions, calls())
    assert {name for name, _ in calls()} == {name for name in vars(functions) if name.startswith("PB_")}
    missing = {name for (name, _), answer in zip(calls(), functions_there, strict=True) if answer == "'needs numpy'"}
    assert missing == NEED_NUMPY
    for (name, given), ours, theirs in zip(calls(), here, functions_there, strict=True):
        if theirs != "'needs numpy'":
            assert theirs == ours, (name, given)
    told = [answer for answer in here if "#PB: " not in answer]
    assert len(told) > len(EXAMPLES) // 2, "most examples are answered, not refused"


# --- an action over a workbook ---------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 24, 10, 30)


class Stopped(datetime):
    """A clock that stands still, so that two evaluations write the same moments."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Stopped:
        return cls(NOW.year, NOW.month, NOW.day, NOW.hour, NOW.minute, tzinfo=tz)


EVALUATE = """
import site
from datetime import datetime
import main, addin
import xlwings as xw
addin.__path__.append(site.getsitepackages()[0] + "/addin")  # the engine of the tests is no part of the bundle
from addin.engines import openpyxl_engine
from workbook import evaluating

class Stopped(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 11, 24, 10, 30, tzinfo=tz)

evaluating.datetime = Stopped
openpyxl_engine.register(stale=True)
book = xw.App(add_book=False).books.open("book.xlsx")
told = main.evaluate(book)
book.save("out/evaluated.xlsx")
open("out/told.txt", "w", encoding="utf-8").write(told)

# The same book with the sheet for messages, for what is refused and for what makes a page.
from addin import command_sheet
openpyxl_engine.register()
book = xw.App(add_book=False).books.open("book.xlsx")
command_sheet.prepare(book)
book.save("prepared.xlsx")
openpyxl_engine.register(stale=True)
for name, run in {
    "pull": main.pull,
    "report": lambda book: main.report(book, "=1+1"),
    "freeze": main.freeze,
    "check": main.check,
}.items():
    book = xw.App(add_book=False).books.open("prepared.xlsx")
    told = run(book)
    book.save(f"out/{name}.xlsx")
    open(f"out/{name}.txt", "w", encoding="utf-8").write(told)
"""


@pytest.fixture(scope="module")
def changed() -> bytes:
    """The sample workbook, evaluated, in which staff then changed marks, typed a new one and took a candidate away."""
    book = Book.read(evaluated(new_workbook(rows=sample_rows(1))))
    marks = book.rows("marks")
    numeric = [row for row in marks if row.values["分数"] in (2, 3, 4)][:5]
    book.update_rows("marks", "评分编号", {row.number: {"分数": Decimal(5)} for row in numeric})
    again = {
        key: value
        for key, value in marks[-1].values.items()
        if key in ("评审会编号", "候选编号", "评审人编号", "指标编号")
    }
    book.append("marks", [{**again, "分数": Decimal(1), "依据": "=现场询问"}])
    book.append("candidates", [{"企业名称": "+手工登记", "状态": "已收到"}])
    return book.to_bytes()


@pytest.fixture(scope="module")
def there(changed: bytes, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("pyodide") / "job"
    engines = {"addin/engines": Path(addin.engines.__file__).parent}
    files = {"main.py": bundle().encode(), "book.xlsx": changed}
    return run(folder, EVALUATE, (*PURE, "openpyxl", "et-xmlfile"), files, engines)


def stored(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """The rows of every declared table; what formulas show is left out, a program that does not calculate drops it."""
    book = Book.read(data)
    return {
        table.name: [
            {name: row[name] for name, column in table.columns.items() if not isinstance(column, Formula)}
            for row in read_records(book, table)
        ]
        for table in TABLES
    }


def test_evaluate_writes_there_the_same_rows_as_the_command_does_here(
    changed: bytes, there: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(changed)
    monkeypatch.setattr(evaluating, "datetime", Stopped)
    done = CliRunner().invoke(partnerbook, ["evaluate", str(path), "--json"])
    assert json.loads(done.stdout)["changed"] is True
    before, here, found = stored(changed), stored(path.read_bytes()), stored(there.files["evaluated.xlsx"])
    assert {name for name in here if here[name] != before[name]} >= {"results", "contributions", "marks", "candidates"}
    for name in BY_NAME:
        assert found[name] == here[name], name


def test_it_says_there_in_one_sentence_what_it_did(there: Run) -> None:
    told = there.files["told.txt"].decode()
    assert told and not told.startswith("✗")
    assert told in there.said


def message(data: bytes) -> tuple[Any, str]:
    """What stands in the cell PB_MESSAGE, and as which kind of cell ("s" is text)."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    [(sheet, address)] = book.defined_names["PB_MESSAGE"].destinations
    cell = book[sheet][address]
    return cell.value, cell.data_type


def test_a_refusal_is_a_sentence_on_the_console_and_in_the_message_cell(there: Run) -> None:
    for name, words in {"pull": "PARTNERBOOK_SERVER", "report": "=1+1", "freeze": ""}.items():
        told = there.files[f"{name}.txt"].decode()
        assert told.startswith("✗ ") and words in told and "Traceback" not in told
        assert told in there.said
        assert message(there.files[f"{name}.xlsx"]) == (told, "s")


def test_check_finds_there_what_it_finds_here(changed: bytes, there: Run) -> None:
    """As many findings as the rules give for the same rows; each is on the page with its rule and its place."""
    book = Book.read(changed)
    found = findings_of(Situation(book, local_now(book).date()))
    told = there.files["check.txt"].decode()
    assert f"共 {len(found)} 处" in told
    assert message(there.files["check.xlsx"]) == (told, "s")
    page = openpyxl.load_workbook(io.BytesIO(there.files["check.xlsx"]))["检查结果"]
    rows = {tuple(str(cell.value) for cell in row)[:2] for row in page.iter_rows()}
    assert {(one.rule, one.where) for one in found} <= rows
