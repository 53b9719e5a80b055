"""Owns the bundle: the one module `main.py` that xlwings Lite runs, made from our own sources.

Lite takes functions and scripts from the module it runs, so both doors (`addin.functions`, `addin.lite`) stand in it as
they are, readable. What they call follows below as packed text: exactly the modules of `workbook` and `addin` that their
imports reach, and an importer that hands them out from memory. The same sources give the same text.
"""

from __future__ import annotations

import ast
import base64
import bz2
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import requires, version
from pathlib import Path

from workbook.errors import PartnerBookError

DOORS = ("addin.functions", "addin.lite")
HOUSES = ("addin", "workbook")
MARK = "# PartnerBook 伙伴簿 · xlwings Lite · main.py"
END = "# SHA-256 of all lines above: "

# What our modules may import besides Python's own, and the distribution that Lite installs for it.
INSTALLED = {"chinese_calendar": "chinesecalendar", "numpy": "numpy", "xlwings": "xlwings"}

_LICENCE = "MIT, Copyright (c) 2026 PartnerBook contributors"
_WIDTH = 120  # characters in a line of packed text


class NotForLite(PartnerBookError):
    """A module that the add-in needs imports something that xlwings Lite cannot have."""

    def __init__(self, wanted: Mapping[str, Sequence[str]]):
        which = "；".join(f"{name}（{'、'.join(where)}）" for name, where in sorted(wanted.items()))
        super().__init__(f"这些模块在 xlwings Lite 里装不上，代码没有打包：{which}。请改用 Pyodide 里有的库。")


@dataclass(frozen=True)
class Module:
    """One module of ours: its dotted name, the path of its file from the house's folder on, and its text."""

    name: str
    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    @property
    def is_package(self) -> bool:
        """Whether it is the `__init__` of a folder."""
        return self.path.endswith("/__init__.py")


def bundle() -> str:
    """The text of `main.py`.

    Raises:
        NotForLite: a module in it imports what Lite cannot have.
    """
    doors, packed = _doors(), _packed()
    sources = {module.path: module.text for module in packed}
    digest = _sources_digest(sources)
    blob = base64.b64encode(_squeezed(sources)).decode("ascii")
    lines = "\n".join(blob[at : at + _WIDTH] for at in range(0, len(blob), _WIDTH))
    text = "\n".join(
        [
            MARK,
            _docstring(digest, len(sources)),
            *_statements(doors, ours=False),
            "\n",
            "\n\n\n".join(_body(door) for door in doors),
            "\n",
            f'_SOURCES = """\n{lines}\n"""',
            "\n",
            _IMPORTER.strip(),
            "",
            *(f"{line}  # noqa: E402" for line in _statements(doors, ours=True)),
        ]
    )
    return f"{text}\n{END}{_digest(text)}\n"


def requirements() -> str:
    """The text of `requirements.txt`: xlwings first, then what the bundled modules import, in the bounds we declare.

    Raises:
        NotForLite: as `bundle`.
    """
    tops = {top for module in (*_doors(), *_packed()) for top in _tops(module)}
    wanted = {INSTALLED[top] for top in tops if top in INSTALLED} - {"xlwings"}
    if "zoneinfo" in tops:
        wanted.add("tzdata")  # a browser has no time zones of its own
    bounds = _declared_bounds()
    # Pyodide ties numpy to its own version: any other bound would stop the installation.
    pins = ["numpy" if name == "numpy" else bounds[name] for name in sorted(wanted)]
    return "\n".join([bounds["xlwings"], *pins]) + "\n"


def is_ours(code: str) -> bool:
    """Whether code is a bundle, whole and as it was made: nothing of a person's own would be lost with it."""
    text = code.replace("\r\n", "\n").rstrip("\n")
    body, _, last = text.rpartition("\n")
    return body.startswith(MARK) and last == f"{END}{_digest(body)}"


def _sources_digest(sources: Mapping[str, str]) -> str:
    """SHA-256 over the paths and texts of packed sources: the same on every machine, however they are compressed."""
    digest = hashlib.sha256()
    for path in sorted(sources):
        content = sources[path].encode()
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _squeezed(sources: Mapping[str, str]) -> bytes:
    """All sources as one JSON text, in bzip2: half of what a zip takes, and no library packs it differently."""
    return bz2.compress(json.dumps(sources, ensure_ascii=False, sort_keys=True).encode())


# --- which modules ---------------------------------------------------------------------------------------------------


def _find(name: str) -> Module | None:
    """The module of that name in our packages; None if the name is something inside a module."""
    house, *rest = name.split(".")
    folder = Path(str(import_module(house).__file__)).parent
    for ending in ("/__init__.py", ".py"):
        path = name.replace(".", "/") + ending
        file = folder.parent / path if rest else folder / "__init__.py"
        if file.is_file() and (rest or ending == "/__init__.py"):
            return Module(name, path, file.read_text(encoding="utf-8"))
    return None


@cache
def _doors() -> tuple[Module, ...]:
    return tuple(door for door in map(_find, DOORS) if door)


