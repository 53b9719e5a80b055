"""The one module for xlwings Lite: readable on top, whole below, the same from the same sources, and refused if it cannot run."""

from __future__ import annotations

import ast
import base64
import bz2
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from addin import functions
from addin.bundle import bundle, is_ours, requirements

ROOT = Path(__file__).parents[2]
SCRIPTS = {"pull", "evaluate", "send_back", "freeze", "report", "check"}


@pytest.fixture(scope="module")
def code() -> str:
    return bundle()


@pytest.fixture(scope="module")
def packed(code: str) -> dict[str, bytes]:
    """The packed sources, taken out of the text without running it."""
    [value] = [
        node.value.value
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_SOURCES" and isinstance(node.value, ast.Constant)
    ]  # fmt: skip
    texts: dict[str, str] = json.loads(bz2.decompress(base64.b64decode(str(value))))
    return {path: text.encode() for path, text in texts.items()}


def python(script: str, folder: Path, *, path: Path | None = None, **environ: str) -> Any:
    """What a fresh Python prints last, as JSON; it runs in a folder that holds no package of ours."""
    environment = {**os.environ, "PYTHONPATH": str(path or ""), "PYTHONUTF8": "1", **environ}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# --- what it is ------------------------------------------------------------------------------------------------------


def test_the_same_sources_give_the_same_text(code: str, tmp_path: Path) -> None:
    script = "import hashlib, json; from addin.bundle import bundle; print(json.dumps(hashlib.sha256(bundle().encode()).hexdigest()))"
    digests = {python(script, tmp_path, path=ROOT, PYTHONHASHSEED=seed) for seed in ("1", "2")}
    assert digests == {hashlib.sha256(code.encode()).hexdigest()}


def test_its_functions_and_scripts_stand_readable_at_the_top(code: str) -> None:
    top = ast.parse(code[: code.index("_SOURCES = ")])
    defined = {node.name: node for node in top.body if isinstance(node, ast.FunctionDef)}
    cell_functions = {name for name in vars(functions) if name.startswith("PB_")}
    assert len(cell_functions) >= 4
    decorated = {
        kind: {name for name, node in defined.items() if any(ast.unparse(d).startswith(f"{kind}(") for d in node.decorator_list)}
        for kind in ("func", "script")
    }  # fmt: skip
    assert decorated == {"func": cell_functions, "script": SCRIPTS}
    assert all(ast.get_docstring(defined[name]) for name in cell_functions | SCRIPTS)


def test_it_says_what_it_is_which_version_and_under_which_licence(code: str) -> None:
    told = ast.get_docstring(ast.parse(code)) or ""
    assert told.startswith("# 伙伴簿 PartnerBook")
    assert "PartnerBook 0.1.0" in told and "MIT" in told
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_its_digest_is_that_of_the_sources_that_lie_on_disk(code: str, packed: dict[str, bytes]) -> None:
    """By the rule as written: path, size and text of each, sorted by path."""
    digest = hashlib.sha256()
    for path, text in sorted(packed.items()):
        assert text == (ROOT / path).read_bytes().replace(b"\r\n", b"\n"), path
        digest.update(f"{path} {len(text)}\n".encode() + text)
    told = ast.get_docstring(ast.parse(code)) or ""
    assert f"{len(packed)} modules · SHA-256 {digest.hexdigest()}" in told


def test_nothing_of_the_server_the_command_line_or_the_desktop_is_in_it(packed: dict[str, bytes]) -> None:
    unwanted = (
        "forms_server/", "workbook/cli.py", "workbook/console.py", "workbook/build.py", "workbook/sample.py", "workbook/sampling/",
        "workbook/adopting/", "workbook/upgrading.py", "workbook/budget_source/", "workbook/doctoring.py", "addin/desktop.py",
        "addin/buttons.py", "addin/macro_files.py", "addin/bundle.py", "addin/embedding.py", "addin/commands.py", "addin/engines/",
        "addin/functions.py", "addin/lite.py", "addin/function_examples.py",
    )  # fmt: skip
    assert [path for path in packed if path.startswith(unwanted)] == []
    assert {"addin/__init__.py", "addin/actions.py", "workbook/evaluating.py", "workbook/tables/__init__.py"} <= set(
        packed
    )


