"""Makes the pictures of docs/selection-story.md, and its words, from the book that the selection story leaves.

    uv run --group dev python -m docs.make_story_pictures

The story is played as tests/policy plays it; it begins on the day on which the pictures are made.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from docs.picturing import Shot, take
from tests.policy.selection_story import play
from tests.policy.story_told import FILE, PICTURES, told
from workbook.ooxml import Book

A3, A4 = (90, 36, 27), (120, 44, 36)  # dots per inch, left, top
# picture → its paper, width, height
AREAS = {
    "cover": ((100, 170, 40), 860, 740),
    "requirements": (A3, 1270, 180),
    "signoffs": (A4, 1310, 465),
    "publications": (A4, 1310, 250),
    "candidates": (A3, 1300, 270),
    "panels": (A3, 1430, 200),
    "marks": (A3, 1430, 420),
    "results": (A3, 1430, 425),
    "chart": (A4, 1310, 770),
    "votes": (A4, 1310, 560),
    "minutes": (A3, 1430, 545),
    "diligence": (A4, 1310, 220),
    "contracts": (A3, 1250, 180),
    "clauses": (A3, 1420, 530),
    "onboarding": (A4, 1320, 560),
    "todo": (A3, 1430, 700),
}


def main() -> None:
    """Play the story, write its words and every picture."""
    with tempfile.TemporaryDirectory() as folder:
        book = play(Path(folder))
        FILE.write_text(told(Book.read(book.read_bytes())), encoding="utf-8")
        take(book, shots())


def shots() -> list[Shot]:
    """The pictures in the order of the story, under their numbered names."""
    found = []
    for file, (name, page) in PICTURES.items():
        paper, width, height = AREAS[name]
        found.append(Shot(file, page, *paper, width, height))
    return found


if __name__ == "__main__":
    main()
