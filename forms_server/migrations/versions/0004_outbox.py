"""Messages that go out: each once for a matter and a door, with its tries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("book", sa.String(36), sa.ForeignKey("books.id"), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("door", sa.String(80), nullable=False),
        sa.Column("topic", sa.String(20), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("why", sa.String(80)),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("next_try", moment, nullable=False),
        sa.Column("sent_at", moment),
        sa.UniqueConstraint("book", "key", "door", name="uq_outbox_matter"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("outbox")