def test_no_secret_and_no_address_of_a_server_is_in_it(code: str, packed: dict[str, bytes]) -> None:
    assert "pbf_" not in code
    for path, text in packed.items():
        assert not re.search(rb"pbf_[A-Za-z0-9_-]{8}", text), path


def test_what_lite_must_install_is_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split("[<>=]", line)[0]: line for line in project["dependencies"]}
    assert requirements().splitlines() == [
        *project["optional-dependencies"]["excel"],
        declared["chinesecalendar"],
        "numpy",  # its version is Pyodide's
        declared["tzdata"],
    ]


# --- whether it is whole as we made it -------------------------------------------------------------------------------


def test_a_bundle_is_known_again_whatever_happened_to_its_line_ends(code: str) -> None:
    assert (
        is_ours(code) and is_ours(code.replace("\n", "\r\n")) and is_ours(code.rstrip("\n")) and is_ours(code + "\n\n")
    )


@pytest.mark.parametrize("change", ["first", "packed", "more", "foreign", "none"])
def test_what_a_person_changed_or_wrote_is_not_taken_for_ours(code: str, change: str) -> None:
    at = code.index("_SOURCES = ") + 2000
    other = {
        "first": code.replace("选一个操作", "选一个", 1),
        "packed": code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :],
        "more": code + "\n@func\ndef mine(): return 1\n",
        "foreign": "import xlwings as xw\n",
        "none": "",
    }[change]
    assert other != code
    assert not is_ours(other)


# --- that it runs ----------------------------------------------------------------------------------------------------

RUN = """
import importlib.abc, importlib.util, json, sys
BLOCKED = %r
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} is not there", name=name)
sys.meta_path.insert(0, Blocked())
def run():
    spec = importlib.util.spec_from_file_location("main", "main.py")
    main = importlib.util.module_from_spec(spec)
    sys.modules["main"] = main
    spec.loader.exec_module(main)
    return main
def loaders():
    return {type(m.__loader__).__name__ for n, m in sys.modules.items() if n.partition(".")[0] in ("addin", "workbook")}
"""
ONLY_ON_DESKTOPS = (
    "openpyxl", "python_calamine", "filelock", "xlsxwriter", "flask", "sqlalchemy", "click", "rich", "keyring", "uno", "segno",
    "filetype", "wtforms", "forms_server",
)  # fmt: skip


def test_every_packed_module_imports_without_what_only_a_desktop_has(
    code: str, packed: dict[str, bytes], tmp_path: Path
) -> None:
    """Nor do they need numpy and the calendar at import: who only scores waits for neither."""
    (tmp_path / "main.py").write_text(code, encoding="utf-8")
    names = sorted(path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in packed)
    script = RUN % ((*ONLY_ON_DESKTOPS, "numpy", "chinese_calendar"),)
    script += f"main = run()\nfor name in {names!r}:\n    importlib.import_module(name)\nprint(json.dumps([sorted(loaders()), main.PB_SCORE([[5, 4]], [[1, 1]])]))"
    assert python(script, tmp_path) == [["_PackedSources"], [[90.0]]]  # (5 + 4) ÷ 2 ÷ 5 × 100


