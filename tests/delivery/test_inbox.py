"""What the inbox promises: a receipt that was shown is stored, once, whoever retries and however often."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from forms_server import database
from forms_server.codes import body_hash, plain_code, receipt_code
from forms_server.database import NetworkShare, filesystem_of, migrate, open_database, private_file
from forms_server.house import open_house
from forms_server.inbox import Inbox, Incoming, SubmissionConflict
from forms_server.pulling import Pulls
from forms_server.verifying import verify_receipts
from tests.delivery.conftest import candidate, ids_of
from workbook.build import new_workbook

BOOK = str(uuid.UUID(int=7))


def incoming(number: int = 1, **values: object) -> Incoming:
    return Incoming(str(uuid.UUID(int=number)), "candidate", "candidates", {"legal_name": "甲", **values})


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(open_database(tmp_path / "inbox.sqlite"), BOOK, b"s" * 32)


def test_a_second_post_is_the_same_submission(inbox: Inbox) -> None:
    code = inbox.submit(incoming())
    assert inbox.submit(incoming()) == code
    assert len(inbox.all()) == 1


def test_the_same_submission_fifty_times_at_once_is_one_row_and_one_receipt(inbox: Inbox) -> None:
    with ThreadPoolExecutor(50) as pool:
        codes = set(pool.map(lambda _: inbox.submit(incoming()), range(50)))
    assert len(codes) == 1
    assert len(inbox.all()) == 1


def test_the_same_id_with_another_body_is_a_conflict_and_the_first_stays(inbox: Inbox) -> None:
    inbox.submit(incoming())
    with pytest.raises(SubmissionConflict):
        inbox.submit(incoming(legal_name="乙"))
    assert [row.values for row in inbox.all()] == [{"legal_name": "甲"}]


def test_a_retry_that_uploads_the_same_file_again_is_the_same_submission(inbox: Inbox) -> None:
    file = {"name": "a.pdf", "size": 3, "sha256": "00", "kind": "pdf"}
    code = inbox.submit(incoming(profile_file=[{"id": "x", **file}]))
    assert inbox.submit(incoming(profile_file=[{"id": "y", **file}])) == code
    with pytest.raises(SubmissionConflict):
        inbox.submit(incoming(profile_file=[{"id": "x", **file, "sha256": "01"}]))


def test_a_receipt_has_a_hundred_bits_and_differs_by_secret_and_by_submission() -> None:
    codes = {receipt_code(b"s", str(uuid.UUID(int=n))) for n in range(2000)}
    assert len(codes) == 2000
    assert {len(code) for code in codes} == {24}
    used = set("".join(codes)) - {"-"}
    assert len(used) == 32  # five bits a letter, twenty letters
    assert receipt_code(b"t", str(uuid.UUID(int=1))) != receipt_code(b"s", str(uuid.UUID(int=1)))


def test_a_receipt_is_found_however_people_type_it(inbox: Inbox) -> None:
    code = inbox.submit(incoming())
    for typed in (
        code,
        code.lower(),
        code.replace("-", ""),
        f" {code.replace('-', ' ')} ",
        code.replace("0", "o").replace("1", "l"),
    ):
        found = inbox.receipt(typed)
        assert found is not None
        assert found.submission_id == incoming().id


@pytest.mark.parametrize("code", ["", "7K4M", "x" * 10_000, "7K4M-2QXR-9TBD-H6WN-3FP!", "0" * 20, "％" * 20])
def test_what_was_never_given_finds_nothing(inbox: Inbox, code: str) -> None:
    inbox.submit(incoming())
    assert inbox.receipt(code) is None


def test_receipts_are_stored_hashed(inbox: Inbox, tmp_path: Path) -> None:
    code = inbox.submit(incoming())
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert incoming().id.encode() in stored
    for form in (code, plain_code(code) or "?"):
        assert form.encode() not in stored


def test_two_writers_never_lease_the_same_row(inbox: Inbox) -> None:
    for n in range(60):
        inbox.submit(incoming(n + 1))
    got: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        while rows := inbox.lease(["candidates"], limit=3):
            with lock:
                got.extend(row.id for row in rows)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 60 == len(set(got))


def test_only_one_process_holds_the_lease_and_a_stale_one_gets_no_generation(inbox: Inbox) -> None:
    inbox.submit(incoming())
    assert inbox.take_lease("a", seconds=0)
    assert inbox.take_lease("b")  # a's ran out
    assert not inbox.take_lease("a")
    rows = inbox.lease(["candidates"])
    assert inbox.hand_out_generation([(rows[0], "C-0001")], 0, "a") is None
    assert inbox.hand_out_generation([(rows[0], "C-0001")], 4, "b") == 5


def test_what_is_acknowledged_is_on_disk_when_the_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal, uuid\nfrom pathlib import Path\nfrom forms_server.database import open_database\n"
        "from forms_server.inbox import Inbox, Incoming\n"
        f"box = Inbox(open_database(Path(sys.argv[1])), '{BOOK}', b's' * 32)\n"
        "for n in range(20):\n"
        "    box.submit(Incoming(str(uuid.UUID(int=n)), 'candidate', 'candidates', {'legal_name': 'x'}))\n"
        "    print(n, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "i.sqlite")], capture_output=True, text=True, check=False
    )
    assert done.returncode == -9
    acknowledged = len(done.stdout.split())
    assert acknowledged == 20
    with sqlite3.connect(tmp_path / "i.sqlite") as connection:
        assert connection.execute("select count(*) from submissions").fetchone() == (20,)


def test_sqlite_commits_are_durable_and_wait_for_each_other(inbox: Inbox) -> None:
    with inbox._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_every_migration_goes_up_and_down_and_equals_the_declared_tables(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "i.sqlite")
    inspector = sa.inspect(engine)
    for table in database.metadata.sorted_tables:
        declared = {(c.name, c.nullable) for c in table.columns}
        assert {(c["name"], c["nullable"]) for c in inspector.get_columns(table.name)} == declared
    migrate(engine, "base")
    assert set(sa.inspect(engine).get_table_names()) == {"alembic_version"}
    migrate(engine)
    assert "submissions" in sa.inspect(engine).get_table_names()


def before_pulls(path: Path) -> sa.Engine:
    """A database as revision 0005 left it, with a submission in each state; the file is of generation 0 and empty."""
    path.parent.mkdir(parents=True)
    engine = sa.create_engine(f"sqlite:///{path}")
    migrate(engine, "0005")
    states = {1: ("waiting", None), 2: ("leased", None), 3: ("placed", 1), 4: ("deleted", 1)}
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO books (id, generation) VALUES (:id, 1)"), {"id": BOOK})
        for number, (state, generation) in states.items():
            one = candidate(number)
            row = {
                "id": one.id, "book": BOOK, "body": json.dumps(one.values), "state": state, "generation": generation,
                "body_hash": body_hash(one.form, one.table, one.values), "key": f"C-{number:04d}" if generation else None,
            }  # fmt: skip
            connection.execute(
                sa.text(
                    "INSERT INTO submissions (id, version, book, form, table_name, body, body_hash, received_at, state, "
                    "generation, row_key, changed_at) VALUES (:id, 1, :book, 'candidate', 'candidates', :body, :body_hash, "
                    "'2026-11-01 00:00:00', :state, :generation, :key, '2026-11-01 00:00:00')"
                ),
                row,
            )
    return engine


def test_an_inbox_from_before_pulls_is_brought_up_and_delivers_what_it_holds(tmp_path: Path) -> None:
    before_pulls(tmp_path / "data" / BOOK / "inbox.sqlite").dispose()
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(new_workbook(book_id=BOOK))
    house = open_house(path, tmp_path / "data")
    claim = Pulls(house.inbox).claim(0)
    assert [one.id for one in claim.versions] == [candidate(1).id, candidate(3).id], "2 is still with delivery"
    Pulls(house.inbox).abandon(claim.pull)
    assert house.delivery.run().delivered == 3
    assert sorted(ids_of(path)) == [candidate(number).id for number in (1, 2, 3)]
    assert verify_receipts(house.inbox, path).ok


def go_back(engine: sa.Engine, to: str) -> None:
    """As `migrate`, which goes up only, or all the way down."""
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, to)


def test_going_back_before_pulls_loses_no_row_that_only_an_open_copy_had(tmp_path: Path) -> None:
    """Row 1 went into a copy as generation 1, the file went on from 0 to 2: without that branch it would look deleted."""
    path = tmp_path / "伙伴簿.xlsx"
    path.write_bytes(new_workbook(book_id=BOOK))
    house = open_house(path, tmp_path / "data")
    pulls = Pulls(house.inbox)
    house.inbox.submit(candidate(1))
    claim = pulls.claim(0)
    pulls.hand_out(claim.pull, 0, [(1, "C-0001")])
    house.inbox.submit(candidate(2))
    assert house.delivery.run().delivered == 1
    pulls.placed(claim.pull)
    engine = house.inbox._engine
    go_back(engine, "0005")
    assert not {"pulls", "jumps"} & set(sa.inspect(engine).get_table_names())
    assert "pull" not in {column["name"] for column in sa.inspect(engine).get_columns("submissions")}
    engine.dispose()
    again = open_house(path, tmp_path / "data")
    done = again.delivery.run()
    assert (done.deleted, done.delivered) == ([], 1)
    assert sorted(ids_of(path)) == [candidate(1).id, candidate(2).id]


def test_a_database_on_a_network_share_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nsrv:/x {tmp_path}/share nfs4 rw 0 0\n")
    assert filesystem_of(tmp_path / "share" / "i.sqlite", str(mounts)) == "nfs4"
    assert filesystem_of(tmp_path / "shared.sqlite", str(mounts)) == "ext4"
    monkeypatch.setattr(database, "filesystem_of", lambda _path: "cifs")
    with pytest.raises(NetworkShare, match="网络共享"):
        open_database(tmp_path / "i.sqlite")


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = private_file(tmp_path / "k", lambda: b"1" * 32)
    assert private_file(tmp_path / "k", lambda: b"2" * 32) == first
    assert (tmp_path / "k").stat().st_mode & 0o077 == 0


def test_what_people_wrote_is_not_in_the_message_of_a_database_error(tmp_path: Path) -> None:
    import sqlalchemy as sa

    from forms_server.database import open_database, receipts

    engine = open_database(tmp_path / "inbox.sqlite")
    row = {"code_hash": "只有我知道的内容", "submission": "x"}
    with engine.begin() as connection:
        connection.execute(receipts.insert().values(row))
    with pytest.raises(sa.exc.IntegrityError) as error, engine.begin() as connection:
        connection.execute(receipts.insert().values(row))
    assert "只有我知道的内容" not in str(error.value)
