"""Owns the row of 定向邀请 that an answer came by (S12): 已提交, and the candidate that it became."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from workbook.errors import PartnerBookError
from workbook.ooxml import Book
from workbook.records import read_records
from workbook.rows import language, need, to_cell
from workbook.rules.requirements import single
from workbook.tables import Invitations

log = logging.getLogger("partnerbook.delivery")

CARRIED = "invitation"  # the name in a submission's body; no column of 候选提交


def note_answers(book: Book, answers: Sequence[tuple[Mapping[str, Any], str]]) -> None:
    """Write 已提交 and the candidate's key beside each invitation that was answered: values of a submission, and its key.

    A candidate that staff wrote there stays. Without the table, the candidates' rows are written all the same.
    """
    came = {str(values[CARRIED]): key for values, key in answers if CARRIED in values}
    if not came:
        return
    try:
        view = book.table(Invitations.name)
        where = need(Invitations, view.columns, ["status", "candidate"], view.sheet)
        status = to_cell(Invitations.columns["status"], "submitted", language(Invitations, view.columns))
        open_rows = [r for r in single(read_records(book, Invitations)) if r.key in came and not r["candidate"]]
        changes = {
            r.number: {where["candidate"]: came[r.key], **({where["status"]: status} if r["status"] in (None, "sent") else {})}
            for r in open_rows
        }  # fmt: skip
        if changes:
            book.update_rows(Invitations.name, where["invitation"], changes)
    except PartnerBookError as error:
        log.warning("the invitations were not brought up to date: %s", error)