def test_running_it_again_uses_its_own_modules_and_no_older_ones(code: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(code, encoding="utf-8")
    script = (
        RUN % ((),)
        + """
import types
for name in ("workbook", "workbook.evaluation"):
    sys.modules[name] = types.ModuleType(name)
first = run()
second = run()
finders = [type(f).__name__ for f in sys.meta_path].count("_PackedSources")
print(json.dumps([sorted(loaders()), finders, second.PB_RANK([[1.0], [2.0]]), first.cells is not second.cells]))
"""
    )
    assert python(script, tmp_path) == [["_PackedSources"], 1, [[2], [1]], True]


def test_a_mistake_inside_is_shown_with_its_line_of_source(code: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(code, encoding="utf-8")
    script = RUN % ((),) + "import traceback\nrun()\nfrom workbook.evaluation.exact import exact\ntry:\n    exact([])\n"
    script += "except Exception:\n    print(json.dumps(traceback.format_exc()))"
    told = python(script, tmp_path)
    assert re.search(r'File "packed:workbook/evaluation/exact.py", line \d+, in exact\n +\w+', told), told


# What xlwings is told by the decorators, seen with stand-ins for them: in a plain process they only hand back the function.
TOLD = """
import json, xlwings
def recorder(kind):
    def decorate(*args, **kwargs):
        def inner(function):
            vars(function).setdefault("told", []).append([kind, list(args), {k: repr(v) for k, v in sorted(kwargs.items())}])
            return function
        return inner
    return decorate
for kind in ("func", "arg", "ret", "script"):
    setattr(xlwings, kind, recorder(kind))
import inspect
def told(module):
    return {n: [f.told, f.__doc__, [p.name for p in inspect.signature(f).parameters.values()]] for n, f in sorted(vars(module).items()) if hasattr(f, "told")}
"""


def test_lite_is_told_the_same_of_each_function_as_every_other_door(code: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(code, encoding="utf-8")
    lite = python(TOLD + RUN % ((),) + "print(json.dumps(told(run())))", tmp_path)
    doors = python(TOLD + "from addin import functions, lite\nprint(json.dumps({**told(functions), **told(lite)}))", tmp_path, path=ROOT)  # fmt: skip
    assert lite == doors
    assert {name for name in lite if not name.startswith("PB_")} == SCRIPTS


def test_lite_finds_its_hints_as_objects_and_plain_defaults(code: str, tmp_path: Path) -> None:
    """It looks for the argument that is hinted with `xw.Book`; a hint that is text would not be that."""
    (tmp_path / "main.py").write_text(code, encoding="utf-8")
    script = (
        RUN % ((),)
        + f"""
import inspect, xlwings as xw
main = run()
found = {{}}
for name in {sorted(SCRIPTS)!r}:
    book, *others = inspect.signature(getattr(main, name)).parameters.values()
    assert getattr(main, name).__module__ == "main"
    found[name] = [book.annotation is xw.Book, [[p.annotation is str, p.default] for p in others]]
print(json.dumps(found))
"""
    )
    plain = [True, ""]
    assert python(script, tmp_path) == {
        "check": [True, []],
        "evaluate": [True, []],
        "freeze": [True, [plain]],
        "pull": [True, []],
        "report": [True, [plain]],
        "send_back": [True, [plain, plain, plain]],
    }


# --- other sources ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the two packages that a test may change."""
    folder = tmp_path_factory.mktemp("sources")
    for house in ("addin", "workbook"):
        shutil.copytree(ROOT / house, folder / house, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


BUNDLED = """
import json
from addin import bundle
try:
    print(json.dumps(bundle.bundle()))
except bundle.NotForLite as refusal:
    print(json.dumps("refused: " + str(refusal)))
"""


def test_one_changed_line_anywhere_changes_digest_and_text(code: str, copied: Path, tmp_path: Path) -> None:
    file = copied / "workbook" / "evaluation" / "exact.py"
    before = file.read_bytes()
    assert python(BUNDLED, tmp_path, path=copied) == code, "the same sources in another folder"
    file.write_bytes(before + b"# changed\n")
    changed = python(BUNDLED, tmp_path, path=copied)
    file.write_bytes(before)
    digests = [re.search(r"SHA-256 ([0-9a-f]{64})", text) for text in (code, changed)]
    assert digests[0] and digests[1] and digests[0][1] != digests[1][1]
    assert is_ours(changed)


@pytest.mark.parametrize("statement", ["import pandas", "def later():\n    from pandas import DataFrame"])
def test_a_module_that_lite_cannot_have_is_refused_by_name(copied: Path, tmp_path: Path, statement: str) -> None:
    file = copied / "workbook" / "evaluation" / "exact.py"
    before = file.read_bytes()
    file.write_bytes(before + f"\n{statement}\n".encode())
    told = python(BUNDLED, tmp_path, path=copied)
    file.write_bytes(before)
    assert told.startswith("refused: ") and "pandas（workbook.evaluation.exact）" in told
