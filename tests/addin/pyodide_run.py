"""Owns the call of Pyodide under Node: hands over packages of this environment and files, runs a script, reads what it made."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

HERE = Path(__file__).parent / "pyodide"
COMPILED = (".so", ".pyd", ".dll", ".pyc")


@dataclass(frozen=True)
class Run:
    """What a script printed and the files that it left in `out/`."""

    said: str
    files: Mapping[str, bytes]


def run(
    folder: Path,
    script: str,
    packages: Sequence[str],
    files: Mapping[str, bytes],
    trees: Mapping[str, Path] | None = None,
) -> Run:
    """Run a script in a new Pyodide; a script that raises fails the test with its trace.

    `packages` are names of installed distributions; only their Python and data go along, as from a pure wheel. `trees`
    are folders of sources that are laid beside the packages under these names.
    """
    (folder / "packages").mkdir(parents=True)
    for name in packages:
        _pack(name, folder / "packages" / f"{name}.zip")
    for name, tree in (trees or {}).items():
        with zipfile.ZipFile(folder / "packages" / f"{name.replace('/', '.')}.zip", "w") as archive:
            for file in sorted(tree.rglob("*.py")):
                archive.write(file, f"{name}/{file.relative_to(tree).as_posix()}")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "script.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        ["node", str(HERE / "run.mjs"), str(folder)], cwd=HERE, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6000:] + done.stdout[-2000:]
    return Run(done.stdout, {file.name: file.read_bytes() for file in (folder / "out").iterdir()})


def _pack(name: str, target: Path) -> None:
    found = distribution(name)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in found.files or ():
            if ".." not in file.parts and not str(file).endswith(COMPILED):
                archive.write(str(found.locate_file(file)), str(file))
