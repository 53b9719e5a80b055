"""Owns the inbox's database: its tables, the engine with the settings that keep receipts safe, and migrations.

SQLite runs in WAL with synchronous=FULL and BEGIN IMMEDIATE: a receipt that was shown survives a power cut, and writers
queue at the beginning of a transaction instead of failing at its end.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from workbook.errors import PartnerBookError

metadata = sa.MetaData()

books = sa.Table(
    "books",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),  # the highest that was ever handed out
    sa.Column("seen_generation", sa.Integer),  # what the file on disk said when it was last read
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("seen_at", sa.DateTime(timezone=True)),
    sa.Column("saved_at", sa.DateTime(timezone=True)),  # the file's own time when it was last read
    sa.Column("profile", sa.Text),
    sa.Column("review", sa.Text),  # JSON: the panels as reviewers' pages need them
    sa.Column("reason", sa.Text),  # why rows wait, in one sentence, or null
    sa.Column("reason_kind", sa.String(10)),  # the same in one word, fit for everybody's eyes
    sa.Column("reason_since", sa.DateTime(timezone=True)),
    sa.Column("next_try", sa.DateTime(timezone=True)),  # when delivery tries again what is in the way now
    sa.Column("path", sa.Text),  # where the file lay when it was last read
    sa.Column("notice", sa.Text),  # something that people should know, such as a restored backup
    sa.Column("lease_owner", sa.String(64)),
    sa.Column("lease_until", sa.DateTime(timezone=True)),
)

submissions = sa.Table(
    "submissions",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
    sa.Column("form", sa.String(40), nullable=False),
    sa.Column("table_name", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # one JSON value
    sa.Column("body_hash", sa.String(64), nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("generation", sa.Integer),
    sa.Column("pull", sa.String(36)),  # while leased to an open copy of the book: the pull that has it
    sa.Column("row_key", sa.String(40)),
    sa.Column("reason", sa.Text),
    sa.Column("next_try", sa.DateTime(timezone=True)),  # of a version that by itself cannot be written
    sa.Column("shown", sa.Text),  # JSON: what staff typed in the columns that the sender may see
    sa.Column("locked", sa.Boolean),  # staff took the matter in hand: the sender corrects no more
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("id", "version", name="uq_submission_version"),
    sa.Index("ix_submissions_state", "book", "state"),
)

jumps = sa.Table(
    "jumps",
    metadata,
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("base", sa.Integer, nullable=False),  # what it was built on, where that is not the one just before it
)

pulls = sa.Table(
    "pulls",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
    sa.Column("base", sa.Integer, nullable=False),  # the generation of the open copy that asked
    sa.Column("generation", sa.Integer),  # what was handed out for it
    sa.Column("state", sa.String(10), nullable=False),  # claimed, numbered, placed or dropped
    sa.Column("token", sa.String(20), nullable=False),  # who asked
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_pulls_book", "book", "state"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("code_hash", sa.String(64), primary_key=True),
    sa.Column("submission", sa.String(36), nullable=False, index=True),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
    sa.Column("panel", sa.String(40), nullable=False),
    sa.Column("reviewer", sa.String(40), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # how many links this reviewer has had; only the last one works
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Index("ix_invitations_reviewer", "book", "panel", "reviewer"),
)

sheets = sa.Table(
    "sheets",
    metadata,
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
    sa.Column("panel", sa.String(40), primary_key=True),
    sa.Column("reviewer", sa.String(40), primary_key=True),
    sa.Column("candidate", sa.String(40), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),  # JSON: the declaration and the marks as typed
    sa.Column(
        "number", sa.Integer, nullable=False
    ),  # rises with each save, so that an old window cannot undo a newer one
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sent_at", sa.DateTime(timezone=True)),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
    sa.Column("key", sa.String(120), nullable=False),  # the matter: one message for each, and for each door
    sa.Column("door", sa.String(80), nullable=False),
    sa.Column("topic", sa.String(20), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),  # waiting, sending, sent or failed
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("again", sa.Boolean, nullable=False),  # an earlier attempt may have arrived
    sa.Column("why", sa.String(80)),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("next_try", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sent_at", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("book", "key", "door", name="uq_outbox_matter"),
)

finance_tokens = sa.Table(
    "finance_tokens",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("scopes", sa.String(40), nullable=False),  # words, a blank between them
    sa.Column("level", sa.String(20), nullable=False),  # the name of the highest data level that it reads
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Column("used_on", sa.Date),
)

finance_failures = sa.Table(
    "finance_failures",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("token_hash", sa.String(64), nullable=False),  # of the id that was tried, whether there is one or not
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_finance_failures_token", "token_hash", "at"),
)

finance_snapshots = sa.Table(
    "finance_snapshots",
    metadata,
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),  # of the file whose lines these are
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("totals", sa.Text, nullable=False),  # JSON by partner, amounts as text
    sa.Column("published", sa.Boolean, nullable=False),  # all its lines are there; nobody reads it before
)

finance_lines = sa.Table(
    "finance_lines",
    metadata,
    sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("first_snapshot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_snapshot", sa.Integer),  # null while the line still stands so
    sa.Column("seq", sa.Integer, nullable=False),  # the number of the key
    sa.Column("body", sa.Text, nullable=False),  # one line as JSON
    sa.Index("ix_finance_lines_place", "book", "seq", "key"),
)

NETWORK_SYSTEMS = frozenset("nfs nfs4 cifs smb3 smbfs 9p afs davfs fuse.sshfs fuse.davfs2 fuse.rclone".split())


class NetworkShare(PartnerBookError):
    """SQLite's locks cannot be trusted across machines, so its file has to lie on a local disk."""

    def __init__(self, path: Path):
        super().__init__(
            f"收件箱数据库不能放在网络共享 {path} 上：那里的文件锁不可靠。请用 --data 指定本机文件夹，或用 --database 指定 PostgreSQL。"
        )


def filesystem_of(path: Path, mounts: str = "/proc/mounts") -> str:
    """The type of the file system that holds a path, or "" where that cannot be told."""
    text = str(path)
    if text.startswith(("\\\\", "//")):
        return "smbfs"
    best, kind = "", ""
    try:
        lines = Path(mounts).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        _, point, system, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = text == point or text.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, system
    return kind


def open_database(url_or_path: str | Path) -> sa.Engine:
    """An engine for an SQLite file (a path) or for a database URL, migrated to the newest shape.

    Raises:
        NetworkShare: the SQLite file would lie on a network share.
    """
    text = str(url_or_path)
    if "://" in text:
        engine = sa.create_engine(
            text.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True, hide_parameters=True
        )
    else:
        path = Path(url_or_path).resolve()
        if filesystem_of(path) in NETWORK_SYSTEMS:
            raise NetworkShare(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, hide_parameters=True)
        _make_durable(engine)
    migrate(engine)
    return engine


def _make_durable(engine: sa.Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def migrate(engine: sa.Engine, to: str = "head") -> None:
    """Bring the database to a revision (`head`, `base` or an id); safe to call at every start."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        if to == "base":
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)


def private_file(path: Path, make: Any) -> bytes:
    """The bytes of a file that only its owner may read, made once; two processes that race get the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(make())
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    return path.read_bytes()
