"""What a pull promises: whatever happens to the open copy, every submission ends up in the file once, or was deleted by a person."""

from __future__ import annotations

import random
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from addin.client import NoAnswer, PullLost
from addin.pulling import sentence
from forms_server import pulling
from forms_server.database import pulls
from forms_server.house import House, open_house
from forms_server.inbox import Incoming, utcnow
from forms_server.pulling import Pulls
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, edit, ids_of, rows_of
from tests.delivery.open_copies import OpenCopy, connected
from tests.forms import scoring
from workbook.build import new_workbook
from workbook.identity import GENERATION, generation_of
from workbook.ooxml import Book
from workbook.submissions import lineage_of


def send(house: House, *numbers: int) -> list[str]:
    for number in numbers:
        house.inbox.submit(candidate(number))
    return [candidate(number).id for number in numbers]


def states(house: House) -> dict[str, int]:
    return {name: count for name, count in house.inbox.state().counts.items() if count}


def test_what_is_pulled_and_saved_is_confirmed_by_the_file(house: House) -> None:
    sent, copy = send(house, *range(1, 11)), OpenCopy(house.path)
    done = copy.pull(connected(house))
    assert done.appended == {"候选提交": 10} and copy.ids() == sent
    assert states(house) == {"placed": 10} and ids_of(house.path) == []
    copy.save()
    assert house.delivery.run().delivered == 0
    assert states(house) == {"confirmed": 10} and ids_of(house.path) == sent
    assert [row["候选编号"] for row in rows_of(house.path)] == [f"C-{n:04d}" for n in range(1, 11)]
    assert verify_receipts(house.inbox, house.path).ok


def test_closed_without_saving_all_ten_come_again(house: House) -> None:
    sent, copy = send(house, *range(1, 11)), OpenCopy(house.path)
    copy.pull(connected(house))
    copy.reopen()
    assert copy.ids() == []
    assert copy.pull(connected(house)).appended == {"候选提交": 10}
    assert copy.ids() == sent
    copy.reopen()
    assert house.delivery.run().delivered == 10, "or delivery brings them, once the book is closed"
    assert ids_of(house.path) == sent


def test_a_second_pull_doubles_nothing_and_says_so(house: House) -> None:
    sent, copy, server = send(house, 1, 2), OpenCopy(house.path), connected(house)
    copy.pull(server)
    again = copy.pull(server)
    assert (again.appended, again.there) == ({}, 0) and "没有新的提交" in sentence(again)
    send(house, 3)
    assert copy.pull(server).appended == {"候选提交": 1}
    assert copy.ids() == [*sent, candidate(3).id]


def test_a_pulled_row_that_staff_deleted_does_not_come_back(house: House) -> None:
    first, second = send(house, 1, 2)
    copy, server = OpenCopy(house.path), connected(house)
    copy.pull(server)
    copy.delete(first)
    house.delivery.idle()
    assert copy.pull(server).appended == {}, "not into the copy in which it was deleted"
    copy.save()
    done = house.delivery.run()
    assert (done.delivered, done.deleted) == (0, ["C-0001"])
    assert ids_of(house.path) == [second]


def test_a_copy_that_is_saved_over_a_newer_file_brings_all_of_it(house: House) -> None:
    """`serve` delivered to the file meanwhile: the copy never saw that, so it gets those rows too."""
    sent = send(house, 1, 2)
    copy, server = OpenCopy(house.path), connected(house)
    assert house.delivery.run().delivered == 2
    sent += send(house, 3)
    done = copy.pull(server)
    assert done.appended == {"候选提交": 3} and done.newer_on_disk and "磁盘上的文件" in sentence(done)
    copy.save()
    house.delivery.run()
    assert ids_of(house.path) == sent and states(house) == {"confirmed": 3}


def test_a_copy_that_was_pulled_before_the_file_moved_on_loses_nothing_when_it_is_saved_over_it(house: House) -> None:
    sent = send(house, 1, 2)
    copy = OpenCopy(house.path)
    copy.pull(connected(house))
    sent += send(house, 3)
    assert house.delivery.run().delivered == 3, "nobody holds the file, so delivery goes on"
    copy.save()
    assert ids_of(house.path) == sent[:2]
    assert house.delivery.run().delivered == 1
    assert ids_of(house.path) == sent and states(house) == {"confirmed": 3}


