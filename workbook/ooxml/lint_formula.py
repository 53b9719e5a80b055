"""Owns looking at formulas as Excel's parser would: strings, brackets, and references into tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_KEYWORDS = {"#all", "#data", "#headers", "#totals", "#this row"}


def unbalanced(formula: str) -> str | None:
    """Why a formula cannot be parsed, or None."""
    if not formula.strip() or formula.strip() == "=":
        return "公式是空的"
    stack: list[str] = []
    at = 0
    while at < len(formula):
        char = formula[at]
        if char == '"':
            end = _string_end(formula, at, '"')
            if end is None:
                return "引号没有配对"
            at = end
            continue
        if char == "'" and (not stack or stack[-1] != "["):
            end = _string_end(formula, at, "'")
            if end is None:
                return "工作表名的引号没有配对"
            at = end
            continue
        if stack and stack[-1] == "[" and char == "'":
            at += 2  # an escaped character of a column name
            continue
        if char in "([{":
            if not (stack and stack[-1] == "[" and char != "["):
                stack.append(char)
        elif char in ")]}":
            if stack and stack[-1] == "[" and char != "]":
                at += 1
                continue
            if not stack or stack.pop() != {")": "(", "]": "[", "}": "{"}[char]:
                return f"“{char}”没有配对"
        at += 1
    if stack:
        return f"“{stack[-1]}”没有配对"
    if re.search(r"[-+*/^&=<>,(]\s*$", formula):
        return "公式没有写完"
    return None


def _string_end(formula: str, start: int, quote: str) -> int | None:
    at = start + 1
    while True:
        at = formula.find(quote, at)
        if at < 0:
            return None
        if formula[at + 1 : at + 2] != quote:
            return at + 1
        at += 2


def without_strings(formula: str) -> str:
    """The formula with the contents of its text constants and quoted sheet names blanked."""
    out = []
    at = depth = 0
    while at < len(formula):
        char = formula[at]
        if char == '"' or (char == "'" and depth == 0):
            end = _string_end(formula, at, char) or len(formula)
            out.append(char + " " * (end - at - 2) + char)
            at = end
            continue
        if depth and char == "'":
            out.append(formula[at : at + 2])
            at += 2
            continue
        depth += (char == "[") - (char == "]")
        out.append(char)
        at += 1
    return "".join(out)


def table_references(formula: str) -> Iterator[tuple[str, str]]:
    """Every (table name, bracket content) outside of text; the name is "" for a bare bracket."""
    text = without_strings(formula)
    at = 0
    while (start := text.find("[", at)) >= 0:
        end, depth = start, 0
        while end < len(text):
            if text[end] == "'":
                end += 2
                continue
            depth += (text[end] == "[") - (text[end] == "]")
            end += 1
            if depth == 0:
                break
        name = re.search(r"([^\W\d][\w.\\?]*)$", text[:start])
        yield (name[1] if name else "", text[start + 1 : end - 1])
        at = end


def reference_fault(name: str, content: str, tables: Mapping[str, set[str]]) -> str | None:
    """What is wrong with one reference into a table, or None. `tables`: names and columns, both casefolded."""
    if not name:
        return None if re.fullmatch(r"\d+|.*\.xl\w+", content.strip(), re.IGNORECASE) else f"[{content}] 缺少表名"
    if content.lstrip().startswith("@"):
        return f"{name}[{content}] 在文件里应写成 {name}[[#This Row],…]"
    columns = tables.get(name.casefold())
    if columns is None:
        return f"没有名为 {name} 的表格"
    for item in _items(content):
        plain = re.sub("'(.)", r"\1", item)
        if item.casefold() in _KEYWORDS or not plain:
            continue
        if plain.casefold().replace("\r\n", "\n") not in columns:
            return f"表格 {name} 没有列“{plain}”"
    if "[" in content and re.search(
        r"(^|[,:])\s*[^\[\s#][^\[\],:]*\s*($|[,:])", re.sub(r"\[(?:'.|[^\]])*\]", "[]", content)
    ):
        return f"{name}[{content}] 里的列名缺少方括号"
    return None


def _items(content: str) -> list[str]:
    if "[" not in content:
        return [content.strip()]
    return [m[1] for m in re.finditer(r"\[((?:'.|[^\]'])*)\]", content)]
