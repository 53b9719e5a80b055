"""Owns the command that traces a batch through the workbook (S43). It writes nothing."""

from __future__ import annotations

from pathlib import Path

from workbook.desk import Desk, Done, on_file
from workbook.errors import PartnerBookError
from workbook.rules.tracing import trace
from workbook.tables import Defects, Deliveries


class NoSuchBatch(PartnerBookError):
    """No row names the batch."""

    def __init__(self, batch: str, known: list[str]):
        super().__init__(f"没有哪一行写着批次“{batch}”（现有：{'、'.join(known[:20]) or '无'}）。请核对批次号。")


def trace_batch(path: Path, batch: str) -> Done:
    """Everything that a batch, or a batch of origin, leads to.

    Raises:
        NoSuchBatch: no delivery, sampling or defect names it.
    """

    def work(desk: Desk) -> Done:
        found = trace(desk.situation.records, batch)
        if not found:
            rows = [*desk.situation.of(Deliveries), *desk.situation.of(Defects)]
            raise NoSuchBatch(batch, sorted({row.text("batch") for row in rows if row["batch"]}))
        lines = [f"批次 {batch.strip()}："]
        lines += [f"  {one.table.label.zh} {one.key}  {one.words}（{one.because}）" for one in found]
        return Done(batch, False, lines, {"links": [one.as_data() for one in found]})

    return on_file(path, work, write=False)
