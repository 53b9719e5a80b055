"""Owns what makes a workbook one of ours: hidden defined names for its id, its generation and its schema version."""

from __future__ import annotations

import re

from workbook.errors import NotAWorkbook
from workbook.ooxml import Book

BOOK = "_PartnerBook_book"
GENERATION = "_PartnerBook_generation"
SCHEMA = "_PartnerBook_schema"
WAITING = "_PartnerBook_waiting"  # submissions that were still waiting when the book was last written
SCHEMA_VERSION = 1


def book_identity(book: Book) -> str | None:
    """The id that a book got when it was made, or None for a foreign book. Copies and backups share it."""
    found = re.fullmatch(r'"([0-9a-f-]{36})"', book.defined_name(BOOK) or "")
    return found[1] if found else None


def generation_of(book: Book) -> int:
    """How many deliveries the book has lived through; 0 for a book that never had one."""
    text = book.defined_name(GENERATION) or "0"
    return int(text) if text.isdecimal() else 0


def must_be_ours(book: Book, name: str) -> str:
    """The book's id.

    Raises:
        NotAWorkbook: the book was not made by `partnerbook new`.
    """
    if identity := book_identity(book):
        return identity
    raise NotAWorkbook(
        f"{name} 不是伙伴簿的工作簿（缺少标识）。请先用 partnerbook new 建一本；要往任意工作簿里加行，用 partnerbook append。"
    )
