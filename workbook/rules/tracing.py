"""Owns tracing (S43): from a batch to its deliveries, contract, partner, tests, samplings, defects and issues, and back from an origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbook.records import Record
from workbook.schema import Table
from workbook.tables import Contracts, Defects, Deliveries, Issues, Partners, Samplings, Tests

Rows = Mapping[str, Sequence[Record]]


@dataclass(frozen=True)
class Link:
    """A row on the way: its table, key, what it is, and why it belongs."""

    table: type[Table]
    key: str
    words: str
    because: str

    def as_data(self) -> dict[str, Any]:
        """As JSON values."""
        return {"table": self.table.label.zh, "key": self.key, "what": self.words, "because": self.because}


def trace(rows: Rows, batch: str) -> list[Link]:
    """Every row that a batch leads to; a batch of origin leads to each delivery in which a defect came from it."""
    wanted = _folded(batch)
    defects = [row for row in rows[Defects.name] if wanted in (_folded(row["batch"]), _folded(row["origin"]))]
    samplings = {row.key: row for row in rows[Samplings.name]}
    hit = {row.key for row in rows[Samplings.name] if _folded(row["batch"]) == wanted}
    reached = {row.key for row in rows[Deliveries.name] if _folded(row["batch"]) == wanted}
    reached |= {samplings[key].text("delivery") for key in hit}
    for row in defects:
        reached.add(row.text("delivery"))
        if row.text("sampling") in samplings:
            hit.add(row.text("sampling"))
            reached.add(samplings[row.text("sampling")].text("delivery"))
    hit |= {row.key for row in rows[Samplings.name] if row.text("delivery") in reached and row["delivery"]}
    defects += [row for row in rows[Defects.name] if row not in defects and _of(row, reached, hit)]
    return list(_links(rows, reached - {""}, hit, defects))


def _folded(text: Any) -> str:
    return str(text or "").strip().casefold()


def _of(row: Record, deliveries: set[str], samplings: set[str]) -> bool:
    return bool(
        (row["delivery"] and row["delivery"] in deliveries) or (row["sampling"] and row["sampling"] in samplings)
    )


def _links(rows: Rows, deliveries: set[str], samplings: set[str], defects: Sequence[Record]) -> Iterator[Link]:
    found = [row for row in rows[Deliveries.name] if row.key in deliveries]
    partners = {row.text("partner"): row.key for row in found}
    contracts = {row.text("contract"): row.key for row in found}
    for row in found:
        yield Link(Deliveries, row.key, f"{row.text('title')}（批次 {row.text('batch') or '未写'}）", "交付了这一批")
    for row in rows[Contracts.name]:
        if row.key in contracts:
            yield Link(Contracts, row.key, row.text("title"), f"{contracts[row.key]} 的合同")
    for row in rows[Partners.name]:
        if row.key in partners:
            yield Link(Partners, row.key, row.text("legal_name"), f"{partners[row.key]} 的伙伴")
    for row in rows[Tests.name]:
        if row.text("delivery") in deliveries:
            yield Link(Tests, row.key, f"检测 {row['total']}，合格 {row['passed']}", f"检测了 {row['delivery']}")
    for row in rows[Samplings.name]:
        if row.key in samplings:
            yield Link(
                Samplings, row.key, f"批量 {row['lot']}，抽 {row['size']}", f"抽检了 {row['delivery'] or row['batch']}"
            )
    for row in defects:
        origin = f"，来源批次 {row['origin']}" if row["origin"] else ""
        yield Link(
            Defects,
            row.key,
            f"{row.text('what')}{origin}",
            f"发现于 {row['sampling'] or row['delivery'] or row['batch']}",
        )
    issues = {row.text("issue"): row.key for row in defects if row["issue"]}
    for row in rows[Issues.name]:
        if row.key in issues:
            yield Link(Issues, row.key, row.text("title"), f"由 {issues[row.key]} 引出")