def test_a_copy_that_is_thrown_away_after_the_file_moved_on_loses_nothing(house: House) -> None:
    """The file's generation, 2, is newer than the pull's, 1, but was built on 0: nobody deleted the first row."""
    sent = send(house, 1)
    numbered(house)
    sent += send(house, 2)
    assert house.delivery.run().delivered == 1, "the second alone: a program is still writing the first"
    assert generation_of(Book.read(house.path.read_bytes())) == 2
    let_the_pulls_run_out(house)
    done = house.delivery.run()
    assert (done.deleted, done.delivered) == ([], 1) and sorted(ids_of(house.path)) == sorted(sent)


def numbered(house: House, base: int = 0, key: str = "C-0001") -> str:
    """A program claimed the oldest row and got a generation for it, and is heard of no more."""
    pulls = Pulls(house.inbox)
    claim = pulls.claim(base)
    pulls.hand_out(claim.pull, base, [(claim.versions[0].seq, key)])
    return claim.pull


def test_a_row_from_a_copy_is_deleted_for_good_like_any_other(house: House) -> None:
    """It came by a copy that was saved over a newer file; deleted afterwards, it stays away."""
    (one,) = send(house, 1)
    copy = OpenCopy(house.path)
    copy.pull(connected(house))
    assert house.delivery.run().delivered == 1
    copy.save()
    house.delivery.run()
    copy.reopen()
    copy.delete(one)
    copy.save()
    assert house.delivery.run().deleted == ["C-0001"]
    assert house.delivery.run().delivered == 0 and ids_of(house.path) == []


@pytest.mark.parametrize("step", ["before writing", "after writing"])
def test_a_stop_while_writing_gives_the_rows_back_and_no_row_twice(house: House, step: str) -> None:
    sent = send(house, 1, 2, 3)

    def stop(name: str) -> None:
        if name == step:
            raise OSError("the program died")

    copy, server = OpenCopy(house.path, stop), connected(house)
    with pytest.raises(OSError, match="the program died"):
        copy.pull(server)
    assert states(house) == {"waiting": 3}
    copy.stop = lambda name: None
    copy.pull(server)
    assert copy.ids() == sent
    copy.save()
    house.delivery.run()
    assert ids_of(house.path) == sent and states(house) == {"confirmed": 3}


@pytest.mark.parametrize("call", ["pulls", "generation", "placed"])
@pytest.mark.parametrize("what", ["request", "answer"])
def test_a_line_that_breaks_once_changes_nothing(house: House, call: str, what: str) -> None:
    sent, broken = send(house, 1, 2), []

    def lose(method: str, url: str) -> str:
        if url.endswith(f"/{call}") and not broken:
            broken.append(url)
            return what
        return ""

    copy = OpenCopy(house.path)
    done = copy.pull(connected(house, lose))
    assert broken and done.appended == {"候选提交": 2} and done.told
    copy.save()
    house.delivery.run()
    assert ids_of(house.path) == sent and states(house) == {"confirmed": 2}


@pytest.mark.parametrize("call", ["pulls", "generation", "placed"])
@pytest.mark.parametrize("what", ["request", "answer"])
@pytest.mark.parametrize("saved", [True, False])
def test_a_line_that_stays_broken_loses_nothing(house: House, call: str, what: str, saved: bool) -> None:
    sent, copy = send(house, 1, 2), OpenCopy(house.path)
    down: list[str] = []

    def lose(method: str, url: str) -> str:
        if url.endswith(f"/{call}"):
            down.append(url)
        return what if down else ""

    if call == "placed":
        done = copy.pull(connected(house, lose))
        assert not done.told and "保存后它会自己认出来" in sentence(done)
    else:
        with pytest.raises(NoAnswer):
            copy.pull(connected(house, lose))
    if saved:
        copy.save()
    else:
        copy.reopen()
    let_the_pulls_run_out(house)
    house.delivery.run()
    assert ids_of(house.path) == sent and states(house) == {"confirmed": 2}


def let_the_pulls_run_out(house: House) -> None:
    with house.inbox.transaction() as connection:
        connection.execute(pulls.update().values(until=utcnow() - timedelta(seconds=1)))


def test_delivery_leaves_alone_what_a_program_is_carrying_until_its_time_is_over(house: House) -> None:
    sent = send(house, 1)
    claim = Pulls(house.inbox).claim(0)
    sent += send(house, 2)
    assert house.delivery.run().delivered == 1 and ids_of(house.path) == sent[1:]
    let_the_pulls_run_out(house)
    assert house.delivery.run().delivered == 1
    assert sorted(ids_of(house.path)) == sorted(sent)
    with pytest.raises(pulling.PullLost):
        Pulls(house.inbox).hand_out(claim.pull, 0, [(claim.versions[0].seq, "C-0001")])


