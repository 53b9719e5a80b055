"""Owns the checks of certificates: S6."""

from __future__ import annotations

from collections.abc import Iterator

from workbook.records import Record
from workbook.rules.certificates import OVER, Holders, lines_of, outlook, read_line
from workbook.rules.finding import Check, Finding, Situation, at
from workbook.tables import Candidates, Certificates, Partners

RENEW = "请对方补交换发的新证，在“资质证书”另起一行；不再用的把核实改为“不予采用”。"
MEND = "请写成“名称，编号，2028-03-31”；没有期限的写“长期”。"


def certificates(situation: Situation) -> Iterator[Finding]:
    """S6: a certificate is flagged from the day after its last one; one without a last day, number or holder is told too.

    A newer row of the same certificate settles the older one; so does a company that is out of the running.
    """
    candidates, partners = situation.of(Candidates), situation.of(Partners)
    holders = Holders(candidates, partners)
    for row, place in outlook(candidates, partners, situation.of(Certificates)):
        own, title = place.table is Certificates, row.text("title")
        if row["until"] and row["until"] < situation.today:
            what = f"证书已于 {row['until']} 到期：{title} {row.text('number')}".rstrip()
            yield at(place, "S6-certificate", f"{what}。{RENEW}", "until" if own else "certificates")
        if not row["number"]:
            what, ask = f"证书没有编号，无法到发证机构核实：{title}", "请对照证书填写。" if own else MEND
            yield at(place, "S6-number", f"{what}。{ask}", "number" if own else "certificates")
        if own:
            yield from _by_hand(row, holders)


def _by_hand(row: Record, holders: Holders) -> Iterator[Finding]:
    """What only a row that people typed can lack."""
    title = row.text("title") or row.key
    if not row["until"] and row["term"] != "open" and "until" not in row.problems:
        what = f"证书没有写到哪一天有效，到期不会提醒：{title}"
        yield at(row, "S6-undated", f"{what}。请填有效期至，或把期限写成“长期”。", "until")
    if not holders.of(row):
        yield at(row, "S6-holder", f"看不出这张证书是哪一家的：{title}。请填候选编号或伙伴编号。", "candidate")


def unreadable_lines(situation: Situation) -> Iterator[Finding]:
    """S6: a line from which no row can be made would never be flagged."""
    for record in situation.of(Candidates):
        if record["status"] in OVER:
            continue
        for line in lines_of(record.text("certificates")):
            if read_line(line) is None:
                yield at(
                    record, "S6-undated", f"这一项看不出到哪一天有效，到期不会提醒：{line[:60]}。{MEND}", "certificates"
                )  # fmt: skip


CHECKS: tuple[Check, ...] = (certificates, unreadable_lines)
