"""Owns how a page of a workbook becomes a picture: LibreOffice prints it, poppler cuts out the part that is shown.

What is shown is the upper left part of the first sheet of paper of a page, at a size at which its text can be read.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.office import convert

FOLDER = Path(__file__).parent / "pictures"


class Shot(NamedTuple):
    """A picture: its file's name, the page, dots per inch, and the area in dots."""

    name: str
    page: str
    dpi: int
    left: int
    top: int
    width: int
    height: int


def take(book: Path, shots: Iterable[Shot]) -> None:
    """Write the pictures of a workbook into docs/pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pdf = convert(book, "pdf", Path(folder))
        for shot in shots:
            number = str(_page_number(pdf, shot.page))
            area = ["-x", str(shot.left), "-y", str(shot.top), "-W", str(shot.width), "-H", str(shot.height)]
            command = ["pdftoppm", "-png", "-singlefile", "-r", str(shot.dpi), "-f", number, "-l", number]
            subprocess.run([*command, *area, str(pdf), str(FOLDER / shot.name)], check=True)


def _page_number(pdf: Path, page: str) -> int:
    """The first sheet of paper whose footer names the page."""
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True)
    sheets = done.stdout.decode("utf-8").split("\f")
    return next(n for n, text in enumerate(sheets, start=1) if f"伙伴簿 · {page} " in text)
