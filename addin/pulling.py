"""Owns carrying submissions into a copy of the book that is open: asked for, placed in memory, numbered, written, told.

The order decides: rows are worked out before the server hands out a generation, they are written before the generation's
name, and the server hears of it last. A stop anywhere leaves rows that wait in the inbox, and never a row twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from addin.live import LiveBook
from addin.progress import Progress, quiet
from workbook.errors import PartnerBookError
from workbook.identity import GENERATION, WAITING, generation_of, must_be_ours
from workbook.placing import Placement, Placer
from workbook.profile import profile_of
from workbook.submissions import Lineage, Seen, Standing, Stored, by_submission, find_submissions, standing
from workbook.tables import BY_NAME

STEPS = 4
MOST = 1000  # submissions in one pull
LONGEST_KEY = 40  # of a key that the server keeps; staff may have typed a longer one


class Server(Protocol):
    """What a pull asks of the server; `addin.client.Client` is one."""

    def claim(self, book: str, generation: int, limit: int = ...) -> dict[str, Any]:
        """Lease what the copy lacks."""

    def hand_out(
        self, pull: str, generation: int, rows: Sequence[tuple[int, str]], refused: Sequence[tuple[int, str]]
    ) -> int:
        """The generation under which the rows are about to be written."""

    def placed(self, pull: str) -> None:
        """They stand in the copy."""

    def abandon(self, pull: str, reason: str = ...) -> None:
        """Nothing was written."""


@dataclass
class Pulled:
    """What a pull did: rows by table, corrections, and what is to be told beside it."""

    appended: dict[str, int] = field(default_factory=dict)  # by the table's label
    corrected: int = 0
    kept: list[str] = field(default_factory=list)  # cells in which staff's text stays
    there: int = 0  # already in the open book, from an earlier pull
    deleted: list[str] = field(default_factory=list)  # rows that staff took out of this copy
    problems: list[str] = field(default_factory=list)
    held: int = 0
    elsewhere: int = 0
    more: int = 0
    newer_on_disk: bool = False
    filtered: tuple[str, ...] = ()
    told: bool = True  # the server knows that the rows stand in the copy

    @property
    def written(self) -> bool:
        """Whether the copy changed."""
        return bool(self.appended or self.corrected)


def carry(read: Callable[[], LiveBook], name: str, server: Server, progress: Progress = quiet) -> Pulled:
    """Pull into the copy that `read` gives anew each time it is called; `name` is the file's, for sentences.

    Raises:
        NotAWorkbook: it is none of ours.
        PartnerBookError: of the server, or of writing; what was claimed waits again.
    """
    copy = read()
    identity, generation = must_be_ours(copy, name), generation_of(copy)
    progress(0, STEPS, "向服务器询问新的提交")
    claim = server.claim(identity, generation, MOST)
    try:
        return _place(read, copy, generation, claim, server, progress)
    except Exception as error:
        _give_up(server, str(claim["pull"]), str(error))
        raise


def _give_up(server: Server, pull: str, why: str) -> None:
    """Tell the server at once; if that fails too, the lease runs out by itself."""
    try:
        server.abandon(pull, why[:500])
    except PartnerBookError:
        return


def _place(
    read: Callable[[], LiveBook],
    copy: LiveBook,
    generation: int,
    claim: Mapping[str, Any],
    server: Server,
    progress: Progress,
) -> Pulled:
    pull = str(claim["pull"])
    seen = replace(find_submissions(copy, {}), lineage=Lineage(tuple((low, high) for low, high in claim["lineage"])))
    standings = [standing(versions, seen) for versions in by_submission(map(_stored, claim["submissions"])).values()]
    done = Pulled(
        held=claim["held"], elsewhere=claim["elsewhere"], more=claim["more"],
        newer_on_disk=(claim["generation_on_disk"] or 0) > generation,
    )  # fmt: skip
    if not standings:
        server.abandon(pull, "")
        return done
    progress(1, STEPS, f"整理 {len(standings)} 份提交")
    copy, placement = _placed_in_memory(read, copy, seen, standings, claim, done)
    rows, refused = _numbered([one for one in standings if one.table not in seen.problems], placement, done)
    _count(placement, done)
    if not rows and not refused:
        server.abandon(pull, " ".join(done.problems))
        return done
    fresh = server.hand_out(pull, generation, rows, refused)
    progress(2, STEPS, "写入工作簿")
    waiting = done.held + done.elsewhere + done.more + len(refused)
    copy.set_defined_name(WAITING, str(waiting))
    copy.set_defined_name(GENERATION, str(fresh))
    done.filtered = copy.filtered
    copy.write_all(progress)
    progress(3, STEPS, "告诉服务器")
    try:
        server.placed(pull)
    except PartnerBookError:  # the rows stand in the copy: the server finds out when it reads the saved file
        done.told = False
    progress(STEPS, STEPS, "完成")
    return done


def _placed_in_memory(
    read: Callable[[], LiveBook],
    copy: LiveBook,
    seen: Seen,
    standings: Sequence[Standing],
    claim: Mapping[str, Any],
    done: Pulled,
) -> tuple[LiveBook, Placement]:
    """The copy with what it can take. What is in the way of a whole table is told; its rows wait."""
    for table in sorted({one.table for one in standings} & set(seen.problems)):
        done.problems.append(seen.problems[table])
    going = [one for one in standings if one.pending and one.table not in seen.problems and len(one.rows) < 2]
    done.problems += [
        f"{BY_NAME[one.table].label.zh} {one.name} 有 {len(one.rows)} 行，伙伴的更正不知道写进哪一行，先等着。请只留一行。"
        for one in standings
        if one.pending and len(one.rows) > 1
    ]
    copies = [copy]  # the first reading serves the first attempt
    placer = Placer(
        lambda: copies.pop() if copies else read(),
        seen,
        profile_of(copy),
        lambda table: int(claim["numbers"].get(table.name, 0)),
    )
    return placer.place(going)


def _numbered(
    standings: Sequence[Standing], placement: Placement, done: Pulled
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The versions that this copy now holds, with the keys of their rows, and those that cannot stand in a row.

    Of `standings` whose tables the copy has: what cannot be looked for is not taken for deleted.
    """
    rows = [(version.seq, key) for version, key in placement.placed]
    for one in standings:
        lacking = [v for v in one.versions if v.state == "leased"]
        if one.deleted:
            done.deleted.append(one.name)
            rows += [(v.seq, "") for v in lacking]
        elif one.rows and not one.pending:
            done.there += 1
            key = one.rows[0].key
            rows += [(v.seq, key if len(key) <= LONGEST_KEY else "") for v in lacking]
    known = {seq for seq, _ in rows}
    refused = [(v.seq, why) for one, why in placement.refused for v in one.pending if v.seq not in known]
    return rows, refused


