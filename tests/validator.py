"""Owns the call of the Open XML SDK validator (npm package, native binary), for every test that writes a workbook."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

BINARY = Path(__file__).parent / "validator" / "node_modules" / ".bin" / "ooxml-validator"


def validate(path: Path) -> list[str]:
    """The schema errors of a file as `part: description`, without the paths that a shifted row would change."""
    done = subprocess.run(
        [str(BINARY), str(path)], capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] is (not told["errors"])
    return sorted(f"{error.get('path', '')}: {error['description']}" for error in told["errors"])
