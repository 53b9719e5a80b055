"""A walker follows the workbook's links: every page is within two steps of the cover, and the cover of every page."""

from __future__ import annotations

import io
import re
from collections import deque

import openpyxl
import pytest
from openpyxl import Workbook

from workbook.build import new_workbook
from workbook.sample import sample_rows


def links(book: Workbook) -> dict[str, set[str]]:
    """Sheet → the visible sheets that a click on it leads to; a link without a target fails."""
    found: dict[str, set[str]] = {}
    for sheet in book:
        found[sheet.title] = set()
        for row in sheet.iter_rows():
            for cell in row:
                text = cell.value if isinstance(cell.value, str) else ""
                for name in re.findall(r'HYPERLINK\("#(\w+)",', text):
                    assert name in book.defined_names, f"{sheet.title}!{cell.coordinate} leads to {name}"
                    found[sheet.title] |= {title for title, _ in book.defined_names[name].destinations}
                if cell.hyperlink and cell.hyperlink.location:
                    found[sheet.title].add(cell.hyperlink.location.partition("!")[0].strip("'"))
    return found


def steps(graph: dict[str, set[str]], start: str) -> dict[str, int]:
    reached, waiting = {start: 0}, deque([start])
    while waiting:
        at = waiting.popleft()
        for there in graph.get(at, ()):
            if there not in reached:
                reached[there] = reached[at] + 1
                waiting.append(there)
    return reached


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("full", [True, False], ids=["sample", "empty"])
def test_every_sheet_is_within_two_clicks_of_the_cover_and_back(lang: str, full: bool) -> None:
    book = openpyxl.load_workbook(io.BytesIO(new_workbook(lang=lang, rows=sample_rows() if full else None)))
    graph = links(book)
    cover = book.sheetnames[0]
    visible = {sheet.title for sheet in book if sheet.sheet_state == "visible"}
    reached = steps(graph, cover)
    assert {title: reached.get(title) for title in visible if reached.get(title, 9) > 2} == {}
    back = {title: steps(graph, title).get(cover) for title in visible}
    assert {title: n for title, n in back.items() if n is None or n > 2} == {}
    assert len(visible) > 20