def _count(placement: Placement, done: Pulled) -> None:
    for one, _ in placement.appended:
        label = BY_NAME[one.table].label.zh
        done.appended[label] = done.appended.get(label, 0) + 1
    done.corrected = len(placement.corrected)
    done.kept = [f"{one.standing.name} {cell.column.zh}" for one in placement.corrected for cell in one.kept]
    done.problems += [why for _, why in (*placement.refused, *placement.put_off) if why not in done.problems]


def _stored(row: Mapping[str, Any]) -> Stored:
    return Stored(
        seq=row["seq"], id=row["id"], version=row["version"], table=row["table"], values=dict(row["values"]),
        received_at=datetime.fromisoformat(row["received_at"]), state=row["state"], generation=row["generation"],
        row_key=row["row_key"],
    )  # fmt: skip


def sentence(done: Pulled) -> str:
    """What a pull did and what to do next, for the person who pressed the button."""
    told = []
    if done.written:
        parts = [f"{label} {count} 份" for label, count in done.appended.items()]
        parts += [f"更正 {done.corrected} 行"] if done.corrected else []
        told.append(
            f"✓ 取回 {sum(done.appended.values()) + done.corrected} 份提交：{'、'.join(parts)}。请保存工作簿；不保存就关闭也不会丢，下次会再取回。"
        )
    elif done.there:
        told.append(f"✓ 没有新的提交。先前取回的 {done.there} 份已在这本打开的工作簿里，请保存。")
    else:
        told.append("✓ 没有新的提交。")
    if done.written and done.there:
        told.append(f"另有 {done.there} 份先前已取回，没有重复写。")
    if done.kept:
        told.append(f"员工改过的格子保留员工的内容：{'、'.join(done.kept)}（见变更记录）。")
    if done.deleted:
        told.append(f"这本工作簿里被删除的行不会再写：{'、'.join(done.deleted)}。")
    if done.filtered:
        told.append(f"正在筛选的表：{'、'.join(done.filtered)}。新行写在末尾，可能被筛选隐藏；清除筛选就能看到。")
    if done.newer_on_disk:
        told.append(
            "磁盘上的文件比打开的这一本新：里面的提交也一并取回了，但别人在那之后改的内容只在磁盘上。请先另存，再打开磁盘上的文件核对。"
        )
    if done.held:
        told.append(f"{done.held} 条评分等评审会交齐或截止后才能取回。")
    if done.elsewhere:
        told.append(f"{done.elsewhere} 份正在由别处写入，请稍后再取一次。")
    if done.more:
        told.append(f"还有 {done.more} 份没有取完，请再取一次。")
    if not done.told:
        told.append("服务器暂时没有应答，不影响已写入的行；保存后它会自己认出来。")
    return " ".join([*told, *done.problems])