@cache
def _packed() -> tuple[Module, ...]:
    """Every module of ours that the doors' imports reach, without the doors themselves; read once in a process."""
    found: dict[str, Module] = {}
    waiting = [name for door in _doors() for name in _imports(door)]
    while waiting:
        name = waiting.pop()
        if name in found or name in DOORS or name.partition(".")[0] not in HOUSES:
            continue
        module = _find(name)
        if module is None:
            continue
        found[name] = module
        waiting += [*_imports(module), name.rpartition(".")[0] or name]
    modules = tuple(found[name] for name in sorted(found))
    _refuse_strangers((*_doors(), *modules))
    return modules


def _imports(module: Module) -> Iterator[str]:
    """Dotted names in a module's imports, wherever they stand; `from a import b` gives a and a.b.

    Imports for type checkers count only in a package, where they tell what its `__getattr__` loads on demand.
    """
    waiting: list[ast.AST] = [module.tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not module.is_package:
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _tops(module: Module) -> set[str]:
    return {name.partition(".")[0] for name in _imports(module)}


def _refuse_strangers(modules: Iterable[Module]) -> None:
    """Refuse what is neither ours, nor Python's, nor known to be had in Lite."""
    known = {*sys.stdlib_module_names, *HOUSES, *INSTALLED}
    strangers: dict[str, list[str]] = {}
    for module in modules:
        for top in sorted(_tops(module) - known):
            strangers.setdefault(top, []).append(module.name)
    if strangers:
        raise NotForLite(strangers)


def _declared_bounds() -> dict[str, str]:
    """Our own declared dependencies by name, without the marker of the extra that asks for them."""
    bounds = [line.partition(";")[0].strip() for line in requires("partnerbook") or ()]
    return {re.split(r"[^A-Za-z0-9._-]", bound, maxsplit=1)[0]: bound for bound in bounds}


# --- what is readable ------------------------------------------------------------------------------------------------


def _docstring(digest: str, count: int) -> str:
    """What App Mode shows above the scripts (it reads Markdown), and who made this file."""
    return f'''"""# 伙伴簿 PartnerBook

选一个操作并运行。结果写在输出窗口，也写在“操作”表的消息格里；取回提交之后请保存工作簿。

Choose an action and run it. What happened is printed, and shown on the sheet 操作; save the workbook after a pull.

*PartnerBook {version("partnerbook")} · {count} modules · SHA-256 {digest} · {_LICENCE}*

*由 partnerbook embed 生成，请不要在这里修改：下一次生成会换掉它。Generated; changes here are replaced.*
"""
'''


def _statements(doors: Iterable[Module], ours: bool) -> list[str]:
    """The doors' top-level imports, merged and sorted: those of our own modules, or the others."""
    plain: set[str] = set()
    froms: dict[str, set[str]] = {}
    for node in (node for door in doors for node in door.tree.body):
        if isinstance(node, ast.Import):
            plain |= {ast.unparse(ast.Import([alias])) for alias in node.names if _is_ours(alias.name) is ours}
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__" and _is_ours(node.module or "") is ours:
            names = froms.setdefault(str(node.module), set())
            names |= {f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in node.names}
    return sorted(plain) + [
        f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(froms.items())
    ]


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in HOUSES


def _body(door: Module) -> str:
    """A door's text from below its docstring, without its top-level imports."""
    lines: list[str | None] = list(door.text.splitlines())
    docstring, *rest = door.tree.body
    gone = [
        (1, docstring.end_lineno),
        *((n.lineno, n.end_lineno) for n in rest if isinstance(n, ast.Import | ast.ImportFrom)),
    ]
    for first, last in gone:
        lines[first - 1 : last] = [None] * (int(last or first) - first + 1)
    text = "\n".join(line for line in lines if line is not None)
    return re.sub(r"\n{4,}", "\n\n\n", text.strip("\n"))


_IMPORTER = '''
import base64 as _base64
import bz2 as _bz2
import importlib.abc as _abc
import importlib.util as _util
import json as _json
import sys as _sys


class _PackedSources(_abc.MetaPathFinder, _abc.ExecutionLoader):
    """Hands out the modules packed above, from memory."""

    def __init__(self, texts):
        self.texts = texts

    def _path(self, name):
        base = name.replace(".", "/")
        return next((path for path in (base + "/__init__.py", base + ".py") if path in self.texts), None)

    def find_spec(self, name, path=None, target=None):
        found = self._path(name)
        return found and _util.spec_from_loader(name, self, origin="packed:" + found, is_package="/__init__" in found)

    def get_filename(self, name):
        return "packed:" + self._path(name)

    def get_source(self, name):
        return self.texts[self._path(name)]


# An earlier run of this file in the same Python may have loaded others of these names.
_sys.meta_path[:] = [finder for finder in _sys.meta_path if type(finder).__name__ != "_PackedSources"]
for _name in [name for name in _sys.modules if name.partition(".")[0] in ("addin", "workbook")]:
    del _sys.modules[_name]
_sys.meta_path.insert(0, _PackedSources(_json.loads(_bz2.decompress(_base64.b64decode(_SOURCES)))))
'''