def test_a_pull_that_slept_too_long_writes_nothing(house: House) -> None:
    send(house, 1)

    def stop(name: str) -> None:
        raise AssertionError("it wrote")

    copy = OpenCopy(house.path, stop)

    def sleep(method: str, url: str) -> str:
        if url.endswith("/generation"):
            let_the_pulls_run_out(house)
        return ""

    with pytest.raises(PullLost, match="停得太久"):
        copy.pull(connected(house, sleep))
    assert copy.ids() == []


def test_two_open_copies_each_get_everything_and_the_last_one_saved_has_it_once(house: House) -> None:
    sent, server = send(house, 1, 2), connected(house)
    one, two = OpenCopy(house.path), OpenCopy(house.path)
    one.pull(server)
    two.pull(server)
    sent += send(house, 3)
    two.pull(server)
    assert one.ids() == sent[:2] and two.ids() == sent
    two.save()
    one.save()
    house.delivery.run()
    assert sorted(ids_of(house.path)) == sorted(sent) and states(house) == {"confirmed": 3}


def test_a_door_that_read_its_saved_file_confirms(house: House) -> None:
    sent, copy, server = send(house, 1, 2), OpenCopy(house.path), connected(house)
    copy.pull(server)
    assert server.saved(house.inbox.book_id, 0, sent) == 0, "an older copy cannot have held them"
    assert server.saved(house.inbox.book_id, 1, [*sent, candidate(77).id]) == 2
    assert states(house) == {"confirmed": 2}


def test_a_correction_goes_into_the_open_copy_and_spares_what_staff_typed(house: House) -> None:
    send(house, 1)
    house.delivery.run()
    edit(house.path, lambda sheet: write(sheet, "联系人", "员工改过的联系人"))
    house.inbox.submit(candidate(1, contact="新联系人", phone="13900139000"), 2)
    copy = OpenCopy(house.path)
    done = copy.pull(connected(house))
    assert (done.corrected, done.kept) == (1, ["C-0001 联系人"])
    copy.save()
    house.delivery.run()
    (row,) = rows_of(house.path)
    assert (row["联系人"], str(row["手机"] if "手机" in row else row["联系电话"]), row["版本"]) == (
        "员工改过的联系人",
        "13900139000",
        2,
    )
    assert [
        line["现值"] if "现值" in line else line["新值"]
        for line in rows_of(house.path, "changes")
        if line["列"] == "联系人"
    ] == ["新联系人"]


def write(sheet: Any, header: str, text: str) -> None:
    heads = {cell.value: cell.column for row in sheet.iter_rows(max_row=12) for cell in row if cell.value}
    top = next(cell.row for row in sheet.iter_rows(max_row=12) for cell in row if cell.value == header)
    sheet.cell(top + 1, heads[header]).value = text


def test_another_workbook_gets_nothing(house: House, tmp_path: Any) -> None:
    other = tmp_path / "另一本.xlsx"
    other.write_bytes(new_workbook())
    send(house, 1)
    with pytest.raises(Exception, match="标识不同"):
        OpenCopy(other).pull(connected(house))
    assert states(house) == {"waiting": 1}


