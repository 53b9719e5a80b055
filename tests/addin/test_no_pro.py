"""The add-in lives on the free part of the spreadsheet library: it names nothing of the paid one and loads nothing more of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAID = ".".join(("xlwings", "pro"))  # in two words, so that this test does not find itself

LOADED = f"print(json.dumps(sorted(m for m in sys.modules if m == {PAID!r} or m.startswith({PAID + '.'!r}))))"
BARE = f"import json, sys, xlwings\n{LOADED}"
EVERYTHING = f"""
import importlib, json, sys
from pathlib import Path
from addin import functions
from addin.function_docs import answer
from addin.function_examples import EXAMPLES
called = {{example.function for example in EXAMPLES if answer(example)}}
assert called == {{name for name in vars(functions) if name.startswith("PB_")}}, called
{LOADED}
"""


def run(code: str) -> set[str]:
    """The modules of the paid part that a fresh process has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stdout))


def test_no_module_of_ours_names_the_paid_part() -> None:
    files = [
        file for house in ("workbook", "forms_server", "addin", "benchmarks") for file in (ROOT / house).rglob("*.py")
    ]
    assert len(files) > 100
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert PAID not in text, file
        assert "from xlwings import pro" not in text, file


def test_calling_every_cell_function_loads_nothing_of_it_beyond_a_bare_import() -> None:
    assert run(EVERYTHING) <= run(BARE)


def test_the_comparison_would_see_a_module_that_is_loaded_in_addition() -> None:
    # The name of one more module is put where the system keeps those that are loaded.
    more = f"import types; sys.modules[{PAID + '.another'!r}] = types.ModuleType('another')\n"
    assert not run(f"import json, sys, xlwings\n{more}{LOADED}") <= run(BARE)
