"""Owns what LibreOffice gets wrong in a saved .xlsx.

Hidden names come out shown, a table's filter covers its totals row, and without a window the first sheet is the active one.
"""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from workbook.ooxml.refs import Area

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_BOOK = "xl/workbook.xml"
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")  # LibreOffice numbers them in the order of the tabs
_NAME = re.compile(rb"<definedName\b[^>]*>")
_TABLE = re.compile(rb"<table\b[^>]*>")


def hidden_names(path: str) -> frozenset[str]:
    """The hidden names of a workbook file, in small letters; none if the file does not say."""
    try:
        with zipfile.ZipFile(path) as package:
            tree = ElementTree.fromstring(package.read(_BOOK))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return frozenset()
    names = tree.iter(f"{_MAIN}definedName")
    return frozenset(n.get("name", "").casefold() for n in names if n.get("hidden") in ("1", "true"))


def put_right(path: Path, hidden: frozenset[str], active: int) -> None:
    """Hides the names again, takes totals rows out of filters, and shows the active sheet (from 0), in the file."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(path) as package, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as better:
            for item in package.infolist():
                data = package.read(item)
                if item.filename == _BOOK:
                    data = _NAME.sub(lambda m: _hidden(m[0], hidden), data)
                    data = re.sub(rb'\bactiveTab="\d+"', b'activeTab="%d"' % active, data)
                elif sheet := _SHEET.fullmatch(item.filename):
                    # Two selected sheets would be a group in Excel: what one types goes into both.
                    chosen = b"true" if int(sheet[1]) == active + 1 else b"false"
                    data = re.sub(rb'\btabSelected="[^"]*"', b'tabSelected="%s"' % chosen, data, count=1)
                elif item.filename.startswith("xl/tables/"):
                    data = _without_totals(data)
                better.writestr(item, data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _hidden(tag: bytes, hidden: frozenset[str]) -> bytes:
    name = re.search(rb'\bname="([^"]*)"', tag)
    if name is None or name[1].decode().casefold() not in hidden:
        return tag
    return re.sub(rb'\bhidden="[^"]*"', b'hidden="1"', tag) if b" hidden=" in tag else tag[:-1] + b' hidden="1">'


def _without_totals(data: bytes) -> bytes:
    table = _TABLE.search(data)
    if table is None or b'totalsRowCount="1"' not in table[0]:
        return data
    whole = re.search(rb'\bref="([^"]*)"', table[0])
    if whole is None:
        return data
    area = Area.parse(whole[1].decode())
    less = Area(area.left, area.top, area.right, area.bottom - 1).full.encode()
    return re.sub(rb'(<autoFilter\b[^>]*\bref=")[^"]*', lambda m: m[1] + less, data)