def test_a_limit_leaves_the_rest_for_the_next_pull(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addin.pulling.MOST", 2)
    sent, copy, server = send(house, 1, 2, 3), OpenCopy(house.path), connected(house)
    done = copy.pull(server)
    assert done.more == 1 and "还有 1 份没有取完" in sentence(done) and copy.ids() == sent[:2]
    copy.pull(server)
    assert copy.ids() == sent


# --- lineages ---------------------------------------------------------------------------------------------------------


def test_a_lineage_follows_what_each_generation_was_built_on() -> None:
    """By hand: 1 on 0, 2 on 0, 3 on 2, 4 on 1, 5 on 4. So 5 went through 5 4 1 0, and 3 through 3 2 0."""
    jumps = {2: 0, 4: 1}
    through = {at: [g for g in range(7) if g in lineage_of(at, jumps)] for at in (1, 3, 5)}
    assert through == {1: [0, 1], 3: [0, 2, 3], 5: [0, 1, 4, 5]}


def test_a_generation_is_newer_than_that_of_the_copy_even_where_the_inbox_was_lost(house: House) -> None:
    send(house, 1)
    pulls = Pulls(house.inbox)
    claim = pulls.claim(5)
    assert pulls.hand_out(claim.pull, 5, [(1, "C-0001")]) == 6


def test_a_row_of_another_branch_reaches_the_copy_that_never_had_it(house: House) -> None:
    """Generation 1 went to a program that stopped, 2 to this copy on 0: the first row was never here, nobody deleted it."""
    first = send(house, 1)
    numbered(house)
    second = send(house, 2)
    copy, server = OpenCopy(house.path), connected(house)
    copy.pull(server)
    assert copy.ids() == second
    let_the_pulls_run_out(house)
    done = copy.pull(server)
    assert (done.appended, done.deleted) == ({"候选提交": 1}, []) and copy.ids() == second + first


def test_a_row_that_is_there_already_is_told_once_and_not_written_again(house: House) -> None:
    sent, server = send(house, 1), connected(house)
    one, two = OpenCopy(house.path), OpenCopy(house.path)
    one.pull(server)
    two.pull(server)
    done = one.pull(server)
    assert (done.appended, done.there) == ({}, 1) and "先前取回的 1 份已在" in sentence(done)
    assert one.pull(server).there == 0 and one.ids() == sent


def test_a_key_that_staff_typed_longer_than_the_server_keeps_is_in_nobody_s_way(house: House) -> None:
    (sent,), server = send(house, 1), connected(house)
    one, two = OpenCopy(house.path), OpenCopy(house.path)
    one.pull(server)
    book = Book.read(one.data)
    (row,) = book.rows("candidates")
    book.update_rows("candidates", "提交标识", {row.number: {"候选编号": "长" * 41}})
    one.data = book.to_bytes()
    two.pull(server)
    assert one.pull(server).there == 1 and one.ids() == [sent]
    assert house.inbox.all()[0].row_key == "C-0001"


def test_a_row_that_was_deleted_on_disk_goes_into_no_other_copy(house: House) -> None:
    (one,) = send(house, 1)
    older = OpenCopy(house.path)
    house.delivery.run()
    newer = OpenCopy(house.path)
    newer.delete(one)
    newer.save()
    assert house.delivery.run().deleted == ["C-0001"]
    assert older.pull(connected(house)).appended == {} and older.ids() == []
    (two,) = send(house, 2)
    newer.reopen()
    newer.pull(connected(house))
    assert newer.ids() == [two] and "C-0002" in str(Book.read(newer.data).rows("candidates")[0].values), (
        "and its number is given to nobody else"
    )


def test_rows_that_were_saved_without_their_generation_are_not_taken_for_deleted_in_another_copy(house: House) -> None:
    """The program was stopped between the rows and the name: a copy of the same generation, saved later, never had them."""
    sent = send(house, 1)
    other, copy = OpenCopy(house.path), OpenCopy(house.path)

    def stop(step: str) -> None:
        if step == "after writing":
            book = Book.read(copy.data)
            book.set_defined_name(GENERATION, "0")
            copy.data = book.to_bytes()
            raise OSError("the program died")

    copy.stop = stop
    with pytest.raises(OSError, match="the program died"):
        copy.pull(connected(house))
    copy.save()
    house.delivery.run()
    assert states(house) == {"confirmed": 1} and ids_of(house.path) == sent
    other.save()
    done = house.delivery.run()
    assert (done.deleted, done.delivered) == ([], 1) and ids_of(house.path) == sent


def test_a_backup_that_is_put_back_while_a_copy_is_out_costs_no_row(house: House) -> None:
    backup = house.path.read_bytes()
    sent = send(house, 1)
    house.delivery.run()
    copy = OpenCopy(house.path)
    sent += send(house, 2)
    copy.pull(connected(house))
    house.path.write_bytes(backup)
    assert house.delivery.run().delivered == 2, "the backup gets both"
    sent += send(house, 3)
    house.delivery.run()
    copy.save()
    house.delivery.run()
    assert ids_of(house.path) == sent and states(house) == {"confirmed": 3}


def test_a_rebuilt_book_after_pulls_has_every_row_once_and_deletes_none(house: House, tmp_path: Path) -> None:
    """Row 2 was carried into a copy that was thrown away, under a generation that the new file takes over."""
    from forms_server.rebuilding import rebuild

    sent = send(house, 1)
    house.delivery.run()
    copy = OpenCopy(house.path)
    sent += send(house, 2)
    copy.pull(connected(house))
    rebuilt = rebuild(house.inbox, house.path, tmp_path / "新.xlsx").book
    again = open_house(rebuilt, tmp_path / "data")
    done = again.delivery.run()
    assert (done.deleted, done.delivered) == ([], 0) and ids_of(rebuilt) == sent
    assert states(again) == {"confirmed": 2}


# --- who has a row ----------------------------------------------------------------------------------------------------


def test_two_who_ask_at_the_same_moment_never_get_the_same_row(house: House) -> None:
    send(house, *range(1, 21))
    start, got = threading.Barrier(2), []

    def ask() -> None:
        start.wait()
        got.append(Pulls(house.inbox).claim(0, 12))

    both = [threading.Thread(target=ask) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    first, second = sorted(got, key=lambda claim: -len(claim.versions))
    assert [v.seq for v in first.versions] == list(range(1, 13)) and (first.more, first.elsewhere) == (8, 0)
    assert [v.seq for v in second.versions] == list(range(13, 21)) and (second.more, second.elsewhere) == (0, 12)


def test_what_delivery_is_writing_at_this_moment_goes_to_no_copy(house: House) -> None:
    send(house, 1)
    house.inbox.lease(["candidates"])
    claim = Pulls(house.inbox).claim(0)
    assert (claim.versions, claim.elsewhere, claim.more) == ((), 1, 0)


def test_rows_of_reviewers_wait_for_their_panel_here_too(tmp_path: Path) -> None:
    house = scoring.scene(tmp_path, firms=1, people=3).house
    values = {"panel": scoring.PANEL, "candidate": "C-0001", "reviewer": "R-0001", "conflict": "no"}
    house.inbox.submit(Incoming(str(uuid.UUID(int=1)), "declaration", "declarations", values))
    house.inbox.submit(candidate(2))
    claim = Pulls(house.inbox).claim(0)
    assert [v.table for v in claim.versions] == ["candidates"]
    assert (claim.held, claim.more, claim.elsewhere) == (1, 0, 0)
    house.inbox.move(house.inbox.all(tables=["declarations"]), "placed")
    again = Pulls(house.inbox).claim(0)
    assert ([v.table for v in again.versions], again.held) == (["declarations"], 0), (
        "it was in a book before: it is open"
    )


def test_what_a_program_took_since_delivery_looked_stays_with_it(house: House) -> None:
    send(house, 1)
    looked_at = house.inbox.all()
    pulls = Pulls(house.inbox)
    claim = pulls.claim(0)
    house.inbox.move(looked_at, "placed")
    assert pulls.hand_out(claim.pull, 0, [(1, "C-0001")]) == 1


def test_a_program_that_slept_cannot_take_from_delivery_what_it_writes_now(house: House) -> None:
    (one,) = send(house, 1)
    pulls = Pulls(house.inbox)
    pull = pulls.claim(0).pull
    let_the_pulls_run_out(house)
    freed: list[int] = []

    def wake(step: str) -> None:
        if step == "leased":
            freed.append(pulls.abandon(pull))

    house.delivery.step = wake
    assert house.delivery.run().delivered == 1
    assert freed == [0] and ids_of(house.path) == [one]


def test_the_versions_that_a_copy_has_are_not_taken_with_a_correction(house: House) -> None:
    send(house, 1)
    house.delivery.run()
    house.inbox.submit(candidate(1, contact="新"), 2)
    claim = Pulls(house.inbox).claim(1)
    assert [(v.version, v.state) for v in claim.versions] == [(1, "confirmed"), (2, "leased")]


def test_after_three_minutes_of_silence_a_pull_is_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    send(house, 1, 2)
    pulls = Pulls(house.inbox)
    first = pulls.claim(0, 1)
    numbered_late = pulls.claim(0, 1)
    now = utcnow()
    set_the_clock(monkeypatch, now + timedelta(seconds=170))
    assert house.inbox.being_pulled() == {candidate(1).id, candidate(2).id}
    pulls.hand_out(numbered_late.pull, 0, [(2, "C-0002")])
    set_the_clock(monkeypatch, now + timedelta(seconds=185))
    assert house.inbox.being_pulled() == {candidate(2).id}, "a generation gives another three minutes"
    with pytest.raises(pulling.PullLost):
        pulls.hand_out(first.pull, 0, [(1, "C-0001")])
    assert len(pulls.claim(0).versions) == 1


def set_the_clock(monkeypatch: pytest.MonkeyPatch, now: Any) -> None:
    monkeypatch.setattr("forms_server.inbox.utcnow", lambda: now)
    monkeypatch.setattr("forms_server.pulling.utcnow", lambda: now)


def test_a_clock_that_was_ahead_for_a_while_holds_no_row_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = send(house, 1)
    with monkeypatch.context() as wrong:
        set_the_clock(wrong, utcnow() + timedelta(days=365))
        Pulls(house.inbox).claim(0)
    assert house.inbox.being_pulled() == set()
    assert house.delivery.run().delivered == 1 and ids_of(house.path) == [one]


def test_a_server_that_is_started_anew_goes_on_with_a_pull(house: House, tmp_path: Path) -> None:
    send(house, 1)
    pull = Pulls(house.inbox).claim(0).pull
    house.inbox._engine.dispose()
    again = open_house(house.path, tmp_path / "data")
    assert again.delivery.run().delivered == 0
    assert Pulls(again.inbox).hand_out(pull, 0, [(1, "C-0001")]) == 1
    assert Pulls(again.inbox).placed(pull) == 1


# --- what a program may say -------------------------------------------------------------------------------------------


def test_a_generation_is_handed_out_for_the_pull_s_own_rows_and_copy_alone(house: House) -> None:
    send(house, 1, 2)
    pulls = Pulls(house.inbox)
    other, claim = pulls.claim(0, 1), pulls.claim(0, 1)
    mine = (2, "C-0002")
    for base, rows, refused in (
        (1, [mine], []),
        (0, [mine, (1, "C-0001")], []),
        (0, [mine, (77, "C-0077")], []),
        (0, [mine], [(1, "写不进")]),
        (0, [mine], [(77, "写不进")]),
        (0, [mine], [(2, "写不进")]),
    ):
        with pytest.raises(pulling.PullLost):
            pulls.hand_out(claim.pull, base, rows, refused)
    assert house.inbox.state().generation == 0 and {one.generation for one in house.inbox.all()} == {None}
    assert pulls.hand_out(claim.pull, 0, [mine]) == pulls.hand_out(claim.pull, 0, [mine]) == 1
    assert house.inbox.being_pulled() == {candidate(1).id, candidate(2).id} and other.pull != claim.pull


def test_only_what_was_numbered_is_placed_and_the_rest_waits(house: House) -> None:
    send(house, 1, 2)
    pulls = Pulls(house.inbox)
    claim = pulls.claim(0)
    with pytest.raises(pulling.PullLost):
        pulls.placed(claim.pull)
    pulls.hand_out(claim.pull, 0, [(1, "C-0001")])
    assert pulls.placed(claim.pull) == 1 and states(house) == {"placed": 1, "waiting": 1}
    with pytest.raises(pulling.PullLost):
        pulls.hand_out(claim.pull, 0, [(1, "C-0001")])
    assert (pulls.placed(claim.pull), pulls.abandon(claim.pull)) == (0, 0), "said again, it changes nothing"
    assert states(house) == {"placed": 1, "waiting": 1}


def test_a_name_of_a_pull_is_good_for_one_copy_and_one_time(house: House) -> None:
    send(house, 1, 2)
    pulls, name = Pulls(house.inbox), str(uuid.UUID(int=5))
    assert pulls.claim(0, 1, name) == pulls.claim(0, 1, name)
    with pytest.raises(pulling.PullLost):
        pulls.claim(1, 1, name)
    let_the_pulls_run_out(house)
    with pytest.raises(pulling.PullLost):
        pulls.claim(0, 1, name)
    third = str(uuid.UUID(int=7))
    (one,) = pulls.claim(0, 1, third).versions
    pulls.hand_out(third, 0, [(one.seq, "C-0001")])
    with pytest.raises(pulling.PullLost):
        pulls.claim(0, 1, third)
    other = str(uuid.UUID(int=6))
    pulls.claim(0, 1, other)
    pulls.abandon(other)
    with pytest.raises(pulling.PullLost):
        pulls.claim(0, 1, other)


def test_asking_again_survives_that_a_row_was_deleted_meanwhile(house: House) -> None:
    """Its first version was judged by what delivery had read before the pull began."""
    (one,) = send(house, 1)
    house.delivery.run()
    house.inbox.submit(candidate(1, contact="新"), 2)
    looked_at, pulls, name = house.inbox.all("confirmed"), Pulls(house.inbox), str(uuid.UUID(int=5))
    assert [v.id for v in pulls.claim(1, 1, name).versions] == [one, one]
    house.inbox.move(looked_at, "deleted")
    assert pulls.claim(1, 1, name).versions == ()


def test_a_pull_is_none_for_another_book_in_the_same_database(house: House, tmp_path: Path) -> None:
    path = tmp_path / "另一本.xlsx"
    path.write_bytes(new_workbook(book_id=str(uuid.UUID(int=98))))
    other = open_house(path, tmp_path / "other", database=str(house.inbox._engine.url))
    send(house, 1)
    pull = Pulls(house.inbox).claim(0).pull
    theirs = Pulls(other.inbox)
    assert theirs.claim(0).versions == () and other.inbox.being_pulled() == set()
    for call in (
        lambda: theirs.claim(0, 1, pull), lambda: theirs.hand_out(pull, 0, [(1, "C-0001")]),
        lambda: theirs.placed(pull), lambda: theirs.abandon(pull),
    ):  # fmt: skip
        with pytest.raises(pulling.PullLost):
            call()
    assert theirs.saved(9, [candidate(1).id]) == 0
    assert Pulls(house.inbox).hand_out(pull, 0, [(1, "C-0001")]) == 1


def test_what_a_door_says_never_brings_back_a_deleted_row(house: House) -> None:
    (one,) = send(house, 1)
    house.delivery.run()
    copy = OpenCopy(house.path)
    copy.delete(one)
    copy.save()
    house.delivery.run()
    assert Pulls(house.inbox).saved(1, [one]) == 0 and states(house) == {"deleted": 1}


def test_what_a_door_says_of_a_file_elsewhere_is_looked_at_and_put_right(house: House) -> None:
    """Saved under another name: the file of this server never held them."""
    house.delivery.run()
    sent, copy, server = send(house, 1, 2), OpenCopy(house.path), connected(house)
    copy.pull(server)
    assert server.saved(house.inbox.book_id, 1, sent) == 2
    assert not house.delivery.idle()
    assert house.delivery.run().delivered == 2 and ids_of(house.path) == sent
    assert house.delivery.idle()


# --- what a copy cannot take ------------------------------------------------------------------------------------------


def test_a_pull_of_rows_that_fit_in_no_cell_says_so_and_rests(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.inbox.submit(candidate(1, company_type="no such code"))
    copy, server = OpenCopy(house.path), connected(house)
    done = copy.pull(server)
    assert (done.appended, len(done.problems)) == ({}, 1) and "其他提交不受影响" in sentence(done)
    assert states(house) == {"waiting": 1} and copy.ids() == []
    assert copy.pull(server).problems == [], "it is not tried at every turn"
    assert house.delivery.run().deleted == []
    copy.save()
    assert house.delivery.run().deleted == [] and states(house) == {"waiting": 1}
    house.inbox.submit(candidate(1), 2)
    assert copy.pull(server).appended == {"候选提交": 1}, "but its correction is, at once"


def open_without(house: House, header: str) -> OpenCopy:
    """A copy in which somebody renamed a column that rows are found by; the file stays whole."""
    whole = house.path.read_bytes()

    def rename(sheet: Any) -> None:
        cell = next(cell for row in sheet.iter_rows(max_row=12) for cell in row if cell.value == header)
        cell.value = "改了名的列"
        table = sheet.tables["candidates"]
        next(column for column in table.tableColumns if column.name == header).name = "改了名的列"

    edit(house.path, rename)
    copy = OpenCopy(house.path)
    house.path.write_bytes(whole)
    return copy


def test_rows_wait_for_a_table_that_the_copy_lacks(house: House) -> None:
    send(house, 1)
    copy = open_without(house, "提交标识")
    done = copy.pull(connected(house))
    assert done.appended == {} and "提交标识" in sentence(done) and states(house) == {"waiting": 1}


def test_a_correction_waits_for_a_table_that_the_copy_lacks(house: House) -> None:
    """What cannot be looked for is not taken for deleted."""
    send(house, 1)
    house.delivery.run()
    house.inbox.submit(candidate(1, contact="新联系人"), 2)
    copy = open_without(house, "提交标识")
    done = copy.pull(connected(house))
    assert done.deleted == [] and "提交标识" in sentence(done)
    assert states(house) == {"confirmed": 1, "waiting": 1}
    house.delivery.run()
    assert [row["联系人"] for row in rows_of(house.path)] == ["新联系人"]


def test_a_correction_waits_while_its_row_is_doubled(house: House) -> None:
    send(house, 1)
    house.delivery.run()
    edit(house.path, lambda sheet: copy_first_row(sheet))
    house.inbox.submit(candidate(1, contact="新联系人"), 2)
    copy = OpenCopy(house.path)
    done = copy.pull(connected(house))
    assert done.corrected == 0 and "有 2 行" in sentence(done) and states(house) == {"confirmed": 1, "waiting": 1}


def copy_first_row(sheet: Any) -> None:
    """A person copies the only row to the line below it."""
    table = sheet.tables["candidates"]
    left, right = table.ref.split(":")
    top = sheet[left].row
    for cell in sheet[top + 1]:
        sheet.cell(top + 2, cell.column).value = cell.value
    table.ref = f"{left}:{right.rstrip('0123456789')}{top + 2}"
    table.autoFilter.ref = table.ref


def test_a_deletion_is_told_once_and_the_row_keeps_its_number(house: House) -> None:
    (one,) = send(house, 1)
    copy, server = OpenCopy(house.path), connected(house)
    copy.pull(server)
    copy.delete(one)
    house.inbox.submit(candidate(1, contact="新联系人"), 2)
    assert copy.pull(server).deleted == ["C-0001"]
    assert copy.pull(server).deleted == [] and copy.ids() == []
    assert {one.row_key for one in house.inbox.all()} == {"C-0001"}
    copy.save()
    house.delivery.run()
    assert ids_of(house.path) == [] and states(house) == {"deleted": 1}


def test_a_correction_that_another_copy_has_reaches_the_one_with_the_first_version(house: House) -> None:
    send(house, 1)
    server, first, second = connected(house), OpenCopy(house.path), OpenCopy(house.path)
    first.pull(server)
    house.inbox.submit(candidate(1, contact="新联系人"), 2)
    assert second.pull(server).appended == {"候选提交": 1}
    first.save()
    house.delivery.run()
    (row,) = rows_of(house.path)
    assert (row["联系人"], row["版本"]) == ("新联系人", 2)
    second.save()
    house.delivery.run()
    (row,) = rows_of(house.path)
    assert (row["联系人"], row["版本"]) == ("新联系人", 2) and states(house) == {"confirmed": 1}


@pytest.mark.parametrize("seed", range(5))
def test_whatever_order_things_happen_in_every_submission_ends_up_once(house: House, seed: int) -> None:
    """Sent, pulled into two copies, delivered, saved over each other, closed without saving: in any order."""
    chance, number, server = random.Random(seed), 0, connected(house)
    copies = [OpenCopy(house.path), OpenCopy(house.path)]
    sent: list[str] = []
    for _ in range(14):
        copy = chance.choice(copies)
        act = chance.choice(["send", "send", "pull", "pull", "deliver", "save", "reopen", "break"])
        if act == "send":
            number += 1
            sent += send(house, number)
        elif act == "pull":
            copy.pull(server)
        elif act == "deliver":
            house.delivery.run()
        elif act == "save":
            copy.save()
        elif act == "reopen":
            copy.reopen()
        else:
            Pulls(house.inbox).claim(0)
            let_the_pulls_run_out(house)
        assert len(set(ids_of(house.path))) == len(ids_of(house.path)) and len(set(copy.ids())) == len(copy.ids())
    house.delivery.run()
    assert sorted(ids_of(house.path)) == sorted(sent)
    assert states(house) == ({"confirmed": len(sent)} if sent else {})
    assert verify_receipts(house.inbox, house.path).ok


def test_a_book_with_thousands_of_forks_behind_it_is_pulled_into_like_any_other(house: House) -> None:
    """Every second generation went to a copy that was thrown away: the lineage is 3,000 spans long."""
    import sqlalchemy as sa

    from forms_server.database import jumps

    (one,) = send(house, 1)
    house.delivery.run()
    with house.inbox.transaction() as connection:
        rows = [{"book": house.inbox.book_id, "generation": 2 * n + 1, "base": 2 * n - 1} for n in range(1, 3001)]
        connection.execute(jumps.insert(), rows)
        connection.execute(sa.text("UPDATE books SET generation = 6001"))
    other = send(house, 2)
    claim = Pulls(house.inbox).claim(6001)
    assert [version.id for version in claim.versions] == other
    assert len(claim.lineage.spans) == 3001 and 1 in claim.lineage and 2 not in claim.lineage and 6001 in claim.lineage
    with house.inbox.transaction() as connection:
        connection.execute(sa.text("UPDATE submissions SET generation = 2 WHERE seq = 1"))
    let_the_pulls_run_out(house)
    assert {version.id for version in Pulls(house.inbox).claim(6001).versions} == {one, *other}
