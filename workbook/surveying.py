"""Owns writing 满意度分析: the results of every closed survey, by key (S28)."""

from __future__ import annotations

from typing import Any

from workbook.errors import MissingTable
from workbook.ooxml import Book
from workbook.records import read_if_there, read_records
from workbook.rules.surveys import (
    as_values,
    both_kinds,
    comparable,
    counted,
    finished,
    known_groups,
    known_means,
    least_answers,
    results,
)
from workbook.tables import (
    AnonymousAnswers,
    Campaigns,
    Partners,
    Satisfaction,
    Settings,
    SurveyInvitations,
    SurveyResults,
)
from workbook.writing import upsert_rows

ALL_PARTNERS = "全部伙伴"


def write_surveys(book: Book) -> None:
    """Write them into a book in memory; a book without these tables goes without. A survey that runs has no results."""
    try:
        book.table(SurveyResults.name)
    except MissingTable:
        return
    records = {
        table.name: read_if_there(book, table)
        for table in (Campaigns, Satisfaction, AnonymousAnswers, SurveyInvitations)
    }
    closed = finished(records)
    if not closed:
        return
    least = least_answers({row.key: row.text("value") for row in read_if_there(book, Settings)})
    names = {row.key: row.text("legal_name") for row in read_if_there(book, Partners)}
    for campaign in closed:
        rows: list[dict[str, Any]] = []
        shown = read_records(book, SurveyResults)  # again: the survey before it was written just now
        last = comparable(campaign, closed)
        listed = {row.text("partner") for row in records[SurveyInvitations.name] if row["campaign"] == campaign.key}
        found = results(
            counted(both_kinds(records, campaign)), known_groups(shown, campaign.key),
            known_means(shown, last.key) if last else {}, {key for key in listed if key}, least,
        )  # fmt: skip
        if not any(result.place.partner for result in found):
            continue  # nobody was asked and nobody answered
        for result in found:
            name = names.get(result.place.partner, "") if result.place.partner else ALL_PARTNERS
            rows.append(as_values(result, campaign.key, name, least))
        upsert_rows(book, SurveyResults, rows)
