"""Runs LibreOffice for the tests: a profile of its own per call, and formulas always recalculated on load."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbook.ooxml.package import Package

# LibreOffice shows the stored value of a formula unless it is told to recalculate: 0 is "always".
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="ODFRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
# The book asks for Microsoft YaHei; the free fonts of the same shape stand in for it, also for its Latin letters.
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<match target="pattern"><test name="family"><string>Microsoft YaHei</string></test>
<edit name="family" mode="assign" binding="strong"><string>Noto Sans CJK SC</string></edit></match></fontconfig>
"""


SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's python3-uno belongs to


@contextmanager
def running(profile: Path) -> Iterator[int]:
    """LibreOffice behind a port, for scripts that drive it as a person would; formulas are calculated on load."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
    soffice = shutil.which("soffice")
    assert soffice
    server = subprocess.Popen([
        soffice, "--headless", "--norestore", f"-env:UserInstallation={profile.as_uri()}",
        f"--accept=socket,host=127.0.0.1,port={port};urp;",
    ])  # fmt: skip
    yield port
    subprocess.run(["pkill", "-f", str(profile)], check=False)
    server.wait(timeout=30)


def available() -> bool:
    """Whether LibreOffice is installed."""
    return shutil.which("soffice") is not None


def convert(source: Path, target_format: str, folder: Path, *, timeout: float = 180) -> Path:
    """The file saved by LibreOffice as `pdf`, `xlsx`, `csv` … (a filter may follow a colon) in another folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="office-") as home:
        profile = Path(home) / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        fonts = Path(home) / "fonts.conf"
        fonts.write_text(_FONTS, encoding="utf-8")
        command = [
            "soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore",
            "--convert-to", target_format, "--outdir", str(folder), str(source),
        ]  # fmt: skip
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=timeout,
            check=False,
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
    made = folder / f"{source.stem}.{target_format.split(':')[0]}"
    if not made.exists():
        raise RuntimeError(f"LibreOffice made no {made.name}: {done.stderr.decode('utf-8', 'replace')}")
    return made


def without_print_titles(data: bytes) -> bytes:
    """A book without the rows that repeat on printed pages; the bytes themselves if it has none.

    In LibreOffice they alone cost ten of the eleven seconds that it takes to open a book of ours, and change no value.
    """
    package = Package(data)
    names = package.read("xl/workbook.xml")
    plain = re.sub(rb'<definedName [^>]*"_xlnm.Print_Titles".*?</definedName>', b"", names)
    plain = plain.replace(b"<definedNames></definedNames>", b"")
    return data if plain == names else package.with_changes({"xl/workbook.xml": plain})


def recalculated(source: Path, folder: Path) -> Path:
    """The workbook as LibreOffice saves it after it has calculated every formula anew."""
    if source.parent.resolve() == folder.resolve():
        raise ValueError("LibreOffice would write over its own source")
    with tempfile.TemporaryDirectory(prefix="office-") as home:
        lighter = Path(home) / source.name
        lighter.write_bytes(without_print_titles(source.read_bytes()))
        return convert(lighter, "xlsx", folder)


def pictures(source: Path, folder: Path, *, dpi: int = 100) -> list[Path]:
    """The pages of a workbook or PDF as PNG files, in order."""
    pdf = source if source.suffix == ".pdf" else convert(source, "pdf", folder)
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", str(pdf), str(folder / pdf.stem)], check=True)
    return sorted(folder.glob(f"{pdf.stem}-*.png"))
