"""What a pull promises: whatever happens to the open copy, every submission ends up in the file once, or was deleted by a person."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from addin.client import NoAnswer, PullLost
from addin.pulling import sentence
from forms_server import pulling
from forms_server.database import pulls
from forms_server.house import House
from forms_server.inbox import utcnow
from forms_server.pulling import Pulls
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, edit, ids_of, rows_of
from tests.delivery.open_copies import OpenCopy, connected


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
    """The generation of the file is newer than the pull's: that must not look as if a person had deleted the rows."""
    copy, server = OpenCopy(house.path), connected(house)
    pulled = send(house, 1)
    pull = Pulls(house.inbox, "t").claim(0)
    Pulls(house.inbox).hand_out(pull.pull, 0, [(pull.versions[0].seq, "C-0001")])
    Pulls(house.inbox).placed(pull.pull)
    other = send(house, 2)
    with (
        house.inbox.transaction() as connection
    ):  # a delivery of the second alone, as if the first had not been waiting
        connection.execute(sa.text("UPDATE submissions SET state = 'leased', pull = NULL WHERE seq = 1"))
    del copy, server
    done = house.delivery.run()
    assert done.deleted == [] and sorted(ids_of(house.path)) == sorted(pulled + other)


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
    from workbook.build import new_workbook

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
