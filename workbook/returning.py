"""Owns sending a submission back to its sender (退回补正): the state, and the words that name the fields to put right."""

from __future__ import annotations

from collections.abc import Sequence

from workbook.desk import Desk, Done, NoSuchRow, change_row, must_be_seen, one_row
from workbook.errors import PartnerBookError
from workbook.records import read_if_there
from workbook.rules.states import MACHINES, Machine
from workbook.schema import Table, Text
from workbook.tables import TABLES

RETURNED = "returned"  # the code of the state
REPLY = "reply"  # the column that the sender reads


class CannotReturn(PartnerBookError):
    """A row cannot be sent back, or a named field is none of the form; the sentence says which, and what would do."""


def _returnable() -> dict[type[Table], Machine]:
    """The tables whose submissions can be sent back."""
    return {
        machine.table: machine
        for machine in MACHINES
        if machine.table.sections and RETURNED in machine.choice.options and REPLY in machine.table.columns
    }


def send_back_desk(desk: Desk, key: str, fields: Sequence[str], words: str = "") -> Done:
    """Set the state of a submission's row to 退回补正 and name the fields, by their labels, in the words to the sender.

    What staff wrote to the sender before stays; the new line comes after it.

    Raises:
        NoSuchRow: no submission, or more than one, has this number.
        CannotReturn: its table or its state does not allow it, or a field is unknown; nothing was written.
        StepRefused: the state that stands in the row has to be set right first.
    """
    machine = _machine_of(desk, key.strip())
    record = one_row(desk.book, machine.table, key)
    must_be_seen(desk, record)
    now = str(record[machine.column] or machine.start)
    if now != RETURNED and RETURNED not in machine.steps.get(now, ()):
        raise CannotReturn(
            f"{machine.table.label.zh} {record.key} 现在是“{machine.word(now)}”，不能退回补正，没有改动。"
        )
    reply = _reply(record.text(REPLY), _line(machine.table, fields, words), machine.table, record.key)
    values = {
        name: value for name, value in ((machine.column, RETURNED), (REPLY, reply)) if record[name] != value
    }  # fmt: skip
    named = "、".join(fields) or "见给伙伴的话"
    if not values:
        return Done(record.key, False, [f"✓ {record.key} 已经是退回补正，要补正的（{named}）也已写明，没有改动。"])
    change_row(desk, record, values, f"退回补正：{named}")
    lines = [f"✓ {record.key} 已退回补正：{named}。保存工作簿后，伙伴在回执页上看到这些话，可以直接更正。"]
    return Done(record.key, True, lines)


def _machine_of(desk: Desk, key: str) -> Machine:
    """The states of the table that a number belongs to."""
    can = _returnable()
    table = next((t for t in TABLES if t.key().prefix and t.key().number(key) is not None), None)
    if table in can:
        return can[table]
    if table is None:
        first = next(iter(can))
        raise NoSuchRow(first, key, [record.key for record in read_if_there(desk.book, first) if record.key], [])
    names = "、".join(one.label.zh for one in can)
    raise CannotReturn(f"{key} 在“{table.label.zh}”里，那里没有“退回补正”这个状态，没有改动。可以退回的：{names}。")


def _line(table: type[Table], fields: Sequence[str], words: str) -> str:
    """The line that the sender reads: the fields by their labels, then what staff say."""
    asked = {text.casefold(): column.zh for column in table.asked() for text in column.label}
    unknown = [field for field in fields if field.strip().casefold() not in asked]
    if unknown:
        can = "、".join(column.zh for column in table.asked())
        raise CannotReturn(f"“{table.label.zh}”的表单里没有 {'、'.join(unknown)}，没有改动。可以点名的字段：{can}。")
    named, said = "、".join(asked[field.strip().casefold()] for field in fields), words.strip()
    if not named and not said:
        raise CannotReturn("请写明要补正哪些字段，或给伙伴写一句话，没有改动。")
    return f"请补正：{named}。{said}" if named else said


def _reply(before: str, line: str, table: type[Table], key: str) -> str:
    """The words to the sender with one more line; the same line is not written twice."""
    reply = before if line in before.splitlines() else f"{before}\n{line}".strip()
    column = table.columns[REPLY]
    limit = column.max_length if isinstance(column, Text) else None
    if limit and len(reply) > limit:
        raise CannotReturn(
            f"给 {key} 的话会有 {len(reply)} 个字，最多 {limit} 个，没有改动。请先删去“{column.zh}”里已经办完的话。"
        )
    return reply
