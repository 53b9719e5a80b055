"""The floors of the house: who may import whom, read from the syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSES = ("workbook", "forms_server", "addin")
MAY_IMPORT = {"workbook": set(), "forms_server": {"workbook"}, "addin": {"workbook"}}
NOT_IN_WORKBOOK = {
    "flask",
    "flask_wtf",
    "wtforms",
    "xlwings",
    "sqlalchemy",
    "alembic",
    "werkzeug",
    "jinja2",
    "waitress",
}


def imports(file: Path) -> set[str]:
    """Every module that a file names in an import, wherever it stands."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports here are absolute"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files(house: str) -> list[Path]:
    return sorted((ROOT / house).rglob("*.py"))


@pytest.mark.parametrize("house", HOUSES)
def test_a_house_imports_only_the_floors_below_it(house: str) -> None:
    assert files(house)
    for file in files(house):
        tops = {name.split(".")[0] for name in imports(file)}
        others = tops & set(HOUSES) - {house}
        assert others <= MAY_IMPORT[house], f"{file} reaches into {others - MAY_IMPORT[house]}"


def test_the_ground_knows_neither_the_web_nor_excel_nor_a_database() -> None:
    for file in files("workbook"):
        tops = {name.split(".")[0] for name in imports(file)}
        assert not tops & NOT_IN_WORKBOOK, f"{file} imports {tops & NOT_IN_WORKBOOK}"


def test_nothing_names_xlwings_pro() -> None:
    for house in HOUSES:
        for file in files(house):
            assert not any(name.startswith("xlwings.pro") for name in imports(file)), file


def test_the_schema_stands_on_the_standard_library_alone() -> None:
    tops = {name.split(".")[0] for name in imports(ROOT / "workbook" / "schema.py")}
    assert tops <= set(sys.stdlib_module_names) | {"__future__"}


def test_existing_books_are_never_saved_through_openpyxl() -> None:
    """The engine over a file is the one that may load a book whole: it refuses to save over it (tests/addin/test_engines)."""
    loading = {
        str(file.relative_to(ROOT))
        for house in HOUSES
        for file in files(house)
        if "load_workbook" in (text := file.read_text(encoding="utf-8")) and "read_only=True" not in text
    }
    assert loading == {"addin/engines/openpyxl_engine.py"}


def test_every_module_says_first_what_it_owns() -> None:
    for house in HOUSES:
        for file in files(house):
            doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
            assert doc, f"{file} has no docstring"
            assert len(doc.split("\n")[0]) > 15, f"{file} says too little"


def test_help_loads_neither_the_web_nor_the_spreadsheet_libraries() -> None:
    heavy = ["flask", "sqlalchemy", "alembic", "xlsxwriter", "openpyxl", "wtforms", "rich"]
    code = (
        "import sys\nfrom workbook.cli import main\n"
        "try:\n    main(['--help'], prog_name='partnerbook')\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', [m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert "demo" in done.stdout
    assert done.stdout.splitlines()[-1] == "LOADED []"
