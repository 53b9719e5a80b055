"""Owns formulas and format codes between Excel's words and those that LibreOffice's interface takes and gives.

The interface speaks English function names with `;` between arguments, `$'Sheet'.A1` for another sheet and `{1;2|3;4}`
for an array; structured references (`tbl[[#This Row];[列]]`) are understood, also after a table grew.
"""

from __future__ import annotations

import re

_STRING = r'"(?:[^"]|"")*"'
_QUOTED = r"'(?:[^']|'')+'"
_BARE = r"[^\s!'\"(),;:=*/+^&<>\[\]{}%.$#-]+"
_CELL = r"\$?[A-Za-z]{1,3}\$?\d{1,7}|\$?[A-Za-z]{1,3}(?=:)|\$?\d{1,7}(?=:)"
_ERROR = r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)"
_TO_CALC = re.compile(
    rf"{_STRING}|{_ERROR}|(?P<sheet>{_QUOTED}|{_BARE})!|(?P<mark>[\[\]{{}},;])|[\w.]+(?P<call>\()?|{_QUOTED}"
)
_TO_EXCEL = re.compile(
    rf"{_STRING}|{_ERROR}|\$?(?P<sheet>{_QUOTED}|{_BARE})\.(?=\$?[A-Za-z]{{1,3}}\$?\d|\$?[A-Za-z]{{1,3}}:|\$?\d+:|#REF!)"
    r"|(?P<mark>[\[\]{},;|])|(?P<logic>TRUE|FALSE)\(\)|[\w.]+"
)
_PLAIN_SHEET = re.compile(r"[^\W\d]\w*")
_SPECIAL = re.compile(r"\[(#[A-Za-z ]+)\]")


def to_calc(formula: str) -> str:
    """An Excel formula with its = as LibreOffice takes it."""
    out, depth, curly, at = [], 0, 0, 0
    for found in _TO_CALC.finditer(formula):
        out.append(formula[at : found.start()])
        at, text = found.end(), found[0]
        if found["sheet"] and not depth:
            text = f"${found['sheet']}."
        elif found["mark"]:
            depth += (text == "[") - (text == "]")
            curly += (text == "{") - (text == "}")
            if text == ",":
                text = ";" if depth <= 1 else ","
            elif text == ";" and curly:
                text = "|"
        elif not depth and text.upper() in ("TRUE", "FALSE"):
            text = f"{text.upper()}()"
        elif not depth and found["call"] and text.lower().startswith(("_xlfn.", "_xlws.")):
            text = (
                text.rpartition(".")[2] if text.count(".") == 1 else text.removeprefix("_xlfn.").removeprefix("_xlws.")
            )
        out.append(text)
    whole = "".join(out) + formula[at:]
    return _SPECIAL.sub(lambda m: m[0] if _inside(whole, m.start()) else f"[[{m[1]}]]", whole)


def _inside(text: str, at: int) -> bool:
    """Whether a bracket stands within another one, or within a text."""
    before = re.sub(_STRING, "", text[:at])
    return before.count("[") > before.count("]") or before.count('"') % 2 == 1


def to_excel(formula: str) -> str:
    """A formula of LibreOffice with its = in Excel's words; a constant stays as it is."""
    if formula in ("=TRUE()", "=FALSE()"):  # how LibreOffice keeps a boolean of an .xlsx
        return formula[1:-2]
    if re.fullmatch(rf"={_ERROR}", formula):
        return formula[1:]
    out, depth, curly, at = [], 0, 0, 0
    for found in _TO_EXCEL.finditer(formula):
        out.append(formula[at : found.start()])
        at, text = found.end(), found[0]
        if found["sheet"] and not depth:
            name = found["sheet"]
            text = f"{name}!" if name.startswith("'") or _PLAIN_SHEET.fullmatch(name) else f"'{name}'!"
        elif found["mark"]:
            depth += (text == "[") - (text == "]")
            curly += (text == "{") - (text == "}")
            text = {";": "," if depth <= 1 else ";", "|": ";" if curly else "|"}.get(text, text)
        elif found["logic"] and not depth:
            text = found["logic"]
        out.append(text)
    return "".join(out) + formula[at:]


_CLOCK = {"H", "HH", "M", "MM", "S", "SS"}
_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|General|BOOLEAN|AM/PM|A/P|.', re.DOTALL | re.IGNORECASE)


def format_to_excel(code: str) -> str:
    """A format code of LibreOffice (English) as Excel writes it: `YYYY-MM-DD` is `yyyy-mm-dd`, `[RED]` is `[Red]`."""
    if code == "BOOLEAN":  # Excel has no such format: a boolean shows as TRUE in any
        return "General"

    def one(found: re.Match[str]) -> str:
        text = found[0]
        if text.startswith("[") and text[1:-1].isalpha():
            return text.lower() if text[1:-1].upper() in _CLOCK else f"[{text[1:-1].capitalize()}]"
        return text.lower() if text in "YMDHS" else text

    return _FORMAT.sub(one, code)
