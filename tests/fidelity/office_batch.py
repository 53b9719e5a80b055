"""Owns LibreOffice over many books at once: one start of the program saves them all, every formula calculated anew."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.office import _PROFILE

_AT_ONCE = 40


def resaved(books: dict[str, bytes], form: str = "xlsx") -> dict[str, bytes]:
    """Each book as LibreOffice saves it, in that form; a book that it cannot open is missing."""
    with tempfile.TemporaryDirectory(prefix="office-") as home:
        source, target, profile = (Path(home) / name for name in ("in", "out", "profile"))
        for folder in (source, target, profile / "user"):
            folder.mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        files = [source / f"{place}.xlsx" for place in range(len(books))]
        for file, data in zip(files, books.values(), strict=True):
            file.write_bytes(data)
        for start in range(0, len(files), _AT_ONCE):
            command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore"]
            command += ["--convert-to", form, "--outdir", str(target), *map(str, files[start : start + _AT_ONCE])]
            subprocess.run(command, capture_output=True, timeout=600, check=False)
        made = {name: target / f"{file.stem}.{form}" for name, file in zip(books, files, strict=True)}
        return {name: file.read_bytes() for name, file in made.items() if file.exists()}
